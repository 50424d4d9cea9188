/* cmd_case.c - the article's case, with its tables, heat maps and loss curves. */
#include <stdio.h>
#include <sys/stat.h>

#include "cli.h"

typedef struct {
    const char *folder;
    bool quiet, json;
} case_values;

static const pal_param case_table[] = {
    {.name = "output",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(case_values, folder),
     .initial = "palate-case",
     .value_name = "FOLDER",
     .letter = 'o',
     .help = "where case.html and case.json go"},
    CLI_QUIET_ROW(case_values),
    CLI_JSON_ROW(case_values),
    {0},
};

static pal_status case_finish(cli_run *run, pal_results *results, const char *folder) {
    char *text = NULL;
    pal_status status = pal_results_save(run->ctx, results, folder);
    if (status == PAL_OK) {
        status = run->json ? pal_results_json(run->ctx, results, &text)
                           : pal_results_text(run->ctx, results, &text);
    }
    if (status != PAL_OK) return status;
    fputs(text, stdout);
    pal_text_free(text);
    if (!run->json) printf("\nwritten: %s/case.html, %s/case.json\n", folder, folder);
    return PAL_OK;
}

static pal_status case_run(cli_run *run) {
    const case_values *values = run->params;
    pal_results *results = NULL;
    struct stat about;
    if (stat(values->folder, &about) == 0 && !S_ISDIR(about.st_mode)) {
        return cli_fail_usage(run, "%s: is a file, not a folder: name another place with -o",
                              values->folder);
    }
    const char *options = cli_options(run, "case", NULL);
    pal_status status = options ? pal_case(run->ctx, options, &results) : PAL_ENOMEM;
    if (status == PAL_OK) status = case_finish(run, results, values->folder);
    pal_results_free(results);
    return status;
}

const cli_command cli_case = {
    .name = "case",
    .summary = "the article's case: mf, gmf and nn on a full and a mostly empty matrix",
    .usage = "case [-o FOLDER] [--seed N] [--json] [OPTIONS]",
    .params = case_table,
    .params_size = sizeof(case_values),
    .groups = {"case", "seed", "context"},
    .run = case_run,
};
