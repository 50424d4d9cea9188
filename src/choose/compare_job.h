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
    pal_model *fallback_valid, *fallback_test; /* of --fallback SPEC, or NULL; without a second
                                                  training the first one answers the test too */
    pal_batch trec;                            /* of --trec: qrels before training, runs after it */
    pal_row_fn *on_row;
    void *on_row_arg;
    int32_t fold;    /* of kfold, from 1; 0: one split */
    double deadline; /* pal_clock() when the present row's share of --budget ends; 0: none */
} pal_compare_job;

/* What a model learns from: train, or with `final` what the final models learn from. */
pal_train_input pal_compare_input(const pal_compare_job *job, bool final);

/* Whom and what models are asked, with the fold's or the job's fallback: `self`: the kind's own
 * list for strangers. Controls are told who a stranger is. new_too: new items are listed as well.
 */
pal_status pal_compare_evaluate(const pal_compare_job *job, const pal_questions *q, bool final,
                                bool self, bool new_too, const pal_model *model,
                                const pal_slices *slices, pal_evaluation *out);
/* What queries of the test see: with fold-ins of held-out users, where the split has them. */
const pal_log *pal_compare_known(const pal_split *split, bool refits);
/* Asks for `targets`; only_new: for items without an event in `history`, among all. */
pal_status pal_compare_ask(const pal_compare_job *job, pal_task task, const pal_log *history,
                           const pal_log *known, const pal_log *targets, const pal_source *source,
                           bool only_new, pal_questions *out);

/* Looks beside a comparison of used items at the new ones, where items have features that a spec
 * can score them by and the test asks for some (compare_new.c). Before the tables are made. */
pal_status pal_compare_new_begin(pal_compare_job *job, const char *const *specs);
/* The questions of one table, whose slices are there. */
pal_status pal_compare_new_table(const pal_compare_job *job, pal_table *table);
/* On validation, and in the slice of the test. */
pal_status pal_compare_new_validate(const pal_compare_job *job, const pal_table *table,
                                    const pal_model *model, pal_row *row);
pal_status pal_compare_new_test(const pal_compare_job *job, const pal_table *table,
                                const pal_model *model, pal_row *row);
/* Who lists new items best, and whether the number of features alone does as well. */
pal_status pal_compare_new_choose(pal_compare_job *job, pal_table *table);
/* Fills the sources of job->out (compare_source.c). */
pal_status pal_compare_source_make(pal_compare_job *job);
/* What the model for validation, or the final one, knows of the second domain; NULL: nothing. */
const pal_source *pal_compare_source(const pal_comparison *comparison, bool final);

/* The spec that trains a done row's model again without a judge: with the epochs that were found,
 * in its parts too. Of the first table's rows, which hold the models. */
pal_status pal_row_found_spec(const pal_compare_job *job, const pal_row *row, const char **out);

/* Trains row `r` for all tables, judges it on validation and test. */
pal_status pal_compare_spec(pal_compare_job *job, const char *spec, bool is_oracle, int32_t r);
/* A run of the system in use today: a row without validation. */
pal_status pal_compare_run_file(pal_compare_job *job, const char *path, pal_table *table,
                                pal_row *row);

/* The impressions of validation and test; known: what queries of the test see. */
pal_status pal_compare_clicks_make(pal_compare_job *job, const pal_log *known);
/* Row `r`: with `final` judges the final model on the test, else fits probabilities on validation.
 */
pal_status pal_compare_clicks(pal_compare_job *job, const pal_model *model, bool final, int32_t r);

/* Chooses in each table, tells the winner from all other rows, and gives the chosen model what its
 * file remembers and who answers strangers for it. */
pal_status pal_compare_choose(pal_compare_job *job);
/* Fills the table's ages once its winner is chosen. */
pal_status pal_compare_ages(pal_compare_job *job, pal_table *table);
/* Fills options of how models are judged that `text` does not give, as the data's scenario says;
 * the inspection must be there. Then tells on one line all that the scenario set. */
pal_status pal_compare_fill_scenario(pal_ctx *ctx, const char *text, pal_comparison *out);
void pal_compare_tell_scenario(pal_ctx *ctx, const pal_comparison *comparison);
/* The specs compared when none is given: the scenario's, or pal_default_specs. NULL-ended. */
const char *const *pal_compare_default_specs(pal_ctx *ctx, pal_comparison *comparison);
/* Those given and the kinds of --family in `options` that the log can serve, with default settings,
 * in the arena of `out`; the usual ones when neither names any. NULL-ended. */
pal_status pal_compare_specs(pal_ctx *ctx, const char *const *given, const char *options,
                             pal_comparison *out, const char *const **specs);
/* Tells which kinds pal_default_specs left out only because the log is large, if any. */
void pal_compare_tell_left_out(pal_ctx *ctx, const pal_comparison *comparison);

/* The other folds, and the means of all in the rows; the first fold is in job->out. */
pal_status pal_compare_folds(pal_compare_job *job, const char *const *specs, const char *options);
/* One fold's rows, without a choice. */
pal_status pal_compare_fold(pal_ctx *ctx, const pal_data *data, const char *const *specs,
                            const char *options, int32_t fold, pal_comparison *out);
/* Mean and Student's interval of [n] values, n at least 2. */
pal_interval pal_folds_interval(const double *values, int32_t n, double confidence);

/* Says in the rows that do worse for known users than popular why (below.c). */
pal_status pal_compare_below(pal_compare_job *job, pal_table *table);

/* With --growth: what each done row costs on parts of the training users. */
pal_status pal_compare_growth(pal_compare_job *job);

/* Adds to the specs, in the arena, those of kinds that use a source with the source off, where
 * there is a source (compare_twins.c). */
pal_status pal_compare_twins_add(pal_ctx *ctx, const pal_data *data, pal_arena *arena,
                                 const char *const **specs);
/* Fills the rows' twins; done rows have their names. */
pal_status pal_compare_twins_find(pal_compare_job *job, pal_table *table);
/* Whether the row has a twin or is one. */
bool pal_row_has_pair(const pal_table *table, int32_t r);
/* The check itself, when growth is done. */
pal_status pal_compare_twins_judge(pal_compare_job *job, pal_table *table);
/* Differences on part `at` of growth. */
pal_status pal_compare_twins_sweep(pal_compare_job *job, pal_table *table, int32_t at);
/* Whether a spec is one of the first n, however these are written (compare_options.c). */
pal_status pal_spec_is_among(pal_ctx *ctx, const char *const *specs, int32_t n, const char *spec,
                             pal_arena *arena, bool *out);

#endif
