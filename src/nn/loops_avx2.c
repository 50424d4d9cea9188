/* loops_avx2.c - the loops of networks, AVX2. */
#define LOOPS_TABLE pal_loops_avx2
#define LOOPS_NAME  "avx2"
#include "nn/loops_body.h"
