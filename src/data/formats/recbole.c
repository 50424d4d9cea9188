/* recbole.c - atomic files: NAME.inter with a typed header, NAME.item beside it, or parts
 * NAME.train.inter and so on. */
#include <string.h>

#include "base/ctx.h"
#include "data/formats/format.h"

static bool recbole_ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

static bool recbole_is_inter(const char *name) {
    return recbole_ends_with(name, ".inter") || recbole_ends_with(name, ".inter.gz") ||
           recbole_ends_with(name, ".inter.zst");
}

/* The typed header tells the format even under another name. */
static bool recbole_has_header(const pal_bytes *bytes) {
    const char *end = bytes->length ? memchr(bytes->bytes, '\n', bytes->length) : NULL;
    size_t n = end ? (size_t)(end - bytes->bytes) : bytes->length;
    return memmem(bytes->bytes, n, ":token\t", 7) != NULL;
}

static bool recbole_recognizes(const char *path, const pal_bytes *bytes) {
    if (bytes) return bytes->length > 0 && recbole_has_header(bytes);
    pal_ctx quiet = {0};
    pal_arena arena = {0};
    const char *const *names;
    int32_t n = 0;
    bool found = false;
    if (pal_folder_list(&quiet, path, &arena, &names, &n) == PAL_OK) {
        for (int32_t i = 0; i < n; i++) found |= recbole_is_inter(names[i]);
    }
    pal_arena_release(&arena);
    return found;
}

static pal_status recbole_read_file(pal_reader *reader, const char *path, const pal_bytes *bytes) {
    pal_dialect dialect;
    TRY(pal_delimited_guess(reader, path, bytes, &dialect));
    return pal_delimited_read(reader, path, bytes, &dialect);
}

/* NAME.item beside NAME.inter or NAME.train.inter. */
static pal_status recbole_read_items(pal_reader *reader, const char *inter) {
    const char *slash = strrchr(inter, '/'), *dot = strstr(slash ? slash : inter, ".inter");
    size_t length = dot ? (size_t)(dot - inter) : strlen(inter);
    if (length > 6 && !memcmp(inter + length - 6, ".train", 6)) length -= 6;
    char *path = pal_arena_alloc(&reader->data->arena, (int64_t)length + 6, 1);
    if (!path) return pal_fail_memory(reader->ctx, inter, 1);
    memcpy(path, inter, length);
    memcpy(path + length, ".item", 5);
    if (!pal_path_exists(path)) return PAL_OK;
    pal_bytes bytes;
    TRY(pal_file_read(reader->ctx, path, &bytes));
    pal_status status =
        pal_catalog_read(reader, path, &bytes, &(pal_catalog_dialect){.separator = "\t"});
    pal_bytes_release(&bytes);
    return status;
}

static pal_status recbole_read_folder(pal_reader *reader, const char *folder) {
    const char *const *names;
    int32_t n, n_logs = 0;
    const char *log = NULL;
    TRY(pal_folder_list(reader->ctx, folder, &reader->data->arena, &names, &n));
    for (int32_t i = 0; i < n; i++) {
        if (!recbole_is_inter(names[i])) continue;
        if (strstr(names[i], ".train.") || strstr(names[i], ".valid.") ||
            strstr(names[i], ".test.")) {
            return pal_fail(
                reader->ctx, PAL_EUSAGE,
                "%s: holds parts of a split: name them with --train, --valid and --test", folder);
        }
        log = names[i];
        n_logs++;
    }
    if (n_logs != 1)
        return pal_fail(reader->ctx, PAL_EFORMAT, "%s: holds %d .inter files: name the one to read",
                        folder, n_logs);
    char *path = pal_path_join(&reader->data->arena, folder, log);
    if (!path) return pal_fail_memory(reader->ctx, folder, 1);
    pal_bytes bytes;
    TRY(pal_file_read(reader->ctx, path, &bytes));
    pal_status status = recbole_read_file(reader, path, &bytes);
    pal_bytes_release(&bytes);
    TRY(status);
    return recbole_read_items(reader, path);
}

static pal_status recbole_read(pal_reader *reader, const char *path, const pal_bytes *bytes) {
    if (!bytes) return recbole_read_folder(reader, path);
    TRY(recbole_read_file(reader, path, bytes));
    return reader->part == 0 ? recbole_read_items(reader, path) : PAL_OK;
}

const pal_format pal_format_recbole = {
    .name = "recbole",
    .summary = "RecBole's atomic files: NAME.inter with a typed header, NAME.item beside it",
    .recognizes = recbole_recognizes,
    .read = recbole_read,
};
