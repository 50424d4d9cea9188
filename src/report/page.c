/* page.c - reading the results document for the page. */
#include "report/page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

void pal_page_text(const json_t *json, const char *path, pal_text *out) {
    pal_text_add_html(out, pal_json_text_at(json, path, ""));
}

void pal_page_number(const json_t *json, const char *path, const char *format, pal_text *out) {
    const json_t *at = pal_json_at(json, path);
    if (!json_is_number(at)) {
        pal_text_add(out, "–");
        return;
    }
    char text[400];
    /* Formats are the callers' own. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, format, json_number_value(at));
#pragma GCC diagnostic pop
    pal_text_add(out, text);
}

int64_t pal_page_whole(const json_t *json, const char *path) {
    double value = pal_json_number_at(json, path, 0);
    return isfinite(value) ? (int64_t)fmin(fmax(value, -1e15), 1e15) : 0;
}

void pal_page_count(const json_t *json, const char *path, pal_text *out) {
    pal_text_add_count(out, pal_page_whole(json, path));
}

bool pal_page_is(const json_t *json, const char *key) {
    return json_is_true(json_object_get(json, key));
}

bool pal_page_is_done(const json_t *model) {
    return !strcmp(pal_json_text_at(model, "status", ""), "done");
}

bool pal_page_has_role(const json_t *model, const char *role) {
    return !strcmp(pal_json_text_at(model, "role", ""), role);
}

void pal_page_interval(const json_t *json, const char *path, const char *format, pal_text *out) {
    const json_t *interval = pal_json_at(json, path);
    pal_page_number(interval, "low", format, out);
    pal_text_add(out, " – ");
    pal_page_number(interval, "high", format, out);
}

void pal_page_bounds(const json_t *json, const char *path, pal_text *out) {
    const json_t *interval = pal_json_at(json, path);
    if (!json_is_number(json_object_get(interval, "low"))) {
        pal_text_add(out, " (too few to tell)");
        return;
    }
    pal_text_add(out, " (");
    pal_page_number(interval, "low", "%+.3f", out);
    pal_text_add(out, " to ");
    pal_page_number(interval, "high", "%+.3f", out);
    pal_text_add(out, ")");
}

void pal_page_cell(const json_t *json, const char *path, const char *label, bool interval,
                   pal_text *out) {
    double value = pal_json_number_at(pal_json_at(json, path), interval ? "low" : "mean", NAN);
    pal_text_addf(out, "<td data-label=\"%s\"", label);
    if (isfinite(value)) pal_text_addf(out, " data-value=\"%.9g\"", value);
    pal_text_add(out, ">");
    if (interval) {
        pal_page_interval(json, path, "%.3f", out);
    } else {
        pal_page_number(pal_json_at(json, path), "mean", "%.4f", out);
    }
    pal_text_add(out, "</td>");
}

int32_t pal_page_points(const json_t *series, pal_point *points, int32_t most) {
    int32_t n = 0;
    size_t index;
    json_t *pair;
    json_array_foreach(series, index, pair) {
        if (n == most) break;
        points[n++] = (pal_point){.x = json_number_value(json_array_get(pair, 0)),
                                  .y = json_number_value(json_array_get(pair, 1)),
                                  .label = ""};
    }
    return n;
}
