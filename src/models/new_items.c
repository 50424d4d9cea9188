/* new_items.c - logs with and without rows for items that nobody has used. */
#include "models/new_items.h"

#include <stdlib.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

const pal_log *pal_log_with_items(const pal_log *log, int32_t n_items, pal_arena *arena) {
    if (log->n_items == n_items) return log;
    pal_log *copy = PAL_ARENA_ARRAY(arena, pal_log, 1);
    if (!copy) return NULL;
    *copy = *log;
    copy->arena = (pal_arena){0};
    copy->n_items = copy->about.n_items = n_items;
    return copy;
}

pal_status pal_part_log(pal_ctx *ctx, const pal_kind *kind, const pal_log *log,
                        int32_t n_seen_items, pal_arena *arena, const pal_log **out) {
    bool has_new = kind->traits & PAL_SCORES_NEW_ITEMS;
    *out = has_new ? log : pal_log_with_items(log, n_seen_items, arena);
    return *out ? PAL_OK : pal_fail_memory(ctx, kind->name, sizeof(pal_log));
}

pal_status pal_input_for_kind(pal_ctx *ctx, const pal_kind *kind, const pal_train_input *input,
                              pal_arena *arena, pal_train_input *out) {
    *out = *input;
    if (!out->n_seen_items) out->n_seen_items = input->log->n_items;
    if (out->n_items < input->log->n_items) out->n_items = input->log->n_items;
    bool has_new = kind->traits & PAL_SCORES_NEW_ITEMS;
    int32_t n = has_new ? out->n_items : out->n_seen_items;
    out->n_items = n; /* a part has no more rows than the whole */
    if (out->n_listed_items >= n) out->n_listed_items = 0;
    out->log = pal_log_with_items(input->log, n, arena);
    out->histories = input->histories ? pal_log_with_items(input->histories, n, arena) : NULL;
    bool failed = !out->log || (input->histories && !out->histories);
    return failed ? pal_fail_memory(ctx, kind->name, 2 * sizeof(pal_log)) : PAL_OK;
}

typedef struct {
    uint64_t hash;
    int32_t row;
} new_item;

static int new_compare(const void *a, const void *b) {
    const new_item *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

pal_status pal_model_order_new(pal_ctx *ctx, pal_model *model) {
    int32_t first = model->n_seen_items, n = model->log->n_items - first;
    if (n <= 0) return PAL_OK;
    pal_arena scratch = {0};
    new_item *items = PAL_ARENA_ARRAY(&scratch, new_item, n);
    model->new_order = PAL_ARENA_ARRAY(&model->arena, int32_t, n);
    bool failed = !items || !model->new_order;
    for (int32_t i = 0; !failed && i < n; i++) {
        const char *id = pal_ids_at(model->log->about.item_ids, first + i);
        items[i] = (new_item){XXH3_64bits(id, strlen(id)), i};
    }
    if (!failed) qsort(items, (size_t)n, sizeof *items, new_compare);
    for (int32_t i = 0; !failed && i < n; i++) model->new_order[i] = items[i].row;
    pal_arena_release(&scratch);
    return failed ? pal_fail_memory(ctx, "the new items", 16.0 * n) : PAL_OK;
}

pal_status pal_ids_add_catalog(pal_ctx *ctx, const pal_catalog *catalog, const pal_ids *dropped,
                               pal_ids *ids, int32_t *n_dropped) {
    *n_dropped = 0;
    for (int32_t i = 0; i < catalog->ids.n; i++) {
        const char *id = pal_ids_at(&catalog->ids, i);
        if (pal_ids_find(dropped, id, strlen(id)) >= 0) {
            ++*n_dropped;
        } else if (pal_ids_add(ids, id, strlen(id)) < 0) {
            return pal_fail_memory(ctx, "the ids of the catalog", 16.0 * catalog->ids.n);
        }
    }
    return PAL_OK;
}
