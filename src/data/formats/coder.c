/* coder.c - small numbers by a direct table, short ids by two words, long ones by pal_ids. */
#include "data/formats/coder.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "data/formats/marks.h"

enum {
    CODER_SHORT = 12,           /* bytes of an id that fits its slot */
    CODER_DIGITS = 7,           /* longest number in the direct table */
    CODER_NUMBERS_MAX = 1 << 22 /* its entries: 16 MB */
};

typedef struct pal_coder_slot {
    uint64_t low; /* the id's bytes; it holds no NUL, so its length follows */
    uint32_t high;
    int32_t mark; /* as of a number */
} coder_slot;

/* An id that is a number as we would write it, below CODER_NUMBERS_MAX. */
static inline bool coder_number(uint64_t word, size_t length, uint64_t *out) {
    if (length > CODER_DIGITS || (length > 1 && (word & 0xFF) == '0')) return false;
    return pal_word_digits(word, length, out) && *out < CODER_NUMBERS_MAX;
}

static inline uint32_t coder_high(const char *id, size_t length, const char *limit) {
    return length > 8 ? (uint32_t)pal_word(id + 8, length - 8, limit) : 0;
}

static inline uint32_t coder_hash(uint64_t low, uint64_t high) {
    uint64_t x = (low ^ high * UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xD6E8FEB86659FD93);
    return (uint32_t)((x ^ x >> 32) * UINT64_C(0xD6E8FEB86659FD93) >> 32);
}

static inline uint32_t coder_probe(const pal_coder *coder, uint64_t low, uint32_t high) {
    uint32_t slot = coder_hash(low, high) & coder->slot_mask;
    while (coder->slots[slot].mark &&
           (coder->slots[slot].low != low || coder->slots[slot].high != high))
        slot = (slot + 1) & coder->slot_mask;
    return slot;
}

static int32_t coder_find_long(const pal_coder *coder, const char *id, size_t length) {
    int32_t code = pal_ids_find(&coder->ids, id, length);
    if (code < 0) return -1;
    return code < coder->n_dealt ? coder->rows[code] : pal_coder_new(code);
}

/* Where an id would stand, and the id itself when it is to be compared there. */
typedef struct {
    uint64_t low; /* 0: a number, or nothing to be looked for */
    uint32_t high, place;
} coder_key;

enum { CODER_NOWHERE = -1 };

static inline coder_key coder_key_of(const pal_coder *coder, const char *id, size_t length,
                                     const char *limit) {
    static const coder_key nowhere = {.place = (uint32_t)CODER_NOWHERE};
    /* A NUL at the end would vanish in a word. */
    if (length == 0 || length > CODER_SHORT || id[length - 1] == '\0') return nowhere;
    uint64_t low = pal_word(id, length, limit), number;
    if (coder_number(low, length, &number))
        return number < coder->n_numbers ? (coder_key){.place = (uint32_t)number} : nowhere;
    if (!coder->slots || low == 0) return nowhere;
    uint32_t high = coder_high(id, length, limit);
    return (coder_key){low, high, coder_hash(low, high) & coder->slot_mask};
}

static inline int32_t coder_look(const pal_coder *coder, const coder_key *key) {
    if (key->low == 0)
        return key->place == (uint32_t)CODER_NOWHERE ? -1 : coder->numbers[key->place] - 1;
    uint32_t slot = key->place;
    while (coder->slots[slot].mark &&
           (coder->slots[slot].low != key->low || coder->slots[slot].high != key->high))
        slot = (slot + 1) & coder->slot_mask;
    return coder->slots[slot].mark - 1;
}

int32_t pal_coder_find(const pal_coder *coder, const char *id, size_t length, const char *limit) {
    if (length > CODER_SHORT) return coder_find_long(coder, id, length);
    coder_key key = coder_key_of(coder, id, length, limit);
    return coder_look(coder, &key);
}

/* Tables of many ids are in no near cache: all places are asked for before the first is looked at.
 */
void pal_coder_find_many(const pal_coder *coder, const pal_field *ids, int32_t n, const char *limit,
                         int32_t *out) {
    coder_key keys[PAL_CODER_MANY];
    uint8_t others[PAL_CODER_MANY];
    int32_t n_others = 0;
    uint64_t numbers = 0;
    for (int32_t i = 0; i < n; i++) {
        const char *id = ids[i].begin;
        size_t length = (size_t)(ids[i].end - id);
        coder_key key = coder_key_of(coder, id, length, limit);
        if (key.low) {
            __builtin_prefetch(&coder->slots[key.place]);
            others[n_others] = (uint8_t)i;
            keys[n_others++] = key;
        } else if (key.place != (uint32_t)CODER_NOWHERE) {
            __builtin_prefetch(&coder->numbers[key.place]);
            numbers |= UINT64_C(1) << i;
            out[i] = (int32_t)key.place;
        } else {
            out[i] = length > CODER_SHORT ? coder_find_long(coder, id, length) : -1;
        }
    }
    for (int32_t i = 0; i < n; i++) {
        if (numbers >> i & 1) out[i] = coder->numbers[out[i]] - 1;
    }
    for (int32_t k = 0; k < n_others; k++) out[others[k]] = coder_look(coder, &keys[k]);
}

/* `n` slots, zeroed; a large table in large pages, where the system has them: its slots are met at
 * random. */
static coder_slot *coder_slots_new(size_t n) {
    enum { LARGE_PAGE = 2 << 20 };
    size_t bytes = n * sizeof(coder_slot);
    if (bytes < LARGE_PAGE) return calloc(n, sizeof(coder_slot));
    coder_slot *slots = aligned_alloc(LARGE_PAGE, bytes);
    if (!slots) return NULL;
#ifdef MADV_HUGEPAGE
    (void)madvise(slots, bytes, MADV_HUGEPAGE);
#endif
    return memset(slots, 0, bytes);
}

static bool coder_grow_numbers(pal_coder *coder, uint64_t number) {
    size_t n = coder->n_numbers ? coder->n_numbers : 1024;
    while (n <= number) n *= 2;
    if (n == coder->n_numbers) return true;
    int32_t *numbers = realloc(coder->numbers, n * sizeof *numbers);
    if (!numbers) return false;
    memset(numbers + coder->n_numbers, 0, (n - coder->n_numbers) * sizeof *numbers);
    coder->numbers = numbers;
    coder->n_numbers = n;
    return true;
}

static bool coder_grow_slots(pal_coder *coder) {
    if (coder->slots && (uint32_t)coder->n_short < coder->slot_mask / 4 * 3) return true;
    uint32_t n = coder->slots ? (coder->slot_mask + 1) * 2 : 1024;
    coder_slot *slots = n ? coder_slots_new(n) : NULL, *old = coder->slots;
    if (!slots) return false;
    uint32_t n_old = old ? coder->slot_mask + 1 : 0;
    coder->slots = slots;
    coder->slot_mask = n - 1;
    for (uint32_t i = 0; i < n_old; i++) {
        if (old[i].mark) slots[coder_probe(coder, old[i].low, old[i].high)] = old[i];
    }
    free(old);
    return true;
}

static bool coder_reserve(pal_coder *coder) {
    if (coder->ids.n < coder->capacity) return true;
    int64_t capacity = coder->capacity ? coder->capacity * 2 : 1024;
    int64_t *lines = realloc(coder->lines, (size_t)capacity * sizeof *lines);
    if (lines) coder->lines = lines;
    int32_t *rows = realloc(coder->rows, (size_t)capacity * sizeof *rows);
    if (rows) coder->rows = rows;
    if (!lines || !rows) return false;
    coder->capacity = capacity;
    return true;
}

/* The mark of an id that has one of its own, or NULL. */
static int32_t *coder_mark(pal_coder *coder, const char *id, size_t length, const char *limit) {
    if (length > CODER_SHORT) return NULL;
    uint64_t low = pal_word(id, length, limit), number;
    if (coder_number(low, length, &number)) return &coder->numbers[number];
    uint32_t high = coder_high(id, length, limit);
    coder_slot *slot = &coder->slots[coder_probe(coder, low, high)];
    slot->low = low;
    slot->high = high;
    return &slot->mark;
}

int32_t pal_coder_add(pal_coder *coder, const char *id, size_t length, const char *limit,
                      int64_t line) {
    uint64_t number;
    bool is_short = length <= CODER_SHORT,
         is_number = is_short && coder_number(pal_word(id, length, limit), length, &number);
    if (!coder_reserve(coder)) return -1;
    if (is_number ? !coder_grow_numbers(coder, number) : is_short && !coder_grow_slots(coder))
        return -1;
    int32_t code = pal_ids_add(&coder->ids, id, length);
    if (code < 0) return -1;
    coder->lines[code] = line;
    int32_t *mark = coder_mark(coder, id, length, limit);
    if (mark) *mark = pal_coder_new(code) + 1;
    coder->n_short += mark && !is_number;
    return pal_coder_new(code);
}

/* --- dealing rows --- */

typedef struct {
    int64_t line;
    int32_t coder, code;
} coder_met;

static int coder_compare_met(const void *a, const void *b) {
    const coder_met *x = a, *y = b;
    if (x->line != y->line) return x->line < y->line ? -1 : 1;
    return x->code < y->code ? -1 : x->code > y->code;
}

bool pal_coders_deal(pal_coder *const *coders, int32_t n, pal_ids *ids) {
    size_t n_met = 0, at = 0;
    for (int32_t c = 0; c < n; c++) n_met += (size_t)(coders[c]->ids.n - coders[c]->n_dealt);
    if (n_met == 0) return true;
    coder_met *met = malloc(n_met * sizeof *met);
    if (!met) return false;
    for (int32_t c = 0; c < n; c++) {
        for (int32_t code = coders[c]->n_dealt; code < coders[c]->ids.n; code++)
            met[at++] = (coder_met){.line = coders[c]->lines[code], .coder = c, .code = code};
    }
    qsort(met, n_met, sizeof *met, coder_compare_met);
    bool fits = true;
    for (size_t i = 0; i < n_met && fits; i++) {
        pal_coder *coder = coders[met[i].coder];
        const int64_t *offsets = coder->ids.offsets + met[i].code;
        const char *id = coder->ids.bytes + offsets[0];
        size_t length = (size_t)(offsets[1] - offsets[0] - 1);
        int32_t row = pal_ids_add(ids, id, length),
                *mark = coder_mark(coder, id, length, id + length);
        coder->rows[met[i].code] = row;
        if (mark) *mark = row + 1;
        fits = row >= 0;
    }
    free(met);
    for (int32_t c = 0; c < n && fits; c++) coders[c]->n_dealt = coders[c]->ids.n;
    return fits;
}

void pal_coder_release(pal_coder *coder) {
    pal_ids_release(&coder->ids);
    free(coder->lines);
    free(coder->rows);
    free(coder->numbers);
    free(coder->slots);
    *coder = (pal_coder){0};
}
