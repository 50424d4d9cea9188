/* recurrent.h - recurrent layers over whole sequences: Elman (1990), LSTM (Hochreiter and
 * Schmidhuber 1997) and GRU (Cho et al. 2014), in the forms of PyTorch.
 *
 * Elman: h = tanh(W x + b + U h').
 * GRU, rows of W, U, b in the order r, z, n: r = σ(W_r x + b_r + U_r h'), z alike,
 *   n = tanh(W_n x + b_n + r ∘ (U_n h' + c)), h = (1 - z) ∘ n + z ∘ h'; c stands behind b.
 * LSTM, order i, f, g, o: g = tanh(…), i, f, o = σ(…), s = f ∘ s' + i ∘ g, h = o ∘ tanh(s).
 *
 * Sequences are packed by step: the longest first, position t of all that are longer than t are
 * rows starts[t] … starts[t + 1), in the order of the sequences; nothing is padded. What W does is
 * one product for all positions, then each step is one product of U with the sequences still
 * running. Cost: gates · n_hidden (n_in + n_hidden) multiply-adds a position forward, twice that
 * backward. Forward takes its products from panels (panel.h): same bits for any set of sequences.
 */
#ifndef PAL_NN_RECURRENT_H
#define PAL_NN_RECURRENT_H

#include <stdbool.h>
#include <stdint.h>

#include "nn/real.h"

typedef enum { PAL_CELL_ELMAN, PAL_CELL_GRU, PAL_CELL_LSTM } pal_cell;

typedef struct {
    pal_cell cell;
    int64_t n_in, n_hidden;
    const pal_real *w_in;     /* [gates n_hidden, n_in] W */
    const pal_real *w_hidden; /* [gates n_hidden, n_hidden] U */
    const pal_real *biases;   /* [pal_recurrent_biases] */
    const pal_real *panels;   /* W, U, Uᵀ from pal_recurrent_pack */
} pal_recurrent;

/* 1, 3 or 4. */
int64_t pal_recurrent_gates(pal_cell cell);
int64_t pal_recurrent_biases(pal_cell cell, int64_t n_hidden);

int64_t pal_recurrent_packed(const pal_recurrent *net);
/* From w_in and w_hidden; again after each step of training. */
void pal_recurrent_pack(const pal_recurrent *net, pal_real *panels);

/* Elements of the room that passes over so many positions and sequences need; `trains`: with
 * backward. */
int64_t pal_recurrent_room(const pal_recurrent *net, int64_t n, int64_t n_sequences, bool trains);

/* starts [n_steps + 1]; x [n, n_in], hidden [n, n_hidden], n = starts[n_steps]. First states are
 * zero. What backward needs stays in `room`. */
void pal_recurrent_forward(const pal_recurrent *net, const int64_t *starts, int64_t n_steps,
                           const pal_real *x, pal_real *hidden, pal_real *room);
/* d_hidden [n, n_hidden]; dx [n, n_in] (or NULL) is written, dw_in, dw_hidden, d_biases are added
 * to. */
void pal_recurrent_backward(const pal_recurrent *net, const int64_t *starts, int64_t n_steps,
                            const pal_real *x, const pal_real *hidden, const pal_real *d_hidden,
                            pal_real *room, pal_real *dx, pal_real *dw_in, pal_real *dw_hidden,
                            pal_real *d_biases);

#endif
