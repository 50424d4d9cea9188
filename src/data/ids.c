/* ids.c - a hash table from strings to rows. */
#include "data/ids.h"

#include <stdlib.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#include "base/ctx.h"

static uint32_t ids_slot(const pal_ids *ids, const char *id, size_t length) {
    return (uint32_t)XXH3_64bits(id, length) & ids->table_mask;
}

/* The slot of the id, or the empty slot where it belongs. */
static uint32_t ids_probe(const pal_ids *ids, const char *id, size_t length) {
    uint32_t slot = ids_slot(ids, id, length);
    for (;; slot = (slot + 1) & ids->table_mask) {
        uint32_t row_plus_1 = ids->table[slot];
        if (row_plus_1 == 0) return slot;
        int64_t begin = ids->offsets[row_plus_1 - 1], end = ids->offsets[row_plus_1] - 1;
        if ((size_t)(end - begin) == length && !memcmp(ids->bytes + begin, id, length)) return slot;
    }
}

static bool ids_grow_table(pal_ids *ids) {
    uint32_t size = ids->table ? (ids->table_mask + 1) * 2 : 64;
    if (size == 0) return false;
    uint32_t *table = calloc(size, sizeof *table);
    if (!table) return false;
    free(ids->table);
    ids->table = table;
    ids->table_mask = size - 1;
    for (int32_t row = 0; row < ids->n; row++) {
        int64_t begin = ids->offsets[row], end = ids->offsets[row + 1] - 1;
        uint32_t slot = ids_slot(ids, ids->bytes + begin, (size_t)(end - begin));
        while (table[slot]) slot = (slot + 1) & ids->table_mask;
        table[slot] = (uint32_t)row + 1;
    }
    return true;
}

static bool ids_reserve(pal_ids *ids, size_t length) {
    int64_t end = ids->n ? ids->offsets[ids->n] : 0;
    if (end + (int64_t)length + 1 > ids->bytes_capacity) {
        int64_t capacity = (end + (int64_t)length + 1) * 2;
        char *bytes = realloc(ids->bytes, (size_t)capacity);
        if (!bytes) return false;
        ids->bytes = bytes;
        ids->bytes_capacity = capacity;
    }
    if ((int64_t)ids->n + 2 > ids->offsets_capacity) {
        int64_t capacity = ((int64_t)ids->n + 2) * 2;
        int64_t *offsets = realloc(ids->offsets, (size_t)capacity * sizeof *offsets);
        if (!offsets) return false;
        if (!ids->offsets) offsets[0] = 0;
        ids->offsets = offsets;
        ids->offsets_capacity = capacity;
    }
    bool is_full = !ids->table || (uint64_t)ids->n * 2 >= ids->table_mask;
    return !is_full || ids_grow_table(ids);
}

int32_t pal_ids_add(pal_ids *ids, const char *id, size_t length) {
    if (ids->n == INT32_MAX || !ids_reserve(ids, length)) return -1;
    uint32_t slot = ids_probe(ids, id, length);
    if (ids->table[slot]) return (int32_t)ids->table[slot] - 1;
    int64_t begin = ids->offsets[ids->n];
    memcpy(ids->bytes + begin, id, length);
    ids->bytes[begin + (int64_t)length] = '\0';
    ids->offsets[++ids->n] = begin + (int64_t)length + 1;
    ids->table[slot] = (uint32_t)ids->n;
    return ids->n - 1;
}

int32_t pal_ids_find(const pal_ids *ids, const char *id, size_t length) {
    if (!ids->table) return -1;
    return (int32_t)ids->table[ids_probe(ids, id, length)] - 1;
}

const char *pal_ids_at(const pal_ids *ids, int32_t row) { return ids->bytes + ids->offsets[row]; }

pal_status pal_ids_select(pal_ctx *ctx, const pal_ids *ids, const int32_t *rows, int32_t n,
                          pal_ids *out) {
    pal_ids selected = {0};
    for (int32_t i = 0; i < n; i++) {
        const char *id = pal_ids_at(ids, rows ? rows[i] : i);
        if (pal_ids_add(&selected, id, strlen(id)) < 0) {
            pal_ids_release(&selected);
            return pal_fail_memory(ctx, "a table of ids", 32.0 * n);
        }
    }
    *out = selected;
    return PAL_OK;
}

pal_status pal_ids_keep(pal_ctx *ctx, const pal_ids *ids, const uint8_t *used, int32_t n,
                        pal_arena *arena, int32_t **rows, pal_ids *out) {
    int32_t *kept = PAL_ARENA_ARRAY(arena, int32_t, n), n_kept = 0;
    *rows = PAL_ARENA_ARRAY(arena, int32_t, n);
    if (!kept || !*rows) return pal_fail_memory(ctx, "the table of ids", 8.0 * n);
    for (int32_t i = 0; i < n; i++) {
        (*rows)[i] = used[i] ? n_kept : -1;
        if (used[i]) kept[n_kept++] = i;
    }
    return pal_ids_select(ctx, ids, kept, n_kept, out);
}

bool pal_ids_move(const pal_ids *ids, pal_arena *arena, pal_ids *out) {
    *out = (pal_ids){.n = ids->n, .table_mask = ids->table_mask};
    if (ids->n == 0) return true;
    int64_t end = ids->offsets[ids->n], slots = (int64_t)ids->table_mask + 1;
    out->bytes = PAL_ARENA_ARRAY(arena, char, end);
    out->offsets = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)ids->n + 1);
    out->table = PAL_ARENA_ARRAY(arena, uint32_t, slots);
    if (!out->bytes || !out->offsets || !out->table) return false;
    memcpy(out->bytes, ids->bytes, (size_t)end);
    memcpy(out->offsets, ids->offsets, ((size_t)ids->n + 1) * sizeof *ids->offsets);
    memcpy(out->table, ids->table, (size_t)slots * sizeof *ids->table);
    return true;
}

void pal_ids_release(pal_ids *ids) {
    free(ids->bytes);
    free(ids->offsets);
    free(ids->table);
    *ids = (pal_ids){0};
}
