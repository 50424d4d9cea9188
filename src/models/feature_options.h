/* feature_options.h - what two_tower, ranker and deepfm can be told alike: rows of people and items
 * from histories and features, and how they are learned. */
#ifndef PAL_MODELS_FEATURE_OPTIONS_H
#define PAL_MODELS_FEATURE_OPTIONS_H

#include "models/past.h"
#include "models/training_rows.h"
#include "nn/activation.h"

typedef struct {
    int64_t factors, history, recent, epochs, patience, batch;
    pal_ints layers;
    int32_t activation, context;
    double dropout, hide_profile, learning_rate, decay, tolerance;
} pal_feature_options;

static inline pal_past pal_feature_past(const pal_feature_options *o) {
    return (pal_past){.form = o->context,
                      .n_long = (int32_t)o->history,
                      .n_recent = (int32_t)o->recent,
                      .dropout = o->dropout};
}

/* Rows of a person that are sums over his history. */
static inline int32_t pal_feature_sums(const pal_feature_options *o) { return 1 + (o->recent > 0); }

/* Epochs that a training is thought to take. */
static inline double pal_feature_epochs(const pal_feature_options *o) {
    return o->patience > 0 ? (double)o->epochs / 3 : (double)o->epochs;
}

#define PAL_FEATURE_ROW(member, row_type, text, least, most, by, sentence)                         \
    PAL_ROW(pal_feature_options, member, row_type, text, least, most, by, sentence)

/* A kind's rows about the shape of its network; its params begin with pal_feature_options. */
#define PAL_FEATURE_SHAPE_ROWS(factors_now, factors_help, layers_now, layers_help)                 \
    PAL_FEATURE_ROW(factors, PAL_PARAM_INT, factors_now, 1, 4096, PAL_LOG, factors_help),          \
        PAL_FEATURE_ROW(layers, PAL_PARAM_INTS, layers_now, 1, 4096, PAL_LINEAR, layers_help),     \
        PAL_ROW_CHOICE(pal_feature_options, activation, "relu", pal_activations,                   \
                       "what hidden units do")

/* Rows about what it sees of a person. */
#define PAL_FEATURE_PERSON_ROWS(dropout_now)                                                       \
    PAL_FEATURE_ROW(history, PAL_PARAM_INT, "100", 1, 10000, PAL_LOG,                              \
                    "newest events of a history that are summed, all weighed alike"),              \
        PAL_FEATURE_ROW(recent, PAL_PARAM_INT, "0", 0, 1000, PAL_LINEAR,                           \
                        "newest events that are summed once more, the p-th newest weighed 1/p; "   \
                        "0: none"),                                                                \
        PAL_ROW_CHOICE(pal_feature_options, context, "others", pal_past_forms,                     \
                       "what an event is learned from: those before it, or all others of the "     \
                       "person"),                                                                  \
        PAL_FEATURE_ROW(dropout, PAL_PARAM_REAL, dropout_now, 0, 0.95, PAL_LINEAR,                 \
                        "share of a history's events that are left out while training"),           \
        PAL_FEATURE_ROW(hide_profile, PAL_PARAM_REAL, "0.3", 0, 1, PAL_LINEAR,                     \
                        "share of examples whose profile is hidden, so that people without one "   \
                        "are answered; 1: profiles are not looked at")

/* Rows about its training. */
#define PAL_FEATURE_TRAINING_ROWS(rate_now, decay_now)                                             \
    PAL_TRAINING_ROWS(pal_feature_options, "events", "50", "5", "512", 65536, rate_now, "1e-5"),   \
        PAL_FEATURE_ROW(decay, PAL_PARAM_REAL, decay_now, 0, 100, PAL_LOG,                         \
                        "decoupled weight decay (AdamW)")

#endif
