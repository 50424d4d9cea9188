/* texts.h - texts of items in the state of a kind: which columns, in which languages, and the
 * vocabulary by which a text becomes a row. */
#ifndef PAL_MODELS_TEXTS_H
#define PAL_MODELS_TEXTS_H

#include "models/model.h"
#include "represent/keywords.h"

typedef struct {
    int64_t *column_range;  /* [2] 0, n_columns */
    int32_t *languages;     /* [n_columns] of pal_languages */
    int64_t *column_starts; /* [n_columns + 1] into column_names */
    char *column_names;     /* each ended by a NUL */
    int64_t *word_range;    /* [2] 0, n_words */
    double *corpus;         /* [2] rows with a token, tokens of one on average */
    pal_vocabulary words;   /* starts, bytes and idf are stored, the rest is derived */
} pal_item_texts;

/* The words of train's items, learned from those that have been used: of the columns that `columns`
 * names (comma-separated), or of the title and all texts. rows: [log's items, n_words], in
 * `scratch`. `what` names the kind in sentences. */
pal_status pal_item_texts_fit(pal_ctx *ctx, const char *what, const pal_keyword_options *options,
                              const char *columns, int32_t language, const pal_train_input *train,
                              pal_arena *arena, pal_arena *scratch, pal_item_texts *out,
                              pal_csr *rows);
/* The same of all texts, by the usual ways, for kinds that can do without: rows has no columns
 * where there are no words. */
pal_status pal_item_texts_fit_any(pal_ctx *ctx, const char *what,
                                  const pal_keyword_options *options, const pal_train_input *train,
                                  pal_arena *arena, pal_arena *scratch, pal_item_texts *out,
                                  pal_csr *rows);
/* Rows of any catalog with the columns that were learned from; of those that it lacks it has no
 * text. rows [n] of the catalog, or -1. */
pal_status pal_item_texts_encode(pal_ctx *ctx, const pal_keyword_options *options,
                                 const pal_item_texts *texts, const pal_catalog *catalog,
                                 const int32_t *rows, int32_t n, pal_arena *arena,
                                 pal_arena *scratch, pal_csr *out);
/* Lists the arrays; returns how many. */
int32_t pal_item_texts_tensors(pal_item_texts *texts, pal_tensor *tensors);
/* Checks what came from a file and derives what is not stored. */
pal_status pal_item_texts_prepare(pal_ctx *ctx, const char *what, pal_item_texts *texts);

#endif
