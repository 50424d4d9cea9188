/* keywords.c - the words that count, and rows of them. */
#include "represent/keywords.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/parallel.h"

const char *const pal_keyword_forms[] = {"tfidf", "bm25", NULL};

int32_t pal_vocabulary_find(const pal_vocabulary *vocabulary, const char *token) {
    int32_t low = 0, high = vocabulary->n_words;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        int order = strcmp(pal_vocabulary_word(vocabulary, middle), token);
        if (order == 0) return middle;
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return -1;
}

bool pal_vocabulary_is_valid(const pal_vocabulary *vocabulary) {
    for (int32_t w = 0; w < vocabulary->n_words; w++) {
        const char *begin = pal_vocabulary_word(vocabulary, w),
                   *end = pal_vocabulary_word(vocabulary, w + 1);
        const char *token = memchr(begin, 0, (size_t)(end - begin));
        const char *shown = token ? memchr(token + 1, 0, (size_t)(end - token - 1)) : NULL;
        if (!shown || shown + 1 != end) return false;
    }
    return true;
}

/* --- the words of all chunks --- */

typedef struct {
    const char *bytes, *shown;
    int64_t n;   /* how often it stands */
    int32_t df;  /* in how many rows */
    int32_t old; /* row of the merged table */
} keyword_word;

typedef struct {
    pal_ctx *ctx;
    const pal_keyword_options *options;
    pal_counted counted;
    int32_t n_fit;
    pal_ids tokens;      /* of all chunks */
    keyword_word *words; /* [n_all] */
    int64_t capacity;    /* of words */
    int32_t **numbers;   /* [n_chunks] word of each token of a chunk, -1: none; on the heap */
    pal_vocabulary *vocabulary;
    int64_t *starts; /* of the rows that come out */
    int32_t *cols;
    float *values;
    atomic_bool failed;
} keyword_job;

static bool keyword_grow(keyword_job *job) {
    if (job->tokens.n <= job->capacity) return true;
    int64_t capacity = 2 * (int64_t)job->tokens.n + 1024;
    keyword_word *words = realloc(job->words, (size_t)capacity * sizeof *words);
    if (!words) return false;
    memset(words + job->capacity, 0, (size_t)(capacity - job->capacity) * sizeof *words);
    job->words = words;
    job->capacity = capacity;
    return true;
}

/* Adds a chunk's tokens to the table of all and counts the rows that are learned from. */
static bool keyword_merge_chunk(keyword_job *job, int64_t index) {
    const pal_document_chunk *chunk = &job->counted.chunks[index];
    int32_t *numbers = calloc((size_t)chunk->tokens.n + 1, sizeof *numbers);
    job->numbers[index] = numbers;
    if (!numbers) return false;
    const char *shown = chunk->shown.bytes;
    for (int32_t t = 0; t < chunk->tokens.n; t++) {
        int32_t before = job->tokens.n;
        const char *token = pal_ids_at(&chunk->tokens, t);
        numbers[t] = pal_ids_add(&job->tokens, token, strlen(token));
        if (numbers[t] < 0 || !keyword_grow(job)) return false;
        if (numbers[t] == before) job->words[before].shown = shown;
        shown += strlen(shown) + 1;
    }
    int64_t n_rows = job->n_fit - index * PAL_DOCUMENT_ROWS,
            n_all = pal_counted_rows(&job->counted, index);
    if (n_rows > n_all) n_rows = n_all;
    for (int64_t e = 0; n_rows > 0 && e < chunk->starts[n_rows]; e++) {
        keyword_word *word = &job->words[numbers[chunk->ids[e]]];
        word->df++;
        word->n += chunk->counts[e];
    }
    for (int64_t r = 0; r < n_rows; r++) {
        job->vocabulary->n_rows += chunk->lengths[r] > 0;
        job->vocabulary->mean_length += chunk->lengths[r];
    }
    return true;
}

static int keyword_compare_bytes(const void *a, const void *b) {
    return strcmp(((const keyword_word *)a)->bytes, ((const keyword_word *)b)->bytes);
}
static int keyword_compare_counts(const void *a, const void *b) {
    const keyword_word *x = a, *y = b;
    if (x->n != y->n) return x->n > y->n ? -1 : 1;
    return strcmp(x->bytes, y->bytes);
}

/* The words that options allow, to the front of job->words in the order of their bytes. */
static int32_t keyword_choose(keyword_job *job) {
    const pal_keyword_options *o = job->options;
    double limit = o->max_df > 0 ? o->max_df * (double)job->vocabulary->n_rows : INFINITY;
    int64_t least = o->min_df > 1 ? o->min_df : 1;
    int32_t n = 0;
    for (int32_t t = 0; t < job->tokens.n; t++) {
        keyword_word word = job->words[t];
        word.bytes = pal_ids_at(&job->tokens, t);
        word.old = t;
        if (word.df >= least && word.df <= limit) job->words[n++] = word;
    }
    if (o->most > 0 && n > o->most) {
        qsort(job->words, (size_t)n, sizeof *job->words, keyword_compare_counts);
        n = (int32_t)o->most;
    }
    if (n) qsort(job->words, (size_t)n, sizeof *job->words, keyword_compare_bytes);
    return n;
}

static double keyword_idf(const pal_keyword_options *options, double n, double df) {
    if (options->form == PAL_KEYWORDS_BM25) return log1p((n - df + 0.5) / (df + 0.5));
    return log((1 + n) / (1 + df)) + 1;
}

/* Tokens and shown words of the chosen ones, one after the other. */
static bool keyword_copy(const keyword_job *job, int32_t n, pal_arena *arena) {
    pal_vocabulary *v = job->vocabulary;
    v->starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)n + 1);
    if (!v->starts) return false;
    for (int32_t w = 0; w < n; w++) {
        const keyword_word *word = &job->words[w];
        v->starts[w + 1] = v->starts[w] + (int64_t)(strlen(word->bytes) + strlen(word->shown)) + 2;
    }
    v->bytes = pal_arena_alloc(arena, v->starts[n], 1);
    if (!v->bytes) return false;
    for (int32_t w = 0; w < n; w++) {
        const keyword_word *word = &job->words[w];
        size_t length = strlen(word->bytes) + 1;
        memcpy(v->bytes + v->starts[w], word->bytes, length);
        memcpy(v->bytes + v->starts[w] + length, word->shown, strlen(word->shown) + 1);
    }
    return true;
}

/* From chosen words to the vocabulary and to the numbers that chunks know them by. */
static bool keyword_settle(keyword_job *job, pal_arena *arena) {
    pal_vocabulary *v = job->vocabulary;
    if (v->n_rows) v->mean_length /= (double)v->n_rows;
    int32_t n = keyword_choose(job), *new_of = calloc((size_t)job->tokens.n + 1, sizeof *new_of);
    v->n_words = n;
    v->idf = PAL_ARENA_ARRAY(arena, float, n);
    if (!new_of || !v->idf || !keyword_copy(job, n, arena)) {
        free(new_of);
        return false;
    }
    for (int32_t t = 0; t < job->tokens.n; t++) new_of[t] = -1;
    for (int32_t w = 0; w < n; w++) {
        new_of[job->words[w].old] = w;
        v->idf[w] = (float)keyword_idf(job->options, (double)v->n_rows, job->words[w].df);
    }
    for (int64_t c = 0; c < job->counted.n_chunks; c++) {
        for (int32_t t = 0; t < job->counted.chunks[c].tokens.n; t++)
            job->numbers[c][t] = new_of[job->numbers[c][t]];
    }
    free(new_of);
    return true;
}

/* --- rows --- */

static void keyword_find_chunk(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const keyword_job *job = arg;
    const pal_ids *tokens = &job->counted.chunks[chunk].tokens;
    for (int32_t t = 0; t < tokens->n; t++)
        job->numbers[chunk][t] = pal_vocabulary_find(job->vocabulary, pal_ids_at(tokens, t));
}

/* starts[r + 1]: words of row r that the vocabulary has. */
static void keyword_measure_chunk(void *arg, int64_t index, int32_t worker) {
    (void)worker;
    const keyword_job *job = arg;
    const pal_document_chunk *chunk = &job->counted.chunks[index];
    int64_t *counts = job->starts + index * PAL_DOCUMENT_ROWS + 1;
    int32_t n_rows = pal_counted_rows(&job->counted, index);
    for (int32_t r = 0; r < n_rows; r++) {
        for (int64_t e = chunk->starts[r]; e < chunk->starts[r + 1]; e++)
            counts[r] += job->numbers[index][chunk->ids[e]] >= 0;
    }
}

typedef struct {
    int32_t col, count;
} keyword_entry;

static int keyword_compare_entries(const void *a, const void *b) {
    int32_t x = ((const keyword_entry *)a)->col, y = ((const keyword_entry *)b)->col;
    return (x > y) - (x < y);
}

void pal_keywords_weigh(const pal_keyword_options *options, const pal_vocabulary *vocabulary,
                        const int32_t *cols, int64_t n, int32_t length, float *values) {
    const pal_keyword_options *o = options;
    const pal_vocabulary *v = vocabulary;
    double squares = 0, mean = v->mean_length > 0 ? v->mean_length : 1,
           damped = o->k1 * (1 - o->b + o->b * length / mean);
    for (int64_t e = 0; e < n; e++) {
        double tf = (double)values[e], idf = (double)v->idf[cols[e]], weight;
        if (o->form == PAL_KEYWORDS_BM25) {
            weight = idf * tf * (o->k1 + 1) / (tf + damped);
        } else {
            weight = idf * (o->sublinear ? 1 + log(tf) : tf);
        }
        squares += weight * weight;
        values[e] = (float)weight;
    }
    if (o->form == PAL_KEYWORDS_BM25 || !(squares > 0)) return;
    double scale = 1 / sqrt(squares);
    for (int64_t e = 0; e < n; e++) values[e] = (float)((double)values[e] * scale);
}

static void keyword_fill_row(const keyword_job *job, int64_t index, int32_t r,
                             keyword_entry *entries) {
    const pal_document_chunk *chunk = &job->counted.chunks[index];
    int64_t n = 0, begin = job->starts[index * PAL_DOCUMENT_ROWS + r];
    for (int64_t e = chunk->starts[r]; e < chunk->starts[r + 1]; e++) {
        int32_t word = job->numbers[index][chunk->ids[e]];
        if (word >= 0) entries[n++] = (keyword_entry){word, chunk->counts[e]};
    }
    if (n) qsort(entries, (size_t)n, sizeof *entries, keyword_compare_entries);
    for (int64_t e = 0; e < n; e++) {
        job->cols[begin + e] = entries[e].col;
        job->values[begin + e] = (float)entries[e].count;
    }
    pal_keywords_weigh(job->options, job->vocabulary, job->cols + begin, n, chunk->lengths[r],
                       job->values + begin);
}

static void keyword_fill_chunk(void *arg, int64_t index, int32_t worker) {
    (void)worker;
    keyword_job *job = arg;
    const pal_document_chunk *chunk = &job->counted.chunks[index];
    int32_t n_rows = pal_counted_rows(&job->counted, index);
    int64_t longest = 0;
    for (int32_t r = 0; r < n_rows; r++) {
        int64_t n = chunk->starts[r + 1] - chunk->starts[r];
        if (n > longest) longest = n;
    }
    keyword_entry *entries = calloc((size_t)longest + 1, sizeof *entries);
    for (int32_t r = 0; entries && r < n_rows; r++) keyword_fill_row(job, index, r, entries);
    if (!entries) atomic_store(&job->failed, true);
    free(entries);
}

static pal_status keyword_fail_memory(const keyword_job *job, double bytes) {
    return pal_fail_memory(job->ctx, "the words of texts", bytes);
}

static pal_status keyword_fill(keyword_job *job, pal_arena *arena, pal_csr *rows) {
    int32_t n_rows = job->counted.n_rows;
    job->starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)n_rows + 1);
    if (!job->starts) return keyword_fail_memory(job, 8.0 * n_rows);
    pal_parallel(job->ctx->pool, job->counted.n_chunks, keyword_measure_chunk, job);
    for (int32_t r = 0; r < n_rows; r++) job->starts[r + 1] += job->starts[r];
    int64_t n = job->starts[n_rows];
    job->cols = PAL_ARENA_ARRAY(arena, int32_t, n);
    job->values = PAL_ARENA_ARRAY(arena, float, n);
    if (!job->cols || !job->values) return keyword_fail_memory(job, 8.0 * (double)n);
    pal_parallel(job->ctx->pool, job->counted.n_chunks, keyword_fill_chunk, job);
    if (job->failed) return keyword_fail_memory(job, 1e6);
    *rows = (pal_csr){.n_rows = n_rows,
                      .n_cols = job->vocabulary->n_words,
                      .starts = job->starts,
                      .cols = job->cols,
                      .values = job->values};
    return PAL_OK;
}

/* --- the two ways in --- */

static pal_status keyword_start(keyword_job *job, const pal_documents *documents) {
    TRY(pal_documents_count(job->ctx, documents, &job->counted));
    job->numbers = calloc((size_t)job->counted.n_chunks + 1, sizeof *job->numbers);
    if (!job->numbers) return keyword_fail_memory(job, 1e6);
    return pal_check_cancelled(job->ctx);
}

static void keyword_end(keyword_job *job) {
    for (int64_t c = 0; job->numbers && c < job->counted.n_chunks; c++) free(job->numbers[c]);
    free(job->numbers);
    free(job->words);
    pal_ids_release(&job->tokens);
    pal_counted_release(&job->counted);
}

static pal_status keyword_learn(keyword_job *job, const pal_documents *documents,
                                pal_arena *arena) {
    TRY(keyword_start(job, documents));
    for (int64_t c = 0; c < job->counted.n_chunks; c++) {
        if (!keyword_merge_chunk(job, c)) return keyword_fail_memory(job, 1e8);
        TRY(pal_check_cancelled(job->ctx));
    }
    return keyword_settle(job, arena) ? PAL_OK : keyword_fail_memory(job, 64.0 * job->tokens.n);
}

pal_status pal_keywords_fit(pal_ctx *ctx, const pal_keyword_options *options,
                            const pal_documents *documents, int32_t n_fit, pal_arena *arena,
                            pal_vocabulary *vocabulary, pal_arena *rows_arena, pal_csr *rows) {
    *vocabulary = (pal_vocabulary){0};
    keyword_job job = {.ctx = ctx, .options = options, .n_fit = n_fit, .vocabulary = vocabulary};
    pal_status status = keyword_learn(&job, documents, arena);
    if (status == PAL_OK) status = keyword_fill(&job, rows_arena, rows);
    keyword_end(&job);
    return status;
}

static pal_status keyword_look_up(keyword_job *job, const pal_documents *documents) {
    TRY(keyword_start(job, documents));
    for (int64_t c = 0; c < job->counted.n_chunks; c++) {
        size_t n = (size_t)job->counted.chunks[c].tokens.n;
        job->numbers[c] = calloc(n + 1, sizeof *job->numbers[c]);
        if (!job->numbers[c]) return keyword_fail_memory(job, 4.0 * (double)n);
    }
    pal_parallel(job->ctx->pool, job->counted.n_chunks, keyword_find_chunk, job);
    return PAL_OK;
}

pal_status pal_keywords_encode(pal_ctx *ctx, const pal_keyword_options *options,
                               const pal_vocabulary *vocabulary, const pal_documents *documents,
                               pal_arena *arena, pal_csr *rows) {
    pal_vocabulary known = *vocabulary;
    keyword_job job = {.ctx = ctx, .options = options, .vocabulary = &known};
    pal_status status = keyword_look_up(&job, documents);
    if (status == PAL_OK) status = keyword_fill(&job, arena, rows);
    keyword_end(&job);
    return status;
}
