/* fuzz.h - what every fuzz target defines. */
#ifndef PALATE_TESTS_FUZZ_H
#define PALATE_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Must return 0 for any input, without a crash, a leak or a sanitizer's complaint. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#endif
