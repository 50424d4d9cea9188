/* sasrec.c - what comes next, by attention over the history (Kang and McAuley 2018,
 * "Self-attentive sequential recommendation").
 *
 * x_t = √k V_{s_t} + P_{n-t}: a row for the item and one for how far from the newest event it
 * stands; y = transformer(x) (nn/transformer.h, causal: y_t sees s_1 … s_t alone); score(i) =
 * y_n·V_i, with the table V that also stands for the history. All positions of a history are
 * trained at once, each on the item after it; losses: models/next_item.h. Full softmax is what
 * lifts the paper's one drawn item to the top of the field (Klenitskiy and Vasilev 2023, "Turning
 * dross into gold loss"). A person is the history's last `length` events, known or stranger: no
 * row is learned for users.
 * Cost: an epoch takes 3 m k + blocks (18 k² + 3 length k) multiply-adds a position, with m =
 * n_items for loss=softmax and m = negatives else; a query blocks · length (6 k² + length k); 4 k
 * bytes an item.
 * Reached: ML-1M leave-last, epochs=30: ndcg@10 .168, hr@10 .296; markov .162; published .182 with
 * full softmax, .186 with 3,000 drawn items. */
#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "base/rng.h"
#include "models/history.h"
#include "models/next_item.h"
#include "models/panels.h"
#include "nn/dropout.h"
#include "nn/loops.h"
#include "nn/norm.h"
#include "nn/transformer.h"

typedef struct {
    pal_next_options sequence;
    int64_t factors, blocks, heads, inner, epochs, patience;
    int32_t activation, schedule;
    double dropout, learning_rate, decay, tolerance;
} sasrec_params;

static const pal_param sasrec_table[] = {
    {.name = "factors",
     .type = PAL_PARAM_INT,
     .offset = offsetof(sasrec_params, factors),
     .initial = "64",
     .min = 1,
     .max = 1024,
     .scale = PAL_LOG,
     .help = "length of the rows of items and positions"},
    {.name = "blocks",
     .type = PAL_PARAM_INT,
     .offset = offsetof(sasrec_params, blocks),
     .initial = "2",
     .min = 1,
     .max = PAL_BLOCKS_MAX,
     .help = "layers of attention, one after the other"},
    {.name = "heads",
     .type = PAL_PARAM_INT,
     .offset = offsetof(sasrec_params, heads),
     .initial = "1",
     .min = 1,
     .max = 64,
     .scale = PAL_LOG,
     .help = "parts that attention is cut into; must divide factors"},
    {.name = "inner",
     .type = PAL_PARAM_INT,
     .offset = offsetof(sasrec_params, inner),
     .initial = "0",
     .min = 0,
     .max = 4096,
     .help = "units of the layer after attention; 0: as many as factors"},
    {.name = "activation",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(sasrec_params, activation),
     .initial = "relu",
     .choices = pal_activations,
     .help = "what those units do"},
    {.name = "length",
     .type = PAL_PARAM_INT,
     .offset = offsetof(sasrec_params, sequence.length),
     .initial = "200",
     .min = 1,
     .max = 2000,
     .scale = PAL_LOG,
     .help = "newest events of a history that are looked at"},
    {.name = "windows",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(sasrec_params, sequence.windows),
     .choices = pal_next_windows,
     .help = "what is learned from histories longer than that: their newest events, or all, cut "
             "into windows"},
    {.name = "loss",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(sasrec_params, sequence.loss),
     .choices = pal_next_losses,
     .help = "the next item against all (softmax), or against drawn ones (sampled; gbce, Petrov "
             "and Macdonald 2023); auto: softmax up to as many items as negatives, else sampled"},
    {.name = "negatives",
     .type = PAL_PARAM_INT,
     .offset = offsetof(sasrec_params, sequence.negatives),
     .initial = "512",
     .min = 1,
     .max = 100000,
     .scale = PAL_LOG,
     .help = "items drawn for a history in each epoch (loss=sampled, gbce)"},
    {.name = "calibration",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(sasrec_params, sequence.calibration),
     .initial = "0.75",
     .min = 0,
     .max = 1,
     .help = "how far drawing fewer items than there are is made up for (loss=gbce): 0 not at "
             "all, 1 so that scores are probabilities"},
    {.name = "dropout",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(sasrec_params, dropout),
     .initial = "0.2",
     .min = 0,
     .max = 0.9,
     .help = "share of the numbers that a step leaves out of each layer"},
    {.name = "learning_rate",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(sasrec_params, learning_rate),
     .initial = "0.002",
     .min = 1e-6,
     .max = 10,
     .scale = PAL_LOG,
     .help = "length of Adam's first steps"},
    {.name = "schedule",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(sasrec_params, schedule),
     .initial = "linear",
     .choices = pal_schedule_forms,
     .help = "how steps shorten: not at all, or down to 0 in the last epoch"},
    {.name = "decay",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(sasrec_params, decay),
     .initial = "0",
     .min = 0,
     .max = 10,
     .scale = PAL_LOG,
     .help = "by which weights shrink in each step, times learning_rate (AdamW)"},
    {.name = "batch",
     .type = PAL_PARAM_INT,
     .offset = offsetof(sasrec_params, sequence.batch),
     .initial = "64",
     .min = 1,
     .max = 10000,
     .scale = PAL_LOG,
     .help = "histories of a step"},
    {.name = "epochs",
     .type = PAL_PARAM_INT,
     .offset = offsetof(sasrec_params, epochs),
     .initial = "40",
     .min = 1,
     .max = 100000,
     .scale = PAL_LOG,
     .help = "passes over the histories at the most"},
    {.name = "patience",
     .type = PAL_PARAM_INT,
     .offset = offsetof(sasrec_params, patience),
     .initial = "10",
     .min = 0,
     .max = 100000,
     .help = "epochs without a better validation after which training ends; 0: all epochs"},
    {.name = "tolerance",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(sasrec_params, tolerance),
     .initial = "0",
     .min = 0,
     .max = 1,
     .scale = PAL_LOG,
     .help = "relative change of the loss in an epoch under which training ends"},
    {0},
};

typedef struct { /* a linear layer, packed for scoring */
    float *panels;
    pal_packed packed;
} sasrec_packed;

typedef struct {
    float *items;   /* [n_items, factors] V */
    float *network; /* [n_network] positions and transformer: see sasrec_shape */
    /* Derived. */
    sasrec_packed item_panels, qkv[PAL_BLOCKS_MAX], out[PAL_BLOCKS_MAX], first[PAL_BLOCKS_MAX],
        second[PAL_BLOCKS_MAX];
    int32_t n_items;
} sasrec_state;

typedef struct {
    pal_transformer t;
    int64_t positions; /* slice [length, factors] P; row 0 is the newest event's */
} sasrec_shape;

/* The network's slices, the same for training and for a loaded model. */
static sasrec_shape sasrec_lay_out(const sasrec_params *p, pal_parameters *parameters) {
    sasrec_shape shape = {.t = {.width = p->factors,
                                .inner = p->inner ? p->inner : p->factors,
                                .n_heads = (int32_t)p->heads,
                                .n_blocks = (int32_t)p->blocks,
                                .activation = (pal_activation)p->activation,
                                .dropout = p->dropout}};
    shape.positions = pal_parameters_add(parameters, "positions", p->sequence.length, p->factors);
    pal_transformer_add(&shape.t, parameters);
    return shape;
}

/* --- fit --- */

typedef struct {
    pal_ctx *ctx;
    const sasrec_params *p;
    sasrec_state *state;
    sasrec_shape shape;
    pal_parameters parameters;
    pal_next sequence;
    pal_transformer_room room;
    pal_real *dx;  /* [capacity, factors] */
    uint8_t *mask; /* [capacity, factors] of the input's dropout */
    uint64_t seed; /* of that dropout */
    int64_t step;
    double work; /* multiply-adds of attention and layers, one position and batch */
    pal_arena *arena;
} sasrec_job;

static pal_transformer_job sasrec_chunk(sasrec_job *job, int64_t chunk, int32_t worker) {
    int64_t first, last;
    pal_next_chunk(&job->sequence, chunk, &first, &last);
    return (pal_transformer_job){.t = &job->shape.t,
                                 .room = &job->room,
                                 .values = job->parameters.values,
                                 .n_sequences = last - first,
                                 .starts = job->sequence.starts + first,
                                 .step = job->step,
                                 .chunk = chunk,
                                 .worker = worker};
}

static pal_dropout_key sasrec_key(const sasrec_job *job, int64_t chunk) {
    return (pal_dropout_key){job->seed, job->step, chunk};
}

static void sasrec_forward(sasrec_job *job, const pal_transformer_job *part, int64_t chunk) {
    const pal_next *s = &job->sequence;
    int64_t k = job->p->factors, begin = part->starts[0], end = part->starts[part->n_sequences];
    pal_real *x = job->room.blocks[0].x, root = (pal_real)sqrt((double)k);
    memset(x + begin * k, 0, (size_t)((end - begin) * k) * sizeof *x);
    for (int64_t i = 0; i < part->n_sequences; i++) {
        for (int64_t r = part->starts[i]; r < part->starts[i + 1]; r++) {
            const pal_real *place =
                job->parameters.values + job->shape.positions + (part->starts[i + 1] - 1 - r) * k;
            pal_loops_best()->add_scaled(x + r * k, s->items.values + s->inputs[r] * k, root, k);
            pal_loops_best()->add_scaled(x + r * k, place, 1, k);
        }
    }
    pal_dropout_forward(sasrec_key(job, chunk), job->p->dropout, x + begin * k,
                        job->mask + begin * k, (end - begin) * k);
    pal_transformer_forward(part, s->hidden);
}

static void sasrec_backward(sasrec_job *job, const pal_transformer_job *part, int64_t chunk) {
    const pal_next *s = &job->sequence;
    int64_t k = job->p->factors, begin = part->starts[0], end = part->starts[part->n_sequences];
    pal_real *gradient = pal_parameters_chunk(&job->parameters, chunk), *dx = job->dx,
             root = (pal_real)sqrt((double)k);
    pal_transformer_backward(part, s->d_hidden, gradient, dx);
    pal_dropout_backward(job->p->dropout, job->mask + begin * k, dx + begin * k, (end - begin) * k);
    for (int64_t i = 0; i < part->n_sequences; i++) {
        for (int64_t r = part->starts[i]; r < part->starts[i + 1]; r++)
            pal_loops_best()->add_scaled(gradient + job->shape.positions +
                                             (part->starts[i + 1] - 1 - r) * k,
                                         dx + r * k, 1, k);
    }
    for (int64_t e = begin * k; e < end * k; e++) s->d_inputs[e] = root * dx[e];
}

static void sasrec_run(void *arg, int64_t chunk, int32_t worker) {
    sasrec_job *job = arg;
    const pal_transformer_job part = sasrec_chunk(job, chunk, worker);
    sasrec_forward(job, &part, chunk);
    pal_next_loss(&job->sequence, chunk, worker);
    sasrec_backward(job, &part, chunk);
    pal_next_take_inputs(&job->sequence, chunk);
}

static double sasrec_step(void *arg, const pal_step *step) {
    sasrec_job *job = arg;
    pal_ctx *ctx = job->ctx;
    job->step = step->number;
    pal_next_pack(&job->sequence, step);
    pal_parallel(ctx->pool, PAL_NEXT_CHUNKS, sasrec_run, job);
    double loss = pal_next_close(ctx, &job->sequence);
    pal_parameters_sum(ctx->pool, &job->parameters);
    pal_adam adam = pal_adam_at(step->rate, step->number);
    adam.decay = job->p->decay;
    pal_adam_parameters(ctx->pool, &adam, &job->parameters);
    pal_next_step(ctx->pool, &adam, &job->sequence);
    for (int64_t i = 0; i < job->sequence.n_sequences; i++) {
        double n = (double)(job->sequence.starts[i + 1] - job->sequence.starts[i]);
        ctx->multiply_adds += n * (job->work + 3 * n * (double)(job->p->factors * job->p->blocks));
    }
    return loss;
}

static pal_status sasrec_pack(pal_ctx *ctx, const float *weights, int64_t n_out, int64_t n_in,
                              pal_arena *arena, sasrec_packed *out) {
    return pal_panels_pack(ctx, "sasrec", weights, (int32_t)n_out, (int32_t)n_in, arena,
                           &out->panels, &out->packed);
}

static pal_status sasrec_prepare(pal_ctx *ctx, const void *params, pal_arena *arena, void *state) {
    sasrec_state *s = state;
    pal_parameters slices = {0};
    const sasrec_shape shape = sasrec_lay_out(params, &slices);
    int64_t k = shape.t.width, f = shape.t.inner;
    TRY(sasrec_pack(ctx, s->items, s->n_items, k, arena, &s->item_panels));
    for (int32_t b = 0; b < shape.t.n_blocks; b++) {
        const pal_block *block = &shape.t.blocks[b];
        TRY(sasrec_pack(ctx, s->network + block->w_qkv, 3 * k, k, arena, &s->qkv[b]));
        TRY(sasrec_pack(ctx, s->network + block->w_out, k, k, arena, &s->out[b]));
        TRY(sasrec_pack(ctx, s->network + block->w1, f, k, arena, &s->first[b]));
        TRY(sasrec_pack(ctx, s->network + block->w2, k, f, arena, &s->second[b]));
    }
    return PAL_OK;
}

static pal_status sasrec_publish(void *arg) {
    sasrec_job *job = arg;
    return sasrec_prepare(job->ctx, job->p, job->arena, job->state);
}

static pal_status sasrec_open(pal_ctx *ctx, const pal_train_input *train, pal_arena *scratch,
                              sasrec_job *job) {
    sasrec_state *s = job->state;
    int64_t k = job->p->factors;
    s->n_items = train->log->n_items;
    s->items = PAL_ARENA_ARRAY(job->arena, float, s->n_items *k);
    if (!s->items) return pal_fail_memory(ctx, "sasrec", 4.0 * (double)k * s->n_items);
    job->shape = sasrec_lay_out(job->p, &job->parameters);
    TRY(pal_parameters_open(ctx, "sasrec", PAL_NEXT_CHUNKS, job->arena, scratch, &job->parameters));
    s->network = job->parameters.values;
    TRY(pal_next_open(ctx, "sasrec", &job->p->sequence, train->log, k, s->items, scratch,
                      &job->sequence));
    int64_t capacity = job->sequence.capacity;
    TRY(pal_transformer_open(ctx, "sasrec", &job->shape.t, capacity, job->sequence.longest, scratch,
                             &job->room));
    job->dx = PAL_ARENA_ARRAY(scratch, pal_real, capacity * k);
    job->mask = PAL_ARENA_ARRAY(scratch, uint8_t, capacity * k);
    if (!job->dx || !job->mask) return pal_fail_memory(ctx, "sasrec", 5.0 * (double)(capacity * k));
    job->work = 3.0 * (double)(job->p->blocks * k * (4 * k + 2 * job->shape.t.inner));
    return PAL_OK;
}

static pal_status sasrec_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                             pal_arena *arena, pal_arena *scratch, void *state) {
    const sasrec_params *p = params;
    if (p->factors % p->heads != 0)
        return pal_fail(ctx, PAL_EUSAGE,
                        "sasrec: heads %d does not divide factors %d: use factors=%d",
                        (int)p->heads, (int)p->factors,
                        (int)((p->factors + p->heads - 1) / p->heads * p->heads));
    sasrec_job job = {.ctx = ctx,
                      .p = p,
                      .state = state,
                      .seed = pal_seed_for(ctx->seed, "dropout of sasrec's input"),
                      .arena = arena};
    TRY(sasrec_open(ctx, train, scratch, &job));
    if (job.sequence.n_windows == 0) return PAL_OK; /* nothing follows anything: all scores are 0 */
    pal_draw_normal(ctx->seed, "items of sasrec", job.state->items,
                    (int64_t)job.state->n_items * p->factors, 0.02);
    pal_draw_normal(ctx->seed, "positions of sasrec", job.parameters.values + job.shape.positions,
                    p->sequence.length * p->factors, 0.02);
    pal_transformer_draw(&job.shape.t, pal_seed_for(ctx->seed, "sasrec"), job.parameters.values);
    const pal_trained trained[] = {
        {job.state->items, (int64_t)job.state->n_items * p->factors},
        {job.parameters.values, job.parameters.n},
    };
    const pal_training training = {.kind = "sasrec",
                                   .epochs = train->epochs ? train->epochs : p->epochs,
                                   .n_examples = job.sequence.n_windows,
                                   .batch = p->sequence.batch,
                                   .learning_rate = p->learning_rate,
                                   .tolerance = p->tolerance,
                                   .schedule = (pal_schedule_form)p->schedule,
                                   .trained = trained,
                                   .n_trained = 2,
                                   .parameters = {&job.parameters},
                                   .tables = {&job.sequence.items},
                                   .step = sasrec_step,
                                   .publish = sasrec_publish,
                                   .arg = &job};
    return pal_training_run(ctx, &training, scratch);
}

/* --- score --- */

/* Room for one query after the other: inputs and what layers make of them. */
typedef struct {
    float *x, *normed, *mixed, *qkv, *inner, *kept, *keys, *weights;
    int32_t *rows; /* 0, 1, 2, … */
} sasrec_room;

static int64_t sasrec_most(int64_t a, int64_t b) { return a > b ? a : b; }

/* Places the room at `scratch`, unless that is NULL; returns its bytes. */
static size_t sasrec_place_room(const sasrec_params *p, float *scratch, sasrec_room *room) {
    int64_t n = p->sequence.length, k = p->factors, f = p->inner ? p->inner : k, at = 0;
    float **const parts[] = {&room->x,     &room->normed, &room->mixed, &room->qkv,
                             &room->inner, &room->kept,   &room->keys,  &room->weights};
    const int64_t sizes[] = {n * k, n * k, n * k, n * sasrec_most(3 * k, f),
                             n * f, 2 * n, n * k, n};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (scratch) *parts[i] = scratch + at;
        at += (int64_t)(pal_scratch_round((size_t)sizes[i] * sizeof(float)) / sizeof(float));
    }
    if (scratch) room->rows = (int32_t *)(scratch + at);
    return pal_scratch_round((size_t)(at + sasrec_most(n, k)) * sizeof(float));
}

static size_t sasrec_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)state;
    const sasrec_params *p = params;
    sasrec_room unused;
    return sasrec_place_room(p, NULL, &unused) +
           (size_t)n_queries * (size_t)p->factors * sizeof(float);
}

/* Attention of positions [from, n) over those up to themselves: mixed from qkv. Logits and sums are
 * single chains of the kernels that all CPUs share. */
static void sasrec_attend(const sasrec_shape *shape, int64_t from, int64_t n, sasrec_room *room) {
    const pal_kernels *kernels = pal_kernels_best();
    const pal_loops *loops = pal_loops_best();
    int64_t width = shape->t.width, k = width / shape->t.n_heads, stride = 3 * width;
    float scale = (float)(1 / sqrt((double)k));
    for (int64_t j = 0; j < n; j++) {
        for (int64_t f = 0; f < width; f++)
            room->keys[f * n + j] = room->qkv[j * stride + width + f];
    }
    for (int64_t h = 0; h < shape->t.n_heads; h++) {
        for (int64_t r = from; r < n; r++) {
            int32_t seen = (int32_t)r + 1;
            float *weights = room->weights;
            kernels->weigh_rows(room->keys + h * k * n, n, room->rows,
                                room->qkv + r * stride + h * k, k, weights, seen);
            for (int32_t j = 0; j < seen; j++) weights[j] *= scale;
            float sum = loops->exp(weights, -loops->largest(weights, seen), 1, weights, seen);
            for (int32_t j = 0; j < seen; j++) weights[j] /= sum;
            kernels->weigh_rows(room->qkv + 2 * width + h * k, stride, room->rows, weights, seen,
                                room->mixed + r * width + h * k, (int32_t)k);
        }
    }
}

/* x of positions [from, n) after the block; of the others it stays what it was. Products run in
 * panels: a position's numbers do not depend on what else is computed. */
static void sasrec_block(const sasrec_state *s, const sasrec_shape *shape, int32_t b, int64_t from,
                         int64_t n, sasrec_room *room) {
    const pal_block *block = &shape->t.blocks[b];
    const float *values = s->network;
    int64_t k = shape->t.width, f = shape->t.inner;
    int32_t n_left = (int32_t)(n - from);
    float *x = room->x + from * k, *normed = room->normed + from * k, *inner = room->inner;
    pal_norm_forward(room->x, values + block->gain1, values + block->bias1, n, k,
                     PAL_TRANSFORMER_EPSILON, room->normed, room->kept);
    pal_panels_score(&s->qkv[b].packed, room->normed, (int32_t)n, NULL, room->qkv);
    for (int64_t j = 0; j < n; j++)
        pal_loops_best()->add_scaled(room->qkv + j * 3 * k, values + block->b_qkv, 1, 3 * k);
    sasrec_attend(shape, from, n, room);
    pal_panels_score(&s->out[b].packed, room->mixed + from * k, n_left, values + block->b_out,
                     normed);
    pal_loops_best()->add_scaled(x, normed, 1, n_left * k);
    pal_norm_forward(x, values + block->gain2, values + block->bias2, n_left, k,
                     PAL_TRANSFORMER_EPSILON, normed, room->kept);
    pal_panels_score(&s->first[b].packed, normed, n_left, values + block->b1, inner);
    pal_activation_forward(shape->t.activation, inner, room->qkv, n_left * f);
    pal_panels_score(&s->second[b].packed, room->qkv, n_left, values + block->b2, normed);
    pal_loops_best()->add_scaled(x, normed, 1, n_left * k);
}

/* y of the query's newest event. The last block needs only that one. */
static void sasrec_user(const sasrec_params *p, const sasrec_state *s, const sasrec_shape *shape,
                        const pal_query *query, sasrec_room *room, float *user) {
    int64_t k = p->factors,
            n = query->n_events < p->sequence.length ? query->n_events : p->sequence.length;
    memset(user, 0, (size_t)k * sizeof *user);
    if (n == 0) return;
    const int32_t *items = query->items + query->n_events - n;
    float root = (float)sqrt((double)k);
    memset(room->x, 0, (size_t)(n * k) * sizeof *room->x);
    for (int64_t j = 0; j < n; j++) {
        pal_loops_best()->add_scaled(room->x + j * k, s->items + items[j] * k, root, k);
        pal_loops_best()->add_scaled(room->x + j * k,
                                     s->network + shape->positions + (n - 1 - j) * k, 1, k);
    }
    for (int32_t b = 0; b < shape->t.n_blocks; b++)
        sasrec_block(s, shape, b, b + 1 < shape->t.n_blocks ? 0 : n - 1, n, room);
    pal_norm_forward(room->x + (n - 1) * k, s->network + shape->t.gain, s->network + shape->t.bias,
                     1, k, PAL_TRANSFORMER_EPSILON, user, room->kept);
}

static void sasrec_score(const void *params, const void *state, const pal_query *queries,
                         int32_t n_queries, void *scratch, float *scores) {
    const sasrec_params *p = params;
    const sasrec_state *s = state;
    pal_parameters slices = {0};
    const sasrec_shape shape = sasrec_lay_out(p, &slices);
    sasrec_room room;
    float *users = (float *)((char *)scratch + sasrec_place_room(p, scratch, &room));
    for (int32_t i = 0; i < sasrec_most(p->sequence.length, p->factors); i++) room.rows[i] = i;
    for (int32_t q = 0; q < n_queries; q++)
        sasrec_user(p, s, &shape, &queries[q], &room, users + q * p->factors);
    pal_panels_score(&s->item_panels.packed, users, n_queries, NULL, scores);
}

static int32_t sasrec_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                              pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)n_users;
    const sasrec_params *p = params;
    sasrec_state *s = state;
    pal_parameters slices = {0};
    sasrec_lay_out(p, &slices);
    s->n_items = n_items;
    tensors[0] = (pal_tensor){.name = "items",
                              .dtype = PAL_F32,
                              .n_dims = 2,
                              .dims = {n_items, p->factors},
                              .data = (void **)&s->items,
                              .role = PAL_ROLE_ITEMS};
    tensors[1] = (pal_tensor){.name = "network",
                              .dtype = PAL_F32,
                              .n_dims = 1,
                              .dims = {slices.n},
                              .data = (void **)&s->network};
    return 2;
}

static void sasrec_estimate(const void *params, const pal_log *log, int32_t n_threads,
                            pal_estimate *out) {
    const sasrec_params *p = params;
    pal_parameters slices = {0};
    const sasrec_shape shape = sasrec_lay_out(p, &slices);
    double k = (double)p->factors, n_items = (double)log->n_items,
           positions = pal_next_positions(&p->sequence, log),
           length = positions / (log->n_users > 0 ? log->n_users : 1),
           longest = fmin((double)p->sequence.length, (double)pal_log_longest(log)),
           capacity = (double)p->sequence.batch * longest,
           scored = pal_next_form(&p->sequence, log->n_items) == PAL_NEXT_SOFTMAX
                        ? 3 * n_items
                        : 3 * (double)p->sequence.negatives,
           work = k * scored + (double)p->blocks *
                                   (3 * k * (4 * k + 2 * (double)shape.t.inner) + 3 * k * length),
           epochs = p->patience > 0 ? (double)p->epochs / 4 : (double)p->epochs;
    out->seconds = epochs * positions * work * 12e-12 / n_threads;
    out->bytes = 4 * k * n_items + pal_next_bytes(&p->sequence, log, k) +
                 pal_transformer_bytes(&shape.t, capacity, longest) +
                 pal_parameters_bytes(slices.n, PAL_NEXT_CHUNKS);
}

const pal_kind pal_kind_sasrec = {
    .name = "sasrec",
    .family = "neural",
    .summary = "what comes next, by attention over the person's last events",
    .paper = "Kang, McAuley: Self-attentive sequential recommendation, ICDM 2018",
    .derivation =
        "With A = softmax(Q Kᵀ / √k) over the positions up to one's own and O = A V: ∂L/∂V = Aᵀ "
        "∂L/∂O, with D = ∂L/∂O Vᵀ the rows of the logits get A ∘ (D - Σ A ∘ D) / √k = S, and "
        "∂L/∂Q = S K, ∂L/∂K = Sᵀ Q. A norm h = (x - mean) s passes on s (g - mean(g) - h mean(g "
        "∘ h)). The loss of one position is log Σ_j exp(y·V_j) - y·V_next, so with p_j = "
        "exp(y·V_j) "
        "/ Σ: ∂L/∂y = Σ_j p_j V_j - V_next and ∂L/∂V_j = (p_j - [j = next]) y; V gets, besides, "
        "√k times what arrives at the inputs that it stands for.",
    .represents = "the last {length} items used, in order | a row of {factors} numbers",
    .lesson = "what comes next depends on the order of what came before",
    .traits = PAL_SCORES_NEW_USERS | PAL_USES_ORDER | PAL_NEEDS_TIME | PAL_IS_STOCHASTIC |
              PAL_IGNORES_WEIGHTS,
    .params = sasrec_table,
    .params_size = sizeof(sasrec_params),
    .state_size = sizeof(sasrec_state),
    .fit = sasrec_fit,
    .prepare = sasrec_prepare,
    .scratch_bytes = sasrec_scratch_bytes,
    .score = sasrec_score,
    .tensors = sasrec_tensors,
    .estimate = sasrec_estimate,
};
