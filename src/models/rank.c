/* rank.c - scores of chunks of queries, what must not be listed taken out, the best kept. */
#include "models/rank.h"

#include <math.h>
#include <string.h>

#include "math/topk.h"
#include "models/shrink.h"
#include "models/train.h"

const char *const pal_hide_choices[] = {"auto", "target", "any", "none", NULL};

pal_fallback_use pal_model_fallback_use(const pal_model *model) {
    bool answers_itself = (model->kind->traits & PAL_SCORES_STRANGERS) && !model->fallback;
    return answers_itself ? PAL_FALLBACK_SELF : PAL_FALLBACK_MODEL;
}

unsigned pal_model_traits(const pal_model *model) {
    unsigned traits = model->kind->traits;
    int32_t n;
    pal_model **parts = pal_model_parts(model, &n);
    for (int32_t i = 0; i < n; i++) traits |= pal_model_traits(parts[i]);
    return traits;
}

bool pal_model_answers(const pal_model *model, const pal_query *query) {
    bool says = query->text || query->n_profile || query->n_source;
    if (says && model->kind->answers && model->kind->answers(model->params, model->state, query))
        return true;
    int32_t n;
    pal_model **parts = says ? pal_model_parts(model, &n) : NULL;
    for (int32_t i = 0; parts && i < n; i++) {
        if (pal_model_answers(parts[i], query)) return true;
    }
    return false;
}

typedef struct { /* what somebody did in the source, without unknown rows */
    int32_t *items;
    float *values;
    int64_t *times;
} rank_source;

/* A fallback that reads what people are or ask for answers those of whom something is said. */
static bool rank_fallback_can(const pal_model *fallback, const pal_query *query) {
    return (fallback->kind->traits & (PAL_SCORES_STRANGERS | PAL_IS_CONTROL)) ||
           pal_model_answers(fallback, query);
}

pal_answerer pal_model_answerer(const pal_model *model, const pal_model *other,
                                const pal_query *query) {
    const pal_model *fallback = other ? other : model->fallback;
    if (query->n_events > 0) return PAL_BY_ITSELF;
    bool is_own = fallback && fallback == model->fallback;
    if (pal_model_answers(model, query) && !(is_own && pal_model_answers(fallback, query)))
        return PAL_BY_ITSELF;
    return fallback && rank_fallback_can(fallback, query) ? PAL_BY_FALLBACK : PAL_BY_POPULARITY;
}

enum { RANK_CHUNK = 16 }; /* queries scored together; fewer where memory is short */

typedef struct {           /* of one worker */
    pal_query *queries;    /* [chunk] what the kind sees */
    rank_source of_source; /* [chunk, max_source] */
    int32_t *items;        /* [chunk, max_events] histories without unknown rows */
    float *values;
    int64_t *times;
    uint8_t *types;
    float *scores;  /* [chunk, n_items] */
    int32_t *found; /* [n_items] */
    float *by_hash; /* [new items] their scores in the order of ties; or NULL */
    void *kind_scratch, *fallback_scratch;
} rank_scratch;

typedef struct {
    const pal_model *model, *fallback; /* fallback NULL: popularity */
    const pal_source *source;          /* that source rows of queries are of; or NULL */
    const pal_query *queries;
    int32_t n_queries, n_items, end_item, chunk;
    int64_t max_events, max_source; /* max_source: of queries with unknown rows */
    const pal_rank_options *options;
    const pal_kernels *kernels;
    rank_scratch *scratch;
    pal_lists *lists;
} rank_job;

/* --- what a kind sees of a query --- */

static bool rank_has_unknown(const pal_query *query, int32_t n_items) {
    for (int32_t e = 0; e < query->n_events; e++) {
        if (query->items[e] >= n_items || query->items[e] < 0) return true;
    }
    return false;
}

/* Moves the events of known items into the arrays. */
static void rank_drop_unknown(int32_t n_items, int32_t *items, float *values, int64_t *times,
                              uint8_t *types, pal_query *query) {
    int32_t n = 0;
    for (int32_t e = 0; e < query->n_events; e++) {
        if (query->items[e] >= n_items || query->items[e] < 0) continue;
        items[n] = query->items[e];
        if (query->values) values[n] = query->values[e];
        if (query->times) times[n] = query->times[e];
        if (query->types) types[n] = query->types[e];
        n++;
    }
    query->items = items;
    query->values = query->values ? values : NULL;
    query->times = query->times ? times : NULL;
    query->types = query->types ? types : NULL;
    query->n_events = n;
}

/* A known user is one whose history is still that of training. Controls may see rows past it. */
static bool rank_is_known(const pal_model *model, const pal_query *query) {
    const pal_log *log = model->log;
    int32_t user = query->user_plus_1 - 1;
    if (user < 0) return false;
    if (model->kind->traits & PAL_IS_CONTROL) return true;
    if (user >= log->n_users || log->starts[user + 1] - log->starts[user] != query->n_events)
        return false;
    return query->n_events == 0 || !memcmp(query->items, log->items + log->starts[user],
                                           (size_t)query->n_events * sizeof *query->items);
}

static bool rank_has_unknown_source(const pal_query *query, const pal_source *source) {
    for (int32_t e = 0; source && e < query->n_source; e++) {
        if (query->source_items[e] < 0 || query->source_items[e] >= source->log->n_items)
            return true;
    }
    return false;
}

/* Without rows outside the source (NULL: without all), whose user is known where all that the
 * source has of him is all that the query says. */
static void rank_settle_source(const pal_source *source, const rank_source *to, pal_query *query) {
    int32_t n = 0, user = query->source_user_plus_1 - 1;
    if (source && rank_has_unknown_source(query, source)) {
        for (int32_t e = 0; e < query->n_source; e++) {
            int32_t item = query->source_items[e];
            if (item < 0 || item >= source->log->n_items) continue;
            to->items[n] = item;
            if (query->source_values) to->values[n] = query->source_values[e];
            if (query->source_times) to->times[n] = query->source_times[e];
            n++;
        }
        query->n_source = n;
        query->source_items = to->items;
        query->source_values = query->source_values ? to->values : NULL;
        query->source_times = query->source_times ? to->times : NULL;
    }
    if (!source) query->n_source = 0;
    const pal_log *log = source ? source->log : NULL;
    bool is_known =
        log && user >= 0 && user < log->n_users &&
        log->starts[user + 1] - log->starts[user] == query->n_source &&
        (query->n_source == 0 || !memcmp(query->source_items, log->items + log->starts[user],
                                         (size_t)query->n_source * sizeof *query->source_items));
    if (!is_known) query->source_user_plus_1 = 0;
}

static rank_source rank_source_alloc(int64_t n, pal_arena *arena) {
    return (rank_source){PAL_ARENA_ARRAY(arena, int32_t, n), PAL_ARENA_ARRAY(arena, float, n),
                         PAL_ARENA_ARRAY(arena, int64_t, n)};
}

static void rank_normalise(const rank_job *job, rank_scratch *s, int32_t slot,
                           const pal_query *asked) {
    pal_query query = *asked;
    int64_t base = slot * job->max_events;
    if (rank_has_unknown(&query, job->end_item))
        rank_drop_unknown(job->end_item, s->items + base, s->values + base, s->times + base,
                          s->types + base, &query);
    if (!rank_is_known(job->model, &query)) query.user_plus_1 = 0;
    int64_t at = slot * job->max_source;
    rank_settle_source(
        job->source,
        &(rank_source){s->of_source.items + at, s->of_source.values + at, s->of_source.times + at},
        &query);
    s->queries[slot] = query;
}

pal_status pal_query_drop_unknown(const pal_query *query, int32_t n_items, pal_arena *arena,
                                  pal_query *out) {
    int64_t n = query->n_events;
    int32_t *items = PAL_ARENA_ARRAY(arena, int32_t, n);
    float *values = PAL_ARENA_ARRAY(arena, float, n);
    int64_t *times = PAL_ARENA_ARRAY(arena, int64_t, n);
    uint8_t *types = PAL_ARENA_ARRAY(arena, uint8_t, n);
    if (!items || !values || !times || !types) return PAL_ENOMEM;
    *out = *query;
    rank_drop_unknown(n_items, items, values, times, types, out);
    return PAL_OK;
}

pal_status pal_query_settle(pal_ctx *ctx, const pal_model *model, const pal_query *query,
                            pal_arena *arena, pal_query *out) {
    pal_query settled = *query;
    int32_t n_known = pal_model_n_listed(model);
    if (rank_has_unknown(&settled, n_known) &&
        pal_query_drop_unknown(query, n_known, arena, &settled) != PAL_OK)
        return pal_fail_memory(ctx, "a query", 17.0 * query->n_events);
    if (!rank_is_known(model, &settled)) settled.user_plus_1 = 0;
    rank_source to = rank_source_alloc(settled.n_source, arena);
    if (!to.items || !to.values || !to.times)
        return pal_fail_memory(ctx, "a query", 16.0 * settled.n_source);
    rank_settle_source(pal_model_source(model), &to, &settled);
    *out = settled;
    return PAL_OK;
}

/* --- one chunk --- */

static void rank_hide(const rank_job *job, const pal_query *query, float *scores) {
    const uint8_t *excluded = job->options->excluded;
    for (int32_t i = 0; excluded && i < job->n_items; i++) {
        if (excluded[i]) scores[i] = -INFINITY;
    }
    pal_hide hide =
        job->options->hide == PAL_HIDE_AUTO ? (pal_hide)job->model->hide : job->options->hide;
    if (hide == PAL_HIDE_NONE) return;
    uint32_t targets = hide == PAL_HIDE_ANY ? UINT32_MAX : job->model->log->about.target_types;
    for (int32_t e = 0; e < query->n_events; e++) {
        if (!query->types || (targets >> query->types[e] & 1u)) scores[query->items[e]] = -INFINITY;
    }
}

static void rank_take(const rank_job *job, rank_scratch *s, int32_t row, const float *scores) {
    int32_t k = job->lists->k;
    pal_topk top;
    pal_topk_start(&top, k, job->lists->items + (int64_t)row * k,
                   job->lists->scores + (int64_t)row * k);
    const int32_t *order = job->model->new_order;
    int32_t first = job->options->first_item,
            n_seen = order ? job->model->n_seen_items : job->n_items, end = job->end_item,
            end_seen = end < n_seen ? end : n_seen;
    if (first < end_seen)
        pal_topk_offer(&top, job->kernels, scores + first, end_seen - first, first, s->found);
    for (int32_t i = 0; i < job->n_items - n_seen; i++) {
        int32_t item = n_seen + order[i];
        s->by_hash[i] = item < end ? scores[item] : -INFINITY;
    }
    if (n_seen < end)
        pal_topk_offer(&top, job->kernels, s->by_hash, job->n_items - n_seen, n_seen, s->found);
    int32_t n = pal_topk_finish(&top);
    for (int32_t i = 0; i < n; i++) {
        int32_t *item = &job->lists->items[(int64_t)row * k + i];
        if (*item >= n_seen) *item = n_seen + order[*item - n_seen];
    }
    job->lists->counts[row] = n;
    for (int32_t i = n; i < k; i++) {
        job->lists->items[(int64_t)row * k + i] = -1;
        job->lists->scores[(int64_t)row * k + i] = 0;
    }
}

static void rank_score_stranger(const rank_job *job, rank_scratch *s, const pal_query *query,
                                bool by_fallback, float *scores) {
    if (by_fallback) {
        job->fallback->kind->score(job->fallback->params, job->fallback->state, query, 1,
                                   s->fallback_scratch, scores);
    } else {
        memcpy(scores, job->model->popularity, (size_t)job->n_items * sizeof *scores);
    }
    /* Popularity does not tell one item that nobody has used from another. */
    int32_t n_told = by_fallback ? job->fallback->log->n_items : job->model->n_seen_items;
    for (int32_t i = n_told; i < job->n_items; i++) scores[i] = -INFINITY;
}

static void rank_chunk(void *arg, int64_t chunk, int32_t worker) {
    const rank_job *job = arg;
    rank_scratch *s = &job->scratch[worker];
    int32_t first = (int32_t)chunk * job->chunk,
            n = job->n_queries - first < job->chunk ? job->n_queries - first : job->chunk;
    bool self =
        job->options->use == PAL_FALLBACK_SELF || (job->model->kind->traits & PAL_IS_CONTROL);
    for (int32_t q = 0; q < n; q++) rank_normalise(job, s, q, &job->queries[first + q]);
    job->model->kind->score(job->model->params, job->model->state, s->queries, n, s->kind_scratch,
                            s->scores);
    for (int32_t q = 0; q < n; q++) {
        float *scores = s->scores + (int64_t)q * job->n_items;
        pal_answerer who =
            self ? PAL_BY_ITSELF
                 : pal_model_answerer(job->model, job->options->fallback, &s->queries[q]);
        job->lists->fallback[first + q] = (uint8_t)who;
        if (who != PAL_BY_ITSELF && job->options->use == PAL_FALLBACK_NONE) {
            for (int32_t i = 0; i < job->n_items; i++) scores[i] = -INFINITY;
        } else if (who != PAL_BY_ITSELF) {
            rank_score_stranger(job, s, &s->queries[q], who == PAL_BY_FALLBACK, scores);
        }
        rank_hide(job, &s->queries[q], scores);
        rank_take(job, s, first + q, scores);
    }
}

static int32_t rank_end(const pal_model *model, const pal_rank_options *options) {
    int32_t n = model->log->n_items, end = options->end_item;
    if (end == 0) return pal_model_n_listed(model);
    return end < n ? end : n;
}

/* --- memory --- */

static size_t rank_kind_bytes(const pal_model *model, int32_t n_queries) {
    if (!model || !model->kind->scratch_bytes) return 0;
    return model->kind->scratch_bytes(model->params, model->state, n_queries);
}

/* Bytes that one worker needs for chunks of `chunk` queries. */
static double rank_worker_bytes(const rank_job *job, int32_t chunk) {
    return (double)chunk * (4.0 * job->n_items + 17.0 * (double)job->max_events +
                            16.0 * (double)job->max_source + sizeof(pal_query)) +
           8.0 * job->n_items + (double)rank_kind_bytes(job->model, chunk) +
           (double)rank_kind_bytes(job->fallback, 1);
}

static bool rank_worker_alloc(const rank_job *job, pal_arena *arena, rank_scratch *s) {
    int64_t chunk = job->chunk, events = chunk * job->max_events;
    s->queries = PAL_ARENA_ARRAY(arena, pal_query, chunk);
    s->items = PAL_ARENA_ARRAY(arena, int32_t, events);
    s->values = PAL_ARENA_ARRAY(arena, float, events);
    s->times = PAL_ARENA_ARRAY(arena, int64_t, events);
    s->types = PAL_ARENA_ARRAY(arena, uint8_t, events);
    s->of_source = rank_source_alloc(chunk * job->max_source, arena);
    s->scores = PAL_ARENA_ARRAY(arena, float, chunk * job->n_items);
    s->found = PAL_ARENA_ARRAY(arena, int32_t, job->n_items);
    s->by_hash = PAL_ARENA_ARRAY(arena, float, job->n_items - job->model->n_seen_items);
    s->kind_scratch = pal_arena_alloc(arena, (int64_t)rank_kind_bytes(job->model, job->chunk), 1);
    s->fallback_scratch = pal_arena_alloc(arena, (int64_t)rank_kind_bytes(job->fallback, 1), 1);
    bool has_source = s->of_source.items && s->of_source.values && s->of_source.times;
    return s->queries && s->items && s->values && s->times && s->types && s->scores && s->found &&
           s->by_hash && s->kind_scratch && s->fallback_scratch && has_source;
}

static pal_status rank_plan(pal_ctx *ctx, rank_job *job, pal_arena *scratch) {
    int32_t n_workers = pal_pool_threads(ctx->pool);
    for (int32_t q = 0; q < job->n_queries; q++) {
        const pal_query *query = &job->queries[q];
        if (query->n_events > job->max_events) job->max_events = query->n_events;
        if (query->n_source > job->max_source && rank_has_unknown_source(query, job->source))
            job->max_source = query->n_source;
    }
    job->chunk = RANK_CHUNK;
    while (job->chunk > 1 &&
           n_workers * rank_worker_bytes(job, job->chunk) > (double)ctx->memory_limit)
        job->chunk /= 2;
    double bytes = n_workers * rank_worker_bytes(job, job->chunk);
    if (bytes > (double)ctx->memory_limit) return pal_fail_memory(ctx, "one list a thread", bytes);
    job->scratch = PAL_ARENA_ARRAY(scratch, rank_scratch, n_workers);
    bool has_memory = job->scratch != NULL;
    for (int32_t w = 0; has_memory && w < n_workers; w++)
        has_memory = rank_worker_alloc(job, scratch, &job->scratch[w]);
    return has_memory ? PAL_OK : pal_fail_memory(ctx, "lists", bytes);
}

static const pal_source *rank_find_source(const pal_model *model, const pal_model *fallback) {
    const pal_source *own = pal_model_source(model);
    return own || !fallback ? own : pal_model_source(fallback);
}

pal_status pal_rank(pal_ctx *ctx, const pal_model *model, const pal_query *queries,
                    int32_t n_queries, const pal_rank_options *options, pal_arena *arena,
                    pal_lists *out) {
    int32_t n_items = model->log->n_items, k = options->k < n_items ? options->k : n_items;
    pal_lists lists = {.n = n_queries, .k = k};
    lists.items = PAL_ARENA_ARRAY(arena, int32_t, (int64_t)n_queries * k);
    lists.scores = PAL_ARENA_ARRAY(arena, float, (int64_t)n_queries *k);
    lists.counts = PAL_ARENA_ARRAY(arena, int32_t, n_queries);
    lists.fallback = PAL_ARENA_ARRAY(arena, uint8_t, n_queries);
    if (!lists.items || !lists.scores || !lists.counts || !lists.fallback) {
        return pal_fail_memory(ctx, "lists", (double)n_queries * (8.0 * k + 5));
    }
    rank_job job = {
        .model = model,
        .fallback = options->fallback ? options->fallback : model->fallback,
        .source = rank_find_source(model, options->fallback ? options->fallback : model->fallback),
        .queries = queries,
        .n_queries = n_queries,
        .n_items = n_items,
        .end_item = rank_end(model, options),
        .options = options,
        .kernels = pal_kernels_best(),
        .lists = &lists};
    pal_arena scratch = {0};
    pal_status status = rank_plan(ctx, &job, &scratch);
    if (status == PAL_OK)
        pal_parallel(ctx->pool, ((int64_t)n_queries + job.chunk - 1) / job.chunk, rank_chunk, &job);
    pal_arena_release(&scratch);
    if (status == PAL_OK) *out = lists;
    return status;
}

pal_query pal_query_of_log(const pal_log *log, int32_t user, int64_t now) {
    pal_query query = {.now = now};
    if (user >= log->n_users || log->starts[user + 1] == log->starts[user]) return query;
    int64_t begin = log->starts[user];
    query.user_plus_1 = user + 1;
    query.n_events = (int32_t)(log->starts[user + 1] - begin);
    query.items = log->items + begin;
    query.values = log->values ? log->values + begin : NULL;
    query.times = log->times ? log->times + begin : NULL;
    query.types = log->types ? log->types + begin : NULL;
    return query;
}

pal_query pal_query_of_user(const pal_model *model, int32_t user) {
    pal_query query = pal_query_of_log(model->log, user, 0);
    query.user_plus_1 = user + 1;
    if (query.n_events && query.times) query.now = query.times[query.n_events - 1];
    return query;
}
