/* loops_avx512.c - the loops of networks, AVX-512. */
#define LOOPS_TABLE pal_loops_avx512
#define LOOPS_NAME  "avx512"
#include "nn/loops_body.h"
