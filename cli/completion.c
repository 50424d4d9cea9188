/* completion.c - scripts by which bash, zsh and fish complete command lines. Each is a walk over
 * the commands and their tables; a value is completed from its row: choices, names that the library
 * lists, files, folders, or nothing. */
#include <string.h>

#include "cli.h"

const char *const cli_shells[] = {"none", "bash", "zsh", "fish", NULL};

enum { COMPLETION_SUBJECTS_MAX = 16 };

typedef struct {
    cli_run *run;
    pal_text *out;
    pal_status status;
} completion_job;

/* --- what a row's value can be --- */

typedef enum {
    VALUE_FLAG,
    VALUE_CHOICE,
    VALUE_NAMES,
    VALUE_FILE,
    VALUE_FOLDER,
    VALUE_OTHER
} completion_value;

static completion_value completion_value_of(const pal_param *row) {
    const char *name = pal_param_value_name(row);
    if (row->type == PAL_PARAM_FLAG) return VALUE_FLAG;
    if (row->type == PAL_PARAM_CHOICE) return VALUE_CHOICE;
    if (row->names) return VALUE_NAMES;
    if (!strcmp(name, "FILE")) return VALUE_FILE;
    return strcmp(name, "FOLDER") ? VALUE_OTHER : VALUE_FOLDER;
}

/* Calls `each` for every name of a subject. */
typedef void completion_name_fn(const char *name, const char *summary, pal_text *out);
static void completion_each_name(completion_job *job, const char *subject,
                                 completion_name_fn *each) {
    pal_text names = {0};
    pal_status status = cli_names(job->run, subject, &names);
    if (status == PAL_OK && names.failed) status = PAL_ENOMEM;
    if (status != PAL_OK) job->status = status;
    for (char *line = status == PAL_OK ? names.bytes : NULL, *end; line && *line; line = end) {
        end = line + strcspn(line, "\n");
        if (*end) *end++ = '\0';
        char *tab = strchr(line, '\t');
        if (!tab) continue;
        *tab = '\0';
        each(line, tab + 1, job->out);
    }
    pal_text_release(&names);
}

static void completion_word(const char *name, const char *summary, pal_text *out) {
    (void)summary;
    pal_text_addf(out, "%s ", name);
}

/* Choices or names of a row, each followed by a space. */
static void completion_words(completion_job *job, const pal_param *row) {
    if (row->names) completion_each_name(job, row->names, completion_word);
    for (int32_t i = 0; row->choices && row->choices[i]; i++)
        if (*row->choices[i]) pal_text_addf(job->out, "%s ", row->choices[i]);
}

/* The subjects that any row or command names, each once. */
static int32_t completion_subjects(const char *subjects[COMPLETION_SUBJECTS_MAX]) {
    int32_t n = 0;
    for (int i = 0; cli_commands[i]; i++) {
        const cli_command *command = cli_commands[i];
        const char *found[256] = {command->names};
        int32_t n_found = 1;
        for (int32_t t = 0; cli_table(command, t); t++) {
            for (const pal_param *row = cli_table(command, t); row->name && n_found < 256; row++)
                found[n_found++] = row->names;
        }
        for (int32_t f = 0; f < n_found; f++) {
            int32_t s = 0;
            while (found[f] && s < n && strcmp(subjects[s], found[f])) s++;
            if (found[f] && s == n && n < COMPLETION_SUBJECTS_MAX) subjects[n++] = found[f];
        }
    }
    return n;
}

/* Text inside single quotes of a shell; `marks` are characters that the reader of the text wants
 * behind a backslash. */
static void completion_add_quoted(const char *text, const char *marks, bool is_fish,
                                  pal_text *out) {
    for (const char *c = text; *c; c++) {
        if (*c == '\'') {
            pal_text_add(out, is_fish ? "\\'" : "'\\''");
        } else {
            if (strchr(marks, *c)) pal_text_add(out, "\\");
            pal_text_add_bytes(out, c, 1);
        }
    }
}

/* --- bash --- */

/* "-m | --model": how a row is written. */
static void bash_add_pattern(const pal_param *row, const char *between, pal_text *out) {
    if (row->letter) pal_text_addf(out, "-%c%s", row->letter, between);
    pal_text_add(out, "--");
    pal_param_add_flag(row, out);
}

static void bash_add_value(completion_job *job, const pal_param *row) {
    completion_value value = completion_value_of(row);
    if (value == VALUE_FLAG) return;
    pal_text_add(job->out, "        ");
    bash_add_pattern(row, " | ", job->out);
    pal_text_add(job->out, ") ");
    if (value == VALUE_FILE) {
        pal_text_add(job->out, "return 0 ;;\n");
    } else if (value == VALUE_FOLDER) {
        pal_text_add(job->out, "_palate_option -o dirnames; return 0 ;;\n");
    } else if (value == VALUE_OTHER) {
        pal_text_add(job->out, "_palate_option +o default; return 0 ;;\n");
    } else {
        pal_text_add(job->out, "words='");
        completion_words(job, row);
        pal_text_add(job->out, "' ;;\n");
    }
}

static void bash_add_command(completion_job *job, const cli_command *command) {
    pal_text *out = job->out;
    pal_text_addf(out, "    %s)\n        case $before in\n", command->name);
    for (int32_t t = 0; cli_table(command, t); t++) {
        for (const pal_param *row = cli_table(command, t); row->name; row++)
            bash_add_value(job, row);
    }
    pal_text_add(out, "        *)\n            if [[ $current == -* ]]; then words='");
    for (int32_t t = 0; cli_table(command, t); t++) {
        for (const pal_param *row = cli_table(command, t); row->name; row++) {
            bash_add_pattern(row, " ", out);
            pal_text_add(out, " ");
        }
    }
    pal_text_add(out, "--help'\n");
    if (command->names) {
        pal_text_add(out, "            else words='");
        completion_each_name(job, command->names, completion_word);
        pal_text_add(out, "'; fi ;;\n");
    } else if (command->words_max > 0) {
        pal_text_add(out, "            else return 0; fi ;;\n");
    } else {
        pal_text_add(out, "            else _palate_option +o default; return 0; fi ;;\n");
    }
    pal_text_add(out, "        esac ;;\n");
}

static void bash_print(completion_job *job) {
    pal_text *out = job->out;
    pal_text_add(out,
                 "# Completion of palate for bash, made by: palate describe --completion bash\n\n"
                 "# Where nothing is listed bash completes files; that can be switched for once.\n"
                 "_palate_option() {\n"
                 "    compopt \"$@\" 2>/dev/null || true\n"
                 "    [[ $1 == -o ]] && compopt +o default 2>/dev/null || true\n"
                 "}\n\n"
                 "_palate() {\n"
                 "    local current=${COMP_WORDS[COMP_CWORD]} before='' command=${COMP_WORDS[1]}\n"
                 "    local words='' word\n"
                 "    COMPREPLY=()\n"
                 "    if ((COMP_CWORD > 0)); then before=${COMP_WORDS[COMP_CWORD - 1]}; fi\n"
                 "    # bash takes --split=time for three words.\n"
                 "    if [[ $current == = ]]; then\n"
                 "        current=''\n"
                 "    elif [[ $before == = ]] && ((COMP_CWORD > 1)); then\n"
                 "        before=${COMP_WORDS[COMP_CWORD - 2]}\n"
                 "    fi\n"
                 "    current=${current#[\\\"\\']}\n"
                 "    if ((COMP_CWORD == 1)); then command=''; fi\n"
                 "    case $command in\n"
                 "    '') words='");
    completion_each_name(job, "commands", completion_word);
    pal_text_add(out, "help --help --version' ;;\n    help) words='");
    completion_each_name(job, "commands", completion_word);
    pal_text_add(out, "' ;;\n");
    for (int i = 0; cli_commands[i]; i++) bash_add_command(job, cli_commands[i]);
    pal_text_add(out, "    esac\n"
                      "    for word in $words; do\n"
                      "        if [[ $word == \"$current\"* ]]; then COMPREPLY+=(\"$word\"); fi\n"
                      "    done\n"
                      "    _palate_option +o default\n"
                      "}\n\n"
                      "complete -o default -F _palate palate\n");
}

/* --- zsh --- */

static const char zsh_marks[] = "\\:[]";

static void zsh_name(const char *name, const char *summary, pal_text *out) {
    pal_text_addf(out, "        '%s:", name);
    completion_add_quoted(summary, zsh_marks, false, out);
    pal_text_add(out, "'\n");
}

static void zsh_add_names(completion_job *job, const char *subject) {
    pal_text_addf(job->out, "_palate_%s() {\n    local -a names=(\n", subject);
    completion_each_name(job, subject, zsh_name);
    pal_text_addf(job->out, "    )\n    _describe -t %s %s names\n}\n\n", subject, subject);
}

static void zsh_add_row(completion_job *job, const pal_param *row) {
    pal_text *out = job->out;
    completion_value value = completion_value_of(row);
    const char *equals = value == VALUE_FLAG ? "" : "=";
    pal_text_add(out, "            ");
    if (row->type == PAL_PARAM_TEXTS) {
        pal_text_add(out, "'*'");
    } else if (row->letter) {
        pal_text_add(out, "'(");
        bash_add_pattern(row, " ", out);
        pal_text_add(out, ")'");
    }
    if (row->letter) {
        pal_text_add(out, "{");
        bash_add_pattern(row, ",", out);
        pal_text_addf(out, "%s}'[", equals);
    } else {
        pal_text_add(out, "'");
        bash_add_pattern(row, " ", out);
        pal_text_addf(out, "%s[", equals);
    }
    completion_add_quoted(row->help, zsh_marks, false, out);
    pal_text_add(out, "]");
    if (value != VALUE_FLAG) pal_text_addf(out, ":%s:", pal_param_value_name(row));
    if (value == VALUE_CHOICE) {
        pal_text_add(out, "(");
        completion_words(job, row);
        pal_text_add(out, ")");
    } else if (value == VALUE_NAMES) {
        pal_text_addf(out, "_palate_%s", row->names);
    } else if (value == VALUE_FILE || value == VALUE_FOLDER) {
        pal_text_add(out, value == VALUE_FILE ? "_files" : "_files -/");
    } else if (value == VALUE_OTHER) {
        pal_text_add(out, " ");
    }
    pal_text_add(out, "'\n");
}

static void zsh_add_command(completion_job *job, const cli_command *command) {
    pal_text *out = job->out;
    pal_text_addf(out, "    %s)\n        specs=(\n", command->name);
    for (int32_t t = 0; cli_table(command, t); t++) {
        for (const pal_param *row = cli_table(command, t); row->name; row++) zsh_add_row(job, row);
    }
    pal_text_add(out, "            '(-h --help)'{-h,--help}'[tell the options]'\n");
    if (command->names) {
        pal_text_addf(out, "            '*:%s:_palate_%s'\n", command->names, command->names);
    } else if (command->words_max > 0) {
        pal_text_add(out, "            '*:file:_files'\n");
    }
    pal_text_add(out, "        )\n        ;;\n");
}

static void zsh_print(completion_job *job) {
    const char *subjects[COMPLETION_SUBJECTS_MAX];
    int32_t n = completion_subjects(subjects);
    pal_text *out = job->out;
    pal_text_add(out, "#compdef palate\n# Completion of palate for zsh, made by: palate describe "
                      "--completion zsh\n\n");
    zsh_add_names(job, "commands");
    for (int32_t s = 0; s < n; s++) zsh_add_names(job, subjects[s]);
    pal_text_add(out, "_palate() {\n"
                      "    local -a specs\n"
                      "    if ((CURRENT == 2)); then\n"
                      "        _palate_commands\n"
                      "        return\n"
                      "    fi\n"
                      "    shift words\n"
                      "    ((CURRENT--))\n"
                      "    case $words[1] in\n"
                      "    help) specs=('1:commands:_palate_commands') ;;\n");
    for (int i = 0; cli_commands[i]; i++) zsh_add_command(job, cli_commands[i]);
    pal_text_add(out, "    *) return 1 ;;\n"
                      "    esac\n"
                      "    _arguments $specs\n"
                      "}\n\n"
                      "# Read by the completion system it runs; sourced it registers itself.\n"
                      "if [[ $funcstack[1] == _palate ]]; then\n"
                      "    _palate \"$@\"\n"
                      "else\n"
                      "    compdef _palate palate\n"
                      "fi\n");
}

/* --- fish --- */

static const char fish_marks[] = "\\";

static void fish_name(const char *name, const char *summary, pal_text *out) {
    pal_text_addf(out, "    printf '%%s\\t%%s\\n' %s '", name);
    completion_add_quoted(summary, fish_marks, true, out);
    pal_text_add(out, "'\n");
}

static void fish_add_names(completion_job *job, const char *subject) {
    pal_text_addf(job->out, "function __palate_%s\n", subject);
    completion_each_name(job, subject, fish_name);
    pal_text_add(job->out, "end\n\n");
}

static void fish_add_row(completion_job *job, const cli_command *command, const pal_param *row) {
    pal_text *out = job->out;
    completion_value value = completion_value_of(row);
    pal_text_addf(out, "complete -c palate -n '__palate_is %s' -l ", command->name);
    pal_param_add_flag(row, out);
    if (row->letter) pal_text_addf(out, " -s %c", row->letter);
    pal_text_add(out, " -d '");
    completion_add_quoted(row->help, fish_marks, true, out);
    pal_text_add(out, "'");
    if (value == VALUE_FILE) {
        pal_text_add(out, " -r -F");
    } else if (value == VALUE_FOLDER) {
        pal_text_add(out, " -x -a '(__fish_complete_directories)'");
    } else if (value == VALUE_NAMES) {
        pal_text_addf(out, " -x -a '(__palate_%s)'", row->names);
    } else if (value == VALUE_CHOICE) {
        pal_text_add(out, " -x -a '");
        completion_words(job, row);
        pal_text_add(out, "'");
    } else if (value == VALUE_OTHER) {
        pal_text_add(out, " -x");
    }
    pal_text_add(out, "\n");
}

static void fish_add_command(completion_job *job, const cli_command *command) {
    for (int32_t t = 0; cli_table(command, t); t++) {
        for (const pal_param *row = cli_table(command, t); row->name; row++)
            fish_add_row(job, command, row);
    }
    if (command->names) {
        pal_text_addf(job->out, "complete -c palate -n '__palate_is %s' -a '(__palate_%s)'\n",
                      command->name, command->names);
    } else if (command->words_max > 0) {
        pal_text_addf(job->out, "complete -c palate -n '__palate_is %s' -F\n", command->name);
    }
    pal_text_add(job->out, "\n");
}

static void fish_print(completion_job *job) {
    const char *subjects[COMPLETION_SUBJECTS_MAX];
    int32_t n = completion_subjects(subjects);
    pal_text *out = job->out;
    pal_text_add(out, "# Completion of palate for fish, made by: palate describe --completion "
                      "fish\n\n");
    fish_add_names(job, "commands");
    for (int32_t s = 0; s < n; s++) fish_add_names(job, subjects[s]);
    pal_text_add(
        out, "# Whether the command given is the one of the line.\n"
             "function __palate_is\n"
             "    set -l words (commandline -opc)\n"
             "    test (count $words) -ge 2; and test $words[2] = $argv[1]\n"
             "end\n\n"
             "# Whether the command itself is still to come.\n"
             "function __palate_begins\n"
             "    test (count (commandline -opc)) -eq 1\n"
             "end\n\n"
             "complete -c palate -f\n"
             "complete -c palate -n __palate_begins -a '(__palate_commands)'\n"
             "complete -c palate -n __palate_begins -a help -d 'tell the options of a command'\n"
             "complete -c palate -n __palate_begins -l version -d 'tell the version'\n"
             "complete -c palate -s h -l help -d 'tell the options'\n"
             "complete -c palate -n '__palate_is help' -a '(__palate_commands)'\n\n");
    for (int i = 0; cli_commands[i]; i++) fish_add_command(job, cli_commands[i]);
}

pal_status cli_completion(cli_run *run, cli_shell shell, pal_text *out) {
    static void (*const prints[])(completion_job * job) = {
        [CLI_BASH] = bash_print, [CLI_ZSH] = zsh_print, [CLI_FISH] = fish_print};
    completion_job job = {.run = run, .out = out, .status = PAL_OK};
    prints[shell](&job);
    return job.status;
}
