/* activation.h - what stands between linear layers, chosen by name; the loops are in loops.h. */
#ifndef PAL_NN_ACTIVATION_H
#define PAL_NN_ACTIVATION_H

#include <stdint.h>

#include "nn/real.h"

typedef enum {
    PAL_ACTIVATION_RELU,
    PAL_ACTIVATION_GELU,
    PAL_ACTIVATION_TANH,
    PAL_ACTIVATION_SIGMOID,
    PAL_ACTIVATION_SILU,
} pal_activation;
/* "relu", "gelu", "tanh", "sigmoid", "silu", NULL: for a row of a kind's table. */
extern const char *const pal_activations[];

/* y = f(x), elementwise; y may be x for relu, tanh and sigmoid. */
void pal_activation_forward(pal_activation f, const pal_real *x, pal_real *y, int64_t n);
/* dx = dy f'(x); dx may be dy. x is not read for relu, tanh and sigmoid, y not for the others. */
void pal_activation_backward(pal_activation f, const pal_real *x, const pal_real *y,
                             const pal_real *dy, pal_real *dx, int64_t n);

#endif
