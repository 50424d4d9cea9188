/* attention.c - tiles of rows. With D = dout Vᵀ: dS = A ∘ (D - rowsum(A ∘ D)) / √width_of_head,
 * dQ = dS K, dK = dSᵀ Q, dV = Aᵀ dout. */
#include "nn/attention.h"

#include <math.h>
#include <string.h>

#include "nn/linear.h"
#include "nn/loops.h"

int64_t pal_attention_weights(const pal_attention *shape) {
    int64_t sum = 0;
    for (int64_t s = 0; s < shape->n_sequences; s++) {
        int64_t length = shape->starts[s + 1] - shape->starts[s];
        sum += shape->n_heads * length * length;
    }
    return sum;
}

int64_t pal_attention_room(int64_t longest) { return PAL_ATTENTION_TILE * longest; }

/* Logits of rows [first, last) in `rows`, of `length` each, to weights; zeros after the diagonal,
 * since products run over whole tiles. */
static void attention_softmax(pal_real *rows, int64_t length, int64_t first, int64_t last,
                              pal_real scale) {
    const pal_loops *loops = pal_loops_best();
    for (int64_t r = first; r < last; r++) {
        pal_real *row = rows + r * length;
        for (int64_t i = 0; i <= r; i++) row[i] *= scale;
        pal_real sum = loops->exp(row, -loops->largest(row, r + 1), 1, row, r + 1);
        pal_real share = 1 / sum;
        for (int64_t i = 0; i <= r; i++) row[i] *= share;
        memset(row + r + 1, 0, (size_t)(last - r - 1) * sizeof *row);
    }
}

/* One head of one sequence; q points to its first query, k and v lie `width` and 2 `width` on. */
static void attention_head_forward(int64_t length, int64_t width, int64_t k, const pal_real *q,
                                   pal_real *weights, pal_real *out) {
    int64_t stride = 3 * width;
    pal_real scale = (pal_real)(1 / sqrt((double)k));
    for (int64_t first = 0; first < length; first += PAL_ATTENTION_TILE) {
        int64_t last = first + PAL_ATTENTION_TILE < length ? first + PAL_ATTENTION_TILE : length;
        pal_real *rows = weights + first * length;
        pal_gemm(false, true, last - first, last, k, q + first * stride, stride, q + width, stride,
                 0, rows, length);
        attention_softmax(weights, length, first, last, scale);
        pal_gemm(false, false, last - first, k, last, rows, length, q + 2 * width, stride, 0,
                 out + first * width, width);
    }
}

void pal_attention_forward(const pal_attention *shape, const pal_real *qkv, pal_real *weights,
                           pal_real *out) {
    int64_t width = shape->width, k = width / shape->n_heads;
    for (int64_t s = 0; s < shape->n_sequences; s++) {
        int64_t at = shape->starts[s] - shape->starts[0],
                length = shape->starts[s + 1] - shape->starts[s];
        for (int64_t h = 0; h < shape->n_heads; h++) {
            attention_head_forward(length, width, k, qkv + at * 3 * width + h * k, weights,
                                   out + at * width + h * k);
            weights += length * length;
        }
    }
}

/* From ∂loss/∂weights of a row to that of its logits, in place. */
static void attention_softmax_backward(const pal_real *weights, pal_real *d, int64_t n,
                                       pal_real scale) {
    pal_real along = pal_loops_best()->dot(weights, d, n);
    for (int64_t i = 0; i < n; i++) d[i] = scale * weights[i] * (d[i] - along);
}

static void attention_head_backward(int64_t length, int64_t width, int64_t k, const pal_real *q,
                                    const pal_real *weights, const pal_real *dout, pal_real *room,
                                    pal_real *dq) {
    int64_t stride = 3 * width;
    pal_real scale = (pal_real)(1 / sqrt((double)k));
    for (int64_t first = 0; first < length; first += PAL_ATTENTION_TILE) {
        int64_t last = first + PAL_ATTENTION_TILE < length ? first + PAL_ATTENTION_TILE : length,
                n = last - first;
        const pal_real *rows = weights + first * length, *d = dout + first * width;
        pal_gemm(true, false, last, k, n, rows, length, d, width, 1, dq + 2 * width, stride);
        pal_gemm(false, true, n, last, k, d, width, q + 2 * width, stride, 0, room, last);
        for (int64_t r = 0; r < n; r++)
            attention_softmax_backward(rows + r * length, room + r * last, last, scale);
        pal_gemm(false, false, n, k, last, room, last, q + width, stride, 0, dq + first * stride,
                 stride);
        pal_gemm(true, false, last, k, n, room, last, q + first * stride, stride, 1, dq + width,
                 stride);
    }
}

void pal_attention_backward(const pal_attention *shape, const pal_real *qkv,
                            const pal_real *weights, const pal_real *dout, pal_real *room,
                            pal_real *dqkv) {
    int64_t width = shape->width, k = width / shape->n_heads,
            n = shape->starts[shape->n_sequences] - shape->starts[0];
    memset(dqkv, 0, (size_t)(n * 3 * width) * sizeof *dqkv);
    for (int64_t s = 0; s < shape->n_sequences; s++) {
        int64_t at = shape->starts[s] - shape->starts[0],
                length = shape->starts[s + 1] - shape->starts[s];
        for (int64_t h = 0; h < shape->n_heads; h++) {
            attention_head_backward(length, width, k, qkv + at * 3 * width + h * k, weights,
                                    dout + at * width + h * k, room, dqkv + at * 3 * width + h * k);
            weights += length * length;
        }
    }
}
