/* bench_text.c - keyword rows of made texts: English-like words by a long-tailed law, stemmed, and
 * what that and a list by them took.
 *
 * usage: bench_text THREADS ITEMS WORDS FORM     FORM: tfidf or bm25
 *        bench_text write FOLDER ITEMS WORDS     the texts, one a line, for peers */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/ctx.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/rng.h"
#include "made.h"
#include "math/topk.h"
#include "models/content/sparse.h"
#include "represent/keywords.h"
#include "represent/languages.h"

enum { TEXT_STEMS = 200000, TEXT_LONGEST = 24 };

/* A pronounceable word of 3 to 8 letters with one of a few endings. */
static int64_t text_add_word(pal_rng *rng, char *out) {
    static const char consonants[] = "bcdfghklmnprstvw", vowels[] = "aeiou";
    static const char *const endings[] = {"", "", "", "s", "ing", "ed", "er", "ation"};
    /* Rank by the inverse of 1 / rank^1.05: half of a text are a few hundred words. */
    double u = pal_rng_uniform(rng), top = pow(TEXT_STEMS, -0.05);
    uint32_t rank = (uint32_t)pow(1 - u * (1 - top), -1 / 0.05);
    char *at = out;
    for (uint32_t left = rank * 7 + 3; left > 0; left /= 80) {
        *at++ = consonants[left % 16];
        *at++ = vowels[left / 16 % 5];
    }
    const char *ending = endings[pal_rng_below(rng, 8)];
    memcpy(at, ending, strlen(ending));
    return at - out + (int64_t)strlen(ending);
}

static const char **text_make(int32_t n_items, int32_t n_words) {
    const char **texts = made_alloc((size_t)n_items, sizeof *texts);
    char *text = made_alloc((size_t)n_words + 1, TEXT_LONGEST);
    for (int32_t i = 0; i < n_items; i++) {
        pal_rng rng = pal_rng_at(42, (uint64_t)i);
        int64_t n = 0;
        for (int32_t w = 0; w < n_words; w++) {
            n += text_add_word(&rng, text + n);
            text[n++] = ' ';
        }
        char *copy = made_alloc((size_t)n + 1, 1);
        memcpy(copy, text, (size_t)n);
        texts[i] = copy;
    }
    free(text);
    return texts;
}

static int32_t text_language(const char *name) {
    int32_t l = 0;
    while (strcmp(pal_languages[l], name)) l++;
    return l;
}

static void text_write(const char *folder, int32_t n_items, int32_t n_words) {
    char path[4096];
    snprintf(path, sizeof path, "%s/texts.txt", folder);
    FILE *file = fopen(path, "w");
    if (!file) made_die("cannot write the texts");
    const char **texts = text_make(n_items, n_words);
    for (int32_t i = 0; i < n_items; i++) fprintf(file, "%s\n", texts[i]);
    if (fclose(file)) made_die("cannot write the texts");
}

/* Milliseconds of processor time of the ten best items for histories of 20 items, the median of
 * some: a list is made by one thread. */
static double text_list(pal_ctx *ctx, const pal_csr *rows, pal_arena *arena) {
    enum { LISTS = 21, HISTORY = 20, BEST = 10 };
    const pal_content_params params = {.scoring = PAL_CONTENT_PROFILE, .k = 3};
    pal_content_state state = {.n_items = rows->n_rows,
                               .popularity = made_alloc((size_t)rows->n_rows, sizeof(float)),
                               .prior = made_alloc(1, sizeof(float))};
    if (pal_rows_copy(ctx, "lists", rows, arena, &state.rows) != PAL_OK ||
        pal_content_prepare(ctx, "lists", rows->n_cols, arena, &state) != PAL_OK)
        made_die(ctx->error);
    void *scratch = made_alloc(pal_content_scratch_bytes(&params, &state), 1);
    float *scores = made_alloc((size_t)rows->n_rows, sizeof *scores), best_scores[BEST];
    int32_t *found = made_alloc((size_t)rows->n_rows, sizeof *found), best[BEST];
    double spent[LISTS];
    for (int32_t l = 0; l < LISTS; l++) {
        int32_t history[HISTORY];
        pal_rng rng = pal_rng_at(7, (uint64_t)l);
        for (int32_t h = 0; h < HISTORY; h++)
            history[h] = (int32_t)pal_rng_below(&rng, (uint32_t)rows->n_rows);
        const pal_query query = {.n_events = HISTORY, .items = history};
        clock_t started = clock();
        pal_topk top;
        pal_content_score(&params, &state, &query, NULL, scratch, scores);
        pal_topk_start(&top, BEST, best, best_scores);
        pal_topk_offer(&top, pal_kernels_best(), scores, rows->n_rows, 0, found);
        pal_topk_finish(&top);
        spent[l] = (double)(clock() - started) / CLOCKS_PER_SEC;
        for (int32_t k = l; k > 0 && spent[k] < spent[k - 1]; k--) {
            double swap = spent[k];
            spent[k] = spent[k - 1];
            spent[k - 1] = swap;
        }
    }
    return 1e3 * spent[LISTS / 2];
}

int main(int argc, char **argv) {
    if (argc != 5)
        made_die("usage: bench_text THREADS ITEMS WORDS FORM, or write FOLDER ITEMS WORDS");
    if (!strcmp(argv[1], "write")) {
        text_write(argv[2], atoi(argv[3]), atoi(argv[4]));
        return 0;
    }
    pal_ctx ctx = {.seed = 42, .memory_limit = INT64_C(8) << 30};
    ctx.pool = pal_pool_new(atoi(argv[1]));
    if (!ctx.pool) made_die("not enough memory");
    const pal_documents documents = {.n_rows = atoi(argv[2]),
                                     .n_columns = 1,
                                     .cells = {text_make(atoi(argv[2]), atoi(argv[3]))},
                                     .languages = {text_language("en")}};
    const pal_keyword_options options = {.form = strcmp(argv[4], "bm25") ? PAL_KEYWORDS_TFIDF
                                                                         : PAL_KEYWORDS_BM25,
                                         .k1 = 1.2,
                                         .b = 0.75,
                                         .min_df = 2,
                                         .max_df = 0.5};
    pal_arena arena = {0};
    pal_vocabulary words;
    pal_csr rows;
    int64_t before = made_peak_bytes();
    double started = pal_clock();
    if (pal_keywords_fit(&ctx, &options, &documents, documents.n_rows, &arena, &words, &arena,
                         &rows) != PAL_OK)
        made_die(ctx.error);
    double seconds = pal_clock() - started;
    int64_t peak = made_peak_bytes();
    printf("{\"seconds\": %.3f, \"texts_bytes\": %" PRId64 ", \"peak_bytes\": %" PRId64
           ", \"words\": %d, \"entries\": %" PRId64 ", \"list_ms\": %.3f}\n",
           seconds, before, peak, words.n_words, rows.starts[rows.n_rows],
           text_list(&ctx, &rows, &arena));
    return 0;
}
