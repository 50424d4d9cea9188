/* train.h - from a spec and a log to a model, and models in files. */
#ifndef PAL_MODELS_TRAIN_H
#define PAL_MODELS_TRAIN_H

#include "models/model.h"

/* Trains `spec`. The model borrows log, catalog and world. Refuses with a sentence what the kind needs and the log has not. */
pal_status pal_model_train(pal_ctx *ctx, const char *spec, const pal_train_input *input, pal_model **out);
/* As above for a kind that is not in the registry (the oracle). */
pal_status pal_model_train_kind(pal_ctx *ctx, const pal_kind *kind, const char *options, const pal_train_input *input,
                                pal_model **out);
/* Gives the model its own copy of log, ids and the title column, so that it outlives the data. */
pal_status pal_model_keep(pal_ctx *ctx, pal_model *model);
/* The model that answers strangers; the model owns it from then on. NULL: popularity. */
void pal_model_set_fallback(pal_model *model, pal_model *fallback);

/* pal_model_save, pal_model_load, pal_model_free of palate.h are in file.c. The fallback's tensors stand under "fallback/". Also from memory: */
pal_status pal_model_parse(pal_ctx *ctx, const char *what, const char *bytes, size_t n, pal_model **out);

/* Bytes that a file of this model takes for the kind's own tensors (without log and ids). */
int64_t pal_model_state_bytes(const pal_model *model);

#endif
