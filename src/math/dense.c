/* dense.c - BLAS set-up. */
#include "math/dense.h"

#include <cblas.h>
#include <pthread.h>

static pthread_once_t dense_once = PTHREAD_ONCE_INIT;

static void dense_set_single(void) { openblas_set_num_threads(1); }

void pal_blas_single(void) { pthread_once(&dense_once, dense_set_single); }
