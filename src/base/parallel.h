/* parallel.h - one small pool of threads; work is cut into chunks that do not depend on how many
 * threads there are.
 *
 * Which thread runs a chunk is not determined, so a chunk writes only what is its own; sums over
 * chunks are added by the caller in the order of chunks. Worker numbers choose scratch and nothing
 * else. */
#ifndef PAL_BASE_PARALLEL_H
#define PAL_BASE_PARALLEL_H

#include <stdint.h>

#include "palate.h"

typedef struct pal_pool pal_pool;

/* n_threads 0: as many as processors (at most 256). The caller's thread is one of them. NULL
 * without memory. */
pal_pool *pal_pool_new(int32_t n_threads);
void pal_pool_free(pal_pool *pool);
int32_t pal_pool_threads(const pal_pool *pool);

/* Runs chunk(arg, i, worker) for i in [0, n_chunks), worker in [0, pal_pool_threads). Returns when
 * all are done. Does not nest: a call from within a chunk runs its chunks in order on that thread,
 * as worker 0. A NULL pool is one thread. */
typedef void pal_chunk_fn(void *arg, int64_t chunk, int32_t worker);
void pal_parallel(pal_pool *pool, int64_t n_chunks, pal_chunk_fn *chunk, void *arg);

#endif
