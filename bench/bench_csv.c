/* bench_csv.c - the files that `scripts/bench csv` reads, and palate's side of reading them.
 *
 * usage: bench_csv write FOLDER            numbers.csv and names.csv of 1 GB: 138k users, 27k
 *                                          items, long tails, in the order of time
 *        bench_csv read FILE THREADS       from the file to the finished log; prints seconds,
 * counts and peak memory */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/ctx.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/rng.h"
#include "data/read.h"

enum { CSV_USERS = 138000, CSV_ITEMS = 27000, CSV_GUIDE = 1 << 16 };
static const int64_t csv_bytes = 1000000000;

static void csv_die(const char *what) {
    fprintf(stderr, "bench_csv: %s\n", what);
    exit(1);
}

/* --- writing --- */

/* Draws a row with a weight of 1 / (rank + offset)^power; ids are dealt to ranks at random. */
typedef struct {
    int32_t n, *ids;
    double *cumulative;           /* [n] */
    int32_t guide[CSV_GUIDE + 1]; /* where to begin looking for a share of the sum */
} csv_tail;

static csv_tail *csv_tail_new(pal_rng *rng, int32_t n, double offset, double power) {
    csv_tail *tail = calloc(1, sizeof *tail);
    if (!tail) csv_die("not enough memory");
    tail->n = n;
    tail->ids = calloc((size_t)n, sizeof *tail->ids);
    tail->cumulative = calloc((size_t)n, sizeof *tail->cumulative);
    if (!tail->ids || !tail->cumulative) csv_die("not enough memory");
    double sum = 0;
    for (int32_t i = 0; i < n; i++) {
        int32_t j = (int32_t)(pal_rng_uniform(rng) * (i + 1));
        tail->ids[i] = tail->ids[j];
        tail->ids[j] = i + 1;
        tail->cumulative[i] = sum += pow(i + offset, -power);
    }
    int32_t at = 0;
    for (int32_t g = 0; g <= CSV_GUIDE; g++) {
        while (at < n - 1 && tail->cumulative[at] < sum * g / CSV_GUIDE) at++;
        tail->guide[g] = at;
    }
    return tail;
}

static int32_t csv_tail_draw(pal_rng *rng, const csv_tail *tail) {
    double share = pal_rng_uniform(rng), at = share * tail->cumulative[tail->n - 1];
    int32_t i = tail->guide[(int32_t)(share * CSV_GUIDE)];
    while (i < tail->n - 1 && tail->cumulative[i] < at) i++;
    return tail->ids[i];
}

static void csv_tail_free(csv_tail *tail) {
    free(tail->ids);
    free(tail->cumulative);
    free(tail);
}

static void csv_write(const char *folder, const char *name, const char *user, const char *item) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (!file) csv_die("cannot write the file");
    pal_rng rng = pal_rng_at(27, 0);
    csv_tail *users = csv_tail_new(&rng, CSV_USERS, 300, 0.8),
             *items = csv_tail_new(&rng, CSV_ITEMS, 30, 0.9);
    int64_t written = fprintf(file, "user_id,item_id,rating,timestamp\n");
    for (int64_t e = 0; written < csv_bytes; e++) {
        int32_t halves = 1 + (int32_t)(pal_rng_uniform(&rng) * 10);
        written += fprintf(file, "%s%d,%s%d,%d.%d,%" PRId64 "\n", user, csv_tail_draw(&rng, users),
                           item, csv_tail_draw(&rng, items), halves / 2, halves % 2 * 5,
                           INT64_C(1000000000) + e * 7);
    }
    if (fclose(file)) csv_die("the file could not be written");
    csv_tail_free(users);
    csv_tail_free(items);
}

/* --- reading --- */

static void csv_read(pal_ctx *ctx, const char *path) {
    double started = pal_clock();
    pal_data *data;
    if (pal_data_read(ctx, &(pal_paths){.log = path}, NULL, &data) != PAL_OK) csv_die(ctx->error);
    double seconds = pal_clock() - started;
    const pal_log *log = &data->parts[0];
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double values = 0;
    for (int64_t e = 0; e < log->n_events; e++) values += (double)log->values[e];
    double cpu_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                         1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    printf("{\"seconds\": %.4f, \"cpu_seconds\": %.4f, \"events\": %" PRId64
           ", \"users\": %d, \"items\": %d, "
           "\"values\": %.1f, \"peak_bytes\": %.0f, \"log_bytes\": %.0f, \"hash\": \"%016" PRIx64
           "\"}\n",
           seconds, cpu_seconds, log->n_events, log->n_users, log->n_items, values,
           1024.0 * (double)usage.ru_maxrss, 16.0 * (double)log->n_events + 8.0 * log->n_users,
           pal_log_hash(log));
    pal_data_free(data);
}

int main(int argc, char **argv) {
    pal_ctx ctx = {.seed = 42, .memory_limit = INT64_C(8) << 30};
    if (argc == 3 && !strcmp(argv[1], "write")) {
        csv_write(argv[2], "numbers.csv", "", "");
        csv_write(argv[2], "names.csv", "u", "i");
        return 0;
    }
    if (argc != 4 || strcmp(argv[1], "read"))
        csv_die("usage: bench_csv write FOLDER | read FILE THREADS");
    ctx.pool = pal_pool_new(atoi(argv[3]));
    if (!ctx.pool) csv_die("not enough memory");
    csv_read(&ctx, argv[2]);
    pal_pool_free(ctx.pool);
    return 0;
}
