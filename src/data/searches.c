/* searches.c - searches by user. */
#include "data/searches.h"

#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/text.h"

static bool search_resize(void *array, int64_t capacity, size_t size) {
    void **at = array, *bigger = realloc(*at, (size_t)capacity * size);
    if (bigger) *at = bigger;
    return bigger != NULL;
}

static bool search_reserve(pal_search_list *list, size_t length) {
    if (list->n_bytes + (int64_t)length + 1 > list->bytes_capacity) {
        int64_t capacity = 2 * (list->n_bytes + (int64_t)length + 1);
        if (!search_resize(&list->bytes, capacity, 1)) return false;
        list->bytes_capacity = capacity;
    }
    if (list->n < list->capacity) return true;
    int64_t capacity = list->capacity ? 2 * list->capacity : 256;
    if (!search_resize(&list->users, capacity, sizeof *list->users) ||
        !search_resize(&list->times, capacity, sizeof *list->times) ||
        !search_resize(&list->offsets, capacity, sizeof *list->offsets) ||
        !search_resize(&list->parts, capacity, sizeof *list->parts))
        return false;
    list->capacity = capacity;
    return true;
}

bool pal_search_list_add(pal_search_list *list, const char *user, size_t user_length, int64_t time,
                         uint8_t part, const char *text, size_t length) {
    int32_t row = pal_ids_add(&list->ids, user, user_length);
    if (row < 0 || !search_reserve(list, length)) return false;
    int64_t n = list->n++;
    list->users[n] = row;
    list->times[n] = time;
    list->parts[n] = part;
    list->offsets[n] = list->n_bytes;
    memcpy(list->bytes + list->n_bytes, text, length);
    list->bytes[list->n_bytes + (int64_t)length] = '\0';
    list->n_bytes += (int64_t)length + 1;
    return true;
}

void pal_search_list_release(pal_search_list *list) {
    free(list->users);
    free(list->times);
    free(list->offsets);
    free(list->parts);
    free(list->bytes);
    pal_ids_release(&list->ids);
    *list = (pal_search_list){0};
}

void pal_searches_release(pal_searches *searches) {
    pal_arena_release(&searches->arena);
    *searches = (pal_searches){0};
}

/* --- into order --- */

typedef struct { /* a search before it has its place */
    int32_t user;
    uint8_t part;
    int64_t time, from;
    const char *text;
} search_entry;

static int search_compare(const void *a, const void *b) {
    const search_entry *x = a, *y = b;
    if (x->user != y->user) return x->user < y->user ? -1 : 1;
    if (x->part != y->part) return x->part < y->part ? -1 : 1;
    if (x->time != y->time) return x->time < y->time ? -1 : 1;
    return x->from < y->from ? -1 : x->from > y->from;
}

/* Sorts the entries and copies what they are made of. */
static pal_status search_settle(pal_ctx *ctx, search_entry *entries, int64_t n, int32_t n_users,
                                pal_searches *out) {
    pal_searches made = {.n_users = n_users, .n = n};
    int64_t n_bytes = 0;
    if (n) qsort(entries, (size_t)n, sizeof *entries, search_compare);
    for (int64_t i = 0; i < n; i++) n_bytes += (int64_t)strlen(entries[i].text) + 1;
    int64_t *starts = PAL_ARENA_ARRAY(&made.arena, int64_t, (int64_t)n_users + 1);
    int64_t *times = PAL_ARENA_ARRAY(&made.arena, int64_t, n);
    int64_t *offsets = PAL_ARENA_ARRAY(&made.arena, int64_t, n + 1);
    uint8_t *parts = PAL_ARENA_ARRAY(&made.arena, uint8_t, n);
    char *bytes = PAL_ARENA_ARRAY(&made.arena, char, n_bytes);
    if (!starts || !times || !offsets || !parts || !bytes) {
        pal_searches_release(&made);
        return pal_fail_memory(ctx, "searches", (double)n_bytes + 25.0 * (double)n);
    }
    for (int64_t i = 0; i < n; i++) {
        size_t length = strlen(entries[i].text) + 1;
        starts[entries[i].user + 1]++;
        times[i] = entries[i].time;
        parts[i] = entries[i].part;
        memcpy(bytes + offsets[i], entries[i].text, length);
        offsets[i + 1] = offsets[i] + (int64_t)length;
    }
    for (int32_t u = 0; u < n_users; u++) starts[u + 1] += starts[u];
    made.starts = starts;
    made.times = times;
    made.parts = parts;
    made.offsets = offsets;
    made.bytes = bytes;
    *out = made;
    return PAL_OK;
}

pal_status pal_searches_build(pal_ctx *ctx, const pal_search_list *list, const pal_ids *users,
                              pal_searches *out, int64_t *n_left_out) {
    pal_arena scratch = {0};
    search_entry *entries = PAL_ARENA_ARRAY(&scratch, search_entry, list->n);
    if (!entries) return pal_fail_memory(ctx, "searches", 40.0 * (double)list->n);
    int64_t n = 0;
    for (int64_t i = 0; i < list->n; i++) {
        const char *id = pal_ids_at(&list->ids, list->users[i]);
        int32_t user = users->n ? pal_ids_find(users, id, strlen(id)) : -1;
        if (user < 0) continue;
        entries[n++] = (search_entry){.user = user,
                                      .part = list->parts[i],
                                      .time = list->times[i],
                                      .from = i,
                                      .text = list->bytes + list->offsets[i]};
    }
    *n_left_out = list->n - n;
    pal_status status = search_settle(ctx, entries, n, users->n, out);
    pal_arena_release(&scratch);
    return status;
}

static bool search_is_in(const pal_searches *searches, int64_t i, const pal_search_range *range) {
    return searches->times[i] >= range->since && searches->times[i] < range->before &&
           searches->parts[i] < range->n_parts;
}

pal_status pal_searches_select(pal_ctx *ctx, const pal_searches *searches, const int32_t *user_rows,
                               int32_t n_users, const pal_search_range *range, pal_searches *out) {
    return pal_searches_select_before(ctx, searches, user_rows, n_users, NULL, range, out);
}

pal_status pal_searches_select_before(pal_ctx *ctx, const pal_searches *searches,
                                      const int32_t *user_rows, int32_t n_users,
                                      const int64_t *befores, const pal_search_range *range,
                                      pal_searches *out) {
    pal_arena scratch = {0};
    search_entry *entries = PAL_ARENA_ARRAY(&scratch, search_entry, searches->n);
    if (!entries) return pal_fail_memory(ctx, "searches", 40.0 * (double)searches->n);
    int64_t n = 0;
    for (int32_t u = 0; u < searches->n_users; u++) {
        for (int64_t i = searches->starts[u]; i < searches->starts[u + 1]; i++) {
            if (user_rows[u] < 0 || !search_is_in(searches, i, range)) continue;
            if (befores && searches->times[i] >= befores[u]) continue;
            entries[n++] = (search_entry){.user = user_rows[u],
                                          .part = searches->parts[i],
                                          .time = searches->times[i],
                                          .from = i,
                                          .text = pal_search_text(searches, i)};
        }
    }
    pal_status status = search_settle(ctx, entries, n, n_users, out);
    pal_arena_release(&scratch);
    return status;
}

pal_status pal_searches_newest(pal_ctx *ctx, const pal_searches *searches, int32_t user,
                               const pal_search_range *range, pal_arena *arena, const char **out) {
    enum { NEWEST = 10 };
    int64_t found[NEWEST];
    int32_t n = 0;
    *out = NULL;
    for (int64_t i = searches->starts[user + 1] - 1; i >= searches->starts[user] && n < NEWEST; i--)
        if (search_is_in(searches, i, range)) found[n++] = i;
    if (n == 0) return PAL_OK;
    pal_text text = {0};
    for (int32_t f = n - 1; f >= 0; f--)
        pal_text_addf(&text, "%s%s", f < n - 1 ? " " : "", pal_search_text(searches, found[f]));
    *out = text.failed ? NULL : pal_arena_text(arena, text.bytes, text.length);
    pal_text_release(&text);
    return *out ? PAL_OK : pal_fail_memory(ctx, "the searches", 1e3);
}
