/* pairwise.h - learning that a used item comes before one that was not: steps over pairs, in blocks
 * that threads take side by side.
 *
 * score(u, i) = U_u·V_i + b_i. For a user's item i and a drawn item j, x = score(u, i) - score(u,
 * j); the loss is -log σ(x) (Rendle et al. 2009), or Φ(rank) max(0, 1 - x) with the rank guessed
 * from how many draws it took to find a j with x < 1 (Weston et al. 2011). With e = -∂loss/∂x a
 * step is U_u += rate (e (V_i - V_j) - l2_users U_u),      V_i += rate (e U_u - l2_positives V_i),
 *   V_j += rate (-e U_u - l2_negatives V_j),         b like V with U_u = 1. */
#ifndef PAL_MODELS_PAIRWISE_H
#define PAL_MODELS_PAIRWISE_H

#include "base/epochs.h"
#include "math/csr.h"
#include "models/model.h"

typedef enum { PAL_PAIR_LOGISTIC, PAL_PAIR_WARP } pal_pair_loss;
typedef enum { PAL_DRAW_UNIFORM, PAL_DRAW_POPULAR, PAL_DRAW_ADAPTIVE } pal_pair_draw;

typedef struct {
    int32_t loss, draw;
    bool has_biases;
    int64_t factors, tries; /* tries: draws of the WARP loss at the most */
    double learning_rate, l2_users, l2_positives, l2_negatives;
    double tail; /* of the adaptive draw: the mean rank, as a share of the items */
} pal_pair_options;

enum { PAL_PAIR_BLOCKS = 16 };

typedef struct {
    float key;
    int32_t place;
} pal_pair_ranked;

typedef struct {
    pal_ctx *ctx;
    pal_pair_options o;
    const pal_csr *pairs; /* what each user used; values: weights of the steps */
    float mean_weight;    /* of the pairs */
    int32_t width;        /* of a row: factors, filled with zeros to a multiple of PAL_LANES */
    float *users, *items; /* [n_users, width], [n_items, width] */
    float *biases;        /* [n_items] */
    float *placed, *placed_biases; /* items and biases by place while an epoch runs */
    int64_t epoch;                 /* from 1 */
    int32_t n_blocks, round;
    /* Users by group, for good; items by group, anew in each epoch. */
    int32_t *group_users, user_starts[PAL_PAIR_BLOCKS + 1];
    int32_t *dealt, *place; /* [n_items] items by place, and back */
    int32_t item_starts[PAL_PAIR_BLOCKS + 1];
    uint8_t *item_group; /* [n_items] by item */
    /* The runs of block (g, h): -1 - user, then the places of the group's items that he used. */
    int32_t *runs;
    float *weights; /* like runs, or NULL */
    int64_t block_starts[PAL_PAIR_BLOCKS * PAL_PAIR_BLOCKS],
        block_ends[PAL_PAIR_BLOCKS * PAL_PAIR_BLOCKS], group_starts[PAL_PAIR_BLOCKS + 1];
    uint8_t *marks; /* [n_items] by place: used by the user at work */
    double losses[PAL_PAIR_BLOCKS];
    /* Of the adaptive draw: [factors + 1, n_items] each group's places by factor, smallest first;
     * the last row is by bias. deviations [n_blocks, factors + 1]. */
    int32_t *ranked;
    pal_pair_ranked *room; /* [n_items] to sort in */
    float *deviations;
    float *shares; /* [n_blocks, factors + 1] scratch */
} pal_pairwise;

/* Draws the first rows; everything lives in `arena`. `pairs` must outlive it. */
pal_status pal_pairwise_open(pal_ctx *ctx, const char *name, const pal_pair_options *options,
                             const pal_csr *pairs, pal_arena *arena, pal_pairwise *out);
/* One pass over the pairs; returns the mean loss of a pair before its step. The same bytes for any
 * number of threads. */
double pal_pairwise_epoch(pal_pairwise *job);

/* Names to `run` what an epoch starts from. */
void pal_pairwise_list(pal_pairwise *job, pal_epochs *run);
/* Brings the rest to where it is after so many epochs. */
void pal_pairwise_go_on(pal_pairwise *job, int64_t epochs);

/* log(1 + exp(-x)), and its derivative by -x. */
float pal_pair_logistic(float x, float *derivative);

/* The width of rows of so many factors. */
int32_t pal_pairwise_width(int64_t factors);

#endif
