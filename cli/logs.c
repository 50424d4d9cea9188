/* logs.c - what commands that take logs and print lists share. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

pal_status cli_read(cli_run *run, int32_t word, const cli_parts *parts, pal_data **out) {
    pal_paths paths = {.log = word < run->n_words ? run->words[word] : NULL};
    if (parts) {
        paths.train = parts->train;
        paths.valid = parts->valid;
        paths.test = parts->test;
        paths.items = parts->items;
        paths.users = parts->users;
        paths.vectors = parts->vectors;
        paths.source = parts->source;
        paths.source_items = parts->source_items;
        paths.source_users = parts->source_users;
    }
    if (!paths.log && !paths.train && !paths.test && !paths.valid) {
        return cli_fail_usage(
            run, "name a log, or the parts of a split with --train and --test: usage: palate %s",
            run->command->usage);
    }
    const char *of_log = cli_options(run, "data", "weigh"),
               *scenario = cli_options(run, "scenario", "source");
    pal_text options = {0};
    pal_text_addf(&options, "%s %s", of_log ? of_log : "", scenario ? scenario : "");
    if (!of_log || !scenario || options.failed) return PAL_ENOMEM;
    pal_status status = pal_data_read(run->ctx, &paths, options.bytes, out);
    pal_text_release(&options);
    return status;
}

/* Saves results into a folder, prints the closing text and what was written. */
static pal_status logs_finish_comparison(cli_run *run, pal_results *results, const char *folder) {
    char *text = NULL;
    pal_status status = pal_results_save(run->ctx, results, folder);
    if (status == PAL_OK) {
        status = run->json ? pal_results_json(run->ctx, results, &text)
                           : pal_results_text(run->ctx, results, &text);
    }
    if (status != PAL_OK) return status;
    /* The empty line parts the closing text from the rows, which --quiet does not show. */
    fputs(run->quiet && *text == '\n' ? text + 1 : text, stdout);
    pal_text_free(text);
    if (!run->json) {
        printf("\nwritten: %s/report.html, %s/report.md, %s/results.json%s%s%s\n", folder, folder,
               folder, pal_results_model(results) ? ", " : "",
               pal_results_model(results) ? folder : "",
               pal_results_model(results) ? "/model.palate" : "");
    }
    return PAL_OK;
}

pal_status cli_ask_comparison(cli_run *run, const pal_texts *models, const char *folder,
                              cli_comparison *out) {
    struct stat about;
    *out = (cli_comparison){.folder = folder, .options = cli_options(run, "evaluate", "compare")};
    if (!out->options) return PAL_ENOMEM;
    if (stat(folder, &about) == 0 && !S_ISDIR(about.st_mode)) {
        return cli_fail_usage(run, "%s: is a file, not a folder: name another place with -o",
                              folder);
    }
    for (int32_t i = 0; i < models->n; i++) out->specs[i] = models->at[i];
    return pal_compare_check(run->ctx, out->specs, out->options);
}

pal_status cli_compare_data(cli_run *run, const pal_data *data, const cli_comparison *comparison) {
    pal_results *results = NULL;
    pal_status status =
        pal_compare(run->ctx, data, comparison->specs, comparison->options, &results);
    if (status == PAL_OK) status = logs_finish_comparison(run, results, comparison->folder);
    pal_results_free(results);
    return status;
}

static bool logs_has_reason(const pal_why *reason) { return reason->item || reason->what; }

static void logs_add_json_reasons(const pal_why *reasons, pal_text *text) {
    pal_text_add(text, ", \"why\": [");
    for (int32_t r = 0; r < CLI_REASONS && logs_has_reason(&reasons[r]); r++) {
        pal_text_addf(text, "%s{\"amount\": %.9g, ", r ? ", " : "", reasons[r].amount);
        pal_text_add(text, reasons[r].item ? "\"item\": " : "\"what\": ");
        pal_text_add_json(text, reasons[r].item ? reasons[r].item : reasons[r].what);
        if (reasons[r].is_of_source) pal_text_add(text, ", \"of_source\": true");
        pal_text_add(text, "}");
    }
    pal_text_add(text, "]");
}

static void logs_print_json_list(const char *whom, const char *strategy, const pal_entry *entries,
                                 int32_t n, const pal_why *reasons) {
    pal_text text = {0};
    pal_text_add(&text, "{\"for\": ");
    if (whom) {
        pal_text_add_json(&text, whom);
    } else {
        pal_text_add(&text, "null");
    }
    if (strategy) {
        pal_text_add(&text, ", \"strategy\": ");
        pal_text_add_json(&text, strategy);
    }
    pal_text_add(&text, ", \"items\": [");
    for (int32_t i = 0; i < n; i++) {
        pal_text_addf(&text, "%s{\"rank\": %d, \"id\": ", i ? ", " : "", i + 1);
        pal_text_add_json(&text, entries[i].id);
        if (entries[i].title) {
            pal_text_add(&text, ", \"title\": ");
            pal_text_add_json(&text, entries[i].title);
        }
        pal_text_addf(&text, ", \"score\": %.9g", (double)entries[i].score);
        if (reasons) logs_add_json_reasons(reasons + (int64_t)i * CLI_REASONS, &text);
        pal_text_add(&text, "}");
    }
    pal_text_add(&text, "]}\n");
    if (!text.failed) fputs(text.bytes, stdout);
    pal_text_release(&text);
}

static void logs_print_reasons(const pal_why *reasons) {
    for (int32_t r = 0; r < CLI_REASONS && logs_has_reason(&reasons[r]); r++) {
        const pal_why *reason = &reasons[r];
        printf("      %+10.4f  %s%s%s%s\n", reason->amount,
               reason->is_of_source ? "because in the source of "
               : reason->item       ? "because of "
                                    : "",
               reason->item ? reason->item : reason->what, reason->title ? " " : "",
               reason->title ? reason->title : "");
    }
}

void cli_print_list(const cli_run *run, const char *whom, const char *strategy,
                    const pal_entry *entries, int32_t n, const pal_why *reasons) {
    if (run->json) {
        logs_print_json_list(whom, strategy, entries, n, reasons);
        return;
    }
    if (strategy && !run->quiet)
        printf("for %s, by %s:\n", whom ? whom : "somebody unknown", strategy);
    for (int32_t i = 0; i < n; i++) {
        printf("%4d  %-24s %10.4f  %s\n", i + 1, entries[i].id, (double)entries[i].score,
               entries[i].title ? entries[i].title : "");
        if (reasons) logs_print_reasons(reasons + (int64_t)i * CLI_REASONS);
    }
    if (n == 0) printf("  nothing is left to list\n");
}
