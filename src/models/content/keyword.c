/* keyword.c - items whose texts speak of what the texts of the person's items speak of.
 *
 * An item is its words by TF-IDF or BM25 (represent/keywords.h), brought to length 1; how a history
 * meets them, and what popularity has to say, stands in sparse.h. A text that is asked for is a row
 * like an item's and meets the items as a history does. Items that nobody has used yet are scored
 * by their texts alone. (Pazzani, Billsus 2007.) Cost: one pass over the texts; a list
 * as in sparse.h. */
#include <string.h>

#include "models/content/sparse.h"
#include "models/texts.h"
#include "represent/languages.h"
#include "represent/phrase.h"

typedef struct {
    const char *columns;
    int32_t form, language;
    int64_t min_df, words;
    double max_df, k1, b, query, query_prior;
    bool sublinear;
    pal_content_params content;
} keyword_params;

#define FIELD(name) offsetof(keyword_params, name)
static const pal_param keyword_table[] = {
    {.name = "columns",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(columns),
     .value_name = "NAMES",
     .help = "columns of items whose words count, e.g. title,about; else the title and all texts"},
    {.name = "form",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(form),
     .choices = pal_keyword_forms,
     .help = "how words are weighed"},
    PAL_CONTENT_PARAMS(keyword_params, content),
    {.name = "query",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(query),
     .initial = "1",
     .min = 0,
     .max = 100,
     .help = "what the words that a person asks for weigh beside his history, both of length 1; 0: "
             "they count only where there is no history"},
    {.name = "query_prior",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(query_prior),
     .initial = "0.1",
     .min = 0,
     .max = 100,
     .help = "the prior at most where words are asked for and there is no history, so that items "
             "with the words come before popular ones"},
    {.name = "min_df",
     .type = PAL_PARAM_INT,
     .offset = FIELD(min_df),
     .initial = "1",
     .min = 1,
     .max = 1000000,
     .scale = PAL_LOG,
     .help = "items that must have a word"},
    {.name = "max_df",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(max_df),
     .initial = "0.5",
     .min = 0,
     .max = 1,
     .help = "share of the items that may have a word; 0: any"},
    {.name = "words",
     .type = PAL_PARAM_INT,
     .offset = FIELD(words),
     .initial = "0",
     .min = 0,
     .max = 100000000,
     .help = "words at most, those that stand most often; 0: all"},
    {.name = "sublinear",
     .type = PAL_PARAM_FLAG,
     .offset = FIELD(sublinear),
     .initial = "true",
     .help = "tfidf: a word that stands n times counts 1 + ln n"},
    {.name = "k1",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(k1),
     .initial = "1.2",
     .min = 0,
     .max = 100,
     .help = "bm25: how long repeating a word helps"},
    {.name = "b",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(b),
     .initial = "0.75",
     .min = 0,
     .max = 1,
     .help = "bm25: how much long texts are held against an item"},
    {.name = "language",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(language),
     .choices = pal_languages,
     .help = "whose stems and stop words; auto guesses for each column, none keeps words as they "
             "are"},
    {0},
};
#undef FIELD

typedef struct {
    pal_item_texts texts;
    pal_content_state content;
} keyword_state;

static pal_keyword_options keyword_options(const keyword_params *p) {
    return (pal_keyword_options){.form = p->form,
                                 .sublinear = p->sublinear,
                                 .k1 = p->k1,
                                 .b = p->b,
                                 .min_df = p->min_df,
                                 .max_df = p->max_df,
                                 .most = p->words};
}

static pal_status keyword_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                              pal_arena *arena, pal_arena *scratch, void *state) {
    const keyword_params *p = params;
    keyword_state *s = state;
    const pal_keyword_options options = keyword_options(p);
    pal_csr rows;
    TRY(pal_item_texts_fit(ctx, "keyword", &options, p->columns, p->language, train, arena, scratch,
                           &s->texts, &rows));
    return pal_content_fit(ctx, "keyword", &p->content, &rows, train, arena, scratch, &s->content);
}

static pal_status keyword_prepare(pal_ctx *ctx, const void *params, pal_arena *arena, void *state) {
    (void)params;
    keyword_state *s = state;
    TRY(pal_item_texts_prepare(ctx, "keyword", &s->texts));
    return pal_content_prepare(ctx, "keyword", s->texts.words.n_words, arena, &s->content);
}

static size_t keyword_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)n_queries;
    return pal_content_scratch_bytes(&((const keyword_params *)params)->content,
                                     &((const keyword_state *)state)->content);
}

static bool keyword_open_reader(const keyword_state *s, const pal_keyword_options *options,
                                pal_phrase_reader *out) {
    return pal_phrase_reader_open(options, &s->texts.words, s->texts.languages,
                                  (int32_t)s->texts.column_range[1], out);
}

/* What the query says in words, valid until the reader's next. */
static pal_content_said keyword_read(const keyword_params *p, pal_phrase_reader *reader,
                                     const pal_query *query) {
    pal_phrase_read(reader, query->text);
    return (pal_content_said){reader->n, reader->words, reader->weights, p->query, p->query_prior};
}

static void keyword_score(const void *params, const void *state, const pal_query *queries,
                          int32_t n_queries, void *scratch, float *scores) {
    const keyword_params *p = params;
    const keyword_state *s = state;
    pal_keyword_options options = keyword_options(p);
    pal_phrase_reader reader = {0};
    for (int32_t q = 0; q < n_queries; q++) {
        if (queries[q].text && !reader.options) keyword_open_reader(s, &options, &reader);
        pal_content_said said = keyword_read(p, &reader, &queries[q]);
        pal_content_score(&p->content, &s->content, &queries[q], &said, scratch,
                          scores + (int64_t)q * s->content.n_items);
    }
    pal_phrase_reader_release(&reader);
}

static bool keyword_answers(const void *params, const void *state, const pal_query *query) {
    if (!query->text) return false;
    pal_keyword_options options = keyword_options(params);
    pal_phrase_reader reader;
    keyword_open_reader(state, &options, &reader);
    pal_phrase_read(&reader, query->text);
    bool does = reader.n > 0;
    pal_phrase_reader_release(&reader);
    return does;
}

static const char *keyword_name(const void *arg, int32_t word) {
    return pal_vocabulary_shown(arg, word);
}

static int32_t keyword_explain(const void *params, const void *state, const pal_query *query,
                               int32_t item, void *scratch, pal_reason *reasons) {
    const keyword_params *p = params;
    const keyword_state *s = state;
    pal_keyword_options options = keyword_options(p);
    pal_phrase_reader reader = {0};
    if (query->text) keyword_open_reader(s, &options, &reader);
    pal_content_said said = keyword_read(p, &reader, query);
    int32_t n = pal_content_explain(&p->content, &s->content, query, &said, item, scratch,
                                    keyword_name, &s->texts.words, reasons);
    pal_phrase_reader_release(&reader);
    return n;
}

static int32_t keyword_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                               pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    (void)n_users;
    keyword_state *s = state;
    int32_t n = pal_item_texts_tensors(&s->texts, tensors);
    return n + pal_content_tensors(&s->content, n_items, tensors + n);
}

static void keyword_estimate(const void *params, const pal_log *log, int32_t n_threads,
                             pal_estimate *out) {
    /* Texts of 50 words; those of the items are not known here. */
    double n_entries = 50.0 * log->n_items;
    const pal_content_params *content = &((const keyword_params *)params)->content;
    out->seconds = (0.2 + 0.3e-6 * n_entries) / n_threads;
    out->bytes = 16 * n_entries + pal_content_bytes(content, log, n_entries, n_threads);
}

const pal_kind pal_kind_keyword = {
    .name = "keyword",
    .family = "content",
    .summary = "items whose texts have the words of what the person used",
    .paper = "Pazzani, Billsus: Content-based recommendation systems, The Adaptive Web 2007",
    .lesson = "what items say of themselves tells more than who else used them",
    .represents = "the weighed words of the items used and of what is asked for | the weighed "
                  "words of its texts",
    .traits = PAL_SCORES_NEW_USERS | PAL_SCORES_NEW_ITEMS | PAL_NEEDS_CATALOG |
              PAL_IGNORES_WEIGHTS | PAL_READS_TEXT,
    .params = keyword_table,
    .params_size = sizeof(keyword_params),
    .state_size = sizeof(keyword_state),
    .fit = keyword_fit,
    .prepare = keyword_prepare,
    .scratch_bytes = keyword_scratch_bytes,
    .score = keyword_score,
    .tensors = keyword_tensors,
    .explain = keyword_explain,
    .answers = keyword_answers,
    .estimate = keyword_estimate,
};
