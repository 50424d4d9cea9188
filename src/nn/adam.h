/* adam.h - steps of Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019).
 *
 * With g = scale · gradient + l2 · x: m ← β1 m + (1 - β1) g, v ← β2 v + (1 - β2) g²,
 * x ← (1 - rate · decay) x - rate / (1 - β1^t) · m / (√v / √(1 - β2^t) + ε). decay > 0 is AdamW's,
 * l2 > 0 the older, coupled form. Of a table only the touched rows step (and decay), all with the
 * batch's t. Steps run in chunks that do not depend on threads. 28 bytes of traffic a parameter. */
#ifndef PAL_NN_ADAM_H
#define PAL_NN_ADAM_H

#include "nn/parameters.h"
#include "nn/table.h"

typedef struct {
    double rate, beta1, beta2, epsilon, l2, decay;
    double scale; /* of the gradient: 1, or what pal_clip says */
    int64_t step; /* t, from 1 */
} pal_adam;

/* β1 = .9, β2 = .999, ε = 1e-8, scale = 1, no regularization. */
pal_adam pal_adam_at(double rate, int64_t step);

void pal_adam_parameters(pal_pool *pool, const pal_adam *adam, pal_parameters *p);
void pal_adam_table(pal_pool *pool, const pal_adam *adam, pal_table *table);

/* The factor that brings the norm of the whole gradient (p may be NULL) down to `most`; 1 when it
 * is shorter or most is 0. *norm (or NULL) is what it was. */
double pal_clip(const pal_parameters *p, pal_table *const *tables, int32_t n_tables, double most,
                double *norm);

#endif
