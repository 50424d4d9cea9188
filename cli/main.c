/* main.c - the commands there are, and what is common to all: help, version, signals, exit codes.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

const cli_command *const cli_commands[] = {
    &cli_demo,    &cli_case,    &cli_compare,  &cli_train,  &cli_evaluate, &cli_recommend,
    &cli_similar, &cli_explain, &cli_vectors,  &cli_shrink, &cli_inspect,  &cli_import,
    &cli_report,  &cli_models,  &cli_describe, NULL};

const char cli_summary[] = "trains, compares and explains recommenders";

static pal_ctx *main_ctx; /* for the signal handler */

static void main_on_interrupt(int number) {
    (void)number;
    static volatile sig_atomic_t times;
    if (times++ > 0 || !main_ctx) _exit(130);
    pal_cancel(main_ctx);
}

static void main_print_help(FILE *to) {
    fprintf(to, "palate %s: %s\n\nusage: palate COMMAND [OPTIONS]\n\n", PAL_VERSION, cli_summary);
    for (int i = 0; cli_commands[i]; i++)
        fprintf(to, "  %-12s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
    fprintf(to,
            "\npalate COMMAND --help tells the options of a command. Start with: palate demo\n");
}

static const cli_command *main_find(const char *name) {
    for (int i = 0; cli_commands[i]; i++) {
        if (pal_name_equal(cli_commands[i]->name, name)) return cli_commands[i];
    }
    return NULL;
}

static int main_fail_command(const char *name) {
    const char *names[32];
    int32_t n = 0;
    for (; cli_commands[n]; n++) names[n] = cli_commands[n]->name;
    const char *nearest = pal_nearest_name(name, names, n);
    if (nearest) {
        fprintf(stderr, "palate: there is no command '%s'; did you mean %s?\n", name, nearest);
    } else {
        fprintf(stderr, "palate: there is no command '%s'; palate --help lists them\n", name);
    }
    return CLI_USAGE;
}

static int main_run(const cli_command *command, int argc, char **argv) {
    cli_run run = {.command = command};
    bool help = false;
    int code = cli_parse(&run, argc, argv, &help);
    if (code == CLI_DONE && help) {
        cli_print_help(command);
    } else if (code == CLI_DONE) {
        main_ctx = run.ctx;
        cli_listen(&run);
        pal_status status = command->run(&run);
        main_ctx = NULL;
        if (status != PAL_OK) {
            if (run.usage == PAL_OK) fprintf(stderr, "palate: %s\n", pal_error(run.ctx));
            code = status == PAL_EUSAGE ? CLI_USAGE : CLI_FAILED;
        }
        /* What was printed and could not be written is a failure too. */
        if (fflush(stdout) != 0 && code == CLI_DONE) {
            perror("palate: cannot write the output");
            code = CLI_FAILED;
        }
    }
    cli_release(&run);
    return code;
}

int main(int argc, char **argv) {
    struct sigaction action = {.sa_handler = main_on_interrupt};
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (argc < 2) {
        main_print_help(stderr);
        return CLI_USAGE;
    }
    const char *name = argv[1];
    if (!strcmp(name, "--version")) {
        printf("palate %s\n", PAL_VERSION);
        return CLI_DONE;
    }
    bool asks_help = !strcmp(name, "help") || !strcmp(name, "--help") || !strcmp(name, "-h");
    if (asks_help && argc < 3) {
        main_print_help(stdout);
        return CLI_DONE;
    }
    const cli_command *command = main_find(asks_help ? argv[2] : name);
    if (!command) return main_fail_command(asks_help ? argv[2] : name);
    if (asks_help) {
        cli_print_help(command);
        return CLI_DONE;
    }
    return main_run(command, argc - 2, argv + 2);
}
