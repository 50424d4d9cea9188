/* csr.c - transposes and Gram matrices of sparse rows. */
#include "math/csr.h"

#include <string.h>

#include "base/ctx.h"
#include "base/text.h"
#include "math/kernels.h"

bool pal_csr_transpose(const pal_csr *a, pal_arena *arena, pal_csr *out) {
    int64_t n = a->starts[a->n_rows];
    int64_t *starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)a->n_cols + 1);
    int64_t *next = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)a->n_cols + 1);
    int32_t *cols = PAL_ARENA_ARRAY(arena, int32_t, n);
    float *values = a->values ? PAL_ARENA_ARRAY(arena, float, n) : NULL;
    if (!starts || !next || !cols || (a->values && !values)) return false;
    for (int64_t e = 0; e < n; e++) starts[a->cols[e] + 1]++;
    for (int32_t c = 0; c < a->n_cols; c++) starts[c + 1] += starts[c];
    memcpy(next, starts, ((size_t)a->n_cols + 1) * sizeof *next);
    for (int32_t r = 0; r < a->n_rows; r++) {
        for (int64_t e = a->starts[r]; e < a->starts[r + 1]; e++) {
            int64_t to = next[a->cols[e]]++;
            cols[to] = r;
            if (values) values[to] = a->values[e];
        }
    }
    *out = (pal_csr){
        .n_rows = a->n_cols, .n_cols = a->n_rows, .starts = starts, .cols = cols, .values = values};
    return true;
}

enum { CSR_GRAM_ROWS = 16 }; /* rows of a chunk */

typedef struct {
    const pal_csr *a, *transposed;
    float *out;
} csr_gram;

/* The lower triangle of some rows: row i gets the items up to i of every user of item i. */
static void csr_gram_chunk(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const csr_gram *job = arg;
    const pal_csr *a = job->a, *t = job->transposed;
    int64_t first = chunk * CSR_GRAM_ROWS, last = first + CSR_GRAM_ROWS;
    if (last > t->n_rows) last = t->n_rows;
    for (int64_t i = first; i < last; i++) {
        float *row = job->out + i * t->n_rows;
        memset(row, 0, (size_t)(i + 1) * sizeof *row);
        for (int64_t e = t->starts[i]; e < t->starts[i + 1]; e++) {
            int32_t user = t->cols[e];
            int64_t f = a->starts[user], end = a->starts[user + 1];
            if (a->values) {
                float weight = t->values[e];
                for (; f < end && a->cols[f] <= i; f++) row[a->cols[f]] += weight * a->values[f];
            } else {
                for (; f < end && a->cols[f] <= i; f++) row[a->cols[f]] += 1;
            }
        }
    }
}

/* Copies the lower triangle of some rows to the upper one. */
static void csr_mirror_chunk(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const csr_gram *job = arg;
    pal_mirror_lower(job->out, job->transposed->n_rows, chunk);
}

void pal_mirror_lower(float *a, int64_t n, int64_t chunk) {
    int64_t first = chunk * PAL_MIRROR_ROWS, last = first + PAL_MIRROR_ROWS;
    if (last > n) last = n;
    /* Blocks of columns keep both the rows read and the rows written in cache. */
    for (int64_t block = first; block < n; block += PAL_MIRROR_ROWS) {
        int64_t block_end = block + PAL_MIRROR_ROWS < n ? block + PAL_MIRROR_ROWS : n;
        for (int64_t i = first; i < last; i++) {
            for (int64_t j = block > i ? block : i + 1; j < block_end; j++)
                a[i * n + j] = a[j * n + i];
        }
    }
}

void pal_csr_gram(pal_pool *pool, const pal_csr *a, const pal_csr *transposed, float *out) {
    csr_gram job = {.a = a, .transposed = transposed, .out = out};
    int64_t n = transposed->n_rows;
    pal_parallel(pool, (n + CSR_GRAM_ROWS - 1) / CSR_GRAM_ROWS, csr_gram_chunk, &job);
    pal_parallel(pool, (n + PAL_MIRROR_ROWS - 1) / PAL_MIRROR_ROWS, csr_mirror_chunk, &job);
}

/* --- the same, sparse --- */

typedef struct { /* of one worker */
    float *dots; /* [n] */
    int32_t *found;
} csr_gram_scratch;

typedef struct {
    const pal_csr *a, *transposed;
    const pal_kernels *kernels;
    csr_gram_scratch *scratch;
    int64_t *starts; /* first counts after place i, then where rows start */
    int32_t *cols;   /* NULL: count */
    float *values;
} csr_gram_rows;

static int32_t csr_gram_row(const csr_gram_rows *job, csr_gram_scratch *s, int64_t i) {
    const pal_csr *a = job->a, *t = job->transposed;
    memset(s->dots, 0, (size_t)t->n_rows * sizeof *s->dots);
    for (int64_t e = t->starts[i]; e < t->starts[i + 1]; e++) {
        int32_t user = t->cols[e];
        float weight = t->values ? t->values[e] : 1;
        for (int64_t f = a->starts[user]; f < a->starts[user + 1]; f++)
            s->dots[a->cols[f]] += a->values ? weight * a->values[f] : 1;
    }
    return job->kernels->above(s->dots, t->n_rows, 0, s->found);
}

static void csr_gram_rows_chunk(void *arg, int64_t chunk, int32_t worker) {
    const csr_gram_rows *job = arg;
    csr_gram_scratch *s = &job->scratch[worker];
    int64_t first = chunk * CSR_GRAM_ROWS, last = first + CSR_GRAM_ROWS;
    if (last > job->transposed->n_rows) last = job->transposed->n_rows;
    for (int64_t i = first; i < last; i++) {
        int32_t n = csr_gram_row(job, s, i);
        if (!job->cols) {
            job->starts[i + 1] = n;
            continue;
        }
        int64_t to = job->starts[i];
        for (int32_t f = 0; f < n; f++) {
            job->cols[to + f] = s->found[f];
            job->values[to + f] = s->dots[s->found[f]];
        }
    }
}

static pal_status csr_fail_large(pal_ctx *ctx, const char *what, int32_t n, double bytes) {
    pal_text need = {0}, limit = {0};
    pal_text_add_size(&need, bytes);
    pal_text_add_size(&limit, (double)ctx->memory_limit);
    pal_fail(ctx, PAL_ENOMEM,
             "%s: what %d items have in common takes %s, over the limit of %s: raise --memory, or "
             "drop rare items with --min-item",
             what, (int)n, need.bytes ? need.bytes : "?", limit.bytes ? limit.bytes : "?");
    pal_text_release(&need);
    pal_text_release(&limit);
    return PAL_ENOMEM;
}

static bool csr_gram_scratch_alloc(csr_gram_rows *job, int32_t n_threads, pal_arena *scratch) {
    job->scratch = PAL_ARENA_ARRAY(scratch, csr_gram_scratch, n_threads);
    bool done = job->scratch != NULL;
    for (int32_t w = 0; done && w < n_threads; w++) {
        job->scratch[w].dots = PAL_ARENA_ARRAY(scratch, float, job->transposed->n_rows);
        job->scratch[w].found = PAL_ARENA_ARRAY(scratch, int32_t, job->transposed->n_rows);
        done = job->scratch[w].dots && job->scratch[w].found;
    }
    return done;
}

pal_status pal_csr_gram_sparse(pal_ctx *ctx, const char *what, const pal_csr *a,
                               const pal_csr *transposed, pal_arena *arena, pal_csr *out) {
    int64_t n = transposed->n_rows, n_chunks = (n + CSR_GRAM_ROWS - 1) / CSR_GRAM_ROWS;
    csr_gram_rows job = {.a = a, .transposed = transposed, .kernels = pal_kernels_best()};
    job.starts = PAL_ARENA_ARRAY(arena, int64_t, n + 1);
    if (!job.starts || !csr_gram_scratch_alloc(&job, pal_pool_threads(ctx->pool), arena))
        return pal_fail_memory(ctx, what, 16.0 * (double)n);
    pal_parallel(ctx->pool, n_chunks, csr_gram_rows_chunk, &job);
    for (int64_t i = 0; i < n; i++) job.starts[i + 1] += job.starts[i];
    double bytes = 8.0 * (double)job.starts[n];
    if (bytes > (double)ctx->memory_limit)
        return csr_fail_large(ctx, what, transposed->n_rows, bytes);
    job.cols = PAL_ARENA_ARRAY(arena, int32_t, job.starts[n]);
    job.values = PAL_ARENA_ARRAY(arena, float, job.starts[n]);
    if (!job.cols || !job.values) return pal_fail_memory(ctx, what, bytes);
    pal_parallel(ctx->pool, n_chunks, csr_gram_rows_chunk, &job);
    *out = (pal_csr){.n_rows = transposed->n_rows,
                     .n_cols = transposed->n_rows,
                     .starts = job.starts,
                     .cols = job.cols,
                     .values = job.values};
    return PAL_OK;
}

enum { CSR_PRODUCT_ROWS = 32, CSR_PRODUCT_COLS = 64 };

typedef struct {
    const pal_csr *a;
    const float *x, *y;
    int32_t k;
    float *out;
} csr_product;

static void csr_product_chunk(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const csr_product *job = arg;
    const pal_csr *a = job->a;
    const pal_kernels *kernels = pal_kernels_best();
    int64_t k = job->k, first = chunk * CSR_PRODUCT_ROWS, last = first + CSR_PRODUCT_ROWS;
    if (last > a->n_rows) last = a->n_rows;
    for (int64_t r = first; r < last; r++) {
        int64_t from = a->starts[r];
        for (int32_t c = 0; c < job->k; c += CSR_PRODUCT_COLS) {
            float sums[CSR_PRODUCT_COLS];
            int32_t n = job->k - c < CSR_PRODUCT_COLS ? job->k - c : CSR_PRODUCT_COLS;
            kernels->weigh_rows(job->x + c, k, a->cols + from, a->values + from,
                                a->starts[r + 1] - from, sums, n);
            for (int32_t f = 0; f < n; f++)
                job->out[r * k + c + f] = job->y[r * k + c + f] + sums[f];
        }
    }
}

void pal_csr_multiply_add(pal_pool *pool, const pal_csr *a, const float *x, const float *y,
                          int32_t k, float *out) {
    csr_product job = {.a = a, .x = x, .y = y, .k = k, .out = out};
    pal_parallel(pool, (a->n_rows + CSR_PRODUCT_ROWS - 1) / CSR_PRODUCT_ROWS, csr_product_chunk,
                 &job);
}
