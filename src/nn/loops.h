/* loops.h - the elementwise loops of networks, one table of functions per instruction set, chosen
 * once for this CPU.
 *
 * loops_body.h is their only source; loops_reference.c, loops_avx2.c and loops_avx512.c compile it
 * with their own flags. Contraction is off and sums run in PAL_LOOP_LANES chains, so all tables
 * give the same bits. exp is a polynomial with a relative error under 2e-7 in [-87, 88], 0 below
 * and huge above; tanh and sigmoid follow from it with an absolute error under 3e-7. NaN passes. */
#ifndef PAL_NN_LOOPS_H
#define PAL_NN_LOOPS_H

#include <stdint.h>

#include "nn/real.h"

enum { PAL_LOOP_LANES = 16 };

/* One step of Adam: m ← b1 m + (1 - b1) g, v ← b2 v + (1 - b2) g², x ← keep x - rate m / (√v / root
 * + epsilon) with g = scale · gradient + l2 · x. */
typedef struct {
    pal_real scale, l2, keep, beta1, beta2, rate, root, epsilon;
} pal_adam_step;

typedef struct {
    const char *name; /* "reference", "avx2", "avx512" */

    /* out[i] += weight x[i]; out[i] = x[i] y[i]. */
    void (*add_scaled)(pal_real *out, const pal_real *x, pal_real weight, int64_t n);
    void (*multiply)(const pal_real *x, const pal_real *y, pal_real *out, int64_t n);
    /* Σ x[i] y[i]; the largest x[i], -inf for n = 0. */
    pal_real (*dot)(const pal_real *x, const pal_real *y, int64_t n);
    pal_real (*largest)(const pal_real *x, int64_t n);
    /* y[i] = exp(x[i] + shift) · scale, returns their sum. y may be x. */
    pal_real (*exp)(const pal_real *x, pal_real shift, pal_real scale, pal_real *y, int64_t n);
    /* y may be x in forward, dx may be dy in backward: dx = dy · f'(x). Backward of relu, tanh and
     * sigmoid looks at y, that of gelu (tanh form, Hendrycks and Gimpel 2016) and silu at x. */
    void (*relu)(const pal_real *x, pal_real *y, int64_t n);
    void (*relu_backward)(const pal_real *y, const pal_real *dy, pal_real *dx, int64_t n);
    void (*tanh)(const pal_real *x, pal_real *y, int64_t n);
    void (*tanh_backward)(const pal_real *y, const pal_real *dy, pal_real *dx, int64_t n);
    void (*sigmoid)(const pal_real *x, pal_real *y, int64_t n);
    void (*sigmoid_backward)(const pal_real *y, const pal_real *dy, pal_real *dx, int64_t n);
    void (*gelu)(const pal_real *x, pal_real *y, int64_t n);
    void (*gelu_backward)(const pal_real *x, const pal_real *dy, pal_real *dx, int64_t n);
    void (*silu)(const pal_real *x, pal_real *y, int64_t n);
    void (*silu_backward)(const pal_real *x, const pal_real *dy, pal_real *dx, int64_t n);

    void (*adam)(pal_real *values, const pal_real *gradient, pal_real *first, pal_real *second,
                 int64_t n, const pal_adam_step *step);
    /* mask[i] = 1 with probability 1 - rate, from the Philox blocks `counter`, 0 … under `key`,
     * eight decisions of 16 bits each. */
    void (*keep_mask)(uint64_t key, uint64_t counter, double rate, uint8_t *mask, int64_t n);
} pal_loops;

/* The fastest table that this CPU runs. */
const pal_loops *pal_loops_best(void);
/* All that this CPU runs, the reference first; NULL-ended. */
const pal_loops *const *pal_loops_all(void);

extern const pal_loops pal_loops_reference;
#if defined(__x86_64__)
extern const pal_loops pal_loops_avx2, pal_loops_avx512;
#endif

#endif
