/* languages.h - the languages that texts may be in: what stems their words, and which words say
 * nothing. */
#ifndef PAL_REPRESENT_LANGUAGES_H
#define PAL_REPRESENT_LANGUAGES_H

#include <stdint.h>

#include "data/ids.h"
#include "palate.h"

enum { PAL_LANGUAGE_AUTO, PAL_LANGUAGE_NONE }; /* the first rows of pal_languages */

/* "auto", "none", "en", …; NULL-ended, a choice of options. */
extern const char *const pal_languages[];

/* The name of its Snowball algorithm, or NULL: words stay as they are. */
const char *pal_language_stemmer(int32_t language);
/* Adds its stop words, case-folded, to `stops`; false without memory. */
bool pal_language_add_stops(int32_t language, pal_ids *stops);

/* The language of texts [n] by their stop words: of up to 2000 of them, spread evenly, at least one
 * word in 25 must be such, and half as many again as of the next language (a word of several
 * languages counts in parts); texts in Cyrillic letters need one in 100. Else none. Same answer
 * for the same texts. texts[rows[i]] where rows is not NULL, rows below 0 left out. */
pal_status pal_language_guess(pal_ctx *ctx, const char *const *texts, const int32_t *rows,
                              int64_t n, int32_t *out);

#endif
