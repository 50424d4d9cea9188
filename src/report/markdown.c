/* markdown.c - the report's words and numbers as Markdown, for pull requests and terminals. Drawn
 * from the document alone, like the page. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/ctx.h"
#include "base/json.h"
#include "report/page.h"
#include "report/report.h"

/* Ids and titles must not become markup: special characters are escaped, line ends become spaces.
 */
static void markdown_add(const char *text, pal_text *out) {
    for (const char *c = text; *c; c++) {
        if (*c == '<') {
            pal_text_add(out, "&lt;");
        } else if (*c == '&') {
            pal_text_add(out, "&amp;");
        } else if ((unsigned char)*c < ' ' || *c == 127) {
            pal_text_add(out, " ");
        } else {
            if (strchr("\\`*_[]>|#~!$", *c)) pal_text_add(out, "\\");
            pal_text_add_bytes(out, c, 1);
        }
    }
}

static void markdown_add_at(const json_t *json, const char *path, pal_text *out) {
    markdown_add(pal_json_text_at(json, path, ""), out);
}

static void markdown_add_seconds(double seconds, pal_text *out) {
    if (seconds >= 0 && seconds < 1e12) {
        pal_text_add_seconds(out, seconds);
    } else {
        pal_text_add(out, "–");
    }
}

static void markdown_add_large(double n, pal_text *out) {
    if (n >= 0 && n < 1e24) {
        pal_text_add_large(out, n);
    } else {
        pal_text_add(out, "–");
    }
}

static void markdown_add_list(const json_t *list, pal_text *out) {
    size_t index;
    json_t *line;
    json_array_foreach(list, index, line) {
        pal_text_add(out, "- ");
        markdown_add(json_is_string(line) ? json_string_value(line) : "", out);
        pal_text_add(out, "\n");
    }
}

/* Which models rank items without a training event last. */
static void markdown_add_blind(const json_t *task, pal_text *out) {
    size_t index;
    json_t *model;
    bool has_list = false;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (!json_is_false(json_object_get(model, "scores_new_items"))) continue;
        pal_text_add(
            out, has_list ? ", "
                          : "\nCannot score items without a training event, and rank them last: ");
        has_list = true;
        markdown_add_at(model, "spec", out);
    }
    if (has_list) pal_text_add(out, ".\n");
}

/* --- models --- */

static void markdown_add_row(const json_t *model, const char *metric, char more[3][40],
                             pal_text *out) {
    pal_text_add(out, "| ");
    markdown_add_at(model, "spec", out);
    pal_text_add(out, pal_page_is(model, "winner") ? " **winner**"
                      : pal_page_is(model, "tied") ? " ≈ tied"
                                                   : "");
    if (!pal_page_is_done(model)) {
        pal_text_add(out, " | ");
        markdown_add_at(model, "status", out);
        pal_text_add(out, ": ");
        markdown_add_at(model, "reason", out);
        pal_text_add(out, " | | | | | | | | | | |\n");
        return;
    }
    const json_t *metrics = json_object_get(model, "metrics"),
                 *value = json_object_get(metrics, metric);
    pal_text_add(out, " | ");
    pal_page_number(value, "mean", "%.4f", out);
    pal_text_add(out, " | ");
    pal_page_interval(value, "", "%.3f", out);
    pal_text_add(out, " | ");
    if (json_is_object(json_object_get(model, "difference"))) {
        pal_page_number(model, "difference/mean", "%+.4f", out);
        pal_page_bounds(model, "difference", out);
    }
    for (int i = 0; i < 3; i++) {
        pal_text_add(out, " | ");
        pal_page_number(json_object_get(metrics, more[i]), "mean", "%.4f", out);
    }
    pal_text_add(out, " | ");
    markdown_add_seconds(pal_json_number_at(model, "measured/train_seconds", NAN), out);
    pal_text_add(out, " | ");
    markdown_add_seconds(pal_json_number_at(model, "measured/list_us_p50", NAN) / 1e6, out);
    /* What others' lists cost is not known. */
    double unit = pal_page_has_role(model, "run") ? NAN : 1,
           bytes = unit * pal_json_number_at(model, "model_bytes", NAN);
    pal_text_add(out, " | ");
    markdown_add_large(unit * pal_json_number_at(model, "multiply_adds", NAN), out);
    pal_text_add(out, " | ");
    markdown_add_large(unit * pal_json_number_at(model, "parameters", NAN), out);
    pal_text_add(out, " | ");
    if (bytes >= 0 && bytes < 1e18) pal_text_add_size(out, bytes);
    pal_text_add(out, bytes >= 0 ? " |\n" : "– |\n");
}

static void markdown_add_table(const json_t *results, const json_t *task, pal_text *out) {
    const char *metric = pal_json_text_at(results, "protocol/metric", "");
    char more[3][40];
    size_t index;
    json_t *model;
    pal_page_more_metrics(results, more);
    pal_text_add(out, "\n## Models\n\n| model | ");
    markdown_add(metric, out);
    pal_text_add(out, " | 95 % interval | winner − model");
    for (int i = 0; i < 3; i++) pal_text_addf(out, " | %s", more[i]);
    pal_text_add(
        out, " | training | one list | multiply-adds | learned numbers | size |\n| --- | ---: | "
             "---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    json_array_foreach(json_object_get(task, "models"), index, model)
        markdown_add_row(model, metric, more, out);
    pal_text_add(out, "\nIntervals of differences hold together with 95 %. ≈: this test cannot "
                      "tell the model from the winner, which was chosen on validation; all numbers "
                      "are of the test.\n");
    bool has_list = false;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (!json_is_string(json_object_get(model, "below"))) continue;
        if (!has_list) pal_text_add(out, "\nWorse than popular:\n\n");
        has_list = true;
        pal_text_add(out, "- ");
        markdown_add_at(model, "spec", out);
        pal_text_add(out, ": ");
        markdown_add_at(model, "below", out);
        pal_text_add(out, "\n");
    }
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (!pal_page_is_done(model) || !json_is_string(json_object_get(model, "reason"))) continue;
        pal_text_add(out, "\n");
        markdown_add_at(model, "spec", out);
        pal_text_add(out, ": ");
        markdown_add_at(model, "reason", out);
        pal_text_add(out, ".\n");
    }
    markdown_add_blind(task, out);
}

/* One row a slice, one column a model. */
static void markdown_add_slices(const json_t *task, pal_text *out) {
    const json_t *models = json_object_get(task, "models"), *first = NULL;
    size_t index;
    json_t *model, *slice;
    size_t n_columns = 0;
    pal_text_add(out, "\n## For whom, and on what\n\n| slice | users");
    json_array_foreach(models, index, model) {
        if (!json_array_size(json_object_get(model, "slices"))) continue;
        if (!first) first = json_object_get(model, "slices");
        pal_text_add(out, " | ");
        markdown_add_at(model, "spec", out);
        n_columns++;
    }
    pal_text_add(out, " |\n| --- | ---:");
    for (size_t c = 0; c < n_columns; c++) pal_text_add(out, " | ---:");
    pal_text_add(out, " |\n");
    size_t s;
    json_array_foreach(first, s, slice) {
        pal_text_add(out, "| ");
        markdown_add_at(slice, "name", out);
        pal_text_add(out, " | ");
        pal_page_count(slice, "n", out);
        json_array_foreach(models, index, model) {
            if (!json_array_size(json_object_get(model, "slices"))) continue;
            const json_t *at = json_array_get(json_object_get(model, "slices"), s);
            pal_text_add(out, " | ");
            if (pal_page_is(at, "cannot")) {
                pal_text_add(out, "cannot");
                continue;
            }
            pal_page_number(at, "interval/mean", "%.3f", out);
            pal_text_add(out, " (");
            pal_page_interval(at, "interval", "%.3f", out);
            pal_text_add(out, ")");
        }
        pal_text_add(out, " |\n");
    }
}

/* How new items are told apart where nothing else is listed. */
static void markdown_add_new_items(const json_t *task, pal_text *out) {
    size_t index;
    json_t *model;
    if (!json_is_object(json_object_get(task, "new_items"))) return;
    pal_text_add(out, "\n## Items that nobody had used\n\n");
    pal_page_count(task, "new_items/n_users", out);
    pal_text_add(out,
                 " test users used such. The slice \"new items\" lists them among all; here "
                 "they alone are listed.\n\n| model | new items alone | 95 % interval |\n| --- "
                 "| ---: | ---: |\n");
    json_array_foreach(json_object_get(task, "models"), index, model) {
        const json_t *alone = json_object_get(model, "new_alone");
        if (!alone) continue;
        pal_text_add(out, "| ");
        markdown_add_at(model, "spec", out);
        pal_text_add(out, " | ");
        pal_page_number(alone, "mean", "%.4f", out);
        pal_text_add(out, " | ");
        pal_page_interval(alone, "", "%.4f", out);
        pal_text_add(out, " |\n");
    }
}

/* Whether the second domain helps. */
static void markdown_add_source(const json_t *task, pal_text *out) {
    size_t index;
    json_t *model;
    bool opened = false;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (!json_is_object(json_object_get(model, "source"))) continue;
        if (!opened) pal_text_add(out, "\n## Does the second domain help?\n\n");
        opened = true;
        pal_text_add(out, "- ");
        markdown_add_at(model, "spec", out);
        pal_text_add(out, ": ");
        markdown_add_at(model, "source/says", out);
        pal_text_add(out, "\n");
    }
}

static void markdown_add_ratings(const json_t *results, const json_t *task, pal_text *out) {
    bool opened = false;
    size_t index;
    json_t *model;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (!pal_json_at(model, "ratings/rmse")) continue;
        if (!opened)
            pal_text_add(out,
                         "\n## Predicted values\n\n| model | rmse | 95 % interval | mae | 95 % "
                         "interval |\n| --- | ---: | ---: | ---: | ---: |\n");
        opened = true;
        pal_text_add(out, "| ");
        markdown_add_at(model, "spec", out);
        pal_text_add(out, " | ");
        pal_page_number(model, "ratings/rmse/mean", "%.4f", out);
        pal_text_add(out, " | ");
        pal_page_interval(model, "ratings/rmse", "%.3f", out);
        pal_text_add(out, " | ");
        pal_page_number(model, "ratings/mae/mean", "%.4f", out);
        pal_text_add(out, " | ");
        pal_page_interval(model, "ratings/mae", "%.3f", out);
        pal_text_add(out, " |\n");
    }
    if (!opened) return;
    pal_text_add(out, "| the mean for everything | ");
    pal_page_number(results, "protocol/ratings/constant_rmse", "%.4f", out);
    pal_text_add(out, " | | ");
    pal_page_number(results, "protocol/ratings/constant_mae", "%.4f", out);
    pal_text_add(out, " | |\n");
}

static void markdown_add_clicks(const json_t *results, const json_t *task, pal_text *out) {
    bool opened = false;
    size_t index;
    json_t *model;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (!pal_json_at(model, "clicks/auc")) continue;
        if (!opened) {
            pal_text_add(out, "\n## What was clicked, of what was shown\n\n");
            pal_page_count(results, "protocol/clicks/n", out);
            pal_text_add(out, " impressions of the test, ");
            pal_page_count(results, "protocol/clicks/n_clicked", out);
            pal_text_add(out, " of them clicked. auc 0.5 is chance, 1 never wrong; log loss and "
                              "calibration: smaller is better.\n\n"
                              "| model | auc | 95 % interval | gauc | 95 % interval | log loss | "
                              "calibration |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: "
                              "|\n");
        }
        opened = true;
        pal_text_add(out, "| ");
        markdown_add_at(model, "spec", out);
        pal_text_add(out, " | ");
        pal_page_number(model, "clicks/auc/mean", "%.4f", out);
        pal_text_add(out, " | ");
        pal_page_interval(model, "clicks/auc", "%.3f", out);
        pal_text_add(out, " | ");
        pal_page_number(model, "clicks/gauc/mean", "%.4f", out);
        pal_text_add(out, " | ");
        pal_page_interval(model, "clicks/gauc", "%.3f", out);
        pal_text_add(out, " | ");
        pal_page_number(model, "clicks/logloss/mean", "%.4f", out);
        pal_text_add(out, " | ");
        pal_page_number(model, "clicks/calibration", "%.4f", out);
        pal_text_add(out, " |\n");
    }
    double logloss = pal_page_constant_logloss(results);
    if (opened && isfinite(logloss))
        pal_text_addf(out,
                      "| the share of clicks for everything | 0.5000 | | 0.5000 | | %.4f | |\n",
                      logloss);
}

static void markdown_add_worth(const json_t *results, const json_t *task, pal_text *out) {
    const char *gain = pal_json_text_at(results, "protocol/gain", NULL);
    char name[40];
    bool opened = false;
    size_t index;
    json_t *model;
    if (!gain) return;
    snprintf(name, sizeof name, "value@%lld",
             (long long)json_integer_value(json_array_get(pal_json_at(results, "protocol/k"), 0)));
    json_array_foreach(json_object_get(task, "models"), index, model) {
        const json_t *value = json_object_get(json_object_get(model, "metrics"), name);
        if (!value) continue;
        if (!opened) {
            pal_text_addf(out, "\n## What the hits are worth\n\n%s: the sum of ", name);
            markdown_add(gain, out);
            pal_text_addf(out,
                          " over the hits of a list, on average over people.\n\n| model | %s | 95 "
                          "%% interval |\n| --- | ---: | ---: |\n",
                          name);
        }
        opened = true;
        pal_text_add(out, "| ");
        markdown_add_at(model, "spec", out);
        pal_text_add(out, " | ");
        pal_page_number(value, "mean", "%.4f", out);
        pal_text_add(out, " | ");
        pal_page_interval(value, "", "%.3f", out);
        pal_text_add(out, " |\n");
    }
}

static void markdown_add_ageing(const json_t *results, const json_t *task, pal_text *out) {
    pal_text sentence = {0};
    if (pal_page_ageing_sentence(results, task, &sentence)) {
        pal_text_add(out, "\n## How long a model stays good\n\n");
        markdown_add(sentence.bytes ? sentence.bytes : "", out);
        pal_text_add(out, "\n");
    }
    out->failed |= sentence.failed;
    pal_text_release(&sentence);
}

static void markdown_add_flows(const json_t *task, pal_text *out) {
    size_t index, at;
    json_t *model, *box;
    pal_text_add(out, "\n## From the log to a list\n\n");
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (!json_array_size(json_object_get(model, "flow"))) continue;
        pal_text_add(out, "- **");
        markdown_add_at(model, "spec", out);
        pal_text_add(out, "**");
        json_array_foreach(json_object_get(model, "flow"), at, box) {
            pal_text_add(out, at ? " → " : ": ");
            markdown_add_at(box, "name", out);
            pal_text_add(out, " (");
            markdown_add_at(box, "text", out);
            pal_text_add(out, ")");
        }
        pal_text_add(out, "\n");
    }
}

/* Curves and growth, in a sentence a model. */
static void markdown_add_learning(const json_t *task, pal_text *out) {
    size_t index;
    json_t *model;
    bool opened = false;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        pal_text growth = {0};
        bool grows = pal_page_growth_sentence(model, &growth);
        int64_t epochs = pal_page_whole(model, "curve/n");
        if (epochs > 0 || grows) {
            if (!opened) pal_text_add(out, "\n## Learning and its cost\n\n");
            opened = true;
            pal_text_add(out, "- ");
            markdown_add_at(model, "spec", out);
            if (epochs > 0) {
                pal_text_addf(out, ": %lld epochs, the best was %lld", (long long)epochs,
                              (long long)pal_page_whole(model, "curve/best"));
            }
            pal_text_add(out, !grows ? "." : epochs > 0 ? "; " : ": ");
            if (grows) markdown_add(growth.bytes ? growth.bytes : "", out);
            pal_text_add(out, "\n");
        }
        out->failed |= growth.failed;
        pal_text_release(&growth);
    }
}

/* --- data and protocol --- */

static void markdown_add_data(const json_t *data, pal_text *out) {
    pal_text_add(out, "\n## The data\n\n");
    pal_page_count(data, "events", out);
    pal_text_add(out, " events of ");
    pal_page_count(data, "users", out);
    pal_text_add(out, " users on ");
    pal_page_count(data, "items", out);
    pal_text_add(out, " items; ");
    pal_page_number(data, "median_user_events", "%.0f", out);
    pal_text_add(out, " events of the median user.\n\n");
    if (*pal_json_text_at(data, "columns", "")) {
        pal_text_add(out, "- columns: ");
        markdown_add_at(data, "columns", out);
        pal_text_add(out, "\n");
    }
    markdown_add_list(json_object_get(data, "findings"), out);
    if (json_array_size(json_object_get(data, "warnings")))
        pal_text_add(out, "\nWorth a look:\n\n");
    markdown_add_list(json_object_get(data, "warnings"), out);
}

static void markdown_add_protocol(const json_t *results, pal_text *out) {
    static const char *const terms[][2] = {
        {"split", "split"},           {"task", "task"},
        {"relevant", "relevant"},     {"hidden", "hide"},
        {"candidates", "candidates"}, {"fallback", "fallback"},
        {"chosen by", "metric"},      {"fingerprint", "fingerprint"}};
    const json_t *protocol = json_object_get(results, "protocol");
    pal_text_add(out, "\n## How this was measured\n\n");
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
        pal_text_addf(out, "- %s: ", terms[i][0]);
        markdown_add_at(protocol, terms[i][1], out);
        pal_text_add(out, "\n");
    }
    pal_text_add(out, "\nDo it again:\n\n    ");
    /* A code block shows its line as it is; a line end would leave the block. */
    for (const char *c = pal_json_text_at(results, "command", ""); *c; c++)
        pal_text_add_bytes(out, (unsigned char)*c < ' ' ? " " : c, 1);
    pal_text_add(out, "\n\npalate ");
    markdown_add_at(results, "palate", out);
    pal_text_add(out, "\n");
}

pal_status pal_report_markdown(pal_ctx *ctx, const json_t *results, pal_text *out) {
    const json_t *tasks = json_object_get(results, "tasks");
    bool several = json_array_size(tasks) > 1;
    size_t index;
    json_t *task;
    pal_text_add(out, "# Which recommender for ");
    markdown_add_at(results, "data/name", out);
    pal_text_add(out, "?\n\n");
    if (pal_page_is(results, "interrupted"))
        pal_text_add(out, "The comparison was stopped on request: the verdict is about the models "
                          "that were done.\n\n");
    json_array_foreach(tasks, index, task) {
        if (several) {
            pal_text_add(out, "# Task ");
            markdown_add_at(task, "task", out);
            pal_text_add(out, "\n\n");
        }
        markdown_add_list(pal_json_at(task, "verdict/why"), out);
        markdown_add_table(results, task, out);
        markdown_add_worth(results, task, out);
        markdown_add_clicks(results, task, out);
        markdown_add_slices(task, out);
        markdown_add_new_items(task, out);
        markdown_add_source(task, out);
        markdown_add_ageing(results, task, out);
        markdown_add_ratings(results, task, out);
        markdown_add_learning(task, out);
        markdown_add_flows(task, out);
        pal_text_add(out, several ? "\n" : "");
    }
    markdown_add_data(json_object_get(results, "data"), out);
    markdown_add_protocol(results, out);
    return out->failed ? pal_fail_memory(ctx, "the report", 1e6) : PAL_OK;
}
