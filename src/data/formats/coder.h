/* coder.h - ids as codes while several threads read, and the rows that the codes become.
 *
 * Each worker numbers the ids that it meets by itself, so that reading shares nothing. Rows are
 * dealt afterwards, in the order of the lines where ids stood first: they do not depend on how many
 * workers there are. */
#ifndef PAL_DATA_FORMATS_CODER_H
#define PAL_DATA_FORMATS_CODER_H

#include "data/formats/format.h"

enum { PAL_CODER_MANY = 64 };

typedef struct {
    pal_ids ids;      /* by code */
    int64_t *lines;   /* [ids.n] the line where the worker met it first */
    int32_t *rows;    /* [ids.n] its row, once dealt */
    int64_t capacity; /* of lines and rows */
    int32_t n_dealt;  /* codes below have their row */
    int32_t *numbers; /* [n_numbers] of an id that is this number: what find says, plus 1 */
    size_t n_numbers;
    struct pal_coder_slot *slots; /* [slot_mask + 1] ids of at most 12 bytes, open addressing */
    uint32_t slot_mask;
    int32_t n_short;
} pal_coder; /* zero is empty; heap-owned */

/* How a code is told from a row, as long as it has none; and back. */
static inline int32_t pal_coder_new(int32_t code) { return -2 - code; }
static inline bool pal_coder_is_new(int32_t found) { return found < -1; }

/* The row of an id, or, while it has none, its code as pal_coder_new tells it; -1 when it was not
 * met. Memory is read up to `limit`. */
int32_t pal_coder_find(const pal_coder *coder, const char *id, size_t length, const char *limit);
/* The same for ids [n <= PAL_CODER_MANY]. */
void pal_coder_find_many(const pal_coder *coder, const pal_field *ids, int32_t n, const char *limit,
                         int32_t *out);
/* Gives a code to an id that was not met and holds no NUL, and returns it as find will; -1 without
 * memory. */
int32_t pal_coder_add(pal_coder *coder, const char *id, size_t length, const char *limit,
                      int64_t line);
/* Deals rows of `ids` to what the coders [n] met since the last time, new ids by the line where
 * they stood first. False without memory or past INT32_MAX rows. */
bool pal_coders_deal(pal_coder *const *coders, int32_t n, pal_ids *ids);
void pal_coder_release(pal_coder *coder);

#endif
