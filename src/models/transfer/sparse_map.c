/* sparse_map.c - conjugate gradients on the normal equations, for 16 outputs at a time (Hestenes,
 * Stiefel 1952), preconditioned by their diagonal. */
#include "models/transfer/sparse_map.h"

#include <math.h>
#include <string.h>

#include "base/ctx.h"
#include "base/parallel.h"

enum { SPARSE_LANES = 16, SPARSE_STEPS = 60, SPARSE_STRENGTHS = 6, SPARSE_TENTH = 10 };
static const double sparse_strengths[SPARSE_STRENGTHS] = {0.3, 1, 3, 10, 30, 100};

typedef struct {
    const pal_sparse_rows *rows;
    int32_t n_groups;
    double *mean;    /* [2, n_to] of all rows, and of those that are learned from in choosing */
    double *errors;  /* [strengths + 1, n_groups] of rows left out; the last by the mean */
    double strength; /* of the last fit */
    float *map;      /* [n_features + 1, n_to] */
    float *rooms;    /* [workers, room] */
    int64_t room;
} sparse_job;

typedef struct {                 /* one group's, of n_features + 1 or n rows of 16 */
    float *x, *r, *p, *q, *rows; /* the last: [n] */
    float *diagonal;             /* [n_features + 1] */
} sparse_room;

static bool sparse_is_left_out(int64_t row) { return row % SPARSE_TENTH == SPARSE_TENTH / 2; }

static float sparse_value(const pal_csr *a, int64_t e) { return a->values ? a->values[e] : 1; }

/* The weight of a row where a tenth is left out, or in the last fit. */
static float sparse_weight(const sparse_job *job, int64_t row, bool is_choosing) {
    return is_choosing && sparse_is_left_out(row) ? 0 : job->rows->weights[row];
}

/* out [n] = A x: the constant and the features of each row. */
static void sparse_forward(const sparse_job *job, const float *x, float *out) {
    const pal_csr *a = job->rows->from;
    for (int64_t r = 0; r < job->rows->n; r++) {
        float *row = out + r * SPARSE_LANES;
        memcpy(row, x, SPARSE_LANES * sizeof *row);
        for (int64_t e = a->starts[r]; e < a->starts[r + 1]; e++) {
            const float *from = x + (int64_t)(a->cols[e] + 1) * SPARSE_LANES;
            float value = sparse_value(a, e);
            for (int32_t l = 0; l < SPARSE_LANES; l++) row[l] += value * from[l];
        }
    }
}

/* out [n_features + 1] = Aᵀ D rows. */
static void sparse_backward(const sparse_job *job, bool is_choosing, const float *rows,
                            float *out) {
    const pal_csr *a = job->rows->from;
    memset(out, 0, (size_t)(a->n_cols + 1) * SPARSE_LANES * sizeof *out);
    for (int64_t r = 0; r < job->rows->n; r++) {
        float weight = sparse_weight(job, r, is_choosing), row[SPARSE_LANES];
        if (weight <= 0) continue;
        for (int32_t l = 0; l < SPARSE_LANES; l++) {
            row[l] = weight * rows[r * SPARSE_LANES + l];
            out[l] += row[l];
        }
        for (int64_t e = a->starts[r]; e < a->starts[r + 1]; e++) {
            float *to = out + (int64_t)(a->cols[e] + 1) * SPARSE_LANES, value = sparse_value(a, e);
            for (int32_t l = 0; l < SPARSE_LANES; l++) to[l] += value * row[l];
        }
    }
}

static void sparse_diagonal(const sparse_job *job, bool is_choosing, double l2, float *out) {
    const pal_csr *a = job->rows->from;
    for (int32_t f = 0; f <= a->n_cols; f++) out[f] = f ? (float)l2 : 1e-6f;
    for (int64_t r = 0; r < job->rows->n; r++) {
        float weight = sparse_weight(job, r, is_choosing);
        out[0] += weight;
        for (int64_t e = a->starts[r]; e < a->starts[r + 1]; e++)
            out[a->cols[e] + 1] += weight * sparse_value(a, e) * sparse_value(a, e);
    }
}

/* sums [16] = Σ_f a_f b_f / diagonal_f (NULL: 1). */
static void sparse_dots(const float *a, const float *b, const float *diagonal, int64_t n,
                        double *sums) {
    memset(sums, 0, SPARSE_LANES * sizeof *sums);
    for (int64_t f = 0; f < n; f++) {
        double scale = diagonal ? 1 / (double)diagonal[f] : 1;
        for (int32_t l = 0; l < SPARSE_LANES; l++)
            sums[l] += scale * (double)a[f * SPARSE_LANES + l] * (double)b[f * SPARSE_LANES + l];
    }
}

/* One step; false when all lanes are done. `was` is Σ r²/d of the step before, then of this one. */
static bool sparse_step(const sparse_job *job, bool is_choosing, double l2, const sparse_room *room,
                        const double *first, double *was) {
    int64_t n = (int64_t)job->rows->from->n_cols + 1;
    double curve[SPARSE_LANES], now[SPARSE_LANES];
    sparse_forward(job, room->p, room->rows);
    sparse_backward(job, is_choosing, room->rows, room->q);
    for (int64_t f = SPARSE_LANES; f < n * SPARSE_LANES; f++) room->q[f] += (float)l2 * room->p[f];
    sparse_dots(room->p, room->q, NULL, n, curve);
    bool goes_on = false;
    float step[SPARSE_LANES], turn[SPARSE_LANES];
    for (int32_t l = 0; l < SPARSE_LANES; l++)
        step[l] = curve[l] > 0 ? (float)(was[l] / curve[l]) : 0;
    for (int64_t f = 0; f < n * SPARSE_LANES; f++) {
        room->x[f] += step[f % SPARSE_LANES] * room->p[f];
        room->r[f] -= step[f % SPARSE_LANES] * room->q[f];
    }
    sparse_dots(room->r, room->r, room->diagonal, n, now);
    for (int32_t l = 0; l < SPARSE_LANES; l++) {
        turn[l] = was[l] > 0 ? (float)(now[l] / was[l]) : 0;
        was[l] = now[l];
        goes_on |= now[l] > 1e-8 * first[l];
    }
    for (int64_t f = 0; f < n * SPARSE_LANES; f++)
        room->p[f] =
            room->r[f] / room->diagonal[f / SPARSE_LANES] + turn[f % SPARSE_LANES] * room->p[f];
    return goes_on;
}

/* room->x: what 16 outputs from `group` on are mapped by; targets are less their mean. */
static void sparse_solve(const sparse_job *job, int32_t group, bool is_choosing, double l2,
                         const sparse_room *room) {
    const pal_sparse_rows *rows = job->rows;
    int64_t n = (int64_t)rows->from->n_cols + 1;
    const double *mean = job->mean + (is_choosing ? rows->n_to : 0);
    double first[SPARSE_LANES], was[SPARSE_LANES];
    for (int64_t r = 0; r < rows->n; r++) {
        for (int32_t l = 0; l < SPARSE_LANES; l++) {
            int32_t t = group * SPARSE_LANES + l;
            room->rows[r * SPARSE_LANES + l] =
                t < rows->n_to ? (float)((double)rows->to[r * rows->n_to + t] - mean[t]) : 0;
        }
    }
    sparse_diagonal(job, is_choosing, l2, room->diagonal);
    sparse_backward(job, is_choosing, room->rows, room->r);
    memset(room->x, 0, (size_t)n * SPARSE_LANES * sizeof(float));
    for (int64_t f = 0; f < n * SPARSE_LANES; f++)
        room->p[f] = room->r[f] / room->diagonal[f / SPARSE_LANES];
    sparse_dots(room->r, room->r, room->diagonal, n, first);
    memcpy(was, first, sizeof was);
    for (int32_t s = 0; s < SPARSE_STEPS; s++) {
        if (!sparse_step(job, is_choosing, l2, room, first, was)) return;
    }
}

static sparse_room sparse_room_of(const sparse_job *job, int32_t worker) {
    int64_t cells = ((int64_t)job->rows->from->n_cols + 1) * SPARSE_LANES;
    float *at = job->rooms + worker * job->room;
    return (sparse_room){.x = at,
                         .r = at + cells,
                         .p = at + 2 * cells,
                         .q = at + 3 * cells,
                         .rows = at + 4 * cells,
                         .diagonal = at + 4 * cells + (int64_t)job->rows->n * SPARSE_LANES};
}

/* The weighed squared misses of the rows left out; `guesses` NULL: by the mean. */
static double sparse_missed(const sparse_job *job, int32_t group, const float *guesses) {
    const pal_sparse_rows *rows = job->rows;
    double sum = 0;
    for (int64_t r = 0; r < rows->n; r++) {
        if (!sparse_is_left_out(r)) continue;
        for (int32_t l = 0; l < SPARSE_LANES; l++) {
            int32_t t = group * SPARSE_LANES + l;
            if (t >= rows->n_to) break;
            double guess = guesses ? (double)guesses[r * SPARSE_LANES + l] : 0;
            double miss = (double)rows->to[r * rows->n_to + t] - job->mean[rows->n_to + t] - guess;
            sum += (double)rows->weights[r] * (rows->importance ? (double)rows->importance[t] : 1) *
                   miss * miss;
        }
    }
    return sum;
}

static void sparse_try(void *arg, int64_t chunk, int32_t worker) {
    const sparse_job *job = arg;
    int32_t group = (int32_t)(chunk % job->n_groups), s = (int32_t)(chunk / job->n_groups);
    sparse_room room = sparse_room_of(job, worker);
    if (s < SPARSE_STRENGTHS) {
        sparse_solve(job, group, true, sparse_strengths[s], &room);
        sparse_forward(job, room.x, room.rows);
    }
    job->errors[chunk] = sparse_missed(job, group, s < SPARSE_STRENGTHS ? room.rows : NULL);
}

static void sparse_learn(void *arg, int64_t chunk, int32_t worker) {
    const sparse_job *job = arg;
    int32_t n_to = job->rows->n_to, group = (int32_t)chunk;
    sparse_room room = sparse_room_of(job, worker);
    sparse_solve(job, group, false, job->strength, &room);
    for (int64_t f = 0; f <= job->rows->from->n_cols; f++) {
        for (int32_t l = 0; l < SPARSE_LANES && group * SPARSE_LANES + l < n_to; l++) {
            int32_t t = group * SPARSE_LANES + l;
            job->map[f * n_to + t] =
                room.x[f * SPARSE_LANES + l] + (f == 0 ? (float)job->mean[t] : 0);
        }
    }
}

static void sparse_average(sparse_job *job) {
    const pal_sparse_rows *rows = job->rows;
    for (int32_t turn = 0; turn < 2; turn++) {
        double *mean = job->mean + turn * rows->n_to, sum = 0;
        for (int64_t r = 0; r < rows->n; r++) {
            double weight = (double)sparse_weight(job, r, turn == 1);
            sum += weight;
            for (int32_t t = 0; t < rows->n_to; t++)
                mean[t] += weight * (double)rows->to[r * rows->n_to + t];
        }
        for (int32_t t = 0; t < rows->n_to; t++) mean[t] /= sum > 0 ? sum : 1;
    }
}

/* The strength that foretells what was left out best, into job->strength; infinite: the mean. */
static void sparse_choose(sparse_job *job, pal_pool *pool, pal_sparse_fit *found) {
    int64_t n_groups = job->n_groups;
    pal_parallel(pool, (SPARSE_STRENGTHS + 1) * n_groups, sparse_try, job);
    double plain = 0, least;
    for (int64_t g = 0; g < n_groups; g++) plain += job->errors[SPARSE_STRENGTHS * n_groups + g];
    least = plain;
    job->strength = INFINITY;
    for (int32_t s = 0; s < SPARSE_STRENGTHS; s++) {
        double sum = 0;
        for (int64_t g = 0; g < n_groups; g++) sum += job->errors[s * n_groups + g];
        if (!(sum < least)) continue;
        least = sum;
        job->strength = sparse_strengths[s];
    }
    *found = (pal_sparse_fit){job->strength, plain > 0 ? 1 - least / plain : 0};
}

pal_status pal_sparse_map(pal_ctx *ctx, const char *what, const pal_sparse_rows *rows,
                          pal_arena *scratch, float *map, pal_sparse_fit *found) {
    int64_t n_workers = pal_pool_threads(ctx->pool), n_features = rows->from->n_cols;
    sparse_job job = {.rows = rows,
                      .n_groups = (rows->n_to + SPARSE_LANES - 1) / SPARSE_LANES,
                      .map = map,
                      .room =
                          5 * (n_features + 1) * SPARSE_LANES + (int64_t)rows->n * SPARSE_LANES};
    job.mean = PAL_ARENA_ARRAY(scratch, double, 2 * (int64_t)rows->n_to);
    job.errors = PAL_ARENA_ARRAY(scratch, double, (SPARSE_STRENGTHS + 1) * (int64_t)job.n_groups);
    job.rooms = PAL_ARENA_ARRAY(scratch, float, n_workers *job.room);
    if (!job.mean || !job.errors || !job.rooms)
        return pal_fail_memory(ctx, what, 4.0 * (double)(n_workers * job.room));
    sparse_average(&job);
    job.strength = 10;
    *found = (pal_sparse_fit){.l2 = job.strength};
    if (rows->n >= 2 * SPARSE_TENTH) sparse_choose(&job, ctx->pool, found);
    TRY(pal_check_cancelled(ctx));
    ctx->multiply_adds += (double)(SPARSE_STRENGTHS + 1) * SPARSE_STEPS * 2 * (double)rows->n_to *
                          (double)rows->from->starts[rows->n];
    if (isinf(job.strength)) {
        memset(map, 0, (size_t)(n_features + 1) * (size_t)rows->n_to * sizeof *map);
        for (int32_t t = 0; t < rows->n_to; t++) map[t] = (float)job.mean[t];
    } else {
        pal_parallel(ctx->pool, job.n_groups, sparse_learn, &job);
    }
    return pal_check_cancelled(ctx);
}

void pal_sparse_apply(const float *map, int32_t n_to, const int32_t *cols, const float *values,
                      int64_t n, float *out) {
    memcpy(out, map, (size_t)n_to * sizeof *out);
    for (int64_t e = 0; e < n; e++) {
        const float *row = map + (int64_t)(cols[e] + 1) * n_to;
        float value = values ? values[e] : 1;
        for (int32_t t = 0; t < n_to; t++) out[t] += value * row[t];
    }
}
