/* two_tower_train.c - batches and steps of two_tower: people forward, candidates, the loss, back.
 */
#include <math.h>
#include <string.h>

#include "models/neural/two_tower.h"
#include "nn/shared.h"
#include "nn/softmax.h"
#include "nn/training.h"

typedef struct {
    pal_ctx *ctx;
    pal_arena *arena;
    const tower_params *p;
    const pal_log *log;
    tower_state *s;
    bool is_full;
    int32_t n_parts;
    uint64_t seed;
    pal_parameters network;
    pal_feature_tables tables;
    /* Examples. */
    int64_t n_examples, *events; /* [n_examples] */
    int32_t *users;              /* [n_examples] */
    double mean_weight;
    pal_csr used;      /* by user: no negatives */
    float *log_counts; /* [n_items] log of the share of examples, for loss sampled and batch */
    /* The batch: B rows. */
    const pal_step *step;
    int32_t *people;      /* [B] users */
    float *x, *dx;        /* [B, n_parts, factors] */
    float *room;          /* [B, pal_mlp_room] */
    float *user, *d_user; /* [B, factors + 1] */
    float *d_out;         /* [B, factors] */
    int32_t *targets;     /* [B] */
    float *amounts;       /* [B] */
    int64_t *begins;      /* [B + 1] 0, 1, … */
    /* Candidates: all items, or the batch's and drawn ones. */
    int64_t n_candidates;
    int32_t *candidates;
    float *vectors, *d_vectors; /* [n_candidates, factors + 1] */
    float *log_q;
    pal_softmax softmax;
    pal_shared shared;
} tower_job;

static pal_status tower_list_examples(tower_job *job, pal_arena *scratch) {
    const pal_log *log = job->log;
    pal_past past = pal_feature_past(&job->p->f);
    double weights = 0;
    job->events = PAL_ARENA_ARRAY(scratch, int64_t, log->n_events);
    job->users = PAL_ARENA_ARRAY(scratch, int32_t, log->n_events);
    if (!job->events || !job->users)
        return pal_fail_memory(job->ctx, "two_tower", 12.0 * (double)log->n_events);
    job->n_examples = pal_past_examples(&past, log, job->users, job->events);
    for (int64_t i = 0; i < job->n_examples; i++)
        weights += log->weights ? (double)log->weights[job->events[i]] : 1;
    if (job->n_examples) job->mean_weight = weights / (double)job->n_examples;
    return PAL_OK;
}

static void tower_forward(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    tower_job *job = arg;
    const pal_log *log = job->log;
    int64_t first, last, d = job->p->f.factors, width = job->n_parts * d;
    pal_chunk_range(job->step->n, TOWER_CHUNKS, chunk, &first, &last);
    if (first == last) return;
    pal_rng rng =
        pal_rng_at(job->seed, (uint64_t)job->step->number * TOWER_CHUNKS + (uint64_t)chunk);
    for (int64_t r = first; r < last; r++) {
        int64_t example = job->step->examples[r], e = job->events[example];
        job->people[r] = job->users[example];
        job->targets[r] = log->items[e];
        job->amounts[r] = log->weights ? (float)((double)log->weights[e] / job->mean_weight) : 1;
        pal_feature_tables_person(&job->tables, r, job->people[r], e, job->targets[r], &rng,
                                  job->x + r * width);
    }
    const float *out =
        pal_mlp_forward(&job->s->mlp, job->network.values, job->x + first * width, last - first,
                        job->room + first * pal_mlp_room(&job->s->mlp));
    for (int64_t r = first; r < last; r++) {
        memcpy(job->user + r * (d + 1), out + (r - first) * d, (size_t)d * sizeof *out);
        job->user[r * (d + 1) + d] = 1;
    }
}

static void tower_backward(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    tower_job *job = arg;
    int64_t first, last, d = job->p->f.factors, width = job->n_parts * d;
    pal_chunk_range(job->step->n, TOWER_CHUNKS, chunk, &first, &last);
    float *gradient = pal_parameters_chunk(&job->network, chunk);
    if (first == last) return;
    for (int64_t r = first; r < last; r++)
        memcpy(job->d_out + r * d, job->d_user + r * (d + 1), (size_t)d * sizeof *job->d_out);
    pal_mlp_backward(&job->s->mlp, job->network.values, job->x + first * width, last - first,
                     job->d_out + first * d, job->room + first * pal_mlp_room(&job->s->mlp),
                     job->dx + first * width, gradient);
}

enum { TOWER_ITEMS = 128 }; /* candidates of one chunk */

static void tower_make_vectors(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    tower_job *job = arg;
    int64_t first = chunk * TOWER_ITEMS, last = first + TOWER_ITEMS, width = job->p->f.factors + 1;
    if (last > job->n_candidates) last = job->n_candidates;
    for (int64_t c = first; c < last; c++)
        pal_feature_tables_item(&job->tables, job->candidates[c], job->vectors + c * width);
}

/* The batch's own items, then drawn ones; how likely each comes up. */
static void tower_draw(tower_job *job) {
    pal_rng rng = pal_rng_at(pal_seed_for(job->seed, "drawn"), (uint64_t)job->step->number);
    int32_t n_items = job->log->n_items;
    int64_t n = job->step->n, drawn = job->p->loss == TOWER_BATCH ? 0 : job->p->negatives;
    for (int64_t r = 0; r < n; r++)
        job->candidates[r] = job->log->items[job->events[job->step->examples[r]]];
    for (int64_t c = n; c < n + drawn; c++)
        job->candidates[c] = (int32_t)pal_rng_below(&rng, (uint32_t)n_items);
    job->n_candidates = n + drawn;
    for (int64_t c = 0; c < job->n_candidates; c++) {
        double share = exp((double)job->log_counts[job->candidates[c]]);
        job->log_q[c] =
            (float)log(((double)n * share + (double)drawn / n_items) / (double)job->n_candidates);
    }
}

static double tower_lose(tower_job *job) {
    pal_pool *pool = job->ctx->pool;
    float scale = 1 / (float)job->step->n;
    int64_t width = job->p->f.factors + 1;
    if (job->is_full) {
        memset(job->d_vectors, 0, (size_t)(job->n_candidates * width) * sizeof *job->d_vectors);
        job->softmax.n_rows = job->step->n;
        job->softmax.scale = scale;
        return pal_softmax_run(pool, &job->softmax);
    }
    job->shared.n_rows = job->step->n;
    job->shared.n_candidates = job->n_candidates;
    job->shared.scale = scale;
    return pal_shared_run(pool, &job->shared);
}

static double tower_step(void *arg, const pal_step *step) {
    tower_job *job = arg;
    pal_pool *pool = job->ctx->pool;
    job->step = step;
    pal_parallel(pool, TOWER_CHUNKS, tower_forward, job);
    if (!job->is_full) {
        tower_draw(job);
        pal_feature_tables_touch_items(&job->tables, job->candidates, job->n_candidates);
    }
    pal_parallel(pool, (job->n_candidates + TOWER_ITEMS - 1) / TOWER_ITEMS, tower_make_vectors,
                 job);
    double loss = tower_lose(job);
    pal_parallel(pool, TOWER_CHUNKS, tower_backward, job);
    pal_parameters_sum(pool, &job->network);
    pal_feature_tables_touch_people(&job->tables, step->n);
    pal_adam adam = pal_adam_at(step->rate, step->number);
    adam.decay = job->p->f.decay;
    pal_adam_parameters(pool, &adam, &job->network);
    pal_feature_tables_step(pool, &adam, job->dx, job->d_vectors, &job->tables);
    job->ctx->multiply_adds +=
        (double)step->n *
        ((job->is_full ? 4.0 : 3.0) * (double)job->n_candidates * (double)(job->p->f.factors + 1) +
         3 * pal_mlp_work(&job->s->mlp) + 2.0 * job->tables.n_entries * (double)job->p->f.factors);
    return loss;
}

static pal_status tower_publish(void *arg) {
    tower_job *job = arg;
    tower_state *s = job->s;
    pal_feature_tables_keep(&job->tables, s->items, s->profiles, &s->told);
    TRY(pal_profile_code_prepare(job->ctx, "two_tower", job->arena, &s->told.code));
    return pal_panels_pack(job->ctx, "two_tower", s->items, s->n_items,
                           (int32_t)job->p->f.factors + 1, job->arena, &s->panels, &s->packed);
}

/* --- fit --- */

static pal_status tower_make_state(tower_job *job) {
    tower_state *s = job->s;
    int64_t d = job->p->f.factors, n_items = job->log->n_items;
    s->n_users = job->log->n_users;
    s->n_items = job->log->n_items;
    s->history = PAL_ARENA_ARRAY(job->arena, float, n_items *d);
    s->items = PAL_ARENA_ARRAY(job->arena, float, n_items *(d + 1));
    s->network_range = PAL_ARENA_ARRAY(job->arena, int64_t, 2);
    s->profile_range = PAL_ARENA_ARRAY(job->arena, int64_t, 2);
    int64_t n_profiles = job->tables.n_profile * (s->n_users + INT64_C(1)) * d;
    s->profiles = PAL_ARENA_ARRAY(job->arena, float, n_profiles);
    if (!s->history || !s->items || !s->network_range || !s->profile_range || !s->profiles)
        return pal_fail_memory(job->ctx, "two_tower", 8.0 * (double)(n_items * d + n_profiles));
    TRY(pal_feature_told_open(job->ctx, &job->tables, job->arena, &s->told));
    s->network_range[1] = job->network.n;
    s->profile_range[1] = n_profiles;
    return PAL_OK;
}

static bool tower_open_batch(tower_job *job, int64_t batch, pal_arena *scratch) {
    int64_t d = job->p->f.factors, c = job->n_candidates;
    job->x = PAL_ARENA_ARRAY(scratch, float, batch * job->n_parts * d);
    job->dx = PAL_ARENA_ARRAY(scratch, float, batch * job->n_parts * d);
    job->room = PAL_ARENA_ARRAY(scratch, float, batch *pal_mlp_room(&job->s->mlp));
    job->user = PAL_ARENA_ARRAY(scratch, float, batch *(d + 1));
    job->d_user = PAL_ARENA_ARRAY(scratch, float, batch *(d + 1));
    job->d_out = PAL_ARENA_ARRAY(scratch, float, batch *d);
    job->targets = PAL_ARENA_ARRAY(scratch, int32_t, batch);
    job->amounts = PAL_ARENA_ARRAY(scratch, float, batch);
    job->people = PAL_ARENA_ARRAY(scratch, int32_t, batch);
    job->begins = PAL_ARENA_ARRAY(scratch, int64_t, batch + 1);
    job->candidates = PAL_ARENA_ARRAY(scratch, int32_t, c);
    job->vectors = PAL_ARENA_ARRAY(scratch, float, c *(d + 1));
    job->d_vectors = PAL_ARENA_ARRAY(scratch, float, c *(d + 1));
    job->log_q = PAL_ARENA_ARRAY(scratch, float, c);
    job->log_counts = PAL_ARENA_ARRAY(scratch, float, job->log->n_items);
    job->shared.logits = PAL_ARENA_ARRAY(scratch, float, job->is_full ? 0 : batch *c);
    return job->x && job->dx && job->room && job->user && job->d_user && job->d_out &&
           job->targets && job->amounts && job->people && job->begins && job->candidates &&
           job->vectors && job->d_vectors && job->log_q && job->log_counts && job->shared.logits;
}

/* What does not change from batch to batch. */
static void tower_fill_batch(tower_job *job, int64_t batch) {
    for (int64_t r = 0; r <= batch; r++) job->begins[r] = r;
    for (int64_t e = 0; e < job->n_examples; e++)
        job->log_counts[job->log->items[job->events[e]]] += 1;
    for (int32_t i = 0; i < job->log->n_items; i++)
        job->log_counts[i] = logf(job->log_counts[i] / (float)job->n_examples);
    for (int64_t c = 0; job->is_full && c < job->n_candidates; c++) job->candidates[c] = (int32_t)c;
    if (job->is_full)
        pal_feature_tables_touch_items(&job->tables, job->candidates, job->n_candidates);
}

static pal_status tower_open_loss(tower_job *job, pal_arena *scratch) {
    int32_t width = (int32_t)job->p->f.factors + 1;
    if (!job->is_full) {
        float *logits = job->shared.logits;
        job->shared = (pal_shared){.width = width,
                                   .items = job->candidates,
                                   .used = &job->used,
                                   .people = job->people,
                                   .vectors = job->vectors,
                                   .log_q = job->log_q,
                                   .amounts = job->amounts,
                                   .hidden = job->user,
                                   .d_hidden = job->d_user,
                                   .d_vectors = job->d_vectors,
                                   .logits = logits};
        return PAL_OK;
    }
    TRY(pal_softmax_open(job->ctx, "two_tower", job->log->n_items, width, scratch, &job->softmax));
    job->softmax.weights = job->vectors;
    job->softmax.d_weights = job->d_vectors;
    job->softmax.hidden = job->user;
    job->softmax.d_hidden = job->d_user;
    job->softmax.begins = job->begins;
    job->softmax.ends = job->begins + 1;
    job->softmax.targets = job->targets;
    job->softmax.amounts = job->amounts;
    job->softmax.used = &job->used;
    job->softmax.people = job->people;
    return PAL_OK;
}

/* The model's arrays, tables with their first values, room for a batch. Rows of people begin with
 * unit length on average, so that logits begin near 0 but not at it. */
static pal_status tower_open(tower_job *job, int64_t batch, pal_arena *scratch) {
    pal_ctx *ctx = job->ctx;
    double deviation = 1 / sqrt((double)job->p->f.factors);
    TRY(pal_parameters_open(ctx, "two_tower", TOWER_CHUNKS, job->arena, scratch, &job->network));
    job->s->network = job->network.values;
    TRY(tower_make_state(job));
    TRY(pal_feature_tables_open(ctx, job->s->history, batch, job->n_candidates, scratch,
                                &job->tables));
    pal_mlp_draw(&job->s->mlp, ctx->seed, "network of two_tower", job->network.values);
    pal_feature_tables_draw(ctx->seed, "of two_tower", deviation, 0.1 * deviation, &job->tables);
    if (!tower_open_batch(job, batch, scratch))
        return pal_fail_memory(ctx, "two_tower",
                               8.0 * (double)job->n_candidates * (double)(job->p->f.factors + 1));
    tower_fill_batch(job, batch);
    return tower_open_loss(job, scratch);
}

/* Ten times what knowing nothing costs: the log of the number of candidates. */
static double tower_most_loss(const tower_job *job) {
    double n = fmax((double)job->n_candidates, (double)job->log->n_items);
    return 10 * (1 + log(n));
}

pal_status pal_tower_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                         pal_arena *arena, pal_arena *scratch, void *state) {
    const tower_params *p = params;
    const pal_log *log = train->log;
    int32_t d = (int32_t)p->f.factors;
    tower_job job = {.ctx = ctx,
                     .arena = arena,
                     .p = p,
                     .log = log,
                     .s = state,
                     .is_full = tower_is_full(p, log->n_items),
                     .seed = pal_seed_for(ctx->seed, "examples of two_tower")};
    TRY(tower_list_examples(&job, scratch));
    TRY(pal_log_pairs(ctx, log, UINT32_MAX, scratch, &job.used));
    TRY(pal_feature_tables_look(ctx, "two_tower", &p->f, train, true, d, d + 1, scratch,
                                &job.tables));
    int64_t batch = p->f.batch < job.n_examples ? p->f.batch : job.n_examples;
    job.n_parts = tower_n_parts(p, job.tables.n_profile > 0);
    job.n_candidates =
        job.is_full ? log->n_items : batch + (p->loss == TOWER_BATCH ? 0 : p->negatives);
    tower_plan(p, job.tables.n_profile > 0, &job.network, &job.s->mlp);
    TRY(tower_open(&job, batch, scratch));
    const pal_feature_tables *t = &job.tables;
    pal_training training = {
        .kind = "two_tower",
        .epochs = p->f.epochs,
        .n_examples = job.n_examples,
        .batch = batch,
        .learning_rate = p->f.learning_rate,
        .tolerance = p->f.tolerance,
        .most_loss = tower_most_loss(&job),
        .parameters = {&job.network},
        .tables = {&t->history, &t->items, &t->item_features, &t->user_features},
        .step = tower_step,
        .publish = tower_publish,
        .arg = &job};
    return pal_training_run(ctx, &training, scratch);
}
