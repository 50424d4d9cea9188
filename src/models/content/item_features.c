/* item_features.c - rows of factors that are sums of rows of features (Kula 2015, "Metadata
 * embeddings for user and item cold-start recommendations", LightFM).
 *
 * score(u, i) = P·T + b: an item's T is the sum of the rows of its features and of a row of its
 * own, P that of a person's profile and of a row of his own, b the sum of the item's linear
 * weights. An item that nobody used is told by its features, a stranger by a row learned from his
 * history with the items as they are. Sums, losses, steps and their cost: content/sums.h. The model
 * is 4 k bytes a user, an item and a feature. */
#include "models/content/sums.h"

static const pal_sums_form item_features_form = {.name = "item_features"};

static const char *const item_features_losses[] = {"bpr", "warp", NULL};

static const pal_param item_features_table[] = {
    {.name = "loss",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(pal_sums_options, loss),
     .initial = "warp",
     .choices = item_features_losses,
     .help = "what a used item below a drawn one costs: bpr, -log σ of the difference, or warp, "
             "which weighs by the guessed rank of the used item (Weston et al. 2011)"},
    PAL_SUMS_ROWS("0.001", "1", "0.1", "0.01", "0.1", "0"),
    {0},
};

PAL_SUMS_SLOTS(item_features)

const pal_kind pal_kind_item_features = {
    .name = "item_features",
    .family = "content",
    .summary = "a row of numbers for each user and item that is the sum of the rows of what is "
               "known of them, so that new items have one too",
    .paper = "Kula: Metadata embeddings for user and item cold-start recommendations, CBRecSys "
             "2015",
    .derivation =
        "With x = P·T_i + b_i - P·T_j - b_j and L = -log σ(x): ∂L/∂x = -σ(-x) = -e, so ∂L/∂T_i = "
        "-e P, ∂L/∂T_j = e P and ∂L/∂P = -e (T_i - T_j). T_i = v_i + Σ_f w_f x_f is a sum, so its "
        "own row v_i takes ∂L/∂T_i and the row x_f of a feature w_f ∂L/∂T_i, and alike for P; a "
        "feature that both items have takes the difference. Steps are Adam's.",
    .represents = "a row of {factors} numbers, the sum of those of the profile and of a row of its "
                  "own | a row of {factors} numbers, the sum of those of its features and of a row "
                  "of its own",
    .traits = PAL_SCORES_NEW_USERS | PAL_SCORES_NEW_ITEMS | PAL_IS_STOCHASTIC | PAL_READS_PROFILES,
    .params = item_features_table,
    .params_size = sizeof(pal_sums_options),
    .state_size = sizeof(pal_sums_state),
    .fit = item_features_fit,
    .prepare = item_features_prepare,
    .scratch_bytes = item_features_scratch_bytes,
    .score = item_features_score,
    .tensors = item_features_tensors,
    .explain = item_features_explain,
    .answers = item_features_answers,
    .profiles = item_features_profiles,
    .estimate = item_features_estimate,
};
