/* vectors.c - representations of users and items for other programs: NumPy files and ids. */
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "base/file.h"
#include "models/registry.h"
#include "models/shrink.h"

/* A NumPy file, version 1.0: magic, length of the header, the header padded to 64 bytes, the rows.
 */
static pal_status vectors_write_npy(pal_ctx *ctx, const char *path, const float *rows, int64_t n,
                                    int64_t width) {
    enum { HEAD = 128, FIXED = 10 };
    char head[HEAD + 1];
    int length = snprintf(head + FIXED, HEAD - FIXED,
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (%lld, %lld), }",
                          (long long)n, (long long)width);
    memcpy(head, "\x93NUMPY\x01\x00", 8);
    head[8] = HEAD - FIXED;
    head[9] = 0;
    memset(head + FIXED + length, ' ', (size_t)(HEAD - FIXED - length));
    head[HEAD - 1] = '\n';
    pal_writer writer;
    TRY(pal_writer_open(ctx, path, &writer));
    TRY(pal_writer_add(ctx, &writer, head, HEAD));
    TRY(pal_writer_add(ctx, &writer, rows, (size_t)(n * width) * sizeof *rows));
    return pal_writer_commit(ctx, &writer);
}

static pal_status vectors_write_ids(pal_ctx *ctx, const char *path, const pal_ids *ids, int32_t n) {
    pal_text text = {0};
    for (int32_t i = 0; i < n; i++) {
        pal_text_add(&text, pal_ids_at(ids, i));
        pal_text_add(&text, "\n");
    }
    pal_status status = text.failed ? pal_fail_memory(ctx, path, 32.0 * n)
                                    : pal_file_write(ctx, path, text.bytes, text.length);
    pal_text_release(&text);
    return status;
}

static pal_status vectors_write(pal_ctx *ctx, const char *folder, const char *name,
                                const pal_tensor *tensor, const pal_ids *ids, pal_arena *arena) {
    char npy[32], txt[32];
    snprintf(npy, sizeof npy, "%s.npy", name);
    snprintf(txt, sizeof txt, "%s.ids.txt", name);
    const char *vectors = pal_path_join(arena, folder, npy),
               *list = pal_path_join(arena, folder, txt);
    if (!vectors || !list) return pal_fail_memory(ctx, folder, 1e3);
    const float *rows = pal_tensor_floats(tensor, arena);
    if (!rows)
        return pal_fail_memory(ctx, folder, 4.0 * (double)(tensor->dims[0] * tensor->dims[1]));
    TRY(vectors_write_npy(ctx, vectors, rows, tensor->dims[0], tensor->dims[1]));
    return vectors_write_ids(ctx, list, ids, (int32_t)tensor->dims[0]);
}

static pal_status vectors_save(pal_ctx *ctx, const pal_model *model, const char *folder,
                               pal_arena *arena) {
    pal_tensor tensors[PAL_TENSORS_MAX];
    int32_t n = pal_model_tensors(model, tensors), written = 0;
    for (int32_t i = 0; i < n; i++) {
        if (tensors[i].role != PAL_ROLE_USERS && tensors[i].role != PAL_ROLE_ITEMS) continue;
        bool is_users = tensors[i].role == PAL_ROLE_USERS;
        if (!written) TRY(pal_folder_make(ctx, folder));
        TRY(vectors_write(ctx, folder, is_users ? "users" : "items", &tensors[i],
                          is_users ? model->log->about.user_ids : model->log->about.item_ids,
                          arena));
        written++;
    }
    if (written) return PAL_OK;
    return pal_fail(ctx, PAL_EUSAGE,
                    "%s keeps no vectors of users or items: train a factor model, such as mf",
                    model->kind->name);
}

pal_status pal_vectors_save(pal_ctx *ctx, const pal_model *model, const char *folder) {
    TRY(pal_verb_start(ctx));
    pal_arena scratch = {0};
    pal_status status = vectors_save(ctx, model, folder, &scratch);
    pal_arena_release(&scratch);
    return status;
}
