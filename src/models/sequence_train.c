/* sequence_train.c - a step of a sequence kind: windows dealt to chunks and packed, passes of the
 * encoder, the loss, Adam. */
#include "models/sequence_train.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "nn/adam.h"
#include "nn/linear.h"
#include "nn/loops.h"
#include "nn/loss.h"
#include "nn/softmax.h"
#include "nn/table.h"
#include "nn/training.h"

enum { CHUNKS = PAL_SEQUENCE_CHUNKS, TRAIN_ROWS = PAL_SEQUENCE_ROWS };

typedef struct { /* targets are the events [first, first + n); inputs the ones before */
    int64_t first;
    int32_t n;
    bool is_start; /* of the history: its first input is the start */
} train_window;

typedef struct { /* windows of a batch that one thread passes */
    int64_t n, n_groups, first, n_positions;
    int64_t *starts, *lengths; /* [groups + 1], [n] */
    const train_window **windows;
    float *room, *logits, *d_drawn; /* logits [TRAIN_ROWS, drawn] */
    double loss;
} train_chunk;

typedef struct {
    pal_ctx *ctx;
    const pal_encoder *encoder;
    const pal_sequence_options *o;
    const pal_log *log;
    float mean_weight;
    int64_t n_windows, n_targets;
    train_window *windows; /* [n_windows] */
    int64_t batch, per_chunk, longest, capacity, chunk_capacity;
    train_chunk chunks[CHUNKS];
    const train_window **sorted; /* [batch] */
    /* The batch, [capacity] positions. */
    int64_t n, number;
    int32_t *entries; /* inputs, then targets, then drawn items: whose rows get gradients */
    int32_t *inputs, *targets;
    float *weights; /* or NULL */
    int64_t *counting;
    uint8_t *masks;
    float *x, *y, *dy, *slopes; /* slopes: dx, then of targets' rows, then of drawn ones */
    /* Drawn items. */
    int64_t n_drawn;
    int32_t *deck, *slot; /* [n_items] a permutation; 1 + place among the drawn, or 0 */
    float *drawn;         /* [n_drawn, factors] */
    pal_parameters network, dense;
    pal_table table;
    pal_softmax softmax;
    pal_sequence_state *state;
    pal_arena *arena;
    pal_dropout_key dropout;
} train_job;

static bool train_draws(const train_job *job) { return job->o->loss != PAL_SEQUENCE_SOFTMAX; }

/* --- windows --- */

static void train_cut_user(train_job *job, int32_t user, bool keeps) {
    int64_t begin = job->log->starts[user], end = job->log->starts[user + 1];
    while (end > begin) {
        int64_t n = end - begin < job->o->length ? end - begin : job->o->length;
        end -= n;
        if (keeps)
            job->windows[job->n_windows] =
                (train_window){.first = end, .n = (int32_t)n, .is_start = end == begin};
        if (n > job->longest) job->longest = n;
        job->n_windows++;
    }
}

static pal_status train_cut(train_job *job, pal_arena *scratch) {
    const pal_log *log = job->log;
    for (int32_t u = 0; u < log->n_users; u++) train_cut_user(job, u, false);
    job->windows = PAL_ARENA_ARRAY(scratch, train_window, job->n_windows);
    if (!job->windows)
        return pal_fail_memory(job->ctx, job->encoder->name, 16.0 * (double)job->n_windows);
    job->n_windows = 0;
    for (int32_t u = 0; u < log->n_users; u++) train_cut_user(job, u, true);
    job->n_targets = log->n_events;
    double sum = 0;
    for (int64_t e = 0; log->weights && e < log->n_events; e++) sum += (double)log->weights[e];
    job->mean_weight = sum > 0 ? (float)(sum / (double)log->n_events) : 1;
    return PAL_OK;
}

/* --- room --- */

static bool train_allocate_chunk(const train_job *job, train_chunk *c, pal_arena *scratch) {
    int64_t groups = job->longest > job->per_chunk ? job->longest : job->per_chunk,
            k = job->o->factors;
    const pal_encoder *e = job->encoder;
    c->starts = PAL_ARENA_ARRAY(scratch, int64_t, groups + 1);
    c->lengths = PAL_ARENA_ARRAY(scratch, int64_t, job->per_chunk);
    c->windows = PAL_ARENA_ARRAY(scratch, const train_window *, job->per_chunk);
    c->room = PAL_ARENA_ARRAY(scratch, float,
                              e->room(e->params, job->chunk_capacity, job->per_chunk, true));
    c->logits = PAL_ARENA_ARRAY(scratch, float, TRAIN_ROWS *(job->n_drawn + 1));
    c->d_drawn = PAL_ARENA_ARRAY(scratch, float, job->n_drawn *k);
    return c->starts && c->lengths && c->windows && c->room && c->logits && c->d_drawn;
}

static bool train_allocate(train_job *job, pal_arena *scratch) {
    int64_t n = job->capacity, k = job->o->factors, n_items = job->log->n_items;
    job->sorted = PAL_ARENA_ARRAY(scratch, const train_window *, job->batch);
    job->entries = PAL_ARENA_ARRAY(scratch, int32_t, 2 * n + job->n_drawn);
    job->inputs = job->entries;
    job->targets = job->entries + n;
    job->weights = job->log->weights ? PAL_ARENA_ARRAY(scratch, float, n) : NULL;
    job->counting = PAL_ARENA_ARRAY(scratch, int64_t, n + 1);
    job->masks = PAL_ARENA_ARRAY(scratch, uint8_t, n * k);
    job->x = PAL_ARENA_ARRAY(scratch, float, n *k);
    job->y = PAL_ARENA_ARRAY(scratch, float, n *k);
    job->dy = PAL_ARENA_ARRAY(scratch, float, n *k);
    job->slopes = PAL_ARENA_ARRAY(scratch, float, (2 * n + job->n_drawn) * k);
    job->deck = PAL_ARENA_ARRAY(scratch, int32_t, n_items);
    job->slot = PAL_ARENA_ARRAY(scratch, int32_t, n_items);
    job->drawn = PAL_ARENA_ARRAY(scratch, float, job->n_drawn *k);
    bool has_memory = job->sorted && job->entries && (job->weights || !job->log->weights) &&
                      job->counting && job->masks && job->x && job->y && job->dy && job->slopes &&
                      job->deck && job->slot && job->drawn;
    for (int32_t c = 0; has_memory && c < CHUNKS; c++)
        has_memory = train_allocate_chunk(job, &job->chunks[c], scratch);
    return has_memory;
}

static void train_draw(train_job *job) {
    const pal_encoder *e = job->encoder;
    e->draw(e->params, job->ctx->seed, job->network.values);
    pal_draw_normal(job->ctx->seed, "items", job->state->items,
                    (int64_t)job->log->n_items * job->o->factors, 0.1);
    for (int32_t i = 0; i < job->log->n_items; i++) job->deck[i] = i;
    for (int64_t i = 0; i <= job->capacity; i++) job->counting[i] = i;
}

/* The table of items and what steps it: rows that a batch touches, or all where all are held
 * against. */
static pal_status train_open_items(train_job *job, pal_arena *arena, pal_arena *scratch) {
    pal_ctx *ctx = job->ctx;
    const char *name = job->encoder->name;
    int32_t n = job->log->n_items, k = (int32_t)job->o->factors;
    if (train_draws(job)) {
        job->state->items = PAL_ARENA_ARRAY(arena, float, (int64_t)n *k);
        if (!job->state->items) return pal_fail_memory(ctx, name, 4.0 * n * k);
    } else {
        pal_parameters_add(&job->dense, "items", n, k);
        TRY(pal_parameters_open(ctx, name, 0, arena, scratch, &job->dense));
        TRY(pal_softmax_open(ctx, name, n, k, scratch, &job->softmax));
        job->state->items = job->dense.values;
    }
    return pal_table_open(ctx, name, job->state->items, n, k, 2 * job->capacity + job->n_drawn,
                          scratch, &job->table);
}

static pal_status train_open(train_job *job, pal_arena *arena, pal_arena *scratch) {
    const pal_sequence_options *o = job->o;
    const pal_encoder *e = job->encoder;
    pal_ctx *ctx = job->ctx;
    int32_t n_items = job->log->n_items, k = (int32_t)o->factors;
    TRY(train_cut(job, scratch));
    job->batch = o->batch < job->n_windows ? o->batch : job->n_windows;
    job->per_chunk = (job->batch + CHUNKS - 1) / CHUNKS;
    job->chunk_capacity = job->per_chunk * job->longest;
    job->capacity = job->batch * job->longest;
    job->n_drawn = train_draws(job) ? (o->negatives < n_items ? o->negatives : n_items) : 0;
    e->layout(e->params, &job->network);
    if (!train_allocate(job, scratch))
        return pal_fail_memory(ctx, e->name, 24.0 * (double)job->capacity * k);
    TRY(pal_parameters_open(ctx, e->name, CHUNKS, arena, scratch, &job->network));
    TRY(train_open_items(job, arena, scratch));
    job->state->network = job->network.values;
    job->state->n_items = n_items;
    job->arena = arena;
    job->dropout.seed = pal_seed_for(ctx->seed, "dropout");
    train_draw(job);
    return PAL_OK;
}

/* --- a batch --- */

static int train_by_length(const void *a, const void *b) {
    const train_window *x = *(const train_window *const *)a, *y = *(const train_window *const *)b;
    if (x->n != y->n) return x->n > y->n ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

static void train_place(train_job *job, const train_window *w, int64_t t, int64_t position) {
    int64_t event = w->first + t;
    job->targets[position] = job->log->items[event];
    job->inputs[position] = t == 0 && w->is_start ? -1 : job->log->items[event - 1];
    if (job->weights) job->weights[position] = job->log->weights[event] / job->mean_weight;
}

/* Every CHUNKS-th window by length is a chunk's, so that chunks take the same time. */
static void train_deal(train_job *job, const pal_step *step) {
    bool by_step = job->encoder->by_step;
    for (int64_t i = 0; i < step->n; i++) job->sorted[i] = &job->windows[step->examples[i]];
    qsort(job->sorted, (size_t)step->n, sizeof(const train_window *), train_by_length);
    job->n = 0;
    for (int64_t c = 0; c < CHUNKS; c++) {
        train_chunk *chunk = &job->chunks[c];
        chunk->n = chunk->n_groups = chunk->n_positions = 0;
        chunk->first = job->n;
        for (int64_t i = c; i < step->n; i += CHUNKS) {
            chunk->lengths[chunk->n] = job->sorted[i]->n;
            chunk->windows[chunk->n++] = job->sorted[i];
        }
        if (chunk->n == 0) continue;
        chunk->n_groups = pal_sequence_pack(by_step, chunk->n, chunk->lengths, chunk->starts);
        chunk->n_positions = chunk->starts[chunk->n_groups];
        for (int64_t s = 0; s < chunk->n; s++) {
            for (int64_t t = 0; t < chunk->lengths[s]; t++)
                train_place(job, chunk->windows[s], t,
                            chunk->first + (by_step ? chunk->starts[t] + s : chunk->starts[s] + t));
        }
        job->n += chunk->n_positions;
    }
}

/* The first n_drawn cards of a deck that is shuffled on from batch to batch. */
static void train_draw_items(train_job *job) {
    int32_t n_items = job->log->n_items;
    pal_rng rng = pal_rng_at(pal_seed_for(job->ctx->seed, "negatives"), (uint64_t)job->number);
    for (int64_t i = 0; i < job->n_drawn; i++) job->slot[job->deck[i]] = 0;
    for (int64_t i = 0; i < job->n_drawn; i++) {
        int64_t other = i + pal_rng_below(&rng, (uint32_t)(n_items - i));
        int32_t item = job->deck[other];
        job->deck[other] = job->deck[i];
        job->deck[i] = item;
        job->slot[item] = (int32_t)i + 1;
    }
    pal_table_gather(&job->table, job->deck, job->n_drawn, job->drawn, job->o->factors);
}

/* --- losses over the drawn --- */

/* -log softmax over the target and the drawn; logits become p weight. Returns the loss, *d the
 * slope of the target. */
static double train_sampled_row(float *logits, int64_t n, double target, double shift,
                                double weight, double *d) {
    const pal_loops *loops = pal_loops_best();
    double most = fmax((double)loops->largest(logits, n) + shift, target);
    double drawn = (double)loops->exp(logits, (float)(shift - most), 1, logits, n);
    double own = exp(target - most), sum = own + drawn;
    float share = (float)(weight / sum);
    for (int64_t i = 0; i < n; i++) logits[i] *= share;
    *d = weight * (own / sum - 1);
    return most + log(sum) - target;
}

static double train_bpr_row(float *logits, int64_t n, double target, double weight, double *d) {
    double loss = 0, pulled = 0, share = 1 / (double)n;
    for (int64_t i = 0; i < n; i++) {
        double x = (double)logits[i] - target, e = exp(-fabs(x));
        double slope = x > 0 ? 1 / (1 + e) : e / (1 + e);
        loss += (x > 0 ? x : 0) + log1p(e);
        logits[i] = (float)(weight * share * slope);
        pulled += slope;
    }
    *d = -weight * share * pulled;
    return loss * share;
}

/* One position: its slope by the target's row and by its own, in part. */
static double train_row(const train_job *job, int64_t position, float *logits) {
    int64_t k = job->o->factors;
    int32_t target = job->targets[position], hit = job->slot[target] - 1;
    const float *y = job->y + position * k, *row = job->table.values + target * k;
    double own = (double)pal_loops_best()->dot(y, row, k), d, loss,
           weight = job->weights ? (double)job->weights[position] : 1,
           scale = weight / (double)job->n;
    int64_t others = job->n_drawn - (hit >= 0), n_items = job->log->n_items;
    float *d_target = job->slopes + (job->capacity + position) * k;
    memset(d_target, 0, (size_t)k * sizeof *d_target);
    if (others == 0) { /* nothing to be held against */
        memset(logits, 0, (size_t)job->n_drawn * sizeof *logits);
        return 0;
    }
    if (hit >= 0) logits[hit] = -INFINITY;
    if (job->o->loss == PAL_SEQUENCE_SAMPLED) {
        double shift = log((double)(n_items - 1) / (double)others);
        loss = train_sampled_row(logits, job->n_drawn, own, shift, scale, &d);
    } else {
        loss = train_bpr_row(logits, job->n_drawn, own, scale, &d);
    }
    pal_loops_best()->add_scaled(d_target, y, (float)d, k);
    pal_loops_best()->add_scaled(job->dy + position * k, row, (float)d, k);
    return weight * loss;
}

static void train_hold(const train_job *job, train_chunk *c) {
    int64_t k = job->o->factors, m = job->n_drawn;
    memset(c->d_drawn, 0, (size_t)(m * k) * sizeof *c->d_drawn);
    memset(job->dy + c->first * k, 0, (size_t)(c->n_positions * k) * sizeof *job->dy);
    for (int64_t r = 0; r < c->n_positions; r += TRAIN_ROWS) {
        int64_t first = c->first + r,
                n = c->n_positions - r < TRAIN_ROWS ? c->n_positions - r : TRAIN_ROWS;
        const float *y = job->y + first * k;
        pal_gemm(false, true, n, m, k, y, k, job->drawn, k, 0, c->logits, m);
        for (int64_t q = 0; q < n; q++) c->loss += train_row(job, first + q, c->logits + q * m);
        pal_gemm(true, false, m, k, n, c->logits, m, y, k, 1, c->d_drawn, k);
        pal_gemm(false, false, n, k, m, c->logits, m, job->drawn, k, 1, job->dy + first * k, k);
    }
}

/* --- passes --- */

static pal_sequence_pass train_pass(const train_job *job, const train_chunk *c, float *gradient) {
    int64_t at = c->first * job->o->factors;
    int64_t chunk = c - job->chunks;
    return (pal_sequence_pass){.network = job->network.values,
                               .derived = job->state->derived,
                               .n = c->n_positions,
                               .n_groups = c->n_groups,
                               .starts = c->starts,
                               .n_sequences = c->n,
                               .trains = true,
                               .dropout = job->o->dropout,
                               .key = {job->dropout.seed + 1, job->number, chunk},
                               .x = job->x + at,
                               .y = job->y + at,
                               .room = c->room,
                               .dy = job->dy + at,
                               .dx = job->slopes + at,
                               .gradient = gradient};
}

static void train_forward(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    train_job *job = arg;
    train_chunk *c = &job->chunks[chunk];
    c->loss = 0;
    if (c->n == 0) return;
    int64_t k = job->o->factors, at = c->first * k;
    pal_table_gather(&job->table, job->inputs + c->first, c->n_positions, job->x + at, k);
    pal_dropout_key key = {job->dropout.seed, job->number, chunk};
    pal_dropout_forward(key, job->o->dropout, job->x + at, job->masks + at, c->n_positions * k);
    pal_sequence_pass pass = train_pass(job, c, NULL);
    job->encoder->forward(job->encoder->params, &pass);
}

static void train_backward(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    train_job *job = arg;
    train_chunk *c = &job->chunks[chunk];
    float *gradient = pal_parameters_chunk(&job->network, chunk);
    if (train_draws(job)) train_hold(job, c);
    if (c->n == 0) return;
    int64_t k = job->o->factors, at = c->first * k;
    pal_sequence_pass pass = train_pass(job, c, gradient);
    job->encoder->backward(job->encoder->params, &pass);
    pal_dropout_backward(job->o->dropout, job->masks + at, job->slopes + at, c->n_positions * k);
}

/* Loss of the batch and dy by the softmax over all items; its slopes by rows go to the dense
 * gradient. */
static double train_softmax(train_job *job) {
    memset(job->dense.gradient, 0, (size_t)job->dense.n * sizeof *job->dense.gradient);
    pal_softmax *s = &job->softmax;
    s->weights = job->dense.values;
    s->d_weights = job->dense.gradient;
    s->n_rows = job->n;
    s->hidden = job->y;
    s->d_hidden = job->dy;
    s->begins = job->counting;
    s->ends = job->counting + 1;
    s->targets = job->targets;
    s->amounts = job->weights;
    s->scale = 1 / (float)job->n;
    return pal_softmax_run(job->ctx->pool, s);
}

static double train_count(const train_job *job) {
    double k = (double)job->o->factors,
           held = train_draws(job) ? 3.0 * (double)job->n_drawn : 4.0 * (double)job->log->n_items;
    return (double)job->n * (3 * job->encoder->work(job->encoder->params) + held * k);
}

/* --- a step --- */

/* Rows of items: those that went in, and those that were held against. */
static void train_step_items(train_job *job, pal_adam *adam) {
    int64_t k = job->o->factors, n = job->capacity;
    pal_pool *pool = job->ctx->pool;
    for (int64_t i = job->n; i < n; i++) job->inputs[i] = job->targets[i] = -1;
    if (!train_draws(job)) {
        pal_table_touch(&job->table, job->inputs, NULL, NULL, job->n);
        pal_table_sum(pool, &job->table, job->slopes, k);
        for (int64_t t = 0; t < job->table.n_touched; t++)
            pal_loops_best()->add_scaled(job->dense.gradient + job->table.touched[t] * k,
                                         job->table.gradient + t * k, 1, k);
        pal_adam_parameters(pool, adam, &job->dense);
        return;
    }
    float *sum = job->slopes + 2 * n * k;
    memset(sum, 0, (size_t)(job->n_drawn * k) * sizeof *sum);
    for (int32_t c = 0; c < CHUNKS; c++)
        pal_loops_best()->add_scaled(sum, job->chunks[c].d_drawn, 1, job->n_drawn * k);
    memcpy(job->entries + 2 * n, job->deck, (size_t)job->n_drawn * sizeof *job->deck);
    pal_table_touch(&job->table, job->entries, NULL, NULL, 2 * n + job->n_drawn);
    pal_table_sum(pool, &job->table, job->slopes, k);
    pal_adam_table(pool, adam, &job->table);
}

static double train_step(void *arg, const pal_step *step) {
    train_job *job = arg;
    pal_pool *pool = job->ctx->pool;
    const pal_encoder *e = job->encoder;
    double loss = 0;
    job->number = step->number;
    train_deal(job, step);
    if (train_draws(job)) train_draw_items(job);
    if (e->derive) e->derive(e->params, job->network.values, job->state->derived);
    pal_parallel(pool, CHUNKS, train_forward, job);
    if (!train_draws(job)) loss = train_softmax(job);
    pal_parallel(pool, CHUNKS, train_backward, job);
    for (int32_t c = 0; c < CHUNKS; c++) loss += job->chunks[c].loss;
    pal_parameters_sum(pool, &job->network);
    pal_adam adam = pal_adam_at(step->rate, step->number);
    adam.scale = pal_clip(&job->network, NULL, 0, job->o->clip, NULL);
    pal_adam_parameters(pool, &adam, &job->network);
    adam.scale = 1;
    train_step_items(job, &adam);
    job->ctx->multiply_adds += train_count(job);
    /* The loop divides by windows: the curve shall show the mean of an event. */
    return loss * (double)job->n_windows / (double)job->n_targets;
}

static pal_status train_publish(void *arg) {
    train_job *job = arg;
    return pal_sequence_prepare(job->ctx, job->encoder, job->arena, job->state);
}

pal_status pal_sequence_fit(pal_ctx *ctx, const pal_encoder *encoder, const pal_train_input *train,
                            pal_arena *arena, pal_arena *scratch, pal_sequence_state *state) {
    const pal_sequence_options *o = encoder->options;
    train_job *job = PAL_ARENA_ARRAY(scratch, train_job, 1);
    if (!job) return pal_fail_memory(ctx, encoder->name, sizeof *job);
    *job = (train_job){.ctx = ctx, .encoder = encoder, .o = o, .log = train->log, .state = state};
    TRY(train_open(job, arena, scratch));
    TRY(pal_sequence_prepare(ctx, encoder, arena, state));
    bool draws = train_draws(job);
    pal_training training = {.kind = encoder->name,
                             .epochs = o->epochs,
                             .n_examples = job->n_windows,
                             .batch = job->batch,
                             .learning_rate = o->learning_rate,
                             .tolerance = o->tolerance,
                             .parameters = {&job->network, draws ? NULL : &job->dense},
                             .tables = {draws ? &job->table : NULL},
                             .deck = draws ? job->deck : NULL,
                             .n_cards = train->log->n_items,
                             .step = train_step,
                             .publish = train_publish,
                             .arg = job};
    return pal_training_run(ctx, &training, scratch);
}
