/* coder.h - ids as codes while several threads read, and the rows that the codes become.
 *
 * Each worker numbers the ids that it meets by itself, so that reading shares nothing. Rows are
 * dealt afterwards, in the order of the lines where ids stood first: they do not depend on how many
 * workers there are. */
#ifndef PAL_DATA_FORMATS_CODER_H
#define PAL_DATA_FORMATS_CODER_H

#include "data/ids.h"

typedef struct {
    pal_ids ids;       /* by code */
    int64_t *lines;    /* [ids.n] the line where the worker met it first */
    int32_t *rows;     /* [ids.n] its row, once dealt */
    int64_t capacity;  /* of lines and rows */
    int32_t n_dealt;   /* codes below have their row */
    uint32_t *numbers; /* [n_numbers] code + 1 of an id that is this number; 0: not met */
    size_t n_numbers;
    struct pal_coder_slot *slots; /* [slot_mask + 1] ids of at most 12 bytes, open addressing */
    uint32_t slot_mask;
    int32_t n_short;
} pal_coder; /* zero is empty; heap-owned */

/* The code of an id, -1 when it was not met; memory is read up to `limit`. */
int32_t pal_coder_find(const pal_coder *coder, const char *id, size_t length, const char *limit);
/* Asks the processor for what pal_coder_find will look at: tables of many ids are in no cache. */
void pal_coder_prefetch(const pal_coder *coder, const char *id, size_t length, const char *limit);
/* Gives a code to an id that was not met; -1 without memory. */
int32_t pal_coder_add(pal_coder *coder, const char *id, size_t length, const char *limit,
                      int64_t line);
/* Deals rows of `ids` to what the coders [n] met since the last time, new ids by the line where
 * they stood first. False without memory or past INT32_MAX rows. */
bool pal_coders_deal(pal_coder *const *coders, int32_t n, pal_ids *ids);
void pal_coder_release(pal_coder *coder);

#endif
