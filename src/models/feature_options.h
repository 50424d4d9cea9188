/* feature_options.h - what two_tower, ranker and deepfm can be told alike: rows of people and items
 * from histories and features, and how they are learned. */
#ifndef PAL_MODELS_FEATURE_OPTIONS_H
#define PAL_MODELS_FEATURE_OPTIONS_H

#include <stddef.h>

#include "base/param.h"
#include "models/past.h"
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

#define PAL_FEATURE_FIELD(name) offsetof(pal_feature_options, name)

/* A kind's rows about the shape of its network; its params begin with pal_feature_options. */
#define PAL_FEATURE_SHAPE_ROWS(factors_now, factors_help, layers_now, layers_help)                 \
    {.name = "factors",                                                                            \
     .type = PAL_PARAM_INT,                                                                        \
     .offset = PAL_FEATURE_FIELD(factors),                                                         \
     .initial = factors_now,                                                                       \
     .min = 1,                                                                                     \
     .max = 4096,                                                                                  \
     .scale = PAL_LOG,                                                                             \
     .help = factors_help},                                                                        \
        {.name = "layers",                                                                         \
         .type = PAL_PARAM_INTS,                                                                   \
         .offset = PAL_FEATURE_FIELD(layers),                                                      \
         .initial = layers_now,                                                                    \
         .min = 1,                                                                                 \
         .max = 4096,                                                                              \
         .help = layers_help},                                                                     \
    {                                                                                              \
        .name = "activation", .type = PAL_PARAM_CHOICE, .offset = PAL_FEATURE_FIELD(activation),   \
        .initial = "relu", .choices = pal_activations, .help = "what hidden units do"              \
    }

/* Rows about what it sees of a person. */
#define PAL_FEATURE_PERSON_ROWS(dropout_now)                                                       \
    {.name = "history",                                                                            \
     .type = PAL_PARAM_INT,                                                                        \
     .offset = PAL_FEATURE_FIELD(history),                                                         \
     .initial = "100",                                                                             \
     .min = 1,                                                                                     \
     .max = 10000,                                                                                 \
     .scale = PAL_LOG,                                                                             \
     .help = "newest events of a history that are summed, all weighed alike"},                     \
        {.name = "recent",                                                                         \
         .type = PAL_PARAM_INT,                                                                    \
         .offset = PAL_FEATURE_FIELD(recent),                                                      \
         .initial = "0",                                                                           \
         .min = 0,                                                                                 \
         .max = 1000,                                                                              \
         .help = "newest events that are summed once more, the p-th newest weighed 1/p; 0: none"}, \
        {.name = "context",                                                                        \
         .type = PAL_PARAM_CHOICE,                                                                 \
         .offset = PAL_FEATURE_FIELD(context),                                                     \
         .initial = "others",                                                                      \
         .choices = pal_past_forms,                                                                \
         .help = "what an event is learned from: those before it, or all others of the person"},   \
        {.name = "dropout",                                                                        \
         .type = PAL_PARAM_REAL,                                                                   \
         .offset = PAL_FEATURE_FIELD(dropout),                                                     \
         .initial = dropout_now,                                                                   \
         .min = 0,                                                                                 \
         .max = 0.95,                                                                              \
         .help = "share of a history's events that are left out while training"},                  \
    {                                                                                              \
        .name = "hide_profile", .type = PAL_PARAM_REAL, .offset = PAL_FEATURE_FIELD(hide_profile), \
        .initial = "0.3", .min = 0, .max = 1,                                                      \
        .help = "share of examples whose profile is hidden, so that people without one are "       \
                "answered; 1: profiles are not looked at"                                          \
    }

/* Rows about its training. */
#define PAL_FEATURE_TRAINING_ROWS(rate_now, decay_now)                                             \
    {.name = "epochs",                                                                             \
     .type = PAL_PARAM_INT,                                                                        \
     .offset = PAL_FEATURE_FIELD(epochs),                                                          \
     .initial = "50",                                                                              \
     .min = 1,                                                                                     \
     .max = 100000,                                                                                \
     .scale = PAL_LOG,                                                                             \
     .help = "passes over the events at the most"},                                                \
        {.name = "patience",                                                                       \
         .type = PAL_PARAM_INT,                                                                    \
         .offset = PAL_FEATURE_FIELD(patience),                                                    \
         .initial = "5",                                                                           \
         .min = 0,                                                                                 \
         .max = 100000,                                                                            \
         .help = "epochs without a better validation after which training ends; 0: all epochs"},   \
        {.name = "batch",                                                                          \
         .type = PAL_PARAM_INT,                                                                    \
         .offset = PAL_FEATURE_FIELD(batch),                                                       \
         .initial = "512",                                                                         \
         .min = 1,                                                                                 \
         .max = 65536,                                                                             \
         .scale = PAL_LOG,                                                                         \
         .help = "events of a step"},                                                              \
        {.name = "learning_rate",                                                                  \
         .type = PAL_PARAM_REAL,                                                                   \
         .offset = PAL_FEATURE_FIELD(learning_rate),                                               \
         .initial = rate_now,                                                                      \
         .min = 1e-6,                                                                              \
         .max = 1,                                                                                 \
         .scale = PAL_LOG,                                                                         \
         .help = "length of Adam's steps"},                                                        \
        {.name = "decay",                                                                          \
         .type = PAL_PARAM_REAL,                                                                   \
         .offset = PAL_FEATURE_FIELD(decay),                                                       \
         .initial = decay_now,                                                                     \
         .min = 0,                                                                                 \
         .max = 100,                                                                               \
         .scale = PAL_LOG,                                                                         \
         .help = "decoupled weight decay (AdamW)"},                                                \
    {                                                                                              \
        .name = "tolerance", .type = PAL_PARAM_REAL, .offset = PAL_FEATURE_FIELD(tolerance),       \
        .initial = "1e-5", .min = 0, .max = 1,                                                     \
        .help = "relative change of the loss under which training ends"                            \
    }

#endif
