/* cmd_similar.c - items similar to one, users near one. */
#include <stdlib.h>

#include "cli.h"

typedef struct {
    const char *item, *user;
    bool quiet, json;
} similar_values;

static const pal_param similar_table[] = {
    {.name = "item",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(similar_values, item),
     .value_name = "ID",
     .help = "an item of the log"},
    {.name = "user",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(similar_values, user),
     .value_name = "ID",
     .help = "a user of the log, for users nearest to him"},
    CLI_QUIET_ROW(similar_values),
    CLI_JSON_ROW(similar_values),
    {0},
};

enum { SIMILAR_ITEMS = 10000 };

static pal_status similar_run(cli_run *run) {
    const similar_values *values = run->params;
    pal_model *model;
    if (!values->item == !values->user)
        return cli_fail_usage(run,
                              "name an item with --item, or a user with --user: usage: palate %s",
                              run->command->usage);
    pal_status status = pal_model_load(run->ctx, run->words[0], &model);
    if (status != PAL_OK) return status;
    pal_entry *entries = calloc(SIMILAR_ITEMS, sizeof *entries);
    int32_t n = 0;
    const char *options = cli_options(run, "list", NULL);
    if (!entries || !options) {
        status = PAL_ENOMEM;
    } else if (values->item) {
        status = pal_similar(run->ctx, model, values->item, options, entries, SIMILAR_ITEMS, &n);
    } else {
        status =
            pal_similar_to_user(run->ctx, model, values->user, options, entries, SIMILAR_ITEMS, &n);
    }
    if (status == PAL_OK)
        cli_print_list(run, values->item ? values->item : values->user, NULL, entries, n, NULL);
    free(entries);
    pal_model_free(model);
    return status;
}

const cli_command cli_similar = {
    .name = "similar",
    .summary = "the items most similar to one, or the users nearest to one, by the model's measure",
    .usage = "similar MODEL.palate (--item ID | --user ID) [-n 10] [OPTIONS]",
    .params = similar_table,
    .params_size = sizeof(similar_values),
    .groups = {"list", "context"},
    .words_min = 1,
    .words_max = 1,
    .run = similar_run,
};
