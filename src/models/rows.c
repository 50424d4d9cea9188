/* rows.c - sparse rows: copied, listed as tensors, looked up, added. */
#include "models/rows.h"

#include <string.h>

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
    tensors[2] = (pal_tensor){.name = "values",
                              .dtype = PAL_F32,
                              .n_dims = 1,
                              .dims = {-1},
                              .data = (void **)&rows->values};
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
    int64_t low = rows->starts[row], high = rows->starts[row + 1];
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (rows->items[middle] < item) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low >= rows->starts[row + 1] || rows->items[low] != item) return 0;
    return rows->values ? rows->values[low] : 1;
}

void pal_rows_add(const pal_rows *rows, int32_t row, float weight, float *out) {
    for (int64_t e = rows->starts[row]; e < rows->starts[row + 1]; e++)
        out[rows->items[e]] += weight * (rows->values ? rows->values[e] : 1);
}
