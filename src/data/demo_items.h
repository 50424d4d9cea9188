/* demo_items.h - the shelves of the demo shop: what is sold, how it is called, what belongs
 * together. */
#ifndef PAL_DATA_DEMO_ITEMS_H
#define PAL_DATA_DEMO_ITEMS_H

#include <stdbool.h>

#include "data/catalog.h"

enum { PAL_DEMO_DIMS = 8, PAL_DEMO_ID_MAX = 16, PAL_DEMO_PACK = 16 };

typedef struct {
    const char *name, *use; /* "cameras"; "for trips that should be remembered" */
    double price;           /* of a usual item */
    double share;           /* of the shop's lines, relative to other categories */
    double season;          /* logarithm of how far its appeal rises in the peak */
    int32_t peak_day;       /* day of the year */
    bool is_consumable;     /* bought again */
    bool is_series;         /* a line is a series of volumes, else a product and its extras */
    int32_t line_length;    /* items that belong together */
    const char *nouns[8];   /* products; none for series */
    const char *extras[4];  /* what belongs to a product; none where lines have one item */
} pal_demo_category;

typedef struct { /* what sort of shop it is */
    int32_t n_categories;
    const pal_demo_category *categories; /* [n_categories] */
    const char *id_prefix;               /* "sku-" */
} pal_demo_shop;
extern const pal_demo_shop pal_demo_goods;  /* the demo's own */
extern const pal_demo_shop pal_demo_cinema; /* its second domain (demo_second.c) */

typedef struct {
    int32_t category;
    int32_t first;       /* the item its line starts with */
    int32_t place;       /* how many items after that one it stands */
    int32_t brand, noun; /* shared by the line */
    int32_t words[2];    /* what its vector says most strongly: 2 * dimension + (1: negative) */
    float price;
} pal_demo_item;

typedef struct {
    const pal_demo_shop *shop;
    int32_t n_items;
    int32_t stride;             /* n_items rounded up to a multiple of PAL_DEMO_PACK */
    const pal_demo_item *items; /* [n_items] */
    const float *vectors;       /* [PAL_DEMO_DIMS, stride] what items are like; zero past n_items */
    const float *centers;       /* [n_categories, PAL_DEMO_DIMS] */
} pal_demo_shelves;             /* arrays live in the arena given */

pal_status pal_demo_shelves_make(pal_ctx *ctx, const pal_demo_shop *shop, uint64_t seed,
                                 int32_t n_items, pal_arena *arena, pal_demo_shelves *out);

/* "sku-0001" for row 0. */
void pal_demo_write_id(const char *prefix, int32_t row, char id[PAL_DEMO_ID_MAX]);

/* Columns title, category, brand, price, description, in the order of the items. */
pal_status pal_demo_catalog_make(pal_ctx *ctx, const pal_demo_shelves *shelves, pal_catalog *out);

#endif
