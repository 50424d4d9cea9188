/* merged.c - a kind of one domain, trained on both as if they were one: merged(ease).
 *
 * People and items of the source and of the target stand in one log (merged_log.h); the kind learns
 * from it and scores the target's items from what a person did in either. It is what a transfer has
 * to beat: knowledge moves by itself where the same people use things of both, and nothing says
 * which domain counts. Without a source it is the kind itself. Cost: that of the kind on the events
 * and items of both; a list scores the source's items too. */
#include <math.h>
#include <string.h>

#include "models/history.h"
#include "models/registry.h"
#include "models/train.h"
#include "models/transfer/merged_log.h"
#include "models/transfer/transfer.h"

typedef struct {
    const char *of;
    bool use_source;
} merged_params;

static const pal_param merged_table[] = {
    {.name = "of",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(merged_params, of),
     .initial = "als",
     .value_name = "SPEC",
     .help = "the kind, written merged(ease l2=500)"},
    PAL_TRANSFER_SOURCE_ROW(merged_params),
    {0},
};

typedef struct {
    pal_model *parts[1];
    int32_t *sizes;        /* [2] items, and whether a source was merged */
    pal_merged_log merged; /* with a source */
    int32_t n_items;       /* of the log */
    int32_t n_source_items, n_source_users;
    int32_t *source_items; /* [merged items - n_items] their rows in the source */
} merged_state;

extern const pal_kind pal_kind_merged;

static pal_model **merged_parts(const void *params, void *state, int32_t *n) {
    (void)params;
    *n = 1;
    return ((merged_state *)state)->parts;
}

static pal_status merged_part_log(pal_ctx *ctx, const void *params, void *state, const pal_log *log,
                                  const pal_source *source, int32_t i, pal_arena *arena,
                                  const pal_log **out) {
    (void)i;
    merged_state *s = state;
    *out = log;
    if (!source || !((const merged_params *)params)->use_source) return PAL_OK;
    TRY(pal_merged_log_make(ctx, log, source, arena, &s->merged));
    s->n_source_items = source->log->n_items;
    s->n_source_users = source->log->n_users;
    s->source_items = PAL_ARENA_ARRAY(arena, int32_t, s->merged.log.n_items - log->n_items);
    if (!s->source_items) return pal_fail_memory(ctx, "merged", 4.0 * s->n_source_items);
    for (int32_t j = 0; j < s->n_source_items; j++) {
        int32_t row = s->merged.item_rows[j];
        if (row >= log->n_items) s->source_items[row - log->n_items] = j;
    }
    *out = &s->merged.log;
    return PAL_OK;
}

/* --- fit --- */

typedef struct { /* the judge knows the target's rows: it gets the whole, not the part */
    const pal_train_input *train;
    pal_model whole;
    merged_state *state;
} merged_judge;

static double merged_judge_part(void *arg, const pal_model *part) {
    merged_judge *judge = arg;
    judge->state->parts[0] = (pal_model *)(uintptr_t)part;
    double value = judge->train->judge(judge->train->judge_arg, &judge->whole);
    judge->state->parts[0] = NULL;
    return value;
}

static pal_status merged_train(pal_ctx *ctx, const merged_params *p, const pal_train_input *train,
                               const pal_log *log, merged_state *s) {
    merged_judge judge = {.train = train,
                          .state = s,
                          .whole = {.kind = &pal_kind_merged,
                                    .params = (void *)(uintptr_t)p,
                                    .state = s,
                                    .log = train->histories ? train->histories : train->log,
                                    .source = train->source,
                                    .n_seen_items = train->n_seen_items}};
    pal_train_input input = *train;
    if (log != train->log) { /* what describes the target's users and impressions has other rows */
        input.log = log;
        input.histories = NULL;
        input.n_items = input.n_seen_items = log->n_items;
        input.shown = NULL;
        input.searches = NULL;
    }
    input.source = NULL;
    if (train->judge) {
        TRY(pal_model_count_users(ctx, &judge.whole));
        input.judge = merged_judge_part;
        input.judge_arg = &judge;
    }
    pal_model *part = NULL;
    pal_status status = pal_model_train(ctx, p->of, &input, &part);
    s->parts[0] = part;
    pal_arena_release(&judge.whole.arena);
    return status;
}

static pal_status merged_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                             pal_arena *arena, pal_arena *scratch, void *state) {
    (void)scratch;
    const merged_params *p = params;
    merged_state *s = state;
    const pal_log *log;
    s->sizes = PAL_ARENA_ARRAY(arena, int32_t, 2);
    if (!s->sizes) return pal_fail_memory(ctx, "merged", 8);
    TRY(merged_part_log(ctx, params, state, train->log, train->source, 0, arena, &log));
    s->n_items = s->sizes[0] = train->log->n_items;
    s->sizes[1] = log != train->log;
    return merged_train(ctx, p, train, log, s);
}

static pal_status merged_prepare(pal_ctx *ctx, const void *params, pal_arena *arena, void *state) {
    (void)params;
    (void)arena;
    const merged_state *s = state;
    int32_t n_of_part = s->sizes[1] ? s->merged.log.n_items : s->n_items;
    bool fits = s->sizes[1] == (s->merged.log.n_items > 0) && s->sizes[0] == s->n_items &&
                s->parts[0]->log->n_items == n_of_part;
    return fits ? PAL_OK
                : pal_fail(ctx, PAL_EFORMAT,
                           "merged: the model's source does not fit: train the model again");
}

/* --- queries --- */

typedef struct {
    const merged_state *s;
    const pal_query *asked;
    int32_t *items;
    float *values;
    int64_t *times;
    int32_t n;
} merged_history;

static void merged_take(merged_history *h, bool of_source, int32_t e) {
    const pal_query *q = h->asked;
    if (of_source && (q->source_items[e] < 0 || q->source_items[e] >= h->s->n_source_items)) return;
    int32_t n = h->n++;
    h->items[n] = of_source ? h->s->merged.item_rows[q->source_items[e]] : q->items[e];
    if (h->values) h->values[n] = of_source ? q->source_values[e] : q->values[e];
    if (h->times) h->times[n] = of_source ? q->source_times[e] : q->times[e];
}

/* The row of the person in the merged log, plus 1, where his history is still that of training. */
static int32_t merged_user(const merged_state *s, const merged_history *h) {
    const pal_query *q = h->asked;
    const pal_log *log = &s->merged.log;
    int32_t user = q->user_plus_1 - 1;
    if (user < 0 && q->source_user_plus_1 > 0 && q->source_user_plus_1 <= s->n_source_users)
        user = s->merged.user_rows[q->source_user_plus_1 - 1];
    if (user < 0 || log->starts[user + 1] - log->starts[user] != h->n) return 0;
    return !memcmp(log->items + log->starts[user], h->items, (size_t)h->n * sizeof *h->items)
               ? user + 1
               : 0;
}

/* What the part sees. Without memory: the target's history alone. */
static pal_query merged_query(const merged_state *s, const pal_query *asked, pal_arena *arena) {
    int64_t n = (int64_t)asked->n_events + asked->n_source;
    merged_history h = {.s = s, .asked = asked, .items = PAL_ARENA_ARRAY(arena, int32_t, n)};
    bool has_values = s->merged.log.values && (!asked->n_events || asked->values) &&
                      (!asked->n_source || asked->source_values),
         has_times = s->merged.log.times && (!asked->n_events || asked->times) &&
                     (!asked->n_source || asked->source_times);
    if (has_values) h.values = PAL_ARENA_ARRAY(arena, float, n);
    if (has_times) h.times = PAL_ARENA_ARRAY(arena, int64_t, n);
    pal_query query = *asked;
    query.n_source = 0;
    query.user_plus_1 = 0;
    if (!h.items || (has_values && !h.values) || (has_times && !h.times)) return query;
    int32_t a = 0, b = 0;
    while (a < asked->n_events || b < asked->n_source) {
        bool takes_source = b < asked->n_source && (a == asked->n_events || !has_times ||
                                                    asked->source_times[b] <= asked->times[a]);
        merged_take(&h, takes_source, takes_source ? b : a);
        *(takes_source ? &b : &a) += 1;
    }
    query.n_events = h.n;
    query.items = h.items;
    query.values = h.values;
    query.times = h.times;
    query.types = NULL;
    query.user_plus_1 = merged_user(s, &h);
    return query;
}

static bool merged_answers(const void *params, const void *state, const pal_query *query) {
    (void)params;
    const merged_state *s = state;
    for (int32_t e = 0; s->sizes[1] && e < query->n_source; e++) {
        if (query->source_items[e] >= 0 && query->source_items[e] < s->n_source_items) return true;
    }
    return false;
}

static size_t merged_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)params;
    const pal_model *part = ((const merged_state *)state)->parts[0];
    bool is_merged = ((const merged_state *)state)->sizes[1];
    size_t bytes = part->kind->scratch_bytes ? part->kind->scratch_bytes(part->params, part->state,
                                                                         is_merged ? 1 : n_queries)
                                             : 0;
    return is_merged ? bytes + pal_scratch_round((size_t)part->log->n_items * sizeof(float))
                     : bytes;
}

static void merged_score(const void *params, const void *state, const pal_query *queries,
                         int32_t n_queries, void *scratch, float *scores) {
    (void)params;
    const merged_state *s = state;
    const pal_model *part = s->parts[0];
    if (!s->sizes[1]) {
        part->kind->score(part->params, part->state, queries, n_queries, scratch, scores);
        return;
    }
    float *all = scratch;
    char *memory = (char *)scratch + pal_scratch_round((size_t)part->log->n_items * sizeof *all);
    for (int32_t q = 0; q < n_queries; q++) {
        pal_arena arena = {0};
        pal_query query = merged_query(s, &queries[q], &arena);
        part->kind->score(part->params, part->state, &query, 1, memory, all);
        memcpy(scores + (int64_t)q * s->sizes[0], all, (size_t)s->sizes[0] * sizeof *all);
        pal_arena_release(&arena);
    }
}

static int32_t merged_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                              pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    (void)n_users;
    merged_state *s = state;
    s->n_items = n_items;
    tensors[0] = (pal_tensor){.name = "sizes",
                              .dtype = PAL_I32,
                              .n_dims = 1,
                              .dims = {2},
                              .data = (void **)&s->sizes,
                              .role = PAL_ROLE_INDEX,
                              .index_bound = (int64_t)n_items + 1};
    return 1;
}

const pal_kind pal_kind_merged = {
    .name = "merged",
    .family = "transfer",
    .summary = "a kind of one domain, trained on both as if they were one",
    .paper = "Singh, Gordon: Relational learning via collective matrix factorization, KDD 2008 "
             "(whose simplest form it is)",
    .lesson = "what people do in the other domain is worth as much as what they do here",
    .traits = PAL_SCORES_NEW_USERS | PAL_USES_SOURCE | PAL_FITS_MEMORY,
    .params = merged_table,
    .params_size = sizeof(merged_params),
    .state_size = sizeof(merged_state),
    .fit = merged_fit,
    .prepare = merged_prepare,
    .scratch_bytes = merged_scratch_bytes,
    .score = merged_score,
    .tensors = merged_tensors,
    .answers = merged_answers,
    .parts = merged_parts,
    .takes_one_part = true,
    .part_log = merged_part_log,
};
