/* case_html.c - the case as one page: what generalizes, a table, heat maps and loss curves a
 * matrix, lists. Heat maps have one path a level: neighbouring cells of a level are one stroke. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "report/case.h"
#include "report/charts.h"
#include "report/style.h"

enum { CASE_LEVELS = 9, CASE_POINTS = 160, CASE_SERIES = 8 };

/* Levels run from what is close to the page to what stands out from it, in both schemes. */
static const char case_style[] =
    ":root{--h0:#f2f0d9;--h1:#dbe6c5;--h2:#b9d8bd;--h3:#8fc6bb;--h4:#62aeb6;--h5:#3f91a9;--h6:#"
    "2d7295;--h7:#25527b;--h8:#1b335a;--c0:#b3431f;--c1:#2f6fa8;--c2:#2f7d4f;--c3:#8a5aa8}\n"
    "@media(prefers-color-scheme:dark){:root{--h0:#232a3b;--h1:#26395a;--h2:#274c77;--h3:#2b648c;"
    "--h4:#367f9a;--h5:#4f9ca3;--h6:#7cb9aa;--h7:#b2d4b4;--h8:#eef0cf;--c0:#f08a5d;--c1:#7fb2e5;"
    "--c2:#7ccb98;--c3:#c9a2e3}}\n"
    ".maps{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(45%,150px),1fr));gap:14px;"
    "align-items:end}"
    "figure{margin:0}figcaption{font-size:.86rem;margin-bottom:4px}.heat{width:100%;display:block;"
    "border:1px solid var(--rule);shape-rendering:crispEdges}.heat path{fill:none;stroke-width:1}"
    ".h0{stroke:var(--h0)}.h1{stroke:var(--h1)}.h2{stroke:var(--h2)}.h3{stroke:var(--h3)}"
    ".h4{stroke:var(--h4)}.h5{stroke:var(--h5)}.h6{stroke:var(--h6)}.h7{stroke:var(--h7)}"
    ".h8{stroke:var(--h8)}.c0{stroke:var(--c0)}.c1{stroke:var(--c1)}.c2{stroke:var(--c2)}"
    ".c3{stroke:var(--c3)}.dashed{stroke-dasharray:5 4}\n"
    ".scale{width:120px;height:10px;display:inline-block}.legend span{margin-right:14px;"
    "white-space:nowrap}.legend svg{width:24px;height:8px;display:inline-block}"
    ".legend .scale{width:120px;height:10px}.legend{margin:6px 0 0}.gap{margin-top:14px}\n";

/* --- heat maps --- */

static int32_t case_level(const json_t *cell, double lowest, double highest) {
    if (!json_is_number(cell)) return -1;
    double share = (json_number_value(cell) - lowest) / (highest - lowest);
    int32_t level = (int32_t)floor(fmin(1, fmax(0, share)) * CASE_LEVELS);
    return level < CASE_LEVELS ? level : CASE_LEVELS - 1;
}

/* levels [USERS, ITEMS], -1 where a cell is empty. */
static void case_fill_levels(const json_t *rows, double lowest, double highest, int8_t *levels) {
    for (size_t u = 0; u < PAL_CASE_USERS; u++) {
        for (size_t i = 0; i < PAL_CASE_ITEMS; i++) {
            const json_t *cell = json_array_get(json_array_get(rows, u), i);
            levels[u * PAL_CASE_ITEMS + i] = (int8_t)case_level(cell, lowest, highest);
        }
    }
}

static void case_add_level(const int8_t *levels, int32_t level, pal_text *out) {
    bool started = false;
    for (int32_t u = 0; u < PAL_CASE_USERS; u++) {
        const int8_t *row = levels + (int64_t)u * PAL_CASE_ITEMS;
        for (int32_t i = 0; i < PAL_CASE_ITEMS;) {
            int32_t from = i++;
            if (row[from] != level) continue;
            while (i < PAL_CASE_ITEMS && row[i] == level) i++;
            if (!started) pal_text_addf(out, "<path class=\"h%d\" d=\"", (int)level);
            started = true;
            pal_text_addf(out, "M%d %dh%d", (int)from, (int)u, (int)(i - from));
        }
    }
    if (started) pal_text_add(out, "\"/>\n");
}

static void case_add_heat(const char *title, const json_t *matrix, const json_t *rows,
                          pal_text *out) {
    int8_t levels[PAL_CASE_CELLS];
    case_fill_levels(rows, pal_json_number_at(matrix, "lowest", 0),
                     pal_json_number_at(matrix, "highest", 1), levels);
    pal_text_add(out, "<figure><figcaption>");
    pal_text_add_html(out, title);
    pal_text_addf(out,
                  "</figcaption><svg class=\"heat\" viewBox=\"0 0 %d %d\" role=\"img\"><title>",
                  PAL_CASE_ITEMS, PAL_CASE_USERS);
    pal_text_add_html(out, title);
    pal_text_add(out, "</title><g transform=\"translate(0 .5)\">\n");
    for (int32_t level = 0; level < CASE_LEVELS; level++) case_add_level(levels, level, out);
    pal_text_add(out, "</g></svg></figure>\n");
}

static void case_add_run_title(const json_t *run, pal_text *out) {
    const char *step = pal_json_text_at(run, "step", NULL);
    pal_text_add(out, pal_json_text_at(run, "model", ""));
    if (!step) return;
    pal_text_add(out, !strcmp(step, "whole") ? ", whole-matrix steps" : ", one rating at a time");
    if (json_is_true(json_object_get(run, "is_largest")))
        pal_text_addf(out, ", α = %.4g", pal_json_number_at(run, "learning_rate", NAN));
}

static void case_add_maps(const json_t *matrix, pal_text *out) {
    size_t index;
    json_t *run;
    pal_text_add(out, "<div class=\"card gap\"><div class=\"maps\">\n");
    case_add_heat("as given (blank: not known)", matrix, json_object_get(matrix, "values"), out);
    json_array_foreach(json_object_get(matrix, "runs"), index, run) {
        const json_t *predicted = json_object_get(run, "predicted");
        pal_text title = {0};
        if (!predicted) continue;
        case_add_run_title(run, &title);
        case_add_heat(title.bytes ? title.bytes : "", matrix, predicted, out);
        pal_text_release(&title);
    }
    pal_text_addf(out, "</div><p class=\"soft small legend\">A row a user, a column an item; %.2f ",
                  pal_json_number_at(matrix, "lowest", 0));
    pal_text_addf(out,
                  "<svg class=\"scale heat\" viewBox=\"0 0 %d 1\" "
                  "preserveAspectRatio=\"none\"><g transform=\"translate(0 .5)\">",
                  CASE_LEVELS);
    for (int level = 0; level < CASE_LEVELS; level++)
        pal_text_addf(out, "<path class=\"h%d\" d=\"M%d 0h1\"/>", level, level);
    pal_text_addf(out,
                  "</g></svg> %.2f; what lies outside has the colour of the end. Of each model the "
                  "better run is drawn.</p></div>\n",
                  pal_json_number_at(matrix, "highest", 1));
}

/* --- loss curves --- */

/* About CASE_POINTS of the losses, evenly by the logarithm of the iteration, up to where they leave
 * `most`. */
static int32_t case_curve(const json_t *losses, double most, pal_point *points) {
    int32_t n = 0, size = (int32_t)json_array_size(losses);
    double growth = pow(fmax(size, 2), 1.0 / (CASE_POINTS - 40));
    for (int32_t t = 0, next; t < size && n < CASE_POINTS; t = next) {
        const json_t *loss = json_array_get(losses, (size_t)t);
        double y = json_is_number(loss) ? json_number_value(loss) : INFINITY;
        points[n++] = (pal_point){.x = t + 1, .y = fmin(y, most), .label = ""};
        if (y > most) break;
        next = (int32_t)fmax(t + 1, floor((t + 1) * growth) - 1);
        if (next > size - 1 && t < size - 1) next = size - 1;
    }
    return n;
}

static int32_t case_colour(const json_t *run) {
    static const char *const models[] = {"mf", "gmf", "nn (rows fixed)"};
    int32_t colour = 0;
    while (colour < 3 && strcmp(models[colour], pal_json_text_at(run, "model", ""))) colour++;
    return colour;
}

static void case_add_curves(const json_t *matrix, const char *step, const char *title,
                            pal_text *out) {
    pal_point points[CASE_SERIES * CASE_POINTS];
    pal_line series[CASE_SERIES];
    pal_text labels[CASE_SERIES] = {0};
    int32_t n_series = 0, n = 0;
    double most = 0;
    size_t index;
    json_t *run;
    json_array_foreach(json_object_get(matrix, "runs"), index, run) most =
        fmax(most, 10 * pal_json_number_at(run, "loss_first", 0));
    json_array_foreach(json_object_get(matrix, "runs"), index, run) {
        if (strcmp(pal_json_text_at(run, "step", ""), step) || n_series == CASE_SERIES) continue;
        pal_text *label = &labels[n_series];
        bool is_diverged = !strcmp(pal_json_text_at(run, "outcome", ""), "diverged");
        pal_text_addf(label, "%s, α = %.4g%s", pal_json_text_at(run, "model", ""),
                      pal_json_number_at(run, "learning_rate", NAN),
                      is_diverged ? ": diverged" : "");
        series[n_series] =
            (pal_line){.label = label->bytes ? label->bytes : "",
                       .from = n,
                       .n = case_curve(json_object_get(run, "losses"), most, points + n),
                       .colour = case_colour(run),
                       .is_dashed = is_diverged};
        n += series[n_series++].n;
    }
    pal_text_add(out, "<div class=\"card\"><h3>");
    pal_text_add_html(out, title);
    pal_text_add(out, "</h3>");
    pal_chart_lines(&(pal_axes){.title = title,
                                .x_label = "before iteration",
                                .y_label = "Σ (r − r̂)²",
                                .x_log = true,
                                .y_log = true},
                    points, series, n_series, out);
    pal_text_add(out, "</div>\n");
    for (int32_t s = 0; s < CASE_SERIES; s++) pal_text_release(&labels[s]);
}

/* --- tables --- */

static void case_add_table(const json_t *matrix, pal_text *out) {
    static const char *const heads[PAL_CASE_COLUMNS] = {
        "model",         "step",         "α", "loss first", "loss last", "iterations", "train RMSE",
        "held-out RMSE", "what happened"};
    size_t index;
    json_t *run;
    pal_text_add(out, "<div class=\"card scroll\"><table><thead><tr>");
    for (int column = 0; column < PAL_CASE_COLUMNS; column++)
        pal_text_addf(out, "<th%s>%s</th>", column == PAL_CASE_WHAT ? " class=\"text\"" : "",
                      heads[column]);
    pal_text_add(out, "</tr></thead><tbody>\n");
    json_array_foreach(json_object_get(matrix, "runs"), index, run) {
        pal_text_add(out, json_is_true(json_object_get(run, "is_best")) ? "<tr class=\"winner\">"
                                                                        : "<tr>");
        for (int column = 0; column < PAL_CASE_COLUMNS; column++) {
            pal_text cell = {0};
            pal_case_add_cell(run, (pal_case_column)column, &cell);
            pal_text_add(out, column == PAL_CASE_WHAT ? "<td class=\"text\">" : "<td>");
            pal_text_add_html(out, cell.bytes ? cell.bytes : "");
            pal_text_add(out, "</td>");
            pal_text_release(&cell);
        }
        pal_text_add(out, "</tr>\n");
    }
    pal_text_add(out, "</tbody></table></div>\n");
}

static void case_add_lists(const json_t *matrix, pal_text *out) {
    const json_t *lists = json_object_get(matrix, "lists");
    size_t index, i;
    json_t *list, *item;
    if (json_array_size(lists) == 0) return;
    pal_text_add(out, "<h3>Unrated items with the highest predictions of the marked row</h3><div "
                      "class=\"columns\">\n");
    json_array_foreach(lists, index, list) {
        pal_text_addf(out, "<div class=\"card\"><h3>User %.0f</h3><ol class=\"small\">",
                      pal_json_number_at(list, "user", 0));
        json_array_foreach(json_object_get(list, "items"), i, item) {
            double held = pal_json_number_at(item, "held_out", NAN);
            pal_text_addf(out, "<li>item %.0f: %.2f <span class=\"soft\">(true mean %.2f",
                          pal_json_number_at(item, "item", 0),
                          pal_json_number_at(item, "predicted", NAN),
                          pal_json_number_at(item, "truth", NAN));
            if (isfinite(held)) pal_text_addf(out, ", held-out value %.0f", held);
            pal_text_add(out, ")</span></li>");
        }
        pal_text_add(out, "</ol></div>\n");
    }
    pal_text_add(out, "</div>\n");
}

static void case_add_part(const json_t *matrix, pal_text *out) {
    pal_text_addf(out, "<h2>The %s matrix</h2><p class=\"soft small\">",
                  pal_json_text_at(matrix, "name", ""));
    pal_text about = {0};
    pal_case_add_matrix(matrix, &about);
    pal_text_add_html(out, about.bytes ? about.bytes : "");
    pal_text_release(&about);
    pal_text_add(out, ".</p>\n");
    case_add_table(matrix, out);
    pal_text_add(out, "<p class=\"soft small\">");
    pal_text_add_html(out, pal_case_largest_note);
    pal_text_add(out, "</p>\n");
    case_add_maps(matrix, out);
    pal_text_add(out, "<div class=\"columns wide gap\">\n");
    case_add_curves(matrix, "whole", "Loss, whole-matrix steps", out);
    case_add_curves(matrix, "one", "Loss, one rating at a time", out);
    pal_text_add(out, "</div>\n");
    case_add_lists(matrix, out);
}

static void case_add_top(const json_t *document, pal_text *out) {
    size_t index;
    json_t *line, *matrix;
    pal_text_add(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
                      "name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                      "<title>palate: the article's case</title><style>\n");
    pal_text_add(out, pal_report_style);
    pal_text_add(out, case_style);
    pal_text_add(out, "</style></head><body><main>\n<h1>The article's case</h1><p class=\"soft\">");
    json_array_foreach(json_object_get(document, "about"), index, line) {
        pal_text_add_html(out, json_is_string(line) ? json_string_value(line) : "");
        pal_text_add(out, " ");
    }
    pal_text_add(out, "</p>\n<div class=\"card verdict\">");
    /* What can generalize comes first: the last matrix has the held-out part. */
    for (size_t m = json_array_size(json_object_get(document, "matrices")); m-- > 0;) {
        matrix = json_array_get(json_object_get(document, "matrices"), m);
        pal_text_add(out, "<p>");
        pal_text_add_html(out, pal_json_text_at(matrix, "verdict", ""));
        pal_text_add(out, "</p>\n");
    }
    pal_text_add(out, "<p class=\"soft\">");
    pal_text_add_html(out, pal_json_text_at(document, "listing", ""));
    pal_text_add(out, "</p></div>\n");
}

pal_status pal_report_case_html(pal_ctx *ctx, const json_t *document, pal_text *out) {
    size_t index;
    json_t *matrix;
    case_add_top(document, out);
    json_array_foreach(json_object_get(document, "matrices"), index, matrix)
        case_add_part(matrix, out);
    pal_text_add(out,
                 "<h2>Equations</h2><div class=\"card\"><p>L = Σ (r − r̂)² over the known cells; "
                 "every learned parameter x moves by 2α (r − r̂) ∂r̂/∂x, from the values before the "
                 "step. mf: r̂ = U<sub>i</sub>·V<sub>j</sub>. gmf: r̂ = Σ u v w. nn: r̂ = "
                 "σ(W·(U<sub>i</sub>, V<sub>j</sub>) + b), with values brought to (0, 1) by their "
                 "least and largest and predictions back; losses here are on the scale of the "
                 "values. The bias prediction is m + b<sub>i</sub> + b<sub>j</sub> as the kind "
                 "<code>bias</code> learns it.</p></div>\n<h2>Do it again</h2><pre>");
    pal_text_add_html(out, pal_json_text_at(document, "command", ""));
    pal_text_add(out, "</pre></main></body></html>\n");
    return out->failed ? pal_fail_memory(ctx, "the page", 1e6) : PAL_OK;
}
