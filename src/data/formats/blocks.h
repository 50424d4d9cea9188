/* blocks.h - the bulk of a large table, read by all threads at once. */
#ifndef PAL_DATA_FORMATS_BLOCKS_H
#define PAL_DATA_FORMATS_BLOCKS_H

#include "data/formats/lines.h"

/* Reads on from where `lines` stands, as reading line by line would: the same rows, the same
 * sentences. It leaves to its caller, by standing before it, whatever only a look at lines in their
 * order can tell: a quoted field over several lines, a time past 2106, a type too many. Does
 * nothing without a pool, or when little is left. May be called again further on. The reader holds
 * an event, so that it is known what times are. */
pal_status pal_blocks_read(pal_reader *reader, const pal_bytes *bytes, pal_lines *lines,
                           const pal_dialect *dialect, int32_t n_columns);

#endif
