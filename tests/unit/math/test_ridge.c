/* test_ridge.c - every table of small-system kernels gives the bits of the reference; rows of
 * alternating least squares against plain elimination in double; the turn keeps products. */
#include "support.h"

#include <math.h>

#include "base/rng.h"
#include "math/ridge.h"

enum { N_OTHERS = 90, LONGEST = 200 };

static float *random_floats(int64_t n, uint64_t stream) {
    float *values = malloc((size_t)n * sizeof *values);
    assert_non_null(values);
    pal_rng rng = pal_rng_at(7, stream);
    for (int64_t i = 0; i < n; i++) values[i] = (float)(pal_rng_uniform(&rng) - 0.5);
    return values;
}

static float *ones_and(int64_t n, float first) {
    float *values = calloc((size_t)n, sizeof *values);
    assert_non_null(values);
    for (int64_t i = 0; i < n; i++) values[i] = first;
    return values;
}

/* --- kernels --- */

enum { PADDED = 208, WIDEST = 128 };
typedef struct { /* what all kernels give for one width */
    float gathered[LONGEST * WIDEST], sum[WIDEST], columns[WIDEST * PADDED], gram[WIDEST * WIDEST],
        solved[WIDEST], dots[LONGEST], residual[WIDEST];
} outcome;

static void run_kernels(const pal_spd *kernels, int32_t width, int32_t n, const float *factors,
                        const int32_t *rows, const float *scales, const float *gains,
                        outcome *out) {
    int32_t n_padded = pal_ridge_width(n);
    memset(out, 0, sizeof *out);
    kernels->gather(factors, width, width, rows, n, scales, gains, out->gathered, out->sum);
    kernels->gather_columns(factors, width, rows, n, scales, factors, out->columns, n_padded);
    for (int32_t f = 0; f < width; f++) out->gram[f * width + f] = 0.5f;
    kernels->gram(out->gathered, n, width, out->gram);
    kernels->factor(out->gram, width);
    memcpy(out->solved, out->sum, sizeof out->solved);
    kernels->solve(out->gram, width, out->solved);
    kernels->residual(factors, width, rows, n, scales, gains, out->solved, out->dots,
                      out->residual);
}

static void every_table_gives_the_same_bits(void **state) {
    (void)state;
    const pal_kernels *const *tables = pal_kernels_all();
    const int32_t widths[] = {16, 48, 64, 80, 128}, lengths[] = {1, 15, 16, 17, 100, LONGEST};
    static outcome expected, found;
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
            int32_t width = widths[w], n = lengths[l], rows[LONGEST];
            float *factors = random_floats((int64_t)N_OTHERS * width, 1),
                  *scales = random_floats(n, 2), *gains = random_floats(n, 3);
            for (int32_t e = 0; e < n; e++) rows[e] = e * 7 % N_OTHERS;
            run_kernels(tables[0]->spd, width, n, factors, rows, scales, gains, &expected);
            for (int t = 1; tables[t]; t++) {
                run_kernels(tables[t]->spd, width, n, factors, rows, scales, gains, &found);
                assert_memory_equal(&found, &expected, sizeof found);
            }
            /* columns is gathered, turned and multiplied by one row more */
            for (int32_t e = 0; e < n; e++) {
                for (int32_t f = 0; f < width; f++)
                    assert_true(expected.columns[f * pal_ridge_width(n) + e] ==
                                expected.gathered[e * width + f] * factors[f]);
            }
            free(factors);
            free(scales);
            free(gains);
        }
    }
}

/* --- rows --- */

typedef struct {
    pal_ridge side;
    pal_ridge_row row;
    float *factors, *spectrum, *weights, *gains, *scratch;
    int32_t others[LONGEST];
} problem;

static void problem_open(problem *p, int32_t n_factors, int32_t n, bool has_weights) {
    int32_t width = pal_ridge_width(n_factors);
    memset(p, 0, sizeof *p);
    p->factors = random_floats((int64_t)N_OTHERS * width, 11);
    p->spectrum = ones_and(width, 0.3f);
    p->weights = random_floats(n, 12);
    p->gains = random_floats(n, 13);
    for (int32_t e = 0; e < n; e++) p->weights[e] += 0.6f;
    for (int32_t r = 0; r < N_OTHERS; r++) {
        for (int32_t f = n_factors; f < width; f++) p->factors[r * width + f] = 0;
    }
    for (int32_t f = 0; f < width; f++) p->spectrum[f] = f < n_factors ? 0.1f * (float)(f + 1) : 0;
    for (int32_t e = 0; e < n; e++) p->others[e] = e * 7 % N_OTHERS;
    p->scratch = ones_and(pal_ridge_scratch(width, width, LONGEST), 0);
    p->side = (pal_ridge){pal_kernels_best()->spd, p->factors, p->spectrum, width};
    p->row = (pal_ridge_row){.others = p->others,
                             .n = n,
                             .weights = has_weights ? p->weights : NULL,
                             .gains = has_weights ? p->gains : NULL,
                             .l2 = 0.7f,
                             .share = 0.1f};
}

static void problem_close(problem *p) {
    free(p->factors);
    free(p->spectrum);
    free(p->weights);
    free(p->gains);
    free(p->scratch);
}

/* Gauss-Jordan in double of the row's normal equations; returns the objective. */
static double eliminate(const problem *p, double *x) {
    int32_t width = p->side.width;
    static double a[64][65], right[64];
    memset(a, 0, sizeof a);
    for (int32_t f = 0; f < width; f++) a[f][f] = (double)p->spectrum[f] + (double)p->row.l2;
    for (int32_t e = 0; e < p->row.n; e++) {
        const float *h = p->factors + p->others[e] * width;
        double w = p->row.weights ? (double)p->weights[e] : 1,
               g = p->row.gains ? (double)p->gains[e] : 1;
        for (int32_t i = 0; i < width; i++) {
            a[i][width] += g * (double)h[i];
            for (int32_t j = 0; j < width; j++) a[i][j] += w * (double)h[i] * (double)h[j];
        }
    }
    for (int32_t i = 0; i < width; i++) right[i] = a[i][width];
    for (int32_t i = 0; i < width; i++) {
        for (int32_t r = 0; r < width; r++) {
            double by = r == i ? 0 : a[r][i] / a[i][i];
            for (int32_t j = i; j <= width; j++) a[r][j] -= by * a[i][j];
        }
    }
    double value = 0;
    for (int32_t i = 0; i < width; i++) {
        x[i] = a[i][width] / a[i][i];
        value -= right[i] * x[i];
    }
    return value;
}

static void assert_near(const float *found, const double *expected, int32_t n, double tolerance) {
    for (int32_t f = 0; f < n; f++) {
        if (!(fabs((double)found[f] - expected[f]) <= tolerance))
            fail_msg("factor %d is %g, not %g", (int)f, (double)found[f], expected[f]);
    }
}

static void rows_solve_their_equations(void **state) {
    (void)state;
    const int32_t factors[] = {5, 16, 40, 64}, lengths[] = {1, 16, 17, 40, 63, 64, 200};
    for (size_t i = 0; i < 4 * 7 * 2; i++) {
        problem p;
        double x[64];
        float found[64] = {0};
        problem_open(&p, factors[i % 4], lengths[i / 4 % 7], i >= 28);
        double value = eliminate(&p, x);
        double tolerance = 1e-5 * (1 + fabs(value));
        assert_true(fabs(pal_ridge_exact(&p.side, &p.row, p.scratch, found) - value) <= tolerance);
        assert_near(found, x, p.side.width, 1e-5);
        memset(found, 0, sizeof found);
        assert_true(fabs(pal_ridge_descend(&p.side, &p.row, 60, p.scratch, found) - value) <=
                    tolerance);
        assert_near(found, x, p.side.width, 2e-5);
        memset(found, 0, sizeof found);
        double blocks = 0, before = 0;
        for (int pass = 0; pass < 60; pass++) {
            blocks = pal_ridge_blocks(&p.side, &p.row, 16, p.scratch, found);
            assert_true(blocks <= before + tolerance); /* never rises */
            before = blocks;
        }
        assert_true(fabs(blocks - value) <= tolerance);
        problem_close(&p);
    }
}

/* Steps say the objective that they have reached, not that of the end. */
static void few_steps_say_their_own_objective(void **state) {
    (void)state;
    problem p;
    double x[64];
    float found[64] = {0};
    problem_open(&p, 40, 100, true);
    double least = eliminate(&p, x), said = pal_ridge_descend(&p.side, &p.row, 2, p.scratch, found);
    double sum = 0;
    for (int32_t e = 0; e < p.row.n; e++) {
        double d = 0;
        for (int32_t f = 0; f < p.side.width; f++)
            d += (double)p.factors[p.others[e] * p.side.width + f] * (double)found[f];
        sum += (double)p.weights[e] * d * d - 2 * (double)p.gains[e] * d;
    }
    for (int32_t f = 0; f < p.side.width; f++)
        sum += (double)(p.spectrum[f] + p.row.l2) * (double)found[f] * (double)found[f];
    assert_true(fabs(said - sum) <= 1e-5 * fabs(sum));
    assert_true(said > least + 1e-4);
    problem_close(&p);
}

static void singular_systems_stay_finite(void **state) {
    (void)state;
    problem p;
    float found[64];
    problem_open(&p, 40, 100, false);
    memset(p.spectrum, 0, (size_t)p.side.width * sizeof *p.spectrum);
    p.row.l2 = 1e-30f;
    for (int32_t r = 0; r < N_OTHERS * p.side.width; r++) p.factors[r] = 1e3f;
    assert_true(isfinite(pal_ridge_exact(&p.side, &p.row, p.scratch, found)));
    for (int32_t f = 0; f < p.side.width; f++) assert_true(isfinite(found[f]));
    problem_close(&p);
}

/* --- the turn --- */

static float *turned(int32_t n_threads, int32_t k, int64_t n, float *more, float *spectrum) {
    pal_pool *pool = pal_pool_new(n_threads);
    pal_arena arena = {0};
    pal_ridge_work work;
    int32_t width = pal_ridge_width(k);
    float *factors = random_floats(n * width, 21);
    for (int64_t i = 0; i < n * width; i++) {
        if (i % width >= k) factors[i] = 0;
    }
    assert_true(pal_ridge_work_start(&work, k, pal_pool_threads(pool), &arena));
    assert_true(pal_ridge_turn(pool, &work, factors, n, more, 3, 2, spectrum));
    pal_arena_release(&arena);
    pal_pool_free(pool);
    return factors;
}

static void turning_keeps_products_and_makes_a_diagonal(void **state) {
    (void)state;
    enum { K = 21, W = 32, N = 1000 };
    float spectrum[W] = {0}, more[3 * W], again[3 * W], *before = random_floats(N * W, 21);
    memset(more, 0, sizeof more);
    for (int32_t r = 0; r < 3; r++) {
        for (int32_t f = 0; f < K; f++) more[r * W + f] = (float)(r + 1) / (float)(f + 2);
    }
    memcpy(again, more, sizeof more);
    float *first = turned(1, K, N, more, spectrum);
    for (int32_t r = 0; r < 3; r++) {
        double old = 0, new = 0;
        for (int32_t f = 0; f < K; f++) {
            old += (double)before[(5 + r) * W + f] * (double)again[r * W + f];
            new += (double)first[(5 + r) * W + f] * (double)more[r * W + f];
        }
        assert_true(fabs(old - new) < 1e-5);
    }
    for (int32_t i = 0; i < W; i++) {
        for (int32_t j = 0; j < W; j++) {
            double sum = 0;
            for (int32_t r = 0; r < N; r++)
                sum += 2 * (double)first[r * W + i] * (double)first[r * W + j];
            assert_true(fabs(sum - (i == j ? (double)spectrum[i] : 0)) < 1e-3);
        }
    }
    for (int32_t threads = 2; threads <= 3; threads++) {
        float *other = turned(threads, K, N, again, spectrum);
        assert_memory_equal(other, first, N * W * sizeof *other);
        free(other);
    }
    free(first);
    free(before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_gives_the_same_bits),
        cmocka_unit_test(rows_solve_their_equations),
        cmocka_unit_test(few_steps_say_their_own_objective),
        cmocka_unit_test(singular_systems_stay_finite),
        cmocka_unit_test(turning_keeps_products_and_makes_a_diagonal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
