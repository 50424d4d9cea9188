/* click_train.c - batches and steps of networks over a person and an item. */
#include <math.h>
#include <string.h>

#include "models/click_examples.h"
#include "models/feature_tables.h"
#include "nn/loops.h"
#include "nn/loss.h"
#include "nn/training.h"

enum { CLICK_TRIES = 20 };

typedef struct {
    pal_ctx *ctx;
    pal_arena *arena;
    const pal_click_form *form;
    const pal_click_options *o;
    const pal_log *log;
    pal_click_state *s;
    pal_csr used; /* by user: what is not drawn */
    uint64_t seed;
    int64_t n_drawn;                  /* items that a used event is put against */
    int32_t d, width, n_user, n_item; /* rows of a person, of an item */
    pal_parameters network;
    pal_feature_tables tables;
    pal_click_examples examples;
    /* The batch: B examples, P pairs. */
    const pal_step *step;
    int64_t *starts;     /* [B + 1] pairs of an example */
    int32_t *pair_items; /* [P] */
    float *labels, *pair_amounts, *logits, *d_logits;
    float *people, *d_people; /* [B, n_user, width] */
    float *things, *d_things; /* [P, n_item, width] */
    float *x, *dx, *room;     /* [P, n_in] and the network's */
    float *sums;              /* [P, 2, d] of the person and of the item */
    double losses[PAL_CLICK_CHUNKS];
} click_job;

/* What was shown and not used tells more than a draw: draws fill up to `negatives` an event. */
static int64_t click_n_drawn(const pal_click_options *o, const pal_click_examples *examples) {
    int64_t n_shown = (examples->n - examples->n_used) / examples->n_used;
    return o->negatives > n_shown ? o->negatives - n_shown : 0;
}

/* An item that the user did not use, or after CLICK_TRIES any. */
static int32_t click_draw(const click_job *job, int32_t user, pal_rng *rng) {
    int32_t item = 0;
    for (int32_t t = 0; t < CLICK_TRIES; t++) {
        item = (int32_t)pal_rng_below(rng, (uint32_t)job->log->n_items);
        if (!pal_csr_has(&job->used, user, item)) break;
    }
    return item;
}

/* The person and the pairs of the batch's example r. */
static void click_look(click_job *job, int64_t r, pal_rng *rng) {
    const pal_click_examples *examples = &job->examples;
    int64_t example = job->step->examples[r], p = job->starts[r];
    int32_t user = examples->users[example];
    pal_feature_tables_person(&job->tables, r, user, examples->events[example],
                              examples->items[example], rng,
                              job->people + r * job->n_user * job->width);
    job->pair_items[p] = examples->items[example];
    job->labels[p] = example < examples->n_used;
    job->pair_amounts[p] = examples->amounts[example];
    for (p++; p < job->starts[r + 1]; p++) {
        job->pair_items[p] = click_draw(job, user, rng);
        job->labels[p] = 0;
        job->pair_amounts[p] = 1;
    }
}

/* Fields, sums and the network's input of a pair; returns the logit without the network. */
static float click_make_pair(click_job *job, int64_t r, int64_t p) {
    const pal_loops *loops = pal_loops_best();
    int32_t d = job->d, w = job->width;
    const float *person = job->people + r * job->n_user * w;
    float *thing = job->things + p * job->n_item * w, *x = job->x + p * job->s->mlp.sizes[0],
          *of_person = job->sums + p * 2 * d, *of_item = of_person + d;
    pal_feature_tables_item(&job->tables, job->pair_items[p], thing);
    for (int32_t f = 0; f < job->n_user; f++, x += d)
        memcpy(x, person + f * w, (size_t)d * sizeof *x);
    for (int32_t f = 0; f < job->n_item; f++, x += d)
        memcpy(x, thing + f * w, (size_t)d * sizeof *x);
    float logit = pal_click_gather(job->form, person, job->n_user, d, of_person);
    logit += pal_click_gather(job->form, thing, job->n_item, d, of_item);
    if (job->form->has_product) loops->multiply(of_person, of_item, x, d);
    return job->form->has_fm ? logit + loops->dot(of_person, of_item, d) : logit;
}

/* From ∂L/∂logit and the network's dx to the pair's fields; the person's are added. */
static void click_back_pair(click_job *job, int64_t r, int64_t p) {
    const pal_loops *loops = pal_loops_best();
    int32_t d = job->d, w = job->width, n = job->n_user + job->n_item;
    float g = job->d_logits[p];
    const float *person = job->people + r * job->n_user * w,
                *thing = job->things + p * job->n_item * w,
                *dx = job->dx + p * job->s->mlp.sizes[0], *product = dx + n * d;
    float *of_person = job->sums + p * 2 * d, *of_item = of_person + d;
    float *to_person = job->d_people + r * job->n_user * w,
          *to_thing = job->d_things + p * job->n_item * w;
    memset(to_thing, 0, (size_t)job->n_item * (size_t)w * sizeof *to_thing);
    for (int32_t f = 0; f < n; f++, dx += d) {
        bool is_person = f < job->n_user;
        int32_t at = (is_person ? f : f - job->n_user) * w;
        const float *row = (is_person ? person : thing) + at,
                    *other = is_person ? of_item : of_person;
        float *to = (is_person ? to_person : to_thing) + at;
        loops->add_scaled(to, dx, 1, d);
        to[d] += g;
        if (job->form->has_fm) {
            loops->add_scaled(to, of_person, g, d);
            loops->add_scaled(to, of_item, g, d);
            loops->add_scaled(to, row, -g, d);
        }
        for (int32_t i = 0; job->form->has_product && i < d; i++) to[i] += product[i] * other[i];
    }
}

static void click_chunk(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    click_job *job = arg;
    int64_t first, last;
    pal_chunk_range(job->step->n, PAL_CLICK_CHUNKS, chunk, &first, &last);
    float *gradient = pal_parameters_chunk(&job->network, chunk);
    job->losses[chunk] = 0;
    if (first == last) return;
    pal_rng rng =
        pal_rng_at(job->seed, (uint64_t)job->step->number * PAL_CLICK_CHUNKS + (uint64_t)chunk);
    const pal_mlp *mlp = &job->s->mlp;
    int64_t begin = job->starts[first], n = job->starts[last] - begin,
            person = job->n_user * job->width;
    for (int64_t r = first; r < last; r++) {
        click_look(job, r, &rng);
        for (int64_t p = job->starts[r]; p < job->starts[r + 1]; p++)
            job->logits[p] = click_make_pair(job, r, p);
    }
    float *x = job->x + begin * mlp->sizes[0], *room = job->room + begin * pal_mlp_room(mlp);
    const float *out = pal_mlp_forward(mlp, job->network.values, x, n, room);
    for (int64_t p = begin; p < begin + n; p++) {
        float amount = job->pair_amounts[p], logit = job->logits[p] + out[p - begin];
        job->losses[chunk] +=
            (double)amount * pal_loss_bce(&logit, &job->labels[p], 1, amount / (float)job->step->n,
                                          &job->d_logits[p]);
    }
    pal_mlp_backward(mlp, job->network.values, x, n, job->d_logits + begin, room,
                     job->dx + begin * mlp->sizes[0], gradient);
    memset(job->d_people + first * person, 0, (size_t)((last - first) * person) * sizeof(float));
    for (int64_t r = first; r < last; r++) {
        for (int64_t p = job->starts[r]; p < job->starts[r + 1]; p++) click_back_pair(job, r, p);
    }
}

static double click_step(void *arg, const pal_step *step) {
    click_job *job = arg;
    pal_pool *pool = job->ctx->pool;
    double loss = 0;
    job->step = step;
    for (int64_t r = 0; r < step->n; r++)
        job->starts[r + 1] =
            job->starts[r] + 1 + (step->examples[r] < job->examples.n_used ? job->n_drawn : 0);
    pal_parallel(pool, PAL_CLICK_CHUNKS, click_chunk, job);
    for (int32_t c = 0; c < PAL_CLICK_CHUNKS; c++) loss += job->losses[c];
    pal_parameters_sum(pool, &job->network);
    pal_feature_tables_touch_people(&job->tables, step->n);
    pal_feature_tables_touch_items(&job->tables, job->pair_items, job->starts[step->n]);
    pal_adam adam = pal_adam_at(step->rate, step->number);
    adam.decay = job->o->f.decay;
    pal_adam_parameters(pool, &adam, &job->network);
    pal_feature_tables_step(pool, &adam, job->d_people, job->d_things, &job->tables);
    job->ctx->multiply_adds += (double)job->starts[step->n] * 3 * pal_mlp_work(&job->s->mlp) +
                               2.0 * (double)step->n * job->tables.n_entries * job->width;
    return loss;
}

static pal_status click_publish(void *arg) {
    click_job *job = arg;
    pal_feature_tables_keep(&job->tables, job->s->items, job->s->profiles, &job->s->told);
    TRY(pal_profile_code_prepare(job->ctx, job->form->name, job->arena, &job->s->told.code));
    pal_click_derive(job->form, job->o, job->s);
    return PAL_OK;
}

/* --- fit --- */

static pal_status click_make_state(click_job *job) {
    pal_click_state *s = job->s;
    s->n_users = job->log->n_users;
    s->n_items = job->log->n_items;
    s->n_item_fields = job->n_item;
    s->n_profile_fields = job->tables.n_profile;
    int64_t w = job->width, n_items = s->n_items * job->n_item * w,
            n_profiles = s->n_profile_fields * (s->n_users + INT64_C(1)) * w;
    s->history = PAL_ARENA_ARRAY(job->arena, float, s->n_items *w);
    s->items = PAL_ARENA_ARRAY(job->arena, float, n_items);
    s->profiles = PAL_ARENA_ARRAY(job->arena, float, n_profiles);
    s->item_range = PAL_ARENA_ARRAY(job->arena, int64_t, 2);
    s->profile_range = PAL_ARENA_ARRAY(job->arena, int64_t, 2);
    s->network_range = PAL_ARENA_ARRAY(job->arena, int64_t, 2);
    if (!s->history || !s->items || !s->profiles || !s->item_range || !s->profile_range ||
        !s->network_range)
        return pal_fail_memory(job->ctx, job->form->name, 4.0 * (double)(n_items + n_profiles));
    TRY(pal_feature_told_open(job->ctx, &job->tables, job->arena, &s->told));
    s->item_range[1] = n_items;
    s->profile_range[1] = n_profiles;
    s->network_range[1] = job->network.n;
    return pal_click_open_derived(job->ctx, job->form, job->o, job->arena, s);
}

static bool click_open_batch(click_job *job, int64_t batch, int64_t pairs, pal_arena *scratch) {
    int64_t people = batch * job->n_user * job->width, things = pairs * job->n_item * job->width,
            in = pairs * job->s->mlp.sizes[0];
    job->starts = PAL_ARENA_ARRAY(scratch, int64_t, batch + 1);
    job->pair_items = PAL_ARENA_ARRAY(scratch, int32_t, pairs);
    job->labels = PAL_ARENA_ARRAY(scratch, float, pairs);
    job->pair_amounts = PAL_ARENA_ARRAY(scratch, float, pairs);
    job->logits = PAL_ARENA_ARRAY(scratch, float, pairs);
    job->d_logits = PAL_ARENA_ARRAY(scratch, float, pairs);
    job->people = PAL_ARENA_ARRAY(scratch, float, people);
    job->d_people = PAL_ARENA_ARRAY(scratch, float, people);
    job->things = PAL_ARENA_ARRAY(scratch, float, things);
    job->d_things = PAL_ARENA_ARRAY(scratch, float, things);
    job->x = PAL_ARENA_ARRAY(scratch, float, in);
    job->dx = PAL_ARENA_ARRAY(scratch, float, in);
    job->room = PAL_ARENA_ARRAY(scratch, float, pairs *pal_mlp_room(&job->s->mlp));
    job->sums = PAL_ARENA_ARRAY(scratch, float, pairs * 2 * job->d);
    return job->starts && job->pair_items && job->labels && job->pair_amounts && job->logits &&
           job->d_logits && job->people && job->d_people && job->things && job->d_things &&
           job->x && job->dx && job->room && job->sums;
}

/* The model's arrays, tables with their first values, room for a batch. */
static pal_status click_open(click_job *job, int64_t batch, pal_arena *scratch) {
    static const double deviation = 0.1;
    pal_ctx *ctx = job->ctx;
    int64_t pairs = batch * (1 + job->n_drawn);
    TRY(pal_parameters_open(ctx, job->form->name, PAL_CLICK_CHUNKS, job->arena, scratch,
                            &job->network));
    job->s->network = job->network.values;
    TRY(click_make_state(job));
    TRY(pal_feature_tables_open(ctx, job->s->history, batch, pairs, scratch, &job->tables));
    pal_mlp_draw(&job->s->mlp, ctx->seed, "network over clicks", job->network.values);
    pal_feature_tables_draw(ctx->seed, "over clicks", deviation, deviation, &job->tables);
    if (click_open_batch(job, batch, pairs, scratch)) return PAL_OK;
    return pal_fail_memory(ctx, job->form->name, 8.0 * (double)(pairs * job->s->mlp.sizes[0]));
}

pal_status pal_click_fit(pal_ctx *ctx, const pal_click_form *form, const pal_click_options *o,
                         const pal_train_input *train, pal_arena *arena, pal_arena *scratch,
                         pal_click_state *s) {
    click_job job = {.ctx = ctx,
                     .arena = arena,
                     .form = form,
                     .o = o,
                     .log = train->log,
                     .s = s,
                     .seed = pal_seed_for(ctx->seed, "examples over clicks"),
                     .d = (int32_t)o->f.factors,
                     .width = (int32_t)o->f.factors + 1};
    pal_feature_tables *t = &job.tables;
    TRY(pal_log_pairs(ctx, job.log, UINT32_MAX, scratch, &job.used));
    TRY(pal_click_examples_list(ctx, form->name, o, train, &job.used, scratch, &job.examples));
    job.n_drawn = click_n_drawn(o, &job.examples);
    TRY(pal_feature_tables_look(ctx, form->name, &o->f, train, false, job.width, job.width, scratch,
                                t));
    job.n_user = t->n_sums + t->n_profile;
    job.n_item = t->n_thing;
    pal_click_plan(form, o, t->n_profile, job.n_item, &job.network, &s->mlp);
    int64_t n = job.examples.n, batch = o->f.batch < n ? o->f.batch : n;
    TRY(click_open(&job, batch, scratch));
    pal_training training = {
        .kind = form->name,
        .epochs = o->f.epochs,
        .n_examples = n,
        .batch = batch,
        .learning_rate = o->f.learning_rate,
        .tolerance = o->f.tolerance,
        /* Knowing nothing costs log 2 a pair. */
        .most_loss = 10 * log(2) * (1 + (double)job.n_drawn),
        .parameters = {&job.network},
        .tables = {&t->history, &t->items, &t->item_features, &t->user_features},
        .step = click_step,
        .publish = click_publish,
        .arg = &job};
    return pal_training_run(ctx, &training, scratch);
}
