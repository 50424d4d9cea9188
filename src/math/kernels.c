/* kernels.c - which tables this CPU can run. */
#include "math/kernels.h"

#include <pthread.h>
#include <stddef.h>

static const pal_kernels *kernels_usable[4];
static const pal_kernels *kernels_fastest;
static pthread_once_t kernels_once = PTHREAD_ONCE_INIT;

static void kernels_choose(void) {
    int n = 0;
    kernels_usable[n++] = &pal_kernels_reference;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        kernels_usable[n++] = &pal_kernels_avx2;
    }
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) {
        kernels_usable[n++] = &pal_kernels_avx512;
    }
#endif
    kernels_fastest = kernels_usable[n - 1];
}

const pal_kernels *pal_kernels_best(void) {
    pthread_once(&kernels_once, kernels_choose);
    return kernels_fastest;
}

const pal_kernels *const *pal_kernels_all(void) {
    pthread_once(&kernels_once, kernels_choose);
    return kernels_usable;
}
