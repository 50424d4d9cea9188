/* case.h - what people see of the article's case: case_json.c turns it into one document; text and
 * page are drawn from the document alone. */
#ifndef PAL_REPORT_CASE_H
#define PAL_REPORT_CASE_H

#include <jansson.h>

#include "base/text.h"
#include "choose/case.h"

/* Settings, both matrices, runs with their losses by iteration, lists and sentences. The predicted
 * matrices (to four decimals) are those of the biases and, for each model, of its better run. */
pal_status pal_report_case_json(pal_ctx *ctx, const pal_case_results *results, json_t **out);
/* Matrices and drawn parameters with 17 significant digits, which read back as they were. */
void pal_report_case_initial(const pal_case_results *results, pal_text *out);
/* For the terminal. */
pal_status pal_report_case_text(pal_ctx *ctx, const json_t *document, pal_text *out);
/* One self-contained page. */
pal_status pal_report_case_html(pal_ctx *ctx, const json_t *document, pal_text *out);

/* The columns of a run's row; both draw the same texts ("–" where there is no number). */
typedef enum {
    PAL_CASE_MODEL,
    PAL_CASE_STEP,
    PAL_CASE_RATE,
    PAL_CASE_LOSS_FIRST,
    PAL_CASE_LOSS_LAST,
    PAL_CASE_ITERATIONS,
    PAL_CASE_TRAIN_RMSE,
    PAL_CASE_HELD_RMSE,
    PAL_CASE_WHAT,
    PAL_CASE_COLUMNS
} pal_case_column;
void pal_case_add_cell(const json_t *run, pal_case_column column, pal_text *out);
/* What a matrix is, by its document. */
void pal_case_add_matrix(const json_t *matrix, pal_text *out);
extern const char pal_case_largest_note[];

#endif
