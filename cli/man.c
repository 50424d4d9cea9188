/* man.c - the manual page palate(1), in roff with the man macros. Commands, options, kinds, splits,
 * formats and metrics come from the tables; what stands here is what no table knows: files, exit
 * status, examples. */
#include <string.h>

#include "cli.h"

static void man_heading(const char *title, pal_text *out) {
    pal_text_addf(out, ".SH \"%s\"\n", title);
}

static void man_line(const char *line, pal_text *out) {
    pal_text_add_man(out, line);
    pal_text_add(out, "\n");
}

static void man_paragraph(const char *text, pal_text *out) {
    pal_text_add(out, ".PP\n");
    man_line(text, out);
}

/* A name and what it is, indented. */
static void man_entry(const char *name, const char *meaning, pal_text *out) {
    pal_text_add(out, ".TP\n\\fB");
    pal_text_add_man(out, name);
    pal_text_add(out, "\\fR\n");
    man_line(meaning, out);
}

/* A line as typed: not filled, in bold. */
static void man_typed(const char *line, pal_text *out) {
    pal_text_add(out, ".PP\n.nf\n.RS\n\\fB");
    pal_text_add_man(out, line);
    pal_text_add(out, "\\fR\n.RE\n.fi\n");
}

/* "palate usage", broken at spaces, later lines under the first's words. */
static void man_usage(const char *usage, pal_text *out) {
    pal_text_add(out, ".SY palate\n");
    man_line(usage, out);
    pal_text_add(out, ".YS\n");
}

static void man_head(pal_text *out) {
    pal_text_addf(out, ".TH PALATE 1 \"\" \"palate %s\" \"User Commands\"\n", PAL_VERSION);
    man_heading("NAME", out);
    pal_text_addf(out, "palate \\- %s\n", cli_summary);
    man_heading("SYNOPSIS", out);
    for (int i = 0; cli_commands[i]; i++) man_usage(cli_commands[i]->usage, out);
    man_usage("help [COMMAND]", out);
    man_usage("--version", out);
    man_heading("DESCRIPTION", out);
    man_line("palate turns a log of who used what into a comparison of recommenders, a verdict in "
             "plain words, a report and a model file that answers with lists.",
             out);
    man_paragraph("A log is a table of events, one a line: a user, an item, and where there are "
                  "any a value, a time and an event type. Columns are guessed and shown; palate "
                  "inspect tells what a log is and which options fit it. Files may be compressed "
                  "with gzip or zstd.",
                  out);
    man_paragraph("An option's value stands after it or after =, as in --seed 7 and --seed=7. In "
                  "names - and _ are the same, and -- ends the options. palate COMMAND --help "
                  "tells the options of one command.",
                  out);
}

static void man_command(const cli_command *command, pal_text *out) {
    pal_text_addf(out, ".SS \"palate %s\"\n", command->name);
    man_line(command->summary, out);
    man_usage(command->usage, out);
    pal_params_man(command->params, true, out);
    for (int32_t g = 0; g < CLI_GROUPS_MAX && command->groups[g]; g++) {
        pal_text_add(out,
                     g ? ", \\fB" : ".PP\nIt also takes the options that stand below under \\fB");
        pal_text_addf(out, "%s\\fR", command->groups[g]);
    }
    pal_text_add(out, command->groups[0] ? ".\n" : "");
}

/* A section that the library prints. */
static pal_status man_section(cli_run *run, const char *title, const char *before,
                              const char *subject, pal_text *out) {
    char *text = NULL;
    pal_status status = pal_describe(run->ctx, subject, "man", &text);
    if (status != PAL_OK) return status;
    man_heading(title, out);
    if (*before) man_line(before, out);
    pal_text_add(out, text);
    pal_text_free(text);
    return PAL_OK;
}

static pal_status man_tables(cli_run *run, pal_text *out) {
    man_heading("COMMANDS", out);
    for (int i = 0; cli_commands[i]; i++) man_command(cli_commands[i], out);
    pal_status status =
        man_section(run, "OPTIONS", "Options that several commands share.", "options", out);
    if (status == PAL_OK)
        status = man_section(run, "MODELS",
                             "A model is named by a spec: its kind, then options of the kind as "
                             "name=value, in one argument: -m \"ease l2=500\".",
                             "kinds", out);
    if (status == PAL_OK)
        status = man_section(run, "SPLITS",
                             "How --split cuts a log into train, validation and test: a name, then "
                             "options as name=value in the same argument.",
                             "splits", out);
    if (status == PAL_OK) status = man_section(run, "METRICS", "", "metrics", out);
    if (status == PAL_OK) status = man_section(run, "FORMATS", "", "formats", out);
    return status;
}

/* Where a command writes when it is not told. */
static const char *man_folder(const cli_command *command) {
    const pal_param *row = pal_param_find(command->params, "output");
    return row && row->initial ? row->initial : "FOLDER";
}

static void man_files(pal_text *out) {
    man_heading("FILES", out);
    pal_text_add(out, "Written by \\fBpalate compare\\fR into \\fI");
    pal_text_add_man(out, man_folder(&cli_compare));
    pal_text_add(out, "\\fR and by \\fBpalate demo\\fR into \\fI");
    pal_text_add_man(out, man_folder(&cli_demo));
    pal_text_add(out, "\\fR, or where \\fB\\-o\\fR says:\n");
    man_entry("report.html", "the report, one page that needs no other file and no network", out);
    man_entry("results.json", "all numbers of the report, for programs", out);
    man_entry("model.palate",
              "the model that the verdict chose, trained on all but the test; not "
              "written when none was chosen",
              out);
    man_paragraph("Files are renamed to their names when they are whole: whatever happens, no half "
                  "of one is left.",
                  out);
}

static void man_exit_status(pal_text *out) {
    man_heading("EXIT STATUS", out);
    man_entry("0", "done", out);
    man_entry("1", "failed: one sentence on standard error tells what and where", out);
    man_entry("2", "the command line is wrong: a name, an option or a value", out);
    man_entry("130", "interrupted a second time; the first interrupt ends with what is done", out);
}

static void man_examples(pal_text *out) {
    static const struct {
        const char *what, *line;
    } examples[] = {
        {"See all of it on an invented shop:", "palate demo"},
        {"What is this log?", "palate inspect events.csv"},
        {"Which recommender for it?", "palate compare events.csv -o report"},
        {"Two kinds, on a split of one's own, ratings from 4 count:",
         "palate compare --train a.csv --test b.csv -m \"ease l2=500\" -m item_knn --relevant "
         "'value>=4'"},
        {"Train one, list, list what is like an item:",
         "palate train events.csv -m \"ease l2=500\" -o ease.palate"},
        {"", "palate recommend ease.palate --user 42 -n 5"},
        {"", "palate similar ease.palate --item 7"},
        {"Complete command lines in bash, zsh or fish, where no package has set it up:",
         "source <(palate describe --completion bash)"},
    };
    man_heading("EXAMPLES", out);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        if (*examples[i].what) man_paragraph(examples[i].what, out);
        man_typed(examples[i].line, out);
    }
}

pal_status cli_man(cli_run *run, pal_text *out) {
    man_head(out);
    pal_status status = man_tables(run, out);
    if (status != PAL_OK) return status;
    man_files(out);
    man_exit_status(out);
    man_examples(out);
    man_heading("SEE ALSO", out);
    pal_text_add(out, "\\fBgzip\\fR(1), \\fBzstd\\fR(1), \\fBtrec_eval\\fR(1)\n");
    man_paragraph("palate describe --markdown prints the reference with definitions and papers, "
                  "palate describe --json the same for programs; palate.h is the library's "
                  "interface.",
                  out);
    return PAL_OK;
}
