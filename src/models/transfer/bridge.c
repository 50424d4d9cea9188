/* bridge.c - one text an item, one vocabulary for both domains (represent/vectors.h). */
#include "models/transfer/bridge.h"

#include <string.h>

#include "represent/attributes.h"
#include "represent/keywords.h"
#include "represent/vectors.h"

enum { BRIDGE_DIMS = 64 };

/* All words of a row of the catalog in one text; NULL without memory. */
static const char *bridge_text(const pal_catalog *catalog, int32_t row, pal_arena *arena,
                               pal_text *text) {
    text->length = 0;
    for (int32_t c = 0; row >= 0 && c < catalog->n_columns; c++) {
        const pal_column *column = &catalog->columns[c];
        bool has_words = c == catalog->title || column->type == PAL_FEATURE_TEXT ||
                         column->type == PAL_FEATURE_TOKEN ||
                         (column->type == PAL_FEATURE_SET && !column->times);
        if (has_words) pal_text_addf(text, "%s ", column->cells[row]);
    }
    return text->failed ? NULL
                        : pal_arena_text(arena, text->bytes ? text->bytes : "", text->length);
}

static pal_status bridge_collect(pal_ctx *ctx, const char *what, const pal_catalog *catalog,
                                 const pal_log *log, int32_t n, pal_arena *arena,
                                 const char **cells) {
    int32_t *rows = pal_catalog_rows(catalog, log->about.item_ids, n, arena);
    pal_text text = {0};
    bool failed = !rows;
    for (int32_t i = 0; !failed && i < n; i++)
        failed = !(cells[i] = bridge_text(catalog, rows[i], arena, &text));
    pal_text_release(&text);
    return failed ? pal_fail_memory(ctx, what, 64.0 * n) : PAL_OK;
}

/* How many words rows [0, n_source) and the others have both. */
static int32_t bridge_count_common(const pal_csr *rows, int32_t n_source, uint8_t *seen) {
    int32_t n = 0;
    for (int64_t e = 0; e < rows->starts[rows->n_rows]; e++)
        seen[rows->cols[e]] |= e < rows->starts[n_source] ? 1 : 2;
    for (int32_t w = 0; w < rows->n_cols; w++) n += seen[w] == 3;
    return n;
}

pal_status pal_bridge_texts(pal_ctx *ctx, const char *what, const pal_train_input *train,
                            pal_arena *arena, const float **vectors, int32_t *n_dims) {
    const pal_source *source = train->source;
    int32_t n_source = source->log->n_items, n_here = train->n_items, n = n_source + n_here;
    *n_dims = 0;
    if (!source->items || !train->items) return PAL_OK;
    const char **cells = PAL_ARENA_ARRAY(arena, const char *, n);
    if (!cells) return pal_fail_memory(ctx, what, 8.0 * n);
    TRY(bridge_collect(ctx, what, source->items, source->log, n_source, arena, cells));
    TRY(bridge_collect(ctx, what, train->items, train->log, n_here, arena, cells + n_source));
    const pal_keyword_options options = pal_keyword_usual(0);
    pal_documents documents = {.n_rows = n, .n_columns = 1, .cells = {cells}};
    int32_t n_fit = n_source + train->n_seen_items;
    pal_vocabulary words;
    pal_csr rows;
    TRY(pal_documents_settle(ctx, &documents, n_fit));
    TRY(pal_keywords_fit(ctx, &options, &documents, n_fit, arena, &words, arena, &rows));
    uint8_t *seen = PAL_ARENA_ARRAY(arena, uint8_t, rows.n_cols);
    if (!seen) return pal_fail_memory(ctx, what, rows.n_cols);
    if (bridge_count_common(&rows, n_source, seen) < 2) return PAL_OK;
    pal_vectors found;
    float *directions;
    int32_t k = rows.n_cols < BRIDGE_DIMS ? rows.n_cols : BRIDGE_DIMS;
    TRY(pal_vectors_of_keywords(ctx, &rows, n_fit, k, arena, &found, &directions));
    *vectors = found.vectors;
    *n_dims = found.n_dims;
    return PAL_OK;
}
