/* new_items.c - logs with and without rows for items that nobody has used. */
#include "models/new_items.h"

#include <string.h>

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
    out->log = pal_log_with_items(input->log, n, arena);
    out->histories = input->histories ? pal_log_with_items(input->histories, n, arena) : NULL;
    bool failed = !out->log || (input->histories && !out->histories);
    return failed ? pal_fail_memory(ctx, kind->name, 2 * sizeof(pal_log)) : PAL_OK;
}

pal_status pal_ids_add_catalog(pal_ctx *ctx, const pal_catalog *catalog, pal_ids *ids) {
    for (int32_t i = 0; i < catalog->ids.n; i++) {
        const char *id = pal_ids_at(&catalog->ids, i);
        if (pal_ids_add(ids, id, strlen(id)) < 0)
            return pal_fail_memory(ctx, "the ids of the catalog", 16.0 * catalog->ids.n);
    }
    return PAL_OK;
}
