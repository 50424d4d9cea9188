/* vectors.c - which row of an .npy file is which item. */
#include "data/vectors.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "data/npy.h"

/* "img.npy" → "img.ids.txt". */
static char *vectors_ids_path(pal_arena *arena, const char *path) {
    static const char suffix[] = ".ids.txt";
    size_t n = strlen(path);
    if (n > 4 && !strcmp(path + n - 4, ".npy")) n -= 4;
    char *out = pal_arena_alloc(arena, (int64_t)(n + sizeof suffix), 1);
    if (!out) return NULL;
    memcpy(out, path, n);
    memcpy(out + n, suffix, sizeof suffix);
    return out;
}

static pal_status vectors_add_id(pal_ctx *ctx, const char *path, const char *begin, const char *end,
                                 pal_ids *ids) {
    size_t n = (size_t)(end - begin);
    int64_t line = (int64_t)ids->n + 1;
    if (n == 0 || n > PAL_ID_MAX || memchr(begin, '\0', n) ||
        pal_utf8_valid_prefix(begin, n) != n) {
        return pal_fail(ctx, PAL_EFORMAT,
                        "%s:%" PRId64 ": the id is empty, too long or not UTF-8: one id a line",
                        path, line);
    }
    int32_t before = ids->n, row = pal_ids_add(ids, begin, n);
    if (row < 0) return pal_fail_memory(ctx, path, 1e9);
    if (row < before) {
        return pal_fail(ctx, PAL_EFORMAT, "%s:%" PRId64 ": '%.60s' stands in line %d already", path,
                        line, pal_ids_at(ids, row), row + 1);
    }
    return PAL_OK;
}

static pal_status vectors_read_ids(pal_ctx *ctx, const char *path, pal_ids *ids) {
    pal_bytes bytes;
    TRY(pal_file_read(ctx, path, &bytes));
    pal_status status = PAL_OK;
    for (const char *at = bytes.bytes, *end = at + bytes.length; at < end && status == PAL_OK;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        const char *id_end = stop > at && stop[-1] == '\r' ? stop - 1 : stop;
        status = vectors_add_id(ctx, path, at, id_end, ids);
        at = stop < end ? stop + 1 : end;
    }
    pal_bytes_release(&bytes);
    return status;
}

/* Row r of the file becomes row rows[r] of the column, or row r where rows is NULL. */
static pal_status vectors_fill(pal_ctx *ctx, const char *path, const pal_npy *npy,
                               const pal_ids *ids, pal_catalog *catalog, float *vectors) {
    for (int64_t r = 0; r < npy->n_rows; r++) {
        int64_t row = r;
        if (ids->n) {
            const char *id = pal_ids_at(ids, (int32_t)r);
            row = pal_ids_find(&catalog->ids, id, strlen(id));
        }
        int64_t wrong = pal_npy_row(npy, r, vectors + row * npy->n_columns);
        if (wrong < 0) continue;
        return pal_fail(ctx, PAL_EFORMAT,
                        "%s: row %" PRId64 ", column %" PRId64
                        " (counted from 0) is not a finite number: mend it, e.g. with "
                        "numpy.nan_to_num",
                        path, r, wrong);
    }
    return PAL_OK;
}

static pal_status vectors_check_rows(pal_ctx *ctx, const char *path, const char *ids_path,
                                     const pal_npy *npy, const pal_ids *ids, bool has_ids,
                                     const pal_catalog *catalog) {
    if (npy->n_columns > 65536) {
        return pal_fail(ctx, PAL_EFORMAT,
                        "%s: a row has %" PRId64 " numbers, where at most 65,536 are read", path,
                        npy->n_columns);
    }
    if (has_ids && ids->n != npy->n_rows) {
        return pal_fail(ctx, PAL_EFORMAT,
                        "%s: names %d ids, but %s has %" PRId64
                        " rows: one id a line, in the order of the rows",
                        ids_path, ids->n, path, npy->n_rows);
    }
    if (has_ids || catalog->ids.n == npy->n_rows) return PAL_OK;
    return pal_fail(ctx, PAL_EFORMAT,
                    "%s: has %" PRId64
                    " rows where the table of items has %d: name the rows in %s, one id a line",
                    path, npy->n_rows, catalog->ids.n, ids_path);
}

static pal_status vectors_add(pal_ctx *ctx, const char *path, const pal_npy *npy,
                              pal_arena *scratch, pal_ids *ids, pal_catalog *catalog) {
    char *ids_path = vectors_ids_path(scratch, path), *name = pal_path_stem(scratch, path);
    if (!ids_path || !name) return pal_fail_memory(ctx, path, 1e3);
    bool has_ids = pal_path_exists(ids_path);
    if (has_ids) TRY(vectors_read_ids(ctx, ids_path, ids));
    TRY(vectors_check_rows(ctx, path, ids_path, npy, ids, has_ids, catalog));
    const pal_column *same = pal_catalog_column(catalog, name);
    if (same) {
        return pal_fail(ctx, PAL_EUSAGE,
                        "%s: the table of items has a column '%s' already: give the file another "
                        "name",
                        path, same->name);
    }
    TRY(pal_catalog_add_rows(ctx, catalog, ids));
    float *vectors =
        PAL_ARENA_ARRAY(&catalog->arena, float, (int64_t)catalog->ids.n * npy->n_columns);
    if (!vectors) return pal_fail_memory(ctx, path, 4.0 * catalog->ids.n * (double)npy->n_columns);
    TRY(vectors_fill(ctx, path, npy, ids, catalog, vectors));
    return pal_catalog_add_vectors(ctx, catalog, name, vectors, (int32_t)npy->n_columns);
}

pal_status pal_catalog_read_vectors(pal_ctx *ctx, const char *path, pal_catalog *catalog) {
    pal_bytes bytes;
    pal_npy npy;
    pal_ids ids = {0};
    pal_arena scratch = {0};
    TRY(pal_file_read(ctx, path, &bytes));
    pal_status status = pal_npy_parse(ctx, path, &bytes, &npy);
    if (status == PAL_OK) status = vectors_add(ctx, path, &npy, &scratch, &ids, catalog);
    pal_ids_release(&ids);
    pal_arena_release(&scratch);
    pal_bytes_release(&bytes);
    return status;
}
