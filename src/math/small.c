/* small.c - bf16 and int8 rows, written once and read row by row. */
#include "math/small.h"

#include <math.h>
#include <string.h>

#include "math/kernels.h"

const char *const pal_precision_names[] = {"float32", "bf16", "int8", NULL};

size_t pal_precision_size(pal_precision precision) {
    return precision == PAL_PRECISION_INT8 ? 1 : precision == PAL_PRECISION_BF16 ? 2 : 4;
}

/* False when what it rounds to is not finite. */
static bool small_write_bf16(const float *row, int64_t width, uint16_t *codes) {
    for (int64_t f = 0; f < width; f++) {
        union {
            float value;
            uint32_t bits;
        } number = {.value = row[f]};
        if (!isfinite(row[f])) return false;
        uint32_t half = 0x7FFF + (number.bits >> 16 & 1);
        codes[f] = (uint16_t)((number.bits + half) >> 16);
        if (!isfinite(pal_bf16_read(codes[f]))) return false;
    }
    return true;
}

static bool small_write_int8(const float *row, int64_t width, int8_t *codes, float *scale) {
    float largest = 0;
    for (int64_t f = 0; f < width; f++) {
        if (!isfinite(row[f])) return false;
        largest = fmaxf(largest, fabsf(row[f]));
    }
    /* A scale that rounds to nothing would divide by zero: such a row is one of zeros. */
    *scale = largest / 127;
    if (*scale < 1e-38f) *scale = 0;
    for (int64_t f = 0; f < width; f++) {
        float code = *scale > 0 ? nearbyintf(row[f] / *scale) : 0;
        codes[f] = (int8_t)fmaxf(-127, fminf(127, code));
    }
    return true;
}

int64_t pal_small_write(const float *rows, int64_t n, int64_t width, pal_precision precision,
                        void *codes, float *scales) {
    for (int64_t r = 0; r < n; r++) {
        const float *row = rows + r * width;
        bool fits = precision == PAL_PRECISION_INT8
                        ? small_write_int8(row, width, (int8_t *)codes + r * width, scales + r)
                        : small_write_bf16(row, width, (uint16_t *)codes + r * width);
        if (!fits) return r;
    }
    return n;
}

void pal_small_read(const pal_small *small, int64_t row, float *out) {
    int64_t width = small->width;
    if (small->precision == PAL_PRECISION_INT8) {
        const int8_t *codes = (const int8_t *)small->codes + row * width;
        float scale = small->scales[row];
        for (int64_t f = 0; f < width; f++) out[f] = (float)codes[f] * scale;
    } else {
        const uint16_t *codes = (const uint16_t *)small->codes + row * width;
        for (int64_t f = 0; f < width; f++) out[f] = pal_bf16_read(codes[f]);
    }
}

const float *pal_row_at(const float *rows, const pal_small *small, int64_t width, int64_t i,
                        float *room) {
    if (rows) return rows + i * width;
    pal_small_read(small, i, room);
    return room;
}

void pal_row_sum(const float *rows, const pal_small *small, int32_t width, const int32_t *list,
                 int32_t n, float *room, float *out) {
    if (rows) {
        pal_kernels_best()->sum_rows(rows, width, list, n, out, width);
        return;
    }
    memset(out, 0, (size_t)width * sizeof *out);
    for (int32_t e = 0; e < n; e++) {
        pal_small_read(small, list[e], room);
        for (int32_t f = 0; f < width; f++) out[f] += room[f];
    }
}
