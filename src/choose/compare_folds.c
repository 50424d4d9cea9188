/* compare_folds.c - kfold: the same comparison for each fold; rows hold the means, and intervals
 * say how far folds differ (Student's t over folds, paired for differences). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/ctx.h"
#include "choose/compare_job.h"

/* --- one number a fold --- */

static bool folds_add(pal_compare_job *job, double **values, int32_t fold, double value) {
    if (!*values) *values = PAL_ARENA_ARRAY(&job->out->arena, double, job->out->n_folds);
    if (!*values) return false;
    (*values)[fold] = value;
    return true;
}

static double folds_known_mean(const pal_comparison *comparison, const pal_table *table,
                               const pal_row *row) {
    return pal_row_known_mean(comparison, table, row, 0);
}

/* What fold `fold` of `from` says, into the rows of the whole. */
static pal_status folds_collect(pal_compare_job *job, const pal_comparison *from, int32_t fold) {
    pal_comparison *out = job->out;
    bool done = true;
    for (int32_t t = 0; t < out->n_tables; t++) {
        for (int32_t r = 0; r < out->tables[t].n_rows && done; r++) {
            pal_row *row = &out->tables[t].rows[r];
            const pal_row *other = &from->tables[t].rows[r];
            if (row->status != PAL_ROW_DONE) continue;
            if (other->status != PAL_ROW_DONE) {
                row->status = other->status;
                snprintf(row->reason, sizeof row->reason, "in fold %d: %.900s", fold + 1,
                         other->reason);
                continue;
            }
            if (!row->folds) row->folds = PAL_ARENA_ARRAY(&out->arena, double *, PAL_FOLD_MEASURES);
            done = row->folds != NULL;
            for (int32_t m = 0; done && m < out->measures.n; m++)
                done = folds_add(job, &row->folds[m], fold, other->test.mean[m]);
            const double more[] = {other->valid_choice,
                                   other->valid_known,
                                   other->valid_strangers,
                                   other->ratings.rmse.mean,
                                   other->ratings.mae.mean,
                                   other->valid_rmse,
                                   folds_known_mean(from, &from->tables[t], other),
                                   other->clicks.auc.mean,
                                   other->clicks.gauc.mean,
                                   other->clicks.logloss.mean,
                                   other->clicks.calibration};
            for (int32_t i = 0; done && i < PAL_FOLD_MORE; i++)
                done = folds_add(job, &row->folds[PAL_MEASURES_MAX + i], fold, more[i]);
        }
    }
    return done ? PAL_OK : pal_fail_memory(job->ctx, "the folds", 1e6);
}

/* --- means over folds --- */

pal_interval pal_folds_interval(const double *values, int32_t n, double confidence) {
    double sum = 0, squares = 0;
    for (int32_t f = 0; f < n; f++) sum += values[f];
    double mean = sum / n;
    for (int32_t f = 0; f < n; f++) squares += (values[f] - mean) * (values[f] - mean);
    double width =
        pal_student_quantile(0.5 + confidence / 2, n - 1) * sqrt(squares / (double)(n - 1) / n);
    return (pal_interval){mean, mean - width, mean + width};
}

static void folds_average(const pal_comparison *out, pal_row *row) {
    int32_t n = out->n_folds;
    for (int32_t m = 0; m < out->measures.n; m++) {
        row->intervals[m] = pal_folds_interval(row->folds[m], n, 0.95);
        row->test.mean[m] = row->intervals[m].mean;
    }
    pal_interval more[PAL_FOLD_MORE];
    for (int32_t i = 0; i < PAL_FOLD_MORE; i++)
        more[i] = pal_folds_interval(row->folds[PAL_MEASURES_MAX + i], n, 0.95);
    row->valid_choice = more[0].mean;
    row->valid_known = more[1].mean;
    row->valid_strangers = more[2].mean;
    row->valid_rmse = more[5].mean;
    if (row->predicts_values) row->ratings = (pal_rating_errors){more[3], more[4]};
    if (row->has_clicks) row->clicks = (pal_click_errors){more[7], more[8], more[9], more[10].mean};
}

pal_status pal_compare_folds(pal_compare_job *job, const char *const *specs, const char *options) {
    pal_comparison *out = job->out;
    TRY(folds_collect(job, out, 0));
    pal_note(job->ctx, PAL_NOTICE_INFO, "these were of fold 1 of %d", out->n_folds);
    for (int32_t fold = 2; fold <= out->n_folds; fold++) {
        pal_comparison other;
        pal_note(job->ctx, PAL_NOTICE_INFO, "fold %d of %d", fold, out->n_folds);
        TRY(pal_compare_fold(job->ctx, job->data, specs, options, fold, &other));
        pal_status status = folds_collect(job, &other, fold - 1);
        out->interrupted |= other.interrupted;
        pal_comparison_release(&other);
        TRY(status);
    }
    for (int32_t t = 0; t < out->n_tables; t++) {
        for (int32_t r = 0; r < out->tables[t].n_rows; r++) {
            if (out->tables[t].rows[r].status == PAL_ROW_DONE)
                folds_average(out, &out->tables[t].rows[r]);
        }
    }
    pal_note(job->ctx, PAL_NOTICE_ROW,
             "means of %d folds, intervals of how folds differ:", out->n_folds);
    for (int32_t t = 0; job->on_row && t < out->n_tables; t++) {
        for (int32_t r = 0; r < out->tables[t].n_rows; r++) job->on_row(job->on_row_arg, out, t, r);
    }
    return PAL_OK;
}
