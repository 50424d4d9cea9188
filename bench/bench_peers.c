/* bench_peers.c - the work that scripts/bench times beside peers, without reading or writing files
 * in what is timed.
 *
 * usage: bench_peers prepare FOLDER             a long-tailed log of 16 million events, and factors
 *        bench_peers item_knn FOLDER THREADS    fits item_knn metric=cosine k=100
 *        bench_peers train FOLDER THREADS SPEC  seconds of an epoch after the first, losses; rows
 *        bench_peers lists FOLDER THREADS       20 best of 27,000 items for 20,000 users from 128
 *                                               factors, seen items hidden */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/ctx.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/rng.h"
#include "made.h"
#include "math/topk.h"
#include "models/train.h"

enum {
    BENCH_USERS = 138000,
    BENCH_ITEMS = 27000,
    BENCH_EVENTS = 16000000,
    BENCH_FACTORS = 128,
    BENCH_LISTS = 20000,
    BENCH_K = 20,
    BENCH_CHUNK = 240 /* queries of one task */
};

static void bench_path(char out[1024], const char *folder, const char *name) {
    snprintf(out, 1024, "%s/%s", folder, name);
}

static void bench_write(pal_ctx *ctx, const char *folder, const char *name, const void *data,
                        size_t bytes) {
    char path[1024];
    bench_path(path, folder, name);
    if (pal_file_write(ctx, path, data, bytes) != PAL_OK) made_die(ctx->error);
}

static void *bench_read(pal_ctx *ctx, const char *folder, const char *name, size_t *bytes) {
    char path[1024];
    bench_path(path, folder, name);
    pal_bytes file;
    if (pal_file_load(ctx, path, &file) != PAL_OK) made_die(ctx->error);
    *bytes = file.length;
    return (void *)(uintptr_t)file.bytes;
}

/* --- preparing --- */

static void bench_prepare(pal_ctx *ctx, const char *folder) {
    pal_log log = made_log(BENCH_USERS, BENCH_ITEMS, BENCH_EVENTS);
    pal_rng rng = pal_rng_at(17, 0);
    float *users = made_alloc((size_t)BENCH_LISTS * BENCH_FACTORS, sizeof *users);
    float *vectors = made_alloc((size_t)BENCH_ITEMS * BENCH_FACTORS, sizeof *vectors);
    for (int64_t i = 0; i < (int64_t)BENCH_LISTS * BENCH_FACTORS; i++)
        users[i] = (float)pal_rng_normal(&rng) * 0.1f;
    for (int64_t i = 0; i < (int64_t)BENCH_ITEMS * BENCH_FACTORS; i++)
        vectors[i] = (float)pal_rng_normal(&rng) * 0.1f;
    bench_write(ctx, folder, "starts.i64", log.starts, (BENCH_USERS + 1) * sizeof *log.starts);
    bench_write(ctx, folder, "items.i32", log.items, (size_t)log.n_events * sizeof *log.items);
    bench_write(ctx, folder, "users.f32", users,
                (size_t)BENCH_LISTS * BENCH_FACTORS * sizeof *users);
    bench_write(ctx, folder, "vectors.f32", vectors,
                (size_t)BENCH_ITEMS * BENCH_FACTORS * sizeof *vectors);
    printf("{\"events\": %lld, \"users\": %d, \"items\": %d}\n", (long long)log.n_events,
           BENCH_USERS, BENCH_ITEMS);
}

/* --- item_knn --- */

static int bench_compare(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

/* The largest similarities of some items, for the check against the peer. */
static void bench_print_similarities(pal_ctx *ctx, const pal_model *model) {
    pal_tensor tensors[PAL_TENSORS_MAX];
    model->kind->tensors(model->params, model->state, model->log->n_users, model->log->n_items,
                         tensors);
    const int64_t *starts = *tensors[0].data;
    const int32_t *items = *tensors[1].data;
    const float *values = *tensors[2].data;
    float *kept = made_alloc(BENCH_ITEMS, sizeof *kept);
    printf("\"similarities\": {");
    for (int32_t item = 0; item < BENCH_ITEMS; item += 2700) {
        int32_t n = 0;
        for (int32_t j = 0; j < BENCH_ITEMS; j++) {
            for (int64_t e = starts[j]; e < starts[j + 1]; e++) {
                if (items[e] == item) kept[n++] = values[e];
            }
        }
        qsort(kept, (size_t)n, sizeof *kept, bench_compare);
        printf("%s\"%d\": [", item ? ", " : "", item);
        for (int32_t i = 0; i < n && i < 50; i++) printf(i ? ", %.6f" : "%.6f", (double)kept[i]);
        printf("]");
    }
    printf("}");
    (void)ctx;
}

static pal_log bench_log(pal_ctx *ctx, const char *folder) {
    size_t bytes;
    int64_t *starts = bench_read(ctx, folder, "starts.i64", &bytes);
    return made_log_of(BENCH_USERS, BENCH_ITEMS, starts,
                       bench_read(ctx, folder, "items.i32", &bytes));
}

static void bench_item_knn(pal_ctx *ctx, const char *folder) {
    pal_log log = bench_log(ctx, folder);
    pal_model *model = NULL;
    if (pal_model_train(ctx, "item_knn metric=cosine k=100 shrink=0",
                        &(pal_train_input){.log = &log}, &model) != PAL_OK) {
        made_die(ctx->error);
    }
    printf("{\"seconds\": %.4f, ", model->cost.seconds);
    bench_print_similarities(ctx, model);
    printf("}\n");
}

/* --- epochs --- */

enum { BENCH_EPOCHS = 64 };

typedef struct { /* clocks after each epoch */
    int32_t n;
    double wall[BENCH_EPOCHS], processor[BENCH_EPOCHS];
} bench_clocks;

static double bench_note_epoch(void *arg, const pal_model *model) {
    (void)model;
    bench_clocks *clocks = arg;
    if (clocks->n == BENCH_EPOCHS) return NAN;
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    clocks->wall[clocks->n] = pal_clock();
    clocks->processor[clocks->n++] = (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
    return NAN;
}

/* The trained rows as trained_NAME.f32, for the peer's judge. */
static void bench_write_rows(pal_ctx *ctx, const pal_model *model, const char *folder) {
    pal_tensor tensors[PAL_TENSORS_MAX];
    int32_t n = pal_model_tensors(model, tensors);
    for (int32_t t = 0; t < n; t++) {
        char name[64];
        snprintf(name, sizeof name, "trained_%s.f32", tensors[t].name);
        bench_write(ctx, folder, name, *tensors[t].data, (size_t)pal_tensor_bytes(&tensors[t]));
    }
}

static void bench_train(pal_ctx *ctx, const char *folder, const char *spec) {
    pal_log log = bench_log(ctx, folder);
    bench_clocks clocks = {0};
    pal_train_input input = {.log = &log, .judge = bench_note_epoch, .judge_arg = &clocks};
    pal_model *model = NULL;
    if (pal_model_train(ctx, spec, &input, &model) != PAL_OK) made_die(ctx->error);
    if (clocks.n < 2) made_die("an epoch is timed from the end of the one before: ask for two");
    bench_write_rows(ctx, model, folder);
    int32_t last = clocks.n - 1;
    printf("{\"seconds\": %.4f, \"processor_seconds\": %.4f, \"losses\": [",
           (clocks.wall[last] - clocks.wall[0]) / last,
           (clocks.processor[last] - clocks.processor[0]) / last);
    for (int32_t e = 0; e < model->curve.n; e++)
        printf(e ? ", %.9g" : "%.9g", model->curve.loss[e]);
    printf("]}\n");
}

/* --- lists --- */

typedef struct {
    const pal_packed *packed;
    const float *users;
    const int64_t *starts;
    const int32_t *hidden;
    int32_t *items, *counts;
    float *scores;
    void **scratch;
} bench_lists_job;

static void bench_lists_chunk(void *arg, int64_t chunk, int32_t worker) {
    const bench_lists_job *job = arg;
    int64_t first = chunk * BENCH_CHUNK;
    int32_t n = (int32_t)(BENCH_LISTS - first < BENCH_CHUNK ? BENCH_LISTS - first : BENCH_CHUNK);
    pal_scan(pal_kernels_best(), job->packed, job->users + first * BENCH_FACTORS, n,
             job->starts + first, job->hidden, BENCH_K, job->items + first * BENCH_K,
             job->scores + first * BENCH_K, job->counts + first, job->scratch[worker]);
}

static int bench_compare_rows(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static void bench_lists(pal_ctx *ctx, const char *folder) {
    size_t bytes;
    bench_lists_job job = {0};
    const float *vectors = bench_read(ctx, folder, "vectors.f32", &bytes);
    int32_t *hidden = bench_read(ctx, folder, "items.i32", &bytes);
    job.users = bench_read(ctx, folder, "users.f32", &bytes);
    job.starts = bench_read(ctx, folder, "starts.i64", &bytes);
    job.hidden = hidden;
    for (int32_t u = 0; u < BENCH_LISTS; u++) {
        qsort(hidden + job.starts[u], (size_t)(job.starts[u + 1] - job.starts[u]), sizeof *hidden,
              bench_compare_rows);
    }
    job.items = made_alloc((size_t)BENCH_LISTS * BENCH_K, sizeof *job.items);
    job.scores = made_alloc((size_t)BENCH_LISTS * BENCH_K, sizeof *job.scores);
    job.counts = made_alloc(BENCH_LISTS, sizeof *job.counts);
    job.scratch = made_alloc((size_t)pal_pool_threads(ctx->pool), sizeof *job.scratch);
    for (int32_t w = 0; w < pal_pool_threads(ctx->pool); w++)
        job.scratch[w] = made_alloc(1, pal_scan_scratch(BENCH_K));
    float *panels = made_alloc(pal_packed_floats(BENCH_ITEMS, BENCH_FACTORS), sizeof *panels);
    double best = INFINITY;
    for (int repeat = 0; repeat < 3; repeat++) {
        double started = pal_clock();
        pal_packed packed = pal_pack(vectors, BENCH_ITEMS, BENCH_FACTORS, panels);
        job.packed = &packed;
        pal_parallel(ctx->pool, (BENCH_LISTS + BENCH_CHUNK - 1) / BENCH_CHUNK, bench_lists_chunk,
                     &job);
        best = fmin(best, pal_clock() - started);
    }
    printf("{\"seconds\": %.4f, \"lists\": [", best);
    for (int32_t u = 0; u < 100; u++) {
        printf(u ? ", [" : "[");
        for (int32_t i = 0; i < BENCH_K; i++) printf(i ? ", %d" : "%d", job.items[u * BENCH_K + i]);
        printf("]");
    }
    printf("]}\n");
}

int main(int argc, char **argv) {
    pal_ctx ctx = {.seed = 42, .memory_limit = INT64_C(8) << 30};
    if (argc < 3)
        made_die("usage: bench_peers prepare|item_knn|train|lists FOLDER [THREADS [SPEC]]");
    ctx.pool = pal_pool_new(argc > 3 ? atoi(argv[3]) : 0);
    if (!ctx.pool) made_die("not enough memory");
    if (!strcmp(argv[1], "prepare")) {
        bench_prepare(&ctx, argv[2]);
    } else if (!strcmp(argv[1], "item_knn")) {
        bench_item_knn(&ctx, argv[2]);
    } else if (!strcmp(argv[1], "train") && argc > 4) {
        bench_train(&ctx, argv[2], argv[4]);
    } else if (!strcmp(argv[1], "lists")) {
        bench_lists(&ctx, argv[2]);
    } else {
        made_die("the work must be prepare, item_knn, train (with a spec) or lists");
    }
    return 0;
}
