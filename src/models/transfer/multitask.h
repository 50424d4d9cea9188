/* multitask.h - what training and scoring of multitask share (multitask.c says what it is). */
#ifndef PAL_MODELS_TRANSFER_MULTITASK_H
#define PAL_MODELS_TRANSFER_MULTITASK_H

#include "models/panels.h"
#include "models/transfer/heads.h"

typedef struct {
    int64_t factors, epochs, patience, batch;
    pal_ints layers;
    int32_t activation;
    const char *targets, *weights;
    bool source, own;
    double source_weight, dropout, hide, learning_rate, decay, tolerance;
} multitask_params;

typedef struct {
    float *users;           /* [n_users, factors] own rows; own=0: none */
    float *history;         /* [n_items, factors] what a use adds to a person */
    float *items;           /* [n_items, factors + 1] the bias last */
    int64_t *source_range;  /* [2] 0 and the source's items; 0 without a source */
    float *source_history;  /* [source's items, factors] */
    int64_t *network_range; /* [2] 0 and the size of the tower */
    float *network;         /* of the head that scores */
    int32_t n_users, n_items;
    /* Derived. */
    pal_tower tower;
    float *panels;
    pal_packed packed;
    pal_small small_history, small_items, small_source; /* instead of these */
} multitask_state;

typedef struct {
    pal_ctx *ctx;
    pal_arena *arena;
    const multitask_params *p;
    const pal_log *log;
    multitask_state *s;
    pal_domains domains;
    int32_t n_tasks; /* the first one scores */
    pal_domain_task tasks[PAL_TASKS_MAX];
    pal_domain_batch batch;
    pal_heads heads;
    pal_parameters network;
    /* Rows of people, of items as what they add and as what is scored, biases by task and item. */
    pal_table users, history, items, biases;
    int64_t n_vectors;    /* items of all tasks */
    int32_t *vector_rows; /* [n_vectors] rows of items */
    int32_t *own_rows;    /* [B] rows of users, or -1 */
} multitask_job;

/* All that the first step needs, for batches of so many people. */
pal_status pal_multitask_open(pal_ctx *ctx, const multitask_params *p, const pal_train_input *train,
                              pal_arena *arena, pal_arena *scratch, multitask_state *s,
                              multitask_job *job);
/* The sum of the losses of the step's people; fills the gradients of parameters and tables. */
double pal_multitask_batch(multitask_job *job, const pal_step *step);
pal_status pal_multitask_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                             pal_arena *arena, pal_arena *scratch, void *state);

#endif
