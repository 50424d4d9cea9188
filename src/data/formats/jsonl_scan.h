/* jsonl_scan.h - the top-level members of one JSON object, one after the other, in one pass over
 * its bytes.
 *
 * Every object that JSON (RFC 8259) allows is read as JSON says. What is skipped is checked for its
 * brackets and quotes only: a bad escape in a text that nobody asked for is not found. */
#ifndef PAL_DATA_FORMATS_JSONL_SCAN_H
#define PAL_DATA_FORMATS_JSONL_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    PAL_JSONL_MISSING,
    PAL_JSONL_TEXT,
    PAL_JSONL_NUMBER,
    PAL_JSONL_WORD, /* true, false, null */
    PAL_JSONL_NESTED,
} pal_jsonl_type;

typedef struct {
    const char *begin, *end; /* as it stands in the line; a text without its quotes */
    pal_jsonl_type type;
    bool has_escapes;
} pal_jsonl_value;

typedef enum { PAL_JSONL_MEMBER, PAL_JSONL_END, PAL_JSONL_WRONG } pal_jsonl_result;

typedef struct {
    const char *at, *end;
    const char *wrong; /* after PAL_JSONL_WRONG: what was expected at `at` */
    bool is_python;    /* what stands there is how Python writes it */
    bool is_inside;    /* behind the opening brace */
    bool has_members;
} pal_jsonl_cursor; /* start with at and end of a line */

typedef struct { /* what is left of a file of such lines */
    const char *at, *end;
    int64_t line; /* number of the line given last, from 1 */
} pal_jsonl_lines;

/* From the beginning, behind a byte order mark. */
pal_jsonl_lines pal_jsonl_lines_of(const char *bytes, size_t length);
/* Whether the first line that is not blank begins an object. */
bool pal_jsonl_begins(const char *bytes, size_t length);
/* A cursor on the next line that is not blank; false after the last. */
bool pal_jsonl_lines_next(pal_jsonl_lines *lines, pal_jsonl_cursor *out);

/* What to say of a file that holds Python literals. */
extern const char pal_jsonl_python[];

/* The next member of the object; PAL_JSONL_END when the object and the line are over. */
pal_jsonl_result pal_jsonl_next(pal_jsonl_cursor *cursor, pal_jsonl_value *key,
                                pal_jsonl_value *value);

/* Writes the bytes that a text stands for to `out` and returns how many, at most `capacity`: the
 * rest is left out. -1: an escape is wrong. */
ptrdiff_t pal_jsonl_decode(const pal_jsonl_value *text, char *out, size_t capacity);

#endif
