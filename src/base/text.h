/* text.h - growing text, numbers from text, names that were probably meant. */
#ifndef PAL_BASE_TEXT_H
#define PAL_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "palate.h"

/* Text that grows on the heap. Zero is empty. When memory ends, `failed` stays set and further
 * additions do nothing, so a writer checks once at its end. `bytes` is NUL-ended, or NULL while
 * nothing was added. */
typedef struct pal_text {
    char *bytes;
    size_t length, capacity;
    bool failed;
} pal_text;

void pal_text_add(pal_text *text, const char *more);
void pal_text_add_bytes(pal_text *text, const char *more, size_t n);
void pal_text_addf(pal_text *text, const char *format, ...) PAL_PRINTF(2, 3);
void pal_text_add_html(pal_text *text,
                       const char *more); /* & < > " ' escaped; control characters dropped */
void pal_text_add_json(pal_text *text, const char *more);   /* with quotes, escaped */
void pal_text_add_quoted(pal_text *text, const char *more); /* in single quotes, for a shell */
void pal_text_add_word(pal_text *text, const char *more);   /* as above, where it needs quotes */
/* As roff text: what would be a request, an escape or a typographic quote is escaped, dashes stay
 * dashes, other than ASCII goes by its code point; bytes that are no UTF-8 are dropped. */
void pal_text_add_man(pal_text *text, const char *more);
void pal_text_add_count(pal_text *text, int64_t n);        /* 1,234,567 */
void pal_text_add_large(pal_text *text, double n);         /* 2.24 billion */
void pal_text_add_size(pal_text *text, double bytes);      /* 12.3 MB */
void pal_text_add_seconds(pal_text *text, double seconds); /* 0.41 s, 3 min 5 s, 12 ms */
void pal_text_add_time(pal_text *text, int64_t seconds);   /* 1998-04-22 23:10:38, UTC */
void pal_text_release(pal_text *text);
/* Gives the bytes to the caller (free with free); "" when empty, NULL when failed. */
char *pal_text_take(pal_text *text);

/* Whole text [begin, end) as a number, without locale; false when it is not one, is not finite or
 * does not fit. */
bool pal_parse_double(const char *begin, const char *end, double *out);
bool pal_parse_int64(const char *begin, const char *end, int64_t *out);

/* Length of the longest valid UTF-8 prefix of [bytes, bytes + n); n when all is valid. */
size_t pal_utf8_valid_prefix(const char *bytes, size_t n);
int32_t pal_utf8_columns(const char *text); /* columns on a terminal, wide characters count 2 */

/* Case-insensitive, '-' equals '_'. */
bool pal_name_equal(const char *a, const char *b);

/* Of names[0 … n), the one at the smallest edit distance from `name`; NULL when none is near
 * (distance over 1 + length / 3). */
const char *pal_nearest_name(const char *name, const char *const *names, int32_t n);

#endif
