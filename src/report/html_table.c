/* html_table.c - the table of models: rows that a phone shows as cards, the tied set marked. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "report/page.h"

/* Opens a cell with its heading for phones and its number for sorting. */
static void table_open_cell(const char *label, double value, pal_text *out) {
    pal_text_add(out, "<td data-label=\"");
    pal_text_add_html(out, label);
    if (isfinite(value)) pal_text_addf(out, "\" data-value=\"%.9g", value);
    pal_text_add(out, "\">");
}

static void table_add_spec(const json_t *model, pal_text *out) {
    bool winner = pal_page_is(model, "winner"), tied = pal_page_is(model, "tied");
    const char *class = winner                              ? "winner"
                        : pal_page_has_role(model, "model") ? tied ? "tied" : ""
                                                            : "aside";
    pal_text_addf(out, "<tr class=\"%s\"><td>", class);
    pal_page_text(model, "spec", out);
    if (winner) pal_text_add(out, "<span class=\"badge\">winner</span>");
    if (tied && !winner) pal_text_add(out, "<span class=\"badge tied\">tied ≈</span>");
    const char *role = pal_json_text_at(model, "role", "model");
    if (strcmp(role, "model") && strcmp(role, pal_json_text_at(model, "spec", ""))) {
        pal_text_add(out, "<span class=\"badge soft\">");
        pal_page_text(model, "role", out);
        pal_text_add(out, "</span>");
    }
    pal_text_add(out, "</td>");
}

static void table_add_difference(const json_t *model, pal_text *out) {
    table_open_cell("winner − model", pal_json_number_at(model, "difference/mean", NAN), out);
    if (json_is_object(json_object_get(model, "difference"))) {
        pal_page_number(model, "difference/mean", "%+.4f", out);
        pal_page_bounds(model, "difference", out);
    } else {
        pal_text_add(out, "–");
    }
    pal_text_add(out, "</td>");
}

static void table_add_seconds(const char *label, double seconds, pal_text *out) {
    table_open_cell(label, seconds, out);
    if (seconds >= 0 && seconds < 1e12) {
        pal_text_add_seconds(out, seconds);
    } else {
        pal_text_add(out, "–");
    }
    pal_text_add(out, "</td>");
}

static void table_add_large(const char *label, double n, pal_text *out) {
    table_open_cell(label, n, out);
    if (n >= 0 && n < 1e24) {
        pal_text_add_large(out, n);
    } else {
        pal_text_add(out, "–");
    }
    pal_text_add(out, "</td>");
}

static void table_add_row(const json_t *model, const char *metric, char more[3][40],
                          pal_text *out) {
    table_add_spec(model, out);
    if (!pal_page_is_done(model)) {
        pal_text_add(out, "<td class=\"text\" colspan=\"11\">");
        pal_page_text(model, "status", out);
        pal_text_add(out, ": ");
        pal_page_text(model, "reason", out);
        pal_text_add(out, "</td></tr>\n");
        return;
    }
    const json_t *metrics = json_object_get(model, "metrics"),
                 *value = json_object_get(metrics, metric);
    table_open_cell(metric, pal_json_number_at(value, "mean", NAN), out);
    pal_page_number(value, "mean", "%.4f", out);
    pal_text_add(out, "</td>");
    table_open_cell("95 % interval", pal_json_number_at(value, "low", NAN), out);
    pal_page_interval(value, "", "%.3f", out);
    pal_text_add(out, "</td>");
    table_add_difference(model, out);
    for (int i = 0; i < 3; i++) {
        const json_t *other = json_object_get(metrics, more[i]);
        table_open_cell(more[i], pal_json_number_at(other, "mean", NAN), out);
        pal_page_number(other, "mean", "%.4f", out);
        pal_text_add(out, "</td>");
    }
    /* Whatever is in use today was not trained or timed here. */
    double unit = pal_page_has_role(model, "run") ? NAN : 1;
    table_add_seconds("training", unit * pal_json_number_at(model, "measured/train_seconds", NAN),
                      out);
    table_add_seconds("one list",
                      unit * pal_json_number_at(model, "measured/list_us_p50", NAN) / 1e6, out);
    table_add_large("multiply-adds", unit * pal_json_number_at(model, "multiply_adds", NAN), out);
    table_add_large("learned numbers", unit * pal_json_number_at(model, "parameters", NAN), out);
    double bytes = pal_json_number_at(model, "model_bytes", NAN);
    table_open_cell("size", bytes, out);
    if (bytes >= 0 && bytes < 1e18) pal_text_add_size(out, bytes);
    pal_text_add(out, "</td></tr>\n");
}

void pal_page_more_metrics(const json_t *results, char names[3][40]) {
    static const char *const wanted[] = {"recall", "hit", "coverage"};
    const json_t *k = pal_json_at(results, "protocol/k");
    size_t n = json_array_size(k);
    long long largest = n ? json_integer_value(json_array_get(k, n - 1)) : 0;
    for (int i = 0; i < 3; i++) snprintf(names[i], 40, "%s@%lld", wanted[i], largest);
}

/* Which models rank items without a training event last. */
static void table_add_blind(const json_t *task, pal_text *out) {
    size_t index;
    json_t *model;
    bool has_list = false;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (!json_is_false(json_object_get(model, "scores_new_items"))) continue;
        pal_text_add(out, has_list ? ", "
                                   : "<p class=\"small\">Cannot score items without a training "
                                     "event, and rank them last: ");
        has_list = true;
        pal_page_text(model, "spec", out);
    }
    if (has_list) pal_text_add(out, ".</p>\n");
}

/* Which models popular beats for known users, and why. */
static void table_add_below(const json_t *task, pal_text *out) {
    size_t index;
    json_t *model;
    bool has_list = false;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (!json_is_string(json_object_get(model, "below"))) continue;
        if (!has_list) pal_text_add(out, "<p class=\"small\">Worse than popular:</p><ul>");
        has_list = true;
        pal_text_add(out, "<li class=\"small\">");
        pal_page_text(model, "spec", out);
        pal_text_add(out, ": ");
        pal_page_text(model, "below", out);
        pal_text_add(out, "</li>");
    }
    if (has_list) pal_text_add(out, "</ul>\n");
}

void pal_page_table(const json_t *results, const json_t *task, pal_text *out) {
    const char *metric = pal_json_text_at(results, "protocol/metric", "");
    char more[3][40];
    size_t index;
    json_t *model;
    pal_page_more_metrics(results, more);
    pal_text_add(out, "<h2 id=\"models\">Models</h2><div class=\"card scroll\"><table "
                      "class=\"sorts\"><thead><tr><th>model</th><th>");
    pal_text_add_html(out, metric);
    pal_text_add(out, "</th><th>95 % interval</th><th>winner − model</th>");
    for (int i = 0; i < 3; i++) pal_text_addf(out, "<th>%s</th>", more[i]);
    pal_text_add(out, "<th>training</th><th>one list</th><th>multiply-adds</th>"
                      "<th>learned numbers</th><th>size</th></tr></thead><tbody>\n");
    json_array_foreach(json_object_get(task, "models"), index, model)
        table_add_row(model, metric, more, out);
    pal_text_add(out,
                 "</tbody></table></div><p class=\"soft small\">All measures go from 0 to 1, and "
                 "more is better. ndcg@k: how much of what a person then used stands in the first "
                 "k places of the list, the first places counting most; recall@k: the share of it "
                 "that is there; hit@k: the share of people with anything there; coverage@k: the "
                 "share of all items that somebody gets to see. Control and oracle are yardsticks "
                 "and never chosen. One list: the time to make one.</p>"
                 "<p class=\"soft small\">Intervals of differences hold "
                 "together with 95 %. Tied ≈: this test cannot tell the model from the winner. "
                 "The winner was chosen on validation, all numbers here are of the test. The "
                 "smallest difference that this test can see is about ");
    pal_page_number(task, "smallest_difference", "%.4f", out);
    pal_text_add(out, ".</p>\n");
    table_add_below(task, out);
    table_add_blind(task, out);
}
