/* training.h - the loop that kinds of the neural family share: epochs of steps over shuffled
 * examples, the learning rate's schedule, cancelling, divergence, early stopping.
 *
 * An example is a number in [0, n_examples): an event, a pair, a user, a sequence; the kind looks
 * up what it stands for, so that batches are ranges of an order and nothing is copied. The order is
 * shuffled by the stream of (seed, epoch), on from epoch to epoch.
 *
 * A training goes on from a checkpoint (base/epochs.h) when all that its steps change is listed:
 * parameters and tables with their moments, a deck. Everything else that a step draws must be
 * keyed by (seed, step). */
#ifndef PAL_NN_TRAINING_H
#define PAL_NN_TRAINING_H

#include <stdint.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/epochs.h"
#include "nn/parameters.h"
#include "nn/real.h"
#include "nn/schedule.h"
#include "nn/table.h"

typedef struct {
    int64_t epoch;           /* from 1 */
    int64_t number, n_steps; /* from 1 over the whole training, of the whole training */
    double rate;             /* learning_rate by the schedule */
    const int64_t *examples; /* [n] of this batch */
    int64_t n;
} pal_step;

enum { PAL_TRAINED_MAX = 8 };

typedef struct {
    const char *kind;          /* "sasrec", for sentences */
    int64_t epochs;            /* at the most */
    int64_t n_examples, batch; /* the last batch of an epoch may be shorter */
    double learning_rate;
    double tolerance; /* relative change of the loss under which training ends; 0: none */
    double most_loss; /* an epoch's mean above it has diverged; 0: only what is not finite */
    pal_schedule_form schedule;
    int64_t warm_up; /* steps */

    /* All that steps change, with Adam's moments; NULL-ended unless full. A training that diverges
     * is set back to their values after the last good epoch. */
    const pal_parameters *parameters[PAL_TRAINED_MAX];
    const pal_table *tables[PAL_TRAINED_MAX];
    int32_t *deck; /* [n_cards] cards in [0, n_cards), shuffled on from step to step; or NULL */
    int64_t n_cards;

    /* Forward, backward and the optimizer's step of one batch; returns the sum of its examples'
     * losses before the step and adds to ctx->multiply_adds. A loss or a value that is not finite
     * ends the training: with the state of the epoch before and a warning that names the epoch, or
     * with PAL_EDATA where there is no such epoch or nothing is listed. `publish` is not called for
     * that epoch. */
    double (*step)(void *arg, const pal_step *step);
    /* Optional. Makes the model's state whole after an epoch (what is derived). */
    pal_status (*publish)(void *arg);
    void *arg;
} pal_training;

/* Runs epochs until they are over, the judge has had enough (ctx->listener, which keeps the best
 * epoch), the loss stands still or somebody cancels. */
pal_status pal_training_run(pal_ctx *ctx, const pal_training *training, pal_arena *scratch);

#endif
