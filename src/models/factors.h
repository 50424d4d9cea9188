/* factors.h - what kinds over rows of factors have in common beside learning: the product, the
 * slots that only name the form, the parts of a score. */
#ifndef PAL_MODELS_FACTORS_H
#define PAL_MODELS_FACTORS_H

#include "models/pointwise.h"

/* Σ_f a_f b_f in four chains of additions. */
double pal_factors_dot(const double *a, const double *b, int32_t k);

/* The parts of a score with biases: they sum to it. Returns how many. */
int32_t pal_factors_reasons(const pal_pointwise_state *state, double match, double mean,
                            double user_bias, double item_bias, pal_reason *reasons);

/* The slots of a kind that has pal_form_<name>(params) and whose state is pal_pointwise_state. */
#define PAL_FACTORS_SLOTS(name, params_type)                                                       \
    static pal_status name##_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,   \
                                 pal_arena *arena, pal_arena *scratch, void *state) {              \
        pal_form form = pal_form_##name(params);                                                   \
        return pal_pointwise_fit(ctx, #name, &((const params_type *)params)->pointwise, &form,     \
                                 train, arena, scratch, state);                                    \
    }                                                                                              \
    static pal_status name##_prepare(pal_ctx *ctx, const void *params, pal_arena *arena,           \
                                     void *state) {                                                \
        pal_form form = pal_form_##name(params);                                                   \
        return pal_pointwise_prepare(ctx, &form, arena, state);                                    \
    }                                                                                              \
    static size_t name##_scratch_bytes(const void *params, const void *state, int32_t n_queries) { \
        (void)n_queries;                                                                           \
        pal_form form = pal_form_##name(params);                                                   \
        return pal_pointwise_scratch_bytes(&form, state);                                          \
    }                                                                                              \
    static void name##_score(const void *params, const void *state, const pal_query *queries,      \
                             int32_t n_queries, void *scratch, float *scores) {                    \
        pal_form form = pal_form_##name(params);                                                   \
        pal_pointwise_score(&((const params_type *)params)->pointwise, &form, state, queries,      \
                            n_queries, scratch, scores);                                           \
    }                                                                                              \
    static int32_t name##_tensors(const void *params, void *state, int32_t n_users,                \
                                  int32_t n_items, pal_tensor tensors[PAL_TENSORS_MAX]) {          \
        pal_form form = pal_form_##name(params);                                                   \
        return pal_pointwise_tensors(&form, state, n_users, n_items, tensors);                     \
    }                                                                                              \
    static bool name##_predicts_values(const void *params, const void *state) {                    \
        (void)params;                                                                              \
        return pal_pointwise_predicts_values(state);                                               \
    }                                                                                              \
    static void name##_estimate(const void *params, const pal_log *log, int32_t n_threads,         \
                                pal_estimate *out) {                                               \
        pal_form form = pal_form_##name(params);                                                   \
        pal_pointwise_estimate(&((const params_type *)params)->pointwise, &form, log, n_threads,   \
                               out);                                                               \
    }

#endif
