/* choice.h - the columns of a catalog that a kind's option names, "genres,brand". */
#ifndef PAL_MODELS_CONTENT_CHOICE_H
#define PAL_MODELS_CONTENT_CHOICE_H

#include "data/catalog.h"

/* Whether a kind reads column c. */
typedef bool pal_column_fn(const pal_catalog *catalog, int32_t c);
bool pal_column_is_plain_attribute(const pal_catalog *catalog, int32_t c); /* token, set, number */
bool pal_column_is_vector(const pal_catalog *catalog, int32_t c);

/* out [n_columns] in the arena: the columns that `names` (comma-separated) lists, or with NULL all
 * that are read. *n counts them. A name that is none is refused; `what` names the sort ("column of
 * attributes"). */
pal_status pal_choice_choose(pal_ctx *ctx, const char *what, const pal_catalog *catalog,
                             const char *names, pal_column_fn *is_read, pal_arena *arena,
                             bool **out, int32_t *n);
/* The column of that name, which must be read. */
pal_status pal_choice_find(pal_ctx *ctx, const char *what, const pal_catalog *catalog,
                           const char *name, pal_column_fn *is_read, int32_t *out);
/* The next of the names of a comma-separated list, without spaces around it; NULL ends the list. */
char *pal_choice_next(char **rest, const char *between);
/* Refuses a catalog that knows none of the ids: rows [n] of pal_catalog_rows. */
pal_status pal_choice_check_rows(pal_ctx *ctx, const char *kind, const char *what,
                                 const int32_t *rows, int32_t n);

#endif
