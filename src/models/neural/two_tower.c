/* two_tower.c - a network for the person, a row for each item, and their product (Covington, Adams,
 * Sargin 2016, "Deep neural networks for YouTube recommendations": candidate generation).
 *
 * x = (Σ_p a_p H_(i_p), Σ_p b_p H_(i_p), Σ_f profile features), the two sums over the newest events
 * of the history (models/past.h); user = (MLP(x), 1); item = E_i + Σ_f item features, its last
 * number a bias; score = user · item. Each event is an example: guess its item among all items from
 * the events before it (or all others of the person). The loss is the softmax over all items, or
 * over those of the batch and drawn ones with the log of how likely they come up taken off
 * (nn/shared.h), which costs the same for any catalogue. What else the person used is left out of
 * it: as a negative it would teach that what is near a history is not wanted. Profiles are hidden
 * from some examples, so that people without one are answered. Features: models/fields.h. Cost of
 * an epoch: an event takes 4 n_items (factors + 1) multiply-adds with the softmax over all, 3
 * (batch + negatives) (factors + 1) else, 6 times the network's weights, and 2 factors an entry of
 * the history. The model is 4 (2 factors + 1) bytes an item, 4 factors a profile. */
#include <string.h>

#include "models/history.h"
#include "models/neural/two_tower.h"
#include "nn/softmax.h"

static const char *const tower_losses[] = {"auto", "full", "sampled", "batch", NULL};

static const pal_param tower_table[] = {
    PAL_FEATURE_SHAPE_ROWS("64", "length of the rows of people and items, without the item's bias",
                           NULL,
                           "sizes of the hidden layers of the person's network, e.g. 256,128; "
                           "without: one linear layer"),
    PAL_FEATURE_PERSON_ROWS("0.1"),
    {.name = "loss",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(tower_params, loss),
     .initial = "auto",
     .choices = tower_losses,
     .help = "softmax over all items (full), over those of the batch and drawn ones (sampled), "
             "over those of the batch alone (batch); auto: full up to 20,000 items, else sampled"},
    {.name = "negatives",
     .type = PAL_PARAM_INT,
     .offset = offsetof(tower_params, negatives),
     .initial = "1024",
     .min = 1,
     .max = 100000,
     .scale = PAL_LOG,
     .help = "items drawn for each batch (loss=sampled)"},
    PAL_FEATURE_TRAINING_ROWS("0.0007", "0.05"),
    {0},
};

/* A file may be damaged on purpose: the sizes that it tells must be those of the network. */
static pal_status tower_prepare(pal_ctx *ctx, const void *params, pal_arena *arena, void *state) {
    const tower_params *p = params;
    tower_state *s = state;
    pal_parameters network = {0};
    int64_t n_profiles = s->profile_range[1];
    tower_plan(p, n_profiles > 0, &network, &s->mlp);
    TRY(pal_profile_code_prepare(ctx, "two_tower", arena, &s->told.code));
    if (s->network_range[1] != network.n || (n_profiles > 0) != (s->told.code.n_fields > 0) ||
        (n_profiles && n_profiles != (s->n_users + INT64_C(1)) * p->f.factors))
        return pal_fail(ctx, PAL_EFORMAT,
                        "two_tower: the model's network does not fit: train it again");
    return pal_panels_pack_rows(ctx, "two_tower", s->items, &s->small_items, s->n_items,
                                (int32_t)p->f.factors + 1, arena, &s->panels, &s->packed);
}

/* --- scores --- */

typedef struct {
    int32_t *rows;
    float *weights, *x, *room, *users;
} tower_scratch;

static size_t tower_carve(const tower_params *p, const tower_state *s, int32_t n_queries,
                          void *scratch, tower_scratch *out) {
    pal_past past = pal_feature_past(&p->f);
    size_t d = (size_t)p->f.factors, entries = (size_t)pal_past_entries(&past),
           sizes[] = {entries, entries, 3 * d, (size_t)pal_mlp_room(&s->mlp),
                      (size_t)n_queries * (d + 1)};
    void *parts[5];
    size_t at = pal_scratch_cut(scratch, 0, sizes, 5, parts);
    if (out) *out = (tower_scratch){parts[0], parts[1], parts[2], parts[3], parts[4]};
    return at;
}

static size_t tower_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    return tower_carve(params, state, n_queries, NULL, NULL);
}

/* One person at a time, so that a batch gives the same bits. */
static void tower_user(const tower_params *p, const tower_state *s, const pal_query *query,
                       const tower_scratch *scratch, float *user) {
    int64_t d = p->f.factors;
    bool has_profiles = s->profile_range[1] > 0;
    pal_feature_sum_query(&p->f, s->history, &s->small_history, (int32_t)d, query, scratch->rows,
                          scratch->weights, user, scratch->x);
    int64_t row = query->user_plus_1 > 0 ? query->user_plus_1 - 1 : s->n_users;
    float *profile = scratch->x + (tower_n_parts(p, has_profiles) - 1) * d;
    if (has_profiles && !pal_feature_told_row(&s->told, query, (int32_t)d, true, profile))
        memcpy(profile, s->profiles + row * d, (size_t)d * sizeof *user);
    const float *out = pal_mlp_forward(&s->mlp, s->network, scratch->x, 1, scratch->room);
    memcpy(user, out, (size_t)d * sizeof *user);
    user[d] = 1;
}

static void tower_score(const void *params, const void *state, const pal_query *queries,
                        int32_t n_queries, void *scratch, float *scores) {
    const tower_params *p = params;
    const tower_state *s = state;
    tower_scratch carved;
    tower_carve(p, s, n_queries, scratch, &carved);
    for (int32_t q = 0; q < n_queries; q++)
        tower_user(p, s, &queries[q], &carved, carved.users + q * (p->f.factors + 1));
    pal_panels_score(&s->packed, carved.users, n_queries, NULL, scores);
}

static int32_t tower_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                             pal_tensor tensors[PAL_TENSORS_MAX]) {
    const tower_params *p = params;
    tower_state *s = state;
    s->n_users = n_users;
    s->n_items = n_items;
    const pal_tensor all[] = {
        pal_float_rows("history", &s->history, n_items, p->f.factors, PAL_ROLE_DATA,
                       &s->small_history),
        pal_float_rows("items", &s->items, n_items, p->f.factors + 1, PAL_ROLE_ITEMS,
                       &s->small_items),
        {"network_range", PAL_I64, 1, {2}, (void **)&s->network_range, PAL_ROLE_STARTS, 0, NULL},
        pal_floats("network", &s->network, -1),
        {"profile_range", PAL_I64, 1, {2}, (void **)&s->profile_range, PAL_ROLE_STARTS, 0, NULL},
        pal_floats("profiles", &s->profiles, -1),
    };
    int32_t n = sizeof all / sizeof *all;
    memcpy(tensors, all, sizeof all);
    return n + pal_profile_code_tensors(&s->told.code, &s->told.rows, p->f.factors, tensors + n);
}

static bool tower_answers(const void *params, const void *state, const pal_query *query) {
    (void)params;
    return pal_profile_answers(&((const tower_state *)state)->told.code, query);
}

static const pal_profile_code *tower_profiles(const void *state) {
    return &((const tower_state *)state)->told.code;
}

static void tower_estimate(const void *params, const pal_log *log, int32_t n_threads,
                           pal_estimate *out) {
    const tower_params *p = params;
    pal_past past = pal_feature_past(&p->f);
    pal_parameters network = {0};
    pal_mlp mlp;
    tower_plan(p, true, &network, &mlp);
    bool is_full = tower_is_full(p, log->n_items);
    double width = (double)p->f.factors + 1, entries = pal_past_entries(&past),
           candidates = is_full ? log->n_items : (double)(p->f.batch + p->negatives),
           epochs = pal_feature_epochs(&p->f), batch = (double)p->f.batch;
    double event = (is_full ? 4 : 3) * candidates * width + 3 * pal_mlp_work(&mlp);
    out->seconds =
        epochs * (double)log->n_events * (event / 8e10 + entries * width * 0.3e-9) / n_threads;
    out->bytes =
        24 * (double)log->n_events + 4 * batch * (6.0 * width + (double)pal_mlp_room(&mlp)) +
        16 * batch * entries + pal_parameters_bytes(network.n, TOWER_CHUNKS) +
        2 * pal_table_bytes(log->n_items, width, batch * entries) + 8 * candidates * width +
        (is_full ? pal_softmax_bytes(log->n_items, width, n_threads) : 4 * batch * candidates) +
        8.0 * log->n_items * width;
}

const pal_kind pal_kind_two_tower = {
    .name = "two_tower",
    .family = "neural",
    .summary = "a network that turns a history and a profile into a row, and a row for each item "
               "with its features",
    .paper = "Covington, Adams, Sargin: Deep neural networks for YouTube recommendations, RecSys "
             "2016",
    .derivation =
        "With z_j = u·v_j and L = log Σ_j exp(z_j - log q_j) - (z_i - log q_i) for the used item "
        "i: ∂L/∂z_j = p_j - [j = i] with p the softmax of z - log q, so ∂L/∂u = Σ_j (p_j - "
        "[j = i]) v_j and ∂L/∂v_j = (p_j - [j = i]) u. A row of an item's features and of a "
        "history takes the derivative of the sum that it is part of, times its weight there; the "
        "network passes ∂L/∂u on by ∂L/∂h' = Wᵀ (∂L/∂h ∘ f').",
    .measured =
        "What the person used besides i is no j: with it ndcg@10 on the validation of MovieLens "
        "100K, split at random within users, was .226 instead of .244. With the initial "
        "options it is .255 there (bpr .253) and .317 on the test (bpr .310). Where the next "
        "event is asked for, what was used last tells more: on the leave_last split recent=10 "
        "brings validation from .082 to .131; split at random it costs: .195 against .252 (both "
        "learning_rate=0.001).",
    .represents = "the newest items used, summed, and the profile, through a network to {factors} "
                  "numbers | a row of {factors} numbers and its features'",
    .traits = PAL_SCORES_NEW_USERS | PAL_IS_STOCHASTIC | PAL_USES_ORDER | PAL_READS_PROFILES,
    .params = tower_table,
    .params_size = sizeof(tower_params),
    .state_size = sizeof(tower_state),
    .fit = pal_tower_fit,
    .prepare = tower_prepare,
    .scratch_bytes = tower_scratch_bytes,
    .score = tower_score,
    .tensors = tower_tensors,
    .answers = tower_answers,
    .profiles = tower_profiles,
    .estimate = tower_estimate,
};
