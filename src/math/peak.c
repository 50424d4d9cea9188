/* peak.c - short measurements of multiply-adds and of memory.
 *
 * Multiply-adds: the kernel that scores a panel, on rows that the first cache holds: nothing here
 * is faster. Memory: the triad of McCalpin (1995). Both are repeated until they take long enough
 * for the clock; the best of some rounds counts, since whatever disturbs only slows. */
#include "math/peak.h"

#include <stdlib.h>

#include "base/progress.h"
#include "math/kernels.h"

enum { PEAK_QUERIES = 24, PEAK_FACTORS = 128, PEAK_CALLS = 2000, PEAK_ROUNDS = 4 };
enum { PEAK_FLOATS = 8 << 20, PEAK_CHUNK = 1 << 17 };

typedef struct {
    float *a, *b, *c; /* [PEAK_FLOATS] */
} peak_job;

static void peak_multiply(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const peak_job *job = arg;
    const pal_kernels *kernels = pal_kernels_best();
    /* Each chunk has places of its own, far enough from those of others. */
    float *scores = job->a + chunk * PEAK_CHUNK;
    for (int32_t call = 0; call < PEAK_CALLS; call++)
        kernels->score_panel(job->b, PEAK_QUERIES, job->c, PEAK_FACTORS, scores, PAL_PANEL);
}

static void peak_triad(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const peak_job *job = arg;
    float *restrict a = job->a + chunk * PEAK_CHUNK;
    const float *restrict b = job->b + chunk * PEAK_CHUNK, *restrict c =
                                                               job->c + chunk * PEAK_CHUNK;
    for (int32_t i = 0; i < PEAK_CHUNK; i++) a[i] = b[i] + 0.5f * c[i];
}

/* Work a second of the best round. */
static double peak_best(pal_pool *pool, int64_t n_chunks, pal_chunk_fn *chunk, peak_job *job,
                        double work) {
    double best = 0;
    for (int32_t round = 0; round < PEAK_ROUNDS; round++) {
        double started = pal_clock();
        pal_parallel(pool, n_chunks, chunk, job);
        double seconds = pal_clock() - started;
        if (seconds > 0 && work / seconds > best) best = work / seconds;
    }
    return best;
}

pal_peak pal_peak_measure(pal_pool *pool) {
    pal_peak peak = {0};
    float *all = malloc(3 * sizeof *all * PEAK_FLOATS);
    if (!all) return peak;
    for (int64_t i = 0; i < 3 * (int64_t)PEAK_FLOATS; i++) all[i] = (float)(i % 7) * 0.125f;
    peak_job job = {all, all + PEAK_FLOATS, all + 2 * (int64_t)PEAK_FLOATS};
    int64_t n = pal_pool_threads(pool), n_most = PEAK_FLOATS / PEAK_CHUNK;
    if (n > n_most) n = n_most;
    peak.multiply_adds =
        peak_best(pool, n, peak_multiply, &job,
                  (double)n * PEAK_CALLS * PEAK_QUERIES * PEAK_FACTORS * PAL_PANEL);
    peak.bytes = peak_best(pool, n_most, peak_triad, &job, 12.0 * PEAK_FLOATS);
    free(all);
    return peak;
}
