/* compare_ages.c - how far the winner's lists fall behind as the test goes on. */
#include <string.h>

#include "base/ctx.h"
#include "choose/compare_job.h"

pal_status pal_compare_ages(pal_compare_job *job, pal_table *table) {
    table->n_ages = 0;
    if (table->winner_known < 0 || job->out->n_folds) return PAL_OK;
    const pal_row *winner = &table->rows[table->winner_known];
    int64_t n = winner->test.n_users;
    const double *first = NULL;
    for (int32_t s = 0; s < table->slices.n && table->n_ages < PAL_AGES_MAX; s++) {
        const pal_slice *slice = &table->slices.at[s];
        const double *by_user = winner->test.slice_by_user + s * n;
        if (strcmp(slice->group, "age")) continue;
        if (!strcmp(slice->name, "day 1")) {
            first = by_user;
            table->first_day = s;
        } else if (first) {
            pal_ageing *age = &table->ages[table->n_ages++];
            age->slice = s;
            TRY(pal_bootstrap_fall(job->ctx, first, by_user, (int32_t)n,
                                   job->out->options.protocol.resamples, job->ctx->seed,
                                   &age->fall));
        }
    }
    return PAL_OK;
}
