/* store.c - the reader's columns: arrays that grow, or one block for all that is to come.
 *
 * In the block, times are seconds of four bytes and values, while there are few different ones,
 * codes of one byte: what is not written needs no fresh page. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/ctx.h"
#include "data/formats/format.h"

/* --- arrays that grow --- */

static bool store_resize(void **array, int64_t capacity, size_t size) {
    void *bigger = realloc(*array, (size_t)capacity * size);
    if (!bigger) return false;
    *array = bigger;
#ifdef MADV_HUGEPAGE
    enum { LARGE_PAGE = 2 << 20 };
    uintptr_t begin = ((uintptr_t)bigger + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE,
              end = ((uintptr_t)bigger + (size_t)capacity * size) / LARGE_PAGE * LARGE_PAGE;
    if (begin < end) (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
#endif
    return true;
}

/* Where the columns of a block go; values or value_codes is NULL, or both. */
typedef struct {
    uint32_t *seconds;
    int32_t *items, *users;
    float *values;
    uint8_t *value_codes;
} store_columns;

static void store_copy(const pal_reader *reader, const store_columns *to) {
    size_t n = (size_t)reader->n;
    if (n == 0) return;
    memcpy(to->seconds, reader->seconds, n * 4);
    memcpy(to->items, reader->items, n * 4);
    memcpy(to->users, reader->users, n * 4);
    if (to->values && reader->values) memcpy(to->values, reader->values, n * 4);
    if (to->value_codes && reader->value_codes) memcpy(to->value_codes, reader->value_codes, n);
    for (size_t e = 0; to->values && reader->value_codes && e < n; e++)
        to->values[e] = reader->code_values[reader->value_codes[e]];
}

/* Frees the columns as they are and takes others; `block` holds these, or is empty. */
static void store_take(pal_reader *reader, const store_columns *columns, pal_arena block) {
    if (reader->block.blocks) {
        pal_arena_release(&reader->block);
    } else {
        free(reader->seconds);
        free(reader->items);
        free(reader->users);
        free(reader->values);
    }
    reader->seconds = columns->seconds;
    reader->items = columns->items;
    reader->users = columns->users;
    reader->values = columns->values;
    reader->value_codes = columns->value_codes;
    reader->block = block;
}

/* Back to the heap, where columns grow. */
static pal_status store_leave_block(pal_reader *reader) {
    if (!reader->block.blocks) return PAL_OK;
    size_t bytes = (size_t)reader->capacity * 4;
    store_columns to = {.seconds = malloc(bytes),
                        .items = malloc(bytes),
                        .users = malloc(bytes),
                        .values = reader->has_values ? malloc(bytes) : NULL};
    if (!to.seconds || !to.items || !to.users || (reader->has_values && !to.values)) {
        free(to.seconds);
        free(to.items);
        free(to.users);
        free(to.values);
        return pal_fail_memory(reader->ctx, "reading the log", 4.0 * (double)bytes);
    }
    store_copy(reader, &to);
    store_take(reader, &to, (pal_arena){0});
    return PAL_OK;
}

pal_status pal_reader_reserve(pal_reader *reader, int64_t more) {
    if (reader->n + more <= reader->capacity) return PAL_OK;
    TRY(store_leave_block(reader));
    int64_t capacity = reader->capacity ? reader->capacity * 2 : 4096;
    if (capacity < reader->n + more) capacity = reader->n + more;
    bool is_wide = reader->has_times && !reader->seconds;
    if (!store_resize((void **)&reader->users, capacity, sizeof *reader->users) ||
        !store_resize((void **)&reader->items, capacity, sizeof *reader->items) ||
        (reader->has_values &&
         !store_resize((void **)&reader->values, capacity, sizeof *reader->values)) ||
        (is_wide && !store_resize((void **)&reader->times, capacity, sizeof *reader->times)) ||
        (reader->seconds &&
         !store_resize((void **)&reader->seconds, capacity, sizeof *reader->seconds)) ||
        (reader->has_types &&
         !store_resize((void **)&reader->types, capacity, sizeof *reader->types))) {
        return pal_fail_memory(reader->ctx, "reading the log", 21.0 * (double)capacity);
    }
    reader->capacity = capacity;
    return PAL_OK;
}

/* --- the block --- */

/* Puts the columns into a new block. Values are codes there when they are now, or when
 * `has_codes`. */
static pal_status store_enter_block(pal_reader *reader, int64_t capacity, bool has_codes) {
    pal_arena block = {0};
    size_t column = (size_t)capacity * 4, values = !reader->has_values ? 0
                                                   : has_codes         ? column / 4
                                                                       : column;
    char *at = pal_arena_alloc(&block, (int64_t)(3 * column + values), 1);
    if (!at) return pal_fail_memory(reader->ctx, "reading the log", (double)(3 * column + values));
    char *at_values = reader->has_values ? at + 2 * column : NULL;
    store_columns to = {.seconds = (uint32_t *)(void *)at,
                        .items = (int32_t *)(void *)(at + column),
                        .values = has_codes ? NULL : (float *)(void *)at_values,
                        .value_codes = has_codes ? (uint8_t *)at_values : NULL,
                        .users = (int32_t *)(void *)(at + 2 * column + values)};
    store_copy(reader, &to);
    for (int64_t e = 0; has_codes && reader->values && e < reader->n; e++)
        to.value_codes[e] = (uint8_t)pal_reader_value_code(reader, reader->values[e]);
    store_take(reader, &to, block);
    reader->capacity = capacity;
    return PAL_OK;
}

pal_status pal_reader_reserve_block(pal_reader *reader, int64_t more) {
    enum { ALIGN = 64 };
    if (reader->block.blocks || !reader->seconds) return pal_reader_reserve(reader, more);
    int64_t capacity = (reader->n + more + ALIGN - 1) / ALIGN * ALIGN;
    if (reader->has_types &&
        !store_resize((void **)&reader->types, capacity, sizeof *reader->types))
        return pal_fail_memory(reader->ctx, "reading the log", (double)capacity);
    bool has_codes = reader->has_values && !reader->values_are_many;
    for (int64_t e = 0; has_codes && e < reader->n; e++)
        has_codes = pal_reader_value_code(reader, reader->values[e]) >= 0;
    return store_enter_block(reader, capacity, has_codes);
}

/* --- values as codes --- */

int32_t pal_reader_find_value(const pal_reader *reader, float value, int32_t n) {
    uint32_t bits, other;
    memcpy(&bits, &value, sizeof bits);
    for (int32_t code = 0; code < n; code++) {
        memcpy(&other, &reader->code_values[code], sizeof other);
        if (other == bits) return code;
    }
    return -1;
}

int32_t pal_reader_value_code(pal_reader *reader, float value) {
    int32_t n = atomic_load(&reader->n_value_codes), code = pal_reader_find_value(reader, value, n);
    if (code >= 0 || n == PAL_VALUE_CODES) return code;
    reader->code_values[n] = value;
    atomic_store(&reader->n_value_codes, n + 1);
    return n;
}

pal_status pal_reader_decode_values(pal_reader *reader) {
    reader->values_are_many = true;
    return reader->value_codes ? store_enter_block(reader, reader->capacity, false) : PAL_OK;
}

/* --- times as seconds --- */

int64_t pal_reader_per_second(const pal_reader *reader) {
    return reader->times_are_numbers && reader->time_unit
               ? pal_time_units[reader->time_unit - 1].per_second
               : 1;
}

bool pal_reader_narrow_times(pal_reader *reader) {
    int64_t per_second = pal_reader_per_second(reader);
    for (int64_t e = 0; e < reader->n; e++) {
        if (reader->times[e] / per_second > UINT32_MAX) return false;
    }
    uint32_t *seconds = malloc((size_t)reader->capacity * sizeof *seconds);
    if (!seconds) return false;
    for (int64_t e = 0; e < reader->n; e++) seconds[e] = (uint32_t)(reader->times[e] / per_second);
    free(reader->times);
    reader->times = NULL;
    reader->seconds = seconds;
    return true;
}

pal_status pal_reader_widen_times(pal_reader *reader, int64_t per_second) {
    TRY(store_leave_block(reader));
    int64_t *times = malloc((size_t)reader->capacity * sizeof *times);
    if (!times) return pal_fail_memory(reader->ctx, "reading the log", 8.0 * (double)reader->n);
    for (int64_t e = 0; e < reader->n; e++) times[e] = (int64_t)reader->seconds[e] * per_second;
    free(reader->seconds);
    reader->seconds = NULL;
    reader->times = times;
    return PAL_OK;
}
