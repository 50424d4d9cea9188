/* cmd_shrink.c - a model file in half or a quarter of the bytes. */
#include <stdio.h>
#include <string.h>

#include "cli.h"

typedef struct {
    const char *output;
    bool quiet;
} shrink_values;

static const pal_param shrink_table[] = {
    {.name = "output",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(shrink_values, output),
     .value_name = "FILE",
     .letter = 'o',
     .help = "the model file to write"},
    CLI_QUIET_ROW(shrink_values),
    {0},
};

static pal_status shrink_run(cli_run *run) {
    const shrink_values *values = run->params;
    const char *options = cli_options(run, "shrink", NULL);
    pal_model *model, *small = NULL;
    if (!options) return PAL_ENOMEM;
    if (!values->output || !strchr(options, '=') || strstr(options, "float32")) {
        return cli_fail_usage(run,
                              "say --precision bf16 or --precision int8 and where to write with "
                              "-o: usage: palate %s",
                              run->command->usage);
    }
    pal_status status = pal_model_load(run->ctx, run->words[0], &model);
    if (status != PAL_OK) return status;
    status = pal_model_shrink(run->ctx, model, options, &small);
    pal_model_free(model);
    if (status == PAL_OK) status = pal_model_save(run->ctx, small, values->output);
    if (status == PAL_OK && !run->quiet)
        printf("written: %s\nnext: palate evaluate %s --test FILE tells what it lost\n",
               values->output, values->output);
    pal_model_free(small);
    return status;
}

const cli_command cli_shrink = {
    .name = "shrink",
    .summary = "a model file in half or a quarter of the bytes",
    .usage = "shrink MODEL.palate --precision bf16|int8 -o SMALLER.palate",
    .params = shrink_table,
    .params_size = sizeof(shrink_values),
    .groups = {"shrink", "context"},
    .words_min = 1,
    .words_max = 1,
    .run = shrink_run,
};
