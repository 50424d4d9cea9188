/* cmd_explain.c - why an item has its score for somebody. */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"

typedef struct {
    pal_person person;
    const char *item;
    bool quiet, json;
} explain_values;

static const pal_param explain_table[] = {
    {.name = "user",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(explain_values, person.user),
     .value_name = "ID",
     .help = "a user of the log"},
    {.name = "history",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(explain_values, person.history),
     .value_name = "IDS",
     .help = "items that somebody used, oldest first, separated by commas"},
    CLI_PERSON_ROWS(explain_values),
    {.name = "item",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(explain_values, item),
     .value_name = "ID",
     .help = "the item to explain"},
    CLI_QUIET_ROW(explain_values),
    CLI_JSON_ROW(explain_values),
    {0},
};

enum { EXPLAIN_REASONS = 10000 };

static void explain_print_json(const explain_values *values, const pal_explained *found,
                               const pal_why *reasons, int32_t n) {
    pal_text text = {0};
    pal_text_add(&text, "{\"item\": ");
    pal_text_add_json(&text, values->item);
    pal_text_addf(&text, ", \"score\": %.9g, \"place\": %d, \"strategy\": ", found->score,
                  found->place);
    pal_text_add_json(&text, found->strategy);
    if (found->kept_out) {
        pal_text_add(&text, ", \"kept_out\": ");
        pal_text_add_json(&text, found->kept_out);
    }
    pal_text_addf(&text, ", \"sums_to_score\": %s, \"n_reasons\": %d, \"reasons\": [",
                  found->is_sum ? "true" : "false", found->n_reasons);
    for (int32_t r = 0; r < n; r++) {
        pal_text_addf(&text, "%s{\"amount\": %.9g, ", r ? ", " : "", reasons[r].amount);
        pal_text_add(&text, reasons[r].item ? "\"item\": " : "\"what\": ");
        pal_text_add_json(&text, reasons[r].item ? reasons[r].item : reasons[r].what);
        if (reasons[r].title) {
            pal_text_add(&text, ", \"title\": ");
            pal_text_add_json(&text, reasons[r].title);
        }
        if (reasons[r].is_of_source) pal_text_add(&text, ", \"of_source\": true");
        pal_text_add(&text, "}");
    }
    pal_text_add(&text, "]}\n");
    if (!text.failed) fputs(text.bytes, stdout);
    pal_text_release(&text);
}

static void explain_print(const explain_values *values, const pal_explained *found,
                          const pal_why *reasons, int32_t n) {
    printf("%s has the score %.4f by %s", values->item, found->score, found->strategy);
    if (found->place) {
        printf(", place %d of the list\n", found->place);
    } else {
        printf("; it is not listed: %s\n", found->kept_out);
    }
    if (n > 0)
        printf(found->is_sum ? "the score is the sum of:\n"
                             : "without each of these the score would lose:\n");
    double shown = 0;
    for (int32_t r = 0; r < n; r++) {
        printf("  %+10.4f  %s%-24s  %s\n", reasons[r].amount,
               reasons[r].is_of_source ? "used in the source "
               : reasons[r].item       ? "used "
                                       : "",
               reasons[r].item ? reasons[r].item : reasons[r].what,
               reasons[r].title ? reasons[r].title : "");
        shown += reasons[r].amount;
    }
    if (found->is_sum && n < found->n_reasons)
        printf("  %+10.4f  %d more\n", found->score - shown, found->n_reasons - n);
    if (n == 0) printf("nothing that is known of this person speaks for it\n");
}

static pal_status explain_run(cli_run *run) {
    const explain_values *values = run->params;
    pal_model *model;
    if (!values->item)
        return cli_fail_usage(run, "name an item with --item: usage: palate %s",
                              run->command->usage);
    pal_status status = pal_model_load(run->ctx, run->words[0], &model);
    if (status != PAL_OK) return status;
    pal_why *reasons = calloc(EXPLAIN_REASONS, sizeof *reasons);
    pal_explained found;
    int32_t n = 0;
    const char *options = cli_options(run, "explain", NULL);
    status = reasons && options ? pal_explain_item(run->ctx, model, &values->person, values->item,
                                                   options, &found, reasons, EXPLAIN_REASONS, &n)
                                : PAL_ENOMEM;
    if (status == PAL_OK && run->json) explain_print_json(values, &found, reasons, n);
    if (status == PAL_OK && !run->json) explain_print(values, &found, reasons, n);
    free(reasons);
    pal_model_free(model);
    return status;
}

const cli_command cli_explain = {
    .name = "explain",
    .summary = "why an item has its score for somebody, and why it is not listed",
    .usage = "explain MODEL.palate [--user ID | --history IDS] [--source-history IDS] "
             "[--query TEXT] [--profile k=v,…] --item ID [-n 10] [OPTIONS]",
    .params = explain_table,
    .params_size = sizeof(explain_values),
    .groups = {"explain", "context"},
    .words_min = 1,
    .words_max = 1,
    .run = explain_run,
};
