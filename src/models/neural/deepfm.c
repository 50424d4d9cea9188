/* deepfm.c - a factorization machine and a network over the same rows (Guo, Tang, Ye, Li, He 2017,
 * "DeepFM: a factorization-machine based neural network for CTR prediction").
 *
 * logit = Σ_f w_f + Σ_(f<g) x_f·x_g + MLP(x_1, x_2, …), one row x_f and one weight w_f for each
 * field of the person (what he used, his profile) and of the item (itself, its features). Learned
 * from used, drawn and shown items by binary cross entropy: models/click_net.h, with the cost. The
 * model is 4 (factors + 1) (2 + fields) bytes an item and 4 (factors + 1) fields bytes a profile.
 */
#include "models/click_net.h"

static const pal_click_form deepfm_form = {.name = "deepfm", .has_fm = true};

static const pal_param deepfm_table[] = {
    PAL_CLICK_ROWS("64,32"),
    {0},
};

PAL_CLICK_SLOTS(deepfm)

const pal_kind pal_kind_deepfm = {
    .name = "deepfm",
    .family = "neural",
    .summary = "a factorization machine and a network over the rows of what a person used, his "
               "profile, the item and its features",
    .paper = "Guo, Tang, Ye, Li, He: DeepFM: a factorization-machine based neural network for CTR "
             "prediction, IJCAI 2017",
    .derivation =
        "With L = log(1 + exp(z)) - y z: ∂L/∂z = σ(z) - y. The machine's part is (|s|² - Σ_f "
        "|x_f|²) / 2 with s = Σ_f x_f, so ∂z/∂x_f = s - x_f plus what the network passes back to "
        "its input x_f; ∂z/∂w_f = 1. A row of a sum over a history or of a set of tokens takes "
        "this times its weight in the sum.",
    .represents =
        "the newest items used, summed, and a row for each part of the profile, {factors} "
        "numbers | a row of {factors} numbers and one for each feature",
    .traits = PAL_SCORES_NEW_USERS | PAL_IS_STOCHASTIC | PAL_READS_PROFILES | PAL_PAIRWISE,
    .params = deepfm_table,
    .params_size = sizeof(pal_click_options),
    .state_size = sizeof(pal_click_state),
    .fit = deepfm_fit,
    .prepare = deepfm_prepare,
    .scratch_bytes = deepfm_scratch_bytes,
    .score = deepfm_score,
    .score_some = deepfm_score_some,
    .tensors = deepfm_tensors,
    .answers = deepfm_answers,
    .profiles = deepfm_profiles,
    .estimate = deepfm_estimate,
};
