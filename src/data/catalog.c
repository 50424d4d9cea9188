/* catalog.c - titles by id. */
#include "data/catalog.h"

#include <string.h>

const char *pal_catalog_title(const pal_catalog *catalog, const char *item_id) {
    if (!catalog || catalog->title < 0 || catalog->ids.n == 0) return NULL;
    int32_t row = pal_ids_find(&catalog->ids, item_id, strlen(item_id));
    if (row < 0) return NULL;
    const char *title = catalog->columns[catalog->title].cells[row];
    return *title ? title : NULL;
}

void pal_catalog_release(pal_catalog *catalog) {
    pal_ids_release(&catalog->ids);
    pal_arena_release(&catalog->arena);
    *catalog = (pal_catalog){.title = -1};
}
