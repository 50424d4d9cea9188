/* pointwise.h - learning from one (user, item, target) after the other: what mf, gmf and nn share.
 *
 * A form says how a prediction comes from a row of the user, a row of the item and global
 * parameters, and what its derivatives are. Everything else is here: targets, negatives, the order
 * of steps, optimizers, epochs, state, fold-in, explanation of costs.
 *
 * With prediction r̂ and target r the loss of one triple is (r - r̂)² for values, and for events
 * (1: happened, 0: drawn as a negative) -log σ(r̂) or -log(1 - σ(r̂)); `l2` times the squares of both
 * rows is added. A step moves every parameter x by learning_rate · (e ∂r̂/∂x - 2 l2 x), with
 * e = 2 (r - r̂) for values and r - σ(r̂) for events, all from the values before the step. */
#ifndef PAL_MODELS_POINTWISE_H
#define PAL_MODELS_POINTWISE_H

#include "models/model.h"

typedef enum { PAL_TARGET_AUTO, PAL_TARGET_VALUE, PAL_TARGET_EVENT } pal_target_choice;
typedef enum { PAL_STEP_BLOCKS, PAL_STEP_ONE, PAL_STEP_WHOLE } pal_step_order;
typedef enum { PAL_INIT_NORMAL, PAL_INIT_UNIFORM } pal_init_choice;

typedef struct { /* the first field of the parameters of each such kind */
    int32_t target, optimizer, step, init;
    int64_t epochs, patience, negatives;
    double learning_rate, l2, tolerance;
} pal_pointwise_options;
extern const char *const pal_pointwise_targets[],
    *const pal_pointwise_optimizers[], *const pal_pointwise_steps[], *const pal_pointwise_inits[];

/* Rows of a kind's table for these options; what differs between kinds are the initial values. */
#define PAL_POINTWISE_ROW(member, row_type, text, least, most, by, sentence)                       \
    {                                                                                              \
        .name = #member, .type = row_type, .offset = offsetof(pal_pointwise_options, member),      \
        .initial = text, .min = least, .max = most, .scale = by, .help = sentence                  \
    }
#define PAL_POINTWISE_CHOICE(member, names, sentence)                                              \
    {                                                                                              \
        .name = #member, .type = PAL_PARAM_CHOICE,                                                 \
        .offset = offsetof(pal_pointwise_options, member), .choices = names, .help = sentence      \
    }
#define PAL_POINTWISE_ROWS(rate)                                                                   \
    PAL_POINTWISE_CHOICE(target, pal_pointwise_targets,                                            \
                         "what is learned: value (ratings), event (used or not), or auto: values " \
                         "where they are ratings"),                                                \
        PAL_POINTWISE_ROW(epochs, PAL_PARAM_INT, "100", 1, 100000, PAL_LOG,                        \
                          "passes over the data at the most"),                                     \
        PAL_POINTWISE_ROW(patience, PAL_PARAM_INT, "5", 0, 100000, PAL_LINEAR,                     \
                          "epochs without a better validation after which training ends; 0: all "  \
                          "epochs"),                                                               \
        PAL_POINTWISE_ROW(learning_rate, PAL_PARAM_REAL, rate, 1e-7, 10, PAL_LOG,                  \
                          "length of a step against the gradient"),                                \
        PAL_POINTWISE_ROW(l2, PAL_PARAM_REAL, "-1", -1, 10, PAL_LOG,                               \
                          "regularization of the rows of users and items; -1: 0.05 for values, "   \
                          "0.01 for events"),                                                      \
        PAL_POINTWISE_ROW(negatives, PAL_PARAM_INT, "4", 0, 1000, PAL_LOG,                         \
                          "items drawn for each event as not used (target event)"),                \
        PAL_POINTWISE_ROW(tolerance, PAL_PARAM_REAL, "1e-6", 0, 1, PAL_LOG,                        \
                          "relative change of the loss in an epoch under which training ends"),    \
        PAL_POINTWISE_CHOICE(optimizer, pal_pointwise_optimizers,                                  \
                             "plain gradient steps, or Adam (Kingma and Ba 2015)"),                \
        PAL_POINTWISE_CHOICE(step, pal_pointwise_steps,                                            \
                             "order of steps: blocks of users and items side by side, one after "  \
                             "the other, or one step for the whole data"),                         \
        PAL_POINTWISE_CHOICE(init, pal_pointwise_inits,                                            \
                             "where parameters start: normal, with standard deviation 0.1, or "    \
                             "uniform in [0, 1) as in the article")

typedef struct pal_form {
    const void *params;
    int32_t user_width, item_width, n_globals;
    int32_t n_fixed_globals; /* the first ones are not learned (the mean) */
    bool rows_are_fixed;     /* only globals are learned */
    bool scales_values;      /* targets are brought to [0, 1] and predictions back */
    bool subtracts_mean;     /* globals[0] is the mean of the targets */
    int32_t scratch_doubles;

    /* r̂ and its derivatives; d_* have the shapes of what they derive by. Derivatives by fixed
     * globals are not asked for. */
    double (*derive)(const struct pal_form *form, const double *user, const double *item,
                     const double *globals, double *d_user, double *d_item, double *d_globals,
                     double *scratch);
    double (*predict)(const struct pal_form *form, const double *user, const double *item,
                      const double *globals, double *scratch);
    /* Starts the globals after the fixed ones: [n_globals]; `uniform` is in [0, 1) where the
     * article asks for it. */
    void (*start)(const struct pal_form *form, pal_init_choice init, uint64_t seed,
                  double *globals);
    /* The part of a row that starts as `init` says; what follows (biases) starts at 0 unless init
     * is uniform. */
    int32_t n_factors;
} pal_form;

typedef struct {                    /* of trained kinds */
    float *users;                   /* [n_users, user_width] */
    float *items;                   /* [n_items, item_width] */
    float *globals;                 /* [n_globals] */
    float *stranger;                /* [user_width] mean of the users' rows */
    double *facts;                  /* [PAL_FACTS] */
    double *item_rows, *global_row; /* derived: the same in double */
    int32_t n_users, n_items;
} pal_pointwise_state;
enum { PAL_FACT_PREDICTS_VALUES, PAL_FACT_SHIFT, PAL_FACT_SCALE, PAL_FACT_HIGHEST, PAL_FACTS };

/* --- the core, in double: used by the kinds and by the case (choose/case.c) --- */

typedef struct {
    int32_t n_users, n_items;
    double *users, *items, *globals; /* shapes of the form */
} pal_weights;

typedef struct { /* triples in any order */
    int64_t n;
    const int32_t *users, *items;
    const double *targets;
} pal_triples;

/* Draws all parameters: users, then items, then globals, from one stream. */
void pal_weights_draw(const pal_form *form, pal_init_choice init, uint64_t seed,
                      pal_weights *weights);
/* One gradient step over all triples, from the values before it (squared loss). Returns the loss
 * before the step. gradients: room for users, items and globals together. */
double pal_step_whole(const pal_form *form, const pal_triples *triples, double rate, double l2,
                      pal_weights *weights, double *gradients, double *scratch);
/* One step a triple, in the order given. Returns the sum of the losses, each before its step. */
double pal_step_each(const pal_form *form, const pal_triples *triples, double rate, double l2,
                     pal_weights *weights, double *scratch);
/* Σ (r - r̂)² */
double pal_loss_squared(const pal_form *form, const pal_triples *triples,
                        const pal_weights *weights, double *scratch);
/* Doubles of scratch for the functions above. */
int64_t pal_form_scratch(const pal_form *form);

/* --- what a kind's slots call --- */

enum { PAL_VALUES_LARGE = 1000 }; /* beyond them it is the values whose steps are too long */
/* The sentence of a loss that left all bounds; largest: size of the values, 0: none are learned. */
pal_status pal_fail_diverged(pal_ctx *ctx, const char *name, int64_t epoch, double learning_rate,
                             double largest);

pal_status pal_pointwise_fit(pal_ctx *ctx, const char *name, const pal_pointwise_options *options,
                             const pal_form *form, const pal_train_input *train, pal_arena *arena,
                             pal_arena *scratch, pal_pointwise_state *state);
pal_status pal_pointwise_prepare(pal_ctx *ctx, const pal_form *form, pal_arena *arena,
                                 pal_pointwise_state *state);
size_t pal_pointwise_scratch_bytes(const pal_form *form, const pal_pointwise_state *state);
void pal_pointwise_score(const pal_pointwise_options *options, const pal_form *form,
                         const pal_pointwise_state *state, const pal_query *queries,
                         int32_t n_queries, void *scratch, float *scores);
/* The row that stands for the query: a known user's, or folded in from the history by the steps of
 * training with the items as they are. [user_width] in scratch. */
const double *pal_pointwise_row(const pal_pointwise_options *options, const pal_form *form,
                                const pal_pointwise_state *state, const pal_query *query,
                                void *scratch);
int32_t pal_pointwise_tensors(const pal_form *form, pal_pointwise_state *state, int32_t n_users,
                              int32_t n_items, pal_tensor tensors[PAL_TENSORS_MAX]);
bool pal_pointwise_predicts_values(const pal_pointwise_state *state);
void pal_pointwise_estimate(const pal_pointwise_options *options, const pal_form *form,
                            const pal_log *log, int32_t n_threads, pal_estimate *out);

#endif
