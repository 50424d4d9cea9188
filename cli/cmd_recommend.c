/* cmd_recommend.c - lists from a model file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

typedef struct {
    pal_person person;
    bool why, quiet, json;
} recommend_values;

static const pal_param recommend_table[] = {
    {.name = "user",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(recommend_values, person.user),
     .value_name = "ID",
     .help = "a user of the log; - reads ids from standard input, one a line"},
    {.name = "history",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(recommend_values, person.history),
     .value_name = "IDS",
     .help = "items that somebody used, oldest first, separated by commas"},
    CLI_PERSON_ROWS(recommend_values),
    {.name = "why",
     .type = PAL_PARAM_FLAG,
     .offset = offsetof(recommend_values, why),
     .help = "with the strongest reasons for each item"},
    CLI_QUIET_ROW(recommend_values),
    CLI_JSON_ROW(recommend_values),
    {0},
};

enum { RECOMMEND_ITEMS = 10000 }; /* as many as -n allows */

typedef struct {
    cli_run *run;
    const pal_model *model;
    const char *options;
    pal_entry *entries; /* [RECOMMEND_ITEMS] */
    pal_why *reasons;   /* [RECOMMEND_ITEMS, CLI_REASONS] with --why, or NULL */
} recommend_job;

/* The strongest reasons of each entry; those that are missing have neither item nor sentence. */
static pal_status recommend_explain(const recommend_job *job, const pal_person *person, int32_t n) {
    memset(job->reasons, 0, (size_t)n * CLI_REASONS * sizeof *job->reasons);
    pal_on_notice(job->run->ctx, NULL, NULL); /* what is odd was told with the list */
    pal_status status = PAL_OK;
    for (int32_t i = 0; status == PAL_OK && i < n; i++) {
        pal_explained found;
        int32_t n_reasons;
        status = pal_explain_item(job->run->ctx, job->model, person, job->entries[i].id,
                                  "hide=none", &found, job->reasons + (int64_t)i * CLI_REASONS,
                                  CLI_REASONS, &n_reasons);
    }
    cli_listen(job->run);
    return status;
}

/* All that was asked, the first as it was given: "i1,i2, words space opera, profile city=Lyon";
 * NULL for nobody. */
static const char *recommend_whom(const pal_person *person, pal_text *text) {
    const struct {
        const char *what, *given;
    } asked[] = {{"", person->user},
                 {"", person->history},
                 {"words ", person->query},
                 {"profile ", person->profile},
                 {"source history ", person->source_history}};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        if (!asked[i].given) continue;
        if (text->length) pal_text_addf(text, ", %s", asked[i].what);
        pal_text_add(text, asked[i].given);
    }
    return text->failed ? NULL : text->bytes;
}

static pal_status recommend_one(const recommend_job *job, const pal_person *person) {
    const char *strategy;
    int32_t n;
    pal_status status = pal_recommend(job->run->ctx, job->model, person, job->options, job->entries,
                                      RECOMMEND_ITEMS, &n, &strategy);
    if (status == PAL_OK && job->reasons) status = recommend_explain(job, person, n);
    if (status != PAL_OK) return status;
    pal_text whom = {0};
    cli_print_list(job->run, recommend_whom(person, &whom), strategy, job->entries, n,
                   job->reasons);
    pal_text_release(&whom);
    return PAL_OK;
}

/* Ids from standard input; an unknown one is told and does not end the others. */
static pal_status recommend_all(const recommend_job *job, const pal_person *asked) {
    pal_person person = *asked;
    char *line = NULL;
    size_t capacity = 0;
    ssize_t n;
    pal_status worst = PAL_OK;
    while ((n = getline(&line, &capacity, stdin)) >= 0) {
        while (n > 0 && strchr("\r\n", line[n - 1])) line[--n] = '\0';
        if (n == 0) continue;
        person.user = line;
        pal_status status = recommend_one(job, &person);
        if (status == PAL_OK) continue;
        fprintf(stderr, "palate: %s\n", pal_error(job->run->ctx));
        job->run->usage = PAL_EUSAGE; /* its sentence is printed already */
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
    recommend_job job = {.run = run,
                         .model = model,
                         .options = cli_options(run, "list", "recommend"),
                         .entries = calloc(RECOMMEND_ITEMS, sizeof *job.entries)};
    if (values->why)
        job.reasons = calloc((size_t)RECOMMEND_ITEMS * CLI_REASONS, sizeof *job.reasons);
    if (!job.entries || !job.options || (values->why && !job.reasons)) {
        status = PAL_ENOMEM;
    } else if (values->person.user && !strcmp(values->person.user, "-")) {
        status = recommend_all(&job, &values->person);
    } else {
        status = recommend_one(&job, &values->person);
    }
    free(job.entries);
    free(job.reasons);
    pal_model_free(model);
    return status;
}

const cli_command cli_recommend = {
    .name = "recommend",
    .summary = "a list for a user of the log, for a history, for words or a profile",
    .usage = "recommend MODEL.palate [--user ID | --history IDS] [--source-history IDS] "
             "[--query TEXT] [--profile k=v,…] "
             "[-n 10] [--why] [OPTIONS]",
    .params = recommend_table,
    .params_size = sizeof(recommend_values),
    .groups = {"list", "recommend", "context"},
    .words_min = 1,
    .words_max = 1,
    .run = recommend_run,
};
