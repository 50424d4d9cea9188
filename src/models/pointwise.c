/* pointwise.c - epochs of steps over triples, in blocks that threads can take side by side.
 *
 * Blocks: users and items are dealt to B groups each, items anew in every epoch; the B × B blocks
 * of triples are gone through in B rounds of B blocks that share neither a user nor an item, so
 * that no two threads write the same row and the result does not depend on how many there are.
 * Negatives are drawn from the block's own items: over the epochs that is uniform. Global
 * parameters are copied for each block of a round and averaged after it. */
#include "models/pointwise.h"

#include <math.h>
#include <string.h>

#include "base/epochs.h"
#include "base/rng.h"
#include "models/history.h"

const char *const pal_pointwise_targets[] = {"auto", "value", "event", NULL};
const char *const pal_pointwise_optimizers[] = {"sgd", "adam", NULL};
const char *const pal_pointwise_steps[] = {"blocks", "one", "whole", NULL};
const char *const pal_pointwise_inits[] = {"normal", "uniform", NULL};

/* --- start --- */

static void pointwise_draw_rows(double *rows, int32_t n, int32_t width, int32_t n_factors,
                                pal_init_choice init, pal_rng *rng) {
    for (int32_t r = 0; r < n; r++) {
        for (int32_t f = 0; f < width; f++) {
            double *x = &rows[(int64_t)r * width + f];
            *x = init == PAL_INIT_UNIFORM ? pal_rng_uniform(rng)
                 : f < n_factors          ? 0.1 * pal_rng_normal(rng)
                                          : 0;
        }
    }
}

void pal_weights_draw(const pal_form *form, pal_init_choice init, uint64_t seed,
                      pal_weights *weights) {
    pal_rng rng = pal_rng_at(pal_seed_for(seed, "rows of users"), 0);
    pointwise_draw_rows(weights->users, weights->n_users, form->user_width, form->n_factors, init,
                        &rng);
    rng = pal_rng_at(pal_seed_for(seed, "rows of items"), 0);
    pointwise_draw_rows(weights->items, weights->n_items, form->item_width, form->n_factors, init,
                        &rng);
    if (form->start) form->start(form, init, seed, weights->globals);
}

/* --- single steps --- */

/* Places in one worker's scratch. */
typedef struct {
    double *user, *item, *globals, *more;
} pointwise_derivatives;

int64_t pal_form_scratch(const pal_form *form) {
    return (int64_t)form->user_width + form->item_width + form->n_globals + form->scratch_doubles;
}

static pointwise_derivatives pointwise_cut(const pal_form *form, double *scratch) {
    return (pointwise_derivatives){.user = scratch,
                                   .item = scratch + form->user_width,
                                   .globals = scratch + form->user_width + form->item_width,
                                   .more = scratch + form->user_width + form->item_width +
                                           form->n_globals};
}

static void pointwise_move(double *x, const double *d, int32_t from, int32_t n, double rate,
                           double e, double l2) {
    for (int32_t f = from; f < n; f++) x[f] += rate * (e * d[f] - 2 * l2 * x[f]);
}

static double pointwise_step(const pal_form *form, double target, double rate, double l2,
                             double *user, double *item, double *globals,
                             const pointwise_derivatives *d) {
    double predicted =
        form->derive(form, user, item, globals, d->user, d->item, d->globals, d->more);
    double e = 2 * (target - predicted);
    if (!form->rows_are_fixed) {
        pointwise_move(user, d->user, 0, form->user_width, rate, e, l2);
        pointwise_move(item, d->item, 0, form->item_width, rate, e, l2);
    }
    pointwise_move(globals, d->globals, form->n_fixed_globals, form->n_globals, rate, e, 0);
    return (target - predicted) * (target - predicted);
}

double pal_step_each(const pal_form *form, const pal_triples *triples, double rate, double l2,
                     pal_weights *weights, double *scratch) {
    pointwise_derivatives d = pointwise_cut(form, scratch);
    double loss = 0;
    for (int64_t t = 0; t < triples->n; t++) {
        double *user = weights->users + (int64_t)triples->users[t] * form->user_width,
               *item = weights->items + (int64_t)triples->items[t] * form->item_width;
        loss +=
            pointwise_step(form, triples->targets[t], rate, l2, user, item, weights->globals, &d);
    }
    return loss;
}

static void pointwise_add(double *sum, const double *d, int32_t n, double e) {
    for (int32_t f = 0; f < n; f++) sum[f] += e * d[f];
}

double pal_step_whole(const pal_form *form, const pal_triples *triples, double rate, double l2,
                      pal_weights *weights, double *gradients, double *scratch) {
    pointwise_derivatives d = pointwise_cut(form, scratch);
    int64_t n_user = (int64_t)weights->n_users * form->user_width,
            n_item = (int64_t)weights->n_items * form->item_width;
    double *of_users = gradients, *of_items = gradients + n_user,
           *of_globals = gradients + n_user + n_item, loss = 0;
    memset(gradients, 0, (size_t)(n_user + n_item + form->n_globals) * sizeof *gradients);
    for (int64_t t = 0; t < triples->n; t++) {
        int64_t user = (int64_t)triples->users[t] * form->user_width,
                item = (int64_t)triples->items[t] * form->item_width;
        double predicted = form->derive(form, weights->users + user, weights->items + item,
                                        weights->globals, d.user, d.item, d.globals, d.more);
        double e = triples->targets[t] - predicted;
        loss += e * e;
        if (!form->rows_are_fixed) {
            pointwise_add(of_users + user, d.user, form->user_width, 2 * e);
            pointwise_add(of_items + item, d.item, form->item_width, 2 * e);
        }
        pointwise_add(of_globals, d.globals, form->n_globals, 2 * e);
    }
    if (!form->rows_are_fixed) {
        for (int64_t i = 0; i < n_user; i++)
            weights->users[i] += rate * (of_users[i] - 2 * l2 * weights->users[i]);
        for (int64_t i = 0; i < n_item; i++)
            weights->items[i] += rate * (of_items[i] - 2 * l2 * weights->items[i]);
    }
    for (int32_t i = form->n_fixed_globals; i < form->n_globals; i++)
        weights->globals[i] += rate * of_globals[i];
    return loss;
}

double pal_loss_squared(const pal_form *form, const pal_triples *triples,
                        const pal_weights *weights, double *scratch) {
    double loss = 0;
    for (int64_t t = 0; t < triples->n; t++) {
        double e =
            triples->targets[t] -
            form->predict(form, weights->users + (int64_t)triples->users[t] * form->user_width,
                          weights->items + (int64_t)triples->items[t] * form->item_width,
                          weights->globals, scratch);
        loss += e * e;
    }
    return loss;
}

/* --- epochs --- */

enum { POINTWISE_BLOCKS = 16 };

typedef struct { /* moments of Adam, beside the rows */
    double *first, *second;
    int32_t *steps; /* of each row */
} pointwise_moments;

typedef struct {
    double *derivatives; /* [pal_form_scratch] */
    double *globals;     /* [3, n_globals]: parameters, first and second moments of one block */
    double loss;
    int64_t n;
} pointwise_block;

typedef struct {
    pal_ctx *ctx;
    const pal_pointwise_options *o;
    const pal_form *form;
    pal_weights weights;
    pal_triples data;
    const pal_csr *pairs; /* what each user used: not drawn as a negative; NULL for values */
    bool is_event;
    int32_t n_blocks;
    int64_t epoch;
    pointwise_moments of_users, of_items;
    double *global_moments; /* [2, n_globals] */
    int64_t global_steps;
    int32_t *user_block, *item_block;   /* of each row */
    int32_t *items_dealt, *deal_starts; /* items of each block; [n_blocks + 1] */
    int64_t *block_starts, *order;      /* [n_blocks² + 1]; triples by block */
    pointwise_block *blocks;            /* [n_blocks] of one round */
    int32_t round;
} pointwise_job;

/* x += step against the gradient; g = ∂loss/∂x. */
static void pointwise_adam(double *x, double *first, double *second, const double *d, int32_t from,
                           int32_t n, double e, double l2, double rate, int64_t step) {
    const double b1 = 0.9, b2 = 0.999, epsilon = 1e-8;
    double c1 = 1 - pow(b1, (double)step), c2 = 1 - pow(b2, (double)step);
    for (int32_t f = from; f < n; f++) {
        double g = 2 * l2 * x[f] - e * d[f];
        first[f] = b1 * first[f] + (1 - b1) * g;
        second[f] = b2 * second[f] + (1 - b2) * g * g;
        x[f] -= rate * (first[f] / c1) / (sqrt(second[f] / c2) + epsilon);
    }
}

static void pointwise_update(const pointwise_job *job, pointwise_block *block, int32_t user,
                             int32_t item, double target) {
    const pal_form *form = job->form;
    const pal_pointwise_options *o = job->o;
    pointwise_derivatives d = pointwise_cut(form, block->derivatives);
    int64_t u = (int64_t)user * form->user_width, i = (int64_t)item * form->item_width;
    double *user_row = job->weights.users + u, *item_row = job->weights.items + i;
    int32_t n_globals = form->n_globals;
    double predicted =
        form->derive(form, user_row, item_row, block->globals, d.user, d.item, d.globals, d.more);
    double e;
    if (job->is_event) {
        double p = 1 / (1 + exp(-predicted));
        e = target - p;
        block->loss -= log(fmax(target > 0 ? p : 1 - p, 1e-12));
    } else {
        e = 2 * (target - predicted);
        block->loss += (target - predicted) * (target - predicted);
    }
    block->n++;
    if (o->optimizer == 0) {
        if (!form->rows_are_fixed) {
            pointwise_move(user_row, d.user, 0, form->user_width, o->learning_rate, e, o->l2);
            pointwise_move(item_row, d.item, 0, form->item_width, o->learning_rate, e, o->l2);
        }
        pointwise_move(block->globals, d.globals, form->n_fixed_globals, n_globals,
                       o->learning_rate, e, 0);
        return;
    }
    if (!form->rows_are_fixed) {
        const pointwise_moments *mu = &job->of_users, *mi = &job->of_items;
        pointwise_adam(user_row, mu->first + u, mu->second + u, d.user, 0, form->user_width, e,
                       o->l2, o->learning_rate, ++mu->steps[user]);
        pointwise_adam(item_row, mi->first + i, mi->second + i, d.item, 0, form->item_width, e,
                       o->l2, o->learning_rate, ++mi->steps[item]);
    }
    pointwise_adam(block->globals, block->globals + n_globals, block->globals + 2 * n_globals,
                   d.globals, form->n_fixed_globals, n_globals, e, 0, o->learning_rate,
                   job->global_steps + block->n);
}

/* Negatives of one event out of the block's items; a person who used nearly all gets fewer. */
static void pointwise_draw_negatives(const pointwise_job *job, pointwise_block *block, int32_t user,
                                     int32_t item_block, pal_rng *rng) {
    enum { TRIES = 16 };
    const int32_t *items = job->items_dealt + job->deal_starts[item_block];
    int32_t n = job->deal_starts[item_block + 1] - job->deal_starts[item_block];
    for (int64_t i = 0; i < job->o->negatives; i++) {
        for (int32_t t = 0; t < TRIES; t++) {
            int32_t item = items[pal_rng_below(rng, (uint32_t)n)];
            if (pal_csr_has(job->pairs, user, item)) continue;
            pointwise_update(job, block, user, item, 0);
            break;
        }
    }
}

static void pointwise_run_block(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const pointwise_job *job = arg;
    pointwise_block *block = &job->blocks[chunk];
    int32_t items = (int32_t)((chunk + job->round) % job->n_blocks);
    int64_t at = chunk * job->n_blocks + items, begin = job->block_starts[at],
            end = job->block_starts[at + 1];
    pal_rng rng = pal_rng_at(pal_seed_for(job->ctx->seed, "steps"),
                             (uint64_t)(job->epoch * POINTWISE_BLOCKS * POINTWISE_BLOCKS + at));
    int64_t *order = job->order;
    for (int64_t i = end - 1; i > begin; i--) {
        int64_t other = begin + pal_rng_below(&rng, (uint32_t)(i - begin + 1)), moved = order[i];
        order[i] = order[other];
        order[other] = moved;
    }
    block->loss = 0;
    block->n = 0;
    for (int64_t i = begin; i < end; i++) {
        int64_t t = order[i];
        pointwise_update(job, block, job->data.users[t], job->data.items[t], job->data.targets[t]);
        if (job->is_event) pointwise_draw_negatives(job, block, job->data.users[t], items, &rng);
    }
}

/* Deals rows to blocks: a shuffled deck, dealt round. */
static void pointwise_deal(const pointwise_job *job, int64_t epoch, int32_t n, const char *what,
                           int32_t *deck, int32_t *block_of) {
    pal_rng rng = pal_rng_at(pal_seed_for(job->ctx->seed, what), (uint64_t)epoch);
    for (int32_t i = 0; i < n; i++) deck[i] = i;
    pal_rng_shuffle(&rng, deck, n);
    for (int32_t i = 0; i < n; i++) block_of[deck[i]] = i % job->n_blocks;
}

/* Items anew to blocks, triples by block. */
static void pointwise_sort(pointwise_job *job, int32_t *deck) {
    int32_t b = job->n_blocks, n_items = job->weights.n_items;
    pointwise_deal(job, job->epoch, n_items, "items of blocks", deck, job->item_block);
    memset(job->deal_starts, 0, ((size_t)b + 1) * sizeof *job->deal_starts);
    for (int32_t i = 0; i < n_items; i++) job->deal_starts[job->item_block[i] + 1]++;
    for (int32_t i = 0; i < b; i++) job->deal_starts[i + 1] += job->deal_starts[i];
    for (int32_t i = 0; i < n_items; i++)
        job->items_dealt[job->deal_starts[job->item_block[i]]++] = i;
    for (int32_t i = b; i > 0; i--) job->deal_starts[i] = job->deal_starts[i - 1];
    job->deal_starts[0] = 0;
    int64_t *starts = job->block_starts, n_blocks = (int64_t)b * b;
    memset(starts, 0, ((size_t)n_blocks + 1) * sizeof *starts);
    for (int64_t t = 0; t < job->data.n; t++)
        starts[job->user_block[job->data.users[t]] * b + job->item_block[job->data.items[t]] + 1]++;
    for (int64_t i = 0; i < n_blocks; i++) starts[i + 1] += starts[i];
    for (int64_t t = 0; t < job->data.n; t++) {
        int64_t at = job->user_block[job->data.users[t]] * b + job->item_block[job->data.items[t]];
        job->order[starts[at]++] = t;
    }
    for (int64_t i = n_blocks; i > 0; i--) starts[i] = starts[i - 1];
    starts[0] = 0;
}

static double pointwise_epoch_blocks(pointwise_job *job, int32_t *deck) {
    int32_t n_globals = job->form->n_globals, b = job->n_blocks;
    double loss = 0;
    pointwise_sort(job, deck);
    for (job->round = 0; job->round < b; job->round++) {
        for (int32_t i = 0; i < b; i++) {
            double *copy = job->blocks[i].globals;
            memcpy(copy, job->weights.globals, (size_t)n_globals * sizeof *copy);
            memcpy(copy + n_globals, job->global_moments, 2 * (size_t)n_globals * sizeof *copy);
        }
        pal_parallel(job->ctx->pool, b, pointwise_run_block, job);
        for (int32_t g = job->form->n_fixed_globals; g < n_globals; g++) {
            double sums[3] = {0};
            for (int32_t i = 0; i < b; i++) {
                for (int32_t part = 0; part < 3; part++)
                    sums[part] += job->blocks[i].globals[part * n_globals + g];
            }
            job->weights.globals[g] = sums[0] / b;
            job->global_moments[g] = sums[1] / b;
            job->global_moments[n_globals + g] = sums[2] / b;
        }
        int64_t longest = 0;
        for (int32_t i = 0; i < b; i++) {
            loss += job->blocks[i].loss;
            if (job->blocks[i].n > longest) longest = job->blocks[i].n;
        }
        job->global_steps += longest;
    }
    return loss;
}

/* --- fit --- */

static pal_status pointwise_data(pal_ctx *ctx, const char *name, const pal_train_input *train,
                                 const pal_form *form, pointwise_job *job, pal_csr *pairs,
                                 pal_arena *scratch, pal_pointwise_state *state) {
    const pal_log *log = train->log;
    TRY(pal_log_pairs(ctx, log, UINT32_MAX, scratch, pairs));
    int64_t n = job->is_event ? pairs->starts[pairs->n_rows] : log->n_events;
    int32_t *users = PAL_ARENA_ARRAY(scratch, int32_t, n);
    double *targets = PAL_ARENA_ARRAY(scratch, double, n), low = INFINITY, high = -INFINITY;
    if (!users || !targets) return pal_fail_memory(ctx, name, 12.0 * (double)n);
    for (int32_t u = 0; u < log->n_users; u++) {
        const int64_t *starts = job->is_event ? pairs->starts : log->starts;
        for (int64_t e = starts[u]; e < starts[u + 1]; e++) users[e] = u;
    }
    for (int64_t e = 0; e < n; e++) {
        targets[e] = job->is_event ? 1 : (double)log->values[e];
        low = fmin(low, targets[e]);
        high = fmax(high, targets[e]);
    }
    double shift = 0, scale = 1;
    if (!job->is_event && form->scales_values && high > low) {
        shift = low;
        scale = high - low;
    }
    for (int64_t e = 0; e < n; e++) targets[e] = (targets[e] - shift) / scale;
    state->facts[PAL_FACT_PREDICTS_VALUES] = !job->is_event;
    state->facts[PAL_FACT_SHIFT] = shift;
    state->facts[PAL_FACT_SCALE] = scale;
    state->facts[PAL_FACT_HIGHEST] = high;
    job->data = (pal_triples){.n = n,
                              .users = users,
                              .items = job->is_event ? pairs->cols : log->items,
                              .targets = targets};
    if (job->is_event) job->pairs = pairs;
    return PAL_OK;
}

static bool pointwise_allocate(pointwise_job *job, const pal_form *form, pal_arena *scratch) {
    pal_weights *w = &job->weights;
    int64_t n_user = (int64_t)w->n_users * form->user_width,
            n_item = (int64_t)w->n_items * form->item_width, b = job->n_blocks;
    bool adam = job->o->optimizer != 0;
    w->users = PAL_ARENA_ARRAY(scratch, double, n_user);
    w->items = PAL_ARENA_ARRAY(scratch, double, n_item);
    w->globals = PAL_ARENA_ARRAY(scratch, double, form->n_globals);
    job->global_moments = PAL_ARENA_ARRAY(scratch, double, 2 * (int64_t)form->n_globals);
    job->user_block = PAL_ARENA_ARRAY(scratch, int32_t, w->n_users);
    job->item_block = PAL_ARENA_ARRAY(scratch, int32_t, w->n_items);
    job->items_dealt = PAL_ARENA_ARRAY(scratch, int32_t, w->n_items);
    job->deal_starts = PAL_ARENA_ARRAY(scratch, int32_t, b + 1);
    job->block_starts = PAL_ARENA_ARRAY(scratch, int64_t, b * b + 1);
    job->order = PAL_ARENA_ARRAY(scratch, int64_t, job->data.n);
    job->blocks = PAL_ARENA_ARRAY(scratch, pointwise_block, b);
    bool done = w->users && w->items && w->globals && job->global_moments && job->user_block &&
                job->item_block && job->items_dealt && job->deal_starts && job->block_starts &&
                job->order && job->blocks;
    pointwise_moments *moments[] = {&job->of_users, &job->of_items};
    for (int i = 0; done && adam && i < 2; i++) {
        int64_t n = i ? n_item : n_user;
        moments[i]->first = PAL_ARENA_ARRAY(scratch, double, n);
        moments[i]->second = PAL_ARENA_ARRAY(scratch, double, n);
        moments[i]->steps = PAL_ARENA_ARRAY(scratch, int32_t, i ? w->n_items : w->n_users);
        done = moments[i]->first && moments[i]->second && moments[i]->steps;
    }
    for (int64_t i = 0; done && i < b; i++) {
        job->blocks[i].derivatives = PAL_ARENA_ARRAY(scratch, double, pal_form_scratch(form));
        job->blocks[i].globals = PAL_ARENA_ARRAY(scratch, double, 3 * (int64_t)form->n_globals);
        done = job->blocks[i].derivatives && job->blocks[i].globals;
    }
    return done;
}

static pal_status pointwise_allocate_state(pal_ctx *ctx, const char *name, const pal_form *form,
                                           const pal_log *log, pal_arena *arena,
                                           pal_pointwise_state *s) {
    s->n_users = log->n_users;
    s->n_items = log->n_items;
    s->users = PAL_ARENA_ARRAY(arena, float, (int64_t)log->n_users * form->user_width);
    s->items = PAL_ARENA_ARRAY(arena, float, (int64_t)log->n_items * form->item_width);
    s->globals = PAL_ARENA_ARRAY(arena, float, form->n_globals);
    s->stranger = PAL_ARENA_ARRAY(arena, float, form->user_width);
    s->facts = PAL_ARENA_ARRAY(arena, double, PAL_FACTS);
    s->item_rows = PAL_ARENA_ARRAY(arena, double, (int64_t)log->n_items * form->item_width);
    s->global_row = PAL_ARENA_ARRAY(arena, double, form->n_globals);
    bool done = s->users && s->items && s->globals && s->stranger && s->facts && s->item_rows &&
                s->global_row;
    return done ? PAL_OK
                : pal_fail_memory(ctx, name,
                                  4.0 * form->user_width * log->n_users +
                                      12.0 * form->item_width * log->n_items);
}

static void pointwise_derive_rows(const pal_form *form, pal_pointwise_state *s) {
    for (int64_t i = 0; i < (int64_t)s->n_items * form->item_width; i++)
        s->item_rows[i] = (double)s->items[i];
    for (int32_t g = 0; g < form->n_globals; g++) s->global_row[g] = (double)s->globals[g];
}

/* The state that a file would hold, from the weights as they are. */
static void pointwise_publish(const pointwise_job *job, pal_pointwise_state *s) {
    const pal_form *form = job->form;
    const pal_weights *w = &job->weights;
    for (int64_t i = 0; i < (int64_t)w->n_users * form->user_width; i++)
        s->users[i] = (float)w->users[i];
    for (int64_t i = 0; i < (int64_t)w->n_items * form->item_width; i++)
        s->items[i] = (float)w->items[i];
    for (int32_t g = 0; g < form->n_globals; g++) s->globals[g] = (float)w->globals[g];
    for (int32_t f = 0; f < form->user_width; f++) {
        double sum = 0;
        for (int64_t u = 0; u < w->n_users; u++) sum += w->users[u * form->user_width + f];
        s->stranger[f] = (float)(sum / w->n_users);
    }
    pointwise_derive_rows(form, s);
}

pal_status pal_fail_diverged(pal_ctx *ctx, const char *name, int64_t epoch, double learning_rate,
                             double largest) {
    if (largest > PAL_VALUES_LARGE) {
        return pal_fail(ctx, PAL_EDATA,
                        "%s: diverged in epoch %d: values as large as %g leave all bounds; bring "
                        "them to a smaller unit, name another value column with --value, or use "
                        "target=event",
                        name, (int)epoch, largest);
    }
    return pal_fail(ctx, PAL_EDATA,
                    "%s: diverged in epoch %d: the loss left all bounds; use a learning_rate under "
                    "%g",
                    name, (int)epoch, learning_rate);
}

static pal_status pointwise_fail_diverged(pal_ctx *ctx, const char *name,
                                          const pointwise_job *job) {
    double largest = 0;
    for (int64_t t = 0; !job->is_event && t < job->data.n; t++)
        largest = fmax(largest, fabs(job->data.targets[t]));
    return pal_fail_diverged(ctx, name, job->epoch, job->o->learning_rate, largest);
}

static double pointwise_epoch(pointwise_job *job, int32_t *deck, double *gradients) {
    if (job->o->step != PAL_STEP_WHOLE) return pointwise_epoch_blocks(job, deck);
    return pal_step_whole(job->form, &job->data, job->o->learning_rate, job->o->l2, &job->weights,
                          gradients, job->blocks[0].derivatives);
}

static bool pointwise_is_finite(const float *values, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(values[i])) return false;
    }
    return true;
}

/* The loss of an event is bounded whatever its row is, so that the rows must be looked at too. */
static bool pointwise_has_diverged(const pal_form *form, const pal_pointwise_state *s,
                                   double loss) {
    return !isfinite(loss) ||
           !pointwise_is_finite(s->users, (int64_t)s->n_users * form->user_width) ||
           !pointwise_is_finite(s->items, (int64_t)s->n_items * form->item_width) ||
           !pointwise_is_finite(s->globals, form->n_globals);
}

/* All that an epoch starts from; users are dealt to blocks once for all epochs. */
static pal_status pointwise_begin(pointwise_job *job, const char *name, int32_t *deck,
                                  pal_epochs *run) {
    const pal_weights *w = &job->weights;
    int64_t n_user = (int64_t)w->n_users * job->form->user_width,
            n_item = (int64_t)w->n_items * job->form->item_width, n_globals = job->form->n_globals,
            size = sizeof(double);
    pal_epochs_init(run, job->ctx, name, job->o->epochs, job->o->tolerance);
    pal_epochs_add(run, "users", w->users, n_user * size);
    pal_epochs_add(run, "items", w->items, n_item * size);
    pal_epochs_add(run, "globals", w->globals, n_globals * size);
    pal_epochs_carry(run, "users", w->users, n_user * size, w->n_users, 0, true);
    pal_epochs_carry(run, "items", w->items, n_item * size, 0, w->n_items, true);
    pal_epochs_carry(run, "globals", w->globals, n_globals * size, 0, 0, true);
    if (job->o->optimizer != 0) {
        const pointwise_moments *u = &job->of_users, *i = &job->of_items;
        pal_epochs_add(run, "users/first", u->first, n_user * size);
        pal_epochs_add(run, "users/second", u->second, n_user * size);
        pal_epochs_add(run, "users/steps", u->steps, w->n_users * (int64_t)sizeof *u->steps);
        pal_epochs_add(run, "items/first", i->first, n_item * size);
        pal_epochs_add(run, "items/second", i->second, n_item * size);
        pal_epochs_add(run, "items/steps", i->steps, w->n_items * (int64_t)sizeof *i->steps);
        pal_epochs_add(run, "globals/moments", job->global_moments, 2 * n_globals * size);
        pal_epochs_add(run, "globals/steps", &job->global_steps, sizeof job->global_steps);
    }
    pointwise_deal(job, 1, w->n_users, "users of blocks", deck, job->user_block);
    return pal_epochs_begin(run);
}

static pal_status pointwise_run(pointwise_job *job, const char *name, pal_arena *scratch,
                                pal_pointwise_state *state) {
    const pal_form *form = job->form;
    int64_t n_rows =
        job->weights.n_users > job->weights.n_items ? job->weights.n_users : job->weights.n_items;
    bool is_whole = job->o->step == PAL_STEP_WHOLE;
    int32_t *deck = PAL_ARENA_ARRAY(scratch, int32_t, n_rows);
    double *gradients = PAL_ARENA_ARRAY(
        scratch, double,
        is_whole ? (int64_t)job->weights.n_users * form->user_width +
                       (int64_t)job->weights.n_items * form->item_width + form->n_globals
                 : 0);
    if (!deck || !gradients) return pal_fail_memory(job->ctx, name, 12.0 * (double)n_rows);
    pal_epochs run;
    TRY(pointwise_begin(job, name, deck, &run));
    if (run.epoch > 0) pointwise_publish(job, state);
    while (pal_epochs_next(&run)) {
        job->epoch = run.epoch;
        double loss = pointwise_epoch(job, deck, gradients);
        TRY(pal_check_cancelled(job->ctx));
        double per_step = (double)(form->user_width + form->item_width + form->n_globals) * 3;
        job->ctx->multiply_adds +=
            per_step * (double)job->data.n * (job->is_event ? 1 + (double)job->o->negatives : 1);
        pointwise_publish(job, state);
        if (pointwise_has_diverged(form, state, loss))
            return pointwise_fail_diverged(job->ctx, name, job);
        TRY(pal_epochs_end(&run, loss));
    }
    return PAL_OK;
}

/* Squared errors of ratings pull harder at a row than the logistic loss. */
static double pointwise_l2(const pal_pointwise_options *options, bool is_event) {
    return options->l2 >= 0 ? options->l2 : is_event ? 0.01 : 0.05;
}

pal_status pal_pointwise_fit(pal_ctx *ctx, const char *name, const pal_pointwise_options *options,
                             const pal_form *form, const pal_train_input *train, pal_arena *arena,
                             pal_arena *scratch, pal_pointwise_state *state) {
    const pal_log *log = train->log;
    if (options->target == PAL_TARGET_VALUE && !log->values) {
        return pal_fail(ctx, PAL_EDATA,
                        "%s: target=value needs values, and the log has none: use target=event, or "
                        "name a value column",
                        name);
    }
    if (options->l2 < 0 && options->l2 > -1)
        return pal_fail(ctx, PAL_EUSAGE, "%s: l2 must be 0 or more, or -1 for the default", name);
    bool is_event = options->target == PAL_TARGET_EVENT ||
                    (options->target == PAL_TARGET_AUTO && !log->about.values_are_ratings);
    if (is_event && options->step == PAL_STEP_WHOLE) {
        return pal_fail(ctx, PAL_EUSAGE,
                        "%s: step=whole learns values only: use step=blocks, or target=value",
                        name);
    }
    pal_pointwise_options settled = *options;
    settled.l2 = pointwise_l2(options, is_event);
    pointwise_job job = {.ctx = ctx,
                         .o = &settled,
                         .form = form,
                         .weights = {.n_users = log->n_users, .n_items = log->n_items},
                         .is_event = is_event};
    int32_t least = log->n_users < log->n_items ? log->n_users : log->n_items;
    job.n_blocks = options->step == PAL_STEP_ONE || least < 8 ? 1
                   : least / 8 < POINTWISE_BLOCKS             ? least / 8
                                                              : POINTWISE_BLOCKS;
    pal_csr pairs;
    TRY(pointwise_allocate_state(ctx, name, form, log, arena, state));
    TRY(pointwise_data(ctx, name, train, form, &job, &pairs, scratch, state));
    if (!pointwise_allocate(&job, form, scratch))
        return pal_fail_memory(ctx, name, 8.0 * form->user_width * log->n_users);
    pal_weights_draw(form, (pal_init_choice)options->init, ctx->seed, &job.weights);
    if (form->subtracts_mean && !is_event) {
        double sum = 0;
        for (int64_t t = 0; t < job.data.n; t++) sum += job.data.targets[t];
        job.weights.globals[0] = sum / (double)job.data.n;
    }
    return pointwise_run(&job, name, scratch, state);
}

pal_status pal_pointwise_prepare(pal_ctx *ctx, const pal_form *form, pal_arena *arena,
                                 pal_pointwise_state *s) {
    if (!s->item_rows)
        s->item_rows = PAL_ARENA_ARRAY(arena, double, (int64_t)s->n_items * form->item_width);
    if (!s->global_row) s->global_row = PAL_ARENA_ARRAY(arena, double, form->n_globals);
    if (!s->item_rows || !s->global_row)
        return pal_fail_memory(ctx, "the model", 8.0 * form->item_width * s->n_items);
    pointwise_derive_rows(form, s);
    return PAL_OK;
}

/* --- fold-in --- */

enum { POINTWISE_PASSES = 100 };

static void pointwise_fold_step(const pal_form *form, const pal_pointwise_state *s, bool is_event,
                                int32_t item, double target, double rate, double l2, double *user,
                                const pointwise_derivatives *d) {
    double predicted = form->derive(form, user, s->item_rows + (int64_t)item * form->item_width,
                                    s->global_row, d->user, d->item, d->globals, d->more);
    double e = is_event ? target - 1 / (1 + exp(-predicted)) : 2 * (target - predicted);
    pointwise_move(user, d->user, 0, form->user_width, rate, e, l2);
}

/* One pass over what was used, and over as many items that were not as training draws. */
static void pointwise_fold_events(const pal_pointwise_options *options, const pal_form *form,
                                  const pal_pointwise_state *s, const int32_t *history, int32_t n,
                                  pal_rng *rng, double rate, double *user,
                                  const pointwise_derivatives *d) {
    double l2 = pointwise_l2(options, true);
    for (int32_t h = 0; h < n; h++) {
        pointwise_fold_step(form, s, true, history[h], 1, rate, l2, user, d);
        for (int64_t i = 0; i < options->negatives; i++) {
            int32_t item = (int32_t)pal_rng_below(rng, (uint32_t)s->n_items);
            if (pal_row_find(history, 0, n, item) < 0)
                pointwise_fold_step(form, s, true, item, 0, rate, l2, user, d);
        }
    }
}

static void pointwise_fold_values(const pal_pointwise_options *options, const pal_form *form,
                                  const pal_pointwise_state *s, const pal_query *query, double rate,
                                  double *user, const pointwise_derivatives *d) {
    double l2 = pointwise_l2(options, false);
    for (int32_t e = 0; e < query->n_events; e++) {
        double value = query->values ? (double)query->values[e] : s->facts[PAL_FACT_HIGHEST];
        value = (value - s->facts[PAL_FACT_SHIFT]) / s->facts[PAL_FACT_SCALE];
        pointwise_fold_step(form, s, false, query->items[e], value, rate, l2, user, d);
    }
}

/* As many passes as training took, from the mean of the users' rows. */
static void pointwise_find_row(const pal_pointwise_options *options, const pal_form *form,
                               const pal_pointwise_state *s, const pal_query *query, double *user,
                               void *scratch) {
    const float *from = query->user_plus_1
                            ? s->users + (int64_t)(query->user_plus_1 - 1) * form->user_width
                            : s->stranger;
    for (int32_t f = 0; f < form->user_width; f++) user[f] = (double)from[f];
    if (query->user_plus_1 || query->n_events == 0 || form->rows_are_fixed) return;
    bool is_event = s->facts[PAL_FACT_PREDICTS_VALUES] == 0;
    double rate = options->optimizer == 0 ? options->learning_rate : 0.05;
    const int32_t *history;
    int32_t n = pal_history_distinct(query, s->n_items, scratch, &history);
    pointwise_derivatives d =
        pointwise_cut(form, (double *)((char *)scratch + pal_history_bytes(s->n_items)));
    pal_rng rng = pal_history_stream(history, n);
    int64_t passes = options->epochs < POINTWISE_PASSES ? options->epochs : POINTWISE_PASSES;
    for (int64_t pass = 0; pass < passes; pass++) {
        if (is_event) {
            pointwise_fold_events(options, form, s, history, n, &rng, rate, user, &d);
        } else {
            pointwise_fold_values(options, form, s, query, rate, user, &d);
        }
    }
}

/* --- score --- */

/* The history first: it must lie at the same place in every call. */
static double *pointwise_row_place(const pal_form *form, const pal_pointwise_state *s,
                                   void *scratch) {
    return (double *)((char *)scratch + pal_history_bytes(s->n_items)) + pal_form_scratch(form);
}

size_t pal_pointwise_scratch_bytes(const pal_form *form, const pal_pointwise_state *s) {
    return pal_history_bytes(s->n_items) +
           (size_t)(pal_form_scratch(form) + form->user_width) * sizeof(double);
}

const double *pal_pointwise_row(const pal_pointwise_options *options, const pal_form *form,
                                const pal_pointwise_state *s, const pal_query *query,
                                void *scratch) {
    double *user = pointwise_row_place(form, s, scratch);
    pointwise_find_row(options, form, s, query, user, scratch);
    return user;
}

void pal_pointwise_score(const pal_pointwise_options *options, const pal_form *form,
                         const pal_pointwise_state *s, const pal_query *queries, int32_t n_queries,
                         void *scratch, float *scores) {
    double *more = (double *)((char *)scratch + pal_history_bytes(s->n_items));
    for (int32_t q = 0; q < n_queries; q++) {
        const double *user = pal_pointwise_row(options, form, s, &queries[q], scratch);
        float *row = scores + (int64_t)q * s->n_items;
        for (int32_t i = 0; i < s->n_items; i++) {
            double predicted = form->predict(
                form, user, s->item_rows + (int64_t)i * form->item_width, s->global_row, more);
            row[i] = (float)(s->facts[PAL_FACT_SHIFT] + s->facts[PAL_FACT_SCALE] * predicted);
        }
    }
}

int32_t pal_pointwise_tensors(const pal_form *form, pal_pointwise_state *s, int32_t n_users,
                              int32_t n_items, pal_tensor tensors[PAL_TENSORS_MAX]) {
    s->n_users = n_users;
    s->n_items = n_items;
    const struct {
        const char *name;
        float **data;
        int32_t n_dims;
        int64_t dims[2];
        pal_role role;
    } rows[] = {
        {"users", &s->users, 2, {n_users, form->user_width}, PAL_ROLE_USERS},
        {"items", &s->items, 2, {n_items, form->item_width}, PAL_ROLE_ITEMS},
        {"globals", &s->globals, 1, {form->n_globals, 0}, PAL_ROLE_DATA},
        {"stranger", &s->stranger, 1, {form->user_width, 0}, PAL_ROLE_DATA},
    };
    int32_t n = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].dims[0] == 0) continue; /* a form without globals */
        tensors[n++] = (pal_tensor){.name = rows[i].name,
                                    .dtype = PAL_F32,
                                    .n_dims = rows[i].n_dims,
                                    .dims = {rows[i].dims[0], rows[i].dims[1]},
                                    .data = (void **)rows[i].data,
                                    .role = rows[i].role};
    }
    tensors[n++] = (pal_tensor){.name = "facts",
                                .dtype = PAL_F64,
                                .n_dims = 1,
                                .dims = {PAL_FACTS},
                                .data = (void **)&s->facts};
    return n;
}

bool pal_pointwise_predicts_values(const pal_pointwise_state *state) {
    return state->facts[PAL_FACT_PREDICTS_VALUES] != 0;
}

void pal_pointwise_estimate(const pal_pointwise_options *options, const pal_form *form,
                            const pal_log *log, int32_t n_threads, pal_estimate *out) {
    double width = (double)form->user_width + form->item_width + form->n_globals;
    bool is_event = options->target == PAL_TARGET_EVENT ||
                    (options->target == PAL_TARGET_AUTO && !log->about.values_are_ratings);
    /* Early stopping ends most trainings after a third of the epochs. */
    double epochs = options->patience > 0 ? (double)options->epochs / 3 : (double)options->epochs;
    double steps = epochs * (double)log->n_events * (is_event ? 1 + (double)options->negatives : 1);
    out->seconds = steps * (100e-9 + 3 * width * 0.5e-9) / n_threads;
    double a_number = options->optimizer ? 28 : 12;
    /* Items are kept once more in double, to be scored. */
    out->bytes = (double)log->n_events * 24 + (a_number * form->user_width + 16) * log->n_users +
                 ((a_number + 8) * form->item_width + 16) * log->n_items;
}
