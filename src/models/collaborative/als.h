/* als.h - a trained als as kinds see it that go on from its rows. */
#ifndef PAL_MODELS_COLLABORATIVE_ALS_H
#define PAL_MODELS_COLLABORATIVE_ALS_H

#include "math/ridge.h"
#include "models/model.h"

typedef struct {
    int32_t n_users, n_items, n_factors, width; /* width: n_factors and zeros, as ridge.h has it */
    int32_t n_learned;                          /* items of training, for l2 */
    const float *users;                         /* [n_users, n_factors], or NULL: they are small */
    const float *items;                         /* [n_items, width] */
    const float *spectrum; /* [width] alpha0 times eigenvalues of itemsᵀ items */
    double l2, alpha0, nu;
} pal_als_side;

/* Of a trained als that learns events, all alike; others are refused, `what` names who asks. Arrays
 * are the model's, or in the arena. */
pal_status pal_als_side_of(pal_ctx *ctx, const char *what, const pal_model *model, pal_arena *arena,
                           pal_als_side *out);
/* The regularization of a row of n events; a row of none is regularized as one of alpha0 n_learned.
 */
float pal_als_side_l2(const pal_als_side *side, int64_t n);
/* As the solvers of ridge.h want it. */
static inline pal_ridge pal_als_side_ridge(const pal_als_side *side) {
    return (pal_ridge){pal_kernels_best()->spd, side->items, side->spectrum, side->width};
}

#endif
