/* source.c - whom and what two domains have in common. */
#include "data/source.h"

#include <string.h>

#include "base/ctx.h"

const char *const pal_sharing_choices[] = {"none", "users", "items", NULL};

static pal_status source_rows(pal_ctx *ctx, const pal_ids *from, int32_t n_from, const pal_ids *to,
                              int32_t n_to, bool are_shared, pal_arena *arena,
                              const int32_t **out) {
    int32_t *rows = PAL_ARENA_ARRAY(arena, int32_t, n_from);
    if (!rows) return pal_fail_memory(ctx, "the source", 4.0 * n_from);
    for (int32_t i = 0; i < n_from; i++) {
        const char *id = pal_ids_at(from, i);
        int32_t row = are_shared ? pal_ids_find(to, id, strlen(id)) : -1;
        rows[i] = row < n_to ? row : -1;
    }
    *out = rows;
    return PAL_OK;
}

pal_status pal_source_user_rows(pal_ctx *ctx, const pal_source *source, const pal_log *log,
                                pal_arena *arena, const int32_t **out) {
    return source_rows(ctx, source->log->about.user_ids, source->log->n_users, log->about.user_ids,
                       log->n_users, source->shared == PAL_SHARED_USERS, arena, out);
}

pal_status pal_source_item_rows(pal_ctx *ctx, const pal_source *source, const pal_log *log,
                                pal_arena *arena, const int32_t **out) {
    return source_rows(ctx, source->log->about.item_ids, source->log->n_items, log->about.item_ids,
                       log->n_items, source->shared == PAL_SHARED_ITEMS, arena, out);
}
