/* csr.c - transposes and Gram matrices of sparse rows. */
#include "math/csr.h"

#include <string.h>

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
