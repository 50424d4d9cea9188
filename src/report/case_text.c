/* case_text.c - the case on a terminal, at most 100 columns wide: what is done, a table a matrix,
 * lists, what generalizes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "report/case.h"

const char pal_case_largest_note[] =
    "Largest α: where the given one diverges (loss not finite or a million times the first), the "
    "largest found that does not, by halving and then to an eighth.";

void pal_case_add_cell(const json_t *run, pal_case_column column, pal_text *out) {
    static const struct {
        const char *key, *format; /* NULL: a text */
    } cells[PAL_CASE_COLUMNS] = {
        {"model", NULL},        {"step", NULL},        {"learning_rate", "%.4g"},
        {"loss_first", "%.4g"}, {"loss_last", "%.4g"}, {"iterations", "%.0f"},
        {"train_rmse", "%.4f"}, {"held_rmse", "%.4f"}, {"what", NULL}};
    const char *key = cells[column].key;
    if (!cells[column].format) {
        pal_text_add(out, pal_json_text_at(run, key, "–"));
        return;
    }
    double value = pal_json_number_at(run, key, NAN);
    char text[64] = "–";
    if (isfinite(value)) snprintf(text, sizeof text, cells[column].format, value);
    pal_text_add(out, text);
}

void pal_case_add_matrix(const json_t *matrix, pal_text *out) {
    double n_held = pal_json_number_at(matrix, "n_held_out", 0);
    pal_text_addf(out, "The %s matrix: ", pal_json_text_at(matrix, "name", ""));
    pal_text_add_count(out, (int64_t)pal_json_number_at(matrix, "n_train", 0));
    if (n_held > 0) {
        pal_text_add(out, " ratings from 1 to 5 to learn from, ");
        pal_text_add_count(out, (int64_t)n_held);
        pal_text_add(out, " held out; low rank, biases and noise");
    } else {
        pal_text_add(out, " cells, all known, uniform in [0, 1) as in the article's listing");
    }
}

/* --- layout --- */

/* Cells are at the right of their column, the first, second and last at the left. */
static const int32_t case_widths[PAL_CASE_COLUMNS] = {18, 6, 9, 10, 10, 6, 8, 9, 0};

static void case_add_padded(pal_case_column column, const char *text, pal_text *out) {
    int32_t room = case_widths[column] - pal_utf8_columns(text);
    if (column == PAL_CASE_WHAT) {
        pal_text_addf(out, "  %s", text);
    } else if (column <= PAL_CASE_STEP) {
        pal_text_addf(out, "%s%*s", text, room > 0 ? room : 1, "");
    } else {
        pal_text_addf(out, "%*s%s", room > 0 ? room : 1, "", text);
    }
}

/* Broken between words. */
static void case_add_wrapped(const char *text, pal_text *out) {
    enum { WIDTH = 100 };
    int32_t column = 0;
    while (*text) {
        char word[128];
        size_t n = strcspn(text, " ");
        snprintf(word, sizeof word, "%.*s", (int)n, text);
        int32_t width = pal_utf8_columns(word);
        if (column > 0 && column + 1 + width > WIDTH) {
            pal_text_add(out, "\n");
            column = 0;
        } else if (column > 0) {
            pal_text_add(out, " ");
            column++;
        }
        pal_text_add_bytes(out, text, n);
        column += width;
        text += n + (text[n] == ' ');
    }
    pal_text_add(out, "\n");
}

static void case_add_row(const json_t *run, pal_text *out) {
    for (int column = 0; column < PAL_CASE_COLUMNS; column++) {
        pal_text cell = {0};
        pal_case_add_cell(run, (pal_case_column)column, &cell);
        bool is_empty = column == PAL_CASE_WHAT && (!cell.bytes || !*cell.bytes);
        if (cell.failed) out->failed = true;
        if (!is_empty && cell.bytes) case_add_padded((pal_case_column)column, cell.bytes, out);
        pal_text_release(&cell);
    }
    pal_text_add(out, json_is_true(json_object_get(run, "is_best")) ? " ←\n" : "\n");
}

static void case_add_table(const json_t *matrix, pal_text *out) {
    static const char *const heads[PAL_CASE_COLUMNS] = {
        "model", "step", "α", "loss", "last loss", "iter.", "RMSE", "held-out", "what happened"};
    size_t index;
    json_t *run;
    pal_text about = {0};
    pal_case_add_matrix(matrix, &about);
    case_add_wrapped(about.failed ? "" : about.bytes, out);
    pal_text_release(&about);
    for (int column = 0; column < PAL_CASE_COLUMNS; column++)
        case_add_padded((pal_case_column)column, heads[column], out);
    pal_text_add(out, "\n");
    json_array_foreach(json_object_get(matrix, "runs"), index, run) case_add_row(run, out);
    pal_text_add(out, "\n");
}

static void case_add_lists(const json_t *matrix, pal_text *out) {
    const json_t *lists = json_object_get(matrix, "lists");
    size_t index, i;
    json_t *list, *item, *run;
    if (json_array_size(lists) == 0) return;
    pal_text_add(out, "Unrated items of the highest prediction by ");
    json_array_foreach(json_object_get(matrix, "runs"), index, run) {
        if (json_is_true(json_object_get(run, "is_best")))
            pal_text_addf(out, "%s, step %s", pal_json_text_at(run, "model", ""),
                          pal_json_text_at(run, "step", ""));
    }
    pal_text_add(out, ": item, prediction (true mean)\n");
    json_array_foreach(lists, index, list) {
        pal_text_addf(out, "  user %.0f:", pal_json_number_at(list, "user", 0));
        json_array_foreach(json_object_get(list, "items"), i, item) {
            pal_text_addf(
                out, "%s %.0f %.2f (%.2f)", i ? "," : "", pal_json_number_at(item, "item", 0),
                pal_json_number_at(item, "predicted", NAN), pal_json_number_at(item, "truth", NAN));
        }
        pal_text_add(out, "\n");
    }
    pal_text_add(out, "\n");
}

pal_status pal_report_case_text(pal_ctx *ctx, const json_t *document, pal_text *out) {
    const json_t *matrices = json_object_get(document, "matrices");
    size_t index;
    json_t *matrix, *line;
    json_array_foreach(json_object_get(document, "about"), index, line)
        case_add_wrapped(json_is_string(line) ? json_string_value(line) : "", out);
    pal_text_add(out, "\n");
    json_array_foreach(matrices, index, matrix) case_add_table(matrix, out);
    case_add_wrapped(pal_case_largest_note, out);
    pal_text_add(out, "\n");
    json_array_foreach(matrices, index, matrix) case_add_lists(matrix, out);
    json_array_foreach(matrices, index, matrix)
        case_add_wrapped(pal_json_text_at(matrix, "verdict", ""), out);
    case_add_wrapped(pal_json_text_at(document, "listing", ""), out);
    return out->failed ? pal_fail_memory(ctx, "the case's text", 1e5) : PAL_OK;
}
