/* rename.c - --map: what the ids of the source are called in the log.
 *
 * A line holds an id of the source and one of the log, with a tab between them or else a comma. Ids
 * of the source that no line names are nobody of the log, even where they are equal to one of its:
 * these get "source:" in front. */
#include <inttypes.h>
#include <string.h>

#include "base/ctx.h"
#include "data/second.h"

typedef struct {
    pal_ids from, to; /* row by row */
    const pal_ids *target;
    int32_t n_used, n_joined; /* ids of the source that a line names; of them in the log too */
} rename_map;

static pal_status rename_add(pal_ctx *ctx, const char *path, int64_t line, const char *begin,
                             const char *end, rename_map *map) {
    const char *cut = memchr(begin, '\t', (size_t)(end - begin));
    if (!cut) cut = memchr(begin, ',', (size_t)(end - begin));
    size_t n = cut ? (size_t)(cut - begin) : 0, n_to = cut ? (size_t)(end - cut - 1) : 0;
    if (n == 0 || n_to == 0 || n > PAL_ID_MAX || n_to > PAL_ID_MAX)
        return pal_fail(ctx, PAL_EFORMAT,
                        "%s:%" PRId64 ": '%.*s' is no pair of ids: write the source's id, a comma "
                        "or a tab, and the log's",
                        path, line, (int)(end - begin < 80 ? end - begin : 80), begin);
    if (pal_utf8_valid_prefix(begin, (size_t)(end - begin)) != (size_t)(end - begin))
        return pal_fail(ctx, PAL_EFORMAT, "%s:%" PRId64 ": the ids are not UTF-8", path, line);
    int32_t row = map->from.n;
    int32_t from = pal_ids_add(&map->from, begin, n), to = pal_ids_add(&map->to, cut + 1, n_to);
    if (from < 0 || to < 0) return pal_fail_memory(ctx, "--map", 64.0 * (double)line);
    if (from == row && to == row) return PAL_OK;
    return pal_fail(ctx, PAL_EFORMAT,
                    "%s:%" PRId64 ": %.*s is paired a second time: pair each id once", path, line,
                    (int)(from == row ? n_to : n), from == row ? cut + 1 : begin);
}

static pal_status rename_read(pal_ctx *ctx, const char *path, rename_map *map) {
    pal_bytes bytes;
    TRY(pal_file_read(ctx, path, &bytes));
    const char *end = bytes.bytes + bytes.length;
    pal_status status = PAL_OK;
    int64_t line = 1;
    for (const char *c = bytes.bytes; status == PAL_OK && c < end; line++) {
        const char *line_end = memchr(c, '\n', (size_t)(end - c));
        if (!line_end) line_end = end;
        const char *last = line_end > c && line_end[-1] == '\r' ? line_end - 1 : line_end;
        if (last > c) status = rename_add(ctx, path, line, c, last, map);
        c = line_end + 1;
    }
    pal_bytes_release(&bytes);
    return status;
}

/* The id of the log that the source's stands for, or one that is nobody's there. */
static bool rename_write(const rename_map *map, const char *id, const pal_ids *renamed,
                         pal_text *out) {
    int32_t row = pal_ids_find(&map->from, id, strlen(id));
    out->length = 0;
    if (row >= 0) {
        pal_text_add(out, pal_ids_at(&map->to, row));
        return !out->failed;
    }
    pal_text_add(out, id);
    while (!out->failed && out->bytes &&
           (pal_ids_find(map->target, out->bytes, out->length) >= 0 ||
            pal_ids_find(&map->to, out->bytes, out->length) >= 0 ||
            pal_ids_find(renamed, out->bytes, out->length) >= 0)) {
        pal_text longer = {0};
        pal_text_addf(&longer, "source:%s", out->bytes);
        pal_text_release(out);
        *out = longer;
    }
    return !out->failed;
}

/* Renames in place; rows stay. */
static pal_status rename_ids(pal_ctx *ctx, rename_map *map, pal_ids *ids) {
    pal_ids renamed = {0};
    pal_text text = {0};
    bool done = true;
    map->n_used = map->n_joined = 0;
    for (int32_t i = 0; done && i < ids->n; i++) {
        const char *id = pal_ids_at(ids, i);
        bool is_named = pal_ids_find(&map->from, id, strlen(id)) >= 0;
        done = rename_write(map, id, &renamed, &text) &&
               pal_ids_add(&renamed, text.bytes, text.length) == i;
        map->n_used += is_named;
        map->n_joined += is_named && pal_ids_find(map->target, text.bytes, text.length) >= 0;
    }
    pal_text_release(&text);
    if (!done) {
        pal_ids_release(&renamed);
        return pal_fail_memory(ctx, "--map", 32.0 * ids->n);
    }
    pal_ids_release(ids);
    *ids = renamed;
    return PAL_OK;
}

static pal_status rename_side(pal_ctx *ctx, const char *path, rename_map *map, const char *nouns,
                              pal_data *second, pal_ids *ids, pal_catalog *catalog) {
    TRY(rename_read(ctx, path, map));
    if (catalog->ids.n) TRY(rename_ids(ctx, map, &catalog->ids));
    TRY(rename_ids(ctx, map, ids));
    if (map->n_used == 0)
        return pal_fail(ctx, PAL_EDATA,
                        "%s: none of its %d lines begins with an id of the source's %s: a line is "
                        "the source's id and the log's",
                        path, map->from.n, nouns);
    pal_data_find(second, "%d of %d %s renamed by %.80s, %d of them to ids of the log", map->n_used,
                  ids->n, nouns, path, map->n_joined);
    return PAL_OK;
}

pal_status pal_second_rename(pal_ctx *ctx, const char *path, const pal_data *data,
                             pal_data *second) {
    bool of_users = data->shared == PAL_SHARED_USERS;
    rename_map map = {.target = of_users ? &data->user_ids : &data->item_ids};
    pal_status status =
        of_users
            ? rename_side(ctx, path, &map, "users", second, &second->user_ids, &second->users)
            : rename_side(ctx, path, &map, "items", second, &second->item_ids, &second->catalog);
    pal_ids_release(&map.from);
    pal_ids_release(&map.to);
    return status;
}
