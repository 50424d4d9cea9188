/* multitask.h - what training and scoring of multitask share (multitask.c says what it is). */
#ifndef PAL_MODELS_TRANSFER_MULTITASK_H
#define PAL_MODELS_TRANSFER_MULTITASK_H

#include "models/transfer/person.h"

typedef struct {
    int64_t factors, epochs, patience, batch;
    pal_ints layers;
    int32_t activation;
    const char *targets, *weights;
    bool use_source, own;
    double source_weight, dropout, hide, learning_rate, decay, tolerance;
} multitask_params;

static inline pal_person_form multitask_form(const void *params) {
    const multitask_params *p = params;
    return (pal_person_form){.kind = "multitask",
                             .factors = p->factors,
                             .layers = &p->layers,
                             .activation = p->activation,
                             .has_tower = true,
                             .own = p->own};
}

typedef struct {
    pal_ctx *ctx;
    pal_arena *arena;
    const multitask_params *p;
    const pal_log *log;
    pal_person_state *s;
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
                              pal_arena *arena, pal_arena *scratch, pal_person_state *s,
                              multitask_job *job);
/* The sum of the losses of the step's people; fills the gradients of parameters and tables. */
double pal_multitask_batch(multitask_job *job, const pal_step *step);
pal_status pal_multitask_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                             pal_arena *arena, pal_arena *scratch, void *state);

#endif
