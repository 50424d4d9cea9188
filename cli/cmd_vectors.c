/* cmd_vectors.c - representations of users and items as NumPy files. */
#include <stdio.h>

#include "cli.h"

typedef struct {
    const char *folder;
    bool quiet;
} vectors_values;

static const pal_param vectors_table[] = {
    {.name = "out",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(vectors_values, folder),
     .initial = "vectors",
     .value_name = "DIR",
     .letter = 'o',
     .help = "folder for users.npy, items.npy and their ids"},
    CLI_QUIET_ROW(vectors_values),
    {0},
};

static pal_status vectors_run(cli_run *run) {
    const vectors_values *values = run->params;
    pal_model *model;
    pal_status status = pal_model_load(run->ctx, run->words[0], &model);
    if (status != PAL_OK) return status;
    status = pal_vectors_save(run->ctx, model, values->folder);
    if (status == PAL_OK && !run->quiet)
        printf("written: %s/users.npy, %s/items.npy, with the ids of their rows in .ids.txt\n",
               values->folder, values->folder);
    pal_model_free(model);
    return status;
}

const cli_command cli_vectors = {
    .name = "vectors",
    .summary = "the representations of users and items as NumPy files",
    .usage = "vectors MODEL.palate [-o DIR]",
    .params = vectors_table,
    .params_size = sizeof(vectors_values),
    .groups = {"context"},
    .words_min = 1,
    .words_max = 1,
    .run = vectors_run,
};
