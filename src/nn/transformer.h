/* transformer.h - blocks of causal attention and a feed-forward layer over packed sequences, the
 * norm before each (Xiong et al. 2020), one more norm at the end:
 *
 *   x ← x + dropout(W_o attention(W_qkv norm(x) + b_qkv) + b_o)
 *   x ← x + dropout(W_2 f(W_1 norm(x) + b_1) + b_2)
 *
 * for each block, then y = norm(x). All parameters are slices of one pal_parameters; what backward
 * needs is kept in a pal_transformer_room for all positions of a batch, of which each chunk uses
 * its own rows.
 * Cost of a position and block, forward and backward, with inner = width: 18 width² + 3 length
 * width multiply-adds; 4 (8 width + 2 inner + n_heads length + 4) + 2 width bytes are kept. */
#ifndef PAL_NN_TRANSFORMER_H
#define PAL_NN_TRANSFORMER_H

#include "nn/activation.h"
#include "nn/attention.h"
#include "nn/parameters.h"

enum { PAL_BLOCKS_MAX = 8 };
#define PAL_TRANSFORMER_EPSILON 1e-8

typedef struct { /* where a block's slices begin */
    int64_t gain1, bias1, w_qkv, b_qkv, w_out, b_out, gain2, bias2, w1, b1, w2, b2;
} pal_block;

typedef struct {
    int64_t width, inner;
    int32_t n_heads, n_blocks;
    pal_activation activation;
    double dropout;
    pal_block blocks[PAL_BLOCKS_MAX];
    int64_t gain, bias; /* of the last norm */
} pal_transformer;

typedef struct { /* of one block, [capacity, …] */
    pal_real *x, *normed1, *qkv, *mixed, *middle, *normed2, *inner, *active;
    pal_real *kept1, *kept2; /* [capacity, 2] */
    pal_real *weights;       /* [capacity, n_heads, longest] */
    uint8_t *mask1, *mask2;  /* [capacity, width] */
} pal_block_room;

typedef struct {
    int64_t capacity, longest;
    pal_block_room blocks[PAL_BLOCKS_MAX];
    pal_real *last, *kept; /* [capacity, width]: x after the blocks; [capacity, 2] */
    pal_real *d, *d_wide,
        *tile; /* [capacity, width], [capacity, max(3 width, inner)], per worker */
    uint64_t seeds[2 * PAL_BLOCKS_MAX];
} pal_transformer_room;

/* Adds the slices; fields up to `dropout` are the caller's. */
void pal_transformer_add(pal_transformer *t, pal_parameters *p);
/* First values: Glorot's for weights, 0 for biases, 1 for gains. */
void pal_transformer_draw(const pal_transformer *t, uint64_t seed, pal_real *values);

pal_status pal_transformer_open(pal_ctx *ctx, const char *what, const pal_transformer *t,
                                int64_t capacity, int64_t longest, pal_arena *scratch,
                                pal_transformer_room *out);
double pal_transformer_bytes(const pal_transformer *t, double capacity, double longest);

typedef struct { /* one chunk of a batch */
    const pal_transformer *t;
    pal_transformer_room *room;
    const pal_real *values;
    int64_t n_sequences;
    const int64_t *starts; /* [n_sequences + 1] positions of the batch */
    int64_t step, chunk;   /* of dropout's decisions */
    int32_t worker;
} pal_transformer_job;

/* room->blocks[0].x holds the input of the chunk's positions; y [capacity, width] of the batch. */
void pal_transformer_forward(const pal_transformer_job *job, pal_real *y);
/* dy [capacity, width]; dx [capacity, width] is written, `gradient` (like values) added to. */
void pal_transformer_backward(const pal_transformer_job *job, const pal_real *dy,
                              pal_real *gradient, pal_real *dx);

#endif
