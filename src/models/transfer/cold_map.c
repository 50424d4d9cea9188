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
#include "models/profile_code.h"
#include "models/train.h"
#include "models/training_rows.h"
#include "models/transfer/item_matrix.h"
#include "models/transfer/sparse_map.h"
#include "models/transfer/toward.h"
#include "represent/attributes.h"

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
    pal_profile_code code;
    float *constants, *profiles; /* [k], [features of code, k] the map from profiles */
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
} cold_room;

static size_t cold_cut(const cold_state *s, int32_t n_queries, void *memory, cold_room *out) {
    size_t width = (size_t)s->side.width,
           sizes[] = {(size_t)n_queries * width, width, width, (size_t)s->side.n_items};
    cold_room unused, *room = out ? out : &unused;
    void *parts[4];
    size_t at = pal_toward_cut(&s->side, memory, &room->solve);
    at = pal_scratch_cut(memory, at, sizes, 4, parts);
    room->users = parts[0];
    room->guess = parts[1];
    room->v = parts[2];
    room->amounts = parts[3];
    return at;
}

typedef struct {
    const cold_state *s;
    float *guess;
} cold_cells;

static void cold_add_cell(void *arg, int32_t field, int32_t feature, float weight) {
    (void)field;
    const cold_cells *cells = arg;
    int32_t k = cells->s->side.n_factors;
    const float *row = cells->s->profiles + (int64_t)feature * k;
    for (int32_t f = 0; f < k; f++) cells->guess[f] += weight * row[f];
}

/* What the profile foretells, in room->guess; false: nothing that is told is known. */
static bool cold_guess(const cold_state *s, const pal_query *query, const cold_room *room) {
    if (!pal_profile_answers(&s->code, query)) return false;
    cold_cells cells = {s, room->guess};
    memset(room->guess, 0, (size_t)s->side.width * sizeof *room->guess);
    memcpy(room->guess, s->constants, (size_t)s->side.n_factors * sizeof *room->guess);
    pal_profile_each(&s->code, query, cold_add_cell, &cells);
    return true;
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
    bool has_guess = cold_guess(s, query, room);
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
    float *user_map;         /* [features of users + 1, k] constants first */
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
        pal_sparse_apply(job->user_map, k, job->cells.cols + begin, job->cells.values + begin, n,
                         room.guess);
        pal_toward_solve(&s->side, job->p->trust, job->pairs.cols + first,
                         (int32_t)(job->pairs.starts[u + 1] - first),
                         job->pairs.values ? job->pairs.values + first : NULL, room.guess,
                         &room.solve, room.users);
        memcpy(s->people + u * k, room.users, (size_t)k * sizeof *room.users);
    }
}

static pal_status cold_derive(pal_ctx *ctx, pal_arena *arena, cold_state *s);

/* The fields of users as a matrix; of users who have no row in the table it has an empty one. */
static pal_status cold_list_cells(cold_job *job, const pal_train_input *train, pal_fields *fields) {
    const pal_log *log = train->log;
    int32_t n = log->n_users;
    TRY(pal_fields_make(job->ctx, train->users, log->about.user_ids, n, n, job->scratch, fields));
    int32_t *rows =
        train->users ? pal_catalog_rows(train->users, log->about.user_ids, n, job->scratch) : NULL;
    int64_t *starts = PAL_ARENA_ARRAY(job->scratch, int64_t, (int64_t)n + 1);
    int64_t most = fields->n_fields ? fields->starts[(int64_t)n * fields->n_fields] : 0;
    int32_t *cols = PAL_ARENA_ARRAY(job->scratch, int32_t, most);
    float *values = PAL_ARENA_ARRAY(job->scratch, float, most);
    if ((train->users && !rows) || !starts || !cols || !values)
        return pal_fail_memory(job->ctx, "cold_map", 8.0 * (double)most);
    for (int32_t u = 0; u < n; u++) {
        const int32_t *features;
        const float *weights;
        bool is_known = fields->n_fields && rows[u] >= 0;
        int32_t n_entries = is_known ? pal_fields_all(fields, u, &features, &weights) : 0;
        for (int32_t e = 0; e < n_entries; e++) {
            cols[starts[u] + e] = features[e];
            values[starts[u] + e] = weights[e];
        }
        starts[u + 1] = starts[u] + n_entries;
    }
    job->cells = (pal_csr){.n_rows = n,
                           .n_cols = fields->n_features,
                           .starts = starts,
                           .cols = cols,
                           .values = values};
    return PAL_OK;
}

static pal_status cold_learn_people(cold_job *job, const pal_train_input *train, pal_arena *arena) {
    cold_state *s = job->s;
    int64_t k = s->side.n_factors, n_workers = pal_pool_threads(job->ctx->pool);
    pal_fields fields;
    TRY(cold_list_cells(job, train, &fields));
    TRY(pal_profile_code_keep(job->ctx, "cold_map", &fields, arena, &s->code));
    s->constants = PAL_ARENA_ARRAY(arena, float, k);
    s->profiles = PAL_ARENA_ARRAY(arena, float, fields.n_features *k);
    job->user_map = PAL_ARENA_ARRAY(job->scratch, float, (fields.n_features + INT64_C(1)) * k);
    if (!s->constants || !s->profiles || !job->user_map)
        return pal_fail_memory(job->ctx, "cold_map", 8.0 * (double)(fields.n_features * k));
    memcpy(s->people, s->side.users, (size_t)(s->side.n_users * k) * sizeof *s->people);
    TRY(cold_derive(job->ctx, arena, s));
    if (fields.n_fields == 0) return PAL_OK;
    TRY(cold_learn_map(job, &job->cells, &job->pairs, s->people, s->items, s->n_items, "people",
                       job->user_map));
    memcpy(s->constants, job->user_map, (size_t)k * sizeof *s->constants);
    memcpy(s->profiles, job->user_map + k, (size_t)(fields.n_features * k) * sizeof *s->profiles);
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
    tensors[2] = pal_floats("constants", &s->constants, k);
    return 3 + pal_profile_code_tensors(&s->code, &s->profiles, k, tensors + 3);
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
    TRY(pal_profile_code_prepare(ctx, "cold_map", arena, &s->code));
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
    return pal_profile_answers(&s->code, query);
}

static const pal_profile_code *cold_profiles(const void *state) {
    return &((const cold_state *)state)->code;
}

enum { COLD_CELLS = PAL_REASONS_MORE - 3 }; /* of a profile that are named one by one */

typedef struct {
    const cold_state *s;
    const float *rest; /* what of the item's row is left to the guess */
    pal_reason *reasons;
    int32_t n;
    double others; /* what the columns that are not told, and the weakest cells, add */
} cold_reasons;

static void cold_explain_cell(void *arg, int32_t field, int32_t feature, float weight) {
    cold_reasons *r = arg;
    int32_t k = r->s->side.n_factors;
    const float *row = r->s->profiles + (int64_t)feature * k;
    double sum = 0;
    for (int32_t t = 0; t < k; t++) sum += (double)row[t] * (double)r->rest[t];
    sum *= (double)weight;
    if (feature + 1 == r->s->code.field_starts[field + 1]) { /* not told */
        r->others += sum;
        return;
    }
    const pal_reason reason = {
        .item = -1, .what = pal_profile_name(&r->s->code, feature), .amount = sum};
    r->n = pal_reasons_add(r->reasons, r->n, COLD_CELLS, reason, &r->others);
}

/* The profile's share of a score is guess·rest, a part for each of its features. */
static int32_t cold_explain_profile(const cold_state *s, const pal_query *query, const float *rest,
                                    pal_reason *reasons) {
    cold_reasons found = {.s = s, .rest = rest, .reasons = reasons};
    double constant = 0;
    for (int32_t t = 0; t < s->side.n_factors; t++)
        constant += (double)s->constants[t] * (double)rest[t];
    pal_profile_each(&s->code, query, cold_explain_cell, &found);
    if (found.others > 0 || found.others < 0)
        reasons[found.n++] =
            (pal_reason){.item = -1, .what = "what else the profile says", .amount = found.others};
    reasons[found.n++] = (pal_reason){
        .item = -1, .what = "what people with a profile like in general", .amount = constant};
    return found.n;
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
    bool has_guess = cold_guess(s, query, &room);
    const int32_t *items;
    int32_t n = pal_history_distinct(query, s->side.n_items, room.solve.history, &items);
    pal_toward_explain(&s->side, has_guess ? p->trust : 1, items, n, v, &room.solve, room.amounts,
                       room.v);
    for (int32_t e = 0; e < n; e++)
        reasons[e] = (pal_reason){.item = items[e], .amount = (double)room.amounts[e]};
    if (has_guess) n += cold_explain_profile(s, query, room.v, reasons + n);
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
    .profiles = cold_profiles,
    .parts = cold_parts,
    .takes_one_part = true,
    .estimate = cold_estimate,
};
