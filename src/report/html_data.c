/* html_data.c - the page's section on the data. */
#include <math.h>
#include <stdio.h>

#include "base/json.h"
#include "report/page.h"

static void data_add_list(const json_t *list, pal_text *out) {
    size_t index;
    json_t *line;
    if (json_array_size(list) == 0) return;
    pal_text_add(out, "<ul class=\"small\">");
    json_array_foreach(list, index, line) {
        pal_text_add(out, "<li>");
        pal_text_add_html(out, json_is_string(line) ? json_string_value(line) : "");
        pal_text_add(out, "</li>");
    }
    pal_text_add(out, "</ul>\n");
}

static void data_add_fact(const char *term, pal_text *value, pal_text *out) {
    pal_text_addf(out, "<div><dt>%s</dt><dd>", term);
    pal_text_add_html(out, value->bytes ? value->bytes : "");
    pal_text_add(out, "</dd></div>");
    out->failed |= value->failed;
    pal_text_release(value);
}

/* Sizes as tiles. */
static void data_add_facts(const json_t *data, pal_text *out) {
    static const char *const counts[][2] = {
        {"events", "events"}, {"users", "users"}, {"items", "items"}};
    pal_text value = {0};
    pal_text_add(out, "<dl class=\"facts\">");
    for (int i = 0; i < 3; i++) {
        pal_page_count(data, counts[i][1], &value);
        data_add_fact(counts[i][0], &value, out);
    }
    pal_page_number(data, "median_user_events", "%.0f", &value);
    data_add_fact("events of the median user", &value, out);
    pal_text_addf(&value, "%.3g %%", 100 * pal_json_number_at(data, "density", 0));
    data_add_fact("of all pairs filled", &value, out);
    int64_t first = pal_page_whole(data, "first_time"), last = pal_page_whole(data, "last_time");
    if (last > first) {
        pal_text_addf(&value, "%.0f", ceil((double)(last - first) / 86400));
        data_add_fact("days", &value, out);
    }
    pal_text_add(out, "</dl>\n");
}

static void data_add_line(const json_t *series, const char *heading, const pal_axes *axes,
                          pal_text *out) {
    pal_point points[PAL_PAGE_POINTS];
    int32_t n = pal_page_points(series, points, PAL_PAGE_POINTS);
    if (n < 2) return;
    pal_text_addf(out, "<div class=\"card\"><h3>%s</h3>", heading);
    pal_chart_line(axes, points, n, out);
    pal_text_add(out, "</div>\n");
}

enum { DATA_BARS = 40 };

/* [[from, n], …] as bars; with `ranges` each reaches up to the next. */
static void data_add_bars(const json_t *series, const char *heading, bool ranges, pal_text *out) {
    pal_point points[DATA_BARS];
    pal_bar bars[DATA_BARS];
    char labels[DATA_BARS][64];
    int32_t n = pal_page_points(series, points, DATA_BARS), n_bars = 0;
    double total = 0;
    for (int32_t i = 0; i < n; i++) total += fmax(0, points[i].y);
    if (n < 2 || !(total > 0) || !isfinite(total)) return;
    int32_t first = 0, last = n - 1;
    while (ranges && first < last && !(points[first].y > 0)) first++;
    while (ranges && first < last && !(points[last].y > 0)) last--;
    for (int32_t i = first; i <= last; i++) {
        if (ranges && i + 1 < n && points[i + 1].x - 1 > points[i].x) {
            snprintf(labels[i], sizeof labels[i], "%.6g–%.6g", points[i].x, points[i + 1].x - 1);
        } else {
            snprintf(labels[i], sizeof labels[i], ranges && i + 1 == n ? "%.6g+" : "%.6g",
                     points[i].x);
        }
        bars[n_bars++] = (pal_bar){
            .label = labels[i], .mean = 100 * points[i].y / total, .low = NAN, .high = NAN};
    }
    pal_text_addf(out, "<div class=\"card\"><h3>%s</h3>", heading);
    pal_chart_shares(heading, bars, n_bars, out);
    pal_text_add(out, "</div>\n");
}

/* What the columns were taken for, and which event types there are. */
static void data_add_columns(const json_t *data, pal_text *out) {
    static const char *const terms[][2] = {
        {"what it is", "kind"}, {"format", "format"}, {"columns", "columns"}};
    pal_text_add(out, "<dl class=\"small\" style=\"margin-bottom:12px\">");
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
        if (!*pal_json_text_at(data, terms[i][1], "")) continue;
        pal_text_addf(out, "<dt>%s</dt><dd>", terms[i][0]);
        pal_page_text(data, terms[i][1], out);
        pal_text_add(out, "</dd>");
    }
    size_t index;
    json_t *type;
    json_array_foreach(json_object_get(data, "types"), index, type) {
        pal_text_add(out, index ? ", " : "<dt>event types</dt><dd>");
        pal_page_text(type, "name", out);
        pal_text_addf(out, " %.3g %%", 100 * pal_json_number_at(type, "share", 0));
        if (pal_page_is(type, "target")) pal_text_add(out, " (what is recommended)");
    }
    pal_text_add(out, json_array_size(json_object_get(data, "types")) ? "</dd></dl>\n" : "</dl>\n");
}

void pal_page_data(const json_t *data, pal_text *out) {
    pal_text_add(out, "<h2 id=\"data\">The data</h2><div class=\"card\">");
    data_add_facts(data, out);
    data_add_columns(data, out);
    data_add_list(json_object_get(data, "findings"), out);
    if (json_array_size(json_object_get(data, "warnings")))
        pal_text_add(out, "<h3>Worth a look</h3>");
    data_add_list(json_object_get(data, "warnings"), out);
    pal_text_add(out, "</div><div class=\"columns wide\" style=\"margin-top:14px\">\n");
    data_add_line(json_object_get(data, "long_tail"), "Long tail",
                  &(pal_axes){.title = "Events of each item by its rank",
                              .x_label = "rank of the item",
                              .y_label = "events",
                              .x_log = true,
                              .y_log = true},
                  out);
    data_add_line(
        json_object_get(data, "timeline"), "Over time",
        &(pal_axes){
            .title = "Events over time", .x_label = "", .y_label = "events", .x_is_time = true},
        out);
    data_add_bars(json_object_get(data, "values"), "Values, share of events", false, out);
    data_add_bars(json_object_get(data, "history_lengths"), "Events a user, share of users", true,
                  out);
    pal_text_add(out, "</div>\n");
}
