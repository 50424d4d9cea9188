/* marks.h - where fields and lines end, sixteen bytes at a time, and numbers from eight. */
#ifndef PAL_DATA_FORMATS_MARKS_H
#define PAL_DATA_FORMATS_MARKS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Newlines in [begin, end). */
int64_t pal_marks_lines(const char *begin, const char *end);

/* Offsets from `begin` of what equals one of `marks`, ascending, into out [capacity]; capacity is
 * at least 64. Stops before `end` when there may be no room for 64 more; *reached is how far all
 * were found. Returns how many. */
int32_t pal_marks_find(const char *begin, const char *end, const char marks[3], uint32_t *out,
                       int32_t capacity, const char **reached);
/* The same, byte by byte. */
int32_t pal_marks_find_reference(const char *begin, const char *end, const char marks[3],
                                 uint32_t *out, int32_t capacity, const char **reached);

/* The first `n` <= 8 bytes of text as a little-endian word, zero above; `limit` ends what may be
 * read. */
static inline uint64_t pal_word(const char *text, size_t n, const char *limit) {
    uint64_t word = 0;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (limit - text >= 8) {
        memcpy(&word, text, 8);
        return n >= 8 ? word : word & ((UINT64_C(1) << (8 * n)) - 1);
    }
#endif
    (void)limit;
    for (size_t i = 0; i < n && i < 8; i++) word |= (uint64_t)(unsigned char)text[i] << (8 * i);
    return word;
}

/* A word of `n` in [1, 8] digits as a number; false when one of its bytes is no digit. All digits
 * are added at once: neighbours first, then pairs, then fours. */
static inline bool pal_word_digits(uint64_t word, size_t n, uint64_t *out) {
    unsigned shift = 64 - 8 * (unsigned)n;
    uint64_t x = (word << shift) ^ (UINT64_C(0x3030303030303030) << shift);
    if (((x + UINT64_C(0x7676767676767676)) | x) & UINT64_C(0x8080808080808080)) return false;
    x = x * 10 + (x >> 8);
    *out = ((x & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x000F424000000064) +
            (x >> 16 & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x0000271000000001)) >>
           32;
    return true;
}

#endif
