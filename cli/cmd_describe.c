/* cmd_describe.c - everything that the tables know, for programs and for the reference pages. */
#include <stdio.h>
#include <string.h>

#include "cli.h"

typedef struct {
    bool json, markdown;
} describe_values;

static const pal_param describe_table[] = {
    CLI_JSON_ROW(describe_values),
    {.name = "markdown",
     .type = PAL_PARAM_FLAG,
     .offset = offsetof(describe_values, markdown),
     .help = "print Markdown"},
    {0},
};

/* The options of each command, in Markdown: what only the command line knows. */
static void describe_commands(pal_text *out) {
    pal_text_add(out, "# Commands\n\n");
    for (int i = 0; cli_commands[i]; i++) {
        const cli_command *command = cli_commands[i];
        pal_text_addf(out, "## %s\n\n%s\n\n    palate %s\n\n", command->name, command->summary,
                      command->usage);
        if (command->params[0].name) pal_params_markdown(command->params, true, out);
        pal_text_add(out, "\nIt also takes the options of:");
        for (int g = 0; g < CLI_GROUPS_MAX && command->groups[g]; g++) {
            pal_text_addf(out, "%s [%s](options.md#%s)", g ? "," : "", command->groups[g],
                          command->groups[g]);
        }
        pal_text_add(out, ".\n\n");
    }
}

static pal_status describe_run(cli_run *run) {
    const describe_values *values = run->params;
    char *text = NULL;
    if (run->n_words && !strcmp(run->words[0], "commands")) {
        pal_text commands = {0};
        describe_commands(&commands);
        if (!commands.failed) fputs(commands.bytes, stdout);
        pal_text_release(&commands);
        return PAL_OK;
    }
    pal_text what = {0};
    for (int32_t i = 0; i < run->n_words; i++)
        pal_text_addf(&what, i ? " %s" : "%s", run->words[i]);
    pal_status status = pal_describe(run->ctx, what.bytes ? what.bytes : "all",
                                     run->json          ? "json"
                                     : values->markdown ? "markdown"
                                                        : "text",
                                     &text);
    if (status == PAL_OK) fputs(text, stdout);
    pal_text_free(text);
    pal_text_release(&what);
    return status;
}

const cli_command cli_describe = {
    .name = "describe",
    .summary = "all kinds, metrics, formats, splits and options, as text, JSON or Markdown",
    .usage = "describe [kinds | kind NAME | metrics | formats | splits | options | commands] "
             "[--json | --markdown]",
    .params = describe_table,
    .params_size = sizeof(describe_values),
    .groups = {"context"},
    .words_max = 2,
    .run = describe_run,
};
