/* figures.c - heat maps and flow pictures. */
#include <math.h>
#include <string.h>

#include "report/charts.h"

/* --- heat maps --- */

enum { HEAT_CELL = 12, HEAT_COLORS = 10 };

/* The class h0 … h9 of a value. */
static int32_t heat_color(double value, double low, double high) {
    double share = high > low ? (value - low) / (high - low) : 0.5;
    return (int32_t)fmin(fmax(floor(share * HEAT_COLORS), 0), HEAT_COLORS - 1);
}

void pal_chart_heat(const pal_heat *heat, pal_text *out) {
    int32_t width = heat->n_columns * HEAT_CELL, height = heat->n_rows * HEAT_CELL;
    pal_text_addf(out, "<svg class=\"chart heat\" viewBox=\"0 0 %d %d\" role=\"img\"><title>",
                  width, height);
    pal_text_add_html(out, heat->title);
    pal_text_addf(out, "</title><rect class=\"empty\" width=\"%d\" height=\"%d\"/>\n", width,
                  height);
    for (int32_t color = 0; color < HEAT_COLORS; color++) {
        bool started = false;
        for (int32_t r = 0; r < heat->n_rows; r++) {
            for (int32_t c = 0; c < heat->n_columns; c++) {
                double value = heat->cells[(int64_t)r * heat->n_columns + c];
                if (!isfinite(value) || heat_color(value, heat->low, heat->high) != color) continue;
                if (!started) pal_text_addf(out, "<path class=\"h%d\" d=\"", color);
                started = true;
                pal_text_addf(out, "M%d %dh11v11h-11z", c * HEAT_CELL, r * HEAT_CELL);
            }
        }
        if (started) pal_text_add(out, "\"/>\n");
    }
    pal_text_add(out, "</svg>\n");
}

void pal_chart_heat_legend(double low, double high, pal_text *out) {
    pal_text_addf(out, "<div class=\"legend small\">%.3g ", low);
    for (int32_t c = 0; c < HEAT_COLORS; c++)
        pal_text_addf(
            out,
            "<svg viewBox=\"0 0 12 12\"><rect class=\"h%d\" width=\"12\" height=\"12\"/></svg>", c);
    pal_text_addf(out,
                  " %.3g <svg viewBox=\"0 0 12 12\"><rect class=\"empty\" width=\"12\" "
                  "height=\"12\"/></svg> no value</div>\n",
                  high);
}

/* --- flow pictures --- */

/* Beside each other on a desk, below each other on a phone: the style sheet shows one of the two.
 */
typedef struct {
    const char *class;
    double box_width, box_height, step_x, step_y, width, height;
    size_t columns; /* characters of a line */
    int32_t lines;
} flow_layout;
static const flow_layout flow_wide = {"flow wide-only", 171, 92, 197, 0, 960, 100, 24, 4},
                         flow_tall = {"flow tall-only", 320, 62, 0, 84, 322, 402, 42, 2};

/* Bytes of the words that fit on one line; at least one character. */
static size_t flow_line(const char *text, size_t most) {
    size_t fits = 0, columns = 0;
    for (size_t i = 0; text[i]; i++) {
        if (text[i] == ' ') fits = i;
        if (((unsigned char)text[i] & 0xC0) != 0x80 && ++columns > most) return fits ? fits : i;
    }
    return strlen(text);
}

static void flow_add_words(const flow_layout *layout, const char *text, double x, double y,
                           pal_text *out) {
    for (int32_t line = 0; *text && line < layout->lines; line++) {
        size_t n = flow_line(text, layout->columns);
        pal_text words = {0};
        pal_text_add_bytes(&words, text, n);
        text += n;
        while (*text == ' ') text++;
        if (*text && line + 1 == layout->lines) pal_text_add(&words, "…");
        pal_text_addf(out, "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\">", x, y + 15 * line);
        pal_text_add_html(out, words.bytes ? words.bytes : "");
        pal_text_add(out, "</text>");
        out->failed |= words.failed;
        pal_text_release(&words);
    }
}

static void flow_draw(const flow_layout *layout, const char *title, const pal_box *boxes, int32_t n,
                      pal_text *out) {
    pal_text_addf(out, "<svg class=\"%s\" viewBox=\"0 0 %.0f %.0f\" role=\"img\"><title>",
                  layout->class, layout->width, layout->height);
    pal_text_add_html(out, title);
    pal_text_add(out, "</title>\n");
    for (int32_t i = 0; i < n; i++) {
        double x = 1 + i * layout->step_x, y = 2 + i * layout->step_y;
        pal_text_addf(out,
                      "<rect class=\"box\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                      "rx=\"8\"/><text class=\"name\" x=\"%.1f\" y=\"%.1f\">",
                      x, y, layout->box_width, layout->box_height, x + 10, y + 20);
        pal_text_add_html(out, boxes[i].name);
        pal_text_add(out, "</text>");
        flow_add_words(layout, boxes[i].text, x + 10, y + 39, out);
        if (i + 1 < n && layout->step_x > 0)
            pal_text_addf(out, "<path class=\"arrow\" d=\"M%.1f %.1fh19m-6 -5l6 5l-6 5\"/>\n",
                          x + layout->box_width + 3, y + layout->box_height / 2);
        if (i + 1 < n && layout->step_y > 0)
            pal_text_addf(out, "<path class=\"arrow\" d=\"M%.1f %.1fv16m-5 -6l5 6l5 -6\"/>\n",
                          x + layout->box_width / 2, y + layout->box_height + 3);
    }
    pal_text_add(out, "</svg>\n");
}

void pal_chart_flow(const char *title, const pal_box *boxes, int32_t n, pal_text *out) {
    if (n > PAL_FLOW_BOXES) n = PAL_FLOW_BOXES;
    flow_draw(&flow_wide, title, boxes, n, out);
    flow_draw(&flow_tall, title, boxes, n, out);
}
