/* domain_adapt.c - a taste in features, learned where there are many events, for items of which few
 * or none are known (Ganin, Ustinova, Ajakan, Germain, Larochelle, Laviolette, Marchand, Lempitsky
 * 2016, "Domain-adversarial training of neural networks"; Sun, Saenko 2016, "Deep CORAL").
 *
 * An item of either domain is z = d ∘ s + MLP(s), s = Σ_f w_f F_f over its features (features.h),
 * and from there, the same for both domains, what it adds to a person h = W_h z + c_h, what it is
 * scored by e = W_e z + c_e, and a bias. A person is Σ h / √n over what he used in the log plus the
 * same of the source, score = x · e + b; both domains' uses are learned to be guessed
 * (transfer/heads.h). So that what holds in the source holds in the log, z must not tell the
 * domains apart: a judge, an MLP from z to the log-odds of the source, learns to, and its gradient
 * goes on into z turned round, times adversarial · (2 / (1 + exp(-10 share of training)) - 1); with
 * coral=c the loss has c k |C_s - C_t|² / 4, C the covariance of a domain's z and k its factors
 * (the paper's is divided by 4 k²; domain_align.c). Items without an event have features as all
 * others. Cost of a step: 3 (2 factors + 1) factors multiply-adds an item of both domains and 4
 * factors a feature of it, 4 (factors + 1) an item and person and domain. The model is
 * 4 (2 factors + 1) bytes an item, 4 factors an item of the source. */
#include "models/transfer/domain_adapt.h"

#include <math.h>

#include "models/training_rows.h"
#include "models/transfer/transfer.h"

#define ADAPT_ROW(member, row_type, text, least, most, by, sentence)                               \
    PAL_ROW(adapt_params, member, row_type, text, least, most, by, sentence)

static const pal_param adapt_table[] = {
    ADAPT_ROW(factors, PAL_PARAM_INT, "64", 1, 1024, PAL_LOG, "numbers of a representation"),
    ADAPT_ROW(layers, PAL_PARAM_INTS, NULL, 1, 4096, PAL_LINEAR,
              "sizes of the hidden layers from features to a representation, e.g. 128,64; without: "
              "a weighed sum of the rows of features"),
    PAL_ROW_CHOICE(adapt_params, activation, "relu", pal_activations, "what hidden units do"),
    PAL_TRANSFER_SOURCE_ROW(adapt_params),
    ADAPT_ROW(source_weight, PAL_PARAM_REAL, "1", 0, 1000, PAL_LOG,
              "weight of the loss of the source's events; the log's is 1"),
    ADAPT_ROW(adversarial, PAL_PARAM_REAL, "1", 0, 1000, PAL_LOG,
              "how much representations learn to deceive the judge of domains; 0: there is none"),
    ADAPT_ROW(coral, PAL_PARAM_REAL, "0", 0, 1e6, PAL_LOG,
              "weight of the squared difference of the domains' covariances; 0: none"),
    ADAPT_ROW(dropout, PAL_PARAM_REAL, "0.2", 0.01, 0.99, PAL_LINEAR,
              "share of what a person used that a step does not show but asks for"),
    ADAPT_ROW(
        hide, PAL_PARAM_REAL, "0.2", 0, 0.5, PAL_LINEAR,
        "share of steps in which somebody known in both domains is shown without the one, and "
        "without the other"),
    PAL_TRAINING_ROWS(adapt_params, "people", "200", "10", "256", 1000000, "0.003", "1e-6"),
    ADAPT_ROW(decay, PAL_PARAM_REAL, "0.05", 0, 100, PAL_LOG,
              "decoupled weight decay (AdamW) of all that is learned"),
    {0},
};

PAL_PERSON_SLOTS(domain_adapt)

static void adapt_estimate(const void *params, const pal_log *log, int32_t n_threads,
                           pal_estimate *out) {
    enum { FEATURES = 16 }; /* of an item: a guess, catalogs are not seen here */
    const adapt_params *p = params;
    double k = (double)p->factors + 1, n_items = log->n_items, n_users = log->n_users,
           epochs = p->patience > 0 ? (double)p->epochs / 3 : (double)p->epochs,
           batch = fmin((double)p->batch, n_users), steps = ceil(n_users / batch),
           mean = (double)log->n_events / n_users;
    out->seconds = epochs *
                   (n_users * 4 * n_items * k / 8e10 + (double)log->n_events * k * 0.6e-9 +
                    steps * n_items * (6 * k * k / 4e10 + FEATURES * k * 0.5e-9)) /
                   n_threads;
    out->bytes = 24 * (double)log->n_events + 4 * n_items * (16 * k + 3 * FEATURES) +
                 24 * batch * (k + mean) + 24 * n_items * k +
                 pal_softmax_bytes(log->n_items, k, n_threads) + 4 * PAL_DOMAIN_CHUNKS * 2 * k * k;
}

const pal_kind pal_kind_domain_adapt = {
    .name = "domain_adapt",
    .family = "transfer",
    .summary =
        "items of the log and of its source as representations of their features that do not "
        "tell which of both they are from",
    .paper = "Ganin et al.: Domain-adversarial training of neural networks, JMLR 17, 2016; Sun, "
             "Saenko: Deep CORAL, ECCV workshops 2016",
    .derivation =
        "Tasks and people pass derivatives on as in multitask: e_i takes (a p_i - a_i) x, h_i "
        "takes "
        "∂L/∂x / √n, so ∂L/∂z = W_hᵀ ∂L/∂h + W_eᵀ ∂L/∂e + w_b ∂L/∂b. The judge's loss J = Σ_i s_i "
        "(softplus(l_i) - y_i l_i), s_i = 1/2 over the items of i's domain, has ∂J/∂l_i = s_i "
        "(σ(l_i) - y_i); its own weights step down it, z takes -λ ∂J/∂z. With G = C_s - C_t and "
        "K = c k |G|² / 4: ∂K/∂z_i = c k G (z_i - mean) / (n - 1) for an item of the source and "
        "minus that for one of the log; what the mean takes sums to 0. s passes on as in an MLP "
        "with a bridge, ∂L/∂s = d ∘ ∂L/∂z + Wᵀ (∂L/∂h' ∘ f'), and the row F_f of a feature takes "
        "w_f ∂L/∂s.",
    .measured =
        "On ml-latest-small, --split cold_users --domain genres --source-domain Drama,Thriller "
        "--target-domain Comedy,Children --source-until all, people of whom the source alone is "
        "known have a test "
        "ndcg@10 of .482 by the features of films alone; popular, which answers them without the "
        "source, has .386. adversarial=0 is level there (validation .562 against .563), hidden "
        "layers cost (layers=64: .497). In ten planted worlds whose source and log have features "
        "turned against each other by half a turn, lists hold .47 of the person's camp with "
        "adversarial=0, .77 with adversarial=3, .69 with coral=4 (factors=16 batch=32).",
    .represents = "the sum of what the features of what he used in either domain add | {factors} "
                  "numbers from its features",
    .traits = PAL_SCORES_NEW_USERS | PAL_SCORES_NEW_ITEMS | PAL_NEEDS_CATALOG | PAL_IS_STOCHASTIC |
              PAL_USES_SOURCE,
    .params = adapt_table,
    .params_size = sizeof(adapt_params),
    .state_size = sizeof(pal_person_state),
    .fit = pal_adapt_fit,
    .prepare = domain_adapt_prepare,
    .scratch_bytes = domain_adapt_scratch_bytes,
    .score = domain_adapt_score,
    .tensors = domain_adapt_tensors,
    .explain = domain_adapt_explain,
    .answers = domain_adapt_answers,
    .estimate = adapt_estimate,
};
