/* phrase.h - a text that is asked for, as a row over a vocabulary that was learned from items.
 *
 * It is cut and weighed as a text of an item with the same words (keywords.h), then brought to
 * length 1. Where columns of items are in several languages a word counts by its stem in each of
 * them that the vocabulary knows. Needs no context: scores are made in many threads at once. Cost:
 * a phrase's tokens (tokens.h); opening a reader 20 µs a language. */
#ifndef PAL_REPRESENT_PHRASE_H
#define PAL_REPRESENT_PHRASE_H

#include "represent/keywords.h"
#include "represent/tokens.h"

typedef struct { /* belongs to one thread */
    const pal_keyword_options *options;
    const pal_vocabulary *vocabulary;
    int32_t n_tokenizers;
    pal_tokenizer tokenizers[PAL_DOCUMENT_COLUMNS_MAX];
    /* The row: words ascending, weights of length 1. n = 0: no word is known. */
    int32_t n, capacity, length; /* length: tokens, known or not */
    int32_t *words;
    float *weights;
} pal_phrase_reader; /* zero is valid to release */

/* For texts whose columns have these languages. False without memory; it then reads nothing. */
bool pal_phrase_reader_open(const pal_keyword_options *options, const pal_vocabulary *vocabulary,
                            const int32_t *languages, int32_t n_languages, pal_phrase_reader *out);
/* Fills the row, which lasts until the next call; without memory it has no words. */
void pal_phrase_read(pal_phrase_reader *reader, const char *text);
void pal_phrase_reader_release(pal_phrase_reader *reader);

#endif
