/* als.c - rows of factors for users and items, each side solved exactly while the other stands
 * still (Hu, Koren, Volinsky 2008; objective and regularization of Rendle et al. 2022, "Revisiting
 * the performance of iALS on item recommendation benchmarks").
 *
 * Events, with U (n_users × k), V (n_items × k), S the pairs that happened, w their weights:
 *   Σ_S w_ui (1 - U_u·V_i)² + alpha0 Σ_all (U_u·V_i)² + Σ_u l2_u |U_u|² + Σ_i l2_i |V_i|²
 *   l2_u = l2 (|history of u| + alpha0 n_items)^nu, l2_i alike.
 * confidence=value takes alpha0 + alpha·value for w on S and pulls these pairs towards 1 with all
 * of it (with alpha0=1 Hu's 1 + alpha r). target=value fits what user and item means leave of the
 * values: Σ_S (r - m - b_u - c_i - U_u·V_i)² + the same regularization with alpha0 = 0.
 * score(u, i) = U_u·V_i (+ m + b_u + c_i). An epoch solves all V, then all U, so that a user's
 * row is the one that folding the history in gives. Cost of an epoch: Σ_rows n k²/2 + k³/6
 * multiply-adds (n the row's events; n² k/2 + n³/6 where n < k), 4 k bytes read an event and side;
 * 4 k bytes kept a user and item.
 *
 * Defaults are a compromise: on the validation of MovieLens 100K, msweb and MovieTweetings they
 * come within 2, 0 and 5 % of the best settings tried. Where histories are long, nu=0.5 alpha0=0.5
 * l2=0.3 is better (MovieLens, random 80/20: ndcg@10 .449 against .433). An epoch of solver=cg
 * takes 0.4 of an exact one with 128 factors and after a few leaves the same loss. */
#include <math.h>
#include <string.h>

#include "base/epochs.h"
#include "base/rng.h"
#include "math/csr.h"
#include "math/ridge.h"
#include "models/collaborative/als.h"
#include "models/history.h"
#include "models/panels.h"

typedef enum { ALS_EVENT, ALS_VALUE } als_target;
typedef enum { ALS_FLAT, ALS_BY_VALUE } als_confidence;
typedef enum { ALS_EXACT, ALS_CG, ALS_BLOCKS } als_solver;
static const char *const als_targets[] = {"event", "value", NULL};
static const char *const als_confidences[] = {"flat", "value", NULL};
static const char *const als_solvers[] = {"exact", "cg", "blocks", NULL};

typedef struct {
    int32_t target, confidence, solver;
    int64_t factors, epochs, patience, steps, block;
    double l2, alpha0, nu, alpha, tolerance;
} als_params;

#define ALS_NUMBER(member, row_type, text, least, most, by, sentence)                              \
    {                                                                                              \
        .name = #member, .type = row_type, .offset = offsetof(als_params, member),                 \
        .initial = text, .min = least, .max = most, .scale = by, .help = sentence                  \
    }
#define ALS_CHOICE(member, names, sentence)                                                        \
    {                                                                                              \
        .name = #member, .type = PAL_PARAM_CHOICE, .offset = offsetof(als_params, member),         \
        .choices = names, .help = sentence                                                         \
    }

static const pal_param als_table[] = {
    ALS_NUMBER(factors, PAL_PARAM_INT, "128", 1, 2048, PAL_LOG, "length of the rows"),
    ALS_NUMBER(l2, PAL_PARAM_REAL, "-1", -1, 1e6, PAL_LOG,
               "regularization, over 0; -1: 0.025 for events, 0.1 for values"),
    ALS_NUMBER(alpha0, PAL_PARAM_REAL, "0.1", 0, 1e6, PAL_LOG,
               "weight of all pairs towards 0, beside 1 for pairs that happened"),
    ALS_NUMBER(nu, PAL_PARAM_REAL, "1", 0, 2, PAL_LINEAR,
               "how much more long histories are regularized: l2 times their length to this power"),
    ALS_CHOICE(target, als_targets, "event: what happened; value: the values that were given"),
    ALS_CHOICE(confidence, als_confidences,
               "flat: every pair that happened weighs 1; value: alpha0 + alpha times its value, or "
               "times how often it happened in logs without values; a value below 0 counts as 0"),
    ALS_NUMBER(alpha, PAL_PARAM_REAL, "1", 1e-6, 1e6, PAL_LOG, "weight of a value of 1"),
    ALS_NUMBER(epochs, PAL_PARAM_INT, "16", 1, 10000, PAL_LOG, "times that both sides are solved"),
    ALS_NUMBER(patience, PAL_PARAM_INT, "3", 0, 1000, PAL_LINEAR,
               "epochs without a better validation before it ends; 0: all epochs"),
    ALS_NUMBER(tolerance, PAL_PARAM_REAL, "1e-5", 0, 1, PAL_LINEAR,
               "ends when the loss changes by less than this share in an epoch"),
    ALS_CHOICE(solver, als_solvers,
               "exact: each row at once; blocks: some factors at a time, for many factors; cg: "
               "steps of conjugate gradients from the row before"),
    ALS_NUMBER(steps, PAL_PARAM_INT, "3", 1, 100, PAL_LINEAR, "steps of solver=cg"),
    ALS_NUMBER(block, PAL_PARAM_INT, "128", 16, 1024, PAL_LOG,
               "factors at a time of solver=blocks, in multiples of 16"),
    {0},
};

typedef struct {
    float *users, *items; /* [n_users, k], [n_items, k] */
    float *spectrum;      /* [k] alpha0 times the eigenvalues of itemsᵀ items, which is
                             diagonal */
    float *user_biases, *item_biases; /* [n_users], [n_items]; target=value */
    double *facts;                    /* [ALS_FACTS] */
    int32_t n_users, n_items;
    /* derived */
    float *padded, *padded_spectrum, *panels; /* items and spectrum with zeros up to the width */
    pal_packed packed;
    pal_small small_users, small_items; /* instead of users, items and padded */
} als_state;
enum { ALS_FACT_MEAN, ALS_FACT_HIGHEST, ALS_FACTS };

/* How far a mean moves from 0: with n values by n / (n + this) of it. */
#define ALS_DAMPING 10.0
/* l2=-1 */
#define ALS_L2_OF_EVENTS 0.025

static int32_t als_width(const als_params *p) { return pal_ridge_width((int32_t)p->factors); }
static double als_alpha0(const als_params *p) { return p->target == ALS_VALUE ? 0 : p->alpha0; }

static float als_l2(const als_params *p, int64_t n, int64_t n_others) {
    double l2 = p->l2 > 0 ? p->l2 : p->target == ALS_VALUE ? 0.1 : ALS_L2_OF_EVENTS;
    return (float)fmax(l2 * pow((double)n + als_alpha0(p) * (double)n_others, p->nu), 1e-12);
}

static int32_t als_side(const als_params *p) {
    int64_t block = p->block / PAL_SPD_LANES * PAL_SPD_LANES, width = als_width(p);
    return p->solver == ALS_EXACT ? (int32_t)width
           : p->solver == ALS_CG  ? 0
           : block < width        ? (int32_t)block
                                  : (int32_t)width;
}

/* --- what is learned from --- */

typedef struct {                  /* one side's rows: pairs, their weights and gains (ridge.h) */
    pal_csr pairs;                /* values unused */
    const float *weights, *gains; /* like pairs.cols, or NULL: all 1 */
} als_rows;

typedef struct {
    pal_ctx *ctx;
    const als_params *p;
    als_rows by_user, by_item;
    float *users, *items; /* [n, width]; the state's own where factors need no padding */
    float *spectrum;      /* [width] */
    int32_t width;
    pal_ridge_work work;
    float **scratch;   /* [workers] */
    double *objective; /* [max(n_users, n_items)] of the rows of one side */
    double constant;   /* Σ g: what the loss is when all rows are 0 */
} als_job;

/* A value a pair: the newest for target=value, the sum for confidence=value. */
static void als_collect(const als_params *p, const int32_t *items, const float *values, int64_t n,
                        float otherwise, const int32_t *cols, int64_t first, int64_t last,
                        float *out) {
    for (int64_t e = first; e < last; e++) out[e] = 0;
    for (int64_t e = 0; e < n; e++) {
        int64_t at = pal_row_find(cols, first, last, items[e]);
        float value = values ? values[e] : otherwise;
        out[at] = p->target == ALS_VALUE ? value : out[at] + fmaxf(value, 0);
    }
}

static bool als_transpose(const als_rows *from, pal_arena *arena, als_rows *to) {
    pal_csr pairs = from->pairs;
    pairs.values = from->weights;
    if (!pal_csr_transpose(&pairs, arena, &to->pairs)) return false;
    to->weights = to->pairs.values;
    to->gains = to->weights;
    if (from->gains == from->weights) return true;
    pal_csr again;
    pairs.values = from->gains;
    if (!pal_csr_transpose(&pairs, arena, &again)) return false;
    to->gains = again.values;
    return true;
}

/* Mean, then items, then users, each of what is left, damped; `values` keep the rest. */
static void als_take_biases(const als_rows *by_user, float *values, als_state *s, double *sums,
                            int64_t *counts) {
    const pal_csr *pairs = &by_user->pairs;
    int64_t n = pairs->starts[pairs->n_rows];
    double mean = 0;
    for (int64_t e = 0; e < n; e++) mean += (double)values[e] / (double)n;
    s->facts[ALS_FACT_MEAN] = mean;
    s->facts[ALS_FACT_HIGHEST] = -INFINITY;
    for (int64_t e = 0; e < n; e++) {
        s->facts[ALS_FACT_HIGHEST] = fmax(s->facts[ALS_FACT_HIGHEST], (double)values[e]);
        sums[pairs->cols[e]] += (double)values[e] - mean;
        counts[pairs->cols[e]]++;
    }
    for (int32_t i = 0; i < pairs->n_cols; i++)
        s->item_biases[i] = (float)(sums[i] / ((double)counts[i] + ALS_DAMPING));
    for (int32_t u = 0; u < pairs->n_rows; u++) {
        double sum = 0;
        int64_t first = pairs->starts[u], last = pairs->starts[u + 1];
        for (int64_t e = first; e < last; e++) {
            values[e] -= (float)mean + s->item_biases[pairs->cols[e]];
            sum += (double)values[e];
        }
        s->user_biases[u] = (float)(sum / ((double)(last - first) + ALS_DAMPING));
        for (int64_t e = first; e < last; e++) values[e] -= s->user_biases[u];
    }
}

/* From a value a pair to gains and, for confidence=value, weights. */
static void als_weigh(const als_params *p, const float *event_weights, int64_t n, float *values,
                      float *weights) {
    for (int64_t e = 0; e < n; e++) {
        float weight = event_weights ? event_weights[e] : 1;
        if (p->target == ALS_VALUE) {
            values[e] *= weight;
        } else {
            weights[e] = (float)p->alpha * values[e] * weight;
            values[e] = weights[e] + (float)p->alpha0;
        }
    }
}

static pal_status als_data(als_job *job, const pal_log *log, pal_arena *scratch, als_state *s) {
    const als_params *p = job->p;
    als_rows *rows = &job->by_user;
    TRY(pal_log_pairs(job->ctx, log, UINT32_MAX, scratch, &rows->pairs));
    const pal_csr *pairs = &rows->pairs;
    int64_t n = pairs->starts[pairs->n_rows];
    rows->weights = rows->gains = pairs->values;
    if (p->target == ALS_VALUE || p->confidence == ALS_BY_VALUE) {
        float *values = PAL_ARENA_ARRAY(scratch, float, n);
        float *weights = PAL_ARENA_ARRAY(scratch, float, n);
        double *sums = PAL_ARENA_ARRAY(scratch, double, log->n_items);
        int64_t *counts = PAL_ARENA_ARRAY(scratch, int64_t, log->n_items);
        if (!values || !weights || !sums || !counts)
            return pal_fail_memory(job->ctx, "als", 8.0 * (double)n);
        for (int32_t u = 0; u < log->n_users; u++) {
            int64_t begin = log->starts[u];
            als_collect(p, log->items + begin, log->values ? log->values + begin : NULL,
                        log->starts[u + 1] - begin, 1, pairs->cols, pairs->starts[u],
                        pairs->starts[u + 1], values);
        }
        if (p->target == ALS_VALUE) als_take_biases(rows, values, s, sums, counts);
        for (int64_t e = 0; p->target == ALS_VALUE && e < n; e++)
            job->constant += (double)values[e] * (double)values[e] *
                             (double)(pairs->values ? pairs->values[e] : 1);
        als_weigh(p, pairs->values, n, values, weights);
        rows->gains = values;
        if (p->target != ALS_VALUE) rows->weights = weights;
    }
    for (int64_t e = 0; p->target != ALS_VALUE && e < n; e++)
        job->constant += (double)(rows->gains ? rows->gains[e] : 1);
    return als_transpose(rows, scratch, &job->by_item)
               ? PAL_OK
               : pal_fail_memory(job->ctx, "als", 16.0 * (double)n);
}

/* --- one side --- */

typedef struct {
    als_job *job;
    const als_rows *rows;
    pal_ridge other;
    float *x; /* [n, width] what is solved */
} als_half;

enum { ALS_ROWS = 32 }; /* rows of a chunk */

/* Σ w of n events from `start` on. */
static double als_weight(const als_rows *rows, int64_t start, int64_t n) {
    double sum = 0;
    if (!rows->weights) return (double)n;
    for (int64_t e = start; e < start + n; e++) sum += (double)rows->weights[e];
    return sum;
}

static void als_solve_rows(void *arg, int64_t chunk, int32_t worker) {
    const als_half *half = arg;
    const als_job *job = half->job;
    const pal_csr *pairs = &half->rows->pairs;
    int32_t first = (int32_t)chunk * ALS_ROWS,
            last = pairs->n_rows - first < ALS_ROWS ? pairs->n_rows : first + ALS_ROWS;
    for (int32_t r = first; r < last; r++) {
        int64_t start = pairs->starts[r], n = pairs->starts[r + 1] - start;
        const als_rows *rows = half->rows;
        double all = als_alpha0(job->p) * (double)pairs->n_cols;
        pal_ridge_row row = {.others = pairs->cols + start,
                             .n = (int32_t)n,
                             .weights = rows->weights ? rows->weights + start : NULL,
                             .gains = rows->gains ? rows->gains + start : NULL,
                             .l2 = als_l2(job->p, n, pairs->n_cols),
                             .share = all > 0 ? (float)(als_weight(rows, start, n) / all) : 0};
        float *x = half->x + (int64_t)r * job->width, *scratch = job->scratch[worker];
        job->objective[r] =
            job->p->solver == ALS_EXACT ? pal_ridge_exact(&half->other, &row, scratch, x)
            : job->p->solver == ALS_CG
                ? pal_ridge_descend(&half->other, &row, (int32_t)job->p->steps, scratch, x)
                : pal_ridge_blocks(&half->other, &row, als_side(job->p), scratch, x);
    }
}

/* Solves one side; returns the sum of its rows' objectives. */
static double als_half_epoch(als_job *job, const als_rows *rows, const float *others, float *x) {
    als_half half = {.job = job,
                     .rows = rows,
                     .other = {pal_kernels_best()->spd, others, job->spectrum, job->width},
                     .x = x};
    int32_t n = rows->pairs.n_rows;
    pal_parallel(job->ctx->pool, ((int64_t)n + ALS_ROWS - 1) / ALS_ROWS, als_solve_rows, &half);
    double sum = 0;
    for (int32_t r = 0; r < n; r++) sum += job->objective[r];
    return sum;
}

static bool als_turn(als_job *job, float *factors, int64_t n, float *more, int64_t n_more) {
    double alpha0 = als_alpha0(job->p);
    if (alpha0 <= 0) return true; /* the spectrum is 0 in any basis */
    return pal_ridge_turn(job->ctx->pool, &job->work, factors, n,
                          job->p->solver == ALS_EXACT ? NULL : more, n_more, alpha0, job->spectrum);
}

/* Both sides; *loss is the objective above. False when numbers overflow. */
static bool als_epoch(als_job *job, double *loss) {
    int32_t n_users = job->by_user.pairs.n_rows, n_items = job->by_item.pairs.n_rows;
    if (!als_turn(job, job->users, n_users, job->items, n_items)) return false;
    als_half_epoch(job, &job->by_item, job->users, job->items);
    if (pal_check_cancelled(job->ctx) != PAL_OK) return false; /* als_run says so */
    if (!als_turn(job, job->items, n_items, job->users, n_users)) return false;
    *loss = job->constant + als_half_epoch(job, &job->by_user, job->items, job->users);
    const int64_t *starts = job->by_item.pairs.starts;
    for (int32_t i = 0; i < n_items; i++) {
        double norm = 0;
        for (int32_t f = 0; f < job->width; f++) {
            double x = (double)job->items[(int64_t)i * job->width + f];
            norm += x * x;
        }
        *loss += (double)als_l2(job->p, starts[i + 1] - starts[i], n_users) * norm;
    }
    return isfinite(*loss);
}

/* --- what it takes --- */

/* Multiply-adds of a row of n events, as ridge.h has them. */
static double als_row_work(const als_params *p, double n) {
    double k = (double)p->factors, b = (double)als_side(p);
    if (n <= 0) return 0;
    if (p->solver == ALS_CG) return 2 * n * k * (double)(p->steps + 1);
    if (p->solver == ALS_BLOCKS) return n * k * b / 2 + k * b * b / 6 + 2 * n * k;
    return n < k ? n * n * k / 2 + n * n * n / 6 : n * k * k / 2 + k * k * k / 6;
}

/* Multiply-adds of an epoch over rows from users [n_users + 1] and items [n_items + 1]: both sides,
 * and both turns: the Gramian of a side, its eigenvectors, the rows that are turned. */
static double als_epoch_work(const als_params *p, const int64_t *users, int32_t n_users,
                             const int64_t *items, int32_t n_items) {
    double work = 0, k = (double)p->factors, rows = (double)n_users + n_items;
    for (int32_t u = 0; u < n_users; u++)
        work += als_row_work(p, (double)(users[u + 1] - users[u]));
    for (int32_t i = 0; i < n_items; i++)
        work += als_row_work(p, (double)(items[i + 1] - items[i]));
    if (als_alpha0(p) > 0)
        work += rows * k * k * (p->solver == ALS_EXACT ? 1.5 : 2.5) + 2 * 3 * k * k * k;
    return work;
}

/* --- fit --- */

static void als_draw(const als_job *job, float *rows, int64_t n, const char *purpose) {
    int32_t k = (int32_t)job->p->factors;
    uint64_t seed = pal_seed_for(job->ctx->seed, purpose);
    double deviation = 0.1 / sqrt((double)k);
    for (int64_t r = 0; r < n; r++) {
        pal_rng rng = pal_rng_at(seed, (uint64_t)r);
        for (int32_t f = 0; f < k; f++)
            rows[r * job->width + f] = (float)(deviation * pal_rng_normal(&rng));
    }
}

static void als_unpad(const float *from, int64_t n, int32_t width, int32_t k, float *to) {
    if (from == to) return;
    for (int64_t r = 0; r < n; r++) memcpy(to + r * k, from + r * width, (size_t)k * sizeof *to);
}

static pal_status als_derive(pal_ctx *ctx, const als_params *p, pal_arena *arena, als_state *s) {
    int32_t k = (int32_t)p->factors, width = als_width(p);
    int64_t cells = (int64_t)s->n_items * width;
    bool is_small = !s->items;
    if (!s->padded && !is_small)
        s->padded = k == width ? s->items : PAL_ARENA_ARRAY(arena, float, cells);
    if (!s->padded_spectrum) s->padded_spectrum = PAL_ARENA_ARRAY(arena, float, width);
    if (!(s->padded || is_small) || !s->padded_spectrum)
        return pal_fail_memory(ctx, "als", 8.0 * (double)cells);
    for (int64_t i = 0; k != width && !is_small && i < s->n_items; i++)
        memcpy(s->padded + i * width, s->items + i * k, (size_t)k * sizeof *s->items);
    memcpy(s->padded_spectrum, s->spectrum, (size_t)k * sizeof *s->spectrum);
    return pal_panels_pack_rows(ctx, "als", s->padded, &s->small_items, s->n_items, width, arena,
                                &s->panels, &s->packed);
}

static pal_status als_prepare(pal_ctx *ctx, const void *params, pal_arena *arena, void *state) {
    return als_derive(ctx, params, arena, state);
}

static pal_status als_publish(const als_job *job, pal_arena *arena, als_state *s) {
    int32_t k = (int32_t)job->p->factors;
    als_unpad(job->users, s->n_users, job->width, k, s->users);
    als_unpad(job->items, s->n_items, job->width, k, s->items);
    memcpy(s->spectrum, job->spectrum, (size_t)k * sizeof *s->spectrum);
    return als_derive(job->ctx, job->p, arena, s);
}

static pal_status als_run(als_job *job, pal_arena *arena, als_state *s) {
    pal_ctx *ctx = job->ctx;
    const als_params *p = job->p;
    int64_t row = job->width * (int64_t)sizeof(float);
    pal_epochs run;
    pal_epochs_init(&run, ctx, "als", p->epochs, p->tolerance);
    pal_epochs_add(&run, "users", job->users, s->n_users * row);
    pal_epochs_add(&run, "items", job->items, s->n_items * row);
    pal_epochs_add(&run, "spectrum", job->spectrum, row);
    pal_epochs_carry(&run, "users", job->users, s->n_users * row, s->n_users, 0, false);
    pal_epochs_carry(&run, "items", job->items, s->n_items * row, 0, s->n_items, false);
    TRY(pal_epochs_begin(&run));
    if (run.epoch > 0) TRY(als_publish(job, arena, s));
    while (pal_epochs_next(&run)) {
        double loss = 0;
        bool is_finite = als_epoch(job, &loss);
        TRY(pal_check_cancelled(ctx));
        if (!is_finite)
            return pal_fail(
                ctx, PAL_EDATA,
                "als: the loss left all bounds in epoch %d: use a larger l2, or smaller "
                "event weights",
                (int)run.epoch);
        TRY(als_publish(job, arena, s));
        ctx->multiply_adds += als_epoch_work(p, job->by_user.pairs.starts, s->n_users,
                                             job->by_item.pairs.starts, s->n_items);
        TRY(pal_epochs_end(&run, loss));
    }
    return PAL_OK;
}

static bool als_allocate(als_job *job, const als_state *s, pal_arena *scratch) {
    int64_t n_workers = pal_pool_threads(job->ctx->pool), longest = 1;
    const als_rows *sides[] = {&job->by_user, &job->by_item};
    for (int side = 0; side < 2; side++) {
        const pal_csr *pairs = &sides[side]->pairs;
        for (int32_t r = 0; r < pairs->n_rows; r++) {
            int64_t n = pairs->starts[r + 1] - pairs->starts[r];
            if (n > longest) longest = n;
        }
    }
    bool is_padded = job->width != job->p->factors;
    int64_t n_rows = s->n_users > s->n_items ? s->n_users : s->n_items;
    int64_t floats = pal_ridge_scratch(job->width, als_side(job->p), longest);
    job->users =
        is_padded ? PAL_ARENA_ARRAY(scratch, float, (int64_t)s->n_users * job->width) : s->users;
    job->items =
        is_padded ? PAL_ARENA_ARRAY(scratch, float, (int64_t)s->n_items * job->width) : s->items;
    job->spectrum = PAL_ARENA_ARRAY(scratch, float, job->width);
    job->objective = PAL_ARENA_ARRAY(scratch, double, n_rows);
    job->scratch = PAL_ARENA_ARRAY(scratch, float *, n_workers);
    bool done =
        job->users && job->items && job->spectrum && job->objective && job->scratch &&
        pal_ridge_work_start(&job->work, (int32_t)job->p->factors, (int32_t)n_workers, scratch);
    for (int64_t w = 0; done && w < n_workers; w++) {
        job->scratch[w] = PAL_ARENA_ARRAY(scratch, float, floats);
        done = job->scratch[w] != NULL;
    }
    return done;
}

static pal_status als_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                          pal_arena *arena, pal_arena *scratch, void *state) {
    const als_params *p = params;
    const pal_log *log = train->log;
    als_state *s = state;
    if (p->target == ALS_VALUE && !log->values)
        return pal_fail(ctx, PAL_EDATA,
                        "als: target=value needs values, and the log has none: use target=event, "
                        "or name a value column");
    if (p->l2 <= 0 && p->l2 > -1)
        return pal_fail(ctx, PAL_EUSAGE, "als: l2 must be over 0, or -1 for the default");
    s->n_users = log->n_users;
    s->n_items = log->n_items;
    s->users = PAL_ARENA_ARRAY(arena, float, (int64_t)log->n_users * p->factors);
    s->items = PAL_ARENA_ARRAY(arena, float, (int64_t)log->n_items * p->factors);
    s->spectrum = PAL_ARENA_ARRAY(arena, float, p->factors);
    s->user_biases = PAL_ARENA_ARRAY(arena, float, p->target == ALS_VALUE ? log->n_users : 0);
    s->item_biases = PAL_ARENA_ARRAY(arena, float, p->target == ALS_VALUE ? log->n_items : 0);
    s->facts = PAL_ARENA_ARRAY(arena, double, ALS_FACTS);
    double bytes = 4.0 * (double)p->factors * ((double)log->n_users + (double)log->n_items);
    if (!s->users || !s->items || !s->spectrum || !s->user_biases || !s->item_biases || !s->facts)
        return pal_fail_memory(ctx, "als", bytes);
    als_job job = {.ctx = ctx, .p = p, .width = als_width(p)};
    TRY(als_data(&job, log, scratch, s));
    if (!als_allocate(&job, s, scratch)) return pal_fail_memory(ctx, "als", 2 * bytes);
    als_draw(&job, job.users, log->n_users, "als users");
    als_draw(&job, job.items, log->n_items, "als items");
    return als_run(&job, arena, s);
}

/* --- fold-in --- */

typedef struct {            /* of one scoring thread */
    void *history;          /* pal_history_bytes; first: zero between calls */
    float *users;           /* [n_queries, width] */
    float *weights, *gains; /* [n_items] */
    float *ridge, *vector;  /* pal_ridge_scratch, [width] */
    float *levels;          /* [n_queries] */
    float *rows;            /* [als_most_small, width] the history's, where items are small */
    int32_t *places;        /* [als_most_small] 0, 1, …; the same */
} als_scratch;

/* Distinct items of a history that are read from small rows: more would take the memory that small
 * rows save. */
static int32_t als_most_small(const als_state *s) {
    enum { MOST = 1 << 16 };
    return s->n_items < MOST ? s->n_items : MOST;
}

/* Cuts `memory` (NULL: only counts) and returns the bytes that it takes. */
static size_t als_cut(const als_params *p, const als_state *s, int32_t n_queries, char *memory,
                      als_scratch *out) {
    int32_t width = als_width(p);
    size_t n_items = (size_t)s->n_items, n = (size_t)n_queries, used = 0;
    size_t n_small = s->items ? 0 : (size_t)als_most_small(s);
    float *places = NULL;
    const struct {
        float **to;
        size_t n;
    } parts[] = {
        {&out->users, n * (size_t)width},
        {&out->weights, n_items},
        {&out->gains, n_items},
        {&out->ridge, (size_t)pal_ridge_scratch(width, width, 0)},
        {&out->vector, (size_t)width},
        {&out->levels, n},
        {&out->rows, n_small * (size_t)width},
        {&places, n_small},
    };
    out->history = memory;
    used += pal_history_bytes(s->n_items);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (memory) *parts[i].to = (float *)(void *)(memory + used);
        used += pal_scratch_round(parts[i].n * sizeof(float));
    }
    out->places = (int32_t *)places;
    return used;
}

static size_t als_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    als_scratch unused;
    return als_cut(params, state, n_queries, NULL, &unused);
}

/* The history as a row; returns the person's bias. */
static float als_history(const als_params *p, const als_state *s, const pal_query *query,
                         const als_scratch *scratch, pal_ridge_row *row) {
    const int32_t *items;
    int32_t n = pal_history_distinct(query, s->n_items, scratch->history, &items);
    *row = (pal_ridge_row){.others = items, .n = n, .l2 = als_l2(p, n, s->n_items)};
    bool by_value = p->target == ALS_VALUE || p->confidence == ALS_BY_VALUE;
    if (!by_value || n == 0) return 0;
    float otherwise = p->target == ALS_VALUE ? (float)s->facts[ALS_FACT_HIGHEST] : 1;
    als_collect(p, query->items, query->values, query->n_events, otherwise, items, 0, n,
                scratch->gains);
    row->gains = scratch->gains;
    float bias = 0;
    if (p->target == ALS_VALUE) {
        double sum = 0;
        for (int32_t e = 0; e < n; e++) {
            scratch->gains[e] -= (float)s->facts[ALS_FACT_MEAN] + s->item_biases[items[e]];
            sum += (double)scratch->gains[e];
        }
        bias = (float)(sum / ((double)n + ALS_DAMPING));
        for (int32_t e = 0; e < n; e++) scratch->gains[e] -= bias;
    } else {
        row->weights = scratch->weights;
    }
    als_weigh(p, NULL, n, scratch->gains, scratch->weights);
    return bias;
}

/* The side that the row's events are of: all items, or, where these are small, the row's alone, to
 * which `others` then points; of a longer history than there is room for, the first items. */
static pal_ridge als_items(const als_params *p, const als_state *s, const als_scratch *scratch,
                           pal_ridge_row *row) {
    int32_t width = als_width(p);
    const float *factors = s->padded;
    if (!s->padded && row->n > als_most_small(s)) row->n = als_most_small(s);
    for (int32_t e = 0; !s->padded && e < row->n; e++) {
        pal_small_read(&s->small_items, row->others[e], scratch->rows + (int64_t)e * width);
        scratch->places[e] = e;
    }
    if (!s->padded) {
        factors = scratch->rows;
        row->others = scratch->places;
    }
    return (pal_ridge){pal_kernels_best()->spd, factors, s->padded_spectrum, width};
}

/* user [width] and its bias: the trained row, or the exact solution for the history. */
static float als_user(const als_params *p, const als_state *s, const pal_query *query,
                      const als_scratch *scratch, float *user) {
    int32_t u = query->user_plus_1 - 1;
    memset(user, 0, (size_t)als_width(p) * sizeof *user);
    if (u >= 0) {
        const float *own = pal_row_at(s->users, &s->small_users, p->factors, u, user);
        if (own != user) memcpy(user, own, (size_t)p->factors * sizeof *user);
        return p->target == ALS_VALUE ? s->user_biases[u] : 0;
    }
    pal_ridge_row row;
    float bias = als_history(p, s, query, scratch, &row);
    pal_ridge items = als_items(p, s, scratch, &row);
    pal_ridge_exact(&items, &row, scratch->ridge, user);
    return bias;
}

/* --- score --- */

static void als_score(const void *params, const void *state, const pal_query *queries,
                      int32_t n_queries, void *memory, float *scores) {
    const als_params *p = params;
    const als_state *s = state;
    bool by_value = p->target == ALS_VALUE;
    als_scratch scratch;
    als_cut(p, s, n_queries, memory, &scratch);
    for (int32_t q = 0; q < n_queries; q++) {
        scratch.levels[q] = als_user(p, s, &queries[q], &scratch, scratch.users + q * als_width(p));
        if (by_value) scratch.levels[q] += (float)s->facts[ALS_FACT_MEAN];
    }
    pal_panels_score(&s->packed, scratch.users, n_queries, by_value ? s->item_biases : NULL,
                     scores);
    for (int64_t q = 0; by_value && q < n_queries; q++) {
        for (int64_t i = 0; i < s->n_items; i++) scores[q * s->n_items + i] += scratch.levels[q];
    }
}

/* --- explain --- */

static int32_t als_reason(const char *what, double amount, pal_reason *reasons, int32_t n) {
    reasons[n] = (pal_reason){.item = -1, .what = what, .amount = amount};
    return n + 1;
}

/* With A the history's matrix the score is Σ_e g_e V_e·(A⁻¹ V_i): a part for each item used (Hu et
 * al. 2008, section 5). */
static int32_t als_explain(const void *params, const void *state, const pal_query *query,
                           int32_t item, void *memory, pal_reason *reasons) {
    const als_params *p = params;
    const als_state *s = state;
    int32_t width = als_width(p), n_reasons = 0;
    als_scratch scratch;
    als_cut(p, s, 1, memory, &scratch);
    float bias = als_user(p, s, query, &scratch, scratch.users);
    pal_ridge_row row;
    als_history(p, s, query, &scratch, &row);
    const int32_t *used = row.others;
    pal_ridge items = als_items(p, s, &scratch, &row);
    float *vector = scratch.vector;
    memset(vector, 0, (size_t)width * sizeof *vector);
    const float *target = pal_row_at(s->items, &s->small_items, p->factors, item, vector);
    if (target != vector) memcpy(vector, target, (size_t)p->factors * sizeof *vector);
    double rest = 0;
    for (int32_t f = 0; f < width; f++) rest += (double)scratch.users[f] * (double)vector[f];
    pal_ridge_inverse(&items, &row, scratch.ridge, vector);
    for (; n_reasons < row.n; n_reasons++) {
        const float *from = items.factors + (int64_t)row.others[n_reasons] * width;
        double amount = 0;
        for (int32_t f = 0; f < width; f++) amount += (double)from[f] * (double)vector[f];
        amount *= (double)(row.gains ? row.gains[n_reasons] : 1);
        rest -= amount;
        reasons[n_reasons] = (pal_reason){.item = used[n_reasons], .amount = amount};
    }
    if (fabs(rest) > 1e-5) /* a row trained with event weights, or not to the end */
        n_reasons = als_reason("what training weighed otherwise", rest, reasons, n_reasons);
    if (p->target != ALS_VALUE) return n_reasons;
    n_reasons = als_reason("the mean of all values", s->facts[ALS_FACT_MEAN], reasons, n_reasons);
    n_reasons =
        als_reason("how high the person values in general", (double)bias, reasons, n_reasons);
    return als_reason("how high people value it", (double)s->item_biases[item], reasons, n_reasons);
}

/* --- the rest of the descriptor --- */

static int32_t als_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                           pal_tensor tensors[PAL_TENSORS_MAX]) {
    const als_params *p = params;
    als_state *s = state;
    s->n_users = n_users;
    s->n_items = n_items;
    int32_t n = 0;
    tensors[n++] =
        pal_float_rows("users", &s->users, n_users, p->factors, PAL_ROLE_USERS, &s->small_users);
    tensors[n++] =
        pal_float_rows("items", &s->items, n_items, p->factors, PAL_ROLE_ITEMS, &s->small_items);
    tensors[n++] = pal_floats("spectrum", &s->spectrum, p->factors);
    if (p->target == ALS_VALUE) {
        tensors[n++] = pal_floats("user_biases", &s->user_biases, n_users);
        tensors[n++] = pal_floats("item_biases", &s->item_biases, n_items);
    }
    tensors[n++] = (pal_tensor){.name = "facts",
                                .dtype = PAL_F64,
                                .n_dims = 1,
                                .dims = {ALS_FACTS},
                                .data = (void **)&s->facts};
    return n;
}

static bool als_predicts_values(const void *params, const void *state) {
    (void)state;
    return ((const als_params *)params)->target == ALS_VALUE;
}

/* Where rows end, by counting; *longest is the most events of a user or item. False without memory.
 */
static bool als_count_items(const pal_log *log, pal_arena *arena, int64_t **starts,
                            int64_t *longest) {
    *starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)log->n_items + 1);
    if (!*starts) return false;
    *longest = 1;
    for (int64_t e = 0; e < log->n_events; e++) (*starts)[log->items[e] + 1]++;
    for (int32_t i = 0; i < log->n_items; i++) {
        if ((*starts)[i + 1] > *longest) *longest = (*starts)[i + 1];
        (*starts)[i + 1] += (*starts)[i];
    }
    for (int32_t u = 0; u < log->n_users; u++) {
        int64_t n = log->starts[u + 1] - log->starts[u];
        if (n > *longest) *longest = n;
    }
    return true;
}

static void als_estimate(const void *params, const pal_log *log, int32_t n_threads,
                         pal_estimate *out) {
    const als_params *p = params;
    pal_arena arena = {0};
    int64_t *starts, longest;
    if (!als_count_items(log, &arena, &starts, &longest)) return;
    double k = (double)p->factors, width = als_width(p), events = (double)log->n_events;
    double work = als_epoch_work(p, log->starts, log->n_users, starts, log->n_items);
    out->seconds = (double)p->epochs * (work * 3e-11 + events * k * 2e-10) / n_threads;
    bool by_value = p->target == ALS_VALUE || p->confidence == ALS_BY_VALUE;
    double an_event = 8 + (log->weights ? 8 : 0) + (by_value ? 20 : 0);
    double a_row = 4 * k + (width > k ? 4 * width : 0) + 24;
    double an_item = 4 * width + (width > k ? 4 * width : 0) + (by_value ? 48 : 16);
    out->bytes = an_event * events + a_row * ((double)log->n_users + log->n_items) +
                 an_item * log->n_items +
                 pal_ridge_bytes((int32_t)p->factors, als_side(p), longest, n_threads);
    pal_arena_release(&arena);
}

const pal_kind pal_kind_als = {
    .name = "als",
    .family = "collaborative",
    .summary = "a row of numbers for each user and item, each side solved exactly in turn "
               "(alternating least squares)",
    .paper = "Hu, Koren, Volinsky: Collaborative filtering for implicit feedback datasets, ICDM "
             "2008; Rendle, Krichene, Zhang, Koren: Revisiting the performance of iALS on item "
             "recommendation benchmarks, RecSys 2022",
    .traits = PAL_SCORES_NEW_USERS | PAL_IS_STOCHASTIC | PAL_PREDICTS_VALUES,
    .params = als_table,
    .params_size = sizeof(als_params),
    .state_size = sizeof(als_state),
    .fit = als_fit,
    .prepare = als_prepare,
    .scratch_bytes = als_scratch_bytes,
    .score = als_score,
    .tensors = als_tensors,
    .explain = als_explain,
    .predicts_values = als_predicts_values,
    .estimate = als_estimate,
};

/* --- for kinds that go on from its rows --- */

pal_status pal_als_side_of(pal_ctx *ctx, const char *what, const pal_model *model, pal_arena *arena,
                           pal_als_side *out) {
    const als_params *p = model->params;
    if (model->kind != &pal_kind_als || p->target != ALS_EVENT || p->confidence != ALS_FLAT)
        return pal_fail(ctx, PAL_EUSAGE,
                        "%s goes on from als of events, not from '%s': write %s(als), with options "
                        "of als other than target and confidence",
                        what, model->spec, what);
    const als_state *s = model->state;
    int32_t width = als_width(p);
    float *items = s->padded;
    if (!items) {
        items = PAL_ARENA_ARRAY(arena, float, (int64_t)s->n_items *width);
        if (!items) return pal_fail_memory(ctx, what, 4.0 * s->n_items * width);
        for (int64_t i = 0; i < s->n_items; i++)
            pal_small_read(&s->small_items, (int32_t)i, items + i * width);
    }
    *out = (pal_als_side){.n_users = s->n_users,
                          .n_items = s->n_items,
                          .n_factors = (int32_t)p->factors,
                          .n_learned = s->n_items,
                          .width = width,
                          .users = s->users,
                          .items = items,
                          .spectrum = s->padded_spectrum,
                          .l2 = p->l2 > 0 ? p->l2 : ALS_L2_OF_EVENTS,
                          .alpha0 = p->alpha0,
                          .nu = p->nu};
    return PAL_OK;
}

float pal_als_side_l2(const pal_als_side *side, int64_t n) {
    double all = (double)n + side->alpha0 * (double)side->n_learned;
    return (float)fmax(side->l2 * pow(all, side->nu), 1e-12);
}
