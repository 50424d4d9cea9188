/* charts.c - scales, ticks and shapes. */
#include "report/charts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    CHART_WIDTH = 480,
    CHART_HEIGHT = 300,
    CHART_LEFT = 56,
    CHART_RIGHT = 18,
    CHART_TOP = 26,
    CHART_BOTTOM = 48,
    CHART_TICKS_MAX = 12
};

typedef struct {
    double low, high; /* of the data, in log10 where is_log */
    double from, to;  /* pixels */
    bool is_log, is_time, is_seconds;
    int32_t n_ticks;
    double ticks[CHART_TICKS_MAX]; /* data values */
} chart_scale;

static double chart_place(const chart_scale *scale, double value) {
    double at = scale->is_log ? log10(value) : value;
    double share = scale->high > scale->low ? (at - scale->low) / (scale->high - scale->low) : 0.5;
    return scale->from + share * (scale->to - scale->from);
}

/* 1, 2 or 5 times a power of ten so that at most `most` steps cover the span. */
static double chart_step(double span, int32_t most) {
    double step = pow(10, floor(log10(span / most)));
    static const double factors[] = {1, 2, 5, 10};
    for (int i = 0; i < 4; i++) {
        if (span / (step * factors[i]) <= most) return step * factors[i];
    }
    return step * 10;
}

static double chart_time_step(double span, int32_t most) {
    static const double steps[] = {60,
                                   3600,
                                   6 * 3600,
                                   86400,
                                   7 * 86400,
                                   30.4375 * 86400,
                                   91.3125 * 86400,
                                   365.25 * 86400,
                                   5 * 365.25 * 86400};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (span / steps[i] <= most) return steps[i];
    }
    return chart_step(span, most);
}

static void chart_scale_ticks(chart_scale *scale, int32_t most) {
    if (scale->is_log) {
        /* Few decades have ticks at 2 and 5 too. */
        static const double factors[] = {1, 2, 5};
        bool is_narrow = scale->high - scale->low < 2;
        int32_t step = (int32_t)fmax(1, ceil((scale->high - scale->low) / 7));
        for (int32_t e = (int32_t)floor(scale->low - 1e-9); e <= scale->high + 1e-9; e += step) {
            for (int f = 0; f < (is_narrow ? 3 : 1); f++) {
                double tick = factors[f] * pow(10, e);
                if (log10(tick) > scale->low - 1e-9 && log10(tick) < scale->high + 1e-9 &&
                    scale->n_ticks < CHART_TICKS_MAX)
                    scale->ticks[scale->n_ticks++] = tick;
            }
        }
        return;
    }
    double span = scale->high - scale->low;
    if (!(span > 0)) {
        scale->ticks[scale->n_ticks++] = scale->low;
        return;
    }
    double step = scale->is_time ? chart_time_step(span, most) : chart_step(span, most);
    for (double tick = ceil(scale->low / step - 1e-9) * step;
         tick <= scale->high + 1e-9 * span && scale->n_ticks < CHART_TICKS_MAX; tick += step) {
        scale->ticks[scale->n_ticks++] = fabs(tick) < 1e-9 * span ? 0 : tick;
    }
}

static void chart_fit(chart_scale *scale, const pal_point *points, int32_t n, bool vertical,
                      bool from_zero) {
    scale->low = INFINITY;
    scale->high = -INFINITY;
    for (int32_t i = 0; i < n; i++) {
        double value = vertical ? points[i].y : points[i].x;
        if (scale->is_log) value = value > 0 ? log10(value) : NAN;
        if (!isfinite(value)) continue;
        scale->low = fmin(scale->low, value);
        scale->high = fmax(scale->high, value);
    }
    if (!isfinite(scale->low)) scale->low = scale->high = 0;
    if (from_zero && !scale->is_log) scale->low = fmin(scale->low, 0);
    if (scale->is_log && from_zero) {
        /* Whole decades keep at least two ticks. */
        scale->low = floor(scale->low);
        scale->high = ceil(scale->high - 0.005);
        if (scale->high <= scale->low) scale->high = scale->low + 1;
    } else if (scale->is_log) {
        double pad = fmax(0.06 * (scale->high - scale->low), 0.12);
        scale->low -= pad;
        scale->high += pad;
    } else if (!scale->is_time) {
        double pad = 0.06 * (scale->high - scale->low);
        if (pad <= 0) pad = fabs(scale->high) > 0 ? 0.1 * fabs(scale->high) : 1;
        scale->high += pad;
        if (!(from_zero && scale->low == 0)) scale->low -= pad;
    }
}

static void chart_add_tick(const chart_scale *scale, double value, pal_text *out) {
    if (scale->is_time) {
        time_t time = (time_t)fmin(fmax(value, -1e12), 1e12);
        struct tm parts;
        char text[32] = "";
        if (gmtime_r(&time, &parts))
            strftime(text, sizeof text,
                     scale->high - scale->low > 3 * 86400.0 ? "%Y-%m-%d" : "%m-%d %H:%M", &parts);
        pal_text_add(out, text);
    } else if (scale->is_seconds) {
        pal_text_add_seconds(out, value);
    } else if (fabs(value) >= 1e9) {
        pal_text_addf(out, "%g G", value / 1e9);
    } else if (fabs(value) >= 1e6) {
        pal_text_addf(out, "%g M", value / 1e6);
    } else if (fabs(value) >= 1e4) {
        pal_text_addf(out, "%g k", value / 1e3);
    } else {
        pal_text_addf(out, "%.6g", value);
    }
}

static void chart_open(const char *title, int32_t height, pal_text *out) {
    pal_text_addf(out, "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\"><title>",
                  CHART_WIDTH, height);
    pal_text_add_html(out, title);
    pal_text_add(out, "</title>\n");
}

static void chart_add_axes(const pal_axes *axes, const chart_scale *x, const chart_scale *y,
                           pal_text *out) {
    for (int32_t i = 0; i < y->n_ticks; i++) {
        double at = chart_place(y, y->ticks[i]);
        pal_text_addf(out,
                      "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/><text "
                      "class=\"tick\" text-anchor=\"end\" x=\"%d\" y=\"%.1f\">",
                      CHART_LEFT, CHART_WIDTH - CHART_RIGHT, at, at, CHART_LEFT - 8, at + 4);
        chart_add_tick(y, y->ticks[i], out);
        pal_text_add(out, "</text>\n");
    }
    for (int32_t i = 0; i < x->n_ticks; i++) {
        double at = chart_place(x, x->ticks[i]);
        pal_text_addf(out,
                      "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/><text "
                      "class=\"tick\" text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">",
                      at, at, CHART_TOP, CHART_HEIGHT - CHART_BOTTOM, at,
                      CHART_HEIGHT - CHART_BOTTOM + 18);
        chart_add_tick(x, x->ticks[i], out);
        pal_text_add(out, "</text>\n");
    }
    pal_text_addf(out, "<text class=\"axis\" text-anchor=\"end\" x=\"%d\" y=\"%d\">",
                  CHART_WIDTH - CHART_RIGHT, CHART_HEIGHT - 8);
    pal_text_add_html(out, axes->x_label);
    pal_text_addf(out, "</text><text class=\"axis\" x=\"%d\" y=\"%d\">", CHART_LEFT,
                  CHART_TOP - 10);
    pal_text_add_html(out, axes->y_label);
    pal_text_add(out, "</text>\n");
}

static void chart_prepare(const pal_axes *axes, const pal_point *points, int32_t n, bool from_zero,
                          chart_scale *x, chart_scale *y) {
    *x = (chart_scale){.from = CHART_LEFT,
                       .to = CHART_WIDTH - CHART_RIGHT,
                       .is_log = axes->x_log,
                       .is_time = axes->x_is_time,
                       .is_seconds = axes->x_is_seconds};
    *y = (chart_scale){.from = CHART_HEIGHT - CHART_BOTTOM,
                       .to = CHART_TOP,
                       .is_log = axes->y_log,
                       .is_seconds = axes->y_is_seconds};
    chart_fit(x, points, n, false, false);
    chart_fit(y, points, n, true, from_zero);
    chart_scale_ticks(x, axes->x_is_time ? 5 : 6);
    chart_scale_ticks(y, 5);
}

/* --- scatter: labels stand where they cover neither labels nor dots --- */

enum { CHART_LABELS_MAX = 80, CHART_LABEL_HEIGHT = 14, CHART_LABEL_GAP = 9 };

typedef struct {
    double x, y, width; /* left end of the base line */
} chart_label;

static bool chart_overlaps(const chart_label *a, const chart_label *b) {
    return a->x < b->x + b->width && b->x < a->x + a->width &&
           fabs(a->y - b->y) < CHART_LABEL_HEIGHT;
}

static bool chart_is_free(const chart_label *label, const chart_label *placed, int32_t n_placed,
                          const chart_label *dots, int32_t n_dots) {
    if (label->x < CHART_LEFT || label->x + label->width > CHART_WIDTH - 2) return false;
    if (label->y < CHART_TOP || label->y > CHART_HEIGHT - CHART_BOTTOM - 2) return false;
    for (int32_t i = 0; i < n_placed; i++) {
        if (chart_overlaps(&placed[i], label)) return false;
    }
    for (int32_t i = 0; i < n_dots; i++) {
        if (chart_overlaps(&dots[i], label)) return false;
    }
    return true;
}

/* The nearest free place to the right or left of its dot, further and further up and down. */
static chart_label chart_place_label(const chart_label *placed, int32_t n_placed,
                                     const chart_label *dots, int32_t n_dots, double x, double y,
                                     double width) {
    chart_label first = {.x = x + CHART_LABEL_GAP, .y = y + 4, .width = width};
    for (int32_t attempt = 0; attempt < 48; attempt++) {
        int32_t step = (attempt / 2 + 1) / 2;
        chart_label label = first;
        if (attempt % 2) label.x = x - CHART_LABEL_GAP - width;
        label.y += (attempt / 2 % 2 ? -CHART_LABEL_HEIGHT : CHART_LABEL_HEIGHT) * step;
        if (chart_is_free(&label, placed, n_placed, dots, n_dots)) return label;
    }
    if (first.x + width > CHART_WIDTH - 2) first.x = x - CHART_LABEL_GAP - width;
    return first;
}

/* A label that had to move far away is joined to its dot. */
static void chart_add_leader(const chart_label *label, double x, double y, pal_text *out) {
    double middle = label->y - 4;
    if (fabs(middle - y) < CHART_LABEL_HEIGHT) return;
    pal_text_addf(out, "<line class=\"leader\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
                  x, y, label->x > x ? label->x - 2 : label->x + label->width + 2, middle);
}

void pal_chart_scatter(const pal_axes *axes, const pal_point *points, int32_t n, pal_text *out) {
    chart_label labels[CHART_LABELS_MAX], dots[CHART_LABELS_MAX];
    chart_scale x, y;
    if (n > CHART_LABELS_MAX) n = CHART_LABELS_MAX;
    chart_prepare(axes, points, n, true, &x, &y);
    chart_open(axes->title, CHART_HEIGHT, out);
    chart_add_axes(axes, &x, &y, out);
    for (int32_t i = 0; i < n; i++)
        dots[i] = (chart_label){.x = chart_place(&x, points[i].x) - 5,
                                .y = chart_place(&y, points[i].y) + 4,
                                .width = 10};
    for (int32_t i = 0; i < n; i++) {
        double at_x = dots[i].x + 5, at_y = dots[i].y - 4,
               width = 7.0 * (double)pal_utf8_columns(points[i].label);
        labels[i] = chart_place_label(labels, i, dots, n, at_x, at_y, width);
        chart_add_leader(&labels[i], at_x, at_y, out);
        /* Names are narrower than the room they get: they stay at the dot's side. */
        bool at_left = labels[i].x < at_x;
        pal_text_addf(out,
                      "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"/><text class=\"label\" "
                      "text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">",
                      points[i].is_marked ? "dot front" : "dot", at_x, at_y,
                      at_left ? "end" : "start", labels[i].x + (at_left ? width : 0), labels[i].y);
        pal_text_add_html(out, points[i].label);
        pal_text_add(out, "</text>\n");
    }
    pal_text_add(out, "</svg>\n");
}

void pal_chart_line(const pal_axes *axes, const pal_point *points, int32_t n, pal_text *out) {
    chart_scale x, y;
    chart_prepare(axes, points, n, true, &x, &y);
    chart_open(axes->title, CHART_HEIGHT, out);
    chart_add_axes(axes, &x, &y, out);
    for (int pass = 0; pass < 2; pass++) {
        double last_x = CHART_LEFT;
        pal_text_add(out, pass ? "<path class=\"line\" d=\"" : "<path class=\"area\" d=\"");
        bool started = false;
        for (int32_t i = 0; i < n; i++) {
            if ((axes->x_log && points[i].x <= 0) || (axes->y_log && points[i].y <= 0)) continue;
            last_x = chart_place(&x, points[i].x);
            if (!started && !pass)
                pal_text_addf(out, "M%.1f %d", last_x, CHART_HEIGHT - CHART_BOTTOM);
            pal_text_addf(out, "%s%.1f %.1f", started || !pass ? "L" : "M", last_x,
                          chart_place(&y, points[i].y));
            started = true;
        }
        if (started && !pass) pal_text_addf(out, "L%.1f %dZ", last_x, CHART_HEIGHT - CHART_BOTTOM);
        pal_text_add(out, "\"/>\n");
    }
    pal_text_add(out, "</svg>\n");
}

/* --- several lines --- */

/* The first characters of a name that stands beside a line or bar; the whole is told to who points
 * at it. */
static void chart_add_short(const char *name, pal_text *out) {
    enum { COLUMNS = 22 };
    int32_t columns = 0;
    size_t n = 0;
    for (; name[n]; n++) {
        if (((unsigned char)name[n] & 0xC0) != 0x80 && ++columns > COLUMNS) break;
    }
    if (name[n]) {
        pal_text_add(out, "<title>");
        pal_text_add_html(out, name);
        pal_text_add(out, "</title>");
    }
    pal_text text = {0};
    pal_text_add_bytes(&text, name, n);
    if (name[n]) pal_text_add(&text, "…");
    pal_text_add_html(out, text.bytes ? text.bytes : "");
    out->failed |= text.failed;
    pal_text_release(&text);
}

static bool chart_can_place(const pal_axes *axes, const pal_point *point) {
    return isfinite(point->x) && isfinite(point->y) && !(axes->x_log && point->x <= 0) &&
           !(axes->y_log && point->y <= 0);
}

static void chart_add_series(const pal_axes *axes, const pal_series *series, int32_t color,
                             const chart_scale *x, const chart_scale *y, pal_text *out) {
    bool started = false;
    pal_text_addf(out, "<path class=\"line s%d\" d=\"", color);
    for (int32_t i = 0; i < series->n; i++) {
        if (!chart_can_place(axes, &series->points[i])) continue;
        pal_text_addf(out, "%s%.1f %.1f", started ? "L" : "M", chart_place(x, series->points[i].x),
                      chart_place(y, series->points[i].y));
        started = true;
    }
    pal_text_add(out, "\"/>\n");
    for (int32_t i = 0; i < series->n; i++) {
        const pal_point *point = &series->points[i];
        if (!chart_can_place(axes, point) || !(series->has_dots || point->is_marked)) continue;
        double at_x = chart_place(x, point->x), at_y = chart_place(y, point->y);
        if (point->is_marked)
            pal_text_addf(out, "<line class=\"mark\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>",
                          at_x, at_x, CHART_TOP, CHART_HEIGHT - CHART_BOTTOM);
        pal_text_addf(out, "<circle class=\"dot t%d%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n", color,
                      point->is_marked ? " front" : "", at_x, at_y);
        if (!point->is_marked || !point->label) continue;
        bool at_left = at_x > (CHART_LEFT + CHART_WIDTH) / 2.0;
        pal_text_addf(out, "<text class=\"label\" text-anchor=\"%s\" x=\"%.1f\" y=\"%d\">",
                      at_left ? "end" : "start", at_x + (at_left ? -6 : 6), CHART_TOP + 28);
        pal_text_add_html(out, point->label);
        pal_text_add(out, "</text>\n");
    }
}

/* Height of the last point that can be drawn; NaN without a name or a point. */
static double chart_end(const pal_axes *axes, const pal_series *series, const chart_scale *y) {
    int32_t last = series->n - 1;
    while (last >= 0 && !chart_can_place(axes, &series->points[last])) last--;
    return series->label && last >= 0 ? chart_place(y, series->points[last].y) : NAN;
}

/* Names to the right of the lines' ends, in the order of the ends: moved down until they stand
 * apart, then up until they stand within the chart. */
static void chart_name_series(const pal_axes *axes, const pal_series *series, int32_t n,
                              const chart_scale *x, const chart_scale *y, pal_text *out) {
    enum { LINE = 13 };
    int32_t order[PAL_CHART_SERIES], n_named = 0;
    double at[PAL_CHART_SERIES];
    for (int32_t s = 0; s < n; s++) {
        double end = chart_end(axes, &series[s], y);
        if (!isfinite(end)) continue;
        int32_t place = n_named++;
        for (; place > 0 && at[place - 1] > end; place--) {
            at[place] = at[place - 1];
            order[place] = order[place - 1];
        }
        at[place] = end;
        order[place] = s;
    }
    for (int32_t i = 1; i < n_named; i++) at[i] = fmax(at[i], at[i - 1] + LINE);
    double room = CHART_HEIGHT - CHART_BOTTOM;
    for (int32_t i = n_named - 1; i >= 0; i--, room -= LINE) at[i] = fmin(at[i], room);
    for (int32_t i = 0; i < n_named; i++) {
        pal_text_addf(out, "<text class=\"label t%d\" x=\"%.1f\" y=\"%.1f\">",
                      order[i] % PAL_CHART_COLORS, x->to + 4, at[i] + 4);
        chart_add_short(series[order[i]].label, out);
        pal_text_add(out, "</text>\n");
    }
}

/* Room for the names to the right. */
static double chart_names_width(const pal_series *series, int32_t n) {
    double width = 0;
    for (int32_t s = 0; s < n; s++) {
        if (series[s].label)
            width = fmax(width, 10 + 7.2 * fmin((double)strlen(series[s].label), 22));
    }
    return width;
}

void pal_chart_curves(const pal_axes *axes, const pal_series *series, int32_t n, pal_text *out) {
    chart_scale x, y;
    pal_point ends[2 * PAL_CHART_SERIES] = {0}; /* least and largest of each series */
    if (n > PAL_CHART_SERIES) n = PAL_CHART_SERIES;
    for (int32_t s = 0; s < n; s++) {
        pal_point low = {.x = NAN, .y = NAN}, high = low;
        for (int32_t i = 0; i < series[s].n; i++) {
            const pal_point *point = &series[s].points[i];
            if (!chart_can_place(axes, point)) continue;
            low = (pal_point){.x = fmin(low.x, point->x), .y = fmin(low.y, point->y)};
            high = (pal_point){.x = fmax(high.x, point->x), .y = fmax(high.y, point->y)};
        }
        ends[2 * s] = low;
        ends[2 * s + 1] = high;
    }
    chart_prepare(axes, ends, 2 * n, false, &x, &y);
    x.to -= fmax(0, chart_names_width(series, n) - CHART_RIGHT);
    chart_open(axes->title, CHART_HEIGHT, out);
    chart_add_axes(axes, &x, &y, out);
    for (int32_t s = 0; s < n; s++)
        chart_add_series(axes, &series[s], s % PAL_CHART_COLORS, &x, &y, out);
    chart_name_series(axes, series, n, &x, &y, out);
    pal_text_add(out, "</svg>\n");
}

static void chart_add_legend(const pal_line *lines, int32_t n_lines, pal_text *out) {
    pal_text_add(out, "<p class=\"legend small\">");
    for (int32_t s = 0; s < n_lines; s++) {
        pal_text_addf(out,
                      "<span><svg viewBox=\"0 0 24 8\"><path class=\"line c%d%s\" "
                      "d=\"M0 4H24\"/></svg> ",
                      (int)lines[s].colour, lines[s].is_dashed ? " dashed" : "");
        pal_text_add_html(out, lines[s].label);
        pal_text_add(out, "</span>\n");
    }
    pal_text_add(out, "</p>\n");
}

void pal_chart_lines(const pal_axes *axes, const pal_point *points, const pal_line *lines,
                     int32_t n_lines, pal_text *out) {
    chart_scale x, y;
    int32_t n = 0;
    for (int32_t s = 0; s < n_lines; s++) {
        int32_t end = lines[s].from + lines[s].n;
        n = end > n ? end : n;
    }
    chart_prepare(axes, points, n, true, &x, &y);
    chart_open(axes->title, CHART_HEIGHT, out);
    chart_add_axes(axes, &x, &y, out);
    for (int32_t s = 0; s < n_lines; s++) {
        const pal_point *of_line = points + lines[s].from;
        bool started = false;
        pal_text_addf(out, "<path class=\"line c%d%s\" d=\"", (int)lines[s].colour,
                      lines[s].is_dashed ? " dashed" : "");
        for (int32_t i = 0; i < lines[s].n; i++) {
            if ((axes->x_log && of_line[i].x <= 0) || (axes->y_log && of_line[i].y <= 0)) continue;
            pal_text_addf(out, "%s%.1f %.1f", started ? "L" : "M", chart_place(&x, of_line[i].x),
                          chart_place(&y, of_line[i].y));
            started = true;
        }
        pal_text_add(out, "\"/>\n");
    }
    pal_text_add(out, "</svg>\n");
    chart_add_legend(lines, n_lines, out);
}

/* --- bars --- */

static void chart_add_amount(double value, bool is_share, pal_text *out) {
    if (is_share) {
        pal_text_addf(out, value > 0 && value < 0.1 ? "%.2g %%" : "%.1f %%", value);
    } else {
        bool is_small = fabs(value) < 0.01 && value != 0;
        pal_text_addf(out, is_small ? "%.4f" : fabs(value) < 1e5 ? "%.3f" : "%.4g", value);
    }
}

static void chart_add_bars(const char *title, const pal_bar *bars, int32_t n, bool is_share,
                           pal_text *out) {
    enum { ROW = 26, LABEL = 178, VALUE = 52 };
    double largest = 0;
    for (int32_t i = 0; i < n; i++) {
        if (isfinite(bars[i].mean))
            largest = fmax(largest, isfinite(bars[i].high) ? bars[i].high : bars[i].mean);
    }
    double scale = largest > 0 ? (CHART_WIDTH - LABEL - VALUE) / largest : 0;
    chart_open(title, n * ROW + 8, out);
    for (int32_t i = 0; i < n; i++) {
        double y = 4 + i * ROW, middle = y + ROW / 2.0;
        pal_text_addf(out, "<text class=\"label\" text-anchor=\"end\" x=\"%d\" y=\"%.1f\">",
                      LABEL - 10, middle + 4);
        chart_add_short(bars[i].label, out);
        pal_text_add(out, "</text>");
        if (!isfinite(bars[i].mean)) {
            pal_text_addf(out, "<text class=\"tick\" x=\"%d\" y=\"%.1f\">–</text>\n", LABEL + 4,
                          middle + 4);
            continue;
        }
        double end = LABEL + scale * bars[i].mean, label_at = end;
        pal_text_addf(
            out, "<rect class=\"%s\" x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>",
            bars[i].is_marked ? "bar front" : "bar", LABEL, y + 5, fmax(1, end - LABEL), ROW - 10);
        if (isfinite(bars[i].low)) {
            label_at = LABEL + scale * bars[i].high;
            pal_text_addf(out,
                          "<path class=\"whisker\" d=\"M%.1f %.1fH%.1fM%.1f %.1fv8M%.1f %.1fv8\"/>",
                          LABEL + scale * bars[i].low, middle, label_at,
                          LABEL + scale * bars[i].low, middle - 4, label_at, middle - 4);
        }
        pal_text_addf(out, "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\">", label_at + 6, middle + 4);
        chart_add_amount(bars[i].mean, is_share, out);
        pal_text_add(out, "</text>\n");
    }
    pal_text_add(out, "</svg>\n");
}

void pal_chart_bars(const char *title, const pal_bar *bars, int32_t n, pal_text *out) {
    chart_add_bars(title, bars, n, false, out);
}

void pal_chart_shares(const char *title, const pal_bar *bars, int32_t n, pal_text *out) {
    chart_add_bars(title, bars, n, true, out);
}
