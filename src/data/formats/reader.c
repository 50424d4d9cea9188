/* reader.c - the builder: what every format must check. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "data/formats/format.h"

pal_status pal_reader_bad_line(pal_reader *reader, const char *path, int64_t line,
                               const char *format, ...) {
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (reader->options->bad_lines == 1) {
        if (reader->n_bad++ == 0) {
            pal_data_find(reader->data, "first skipped line: %s:%" PRId64 ": %s", path, line, what);
        }
        return PAL_OK;
    }
    return pal_fail(reader->ctx, PAL_EFORMAT, "%s:%" PRId64 ": %s", path, line, what);
}

const pal_time_unit pal_time_units[PAL_TIME_UNITS] = {
    {"seconds", 315532800, 4102444800, 1},
    {"milliseconds", 315532800000, 4102444800000, 1000},
    {"microseconds", 315532800000000, 4102444800000000, 1000000},
    {"nanoseconds", 315532800000000000, 4102444800000000000, 1000000000},
};

const char *pal_reader_id_trouble(const pal_field *field) {
    size_t n = (size_t)(field->end - field->begin);
    if (n == 0) return "is empty";
    if (n > PAL_ID_MAX) return "is longer than 1024 bytes: is this column really an id?";
    if (memchr(field->begin, '\0', n)) return "contains a NUL byte";
    if (pal_utf8_valid_prefix(field->begin, n) != n)
        return "is not valid UTF-8: convert the file, e.g. with iconv";
    return NULL;
}

static int32_t reader_length(const pal_field *field) {
    ptrdiff_t n = field->end - field->begin;
    return (int32_t)(n < 60 ? n : 60);
}

/* The row of an event type's name, or -1 when there are too many. The name is shorter than
 * PAL_NAME_MAX. */
static int32_t reader_type(pal_reader *reader, const pal_field *field) {
    size_t n = (size_t)(field->end - field->begin);
    for (int32_t t = 0; t < reader->n_types; t++) {
        if (!strncmp(reader->type_names[t], field->begin, n) && reader->type_names[t][n] == '\0')
            return t;
    }
    if (reader->n_types == PAL_TYPES_MAX) return -1;
    memcpy(reader->type_names[reader->n_types], field->begin, n);
    reader->type_names[reader->n_types][n] = '\0';
    return reader->n_types++;
}

typedef struct {
    double value;
    int64_t time;
    int32_t type;
} reader_cells;

int32_t pal_reader_time_unit(int64_t time) {
    for (int32_t i = 0; i < PAL_TIME_UNITS; i++) {
        if (time >= pal_time_units[i].first && time < pal_time_units[i].last) return i + 1;
    }
    return 0;
}

/* A number that is no date of our time may be anything, but not a time that no file can keep. What
 * its unit is may be known only lines later. */
static pal_status reader_check_far(pal_reader *reader, const char *path, int64_t line, int64_t time,
                                   bool *bad) {
    if (time > reader->far_time) {
        reader->far_time = time;
        reader->far_line = line;
    }
    *bad = reader->time_unit &&
           reader->far_time / pal_time_units[reader->time_unit - 1].per_second > PAL_TIME_MAX;
    if (!*bad) return PAL_OK;
    time = reader->far_time;
    reader->far_time = 0;
    if (reader->far_line != line) {
        return pal_fail(reader->ctx, PAL_EFORMAT,
                        "%s:%" PRId64 ": time lies past the year 33000: '%" PRId64
                        "': mend or drop the line",
                        path, reader->far_line, time);
    }
    return pal_reader_bad_line(
        reader, path, line, "time lies past the year 33000: '%" PRId64 "': mend or drop the line",
        time);
}

static pal_status reader_parse_time(pal_reader *reader, const char *path, int64_t line,
                                    const pal_field *field, int64_t *out, bool *bad) {
    bool is_number;
    *bad = true;
    if (!pal_time_parse(field->begin, field->end, out, &is_number)) {
        return pal_reader_bad_line(
            reader, path, line,
            "time must be seconds or a date such as 2024-03-01T12:30:00Z, not '%.*s'",
            reader_length(field), field->begin);
    }
    if (*out < 0) {
        return pal_reader_bad_line(reader, path, line, "time is negative: '%.*s'",
                                   reader_length(field), field->begin);
    }
    if (!reader->has_time_form) reader->times_are_numbers = is_number;
    reader->has_time_form = true;
    if (is_number != reader->times_are_numbers) {
        return pal_reader_bad_line(reader, path, line,
                                   "time is %s here but %s before: '%.*s': bring all "
                                   "times to one form",
                                   is_number ? "a number" : "a date",
                                   is_number ? "a date" : "a number", reader_length(field),
                                   field->begin);
    }
    int32_t unit = is_number ? pal_reader_time_unit(*out) : 0;
    if (reader->time_unit == 0 && unit) {
        reader->time_unit = unit;
        reader->unit_time = *out;
        reader->unit_line = line;
    }
    if (unit && unit != reader->time_unit) {
        return pal_reader_bad_line(reader, path, line,
                                   "time is in %s here but in %s before: '%.*s', but %" PRId64
                                   " in line %" PRId64 ": bring all times to one unit",
                                   pal_time_units[unit - 1].name,
                                   pal_time_units[reader->time_unit - 1].name, reader_length(field),
                                   field->begin, reader->unit_time, reader->unit_line);
    }
    return is_number ? reader_check_far(reader, path, line, *out, bad) : (*bad = false, PAL_OK);
}

/* Multiplies or divides the value by what stands in the second column of --value. */
static pal_status reader_apply_factor(pal_reader *reader, const char *path, int64_t line,
                                      const pal_field *field, double *value, bool *bad) {
    double factor, first = *value;
    *bad = true;
    if (!pal_parse_double(field->begin, field->end, &factor)) {
        return pal_reader_bad_line(reader, path, line,
                                   "%s needs two finite numbers, and the second is '%.*s'",
                                   reader->value_name, reader_length(field), field->begin);
    }
    if (reader->value_operator == '/' && factor == 0)
        return pal_reader_bad_line(reader, path, line, "%s divides by zero", reader->value_name);
    *value = reader->value_operator == '/' ? first / factor : first * factor;
    *bad = !(fabs(*value) <= 3e38);
    return *bad ? pal_reader_bad_line(reader, path, line,
                                      "%s of %g and %g is not a finite number of single precision",
                                      reader->value_name, first, factor)
                : PAL_OK;
}

/* Value, time and type of a line; *bad is set when the line was refused and counted. */
static pal_status reader_parse_cells(pal_reader *reader, const char *path, int64_t line,
                                     const pal_field *fields, reader_cells *out, bool *bad) {
    const pal_field *value = &fields[PAL_COLUMN_VALUE], *time = &fields[PAL_COLUMN_TIME],
                    *event = &fields[PAL_COLUMN_EVENT];
    *bad = true;
    if (reader->has_values &&
        (!pal_parse_double(value->begin, value->end, &out->value) || fabs(out->value) > 3e38)) {
        return pal_reader_bad_line(reader, path, line, "%s must be a finite number, not '%.*s'",
                                   reader->value_name, reader_length(value), value->begin);
    }
    if (reader->value_has_factor) {
        TRY(reader_apply_factor(reader, path, line, &fields[PAL_COLUMN_FACTOR], &out->value, bad));
        if (*bad) return PAL_OK;
        *bad = true;
    }
    if (reader->has_times) {
        TRY(reader_parse_time(reader, path, line, time, &out->time, bad));
        if (*bad) return PAL_OK;
        *bad = true;
    }
    if (reader->has_types) {
        const char *wrong = pal_reader_id_trouble(event);
        if (!wrong && event->end - event->begin >= PAL_NAME_MAX)
            wrong = "is longer than 63 bytes: is this column really the type?";
        if (wrong) return pal_reader_bad_line(reader, path, line, "event type %s", wrong);
        out->type = reader_type(reader, event);
        if (out->type < 0) {
            return pal_fail(reader->ctx, PAL_EFORMAT,
                            "%s:%" PRId64
                            ": more than %d event types: is this column really the event type?",
                            path, line, PAL_TYPES_MAX);
        }
    }
    *bad = false;
    return PAL_OK;
}

/* Ids and cells of a line; *bad is set when the line was refused and counted. */
static pal_status reader_check(pal_reader *reader, const char *path, int64_t line,
                               const pal_field *fields, reader_cells *out, bool *bad) {
    static const char *const names[] = {"user id", "item id"};
    *bad = true;
    for (int i = 0; i < 2; i++) {
        const char *wrong = pal_reader_id_trouble(&fields[i]);
        if (wrong) return pal_reader_bad_line(reader, path, line, "%s %s", names[i], wrong);
    }
    return reader_parse_cells(reader, path, line, fields, out, bad);
}

pal_status pal_reader_refuse(pal_reader *reader, const char *path, int64_t line,
                             const pal_field fields[PAL_COLUMN_ROLES]) {
    reader_cells cells;
    bool bad;
    return reader_check(reader, path, line, fields, &cells, &bad);
}

/* An event without an item whose words say what was looked for. */
static pal_status reader_add_search(pal_reader *reader, const char *path, int64_t line,
                                    const pal_field fields[PAL_COLUMN_ROLES]) {
    enum { LONGEST = 65536 };
    const pal_field *user = &fields[PAL_COLUMN_USER], *text = &fields[PAL_COLUMN_TEXT];
    size_t n = (size_t)(text->end - text->begin);
    int64_t time = 0;
    const char *wrong = pal_reader_id_trouble(user);
    if (wrong) return pal_reader_bad_line(reader, path, line, "user id %s", wrong);
    if (n > LONGEST || memchr(text->begin, '\0', n) || pal_utf8_valid_prefix(text->begin, n) != n) {
        return pal_reader_bad_line(reader, path, line,
                                   "text is not valid UTF-8, or longer than 65,536 bytes");
    }
    if (reader->has_times) {
        bool bad;
        TRY(reader_parse_time(reader, path, line, &fields[PAL_COLUMN_TIME], &time, &bad));
        if (bad) return PAL_OK;
    }
    return pal_search_list_add(&reader->data->heard, user->begin, (size_t)(user->end - user->begin),
                               time, (uint8_t)reader->part, text->begin, n)
               ? PAL_OK
               : pal_fail_memory(reader->ctx, "searches", 1e9);
}

pal_status pal_reader_add(pal_reader *reader, const char *path, int64_t line,
                          const pal_field fields[PAL_COLUMN_ROLES]) {
    if (reader->has_texts && fields[PAL_COLUMN_ITEM].begin == fields[PAL_COLUMN_ITEM].end &&
        fields[PAL_COLUMN_TEXT].begin < fields[PAL_COLUMN_TEXT].end)
        return reader_add_search(reader, path, line, fields);
    reader_cells cells = {0};
    bool bad;
    int64_t per_second = pal_reader_per_second(reader);
    TRY(reader_check(reader, path, line, fields, &cells, &bad));
    /* What settles the unit, or lies past 2106, wants the times before it as they were told. */
    if (reader->seconds && (pal_reader_per_second(reader) != per_second ||
                            (!bad && cells.time / per_second > UINT32_MAX)))
        TRY(pal_reader_widen_times(reader, per_second));
    if (bad) return PAL_OK;
    TRY(pal_reader_reserve(reader, 1));
    int32_t code = reader->value_codes ? pal_reader_value_code(reader, (float)cells.value) : 0;
    if (code < 0) TRY(pal_reader_decode_values(reader));
    const pal_field *user = &fields[PAL_COLUMN_USER], *item = &fields[PAL_COLUMN_ITEM];
    int32_t user_row =
        pal_ids_add(&reader->data->user_ids, user->begin, (size_t)(user->end - user->begin));
    int32_t item_row =
        pal_ids_add(&reader->data->item_ids, item->begin, (size_t)(item->end - item->begin));
    if (user_row < 0 || item_row < 0) return pal_fail_memory(reader->ctx, "the table of ids", 1e9);
    int64_t n = reader->n++;
    reader->users[n] = user_row;
    reader->items[n] = item_row;
    if (reader->value_codes) reader->value_codes[n] = (uint8_t)code;
    if (reader->values) reader->values[n] = (float)cells.value;
    if (reader->seconds) reader->seconds[n] = (uint32_t)(cells.time / per_second);
    if (reader->times) reader->times[n] = cells.time;
    if (reader->has_types) reader->types[n] = (uint8_t)cells.type;
    return PAL_OK;
}
