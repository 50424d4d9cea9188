/* args.c - from argv to a command's values and the library's option texts, by the same tables that
 * print --help. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

pal_status cli_fail_usage(cli_run *run, const char *format, ...) {
    fprintf(stderr, "palate: ");
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    run->usage = PAL_EUSAGE;
    return PAL_EUSAGE;
}

/* --- finding a flag --- */

typedef struct {
    const pal_param *row;
    int32_t group; /* -1: the command's own */
} args_flag;

const pal_param *cli_table(const cli_command *command, int32_t number) {
    if (number == 0) return command->params;
    const char *group = number <= CLI_GROUPS_MAX ? command->groups[number - 1] : NULL;
    return group ? pal_option_table(group) : NULL;
}

static int32_t args_count_groups(const cli_command *command) {
    int32_t n = 0;
    while (n < CLI_GROUPS_MAX && command->groups[n]) n++;
    return n;
}

/* By name, or by letter when length is 1 and `short_flag`. */
static bool args_find(const cli_command *command, const char *name, size_t length, bool short_flag,
                      args_flag *out) {
    char copy[64];
    if (length == 0 || length >= sizeof copy) return false;
    memcpy(copy, name, length);
    copy[length] = '\0';
    for (int32_t g = -1; g < args_count_groups(command); g++) {
        for (const pal_param *row = cli_table(command, g + 1); row && row->name; row++) {
            if (short_flag ? row->letter == copy[0] && length == 1
                           : pal_name_equal(row->name, copy)) {
                *out = (args_flag){row, g};
                return true;
            }
        }
    }
    return false;
}

static int args_fail_flag(const cli_command *command, const char *flag, size_t length) {
    const char *names[256];
    int32_t n = 0;
    char copy[64];
    size_t kept = length < sizeof copy - 1 ? length : sizeof copy - 1;
    memcpy(copy, flag, kept);
    copy[kept] = '\0';
    for (int32_t g = -1; g < args_count_groups(command); g++) {
        for (const pal_param *row = cli_table(command, g + 1); row && row->name && n < 255; row++)
            names[n++] = row->name;
    }
    names[n++] = "help";
    const char *bare = copy + strspn(copy, "-"), *nearest = pal_nearest_name(bare, names, n);
    fprintf(stderr, "palate: %s has no option '%s'", command->name, copy);
    if (nearest) {
        fprintf(stderr, "; did you mean --");
        for (const char *c = nearest; *c; c++) fputc(*c == '_' ? '-' : *c, stderr);
        fprintf(stderr, "?\n");
    } else {
        fprintf(stderr, "; palate %s --help lists them\n", command->name);
    }
    return CLI_USAGE;
}

/* --- taking argv apart --- */

typedef struct {
    args_flag flag;
    const char *value;
} args_set;

typedef struct {
    cli_run *run;
    args_set *sets;
    int32_t n_sets;
} args_parser;

static bool args_has_letter(const char *argument) {
    /* "-5" and "-" are words. */
    return argument[0] == '-' && argument[1] != '\0' && !(argument[1] >= '0' && argument[1] <= '9');
}

static int args_add_flag(args_parser *parser, int argc, char **argv, int *i) {
    const char *argument = argv[*i], *equals = strchr(argument, '=');
    bool short_flag = argument[1] != '-';
    const char *name = argument + (short_flag ? 1 : 2);
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    args_set *set = &parser->sets[parser->n_sets];
    if (!args_find(parser->run->command, name, length, short_flag, &set->flag)) {
        return args_fail_flag(parser->run->command, argument,
                              equals ? (size_t)(equals - argument) : strlen(argument));
    }
    if (equals) {
        set->value = equals + 1;
    } else if (set->flag.row->type == PAL_PARAM_FLAG) {
        set->value = "1";
    } else if (*i + 1 < argc) {
        set->value = argv[++*i];
    } else {
        fprintf(stderr, "palate: %s needs a value\n", argument);
        return CLI_USAGE;
    }
    parser->n_sets++;
    return CLI_DONE;
}

static int args_split(args_parser *parser, int argc, char **argv, bool *help) {
    cli_run *run = parser->run;
    bool only_words = false;
    for (int i = 0; i < argc; i++) {
        if (!only_words && !strcmp(argv[i], "--")) {
            only_words = true;
        } else if (!only_words && (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))) {
            *help = true;
        } else if (!only_words && args_has_letter(argv[i])) {
            int code = args_add_flag(parser, argc, argv, &i);
            if (code != CLI_DONE) return code;
        } else if (run->n_words < run->command->words_max && run->n_words < CLI_WORDS_MAX) {
            run->words[run->n_words++] = argv[i];
        } else {
            fprintf(stderr, "palate: '%s' is one argument too many: usage: palate %s\n", argv[i],
                    run->command->usage);
            return CLI_USAGE;
        }
    }
    if (!*help && run->n_words < run->command->words_min) {
        fprintf(stderr, "palate: %s: an argument is missing: usage: palate %s\n",
                run->command->name, run->command->usage);
        return CLI_USAGE;
    }
    return CLI_DONE;
}

/* name='value' as pal_params_parse reads it. */
static void args_add_option(pal_text *text, const char *name, const char *value) {
    const char *quote = strchr(value, '\'') ? "\"" : "'";
    pal_text_addf(text, "%s%s=%s%s%s", text->length ? " " : "", name, quote, value, quote);
}

static int args_apply(args_parser *parser) {
    cli_run *run = parser->run;
    pal_text context = {0};
    for (int32_t s = 0; s < parser->n_sets; s++) {
        const args_flag *flag = &parser->sets[s].flag;
        if (flag->group < 0) continue;
        const char *group = run->command->groups[flag->group];
        bool is_context = !strcmp(group, "context") || !strcmp(group, "seed");
        pal_text *text = is_context ? &context : &run->options[flag->group];
        args_add_option(text, flag->row->name, parser->sets[s].value);
    }
    run->ctx = pal_open(context.bytes);
    pal_text_release(&context);
    if (!run->ctx) {
        fprintf(stderr, "palate: there is not enough memory to start\n");
        return CLI_FAILED;
    }
    if (*pal_error(run->ctx)) {
        fprintf(stderr, "palate: %s\n", pal_error(run->ctx));
        return CLI_USAGE;
    }
    run->params = pal_arena_alloc(&run->arena, 1, run->command->params_size);
    if (!run->params) return CLI_FAILED;
    pal_params_init(run->command->params, run->params);
    for (int32_t s = 0; s < parser->n_sets; s++) {
        if (parser->sets[s].flag.group >= 0) continue;
        if (pal_param_set(run->ctx, run->command->name, run->command->params, run->params,
                          &run->arena, parser->sets[s].flag.row->name,
                          parser->sets[s].value) != PAL_OK) {
            fprintf(stderr, "palate: %s\n", pal_error(run->ctx));
            return CLI_USAGE;
        }
    }
    const pal_param *quiet = pal_param_find(run->command->params, "quiet"),
                    *json = pal_param_find(run->command->params, "json");
    run->quiet = quiet && *(const bool *)((const char *)run->params + quiet->offset);
    run->json = json && *(const bool *)((const char *)run->params + json->offset);
    return CLI_DONE;
}

int cli_parse(cli_run *run, int argc, char **argv, bool *help) {
    args_parser parser = {.run = run, .sets = PAL_ARENA_ARRAY(&run->arena, args_set, argc + 1)};
    if (!parser.sets) return CLI_FAILED;
    int code = args_split(&parser, argc, argv, help);
    return code == CLI_DONE && !*help ? args_apply(&parser) : code;
}

void cli_release(cli_run *run) {
    pal_close(run->ctx);
    for (int32_t g = 0; g < CLI_GROUPS_MAX; g++) pal_text_release(&run->options[g]);
    pal_arena_release(&run->arena);
}

static const pal_text *args_group_text(const cli_run *run, const char *group) {
    for (int32_t g = 0; group && g < args_count_groups(run->command); g++) {
        if (!strcmp(run->command->groups[g], group)) return &run->options[g];
    }
    return NULL;
}

const char *cli_options(cli_run *run, const char *first, const char *second) {
    const pal_text *one = args_group_text(run, first), *two = args_group_text(run, second);
    size_t n_one = one ? one->length : 0, n_two = two ? two->length : 0;
    char *text = pal_arena_alloc(&run->arena, n_one + n_two + 2, 1);
    if (!text) return NULL;
    if (n_one) memcpy(text, one->bytes, n_one);
    text[n_one] = ' ';
    if (n_two) memcpy(text + n_one + 1, two->bytes, n_two);
    text[n_one + n_two + 1] = '\0';
    return text;
}

void cli_print_help(const cli_command *command) {
    pal_text text = {0};
    pal_text_addf(&text, "usage: palate %s\n\n%s\n\n", command->usage, command->summary);
    pal_params_help(command->params, true, &text);
    for (int32_t g = 0; g < args_count_groups(command); g++) {
        pal_text_addf(&text, "\n%s:\n", pal_option_summary(command->groups[g]));
        pal_params_help(cli_table(command, g + 1), true, &text);
    }
    if (!text.failed) fputs(text.bytes, stdout);
    pal_text_release(&text);
}

/* --- notices --- */

static void args_on_notice(void *arg, pal_notice_type type, const char *line) {
    cli_run *run = arg;
    static bool shows_progress;
    bool is_terminal = isatty(STDERR_FILENO);
    if (type == PAL_NOTICE_PROGRESS) {
        if (!is_terminal || run->quiet) return;
        fprintf(stderr, "\r\033[K%s", line);
        fflush(stderr);
        shows_progress = *line != '\0';
        return;
    }
    if (shows_progress) fprintf(stderr, "\r\033[K");
    shows_progress = false;
    if (type == PAL_NOTICE_ROW) {
        if (run->json || run->quiet) return;
        printf("%s\n", line);
        fflush(stdout);
    } else if (!run->quiet) {
        fprintf(stderr, "%s%s\n", type == PAL_NOTICE_WARNING ? "warning: " : "", line);
    }
}

void cli_listen(cli_run *run) { pal_on_notice(run->ctx, args_on_notice, run); }
