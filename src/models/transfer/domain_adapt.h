/* domain_adapt.h - what training and scoring of domain_adapt share (domain_adapt.c says what it
 * is).
 */
#ifndef PAL_MODELS_TRANSFER_DOMAIN_ADAPT_H
#define PAL_MODELS_TRANSFER_DOMAIN_ADAPT_H

#include "models/transfer/features.h"
#include "models/transfer/person.h"

typedef struct {
    int64_t factors, epochs, patience, batch;
    pal_ints layers;
    int32_t activation;
    bool use_source;
    double source_weight, adversarial, coral, dropout, hide, learning_rate, decay, tolerance;
} adapt_params;

static inline pal_person_form domain_adapt_form(const void *params) {
    return (pal_person_form){.kind = "domain_adapt",
                             .factors = ((const adapt_params *)params)->factors};
}

typedef struct { /* what tells the domains apart */
    bool is_on;
    pal_mlp mlp;     /* from a representation to the log-odds of the source */
    int8_t *labels;  /* [items] 1: of the source alone, 0: of the log alone, -1: not asked */
    float shares[2]; /* of each label: the weight of an item, 1/2 a domain */
    float *room, *d; /* [items, pal_mlp_room], [items, factors] */
    double strength; /* of the reversed gradient at this step */
    double losses[PAL_DOMAIN_CHUNKS], loss;
} adapt_judge;

typedef struct {       /* covariances of the domains' representations */
    double *sums;      /* [PAL_DOMAIN_CHUNKS, 2, factors + 1, factors] Σ z zᵀ, then Σ z */
    float *difference; /* [factors, factors] of the source's less the log's */
    float *means;      /* [2, factors] */
    int64_t n[2];      /* items of the log, of the source */
    double loss;
} adapt_coral;

typedef struct {
    pal_ctx *ctx;
    pal_arena *arena;
    const adapt_params *p;
    const pal_log *log;
    pal_person_state *s;
    int32_t n_seen, n_items; /* used items of the log; items of both domains */
    pal_domains domains;
    pal_domain_features features;
    int32_t n_tasks;
    pal_domain_task tasks[2]; /* of the log, of the source */
    pal_domain_batch batch;
    pal_heads heads;
    pal_parameters network;
    pal_tower tower;
    int64_t roles, role_biases; /* [2 factors + 1, factors] from z to what is added, scored, bias */
    pal_table rows;             /* of features */
    pal_table added;            /* gathers what people take of items; learns nothing itself */
    int32_t *source_of;         /* [n_items] item of the source, or -1 */
    float *sums, *z, *dz, *d_sums; /* [n_items, factors] Σ of features, representation */
    float *room;                   /* [n_items, pal_tower_room] */
    float *out, *d_out;            /* [n_items, 2 factors + 1] roles */
    adapt_judge judge;
    adapt_coral coral;
} adapt_job;

pal_status pal_adapt_open(pal_ctx *ctx, const adapt_params *p, const pal_train_input *train,
                          pal_arena *arena, pal_arena *scratch, pal_person_state *s,
                          adapt_job *job);
/* The sum of the losses of the step's people, with that of covariances times their number; fills
 * the gradients. job->judge.loss is that of the judge, whose gradient is turned round. */
double pal_adapt_batch(adapt_job *job, const pal_step *step);
pal_status pal_adapt_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                         pal_arena *arena, pal_arena *scratch, void *state);

/* domain_align.c: the two ways to make representations of both domains alike. */

/* Labels, weights and covariances' room. */
pal_status pal_adapt_align_open(adapt_job *job, pal_arena *scratch);
/* Of a chunk of items [first, last): adds to the sums that covariances are made of. */
void pal_adapt_coral_add(adapt_job *job, int64_t chunk, int64_t first, int64_t last);
/* After all chunks: the difference and its loss. One thread. */
void pal_adapt_coral_close(adapt_job *job);
/* Of a chunk: what the judge and the covariances add to dz, and the judge's own gradient. */
void pal_adapt_align_back(adapt_job *job, int64_t chunk, int64_t first, int64_t last,
                          float *gradient);

#endif
