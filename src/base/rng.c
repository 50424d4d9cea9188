/* rng.c - Philox 4x32-10: ten rounds of multiply and xor on a counter (Salmon et al. 2011,
 * "Parallel random numbers: as easy as 1, 2, 3"). */
#include "base/rng.h"

#include <math.h>

void pal_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        uint32_t n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

pal_rng pal_rng_at(uint64_t seed, uint64_t chunk) {
    return (pal_rng){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, 0, (uint32_t)chunk, (uint32_t)(chunk >> 32)},
    };
}

void pal_rng_refill(pal_rng *rng) {
    pal_philox(rng->counter, rng->key, rng->block);
    if (++rng->counter[0] == 0) rng->counter[1]++;
    rng->n_left = 4;
}

double pal_rng_uniform(pal_rng *rng) {
    uint64_t high = pal_rng_u32(rng) >> 5, low = pal_rng_u32(rng) >> 6;
    return (double)(high << 26 | low) * 0x1p-53;
}

double pal_rng_normal(pal_rng *rng) {
    /* Box and Muller, one of the two values: streams stay simple to follow. 1 - u is never 0. */
    double radius = sqrt(-2.0 * log(1.0 - pal_rng_uniform(rng)));
    return radius * cos(2.0 * 3.14159265358979323846 * pal_rng_uniform(rng));
}

void pal_rng_shuffle(pal_rng *rng, int32_t *a, int32_t n) {
    for (int32_t i = n - 1; i > 0; i--) {
        int32_t j = (int32_t)pal_rng_below(rng, (uint32_t)i + 1);
        int32_t kept = a[i];
        a[i] = a[j];
        a[j] = kept;
    }
}

uint64_t pal_seed_for(uint64_t seed, const char *purpose) {
    /* FNV-1a of the purpose, mixed with the seed by one multiply-xorshift round. */
    uint64_t hash = 14695981039346656037u;
    for (const char *c = purpose; *c; c++) hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    hash ^= seed * 0x9E3779B97F4A7C15u;
    hash = (hash ^ hash >> 30) * 0xBF58476D1CE4E5B9u;
    return hash ^ hash >> 31;
}
