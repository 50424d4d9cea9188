/* case_json.c - the document of the case, with its sentences. */
#include <math.h>

#include "base/json.h"
#include "report/case.h"

static const char *const case_matrix_names[] = {"full", "mostly empty"};
static const char *const case_outcomes[] = {"computed", "converged", "ended", "diverged"};

/* --- sentences --- */

static void case_add_run_name(const pal_case_run *run, pal_text *out) {
    pal_text_add(out, run->model);
    pal_text_add(out,
                 run->order == PAL_STEP_WHOLE ? ", whole-matrix steps" : ", one rating at a time");
    if (run->is_largest) pal_text_addf(out, ", α = %g", run->rate);
}

static void case_add_what(const pal_case_run *run, pal_text *out) {
    int32_t n = run->n_iterations;
    if (run->outcome == PAL_CASE_COMPUTED) return;
    if (run->outcome == PAL_CASE_DIVERGED) {
        pal_text_addf(out, "diverged in iteration %d", (int)n);
        return;
    }
    if (run->is_largest) pal_text_add(out, "largest α; ");
    if (fabs(run->losses[n] - run->losses[0]) <= 1e-6 * run->losses[0]) {
        pal_text_add(out, "does not move");
    } else if (run->losses[n] > run->losses[0]) {
        pal_text_add(out, run->outcome == PAL_CASE_CONVERGED ? "settled above its first loss"
                                                             : "ended above its first loss");
    } else if (run->outcome == PAL_CASE_CONVERGED) {
        pal_text_add(out, "converged");
    } else {
        pal_text_add(out, run->losses[n] < run->losses[n - 1] ? "still falling" : "still swinging");
    }
}

static void case_add_full_verdict(const pal_case_part *part, pal_text *out) {
    if (part->best == PAL_CASE_NO_RUN) {
        pal_text_add(out, "Every model diverged on the full matrix.");
        return;
    }
    const pal_case_run *best = &part->runs[part->best];
    pal_text_add(out, "The full matrix is noise, and nothing of it is held out or left to "
                      "recommend: what falls here is memory, not prediction. Closest to it is ");
    case_add_run_name(best, out);
    pal_text_addf(out, ": RMSE %.3f, where the constant has %.3f.", best->train_rmse,
                  part->runs[0].train_rmse);
}

static void case_add_sparse_verdict(const pal_case_part *part, pal_text *out) {
    if (part->best == PAL_CASE_NO_RUN) {
        pal_text_add(out, "No model generalizes: every one of them diverged.");
        return;
    }
    const pal_case_run *best = &part->runs[part->best];
    double biases = part->runs[1].held_rmse, constant = part->runs[0].held_rmse;
    bool is_told = fabs(part->lead) > 2 * part->lead_error;
    if (is_told && part->lead > 0) {
        case_add_run_name(best, out);
        pal_text_addf(out, " generalizes: its RMSE on the %d held-out ratings is %.3f",
                      (int)part->matrix.held.n, best->held_rmse);
    } else {
        pal_text_addf(out,
                      "No model generalizes better than the user + item bias: the best on "
                      "the %d held-out ratings, ",
                      (int)part->matrix.held.n);
        case_add_run_name(best, out);
        pal_text_addf(out, ", has an RMSE of %.3f", best->held_rmse);
    }
    pal_text_addf(out,
                  " (%.3f on what it learned from), beside %.3f of the user + item bias and "
                  "%.3f of the constant",
                  best->train_rmse, biases, constant);
    pal_text_add(out,
                 is_told ? "." : "; the difference to the bias is within two standard errors.");
}

/* --- numbers --- */

static json_t *case_rounded(double value) { return pal_json_real(round(value * 1e4) / 1e4); }

static json_t *case_cells(const double *cells, bool rounded) {
    json_t *rows = json_array();
    for (int32_t u = 0; u < PAL_CASE_USERS; u++) {
        json_t *row = json_array();
        for (int32_t i = 0; i < PAL_CASE_ITEMS; i++) {
            double value = cells[u * PAL_CASE_ITEMS + i];
            json_array_append_new(row, rounded ? case_rounded(value) : pal_json_real(value));
        }
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *case_losses(const pal_case_run *run) {
    json_t *losses = json_array();
    for (int32_t t = 0; t <= run->n_iterations; t++)
        json_array_append_new(losses, pal_json_real(run->losses[t]));
    return losses;
}

/* Of the runs of one model the one with the lowest held-out (else training) RMSE. */
static bool case_is_drawn(const pal_case_part *part, int32_t r) {
    const pal_case_run *run = &part->runs[r];
    if (run->outcome == PAL_CASE_COMPUTED) return r == 1;
    bool by_held = part->matrix.held.n > 0;
    double own = by_held ? run->held_rmse : run->train_rmse;
    if (!run->predicted || !isfinite(own)) return false;
    for (int32_t o = 2; o < part->n_runs; o++) {
        const pal_case_run *other = &part->runs[o];
        double rmse = by_held ? other->held_rmse : other->train_rmse;
        if (o != r && other->model == run->model && (rmse < own || (rmse == own && o < r)))
            return false;
    }
    return true;
}

static json_t *case_run(const pal_case_part *part, int32_t r) {
    const pal_case_run *run = &part->runs[r];
    bool is_learned = run->outcome != PAL_CASE_COMPUTED;
    pal_text what = {0};
    case_add_what(run, &what);
    json_t *json = json_object();
    json_object_set_new(json, "model", pal_json_text(run->model));
    if (is_learned) {
        json_object_set_new(json, "step",
                            pal_json_text(run->order == PAL_STEP_WHOLE ? "whole" : "one"));
        json_object_set_new(json, "learning_rate", pal_json_real(run->rate));
        json_object_set_new(json, "is_largest", json_boolean(run->is_largest));
        json_object_set_new(json, "iterations", json_integer(run->n_iterations));
        json_object_set_new(json, "loss_first", pal_json_real(run->losses[0]));
        json_object_set_new(json, "loss_last", pal_json_real(run->losses[run->n_iterations]));
    }
    json_object_set_new(json, "outcome", pal_json_text(case_outcomes[run->outcome]));
    json_object_set_new(json, "what", pal_json_text(what.bytes ? what.bytes : ""));
    json_object_set_new(json, "train_rmse", pal_json_real(run->train_rmse));
    json_object_set_new(json, "held_rmse", pal_json_real(run->held_rmse));
    json_object_set_new(json, "is_best", json_boolean(r == part->best));
    if (is_learned) json_object_set_new(json, "losses", case_losses(run));
    if (case_is_drawn(part, r))
        json_object_set_new(json, "predicted", case_cells(run->predicted, true));
    pal_text_release(&what);
    return json;
}

static json_t *case_list(const pal_case_part *part, int32_t user) {
    json_t *list = json_object(), *items = json_array();
    for (int32_t p = 0; p < PAL_CASE_PICKS; p++) {
        const pal_case_pick *pick = &part->lists[user][p];
        if (pick->item < 0) continue;
        json_t *item = json_object();
        json_object_set_new(item, "item", json_integer(pick->item));
        json_object_set_new(item, "predicted", case_rounded(pick->predicted));
        json_object_set_new(item, "truth", case_rounded(pick->truth));
        json_object_set_new(item, "held_out", pal_json_real(pick->value));
        json_array_append_new(items, item);
    }
    json_object_set_new(list, "user", json_integer(user));
    json_object_set_new(list, "items", items);
    return list;
}

static json_t *case_part(const pal_case_part *part, int p) {
    json_t *json = json_object(), *runs = json_array(), *held = json_array(), *lists = json_array();
    const pal_triples *out = &part->matrix.held;
    pal_text verdict = {0};
    if (p == PAL_CASE_FULL) {
        case_add_full_verdict(part, &verdict);
    } else {
        case_add_sparse_verdict(part, &verdict);
    }
    json_object_set_new(json, "name", pal_json_text(case_matrix_names[p]));
    json_object_set_new(json, "n_train", json_integer(part->matrix.train.n));
    json_object_set_new(json, "n_held_out", json_integer(out->n));
    json_object_set_new(json, "lowest", pal_json_real(part->matrix.lowest));
    json_object_set_new(json, "highest", pal_json_real(part->matrix.highest));
    json_object_set_new(json, "verdict", pal_json_text(verdict.bytes));
    for (int32_t r = 0; r < part->n_runs; r++) json_array_append_new(runs, case_run(part, r));
    json_object_set_new(json, "runs", runs);
    for (int32_t user = 0; out->n && part->best != PAL_CASE_NO_RUN && user < PAL_CASE_LISTS; user++)
        json_array_append_new(lists, case_list(part, user));
    json_object_set_new(json, "lists", lists);
    json_object_set_new(json, "values", case_cells(part->matrix.values, false));
    for (int64_t t = 0; t < out->n; t++)
        json_array_append_new(held, json_pack("[i,i]", out->users[t], out->items[t]));
    json_object_set_new(json, "held_out", held);
    pal_text_release(&verdict);
    return json;
}

static json_t *case_about(const pal_case_results *results) {
    const pal_case_options *o = &results->options;
    json_t *about = json_array();
    pal_text text = {0};
    pal_text_addf(&text,
                  "The article's case: mf, gmf, nn; 100 × 100, k = %d, α = %g, at most %d "
                  "iterations, seed %llu.",
                  (int)o->factors, o->learning_rate, (int)o->iterations,
                  (unsigned long long)results->seed);
    json_array_append_new(about, pal_json_text(text.bytes));
    json_array_append_new(about,
                          pal_json_text("All parameters start uniform in [0, 1); a step follows "
                                        "the whole matrix's gradient, or one rating's."));
    pal_text_release(&text);
    return about;
}

pal_status pal_report_case_json(pal_ctx *ctx, const pal_case_results *results, json_t **out) {
    const pal_case_options *o = &results->options;
    json_t *json = json_object(), *case_ = json_object(), *matrices = json_array();
    pal_text command = {0};
    pal_text_add(&command, "palate case");
    if (results->seed != 42)
        pal_text_addf(&command, " --seed %llu", (unsigned long long)results->seed);
    pal_params_format_flags(pal_case_params, o, &command);
    json_object_set_new(json, "palate", pal_json_text(PAL_VERSION));
    json_object_set_new(json, "command", pal_json_text(command.bytes));
    json_object_set_new(json, "about", case_about(results));
    json_object_set_new(json, "listing",
                        pal_json_text("The article's own listing cannot run (it adds a 100 × 10 "
                                      "by a 100 × 10 product), so its equations stand in its "
                                      "place."));
    json_object_set_new(case_, "seed", json_integer((json_int_t)results->seed));
    json_object_set_new(case_, "users", json_integer(PAL_CASE_USERS));
    json_object_set_new(case_, "items", json_integer(PAL_CASE_ITEMS));
    json_object_set_new(case_, "factors", json_integer(o->factors));
    json_object_set_new(case_, "learning_rate", pal_json_real(o->learning_rate));
    json_object_set_new(case_, "iterations", json_integer(o->iterations));
    json_object_set_new(json, "case", case_);
    for (int p = 0; p < PAL_CASE_MATRICES; p++)
        json_array_append_new(matrices, case_part(&results->parts[p], p));
    json_object_set_new(json, "matrices", matrices);
    pal_text_release(&command);
    if (json_array_size(matrices) != PAL_CASE_MATRICES) {
        json_decref(json);
        return pal_fail_memory(ctx, "the case's document", 1e7);
    }
    *out = json;
    return PAL_OK;
}

/* --- first values --- */

static void case_add_numbers(const char *name, const double *numbers, int64_t n, pal_text *out) {
    pal_text_addf(out, "\"%s\": [", name);
    for (int64_t i = 0; i < n; i++) {
        pal_text_add(out, i ? ", " : "");
        if (isfinite(numbers[i])) {
            pal_text_addf(out, "%.17g", numbers[i]);
        } else {
            pal_text_add(out, "null");
        }
    }
    pal_text_add(out, "]");
}

void pal_report_case_initial(const pal_case_results *results, pal_text *out) {
    pal_text_add(out, "{\"matrices\": [");
    for (int p = 0; p < PAL_CASE_MATRICES; p++) {
        const pal_case_matrix *matrix = &results->parts[p].matrix;
        pal_text_addf(out, "%s\n  {\"name\": \"%s\", ", p ? "," : "", case_matrix_names[p]);
        case_add_numbers("values", matrix->values, PAL_CASE_CELLS, out);
        pal_text_add(out, ",\n   \"held_out\": [");
        for (int64_t t = 0; t < matrix->held.n; t++)
            pal_text_addf(out, "%s%d", t ? ", " : "",
                          (int)(matrix->held.users[t] * PAL_CASE_ITEMS + matrix->held.items[t]));
        pal_text_add(out, "]}");
    }
    pal_text_add(out, "],\n \"models\": [");
    for (int m = 0; m < PAL_CASE_MODELS; m++) {
        const pal_case_model *model = &results->models[m];
        pal_text_addf(out, "%s\n  {\"name\": \"%s\", ", m ? "," : "", model->name);
        case_add_numbers("users", model->start.users,
                         (int64_t)PAL_CASE_USERS * model->form.user_width, out);
        pal_text_add(out, ",\n   ");
        case_add_numbers("items", model->start.items,
                         (int64_t)PAL_CASE_ITEMS * model->form.item_width, out);
        pal_text_add(out, ",\n   ");
        case_add_numbers("globals", model->start.globals, model->form.n_globals, out);
        pal_text_add(out, "}");
    }
    pal_text_add(out, "]}\n");
}
