/* cold_map_train.c - als, the maps from features to its rows, and people's rows by theirs. */
#include <string.h>

#include "models/new_items.h"
#include "models/train.h"
#include "models/transfer/cold_map.h"
#include "models/transfer/item_matrix.h"
#include "models/transfer/sparse_map.h"
#include "represent/attributes.h"

typedef struct {
    pal_ctx *ctx;
    const cold_params *p;
    cold_state *s;
    pal_arena *scratch;
    pal_csr pairs, by_item;  /* of the items with events */
    pal_csr features, cells; /* of items, of users */
    float *user_map;         /* [features of users + 1, k] constants first */
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

static bool cold_guess_user(const void *arg, int32_t user, void *room, float *guess) {
    (void)room;
    const cold_job *job = arg;
    int64_t begin = job->cells.starts[user], n = job->cells.starts[user + 1] - begin;
    if (n == 0) return false;
    memset(guess, 0, (size_t)job->s->side.width * sizeof *guess);
    pal_sparse_apply(job->user_map, job->s->side.n_factors, job->cells.cols + begin,
                     job->cells.values + begin, n, guess);
    job->s->marks[user] = 1;
    return true;
}

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
    int64_t k = s->side.n_factors;
    pal_fields fields;
    TRY(cold_list_cells(job, train, &fields));
    TRY(pal_profile_code_keep(job->ctx, "cold_map", &fields, arena, &s->code));
    s->constants = PAL_ARENA_ARRAY(arena, float, k);
    s->profiles = PAL_ARENA_ARRAY(arena, float, fields.n_features *k);
    job->user_map = PAL_ARENA_ARRAY(job->scratch, float, (fields.n_features + INT64_C(1)) * k);
    if (!s->constants || !s->profiles || !job->user_map)
        return pal_fail_memory(job->ctx, "cold_map", 8.0 * (double)(fields.n_features * k));
    memcpy(s->people, s->side.users, (size_t)(s->side.n_users * k) * sizeof *s->people);
    TRY(pal_cold_derive(job->ctx, arena, s));
    if (fields.n_fields == 0) return PAL_OK;
    TRY(cold_learn_map(job, &job->cells, &job->pairs, s->people, s->items, s->n_items, "people",
                       job->user_map));
    memcpy(s->constants, job->user_map, (size_t)k * sizeof *s->constants);
    memcpy(s->profiles, job->user_map + k, (size_t)(fields.n_features * k) * sizeof *s->profiles);
    const pal_toward_crowd crowd = {.side = &s->side,
                                    .pairs = &job->pairs,
                                    .trust = job->p->trust,
                                    .guess = cold_guess_user,
                                    .arg = job,
                                    .people = s->people};
    return pal_toward_solve_all(job->ctx, "cold_map", &crowd, job->scratch);
}

pal_status pal_cold_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
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
    s->marks = PAL_ARENA_ARRAY(arena, uint8_t, s->side.n_users);
    float *map = PAL_ARENA_ARRAY(scratch, float, (job.features.n_cols + 1) * k),
          *rows = PAL_ARENA_ARRAY(scratch, float, n_seen *k);
    const pal_log *log = pal_log_with_items(train->log, (int32_t)n_seen, scratch);
    if (!s->items || !s->people || !s->marks || !map || !rows || !log)
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
