/* cold_map.c - als for what was used, a map from features to its rows for what was not (Gantner,
 * Drumond, Freudenthaler, Rendle, Schmidt-Thieme 2010, "Learning attribute-to-feature mappings for
 * cold-start recommendations"; the use beside own rows as in Volkovs, Yu, Poutanen 2017,
 * "DropoutNet").
 *
 * als learns rows V_i and U_u. What the catalog says of an item (transfer/item_matrix.h: tokens,
 * sets, numbers, words, vectors) is mapped to V_i by ridge (transfer/sparse_map.h), each item
 * weighed n / (n + half) by the n people who used it; profiles are mapped to U_u alike. An item
 * that nobody used has the row that its features foretell, one of few uses a mixture with `few`. A
 * person with a profile is als's row with the foretold one as the mean that it is pulled to
 * (transfer/toward.h): the foretold one itself for somebody without a history.
 * score(u, i) = x_u·V_i. Cost: als, 400 passes of 2 k multiply-adds over the features; a list as
 * als's. */
#include <math.h>
#include <string.h>

#include "models/explain.h"
#include "models/history.h"
#include "models/new_items.h"
#include "models/panels.h"
#include "models/train.h"
#include "models/training_rows.h"
#include "models/transfer/item_matrix.h"
#include "models/transfer/profile.h"
#include "models/transfer/sparse_map.h"
#include "models/transfer/toward.h"

typedef struct {
    const char *of;
    double half, few, trust;
} cold_params;

static const pal_param cold_table[] = {
    {.name = "of",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(cold_params, of),
     .initial = "als",
     .value_name = "SPEC",
     .help = "what learns the rows: als, with options cold_map(als factors=64)"},
    PAL_ROW(cold_params, half, PAL_PARAM_REAL, "5", 0, 1e6, PAL_LINEAR,
            "uses with which an item or a person counts half in learning the map; 0: all alike"),
    PAL_ROW(cold_params, few, PAL_PARAM_REAL, "0", 0, 1e6, PAL_LINEAR,
            "uses with which an item's own row counts as much as the one that its features "
            "foretell; 0: what was used has its own row alone"),
    PAL_ROW(cold_params, trust, PAL_PARAM_REAL, "1", 1e-3, 1e6, PAL_LOG,
            "how strongly a person's row is held where his profile foretells it, in terms of als's "
            "l2"),
    {0},
};

typedef struct {
    pal_model *parts[1]; /* als of the items with events */
    float *items;        /* [n_items, k] */
    float *people;       /* [n_users, k] */
    pal_profile profile; /* of n features */
    float *user_map;     /* [n + 1, k] constants first */
    /* derived */
    pal_als_side side; /* with all items */
    float *padded, *panels;
    pal_packed packed;
    int32_t n_items;
} cold_state;

static pal_model **cold_parts(const void *params, void *state, int32_t *n) {
    (void)params;
    *n = 1;
    return ((cold_state *)state)->parts;
}

/* --- people --- */

typedef struct { /* of one thread */
    pal_toward_room solve;
    float *users;     /* [n_queries, width] */
    float *guess, *v; /* [width] */
    float *amounts;   /* [n_items] */
    int32_t *features;
    float *values; /* [features of a profile] */
} cold_room;

static size_t cold_cut(const cold_state *s, int32_t n_queries, void *memory, cold_room *out) {
    size_t width = (size_t)s->side.width, n = (size_t)s->profile.range[1],
           sizes[] = {(size_t)n_queries * width, width, width, (size_t)s->side.n_items, n, n};
    cold_room unused, *room = out ? out : &unused;
    void *parts[6];
    size_t at = pal_toward_cut(&s->side, memory, &room->solve);
    at = pal_scratch_cut(memory, at, sizes, 6, parts);
    room->users = parts[0];
    room->guess = parts[1];
    room->v = parts[2];
    room->amounts = parts[3];
    room->features = parts[4];
    room->values = parts[5];
    return at;
}

/* What the profile foretells, in room->guess; returns how many features it has, 0: none. */
static int32_t cold_guess(const cold_state *s, const pal_query *query, const cold_room *room) {
    int32_t n = pal_profile_encode(&s->profile, query, room->features, room->values);
    if (n == 0) return 0;
    memset(room->guess, 0, (size_t)s->side.width * sizeof *room->guess);
    pal_sparse_apply(s->user_map, s->side.n_factors, room->features, room->values, n, room->guess);
    return n;
}

static bool cold_is_trained(const cold_state *s, const pal_query *query) {
    return query->user_plus_1 > 0 && query->user_plus_1 <= s->side.n_users;
}

/* user [width]: the trained row, or one solved from the history and what the profile foretells. */
static void cold_person(const cold_params *p, const cold_state *s, const pal_query *query,
                        const cold_room *room, float *user) {
    int32_t k = s->side.n_factors;
    if (cold_is_trained(s, query)) {
        memset(user, 0, (size_t)s->side.width * sizeof *user);
        memcpy(user, s->people + (int64_t)(query->user_plus_1 - 1) * k, (size_t)k * sizeof *user);
        return;
    }
    bool has_guess = cold_guess(s, query, room) > 0;
    const int32_t *items;
    int32_t n = pal_history_distinct(query, s->side.n_items, room->solve.history, &items);
    pal_toward_solve(&s->side, has_guess ? p->trust : 1, items, n, NULL,
                     has_guess ? room->guess : NULL, &room->solve, user);
}

/* --- fit --- */

typedef struct {
    pal_ctx *ctx;
    const cold_params *p;
    cold_state *s;
    pal_arena *scratch;
    pal_csr pairs, by_item;  /* of the items with events */
    pal_csr features, cells; /* of items, of users */
    char *rooms;             /* [workers, room_bytes] */
    size_t room_bytes;
} cold_job;

/* Mean squares of the columns of rows [n, k]: how much an error in each counts, since it meets
 * them. */
static void cold_importance(const float *rows, int64_t n, int32_t k, float *out) {
    for (int32_t f = 0; f < k; f++) {
        double sum = 0;
        for (int64_t r = 0; r < n; r++) sum += (double)rows[r * k + f] * (double)rows[r * k + f];
        out[f] = (float)(sum / (double)(n > 0 ? n : 1));
    }
}

/* The map from features to the rows of the side whose pairs `used` counts. */
static pal_status cold_learn_map(cold_job *job, const pal_csr *features, const pal_csr *used,
                                 const float *rows, const float *others, int64_t n_others,
                                 const char *of, float *map) {
    int32_t k = job->s->side.n_factors;
    float *weights = PAL_ARENA_ARRAY(job->scratch, float, used->n_rows),
          *importance = PAL_ARENA_ARRAY(job->scratch, float, k);
    if (!weights || !importance) return pal_fail_memory(job->ctx, "cold_map", 4.0 * used->n_rows);
    for (int32_t r = 0; r < used->n_rows; r++) {
        double n = (double)(used->starts[r + 1] - used->starts[r]);
        weights[r] = n > 0 ? (float)(n / (n + job->p->half)) : 0;
    }
    cold_importance(others, n_others, k, importance);
    const pal_sparse_rows input = {.from = features,
                                   .n = used->n_rows,
                                   .n_to = k,
                                   .to = rows,
                                   .weights = weights,
                                   .importance = importance};
    pal_sparse_fit found;
    TRY(pal_sparse_map(job->ctx, "cold_map", &input, job->scratch, map, &found));
    pal_note(job->ctx, PAL_NOTICE_INFO,
             "cold_map: %d features of %s foretell %.1f %% of the rows of those left out",
             (int)features->n_cols, of, 100 * found.explained);
    return PAL_OK;
}

static void cold_fill_items(const cold_job *job, const float *map) {
    cold_state *s = job->s;
    int32_t k = s->side.n_factors;
    for (int64_t i = 0; i < s->n_items; i++) {
        double n = i < job->by_item.n_rows
                       ? (double)(job->by_item.starts[i + 1] - job->by_item.starts[i])
                       : 0;
        double own = n <= 0 ? 0 : n / (n + job->p->few);
        int64_t begin = job->features.starts[i];
        float *row = s->items + i * k;
        pal_sparse_apply(map, k, job->features.cols + begin, job->features.values + begin,
                         job->features.starts[i + 1] - begin, row);
        for (int32_t f = 0; f < k; f++) {
            double als = own > 0 ? (double)s->side.items[i * s->side.width + f] : 0;
            row[f] = (float)(own * als + (1 - own) * (double)row[f]);
        }
    }
}

enum { COLD_ROWS = 16 }; /* people of a chunk */

static void cold_solve_people(void *arg, int64_t chunk, int32_t worker) {
    const cold_job *job = arg;
    cold_state *s = job->s;
    int32_t k = s->side.n_factors;
    cold_room room;
    cold_cut(s, 1, job->rooms + (size_t)worker * job->room_bytes, &room);
    for (int64_t u = chunk * COLD_ROWS; u < (chunk + 1) * COLD_ROWS && u < s->side.n_users; u++) {
        int64_t begin = job->cells.starts[u], n = job->cells.starts[u + 1] - begin,
                first = job->pairs.starts[u];
        if (n == 0) continue;
        memset(room.guess, 0, (size_t)s->side.width * sizeof *room.guess);
        pal_sparse_apply(s->user_map, k, job->cells.cols + begin, job->cells.values + begin, n,
                         room.guess);
        pal_toward_solve(&s->side, job->p->trust, job->pairs.cols + first,
                         (int32_t)(job->pairs.starts[u + 1] - first),
                         job->pairs.values ? job->pairs.values + first : NULL, room.guess,
                         &room.solve, room.users);
        memcpy(s->people + u * k, room.users, (size_t)k * sizeof *room.users);
    }
}

static pal_status cold_derive(pal_ctx *ctx, pal_arena *arena, cold_state *s);

static pal_status cold_learn_people(cold_job *job, const pal_train_input *train, pal_arena *arena) {
    cold_state *s = job->s;
    int64_t k = s->side.n_factors, n_workers = pal_pool_threads(job->ctx->pool);
    TRY(pal_profile_fit(job->ctx, "cold_map", train->users, train->log, arena, job->scratch,
                        &s->profile, &job->cells));
    s->user_map = PAL_ARENA_ARRAY(arena, float, (s->profile.range[1] + 1) * k);
    if (!s->user_map) return pal_fail_memory(job->ctx, "cold_map", 4.0 * (double)k);
    memcpy(s->people, s->side.users, (size_t)(s->side.n_users * k) * sizeof *s->people);
    TRY(cold_derive(job->ctx, arena, s));
    if (s->profile.range[1] == 0) return PAL_OK;
    TRY(cold_learn_map(job, &job->cells, &job->pairs, s->people, s->items, s->n_items, "people",
                       s->user_map));
    job->room_bytes = cold_cut(s, 1, NULL, NULL);
    job->rooms = pal_arena_alloc(job->scratch, n_workers, job->room_bytes);
    if (!job->rooms) return pal_fail_memory(job->ctx, "cold_map", (double)job->room_bytes);
    int64_t n_chunks = ((int64_t)s->side.n_users + COLD_ROWS - 1) / COLD_ROWS;
    pal_parallel(job->ctx->pool, n_chunks, cold_solve_people, job);
    return pal_check_cancelled(job->ctx);
}

static pal_status cold_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                           pal_arena *arena, pal_arena *scratch, void *state) {
    const cold_params *p = params;
    cold_state *s = state;
    cold_job job = {.ctx = ctx, .p = p, .s = s, .scratch = scratch};
    TRY(pal_item_matrix(ctx, "cold_map", train, scratch, &job.features));
    TRY(pal_model_train(ctx, p->of, train, &s->parts[0]));
    TRY(pal_als_side_of(ctx, "cold_map", s->parts[0], arena, &s->side));
    int64_t k = s->side.n_factors, n_seen = s->side.n_items;
    s->n_items = train->n_items;
    s->items = PAL_ARENA_ARRAY(arena, float, s->n_items *k);
    s->people = PAL_ARENA_ARRAY(arena, float, s->side.n_users *k);
    float *map = PAL_ARENA_ARRAY(scratch, float, (job.features.n_cols + 1) * k),
          *rows = PAL_ARENA_ARRAY(scratch, float, n_seen *k);
    const pal_log *log = pal_log_with_items(train->log, (int32_t)n_seen, scratch);
    if (!s->items || !s->people || !map || !rows || !log)
        return pal_fail_memory(ctx, "cold_map", 8.0 * (double)(s->n_items * k));
    TRY(pal_log_pairs(ctx, log, UINT32_MAX, scratch, &job.pairs));
    if (!pal_csr_transpose(&job.pairs, scratch, &job.by_item))
        return pal_fail_memory(ctx, "cold_map", 8.0 * (double)train->log->n_events);
    for (int64_t i = 0; i < n_seen; i++)
        memcpy(rows + i * k, s->side.items + i * s->side.width, (size_t)k * sizeof *rows);
    TRY(cold_learn_map(&job, &job.features, &job.by_item, rows, s->side.users, s->side.n_users,
                       "items", map));
    cold_fill_items(&job, map);
    return cold_learn_people(&job, train, arena);
}

/* --- files --- */

static int32_t cold_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                            pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    cold_state *s = state;
    s->n_items = n_items;
    const pal_param *factors = pal_param_find(s->parts[0]->kind->params, "factors");
    int64_t k = 0;
    if (factors) memcpy(&k, (const char *)s->parts[0]->params + factors->offset, sizeof k);
    tensors[0] = pal_float_rows("items", &s->items, n_items, k, PAL_ROLE_ITEMS, NULL);
    tensors[1] = pal_float_rows("users", &s->people, n_users, k, PAL_ROLE_USERS, NULL);
    int32_t n = 2 + pal_profile_tensors(&s->profile, tensors + 2);
    /* Directly after profile_range, one row more than which it has. */
    memmove(tensors + 4, tensors + 3, (size_t)(n - 3) * sizeof *tensors);
    tensors[3] = pal_float_rows("user_map", &s->user_map, -2, k, PAL_ROLE_DATA, NULL);
    return n + 1;
}

/* als's side with the rows of all items. */
static pal_status cold_derive(pal_ctx *ctx, pal_arena *arena, cold_state *s) {
    int64_t k = s->side.n_factors, width = s->side.width;
    s->padded = k == width ? s->items : PAL_ARENA_ARRAY(arena, float, s->n_items *width);
    if (!s->padded) return pal_fail_memory(ctx, "cold_map", 4.0 * (double)(s->n_items * width));
    for (int64_t i = 0; k != width && i < s->n_items; i++)
        memcpy(s->padded + i * width, s->items + i * k, (size_t)k * sizeof *s->items);
    s->side.n_items = s->n_items;
    s->side.items = s->padded;
    return PAL_OK;
}

static pal_status cold_prepare(pal_ctx *ctx, const void *params, pal_arena *arena, void *state) {
    (void)params;
    cold_state *s = state;
    if (!pal_profile_is_valid(&s->profile))
        return pal_fail(ctx, PAL_EFORMAT,
                        "cold_map: the model's profiles do not fit each other: train it again");
    TRY(pal_als_side_of(ctx, "cold_map", s->parts[0], arena, &s->side));
    TRY(cold_derive(ctx, arena, s));
    return pal_panels_pack(ctx, "cold_map", s->padded, s->n_items, s->side.width, arena, &s->panels,
                           &s->packed);
}

/* --- score, explain --- */

static size_t cold_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)params;
    return cold_cut(state, n_queries, NULL, NULL);
}

static void cold_score(const void *params, const void *state, const pal_query *queries,
                       int32_t n_queries, void *memory, float *scores) {
    const cold_state *s = state;
    cold_room room;
    cold_cut(s, n_queries, memory, &room);
    for (int32_t q = 0; q < n_queries; q++)
        cold_person(params, s, &queries[q], &room, room.users + (int64_t)q * s->side.width);
    pal_panels_score(&s->packed, room.users, n_queries, NULL, scores);
}

static bool cold_answers(const void *params, const void *state, const pal_query *query) {
    (void)params;
    const cold_state *s = state;
    return pal_profile_answers(&s->profile, query);
}

enum { COLD_CELLS = PAL_REASONS_MORE - 3 }; /* of a profile that are named one by one */

/* The profile's share of a score is guess·rest, a part for each of its features. */
static int32_t cold_explain_profile(const cold_state *s, const cold_room *room, int32_t n_features,
                                    pal_reason *reasons) {
    int32_t k = s->side.n_factors, n = 0;
    double others = 0, constant = 0;
    for (int32_t t = 0; t < k; t++) constant += (double)s->user_map[t] * (double)room->v[t];
    for (int32_t e = 0; e < n_features; e++) {
        const float *row = s->user_map + (int64_t)(room->features[e] + 1) * k;
        double sum = 0;
        for (int32_t t = 0; t < k; t++) sum += (double)row[t] * (double)room->v[t];
        const pal_reason reason = {.item = -1,
                                   .what = pal_profile_name(&s->profile, room->features[e]),
                                   .amount = sum * (double)room->values[e]};
        n = pal_reasons_add(reasons, n, COLD_CELLS, reason, &others);
    }
    if (others > 0 || others < 0)
        reasons[n++] =
            (pal_reason){.item = -1, .what = "the rest of the profile", .amount = others};
    reasons[n++] = (pal_reason){
        .item = -1, .what = "what people with a profile like in general", .amount = constant};
    return n;
}

static int32_t cold_explain(const void *params, const void *state, const pal_query *query,
                            int32_t item, void *memory, pal_reason *reasons) {
    const cold_params *p = params;
    const cold_state *s = state;
    cold_room room;
    cold_cut(s, 1, memory, &room);
    cold_person(p, s, query, &room, room.users);
    const float *v = s->side.items + (int64_t)item * s->side.width;
    double left = 0;
    for (int32_t f = 0; f < s->side.width; f++) left += (double)room.users[f] * (double)v[f];
    int32_t n_features = cold_guess(s, query, &room);
    const int32_t *items;
    int32_t n = pal_history_distinct(query, s->side.n_items, room.solve.history, &items);
    pal_toward_explain(&s->side, n_features ? p->trust : 1, items, n, v, &room.solve, room.amounts,
                       room.v);
    for (int32_t e = 0; e < n; e++)
        reasons[e] = (pal_reason){.item = items[e], .amount = (double)room.amounts[e]};
    if (n_features) n += cold_explain_profile(s, &room, n_features, reasons + n);
    for (int32_t e = 0; e < n; e++) left -= reasons[e].amount;
    if (fabs(left) > 1e-5) /* a row trained with event weights, or with another profile */
        reasons[n++] =
            (pal_reason){.item = -1, .what = "what training weighed otherwise", .amount = left};
    return n;
}

static void cold_estimate(const void *params, const pal_log *log, int32_t n_threads,
                          pal_estimate *out) {
    pal_kind_estimate_spec(((const cold_params *)params)->of, log, n_threads, out);
}

const pal_kind pal_kind_cold_map = {
    .name = "cold_map",
    .family = "transfer",
    .summary = "als, and maps from features to its rows, for items and people without a history",
    .paper = "Gantner, Drumond, Freudenthaler, Rendle, Schmidt-Thieme: Learning "
             "attribute-to-feature mappings for cold-start recommendations, ICDM 2010; Volkovs, "
             "Yu, Poutanen: DropoutNet: addressing cold start in recommender systems, NeurIPS 2017",
    .lesson = "who uses what is foretold by what is known of items, so that new ones can be shown "
              "to the right people from the first day",
    .represents = "a row of numbers, solved from the items used and foretold by the profile | a "
                  "row of numbers, foretold by its features where nobody used it",
    .traits = PAL_SCORES_NEW_USERS | PAL_IS_STOCHASTIC | PAL_SCORES_NEW_ITEMS | PAL_NEEDS_CATALOG |
              PAL_READS_PROFILES,
    .params = cold_table,
    .params_size = sizeof(cold_params),
    .state_size = sizeof(cold_state),
    .fit = cold_fit,
    .prepare = cold_prepare,
    .scratch_bytes = cold_scratch_bytes,
    .score = cold_score,
    .tensors = cold_tensors,
    .explain = cold_explain,
    .answers = cold_answers,
    .parts = cold_parts,
    .takes_one_part = true,
    .estimate = cold_estimate,
};
