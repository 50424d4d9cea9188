/* watch.h - what stands between a kind that learns in epochs and who judges it: the learning curve,
 * early stopping, the best epoch kept. */
#ifndef PAL_MODELS_WATCH_H
#define PAL_MODELS_WATCH_H

#include "models/model.h"

typedef struct {
    pal_ctx *ctx;
    pal_model *model; /* under training */
    const pal_train_input *input;
    int64_t patience; /* epochs without a better judgement; 0: all epochs */
    int32_t n_tensors;
    void *kept[PAL_TENSORS_MAX]; /* the best epoch's tensors; NULL before the first */
    double best;
    pal_status status;
    pal_arena *scratch;
} pal_watcher;

/* Makes ctx->watch look at the training of `model`; nothing when the kind has no epochs. */
void pal_watcher_begin(pal_watcher *watcher, pal_ctx *ctx, const pal_train_input *input,
                       pal_model *model, pal_arena *scratch);
/* Puts the best epoch's tensors back and ctx->watch as it was. Returns what went wrong meanwhile.
 */
pal_status pal_watcher_end(pal_watcher *watcher);

#endif
