/* loss.h - losses over few logits; over all items: softmax.h. Each returns the sum of its rows'
 * losses and writes scale · ∂loss/∂logit; -inf logits of negatives (items that were hits by
 * accident) add nothing. Softplus is computed so that it neither overflows nor loses digits. */
#ifndef PAL_NN_LOSS_H
#define PAL_NN_LOSS_H

#include <stdint.h>

#include "nn/real.h"

/* Binary cross entropy: softplus(l) - y l. logits, labels in [0, 1], d [n]. */
double pal_loss_bce(const pal_real *logits, const pal_real *labels, int64_t n, pal_real scale,
                    pal_real *d);
/* Rendle et al. 2009: softplus(-(used - drawn)). used, drawn and their derivatives [n]. */
double pal_loss_bpr(const pal_real *used, const pal_real *drawn, int64_t n, pal_real scale,
                    pal_real *d_used, pal_real *d_drawn);
/* Petrov and Macdonald 2023, "gSASRec": (beta softplus(-l_0) + Σ_{j=1..k} softplus(l_j)) / (k + 1).
 * logits, d [n, 1 + k], the used item first; beta = 1 is plain BCE. */
double pal_loss_gbce(const pal_real *logits, int64_t n, int64_t k, double beta, pal_real scale,
                     pal_real *d);
/* The paper's beta: α (t (1 - 1/α) + 1/α), α = k / (n_items - 1) the rate of sampling, t in [0, 1]:
 * 0 plain BCE, 1 scores that are probabilities. */
double pal_loss_gbce_beta(int64_t k, int32_t n_items, double t);
/* Sampled softmax: log Σ_j exp(l_j - log_q_j) - (l_0 - log_q_0) over the used item and k drawn ones
 * (Bengio and Senécal 2008); log_q [n, 1 + k] logs of how likely each is drawn, or NULL: uniform.
 */
double pal_loss_sampled(const pal_real *logits, const pal_real *log_q, int64_t n, int64_t k,
                        pal_real scale, pal_real *d);

#endif
