/* train.h - from a spec and a log to a model, and models in files. */
#ifndef PAL_MODELS_TRAIN_H
#define PAL_MODELS_TRAIN_H

#include "models/model.h"

/* Trains `spec`. The model borrows log, catalog and world. Refuses with a sentence what the kind
 * needs and the log has not. */
pal_status pal_model_train(pal_ctx *ctx, const char *spec, const pal_train_input *input,
                           pal_model **out);
/* As above for a kind that is not in the registry (the oracle, a test's). */
pal_status pal_model_train_kind(pal_ctx *ctx, const pal_kind *kind, const char *options,
                                const pal_train_input *input, pal_model **out);
/* Gives the model its own copy of log, ids and titles, so that it outlives the data. */
pal_status pal_model_keep(pal_ctx *ctx, pal_model *model);
/* The model that answers queries without history, trained on the same log; the model owns it from
 * then on. NULL: popularity. */
void pal_model_set_fallback(pal_model *model, pal_model *fallback);
/* Fills model->popularity and model->new_order from its log. */
pal_status pal_model_count_users(pal_ctx *ctx, pal_model *model);

/* As pal_model_save, into a writer that the caller commits. */
pal_status pal_model_put(pal_ctx *ctx, const pal_model *model, pal_writer *writer);

/* pal_model_save and pal_model_load of palate.h are in file.c. The fallback's tensors stand under
 * "fallback/". Also from memory that may go afterwards: */
pal_status pal_model_parse(pal_ctx *ctx, const char *what, const char *bytes, size_t n,
                           pal_model **out);

/* The models that a model consists of (owned by it), or NULL with *n = 0. */
pal_model **pal_model_parts(const pal_model *model, int32_t *n);
/* The spec that trains the same model again without a judge: with the epochs found, in its parts
 * too. */
pal_status pal_model_found_spec(pal_ctx *ctx, const pal_model *model, pal_arena *arena,
                                const char **out);
/* Appends "blend(a, b) x=1": rows that differ from their initial values, or with `every` all. */
void pal_spec_format(const pal_kind *kind, const void *params, bool every, pal_text *out);
/* The spec with every parameter written out, so that two ways to write one are equal. */
pal_status pal_spec_canonical(pal_ctx *ctx, const char *spec, pal_arena *arena, const char **out);

/* The kind's tensors with all dims; returns how many, 0 for a state that is not stored. */
int32_t pal_model_tensors(const pal_model *model, pal_tensor tensors[PAL_TENSORS_MAX]);
int64_t pal_tensor_numbers(const pal_tensor *tensor); /* how many */
int64_t pal_tensor_bytes(const pal_tensor *tensor);   /* as it is kept */
/* What training will take: the kind's own estimate, or a pass over the log. */
pal_estimate pal_kind_estimate(const pal_kind *kind, const void *params, const pal_log *log,
                               int32_t n_threads);
/* The same of a spec, for kinds that consist of one; *out stays where it does not parse. */
void pal_kind_estimate_spec(const char *spec, const pal_log *log, int32_t n_threads,
                            pal_estimate *out);
/* Whether scores are on the scale of the log's values. */
bool pal_model_predicts_values(const pal_model *model);

/* Whether it tells items without a training event apart, by itself or by a part. */
bool pal_model_scores_new_items(const pal_model *model);

/* Whether a model of the kind has its source after fit: it would learn from one, and queries are
 * about it. */
bool pal_kind_keeps_source(const pal_kind *kind, const void *params);
/* Whether the kind would learn from a second domain: it has PAL_USES_SOURCE, and its parameter
 * "source" (a flag, or a choice with "off") is not off. */
bool pal_kind_uses_source(const pal_kind *kind, const void *params);
/* The source that queries of the model are about: its own, or its fallback's; or NULL. */
const pal_source *pal_model_source(const pal_model *model);

/* Bytes of the kind's own tensors (without log and ids). */
int64_t pal_model_state_bytes(const pal_model *model);
/* Learned numbers: all that those tensors hold but indices, in parts too. */
int64_t pal_model_parameters(const pal_model *model);

/* A model as a container and back, without a file: rows of users and items in `precision`, or, with
 * float32, as they are. */
pal_status pal_model_store(pal_ctx *ctx, const pal_model *model, pal_precision precision,
                           pal_container *container);
pal_status pal_model_restore(pal_ctx *ctx, const pal_container *container, pal_model **out);
/* A copy that owns what it needs, as one that was stored in `precision` and loaded. Tells which
 * kinds keep float32. */
pal_status pal_model_shrink_to(pal_ctx *ctx, const pal_model *model, pal_precision precision,
                               pal_model **out);

#endif
