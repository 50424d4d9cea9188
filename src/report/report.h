/* report.h - what people see of a comparison. Sees only results: json.c turns the comparison into
 * one JSON document, and the page is drawn from that document alone, so that a report can be drawn
 * again from results.json. */
#ifndef PAL_REPORT_REPORT_H
#define PAL_REPORT_REPORT_H

#include <jansson.h>

#include "base/text.h"
#include "choose/verdict.h"

/* The results document, as docs/results.schema.json says. Everything measured by a clock stands
 * under "measured". */
pal_status pal_report_json(pal_ctx *ctx, const pal_comparison *comparison, json_t **out);

/* The terminal's table: heading, one line a finished row, and the closing text with intervals,
 * ceiling and verdict. */
void pal_report_table_head(const pal_comparison *comparison, int32_t table, pal_text *out);
void pal_report_table_row(const pal_comparison *comparison, int32_t table, int32_t row,
                          pal_text *out);
/* Drawn from the document: differences, slices in short, verdict, the next command with the model
 * in `folder` (NULL: not saved). */
pal_status pal_report_text(pal_ctx *ctx, const json_t *results, const char *folder, pal_text *out);

/* One self-contained HTML page: no network, works without scripts, light and dark. */
pal_status pal_report_html(pal_ctx *ctx, const json_t *results, pal_text *out);

#endif
