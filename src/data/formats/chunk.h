/* chunk.h - what the threads share that read a large table in blocks (blocks.c), and the reading of
 * one chunk (chunk.c). */
#ifndef PAL_DATA_FORMATS_CHUNK_H
#define PAL_DATA_FORMATS_CHUNK_H

#include <pthread.h>
#include <stdatomic.h>

#include "data/formats/coder.h"
#include "data/formats/lines.h"

enum {
    PAL_CHUNKS_MAX = 64, /* of a wave */
    PAL_CHUNK_MARKS = 8192,
    PAL_CHUNK_VALUES_BITS = 10,
    PAL_TYPE_IS_NEW = 0x80 /* in reader->types: a code, which has no row yet */
};

typedef struct { /* what one thread reads with */
    pal_coder users, items, types;
    char *unquoted;
    bool lacks_memory;
    bool has_date;
    char date[10]; /* of the event read last, and its midnight */
    int64_t midnight;
    uint64_t
        value_texts[1 << PAL_CHUNK_VALUES_BITS]; /* short values met lately: most logs have few */
    float values[1 << PAL_CHUNK_VALUES_BITS];
    uint8_t value_codes[1 << PAL_CHUNK_VALUES_BITS];
    uint32_t marks[PAL_CHUNK_MARKS + 1]; /* the first: what ends before all lines */
} pal_chunk_worker;

typedef struct {
    const char *begin, *end;
    int64_t first, n; /* lines [first, first + n) of the wave */
    int64_t n_read;
    int32_t worker;
    bool has_new; /* ids or types without a row */
} pal_chunk;

typedef struct {
    pal_reader *reader;
    const pal_lines *lines; /* stands before the wave */
    const pal_dialect *dialect;
    int32_t n_columns;
    int64_t time_first, time_last, per_second; /* numbers in [first, last) are times like those
                                                  before, with so many in a second */
    int64_t first_line;                        /* number of the wave's first line */
    int64_t n_lines;                           /* of the wave */
    pal_ids types;
    int32_t n_workers, n_chunks;
    pal_chunk_worker **workers; /* [n_workers] */
    pal_chunk chunks[PAL_CHUNKS_MAX];
    pthread_mutex_t value_lock; /* who gives a code */
    atomic_bool gives_up;
    atomic_bool has_many_values; /* gives up because there are no codes left */
} pal_chunk_job;

/* Puts the events of a chunk into the reader's columns, each at the place that its line's number
 * gives it behind reader->n. A place without an event has user -1; ids and types that have no row
 * stand there as codes of the worker. */
void pal_chunk_read(pal_chunk_job *job, pal_chunk *chunk, int32_t worker);

/* Leaves the wave to the reader of single lines. */
static inline void pal_chunk_give_up(pal_chunk_job *job) { atomic_store(&job->gives_up, true); }

/* The fields of a line by their roles. */
void pal_chunk_roles(const pal_chunk_job *job, const pal_field *fields,
                     pal_field roles[PAL_COLUMN_ROLES]);
bool pal_chunk_is_empty_line(const char *at, const char *end);
const char *pal_chunk_next_line(const char *at, const char *end);

#endif
