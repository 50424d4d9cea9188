/* compare_clicks.c - the click table of a row: how its scores order what was shown. */
#include <math.h>

#include "base/ctx.h"
#include "choose/compare_job.h"

pal_status pal_compare_clicks_make(pal_compare_job *job, const pal_log *known) {
    pal_comparison *out = job->out;
    const pal_split *split = &out->split;
    TRY(pal_clicks_make(job->ctx, pal_split_known(split, false), &split->valid, &split->shown_valid,
                        &out->clicks_valid));
    return pal_clicks_make(job->ctx, known, &split->test, &split->shown_test, &out->clicks);
}

/* On validation probabilities are fitted, on the test scores are judged; the same in every table.
 */
pal_status pal_compare_clicks(pal_compare_job *job, const pal_model *model, bool final, int32_t r) {
    pal_comparison *out = job->out;
    const pal_clicks *clicks = final ? &out->clicks : &out->clicks_valid;
    pal_row *row = &out->tables[0].rows[r];
    if (!final) row->click_curve.a = NAN;
    if (out->clicks.n == 0 || clicks->n == 0) return PAL_OK;
    pal_arena scratch = {0};
    double *scores = PAL_ARENA_ARRAY(&scratch, double, clicks->n);
    pal_status status =
        scores ? pal_clicks_score(job->ctx, model, clicks, scores)
               : pal_fail_memory(job->ctx, "the click tables", 8.0 * (double)clicks->n);
    if (status == PAL_OK && !final) pal_clicks_fit(clicks, scores, &row->click_curve);
    if (status == PAL_OK && final)
        status = pal_clicks_judge(job->ctx, clicks, scores, &row->click_curve,
                                  out->options.protocol.resamples, &row->clicks);
    pal_arena_release(&scratch);
    for (int32_t t = 0; status == PAL_OK && final && t < out->n_tables; t++) {
        out->tables[t].rows[r].clicks = row->clicks;
        out->tables[t].rows[r].has_clicks = true;
    }
    return status;
}
