/* tokens.c - words by classes of characters. */
#include "represent/tokens.h"

#include <libstemmer.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/ctx.h"
#include "represent/languages.h"

pal_status pal_tokenizer_init(pal_ctx *ctx, int32_t language, pal_tokenizer *out) {
    *out = (pal_tokenizer){0};
    const char *stemmer = pal_language_stemmer(language);
    if (stemmer && !(out->stemmer = sb_stemmer_new(stemmer, "UTF_8")))
        return pal_fail(ctx, PAL_EUSAGE,
                        "the installed libstemmer knows no '%s': take language=none", stemmer);
    if (pal_language_add_stops(language, &out->stops)) return PAL_OK;
    pal_tokenizer_release(out);
    return pal_fail_memory(ctx, "the stop words", 1e4);
}

void pal_tokenizer_release(pal_tokenizer *tokenizer) {
    if (tokenizer->stemmer) sb_stemmer_delete(tokenizer->stemmer);
    pal_ids_release(&tokenizer->stops);
    free(tokenizer->clean);
    free(tokenizer->points);
    free(tokenizer->normalized);
    *tokenizer = (pal_tokenizer){0};
}

/* --- normalizing --- */

/* Room for n elements; what was there is void. */
static void *tokens_room(void *old, size_t *capacity, size_t n, size_t size) {
    if (old && *capacity >= n) return old;
    free(old);
    size_t wanted = n + n / 2 + 256;
    void *room = calloc(wanted, size);
    *capacity = room ? wanted : 0;
    return room;
}

/* The text as UTF-8 that utf8proc takes: broken bytes become spaces. */
static const uint8_t *tokens_clean(pal_tokenizer *t, const char *text, size_t length) {
    t->clean = tokens_room(t->clean, &t->n_clean, length + 1, 1);
    if (!t->clean) return NULL;
    const uint8_t *from = (const uint8_t *)text;
    for (size_t at = 0; at < length;) {
        utf8proc_int32_t point;
        utf8proc_ssize_t n = utf8proc_iterate(from + at, (utf8proc_ssize_t)(length - at), &point);
        if (n > 0) memcpy(t->clean + at, from + at, (size_t)n);
        if (n <= 0) t->clean[at] = ' ';
        at += n > 0 ? (size_t)n : 1;
    }
    return t->clean;
}

/* NFKC and case folding of any text; returns the length of t->normalized, -1 without memory. */
static int64_t tokens_normalize_any(pal_tokenizer *t, const char *text, size_t length) {
    const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE |
                                      UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
    const uint8_t *clean = tokens_clean(t, text, length);
    if (!clean) return -1;
    utf8proc_ssize_t n = (utf8proc_ssize_t)length + 16;
    for (size_t had = 0; (size_t)n > had;) {
        t->points = tokens_room(t->points, &t->n_points, (size_t)n, sizeof *t->points);
        if (!t->points) return -1;
        had = t->n_points;
        n = utf8proc_decompose(clean, (utf8proc_ssize_t)length, t->points, (utf8proc_ssize_t)had,
                               options);
        if (n < 0) return -1; /* only an overflow is left */
    }
    n = utf8proc_normalize_utf32(t->points, n, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (n < 0) return -1;
    t->normalized = tokens_room(t->normalized, &t->n_normalized, 4 * (size_t)n + 1, 1);
    if (!t->normalized) return -1;
    int64_t end = 0;
    for (utf8proc_ssize_t i = 0; i < n; i++)
        end += utf8proc_encode_char(t->points[i], (utf8proc_uint8_t *)t->normalized + end);
    return end;
}

/* ASCII needs no tables: most words of most catalogues. */
static int64_t tokens_normalize(pal_tokenizer *t, const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if ((uint8_t)text[i] >= 0x80) return tokens_normalize_any(t, text, length);
    }
    t->normalized = tokens_room(t->normalized, &t->n_normalized, length + 1, 1);
    if (!t->normalized) return -1;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        t->normalized[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return (int64_t)length;
}

/* --- cutting --- */

typedef enum {
    CLASS_SPACE, /* all that is in no word */
    CLASS_LETTER,
    CLASS_DIGIT,
    CLASS_HAN, /* and kana; from here on in pairs */
    CLASS_HANGUL,
    CLASS_THAI, /* and its neighbours */
} token_class;

static token_class tokens_class_of(int32_t point) {
    if (point < 0x80) {
        if (point >= '0' && point <= '9') return CLASS_DIGIT;
        return point >= 'a' && point <= 'z' ? CLASS_LETTER : CLASS_SPACE;
    }
    utf8proc_category_t category = utf8proc_category(point);
    if (category == UTF8PROC_CATEGORY_CN || category > UTF8PROC_CATEGORY_NO) return CLASS_SPACE;
    if ((point >= 0x3005 && point <= 0x3007) || (point >= 0x3040 && point <= 0x30FF) ||
        (point >= 0x31F0 && point <= 0x31FF) || (point >= 0x3400 && point <= 0x4DBF) ||
        (point >= 0x4E00 && point <= 0x9FFF) || (point >= 0xF900 && point <= 0xFAFF) ||
        (point >= 0x20000 && point <= 0x3FFFF))
        return CLASS_HAN;
    if ((point >= 0x1100 && point <= 0x11FF) || (point >= 0xAC00 && point <= 0xD7FF))
        return CLASS_HANGUL;
    if ((point >= 0x0E00 && point <= 0x0EFF) || (point >= 0x1000 && point <= 0x109F) ||
        (point >= 0x1780 && point <= 0x17FF))
        return CLASS_THAI;
    return category == UTF8PROC_CATEGORY_ND ? CLASS_DIGIT : CLASS_LETTER;
}

typedef struct {
    const char *bytes;
    int64_t n;
} token_text;

/* The class of the character at `at`, and where the next one begins. */
static token_class tokens_class(const token_text *text, int64_t at, int64_t *next) {
    int32_t point = (uint8_t)text->bytes[at];
    utf8proc_ssize_t n = 1;
    if (point >= 0x80)
        n = utf8proc_iterate((const utf8proc_uint8_t *)text->bytes + at, text->n - at, &point);
    *next = at + (n > 0 ? n : 1);
    return n > 0 ? tokens_class_of(point) : CLASS_SPACE;
}

/* The end of the word that begins at `at`. */
static int64_t tokens_word_end(const token_text *text, int64_t at) {
    token_class before = CLASS_SPACE;
    while (at < text->n) {
        int64_t next, after;
        token_class class = tokens_class(text, at, &next);
        bool is_point = text->bytes[at] == '.' && before == CLASS_DIGIT && next < text->n &&
                        tokens_class(text, next, &after) == CLASS_DIGIT;
        if (!is_point && class != CLASS_LETTER && class != CLASS_DIGIT) break;
        before = class;
        at = next;
    }
    return at;
}

static size_t tokens_short(const char *word, size_t length) {
    if (length <= PAL_WORD_MAX) return length;
    length = PAL_WORD_MAX;
    while (length > 0 && ((uint8_t)word[length] & 0xC0) == 0x80) length--;
    return length;
}

/* Pairs of the run of one class at `at`; returns its end, -1 when `word` said so. */
static int64_t tokens_pairs(const token_text *text, int64_t at, token_class class,
                            pal_word_fn *word, void *arg) {
    int64_t begin = at, previous = -1;
    while (at < text->n) {
        int64_t next;
        if (tokens_class(text, at, &next) != class) break;
        if (previous >= 0 && !word(arg, text->bytes + previous, (size_t)(next - previous)))
            return -1;
        previous = at;
        at = next;
    }
    bool is_single = previous == begin;
    return is_single && !word(arg, text->bytes + begin, (size_t)(at - begin)) ? -1 : at;
}

bool pal_tokenizer_words(pal_tokenizer *tokenizer, const char *text, size_t length,
                         pal_word_fn *word, void *arg) {
    if (length == 0) return true;
    int64_t n = tokens_normalize(tokenizer, text, length);
    if (n < 0) return false;
    const token_text normalized = {tokenizer->normalized, n};
    for (int64_t at = 0, next; at < n; at = next) {
        token_class class = tokens_class(&normalized, at, &next);
        if (class == CLASS_SPACE) continue;
        if (class >= CLASS_HAN) {
            next = tokens_pairs(&normalized, at, class, word, arg);
            if (next < 0) return false;
            continue;
        }
        next = tokens_word_end(&normalized, at);
        const char *begin = normalized.bytes + at;
        if (!word(arg, begin, tokens_short(begin, (size_t)(next - at)))) return false;
    }
    return true;
}

/* --- stemming --- */

const char *pal_tokenizer_stem(pal_tokenizer *tokenizer, const char *word, size_t length,
                               size_t *out_length) {
    *out_length = 0;
    if (tokenizer->stops.n && pal_ids_find(&tokenizer->stops, word, length) >= 0) return word;
    *out_length = length;
    if (!tokenizer->stemmer) return word;
    const sb_symbol *stem =
        sb_stemmer_stem(tokenizer->stemmer, (const sb_symbol *)word, (int)length);
    int n = stem ? sb_stemmer_length(tokenizer->stemmer) : 0;
    if (n > 0) *out_length = (size_t)n;
    return n > 0 ? (const char *)stem : stem ? word : NULL;
}

typedef struct {
    pal_tokenizer *tokenizer;
    pal_word_fn *token;
    void *arg;
} token_stemming;

static bool tokens_stem_word(void *arg, const char *word, size_t length) {
    const token_stemming *job = arg;
    size_t n;
    const char *token = pal_tokenizer_stem(job->tokenizer, word, length, &n);
    return token && (n == 0 || job->token(job->arg, token, n));
}

bool pal_tokenizer_tokens(pal_tokenizer *tokenizer, const char *text, size_t length,
                          pal_word_fn *token, void *arg) {
    token_stemming job = {tokenizer, token, arg};
    return pal_tokenizer_words(tokenizer, text, length, tokens_stem_word, &job);
}
