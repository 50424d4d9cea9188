/* dense.c - profiles of dense rows, the nearest of them, and where a score comes from. */
#include "models/content/dense.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/content/prior.h"
#include "models/history.h"
#include "models/panels.h"
#include "represent/history.h"

enum { DENSE_ROWS = 16 }; /* of a history that are scored side by side */

/* --- fit --- */

typedef struct {
    const pal_content_params *params;
    const pal_dense_state *state;
} dense_model;

/* Of a state whose popularity does not count yet. */
static void dense_likeness(const void *arg, const pal_query *query, void *scratch, float *scores) {
    const dense_model *model = arg;
    pal_dense_score(model->params, model->state, query, NULL, scratch, scores);
}

pal_status pal_dense_fit(pal_ctx *ctx, const char *what, const pal_content_params *params,
                         const pal_train_input *train, pal_arena *arena, pal_arena *scratch,
                         pal_dense_state *state) {
    pal_dense_state *s = state;
    double most, prior = params->prior;
    s->popularity = PAL_ARENA_ARRAY(arena, float, s->n_items);
    s->prior = PAL_ARENA_ARRAY(arena, float, 1);
    if (!s->popularity || !s->prior) return pal_fail_memory(ctx, what, 4.0 * s->n_items);
    TRY(pal_prior_count(ctx, train->log, scratch, s->popularity, &most));
    ctx->multiply_adds += 2.0 * s->n_items * s->width;
    if (prior < 0) {
        pal_dense_state prepared = *s; /* with a prior of 0 */
        TRY(pal_dense_prepare(ctx, what, scratch, &prepared));
        const dense_model model = {params, &prepared};
        const pal_prior_input input = {.likeness = dense_likeness,
                                       .arg = &model,
                                       .scratch_bytes = pal_dense_scratch_bytes(params, &prepared),
                                       .log = train->log,
                                       .n_seen = train->n_seen_items,
                                       .popularity = s->popularity,
                                       .most = most};
        TRY(pal_prior_learn(ctx, what, &input, scratch, &prior));
    }
    *s->prior = (float)prior;
    return PAL_OK;
}

pal_status pal_dense_prepare(pal_ctx *ctx, const char *what, pal_arena *arena,
                             pal_dense_state *state) {
    pal_dense_state *s = state;
    s->panels = NULL;
    s->added = PAL_ARENA_ARRAY(arena, float, s->n_items);
    if (!s->added) return pal_fail_memory(ctx, what, 4.0 * s->n_items);
    for (int32_t i = 0; i < s->n_items; i++) s->added[i] = *s->prior * s->popularity[i];
    return pal_panels_pack_rows(ctx, what, s->items, &s->small, s->n_items, s->width, arena,
                                &s->panels, &s->packed);
}

double pal_dense_bytes(const pal_content_params *params, const pal_log *log, double width,
                       int32_t n_threads) {
    double best = params->scoring == PAL_CONTENT_NEAREST ? 4.0 * (double)params->k : 0,
           items = log->n_items;
    return (12 * width + 24) * items +
           pal_prior_bytes(log, (16 + best) * items + 64 * width, n_threads);
}

int32_t pal_dense_tensors(pal_dense_state *state, int32_t n_items, int64_t width,
                          pal_tensor *tensors) {
    state->n_items = n_items;
    tensors[0] =
        pal_float_rows("items", &state->items, n_items, width, PAL_ROLE_ITEMS, &state->small);
    tensors[1] = pal_floats("popularity", &state->popularity, n_items);
    tensors[2] = pal_floats("prior", &state->prior, 1);
    return 3;
}

/* --- the history --- */

typedef struct {
    float *sums;    /* [n_items] zero between queries */
    float *weights; /* [n_items] of the history's items */
    int32_t *items; /* [n_items] the history's, ascending */
    uint8_t *marks; /* [n_items] zero between queries */
    double *sum;    /* [width] the profile */
    float *rows;    /* [DENSE_ROWS, width] */
    float *room;    /* [width] */
    float *found;   /* [DENSE_ROWS, PAL_PANEL] */
    float *best;    /* nearest: [PAL_PANEL + n_items, k] */
    int32_t n;      /* items of the history */
} dense_scratch;

static size_t dense_carve(const pal_content_params *p, const pal_dense_state *s, void *scratch,
                          dense_scratch *out) {
    size_t items = (size_t)s->n_items, width = (size_t)s->width,
           best = p->scoring == PAL_CONTENT_NEAREST ? items * (size_t)p->k : 0,
           sizes[] = {items,     items,
                      items,     items,
                      2 * width, DENSE_ROWS * width,
                      width,     DENSE_ROWS * PAL_PANEL,
                      best};
    enum { PARTS = sizeof sizes / sizeof *sizes };
    void *parts[PARTS];
    size_t bytes = pal_scratch_cut(scratch, 0, sizes, PARTS, parts);
    if (out)
        *out = (dense_scratch){.sums = parts[0],
                               .weights = parts[1],
                               .items = parts[2],
                               .marks = parts[3],
                               .sum = parts[4],
                               .rows = parts[5],
                               .room = parts[6],
                               .found = parts[7],
                               .best = parts[8]};
    return bytes;
}

size_t pal_dense_scratch_bytes(const pal_content_params *params, const pal_dense_state *state) {
    return dense_carve(params, state, NULL, NULL);
}

static dense_scratch dense_weigh(const pal_content_params *p, const pal_dense_state *s,
                                 const pal_query *query, void *scratch) {
    dense_scratch d;
    dense_carve(p, s, scratch, &d);
    const pal_profile_options options = {.half_life = p->half_life, .ratings = p->ratings};
    const pal_profile_events events = {.n = query->n_events,
                                       .items = query->items,
                                       .values = query->values,
                                       .times = query->times,
                                       .now = query->now};
    d.n = pal_profile_weigh(&options, &events, d.sums, d.marks, d.items, d.weights);
    return d;
}

static const float *dense_row(const pal_dense_state *s, int32_t item, float *room) {
    return pal_row_at(s->items, &s->small, s->width, item, room);
}

/* Fills d->sum; returns what brings it to length 1, 0 where there is none. */
static double dense_make_profile(const pal_dense_state *s, const dense_scratch *d) {
    double squares = 0;
    memset(d->sum, 0, (size_t)s->width * sizeof *d->sum);
    for (int32_t h = 0; h < d->n; h++) {
        const float *row = dense_row(s, d->items[h], d->room);
        for (int32_t f = 0; f < s->width; f++) d->sum[f] += (double)d->weights[h] * (double)row[f];
    }
    for (int32_t f = 0; f < s->width; f++) squares += d->sum[f] * d->sum[f];
    return squares > 0 ? 1 / sqrt(squares) : 0;
}

/* --- score --- */

/* What the most popular item has ahead: less where a few words stand alone, which are less like an
 * item than a history is, and should not lose against what is popular. */
static double dense_prior(const pal_dense_state *s, const pal_query *query, const float *said) {
    static const double alone = 0.1;
    return said && query->n_events == 0 ? fmin((double)*s->prior, alone) : (double)*s->prior;
}

/* Keeps `value` if it is among the k largest, which are 0 and more. */
static void dense_keep(float *best, int32_t k, float value) {
    int32_t least = 0;
    for (int32_t j = 1; j < k; j++) {
        if (best[j] < best[least]) least = j;
    }
    if (value > best[least]) best[least] = value;
}

/* Rows of the history, n of them from d->items[first] on, against all items. */
static void dense_meet(const pal_content_params *p, const pal_dense_state *s,
                       const dense_scratch *d, int32_t first, int32_t n) {
    const pal_kernels *kernels = pal_kernels_best();
    for (int32_t r = 0; r < n; r++)
        memcpy(d->rows + (int64_t)r * s->width, dense_row(s, d->items[first + r], d->room),
               (size_t)s->width * sizeof *d->rows);
    for (int32_t panel = 0; panel < s->packed.n_panels; panel++) {
        int32_t at = panel * PAL_PANEL,
                n_of = s->n_items - at < PAL_PANEL ? s->n_items - at : PAL_PANEL;
        pal_packed_panel(kernels, &s->packed, panel, d->rows, n, d->found, PAL_PANEL);
        for (int32_t r = 0; r < n; r++) {
            for (int32_t i = 0; i < n_of; i++)
                dense_keep(d->best + (at + i) * p->k, (int32_t)p->k,
                           d->weights[first + r] * d->found[r * PAL_PANEL + i]);
        }
    }
}

static void dense_score_nearest(const pal_content_params *p, const pal_dense_state *s,
                                const dense_scratch *d, float *scores) {
    memset(d->best, 0, (size_t)s->n_items * (size_t)p->k * sizeof *d->best);
    for (int32_t h = 0; h < d->n; h += DENSE_ROWS)
        dense_meet(p, s, d, h, d->n - h < DENSE_ROWS ? d->n - h : DENSE_ROWS);
    for (int32_t i = 0; i < s->n_items; i++) {
        for (int64_t j = 0; j < p->k; j++) scores[i] += d->best[i * p->k + j];
    }
}

void pal_dense_score(const pal_content_params *params, const pal_dense_state *state,
                     const pal_query *query, const float *said, void *scratch, float *scores) {
    const pal_dense_state *s = state;
    dense_scratch d = dense_weigh(params, s, query, scratch);
    bool is_nearest = params->scoring == PAL_CONTENT_NEAREST;
    double scale = is_nearest ? 0 : dense_make_profile(s, &d);
    for (int32_t f = 0; f < s->width; f++) {
        double own = is_nearest ? 0 : scale * d.sum[f];
        d.rows[f] = (float)(own + (said ? (double)said[f] : 0));
    }
    pal_panels_score(&s->packed, d.rows, 1, s->added, scores);
    if (is_nearest) dense_score_nearest(params, s, &d, scores);
    float less = (float)(dense_prior(s, query, said) - (double)*s->prior);
    for (int32_t i = 0; less < 0 && i < s->n_items; i++) scores[i] += less * s->popularity[i];
}

/* --- explain --- */

static int dense_compare(const void *a, const void *b) {
    double x = ((const pal_reason *)a)->amount, y = ((const pal_reason *)b)->amount;
    return (x < y) - (x > y);
}

static double dense_dot(const float *a, const float *b, int32_t n) {
    double sum = 0;
    for (int32_t f = 0; f < n; f++) sum += (double)a[f] * (double)b[f];
    return sum;
}

int32_t pal_dense_explain(const pal_content_params *params, const pal_dense_state *state,
                          const pal_query *query, const float *said, int32_t item, void *scratch,
                          pal_reason *reasons) {
    const pal_dense_state *s = state;
    dense_scratch d = dense_weigh(params, s, query, scratch);
    bool is_nearest = params->scoring == PAL_CONTENT_NEAREST;
    double scale = is_nearest ? 1 : dense_make_profile(s, &d);
    const float *target = dense_row(s, item, d.rows);
    int32_t n = 0;
    for (int32_t h = 0; h < d.n; h++) {
        double like = dense_dot(dense_row(s, d.items[h], d.room), target, s->width),
               amount = scale * (double)d.weights[h] * like;
        if (amount > 0 || (amount < 0 && !is_nearest))
            reasons[n++] = (pal_reason){.item = d.items[h], .amount = amount};
    }
    if (is_nearest && n > params->k) {
        qsort(reasons, (size_t)n, sizeof *reasons, dense_compare);
        n = (int32_t)params->k;
    }
    if (said)
        reasons[n++] = (pal_reason){.item = -1,
                                    .what = "the words that are asked for",
                                    .amount = dense_dot(said, target, s->width)};
    double amount = dense_prior(s, query, said) * (double)s->popularity[item];
    reasons[n++] = (pal_reason){.item = -1, .what = "how many people use it", .amount = amount};
    return n;
}
