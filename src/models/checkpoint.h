/* checkpoint.h - a training on the disk between two of its epochs, so that one that was interrupted
 * or killed goes on and ends in the same bytes as one that never was.
 *
 * A container of type "checkpoint": which training it is of (spec with all options, seed, what is
 * learned from, version), how far it came (epoch, losses, judgements, the best epoch's tensors),
 * and the arrays that its kind named to base/epochs.h. All else is a function of these: random
 * streams are keyed by (seed, epoch or step).
 *
 * Each training in epochs has a file: the first the one that is named, the others of a composite
 * spec, whose parts are trained in a fixed order, that name with ".2", ".3", …. A part whose file
 * is missing is trained again, in the same bytes.
 *
 * A training that starts anew leaves those of another alone until it writes its own first; then
 * they go.
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
    bool resumes;
    const char *spec; /* of the whole, with all options; in `arena` */
    char data[17], seed[24];
    int32_t ordinal; /* of the training in epochs that runs: from 1 */
    double last;     /* when its file was written, or it began: pal_clock() */
    int64_t held;    /* the last epoch that its file holds, or 0 */
    int32_t stands;  /* the ordinal of the last file that is of this training; 0: none */
    pal_arena arena;
} pal_checkpoint;

/* Of the training of `spec` on `input`, in the file `path` (borrowed). With `resumes` the files
 * that are there are checked now and read when their turn comes; PAL_EDATA with a sentence where
 * one is of another training, PAL_EFORMAT where it is damaged. */
pal_status pal_checkpoint_open(pal_ctx *ctx, const char *path, double every, bool resumes,
                               const char *spec, const pal_train_input *input, pal_checkpoint *out);
void pal_checkpoint_release(pal_checkpoint *checkpoint);
/* The model is written: the files are of no more use. What is no checkpoint stays. */
void pal_checkpoint_remove(const pal_checkpoint *checkpoint);
/* After a request to stop: the sentence that says what is kept. */
void pal_checkpoint_fail_stopped(pal_ctx *ctx, const pal_checkpoint *checkpoint);

/* For watch.c: before the first epoch of a training, and after each. */
pal_status pal_checkpoint_begin(pal_checkpoint *checkpoint, pal_watcher *watcher, pal_epochs *run);
pal_status pal_checkpoint_end(pal_checkpoint *checkpoint, pal_watcher *watcher, pal_epochs *run);

#endif
