/* table.c - the format of last resort, which knows what it cannot read, and a folder with one such
 * table. */
#include <string.h>

#include "base/ctx.h"
#include "base/text.h"
#include "data/formats/format.h"

static bool table_is_parquet_folder(const char *path) {
    pal_ctx quiet = {0};
    pal_arena arena = {0};
    const char *const *names;
    int32_t n = 0;
    bool found = false;
    if (pal_folder_list(&quiet, path, &arena, &names, &n) != PAL_OK) n = 0;
    for (int32_t i = 0; i < n; i++) {
        size_t length = strlen(names[i]);
        found |= length > 8 && !strcmp(names[i] + length - 8, ".parquet");
    }
    pal_arena_release(&arena);
    return found;
}

static bool table_recognizes(const char *path, const pal_bytes *bytes) {
    return bytes || table_is_parquet_folder(path);
}

/* Files that are no lines of text, by how they begin, and what to do with them; each %s is the
 * path.
 */
static const struct {
    const char *magic, *sentence;
} table_refused[] = {
    {"PAR1", "is a Parquet file: convert it with duckdb -c \"COPY (FROM '%s') TO 'events.csv'\" or "
             "python3 -c \"import pandas; pandas.read_parquet('%s').to_csv('events.csv', "
             "index=False)\""},
    {"ORC", "is an ORC file: convert it to CSV first"},
    {"\xFF\xFE", "is UTF-16: convert it with iconv -f UTF-16 -t UTF-8 %s > events.csv"},
    {"\xFE\xFF", "is UTF-16: convert it with iconv -f UTF-16 -t UTF-8 %s > events.csv"},
    {"PK\x03\x04", "is a zip archive or spreadsheet: unpack it, or save it as CSV"},
    {"%PDF", "is a PDF document: export its table as CSV"},
    {"BZh", "is compressed with bzip2: unpack it, or use gzip or zstd"},
    {"\xFD\x37zXZ", "is compressed with xz: unpack it, or use gzip or zstd"},
    {"SQLite format 3", "is an SQLite database: export the table with "
                        "sqlite3 -csv -header %s \"SELECT …\" > events.csv"},
    {"{", "holds JSON: leave out --format, or say --format jsonl"},
    {"[", "is a JSON array: make JSON lines of it with jq -c '.[]' %s > events.jsonl"},
};

static const char table_parquet_folder[] =
    "is a folder of Parquet files: convert them with duckdb -c \"COPY (FROM '%s/*.parquet') TO "
    "'events.csv'\" or python3 -c \"import pandas; "
    "pandas.read_parquet('%s').to_csv('events.csv', index=False)\"";

static pal_status table_refuse(pal_ctx *ctx, const char *path, const char *sentence) {
    pal_text text = {0};
    pal_text_addf(&text, "%s ", path);
    for (const char *slot; (slot = strstr(sentence, "%s")); sentence = slot + 2) {
        pal_text_add_bytes(&text, sentence, (size_t)(slot - sentence));
        pal_text_add(&text, path);
    }
    pal_text_add(&text, sentence);
    pal_status status = text.failed ? pal_fail_memory(ctx, path, 1e3)
                                    : pal_fail(ctx, PAL_EFORMAT, "%s", text.bytes);
    pal_text_release(&text);
    return status;
}

static pal_status table_read(pal_reader *reader, const char *path, const pal_bytes *bytes) {
    pal_ctx *ctx = reader->ctx;
    if (!bytes && table_is_parquet_folder(path))
        return table_refuse(ctx, path, table_parquet_folder);
    if (!bytes) {
        return pal_fail(ctx, PAL_EFORMAT,
                        "%s: is a folder: name the file in it that holds the events", path);
    }
    if (bytes->length == 0) return pal_fail(ctx, PAL_EFORMAT, "%s: the file is empty", path);
    for (size_t i = 0; i < sizeof table_refused / sizeof *table_refused; i++) {
        size_t length = strlen(table_refused[i].magic);
        if (bytes->length >= length && !memcmp(bytes->bytes, table_refused[i].magic, length)) {
            return table_refuse(ctx, path, table_refused[i].sentence);
        }
    }
    pal_dialect dialect;
    TRY(pal_delimited_guess(reader, path, bytes, &dialect));
    return pal_delimited_read(reader, path, bytes, &dialect);
}

const pal_format pal_format_table = {
    .name = "table",
    .summary =
        "lines of fields separated by tab, comma, semicolon, | or ::, with or without a header",
    .recognizes = table_recognizes,
    .read = table_read,
};

static bool folder_recognizes(const char *path, const pal_bytes *bytes) {
    return !bytes && pal_folder_has(path, "interactions.tsv");
}

static pal_status folder_read(pal_reader *reader, const char *path, const pal_bytes *bytes) {
    (void)bytes;
    const char *log = pal_path_join(&reader->data->arena, path, "interactions.tsv");
    if (!log) return pal_fail_memory(reader->ctx, path, 1);
    pal_bytes content;
    TRY(pal_file_read(reader->ctx, log, &content));
    pal_status status = table_read(reader, log, &content);
    pal_bytes_release(&content);
    TRY(status);
    TRY(pal_catalog_read_beside(reader, path, "items.tsv",
                                &(pal_catalog_dialect){.separator = "\t"}));
    return pal_catalog_read_beside(reader, path, "users.tsv",
                                   &(pal_catalog_dialect){.separator = "\t", .of_users = true});
}

const pal_format pal_format_folder = {
    .name = "folder",
    .summary = "a folder with interactions.tsv and, where they are there, items.tsv and users.tsv",
    .recognizes = folder_recognizes,
    .read = folder_read,
};
