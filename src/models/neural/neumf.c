/* neumf.c - products of rows beside a network over other rows (He, Liao, Zhang, Nie, Hu, Chua 2017,
 * "Neural collaborative filtering").
 *
 * A user has rows p and u, an item q and v, of `factors` numbers each. z = w·(p ∘ q, h_L) + b with
 * h_1 = relu(W_1 (u, v) + b_1), h_l = relu(W_l h_(l-1) + b_l). Each event is an example of 1, with
 * `negatives` items drawn among those that the user did not use as examples of 0; the loss is
 * binary cross entropy, times the event's weight over the mean weight. Steps are Adam's; of the
 * rows only those that a batch names move. A stranger's rows are the mean, over the items used, of
 * the rows of those who used them. W_1 (u, v) is a user's half plus an item's half: scoring
 * computes each half once, so that a pair takes the layers from the second on. Those run in tiles
 * of items by one chain of additions a sum: the same bits for any batch of queries. Cost: an epoch
 * takes 3 (1 + negatives) (2 factors h_1 + h_1 h_2 + …) multiply-adds an event, a score factors +
 * h_1 h_2 + …. */
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "math/kernels.h"
#include "models/history.h"
#include "models/panels.h"
#include "models/shrink.h"
#include "models/training_rows.h"
#include "nn/adam.h"
#include "nn/linear.h"
#include "nn/loops.h"
#include "nn/loss.h"
#include "nn/training.h"

typedef struct {
    int64_t factors, negatives, epochs, patience, batch;
    double learning_rate, l2, tolerance;
    pal_ints layers;
} neumf_params;

static const pal_param neumf_table[] = {
    PAL_ROW(neumf_params, factors, PAL_PARAM_INT, "32", 1, 4096, PAL_LOG,
            "length of each of the four rows"),
    PAL_ROW(neumf_params, layers, PAL_PARAM_INTS, "64,32", 1, 4096, PAL_LINEAR,
            "sizes of the hidden layers"),
    PAL_ROW(neumf_params, negatives, PAL_PARAM_INT, "4", 1, 1000, PAL_LOG,
            "items drawn for each event as not used"),
    PAL_TRAINING_ROWS(neumf_params, "events", "100", "5", "1024", 1000000, "0.001", "1e-6"),
    PAL_ROW(neumf_params, l2, PAL_PARAM_REAL, "1e-4", 0, 10, PAL_LOG,
            "regularization of rows and weights"),
    {0},
};

enum { NEUMF_LAYERS = PAL_INTS_MAX, NEUMF_CHUNKS = 16, NEUMF_TILE = 64, NEUMF_TRIES = 64 };

typedef struct { /* where the weights stand in `network` */
    int64_t weights[NEUMF_LAYERS],
        biases[NEUMF_LAYERS]; /* [h_l, h_(l-1)], [h_l]; h_0 = 2 factors */
    int64_t last, last_bias;  /* [factors + h_L], [1] */
} neumf_layout;

typedef struct {
    float *users;   /* [n_users, 2 factors] p, u */
    float *items;   /* [n_items, 2 factors] q, v */
    float *hops;    /* [n_items, 2 factors] the mean rows of those who used it */
    float *network; /* neumf_layout */
    /* Derived. */
    float *halves;   /* [n_items, h_1] W_1's half for v, and b_1 */
    float *products; /* [n_items, factors] q */
    float *product_panels, *panels[NEUMF_LAYERS];
    pal_packed product, layers[NEUMF_LAYERS];
    pal_small small_users, small_items, small_hops; /* instead of users, items and hops */
    int32_t n_users, n_items;
} neumf_state;

typedef struct {
    pal_ctx *ctx;
    const neumf_params *p;
    const pal_csr *pairs;
    neumf_state *s;
    pal_arena *arena;
    neumf_layout at;
    const int32_t *owners; /* the user of each pair */
    float mean_weight;
    pal_parameters network;
    pal_table users, items;
    /* The batch: rows of 1 + negatives examples an event. */
    const pal_step *step;
    int32_t *of_user, *of_item;                         /* [rows]; item -1: none was found */
    float *labels, *logits, *d;                         /* [rows] */
    float *user_rows, *item_rows, *d_users, *d_items;   /* [rows, 2 factors] */
    float *units[NEUMF_LAYERS], *d_units[NEUMF_LAYERS]; /* [rows, h_l] */
    double losses[NEUMF_CHUNKS];
} neumf_job;

static int64_t neumf_width(const neumf_params *p, int32_t layer) {
    return layer == 0 ? 2 * p->factors : p->layers.at[layer - 1];
}

/* The same slices for training, scoring and files. */
static pal_parameters neumf_lay_out(const neumf_params *p, neumf_layout *at) {
    pal_parameters network = {0};
    for (int32_t l = 0; l < p->layers.n; l++) {
        int64_t n_out = neumf_width(p, l + 1);
        at->weights[l] = pal_parameters_add(&network, "weights", n_out, neumf_width(p, l));
        at->biases[l] = pal_parameters_add(&network, "biases", 1, n_out);
    }
    at->last = pal_parameters_add(&network, "last", 1, p->factors + neumf_width(p, p->layers.n));
    at->last_bias = pal_parameters_add(&network, "last bias", 1, 1);
    return network;
}

/* --- a chunk of a batch --- */

/* Events first … last as examples of 1, each followed by its examples of 0. */
static void neumf_draw(const neumf_job *job, int64_t chunk, int64_t first, int64_t last) {
    int64_t m = job->p->negatives + 1;
    pal_rng rng = pal_rng_at(pal_seed_for(job->ctx->seed, "items not used"),
                             (uint64_t)(job->step->number * NEUMF_CHUNKS + chunk));
    for (int64_t e = first; e < last; e++) {
        int64_t pair = job->step->examples[e];
        int32_t user = job->owners[pair];
        for (int64_t r = e * m; r < (e + 1) * m; r++) {
            job->of_user[r] = user;
            job->labels[r] = r == e * m;
            job->of_item[r] = r == e * m ? job->pairs->cols[pair] : -1;
            for (int32_t t = 0; job->of_item[r] < 0 && t < NEUMF_TRIES; t++) {
                int32_t item = (int32_t)pal_rng_below(&rng, (uint32_t)job->pairs->n_cols);
                if (!pal_csr_has(job->pairs, user, item)) job->of_item[r] = item;
            }
        }
    }
}

/* Rows first … first + n. */
static void neumf_forward(const neumf_job *job, int64_t first, int64_t n) {
    const neumf_params *p = job->p;
    const float *network = job->network.values;
    const pal_loops *loops = pal_loops_best();
    int64_t k = p->factors, w = 2 * k, h = neumf_width(p, 1);
    float *users = job->user_rows + first * w, *items = job->item_rows + first * w,
          *units = job->units[0] + first * h;
    pal_table_gather(&job->users, job->of_user + first, n, users, w);
    pal_table_gather(&job->items, job->of_item + first, n, items, w);
    for (int64_t r = 0; r < n; r++)
        memcpy(units + r * h, network + job->at.biases[0], (size_t)h * sizeof *units);
    pal_gemm(false, true, n, h, k, users + k, w, network + job->at.weights[0], w, 1, units, h);
    pal_gemm(false, true, n, h, k, items + k, w, network + job->at.weights[0] + k, w, 1, units, h);
    loops->relu(units, units, n * h);
    for (int32_t l = 1; l < p->layers.n; l++) {
        int64_t n_out = neumf_width(p, l + 1);
        float *out = job->units[l] + first * n_out;
        pal_linear_forward(units, network + job->at.weights[l], network + job->at.biases[l], n, h,
                           n_out, out);
        loops->relu(out, out, n * n_out);
        units = out;
        h = n_out;
    }
    const float *last = network + job->at.last;
    for (int64_t r = 0; r < n; r++) {
        float sum = network[job->at.last_bias] + loops->dot(units + r * h, last + k, h);
        const float *user = users + r * w, *item = items + r * w;
        for (int64_t f = 0; f < k; f++) sum += last[f] * user[f] * item[f];
        job->logits[first + r] = job->of_item[first + r] < 0 ? -60 : sum;
    }
}

/* Through the last unit: to the products, and to the last layer's units. */
static void neumf_back_last(const neumf_job *job, int64_t first, int64_t n, float *gradient) {
    const neumf_params *p = job->p;
    const pal_loops *loops = pal_loops_best();
    const float *last = job->network.values + job->at.last;
    float *d_last = gradient + job->at.last;
    int64_t k = p->factors, w = 2 * k, h = neumf_width(p, p->layers.n);
    for (int64_t r = first; r < first + n; r++) {
        const float *user = job->user_rows + r * w, *item = job->item_rows + r * w,
                    *units = job->units[p->layers.n - 1] + r * h;
        float *d_user = job->d_users + r * w, *d_item = job->d_items + r * w,
              *d_units = job->d_units[p->layers.n - 1] + r * h, d = job->d[r];
        gradient[job->at.last_bias] += d;
        loops->add_scaled(d_last + k, units, d, h);
        for (int64_t f = 0; f < h; f++) d_units[f] = units[f] > 0 ? d * last[k + f] : 0;
        for (int64_t f = 0; f < k; f++) {
            d_last[f] += d * user[f] * item[f];
            d_user[f] = d * last[f] * item[f];
            d_item[f] = d * last[f] * user[f];
        }
    }
}

static void neumf_backward(const neumf_job *job, int64_t first, int64_t n, float *gradient) {
    const neumf_params *p = job->p;
    const float *network = job->network.values;
    int64_t k = p->factors, w = 2 * k, h = neumf_width(p, 1);
    neumf_back_last(job, first, n, gradient);
    for (int32_t l = p->layers.n - 1; l > 0; l--) {
        int64_t n_in = neumf_width(p, l), n_out = neumf_width(p, l + 1);
        const float *units = job->units[l - 1] + first * n_in;
        float *d_in = job->d_units[l - 1] + first * n_in;
        pal_linear_backward(units, network + job->at.weights[l], job->d_units[l] + first * n_out, n,
                            n_in, n_out, d_in, gradient + job->at.weights[l],
                            gradient + job->at.biases[l]);
        pal_loops_best()->relu_backward(units, d_in, d_in, n * n_in);
    }
    const float *d = job->d_units[0] + first * h;
    for (int32_t half = 0; half < 2; half++) {
        const float *rows = (half ? job->item_rows : job->user_rows) + first * w + k;
        float *d_rows = (half ? job->d_items : job->d_users) + first * w + k;
        int64_t at = job->at.weights[0] + half * k;
        pal_gemm(false, false, n, k, h, d, h, network + at, w, 0, d_rows, w);
        pal_gemm(true, false, h, k, n, d, h, rows, w, 1, gradient + at, w);
    }
    for (int64_t r = 0; r < n; r++)
        pal_loops_best()->add_scaled(gradient + job->at.biases[0], d + r * h, 1, h);
}

static void neumf_chunk(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    neumf_job *job = arg;
    int64_t m = job->p->negatives + 1, first, last;
    float *gradient = pal_parameters_chunk(&job->network, chunk), scale = 1 / (float)job->step->n;
    pal_chunk_range(job->step->n, NEUMF_CHUNKS, chunk, &first, &last);
    neumf_draw(job, chunk, first, last);
    neumf_forward(job, first * m, (last - first) * m);
    double loss = 0;
    for (int64_t e = first; e < last; e++) {
        const float *values = job->pairs->values;
        float weight = values ? values[job->step->examples[e]] / job->mean_weight : 1;
        loss += (double)weight * pal_loss_bce(job->logits + e * m, job->labels + e * m, m,
                                              scale * weight, job->d + e * m);
    }
    job->losses[chunk] = loss;
    neumf_backward(job, first * m, (last - first) * m, gradient);
}

static double neumf_step(void *arg, const pal_step *step) {
    neumf_job *job = arg;
    const neumf_params *p = job->p;
    pal_pool *pool = job->ctx->pool;
    int64_t n = step->n * (p->negatives + 1), w = 2 * p->factors;
    double loss = 0;
    job->step = step;
    pal_parallel(pool, NEUMF_CHUNKS, neumf_chunk, job);
    for (int32_t c = 0; c < NEUMF_CHUNKS; c++) loss += job->losses[c];
    pal_parameters_sum(pool, &job->network);
    pal_table_touch(&job->users, job->of_user, NULL, NULL, n);
    pal_table_touch(&job->items, job->of_item, NULL, NULL, n);
    pal_table_sum(pool, &job->users, job->d_users, w);
    pal_table_sum(pool, &job->items, job->d_items, w);
    pal_adam adam = pal_adam_at(step->rate, step->number);
    adam.l2 = p->l2;
    pal_adam_parameters(pool, &adam, &job->network);
    pal_adam_table(pool, &adam, &job->users);
    pal_adam_table(pool, &adam, &job->items);
    job->ctx->multiply_adds += 3.0 * (double)n * (double)job->network.n;
    return loss;
}

/* --- fit --- */

static pal_status neumf_check(pal_ctx *ctx, const neumf_params *p) {
    if (p->layers.n > 0) return PAL_OK;
    return pal_fail(
        ctx, PAL_EUSAGE,
        "neumf needs a hidden layer: write layers=64,32, or use bpr for products alone");
}

/* What is derived of the items stays float32, also where their rows are small. */
static pal_status neumf_halve(pal_ctx *ctx, const neumf_params *p, const neumf_layout *at,
                              neumf_state *s) {
    int64_t k = p->factors, w = 2 * k, h = neumf_width(p, 1), n = s->n_items;
    pal_arena scratch = {0};
    pal_tensor tensor = {.dims = {n, w}, .data = (void **)&s->items, .small = &s->small_items};
    const float *items = pal_tensor_floats(&tensor, &scratch);
    for (int64_t i = 0; items && i < n; i++) {
        memcpy(s->halves + i * h, s->network + at->biases[0], (size_t)h * sizeof(float));
        memcpy(s->products + i * k, items + i * w, (size_t)k * sizeof(float));
    }
    if (items)
        pal_gemm(false, true, n, h, k, items + k, w, s->network + at->weights[0] + k, w, 1,
                 s->halves, h);
    pal_arena_release(&scratch);
    return items ? PAL_OK : pal_fail_memory(ctx, "neumf", 4.0 * (double)(n * w));
}

static pal_status neumf_prepare(pal_ctx *ctx, const void *params, pal_arena *arena, void *state) {
    const neumf_params *p = params;
    neumf_state *s = state;
    neumf_layout at;
    int64_t k = p->factors, h = neumf_width(p, 1), n = s->n_items;
    TRY(neumf_check(ctx, p));
    neumf_lay_out(p, &at);
    if (!s->halves) s->halves = PAL_ARENA_ARRAY(arena, float, n *h);
    if (!s->products) s->products = PAL_ARENA_ARRAY(arena, float, n *k);
    if (!s->halves || !s->products)
        return pal_fail_memory(ctx, "neumf", 4.0 * (double)(n * (h + k)));
    TRY(neumf_halve(ctx, p, &at, s));
    for (int32_t l = 1; l < p->layers.n; l++)
        TRY(pal_panels_pack(ctx, "neumf", s->network + at.weights[l],
                            (int32_t)neumf_width(p, l + 1), (int32_t)neumf_width(p, l), arena,
                            &s->panels[l], &s->layers[l]));
    return pal_panels_pack(ctx, "neumf", s->products, s->n_items, (int32_t)k, arena,
                           &s->product_panels, &s->product);
}

/* The state that a file would hold, from the rows as they are. */
static pal_status neumf_publish(void *arg) {
    neumf_job *job = arg;
    neumf_state *s = job->s;
    int64_t w = 2 * job->p->factors, n_pairs = job->pairs->starts[job->pairs->n_rows];
    float *counts = job->logits; /* room of [n_items], free between batches */
    memset(counts, 0, (size_t)s->n_items * sizeof *counts);
    memset(s->hops, 0, (size_t)(s->n_items * w) * sizeof *s->hops);
    for (int64_t e = 0; e < n_pairs; e++) {
        int32_t item = job->pairs->cols[e];
        counts[item] += 1;
        pal_loops_best()->add_scaled(s->hops + item * w, s->users + job->owners[e] * w, 1, w);
    }
    for (int64_t i = 0; i < s->n_items; i++) {
        for (int64_t f = i * w; counts[i] > 0 && f < (i + 1) * w; f++) s->hops[f] /= counts[i];
    }
    return neumf_prepare(job->ctx, job->p, job->arena, s);
}

static bool neumf_allocate(neumf_job *job, int64_t batch, pal_arena *scratch) {
    const neumf_params *p = job->p;
    int64_t rows = batch * (p->negatives + 1), w = 2 * p->factors,
            room = rows > job->s->n_items ? rows : job->s->n_items;
    float **wide[] = {&job->user_rows, &job->item_rows, &job->d_users, &job->d_items};
    job->of_user = PAL_ARENA_ARRAY(scratch, int32_t, rows);
    job->of_item = PAL_ARENA_ARRAY(scratch, int32_t, rows);
    job->labels = PAL_ARENA_ARRAY(scratch, float, rows);
    job->logits = PAL_ARENA_ARRAY(scratch, float, room);
    job->d = PAL_ARENA_ARRAY(scratch, float, rows);
    for (int32_t a = 0; a < 4; a++) {
        *wide[a] = PAL_ARENA_ARRAY(scratch, float, rows *w);
        if (!*wide[a]) return false;
    }
    for (int32_t l = 0; l < p->layers.n; l++) {
        job->units[l] = PAL_ARENA_ARRAY(scratch, float, rows *neumf_width(p, l + 1));
        job->d_units[l] = PAL_ARENA_ARRAY(scratch, float, rows *neumf_width(p, l + 1));
        if (!job->units[l] || !job->d_units[l]) return false;
    }
    return job->of_user && job->of_item && job->labels && job->logits && job->d;
}

static bool neumf_list_owners(neumf_job *job, pal_arena *scratch) {
    const pal_csr *pairs = job->pairs;
    int64_t n = pairs->starts[pairs->n_rows];
    int32_t *owners = PAL_ARENA_ARRAY(scratch, int32_t, n);
    double sum = 0;
    if (!owners) return false;
    for (int32_t u = 0; u < pairs->n_rows; u++) {
        for (int64_t e = pairs->starts[u]; e < pairs->starts[u + 1]; e++) {
            owners[e] = u;
            sum += pairs->values ? (double)pairs->values[e] : 1;
        }
    }
    job->owners = owners;
    job->mean_weight = sum > 0 ? (float)(sum / (double)n) : 1;
    return true;
}

static void neumf_start(neumf_job *job) {
    const neumf_params *p = job->p;
    int64_t w = 2 * p->factors;
    uint64_t seed = job->ctx->seed;
    pal_draw_normal(seed, "rows of users", job->s->users, job->s->n_users * w, 0.1);
    pal_draw_normal(seed, "rows of items", job->s->items, job->s->n_items * w, 0.1);
    for (int32_t l = 0; l < p->layers.n; l++) {
        int64_t n_in = neumf_width(p, l), n_out = neumf_width(p, l + 1);
        char purpose[32];
        snprintf(purpose, sizeof purpose, "W_%d", l + 1);
        pal_draw_uniform(seed, purpose, job->network.values + job->at.weights[l], n_in * n_out,
                         pal_glorot_bound(n_in, n_out));
    }
    int64_t n_last = p->factors + neumf_width(p, p->layers.n);
    pal_draw_uniform(seed, "w", job->network.values + job->at.last, n_last,
                     pal_glorot_bound(n_last, 1));
}

static pal_status neumf_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                            pal_arena *arena, pal_arena *scratch, void *state) {
    const neumf_params *p = params;
    neumf_state *s = state;
    pal_csr pairs;
    TRY(neumf_check(ctx, p));
    TRY(pal_log_pairs(ctx, train->log, UINT32_MAX, scratch, &pairs));
    neumf_job job = {.ctx = ctx, .p = p, .pairs = &pairs, .s = s, .arena = arena};
    int64_t n = pairs.starts[pairs.n_rows], w = 2 * p->factors, batch = p->batch < n ? p->batch : n,
            rows = batch * (p->negatives + 1);
    s->n_users = pairs.n_rows;
    s->n_items = pairs.n_cols;
    s->users = PAL_ARENA_ARRAY(arena, float, s->n_users *w);
    s->items = PAL_ARENA_ARRAY(arena, float, s->n_items *w);
    s->hops = PAL_ARENA_ARRAY(arena, float, s->n_items *w);
    job.network = neumf_lay_out(p, &job.at);
    if (!s->users || !s->items || !s->hops || !neumf_list_owners(&job, scratch) ||
        !neumf_allocate(&job, batch, scratch))
        return pal_fail_memory(ctx, "neumf",
                               4.0 * (double)w * ((double)s->n_users + 2.0 * s->n_items) +
                                   4.0 * (double)n + 16.0 * (double)(rows * w));
    TRY(pal_parameters_open(ctx, "neumf", NEUMF_CHUNKS, arena, scratch, &job.network));
    TRY(pal_table_open(ctx, "neumf", s->users, s->n_users, (int32_t)w, rows, scratch, &job.users));
    TRY(pal_table_open(ctx, "neumf", s->items, s->n_items, (int32_t)w, rows, scratch, &job.items));
    job.users.is_of_users = job.items.is_of_items = true;
    s->network = job.network.values;
    neumf_start(&job);
    const pal_training training = {.kind = "neumf",
                                   .epochs = p->epochs,
                                   .n_examples = n,
                                   .batch = batch,
                                   .learning_rate = p->learning_rate,
                                   .tolerance = p->tolerance,
                                   /* Knowing nothing costs log 2 a pair. */
                                   .most_loss = 10 * log(2) * (1 + (double)p->negatives),
                                   .parameters = {&job.network},
                                   .tables = {&job.users, &job.items},
                                   .step = neumf_step,
                                   .publish = neumf_publish,
                                   .arg = &job};
    return pal_training_run(ctx, &training, scratch);
}

/* --- score --- */

static int64_t neumf_widest(const neumf_params *p) {
    int64_t widest = 0;
    for (int32_t l = 1; l <= p->layers.n; l++)
        widest = neumf_width(p, l) > widest ? neumf_width(p, l) : widest;
    return widest;
}

/* Scratch: the history's, rows of the queries and room for one, their products and halves, two
 * tiles. */
static size_t neumf_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    const neumf_params *p = params;
    int64_t floats = n_queries * (3 * p->factors + neumf_width(p, 1)) + 2 * p->factors +
                     2 * NEUMF_TILE * neumf_widest(p);
    return pal_history_bytes(((const neumf_state *)state)->n_items) +
           (size_t)floats * sizeof(float);
}

/* row [w], then room for another. */
static void neumf_user(const neumf_state *s, int64_t w, const pal_query *query, void *scratch,
                       float *row) {
    if (query->user_plus_1) {
        const float *own = pal_row_at(s->users, &s->small_users, w, query->user_plus_1 - 1, row);
        if (own != row) memcpy(row, own, (size_t)w * sizeof *row);
        return;
    }
    const int32_t *history;
    int32_t n = pal_history_distinct(query, s->n_items, scratch, &history);
    pal_row_sum(s->hops, &s->small_hops, (int32_t)w, history, n, row + w, row);
    for (int64_t f = 0; n && f < w; f++) row[f] /= (float)n;
}

/* Adds the network's part for items first … first + n to their scores. */
static void neumf_score_tile(const neumf_params *p, const neumf_state *s, const neumf_layout *at,
                             const float *half, int32_t first, int32_t n, float *in, float *out,
                             float *scores) {
    const pal_loops *loops = pal_loops_best();
    int64_t h = neumf_width(p, 1);
    for (int64_t i = 0; i < n; i++) {
        const float *of_item = s->halves + (first + i) * h;
        for (int64_t f = 0; f < h; f++) in[i * h + f] = half[f] + of_item[f];
    }
    loops->relu(in, in, n * h);
    for (int32_t l = 1; l < p->layers.n; l++) {
        h = neumf_width(p, l + 1);
        pal_panels_score(&s->layers[l], in, n, s->network + at->biases[l], out);
        loops->relu(out, out, n * h);
        float *swapped = in;
        in = out;
        out = swapped;
    }
    const float *last = s->network + at->last + p->factors;
    for (int64_t i = 0; i < n; i++)
        scores[first + i] += loops->dot(in + i * h, last, h) + s->network[at->last_bias];
}

static void neumf_score(const void *params, const void *state, const pal_query *queries,
                        int32_t n_queries, void *scratch, float *scores) {
    const neumf_params *p = params;
    const neumf_state *s = state;
    const pal_loops *loops = pal_loops_best();
    int64_t k = p->factors, w = 2 * k, h = neumf_width(p, 1);
    neumf_layout at;
    neumf_lay_out(p, &at);
    float *rows = (float *)(void *)((char *)scratch + pal_history_bytes(s->n_items)),
          *products = rows + (n_queries + 1) * w, *halves = products + n_queries * k,
          *in = halves + n_queries * h, *out = in + NEUMF_TILE * neumf_widest(p);
    for (int32_t q = 0; q < n_queries; q++) {
        float *row = rows + q * w;
        neumf_user(s, w, &queries[q], scratch, row);
        loops->multiply(row, s->network + at.last, products + q * k, k);
        for (int64_t f = 0; f < h; f++)
            halves[q * h + f] = loops->dot(row + k, s->network + at.weights[0] + f * w, k);
    }
    pal_panels_score(&s->product, products, n_queries, NULL, scores);
    for (int32_t q = 0; q < n_queries; q++) {
        for (int32_t first = 0; first < s->n_items; first += NEUMF_TILE) {
            int32_t n = s->n_items - first < NEUMF_TILE ? s->n_items - first : NEUMF_TILE;
            neumf_score_tile(p, s, &at, halves + q * h, first, n, in, out,
                             scores + (int64_t)q * s->n_items);
        }
    }
}

static int32_t neumf_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                             pal_tensor tensors[PAL_TENSORS_MAX]) {
    const neumf_params *p = params;
    neumf_state *s = state;
    neumf_layout at;
    s->n_users = n_users;
    s->n_items = n_items;
    int64_t w = 2 * p->factors;
    tensors[0] = pal_float_rows("users", &s->users, n_users, w, PAL_ROLE_USERS, &s->small_users);
    tensors[1] = pal_float_rows("items", &s->items, n_items, w, PAL_ROLE_ITEMS, &s->small_items);
    tensors[2] = pal_float_rows("hops", &s->hops, n_items, w, PAL_ROLE_DATA, &s->small_hops);
    tensors[3] = pal_floats("network", &s->network, neumf_lay_out(p, &at).n);
    return 4;
}

static void neumf_estimate(const void *params, const pal_log *log, int32_t n_threads,
                           pal_estimate *out) {
    const neumf_params *p = params;
    neumf_layout at;
    double network = (double)neumf_lay_out(p, &at).n, w = 2 * (double)p->factors,
           n = (double)log->n_events, each = (double)p->negatives + 1,
           rows = fmin((double)p->batch, n) * each,
           epochs = p->patience > 0 ? (double)p->epochs / 4 : (double)p->epochs;
    out->seconds = epochs * n * each * (3 * network * 0.03e-9 + w * 5e-9) / n_threads;
    out->bytes = 16 * w * ((double)log->n_users + log->n_items) + 16 * n + 32 * rows * w;
}

const pal_kind pal_kind_neumf = {
    .name = "neumf",
    .family = "neural",
    .summary = "products of rows beside a network over other rows of a user and an item",
    .paper = "He, Liao, Zhang, Nie, Hu, Chua: Neural collaborative filtering, WWW 2017",
    .derivation =
        "L = log(1 + exp(z)) - y z, so ∂L/∂z = σ(z) - y = e. ∂L/∂w = e (p ∘ q, h_L), ∂L/∂b = e, "
        "∂L/∂p = e w_p ∘ q, ∂L/∂q = e w_p ∘ p, where w_p is w's part for the products and w_h the "
        "other: ∂L/∂h_L = e w_h. A layer h = relu(W h' + b) has δ = ∂L/∂h where h > 0, else 0; "
        "∂L/∂W = "
        "δ h'ᵀ, ∂L/∂b = δ, ∂L/∂h' = Wᵀ δ. For the first layer h' = (u, v): its halves are the "
        "gradients of u and v.",
    .measured =
        "MovieLens 100K, 80/10/10 within users, validation ndcg@10 by `scripts/bench neural "
        "--full`: .227 (RecBole's NeuMF on the same files .227), bpr .246, mult_vae .248; ease "
        "by `palate compare` on these files .263. It stands last, and bpr and ease train in less "
        "time. Rendle, Krichene, Zhang, Anderson (2020) found products of rows better than such "
        "networks too.",
    .represents = "two rows of {factors} numbers | two rows of {factors} numbers",
    .traits = PAL_SCORES_NEW_USERS | PAL_IS_STOCHASTIC,
    .params = neumf_table,
    .params_size = sizeof(neumf_params),
    .state_size = sizeof(neumf_state),
    .fit = neumf_fit,
    .prepare = neumf_prepare,
    .scratch_bytes = neumf_scratch_bytes,
    .score = neumf_score,
    .tensors = neumf_tensors,
    .estimate = neumf_estimate,
};
