/* mind.c - the news log MIND (Wu et al. 2020): behaviors.tsv with what was shown to a user at a
 * time and which of it was clicked, news.tsv with the articles.
 *
 * A line holds: impression id, user, time, history, impressions, with tabs between them. Each
 * impression is an event of type "click" or "shown". The history is what the user clicked before
 * the log begins and stands again in each of his lines: it is taken from the first one, as clicks
 * one second before the earliest impression. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/ctx.h"
#include "data/formats/lines.h"

enum { MIND_USER = 1, MIND_TIME, MIND_HISTORY, MIND_IMPRESSIONS, MIND_COLUMNS };

static const pal_dialect mind_dialect = {.separator = "\t"};
static const char *const mind_news[] = {"item",  "category", "subcategory",
                                        "title", "abstract", NULL};

/* --- times: 11/9/2019 9:05:58 AM --- */

/* Up to four digits and the character behind them; moves past both. */
static bool mind_number(const char **at, const char *end, char behind, int64_t *out) {
    int n = 0;
    *out = 0;
    for (; *at < end && **at >= '0' && **at <= '9' && n < 4; (*at)++, n++)
        *out = *out * 10 + (**at - '0');
    if (n == 0 || *at == end || **at != behind) return false;
    (*at)++;
    return true;
}

static bool mind_time(const pal_field *field, int64_t *out) {
    const char *at = field->begin, *end = field->end;
    int64_t month, day, year, hour, minute, second;
    if (!mind_number(&at, end, '/', &month) || !mind_number(&at, end, '/', &day) ||
        !mind_number(&at, end, ' ', &year) || !mind_number(&at, end, ':', &hour) ||
        !mind_number(&at, end, ':', &minute) || !mind_number(&at, end, ' ', &second) ||
        end - at != 2 || at[1] != 'M' || (at[0] != 'A' && at[0] != 'P') || hour < 1 || hour > 12) {
        return false;
    }
    char iso[64];
    bool is_number;
    hour = hour % 12 + (at[0] == 'P' ? 12 : 0);
    int n =
        snprintf(iso, sizeof iso,
                 "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64 ":%02" PRId64 ":%02" PRId64,
                 year, month, day, hour, minute, second);
    return pal_time_parse(iso, iso + n, out, &is_number) && !is_number && *out > 0;
}

/* --- lists of articles --- */

static bool mind_is_labelled(const pal_field *article) {
    return article->end - article->begin > 2 && article->end[-2] == '-' &&
           (article->end[-1] == '0' || article->end[-1] == '1');
}

/* The sentence that tells what is wrong with a line, or NULL and its time. */
static const char *mind_check(const pal_field *fields, int32_t n, int64_t *time) {
    if (n != MIND_COLUMNS)
        return "expected 5 columns with tabs between them: impression id, user, time, history, "
               "impressions";
    if (!mind_time(&fields[MIND_TIME], time))
        return "expected a time such as 11/9/2019 9:05:58 AM in column 3";
    const char *at = fields[MIND_IMPRESSIONS].begin;
    pal_field article;
    while (pal_field_next(&at, fields[MIND_IMPRESSIONS].end, &article)) {
        if (!mind_is_labelled(&article))
            return "expected -0 or -1 behind each impression: the test set of MIND does not say "
                   "what was clicked, so read the training or validation folder";
    }
    return NULL;
}

/* --- events --- */

typedef struct {
    pal_reader *reader;
    const char *path;
    int64_t earliest; /* seconds of the first impression in the file */
    int64_t n_clicks;
    int64_t n_skipped; /* users whose history was left out */
    int32_t shown;
} mind_file;

typedef char mind_seconds[24];
static pal_field mind_write_seconds(int64_t time, mind_seconds out) {
    int n = snprintf(out, sizeof(mind_seconds), "%" PRId64, time);
    return (pal_field){out, out + n};
}

static pal_status mind_add(mind_file *file, int64_t line, const pal_field *user,
                           const pal_field *item, const pal_field *time, bool is_click) {
    static const char types[2][6] = {"shown", "click"};
    pal_reader *reader = file->reader;
    const char *type = types[is_click];
    pal_field fields[PAL_COLUMN_ROLES] = {[PAL_COLUMN_USER] = *user,
                                          [PAL_COLUMN_ITEM] = *item,
                                          [PAL_COLUMN_TIME] = *time,
                                          [PAL_COLUMN_EVENT] = {type, type + 5}};
    int64_t before = reader->n;
    TRY(pal_reader_add(reader, file->path, line, fields));
    file->n_clicks += is_click;
    if (reader->is_first && file->shown < 3 && reader->n > before)
        pal_reader_show(reader, fields, file->shown++);
    return PAL_OK;
}

/* The history of a user who is new to the data. In a later part it would count as what the part
 * asks for, so it is left out there. */
static pal_status mind_add_history(mind_file *file, int64_t line, const pal_field *fields) {
    const pal_field *user = &fields[MIND_USER];
    pal_reader *reader = file->reader;
    size_t length = (size_t)(user->end - user->begin);
    if (pal_ids_find(&reader->data->user_ids, user->begin, length) >= 0) return PAL_OK;
    pal_field item;
    const char *at = fields[MIND_HISTORY].begin;
    if (reader->part > 0) {
        file->n_skipped += pal_field_next(&at, fields[MIND_HISTORY].end, &item);
        return PAL_OK;
    }
    mind_seconds before;
    pal_field time = mind_write_seconds(file->earliest - 1, before);
    while (pal_field_next(&at, fields[MIND_HISTORY].end, &item))
        TRY(mind_add(file, line, user, &item, &time, true));
    return PAL_OK;
}

static pal_status mind_add_line(mind_file *file, int64_t line, const pal_field *fields,
                                int64_t seconds) {
    mind_seconds text;
    pal_field time = mind_write_seconds(seconds, text);
    TRY(mind_add_history(file, line, fields));
    const char *at = fields[MIND_IMPRESSIONS].begin;
    pal_field item;
    while (pal_field_next(&at, fields[MIND_IMPRESSIONS].end, &item)) {
        bool is_click = item.end[-1] == '1';
        item.end -= 2;
        TRY(mind_add(file, line, &fields[MIND_USER], &item, &time, is_click));
    }
    return PAL_OK;
}

/* Two passes: the histories are dated by the earliest impression, wherever in the file it stands.
 * The first pass only looks for it; the second says what is wrong. */
static pal_status mind_pass(mind_file *file, const pal_bytes *bytes, bool adds) {
    pal_reader *reader = file->reader;
    pal_lines lines;
    pal_lines_start(&lines, file->path, bytes, &mind_dialect);
    pal_field fields[PAL_COLUMNS_MAX];
    int32_t n;
    int64_t time;
    for (;;) {
        pal_lines_result result = pal_lines_next(&lines, fields, &n);
        if (result == PAL_LINES_END) return PAL_OK;
        const char *wrong =
            result == PAL_LINES_LINE ? mind_check(fields, n, &time) : pal_lines_sentence(result);
        if (result != PAL_LINES_LINE) pal_lines_skip(&lines);
        if (!adds) {
            if (!wrong && time < file->earliest) file->earliest = time;
            continue;
        }
        reader->n_lines++;
        TRY(wrong ? pal_reader_bad_line(reader, file->path, lines.line, "%s", wrong)
                  : mind_add_line(file, lines.line, fields, time));
    }
}

static pal_status mind_read_file(pal_reader *reader, const char *path, const pal_bytes *bytes) {
    mind_file file = {.reader = reader, .path = path, .earliest = INT64_MAX};
    if (bytes->length == 0)
        return pal_fail(reader->ctx, PAL_EFORMAT, "%s: the file is empty", path);
    reader->has_times = reader->has_types = true;
    if (reader->is_first) {
        snprintf(reader->data->columns, sizeof reader->data->columns,
                 "user=2 item=4,5 time=3 event=5");
        strcpy(reader->data->target, "click");
    }
    TRY(mind_pass(&file, bytes, false));
    TRY(mind_pass(&file, bytes, true));
    if (reader->is_first && reader->n > 0 && file.n_clicks == 0 && !reader->options->target) {
        return pal_fail(reader->ctx, PAL_EDATA,
                        "%s: holds no clicks, which MIND is judged by: name another target with "
                        "--target shown",
                        path);
    }
    if (file.n_skipped > 0) {
        pal_data_find(reader->data,
                      "histories of %" PRId64 " users in %s left out: they are not of its time",
                      file.n_skipped, path);
    }
    return PAL_OK;
}

/* Five columns with MIND's way to write a time in the third. */
static bool mind_recognizes(const char *path, const pal_bytes *bytes) {
    if (!bytes) return pal_folder_has(path, "behaviors.tsv");
    pal_lines lines;
    pal_field fields[PAL_COLUMNS_MAX];
    int32_t n;
    int64_t time;
    pal_lines_start(&lines, path, bytes, &mind_dialect);
    return pal_lines_next(&lines, fields, &n) == PAL_LINES_LINE && n == MIND_COLUMNS &&
           mind_time(&fields[MIND_TIME], &time);
}

static pal_status mind_read_news(pal_reader *reader, const char *folder) {
    if (reader->part > 0) return PAL_OK;
    return pal_catalog_read_beside(reader, folder, "news.tsv",
                                   &(pal_catalog_dialect){.separator = "\t", .names = mind_news});
}

static pal_status mind_read(pal_reader *reader, const char *path, const pal_bytes *bytes) {
    if (reader->options->columns || reader->options->value) {
        return pal_fail(reader->ctx, PAL_EUSAGE,
                        "%s: the columns of MIND are known: leave out --columns and --value", path);
    }
    if (bytes) {
        TRY(mind_read_file(reader, path, bytes));
        const char *slash = strrchr(path, '/');
        if (!slash) return mind_read_news(reader, ".");
        char *folder = pal_arena_text(&reader->data->arena, path, (size_t)(slash - path) + 1);
        return folder ? mind_read_news(reader, folder) : pal_fail_memory(reader->ctx, path, 1);
    }
    const char *log = pal_path_join(&reader->data->arena, path, "behaviors.tsv");
    if (!log) return pal_fail_memory(reader->ctx, path, 1);
    pal_bytes content;
    TRY(pal_file_read(reader->ctx, log, &content));
    pal_status status = mind_read_file(reader, log, &content);
    pal_bytes_release(&content);
    TRY(status);
    return mind_read_news(reader, path);
}

const pal_format pal_format_mind = {
    .name = "mind",
    .summary =
        "the news log MIND: behaviors.tsv, or a folder with it and news.tsv; events of types "
        "click and shown",
    .recognizes = mind_recognizes,
    .read = mind_read,
};
