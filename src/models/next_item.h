/* next_item.h - what kinds that learn from whole sequences share: histories cut into windows,
 * batches packed without padding, and the loss over the items that come next with its step of the
 * item table.
 *
 * An example is a window: up to `length` events s_1 … s_n, each to be followed by the one after it.
 * All positions are trained at once. A batch's positions lie one after the other. The item table is
 * tied: what stands for an item of the history also scores it, logit_j = hidden · items_j.
 *
 * loss=softmax  cross entropy over all items: 3 n_items width multiply-adds a position. Rows run in
 *               tiles of PAL_NEXT_ROWS whose logits stay in cache from the product to the
 *               gradient, so that nothing is computed twice; the table's gradient has a buffer a
 *               chunk and the table steps as a whole.
 * loss=sampled  cross entropy over the used item and `negatives` drawn uniformly for the sequence,
 *               none of which its user has in training.
 * loss=gbce     the same draws by the generalized BCE of gSASRec (Petrov and Macdonald 2023).
 * Both take 3 negatives width multiply-adds a position; only touched rows of the table step.
 *
 * A kind's step is then
 *     pal_next_pack(&next, step);
 *     pal_parallel(pool, PAL_NEXT_CHUNKS, …):   hidden [n, width] of the chunk's positions, forward
 *         pal_next_loss(&next, chunk, worker);
 *         …                                     d_hidden → d_inputs, backward
 *         pal_next_take_inputs(&next, chunk);
 *     loss = pal_next_close(ctx, &next);
 *     pal_next_step(pool, &adam, &next); */
#ifndef PAL_MODELS_NEXT_ITEM_H
#define PAL_MODELS_NEXT_ITEM_H

#include "models/model.h"
#include "nn/adam.h"
#include "nn/table.h"
#include "nn/training.h"

enum { PAL_NEXT_CHUNKS = 16 /* of a batch, whatever the threads */, PAL_NEXT_ROWS = 128 };

typedef enum {
    PAL_NEXT_AUTO,
    PAL_NEXT_SOFTMAX,
    PAL_NEXT_SAMPLED,
    PAL_NEXT_GBCE
} pal_next_loss_form;
/* "auto", "softmax", "sampled", "gbce", NULL: for a row of a kind's table. */
extern const char *const pal_next_losses[];
/* "newest", "all", NULL. */
extern const char *const pal_next_windows[];

typedef struct {
    int64_t length;     /* positions of a window at the most */
    int32_t windows;    /* 0: a user's newest; 1: all of them */
    int64_t batch;      /* windows */
    int32_t loss;       /* pal_next_loss_form; AUTO is softmax up to `negatives` items */
    int64_t negatives;  /* for a sequence */
    double calibration; /* gbce's t */
} pal_next_options;

typedef struct {
    const pal_next_options *options;
    pal_next_loss_form form; /* never AUTO */
    const pal_log *log;
    int64_t width;
    int64_t n_windows, longest; /* examples; positions of the longest */
    int64_t *firsts;            /* [n_windows] event of the first input */
    int32_t *lengths, *users;   /* [n_windows] */
    pal_csr known;              /* items of each user, for draws */

    /* The batch. */
    int64_t capacity, n; /* positions */
    int64_t n_sequences;
    int64_t *starts;             /* [n_sequences + 1] */
    int32_t *owners;             /* [n_sequences] users */
    int32_t *inputs, *targets;   /* [n] items */
    pal_real *hidden, *d_hidden; /* [n, width] */
    pal_real *d_inputs;          /* [n, width] loss by items.values[inputs], from the kind */

    /* The items. */
    pal_table items;
    pal_real *d_tables;   /* [PAL_NEXT_CHUNKS, n_items, width] loss=softmax */
    pal_real *logits;     /* [threads, …] a tile of all items, or [longest, 1 + negatives] */
    int32_t *drawn;       /* [batch, negatives] or -1 */
    pal_real *drawn_rows; /* [threads, negatives, width] */
    /* What the table's gradient is summed from: d_inputs, hidden, derivatives of drawn rows. */
    pal_real *sources;    /* [2 capacity + batch · negatives, width] */
    int32_t *rows, *from; /* like sources: entries of the table's batch */
    pal_real *shares;
    double *losses; /* [PAL_NEXT_CHUNKS] */
    int64_t step;   /* number of the batch, for draws */
    uint64_t seed;
} pal_next;

/* `values` [n_items, width] are the item table, of the model's arena. n_windows is 0 when nobody
 * has two events: there is nothing to learn from. */
pal_status pal_next_open(pal_ctx *ctx, const char *what, const pal_next_options *options,
                         const pal_log *log, int64_t width, pal_real *values, pal_arena *scratch,
                         pal_next *out);
/* Bytes of training memory beside the table. */
double pal_next_bytes(const pal_next_options *options, const pal_log *log, double width);
/* Positions that an epoch trains. */
double pal_next_positions(const pal_next_options *options, const pal_log *log);
/* Which loss options and catalogue ask for. */
pal_next_loss_form pal_next_form(const pal_next_options *options, int64_t n_items);

/* The windows of a step as a batch: starts, inputs, targets. */
void pal_next_pack(pal_next *s, const pal_step *step);
/* Sequences of chunk `chunk` of the batch: [*first, *last). */
static inline void pal_next_chunk(const pal_next *s, int64_t chunk, int64_t *first, int64_t *last) {
    *first = s->n_sequences * chunk / PAL_NEXT_CHUNKS;
    *last = s->n_sequences * (chunk + 1) / PAL_NEXT_CHUNKS;
}
/* From hidden to d_hidden, of the mean over the batch's positions, for one chunk. */
void pal_next_loss(pal_next *s, int64_t chunk, int32_t worker);
/* d_inputs of a chunk are whole. */
void pal_next_take_inputs(pal_next *s, int64_t chunk);
/* After all chunks: the mean loss times the number of windows, as pal_training wants it. Counts
 * the work. */
double pal_next_close(pal_ctx *ctx, const pal_next *s);
/* The table steps by what the chunks gave it. */
void pal_next_step(pal_pool *pool, const pal_adam *adam, pal_next *s);

#endif
