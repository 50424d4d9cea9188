/* catalog.h - what is known of items besides events: columns of text by item row of the catalog's
 * own ids. */
#ifndef PAL_DATA_CATALOG_H
#define PAL_DATA_CATALOG_H

#include <stdint.h>

#include "base/arena.h"
#include "data/ids.h"
#include "palate.h"

typedef struct {
    char name[64];
    const char *const *cells; /* [ids.n] UTF-8, "" where missing */
} pal_column;

typedef struct pal_catalog {
    pal_ids ids;
    int32_t n_columns;
    pal_column *columns; /* [n_columns] */
    int32_t title;       /* column to show to a person, or -1 */
    pal_arena arena;
} pal_catalog;

/* The title of the item, or NULL. */
const char *pal_catalog_title(const pal_catalog *catalog, const char *item_id);
void pal_catalog_release(pal_catalog *catalog);

#endif
