/* compare_job.h - what the files of a comparison share: compare.c runs it, compare_row.c makes one
 * row, compare_options.c reads what was asked. */
#ifndef PAL_CHOOSE_COMPARE_JOB_H
#define PAL_CHOOSE_COMPARE_JOB_H

#include "choose/compare.h"

typedef struct {
    pal_ctx *ctx;
    const pal_data *data;
    pal_comparison *out;
    pal_log train, history; /* weighed by --half-life and --train-window */
    bool is_weighed;
    pal_model *fallback_valid, *fallback_test; /* of --fallback SPEC, or NULL */
    pal_batch trec;                            /* of --trec: qrels before training, runs after it */
    pal_row_fn *on_row;
    void *on_row_arg;
} pal_compare_job;

/* What a model learns from: train, or with `final` what the final models learn from. */
pal_train_input pal_compare_input(const pal_compare_job *job, bool final);

/* Trains row `r` for all tables, judges it on validation and test. */
pal_status pal_compare_spec(pal_compare_job *job, const char *spec, bool is_oracle, int32_t r);
/* A run of the system in use today: a row without validation. */
pal_status pal_compare_run_file(pal_compare_job *job, const char *path, pal_table *table,
                                pal_row *row);

#endif
