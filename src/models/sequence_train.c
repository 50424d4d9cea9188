/* sequence_train.c - a step of a sequence kind: windows dealt to chunks and packed, passes of the
 * encoder, the loss, Adam. */
#include "models/sequence_train.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "base/rng.h"
#include "models/sequence_loss.h"
#include "nn/adam.h"
#include "nn/linear.h"
#include "nn/loops.h"
#include "nn/loss.h"
#include "nn/softmax.h"
#include "nn/table.h"
#include "nn/training.h"

enum { CHUNKS = PAL_SEQUENCE_CHUNKS };

typedef struct { /* windows of a batch that one thread passes */
    int64_t n, n_groups, first, n_positions;
    int64_t *starts, *lengths; /* [groups + 1], [n] */
    const pal_sequence_window **windows;
    float *room;
    pal_sequence_part part;
    double loss;
} train_chunk;

typedef struct {
    pal_ctx *ctx;
    const pal_encoder *encoder;
    const pal_sequence_options *o;
    const pal_log *log;
    pal_sequence_windows windows;
    int64_t batch, per_chunk, capacity, chunk_capacity, n_entries;
    train_chunk chunks[CHUNKS];
    const pal_sequence_window **sorted; /* [batch] */
    /* The batch, [capacity] positions. */
    int64_t n, n_sequences, number;
    int32_t *entries; /* inputs, then targets, then drawn items of the chunks: whose rows get
                         gradients */
    int32_t *inputs, *targets;
    float *weights; /* or NULL */
    int64_t *counting;
    uint8_t *masks;
    float *x, *y, *dy, *slopes; /* slopes: by entry: dx, of targets' rows, of drawn ones */
    int32_t *owners;            /* window of its chunk that a position is of */
    pal_sequence_draws draws;
    uint64_t draws_seed;
    pal_parameters network, dense;
    pal_table table;
    pal_softmax softmax;
    pal_sequence_held held;
    pal_sequence_state *state;
    pal_arena *arena;
    pal_dropout_key dropout;
    double seconds, n_passed; /* of all steps: time, positions */
} train_job;

static bool train_draws(const train_job *job) { return job->o->loss != PAL_SEQUENCE_SOFTMAX; }

/* --- room --- */

static bool train_allocate_chunk(train_job *job, int64_t number, pal_arena *scratch) {
    train_chunk *c = &job->chunks[number];
    const pal_encoder *e = job->encoder;
    const pal_sequence_draws *draws = &job->draws;
    int64_t groups = job->windows.longest > job->per_chunk ? job->windows.longest : job->per_chunk,
            k = job->o->factors, n = draws->n_drawn;
    c->starts = PAL_ARENA_ARRAY(scratch, int64_t, groups + 1);
    c->lengths = PAL_ARENA_ARRAY(scratch, int64_t, job->per_chunk);
    c->windows = PAL_ARENA_ARRAY(scratch, const pal_sequence_window *, job->per_chunk);
    c->room = PAL_ARENA_ARRAY(scratch, float,
                              e->room(e->params, job->chunk_capacity, job->per_chunk, true));
    c->part = (pal_sequence_part){
        .chunk = number,
        .drawn = PAL_ARENA_ARRAY(scratch, float, n *k),
        .logits = PAL_ARENA_ARRAY(scratch, float, PAL_SEQUENCE_ROWS_HELD *n),
        .d_drawn = job->slopes + (2 * job->capacity + number * n) * k,
        .spared_starts = PAL_ARENA_ARRAY(scratch, int64_t, job->per_chunk + 1),
        .spared = PAL_ARENA_ARRAY(scratch, int32_t, job->per_chunk * draws->n_spared)};
    return c->starts && c->lengths && c->windows && c->room && c->part.drawn && c->part.logits &&
           c->part.spared_starts && c->part.spared;
}

static bool train_allocate(train_job *job, pal_arena *scratch) {
    int64_t n = job->capacity, k = job->o->factors;
    job->sorted = PAL_ARENA_ARRAY(scratch, const pal_sequence_window *, job->batch);
    job->entries = PAL_ARENA_ARRAY(scratch, int32_t, job->n_entries);
    job->inputs = job->entries;
    job->targets = job->entries + n;
    job->owners = PAL_ARENA_ARRAY(scratch, int32_t, n);
    job->weights = job->log->weights ? PAL_ARENA_ARRAY(scratch, float, n) : NULL;
    job->counting = PAL_ARENA_ARRAY(scratch, int64_t, n + 1);
    job->masks = PAL_ARENA_ARRAY(scratch, uint8_t, n * k);
    job->x = PAL_ARENA_ARRAY(scratch, float, n *k);
    job->y = PAL_ARENA_ARRAY(scratch, float, n *k);
    job->dy = PAL_ARENA_ARRAY(scratch, float, n *k);
    job->slopes = PAL_ARENA_ARRAY(scratch, float, job->n_entries *k);
    bool has_memory = job->sorted && job->entries && job->owners &&
                      (job->weights || !job->log->weights) && job->counting && job->masks &&
                      job->x && job->y && job->dy && job->slopes;
    for (int32_t c = 0; has_memory && c < CHUNKS; c++)
        has_memory = train_allocate_chunk(job, c, scratch);
    return has_memory;
}

static void train_draw(train_job *job) {
    const pal_encoder *e = job->encoder;
    e->draw(e->params, job->ctx->seed, job->network.values);
    pal_draw_normal(job->ctx->seed, "items", job->state->items,
                    (int64_t)job->log->n_items * job->o->factors, e->deviation);
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
    TRY(pal_table_open(ctx, name, job->state->items, n, k, job->n_entries, scratch, &job->table));
    job->table.is_of_items = true;
    return PAL_OK;
}

static pal_sequence_held train_held(const train_job *job) {
    return (pal_sequence_held){.loss = (pal_sequence_loss)job->o->loss,
                               .calibration = job->o->calibration,
                               .draws = &job->draws,
                               .width = job->o->factors,
                               .items = job->state->items,
                               .targets = job->targets,
                               .owners = job->owners,
                               .weights = job->weights,
                               .y = job->y,
                               .dy = job->dy,
                               .d_targets = job->slopes + job->capacity * job->o->factors};
}

static pal_status train_open(train_job *job, pal_arena *arena, pal_arena *scratch) {
    const pal_sequence_options *o = job->o;
    const pal_encoder *e = job->encoder;
    pal_ctx *ctx = job->ctx;
    TRY(pal_sequence_cut(ctx, e->name, job->log, o->length, scratch, &job->windows));
    job->batch = o->batch < job->windows.n ? o->batch : job->windows.n;
    job->per_chunk = (job->batch + CHUNKS - 1) / CHUNKS;
    job->chunk_capacity = job->per_chunk * job->windows.longest;
    job->capacity = job->batch * job->windows.longest;
    if (train_draws(job))
        TRY(pal_sequence_draws_open(ctx, e->name, job->log, o->negatives, CHUNKS, scratch,
                                    &job->draws));
    job->n_entries = 2 * job->capacity + CHUNKS * job->draws.n_drawn;
    e->layout(e->params, &job->network);
    if (!train_allocate(job, scratch))
        return pal_fail_memory(ctx, e->name, 24.0 * (double)job->capacity * (double)o->factors);
    TRY(pal_parameters_open(ctx, e->name, CHUNKS, arena, scratch, &job->network));
    TRY(train_open_items(job, arena, scratch));
    job->state->network = job->network.values;
    job->state->n_items = job->log->n_items;
    job->arena = arena;
    job->dropout.seed = pal_seed_for(ctx->seed, "dropout");
    job->draws_seed = pal_seed_for(ctx->seed, "negatives");
    job->held = train_held(job);
    train_draw(job);
    return PAL_OK;
}

/* --- a batch --- */

static int train_by_length(const void *a, const void *b) {
    const pal_sequence_window *x = *(const pal_sequence_window *const *)a,
                              *y = *(const pal_sequence_window *const *)b;
    if (x->n != y->n) return x->n > y->n ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

static void train_place(train_job *job, const pal_sequence_window *w, int64_t t, int64_t position) {
    int64_t event = w->first + t;
    job->targets[position] = job->log->items[event];
    job->inputs[position] = t == 0 && w->is_start ? -1 : job->log->items[event - 1];
    if (job->weights) job->weights[position] = job->log->weights[event] / job->windows.mean_weight;
}

/* Every CHUNKS-th window by length is a chunk's, so that chunks take the same time. */
static void train_deal(train_job *job, const pal_step *step) {
    bool by_step = job->encoder->by_step;
    for (int64_t i = 0; i < step->n; i++) job->sorted[i] = &job->windows.all[step->examples[i]];
    qsort(job->sorted, (size_t)step->n, sizeof(const pal_sequence_window *), train_by_length);
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
            for (int64_t t = 0; t < chunk->lengths[s]; t++) {
                int64_t at = by_step ? chunk->starts[t] + s : chunk->starts[s] + t;
                train_place(job, chunk->windows[s], t, chunk->first + at);
                job->owners[chunk->first + at] = (int32_t)s;
            }
        }
        job->n += chunk->n_positions;
    }
    job->held.n = job->n;
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

/* The loss of the chunk over the items that are drawn for it. */
static void train_hold(train_job *job, train_chunk *c) {
    const pal_sequence_draws *draws = &job->draws;
    pal_sequence_part *part = &c->part;
    int64_t k = job->o->factors;
    int32_t *items = job->entries + 2 * job->capacity + part->chunk * draws->n_drawn;
    pal_sequence_drawn(draws, part->chunk, items);
    pal_table_gather(&job->table, items, draws->n_drawn, part->drawn, k);
    int64_t n = 0;
    for (int64_t s = 0; draws->spares && s < c->n; s++) {
        part->spared_starts[s] = n;
        n += pal_sequence_spare(draws, part->chunk, c->windows[s]->user, part->spared + n);
        part->spared_starts[s + 1] = n;
    }
    part->first = c->first;
    part->n = c->n_positions;
    c->loss = pal_sequence_hold(&job->held, part);
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
    double k = (double)job->o->factors, held = train_draws(job) ? 3.0 * (double)job->draws.n_drawn
                                                                : 4.0 * (double)job->log->n_items;
    double length = (double)job->n / (double)job->n_sequences;
    return (double)job->n * (3 * job->encoder->work(job->encoder->params, length) + held * k);
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
    pal_table_touch(&job->table, job->entries, NULL, NULL, job->n_entries);
    pal_table_sum(pool, &job->table, job->slopes, k);
    pal_adam_table(pool, adam, &job->table);
}

static double train_step(void *arg, const pal_step *step) {
    train_job *job = arg;
    pal_pool *pool = job->ctx->pool;
    const pal_encoder *e = job->encoder;
    double loss = 0, started = pal_clock();
    job->number = step->number;
    job->n_sequences = step->n;
    train_deal(job, step);
    if (train_draws(job)) pal_sequence_draw(&job->draws, job->draws_seed, job->number);
    if (e->derive) e->derive(e->params, job->network.values, job->state->derived);
    pal_parallel(pool, CHUNKS, train_forward, job);
    if (!train_draws(job)) loss = train_softmax(job);
    pal_parallel(pool, CHUNKS, train_backward, job);
    for (int32_t c = 0; c < CHUNKS; c++) loss += job->chunks[c].loss;
    pal_parameters_sum(pool, &job->network);
    pal_adam adam = pal_adam_at(step->rate, step->number);
    adam.decay = job->o->decay;
    adam.scale = pal_clip(&job->network, NULL, 0, job->o->clip, NULL);
    pal_adam_parameters(pool, &adam, &job->network);
    adam.scale = 1;
    train_step_items(job, &adam);
    job->ctx->multiply_adds += train_count(job);
    job->n_passed += (double)job->n;
    job->seconds += pal_clock() - started;
    /* The loop divides by windows: the curve shall show the mean of an event. */
    return loss * (double)job->windows.n / (double)job->log->n_events;
}

static pal_status train_publish(void *arg) {
    train_job *job = arg;
    return pal_sequence_prepare(job->ctx, job->encoder, job->arena, job->state);
}

pal_status pal_sequence_fit(pal_ctx *ctx, const pal_encoder *encoder, const pal_train_input *train,
                            pal_arena *arena, pal_arena *scratch, pal_sequence_state *state) {
    const pal_sequence_options *o = encoder->options;
    if (encoder->check) TRY(encoder->check(ctx, encoder->params));
    train_job *job = PAL_ARENA_ARRAY(scratch, train_job, 1);
    if (!job) return pal_fail_memory(ctx, encoder->name, sizeof *job);
    *job = (train_job){.ctx = ctx, .encoder = encoder, .o = o, .log = train->log, .state = state};
    TRY(train_open(job, arena, scratch));
    TRY(pal_sequence_prepare(ctx, encoder, arena, state));
    bool draws = train_draws(job);
    pal_training training = {.kind = encoder->name,
                             .epochs = o->epochs,
                             .n_examples = job->windows.n,
                             .batch = job->batch,
                             .learning_rate = o->learning_rate,
                             .tolerance = o->tolerance,
                             /* Knowing nothing costs log n_items. */
                             .most_loss = 10 * (1 + log((double)train->log->n_items)),
                             .schedule = (pal_schedule_form)o->schedule,
                             .parameters = {&job->network, draws ? NULL : &job->dense},
                             .tables = {draws ? &job->table : NULL},
                             .deck = draws ? job->draws.deck : NULL,
                             .n_cards = train->log->n_items,
                             .step = train_step,
                             .publish = train_publish,
                             .arg = job};
    TRY(pal_training_run(ctx, &training, scratch));
    if (ctx->verbose)
        pal_note(ctx, PAL_NOTICE_INFO, "%s: %.0f positions a second", encoder->name,
                 job->n_passed / fmax(job->seconds, 1e-9));
    return PAL_OK;
}
