/* test_svd.c - singular vectors against what defines them, and regressions of columns against the
 * dense inverse; the same bytes for any number of threads. */
#include "support.h"

#include <math.h>

#include "base/rng.h"
#include "math/columns.h"
#include "math/solve.h"
#include "math/svd.h"

enum { ROWS = 400, COLS = 150, EACH = 12 };

/* Rows prefer one of five groups of columns. Values, where asked for, are uneven. */
static void grouped_matrix(pal_arena *arena, bool has_values, pal_csr *a, pal_csr *transposed) {
    int64_t *starts = PAL_ARENA_ARRAY(arena, int64_t, ROWS + 1);
    int32_t *cols = PAL_ARENA_ARRAY(arena, int32_t, ROWS * EACH);
    float *values = PAL_ARENA_ARRAY(arena, float, ROWS *EACH);
    pal_rng rng = pal_rng_at(11, has_values);
    int64_t n = 0;
    for (int32_t r = 0; r < ROWS; r++) {
        for (int32_t c = 0; c < COLS; c++) {
            double p = c % 5 == r % 5 ? 0.25 : 0.02;
            if (pal_rng_uniform(&rng) >= p || n - starts[r] >= EACH) continue;
            values[n] = (float)(0.5 + pal_rng_uniform(&rng));
            cols[n++] = c;
        }
        starts[r + 1] = n;
    }
    *a = (pal_csr){.n_rows = ROWS,
                   .n_cols = COLS,
                   .starts = starts,
                   .cols = cols,
                   .values = has_values ? values : NULL};
    assert_true(pal_csr_transpose(a, arena, transposed));
}

/* out = Aᵀ A v for A = diag(row_scales) a diag(col_scales). */
static void gram_times(const pal_svd_input *in, const double *v, double *out) {
    const pal_csr *a = in->a;
    for (int32_t c = 0; c < a->n_cols; c++) out[c] = 0;
    for (int32_t r = 0; r < a->n_rows; r++) {
        double dot = 0, row = in->row_scales ? (double)in->row_scales[r] : 1;
        for (int pass = 0; pass < 2; pass++) {
            for (int64_t e = a->starts[r]; e < a->starts[r + 1]; e++) {
                int32_t c = a->cols[e];
                double x = (a->values ? (double)a->values[e] : 1) * row *
                           (in->col_scales ? (double)in->col_scales[c] : 1);
                if (pass == 0) dot += x * v[c];
                if (pass == 1) out[c] += x * dot;
            }
        }
    }
}

static void check_vectors(const pal_svd_input *in, const float *vectors, const float *values) {
    int32_t k = in->k, n = in->a->n_cols;
    for (int32_t i = 0; i < k; i++) {
        for (int32_t j = 0; j <= i; j++) {
            double dot = 0;
            for (int32_t c = 0; c < n; c++)
                dot += (double)vectors[c * k + i] * (double)vectors[c * k + j];
            assert_true(fabs(dot - (i == j)) < 1e-4);
        }
        assert_true(i == 0 || values[i] <= values[i - 1] * 1.0001f);
    }
    double v[COLS], product[COLS];
    for (int32_t i = 0; i < 5 && i < k; i++) { /* well apart from the others */
        for (int32_t c = 0; c < n; c++) v[c] = (double)vectors[c * k + i];
        gram_times(in, v, product);
        double square = (double)values[i] * (double)values[i], off = 0;
        for (int32_t c = 0; c < n; c++) off += pow(product[c] - square * v[c], 2);
        assert_true(sqrt(off) < 1e-3 * square);
    }
}

static void vectors_are_singular(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    for (int form = 0; form < 4; form++) {
        pal_arena arena = {0};
        pal_csr a, transposed;
        grouped_matrix(&arena, form & 1, &a, &transposed);
        float *row_scales = PAL_ARENA_ARRAY(&arena, float, ROWS),
              *col_scales = PAL_ARENA_ARRAY(&arena, float, COLS);
        for (int32_t r = 0; r < ROWS; r++) row_scales[r] = 1 / (1 + (float)(r % 3));
        for (int32_t c = 0; c < COLS; c++) col_scales[c] = 1 / (1 + (float)(c % 2));
        pal_svd_input in = {.a = &a,
                            .transposed = &transposed,
                            .row_scales = form & 2 ? row_scales : NULL,
                            .col_scales = form & 2 ? col_scales : NULL,
                            .k = 8};
        float *vectors = PAL_ARENA_ARRAY(&arena, float, COLS * 8), values[8];
        assert_int_equal(pal_svd(ctx, "a test", &in, vectors, values), PAL_OK);
        check_vectors(&in, vectors, values);
        pal_arena_release(&arena);
    }
    support_close(ctx);
}

/* Beyond the rank there is nothing. */
static void low_rank_leaves_zeros(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    const int64_t starts[] = {0, 2, 4, 6, 8};
    const int32_t cols[] = {0, 1, 0, 1, 2, 3, 2, 3};
    pal_csr a = {.n_rows = 4, .n_cols = 5, .starts = starts, .cols = cols}, transposed;
    pal_arena arena = {0};
    assert_true(pal_csr_transpose(&a, &arena, &transposed));
    float vectors[5 * 4], values[4];
    pal_svd_input in = {.a = &a, .transposed = &transposed, .k = 4};
    assert_int_equal(pal_svd(ctx, "a test", &in, vectors, values), PAL_OK);
    for (int32_t i = 0; i < 4; i++) {
        assert_true(fabs((double)values[i] - (i < 2 ? 2 : 0)) < 1e-3);
        for (int32_t c = 0; c < 5; c++) {
            if (i >= 2 || c == 4) assert_true(fabs((double)vectors[c * 4 + i]) < 1e-6);
        }
    }
    pal_arena_release(&arena);
    support_close(ctx);
}

static void regressions_are_the_inverse(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(3);
    pal_arena arena = {0};
    pal_csr a, transposed;
    grouped_matrix(&arena, false, &a, &transposed);
    float *gram = PAL_ARENA_ARRAY(&arena, float, COLS *COLS),
          *weights = PAL_ARENA_ARRAY(&arena, float, COLS *COLS);
    int32_t *neighbours = PAL_ARENA_ARRAY(&arena, int32_t, COLS * COLS), counts[COLS];
    pal_csr_gram(ctx->pool, &a, &transposed, gram);
    for (int32_t i = 0; i < COLS; i++) {
        for (int32_t j = 0; j < COLS; j++) assert_true(gram[i * COLS + j] >= 0);
        gram[i * COLS + i] += 3;
    }
    float *kept = PAL_ARENA_ARRAY(&arena, float, COLS *COLS);
    memcpy(kept, gram, COLS * COLS * sizeof *kept);
    assert_int_equal(
        pal_columns_regress(ctx, "a test", &a, &transposed, 3, COLS, neighbours, weights, counts),
        PAL_OK);
    /* The normal equations of each column, on the columns that it is tied to. */
    for (int32_t i = 0; i < COLS; i++) {
        for (int32_t r = 0; r < counts[i]; r++) {
            int32_t j = neighbours[i * COLS + r];
            double sum = 0;
            for (int32_t t = 0; t < counts[i]; t++)
                sum += (double)kept[j * COLS + neighbours[i * COLS + t]] *
                       (double)weights[i * COLS + t];
            assert_true(fabs(sum - (double)kept[j * COLS + i]) < 2e-3);
        }
    }
    pal_arena_release(&arena);
    support_close(ctx);
}

/* Rows of 80 columns in blocks of 8 that never meet. */
enum { BLOCKS_N = 80, BLOCK = 8, BLOCKS_K = 20, BLOCKS_ROWS = 600 };

static void blocks_matrix(pal_arena *arena, bool has_values, pal_csr *a, pal_csr *transposed) {
    int64_t *starts = PAL_ARENA_ARRAY(arena, int64_t, BLOCKS_ROWS + 1);
    int32_t *cols = PAL_ARENA_ARRAY(arena, int32_t, BLOCKS_ROWS * BLOCK);
    float *values = PAL_ARENA_ARRAY(arena, float, BLOCKS_ROWS *BLOCK);
    pal_rng rng = pal_rng_at(12, 0);
    for (int32_t r = 0; r < BLOCKS_ROWS; r++) {
        starts[r + 1] = starts[r];
        for (int32_t c = 0; c < BLOCK; c++) {
            if (pal_rng_uniform(&rng) < 0.5) continue;
            values[starts[r + 1]] = (float)(0.5 + pal_rng_uniform(&rng));
            cols[starts[r + 1]++] = r * 7 % (BLOCKS_N / BLOCK) * BLOCK + c;
        }
    }
    *a = (pal_csr){.n_rows = BLOCKS_ROWS,
                   .n_cols = BLOCKS_N,
                   .starts = starts,
                   .cols = cols,
                   .values = has_values ? values : NULL};
    assert_true(pal_csr_transpose(a, arena, transposed));
}

/* A column solved on its block is the whole inverse's, whether inner products come from the table
 * of the first columns or from walked rows. */
static void regressions_within_blocks_are_the_inverse(void **state) {
    (void)state;
    static float gram[BLOCKS_N * BLOCKS_N], weights[BLOCKS_N * BLOCKS_K];
    static int32_t neighbours[BLOCKS_N * BLOCKS_K];
    int32_t counts[BLOCKS_N];
    for (int has_values = 0; has_values < 2; has_values++) {
        pal_ctx *ctx = support_open(2);
        pal_arena arena = {0};
        pal_csr a, transposed;
        blocks_matrix(&arena, has_values, &a, &transposed);
        assert_int_equal(pal_columns_regress(ctx, "a test", &a, &transposed, 3, BLOCKS_K,
                                             neighbours, weights, counts),
                         PAL_OK);
        pal_csr_gram(ctx->pool, &a, &transposed, gram);
        for (int32_t i = 0; i < BLOCKS_N; i++) gram[i * BLOCKS_N + i] += 3;
        assert_int_equal(pal_spd_inverse(ctx, "a test", gram, BLOCKS_N), PAL_OK);
        for (int32_t i = 0; i < BLOCKS_N; i++) {
            assert_int_equal(counts[i], BLOCK - 1);
            for (int32_t r = 0; r < counts[i]; r++) {
                int32_t j = neighbours[i * BLOCKS_K + r];
                float expected = -gram[j * BLOCKS_N + i] / gram[i * BLOCKS_N + i];
                assert_true(j / BLOCK == i / BLOCK && j != i);
                assert_true(fabsf(weights[i * BLOCKS_K + r] - expected) < 1e-4f);
            }
        }
        pal_arena_release(&arena);
        support_close(ctx);
    }
}

static void threads_do_not_matter(void **state) {
    (void)state;
    static float first[2][COLS * COLS], again[2][COLS * COLS];
    for (int32_t threads = 1; threads <= 3; threads++) {
        pal_ctx *ctx = support_open(threads);
        pal_arena arena = {0};
        pal_csr a, transposed;
        float values[40];
        int32_t *neighbours = PAL_ARENA_ARRAY(&arena, int32_t, COLS * COLS), counts[COLS];
        grouped_matrix(&arena, false, &a, &transposed);
        float(*out)[COLS * COLS] = threads == 1 ? first : again;
        pal_svd_input in = {.a = &a, .transposed = &transposed, .k = 40};
        assert_int_equal(pal_svd(ctx, "a test", &in, out[0], values), PAL_OK);
        assert_int_equal(
            pal_columns_regress(ctx, "a test", &a, &transposed, 3, 20, neighbours, out[1], counts),
            PAL_OK);
        if (threads > 1) assert_memory_equal(first, again, sizeof first);
        pal_arena_release(&arena);
        support_close(ctx);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_are_singular),
        cmocka_unit_test(low_rank_leaves_zeros),
        cmocka_unit_test(regressions_are_the_inverse),
        cmocka_unit_test(regressions_within_blocks_are_the_inverse),
        cmocka_unit_test(threads_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
