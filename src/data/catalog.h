/* catalog.h - what is known of items, or of users, besides events: columns of cells by row of the
 * catalog's own ids, and what the cells mean. */
#ifndef PAL_DATA_CATALOG_H
#define PAL_DATA_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"
#include "data/ids.h"
#include "math/csr.h"
#include "palate.h"

typedef enum {
    PAL_FEATURE_UNKNOWN, /* not settled yet: guessed from the cells */
    PAL_FEATURE_ID,      /* the ids once more: no feature */
    PAL_FEATURE_TOKEN,
    PAL_FEATURE_SET,
    PAL_FEATURE_NUMBER,
    PAL_FEATURE_TEXT,
    PAL_FEATURE_VECTOR,
    PAL_FEATURE_TIMED, /* told only: a set whose tokens end with @ and when they were written; a
                          settled column is a set with times */
    PAL_FEATURE_TYPES
} pal_feature_type;
extern const char *const pal_feature_names[]; /* "unknown", "id", "token", …; NULL-ended */

/* One column. Of the last five fields those of its type are set, by pal_catalog_settle. */
typedef struct {
    char name[64];
    const char *const *cells; /* [ids.n] UTF-8, "" where missing; all "" of a vector file */
    pal_feature_type type;
    char separator;        /* between the tokens of a set: '|', ',', ' ' …; 0: guessed */
    int32_t n_missing;     /* rows without a value */
    pal_ids vocabulary;    /* token, set: tokens by first appearance; heap-owned */
    const int32_t *tokens; /* token: [ids.n] rows of the vocabulary, -1 where missing */
    pal_csr sets;          /* set: [ids.n, vocabulary.n], values NULL */
    const int64_t *times;  /* set: like sets.cols, seconds; NULL: known from the start */
    const float *numbers;  /* number: [ids.n], NaN where missing */
    int32_t n_dims;
    const float *vectors; /* vector: [ids.n, n_dims] finite, zeros where missing */
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
/* The column of that name (case and '-' do not count), or NULL. */
const pal_column *pal_catalog_column(const pal_catalog *catalog, const char *name);

/* Guesses the types that are not told and fills what the types promise. `told` is "name=type,…" or
 * NULL; `option` is the flag it came from, for sentences. */
pal_status pal_catalog_settle(pal_ctx *ctx, pal_catalog *catalog, const char *option,
                              const char *told);
/* "6 columns (department: 25 tokens, price: numbers, …)" without the ids; ends with "…" where it
 * would be longer than `longest` bytes. */
void pal_catalog_describe(const pal_catalog *catalog, size_t longest, pal_text *out);
/* How many columns are features, not ids. */
int32_t pal_catalog_count_features(const pal_catalog *catalog);

/* Adds rows for ids that are not there yet, with empty cells: before the catalog is settled. */
pal_status pal_catalog_add_rows(pal_ctx *ctx, pal_catalog *catalog, const pal_ids *ids);
/* Adds a vector column: vectors [ids.n, n_dims] in the catalog's arena. */
pal_status pal_catalog_add_vectors(pal_ctx *ctx, pal_catalog *catalog, const char *name,
                                   const float *vectors, int32_t n_dims);

/* A part of a text that a cell holds. */
typedef struct {
    const char *begin, *end;
} pal_cell_span;
/* The cell without spaces around it; empty where it only says that something is missing. */
pal_cell_span pal_cell_of(const char *cell);
/* The next of the tokens that stand between separators; false past the last. */
bool pal_cell_next(pal_cell_span *rest, char separator, pal_cell_span *out);
/* A number, also behind a currency's sign. */
bool pal_cell_number(pal_cell_span cell, double *out);

/* Of ids, names of columns, cells, times and vectors. */
uint64_t pal_catalog_hash(const pal_catalog *catalog);

/* Adds a column of timed sets, "token@seconds|…": cells [ids.n] in the catalog's arena; before the
 * catalog is settled. */
pal_status pal_catalog_add_timed(pal_ctx *ctx, pal_catalog *catalog, const char *name,
                                 const char *const *cells);

/* The catalog as it was before a time: tokens that were written later are left out of the copy,
 * which shares all else. *n_left_out counts them. */
pal_status pal_catalog_before(pal_ctx *ctx, const pal_catalog *catalog, int64_t time,
                              pal_arena *arena, pal_catalog *out, int64_t *n_left_out);

/* The rows (NULL: the first n) as a settled catalog of its own. */
pal_status pal_catalog_select(pal_ctx *ctx, const pal_catalog *catalog, const int32_t *rows,
                              int32_t n, pal_catalog *out);

void pal_catalog_release(pal_catalog *catalog);

#endif
