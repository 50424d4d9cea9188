/* rng.h - random streams that do not depend on threads: Philox 4x32-10 (Salmon et al. 2011), keyed
 * by (seed, chunk). */
#ifndef PAL_BASE_RNG_H
#define PAL_BASE_RNG_H

#include <stdint.h>

typedef struct {
    uint32_t key[2];
    uint32_t counter[4];
    uint32_t block[4];
    int32_t n_left; /* unused words in block */
} pal_rng;

/* The stream of chunk `chunk` under `seed`; streams of different (seed, chunk) are independent. */
pal_rng pal_rng_at(uint64_t seed, uint64_t chunk);
/* One Philox 4x32-10 block, for tests against the published vectors. */
void pal_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* The next block of the stream. */
void pal_rng_refill(pal_rng *rng);
static inline uint32_t pal_rng_u32(pal_rng *rng) {
    if (rng->n_left == 0) pal_rng_refill(rng);
    return rng->block[4 - rng->n_left--];
}
double pal_rng_uniform(pal_rng *rng); /* [0, 1), 53 bits */
/* [0, bound), unbiased; bound > 0. Lemire 2019: the high word of a product is uniform once the few
 * biased low words are refused. */
static inline uint32_t pal_rng_below(pal_rng *rng, uint32_t bound) {
    uint64_t product = (uint64_t)pal_rng_u32(rng) * bound;
    if ((uint32_t)product < bound) {
        uint32_t refused = -bound % bound;
        while ((uint32_t)product < refused) product = (uint64_t)pal_rng_u32(rng) * bound;
    }
    return (uint32_t)(product >> 32);
}
double pal_rng_normal(pal_rng *rng); /* mean 0, variance 1 */
void pal_rng_shuffle(pal_rng *rng, int32_t *a, int32_t n);

/* A seed for a named purpose, so that two uses of one seed do not share streams. */
uint64_t pal_seed_for(uint64_t seed, const char *purpose);

#endif
