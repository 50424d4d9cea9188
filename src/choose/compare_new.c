/* compare_new.c - how well models list items that nobody had used, beside a comparison of used
 * items.
 *
 * Kinds that score new items are trained with rows for them in any case; the main table's lists and
 * histories end before those rows, so that its numbers are the same as without. Here the same
 * models are asked for what people used of the new items alone, among all items: one more pass of
 * ranking for the people concerned. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/ctx.h"
#include "choose/compare_job.h"
#include "models/new_items.h"
#include "models/registry.h"

/* --- whether there is something to look at --- */

static pal_status new_can_score(pal_ctx *ctx, const char *const *specs, bool *out) {
    pal_arena scratch = {0};
    pal_status status = PAL_OK;
    *out = false;
    for (int32_t i = 0; status == PAL_OK && specs[i] && !*out; i++) {
        const pal_kind *kind;
        void *params;
        status = pal_kind_parse(ctx, specs[i], &scratch, &kind, &params);
        *out = status == PAL_OK && (kind->traits & PAL_SCORES_NEW_ITEMS) &&
               !(kind->traits & PAL_IS_CONTROL);
    }
    pal_arena_release(&scratch);
    return status;
}

/* An event on an item from `first` on that the catalog describes. */
static bool new_is_used(const pal_catalog *catalog, const pal_log *log, int32_t first) {
    for (int64_t e = 0; e < log->n_events; e++) {
        if (log->items[e] < first || !pal_log_is_target(log, e)) continue;
        const char *id = pal_ids_at(log->about.item_ids, log->items[e]);
        if (pal_ids_find(&catalog->ids, id, strlen(id)) >= 0) return true;
    }
    return false;
}

static const pal_log *new_learned(const pal_comparison *comparison) {
    return comparison->options.protocol.refit == 0 ? &comparison->split.history
                                                   : &comparison->split.train;
}

pal_status pal_compare_new_begin(pal_compare_job *job, const char *const *specs) {
    pal_comparison *out = job->out;
    const pal_catalog *catalog = &job->data->catalog;
    bool lists_new = out->options.protocol.candidates != PAL_CANDIDATES_SEEN, can = false;
    if (!lists_new && catalog->ids.n && out->n_folds == 0 &&
        new_is_used(catalog, &out->split.test, new_learned(out)->n_items))
        TRY(new_can_score(job->ctx, specs, &can));
    out->judges_new = can;
    if (!lists_new && !can) return PAL_OK;
    int32_t n_dropped;
    TRY(pal_ids_add_catalog(job->ctx, catalog, &job->data->dropped_items, &out->split.item_ids,
                            &n_dropped));
    if (n_dropped && job->fold <= 1)
        pal_note(job->ctx, PAL_NOTICE_INFO,
                 "%d items of the catalog are no candidates: they were used, in events that were "
                 "dropped",
                 n_dropped);
    return PAL_OK;
}

/* --- questions --- */

/* None where nothing is asked after the rules of relevance. */
static pal_status new_ask(const pal_compare_job *job, pal_task task, const pal_log *history,
                          const pal_log *known, const pal_log *targets, const pal_source *source,
                          pal_questions *out) {
    if (!new_is_used(&job->data->catalog, targets, history->n_items)) return PAL_OK;
    pal_status status = pal_compare_ask(job, task, history, known, targets, source, true, out);
    return status == PAL_EDATA ? PAL_OK : status;
}

pal_status pal_compare_new_table(const pal_compare_job *job, pal_table *table) {
    const pal_split *split = &job->out->split;
    bool refits = job->out->options.protocol.refit == 0;
    if (!job->out->judges_new) return PAL_OK;
    TRY(new_ask(job, table->task, &split->train, pal_split_known(split, false), &split->valid,
                pal_compare_source(job->out, false), &table->new_valid));
    TRY(new_ask(job, table->task, new_learned(job->out), pal_compare_known(split, refits),
                &split->test, pal_compare_source(job->out, refits), &table->new_test));
    for (int32_t s = 0; table->new_test.n_users && s < table->slices.n; s++) {
        if (!strcmp(table->slices.at[s].name, "new items")) table->new_slice = s;
    }
    return PAL_OK;
}

/* --- one model --- */

/* Among the new items alone. */
static pal_status new_rank_alone(const pal_compare_job *job, const pal_questions *asked, bool final,
                                 const pal_model *model, pal_evaluation *out) {
    pal_questions alone = *asked;
    alone.first_candidate = model->n_seen_items;
    return pal_compare_evaluate(job, &alone, final, false, true, model, NULL, out);
}

pal_status pal_compare_new_validate(const pal_compare_job *job, const pal_table *table,
                                    const pal_model *model, pal_row *row) {
    if (table->new_valid.n_users == 0 || row->is_blind_to_new) return PAL_OK;
    pal_evaluation valid;
    TRY(new_rank_alone(job, &table->new_valid, false, model, &valid));
    row->valid_new = valid.mean[0];
    pal_evaluation_release(&valid);
    return PAL_OK;
}

/* Puts the values of new_test's users at their places among those of the test; a row that cannot
 * score new items has none. */
static void new_fill_slice(const pal_compare_job *job, const pal_table *table,
                           const pal_evaluation *found, pal_row *row) {
    const pal_questions *asked = &table->new_test;
    int32_t n = table->test.n_users, n_measures = job->out->measures.n, at = 0;
    double *values = row->test.slice_by_user + (int64_t)table->new_slice * n,
           *means = row->test.by_slice + (int64_t)table->new_slice * n_measures;
    for (int32_t u = 0; u < n; u++) {
        while (at < asked->n_users && asked->users[at] < table->test.users[u]) at++;
        bool is_asked = at < asked->n_users && asked->users[at] == table->test.users[u];
        values[u] = found && is_asked ? found->by_user[at] : NAN;
    }
    for (int32_t m = 0; m < n_measures; m++) {
        bool is_told = found && job->out->measures.at[m].metric->of_list;
        means[m] = is_told ? found->mean[m] : NAN;
    }
}

static pal_status new_test_alone(const pal_compare_job *job, const pal_table *table,
                                 const pal_model *model, pal_row *row) {
    pal_evaluation found;
    int32_t n = table->new_test.n_users;
    TRY(new_rank_alone(job, &table->new_test, true, model, &found));
    row->new_by_user = PAL_ARENA_ARRAY(&job->out->arena, double, n);
    pal_status status = row->new_by_user ? PAL_OK : pal_fail_memory(job->ctx, "the table", 8.0 * n);
    if (status == PAL_OK) {
        const double *series[] = {row->new_by_user};
        memcpy(row->new_by_user, found.by_user, (size_t)n * sizeof *found.by_user);
        status = pal_bootstrap_means(job->ctx, series, 1, n, job->out->options.protocol.resamples,
                                     job->ctx->seed, &row->new_alone);
    }
    pal_evaluation_release(&found);
    return status;
}

pal_status pal_compare_new_test(const pal_compare_job *job, const pal_table *table,
                                const pal_model *model, pal_row *row) {
    if (table->new_slice < 0) return PAL_OK;
    if (row->is_blind_to_new) {
        new_fill_slice(job, table, NULL, row);
        return PAL_OK;
    }
    pal_evaluation test;
    TRY(pal_compare_evaluate(job, &table->new_test, true, false, true, model, NULL, &test));
    new_fill_slice(job, table, &test, row);
    pal_evaluation_release(&test);
    return new_test_alone(job, table, model, row);
}

/* --- choosing --- */

static bool new_can_win(const pal_comparison *out, const pal_row *row) {
    return row->status == PAL_ROW_DONE && !row->is_run && !row->is_blind_to_new &&
           !(row->traits & PAL_IS_CONTROL) && !isnan(row->valid_new) &&
           pal_row_within_limits(out, row);
}

/* The yardstick that knows of an item how much is told of it, and nothing else. */
static bool new_is_control(const pal_row *row) {
    return row->status == PAL_ROW_DONE && !row->is_oracle && !row->is_blind_to_new &&
           (row->traits & PAL_IS_CONTROL) && (row->traits & PAL_NEEDS_CATALOG);
}

/* The yardstick that knows nothing at all. */
static bool new_is_random(const pal_row *row) {
    return row->status == PAL_ROW_DONE && !row->is_oracle && !row->is_run &&
           !row->is_blind_to_new && !strcmp(row->kind, "random");
}

/* The winner less the yardstick, on the test; nothing where the yardstick is not there. */
static pal_status new_test_over(pal_compare_job *job, const pal_table *table, int32_t yardstick,
                                pal_interval *out) {
    if (table->winner_new < 0 || yardstick < 0) return PAL_OK;
    const pal_row *winner = &table->rows[table->winner_new], *control = &table->rows[yardstick];
    /* Where new items alone are candidates, all of the test is about them. */
    bool is_beside = table->new_slice >= 0;
    int32_t n = is_beside ? table->new_test.n_users : table->test.n_users;
    const double *of_winner = is_beside ? winner->new_by_user : winner->test.by_user,
                 *of_control = is_beside ? control->new_by_user : control->test.by_user;
    return pal_bootstrap_differences(job->ctx, of_winner, &of_control, 1, n,
                                     job->out->options.protocol.resamples, job->ctx->seed, out);
}

pal_status pal_compare_new_choose(pal_compare_job *job, pal_table *table) {
    pal_comparison *out = job->out;
    bool only_new = out->options.protocol.candidates == PAL_CANDIDATES_NEW;
    if (table->new_slice < 0 && !only_new) return PAL_OK;
    double best = -INFINITY;
    for (int32_t r = 0; r < table->n_rows; r++) {
        const pal_row *row = &table->rows[r];
        if (new_is_control(row)) table->control_new = r;
        if (new_is_random(row)) table->random_new = r;
        if (only_new || !new_can_win(out, row) || row->valid_new <= best) continue;
        best = row->valid_new;
        table->winner_new = r;
    }
    if (only_new) table->winner_new = table->winner_known;
    TRY(new_test_over(job, table, table->control_new, &table->over_control));
    return new_test_over(job, table, table->random_new, &table->over_random);
}
