/* blend.c - several kinds at once: their scores brought to one scale and added with learned weights
 * (stacking: Wolpert 1992; blends of recommenders: Jahrer, Toescher, Legenstein 2010).
 *
 * score(u, i) = Σ_p w_p z_p(u, i), z_p the part's scores of the query less their mean over items,
 * divided by their standard deviation. Items without a training event are scored by the parts that
 * can (content), their weights taken for the whole. The weights are learned on what the parts have
 * not seen: a comparison's validation, or else the newest tenth of the events (of each user, where
 * the log has no times), which is held out while the parts are trained, in the lists of up to 500
 * users. First the best part alone, then for each part in turn the factor that gives the best
 * lists, three times round. Then the parts are trained on everything. Cost: each part twice, and 21
 * · parts² additions an item of each of those users. */
#include <math.h>
#include <string.h>

#include "math/topk.h"
#include "models/history.h"
#include "models/rank.h"
#include "models/registry.h"
#include "models/train.h"

typedef struct {
    const char *of, *weights;
} blend_params;

static const pal_param blend_table[] = {
    {.name = "of",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(blend_params, of),
     .value_name = "SPECS",
     .help = "the parts, written blend(ease, popular half_life=7d)"},
    {.name = "weights",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(blend_params, weights),
     .value_name = "NUMBERS",
     .help = "weight of each part, e.g. 0.7,0.3; learned where none are given"},
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
        n += depth == 0 && pal_specs_cut_at(c);
    }
    return n < PAL_PARTS_OF_MODEL_MAX ? n : PAL_PARTS_OF_MODEL_MAX;
}

static pal_model **blend_parts(const void *params, void *state, int32_t *n) {
    blend_state *s = state;
    *n = s->n_parts = blend_count(params);
    return s->parts;
}

extern const pal_kind pal_kind_blend;

/* --- scores on one scale --- */

/* By mean and deviation of the first n_seen scores, so that none of a used item depends on how many
 * new ones there are. */
static void blend_standardize(float *scores, int32_t n_seen, int32_t n) {
    double sum = 0, squares = 0;
    int32_t count = 0;
    for (int32_t i = 0; i < n_seen; i++) {
        if (!isfinite(scores[i])) continue;
        sum += (double)scores[i];
        count++;
    }
    double mean = count ? sum / count : 0;
    for (int32_t i = 0; i < n_seen; i++) {
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

/* The query without items that the part has no rows for. Without memory, which a part of few rows
 * alone asks for: without a history. */
static pal_query blend_query_of_part(const pal_model *part, const pal_query *query,
                                     pal_arena *arena) {
    pal_query known = *query;
    bool has_unknown = false;
    for (int32_t e = 0; e < query->n_events; e++)
        has_unknown |= query->items[e] >= part->log->n_items;
    if (has_unknown && pal_query_drop_unknown(query, part->log->n_items, arena, &known) != PAL_OK)
        known = (pal_query){.now = query->now};
    return known;
}

/* z [n_queries, n_items] of one part; rows that it does not have are left as they are. */
static void blend_score_part(const pal_model *part, int32_t n_items, const pal_query *queries,
                             int32_t n_queries, void *memory, float *z) {
    int32_t n = part->log->n_items;
    if (n == n_items) {
        part->kind->score(part->params, part->state, queries, n_queries, memory, z);
    }
    for (int32_t q = 0; q < n_queries; q++) {
        float *row = z + (int64_t)q * n_items;
        if (n < n_items) {
            pal_arena arena = {0};
            pal_query known = blend_query_of_part(part, &queries[q], &arena);
            part->kind->score(part->params, part->state, &known, 1, memory, row);
            pal_arena_release(&arena);
        }
        blend_standardize(row, part->n_seen_items < n ? part->n_seen_items : n, n);
    }
}

static size_t blend_part_bytes(const pal_model *part, int32_t n_queries) {
    size_t bytes = part->kind->scratch_bytes
                       ? part->kind->scratch_bytes(part->params, part->state, n_queries)
                       : 0;
    return pal_scratch_round(bytes);
}

/* --- the weights --- */

enum { BLEND_USERS = 500, BLEND_LIST = 10, BLEND_ROUNDS = 3, BLEND_FACTORS = 7 };
static const double blend_factors[BLEND_FACTORS] = {0, 0.1, 0.25, 0.5, 1, 2, 4};

typedef struct {
    int32_t n, n_parts, n_items; /* questions */
    int32_t n_seen;              /* items that can be held out */
    float *z;                    /* [n, n_parts, n_items]; -inf: used before */
    int64_t *starts;             /* [n + 1] */
    int32_t *held;               /* items that were held out, not used before */
    const float *weights;        /* [n_parts] that are tried */
    double *ndcg;                /* [n] of each question */
    float *scores;               /* [n_threads, n_items] */
    int32_t *found;              /* [n_threads, n_items] */
    pal_judge_fn *judge;         /* or NULL: the questions */
    void *judge_arg;
    const pal_model *judged; /* the blend itself, whose weights are set before it is asked */
    float *judged_weights;
} blend_questions;

/* keep[e] is 0 for the newest tenth: of all events by time, else of each user's. */
static void blend_hold_out(const pal_log *log, uint8_t *keep) {
    memset(keep, 1, (size_t)log->n_events);
    if (!log->times) {
        for (int32_t u = 0; u < log->n_users; u++) {
            int64_t begin = log->starts[u], end = log->starts[u + 1];
            for (int64_t e = end - (end - begin + 5) / 10; e < end; e++) keep[e] = 0;
        }
        return;
    }
    int64_t low = 0, high = pal_log_end(log), most = log->n_events / 10;
    while (low < high) { /* the earliest second after which at most a tenth comes */
        int64_t middle = low + (high - low) / 2, later = 0;
        for (int64_t e = 0; e < log->n_events; e++) later += log->times[e] > middle;
        if (later <= most) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    for (int64_t e = 0; e < log->n_events; e++) keep[e] = log->times[e] <= low;
}

static int32_t blend_count_held(const pal_log *log, const uint8_t *keep, int32_t user) {
    int32_t n = 0;
    for (int64_t e = log->starts[user]; e < log->starts[user + 1]; e++) n += !keep[e];
    return n;
}

/* Scores of all parts for one question; its held items go behind those before. */
static pal_status blend_ask_user(pal_ctx *ctx, const pal_log *log, const pal_query *query,
                                 const uint8_t *keep, pal_model *const *parts, uint8_t *marks,
                                 blend_questions *out) {
    int32_t user = query->user_plus_1 - 1;
    int64_t at = out->starts[out->n];
    for (int32_t e = 0; e < query->n_events; e++) marks[query->items[e]] = 1;
    for (int64_t e = log->starts[user]; e < log->starts[user + 1]; e++) {
        if (keep[e] || marks[log->items[e]]) continue;
        out->held[at++] = log->items[e];
        marks[log->items[e]] = 2;
    }
    bool is_asked = at > out->starts[out->n];
    for (int32_t p = 0; is_asked && p < out->n_parts; p++) {
        float *z = out->z + ((int64_t)out->n * out->n_parts + p) * out->n_items;
        pal_arena scratch = {0};
        void *memory = pal_arena_alloc(&scratch, (int64_t)blend_part_bytes(parts[p], 1), 1);
        if (!memory) return pal_fail_memory(ctx, "blend", 1e6);
        blend_score_part(parts[p], out->n_items, query, 1, memory, z);
        pal_arena_release(&scratch);
        for (int32_t i = out->n_seen; i < out->n_items; i++) z[i] = -INFINITY;
        for (int32_t e = 0; e < query->n_events; e++) z[query->items[e]] = -INFINITY;
    }
    for (int32_t e = 0; e < query->n_events; e++) marks[query->items[e]] = 0;
    for (int64_t h = out->starts[out->n]; h < at; h++) marks[out->held[h]] = 0;
    if (is_asked) out->starts[++out->n] = at;
    return PAL_OK;
}

static bool blend_is_held(const blend_questions *q, int64_t question, int32_t item) {
    for (int64_t h = q->starts[question]; h < q->starts[question + 1]; h++) {
        if (q->held[h] == item) return true;
    }
    return false;
}

static void blend_try_question(void *arg, int64_t question, int32_t worker) {
    const blend_questions *q = arg;
    float *scores = q->scores + (int64_t)worker * q->n_items, top_scores[BLEND_LIST];
    int32_t *found = q->found + (int64_t)worker * q->n_items, items[BLEND_LIST];
    const float *z = q->z + question * q->n_parts * q->n_items;
    memset(scores, 0, (size_t)q->n_items * sizeof *scores);
    for (int32_t p = 0; p < q->n_parts; p++) {
        const float *of_part = z + (int64_t)p * q->n_items;
        for (int32_t i = 0; i < q->n_items; i++)
            scores[i] += of_part[i] > -INFINITY ? q->weights[p] * of_part[i] : -INFINITY;
    }
    pal_topk top;
    pal_topk_start(&top, BLEND_LIST, items, top_scores);
    pal_topk_offer(&top, pal_kernels_best(), scores, q->n_items, 0, found);
    int32_t n = pal_topk_finish(&top);
    double gain = 0, ideal = 0;
    int64_t n_held = q->starts[question + 1] - q->starts[question];
    for (int32_t i = 0; i < BLEND_LIST; i++) {
        if (i < n && blend_is_held(q, question, items[i])) gain += 1 / log2(i + 2);
        if (i < n_held) ideal += 1 / log2(i + 2);
    }
    q->ndcg[question] = gain / ideal;
}

/* How good the lists are with these weights: by the held-out events, or by who judges. */
static double blend_try(pal_ctx *ctx, blend_questions *q, const float *weights) {
    double sum = 0;
    if (q->judge) {
        memcpy(q->judged_weights, weights, (size_t)q->n_parts * sizeof *weights);
        sum = q->judge(q->judge_arg, q->judged);
        return isnan(sum) ? -1 : sum;
    }
    q->weights = weights;
    pal_parallel(ctx->pool, q->n, blend_try_question, q);
    for (int32_t i = 0; i < q->n; i++) sum += q->ndcg[i];
    return sum;
}

/* The best part alone, then the best factor for each in turn; without questions all weigh alike. */
static void blend_learn(pal_ctx *ctx, blend_questions *q, float *weights) {
    int32_t n = q->n_parts, first = 0;
    double best = -1;
    for (int32_t p = 0; p < n; p++) weights[p] = 0;
    bool can_ask = q->n > 0 || q->judge;
    for (int32_t p = 0; can_ask && p < n; p++) {
        weights[p] = 1;
        double found = blend_try(ctx, q, weights);
        weights[p] = 0;
        if (found <= best) continue;
        best = found;
        first = p;
    }
    weights[first] = 1;
    for (int32_t round = 0; can_ask && round < BLEND_ROUNDS; round++) {
        for (int32_t p = 0; p < n; p++) {
            float kept = weights[p], base = kept > 0 ? kept : 1;
            for (int32_t f = 0; f < BLEND_FACTORS; f++) {
                weights[p] = base * (float)blend_factors[f];
                double found = blend_try(ctx, q, weights);
                if (found <= best) continue;
                best = found;
                kept = weights[p];
            }
            weights[p] = kept;
        }
    }
    float sum = 0;
    for (int32_t p = 0; p < n; p++) sum += weights[p];
    for (int32_t p = 0; p < n; p++)
        weights[p] = can_ask && sum > 0 ? weights[p] / sum : 1 / (float)n;
}

/* --- fit --- */

static pal_status blend_train_parts(pal_ctx *ctx, const char *const *specs, int32_t n,
                                    const pal_train_input *input, pal_model **parts) {
    for (int32_t p = 0; p < n; p++) TRY(pal_model_train(ctx, specs[p], input, &parts[p]));
    return PAL_OK;
}

/* Users with a held-out event and a history before, at most as many as memory allows. */
static pal_status blend_ask(pal_ctx *ctx, const pal_log *log, const pal_log *shorter,
                            const uint8_t *keep, pal_model *const *parts, pal_arena *scratch,
                            blend_questions *out) {
    int32_t n_able = 0, threads = pal_pool_threads(ctx->pool);
    for (int32_t u = 0; u < log->n_users; u++)
        n_able += blend_count_held(log, keep, u) > 0 && shorter->starts[u + 1] > shorter->starts[u];
    double fits = (double)ctx->memory_limit / 4 / (4.0 * out->n_parts * out->n_items);
    int32_t n = n_able < BLEND_USERS ? n_able : BLEND_USERS;
    if (n > fits) n = (int32_t)fits;
    out->z = PAL_ARENA_ARRAY(scratch, float, (int64_t)n * out->n_parts * out->n_items);
    out->starts = PAL_ARENA_ARRAY(scratch, int64_t, (int64_t)n + 1);
    out->held = PAL_ARENA_ARRAY(scratch, int32_t, log->n_events);
    out->ndcg = PAL_ARENA_ARRAY(scratch, double, n);
    out->scores = PAL_ARENA_ARRAY(scratch, float, (int64_t)threads * out->n_items);
    out->found = PAL_ARENA_ARRAY(scratch, int32_t, (int64_t)threads * out->n_items);
    uint8_t *marks = PAL_ARENA_ARRAY(scratch, uint8_t, out->n_items);
    if (!out->z || !out->starts || !out->held || !out->ndcg || !out->scores || !out->found ||
        !marks)
        return pal_fail_memory(ctx, "blend", 4.0 * n * out->n_parts * out->n_items);
    int64_t now = pal_log_end(shorter);
    for (int32_t u = 0, able = 0; u < log->n_users; u++) {
        if (blend_count_held(log, keep, u) == 0 || shorter->starts[u + 1] == shorter->starts[u])
            continue;
        bool is_chosen = (int64_t)able * n / n_able != (int64_t)(able + 1) * n / n_able;
        able++;
        if (!is_chosen) continue;
        pal_query query = pal_query_of_log(shorter, u, now);
        TRY(blend_ask_user(ctx, log, &query, keep, parts, marks, out));
    }
    return PAL_OK;
}

static pal_status blend_weigh(pal_ctx *ctx, const char *const *specs, const pal_train_input *train,
                              pal_arena *scratch, blend_state *s) {
    const pal_log *log = train->log;
    uint8_t *keep = PAL_ARENA_ARRAY(scratch, uint8_t, log->n_events);
    if (!keep) return pal_fail_memory(ctx, "blend", (double)log->n_events);
    blend_hold_out(log, keep);
    pal_log shorter;
    pal_model *parts[PAL_PARTS_OF_MODEL_MAX] = {0};
    blend_questions questions = {
        .n_parts = s->n_parts, .n_items = s->n_items, .n_seen = train->n_seen_items};
    TRY(pal_log_select(ctx, log, keep, NULL, NULL, &log->about, &shorter));
    pal_train_input input = *train;
    input.log = &shorter;
    input.histories = NULL;
    pal_status status = PAL_OK;
    /* A log of one second has nothing before its newest tenth. */
    if (shorter.n_events > 0) {
        status = blend_train_parts(ctx, specs, s->n_parts, &input, parts);
        if (status == PAL_OK)
            status = blend_ask(ctx, log, &shorter, keep, parts, scratch, &questions);
    }
    if (status == PAL_OK) blend_learn(ctx, &questions, s->weights);
    for (int32_t p = 0; p < s->n_parts; p++) pal_model_free(parts[p]);
    pal_log_release(&shorter);
    return status;
}

/* By the judge of a comparison: on the parts that were just trained. */
static pal_status blend_be_judged(pal_ctx *ctx, const void *params, const pal_train_input *train,
                                  blend_state *s) {
    pal_model model = {.kind = &pal_kind_blend,
                       .params = (void *)(uintptr_t)params,
                       .state = s,
                       .log = train->histories ? train->histories : train->log,
                       .n_seen_items = train->n_seen_items};
    float learned[PAL_PARTS_OF_MODEL_MAX] = {0};
    TRY(pal_model_count_users(ctx, &model));
    blend_questions questions = {.n_parts = s->n_parts,
                                 .judge = train->judge,
                                 .judge_arg = train->judge_arg,
                                 .judged = &model,
                                 .judged_weights = s->weights};
    blend_learn(ctx, &questions, learned);
    memcpy(s->weights, learned, (size_t)s->n_parts * sizeof *learned);
    pal_arena_release(&model.arena);
    return pal_check_cancelled(ctx);
}

/* Weights that were given: as many numbers as parts, finite, none negative, not all 0. Kept as
 * shares of their sum, as those that are learned: what a float cannot hold would rank nothing. */
static pal_status blend_read_weights(pal_ctx *ctx, const blend_params *p, blend_state *s) {
    double weights[PAL_PARTS_OF_MODEL_MAX], largest = 0, sum = 0;
    int32_t n = 0;
    bool is_good = true, is_last = false;
    for (const char *c = p->weights; is_good && !is_last; n++) {
        size_t length = strcspn(c, ",");
        is_good = n < s->n_parts && pal_parse_double(c, c + length, &weights[n]) &&
                  isfinite(weights[n]) && weights[n] >= 0;
        if (is_good && weights[n] > largest) largest = weights[n];
        is_last = !c[length];
        c += length + !is_last;
    }
    for (int32_t i = 0; is_good && i < n; i++) sum += weights[i] / largest;
    for (int32_t i = 0; is_good && i < n; i++) s->weights[i] = (float)(weights[i] / largest / sum);
    if (is_good && n == s->n_parts && largest > 0) return PAL_OK;
    return pal_fail(
        ctx, PAL_EUSAGE,
        "blend: weights must be %d finite numbers of 0 and more, not all 0, separated by "
        "commas: not '%s'",
        s->n_parts, p->weights);
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
    if (p->weights) {
        TRY(blend_read_weights(ctx, p, s));
    } else if (!train->judge) {
        TRY(blend_weigh(ctx, specs, train, scratch, s));
    }
    TRY(blend_train_parts(ctx, specs, s->n_parts, train, s->parts));
    return !p->weights && train->judge ? blend_be_judged(ctx, params, train, s) : PAL_OK;
}

/* --- score --- */

static size_t blend_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)params;
    const blend_state *s = state;
    size_t bytes = (size_t)n_queries * (size_t)s->n_items * sizeof(float);
    bytes = pal_scratch_round(bytes);
    for (int32_t p = 0; p < s->n_parts; p++) bytes += blend_part_bytes(s->parts[p], n_queries);
    return bytes;
}

/* What each part counts where only some can tell: as if these were the whole, alike where their
 * weights are all 0. False where none can. */
static bool blend_share(const blend_state *s, const bool *can,
                        float weights[PAL_PARTS_OF_MODEL_MAX]) {
    float sum = 0;
    int32_t n = 0;
    for (int32_t p = 0; p < s->n_parts; p++) {
        weights[p] = can[p] ? s->weights[p] : 0;
        sum += weights[p];
        n += can[p];
    }
    for (int32_t p = 0; p < s->n_parts; p++) {
        if (sum > 0) {
            weights[p] /= sum;
        } else if (can[p]) {
            weights[p] = 1 / (float)n;
        }
    }
    return n > 0;
}

typedef struct { /* what each part counts for a query, on used items and on new ones */
    float used[PAL_PARTS_OF_MODEL_MAX], on_new[PAL_PARTS_OF_MODEL_MAX];
    bool scores_new;
} blend_shares;

/* Of somebody without a history the parts tell that know something of him, by his words or his
 * profile. */
static blend_shares blend_weigh_query(const blend_state *s, const pal_query *query) {
    blend_shares shares;
    bool tells[PAL_PARTS_OF_MODEL_MAX], is_told = false;
    for (int32_t p = 0; p < s->n_parts; p++) {
        tells[p] = query->n_events == 0 && pal_model_answers(s->parts[p], query);
        is_told |= tells[p];
    }
    for (int32_t p = 0; p < s->n_parts; p++) tells[p] |= !is_told;
    if (is_told) {
        blend_share(s, tells, shares.used);
    } else {
        memcpy(shares.used, s->weights, (size_t)s->n_parts * sizeof *s->weights);
    }
    for (int32_t p = 0; p < s->n_parts; p++) tells[p] &= pal_model_scores_new_items(s->parts[p]);
    shares.scores_new = blend_share(s, tells, shares.on_new);
    return shares;
}

static void blend_score(const void *params, const void *state, const pal_query *queries,
                        int32_t n_queries, void *scratch, float *scores) {
    (void)params;
    const blend_state *s = state;
    int64_t n = (int64_t)n_queries * s->n_items;
    float *part_scores = scratch;
    char *at = (char *)scratch + pal_scratch_round((size_t)n * sizeof(float));
    int32_t n_seen = s->parts[0]->n_seen_items;
    memset(scores, 0, (size_t)n * sizeof *scores);
    for (int32_t p = 0; p < s->n_parts; p++) {
        const pal_model *part = s->parts[p];
        blend_score_part(part, s->n_items, queries, n_queries, at, part_scores);
        at += blend_part_bytes(part, n_queries);
        for (int32_t q = 0; q < n_queries; q++) {
            const float *z = part_scores + (int64_t)q * s->n_items;
            float *row = scores + (int64_t)q * s->n_items;
            const blend_shares shares = blend_weigh_query(s, &queries[q]);
            for (int32_t i = 0; i < n_seen; i++) row[i] += shares.used[p] * z[i];
            if (shares.on_new[p] <= 0) continue;
            for (int32_t i = n_seen; i < s->n_items; i++) row[i] += shares.on_new[p] * z[i];
        }
    }
    for (int32_t q = 0; q < n_queries && n_seen < s->n_items; q++) {
        if (blend_weigh_query(s, &queries[q]).scores_new) continue;
        for (int32_t i = n_seen; i < s->n_items; i++)
            scores[(int64_t)q * s->n_items + i] = -INFINITY;
    }
}

static int32_t blend_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                             pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)n_users;
    blend_state *s = state;
    s->n_items = n_items;
    s->n_parts = blend_count(params);
    tensors[0] = pal_floats("weights", &s->weights, s->n_parts);
    return 1;
}

const pal_kind pal_kind_blend = {
    .name = "blend",
    .family = "collaborative",
    .summary = "several kinds at once, their scores added with learned weights",
    .paper =
        "Jahrer, Toescher, Legenstein: Combining predictions for accurate recommender systems, "
        "KDD 2010",
    .traits = PAL_SCORES_NEW_USERS | PAL_FITS_MEMORY | PAL_SCORES_NEW_ITEMS,
    .params = blend_table,
    .params_size = sizeof(blend_params),
    .state_size = sizeof(blend_state),
    .fit = blend_fit,
    .scratch_bytes = blend_scratch_bytes,
    .score = blend_score,
    .tensors = blend_tensors,
    .parts = blend_parts,
};
