/* item_matrix.c - features of several sources side by side. */
#include "models/transfer/item_matrix.h"

#include <string.h>

#include "models/texts.h"
#include "represent/attributes.h"
#include "represent/vectors.h"

enum { MATRIX_BLOCKS = 64, MATRIX_WORDS = 20000 };

typedef struct { /* columns of the whole that come from one source */
    pal_csr sparse;
    pal_vectors dense; /* n_dims = 0: sparse */
} matrix_block;

typedef struct {
    pal_ctx *ctx;
    const char *what;
    const pal_train_input *train;
    const int32_t *rows; /* of the catalog, by item */
    pal_arena *scratch;
    int32_t n;
    matrix_block blocks[MATRIX_BLOCKS];
} matrix_job;

static pal_status matrix_add_attributes(matrix_job *job) {
    const pal_train_input *train = job->train;
    const pal_attribute_options options = {.least = 2};
    pal_attributes attributes;
    pal_csr *out = &job->blocks[job->n].sparse;
    TRY(pal_attributes_fit(job->ctx, &options, train->items, job->rows, train->n_items,
                           train->n_seen_items, job->scratch, &attributes, out));
    job->n += out->n_cols > 0;
    return PAL_OK;
}

/* Texts that are there and say nothing are no reason to do without the rest. */
static pal_status matrix_add_words(matrix_job *job) {
    const pal_catalog *catalog = job->train->items;
    bool has_texts = catalog->title >= 0;
    for (int32_t c = 0; c < catalog->n_columns; c++)
        has_texts |= catalog->columns[c].type == PAL_FEATURE_TEXT;
    if (!has_texts) return PAL_OK;
    const pal_keyword_options options = pal_keyword_usual(MATRIX_WORDS);
    pal_item_texts texts = {0};
    pal_csr *out = &job->blocks[job->n].sparse;
    pal_status status = pal_item_texts_fit(job->ctx, job->what, &options, NULL, 0, job->train,
                                           job->scratch, job->scratch, &texts, out);
    if (status != PAL_OK && status != PAL_EDATA) return status;
    job->n += status == PAL_OK && out->n_cols > 0;
    return PAL_OK;
}

static pal_status matrix_add_vectors(matrix_job *job) {
    const pal_catalog *catalog = job->train->items;
    for (int32_t c = 0; c < catalog->n_columns && job->n < MATRIX_BLOCKS; c++) {
        if (catalog->columns[c].type != PAL_FEATURE_VECTOR) continue;
        TRY(pal_vectors_of_column(job->ctx, &catalog->columns[c], job->rows, job->train->n_items,
                                  job->scratch, &job->blocks[job->n].dense));
        job->n += job->blocks[job->n].dense.n_dims > 0;
    }
    return PAL_OK;
}

/* The row's entries in a block, from column `first` on; written where there is room. */
static int64_t matrix_entries(const matrix_block *block, int32_t row, int32_t first, int32_t *cols,
                              float *values) {
    int64_t n = 0;
    const pal_csr *a = &block->sparse;
    for (int32_t d = 0; d < block->dense.n_dims; d++) {
        float value = block->dense.vectors[(int64_t)row * block->dense.n_dims + d];
        if (!(value < 0 || value > 0)) continue;
        if (cols) cols[n] = first + d;
        if (cols) values[n] = value;
        n++;
    }
    if (block->dense.n_dims) return n;
    for (int64_t e = a->starts[row]; e < a->starts[row + 1]; e++, n++) {
        if (cols) cols[n] = first + a->cols[e];
        if (cols) values[n] = a->values ? a->values[e] : 1;
    }
    return n;
}

static int32_t matrix_width(const matrix_block *block) {
    return block->dense.n_dims ? block->dense.n_dims : block->sparse.n_cols;
}

static pal_status matrix_join(const matrix_job *job, pal_csr *out) {
    int32_t n_items = job->train->n_items, n_cols = 0;
    int64_t *starts = PAL_ARENA_ARRAY(job->scratch, int64_t, (int64_t)n_items + 1), at = 0;
    if (!starts) return pal_fail_memory(job->ctx, job->what, 8.0 * n_items);
    for (int32_t i = 0; i < n_items; i++) {
        starts[i + 1] = starts[i];
        for (int32_t b = 0; b < job->n; b++)
            starts[i + 1] += matrix_entries(&job->blocks[b], i, 0, NULL, NULL);
    }
    int32_t *cols = PAL_ARENA_ARRAY(job->scratch, int32_t, starts[n_items]);
    float *values = PAL_ARENA_ARRAY(job->scratch, float, starts[n_items]);
    if (!cols || !values)
        return pal_fail_memory(job->ctx, job->what, 8.0 * (double)starts[n_items]);
    for (int32_t i = 0; i < n_items; i++) {
        n_cols = 0;
        for (int32_t b = 0; b < job->n; b++) {
            at += matrix_entries(&job->blocks[b], i, n_cols, cols + at, values + at);
            n_cols += matrix_width(&job->blocks[b]);
        }
    }
    *out = (pal_csr){
        .n_rows = n_items, .n_cols = n_cols, .starts = starts, .cols = cols, .values = values};
    return PAL_OK;
}

pal_status pal_item_matrix(pal_ctx *ctx, const char *what, const pal_train_input *train,
                           pal_arena *scratch, pal_csr *out) {
    matrix_job job = {.ctx = ctx, .what = what, .train = train, .scratch = scratch};
    job.rows = pal_catalog_rows(train->items, train->log->about.item_ids, train->n_items, scratch);
    if (!job.rows) return pal_fail_memory(ctx, what, 4.0 * train->n_items);
    TRY(matrix_add_attributes(&job));
    TRY(matrix_add_words(&job));
    TRY(matrix_add_vectors(&job));
    if (job.n == 0)
        return pal_fail(ctx, PAL_EDATA,
                        "%s needs features of items, and the table of items says nothing of those "
                        "of the log: are the ids written the same way?",
                        what);
    return matrix_join(&job, out);
}
