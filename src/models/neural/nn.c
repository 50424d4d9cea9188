/* nn.c - a small network over the rows of a user and an item, as in the article (DESIGN.md section
 * 7), with hidden layers and learned rows where asked.
 *
 * r̂_ij = σ(W_1·φ(U_i, V_j) + b_1), φ = (U_i, V_j), U_i ∘ V_j, or both one after the other. σ lives
 * in (0, 1): values are brought to it by their least and largest and predictions back. rows=fixed
 * keeps U and V as they were drawn (the article), rows=learned moves them too. layers=16,8 puts
 * hidden layers h_l = activation(W_l h_(l-1) + b_l) between. For target event, σ stands in the loss
 * -log σ(z): the same network, scored by z. Steps: models/pointwise.h; derivation: the reference
 * page. Cost: an epoch takes 3 times the number of weights and 6 k multiply-adds a value. */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "models/factors.h"
#include "models/forms.h"

typedef enum { NN_CONCAT, NN_PRODUCT, NN_BOTH } nn_features;
static const char *const nn_features_names[] = {"concat", "product", "both", NULL};
typedef enum { NN_ROWS_LEARNED, NN_ROWS_FIXED } nn_rows;
static const char *const nn_rows_names[] = {"learned", "fixed", NULL};
typedef enum { NN_RELU, NN_TANH, NN_SIGMOID } nn_activation;
static const char *const nn_activations[] = {"relu", "tanh", "sigmoid", NULL};

typedef struct {
    pal_pointwise_options pointwise; /* first: the rows of pointwise.h point into it */
    int64_t factors;
    int32_t features, rows, activation;
    pal_ints layers;
} nn_params;

static const pal_param nn_table[] = {
    {.name = "factors",
     .type = PAL_PARAM_INT,
     .offset = offsetof(nn_params, factors),
     .initial = "32",
     .min = 1,
     .max = 4096,
     .scale = PAL_LOG,
     .help = "length of the rows U_i and V_j"},
    {.name = "features",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(nn_params, features),
     .initial = "both",
     .choices = nn_features_names,
     .help = "what the network sees: both rows one after the other, their products, or both"},
    {.name = "rows",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(nn_params, rows),
     .choices = nn_rows_names,
     .help = "whether U and V are learned, or stay as drawn (the article)"},
    {.name = "layers",
     .type = PAL_PARAM_INTS,
     .offset = offsetof(nn_params, layers),
     .min = 1,
     .max = 4096,
     .help = "sizes of hidden layers, e.g. 32,16; without: one σ unit, as in the article"},
    {.name = "activation",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(nn_params, activation),
     .choices = nn_activations,
     .help = "what hidden units do"},
    PAL_POINTWISE_ROWS("0.05"),
    {0},
};

static int32_t nn_n_features(const nn_params *p) {
    int32_t k = (int32_t)p->factors;
    return p->features == NN_CONCAT ? 2 * k : p->features == NN_PRODUCT ? k : 3 * k;
}

/* Weights of a layer: n_out rows of n_in, then n_out biases; the last layer has one unit. */
static int32_t nn_layer_size(const nn_params *p, int32_t layer, int32_t *n_in) {
    *n_in = layer == 0 ? nn_n_features(p) : p->layers.at[layer - 1];
    return layer == p->layers.n ? 1 : p->layers.at[layer];
}

static int32_t nn_n_globals(const nn_params *p) {
    int32_t n = 0, n_in;
    for (int32_t layer = 0; layer <= p->layers.n; layer++) {
        int32_t n_out = nn_layer_size(p, layer, &n_in);
        n += n_out * (n_in + 1);
    }
    return n;
}

/* Units of all layers, features included, without the last. */
static int32_t nn_n_units(const nn_params *p) {
    int32_t n = nn_n_features(p);
    for (int32_t layer = 0; layer < p->layers.n; layer++) n += p->layers.at[layer];
    return n;
}

static double nn_sigmoid(double z) { return 1 / (1 + exp(-z)); }

static double nn_activate(nn_activation activation, double z) {
    return activation == NN_RELU   ? (z > 0 ? z : 0)
           : activation == NN_TANH ? tanh(z)
                                   : nn_sigmoid(z);
}

/* By what the unit gave. */
static double nn_slope(nn_activation activation, double h) {
    return activation == NN_RELU ? h > 0 : activation == NN_TANH ? 1 - h * h : h * (1 - h);
}

static void nn_fill_features(const nn_params *p, const double *user, const double *item,
                             double *out) {
    int32_t k = (int32_t)p->factors, n = 0;
    if (p->features != NN_PRODUCT) {
        memcpy(out, user, (size_t)k * sizeof *out);
        memcpy(out + k, item, (size_t)k * sizeof *out);
        n = 2 * k;
    }
    if (p->features != NN_CONCAT) {
        for (int32_t f = 0; f < k; f++) out[n + f] = user[f] * item[f];
    }
}

/* units: features, then the hidden layers one after the other. Returns z of the last unit. */
static double nn_forward(const nn_params *p, const double *user, const double *item,
                         const double *weights, double *units) {
    nn_fill_features(p, user, item, units);
    const double *in = units;
    double *out = units + nn_n_features(p), z = 0;
    for (int32_t layer = 0; layer <= p->layers.n; layer++) {
        int32_t n_in, n_out = nn_layer_size(p, layer, &n_in);
        for (int32_t o = 0; o < n_out; o++) {
            z = weights[n_out * n_in + o] + pal_factors_dot(weights + o * n_in, in, n_in);
            if (layer < p->layers.n) out[o] = nn_activate((nn_activation)p->activation, z);
        }
        weights += n_out * (n_in + 1);
        in = out;
        if (layer < p->layers.n) out += n_out;
    }
    return z;
}

/* Where σ stands in the loss, predictions are z. */
static bool nn_is_event(const pal_form *form) { return !form->scales_values; }

static double nn_output(const pal_form *form, double z) {
    return nn_is_event(form) ? z : nn_sigmoid(z);
}

static double nn_predict(const pal_form *form, const double *user, const double *item,
                         const double *globals, double *scratch) {
    const nn_params *p = form->params;
    return nn_output(form, nn_forward(p, user, item, globals, scratch));
}

/* From ∂r̂/∂units of a layer's output to its weights and its input. */
static void nn_back_layer(const double *weights, const double *in, int32_t n_in, int32_t n_out,
                          const double *d_out, double *d_weights, double *d_in) {
    memset(d_in, 0, (size_t)n_in * sizeof *d_in);
    for (int32_t o = 0; o < n_out; o++) {
        for (int32_t i = 0; i < n_in; i++) {
            d_weights[o * n_in + i] = d_out[o] * in[i];
            d_in[i] += d_out[o] * weights[o * n_in + i];
        }
        d_weights[n_out * n_in + o] = d_out[o];
    }
}

static void nn_back_features(const nn_params *p, const double *user, const double *item,
                             const double *d, double *d_user, double *d_item) {
    int32_t k = (int32_t)p->factors, n = 0;
    memset(d_user, 0, (size_t)k * sizeof *d_user);
    memset(d_item, 0, (size_t)k * sizeof *d_item);
    if (p->features != NN_PRODUCT) {
        memcpy(d_user, d, (size_t)k * sizeof *d_user);
        memcpy(d_item, d + k, (size_t)k * sizeof *d_item);
        n = 2 * k;
    }
    if (p->features != NN_CONCAT) {
        for (int32_t f = 0; f < k; f++) {
            d_user[f] += d[n + f] * item[f];
            d_item[f] += d[n + f] * user[f];
        }
    }
}

static double nn_derive(const pal_form *form, const double *user, const double *item,
                        const double *globals, double *d_user, double *d_item, double *d_globals,
                        double *scratch) {
    const nn_params *p = form->params;
    int32_t n_units = nn_n_units(p);
    double *units = scratch, *d_units = scratch + n_units;
    double z = nn_forward(p, user, item, globals, units);
    double r = nn_output(form, z), d_last = nn_is_event(form) ? 1 : r * (1 - r);
    const double *weights = globals + form->n_globals;
    double *d_weights = d_globals + form->n_globals;
    int32_t at = n_units;
    for (int32_t layer = p->layers.n; layer >= 0; layer--) {
        int32_t n_in, n_out = nn_layer_size(p, layer, &n_in);
        weights -= n_out * (n_in + 1);
        d_weights -= n_out * (n_in + 1);
        const double *d_out = layer == p->layers.n ? &d_last : d_units + at;
        at -= n_in;
        nn_back_layer(weights, units + at, n_in, n_out, d_out, d_weights, d_units + at);
        for (int32_t i = 0; layer > 0 && i < n_in; i++)
            d_units[at + i] *= nn_slope((nn_activation)p->activation, units[at + i]);
    }
    nn_back_features(p, user, item, d_units, d_user, d_item);
    return r;
}

/* Uniform in [0, 1) as in the article, or normal with variance 2 / n_in (He et al. 2015) and biases
 * of 0. */
static void nn_start(const pal_form *form, pal_init_choice init, uint64_t seed, double *globals) {
    const nn_params *p = form->params;
    pal_rng rng = pal_rng_at(pal_seed_for(seed, "weights of nn"), 0);
    for (int32_t layer = 0; layer <= p->layers.n; layer++) {
        int32_t n_in, n_out = nn_layer_size(p, layer, &n_in);
        for (int32_t w = 0; w < n_out * (n_in + 1); w++) {
            globals[w] = init == PAL_INIT_UNIFORM ? pal_rng_uniform(&rng)
                         : w < n_out * n_in       ? sqrt(2.0 / n_in) * pal_rng_normal(&rng)
                                                  : 0;
        }
        globals += n_out * (n_in + 1);
    }
}

pal_form pal_form_nn(const void *params, bool is_event) {
    const nn_params *p = params;
    return (pal_form){.params = params,
                      .user_width = (int32_t)p->factors,
                      .item_width = (int32_t)p->factors,
                      .n_globals = nn_n_globals(p),
                      .rows_are_fixed = p->rows == NN_ROWS_FIXED,
                      .scales_values = !is_event,
                      .scratch_doubles = 2 * nn_n_units(p),
                      .derive = nn_derive,
                      .predict = nn_predict,
                      .start = nn_start,
                      .n_factors = (int32_t)p->factors};
}

/* Which of the two losses it is, is known from the log when training, from the state after. */
static pal_status nn_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                         pal_arena *arena, pal_arena *scratch, void *state) {
    const nn_params *p = params;
    bool is_event =
        p->pointwise.target == PAL_TARGET_EVENT ||
        (p->pointwise.target == PAL_TARGET_AUTO && !train->log->about.values_are_ratings);
    pal_form form = pal_form_nn(params, is_event);
    return pal_pointwise_fit(ctx, "nn", &p->pointwise, &form, train, arena, scratch, state);
}

static pal_status nn_prepare(pal_ctx *ctx, const void *params, pal_arena *arena, void *state) {
    pal_form form = pal_form_nn(params, false);
    return pal_pointwise_prepare(ctx, &form, arena, state);
}

static size_t nn_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)n_queries;
    pal_form form = pal_form_nn(params, false);
    return pal_pointwise_scratch_bytes(&form, state);
}

static void nn_score(const void *params, const void *state, const pal_query *queries,
                     int32_t n_queries, void *scratch, float *scores) {
    pal_form form = pal_form_nn(params, !pal_pointwise_predicts_values(state));
    pal_pointwise_score(&((const nn_params *)params)->pointwise, &form, state, queries, n_queries,
                        scratch, scores);
}

static int32_t nn_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                          pal_tensor tensors[PAL_TENSORS_MAX]) {
    pal_form form = pal_form_nn(params, false);
    return pal_pointwise_tensors(&form, state, n_users, n_items, tensors);
}

static bool nn_predicts_values(const void *params, const void *state) {
    (void)params;
    return pal_pointwise_predicts_values(state);
}

static void nn_estimate(const void *params, const pal_log *log, int32_t n_threads,
                        pal_estimate *out) {
    pal_form form = pal_form_nn(params, false);
    pal_pointwise_estimate(&((const nn_params *)params)->pointwise, &form, log, n_threads, out);
}

const pal_kind pal_kind_nn = {
    .name = "nn",
    .family = "neural",
    .summary = "a network over the rows of a user and an item",
    .paper = "He, Liao, Zhang, Nie, Hu, Chua: Neural collaborative filtering, WWW 2017",
    .derivation =
        "With z = W_1·φ(U_i, V_j) + b_1, r̂ = σ(z) and L = (r - r̂)²: σ'(z) = r̂ (1 - r̂), so ∂L/∂z = "
        "-2 (r - r̂) r̂ (1 - r̂), ∂L/∂W_1 = ∂L/∂z · φ, ∂L/∂b_1 = ∂L/∂z, and for learned rows ∂L/∂φ = "
        "∂L/∂z · W_1: its first half belongs to U_i and its second to V_j where φ is their "
        "concatenation, and its part for the products gives ∂L/∂U_i = ∂L/∂φ ∘ V_j, ∂L/∂V_j = ∂L/∂φ "
        "∘ U_i. A hidden layer h = f(W h' + b) passes on ∂L/∂h' = Wᵀ (∂L/∂h ∘ f'). A step of "
        "length "
        "α moves each parameter by -α times its derivative, all from the old values. The article's "
        "setting is `nn features=concat rows=fixed l2=0 init=uniform step=one learning_rate=0.01 "
        "factors=10`.",
    .traits = PAL_SCORES_NEW_USERS | PAL_IS_STOCHASTIC | PAL_PREDICTS_VALUES | PAL_IGNORES_WEIGHTS,
    .params = nn_table,
    .params_size = sizeof(nn_params),
    .state_size = sizeof(pal_pointwise_state),
    .fit = nn_fit,
    .prepare = nn_prepare,
    .scratch_bytes = nn_scratch_bytes,
    .score = nn_score,
    .tensors = nn_tensors,
    .predicts_values = nn_predicts_values,
    .estimate = nn_estimate,
};
