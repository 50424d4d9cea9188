/* similar.c - users and items that are like another one, by the model's own measure. */
#include <math.h>
#include <string.h>

#include "math/topk.h"
#include "models/rank.h"
#include "models/shrink.h"
#include "models/train.h"

static const pal_tensor *similar_find_role(pal_tensor *tensors, int32_t n, pal_role role) {
    for (int32_t i = 0; i < n; i++) {
        if (tensors[i].role == role) return &tensors[i];
    }
    return NULL;
}

static double similar_dot(const float *a, const float *b, int64_t n) {
    double sum = 0;
    for (int64_t f = 0; f < n; f++) sum += (double)a[f] * (double)b[f];
    return sum;
}

/* Cosine of the representations. */
static pal_status similar_by_vectors(pal_ctx *ctx, const pal_tensor *rows, int32_t row,
                                     pal_arena *arena, float *scores) {
    int64_t width = rows->dims[1];
    const float *vectors = pal_tensor_floats(rows, arena);
    if (!vectors) return pal_fail_memory(ctx, "what is similar", 4.0 * (double)width);
    const float *own = vectors + row * width;
    double norm = similar_dot(own, own, width);
    for (int32_t v = 0; v < rows->dims[0]; v++) {
        const float *other = vectors + v * width;
        double product = norm * similar_dot(other, other, width);
        scores[v] =
            product > 0 ? (float)(similar_dot(own, other, width) / sqrt(product)) : -INFINITY;
    }
    return PAL_OK;
}

/* Cosine of the sets of items. */
static void similar_by_histories(const pal_csr *pairs, int32_t user, uint8_t *marks,
                                 float *scores) {
    int64_t n = pairs->starts[user + 1] - pairs->starts[user];
    for (int64_t e = pairs->starts[user]; e < pairs->starts[user + 1]; e++)
        marks[pairs->cols[e]] = 1;
    for (int32_t v = 0; v < pairs->n_rows; v++) {
        int64_t both = 0, other = pairs->starts[v + 1] - pairs->starts[v];
        for (int64_t e = pairs->starts[v]; e < pairs->starts[v + 1]; e++)
            both += marks[pairs->cols[e]];
        scores[v] = both ? (float)((double)both / sqrt((double)n * (double)other)) : -INFINITY;
    }
}

/* The k highest of scores[n] as one list. */
static pal_status similar_nearest(pal_ctx *ctx, const float *scores, int32_t n, int32_t k,
                                  pal_arena *arena, pal_lists *out) {
    *out = (pal_lists){.n = 1, .k = k < n ? k : n};
    out->items = PAL_ARENA_ARRAY(arena, int32_t, out->k);
    out->scores = PAL_ARENA_ARRAY(arena, float, out->k);
    out->counts = PAL_ARENA_ARRAY(arena, int32_t, 1);
    out->fallback = PAL_ARENA_ARRAY(arena, uint8_t, 1);
    int32_t *found = PAL_ARENA_ARRAY(arena, int32_t, n);
    if (!out->items || !out->scores || !out->counts || !out->fallback || !found)
        return pal_fail_memory(ctx, "a list of what is similar", 8.0 * n);
    pal_topk top;
    pal_topk_start(&top, out->k, out->items, out->scores);
    pal_topk_offer(&top, pal_kernels_best(), scores, n, 0, found);
    out->counts[0] = pal_topk_finish(&top);
    return PAL_OK;
}

pal_status pal_similar_users(pal_ctx *ctx, const pal_model *model, int32_t user, int32_t k,
                             pal_arena *arena, pal_lists *out) {
    int32_t n = model->log->n_users;
    float *scores = PAL_ARENA_ARRAY(arena, float, n);
    uint8_t *marks = PAL_ARENA_ARRAY(arena, uint8_t, model->log->n_items);
    if (!scores || !marks) return pal_fail_memory(ctx, "similar users", 8.0 * n);
    pal_tensor tensors[PAL_TENSORS_MAX];
    int32_t n_tensors = pal_model_tensors(model, tensors);
    const pal_tensor *users = similar_find_role(tensors, n_tensors, PAL_ROLE_USERS);
    if (users) {
        TRY(similar_by_vectors(ctx, users, user, arena, scores));
    } else {
        pal_csr pairs;
        TRY(pal_log_pairs(ctx, model->log, UINT32_MAX, arena, &pairs));
        similar_by_histories(&pairs, user, marks, scores);
    }
    scores[user] = -INFINITY;
    return similar_nearest(ctx, scores, n, k, arena, out);
}

/* A history of the item alone, also where it is one that the model keeps and does not list: its
 * features may say what is like it. */
static pal_status similar_by_history(pal_ctx *ctx, const pal_model *model, int32_t item, int32_t k,
                                     const uint8_t *excluded, pal_arena *arena, pal_lists *out) {
    int32_t n = model->log->n_items, n_listed = pal_model_n_listed(model);
    pal_query query = {.n_events = 1, .items = &item};
    uint8_t *hidden = PAL_ARENA_ARRAY(arena, uint8_t, n);
    if (!hidden) return pal_fail_memory(ctx, "similar items", n);
    for (int32_t i = 0; i < n; i++) hidden[i] = i >= n_listed || (excluded && excluded[i]);
    const pal_rank_options options = {
        .k = k, .hide = PAL_HIDE_ANY, .excluded = hidden, .end_item = n};
    pal_lists lists;
    TRY(pal_rank(ctx, model, &query, 1, &options, arena, &lists));
    if (lists.fallback[0] != PAL_BY_ITSELF)
        return pal_fail(ctx, PAL_EDATA,
                        "%s knows nothing of the item '%s' to find similar ones by: name one that "
                        "was used, or train a kind that knows items by their features",
                        model->kind->name, pal_ids_at(model->log->about.item_ids, item));
    *out = lists;
    return PAL_OK;
}

/* A kind that predicts values puts what everybody values first also for a history of one item, so
 * that the rows it learned say better what is alike. */
pal_status pal_similar_items(pal_ctx *ctx, const pal_model *model, int32_t item, int32_t k,
                             const uint8_t *excluded, pal_arena *arena, pal_lists *out) {
    if ((model->kind->traits & (PAL_SCORES_STRANGERS | PAL_REPEATS)) ||
        !(model->kind->traits & PAL_SCORES_NEW_USERS)) {
        return pal_fail(ctx, PAL_EUSAGE,
                        "%s knows no similarity of items: use a model such as item_knn or ease",
                        model->kind->name);
    }
    pal_tensor tensors[PAL_TENSORS_MAX];
    int32_t n_tensors = pal_model_tensors(model, tensors), n = model->log->n_items;
    const pal_tensor *rows = similar_find_role(tensors, n_tensors, PAL_ROLE_ITEMS);
    if (!rows || !pal_model_predicts_values(model)) {
        return similar_by_history(ctx, model, item, k, excluded, arena, out);
    }
    float *scores = PAL_ARENA_ARRAY(arena, float, n);
    if (!scores) return pal_fail_memory(ctx, "similar items", 4.0 * n);
    TRY(similar_by_vectors(ctx, rows, item, arena, scores));
    for (int32_t i = 0; i < n; i++) {
        if (i == item || i >= pal_model_n_listed(model) || (excluded && excluded[i]))
            scores[i] = -INFINITY;
    }
    return similar_nearest(ctx, scores, n, k, arena, out);
}
