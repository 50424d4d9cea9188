/* source.c - whom and what two domains have in common. */
#include "data/source.h"

#include <string.h>

#include "base/ctx.h"
#include "data/container.h"

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

/* --- what was known before --- */

/* For each user of the source the time from which on his events are left out. */
static pal_status source_limits(pal_ctx *ctx, const pal_source *whole, int64_t until,
                                const pal_log *asked, pal_arena *scratch, int64_t **out) {
    int32_t n = whole->log->n_users;
    int64_t *limits = PAL_ARENA_ARRAY(scratch, int64_t, n);
    const int32_t *rows = NULL;
    if (!limits) return pal_fail_memory(ctx, "the source", 8.0 * n);
    if (asked && asked->times) TRY(pal_source_user_rows(ctx, whole, asked, scratch, &rows));
    for (int32_t u = 0; u < n; u++) {
        int32_t row = rows ? rows[u] : -1;
        limits[u] = until;
        if (row >= 0 && asked->starts[row] < asked->starts[row + 1] &&
            asked->times[asked->starts[row]] < until)
            limits[u] = asked->times[asked->starts[row]];
    }
    *out = limits;
    return PAL_OK;
}

static pal_status source_cut(pal_ctx *ctx, const pal_source *whole, const int64_t *limits,
                             pal_arena *scratch, pal_source_own *out) {
    const pal_log *log = whole->log;
    uint8_t *keep = PAL_ARENA_ARRAY(scratch, uint8_t, log->n_events);
    if (!keep) return pal_fail_memory(ctx, "the source", (double)log->n_events);
    for (int32_t u = 0; u < log->n_users; u++) {
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++)
            keep[e] = !log->times || log->times[e] < limits[u];
    }
    return pal_log_keep(ctx, log, keep, &out->user_ids, &out->item_ids, &out->log);
}

pal_status pal_source_before(pal_ctx *ctx, const pal_source *whole, int64_t until,
                             const pal_log *asked, pal_source_own *out) {
    pal_arena scratch = {0};
    int64_t *limits = NULL, n_left_out;
    memset(out, 0, sizeof *out);
    out->catalog.title = -1;
    out->source = *whole;
    pal_status status = source_limits(ctx, whole, until, asked, &scratch, &limits);
    if (status == PAL_OK) status = source_cut(ctx, whole, limits, &scratch, out);
    if (status == PAL_OK && whole->items && whole->log->times) {
        pal_catalog *items = PAL_ARENA_ARRAY(&out->arena, pal_catalog, 1);
        status = items
                     ? pal_catalog_before(ctx, whole->items, until, &out->arena, items, &n_left_out)
                     : pal_fail_memory(ctx, "the source", sizeof *items);
        out->source.items = items;
    }
    pal_arena_release(&scratch);
    out->source.log = &out->log;
    if (status != PAL_OK) pal_source_own_release(out);
    return status;
}

/* --- a copy --- */

static pal_status source_copy_log(pal_ctx *ctx, const pal_log *log, pal_source_own *out) {
    pal_arena scratch = {0};
    uint8_t *keep = PAL_ARENA_ARRAY(&scratch, uint8_t, log->n_events);
    pal_log_about about = log->about;
    about.user_ids = &out->user_ids;
    about.item_ids = &out->item_ids;
    pal_status status = keep ? PAL_OK : pal_fail_memory(ctx, "the source", (double)log->n_events);
    if (keep) memset(keep, 1, (size_t)log->n_events);
    if (status == PAL_OK) status = pal_log_select(ctx, log, keep, NULL, NULL, &about, &out->log);
    pal_arena_release(&scratch);
    return status;
}

static pal_status source_copy(pal_ctx *ctx, const pal_source *source, pal_source_own *out) {
    const pal_log *log = source->log;
    TRY(pal_ids_select(ctx, log->about.user_ids, NULL, log->n_users, &out->user_ids));
    TRY(pal_ids_select(ctx, log->about.item_ids, NULL, log->n_items, &out->item_ids));
    TRY(source_copy_log(ctx, log, out));
    if (!source->items) return PAL_OK;
    pal_container titles = {0};
    pal_status status = pal_catalog_store(ctx, source->items, true, "", &titles);
    if (status == PAL_OK) status = pal_catalog_restore(ctx, &titles, "", &out->catalog);
    pal_container_release(&titles);
    return status;
}

pal_status pal_source_copy(pal_ctx *ctx, const pal_source *source, pal_source_own *out) {
    memset(out, 0, sizeof *out);
    out->catalog.title = -1;
    pal_status status = source_copy(ctx, source, out);
    out->source = (pal_source){.log = &out->log,
                               .items = out->catalog.ids.n ? &out->catalog : NULL,
                               .shared = source->shared};
    if (status != PAL_OK) pal_source_own_release(out);
    return status;
}

void pal_source_own_release(pal_source_own *own) {
    pal_log_release(&own->log);
    pal_ids_release(&own->user_ids);
    pal_ids_release(&own->item_ids);
    pal_catalog_release(&own->catalog);
    pal_arena_release(&own->arena);
    memset(own, 0, sizeof *own);
    own->catalog.title = -1;
}

uint64_t pal_source_hash(const pal_source *source) {
    uint64_t hash = pal_log_hash(source->log) + (uint64_t)source->shared;
    if (source->items) hash = (hash ^ pal_catalog_hash(source->items)) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 29;
}
