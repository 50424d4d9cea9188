/* parameters.c - slices, buffers of chunks, first values. */
#include "nn/parameters.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"

int64_t pal_parameters_add(pal_parameters *p, const char *name, int64_t n_rows, int64_t n_cols) {
    enum { LINE = 16 }; /* slices begin at cache lines */
    int64_t at = p->n;
    p->n += (n_rows * n_cols + LINE - 1) / LINE * LINE;
    if (p->n_slices < PAL_SLICES_MAX)
        p->slices[p->n_slices++] = (pal_slice){name, at, n_rows, n_cols};
    return at;
}

pal_status pal_parameters_open(pal_ctx *ctx, const char *what, int32_t n_chunks, pal_arena *arena,
                               pal_arena *scratch, pal_parameters *p) {
    p->n_chunks = n_chunks;
    p->values = PAL_ARENA_ARRAY(arena, pal_real, p->n);
    p->gradient = PAL_ARENA_ARRAY(scratch, pal_real, p->n);
    p->first = PAL_ARENA_ARRAY(scratch, pal_real, p->n);
    p->second = PAL_ARENA_ARRAY(scratch, pal_real, p->n);
    p->chunks = PAL_ARENA_ARRAY(scratch, pal_real, n_chunks * p->n);
    if (p->values && p->gradient && p->first && p->second && p->chunks) return PAL_OK;
    return pal_fail_memory(ctx, what, 4.0 * (double)p->n + pal_parameters_bytes(p->n, n_chunks));
}

double pal_parameters_bytes(int64_t n, int32_t n_chunks) {
    return (double)sizeof(pal_real) * (double)n * (3.0 + n_chunks);
}

pal_real *pal_parameters_chunk(const pal_parameters *p, int64_t chunk) {
    pal_real *buffer = p->chunks + chunk * p->n;
    memset(buffer, 0, (size_t)p->n * sizeof *buffer);
    return buffer;
}

static void parameters_sum_part(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    pal_parameters *p = arg;
    int64_t first = chunk * PAL_PARAMETERS_CHUNK, n = p->n - first;
    if (n > PAL_PARAMETERS_CHUNK) n = PAL_PARAMETERS_CHUNK;
    pal_real *restrict sum = p->gradient + first;
    memcpy(sum, p->chunks + first, (size_t)n * sizeof *sum);
    for (int32_t c = 1; c < p->n_chunks; c++) {
        const pal_real *restrict part = p->chunks + c * p->n + first;
        for (int64_t i = 0; i < n; i++) sum[i] += part[i];
    }
}

void pal_parameters_sum(pal_pool *pool, pal_parameters *p) {
    pal_parallel(pool, (p->n + PAL_PARAMETERS_CHUNK - 1) / PAL_PARAMETERS_CHUNK,
                 parameters_sum_part, p);
}

void pal_draw_uniform(uint64_t seed, const char *purpose, pal_real *values, int64_t n,
                      double bound) {
    pal_rng rng = pal_rng_at(pal_seed_for(seed, purpose), 0);
    for (int64_t i = 0; i < n; i++) values[i] = (pal_real)(bound * (2 * pal_rng_uniform(&rng) - 1));
}

void pal_draw_normal(uint64_t seed, const char *purpose, pal_real *values, int64_t n,
                     double deviation) {
    pal_rng rng = pal_rng_at(pal_seed_for(seed, purpose), 0);
    for (int64_t i = 0; i < n; i++) values[i] = (pal_real)(deviation * pal_rng_normal(&rng));
}

double pal_glorot_bound(int64_t n_in, int64_t n_out) {
    return sqrt(6.0 / ((double)n_in + (double)n_out));
}
