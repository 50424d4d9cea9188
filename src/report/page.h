/* page.h - what the files that draw the page share. All of them read the results document alone,
 * which may come from a file: whatever is missing or of another type is left out. */
#ifndef PAL_REPORT_PAGE_H
#define PAL_REPORT_PAGE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/text.h"
#include "report/charts.h"

enum { PAL_PAGE_POINTS = 512, PAL_PAGE_MODELS = 80 };

/* The text at `path`, escaped. */
void pal_page_text(const json_t *json, const char *path, pal_text *out);
/* The number at `path`, or a dash; `format` takes one double. */
void pal_page_number(const json_t *json, const char *path, const char *format, pal_text *out);
void pal_page_count(const json_t *json, const char *path, pal_text *out); /* 1,234 */
/* A number as a count, cut to what fits. */
int64_t pal_page_whole(const json_t *json, const char *path);
bool pal_page_is(const json_t *json, const char *key);
bool pal_page_is_done(const json_t *model);
bool pal_page_has_role(const json_t *model, const char *role);
/* The interval at `path` as "low – high". */
void pal_page_interval(const json_t *json, const char *path, const char *format, pal_text *out);
/* " (low to high)" of a difference, or that it is of too few people to tell. */
void pal_page_bounds(const json_t *json, const char *path, pal_text *out);
/* A cell of the interval at `path`: its mean, or its ends, with a heading for phones and a number
 * for sorting (an interval is sorted by its low end). */
void pal_page_cell(const json_t *json, const char *path, const char *label, bool interval,
                   pal_text *out);
/* [[x, y], …] as points; returns how many, at most `most`. */
int32_t pal_page_points(const json_t *series, pal_point *points, int32_t most);

/* Sections; nothing where the document has nothing to say. */
void pal_page_table(const json_t *results, const json_t *task, pal_text *out); /* html_table.c */
void pal_page_data(const json_t *data, pal_text *out);                         /* html_data.c */
void pal_page_curves(const json_t *task, pal_text *out);                       /* html_learning.c */
void pal_page_growth(const json_t *results, const json_t *task, pal_text *out);
void pal_page_ratings(const json_t *results, const json_t *task,
                      pal_text *out);                                           /* html_ratings.c */
void pal_page_flows(const json_t *task, pal_text *out);                         /* html_flow.c */
void pal_page_clicks(const json_t *results, const json_t *task, pal_text *out); /* html_clicks.c */
void pal_page_ageing(const json_t *results, const json_t *task, pal_text *out); /* html_ageing.c */
void pal_page_worth(const json_t *results, const json_t *task, pal_text *out);  /* html_worth.c */
void pal_page_new_items(const json_t *results, const json_t *task, pal_text *out); /* html_new.c */
void pal_page_source(const json_t *results, const json_t *task, pal_text *out); /* html_source.c */

/* How the winner's lists age, in one sentence, or nothing: shared with markdown.c. */
bool pal_page_ageing_sentence(const json_t *results, const json_t *task, pal_text *out);
/* Of the probability of a click that is the same for everything; NaN: cannot be told. */
double pal_page_constant_logloss(const json_t *results);

/* Names of up to three further metrics of the table, at the largest k. */
void pal_page_more_metrics(const json_t *results, char names[3][40]);

/* What growth says in one sentence of `model`, or nothing: shared with markdown.c. */
bool pal_page_growth_sentence(const json_t *model, pal_text *out);

#endif
