/* compare_choose.c - which row is recommended: chosen on validation, told from the others on the
 * test. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "choose/compare_job.h"

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
        /* Of two that are as good the one that is less work. */
        bool is_less = best >= 0 && row->multiply_adds < table->rows[best].multiply_adds;
        if (value > best_value || (value >= best_value && is_less)) {
            best_value = value;
            best = r;
        }
    }
    return best;
}

int32_t pal_table_known_slice(const pal_table *table) {
    if (table->task == PAL_TASK_NEXT) return -1;
    for (int32_t s = 0; s < table->slices.n; s++) {
        if (!strcmp(table->slices.at[s].name, "known users")) return s;
    }
    return -1;
}

double pal_row_known_mean(const pal_comparison *comparison, const pal_table *table,
                          const pal_row *row, int32_t measure) {
    int32_t known = pal_table_known_slice(table);
    if (comparison->n_folds && measure == 0 && row->folds &&
        row->folds[PAL_MEASURES_MAX + PAL_FOLD_KNOWN])
        return pal_mean(row->folds[PAL_MEASURES_MAX + PAL_FOLD_KNOWN], comparison->n_folds);
    return known < 0 ? row->test.mean[measure]
                     : row->test.by_slice[(int64_t)known * comparison->measures.n + measure];
}

const pal_row *pal_table_cheaper(const pal_comparison *comparison, const pal_table *table) {
    const pal_row *best = NULL, *winner = &table->rows[table->winner_known];
    double limit = comparison->options.worth * pal_row_known_mean(comparison, table, winner, 0);
    for (int32_t r = 0; r < table->n_rows; r++) {
        const pal_row *row = &table->rows[r];
        if (row == winner || row->status != PAL_ROW_DONE || row->is_run || row->is_oracle ||
            (row->traits & PAL_IS_CONTROL) || !pal_row_within_limits(comparison, row)) {
            continue;
        }
        bool is_cheaper = row->model_bytes * 2 <= winner->model_bytes &&
                          row->multiply_adds <= winner->multiply_adds;
        if (!is_cheaper || !(row->known_difference.high <= limit)) continue;
        if (!best || row->model_bytes < best->model_bytes) best = row;
    }
    return best;
}

/* The choice metric by user: of all of them, or of known users alone. */
static const double *compare_series(const pal_table *table, const pal_row *row, bool known) {
    int32_t slice = known ? pal_table_known_slice(table) : -1;
    return slice < 0 ? row->test.by_user
                     : row->test.slice_by_user + (int64_t)slice * row->test.n_users;
}

/* Of means over folds: Student's intervals of paired differences that hold together (Bonferroni).
 */
static pal_status compare_fold_differences(pal_compare_job *job, const pal_row *winner,
                                           const pal_table *table, const int32_t *rows, int32_t n,
                                           bool known, pal_interval *out) {
    int32_t folds = job->out->n_folds, at = known ? PAL_MEASURES_MAX + PAL_FOLD_KNOWN : 0;
    pal_arena scratch = {0};
    double *differences = PAL_ARENA_ARRAY(&scratch, double, folds);
    if (!differences) return pal_fail_memory(job->ctx, "the intervals", 8.0 * folds);
    for (int32_t i = 0; i < n; i++) {
        const pal_row *row = &table->rows[rows[i]];
        for (int32_t f = 0; f < folds; f++)
            differences[f] = winner->folds[at][f] - row->folds[at][f];
        out[i] = pal_folds_interval(differences, folds, 1 - 0.05 / n);
    }
    pal_arena_release(&scratch);
    return PAL_OK;
}

/* Differences of the winner to all rows, over all users and over known ones. */
static pal_status compare_differences(pal_compare_job *job, pal_table *table) {
    if (table->winner_known < 0) return PAL_OK;
    const pal_row *winner = &table->rows[table->winner_known];
    pal_arena scratch = {0};
    const double **others = PAL_ARENA_ARRAY(&scratch, const double *, table->n_rows);
    int32_t *rows = PAL_ARENA_ARRAY(&scratch, int32_t, table->n_rows), n = 0;
    pal_interval *intervals = PAL_ARENA_ARRAY(&scratch, pal_interval, table->n_rows);
    pal_status status =
        others && rows && intervals ? PAL_OK : pal_fail_memory(job->ctx, "the intervals", 1e3);
    for (int32_t r = 0; status == PAL_OK && r < table->n_rows; r++) {
        if (r != table->winner_known && table->rows[r].status == PAL_ROW_DONE) rows[n++] = r;
    }
    table->smallest_difference = 0;
    for (int known = 0; status == PAL_OK && known < 2; known++) {
        for (int32_t i = 0; i < n; i++)
            others[i] = compare_series(table, &table->rows[rows[i]], known);
        status = job->out->n_folds && winner->folds
                     ? compare_fold_differences(job, winner, table, rows, n, known, intervals)
                     : pal_bootstrap_differences(job->ctx, compare_series(table, winner, known),
                                                 others, n, winner->test.n_users,
                                                 job->out->options.protocol.resamples,
                                                 job->ctx->seed, intervals);
        for (int32_t i = 0; status == PAL_OK && i < n; i++) {
            pal_row *row = &table->rows[rows[i]];
            *(known ? &row->known_difference : &row->difference) = intervals[i];
            if (known) {
                /* Too few to tell, with NaN bounds, are tied as well. */
                row->tied = !(intervals[i].low > 0) && !(intervals[i].high < 0);
                continue;
            }
            double half = (intervals[i].high - intervals[i].low) / 2;
            if (!(row->traits & PAL_IS_CONTROL))
                table->smallest_difference =
                    isnan(half) ? NAN : fmax(table->smallest_difference, half);
        }
    }
    pal_arena_release(&scratch);
    return status;
}

/* --prefer cost: a cheaper row takes the winner's place when it certainly loses less than --worth.
 */
static pal_status compare_prefer(pal_compare_job *job, pal_table *table) {
    table->most_accurate = table->winner_known;
    if (table->winner_known < 0 || job->out->options.prefer != PAL_PREFER_COST) return PAL_OK;
    const pal_row *cheaper = pal_table_cheaper(job->out, table);
    if (!cheaper) return PAL_OK;
    table->loss_high = cheaper->known_difference.high;
    table->winner_known = (int32_t)(cheaper - table->rows);
    return compare_differences(job, table);
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

/* Who is to answer strangers beside the verdict's model: the row that validation chose for them,
 * else what --fallback names; NULL: the model itself, or popularity. */
static pal_status compare_strangers_spec(const pal_compare_job *job, const pal_table *table,
                                         const char **out) {
    const char *fallback = job->out->options.protocol.fallback;
    *out = NULL;
    if (table->winner_strangers == table->winner_known) return PAL_OK;
    if (table->winner_strangers >= 0)
        return pal_row_found_spec(job, &table->rows[table->winner_strangers], out);
    if (pal_fallback_is_spec(fallback)) *out = fallback;
    return PAL_OK;
}

/* The verdict's model answers strangers as the verdict says, by what it learned from itself: a
 * model that was not trained again has no rows for what came later. */
static pal_status compare_give_fallback(pal_compare_job *job) {
    pal_table *table = &job->out->tables[0];
    if (table->winner_known < 0) return PAL_OK;
    pal_model *model = table->rows[table->winner_known].model;
    const char *spec;
    if (!model) return PAL_OK;
    TRY(compare_strangers_spec(job, table, &spec));
    if (!spec) return PAL_OK;
    pal_train_input input = pal_compare_input(job, job->out->options.protocol.refit == 0);
    input.n_items = input.n_listed_items = 0;
    pal_model *fallback;
    TRY(pal_model_train(job->ctx, spec, &input, &fallback));
    pal_model_set_fallback(model, fallback);
    return PAL_OK;
}

/* What the file remembers of how good its model is. */
static pal_status compare_remember(pal_compare_job *job) {
    pal_table *table = &job->out->tables[0];
    for (int32_t r = 0; r < table->n_rows; r++) {
        pal_row *row = &table->rows[r];
        if (!row->model) continue;
        row->model->hide = job->out->options.protocol.hide;
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

pal_status pal_compare_choose(pal_compare_job *job) {
    for (int32_t t = 0; t < job->out->n_tables; t++) {
        pal_table *table = &job->out->tables[t];
        table->winner_known = compare_best(job->out, table, false);
        table->winner_strangers = compare_best(job->out, table, true);
        TRY(compare_differences(job, table));
        TRY(compare_prefer(job, table));
        TRY(pal_compare_new_choose(job, table));
        compare_front(table);
        TRY(pal_compare_ages(job, table));
        TRY(pal_compare_below(job, table));
        TRY(pal_compare_twins_judge(job, table));
    }
    TRY(compare_remember(job));
    return compare_give_fallback(job);
}
