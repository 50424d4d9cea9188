/* heads.h - from what stands for a person to what each task asks: a tower, a product with the items
 * of the task's domain, a softmax over them, and back.
 *
 * With x what stands for a person: hidden = (d ∘ x + MLP(x), 1), logits = hidden · (E_i, b_i), and
 * the loss of a task is its weight times the mean over its events of -log softmax. What else the
 * person used is no negative (nn/softmax.h). d is a row of numbers from 1 on, MLP is there where
 * hidden layers are asked for; a head without parameters is d = 1. Cost: a person takes
 * 4 n_items (width + 1) multiply-adds a task that asks something of him. */
#ifndef PAL_MODELS_TRANSFER_HEADS_H
#define PAL_MODELS_TRANSFER_HEADS_H

#include "models/transfer/domains.h"
#include "nn/mlp.h"
#include "nn/softmax.h"

typedef struct { /* the parameters of one head; zero: none */
    bool has_scale, has_layers;
    int64_t scale; /* where d begins */
    pal_mlp mlp;
} pal_tower;

/* Adds the slices: d [width], then the layers. */
void pal_tower_plan(int32_t width, const pal_ints *layers, int32_t activation,
                    pal_parameters *parameters, pal_tower *out);
/* First values: d = 1, the layers drawn. */
void pal_tower_draw(const pal_tower *tower, int32_t width, uint64_t seed, pal_real *values);
/* x [n, width] to out [n, width]; room [n, pal_tower_room]. For one chunk. */
void pal_tower_forward(const pal_tower *tower, const pal_real *values, int32_t width,
                       const pal_real *x, int64_t n, pal_real *room, pal_real *out);
int64_t pal_tower_room(const pal_tower *tower);
/* room as forward left it; dx [n, width] is written, `gradient` (NULL where there are no
 * parameters) added to. */
void pal_tower_backward(const pal_tower *tower, const pal_real *values, int32_t width,
                        const pal_real *x, const pal_real *dy, int64_t n, pal_real *room,
                        pal_real *dx, pal_real *gradient);

typedef struct { /* of one task */
    const pal_domain_task *task;
    const pal_domain_asked *asked;
    pal_tower tower;
    float *vectors, *d_vectors;            /* [n_items, width + 1] b last; d is written */
    int64_t n;                             /* people of the batch of whom something is asked */
    int64_t starts[PAL_DOMAIN_CHUNKS + 1]; /* those of each chunk of the batch */
    int64_t *rows;                         /* [n] their places in the batch */
    float *x, *dx;                         /* [n, width] */
    float *room;                           /* [n, pal_tower_room] */
    float *hidden, *d_hidden;              /* [n, width + 1] */
    int32_t *people;                       /* [n] */
    int64_t *begins, *ends;                /* [n] */
    pal_softmax softmax;
} pal_head;

typedef struct {
    pal_ctx *ctx;
    int32_t width, n;
    const pal_domain_batch *batch;
    pal_parameters *parameters; /* NULL: towers have none */
    float *x, *dx;              /* [B, width] of the batch */
    pal_head at[PAL_TASKS_MAX];
} pal_heads;

/* Room for batches of so many people. vectors of all heads stand one after the other. */
pal_status pal_heads_open(const char *what, int64_t batch, pal_arena *scratch, pal_heads *heads);
/* After the batch's people were drawn and x was written, with vectors as they are: the sum of the
 * people's losses. Writes d_vectors. */
double pal_heads_lose(pal_heads *heads);
/* A chunk of the batch's people: dx, and what the towers take, added to `gradient`. */
void pal_heads_back(pal_heads *heads, int64_t chunk, float *gradient);
/* Multiply-adds of the last step. */
double pal_heads_work(const pal_heads *heads);

#endif
