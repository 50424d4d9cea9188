/* npy.h - a matrix of numbers as NumPy writes it: .npy, versions 1 to 3, two dimensions, C order,
 * float16, float32 or float64, little-endian. */
#ifndef PAL_DATA_NPY_H
#define PAL_DATA_NPY_H

#include "base/file.h"
#include "palate.h"

typedef struct {
    int64_t n_rows, n_columns;
    int32_t size;     /* bytes of a number: 2, 4 or 8 */
    const char *data; /* [n_rows, n_columns], not aligned; points into the file */
} pal_npy;

/* Checks the header and every size against the file's length; `what` names the file in sentences.
 * `out` borrows the bytes. */
pal_status pal_npy_parse(pal_ctx *ctx, const char *what, const pal_bytes *bytes, pal_npy *out);
/* A row as out [n_columns]; the first column that holds no finite float, or -1. */
int64_t pal_npy_row(const pal_npy *npy, int64_t row, float *out);

#endif
