/* html.c - the page, drawn from the results document alone. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/ctx.h"
#include "base/json.h"
#include "report/charts.h"
#include "report/page.h"
#include "report/report.h"
#include "report/style.h"

/* --- verdict --- */

static void html_add_verdict(const json_t *task, bool several, pal_text *out) {
    size_t index;
    json_t *line;
    pal_text_add(out, "<section class=\"card verdict\">");
    if (several) {
        pal_text_add(out, "<h3>Task ");
        pal_page_text(task, "task", out);
        pal_text_add(out, "</h3>");
    }
    json_array_foreach(json_object_get(json_object_get(task, "verdict"), "why"), index, line) {
        pal_text_add(out, "<p>");
        pal_text_add_html(out, json_is_string(line) ? json_string_value(line) : "");
        pal_text_add(out, "</p>");
    }
    const char *user = pal_json_text_at(task, "verdict/next_user", NULL);
    if (user) {
        pal_text word = {0};
        pal_text_add_word(&word, user);
        pal_text_add(out, "<p>Next: palate recommend model.palate --user ");
        pal_text_add_html(out, word.bytes ? word.bytes : "ID");
        pal_text_add(out, ", with the model that stands beside the report.</p>");
        pal_text_release(&word);
    }
    pal_text_add(out, "</section>\n");
}

/* --- charts of models --- */

enum { HTML_POINTS_MAX = PAL_PAGE_MODELS, HTML_SLICES_MAX = 64 };

static void html_add_scatter(const json_t *results, const json_t *task, pal_text *out) {
    pal_point points[HTML_POINTS_MAX];
    int32_t n = 0;
    size_t index;
    json_t *model;
    const char *metric = pal_json_text_at(results, "protocol/metric", "");
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (!pal_page_is_done(model) || pal_page_has_role(model, "run") ||
            pal_page_has_role(model, "oracle") || n == HTML_POINTS_MAX)
            continue;
        const json_t *value = json_object_get(json_object_get(model, "metrics"), metric);
        if (!json_is_number(json_object_get(value, "mean"))) continue;
        points[n++] =
            (pal_point){fmax(1e-5, pal_json_number_at(model, "measured/train_seconds", 0)),
                        pal_json_number_at(value, "mean", 0), pal_json_text_at(model, "spec", ""),
                        pal_page_is(json_object_get(model, "measured"), "on_front")};
    }
    pal_text_add(out, "<h2>Accuracy against cost</h2><div class=\"card beside\">");
    pal_chart_scatter(&(pal_axes){.title = "Accuracy of each model against its training time",
                                  .x_label = "time of training",
                                  .y_label = metric,
                                  .x_log = true,
                                  .x_is_seconds = true},
                      points, n, out);
    pal_text_add(out, "<p class=\"soft small\">Each model by how good its lists are (higher is "
                      "better) and how long it took to train (further left is cheaper). In the "
                      "colour of the winner: nothing compared here is both cheaper to train and "
                      "better.</p></div>\n");
}

/* Models that cannot score what the slice is of. */
static void html_add_cannot(const json_t *task, size_t slice, pal_text *out) {
    bool opened = false;
    size_t index;
    json_t *model;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (!pal_page_is(json_array_get(json_object_get(model, "slices"), slice), "cannot"))
            continue;
        pal_text_add(out, opened ? ", "
                                 : "<p class=\"soft small\">Asked for alone, among all items of "
                                   "the catalog; cannot: ");
        opened = true;
        pal_page_text(model, "spec", out);
    }
    if (opened) pal_text_add(out, "</p>");
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
        if (pal_page_is(at, "cannot")) continue;
        bars[n++] = (pal_bar){
            pal_json_text_at(model, "spec", ""), pal_json_number_at(at, "interval/mean", NAN),
            pal_json_number_at(at, "interval/low", NAN),
            pal_json_number_at(at, "interval/high", NAN), pal_page_is(model, "winner")};
    }
    if (!first) return;
    pal_text_add(out, "<div class=\"card\"><h3>");
    pal_page_text(first, "name", out);
    pal_text_add(out, " <span class=\"soft small\">");
    pal_page_count(first, "n", out);
    pal_text_add(out, pal_page_whole(first, "n") == 1 ? " user, " : " users, ");
    pal_page_count(first, "n_pairs", out);
    pal_text_add(out, pal_page_whole(first, "n_pairs") == 1 ? " item to find</span></h3>"
                                                            : " items to find</span></h3>");
    pal_chart_bars(pal_json_text_at(first, "name", ""), bars, n, out);
    html_add_cannot(task, slice, out);
    pal_text_add(out, "</div>\n");
}

/* What a slice of one model is of: "history", "popularity". */
static const char *html_slice_group(const json_t *task, size_t slice) {
    size_t index;
    json_t *model;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        const json_t *at = json_array_get(json_object_get(model, "slices"), slice);
        if (at) return pal_json_text_at(at, "group", "");
    }
    return "";
}

static const char *html_group_title(const char *group) {
    static const char *const titles[][2] = {
        {"known", "Known people and strangers"},
        {"history", "By length of history"},
        {"told", "People without a history, by what else is known"},
        {"source", "By what the second domain knows of them"},
        {"popularity", "By popularity of the item"},
        {"age", "By time since training"},
        {"relevant", "By value"},
        {"profile", "By profile"}};
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        if (!strcmp(titles[i][0], group)) return titles[i][1];
    }
    return group;
}

static void html_add_slices(const json_t *results, const json_t *task, pal_text *out) {
    size_t n = 0, index;
    json_t *model;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        size_t size = json_array_size(json_object_get(model, "slices"));
        if (size > n) n = size;
    }
    if (n == 0) return;
    pal_text_add(out, "<h2 id=\"slices\">For whom, and on what</h2><p class=\"soft small\">");
    pal_page_text(results, "protocol/metric", out);
    pal_text_add(out,
                 " of each model among a part of the users or of the items, with 95 % intervals: "
                 "the thin lines, which are long where users are few. Items to find are what "
                 "people did use in the test.</p>\n");
    const char *group = NULL;
    for (size_t s = 0; s < n && s < HTML_SLICES_MAX; s++) {
        const char *next = html_slice_group(task, s);
        if (!group || strcmp(group, next)) {
            if (group) pal_text_add(out, "</div>\n");
            pal_text_add(out, "<h3>");
            pal_text_add_html(out, html_group_title(next));
            pal_text_add(out, "</h3><div class=\"columns wide\">\n");
        }
        group = next;
        html_add_slice(task, s, out);
    }
    if (group) pal_text_add(out, "</div>\n");
}

/* --- examples --- */

static void html_add_item(const json_t *item, pal_text *out) {
    const char *title = pal_json_text_at(item, "title", NULL);
    pal_text_add(out, pal_page_is(item, "hit") ? "<li class=\"hit\">" : "<li>");
    pal_text_add_html(out, title ? title : pal_json_text_at(item, "id", ""));
    pal_text_add(out, pal_page_is(item, "hit") ? " ✓</li>" : "</li>");
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
        pal_page_text(example, "user", out);
        pal_text_add(out, " <span class=\"soft small\">");
        pal_page_count(example, "n_events", out);
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
    pal_page_count(json, path, out);
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
    pal_page_text(results, "command", out);
    pal_text_add(out, "</pre><p class=\"soft small\">palate ");
    pal_page_text(results, "palate", out);
    pal_text_add(out, ", fingerprint ");
    pal_page_text(results, "protocol/fingerprint", out);
    pal_text_add(
        out,
        ". The same command gives the same numbers, times aside, for any number of threads.</p>\n");
}

static void html_add_task(const json_t *results, const json_t *task, bool several, pal_text *out) {
    if (several) {
        pal_text_add(out, "<h2 style=\"font-size:1.4rem\">Task ");
        pal_page_text(task, "task", out);
        pal_text_add(out, "</h2>\n");
    }
    pal_page_table(results, task, out);
    html_add_scatter(results, task, out);
    pal_page_worth(results, task, out);
    pal_page_clicks(results, task, out);
    pal_page_growth(results, task, out);
    pal_page_source(results, task, out);
    html_add_slices(results, task, out);
    pal_page_new_items(results, task, out);
    pal_page_ageing(results, task, out);
    pal_page_ratings(results, task, out);
    pal_page_curves(task, out);
    pal_page_flows(task, out);
}

pal_status pal_report_html(pal_ctx *ctx, const json_t *results, pal_text *out) {
    const json_t *tasks = json_object_get(results, "tasks"),
                 *data = json_object_get(results, "data");
    bool several = json_array_size(tasks) > 1;
    pal_text_add(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
                      "name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                      "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">"
                      "<title>palate: ");
    pal_page_text(data, "name", out);
    pal_text_add(out, "</title><style>\n");
    pal_text_add(out, pal_report_style);
    pal_text_add(out, pal_report_style_figures);
    pal_text_add(out, "</style></head><body><main>\n<h1>Which recommender for ");
    pal_page_text(data, "name", out);
    pal_text_add(out, "?</h1><p class=\"soft\">");
    pal_page_text(data, "source", out);
    pal_text_add(out, "</p>\n");
    if (pal_page_is(results, "interrupted")) {
        pal_text_add(out,
                     "<p>The comparison was stopped on request: the verdict is about the models "
                     "that were done.</p>\n");
    }
    size_t index;
    json_t *task;
    json_array_foreach(tasks, index, task) html_add_verdict(task, several, out);
    json_array_foreach(tasks, index, task) html_add_task(results, task, several, out);
    pal_page_data(data, out);
    html_add_examples(json_array_get(tasks, 0), out);
    html_add_protocol(results, json_array_get(tasks, 0), out);
    html_add_reproduce(results, out);
    pal_text_add(out, "</main><script id=\"sorts\">\n");
    pal_text_add(out, pal_report_script);
    pal_text_add(out, "</script></body></html>\n");
    return out->failed ? pal_fail_memory(ctx, "the report", 1e6) : PAL_OK;
}
