/* html_ratings.c - predicted values: errors with intervals, and a sample as two heat maps. */
#include <math.h>
#include <stdlib.h>

#include "base/json.h"
#include "report/page.h"

static void ratings_add_row(const json_t *model, pal_text *out) {
    pal_text_add(out, "<tr><td>");
    pal_page_text(model, "spec", out);
    pal_text_add(out, "</td>");
    pal_page_cell(model, "ratings/rmse", "rmse", false, out);
    pal_page_cell(model, "ratings/rmse", "95 % interval", true, out);
    pal_page_cell(model, "ratings/mae", "mae", false, out);
    pal_page_cell(model, "ratings/mae", "95 % interval", true, out);
    pal_text_add(out, "</tr>\n");
}

static void ratings_add_bars(const json_t *task, double constant, pal_text *out) {
    pal_bar bars[PAL_PAGE_MODELS + 1];
    int32_t n = 1, best = -1;
    size_t index;
    json_t *model;
    bars[0] = (pal_bar){.label = "the mean for all", .mean = constant, .low = NAN, .high = NAN};
    json_array_foreach(json_object_get(task, "models"), index, model) {
        const json_t *rmse = pal_json_at(model, "ratings/rmse");
        if (!rmse || n > PAL_PAGE_MODELS) continue;
        bars[n] = (pal_bar){.label = pal_json_text_at(model, "spec", ""),
                            .mean = pal_json_number_at(rmse, "mean", NAN),
                            .low = pal_json_number_at(rmse, "low", NAN),
                            .high = pal_json_number_at(rmse, "high", NAN)};
        if (isfinite(bars[n].mean) && (best < 0 || bars[n].mean < bars[best].mean)) best = n;
        n++;
    }
    if (best >= 0) bars[best].is_marked = true;
    pal_text_add(out, "<div class=\"card beside\">");
    pal_chart_bars("rmse of each model", bars, n, out);
    pal_text_add(out, "<p class=\"soft small\">rmse, smaller is better, with 95 % intervals. The "
                      "mean for all: what guessing the same value for everything would "
                      "miss.</p></div>\n");
}

/* --- heat maps --- */

enum { RATINGS_SIDE = 60 };

static void ratings_add_map(const json_t *values, const char *key, const char *heading,
                            double *cells, int32_t n_rows, int32_t n_columns, pal_text *out) {
    const json_t *rows = json_object_get(values, key);
    for (int32_t r = 0; r < n_rows; r++) {
        for (int32_t c = 0; c < n_columns; c++) {
            const json_t *cell = json_array_get(json_array_get(rows, (size_t)r), (size_t)c);
            cells[(int64_t)r * n_columns + c] =
                json_is_number(cell) ? json_number_value(cell) : NAN;
        }
    }
    pal_text_addf(out, "<figure><figcaption>%s</figcaption>", heading);
    pal_chart_heat(&(pal_heat){.title = heading,
                               .n_rows = n_rows,
                               .n_columns = n_columns,
                               .cells = cells,
                               .low = pal_json_number_at(values, "low", 0),
                               .high = pal_json_number_at(values, "high", 1)},
                   out);
    pal_text_add(out, "</figure>\n");
}

static void ratings_add_maps(const json_t *values, pal_text *out) {
    size_t n_rows = json_array_size(json_object_get(values, "users")),
           n_columns = json_array_size(json_object_get(values, "items"));
    if (n_rows > RATINGS_SIDE) n_rows = RATINGS_SIDE;
    if (n_columns > RATINGS_SIDE) n_columns = RATINGS_SIDE;
    if (n_rows == 0 || n_columns == 0) return;
    double *cells = calloc(n_rows * n_columns, sizeof *cells);
    out->failed |= !cells;
    if (!cells) return;
    pal_text_add(out, "<div class=\"card\"><h3>Given and predicted <span class=\"soft small\">");
    pal_page_text(values, "spec", out);
    pal_text_addf(
        out,
        "</span></h3><p class=\"small soft\">%zu users (rows) with the most events in the "
        "test, and the %zu items (columns) they used most. ",
        n_rows, n_columns);
    pal_page_count(values, "n_test", out);
    pal_text_add(out, " of the given values are of the test; from the others the model "
                      "learned.</p><div class=\"columns\">\n");
    ratings_add_map(values, "given", "given by people", cells, (int32_t)n_rows, (int32_t)n_columns,
                    out);
    ratings_add_map(values, "predicted", "predicted for all", cells, (int32_t)n_rows,
                    (int32_t)n_columns, out);
    pal_text_add(out, "</div>");
    pal_chart_heat_legend(pal_json_number_at(values, "low", 0),
                          pal_json_number_at(values, "high", 1), out);
    pal_text_add(out, "</div>\n");
    free(cells);
}

void pal_page_ratings(const json_t *results, const json_t *task, pal_text *out) {
    const json_t *about = pal_json_at(results, "protocol/ratings");
    size_t index;
    json_t *model;
    int n = 0;
    json_array_foreach(json_object_get(task, "models"), index, model) n +=
        pal_json_at(model, "ratings/rmse") ? 1 : 0;
    if (n == 0) return;
    pal_text_add(out, "<h2 id=\"values\">Predicted values</h2><p class=\"soft small\">How far "
                      "predictions lie from the ");
    pal_page_count(about, "n", out);
    pal_text_add(out, " values of the test, on a scale from ");
    pal_page_number(about, "low", "%.3g", out);
    pal_text_add(out, " to ");
    pal_page_number(about, "high", "%.3g", out);
    pal_text_add(out,
                 ". mae is the mean distance; in rmse large misses count more. Good values do not "
                 "make good lists: the verdict looks at lists.</p>"
                 "<div class=\"stack\"><div class=\"card\"><table class=\"sorts\"><thead><tr>"
                 "<th>model</th><th>rmse</th><th>95 % interval</th><th>mae</th>"
                 "<th>95 % interval</th></tr></thead><tbody>\n");
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (pal_json_at(model, "ratings/rmse")) ratings_add_row(model, out);
    }
    pal_text_add(out, "<tr class=\"aside\"><td data-label=\"model\">the mean for "
                      "everything</td><td data-label=\"rmse\">");
    pal_page_number(about, "constant_rmse", "%.4f", out);
    pal_text_add(out, "</td><td class=\"none\"></td><td data-label=\"mae\">");
    pal_page_number(about, "constant_mae", "%.4f", out);
    pal_text_add(out, "</td><td class=\"none\"></td></tr></tbody></table></div>\n");
    ratings_add_bars(task, pal_json_number_at(about, "constant_rmse", NAN), out);
    ratings_add_maps(pal_json_at(results, "figures/values"), out);
    pal_text_add(out, "</div>\n");
}
