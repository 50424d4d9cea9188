/* verdict.h - at most eight lines for a person who knows nothing of recommenders. */
#ifndef PAL_CHOOSE_VERDICT_H
#define PAL_CHOOSE_VERDICT_H

#include "choose/compare.h"

enum { PAL_VERDICT_LINES = 8 };

typedef struct {
    const char *known, *strangers; /* specs to use, or NULL: cannot tell */
    const char *next_user; /* whom to list for first, with the model chosen; NULL: no model */
    int32_t n_tied;
    const char *tied[64]; /* specs that cannot be told from the winner */
    int32_t n_lines;
    char lines[PAL_VERDICT_LINES][512]; /* sentences, the recommendation first */
} pal_verdict;

/* Chosen on validation, reported on test. Pure: only reads the table. */
void pal_verdict_make(const pal_comparison *comparison, int32_t table, pal_verdict *out);

#endif
