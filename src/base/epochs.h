/* epochs.h - a training in epochs: which one runs, when it is over, and what it consists of between
 * two of them, so that it can be judged there, kept, and gone on from (models/watch.h).
 *
 *     pal_epochs run;
 *     pal_epochs_init(&run, ctx, "als", p->epochs, p->tolerance);
 *     pal_epochs_add(&run, "users", users, bytes);       all that an epoch starts from, drawn
 *     TRY(pal_epochs_begin(&run));
 *     if (run.epoch) publish();                          it goes on from what was kept
 *     while (pal_epochs_next(&run)) {
 *         double loss = epoch number run.epoch;
 *         publish();                                     the kind's tensors as they are now
 *         TRY(pal_epochs_end(&run, loss));
 *     }
 *
 * What an epoch draws must depend on nothing but the seed, the epoch's number and what was added:
 * then a training that is gone on from ends in the same bytes as one that was never interrupted. */
#ifndef PAL_BASE_EPOCHS_H
#define PAL_BASE_EPOCHS_H

#include <stdbool.h>
#include <stdint.h>

#include "palate.h"

enum { PAL_PIECES_MAX = 48, PAL_PIECE_NAME_MAX = 48, PAL_CARRIED_MAX = 48 };

typedef struct { /* an array that epochs change in place */
    char name[PAL_PIECE_NAME_MAX];
    void *data;
    int64_t bytes;
    int64_t n_rows; /* data is i32, rows in [0, n_rows); 0: any bytes */
} pal_piece;

/* Numbers that may begin as they ended in a training on another log: rows of users, then of items;
 * with neither they are weights that belong to no row. */
typedef struct {
    char name[PAL_PIECE_NAME_MAX];
    void *data;
    int64_t bytes, n_users, n_items;
    bool is_double; /* else float */
} pal_carried;

typedef struct {
    pal_ctx *ctx;
    const char *kind; /* "als", for sentences */
    int64_t n_epochs; /* at the most */
    double tolerance; /* relative change of the loss under which training ends; 0: none */
    int64_t epoch;    /* the one that runs, or the last that is whole; from 1 */
    double before;    /* the loss of the last whole epoch; infinite before the first */
    bool is_over;
    int32_t n_pieces;
    pal_piece pieces[PAL_PIECES_MAX];
    int32_t n_carried;
    pal_carried carried[PAL_CARRIED_MAX];
} pal_epochs;

/* Who watches a training. Called between epochs, outside parallel sections. */
typedef struct pal_listener {
    /* Before the first epoch: may set the pieces, epoch, before and is_over to what was kept. */
    pal_status (*begin)(void *arg, pal_epochs *run);
    /* After each, with the kind's tensors in place; may set is_over. */
    pal_status (*end)(void *arg, pal_epochs *run, double loss);
    void *arg;
} pal_listener;

/* `kind` is borrowed. */
void pal_epochs_init(pal_epochs *run, pal_ctx *ctx, const char *kind, int64_t n_epochs,
                     double tolerance);
/* Borrows `data`. An array of 0 bytes is left out. */
void pal_epochs_add(pal_epochs *run, const char *name, void *data, int64_t bytes);
/* As above, of rows [n] in [0, n_rows). */
void pal_epochs_add_rows(pal_epochs *run, const char *name, int32_t *rows, int64_t n,
                         int64_t n_rows);
/* Tells that floats (or doubles) of `data`, which is or is within what was added, may be carried
 * from one training to another (models/carry.h): rows of n_users, then of n_items, all of one
 * length; 0 and 0: weights. What does not fit in is left out. */
void pal_epochs_carry(pal_epochs *run, const char *name, void *data, int64_t bytes, int64_t n_users,
                      int64_t n_items, bool is_double);
/* run->epoch is 0 afterwards, or the last whole epoch of the training that is gone on from. */
pal_status pal_epochs_begin(pal_epochs *run);
/* Whether there is one more: run->epoch. */
bool pal_epochs_next(pal_epochs *run);
/* Epoch run->epoch is whole. Fails when somebody asked to stop. */
pal_status pal_epochs_end(pal_epochs *run, double loss);

#endif
