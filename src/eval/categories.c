/* categories.c - items by words of the catalog. */
#include "eval/categories.h"

#include <string.h>

#include "base/ctx.h"

enum { CATEGORIES_USES = 5 };

typedef struct {
    const pal_column *column;
    int32_t first; /* column of its first word in the result */
} categories_column;

/* Whether the column's words sort items: each is used often enough, and there is more than one. */
static bool categories_sort(const pal_column *column, int32_t n_rows) {
    int64_t uses = 0;
    if (column->type == PAL_FEATURE_SET) {
        uses = column->sets.starts[n_rows];
    } else if (column->type == PAL_FEATURE_TOKEN) {
        for (int32_t i = 0; i < n_rows; i++) uses += column->tokens[i] >= 0;
    } else {
        return false;
    }
    return column->vocabulary.n > 1 && (int64_t)column->vocabulary.n * CATEGORIES_USES <= uses;
}

/* The words of one catalog row into cols [as many], or with NULL only their number. */
static int64_t categories_of_row(const categories_column *columns, int32_t n_columns, int32_t row,
                                 int32_t *cols) {
    int64_t count = 0;
    for (int32_t c = 0; c < n_columns; c++) {
        const pal_column *column = columns[c].column;
        if (column->type == PAL_FEATURE_TOKEN) {
            if (column->tokens[row] < 0) continue;
            if (cols) cols[count] = columns[c].first + column->tokens[row];
            count++;
            continue;
        }
        for (int64_t e = column->sets.starts[row]; e < column->sets.starts[row + 1]; e++) {
            if (cols) cols[count] = columns[c].first + column->sets.cols[e];
            count++;
        }
    }
    return count;
}

static pal_status categories_fill(pal_ctx *ctx, const pal_catalog *catalog, const pal_ids *item_ids,
                                  int32_t n_items, const categories_column *columns,
                                  int32_t n_columns, pal_arena *arena, pal_csr *out) {
    int64_t total = 0, at = 0;
    for (int32_t r = 0; r < catalog->ids.n; r++)
        total += categories_of_row(columns, n_columns, r, NULL);
    int64_t *starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)n_items + 1);
    int32_t *cols = PAL_ARENA_ARRAY(arena, int32_t, total);
    if (!starts || !cols) return pal_fail_memory(ctx, "the categories", 4.0 * (double)total);
    for (int32_t i = 0; i < n_items; i++) {
        const char *id = pal_ids_at(item_ids, i);
        int32_t row = pal_ids_find(&catalog->ids, id, strlen(id));
        if (row >= 0) at += categories_of_row(columns, n_columns, row, cols + at);
        starts[i + 1] = at;
    }
    const categories_column *last = &columns[n_columns - 1];
    *out = (pal_csr){.n_rows = n_items,
                     .n_cols = last->first + last->column->vocabulary.n,
                     .starts = starts,
                     .cols = cols};
    return PAL_OK;
}

pal_status pal_categories_make(pal_ctx *ctx, const pal_catalog *catalog, const pal_ids *item_ids,
                               int32_t n_items, pal_arena *arena, pal_csr *out) {
    *out = (pal_csr){0};
    pal_arena scratch = {0};
    categories_column *columns = PAL_ARENA_ARRAY(&scratch, categories_column, catalog->n_columns);
    if (!columns) return pal_fail_memory(ctx, "the categories", 64.0 * catalog->n_columns);
    int32_t n = 0, first = 0;
    for (int32_t c = 0; c < catalog->n_columns; c++) {
        const pal_column *column = &catalog->columns[c];
        if (c == catalog->title || !categories_sort(column, catalog->ids.n)) continue;
        columns[n++] = (categories_column){.column = column, .first = first};
        first += column->vocabulary.n;
    }
    pal_status status = PAL_OK;
    if (n > 0) status = categories_fill(ctx, catalog, item_ids, n_items, columns, n, arena, out);
    pal_arena_release(&scratch);
    return status;
}

pal_status pal_questions_categorize(pal_ctx *ctx, const pal_catalog *catalog,
                                    pal_questions *questions) {
    const pal_log *targets = questions->targets, *history = questions->history;
    const pal_log *larger = targets->n_items > history->n_items ? targets : history;
    int32_t n =
        larger->n_items > questions->n_candidates ? larger->n_items : questions->n_candidates;
    if (catalog->ids.n == 0) return PAL_OK;
    return pal_categories_make(ctx, catalog, larger->about.item_ids, n, &questions->arena,
                               &questions->categories);
}
