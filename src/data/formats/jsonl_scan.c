/* jsonl_scan.c - one pass over a JSON object. Most bytes of a line of reviews stand in texts, which
 * memchr crosses. */
#include "data/formats/jsonl_scan.h"

#include <string.h>

const char pal_jsonl_python[] =
    "is a Python literal, not JSON: convert the file with python3 -c 'import ast, json, sys; "
    "[print(json.dumps(ast.literal_eval(line))) for line in sys.stdin]' < FILE > events.jsonl";

static bool scan_is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
static bool scan_is_digit(char c) { return c >= '0' && c <= '9'; }

static void scan_spaces(pal_jsonl_cursor *cursor) {
    while (cursor->at < cursor->end && scan_is_space(*cursor->at)) cursor->at++;
}

static bool scan_is_at(const pal_jsonl_cursor *cursor, char c) {
    return cursor->at < cursor->end && *cursor->at == c;
}

static pal_jsonl_result scan_fail(pal_jsonl_cursor *cursor, const char *expected) {
    static const char *const python[] = {"'", "u'", "u\"", "b'", "None", "True", "False"};
    size_t left = (size_t)(cursor->end - cursor->at);
    cursor->wrong = left ? expected : "expected the end of the object in the line where it begins";
    for (size_t i = 0; i < sizeof python / sizeof *python; i++) {
        size_t length = strlen(python[i]);
        cursor->is_python |= left >= length && !memcmp(cursor->at, python[i], length);
    }
    return PAL_JSONL_WRONG;
}

/* The closing quote of the text that begins at `at`, or NULL. A quote behind an odd number of
 * backslashes is part of the text. */
static const char *scan_closing_quote(const char *at, const char *end, bool *has_escapes) {
    const char *begin = at;
    for (;;) {
        const char *quote = memchr(at, '"', (size_t)(end - at));
        if (!quote) return NULL;
        const char *c = quote;
        while (c > begin && c[-1] == '\\') c--;
        if ((quote - c) % 2 == 0) {
            *has_escapes = memchr(begin, '\\', (size_t)(quote - begin)) != NULL;
            return quote;
        }
        at = quote + 1;
    }
}

/* The cursor stands on the opening quote, and then behind the closing one. */
static bool scan_text(pal_jsonl_cursor *cursor, pal_jsonl_value *out) {
    const char *begin = cursor->at + 1;
    bool has_escapes;
    const char *quote = scan_closing_quote(begin, cursor->end, &has_escapes);
    if (!quote) return false;
    *out = (pal_jsonl_value){begin, quote, PAL_JSONL_TEXT, has_escapes};
    cursor->at = quote + 1;
    return true;
}

static bool scan_digits(pal_jsonl_cursor *cursor) {
    const char *begin = cursor->at;
    while (cursor->at < cursor->end && scan_is_digit(*cursor->at)) cursor->at++;
    return cursor->at > begin;
}

/* -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool scan_number(pal_jsonl_cursor *cursor) {
    if (scan_is_at(cursor, '-')) cursor->at++;
    if (scan_is_at(cursor, '0')) {
        cursor->at++;
    } else if (!scan_digits(cursor)) {
        return false;
    }
    if (scan_is_at(cursor, '.')) {
        cursor->at++;
        if (!scan_digits(cursor)) return false;
    }
    if (scan_is_at(cursor, 'e') || scan_is_at(cursor, 'E')) {
        cursor->at++;
        if (scan_is_at(cursor, '+') || scan_is_at(cursor, '-')) cursor->at++;
        if (!scan_digits(cursor)) return false;
    }
    return true;
}

/* Crosses an object or array whose bracket the cursor stands on: brackets must pair. */
static const char *scan_nested(pal_jsonl_cursor *cursor) {
    enum { DEPTH_MAX = 4096 };
    uint64_t is_object[DEPTH_MAX / 64];
    int32_t depth = 0;
    pal_jsonl_value text;
    while (cursor->at < cursor->end) {
        char c = *cursor->at;
        if (c == '"') {
            if (!scan_text(cursor, &text)) return "expected the closing quote of this text";
            continue;
        }
        if (c == '{' || c == '[') {
            if (depth == DEPTH_MAX) return "expected at most 4096 brackets within each other";
            uint64_t bit = UINT64_C(1) << depth % 64;
            if (c == '{') {
                is_object[depth / 64] = depth % 64 ? is_object[depth / 64] | bit : bit;
            } else {
                is_object[depth / 64] = depth % 64 ? is_object[depth / 64] & ~bit : 0;
            }
            depth++;
        } else if (c == '}' || c == ']') {
            depth--;
            bool opened = is_object[depth / 64] >> depth % 64 & 1;
            if (opened != (c == '}')) return opened ? "expected }, not ]" : "expected ], not }";
        }
        cursor->at++;
        if (depth == 0) return NULL;
    }
    return "expected the end of the object";
}

static pal_jsonl_result scan_value(pal_jsonl_cursor *cursor, pal_jsonl_value *out) {
    static const char *const words[] = {"true", "false", "null"};
    const char *begin = cursor->at;
    char c = begin < cursor->end ? *begin : '\0';
    if (c == '"') {
        return scan_text(cursor, out)
                   ? PAL_JSONL_MEMBER
                   : scan_fail(cursor, "expected the closing quote of this text");
    }
    *out = (pal_jsonl_value){.begin = begin, .type = PAL_JSONL_NUMBER};
    if (c == '{' || c == '[') {
        const char *wrong = scan_nested(cursor);
        if (wrong) return scan_fail(cursor, wrong);
        out->type = PAL_JSONL_NESTED;
    } else if (c == '-' || scan_is_digit(c)) {
        if (!scan_number(cursor)) return scan_fail(cursor, "expected a digit");
    } else {
        out->type = PAL_JSONL_WORD;
        for (size_t i = 0; i < sizeof words / sizeof *words && cursor->at == begin; i++) {
            size_t length = strlen(words[i]);
            if ((size_t)(cursor->end - begin) >= length && !memcmp(begin, words[i], length))
                cursor->at += length;
        }
        if (cursor->at == begin)
            return scan_fail(cursor, "expected a value: text, a number, true, false, null, { or [");
    }
    out->end = cursor->at;
    return PAL_JSONL_MEMBER;
}

static pal_jsonl_result scan_end(pal_jsonl_cursor *cursor) {
    cursor->at++;
    scan_spaces(cursor);
    return cursor->at == cursor->end ? PAL_JSONL_END
                                     : scan_fail(cursor, "expected nothing behind the object");
}

pal_jsonl_result pal_jsonl_next(pal_jsonl_cursor *cursor, pal_jsonl_value *key,
                                pal_jsonl_value *value) {
    scan_spaces(cursor);
    if (!cursor->is_inside) {
        if (!scan_is_at(cursor, '{')) return scan_fail(cursor, "expected an object: {");
        cursor->is_inside = true;
        cursor->at++;
        scan_spaces(cursor);
    }
    if (scan_is_at(cursor, '}')) return scan_end(cursor);
    if (cursor->has_members) {
        if (!scan_is_at(cursor, ',')) return scan_fail(cursor, "expected , or }");
        cursor->at++;
        scan_spaces(cursor);
    }
    if (!scan_is_at(cursor, '"')) return scan_fail(cursor, "expected a key in double quotes");
    if (!scan_text(cursor, key)) return scan_fail(cursor, "expected the closing quote of this key");
    scan_spaces(cursor);
    if (!scan_is_at(cursor, ':')) return scan_fail(cursor, "expected : behind a key");
    cursor->at++;
    scan_spaces(cursor);
    cursor->has_members = true;
    return scan_value(cursor, value);
}

/* --- escapes --- */

/* Four hexadecimal digits, or -1. */
static int32_t scan_hex(const char *at, const char *end) {
    int32_t value = 0;
    if (end - at < 4) return -1;
    for (int i = 0; i < 4; i++) {
        char c = at[i], lower = (char)(c | 0x20);
        if (!scan_is_digit(c) && (lower < 'a' || lower > 'f')) return -1;
        value = value * 16 + (scan_is_digit(c) ? c - '0' : lower - 'a' + 10);
    }
    return value;
}

/* The code point of the \u at *at, two of them where it is a surrogate; -1 when they do not pair.
 */
static int32_t scan_code_point(const char **at, const char *end) {
    int32_t high = scan_hex(*at + 2, end);
    if (high < 0) return -1;
    *at += 6;
    if (high < 0xD800 || high > 0xDFFF) return high;
    if (high > 0xDBFF || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u') return -1;
    int32_t low = scan_hex(*at + 2, end);
    if (low < 0xDC00 || low > 0xDFFF) return -1;
    *at += 6;
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

static size_t scan_utf8(int32_t code, char out[4]) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const int32_t first[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n; i-- > 1; code >>= 6) out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)(first[n] | code);
    return n;
}

ptrdiff_t pal_jsonl_decode(const pal_jsonl_value *text, char *out, size_t capacity) {
    static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    size_t n = 0;
    for (const char *at = text->begin; at < text->end;) {
        char piece[4] = {*at};
        size_t length = 1;
        if (*at != '\\') {
            at++;
        } else if (at + 1 < text->end && at[1] == 'u') {
            int32_t code = scan_code_point(&at, text->end);
            if (code < 0) return -1;
            length = scan_utf8(code, piece);
        } else {
            const char *letter = at + 1 < text->end && at[1] ? strchr(letters, at[1]) : NULL;
            if (!letter) return -1;
            piece[0] = bytes[letter - letters];
            at += 2;
        }
        if (n + length > capacity) return (ptrdiff_t)n;
        memcpy(out + n, piece, length);
        n += length;
    }
    return (ptrdiff_t)n;
}

/* --- lines --- */

pal_jsonl_lines pal_jsonl_lines_of(const char *bytes, size_t length) {
    pal_jsonl_lines lines = {.at = bytes, .end = bytes + length};
    if (length >= 3 && !memcmp(bytes, "\xEF\xBB\xBF", 3)) lines.at += 3;
    return lines;
}

bool pal_jsonl_lines_next(pal_jsonl_lines *lines, pal_jsonl_cursor *out) {
    while (lines->at < lines->end) {
        const char *begin = lines->at, *end = memchr(begin, '\n', (size_t)(lines->end - begin));
        if (!end) end = lines->end;
        lines->at = end < lines->end ? end + 1 : end;
        lines->line++;
        while (begin < end && (*begin == ' ' || *begin == '\t' || *begin == '\r')) begin++;
        if (begin == end) continue;
        *out = (pal_jsonl_cursor){.at = begin, .end = end};
        return true;
    }
    return false;
}

bool pal_jsonl_begins(const char *bytes, size_t length) {
    pal_jsonl_lines lines = pal_jsonl_lines_of(bytes, length);
    pal_jsonl_cursor cursor;
    return pal_jsonl_lines_next(&lines, &cursor) && *cursor.at == '{';
}
