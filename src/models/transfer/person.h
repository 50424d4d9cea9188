/* person.h - models whose person is the sum of rows of what he used in either domain, read by one
 * tower and multiplied with rows of items: what multitask and domain_adapt leave of their training.
 *
 * score = tower(P_u + Σ_(i in the log) H_i / √n + Σ_(j in the source) H_j / √m) · E_i + b_i, over
 * the n and m distinct items that a query used. */
#ifndef PAL_MODELS_TRANSFER_PERSON_H
#define PAL_MODELS_TRANSFER_PERSON_H

#include "models/panels.h"
#include "models/transfer/heads.h"

typedef struct {
    const char *kind; /* for sentences */
    int64_t factors;
    const pal_ints *layers; /* of the tower */
    int32_t activation;
    bool has_tower; /* else the sum itself is multiplied */
    bool own;       /* users of the log have rows of their own; with a tower alone */
} pal_person_form;

typedef struct {
    float *users;           /* [n_users, factors] own rows; without: none */
    float *history;         /* [n_items, factors] what a use adds to a person */
    float *items;           /* [n_items, factors + 1] the bias last */
    int64_t *source_range;  /* [2] 0 and the source's items; 0 without a source */
    float *source_history;  /* [source's items, factors] */
    int64_t *network_range; /* [2] 0 and the size of the tower */
    float *network;
    int32_t n_users, n_items;
    /* Derived. */
    pal_tower tower;
    float *panels;
    pal_packed packed;
    pal_small small_history, small_items, small_source; /* instead of these */
} pal_person_state;

/* Arrays of the state, for so many rows of the source and numbers of the tower. */
pal_status pal_person_make(pal_ctx *ctx, const pal_person_form *form, int32_t n_users,
                           int32_t n_items, int32_t n_source, pal_arena *arena,
                           pal_person_state *s);
pal_status pal_person_prepare(pal_ctx *ctx, const pal_person_form *form, pal_arena *arena,
                              pal_person_state *s);
int32_t pal_person_tensors(const pal_person_form *form, pal_person_state *s, int32_t n_users,
                           int32_t n_items, pal_tensor tensors[PAL_TENSORS_MAX]);
size_t pal_person_scratch_bytes(const pal_person_form *form, const pal_person_state *s,
                                int32_t n_queries);
void pal_person_score(const pal_person_form *form, const pal_person_state *s,
                      const pal_query *queries, int32_t n_queries, void *scratch, float *scores);
/* Whether he used something in the source that has a row. */
bool pal_person_answers(const pal_person_state *s, const pal_query *query);
int32_t pal_person_explain(const pal_person_form *form, const pal_person_state *s,
                           const pal_query *query, int32_t item, void *scratch,
                           pal_reason *reasons);

/* The slots of a kind that has name##_form(params) and whose state is pal_person_state. */
#define PAL_PERSON_SLOTS(name)                                                                     \
    static pal_status name##_prepare(pal_ctx *ctx, const void *params, pal_arena *arena,           \
                                     void *state) {                                                \
        pal_person_form form = name##_form(params);                                                \
        return pal_person_prepare(ctx, &form, arena, state);                                       \
    }                                                                                              \
    static int32_t name##_tensors(const void *params, void *state, int32_t n_users,                \
                                  int32_t n_items, pal_tensor tensors[PAL_TENSORS_MAX]) {          \
        pal_person_form form = name##_form(params);                                                \
        return pal_person_tensors(&form, state, n_users, n_items, tensors);                        \
    }                                                                                              \
    static size_t name##_scratch_bytes(const void *params, const void *state, int32_t n_queries) { \
        pal_person_form form = name##_form(params);                                                \
        return pal_person_scratch_bytes(&form, state, n_queries);                                  \
    }                                                                                              \
    static void name##_score(const void *params, const void *state, const pal_query *queries,      \
                             int32_t n_queries, void *scratch, float *scores) {                    \
        pal_person_form form = name##_form(params);                                                \
        pal_person_score(&form, state, queries, n_queries, scratch, scores);                       \
    }                                                                                              \
    static bool name##_answers(const void *params, const void *state, const pal_query *query) {    \
        (void)params;                                                                              \
        return pal_person_answers(state, query);                                                   \
    }                                                                                              \
    static int32_t name##_explain(const void *params, const void *state, const pal_query *query,   \
                                  int32_t item, void *scratch, pal_reason *reasons) {              \
        pal_person_form form = name##_form(params);                                                \
        return pal_person_explain(&form, state, query, item, scratch, reasons);                    \
    }

#endif
