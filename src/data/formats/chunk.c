/* chunk.c - the lines of one chunk, column after column while nothing is odd about them.
 *
 * Lines that are merely fields and separators are read in batches: all users, all items, all
 * values, all times. A line of a batch that holds anything new or unsound, and every line of
 * another form, is then read by itself. */
#include "data/formats/chunk.h"

#include <math.h>
#include <string.h>

#include "data/formats/marks.h"

enum { CHUNK_BATCH = PAL_CODER_MANY };

/* --- cells --- */

/* The code of a value that this thread has not met lately. */
static uint8_t chunk_value_code(pal_chunk_job *job, float value) {
    pal_reader *reader = job->reader;
    int32_t code = pal_reader_find_value(reader, value, atomic_load(&reader->n_value_codes));
    if (code >= 0) return (uint8_t)code;
    pthread_mutex_lock(&job->value_lock);
    code = pal_reader_value_code(reader, value);
    pthread_mutex_unlock(&job->value_lock);
    if (code < 0) {
        atomic_store(&job->has_many_values, true);
        pal_chunk_give_up(job);
    }
    return (uint8_t)(code < 0 ? 0 : code);
}

/* Puts a value into its place; false when it is none. */
static inline bool chunk_value(pal_chunk_job *job, pal_chunk_worker *worker, const pal_field *field,
                               int64_t at) {
    pal_reader *reader = job->reader;
    size_t n = (size_t)(field->end - field->begin);
    bool is_short = n > 0 && n <= 8 && field->end[-1] != '\0';
    uint64_t text = is_short ? pal_word(field->begin, n, job->lines->end) : 0;
    size_t slot = text * UINT64_C(0x9E3779B97F4A7C15) >> (64 - PAL_CHUNK_VALUES_BITS);
    float value = worker->values[slot];
    uint8_t code = worker->value_codes[slot];
    if (!is_short || worker->value_texts[slot] != text) {
        double parsed;
        if (!pal_parse_double(field->begin, field->end, &parsed) || fabs(parsed) > 3e38)
            return false;
        value = (float)parsed;
        if (reader->value_codes) code = chunk_value_code(job, value);
        if (is_short) {
            worker->value_texts[slot] = text;
            worker->values[slot] = value;
            worker->value_codes[slot] = code;
        }
    }
    if (reader->value_codes) {
        reader->value_codes[at] = code;
    } else {
        reader->values[at] = value;
    }
    return true;
}

/* Up to 16 digits, which is what times are; false: look again. */
static inline bool chunk_digits(const pal_field *field, const char *limit, int64_t *out) {
    size_t n = (size_t)(field->end - field->begin);
    if (n == 0 || n > 16) return false;
    uint64_t high = 0, low, scale = 0;
    if (n > 8) {
        if (!pal_word_digits(pal_word(field->begin, n - 8, limit), n - 8, &high)) return false;
        scale = 100000000;
        n = 8;
    }
    if (!pal_word_digits(pal_word(field->end - n, n, limit), n, &low)) return false;
    *out = (int64_t)(high * scale + low);
    return true;
}

/* "2024-03-01T12:30:00Z" when its date is the one read last, or can be read; false: look again. */
static bool chunk_date(pal_chunk_worker *worker, const pal_field *field, int64_t *out) {
    enum { DATE = 10, WHOLE = 19 };
    const char *text = field->begin;
    size_t n = (size_t)(field->end - text);
    bool has_zone = n == WHOLE + 1 && text[WHOLE] == 'Z';
    if ((n != WHOLE && !has_zone) || (text[DATE] != 'T' && text[DATE] != ' ')) return false;
    if (!worker->has_date || memcmp(text, worker->date, DATE) != 0) {
        bool is_number;
        worker->has_date =
            pal_time_parse(text, text + DATE, &worker->midnight, &is_number) && !is_number;
        if (!worker->has_date) return false;
        memcpy(worker->date, text, DATE);
    }
    const char *clock = text + DATE + 1; /* "12:30:00": its digits as two numbers of two */
    int32_t parts[3];
    for (int i = 0; i < 3; i++) {
        unsigned tens = (unsigned)(unsigned char)clock[3 * i] - '0',
                 ones = (unsigned)(unsigned char)clock[3 * i + 1] - '0';
        if (tens > 9 || ones > 9 || (i < 2 && clock[3 * i + 2] != ':')) return false;
        parts[i] = (int32_t)(10 * tens + ones);
    }
    if (parts[0] > 23 || parts[1] > 59 || parts[2] > 60) return false;
    *out = worker->midnight + parts[0] * 3600 + parts[1] * 60 + parts[2];
    return true;
}

static bool chunk_odd_time(pal_chunk_job *job, const pal_field *field, uint32_t *out) {
    const pal_reader *reader = job->reader;
    int64_t time;
    bool is_number = true;
    if (!pal_time_parse(field->begin, field->end, &time, &is_number)) return false;
    if (time < 0 || is_number != reader->times_are_numbers) return false;
    if (is_number) {
        int32_t unit = pal_reader_time_unit(time);
        if (reader->time_unit) {
            if (unit && unit != reader->time_unit) return false;
            time /= job->per_second;
        } else if (time >= pal_time_units[0].first) {
            pal_chunk_give_up(job); /* this one settles the unit */
        }
    }
    if (time > UINT32_MAX) pal_chunk_give_up(job);
    *out = (uint32_t)time;
    return true;
}

static inline bool chunk_time(pal_chunk_job *job, pal_chunk_worker *worker, const pal_field *field,
                              uint32_t *out) {
    int64_t time;
    if (!job->reader->times_are_numbers) {
        if (!chunk_date(worker, field, &time) || time < 0 || time > UINT32_MAX)
            return chunk_odd_time(job, field, out);
    } else {
        if (!chunk_digits(field, job->lines->end, &time) || time < job->time_first ||
            time >= job->time_last)
            return chunk_odd_time(job, field, out);
        if (job->per_second > 1) time /= job->per_second;
    }
    *out = (uint32_t)time;
    return true;
}

/* --- one line --- */

/* What is known of an id, or, when it is not, its new code. */
static int32_t chunk_code(pal_chunk_worker *worker, pal_coder *coder, const pal_field *id,
                          const char *limit, int64_t line) {
    size_t n = (size_t)(id->end - id->begin);
    int32_t found = pal_coder_find(coder, id->begin, n, limit);
    if (found == -1) found = pal_coder_add(coder, id->begin, n, limit, line);
    if (found == -1) worker->lacks_memory = true;
    return found;
}

static bool chunk_is_sound(const pal_coder *coder, const pal_field *id, const char *limit) {
    return pal_coder_find(coder, id->begin, (size_t)(id->end - id->begin), limit) != -1 ||
           !pal_reader_id_trouble(id);
}

static uint8_t chunk_type(pal_chunk_job *job, int32_t found) {
    if (!pal_coder_is_new(found)) return (uint8_t)found;
    int32_t code = pal_coder_new(found);
    if (code >= PAL_TYPES_MAX) pal_chunk_give_up(job);
    return (uint8_t)(PAL_TYPE_IS_NEW | code);
}

/* Puts a line's event into its place; false when the line is refused. An id gets its code only when
 * all of its line is sound. */
static bool chunk_add(pal_chunk_job *job, pal_chunk_worker *worker, pal_chunk *chunk,
                      const pal_field roles[PAL_COLUMN_ROLES], int64_t line) {
    pal_reader *reader = job->reader;
    const char *limit = job->lines->end;
    const pal_field *user = &roles[PAL_COLUMN_USER], *item = &roles[PAL_COLUMN_ITEM],
                    *type = &roles[PAL_COLUMN_EVENT];
    int64_t at = reader->n + line;
    uint32_t seconds = 0;
    if (reader->has_values && !chunk_value(job, worker, &roles[PAL_COLUMN_VALUE], at)) return false;
    if (reader->has_times && !chunk_time(job, worker, &roles[PAL_COLUMN_TIME], &seconds))
        return false;
    if (reader->has_types &&
        (type->end - type->begin >= PAL_NAME_MAX || !chunk_is_sound(&worker->types, type, limit)))
        return false;
    if (!chunk_is_sound(&worker->users, user, limit) ||
        !chunk_is_sound(&worker->items, item, limit))
        return false;
    reader->users[at] = chunk_code(worker, &worker->users, user, limit, line);
    reader->items[at] = chunk_code(worker, &worker->items, item, limit, line);
    if (reader->has_times) reader->seconds[at] = seconds;
    if (reader->has_types)
        reader->types[at] = chunk_type(job, chunk_code(worker, &worker->types, type, limit, line));
    chunk->has_new = true;
    chunk->n_read++;
    return true;
}

void pal_chunk_roles(const pal_chunk_job *job, const pal_field *fields,
                     pal_field roles[PAL_COLUMN_ROLES]) {
    for (int role = 0; role < PAL_COLUMN_ROLES; role++) {
        int32_t column = job->dialect->columns[role];
        roles[role] = column >= 0 ? fields[column] : (pal_field){0};
    }
}

bool pal_chunk_is_empty_line(const char *at, const char *end) {
    if (at < end && *at == '\r') at++;
    return at == end || *at == '\n';
}

const char *pal_chunk_next_line(const char *at, const char *end) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    return newline ? newline + 1 : end;
}

/* A line that is not merely fields and separators. Returns where the next one begins. */
static const char *chunk_odd_line(pal_chunk_job *job, pal_chunk_worker *worker, pal_chunk *chunk,
                                  const char *at, int64_t line) {
    pal_field fields[PAL_COLUMNS_MAX], roles[PAL_COLUMN_ROLES];
    int32_t n;
    pal_lines lines = *job->lines;
    lines.unquoted = worker->unquoted;
    lines.at = at;
    lines.lines_inside = 0;
    job->reader->users[job->reader->n + line] = -1;
    if (pal_chunk_is_empty_line(at, lines.end)) return pal_chunk_next_line(at, lines.end);
    if (pal_lines_next(&lines, fields, &n) != PAL_LINES_LINE)
        return pal_chunk_next_line(at, lines.end);
    if (lines.lines_inside) pal_chunk_give_up(job);
    if (n == job->n_columns) {
        pal_chunk_roles(job, fields, roles);
        chunk_add(job, worker, chunk, roles, line);
    }
    return lines.at;
}

/* --- batches --- */

typedef struct {
    const char *base;
    const uint32_t
        *marks;   /* [n * n_columns] where fields end; the one before ends the line before */
    int32_t n;    /* lines, at most CHUNK_BATCH */
    int64_t line; /* the first */
} chunk_batch;

static inline pal_field chunk_field(const pal_chunk_job *job, const chunk_batch *batch, int32_t i,
                                    int32_t column) {
    const uint32_t *mark = batch->marks + (int64_t)i * job->n_columns + column;
    /* Before the very first line this wraps, and back again. */
    const char *begin = batch->base + (uint32_t)(mark[-1] + 1), *end = batch->base + *mark;
    if (column == job->n_columns - 1 && end > begin && end[-1] == '\r') end--;
    return (pal_field){begin, end};
}

static void chunk_find_column(const pal_chunk_job *job, const chunk_batch *batch,
                              pal_column_role role, const pal_coder *coder, int32_t *out) {
    pal_field ids[CHUNK_BATCH];
    int32_t column = job->dialect->columns[role];
    for (int32_t i = 0; i < batch->n; i++) ids[i] = chunk_field(job, batch, i, column);
    pal_coder_find_many(coder, ids, batch->n, job->lines->end, out);
}

/* The columns of a batch. Returns a bit for each line that is not done: its ids or its type are new
 * or unsound, or its cells are. */
static uint64_t chunk_batch_columns(pal_chunk_job *job, pal_chunk_worker *worker, pal_chunk *chunk,
                                    const chunk_batch *batch) {
    pal_reader *reader = job->reader;
    int64_t at = reader->n + batch->line;
    int32_t *users = reader->users + at, *items = reader->items + at, types[CHUNK_BATCH];
    uint64_t bad = 0;
    int32_t least = 0;
    chunk_find_column(job, batch, PAL_COLUMN_USER, &worker->users, users);
    chunk_find_column(job, batch, PAL_COLUMN_ITEM, &worker->items, items);
    for (int32_t i = 0; i < batch->n; i++) {
        bad |= (uint64_t)(users[i] == -1 || items[i] == -1) << i;
        least = users[i] < least ? users[i] : least;
        least = items[i] < least ? items[i] : least;
    }
    for (int32_t i = 0; reader->has_values && i < batch->n; i++) {
        pal_field field = chunk_field(job, batch, i, job->dialect->columns[PAL_COLUMN_VALUE]);
        bad |= (uint64_t)!chunk_value(job, worker, &field, at + i) << i;
    }
    for (int32_t i = 0; reader->has_times && i < batch->n; i++) {
        pal_field field = chunk_field(job, batch, i, job->dialect->columns[PAL_COLUMN_TIME]);
        bad |= (uint64_t)!chunk_time(job, worker, &field, &reader->seconds[at + i]) << i;
    }
    if (reader->has_types) chunk_find_column(job, batch, PAL_COLUMN_EVENT, &worker->types, types);
    for (int32_t i = 0; reader->has_types && i < batch->n; i++) {
        bad |= (uint64_t)(types[i] == -1) << i;
        least = types[i] < least ? types[i] : least;
        reader->types[at + i] = types[i] == -1 ? 0 : chunk_type(job, types[i]);
    }
    chunk->has_new |= pal_coder_is_new(least);
    return bad;
}

static void chunk_read_batch(pal_chunk_job *job, pal_chunk_worker *worker, pal_chunk *chunk,
                             const chunk_batch *batch) {
    uint64_t bad = chunk_batch_columns(job, worker, chunk, batch);
    chunk->n_read += batch->n - __builtin_popcountll(bad);
    for (; bad; bad &= bad - 1) {
        int32_t i = __builtin_ctzll(bad);
        pal_field roles[PAL_COLUMN_ROLES] = {{0}};
        for (int role = 0; role < PAL_COLUMN_ROLES; role++) {
            int32_t column = job->dialect->columns[role];
            if (column >= 0) roles[role] = chunk_field(job, batch, i, column);
        }
        if (!chunk_add(job, worker, chunk, roles, batch->line + i))
            job->reader->users[job->reader->n + batch->line + i] = -1;
    }
}

/* Whether a line is n_columns fields that end at marks[0 … n_columns). */
static inline bool chunk_is_plain(const char *base, const uint32_t *marks, int32_t n_columns,
                                  char separator) {
    bool is_plain = base[marks[n_columns - 1]] == '\n';
    for (int32_t c = 0; c < n_columns - 1; c++) is_plain &= base[marks[c]] == separator;
    return is_plain && marks[n_columns - 1] - (uint32_t)(marks[-1] + 1) <= PAL_LINE_MAX;
}

/* Reads lines from `at` as far as one look at their marks goes; at least one. */
static const char *chunk_read_some(pal_chunk_job *job, pal_chunk_worker *worker, pal_chunk *chunk,
                                   const char *at, int64_t *line) {
    char quote = job->dialect->has_quotes ? '"' : '\n', separator = job->dialect->separator[0];
    const char wanted[3] = {separator, '\n', quote}, *base = at, *reached;
    const char *end = chunk->end - at > 2 * PAL_LINE_MAX ? at + 2 * PAL_LINE_MAX : chunk->end;
    uint32_t *marks = worker->marks + 1;
    int32_t n = 0, k = 0, n_columns = job->n_columns;
    if (!job->dialect->separator[1])
        n = pal_marks_find(base, end, wanted, marks, PAL_CHUNK_MARKS, &reached);
    int64_t last = chunk->first + chunk->n;
    while (k + n_columns <= n && *line < last) {
        chunk_batch batch = {.base = base, .marks = marks + k, .line = *line};
        marks[k - 1] = (uint32_t)(at - base) - 1;
        while (batch.n < CHUNK_BATCH && k + n_columns <= n && *line < last &&
               chunk_is_plain(base, marks + k, n_columns, separator)) {
            batch.n++;
            k += n_columns;
            (*line)++;
        }
        if (batch.n > 0) {
            chunk_read_batch(job, worker, chunk, &batch);
            at = base + marks[k - 1] + 1;
        } else {
            at = chunk_odd_line(job, worker, chunk, at, (*line)++);
            while (k < n && base + marks[k] < at) k++;
        }
    }
    if (at == base && *line < last) at = chunk_odd_line(job, worker, chunk, at, (*line)++);
    return at;
}

void pal_chunk_read(pal_chunk_job *job, pal_chunk *chunk, int32_t worker_number) {
    pal_chunk_worker *worker = job->workers[worker_number];
    const char *at = chunk->begin;
    int64_t line = chunk->first, last = chunk->first + chunk->n;
    chunk->worker = worker_number;
    while (at < chunk->end && line < last && !atomic_load(&job->gives_up) && !worker->lacks_memory)
        at = chunk_read_some(job, worker, chunk, at, &line);
    /* A chunk that ends elsewhere was cut within a line, or its file changes under us. */
    if (at != chunk->end || line != last) pal_chunk_give_up(job);
}
