/* keyword.c - items whose texts speak of what the texts of the person's items speak of.
 *
 * x_i: the words of item i by TF-IDF or BM25 (represent/keywords.h), brought to length 1; w_h: what
 * the events on item h weigh (represent/history.h).
 *   profile  score(u, i) = (p / |p|) · x_i + prior q_i,   p = Σ_h w_h x_h
 *   nearest  score(u, i) = Σ of the k largest w_h x_h · x_i, none below 0, + prior q_i
 * with q_i = ln(1 + n_i) / ln(1 + max n), n_i people who use i. (Rocchio 1971; Pazzani, Billsus
 * 2007.) Items that nobody has used yet are scored by their texts alone. Cost: one pass over the
 * texts; for a list the entries of the profile's words (profile) or of those of each item of the
 * history (nearest). Memory: 16 bytes a word of an item. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/history.h"
#include "models/rows.h"
#include "models/texts.h"
#include "represent/history.h"
#include "represent/languages.h"

typedef enum { KEYWORD_PROFILE, KEYWORD_NEAREST } keyword_scoring;
static const char *const keyword_scorings[] = {"profile", "nearest", NULL};

typedef struct {
    const char *columns;
    int32_t form, language, scoring;
    int64_t k, min_df, words;
    double max_df, k1, b, prior, half_life, ratings;
    bool sublinear;
} keyword_params;

#define FIELD(name) offsetof(keyword_params, name)
static const pal_param keyword_table[] = {
    {.name = "columns",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(columns),
     .value_name = "NAMES",
     .help = "columns of items whose words count, e.g. title,about; else the title and all texts"},
    {.name = "form",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(form),
     .choices = pal_keyword_forms,
     .help = "how words are weighed"},
    {.name = "scoring",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(scoring),
     .choices = keyword_scorings,
     .help = "by the sum of all items used, or by those of them that are most similar"},
    {.name = "k",
     .type = PAL_PARAM_INT,
     .offset = FIELD(k),
     .initial = "3",
     .min = 1,
     .max = 50,
     .scale = PAL_LOG,
     .help = "items used that count with scoring=nearest"},
    {.name = "prior",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(prior),
     .initial = "0.1",
     .min = 0,
     .max = 100,
     .scale = PAL_LOG,
     .help = "what the most popular item has ahead; a text like the person's own counts 1"},
    {.name = "half_life",
     .type = PAL_PARAM_SECONDS,
     .offset = FIELD(half_life),
     .initial = "0",
     .min = 0,
     .max = 3.2e9,
     .scale = PAL_LOG,
     .help = "an event counts half after this time; 0 counts all alike"},
    {.name = "ratings",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(ratings),
     .initial = "0",
     .min = 0,
     .max = 4,
     .help = "how much values count: 0 not, 1 the lowest nothing, more: against their like"},
    {.name = "min_df",
     .type = PAL_PARAM_INT,
     .offset = FIELD(min_df),
     .initial = "2",
     .min = 1,
     .max = 1000000,
     .scale = PAL_LOG,
     .help = "items that must have a word"},
    {.name = "max_df",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(max_df),
     .initial = "0.5",
     .min = 0,
     .max = 1,
     .help = "share of the items that may have a word; 0: any"},
    {.name = "words",
     .type = PAL_PARAM_INT,
     .offset = FIELD(words),
     .initial = "0",
     .min = 0,
     .max = 100000000,
     .help = "words at most, those that stand most often; 0: all"},
    {.name = "sublinear",
     .type = PAL_PARAM_FLAG,
     .offset = FIELD(sublinear),
     .initial = "true",
     .help = "tfidf: a word that stands n times counts 1 + ln n"},
    {.name = "k1",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(k1),
     .initial = "1.2",
     .min = 0,
     .max = 100,
     .help = "bm25: how long repeating a word helps"},
    {.name = "b",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(b),
     .initial = "0.75",
     .min = 0,
     .max = 1,
     .help = "bm25: how much long texts are held against an item"},
    {.name = "language",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(language),
     .choices = pal_languages,
     .help = "whose stems and stop words; auto guesses for each column, none keeps words as they "
             "are"},
    {0},
};
#undef FIELD

typedef struct {
    pal_item_texts texts;
    pal_rows rows;            /* [n_items, n_words] of length 1 */
    float *popularity;        /* [n_items] q, 1 for the most popular */
    pal_csr by_item, by_word; /* derived: the same entries */
    int32_t n_items;
} keyword_state;

/* --- fit --- */

static pal_keyword_options keyword_options(const keyword_params *p) {
    return (pal_keyword_options){.form = p->form,
                                 .sublinear = p->sublinear,
                                 .k1 = p->k1,
                                 .b = p->b,
                                 .min_df = p->min_df,
                                 .max_df = p->max_df,
                                 .most = p->words};
}

static void keyword_normalize(pal_rows *rows, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        double squares = 0;
        for (int64_t e = rows->starts[i]; e < rows->starts[i + 1]; e++)
            squares += (double)rows->values[e] * (double)rows->values[e];
        double scale = squares > 0 ? 1 / sqrt(squares) : 0;
        for (int64_t e = rows->starts[i]; e < rows->starts[i + 1]; e++)
            rows->values[e] = (float)((double)rows->values[e] * scale);
    }
}

static pal_status keyword_count_users(pal_ctx *ctx, const pal_log *log, pal_arena *scratch,
                                      float *popularity) {
    pal_csr pairs;
    TRY(pal_log_pairs(ctx, log, UINT32_MAX, scratch, &pairs));
    float largest = 1;
    for (int64_t e = 0; e < pairs.starts[pairs.n_rows]; e++) {
        popularity[pairs.cols[e]] += 1;
        if (popularity[pairs.cols[e]] > largest) largest = popularity[pairs.cols[e]];
    }
    for (int32_t i = 0; i < log->n_items; i++)
        popularity[i] = (float)(log1p((double)popularity[i]) / log1p((double)largest));
    return PAL_OK;
}

static pal_status keyword_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                              pal_arena *arena, pal_arena *scratch, void *state) {
    const keyword_params *p = params;
    keyword_state *s = state;
    const pal_keyword_options options = keyword_options(p);
    pal_csr rows;
    TRY(pal_item_texts_fit(ctx, "keyword", &options, p->columns, p->language, train, arena, scratch,
                           &s->texts, &rows));
    TRY(pal_rows_copy(ctx, "keyword", &rows, arena, &s->rows));
    s->n_items = train->log->n_items;
    keyword_normalize(&s->rows, s->n_items);
    s->popularity = PAL_ARENA_ARRAY(arena, float, s->n_items);
    if (!s->popularity) return pal_fail_memory(ctx, "keyword", 4.0 * s->n_items);
    ctx->multiply_adds += 2.0 * (double)rows.starts[rows.n_rows];
    return keyword_count_users(ctx, train->log, scratch, s->popularity);
}

static pal_status keyword_prepare(pal_ctx *ctx, const void *params, pal_arena *arena, void *state) {
    (void)params;
    keyword_state *s = state;
    TRY(pal_item_texts_prepare(ctx, "keyword", &s->texts));
    int32_t n_words = s->texts.words.n_words;
    for (int64_t e = 0; e < s->rows.starts[s->n_items]; e++) {
        if (s->rows.items[e] >= n_words)
            return pal_fail(ctx, PAL_EFORMAT,
                            "keyword: an item has a word that the model does not know: train the "
                            "model again");
    }
    s->by_item = pal_rows_matrix(&s->rows, s->n_items, n_words);
    if (!pal_csr_transpose(&s->by_item, arena, &s->by_word))
        return pal_fail_memory(ctx, "keyword", 8.0 * (double)s->rows.starts[s->n_items]);
    return PAL_OK;
}

/* --- the history --- */

typedef struct {
    float *sums;    /* [n_items] zero between queries */
    float *weights; /* [n_items] of the history's items */
    int32_t *items; /* [n_items] the history's, ascending */
    uint8_t *marks; /* [n_items] zero between queries */
    float *profile; /* [n_words] zero between queries */
    float *best;    /* nearest: [n_items, k] zero between queries */
    int32_t n;      /* items of the history */
} keyword_scratch;

static size_t keyword_best_bytes(const keyword_params *p, const keyword_state *s) {
    if (p->scoring != KEYWORD_NEAREST) return 0;
    return pal_scratch_round((size_t)s->n_items * (size_t)p->k * sizeof(float));
}

static size_t keyword_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)n_queries;
    const keyword_state *s = state;
    size_t items = pal_scratch_round((size_t)s->n_items * sizeof(float));
    return 4 * items + pal_scratch_round((size_t)s->texts.words.n_words * sizeof(float)) +
           keyword_best_bytes(params, s);
}

static keyword_scratch keyword_cut(const keyword_state *s, void *scratch) {
    size_t items = pal_scratch_round((size_t)s->n_items * sizeof(float));
    char *at = scratch;
    return (keyword_scratch){
        .sums = (float *)(void *)at,
        .weights = (float *)(void *)(at + items),
        .items = (int32_t *)(void *)(at + 2 * items),
        .marks = (uint8_t *)(at + 3 * items),
        .profile = (float *)(void *)(at + 4 * items),
        .best =
            (float *)(void *)(at + 4 * items +
                              pal_scratch_round((size_t)s->texts.words.n_words * sizeof(float)))};
}

static keyword_scratch keyword_weigh(const keyword_params *p, const keyword_state *s,
                                     const pal_query *query, void *scratch) {
    keyword_scratch c = keyword_cut(s, scratch);
    const pal_profile_options options = {.half_life = p->half_life, .ratings = p->ratings};
    const pal_profile_events events = {.n = query->n_events,
                                       .items = query->items,
                                       .values = query->values,
                                       .times = query->times,
                                       .now = query->now};
    c.n = pal_profile_weigh(&options, &events, c.sums, c.marks, c.items, c.weights);
    return c;
}

/* Fills c->profile; returns what brings it to length 1, 0 where there is none. */
static double keyword_make_profile(const keyword_state *s, keyword_scratch *c) {
    double squares = 0;
    pal_profile_add(&s->by_item, c->items, c->weights, c->n, c->profile);
    for (int32_t w = 0; w < s->texts.words.n_words; w++)
        squares += (double)c->profile[w] * (double)c->profile[w];
    return squares > 0 ? 1 / sqrt(squares) : 0;
}

static void keyword_clear_profile(const keyword_state *s, keyword_scratch *c) {
    memset(c->profile, 0, (size_t)s->texts.words.n_words * sizeof *c->profile);
}

/* --- score --- */

/* out[i] += weight · x for the items of a word. */
static void keyword_add_word(const keyword_state *s, int32_t word, float weight, float *out) {
    for (int64_t e = s->by_word.starts[word]; e < s->by_word.starts[word + 1]; e++)
        out[s->by_word.cols[e]] += weight * s->by_word.values[e];
}

static void keyword_score_profile(const keyword_state *s, keyword_scratch *c, float *scores) {
    double scale = keyword_make_profile(s, c);
    for (int32_t w = 0; w < s->texts.words.n_words; w++) {
        if (c->profile[w] < 0 || c->profile[w] > 0)
            keyword_add_word(s, w, (float)(scale * (double)c->profile[w]), scores);
    }
    keyword_clear_profile(s, c);
}

/* Keeps `value` if it is among the k largest. */
static void keyword_keep(float *best, int32_t k, float value) {
    int32_t least = 0;
    for (int32_t j = 1; j < k; j++) {
        if (best[j] < best[least]) least = j;
    }
    if (value > best[least]) best[least] = value;
}

/* Similarities of one item of the history to all, in c->sums, each taken out by the first word
 * that leads to it. */
static void keyword_score_nearest(const keyword_params *p, const keyword_state *s,
                                  keyword_scratch *c, float *scores) {
    int32_t k = (int32_t)p->k;
    for (int32_t h = 0; h < c->n; h++) {
        int64_t begin = s->rows.starts[c->items[h]], end = s->rows.starts[c->items[h] + 1];
        if (!(c->weights[h] > 0)) continue;
        for (int64_t e = begin; e < end; e++)
            keyword_add_word(s, s->rows.items[e], c->weights[h] * s->rows.values[e], c->sums);
        for (int64_t e = begin; e < end; e++) {
            int32_t word = s->rows.items[e];
            for (int64_t f = s->by_word.starts[word]; f < s->by_word.starts[word + 1]; f++) {
                int32_t item = s->by_word.cols[f];
                if (c->sums[item] > 0) keyword_keep(c->best + (int64_t)item * k, k, c->sums[item]);
                c->sums[item] = 0;
            }
        }
    }
    for (int32_t i = 0; i < s->n_items; i++) {
        float *best = c->best + (int64_t)i * k;
        for (int32_t j = 0; j < k; j++) {
            scores[i] += best[j];
            best[j] = 0;
        }
    }
}

static void keyword_score(const void *params, const void *state, const pal_query *queries,
                          int32_t n_queries, void *scratch, float *scores) {
    const keyword_params *p = params;
    const keyword_state *s = state;
    for (int32_t q = 0; q < n_queries; q++) {
        float *row = scores + (int64_t)q * s->n_items;
        keyword_scratch c = keyword_weigh(p, s, &queries[q], scratch);
        memset(row, 0, (size_t)s->n_items * sizeof *row);
        if (p->scoring == KEYWORD_NEAREST) {
            keyword_score_nearest(p, s, &c, row);
        } else {
            keyword_score_profile(s, &c, row);
        }
        for (int32_t i = 0; i < s->n_items; i++) row[i] += (float)p->prior * s->popularity[i];
    }
}

/* --- explain --- */

static int keyword_compare(const void *a, const void *b) {
    double x = ((const pal_reason *)a)->amount, y = ((const pal_reason *)b)->amount;
    return (x < y) - (x > y);
}

/* Enters the reason among the n largest of at most `most`; what does not fit adds to *rest. */
static int32_t keyword_add_reason(pal_reason *reasons, int32_t n, int32_t most, pal_reason reason,
                                  double *rest) {
    if (n < most) {
        reasons[n] = reason;
        return n + 1;
    }
    int32_t least = 0;
    for (int32_t r = 1; r < n; r++) {
        if (fabs(reasons[r].amount) < fabs(reasons[least].amount)) least = r;
    }
    bool enters = most > 0 && fabs(reason.amount) > fabs(reasons[least].amount);
    *rest += enters ? reasons[least].amount : reason.amount;
    if (enters) reasons[least] = reason;
    return n;
}

/* Word by word, those beyond `most` together. */
static int32_t keyword_explain_words(const keyword_state *s, keyword_scratch *c, int32_t item,
                                     int32_t most, pal_reason *reasons) {
    double scale = keyword_make_profile(s, c), rest = 0;
    int32_t n = 0;
    for (int64_t e = s->rows.starts[item]; e < s->rows.starts[item + 1]; e++) {
        int32_t word = s->rows.items[e];
        double amount = scale * (double)c->profile[word] * (double)s->rows.values[e];
        const char *what = pal_vocabulary_shown(&s->texts.words, word);
        if (amount < 0 || amount > 0)
            n = keyword_add_reason(reasons, n, most - 1,
                                   (pal_reason){.item = -1, .what = what, .amount = amount}, &rest);
    }
    if (rest < 0 || rest > 0)
        reasons[n++] = (pal_reason){.item = -1, .what = "its other words", .amount = rest};
    keyword_clear_profile(s, c);
    return n;
}

static double keyword_similarity(const keyword_state *s, int32_t a, int32_t b) {
    double sum = 0;
    for (int64_t e = s->rows.starts[a]; e < s->rows.starts[a + 1]; e++)
        sum += (double)s->rows.values[e] * (double)pal_rows_at(&s->rows, b, s->rows.items[e]);
    return sum;
}

/* The items used that are most similar. */
static int32_t keyword_explain_items(const keyword_params *p, const keyword_state *s,
                                     const keyword_scratch *c, int32_t item, pal_reason *reasons) {
    int32_t n = 0;
    for (int32_t h = 0; h < c->n; h++) {
        double amount = (double)c->weights[h] * keyword_similarity(s, c->items[h], item);
        if (amount > 0) reasons[n++] = (pal_reason){.item = c->items[h], .amount = amount};
    }
    if (n) qsort(reasons, (size_t)n, sizeof *reasons, keyword_compare);
    return n < p->k ? n : (int32_t)p->k;
}

static int32_t keyword_explain(const void *params, const void *state, const pal_query *query,
                               int32_t item, void *scratch, pal_reason *reasons) {
    const keyword_params *p = params;
    const keyword_state *s = state;
    keyword_scratch c = keyword_weigh(p, s, query, scratch);
    int32_t most = query->n_events + PAL_REASONS_MORE - 1,
            n = p->scoring == KEYWORD_NEAREST ? keyword_explain_items(p, s, &c, item, reasons)
                                              : keyword_explain_words(s, &c, item, most, reasons);
    reasons[n++] = (pal_reason){.item = -1,
                                .what = "how many people use it",
                                .amount = p->prior * (double)s->popularity[item]};
    return n;
}

/* --- files --- */

static int32_t keyword_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                               pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    (void)n_users;
    keyword_state *s = state;
    s->n_items = n_items;
    int32_t n = pal_item_texts_tensors(&s->texts, tensors);
    n += pal_rows_tensors(&s->rows, n_items, INT32_MAX, true, tensors + n);
    tensors[n++] = (pal_tensor){.name = "popularity",
                                .dtype = PAL_F32,
                                .n_dims = 1,
                                .dims = {n_items},
                                .data = (void **)&s->popularity};
    return n;
}

static void keyword_estimate(const void *params, const pal_log *log, int32_t n_threads,
                             pal_estimate *out) {
    (void)params; /* texts of 50 words; those of the items are not known here */
    out->seconds = 15e-6 * log->n_items / n_threads;
    out->bytes = 2e3 * log->n_items + 16.0 * (double)log->n_events;
}

const pal_kind pal_kind_keyword = {
    .name = "keyword",
    .family = "content",
    .summary = "items whose texts have the words of what the person used",
    .paper = "Pazzani, Billsus: Content-based recommendation systems, The Adaptive Web 2007",
    .lesson = "what items say of themselves tells more than who else used them",
    .represents = "the weighed words of the items used | the weighed words of its texts",
    .traits = PAL_SCORES_NEW_USERS | PAL_SCORES_NEW_ITEMS | PAL_NEEDS_CATALOG | PAL_IGNORES_WEIGHTS,
    .params = keyword_table,
    .params_size = sizeof(keyword_params),
    .state_size = sizeof(keyword_state),
    .fit = keyword_fit,
    .prepare = keyword_prepare,
    .scratch_bytes = keyword_scratch_bytes,
    .score = keyword_score,
    .tensors = keyword_tensors,
    .explain = keyword_explain,
    .estimate = keyword_estimate,
};
