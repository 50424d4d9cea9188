/* blocks.c - waves of chunks: count the lines, read them in parallel, deal rows to their ids.
 *
 * A chunk ends behind a newline. That this ends a line too is taken for granted, and holds as long
 * as no quoted field has a newline in it; the first that has sends its whole wave to the reader of
 * single lines. Each line has the place that its number gives it, so that chunks write side by
 * side; places of empty and refused lines are closed at the end of the wave. */
#include "data/formats/blocks.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/parallel.h"
#include "data/formats/coder.h"
#include "data/formats/marks.h"

enum {
    BLOCKS_CHUNK = 128 << 10, /* bytes */
    BLOCKS_WAVE = 64,         /* chunks */
    BLOCKS_MARKS = 8192,
    BLOCKS_AHEAD = 12, /* lines between asking for an id's place and looking at it */
    BLOCKS_VALUES_BITS = 8
};

typedef struct { /* what one thread reads with */
    pal_coder users, items, types;
    char *unquoted;
    bool lacks_memory;
    uint64_t value_texts[1 << BLOCKS_VALUES_BITS]; /* short values met lately: most logs have few */
    float values[1 << BLOCKS_VALUES_BITS];
    uint32_t marks[BLOCKS_MARKS];
} blocks_worker;

typedef struct {
    const char *begin, *end;
    int64_t first, n; /* lines [first, first + n) of the wave */
    int64_t n_read;
    int32_t worker;
} blocks_chunk;

typedef struct {
    pal_reader *reader;
    const pal_lines *lines; /* stands before the wave */
    const pal_dialect *dialect;
    int32_t n_columns;
    int64_t first_line; /* number of the wave's first line */
    int64_t n_lines;    /* of the wave */
    pal_ids types;
    int32_t n_workers, n_chunks;
    blocks_worker **workers; /* [n_workers] */
    blocks_chunk chunks[BLOCKS_WAVE];
    atomic_bool gives_up;
} blocks_job;

static void blocks_give_up(blocks_job *job) { atomic_store(&job->gives_up, true); }

/* --- one line --- */

static bool blocks_value(blocks_worker *worker, const pal_field *field, const char *limit,
                         float *out) {
    size_t n = (size_t)(field->end - field->begin);
    bool is_short = n > 0 && n <= 8 && field->end[-1] != '\0';
    uint64_t text = is_short ? pal_word(field->begin, n, limit) : 0;
    size_t slot = text * UINT64_C(0x9E3779B97F4A7C15) >> (64 - BLOCKS_VALUES_BITS);
    if (is_short && worker->value_texts[slot] == text) {
        *out = worker->values[slot];
        return true;
    }
    double value;
    if (!pal_parse_double(field->begin, field->end, &value) || fabs(value) > 3e38) return false;
    *out = (float)value;
    if (is_short) {
        worker->value_texts[slot] = text;
        worker->values[slot] = *out;
    }
    return true;
}

/* Up to 16 digits, which is what times are; false: look again. */
static bool blocks_digits(const pal_field *field, const char *limit, int64_t *out) {
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

static bool blocks_time(blocks_job *job, const pal_field *field, uint32_t *out) {
    const pal_reader *reader = job->reader;
    int64_t time;
    bool is_number = true;
    if (!blocks_digits(field, job->lines->end, &time) &&
        !pal_time_parse(field->begin, field->end, &time, &is_number))
        return false;
    if (time < 0 || is_number != reader->times_are_numbers) return false;
    if (is_number) {
        int32_t unit = pal_reader_time_unit(time);
        if (reader->time_unit) {
            if (unit && unit != reader->time_unit) return false;
            int64_t per_second = pal_time_units[reader->time_unit - 1].per_second;
            if (per_second > 1) time /= per_second;
        } else if (time >= pal_time_units[0].first) {
            blocks_give_up(job); /* this one settles the unit */
        }
    }
    if (time > UINT32_MAX) blocks_give_up(job);
    *out = (uint32_t)time;
    return true;
}

/* The code of an id, given when it is new and sound; -1. */
static int32_t blocks_code(blocks_worker *worker, pal_coder *coder, const pal_field *id,
                           const char *limit, int64_t line) {
    size_t n = (size_t)(id->end - id->begin);
    int32_t code = pal_coder_find(coder, id->begin, n, limit);
    if (code < 0) code = pal_coder_add(coder, id->begin, n, limit, line);
    if (code < 0) worker->lacks_memory = true;
    return code;
}

static bool blocks_is_sound(const pal_coder *coder, const pal_field *id, const char *limit) {
    return pal_coder_find(coder, id->begin, (size_t)(id->end - id->begin), limit) >= 0 ||
           !pal_reader_id_trouble(id);
}

static bool blocks_type_is_sound(const pal_coder *coder, const pal_field *type, const char *limit) {
    return type->end - type->begin < PAL_NAME_MAX && blocks_is_sound(coder, type, limit);
}

/* Puts a line's event into its place; false when the line is refused. An id gets its code only when
 * all of its line is sound. */
static bool blocks_add(blocks_job *job, blocks_worker *worker,
                       const pal_field roles[PAL_COLUMN_ROLES], int64_t line) {
    pal_reader *reader = job->reader;
    const char *limit = job->lines->end;
    const pal_field *user = &roles[PAL_COLUMN_USER], *item = &roles[PAL_COLUMN_ITEM],
                    *type = &roles[PAL_COLUMN_EVENT];
    int64_t at = reader->n + line;
    float value = 0;
    uint32_t seconds = 0;
    if (reader->has_values && !blocks_value(worker, &roles[PAL_COLUMN_VALUE], limit, &value))
        return false;
    if (reader->has_times && !blocks_time(job, &roles[PAL_COLUMN_TIME], &seconds)) return false;
    if (reader->has_types && !blocks_type_is_sound(&worker->types, type, limit)) return false;
    int32_t user_code =
        pal_coder_find(&worker->users, user->begin, (size_t)(user->end - user->begin), limit);
    int32_t item_code =
        pal_coder_find(&worker->items, item->begin, (size_t)(item->end - item->begin), limit);
    if (user_code < 0 || item_code < 0) {
        if (user_code < 0 && pal_reader_id_trouble(user)) return false;
        if (item_code < 0 && pal_reader_id_trouble(item)) return false;
        user_code = blocks_code(worker, &worker->users, user, limit, line);
        item_code = blocks_code(worker, &worker->items, item, limit, line);
    }
    reader->users[at] = user_code;
    reader->items[at] = item_code;
    if (reader->has_values) reader->values[at] = value;
    if (reader->has_times) reader->seconds[at] = seconds;
    if (reader->has_types) {
        int32_t code = blocks_code(worker, &worker->types, type, limit, line);
        if (code >= PAL_TYPES_MAX) blocks_give_up(job);
        reader->types[at] = (uint8_t)code;
    }
    return true;
}

static void blocks_roles(const blocks_job *job, const pal_field *fields, pal_field *roles) {
    for (int role = 0; role < PAL_COLUMN_ROLES; role++) {
        int32_t column = job->dialect->columns[role];
        roles[role] = column >= 0 ? fields[column] : (pal_field){0};
    }
}

static bool blocks_is_empty_line(const char *at, const char *end) {
    if (at < end && *at == '\r') at++;
    return at == end || *at == '\n';
}

static const char *blocks_next_line(const char *at, const char *end) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    return newline ? newline + 1 : end;
}

/* A line that is not merely fields and separators. Returns where the next one begins. */
static const char *blocks_odd_line(blocks_job *job, blocks_worker *worker, blocks_chunk *chunk,
                                   const char *at, int64_t line) {
    pal_field fields[PAL_COLUMNS_MAX], roles[PAL_COLUMN_ROLES];
    int32_t n;
    pal_lines lines = *job->lines;
    lines.unquoted = worker->unquoted;
    lines.at = at;
    lines.lines_inside = 0;
    job->reader->users[job->reader->n + line] = -1;
    if (blocks_is_empty_line(at, lines.end)) return blocks_next_line(at, lines.end);
    if (pal_lines_next(&lines, fields, &n) != PAL_LINES_LINE)
        return blocks_next_line(at, lines.end);
    if (lines.lines_inside) blocks_give_up(job);
    if (n == job->n_columns) {
        blocks_roles(job, fields, roles);
        chunk->n_read += blocks_add(job, worker, roles, line);
    }
    return lines.at;
}

/* --- one chunk --- */

/* Whether the line at `at` is n_columns fields that end at marks[0 … n_columns). */
static inline bool blocks_is_plain(const blocks_job *job, const char *base, const uint32_t *marks,
                                   const char *at) {
    int32_t last = job->n_columns - 1;
    char separator = job->dialect->separator[0];
    for (int32_t c = 0; c < last; c++) {
        if (base[marks[c]] != separator) return false;
    }
    return base[marks[last]] == '\n' && base + marks[last] - at <= PAL_LINE_MAX;
}

static inline void blocks_plain_line(blocks_job *job, blocks_worker *worker, blocks_chunk *chunk,
                                     const char *base, const uint32_t *marks, const char *at,
                                     int64_t line) {
    pal_field roles[PAL_COLUMN_ROLES];
    for (int role = 0; role < PAL_COLUMN_ROLES; role++) {
        int32_t c = job->dialect->columns[role];
        if (c < 0) continue;
        const char *begin = c > 0 ? base + marks[c - 1] + 1 : at, *end = base + marks[c];
        if (c == job->n_columns - 1 && end > begin && end[-1] == '\r') end--;
        roles[role] = (pal_field){begin, end};
    }
    if (blocks_add(job, worker, roles, line)) {
        chunk->n_read++;
    } else {
        job->reader->users[job->reader->n + line] = -1;
    }
}

/* Readies the tables for the ids of the line that ends at marks[0 … n_columns), if it is plain. */
static inline void blocks_prefetch(const blocks_job *job, const blocks_worker *worker,
                                   const char *base, const uint32_t *marks) {
    int32_t user = job->dialect->columns[PAL_COLUMN_USER],
            item = job->dialect->columns[PAL_COLUMN_ITEM];
    const char *limit = job->lines->end, *user_id = base + marks[user - 1] + 1,
               *item_id = base + marks[item - 1] + 1;
    pal_coder_prefetch(&worker->users, user_id, (size_t)(base + marks[user] - user_id), limit);
    pal_coder_prefetch(&worker->items, item_id, (size_t)(base + marks[item] - item_id), limit);
}

/* Reads lines from `at` as far as one look at their marks goes; at least one. */
static const char *blocks_read_some(blocks_job *job, blocks_worker *worker, blocks_chunk *chunk,
                                    const char *at, int64_t *line) {
    char quote = job->dialect->has_quotes ? '"' : '\n';
    const char marks[3] = {job->dialect->separator[0], '\n', quote}, *base = at, *reached;
    const char *end = chunk->end - at > 2 * PAL_LINE_MAX ? at + 2 * PAL_LINE_MAX : chunk->end;
    int32_t n = 0, k = 0, ahead = BLOCKS_AHEAD * job->n_columns;
    if (!job->dialect->separator[1])
        n = pal_marks_find(base, end, marks, worker->marks, BLOCKS_MARKS, &reached);
    int64_t last = chunk->first + chunk->n;
    while (k + job->n_columns <= n && *line < last) {
        if (k + ahead + job->n_columns <= n)
            blocks_prefetch(job, worker, base, worker->marks + k + ahead);
        if (blocks_is_plain(job, base, worker->marks + k, at)) {
            blocks_plain_line(job, worker, chunk, base, worker->marks + k, at, *line);
            k += job->n_columns;
            at = base + worker->marks[k - 1] + 1;
        } else {
            at = blocks_odd_line(job, worker, chunk, at, *line);
            while (k < n && base + worker->marks[k] < at) k++;
        }
        (*line)++;
    }
    if (at == base && *line < last) at = blocks_odd_line(job, worker, chunk, at, (*line)++);
    return at;
}

static void blocks_read_chunk(void *arg, int64_t number, int32_t worker_number) {
    blocks_job *job = arg;
    blocks_chunk *chunk = &job->chunks[number];
    blocks_worker *worker = job->workers[worker_number];
    const char *at = chunk->begin;
    int64_t line = chunk->first, last = chunk->first + chunk->n;
    chunk->worker = worker_number;
    while (at < chunk->end && line < last && !atomic_load(&job->gives_up) && !worker->lacks_memory)
        at = blocks_read_some(job, worker, chunk, at, &line);
    /* A chunk that ends elsewhere was cut within a line, or its file changes under us. */
    if (at != chunk->end || line != last) blocks_give_up(job);
}

/* --- one wave --- */

/* Cuts the next wave; returns its end. */
static const char *blocks_cut(blocks_job *job) {
    const char *at = job->lines->at, *end = job->lines->end;
    job->n_chunks = 0;
    while (job->n_chunks < BLOCKS_WAVE && at < end) {
        const char *to = end - at > BLOCKS_CHUNK ? blocks_next_line(at + BLOCKS_CHUNK, end) : end;
        job->chunks[job->n_chunks++] = (blocks_chunk){.begin = at, .end = to};
        at = to;
    }
    return at;
}

static void blocks_count_chunk(void *arg, int64_t number, int32_t worker) {
    (void)worker;
    blocks_chunk *chunk = &((blocks_job *)arg)->chunks[number];
    chunk->n = pal_marks_lines(chunk->begin, chunk->end) + (chunk->end[-1] != '\n');
}

/* Numbers the wave's lines and makes room for them, the first time for all of the file. */
static pal_status blocks_place(blocks_job *job, const char *wave_end) {
    pal_reader *reader = job->reader;
    pal_parallel(reader->ctx->pool, job->n_chunks, blocks_count_chunk, job);
    job->n_lines = 0;
    for (int32_t i = 0; i < job->n_chunks; i++) {
        job->chunks[i].first = job->n_lines;
        job->n_lines += job->chunks[i].n;
    }
    if (reader->n + job->n_lines <= reader->capacity) return PAL_OK;
    double left = (double)(job->lines->end - wave_end),
           density = (double)job->n_lines / (double)(wave_end - job->lines->at);
    return pal_reader_reserve_block(reader, job->n_lines + (int64_t)(1.05 * left * density));
}

/* Says what is wrong with each refused line of a chunk. */
static pal_status blocks_refuse(blocks_job *job, const blocks_chunk *chunk, char *unquoted) {
    pal_reader *reader = job->reader;
    const char *at = chunk->begin, *end = job->lines->end;
    for (int64_t line = chunk->first; line < chunk->first + chunk->n;
         line++, at = blocks_next_line(at, end)) {
        if (reader->users[reader->n + line] >= 0 || blocks_is_empty_line(at, end)) continue;
        pal_field fields[PAL_COLUMNS_MAX], roles[PAL_COLUMN_ROLES];
        int32_t n;
        pal_lines lines = *job->lines;
        lines.at = at;
        lines.unquoted = unquoted;
        lines.lines_inside = 0;
        int64_t number = job->first_line + line;
        reader->n_lines++;
        pal_lines_result result = pal_lines_next(&lines, fields, &n);
        if (result != PAL_LINES_LINE) {
            TRY(pal_reader_bad_line(reader, lines.path, number, "%s", pal_lines_sentence(result)));
        } else if (n != job->n_columns) {
            TRY(pal_delimited_bad_columns(reader, lines.path, number, n, job->n_columns));
        } else {
            blocks_roles(job, fields, roles);
            TRY(pal_reader_refuse(reader, lines.path, number, roles));
        }
    }
    return PAL_OK;
}

static bool blocks_deal(blocks_job *job, size_t coder_offset, pal_ids *ids) {
    pal_coder *coders[256];
    for (int32_t w = 0; w < job->n_workers; w++)
        coders[w] = (pal_coder *)((char *)job->workers[w] + coder_offset);
    return pal_coders_deal(coders, job->n_workers, ids);
}

static void blocks_map_chunk(void *arg, int64_t number, int32_t worker_number) {
    (void)worker_number;
    blocks_job *job = arg;
    const blocks_chunk *chunk = &job->chunks[number];
    const blocks_worker *worker = job->workers[chunk->worker];
    pal_reader *reader = job->reader;
    int64_t begin = reader->n + chunk->first;
    int32_t *users = reader->users + begin, *items = reader->items + begin;
    for (int64_t i = 0; i < chunk->n; i++) {
        if (users[i] < 0) continue;
        users[i] = worker->users.rows[users[i]];
        items[i] = worker->items.rows[items[i]];
        if (reader->has_types)
            reader->types[begin + i] = (uint8_t)worker->types.rows[reader->types[begin + i]];
    }
}

/* Adds the wave's events to those that count, without the places of lines that gave none. */
static void blocks_close(blocks_job *job, int64_t n_read) {
    pal_reader *reader = job->reader;
    int64_t end = reader->n + job->n_lines;
    if (n_read == job->n_lines) {
        reader->n = end;
        return;
    }
    for (int64_t e = reader->n; e < end; e++) {
        if (reader->users[e] < 0) continue;
        int64_t to = reader->n++;
        reader->users[to] = reader->users[e];
        reader->items[to] = reader->items[e];
        if (reader->has_values) reader->values[to] = reader->values[e];
        if (reader->has_times) reader->seconds[to] = reader->seconds[e];
        if (reader->has_types) reader->types[to] = reader->types[e];
    }
}

/* Reads one wave and deals its rows, unless it gives up. */
static pal_status blocks_wave(blocks_job *job, const char *wave_end) {
    pal_reader *reader = job->reader;
    TRY(blocks_place(job, wave_end));
    pal_parallel(reader->ctx->pool, job->n_chunks, blocks_read_chunk, job);
    bool lacks_memory = false;
    for (int32_t w = 0; w < job->n_workers; w++) lacks_memory |= job->workers[w]->lacks_memory;
    if (!lacks_memory && atomic_load(&job->gives_up)) return PAL_OK;
    lacks_memory |= !blocks_deal(job, offsetof(blocks_worker, types), &job->types);
    if (!lacks_memory && job->types.n > PAL_TYPES_MAX) {
        blocks_give_up(job);
        return PAL_OK;
    }
    for (; !lacks_memory && reader->n_types < job->types.n; reader->n_types++)
        strcpy(reader->type_names[reader->n_types], pal_ids_at(&job->types, reader->n_types));
    lacks_memory |= !blocks_deal(job, offsetof(blocks_worker, users), &reader->data->user_ids);
    lacks_memory |= !blocks_deal(job, offsetof(blocks_worker, items), &reader->data->item_ids);
    if (lacks_memory) return pal_fail_memory(reader->ctx, "the table of ids", 1e9);
    int64_t n_read = 0;
    for (int32_t i = 0; i < job->n_chunks; i++) {
        const blocks_chunk *chunk = &job->chunks[i];
        reader->n_lines += chunk->n_read;
        n_read += chunk->n_read;
        if (chunk->n_read < chunk->n) TRY(blocks_refuse(job, chunk, job->workers[0]->unquoted));
    }
    pal_parallel(reader->ctx->pool, job->n_chunks, blocks_map_chunk, job);
    blocks_close(job, n_read);
    return PAL_OK;
}

/* --- the whole --- */

static void blocks_release(blocks_job *job) {
    for (int32_t w = 0; job->workers && w < job->n_workers && job->workers[w]; w++) {
        pal_coder_release(&job->workers[w]->users);
        pal_coder_release(&job->workers[w]->items);
        pal_coder_release(&job->workers[w]->types);
        free(job->workers[w]->unquoted);
        free(job->workers[w]);
    }
    free(job->workers);
    pal_ids_release(&job->types);
    free(job);
}

static bool blocks_prepare(blocks_job *job) {
    pal_reader *reader = job->reader;
    for (int32_t t = 0; t < reader->n_types; t++) {
        const char *name = reader->type_names[t];
        if (pal_ids_add(&job->types, name, strlen(name)) < 0) return false;
    }
    job->n_workers = pal_pool_threads(reader->ctx->pool);
    job->workers = calloc((size_t)job->n_workers, sizeof(blocks_worker *));
    for (int32_t w = 0; job->workers && w < job->n_workers; w++) {
        blocks_worker *worker = job->workers[w] = calloc(1, sizeof *worker);
        if (!worker || !(worker->unquoted = malloc(PAL_LINE_MAX))) return false;
    }
    return job->workers != NULL;
}

pal_status pal_blocks_read(pal_reader *reader, const pal_bytes *bytes, pal_lines *lines,
                           const pal_dialect *dialect, int32_t n_columns) {
    if (!reader->ctx->pool || lines->end - lines->at < 2 * BLOCKS_CHUNK) return PAL_OK;
    if (n_columns > PAL_COLUMNS_MAX) return PAL_OK;
    if (reader->has_times && !pal_reader_narrow_times(reader)) return PAL_OK;
    blocks_job *job = calloc(1, sizeof *job);
    if (!job) return pal_fail_memory(reader->ctx, lines->path, sizeof *job);
    job->reader = reader;
    job->lines = lines;
    job->dialect = dialect;
    job->n_columns = n_columns;
    pal_status status =
        blocks_prepare(job) ? PAL_OK : pal_fail_memory(reader->ctx, lines->path, PAL_LINE_MAX);
    while (status == PAL_OK && lines->at < lines->end) {
        job->first_line = lines->line + 1 + lines->lines_inside;
        const char *wave_end = blocks_cut(job);
        status = blocks_wave(job, wave_end);
        if (status != PAL_OK || atomic_load(&job->gives_up)) break;
        pal_bytes_forget(bytes, lines->at, wave_end);
        lines->line = job->first_line + job->n_lines - 1;
        lines->lines_inside = 0;
        lines->at = wave_end;
    }
    blocks_release(job);
    return status;
}
