/* json.c - the results document: all that a report draws. What a clock measured stands under
 * "measured" alone. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "report/document.h"
#include "report/report.h"

static json_t *json_interval(const pal_interval *interval) {
    return json_pack("{s:o, s:o, s:o}", "mean", pal_json_real(interval->mean), "low",
                     pal_json_real(interval->low), "high", pal_json_real(interval->high));
}

/* --- one model --- */

static json_t *json_metrics(const pal_comparison *comparison, const pal_row *row) {
    json_t *metrics = json_object();
    for (int32_t m = 0; m < comparison->measures.n; m++) {
        json_object_set_new(metrics, comparison->measures.at[m].name,
                            json_interval(&row->intervals[m]));
    }
    return metrics;
}

static json_t *json_row_slices(const pal_comparison *comparison, const pal_table *table,
                               const pal_row *row) {
    json_t *slices = json_array();
    int32_t n_measures = comparison->measures.n;
    for (int32_t s = 0; s < table->slices.n; s++) {
        const pal_slice *slice = &table->slices.at[s];
        json_t *metrics = json_object();
        for (int32_t m = 0; m < n_measures; m++) {
            if (!comparison->measures.at[m].metric->of_list) continue;
            json_object_set_new(metrics, comparison->measures.at[m].name,
                                pal_json_real(row->test.by_slice[(int64_t)s * n_measures + m]));
        }
        json_array_append_new(
            slices,
            json_pack("{s:s, s:s, s:i, s:I, s:o, s:o}", "name", slice->name, "group", slice->group,
                      "n", (int)slice->n_users, "n_pairs", (json_int_t)slice->n_pairs, "interval",
                      json_interval(&row->slice_intervals[s]), "metrics", metrics));
        if (s == table->new_slice && row->is_blind_to_new && !row->is_run)
            json_object_set_new(json_array_get(slices, json_array_size(slices) - 1), "cannot",
                                json_true());
    }
    return slices;
}

/* Losses and what validation said after each epoch: at most 200 points, the best among them. */
static json_t *json_curve(const pal_row *row) {
    enum { POINTS = 200 };
    const pal_curve *curve = &row->curve;
    json_t *epochs = json_array(), *loss = json_array(), *judged = json_array();
    int32_t step = (curve->n + POINTS - 1) / POINTS;
    for (int32_t e = 0; e < curve->n; e++) {
        if (e % step && e + 1 != curve->n && e + 1 != curve->best) continue;
        json_array_append_new(epochs, json_integer(e + 1));
        json_array_append_new(loss, pal_json_real(curve->loss[e]));
        json_array_append_new(judged, pal_json_real(curve->judged[e]));
    }
    return json_pack("{s:i, s:i, s:s, s:b, s:o, s:o, s:o}", "n", (int)curve->n, "best",
                     (int)curve->best, "judged_by", row->predicts_values ? "minus rmse" : "choice",
                     "budget_limited", (int)curve->is_budget_limited, "epochs", epochs, "loss",
                     loss, "judged", judged);
}

static json_t *json_growth(const pal_row *row) {
    json_t *growth = json_array();
    for (int32_t i = 0; i < row->n_growth; i++) {
        const pal_growth *at = &row->growth[i];
        json_array_append_new(growth, json_pack("{s:o, s:i, s:I, s:o, s:I, s:o}", "share",
                                                pal_json_real(pal_growth_shares[i]), "users",
                                                (int)at->users, "events", (json_int_t)at->events,
                                                "multiply_adds", pal_json_real(at->multiply_adds),
                                                "model_bytes", (json_int_t)at->model_bytes,
                                                "metric", pal_json_real(at->metric)));
    }
    for (int32_t i = 0; i < row->n_growth; i++) {
        if (row->growth[i].has_gain)
            json_object_set_new(json_array_get(growth, (size_t)i), "gain",
                                json_interval(&row->growth[i].gain));
    }
    return growth;
}

/* What the second domain does for the row. */
static json_t *json_source(const pal_table *table, const pal_row *row) {
    static const char *const verdicts[] = {"cannot tell", "helps", "does not help"};
    json_t *effects = json_array();
    for (int32_t e = 0; e < row->n_effects; e++) {
        const pal_source_effect *effect = &row->effects[e];
        json_array_append_new(effects, json_pack("{s:s, s:i, s:o}", "over", effect->name, "n",
                                                 (int)effect->n_users, "gain",
                                                 json_interval(&effect->gain)));
    }
    return json_pack("{s:o, s:s, s:o, s:o}", "twin", pal_json_text(table->rows[row->twin].name),
                     "verdict", verdicts[row->source_verdict], "says",
                     pal_json_text(row->source_says), "effects", effects);
}

static json_t *json_row_clicks(const pal_row *row) {
    const pal_click_errors *clicks = &row->clicks;
    return json_pack("{s:o, s:o, s:o, s:o}", "auc", json_interval(&clicks->auc), "gauc",
                     json_interval(&clicks->gauc), "logloss", json_interval(&clicks->logloss),
                     "calibration", pal_json_real(clicks->calibration));
}

static json_t *json_measured(const pal_row *row) {
    json_t *json =
        json_pack("{s:o, s:I, s:o, s:o, s:b}", "train_seconds", pal_json_real(row->train_seconds),
                  "peak_memory_bytes", (json_int_t)row->peak_bytes, "list_us_p50",
                  pal_json_real(row->test.list_us_p50), "list_us_p99",
                  pal_json_real(row->test.list_us_p99), "on_front", row->on_front);
    if (row->n_growth == 0) return json;
    json_t *seconds = json_array(), *bytes = json_array();
    for (int32_t i = 0; i < row->n_growth; i++) {
        json_array_append_new(seconds, pal_json_real(row->growth[i].seconds));
        json_array_append_new(bytes, json_integer(row->growth[i].peak_bytes));
    }
    json_object_set_new(json, "growth_seconds", seconds);
    json_object_set_new(json, "growth_peak_bytes", bytes);
    return json;
}

static const char *const json_statuses[] = {"done", "skipped", "failed"};

static json_t *json_row(const pal_comparison *comparison, const pal_table *table, int32_t r) {
    const pal_row *row = &table->rows[r];
    json_t *json =
        json_pack("{s:o, s:s, s:s, s:s}", "spec", pal_json_text(row->name), "kind", row->kind,
                  "family", row->family, "status", json_statuses[row->status]);
    json_object_set_new(json, "role",
                        json_string(row->is_run                    ? "run"
                                    : row->is_oracle               ? "oracle"
                                    : row->traits & PAL_IS_CONTROL ? "control"
                                                                   : "model"));
    if (row->status != PAL_ROW_DONE) {
        json_object_set_new(json, "reason", pal_json_text(row->reason));
        return json;
    }
    json_object_set_new(json, "winner", json_boolean(r == table->winner_known));
    json_object_set_new(json, "tied", json_boolean(row->tied));
    json_object_set_new(json, "metrics", json_metrics(comparison, row));
    json_object_set_new(json, "difference",
                        r == table->winner_known || table->winner_known < 0
                            ? json_null()
                            : json_interval(&row->difference));
    json_object_set_new(json, "known_difference",
                        r == table->winner_known || table->winner_known < 0
                            ? json_null()
                            : json_interval(&row->known_difference));
    json_object_set_new(json, "within_limits",
                        json_boolean(pal_row_within_limits(comparison, row)));
    json_object_set_new(json, "validation",
                        json_pack("{s:o, s:o, s:o, s:o}", "all", pal_json_real(row->valid_choice),
                                  "known", pal_json_real(row->valid_known), "strangers",
                                  pal_json_real(row->valid_strangers), "new_items",
                                  pal_json_real(row->valid_new)));
    bool has_new =
        comparison->options.protocol.candidates != PAL_CANDIDATES_SEEN || table->new_slice >= 0;
    if (has_new && !row->is_run)
        json_object_set_new(json, "scores_new_items", json_boolean(!row->is_blind_to_new));
    if (row->reason[0]) json_object_set_new(json, "reason", pal_json_text(row->reason));
    if (row->below) json_object_set_new(json, "below", pal_json_text(row->below));
    if (row->source_says) json_object_set_new(json, "source", json_source(table, row));
    if (row->new_by_user) json_object_set_new(json, "new_alone", json_interval(&row->new_alone));
    json_object_set_new(json, "strangers_own", json_interval(&row->strangers_own));
    json_object_set_new(json, "slices", json_row_slices(comparison, table, row));
    if (row->predicts_values)
        json_object_set_new(json, "ratings",
                            json_pack("{s:o, s:o, s:o}", "rmse", json_interval(&row->ratings.rmse),
                                      "mae", json_interval(&row->ratings.mae), "validation_rmse",
                                      pal_json_real(row->valid_rmse)));
    if (row->has_clicks) json_object_set_new(json, "clicks", json_row_clicks(row));
    if (row->curve.n) json_object_set_new(json, "curve", json_curve(row));
    if (row->n_growth) json_object_set_new(json, "growth", json_growth(row));
    const pal_model *model = comparison->tables[0].rows[r].model;
    if (model) json_object_set_new(json, "flow", pal_document_flow(comparison, model));
    json_object_set_new(json, "model_bytes", json_integer(row->model_bytes));
    json_object_set_new(json, "parameters", json_integer(row->parameters));
    json_object_set_new(json, "multiply_adds", pal_json_real(row->multiply_adds));
    json_object_set_new(json, "measured", json_measured(row));
    return json;
}

/* --- example users --- */

enum { JSON_EXAMPLES = 3, JSON_EXAMPLE_ITEMS = 10, JSON_EXAMPLE_MODELS = 6 };

static json_t *json_item(const pal_comparison *comparison, int32_t item) {
    const char *id = pal_ids_at(&comparison->split.item_ids, item);
    return json_pack("{s:o, s:o}", "id", pal_json_text(id), "title",
                     pal_json_text(pal_catalog_title(&comparison->data->catalog, id)));
}

static bool json_is_relevant(const pal_questions *q, int32_t query, int32_t item) {
    for (int64_t r = q->relevant_starts[query]; r < q->relevant_starts[query + 1]; r++) {
        if (q->relevant[r] == item) return true;
    }
    return false;
}

static json_t *json_example_list(const pal_comparison *comparison, const pal_table *table,
                                 const pal_row *row, int32_t query) {
    json_t *items = json_array();
    const pal_lists *lists = &row->test.lists;
    for (int32_t i = 0; i < lists->counts[query] && i < JSON_EXAMPLE_ITEMS; i++) {
        int32_t item = lists->items[(int64_t)query * lists->k + i];
        json_t *entry = json_item(comparison, item);
        json_object_set_new(entry, "hit",
                            json_boolean(json_is_relevant(&table->test, query, item)));
        json_array_append_new(items, entry);
    }
    return json_pack("{s:o, s:o}", "spec", pal_json_text(row->name), "items", items);
}

static json_t *json_example(const pal_comparison *comparison, const pal_table *table,
                            int32_t user) {
    const pal_questions *q = &table->test;
    int32_t query = q->query_starts[user], n_lists = 0;
    json_t *history = json_array(), *relevant = json_array(), *lists = json_array();
    const pal_query *asked = &q->queries[query];
    for (int32_t e = asked->n_events - 1; e >= 0 && e >= asked->n_events - JSON_EXAMPLE_ITEMS;
         e--) {
        json_array_append_new(history, json_item(comparison, asked->items[e]));
    }
    for (int64_t r = q->relevant_starts[query];
         r < q->relevant_starts[query + 1] && (int)json_array_size(relevant) < JSON_EXAMPLE_ITEMS;
         r++) {
        json_array_append_new(relevant, json_item(comparison, q->relevant[r]));
    }
    for (int32_t r = 0; r < table->n_rows && n_lists < JSON_EXAMPLE_MODELS; r++) {
        const pal_row *row = &table->rows[r];
        if (row->status != PAL_ROW_DONE || row->is_oracle || (row->traits & PAL_IS_CONTROL))
            continue;
        json_array_append_new(lists, json_example_list(comparison, table, row, query));
        n_lists++;
    }
    return json_pack("{s:o, s:I, s:o, s:o, s:o}", "user",
                     pal_json_text(pal_ids_at(&comparison->split.user_ids, q->users[user])),
                     "n_events", (json_int_t)asked->n_events, "history", history, "relevant",
                     relevant, "lists", lists);
}

/* Users with a history, spread over the test users. */
static json_t *json_examples(const pal_comparison *comparison, const pal_table *table) {
    json_t *examples = json_array();
    int32_t n = table->test.n_users;
    for (int32_t i = 0; i < JSON_EXAMPLES && i < n; i++) {
        int32_t from = (int32_t)((int64_t)n * (2 * i + 1) / (2 * JSON_EXAMPLES));
        for (int32_t step = 0; step < n; step++) {
            int32_t user = (from + step) % n;
            if (table->test.queries[table->test.query_starts[user]].n_events < 3) continue;
            json_array_append_new(examples, json_example(comparison, table, user));
            break;
        }
    }
    return examples;
}

/* --- one table --- */

static json_t *json_verdict(const pal_comparison *comparison, int32_t t) {
    pal_verdict verdict;
    pal_verdict_make(comparison, t, &verdict);
    json_t *tied = json_array(), *why = json_array();
    for (int32_t i = 0; i < verdict.n_tied; i++)
        json_array_append_new(tied, pal_json_text(verdict.tied[i]));
    for (int32_t i = 0; i < verdict.n_lines; i++)
        json_array_append_new(why, pal_json_text(verdict.lines[i]));
    return json_pack("{s:{s:o, s:o}, s:o, s:o, s:o}", "use", "known", pal_json_text(verdict.known),
                     "strangers", pal_json_text(verdict.strangers), "tied", tied, "why", why,
                     "next_user", pal_json_text(verdict.next_user));
}

/* By how much the winner's choice metric falls from the first day of the test to later ones. */
static json_t *json_staleness(const pal_table *table) {
    json_t *ages = json_array();
    for (int32_t a = 0; a < table->n_ages; a++) {
        const pal_slice *slice = &table->slices.at[table->ages[a].slice];
        json_array_append_new(ages,
                              json_pack("{s:s, s:i, s:I, s:o}", "slice", slice->name, "n",
                                        (int)slice->n_users, "n_pairs", (json_int_t)slice->n_pairs,
                                        "fall", json_interval(&table->ages[a].fall)));
    }
    return ages;
}

/* What was asked for items without a training event, among all. */
static json_t *json_new_items(const pal_table *table) {
    const pal_questions *q = &table->new_test;
    bool has_winner = table->winner_new >= 0, has_control = table->control_new >= 0;
    return json_pack(
        "{s:i, s:I, s:i, s:o, s:o, s:o}", "n_users", (int)q->n_users, "n_pairs",
        (json_int_t)q->n_pairs, "n_candidates", (int)q->n_candidates, "winner",
        has_winner ? pal_json_text(table->rows[table->winner_new].name) : json_null(), "control",
        has_control ? pal_json_text(table->rows[table->control_new].name) : json_null(),
        "over_control",
        has_winner && has_control ? json_interval(&table->over_control) : json_null());
}

static json_t *json_table(const pal_comparison *comparison, int32_t t) {
    const pal_table *table = &comparison->tables[t];
    const pal_questions *q = &table->test;
    json_t *models = json_array();
    for (int32_t r = 0; r < table->n_rows; r++)
        json_array_append_new(models, json_row(comparison, table, r));
    json_t *json = json_pack(
        "{s:s, s:s, s:i, s:i, s:i, s:i, s:I, s:I, s:I, s:I}", "task", pal_task_name(table->task),
        "fingerprint", table->fingerprint, "n_users", (int)q->n_users, "n_strangers",
        (int)q->n_strangers, "n_queries", (int)q->n_queries, "n_candidates",
        (int)(q->n_candidates - q->first_candidate), "n_pairs", (json_int_t)q->n_pairs, "n_masked",
        (json_int_t)q->n_masked, "n_not_relevant", (json_int_t)q->n_irrelevant, "n_unreachable",
        (json_int_t)q->n_unreachable);
    json_object_set_new(json, "ceiling", pal_json_real(table->ceiling));
    json_object_set_new(json, "smallest_difference", pal_json_real(table->smallest_difference));
    json_object_set_new(json, "models", models);
    json_object_set_new(json, "staleness", json_staleness(table));
    if (table->new_slice >= 0) json_object_set_new(json, "new_items", json_new_items(table));
    json_object_set_new(json, "verdict", json_verdict(comparison, t));
    json_object_set_new(json, "examples", json_examples(comparison, table));
    return json;
}

/* --- the document --- */

static json_t *json_protocol(const pal_comparison *comparison) {
    const pal_protocol *p = &comparison->options.protocol;
    const pal_table *table = &comparison->tables[0];
    const pal_split *split = &comparison->split;
    json_t *k = json_array();
    for (int32_t i = 0; i < p->k.n; i++) json_array_append_new(k, json_integer(p->k.at[i]));
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:I}", "fingerprint",
                  table->fingerprint, "split", split->spec, "task", pal_task_name(table->task), "k",
                  k, "relevant", p->relevant, "hide", pal_hide_choices[p->hide], "candidates",
                  pal_candidates_choices[p->candidates], "fallback", p->fallback, "metric",
                  comparison->measures.at[0].name, "n_users", (int)table->test.n_users,
                  "n_candidates", (int)(table->test.n_candidates - table->test.first_candidate),
                  "resamples", (json_int_t)p->resamples);
    if (p->gain) json_object_set_new(json, "gain", json_string(p->gain));
    if (comparison->n_folds) json_object_set_new(json, "folds", json_integer(comparison->n_folds));
    if (comparison->ratings.n)
        json_object_set_new(
            json, "ratings",
            json_pack("{s:I, s:o, s:o, s:o, s:o}", "n", (json_int_t)comparison->ratings.n, "low",
                      pal_json_real(comparison->ratings.low), "high",
                      pal_json_real(comparison->ratings.high), "constant_rmse",
                      pal_json_real(comparison->ratings.constant_rmse), "constant_mae",
                      pal_json_real(comparison->ratings.constant_mae)));
    if (comparison->clicks.n)
        json_object_set_new(json, "clicks",
                            json_pack("{s:I, s:I, s:i, s:I, s:I}", "n",
                                      (json_int_t)comparison->clicks.n, "n_clicked",
                                      (json_int_t)comparison->clicks.n_clicked, "n_users",
                                      (int)comparison->clicks.n_users, "n_valid",
                                      (json_int_t)comparison->clicks_valid.n, "n_valid_clicked",
                                      (json_int_t)comparison->clicks_valid.n_clicked));
    json_object_set_new(json, "n_train", json_integer(split->train.n_events));
    json_object_set_new(json, "n_valid", json_integer(split->valid.n_events));
    json_object_set_new(json, "n_test", json_integer(split->test.n_events));
    json_object_set_new(json, "valid_from", json_integer(split->valid_from));
    json_object_set_new(json, "test_from", json_integer(split->test_from));
    return json;
}

/* The command that gives this document again. */
static json_t *json_command(const pal_ctx *ctx, const pal_comparison *comparison) {
    pal_text text = {0};
    pal_compare_options options = comparison->options;
    pal_text_add(&text, "palate ");
    pal_text_add(&text, comparison->data->arguments);
    for (int32_t r = 0; r < comparison->tables[0].n_rows; r++) {
        const pal_row *row = &comparison->tables[0].rows[r];
        if (!row->is_oracle && !row->is_run) pal_params_add_flag("model", row->name, &text);
    }
    if (comparison->data->n_parts == 1) {
        options.protocol.split = comparison->split.spec;
    }
    pal_params_format_flags(pal_protocol_params, &options.protocol, &text);
    pal_params_format_flags(pal_compare_params, &options, &text);
    /* What a scenario would fill in again must be said even where it is the usual value. */
    if (comparison->data->options.scenario) {
        pal_params_format_initial(pal_protocol_params, "relevant", &options.protocol, &text);
        pal_params_format_initial(pal_protocol_params, "hide", &options.protocol, &text);
    }
    pal_text_addf(&text, " --seed %llu", (unsigned long long)ctx->seed);
    json_t *json = text.failed ? NULL : pal_json_text(text.bytes);
    pal_text_release(&text);
    return json;
}

pal_status pal_report_json(pal_ctx *ctx, const pal_comparison *comparison, json_t **out) {
    json_t *data;
    json_t *values;
    TRY(pal_document_values(ctx, comparison, &values));
    pal_status status = pal_inspect_json(ctx, comparison->data, &data);
    if (status != PAL_OK) {
        json_decref(values);
        return status;
    }
    json_t *tasks = json_array();
    for (int32_t t = 0; t < comparison->n_tables; t++)
        json_array_append_new(tasks, json_table(comparison, t));
    json_t *json = json_pack("{s:s, s:I, s:o, s:b, s:o, s:o, s:o}", "palate", PAL_VERSION, "seed",
                             (json_int_t)ctx->seed, "command", json_command(ctx, comparison),
                             "interrupted", comparison->interrupted, "protocol",
                             json_protocol(comparison), "data", data, "tasks", tasks);
    if (!json) {
        json_decref(values);
        return pal_fail_memory(ctx, "the results", 1e6);
    }
    json_object_set_new(json, "figures", json_object());
    if (values) json_object_set_new(json_object_get(json, "figures"), "values", values);
    /* The first task's table and verdict stand at the top too: where scripts look. */
    const json_t *first = json_array_get(tasks, 0);
    json_object_set(json, "models", json_object_get(first, "models"));
    json_object_set(json, "verdict", json_object_get(first, "verdict"));
    *out = json;
    return PAL_OK;
}
