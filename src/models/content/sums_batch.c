/* sums_batch.c - forward and backward through a batch of groups of pairs.
 *
 * With g = ∂L/∂score the gradient of an item's sum is g (P + T) and of a person's g T (with
 * products; else g P and g T), that of a row x_f of a sum w_f times the sum's gradient, with
 * products less w_f² g x_f: the products of a row with itself are none of the score. */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "models/content/sums_train.h"
#include "models/pairwise.h"
#include "nn/loops.h"
#include "nn/parameters.h"

enum { SUMS_TRIES = 20 };

float pal_sums_within(const float *sum, float squares, int32_t k) {
    return (pal_loops_best()->dot(sum, sum, k) - squares) / 2;
}

float pal_sums_add(const pal_sums_job *job, const pal_sums_bank *bank, const int32_t *rows,
                   const float *weights, int32_t n, float *out) {
    const pal_loops *loops = pal_loops_best();
    float squares = 0;
    for (int32_t e = 0; e < n; e++) {
        if (rows[e] < 0) continue;
        const float *row = bank->table.values + (int64_t)rows[e] * job->width;
        loops->add_scaled(out, row, weights[e], job->width);
        if (job->form->has_products)
            squares += weights[e] * weights[e] * loops->dot(row, row, job->k);
    }
    return squares;
}

/* --- sums --- */

/* Fills what is left of a sum's entries. */
static void sums_end(pal_sums_bank *bank, int64_t sum, int32_t n) {
    for (; n < bank->most; n++) bank->rows[sum * bank->most + n] = -1;
}

static float sums_enter(pal_sums_job *job, pal_sums_bank_name name, int64_t sum,
                        const int32_t *rows, const float *weights, int32_t n, float *out) {
    pal_sums_bank *bank = &job->banks[name];
    int64_t at = sum * bank->most;
    if (n) memcpy(bank->rows + at, rows, (size_t)n * sizeof *rows);
    if (n) memcpy(bank->weights + at, weights, (size_t)n * sizeof *weights);
    sums_end(bank, sum, n);
    return pal_sums_add(job, bank, rows, weights, n, out);
}

/* Thing t is the item; returns its linear weight and products. */
static float sums_make_thing(pal_sums_job *job, int64_t t, int32_t item, bool is_hidden) {
    float *sum = job->things + t * job->width;
    const float one = 1, *weights;
    const int32_t *features;
    memset(sum, 0, (size_t)job->width * sizeof *sum);
    float squares = sums_enter(job, PAL_BANK_ITEMS, t, &item, &one, !is_hidden, sum);
    int32_t n = pal_fields_all(&job->item_fields, item, &features, &weights);
    squares += sums_enter(job, PAL_BANK_FEATURES, t, features, weights, n, sum);
    return sum[job->k] + (job->form->has_products ? pal_sums_within(sum, squares, job->k) : 0);
}

static void sums_make_no_thing(pal_sums_job *job, int64_t t) {
    sums_end(&job->banks[PAL_BANK_ITEMS], t, 0);
    sums_end(&job->banks[PAL_BANK_FEATURES], t, 0);
    job->thing_pulls[t] = 0;
}

/* What the person of group g used besides the group's pairs: those that follow in the order, in a
 * circle, each for as many as there are to one that is taken. */
static float sums_enter_history(pal_sums_job *job, int64_t r, int64_t g, float *sum) {
    pal_sums_bank *bank = &job->banks[PAL_BANK_HISTORY];
    int32_t user = job->group_users[g];
    int64_t begin = job->used.starts[user], n = job->used.starts[user + 1] - begin,
            after = job->group_starts[g + 1] - begin,
            n_others = n - (job->group_starts[g + 1] - job->group_starts[g]);
    int32_t n_taken = (int32_t)(n_others < bank->most ? n_others : bank->most);
    int32_t *rows = bank->rows + r * bank->most;
    float *weights = bank->weights + r * bank->most;
    for (int32_t h = 0; h < n_taken; h++) {
        rows[h] = job->used.cols[begin + job->order[begin + (after + h) % n]];
        weights[h] = (float)(sqrt((double)n_others) / n_taken);
    }
    sums_end(bank, r, n_taken);
    return pal_sums_add(job, bank, rows, weights, n_taken, sum);
}

static float sums_constant(const pal_sums_job *job, const float *sum, float squares) {
    return sum[job->k] + (job->form->has_products ? pal_sums_within(sum, squares, job->k) : 0);
}

/* Returns the person's linear weight and products. */
static float sums_make_person(pal_sums_job *job, int64_t r, int64_t g, pal_rng *rng) {
    float *sum = job->people + r * job->width;
    const float one = 1, *weights;
    const int32_t *features;
    int32_t user = job->group_users[g];
    bool is_hidden = pal_rng_uniform(rng) < job->o->hide_users;
    memset(sum, 0, (size_t)job->width * sizeof *sum);
    float squares = sums_enter(job, PAL_BANK_USERS, r, &user, &one, !is_hidden, sum);
    int32_t n = pal_fields_all(&job->user_fields, user, &features, &weights);
    squares += sums_enter(job, PAL_BANK_PROFILES, r, features, weights, n, sum);
    if (!job->form->has_history) return sums_constant(job, sum, squares);
    /* No draw without profiles: nobody is known by his profile alone. */
    bool is_told =
        is_hidden && job->user_fields.n_fields > 0 && pal_rng_uniform(rng) < job->o->hide_history;
    if (is_told) sums_end(&job->banks[PAL_BANK_HISTORY], r, 0);
    if (!is_told) squares += sums_enter_history(job, r, g, sum);
    return sums_constant(job, sum, squares);
}

/* --- losses --- */

typedef struct { /* a group at work */
    pal_sums_job *job;
    int64_t r, e;   /* the group in the batch; the pair at work */
    float constant; /* of the person */
    pal_rng *rng;
    double loss;
} sums_work;

/* Adds g ∂score/∂… to the gradients of thing t and of the group's person. */
static void sums_back(const sums_work *w, int64_t t, float g) {
    const pal_sums_job *job = w->job;
    const pal_loops *loops = pal_loops_best();
    int32_t k = job->k;
    const float *person = job->people + w->r * job->width, *thing = job->things + t * job->width;
    float *d_person = job->d_people + w->r * job->width, *d_thing = job->d_things + t * job->width;
    memset(d_thing, 0, (size_t)job->width * sizeof *d_thing);
    loops->add_scaled(d_thing, person, g, k);
    loops->add_scaled(d_person, thing, g, k);
    d_thing[k] = g;
    job->thing_pulls[t] = g;
    if (job->form->has_products) loops->add_scaled(d_thing, thing, g, k);
    if (job->o->loss != PAL_SUMS_SQUARED) return;
    d_person[k] += g; /* the same for two items: matters for values alone */
    job->people_pulls[w->r] += g;
    if (job->form->has_products) loops->add_scaled(d_person, person, g, k);
}

static float sums_score(const sums_work *w, int64_t t, float constant) {
    const pal_sums_job *job = w->job;
    return constant + pal_loops_best()->dot(job->people + w->r * job->width,
                                            job->things + t * job->width, job->k);
}

static float sums_weight(const sums_work *w) {
    const float *weights = w->job->used.values;
    return weights ? (float)((double)weights[w->e] / w->job->mean_weight) : 1;
}

/* An item that the user did not use, or after SUMS_TRIES any. */
static int32_t sums_draw(const pal_sums_job *job, int32_t user, pal_rng *rng) {
    int32_t item = 0;
    for (int32_t t = 0; t < SUMS_TRIES; t++) {
        item = (int32_t)pal_rng_below(rng, (uint32_t)job->n_seen);
        if (!pal_csr_has(&job->used, user, item)) break;
    }
    return item;
}

static void sums_learn_squared(sums_work *w, int64_t t, float constant) {
    float off = w->job->targets[w->e] - sums_score(w, t, constant + w->constant),
          weight = sums_weight(w);
    w->loss += (double)(weight * off * off);
    sums_back(w, t, -2 * weight * off);
    sums_make_no_thing(w->job, t + 1);
}

/* Σ_{r ≤ rank} 1 / r, near enough. */
static double sums_harmonic(double rank) { return log(rank) + 0.5772157 + 0.5 / rank; }

/* A pair whose items stand in the right order, far enough apart, teaches nothing. */
static void sums_learn_order(sums_work *w, int32_t user, int64_t t, float constant, bool hidden) {
    pal_sums_job *job = w->job;
    bool is_warp = job->o->loss == PAL_SUMS_WARP;
    float score = sums_score(w, t, constant), weight = sums_weight(w);
    for (int64_t draw = 1; draw <= (is_warp ? job->o->tries : 1); draw++) {
        float other = sums_make_thing(job, t + 1, sums_draw(job, user, w->rng), hidden),
              x = score - sums_score(w, t + 1, other), pull;
        if (is_warp) {
            if (x >= 1) continue;
            double rank = fmax(floor((job->n_seen - 1.0) / (double)draw), 1);
            pull = (float)(sums_harmonic(rank) / sums_harmonic(fmax(job->n_seen - 1.0, 1)));
            w->loss += (double)(weight * pull * (1 - x));
        } else {
            w->loss += (double)(weight * pal_pair_logistic(x, &pull));
        }
        sums_back(w, t, -weight * pull);
        sums_back(w, t + 1, weight * pull);
        return;
    }
    sums_make_no_thing(job, t);
    sums_make_no_thing(job, t + 1);
}

static void sums_run_group(sums_work *w, int64_t g) {
    pal_sums_job *job = w->job;
    int32_t user = job->group_users[g];
    int64_t begin = job->group_starts[g], n = job->group_starts[g + 1] - begin;
    memset(job->d_people + w->r * job->width, 0, (size_t)job->width * sizeof(float));
    job->people_pulls[w->r] = 0;
    w->constant = sums_make_person(job, w->r, g, w->rng);
    for (int64_t p = 0; p < job->most_pairs; p++) {
        int64_t t = 2 * (w->r * job->most_pairs + p);
        if (p >= n) {
            sums_make_no_thing(job, t);
            sums_make_no_thing(job, t + 1);
            continue;
        }
        w->e = job->used.starts[user] + job->order[begin + p];
        bool is_hidden =
            job->item_fields.n_fields > 0 && pal_rng_uniform(w->rng) < job->o->hide_items;
        float constant = sums_make_thing(job, t, job->used.cols[w->e], is_hidden);
        if (job->o->loss == PAL_SUMS_SQUARED) {
            sums_learn_squared(w, t, constant);
        } else {
            sums_learn_order(w, user, t, constant, is_hidden);
        }
    }
}

static void sums_run_chunk(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    pal_sums_job *job = arg;
    int64_t first, last;
    pal_chunk_range(job->step->n, PAL_SUMS_CHUNKS, chunk, &first, &last);
    pal_rng rng = pal_rng_at(job->seed, (uint64_t)(job->step->number * PAL_SUMS_CHUNKS + chunk));
    sums_work work = {.job = job, .rng = &rng};
    for (work.r = first; work.r < last; work.r++)
        sums_run_group(&work, job->step->examples[work.r]);
    job->losses[chunk] = work.loss;
}

/* --- gradients of the tables --- */

typedef struct {
    pal_sums_bank *bank;
    const float *pulls;
    int32_t k;
} sums_products;

static void sums_less_squares(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const sums_products *job = arg;
    const pal_table *table = &job->bank->table;
    int64_t first = chunk * PAL_TABLE_CHUNK, last = first + PAL_TABLE_CHUNK;
    if (last > table->n_touched) last = table->n_touched;
    for (int64_t t = first; t < last; t++) {
        double sum = 0;
        for (int64_t e = table->starts[t]; e < table->starts[t + 1]; e++)
            sum += (double)table->weights[e] * (double)table->weights[e] *
                   (double)job->pulls[table->sources[e]];
        pal_loops_best()->add_scaled(table->gradient + t * table->width,
                                     table->values + (int64_t)table->touched[t] * table->width,
                                     (float)-sum, job->k);
    }
}

double pal_sums_batch(pal_sums_job *job, const pal_step *step) {
    job->step = step;
    pal_parallel(job->ctx->pool, PAL_SUMS_CHUNKS, sums_run_chunk, job);
    for (int32_t b = 0; b < PAL_BANKS; b++) {
        pal_sums_bank *bank = &job->banks[b];
        bool is_of_items = b >= PAL_BANK_ITEMS;
        if (!bank->most) continue;
        int64_t n_sums = is_of_items ? 2 * step->n * job->most_pairs : step->n;
        pal_table_touch(&bank->table, bank->rows, bank->sources, bank->weights,
                        n_sums * bank->most);
        pal_table_sum(job->ctx->pool, &bank->table, is_of_items ? job->d_things : job->d_people,
                      job->width);
        if (!job->form->has_products) continue;
        sums_products products = {bank, is_of_items ? job->thing_pulls : job->people_pulls, job->k};
        pal_parallel(job->ctx->pool,
                     (bank->table.n_touched + PAL_TABLE_CHUNK - 1) / PAL_TABLE_CHUNK,
                     sums_less_squares, &products);
    }
    double loss = 0;
    for (int32_t c = 0; c < PAL_SUMS_CHUNKS; c++) loss += job->losses[c];
    return loss;
}
