/* vectors.c - rows copied or projected, then brought to length 1. */
#include "represent/vectors.h"

#include <math.h>
#include <string.h>

#include "base/ctx.h"
#include "math/svd.h"

/* Squares are summed in double, where no finite float overflows. */
static void vectors_normalize(pal_vectors *v) {
    for (int32_t r = 0; r < v->n_rows; r++) {
        float *row = v->vectors + (int64_t)r * v->n_dims;
        double squares = 0;
        for (int32_t d = 0; d < v->n_dims; d++) squares += (double)row[d] * (double)row[d];
        double scale = squares > 0 ? 1 / sqrt(squares) : 0;
        for (int32_t d = 0; d < v->n_dims; d++) row[d] = (float)((double)row[d] * scale);
    }
}

static pal_status vectors_alloc(pal_ctx *ctx, int32_t n_rows, int32_t n_dims, pal_arena *arena,
                                pal_vectors *out) {
    *out = (pal_vectors){.n_rows = n_rows, .n_dims = n_dims};
    out->vectors = PAL_ARENA_ARRAY(arena, float, (int64_t)n_rows *n_dims);
    return out->vectors ? PAL_OK : pal_fail_memory(ctx, "vectors", 4.0 * n_rows * n_dims);
}

pal_status pal_vectors_of_column(pal_ctx *ctx, const pal_column *column, const int32_t *rows,
                                 int32_t n_rows, pal_arena *arena, pal_vectors *out) {
    if (column->type != PAL_FEATURE_VECTOR) n_rows = 0;
    TRY(vectors_alloc(ctx, n_rows, column->n_dims, arena, out));
    size_t bytes = (size_t)column->n_dims * sizeof *out->vectors;
    for (int32_t r = 0; r < n_rows; r++) {
        if (rows[r] >= 0)
            memcpy(out->vectors + (int64_t)r * column->n_dims,
                   column->vectors + (int64_t)rows[r] * column->n_dims, bytes);
    }
    vectors_normalize(out);
    return PAL_OK;
}

pal_status pal_vectors_encode(pal_ctx *ctx, const pal_csr *rows, const float *directions, int32_t k,
                              pal_arena *arena, pal_vectors *out) {
    TRY(vectors_alloc(ctx, rows->n_rows, k, arena, out));
    pal_csr_multiply_add(ctx->pool, rows, directions, out->vectors, k, out->vectors);
    vectors_normalize(out);
    return PAL_OK;
}

pal_status pal_vectors_of_keywords(pal_ctx *ctx, const pal_csr *rows, int32_t n_fit, int32_t k,
                                   pal_arena *arena, pal_vectors *out, float **directions) {
    if (k > rows->n_cols) k = rows->n_cols;
    if (k < 1)
        return pal_fail(ctx, PAL_EDATA,
                        "vectors of texts: the texts have no words: name other columns");
    pal_arena scratch = {0};
    pal_csr fit = *rows, transposed;
    fit.n_rows = n_fit;
    float *values = PAL_ARENA_ARRAY(&scratch, float, k);
    *directions = PAL_ARENA_ARRAY(arena, float, (int64_t)rows->n_cols *k);
    pal_status status = PAL_OK;
    if (!values || !*directions || !pal_csr_transpose(&fit, &scratch, &transposed)) {
        status = pal_fail_memory(ctx, "vectors of texts", 8.0 * (double)rows->starts[n_fit]);
    } else {
        const pal_svd_input input = {.a = &fit, .transposed = &transposed, .k = k};
        status = pal_svd(ctx, "vectors of texts", &input, *directions, values);
    }
    pal_arena_release(&scratch);
    return status == PAL_OK ? pal_vectors_encode(ctx, rows, *directions, k, arena, out) : status;
}
