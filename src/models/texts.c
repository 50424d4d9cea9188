/* texts.c - columns found, cut, kept. */
#include "models/texts.h"

#include <string.h>

#include "represent/attributes.h"
#include "represent/languages.h"

/* --- columns --- */

typedef struct {
    int32_t n;
    const pal_column *at[PAL_DOCUMENT_COLUMNS_MAX];
} texts_columns;

static pal_status texts_add(pal_ctx *ctx, const char *what, const pal_column *column,
                            texts_columns *out) {
    if (out->n == PAL_DOCUMENT_COLUMNS_MAX)
        return pal_fail(ctx, PAL_EDATA, "%s reads %d columns at most: name them with columns=…",
                        what, PAL_DOCUMENT_COLUMNS_MAX);
    out->at[out->n++] = column;
    return PAL_OK;
}

static pal_status texts_add_named(pal_ctx *ctx, const pal_catalog *catalog, const char *what,
                                  const char *name, texts_columns *out) {
    const pal_column *column = pal_catalog_column(catalog, name);
    if (column && column->type != PAL_FEATURE_VECTOR) return texts_add(ctx, what, column, out);
    enum { NAMES_MAX = 64 };
    const char *names[NAMES_MAX];
    int32_t n = 0;
    for (int32_t c = 0; c < catalog->n_columns && n < NAMES_MAX; c++) {
        if (catalog->columns[c].type != PAL_FEATURE_VECTOR) names[n++] = catalog->columns[c].name;
    }
    return pal_fail_name(ctx, "column of words", name, names, n);
}

static pal_status texts_choose(pal_ctx *ctx, const char *what, const pal_catalog *catalog,
                               const char *columns, pal_arena *scratch, texts_columns *out) {
    *out = (texts_columns){0};
    if (columns) {
        char *text = pal_arena_text(scratch, columns, strlen(columns)), *rest = text, *name;
        if (!text) return pal_fail_memory(ctx, what, 1e3);
        while ((name = strsep(&rest, ","))) {
            name += strspn(name, " ");
            if (*name) TRY(texts_add_named(ctx, catalog, what, name, out));
        }
    }
    for (int32_t c = 0; !columns && c < catalog->n_columns; c++) {
        if (c == catalog->title || catalog->columns[c].type == PAL_FEATURE_TEXT)
            TRY(texts_add(ctx, what, &catalog->columns[c], out));
    }
    if (out->n) return PAL_OK;
    return pal_fail(ctx, PAL_EDATA,
                    "%s needs texts of items, and the table of items has neither a title nor a "
                    "column of texts: name columns with columns=…, or leave it out",
                    what);
}

static bool texts_keep_columns(const texts_columns *columns, const pal_documents *documents,
                               pal_arena *arena, pal_item_texts *out) {
    out->column_range = PAL_ARENA_ARRAY(arena, int64_t, 2);
    out->languages = PAL_ARENA_ARRAY(arena, int32_t, columns->n);
    out->column_starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)columns->n + 1);
    if (!out->column_range || !out->languages || !out->column_starts) return false;
    out->column_range[1] = columns->n;
    for (int32_t c = 0; c < columns->n; c++) {
        out->languages[c] = documents->languages[c];
        out->column_starts[c + 1] =
            out->column_starts[c] + (int64_t)strlen(columns->at[c]->name) + 1;
    }
    out->column_names = pal_arena_alloc(arena, out->column_starts[columns->n], 1);
    for (int32_t c = 0; out->column_names && c < columns->n; c++)
        strcpy(out->column_names + out->column_starts[c], columns->at[c]->name);
    return out->column_names != NULL;
}

/* The column's texts. Sets that were written bit by bit are what the catalog kept of them, not what
 * stands in the cells, which time has not cut. */
static pal_status texts_cells(pal_ctx *ctx, const char *what, const pal_column *column,
                              pal_arena *scratch, const char *const **out) {
    *out = column->cells;
    if (!column->times) return PAL_OK;
    const pal_csr *sets = &column->sets;
    const char **cells = PAL_ARENA_ARRAY(scratch, const char *, sets->n_rows);
    pal_text text = {0};
    bool failed = !cells;
    for (int32_t r = 0; !failed && r < sets->n_rows; r++) {
        text.length = 0;
        for (int64_t e = sets->starts[r]; e < sets->starts[r + 1]; e++)
            pal_text_addf(&text, "%s ", pal_ids_at(&column->vocabulary, sets->cols[e]));
        cells[r] = pal_arena_text(scratch, text.bytes ? text.bytes : "", text.length);
        failed = text.failed || !cells[r];
    }
    pal_text_release(&text);
    *out = cells;
    return failed ? pal_fail_memory(ctx, what, 16.0 * sets->n_rows) : PAL_OK;
}

/* --- fit --- */

static pal_status texts_check(pal_ctx *ctx, const char *what, const pal_keyword_options *options,
                              const pal_documents *documents, const pal_item_texts *texts) {
    if (texts->words.n_rows > 0 && texts->words.n_words == 0)
        pal_note(
            ctx, PAL_NOTICE_WARNING,
            "%s: no word of the texts may count: each stands in more than %.3g %% of the items "
            "(max_df) or in fewer than %lld (min_df): it lists what is popular; take columns=… "
            "with more to tell",
            what, 100 * options->max_df, (long long)options->min_df);
    if (texts->words.n_rows > 0) return PAL_OK;
    for (int32_t r = 0; r < documents->n_rows; r++) {
        if (documents->rows[r] >= 0)
            return pal_fail(ctx, PAL_EDATA,
                            "%s needs texts of items, and those of the table of items are empty: "
                            "name other columns with columns=…, or leave it out",
                            what);
    }
    return pal_fail(ctx, PAL_EDATA,
                    "%s needs texts of items, and the table of items knows none of the log's: are "
                    "the ids written the same way?",
                    what);
}

static pal_status texts_learn(pal_ctx *ctx, const char *what, const pal_keyword_options *options,
                              const texts_columns *chosen, int32_t language,
                              const pal_train_input *train, pal_arena *arena, pal_arena *scratch,
                              pal_documents *documents, pal_item_texts *out, pal_csr *rows) {
    *documents = (pal_documents){.n_rows = train->log->n_items,
                                 .n_columns = chosen->n,
                                 .rows = pal_catalog_rows(train->items, train->log->about.item_ids,
                                                          train->log->n_items, scratch)};
    if (!documents->rows) return pal_fail_memory(ctx, what, 4.0 * documents->n_rows);
    for (int32_t c = 0; c < chosen->n; c++) {
        TRY(texts_cells(ctx, what, chosen->at[c], scratch, &documents->cells[c]));
        documents->languages[c] = language;
    }
    TRY(pal_documents_settle(ctx, documents, train->n_seen_items));
    return pal_keywords_fit(ctx, options, documents, train->n_seen_items, arena, &out->words,
                            scratch, rows);
}

pal_status pal_item_texts_fit(pal_ctx *ctx, const char *what, const pal_keyword_options *options,
                              const char *columns, int32_t language, const pal_train_input *train,
                              pal_arena *arena, pal_arena *scratch, pal_item_texts *out,
                              pal_csr *rows) {
    texts_columns chosen;
    pal_documents documents;
    TRY(texts_choose(ctx, what, train->items, columns, scratch, &chosen));
    TRY(texts_learn(ctx, what, options, &chosen, language, train, arena, scratch, &documents, out,
                    rows));
    TRY(texts_check(ctx, what, options, &documents, out));
    out->word_range = PAL_ARENA_ARRAY(arena, int64_t, 2);
    out->corpus = PAL_ARENA_ARRAY(arena, double, 2);
    if (!out->word_range || !out->corpus || !texts_keep_columns(&chosen, &documents, arena, out))
        return pal_fail_memory(ctx, what, 1e4);
    out->word_range[1] = out->words.n_words;
    out->corpus[0] = (double)out->words.n_rows;
    out->corpus[1] = out->words.mean_length;
    return PAL_OK;
}

pal_status pal_item_texts_fit_any(pal_ctx *ctx, const char *what,
                                  const pal_keyword_options *options, const pal_train_input *train,
                                  pal_arena *arena, pal_arena *scratch, pal_item_texts *out,
                                  pal_csr *rows) {
    texts_columns chosen = {0};
    pal_documents documents;
    const pal_catalog *items = train->items;
    *rows = (pal_csr){0};
    for (int32_t c = 0; items && c < items->n_columns && chosen.n < PAL_DOCUMENT_COLUMNS_MAX; c++) {
        if (c == items->title || items->columns[c].type == PAL_FEATURE_TEXT)
            chosen.at[chosen.n++] = &items->columns[c];
    }
    if (chosen.n == 0) return PAL_OK;
    return texts_learn(ctx, what, options, &chosen, 0, train, arena, scratch, &documents, out,
                       rows);
}

/* --- later rows --- */

pal_status pal_item_texts_encode(pal_ctx *ctx, const pal_keyword_options *options,
                                 const pal_item_texts *texts, const pal_catalog *catalog,
                                 const int32_t *rows, int32_t n, pal_arena *arena,
                                 pal_arena *scratch, pal_csr *out) {
    pal_documents documents = {.n_rows = n, .rows = rows};
    for (int64_t c = 0; c < texts->column_range[1]; c++) {
        const pal_column *column =
            pal_catalog_column(catalog, texts->column_names + texts->column_starts[c]);
        if (!column || column->type == PAL_FEATURE_VECTOR) continue;
        TRY(texts_cells(ctx, "texts", column, scratch, &documents.cells[documents.n_columns]));
        documents.languages[documents.n_columns++] = texts->languages[c];
    }
    return pal_keywords_encode(ctx, options, &texts->words, &documents, arena, out);
}

/* --- files --- */

static int32_t texts_count_languages(void) {
    int32_t n = 0;
    while (pal_languages[n]) n++;
    return n;
}

int32_t pal_item_texts_tensors(pal_item_texts *texts, pal_tensor *tensors) {
    pal_vocabulary *v = &texts->words;
    const pal_tensor all[] = {
        {"column_range", PAL_I64, 1, {2}, (void **)&texts->column_range, PAL_ROLE_STARTS, 0, NULL},
        {"column_languages",
         PAL_I32,
         1,
         {-1},
         (void **)&texts->languages,
         PAL_ROLE_INDEX,
         texts_count_languages(),
         NULL},
        {"column_starts",
         PAL_I64,
         1,
         {-2},
         (void **)&texts->column_starts,
         PAL_ROLE_STARTS,
         0,
         NULL},
        {"column_names", PAL_U8, 1, {-1}, (void **)&texts->column_names, PAL_ROLE_DATA, 0, NULL},
        {"word_range", PAL_I64, 1, {2}, (void **)&texts->word_range, PAL_ROLE_STARTS, 0, NULL},
        pal_floats("word_idf", &v->idf, -1),
        {"word_starts", PAL_I64, 1, {-2}, (void **)&v->starts, PAL_ROLE_STARTS, 0, NULL},
        {"words", PAL_U8, 1, {-1}, (void **)&v->bytes, PAL_ROLE_DATA, 0, NULL},
        {"corpus", PAL_F64, 1, {2}, (void **)&texts->corpus, PAL_ROLE_DATA, 0, NULL},
    };
    int32_t n = sizeof all / sizeof *all;
    for (int32_t i = 0; i < n; i++) tensors[i] = all[i];
    return n;
}

pal_status pal_item_texts_prepare(pal_ctx *ctx, const char *what, pal_item_texts *texts) {
    int64_t n_columns = texts->column_range[1], n_words = texts->word_range[1];
    bool is_valid = n_columns <= PAL_DOCUMENT_COLUMNS_MAX && n_words < INT32_MAX;
    for (int64_t c = 0; is_valid && c < n_columns; c++) {
        const char *begin = texts->column_names + texts->column_starts[c];
        size_t n = (size_t)(texts->column_starts[c + 1] - texts->column_starts[c]);
        is_valid = n > 0 && memchr(begin, 0, n) == begin + n - 1;
    }
    if (is_valid) {
        texts->words.n_words = (int32_t)n_words;
        texts->words.n_rows =
            texts->corpus[0] >= 0 && texts->corpus[0] < 1e18 ? (int64_t)texts->corpus[0] : 0;
        texts->words.mean_length = texts->corpus[1];
        is_valid = pal_vocabulary_is_valid(&texts->words);
    }
    if (is_valid) return PAL_OK;
    return pal_fail(ctx, PAL_EFORMAT, "%s: the model's words are not valid: train the model again",
                    what);
}
