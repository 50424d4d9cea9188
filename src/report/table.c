/* table.c - the terminal's table and closing text, at most 100 columns wide. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "report/report.h"

enum { TABLE_NAME = 30 };

static int32_t table_measure(const pal_comparison *comparison, const char *metric) {
    for (int32_t m = 0; m < comparison->measures.n; m++) {
        if (!strcmp(comparison->measures.at[m].metric->name, metric)) return m;
    }
    return 0;
}

/* Recall in the longest lists. */
static int32_t table_recall(const pal_comparison *comparison) {
    return table_measure(comparison, "recall") + comparison->options.protocol.k.n - 1;
}

static void table_add_padded(pal_text *out, const char *text, int32_t width) {
    int32_t columns = pal_utf8_columns(text);
    if (columns > width) {
        /* Names are ASCII specs or file names; cut where they are too long. */
        pal_text_addf(out, "%.*s…", width - 1, text);
    } else {
        pal_text_addf(out, "%s%*s", text, width - columns, "");
    }
}

static void table_add_number(pal_text *out, double value, int width) {
    if (isnan(value)) {
        pal_text_addf(out, "%*s", width + 2, "–");
    } else {
        pal_text_addf(out, "%*.4f", width, value);
    }
}

static int32_t table_slice(const pal_table *table, const char *name) {
    for (int32_t s = 0; s < table->slices.n; s++) {
        if (!strcmp(table->slices.at[s].name, name)) return s;
    }
    return -1;
}

/* "plan: 6 models, about 12 s; the longest: mf 8 s; most memory: ease 1.2 GB" */
static void table_add_plan(const pal_comparison *comparison, pal_text *out) {
    const pal_estimate *plan = comparison->plan;
    const pal_row *rows = comparison->tables[0].rows;
    int32_t longest = 0, largest = 0;
    double seconds = 0;
    for (int32_t i = 0; i < comparison->n_plan; i++) {
        seconds += plan[i].seconds;
        if (plan[i].seconds > plan[longest].seconds) longest = i;
        if (plan[i].bytes > plan[largest].bytes) largest = i;
    }
    if (comparison->n_plan == 0) return;
    pal_text_addf(out, "\nplan: %d models, estimated ", comparison->n_plan);
    pal_text_add_seconds(out, seconds * (comparison->n_folds ? comparison->n_folds : 1));
    if (comparison->n_plan > 1) {
        pal_text_addf(out, "; the longest is %s with ", rows[longest].name);
        pal_text_add_seconds(out, plan[longest].seconds);
    }
    pal_text_addf(out, "; the most memory takes %s with ", rows[largest].name);
    pal_text_add_size(out, plan[largest].bytes);
    if (comparison->options.budget > 0) {
        pal_text_add(out, "; budget ");
        pal_text_add_seconds(out, comparison->options.budget);
    }
}

void pal_report_table_head(const pal_comparison *comparison, int32_t t, pal_text *out) {
    const pal_split *split = &comparison->split;
    const pal_table *table = &comparison->tables[t];
    const pal_protocol *p = &comparison->options.protocol;
    pal_text_add(out, "plan: split ");
    pal_text_add(out, split->spec);
    pal_text_add(out, ": train ");
    pal_text_add_count(out, split->train.n_events);
    pal_text_add(out, ", validation ");
    pal_text_add_count(out, split->valid.n_events);
    pal_text_add(out, ", test ");
    pal_text_add_count(out, split->test.n_events);
    pal_text_add(out, " events");
    if (split->test_from) {
        pal_text_add(out, "; test from ");
        pal_text_add_time(out, split->test_from);
    }
    pal_text_addf(out,
                  "\nplan: task %s; relevant %s; hidden %s; %d test users, %d of them strangers "
                  "(answered by %s); ",
                  comparison->n_tables > 1 ? "both" : pal_task_name(table->task), p->relevant,
                  pal_hide_choices[p->hide], table->test.n_users, table->test.n_strangers,
                  p->fallback);
    pal_text_add_count(out, table->test.n_candidates - table->test.first_candidate);
    pal_text_add(out, " candidates");
    const pal_log *learned = p->refit == 0 ? &split->history : &split->train;
    int32_t n_new = table->test.n_candidates - learned->n_items;
    if (p->candidates != PAL_CANDIDATES_SEEN)
        pal_text_addf(out, ", %d of them without a training event", n_new);
    table_add_plan(comparison, out);
    pal_text_add(out, "\n\n");
    table_add_padded(out, "model", TABLE_NAME);
    int32_t recall = table_recall(comparison);
    pal_text_addf(out, "%9s  %-15s %9s %8s %8s %8s %8s\n", comparison->measures.at[0].name,
                  "95 % interval", comparison->measures.at[recall].name, "known", "stranger",
                  "train", "a list");
}

void pal_report_table_row(const pal_comparison *comparison, int32_t t, int32_t r, pal_text *out) {
    const pal_table *table = &comparison->tables[t];
    const pal_row *row = &table->rows[r];
    if (comparison->n_tables > 1) pal_text_addf(out, "%-7s", pal_task_name(table->task));
    table_add_padded(out, row->name, comparison->n_tables > 1 ? TABLE_NAME - 7 : TABLE_NAME);
    if (row->status != PAL_ROW_DONE) {
        pal_text_addf(out, "  %s: %s\n", row->status == PAL_ROW_FAILED ? "failed" : "skipped",
                      row->reason);
        return;
    }
    int32_t recall = table_recall(comparison), known = table_slice(table, "known users"),
            strangers = table_slice(table, "strangers");
    int32_t n = comparison->measures.n;
    table_add_number(out, row->test.mean[0], 9);
    pal_text_add(out, "  ");
    table_add_number(out, row->intervals[0].low, 6);
    pal_text_add(out, " – ");
    table_add_number(out, row->intervals[0].high, 6);
    table_add_number(out, row->test.mean[recall], 10);
    if (comparison->n_folds && row->folds) known = strangers = -1; /* slices are of one fold */
    table_add_number(out, known < 0 ? NAN : row->test.by_slice[(int64_t)known * n], 9);
    table_add_number(out, strangers < 0 ? NAN : row->test.by_slice[(int64_t)strangers * n], 9);
    pal_text seconds = {0}, list = {0};
    pal_text_add_seconds(&seconds, row->train_seconds);
    pal_text_add_seconds(&list, row->test.list_us_p50 / 1e6);
    table_add_padded(out, "", 2);
    if (row->is_run) {
        pal_text_add(out, "      –        –");
    } else if (!seconds.failed && !list.failed) {
        pal_text_addf(out, "%*s%s %*s%s", 7 - (int)pal_utf8_columns(seconds.bytes), "",
                      seconds.bytes, 8 - (int)pal_utf8_columns(list.bytes), "", list.bytes);
    }
    pal_text_release(&seconds);
    pal_text_release(&list);
    if (comparison->options.protocol.candidates != PAL_CANDIDATES_SEEN && !row->is_run &&
        row->is_blind_to_new)
        pal_text_add(out, "  cannot score new items");
    pal_text_add(out, "\n");
}

/* --- closing text, from the document --- */

static void table_add_differences(const json_t *task, const char *metric, pal_text *out) {
    size_t index;
    json_t *model;
    bool has_heading = false;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (!json_is_object(json_object_get(model, "difference"))) continue;
        if (!has_heading) {
            pal_text_addf(out,
                          "\ndifference to the winner over all test users, %s, all intervals hold "
                          "together with 95 %%:\n",
                          metric);
        }
        has_heading = true;
        pal_text_add(out, "  ");
        table_add_padded(out, pal_json_text_at(model, "spec", ""), TABLE_NAME);
        pal_text_addf(out, " %+.4f  ", pal_json_number_at(model, "difference/mean", 0));
        if (isnan(pal_json_number_at(model, "difference/low", NAN))) {
            pal_text_add(out, "(too few to tell)");
        } else {
            pal_text_addf(out, "(%+.4f to %+.4f)", pal_json_number_at(model, "difference/low", 0),
                          pal_json_number_at(model, "difference/high", 0));
        }
        pal_text_addf(out, "%s\n",
                      json_is_true(json_object_get(model, "tied")) ? "  not to be told apart" : "");
    }
}

/* Errors of predicted values, where a kind predicts them; beside them those of the mean alone. */
static void table_add_ratings(const json_t *results, const json_t *task, pal_text *out) {
    const json_t *constant = json_object_get(json_object_get(results, "protocol"), "ratings");
    size_t index;
    json_t *model;
    bool has_heading = false;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (!json_is_object(json_object_get(model, "ratings"))) continue;
        if (!has_heading) {
            pal_text_add(out, "\npredicted values, smaller is better:\n");
            pal_text_addf(out, "%*s  %-18s %8s\n", TABLE_NAME + 9, "rmse", "95 % interval", "mae");
            pal_text_add(out, "  ");
            table_add_padded(out, "the mean for everything", TABLE_NAME);
            pal_text_addf(out, " %.4f  %-18s  %.4f\n",
                          pal_json_number_at(constant, "constant_rmse", 0), "",
                          pal_json_number_at(constant, "constant_mae", 0));
        }
        has_heading = true;
        pal_text_add(out, "  ");
        table_add_padded(out, pal_json_text_at(model, "spec", ""), TABLE_NAME);
        pal_text_addf(out, " %.4f  %.4f – %.4f     %.4f\n",
                      pal_json_number_at(model, "ratings/rmse/mean", 0),
                      pal_json_number_at(model, "ratings/rmse/low", 0),
                      pal_json_number_at(model, "ratings/rmse/high", 0),
                      pal_json_number_at(model, "ratings/mae/mean", 0));
    }
}

/* How scores order what was shown; beside them what the share of clicks alone would say. */
static void table_add_clicks(const json_t *results, const json_t *task, pal_text *out) {
    size_t index;
    json_t *model;
    bool has_heading = false;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (!json_is_object(json_object_get(model, "clicks"))) continue;
        if (!has_heading) {
            pal_text_addf(out, "\n%.0f impressions, %.0f of them clicked:\n",
                          pal_json_number_at(results, "protocol/clicks/n", 0),
                          pal_json_number_at(results, "protocol/clicks/n_clicked", 0));
            pal_text_addf(out, "%*s  %-17s %9s %9s %12s\n", TABLE_NAME + 9, "auc", "95 % interval",
                          "gauc", "logloss", "calibration");
        }
        has_heading = true;
        pal_text_add(out, "  ");
        table_add_padded(out, pal_json_text_at(model, "spec", ""), TABLE_NAME);
        table_add_number(out, pal_json_number_at(model, "clicks/auc/mean", NAN), 7);
        pal_text_addf(out, "  %.4f – %.4f  ", pal_json_number_at(model, "clicks/auc/low", 0),
                      pal_json_number_at(model, "clicks/auc/high", 0));
        table_add_number(out, pal_json_number_at(model, "clicks/gauc/mean", NAN), 9);
        table_add_number(out, pal_json_number_at(model, "clicks/logloss/mean", NAN), 10);
        table_add_number(out, pal_json_number_at(model, "clicks/calibration", NAN), 13);
        pal_text_add(out, "\n");
    }
}

static void table_add_wrapped(const char *line, pal_text *out) {
    enum { WIDTH = 98 };
    int32_t column = 0;
    for (const char *word = line; *word;) {
        size_t n = strcspn(word, " ");
        if (column > 0 && column + 1 + (int32_t)n > WIDTH) {
            pal_text_add(out, "\n    ");
            column = 4;
        } else if (column > 0) {
            pal_text_add(out, " ");
            column++;
        }
        pal_text_add_bytes(out, word, n);
        column += (int32_t)n;
        word += n + (word[n] == ' ');
    }
    pal_text_add(out, "\n");
}

/* Which models popular beats for known users, and why. */
static void table_add_below(const json_t *task, pal_text *out) {
    size_t index;
    json_t *model;
    bool has_heading = false;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        const char *below = pal_json_text_at(model, "below", NULL);
        pal_text line = {0};
        if (!below) continue;
        if (!has_heading) pal_text_add(out, "\nworse than popular:\n");
        has_heading = true;
        pal_text_addf(&line, "%s: %s", pal_json_text_at(model, "spec", ""), below);
        pal_text_add(out, "  ");
        if (line.bytes && !line.failed) table_add_wrapped(line.bytes, out);
        out->failed |= line.failed;
        pal_text_release(&line);
    }
}

/* How well new items are listed, asked alone among all items. */
static void table_add_new_items(const json_t *task, const char *metric, pal_text *out) {
    size_t index, s;
    json_t *model, *slice;
    pal_text blind = {0};
    if (!json_is_object(json_object_get(task, "new_items"))) return;
    pal_text_addf(out,
                  "\nnew items, %s for %.0f users who used %.0f of them; among the new ones alone, "
                  "and among all %.0f:\n",
                  metric, pal_json_number_at(task, "new_items/n_users", 0),
                  pal_json_number_at(task, "new_items/n_pairs", 0),
                  pal_json_number_at(task, "new_items/n_candidates", 0));
    json_array_foreach(json_object_get(task, "models"), index, model) {
        json_array_foreach(json_object_get(model, "slices"), s, slice) {
            if (strcmp(pal_json_text_at(slice, "name", ""), "new items")) continue;
            if (json_is_true(json_object_get(slice, "cannot"))) {
                pal_text_addf(&blind, "%s%s", blind.length ? ", " : "cannot score them: ",
                              pal_json_text_at(model, "spec", ""));
                continue;
            }
            pal_text_add(out, "  ");
            table_add_padded(out, pal_json_text_at(model, "spec", ""), TABLE_NAME);
            table_add_number(out, pal_json_number_at(model, "new_alone/mean", NAN), 7);
            pal_text_addf(out, "  %.4f – %.4f     %.4f  %.4f – %.4f\n",
                          pal_json_number_at(model, "new_alone/low", 0),
                          pal_json_number_at(model, "new_alone/high", 0),
                          pal_json_number_at(slice, "interval/mean", 0),
                          pal_json_number_at(slice, "interval/low", 0),
                          pal_json_number_at(slice, "interval/high", 0));
        }
    }
    if (blind.length) pal_text_add(out, "  ");
    if (blind.length && !blind.failed) table_add_wrapped(blind.bytes, out);
    out->failed |= blind.failed;
    pal_text_release(&blind);
}

/* Whether the second domain helps, a line each model that uses it. */
static void table_add_source(const json_t *task, pal_text *out) {
    size_t index;
    json_t *model;
    bool has_heading = false;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        pal_text line = {0};
        if (!json_is_object(json_object_get(model, "source"))) continue;
        if (!has_heading) pal_text_add(out, "\nwith the source, less the same without it:\n");
        has_heading = true;
        pal_text_addf(&line, "%s: %s", pal_json_text_at(model, "spec", ""),
                      pal_json_text_at(model, "source/says", ""));
        pal_text_add(out, "  ");
        if (line.bytes && !line.failed) table_add_wrapped(line.bytes, out);
        out->failed |= line.failed;
        pal_text_release(&line);
    }
}

/* A word of a command line, quoted only where a shell would take it apart. */
static void table_add_shell_word(const char *word, pal_text *out) {
    size_t plain =
        strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+,:@-");
    if (*word && !word[plain]) {
        pal_text_add(out, word);
    } else {
        pal_text_add_quoted(out, word);
    }
}

static pal_status table_add_next(pal_ctx *ctx, const char *user, const char *folder,
                                 pal_text *out) {
    pal_text path = {0};
    if (folder) pal_text_add(&path, folder);
    if (folder && *folder && folder[strlen(folder) - 1] != '/') pal_text_add(&path, "/");
    pal_text_add(&path, "model.palate");
    if (path.failed) {
        pal_text_release(&path);
        return pal_fail_memory(ctx, "the results", 1e5);
    }
    pal_text_add(out, "  Next: palate recommend ");
    table_add_shell_word(path.bytes, out);
    pal_text_add(out, " --user ");
    table_add_shell_word(user, out);
    pal_text_add(out, "\n");
    pal_text_release(&path);
    return PAL_OK;
}

pal_status pal_report_text(pal_ctx *ctx, const json_t *results, const char *folder, pal_text *out) {
    const char *metric = pal_json_text_at(results, "protocol/metric", "");
    size_t index, line;
    json_t *task, *sentence;
    if (json_is_true(json_object_get(results, "interrupted"))) {
        pal_text_add(out, "\nstopped on request: the verdict is about the models that were done\n");
    }
    json_array_foreach(json_object_get(results, "tasks"), index, task) {
        table_add_differences(task, metric, out);
        table_add_ratings(results, task, out);
        table_add_clicks(results, task, out);
        table_add_new_items(task, metric, out);
        table_add_source(task, out);
        table_add_below(task, out);
        pal_text_addf(out, "\nverdict (%s task, fingerprint %s):\n",
                      pal_json_text_at(task, "task", ""),
                      pal_json_text_at(task, "fingerprint", ""));
        json_array_foreach(json_object_get(json_object_get(task, "verdict"), "why"), line,
                           sentence) {
            pal_text_add(out, "  ");
            table_add_wrapped(json_is_string(sentence) ? json_string_value(sentence) : "", out);
        }
    }
    /* The first task's model is the one that is saved. */
    const char *user = pal_json_text_at(results, "verdict/next_user", NULL);
    if (user) TRY(table_add_next(ctx, user, folder, out));
    return out->failed ? pal_fail_memory(ctx, "the results", 1e5) : PAL_OK;
}
