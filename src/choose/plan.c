/* plan.c - estimates by the kinds' own counts; budgets in seconds. */
#include "choose/plan.h"

#include <stdio.h>

#include "base/ctx.h"
#include "base/progress.h"
#include "models/registry.h"

/* Lists of both parts, in every table: a score an item and query. */
static double plan_lists(const pal_comparison *comparison) {
    double scores = 0;
    for (int32_t t = 0; t < comparison->n_tables; t++) {
        const pal_table *table = &comparison->tables[t];
        scores += (double)table->test.n_queries * table->test.n_candidates +
                  (double)table->valid.n_queries * table->valid.n_candidates;
    }
    return 3e-9 * scores;
}

static void plan_name_rows(pal_comparison *comparison, int32_t r, const char *spec,
                           const pal_kind *kind) {
    for (int32_t t = 0; t < comparison->n_tables; t++) {
        pal_row *row = &comparison->tables[t].rows[r];
        snprintf(row->name, sizeof row->name, "%s", spec);
        row->has_epochs = pal_param_find(kind->params, "epochs") != NULL;
    }
}

pal_status pal_plan_make(pal_ctx *ctx, const char *const *specs, pal_comparison *comparison) {
    int32_t n = 0, threads = pal_pool_threads(ctx->pool);
    while (specs[n]) n++;
    comparison->plan = PAL_ARENA_ARRAY(&comparison->arena, pal_estimate, n);
    comparison->n_plan = n;
    comparison->started = pal_clock();
    if (!comparison->plan) return pal_fail_memory(ctx, "the plan", 16.0 * n);
    pal_arena scratch = {0};
    pal_status status = PAL_OK;
    for (int32_t i = 0; status == PAL_OK && i < n; i++) {
        const pal_kind *kind;
        void *params;
        status = pal_kind_parse(ctx, specs[i], &scratch, &kind, &params);
        if (status != PAL_OK) break;
        plan_name_rows(comparison, i, specs[i], kind);
        pal_estimate once = pal_kind_estimate(kind, params, &comparison->split.history, threads);
        comparison->plan[i] = (pal_estimate){
            .seconds = 2 * once.seconds + plan_lists(comparison) / threads, .bytes = once.bytes};
    }
    pal_arena_release(&scratch);
    return status;
}

void pal_plan_tell_weights(pal_ctx *ctx, const char *const *specs, const pal_log *log) {
    if (log->weights) pal_specs_tell_weights(ctx, specs);
}

static void plan_say(char reason[PAL_ERROR_MAX], const char *format, double seconds, double other) {
    pal_text a = {0}, b = {0};
    pal_text_add_seconds(&a, seconds);
    pal_text_add_seconds(&b, other);
    if (!a.failed && !b.failed) snprintf(reason, PAL_ERROR_MAX, format, a.bytes, b.bytes);
    pal_text_release(&a);
    pal_text_release(&b);
}

bool pal_plan_allows(const pal_comparison *comparison, int32_t row, int32_t n_specs,
                     double *deadline, char reason[PAL_ERROR_MAX]) {
    double budget = comparison->options.budget, now = pal_clock();
    *deadline = 0;
    if (budget <= 0 || row >= n_specs) return true;
    double left = comparison->started + budget - now;
    if (left <= 0) {
        plan_say(reason,
                 "the budget of %s was used up before its turn: raise --budget (by %s too late)",
                 budget, -left);
        return false;
    }
    const pal_row *asked = &comparison->tables[0].rows[row];
    *deadline = now + left / (n_specs - row) / 2;
    /* A kind without epochs cannot stop half way. */
    if (!asked->has_epochs && comparison->plan[row].seconds > left) {
        plan_say(reason,
                 "would take about %s, and %s of the budget are left: raise --budget to try it",
                 comparison->plan[row].seconds, left);
        return false;
    }
    return true;
}
