/* parallel.c - workers wait for a job, take chunk numbers from one counter, and report when none is
 * left. */
#include "base/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

enum { PARALLEL_THREADS_MAX = 256 };

typedef struct {
    pal_pool *pool;
    pthread_t thread;
    int32_t worker;
} parallel_thread;

struct pal_pool {
    int32_t n_threads;
    parallel_thread *threads; /* [n_threads - 1]; the caller is worker 0 */
    pthread_mutex_t lock;
    pthread_cond_t start, done;
    uint64_t job; /* number of the job, so that a worker sees each once */
    int32_t n_running;
    bool ends;
    pal_chunk_fn *chunk;
    void *arg;
    int64_t n_chunks;
    atomic_int_least64_t next;
};

static _Thread_local bool parallel_inside;

static void parallel_take_chunks(pal_pool *pool, int32_t worker) {
    parallel_inside = true;
    for (;;) {
        int64_t chunk = atomic_fetch_add(&pool->next, 1);
        if (chunk >= pool->n_chunks) break;
        pool->chunk(pool->arg, chunk, worker);
    }
    parallel_inside = false;
}

static void *parallel_worker(void *arg) {
    parallel_thread *self = arg;
    pal_pool *pool = self->pool;
    uint64_t seen = 0;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->job == seen && !pool->ends) pthread_cond_wait(&pool->start, &pool->lock);
        if (pool->ends) break;
        seen = pool->job;
        pthread_mutex_unlock(&pool->lock);
        parallel_take_chunks(pool, self->worker);
        pthread_mutex_lock(&pool->lock);
        if (--pool->n_running == 0) pthread_cond_signal(&pool->done);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

pal_pool *pal_pool_new(int32_t n_threads) {
    if (n_threads <= 0) n_threads = (int32_t)sysconf(_SC_NPROCESSORS_ONLN);
    if (n_threads < 1) n_threads = 1;
    if (n_threads > PARALLEL_THREADS_MAX) n_threads = PARALLEL_THREADS_MAX;
    pal_pool *pool = calloc(1, sizeof *pool);
    if (!pool) return NULL;
    pool->threads = calloc((size_t)n_threads, sizeof *pool->threads);
    if (!pool->threads) {
        free(pool);
        return NULL;
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->start, NULL);
    pthread_cond_init(&pool->done, NULL);
    pool->n_threads = 1;
    for (int32_t i = 1; i < n_threads; i++) {
        parallel_thread *thread = &pool->threads[i - 1];
        *thread = (parallel_thread){.pool = pool, .worker = i};
        /* A system that gives fewer threads makes the work slower, not wrong. */
        if (pthread_create(&thread->thread, NULL, parallel_worker, thread)) break;
        pool->n_threads = i + 1;
    }
    return pool;
}

void pal_pool_free(pal_pool *pool) {
    if (!pool) return;
    pthread_mutex_lock(&pool->lock);
    pool->ends = true;
    pthread_cond_broadcast(&pool->start);
    pthread_mutex_unlock(&pool->lock);
    for (int32_t i = 1; i < pool->n_threads; i++) pthread_join(pool->threads[i - 1].thread, NULL);
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->start);
    pthread_cond_destroy(&pool->done);
    free(pool->threads);
    free(pool);
}

int32_t pal_pool_threads(const pal_pool *pool) { return pool ? pool->n_threads : 1; }

void pal_parallel(pal_pool *pool, int64_t n_chunks, pal_chunk_fn *chunk, void *arg) {
    if (!pool || parallel_inside || pool->n_threads == 1 || n_chunks <= 1) {
        for (int64_t i = 0; i < n_chunks; i++) chunk(arg, i, 0);
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->chunk = chunk;
    pool->arg = arg;
    pool->n_chunks = n_chunks;
    atomic_store(&pool->next, 0);
    pool->n_running = pool->n_threads - 1;
    pool->job++;
    pthread_cond_broadcast(&pool->start);
    pthread_mutex_unlock(&pool->lock);

    parallel_take_chunks(pool, 0);

    pthread_mutex_lock(&pool->lock);
    while (pool->n_running > 0) pthread_cond_wait(&pool->done, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}
