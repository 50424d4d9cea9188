/* compare.c - a comparison: the same questions for all models. */
#include "choose/compare.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "choose/compare_job.h"
#include "choose/plan.h"
#include "eval/categories.h"
#include "eval/gains.h"
#include "eval/trec.h"
#include "models/registry.h"

/* --- all rows --- */

static void compare_finish_row(pal_compare_job *job, int32_t r, pal_status status) {
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
        row->valid_choice = row->valid_known = row->valid_strangers = row->valid_rmse = NAN;
        row->valid_new = NAN;
        row->twin = -1;
        row->strangers_own = (pal_interval){NAN, NAN, NAN};
        row->status = PAL_ROW_SKIPPED;
        snprintf(row->reason, sizeof row->reason, "stopped before its turn");
    }
}

static pal_status compare_rows(pal_compare_job *job, const char *const *specs) {
    pal_comparison *out = job->out;
    int32_t r = 0, n_runs = out->options.protocol.runs.n, n_done = 0;
    pal_status last = PAL_EDATA; /* also where --budget skipped them all */
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
        if (status == PAL_OK &&
            !pal_plan_allows(out, r, n_specs, &job->deadline, out->tables[0].rows[r].reason)) {
            for (int32_t t = 0; t < out->n_tables; t++) {
                pal_row *row = &out->tables[t].rows[r];
                if (t > 0)
                    snprintf(row->reason, sizeof row->reason, "%s", out->tables[0].rows[r].reason);
                if (job->on_row) job->on_row(job->on_row_arg, out, t, r);
            }
            continue;
        }
        if (status == PAL_OK && run < 0)
            status = pal_compare_spec(job, is_oracle ? "" : specs[r], is_oracle, r);
        for (int32_t t = 0; status == PAL_OK && run >= 0 && t < out->n_tables; t++) {
            status = pal_compare_run_file(job, out->options.protocol.runs.at[run], &out->tables[t],
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

/* --- set-up --- */

/* What models that know `history` are asked: all its items, new ones too, or new ones alone. */
pal_status pal_compare_ask(const pal_compare_job *job, pal_task task, const pal_log *history,
                           const pal_log *known, const pal_log *targets, const pal_source *source,
                           bool only_new, pal_questions *out) {
    pal_protocol protocol = job->out->options.protocol;
    bool has_new = only_new || protocol.candidates != PAL_CANDIDATES_SEEN;
    bool asks_new = only_new || protocol.candidates == PAL_CANDIDATES_NEW;
    int32_t first = asks_new ? history->n_items : 0,
            n = has_new ? job->out->split.item_ids.n : history->n_items;
    protocol.allow_drop |= only_new; /* what is masked was told by the main table */
    TRY(pal_questions_make(job->ctx, &protocol, task, known, targets, first, n, out));
    if (only_new) out->first_candidate = 0; /* asked among all */
    const pal_data *data = job->data;
    pal_background background = {.users = data->users.ids.n ? &data->users : NULL,
                                 .searches = data->searches.n ? &data->searches : NULL,
                                 .search_ids = &data->user_ids,
                                 .source = source};
    return pal_questions_describe(job->ctx, &background, &job->out->split.user_ids, out);
}

const pal_log *pal_compare_known(const pal_split *split, bool refits) {
    return refits || split->test_known.n_events ? pal_split_known(split, true) : &split->train;
}

static pal_status compare_ratings(pal_compare_job *job) {
    pal_comparison *out = job->out;
    const pal_split *split = &out->split;
    bool refits = out->options.protocol.refit == 0;
    TRY(pal_ratings_make(job->ctx, &split->train, pal_split_known(split, false), &split->valid,
                         &out->ratings_valid));
    return pal_ratings_make(job->ctx, refits ? &split->history : &split->train,
                            pal_compare_known(split, refits), &split->test, &out->ratings);
}

static pal_status compare_table(pal_compare_job *job, pal_task task, int32_t n_rows,
                                pal_table *table) {
    pal_comparison *out = job->out;
    const pal_protocol *protocol = &out->options.protocol;
    const pal_split *split = &out->split;
    bool refits = protocol->refit == 0;
    *table = (pal_table){.task = task,
                         .n_rows = n_rows,
                         .winner_known = -1,
                         .most_accurate = -1,
                         .winner_strangers = -1,
                         .winner_new = -1,
                         .control_new = -1,
                         .random_new = -1,
                         .new_slice = -1};
    pal_protocol_fingerprint(protocol, task, split, pal_compare_source(out, refits),
                             table->fingerprint);
    table->rows = PAL_ARENA_ARRAY(&out->arena, pal_row, n_rows);
    if (!table->rows)
        return pal_fail_memory(job->ctx, "the table", sizeof(pal_row) * (double)n_rows);
    const pal_log *learned = refits ? &split->history : &split->train;
    TRY(pal_compare_ask(job, task, &split->train, pal_split_known(split, false), &split->valid,
                        pal_compare_source(out, false), false, &table->valid));
    TRY(pal_compare_ask(job, task, learned, pal_compare_known(split, refits), &split->test,
                        pal_compare_source(out, refits), false, &table->test));
    TRY(pal_gains_make(job->ctx, protocol, job->data, &table->test));
    TRY(pal_questions_categorize(job->ctx, &job->data->catalog, &table->test));
    TRY(pal_slices_make(job->ctx, protocol, job->data, &table->test, split, &table->slices));
    TRY(pal_compare_new_table(job, table));
    int64_t unreachable = 0;
    for (int64_t r = 0; r < table->test.n_pairs; r++)
        unreachable += table->test.relevant[r] >= learned->n_items;
    table->ceiling = table->test.n_pairs ? (double)unreachable / (double)table->test.n_pairs : 0;
    return PAL_OK;
}

static pal_status compare_weigh(pal_compare_job *job) {
    const pal_data_options *options = &job->data->options;
    job->is_weighed = options->half_life > 0 || options->train_window > 0;
    if (!job->is_weighed) return PAL_OK;
    TRY(pal_log_weigh(job->ctx, &job->out->split.train, options->half_life, options->train_window,
                      &job->train));
    return pal_log_weigh(job->ctx, &job->out->split.history, options->half_life,
                         options->train_window, &job->history);
}

/* What was written about items after the cut, by people who use them, is no feature before it. */
static pal_status compare_cut_features(pal_compare_job *job) {
    const pal_catalog *all = &job->data->catalog;
    const pal_split *split = &job->out->split;
    int64_t n_valid, n_test;
    TRY(pal_catalog_before(job->ctx, all, split->valid_from, &job->out->arena,
                           &job->out->items_valid, &n_valid));
    TRY(pal_catalog_before(job->ctx, all, split->test_from, &job->out->arena, &job->out->items_test,
                           &n_test));
    if (n_test > 0 && job->fold <= 1)
        pal_note(job->ctx, PAL_NOTICE_INFO,
                 "%" PRId64 " words that were written about items after the test began are no "
                 "features of them",
                 n_test);
    return PAL_OK;
}

static pal_status compare_train_fallback(pal_compare_job *job) {
    const char *fallback = job->out->options.protocol.fallback;
    if (!pal_fallback_is_spec(fallback)) return PAL_OK;
    pal_train_input train = pal_compare_input(job, false), final = pal_compare_input(job, true);
    train.n_items = final.n_items = train.n_listed_items = final.n_listed_items =
        0; /* it may stand beside models without rows for new items */
    TRY(pal_model_train(job->ctx, fallback, &train, &job->fallback_valid));
    if (job->out->options.protocol.refit != 0) return PAL_OK;
    return pal_model_train(job->ctx, fallback, &final, &job->fallback_test);
}

/* TREC files are about the first task. */
static pal_status compare_write_qrels(pal_compare_job *job) {
    const pal_comparison *out = job->out;
    if (!out->options.protocol.trec) return PAL_OK;
    TRY(pal_batch_open(job->ctx, out->options.protocol.trec, &job->trec));
    return pal_trec_write_qrels(job->ctx, &job->trec, &out->tables[0].test, &out->split);
}

static pal_status compare_write_runs(pal_compare_job *job) {
    const pal_comparison *out = job->out;
    if (!out->options.protocol.trec) return PAL_OK;
    const pal_table *table = &out->tables[0];
    for (int32_t r = 0; r < table->n_rows; r++) {
        if (table->rows[r].status != PAL_ROW_DONE || table->rows[r].is_run) continue;
        TRY(pal_trec_write_run(job->ctx, &job->trec, table->rows[r].name, &table->test, &out->split,
                               &table->rows[r].test.lists));
    }
    return pal_batch_commit(job->ctx, &job->trec);
}

/* What a person should see before anything is trained: three rows with their roles, and what is odd
 * about the log. */
static void compare_tell_data(pal_compare_job *job) {
    const char *shown = job->data->shown.bytes;
    pal_compare_tell_scenario(job->ctx, job->out);
    for (const char *line = shown ? shown : ""; *line;) {
        size_t n = strcspn(line, "\n");
        pal_note(job->ctx, PAL_NOTICE_INFO, "  %.*s", (int)n, line);
        line += n + (line[n] == '\n');
    }
    for (int32_t check = 0;; check++) {
        pal_text sentence = {0};
        bool more =
            pal_inspect_check(&job->data->parts[0], &job->out->inspection, check, &sentence);
        if (sentence.bytes && !sentence.failed)
            pal_note(job->ctx, PAL_NOTICE_WARNING, "%s", sentence.bytes);
        pal_text_release(&sentence);
        if (!more) break;
    }
    pal_inspect_tell_match(job->ctx, job->data);
    pal_text sentence = {0};
    pal_inspect_catalog(job->data, &sentence);
    if (sentence.bytes && !sentence.failed)
        pal_note(job->ctx, PAL_NOTICE_WARNING, "%s", sentence.bytes);
    pal_text_release(&sentence);
}

/* All folds: this is the first, or the one that the job names. */
static pal_status compare_name_fold(pal_compare_job *job) {
    pal_protocol *protocol = &job->out->options.protocol;
    int32_t folds;
    TRY(pal_split_folds(job->ctx, protocol->split, &folds));
    if (folds == 0) return PAL_OK;
    job->out->n_folds = folds;
    if (job->fold == 0) job->fold = 1;
    return pal_split_fold(job->ctx, protocol->split, job->fold, &job->out->arena, &protocol->split);
}

/* The searches of the users of `log` that questions about `targets` may know, so that a kept model
 * answers as it was judged; without times, those of the part that was given for training. */
static pal_status compare_cut_searches(const pal_compare_job *job, const pal_log *log,
                                       const pal_log *targets, pal_searches *out) {
    const pal_data *data = job->data;
    bool has_times = log->times != NULL;
    const pal_search_range range = {INT64_MIN, INT64_MAX, has_times ? PAL_SEARCH_PARTS : 1};
    int64_t end = has_times ? pal_log_end(log) : INT64_MAX;
    pal_arena scratch = {0};
    int32_t *rows = PAL_ARENA_ARRAY(&scratch, int32_t, data->searches.n_users);
    int64_t *befores = PAL_ARENA_ARRAY(&scratch, int64_t, data->searches.n_users);
    if (!rows || !befores) {
        pal_arena_release(&scratch);
        return pal_fail_memory(job->ctx, "the searches", 12.0 * data->searches.n_users);
    }
    for (int32_t u = 0; u < data->searches.n_users; u++) {
        const char *id = pal_ids_at(&data->user_ids, u);
        rows[u] = pal_ids_find(&job->out->split.user_ids, id, strlen(id));
        if (rows[u] >= log->n_users) rows[u] = -1;
        befores[u] = end;
        if (has_times && targets->times && rows[u] >= 0)
            befores[u] = pal_searches_end(targets, rows[u], end);
    }
    pal_status status = pal_searches_select_before(job->ctx, &data->searches, rows, log->n_users,
                                                   befores, &range, out);
    pal_arena_release(&scratch);
    return status;
}

static pal_status compare_prepare(pal_compare_job *job, const char *const *specs,
                                  const char *options) {
    pal_comparison *out = job->out;
    pal_protocol *protocol = &out->options.protocol;
    if (!out->is_inspected) TRY(pal_inspect_log(job->ctx, &job->data->parts[0], &out->inspection));
    TRY(pal_compare_parse(job->ctx, specs, options, out));
    TRY(compare_name_fold(job));
    if (job->fold <= 1) compare_tell_data(job);
    if (job->fold <= 1 && out->is_default) pal_compare_tell_left_out(job->ctx, out);
    TRY(pal_protocol_settle(job->ctx, job->data, &out->inspection, protocol));
    TRY(pal_gains_check(job->ctx, protocol, job->data));
    TRY(pal_slices_check(job->ctx, protocol, job->data));
    TRY(pal_split_make(job->ctx, job->data, protocol->split, &out->split));
    TRY(pal_compare_new_begin(job, specs));
    TRY(compare_cut_features(job));
    TRY(pal_compare_source_make(job));
    TRY(compare_weigh(job));
    if (job->data->searches.n) {
        TRY(compare_cut_searches(job, &out->split.train, &out->split.valid, &out->searches_train));
        TRY(compare_cut_searches(job, &out->split.history, &out->split.test,
                                 &out->searches_history));
    }
    TRY(compare_train_fallback(job));
    pal_measures_list(protocol, &out->measures);
    int32_t n_rows = protocol->runs.n + (job->data->world != NULL);
    while (specs[n_rows - protocol->runs.n - (job->data->world != NULL)]) n_rows++;
    bool both = protocol->task == PAL_TASK_BOTH;
    out->n_tables = 0;
    for (int32_t t = 0; t < 1 + both; t++) {
        pal_task task = both ? (t ? PAL_TASK_NEXT : PAL_TASK_WINDOW) : (pal_task)protocol->task;
        out->n_tables++;
        TRY(compare_table(job, task, n_rows, &out->tables[t]));
    }
    TRY(compare_ratings(job));
    TRY(pal_plan_make(job->ctx, specs, out));
    TRY(pal_compare_clicks_make(job, pal_compare_known(&out->split, protocol->refit == 0)));
    if (job->fold <= 1) {
        pal_plan_tell_weights(job->ctx, specs, pal_compare_input(job, false).log);
        pal_specs_tell_source(job->ctx, specs, pal_compare_source(out, true) != NULL, false);
        TRY(compare_write_qrels(job));
    }
    if (job->on_row) job->on_row(job->on_row_arg, out, 0, -1);
    return PAL_OK;
}

static void compare_release_job(pal_compare_job *job) {
    pal_batch_abort(&job->trec);
    pal_model_free(job->fallback_valid);
    pal_model_free(job->fallback_test);
    pal_log_release(&job->train);
    pal_log_release(&job->history);
}

pal_status pal_compare_fold(pal_ctx *ctx, const pal_data *data, const char *const *specs,
                            const char *options, int32_t fold, pal_comparison *out) {
    memset(out, 0, sizeof *out);
    out->data = data;
    pal_compare_job job = {.ctx = ctx, .data = data, .out = out, .fold = fold};
    pal_status status = compare_prepare(&job, specs, options);
    if (status == PAL_OK) status = compare_rows(&job, specs);
    compare_release_job(&job);
    if (status != PAL_OK) pal_comparison_release(out);
    return status;
}

pal_status pal_compare_run(pal_ctx *ctx, const pal_data *data, const char *const *specs,
                           const char *options, pal_row_fn *on_row, void *on_row_arg,
                           pal_comparison *out) {
    memset(out, 0, sizeof *out);
    out->data = data;
    pal_compare_job job = {
        .ctx = ctx, .data = data, .out = out, .on_row = on_row, .on_row_arg = on_row_arg};
    pal_status status = pal_inspect_log(ctx, &data->parts[0], &out->inspection);
    out->is_inspected = status == PAL_OK;
    if (status == PAL_OK) status = pal_compare_specs(ctx, specs, options, out, &specs);
    if (status == PAL_OK) status = compare_prepare(&job, specs, options);
    if (status == PAL_OK) status = compare_rows(&job, specs);
    if (status == PAL_OK && out->n_folds && !out->interrupted)
        status = pal_compare_folds(&job, specs, options);
    for (int32_t t = 0; status == PAL_OK && t < out->n_tables; t++)
        status = pal_compare_twins_find(&job, &out->tables[t]);
    if (status == PAL_OK) status = pal_compare_growth(&job);
    if (status == PAL_OK) status = compare_write_runs(&job);
    if (status == PAL_OK) {
        /* What is done is worth a verdict, also after a request to stop. */
        atomic_store(&ctx->cancelled, false);
        status = pal_compare_choose(&job);
    }
    compare_release_job(&job);
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
        pal_questions_release(&table->new_valid);
        pal_questions_release(&table->new_test);
        pal_slices_release(&table->slices);
    }
    pal_searches_release(&comparison->searches_train);
    pal_searches_release(&comparison->searches_history);
    pal_ratings_release(&comparison->ratings_valid);
    pal_ratings_release(&comparison->ratings);
    pal_clicks_release(&comparison->clicks_valid);
    pal_clicks_release(&comparison->clicks);
    pal_split_release(&comparison->split);
    pal_source_own_release(&comparison->source_valid);
    pal_source_own_release(&comparison->source_test);
    pal_arena_release(&comparison->arena);
    memset(comparison, 0, sizeof *comparison);
}
