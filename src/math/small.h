/* small.h - rows of numbers in half or a quarter of the bytes, for serving: bf16 (the upper half of
 * a float, rounded to nearest even; Kalamkar et al. 2019) or int8 with one scale a row (the largest
 * number of a row is 127 of its scale).
 *
 * A number read back is off by at most 2^-9 of itself (bf16) or 1/254 of the largest of its row
 * (int8). Reading a row takes a multiplication a number; scans read panels (topk.h) and widen in
 * registers. */
#ifndef PAL_MATH_SMALL_H
#define PAL_MATH_SMALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { PAL_PRECISION_FLOAT32, PAL_PRECISION_BF16, PAL_PRECISION_INT8 } pal_precision;
extern const char *const pal_precision_names[]; /* NULL-ended */

typedef struct {
    pal_precision precision; /* float32: there are none, the rows stand elsewhere as floats */
    int64_t n, width;
    const void *codes;   /* [n, width] uint16_t (bf16) or int8_t */
    const float *scales; /* [n]; int8 */
} pal_small;

/* Bytes of one number, without scales. */
size_t pal_precision_size(pal_precision precision);
static inline float pal_bf16_read(uint16_t code) {
    union {
        uint32_t bits;
        float value;
    } whole = {.bits = (uint32_t)code << 16};
    return whole.value;
}

/* From rows [n, width] to codes [n, width] and, for int8, scales [n]; returns the first row that
 * holds a number which is not finite or too large for bf16, or n. */
int64_t pal_small_write(const float *rows, int64_t n, int64_t width, pal_precision precision,
                        void *codes, float *scales);
/* out [width]. */
void pal_small_read(const pal_small *small, int64_t row, float *out);

/* Rows that stand as floats, [?, width], or, where `rows` is NULL, small. */

/* Row i where it is, or read into `room` [width]. */
const float *pal_row_at(const float *rows, const pal_small *small, int64_t width, int64_t i,
                        float *room);
/* out [width] = Σ rows[list[e]], e ascending, one chain of additions from 0: the same bits as
 * pal_kernels' sum_rows gives for the rows read. `room` [width]. */
void pal_row_sum(const float *rows, const pal_small *small, int32_t width, const int32_t *list,
                 int32_t n, float *room, float *out);

#endif
