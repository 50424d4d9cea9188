/* categories.h - the words by which the catalog sorts items: genres, departments, brands. */
#ifndef PAL_EVAL_CATEGORIES_H
#define PAL_EVAL_CATEGORIES_H

#include "data/catalog.h"
#include "eval/questions.h"

/* Columns of tokens and of sets whose words are each used at least five times on average, the title
 * aside; the same word of two columns is two. out: [n_items of item_ids, words] without values,
 * rows without a description are empty; n_cols = 0 when the catalog sorts nothing. */
pal_status pal_categories_make(pal_ctx *ctx, const pal_catalog *catalog, const pal_ids *item_ids,
                               int32_t n_items, pal_arena *arena, pal_csr *out);

/* Fills questions->categories, by which diversity goes; nothing when there are none. */
pal_status pal_questions_categorize(pal_ctx *ctx, const pal_catalog *catalog,
                                    pal_questions *questions);

#endif
