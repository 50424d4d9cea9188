/* cmd_models.c - the kinds there are, or one with its options. */
#include <stdio.h>

#include "cli.h"

typedef struct {
    bool json;
} models_values;

static const pal_param models_table[] = {CLI_JSON_ROW(models_values), {0}};

static pal_status models_run(cli_run *run) {
    pal_text what = {0};
    char *text = NULL;
    pal_text_addf(&what, run->n_words ? "kind %s" : "kinds%s", run->n_words ? run->words[0] : "");
    pal_status status =
        what.failed ? PAL_ENOMEM
                    : pal_describe(run->ctx, what.bytes, run->json ? "json" : "text", &text);
    if (status == PAL_OK) fputs(text, stdout);
    pal_text_free(text);
    pal_text_release(&what);
    return status;
}

const cli_command cli_models = {
    .name = "models",
    .summary = "the kinds of models there are, or one with its options",
    .usage = "models [KIND] [--json]",
    .params = models_table,
    .params_size = sizeof(models_values),
    .words_max = 1,
    .names = "kinds",
    .run = models_run,
};
