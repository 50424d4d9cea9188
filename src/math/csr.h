/* csr.h - sparse matrices in compressed rows. */
#ifndef PAL_MATH_CSR_H
#define PAL_MATH_CSR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/parallel.h"

typedef struct {
    int32_t n_rows, n_cols;
    const int64_t *starts; /* [n_rows + 1], ascending, starts[0] = 0 */
    const int32_t *cols;   /* [starts[n_rows]], ascending within a row */
    const float *values;   /* like cols, or NULL: all 1 */
} pal_csr;

/* Where `col` stands in cols[begin … end), which ascend; -1: nowhere. */
static inline int64_t pal_row_find(const int32_t *cols, int64_t begin, int64_t end, int32_t col) {
    int64_t low = begin, high = end;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (cols[middle] < col) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < end && cols[low] == col ? low : -1;
}
static inline bool pal_csr_has(const pal_csr *a, int32_t row, int32_t col) {
    return pal_row_find(a->cols, a->starts[row], a->starts[row + 1], col) >= 0;
}

/* out = aᵀ, columns ascending in a row. False without memory. */
bool pal_csr_transpose(const pal_csr *a, pal_arena *arena, pal_csr *out);

/* out [a.n_cols, a.n_cols] row-major = aᵀ a, both triangles; `transposed` is aᵀ. Sums run over rows
 * of `a` in order: same bytes for any thread count on every machine. Σ_r |row r|² / 2
 * multiply-adds. */
void pal_csr_gram(pal_pool *pool, const pal_csr *a, const pal_csr *transposed, float *out);

/* The same as sparse rows, entries of 0 left out, in the arena; no value of `a` may be negative.
 * Σ_r |row r|² multiply-adds twice. PAL_ENOMEM when it outgrows ctx->memory_limit; `what` names it
 * in the sentence. */
pal_status pal_csr_gram_sparse(pal_ctx *ctx, const char *what, const pal_csr *a,
                               const pal_csr *transposed, pal_arena *arena, pal_csr *out);
/* out [a.n_rows, k] = y + a x, x [a.n_cols, k] and y [a.n_rows, k] row-major; out may be y, not x.
 * `a` has values. One chain of fused multiply-adds an element: same bytes for any thread count. */
void pal_csr_multiply_add(pal_pool *pool, const pal_csr *a, const float *x, const float *y,
                          int32_t k, float *out);

/* Chunk `chunk` of PAL_MIRROR_ROWS rows: copies a's [n, n] lower triangle to those rows of the
 * upper one. */
enum { PAL_MIRROR_ROWS = 64 };
void pal_mirror_lower(float *a, int64_t n, int64_t chunk);

#endif
