/* background.c - what queries say of people besides their histories. */
#include <string.h>

#include "base/ctx.h"
#include "eval/questions.h"

/* The cells of the person's row that say something. */
static pal_status background_profile(pal_ctx *ctx, const pal_catalog *users, const char *id,
                                     pal_arena *arena, pal_query *query) {
    int32_t row = pal_ids_find(&users->ids, id, strlen(id));
    if (row < 0) return PAL_OK;
    pal_profile_cell *cells = PAL_ARENA_ARRAY(arena, pal_profile_cell, users->n_columns);
    if (!cells) return pal_fail_memory(ctx, "the profiles", 16.0 * users->n_columns);
    query->n_profile = 0;
    for (int32_t c = 0; c < users->n_columns; c++) {
        const pal_column *column = &users->columns[c];
        if (column->type != PAL_FEATURE_ID && column->cells[row][0])
            cells[query->n_profile++] = (pal_profile_cell){column->name, column->cells[row]};
    }
    query->profile = cells;
    return PAL_OK;
}

/* Where each person's last event is asked, the end of what is known of all may be after it. */
int64_t pal_searches_end(const pal_log *targets, int32_t user, int64_t end) {
    if (user >= targets->n_users || targets->starts[user] == targets->starts[user + 1]) return end;
    int64_t first = targets->times[targets->starts[user]];
    return first < end ? first : end;
}

/* The newest searches before `before`; where there are no times, those of the training part. */
static pal_status background_text(pal_ctx *ctx, const pal_searches *searches, int32_t row,
                                  bool has_times, int64_t before, pal_arena *arena,
                                  pal_query *query) {
    const pal_search_range range = {INT64_MIN, has_times ? before : INT64_MAX,
                                    has_times ? PAL_SEARCH_PARTS : 1};
    return pal_searches_newest(ctx, searches, row, &range, arena, &query->text);
}

static void background_source(const pal_source *source, const char *id, int64_t until,
                              pal_query *query) {
    const pal_log *log = source->log;
    int32_t row = pal_ids_find(log->about.user_ids, id, strlen(id));
    if (row < 0 || row >= log->n_users || log->starts[row + 1] == log->starts[row]) return;
    int64_t begin = log->starts[row], end = log->starts[row + 1];
    while (log->times && end > begin && log->times[end - 1] >= until) end--;
    if (end == begin) return;
    query->source_user_plus_1 = row + 1;
    query->n_source = (int32_t)(end - begin);
    query->source_items = log->items + begin;
    query->source_values = log->values ? log->values + begin : NULL;
    query->source_times = log->times ? log->times + begin : NULL;
}

/* From when on events of the source are not known of somebody whose targets begin there. */
static int64_t background_until(const pal_background *background, const pal_log *targets,
                                int64_t begin) {
    if (!background->cuts_source || !targets->times) return INT64_MAX;
    int64_t first = targets->times[begin];
    return first < background->source_until ? first : background->source_until;
}

pal_status pal_questions_describe(pal_ctx *ctx, const pal_background *background,
                                  const pal_ids *user_ids, pal_questions *questions) {
    const pal_background *b = background;
    const pal_log *targets = questions->targets;
    bool is_window = questions->task == PAL_TASK_WINDOW;
    for (int32_t u = 0; u < questions->n_users; u++) {
        const char *id = pal_ids_at(user_ids, questions->users[u]);
        int32_t searcher = b->searches ? pal_ids_find(b->search_ids, id, strlen(id)) : -1;
        int64_t begin = targets->starts[questions->users[u]];
        pal_query known = {0};
        if (b->users) TRY(background_profile(ctx, b->users, id, &questions->arena, &known));
        if (b->source && b->source->shared == PAL_SHARED_USERS)
            background_source(b->source, id, background_until(b, targets, begin), &known);
        for (int32_t q = questions->query_starts[u]; q < questions->query_starts[u + 1]; q++) {
            pal_query *query = &questions->queries[q];
            query->profile = known.profile;
            query->n_profile = known.n_profile;
            query->source_user_plus_1 = known.source_user_plus_1;
            query->n_source = known.n_source;
            query->source_items = known.source_items;
            query->source_values = known.source_values;
            query->source_times = known.source_times;
            if (searcher < 0 || searcher >= b->searches->n_users) continue;
            bool has_times = targets->times != NULL;
            int64_t before = has_times && is_window
                                 ? pal_searches_end(targets, questions->users[u], query->now)
                                 : query->now;
            TRY(background_text(ctx, b->searches, searcher, has_times, before, &questions->arena,
                                query));
        }
    }
    return PAL_OK;
}
