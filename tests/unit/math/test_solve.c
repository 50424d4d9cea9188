/* test_solve.c - inverses, Gram matrices and co-occurrence against plain loops; the same bytes for
 * any number of threads. */
#include "support.h"

#include <math.h>

#include "base/rng.h"
#include "math/cooccur.h"
#include "math/solve.h"

/* A random matrix A Aᵀ / n + I. */
static float *random_spd(int64_t n) {
    float *a = calloc((size_t)(n * n), sizeof *a), *b = malloc((size_t)(n * n) * sizeof *b);
    pal_rng rng = pal_rng_at(3, (uint64_t)n);
    for (int64_t i = 0; i < n * n; i++) b[i] = (float)(pal_rng_uniform(&rng) - 0.5);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) {
            double sum = i == j;
            for (int64_t k = 0; k < n; k += 3)
                sum += (double)b[i * n + k] * b[j * n + k] / (double)n;
            a[i * n + j] = (float)sum;
        }
    }
    free(b);
    return a;
}

static void inverse_times_matrix_is_the_identity(void **state) {
    (void)state;
    const int64_t sizes[] = {1, 5, 255, 256, 257, 600};
    pal_ctx *ctx = support_open(3);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        int64_t n = sizes[s];
        float *a = random_spd(n), *inverse = malloc((size_t)(n * n) * sizeof *inverse);
        memcpy(inverse, a, (size_t)(n * n) * sizeof *a);
        assert_int_equal(pal_spd_inverse(ctx, "a test", inverse, n), PAL_OK);
        for (int64_t i = 0; i < n; i += 1 + n / 40) {
            for (int64_t j = 0; j < n; j++) {
                double sum = 0;
                for (int64_t k = 0; k < n; k++) sum += (double)a[i * n + k] * inverse[k * n + j];
                assert_true(fabs(sum - (i == j)) < 1e-3);
                assert_true(inverse[i * n + j] == inverse[j * n + i]);
            }
        }
        free(a);
        free(inverse);
    }
    support_close(ctx);
}

static void inverse_does_not_depend_on_threads(void **state) {
    (void)state;
    enum { N = 520 };
    float *first = NULL;
    for (int32_t threads = 1; threads <= 3; threads++) {
        pal_ctx *ctx = support_open(threads);
        float *a = random_spd(N);
        assert_int_equal(pal_spd_inverse(ctx, "a test", a, N), PAL_OK);
        if (first) assert_memory_equal(first, a, N * N * sizeof *a);
        if (first) free(a);
        if (!first) first = a;
        support_close(ctx);
    }
    free(first);
}

static void what_cannot_be_inverted_is_refused(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    float a[] = {1, 2, 2, 1};
    assert_int_equal(pal_spd_inverse(ctx, "the matrix", a, 2), PAL_EDATA);
    assert_non_null(strstr(ctx->error, "the matrix cannot be inverted"));
    support_close(ctx);
}

enum { USERS = 60, ITEMS = 70 };

static void random_pairs(pal_csr *out, int64_t *starts, int32_t *cols, float *values) {
    pal_rng rng = pal_rng_at(9, 0);
    int64_t n = 0;
    starts[0] = 0;
    for (int32_t u = 0; u < USERS; u++) {
        for (int32_t i = 0; i < ITEMS; i++) {
            if (pal_rng_uniform(&rng) > 0.2) continue;
            if (values) values[n] = (float)(1 + pal_rng_below(&rng, 4));
            cols[n++] = i;
        }
        starts[u + 1] = n;
    }
    *out = (pal_csr){
        .n_rows = USERS, .n_cols = ITEMS, .starts = starts, .cols = cols, .values = values};
}

static double naive_dot(const pal_csr *a, int32_t i, int32_t j) {
    double sum = 0;
    for (int32_t u = 0; u < a->n_rows; u++) {
        double x = 0, y = 0;
        for (int64_t e = a->starts[u]; e < a->starts[u + 1]; e++) {
            double value = a->values ? (double)a->values[e] : 1;
            if (a->cols[e] == i) x = value;
            if (a->cols[e] == j) y = value;
        }
        sum += x * y;
    }
    return sum;
}

static void plain_similarity(const void *arg, int32_t item, const float *dots, int32_t n,
                             float *similarity) {
    (void)arg;
    (void)item;
    for (int32_t j = 0; j < n; j++) similarity[j] = dots[j];
}

static void gram_and_cooccurrence_match_plain_loops(void **state) {
    (void)state;
    static int64_t starts[USERS + 1];
    static int32_t cols[USERS * ITEMS];
    static float values[USERS * ITEMS], gram[ITEMS * ITEMS];
    for (int run = 0; run < 4; run++) {
        bool weighted = run & 1, is_symmetric = run & 2;
        pal_csr a, t;
        pal_arena arena = {0};
        pal_ctx *ctx = support_open(2);
        random_pairs(&a, starts, cols, weighted ? values : NULL);
        assert_true(pal_csr_transpose(&a, &arena, &t));
        pal_csr_gram(ctx->pool, &a, &t, gram);
        pal_csr sparse;
        assert_int_equal(pal_csr_gram_sparse(ctx, "a test", &a, &t, &arena, &sparse), PAL_OK);
        int64_t n_nonzero = 0;
        for (int32_t i = 0; i < ITEMS * ITEMS; i++) n_nonzero += gram[i] > 0;
        assert_int_equal(sparse.starts[ITEMS], n_nonzero);
        for (int32_t i = 0; i < ITEMS; i++) {
            for (int64_t e = sparse.starts[i]; e < sparse.starts[i + 1]; e++) {
                assert_true(e == sparse.starts[i] || sparse.cols[e] > sparse.cols[e - 1]);
                assert_true(sparse.values[e] == gram[i * ITEMS + sparse.cols[e]]);
            }
        }
        enum { K = 5 };
        int32_t neighbours[ITEMS * K], counts[ITEMS];
        float similarities[ITEMS * K];
        assert_int_equal(pal_cooccur_topk(ctx, "a test", &a, &t, K, plain_similarity, NULL,
                                          is_symmetric, neighbours, similarities, counts),
                         PAL_OK);
        for (int32_t i = 0; i < ITEMS; i++) {
            for (int32_t j = 0; j < ITEMS; j++)
                assert_true(fabs(gram[i * ITEMS + j] - naive_dot(&a, i, j)) < 1e-3);
            for (int32_t r = 0; r < counts[i]; r++) {
                assert_int_not_equal(neighbours[i * K + r], i);
                assert_true(
                    fabs(similarities[i * K + r] - naive_dot(&a, i, neighbours[i * K + r])) < 1e-3);
                if (r > 0) assert_true(similarities[i * K + r] <= similarities[i * K + r - 1]);
            }
            /* Nobody left out is nearer than the last one kept. */
            int32_t better = 0;
            for (int32_t j = 0; j < ITEMS; j++)
                better += j != i && naive_dot(&a, i, j) > similarities[i * K + K - 1] + 1e-3;
            if (counts[i] == K) assert_true(better < K);
        }
        pal_arena_release(&arena);
        support_close(ctx);
    }
}

static void a_sparse_gram_over_the_limit_is_refused(void **state) {
    (void)state;
    static int64_t starts[USERS + 1];
    static int32_t cols[USERS * ITEMS];
    pal_csr a, t, sparse;
    pal_arena arena = {0};
    pal_ctx *ctx = support_open(1);
    random_pairs(&a, starts, cols, NULL);
    assert_true(pal_csr_transpose(&a, &arena, &t));
    ctx->memory_limit = 1000;
    assert_int_equal(pal_csr_gram_sparse(ctx, "a test", &a, &t, &arena, &sparse), PAL_ENOMEM);
    assert_non_null(strstr(ctx->error, "--min-item"));
    pal_arena_release(&arena);
    support_close(ctx);
}

/* Several steps of rows, with equal similarities in plenty: the same lists as from whole rows. */
static void symmetric_cooccurrence_is_that_of_whole_rows(void **state) {
    (void)state;
    enum { ROWS = 300, COLS = 1300, MOST = 40, K = 7 };
    static int64_t row_starts[ROWS + 1];
    static int32_t row_cols[ROWS * MOST];
    static float row_values[ROWS * MOST], similarities[2][COLS * K];
    static int32_t neighbours[2][COLS * K], counts[2][COLS];
    pal_rng rng = pal_rng_at(8, 0);
    int64_t n = 0;
    for (int32_t r = 0; r < ROWS; r++) {
        for (int32_t c = 0; c < COLS && n < (r + 1) * MOST; c++) {
            if (pal_rng_below(&rng, 40 + (uint32_t)c / 16)) continue;
            row_cols[n] = c;
            row_values[n++] = 1 + (float)pal_rng_below(&rng, 3);
        }
        row_starts[r + 1] = n;
    }
    for (int weighted = 0; weighted < 2; weighted++) {
        pal_csr t, a = {.n_rows = ROWS, .n_cols = COLS, .starts = row_starts, .cols = row_cols};
        if (weighted) a.values = row_values;
        pal_arena arena = {0};
        pal_ctx *ctx = support_open(3);
        memset(similarities, 0, sizeof similarities);
        memset(neighbours, 0, sizeof neighbours);
        assert_true(pal_csr_transpose(&a, &arena, &t));
        for (int s = 0; s < 2; s++)
            assert_int_equal(pal_cooccur_topk(ctx, "a test", &a, &t, K, plain_similarity, NULL, s,
                                              neighbours[s], similarities[s], counts[s]),
                             PAL_OK);
        int64_t n_full = 0;
        for (int32_t i = 0; i < COLS; i++) {
            assert_int_equal(counts[1][i], counts[0][i]);
            n_full += counts[0][i] == K;
            size_t found = (size_t)counts[0][i];
            assert_memory_equal(neighbours[1] + i * K, neighbours[0] + i * K,
                                found * sizeof **neighbours);
            assert_memory_equal(similarities[1] + i * K, similarities[0] + i * K,
                                found * sizeof **similarities);
        }
        assert_true(n_full > COLS / 2);
        pal_arena_release(&arena);
        support_close(ctx);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inverse_times_matrix_is_the_identity),
        cmocka_unit_test(inverse_does_not_depend_on_threads),
        cmocka_unit_test(what_cannot_be_inverted_is_refused),
        cmocka_unit_test(gram_and_cooccurrence_match_plain_loops),
        cmocka_unit_test(symmetric_cooccurrence_is_that_of_whole_rows),
        cmocka_unit_test(a_sparse_gram_over_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
