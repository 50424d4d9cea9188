/* keywords.h - texts as sparse rows over a vocabulary, weighed by TF-IDF or BM25.
 *
 * With tf how often a row has a word, |d| its tokens, df the rows of n that have the word:
 *   tfidf  tf (ln((1 + n) / (1 + df)) + 1), or 1 + ln tf for tf; the row then brought to length 1
 *          (Salton, Buckley 1988; smoothed as scikit-learn does)
 *   bm25   ln(1 + (n - df + 0.5) / (df + 0.5)) tf (k1 + 1) / (tf + k1 (1 - b + b |d| / mean |d|))
 *          (Robertson, Zaragoza 2009; the idf that is never negative)
 * Words, df, n and the mean come from the first rows alone (those of training), of which rows
 * without a token do not count; all others are encoded by them. Cost: one pass over the texts
 * (tokens.h), then about 30 ns a distinct word of a row; 8 bytes such a word. */
#ifndef PAL_REPRESENT_KEYWORDS_H
#define PAL_REPRESENT_KEYWORDS_H

#include <stdbool.h>
#include <string.h>

#include "math/csr.h"
#include "represent/documents.h"

typedef enum { PAL_KEYWORDS_TFIDF, PAL_KEYWORDS_BM25 } pal_keyword_form;
extern const char *const pal_keyword_forms[]; /* "tfidf", "bm25", NULL */

typedef struct {
    int32_t form;
    bool sublinear; /* tfidf: 1 + ln tf */
    double k1, b;   /* bm25 */
    int64_t min_df; /* rows that must have a word */
    double max_df;  /* share of the rows that may have it; 0: all */
    int64_t most;   /* words at most: those that stand most often; 0: all */
} pal_keyword_options;

/* TF-IDF as kinds use it that leave no choice: counts by their logarithm, without words of a single
 * row, which say nothing of another, and those that half of the rows have. */
static inline pal_keyword_options pal_keyword_usual(int64_t most) {
    return (pal_keyword_options){
        .form = PAL_KEYWORDS_TFIDF, .sublinear = true, .min_df = 2, .max_df = 0.5, .most = most};
}

/* Words in the order of their bytes. Arrays are an arena's. */
typedef struct {
    int32_t n_words;
    int64_t *starts; /* [n_words + 1] into bytes */
    char *bytes;     /* of each a token and the word that it was first seen as, both NUL-ended */
    float *idf;      /* [n_words] */
    double mean_length;
    int64_t n_rows; /* with a token */
} pal_vocabulary;

/* Learns the vocabulary from the first n_fit rows, in `arena`, and encodes all: rows
 * [n_rows, n_words], in `rows_arena`. */
pal_status pal_keywords_fit(pal_ctx *ctx, const pal_keyword_options *options,
                            const pal_documents *documents, int32_t n_fit, pal_arena *arena,
                            pal_vocabulary *vocabulary, pal_arena *rows_arena, pal_csr *rows);
/* Rows by a vocabulary that was learned before. */
pal_status pal_keywords_encode(pal_ctx *ctx, const pal_keyword_options *options,
                               const pal_vocabulary *vocabulary, const pal_documents *documents,
                               pal_arena *arena, pal_csr *rows);
/* Weights of a row of n words (cols, of the vocabulary) and `length` tokens in all, whose counts
 * stand in `values`. */
void pal_keywords_weigh(const pal_keyword_options *options, const pal_vocabulary *vocabulary,
                        const int32_t *cols, int64_t n, int32_t length, float *values);

static inline const char *pal_vocabulary_word(const pal_vocabulary *vocabulary, int32_t word) {
    return vocabulary->bytes + vocabulary->starts[word];
}
/* As a person reads it. */
static inline const char *pal_vocabulary_shown(const pal_vocabulary *vocabulary, int32_t word) {
    const char *token = pal_vocabulary_word(vocabulary, word);
    return token + strlen(token) + 1;
}
/* Whether a vocabulary from a file, whose starts ascend, may be read. */
bool pal_vocabulary_is_valid(const pal_vocabulary *vocabulary);
/* The word of a token, or -1. */
int32_t pal_vocabulary_find(const pal_vocabulary *vocabulary, const char *token);

#endif
