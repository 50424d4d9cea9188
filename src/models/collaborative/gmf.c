/* gmf.c - generalized matrix factorization, as in the article (DESIGN.md section 7; He et al. 2017,
 * "Neural collaborative filtering", its linear part).
 *
 * r̂_ij = Σ_f u_if v_jf w_f, with biases=1 also m + b_i + c_j, m the mean of the training values.
 * Steps and losses: models/pointwise.h; derivation: the reference page. Cost: as mf, with three
 * products a factor. */
#include <math.h>

#include "base/rng.h"
#include "models/factors.h"
#include "models/forms.h"

typedef struct {
    pal_pointwise_options pointwise; /* first: the rows of pointwise.h point into it */
    int64_t factors;
    bool biases;
} gmf_params;

static const pal_param gmf_table[] = {
    {.name = "factors",
     .type = PAL_PARAM_INT,
     .offset = offsetof(gmf_params, factors),
     .initial = "64",
     .min = 1,
     .max = 4096,
     .scale = PAL_LOG,
     .help = "length of the rows U_i and V_j and of the weights w"},
    {.name = "biases",
     .type = PAL_PARAM_FLAG,
     .offset = offsetof(gmf_params, biases),
     .initial = "1",
     .help =
         "learn how high each user values and each item is valued; 0: the products alone, as in "
         "the article"},
    PAL_POINTWISE_ROWS("0.01"),
    {0},
};

/* Rows are the factors, then the bias; globals: the mean (with biases), then w. */
static double gmf_predict(const pal_form *form, const double *user, const double *item,
                          const double *globals, double *scratch) {
    (void)scratch;
    int32_t k = form->n_factors, fixed = form->n_fixed_globals;
    const double *w = globals + fixed;
    double sums[4] = {0};
    int32_t f = 0;
    for (; f + 4 <= k; f += 4) {
        for (int32_t lane = 0; lane < 4; lane++)
            sums[lane] += user[f + lane] * item[f + lane] * w[f + lane];
    }
    for (; f < k; f++) sums[0] += user[f] * item[f] * w[f];
    double r = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    return fixed ? r + globals[0] + user[k] + item[k] : r;
}

static double gmf_derive(const pal_form *form, const double *user, const double *item,
                         const double *globals, double *d_user, double *d_item, double *d_globals,
                         double *scratch) {
    int32_t k = form->n_factors, fixed = form->n_fixed_globals;
    const double *w = globals + fixed;
    for (int32_t f = 0; f < k; f++) {
        d_user[f] = item[f] * w[f];
        d_item[f] = user[f] * w[f];
        d_globals[fixed + f] = user[f] * item[f];
    }
    if (fixed) d_user[k] = d_item[k] = 1;
    return gmf_predict(form, user, item, globals, scratch);
}

static void gmf_start(const pal_form *form, pal_init_choice init, uint64_t seed, double *globals) {
    pal_rng rng = pal_rng_at(pal_seed_for(seed, "weights of gmf"), 0);
    for (int32_t g = form->n_fixed_globals; g < form->n_globals; g++)
        globals[g] =
            init == PAL_INIT_UNIFORM ? pal_rng_uniform(&rng) : 1 + 0.1 * pal_rng_normal(&rng);
}

pal_form pal_form_gmf(const void *params) {
    const gmf_params *p = params;
    int32_t width = (int32_t)p->factors + p->biases;
    return (pal_form){.params = params,
                      .user_width = width,
                      .item_width = width,
                      .n_globals = (int32_t)p->factors + p->biases,
                      .n_fixed_globals = p->biases,
                      .subtracts_mean = p->biases,
                      .derive = gmf_derive,
                      .predict = gmf_predict,
                      .start = gmf_start,
                      .n_factors = (int32_t)p->factors};
}

PAL_FACTORS_SLOTS(gmf, gmf_params)

static int32_t gmf_explain(const void *params, const void *state, const pal_query *query,
                           int32_t item, void *scratch, pal_reason *reasons) {
    pal_form form = pal_form_gmf(params);
    const pal_pointwise_state *s = state;
    const double *user = pal_pointwise_row(params, &form, s, query, scratch);
    const double *row = s->item_rows + (int64_t)item * form.item_width;
    double score = gmf_predict(&form, user, row, s->global_row, NULL);
    bool has_biases = form.n_fixed_globals > 0;
    double mean = has_biases ? s->global_row[0] : 0,
           of_user = has_biases ? user[form.n_factors] : 0,
           of_item = has_biases ? row[form.n_factors] : 0;
    return pal_factors_reasons(s, score - mean - of_user - of_item, mean, of_user, of_item,
                               reasons);
}

const pal_kind pal_kind_gmf = {
    .name = "gmf",
    .family = "collaborative",
    .summary = "matrix factorization whose factors have learned weights",
    .paper = "He, Liao, Zhang, Nie, Hu, Chua: Neural collaborative filtering, WWW 2017",
    .derivation =
        "With r̂ = Σ_f u_f v_f w_f and L = (r - r̂)²: ∂r̂/∂u_f = v_f w_f, ∂r̂/∂v_f = u_f w_f, "
        "∂r̂/∂w_f = u_f v_f, and ∂L/∂x = -2 (r - r̂) ∂r̂/∂x for each of them. A step of length α is "
        "u_f ← u_f + 2α (r - r̂) v_f w_f, v_f ← v_f + 2α (r - r̂) u_f w_f, w_f ← w_f + 2α (r - r̂) "
        "u_f v_f, all from the old values. In blocks w is averaged over the blocks of a round. The "
        "article's setting is `gmf biases=0 l2=0 init=uniform step=one learning_rate=0.01 "
        "factors=10`.",
    .traits = PAL_SCORES_NEW_USERS | PAL_IS_STOCHASTIC | PAL_PREDICTS_VALUES | PAL_IGNORES_WEIGHTS,
    .params = gmf_table,
    .params_size = sizeof(gmf_params),
    .state_size = sizeof(pal_pointwise_state),
    .fit = gmf_fit,
    .prepare = gmf_prepare,
    .scratch_bytes = gmf_scratch_bytes,
    .score = gmf_score,
    .tensors = gmf_tensors,
    .explain = gmf_explain,
    .predicts_values = gmf_predicts_values,
    .estimate = gmf_estimate,
};
