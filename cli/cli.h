/* cli.h - a command is one const descriptor: what it is called, what it takes, what it runs.
 *
 * To add a command: one file cmd_<name>.c with one cli_command, named in main.c and in
 * CMakeLists.txt. */
#ifndef PAL_CLI_CLI_H
#define PAL_CLI_CLI_H

#include "base/param.h"
#include "palate.h"

enum { CLI_GROUPS_MAX = 10, CLI_WORDS_MAX = 8 };
enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

typedef struct cli_run cli_run;

typedef struct {
    const char *name, *summary, *usage;
    const pal_param *params; /* the command's own options */
    size_t params_size;
    const char *groups[CLI_GROUPS_MAX]; /* the library's option tables it takes, NULL-ended */
    int32_t words_min, words_max;       /* arguments that are no options */
    const char *names; /* what pal_describe calls the names that a word can be; NULL: files */
    pal_status (*run)(cli_run *run);
} cli_command;

struct cli_run { /* a command line, taken apart */
    const cli_command *command;
    pal_ctx *ctx;
    pal_arena arena;
    void *params;                     /* the command's own values */
    pal_text options[CLI_GROUPS_MAX]; /* text for each group, "name=value …" */
    int32_t n_words;
    const char *words[CLI_WORDS_MAX];
    bool quiet, json;
    pal_status usage; /* set by cli_fail_usage */
};

extern const cli_command cli_demo, cli_case, cli_compare, cli_train, cli_evaluate, cli_recommend,
    cli_similar, cli_explain, cli_vectors, cli_shrink, cli_inspect, cli_import, cli_report,
    cli_models, cli_describe;
extern const cli_command *const cli_commands[]; /* NULL-ended */

/* Takes argv after the command's name apart; prints its sentence itself and returns an exit code,
 * or CLI_DONE. *help is set when help was asked for. */
int cli_parse(cli_run *run, int argc, char **argv, bool *help);
void cli_release(cli_run *run);
void cli_print_help(const cli_command *command);
/* The command's own options (0), then those of its groups (1 …); NULL after the last. */
const pal_param *cli_table(const cli_command *command, int32_t number);
/* The options given of one group or two (or NULL), as the library's verbs read them; NULL only
 * without memory. */
const char *cli_options(cli_run *run, const char *first, const char *second);
/* A sentence about the command line itself: prints it, and the exit code will be 2. */
pal_status cli_fail_usage(cli_run *run, const char *format, ...) PAL_PRINTF(2, 3);
/* Listens to the context on behalf of a person. */
void cli_listen(cli_run *run);

/* --- printed from the tables: palate describe --man, --completion --- */

extern const char cli_summary[]; /* what the program is, for --help and the manual page */
/* Lines "name, tabulator, summary" of what pal_describe lists, and of "commands". */
pal_status cli_names(cli_run *run, const char *subject, pal_text *out);
pal_status cli_man(cli_run *run, pal_text *out);
typedef enum { CLI_NO_SHELL, CLI_BASH, CLI_ZSH, CLI_FISH } cli_shell;
extern const char *const cli_shells[]; /* NULL-ended, by cli_shell */
pal_status cli_completion(cli_run *run, cli_shell shell, pal_text *out);

/* --- shared by commands that take logs (logs.c) --- */

typedef struct {
    const char *train, *valid, *test, *items, *users, *vectors;
    const char *source, *source_items, *source_users;
} cli_parts;
/* The log of a second domain. */
#define CLI_SOURCE_ROWS(values)                                                                    \
    {.name = "source",                                                                             \
     .type = PAL_PARAM_TEXT,                                                                       \
     .offset = offsetof(values, parts.source),                                                     \
     .value_name = "LOG",                                                                          \
     .help = "the log of a second domain, for kinds of the family transfer; goes with --shared"},  \
        {.name = "source_items",                                                                   \
         .type = PAL_PARAM_TEXT,                                                                   \
         .offset = offsetof(values, parts.source_items),                                           \
         .value_name = "FILE",                                                                     \
         .help = "its table of items"},                                                            \
    {                                                                                              \
        .name = "source_users", .type = PAL_PARAM_TEXT,                                            \
        .offset = offsetof(values, parts.source_users), .value_name = "FILE",                      \
        .help = "its table of users"                                                               \
    }
#define CLI_PART_ROWS(values)                                                                      \
    {.name = "train",                                                                              \
     .type = PAL_PARAM_TEXT,                                                                       \
     .offset = offsetof(values, parts.train),                                                      \
     .value_name = "FILE",                                                                         \
     .help = "the training part, when the split is given"},                                        \
        {.name = "valid",                                                                          \
         .type = PAL_PARAM_TEXT,                                                                   \
         .offset = offsetof(values, parts.valid),                                                  \
         .value_name = "FILE",                                                                     \
         .help = "the validation part; cut from train when not given"},                            \
        {.name = "test",                                                                           \
         .type = PAL_PARAM_TEXT,                                                                   \
         .offset = offsetof(values, parts.test),                                                   \
         .value_name = "FILE",                                                                     \
         .help = "the test part"},                                                                 \
        CLI_CATALOG_ROWS(values)
/* What is known of items and users besides events. */
#define CLI_CATALOG_ROWS(values)                                                                   \
    {.name = "items",                                                                              \
     .type = PAL_PARAM_TEXT,                                                                       \
     .offset = offsetof(values, parts.items),                                                      \
     .value_name = "FILE",                                                                         \
     .help = "a table of items: titles and features; found by itself in known folders"},           \
        {.name = "users",                                                                          \
         .type = PAL_PARAM_TEXT,                                                                   \
         .offset = offsetof(values, parts.users),                                                  \
         .value_name = "FILE",                                                                     \
         .help = "a table of users and their features; found by itself in known folders"},         \
    {                                                                                              \
        .name = "vectors", .type = PAL_PARAM_TEXT, .offset = offsetof(values, parts.vectors),      \
        .value_name = "FILE",                                                                      \
        .help = "vectors of items, NAME.npy with one id a line in NAME.ids.txt"                    \
    }
/* What else is known of the pal_person `person`. */
#define CLI_PERSON_ROWS(values)                                                                    \
    {.name = "profile",                                                                            \
     .type = PAL_PARAM_TEXT,                                                                       \
     .offset = offsetof(values, person.profile),                                                   \
     .value_name = "CELLS",                                                                        \
     .help = "what the person is, columns of the table of users: age=30,city=Lyon"},               \
        {.name = "source_history",                                                                 \
         .type = PAL_PARAM_TEXT,                                                                   \
         .offset = offsetof(values, person.source_history),                                        \
         .value_name = "IDS",                                                                      \
         .help = "items of the second domain that the person used, oldest first"},                 \
    {                                                                                              \
        .name = "query", .type = PAL_PARAM_TEXT, .offset = offsetof(values, person.query),         \
        .value_name = "TEXT", .help = "what the person asks for in words, e.g. \"space opera\""    \
    }
#define CLI_QUIET_ROW(values)                                                                      \
    {                                                                                              \
        .name = "quiet", .type = PAL_PARAM_FLAG, .offset = offsetof(values, quiet),                \
        .help = "print results only"                                                               \
    }
#define CLI_JSON_ROW(values)                                                                       \
    {                                                                                              \
        .name = "json", .type = PAL_PARAM_FLAG, .offset = offsetof(values, json),                  \
        .help = "print one JSON document and nothing else"                                         \
    }

/* Reads the log named by the first word from `word` on, or the parts. */
pal_status cli_read(cli_run *run, int32_t word, const cli_parts *parts, pal_data **out);
/* What a comparison is asked, checked before the log is read: nobody waits for a typo. */
typedef struct {
    const char *specs[PAL_TEXTS_MAX + 1]; /* NULL-ended; none: the usual ones */
    const char *options, *folder;
} cli_comparison;
pal_status cli_ask_comparison(cli_run *run, const pal_texts *models, const char *folder,
                              cli_comparison *out);
/* Compares, saves results into the folder, prints the closing text and what was written. */
pal_status cli_compare_data(cli_run *run, const pal_data *data, const cli_comparison *comparison);
/* Prints a list as text or as one JSON object; reasons [n, CLI_REASONS], those that are missing
 * empty, or NULL. */
enum { CLI_REASONS = 3 };
void cli_print_list(const cli_run *run, const char *whom, const char *strategy,
                    const pal_entry *entries, int32_t n, const pal_why *reasons);

#endif
