/* bridge.h - items of two domains as vectors of one space, by what their texts have in common. */
#ifndef PAL_MODELS_TRANSFER_BRIDGE_H
#define PAL_MODELS_TRANSFER_BRIDGE_H

#include "models/model.h"

/* vectors [items of the source + train's items, *n_dims] by latent semantic analysis over the words
 * of all titles, texts, tokens and sets of both catalogs; learned from items with events.
 * *n_dims is 0 where a catalog is missing or fewer than two words are in both. */
pal_status pal_bridge_texts(pal_ctx *ctx, const char *what, const pal_train_input *train,
                            pal_arena *arena, const float **vectors, int32_t *n_dims);

#endif
