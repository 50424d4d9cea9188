/* recbole.c - atomic files: NAME.inter with a typed header, or its parts NAME.train.inter and so
 * on; beside them NAME.item and NAME.user. A knowledge graph (NAME.kg, NAME.link) and a social
 * network (NAME.net) are counted only. */
#include <inttypes.h>
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

/* --- what lies beside the log --- */

/* NAME<suffix> beside NAME.inter, NAME.train.inter and so on, in the data's arena; NULL without
 * memory. */
static char *recbole_path_beside(pal_reader *reader, const char *inter, const char *suffix) {
    static const char *const parts[] = {".train", ".valid", ".test"};
    const char *slash = strrchr(inter, '/'), *dot = strstr(slash ? slash : inter, ".inter");
    size_t length = dot ? (size_t)(dot - inter) : strlen(inter), n = strlen(suffix);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t m = strlen(parts[i]);
        if (length > m && !memcmp(inter + length - m, parts[i], m)) {
            length -= m;
            break;
        }
    }
    char *path = pal_arena_alloc(&reader->data->arena, (int64_t)(length + n) + 1, 1);
    if (!path) return NULL;
    memcpy(path, inter, length);
    memcpy(path + length, suffix, n);
    return path;
}

static pal_status recbole_read_catalog(pal_reader *reader, const char *inter, const char *suffix,
                                       bool of_users) {
    char *path = recbole_path_beside(reader, inter, suffix);
    if (!path) return pal_fail_memory(reader->ctx, inter, 1);
    if (!pal_path_exists(path)) return PAL_OK;
    pal_bytes bytes;
    TRY(pal_file_read(reader->ctx, path, &bytes));
    pal_status status = pal_catalog_read(
        reader, path, &bytes, &(pal_catalog_dialect){.separator = "\t", .of_users = of_users});
    pal_bytes_release(&bytes);
    return status;
}

/* Lines below the header that are not empty; -1: no such file. */
static pal_status recbole_count_lines(pal_reader *reader, const char *inter, const char *suffix,
                                      int64_t *out) {
    char *path = recbole_path_beside(reader, inter, suffix);
    if (!path) return pal_fail_memory(reader->ctx, inter, 1);
    *out = -1;
    if (!pal_path_exists(path)) return PAL_OK;
    pal_bytes bytes;
    TRY(pal_file_read(reader->ctx, path, &bytes));
    int64_t n = 0;
    for (const char *at = bytes.bytes, *end = at + bytes.length; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        n += stop > at && *at != '\r';
        at = stop < end ? stop + 1 : end;
    }
    *out = n > 0 ? n - 1 : 0;
    pal_bytes_release(&bytes);
    return PAL_OK;
}

static pal_status recbole_read_beside(pal_reader *reader, const char *inter) {
    int64_t n_triples, n_linked, n_links;
    TRY(recbole_read_catalog(reader, inter, ".item", false));
    TRY(recbole_read_catalog(reader, inter, ".user", true));
    TRY(recbole_count_lines(reader, inter, ".kg", &n_triples));
    TRY(recbole_count_lines(reader, inter, ".link", &n_linked));
    TRY(recbole_count_lines(reader, inter, ".net", &n_links));
    if (n_triples >= 0 || n_linked >= 0) {
        pal_data_find(reader->data,
                      "knowledge graph: %" PRId64 " triples, %" PRId64 " items linked; not used",
                      n_triples > 0 ? n_triples : 0, n_linked > 0 ? n_linked : 0);
    }
    if (n_links >= 0)
        pal_data_find(reader->data, "social network: %" PRId64 " links; not used", n_links);
    return PAL_OK;
}

/* --- a folder --- */

enum { RECBOLE_TRAIN, RECBOLE_VALID, RECBOLE_TEST, RECBOLE_WHOLE, RECBOLE_ROLES };

/* What an .inter file is by its name. */
static int32_t recbole_role(const char *name) {
    static const char *const roles[] = {".train.inter", ".valid.inter", ".test.inter"};
    int32_t role = 0;
    while (role < RECBOLE_WHOLE && !strstr(name, roles[role])) role++;
    return role;
}

static pal_status recbole_read_parts(pal_reader *reader, const char *folder,
                                     const char *const files[RECBOLE_ROLES]) {
    const char *paths[PAL_PARTS_MAX];
    int32_t n = 0;
    if (!files[RECBOLE_TRAIN] || !files[RECBOLE_TEST]) {
        return pal_fail(reader->ctx, PAL_EFORMAT,
                        "%s: holds parts of a split, but no NAME.%s.inter: add it, or name one "
                        "file as the log",
                        folder, files[RECBOLE_TRAIN] ? "test" : "train");
    }
    for (int32_t role = RECBOLE_TRAIN; role <= RECBOLE_TEST; role++) {
        if (!files[role]) continue;
        paths[n] = pal_path_join(&reader->data->arena, folder, files[role]);
        if (!paths[n++]) return pal_fail_memory(reader->ctx, folder, 1);
    }
    TRY(pal_reader_parts(reader, folder, paths, n, recbole_read_file));
    return recbole_read_beside(reader, paths[0]);
}

static pal_status recbole_read_folder(pal_reader *reader, const char *folder) {
    const char *const *names;
    const char *files[RECBOLE_ROLES] = {NULL};
    int32_t n, n_logs = 0, n_files[RECBOLE_ROLES] = {0};
    TRY(pal_folder_list(reader->ctx, folder, &reader->data->arena, &names, &n));
    for (int32_t i = 0; i < n; i++) {
        if (!recbole_is_inter(names[i])) continue;
        int32_t role = recbole_role(names[i]);
        files[role] = names[i];
        n_files[role]++;
        n_logs++;
    }
    bool has_parts = n_logs > n_files[RECBOLE_WHOLE];
    if (has_parts && n_files[RECBOLE_WHOLE] == 0 && n_files[RECBOLE_TRAIN] <= 1 &&
        n_files[RECBOLE_VALID] <= 1 && n_files[RECBOLE_TEST] <= 1) {
        return recbole_read_parts(reader, folder, files);
    }
    if (n_logs != 1) {
        return pal_fail(reader->ctx, PAL_EFORMAT,
                        "%s: holds %d .inter files: name the one to read%s", folder, n_logs,
                        has_parts ? ", or parts with --train, --valid and --test" : "");
    }
    char *path = pal_path_join(&reader->data->arena, folder, files[RECBOLE_WHOLE]);
    if (!path) return pal_fail_memory(reader->ctx, folder, 1);
    pal_bytes bytes;
    TRY(pal_file_read(reader->ctx, path, &bytes));
    pal_status status = recbole_read_file(reader, path, &bytes);
    pal_bytes_release(&bytes);
    TRY(status);
    return reader->part == 0 ? recbole_read_beside(reader, path) : PAL_OK;
}

static pal_status recbole_read(pal_reader *reader, const char *path, const pal_bytes *bytes) {
    if (!bytes) return recbole_read_folder(reader, path);
    TRY(recbole_read_file(reader, path, bytes));
    return reader->part == 0 ? recbole_read_beside(reader, path) : PAL_OK;
}

const pal_format pal_format_recbole = {
    .name = "recbole",
    .summary =
        "RecBole's atomic files: NAME.inter or its parts NAME.train.inter, NAME.test.inter with a "
        "typed header, NAME.item and NAME.user beside them",
    .recognizes = recbole_recognizes,
    .read = recbole_read,
};
