/* activation.c - a row a function. */
#include "nn/activation.h"

#include <stdbool.h>
#include <stddef.h>

#include "nn/loops.h"

const char *const pal_activations[] = {"relu", "gelu", "tanh", "sigmoid", "silu", NULL};

void pal_activation_forward(pal_activation f, const pal_real *x, pal_real *y, int64_t n) {
    const pal_loops *l = pal_loops_best();
    void (*const forms[])(const pal_real *, pal_real *, int64_t) = {l->relu, l->gelu, l->tanh,
                                                                    l->sigmoid, l->silu};
    forms[f](x, y, n);
}

void pal_activation_backward(pal_activation f, const pal_real *x, const pal_real *y,
                             const pal_real *dy, pal_real *dx, int64_t n) {
    const pal_loops *l = pal_loops_best();
    void (*const forms[])(const pal_real *, const pal_real *, pal_real *,
                          int64_t) = {l->relu_backward, l->gelu_backward, l->tanh_backward,
                                      l->sigmoid_backward, l->silu_backward};
    bool looks_at_x = f == PAL_ACTIVATION_GELU || f == PAL_ACTIVATION_SILU;
    forms[f](looks_at_x ? x : y, dy, dx, n);
}
