/* html_learning.c - how learning went, and what it costs on more data. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "report/page.h"

/* --- learning curves --- */

/* Points of one array of a curve; `sign` turns "minus rmse" back. */
static int32_t curve_points(const json_t *curve, const char *key, double sign, const char *best,
                            pal_point *points) {
    const json_t *epochs = json_object_get(curve, "epochs"), *values = json_object_get(curve, key);
    double kept = pal_json_number_at(curve, "best", 0);
    size_t n = json_array_size(epochs);
    if (json_array_size(values) < n) n = json_array_size(values);
    if (n > PAL_PAGE_POINTS) n = PAL_PAGE_POINTS;
    int32_t n_finite = 0;
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_array_get(values, i);
        double epoch = json_number_value(json_array_get(epochs, i));
        points[i] =
            (pal_point){.x = epoch,
                        .y = json_is_number(value) ? sign * json_number_value(value) : NAN,
                        .label = best,
                        .is_marked = best && epoch > 0 && epoch - kept < 0.5 && kept - epoch < 0.5};
        n_finite += isfinite(points[i].y) ? 1 : 0;
    }
    return n_finite > 1 ? (int32_t)n : 0;
}

static void curve_add(const char *heading, const char *label, const pal_point *points, int32_t n,
                      pal_text *out) {
    pal_text_add(out, "<div>");
    if (n)
        pal_chart_curves(&(pal_axes){.title = heading, .x_label = "epoch", .y_label = label},
                         &(pal_series){.points = points, .n = n}, 1, out);
    pal_text_add(out, "</div>");
}

static void curve_add_model(const json_t *model, pal_point *points, pal_text *out) {
    const json_t *curve = json_object_get(model, "curve");
    bool is_rmse = !strcmp(pal_json_text_at(curve, "judged_by", ""), "minus rmse");
    pal_text_add(out, "<div class=\"card\"><h3>");
    pal_page_text(model, "spec", out);
    pal_text_add(out, " <span class=\"soft small\">");
    pal_page_count(curve, "n", out);
    pal_text_add(out, " epochs");
    if (pal_page_whole(curve, "best") > 0) {
        pal_text_add(out, ", the best was ");
        pal_page_count(curve, "best", out);
    }
    if (pal_page_is(curve, "budget_limited"))
        pal_text_add(out, "; it still rose when time or epochs ended: more may help");
    if (json_is_string(json_object_get(model, "reason"))) {
        pal_text_add(out, "; ");
        pal_page_text(model, "reason", out);
    }
    pal_text_add(out, "</span></h3><div class=\"columns wide\">");
    int32_t n = curve_points(curve, "loss", 1, NULL, points);
    curve_add("Loss after each epoch", "loss on what it learns from", points, n, out);
    n = curve_points(curve, "judged", is_rmse ? -1 : 1, "best", points);
    curve_add("What validation said after each epoch",
              is_rmse ? "rmse on validation, smaller is better"
                      : "chosen metric on validation, larger is better",
              points, n, out);
    pal_text_add(out, "</div></div>\n");
}

void pal_page_curves(const json_t *task, pal_text *out) {
    pal_point *points = NULL;
    size_t index;
    json_t *model;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (pal_json_number_at(model, "curve/n", 0) < 2) continue;
        if (!points) {
            points = calloc(PAL_PAGE_POINTS, sizeof *points);
            out->failed |= !points;
            if (!points) return;
            pal_text_add(out, "<h2 id=\"learning\">How learning went</h2><p class=\"soft small\">"
                              "The epoch that validation liked best is kept.</p>"
                              "<div class=\"stack\">\n");
        }
        curve_add_model(model, points, out);
    }
    if (points) pal_text_add(out, "</div>\n");
    free(points);
}

/* --- growth of cost --- */

enum { GROWTH_POINTS = 16 };
/* Shorter times are noise of the clock and of caches. */
static const double growth_least_seconds = 0.02;

/* How steeply `y` grows with the events on log-log axes (least squares); NaN: cannot be told. */
static double growth_slope(const pal_point *points, int32_t n) {
    double sx = 0, sy = 0, sxx = 0, sxy = 0;
    int32_t used = 0;
    for (int32_t i = 0; i < n; i++) {
        if (!(points[i].x > 0) || !(points[i].y > 0)) continue;
        double x = log(points[i].x), y = log(points[i].y);
        sx += x;
        sy += y;
        sxx += x * x;
        sxy += x * y;
        used++;
    }
    double spread = used * sxx - sx * sx;
    return used > 1 && spread > 1e-12 ? (used * sxy - sx * sy) / spread : NAN;
}

/* Points of (training events, key); `key` of "seconds" comes from what the clock measured. */
static int32_t growth_points(const json_t *model, const char *key, pal_point *points) {
    const json_t *growth = json_object_get(model, "growth"),
                 *clocked = pal_json_at(model, "measured/growth_seconds");
    int32_t n = 0;
    size_t index;
    json_t *at;
    json_array_foreach(growth, index, at) {
        if (n == GROWTH_POINTS) break;
        const json_t *value =
            strcmp(key, "seconds") ? json_object_get(at, key) : json_array_get(clocked, index);
        points[n++] = (pal_point){.x = pal_json_number_at(at, "events", NAN),
                                  .y = json_is_number(value) ? json_number_value(value) : NAN,
                                  .label = ""};
    }
    return n;
}

bool pal_page_growth_sentence(const json_t *model, pal_text *out) {
    pal_point points[GROWTH_POINTS];
    int32_t n = growth_points(model, "seconds", points);
    double slope = growth_slope(points, n);
    if (n < 2 || !isfinite(slope) || !isfinite(points[n - 1].y)) return false;
    pal_point work[GROWTH_POINTS];
    double work_slope = growth_slope(work, growth_points(model, "multiply_adds", work));
    if (points[n - 1].y < growth_least_seconds) {
        pal_text_add(out, "trained in ");
        pal_text_add_seconds(out, points[n - 1].y);
        pal_text_add(out, ", too little to tell how time grows");
        if (isfinite(work_slope))
            pal_text_addf(out, "; its work grows with the events to the power %.2f", work_slope);
        pal_text_add(out, ".");
        return true;
    }
    /* Less time for more events is noise of the clock. */
    slope = fmax(slope, 0);
    if (slope < 0.1) {
        pal_text_add(out, "time hardly grows with the users");
    } else {
        pal_text_addf(out, "time grows with the events to the power %.2f", slope);
    }
    if (isfinite(work_slope)) pal_text_addf(out, " (work %.2f)", work_slope);
    pal_text_add(out, ": about ");
    pal_text_add_seconds(out, fmin(points[n - 1].y * pow(10, slope), 1e12));
    pal_text_add(out, " for 10 times the users and ");
    pal_text_add_seconds(out, fmin(points[n - 1].y * pow(100, slope), 1e12));
    pal_text_add(out, " for 100 times, if it goes on like this.");
    return true;
}

static void growth_add_chart(const json_t *task, const char *key, const char *title,
                             const char *label, pal_text *out) {
    static const int32_t most = PAL_CHART_SERIES;
    pal_point points[PAL_CHART_SERIES][GROWTH_POINTS];
    pal_series series[PAL_CHART_SERIES];
    int32_t n = 0;
    size_t index;
    json_t *model;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (n == most) break;
        int32_t n_points = growth_points(model, key, points[n]);
        if (n_points < 2) continue;
        series[n] = (pal_series){.label = pal_json_text_at(model, "spec", ""),
                                 .points = points[n],
                                 .n = n_points,
                                 .has_dots = true};
        n++;
    }
    bool is_metric = !strcmp(key, "metric");
    pal_text_addf(out, "<div class=\"card\"><h3>%s</h3>", title);
    pal_chart_curves(&(pal_axes){.title = title,
                                 .x_label = "training events",
                                 .y_label = label,
                                 .x_log = true,
                                 .y_log = !is_metric,
                                 .y_is_seconds = !strcmp(key, "seconds")},
                     series, n, out);
    pal_text_add(out, "</div>\n");
}

void pal_page_growth(const json_t *results, const json_t *task, pal_text *out) {
    bool found = false;
    size_t index;
    json_t *model;
    json_array_foreach(json_object_get(task, "models"), index, model) found |=
        json_array_size(json_object_get(model, "growth")) > 1;
    if (!found) return;
    pal_text_add(out,
                 "<h2 id=\"growth\">What more data costs</h2><p class=\"soft small\">Each model "
                 "trained again on the events of a part of the users. The steeper, the dearer: "
                 "slope 1 is ten times the work for ten times the events.</p>"
                 "<div class=\"columns wide\">\n");
    growth_add_chart(task, "seconds", "Time of training", "time", out);
    growth_add_chart(task, "multiply_adds", "Work", "multiplications with additions", out);
    growth_add_chart(task, "model_bytes", "Size of the model", "bytes", out);
    growth_add_chart(task, "metric", "What more data brings",
                     pal_json_text_at(results, "protocol/metric", ""), out);
    pal_text_add(out, "</div><ul class=\"small\" style=\"margin-top:12px\">\n");
    json_array_foreach(json_object_get(task, "models"), index, model) {
        pal_text sentence = {0};
        if (pal_page_growth_sentence(model, &sentence)) {
            pal_text_add(out, "<li>");
            pal_page_text(model, "spec", out);
            pal_text_add(out, ": ");
            pal_text_add_html(out, sentence.bytes ? sentence.bytes : "");
            pal_text_add(out, "</li>\n");
        }
        out->failed |= sentence.failed;
        pal_text_release(&sentence);
    }
    pal_text_add(out, "</ul>\n");
}
