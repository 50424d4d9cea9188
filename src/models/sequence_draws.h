/* sequence_draws.h - the items that positions of a batch are held against where not all are.
 *
 * A deck of all items is shuffled on from batch to batch; each chunk of the batch takes the next
 * n_drawn cards, round the end where the chunks want more than there are: drawn without repeats in
 * a chunk, and different ones in each, which makes a step's gradient as good as many times the
 * draws would for the same products. A person's own items are spared: lists hide them, and what
 * stands for the history shall not be pushed from what it resembles; not so where a fifth of the
 * events and more are repeats, for then they are wanted again. */
#ifndef PAL_MODELS_SEQUENCE_DRAWS_H
#define PAL_MODELS_SEQUENCE_DRAWS_H

#include <stdbool.h>

#include "models/model.h"

typedef struct {
    int32_t n_items;
    int64_t n_drawn;      /* of a chunk, at most n_items */
    int64_t n_cards;      /* of all chunks, at most n_items */
    int32_t *deck, *slot; /* [n_items] a permutation; 1 + place in the deck among n_cards, or 0 */
    bool spares;
    pal_csr known;    /* items of each user, where they are spared */
    int64_t n_spared; /* of a person at the most */
} pal_sequence_draws;

/* Draws of min(negatives, n_items) for each of n_chunks. */
pal_status pal_sequence_draws_open(pal_ctx *ctx, const char *what, const pal_log *log,
                                   int64_t negatives, int64_t n_chunks, pal_arena *scratch,
                                   pal_sequence_draws *out);
/* The batch of that number: from its own random stream. */
void pal_sequence_draw(pal_sequence_draws *draws, uint64_t seed, int64_t number);
/* items [n_drawn] of a chunk. */
void pal_sequence_drawn(const pal_sequence_draws *draws, int64_t chunk, int32_t *items);

/* Where an item stands among those of a chunk, or -1. */
static inline int64_t pal_sequence_place(const pal_sequence_draws *draws, int64_t chunk,
                                         int32_t item) {
    int64_t place = draws->slot[item] - 1 - chunk * draws->n_drawn % draws->n_items;
    if (draws->slot[item] == 0) return -1;
    if (place < 0) place += draws->n_items;
    return place < draws->n_drawn ? place : -1;
}

/* Places [at most n_spared] of the user's items among those of a chunk; returns how many. */
int64_t pal_sequence_spare(const pal_sequence_draws *draws, int64_t chunk, int32_t user,
                           int32_t *places);

#endif
