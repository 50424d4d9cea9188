/* merged_log.c - the merge, person by person. */
#include "models/transfer/merged_log.h"

#include <string.h>

#include "base/ctx.h"

typedef struct {
    pal_ctx *ctx;
    const pal_log *target, *source;
    pal_arena *arena;
    pal_merged_log *out;
    uint8_t types[PAL_TYPES_MAX]; /* of the source, as types of the merged log */
    int32_t *source_of;           /* [merged users] row in the source, or -1 */
    int64_t n;                    /* events written */
    int32_t *items;
    float *values;
    int64_t *times;
    uint8_t *kinds;
    float *weights;
} merged_job;

/* The ids of the target, then those that only the source has; rows [n_source] of the latter. */
static pal_status merged_join_ids(merged_job *job, const pal_ids *target, int32_t n_target,
                                  const pal_ids *source, int32_t n_source, bool are_shared,
                                  pal_ids *out, int32_t *rows) {
    pal_ids ids = {0};
    pal_text name = {0};
    bool failed = false;
    for (int32_t i = 0; i < n_target && !failed; i++) {
        const char *id = pal_ids_at(target, i);
        failed = pal_ids_add(&ids, id, strlen(id)) < 0;
    }
    for (int32_t i = 0; i < n_source && !failed; i++) {
        const char *id = pal_ids_at(source, i);
        int32_t row = are_shared ? pal_ids_find(&ids, id, strlen(id)) : -1;
        if (row < 0) {
            name.length = 0;
            pal_text_addf(&name, "%s%s", are_shared ? "" : "source: ", id);
            row = name.failed ? -1 : pal_ids_add(&ids, name.bytes, name.length);
        }
        failed = row < 0;
        rows[i] = row;
    }
    pal_text_release(&name);
    if (!failed) failed = !pal_ids_move(&ids, job->arena, out);
    pal_ids_release(&ids);
    return failed ? pal_fail_memory(job->ctx, "the merged log", 32.0 * (n_target + n_source))
                  : PAL_OK;
}

static void merged_map_types(merged_job *job) {
    const pal_log_about *target = &job->target->about, *source = &job->source->about;
    int32_t first = 0;
    while (first + 1 < target->n_types && !(target->target_types >> first & 1u)) first++;
    for (int32_t t = 0; t < source->n_types; t++) {
        job->types[t] = (uint8_t)first;
        for (int32_t o = 0; o < target->n_types; o++) {
            if (!strcmp(source->type_names[t], target->type_names[o])) job->types[t] = (uint8_t)o;
        }
    }
}

static void merged_put(merged_job *job, const pal_log *log, int64_t e) {
    bool is_source = log == job->source;
    int64_t n = job->n++;
    job->items[n] = is_source ? job->out->item_rows[log->items[e]] : log->items[e];
    if (job->values) job->values[n] = log->values[e];
    if (job->times) job->times[n] = log->times[e];
    if (job->kinds)
        job->kinds[n] = !is_source ? log->types[e] : job->types[log->types ? log->types[e] : 0];
    if (job->weights) job->weights[n] = log->weights ? log->weights[e] : 1;
}

static void merged_put_user(merged_job *job, int32_t user) {
    const pal_log *t = job->target, *s = job->source;
    int32_t other = job->source_of[user];
    int64_t a = user < t->n_users ? t->starts[user] : 0,
            a_end = user < t->n_users ? t->starts[user + 1] : 0,
            b = other >= 0 ? s->starts[other] : 0, b_end = other >= 0 ? s->starts[other + 1] : 0;
    while (a < a_end || b < b_end) {
        bool takes_source = b < b_end && (a == a_end || !job->times || s->times[b] <= t->times[a]);
        merged_put(job, takes_source ? s : t, takes_source ? b : a);
        *(takes_source ? &b : &a) += 1;
    }
}

static pal_status merged_allocate(merged_job *job, int64_t **starts) {
    const pal_log *t = job->target, *s = job->source;
    int32_t n_users = job->out->user_ids.n;
    int64_t n = t->n_events + s->n_events;
    pal_arena *arena = job->arena;
    *starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)n_users + 1);
    job->source_of = PAL_ARENA_ARRAY(arena, int32_t, n_users);
    job->items = PAL_ARENA_ARRAY(arena, int32_t, n);
    bool has_values = t->values && s->values, has_times = t->times && s->times,
         has_weights = t->weights || s->weights;
    if (has_values) job->values = PAL_ARENA_ARRAY(arena, float, n);
    if (has_times) job->times = PAL_ARENA_ARRAY(arena, int64_t, n);
    if (t->types) job->kinds = PAL_ARENA_ARRAY(arena, uint8_t, n);
    if (has_weights) job->weights = PAL_ARENA_ARRAY(arena, float, n);
    bool failed = !*starts || !job->source_of || !job->items || (has_values && !job->values) ||
                  (has_times && !job->times) || (t->types && !job->kinds) ||
                  (has_weights && !job->weights);
    return failed ? pal_fail_memory(job->ctx, "the merged log", 21.0 * (double)n) : PAL_OK;
}

pal_status pal_merged_log_make(pal_ctx *ctx, const pal_log *log, const pal_source *source,
                               pal_arena *arena, pal_merged_log *out) {
    const pal_log *s = source->log;
    *out = (pal_merged_log){.user_rows = PAL_ARENA_ARRAY(arena, int32_t, s->n_users),
                            .item_rows = PAL_ARENA_ARRAY(arena, int32_t, s->n_items)};
    if (!out->user_rows || !out->item_rows)
        return pal_fail_memory(ctx, "the merged log", 4.0 * s->n_users);
    merged_job job = {.ctx = ctx, .target = log, .source = s, .arena = arena, .out = out};
    TRY(merged_join_ids(&job, log->about.user_ids, log->n_users, s->about.user_ids, s->n_users,
                        source->shared == PAL_SHARED_USERS, &out->user_ids, out->user_rows));
    TRY(merged_join_ids(&job, log->about.item_ids, log->n_items, s->about.item_ids, s->n_items,
                        source->shared == PAL_SHARED_ITEMS, &out->item_ids, out->item_rows));
    int64_t *starts;
    int32_t n_users = out->user_ids.n;
    TRY(merged_allocate(&job, &starts));
    merged_map_types(&job);
    for (int32_t u = 0; u < n_users; u++) job.source_of[u] = -1;
    for (int32_t u = 0; u < s->n_users; u++) job.source_of[out->user_rows[u]] = u;
    for (int32_t u = 0; u < n_users; u++) {
        merged_put_user(&job, u);
        starts[u + 1] = job.n;
    }
    out->log = (pal_log){.n_users = n_users,
                         .n_items = out->item_ids.n,
                         .n_events = job.n,
                         .starts = starts,
                         .items = job.items,
                         .values = job.values,
                         .times = job.times,
                         .types = job.kinds,
                         .weights = job.weights,
                         .about = log->about};
    out->log.about.n_users = n_users;
    out->log.about.n_items = out->item_ids.n;
    out->log.about.user_ids = &out->user_ids;
    out->log.about.item_ids = &out->item_ids;
    if (!job.values) {
        out->log.about.value_name[0] = '\0';
        out->log.about.values_are_ratings = false;
    }
    return PAL_OK;
}
