/* fm.c - a factorization machine over ids, features and histories (Rendle 2010, "Factorization
 * machines").
 *
 * With a row x_f, a linear weight and an amount w_f for every feature of a (person, item): the
 * person, his profile, the items he used before, the item, its features,
 *   score = Σ_f w_f · linear weight + Σ_(f<g) w_f w_g x_f·x_g.
 * Pairs of one person's and one item's feature make P·T with P and T the sums of either; pairs
 * within P are the same for all items. A stranger is told by his history, a new item by its
 * features. Sums, losses, steps and their cost: content/sums.h. The model is 4 k bytes a user, a
 * feature and twice an item. */
#include "models/content/sums.h"

static const pal_sums_form fm_form = {.name = "fm", .has_history = true, .has_products = true};

static const char *const fm_losses[] = {"bpr", "warp", "squared", NULL};

static const pal_param fm_table[] = {
    {.name = "loss",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(pal_sums_options, loss),
     .initial = "warp",
     .choices = fm_losses,
     .help = "what is learned: bpr, that used items come before drawn ones, -log σ of the "
             "difference; warp, the same weighed by the guessed rank of the used item (Weston et "
             "al. 2011); squared, the values themselves"},
    {.name = "history",
     .type = PAL_PARAM_INT,
     .offset = offsetof(pal_sums_options, history),
     .initial = "100",
     .min = 1,
     .max = 100000,
     .scale = PAL_LOG,
     .help = "items of the history that a step looks at; they stand for all of it"},
    PAL_SUMS_ROW(hide_history, PAL_PARAM_REAL, "0.2", 0, 1, PAL_LINEAR,
                 "share of the groups without the person's own row in which the history is left "
                 "out too, where there are profiles: for people of whom nothing else is known"),
    PAL_SUMS_ROWS("0.001", "3", "0.1", "0.01", "0.1", "0.5"),
    {0},
};

PAL_SUMS_SLOTS(fm)

static bool fm_predicts_values(const void *params, const void *state) {
    (void)params;
    return pal_sums_predicts_values(state);
}

const pal_kind pal_kind_fm = {
    .name = "fm",
    .family = "content",
    .summary = "a factorization machine: every two of what is known of a person, of what he used "
               "and of an item add something to the score",
    .paper = "Rendle: Factorization machines, ICDM 2010",
    .derivation =
        "With s = Σ_f w_f x_f over all features, Σ_(f<g) w_f w_g x_f·x_g = (|s|² - Σ_f w_f² "
        "|x_f|²) / 2: each pair stands twice in |s|², each square once. So ∂score/∂x_f = w_f s - "
        "w_f² x_f, and w_f for the linear weight. For x = score_i - score_j and L = -log σ(x) the "
        "rows of item i take -e times this with s of i, those of j e times it with s of j, e = "
        "σ(-x); those of the person take -e w_f (T_i - T_j), as what is within P cancels. For "
        "values L = (r - r̂)² and ∂L/∂r̂ = -2 (r - r̂). Steps are Adam's.",
    .represents = "a row of {factors} numbers, the sum of those of the items used, of the profile "
                  "and of a row of its own | a row of {factors} numbers, the sum of those of its "
                  "features and of a row of its own",
    .traits = PAL_SCORES_NEW_USERS | PAL_SCORES_NEW_ITEMS | PAL_IS_STOCHASTIC | PAL_READS_PROFILES |
              PAL_PREDICTS_VALUES,
    .params = fm_table,
    .params_size = sizeof(pal_sums_options),
    .state_size = sizeof(pal_sums_state),
    .fit = fm_fit,
    .prepare = fm_prepare,
    .scratch_bytes = fm_scratch_bytes,
    .score = fm_score,
    .tensors = fm_tensors,
    .explain = fm_explain,
    .answers = fm_answers,
    .profiles = fm_profiles,
    .predicts_values = fm_predicts_values,
    .estimate = fm_estimate,
};
