/* categories.c - items by words of the catalog. */
#include "eval/categories.h"

#include <string.h>

#include "base/ctx.h"

enum { CATEGORIES_USES = 5, CATEGORIES_WORD_MAX = 100 };

typedef struct {
    const pal_column *column;
    pal_ids words;
    int32_t first; /* column of its first word in the result */
} categories_column;

/* The next word of a cell and its length, or NULL. */
static const char *categories_next(const char **cell, size_t *length) {
    const char *at = *cell + strspn(*cell, "| ");
    size_t n = strcspn(at, "|");
    *cell = at + n;
    while (n > 0 && at[n - 1] == ' ') n--;
    *length = n;
    return n > 0 ? at : NULL;
}

/* Collects the column's words; is_category says whether they sort items. False without memory. */
static bool categories_learn(categories_column *column, int32_t n_rows, bool *is_category) {
    int64_t uses = 0;
    *is_category = false;
    for (int32_t i = 0; i < n_rows; i++) {
        const char *cell = column->column->cells[i], *word;
        for (size_t n; (word = categories_next(&cell, &n)); uses++) {
            if (n > CATEGORIES_WORD_MAX) return true; /* a text */
            if (pal_ids_add(&column->words, word, n) < 0) return false;
        }
    }
    *is_category = column->words.n > 1 && (int64_t)column->words.n * CATEGORIES_USES <= uses;
    return true;
}

/* The words of one catalog row, each once: cols [the words' number], returns it; cols NULL: an
 * upper bound. */
static int64_t categories_of_row(const categories_column *columns, int32_t n_columns, int32_t row,
                                 int32_t *cols) {
    int64_t count = 0;
    for (int32_t c = 0; c < n_columns; c++) {
        const char *cell = columns[c].column->cells[row], *word;
        for (size_t n; (word = categories_next(&cell, &n));) {
            if (!cols) {
                count++;
                continue;
            }
            int32_t found = columns[c].first + pal_ids_find(&columns[c].words, word, n);
            int64_t at = 0;
            while (at < count && cols[at] != found) at++;
            if (at == count) cols[count++] = found;
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
    *out = (pal_csr){
        .n_rows = n_items, .n_cols = last->first + last->words.n, .starts = starts, .cols = cols};
    return PAL_OK;
}

pal_status pal_categories_make(pal_ctx *ctx, const pal_catalog *catalog, const pal_ids *item_ids,
                               int32_t n_items, pal_arena *arena, pal_csr *out) {
    *out = (pal_csr){0};
    pal_arena scratch = {0};
    categories_column *columns = PAL_ARENA_ARRAY(&scratch, categories_column, catalog->n_columns);
    int32_t n = 0, first = 0;
    bool done = columns != NULL;
    for (int32_t c = 0; done && c < catalog->n_columns; c++) {
        bool is_category;
        columns[n] = (categories_column){.column = &catalog->columns[c], .first = first};
        if (c == catalog->title) continue;
        done = categories_learn(&columns[n], catalog->ids.n, &is_category);
        if (done && is_category) {
            first += columns[n++].words.n;
        } else {
            pal_ids_release(&columns[n].words);
        }
    }
    pal_status status = PAL_OK;
    if (!done) {
        status = pal_fail_memory(ctx, "the categories", 64.0 * catalog->ids.n);
    } else if (n > 0) {
        status = categories_fill(ctx, catalog, item_ids, n_items, columns, n, arena, out);
    }
    for (int32_t c = 0; c < n; c++) pal_ids_release(&columns[c].words);
    pal_arena_release(&scratch);
    return status;
}

pal_status pal_questions_categorize(pal_ctx *ctx, const pal_catalog *catalog,
                                    pal_questions *questions) {
    const pal_log *targets = questions->targets, *history = questions->history;
    const pal_log *larger = targets->n_items > history->n_items ? targets : history;
    if (catalog->ids.n == 0) return PAL_OK;
    return pal_categories_make(ctx, catalog, larger->about.item_ids, larger->n_items,
                               &questions->arena, &questions->categories);
}
