/* json_values.c - a sample of the values that people gave beside those that a model predicts. */
#include <math.h>
#include <stdlib.h>

#include "base/ctx.h"
#include "base/json.h"
#include "models/rank.h"
#include "report/document.h"

enum { VALUES_SAMPLE = 40 };

/* Chosen on validation, like everything. */
static const pal_row *values_best_row(const pal_comparison *comparison) {
    const pal_table *table = &comparison->tables[0];
    const pal_row *best = NULL;
    for (int32_t r = 0; r < table->n_rows; r++) {
        const pal_row *row = &table->rows[r];
        if (row->status != PAL_ROW_DONE || !row->predicts_values || !row->model ||
            isnan(row->valid_rmse))
            continue;
        if (!best || row->valid_rmse < best->valid_rmse) best = row;
    }
    return best;
}

typedef struct {
    int64_t count;
    int32_t row;
} values_counted;

static int values_compare(const void *a, const void *b) {
    const values_counted *x = a, *y = b;
    if (x->count != y->count) return x->count < y->count ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

/* What the sample is drawn from and what goes into it. */
typedef struct {
    const pal_comparison *comparison;
    const pal_model *model;
    int32_t n_users, n_items; /* of the model */
    int32_t users[VALUES_SAMPLE], items[VALUES_SAMPLE], n_sampled_users, n_sampled_items;
    double given[VALUES_SAMPLE][VALUES_SAMPLE]; /* NaN: none */
    bool is_test[VALUES_SAMPLE][VALUES_SAMPLE];
    int64_t n_test;
    pal_arena scratch;
} values_job;

static int32_t values_take(values_counted *counted, int32_t n, int32_t *out) {
    int32_t taken = 0;
    qsort(counted, (size_t)n, sizeof *counted, values_compare);
    while (taken < n && taken < VALUES_SAMPLE && counted[taken].count > 0) {
        out[taken] = counted[taken].row;
        taken++;
    }
    return taken;
}

/* Users with the most events in the test, then the items with the most events of these users. */
static pal_status values_sample(pal_ctx *ctx, values_job *job) {
    const pal_split *split = &job->comparison->split;
    const pal_log *logs[] = {&split->test, job->model->log};
    int32_t most = job->n_users > job->n_items ? job->n_users : job->n_items;
    values_counted *counted = PAL_ARENA_ARRAY(&job->scratch, values_counted, most);
    if (!counted) return pal_fail_memory(ctx, "the sample of values", 16.0 * most);
    for (int32_t u = 0; u < job->n_users; u++) {
        counted[u] = (values_counted){.row = u};
        if (u < split->test.n_users)
            counted[u].count = split->test.starts[u + 1] - split->test.starts[u];
    }
    job->n_sampled_users = values_take(counted, job->n_users, job->users);
    for (int32_t i = 0; i < job->n_items; i++) counted[i] = (values_counted){.row = i};
    for (int32_t at = 0; at < job->n_sampled_users; at++) {
        for (int l = 0; l < 2; l++) {
            int32_t u = job->users[at];
            for (int64_t e = u < logs[l]->n_users ? logs[l]->starts[u] : 0;
                 u < logs[l]->n_users && e < logs[l]->starts[u + 1]; e++) {
                if (logs[l]->items[e] < job->n_items) counted[logs[l]->items[e]].count++;
            }
        }
    }
    job->n_sampled_items = values_take(counted, job->n_items, job->items);
    return PAL_OK;
}

/* The newest value of each pair, those of the test last. */
static void values_fill(values_job *job) {
    const pal_log *logs[] = {job->model->log, &job->comparison->split.test};
    for (int32_t r = 0; r < job->n_sampled_users; r++) {
        for (int32_t c = 0; c < job->n_sampled_items; c++) job->given[r][c] = NAN;
        int32_t u = job->users[r];
        for (int l = 0; l < 2; l++) {
            if (u >= logs[l]->n_users || !logs[l]->values) continue;
            for (int64_t e = logs[l]->starts[u]; e < logs[l]->starts[u + 1]; e++) {
                for (int32_t c = 0; c < job->n_sampled_items; c++) {
                    if (job->items[c] != logs[l]->items[e]) continue;
                    job->given[r][c] = (double)logs[l]->values[e];
                    job->n_test += l == 1 && !job->is_test[r][c];
                    job->is_test[r][c] = l == 1;
                }
            }
        }
    }
}

/* One user's row of predicted values, cut to the scale as for the errors. */
static pal_status values_predict(pal_ctx *ctx, values_job *job, int32_t user, json_t *out) {
    const pal_model *model = job->model;
    const pal_ratings *ratings = &job->comparison->ratings;
    pal_arena arena = {0};
    size_t bytes =
        model->kind->scratch_bytes ? model->kind->scratch_bytes(model->params, model->state, 1) : 0;
    void *scratch = pal_arena_alloc(&arena, (int64_t)bytes, 1);
    float *scores = PAL_ARENA_ARRAY(&arena, float, job->n_items);
    pal_query asked = pal_query_of_user(model, user), query;
    pal_status status = scratch && scores
                            ? pal_query_settle(ctx, model, &asked, &arena, &query)
                            : pal_fail_memory(ctx, "predicted values", 4.0 * job->n_items);
    if (status == PAL_OK) {
        model->kind->score(model->params, model->state, &query, 1, scratch, scores);
        for (int32_t c = 0; c < job->n_sampled_items; c++) {
            double value = (double)scores[job->items[c]];
            json_array_append_new(out,
                                  pal_json_real(fmin(fmax(value, ratings->low), ratings->high)));
        }
    }
    pal_arena_release(&arena);
    return status;
}

static pal_status values_put(pal_ctx *ctx, values_job *job, const char *spec, json_t **out) {
    const pal_split *split = &job->comparison->split;
    json_t *users = json_array(), *items = json_array(), *given = json_array(),
           *predicted = json_array();
    pal_status status = PAL_OK;
    for (int32_t c = 0; c < job->n_sampled_items; c++)
        json_array_append_new(items, pal_json_text(pal_ids_at(&split->item_ids, job->items[c])));
    for (int32_t r = 0; status == PAL_OK && r < job->n_sampled_users; r++) {
        json_t *given_row = json_array(), *row = json_array();
        for (int32_t c = 0; c < job->n_sampled_items; c++)
            json_array_append_new(given_row, pal_json_real(job->given[r][c]));
        status = values_predict(ctx, job, job->users[r], row);
        json_array_append_new(users, pal_json_text(pal_ids_at(&split->user_ids, job->users[r])));
        json_array_append_new(given, given_row);
        json_array_append_new(predicted, row);
    }
    *out =
        json_pack("{s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o}", "spec", pal_json_text(spec), "low",
                  pal_json_real(job->comparison->ratings.low), "high",
                  pal_json_real(job->comparison->ratings.high), "n_test", (json_int_t)job->n_test,
                  "users", users, "items", items, "given", given, "predicted", predicted);
    if (status == PAL_OK && !*out) status = pal_fail_memory(ctx, "the sample of values", 1e5);
    return status;
}

pal_status pal_document_values(pal_ctx *ctx, const pal_comparison *comparison, json_t **out) {
    const pal_row *row = values_best_row(comparison);
    *out = NULL;
    if (!row || comparison->ratings.n == 0) return PAL_OK;
    values_job *job = calloc(1, sizeof *job);
    if (!job) return pal_fail_memory(ctx, "the sample of values", sizeof *job);
    job->comparison = comparison;
    job->model = row->model;
    job->n_users = row->model->log->n_users;
    job->n_items = row->model->log->n_items;
    pal_status status = values_sample(ctx, job);
    if (status == PAL_OK && job->n_sampled_users > 1 && job->n_sampled_items > 1) {
        values_fill(job);
        status = values_put(ctx, job, row->name, out);
    }
    pal_arena_release(&job->scratch);
    free(job);
    if (status != PAL_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return status;
}
