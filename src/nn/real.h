/* real.h - the type that layers compute in: float, or double where a test compiles the same files
 * again to hold their backward passes against finite differences. */
#ifndef PAL_NN_REAL_H
#define PAL_NN_REAL_H

#ifdef PAL_REAL_IS_DOUBLE
typedef double pal_real;
#else
typedef float pal_real;
#endif

#endif
