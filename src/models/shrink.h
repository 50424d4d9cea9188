/* shrink.h - models whose rows of users and items are small (math/small.h), in memory and in files.
 *
 * A tensor whose kind reads it in any precision says where its small form stands
 * (pal_tensor.small). In a file it has the type BF16, or I8 with scales [n] beside it under its
 * name + ".scales". The model that is written and the one that is read are one: pal_model_shrink
 * goes the way of a file, without a file. */
#ifndef PAL_MODELS_SHRINK_H
#define PAL_MODELS_SHRINK_H

#include "models/model.h"

/* Adds a tensor as it is, or in `precision`; a tensor that has no small form stays as it is. */
pal_status pal_tensor_store(pal_ctx *ctx, const pal_model *model, const pal_tensor *tensor,
                            const char *name, pal_precision precision, pal_container *container);
/* True when the file holds the tensor in a small form. */
bool pal_tensor_is_small(const pal_container *container, const pal_tensor *tensor,
                         const char *name);
/* That form, checked and copied. */
pal_status pal_tensor_restore_small(pal_ctx *ctx, const pal_container *container,
                                    const pal_tensor *tensor, const char *name, pal_arena *arena);
/* The tensor's rows as floats: its own, or a copy in the arena. NULL without memory. */
const float *pal_tensor_floats(const pal_tensor *tensor, pal_arena *arena);

#endif
