/* cmd_import.c - a log in one file that reads fast. */
#include <stdio.h>

#include "cli.h"

typedef struct {
    cli_parts parts;
    const char *output;
    bool quiet;
} import_values;

static const pal_param import_table[] = {
    {.name = "output",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(import_values, output),
     .value_name = "FILE",
     .letter = 'o',
     .help = "the .palate file to write"},
    CLI_PART_ROWS(import_values),
    CLI_SOURCE_ROWS(import_values),
    CLI_QUIET_ROW(import_values),
    {0},
};

static pal_status import_run(cli_run *run) {
    const import_values *values = run->params;
    pal_data *data;
    if (!values->output)
        return cli_fail_usage(run, "say where to write with -o: usage: palate %s",
                              run->command->usage);
    pal_status status = cli_read(run, 0, &values->parts, &data);
    if (status != PAL_OK) return status;
    status = pal_data_save(run->ctx, data, values->output);
    if (status == PAL_OK && !run->quiet)
        printf("written: %s\nnext: palate compare %s\n", values->output, values->output);
    pal_data_free(data);
    return status;
}

const cli_command cli_import = {
    .name = "import",
    .summary = "read a log once, check it, and write it as one .palate file",
    .usage = "import LOG | --train FILE --test FILE -o LOG.palate [OPTIONS]",
    .params = import_table,
    .params_size = sizeof(import_values),
    .groups = {"data", "weigh", "source", "context"},
    .words_max = 1,
    .run = import_run,
};
