/* blocks.c - waves of chunks: count the lines, read them in parallel, deal rows to their ids.
 *
 * A chunk ends behind a newline. That this ends a line too is taken for granted, and holds as long
 * as no quoted field has a newline in it; the first that has sends its whole wave to the reader of
 * single lines. Each line has the place that its number gives it, so that chunks write side by
 * side; places of empty and refused lines are closed at the end of the wave. */
#include "data/formats/blocks.h"

#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/parallel.h"
#include "data/formats/chunk.h"
#include "data/formats/marks.h"

enum {
    BLOCKS_CHUNK = 128 << 10, /* bytes */
    BLOCKS_FIRST = 4          /* chunks of the first wave; ids that have no row cost most */
};

/* --- one wave --- */

static void blocks_read_chunk(void *arg, int64_t number, int32_t worker) {
    pal_chunk_job *job = arg;
    pal_chunk_read(job, &job->chunks[number], worker);
}

/* Cuts the next wave, twice as long as the one before; returns its end. */
static const char *blocks_cut(pal_chunk_job *job) {
    const char *at = job->lines->at, *end = job->lines->end;
    int32_t n = job->n_chunks ? 2 * job->n_chunks : BLOCKS_FIRST;
    if (n > PAL_CHUNKS_MAX) n = PAL_CHUNKS_MAX;
    job->n_chunks = 0;
    while (job->n_chunks < n && at < end) {
        const char *to =
            end - at > BLOCKS_CHUNK ? pal_chunk_next_line(at + BLOCKS_CHUNK, end) : end;
        job->chunks[job->n_chunks++] = (pal_chunk){.begin = at, .end = to};
        at = to;
    }
    return at;
}

static void blocks_count_chunk(void *arg, int64_t number, int32_t worker) {
    (void)worker;
    pal_chunk *chunk = &((pal_chunk_job *)arg)->chunks[number];
    chunk->n = pal_marks_lines(chunk->begin, chunk->end) + (chunk->end[-1] != '\n');
}

/* Numbers the wave's lines and makes room for them, the first time for all of the file. */
static pal_status blocks_place(pal_chunk_job *job, const char *wave_end) {
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
static pal_status blocks_refuse(pal_chunk_job *job, const pal_chunk *chunk, char *unquoted) {
    pal_reader *reader = job->reader;
    const char *at = chunk->begin, *end = job->lines->end;
    for (int64_t line = chunk->first; line < chunk->first + chunk->n;
         line++, at = pal_chunk_next_line(at, end)) {
        if (reader->users[reader->n + line] != -1 || pal_chunk_is_empty_line(at, end)) continue;
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
            pal_chunk_roles(job, fields, roles);
            TRY(pal_reader_refuse(reader, lines.path, number, roles));
        }
    }
    return PAL_OK;
}

static bool blocks_deal(pal_chunk_job *job, size_t coder_offset, pal_ids *ids) {
    pal_coder *coders[256];
    for (int32_t w = 0; w < job->n_workers; w++)
        coders[w] = (pal_coder *)((char *)job->workers[w] + coder_offset);
    return pal_coders_deal(coders, job->n_workers, ids);
}

static void blocks_map_chunk(void *arg, int64_t number, int32_t worker_number) {
    (void)worker_number;
    pal_chunk_job *job = arg;
    const pal_chunk *chunk = &job->chunks[number];
    const pal_chunk_worker *worker = job->workers[chunk->worker];
    pal_reader *reader = job->reader;
    int64_t begin = reader->n + chunk->first;
    int32_t *users = reader->users + begin, *items = reader->items + begin;
    for (int64_t i = 0; chunk->has_new && i < chunk->n; i++) {
        if (users[i] == -1) continue;
        if (pal_coder_is_new(users[i])) users[i] = worker->users.rows[pal_coder_new(users[i])];
        if (pal_coder_is_new(items[i])) items[i] = worker->items.rows[pal_coder_new(items[i])];
        if (reader->has_types && reader->types[begin + i] & PAL_TYPE_IS_NEW) {
            int32_t code = reader->types[begin + i] & ~PAL_TYPE_IS_NEW;
            reader->types[begin + i] = (uint8_t)worker->types.rows[code];
        }
    }
}

/* Adds the wave's events to those that count, without the places of lines that gave none. */
static void blocks_close(pal_chunk_job *job, int64_t n_read) {
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
        if (reader->values) reader->values[to] = reader->values[e];
        if (reader->value_codes) reader->value_codes[to] = reader->value_codes[e];
        if (reader->has_times) reader->seconds[to] = reader->seconds[e];
        if (reader->has_types) reader->types[to] = reader->types[e];
    }
}

/* Reads one wave and deals its rows, unless it gives up. */
static pal_status blocks_wave(pal_chunk_job *job, const char *wave_end) {
    pal_reader *reader = job->reader;
    TRY(blocks_place(job, wave_end));
    pal_parallel(reader->ctx->pool, job->n_chunks, blocks_read_chunk, job);
    bool lacks_memory = false;
    for (int32_t w = 0; w < job->n_workers; w++) lacks_memory |= job->workers[w]->lacks_memory;
    if (!lacks_memory && atomic_load(&job->gives_up)) return PAL_OK;
    lacks_memory |= !blocks_deal(job, offsetof(pal_chunk_worker, types), &job->types);
    if (!lacks_memory && job->types.n > PAL_TYPES_MAX) {
        pal_chunk_give_up(job);
        return PAL_OK;
    }
    for (; !lacks_memory && reader->n_types < job->types.n; reader->n_types++)
        strcpy(reader->type_names[reader->n_types], pal_ids_at(&job->types, reader->n_types));
    lacks_memory |= !blocks_deal(job, offsetof(pal_chunk_worker, users), &reader->data->user_ids);
    lacks_memory |= !blocks_deal(job, offsetof(pal_chunk_worker, items), &reader->data->item_ids);
    if (lacks_memory) return pal_fail_memory(reader->ctx, "the table of ids", 1e9);
    int64_t n_read = 0;
    for (int32_t i = 0; i < job->n_chunks; i++) {
        const pal_chunk *chunk = &job->chunks[i];
        reader->n_lines += chunk->n_read;
        n_read += chunk->n_read;
        if (chunk->n_read < chunk->n) TRY(blocks_refuse(job, chunk, job->workers[0]->unquoted));
    }
    pal_parallel(reader->ctx->pool, job->n_chunks, blocks_map_chunk, job);
    blocks_close(job, n_read);
    return PAL_OK;
}

/* --- the whole --- */

static void blocks_release(pal_chunk_job *job) {
    for (int32_t w = 0; job->workers && w < job->n_workers && job->workers[w]; w++) {
        pal_coder_release(&job->workers[w]->users);
        pal_coder_release(&job->workers[w]->items);
        pal_coder_release(&job->workers[w]->types);
        free(job->workers[w]->unquoted);
        free(job->workers[w]);
    }
    free(job->workers);
    pal_ids_release(&job->types);
    pthread_mutex_destroy(&job->value_lock);
    free(job);
}

/* Which numbers are times like those before. */
static void blocks_settle_times(pal_chunk_job *job) {
    const pal_time_unit *unit =
        job->reader->time_unit ? &pal_time_units[job->reader->time_unit - 1] : NULL;
    job->time_first = unit ? unit->first : 0;
    job->time_last = unit ? unit->last : pal_time_units[0].first;
    job->per_second = unit ? unit->per_second : 1;
}

static bool blocks_prepare(pal_chunk_job *job) {
    pal_reader *reader = job->reader;
    blocks_settle_times(job);
    for (int32_t t = 0; t < reader->n_types; t++) {
        const char *name = reader->type_names[t];
        if (pal_ids_add(&job->types, name, strlen(name)) < 0) return false;
    }
    job->n_workers = pal_pool_threads(reader->ctx->pool);
    job->workers = calloc((size_t)job->n_workers, sizeof(pal_chunk_worker *));
    for (int32_t w = 0; job->workers && w < job->n_workers; w++) {
        pal_chunk_worker *worker = job->workers[w] = calloc(1, sizeof *worker);
        if (!worker || !(worker->unquoted = malloc(PAL_LINE_MAX))) return false;
    }
    return job->workers != NULL;
}

/* Reads wave after wave. Sets *has_many_values when they need another form than codes to go on. */
static pal_status blocks_run(pal_chunk_job *job, const pal_bytes *bytes, pal_lines *lines,
                             bool *has_many_values) {
    pal_status status =
        blocks_prepare(job) ? PAL_OK : pal_fail_memory(job->reader->ctx, lines->path, PAL_LINE_MAX);
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
    *has_many_values = atomic_load(&job->has_many_values);
    return status;
}

pal_status pal_blocks_read(pal_reader *reader, const pal_bytes *bytes, pal_lines *lines,
                           const pal_dialect *dialect, int32_t n_columns) {
    if (!reader->ctx->pool || lines->end - lines->at < 2 * BLOCKS_CHUNK) return PAL_OK;
    if (n_columns > PAL_COLUMNS_MAX) return PAL_OK;
    if (reader->has_times && !reader->seconds && !pal_reader_narrow_times(reader)) return PAL_OK;
    bool has_many_values;
    do {
        pal_chunk_job *job = calloc(1, sizeof *job);
        if (!job) return pal_fail_memory(reader->ctx, lines->path, sizeof *job);
        pthread_mutex_init(&job->value_lock, NULL);
        job->reader = reader;
        job->lines = lines;
        job->dialect = dialect;
        job->n_columns = n_columns;
        pal_status status = blocks_run(job, bytes, lines, &has_many_values);
        blocks_release(job);
        TRY(status);
        if (has_many_values) TRY(pal_reader_decode_values(reader));
    } while (has_many_values);
    return PAL_OK;
}
