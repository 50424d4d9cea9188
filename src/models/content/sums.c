/* sums.c - trained sums: files, scores, strangers, explanations. */
#include "models/content/sums.h"

#include <math.h>
#include <string.h>

#include "models/explain.h"
#include "models/history.h"
#include "models/pairwise.h"
#include "models/panels.h"
#include "nn/loops.h"

bool pal_sums_predicts_values(const pal_sums_state *s) {
    return s->facts[PAL_SUMS_PREDICTS_VALUES] > 0;
}

/* --- files --- */

int32_t pal_sums_tensors(const pal_sums_form *form, const pal_sums_options *o, pal_sums_state *s,
                         int32_t n_users, int32_t n_items, pal_tensor tensors[PAL_TENSORS_MAX]) {
    s->n_users = n_users;
    s->n_items = n_items;
    int64_t k = o->factors;
    pal_tensor code[PAL_TENSORS_MAX];
    int32_t n_code = pal_profile_code_tensors(&s->code, &s->profiles, k + 1, code);
    const pal_tensor all[] = {
        pal_float_rows("users", &s->users, n_users, k, PAL_ROLE_USERS, NULL),
        pal_floats("user_constants", &s->user_constants, n_users),
        pal_float_rows("items", &s->items, n_items, k, PAL_ROLE_ITEMS, NULL),
        pal_floats("item_constants", &s->item_constants, n_items),
        pal_floats("stranger", &s->stranger, k + 2),
        {"facts", PAL_F64, 1, {PAL_SUMS_FACTS}, (void **)&s->facts, PAL_ROLE_DATA, 0, NULL},
        {"feature_range", PAL_I64, 1, {2}, (void **)&s->feature_range, PAL_ROLE_STARTS, 0, NULL},
        pal_float_rows("features", &s->features, -1, k + 1, PAL_ROLE_DATA, NULL),
        {"name_starts", PAL_I64, 1, {-2}, (void **)&s->name_starts, PAL_ROLE_STARTS, 0, NULL},
        {"name_bytes", PAL_U8, 1, {-1}, (void **)&s->name_bytes, PAL_ROLE_DATA, 0, NULL},
        {"item_starts",
         PAL_I64,
         1,
         {n_items + INT64_C(1)},
         (void **)&s->item_starts,
         PAL_ROLE_STARTS,
         0,
         NULL},
        {"item_features",
         PAL_I32,
         1,
         {-1},
         (void **)&s->item_features,
         PAL_ROLE_INDEX,
         INT32_MAX,
         NULL},
        pal_floats("item_weights", &s->item_weights, -1),
        pal_float_rows("history", &s->history, n_items, k + 1, PAL_ROLE_DATA, NULL),
    };
    int32_t n = (int32_t)(sizeof all / sizeof *all) - !form->has_history;
    memcpy(tensors, all, sizeof all);
    memcpy(tensors + n, code, (size_t)n_code * sizeof *code);
    return n + n_code;
}

/* A file may be damaged on purpose: what its arrays say of each other must hold. */
static bool sums_fits(const pal_sums_state *s) {
    int64_t n = s->feature_range[1], n_entries = s->item_starts[s->n_items];
    for (int64_t f = 0; f < n; f++) {
        int64_t begin = s->name_starts[f], end = s->name_starts[f + 1];
        if (begin == end || s->name_bytes[end - 1] != 0) return false;
    }
    for (int64_t e = 0; e < n_entries; e++) {
        if (s->item_features[e] >= n) return false;
    }
    double n_seen = s->facts[PAL_SUMS_N_SEEN];
    return n <= INT32_MAX && n_seen >= 1 && n_seen <= s->n_items;
}

pal_status pal_sums_prepare(pal_ctx *ctx, const pal_sums_form *form, const pal_sums_options *o,
                            pal_arena *arena, pal_sums_state *s) {
    int64_t n = s->feature_range[1];
    TRY(pal_profile_code_prepare(ctx, form->name, arena, &s->code));
    if (!s->names) {
        if (!sums_fits(s))
            return pal_fail(ctx, PAL_EFORMAT,
                            "%s: the model's features do not fit each other: train it again",
                            form->name);
        s->names = PAL_ARENA_ARRAY(arena, const char *, n);
        if (!s->names) return pal_fail_memory(ctx, form->name, 8.0 * (double)n);
        for (int64_t f = 0; f < n; f++)
            s->names[f] = (const char *)s->name_bytes + s->name_starts[f];
    }
    return pal_panels_pack(ctx, form->name, s->items, s->n_items, (int32_t)o->factors, arena,
                           &s->panels, &s->packed);
}

/* --- people --- */

typedef struct {
    float *walk;      /* [3, k] a stranger's row, the sum with it, the mean of the walk */
    float *person;    /* [k + 1] the one at work */
    float *vectors;   /* [n_queries, k] */
    float *constants; /* [n_queries] */
} sums_scratch;

static size_t sums_carve(const pal_sums_options *o, const pal_sums_state *s, int32_t n_queries,
                         void *scratch, sums_scratch *out) {
    size_t k = (size_t)o->factors, n = (size_t)n_queries, sizes[] = {3 * k, k + 1, n * k, n};
    void *parts[4];
    size_t at = pal_scratch_cut(scratch, pal_history_bytes(s->n_items), sizes, 4, parts);
    if (out) *out = (sums_scratch){parts[0], parts[1], parts[2], parts[3]};
    return at;
}

size_t pal_sums_scratch_bytes(const pal_sums_options *o, const pal_sums_state *s,
                              int32_t n_queries) {
    return sums_carve(o, s, n_queries, NULL, NULL);
}

enum { SUMS_PASSES = 50 };
static const float sums_rate = 0.05f, sums_l2 = 0.01f;

static float sums_item_score(const pal_sums_state *s, int32_t item, const float *person,
                             int32_t k) {
    return s->item_constants[item] + pal_loops_best()->dot(person, s->items + (int64_t)item * k, k);
}

/* One step of the row `own` of a stranger whose sum is `base` + own, with the items as they are;
 * `item` is used, `other` drawn. */
static void sums_fold_step(const pal_sums_options *o, const pal_sums_state *s, int32_t item,
                           int32_t other, const float *base, float *own, float *sum) {
    const pal_loops *loops = pal_loops_best();
    int32_t k = (int32_t)o->factors;
    memcpy(sum, base, (size_t)k * sizeof *sum);
    loops->add_scaled(sum, own, 1, k);
    float x = sums_item_score(s, item, sum, k) - sums_item_score(s, other, sum, k), pull;
    if (o->loss == PAL_SUMS_WARP) {
        pull = x < 1;
    } else {
        pal_pair_logistic(x, &pull);
    }
    for (int32_t f = 0; f < k; f++) own[f] *= 1 - sums_rate * sums_l2;
    loops->add_scaled(own, s->items + (int64_t)item * k, sums_rate * pull, k);
    loops->add_scaled(own, s->items + (int64_t)other * k, -sums_rate * pull, k);
}

/* Adds to a stranger's sum a row of his own: the mean of the later half of a walk of such steps,
 * which lies nearer to the minimum than where the walk ends. walk [3, k]. */
static void sums_fold_in(const pal_sums_options *o, const pal_sums_state *s, const int32_t *history,
                         int32_t n, float *walk, float *person) {
    const pal_loops *loops = pal_loops_best();
    int32_t k = (int32_t)o->factors, n_seen = (int32_t)s->facts[PAL_SUMS_N_SEEN], n_added = 0;
    float *own = walk, *sum = walk + k, *total = walk + 2 * k;
    if (n == 0 || n >= n_seen) return;
    memset(walk, 0, 3 * (size_t)k * sizeof *walk);
    pal_rng rng = pal_history_stream(history, n);
    for (int32_t pass = 0; pass < SUMS_PASSES; pass++) {
        for (int32_t h = 0; h < n; h++) {
            int32_t other = (int32_t)pal_rng_below(&rng, (uint32_t)n_seen);
            if (pal_row_find(history, 0, n, other) >= 0) continue;
            sums_fold_step(o, s, history[h], other, person, own, sum);
            if (pass < SUMS_PASSES / 2) continue;
            loops->add_scaled(total, own, 1, k);
            n_added++;
        }
    }
    if (n_added) loops->add_scaled(person, total, 1 / (float)n_added, k);
}

typedef struct { /* a sum of rows of a profile */
    const pal_sums_state *s;
    int32_t k;
    float *sum; /* [k + 1] */
    float squares;
} sums_profile;

static void sums_add_cell(void *arg, int32_t field, int32_t feature, float weight) {
    (void)field;
    sums_profile *p = arg;
    const float *row = p->s->profiles + (int64_t)feature * (p->k + 1);
    pal_loops_best()->add_scaled(p->sum, row, weight, p->k + 1);
    p->squares += weight * weight * pal_loops_best()->dot(row, row, p->k);
}

bool pal_sums_answers(const pal_sums_state *s, const pal_query *query) {
    return pal_profile_answers(&s->code, query);
}

/* A stranger by his profile, as far as one is told: person [k + 1]; returns Σ w² |x|². */
static float sums_stranger(const pal_sums_state *s, const pal_query *query, int32_t k,
                           float *person) {
    if (query->n_profile == 0 || s->code.n_fields == 0) {
        memcpy(person, s->stranger, ((size_t)k + 1) * sizeof *person);
        return s->stranger[k + 1];
    }
    memset(person, 0, ((size_t)k + 1) * sizeof *person);
    sums_profile profile = {.s = s, .k = k, .sum = person};
    pal_profile_each(&s->code, query, sums_add_cell, &profile);
    return profile.squares;
}

/* What stands for the query: person [k + 1], whose last number is not kept; returns what is the
 * same for all items. */
static float sums_person(const pal_sums_form *form, const pal_sums_options *o,
                         const pal_sums_state *s, const pal_query *query, void *scratch,
                         float *walk, float *person) {
    const pal_loops *loops = pal_loops_best();
    int32_t k = (int32_t)o->factors;
    float mean = (float)s->facts[PAL_SUMS_MEAN];
    if (query->user_plus_1) {
        int32_t user = query->user_plus_1 - 1;
        memcpy(person, s->users + (int64_t)user * k, (size_t)k * sizeof *person);
        return pal_sums_predicts_values(s) ? mean + s->user_constants[user] : 0;
    }
    const int32_t *history;
    int32_t n = pal_history_distinct(query, s->n_items, scratch, &history);
    float squares = sums_stranger(s, query, k, person),
          share = n ? (float)(1 / sqrt((double)n)) : 0;
    if (!form->has_history) sums_fold_in(o, s, history, n, walk, person);
    for (int32_t h = 0; form->has_history && h < n; h++) {
        const float *row = s->history + (int64_t)history[h] * (k + 1);
        loops->add_scaled(person, row, share, k + 1);
        squares += share * share * loops->dot(row, row, k);
    }
    if (!pal_sums_predicts_values(s)) return 0;
    return mean + person[k] + (form->has_products ? pal_sums_within(person, squares, k) : 0);
}

void pal_sums_score(const pal_sums_form *form, const pal_sums_options *o, const pal_sums_state *s,
                    const pal_query *queries, int32_t n_queries, void *scratch, float *scores) {
    sums_scratch c;
    size_t k = (size_t)o->factors;
    sums_carve(o, s, n_queries, scratch, &c);
    for (int32_t q = 0; q < n_queries; q++) {
        c.constants[q] = sums_person(form, o, s, &queries[q], scratch, c.walk, c.person);
        memcpy(c.vectors + (size_t)q * k, c.person, k * sizeof *c.vectors);
    }
    pal_panels_score(&s->packed, c.vectors, n_queries, s->item_constants, scores);
    for (int32_t q = 0; pal_sums_predicts_values(s) && q < n_queries; q++) {
        for (int32_t i = 0; i < s->n_items; i++)
            scores[(int64_t)q * s->n_items + i] += c.constants[q];
    }
}

/* --- explanations --- */

static double sums_dot(const float *a, const float *b, int32_t k) {
    double sum = 0;
    for (int32_t f = 0; f < k; f++) sum += (double)a[f] * (double)b[f];
    return sum;
}

static int32_t sums_add_reason(int32_t item, const char *what, double amount, pal_reason *reasons,
                               int32_t n) {
    if (!(amount > 0 || amount < 0)) return n;
    reasons[n] = (pal_reason){.item = item, .what = what, .amount = amount};
    return n + 1;
}

typedef struct { /* reasons of a profile's cells */
    const pal_sums_state *s;
    const float *thing; /* [k] */
    int32_t k, n;
    double sum, others;
    pal_reason *reasons;
} sums_cells;

static void sums_explain_cell(void *arg, int32_t field, int32_t feature, float weight) {
    enum { NAMED = PAL_REASONS_MORE - 6 };
    sums_cells *c = arg;
    if (feature + 1 == c->s->code.field_starts[field + 1]) return; /* not told */
    double amount =
        (double)weight * sums_dot(c->s->profiles + (int64_t)feature * (c->k + 1), c->thing, c->k);
    pal_reason reason = {
        .item = -1, .what = pal_profile_name(&c->s->code, feature), .amount = amount};
    c->sum += amount;
    c->n = pal_reasons_add(c->reasons, c->n, NAMED, reason, &c->others);
}

/* The cells of a stranger's profile; returns how many reasons, *sum is what they add up to. */
static int32_t sums_explain_profile(const pal_sums_state *s, const pal_query *query,
                                    const float *thing, int32_t k, pal_reason *reasons,
                                    double *sum) {
    sums_cells cells = {.s = s, .thing = thing, .k = k, .reasons = reasons};
    *sum = 0;
    if (query->user_plus_1 || query->n_profile == 0) return 0;
    pal_profile_each(&s->code, query, sums_explain_cell, &cells);
    *sum = cells.sum;
    return sums_add_reason(-1, "what else the profile says", cells.others, reasons, cells.n);
}

/* P·T by the rows that P is a sum of. */
static int32_t sums_explain_history(const pal_sums_state *s, const pal_query *query, int32_t item,
                                    const float *person, int32_t k, void *scratch,
                                    pal_reason *reasons) {
    const float *thing = s->items + (int64_t)item * k;
    const int32_t *history;
    double left = sums_dot(person, thing, k), told;
    int32_t n = pal_history_distinct(query, s->n_items, scratch, &history),
            n_reasons = sums_explain_profile(s, query, thing, k, reasons, &told);
    left -= told;
    for (int32_t h = 0; h < n; h++) {
        double amount =
            sums_dot(s->history + (int64_t)history[h] * (k + 1), thing, k) / sqrt((double)n);
        left -= amount;
        n_reasons = sums_add_reason(history[h], NULL, amount, reasons, n_reasons);
    }
    n_reasons = sums_add_reason(-1, "what is known of the person besides the history", left,
                                reasons, n_reasons);
    return sums_add_reason(-1, "what everybody makes of it and of its features",
                           (double)s->item_constants[item], reasons, n_reasons);
}

/* P·T and linear weights by the rows that T is a sum of: the strongest features by name. */
static int32_t sums_explain_features(const pal_sums_state *s, int32_t item, const float *person,
                                     int32_t k, pal_reason *reasons) {
    enum { NAMED = PAL_REASONS_MORE - 4 };
    int32_t n = 0;
    double own =
               sums_dot(person, s->items + (int64_t)item * k, k) + (double)s->item_constants[item],
           others = 0;
    for (int64_t e = s->item_starts[item]; e < s->item_starts[item + 1]; e++) {
        int32_t feature = s->item_features[e];
        const float *row = s->features + (int64_t)feature * (k + 1);
        double amount = (double)s->item_weights[e] * (sums_dot(person, row, k) + (double)row[k]);
        own -= amount;
        pal_reason reason = {.item = -1, .what = s->names[feature], .amount = amount};
        n = pal_reasons_add(reasons, n, NAMED, reason, &others);
    }
    n = sums_add_reason(-1, "its other features", others, reasons, n);
    return sums_add_reason(-1, "the item itself, beyond its features", own, reasons, n);
}

int32_t pal_sums_explain(const pal_sums_form *form, const pal_sums_options *o,
                         const pal_sums_state *s, const pal_query *query, int32_t item,
                         void *scratch, pal_reason *reasons) {
    sums_scratch c;
    int32_t k = (int32_t)o->factors, n;
    sums_carve(o, s, 1, scratch, &c);
    double constant = (double)sums_person(form, o, s, query, scratch, c.walk, c.person);
    n = form->has_history ? sums_explain_history(s, query, item, c.person, k, scratch, reasons)
                          : sums_explain_features(s, item, c.person, k, reasons);
    if (!pal_sums_predicts_values(s)) return n;
    double mean = s->facts[PAL_SUMS_MEAN];
    n = sums_add_reason(-1, "the mean of all values", mean, reasons, n);
    return sums_add_reason(-1, "how high the person values in general", constant - mean, reasons,
                           n);
}

void pal_sums_estimate(const pal_sums_form *form, const pal_sums_options *o, const pal_log *log,
                       int32_t n_threads, pal_estimate *out) {
    enum { FEATURES = 8 }; /* of an item: a guess, catalogs are not seen here */
    double width = (double)o->factors + 1, n_pairs = (double)log->n_events,
           epochs = o->patience > 0 ? (double)o->epochs / 3 : (double)o->epochs,
           mean = n_pairs / log->n_users, group = fmin((double)o->group, fmax(mean / 2, 1)),
           history = form->has_history ? fmin((double)o->history, mean) : 0,
           rows = 2 * FEATURES + (FEATURES + history) / group,
           things = 2 * (double)o->batch * (double)o->group,
           entries = form->has_history ? (double)o->batch * (double)o->history : 0;
    out->seconds = epochs * n_pairs * rows * width * 1.5e-9 / n_threads;
    /* A table's values, moments and last good epoch; then sums and, of items, these packed. */
    out->bytes = 32 * n_pairs + 4 * width * (5.0 * log->n_users + 6.0 * log->n_items) +
                 4 * width * (form->has_history ? 4.0 * log->n_items : 0) +
                 things * (8 * width + 20 * (FEATURES + 1)) + 20 * entries +
                 4 * width * (fmin(things, log->n_items) + fmin(entries, log->n_items));
}
