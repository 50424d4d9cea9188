/* cmd_recommend.c - lists from a model file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

typedef struct {
    const char *user, *history;
    bool quiet, json;
} recommend_values;

static const pal_param recommend_table[] = {
    {.name = "user",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(recommend_values, user),
     .value_name = "ID",
     .help = "a user of the log; - reads ids from standard input, one a line"},
    {.name = "history",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(recommend_values, history),
     .value_name = "IDS",
     .help = "items that somebody used, oldest first, separated by commas"},
    CLI_QUIET_ROW(recommend_values),
    CLI_JSON_ROW(recommend_values),
    {0},
};

enum { RECOMMEND_ITEMS = 10000 }; /* as many as -n allows */

static pal_status recommend_one(cli_run *run, const pal_model *model, const char *user,
                                const char *history, pal_entry *entries) {
    const char *strategy;
    int32_t n;
    pal_status status = pal_recommend(run->ctx, model, user, history, cli_options(run, "recommend"),
                                      entries, RECOMMEND_ITEMS, &n, &strategy);
    if (status != PAL_OK) return status;
    cli_print_list(run, user ? user : history, strategy, entries, n);
    return PAL_OK;
}

/* Ids from standard input; an unknown one is told and does not end the others. */
static pal_status recommend_all(cli_run *run, const pal_model *model, pal_entry *entries) {
    char *line = NULL;
    size_t capacity = 0;
    ssize_t n;
    pal_status worst = PAL_OK;
    while ((n = getline(&line, &capacity, stdin)) >= 0) {
        while (n > 0 && strchr("\r\n", line[n - 1])) line[--n] = '\0';
        if (n == 0) continue;
        pal_status status = recommend_one(run, model, line, NULL, entries);
        if (status == PAL_OK) continue;
        fprintf(stderr, "palate: %s\n", pal_error(run->ctx));
        run->usage = PAL_EUSAGE; /* its sentence is printed already */
        worst = PAL_EDATA;
    }
    free(line);
    return worst;
}

static pal_status recommend_run(cli_run *run) {
    const recommend_values *values = run->params;
    pal_model *model;
    pal_status status = pal_model_load(run->ctx, run->words[0], &model);
    if (status != PAL_OK) return status;
    pal_entry *entries = calloc(RECOMMEND_ITEMS, sizeof *entries);
    if (!entries) {
        status = PAL_ENOMEM;
    } else if (values->user && !strcmp(values->user, "-")) {
        status = recommend_all(run, model, entries);
    } else {
        status = recommend_one(run, model, values->user, values->history, entries);
    }
    free(entries);
    pal_model_free(model);
    return status;
}

const cli_command cli_recommend = {
    .name = "recommend",
    .summary = "a list for a user of the log, for a history, or for somebody unknown",
    .usage = "recommend MODEL.palate [--user ID | --history IDS] [-n 10] [OPTIONS]",
    .params = recommend_table,
    .params_size = sizeof(recommend_values),
    .groups = {"recommend", "context"},
    .words_min = 1,
    .words_max = 1,
    .run = recommend_run,
};
