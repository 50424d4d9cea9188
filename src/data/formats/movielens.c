/* movielens.c - the folders of MovieLens 100K, 1M, 10M and "latest" (Harper and Konstan 2015). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "data/formats/format.h"
#include "data/formats/lines.h"

typedef struct {
    const char *log, *companion; /* files that tell the release; companion NULL: none needed */
    const char *catalog;
    pal_dialect dialect;
    bool guesses_dialect; /* a header says which column is which */
    pal_catalog_dialect items;
    const char *profiles; /* of users; NULL: none */
    pal_catalog_dialect users;
    const char *tags; /* user, item, what the user wrote about it, when; NULL: none */
} movielens_release;

static const char *const movielens_names_100k[] = {
    "item",      "title",     "release_date", "video_date", "url",     "unknown",     "action",
    "adventure", "animation", "children",     "comedy",     "crime",   "documentary", "drama",
    "fantasy",   "film_noir", "horror",       "musical",    "mystery", "romance",     "sci_fi",
    "thriller",  "war",       "western",      NULL};
static const char *const movielens_users_100k[] = {"user",       "age", "gender",
                                                   "occupation", "zip", NULL};
static const char *const movielens_users_1m[] = {"user",       "gender", "age",
                                                 "occupation", "zip",    NULL};
static const char *const movielens_names_1m[] = {"item", "title", "genres", NULL};

static const movielens_release movielens_releases[] = {
    {.log = "u.data",
     .catalog = "u.item",
     .dialect = {"\t", false, false, {0, 1, 2, 3, -1, -1, -1}},
     .items = {"|", movielens_names_100k, true, false},
     .profiles = "u.user",
     .users = {"|", movielens_users_100k, true, true}},
    {.log = "ratings.dat",
     .catalog = "movies.dat",
     .dialect = {"::", false, false, {0, 1, 2, 3, -1, -1, -1}},
     .items = {"::", movielens_names_1m, true, false},
     .profiles = "users.dat",
     .users = {"::", movielens_users_1m, true, true}},
    {.log = "ratings.csv",
     .companion = "movies.csv",
     .catalog = "movies.csv",
     .guesses_dialect = true,
     .items = {",", NULL, false, false},
     .tags = "tags.csv"},
};

static const movielens_release *movielens_find(const char *folder) {
    for (size_t i = 0; i < sizeof movielens_releases / sizeof *movielens_releases; i++) {
        const movielens_release *release = &movielens_releases[i];
        if (pal_folder_has(folder, release->log) &&
            (!release->companion || pal_folder_has(folder, release->companion))) {
            return release;
        }
    }
    return NULL;
}

static bool movielens_recognizes(const char *path, const pal_bytes *bytes) {
    return !bytes && movielens_find(path);
}

/* The 10M release and later copies are UTF-8 already: only what is not valid UTF-8 is Latin-1. */
static pal_status movielens_read_catalog(pal_reader *reader, const char *folder, const char *name,
                                         pal_catalog_dialect dialect) {
    char *path = pal_path_join(&reader->data->arena, folder, name);
    if (!path) return pal_fail_memory(reader->ctx, folder, 1);
    if (!pal_path_exists(path)) return PAL_OK;
    pal_bytes bytes;
    TRY(pal_file_read(reader->ctx, path, &bytes));
    if (pal_utf8_valid_prefix(bytes.bytes, bytes.length) == bytes.length) dialect.is_latin1 = false;
    pal_status status = pal_catalog_read(reader, path, &bytes, &dialect);
    pal_bytes_release(&bytes);
    return status;
}

/* --- tags --- */

enum { TAGS_USER, TAGS_ITEM, TAGS_TAG, TAGS_TIME, TAGS_FIELDS };

/* "tag@seconds" behind what is there; '|' and '@' of the tag itself become spaces. */
static void movielens_add_tag(const pal_field *fields, pal_text *cell) {
    if (cell->length) pal_text_add(cell, "|");
    for (const char *c = fields[TAGS_TAG].begin; c < fields[TAGS_TAG].end; c++) {
        char plain = *c == '|' || *c == '@' ? ' ' : *c;
        pal_text_add_bytes(cell, &plain, 1);
    }
    pal_text_add(cell, "@");
    pal_text_add_bytes(cell, fields[TAGS_TIME].begin,
                       (size_t)(fields[TAGS_TIME].end - fields[TAGS_TIME].begin));
}

static pal_status movielens_join_tags(pal_ctx *ctx, pal_lines *lines, const pal_catalog *catalog,
                                      pal_text *cells) {
    pal_field fields[PAL_COLUMNS_MAX];
    int32_t n;
    bool is_head = true;
    for (;;) {
        pal_lines_result result = pal_lines_next(lines, fields, &n);
        if (result == PAL_LINES_END) return PAL_OK;
        if (result != PAL_LINES_LINE) return pal_lines_fail(ctx, lines, result);
        if (n != TAGS_FIELDS)
            return pal_fail(ctx, PAL_EFORMAT,
                            "%s:%" PRId64 ": expected 4 fields (user, item, tag, time), found %d",
                            lines->path, lines->line, (int)n);
        int32_t row = is_head
                          ? -1
                          : pal_ids_find(&catalog->ids, fields[TAGS_ITEM].begin,
                                         (size_t)(fields[TAGS_ITEM].end - fields[TAGS_ITEM].begin));
        is_head = false;
        if (row < 0) continue;
        movielens_add_tag(fields, &cells[row]);
        if (cells[row].failed) return pal_fail_memory(ctx, lines->path, 1e3);
    }
}

/* A column of what people wrote about the items, and when. */
static pal_status movielens_add_tags(pal_reader *reader, const char *path, const pal_bytes *bytes,
                                     pal_text *cells) {
    pal_catalog *catalog = &reader->data->catalog;
    pal_dialect dialect = {.separator = ",", .has_quotes = true};
    pal_lines lines;
    pal_lines_start(&lines, path, bytes, &dialect);
    lines.tolerates_quotes = true;
    pal_status status = pal_lines_unquote(&lines)
                            ? movielens_join_tags(reader->ctx, &lines, catalog, cells)
                            : pal_fail_memory(reader->ctx, path, PAL_LINE_MAX);
    free(lines.unquoted);
    TRY(status);
    int32_t n = catalog->ids.n;
    const char **texts = PAL_ARENA_ARRAY(&catalog->arena, const char *, n);
    for (int32_t i = 0; texts && i < n; i++) {
        texts[i] =
            cells[i].length ? pal_arena_text(&catalog->arena, cells[i].bytes, cells[i].length) : "";
        if (!texts[i]) texts = NULL;
    }
    if (!texts) return pal_fail_memory(reader->ctx, path, 8.0 * n);
    return pal_catalog_add_timed(reader->ctx, catalog, "tags", texts);
}

static pal_status movielens_read_tags(pal_reader *reader, const char *folder, const char *name) {
    char *path = pal_path_join(&reader->data->arena, folder, name);
    if (!path) return pal_fail_memory(reader->ctx, folder, 1);
    if (!pal_path_exists(path) || reader->data->catalog.ids.n == 0) return PAL_OK;
    pal_bytes bytes;
    TRY(pal_file_read(reader->ctx, path, &bytes));
    pal_arena scratch = {0};
    int32_t n = reader->data->catalog.ids.n;
    pal_text *cells = PAL_ARENA_ARRAY(&scratch, pal_text, n);
    pal_status status = cells ? movielens_add_tags(reader, path, &bytes, cells)
                              : pal_fail_memory(reader->ctx, path, 24.0 * n);
    for (int32_t i = 0; cells && i < n; i++) pal_text_release(&cells[i]);
    pal_arena_release(&scratch);
    pal_bytes_release(&bytes);
    return status;
}

static pal_status movielens_read(pal_reader *reader, const char *path, const pal_bytes *bytes) {
    (void)bytes;
    const movielens_release *release = movielens_find(path);
    if (!release) {
        return pal_fail(reader->ctx, PAL_EFORMAT,
                        "%s: is no MovieLens folder: it needs u.data, ratings.dat, or ratings.csv "
                        "and movies.csv",
                        path);
    }
    if (!release->guesses_dialect && (reader->options->columns || reader->options->value)) {
        return pal_fail(reader->ctx, PAL_EUSAGE,
                        "%s: the columns of %s are known: name the file itself to read it with "
                        "--columns or --value",
                        path, release->log);
    }
    char *log = pal_path_join(&reader->data->arena, path, release->log);
    if (!log) return pal_fail_memory(reader->ctx, path, 1);
    pal_bytes content;
    TRY(pal_file_read(reader->ctx, log, &content));
    pal_dialect dialect = release->dialect;
    pal_status status =
        release->guesses_dialect ? pal_delimited_guess(reader, log, &content, &dialect) : PAL_OK;
    if (status == PAL_OK) status = pal_delimited_read(reader, log, &content, &dialect);
    pal_bytes_release(&content);
    TRY(status);
    TRY(movielens_read_catalog(reader, path, release->catalog, release->items));
    if (release->tags) TRY(movielens_read_tags(reader, path, release->tags));
    return release->profiles
               ? movielens_read_catalog(reader, path, release->profiles, release->users)
               : PAL_OK;
}

const pal_format pal_format_movielens = {
    .name = "movielens",
    .summary = "a folder of MovieLens 100K (u.data), 1M or 10M (ratings.dat), or 20M and later "
               "(ratings.csv)",
    .recognizes = movielens_recognizes,
    .read = movielens_read,
};
