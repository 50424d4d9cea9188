/* history.c - sets from histories. */
#include "models/history.h"

#include <stdlib.h>
#include <string.h>

size_t pal_scratch_cut(void *scratch, size_t at, const size_t *sizes, int32_t n, void **parts) {
    for (int32_t i = 0; i < n; i++) {
        parts[i] = scratch ? (char *)scratch + at : NULL;
        at += pal_scratch_round(4 * sizes[i]);
    }
    return at;
}

/* Scratch: distinct items [n_items], then a mark an item [n_items], zero between calls. */
size_t pal_history_bytes(int32_t n_items) {
    size_t bytes = (size_t)n_items * (sizeof(int32_t) + 1);
    return pal_scratch_round(bytes);
}

static int history_compare(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

int32_t pal_distinct_rows(const int32_t *items, int32_t n, int32_t n_items, void *scratch,
                          const int32_t **out) {
    int32_t *distinct = scratch, n_distinct = 0;
    uint8_t *marks = (uint8_t *)(distinct + n_items);
    for (int32_t e = 0; e < n; e++) {
        if (items[e] < 0 || items[e] >= n_items || marks[items[e]]) continue;
        marks[items[e]] = 1;
        distinct[n_distinct++] = items[e];
    }
    for (int32_t i = 0; i < n_distinct; i++) marks[distinct[i]] = 0;
    qsort(distinct, (size_t)n_distinct, sizeof *distinct, history_compare);
    *out = distinct;
    return n_distinct;
}

pal_rng pal_history_stream(const int32_t *items, int64_t n_items) {
    uint64_t hash = 1469598103934665603u; /* FNV-1a */
    for (int64_t i = 0; i < n_items; i++) hash = (hash ^ (uint64_t)items[i]) * 1099511628211u;
    return pal_rng_at(hash, 0);
}
