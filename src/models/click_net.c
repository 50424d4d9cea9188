/* click_net.c - examples, batches and steps of networks over a person and an item, and their
 * scores. */
#include "models/click_net.h"

#include <math.h>
#include <string.h>

#include "models/history.h"
#include "nn/adam.h"
#include "nn/linear.h"
#include "nn/loops.h"
#include "nn/loss.h"
#include "nn/training.h"

const char *const pal_click_weights[] = {"auto", "alike", "value", NULL};

enum { CLICK_CHUNKS = 16, CLICK_TILE = 64, CLICK_TRIES = 20 };
static const double click_value_most = 10; /* times the mean that one event's value counts */

/* --- shapes --- */

static pal_past click_past(const pal_click_options *o) {
    return (pal_past){.form = o->context,
                      .n_long = (int32_t)o->history,
                      .n_recent = (int32_t)o->recent,
                      .dropout = o->dropout};
}

static int32_t click_n_sums(const pal_click_options *o) { return 1 + (o->recent > 0); }

/* The network over so many fields of a profile and of an item. */
static void click_plan(const pal_click_form *form, const pal_click_options *o, int32_t n_profile,
                       int32_t n_item, pal_parameters *parameters, pal_mlp *out) {
    int32_t n_parts = click_n_sums(o) + n_profile + n_item + form->has_product;
    pal_mlp_plan(n_parts * (int32_t)o->factors, o->layers.at, o->layers.n, 1,
                 (pal_activation)o->activation, parameters, out);
}

/* The sums over a history, [n_sums, width]. */
static void click_sum_history(const pal_click_options *o, const float *history, const int32_t *rows,
                              const float *weights, float *out) {
    pal_table table = {.width = (int32_t)o->factors + 1, .values = (float *)(uintptr_t)history};
    pal_table_pool(&table, rows, weights, o->history, out);
    if (o->recent > 0)
        pal_table_pool(&table, rows + o->history, weights + o->history, o->recent,
                       out + table.width);
}

/* Of fields [n, d + 1]: sum [d] = Σ x_f; returns Σ linear weights and, with FM, Σ_(f<g) x_f·x_g. */
static float click_gather(const pal_click_form *form, const float *fields, int32_t n, int32_t d,
                          float *sum) {
    const pal_loops *loops = pal_loops_best();
    float linear = 0, squares = 0;
    memset(sum, 0, (size_t)d * sizeof *sum);
    for (int32_t f = 0; f < n; f++) {
        const float *row = fields + f * (d + 1);
        loops->add_scaled(sum, row, 1, d);
        linear += row[d];
        if (form->has_fm) squares += loops->dot(row, row, d);
    }
    return form->has_fm ? linear + (loops->dot(sum, sum, d) - squares) / 2 : linear;
}

/* --- training --- */

typedef struct {
    pal_ctx *ctx;
    pal_arena *arena;
    const pal_click_form *form;
    const pal_click_options *o;
    const pal_log *log;
    pal_click_state *s;
    pal_past past;
    pal_csr used; /* by user: what is not drawn */
    uint64_t seed;
    int32_t d, width, n_sums, n_user, n_item; /* fields of a person with the sums, of an item */
    int32_t n_entries, most_profile, most_features;
    pal_fields item_fields, user_fields;
    pal_parameters network;
    pal_table history, items, item_features, user_features;
    /* Examples: used ones, then shown ones. */
    int64_t n_examples, n_used;
    int64_t *events; /* [n_examples] the history is what comes before this event of the log */
    int32_t *users, *targets;
    float *amounts;
    /* The batch: B examples, P pairs. */
    const pal_step *step;
    int64_t *starts;     /* [B + 1] pairs of an example */
    int32_t *pair_items; /* [P] */
    float *labels, *pair_amounts, *logits, *d_logits;
    int32_t *rows, *sources; /* [B, n_entries] */
    float *row_weights;
    int32_t *profile_rows, *profile_sources; /* [B, most_profile] */
    float *profile_weights;
    float *people, *d_people; /* [B, n_user, width] */
    float *things, *d_things; /* [P, n_item, width] */
    float *x, *dx, *room;     /* [P, n_in] and the network's */
    float *sums;              /* [P, 2, d] of the person and of the item */
    int32_t *feature_rows, *feature_sources;
    float *feature_weights;
    double losses[CLICK_CHUNKS];
} click_job;

/* Weight of the event's value against the mean, bounded; values that are not positive weigh 0. */
static double click_value(const pal_log *log, int64_t e, double mean) {
    double share = (double)log->values[e] / mean;
    return share > 0 ? fmin(share, click_value_most) : 0;
}

static bool click_weighs_values(const click_job *job) {
    const pal_log *log = job->log;
    return log->values && (job->o->weigh == PAL_CLICK_BY_VALUE ||
                           (job->o->weigh == PAL_CLICK_AUTO && !log->about.values_are_ratings &&
                            *log->about.value_name));
}

/* Amounts of used examples, 1 on average. */
static void click_weigh(click_job *job) {
    const pal_log *log = job->log;
    bool by_value = click_weighs_values(job);
    double values = 0, sum = 0;
    for (int64_t i = 0; by_value && i < job->n_used; i++)
        values += fmax(0, (double)log->values[job->events[i]]);
    by_value = by_value && values > 0 && isfinite(values);
    for (int64_t i = 0; i < job->n_used; i++) {
        int64_t e = job->events[i];
        double amount = log->weights ? (double)log->weights[e] : 1;
        if (by_value) amount *= click_value(log, e, values / (double)job->n_used);
        job->amounts[i] = (float)amount;
        sum += (double)job->amounts[i];
    }
    for (int64_t i = 0; i < job->n_used && sum > 0; i++)
        job->amounts[i] = (float)((double)job->amounts[i] * (double)job->n_used / sum);
    for (int64_t i = job->n_used; i < job->n_examples; i++) job->amounts[i] = 1;
}

/* Where in the user's events a time falls: the first one later than it. */
static int64_t click_place(const pal_log *log, int32_t user, const int64_t *time) {
    int64_t e = log->starts[user];
    if (!time || !log->times) return log->starts[user + 1];
    while (e < log->starts[user + 1] && log->times[e] < *time) e++;
    return e;
}

static void click_add(click_job *job, int32_t user, int64_t event, int32_t item) {
    job->users[job->n_examples] = user;
    job->events[job->n_examples] = event;
    job->targets[job->n_examples++] = item;
}

/* Used events with something before them (where there are none, all), then shown ones that the
 * person did not use. */
static pal_status click_list_examples(click_job *job, const pal_log *shown, pal_arena *scratch) {
    const pal_log *log = job->log;
    int64_t n = log->n_events + (shown ? shown->n_events : 0);
    job->events = PAL_ARENA_ARRAY(scratch, int64_t, n);
    job->users = PAL_ARENA_ARRAY(scratch, int32_t, n);
    job->targets = PAL_ARENA_ARRAY(scratch, int32_t, n);
    job->amounts = PAL_ARENA_ARRAY(scratch, float, n);
    if (!job->events || !job->users || !job->targets || !job->amounts)
        return pal_fail_memory(job->ctx, job->form->name, 20.0 * (double)n);
    for (int32_t all = 0; all < 2 && job->n_examples == 0; all++) {
        for (int32_t u = 0; u < log->n_users; u++) {
            int64_t begin = log->starts[u], end = log->starts[u + 1];
            for (int64_t e = begin; e < end; e++) {
                bool has = job->o->context == PAL_PAST_BEFORE ? e > begin : end - begin > 1;
                if (all || has) click_add(job, u, e, log->items[e]);
            }
        }
    }
    job->n_used = job->n_examples;
    for (int32_t u = 0; shown && u < shown->n_users && u < log->n_users; u++) {
        for (int64_t e = shown->starts[u]; e < shown->starts[u + 1]; e++) {
            int32_t item = shown->items[e];
            if (item >= log->n_items || pal_csr_has(&job->used, u, item)) continue;
            click_add(job, u, click_place(log, u, shown->times ? &shown->times[e] : NULL), item);
        }
    }
    click_weigh(job);
    return PAL_OK;
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

/* Histories, profiles and pairs of the chunk's examples. */
static void click_look(click_job *job, int64_t r, pal_rng *rng) {
    int64_t example = job->step->examples[r], at = r * job->most_profile, p = job->starts[r];
    int32_t user = job->users[example], *rows = job->rows + r * job->n_entries;
    float *weights = job->row_weights + r * job->n_entries,
          *person = job->people + r * job->n_user * job->width;
    pal_past_of_event(&job->past, job->log, user, job->events[example], job->targets[example], rng,
                      rows, weights);
    click_sum_history(job->o, job->s->history, rows, weights, person);
    if (job->user_fields.n_fields) {
        const int32_t *features;
        const float *amounts;
        int32_t known = pal_rng_uniform(rng) < job->o->hide_profile ? -1 : user;
        int32_t n = pal_fields_all(&job->user_fields, known, &features, &amounts);
        pal_fields_pool(&job->user_fields, known, job->user_features.values, job->width,
                        person + job->n_sums * job->width);
        memcpy(job->profile_rows + at, features, (size_t)n * sizeof *features);
        memcpy(job->profile_weights + at, amounts, (size_t)n * sizeof *amounts);
        for (int32_t f = 0; f < job->user_fields.n_fields; f++) {
            int32_t n_of = pal_fields_of(&job->user_fields, known, f, &features, &amounts);
            for (int32_t i = 0; i < n_of; i++)
                job->profile_sources[at++] = (int32_t)(r * job->n_user + job->n_sums + f);
        }
        for (; n < job->most_profile; n++) job->profile_rows[r * job->most_profile + n] = -1;
    }
    bool is_used = example < job->n_used;
    job->pair_items[p] = job->targets[example];
    job->labels[p] = is_used;
    job->pair_amounts[p] = job->amounts[example];
    for (p++; p < job->starts[r + 1]; p++) {
        job->pair_items[p] = click_draw(job, user, rng);
        job->labels[p] = 0;
        job->pair_amounts[p] = 1;
    }
}

/* Fields, sums and the network's input of a pair; returns the logit without the network. */
static float click_make_pair(click_job *job, int64_t r, int64_t p) {
    const pal_loops *loops = pal_loops_best();
    int32_t d = job->d, w = job->width, item = job->pair_items[p];
    const float *person = job->people + r * job->n_user * w;
    float *thing = job->things + p * job->n_item * w, *x = job->x + p * job->s->mlp.sizes[0],
          *of_person = job->sums + p * 2 * d, *of_item = of_person + d;
    memcpy(thing, job->items.values + (int64_t)item * w, (size_t)w * sizeof *thing);
    pal_fields_pool(&job->item_fields, item, job->item_features.values, w, thing + w);
    for (int32_t f = 0; f < job->n_user; f++, x += d)
        memcpy(x, person + f * w, (size_t)d * sizeof *x);
    for (int32_t f = 0; f < job->n_item; f++, x += d)
        memcpy(x, thing + f * w, (size_t)d * sizeof *x);
    float logit = click_gather(job->form, person, job->n_user, d, of_person);
    logit += click_gather(job->form, thing, job->n_item, d, of_item);
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
    pal_chunk_range(job->step->n, CLICK_CHUNKS, chunk, &first, &last);
    float *gradient = pal_parameters_chunk(&job->network, chunk);
    job->losses[chunk] = 0;
    if (first == last) return;
    pal_rng rng =
        pal_rng_at(job->seed, (uint64_t)job->step->number * CLICK_CHUNKS + (uint64_t)chunk);
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

/* Gradients of the tables, row by row. */
static void click_sum_tables(click_job *job) {
    pal_pool *pool = job->ctx->pool;
    int64_t n = job->step->n, n_pairs = job->starts[n], at = 0;
    pal_table_touch(&job->history, job->rows, job->sources, job->row_weights, n * job->n_entries);
    pal_table_sum(pool, &job->history, job->d_people, job->width);
    pal_table_touch(&job->items, job->pair_items, NULL, NULL, n_pairs);
    pal_table_sum(pool, &job->items, job->d_things, (int64_t)job->n_item * job->width);
    if (job->user_fields.n_fields) {
        pal_table_touch(&job->user_features, job->profile_rows, job->profile_sources,
                        job->profile_weights, n * job->most_profile);
        pal_table_sum(pool, &job->user_features, job->d_people, job->width);
    }
    if (job->item_fields.n_fields == 0) return;
    for (int64_t p = 0; p < n_pairs; p++) {
        for (int32_t f = 0; f < job->item_fields.n_fields; f++) {
            const int32_t *features;
            const float *weights;
            int32_t n_of =
                pal_fields_of(&job->item_fields, job->pair_items[p], f, &features, &weights);
            for (int32_t i = 0; i < n_of; i++, at++) {
                job->feature_rows[at] = features[i];
                job->feature_weights[at] = weights[i];
                job->feature_sources[at] = (int32_t)(p * job->n_item + 1 + f);
            }
        }
    }
    pal_table_touch(&job->item_features, job->feature_rows, job->feature_sources,
                    job->feature_weights, at);
    pal_table_sum(pool, &job->item_features, job->d_things, job->width);
}

static double click_step(void *arg, const pal_step *step) {
    click_job *job = arg;
    pal_pool *pool = job->ctx->pool;
    double loss = 0;
    job->step = step;
    for (int64_t r = 0; r < step->n; r++)
        job->starts[r + 1] =
            job->starts[r] + 1 + (step->examples[r] < job->n_used ? job->o->negatives : 0);
    pal_parallel(pool, CLICK_CHUNKS, click_chunk, job);
    for (int32_t c = 0; c < CLICK_CHUNKS; c++) loss += job->losses[c];
    pal_parameters_sum(pool, &job->network);
    click_sum_tables(job);
    pal_adam adam = pal_adam_at(step->rate, step->number);
    adam.decay = job->o->decay;
    pal_adam_parameters(pool, &adam, &job->network);
    pal_adam_table(pool, &adam, &job->history);
    pal_adam_table(pool, &adam, &job->items);
    if (job->item_fields.n_fields) pal_adam_table(pool, &adam, &job->item_features);
    if (job->user_fields.n_fields) pal_adam_table(pool, &adam, &job->user_features);
    job->ctx->multiply_adds += (double)job->starts[step->n] * 3 * pal_mlp_work(&job->s->mlp) +
                               2.0 * (double)step->n * job->n_entries * job->width;
    return loss;
}

/* --- what the model keeps --- */

/* What of a score is the item's alone. */
static void click_derive(const pal_click_form *form, const pal_click_options *o,
                         pal_click_state *s) {
    int32_t d = (int32_t)o->factors, w = d + 1, n = s->n_item_fields, n_out = s->mlp.sizes[1];
    int64_t before = (int64_t)(click_n_sums(o) + s->n_profile_fields) * d;
    for (int32_t i = 0; i < s->n_items; i++) {
        const float *fields = s->items + (int64_t)i * n * w;
        float *base = s->base + (int64_t)i * n_out;
        s->constant[i] = click_gather(form, fields, n, d, s->sums + (int64_t)i * d);
        for (int32_t h = 0; h < n_out; h++) {
            const float *weights =
                s->network + s->mlp.weights[0] + (int64_t)h * s->mlp.sizes[0] + before;
            base[h] = 0;
            for (int32_t f = 0; f < n; f++)
                base[h] += pal_loops_best()->dot(weights + f * d, fields + f * w, d);
        }
    }
}

static pal_status click_publish(void *arg) {
    click_job *job = arg;
    pal_click_state *s = job->s;
    int64_t w = job->width;
    for (int32_t i = 0; i < s->n_items; i++) {
        float *to = s->items + (int64_t)i * job->n_item * w;
        memcpy(to, job->items.values + i * w, (size_t)w * sizeof *to);
        pal_fields_pool(&job->item_fields, i, job->item_features.values, job->width, to + w);
    }
    for (int32_t u = 0; s->n_profile_fields && u <= s->n_users; u++)
        pal_fields_pool(&job->user_fields, u < s->n_users ? u : -1, job->user_features.values,
                        job->width, s->profiles + (int64_t)u * s->n_profile_fields * w);
    click_derive(job->form, job->o, s);
    return PAL_OK;
}

static pal_status click_open_derived(pal_ctx *ctx, const pal_click_form *form,
                                     const pal_click_options *o, pal_arena *arena,
                                     pal_click_state *s) {
    if (!s->base) {
        s->base = PAL_ARENA_ARRAY(arena, float, (int64_t)s->n_items * s->mlp.sizes[1]);
        s->sums = PAL_ARENA_ARRAY(arena, float, s->n_items * o->factors);
        s->constant = PAL_ARENA_ARRAY(arena, float, s->n_items);
    }
    if (s->base && s->sums && s->constant) return PAL_OK;
    return pal_fail_memory(ctx, form->name,
                           4.0 * s->n_items * ((double)s->mlp.sizes[1] + (double)o->factors));
}

/* --- fit --- */

static pal_status click_make_state(click_job *job) {
    pal_click_state *s = job->s;
    s->n_users = job->log->n_users;
    s->n_items = job->log->n_items;
    s->n_item_fields = job->n_item;
    s->n_profile_fields = job->user_fields.n_fields;
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
    s->item_range[1] = n_items;
    s->profile_range[1] = n_profiles;
    s->network_range[1] = job->network.n;
    return click_open_derived(job->ctx, job->form, job->o, job->arena, s);
}

static pal_status click_open_tables(click_job *job, int64_t batch, int64_t pairs,
                                    pal_arena *scratch) {
    pal_ctx *ctx = job->ctx;
    const char *name = job->form->name;
    pal_click_state *s = job->s;
    int32_t w = job->width, n_items = job->log->n_items;
    int64_t n_item = (int64_t)job->item_fields.n_features * w,
            n_user = (int64_t)job->user_fields.n_features * w;
    float *items = PAL_ARENA_ARRAY(scratch, float, (int64_t)n_items *w),
          *of_items = PAL_ARENA_ARRAY(scratch, float, n_item),
          *of_users = PAL_ARENA_ARRAY(scratch, float, n_user);
    if (!items || !of_items || !of_users) return pal_fail_memory(ctx, name, 4.0 * n_items * w);
    TRY(pal_parameters_open(ctx, name, CLICK_CHUNKS, job->arena, scratch, &job->network));
    s->network = job->network.values;
    TRY(click_make_state(job));
    TRY(pal_table_open(ctx, name, s->history, n_items, w, batch * job->n_entries, scratch,
                       &job->history));
    TRY(pal_table_open(ctx, name, items, n_items, w, pairs, scratch, &job->items));
    TRY(pal_table_open(ctx, name, of_items, job->item_fields.n_features, w,
                       pairs * job->most_features, scratch, &job->item_features));
    TRY(pal_table_open(ctx, name, of_users, job->user_fields.n_features, w,
                       batch * job->most_profile, scratch, &job->user_features));
    double deviation = 0.1;
    pal_mlp_draw(&s->mlp, ctx->seed, "network over clicks", job->network.values);
    pal_draw_normal(ctx->seed, "history over clicks", s->history, (int64_t)n_items * w, deviation);
    pal_draw_normal(ctx->seed, "items over clicks", items, (int64_t)n_items * w, deviation);
    pal_draw_normal(ctx->seed, "features over clicks", of_items, n_item, deviation);
    pal_draw_normal(ctx->seed, "profiles over clicks", of_users, n_user, deviation);
    return PAL_OK;
}

static bool click_open_batch(click_job *job, int64_t batch, int64_t pairs, pal_arena *scratch) {
    int64_t entries = batch * job->n_entries, profile = batch * job->most_profile,
            features = pairs * job->most_features, people = batch * job->n_user * job->width,
            things = pairs * job->n_item * job->width, in = pairs * job->s->mlp.sizes[0];
    job->starts = PAL_ARENA_ARRAY(scratch, int64_t, batch + 1);
    job->pair_items = PAL_ARENA_ARRAY(scratch, int32_t, pairs);
    job->labels = PAL_ARENA_ARRAY(scratch, float, pairs);
    job->pair_amounts = PAL_ARENA_ARRAY(scratch, float, pairs);
    job->logits = PAL_ARENA_ARRAY(scratch, float, pairs);
    job->d_logits = PAL_ARENA_ARRAY(scratch, float, pairs);
    job->rows = PAL_ARENA_ARRAY(scratch, int32_t, entries);
    job->sources = PAL_ARENA_ARRAY(scratch, int32_t, entries);
    job->row_weights = PAL_ARENA_ARRAY(scratch, float, entries);
    job->profile_rows = PAL_ARENA_ARRAY(scratch, int32_t, profile);
    job->profile_sources = PAL_ARENA_ARRAY(scratch, int32_t, profile);
    job->profile_weights = PAL_ARENA_ARRAY(scratch, float, profile);
    job->people = PAL_ARENA_ARRAY(scratch, float, people);
    job->d_people = PAL_ARENA_ARRAY(scratch, float, people);
    job->things = PAL_ARENA_ARRAY(scratch, float, things);
    job->d_things = PAL_ARENA_ARRAY(scratch, float, things);
    job->x = PAL_ARENA_ARRAY(scratch, float, in);
    job->dx = PAL_ARENA_ARRAY(scratch, float, in);
    job->room = PAL_ARENA_ARRAY(scratch, float, pairs *pal_mlp_room(&job->s->mlp));
    job->sums = PAL_ARENA_ARRAY(scratch, float, pairs * 2 * job->d);
    job->feature_rows = PAL_ARENA_ARRAY(scratch, int32_t, features);
    job->feature_sources = PAL_ARENA_ARRAY(scratch, int32_t, features);
    job->feature_weights = PAL_ARENA_ARRAY(scratch, float, features);
    if (!job->starts || !job->pair_items || !job->labels || !job->pair_amounts || !job->logits ||
        !job->d_logits || !job->rows || !job->sources || !job->row_weights || !job->profile_rows ||
        !job->profile_sources || !job->profile_weights || !job->people || !job->d_people ||
        !job->things || !job->d_things || !job->x || !job->dx || !job->room || !job->sums ||
        !job->feature_rows || !job->feature_sources || !job->feature_weights)
        return false;
    for (int64_t e = 0; e < entries; e++)
        job->sources[e] =
            (int32_t)(e / job->n_entries * job->n_user + (e % job->n_entries >= job->o->history));
    return true;
}

static pal_status click_look_at_data(click_job *job, const pal_train_input *train,
                                     pal_arena *scratch) {
    const pal_log *log = job->log;
    TRY(pal_log_pairs(job->ctx, log, UINT32_MAX, scratch, &job->used));
    TRY(click_list_examples(job, train->shown, scratch));
    TRY(pal_fields_make(job->ctx, train->items, log->about.item_ids, log->n_items, scratch,
                        &job->item_fields));
    const pal_catalog *profiles = job->o->hide_profile < 1 ? train->users : NULL;
    TRY(pal_fields_make(job->ctx, profiles, log->about.user_ids, log->n_users, scratch,
                        &job->user_fields));
    job->n_sums = click_n_sums(job->o);
    job->n_user = job->n_sums + job->user_fields.n_fields;
    job->n_item = 1 + job->item_fields.n_fields;
    job->most_features = pal_fields_most(&job->item_fields);
    job->most_profile = pal_fields_most(&job->user_fields);
    job->n_entries = pal_past_entries(&job->past);
    click_plan(job->form, job->o, job->user_fields.n_fields, job->n_item, &job->network,
               &job->s->mlp);
    return PAL_OK;
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
                     .past = click_past(o),
                     .seed = pal_seed_for(ctx->seed, "examples over clicks"),
                     .d = (int32_t)o->factors,
                     .width = (int32_t)o->factors + 1};
    TRY(click_look_at_data(&job, train, scratch));
    int64_t batch = o->batch < job.n_examples ? o->batch : job.n_examples,
            pairs = batch * (1 + o->negatives);
    TRY(click_open_tables(&job, batch, pairs, scratch));
    if (!click_open_batch(&job, batch, pairs, scratch))
        return pal_fail_memory(ctx, form->name, 8.0 * (double)(pairs * s->mlp.sizes[0]));
    pal_training training = {
        .kind = form->name,
        .epochs = o->epochs,
        .n_examples = job.n_examples,
        .batch = batch,
        .learning_rate = o->learning_rate,
        .tolerance = o->tolerance,
        .parameters = {&job.network},
        .tables = {&job.history, &job.items, &job.item_features, &job.user_features},
        .step = click_step,
        .publish = click_publish,
        .arg = &job};
    return pal_training_run(ctx, &training, scratch);
}

/* A file may be damaged on purpose: the sizes that it tells must fit each other. */
pal_status pal_click_prepare(pal_ctx *ctx, const pal_click_form *form, const pal_click_options *o,
                             pal_arena *arena, pal_click_state *s) {
    int64_t w = o->factors + 1, of_items = s->n_items * w, of_users = (s->n_users + INT64_C(1)) * w,
            n_item = s->item_range[1] / of_items, n_profile = s->profile_range[1] / of_users;
    pal_parameters network = {0};
    bool fits = n_item >= 1 && n_item <= PAL_FIELDS_MAX + 1 && n_profile <= PAL_FIELDS_MAX &&
                n_item * of_items == s->item_range[1] &&
                n_profile * of_users == s->profile_range[1];
    if (fits) click_plan(form, o, (int32_t)n_profile, (int32_t)n_item, &network, &s->mlp);
    if (!fits || s->network_range[1] != network.n)
        return pal_fail(ctx, PAL_EFORMAT, "%s: the model's network does not fit: train it again",
                        form->name);
    s->n_item_fields = (int32_t)n_item;
    s->n_profile_fields = (int32_t)n_profile;
    TRY(click_open_derived(ctx, form, o, arena, s));
    click_derive(form, o, s);
    return PAL_OK;
}

/* --- scores --- */

typedef struct {
    int32_t *rows;
    float *weights;  /* [n_entries] */
    float *person;   /* [n_user, width] */
    float *sum;      /* [d] */
    float *base;     /* [h] what the first layer makes of the person */
    float *products; /* [TILE, d] */
    float *hidden;   /* [TILE, h] */
    float *room;     /* [TILE, pal_mlp_room] */
} click_scratch;

static size_t click_carve(const pal_click_options *o, const pal_click_state *s, void *scratch,
                          click_scratch *out) {
    pal_past past = click_past(o);
    size_t d = (size_t)o->factors, h = (size_t)s->mlp.sizes[1],
           entries = (size_t)pal_past_entries(&past),
           fields = (size_t)(click_n_sums(o) + s->n_profile_fields),
           sizes[] = {entries,
                      entries,
                      fields * (d + 1),
                      d,
                      h,
                      CLICK_TILE * d,
                      CLICK_TILE * h,
                      CLICK_TILE * (size_t)pal_mlp_room(&s->mlp)},
           at = 0;
    void *parts[8];
    for (int32_t i = 0; i < 8; i++) {
        parts[i] = scratch ? (char *)scratch + at : NULL;
        at += pal_scratch_round(4 * sizes[i]);
    }
    if (out)
        *out = (click_scratch){parts[0], parts[1], parts[2], parts[3],
                               parts[4], parts[5], parts[6], parts[7]};
    return at;
}

size_t pal_click_scratch_bytes(const pal_click_form *form, const pal_click_options *o,
                               const pal_click_state *s) {
    (void)form;
    return click_carve(o, s, NULL, NULL);
}

/* The person's fields, their sum, and what the first layer makes of them; returns the constant. */
static float click_person(const pal_click_form *form, const pal_click_options *o,
                          const pal_click_state *s, const pal_query *query, click_scratch *c) {
    int32_t d = (int32_t)o->factors, w = d + 1, n_sums = click_n_sums(o),
            n = n_sums + s->n_profile_fields;
    pal_past past = click_past(o);
    pal_past_of_items(&past, query->items, query->n_events, c->rows, c->weights);
    click_sum_history(o, s->history, c->rows, c->weights, c->person);
    int64_t row = query->user_plus_1 > 0 ? query->user_plus_1 - 1 : s->n_users;
    if (s->n_profile_fields)
        memcpy(c->person + n_sums * w, s->profiles + row * s->n_profile_fields * w,
               (size_t)s->n_profile_fields * (size_t)w * sizeof *c->person);
    for (int32_t h = 0; h < s->mlp.sizes[1]; h++) {
        const float *weights = s->network + s->mlp.weights[0] + (int64_t)h * s->mlp.sizes[0];
        c->base[h] = s->network[s->mlp.biases[0] + h];
        for (int32_t f = 0; f < n; f++)
            c->base[h] += pal_loops_best()->dot(weights + f * d, c->person + f * w, d);
    }
    return click_gather(form, c->person, n, d, c->sum);
}

/* The network behind the first layer's sums; [n] in c->room. */
static const float *click_finish(const pal_click_state *s, int32_t n, click_scratch *c) {
    pal_mlp rest = s->mlp;
    if (s->mlp.n_layers == 1) return c->hidden;
    pal_activation_forward(rest.activation, c->hidden, c->room, n * (int64_t)rest.sizes[1]);
    memcpy(c->hidden, c->room, (size_t)n * (size_t)rest.sizes[1] * sizeof *c->hidden);
    rest.n_layers--;
    memmove(rest.sizes, rest.sizes + 1, PAL_MLP_LAYERS * sizeof *rest.sizes);
    memmove(rest.weights, rest.weights + 1, (PAL_MLP_LAYERS - 1) * sizeof *rest.weights);
    memmove(rest.biases, rest.biases + 1, (PAL_MLP_LAYERS - 1) * sizeof *rest.biases);
    return pal_mlp_forward(&rest, s->network, c->hidden, n, c->room);
}

/* A tile of items; products with a matrix have the tile's shape whatever the items are. */
static void click_tile(const pal_click_form *form, const pal_click_options *o,
                       const pal_click_state *s, const int32_t *items, int32_t first, int32_t n,
                       float constant, click_scratch *c, float *scores) {
    const pal_loops *loops = pal_loops_best();
    int32_t d = (int32_t)o->factors, n_out = s->mlp.sizes[1];
    for (int32_t t = 0; t < CLICK_TILE; t++) {
        int32_t i = t < n ? (items ? items[first + t] : first + t) : 0;
        float *hidden = c->hidden + (int64_t)t * n_out;
        memcpy(hidden, c->base, (size_t)n_out * sizeof *hidden);
        loops->add_scaled(hidden, s->base + (int64_t)i * n_out, 1, n_out);
        if (form->has_product)
            loops->multiply(c->sum, s->sums + (int64_t)i * d, c->products + (int64_t)t * d, d);
    }
    if (form->has_product)
        pal_gemm(false, true, CLICK_TILE, n_out, d, c->products, d,
                 s->network + s->mlp.weights[0] + s->mlp.sizes[0] - d, s->mlp.sizes[0], 1,
                 c->hidden, n_out);
    const float *out = click_finish(s, CLICK_TILE, c);
    for (int32_t t = 0; t < n; t++) {
        int32_t i = items ? items[first + t] : first + t;
        scores[first + t] = out[t] + constant + s->constant[i];
        if (form->has_fm) scores[first + t] += loops->dot(c->sum, s->sums + (int64_t)i * d, d);
    }
}

void pal_click_score(const pal_click_form *form, const pal_click_options *o,
                     const pal_click_state *s, const pal_query *query, const int32_t *items,
                     int32_t n, void *scratch, float *scores) {
    click_scratch carved;
    click_carve(o, s, scratch, &carved);
    float constant = click_person(form, o, s, query, &carved);
    for (int32_t first = 0; first < n; first += CLICK_TILE)
        click_tile(form, o, s, items, first, n - first < CLICK_TILE ? n - first : CLICK_TILE,
                   constant, &carved, scores);
}

int32_t pal_click_tensors(const pal_click_options *o, pal_click_state *s, int32_t n_users,
                          int32_t n_items, pal_tensor tensors[PAL_TENSORS_MAX]) {
    s->n_users = n_users;
    s->n_items = n_items;
    const pal_tensor all[] = {
        {"history",
         PAL_F32,
         2,
         {n_items, o->factors + 1},
         (void **)&s->history,
         PAL_ROLE_DATA,
         0,
         NULL},
        {"item_range", PAL_I64, 1, {2}, (void **)&s->item_range, PAL_ROLE_STARTS, 0, NULL},
        {"items", PAL_F32, 1, {-1}, (void **)&s->items, PAL_ROLE_DATA, 0, NULL},
        {"profile_range", PAL_I64, 1, {2}, (void **)&s->profile_range, PAL_ROLE_STARTS, 0, NULL},
        {"profiles", PAL_F32, 1, {-1}, (void **)&s->profiles, PAL_ROLE_DATA, 0, NULL},
        {"network_range", PAL_I64, 1, {2}, (void **)&s->network_range, PAL_ROLE_STARTS, 0, NULL},
        {"network", PAL_F32, 1, {-1}, (void **)&s->network, PAL_ROLE_DATA, 0, NULL},
    };
    memcpy(tensors, all, sizeof all);
    return sizeof all / sizeof *all;
}

void pal_click_estimate(const pal_click_form *form, const pal_click_options *o, const pal_log *log,
                        int32_t n_threads, pal_estimate *out) {
    enum { FIELDS = 8 }; /* a guess: catalogs are not seen here */
    pal_parameters network = {0};
    pal_mlp mlp;
    click_plan(form, o, FIELDS / 2, FIELDS / 2, &network, &mlp);
    double pairs = 1 + (double)o->negatives, width = (double)o->factors + 1,
           entries = (double)(o->history + o->recent),
           epochs = o->patience > 0 ? (double)o->epochs / 3 : (double)o->epochs,
           batch = (double)o->batch, n_items = log->n_items;
    out->seconds = epochs * (double)log->n_events *
                   (pairs * (3 * pal_mlp_work(&mlp) / 4e10 + FIELDS * width * 2e-9) +
                    entries * width * 0.3e-9) /
                   n_threads;
    out->bytes =
        24 * (double)log->n_events + pal_parameters_bytes(network.n, CLICK_CHUNKS) +
        2 * pal_table_bytes(n_items, width, batch * entries) +
        4 * batch * pairs * (2.0 * mlp.sizes[0] + (double)pal_mlp_room(&mlp) + 2 * FIELDS * width) +
        4 * n_items * ((FIELDS / 2 + 1) * width + mlp.sizes[1]);
}
