/* ridge.c - rows of alternating least squares: exact, by conjugate gradients, by blocks; and the
 * turn into the eigenbasis. */
#include "math/ridge.h"

#include <math.h>
#include <string.h>

#include "math/dense.h"
#include "math/topk.h"

enum { RIDGE_BLOCK = 64, RIDGE_PARTS = 16, RIDGE_ROWS = 48, RIDGE_FLUSH = 256 };

void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
             double *work, const int *lwork, int *iwork, const int *liwork, int *info);

static int64_t ridge_larger(int64_t a, int64_t b) { return a > b ? a : b; }

int64_t pal_ridge_scratch(int32_t width, int32_t side, int64_t n_max) {
    int64_t block = (int64_t)side * side;
    return block + ridge_larger(block, (int64_t)RIDGE_BLOCK * side) + 6 * (int64_t)width +
           2 * ridge_larger(n_max, width);
}

static float ridge_weight(const pal_ridge_row *row, int32_t e) {
    return row->weights ? row->weights[e] : 1;
}

static float ridge_gain(const pal_ridge_row *row, int32_t e) {
    return row->gains ? row->gains[e] : 1;
}

static double ridge_product(const float *a, const float *b, int32_t n) {
    double sums[4] = {0};
    for (int32_t f = 0; f + 4 <= n; f += 4) {
        for (int32_t lane = 0; lane < 4; lane++)
            sums[lane] += (double)a[f + lane] * (double)b[f + lane];
    }
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* --- exact --- */

/* a [width, width] = diag(spectrum + l2) + Σ_e w_e h_eᵀ h_e, upper triangle; sum += Σ_e g_e h_e. */
static void ridge_normal(const pal_ridge *side, const pal_ridge_row *row, float *a, float *rows,
                         float *sum) {
    int32_t width = side->width;
    memset(a, 0, (size_t)width * (size_t)width * sizeof *a);
    for (int32_t f = 0; f < width; f++) a[(int64_t)f * width + f] = side->spectrum[f] + row->l2;
    for (int32_t first = 0; first < row->n; first += RIDGE_BLOCK) {
        int32_t n = row->n - first < RIDGE_BLOCK ? row->n - first : RIDGE_BLOCK;
        float scales[RIDGE_BLOCK], gains[RIDGE_BLOCK];
        for (int32_t e = 0; e < n; e++) {
            scales[e] = sqrtf(ridge_weight(row, first + e));
            gains[e] = ridge_gain(row, first + e);
        }
        side->kernels->gather(side->factors, width, width, row->others + first, n, scales, gains,
                              rows, sum);
        side->kernels->gram(rows, n, width, a);
    }
}

/* With R = W^½ H D^-½, D the diagonal: x = D^-½ Rᵀ z, (I + R Rᵀ) z = W^-½ g. */
static double ridge_dual(const pal_ridge *side, const pal_ridge_row *row, float *scratch,
                         float *x) {
    int32_t width = side->width, n = pal_ridge_width(row->n);
    float *system = scratch, *columns = system + (int64_t)width * width;
    float *by = columns + ridge_larger((int64_t)width * width, RIDGE_BLOCK * (int64_t)width);
    float *scales = by + width, *z = scales + width, *right = z + width;
    memset(z, 0, (size_t)width * sizeof *z);
    for (int32_t f = 0; f < width; f++) by[f] = 1 / sqrtf(side->spectrum[f] + row->l2);
    for (int32_t e = 0; e < row->n; e++) {
        scales[e] = sqrtf(ridge_weight(row, e));
        right[e] = z[e] = ridge_gain(row, e) / scales[e];
    }
    side->kernels->gather_columns(side->factors, width, row->others, row->n, scales, by, columns,
                                  n);
    memset(system, 0, (size_t)n * (size_t)n * sizeof *system);
    for (int32_t e = 0; e < n; e++) system[(int64_t)e * n + e] = 1;
    side->kernels->gram(columns, width, n, system);
    side->kernels->factor(system, n);
    side->kernels->solve(system, n, z);
    side->kernels->dots(columns, n, n, NULL, width, z, x);
    for (int32_t f = 0; f < width; f++) x[f] *= by[f];
    /* g·Hx, with R Rᵀ z = W^-½ g - z */
    double value = 0;
    for (int32_t e = 0; e < row->n; e++)
        value -= (double)right[e] * ((double)right[e] - (double)z[e]);
    return value;
}

static bool ridge_has_weights(const pal_ridge_row *row) {
    for (int32_t e = 0; row->weights && e < row->n; e++) {
        if (!(row->weights[e] > 0)) return false;
    }
    return true;
}

double pal_ridge_exact(const pal_ridge *side, const pal_ridge_row *row, float *scratch, float *x) {
    int32_t width = side->width;
    memset(x, 0, (size_t)width * sizeof *x);
    if (row->n == 0) return 0;
    if (pal_ridge_width(row->n) < width && ridge_has_weights(row))
        return ridge_dual(side, row, scratch, x);
    float *a = scratch, *rows = a + (int64_t)width * width;
    float *right = rows + ridge_larger((int64_t)width * width, RIDGE_BLOCK * (int64_t)width);
    ridge_normal(side, row, a, rows, x);
    memcpy(right, x, (size_t)width * sizeof *x);
    side->kernels->factor(a, width);
    side->kernels->solve(a, width, x);
    return -ridge_product(right, x, width);
}

void pal_ridge_inverse(const pal_ridge *side, const pal_ridge_row *row, float *scratch, float *x) {
    int32_t width = side->width;
    float *a = scratch, *rows = a + (int64_t)width * width;
    float *unused = rows + ridge_larger((int64_t)width * width, RIDGE_BLOCK * (int64_t)width);
    ridge_normal(side, row, a, rows, unused);
    side->kernels->factor(a, width);
    side->kernels->solve(a, width, x);
}

/* --- iterative --- */

/* The objective from dots = h_e·x. */
static double ridge_objective(const pal_ridge *side, const pal_ridge_row *row, const float *dots,
                              const float *x) {
    double sum = 0;
    for (int32_t e = 0; e < row->n; e++) {
        double d = (double)dots[e];
        sum += d * ((double)ridge_weight(row, e) * d - 2 * (double)ridge_gain(row, e));
    }
    for (int32_t f = 0; f < side->width; f++)
        sum += (double)(side->spectrum[f] + row->l2) * (double)x[f] * (double)x[f];
    return sum;
}

/* Weights and gains as arrays: the row's own, or ones in scratch. */
static void ridge_arrays(const pal_ridge_row *row, float *ones, const float **weights,
                         const float **gains) {
    for (int32_t e = 0; e < row->n && (!row->weights || !row->gains); e++) ones[e] = 1;
    *weights = row->weights ? row->weights : ones;
    *gains = row->gains ? row->gains : ones;
}

double pal_ridge_descend(const pal_ridge *side, const pal_ridge_row *row, int32_t n_steps,
                         float *scratch, float *x) {
    int32_t width = side->width;
    float *rest = scratch, *scaled = rest + width, *step = scaled + width, *product = step + width;
    float *condition = product + width, *dots = condition + width, *ones = dots + row->n;
    if (row->n == 0) {
        memset(x, 0, (size_t)width * sizeof *x);
        return 0;
    }
    const float *weights, *gains;
    ridge_arrays(row, ones, &weights, &gains);
    memset(rest, 0, (size_t)width * sizeof *rest);
    side->kernels->residual(side->factors, width, row->others, row->n, weights, gains, x, dots,
                            rest);
    double value = ridge_objective(side, row, dots, x);
    for (int32_t f = 0; f < width; f++) {
        rest[f] -= (side->spectrum[f] + row->l2) * x[f];
        condition[f] = 1 / (side->spectrum[f] * (1 + row->share) + row->l2);
        step[f] = condition[f] * rest[f];
    }
    double size = ridge_product(rest, step, width);
    for (int32_t s = 0; s < n_steps && size > 1e-20; s++) {
        memset(product, 0, (size_t)width * sizeof *product);
        side->kernels->residual(side->factors, width, row->others, row->n, weights, NULL, step,
                                dots, product);
        for (int32_t f = 0; f < width; f++)
            product[f] = (side->spectrum[f] + row->l2) * step[f] - product[f];
        double curvature = ridge_product(step, product, width);
        if (!(curvature > 0)) break;
        float length = (float)(size / curvature);
        value -= size * size / curvature;
        for (int32_t f = 0; f < width; f++) {
            x[f] += length * step[f];
            rest[f] -= length * product[f];
            scaled[f] = condition[f] * rest[f];
        }
        double before = size;
        size = ridge_product(rest, scaled, width);
        float keep = (float)(size / before);
        for (int32_t f = 0; f < width; f++) step[f] = scaled[f] + keep * step[f];
    }
    return value;
}

/* The step of the factors [first, first + block): what is left of the gradient over the block's own
 * matrix; writes it to `step` and moves x. */
static void ridge_block_step(const pal_ridge *side, const pal_ridge_row *row, int32_t first,
                             int32_t block, const float *dots, float *a, float *rows, float *step,
                             float *x) {
    memset(a, 0, (size_t)block * (size_t)block * sizeof *a);
    memset(step, 0, (size_t)block * sizeof *step);
    for (int32_t f = 0; f < block; f++)
        a[(int64_t)f * block + f] = side->spectrum[first + f] + row->l2;
    for (int32_t from = 0; from < row->n; from += RIDGE_BLOCK) {
        int32_t n = row->n - from < RIDGE_BLOCK ? row->n - from : RIDGE_BLOCK;
        float scales[RIDGE_BLOCK], gains[RIDGE_BLOCK];
        for (int32_t e = 0; e < n; e++) {
            float weight = ridge_weight(row, from + e);
            scales[e] = sqrtf(weight);
            gains[e] = ridge_gain(row, from + e) - weight * dots[from + e];
        }
        side->kernels->gather(side->factors + first, side->width, block, row->others + from, n,
                              scales, gains, rows, step);
        side->kernels->gram(rows, n, block, a);
    }
    for (int32_t f = 0; f < block; f++)
        step[f] -= (side->spectrum[first + f] + row->l2) * x[first + f];
    side->kernels->factor(a, block);
    side->kernels->solve(a, block, step);
    for (int32_t f = 0; f < block; f++) x[first + f] += step[f];
}

double pal_ridge_blocks(const pal_ridge *side, const pal_ridge_row *row, int32_t block,
                        float *scratch, float *x) {
    int32_t width = side->width;
    float *a = scratch, *rows = a + (int64_t)block * block;
    float *step = rows + ridge_larger((int64_t)block * block, RIDGE_BLOCK * (int64_t)block);
    float *dots = step + width, *moved = dots + row->n;
    if (row->n == 0) {
        memset(x, 0, (size_t)width * sizeof *x);
        return 0;
    }
    side->kernels->dots(side->factors, width, width, row->others, row->n, x, dots);
    for (int32_t first = 0; first < width; first += block) {
        int32_t size = width - first < block ? width - first : block;
        ridge_block_step(side, row, first, size, dots, a, rows, step, x);
        side->kernels->dots(side->factors + first, width, size, row->others, row->n, step, moved);
        for (int32_t e = 0; e < row->n; e++) dots[e] += moved[e];
    }
    return ridge_objective(side, row, dots, x);
}

/* --- the turn --- */

typedef struct { /* elements of the arrays of pal_ridge_work */
    int64_t cells, gram, values, integers, panels, turned;
} ridge_sizes;

static ridge_sizes ridge_count(int64_t k, int64_t n_workers) {
    int64_t width = pal_ridge_width((int32_t)k);
    return (ridge_sizes){.cells = RIDGE_PARTS * width * width,
                         .gram = k * k,
                         .values = k + 1 + 6 * k + 2 * k * k,
                         .integers = 3 + 5 * k,
                         .panels = width * (width + PAL_PANEL),
                         .turned = n_workers * RIDGE_ROWS * (width + PAL_PANEL)};
}

double pal_ridge_bytes(int32_t n_factors, int32_t side, int64_t n_max, int32_t n_workers) {
    ridge_sizes n = ridge_count(n_factors, n_workers);
    int64_t scratch = n_workers * pal_ridge_scratch(pal_ridge_width(n_factors), side, n_max);
    return 8 * (double)(n.cells + n.gram + n.values) +
           4 * (double)(n.cells + n.integers + n.panels + n.turned + scratch);
}

bool pal_ridge_work_start(pal_ridge_work *work, int32_t n_factors, int32_t n_workers,
                          pal_arena *arena) {
    ridge_sizes n = ridge_count(n_factors, n_workers);
    *work = (pal_ridge_work){.n_factors = n_factors, .width = pal_ridge_width(n_factors)};
    work->sums = PAL_ARENA_ARRAY(arena, double, n.cells);
    work->tiles = PAL_ARENA_ARRAY(arena, float, n.cells);
    work->gram = PAL_ARENA_ARRAY(arena, double, n.gram);
    work->values = PAL_ARENA_ARRAY(arena, double, n.values);
    work->integers = PAL_ARENA_ARRAY(arena, int32_t, n.integers);
    work->panels = PAL_ARENA_ARRAY(arena, float, n.panels);
    work->turned = PAL_ARENA_ARRAY(arena, float, n.turned);
    return work->sums && work->tiles && work->gram && work->values && work->integers &&
           work->panels && work->turned;
}

typedef struct {
    const pal_kernels *kernels;
    pal_ridge_work *work;
    float *factors;
    int64_t n;
} ridge_turn_job;

/* One of RIDGE_PARTS parts of the rows: products in float, their sums in double. */
static void ridge_gram_part(void *arg, int64_t part, int32_t worker) {
    (void)worker;
    const ridge_turn_job *job = arg;
    int32_t width = job->work->width;
    int64_t cells = (int64_t)width * width;
    double *sums = job->work->sums + part * cells;
    float *tile = job->work->tiles + part * cells;
    memset(sums, 0, (size_t)cells * sizeof *sums);
    int64_t last = job->n * (part + 1) / RIDGE_PARTS;
    for (int64_t first = job->n * part / RIDGE_PARTS; first < last; first += RIDGE_FLUSH) {
        int32_t n = (int32_t)(last - first < RIDGE_FLUSH ? last - first : RIDGE_FLUSH);
        memset(tile, 0, (size_t)cells * sizeof *tile);
        job->kernels->spd->gram(job->factors + first * width, n, width, tile);
        for (int64_t c = 0; c < cells; c++) sums[c] += (double)tile[c];
    }
}

static void ridge_turn_rows(void *arg, int64_t chunk, int32_t worker) {
    const ridge_turn_job *job = arg;
    const pal_ridge_work *work = job->work;
    int32_t width = work->width, n_panels = (width + PAL_PANEL - 1) / PAL_PANEL;
    int64_t stride = (int64_t)n_panels * PAL_PANEL, first = chunk * RIDGE_ROWS;
    int32_t n = (int32_t)(job->n - first < RIDGE_ROWS ? job->n - first : RIDGE_ROWS);
    float *turned = work->turned + worker * RIDGE_ROWS * ((int64_t)width + PAL_PANEL);
    float *rows = job->factors + first * width;
    for (int32_t p = 0; p < n_panels; p++)
        job->kernels->score_panel(rows, n, work->panels + (int64_t)p * width * PAL_PANEL, width,
                                  turned + p * PAL_PANEL, stride);
    for (int32_t r = 0; r < n; r++)
        memcpy(rows + (int64_t)r * width, turned + r * stride, (size_t)width * sizeof *rows);
}

/* Eigenvalues ascending; eigenvector j stands in gram[j * k …]. False when there is none. */
static bool ridge_eigen(pal_ridge_work *work) {
    int k = work->n_factors, n_reals = 1 + 6 * k + 2 * k * k, n_integers = 3 + 5 * k, info = 0;
    int64_t width = work->width;
    for (int64_t i = 0; i < k; i++) {
        for (int64_t j = i; j < k; j++) {
            double sum = 0;
            for (int64_t part = 0; part < RIDGE_PARTS; part++)
                sum += work->sums[part * width * width + i * width + j];
            work->gram[i * k + j] = work->gram[j * k + i] = sum;
            if (!isfinite(sum)) return false;
        }
    }
    pal_blas_single();
    dsyevd_("V", "L", &k, work->gram, &k, work->values, work->values + k, &n_reals, work->integers,
            &n_integers, &info);
    return info == 0;
}

bool pal_ridge_turn(pal_pool *pool, pal_ridge_work *work, float *factors, int64_t n, float *more,
                    int64_t n_more, double alpha0, float *spectrum) {
    int64_t k = work->n_factors, width = work->width;
    ridge_turn_job job = {.kernels = pal_kernels_best(), .work = work, .factors = factors, .n = n};
    pal_parallel(pool, RIDGE_PARTS, ridge_gram_part, &job);
    if (!ridge_eigen(work)) return false;
    memset(work->panels, 0, (size_t)(width * (width + PAL_PANEL)) * sizeof *work->panels);
    for (int64_t j = 0; j < k; j++) {
        float *panel = work->panels + j / PAL_PANEL * width * PAL_PANEL + j % PAL_PANEL;
        for (int64_t f = 0; f < k; f++) panel[f * PAL_PANEL] = (float)work->gram[j * k + f];
        spectrum[j] = (float)(alpha0 * fmax(work->values[j], 0));
    }
    pal_parallel(pool, (n + RIDGE_ROWS - 1) / RIDGE_ROWS, ridge_turn_rows, &job);
    if (!more) return true;
    job.factors = more;
    job.n = n_more;
    pal_parallel(pool, (n_more + RIDGE_ROWS - 1) / RIDGE_ROWS, ridge_turn_rows, &job);
    return true;
}
