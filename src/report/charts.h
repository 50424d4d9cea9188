/* charts.h - inline SVG that needs no script: colours come from the page's CSS variables, numbers
 * from the results document. */
#ifndef PAL_REPORT_CHARTS_H
#define PAL_REPORT_CHARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

typedef struct {
    const char *title; /* read by screen readers */
    const char *x_label, *y_label;
    bool x_log, y_log, x_is_time; /* times in seconds since 1970 */
} pal_axes;

typedef struct {
    double x, y;
    const char *label;
    bool is_marked; /* drawn in the accent colour */
} pal_point;

/* Labelled points; marked ones are joined by a line from left to right. */
void pal_chart_scatter(const pal_axes *axes, const pal_point *points, int32_t n, pal_text *out);
/* A line through points given from left to right, area below it tinted. */
void pal_chart_line(const pal_axes *axes, const pal_point *points, int32_t n, pal_text *out);

typedef struct {
    const char *label;
    int32_t from, n; /* points[from … from + n) */
    int32_t colour;  /* 0 … 7: the class of the line */
    bool is_dashed;
} pal_series;

/* Several lines over common axes, each with its class "line c<colour>", and a legend below. */
void pal_chart_lines(const pal_axes *axes, const pal_point *points, const pal_series *series,
                     int32_t n_series, pal_text *out);

typedef struct {
    const char *label;
    double mean, low, high; /* NaN mean: no bar; NaN low: no whisker */
    bool is_marked;
} pal_bar;

/* Horizontal bars with whiskers from a common zero. */
void pal_chart_bars(const char *title, const pal_bar *bars, int32_t n, pal_text *out);

#endif
