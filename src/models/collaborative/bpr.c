/* bpr.c - factors learned by comparing what was used with what was not (Rendle, Freudenthaler,
 * Gantner, Schmidt-Thieme 2009, "BPR: Bayesian personalized ranking from implicit feedback").
 *
 * score(u, i) = U_u·V_i + b_i, learned so that used items come before drawn ones; losses, steps and
 * draws: models/pairwise.h. A stranger's U_u is learned from his history with V and b as they are.
 * Cost: an epoch takes 4 k multiply-adds and 24 k bytes, most of them in cache, a pair; 4 k bytes a
 * user and item. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "models/history.h"
#include "models/pairwise.h"
#include "models/panels.h"

typedef struct {
    pal_pair_options pairs;
    int64_t epochs, patience;
    double tolerance;
} bpr_params;

static const char *const bpr_losses[] = {"logistic", "warp", NULL};
static const char *const bpr_draws[] = {"uniform", "popular", "adaptive", NULL};

static const pal_param bpr_table[] = {
    {.name = "factors",
     .type = PAL_PARAM_INT,
     .offset = offsetof(bpr_params, pairs.factors),
     .initial = "64",
     .min = 1,
     .max = 4096,
     .scale = PAL_LOG,
     .help = "length of the rows U_u and V_i"},
    {.name = "loss",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(bpr_params, pairs.loss),
     .choices = bpr_losses,
     .help = "what a pair in the wrong order costs: logistic, or warp, which weighs by the guessed "
             "rank of the used item (Weston et al. 2011)"},
    {.name = "draw",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(bpr_params, pairs.draw),
     .choices = bpr_draws,
     .help =
         "how the item that was not used is drawn: uniform, popular (as often as it is used) or "
         "adaptive (high in the list of the user, Rendle and Freudenthaler 2014)"},
    {.name = "tail",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(bpr_params, pairs.tail),
     .initial = "0.3",
     .min = 1e-4,
     .max = 10,
     .scale = PAL_LOG,
     .help = "mean rank of what draw=adaptive draws, as a share of the items"},
    {.name = "tries",
     .type = PAL_PARAM_INT,
     .offset = offsetof(bpr_params, pairs.tries),
     .initial = "32",
     .min = 1,
     .max = 10000,
     .scale = PAL_LOG,
     .help = "draws for one event at the most (loss=warp)"},
    {.name = "epochs",
     .type = PAL_PARAM_INT,
     .offset = offsetof(bpr_params, epochs),
     .initial = "300",
     .min = 1,
     .max = 100000,
     .scale = PAL_LOG,
     .help = "passes over the events at the most"},
    {.name = "patience",
     .type = PAL_PARAM_INT,
     .offset = offsetof(bpr_params, patience),
     .initial = "25",
     .min = 0,
     .max = 100000,
     .help = "epochs without a better validation after which training ends; 0: all epochs"},
    {.name = "learning_rate",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(bpr_params, pairs.learning_rate),
     .initial = "0.05",
     .min = 1e-6,
     .max = 10,
     .scale = PAL_LOG,
     .help = "length of a step against the gradient"},
    {.name = "l2_users",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(bpr_params, pairs.l2_users),
     .initial = "0.03",
     .min = 0,
     .max = 10,
     .scale = PAL_LOG,
     .help = "regularization of U_u in each step"},
    {.name = "l2_positives",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(bpr_params, pairs.l2_positives),
     .initial = "0.005",
     .min = 0,
     .max = 10,
     .scale = PAL_LOG,
     .help = "regularization of V_i and b_i in a step where the item was used"},
    {.name = "l2_negatives",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(bpr_params, pairs.l2_negatives),
     .initial = "0.005",
     .min = 0,
     .max = 10,
     .scale = PAL_LOG,
     .help = "regularization of V_j and b_j in a step where the item was drawn"},
    {.name = "biases",
     .type = PAL_PARAM_FLAG,
     .offset = offsetof(bpr_params, pairs.has_biases),
     .initial = "1",
     .help = "learn how much each item is used by all; 0: U_u·V_i alone"},
    {.name = "tolerance",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(bpr_params, tolerance),
     .initial = "1e-6",
     .min = 0,
     .max = 1,
     .scale = PAL_LOG,
     .help = "relative change of the loss in an epoch under which training ends"},
    {0},
};

typedef struct {
    float *users;  /* [n_users, factors] */
    float *items;  /* [n_items, factors] */
    float *biases; /* [n_items] */
    float *panels; /* derived: items, packed */
    pal_packed packed;
    pal_small small_users, small_items; /* instead of users and items */
    int32_t n_users, n_items;
} bpr_state;

/* --- fit --- */

static pal_status bpr_prepare(pal_ctx *ctx, const void *params, pal_arena *arena, void *state) {
    const bpr_params *p = params;
    bpr_state *s = state;
    return pal_panels_pack_rows(ctx, "bpr", s->items, &s->small_items, s->n_items,
                                (int32_t)p->pairs.factors, arena, &s->panels, &s->packed);
}

static void bpr_copy(const float *from, int32_t n, int32_t width, int32_t k, float *to) {
    for (int64_t r = 0; r < n; r++) memcpy(to + r * k, from + r * width, (size_t)k * sizeof *to);
}

static pal_status bpr_allocate(pal_ctx *ctx, int64_t k, const pal_log *log, pal_arena *arena,
                               bpr_state *s) {
    s->n_users = log->n_users;
    s->n_items = log->n_items;
    s->users = PAL_ARENA_ARRAY(arena, float, log->n_users *k);
    s->items = PAL_ARENA_ARRAY(arena, float, log->n_items *k);
    s->biases = PAL_ARENA_ARRAY(arena, float, log->n_items);
    if (s->users && s->items && s->biases) return PAL_OK;
    return pal_fail_memory(ctx, "bpr", 4.0 * (double)k * ((double)log->n_users + log->n_items));
}

static pal_status bpr_publish(pal_ctx *ctx, const bpr_params *p, const pal_pairwise *job,
                              pal_arena *arena, bpr_state *s) {
    int32_t k = (int32_t)p->pairs.factors;
    bpr_copy(job->users, s->n_users, job->width, k, s->users);
    bpr_copy(job->items, s->n_items, job->width, k, s->items);
    memcpy(s->biases, job->biases, (size_t)s->n_items * sizeof *s->biases);
    return bpr_prepare(ctx, p, arena, s);
}

static pal_status bpr_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                          pal_arena *arena, pal_arena *scratch, void *state) {
    const bpr_params *p = params;
    pal_csr pairs;
    pal_pairwise job;
    TRY(bpr_allocate(ctx, p->pairs.factors, train->log, arena, state));
    TRY(pal_log_pairs(ctx, train->log, UINT32_MAX, scratch, &pairs));
    TRY(pal_pairwise_open(ctx, "bpr", &p->pairs, &pairs, scratch, &job));
    pal_epochs run;
    pal_epochs_init(&run, ctx, "bpr", p->epochs, p->tolerance);
    pal_pairwise_list(&job, &run);
    TRY(pal_epochs_begin(&run));
    pal_pairwise_go_on(&job, run.epoch);
    if (run.epoch > 0) TRY(bpr_publish(ctx, p, &job, arena, state));
    while (pal_epochs_next(&run)) {
        double loss = pal_pairwise_epoch(&job);
        ctx->multiply_adds += 4.0 * job.width * (double)pairs.starts[pairs.n_rows];
        TRY(pal_check_cancelled(ctx));
        if (!isfinite(loss)) {
            return pal_fail(ctx, PAL_EDATA,
                            "bpr: diverged in epoch %" PRId64
                            ": the loss left all bounds; use a learning_rate under %g",
                            run.epoch, p->pairs.learning_rate);
        }
        TRY(bpr_publish(ctx, p, &job, arena, state));
        TRY(pal_epochs_end(&run, loss));
    }
    return PAL_OK;
}

/* --- fold-in --- */

enum { BPR_PASSES = 50 };

static double bpr_dot(const float *a, const float *b, int32_t k) {
    double sum = 0;
    for (int32_t f = 0; f < k; f++) sum += (double)a[f] * (double)b[f];
    return sum;
}

static const float *bpr_item(const bpr_state *s, int32_t k, int32_t item, float *room) {
    return pal_row_at(s->items, &s->small_items, k, item, room);
}

/* user [factors], then room for two rows. */
static void bpr_fold_step(const bpr_params *p, const bpr_state *s, int32_t i, int32_t j,
                          float *user) {
    int32_t k = (int32_t)p->pairs.factors;
    const float *used = bpr_item(s, k, i, user + k), *drawn = bpr_item(s, k, j, user + 2 * k);
    double x = bpr_dot(user, used, k) - bpr_dot(user, drawn, k) +
               ((double)s->biases[i] - (double)s->biases[j]);
    float e, rate = (float)p->pairs.learning_rate;
    if (p->pairs.loss == PAL_PAIR_WARP) {
        e = x < 1;
    } else {
        pal_pair_logistic((float)x, &e);
    }
    float keep = 1 - rate * (float)p->pairs.l2_users;
    for (int32_t f = 0; f < k; f++) user[f] = keep * user[f] + rate * e * (used[f] - drawn[f]);
}

/* The row that stands for the query: a known user's own, or the mean of the later half of a walk of
 * steps with the items as they are, which lies nearer to the minimum than where the walk ends. */
static void bpr_user(const bpr_params *p, const bpr_state *s, const pal_query *query, void *scratch,
                     float *user) {
    int32_t k = (int32_t)p->pairs.factors;
    if (query->user_plus_1) {
        const float *own = pal_row_at(s->users, &s->small_users, k, query->user_plus_1 - 1, user);
        if (own != user) memcpy(user, own, (size_t)k * sizeof *user);
        return;
    }
    memset(user, 0, (size_t)k * sizeof *user);
    const int32_t *history;
    int32_t n = pal_history_distinct(query, s->n_items, scratch, &history);
    if (n == 0 || n == s->n_items) return;
    float *walker = (float *)((char *)scratch + pal_history_bytes(s->n_items));
    memset(walker, 0, (size_t)k * sizeof *walker);
    pal_rng rng = pal_history_stream(history, n);
    int32_t n_added = 0;
    for (int32_t pass = 0; pass < BPR_PASSES; pass++) {
        for (int32_t h = 0; h < n; h++) {
            int32_t other = (int32_t)pal_rng_below(&rng, (uint32_t)s->n_items);
            if (pal_row_find(history, 0, n, other) >= 0) continue;
            bpr_fold_step(p, s, history[h], other, walker);
            if (pass < BPR_PASSES / 2) continue;
            for (int32_t f = 0; f < k; f++) user[f] += walker[f];
            n_added++;
        }
    }
    for (int32_t f = 0; n_added && f < k; f++) user[f] /= (float)n_added;
}

/* --- score --- */

/* Scratch: the history's, one walker and two items, then a row for each query. */
static size_t bpr_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    const bpr_params *p = params;
    return pal_history_bytes(((const bpr_state *)state)->n_items) +
           ((size_t)n_queries + 3) * (size_t)p->pairs.factors * sizeof(float);
}

static float *bpr_user_rows(const bpr_params *p, const bpr_state *s, void *scratch) {
    return (float *)((char *)scratch + pal_history_bytes(s->n_items)) + 3 * p->pairs.factors;
}

static void bpr_score(const void *params, const void *state, const pal_query *queries,
                      int32_t n_queries, void *scratch, float *scores) {
    const bpr_params *p = params;
    const bpr_state *s = state;
    float *users = bpr_user_rows(p, s, scratch);
    for (int32_t q = 0; q < n_queries; q++)
        bpr_user(p, s, &queries[q], scratch, users + q * p->pairs.factors);
    pal_panels_score(&s->packed, users, n_queries, s->biases, scores);
}

static int32_t bpr_explain(const void *params, const void *state, const pal_query *query,
                           int32_t item, void *scratch, pal_reason *reasons) {
    const bpr_params *p = params;
    const bpr_state *s = state;
    int32_t k = (int32_t)p->pairs.factors, n = 0;
    float *user = bpr_user_rows(p, s, scratch);
    bpr_user(p, s, query, scratch, user);
    const float *row = bpr_item(s, k, item, user - k);
    reasons[n++] = (pal_reason){.item = -1,
                                .what = "how well it matches the person's tastes",
                                .amount = bpr_dot(user, row, k)};
    if (p->pairs.has_biases)
        reasons[n++] = (pal_reason){
            .item = -1, .what = "how many people use it", .amount = (double)s->biases[item]};
    return n;
}

static int32_t bpr_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                           pal_tensor tensors[PAL_TENSORS_MAX]) {
    const bpr_params *p = params;
    bpr_state *s = state;
    s->n_users = n_users;
    s->n_items = n_items;
    tensors[0] = pal_float_rows("users", &s->users, n_users, p->pairs.factors, PAL_ROLE_USERS,
                                &s->small_users);
    tensors[1] = pal_float_rows("items", &s->items, n_items, p->pairs.factors, PAL_ROLE_ITEMS,
                                &s->small_items);
    tensors[2] = pal_floats("biases", &s->biases, n_items);
    return 3;
}

static void bpr_estimate(const void *params, const pal_log *log, int32_t n_threads,
                         pal_estimate *out) {
    const bpr_params *p = params;
    double k = (double)p->pairs.factors, rows = (double)log->n_users + log->n_items,
           epochs = p->patience > 0 ? (double)p->epochs / 4 : (double)p->epochs;
    out->seconds = epochs * (double)log->n_events * (25e-9 + 0.4e-9 * k) / n_threads;
    /* Rows of both are kept and moved; items also dealt to groups, packed to be scanned, ranked. */
    double an_item = (p->pairs.draw == PAL_DRAW_ADAPTIVE ? 12 : 8) * k + 40;
    out->bytes = (8 * k + 40) * rows + an_item * log->n_items + 16.0 * (double)log->n_events;
}

const pal_kind pal_kind_bpr = {
    .name = "bpr",
    .family = "collaborative",
    .summary = "a row of numbers for each user and item, learned so that used items come before "
               "others",
    .paper = "Rendle, Freudenthaler, Gantner, Schmidt-Thieme: BPR: Bayesian personalized ranking "
             "from implicit feedback, UAI 2009",
    .derivation =
        "With x = U_u·V_i + b_i - U_u·V_j - b_j and the loss of one pair L = -log σ(x), the chain "
        "rule gives ∂L/∂x = -(1 - σ(x)) = -σ(-x), ∂x/∂U_u = V_i - V_j, ∂x/∂V_i = U_u and "
        "∂x/∂V_j = -U_u. With e = σ(-x) a step of length α against the gradient is "
        "U_u ← U_u + α e (V_i - V_j), V_i ← V_i + α e U_u, V_j ← V_j - α e U_u, "
        "b_i ← b_i + α e, b_j ← b_j - α e, all from the old values; regularization adds -α λ "
        "times the row itself, with a λ of its own for users, used and drawn items.",
    .traits = PAL_SCORES_NEW_USERS | PAL_IS_STOCHASTIC,
    .params = bpr_table,
    .params_size = sizeof(bpr_params),
    .state_size = sizeof(bpr_state),
    .fit = bpr_fit,
    .prepare = bpr_prepare,
    .scratch_bytes = bpr_scratch_bytes,
    .score = bpr_score,
    .tensors = bpr_tensors,
    .explain = bpr_explain,
    .estimate = bpr_estimate,
};
