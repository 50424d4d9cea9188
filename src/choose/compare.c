/* compare.c - trains each spec on train and judges it on validation, trains it again on train +
 * validation and judges it on the test: the same questions for all. */
#include "choose/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/progress.h"
#include "eval/trec.h"
#include "models/registry.h"

static const char *const compare_preferences[] = {"accuracy", "cost", NULL};

#define FIELD(name) offsetof(pal_compare_options, name)
const pal_param pal_compare_params[] = {
    {.name = "prefer",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(prefer),
     .choices = compare_preferences,
     .help = "what the verdict looks at first; a cheaper model wins only when it loses less than "
             "--worth"},
    {.name = "worth",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(worth),
     .initial = "0.02",
     .min = 0,
     .max = 1,
     .help = "share of the accuracy that a cheaper model may lose at the most"},
    {.name = "limit",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(limit),
     .value_name = "LIMITS",
     .help = "what a model may cost, e.g. \"list_us_p99=500; memory=1GB; model=100MB; train=60\""},
    {0},
};
#undef FIELD

/* --- specs --- */

const char *const *pal_default_specs(const pal_log *log) {
    static const char *const with_times[] = {
        "random", "popular", "popular half_life=7d", "popular half_life=30d", "item_knn",
        "ease",   NULL};
    static const char *const without_times[] = {"random", "popular", "item_knn", "ease", NULL};
    return log->times ? with_times : without_times;
}

/* --- options --- */

/* Joins the two tables for the parser: comparing takes all that an evaluation takes. */
static pal_status compare_parse(pal_ctx *ctx, const char *text, pal_arena *arena,
                                pal_compare_options *out) {
    pal_params_init(pal_protocol_params, &out->protocol);
    pal_params_init(pal_compare_params, out);
    return pal_params_parse_tables(ctx, "compare",
                                   (const pal_param_group[]){{pal_protocol_params, &out->protocol},
                                                             {pal_compare_params, out},
                                                             {0}},
                                   arena, text);
}

/* --- limits --- */

static const pal_param compare_limit_params[] = {
    {.name = "list_us_p99",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(pal_limits, list_us_p99),
     .initial = "0",
     .min = 0,
     .max = 1e12,
     .help = "microseconds of the slowest list in a hundred"},
    {.name = "memory",
     .type = PAL_PARAM_BYTES,
     .offset = offsetof(pal_limits, memory),
     .initial = "0",
     .min = 0,
     .max = 1e15,
     .help = "bytes while training"},
    {.name = "model",
     .type = PAL_PARAM_BYTES,
     .offset = offsetof(pal_limits, model),
     .initial = "0",
     .min = 0,
     .max = 1e15,
     .help = "bytes of the model"},
    {.name = "train",
     .type = PAL_PARAM_SECONDS,
     .offset = offsetof(pal_limits, train),
     .initial = "0",
     .min = 0,
     .max = 1e9,
     .help = "seconds of training"},
    {0},
};

static pal_status compare_parse_limits(pal_ctx *ctx, const char *text, pal_arena *arena,
                                       pal_limits *out) {
    char *copy = pal_arena_text(arena, text ? text : "", text ? strlen(text) : 0);
    if (!copy) return pal_fail_memory(ctx, "--limit", 1e3);
    for (char *c = copy; *c; c++) *c = *c == ';' ? ' ' : *c;
    return pal_params_parse(ctx, "--limit", compare_limit_params, out, arena, copy);
}

bool pal_row_within_limits(const pal_comparison *comparison, const pal_row *row) {
    const pal_limits *limits = &comparison->limits;
    return (limits->list_us_p99 <= 0 || row->test.list_us_p99 <= limits->list_us_p99) &&
           (limits->memory <= 0 || row->peak_bytes <= limits->memory) &&
           (limits->model <= 0 || row->model_bytes <= limits->model) &&
           (limits->train <= 0 || row->train_seconds <= limits->train);
}

/* --- one job --- */

typedef struct {
    pal_ctx *ctx;
    const pal_data *data;
    pal_comparison *out;
    pal_log train, history; /* weighed by --half-life and --train-window */
    bool is_weighed;
    pal_model *fallback_valid, *fallback_test; /* of --fallback SPEC, or NULL */
    pal_row_fn *on_row;
    void *on_row_arg;
    int32_t choice_k;
} compare_job;

static pal_train_input compare_input(const compare_job *job, bool final) {
    const pal_split *split = &job->out->split;
    const pal_log *whole = final ? &split->history : &split->train;
    const pal_log *weighed = final ? &job->history : &job->train;
    return (pal_train_input){.log = job->is_weighed ? weighed : whole,
                             .histories = whole,
                             .items = job->data->catalog.ids.n ? &job->data->catalog : NULL,
                             .world = job->data->world};
}

static pal_rank_options compare_rank(const compare_job *job, bool final, bool self) {
    const char *fallback = job->out->options.protocol.fallback;
    pal_rank_options rank = {.fallback = final ? job->fallback_test : job->fallback_valid};
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
static pal_status compare_reveal(const compare_job *job, const pal_questions *q, pal_arena *scratch,
                                 pal_questions *out) {
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

static pal_status compare_evaluate(const compare_job *job, const pal_table *table, bool final,
                                   bool self, const pal_model *model, const pal_slices *slices,
                                   pal_evaluation *out) {
    const pal_questions *q = final ? &table->test : &table->valid;
    pal_rank_options rank = compare_rank(job, final, self);
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

/* --- one row --- */

/* On validation: what the choice is made by. */
static pal_status compare_validate(const compare_job *job, const pal_table *table,
                                   const pal_model *model, pal_row *row) {
    pal_evaluation valid;
    TRY(compare_evaluate(job, table, false, false, model, NULL, &valid));
    row->valid_choice = valid.mean[0];
    row->valid_known = compare_part_mean(&table->valid, valid.by_user, false);
    pal_evaluation_release(&valid);
    if (!(model->kind->traits & PAL_SCORES_STRANGERS)) return PAL_OK;
    TRY(compare_evaluate(job, table, false, true, model, NULL, &valid));
    row->valid_strangers = compare_part_mean(&table->valid, valid.by_user, true);
    pal_evaluation_release(&valid);
    return PAL_OK;
}

static pal_status compare_test(const compare_job *job, const pal_table *table,
                               const pal_model *model, pal_row *row) {
    TRY(compare_evaluate(job, table, true, false, model, &table->slices, &row->test));
    if (!(model->kind->traits & PAL_SCORES_STRANGERS)) return PAL_OK;
    pal_evaluation own;
    TRY(compare_evaluate(job, table, true, true, model, NULL, &own));
    row->test_strangers_own = compare_part_mean(&table->test, own.by_user, true);
    pal_evaluation_release(&own);
    return PAL_OK;
}

/* Intervals of all metrics of single lists, and of the choice metric in each slice. */
static pal_status compare_intervals(const compare_job *job, const pal_table *table, pal_row *row) {
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

static void compare_describe_row(pal_row *row, const pal_model *model) {
    snprintf(row->name, sizeof row->name, "%s", model->spec);
    row->kind = model->kind->name;
    row->family = model->kind->family;
    row->traits = model->kind->traits;
}

static pal_status compare_train(const compare_job *job, bool final, const char *spec,
                                bool is_oracle, pal_model **out) {
    pal_train_input input = compare_input(job, final);
    return is_oracle ? pal_model_train_kind(job->ctx, &pal_kind_oracle, "", &input, out)
                     : pal_model_train(job->ctx, spec, &input, out);
}

/* A spec in every table: the models are trained once for all tasks. */
static pal_status compare_spec(compare_job *job, const char *spec, bool is_oracle, int32_t r) {
    pal_comparison *out = job->out;
    pal_model *model = NULL, *final = NULL;
    TRY(compare_train(job, false, spec, is_oracle, &model));
    pal_status status = PAL_OK;
    for (int32_t t = 0; status == PAL_OK && t < out->n_tables; t++) {
        compare_describe_row(&out->tables[t].rows[r], model);
        status = compare_validate(job, &out->tables[t], model, &out->tables[t].rows[r]);
    }
    if (status == PAL_OK && out->options.protocol.refit == 0) {
        pal_model_free(model);
        model = NULL;
        status = compare_train(job, true, spec, is_oracle, &final);
    } else {
        final = model;
        model = NULL;
    }
    for (int32_t t = 0; status == PAL_OK && t < out->n_tables; t++) {
        pal_row *row = &out->tables[t].rows[r];
        row->train_seconds = final->cost.seconds;
        row->peak_bytes = final->cost.peak_bytes;
        row->multiply_adds = final->cost.multiply_adds;
        row->model_bytes = pal_model_state_bytes(final);
        status = compare_test(job, &out->tables[t], final, row);
        if (status == PAL_OK) status = compare_intervals(job, &out->tables[t], row);
        if (status == PAL_OK) row->status = PAL_ROW_DONE;
    }
    pal_model_free(model);
    if (status == PAL_OK && !is_oracle) {
        out->tables[0].rows[r].model = final;
    } else {
        pal_model_free(final);
    }
    return status;
}

/* A run of the system in use today: a row without validation, in the window task's table. */
static pal_status compare_run_file(compare_job *job, const char *path, pal_table *table,
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

static void compare_finish_row(compare_job *job, int32_t r, pal_status status) {
    pal_comparison *out = job->out;
    for (int32_t t = 0; t < out->n_tables; t++) {
        pal_row *row = &out->tables[t].rows[r];
        if (status != PAL_OK && row->status != PAL_ROW_DONE) {
            row->status = status == PAL_ECANCELLED ? PAL_ROW_SKIPPED : PAL_ROW_FAILED;
            snprintf(row->reason, sizeof row->reason, "%s", job->ctx->error);
        }
        if (job->on_row) job->on_row(job->on_row_arg, out, t, r);
    }
}

static void compare_name_row(pal_comparison *out, int32_t r, const char *name) {
    for (int32_t t = 0; t < out->n_tables; t++) {
        pal_row *row = &out->tables[t].rows[r];
        snprintf(row->name, sizeof row->name, "%s", name);
        row->kind = row->family = "";
        row->valid_choice = row->valid_known = row->valid_strangers = row->test_strangers_own = NAN;
        row->status = PAL_ROW_SKIPPED;
        snprintf(row->reason, sizeof row->reason, "stopped before its turn");
    }
}

/* --- all rows --- */

/* Specs are checked before anything is trained: a typo costs no time. */
static pal_status compare_check_specs(pal_ctx *ctx, const char *const *specs) {
    pal_arena scratch = {0};
    pal_status status = PAL_OK;
    for (int32_t i = 0; status == PAL_OK && specs[i]; i++) {
        const pal_kind *kind;
        void *params;
        status = pal_kind_parse(ctx, specs[i], &scratch, &kind, &params);
    }
    pal_arena_release(&scratch);
    return status;
}

static pal_status compare_rows(compare_job *job, const char *const *specs) {
    pal_comparison *out = job->out;
    int32_t r = 0, n_runs = out->options.protocol.runs.n, n_done = 0;
    pal_status last = PAL_OK;
    for (; specs[r]; r++) compare_name_row(out, r, specs[r]);
    int32_t n_specs = r;
    if (job->data->world) compare_name_row(out, r++, "oracle");
    for (int32_t i = 0; i < n_runs; i++)
        compare_name_row(out, r + i, out->options.protocol.runs.at[i]);
    for (r = 0; r < out->tables[0].n_rows; r++) {
        bool is_oracle = job->data->world && r == n_specs;
        int32_t run = r - n_specs - (job->data->world != NULL);
        for (int32_t t = 0; t < out->n_tables; t++) {
            out->tables[t].rows[r].is_oracle = is_oracle;
            out->tables[t].rows[r].is_run = run >= 0;
        }
        pal_status status = pal_check_cancelled(job->ctx);
        if (status == PAL_OK && run < 0)
            status = compare_spec(job, is_oracle ? "" : specs[r], is_oracle, r);
        for (int32_t t = 0; status == PAL_OK && run >= 0 && t < out->n_tables; t++) {
            status = compare_run_file(job, out->options.protocol.runs.at[run], &out->tables[t],
                                      &out->tables[t].rows[r]);
        }
        if (run >= 0 && status != PAL_OK && status != PAL_ECANCELLED) return status;
        if (status == PAL_ECANCELLED) out->interrupted = true;
        n_done += status == PAL_OK;
        last = status == PAL_OK ? last : status;
        compare_finish_row(job, r, status);
    }
    if (n_done > 0) return PAL_OK;
    if (out->interrupted) return PAL_ECANCELLED;
    return pal_fail(job->ctx, last, "no model could be compared; the last said: %s",
                    out->tables[0].rows[n_specs - 1].reason);
}

/* --- choosing --- */

/* Chosen on validation among kinds that are no control, within the limits. */
static int32_t compare_best(const pal_comparison *out, const pal_table *table, bool strangers) {
    int32_t best = -1;
    double best_value = -INFINITY;
    for (int32_t r = 0; r < table->n_rows; r++) {
        const pal_row *row = &table->rows[r];
        double value = strangers                 ? row->valid_strangers
                       : isnan(row->valid_known) ? row->valid_choice
                                                 : row->valid_known;
        if (row->status != PAL_ROW_DONE || row->is_run || row->is_oracle ||
            (row->traits & PAL_IS_CONTROL) || isnan(value))
            continue;
        if (!pal_row_within_limits(out, row)) continue;
        if (value > best_value) {
            best_value = value;
            best = r;
        }
    }
    return best;
}

static pal_status compare_differences(compare_job *job, pal_table *table) {
    if (table->winner_known < 0) return PAL_OK;
    const pal_row *winner = &table->rows[table->winner_known];
    pal_arena scratch = {0};
    const double **others = PAL_ARENA_ARRAY(&scratch, const double *, table->n_rows);
    int32_t *rows = PAL_ARENA_ARRAY(&scratch, int32_t, table->n_rows), n = 0;
    pal_interval *intervals = PAL_ARENA_ARRAY(&scratch, pal_interval, table->n_rows);
    pal_status status =
        others && rows && intervals ? PAL_OK : pal_fail_memory(job->ctx, "the intervals", 1e3);
    for (int32_t r = 0; status == PAL_OK && r < table->n_rows; r++) {
        if (r == table->winner_known || table->rows[r].status != PAL_ROW_DONE) continue;
        others[n] = table->rows[r].test.by_user;
        rows[n++] = r;
    }
    if (status == PAL_OK) {
        status = pal_bootstrap_differences(
            job->ctx, winner->test.by_user, others, n, winner->test.n_users,
            job->out->options.protocol.resamples, job->ctx->seed, intervals);
    }
    double widest = 0;
    for (int32_t i = 0; status == PAL_OK && i < n; i++) {
        pal_row *row = &table->rows[rows[i]];
        row->difference = intervals[i];
        row->tied = intervals[i].low <= 0 && intervals[i].high >= 0;
        double half = (intervals[i].high - intervals[i].low) / 2;
        if (!(row->traits & PAL_IS_CONTROL) && half > widest) widest = half;
    }
    table->smallest_difference = widest;
    pal_arena_release(&scratch);
    return status;
}

/* Nobody is both faster and better. */
static void compare_front(pal_table *table) {
    for (int32_t r = 0; r < table->n_rows; r++) {
        pal_row *row = &table->rows[r];
        row->on_front =
            row->status == PAL_ROW_DONE && !row->is_run && !(row->traits & PAL_IS_CONTROL);
        for (int32_t o = 0; row->on_front && o < table->n_rows; o++) {
            const pal_row *other = &table->rows[o];
            if (o == r || other->status != PAL_ROW_DONE || other->is_run || other->is_oracle)
                continue;
            row->on_front = !(other->train_seconds < row->train_seconds &&
                              other->test.mean[0] > row->test.mean[0]);
        }
    }
}

/* The verdict's model answers strangers as the verdict says. */
static pal_status compare_give_fallback(compare_job *job) {
    pal_table *table = &job->out->tables[0];
    if (table->winner_known < 0 || table->winner_strangers < 0 ||
        table->winner_known == table->winner_strangers)
        return PAL_OK;
    pal_model *model = table->rows[table->winner_known].model;
    const pal_row *strangers = &table->rows[table->winner_strangers];
    if (!model || (model->kind->traits & PAL_SCORES_STRANGERS)) return PAL_OK;
    pal_train_input input = compare_input(job, true);
    pal_model *fallback;
    TRY(pal_model_train(job->ctx, strangers->name, &input, &fallback));
    pal_model_set_fallback(model, fallback);
    return PAL_OK;
}

/* What the file remembers of how good its model is. */
static pal_status compare_remember(compare_job *job) {
    pal_table *table = &job->out->tables[0];
    for (int32_t r = 0; r < table->n_rows; r++) {
        pal_row *row = &table->rows[r];
        if (!row->model) continue;
        pal_text text = {0};
        pal_text_addf(
            &text,
            "{\"fingerprint\": \"%s\", \"metric\": \"%s\", \"validation\": %.9g, \"test\": %.9g}",
            table->fingerprint, job->out->measures.at[0].name,
            isnan(row->valid_choice) ? 0 : row->valid_choice, row->test.mean[0]);
        free(row->model->metrics);
        row->model->metrics = pal_text_take(&text);
        if (!row->model->metrics) return pal_fail_memory(job->ctx, "a model", 1e3);
    }
    return PAL_OK;
}

static pal_status compare_choose(compare_job *job) {
    for (int32_t t = 0; t < job->out->n_tables; t++) {
        pal_table *table = &job->out->tables[t];
        table->winner_known = compare_best(job->out, table, false);
        table->winner_strangers = compare_best(job->out, table, true);
        TRY(compare_differences(job, table));
        compare_front(table);
    }
    TRY(compare_remember(job));
    return compare_give_fallback(job);
}

/* --- set-up --- */

/* New items of the catalog extend the candidates when asked; kinds that cannot score them rank them
 * last. */
static int32_t compare_candidates(const compare_job *job, const pal_log *history) {
    const pal_split *split = &job->out->split;
    if (job->out->options.protocol.candidates == PAL_CANDIDATES_SEEN) return history->n_items;
    int32_t n = split->item_ids.n;
    for (int32_t i = 0; i < job->data->catalog.ids.n; i++) {
        const char *id = pal_ids_at(&job->data->catalog.ids, i);
        n += pal_ids_find(&split->item_ids, id, strlen(id)) < 0;
    }
    return n;
}

static pal_status compare_table(compare_job *job, pal_task task, int32_t n_rows, pal_table *table) {
    pal_comparison *out = job->out;
    const pal_protocol *protocol = &out->options.protocol;
    const pal_split *split = &out->split;
    bool refits = protocol->refit == 0;
    *table =
        (pal_table){.task = task, .n_rows = n_rows, .winner_known = -1, .winner_strangers = -1};
    pal_protocol_fingerprint(protocol, task, split, table->fingerprint);
    table->rows = PAL_ARENA_ARRAY(&out->arena, pal_row, n_rows);
    if (!table->rows)
        return pal_fail_memory(job->ctx, "the table", sizeof(pal_row) * (double)n_rows);
    TRY(pal_questions_make(job->ctx, protocol, task, &split->train, &split->valid,
                           compare_candidates(job, &split->train), &table->valid));
    TRY(pal_questions_make(
        job->ctx, protocol, task, refits ? &split->history : &split->train, &split->test,
        compare_candidates(job, refits ? &split->history : &split->train), &table->test));
    TRY(pal_slices_make(job->ctx, &table->test, split, &table->slices));
    int64_t unreachable = 0;
    for (int64_t r = 0; r < table->test.n_pairs; r++)
        unreachable += table->test.relevant[r] >= split->history.n_items;
    table->ceiling = table->test.n_pairs ? (double)unreachable / (double)table->test.n_pairs : 0;
    return protocol->trec ? pal_trec_write_qrels(job->ctx, protocol->trec, &table->test, split)
                          : PAL_OK;
}

static pal_status compare_weigh(compare_job *job) {
    const pal_data_options *options = &job->data->options;
    job->is_weighed = options->half_life > 0 || options->train_window > 0;
    if (!job->is_weighed) return PAL_OK;
    TRY(pal_log_weigh(job->ctx, &job->out->split.train, options->half_life, options->train_window,
                      &job->train));
    return pal_log_weigh(job->ctx, &job->out->split.history, options->half_life,
                         options->train_window, &job->history);
}

static pal_status compare_train_fallback(compare_job *job) {
    const char *fallback = job->out->options.protocol.fallback;
    if (pal_name_equal(fallback, "popular") || pal_name_equal(fallback, "none")) return PAL_OK;
    pal_train_input train = compare_input(job, false), final = compare_input(job, true);
    TRY(pal_model_train(job->ctx, fallback, &train, &job->fallback_valid));
    if (!(job->fallback_valid->kind->traits & PAL_SCORES_STRANGERS)) {
        return pal_fail(job->ctx, PAL_EUSAGE,
                        "--fallback: %s cannot answer people without history: use popular, none or "
                        "popular half_life=7d",
                        fallback);
    }
    return pal_model_train(job->ctx, fallback, &final, &job->fallback_test);
}

static pal_status compare_write_runs(compare_job *job) {
    const pal_comparison *out = job->out;
    if (!out->options.protocol.trec) return PAL_OK;
    const pal_table *table = &out->tables[0];
    for (int32_t r = 0; r < table->n_rows; r++) {
        if (table->rows[r].status != PAL_ROW_DONE || table->rows[r].is_run) continue;
        TRY(pal_trec_write_run(job->ctx, out->options.protocol.trec, table->rows[r].name,
                               &table->test, &out->split, &table->rows[r].test.lists));
    }
    return PAL_OK;
}

static pal_status compare_prepare(compare_job *job, const char *const *specs, const char *options) {
    pal_comparison *out = job->out;
    pal_protocol *protocol = &out->options.protocol;
    TRY(compare_parse(job->ctx, options, &out->arena, &out->options));
    TRY(compare_parse_limits(job->ctx, out->options.limit, &out->arena, &out->limits));
    TRY(compare_check_specs(job->ctx, specs));
    TRY(pal_inspect_log(job->ctx, &job->data->parts[0], &out->inspection));
    TRY(pal_protocol_settle(job->ctx, job->data, &out->inspection, protocol));
    TRY(pal_split_make(job->ctx, job->data, protocol->split, &out->split));
    TRY(compare_weigh(job));
    TRY(compare_train_fallback(job));
    pal_measures_list(&protocol->k, &out->measures);
    int32_t n_rows = protocol->runs.n + (job->data->world != NULL);
    while (specs[n_rows - protocol->runs.n - (job->data->world != NULL)]) n_rows++;
    bool both = protocol->task == PAL_TASK_BOTH;
    out->n_tables = 0;
    for (int32_t t = 0; t < 1 + both; t++) {
        pal_task task = both ? (t ? PAL_TASK_NEXT : PAL_TASK_WINDOW) : (pal_task)protocol->task;
        out->n_tables++;
        TRY(compare_table(job, task, n_rows, &out->tables[t]));
    }
    if (job->on_row) job->on_row(job->on_row_arg, out, 0, -1);
    return PAL_OK;
}

pal_status pal_compare_run(pal_ctx *ctx, const pal_data *data, const char *const *specs,
                           const char *options, pal_row_fn *on_row, void *on_row_arg,
                           pal_comparison *out) {
    memset(out, 0, sizeof *out);
    out->data = data;
    compare_job job = {
        .ctx = ctx, .data = data, .out = out, .on_row = on_row, .on_row_arg = on_row_arg};
    if (!specs || !specs[0]) specs = pal_default_specs(&data->parts[0]);
    pal_status status = compare_prepare(&job, specs, options);
    if (status == PAL_OK) status = compare_rows(&job, specs);
    if (status == PAL_OK) status = compare_write_runs(&job);
    if (status == PAL_OK) {
        /* What is done is worth a verdict, also after a request to stop. */
        atomic_store(&ctx->cancelled, false);
        status = compare_choose(&job);
    }
    pal_model_free(job.fallback_valid);
    pal_model_free(job.fallback_test);
    pal_log_release(&job.train);
    pal_log_release(&job.history);
    if (status != PAL_OK) pal_comparison_release(out);
    return status;
}

void pal_comparison_release(pal_comparison *comparison) {
    for (int32_t t = 0; t < comparison->n_tables; t++) {
        pal_table *table = &comparison->tables[t];
        for (int32_t r = 0; table->rows && r < table->n_rows; r++) {
            pal_model_free(table->rows[r].model);
            pal_evaluation_release(&table->rows[r].test);
        }
        pal_questions_release(&table->valid);
        pal_questions_release(&table->test);
        pal_slices_release(&table->slices);
    }
    pal_split_release(&comparison->split);
    pal_arena_release(&comparison->arena);
    memset(comparison, 0, sizeof *comparison);
}
