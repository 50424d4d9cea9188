/* lightgcn.c - factors smoothed over the graph of users and items (He et al. 2020, "LightGCN:
 * simplifying and powering graph convolution network for recommendation").
 *
 * A is the graph of who used what, each edge over the root of both its ends' degrees. E are the
 * learned rows of users and items; what scores are products of is F = Σ_{l=0..L} A^l E / (L+1),
 * computed as t_0 = E, t_{l+1} = E + A t_l, F = t_L / (L+1). The loss is that of bpr over pairs of
 * F, plus l2/2 of the squares of the pairs' rows of E. A is symmetric, so ∂loss/∂E is the same sum
 * over ∂loss/∂F. Steps are Adam's (Kingma and Ba 2015). A stranger's row is what one hop brings:
 * Σ_{j in history} t_{L-1,j} / (L+1) / sqrt(degree_j |history|).
 * Cost: a batch takes 4 L k multiply-adds a pair of the log and 28 k bytes a user and item. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/epochs.h"
#include "base/rng.h"
#include "math/csr.h"
#include "math/kernels.h"
#include "models/history.h"
#include "models/pairwise.h"
#include "models/panels.h"

typedef struct {
    int64_t factors, layers, epochs, patience, batch;
    double learning_rate, l2, tolerance;
} lightgcn_params;

#define LIGHTGCN_ROW(member, row_type, text, least, most, by, sentence)                            \
    {                                                                                              \
        .name = #member, .type = row_type, .offset = offsetof(lightgcn_params, member),            \
        .initial = text, .min = least, .max = most, .scale = by, .help = sentence                  \
    }

static const pal_param lightgcn_table[] = {
    LIGHTGCN_ROW(factors, PAL_PARAM_INT, "64", 1, 4096, PAL_LOG, "length of the rows"),
    LIGHTGCN_ROW(layers, PAL_PARAM_INT, "2", 1, 16, PAL_LINEAR,
                 "steps along the graph that a row gathers from"),
    LIGHTGCN_ROW(epochs, PAL_PARAM_INT, "300", 1, 100000, PAL_LOG,
                 "passes over the events at the most"),
    LIGHTGCN_ROW(patience, PAL_PARAM_INT, "10", 0, 100000, PAL_LINEAR,
                 "epochs without a better validation after which training ends; 0: all epochs"),
    LIGHTGCN_ROW(batch, PAL_PARAM_INT, "0", 0, 10000000, PAL_LOG,
                 "pairs of one step; 0: 2048, or as many as make 64 steps an epoch"),
    LIGHTGCN_ROW(learning_rate, PAL_PARAM_REAL, "0.005", 1e-7, 1, PAL_LOG,
                 "length of Adam's steps"),
    LIGHTGCN_ROW(l2, PAL_PARAM_REAL, "3e-4", 0, 10, PAL_LOG,
                 "regularization of the rows of E that a pair stands for"),
    LIGHTGCN_ROW(tolerance, PAL_PARAM_REAL, "1e-6", 0, 1, PAL_LOG,
                 "relative change of the loss in an epoch under which training ends"),
    {0},
};

typedef struct {
    float *users;  /* [n_users, factors] rows of F */
    float *items;  /* [n_items, factors] rows of F */
    float *hops;   /* [n_items, factors] what a used item brings, before / sqrt |history| */
    float *panels; /* derived: items, packed */
    pal_packed packed;
    pal_small small_users, small_items, small_hops; /* instead of users, items and hops */
    int32_t n_users, n_items;
} lightgcn_state;

/* --- the graph: users, then items --- */

/* A pair's weight over the root of its ends' degrees; degrees [n_users + n_items]. */
static pal_status lightgcn_graph(pal_ctx *ctx, const pal_csr *pairs, double *degrees,
                                 pal_arena *arena, pal_csr *out) {
    int32_t n_users = pairs->n_rows, n = n_users + pairs->n_cols;
    int64_t n_pairs = pairs->starts[n_users];
    pal_csr by_item;
    int64_t *starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)n + 1);
    int32_t *cols = PAL_ARENA_ARRAY(arena, int32_t, 2 * n_pairs);
    float *values = PAL_ARENA_ARRAY(arena, float, 2 * n_pairs);
    if (!starts || !cols || !values || !pal_csr_transpose(pairs, arena, &by_item))
        return pal_fail_memory(ctx, "lightgcn", 24.0 * (double)n_pairs);
    const pal_csr *sides[2] = {pairs, &by_item};
    int64_t at = 0;
    for (int32_t r = 0; r < n; r++) {
        const pal_csr *side = sides[r >= n_users];
        int32_t row = r < n_users ? r : r - n_users, shift = r < n_users ? n_users : 0;
        for (int64_t e = side->starts[row]; e < side->starts[row + 1]; e++) {
            cols[at] = side->cols[e] + shift;
            values[at] = side->values ? side->values[e] : 1;
            degrees[r] += (double)values[at++];
        }
        starts[r + 1] = at;
    }
    for (int32_t r = 0; r < n; r++) {
        for (int64_t e = starts[r]; e < starts[r + 1]; e++)
            values[e] =
                (float)((double)values[e] / sqrt(fmax(degrees[r] * degrees[cols[e]], 1e-300)));
    }
    *out = (pal_csr){.n_rows = n, .n_cols = n, .starts = starts, .cols = cols, .values = values};
    return PAL_OK;
}

/* --- training --- */

enum { LIGHTGCN_DRAWS = 256, LIGHTGCN_ROWS = 64 }; /* of one chunk */

typedef struct {
    pal_ctx *ctx;
    const lightgcn_params *p;
    const pal_csr *pairs;
    pal_csr graph;
    double *degrees;
    int32_t n_users, n_nodes, k;
    float *rows;            /* [n_nodes, k] E */
    float *first, *second;  /* [n_nodes, k] Adam's moments */
    float *final, *other;   /* [n_nodes, k] t_L and t_{L-1}, or sums of gradients */
    float *gradient;        /* [n_nodes, k] of F, then of E */
    int64_t batch, n_steps; /* steps: of Adam, so far */
    int64_t epoch;
    int64_t *order;  /* [n_pairs] places in pairs */
    int32_t *owners; /* [n_pairs] the user of each */
    /* The batch: nodes of its pairs, their pull; the same by node as a matrix over rows of F. */
    int64_t begin, n_batch;
    int32_t *used, *drawn; /* [batch] nodes of items */
    float *pull;           /* [batch] */
    double *losses;        /* [batch / LIGHTGCN_DRAWS + 1] */
    pal_csr by_node;
    int64_t *node_starts, *node_next;
    int32_t *node_cols; /* [6 batch] */
    float *node_values;
} lightgcn_job;

/* t_steps of t_0 = y, t_{l+1} = y + A t_l, into `out`; the one before it stays in `before`. */
static void lightgcn_propagate(const lightgcn_job *job, const float *y, int64_t steps, float *out,
                               float *before) {
    const float *from = y;
    for (int64_t l = 0; l < steps; l++) {
        float *to = (steps - l) % 2 ? out : before;
        pal_csr_multiply_add(job->ctx->pool, &job->graph, from, y, job->k, to);
        from = to;
    }
    if (steps == 1) memcpy(before, y, (size_t)job->n_nodes * job->k * sizeof *y);
    job->ctx->multiply_adds +=
        (double)steps * job->k * (double)job->graph.starts[job->graph.n_rows];
}

/* Σ_f user[f] (a[f] - b[f]); what is left of whole lanes is added in double. */
static float lightgcn_margin(const float *user, const float *a, const float *b, int32_t k) {
    int32_t whole = k - k % PAL_LANES;
    double sum = (double)pal_kernels_best()->pair_margin(user, a, b, whole);
    for (int32_t f = whole; f < k; f++) sum += (double)user[f] * ((double)a[f] - (double)b[f]);
    return (float)sum;
}

/* Draws an item for each pair of a chunk and says how hard the pair pulls: -∂loss/∂x. */
static void lightgcn_draw(void *arg, int64_t chunk, int32_t worker) {
    enum { TRIES = 16 };
    (void)worker;
    const lightgcn_job *job = arg;
    int64_t first = chunk * LIGHTGCN_DRAWS, last = first + LIGHTGCN_DRAWS;
    if (last > job->n_batch) last = job->n_batch;
    pal_rng rng = pal_rng_at(pal_seed_for(job->ctx->seed, "pairs"),
                             (uint64_t)job->epoch << 40 | (uint64_t)(job->begin + first));
    float scale = 1 / (float)((job->p->layers + 1) * (job->p->layers + 1));
    double loss = 0;
    for (int64_t t = first; t < last; t++) {
        int64_t pair = job->order[job->begin + t];
        int32_t user = job->owners[pair], n_items = job->pairs->n_cols;
        int32_t item = (int32_t)pal_rng_below(&rng, (uint32_t)n_items);
        for (int32_t i = 1; i < TRIES && pal_csr_has(job->pairs, user, item); i++)
            item = (int32_t)pal_rng_below(&rng, (uint32_t)n_items);
        job->used[t] = job->n_users + job->pairs->cols[pair];
        job->drawn[t] = job->n_users + item;
        job->pull[t] = 0;
        if (pal_csr_has(job->pairs, user, item)) continue; /* a person who used nearly all */
        const float *final = job->final;
        float x =
            lightgcn_margin(final + (int64_t)user * job->k, final + (int64_t)job->used[t] * job->k,
                            final + (int64_t)job->drawn[t] * job->k, job->k);
        loss += (double)pal_pair_logistic(scale * x, &job->pull[t]);
    }
    job->losses[chunk] = loss;
}

static void lightgcn_add_entry(lightgcn_job *job, int32_t node, int32_t col, float value) {
    int64_t at = job->node_next[node]++;
    job->node_cols[at] = col;
    job->node_values[at] = value;
}

/* ∂loss/∂F = by_node F: what each node's pairs add, in the order of the batch, so that no two
 * threads write the same row. */
static void lightgcn_sort_batch(lightgcn_job *job) {
    int64_t *starts = job->node_starts;
    memset(starts, 0, ((size_t)job->n_nodes + 1) * sizeof *starts);
    for (int64_t t = 0; t < job->n_batch; t++) {
        starts[job->owners[job->order[job->begin + t]] + 1] += 2;
        starts[job->used[t] + 1]++;
        starts[job->drawn[t] + 1]++;
    }
    for (int32_t r = 0; r < job->n_nodes; r++) starts[r + 1] += starts[r];
    memcpy(job->node_next, starts, (size_t)job->n_nodes * sizeof *starts);
    float scale = 1 / (float)((job->p->layers + 1) * (job->p->layers + 1) * job->n_batch);
    for (int64_t t = 0; t < job->n_batch; t++) {
        int32_t user = job->owners[job->order[job->begin + t]];
        float e = job->pull[t] * scale;
        lightgcn_add_entry(job, user, job->used[t], -e);
        lightgcn_add_entry(job, user, job->drawn[t], e);
        lightgcn_add_entry(job, job->used[t], user, -e);
        lightgcn_add_entry(job, job->drawn[t], user, e);
    }
    job->by_node = (pal_csr){.n_rows = job->n_nodes,
                             .n_cols = job->n_nodes,
                             .starts = starts,
                             .cols = job->node_cols,
                             .values = job->node_values};
}

/* Adam's step of some nodes; `other` holds the sum over layers. A user stands in two entries of
 * each of his pairs, an item in one. */
static void lightgcn_adam(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const lightgcn_job *job = arg;
    const float b1 = 0.9f, b2 = 0.999f, epsilon = 1e-8f;
    float c1 = (float)(1 - pow(0.9, (double)job->n_steps)),
          c2 = (float)(1 - pow(0.999, (double)job->n_steps)), rate = (float)job->p->learning_rate;
    int64_t first = chunk * LIGHTGCN_ROWS, last = first + LIGHTGCN_ROWS;
    if (last > job->n_nodes) last = job->n_nodes;
    for (int64_t r = first; r < last; r++) {
        int64_t n = job->node_starts[r + 1] - job->node_starts[r];
        float l2 =
            (float)(job->p->l2 * (double)(r < job->n_users ? n / 2 : n) / (double)job->n_batch);
        for (int64_t f = r * job->k; f < (r + 1) * job->k; f++) {
            float g = job->other[f] + l2 * job->rows[f];
            job->first[f] = b1 * job->first[f] + (1 - b1) * g;
            job->second[f] = b2 * job->second[f] + (1 - b2) * g * g;
            job->rows[f] -= rate * (job->first[f] / c1) / (sqrtf(job->second[f] / c2) + epsilon);
        }
    }
}

/* One batch; returns the sum of its losses before the step. Sums of layers are not divided by
 * L + 1: the divisors stand in the scales of x and of the pulls. */
static double lightgcn_step(lightgcn_job *job) {
    pal_pool *pool = job->ctx->pool;
    int64_t layers = job->p->layers,
            n_chunks = (job->n_batch + LIGHTGCN_DRAWS - 1) / LIGHTGCN_DRAWS;
    double loss = 0;
    lightgcn_propagate(job, job->rows, layers, job->final, job->other);
    pal_parallel(pool, n_chunks, lightgcn_draw, job);
    for (int64_t c = 0; c < n_chunks; c++) loss += job->losses[c];
    lightgcn_sort_batch(job);
    memset(job->other, 0, (size_t)job->n_nodes * job->k * sizeof *job->other);
    pal_csr_multiply_add(pool, &job->by_node, job->final, job->other, job->k, job->gradient);
    lightgcn_propagate(job, job->gradient, layers, job->other, job->final);
    job->n_steps++;
    pal_parallel(pool, (job->n_nodes + LIGHTGCN_ROWS - 1) / LIGHTGCN_ROWS, lightgcn_adam, job);
    return loss;
}

/* Pairs in a new order, from that of the epoch before. */
static void lightgcn_shuffle(lightgcn_job *job, int64_t epoch) {
    int64_t n = job->pairs->starts[job->n_users];
    pal_rng rng = pal_rng_at(pal_seed_for(job->ctx->seed, "order"), (uint64_t)epoch);
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t other = (int64_t)(pal_rng_uniform(&rng) * (double)(i + 1)), kept = job->order[i];
        job->order[i] = job->order[other];
        job->order[other] = kept;
    }
}

static double lightgcn_epoch(lightgcn_job *job) {
    int64_t n = job->pairs->starts[job->n_users];
    lightgcn_shuffle(job, job->epoch);
    double loss = 0;
    for (job->begin = 0; job->begin < n; job->begin += job->batch) {
        job->n_batch = n - job->begin < job->batch ? n - job->begin : job->batch;
        loss += lightgcn_step(job);
    }
    return loss / (double)n;
}

/* --- fit --- */

static bool lightgcn_allocate(lightgcn_job *job, pal_arena *scratch) {
    int64_t n = job->pairs->starts[job->n_users], size = (int64_t)job->n_nodes * job->k;
    float **rows[] = {&job->rows,  &job->first, &job->second,
                      &job->final, &job->other, &job->gradient};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        *rows[i] = PAL_ARENA_ARRAY(scratch, float, size);
        if (!*rows[i]) return false;
    }
    job->order = PAL_ARENA_ARRAY(scratch, int64_t, n);
    job->owners = PAL_ARENA_ARRAY(scratch, int32_t, n);
    job->used = PAL_ARENA_ARRAY(scratch, int32_t, job->batch);
    job->drawn = PAL_ARENA_ARRAY(scratch, int32_t, job->batch);
    job->pull = PAL_ARENA_ARRAY(scratch, float, job->batch);
    job->losses = PAL_ARENA_ARRAY(scratch, double, job->batch / LIGHTGCN_DRAWS + 1);
    job->node_starts = PAL_ARENA_ARRAY(scratch, int64_t, (int64_t)job->n_nodes + 1);
    job->node_next = PAL_ARENA_ARRAY(scratch, int64_t, job->n_nodes);
    job->node_cols = PAL_ARENA_ARRAY(scratch, int32_t, 4 * job->batch);
    job->node_values = PAL_ARENA_ARRAY(scratch, float, 4 * job->batch);
    return job->order && job->owners && job->used && job->drawn && job->pull && job->losses &&
           job->node_starts && job->node_next && job->node_cols && job->node_values;
}

/* Uniform within the bounds of Glorot and Bengio (2010), as in the paper. */
static void lightgcn_draw_rows(lightgcn_job *job, int32_t from, int32_t n, const char *what) {
    pal_rng rng = pal_rng_at(pal_seed_for(job->ctx->seed, what), 0);
    double bound = sqrt(6.0 / ((double)n + job->k));
    float *rows = job->rows + (int64_t)from * job->k;
    for (int64_t i = 0; i < (int64_t)n * job->k; i++)
        rows[i] = (float)(bound * (2 * pal_rng_uniform(&rng) - 1));
}

static pal_status lightgcn_open(pal_ctx *ctx, const lightgcn_params *p, const pal_csr *pairs,
                                pal_arena *scratch, lightgcn_job *job) {
    enum { BATCH = 2048, STEPS = 64 };
    int64_t n = pairs->starts[pairs->n_rows], batch = p->batch;
    if (batch == 0) batch = n / STEPS > BATCH ? n / STEPS : BATCH;
    *job = (lightgcn_job){.ctx = ctx,
                          .p = p,
                          .pairs = pairs,
                          .n_users = pairs->n_rows,
                          .n_nodes = pairs->n_rows + pairs->n_cols,
                          .k = (int32_t)p->factors,
                          .batch = batch < n ? batch : n};
    job->degrees = PAL_ARENA_ARRAY(scratch, double, job->n_nodes);
    if (!job->degrees || !lightgcn_allocate(job, scratch))
        return pal_fail_memory(ctx, "lightgcn", 24.0 * job->k * job->n_nodes + 12.0 * (double)n);
    TRY(lightgcn_graph(ctx, pairs, job->degrees, scratch, &job->graph));
    for (int32_t u = 0; u < job->n_users; u++) {
        for (int64_t e = pairs->starts[u]; e < pairs->starts[u + 1]; e++) job->owners[e] = u;
    }
    for (int64_t e = 0; e < n; e++) job->order[e] = e;
    lightgcn_draw_rows(job, 0, job->n_users, "rows of users");
    lightgcn_draw_rows(job, job->n_users, pairs->n_cols, "rows of items");
    return PAL_OK;
}

static pal_status lightgcn_prepare(pal_ctx *ctx, const void *params, pal_arena *arena,
                                   void *state) {
    lightgcn_state *s = state;
    return pal_panels_pack_rows(ctx, "lightgcn", s->items, &s->small_items, s->n_items,
                                (int32_t)((const lightgcn_params *)params)->factors, arena,
                                &s->panels, &s->packed);
}

/* The state that a file would hold, from the rows as they are. */
static pal_status lightgcn_publish(lightgcn_job *job, pal_arena *arena, lightgcn_state *s) {
    int64_t k = job->k, n_user = job->n_users * k;
    float scale = 1 / (float)(job->p->layers + 1);
    lightgcn_propagate(job, job->rows, job->p->layers, job->final, job->other);
    for (int64_t f = 0; f < n_user; f++) s->users[f] = scale * job->final[f];
    for (int64_t i = 0; i < s->n_items; i++) {
        float hop = scale / (float)sqrt(fmax(job->degrees[job->n_users + i], 1e-30));
        for (int64_t f = i * k; f < (i + 1) * k; f++) {
            s->items[f] = scale * job->final[n_user + f];
            s->hops[f] = hop * job->other[n_user + f];
        }
    }
    return lightgcn_prepare(job->ctx, job->p, arena, s);
}

/* What an epoch starts from, and what follows from it. */
static pal_status lightgcn_begin(lightgcn_job *job, pal_arena *arena, lightgcn_state *s,
                                 pal_epochs *run) {
    int64_t bytes = (int64_t)job->n_nodes * job->k * (int64_t)sizeof *job->rows;
    pal_epochs_init(run, job->ctx, "lightgcn", job->p->epochs, job->p->tolerance);
    pal_epochs_add(run, "rows", job->rows, bytes);
    pal_epochs_carry(run, "rows", job->rows, bytes, s->n_users, job->n_nodes - s->n_users, false);
    pal_epochs_add(run, "first", job->first, bytes);
    pal_epochs_add(run, "second", job->second, bytes);
    pal_epochs_add(run, "steps", &job->n_steps, sizeof job->n_steps);
    TRY(pal_epochs_begin(run));
    for (int64_t e = 1; e <= run->epoch; e++) lightgcn_shuffle(job, e);
    return run->epoch ? lightgcn_publish(job, arena, s) : PAL_OK;
}

static pal_status lightgcn_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                               pal_arena *arena, pal_arena *scratch, void *state) {
    const lightgcn_params *p = params;
    lightgcn_state *s = state;
    pal_csr pairs;
    lightgcn_job job;
    TRY(pal_log_pairs(ctx, train->log, UINT32_MAX, scratch, &pairs));
    s->n_users = pairs.n_rows;
    s->n_items = pairs.n_cols;
    s->users = PAL_ARENA_ARRAY(arena, float, s->n_users * p->factors);
    s->items = PAL_ARENA_ARRAY(arena, float, s->n_items * p->factors);
    s->hops = PAL_ARENA_ARRAY(arena, float, s->n_items * p->factors);
    if (!s->users || !s->items || !s->hops)
        return pal_fail_memory(ctx, "lightgcn", 8.0 * (double)p->factors * s->n_items);
    TRY(lightgcn_open(ctx, p, &pairs, scratch, &job));
    pal_epochs run;
    TRY(lightgcn_begin(&job, arena, s, &run));
    while (pal_epochs_next(&run)) {
        job.epoch = run.epoch;
        double loss = lightgcn_epoch(&job);
        TRY(pal_check_cancelled(ctx));
        if (!isfinite(loss)) {
            return pal_fail(ctx, PAL_EDATA,
                            "lightgcn: diverged in epoch %" PRId64
                            ": the loss left all bounds; use a learning_rate under %g",
                            job.epoch, p->learning_rate);
        }
        TRY(lightgcn_publish(&job, arena, s));
        TRY(pal_epochs_end(&run, loss));
    }
    return PAL_OK;
}

/* --- score --- */

/* Scratch: the history's, then a row for each query, room for two rows. */
static size_t lightgcn_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    const lightgcn_params *p = params;
    return pal_history_bytes(((const lightgcn_state *)state)->n_items) +
           ((size_t)n_queries + 2) * (size_t)p->factors * sizeof(float);
}

/* user [k], then room for a row. */
static void lightgcn_user(const lightgcn_state *s, int32_t k, const pal_query *query, void *scratch,
                          float *user) {
    if (query->user_plus_1) {
        const float *own = pal_row_at(s->users, &s->small_users, k, query->user_plus_1 - 1, user);
        if (own != user) memcpy(user, own, (size_t)k * sizeof *user);
        return;
    }
    const int32_t *history;
    int32_t n = pal_history_distinct(query, s->n_items, scratch, &history);
    pal_row_sum(s->hops, &s->small_hops, k, history, n, user + k, user);
    float scale = n ? 1 / sqrtf((float)n) : 0;
    for (int32_t f = 0; f < k; f++) user[f] *= scale;
}

static void lightgcn_score(const void *params, const void *state, const pal_query *queries,
                           int32_t n_queries, void *scratch, float *scores) {
    const lightgcn_state *s = state;
    int32_t k = (int32_t)((const lightgcn_params *)params)->factors;
    float *users = (float *)(void *)((char *)scratch + pal_history_bytes(s->n_items));
    for (int32_t q = 0; q < n_queries; q++)
        lightgcn_user(s, k, &queries[q], scratch, users + (int64_t)q * k);
    pal_panels_score(&s->packed, users, n_queries, NULL, scores);
}

/* Each item used adds its hop's product; the rest is what was learned of the person himself. */
static int32_t lightgcn_explain(const void *params, const void *state, const pal_query *query,
                                int32_t item, void *scratch, pal_reason *reasons) {
    const lightgcn_state *s = state;
    int32_t k = (int32_t)((const lightgcn_params *)params)->factors;
    float *user = (float *)(void *)((char *)scratch + pal_history_bytes(s->n_items));
    lightgcn_user(s, k, query, scratch, user);
    const float *row = pal_row_at(s->items, &s->small_items, k, item, user + k);
    const int32_t *history;
    int32_t n = pal_history_distinct(query, s->n_items, scratch, &history);
    double rest = 0;
    for (int32_t f = 0; f < k; f++) rest += (double)user[f] * (double)row[f];
    for (int32_t h = 0; h < n; h++) {
        double amount = 0;
        const float *hop = pal_row_at(s->hops, &s->small_hops, k, history[h], user + 2 * k);
        for (int32_t f = 0; f < k; f++) amount += (double)hop[f] * (double)row[f];
        reasons[h] = (pal_reason){.item = history[h], .amount = amount / sqrt((double)n)};
        rest -= reasons[h].amount;
    }
    if (query->user_plus_1)
        reasons[n++] = (pal_reason){
            .item = -1, .what = "what was learned of the person beyond that", .amount = rest};
    return n;
}

static int32_t lightgcn_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                                pal_tensor tensors[PAL_TENSORS_MAX]) {
    const lightgcn_params *p = params;
    lightgcn_state *s = state;
    s->n_users = n_users;
    s->n_items = n_items;
    tensors[0] =
        pal_float_rows("users", &s->users, n_users, p->factors, PAL_ROLE_USERS, &s->small_users);
    tensors[1] =
        pal_float_rows("items", &s->items, n_items, p->factors, PAL_ROLE_ITEMS, &s->small_items);
    tensors[2] =
        pal_float_rows("hops", &s->hops, n_items, p->factors, PAL_ROLE_DATA, &s->small_hops);
    return 3;
}

static void lightgcn_estimate(const void *params, const pal_log *log, int32_t n_threads,
                              pal_estimate *out) {
    const lightgcn_params *p = params;
    double k = (double)p->factors, rows = (double)log->n_users + log->n_items,
           n = (double)log->n_events, steps = p->batch ? n / (double)p->batch : fmin(n / 2048, 64),
           epochs = p->patience > 0 ? (double)p->epochs / 4 : (double)p->epochs;
    out->seconds = epochs * ceil(steps) *
                   (4 * (double)p->layers * n * k * 0.06e-9 + rows * k * 2e-9) / n_threads;
    out->bytes = 28 * k * rows + 40 * n;
}

const pal_kind pal_kind_lightgcn = {
    .name = "lightgcn",
    .family = "collaborative",
    .summary =
        "rows of users and items, each gathering those of its neighbours in the graph of who "
        "used what",
    .paper = "He, Deng, Wang, Li, Zhang, Wang: LightGCN: simplifying and powering graph "
             "convolution network for recommendation, SIGIR 2020",
    .derivation =
        "F = Σ_l A^l E / (L+1), so a small change dE changes the loss by <G, dF> with G = "
        "∂loss/∂F, and <G, Σ_l A^l dE> / (L+1) = <Σ_l (A^l)ᵀ G, dE> / (L+1). A is symmetric: "
        "∂loss/∂E = Σ_l A^l G / (L+1), the same sum over layers as for F. G has for one pair "
        "with e = σ(-x): -e (F_i - F_j) for u, -e F_u for i, e F_u for j, as in bpr.",
    .represents = "a row gathered from the items used | a row gathered from its users",
    .traits = PAL_SCORES_NEW_USERS | PAL_IS_STOCHASTIC,
    .params = lightgcn_table,
    .params_size = sizeof(lightgcn_params),
    .state_size = sizeof(lightgcn_state),
    .fit = lightgcn_fit,
    .prepare = lightgcn_prepare,
    .scratch_bytes = lightgcn_scratch_bytes,
    .score = lightgcn_score,
    .tensors = lightgcn_tensors,
    .explain = lightgcn_explain,
    .estimate = lightgcn_estimate,
};
