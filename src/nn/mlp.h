/* mlp.h - linear layers with an activation between: h_l = f(W_l h_(l-1) + b_l), the last one
 * without. 2 · Σ n_in n_out multiply-adds a row backward, half of it forward. */
#ifndef PAL_NN_MLP_H
#define PAL_NN_MLP_H

#include "nn/activation.h"
#include "nn/parameters.h"

enum { PAL_MLP_LAYERS = 9 };

typedef struct {
    int32_t n_layers;
    int32_t sizes[PAL_MLP_LAYERS + 1]; /* what goes in, hidden layers, what comes out */
    int64_t weights[PAL_MLP_LAYERS], biases[PAL_MLP_LAYERS]; /* where the slices begin */
    pal_activation activation;
} pal_mlp;

/* Adds the slices. n_hidden at most PAL_MLP_LAYERS - 1. */
void pal_mlp_plan(int32_t n_in, const int32_t *hidden, int32_t n_hidden, int32_t n_out,
                  pal_activation activation, pal_parameters *p, pal_mlp *out);
/* First values: uniform within Glorot's bound, biases 0. */
void pal_mlp_draw(const pal_mlp *mlp, uint64_t seed, const char *purpose, pal_real *values);

/* Reals of room that a row needs in forward and backward. */
int64_t pal_mlp_room(const pal_mlp *mlp);
/* Multiply-adds of a row's forward pass. */
double pal_mlp_work(const pal_mlp *mlp);

/* x [n, n_in], room [n, pal_mlp_room]; returns [n, n_out] in it. For one chunk. */
pal_real *pal_mlp_forward(const pal_mlp *mlp, const pal_real *values, const pal_real *x, int64_t n,
                          pal_real *room);
/* room as forward left it; dy [n, n_out]. dx [n, n_in] (or NULL) is written, `gradient` added to.
 */
void pal_mlp_backward(const pal_mlp *mlp, const pal_real *values, const pal_real *x, int64_t n,
                      const pal_real *dy, pal_real *room, pal_real *dx, pal_real *gradient);

#endif
