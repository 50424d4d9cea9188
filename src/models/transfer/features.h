/* features.h - the items of both domains as sparse rows of the same features: those of columns that
 * both catalogs have by name.
 *
 * Tokens, sets, numbers and vectors are the entries of models/fields.h, texts and titles words by
 * TF-IDF (represent/keywords.h), each row of words brought to length 1. What a feature is, is
 * learned from the items of both domains that were used. Columns that were written bit by bit, each
 * token with a time, are left out: the cells of both catalogs would have to be cut at the same
 * time. */
#ifndef PAL_MODELS_TRANSFER_FEATURES_H
#define PAL_MODELS_TRANSFER_FEATURES_H

#include "models/transfer/domains.h"

typedef struct {
    int32_t n_features;
    int64_t *starts;   /* [n_items of both domains + 1] */
    int32_t *features; /* [starts[n_items]] */
    float *weights;
} pal_domain_features;

/* Without a source (domains->source NULL) all columns of the log's catalog. `what` names the kind.
 */
pal_status pal_domain_features_make(pal_ctx *ctx, const char *what, const pal_train_input *train,
                                    const pal_source *source, const pal_domains *domains,
                                    pal_arena *arena, pal_domain_features *out);

#endif
