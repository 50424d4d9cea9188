/* blocks.h - vectors of different sorts side by side as one row of an item.
 *
 * Rows x of a block come of length 1, or all 0 where nothing is known. With m their mean and v_d
 * the variance of number d over the training items that are known, x becomes
 *   y_d = (x_d - m_d) (v_d / max v)^(-whiten / 2), then y / |y|:
 * what all have in common tells nothing apart, and with whiten = 1 each number counts alike. */
#ifndef PAL_MODELS_CONTENT_BLOCKS_H
#define PAL_MODELS_CONTENT_BLOCKS_H

#include "represent/vectors.h"

typedef struct {
    bool center;    /* else m = 0 */
    int32_t n_seen; /* rows [0, n_seen) are training items */
    float *items;   /* [n_items, width] zero at first */
    int64_t width;
    double *mean, *squares; /* [width] room */
} pal_blocks;

/* Puts the block at numbers [at, at + n_dims) of each row; means [n_dims] = m, scales [n_dims]. */
void pal_blocks_add(const pal_blocks *blocks, const pal_vectors *block, int64_t at, double whiten,
                    float *means, float *scales);
/* One row of a block, of length 1, as pal_blocks_add puts it. */
void pal_blocks_shift(const float *row, const float *means, const float *scales, int32_t n,
                      float *out);
/* Brings the row to length 1; false where it is all 0. */
bool pal_blocks_normalize(float *row, int64_t n);

#endif
