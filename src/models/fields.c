/* fields.c - columns to features. */
#include "models/fields.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/text.h"
#include "models/texts.h"
#include "nn/loops.h"
#include "represent/attributes.h"

typedef struct {
    pal_ctx *ctx;
    const pal_catalog *catalog;
    const int32_t *rows;    /* [n_rows] of the catalog, or -1 */
    int32_t n_rows, n_seen; /* the vocabulary is that of the first n_seen */
    pal_arena scratch, *arena;
    const pal_column *columns[PAL_FIELDS_MAX];
    int32_t *renumbered[PAL_FIELDS_MAX]; /* token, set: [vocabulary] feature, or -1 */
    float *edges[PAL_FIELDS_MAX];        /* number: [PAL_FIELD_BINS - 1] ascending */
    int32_t first[PAL_FIELDS_MAX];       /* feature of the field */
    pal_csr words;                       /* [n_rows, words]; no columns: none */
    pal_vocabulary words_are;            /* what they are called */
    int32_t words_field;                 /* n_fields: none */
    pal_fields *out;
} fields_job;

/* Numbers the tokens that two rows and more have; returns how many. */
static int32_t fields_number_tokens(fields_job *job, int32_t f) {
    const pal_column *column = job->columns[f];
    job->renumbered[f] = PAL_ARENA_ARRAY(&job->scratch, int32_t, column->vocabulary.n);
    if (!job->renumbered[f]) return -1;
    return pal_column_number_tokens(column, job->rows, job->n_seen, 2, job->first[f],
                                    job->renumbered[f]);
}

static int fields_compare(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Edges between bins of equal counts; returns how many bins. */
static int32_t fields_cut_numbers(fields_job *job, int32_t f) {
    const float *numbers = job->columns[f]->numbers;
    float *sorted = PAL_ARENA_ARRAY(&job->scratch, float, job->n_rows);
    job->edges[f] = PAL_ARENA_ARRAY(job->arena, float, PAL_FIELD_BINS);
    if (!sorted || !job->edges[f]) return -1;
    int64_t n = 0;
    for (int32_t r = 0; r < job->n_seen; r++) {
        if (job->rows[r] >= 0 && !isnan(numbers[job->rows[r]])) sorted[n++] = numbers[job->rows[r]];
    }
    qsort(sorted, (size_t)n, sizeof *sorted, fields_compare);
    for (int32_t b = 1; b < PAL_FIELD_BINS; b++)
        job->edges[f][b - 1] = n ? sorted[n * b / PAL_FIELD_BINS] : 0;
    return n ? PAL_FIELD_BINS : 0;
}

/* The dimensions, when the catalog knows a row. */
static int32_t fields_count_dims(const fields_job *job, int32_t f) {
    bool is_known = false;
    for (int32_t r = 0; r < job->n_rows && !is_known; r++) is_known = job->rows[r] >= 0;
    return is_known ? job->columns[f]->n_dims : 0;
}

static int32_t fields_count(fields_job *job, int32_t f) {
    pal_feature_type type = job->columns[f]->type;
    return type == PAL_FEATURE_NUMBER   ? fields_cut_numbers(job, f)
           : type == PAL_FEATURE_VECTOR ? fields_count_dims(job, f)
                                        : fields_number_tokens(job, f);
}

static void fields_add(fields_job *job, int32_t n) {
    pal_fields *out = job->out;
    out->missing[out->n_fields] = out->n_features + n;
    out->n_features += n + 1;
    out->n_fields++;
}

/* A column that may be a field: which one is it, after `c`; -1: none. */
static int32_t fields_next(const pal_catalog *catalog, int32_t c) {
    while (++c < catalog->n_columns) {
        if (pal_column_is_attribute(catalog, c)) return c;
    }
    return -1;
}

/* Columns from c on, for which there is no field left. */
static void fields_tell_left_out(const fields_job *job, int32_t c) {
    enum { NAMED = 3 };
    pal_text names = {0};
    int32_t n = 0;
    for (; c >= 0; c = fields_next(job->catalog, c), n++) {
        if (n < NAMED)
            pal_text_addf(&names, "%s'%s'", n ? ", " : "", job->catalog->columns[c].name);
    }
    if (n > NAMED) pal_text_addf(&names, " and %d more", (int)n - NAMED);
    if (!names.failed)
        pal_note_once(job->ctx, PAL_NOTICE_WARNING,
                      "features are learned from %d columns of a table at most: left out %s %s; "
                      "put those that say most first, or drop others from the table",
                      PAL_FIELDS_MAX, n == 1 ? "is" : "are", names.bytes);
    pal_text_release(&names);
}

/* Which columns tell rows apart, and the features of each; words come last, and have their place.
 */
static pal_status fields_choose(fields_job *job) {
    pal_fields *out = job->out;
    const pal_catalog *catalog = job->catalog;
    int32_t most = job->words.n_cols ? PAL_FIELDS_MAX - 1 : PAL_FIELDS_MAX,
            c = fields_next(catalog, -1);
    for (; c >= 0 && out->n_fields < most; c = fields_next(catalog, c)) {
        int32_t f = out->n_fields;
        job->columns[f] = &catalog->columns[c];
        job->renumbered[f] = NULL; /* of a column that told nothing */
        job->first[f] = out->n_features;
        int32_t n = fields_count(job, f);
        if (n < 0) return pal_fail_memory(job->ctx, "the features", 8.0 * job->n_rows);
        if (n == 0) continue;
        fields_add(job, n);
    }
    if (c >= 0) fields_tell_left_out(job, c);
    job->words_field = out->n_fields;
    if (job->words.n_cols) {
        job->first[out->n_fields] = out->n_features;
        fields_add(job, job->words.n_cols);
    }
    return PAL_OK;
}

/* The words of a row; returns how many. */
static int32_t fields_word_entries(const fields_job *job, int32_t r, int32_t f, int32_t *features,
                                   float *weights) {
    int32_t n = 0;
    for (int64_t e = job->words.starts[r]; e < job->words.starts[r + 1]; e++) {
        features[n] = job->first[f] + job->words.cols[e];
        weights[n++] = job->words.values[e];
    }
    if (n) return n;
    *features = job->out->missing[f];
    *weights = 1;
    return 1;
}

/* The entries of a row's field, written where there is room; returns how many. */
static int32_t fields_entries(const fields_job *job, int32_t r, int32_t f, int32_t *features,
                              float *weights) {
    int32_t row = job->rows[r], n = 0;
    if (f == job->words_field) return fields_word_entries(job, r, f, features, weights);
    const pal_column *column = job->columns[f];
    if (row >= 0 && column->type == PAL_FEATURE_NUMBER && !isnan(column->numbers[row])) {
        features[n++] = job->first[f] + pal_field_bin(job->edges[f], column->numbers[row]);
    } else if (row >= 0 && column->type == PAL_FEATURE_VECTOR) {
        const float *vector = column->vectors + (int64_t)row * column->n_dims;
        double squares = 0;
        for (int32_t d = 0; d < column->n_dims; d++)
            squares += (double)vector[d] * (double)vector[d];
        for (int32_t d = 0; squares > 0 && isfinite(squares) && d < column->n_dims; d++) {
            features[n] = job->first[f] + d;
            weights[n++] = (float)((double)vector[d] / sqrt(squares));
        }
        if (n) return n;
    } else if (column->type == PAL_FEATURE_TOKEN || column->type == PAL_FEATURE_SET) {
        const int32_t *tokens;
        int32_t n_tokens = pal_column_tokens(column, row, &tokens);
        for (int32_t t = 0; t < n_tokens; t++) {
            if (job->renumbered[f][tokens[t]] >= 0) features[n++] = job->renumbered[f][tokens[t]];
        }
    }
    if (n == 0) features[n++] = job->out->missing[f];
    for (int32_t i = 0; i < n; i++) weights[i] = 1 / (float)n;
    return n;
}

/* Room for the entries of the longest field. */
static int32_t fields_longest(const fields_job *job) {
    int32_t most = 1;
    for (int32_t r = 0; job->words.n_cols && r < job->n_rows; r++) {
        int64_t n = job->words.starts[r + 1] - job->words.starts[r];
        if (n > most) most = (int32_t)n;
    }
    for (int32_t f = 0; f < job->words_field; f++) {
        const pal_column *column = job->columns[f];
        if (column->type == PAL_FEATURE_VECTOR && column->n_dims > most) most = column->n_dims;
        for (int32_t r = 0; column->type == PAL_FEATURE_SET && r < job->n_rows; r++) {
            const int32_t *tokens;
            int32_t n = pal_column_tokens(column, job->rows[r], &tokens);
            if (n > most) most = n;
        }
    }
    return most;
}

static pal_status fields_fill(fields_job *job, pal_arena *arena) {
    pal_fields *out = job->out;
    int64_t n_cells = (int64_t)job->n_rows * out->n_fields, n = 0;
    int32_t longest = fields_longest(job);
    int32_t *features = PAL_ARENA_ARRAY(&job->scratch, int32_t, longest);
    float *weights = PAL_ARENA_ARRAY(&job->scratch, float, longest);
    out->starts = PAL_ARENA_ARRAY(arena, int64_t, n_cells + 1);
    if (!features || !weights || !out->starts)
        return pal_fail_memory(job->ctx, "the features", 8.0 * (double)n_cells);
    for (int64_t cell = 0; cell < n_cells; cell++) {
        n += fields_entries(job, (int32_t)(cell / out->n_fields), (int32_t)(cell % out->n_fields),
                            features, weights);
        out->starts[cell + 1] = n;
    }
    out->features = PAL_ARENA_ARRAY(arena, int32_t, n);
    out->weights = PAL_ARENA_ARRAY(arena, float, n);
    if (!out->features || !out->weights)
        return pal_fail_memory(job->ctx, "the features", 8.0 * (double)n);
    for (int64_t cell = 0; cell < n_cells; cell++)
        fields_entries(job, (int32_t)(cell / out->n_fields), (int32_t)(cell % out->n_fields),
                       out->features + out->starts[cell], out->weights + out->starts[cell]);
    return PAL_OK;
}

/* The bin by its edges: "1990 to 1994", "under 1950", "2010 and more". */
static void fields_tell_bin(const float *edges, int32_t bin, char *out, size_t room) {
    if (bin == 0) {
        snprintf(out, room, "under %g", (double)edges[0]);
    } else if (bin == PAL_FIELD_BINS - 1) {
        snprintf(out, room, "%g and more", (double)edges[bin - 1]);
    } else {
        snprintf(out, room, "%g to %g", (double)edges[bin - 1], (double)edges[bin]);
    }
}

/* Keeps "column: what" as the feature's name; without memory the name stays NULL. */
static void fields_keep_name(const fields_job *job, const char *column, int32_t feature,
                             const char *what, pal_arena *arena, pal_text *name) {
    name->length = 0;
    pal_text_addf(name, "%s: %s", column, what);
    if (!name->failed) job->out->names[feature] = pal_arena_text(arena, name->bytes, name->length);
}

static void fields_name_words(const fields_job *job, int32_t f, pal_arena *arena, pal_text *name) {
    for (int32_t w = 0; w < job->words.n_cols; w++)
        fields_keep_name(job, "word", job->first[f] + w, pal_vocabulary_shown(&job->words_are, w),
                         arena, name);
    fields_keep_name(job, "words", job->out->missing[f], "none", arena, name);
}

static void fields_name_field(const fields_job *job, int32_t f, pal_arena *arena, pal_text *name) {
    if (f == job->words_field) {
        fields_name_words(job, f, arena, name);
        return;
    }
    const pal_column *column = job->columns[f];
    for (int32_t t = 0; job->renumbered[f] && t < column->vocabulary.n; t++) {
        if (job->renumbered[f][t] >= 0)
            fields_keep_name(job, column->name, job->renumbered[f][t],
                             pal_ids_at(&column->vocabulary, t), arena, name);
    }
    char what[96];
    for (int32_t at = 0; !job->renumbered[f] && job->first[f] + at < job->out->missing[f]; at++) {
        if (column->type == PAL_FEATURE_NUMBER) {
            fields_tell_bin(job->edges[f], at, what, sizeof what);
        } else {
            snprintf(what, sizeof what, "dimension %d", (int)at + 1);
        }
        fields_keep_name(job, column->name, job->first[f] + at, what, arena, name);
    }
    fields_keep_name(job, column->name, job->out->missing[f], "not known", arena, name);
}

static pal_status fields_name(const fields_job *job, pal_arena *arena) {
    pal_fields *out = job->out;
    pal_text name = {0};
    out->names = PAL_ARENA_ARRAY(arena, const char *, out->n_features);
    for (int32_t f = 0; out->names && f < out->n_fields; f++)
        fields_name_field(job, f, arena, &name);
    pal_text_release(&name);
    bool is_whole = out->names != NULL;
    for (int32_t i = 0; is_whole && i < out->n_features; i++) is_whole = out->names[i] != NULL;
    return is_whole ? PAL_OK
                    : pal_fail_memory(job->ctx, "the names of features", 32.0 * out->n_features);
}

/* What an encoder of later rows needs to know. */
static void fields_tell(const fields_job *job) {
    pal_fields *out = job->out;
    for (int32_t f = 0; f < out->n_fields; f++) {
        out->first[f] = job->first[f];
        out->columns[f] = f != job->words_field ? job->columns[f] : NULL;
        out->edges[f] =
            out->columns[f] && out->columns[f]->type == PAL_FEATURE_NUMBER ? job->edges[f] : NULL;
    }
}

static pal_status fields_run(fields_job *job, const pal_ids *ids, pal_arena *arena) {
    job->rows = pal_catalog_rows(job->catalog, ids, job->n_rows, &job->scratch);
    if (!job->rows) return pal_fail_memory(job->ctx, "the features", 4.0 * job->n_rows);
    job->arena = arena;
    TRY(fields_choose(job));
    fields_tell(job);
    TRY(fields_name(job, arena));
    return fields_fill(job, arena);
}

pal_status pal_fields_make(pal_ctx *ctx, const pal_catalog *catalog, const pal_ids *ids,
                           int32_t n_rows, int32_t n_seen, pal_arena *arena, pal_fields *out) {
    *out = (pal_fields){.n_rows = n_rows};
    if (!catalog || catalog->ids.n == 0) return PAL_OK;
    fields_job job = {
        .ctx = ctx, .catalog = catalog, .n_rows = n_rows, .n_seen = n_seen, .out = out};
    pal_status status = fields_run(&job, ids, arena);
    pal_arena_release(&job.scratch);
    return status;
}

pal_status pal_fields_make_of_items(pal_ctx *ctx, const char *kind, const pal_train_input *train,
                                    int64_t n_words, pal_arena *arena, pal_fields *out) {
    const pal_log *log = train->log;
    *out = (pal_fields){.n_rows = log->n_items};
    if (!train->items || train->items->ids.n == 0) return PAL_OK;
    pal_keyword_options options = pal_keyword_usual(n_words);
    options.min_df = 3; /* a trained row needs more to learn from than an entry beside others */
    fields_job job = {.ctx = ctx,
                      .catalog = train->items,
                      .n_rows = log->n_items,
                      .n_seen = train->n_seen_items,
                      .out = out};
    pal_item_texts texts = {0};
    pal_status status = n_words ? pal_item_texts_fit_any(ctx, kind, &options, train, &job.scratch,
                                                         &job.scratch, &texts, &job.words)
                                : PAL_OK;
    job.words_are = texts.words;
    if (status == PAL_OK) status = fields_run(&job, log->about.item_ids, arena);
    pal_arena_release(&job.scratch);
    return status;
}

static const float fields_ones[PAL_FIELDS_MAX] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                                  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

int32_t pal_fields_all(const pal_fields *fields, int32_t row, const int32_t **features,
                       const float **weights) {
    *features = fields->missing;
    *weights = fields_ones;
    if (row < 0 || fields->n_fields == 0) return fields->n_fields;
    int64_t first = (int64_t)row * fields->n_fields, begin = fields->starts[first];
    *features = fields->features + begin;
    *weights = fields->weights + begin;
    return (int32_t)(fields->starts[first + fields->n_fields] - begin);
}

void pal_fields_add(const pal_fields *fields, int32_t row, const float *table, int32_t width,
                    float *out) {
    const int32_t *features;
    const float *weights;
    int32_t n = pal_fields_all(fields, row, &features, &weights);
    for (int32_t i = 0; i < n; i++)
        pal_loops_best()->add_scaled(out, table + (int64_t)features[i] * width, weights[i], width);
}

int32_t pal_fields_of(const pal_fields *fields, int32_t row, int32_t f, const int32_t **features,
                      const float **weights) {
    if (row < 0) {
        *features = &fields->missing[f];
        *weights = fields_ones;
        return 1;
    }
    int64_t cell = (int64_t)row * fields->n_fields + f, begin = fields->starts[cell];
    *features = fields->features + begin;
    *weights = fields->weights + begin;
    return (int32_t)(fields->starts[cell + 1] - begin);
}

void pal_fields_pool(const pal_fields *fields, int32_t row, const float *table, int32_t width,
                     float *out) {
    memset(out, 0, (size_t)fields->n_fields * (size_t)width * sizeof *out);
    for (int32_t f = 0; f < fields->n_fields; f++) {
        const int32_t *features;
        const float *weights;
        int32_t n = pal_fields_of(fields, row, f, &features, &weights);
        for (int32_t i = 0; i < n; i++)
            pal_loops_best()->add_scaled(out + f * width, table + (int64_t)features[i] * width,
                                         weights[i], width);
    }
}

int32_t pal_fields_most(const pal_fields *fields) {
    int64_t most = fields->n_fields;
    for (int32_t r = 0; r < fields->n_rows && fields->n_fields; r++) {
        int64_t begin = (int64_t)r * fields->n_fields,
                n = fields->starts[begin + fields->n_fields] - fields->starts[begin];
        if (n > most) most = n;
    }
    return (int32_t)most;
}
