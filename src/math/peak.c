/* peak.c - short measurements of multiply-adds and of memory.
 *
 * Multiply-adds: chains in registers that wait for nothing (the kernel `spin`), a bound that no
 * work with memory reaches; their number is doubled until they take long enough for the clock.
 * Memory: the triad of McCalpin (1995), over arrays too large for caches. Both run on all threads;
 * the best of some rounds counts, since whatever disturbs only slows. */
#include "math/peak.h"

#include <stdlib.h>

#include "base/progress.h"
#include "math/kernels.h"

enum { PEAK_ROUNDS = 8, PEAK_STEPS_MAX = 1 << 24 };
enum { PEAK_FLOATS = 16 << 20, PEAK_CHUNK = 1 << 17 };

static const double peak_seconds_enough = 2e-3;

typedef struct {
    float *a, *b, *c; /* [PEAK_FLOATS] */
    int64_t n_steps;
} peak_job;

static void peak_spin(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const peak_job *job = arg;
    /* Each chunk has places of its own. The chains settle at 1: never so small as to be slow. */
    pal_kernels_best()->spin(job->a + chunk * PEAK_CHUNK, 0.5f, 0.5f, job->n_steps);
}

static void peak_triad(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const peak_job *job = arg;
    float *restrict a = job->a + chunk * PEAK_CHUNK;
    const float *restrict b = job->b + chunk * PEAK_CHUNK, *restrict c =
                                                               job->c + chunk * PEAK_CHUNK;
    for (int32_t i = 0; i < PEAK_CHUNK; i++) a[i] = b[i] + 0.5f * c[i];
}

static double peak_time(pal_pool *pool, int64_t n_chunks, pal_chunk_fn *chunk, peak_job *job) {
    double started = pal_clock();
    pal_parallel(pool, n_chunks, chunk, job);
    return pal_clock() - started;
}

/* Work a second of the best round. */
static double peak_best(pal_pool *pool, int64_t n_chunks, pal_chunk_fn *chunk, peak_job *job,
                        double work) {
    double best = 0;
    for (int32_t round = 0; round < PEAK_ROUNDS; round++) {
        double seconds = peak_time(pool, n_chunks, chunk, job);
        if (seconds > 0 && work / seconds > best) best = work / seconds;
    }
    return best;
}

pal_peak pal_peak_measure(pal_pool *pool) {
    pal_peak peak = {0};
    float *all = malloc(3 * sizeof *all * PEAK_FLOATS);
    if (!all) return peak;
    for (int64_t i = 0; i < 3 * (int64_t)PEAK_FLOATS; i++) all[i] = (float)(i % 7) * 0.125f;
    peak_job job = {all, all + PEAK_FLOATS, all + 2 * (int64_t)PEAK_FLOATS, 1 << 10};
    int64_t n = pal_pool_threads(pool), n_most = PEAK_FLOATS / PEAK_CHUNK;
    if (n > n_most) n = n_most;
    while (job.n_steps < PEAK_STEPS_MAX &&
           peak_time(pool, n, peak_spin, &job) < peak_seconds_enough)
        job.n_steps *= 2;
    peak.multiply_adds =
        peak_best(pool, n, peak_spin, &job, (double)n * PAL_CHAINS * (double)job.n_steps);
    peak.bytes = peak_best(pool, n_most, peak_triad, &job, 12.0 * PEAK_FLOATS);
    free(all);
    return peak;
}
