/* html_clicks.c - how scores tell what was clicked from what was only shown. */
#include <math.h>

#include "base/json.h"
#include "report/page.h"

double pal_page_constant_logloss(const json_t *results) {
    double n = pal_json_number_at(results, "protocol/clicks/n", 0),
           p = pal_json_number_at(results, "protocol/clicks/n_clicked", 0) / n;
    return n > 0 && p > 0 && p < 1 ? -p * log(p) - (1 - p) * log(1 - p) : NAN;
}

static void clicks_add_row(const json_t *model, pal_text *out) {
    pal_text_add(out, pal_page_is(model, "winner")        ? "<tr class=\"winner\"><td>"
                      : pal_page_has_role(model, "model") ? "<tr><td>"
                                                          : "<tr class=\"aside\"><td>");
    pal_page_text(model, "spec", out);
    pal_text_add(out, "</td>");
    pal_page_cell(model, "clicks/auc", "auc", false, out);
    pal_page_cell(model, "clicks/auc", "95 % interval", true, out);
    pal_page_cell(model, "clicks/gauc", "gauc", false, out);
    pal_page_cell(model, "clicks/gauc", "95 % interval", true, out);
    pal_page_cell(model, "clicks/logloss", "log loss", false, out);
    double value = pal_json_number_at(model, "clicks/calibration", NAN);
    pal_text_add(out, "<td data-label=\"calibration\"");
    if (isfinite(value)) pal_text_addf(out, " data-value=\"%.9g\"", value);
    pal_text_add(out, ">");
    pal_page_number(model, "clicks/calibration", "%.4f", out);
    pal_text_add(out, "</td></tr>\n");
}

/* What knowing nothing but the share of clicks would say. */
static void clicks_add_constant(const json_t *results, pal_text *out) {
    double logloss = pal_page_constant_logloss(results);
    if (!isfinite(logloss)) return;
    pal_text_addf(out,
                  "<tr class=\"aside\"><td data-label=\"model\">the share of clicks for "
                  "everything</td><td data-label=\"auc\">0.5000</td><td class=\"none\"></td>"
                  "<td data-label=\"gauc\">0.5000</td><td class=\"none\"></td>"
                  "<td data-label=\"log loss\">%.4f</td><td class=\"none\"></td></tr>\n",
                  logloss);
}

void pal_page_clicks(const json_t *results, const json_t *task, pal_text *out) {
    const json_t *about = pal_json_at(results, "protocol/clicks");
    size_t index;
    json_t *model;
    bool found = false;
    json_array_foreach(json_object_get(task, "models"), index, model) found |=
        pal_json_at(model, "clicks/auc") != NULL;
    if (!found) return;
    pal_text_add(out, "<h2 id=\"clicks\">What was clicked, of what was shown</h2>"
                      "<p class=\"soft small\">In the test ");
    pal_page_count(about, "n_users", out);
    pal_text_add(out, " users were shown ");
    pal_page_count(about, "n", out);
    pal_text_add(out, " items and clicked ");
    pal_page_count(about, "n_clicked", out);
    pal_text_add(
        out,
        " of them. auc is how often an item that was clicked has a higher score than one that was "
        "only shown: 0.5 is chance, 1 never wrong; gauc is the same within each user. Log loss and "
        "calibration say how far the probabilities are off that scores give; smaller is "
        "better.</p><div class=\"card scroll\"><table class=\"sorts\"><thead><tr><th>model</th>"
        "<th>auc</th><th>95 % interval</th><th>gauc</th><th>95 % interval</th><th>log loss</th>"
        "<th>calibration</th></tr></thead><tbody>\n");
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (pal_json_at(model, "clicks/auc")) clicks_add_row(model, out);
    }
    clicks_add_constant(results, out);
    pal_text_add(out, "</tbody></table></div>\n");
}
