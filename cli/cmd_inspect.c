/* cmd_inspect.c - what a log is and which flags fit it. */
#include <stdio.h>

#include "cli.h"

typedef struct {
    cli_parts parts;
    bool quiet, json;
} inspect_values;

static const pal_param inspect_table[] = {
    CLI_CATALOG_ROWS(inspect_values),
    CLI_SOURCE_ROWS(inspect_values),
    CLI_QUIET_ROW(inspect_values),
    CLI_JSON_ROW(inspect_values),
    {0},
};

static pal_status inspect_run(cli_run *run) {
    const inspect_values *values = run->params;
    pal_data *data;
    char *text = NULL;
    pal_status status = cli_read(run, 0, &values->parts, &data);
    if (status != PAL_OK) return status;
    status = pal_inspect(run->ctx, data, run->json, &text);
    if (status == PAL_OK) fputs(text, stdout);
    pal_text_free(text);
    pal_data_free(data);
    return status;
}

const cli_command cli_inspect = {
    .name = "inspect",
    .summary = "what a log is, what is odd about it, which flags fit it",
    .usage = "inspect LOG [--json] [OPTIONS]",
    .params = inspect_table,
    .params_size = sizeof(inspect_values),
    .groups = {"data", "scenario", "source", "context"},
    .words_min = 1,
    .words_max = 1,
    .run = inspect_run,
};
