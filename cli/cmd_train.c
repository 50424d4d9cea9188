/* cmd_train.c - trains one model on a whole log. */
#include <stdio.h>

#include "cli.h"

typedef struct {
    const char *spec, *output;
    cli_parts parts;
    bool quiet;
} train_values;

static const pal_param train_table[] = {
    {.name = "model",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(train_values, spec),
     .value_name = "SPEC",
     .letter = 'm',
     .names = "kinds",
     .help = "the kind with its options, e.g. \"ease l2=500\""},
    {.name = "output",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(train_values, output),
     .value_name = "FILE",
     .letter = 'o',
     .help = "the model file to write"},
    CLI_CATALOG_ROWS(train_values),
    CLI_SOURCE_ROWS(train_values),
    CLI_QUIET_ROW(train_values),
    {0},
};

static pal_status train_run(cli_run *run) {
    const train_values *values = run->params;
    pal_data *data;
    const char *options = cli_options(run, "train", "shrink");
    if (!values->spec || !values->output) {
        return cli_fail_usage(
            run, "say what to train with -m and where to write it with -o: usage: palate %s",
            run->command->usage);
    }
    if (!options) return PAL_ENOMEM;
    pal_status status =
        pal_compare_check(run->ctx, (const char *const[]){values->spec, NULL}, NULL);
    if (status == PAL_OK) status = pal_train_check(run->ctx, options);
    if (status == PAL_OK) status = cli_read(run, 0, &values->parts, &data);
    if (status != PAL_OK) return status;
    status = pal_train_file(run->ctx, data, values->spec, values->output, options);
    if (status == PAL_OK && !run->quiet)
        printf("written: %s\nnext: palate recommend %s --user ID\n", values->output,
               values->output);
    pal_data_free(data);
    return status;
}

const cli_command cli_train = {
    .name = "train",
    .summary = "train one model on a whole log and write it to a file",
    .usage = "train LOG -m SPEC -o MODEL.palate [OPTIONS]",
    .params = train_table,
    .params_size = sizeof(train_values),
    .groups = {"train", "shrink", "data", "weigh", "scenario", "source", "seed", "context"},
    .words_min = 1,
    .words_max = 1,
    .run = train_run,
};
