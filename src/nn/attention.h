/* attention.h - causal multi-head attention (Vaswani et al. 2017) over packed sequences.
 *
 * For each sequence and head with queries Q, keys K, values V [length, width / n_heads]:
 * A = softmax(Q Kᵀ / √(width / n_heads)) over the positions up to the row's own, out = A V.
 * Sequences lie one after the other without padding: positions starts[s] … starts[s + 1) are
 * sequence s. Rows run in tiles, each against the keys up to its own end: about half of the square
 * is never computed. One BLAS thread: call it from a chunk.
 * Cost: forward Σ length² · width multiply-adds, backward twice that; 4 n_heads length² bytes a
 * sequence are kept. */
#ifndef PAL_NN_ATTENTION_H
#define PAL_NN_ATTENTION_H

#include <stdint.h>

#include "nn/real.h"

enum { PAL_ATTENTION_TILE = 64 };

typedef struct {
    int64_t width;
    int32_t n_heads;       /* divides width */
    int64_t n_sequences;   /* of this chunk; lengths may be 0 */
    const int64_t *starts; /* [n_sequences + 1]; row 0 of all arrays is position starts[0] */
} pal_attention;

/* Numbers of `weights` for these sequences: Σ n_heads length². */
int64_t pal_attention_weights(const pal_attention *shape);
/* Numbers of `room` for sequences of at most `longest`. */
int64_t pal_attention_room(int64_t longest);

/* qkv [n, 3 width]: query, key and value of a position side by side. weights are kept for backward;
 * out [n, width]. */
void pal_attention_forward(const pal_attention *shape, const pal_real *qkv, pal_real *weights,
                           pal_real *out);
/* dqkv [n, 3 width] is written. */
void pal_attention_backward(const pal_attention *shape, const pal_real *qkv,
                            const pal_real *weights, const pal_real *dout, pal_real *room,
                            pal_real *dqkv);

#endif
