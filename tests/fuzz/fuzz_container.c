/* fuzz_container.c - .palate files of strangers: as they are, and with their hash made right so
 * that what is wrong behind it is met; then read as a log and split. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#define XXH_STATIC_LINKING_ONLY
#include <inttypes.h>
#include <xxhash.h>

#include "base/ctx.h"
#include "data/container.h"
#include "data/split.h"
#include "fuzz.h"

enum { FUZZ_DIGITS = 32 };

static void fuzz_parse(const char *bytes, size_t n) {
    static const char *const types[] = {"log", "model"};
    for (int i = 0; i < 2; i++) {
        pal_ctx ctx = {.memory_limit = 1 << 28};
        pal_container container;
        if (pal_container_parse(&ctx, "input", bytes, n, types[i], &container) != PAL_OK) {
            if (!*ctx.error) abort();
            continue;
        }
        /* Reading every byte of every tensor is what the sanitizer must allow. */
        volatile unsigned sum = 0;
        for (int32_t t = 0; t < container.n; t++) {
            int64_t size = (int64_t)pal_dtype_size(container.tensors[t].dtype);
            for (int32_t d = 0; d < container.tensors[t].n_dims; d++)
                size *= container.tensors[t].dims[d];
            for (int64_t b = 0; b < size; b++)
                sum += ((const unsigned char *)container.tensors[t].data)[b];
        }
        (void)sum;
        pal_container_release(&container);
    }
}

static void fuzz_split(const pal_data *data) {
    static const char *const specs[] = {NULL, "leave_last", "random"};
    for (int i = 0; i < 3; i++) {
        pal_ctx ctx = {.seed = 1, .memory_limit = 1 << 28};
        pal_split split;
        if (pal_split_make(&ctx, data, specs[i], &split) != PAL_OK) continue;
        (void)pal_split_hash(&split);
        pal_split_release(&split);
    }
}

/* Through the door that users take: a file without a name. */
static void fuzz_read(const char *bytes, size_t n) {
    int fd = memfd_create("input", MFD_CLOEXEC);
    if (fd < 0 || write(fd, bytes, n) != (ssize_t)n) abort();
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    pal_ctx ctx = {.memory_limit = 1 << 28};
    pal_data *data = NULL;
    if (pal_data_read(&ctx, &(pal_paths){.log = path}, "format=palate", &data) == PAL_OK) {
        fuzz_split(data);
        pal_data_free(data);
    } else if (!*ctx.error) {
        abort();
    }
    close(fd);
}

static void fuzz_seal(char *bytes, size_t n) {
    static const char key[] = "\"palate.hash\":\"";
    char *slot = n ? memmem(bytes, n, key, sizeof key - 1) : NULL;
    if (!slot || (size_t)(bytes + n - slot) < sizeof key - 1 + FUZZ_DIGITS) return;
    slot += sizeof key - 1;
    memset(slot, '0', FUZZ_DIGITS);
    XXH128_hash_t hash = XXH3_128bits(bytes, n);
    char digits[FUZZ_DIGITS + 1];
    snprintf(digits, sizeof digits, "%016" PRIx64 "%016" PRIx64, hash.high64, hash.low64);
    memcpy(slot, digits, FUZZ_DIGITS);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    /* The end of the copy is the end of its allocation, and it is aligned as a mapped file is. */
    void *copy = NULL;
    if (posix_memalign(&copy, 64, n + (n == 0))) return 0;
    memcpy(copy, bytes, n);
    fuzz_parse(copy, n);
    fuzz_seal(copy, n);
    fuzz_parse(copy, n);
    fuzz_read(copy, n);
    free(copy);
    return 0;
}
