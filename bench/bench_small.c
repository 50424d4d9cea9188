/* bench_small.c - lists from rows in float32, bf16 and int8: 20,000 lists of 10 among 27,000 items
 * of 128 numbers, all queries at once and one after the other.
 *
 * usage: bench_small [THREADS]    prints for each precision the megabytes of its panels, seconds
 *                                 for all lists (the best of five), microseconds of a list asked
 *                                 for alone, and the share of its entries that float32 lists too */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/rng.h"
#include "made.h"
#include "math/topk.h"

enum { N_ITEMS = 27000, N_LISTS = 20000, FACTORS = 128, TOP = 10, CHUNK = 240, ALONE = 2000 };

typedef struct {
    pal_packed packed;
    const float *users;
    const int64_t *starts; /* nothing is hidden */
    int32_t *items, *counts;
    float *scores;
    void **scratch;
} small_job;

static void small_list(const small_job *job, int64_t first, int32_t n, int32_t worker) {
    pal_scan(pal_kernels_best(), &job->packed, job->users + first * FACTORS, n, job->starts, NULL,
             TOP, job->items + first * TOP, job->scores + first * TOP, job->counts + first,
             job->scratch[worker]);
}

static void small_chunk(void *arg, int64_t chunk, int32_t worker) {
    int64_t first = chunk * CHUNK;
    small_list(arg, first, (int32_t)(N_LISTS - first < CHUNK ? N_LISTS - first : CHUNK), worker);
}

/* Rows with the long tail of trained ones: some matter more. */
static float *small_rows(int64_t n, uint64_t stream) {
    float *rows = made_alloc((size_t)n * FACTORS, sizeof *rows);
    pal_rng rng = pal_rng_at(42, stream);
    for (int64_t r = 0; r < n; r++) {
        for (int32_t f = 0; f < FACTORS; f++)
            rows[r * FACTORS + f] = (float)(pal_rng_normal(&rng) / sqrt(1 + f));
    }
    return rows;
}

static pal_packed small_pack(const float *rows, pal_precision precision) {
    void *panels = made_alloc(pal_packed_floats(N_ITEMS, FACTORS), pal_precision_size(precision));
    if (precision == PAL_PRECISION_FLOAT32) return pal_pack(rows, N_ITEMS, FACTORS, panels);
    float *scales = made_alloc(N_ITEMS, sizeof *scales),
          *of_panels = made_alloc(N_ITEMS + PAL_PANEL, sizeof *of_panels);
    void *codes = made_alloc((size_t)N_ITEMS * FACTORS, pal_precision_size(precision));
    pal_small small = {
        .precision = precision, .n = N_ITEMS, .width = FACTORS, .codes = codes, .scales = scales};
    if (pal_small_write(rows, N_ITEMS, FACTORS, precision, codes, scales) < N_ITEMS)
        made_die("a number is not finite");
    return pal_pack_small(&small, FACTORS, panels,
                          precision == PAL_PRECISION_INT8 ? of_panels : NULL);
}

static double small_share(const int32_t *a, const int32_t *b) {
    int64_t n = 0;
    for (int64_t at = 0; at < (int64_t)N_LISTS * TOP; at++) {
        for (int64_t r = at / TOP * TOP; r < (at / TOP + 1) * TOP; r++) n += a[at] == b[r];
    }
    return (double)n / N_LISTS / TOP;
}

int main(int argc, char **argv) {
    pal_pool *pool = pal_pool_new(argc > 1 ? atoi(argv[1]) : 2);
    if (!pool) made_die("not enough memory");
    const float *rows = small_rows(N_ITEMS, 1);
    static int64_t starts[CHUNK + 1];
    small_job job = {.users = small_rows(N_LISTS, 2), .starts = starts};
    int32_t *expected = made_alloc((size_t)N_LISTS * TOP, sizeof *expected);
    job.items = made_alloc((size_t)N_LISTS * TOP, sizeof *job.items);
    job.scores = made_alloc((size_t)N_LISTS * TOP, sizeof *job.scores);
    job.counts = made_alloc(N_LISTS, sizeof *job.counts);
    job.scratch = made_alloc((size_t)pal_pool_threads(pool), sizeof *job.scratch);
    for (int32_t w = 0; w < pal_pool_threads(pool); w++)
        job.scratch[w] = made_alloc(1, pal_scan_scratch(TOP));
    for (int p = PAL_PRECISION_FLOAT32; p <= PAL_PRECISION_INT8; p++) {
        double best = INFINITY, alone = INFINITY;
        job.packed = small_pack(rows, (pal_precision)p);
        for (int repeat = 0; repeat < 5; repeat++) {
            double started = pal_clock();
            pal_parallel(pool, (N_LISTS + CHUNK - 1) / CHUNK, small_chunk, &job);
            best = fmin(best, pal_clock() - started);
            started = pal_clock();
            for (int64_t q = 0; q < ALONE; q++) small_list(&job, q, 1, 0);
            alone = fmin(alone, (pal_clock() - started) / ALONE);
        }
        if (p == PAL_PRECISION_FLOAT32)
            memcpy(expected, job.items, (size_t)N_LISTS * TOP * sizeof *expected);
        printf(
            "%-8s %5.1f MB  %.3f s for %d lists  %5.0f µs for one alone  %.4f of float32's\n",
            pal_precision_names[p],
            (double)(pal_packed_floats(N_ITEMS, FACTORS) * pal_precision_size((pal_precision)p)) /
                1e6,
            best, (int)N_LISTS, alone * 1e6, small_share(expected, job.items));
    }
    return 0;
}
