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
#include <string.h>

#include "models/history.h"
#include "models/transfer/transfer.h"
#include "nn/loops.h"

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
    MULTITASK_ROW(dropout, PAL_PARAM_REAL, "0.5", 0.01, 0.99, PAL_LINEAR,
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

/* A file may be damaged on purpose: the size that it tells must be that of the tower. */
static pal_status multitask_prepare(pal_ctx *ctx, const void *params, pal_arena *arena,
                                    void *state) {
    const multitask_params *p = params;
    multitask_state *s = state;
    pal_parameters network = {0};
    pal_tower_plan((int32_t)p->factors, &p->layers, p->activation, &network, &s->tower);
    if (s->network_range[1] != network.n || s->source_range[1] > INT32_MAX)
        return pal_fail(ctx, PAL_EFORMAT,
                        "multitask: the model's network does not fit: train it again");
    return pal_panels_pack_rows(ctx, "multitask", s->items, &s->small_items, s->n_items,
                                (int32_t)p->factors + 1, arena, &s->panels, &s->packed);
}

/* --- scores --- */

typedef struct {
    void *distinct, *source_distinct;
    float *row, *thing, *x, *room, *users;
} multitask_scratch;

static size_t multitask_carve(const multitask_params *p, const multitask_state *s,
                              int32_t n_queries, void *scratch, multitask_scratch *out) {
    size_t k = (size_t)p->factors, own = pal_history_bytes(s->n_items),
           both = own + pal_history_bytes((int32_t)s->source_range[1]),
           sizes[] = {k + 1, k + 1, k, (size_t)pal_tower_room(&s->tower),
                      (size_t)n_queries * (k + 1)};
    void *parts[5];
    size_t at = pal_scratch_cut(scratch, both, sizes, 5, parts);
    if (out)
        *out = (multitask_scratch){
            scratch, (char *)scratch + own, parts[0], parts[1], parts[2], parts[3], parts[4]};
    return at;
}

static size_t multitask_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    return multitask_carve(params, state, n_queries, NULL, NULL);
}

/* What a query used, in both domains, and how much each use weighs. */
typedef struct {
    int32_t n, n_source;
    const int32_t *items, *source_items; /* distinct */
    float share, source_share;
} multitask_uses;

static multitask_uses multitask_look(const multitask_state *s, const pal_query *query,
                                     const multitask_scratch *scratch) {
    multitask_uses uses;
    uses.n = pal_distinct_rows(query->items, query->n_events, s->n_items, scratch->distinct,
                               &uses.items);
    uses.n_source =
        pal_distinct_rows(query->source_items, query->n_source, (int32_t)s->source_range[1],
                          scratch->source_distinct, &uses.source_items);
    uses.share = uses.n ? 1 / sqrtf((float)uses.n) : 0;
    uses.source_share = uses.n_source ? 1 / sqrtf((float)uses.n_source) : 0;
    return uses;
}

static const float *multitask_own(const multitask_params *p, const multitask_state *s,
                                  const pal_query *query) {
    return p->own && query->user_plus_1 ? s->users + (query->user_plus_1 - 1) * p->factors : NULL;
}

/* One person at a time, so that a batch gives the same bits. */
static void multitask_person(const multitask_params *p, const multitask_state *s,
                             const pal_query *query, const multitask_scratch *scratch,
                             float *user) {
    const pal_loops *loops = pal_loops_best();
    int64_t k = p->factors;
    multitask_uses uses = multitask_look(s, query, scratch);
    const float *own = multitask_own(p, s, query);
    memset(scratch->x, 0, (size_t)k * sizeof *scratch->x);
    if (own) memcpy(scratch->x, own, (size_t)k * sizeof *own);
    for (int32_t h = 0; h < uses.n; h++)
        loops->add_scaled(scratch->x,
                          pal_row_at(s->history, &s->small_history, k, uses.items[h], scratch->row),
                          uses.share, k);
    for (int32_t h = 0; h < uses.n_source; h++)
        loops->add_scaled(
            scratch->x,
            pal_row_at(s->source_history, &s->small_source, k, uses.source_items[h], scratch->row),
            uses.source_share, k);
    pal_tower_forward(&s->tower, s->network, (int32_t)k, scratch->x, 1, scratch->room, user);
    user[k] = 1;
}

static void multitask_score(const void *params, const void *state, const pal_query *queries,
                            int32_t n_queries, void *scratch, float *scores) {
    const multitask_params *p = params;
    const multitask_state *s = state;
    multitask_scratch carved;
    multitask_carve(p, s, n_queries, scratch, &carved);
    for (int32_t q = 0; q < n_queries; q++)
        multitask_person(p, s, &queries[q], &carved, carved.users + q * (p->factors + 1));
    pal_panels_score(&s->packed, carved.users, n_queries, NULL, scores);
}

static bool multitask_answers(const void *params, const void *state, const pal_query *query) {
    (void)params;
    const multitask_state *s = state;
    for (int32_t e = 0; e < query->n_source; e++) {
        if (query->source_items[e] >= 0 && query->source_items[e] < s->source_range[1]) return true;
    }
    return false;
}

/* --- explanations --- */

static double multitask_dot(const multitask_state *s, const float *row, const float *item,
                            int64_t k) {
    double sum = 0;
    for (int64_t f = 0; f < k; f++)
        sum += (double)row[f] * (double)s->network[s->tower.scale + f] * (double)item[f];
    return sum;
}

/* The linear form is a sum over what was used; what hidden layers add to it is one reason more. */
static int32_t multitask_explain(const void *params, const void *state, const pal_query *query,
                                 int32_t item, void *scratch, pal_reason *reasons) {
    const multitask_params *p = params;
    const multitask_state *s = state;
    multitask_scratch c;
    int64_t k = p->factors;
    int32_t n = 0;
    multitask_carve(p, s, 1, scratch, &c);
    multitask_uses uses = multitask_look(s, query, &c);
    const float *own = multitask_own(p, s, query),
                *thing = pal_row_at(s->items, &s->small_items, k + 1, item, c.thing);
    for (int32_t h = 0; h < uses.n; h++) {
        const float *row = pal_row_at(s->history, &s->small_history, k, uses.items[h], c.row);
        reasons[n++] = (pal_reason){.item = uses.items[h],
                                    .amount = (double)uses.share * multitask_dot(s, row, thing, k)};
    }
    for (int32_t h = 0; h < uses.n_source; h++) {
        const float *row =
            pal_row_at(s->source_history, &s->small_source, k, uses.source_items[h], c.row);
        reasons[n++] =
            (pal_reason){.item = uses.source_items[h],
                         .amount = (double)uses.source_share * multitask_dot(s, row, thing, k),
                         .is_of_source = true};
    }
    if (own)
        reasons[n++] = (pal_reason){.item = -1,
                                    .what = "what is known of the person besides the history",
                                    .amount = multitask_dot(s, own, thing, k)};
    reasons[n++] =
        (pal_reason){.item = -1, .what = "what everybody makes of it", .amount = (double)thing[k]};
    return n;
}

static int32_t multitask_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                                 pal_tensor tensors[PAL_TENSORS_MAX]) {
    const multitask_params *p = params;
    multitask_state *s = state;
    int64_t k = p->factors;
    s->n_users = n_users;
    s->n_items = n_items;
    const pal_tensor all[] = {
        pal_float_rows("history", &s->history, n_items, k, PAL_ROLE_DATA, &s->small_history),
        pal_float_rows("items", &s->items, n_items, k + 1, PAL_ROLE_ITEMS, &s->small_items),
        {"source_range", PAL_I64, 1, {2}, (void **)&s->source_range, PAL_ROLE_STARTS, 0, NULL},
        pal_float_rows("source_history", &s->source_history, -1, k, PAL_ROLE_DATA,
                       &s->small_source),
        {"network_range", PAL_I64, 1, {2}, (void **)&s->network_range, PAL_ROLE_STARTS, 0, NULL},
        pal_floats("network", &s->network, -1),
        pal_float_rows("users", &s->users, n_users, k, PAL_ROLE_USERS, NULL),
    };
    memcpy(tensors, all, sizeof all);
    return (int32_t)(sizeof all / sizeof *all) - !p->own;
}

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
    .represents = "the sum of rows of {factors} numbers of what he used in either domain | a row "
                  "of {factors} numbers and a bias",
    .traits = PAL_SCORES_NEW_USERS | PAL_IS_STOCHASTIC | PAL_USES_SOURCE,
    .params = multitask_table,
    .params_size = sizeof(multitask_params),
    .state_size = sizeof(multitask_state),
    .fit = pal_multitask_fit,
    .prepare = multitask_prepare,
    .scratch_bytes = multitask_scratch_bytes,
    .score = multitask_score,
    .tensors = multitask_tensors,
    .explain = multitask_explain,
    .answers = multitask_answers,
    .estimate = multitask_estimate,
};
