/* ranker.c - a network that orders few candidates by what their use is expected to be worth
 * (Covington, Adams, Sargin 2016, "Deep neural networks for YouTube recommendations": ranking).
 *
 * logit = Σ_f w_f + MLP(x_1, x_2, …, Σ person ∘ Σ item), a row x_f and a weight w_f for each field
 * of the person and of the item. Used items count as much as their value (time watched, amount
 * paid) against the mean, drawn and shown ones as 1: then exp(logit) is near the expected value.
 * Made for the candidates of a first stage: "two_tower > ranker". models/click_net.h has the rest
 * and the cost. The model is 4 (factors + 1) (2 + fields) bytes an item, 4 (factors + 1) fields
 * bytes a profile. */
#include "models/click_net.h"

static const pal_click_form ranker_form = {.name = "ranker", .has_product = true};

static const pal_param ranker_table[] = {
    PAL_CLICK_ROWS("128,64"),
    {.name = "weigh",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(pal_click_options, weigh),
     .initial = "auto",
     .choices = pal_click_weights,
     .help = "whether a used item counts as much as its value, at most ten times the mean; auto: "
             "where the log has values that are no ratings"},
    {0},
};

PAL_CLICK_SLOTS(ranker)

const pal_kind pal_kind_ranker = {
    .name = "ranker",
    .family = "neural",
    .summary = "a network over a person and an item that orders candidates by the value that their "
               "use is expected to have",
    .paper = "Covington, Adams, Sargin: Deep neural networks for YouTube recommendations, RecSys "
             "2016",
    .derivation =
        "With L = a (log(1 + exp(z)) - y z), a the value of a used item and 1 of others: ∂L/∂z = "
        "a (σ(z) - y). Where L is least the odds exp(z) are Σ a over used ÷ number of others, the "
        "expected value of showing the item when uses are few. The product's part gives ∂z/∂x_f "
        "= (Wᵀ ∂z/∂h) ∘ Σ fields of the other side.",
    .represents =
        "the newest items used, summed, and a row for each part of the profile, {factors} "
        "numbers | a row of {factors} numbers and one for each feature",
    .traits = PAL_SCORES_NEW_USERS | PAL_IS_STOCHASTIC | PAL_READS_PROFILES | PAL_PAIRWISE,
    .params = ranker_table,
    .params_size = sizeof(pal_click_options),
    .state_size = sizeof(pal_click_state),
    .fit = ranker_fit,
    .prepare = ranker_prepare,
    .scratch_bytes = ranker_scratch_bytes,
    .score = ranker_score,
    .score_some = ranker_score_some,
    .tensors = ranker_tensors,
    .answers = ranker_answers,
    .profiles = ranker_profiles,
    .estimate = ranker_estimate,
};
