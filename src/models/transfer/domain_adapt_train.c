/* domain_adapt_train.c - items of both domains forth and back, and steps. */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "models/transfer/domain_adapt.h"
#include "nn/adam.h"
#include "nn/linear.h"
#include "nn/loops.h"
#include "nn/reversal.h"

/* --- steps --- */

static int64_t adapt_roles(const adapt_job *job) { return 2 * job->p->factors + 1; }

/* Representations of a chunk of items, and what each is as something used and as something scored.
 */
static void adapt_items(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    adapt_job *job = arg;
    const pal_domain_features *features = &job->features;
    const float *values = job->network.values;
    int64_t first, last, k = job->p->factors, wide = adapt_roles(job);
    pal_chunk_range(job->n_items, PAL_DOMAIN_CHUNKS, chunk, &first, &last);
    for (int64_t i = first; i < last; i++) {
        int64_t at = features->starts[i], n = features->starts[i + 1] - at;
        pal_table_pool(&job->rows, features->features + at, features->weights + at, n,
                       job->sums + i * k);
    }
    if (first < last) {
        pal_tower_forward(&job->tower, values, (int32_t)k, job->sums + first * k, last - first,
                          job->room + first * pal_tower_room(&job->tower), job->z + first * k);
        pal_linear_forward(job->z + first * k, values + job->roles, values + job->role_biases,
                           last - first, k, wide, job->out + first * wide);
    }
    for (int64_t i = first; i < last; i++)
        memcpy(job->added.values + i * k, job->out + i * wide, (size_t)k * sizeof *job->out);
    if (job->coral.sums) pal_adapt_coral_add(job, chunk, first, last);
}

/* The row of both domains that vector v of the heads is. */
static int64_t adapt_item_of(const adapt_job *job, int64_t v) {
    return v < job->n_seen ? v : job->domains.item_rows[v - job->n_seen];
}

static void adapt_make_vectors(adapt_job *job) {
    int64_t k = job->p->factors, n = 0;
    for (int32_t t = 0; t < job->n_tasks; t++) n += job->tasks[t].n_items;
    for (int64_t v = 0; v < n; v++)
        memcpy(job->heads.at[0].vectors + v * (k + 1),
               job->out + adapt_item_of(job, v) * adapt_roles(job) + k,
               (size_t)(k + 1) * sizeof *job->out);
}

static void adapt_show(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    adapt_job *job = arg;
    pal_domain_batch *batch = &job->batch;
    int64_t first, last, k = job->p->factors;
    pal_domain_batch_draw(batch, chunk);
    pal_chunk_range(batch->step->n, PAL_DOMAIN_CHUNKS, chunk, &first, &last);
    for (int64_t r = first; r < last; r++)
        pal_table_pool(&job->added, batch->rows + batch->at[r], batch->weights + batch->at[r],
                       batch->at[r + 1] - batch->at[r], job->heads.x + r * k);
}

static void adapt_people_back(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    pal_heads_back(&((adapt_job *)arg)->heads, chunk, NULL);
}

/* What people and tasks take of item i in its roles. */
static void adapt_gather(const adapt_job *job, int64_t i, float *d_out) {
    const pal_loops *loops = pal_loops_best();
    int64_t k = job->p->factors, place = job->added.place[i];
    const float *d_vectors = job->heads.at[0].d_vectors;
    memset(d_out, 0, (size_t)adapt_roles(job) * sizeof *d_out);
    if (place) memcpy(d_out, job->added.gradient + (place - 1) * k, (size_t)k * sizeof *d_out);
    if (i < job->n_seen) loops->add_scaled(d_out + k, d_vectors + i * (k + 1), 1, k + 1);
    if (job->n_tasks > 1 && job->source_of[i] >= 0)
        loops->add_scaled(d_out + k, d_vectors + (job->n_seen + job->source_of[i]) * (k + 1), 1,
                          k + 1);
}

static void adapt_items_back(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    adapt_job *job = arg;
    int64_t first, last, k = job->p->factors, wide = adapt_roles(job);
    float *gradient = pal_parameters_chunk(&job->network, chunk);
    const float *values = job->network.values;
    pal_chunk_range(job->n_items, PAL_DOMAIN_CHUNKS, chunk, &first, &last);
    for (int64_t i = first; i < last; i++) adapt_gather(job, i, job->d_out + i * wide);
    if (first < last)
        pal_linear_backward(job->z + first * k, values + job->roles, job->d_out + first * wide,
                            last - first, k, wide, job->dz + first * k, gradient + job->roles,
                            gradient + job->role_biases);
    pal_adapt_align_back(job, chunk, first, last, gradient);
    if (first < last)
        pal_tower_backward(&job->tower, values, (int32_t)k, job->sums + first * k,
                           job->dz + first * k, last - first,
                           job->room + first * pal_tower_room(&job->tower), job->d_sums + first * k,
                           gradient);
}

double pal_adapt_batch(adapt_job *job, const pal_step *step) {
    pal_pool *pool = job->ctx->pool;
    int64_t k = job->p->factors;
    job->judge.strength =
        job->p->adversarial * pal_reversal_strength((double)step->number / (double)step->n_steps);
    pal_parallel(pool, PAL_DOMAIN_CHUNKS, adapt_items, job);
    if (job->coral.sums) pal_adapt_coral_close(job);
    adapt_make_vectors(job);
    pal_domain_batch_begin(&job->batch, step);
    pal_parallel(pool, PAL_DOMAIN_CHUNKS, adapt_show, job);
    double loss = pal_heads_lose(&job->heads);
    pal_parallel(pool, PAL_DOMAIN_CHUNKS, adapt_people_back, job);
    pal_table_touch(&job->added, job->batch.rows, job->batch.places, job->batch.weights,
                    job->batch.at[step->n]);
    pal_table_sum(pool, &job->added, job->heads.dx, k);
    pal_parallel(pool, PAL_DOMAIN_CHUNKS, adapt_items_back, job);
    pal_parameters_sum(pool, &job->network);
    pal_table_sum(pool, &job->rows, job->d_sums, k);
    job->judge.loss = 0;
    for (int32_t c = 0; c < PAL_DOMAIN_CHUNKS; c++) job->judge.loss += job->judge.losses[c];
    return loss + (double)step->n * job->coral.loss;
}

static double adapt_step(void *arg, const pal_step *step) {
    adapt_job *job = arg;
    double loss = pal_adapt_batch(job, step), k = (double)job->p->factors;
    pal_adam adam = pal_adam_at(step->rate, step->number);
    adam.decay = job->p->decay;
    pal_adam_parameters(job->ctx->pool, &adam, &job->network);
    pal_adam_table(job->ctx->pool, &adam, &job->rows);
    job->ctx->multiply_adds +=
        pal_heads_work(&job->heads) + 4 * k * (double)job->features.starts[job->n_items] +
        3.0 * job->n_items * k * (double)(2 * job->p->factors + 1) +
        3.0 * job->n_items * (job->tower.has_layers ? pal_mlp_work(&job->tower.mlp) : 0);
    return loss;
}

static pal_status adapt_publish(void *arg) {
    adapt_job *job = arg;
    pal_person_state *s = job->s;
    int64_t k = job->p->factors, wide = adapt_roles(job);
    pal_parallel(job->ctx->pool, PAL_DOMAIN_CHUNKS, adapt_items, job);
    for (int64_t i = 0; i < s->n_items; i++) {
        memcpy(s->history + i * k, job->out + i * wide, (size_t)k * sizeof *job->out);
        memcpy(s->items + i * (k + 1), job->out + i * wide + k, (size_t)(k + 1) * sizeof *job->out);
    }
    for (int32_t i = 0; i < job->domains.n_source; i++)
        memcpy(s->source_history + i * k, job->out + job->domains.item_rows[i] * wide,
               (size_t)k * sizeof *job->out);
    return pal_panels_pack(job->ctx, "domain_adapt", s->items, s->n_items, (int32_t)k + 1,
                           job->arena, &s->panels, &s->packed);
}

/* --- fit --- */

/* Tasks: what is used in the log and, where that is asked for, in the source. */
static pal_status adapt_look(adapt_job *job, const pal_train_input *train, pal_arena *scratch) {
    const pal_source *source = job->p->use_source ? train->source : NULL;
    if (source && source->log->n_events == 0) source = NULL;
    TRY(pal_domains_join(job->ctx, "domain_adapt", job->log, source, scratch, &job->domains));
    TRY(pal_domain_features_make(job->ctx, "domain_adapt", train, source, &job->domains, scratch,
                                 &job->features));
    job->n_items = job->domains.n_items;
    job->n_seen = train->n_seen_items;
    for (int32_t side = 0; side < 1 + (source && job->p->source_weight > 0); side++) {
        const pal_log *log = side ? source->log : job->log;
        pal_domain_task *task = &job->tasks[job->n_tasks];
        TRY(pal_domains_add_task(job->ctx, "domain_adapt", &job->domains,
                                 side ? "the source" : "the target", log->about.target_types,
                                 side ? job->p->source_weight : 1, side, scratch, task));
        if (side == 0) task->n_items = job->n_seen; /* new items are no negatives */
        if (side == 0 && !(task->mean_amount > 0))
            return pal_fail(job->ctx, PAL_EDATA,
                            "domain_adapt: the training part holds no event of what is evaluated: "
                            "name another --target");
        job->n_tasks += task->mean_amount > 0;
    }
    job->source_of = PAL_ARENA_ARRAY(scratch, int32_t, job->n_items);
    if (!job->source_of) return pal_fail_memory(job->ctx, "domain_adapt", 4.0 * job->n_items);
    for (int32_t i = 0; i < job->n_items; i++) job->source_of[i] = -1;
    for (int32_t i = 0; i < job->domains.n_source; i++)
        job->source_of[job->domains.item_rows[i]] = i;
    job->judge.is_on = source && job->p->adversarial > 0;
    return PAL_OK;
}

static pal_status adapt_open_network(adapt_job *job, pal_arena *scratch) {
    enum { JUDGE = 32 };
    const adapt_params *p = job->p;
    const int32_t hidden[] = {JUDGE};
    int64_t k = p->factors, wide = adapt_roles(job);
    pal_parameters *network = &job->network;
    pal_tower_plan((int32_t)k, &p->layers, p->activation, network, &job->tower);
    job->roles = pal_parameters_add(network, "roles", wide, k);
    job->role_biases = pal_parameters_add(network, "role biases", 1, wide);
    if (job->judge.is_on)
        pal_mlp_plan((int32_t)k, hidden, 1, 1, (pal_activation)p->activation, network,
                     &job->judge.mlp);
    TRY(pal_parameters_open(job->ctx, "domain_adapt", PAL_DOMAIN_CHUNKS, scratch, scratch,
                            network));
    pal_tower_draw(&job->tower, (int32_t)k, job->ctx->seed, network->values);
    pal_draw_uniform(job->ctx->seed, "roles", network->values + job->roles, wide * k,
                     pal_glorot_bound(k, wide));
    if (job->judge.is_on)
        pal_mlp_draw(&job->judge.mlp, job->ctx->seed, "judge of domains", network->values);
    return PAL_OK;
}

static bool adapt_open_items(adapt_job *job, pal_arena *scratch) {
    int64_t n = job->n_items, k = job->p->factors, wide = adapt_roles(job);
    job->sums = PAL_ARENA_ARRAY(scratch, float, n *k);
    job->d_sums = PAL_ARENA_ARRAY(scratch, float, n *k);
    job->z = PAL_ARENA_ARRAY(scratch, float, n *k);
    job->dz = PAL_ARENA_ARRAY(scratch, float, n *k);
    job->room = PAL_ARENA_ARRAY(scratch, float, n *pal_tower_room(&job->tower));
    job->out = PAL_ARENA_ARRAY(scratch, float, n *wide);
    job->d_out = PAL_ARENA_ARRAY(scratch, float, n *wide);
    return job->sums && job->d_sums && job->z && job->dz && job->room && job->out && job->d_out;
}

/* Tables: rows of features, touched all in every step; and what people gather. */
static pal_status adapt_open_tables(adapt_job *job, int64_t n_entries, pal_arena *scratch) {
    const pal_domain_features *features = &job->features;
    int64_t k = job->p->factors, n = features->starts[job->n_items];
    float *rows = PAL_ARENA_ARRAY(scratch, float, features->n_features *k),
          *added = PAL_ARENA_ARRAY(scratch, float, job->n_items *k);
    int32_t *sources = PAL_ARENA_ARRAY(scratch, int32_t, n);
    if (!rows || !added || !sources || !adapt_open_items(job, scratch))
        return pal_fail_memory(job->ctx, "domain_adapt",
                               4.0 * (double)k * (features->n_features + 10.0 * job->n_items));
    TRY(pal_table_open(job->ctx, "domain_adapt", rows, features->n_features, (int32_t)k, n, scratch,
                       &job->rows));
    TRY(pal_table_open(job->ctx, "domain_adapt", added, job->n_items, (int32_t)k, n_entries,
                       scratch, &job->added));
    for (int32_t i = 0; i < job->n_items; i++) {
        for (int64_t e = features->starts[i]; e < features->starts[i + 1]; e++) sources[e] = i;
    }
    pal_draw_normal(job->ctx->seed, "features of domain_adapt", rows, features->n_features * k,
                    1 / sqrt((double)k));
    pal_table_touch(&job->rows, features->features, sources, features->weights, n);
    return PAL_OK;
}

pal_status pal_adapt_open(pal_ctx *ctx, const adapt_params *p, const pal_train_input *train,
                          pal_arena *arena, pal_arena *scratch, pal_person_state *s,
                          adapt_job *job) {
    *job = (adapt_job){.ctx = ctx, .arena = arena, .p = p, .log = train->log, .s = s};
    pal_person_form form = domain_adapt_form(p);
    TRY(adapt_look(job, train, scratch));
    TRY(pal_person_make(ctx, &form, train->log->n_users, train->log->n_items, job->domains.n_source,
                        arena, s));
    TRY(adapt_open_network(job, scratch));
    TRY(pal_adapt_align_open(job, scratch));
    int64_t batch = p->batch < job->domains.n_people ? p->batch : job->domains.n_people, n_entries;
    job->batch = (pal_domain_batch){.domains = &job->domains,
                                    .n_tasks = job->n_tasks,
                                    .tasks = job->tasks,
                                    .dropout = p->dropout,
                                    .hide = p->hide,
                                    .seed = pal_seed_for(ctx->seed, "people of domain_adapt")};
    TRY(pal_domain_batch_open(ctx, "domain_adapt", batch, scratch, &job->batch, &n_entries));
    job->heads.ctx = ctx;
    job->heads.width = (int32_t)p->factors;
    job->heads.batch = &job->batch;
    TRY(pal_heads_open("domain_adapt", batch, scratch, &job->heads));
    return adapt_open_tables(job, n_entries, scratch);
}

pal_status pal_adapt_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                         pal_arena *arena, pal_arena *scratch, void *state) {
    const adapt_params *p = params;
    adapt_job job;
    TRY(pal_adapt_open(ctx, p, train, arena, scratch, state, &job));
    int64_t n = job.domains.n_people;
    pal_training training = {.kind = "domain_adapt",
                             .epochs = p->epochs,
                             .n_examples = n,
                             .batch = p->batch < n ? p->batch : n,
                             .learning_rate = p->learning_rate,
                             .tolerance = p->tolerance,
                             .parameters = {&job.network},
                             .tables = {&job.rows},
                             .step = adapt_step,
                             .publish = adapt_publish,
                             .arg = &job};
    return pal_training_run(ctx, &training, scratch);
}
