/* pretrain.c - a kind learned in the source and from there on in the log in question:
 * pretrain(sasrec) (Pan, Yang 2010, "A survey on transfer learning": transfer of parameters; for
 * recommenders of sequences with texts as the bridge Hou et al. 2022, "UniSRec").
 *
 * The kind is trained on the source's log. Its training here then begins with what was learned
 * there instead of with drawn numbers (models/carry.h): rows of shared people or items, weights of
 * networks, and, where no items are shared and both domains have texts, the rows of items that
 * their words foretell. Steps, moments and order begin anew. What is scored is the kind itself;
 * without a source and with source=off it is nothing else. What was learned in the source is in the
 * numbers: a new person's events there say nothing more. Cost: the kind's, on each log. */
#include <string.h>

#include "models/carry.h"
#include "models/registry.h"
#include "models/train.h"
#include "models/training_rows.h"
#include "models/transfer/bridge.h"
#include "models/transfer/transfer.h"

typedef struct {
    const char *of;
    bool use_source;
    int64_t source_epochs;
} pretrain_params;

static const pal_param pretrain_table[] = {
    {.name = "of",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(pretrain_params, of),
     .initial = "bpr",
     .value_name = "SPEC",
     .help = "the kind, one that learns in epochs, with options pretrain(sasrec factors=64)"},
    PAL_TRANSFER_SOURCE_ROW(pretrain_params),
    PAL_ROW(pretrain_params, source_epochs, PAL_PARAM_INT, "20", 0, 100000, PAL_LINEAR,
            "epochs in the source, where nothing is judged; 0: as many as the kind may take"),
    {0},
};

typedef struct {
    pal_model *parts[1];
    int32_t *sizes; /* [1] items */
} pretrain_state;

static pal_model **pretrain_parts(const void *params, void *state, int32_t *n) {
    (void)params;
    *n = 1;
    return ((pretrain_state *)state)->parts;
}

/* --- fit --- */

/* Only what learns in epochs, and alone, has something to begin with. */
static pal_status pretrain_check(pal_ctx *ctx, const pretrain_params *p, pal_arena *scratch) {
    const pal_kind *kind;
    void *params;
    TRY(pal_kind_parse(ctx, p->of, scratch, &kind, &params));
    if (!kind->parts && pal_param_find(kind->params, "epochs")) return PAL_OK;
    return pal_fail(
        ctx, PAL_EUSAGE,
        "pretrain(%s): %s does not learn in epochs, so that nothing can go on from what "
        "it learned: take bpr, lightgcn, mf, sasrec or another kind with epochs",
        p->of, kind->name);
}

static pal_status pretrain_learn_source(pal_ctx *ctx, const pretrain_params *p,
                                        const pal_train_input *train, pal_arena *scratch,
                                        pal_carry *carry) {
    const pal_source *source = train->source;
    const pal_train_input input = {.log = source->log,
                                   .items = source->items,
                                   .users = source->users,
                                   .epochs = p->source_epochs,
                                   .deadline = train->deadline,
                                   .checkpoint = train->checkpoint,
                                   .kept = carry};
    pal_model *model = NULL;
    TRY(pal_model_train(ctx, p->of, &input, &model));
    pal_model_free(model);
    carry->n_users = source->log->n_users;
    carry->n_items = source->log->n_items;
    TRY(pal_source_user_rows(ctx, source, train->log, scratch, &carry->user_rows));
    TRY(pal_source_item_rows(ctx, source, train->log, scratch, &carry->item_rows));
    if (source->shared == PAL_SHARED_ITEMS) return PAL_OK;
    TRY(pal_bridge_texts(ctx, "pretrain", train, scratch, &carry->texts, &carry->n_dims));
    carry->n_there = train->n_items;
    carry->texts_there =
        carry->n_dims ? carry->texts + (int64_t)carry->n_items * carry->n_dims : NULL;
    return PAL_OK;
}

static int32_t pretrain_count_shared(const int32_t *rows, int32_t n) {
    int32_t count = 0;
    for (int32_t r = 0; r < n; r++) count += rows[r] >= 0;
    return count;
}

static void pretrain_tell(pal_ctx *ctx, const pretrain_params *p, const pal_carry *carry) {
    pal_note(ctx, carry->n_laid ? PAL_NOTICE_INFO : PAL_NOTICE_WARNING,
             "pretrain(%s): %d of %d arrays carried over from the source: %d shared users, %d "
             "shared items%s",
             p->of, (int)carry->n_laid, (int)carry->n_asked,
             (int)pretrain_count_shared(carry->user_rows, carry->n_users),
             (int)pretrain_count_shared(carry->item_rows, carry->n_items),
             carry->n_dims ? ", the others' rows by the words of their texts" : "");
}

static pal_status pretrain_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                               pal_arena *arena, pal_arena *scratch, void *state) {
    const pretrain_params *p = params;
    pretrain_state *s = state;
    pal_carry carry = {0};
    pal_train_input input = *train;
    s->sizes = PAL_ARENA_ARRAY(arena, int32_t, 1);
    if (!s->sizes) return pal_fail_memory(ctx, "pretrain", 4);
    s->sizes[0] = train->log->n_items;
    bool uses = p->use_source && train->source;
    if (uses) TRY(pretrain_check(ctx, p, scratch));
    input.source = NULL;
    if (!uses) return pal_model_train(ctx, p->of, &input, &s->parts[0]);
    pal_status status = pretrain_learn_source(ctx, p, train, scratch, &carry);
    input.start = &carry;
    if (status == PAL_OK) status = pal_model_train(ctx, p->of, &input, &s->parts[0]);
    if (status == PAL_OK && carry.n_asked) pretrain_tell(ctx, p, &carry);
    pal_arena_release(&carry.arena);
    return status;
}

static pal_status pretrain_prepare(pal_ctx *ctx, const void *params, pal_arena *arena,
                                   void *state) {
    (void)params;
    (void)arena;
    const pretrain_state *s = state;
    return s->parts[0]->log->n_items == s->sizes[0]
               ? PAL_OK
               : pal_fail(ctx, PAL_EFORMAT,
                          "pretrain: the model's part does not fit: train the model again");
}

/* --- the kind itself --- */

static size_t pretrain_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)params;
    const pal_model *part = ((const pretrain_state *)state)->parts[0];
    return part->kind->scratch_bytes
               ? part->kind->scratch_bytes(part->params, part->state, n_queries)
               : 0;
}

static void pretrain_score(const void *params, const void *state, const pal_query *queries,
                           int32_t n_queries, void *scratch, float *scores) {
    (void)params;
    const pal_model *part = ((const pretrain_state *)state)->parts[0];
    part->kind->score(part->params, part->state, queries, n_queries, scratch, scores);
}

static bool pretrain_predicts_values(const void *params, const void *state) {
    (void)params;
    return pal_model_predicts_values(((const pretrain_state *)state)->parts[0]);
}

static int32_t pretrain_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                                pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    (void)n_users;
    tensors[0] = (pal_tensor){.name = "sizes",
                              .dtype = PAL_I32,
                              .n_dims = 1,
                              .dims = {1},
                              .data = (void **)&((pretrain_state *)state)->sizes,
                              .role = PAL_ROLE_INDEX,
                              .index_bound = (int64_t)n_items + 1};
    return 1;
}

static void pretrain_estimate(const void *params, const pal_log *log, int32_t n_threads,
                              pal_estimate *out) {
    pal_kind_estimate_spec(((const pretrain_params *)params)->of, log, n_threads, out);
}

const pal_kind pal_kind_pretrain = {
    .name = "pretrain",
    .family = "transfer",
    .summary = "a kind learned in a second domain first, and from there on in this one",
    .paper = "Pan, Yang: A survey on transfer learning, TKDE 2010; Hou, Mu, Zhao, Li, Ding, Wen: "
             "Towards universal sequence representation learning for recommender systems, KDD 2022",
    .lesson = "what is learned in the second domain is a better beginning than chance",
    .traits = PAL_SCORES_NEW_USERS | PAL_IS_STOCHASTIC | PAL_USES_SOURCE | PAL_LEAVES_SOURCE |
              PAL_PREDICTS_VALUES | PAL_USES_ORDER,
    .params = pretrain_table,
    .params_size = sizeof(pretrain_params),
    .state_size = sizeof(pretrain_state),
    .fit = pretrain_fit,
    .prepare = pretrain_prepare,
    .scratch_bytes = pretrain_scratch_bytes,
    .score = pretrain_score,
    .tensors = pretrain_tensors,
    .predicts_values = pretrain_predicts_values,
    .parts = pretrain_parts,
    .takes_one_part = true,
    .estimate = pretrain_estimate,
};
