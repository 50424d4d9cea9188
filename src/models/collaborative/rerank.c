/* rerank.c - a first kind chooses candidates, the next ones order them anew: "a > b" (the two
 * stages of Covington, Adams, Sargin 2016).
 *
 * The candidates of a stage are the items that the stage before puts first, down to the one that is
 * the `candidates`-th of those the person did not use: what his history hides does not take their
 * places. They are scored by the stage and listed by that, then what it could not score, then all
 * other items as the stage before had them: the list stays whole, whatever is filtered out of it.
 * Somebody without a history is listed by the first stage that knows something of him, from all
 * items.
 * Each part learns alone from the same log. Cost: the parts', and for a list the first part's on
 * all items and the next ones' on candidates alone where they can (score_some), else on all. */
#include <math.h>
#include <string.h>

#include "math/topk.h"
#include "models/history.h"
#include "models/rank.h"
#include "models/registry.h"
#include "models/train.h"

typedef struct {
    const char *of;
    pal_ints candidates;
} rerank_params;

static const pal_param rerank_table[] = {
    {.name = "of",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(rerank_params, of),
     .value_name = "SPECS",
     .help = "the stages, written two_tower > ranker, or rerank(two_tower, ranker) with options"},
    {.name = "candidates",
     .type = PAL_PARAM_INTS,
     .offset = offsetof(rerank_params, candidates),
     .initial = "200",
     .min = 1,
     .max = 1000000,
     .help = "items that the second stage orders anew; with more stages e.g. 500,50"},
    {0},
};

typedef struct {
    pal_model *parts[PAL_PARTS_OF_MODEL_MAX]; /* [n_parts] */
    int32_t *n_candidates;                    /* [n_parts] of each stage; the first: 0 */
    int32_t n_parts, n_items;
} rerank_state;

static pal_model **rerank_parts(const void *params, void *state, int32_t *n) {
    const rerank_params *p = params;
    rerank_state *s = state;
    int32_t depth = 0;
    s->n_parts = 1;
    for (const char *c = p->of; *c; c++) {
        depth += (*c == '(') - (*c == ')');
        s->n_parts += depth == 0 && pal_specs_cut_at(c) && s->n_parts < PAL_PARTS_OF_MODEL_MAX;
    }
    *n = s->n_parts;
    return s->parts;
}

static pal_status rerank_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                             pal_arena *arena, pal_arena *scratch, void *state) {
    (void)scratch;
    const rerank_params *p = params;
    rerank_state *s = state;
    const char *specs[PAL_PARTS_OF_MODEL_MAX];
    TRY(pal_specs_cut(ctx, p->of, arena, specs, &s->n_parts));
    s->n_items = train->log->n_items;
    s->n_candidates = PAL_ARENA_ARRAY(arena, int32_t, s->n_parts);
    if (!s->n_candidates) return pal_fail_memory(ctx, "rerank", 1e2);
    for (int32_t i = 1; i < s->n_parts; i++) {
        int32_t at = i - 1 < p->candidates.n ? i - 1 : p->candidates.n - 1;
        s->n_candidates[i] = p->candidates.at[at] < s->n_items ? p->candidates.at[at] : s->n_items;
    }
    for (int32_t i = 0; i < s->n_parts; i++)
        TRY(pal_model_train(ctx, specs[i], train, &s->parts[i]));
    return PAL_OK;
}

/* --- score --- */

static size_t rerank_part_bytes(const pal_model *part, int32_t n_queries) {
    size_t bytes = part->kind->scratch_bytes
                       ? part->kind->scratch_bytes(part->params, part->state, n_queries)
                       : 0;
    return pal_scratch_round(bytes);
}

/* Of one query: the best items and their scores, what they are by the stage, all items of a stage
 * that cannot score some, what topk works in, and whether an item was used (zero between calls). */
typedef struct {
    int32_t *items, *found;
    float *before, *after, *all;
    uint8_t *used;
} rerank_room;

static size_t rerank_carve(const rerank_state *s, void *scratch, rerank_room *out) {
    size_t one = pal_scratch_round((size_t)s->n_items * sizeof(float));
    char *at = scratch;
    if (out)
        *out = (rerank_room){.items = (int32_t *)(void *)at,
                             .found = (int32_t *)(void *)(at + one),
                             .before = (float *)(void *)(at + 2 * one),
                             .after = (float *)(void *)(at + 3 * one),
                             .all = (float *)(void *)(at + 4 * one),
                             .used = (uint8_t *)(at + 5 * one)};
    return 5 * one + pal_scratch_round((size_t)s->n_items);
}

static size_t rerank_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)params;
    const rerank_state *s = state;
    size_t bytes = rerank_carve(s, NULL, NULL);
    for (int32_t i = 0; i < s->n_parts; i++)
        bytes += rerank_part_bytes(s->parts[i], i == 0 ? n_queries : 1);
    return bytes;
}

/* The first items of `scores` until so many of them were not used; returns how many. */
static int32_t rerank_choose(const rerank_state *s, const pal_query *query, int32_t n_wanted,
                             const rerank_room *room, const float *scores) {
    int64_t most = (int64_t)n_wanted + query->n_events;
    int32_t k = most < s->n_items ? (int32_t)most : s->n_items, n = 0;
    pal_topk top;
    pal_topk_start(&top, k, room->items, room->before);
    pal_topk_offer(&top, pal_kernels_best(), scores, s->n_items, 0, room->found);
    int32_t n_found = pal_topk_finish(&top);
    for (int32_t e = 0; e < query->n_events; e++) room->used[query->items[e]] = 1;
    for (int32_t unused = 0; n < n_found && unused < n_wanted; n++)
        unused += !room->used[room->items[n]];
    for (int32_t e = 0; e < query->n_events; e++) room->used[query->items[e]] = 0;
    return n;
}

/* One stage for one query: scores [n_items] from those of the stage before. */
static void rerank_stage(const rerank_state *s, int32_t stage, const pal_query *query,
                         const rerank_room *room, void *part_scratch, float *scores) {
    const pal_model *part = s->parts[stage];
    int32_t n = rerank_choose(s, query, s->n_candidates[stage], room, scores);
    if (n == 0) return;
    if (part->kind->score_some) {
        part->kind->score_some(part->params, part->state, query, room->items, n, part_scratch,
                               room->after);
    } else {
        part->kind->score(part->params, part->state, query, 1, part_scratch, room->all);
        for (int32_t j = 0; j < n; j++) room->after[j] = room->all[room->items[j]];
    }
    double least = INFINITY, cut = (double)room->before[n - 1];
    for (int32_t j = 0; j < n; j++) {
        if (isfinite(room->after[j])) least = fmin(least, (double)room->after[j]);
    }
    if (!isfinite(least)) return; /* the stage can score none: the order stays */
    for (int32_t i = 0; i < s->n_items; i++)
        scores[i] = (float)(least - 2 - (cut - (double)scores[i]));
    for (int32_t j = 0; j < n; j++)
        scores[room->items[j]] = isfinite(room->after[j]) ? room->after[j] : (float)(least - 1);
}

/* Somebody without a history whom this stage is the first to know something of, by his words or his
 * profile: what the stages before put first is no choice for him. */
static bool rerank_is_first(const rerank_state *s, int32_t stage, const pal_query *query) {
    if (query->n_events > 0 || !pal_model_answers(s->parts[stage], query)) return false;
    for (int32_t i = 0; i < stage; i++) {
        if (pal_model_answers(s->parts[i], query)) return false;
    }
    return true;
}

static void rerank_score(const void *params, const void *state, const pal_query *queries,
                         int32_t n_queries, void *scratch, float *scores) {
    (void)params;
    const rerank_state *s = state;
    const pal_model *first = s->parts[0];
    rerank_room room;
    char *at = (char *)scratch + rerank_carve(s, scratch, &room);
    first->kind->score(first->params, first->state, queries, n_queries, at, scores);
    at += rerank_part_bytes(first, n_queries);
    for (int32_t i = 1; i < s->n_parts; i++) {
        for (int32_t q = 0; q < n_queries; q++) {
            const pal_model *part = s->parts[i];
            float *row = scores + (int64_t)q * s->n_items;
            if (rerank_is_first(s, i, &queries[q])) {
                part->kind->score(part->params, part->state, &queries[q], 1, at, row);
            } else {
                rerank_stage(s, i, &queries[q], &room, at, row);
            }
        }
        at += rerank_part_bytes(s->parts[i], 1);
    }
}

static int32_t rerank_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                              pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    (void)n_users;
    rerank_state *s = state;
    s->n_items = n_items;
    tensors[0] = (pal_tensor){.name = "candidates",
                              .dtype = PAL_I32,
                              .n_dims = 1,
                              .dims = {s->n_parts},
                              .data = (void **)&s->n_candidates,
                              .role = PAL_ROLE_INDEX,
                              .index_bound = n_items + INT64_C(1)};
    return 1;
}

const pal_kind pal_kind_rerank = {
    .name = "rerank",
    .family = "collaborative",
    .summary = "stages: a first kind chooses candidates, the next one orders them anew",
    .paper = "Covington, Adams, Sargin: Deep neural networks for YouTube recommendations, RecSys "
             "2016",
    .traits = PAL_SCORES_NEW_USERS,
    .params = rerank_table,
    .params_size = sizeof(rerank_params),
    .state_size = sizeof(rerank_state),
    .fit = rerank_fit,
    .scratch_bytes = rerank_scratch_bytes,
    .score = rerank_score,
    .tensors = rerank_tensors,
    .parts = rerank_parts,
    .joint = '>',
};
