/* transformer.h - blocks of causal attention and a feed-forward layer over packed sequences, the
 * norm before each (Xiong et al. 2020), one more norm at the end:
 *
 *   x ← x + dropout(W_o attention(W_qkv norm(x) + b_qkv) + b_o)
 *   x ← x + dropout(W_2 f(W_1 norm(x) + b_1) + b_2)
 *
 * for each block, then y = norm(x). All parameters are slices of one pal_parameters; what backward
 * needs is kept in a room that the caller gives, one for each chunk of a batch.
 * Cost of a position and block, forward and backward, with inner = width: 18 width² + 3 length
 * width multiply-adds; 4 (8 width + 2 inner + n_heads length + 4) + 2 width bytes are kept. */
#ifndef PAL_NN_TRANSFORMER_H
#define PAL_NN_TRANSFORMER_H

#include "nn/activation.h"
#include "nn/attention.h"
#include "nn/dropout.h"
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

typedef struct {                                            /* of one block, n positions */
    pal_real *x, *normed1, *qkv, *mixed, *middle, *normed2; /* [n, width], qkv [n, 3 width] */
    pal_real *inner, *active;                               /* [n, inner] */
    pal_real *kept1, *kept2;                                /* [n, 2] */
    pal_real *weights;                                      /* Σ n_heads length² */
    uint8_t *mask1, *mask2;                                 /* [n, width] */
} pal_block_room;

typedef struct {
    pal_block_room blocks[PAL_BLOCKS_MAX];
    pal_real *last, *kept; /* [n, width]: x after the blocks; [n, 2] */
    pal_real *d, *d_wide;  /* [n, width], [n, max(3 width, inner)] */
    pal_real *tile;        /* of attention */
} pal_transformer_room;

/* Adds the slices; fields up to `dropout` are the caller's. */
void pal_transformer_add(pal_transformer *t, pal_parameters *p);
/* First values: Glorot's for weights, 0 for biases, 1 for gains. */
void pal_transformer_draw(const pal_transformer *t, uint64_t seed, pal_real *values);

/* Numbers of a room for n positions in sequences of at most `longest`, with `squares` ≥ Σ length².
 * With base (aligned to 64 bytes) also lays them out. */
int64_t pal_transformer_cut(const pal_transformer *t, int64_t n, int64_t longest, int64_t squares,
                            pal_real *base, pal_transformer_room *out);

typedef struct { /* one chunk of a batch */
    const pal_transformer *t;
    const pal_transformer_room *room;
    const pal_real *values;
    int64_t n_sequences;
    const int64_t *starts; /* [n_sequences + 1] positions, from 0 */
    pal_dropout_key key;   /* seeds from its own on, 2 n_blocks of them, are this transformer's */
} pal_transformer_job;

/* room->blocks[0].x holds the input; y [n, width]. */
void pal_transformer_forward(const pal_transformer_job *job, pal_real *y);
/* dy [n, width]; dx [n, width] is written, `gradient` (like values) added to. */
void pal_transformer_backward(const pal_transformer_job *job, const pal_real *dy,
                              pal_real *gradient, pal_real *dx);

/* --- answers: transformer_answer.c --- */

/* Numbers of the panels (panel.h) of all weights, and from the values to them. */
int64_t pal_transformer_packed(const pal_transformer *t);
void pal_transformer_pack(const pal_transformer *t, const pal_real *values, pal_real *panels);
/* Numbers of the room to answer one sequence of at most `longest`. */
int64_t pal_transformer_answer_room(const pal_transformer *t, int64_t longest);
/* y [width] of the last of n ≥ 1 positions x [n, width], which is written over; the same bits
 * whatever else is asked for. The last block computes only that position. */
void pal_transformer_answer(const pal_transformer *t, const pal_real *values,
                            const pal_real *panels, int64_t n, pal_real *x, pal_real *room,
                            pal_real *y);

#endif
