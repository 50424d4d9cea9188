/* multitask_train.c - tasks, tables and steps of multitask. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "models/transfer/multitask.h"
#include "nn/adam.h"
#include "nn/loops.h"

/* --- tasks --- */

static pal_status multitask_add(multitask_job *job, const char *name, uint32_t types, double weight,
                                bool is_of_source, pal_arena *scratch) {
    if (job->n_tasks == PAL_TASKS_MAX)
        return pal_fail(job->ctx, PAL_EUSAGE, "multitask: more than %d targets: name fewer",
                        PAL_TASKS_MAX - 1);
    pal_domain_task *task = &job->tasks[job->n_tasks];
    TRY(pal_domains_add_task(job->ctx, "multitask", &job->domains, name, types, weight,
                             is_of_source, scratch, task));
    if (task->mean_amount > 0) {
        job->n_tasks++;
    } else {
        pal_note(job->ctx, PAL_NOTICE_INFO, "multitask: no event of %s is learned from: left out",
                 name);
    }
    return PAL_OK;
}

/* The next of numbers separated by commas, or NaN. */
static double multitask_next_weight(const char **text) {
    char *end;
    double weight = strtod(*text, &end);
    bool is_number = end != *text && (*end == ',' || !*end) && weight >= 0 && isfinite(weight);
    *text = *end == ',' ? end + 1 : end;
    return is_number ? weight : NAN;
}

/* The types that "view,purchase" names, in types[n]. */
static pal_status multitask_read_targets(multitask_job *job, int32_t *types, int32_t *n) {
    const pal_log_about *about = &job->log->about;
    const char *names[PAL_TYPES_MAX];
    for (int32_t t = 0; t < about->n_types; t++) names[t] = about->type_names[t];
    *n = 0;
    for (const char *at = job->p->targets; *at;) {
        char name[PAL_NAME_MAX];
        size_t length = strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1),
                 at);
        int32_t type = 0;
        while (type < about->n_types && !pal_name_equal(name, names[type])) type++;
        if (about->n_types == 0)
            return pal_fail(job->ctx, PAL_EDATA,
                            "multitask: targets=%s, but events of this log have no types: leave "
                            "targets out",
                            job->p->targets);
        if (type == about->n_types)
            return pal_fail_name(job->ctx, "type of events", name, names, about->n_types);
        for (int32_t i = 0; i < *n; i++) {
            if (types[i] == type)
                return pal_fail(job->ctx, PAL_EUSAGE, "multitask: targets names %s twice", name);
        }
        types[(*n)++] = type;
        at += length + (at[length] == ',');
    }
    return PAL_OK;
}

static pal_status multitask_read_weights(multitask_job *job, int32_t n, double *weights) {
    const char *at = job->p->weights;
    for (int32_t i = 0; i < n; i++) weights[i] = at ? multitask_next_weight(&at) : 1;
    bool is_whole = !at || !*at;
    for (int32_t i = 0; i < n; i++) is_whole &= !isnan(weights[i]);
    if (is_whole) return PAL_OK;
    return pal_fail(job->ctx, PAL_EUSAGE,
                    "multitask: weights=%s: give a number of 0 or more for each of the %d targets, "
                    "separated by commas",
                    job->p->weights, (int)n);
}

/* The tasks of the log, the one that scores first. */
static pal_status multitask_add_targets(multitask_job *job, pal_arena *scratch) {
    const pal_log_about *about = &job->log->about;
    int32_t types[PAL_TYPES_MAX], n, scoring = 0;
    double weights[PAL_TYPES_MAX];
    if (!job->p->targets) {
        TRY(multitask_read_weights(job, 1, weights));
        return multitask_add(job, "the target", about->target_types, weights[0], false, scratch);
    }
    TRY(multitask_read_targets(job, types, &n));
    TRY(multitask_read_weights(job, n, weights));
    while (scoring < n && !(about->target_types >> types[scoring] & 1u)) scoring++;
    if (scoring == n)
        return pal_fail(job->ctx, PAL_EUSAGE,
                        "multitask: targets=%s names no type that is evaluated: add what --target "
                        "says",
                        job->p->targets);
    for (int32_t i = 0; i < n; i++) {
        int32_t at = i == 0 ? scoring : i <= scoring ? i - 1 : i; /* it goes first */
        TRY(multitask_add(job, about->type_names[types[at]], UINT32_C(1) << types[at], weights[at],
                          false, scratch));
        if (i == 0 && job->n_tasks == 0) break;
    }
    return PAL_OK;
}

static pal_status multitask_look(multitask_job *job, const pal_train_input *train,
                                 pal_arena *scratch) {
    const pal_source *source = job->p->use_source ? train->source : NULL;
    if (source && source->log->n_events == 0) source = NULL;
    TRY(pal_domains_join(job->ctx, "multitask", job->log, source, scratch, &job->domains));
    if (source && !job->domains.n_shared_users && !job->domains.n_shared_items) {
        pal_note(job->ctx, PAL_NOTICE_WARNING,
                 "multitask: log and source share no users and no items, so that nothing is "
                 "carried over: it learns from the log alone");
        source = NULL;
        TRY(pal_domains_join(job->ctx, "multitask", job->log, NULL, scratch, &job->domains));
    }
    TRY(multitask_add_targets(job, scratch));
    if (job->n_tasks == 0 || job->tasks[0].weight <= 0)
        return pal_fail(job->ctx, PAL_EDATA,
                        "multitask: there is nothing to learn the target from: name a target that "
                        "has events, with a weight above 0");
    if (!source || job->p->source_weight <= 0) return PAL_OK;
    return multitask_add(job, "the source", source->log->about.target_types, job->p->source_weight,
                         true, scratch);
}

/* --- steps --- */

static void multitask_show(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    multitask_job *job = arg;
    pal_domain_batch *batch = &job->batch;
    int64_t first, last, k = job->p->factors;
    pal_domain_batch_draw(batch, chunk);
    pal_chunk_range(batch->step->n, PAL_DOMAIN_CHUNKS, chunk, &first, &last);
    for (int64_t r = first; r < last; r++) {
        float *x = job->heads.x + r * k;
        int64_t at = batch->at[r], n = batch->at[r + 1] - at;
        pal_table_pool(&job->history, batch->rows + at, batch->weights + at, n, x);
        job->own_rows[r] =
            job->p->own && batch->people[r] < job->domains.n_users ? batch->people[r] : -1;
        if (job->own_rows[r] >= 0)
            pal_loops_best()->add_scaled(x, job->users.values + job->own_rows[r] * k, 1, k);
    }
}

enum { MULTITASK_VECTORS = 256 }; /* of one chunk */

static void multitask_make_vectors(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    multitask_job *job = arg;
    int64_t first = chunk * MULTITASK_VECTORS, last = first + MULTITASK_VECTORS,
            k = job->p->factors;
    float *vectors = job->heads.at[0].vectors;
    if (last > job->n_vectors) last = job->n_vectors;
    for (int64_t v = first; v < last; v++) {
        memcpy(vectors + v * (k + 1), job->items.values + job->vector_rows[v] * k,
               (size_t)k * sizeof *vectors);
        vectors[v * (k + 1) + k] = job->biases.values[v];
    }
}

static void multitask_back(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    multitask_job *job = arg;
    pal_heads_back(&job->heads, chunk, pal_parameters_chunk(&job->network, chunk));
}

double pal_multitask_batch(multitask_job *job, const pal_step *step) {
    pal_pool *pool = job->ctx->pool;
    int64_t k = job->p->factors;
    pal_domain_batch_begin(&job->batch, step);
    pal_parallel(pool, PAL_DOMAIN_CHUNKS, multitask_show, job);
    pal_parallel(pool, (job->n_vectors + MULTITASK_VECTORS - 1) / MULTITASK_VECTORS,
                 multitask_make_vectors, job);
    double loss = pal_heads_lose(&job->heads);
    pal_parallel(pool, PAL_DOMAIN_CHUNKS, multitask_back, job);
    pal_parameters_sum(pool, &job->network);
    pal_table_touch(&job->history, job->batch.rows, job->batch.places, job->batch.weights,
                    job->batch.at[step->n]);
    pal_table_sum(pool, &job->history, job->heads.dx, k);
    pal_table_sum(pool, &job->items, job->heads.at[0].d_vectors, k + 1);
    pal_table_sum(pool, &job->biases, job->heads.at[0].d_vectors + k, k + 1);
    if (!job->p->own) return loss;
    pal_table_touch(&job->users, job->own_rows, NULL, NULL, step->n);
    pal_table_sum(pool, &job->users, job->heads.dx, k);
    return loss;
}

static double multitask_step(void *arg, const pal_step *step) {
    multitask_job *job = arg;
    pal_pool *pool = job->ctx->pool;
    double loss = pal_multitask_batch(job, step);
    pal_adam adam = pal_adam_at(step->rate, step->number);
    pal_adam_table(pool, &adam, &job->biases);
    pal_adam_parameters(pool, &adam, &job->network);
    adam.decay = job->p->decay;
    pal_adam_table(pool, &adam, &job->history);
    pal_adam_table(pool, &adam, &job->items);
    if (job->p->own) pal_adam_table(pool, &adam, &job->users);
    job->ctx->multiply_adds += pal_heads_work(&job->heads) +
                               2.0 * (double)job->batch.at[step->n] * (double)job->p->factors;
    return loss;
}

static pal_status multitask_publish(void *arg) {
    multitask_job *job = arg;
    pal_person_state *s = job->s;
    int64_t k = job->p->factors;
    multitask_make_vectors(job, 0, 0);
    for (int64_t c = 1; c * MULTITASK_VECTORS < s->n_items; c++) multitask_make_vectors(job, c, 0);
    memcpy(s->items, job->heads.at[0].vectors, (size_t)(s->n_items * (k + 1)) * sizeof *s->items);
    memcpy(s->history, job->history.values, (size_t)(s->n_items * k) * sizeof *s->history);
    for (int32_t i = 0; i < job->domains.n_source; i++)
        memcpy(s->source_history + i * k, job->history.values + job->domains.item_rows[i] * k,
               (size_t)k * sizeof *s->history);
    memcpy(s->network, job->network.values, (size_t)s->network_range[1] * sizeof *s->network);
    return pal_panels_pack(job->ctx, "multitask", s->items, s->n_items, (int32_t)k + 1, job->arena,
                           &s->panels, &s->packed);
}

/* --- fit --- */

/* Which row of items each vector of the heads is made of, and biases that begin as how often an
 * item is asked for. */
static void multitask_number_vectors(multitask_job *job) {
    int64_t at = 0;
    for (int32_t t = 0; t < job->n_tasks; t++) {
        const pal_domain_task *task = &job->tasks[t];
        int64_t n = task->targets.starts[task->targets.n_rows];
        float *biases = job->biases.values + at;
        for (int32_t i = 0; i < task->n_items; i++) {
            job->vector_rows[at + i] = task->is_of_source ? job->domains.item_rows[i] : i;
            biases[i] = 0.5f;
        }
        for (int64_t e = 0; e < n; e++)
            biases[task->targets.cols[e]] += task->targets.values ? task->targets.values[e] : 1;
        for (int32_t i = 0; i < task->n_items; i++)
            biases[i] = (float)log((double)biases[i] / (double)n * task->n_items);
        at += task->n_items;
    }
    pal_table_touch(&job->items, job->vector_rows, NULL, NULL, job->n_vectors);
}

/* Tables with their first values: rows of people begin with unit length on average, so that logits
 * begin near the biases but not at them. */
static pal_status multitask_open_tables(multitask_job *job, int64_t batch, int64_t n_entries,
                                        pal_arena *scratch) {
    pal_ctx *ctx = job->ctx;
    int32_t k = (int32_t)job->p->factors, n_items = job->domains.n_items;
    double deviation = 1 / sqrt((double)k);
    for (int32_t t = 0; t < job->n_tasks; t++) job->n_vectors += job->tasks[t].n_items;
    float *history = PAL_ARENA_ARRAY(scratch, float, (int64_t)n_items *k),
          *items = PAL_ARENA_ARRAY(scratch, float, (int64_t)n_items *k),
          *biases = PAL_ARENA_ARRAY(scratch, float, job->n_vectors);
    int32_t *all = PAL_ARENA_ARRAY(scratch, int32_t, job->n_vectors);
    job->vector_rows = PAL_ARENA_ARRAY(scratch, int32_t, job->n_vectors);
    job->own_rows = PAL_ARENA_ARRAY(scratch, int32_t, batch);
    if (!history || !items || !biases || !all || !job->vector_rows || !job->own_rows)
        return pal_fail_memory(ctx, "multitask", 8.0 * (double)n_items * k);
    TRY(pal_table_open(ctx, "multitask", history, n_items, k, n_entries, scratch, &job->history));
    TRY(pal_table_open(ctx, "multitask", items, n_items, k, job->n_vectors, scratch, &job->items));
    TRY(pal_table_open(ctx, "multitask", biases, (int32_t)job->n_vectors, 1, job->n_vectors,
                       scratch, &job->biases));
    TRY(pal_table_open(ctx, "multitask", job->s->users, job->p->own ? job->domains.n_users : 0, k,
                       batch, scratch, &job->users));
    pal_draw_normal(ctx->seed, "history of multitask", history, (int64_t)n_items * k, deviation);
    pal_draw_normal(ctx->seed, "items of multitask", items, (int64_t)n_items * k, 0.1 * deviation);
    multitask_number_vectors(job);
    for (int64_t v = 0; v < job->n_vectors; v++) all[v] = (int32_t)v;
    pal_table_touch(&job->biases, all, NULL, NULL, job->n_vectors);
    return PAL_OK;
}

pal_status pal_multitask_open(pal_ctx *ctx, const multitask_params *p, const pal_train_input *train,
                              pal_arena *arena, pal_arena *scratch, pal_person_state *s,
                              multitask_job *job) {
    *job = (multitask_job){.ctx = ctx, .arena = arena, .p = p, .log = train->log, .s = s};
    TRY(multitask_look(job, train, scratch));
    pal_person_form form = multitask_form(p);
    TRY(pal_person_make(ctx, &form, train->log->n_users, train->log->n_items, job->domains.n_source,
                        arena, s));
    int64_t batch = p->batch < job->domains.n_people ? p->batch : job->domains.n_people, n_entries;
    int32_t k = (int32_t)p->factors;
    for (int32_t t = 0; t < job->n_tasks; t++)
        pal_tower_plan(k, &p->layers, p->activation, &job->network, &job->heads.at[t].tower);
    TRY(pal_parameters_open(ctx, "multitask", PAL_DOMAIN_CHUNKS, scratch, scratch, &job->network));
    for (int32_t t = 0; t < job->n_tasks; t++)
        pal_tower_draw(&job->heads.at[t].tower, k, ctx->seed + 100 * (uint64_t)t,
                       job->network.values);
    job->batch = (pal_domain_batch){.domains = &job->domains,
                                    .n_tasks = job->n_tasks,
                                    .tasks = job->tasks,
                                    .dropout = p->dropout,
                                    .hide = p->hide,
                                    .seed = pal_seed_for(ctx->seed, "people of multitask")};
    TRY(pal_domain_batch_open(ctx, "multitask", batch, scratch, &job->batch, &n_entries));
    job->heads.ctx = ctx;
    job->heads.width = k;
    job->heads.batch = &job->batch;
    job->heads.parameters = &job->network;
    TRY(pal_heads_open("multitask", batch, scratch, &job->heads));
    return multitask_open_tables(job, batch, n_entries, scratch);
}

pal_status pal_multitask_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                             pal_arena *arena, pal_arena *scratch, void *state) {
    const multitask_params *p = params;
    multitask_job job;
    TRY(pal_multitask_open(ctx, p, train, arena, scratch, state, &job));
    int64_t n = job.domains.n_people;
    pal_training training = {.kind = "multitask",
                             .epochs = p->epochs,
                             .n_examples = n,
                             .batch = p->batch < n ? p->batch : n,
                             .learning_rate = p->learning_rate,
                             .tolerance = p->tolerance,
                             .parameters = {&job.network},
                             .tables = {&job.history, &job.items, &job.biases, &job.users},
                             .step = multitask_step,
                             .publish = multitask_publish,
                             .arg = &job};
    return pal_training_run(ctx, &training, scratch);
}
