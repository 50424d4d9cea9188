/* cmd_evaluate.c - scores a trained model on a test part. */
#include <stdio.h>

#include "cli.h"

typedef struct {
    cli_parts parts;
    bool quiet, json;
} evaluate_values;

static const pal_param evaluate_table[] = {
    {.name = "train",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(evaluate_values, parts.train),
     .value_name = "FILE",
     .help = "histories of the test users; without it those that the model remembers"},
    {.name = "test",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(evaluate_values, parts.test),
     .value_name = "FILE",
     .help = "the test part"},
    CLI_QUIET_ROW(evaluate_values),
    CLI_JSON_ROW(evaluate_values),
    {0},
};

static pal_status evaluate_run(cli_run *run) {
    const evaluate_values *values = run->params;
    pal_model *model;
    pal_data *data = NULL;
    pal_results *results = NULL;
    char *text = NULL;
    if (!values->parts.test)
        return cli_fail_usage(run, "name the test part with --test: usage: palate %s",
                              run->command->usage);
    const char *options = cli_options(run, "evaluate", NULL);
    pal_status status = options ? pal_evaluate_check(run->ctx, options) : PAL_ENOMEM;
    if (status == PAL_OK) status = pal_model_load(run->ctx, run->words[0], &model);
    if (status != PAL_OK) return status;
    pal_paths paths = {.log = values->parts.train ? NULL : values->parts.test,
                       .train = values->parts.train,
                       .test = values->parts.train ? values->parts.test : NULL};
    status = pal_data_read(run->ctx, &paths, cli_options(run, "data", NULL), &data);
    if (status == PAL_OK) status = pal_evaluate(run->ctx, model, data, options, &results);
    if (status == PAL_OK)
        status = run->json ? pal_results_json(run->ctx, results, &text)
                           : pal_results_text(run->ctx, results, &text);
    if (text) fputs(text, stdout);
    pal_text_free(text);
    pal_results_free(results);
    pal_data_free(data);
    pal_model_free(model);
    return status;
}

const cli_command cli_evaluate = {
    .name = "evaluate",
    .summary = "score a trained model on a test part",
    .usage = "evaluate MODEL.palate --test FILE [--train FILE] [OPTIONS]",
    .params = evaluate_table,
    .params_size = sizeof(evaluate_values),
    .groups = {"data", "evaluate", "seed", "context"},
    .words_min = 1,
    .words_max = 1,
    .run = evaluate_run,
};
