/* vector.c - items whose vectors lie near those of the person's items: of pictures, sounds or
 * texts, given as columns of the catalog or learned from titles and texts.
 *
 * Each vector column, and the text, is a block (blocks.h), centered and whitened. An item is its
 * blocks side by side, brought to length 1. Vectors of texts are by latent semantic analysis
 * (represent/vectors.h; Deerwester et al. 1990), so that items which share no word are near by
 * words that stand together; a text that is asked for is brought to the same space. How a history
 * meets the rows stands in dense.h. Items that nobody has used yet are scored by their vectors.
 * Cost: a pass over the numbers; of texts that of pal_svd; a list as in dense.h. */
#include <string.h>

#include "models/content/blocks.h"
#include "models/content/choice.h"
#include "models/content/dense.h"
#include "models/texts.h"
#include "represent/attributes.h"
#include "represent/phrase.h"

enum { VECTOR_TEXT_DIMS = 128 };

typedef struct {
    const char *columns;
    int64_t train_text_vectors;
    bool center;
    double whiten, query;
    pal_content_params content;
} vector_params;

#define FIELD(name) offsetof(vector_params, name)
static const pal_param vector_table[] = {
    {.name = "columns",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(columns),
     .value_name = "NAMES",
     .help = "columns of vectors that count, e.g. picture,sound; else all"},
    {.name = "train_text_vectors",
     .type = PAL_PARAM_INT,
     .offset = FIELD(train_text_vectors),
     .initial = "-1",
     .min = -1,
     .max = 2048,
     .scale = PAL_LOG,
     .help = "length of vectors that are learned from titles and texts; 0: none; -1: 128 where "
             "items have no vectors, else none"},
    {.name = "center",
     .type = PAL_PARAM_FLAG,
     .offset = FIELD(center),
     .initial = "true",
     .help = "the mean of all vectors is taken off"},
    {.name = "whiten",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(whiten),
     .initial = "-1",
     .min = -1,
     .max = 1,
     .help = "how much the numbers of a vector are brought to count alike: 0 as they are, 1 each "
             "over its deviation; below 0: 1 for vectors learned from texts, 0 for given ones"},
    {.name = "query",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(query),
     .initial = "1",
     .min = 0,
     .max = 100,
     .help = "what the words that a person asks for weigh beside his history, both of length 1; 0: "
             "they count only where there is no history"},
    PAL_CONTENT_PARAMS(vector_params, content),
    {0},
};
#undef FIELD

typedef struct {
    int64_t *text_range;      /* [2] 0, numbers of a vector of texts: the last of a row */
    float *text_means;        /* [text_range[1]] */
    float *text_scales;       /* [text_range[1]] */
    int64_t *direction_range; /* [2] 0, numbers of directions */
    float *directions;        /* [n_words, text_range[1]] */
    pal_item_texts texts;
    int64_t *width_range; /* [2] 0, width of a row */
    pal_dense_state dense;
} vector_state;

/* --- what there is --- */

static bool vector_has_texts(const pal_catalog *catalog) {
    for (int32_t c = 0; c < catalog->n_columns; c++) {
        if (c == catalog->title || catalog->columns[c].type == PAL_FEATURE_TEXT) return true;
    }
    return false;
}

typedef struct {
    bool *columns;
    int32_t n_columns, text_dims;
    int64_t width;
} vector_plan;

static pal_status vector_look(pal_ctx *ctx, const vector_params *p, const pal_catalog *catalog,
                              pal_arena *scratch, vector_plan *out) {
    *out = (vector_plan){0};
    TRY(pal_choice_choose(ctx, "column of vectors", catalog, p->columns, pal_column_is_vector,
                          scratch, &out->columns, &out->n_columns));
    for (int32_t c = 0; c < catalog->n_columns; c++)
        out->width += out->columns[c] ? catalog->columns[c].n_dims : 0;
    bool is_auto = p->train_text_vectors < 0;
    out->text_dims = !is_auto                                       ? (int32_t)p->train_text_vectors
                     : !out->n_columns && vector_has_texts(catalog) ? VECTOR_TEXT_DIMS
                                                                    : 0;
    if (out->n_columns || out->text_dims) return PAL_OK;
    return pal_fail(ctx, PAL_EDATA,
                    "vector needs vectors of items, and the table of items has neither these nor "
                    "texts to learn them from: name a file with --vectors, or leave it out");
}

/* --- fit --- */

/* Vectors of the columns, one after the other; room [2, width] is for what they are shifted by. */
static pal_status vector_add_columns(pal_ctx *ctx, const vector_params *p, const pal_blocks *job,
                                     const pal_catalog *catalog, const vector_plan *plan,
                                     const int32_t *rows, int32_t n_rows, float *room) {
    pal_arena scratch = {0};
    pal_status status = PAL_OK;
    int64_t at = 0;
    for (int32_t c = 0; status == PAL_OK && c < catalog->n_columns; c++) {
        pal_vectors block;
        if (!plan->columns[c]) continue;
        status = pal_vectors_of_column(ctx, &catalog->columns[c], rows, n_rows, &scratch, &block);
        if (status != PAL_OK) break;
        pal_blocks_add(job, &block, at, p->whiten < 0 ? 0 : p->whiten, room, room + block.n_dims);
        at += block.n_dims;
        pal_arena_reset(&scratch);
    }
    pal_arena_release(&scratch);
    return status;
}

/* A state without texts has arrays of no length. */
static bool vector_keep_no_texts(pal_arena *arena, vector_state *s) {
    pal_item_texts *t = &s->texts;
    t->column_range = PAL_ARENA_ARRAY(arena, int64_t, 2);
    t->languages = PAL_ARENA_ARRAY(arena, int32_t, 1);
    t->column_starts = PAL_ARENA_ARRAY(arena, int64_t, 1);
    t->column_names = pal_arena_alloc(arena, 1, 1);
    t->word_range = PAL_ARENA_ARRAY(arena, int64_t, 2);
    t->corpus = PAL_ARENA_ARRAY(arena, double, 2);
    t->words.idf = PAL_ARENA_ARRAY(arena, float, 1);
    t->words.starts = PAL_ARENA_ARRAY(arena, int64_t, 1);
    t->words.bytes = pal_arena_alloc(arena, 1, 1);
    s->directions = PAL_ARENA_ARRAY(arena, float, 1);
    return t->column_range && t->languages && t->column_starts && t->column_names &&
           t->word_range && t->corpus && t->words.idf && t->words.starts && t->words.bytes &&
           s->directions;
}

/* Learns words and directions: vectors of the log's items. */
static pal_status vector_fit_texts(pal_ctx *ctx, int32_t dims, const pal_train_input *train,
                                   pal_arena *arena, pal_arena *scratch, vector_state *s,
                                   pal_vectors *out) {
    pal_csr rows;
    const pal_keyword_options words = pal_keyword_usual(0);
    TRY(pal_item_texts_fit(ctx, "vector", &words, NULL, 0, train, arena, scratch, &s->texts,
                           &rows));
    TRY(pal_vectors_of_keywords(ctx, &rows, train->n_seen_items, dims, arena, out, &s->directions));
    return PAL_OK;
}

static pal_status vector_alloc(pal_ctx *ctx, int32_t n_items, const vector_plan *plan,
                               pal_arena *arena, pal_arena *scratch, vector_state *s,
                               pal_blocks *job) {
    s->dense.n_items = n_items;
    s->dense.width = (int32_t)plan->width;
    s->dense.items = PAL_ARENA_ARRAY(arena, float, n_items * plan->width);
    s->text_range = PAL_ARENA_ARRAY(arena, int64_t, 2);
    s->width_range = PAL_ARENA_ARRAY(arena, int64_t, 2);
    s->direction_range = PAL_ARENA_ARRAY(arena, int64_t, 2);
    s->text_means = PAL_ARENA_ARRAY(arena, float, (int64_t)plan->text_dims + 1);
    s->text_scales = PAL_ARENA_ARRAY(arena, float, (int64_t)plan->text_dims + 1);
    job->items = s->dense.items;
    job->width = plan->width;
    job->mean = PAL_ARENA_ARRAY(scratch, double, plan->width);
    job->squares = PAL_ARENA_ARRAY(scratch, double, plan->width);
    if (!s->dense.items || !s->text_range || !s->width_range || !s->direction_range ||
        !s->text_means || !s->text_scales || !job->mean || !job->squares)
        return pal_fail_memory(ctx, "vector", 4.0 * n_items * (double)plan->width);
    s->width_range[1] = plan->width;
    s->text_range[1] = plan->text_dims;
    s->direction_range[1] = (int64_t)s->texts.words.n_words * plan->text_dims;
    return PAL_OK;
}

static pal_status vector_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                             pal_arena *arena, pal_arena *scratch, void *state) {
    const vector_params *p = params;
    vector_state *s = state;
    int32_t n_items = train->log->n_items;
    vector_plan plan;
    pal_vectors texts = {0};
    const int32_t *rows =
        pal_catalog_rows(train->items, train->log->about.item_ids, n_items, scratch);
    if (!rows) return pal_fail_memory(ctx, "vector", 4.0 * n_items);
    TRY(vector_look(ctx, p, train->items, scratch, &plan));
    TRY(pal_choice_check_rows(ctx, "vector", "vectors", rows, train->n_seen_items));
    if (plan.text_dims) {
        TRY(vector_fit_texts(ctx, plan.text_dims, train, arena, scratch, s, &texts));
        plan.text_dims = texts.n_dims;
    } else if (!vector_keep_no_texts(arena, s)) {
        return pal_fail_memory(ctx, "vector", 1e3);
    }
    pal_blocks job = {.center = p->center, .n_seen = train->n_seen_items};
    float *room = PAL_ARENA_ARRAY(scratch, float, 2 * plan.width);
    int64_t at = plan.width;
    plan.width += plan.text_dims;
    TRY(vector_alloc(ctx, n_items, &plan, arena, scratch, s, &job));
    if (!room) return pal_fail_memory(ctx, "vector", 8.0 * (double)plan.width);
    TRY(vector_add_columns(ctx, p, &job, train->items, &plan, rows, n_items, room));
    if (plan.text_dims)
        pal_blocks_add(&job, &texts, at, p->whiten < 0 ? 1 : p->whiten, s->text_means,
                       s->text_scales);
    for (int32_t i = 0; i < n_items; i++)
        pal_blocks_normalize(job.items + i * plan.width, plan.width);
    return pal_dense_fit(ctx, "vector", &p->content, train, arena, scratch, &s->dense);
}

/* --- the slots --- */

static pal_status vector_prepare(pal_ctx *ctx, const void *params, pal_arena *arena, void *state) {
    (void)params;
    vector_state *s = state;
    int64_t width = s->width_range[1], dims = s->text_range[1];
    TRY(pal_item_texts_prepare(ctx, "vector", &s->texts));
    if (width < 1 || width > INT32_MAX / 2 || dims > width ||
        s->direction_range[1] != dims * s->texts.words.n_words)
        return pal_fail(ctx, PAL_EFORMAT,
                        "vector: the model's vectors do not fit: train the model again");
    s->dense.width = (int32_t)width;
    return pal_dense_prepare(ctx, "vector", arena, &s->dense);
}

static size_t vector_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)n_queries;
    const vector_state *s = state;
    size_t row = (size_t)(s->width_range[1] + s->text_range[1]) * sizeof(float);
    return pal_dense_scratch_bytes(&((const vector_params *)params)->content, &s->dense) + row;
}

/* What the query asks for in words, or NULL: the row by which items are likest that text before
 * their rows were whitened, and what it weighs. (As an item's row, centred and whitened, a few
 * words would say most of all that they lack what nearly every text has.) It stands in the scratch
 * behind that of dense.h. */
static const float *vector_read(const vector_params *p, const vector_state *s,
                                const pal_query *query, void *scratch) {
    int32_t dims = (int32_t)s->text_range[1], width = s->dense.width;
    pal_phrase_reader reader;
    if (!query->text || !dims || (query->n_events && !(p->query > 0))) return NULL;
    float *row =
              (float *)(void *)((char *)scratch + pal_dense_scratch_bytes(&p->content, &s->dense)),
          *plain = row + width;
    const pal_keyword_options words = pal_keyword_usual(0);
    memset(row, 0, (size_t)(width + dims) * sizeof *row);
    pal_phrase_reader_open(&words, &s->texts.words, s->texts.languages,
                           (int32_t)s->texts.column_range[1], &reader);
    pal_phrase_read(&reader, query->text);
    for (int32_t w = 0; w < reader.n; w++) {
        const float *direction = s->directions + (int64_t)reader.words[w] * dims;
        for (int32_t d = 0; d < dims; d++) plain[d] += reader.weights[w] * direction[d];
    }
    pal_phrase_reader_release(&reader);
    if (!pal_blocks_normalize(plain, dims)) return NULL;
    float *out = row + width - dims;
    for (int32_t d = 0; d < dims; d++)
        out[d] = s->text_scales[d] > 0 ? plain[d] / s->text_scales[d] : 0;
    if (!pal_blocks_normalize(out, dims)) return NULL;
    for (int32_t d = 0; d < dims; d++) out[d] *= query->n_events ? (float)p->query : 1;
    return row;
}

static void vector_score(const void *params, const void *state, const pal_query *queries,
                         int32_t n_queries, void *scratch, float *scores) {
    const vector_params *p = params;
    const vector_state *s = state;
    for (int32_t q = 0; q < n_queries; q++) {
        const float *said = vector_read(p, s, &queries[q], scratch);
        pal_dense_score(&p->content, &s->dense, &queries[q], said, scratch,
                        scores + (int64_t)q * s->dense.n_items);
    }
}

static bool vector_answers(const void *params, const void *state, const pal_query *query) {
    (void)params;
    const vector_state *s = state;
    pal_phrase_reader reader;
    const pal_keyword_options words = pal_keyword_usual(0);
    if (!query->text || !s->text_range[1]) return false;
    pal_phrase_reader_open(&words, &s->texts.words, s->texts.languages,
                           (int32_t)s->texts.column_range[1], &reader);
    pal_phrase_read(&reader, query->text);
    bool does = reader.n > 0;
    pal_phrase_reader_release(&reader);
    return does;
}

static int32_t vector_explain(const void *params, const void *state, const pal_query *query,
                              int32_t item, void *scratch, pal_reason *reasons) {
    const vector_params *p = params;
    const vector_state *s = state;
    const float *said = vector_read(p, s, query, scratch);
    return pal_dense_explain(&p->content, &s->dense, query, said, item, scratch, reasons);
}

static int32_t vector_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                              pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    (void)n_users;
    vector_state *s = state;
    const pal_tensor texts[] = {
        {"text_range", PAL_I64, 1, {2}, (void **)&s->text_range, PAL_ROLE_STARTS, 0, NULL},
        pal_floats("text_means", &s->text_means, -1),
        pal_floats("text_scales", &s->text_scales, -1),
        {"direction_range",
         PAL_I64,
         1,
         {2},
         (void **)&s->direction_range,
         PAL_ROLE_STARTS,
         0,
         NULL},
        pal_floats("directions", &s->directions, -1),
    };
    int32_t n = sizeof texts / sizeof *texts;
    memcpy(tensors, texts, sizeof texts);
    n += pal_item_texts_tensors(&s->texts, tensors + n);
    tensors[n++] = (pal_tensor){"width_range",   PAL_I64, 1,   {2}, (void **)&s->width_range,
                                PAL_ROLE_STARTS, 0,       NULL};
    return n + pal_dense_tensors(&s->dense, n_items, -1, tensors + n);
}

static void vector_estimate(const void *params, const pal_log *log, int32_t n_threads,
                            pal_estimate *out) {
    /* Vectors of 256 numbers where none are learned; those of the items are not known here. */
    const vector_params *p = params;
    double width = p->train_text_vectors > 0 ? (double)p->train_text_vectors : 256,
           people = log->n_users < 1024 ? log->n_users : 1024, items = log->n_items;
    out->seconds = 0.05 + (items * width * (people * 0.1e-9 + 40e-9)) / n_threads;
    out->bytes = pal_dense_bytes(&p->content, log, width, n_threads) + 8 * width * items;
}

const pal_kind pal_kind_vector = {
    .name = "vector",
    .family = "content",
    .summary = "items whose vectors, of pictures or texts, lie near those of the person's items",
    .paper = "Deerwester, Dumais, Furnas, Landauer, Harshman: Indexing by latent semantic "
             "analysis, JASIS 1990",
    .measured =
        "Of items that nobody used (palate compare LOG --split cold_items), by vectors learned "
        "from titles and texts, ndcg@10 on the test: MovieLens latest-small .077 (keyword .082, "
        "random .017), MovieTweetings .0047 (.011, .0019), where titles are short and their rare "
        "words are smoothed away, the demo world .219 to .235 (.236, .023). On the validation of "
        "the first, center takes .033 to .034 and whiten=1 on to .042; 64, 128 and 256 numbers "
        "(whiten=0) .028, .034 and .039.",
    .lesson = "what items look or read like tells more than who else used them",
    .represents = "the vectors of the items used, summed | its vector",
    .traits = PAL_SCORES_NEW_USERS | PAL_SCORES_NEW_ITEMS | PAL_NEEDS_CATALOG |
              PAL_IGNORES_WEIGHTS | PAL_READS_TEXT,
    .params = vector_table,
    .params_size = sizeof(vector_params),
    .state_size = sizeof(vector_state),
    .fit = vector_fit,
    .prepare = vector_prepare,
    .scratch_bytes = vector_scratch_bytes,
    .score = vector_score,
    .tensors = vector_tensors,
    .explain = vector_explain,
    .answers = vector_answers,
    .estimate = vector_estimate,
};
