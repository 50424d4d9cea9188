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
    }
    if (!paths.log && !paths.train && !paths.test && !paths.valid) {
        return cli_fail_usage(
            run, "name a log, or the parts of a split with --train and --test: usage: palate %s",
            run->command->usage);
    }
    return pal_data_read(run->ctx, &paths, cli_options(run, "data"), out);
}

/* Saves results into a folder, prints the closing text and what was written. */
static pal_status logs_finish_comparison(cli_run *run, const pal_results *results,
                                         const char *folder) {
    char *text = NULL;
    pal_status status = pal_results_save(run->ctx, results, folder);
    if (status == PAL_OK) {
        status = run->json ? pal_results_json(run->ctx, results, &text)
                           : pal_results_text(run->ctx, results, &text);
    }
    if (status != PAL_OK) return status;
    fputs(text, stdout);
    pal_text_free(text);
    if (!run->json) {
        printf("\nwritten: %s/report.html, %s/report.md, %s/results.json%s%s%s\n", folder, folder,
               folder, pal_results_model(results) ? ", " : "",
               pal_results_model(results) ? folder : "",
               pal_results_model(results) ? "/model.palate" : "");
    }
    return PAL_OK;
}

pal_status cli_compare_data(cli_run *run, const pal_data *data, const pal_texts *models,
                            const char *folder) {
    const char *evaluate = cli_options(run, "evaluate"), *compare = cli_options(run, "compare");
    const char *specs[PAL_TEXTS_MAX + 1] = {0};
    pal_results *results = NULL;
    pal_text options = {0};
    struct stat about;
    /* Known before an hour of training, not after it. */
    if (stat(folder, &about) == 0 && !S_ISDIR(about.st_mode)) {
        return cli_fail_usage(run, "%s: is a file, not a folder: name another place with -o",
                              folder);
    }
    for (int32_t i = 0; i < models->n; i++) specs[i] = models->at[i];
    pal_text_addf(&options, "%s %s", evaluate ? evaluate : "", compare ? compare : "");
    pal_status status =
        options.failed ? PAL_ENOMEM : pal_compare(run->ctx, data, specs, options.bytes, &results);
    pal_text_release(&options);
    if (status == PAL_OK) status = logs_finish_comparison(run, results, folder);
    pal_results_free(results);
    return status;
}

static void logs_print_json_list(const char *whom, const char *strategy, const pal_entry *entries,
                                 int32_t n) {
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
        pal_text_addf(&text, ", \"score\": %.9g}", (double)entries[i].score);
    }
    pal_text_add(&text, "]}\n");
    if (!text.failed) fputs(text.bytes, stdout);
    pal_text_release(&text);
}

void cli_print_list(const cli_run *run, const char *whom, const char *strategy,
                    const pal_entry *entries, int32_t n) {
    if (run->json) {
        logs_print_json_list(whom, strategy, entries, n);
        return;
    }
    if (strategy && !run->quiet)
        printf("for %s, by %s:\n", whom ? whom : "somebody unknown", strategy);
    for (int32_t i = 0; i < n; i++) {
        printf("%4d  %-24s %10.4f  %s\n", i + 1, entries[i].id, (double)entries[i].score,
               entries[i].title ? entries[i].title : "");
    }
    if (n == 0) printf("  nothing is left to list\n");
}
