/* text.c - growing text, numbers and names. */
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- growing --- */

static bool text_reserve(pal_text *text, size_t more) {
    if (text->failed) return false;
    if (text->capacity - text->length > more) return true;
    size_t capacity = text->capacity ? text->capacity : 128;
    while (capacity - text->length <= more) {
        if (capacity > SIZE_MAX / 4) {
            text->failed = true;
            return false;
        }
        capacity *= 2;
    }
    char *bytes = realloc(text->bytes, capacity);
    if (!bytes) {
        text->failed = true;
        return false;
    }
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

void pal_text_add_bytes(pal_text *text, const char *more, size_t n) {
    if (!text_reserve(text, n)) return;
    if (n) memcpy(text->bytes + text->length, more, n);
    text->length += n;
    text->bytes[text->length] = '\0';
}

void pal_text_add(pal_text *text, const char *more) {
    pal_text_add_bytes(text, more, strlen(more));
}

/* A program around the library may have set a locale; our files and numbers do not follow it. */
static locale_t text_locale(void) {
    static locale_t c_locale;
    locale_t locale = __atomic_load_n(&c_locale, __ATOMIC_ACQUIRE);
    if (!locale) {
        locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
        locale_t expected = (locale_t)0;
        if (!__atomic_compare_exchange_n(&c_locale, &expected, locale, false, __ATOMIC_ACQ_REL,
                                         __ATOMIC_ACQUIRE)) {
            freelocale(locale);
            locale = expected;
        }
    }
    return locale;
}

void pal_text_addf(pal_text *text, const char *format, ...) {
    locale_t callers = uselocale(text_locale());
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int n = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (n < 0) text->failed = true;
    if (n >= 0 && text_reserve(text, (size_t)n)) {
        vsnprintf(text->bytes + text->length, (size_t)n + 1, format, again);
        text->length += (size_t)n;
    }
    va_end(again);
    uselocale(callers);
}

void pal_text_add_html(pal_text *text, const char *more) {
    for (const char *c = more; *c; c++) {
        switch (*c) {
        case '&':
            pal_text_add(text, "&amp;");
            break;
        case '<':
            pal_text_add(text, "&lt;");
            break;
        case '>':
            pal_text_add(text, "&gt;");
            break;
        case '"':
            pal_text_add(text, "&quot;");
            break;
        case '\'':
            pal_text_add(text, "&#39;");
            break;
        default:
            if ((unsigned char)*c >= 0x20 && *c != 0x7f) pal_text_add_bytes(text, c, 1);
        }
    }
}

void pal_text_add_quoted(pal_text *text, const char *more) {
    pal_text_add(text, "'");
    for (const char *c = more; *c; c++) {
        if (*c == '\'') {
            pal_text_add(text, "'\\''");
        } else {
            pal_text_add_bytes(text, c, 1);
        }
    }
    pal_text_add(text, "'");
}

void pal_text_add_word(pal_text *text, const char *more) {
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,=";
    if (*more && more[strspn(more, plain)] == '\0') {
        pal_text_add(text, more);
    } else {
        pal_text_add_quoted(text, more);
    }
}

void pal_text_add_json(pal_text *text, const char *more) {
    pal_text_add(text, "\"");
    for (const char *c = more; *c; c++) {
        if (*c == '"' || *c == '\\') {
            pal_text_addf(text, "\\%c", *c);
        } else if ((unsigned char)*c < 0x20) {
            pal_text_addf(text, "\\u%04x", (unsigned)*c);
        } else {
            pal_text_add_bytes(text, c, 1);
        }
    }
    pal_text_add(text, "\"");
}

void pal_text_add_count(pal_text *text, int64_t n) {
    char digits[32];
    snprintf(digits, sizeof digits, "%" PRId64, n);
    size_t length = strlen(digits), from = digits[0] == '-';
    pal_text_add_bytes(text, digits, from);
    for (size_t i = from; i < length; i++) {
        if (i > from && (length - i) % 3 == 0) pal_text_add(text, ",");
        pal_text_add_bytes(text, digits + i, 1);
    }
}

void pal_text_add_size(pal_text *text, double bytes) {
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    size_t unit = 0;
    while (bytes >= 1000 && unit + 1 < sizeof units / sizeof *units) {
        bytes /= 1000;
        unit++;
    }
    pal_text_addf(text, bytes < 10 && unit > 0 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

void pal_text_add_large(pal_text *text, double n) {
    static const char *const units[] = {"", " thousand", " million", " billion", " trillion"};
    size_t unit = 0;
    /* 999.6 thousand would be written as 1e+03. */
    while (n >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
        n /= 1000;
        unit++;
    }
    pal_text_addf(text, "%.3g%s", n, units[unit]);
}

void pal_text_add_seconds(pal_text *text, double seconds) {
    if (seconds < 0.001) {
        pal_text_addf(text, "%.0f µs", seconds * 1e6);
    } else if (seconds < 0.1) {
        pal_text_addf(text, "%.0f ms", seconds * 1e3);
    } else if (seconds < 1) {
        pal_text_addf(text, "%.2f s", seconds);
    } else if (seconds < 10) {
        pal_text_addf(text, "%.1f s", seconds);
    } else if (seconds < 60) {
        pal_text_addf(text, "%.0f s", seconds);
    } else if (seconds < 3600) {
        pal_text_addf(text, "%d min %d s", (int)seconds / 60, (int)seconds % 60);
    } else if (seconds < 2 * 86400.0) {
        pal_text_addf(text, "%d h %d min", (int)(seconds / 3600), (int)(seconds / 60) % 60);
    } else {
        pal_text_addf(text, "%.0f days", seconds / 86400);
    }
}

void pal_text_add_time(pal_text *text, int64_t seconds) {
    time_t time = (time_t)seconds;
    struct tm parts;
    char line[64];
    if (!gmtime_r(&time, &parts) || !strftime(line, sizeof line, "%Y-%m-%d %H:%M:%S", &parts)) {
        pal_text_addf(text, "%" PRId64 " s", seconds);
        return;
    }
    pal_text_add(text, line);
}

void pal_text_release(pal_text *text) {
    free(text->bytes);
    *text = (pal_text){0};
}

char *pal_text_take(pal_text *text) {
    if (!text->failed && !text->bytes) pal_text_add(text, "");
    char *bytes = text->bytes;
    if (text->failed) {
        free(bytes);
        bytes = NULL;
    }
    *text = (pal_text){0};
    return bytes;
}

/* --- numbers --- */

enum { TEXT_NUMBER_MAX = 511 }; /* longer ones are not numbers that anybody writes */

/* strtod for what the fast path cannot round exactly. */
static bool text_parse_double_slowly(const char *begin, const char *end, double *out) {
    char buffer[TEXT_NUMBER_MAX + 1];
    size_t n = (size_t)(end - begin);
    memcpy(buffer, begin, n);
    buffer[n] = '\0';
    char *stop;
    double value = strtod_l(buffer, &stop, text_locale());
    if (stop != buffer + n || !isfinite(value)) return false;
    *out = value;
    return true;
}

bool pal_parse_double(const char *begin, const char *end, double *out) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (end - begin > TEXT_NUMBER_MAX) return false;
    const char *c = begin;
    bool negative = c < end && *c == '-';
    if (c < end && (*c == '-' || *c == '+')) c++;
    uint64_t mantissa = 0;
    int32_t n_digits = 0, n_fraction = 0;
    for (; c < end && *c >= '0' && *c <= '9'; c++, n_digits++)
        mantissa = mantissa * 10 + (uint64_t)(*c - '0');
    if (c < end && *c == '.') {
        for (c++; c < end && *c >= '0' && *c <= '9'; c++, n_digits++, n_fraction++) {
            mantissa = mantissa * 10 + (uint64_t)(*c - '0');
        }
    }
    if (n_digits == 0) return false;
    int32_t exponent = 0;
    if (c < end && (*c == 'e' || *c == 'E')) {
        c++;
        bool down = c < end && *c == '-';
        if (c < end && (*c == '-' || *c == '+')) c++;
        if (c == end) return false;
        for (; c < end && *c >= '0' && *c <= '9'; c++) {
            if (exponent < 10000) exponent = exponent * 10 + (*c - '0');
        }
        if (down) exponent = -exponent;
    }
    if (c != end) return false;
    exponent -= n_fraction;
    /* Both the digits and the power of ten are exact doubles, so that one rounding gives the
     * nearest value. */
    if (n_digits <= 15 && exponent >= -22 && exponent <= 22) {
        double value = (double)mantissa;
        value = exponent < 0 ? value / powers[-exponent] : value * powers[exponent];
        *out = negative ? -value : value;
        return true;
    }
    return text_parse_double_slowly(begin, end, out);
}

bool pal_parse_int64(const char *begin, const char *end, int64_t *out) {
    const char *c = begin;
    bool negative = c < end && *c == '-';
    if (c < end && (*c == '-' || *c == '+')) c++;
    if (c == end) return false;
    int64_t value = 0;
    for (; c < end; c++) {
        if (*c < '0' || *c > '9') return false;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, *c - '0', &value)) {
            return false;
        }
    }
    /* Collected as a negative number, whose range is the larger one. */
    if (!negative && value == INT64_MIN) return false;
    *out = negative ? value : -value;
    return true;
}

/* --- UTF-8 --- */

/* Bytes of the valid sequence at c, 0 when there is none: no overlong forms, no surrogates, nothing
 * past U+10FFFF. */
static size_t text_sequence(const unsigned char *c, size_t n) {
    if (c[0] < 0x80) return 1;
    if (c[0] < 0xC2 || c[0] > 0xF4) return 0;
    size_t length = c[0] < 0xE0 ? 2 : c[0] < 0xF0 ? 3 : 4;
    if (length > n) return 0;
    for (size_t i = 1; i < length; i++) {
        if ((c[i] & 0xC0) != 0x80) return 0;
    }
    if (c[0] == 0xE0 && c[1] < 0xA0) return 0;
    if (c[0] == 0xED && c[1] > 0x9F) return 0;
    if (c[0] == 0xF0 && c[1] < 0x90) return 0;
    if (c[0] == 0xF4 && c[1] > 0x8F) return 0;
    return length;
}

size_t pal_utf8_valid_prefix(const char *bytes, size_t n) {
    const unsigned char *c = (const unsigned char *)bytes;
    size_t i = 0;
    while (i < n) {
        size_t length = text_sequence(c + i, n - i);
        if (length == 0) break;
        i += length;
    }
    return i;
}

static uint32_t text_code_point(const unsigned char *c, size_t length) {
    if (length == 1) return c[0];
    uint32_t point = c[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) point = point << 6 | (c[i] & 0x3Fu);
    return point;
}

int32_t pal_utf8_columns(const char *text) {
    const unsigned char *c = (const unsigned char *)text;
    size_t n = strlen(text);
    int32_t columns = 0;
    for (size_t i = 0; i < n;) {
        size_t length = text_sequence(c + i, n - i);
        uint32_t point = length ? text_code_point(c + i, length) : 0xFFFD;
        bool combining = point >= 0x300 && point <= 0x36F;
        bool wide = (point >= 0x1100 && point <= 0x115F) || (point >= 0x2E80 && point <= 0xA4CF) ||
                    (point >= 0xAC00 && point <= 0xD7A3) || (point >= 0xF900 && point <= 0xFAFF) ||
                    (point >= 0xFE30 && point <= 0xFE6F) || (point >= 0xFF00 && point <= 0xFF60) ||
                    (point >= 0x1F300 && point <= 0x1FAFF) ||
                    (point >= 0x20000 && point <= 0x3FFFD);
        columns += combining ? 0 : wide ? 2 : 1;
        i += length ? length : 1;
    }
    return columns;
}

/* --- roff --- */

void pal_text_add_man(pal_text *text, const char *more) {
    static const struct {
        char c;
        const char *escape;
    } escapes[] = {{'\\', "\\(rs"}, {'-', "\\-"},   {'\'', "\\(aq"}, {'"', "\\(dq"},
                   {'`', "\\(ga"},  {'^', "\\(ha"}, {'~', "\\(ti"},  {'\n', " "}};
    enum { ESCAPES = sizeof escapes / sizeof *escapes };
    if (*more == '.') pal_text_add(text, "\\&"); /* else a request */
    for (const char *c = more; *c;) {
        size_t length = text_sequence((const unsigned char *)c, strlen(c)), e = 0;
        while (e < ESCAPES && escapes[e].c != *c) e++;
        if (e < ESCAPES) {
            pal_text_add(text, escapes[e].escape);
        } else if (length > 1) {
            pal_text_addf(text, "\\[u%04X]",
                          (unsigned)text_code_point((const unsigned char *)c, length));
        } else if (length == 1 && (unsigned char)*c >= ' ') {
            pal_text_add_bytes(text, c, 1);
        }
        c += length ? length : 1;
    }
}

/* --- names --- */

static char text_name_char(char c) {
    if (c == '-') return '_';
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool pal_name_equal(const char *a, const char *b) {
    while (*a && text_name_char(*a) == text_name_char(*b)) a++, b++;
    return text_name_char(*a) == text_name_char(*b);
}

/* Optimal string alignment distance: insertions, deletions, substitutions, swaps of neighbours. */
static int32_t text_distance(const char *a, const char *b) {
    enum { LONGEST = 63 };
    int32_t n = (int32_t)strlen(a), m = (int32_t)strlen(b);
    if (n > LONGEST || m > LONGEST) return INT32_MAX;
    int32_t rows[3][LONGEST + 1]; /* rows of the table: i - 2, i - 1, i, in turn */
    for (int32_t j = 0; j <= m; j++) rows[0][j] = j;
    for (int32_t i = 1; i <= n; i++) {
        int32_t *row = rows[i % 3];
        const int32_t *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (int32_t j = 1; j <= m; j++) {
            char x = text_name_char(a[i - 1]), y = text_name_char(b[j - 1]);
            int32_t best = above[j - 1] + (x != y);
            if (above[j] + 1 < best) best = above[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            if (i > 1 && j > 1 && x == text_name_char(b[j - 2]) && y == text_name_char(a[i - 2]) &&
                two_above[j - 2] + 1 < best) {
                best = two_above[j - 2] + 1;
            }
            row[j] = best;
        }
    }
    return rows[n % 3][m];
}

const char *pal_nearest_name(const char *name, const char *const *names, int32_t n) {
    const char *nearest = NULL;
    int32_t limit = 1 + (int32_t)(strlen(name) / 3), smallest = limit + 1;
    for (int32_t i = 0; i < n; i++) {
        int32_t distance = text_distance(name, names[i]);
        if (distance < smallest) {
            smallest = distance;
            nearest = names[i];
        }
    }
    return nearest;
}
