/* session_knn.c - what was used in sessions like the present one (Jannach and Ludewig 2017;
 * Ludewig and Jannach 2018, "Evaluation of session-based recommendation algorithms").
 *
 * A session is a run of a person's events without a pause of `gap` (0: all of them). The query's
 * session is the last run of its history; its item at place p of n weighs p / n (linear), (p / n)²
 * (quadratic) or 1. Among the `sample` latest sessions with an item in common, the k with the
 * largest s(n) = Σ_{j in both} weight(j) / sqrt(|query| |n|) are neighbours, and score(i) =
 * Σ_n s(n) [i in n]. The session that is the query itself is left out. Cost: no training beyond
 * sorting; a list costs the sessions of its items. Ties: the later session. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "math/topk.h"
#include "models/history.h"
#include "models/rows.h"

typedef enum { SESSION_LINEAR, SESSION_QUADRATIC, SESSION_EQUAL } session_weighting;
static const char *const session_weightings[] = {"linear", "quadratic", "equal", NULL};

typedef struct {
    int64_t k, sample;
    double gap;
    int32_t weighting;
} session_params;

static const pal_param session_table[] = {
    {.name = "k",
     .type = PAL_PARAM_INT,
     .offset = offsetof(session_params, k),
     .initial = "100",
     .min = 1,
     .max = 10000,
     .scale = PAL_LOG,
     .help = "sessions that count"},
    {.name = "sample",
     .type = PAL_PARAM_INT,
     .offset = offsetof(session_params, sample),
     .initial = "1000",
     .min = 1,
     .max = 1000000,
     .scale = PAL_LOG,
     .help = "latest sessions with an item in common that are looked at"},
    {.name = "gap",
     .type = PAL_PARAM_SECONDS,
     .offset = offsetof(session_params, gap),
     .initial = "0",
     .min = 0,
     .max = 3.2e9,
     .help = "pause that ends a session, e.g. 30m; 0: all of a person's events are one session"},
    {.name = "weighting",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(session_params, weighting),
     .choices = session_weightings,
     .help = "how an item's place in the present session weighs"},
    {0},
};

typedef struct {
    int64_t *user_starts; /* [n_users + 1] sessions of each user, in time order */
    int64_t *ends;        /* [n_sessions] seconds of the last event */
    int64_t *starts;      /* [n_sessions + 1] */
    int32_t *items;       /* distinct, ascending in a session */
    int32_t *order;       /* derived: [n_sessions] sessions, the latest first */
    pal_csr by_item;      /* derived: places in that order, of the sessions of each item */
    int32_t n_users, n_items, n_sessions;
} session_state;

/* --- fit --- */

static int session_compare(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static bool session_is_end(const session_params *p, const pal_log *log, int64_t event,
                           int64_t user_end) {
    return event + 1 == user_end || (p->gap > 0 && log->times &&
                                     (double)(log->times[event + 1] - log->times[event]) > p->gap);
}

static pal_status session_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                              pal_arena *arena, pal_arena *scratch, void *state) {
    (void)scratch;
    const session_params *p = params;
    const pal_log *log = train->log;
    session_state *s = state;
    s->n_users = log->n_users;
    s->n_items = log->n_items;
    s->user_starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)log->n_users + 1);
    if (!s->user_starts) return pal_fail_memory(ctx, "session_knn", 8.0 * log->n_users);
    int64_t n = 0, n_items = 0, session = 0;
    for (int32_t u = 0; u < log->n_users; u++) {
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++)
            n += session_is_end(p, log, e, log->starts[u + 1]);
        s->user_starts[u + 1] = n;
    }
    if (n >= INT32_MAX) return pal_fail_memory(ctx, "session_knn", 16.0 * (double)n);
    s->ends = PAL_ARENA_ARRAY(arena, int64_t, n);
    s->starts = PAL_ARENA_ARRAY(arena, int64_t, n + 1);
    s->items = PAL_ARENA_ARRAY(arena, int32_t, log->n_events);
    if (!s->ends || !s->starts || !s->items)
        return pal_fail_memory(ctx, "session_knn", 16.0 * (double)n);
    for (int32_t u = 0; u < log->n_users; u++) {
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++) {
            s->items[n_items++] = log->items[e];
            if (!session_is_end(p, log, e, log->starts[u + 1])) continue;
            int64_t begin = s->starts[session], kept = begin;
            qsort(s->items + begin, (size_t)(n_items - begin), sizeof *s->items, session_compare);
            for (int64_t i = begin; i < n_items; i++) {
                if (kept == begin || s->items[kept - 1] != s->items[i])
                    s->items[kept++] = s->items[i];
            }
            n_items = kept;
            s->ends[session] = log->times ? log->times[e] : 0;
            s->starts[++session] = n_items;
        }
    }
    ctx->multiply_adds += (double)log->n_events;
    return PAL_OK;
}

typedef struct {
    int64_t end;
    int32_t session;
} session_order;

static int session_compare_ends(const void *a, const void *b) {
    const session_order *x = a, *y = b;
    if (x->end != y->end) return x->end > y->end ? -1 : 1;
    return (x->session > y->session) - (x->session < y->session);
}

/* Sessions by their ends, and those of each item in that order. */
static pal_status session_prepare(pal_ctx *ctx, const void *params, pal_arena *arena, void *state) {
    (void)params;
    session_state *s = state;
    int64_t n = s->user_starts[s->n_users], n_pairs = s->starts[n];
    pal_arena scratch = {0};
    session_order *order = PAL_ARENA_ARRAY(&scratch, session_order, n);
    int64_t *starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)s->n_items + 1);
    int32_t *cols = PAL_ARENA_ARRAY(arena, int32_t, n_pairs);
    s->order = PAL_ARENA_ARRAY(arena, int32_t, n);
    s->n_sessions = (int32_t)n;
    if (!order || !starts || !cols || !s->order) {
        pal_arena_release(&scratch);
        return pal_fail_memory(ctx, "session_knn", 16.0 * (double)n_pairs);
    }
    for (int32_t i = 0; i < n; i++) order[i] = (session_order){s->ends[i], i};
    qsort(order, (size_t)n, sizeof *order, session_compare_ends);
    for (int64_t e = 0; e < n_pairs; e++) starts[s->items[e] + 1]++;
    for (int32_t i = 0; i < s->n_items; i++) starts[i + 1] += starts[i];
    for (int32_t r = 0; r < n; r++) {
        int32_t session = order[r].session;
        s->order[r] = session;
        for (int64_t e = s->starts[session]; e < s->starts[session + 1]; e++)
            cols[starts[s->items[e]]++] = r;
    }
    for (int32_t i = s->n_items; i > 0; i--) starts[i] = starts[i - 1];
    starts[0] = 0;
    s->by_item =
        (pal_csr){.n_rows = s->n_items, .n_cols = (int32_t)n, .starts = starts, .cols = cols};
    pal_arena_release(&scratch);
    return PAL_OK;
}

/* --- the query's session and its neighbours --- */

typedef struct {
    float *weights;      /* [n_items] of the query's items */
    float *similarities; /* [n_sessions] zero between queries */
    int32_t *met;        /* [n_sessions] sessions with an item in common */
    int32_t *neighbours; /* [k] */
    float *values;       /* [k] */
} session_scratch;

static size_t session_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)n_queries;
    const session_state *s = state;
    return pal_history_bytes(s->n_items) + pal_scratch_round((size_t)s->n_items * 4) +
           2 * pal_scratch_round((size_t)s->n_sessions * 4) +
           2 * pal_scratch_round((size_t)((const session_params *)params)->k * 4);
}

static session_scratch session_cut(const session_params *p, const session_state *s, void *scratch) {
    char *at = (char *)scratch + pal_history_bytes(s->n_items);
    size_t items = pal_scratch_round((size_t)s->n_items * 4),
           sessions = pal_scratch_round((size_t)s->n_sessions * 4),
           k = pal_scratch_round((size_t)p->k * 4);
    return (session_scratch){.weights = (float *)(void *)at,
                             .similarities = (float *)(void *)(at + items),
                             .met = (int32_t *)(void *)(at + items + sessions),
                             .neighbours = (int32_t *)(void *)(at + items + 2 * sessions),
                             .values = (float *)(void *)(at + items + 2 * sessions + k)};
}

/* The last run of the history without a pause. */
static pal_query session_present(const session_params *p, const pal_query *query) {
    pal_query present = *query;
    int32_t first = query->n_events;
    while (first > 0 && (first == query->n_events || p->gap <= 0 || !query->times ||
                         (double)(query->times[first] - query->times[first - 1]) <= p->gap))
        first--;
    present.items += present.items ? first : 0;
    present.n_events -= first;
    return present;
}

static float session_place_weight(const session_params *p, int32_t place, int32_t n) {
    float share = (float)(place + 1) / (float)n;
    return p->weighting == SESSION_EQUAL    ? 1
           : p->weighting == SESSION_LINEAR ? share
                                            : share * share;
}

/* Similarities of the neighbours of the present session into c->neighbours (places in the order)
 * and c->values; returns how many. */
static int32_t session_find(const session_params *p, const session_state *s, const pal_query *query,
                            const int32_t *history, int32_t n, session_scratch *c) {
    int32_t n_met = 0;
    for (int32_t h = 0; h < n; h++) {
        int32_t item = history[h];
        for (int64_t e = s->by_item.starts[item]; e < s->by_item.starts[item + 1]; e++) {
            int32_t at = s->by_item.cols[e];
            if (c->similarities[at] == 0) c->met[n_met++] = at;
            c->similarities[at] += c->weights[item];
        }
    }
    qsort(c->met, (size_t)n_met, sizeof *c->met, session_compare);
    int32_t own = -1;
    if (query->user_plus_1 && s->user_starts[query->user_plus_1] > 0)
        own = (int32_t)s->user_starts[query->user_plus_1] - 1;
    pal_topk top;
    pal_topk_start(&top, (int32_t)p->k, c->neighbours, c->values);
    int64_t n_looked = 0;
    for (int32_t i = 0; i < n_met; i++) {
        int32_t at = c->met[i], session = s->order[at];
        float dot = c->similarities[at];
        c->similarities[at] = 0;
        if (session == own || n_looked == p->sample) continue;
        n_looked++;
        float length = (float)(s->starts[session + 1] - s->starts[session]);
        float similarity = dot / sqrtf((float)n * length);
        if (similarity > pal_topk_threshold(&top)) pal_topk_add(&top, at, similarity);
    }
    return pal_topk_finish(&top);
}

/* Weights of the present session's items, the newest use counting; its distinct items. */
static int32_t session_start(const session_params *p, const session_state *s,
                             const pal_query *query, void *scratch, session_scratch *c,
                             const int32_t **history) {
    pal_query present = session_present(p, query);
    for (int32_t e = 0; e < present.n_events; e++)
        c->weights[present.items[e]] = session_place_weight(p, e, present.n_events);
    return pal_history_distinct(&present, s->n_items, scratch, history);
}

static void session_score(const void *params, const void *state, const pal_query *queries,
                          int32_t n_queries, void *scratch, float *scores) {
    const session_state *s = state;
    session_scratch c = session_cut(params, s, scratch);
    for (int32_t q = 0; q < n_queries; q++) {
        const int32_t *history;
        int32_t n = session_start(params, s, &queries[q], scratch, &c, &history);
        int32_t n_neighbours = session_find(params, s, &queries[q], history, n, &c);
        float *row = scores + (int64_t)q * s->n_items;
        memset(row, 0, (size_t)s->n_items * sizeof *row);
        for (int32_t v = 0; v < n_neighbours; v++) {
            int32_t session = s->order[c.neighbours[v]];
            for (int64_t e = s->starts[session]; e < s->starts[session + 1]; e++)
                row[s->items[e]] += c.values[v];
        }
    }
}

static bool session_holds(const session_state *s, int32_t session, int32_t item) {
    return pal_row_find(s->items, s->starts[session], s->starts[session + 1], item) >= 0;
}

/* A neighbour's say is divided among the items that make it one, by their weights. */
static int32_t session_explain(const void *params, const void *state, const pal_query *query,
                               int32_t item, void *scratch, pal_reason *reasons) {
    const session_state *s = state;
    session_scratch c = session_cut(params, s, scratch);
    const int32_t *history;
    int32_t n = session_start(params, s, query, scratch, &c, &history);
    int32_t n_neighbours = session_find(params, s, query, history, n, &c);
    for (int32_t h = 0; h < n; h++) reasons[h] = (pal_reason){.item = history[h]};
    for (int32_t v = 0; v < n_neighbours; v++) {
        int32_t session = s->order[c.neighbours[v]];
        if (!session_holds(s, session, item)) continue;
        double total = 0;
        for (int32_t h = 0; h < n; h++)
            total += session_holds(s, session, history[h]) ? (double)c.weights[history[h]] : 0;
        for (int32_t h = 0; h < n; h++) {
            if (session_holds(s, session, history[h]))
                reasons[h].amount += (double)c.values[v] * (double)c.weights[history[h]] / total;
        }
    }
    return n;
}

static int32_t session_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                               pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    session_state *s = state;
    s->n_users = n_users;
    s->n_items = n_items;
    tensors[0] = (pal_tensor){.name = "user_starts",
                              .dtype = PAL_I64,
                              .n_dims = 1,
                              .dims = {(int64_t)n_users + 1},
                              .data = (void **)&s->user_starts,
                              .role = PAL_ROLE_STARTS};
    tensors[1] = (pal_tensor){
        .name = "ends", .dtype = PAL_I64, .n_dims = 1, .dims = {-1}, .data = (void **)&s->ends};
    tensors[2] = (pal_tensor){.name = "starts",
                              .dtype = PAL_I64,
                              .n_dims = 1,
                              .dims = {-2},
                              .data = (void **)&s->starts,
                              .role = PAL_ROLE_STARTS};
    tensors[3] = (pal_tensor){.name = "items",
                              .dtype = PAL_I32,
                              .n_dims = 1,
                              .dims = {-1},
                              .data = (void **)&s->items,
                              .role = PAL_ROLE_INDEX,
                              .index_bound = n_items};
    return 4;
}

const pal_kind pal_kind_session_knn = {
    .name = "session_knn",
    .family = "collaborative",
    .summary = "what was used in sessions like the present one",
    .paper = "Ludewig, Jannach: Evaluation of session-based recommendation algorithms, User "
             "Modeling and User-Adapted Interaction 2018",
    .represents = "the items of the present session | the sessions that hold it",
    .traits = PAL_SCORES_NEW_USERS | PAL_USES_ORDER | PAL_IGNORES_WEIGHTS,
    .params = session_table,
    .params_size = sizeof(session_params),
    .state_size = sizeof(session_state),
    .fit = session_fit,
    .prepare = session_prepare,
    .scratch_bytes = session_scratch_bytes,
    .score = session_score,
    .tensors = session_tensors,
    .explain = session_explain,
};
