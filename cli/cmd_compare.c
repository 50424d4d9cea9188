/* cmd_compare.c - the main job: a log in, a table, a verdict and a report out. */
#include "cli.h"

typedef struct {
    cli_parts parts;
    const char *folder;
    pal_texts models;
    bool quiet, json;
} compare_values;

static const pal_param compare_table[] = {
    {.name = "model",
     .type = PAL_PARAM_TEXTS,
     .offset = offsetof(compare_values, models),
     .value_name = "SPEC",
     .letter = 'm',
     .names = "kinds",
     .help = "a kind with options to compare, e.g. \"ease l2=500\"; without any the usual ones"},
    {.name = "output",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(compare_values, folder),
     .initial = "palate-report",
     .value_name = "FOLDER",
     .letter = 'o',
     .help = "where the report, the results and the model go"},
    CLI_PART_ROWS(compare_values),
    CLI_SOURCE_ROWS(compare_values),
    CLI_QUIET_ROW(compare_values),
    CLI_JSON_ROW(compare_values),
    {0},
};

static pal_status compare_run(cli_run *run) {
    const compare_values *values = run->params;
    cli_comparison asked;
    pal_data *data;
    pal_status status = cli_ask_comparison(run, &values->models, values->folder, &asked);
    if (status == PAL_OK) status = cli_read(run, 0, &values->parts, &data);
    if (status != PAL_OK) return status;
    status = cli_compare_data(run, data, &asked);
    pal_data_free(data);
    return status;
}

const cli_command cli_compare = {
    .name = "compare",
    .summary = "train several kinds on a log, judge them alike, say which to use",
    .usage = "compare LOG | --train FILE --test FILE [-m SPEC]… [-o FOLDER] [OPTIONS]",
    .params = compare_table,
    .params_size = sizeof(compare_values),
    .groups = {"data", "weigh", "scenario", "source", "evaluate", "compare", "seed", "context"},
    .words_max = 1,
    .run = compare_run,
};
