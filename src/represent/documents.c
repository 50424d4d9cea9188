/* documents.c - chunks of rows, each with its own table of tokens: what a word is stemmed to is
 * looked up once a chunk, and no thread waits for another. */
#include "represent/documents.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/parallel.h"
#include "represent/languages.h"
#include "represent/tokens.h"

pal_status pal_documents_settle(pal_ctx *ctx, pal_documents *documents, int32_t n_fit) {
    for (int32_t c = 0; c < documents->n_columns; c++) {
        if (documents->languages[c] != PAL_LANGUAGE_AUTO) continue;
        TRY(pal_language_guess(ctx, documents->cells[c], documents->rows, n_fit,
                               &documents->languages[c]));
    }
    return PAL_OK;
}

typedef struct {
    const pal_documents *documents;
    const pal_counted *out;
    atomic_bool failed;
} documents_job;

/* What one chunk is counted with. */
typedef struct {
    pal_document_chunk *chunk;
    int32_t column; /* that is being cut */
    pal_tokenizer tokenizers[PAL_DOCUMENT_COLUMNS_MAX];
    pal_ids words[PAL_DOCUMENT_COLUMNS_MAX];      /* as they were written */
    int32_t *tokens_of[PAL_DOCUMENT_COLUMNS_MAX]; /* [words.n] token of each, -1: stop word */
    int64_t word_capacities[PAL_DOCUMENT_COLUMNS_MAX];
    int32_t *row; /* tokens of the present row */
    int64_t n_row, row_capacity;
} documents_counter;

/* Room for one more; false without memory. */
static bool documents_grow(int32_t **array, int64_t *capacity, int64_t n) {
    if (n < *capacity) return true;
    int64_t wanted = 2 * n + 64;
    int32_t *grown = realloc(*array, (size_t)wanted * sizeof **array);
    if (!grown) return false;
    *array = grown;
    *capacity = wanted;
    return true;
}

/* The token of a word that the chunk has not seen; -1: a stop word, -2: no memory. */
static int32_t documents_add_token(documents_counter *c, const char *word, size_t length) {
    pal_document_chunk *chunk = c->chunk;
    size_t n;
    const char *stem = pal_tokenizer_stem(&c->tokenizers[c->column], word, length, &n);
    if (!stem) return -2;
    if (n == 0) return -1;
    int32_t before = chunk->tokens.n, token = pal_ids_add(&chunk->tokens, stem, n);
    if (token < 0) return -2;
    if (token == before) {
        pal_text_add_bytes(&chunk->shown, word, length);
        pal_text_add_bytes(&chunk->shown, "", 1);
    }
    return token;
}

static bool documents_add_word(void *arg, const char *word, size_t length) {
    documents_counter *c = arg;
    int32_t column = c->column;
    pal_ids *words = &c->words[column];
    int32_t before = words->n, at = pal_ids_add(words, word, length);
    if (at < 0) return false;
    if (at == before) {
        int32_t token = documents_add_token(c, word, length);
        if (token == -2 || !documents_grow(&c->tokens_of[column], &c->word_capacities[column], at))
            return false;
        c->tokens_of[column][at] = token;
    }
    int32_t token = c->tokens_of[column][at];
    if (token < 0) return true;
    if (c->n_row == INT32_MAX || !documents_grow(&c->row, &c->row_capacity, c->n_row)) return false;
    c->row[c->n_row++] = token;
    return true;
}

static int documents_compare(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* The row's tokens as entries behind `n`; returns the new end, -1 without memory. */
static int64_t documents_end_row(documents_counter *c, int64_t n) {
    pal_document_chunk *chunk = c->chunk;
    if (c->n_row) qsort(c->row, (size_t)c->n_row, sizeof *c->row, documents_compare);
    int64_t capacity = chunk->capacity;
    for (int64_t i = 0; i < c->n_row; i++) {
        if (i > 0 && c->row[i] == c->row[i - 1]) {
            chunk->counts[n - 1]++;
            continue;
        }
        capacity = chunk->capacity;
        if (!documents_grow(&chunk->ids, &capacity, n)) return -1;
        capacity = chunk->capacity;
        if (!documents_grow(&chunk->counts, &capacity, n)) return -1;
        chunk->capacity = capacity;
        chunk->ids[n] = c->row[i];
        chunk->counts[n++] = 1;
    }
    return n;
}

static bool documents_count_rows(const pal_documents *documents, documents_counter *c,
                                 int64_t first, int32_t n_rows) {
    pal_document_chunk *chunk = c->chunk;
    chunk->starts = calloc((size_t)n_rows + 1, sizeof *chunk->starts);
    chunk->lengths = calloc((size_t)n_rows, sizeof *chunk->lengths);
    if (!chunk->starts || !chunk->lengths) return false;
    for (int32_t r = 0; r < n_rows; r++) {
        int64_t row = documents->rows ? documents->rows[first + r] : first + r;
        c->n_row = 0;
        for (c->column = 0; row >= 0 && c->column < documents->n_columns; c->column++) {
            const char *text = documents->cells[c->column][row];
            if (!pal_tokenizer_words(&c->tokenizers[c->column], text, strlen(text),
                                     documents_add_word, c))
                return false;
        }
        chunk->lengths[r] = (int32_t)c->n_row;
        int64_t end = documents_end_row(c, chunk->starts[r]);
        if (end < 0) return false;
        chunk->starts[r + 1] = end;
    }
    return !chunk->shown.failed;
}

static void documents_count_chunk(void *arg, int64_t index, int32_t worker) {
    (void)worker;
    documents_job *job = arg;
    const pal_documents *documents = job->documents;
    pal_ctx silent = {0}; /* a chunk's trouble is told by the caller */
    documents_counter c = {.chunk = &job->out->chunks[index]};
    bool failed = atomic_load(&job->failed);
    for (int32_t i = 0; i < documents->n_columns; i++)
        failed |= pal_tokenizer_init(&silent, documents->languages[i], &c.tokenizers[i]) != PAL_OK;
    failed = failed || !documents_count_rows(documents, &c, index * PAL_DOCUMENT_ROWS,
                                             pal_counted_rows(job->out, index));
    for (int32_t i = 0; i < documents->n_columns; i++) {
        pal_tokenizer_release(&c.tokenizers[i]);
        pal_ids_release(&c.words[i]);
        free(c.tokens_of[i]);
    }
    free(c.row);
    if (failed) atomic_store(&job->failed, true);
}

/* A language whose stemmer is not installed is told before chunks meet it. */
static pal_status documents_check(pal_ctx *ctx, const pal_documents *documents) {
    for (int32_t i = 0; i < documents->n_columns; i++) {
        pal_tokenizer tokenizer;
        TRY(pal_tokenizer_init(ctx, documents->languages[i], &tokenizer));
        pal_tokenizer_release(&tokenizer);
    }
    return PAL_OK;
}

pal_status pal_documents_count(pal_ctx *ctx, const pal_documents *documents, pal_counted *out) {
    *out = (pal_counted){.n_rows = documents->n_rows,
                         .n_chunks = ((int64_t)documents->n_rows + PAL_DOCUMENT_ROWS - 1) /
                                     PAL_DOCUMENT_ROWS};
    TRY(documents_check(ctx, documents));
    out->chunks = PAL_ARENA_ARRAY(&out->arena, pal_document_chunk, out->n_chunks);
    if (!out->chunks) return pal_fail_memory(ctx, "the words of texts", 1e6);
    documents_job job = {.documents = documents, .out = out};
    pal_parallel(ctx->pool, out->n_chunks, documents_count_chunk, &job);
    if (!job.failed) return PAL_OK;
    pal_counted_release(out);
    return pal_fail_memory(ctx, "the words of texts", 400.0 * documents->n_rows);
}

void pal_document_chunk_release(pal_document_chunk *chunk) {
    pal_ids_release(&chunk->tokens);
    pal_text_release(&chunk->shown);
    free(chunk->starts);
    free(chunk->ids);
    free(chunk->counts);
    free(chunk->lengths);
    *chunk = (pal_document_chunk){0};
}

void pal_counted_release(pal_counted *counted) {
    for (int64_t i = 0; counted->chunks && i < counted->n_chunks; i++)
        pal_document_chunk_release(&counted->chunks[i]);
    pal_arena_release(&counted->arena);
    *counted = (pal_counted){0};
}
