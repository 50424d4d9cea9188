/* tokens.h - from text to tokens: cut, case-folded, stemmed, without stop words.
 *
 * Text is normalized by NFKC and case-folded (Unicode UAX 15; utf8proc), so that "ﬁne", "FINE" and
 * "fine" are one word; bytes that are no UTF-8 count as a space. A word is a run of letters, marks
 * and digits, "3.5" one too; apostrophes and hyphens cut. Chinese, Japanese, Korean, Thai, Lao,
 * Khmer and Burmese, which are written without spaces or with endings stuck on, become pairs of
 * neighbouring characters, one alone itself (Nie, Gao, Zhang, Zhou 2000). Other words are stemmed
 * by the Snowball algorithm of the language (Porter 1980, 2001). Cost: about 10 ns a byte of ASCII,
 * 100 ns a character else, 0.5 µs a stem. */
#ifndef PAL_REPRESENT_TOKENS_H
#define PAL_REPRESENT_TOKENS_H

#include "data/ids.h"
#include "palate.h"

struct sb_stemmer;

enum { PAL_WORD_MAX = 64 }; /* bytes that are kept of a word */

/* Belongs to one thread. */
typedef struct {
    struct sb_stemmer *stemmer; /* or NULL */
    pal_ids stops;
    uint8_t *clean;                         /* the text as valid UTF-8 */
    int32_t *points;                        /* its code points, normalized */
    char *normalized;                       /* these as UTF-8 */
    size_t n_clean, n_points, n_normalized; /* capacities */
} pal_tokenizer;                            /* zero is valid to release */

/* For a language of pal_languages; "auto" is none. */
pal_status pal_tokenizer_init(pal_ctx *ctx, int32_t language, pal_tokenizer *out);
void pal_tokenizer_release(pal_tokenizer *tokenizer);

/* Gets a word [length] that is not NUL-ended; false ends the text. */
typedef bool pal_word_fn(void *arg, const char *word, size_t length);
/* Calls `word` for each word of the text in order, normalized, not stemmed, stop words included.
 * False without memory, or when `word` said so. */
bool pal_tokenizer_words(pal_tokenizer *tokenizer, const char *text, size_t length,
                         pal_word_fn *word, void *arg);
/* The token of such a word, valid until the next call, and its length: 0 for a stop word. NULL
 * without memory. */
const char *pal_tokenizer_stem(pal_tokenizer *tokenizer, const char *word, size_t length,
                               size_t *out_length);
/* Both: each token of the text. */
bool pal_tokenizer_tokens(pal_tokenizer *tokenizer, const char *text, size_t length,
                          pal_word_fn *token, void *arg);

#endif
