/* support_models.h - models and logs that tests of kinds share. */
#ifndef PAL_TESTS_SUPPORT_MODELS_H
#define PAL_TESTS_SUPPORT_MODELS_H

#include "support.h"

#include "models/train.h"

/* A trained model, or the test fails with the sentence. */
static inline pal_model *support_train(pal_ctx *ctx, const char *spec,
                                       const pal_train_input *input) {
    pal_model *model = NULL;
    if (pal_model_train(ctx, spec, input, &model) != PAL_OK) fail_msg("%s: %s", spec, ctx->error);
    return model;
}

static inline pal_model *support_train_log(pal_ctx *ctx, const char *spec, const pal_log *log) {
    return support_train(ctx, spec, &(pal_train_input){.log = log});
}

/* Everybody walks around the same circle of items, `each` of them from a place of his own. */
static inline void support_circle_make(pal_ctx *ctx, int32_t n_users, int32_t each, int32_t n_items,
                                       support_log *out) {
    enum { MOST = 1024 };
    int32_t users[MOST], items[MOST];
    int64_t times[MOST], n = 0;
    assert_true(n_users * each <= MOST);
    for (int32_t u = 0; u < n_users; u++) {
        for (int32_t i = 0; i < each; i++, n++) {
            users[n] = u;
            items[n] = (u + i) % n_items;
            times[n] = n;
        }
    }
    support_log_make(ctx, out, n_users, n_items, n, users, items, times, NULL);
}

#endif
