/* clicks.c - auc, gauc, logloss and calibration of scores over impressions. */
#include "eval/clicks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"

/* --- what was shown, and what of it was clicked --- */

typedef struct {
    int32_t item;
    uint8_t clicked;
} clicks_pair;

static int clicks_compare_pairs(const void *a, const void *b) {
    const clicks_pair *x = a, *y = b;
    if (x->item != y->item) return x->item < y->item ? -1 : 1;
    return y->clicked - x->clicked; /* clicked first: the one that stays */
}

/* One user's pairs, each item once. */
static void clicks_add_user(const pal_log *targets, const pal_log *shown, int32_t user,
                            clicks_pair *pairs, pal_clicks *out) {
    int64_t n = 0;
    for (int64_t e = user < targets->n_users ? targets->starts[user] : 0,
                 end = user < targets->n_users ? targets->starts[user + 1] : 0;
         e < end; e++) {
        if (pal_log_is_target(targets, e)) pairs[n++] = (clicks_pair){targets->items[e], 1};
    }
    for (int64_t e = shown->starts[user]; e < shown->starts[user + 1]; e++)
        pairs[n++] = (clicks_pair){shown->items[e], 0};
    qsort(pairs, (size_t)n, sizeof *pairs, clicks_compare_pairs);
    for (int64_t i = 0; i < n; i++) {
        if (i > 0 && pairs[i].item == pairs[i - 1].item) continue;
        out->items[out->n] = pairs[i].item;
        out->clicked[out->n++] = pairs[i].clicked;
        out->n_clicked += pairs[i].clicked;
    }
}

pal_status pal_clicks_make(pal_ctx *ctx, const pal_log *known, const pal_log *targets,
                           const pal_log *shown, pal_clicks *out) {
    memset(out, 0, sizeof *out);
    if (shown->n_events == 0) return PAL_OK;
    int64_t n = targets->n_events + shown->n_events, now = pal_log_end(known);
    pal_arena scratch = {0};
    clicks_pair *pairs = PAL_ARENA_ARRAY(&scratch, clicks_pair, n);
    out->users = PAL_ARENA_ARRAY(&out->arena, int32_t, shown->n_users);
    out->queries = PAL_ARENA_ARRAY(&out->arena, pal_query, shown->n_users);
    out->starts = PAL_ARENA_ARRAY(&out->arena, int64_t, (int64_t)shown->n_users + 1);
    out->items = PAL_ARENA_ARRAY(&out->arena, int32_t, n);
    out->clicked = PAL_ARENA_ARRAY(&out->arena, uint8_t, n);
    bool done = pairs && out->users && out->queries && out->starts && out->items && out->clicked;
    for (int32_t u = 0; done && u < shown->n_users; u++) {
        int64_t before = out->n;
        clicks_add_user(targets, shown, u, pairs, out);
        if (out->n == before) continue;
        out->users[out->n_users] = u;
        out->queries[out->n_users++] = pal_query_of_log(known, u, now);
        out->starts[out->n_users] = out->n;
    }
    pal_arena_release(&scratch);
    if (!done || out->n_clicked == 0 || out->n_clicked == out->n) pal_clicks_release(out);
    return done ? PAL_OK : pal_fail_memory(ctx, "the impressions", 16.0 * (double)n);
}

void pal_clicks_release(pal_clicks *clicks) {
    pal_arena_release(&clicks->arena);
    memset(clicks, 0, sizeof *clicks);
}

/* --- scores --- */

typedef struct {
    pal_ctx *ctx;
    const pal_model *model;
    const pal_clicks *clicks;
    pal_arena *arenas; /* one a worker */
    uint8_t *failed;   /* [n_users] */
    double *scores;    /* [n] NaN where the model cannot tell */
} clicks_job;

static void clicks_score_user(const clicks_job *job, int32_t user, pal_arena *arena) {
    const pal_model *model = job->model;
    const pal_kind *kind = model->kind;
    int32_t n_items = model->log->n_items;
    size_t bytes = kind->scratch_bytes ? kind->scratch_bytes(model->params, model->state, 1) : 0;
    void *scratch = pal_arena_alloc(arena, (int64_t)bytes, 1);
    float *all = PAL_ARENA_ARRAY(arena, float, n_items);
    pal_query query;
    job->failed[user] =
        !scratch || !all ||
        pal_query_settle(job->ctx, model, &job->clicks->queries[user], arena, &query) != PAL_OK;
    if (job->failed[user]) return;
    /* A yardstick answers for each person apart. */
    if (kind->traits & PAL_IS_CONTROL) query.user_plus_1 = job->clicks->users[user] + 1;
    kind->score(model->params, model->state, &query, 1, scratch, all);
    for (int64_t i = job->clicks->starts[user]; i < job->clicks->starts[user + 1]; i++) {
        int32_t item = job->clicks->items[i];
        double score = item < pal_model_n_listed(model) ? (double)all[item] : NAN;
        job->scores[i] = isfinite(score) ? score : NAN;
    }
}

enum { CLICKS_USERS = 16 };

static void clicks_chunk(void *arg, int64_t chunk, int32_t worker) {
    const clicks_job *job = arg;
    int64_t first = chunk * CLICKS_USERS, last = first + CLICKS_USERS;
    if (last > job->clicks->n_users) last = job->clicks->n_users;
    for (int64_t u = first; u < last; u++) {
        clicks_score_user(job, (int32_t)u, &job->arenas[worker]);
        pal_arena_reset(&job->arenas[worker]);
    }
}

static void clicks_fill(double *scores, int64_t n) {
    double sum = 0;
    int64_t told = 0;
    for (int64_t i = 0; i < n; i++) {
        if (isnan(scores[i])) continue;
        sum += scores[i];
        told++;
    }
    for (int64_t i = 0; i < n; i++) {
        if (isnan(scores[i])) scores[i] = told ? sum / (double)told : 0;
    }
}

pal_status pal_clicks_score(pal_ctx *ctx, const pal_model *model, const pal_clicks *clicks,
                            double *scores) {
    pal_arena scratch = {0};
    int32_t n_threads = pal_pool_threads(ctx->pool);
    clicks_job job = {.ctx = ctx,
                      .model = model,
                      .clicks = clicks,
                      .arenas = PAL_ARENA_ARRAY(&scratch, pal_arena, n_threads),
                      .failed = PAL_ARENA_ARRAY(&scratch, uint8_t, clicks->n_users),
                      .scores = scores};
    bool done = job.arenas && job.failed;
    if (done)
        pal_parallel(ctx->pool, ((int64_t)clicks->n_users + CLICKS_USERS - 1) / CLICKS_USERS,
                     clicks_chunk, &job);
    for (int32_t w = 0; job.arenas && w < n_threads; w++) pal_arena_release(&job.arenas[w]);
    for (int32_t u = 0; done && u < clicks->n_users; u++) done = !job.failed[u];
    pal_arena_release(&scratch);
    if (!done) return pal_fail_memory(ctx, "scores of the impressions", 8.0 * (double)clicks->n);
    clicks_fill(scores, clicks->n);
    return PAL_OK;
}

/* --- probabilities --- */

static double clicks_sigmoid(double x) { return 1 / (1 + exp(-x)); }

double pal_click_probability(const pal_click_curve *curve, double score) {
    return clicks_sigmoid(curve->a + curve->b * (score - curve->center) / curve->scale);
}

/* Where the scores tell the classes apart without an error, the likelihood has no maximum; this
 * share of b² keeps b finite and is too small to be seen elsewhere. */
static const double clicks_ridge = 1e-6;

/* Minus the mean log-likelihood, with its gradient and second derivatives in (a, b). */
static double clicks_loss(const pal_clicks *clicks, const double *scores,
                          const pal_click_curve *curve, double g[2], double h[3]) {
    double loss = 0, n = (double)clicks->n;
    g[0] = g[1] = h[0] = h[1] = h[2] = 0;
    for (int64_t i = 0; i < clicks->n; i++) {
        double x = (scores[i] - curve->center) / curve->scale, z = curve->a + curve->b * x,
               p = clicks_sigmoid(z), w = p * (1 - p);
        double y = clicks->clicked[i];
        /* log(1 + exp(z)) without overflow */
        loss += (z > 0 ? z + log1p(exp(-z)) : log1p(exp(z))) - y * z;
        g[0] += p - y;
        g[1] += (p - y) * x;
        h[0] += w;
        h[1] += w * x;
        h[2] += w * x * x;
    }
    for (int i = 0; i < 2; i++) g[i] /= n;
    for (int i = 0; i < 3; i++) h[i] /= n;
    g[1] += 2 * clicks_ridge * curve->b;
    h[2] += 2 * clicks_ridge;
    return loss / n + clicks_ridge * curve->b * curve->b;
}

void pal_clicks_fit(const pal_clicks *clicks, const double *scores, pal_click_curve *out) {
    enum { STEPS = 100, HALVES = 30 };
    *out = (pal_click_curve){.a = NAN, .scale = 1};
    if (clicks->n == 0) return;
    double n = (double)clicks->n, sum = 0, squares = 0, share = (double)clicks->n_clicked / n;
    for (int64_t i = 0; i < clicks->n; i++) sum += scores[i];
    out->center = sum / n;
    for (int64_t i = 0; i < clicks->n; i++)
        squares += (scores[i] - out->center) * (scores[i] - out->center);
    if (squares > 0) out->scale = sqrt(squares / n);
    out->a = log(share / (1 - share));
    double g[2], h[3], loss = clicks_loss(clicks, scores, out, g, h);
    for (int step = 0; step < STEPS && fabs(g[0]) + fabs(g[1]) > 1e-12; step++) {
        double determinant = h[0] * h[2] - h[1] * h[1];
        if (!(determinant > 0)) break;
        double da = (h[2] * g[0] - h[1] * g[1]) / determinant,
               db = (h[0] * g[1] - h[1] * g[0]) / determinant;
        pal_click_curve next = *out;
        double ng[2], nh[3], t = 1, next_loss = INFINITY;
        for (int half = 0; half < HALVES && !(next_loss <= loss); half++, t /= 2) {
            next.a = out->a - t * da;
            next.b = out->b - t * db;
            next_loss = clicks_loss(clicks, scores, &next, ng, nh);
        }
        if (!(next_loss <= loss)) break;
        *out = next;
        loss = next_loss;
        memcpy(g, ng, sizeof g);
        memcpy(h, nh, sizeof h);
    }
}

/* --- auc --- */

typedef struct {
    double score;
    int64_t at;
} clicks_place;

static int clicks_compare_places(const void *a, const void *b) {
    const clicks_place *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* Auc of the n impressions in `places`, which are put in order; NaN when a class is missing. With
 * `shares`, shares[at] is the part of the other class that the impression is on the right side of:
 * their mean over either class is the auc. */
static double clicks_auc(clicks_place *places, int64_t n, const uint8_t *clicked, double *shares) {
    qsort(places, (size_t)n, sizeof *places, clicks_compare_places);
    int64_t n_clicked = 0;
    for (int64_t i = 0; i < n; i++) n_clicked += clicked[places[i].at];
    int64_t n_shown = n - n_clicked, shown_before = 0, clicked_before = 0;
    double right = 0;
    if (n_clicked == 0 || n_shown == 0) return NAN;
    for (int64_t i = 0, end; i < n; i = end) {
        int64_t tied[2] = {0};
        for (end = i; end < n && places[end].score == places[i].score; end++)
            tied[clicked[places[end].at]]++;
        double above = (double)shown_before + 0.5 * (double)tied[0],
               below = (double)(n_clicked - clicked_before) - 0.5 * (double)tied[1];
        for (int64_t j = i; shares && j < end; j++)
            shares[places[j].at] =
                clicked[places[j].at] ? above / (double)n_shown : below / (double)n_clicked;
        right += above * (double)tied[1];
        shown_before += tied[0];
        clicked_before += tied[1];
    }
    return right / ((double)n_clicked * (double)n_shown);
}

/* A user's impressions move the pooled auc together: the variance of the sum over users of what
 * each adds to both means of `shares`. */
static pal_interval clicks_auc_interval(const pal_clicks *clicks, double auc,
                                        const double *shares) {
    double variance = 0, n_clicked = (double)clicks->n_clicked,
           n_shown = (double)(clicks->n - clicks->n_clicked), n = clicks->n_users;
    for (int32_t u = 0; u < clicks->n_users; u++) {
        double sum = 0;
        for (int64_t i = clicks->starts[u]; i < clicks->starts[u + 1]; i++)
            sum += (shares[i] - auc) / (clicks->clicked[i] ? n_clicked : n_shown);
        variance += sum * sum;
    }
    if (clicks->n_users < 2) return (pal_interval){auc, NAN, NAN};
    double half = 1.959963984540054 * sqrt(variance * n / (n - 1));
    return (pal_interval){auc, fmax(0, auc - half), fmin(1, auc + half)};
}

/* --- all errors --- */

typedef struct {
    pal_ctx *ctx;
    const pal_clicks *clicks;
    const double *scores;
    const pal_click_curve *curve;
    int64_t resamples;
    clicks_place *places;  /* [n] */
    double *shares;        /* [n] */
    double *sums, *counts; /* [n_users] */
} clicks_judge;

static pal_status clicks_judge_order(const clicks_judge *job, pal_click_errors *out) {
    const pal_clicks *clicks = job->clicks;
    for (int64_t i = 0; i < clicks->n; i++) job->places[i] = (clicks_place){job->scores[i], i};
    double auc = clicks_auc(job->places, clicks->n, clicks->clicked, job->shares);
    out->auc = job->resamples ? clicks_auc_interval(clicks, auc, job->shares)
                              : (pal_interval){auc, NAN, NAN};
    for (int32_t u = 0; u < clicks->n_users; u++) {
        int64_t from = clicks->starts[u], n = clicks->starts[u + 1] - from;
        for (int64_t i = 0; i < n; i++)
            job->places[i] = (clicks_place){job->scores[from + i], from + i};
        auc = clicks_auc(job->places, n, clicks->clicked, NULL);
        job->counts[u] = isnan(auc) ? 0 : (double)n;
        job->sums[u] = isnan(auc) ? 0 : auc * (double)n;
    }
    return pal_bootstrap_ratio(job->ctx, job->sums, job->counts, clicks->n_users, job->resamples,
                               job->ctx->seed, &out->gauc);
}

static pal_status clicks_judge_logloss(const clicks_judge *job, pal_click_errors *out) {
    static const double least = 1e-7; /* one sure error is not all that counts */
    const pal_clicks *clicks = job->clicks;
    for (int32_t u = 0; u < clicks->n_users; u++) {
        job->sums[u] = 0;
        job->counts[u] = (double)(clicks->starts[u + 1] - clicks->starts[u]);
        for (int64_t i = clicks->starts[u]; i < clicks->starts[u + 1]; i++) {
            double p = pal_click_probability(job->curve, job->scores[i]);
            p = fmin(fmax(p, least), 1 - least);
            job->sums[u] -= clicks->clicked[i] ? log(p) : log1p(-p);
        }
    }
    return pal_bootstrap_ratio(job->ctx, job->sums, job->counts, clicks->n_users, job->resamples,
                               job->ctx->seed, &out->logloss);
}

/* Equal probabilities share their clicks, so that it does not matter which of them a border between
 * bins keeps together. Uses `shares` for them, in the order of `places`. */
static double clicks_judge_calibration(const clicks_judge *job) {
    enum { BINS = 10 };
    int64_t n = job->clicks->n;
    for (int64_t i = 0; i < n; i++)
        job->places[i] = (clicks_place){pal_click_probability(job->curve, job->scores[i]), i};
    qsort(job->places, (size_t)n, sizeof *job->places, clicks_compare_places);
    for (int64_t i = 0, end; i < n; i = end) {
        double clicked = 0;
        for (end = i; end < n && job->places[end].score == job->places[i].score; end++)
            clicked += job->clicks->clicked[job->places[end].at];
        for (int64_t j = i; j < end; j++) job->shares[j] = clicked / (double)(end - i);
    }
    double error = 0;
    for (int64_t bin = 0; bin < BINS; bin++) {
        double apart = 0;
        for (int64_t i = bin * n / BINS; i < (bin + 1) * n / BINS; i++)
            apart += job->places[i].score - job->shares[i];
        error += fabs(apart);
    }
    return error / (double)n;
}

pal_status pal_clicks_judge(pal_ctx *ctx, const pal_clicks *clicks, const double *scores,
                            const pal_click_curve *curve, int64_t resamples,
                            pal_click_errors *out) {
    static const pal_interval none = {NAN, NAN, NAN};
    pal_arena scratch = {0};
    clicks_judge job = {.ctx = ctx,
                        .clicks = clicks,
                        .scores = scores,
                        .curve = curve,
                        .resamples = resamples,
                        .places = PAL_ARENA_ARRAY(&scratch, clicks_place, clicks->n),
                        .shares = PAL_ARENA_ARRAY(&scratch, double, clicks->n),
                        .sums = PAL_ARENA_ARRAY(&scratch, double, clicks->n_users),
                        .counts = PAL_ARENA_ARRAY(&scratch, double, clicks->n_users)};
    *out = (pal_click_errors){none, none, none, NAN};
    pal_status status = job.places && job.shares && job.sums && job.counts
                            ? PAL_OK
                            : pal_fail_memory(ctx, "the click tables", 40.0 * (double)clicks->n);
    if (status == PAL_OK) status = clicks_judge_order(&job, out);
    if (status == PAL_OK && !isnan(curve->a)) {
        status = clicks_judge_logloss(&job, out);
        out->calibration = clicks_judge_calibration(&job);
    }
    pal_arena_release(&scratch);
    return status;
}
