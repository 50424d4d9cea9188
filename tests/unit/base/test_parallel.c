/* test_parallel.c - every chunk once, on any number of threads; calls from within run in place. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/parallel.h"

enum { CHUNKS_MAX = 1000 };
static const int32_t thread_counts[] = {1, 2, 3, 8};
enum { N_COUNTS = sizeof thread_counts / sizeof *thread_counts };

typedef struct {
    int32_t runs[CHUNKS_MAX]; /* written without atomics: a chunk has what is its own */
    int32_t n_threads;
    atomic_int wrong_workers;
} tally;

static void count_chunk(void *arg, int64_t chunk, int32_t worker) {
    tally *seen = arg;
    seen->runs[chunk]++;
    if (worker < 0 || worker >= seen->n_threads) atomic_fetch_add(&seen->wrong_workers, 1);
}

static void test_every_chunk_runs_once(void **state) {
    (void)state;
    static const int64_t chunk_counts[] = {0, 1, 2, 7, 64, CHUNKS_MAX};
    for (int i = 0; i < N_COUNTS; i++) {
        pal_pool *pool = pal_pool_new(thread_counts[i]);
        assert_non_null(pool);
        int32_t n_threads = pal_pool_threads(pool);
        assert_in_range(n_threads, 1, thread_counts[i]);
        for (int round = 0; round < 120; round++) {
            int64_t n = chunk_counts[round % 6];
            tally seen = {.n_threads = n_threads};
            pal_parallel(pool, n, count_chunk, &seen);
            for (int64_t c = 0; c < CHUNKS_MAX; c++) assert_int_equal(seen.runs[c], c < n);
            assert_int_equal(atomic_load(&seen.wrong_workers), 0);
        }
        pal_pool_free(pool);
    }
}

typedef struct {
    int64_t sums[8]; /* [worker]: two chunks never run on one worker at a time */
} worker_sums;

static void add_to_worker(void *arg, int64_t chunk, int32_t worker) {
    ((worker_sums *)arg)->sums[worker] += chunk;
}

static void test_workers_do_not_share_scratch(void **state) {
    (void)state;
    for (int i = 0; i < N_COUNTS; i++) {
        pal_pool *pool = pal_pool_new(thread_counts[i]);
        worker_sums sums = {{0}};
        pal_parallel(pool, CHUNKS_MAX, add_to_worker, &sums);
        int64_t total = 0;
        for (int w = 0; w < 8; w++) total += sums.sums[w];
        assert_int_equal(total, (int64_t)CHUNKS_MAX * (CHUNKS_MAX - 1) / 2);
        pal_pool_free(pool);
    }
}

/* Two chunks that each wait for the other end only if two threads run them. */
static void meet(void *arg, int64_t chunk, int32_t worker) {
    (void)chunk;
    (void)worker;
    pthread_barrier_wait(arg);
}

static void test_threads_run_at_the_same_time(void **state) {
    (void)state;
    pal_pool *pool = pal_pool_new(2);
    if (pal_pool_threads(pool) < 2) {
        pal_pool_free(pool);
        skip();
    }
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, 2);
    pal_parallel(pool, 2, meet, &barrier);
    pthread_barrier_destroy(&barrier);
    pal_pool_free(pool);
}

enum { OUTER = 20, INNER = 30 };
typedef struct {
    pal_pool *pool;
    int64_t order[OUTER][INNER]; /* inner chunks as they came */
    int32_t n[OUTER];
    pthread_t thread[OUTER];
    atomic_int strangers; /* inner chunks that ran elsewhere or not as worker 0 */
} nest;

typedef struct {
    nest *all;
    int64_t outer;
} nest_row;

static void run_inner(void *arg, int64_t chunk, int32_t worker) {
    nest_row *row = arg;
    nest *all = row->all;
    all->order[row->outer][all->n[row->outer]++] = chunk;
    if (worker != 0 || !pthread_equal(pthread_self(), all->thread[row->outer]))
        atomic_fetch_add(&all->strangers, 1);
}

static void run_outer(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    nest *all = arg;
    all->thread[chunk] = pthread_self();
    pal_parallel(all->pool, INNER, run_inner, &(nest_row){all, chunk});
}

static void test_nested_calls_run_in_order_in_place(void **state) {
    (void)state;
    for (int i = 0; i < N_COUNTS; i++) {
        nest all = {.pool = pal_pool_new(thread_counts[i])};
        pal_parallel(all.pool, OUTER, run_outer, &all);
        assert_int_equal(atomic_load(&all.strangers), 0);
        for (int o = 0; o < OUTER; o++) {
            assert_int_equal(all.n[o], INNER);
            for (int c = 0; c < INNER; c++) assert_int_equal(all.order[o][c], c);
        }
        /* The pool is usable in parallel again afterwards. */
        tally seen = {.n_threads = pal_pool_threads(all.pool)};
        pal_parallel(all.pool, CHUNKS_MAX, count_chunk, &seen);
        for (int c = 0; c < CHUNKS_MAX; c++) assert_int_equal(seen.runs[c], 1);
        pal_pool_free(all.pool);
    }
}

static void test_results_are_visible_to_the_caller(void **state) {
    (void)state;
    pal_pool *pool = pal_pool_new(3);
    static tally seen;
    memset(&seen, 0, sizeof seen);
    seen.n_threads = 3;
    for (int round = 1; round <= 500; round++) {
        pal_parallel(pool, 5, count_chunk, &seen);
        for (int c = 0; c < 5; c++) assert_int_equal(seen.runs[c], round);
    }
    pal_pool_free(pool);
}

static void test_thread_count_is_bounded(void **state) {
    (void)state;
    pal_pool *pool = pal_pool_new(0);
    assert_in_range(pal_pool_threads(pool), 1, 256);
    pal_pool_free(pool);
    pool = pal_pool_new(-5);
    assert_in_range(pal_pool_threads(pool), 1, 256);
    pal_pool_free(pool);
    pool = pal_pool_new(100000);
    assert_in_range(pal_pool_threads(pool), 1, 256);
    tally seen = {.n_threads = 256};
    pal_parallel(pool, CHUNKS_MAX, count_chunk, &seen);
    for (int c = 0; c < CHUNKS_MAX; c++) assert_int_equal(seen.runs[c], 1);
    pal_pool_free(pool);
    pal_pool_free(NULL);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_chunk_runs_once),
        cmocka_unit_test(test_workers_do_not_share_scratch),
        cmocka_unit_test(test_threads_run_at_the_same_time),
        cmocka_unit_test(test_nested_calls_run_in_order_in_place),
        cmocka_unit_test(test_results_are_visible_to_the_caller),
        cmocka_unit_test(test_thread_count_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
