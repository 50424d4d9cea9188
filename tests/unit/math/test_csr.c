/* test_csr.c - products of sparse and dense matrices against a plain loop, for 1, 2 and 3 threads.
 */
#include "support.h"

#include <math.h>

#include "base/rng.h"
#include "math/csr.h"

enum { ROWS = 77, COLS = 50, WIDEST = 150 };

static void product_is_the_sum(void **state) {
    (void)state;
    static int64_t starts[ROWS + 1];
    static int32_t cols[ROWS * COLS];
    static float values[ROWS * COLS], x[COLS * WIDEST], y[ROWS * WIDEST], out[ROWS * WIDEST],
        first[ROWS * WIDEST];
    pal_rng rng = pal_rng_at(3, 0);
    int64_t n = 0;
    for (int32_t r = 0; r < ROWS; r++) { /* some rows are empty */
        for (int32_t c = 0; r % 5 && c < COLS; c++) {
            if (pal_rng_below(&rng, 4)) continue;
            cols[n] = c;
            values[n++] = (float)pal_rng_normal(&rng);
        }
        starts[r + 1] = n;
    }
    for (int32_t i = 0; i < COLS * WIDEST; i++) x[i] = (float)pal_rng_normal(&rng);
    for (int32_t i = 0; i < ROWS * WIDEST; i++) y[i] = (float)pal_rng_normal(&rng);
    pal_csr a = {.n_rows = ROWS, .n_cols = COLS, .starts = starts, .cols = cols, .values = values};
    const int32_t widths[] = {1, 16, 64, 65, WIDEST};
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        int32_t k = widths[w];
        for (int32_t threads = 1; threads <= 3; threads++) {
            pal_ctx *ctx = support_open(threads);
            pal_csr_multiply_add(ctx->pool, &a, x, y, k, out);
            if (threads == 1) memcpy(first, out, sizeof out);
            assert_memory_equal(out, first, (size_t)ROWS * k * sizeof *out);
            support_close(ctx);
        }
        for (int32_t r = 0; r < ROWS; r++) {
            for (int32_t f = 0; f < k; f++) {
                double sum = (double)y[r * k + f];
                for (int64_t e = starts[r]; e < starts[r + 1]; e++)
                    sum += (double)values[e] * (double)x[cols[e] * k + f];
                assert_true(fabs((double)out[r * k + f] - sum) < 1e-4);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(product_is_the_sum)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
