/* loops.c - which tables this CPU can run. */
#include "nn/loops.h"

#include <pthread.h>
#include <stddef.h>

static const pal_loops *loops_usable[4];
static const pal_loops *loops_fastest;
static pthread_once_t loops_once = PTHREAD_ONCE_INIT;

static void loops_choose(void) {
    int n = 0;
    loops_usable[n++] = &pal_loops_reference;
#if defined(__x86_64__) && !defined(PAL_REAL_IS_DOUBLE)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2")) loops_usable[n++] = &pal_loops_avx2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq"))
        loops_usable[n++] = &pal_loops_avx512;
#endif
    loops_fastest = loops_usable[n - 1];
}

const pal_loops *pal_loops_best(void) {
    pthread_once(&loops_once, loops_choose);
    return loops_fastest;
}

const pal_loops *const *pal_loops_all(void) {
    pthread_once(&loops_once, loops_choose);
    return loops_usable;
}
