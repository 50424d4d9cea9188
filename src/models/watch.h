/* watch.h - what stands between a kind that learns in epochs and who judges it: the learning curve,
 * early stopping, the best epoch kept, the checkpoint written. */
#ifndef PAL_MODELS_WATCH_H
#define PAL_MODELS_WATCH_H

#include "base/epochs.h"
#include "models/model.h"

typedef struct {
    pal_ctx *ctx;
    pal_model *model; /* under training */
    const pal_train_input *input;
    int64_t patience; /* epochs without a better judgement; 0: all epochs */
    int32_t n_tensors;
    void *kept[PAL_TENSORS_MAX]; /* the best epoch's tensors; NULL before the first */
    double best;                 /* what the best epoch was judged */
    pal_arena *scratch;
    pal_listener listener;
    const pal_listener *outer; /* of the training that this one is a part of, or NULL */
} pal_watcher;

/* Makes ctx->listener look at the training of `model`; nothing when the kind has no epochs. */
void pal_watcher_begin(pal_watcher *watcher, pal_ctx *ctx, const pal_train_input *input,
                       pal_model *model, pal_arena *scratch);
/* Puts the best epoch's tensors back and ctx->listener as it was. */
void pal_watcher_end(pal_watcher *watcher);

/* Room for a curve of `n` epochs. */
pal_status pal_watcher_reserve_curve(pal_watcher *watcher, int64_t n);
/* Room for the best epoch's tensors, which are listed. */
pal_status pal_watcher_reserve_best(pal_watcher *watcher, pal_tensor tensors[PAL_TENSORS_MAX]);

#endif
