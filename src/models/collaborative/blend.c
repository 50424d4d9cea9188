/* blend.c - several kinds at once: their scores brought to one scale and added with learned weights
 * (stacking: Wolpert 1992; blends of recommenders: Jahrer, Toescher, Legenstein 2010).
 *
 * score(u, i) = Σ_p w_p z_p(u, i), z_p the part's scores of the query less their mean over items,
 * divided by their standard deviation. The weights are learned on what the parts have not seen: the
 * newest tenth of the events of up to 500 users (at least one each) is held out, the parts are
 * trained without it, and w maximizes Σ log softmax(Σ_p w_p z_p)[held item] among it and 200 items
 * drawn at random, less a small ridge; a part that would be subtracted is left out. Then the parts
 * are trained on everything. Cost: each part twice, and 500 · 200 · parts² an iteration. */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "models/registry.h"
#include "models/train.h"

typedef struct {
    const char *of;
} blend_params;

static const pal_param blend_table[] = {
    {.name = "of",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(blend_params, of),
     .value_name = "SPECS",
     .help = "the parts, written blend(als, popular half_life=7d)"},
    {0},
};

typedef struct {
    pal_model *parts[PAL_PARTS_OF_MODEL_MAX]; /* [n_parts] */
    float *weights;                           /* [n_parts] */
    int32_t n_parts, n_items;
} blend_state;

/* Parts are cut at commas outside of parentheses. */
static int32_t blend_count(const blend_params *p) {
    int32_t n = 1, depth = 0;
    for (const char *c = p->of; *c; c++) {
        depth += (*c == '(') - (*c == ')');
        n += *c == ',' && depth == 0;
    }
    return n < PAL_PARTS_OF_MODEL_MAX ? n : PAL_PARTS_OF_MODEL_MAX;
}

static pal_model **blend_parts(const void *params, void *state, int32_t *n) {
    blend_state *s = state;
    *n = s->n_parts = blend_count(params);
    return s->parts;
}

/* --- scores on one scale --- */

static void blend_standardize(float *scores, int32_t n) {
    double sum = 0, squares = 0;
    int32_t count = 0;
    for (int32_t i = 0; i < n; i++) {
        if (!isfinite(scores[i])) continue;
        sum += (double)scores[i];
        count++;
    }
    double mean = count ? sum / count : 0;
    for (int32_t i = 0; i < n; i++) {
        if (isfinite(scores[i])) squares += ((double)scores[i] - mean) * ((double)scores[i] - mean);
    }
    double deviation = count ? sqrt(squares / count) : 0;
    for (int32_t i = 0; i < n; i++) {
        /* What a part cannot score is three deviations below what it can. */
        scores[i] = !isfinite(scores[i]) ? -3
                    : deviation > 0      ? (float)(((double)scores[i] - mean) / deviation)
                                         : 0;
    }
}

static size_t blend_part_bytes(const pal_model *part, int32_t n_queries) {
    size_t bytes = part->kind->scratch_bytes
                       ? part->kind->scratch_bytes(part->params, part->state, n_queries)
                       : 0;
    return (bytes + 63) / 64 * 64;
}

/* --- the weights --- */

enum { BLEND_USERS = 500, BLEND_DRAWN = 200, BLEND_ROUNDS = 30 };

typedef struct {
    int32_t n, n_parts; /* questions */
    double *z;          /* [n, BLEND_DRAWN + 1, n_parts]: the held item first */
} blend_questions;

/* Marks the newest tenth of the chosen users' events as held out. Returns the number of users. */
static int32_t blend_hold_out(const pal_log *log, uint8_t *keep, int32_t *users) {
    enum { EVENTS_MIN = 3 };
    int32_t n_able = 0, n = 0, at = 0;
    memset(keep, 1, (size_t)log->n_events);
    for (int32_t u = 0; u < log->n_users; u++)
        n_able += log->starts[u + 1] - log->starts[u] >= EVENTS_MIN;
    for (int32_t u = 0; u < log->n_users && n < BLEND_USERS; u++) {
        int64_t begin = log->starts[u], end = log->starts[u + 1], n_events = end - begin;
        if (n_events < EVENTS_MIN) continue;
        bool is_chosen = n_able <= BLEND_USERS || (int64_t)at * BLEND_USERS / n_able !=
                                                      (int64_t)(at + 1) * BLEND_USERS / n_able;
        at++;
        if (!is_chosen) continue;
        for (int64_t e = end - (n_events + 9) / 10; e < end; e++) keep[e] = 0;
        users[n++] = u;
    }
    return n;
}

static pal_query blend_query(const pal_log *log, int32_t user) {
    int64_t begin = log->starts[user], n = log->starts[user + 1] - begin;
    return (pal_query){.user_plus_1 = user + 1,
                       .n_events = (int32_t)n,
                       .items = log->items + begin,
                       .values = log->values ? log->values + begin : NULL,
                       .times = log->times ? log->times + begin : NULL,
                       .types = log->types ? log->types + begin : NULL,
                       .now = log->times ? pal_log_end(log) : 0};
}

/* One question a user: the first item of what was held out that is not in the shortened history,
 * beside items drawn at random. */
static pal_status blend_ask(pal_ctx *ctx, const pal_log *log, const pal_log *shorter,
                            const uint8_t *keep, const int32_t *users, int32_t n_users,
                            pal_model *const *parts, int32_t n_parts, pal_arena *scratch,
                            blend_questions *out) {
    int32_t n_items = log->n_items;
    size_t bytes = 0;
    for (int32_t p = 0; p < n_parts; p++) {
        size_t part = blend_part_bytes(parts[p], 1);
        bytes = part > bytes ? part : bytes;
    }
    float *scores = PAL_ARENA_ARRAY(scratch, float, (int64_t)n_parts *n_items);
    uint8_t *used = PAL_ARENA_ARRAY(scratch, uint8_t, n_items);
    out->z = PAL_ARENA_ARRAY(scratch, double, (int64_t)n_users *(BLEND_DRAWN + 1) * n_parts);
    out->n_parts = n_parts;
    if (!scores || !used || !out->z)
        return pal_fail_memory(ctx, "blend", 8.0 * n_users * BLEND_DRAWN * n_parts);
    for (int32_t q = 0; q < n_users; q++) {
        int32_t user = users[q], held = -1;
        pal_query query = blend_query(shorter, user);
        for (int32_t e = 0; e < query.n_events; e++) used[query.items[e]] = 1;
        for (int64_t e = log->starts[user]; e < log->starts[user + 1] && held < 0; e++) {
            if (!keep[e] && !used[log->items[e]]) held = log->items[e];
        }
        for (int32_t p = 0; held >= 0 && p < n_parts; p++) {
            pal_arena part_scratch = {0};
            void *memory = pal_arena_alloc(&part_scratch, (int64_t)bytes, 1);
            if (!memory) return pal_fail_memory(ctx, "blend", (double)bytes);
            parts[p]->kind->score(parts[p]->params, parts[p]->state, &query, 1, memory,
                                  scores + (int64_t)p * n_items);
            pal_arena_release(&part_scratch);
            blend_standardize(scores + (int64_t)p * n_items, n_items);
        }
        pal_rng rng = pal_rng_at(pal_seed_for(ctx->seed, "blend"), (uint64_t)user);
        double *z = out->z + (int64_t)out->n * (BLEND_DRAWN + 1) * n_parts;
        for (int32_t c = 0; held >= 0 && c <= BLEND_DRAWN; c++) {
            int32_t item = held;
            for (int32_t t = 0; c > 0 && (item == held || used[item]) && t < 50; t++)
                item = (int32_t)pal_rng_below(&rng, (uint32_t)n_items);
            for (int32_t p = 0; p < n_parts; p++)
                z[c * n_parts + p] = (double)scores[(int64_t)p * n_items + item];
        }
        out->n += held >= 0;
        for (int32_t e = 0; e < query.n_events; e++) used[query.items[e]] = 0;
    }
    return PAL_OK;
}

/* Gradient g and curvature h of the objective at w. */
static void blend_derive(const blend_questions *q, const double *w, double ridge, double *g,
                         double *h) {
    int32_t n = q->n_parts;
    for (int32_t a = 0; a < n; a++) g[a] = -ridge * w[a];
    for (int32_t a = 0; a < n * n; a++) h[a] = a % (n + 1) == 0 ? ridge : 0;
    for (int32_t question = 0; question < q->n; question++) {
        const double *z = q->z + (int64_t)question * (BLEND_DRAWN + 1) * n;
        double weights[BLEND_DRAWN + 1], largest = -INFINITY, sum = 0;
        double mean[PAL_PARTS_OF_MODEL_MAX] = {0};
        for (int32_t c = 0; c <= BLEND_DRAWN; c++) {
            weights[c] = 0;
            for (int32_t a = 0; a < n; a++) weights[c] += w[a] * z[c * n + a];
            largest = fmax(largest, weights[c]);
        }
        for (int32_t c = 0; c <= BLEND_DRAWN; c++) sum += weights[c] = exp(weights[c] - largest);
        for (int32_t c = 0; c <= BLEND_DRAWN; c++) {
            weights[c] /= sum;
            for (int32_t a = 0; a < n; a++) mean[a] += weights[c] * z[c * n + a];
        }
        for (int32_t a = 0; a < n; a++) g[a] += z[a] - mean[a];
        for (int32_t c = 0; c <= BLEND_DRAWN; c++) {
            for (int32_t a = 0; a < n; a++) {
                for (int32_t b = 0; b < n; b++)
                    h[a * n + b] +=
                        weights[c] * (z[c * n + a] - mean[a]) * (z[c * n + b] - mean[b]);
            }
        }
    }
}

/* Solves h d = g for the free ones of n unknowns by elimination; h is positive definite. */
static void blend_solve(double *h, double *g, int32_t n, const bool *is_free) {
    for (int32_t a = 0; a < n; a++) {
        for (int32_t b = 0; b < n; b++) {
            if (!is_free[a] || !is_free[b]) h[a * n + b] = a == b;
        }
        if (!is_free[a]) g[a] = 0;
    }
    for (int32_t a = 0; a < n; a++) {
        for (int32_t b = a + 1; b < n; b++) {
            double factor = h[b * n + a] / h[a * n + a];
            for (int32_t c = a; c < n; c++) h[b * n + c] -= factor * h[a * n + c];
            g[b] -= factor * g[a];
        }
    }
    for (int32_t a = n - 1; a >= 0; a--) {
        for (int32_t b = a + 1; b < n; b++) g[a] -= h[a * n + b] * g[b];
        g[a] /= h[a * n + a];
    }
}

/* Newton steps; a weight that would be negative is held at 0. Without questions all weigh alike. */
static void blend_learn(const blend_questions *q, float *weights) {
    int32_t n = q->n_parts;
    double w[PAL_PARTS_OF_MODEL_MAX], g[PAL_PARTS_OF_MODEL_MAX],
        h[PAL_PARTS_OF_MODEL_MAX * PAL_PARTS_OF_MODEL_MAX];
    bool is_free[PAL_PARTS_OF_MODEL_MAX];
    for (int32_t a = 0; a < n; a++) {
        w[a] = 1.0 / n;
        is_free[a] = true;
    }
    for (int32_t round = 0; q->n > 0 && round < BLEND_ROUNDS; round++) {
        blend_derive(q, w, 1e-3 * q->n, g, h);
        blend_solve(h, g, n, is_free);
        double longest = 0;
        for (int32_t a = 0; a < n; a++) longest = fmax(longest, fabs(g[a]));
        double step = longest > 1 ? 1 / longest : 1;
        for (int32_t a = 0; a < n; a++) {
            w[a] += step * g[a];
            if (w[a] < 0) {
                w[a] = 0;
                is_free[a] = false;
            }
        }
        if (longest < 1e-6) break;
    }
    double sum = 0;
    for (int32_t a = 0; a < n; a++) sum += w[a];
    for (int32_t a = 0; a < n; a++) weights[a] = (float)(sum > 0 ? w[a] / sum : 1.0 / n);
}

/* --- fit --- */

static pal_status blend_train_parts(pal_ctx *ctx, const char *const *specs, int32_t n,
                                    const pal_train_input *input, pal_model **parts) {
    for (int32_t p = 0; p < n; p++) TRY(pal_model_train(ctx, specs[p], input, &parts[p]));
    return PAL_OK;
}

static pal_status blend_weigh(pal_ctx *ctx, const char *const *specs, const pal_train_input *train,
                              pal_arena *scratch, blend_state *s) {
    const pal_log *log = train->log;
    uint8_t *keep = PAL_ARENA_ARRAY(scratch, uint8_t, log->n_events);
    int32_t *users = PAL_ARENA_ARRAY(scratch, int32_t, BLEND_USERS);
    if (!keep || !users) return pal_fail_memory(ctx, "blend", (double)log->n_events);
    int32_t n_users = blend_hold_out(log, keep, users);
    pal_log shorter;
    pal_model *parts[PAL_PARTS_OF_MODEL_MAX] = {0};
    blend_questions questions = {.n_parts = s->n_parts};
    TRY(pal_log_select(ctx, log, keep, NULL, NULL, &log->about, &shorter));
    pal_train_input input = *train;
    input.log = &shorter;
    input.histories = NULL;
    pal_status status = blend_train_parts(ctx, specs, s->n_parts, &input, parts);
    if (status == PAL_OK)
        status = blend_ask(ctx, log, &shorter, keep, users, n_users, parts, s->n_parts, scratch,
                           &questions);
    if (status == PAL_OK) blend_learn(&questions, s->weights);
    for (int32_t p = 0; p < s->n_parts; p++) pal_model_free(parts[p]);
    pal_log_release(&shorter);
    return status;
}

static pal_status blend_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                            pal_arena *arena, pal_arena *scratch, void *state) {
    const blend_params *p = params;
    blend_state *s = state;
    const char *specs[PAL_PARTS_OF_MODEL_MAX];
    TRY(pal_specs_cut(ctx, p->of, arena, specs, &s->n_parts));
    s->n_items = train->log->n_items;
    s->weights = PAL_ARENA_ARRAY(arena, float, s->n_parts);
    if (!s->weights) return pal_fail_memory(ctx, "blend", 1e3);
    TRY(blend_weigh(ctx, specs, train, scratch, s));
    return blend_train_parts(ctx, specs, s->n_parts, train, s->parts);
}

/* --- score --- */

static size_t blend_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)params;
    const blend_state *s = state;
    size_t bytes = (size_t)n_queries * (size_t)s->n_items * sizeof(float);
    bytes = (bytes + 63) / 64 * 64;
    for (int32_t p = 0; p < s->n_parts; p++) bytes += blend_part_bytes(s->parts[p], n_queries);
    return bytes;
}

static void blend_score(const void *params, const void *state, const pal_query *queries,
                        int32_t n_queries, void *scratch, float *scores) {
    (void)params;
    const blend_state *s = state;
    int64_t n = (int64_t)n_queries * s->n_items;
    float *part_scores = scratch;
    char *at = (char *)scratch + ((size_t)n * sizeof(float) + 63) / 64 * 64;
    memset(scores, 0, (size_t)n * sizeof *scores);
    for (int32_t p = 0; p < s->n_parts; p++) {
        const pal_model *part = s->parts[p];
        part->kind->score(part->params, part->state, queries, n_queries, at, part_scores);
        at += blend_part_bytes(part, n_queries);
        for (int32_t q = 0; q < n_queries; q++)
            blend_standardize(part_scores + (int64_t)q * s->n_items, s->n_items);
        for (int64_t i = 0; i < n; i++) scores[i] += s->weights[p] * part_scores[i];
    }
}

static int32_t blend_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                             pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)n_users;
    blend_state *s = state;
    s->n_items = n_items;
    s->n_parts = blend_count(params);
    tensors[0] = (pal_tensor){.name = "weights",
                              .dtype = PAL_F32,
                              .n_dims = 1,
                              .dims = {s->n_parts},
                              .data = (void **)&s->weights};
    return 1;
}

const pal_kind pal_kind_blend = {
    .name = "blend",
    .family = "collaborative",
    .summary = "several kinds at once, their scores added with learned weights",
    .paper =
        "Jahrer, Toescher, Legenstein: Combining predictions for accurate recommender systems, "
        "KDD 2010",
    .traits = PAL_SCORES_NEW_USERS | PAL_IS_STOCHASTIC,
    .params = blend_table,
    .params_size = sizeof(blend_params),
    .state_size = sizeof(blend_state),
    .fit = blend_fit,
    .scratch_bytes = blend_scratch_bytes,
    .score = blend_score,
    .tensors = blend_tensors,
    .parts = blend_parts,
};
