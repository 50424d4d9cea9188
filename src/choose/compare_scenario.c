/* compare_scenario.c - what a scenario fills in of how models are judged. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/ctx.h"
#include "choose/compare_job.h"
#include "data/scenario.h"

const char *const *pal_compare_default_specs(pal_ctx *ctx, pal_comparison *comparison) {
    const pal_scenario *scenario = pal_scenario_of(comparison->data);
    const pal_log *log = &comparison->data->parts[0];
    if (scenario && log->times) return scenario->kinds;
    pal_default_specs(ctx, comparison->data, &comparison->inspection, false,
                      comparison->default_specs);
    return comparison->default_specs;
}

void pal_compare_tell_left_out(pal_ctx *ctx, const pal_comparison *comparison) {
    const pal_inspection *found = &comparison->inspection;
    const char *all[PAL_DEFAULT_SPECS + 1], *const *taken = comparison->default_specs;
    char list[256] = "";
    pal_default_specs(ctx, comparison->data, found, true, all);
    for (int32_t i = 0; all[i]; i++) {
        size_t length = strlen(list);
        if (*taken && !strcmp(*taken, all[i])) {
            taken++;
        } else {
            snprintf(list + length, sizeof list - length, "%s%s", length ? ", " : "", all[i]);
        }
    }
    if (!*list) return;
    pal_note(ctx, PAL_NOTICE_INFO,
             "not tried by itself on %" PRId64 " users and %" PRId64
             " items, for its time and memory: %s; -m names what to compare",
             (int64_t)found->n_users, (int64_t)found->n_items, list);
}

typedef struct {
    pal_ctx *ctx;
    const char *text; /* the options given */
    pal_comparison *out;
    pal_text told;
} scenario_fill;

static pal_status scenario_set(scenario_fill *fill, const pal_param *table, void *values,
                               const char *name, const char *value, const char *why) {
    if (!value || pal_params_gives(fill->text, name, &fill->out->arena)) return PAL_OK;
    pal_text_addf(&fill->told, "%s%s %s%s", fill->told.length ? "; " : "", name, value, why);
    return pal_param_set(fill->ctx, "--scenario", table, values, &fill->out->arena, name, value);
}

static pal_status scenario_fill_all(scenario_fill *fill, const pal_scenario *scenario) {
    pal_comparison *out = fill->out;
    const pal_inspection *found = &out->inspection;
    bool is_ordered = found->has_times && found->last_time > found->first_time;
    /* Where times do not order a user's events there is no next one to foretell. */
    bool is_auto = !strcmp(scenario->task, "auto") || !found->is_ordered;
    char rule[64];
    pal_text why = {0};
    pal_scenario_relevant(scenario, &out->data->parts[0], rule, &why);
    /* Given parts are split already; without times a time split has nothing to cut by. */
    const char *split = out->data->n_parts > 1 ? NULL : is_ordered ? scenario->split : found->split;
    pal_status status = scenario_set(fill, pal_compare_params, &out->options, "split", split, "");
    if (status == PAL_OK)
        status = scenario_set(fill, pal_protocol_params, &out->options.protocol, "task",
                              is_auto ? found->task : scenario->task, "");
    if (status == PAL_OK)
        status = scenario_set(fill, pal_protocol_params, &out->options.protocol, "hide",
                              scenario->hide ? scenario->hide : found->hide, "");
    if (status == PAL_OK)
        status = scenario_set(fill, pal_protocol_params, &out->options.protocol, "relevant",
                              why.length || strcmp(rule, "all") ? rule : NULL,
                              why.bytes ? why.bytes : "");
    fill->told.failed |= why.failed;
    pal_text_release(&why);
    return status;
}

pal_status pal_compare_fill_scenario(pal_ctx *ctx, const char *text, pal_comparison *out) {
    const pal_scenario *scenario = out->data ? pal_scenario_of(out->data) : NULL;
    if (!scenario) return PAL_OK;
    scenario_fill fill = {.ctx = ctx, .text = text, .out = out};
    pal_status status = scenario_fill_all(&fill, scenario);
    if (status == PAL_OK && fill.told.failed) status = pal_fail_memory(ctx, "the scenario", 1e3);
    if (status == PAL_OK)
        snprintf(out->scenario, sizeof out->scenario, "%s", fill.told.bytes ? fill.told.bytes : "");
    pal_text_release(&fill.told);
    return status;
}

void pal_compare_tell_scenario(pal_ctx *ctx, const pal_comparison *comparison) {
    const pal_scenario *scenario = pal_scenario_of(comparison->data);
    const char *read = comparison->data->scenario, *judged = comparison->scenario;
    if (!scenario) return;
    pal_note(ctx, PAL_NOTICE_INFO, "scenario %s: %s%s%s; look first at %s", scenario->name,
             *read || *judged ? read : "every option was given", *read && *judged ? "; " : "",
             judged, scenario->look);
}
