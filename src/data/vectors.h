/* vectors.h - a file of vectors as a column of a catalog. */
#ifndef PAL_DATA_VECTORS_H
#define PAL_DATA_VECTORS_H

#include "data/catalog.h"

/* Reads NAME.npy as a vector column called NAME. NAME.ids.txt beside it names the rows, one id a
 * line, and may know ids that the catalog does not: they become rows of it. Without that file the
 * rows are the catalog's. Before the catalog is settled. */
pal_status pal_catalog_read_vectors(pal_ctx *ctx, const char *path, pal_catalog *catalog);

#endif
