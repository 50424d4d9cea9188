/* case.c - the verb that runs the article's case. */
#include <stdlib.h>

#include "api/api.h"
#include "report/case.h"

pal_status pal_case(pal_ctx *ctx, const char *options, pal_results **out) {
    TRY(pal_verb_start(ctx));
    pal_case_options values;
    pal_arena scratch = {0};
    pal_status status = pal_params_parse(ctx, "case", pal_case_params, &values, &scratch, options);
    pal_arena_release(&scratch);
    TRY(status);
    pal_results *results = calloc(1, sizeof *results);
    pal_case_results *found = calloc(1, sizeof *found);
    if (!results || !found) {
        free(results);
        free(found);
        return pal_fail_memory(ctx, "the case", sizeof *found);
    }
    results->is_case = true;
    status = pal_case_compute(ctx, &values, found);
    if (status == PAL_OK) status = pal_report_case_json(ctx, found, &results->json);
    if (status == PAL_OK && values.initial) {
        pal_text text = {0};
        pal_report_case_initial(found, &text);
        results->initial = pal_text_take(&text);
        if (!results->initial) status = pal_fail_memory(ctx, "initial.json", 1e6);
    }
    pal_case_release(found);
    free(found);
    if (status != PAL_OK) {
        pal_results_free(results);
        return status;
    }
    *out = results;
    return PAL_OK;
}
