/* compare.c - comparing and evaluating: from data to the results document. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "base/json.h"
#include "choose/verdict.h"
#include "eval/categories.h"
#include "eval/gains.h"
#include "eval/trec.h"
#include "report/case.h"
#include "report/report.h"

/* Rows are told as they finish; before the first the plan. */
static void compare_tell(void *arg, const pal_comparison *comparison, int32_t table, int32_t row) {
    pal_ctx *ctx = arg;
    pal_text text = {0};
    if (row < 0) {
        pal_report_table_head(comparison, table, &text);
    } else {
        pal_report_table_row(comparison, table, row, &text);
    }
    /* A notice is one line. */
    for (char *line = text.failed ? NULL : text.bytes, *end; line && *line; line = end) {
        end = line + strcspn(line, "\n");
        if (*end) *end++ = '\0';
        pal_note(ctx, PAL_NOTICE_ROW, "%s", line);
    }
    pal_text_release(&text);
}

/* The model that the verdict chose: the row whose name it says. */
static const pal_model *compare_chosen(const pal_comparison *comparison) {
    pal_verdict verdict;
    pal_verdict_make(comparison, 0, &verdict);
    const pal_table *table = &comparison->tables[0];
    for (int32_t r = 0; verdict.known && r < table->n_rows; r++) {
        if (table->rows[r].model && !strcmp(table->rows[r].name, verdict.known))
            return table->rows[r].model;
    }
    return NULL;
}

pal_status pal_compare(pal_ctx *ctx, const pal_data *data, const char *const *specs,
                       const char *options, pal_results **out) {
    TRY(pal_verb_start(ctx));
    pal_results *results = calloc(1, sizeof *results);
    if (!results) return pal_fail_memory(ctx, "the results", sizeof *results);
    pal_status status =
        pal_compare_run(ctx, data, specs, options, compare_tell, ctx, &results->comparison);
    if (status == PAL_OK) {
        results->has_comparison = true;
        results->model = compare_chosen(&results->comparison);
        status = pal_report_json(ctx, &results->comparison, &results->json);
    }
    if (status != PAL_OK) {
        pal_results_free(results);
        return status;
    }
    *out = results;
    return PAL_OK;
}

pal_status pal_compare_check(pal_ctx *ctx, const char *const *specs, const char *options) {
    TRY(pal_verb_start(ctx));
    pal_comparison *asked = calloc(1, sizeof *asked);
    if (!asked) return pal_fail_memory(ctx, "the options", sizeof *asked);
    pal_status status = pal_compare_parse(ctx, specs, options, asked);
    pal_comparison_release(asked);
    free(asked);
    return status;
}

/* --- evaluating a model that is there already --- */

typedef struct {
    pal_ctx *ctx;
    const pal_model *model;
    const pal_data *data;
    pal_protocol protocol;
    pal_arena scratch;
} evaluate_job;

/* The number that the model's log gives each event type of `log`; types that it does not know come
 * after its own. */
static pal_status evaluate_map_types(evaluate_job *job, const pal_log *log, pal_log_about *about,
                                     const uint8_t **out) {
    const pal_log_about *known = &job->model->log->about;
    uint8_t *types = PAL_ARENA_ARRAY(&job->scratch, uint8_t, log->n_events),
            map[PAL_TYPES_MAX] = {0};
    if (!types) return pal_fail_memory(job->ctx, "the test part", (double)log->n_events);
    about->n_types = known->n_types;
    about->target_types = known->target_types;
    memcpy(about->type_names, known->type_names, sizeof known->type_names);
    for (int32_t t = 0; t < log->about.n_types; t++) {
        int32_t to = 0;
        while (to < about->n_types && strcmp(about->type_names[to], log->about.type_names[t])) to++;
        if (to == PAL_TYPES_MAX)
            return pal_fail(job->ctx, PAL_EDATA, "model and test have more than %d event types",
                            PAL_TYPES_MAX);
        if (to == about->n_types)
            strcpy(about->type_names[about->n_types++], log->about.type_names[t]);
        map[t] = (uint8_t)to;
    }
    for (int64_t e = 0; e < log->n_events; e++) types[e] = map[log->types[e]];
    *out = types;
    return PAL_OK;
}

/* The parts' events with the model's rows: users and items it does not know come after its own. */
static pal_status evaluate_map(evaluate_job *job, const pal_log *log, pal_ids *user_ids,
                               pal_ids *item_ids, pal_log *out) {
    int32_t *users = PAL_ARENA_ARRAY(&job->scratch, int32_t, log->n_events),
            *items = PAL_ARENA_ARRAY(&job->scratch, int32_t, log->n_events);
    if (!users || !items)
        return pal_fail_memory(job->ctx, "the test part", 8.0 * (double)log->n_events);
    pal_log_users(log, users);
    for (int64_t e = 0; e < log->n_events; e++) {
        const char *user = pal_ids_at(log->about.user_ids, users[e]),
                   *item = pal_ids_at(log->about.item_ids, log->items[e]);
        users[e] = pal_ids_add(user_ids, user, strlen(user));
        items[e] = pal_ids_add(item_ids, item, strlen(item));
        if (users[e] < 0 || items[e] < 0) return pal_fail_memory(job->ctx, "the table of ids", 1e9);
    }
    pal_log_about about = log->about;
    about.n_users = user_ids->n;
    about.n_items = item_ids->n;
    about.user_ids = user_ids;
    about.item_ids = item_ids;
    const uint8_t *types = NULL;
    if (log->types) TRY(evaluate_map_types(job, log, &about, &types));
    pal_events events = {.n = log->n_events,
                         .users = users,
                         .items = items,
                         .values = log->values,
                         .times = log->times,
                         .types = types,
                         .weights = log->weights};
    return pal_log_build(job->ctx, &events, &about, out);
}

/* Without what was only shown. */
static pal_status evaluate_map_used(evaluate_job *job, const pal_log *log, pal_ids *user_ids,
                                    pal_ids *item_ids, pal_log *out) {
    if (!log->about.shown_types) return evaluate_map(job, log, user_ids, item_ids, out);
    pal_log used;
    TRY(pal_log_select_used(job->ctx, log, &used));
    pal_status status = evaluate_map(job, &used, user_ids, item_ids, out);
    pal_log_release(&used);
    return status;
}

static json_t *evaluate_document(const evaluate_job *job, const pal_questions *questions,
                                 const pal_slices *slices, const pal_evaluation *evaluation) {
    pal_measures measures;
    pal_measures_list(&job->protocol, &measures);
    json_t *metrics = json_object(), *parts = json_array();
    for (int32_t m = 0; m < measures.n; m++)
        json_object_set_new(metrics, measures.at[m].name, pal_json_real(evaluation->mean[m]));
    for (int32_t s = 0; s < slices->n; s++) {
        json_t *of_slice = json_object();
        for (int32_t m = 0; m < measures.n; m++) {
            if (!measures.at[m].metric->of_list) continue;
            json_object_set_new(of_slice, measures.at[m].name,
                                pal_json_real(evaluation->by_slice[(int64_t)s * measures.n + m]));
        }
        json_array_append_new(parts, json_pack("{s:s, s:i, s:o}", "name", slices->at[s].name, "n",
                                               (int)slices->at[s].n_users, "metrics", of_slice));
    }
    return json_pack("{s:s, s:s, s:s, s:i, s:i, s:o, s:o, s:{s:o, s:o}}", "palate", PAL_VERSION,
                     "spec", job->model->spec, "task", pal_task_name(questions->task), "n_users",
                     (int)questions->n_users, "n_strangers", (int)questions->n_strangers, "metrics",
                     metrics, "slices", parts, "measured", "list_us_p50",
                     pal_json_real(evaluation->list_us_p50), "list_us_p99",
                     pal_json_real(evaluation->list_us_p99));
}

/* What people did in the source once the test had begun is not known when they are asked; what the
 * model has learned from it cannot be taken back. */
static void evaluate_cut_source(const evaluate_job *job, const pal_log *history,
                                const pal_log *test, int64_t test_from,
                                pal_background *background) {
    const pal_log *source = background->source ? background->source->log : NULL;
    if (!source || !source->times || !test->times) return;
    bool is_in_time = history->times && pal_log_end(history) <= test_from;
    background->cuts_source = true;
    background->source_until = is_in_time ? test_from : INT64_MAX;
    int64_t n_later = 0;
    for (int64_t e = 0; e < source->n_events; e++) n_later += source->times[e] >= test_from;
    if (n_later)
        pal_note(job->ctx, PAL_NOTICE_WARNING,
                 "the model learned from %lld of its source's %lld events that came after the test "
                 "began: what it gains by them it would not have had",
                 (long long)n_later, (long long)source->n_events);
}

static pal_status evaluate_test(evaluate_job *job, const pal_log *history, const pal_log *test,
                                json_t **out) {
    pal_questions questions;
    pal_slices slices = {0};
    pal_evaluation evaluation = {0};
    pal_split split = {.test_from = 0};
    pal_task task = job->protocol.task == PAL_TASK_NEXT ? PAL_TASK_NEXT : PAL_TASK_WINDOW;
    if (test->times && test->n_events) {
        split.test_from = test->times[0];
        for (int64_t e = 0; e < test->n_events; e++)
            split.test_from = test->times[e] < split.test_from ? test->times[e] : split.test_from;
    }
    TRY(pal_questions_make(job->ctx, &job->protocol, task, history, test, 0, history->n_items,
                           &questions));
    pal_rank_options rank = {.use = pal_name_equal(job->protocol.fallback, "none")
                                        ? PAL_FALLBACK_NONE
                                        : pal_model_fallback_use(job->model)};
    pal_background background = {.users = job->data->users.ids.n ? &job->data->users : NULL,
                                 .source = pal_model_source(job->model)};
    evaluate_cut_source(job, history, test, split.test_from, &background);
    pal_status status =
        pal_questions_describe(job->ctx, &background, test->about.user_ids, &questions);
    if (status == PAL_OK) status = pal_gains_make(job->ctx, &job->protocol, job->data, &questions);
    if (status == PAL_OK)
        status = pal_questions_categorize(job->ctx, &job->data->catalog, &questions);
    if (status == PAL_OK)
        status = pal_slices_make(job->ctx, &job->protocol, job->data, &questions, &split, &slices);
    if (status == PAL_OK)
        status = pal_evaluate_model(job->ctx, &job->protocol, &questions, &slices, job->model,
                                    &rank, &evaluation);
    if (status == PAL_OK) *out = evaluate_document(job, &questions, &slices, &evaluation);
    pal_evaluation_release(&evaluation);
    pal_slices_release(&slices);
    pal_questions_release(&questions);
    return status;
}

/* Values that only a comparison knows are refused, not taken for others. */
static pal_status evaluate_parse(evaluate_job *job, const char *options) {
    const pal_protocol *protocol = &job->protocol;
    TRY(pal_params_parse(job->ctx, "evaluate", pal_protocol_params, &job->protocol, &job->scratch,
                         options));
    if (protocol->task == PAL_TASK_BOTH)
        return pal_fail(job->ctx, PAL_EUSAGE,
                        "evaluate: --task both is for comparing: name window or next");
    if (pal_fallback_is_spec(protocol->fallback))
        return pal_fail(job->ctx, PAL_EUSAGE,
                        "evaluate: --fallback %s would have to be trained: name popular (what the "
                        "model has for people without history) or none",
                        protocol->fallback);
    pal_relevance rule;
    return pal_relevance_parse(job->ctx, protocol->relevant, &rule);
}

static pal_status evaluate_run(evaluate_job *job, json_t **out) {
    const pal_data *data = job->data;
    pal_ids users = {0}, items = {0};
    pal_log history = {0}, test = {0};
    pal_inspection inspection;
    pal_status status = pal_inspect_log(job->ctx, &data->parts[data->n_parts - 1], &inspection);
    /* Lists are judged as they are served. */
    if (job->protocol.hide == PAL_HIDE_AUTO) job->protocol.hide = job->model->hide;
    if (status == PAL_OK) status = pal_protocol_settle(job->ctx, data, &inspection, &job->protocol);
    if (status == PAL_OK) status = pal_gains_check(job->ctx, &job->protocol, data);
    if (status == PAL_OK) status = pal_slices_check(job->ctx, &job->protocol, data);
    const pal_log *known = job->model->log;
    if (status == PAL_OK)
        status = pal_ids_select(job->ctx, known->about.user_ids, NULL, known->n_users, &users);
    if (status == PAL_OK)
        status = pal_ids_select(job->ctx, known->about.item_ids, NULL, known->n_items, &items);
    /* With --train its events are the histories, else those that the model remembers. */
    if (status == PAL_OK && data->n_parts > 1)
        status = evaluate_map_used(job, &data->parts[0], &users, &items, &history);
    if (status == PAL_OK)
        status = evaluate_map_used(job, &data->parts[data->n_parts - 1], &users, &items, &test);
    if (status == PAL_OK)
        status = evaluate_test(job, data->n_parts > 1 ? &history : job->model->log, &test, out);
    pal_log_release(&history);
    pal_log_release(&test);
    pal_ids_release(&users);
    pal_ids_release(&items);
    return status;
}

pal_status pal_evaluate(pal_ctx *ctx, const pal_model *model, const pal_data *data,
                        const char *options, pal_results **out) {
    TRY(pal_verb_start(ctx));
    evaluate_job job = {.ctx = ctx, .model = model, .data = data};
    pal_results *results = calloc(1, sizeof *results);
    if (!results) return pal_fail_memory(ctx, "the results", sizeof *results);
    pal_status status = evaluate_parse(&job, options);
    if (status == PAL_OK) status = evaluate_run(&job, &results->json);
    pal_arena_release(&job.scratch);
    if (status == PAL_OK && !results->json) status = pal_fail_memory(ctx, "the results", 1e4);
    if (status != PAL_OK) {
        pal_results_free(results);
        return status;
    }
    *out = results;
    return PAL_OK;
}

pal_status pal_evaluate_check(pal_ctx *ctx, const char *options) {
    TRY(pal_verb_start(ctx));
    evaluate_job job = {.ctx = ctx};
    pal_status status = evaluate_parse(&job, options);
    pal_arena_release(&job.scratch);
    return status;
}

/* --- results --- */

const pal_model *pal_results_model(const pal_results *results) { return results->model; }

static pal_status compare_take(pal_ctx *ctx, pal_text *text, char **out) {
    *out = pal_text_take(text);
    return *out ? PAL_OK : pal_fail_memory(ctx, "the results", 1e6);
}

pal_status pal_results_json(pal_ctx *ctx, const pal_results *results, char **out) {
    pal_text text = {0};
    pal_json_print(results->json, &text);
    return compare_take(ctx, &text, out);
}

static void compare_evaluation_text(const json_t *json, pal_text *out) {
    pal_text_addf(out, "%s, task %s: %.0f users, %.0f of them strangers\n",
                  pal_json_text_at(json, "spec", ""), pal_json_text_at(json, "task", ""),
                  pal_json_number_at(json, "n_users", 0),
                  pal_json_number_at(json, "n_strangers", 0));
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(json, "metrics"), name, value) {
        if (json_is_number(value))
            pal_text_addf(out, "  %-20s %.4f\n", name, json_number_value(value));
    }
}

pal_status pal_results_text(pal_ctx *ctx, const pal_results *results, char **out) {
    pal_text text = {0};
    if (results->is_case) {
        TRY(pal_report_case_text(ctx, results->json, &text));
    } else if (results->has_comparison) {
        TRY(pal_report_text(ctx, results->json, results->folder, &text));
    } else {
        compare_evaluation_text(results->json, &text);
    }
    return compare_take(ctx, &text, out);
}

static pal_status compare_write(pal_ctx *ctx, pal_batch *files, const char *name,
                                const pal_text *text) {
    if (text->failed) return pal_fail_memory(ctx, name, (double)text->length);
    return pal_batch_write(ctx, files, name, text->bytes, text->length);
}

static pal_status compare_save(pal_ctx *ctx, const pal_results *results, pal_batch *files) {
    pal_text json = {0};
    pal_writer *model;
    pal_json_print(results->json, &json);
    pal_status status = compare_write(ctx, files, "results.json", &json);
    if (status == PAL_OK)
        status = pal_report_draw(ctx, "results.json", json.bytes, json.length, files);
    pal_text_release(&json);
    TRY(status);
    if (!results->model) return PAL_OK;
    TRY(pal_batch_add(ctx, files, "model.palate", &model));
    return pal_model_put(ctx, results->model, model);
}

static pal_status compare_save_case(pal_ctx *ctx, const pal_results *results, pal_batch *files) {
    pal_text json = {0}, html = {0}, initial = {0};
    pal_json_print(results->json, &json);
    pal_status status = compare_write(ctx, files, "case.json", &json);
    if (status == PAL_OK) status = pal_report_case_html(ctx, results->json, &html);
    if (status == PAL_OK) status = compare_write(ctx, files, "case.html", &html);
    if (results->initial) pal_text_add(&initial, results->initial);
    if (status == PAL_OK && results->initial)
        status = compare_write(ctx, files, "initial.json", &initial);
    pal_text_release(&json);
    pal_text_release(&html);
    pal_text_release(&initial);
    return status;
}

pal_status pal_results_save(pal_ctx *ctx, pal_results *results, const char *folder) {
    pal_batch files = {0};
    if (!results->has_comparison && !results->is_case)
        return pal_fail(ctx, PAL_EUSAGE, "only a comparison or a case has a report to save");
    TRY(pal_batch_open(ctx, folder, &files));
    pal_status status = results->is_case ? compare_save_case(ctx, results, &files)
                                         : compare_save(ctx, results, &files);
    if (status == PAL_OK) {
        status = pal_batch_commit(ctx, &files);
    } else {
        pal_batch_abort(&files);
    }
    TRY(status);
    char *copy = strdup(folder);
    if (!copy) return pal_fail_memory(ctx, "the results", (double)strlen(folder));
    free(results->folder);
    results->folder = copy;
    return PAL_OK;
}

void pal_results_free(pal_results *results) {
    if (!results) return;
    json_decref(results->json);
    free(results->folder);
    free(results->initial);
    if (results->has_comparison) pal_comparison_release(&results->comparison);
    free(results);
}
