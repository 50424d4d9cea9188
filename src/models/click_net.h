/* click_net.h - networks over a person and an item that say how likely he uses it: what deepfm and
 * ranker share.
 *
 * Fields, each a row of `factors` numbers and a linear weight: the sums over a history (past.h: who
 * a person is, is what he used, so that strangers are answered like everybody), each profile
 * feature, the item, each feature of it (fields.h). logit = Σ linear weights + FM + MLP(x), x all
 * fields one after the other, then with has_product the product of the person's sum of fields and
 * the item's. FM = Σ_(f<g) x_f·x_g = (|Σ x_f|² - Σ |x_f|²) / 2 with has_fm.
 * Loss: binary cross entropy of a used item, of what was shown and not used where the log tells,
 * and of drawn items that the person did not use, `negatives` of both for each used one. Cost of an
 * epoch: (1 + negatives) times 3 times the network's weights an event. A list costs the network
 * without its first layer's constant parts an item. */
#ifndef PAL_MODELS_CLICK_NET_H
#define PAL_MODELS_CLICK_NET_H

#include "models/feature_tables.h"
#include "models/model.h"
#include "nn/mlp.h"

enum { PAL_CLICK_CHUNKS = 16 }; /* of a batch */

typedef enum { PAL_CLICK_AUTO, PAL_CLICK_ALIKE, PAL_CLICK_BY_VALUE } pal_click_weight;
extern const char *const pal_click_weights[]; /* "auto", "alike", "value", NULL */

typedef struct {
    pal_feature_options f; /* first: its table's rows name its fields */
    int64_t negatives;
    int32_t weigh;
} pal_click_options;

typedef struct {
    const char *name;
    bool has_fm, has_product;
} pal_click_form;

typedef struct {
    float *history;         /* [n_items, width], width = factors + 1, the linear weight last */
    int64_t *item_range;    /* [2] 0 and the size of items */
    float *items;           /* [n_items, n_item_fields, width] the item, then its features */
    int64_t *profile_range; /* [2] 0 and the size of profiles */
    float *profiles;        /* [n_users + 1, n_profile_fields, width]; the last: nothing is known */
    pal_feature_told told;
    int64_t *network_range; /* [2] 0 and the size of network */
    float *network;
    int32_t n_users, n_items;
    /* Derived. */
    int32_t n_item_fields, n_profile_fields;
    pal_mlp mlp;
    float *base;     /* [n_items, mlp.sizes[1]] what the first layer makes of the item's fields */
    float *sums;     /* [n_items, factors] Σ of the item's fields */
    float *constant; /* [n_items] linear weights and FM within the item */
} pal_click_state;

pal_status pal_click_fit(pal_ctx *ctx, const pal_click_form *form, const pal_click_options *o,
                         const pal_train_input *train, pal_arena *arena, pal_arena *scratch,
                         pal_click_state *s);
pal_status pal_click_prepare(pal_ctx *ctx, const pal_click_form *form, const pal_click_options *o,
                             pal_arena *arena, pal_click_state *s);
size_t pal_click_scratch_bytes(const pal_click_form *form, const pal_click_options *o,
                               const pal_click_state *s);
/* items NULL: all of them, n = n_items. */
void pal_click_score(const pal_click_form *form, const pal_click_options *o,
                     const pal_click_state *s, const pal_query *query, const int32_t *items,
                     int32_t n, void *scratch, float *scores);
int32_t pal_click_tensors(const pal_click_options *o, pal_click_state *s, int32_t n_users,
                          int32_t n_items, pal_tensor tensors[PAL_TENSORS_MAX]);
void pal_click_estimate(const pal_click_form *form, const pal_click_options *o, const pal_log *log,
                        int32_t n_threads, pal_estimate *out);

/* What training and scoring share: the network over so many fields of a profile and of an item; of
 * fields [n, factors + 1] their sum [factors], returning Σ linear weights and, with FM,
 * Σ_(f<g) x_f·x_g; what of the state is derived. */
void pal_click_plan(const pal_click_form *form, const pal_click_options *o, int32_t n_profile,
                    int32_t n_item, pal_parameters *parameters, pal_mlp *out);
float pal_click_gather(const pal_click_form *form, const float *fields, int32_t n, int32_t d,
                       float *sum);
pal_status pal_click_open_derived(pal_ctx *ctx, const pal_click_form *form,
                                  const pal_click_options *o, pal_arena *arena, pal_click_state *s);
void pal_click_derive(const pal_click_form *form, const pal_click_options *o, pal_click_state *s);

/* Rows of a kind's table; its params are pal_click_options. */
#define PAL_CLICK_ROWS(layers_now)                                                                 \
    PAL_FEATURE_SHAPE_ROWS("32", "length of the row of each field", layers_now,                    \
                           "sizes of hidden layers, e.g. 128,64"),                                 \
        PAL_FEATURE_PERSON_ROWS("0.3"),                                                            \
        {.name = "negatives",                                                                      \
         .type = PAL_PARAM_INT,                                                                    \
         .offset = offsetof(pal_click_options, negatives),                                         \
         .initial = "4",                                                                           \
         .min = 0,                                                                                 \
         .max = 1000,                                                                              \
         .help =                                                                                   \
             "items that an event is put against: what was shown and not used, and where that "    \
             "is less for each event of the log, items drawn that the person did not use"},        \
        PAL_FEATURE_TRAINING_ROWS("0.002", "0.05")

/* The slots of a kind that is form `name##_form` and whose params are the options. */
#define PAL_CLICK_SLOTS(name)                                                                      \
    static pal_status name##_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,   \
                                 pal_arena *arena, pal_arena *scratch, void *state) {              \
        return pal_click_fit(ctx, &name##_form, params, train, arena, scratch, state);             \
    }                                                                                              \
    static pal_status name##_prepare(pal_ctx *ctx, const void *params, pal_arena *arena,           \
                                     void *state) {                                                \
        return pal_click_prepare(ctx, &name##_form, params, arena, state);                         \
    }                                                                                              \
    static size_t name##_scratch_bytes(const void *params, const void *state, int32_t n_queries) { \
        (void)n_queries;                                                                           \
        return pal_click_scratch_bytes(&name##_form, params, state);                               \
    }                                                                                              \
    static void name##_score(const void *params, const void *state, const pal_query *queries,      \
                             int32_t n_queries, void *scratch, float *scores) {                    \
        const pal_click_state *s = state;                                                          \
        for (int32_t q = 0; q < n_queries; q++)                                                    \
            pal_click_score(&name##_form, params, s, &queries[q], NULL, s->n_items, scratch,       \
                            scores + (int64_t)q * s->n_items);                                     \
    }                                                                                              \
    static void name##_score_some(const void *params, const void *state, const pal_query *query,   \
                                  const int32_t *items, int32_t n, void *scratch, float *scores) { \
        pal_click_score(&name##_form, params, state, query, items, n, scratch, scores);            \
    }                                                                                              \
    static int32_t name##_tensors(const void *params, void *state, int32_t n_users,                \
                                  int32_t n_items, pal_tensor tensors[PAL_TENSORS_MAX]) {          \
        return pal_click_tensors(params, state, n_users, n_items, tensors);                        \
    }                                                                                              \
    static bool name##_answers(const void *params, const void *state, const pal_query *query) {    \
        (void)params;                                                                              \
        return pal_profile_answers(&((const pal_click_state *)state)->told.code, query);           \
    }                                                                                              \
    static const pal_profile_code *name##_profiles(const void *state) {                            \
        return &((const pal_click_state *)state)->told.code;                                       \
    }                                                                                              \
    static void name##_estimate(const void *params, const pal_log *log, int32_t n_threads,         \
                                pal_estimate *out) {                                               \
        pal_click_estimate(&name##_form, params, log, n_threads, out);                             \
    }

#endif
