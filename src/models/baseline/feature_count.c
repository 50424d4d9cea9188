/* feature_count.c - the items of which most is told: a control row beside kinds that learn from
 * features.
 *
 * score(i) = how many cells of the catalog's row of i hold something, each word of a set and of a
 * text counted. What people write about items tells by its mere length which were used much: a kind
 * that is no better than this row has learned nothing else. Cost: one pass over the catalog, 4
 * bytes an item. */
#include <math.h>
#include <string.h>

#include "models/model.h"
#include "represent/attributes.h"

static const pal_param count_table[] = {{0}};

typedef struct {
    float *counts; /* [n_items] */
    int32_t n_items;
} count_state;

static int32_t count_words(const char *text) {
    int32_t n = 0;
    for (const char *c = text + strspn(text, " "); *c; c += strspn(c, " ")) {
        c += strcspn(c, " ");
        n++;
    }
    return n;
}

static int64_t count_cell(const pal_column *column, int32_t row) {
    const int32_t *tokens;
    switch (column->type) {
    case PAL_FEATURE_TOKEN:
    case PAL_FEATURE_SET:
        return pal_column_tokens(column, row, &tokens);
    case PAL_FEATURE_NUMBER:
        return !isnan(column->numbers[row]);
    case PAL_FEATURE_TEXT:
        return count_words(column->cells[row]);
    default:
        return 0;
    }
}

static pal_status count_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                            pal_arena *arena, pal_arena *scratch, void *state) {
    (void)params;
    count_state *s = state;
    const pal_log *log = train->log;
    const int32_t *rows =
        pal_catalog_rows(train->items, log->about.item_ids, log->n_items, scratch);
    s->n_items = log->n_items;
    s->counts = PAL_ARENA_ARRAY(arena, float, log->n_items);
    if (!rows || !s->counts) return pal_fail_memory(ctx, "feature_count", 8.0 * log->n_items);
    for (int32_t i = 0; i < log->n_items; i++) {
        int64_t n = 0;
        for (int32_t c = 0; rows[i] >= 0 && c < train->items->n_columns; c++)
            n += count_cell(&train->items->columns[c], rows[i]);
        s->counts[i] = (float)n;
    }
    return PAL_OK;
}

static void count_score(const void *params, const void *state, const pal_query *queries,
                        int32_t n_queries, void *scratch, float *scores) {
    (void)params;
    (void)queries;
    (void)scratch;
    const count_state *s = state;
    for (int32_t q = 0; q < n_queries; q++)
        memcpy(scores + (int64_t)q * s->n_items, s->counts, (size_t)s->n_items * sizeof *scores);
}

static int32_t count_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                             pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    (void)n_users;
    count_state *s = state;
    s->n_items = n_items;
    tensors[0] = pal_floats("counts", &s->counts, n_items);
    return 1;
}

const pal_kind pal_kind_feature_count = {
    .name = "feature_count",
    .family = "baseline",
    .summary = "the items of which most is told: the control row of kinds that learn from features",
    .paper = "none",
    .represents = "nothing | how much the catalog tells of it",
    .traits = PAL_SCORES_NEW_USERS | PAL_SCORES_STRANGERS | PAL_IS_CONTROL | PAL_SCORES_NEW_ITEMS |
              PAL_NEEDS_CATALOG,
    .params = count_table,
    .params_size = 1,
    .state_size = sizeof(count_state),
    .fit = count_fit,
    .score = count_score,
    .tensors = count_tensors,
};
