/* demo_items.c - categories, lines of products and the words for them.
 *
 * An item's vector is its category's center, plus what its line has of its own, plus a little of
 * itself. Dimension 0 is how dear it is for its category; every dimension has a word for either
 * end, so that texts tell what vectors say. */
#include "data/demo_items.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/ctx.h"
#include "base/rng.h"
#include "base/text.h"

enum { DEMO_BRANDS = 24, DEMO_NOUNS = 8, DEMO_EXTRAS = 4, DEMO_TITLES = 20, DEMO_COLUMNS = 5 };

static const double demo_line_spread = 0.75, demo_item_spread = 0.3, demo_brand_spread = 0.35;

static const pal_demo_category demo_goods_categories[] = {
    {.name = "coffee and tea",
     .use = "for slow mornings",
     .price = 11,
     .share = 1,
     .season = 0.2,
     .peak_day = 15,
     .is_consumable = true,
     .line_length = 1,
     .nouns = {"Espresso Beans", "Filter Coffee", "Green Tea", "Black Tea", "Herbal Infusion",
               "Cold Brew", "Drip Bags", "Chai Blend"}},
    {.name = "skin care",
     .use = "for calm skin",
     .price = 18,
     .share = 0.8,
     .season = 0.2,
     .peak_day = 190,
     .is_consumable = true,
     .line_length = 1,
     .nouns = {"Face Cream", "Hand Balm", "Cleansing Oil", "Sun Lotion", "Night Serum", "Clay Mask",
               "Body Milk", "Lip Butter"}},
    {.name = "pet food",
     .use = "for animals with an opinion",
     .price = 24,
     .share = 0.7,
     .is_consumable = true,
     .line_length = 1,
     .nouns = {"Dry Food for Cats", "Wet Food for Cats", "Dry Food for Dogs", "Chew Sticks",
               "Training Treats", "Seed Mix", "Hay Pellets", "Fish Flakes"}},
    {.name = "novels",
     .use = "for long evenings",
     .price = 14,
     .share = 0.5,
     .season = 0.4,
     .peak_day = 350,
     .is_series = true,
     .line_length = 4},
    {.name = "comics",
     .use = "for reading twice",
     .price = 12,
     .share = 0.4,
     .season = 0.2,
     .peak_day = 200,
     .is_series = true,
     .line_length = 5},
    {.name = "board games",
     .use = "for four around a table",
     .price = 38,
     .share = 0.4,
     .season = 0.7,
     .peak_day = 350,
     .line_length = 3,
     .nouns = {"Trading Game", "Island Game", "Railway Game", "Castle Game", "Word Game",
               "Farming Game", "Detective Game", "Dice Game"},
     .extras = {"Expansion", "Fifth Player Set", "Wooden Pieces", "Card Sleeves"}},
    {.name = "cameras",
     .use = "for trips that should be remembered",
     .price = 420,
     .share = 0.3,
     .season = 0.3,
     .peak_day = 170,
     .line_length = 4,
     .nouns = {"Compact Camera", "Travel Camera", "Film Camera", "Action Camera",
               "Mirrorless Camera", "Instant Camera", "Field Camera", "Underwater Camera"},
     .extras = {"Camera Strap", "Spare Battery", "Leather Case", "Memory Card"}},
    {.name = "audio",
     .use = "for listening closely",
     .price = 130,
     .share = 0.4,
     .season = 0.3,
     .peak_day = 345,
     .line_length = 3,
     .nouns = {"Headphones", "Bookshelf Speaker", "Turntable", "Pocket Radio", "Earbuds",
               "Soundbar", "Amplifier", "Microphone"},
     .extras = {"Cable", "Carrying Case", "Stand", "Cushion Set"}},
    {.name = "kitchen",
     .use = "for everyday cooking",
     .price = 45,
     .share = 1,
     .season = 0.2,
     .peak_day = 340,
     .line_length = 1,
     .nouns = {"Skillet", "Chef's Knife", "Stockpot", "Mixing Bowl", "Cutting Board", "Kettle",
               "Grater", "Baking Tray"}},
    {.name = "garden",
     .use = "for beds and balconies",
     .price = 32,
     .share = 0.8,
     .season = 1,
     .peak_day = 125,
     .line_length = 1,
     .nouns = {"Trowel", "Watering Can", "Pruning Shears", "Planter", "Garden Hose", "Raised Bed",
               "Bird Table", "Compost Bin"}},
    {.name = "bicycles",
     .use = "for every road",
     .price = 610,
     .share = 0.25,
     .season = 0.7,
     .peak_day = 140,
     .line_length = 4,
     .nouns = {"City Bicycle", "Touring Bicycle", "Gravel Bicycle", "Folding Bicycle",
               "Cargo Bicycle", "Road Bicycle", "Mountain Bicycle", "Track Bicycle"},
     .extras = {"Saddle Bag", "Mudguards", "Light Set", "Rack"}},
    {.name = "lighting",
     .use = "for rooms with corners",
     .price = 75,
     .share = 0.8,
     .season = 0.5,
     .peak_day = 330,
     .line_length = 1,
     .nouns = {"Desk Lamp", "Floor Lamp", "Pendant", "Wall Light", "Lantern", "Reading Light",
               "Table Lamp", "String Lights"}},
};
const pal_demo_shop pal_demo_goods = {
    .n_categories = (int32_t)(sizeof demo_goods_categories / sizeof *demo_goods_categories),
    .categories = demo_goods_categories,
    .id_prefix = "sku-",
};

static const char *const demo_brands[DEMO_BRANDS] = {
    "Talvoren",   "Emberlow",  "Quillmoor", "Marrowby", "Pelagine",  "Fennimor",
    "Hazelwick",  "Brimstead", "Yarrowen",  "Dovetarn", "Kestrelby", "Lumisand",
    "Mirethorn",  "Nettlebay", "Orlanthe",  "Pinwater", "Rookmere",  "Saltgrove",
    "Thistledun", "Umberly",   "Velkirk",   "Wrenford", "Zephring",  "Astermole",
};

/* The word for the positive and for the negative end of each dimension. */
static const char *const demo_words[2 * PAL_DEMO_DIMS] = {
    "premium",  "simple",  "bold", "quiet", "classic", "modern",   "dark",    "bright",
    "handmade", "precise", "warm", "cool",  "compact", "generous", "playful", "sober",
};

static const char *const demo_title_qualities[DEMO_TITLES] = {
    "Hollow",   "Silver",  "Last",     "Wandering", "Forgotten", "Crooked", "Northern",
    "Paper",    "Patient", "Burning",  "Silent",    "Salt",      "Hundred", "Glass",
    "Borrowed", "Iron",    "Sleeping", "Second",    "Painted",   "Distant",
};
static const char *const demo_title_things[DEMO_TITLES] = {
    "Orchard", "Harbour", "Cartographer", "Lighthouse", "Winter",    "Library", "Clockmaker",
    "River",   "Garden",  "Station",      "Voyage",     "Kingdom",   "Letter",  "Bridge",
    "Foxes",   "Tower",   "Island",       "Mirror",     "Orchestra", "Road",
};

/* --- making --- */

static int32_t demo_draw_category(pal_rng *rng, const pal_demo_shop *shop) {
    double total = 0;
    for (int32_t c = 0; c < shop->n_categories; c++) total += shop->categories[c].share;
    double left = pal_rng_uniform(rng) * total;
    int32_t c = 0;
    while (c < shop->n_categories - 1 && left >= shop->categories[c].share)
        left -= shop->categories[c++].share;
    return c;
}

/* The two dimensions in which the item differs most from its category. */
static void demo_find_words(const double *own, int32_t words[2]) {
    int32_t best[2] = {0, 1};
    if (fabs(own[1]) > fabs(own[0])) best[0] = 1, best[1] = 0;
    for (int32_t d = 2; d < PAL_DEMO_DIMS; d++) {
        if (fabs(own[d]) > fabs(own[best[0]])) {
            best[1] = best[0];
            best[0] = d;
        } else if (fabs(own[d]) > fabs(own[best[1]])) {
            best[1] = d;
        }
    }
    for (int i = 0; i < 2; i++) words[i] = 2 * best[i] + (own[best[i]] < 0);
}

/* Prices end in 9 tenths, as in shops. */
static float demo_price(double usual, double own, int32_t place, bool is_series) {
    double price = usual * exp(0.45 * own) * (place > 0 && !is_series ? 0.15 : 1);
    return (float)(fmax(1, floor(price)) + 0.9);
}

typedef struct { /* what a line of products shares */
    int32_t category, first, brand, noun;
    double own[PAL_DEMO_DIMS];
} demo_line;

static demo_line demo_start_line(pal_rng *rng, const pal_demo_shop *shop, int32_t first,
                                 const float *brand_vectors) {
    demo_line line = {.category = demo_draw_category(rng, shop), .first = first};
    line.brand = (int32_t)pal_rng_below(rng, DEMO_BRANDS);
    line.noun = (int32_t)pal_rng_below(
        rng, shop->categories[line.category].is_series ? DEMO_TITLES * DEMO_TITLES : DEMO_NOUNS);
    for (int32_t d = 0; d < PAL_DEMO_DIMS; d++) {
        line.own[d] = demo_line_spread * pal_rng_normal(rng) +
                      (double)brand_vectors[line.brand * PAL_DEMO_DIMS + d];
    }
    return line;
}

static void demo_add_item(pal_rng *rng, const pal_demo_shop *shop, const demo_line *line,
                          int32_t item, int32_t stride, const float *centers, pal_demo_item *items,
                          float *vectors) {
    const pal_demo_category *category = &shop->categories[line->category];
    double own[PAL_DEMO_DIMS];
    for (int32_t d = 0; d < PAL_DEMO_DIMS; d++) {
        own[d] = line->own[d] + demo_item_spread * pal_rng_normal(rng);
        vectors[(int64_t)d * stride + item] =
            (float)((double)centers[line->category * PAL_DEMO_DIMS + d] + own[d]);
    }
    items[item] = (pal_demo_item){.category = line->category,
                                  .first = line->first,
                                  .place = item - line->first,
                                  .brand = line->brand,
                                  .noun = line->noun};
    demo_find_words(own, items[item].words);
    items[item].price = demo_price(category->price, own[0], items[item].place, category->is_series);
}

static void demo_fill_normal(pal_rng *rng, double spread, int32_t n, float *out) {
    for (int32_t i = 0; i < n; i++) out[i] = (float)(spread * pal_rng_normal(rng));
}

pal_status pal_demo_shelves_make(pal_ctx *ctx, const pal_demo_shop *shop, uint64_t seed,
                                 int32_t n_items, pal_arena *arena, pal_demo_shelves *out) {
    int32_t stride = (n_items + PAL_DEMO_PACK - 1) / PAL_DEMO_PACK * PAL_DEMO_PACK;
    pal_demo_item *items = PAL_ARENA_ARRAY(arena, pal_demo_item, n_items);
    float *vectors = PAL_ARENA_ARRAY(arena, float, (int64_t)stride *PAL_DEMO_DIMS);
    float *centers = PAL_ARENA_ARRAY(arena, float, shop->n_categories *PAL_DEMO_DIMS);
    if (!items || !vectors || !centers)
        return pal_fail_memory(ctx, "the demo shop", 96.0 * n_items);
    pal_rng rng = pal_rng_at(pal_seed_for(seed, "demo items"), 0);
    float brand_vectors[DEMO_BRANDS * PAL_DEMO_DIMS];
    demo_fill_normal(&rng, demo_brand_spread, DEMO_BRANDS * PAL_DEMO_DIMS, brand_vectors);
    demo_fill_normal(&rng, 1, shop->n_categories * PAL_DEMO_DIMS, centers);
    for (int32_t item = 0; item < n_items;) {
        demo_line line = demo_start_line(&rng, shop, item, brand_vectors);
        int32_t end = item + shop->categories[line.category].line_length;
        for (; item < n_items && item < end; item++)
            demo_add_item(&rng, shop, &line, item, stride, centers, items, vectors);
    }
    *out = (pal_demo_shelves){.shop = shop,
                              .n_items = n_items,
                              .stride = stride,
                              .items = items,
                              .vectors = vectors,
                              .centers = centers};
    return PAL_OK;
}

/* --- words --- */

void pal_demo_write_id(const char *prefix, int32_t row, char id[PAL_DEMO_ID_MAX]) {
    snprintf(id, PAL_DEMO_ID_MAX, "%s%04d", prefix, row + 1);
}

static void demo_add_capital(pal_text *out, const char *word) {
    char first = word[0] >= 'a' && word[0] <= 'z' ? (char)(word[0] - 'a' + 'A') : word[0];
    pal_text_add_bytes(out, &first, 1);
    pal_text_add(out, word + 1);
}

static void demo_write_title(const pal_demo_shelves *shelves, int32_t row, pal_text *out) {
    const pal_demo_item *item = &shelves->items[row], *first = &shelves->items[item->first];
    const pal_demo_category *category = &shelves->shop->categories[item->category];
    if (category->is_series) {
        pal_text_addf(out, "The %s %s, Volume %d", demo_title_qualities[item->noun / DEMO_TITLES],
                      demo_title_things[item->noun % DEMO_TITLES], item->place + 1);
        return;
    }
    pal_text_addf(out, "%s ", demo_brands[item->brand]);
    if (item->place > 0)
        pal_text_addf(out, "%s for ", category->extras[(item->place - 1) % DEMO_EXTRAS]);
    demo_add_capital(out, demo_words[first->words[0]]);
    pal_text_addf(out, " %s", category->nouns[item->noun]);
}

static void demo_write_description(const pal_demo_shelves *shelves, int32_t row, pal_text *out) {
    const pal_demo_item *item = &shelves->items[row];
    const pal_demo_category *category = &shelves->shop->categories[item->category];
    demo_add_capital(out, demo_words[item->words[0]]);
    pal_text_addf(out, " and %s, %s. Made by %s.", demo_words[item->words[1]], category->use,
                  demo_brands[item->brand]);
    if (item->place > 0) {
        pal_text_add(out, category->is_series ? " Continues " : " Belongs to the ");
        demo_write_title(shelves, category->is_series ? row - 1 : item->first, out);
        pal_text_add(out, ".");
    }
}

static void demo_write_category(const pal_demo_shelves *shelves, int32_t row, pal_text *out) {
    pal_text_add(out, shelves->shop->categories[shelves->items[row].category].name);
}

static void demo_write_brand(const pal_demo_shelves *shelves, int32_t row, pal_text *out) {
    pal_text_add(out, demo_brands[shelves->items[row].brand]);
}

static void demo_write_price(const pal_demo_shelves *shelves, int32_t row, pal_text *out) {
    pal_text_addf(out, "%.2f", (double)shelves->items[row].price);
}

static const struct {
    const char *name;
    void (*write)(const pal_demo_shelves *shelves, int32_t row, pal_text *out);
} demo_columns[DEMO_COLUMNS] = {
    {"title", demo_write_title},
    {"category", demo_write_category},
    {"brand", demo_write_brand},
    {"price", demo_write_price},
    {"description", demo_write_description},
};

/* The cells of one column, or NULL without memory. */
static const char **demo_write_column(const pal_demo_shelves *shelves, int32_t column,
                                      pal_arena *arena) {
    const char **cells = PAL_ARENA_ARRAY(arena, const char *, shelves->n_items);
    pal_text text = {0};
    for (int32_t row = 0; cells && row < shelves->n_items; row++) {
        text.length = 0;
        demo_columns[column].write(shelves, row, &text);
        cells[row] = text.failed ? NULL : pal_arena_text(arena, text.bytes, text.length);
        if (!cells[row]) cells = NULL;
    }
    pal_text_release(&text);
    return cells;
}

static bool demo_fill_catalog(const pal_demo_shelves *shelves, pal_catalog *catalog) {
    for (int32_t item = 0; item < shelves->n_items; item++) {
        char id[PAL_DEMO_ID_MAX];
        pal_demo_write_id(shelves->shop->id_prefix, item, id);
        if (pal_ids_add(&catalog->ids, id, strlen(id)) < 0) return false;
    }
    catalog->columns = PAL_ARENA_ARRAY(&catalog->arena, pal_column, DEMO_COLUMNS);
    if (!catalog->columns) return false;
    for (int32_t c = 0; c < DEMO_COLUMNS; c++) {
        pal_column *column = &catalog->columns[c];
        snprintf(column->name, sizeof column->name, "%s", demo_columns[c].name);
        column->cells = demo_write_column(shelves, c, &catalog->arena);
        if (!column->cells) return false;
    }
    catalog->n_columns = DEMO_COLUMNS;
    return true;
}

pal_status pal_demo_catalog_make(pal_ctx *ctx, const pal_demo_shelves *shelves, pal_catalog *out) {
    pal_catalog catalog = {.title = 0};
    if (!demo_fill_catalog(shelves, &catalog)) {
        pal_catalog_release(&catalog);
        return pal_fail_memory(ctx, "the demo's catalog", 400.0 * shelves->n_items);
    }
    *out = catalog;
    return PAL_OK;
}
