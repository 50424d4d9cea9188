/* sums_train.h - a batch of sums.h: what it is made of, its loss and its gradients. */
#ifndef PAL_MODELS_CONTENT_SUMS_TRAIN_H
#define PAL_MODELS_CONTENT_SUMS_TRAIN_H

#include "math/csr.h"
#include "models/content/sums.h"
#include "nn/table.h"
#include "nn/training.h"

enum { PAL_SUMS_CHUNKS = 16 };

/* The tables; sums of people come from the first three, of items from the others. */
typedef enum {
    PAL_BANK_USERS,
    PAL_BANK_PROFILES,
    PAL_BANK_HISTORY,
    PAL_BANK_ITEMS,
    PAL_BANK_FEATURES,
    PAL_BANKS
} pal_sums_bank_name;

typedef struct { /* a table and its entries of a batch: `most` for each sum, -1 where unused */
    pal_table table;
    int32_t most;
    int32_t *rows, *sources; /* [sums of a batch, most] */
    float *weights;
    double decay;
} pal_sums_bank;

typedef struct {
    pal_ctx *ctx;
    pal_arena *arena;
    const pal_sums_form *form;
    const pal_sums_options *o;
    pal_sums_state *s;
    pal_csr used;       /* distinct pairs; values: weights of the events, or NULL */
    float *targets;     /* [pairs] values less their mean (squared loss), or NULL */
    double mean_weight; /* of the pairs */
    int32_t k, width, n_users, n_items, n_seen; /* width = k + 1 */
    pal_fields item_fields, user_fields;
    pal_sums_bank banks[PAL_BANKS];
    uint64_t seed;
    /* Groups: ranges of a user's pairs in the order of the epoch. */
    int64_t epoch, n_groups;
    int64_t *group_starts; /* [n_groups + 1] */
    int32_t *group_users;  /* [n_groups] */
    int32_t *order;        /* [pairs] by place: which of the user's pairs */
    /* The batch: B groups, of which each has room for `group` pairs, a used item and a drawn one:
     * pair p has items 2p and 2p + 1. */
    const pal_step *step;
    int32_t most_pairs;                /* of a group */
    float *people, *d_people;          /* [B, width] */
    float *things, *d_things;          /* [2 B most_pairs, width] */
    float *people_pulls, *thing_pulls; /* [B], [2 B most_pairs] ∂L/∂ products within */
    double losses[PAL_SUMS_CHUNKS], mean;
} pal_sums_job;

/* Opens all that `train` needs for the first batch. */
pal_status pal_sums_open(pal_ctx *ctx, const pal_sums_form *form, const pal_sums_options *o,
                         const pal_train_input *train, pal_arena *arena, pal_arena *scratch,
                         pal_sums_state *s, pal_sums_job *job);
/* Deals the pairs of each user to his groups by the stream of (seed, epoch). */
void pal_sums_deal(pal_sums_job *job, int64_t epoch);
/* The sum of the losses of the batch's pairs; fills the gradients of all tables. */
double pal_sums_batch(pal_sums_job *job, const pal_step *step);
/* out [width] += the rows of entries of a bank; returns Σ w² |x|² with products, else 0. */
float pal_sums_add(const pal_sums_job *job, const pal_sums_bank *bank, const int32_t *rows,
                   const float *weights, int32_t n, float *out);

#endif
