/* html_source.c - whether the second domain helps: each kind that uses it beside the same without,
 * and what it adds by how many people training knows. */
#include <math.h>

#include "base/json.h"
#include "report/page.h"

enum { SOURCE_POINTS = 16 };

/* Points of (training users, gain) of one model; returns how many. */
static int32_t source_points(const json_t *model, pal_point *points) {
    int32_t n = 0;
    size_t index;
    json_t *at;
    json_array_foreach(json_object_get(model, "growth"), index, at) {
        if (n == SOURCE_POINTS || !json_is_object(json_object_get(at, "gain"))) continue;
        points[n++] = (pal_point){.x = pal_json_number_at(at, "users", NAN),
                                  .y = pal_json_number_at(at, "gain/mean", NAN),
                                  .label = ""};
    }
    return n;
}

static void source_add_sweep(const json_t *results, const json_t *task, pal_text *out) {
    pal_point points[PAL_CHART_SERIES][SOURCE_POINTS];
    pal_series series[PAL_CHART_SERIES];
    int32_t n = 0;
    size_t index;
    json_t *model;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (n == PAL_CHART_SERIES) break;
        int32_t n_points = source_points(model, points[n]);
        if (n_points < 2) continue;
        series[n] = (pal_series){.label = pal_json_text_at(model, "spec", ""),
                                 .points = points[n],
                                 .n = n_points,
                                 .has_dots = true};
        n++;
    }
    if (n == 0) return;
    pal_text_add(out, "<div class=\"card\"><h3>What the source adds, by how many people training "
                      "knows</h3>");
    pal_chart_curves(&(pal_axes){.title = "What the source adds on validation",
                                 .x_label = "training users of the target",
                                 .y_label = pal_json_text_at(results, "protocol/metric", ""),
                                 .x_log = true},
                     series, n, out);
    pal_text_add(out, "</div>\n");
}

static void source_add_effects(const json_t *model, pal_text *out) {
    size_t index;
    json_t *effect;
    json_array_foreach(pal_json_at(model, "source/effects"), index, effect) {
        pal_text_add(out, "<tr><td>");
        pal_page_text(model, "spec", out);
        pal_text_add(out, "</td><td>");
        pal_page_text(effect, "over", out);
        pal_text_add(out, "</td><td>");
        pal_page_count(effect, "n", out);
        pal_text_add(out, "</td><td>");
        pal_page_number(effect, "gain/mean", "%+.4f", out);
        pal_text_add(out, "</td><td>");
        if (isnan(pal_json_number_at(effect, "gain/low", NAN))) {
            pal_text_add(out, "too few to tell");
        } else {
            pal_page_interval(effect, "gain", "%+.4f", out);
        }
        pal_text_add(out, "</td><td>");
        if (index == 0) pal_page_text(model, "source/verdict", out);
        pal_text_add(out, "</td></tr>\n");
    }
}

void pal_page_source(const json_t *results, const json_t *task, pal_text *out) {
    size_t index;
    json_t *model;
    bool opened = false;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (!json_is_object(json_object_get(model, "source"))) continue;
        if (!opened)
            pal_text_add(out,
                         "<h2 id=\"source\">Does the second domain help?</h2><p class=\"soft "
                         "small\">Each kind that learns from the source less the same kind without "
                         "it, over the same people of the test, with 95 % intervals.</p><div "
                         "class=\"card\"><table><thead><tr><th>model</th><th>over</th><th>users"
                         "</th><th>gain</th><th>95 % interval</th><th>the source</th></tr></thead>"
                         "<tbody>\n");
        opened = true;
        source_add_effects(model, out);
    }
    if (!opened) return;
    pal_text_add(out, "</tbody></table></div>\n<ul class=\"small\" style=\"margin-top:12px\">\n");
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (!json_is_object(json_object_get(model, "source"))) continue;
        pal_text_add(out, "<li>");
        pal_page_text(model, "spec", out);
        pal_text_add(out, ": ");
        pal_page_text(model, "source/says", out);
        pal_text_add(out, ".</li>\n");
    }
    pal_text_add(out, "</ul>\n");
    source_add_sweep(results, task, out);
}
