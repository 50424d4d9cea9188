/* made.c - users draw their items one after the other, from one stream. */
#include "made.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"

void made_die(const char *what) {
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

void *made_alloc(size_t n, size_t size) {
    void *memory = calloc(n, size);
    if (!memory) made_die("not enough memory");
    return memory;
}

/* Not getrusage: its figure begins with what the parent held. */
int64_t made_peak_bytes(void) {
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long long kilobytes = 0;
    while (file && fgets(line, sizeof line, file) && !sscanf(line, "VmHWM: %lld", &kilobytes)) {
    }
    if (file) fclose(file);
    return (int64_t)kilobytes * 1024;
}

static int made_compare(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* The first place whose cumulative share reaches `at`. */
static int32_t made_find(const double *cumulative, int32_t n, double at) {
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

pal_log made_log_of(int32_t n_users, int32_t n_items, int64_t *starts, int32_t *items) {
    static pal_ids none;
    int32_t most = n_users > n_items ? n_users : n_items;
    none.offsets = made_alloc((size_t)most + 1, sizeof *none.offsets);
    pal_log log = {.n_users = n_users, .n_items = n_items, .starts = starts, .items = items};
    log.n_events = starts[n_users];
    log.about.n_users = n_users;
    log.about.n_items = n_items;
    log.about.target_types = UINT32_MAX;
    log.about.user_ids = log.about.item_ids = &none;
    return log;
}

pal_log made_log(int32_t n_users, int32_t n_items, int64_t n_events) {
    enum { LONGEST = 3000, TRIES = 8 };
    double *cumulative = made_alloc((size_t)n_items, sizeof *cumulative), sum = 0;
    for (int32_t i = 0; i < n_items; i++) cumulative[i] = sum += pow(i + 30, -0.9);
    int32_t *marks = made_alloc((size_t)n_items, sizeof *marks);
    int32_t *items = made_alloc((size_t)n_events + LONGEST, sizeof *items);
    int64_t *starts = made_alloc((size_t)n_users + 1, sizeof *starts);
    double mean = log((double)n_events / n_users) - 0.5;
    pal_rng rng = pal_rng_at(16, 0);
    for (int32_t u = 0; u < n_users; u++) {
        double left = (double)(n_events - starts[u]);
        int64_t n = 0,
                length = (int64_t)fmin(fmin(exp(mean + pal_rng_normal(&rng)) + 1, LONGEST), left);
        for (int64_t tries = 0; n < length && tries < TRIES * length; tries++) {
            int32_t item = made_find(cumulative, n_items, pal_rng_uniform(&rng) * sum);
            if (marks[item] == u + 1) continue;
            marks[item] = u + 1;
            items[starts[u] + n++] = item;
        }
        qsort(items + starts[u], (size_t)n, sizeof *items, made_compare);
        starts[u + 1] = starts[u] + n;
    }
    free(cumulative);
    free(marks);
    return made_log_of(n_users, n_items, starts, items);
}
