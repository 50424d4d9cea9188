/* fuzz_npy.c - files of vectors: what is accepted lies wholly within the file, and every row of it
 * can be read. */
#include "base/ctx.h"
#include "data/npy.h"
#include "fuzz.h"
#include "fuzz_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    /* The end of the copy is the end of its allocation. */
    char *copy = malloc(n ? n : 1);
    if (!copy) return 0;
    memcpy(copy, bytes, n);
    pal_ctx ctx = {0};
    pal_npy npy;
    pal_status status =
        pal_npy_parse(&ctx, "x.npy", &(pal_bytes){.bytes = copy, .length = n}, &npy);
    fuzz_check((status == PAL_OK) == (*ctx.error == '\0'));
    if (status == PAL_OK) {
        size_t row_bytes = (size_t)npy.n_columns * (size_t)npy.size;
        fuzz_check(npy.n_rows > 0 && npy.n_columns > 0);
        fuzz_check(npy.data + row_bytes * (size_t)npy.n_rows == copy + n);
        float *row = malloc((size_t)npy.n_columns * sizeof *row);
        for (int64_t r = 0; row && r < npy.n_rows; r++) {
            int64_t wrong = pal_npy_row(&npy, r, row);
            fuzz_check(wrong >= -1 && wrong < npy.n_columns);
        }
        free(row);
    }
    free(copy);
    return 0;
}
