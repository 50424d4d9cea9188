/* toward.h - a person's row near what something else foretells of him. With m that guess (zeros:
 * none), S his distinct items, V and the spectrum als's:
 *
 *   x = argmin Σ_S (1 - x·V_i)² + alpha0 Σ_all ((x - m)·V_i)² + trust l2 |x - m|²
 *
 * is m where he has no history, als's own row where m = 0 and trust = 1, and between them the
 * nearer to his own the more he did. In d = x - m it is als's row for gains 1 - m·V_i: one solve of
 * ridge.h, linear in events and in m, so that a score is a sum over both. */
#ifndef PAL_MODELS_TRANSFER_TOWARD_H
#define PAL_MODELS_TRANSFER_TOWARD_H

#include "models/collaborative/als.h"

typedef struct {          /* of one thread */
    void *history;        /* pal_history_bytes; zero at first */
    float *gains, *ridge; /* [n_items], pal_ridge_scratch */
    float *vector;        /* [width] */
} pal_toward_room;

/* Cuts `memory` (NULL: only counts) and returns the bytes that it takes, a multiple of 64. */
size_t pal_toward_cut(const pal_als_side *side, void *memory, pal_toward_room *out);

/* x [width]; items [n] distinct, weights [n] or NULL; guess [width] or NULL: zeros. */
void pal_toward_solve(const pal_als_side *side, double trust, const int32_t *items, int32_t n,
                      const float *weights, const float *guess, const pal_toward_room *room,
                      float *x);
/* What x·v consists of: amounts [n] of the items, and rest [width], whose product with the guess is
 * what that adds. v [width]; rest may be v. */
void pal_toward_explain(const pal_als_side *side, double trust, const int32_t *items, int32_t n,
                        const float *v, const pal_toward_room *room, float *amounts, float *rest);

#endif
