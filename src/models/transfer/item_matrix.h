/* item_matrix.h - all that a catalog says of items as one sparse matrix: tokens, sets and numbers
 * (represent/attributes.h), words of the title and of texts (models/texts.h) by TF-IDF, vectors
 * brought to length 1, side by side. What there is of them is learned from items with events. */
#ifndef PAL_MODELS_TRANSFER_ITEM_MATRIX_H
#define PAL_MODELS_TRANSFER_ITEM_MATRIX_H

#include "math/csr.h"
#include "models/model.h"

/* out [train->n_items, features] in `scratch`. PAL_EDATA where the catalog says nothing. */
pal_status pal_item_matrix(pal_ctx *ctx, const char *what, const pal_train_input *train,
                           pal_arena *scratch, pal_csr *out);

#endif
