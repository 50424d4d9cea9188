/* bench_ease.c - the inverse that `ease` is, which `scripts/bench ease` times beside its peers.
 *
 * usage: bench_ease matrix FOLDER N             matrix.f32: XᵀX + 500 I of a made log of N items
 *        bench_ease inverse FOLDER THREADS N    inverts it in place; prints seconds and peak bytes,
 *                                               writes the first rows as inverse.f32 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "made.h"
#include "math/csr.h"
#include "math/solve.h"

enum { EASE_MATRIX_USERS = 50000, EASE_MATRIX_EVENTS = 4000000, EASE_CHECKED = 64 };

static void ease_path(char out[1024], const char *folder, const char *name) {
    snprintf(out, 1024, "%s/%s", folder, name);
}

static void ease_matrix(pal_ctx *ctx, const char *folder, int32_t n) {
    pal_log made = made_log(EASE_MATRIX_USERS, n, EASE_MATRIX_EVENTS);
    pal_csr by_item,
        log = {.n_rows = made.n_users, .n_cols = n, .starts = made.starts, .cols = made.items};
    pal_arena arena = {0};
    char path[1024];
    float *a = made_alloc((size_t)n * (size_t)n, sizeof *a);
    if (!pal_csr_transpose(&log, &arena, &by_item)) made_die("not enough memory");
    pal_csr_gram(ctx->pool, &log, &by_item, a);
    for (int64_t i = 0; i < n; i++) a[i * n + i] += 500;
    ease_path(path, folder, "matrix.f32");
    if (pal_file_write(ctx, path, a, (size_t)n * (size_t)n * sizeof *a) != PAL_OK)
        made_die(ctx->error);
}

static void ease_inverse(pal_ctx *ctx, const char *folder, int32_t n) {
    char path[1024];
    ease_path(path, folder, "matrix.f32");
    size_t length = (size_t)n * (size_t)n;
    float *a = made_alloc(length, sizeof *a);
    FILE *file = fopen(path, "rb");
    if (!file || fread(a, sizeof *a, length, file) != length)
        made_die("matrix.f32 is missing or short");
    fclose(file);
    double started = pal_clock();
    if (pal_spd_inverse(ctx, "the matrix", a, n) != PAL_OK) made_die(ctx->error);
    double seconds = pal_clock() - started;
    ease_path(path, folder, "inverse.f32");
    if (pal_file_write(ctx, path, a, (size_t)EASE_CHECKED * (size_t)n * sizeof *a) != PAL_OK)
        made_die(ctx->error);
    printf("{\"seconds\": %.4f, \"peak_bytes\": %" PRId64 "}\n", seconds, made_peak_bytes());
}

int main(int argc, char **argv) {
    pal_ctx ctx = {.seed = 42, .memory_limit = INT64_C(8) << 30};
    bool is_inverse = argc == 5 && !strcmp(argv[1], "inverse");
    if (!is_inverse && (argc != 4 || strcmp(argv[1], "matrix") != 0))
        made_die("usage: bench_ease matrix FOLDER N | inverse FOLDER THREADS N");
    ctx.pool = pal_pool_new(is_inverse ? atoi(argv[3]) : 2);
    if (!ctx.pool) made_die("not enough memory");
    if (is_inverse) {
        ease_inverse(&ctx, argv[2], atoi(argv[4]));
    } else {
        ease_matrix(&ctx, argv[2], atoi(argv[3]));
    }
    return 0;
}
