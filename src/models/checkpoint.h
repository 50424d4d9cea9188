/* checkpoint.h - a training on the disk between two of its epochs, so that one that was interrupted
 * or killed goes on and ends in the same bytes as one that never was.
 *
 * A container of type "checkpoint": which training it is of (spec with all options, seed, what is
 * learned from, version), how far it came (epoch, losses, judgements, the best epoch's tensors),
 * and the arrays that its kind named to base/epochs.h. All else is a function of these: random
 * streams are keyed by (seed, epoch or step).
 *
 * Of a composite spec the training that runs is kept, not the ones before it: parts are trained in
 * a fixed order, so those that were finished are trained again, in the same bytes.
 *
 * Written when so many seconds have passed, and when somebody asks to stop; a request to stop waits
 * for the end of an epoch unless the file holds the epoch before already. Cost: the state's bytes,
 * hashed and written. */
#ifndef PAL_MODELS_CHECKPOINT_H
#define PAL_MODELS_CHECKPOINT_H

#include "models/watch.h"

typedef struct pal_checkpoint {
    const char *path;
    double every; /* seconds between two writings; 0: never written */
    char *spec;   /* with all options */
    char data[17], seed[24];
    double last;        /* when it was written, or the training began: pal_clock() */
    int32_t ordinal;    /* of the training in epochs that runs: from 1, parts in their order */
    pal_container file; /* what is gone on from; empty when nothing is, or when it was done */
    int32_t resumed;    /* the ordinal of the training that it holds; 0: none */
    int64_t held;       /* the last epoch that the file holds of the training that runs */
    bool stands;        /* the file is this training's */
} pal_checkpoint;

/* Of the training of `spec` on `input`, in the file `path` (borrowed). With `resumes` the file is
 * read where it is there; PAL_EDATA with a sentence where it is of another training, PAL_EFORMAT
 * where it is damaged. */
pal_status pal_checkpoint_open(pal_ctx *ctx, const char *path, double every, bool resumes,
                               const char *spec, const pal_train_input *input, pal_checkpoint *out);
void pal_checkpoint_release(pal_checkpoint *checkpoint);

/* For watch.c: before the first epoch of a training, and after each. */
pal_status pal_checkpoint_begin(pal_checkpoint *checkpoint, pal_watcher *watcher, pal_epochs *run);
pal_status pal_checkpoint_end(pal_checkpoint *checkpoint, pal_watcher *watcher, pal_epochs *run);

#endif
