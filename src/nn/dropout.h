/* dropout.h - inverted dropout (Srivastava et al. 2014): y = x / (1 - rate) with probability
 * 1 - rate, else 0. What is kept follows from (seed, step, chunk) alone: Philox counters, eight
 * decisions a block, 1/65536 exact. */
#ifndef PAL_NN_DROPOUT_H
#define PAL_NN_DROPOUT_H

#include <stdint.h>

#include "nn/real.h"

/* Names one use of dropout: `seed` of a purpose (pal_seed_for(ctx->seed, "dropout 1")), so that
 * two layers do not share decisions. */
typedef struct {
    uint64_t seed;
    int64_t step;  /* number of the batch, under 2^40 */
    int64_t chunk; /* of the batch, under 2^24 */
} pal_dropout_key;

/* x is scaled or zeroed in place; mask [n] tells which were kept. rate 0 writes the mask alone. */
void pal_dropout_forward(pal_dropout_key key, double rate, pal_real *x, uint8_t *mask, int64_t n);
/* dx in place from dy. */
void pal_dropout_backward(double rate, const uint8_t *mask, pal_real *dx, int64_t n);

#endif
