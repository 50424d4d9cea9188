/* features.c - one catalog of both, its fields and its words. */
#include "models/transfer/features.h"

#include <stdio.h>
#include <string.h>

#include "models/fields.h"
#include "models/texts.h"
#include "represent/attributes.h"

/* Rows of the joined catalog: used items of the log, the source's own ones, new items of the log.
 */
typedef struct {
    pal_ctx *ctx;
    const char *what;
    const pal_catalog *own, *other; /* other: or NULL */
    const pal_domains *domains;
    int32_t n, n_seen, n_own; /* rows; used items of the log; items of the source alone */
    const int32_t *own_rows,
        *other_rows;       /* of the log's and the source's items in their catalogs */
    int32_t *source_items; /* [n_own] items of the source */
    pal_catalog joined;
} features_job;

/* The row in `own` or in `other` of joined row r; -1: none. */
static int32_t features_row(const features_job *job, int32_t r, bool *is_other) {
    *is_other = r >= job->n_seen && r < job->n_seen + job->n_own;
    if (*is_other) return job->other_rows[job->source_items[r - job->n_seen]];
    return job->own_rows[r < job->n_seen ? r : r - job->n_own];
}

/* The joined row of an item of both domains together. */
static int32_t features_row_of(const features_job *job, int32_t item) {
    int32_t n_target = job->domains->n_target;
    return item < job->n_seen ? item
           : item < n_target  ? item + job->n_own
                              : job->n_seen + item - n_target;
}

/* What a column is that the two catalogs take for different things. */
static pal_feature_type features_type(const pal_column *a, const pal_column *b) {
    if (!b || a->type == b->type) return a->type;
    if (a->type == PAL_FEATURE_VECTOR || b->type == PAL_FEATURE_VECTOR) return PAL_FEATURE_UNKNOWN;
    if (a->type == PAL_FEATURE_TEXT || b->type == PAL_FEATURE_TEXT) return PAL_FEATURE_TEXT;
    return a->type == PAL_FEATURE_SET || b->type == PAL_FEATURE_SET ? PAL_FEATURE_SET
                                                                    : PAL_FEATURE_TOKEN;
}

static pal_status features_add_vectors(features_job *job, const pal_column *a,
                                       const pal_column *b) {
    int64_t width = a->n_dims;
    float *vectors = PAL_ARENA_ARRAY(&job->joined.arena, float, job->n *width);
    if (!vectors) return pal_fail_memory(job->ctx, job->what, 4.0 * (double)(job->n * width));
    for (int32_t r = 0; r < job->n; r++) {
        bool is_other;
        int32_t row = features_row(job, r, &is_other);
        const pal_column *column = is_other ? b : a;
        if (row >= 0)
            memcpy(vectors + r * width, column->vectors + row * width,
                   (size_t)width * sizeof *vectors);
    }
    return pal_catalog_add_vectors(job->ctx, &job->joined, a->name, vectors, (int32_t)width);
}

static pal_status features_add_cells(features_job *job, const pal_column *a, const pal_column *b,
                                     pal_feature_type type) {
    const char **cells = PAL_ARENA_ARRAY(&job->joined.arena, const char *, job->n);
    if (!cells) return pal_fail_memory(job->ctx, job->what, 8.0 * job->n);
    for (int32_t r = 0; r < job->n; r++) {
        bool is_other;
        int32_t row = features_row(job, r, &is_other);
        cells[r] = row < 0 ? "" : (is_other ? b : a)->cells[row];
    }
    pal_column *column = &job->joined.columns[job->joined.n_columns++];
    strcpy(column->name, a->name);
    column->cells = cells;
    column->type = type;
    column->separator = type == PAL_FEATURE_SET ? (a->separator ? a->separator
                                                   : b          ? b->separator
                                                                : (char)0)
                                                : (char)0;
    return PAL_OK;
}

/* Columns that both have; vectors come last, since adding them moves the others. */
static pal_status features_add_columns(features_job *job, bool of_vectors) {
    const pal_catalog *own = job->own;
    for (int32_t c = 0; c < own->n_columns; c++) {
        const pal_column *a = &own->columns[c],
                         *b = job->other ? pal_catalog_column(job->other, a->name) : NULL;
        if (a->type == PAL_FEATURE_ID || a->times || (job->other && !b)) continue;
        if (b && (b->type == PAL_FEATURE_ID || b->times)) continue;
        pal_feature_type type = c == own->title ? PAL_FEATURE_TEXT : features_type(a, b);
        if (type == PAL_FEATURE_UNKNOWN || of_vectors != (type == PAL_FEATURE_VECTOR)) continue;
        if (!of_vectors) {
            TRY(features_add_cells(job, a, b, type));
        } else if (!b || a->n_dims == b->n_dims) {
            TRY(features_add_vectors(job, a, b));
        }
    }
    return PAL_OK;
}

static pal_status features_join(features_job *job) {
    char id[32];
    job->joined.title = -1;
    for (int32_t r = 0; r < job->n; r++) {
        snprintf(id, sizeof id, "%d", (int)r);
        if (pal_ids_add(&job->joined.ids, id, strlen(id)) != r)
            return pal_fail_memory(job->ctx, job->what, 32.0 * job->n);
    }
    job->joined.columns = PAL_ARENA_ARRAY(&job->joined.arena, pal_column, job->own->n_columns);
    if (!job->joined.columns) return pal_fail_memory(job->ctx, job->what, 1e4);
    TRY(features_add_columns(job, false));
    TRY(pal_catalog_settle(job->ctx, &job->joined, "items", NULL));
    TRY(features_add_columns(job, true));
    if (job->joined.n_columns) return PAL_OK;
    return pal_fail(job->ctx, PAL_EDATA,
                    job->other ? "%s: the tables of items of log and source have no column of the "
                                 "same name: rename those that say the same, or leave it out"
                               : "%s: the table of items has no column to learn from: name one "
                                 "with features, or leave it out",
                    job->what);
}

/* Words of texts and titles; no words: 0 columns. */
static pal_status features_words(features_job *job, pal_arena *arena, pal_csr *out) {
    enum { WORDS = 20000 };
    const pal_keyword_options options = pal_keyword_usual(WORDS);
    const pal_log rows = {.n_items = job->n, .about.item_ids = &job->joined.ids};
    const pal_train_input joined = {
        .log = &rows, .items = &job->joined, .n_seen_items = job->n_seen + job->n_own};
    pal_item_texts texts = {0};
    return pal_item_texts_fit_any(job->ctx, job->what, &options, &joined, arena, arena, &texts,
                                  out);
}

static pal_status features_fill(features_job *job, const pal_fields *fields, const pal_csr *words,
                                pal_arena *arena, pal_domain_features *out) {
    int32_t n_items = job->domains->n_items;
    const int32_t *features;
    const float *weights;
    int64_t n = 0, most = (int64_t)n_items * pal_fields_most(fields) +
                          (words->n_cols ? words->starts[words->n_rows] : 0);
    out->n_features = fields->n_features + words->n_cols;
    out->starts = PAL_ARENA_ARRAY(arena, int64_t, n_items + INT64_C(1));
    out->features = PAL_ARENA_ARRAY(arena, int32_t, most);
    out->weights = PAL_ARENA_ARRAY(arena, float, most);
    if (!out->starts || !out->features || !out->weights)
        return pal_fail_memory(job->ctx, job->what, 8.0 * (double)most);
    for (int32_t i = 0; i < n_items; i++) {
        int32_t r = features_row_of(job, i), n_of = pal_fields_all(fields, r, &features, &weights);
        for (int32_t e = 0; e < n_of; e++) {
            out->features[n] = features[e];
            out->weights[n++] = weights[e];
        }
        for (int64_t e = words->n_cols ? words->starts[r] : 0;
             words->n_cols && e < words->starts[r + 1]; e++) {
            out->features[n] = fields->n_features + words->cols[e];
            out->weights[n++] = words->values[e];
        }
        out->starts[i + 1] = n;
    }
    return PAL_OK;
}

static pal_status features_run(features_job *job, pal_arena *arena, pal_domain_features *out) {
    pal_fields fields;
    pal_csr words;
    TRY(features_join(job));
    TRY(pal_fields_make(job->ctx, &job->joined, &job->joined.ids, job->n, job->n_seen + job->n_own,
                        arena, &fields));
    TRY(features_words(job, arena, &words));
    if (fields.n_features + words.n_cols == 0)
        return pal_fail(job->ctx, PAL_EDATA,
                        "%s: no cell of the table of items tells one item from another: name other "
                        "features, or leave it out",
                        job->what);
    return features_fill(job, &fields, &words, arena, out);
}

pal_status pal_domain_features_make(pal_ctx *ctx, const char *what, const pal_train_input *train,
                                    const pal_source *source, const pal_domains *domains,
                                    pal_arena *arena, pal_domain_features *out) {
    const pal_log *log = train->log;
    if (source && !source->items)
        return pal_fail(ctx, PAL_EDATA,
                        "%s needs features of the source's items, and there are none: name their "
                        "file with --source-items, or set source=off",
                        what);
    features_job job = {.ctx = ctx,
                        .what = what,
                        .own = train->items,
                        .other = source ? source->items : NULL,
                        .domains = domains,
                        .n = domains->n_items,
                        .n_seen = train->n_seen_items,
                        .n_own = domains->n_items - domains->n_target};
    job.own_rows = pal_catalog_rows(train->items, log->about.item_ids, log->n_items, arena);
    job.source_items = PAL_ARENA_ARRAY(arena, int32_t, job.n_own);
    if (source)
        job.other_rows = pal_catalog_rows(source->items, source->log->about.item_ids,
                                          source->log->n_items, arena);
    if (!job.own_rows || !job.source_items || (source && !job.other_rows))
        return pal_fail_memory(ctx, what, 8.0 * domains->n_items);
    for (int32_t i = 0; source && i < domains->n_source; i++) {
        if (domains->item_rows[i] >= domains->n_target)
            job.source_items[domains->item_rows[i] - domains->n_target] = i;
    }
    pal_status status = features_run(&job, arena, out);
    pal_catalog_release(&job.joined);
    return status;
}
