/* domains.h - the log in question and its source as one set of people and one of items, and what a
 * step sees of a person: what multitask and domain_adapt share.
 *
 * People are the log's users, then those of the source that are none of them; items alike. Who is
 * shared is one row. A step shows a part of what a person used in either domain and asks for the
 * rest: each pair is left out with probability `dropout`, and of somebody known in both domains one
 * of them is left out whole in a share `hide` of the steps each, so that people are answered from
 * one domain alone. What is shown of a domain is weighed 1/√n, n the pairs of it that are shown.
 * Cost: a pass over the pairs of the batch's people. */
#ifndef PAL_MODELS_TRANSFER_DOMAINS_H
#define PAL_MODELS_TRANSFER_DOMAINS_H

#include "models/model.h"
#include "nn/training.h"

enum { PAL_DOMAIN_CHUNKS = 16, PAL_TASKS_MAX = 8 };

typedef struct {
    const pal_log *log, *source; /* source: or NULL */
    int32_t n_users, n_target;   /* users and items of the log */
    int32_t n_source;            /* items of the source; 0: there is none */
    int32_t n_people, n_items;   /* of both domains together */
    const int32_t *item_rows;    /* [n_source] row of each among n_items */
    int64_t n_shared_users, n_shared_items;
    const int32_t *people; /* [users of the source] row of each among n_people */
    pal_csr own, other;    /* pairs of the log, of the source, in rows of their own */
    pal_csr pairs;         /* [n_people, n_items] both: a person's of the log come first */
} pal_domains;

/* `source` NULL: the log alone. */
pal_status pal_domains_join(pal_ctx *ctx, const char *what, const pal_log *log,
                            const pal_source *source, pal_arena *arena, pal_domains *out);

typedef struct { /* what is learned to be guessed: the uses of one kind in one domain */
    const char *name;
    double weight; /* of its loss */
    bool is_of_source;
    int32_t n_items;    /* of its domain */
    pal_csr used;       /* [n_people, n_items] no negatives: all that the person used there */
    pal_csr targets;    /* [n_people, n_items] values: weights of the events, or NULL: 1 */
    double mean_amount; /* of a person's targets, over all people */
} pal_domain_task;

/* Of the events of `types` (a bit mask) in the log, or in the source. */
pal_status pal_domains_add_task(pal_ctx *ctx, const char *what, const pal_domains *domains,
                                const char *name, uint32_t types, double weight, bool is_of_source,
                                pal_arena *arena, pal_domain_task *out);

typedef struct {
    int64_t *at;   /* [B + 1] room for the targets of each person, which begin here */
    int64_t *ends; /* [B] where those that are asked for end */
    int32_t *items;
    float *amounts;
} pal_domain_asked;

typedef struct { /* what a step sees of B people */
    const pal_domains *domains;
    int32_t n_tasks;
    const pal_domain_task *tasks; /* [n_tasks] */
    double dropout, hide;
    uint64_t seed;
    const pal_step *step;
    int64_t *at;     /* [B + 1] entries of each person */
    int32_t *people; /* [B] */
    /* [entries] rows of items that are shown, -1: not shown; the person's place in the batch. */
    int32_t *rows, *places;
    float *weights;
    uint8_t *marks; /* [PAL_DOMAIN_CHUNKS, n_items] of what is shown; zero between people */
    pal_domain_asked asked[PAL_TASKS_MAX];
} pal_domain_batch;

/* Room for so many people; *n_entries: how many entries they have at the most. */
pal_status pal_domain_batch_open(pal_ctx *ctx, const char *what, int64_t batch, pal_arena *scratch,
                                 pal_domain_batch *out, int64_t *n_entries);
/* The first pass of a step: room for its people. One thread. */
void pal_domain_batch_begin(pal_domain_batch *batch, const pal_step *step);
/* The second, a chunk of its people: draws what is shown and asked for. */
void pal_domain_batch_draw(pal_domain_batch *batch, int64_t chunk);

#endif
