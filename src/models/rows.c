/* rows.c - sparse rows: copied, listed as tensors, looked up, added. */
#include "models/rows.h"

#include <string.h>

#include "models/history.h"

pal_status pal_rows_copy(pal_ctx *ctx, const char *what, const pal_csr *from, pal_arena *arena,
                         pal_rows *out) {
    int64_t n = from->starts[from->n_rows];
    out->starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)from->n_rows + 1);
    out->items = PAL_ARENA_ARRAY(arena, int32_t, n);
    out->values = from->values ? PAL_ARENA_ARRAY(arena, float, n) : NULL;
    if (!out->starts || !out->items || (from->values && !out->values))
        return pal_fail_memory(ctx, what, 8.0 * (double)n);
    memcpy(out->starts, from->starts, ((size_t)from->n_rows + 1) * sizeof *out->starts);
    memcpy(out->items, from->cols, (size_t)n * sizeof *out->items);
    if (from->values) memcpy(out->values, from->values, (size_t)n * sizeof *out->values);
    return PAL_OK;
}

pal_status pal_rows_of_neighbours(pal_ctx *ctx, const char *what, int32_t n_items, int64_t k,
                                  const int32_t *neighbours, const float *values,
                                  const int32_t *counts, pal_arena *arena, pal_rows *out) {
    int64_t total = 0;
    for (int32_t i = 0; i < n_items; i++) total += counts[i];
    out->starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)n_items + 1);
    out->items = PAL_ARENA_ARRAY(arena, int32_t, total);
    out->values = PAL_ARENA_ARRAY(arena, float, total);
    if (!out->starts || !out->items || !out->values)
        return pal_fail_memory(ctx, what, 8.0 * (double)total);
    for (int32_t i = 0; i < n_items; i++) {
        for (int32_t r = 0; r < counts[i]; r++) out->starts[neighbours[i * k + r] + 1]++;
    }
    for (int32_t j = 0; j < n_items; j++) out->starts[j + 1] += out->starts[j];
    for (int32_t i = 0; i < n_items; i++) {
        for (int32_t r = 0; r < counts[i]; r++) {
            int64_t to = out->starts[neighbours[i * k + r]]++;
            out->items[to] = i;
            out->values[to] = values[i * k + r];
        }
    }
    for (int32_t j = n_items; j > 0; j--) out->starts[j] = out->starts[j - 1];
    out->starts[0] = 0;
    return PAL_OK;
}

int32_t pal_rows_tensors(pal_rows *rows, int64_t n_rows, int32_t n_items, bool has_values,
                         pal_tensor *tensors) {
    tensors[0] = (pal_tensor){.name = "starts",
                              .dtype = PAL_I64,
                              .n_dims = 1,
                              .dims = {n_rows + 1},
                              .data = (void **)&rows->starts,
                              .role = PAL_ROLE_STARTS};
    tensors[1] = (pal_tensor){.name = "items",
                              .dtype = PAL_I32,
                              .n_dims = 1,
                              .dims = {-1},
                              .data = (void **)&rows->items,
                              .role = PAL_ROLE_INDEX,
                              .index_bound = n_items};
    if (!has_values) return 2;
    tensors[2] = pal_floats("values", &rows->values, -1);
    return 3;
}

pal_csr pal_rows_matrix(const pal_rows *rows, int32_t n_rows, int32_t n_cols) {
    return (pal_csr){.n_rows = n_rows,
                     .n_cols = n_cols,
                     .starts = rows->starts,
                     .cols = rows->items,
                     .values = rows->values};
}

float pal_rows_at(const pal_rows *rows, int32_t row, int32_t item) {
    int64_t at = pal_row_find(rows->items, rows->starts[row], rows->starts[row + 1], item);
    if (at < 0) return 0;
    return rows->values ? rows->values[at] : 1;
}

void pal_rows_add(const pal_rows *rows, int32_t row, float weight, float *out) {
    for (int64_t e = rows->starts[row]; e < rows->starts[row + 1]; e++)
        out[rows->items[e]] += weight * (rows->values ? rows->values[e] : 1);
}

void pal_rows_score(const pal_rows *rows, int32_t n_items, const pal_query *queries,
                    int32_t n_queries, void *scratch, float *scores) {
    for (int32_t q = 0; q < n_queries; q++) {
        float *row = scores + (int64_t)q * n_items;
        const int32_t *history;
        int32_t n = pal_history_distinct(&queries[q], n_items, scratch, &history);
        memset(row, 0, (size_t)n_items * sizeof *row);
        for (int32_t h = 0; h < n; h++) pal_rows_add(rows, history[h], 1, row);
    }
}

int32_t pal_rows_explain(const pal_rows *rows, int32_t n_items, const pal_query *query,
                         int32_t item, void *scratch, pal_reason *reasons) {
    const int32_t *history;
    int32_t n = pal_history_distinct(query, n_items, scratch, &history), n_reasons = 0;
    for (int32_t h = 0; h < n; h++) {
        double amount = (double)pal_rows_at(rows, history[h], item);
        if (amount > 0 || amount < 0)
            reasons[n_reasons++] = (pal_reason){.item = history[h], .amount = amount};
    }
    return n_reasons;
}
