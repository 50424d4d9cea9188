/* cmd_describe.c - everything that the tables know, for programs and for the reference pages. */
#include <stdio.h>
#include <string.h>

#include "cli.h"

typedef struct {
    bool json, markdown, names, man;
    int32_t completion; /* cli_shell */
} describe_values;

static const pal_param describe_table[] = {
    CLI_JSON_ROW(describe_values),
    {.name = "markdown",
     .type = PAL_PARAM_FLAG,
     .offset = offsetof(describe_values, markdown),
     .help = "print Markdown"},
    {.name = "names",
     .type = PAL_PARAM_FLAG,
     .offset = offsetof(describe_values, names),
     .help = "print a line each: name, tabulator, summary"},
    {.name = "man",
     .type = PAL_PARAM_FLAG,
     .offset = offsetof(describe_values, man),
     .help = "print the manual page palate(1)"},
    {.name = "completion",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(describe_values, completion),
     .choices = cli_shells,
     .value_name = "SHELL",
     .help = "print the script by which a shell completes command lines"},
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
        for (int g = 0; g < CLI_GROUPS_MAX && command->groups[g]; g++) {
            pal_text_addf(out, "%s [%s](options.md#%s)",
                          g ? "," : "\nIt also takes the options of:", command->groups[g],
                          command->groups[g]);
        }
        pal_text_add(out, command->groups[0] ? ".\n\n" : "\n");
    }
}

pal_status cli_names(cli_run *run, const char *subject, pal_text *out) {
    if (strcmp(subject, "commands")) {
        char *text = NULL;
        pal_status status = pal_describe(run->ctx, subject, "names", &text);
        if (status == PAL_OK) pal_text_add(out, text);
        pal_text_free(text);
        /* The library knows no commands, but palate describe does. */
        if (!strcmp(subject, "subjects")) pal_text_add(out, "commands\tthe commands\n");
        return status;
    }
    for (int i = 0; cli_commands[i]; i++)
        pal_text_addf(out, "%s\t%s\n", cli_commands[i]->name, cli_commands[i]->summary);
    return PAL_OK;
}

/* Words and flags to what the library describes. */
static pal_status describe_library(cli_run *run, const describe_values *values, pal_text *out) {
    pal_text what = {0};
    char *text = NULL;
    for (int32_t i = 0; i < run->n_words; i++)
        pal_text_addf(&what, i ? " %s" : "%s", run->words[i]);
    pal_status status = what.failed ? PAL_ENOMEM
                                    : pal_describe(run->ctx, what.bytes ? what.bytes : "all",
                                                   run->json          ? "json"
                                                   : values->markdown ? "markdown"
                                                   : values->names    ? "names"
                                                                      : "text",
                                                   &text);
    if (status == PAL_OK) pal_text_add(out, text);
    pal_text_free(text);
    pal_text_release(&what);
    return status;
}

static pal_status describe_run(cli_run *run) {
    const describe_values *values = run->params;
    int n_forms = run->json + values->markdown + values->names + values->man +
                  (values->completion != CLI_NO_SHELL);
    if (n_forms > 1)
        return cli_fail_usage(run, "describe prints one form: name one of --json, --markdown, "
                                   "--names, --man and --completion");
    bool is_whole = values->man || values->completion != CLI_NO_SHELL;
    if (is_whole && run->n_words)
        return cli_fail_usage(run, "--man and --completion are about all commands: leave '%s' away",
                              run->words[0]);
    pal_text text = {0};
    pal_status status = PAL_OK;
    if (values->man) {
        status = cli_man(run, &text);
    } else if (is_whole) {
        status = cli_completion(run, (cli_shell)values->completion, &text);
    } else if (values->names && run->n_words < 2) {
        status = cli_names(run, run->n_words ? run->words[0] : "subjects", &text);
    } else if (run->n_words && !strcmp(run->words[0], "commands")) {
        describe_commands(&text);
    } else {
        status = describe_library(run, values, &text);
    }
    if (status == PAL_OK && text.failed) status = PAL_ENOMEM;
    if (status == PAL_OK) fputs(text.bytes ? text.bytes : "", stdout);
    pal_text_release(&text);
    return status;
}

const cli_command cli_describe = {
    .name = "describe",
    .summary = "all kinds, metrics, formats, splits and options, for people and for programs",
    .usage = "describe [kinds | kind NAME | metrics | formats | splits | scenarios | options | "
             "commands] "
             "[--json | --markdown | --names] | --man | --completion SHELL",
    .params = describe_table,
    .params_size = sizeof(describe_values),
    .words_max = 2,
    .names = "subjects",
    .run = describe_run,
};
