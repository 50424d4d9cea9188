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

/* out = aᵀ, rows ascending. False without memory. */
bool pal_csr_transpose(pal_pool *pool, const pal_csr *a, pal_arena *arena, pal_csr *out);

/* out [n_cols, n_cols] row-major, dense = aᵀ a, both triangles; diagonal included. Own kernel, not BLAS: same bytes for any
 * thread count on every machine. `transposed` is aᵀ. */
void pal_csr_gram(pal_pool *pool, const pal_csr *a, const pal_csr *transposed, float *out);

#endif
