/* mf.c - matrix factorization by gradient steps, as in the article (DESIGN.md section 7), with
 * biases where asked (Koren, Bell, Volinsky 2009; Funk 2006).
 *
 * r̂_ij = U_i·V_j, with biases=1 r̂_ij = m + b_i + c_j + U_i·V_j, m the mean of the training values.
 * Steps and losses: models/pointwise.h; derivation: the reference page. Cost: an epoch takes 6 k
 * multiply-adds a value (times 1 + negatives for events), 16 k bytes a user and item meanwhile. */
#include <math.h>

#include "models/factors.h"
#include "models/forms.h"

typedef struct {
    pal_pointwise_options pointwise; /* first: the rows of pointwise.h point into it */
    int64_t factors;
    bool biases;
} mf_params;

static const pal_param mf_table[] = {
    {.name = "factors",
     .type = PAL_PARAM_INT,
     .offset = offsetof(mf_params, factors),
     .initial = "64",
     .min = 1,
     .max = 4096,
     .scale = PAL_LOG,
     .help = "length of the rows U_i and V_j"},
    {.name = "biases",
     .type = PAL_PARAM_FLAG,
     .offset = offsetof(mf_params, biases),
     .initial = "1",
     .help = "learn how high each user values and each item is valued; 0: U_i·V_j alone, as in the "
             "article"},
    PAL_POINTWISE_ROWS("0.01"),
    {0},
};

/* Rows are the factors, then the bias; globals: the mean. */
static double mf_predict(const pal_form *form, const double *user, const double *item,
                         const double *globals, double *scratch) {
    (void)scratch;
    const mf_params *p = form->params;
    int32_t k = form->n_factors;
    double r = pal_factors_dot(user, item, k);
    return p->biases ? r + globals[0] + user[k] + item[k] : r;
}

static double mf_derive(const pal_form *form, const double *user, const double *item,
                        const double *globals, double *d_user, double *d_item, double *d_globals,
                        double *scratch) {
    const mf_params *p = form->params;
    int32_t k = form->n_factors;
    (void)d_globals;
    for (int32_t f = 0; f < k; f++) {
        d_user[f] = item[f];
        d_item[f] = user[f];
    }
    if (p->biases) d_user[k] = d_item[k] = 1;
    return mf_predict(form, user, item, globals, scratch);
}

pal_form pal_form_mf(const void *params) {
    const mf_params *p = params;
    int32_t width = (int32_t)p->factors + p->biases;
    return (pal_form){.params = params,
                      .user_width = width,
                      .item_width = width,
                      .n_globals = p->biases,
                      .n_fixed_globals = p->biases,
                      .subtracts_mean = p->biases,
                      .derive = mf_derive,
                      .predict = mf_predict,
                      .n_factors = (int32_t)p->factors};
}

PAL_FACTORS_SLOTS(mf, mf_params)

static int32_t mf_explain(const void *params, const void *state, const pal_query *query,
                          int32_t item, void *scratch, pal_reason *reasons) {
    pal_form form = pal_form_mf(params);
    const pal_pointwise_state *s = state;
    const double *user = pal_pointwise_row(params, &form, s, query, scratch);
    const double *row = s->item_rows + (int64_t)item * form.item_width;
    bool has_biases = ((const mf_params *)params)->biases;
    return pal_factors_reasons(
        s, pal_factors_dot(user, row, form.n_factors), has_biases ? s->global_row[0] : 0,
        has_biases ? user[form.n_factors] : 0, has_biases ? row[form.n_factors] : 0, reasons);
}

const pal_kind pal_kind_mf = {
    .name = "mf",
    .family = "collaborative",
    .summary = "a row of numbers for each user and item, whose product is the value (matrix "
               "factorization)",
    .paper = "Koren, Bell, Volinsky: Matrix factorization techniques for recommender systems, IEEE "
             "Computer 2009",
    .derivation =
        "With r̂ = U_i·V_j = Σ_f u_f v_f and the loss of one value L = (r - r̂)², the chain rule "
        "gives ∂L/∂u_f = -2 (r - r̂) ∂r̂/∂u_f and ∂r̂/∂u_f = v_f, so ∂L/∂U_i = -2 (r - r̂) V_j and "
        "by the same argument ∂L/∂V_j = -2 (r - r̂) U_i. A step of length α against the gradient "
        "is U_i ← U_i + 2α (r - r̂) V_j, V_j ← V_j + 2α (r - r̂) U_i, both from the old values. "
        "Biases enter r̂ as sums: ∂r̂/∂b_i = ∂r̂/∂c_j = 1. The article's setting is "
        "`mf biases=0 l2=0 init=uniform step=one learning_rate=0.01 factors=10`.",
    .traits = PAL_SCORES_NEW_USERS | PAL_IS_STOCHASTIC | PAL_PREDICTS_VALUES | PAL_IGNORES_WEIGHTS,
    .params = mf_table,
    .params_size = sizeof(mf_params),
    .state_size = sizeof(pal_pointwise_state),
    .fit = mf_fit,
    .prepare = mf_prepare,
    .scratch_bytes = mf_scratch_bytes,
    .score = mf_score,
    .tensors = mf_tensors,
    .explain = mf_explain,
    .predicts_values = mf_predicts_values,
    .estimate = mf_estimate,
};
