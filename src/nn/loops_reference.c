/* loops_reference.c - the loops of networks, portable. */
#define LOOPS_TABLE pal_loops_reference
#define LOOPS_NAME  "reference"
#include "nn/loops_body.h"
