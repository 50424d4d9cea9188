/* marks.c - comparing sixteen bytes at once where the processor is known to do it. */
#include "data/formats/marks.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { MARKS_STEP = 64 }; /* bytes of one bit mask */

int32_t pal_marks_find_reference(const char *begin, const char *end, const char marks[3],
                                 uint32_t *out, int32_t capacity, const char **reached) {
    int32_t n = 0;
    const char *at = begin;
    for (; at < end && n + MARKS_STEP <= capacity; at++) {
        if (*at == marks[0] || *at == marks[1] || *at == marks[2])
            out[n++] = (uint32_t)(at - begin);
    }
    *reached = at;
    return n;
}

static int64_t marks_count_reference(const char *begin, const char *end) {
    int64_t n = 0;
    for (const char *at = begin; at < end; at++) n += *at == '\n';
    return n;
}

#ifdef __SSE2__

int64_t pal_marks_lines(const char *begin, const char *end) {
    const __m128i newline = _mm_set1_epi8('\n'), zero = _mm_setzero_si128();
    __m128i sums = zero;
    const char *at = begin;
    while (end - at >= MARKS_STEP) {
        /* Equal bytes are -1; a byte of `counts` holds up to 255 of them before they are summed. */
        __m128i counts = zero;
        for (int i = 0; i < 63 && end - at >= MARKS_STEP; i++, at += MARKS_STEP) {
            const __m128i *from = (const __m128i *)(const void *)at;
            for (int k = 0; k < 4; k++)
                counts = _mm_sub_epi8(counts, _mm_cmpeq_epi8(_mm_loadu_si128(from + k), newline));
        }
        sums = _mm_add_epi64(sums, _mm_sad_epu8(counts, zero));
    }
    return _mm_cvtsi128_si64(sums) + _mm_cvtsi128_si64(_mm_unpackhi_epi64(sums, sums)) +
           marks_count_reference(at, end);
}

static inline uint64_t marks_of_step(const char *at, __m128i a, __m128i b, __m128i c) {
    uint64_t mask = 0;
    for (int k = 0; k < 4; k++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at + k);
        __m128i equal =
            _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, a), _mm_cmpeq_epi8(bytes, b)),
                         _mm_cmpeq_epi8(bytes, c));
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(equal) << (16 * k);
    }
    return mask;
}

int32_t pal_marks_find(const char *begin, const char *end, const char marks[3], uint32_t *out,
                       int32_t capacity, const char **reached) {
    const __m128i a = _mm_set1_epi8(marks[0]), b = _mm_set1_epi8(marks[1]),
                  c = _mm_set1_epi8(marks[2]);
    int32_t n = 0;
    const char *at = begin;
    for (; end - at >= MARKS_STEP && n + MARKS_STEP <= capacity; at += MARKS_STEP) {
        uint32_t base = (uint32_t)(at - begin);
        for (uint64_t mask = marks_of_step(at, a, b, c); mask; mask &= mask - 1)
            out[n++] = base + (uint32_t)__builtin_ctzll(mask);
    }
    *reached = at;
    if (end - at >= MARKS_STEP || n + MARKS_STEP > capacity) return n;
    int32_t more = pal_marks_find_reference(at, end, marks, out + n, capacity - n, reached);
    for (int32_t i = 0; i < more; i++) out[n + i] += (uint32_t)(at - begin);
    return n + more;
}

#else

int64_t pal_marks_lines(const char *begin, const char *end) {
    return marks_count_reference(begin, end);
}

int32_t pal_marks_find(const char *begin, const char *end, const char marks[3], uint32_t *out,
                       int32_t capacity, const char **reached) {
    return pal_marks_find_reference(begin, end, marks, out, capacity, reached);
}

#endif
