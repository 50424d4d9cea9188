/* html.c - the page, drawn from the results document alone. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/ctx.h"
#include "base/json.h"
#include "report/charts.h"
#include "report/report.h"
#include "report/style.h"

static void html_add_text(const json_t *json, const char *path, pal_text *out) {
    pal_text_add_html(out, pal_json_text_at(json, path, ""));
}

static void html_add_number(const json_t *json, const char *path, const char *format,
                            pal_text *out) {
    const json_t *at = pal_json_at(json, path);
    if (!json_is_number(at)) {
        pal_text_add(out, "–");
        return;
    }
    char text[64];
    /* Formats are this file's own. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, format, json_number_value(at));
#pragma GCC diagnostic pop
    pal_text_add(out, text);
}

/* Times that nobody measured (a run's) are none. */
static void html_add_seconds(const json_t *model, const char *path, double unit, pal_text *out) {
    double value = pal_json_number_at(model, path, NAN);
    if (isnan(value) || !strcmp(pal_json_text_at(model, "role", ""), "run")) {
        pal_text_add(out, "–");
    } else {
        pal_text_add_seconds(out, value * unit);
    }
}

static void html_add_count(const json_t *json, const char *path, pal_text *out) {
    pal_text_add_count(out, (int64_t)pal_json_number_at(json, path, 0));
}

static bool html_is(const json_t *json, const char *key) {
    return json_is_true(json_object_get(json, key));
}
static bool html_is_done(const json_t *model) {
    return !strcmp(pal_json_text_at(model, "status", ""), "done");
}
static bool html_has_role(const json_t *model, const char *role) {
    return !strcmp(pal_json_text_at(model, "role", ""), role);
}

/* --- verdict --- */

static void html_add_verdict(const json_t *task, bool several, pal_text *out) {
    size_t index;
    json_t *line;
    pal_text_add(out, "<section class=\"card verdict\">");
    if (several) {
        pal_text_add(out, "<h3>Task ");
        html_add_text(task, "task", out);
        pal_text_add(out, "</h3>");
    }
    json_array_foreach(json_object_get(json_object_get(task, "verdict"), "why"), index, line) {
        pal_text_add(out, "<p>");
        pal_text_add_html(out, json_is_string(line) ? json_string_value(line) : "");
        pal_text_add(out, "</p>");
    }
    const char *user = pal_json_text_at(task, "verdict/next_user", NULL);
    if (user) {
        pal_text_add(out, "<p>Next: palate recommend model.palate --user ");
        pal_text_add_html(out, user);
        pal_text_add(out, ", with the model that stands beside the report.</p>");
    }
    pal_text_add(out, "</section>\n");
}

/* --- the table --- */

static void html_add_row(const json_t *model, const char *metric, const char *const *more,
                         pal_text *out) {
    const char *class = html_is(model, "winner")        ? "winner"
                        : html_has_role(model, "model") ? ""
                                                        : "aside";
    pal_text_addf(out, "<tr class=\"%s\"><td>", class);
    html_add_text(model, "spec", out);
    pal_text_add(out, "</td>");
    if (!html_is_done(model)) {
        pal_text_addf(out, "<td class=\"text\" colspan=\"%d\">", 8);
        html_add_text(model, "status", out);
        pal_text_add(out, ": ");
        html_add_text(model, "reason", out);
        pal_text_add(out, "</td></tr>\n");
        return;
    }
    const json_t *value = json_object_get(json_object_get(model, "metrics"), metric);
    pal_text_add(out, "<td>");
    html_add_number(value, "mean", "%.4f", out);
    pal_text_add(out, "</td><td>");
    html_add_number(value, "low", "%.3f", out);
    pal_text_add(out, " – ");
    html_add_number(value, "high", "%.3f", out);
    pal_text_add(out, "</td><td>");
    if (json_is_object(json_object_get(model, "difference"))) {
        html_add_number(model, "difference/mean", "%+.4f", out);
        pal_text_add(out, " (");
        html_add_number(model, "difference/low", "%+.3f", out);
        pal_text_add(out, " to ");
        html_add_number(model, "difference/high", "%+.3f", out);
        pal_text_add(out, html_is(model, "tied") ? ") ≈" : ")");
    } else {
        pal_text_add(out, "winner");
    }
    pal_text_add(out, "</td>");
    for (int i = 0; more[i]; i++) {
        pal_text_add(out, "<td>");
        html_add_number(json_object_get(json_object_get(model, "metrics"), more[i]), "mean", "%.4f",
                        out);
        pal_text_add(out, "</td>");
    }
    pal_text_add(out, "<td>");
    html_add_seconds(model, "measured/train_seconds", 1, out);
    pal_text_add(out, "</td><td>");
    html_add_seconds(model, "measured/list_us_p50", 1e-6, out);
    pal_text_add(out, "</td></tr>\n");
}

/* Names of up to three further metrics, at the largest k. */
static void html_more_metrics(const json_t *results, char names[3][40], const char *out[4]) {
    static const char *const wanted[] = {"recall", "hit", "coverage"};
    const json_t *k = json_object_get(json_object_get(results, "protocol"), "k");
    long long largest =
        json_integer_value(json_array_get(k, json_array_size(k) ? json_array_size(k) - 1 : 0));
    for (int i = 0; i < 3; i++) {
        snprintf(names[i], 40, "%s@%lld", wanted[i], largest);
        out[i] = names[i];
    }
    out[3] = NULL;
}

static void html_add_table(const json_t *results, const json_t *task, pal_text *out) {
    const char *metric = pal_json_text_at(results, "protocol/metric", ""), *more[4];
    char names[3][40];
    html_more_metrics(results, names, more);
    pal_text_add(out,
                 "<h2>Models</h2><div class=\"card scroll\"><table><thead><tr><th>model</th><th>");
    pal_text_add_html(out, metric);
    pal_text_add(out, "</th><th>95 % interval</th><th>winner − model</th>");
    for (int i = 0; more[i]; i++) {
        pal_text_add(out, "<th>");
        pal_text_add_html(out, more[i]);
        pal_text_add(out, "</th>");
    }
    pal_text_add(out, "<th>training</th><th>one list</th></tr></thead><tbody>\n");
    size_t index;
    json_t *model;
    json_array_foreach(json_object_get(task, "models"), index, model)
        html_add_row(model, metric, more, out);
    pal_text_add(out, "</tbody></table></div><p class=\"soft small\">Intervals of differences hold "
                      "together with 95 %. ≈: this test cannot tell "
                      "the model from the winner. The winner was chosen on validation, all numbers "
                      "here are of the test. The smallest "
                      "difference that this test can see is about ");
    html_add_number(task, "smallest_difference", "%.4f", out);
    pal_text_add(out, ".</p>\n");
}

/* --- charts of models --- */

enum { HTML_POINTS_MAX = 80 };

static void html_add_scatter(const json_t *results, const json_t *task, pal_text *out) {
    pal_point points[HTML_POINTS_MAX];
    int32_t n = 0;
    size_t index;
    json_t *model;
    const char *metric = pal_json_text_at(results, "protocol/metric", "");
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (!html_is_done(model) || html_has_role(model, "run") || html_has_role(model, "oracle") ||
            n == HTML_POINTS_MAX)
            continue;
        const json_t *value = json_object_get(json_object_get(model, "metrics"), metric);
        if (!json_is_number(json_object_get(value, "mean"))) continue;
        points[n++] =
            (pal_point){fmax(1e-5, pal_json_number_at(model, "measured/train_seconds", 0)),
                        pal_json_number_at(value, "mean", 0), pal_json_text_at(model, "spec", ""),
                        html_is(json_object_get(model, "measured"), "on_front")};
    }
    pal_text_add(out, "<h2>Accuracy against cost</h2><div class=\"card\">");
    pal_chart_scatter(&(pal_axes){.title = "Accuracy of each model against its training time",
                                  .x_label = "seconds of training",
                                  .y_label = metric,
                                  .x_log = true},
                      points, n, out);
    pal_text_add(out, "</div><p class=\"soft small\">Coloured: nothing compared here is both "
                      "cheaper to train and better.</p>\n");
}

/* Bars of all models in one slice. */
static void html_add_slice(const json_t *task, size_t slice, pal_text *out) {
    pal_bar bars[HTML_POINTS_MAX];
    int32_t n = 0;
    const json_t *first = NULL;
    size_t index;
    json_t *model;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        const json_t *at = json_array_get(json_object_get(model, "slices"), slice);
        if (!at || n == HTML_POINTS_MAX) continue;
        if (!first) first = at;
        bars[n++] = (pal_bar){
            pal_json_text_at(model, "spec", ""), pal_json_number_at(at, "interval/mean", NAN),
            pal_json_number_at(at, "interval/low", NAN),
            pal_json_number_at(at, "interval/high", NAN), html_is(model, "winner")};
    }
    if (!first) return;
    pal_text_add(out, "<div class=\"card\"><h3>");
    html_add_text(first, "name", out);
    pal_text_add(out, " <span class=\"soft small\">");
    html_add_count(first, "n", out);
    pal_text_add(out, " users, ");
    html_add_count(first, "n_pairs", out);
    pal_text_add(out, " pairs</span></h3>");
    pal_chart_bars(pal_json_text_at(first, "name", ""), bars, n, out);
    pal_text_add(out, "</div>\n");
}

static void html_add_slices(const json_t *results, const json_t *task, pal_text *out) {
    size_t n = 0, index;
    json_t *model;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        size_t size = json_array_size(json_object_get(model, "slices"));
        if (size > n) n = size;
    }
    pal_text_add(out, "<h2>For whom, and on what</h2><p class=\"soft small\">");
    html_add_text(results, "protocol/metric", out);
    pal_text_add(out, " in each slice, with 95 % intervals.</p><div class=\"columns wide\">\n");
    for (size_t s = 0; s < n; s++) html_add_slice(task, s, out);
    pal_text_add(out, "</div>\n");
}

/* --- data --- */

static int32_t html_points(const json_t *series, pal_point *points, int32_t most) {
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

static void html_add_list(const json_t *list, pal_text *out) {
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

static void html_add_data(const json_t *data, pal_text *out) {
    enum { POINTS = 512 };
    pal_point points[POINTS];
    pal_text_add(out, "<h2>The data</h2><div class=\"card\"><p>");
    html_add_count(data, "events", out);
    pal_text_add(out, " events of ");
    html_add_count(data, "users", out);
    pal_text_add(out, " users on ");
    html_add_count(data, "items", out);
    pal_text_add(out, " items; ");
    html_add_number(data, "median_user_events", "%.0f", out);
    pal_text_add(out, " events of the median user.</p>");
    html_add_list(json_object_get(data, "findings"), out);
    if (json_array_size(json_object_get(data, "warnings")))
        pal_text_add(out, "<h3>Worth a look</h3>");
    html_add_list(json_object_get(data, "warnings"), out);
    pal_text_add(out, "</div><div class=\"columns wide\" style=\"margin-top:14px\">\n");
    int32_t n = html_points(json_object_get(data, "long_tail"), points, POINTS);
    if (n > 1) {
        pal_text_add(out, "<div class=\"card\"><h3>Long tail</h3>");
        pal_chart_line(&(pal_axes){.title = "Events of each item by its rank",
                                   .x_label = "rank of the item",
                                   .y_label = "events",
                                   .x_log = true,
                                   .y_log = true},
                       points, n, out);
        pal_text_add(out, "</div>");
    }
    n = html_points(json_object_get(data, "timeline"), points, POINTS);
    if (n > 1) {
        pal_text_add(out, "<div class=\"card\"><h3>Over time</h3>");
        pal_chart_line(
            &(pal_axes){
                .title = "Events over time", .x_label = "", .y_label = "events", .x_is_time = true},
            points, n, out);
        pal_text_add(out, "</div>");
    }
    pal_text_add(out, "</div>\n");
}

/* --- examples --- */

static void html_add_item(const json_t *item, pal_text *out) {
    const char *title = pal_json_text_at(item, "title", NULL);
    pal_text_add(out, html_is(item, "hit") ? "<li class=\"hit\">" : "<li>");
    pal_text_add_html(out, title ? title : pal_json_text_at(item, "id", ""));
    pal_text_add(out, html_is(item, "hit") ? " ✓</li>" : "</li>");
}

static void html_add_items(const char *title, const json_t *items, bool ordered, pal_text *out) {
    size_t index;
    json_t *item;
    pal_text_add(out, "<div><h3>");
    pal_text_add_html(out, title);
    pal_text_add(out, ordered ? "</h3><ol class=\"small\">" : "</h3><ul class=\"small\">");
    json_array_foreach(items, index, item) html_add_item(item, out);
    pal_text_add(out, ordered ? "</ol></div>\n" : "</ul></div>\n");
}

static void html_add_examples(const json_t *task, pal_text *out) {
    size_t index, l;
    json_t *example, *list;
    if (json_array_size(json_object_get(task, "examples")) == 0) return;
    pal_text_add(out, "<h2>What people would have seen</h2><p class=\"soft small\">✓ marks what "
                      "the person then did use.</p>\n");
    json_array_foreach(json_object_get(task, "examples"), index, example) {
        pal_text_add(out, "<section class=\"card\" style=\"margin-bottom:14px\"><h3>User ");
        html_add_text(example, "user", out);
        pal_text_add(out, " <span class=\"soft small\">");
        html_add_count(example, "n_events", out);
        pal_text_add(out, " events before</span></h3><div class=\"columns\">");
        html_add_items("Last used", json_object_get(example, "history"), false, out);
        html_add_items("Used next", json_object_get(example, "relevant"), false, out);
        json_array_foreach(json_object_get(example, "lists"), l, list) {
            html_add_items(pal_json_text_at(list, "spec", ""), json_object_get(list, "items"), true,
                           out);
        }
        pal_text_add(out, "</div></section>\n");
    }
}

/* --- protocol --- */

static void html_add_term(const char *term, const char *value, pal_text *out) {
    pal_text_add(out, "<dt>");
    pal_text_add(out, term);
    pal_text_add(out, "</dt><dd>");
    pal_text_add_html(out, value);
    pal_text_add(out, "</dd>");
}

static void html_add_counted(const char *term, const json_t *json, const char *path,
                             const char *unit, pal_text *out) {
    pal_text_add(out, "<dt>");
    pal_text_add(out, term);
    pal_text_add(out, "</dt><dd>");
    html_add_count(json, path, out);
    pal_text_add(out, unit);
    pal_text_add(out, "</dd>");
}

static void html_add_protocol(const json_t *results, const json_t *task, pal_text *out) {
    static const char *const terms[][2] = {
        {"split", "split"},           {"task", "task"},
        {"relevant", "relevant"},     {"hidden", "hide"},
        {"candidates", "candidates"}, {"fallback", "fallback"},
        {"chosen by", "metric"},      {"fingerprint", "fingerprint"}};
    const json_t *protocol = json_object_get(results, "protocol");
    pal_text_add(out, "<h2>How this was measured</h2><div class=\"card\"><dl>");
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++)
        html_add_term(terms[i][0], pal_json_text_at(protocol, terms[i][1], ""), out);
    html_add_counted("train", protocol, "n_train", " events", out);
    html_add_counted("validation", protocol, "n_valid", " events", out);
    html_add_counted("test", protocol, "n_test", " events", out);
    html_add_counted("averaged over", task, "n_users", " users with something relevant in the test",
                     out);
    html_add_counted("strangers", task, "n_strangers",
                     " of them, without history, answered by the fallback", out);
    html_add_counted("asked", task, "n_pairs", " pairs of user and item", out);
    html_add_counted("masked", task, "n_masked", " pairs left out because the mask hides them",
                     out);
    html_add_counted("out of reach", task, "n_unreachable",
                     " pairs on items without a training event; they stay relevant", out);
    pal_text_add(out, "</dl></div><p class=\"soft small\">ndcg@k has binary gain, 1/log2(rank + "
                      "1), and the ideal of min(k, |R|) hits; recall@k is "
                      "h/|R|; hit@k is the share of users with a hit. Models are trained on train, "
                      "chosen on validation, trained again on both, "
                      "and reported on the test. The page \"metrics\" of the documentation defines "
                      "all of them.</p>\n");
}

static void html_add_reproduce(const json_t *results, pal_text *out) {
    pal_text_add(out, "<h2>Do it again</h2><pre>");
    html_add_text(results, "command", out);
    pal_text_add(out, "</pre><p class=\"soft small\">palate ");
    html_add_text(results, "palate", out);
    pal_text_add(out, ", fingerprint ");
    html_add_text(results, "protocol/fingerprint", out);
    pal_text_add(
        out,
        ". The same command gives the same numbers, times aside, for any number of threads.</p>\n");
}

static void html_add_task(const json_t *results, const json_t *task, bool several, pal_text *out) {
    if (several) {
        pal_text_add(out, "<h2 style=\"font-size:1.4rem\">Task ");
        html_add_text(task, "task", out);
        pal_text_add(out, "</h2>\n");
    }
    html_add_table(results, task, out);
    html_add_scatter(results, task, out);
    html_add_slices(results, task, out);
}

pal_status pal_report_html(pal_ctx *ctx, const json_t *results, pal_text *out) {
    const json_t *tasks = json_object_get(results, "tasks"),
                 *data = json_object_get(results, "data");
    bool several = json_array_size(tasks) > 1;
    pal_text_add(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
                      "name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                      "<title>palate: ");
    html_add_text(data, "name", out);
    pal_text_add(out, "</title><style>\n");
    pal_text_add(out, pal_report_style);
    pal_text_add(out, "</style></head><body><main>\n<h1>Which recommender for ");
    html_add_text(data, "name", out);
    pal_text_add(out, "?</h1><p class=\"soft\">");
    html_add_text(data, "source", out);
    pal_text_add(out, "</p>\n");
    if (html_is(results, "interrupted")) {
        pal_text_add(out,
                     "<p>The comparison was stopped on request: the verdict is about the models "
                     "that were done.</p>\n");
    }
    size_t index;
    json_t *task;
    json_array_foreach(tasks, index, task) html_add_verdict(task, several, out);
    json_array_foreach(tasks, index, task) html_add_task(results, task, several, out);
    html_add_data(data, out);
    html_add_examples(json_array_get(tasks, 0), out);
    html_add_protocol(results, json_array_get(tasks, 0), out);
    html_add_reproduce(results, out);
    pal_text_add(out, "</main></body></html>\n");
    return out->failed ? pal_fail_memory(ctx, "the report", 1e6) : PAL_OK;
}
