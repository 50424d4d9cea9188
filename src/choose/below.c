/* below.c - why a model does worse than popular for known users (for all, where nobody is known),
 * in a sentence for its row.
 *
 * The difference is that of paired users, with a bootstrap interval; the reason follows from what
 * the kind learns (its traits) and from the log: values instead of choices, order where the split
 * does not ask for it, tastes where what is new decides or people have few events. */
#include <math.h>
#include <string.h>

#include "choose/compare_job.h"
#include "models/registry.h"

static bool below_is_plain(const pal_row *row) { return !strcmp(row->name, "popular"); }

static bool below_is_asked(const pal_row *row) {
    return row->status == PAL_ROW_DONE && !row->is_run && !row->is_oracle && !below_is_plain(row) &&
           !(row->traits & PAL_IS_CONTROL);
}

/* A popularity that forgets, if it beats the one that does not. */
static const pal_row *below_find_recent(const pal_comparison *out, const pal_table *table,
                                        const pal_row *popular) {
    double least = pal_row_known_mean(out, table, popular, 0);
    for (int32_t r = 0; r < table->n_rows; r++) {
        const pal_row *row = &table->rows[r];
        if (row->status == PAL_ROW_DONE && row != popular && row->kind &&
            (row->traits & PAL_SCORES_STRANGERS) && strstr(row->name, "half_life") &&
            pal_row_known_mean(out, table, row, 0) > least)
            return row;
    }
    return NULL;
}

/* The same kind with its source off, if that is better. */
static const pal_row *below_find_twin(const pal_comparison *out, const pal_table *table,
                                      const pal_row *row) {
    const pal_row *twin = row->twin >= 0 ? &table->rows[row->twin] : NULL;
    return twin && twin->status == PAL_ROW_DONE &&
                   pal_row_known_mean(out, table, twin, 0) > pal_row_known_mean(out, table, row, 0)
               ? twin
               : NULL;
}

/* Whom the sentence is about: all are asked together where nobody has a history, or everybody. */
static const char *below_whom(const pal_table *table) {
    return pal_table_known_slice(table) >= 0 ? "people with a history" : "all test users";
}

/* The test lies after all that is learned from. */
static bool below_is_later(const pal_split *split) {
    const pal_log *test = &split->test;
    int64_t end = pal_log_end(&split->history);
    for (int64_t e = 0; test->times && e < test->n_events; e++) {
        if (test->times[e] < end) return false;
    }
    return test->times != NULL;
}

static void below_add_reason(const pal_comparison *out, const pal_table *table,
                             const pal_row *popular, const pal_row *row, pal_text *text) {
    const pal_row *recent = below_find_recent(out, table, popular);
    bool in_time = below_is_later(&out->split);
    const pal_row *twin = below_find_twin(out, table, row);
    if (twin) {
        pal_text_addf(
            text, "the source is the cause: %s, the same without it, is better by %.4f", twin->name,
            pal_row_known_mean(out, table, twin, 0) - pal_row_known_mean(out, table, row, 0));
    } else if (row->predicts_values) {
        pal_text_add(text, "it learns how high things are valued, not which are chosen: judge it "
                           "by its rmse");
        if (row->has_epochs) pal_text_add(text, "; target=event learns what is chosen");
    } else if ((row->traits & PAL_USES_ORDER) && !in_time) {
        pal_text_add(text, "it foretells what comes next, and this split does not ask for what "
                           "came next");
    } else if (row->traits & PAL_USES_ORDER) {
        pal_text_add(text, "it foretells the very next event, and the test asks for all that "
                           "follows: try --task next");
    } else if (recent && !strstr(row->name, "half_life")) {
        pal_text_addf(text,
                      "it does not see when things were used, and what is used of late "
                      "decides here: %s beats popular; try --half-life or a blend with it",
                      recent->name);
    } else if (out->inspection.median_user_events < 20) {
        pal_text_addf(text,
                      "half of the people have %.0f events or fewer, which tells little of "
                      "their tastes",
                      out->inspection.median_user_events);
    } else if (in_time) {
        pal_text_add(text, "it learns tastes from all of the past, and what people used before "
                           "tells little of what they use in this test: try --half-life or "
                           "--train-window");
    } else {
        pal_text_add(text, "its initial options may not suit this log: choose others on "
                           "validation");
    }
}

static pal_status below_tell(pal_compare_job *job, const pal_table *table, const pal_row *popular,
                             const pal_interval *more, pal_row *row) {
    pal_text text = {0};
    pal_text_addf(&text, "%s popular for %s by %.4f ",
                  more->low > 0 ? "below" : "on the test not to be told from, but below",
                  below_whom(table), more->mean);
    if (isnan(more->low)) {
        pal_text_add(&text, "(too few to tell): ");
    } else {
        pal_text_addf(&text, "(%.4f to %.4f): ", more->low, more->high);
    }
    below_add_reason(job->out, table, popular, row, &text);
    row->below = text.failed ? NULL : pal_arena_text(&job->out->arena, text.bytes, text.length);
    pal_text_release(&text);
    return row->below ? PAL_OK : pal_fail_memory(job->ctx, "the table", 1e3);
}

/* popular minus the row, over known users: of paired users, or of folds. */
static pal_status below_measure(pal_compare_job *job, const pal_table *table,
                                const pal_row *popular, const pal_row *row, pal_interval *out) {
    const pal_comparison *comparison = job->out;
    int32_t known = pal_table_known_slice(table), folds = comparison->n_folds,
            n = popular->test.n_users;
    if (folds && popular->folds && row->folds) {
        enum { KNOWN = PAL_MEASURES_MAX + PAL_FOLD_KNOWN };
        int32_t at = popular->folds[KNOWN] && row->folds[KNOWN] ? KNOWN : 0;
        double *differences = PAL_ARENA_ARRAY(&job->out->arena, double, folds);
        if (!differences) return pal_fail_memory(job->ctx, "the intervals", 8.0 * folds);
        for (int32_t f = 0; f < folds; f++)
            differences[f] = popular->folds[at][f] - row->folds[at][f];
        *out = pal_folds_interval(differences, folds, 0.95);
        return PAL_OK;
    }
    int64_t at = (int64_t)known * n;
    const double *of_popular = known < 0 ? popular->test.by_user : popular->test.slice_by_user + at,
                 *of_row = known < 0 ? row->test.by_user : row->test.slice_by_user + at;
    return pal_bootstrap_differences(job->ctx, of_popular, &of_row, 1, n,
                                     comparison->options.protocol.resamples, job->ctx->seed, out);
}

pal_status pal_compare_below(pal_compare_job *job, pal_table *table) {
    const pal_comparison *out = job->out;
    const pal_row *popular = NULL;
    for (int32_t r = 0; r < table->n_rows; r++) {
        if (table->rows[r].status == PAL_ROW_DONE && below_is_plain(&table->rows[r]))
            popular = &table->rows[r];
    }
    for (int32_t r = 0; popular && r < table->n_rows; r++) {
        pal_row *row = &table->rows[r];
        double less = pal_row_known_mean(out, table, popular, 0);
        if (!below_is_asked(row) || !(pal_row_known_mean(out, table, row, 0) < less)) continue;
        pal_interval more;
        TRY(below_measure(job, table, popular, row, &more));
        TRY(below_tell(job, table, popular, &more, row));
    }
    return PAL_OK;
}
