/* carry.h - what a training in epochs learned, carried into another of the same kind on another
 * log.
 *
 * A kind tells base/epochs.h which of its arrays are rows of users, rows of items and weights that
 * belong to no row. Rows go where the maps say; other rows begin as drawn, or, of items with texts,
 * as a bridge foretells them: a ridge map from vectors of texts to the rows carried (transfer/
 * linear.h). Weights are carried where they have the same size. */
#ifndef PAL_MODELS_CARRY_H
#define PAL_MODELS_CARRY_H

#include "base/arena.h"
#include "base/epochs.h"

typedef struct pal_carry {
    pal_carried arrays[PAL_CARRIED_MAX]; /* as they were when the training ended; in the arena */
    int32_t n;
    int32_t n_users, n_items;             /* that it learned from */
    const int32_t *user_rows, *item_rows; /* [n_users], [n_items] rows there, or -1 */
    int32_t n_dims;                       /* 0: no bridge */
    const float *texts, *texts_there;     /* [n_items, n_dims], [items there, n_dims] */
    int32_t n_there;                      /* items there */
    pal_arena arena;
    int32_t n_laid, n_asked; /* arrays that were carried, of those that could be */
} pal_carry;

/* Copies what may be carried as it is now. */
pal_status pal_carry_keep(pal_ctx *ctx, pal_carry *carry, const pal_epochs *run);
/* Lays it over what a training begins with. */
pal_status pal_carry_lay(pal_ctx *ctx, pal_carry *carry, const pal_epochs *run);

#endif
