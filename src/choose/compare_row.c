/* compare_row.c - one model: trained on train and judged on validation, trained again on train +
 * validation and judged on the test. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "choose/compare_job.h"
#include "eval/trec.h"
#include "models/registry.h"

pal_train_input pal_compare_input(const pal_compare_job *job, bool final) {
    const pal_split *split = &job->out->split;
    const pal_log *whole = final ? &split->history : &split->train;
    const pal_log *weighed = final ? &job->history : &job->train;
    const pal_log *shown = final ? &split->shown_history : &split->shown_train;
    const pal_catalog *items = final ? &job->out->items_test : &job->out->items_valid;
    const pal_searches *searches = final ? &job->out->searches_history : &job->out->searches_train;
    bool lists_new = job->out->options.protocol.candidates != PAL_CANDIDATES_SEEN,
         has_new = lists_new || job->out->judges_new;
    return (pal_train_input){.log = job->is_weighed ? weighed : whole,
                             .histories = whole,
                             .items = items->ids.n ? items : NULL,
                             .users = job->data->users.ids.n ? &job->data->users : NULL,
                             .shown = shown->n_events ? shown : NULL,
                             .source = pal_compare_source(job->out, final),
                             .searches = searches->n ? searches : NULL,
                             .n_items = has_new ? split->item_ids.n : 0,
                             .n_seen_items = whole->n_items,
                             .n_listed_items = lists_new ? 0 : whole->n_items,
                             .world = job->data->world};
}

static pal_rank_options compare_rank(const pal_compare_job *job, bool final, bool self) {
    const char *fallback = job->out->options.protocol.fallback;
    pal_rank_options rank = {.fallback = final && job->fallback_test ? job->fallback_test
                                                                     : job->fallback_valid};
    rank.use = self                               ? PAL_FALLBACK_SELF
               : pal_name_equal(fallback, "none") ? PAL_FALLBACK_NONE
                                                  : PAL_FALLBACK_MODEL;
    return rank;
}

/* Mean of the choice metric over users with or without a history. */
static double compare_part_mean(const pal_questions *q, const double *by_user, bool strangers) {
    double sum = 0;
    int32_t n = 0;
    for (int32_t u = 0; u < q->n_users; u++) {
        bool is_stranger = q->queries[q->query_starts[u]].user_plus_1 == 0 &&
                           q->queries[q->query_starts[u]].n_events == 0;
        if (is_stranger != strangers || isnan(by_user[u])) continue;
        sum += by_user[u];
        n++;
    }
    return n ? sum / n : NAN;
}

/* Controls know who a stranger is: the oracle by his row. */
static pal_status compare_reveal(const pal_compare_job *job, const pal_questions *q,
                                 pal_arena *scratch, pal_questions *out) {
    *out = *q;
    out->queries = PAL_ARENA_ARRAY(scratch, pal_query, q->n_queries);
    if (!out->queries) return pal_fail_memory(job->ctx, "the queries", 64.0 * q->n_queries);
    for (int32_t u = 0; u < q->n_users; u++) {
        for (int32_t i = q->query_starts[u]; i < q->query_starts[u + 1]; i++) {
            out->queries[i] = q->queries[i];
            out->queries[i].user_plus_1 = q->users[u] + 1;
        }
    }
    return PAL_OK;
}

pal_status pal_compare_evaluate(const pal_compare_job *job, const pal_questions *q, bool final,
                                bool self, bool new_too, const pal_model *model,
                                const pal_slices *slices, pal_evaluation *out) {
    pal_rank_options rank = compare_rank(job, final, self);
    if (new_too) rank.end_item = model->log->n_items;
    if (!(model->kind->traits & PAL_IS_CONTROL)) {
        return pal_evaluate_model(job->ctx, &job->out->options.protocol, q, slices, model, &rank,
                                  out);
    }
    pal_arena scratch = {0};
    pal_questions revealed;
    pal_status status = compare_reveal(job, q, &scratch, &revealed);
    if (status == PAL_OK)
        status = pal_evaluate_model(job->ctx, &job->out->options.protocol, &revealed, slices, model,
                                    &rank, out);
    pal_arena_release(&scratch);
    return status;
}

/* Whether the model answered somebody without a history by what else is known of him. */
static bool compare_answered(const pal_questions *q, const pal_evaluation *evaluation) {
    for (int32_t i = 0; i < q->n_queries; i++) {
        if (q->queries[i].n_events == 0 && !evaluation->lists.fallback[i]) return true;
    }
    return false;
}

/* The questions whose person has no history yet: in the next task the first event of each, whose
 * later ones tell nothing of how a kind answers strangers. */
static pal_status compare_firsts(const pal_compare_job *job, const pal_questions *q,
                                 pal_arena *arena, pal_questions *out) {
    *out = *q;
    out->arena = (pal_arena){0};
    out->users = PAL_ARENA_ARRAY(arena, int32_t, q->n_users);
    out->query_starts = PAL_ARENA_ARRAY(arena, int32_t, (int64_t)q->n_users + 1);
    out->queries = PAL_ARENA_ARRAY(arena, pal_query, q->n_queries);
    out->relevant_starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)q->n_queries + 1);
    out->relevant = PAL_ARENA_ARRAY(arena, int32_t, q->n_pairs);
    if (!out->users || !out->query_starts || !out->queries || !out->relevant_starts ||
        !out->relevant)
        return pal_fail_memory(job->ctx, "the first queries", 64.0 * q->n_queries);
    int64_t n_pairs = 0;
    out->n_users = out->n_queries = 0;
    for (int32_t u = 0; u < q->n_users; u++) {
        int32_t n_before = out->n_queries;
        for (int32_t i = q->query_starts[u]; i < q->query_starts[u + 1]; i++) {
            if (q->queries[i].n_events > 0) continue;
            out->queries[out->n_queries] = q->queries[i];
            for (int64_t r = q->relevant_starts[i]; r < q->relevant_starts[i + 1]; r++)
                out->relevant[n_pairs++] = q->relevant[r];
            out->relevant_starts[++out->n_queries] = n_pairs;
        }
        if (out->n_queries == n_before) continue;
        out->users[out->n_users] = q->users[u];
        out->query_starts[++out->n_users] = out->n_queries;
    }
    out->n_pairs = n_pairs;
    out->relevant_values = NULL;
    out->relevant_times = NULL;
    out->judged_starts = NULL;
    out->judged = NULL;
    out->disliked = NULL;
    out->gains = NULL;
    return PAL_OK;
}

/* The choice metric of those questions alone, by the kind's own list or as the table's rows are
 * answered: [n_users of q] in the arena, NaN for people who have a history. */
static pal_status compare_first_values(const pal_compare_job *job, const pal_questions *q,
                                       bool final, bool self, const pal_model *model,
                                       pal_arena *arena, double **out) {
    pal_questions firsts;
    double *values = PAL_ARENA_ARRAY(arena, double, q->n_users);
    if (!values) return pal_fail_memory(job->ctx, "the intervals", 8.0 * q->n_users);
    TRY(compare_firsts(job, q, arena, &firsts));
    for (int32_t u = 0; u < q->n_users; u++) values[u] = NAN;
    *out = values;
    if (firsts.n_users == 0) return PAL_OK;
    double *by_user = PAL_ARENA_ARRAY(arena, double, firsts.n_users);
    if (!by_user) return pal_fail_memory(job->ctx, "the intervals", 8.0 * firsts.n_users);
    if (model->kind->traits & PAL_IS_CONTROL) {
        pal_questions revealed;
        TRY(compare_reveal(job, &firsts, arena, &revealed));
        firsts = revealed;
    }
    pal_rank_options rank = compare_rank(job, final, self);
    TRY(pal_evaluate_choice_users(job->ctx, &job->out->options.protocol, &firsts, model, &rank,
                                  by_user));
    for (int32_t u = 0, at = 0; u < q->n_users && at < firsts.n_users; u++)
        if (q->users[u] == firsts.users[at]) values[u] = by_user[at++];
    return PAL_OK;
}

static pal_status compare_first_mean(const pal_compare_job *job, const pal_questions *q, bool self,
                                     const pal_model *model, double *out) {
    pal_arena scratch = {0};
    double *values;
    pal_status status = compare_first_values(job, q, false, self, model, &scratch, &values);
    if (status == PAL_OK) *out = compare_part_mean(q, values, true);
    pal_arena_release(&scratch);
    return status;
}

/* --- one row --- */

/* On validation: what the choice is made by. */
static pal_status compare_validate(const pal_compare_job *job, const pal_table *table,
                                   const pal_model *model, pal_row *row) {
    const pal_questions *q = &table->valid;
    pal_evaluation valid;
    TRY(pal_compare_evaluate(job, q, false, false, false, model, NULL, &valid));
    row->valid_choice = valid.mean[0];
    /* In the next task everybody has a history after his first event. */
    row->valid_known = table->task == PAL_TASK_NEXT ? row->valid_choice
                                                    : compare_part_mean(q, valid.by_user, false);
    bool is_own = model->kind->traits & PAL_SCORES_STRANGERS;
    bool is_told = !is_own && compare_answered(q, &valid);
    pal_evaluation_release(&valid);
    TRY(pal_compare_new_validate(job, table, model, row));
    return is_own || is_told ? compare_first_mean(job, q, is_own, model, &row->valid_strangers)
                             : PAL_OK;
}

static pal_status compare_strangers(const pal_compare_job *job, const pal_questions *q, bool self,
                                    const pal_model *model, pal_row *row) {
    pal_arena scratch = {0};
    double *values;
    pal_status status = compare_first_values(job, q, true, self, model, &scratch, &values);
    if (status == PAL_OK) {
        const double *series[] = {values};
        status = pal_bootstrap_means(job->ctx, series, 1, q->n_users,
                                     job->out->options.protocol.resamples, job->ctx->seed,
                                     &row->strangers_own);
    }
    pal_arena_release(&scratch);
    return status;
}

static pal_status compare_test(const pal_compare_job *job, const pal_table *table,
                               const pal_model *model, pal_row *row) {
    const pal_questions *q = &table->test;
    TRY(pal_compare_evaluate(job, q, true, false, false, model, &table->slices, &row->test));
    TRY(pal_compare_new_test(job, table, model, row));
    bool is_own = model->kind->traits & PAL_SCORES_STRANGERS;
    return is_own || compare_answered(q, &row->test) ? compare_strangers(job, q, is_own, model, row)
                                                     : PAL_OK;
}

/* Intervals of all metrics of single lists, and of the choice metric in each slice. */
static pal_status compare_intervals(const pal_compare_job *job, const pal_table *table,
                                    pal_row *row) {
    const pal_comparison *out = job->out;
    const double *series[PAL_MEASURES_MAX + PAL_SLICES_MAX];
    pal_interval found[PAL_MEASURES_MAX + PAL_SLICES_MAX];
    int32_t n = row->test.n_users, n_series = 0;
    row->intervals = PAL_ARENA_ARRAY(&row->test.arena, pal_interval, out->measures.n);
    row->slice_intervals = PAL_ARENA_ARRAY(&row->test.arena, pal_interval, table->slices.n);
    if (!row->intervals || !row->slice_intervals) {
        return pal_fail_memory(job->ctx, "the intervals", 1e4);
    }
    for (int32_t m = 0; m < out->measures.n; m++) {
        row->intervals[m] = (pal_interval){row->test.mean[m], NAN, NAN};
        if (out->measures.at[m].metric->of_list) {
            series[n_series++] = row->test.by_user + (int64_t)m * n;
        }
    }
    for (int32_t s = 0; s < table->slices.n; s++) {
        series[n_series++] = row->test.slice_by_user + (int64_t)s * n;
    }
    TRY(pal_bootstrap_means(job->ctx, series, n_series, n, out->options.protocol.resamples,
                            job->ctx->seed, found));
    int32_t at = 0;
    for (int32_t m = 0; m < out->measures.n; m++) {
        if (out->measures.at[m].metric->of_list) row->intervals[m] = found[at++];
    }
    for (int32_t s = 0; s < table->slices.n; s++) row->slice_intervals[s] = found[at++];
    return PAL_OK;
}

/* A sentence about a second domain is no lesson of a model that learned from none. */
static const char *compare_lesson(const pal_model *model) {
    return (model->kind->traits & PAL_USES_SOURCE) && !model->source ? NULL : model->kind->lesson;
}

/* beside_used: new items are judged beside used ones. */
static void compare_describe_row(pal_row *row, const pal_model *model, bool beside_used) {
    snprintf(row->name, sizeof row->name, "%s", model->spec);
    row->kind = model->kind->name;
    row->family = model->kind->family;
    row->lesson = compare_lesson(model);
    row->traits = model->kind->traits;
    /* What the oracle ranks by is what people want at the cut, when new items are not sold. */
    row->is_blind_to_new = !pal_model_scores_new_items(model) || (row->is_oracle && beside_used);
}

/* --- judged between epochs --- */

enum { COMPARE_JUDGED_USERS = 1000 };

typedef struct {
    const pal_compare_job *job;
    pal_questions questions; /* a sample of validation */
} compare_judge;

/* Minus rmse for models of values, else the choice metric; both on a sample of validation users. */
static double compare_judge_epoch(void *arg, const pal_model *model) {
    compare_judge *judge = arg;
    const pal_comparison *out = judge->job->out;
    double value = NAN;
    if (pal_model_predicts_values(model) && out->ratings_valid.n) {
        pal_rating_errors errors;
        if (pal_ratings_judge(judge->job->ctx, model, &out->ratings_valid, COMPARE_JUDGED_USERS, 0,
                              &errors) == PAL_OK)
            value = -errors.rmse.mean;
        return value;
    }
    pal_rank_options rank = compare_rank(judge->job, false, false);
    if (pal_evaluate_choice(judge->job->ctx, &out->options.protocol, &judge->questions, model,
                            &rank, &value) != PAL_OK)
        return NAN;
    return value;
}

/* Training for validation is watched; the final training takes the epochs that were kept there, 0:
 * as many as the spec says. */
static pal_status compare_train(const pal_compare_job *job, bool final, int64_t epochs,
                                const char *spec, bool is_oracle, pal_model **out) {
    pal_train_input input = pal_compare_input(job, final);
    compare_judge judge = {.job = job};
    pal_arena scratch = {0};
    pal_status status = PAL_OK;
    input.epochs = epochs;
    input.deadline = job->deadline;
    if (!final) {
        status = pal_questions_sample(job->ctx, &job->out->tables[0].valid, COMPARE_JUDGED_USERS,
                                      &scratch, &judge.questions);
        input.judge = compare_judge_epoch;
        input.judge_arg = &judge;
    }
    if (status == PAL_OK)
        status = is_oracle ? pal_model_train_kind(job->ctx, &pal_kind_oracle, "", &input, out)
                           : pal_model_train(job->ctx, spec, &input, out);
    pal_arena_release(&scratch);
    return status;
}

pal_status pal_row_found_spec(const pal_compare_job *job, const pal_row *row, const char **out) {
    return pal_model_found_spec(job->ctx, row->model, &job->out->arena, out);
}

/* Keeps the curve beyond the model's life. */
static pal_status compare_keep_curve(const pal_compare_job *job, const pal_model *model,
                                     pal_curve *out) {
    *out = model->curve;
    if (out->n == 0) return PAL_OK;
    size_t bytes = (size_t)out->n * sizeof *out->loss;
    out->loss = PAL_ARENA_ARRAY(&job->out->arena, double, out->n);
    out->judged = PAL_ARENA_ARRAY(&job->out->arena, double, out->n);
    if (!out->loss || !out->judged) return pal_fail_memory(job->ctx, "the curve", 16.0 * out->n);
    memcpy(out->loss, model->curve.loss, bytes);
    memcpy(out->judged, model->curve.judged, bytes);
    return PAL_OK;
}

/* Errors of predicted values; the same in every table. */
static pal_status compare_rate(const pal_compare_job *job, const pal_model *model, bool final,
                               pal_row *row) {
    const pal_ratings *ratings = final ? &job->out->ratings : &job->out->ratings_valid;
    row->predicts_values = pal_model_predicts_values(model) && job->out->ratings.n > 0;
    if (!row->predicts_values) return PAL_OK;
    pal_rating_errors errors;
    TRY(pal_ratings_judge(job->ctx, model, ratings, 0,
                          final ? job->out->options.protocol.resamples : 0, &errors));
    if (final) {
        row->ratings = errors;
    } else {
        row->valid_rmse = errors.rmse.mean;
    }
    return PAL_OK;
}

/* In every table: the models are trained once for all tasks. */
pal_status pal_compare_spec(pal_compare_job *job, const char *spec, bool is_oracle, int32_t r) {
    pal_comparison *out = job->out;
    pal_model *model = NULL, *final = NULL;
    TRY(compare_train(job, false, 0, spec, is_oracle, &model));
    pal_curve curve;
    pal_status status = compare_keep_curve(job, model, &curve);
    for (int32_t t = 0; status == PAL_OK && t < out->n_tables; t++) {
        pal_row *row = &out->tables[t].rows[r];
        compare_describe_row(row, model, out->judges_new);
        row->curve = curve;
        status = compare_validate(job, &out->tables[t], model, row);
        if (status == PAL_OK) status = compare_rate(job, model, false, row);
    }
    if (status == PAL_OK) status = pal_compare_clicks(job, model, false, r);
    /* A model of parts is trained again by their specs with the epochs found. */
    const char *found = NULL;
    int32_t n_parts;
    if (status == PAL_OK && pal_model_parts(model, &n_parts))
        status = pal_model_found_spec(job->ctx, model, &out->arena, &found);
    if (status == PAL_OK && out->options.protocol.refit == 0) {
        pal_model_free(model);
        model = NULL;
        status = compare_train(job, true, curve.is_best_kept ? curve.best : 0, found ? found : spec,
                               is_oracle, &final);
    } else {
        final = model;
        model = NULL;
    }
    if (status == PAL_OK) status = pal_compare_clicks(job, final, true, r);
    for (int32_t t = 0; status == PAL_OK && t < out->n_tables; t++) {
        pal_row *row = &out->tables[t].rows[r];
        row->train_seconds = final->cost.seconds;
        row->peak_bytes = final->cost.peak_bytes;
        row->multiply_adds = final->cost.multiply_adds;
        row->model_bytes = pal_model_state_bytes(final);
        row->parameters = pal_model_parameters(final);
        status = compare_test(job, &out->tables[t], final, row);
        if (status == PAL_OK) status = compare_intervals(job, &out->tables[t], row);
        if (status == PAL_OK) status = compare_rate(job, final, true, row);
        if (status == PAL_OK) row->status = PAL_ROW_DONE;
        row->reason[0] = '\0';
        int64_t diverged = final->curve.diverged ? final->curve.diverged : curve.diverged;
        if (status == PAL_OK && diverged)
            snprintf(row->reason, sizeof row->reason,
                     "diverged in epoch %" PRId64 ": the model is that of an epoch before",
                     diverged);
    }
    pal_model_free(model);
    if (status == PAL_OK && !is_oracle) {
        out->tables[0].rows[r].model = final;
    } else {
        pal_model_free(final);
    }
    return status;
}

pal_status pal_compare_run_file(pal_compare_job *job, const char *path, pal_table *table,
                                pal_row *row) {
    pal_comparison *out = job->out;
    int64_t n_unknown;
    const char *slash = strrchr(path, '/');
    snprintf(row->name, sizeof row->name, "%s", slash ? slash + 1 : path);
    row->kind = row->family = "run";
    pal_lists lists;
    const pal_ints *k = &out->options.protocol.k;
    TRY(pal_trec_read_run(job->ctx, path, &table->test, &out->split, k->at[k->n - 1], &out->arena,
                          &lists, &n_unknown));
    if (n_unknown)
        pal_note(job->ctx, PAL_NOTICE_WARNING,
                 "%s: %lld lines name users or items that the log does not have", path,
                 (long long)n_unknown);
    TRY(pal_evaluate_lists(job->ctx, &out->options.protocol, &table->test, &table->slices, &lists,
                           &row->test));
    TRY(compare_intervals(job, table, row));
    row->status = PAL_ROW_DONE;
    return PAL_OK;
}
