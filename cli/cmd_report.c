/* cmd_report.c - the report of a comparison drawn again, by this version of the program. */
#include <stdio.h>

#include "cli.h"

typedef struct {
    bool quiet;
} report_values;

static const pal_param report_table[] = {
    CLI_QUIET_ROW(report_values),
    {0},
};

static pal_status report_run(cli_run *run) {
    const char *folder = run->words[0];
    pal_status status = pal_report_redraw(run->ctx, folder);
    if (status == PAL_OK && !run->quiet)
        printf("written: %s/report.html, %s/report.md\n", folder, folder);
    return status;
}

const cli_command cli_report = {
    .name = "report",
    .summary = "draw the report of a comparison again from its results.json",
    .usage = "report FOLDER [OPTIONS]",
    .params = report_table,
    .params_size = sizeof(report_values),
    .groups = {"context"},
    .words_min = 1,
    .words_max = 1,
    .run = report_run,
};
