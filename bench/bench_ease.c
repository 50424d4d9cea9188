/* bench_ease.c - what `scripts/bench ease` times: the inverse beside its peers, and whole fits of
 * catalogues that are too big for a peer.
 *
 * usage: bench_ease matrix FOLDER N             matrix.f32: XᵀX + 500 I of a made log of N items
 *        bench_ease inverse FOLDER THREADS N    inverts it in place; prints seconds and peak bytes,
 *                                               writes the first rows as inverse.f32
 *        bench_ease fit THREADS ITEMS USERS EVENTS  makes a long-tailed log, fits `ease` with 8
 * GiB; prints seconds, peak bytes and what was estimated */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/ctx.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/rng.h"
#include "math/csr.h"
#include "math/solve.h"
#include "models/train.h"

enum { EASE_MATRIX_USERS = 50000, EASE_MATRIX_EVENTS = 4000000, EASE_CHECKED = 64 };

static void ease_die(const char *what) {
    fprintf(stderr, "bench_ease: %s\n", what);
    exit(1);
}

static void *ease_alloc(size_t n, size_t size) {
    void *memory = calloc(n, size);
    if (!memory) ease_die("not enough memory");
    return memory;
}

static int64_t ease_peak_bytes(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (int64_t)used.ru_maxrss * 1024;
}

/* --- the log --- */

static int ease_compare(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* The first place whose cumulative share reaches `at`. */
static int32_t ease_find(const double *cumulative, int32_t n, double at) {
    int32_t low = 0, high = n - 1;
    while (low < high) {
        int32_t middle = (low + high) / 2;
        if (cumulative[middle] < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The distribution of bench_peers: distinct items of a user by popularity ~ 1 / (rank + 30)^0.9,
 * log-normal lengths, here scaled to so many events; items ascend in a user. */
static pal_csr ease_log(int32_t n_users, int32_t n_items, int64_t n_events) {
    double *cumulative = ease_alloc((size_t)n_items, sizeof *cumulative), sum = 0;
    for (int32_t i = 0; i < n_items; i++) cumulative[i] = sum += pow(i + 30, -0.9);
    int32_t *marks = ease_alloc((size_t)n_items, sizeof *marks);
    int32_t *items = ease_alloc((size_t)n_events + 3000, sizeof *items);
    int64_t *starts = ease_alloc((size_t)n_users + 1, sizeof *starts);
    double mean = log((double)n_events / n_users) - 0.5;
    pal_rng rng = pal_rng_at(16, 0);
    for (int32_t u = 0; u < n_users; u++) {
        double left = (double)(n_events - starts[u]);
        int64_t length = (int64_t)fmin(fmin(exp(mean + pal_rng_normal(&rng)) + 1, 3000), left);
        int64_t n = 0;
        for (int64_t tries = 0; n < length && tries < 8 * length; tries++) {
            int32_t item = ease_find(cumulative, n_items, pal_rng_uniform(&rng) * sum);
            if (marks[item] == u + 1) continue;
            marks[item] = u + 1;
            items[starts[u] + n++] = item;
        }
        qsort(items + starts[u], (size_t)n, sizeof *items, ease_compare);
        starts[u + 1] = starts[u] + n;
    }
    free(cumulative);
    free(marks);
    return (pal_csr){.n_rows = n_users, .n_cols = n_items, .starts = starts, .cols = items};
}

/* --- the work --- */

static void ease_path(char out[1024], const char *folder, const char *name) {
    snprintf(out, 1024, "%s/%s", folder, name);
}

static void ease_matrix(pal_ctx *ctx, const char *folder, int32_t n) {
    pal_csr log = ease_log(EASE_MATRIX_USERS, n, EASE_MATRIX_EVENTS), by_item;
    pal_arena arena = {0};
    char path[1024];
    float *a = ease_alloc((size_t)n * (size_t)n, sizeof *a);
    if (!pal_csr_transpose(&log, &arena, &by_item)) ease_die("not enough memory");
    pal_csr_gram(ctx->pool, &log, &by_item, a);
    for (int64_t i = 0; i < n; i++) a[i * n + i] += 500;
    ease_path(path, folder, "matrix.f32");
    if (pal_file_write(ctx, path, a, (size_t)n * (size_t)n * sizeof *a) != PAL_OK)
        ease_die(ctx->error);
}

static void ease_inverse(pal_ctx *ctx, const char *folder, int32_t n) {
    char path[1024];
    ease_path(path, folder, "matrix.f32");
    size_t length = (size_t)n * (size_t)n;
    float *a = ease_alloc(length, sizeof *a);
    FILE *file = fopen(path, "rb");
    if (!file || fread(a, sizeof *a, length, file) != length)
        ease_die("matrix.f32 is missing or short");
    fclose(file);
    double started = pal_clock();
    if (pal_spd_inverse(ctx, "the matrix", a, n) != PAL_OK) ease_die(ctx->error);
    double seconds = pal_clock() - started;
    ease_path(path, folder, "inverse.f32");
    if (pal_file_write(ctx, path, a, (size_t)EASE_CHECKED * (size_t)n * sizeof *a) != PAL_OK)
        ease_die(ctx->error);
    printf("{\"seconds\": %.4f, \"peak_bytes\": %" PRId64 "}\n", seconds, ease_peak_bytes());
}

static void ease_fit(pal_ctx *ctx, int32_t n_items, int32_t n_users, int64_t n_events) {
    static pal_ids none;
    pal_csr made = ease_log(n_users, n_items, n_events);
    pal_log log = {
        .n_users = n_users, .n_items = n_items, .items = (int32_t *)(uintptr_t)made.cols};
    log.starts = (int64_t *)(uintptr_t)made.starts;
    log.n_events = made.starts[n_users];
    log.about.n_users = n_users;
    log.about.n_items = n_items;
    log.about.target_types = UINT32_MAX;
    log.about.user_ids = log.about.item_ids = &none;
    none.offsets =
        ease_alloc((size_t)(n_users > n_items ? n_users : n_items) + 1, sizeof *none.offsets);
    pal_model *model = NULL;
    if (pal_model_train(ctx, "ease", &(pal_train_input){.log = &log}, &model) != PAL_OK)
        ease_die(ctx->error);
    pal_estimate estimate = {0};
    model->kind->estimate(model->params, &log, pal_pool_threads(ctx->pool), &estimate);
    printf("{\"seconds\": %.4f, \"peak_bytes\": %" PRId64 ", \"model_bytes\": %.0f, "
           "\"estimated_seconds\": %.1f, \"estimated_bytes\": %.0f, \"events\": %" PRId64 "}\n",
           model->cost.seconds, ease_peak_bytes(), (double)pal_model_state_bytes(model),
           estimate.seconds, estimate.bytes, log.n_events);
}

int main(int argc, char **argv) {
    pal_ctx ctx = {.seed = 42, .memory_limit = INT64_C(8) << 30};
    const char *usage =
        "usage: bench_ease matrix FOLDER N | inverse FOLDER THREADS N | fit THREADS "
        "ITEMS USERS EVENTS";
    if (argc < 4) ease_die(usage);
    bool is_fit = !strcmp(argv[1], "fit"), is_inverse = !strcmp(argv[1], "inverse");
    ctx.pool = pal_pool_new(is_fit ? atoi(argv[2]) : is_inverse ? atoi(argv[3]) : 2);
    if (!ctx.pool) ease_die("not enough memory");
    if (!strcmp(argv[1], "matrix") && argc == 4) {
        ease_matrix(&ctx, argv[2], atoi(argv[3]));
    } else if (is_inverse && argc == 5) {
        ease_inverse(&ctx, argv[2], atoi(argv[4]));
    } else if (is_fit && argc == 6) {
        ease_fit(&ctx, atoi(argv[3]), atoi(argv[4]), atoll(argv[5]));
    } else {
        ease_die(usage);
    }
    return 0;
}
