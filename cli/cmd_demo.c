/* cmd_demo.c - compares the default kinds on the demo world. */
#include "cli.h"

typedef struct {
    const char *folder;
    pal_texts models;
    bool quiet, json;
} demo_values;

static const pal_param demo_table[] = {
    {.name = "output",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(demo_values, folder),
     .initial = "palate-demo",
     .value_name = "FOLDER",
     .letter = 'o',
     .help = "where the report, the results and the model go"},
    {.name = "model",
     .type = PAL_PARAM_TEXTS,
     .offset = offsetof(demo_values, models),
     .value_name = "SPEC",
     .letter = 'm',
     .names = "kinds",
     .help = "a kind with options to compare, e.g. \"ease l2=500\""},
    CLI_QUIET_ROW(demo_values),
    CLI_JSON_ROW(demo_values),
    {0},
};

static pal_status demo_run(cli_run *run) {
    const demo_values *values = run->params;
    cli_comparison asked;
    pal_data *data;
    pal_status status = cli_ask_comparison(run, &values->models, values->folder, &asked);
    if (status == PAL_OK)
        status = pal_data_demo(run->ctx, cli_options(run, "demo", "scenario"), &data);
    if (status != PAL_OK) return status;
    status = cli_compare_data(run, data, &asked);
    pal_data_free(data);
    return status;
}

const cli_command cli_demo = {
    .name = "demo",
    .summary = "compare recommenders on a small invented shop, with a report",
    .usage = "demo [-o FOLDER] [OPTIONS]",
    .params = demo_table,
    .params_size = sizeof(demo_values),
    .groups = {"demo", "scenario", "evaluate", "compare", "seed", "context"},
    .run = demo_run,
};
