/* explain.c - the kind's own parts of a score, or what the score loses without an event, without a
 * cell of the profile or without the words. */
#include "models/explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/profile_code.h"
#include "models/rank.h"
#include "models/train.h"

enum { EXPLAIN_EVENTS = 200 };

typedef struct {
    pal_ctx *ctx;
    const pal_model *model; /* that answers: the model, or its fallback */
    pal_query query;
    int32_t item;
    void *scratch;
    float *scores; /* [n_items] */
} explain_job;

static int explain_compare(const void *a, const void *b) {
    const pal_reason *x = a, *y = b;
    double p = fabs(x->amount), q = fabs(y->amount);
    if (p > q || p < q) return p > q ? -1 : 1;
    if (x->is_of_source != y->is_of_source) return x->is_of_source - y->is_of_source;
    return (x->item > y->item) - (x->item < y->item);
}

static double explain_score(const explain_job *job, const pal_query *query) {
    job->model->kind->score(job->model->params, job->model->state, query, 1, job->scratch,
                            job->scores);
    return (double)job->scores[job->item];
}

/* The history without the events of one item, in the arrays of `to`. */
static pal_query explain_without(const pal_query *query, int32_t item, int32_t *items,
                                 float *values, int64_t *times, uint8_t *types) {
    int32_t n = 0;
    for (int32_t e = 0; e < query->n_events; e++) {
        if (query->items[e] == item) continue;
        items[n] = query->items[e];
        if (query->values) values[n] = query->values[e];
        if (query->times) times[n] = query->times[e];
        if (query->types) types[n] = query->types[e];
        n++;
    }
    pal_query without = *query;
    without.user_plus_1 = 0;
    without.n_events = n;
    without.items = items;
    without.values = query->values ? values : NULL;
    without.times = query->times ? times : NULL;
    without.types = query->types ? types : NULL;
    return without;
}

/* The same of what was done in the source. */
static pal_query explain_without_source(const pal_query *query, int32_t item, int32_t *items,
                                        float *values, int64_t *times) {
    int32_t n = 0;
    for (int32_t e = 0; e < query->n_source; e++) {
        if (query->source_items[e] == item) continue;
        items[n] = query->source_items[e];
        if (query->source_values) values[n] = query->source_values[e];
        if (query->source_times) times[n] = query->source_times[e];
        n++;
    }
    pal_query without = *query;
    without.source_user_plus_1 = 0;
    without.n_source = n;
    without.source_items = items;
    without.source_values = query->source_values ? values : NULL;
    without.source_times = query->source_times ? times : NULL;
    return without;
}

static pal_status explain_by_taking_source(explain_job *job, pal_arena *arena,
                                           pal_explanation *out) {
    const pal_query *query = &job->query;
    const pal_source *source = pal_model_source(job->model);
    int64_t n = query->n_source;
    if (n == 0 || !source) return PAL_OK;
    int32_t *items = PAL_ARENA_ARRAY(arena, int32_t, n), n_taken = 0;
    float *values = PAL_ARENA_ARRAY(arena, float, n);
    int64_t *times = PAL_ARENA_ARRAY(arena, int64_t, n);
    uint8_t *seen = PAL_ARENA_ARRAY(arena, uint8_t, source->log->n_items);
    if (!items || !values || !times || !seen)
        return pal_fail_memory(job->ctx, "an explanation", 16.0 * (double)n);
    for (int32_t e = query->n_source - 1; e >= 0 && n_taken < EXPLAIN_EVENTS; e--) {
        int32_t item = query->source_items[e];
        if (seen[item]) continue;
        seen[item] = 1;
        n_taken++;
        pal_query without = explain_without_source(query, item, items, values, times);
        double amount = out->score - explain_score(job, &without);
        out->reasons[out->n++] = (pal_reason){.item = item, .amount = amount, .is_of_source = true};
    }
    return PAL_OK;
}

static pal_status explain_by_taking_out(explain_job *job, pal_arena *arena, pal_explanation *out) {
    const pal_query *query = &job->query;
    int64_t n = query->n_events;
    int32_t *items = PAL_ARENA_ARRAY(arena, int32_t, n);
    float *values = PAL_ARENA_ARRAY(arena, float, n);
    int64_t *times = PAL_ARENA_ARRAY(arena, int64_t, n);
    uint8_t *types = PAL_ARENA_ARRAY(arena, uint8_t, n),
            *seen = PAL_ARENA_ARRAY(arena, uint8_t, job->model->log->n_items);
    if (!items || !values || !times || !types || !seen)
        return pal_fail_memory(job->ctx, "an explanation", 18.0 * (double)n);
    for (int32_t e = query->n_events - 1; e >= 0 && out->n < EXPLAIN_EVENTS; e--) {
        int32_t item = query->items[e];
        if (seen[item]) continue;
        seen[item] = 1;
        pal_query without = explain_without(query, item, items, values, times, types);
        double amount = out->score - explain_score(job, &without);
        out->reasons[out->n++] = (pal_reason){.item = item, .amount = amount};
    }
    return PAL_OK;
}

typedef struct {
    int32_t field, n, feature; /* how many features the cell has, and the last of them */
} explain_cell;

static void explain_count_cell(void *arg, int32_t field, int32_t feature, float weight) {
    (void)weight;
    explain_cell *cell = arg;
    if (field != cell->field) return;
    cell->n++;
    cell->feature = feature;
}

/* What a cell is called, in texts that the model keeps: "city: Lyon", or the column alone for a set
 * of several tokens; NULL where neither the model nor a part of it knows the cell. */
static const char *explain_cell_name(const pal_model *model, const pal_profile_cell *told) {
    const pal_profile_code *code =
        model->kind->profiles ? model->kind->profiles(model->state) : NULL;
    if (code && pal_profile_knows(code, told)) {
        const pal_query alone = {.n_profile = 1, .profile = told};
        explain_cell cell = {.field = pal_profile_field(code, told->name)};
        pal_profile_each(code, &alone, explain_count_cell, &cell);
        return cell.n == 1 ? pal_profile_name(code, cell.feature)
                           : pal_profile_column(code, cell.field);
    }
    int32_t n_parts;
    pal_model **parts = pal_model_parts(model, &n_parts);
    for (int32_t i = 0; i < n_parts; i++) {
        const char *name = explain_cell_name(parts[i], told);
        if (name) return name;
    }
    return NULL;
}

/* Cells of the profile, and the words, each reason a sentence that outlives the query. */
static pal_status explain_by_taking_said(explain_job *job, pal_arena *arena, pal_explanation *out) {
    const pal_query *query = &job->query;
    pal_profile_cell *cells = PAL_ARENA_ARRAY(arena, pal_profile_cell, query->n_profile);
    if (!cells) return pal_fail_memory(job->ctx, "an explanation", 16.0 * query->n_profile);
    for (int32_t c = 0; c < query->n_profile; c++) {
        const char *name = explain_cell_name(job->model, &query->profile[c]);
        if (!name) continue;
        pal_query without = *query;
        without.n_profile = 0;
        without.profile = cells;
        for (int32_t i = 0; i < query->n_profile; i++) {
            if (i != c) cells[without.n_profile++] = query->profile[i];
        }
        out->reasons[out->n++] = (pal_reason){
            .item = -1, .what = name, .amount = out->score - explain_score(job, &without)};
    }
    if (!query->text) return PAL_OK;
    pal_query without = *query;
    without.text = NULL;
    out->reasons[out->n++] = (pal_reason){.item = -1,
                                          .what = "the words asked for",
                                          .amount = out->score - explain_score(job, &without)};
    return PAL_OK;
}

/* The model that answers, and the query as it sees it. */
static pal_status explain_start(explain_job *job, const pal_query *query, pal_arena *arena,
                                pal_explanation *out) {
    const pal_model *model = job->model;
    TRY(pal_query_settle(job->ctx, model, query, arena, &job->query));
    bool answers_strangers = (model->kind->traits & PAL_IS_CONTROL) ||
                             pal_model_fallback_use(model) == PAL_FALLBACK_SELF;
    if (!answers_strangers) out->answered = pal_model_answerer(model, NULL, &job->query);
    out->is_fallback = out->answered != PAL_BY_ITSELF;
    if (out->answered == PAL_BY_FALLBACK) job->model = model->fallback;
    if (out->answered == PAL_BY_POPULARITY) job->model = NULL;
    int64_t n_reasons = (int64_t)job->query.n_events + job->query.n_source + job->query.n_profile +
                        PAL_REASONS_MORE;
    out->reasons = PAL_ARENA_ARRAY(arena, pal_reason, n_reasons);
    if (!out->reasons) return pal_fail_memory(job->ctx, "an explanation", 24.0 * (double)n_reasons);
    if (!job->model) return PAL_OK;
    size_t bytes = job->model->kind->scratch_bytes
                       ? job->model->kind->scratch_bytes(job->model->params, job->model->state, 1)
                       : 0;
    job->scratch = pal_arena_alloc(arena, (int64_t)bytes, 1);
    job->scores = PAL_ARENA_ARRAY(arena, float, model->log->n_items);
    return job->scratch && job->scores ? PAL_OK
                                       : pal_fail_memory(job->ctx, "an explanation", (double)bytes);
}

int32_t pal_reasons_add(pal_reason *reasons, int32_t n, int32_t most, pal_reason reason,
                        double *rest) {
    if (n < most) {
        reasons[n] = reason;
        return n + 1;
    }
    int32_t least = 0;
    for (int32_t r = 1; r < n; r++) {
        if (fabs(reasons[r].amount) < fabs(reasons[least].amount)) least = r;
    }
    bool enters = most > 0 && fabs(reason.amount) > fabs(reasons[least].amount);
    *rest += enters ? reasons[least].amount : reason.amount;
    if (enters) reasons[least] = reason;
    return n;
}

pal_status pal_explain(pal_ctx *ctx, const pal_model *model, const pal_query *query, int32_t item,
                       pal_arena *arena, pal_explanation *out) {
    *out = (pal_explanation){.is_sum = true};
    explain_job job = {.ctx = ctx, .model = model, .item = item};
    TRY(explain_start(&job, query, arena, out));
    if (!job.model) { /* popularity answers */
        out->score = (double)model->popularity[item];
        out->reasons[out->n++] =
            (pal_reason){.item = -1, .what = "how many people use it", .amount = out->score};
        return PAL_OK;
    }
    const pal_kind *kind = job.model->kind;
    if (item >= job.model->log->n_items) { /* a fallback that knows only what was used */
        out->score = -INFINITY;
        return PAL_OK;
    }
    out->score = explain_score(&job, &job.query);
    if (kind->explain) {
        out->n = kind->explain(job.model->params, job.model->state, &job.query, item, job.scratch,
                               out->reasons);
    } else if (kind->traits & (PAL_SCORES_STRANGERS | PAL_IS_CONTROL)) {
        out->reasons[out->n++] = (pal_reason){
            .item = -1,
            .what = kind->traits & PAL_IS_CONTROL ? kind->summary : "how many people use it",
            .amount = out->score};
    } else {
        out->is_sum = false;
        TRY(explain_by_taking_out(&job, arena, out));
        TRY(explain_by_taking_source(&job, arena, out));
        TRY(explain_by_taking_said(&job, arena, out));
    }
    qsort(out->reasons, (size_t)out->n, sizeof *out->reasons, explain_compare);
    while (out->n > 0 && fabs(out->reasons[out->n - 1].amount) <= 0) out->n--;
    return PAL_OK;
}
