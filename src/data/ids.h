/* ids.h - outside ids are strings and live only here; everywhere else a user and an item are
 * int32_t rows. */
#ifndef PAL_DATA_IDS_H
#define PAL_DATA_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "palate.h"

enum { PAL_ID_MAX = 1024 }; /* bytes of the longest id */

/* Ids by row. Ids [0, n) of it may be shared by logs that know only a prefix of the rows. */
typedef struct pal_ids {
    int32_t n;
    char *bytes;      /* ids one after the other, each ended by a NUL */
    int64_t *offsets; /* [n + 1] into bytes */
    uint32_t *table;  /* open addressing, row + 1 or 0; [table_mask + 1] */
    uint32_t table_mask;
    int64_t bytes_capacity, offsets_capacity;
} pal_ids; /* zero is empty; heap-owned */

/* The row of the id, added at the end when new. -1 without memory or past INT32_MAX rows. */
int32_t pal_ids_add(pal_ids *ids, const char *id, size_t length);
int32_t pal_ids_find(const pal_ids *ids, const char *id, size_t length); /* -1: unknown */
const char *pal_ids_at(const pal_ids *ids, int32_t row);                 /* NUL-ended */
/* out gets the ids in the order rows[0 … n); NULL: the first n as they stand. */
pal_status pal_ids_select(pal_ctx *ctx, const pal_ids *ids, const int32_t *rows, int32_t n,
                          pal_ids *out);
/* out gets the first n of `ids` that have used[row] != 0, in their old order; *rows: [n] the new
 * row of each, -1: gone; in the arena. */
pal_status pal_ids_keep(pal_ctx *ctx, const pal_ids *ids, const uint8_t *used, int32_t n,
                        pal_arena *arena, int32_t **rows, pal_ids *out);
/* The same ids as an arena's, which are not released and not added to; false without memory. */
bool pal_ids_move(const pal_ids *ids, pal_arena *arena, pal_ids *out);
void pal_ids_release(pal_ids *ids);

#endif
