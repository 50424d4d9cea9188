/* phrase.c - words of a phrase, counted and weighed. */
#include "represent/phrase.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"

bool pal_phrase_reader_open(const pal_keyword_options *options, const pal_vocabulary *vocabulary,
                            const int32_t *languages, int32_t n_languages, pal_phrase_reader *out) {
    *out = (pal_phrase_reader){.options = options, .vocabulary = vocabulary};
    for (int32_t l = 0; l < n_languages; l++) {
        bool is_new = true;
        for (int32_t before = 0; before < l; before++) is_new &= languages[before] != languages[l];
        if (!is_new) continue;
        pal_ctx silent = {0}; /* a text that cannot be read has no words */
        if (pal_tokenizer_init(&silent, languages[l], &out->tokenizers[out->n_tokenizers])) {
            pal_phrase_reader_release(out);
            return false;
        }
        out->n_tokenizers++;
    }
    return true;
}

void pal_phrase_reader_release(pal_phrase_reader *reader) {
    for (int32_t t = 0; t < reader->n_tokenizers; t++)
        pal_tokenizer_release(&reader->tokenizers[t]);
    free(reader->words);
    free(reader->weights);
    *reader = (pal_phrase_reader){0};
}

static bool phrase_reserve(pal_phrase_reader *r) {
    if (r->n < r->capacity) return true;
    int32_t capacity = 2 * r->capacity + 16;
    int32_t *words = realloc(r->words, (size_t)capacity * sizeof *words);
    if (words) r->words = words;
    float *weights = realloc(r->weights, (size_t)capacity * sizeof *weights);
    if (weights) r->weights = weights;
    if (!words || !weights) return false;
    r->capacity = capacity;
    return true;
}

/* Counts a word once more, at its place among the words. */
static bool phrase_count(pal_phrase_reader *r, int32_t word) {
    int32_t at = r->n;
    while (at > 0 && r->words[at - 1] >= word) at--;
    if (at < r->n && r->words[at] == word) {
        r->weights[at] += 1;
        return true;
    }
    if (!phrase_reserve(r)) return false;
    size_t after = (size_t)(r->n - at);
    memmove(r->words + at + 1, r->words + at, after * sizeof *r->words);
    memmove(r->weights + at + 1, r->weights + at, after * sizeof *r->weights);
    r->words[at] = word;
    r->weights[at] = 1;
    r->n++;
    return true;
}

static bool phrase_add(void *arg, const char *word, size_t length) {
    pal_phrase_reader *r = arg;
    int32_t found[PAL_DOCUMENT_COLUMNS_MAX], n = 0;
    bool is_token = false;
    for (int32_t t = 0; t < r->n_tokenizers; t++) {
        size_t n_bytes;
        const char *token = pal_tokenizer_stem(&r->tokenizers[t], word, length, &n_bytes);
        if (!token) return false;
        if (n_bytes == 0) continue;
        is_token = true;
        char ended[2 * PAL_WORD_MAX];
        if (n_bytes >= sizeof ended) continue;
        memcpy(ended, token, n_bytes);
        ended[n_bytes] = '\0';
        int32_t at = pal_vocabulary_find(r->vocabulary, ended);
        bool is_new = at >= 0;
        for (int32_t f = 0; f < n; f++) is_new &= found[f] != at;
        if (!is_new) continue;
        found[n++] = at;
        if (!phrase_count(r, at)) return false;
    }
    r->length += is_token;
    return true;
}

void pal_phrase_read(pal_phrase_reader *r, const char *text) {
    r->n = r->length = 0;
    if (!text || r->n_tokenizers == 0) return;
    if (!pal_tokenizer_words(&r->tokenizers[0], text, strlen(text), phrase_add, r)) r->n = 0;
    pal_keywords_weigh(r->options, r->vocabulary, r->words, r->n, r->length, r->weights);
    double squares = 0;
    for (int32_t w = 0; w < r->n; w++) squares += (double)r->weights[w] * (double)r->weights[w];
    double scale = squares > 0 ? 1 / sqrt(squares) : 0;
    for (int32_t w = 0; w < r->n; w++) r->weights[w] = (float)((double)r->weights[w] * scale);
}
