/* multitask.c - several things that people do, and a second domain, learned together: one row
 * stands for a person, and each task reads it in a way of its own (Caruana 1997; with no hidden
 * layers collective factorization, Singh and Gordon 2008, "Relational learning via collective
 * matrix factorization").
 *
 * x = P_u + Σ_(i used in the log) H_i / √n + Σ_(j used in the source) H_j / √m, and a task t scores
 * (d_t ∘ x + MLP_t(x)) · E_i + b_ti over the items of its domain. P is there for the log's users
 * with own=1. Items that are shared are one row of H and E, others rows of their own. Without
 * layers the score is bilinear: users, items of the log and items of the source are factorized
 * together, with the matrix of each task as one relation. A step shows a part of what a person used
 * in both domains, sometimes of one alone, and asks each task for the rest (transfer/domains.h);
 * the loss is the sum over tasks of weight times softmax over the items of the domain
 * (transfer/heads.h). The first head scores: the log's target. Cost of an epoch: 4 (factors + 1)
 * n_items multiply-adds a person and task, 2 factors a pair. The model is 4 (2 factors + 1) bytes
 * an item, 4 factors an item of the source. */
#include "models/transfer/multitask.h"

#include <math.h>

#include "models/training_rows.h"
#include "models/transfer/transfer.h"

#define MULTITASK_ROW(member, row_type, text, least, most, by, sentence)                           \
    PAL_ROW(multitask_params, member, row_type, text, least, most, by, sentence)

static const pal_param multitask_table[] = {
    MULTITASK_ROW(factors, PAL_PARAM_INT, "64", 1, 4096, PAL_LOG,
                  "length of the rows of people and items, without the item's bias"),
    MULTITASK_ROW(layers, PAL_PARAM_INTS, NULL, 1, 4096, PAL_LINEAR,
                  "sizes of the hidden layers of each task's tower, e.g. 128,64; without: a factor "
                  "for each number of a person's row"),
    PAL_ROW_CHOICE(multitask_params, activation, "relu", pal_activations, "what hidden units do"),
    MULTITASK_ROW(targets, PAL_PARAM_TEXT, NULL, 0, 0, PAL_LINEAR,
                  "types of events that are learned to be guessed, each by a head of its own, e.g. "
                  "view,purchase; the first that is evaluated scores; without: what is evaluated"),
    MULTITASK_ROW(weights, PAL_PARAM_TEXT, NULL, 0, 0, PAL_LINEAR,
                  "weights of the targets' losses, e.g. 1,2; without: all 1"),
    PAL_TRANSFER_SOURCE_ROW(multitask_params),
    MULTITASK_ROW(source_weight, PAL_PARAM_REAL, "1", 0, 1000, PAL_LOG,
                  "weight of the loss of the source's events; 0: they only tell about people"),
    MULTITASK_ROW(own, PAL_PARAM_FLAG, "0", 0, 0, PAL_LINEAR,
                  "a row of his own for each user of the log, beside those of what he used"),
    MULTITASK_ROW(dropout, PAL_PARAM_REAL, "0.2", 0.01, 0.99, PAL_LINEAR,
                  "share of what a person used that a step does not show but asks for"),
    MULTITASK_ROW(
        hide, PAL_PARAM_REAL, "0.2", 0, 0.5, PAL_LINEAR,
        "share of steps in which somebody known in both domains is shown without the one, "
        "and without the other"),
    PAL_TRAINING_ROWS(multitask_params, "people", "200", "10", "256", 1000000, "0.003", "1e-6"),
    MULTITASK_ROW(decay, PAL_PARAM_REAL, "0.05", 0, 100, PAL_LOG,
                  "decoupled weight decay (AdamW) of rows"),
    {0},
};

PAL_PERSON_SLOTS(multitask)

static void multitask_estimate(const void *params, const pal_log *log, int32_t n_threads,
                               pal_estimate *out) {
    const multitask_params *p = params;
    double k = (double)p->factors + 1, n_items = log->n_items, n_users = log->n_users,
           epochs = p->patience > 0 ? (double)p->epochs / 3 : (double)p->epochs,
           batch = fmin((double)p->batch, n_users), mean = (double)log->n_events / n_users,
           steps = ceil(n_users / batch);
    out->seconds = epochs *
                   (n_users * 4 * n_items * k / 8e10 + (double)log->n_events * k * 0.6e-9 +
                    steps * n_items * k * 2e-9) /
                   n_threads;
    out->bytes = 40 * (double)log->n_events + 40 * n_items * k + 24 * batch * (k + mean) +
                 pal_softmax_bytes(log->n_items, k, n_threads) + 4.0 * n_users * k * 4 * p->own;
}

const pal_kind pal_kind_multitask = {
    .name = "multitask",
    .family = "transfer",
    .summary = "several things that people do, in the log and in its source, learned together from "
               "one row for a person",
    .paper = "Singh, Gordon: Relational learning via collective matrix factorization, KDD 2008",
    .derivation =
        "With z_i = h·E_i + b_i, h = d ∘ x + MLP(x) and L = a log Σ_i exp z_i - Σ_i a_i z_i for a "
        "person of whom the task asks items i with amounts a_i, a their sum: ∂L/∂z_i = a p_i - a_i "
        "with p the softmax of z, so ∂L/∂E_i = (a p_i - a_i) h, ∂L/∂b_i = a p_i - a_i and ∂L/∂h = "
        "Σ_i (a p_i - a_i) E_i. Then ∂L/∂d = x ∘ ∂L/∂h, and ∂L/∂x is d ∘ ∂L/∂h with what the "
        "layers pass on, ∂L/∂h' = Wᵀ (∂L/∂h ∘ f'). x is one for all tasks, so its derivative is "
        "the sum of theirs, each times the task's weight over the mean of its amounts; the row H_i "
        "of what was used takes it times 1/√n, the person's own row takes it whole.",
    .measured =
        "On ml-latest-small, --split cold_users --domain genres --source-domain Drama,Thriller "
        "--target-domain Comedy,Children --source-until all, people of whom the source alone is "
        "known have a test "
        "ndcg@10 of .505, popular, which answers them without the source, .386, merged(als) "
        ".518, merged(ease) .532. In one domain, MovieLens 100K split at random within users, "
        "it is .319 on the test (bpr .310, als .326). What a step leaves out (dropout) counts "
        "most there: validation has .256 with .2, .244 with .5; own rows of users, other "
        "factors and weights of the source move it less. In the demo world (demo --source "
        "second --split cold_users --source-until all) people of whom the source alone is known "
        "have .259, popular"
        " .112, merged(als) .256; with the source that shares no taste (--source control) .117 "
        "and .112. There, split by time, several targets help: validation has .105 with "
        "targets=purchase,view,cart, .098 with purchase alone (als .095).",
    .represents = "the sum of rows of {factors} numbers of what he used in either domain | a row "
                  "of {factors} numbers and a bias",
    .traits = PAL_SCORES_NEW_USERS | PAL_IS_STOCHASTIC | PAL_USES_SOURCE,
    .params = multitask_table,
    .params_size = sizeof(multitask_params),
    .state_size = sizeof(pal_person_state),
    .fit = pal_multitask_fit,
    .prepare = multitask_prepare,
    .scratch_bytes = multitask_scratch_bytes,
    .score = multitask_score,
    .tensors = multitask_tensors,
    .explain = multitask_explain,
    .answers = multitask_answers,
    .estimate = multitask_estimate,
};
