/* sums.h - people and items as sums of rows of what is known of them: what fm and item_features
 * share.
 *
 * A person P = his own row + Σ w_f x_f over his profile's features (fields.h) + with a history
 * Σ_j y_j / √n over the n items that he used; an item T = its own row + Σ w_f x_f over its
 * features. Every row has a linear weight, its last number. Then score = P·T + linear weights of T
 * + with products Σ_(f<g) w_f w_g x_f·x_g within T, the sum over pairs worked out as (|T|² - Σ w_f²
 * |x_f|²) / 2 (Rendle 2010, lemma 3.1). What is the same for all items, the person's linear weights
 * and products, counts where values are predicted: r̂ = mean + score + those.
 *
 * An item that nobody used has no row of its own, nor has a stranger; of a stranger whose profile a
 * query tells, P is the sum of its rows and of his history. While an event is learned,
 * the history is what else the person used: his pairs are dealt to groups anew in each epoch, up to
 * `history` of the others stand for all of them, weighed so that the sum is the same in the mean.
 * Losses: -log σ(x) of x = score of a used item less that of a drawn one (Rendle et al. 2009);
 * Φ(rank) max(0, 1 - x) with the rank guessed from how many draws it took to find x < 1 (Weston,
 * Bengio, Usunier 2011); (r - r̂)² of values. Steps of Adam on the rows that a batch touches.
 * Cost of an epoch: about 8 k (m + h / group) multiply-adds a pair, m features of an item and h
 * items of a history. */
#ifndef PAL_MODELS_CONTENT_SUMS_H
#define PAL_MODELS_CONTENT_SUMS_H

#include "math/topk.h"
#include "models/fields.h"
#include "models/model.h"
#include "models/profile_code.h"

typedef enum { PAL_SUMS_BPR, PAL_SUMS_WARP, PAL_SUMS_SQUARED } pal_sums_loss;

typedef struct { /* the first field of the parameters of each such kind */
    int32_t loss;
    int64_t factors, history, group, batch, tries, epochs, patience, words;
    double learning_rate, feature_rate, decay_own, decay_features, hide_items, hide_users,
        hide_history, tolerance;
} pal_sums_options;

typedef struct {
    const char *name;
    bool has_history, has_products;
} pal_sums_form;

enum { PAL_SUMS_PREDICTS_VALUES, PAL_SUMS_MEAN, PAL_SUMS_N_SEEN, PAL_SUMS_FACTS };

typedef struct {
    float *users;          /* [n_users, k] P */
    float *user_constants; /* [n_users] what is the same for all items, but for the mean */
    float *items;          /* [n_items, k] T */
    float *item_constants; /* [n_items] linear weights and products within T */
    float *stranger; /* [k + 2] sum of a profile of which nothing is known, Σ w² |x|² of it */
    float *history;  /* [n_items, k + 1] y; NULL without a history */
    pal_profile_code code;
    float *profiles; /* [code.n_features, k + 1] x of profiles */
    double *facts;   /* [PAL_SUMS_FACTS] */
    /* What items are made of, for explanations. */
    int64_t *feature_range; /* [2] 0 and how many features there are */
    float *features;        /* [n_features, k + 1] x */
    int64_t *name_starts;   /* [n_features + 1] into names */
    uint8_t *name_bytes;
    int64_t *item_starts; /* [n_items + 1] entries of an item */
    int32_t *item_features;
    float *item_weights;
    /* Derived. */
    int32_t n_users, n_items;
    const char **names; /* [n_features] */
    float *panels;      /* items, packed */
    pal_packed packed;
} pal_sums_state;

pal_status pal_sums_fit(pal_ctx *ctx, const pal_sums_form *form, const pal_sums_options *o,
                        const pal_train_input *train, pal_arena *arena, pal_arena *scratch,
                        pal_sums_state *s);
pal_status pal_sums_prepare(pal_ctx *ctx, const pal_sums_form *form, const pal_sums_options *o,
                            pal_arena *arena, pal_sums_state *s);
size_t pal_sums_scratch_bytes(const pal_sums_options *o, const pal_sums_state *s,
                              int32_t n_queries);
void pal_sums_score(const pal_sums_form *form, const pal_sums_options *o, const pal_sums_state *s,
                    const pal_query *queries, int32_t n_queries, void *scratch, float *scores);
/* By the person's history where there is one, else by the features of the item. */
int32_t pal_sums_explain(const pal_sums_form *form, const pal_sums_options *o,
                         const pal_sums_state *s, const pal_query *query, int32_t item,
                         void *scratch, pal_reason *reasons);
int32_t pal_sums_tensors(const pal_sums_form *form, const pal_sums_options *o, pal_sums_state *s,
                         int32_t n_users, int32_t n_items, pal_tensor tensors[PAL_TENSORS_MAX]);
bool pal_sums_answers(const pal_sums_state *s, const pal_query *query);
bool pal_sums_predicts_values(const pal_sums_state *s);
void pal_sums_estimate(const pal_sums_form *form, const pal_sums_options *o, const pal_log *log,
                       int32_t n_threads, pal_estimate *out);

/* Σ w² |x|² turned into the products within a sum: (|sum|² - squares) / 2; sum [k]. */
float pal_sums_within(const float *sum, float squares, int32_t k);

/* Rows of a kind's table; what differs between kinds are the initial values. */
#define PAL_SUMS_ROW(member, row_type, text, least, most, by, sentence)                            \
    {                                                                                              \
        .name = #member, .type = row_type, .offset = offsetof(pal_sums_options, member),           \
        .initial = text, .min = least, .max = most, .scale = by, .help = sentence                  \
    }
#define PAL_SUMS_ROWS(rate, features_faster, own, of_features, hidden_items, hidden_users)         \
    PAL_SUMS_ROW(factors, PAL_PARAM_INT, "64", 1, 4096, PAL_LOG, "length of the rows"),            \
        PAL_SUMS_ROW(words, PAL_PARAM_INT, "300", 0, 10000000, PAL_LINEAR,                         \
                     "words of titles and texts that are features of items: those that stand "     \
                     "most often, in 3 items and more; 0: none"),                                  \
        PAL_SUMS_ROW(tries, PAL_PARAM_INT, "32", 1, 10000, PAL_LOG,                                \
                     "draws for one event at the most (loss=warp)"),                               \
        PAL_SUMS_ROW(epochs, PAL_PARAM_INT, "100", 1, 100000, PAL_LOG,                             \
                     "passes over the events at the most"),                                        \
        PAL_SUMS_ROW(patience, PAL_PARAM_INT, "8", 0, 100000, PAL_LINEAR,                          \
                     "epochs without a better validation after which training ends; 0: all "       \
                     "epochs"),                                                                    \
        PAL_SUMS_ROW(group, PAL_PARAM_INT, "8", 1, 1000, PAL_LOG,                                  \
                     "events of a person that are learned together, at most half of his"),         \
        PAL_SUMS_ROW(batch, PAL_PARAM_INT, "64", 1, 100000, PAL_LOG, "groups of a step"),          \
        PAL_SUMS_ROW(learning_rate, PAL_PARAM_REAL, rate, 1e-7, 1, PAL_LOG,                        \
                     "length of Adam's steps"),                                                    \
        PAL_SUMS_ROW(feature_rate, PAL_PARAM_REAL, features_faster, 0.01, 100, PAL_LOG,            \
                     "how many times as long steps of the rows of features are: few rows that "    \
                     "many items share bear more than rows of one's own"),                         \
        PAL_SUMS_ROW(decay_own, PAL_PARAM_REAL, own, 0, 100, PAL_LOG,                              \
                     "decoupled weight decay (AdamW) of the rows that people and items have of "   \
                     "their own"),                                                                 \
        PAL_SUMS_ROW(decay_features, PAL_PARAM_REAL, of_features, 0, 100, PAL_LOG,                 \
                     "the same of the rows of features"),                                          \
        PAL_SUMS_ROW(hide_items, PAL_PARAM_REAL, hidden_items, 0, 1, PAL_LINEAR,                   \
                     "share of steps in which items are told by their features alone, so that "    \
                     "new items are learned for (as in DropoutNet, Volkovs, Yu, Poutanen 2017)"),  \
        PAL_SUMS_ROW(hide_users, PAL_PARAM_REAL, hidden_users, 0, 1, PAL_LINEAR,                   \
                     "share of groups in which the person's own row is left out, so that "         \
                     "strangers are learned for"),                                                 \
        PAL_SUMS_ROW(tolerance, PAL_PARAM_REAL, "1e-6", 0, 1, PAL_LOG,                             \
                     "relative change of the loss in an epoch under which training ends")

/* The slots of a kind that is form `name##_form` and whose params begin with the options. */
#define PAL_SUMS_SLOTS(name)                                                                       \
    static pal_status name##_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,   \
                                 pal_arena *arena, pal_arena *scratch, void *state) {              \
        return pal_sums_fit(ctx, &name##_form, params, train, arena, scratch, state);              \
    }                                                                                              \
    static pal_status name##_prepare(pal_ctx *ctx, const void *params, pal_arena *arena,           \
                                     void *state) {                                                \
        return pal_sums_prepare(ctx, &name##_form, params, arena, state);                          \
    }                                                                                              \
    static size_t name##_scratch_bytes(const void *params, const void *state, int32_t n_queries) { \
        return pal_sums_scratch_bytes(params, state, n_queries);                                   \
    }                                                                                              \
    static void name##_score(const void *params, const void *state, const pal_query *queries,      \
                             int32_t n_queries, void *scratch, float *scores) {                    \
        pal_sums_score(&name##_form, params, state, queries, n_queries, scratch, scores);          \
    }                                                                                              \
    static int32_t name##_tensors(const void *params, void *state, int32_t n_users,                \
                                  int32_t n_items, pal_tensor tensors[PAL_TENSORS_MAX]) {          \
        return pal_sums_tensors(&name##_form, params, state, n_users, n_items, tensors);           \
    }                                                                                              \
    static int32_t name##_explain(const void *params, const void *state, const pal_query *query,   \
                                  int32_t item, void *scratch, pal_reason *reasons) {              \
        return pal_sums_explain(&name##_form, params, state, query, item, scratch, reasons);       \
    }                                                                                              \
    static bool name##_answers(const void *params, const void *state, const pal_query *query) {    \
        (void)params;                                                                              \
        return pal_sums_answers(state, query);                                                     \
    }                                                                                              \
    static const pal_profile_code *name##_profiles(const void *state) {                            \
        return &((const pal_sums_state *)state)->code;                                             \
    }                                                                                              \
    static void name##_estimate(const void *params, const pal_log *log, int32_t n_threads,         \
                                pal_estimate *out) {                                               \
        pal_sums_estimate(&name##_form, params, log, n_threads, out);                              \
    }

#endif
