/* compare_twins.c - whether a second domain helps: each kind that learns from it beside the same
 * kind with the source switched off.
 *
 * The negative-transfer check is the paired difference row - twin on the test with a bootstrap
 * interval: over all users, over new users with a source history, over people with few events,
 * which hold together. With --sweep both are trained again on parts of the target's training users,
 * with the whole source: it pays as long as the difference on validation is above 0. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/ctx.h"
#include "choose/compare_job.h"
#include "data/second.h"
#include "models/registry.h"

/* --- specs --- */

/* The spec with its source off, in the arena; NULL: the kind uses none, or it is off. */
static pal_status twins_spec(pal_ctx *ctx, const char *spec, pal_arena *arena, const char **out) {
    const pal_kind *kind;
    void *params;
    *out = NULL;
    TRY(pal_kind_parse(ctx, spec, arena, &kind, &params));
    const pal_param *row =
        kind->traits & PAL_USES_SOURCE ? pal_param_find(kind->params, "source") : NULL;
    if (!row || row->type != PAL_PARAM_FLAG) return PAL_OK;
    bool *is_on = (bool *)((char *)params + row->offset);
    if (!*is_on) return PAL_OK;
    *is_on = false;
    pal_text text = {0};
    pal_spec_format(kind, params, false, &text);
    *out = text.failed ? NULL : pal_arena_text(arena, text.bytes, text.length);
    pal_text_release(&text);
    return *out ? PAL_OK : pal_fail_memory(ctx, "a spec", 1e3);
}

pal_status pal_compare_twins_add(pal_ctx *ctx, const pal_data *data, pal_arena *arena,
                                 const char *const **specs) {
    pal_source source;
    int32_t n = 0, n_given = 0;
    if (!pal_data_source(data, &source)) return PAL_OK;
    while ((*specs)[n_given]) n_given++;
    const char **all = PAL_ARENA_ARRAY(arena, const char *, 2 * n_given + 1);
    if (!all) return pal_fail_memory(ctx, "the specs", 1e3);
    for (; n < n_given; n++) all[n] = (*specs)[n];
    for (int32_t i = 0; i < n_given; i++) {
        const char *twin;
        bool is_given;
        TRY(twins_spec(ctx, all[i], arena, &twin));
        if (!twin) continue;
        TRY(pal_spec_is_among(ctx, all, n, twin, arena, &is_given));
        if (!is_given) all[n++] = twin;
    }
    *specs = all;
    return PAL_OK;
}

pal_status pal_compare_twins_find(pal_compare_job *job, pal_table *table) {
    pal_arena scratch = {0};
    pal_status status = PAL_OK;
    for (int32_t r = 0; r < table->n_rows; r++) table->rows[r].twin = -1;
    if (!pal_compare_source(job->out, true)) return PAL_OK;
    for (int32_t r = 0; status == PAL_OK && r < table->n_rows; r++) {
        pal_row *row = &table->rows[r];
        const char *twin, *canonical, *other;
        if (row->is_run || row->is_oracle) continue;
        status = twins_spec(job->ctx, row->name, &scratch, &twin);
        if (status != PAL_OK || !twin) continue;
        status = pal_spec_canonical(job->ctx, twin, &scratch, &canonical);
        for (int32_t o = 0; status == PAL_OK && row->twin < 0 && o < table->n_rows; o++) {
            if (table->rows[o].is_run || table->rows[o].is_oracle) continue;
            status = pal_spec_canonical(job->ctx, table->rows[o].name, &scratch, &other);
            if (status == PAL_OK && !strcmp(canonical, other)) row->twin = o;
        }
    }
    pal_arena_release(&scratch);
    return status;
}

bool pal_row_has_pair(const pal_table *table, int32_t r) {
    if (table->rows[r].twin >= 0) return true;
    for (int32_t o = 0; o < table->n_rows; o++) {
        if (table->rows[o].twin == r) return true;
    }
    return false;
}

/* --- what the source does --- */

enum { TWINS_USERS_MIN = 30 }; /* a slice of fewer does not speak for the source */

/* The effect's name and level, and in differences [n] what it takes the mean of: the twin less the
 * row, as pal_bootstrap_differences takes it away from 0. */
static void twins_look(const pal_table *table, pal_row *row, const char *slice,
                       double *differences) {
    const pal_row *twin = &table->rows[row->twin];
    int32_t s = -1, n = table->test.n_users;
    while (slice && ++s < table->slices.n && strcmp(table->slices.at[s].name, slice)) {
    }
    if (slice && s == table->slices.n) return;
    pal_source_effect *effect = &row->effects[row->n_effects++];
    *effect = (pal_source_effect){.name = slice ? table->slices.at[s].name : "all test users",
                                  .n_users = slice ? table->slices.at[s].n_users : n};
    const double *of_row = slice ? row->test.slice_by_user + (int64_t)s * n : row->test.by_user,
                 *of_twin = slice ? twin->test.slice_by_user + (int64_t)s * n : twin->test.by_user;
    effect->level = pal_mean(of_twin, n);
    double *to = differences + (int64_t)(row->n_effects - 1) * n;
    for (int32_t u = 0; u < n; u++) to[u] = of_twin[u] - of_row[u];
}

/* All effects of a row, by intervals that hold together: each has its chance to look like a gain.
 */
static pal_status twins_measure(pal_compare_job *job, const pal_table *table, pal_row *row) {
    pal_arena scratch = {0};
    int32_t n = table->test.n_users;
    double *zero = PAL_ARENA_ARRAY(&scratch, double, n),
           *differences = PAL_ARENA_ARRAY(&scratch, double, (int64_t)PAL_EFFECTS_MAX *n);
    if (!zero || !differences) return pal_fail_memory(job->ctx, "the intervals", 32.0 * n);
    twins_look(table, row, NULL, differences);
    twins_look(table, row, "new users with source history", differences);
    twins_look(table, row, "1-4 events and source history", differences);
    const double *others[PAL_EFFECTS_MAX];
    pal_interval gains[PAL_EFFECTS_MAX];
    for (int32_t e = 0; e < row->n_effects; e++) others[e] = differences + (int64_t)e * n;
    pal_status status =
        pal_bootstrap_differences(job->ctx, zero, others, row->n_effects, n,
                                  job->out->options.protocol.resamples, job->ctx->seed, gains);
    for (int32_t e = 0; status == PAL_OK && e < row->n_effects; e++)
        row->effects[e].gain = gains[e];
    pal_arena_release(&scratch);
    return status;
}

/* As where the fallback answers everybody that is asked: nothing is judged. */
static bool twins_are_equal(const pal_row *row) {
    const pal_interval *gain = &row->effects[0].gain;
    return fabs(gain->mean) <= 0 && fabs(gain->low) <= 0 && fabs(gain->high) <= 0;
}

/* A gain above 0 counts of all, and of a slice of enough people unless all lose. The source does
 * not help where it can give --worth of the twin's accuracy at the most; bounds that are NaN, of
 * too few people, tell nothing. */
static pal_source_verdict twins_judge(const pal_comparison *out, const pal_row *row) {
    const pal_source_effect *all = &row->effects[0];
    bool harms = all->gain.high < 0;
    if (twins_are_equal(row)) return PAL_SOURCE_UNKNOWN;
    for (int32_t e = 0; !harms && e < row->n_effects; e++) {
        bool speaks = e == 0 || row->effects[e].n_users >= TWINS_USERS_MIN;
        if (speaks && row->effects[e].gain.low > 0) return PAL_SOURCE_HELPS;
    }
    return all->gain.high <= fmax(0, out->options.worth * all->level) ? PAL_SOURCE_USELESS
                                                                      : PAL_SOURCE_UNKNOWN;
}

static void twins_add_effect(const pal_source_effect *effect, pal_text *text) {
    pal_text_addf(text, "%+.4f ", effect->gain.mean);
    if (isnan(effect->gain.low)) {
        pal_text_addf(text, "for %s (%d, too few to tell)", effect->name, (int)effect->n_users);
        return;
    }
    pal_text_addf(text, "(%+.4f to %+.4f) for %s (%d)", effect->gain.low, effect->gain.high,
                  effect->name, (int)effect->n_users);
}

static void twins_add_sweep(const pal_row *row, pal_text *text) {
    int32_t last = -1;
    bool is_told = row->n_growth > 0 && row->growth[0].has_gain && !isnan(row->growth[0].gain.low);
    for (int32_t i = 0; is_told && i < row->n_growth; i++) {
        if (row->growth[i].gain.low > 0) last = i;
    }
    if (!is_told) return;
    if (last < 0) {
        pal_text_addf(text, "; by validation it pays at none of %d to %d training users",
                      (int)row->growth[0].users, (int)row->growth[row->n_growth - 1].users);
    } else if (last + 1 == row->n_growth) {
        pal_text_addf(text, "; by validation it still pays at all %d training users",
                      (int)row->growth[last].users);
    } else {
        pal_text_addf(text,
                      "; by validation it pays at %d training users and can no longer be seen at "
                      "%d",
                      (int)row->growth[last].users, (int)row->growth[last + 1].users);
    }
}

static pal_status twins_tell(pal_compare_job *job, pal_row *row) {
    static const char *const starts[] = {
        [PAL_SOURCE_HELPS] = "the source helps: ",
        [PAL_SOURCE_USELESS] = "the source does not help, leave it out: ",
        [PAL_SOURCE_UNKNOWN] = "this test cannot tell whether the source helps: "};
    pal_text text = {0};
    pal_text_add(&text, starts[row->source_verdict]);
    for (int32_t e = 0; e < row->n_effects; e++) {
        if (e) pal_text_add(&text, ", ");
        twins_add_effect(&row->effects[e], &text);
    }
    if (twins_are_equal(row))
        pal_text_add(&text, "; whoever is asked here gets the same list with and without");
    twins_add_sweep(row, &text);
    row->source_says =
        text.failed ? NULL : pal_arena_text(&job->out->arena, text.bytes, text.length);
    pal_text_release(&text);
    return row->source_says ? PAL_OK : pal_fail_memory(job->ctx, "the table", 1e3);
}

pal_status pal_compare_twins_judge(pal_compare_job *job, pal_table *table) {
    for (int32_t r = 0; r < table->n_rows; r++) {
        pal_row *row = &table->rows[r];
        if (row->twin < 0 || row->status != PAL_ROW_DONE ||
            table->rows[row->twin].status != PAL_ROW_DONE)
            continue;
        TRY(twins_measure(job, table, row));
        row->source_verdict = twins_judge(job->out, row);
        TRY(twins_tell(job, row));
    }
    return PAL_OK;
}

/* --- the sweep --- */

pal_status pal_compare_twins_sweep(pal_compare_job *job, pal_table *table, int32_t at) {
    int32_t n = table->valid.n_users;
    for (int32_t r = 0; r < table->n_rows; r++) {
        pal_row *row = &table->rows[r];
        if (row->twin < 0 || row->n_growth <= at || table->rows[row->twin].n_growth <= at) continue;
        const double *of_twin = table->rows[row->twin].growth[at].by_user;
        row->growth[at].has_gain = true;
        TRY(pal_bootstrap_differences(job->ctx, row->growth[at].by_user, &of_twin, 1, n,
                                      job->out->options.protocol.resamples, job->ctx->seed,
                                      &row->growth[at].gain));
    }
    return PAL_OK;
}
