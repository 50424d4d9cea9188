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
    bool x_log, y_log, x_is_time;    /* times in seconds since 1970 */
    bool x_is_seconds, y_is_seconds; /* durations: "10 ms" */
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
} pal_line;

/* Several lines over common axes, each with its class "line c<colour>", and a legend below. */
void pal_chart_lines(const pal_axes *axes, const pal_point *points, const pal_line *lines,
                     int32_t n_lines, pal_text *out);

typedef struct {
    const char *label;
    double mean, low, high; /* NaN mean: no bar; NaN low: no whisker */
    bool is_marked;
} pal_bar;

/* Horizontal bars with whiskers from a common zero. */
void pal_chart_bars(const char *title, const pal_bar *bars, int32_t n, pal_text *out);
/* The same with means that are percent. */
void pal_chart_shares(const char *title, const pal_bar *bars, int32_t n, pal_text *out);

enum { PAL_CHART_SERIES = 32, PAL_CHART_COLORS = 6 };
typedef struct {
    const char *label; /* at its right end, or NULL */
    const pal_point *points;
    int32_t n; /* points that are not finite are left out; marked ones get a line and their label */
    bool has_dots;
} pal_series;

/* Lines on common axes, which need not start at zero. */
void pal_chart_curves(const pal_axes *axes, const pal_series *series, int32_t n, pal_text *out);

/* [n_rows, n_columns] cells on one scale from low to high; NaN: an empty cell. */
typedef struct {
    const char *title;
    int32_t n_rows, n_columns;
    const double *cells;
    double low, high;
} pal_heat;
void pal_chart_heat(const pal_heat *heat, pal_text *out);
/* The scale of heat maps, from low to high. */
void pal_chart_heat_legend(double low, double high, pal_text *out);

/* Boxes joined by arrows, each with a heading and a few words; at most PAL_FLOW_BOXES. */
enum { PAL_FLOW_BOXES = 5 };
typedef struct {
    const char *name, *text;
} pal_box;
void pal_chart_flow(const char *title, const pal_box *boxes, int32_t n, pal_text *out);

#endif
