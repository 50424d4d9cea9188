/* spd_reference.c - the kernels of spd.h in portable C. */
#include <math.h>
#include <string.h>

typedef struct {
    float at[16];
} lanes;

static inline lanes lanes_load(const float *from) {
    lanes a;
    memcpy(&a, from, sizeof a);
    return a;
}

static inline void lanes_store(float *to, lanes a) { memcpy(to, &a, sizeof a); }

static inline lanes lanes_all(float x) {
    lanes a;
    for (int i = 0; i < 16; i++) a.at[i] = x;
    return a;
}

static inline lanes lanes_mul(lanes a, lanes b) {
    for (int i = 0; i < 16; i++) a.at[i] *= b.at[i];
    return a;
}

static inline lanes lanes_fma(lanes a, lanes b, lanes c) {
    for (int i = 0; i < 16; i++) c.at[i] = fmaf(a.at[i], b.at[i], c.at[i]);
    return c;
}

static inline lanes lanes_fnma(lanes a, lanes b, lanes c) {
    for (int i = 0; i < 16; i++) c.at[i] = fmaf(-a.at[i], b.at[i], c.at[i]);
    return c;
}

static inline float lanes_sum(lanes a) {
    for (int half = 8; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) a.at[i] += a.at[i + half];
    }
    return a.at[0];
}

static inline void lanes_transpose(lanes a[16]) {
    for (int i = 0; i < 16; i++) {
        for (int j = 0; j < i; j++) {
            float swapped = a[i].at[j];
            a[i].at[j] = a[j].at[i];
            a[j].at[i] = swapped;
        }
    }
}

enum { SPD_TILE = 4, SPD_VECTORS = 1, SPD_KEPT = 0 };
#include "math/spd_body.h"

const pal_spd pal_spd_reference = SPD_TABLE;
