/* documents.h - texts as counted tokens: each row's tokens and how often it has them. */
#ifndef PAL_REPRESENT_DOCUMENTS_H
#define PAL_REPRESENT_DOCUMENTS_H

#include "base/text.h"
#include "data/ids.h"
#include "palate.h"

enum { PAL_DOCUMENT_COLUMNS_MAX = 16, PAL_DOCUMENT_ROWS = 8192 /* of a chunk */ };

/* Row r is the text of all columns at rows[r]. */
typedef struct {
    int32_t n_rows, n_columns;
    const int32_t *rows; /* [n_rows] into cells, -1: no text; NULL: r */
    const char *const *cells[PAL_DOCUMENT_COLUMNS_MAX];
    int32_t languages[PAL_DOCUMENT_COLUMNS_MAX]; /* of pal_languages; "auto" is none here */
} pal_documents;

/* PAL_DOCUMENT_ROWS rows, with tokens of their own. */
typedef struct {
    pal_ids tokens;   /* by first appearance in the chunk */
    pal_text shown;   /* the word that each token was first seen as, each ended by a NUL */
    int64_t *starts;  /* [rows + 1] entries of a row */
    int32_t *ids;     /* distinct tokens of the row, ascending */
    int32_t *counts;  /* how often it has them */
    int32_t *lengths; /* [rows] all tokens of the row */
    int64_t capacity;
} pal_document_chunk;

typedef struct {
    int32_t n_rows;
    int64_t n_chunks;
    pal_document_chunk *chunks; /* [n_chunks] */
    pal_arena arena;
} pal_counted;

static inline int32_t pal_counted_rows(const pal_counted *counted, int64_t chunk) {
    int64_t left = counted->n_rows - chunk * PAL_DOCUMENT_ROWS;
    return left < PAL_DOCUMENT_ROWS ? (int32_t)left : PAL_DOCUMENT_ROWS;
}

/* Replaces "auto" by what the columns' first n_fit rows look like. */
pal_status pal_documents_settle(pal_ctx *ctx, pal_documents *documents, int32_t n_fit);
/* Cuts all rows, by all threads; the same for any number of them. */
pal_status pal_documents_count(pal_ctx *ctx, const pal_documents *documents, pal_counted *out);
void pal_document_chunk_release(pal_document_chunk *chunk);
void pal_counted_release(pal_counted *counted);

#endif
