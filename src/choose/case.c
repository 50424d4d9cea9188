/* case.c - runs the models of the case side by side: one chunk a model, order of steps and matrix,
 * so that the numbers do not depend on the threads.
 *
 * A run diverges when its loss is not finite or grows to 1e6 times the first. Then α is halved
 * until it does not, and 8 … 15 eighths of that α are searched by bisection: what is shown is the
 * largest found, within an eighth, cut to three digits. */
#include "choose/case.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/parallel.h"
#include "base/progress.h"
#include "models/forms.h"
#include "models/registry.h"

#define FIELD(name) offsetof(pal_case_options, name)
const pal_param pal_case_params[] = {
    {.name = "iterations",
     .type = PAL_PARAM_INT,
     .offset = FIELD(iterations),
     .initial = "1000",
     .min = 1,
     .max = 100000,
     .scale = PAL_LOG,
     .help = "gradient steps over the whole matrix, or passes of one step a rating, at the most"},
    {.name = "factors",
     .type = PAL_PARAM_INT,
     .offset = FIELD(factors),
     .initial = "10",
     .min = 1,
     .max = 1000,
     .scale = PAL_LOG,
     .help = "length k of the rows of U and V"},
    {.name = "learning_rate",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(learning_rate),
     .initial = "0.01",
     .min = 1e-7,
     .max = 10,
     .scale = PAL_LOG,
     .help = "length α of a step against the gradient"},
    {.name = "initial",
     .type = PAL_PARAM_FLAG,
     .offset = FIELD(initial),
     .help = "also write initial.json: both matrices and the drawn parameters with all digits"},
    {0},
};
#undef FIELD

enum { CASE_JOBS = 2 * PAL_CASE_MODELS };
static const double case_growth = 1e6, case_tolerance = 1e-6, case_damping = 5;

typedef struct {
    pal_ctx *ctx;
    const pal_case_options *options;
    const pal_case_matrix *matrix;
    const pal_case_model *model;
    double shift, scale; /* value = shift + scale × target */
    pal_triples train;
    pal_weights weights;
    double *gradients, *scratch;
    pal_case_run run, largest;
    bool has_largest;
} case_job;

/* --- what is compared against --- */

static double case_rmse(const pal_triples *triples, const double *predicted) {
    double sum = 0;
    for (int64_t t = 0; t < triples->n; t++) {
        double e =
            triples->targets[t] - predicted[triples->users[t] * PAL_CASE_ITEMS + triples->items[t]];
        sum += e * e;
    }
    return triples->n ? sqrt(sum / (double)triples->n) : NAN;
}

static void case_judge(const pal_case_matrix *matrix, pal_case_run *run) {
    run->train_rmse = case_rmse(&matrix->train, run->predicted);
    run->held_rmse = case_rmse(&matrix->held, run->predicted);
}

static double case_mean(const pal_triples *triples) {
    double sum = 0;
    for (int64_t t = 0; t < triples->n; t++) sum += triples->targets[t];
    return triples->n ? sum / (double)triples->n : 0;
}

/* b_j = Σ (r - m) / (5 + n_j), then b_i = Σ (r - m - b_j) / (5 + n_i): the kind `bias`. */
static void case_predict_biases(const pal_triples *train, double mean, double *predicted) {
    double of_items[PAL_CASE_ITEMS] = {0}, of_users[PAL_CASE_USERS] = {0},
           n_items[PAL_CASE_ITEMS] = {0}, n_users[PAL_CASE_USERS] = {0};
    for (int64_t t = 0; t < train->n; t++) {
        of_items[train->items[t]] += train->targets[t] - mean;
        n_items[train->items[t]] += 1;
    }
    for (int32_t i = 0; i < PAL_CASE_ITEMS; i++) of_items[i] /= case_damping + n_items[i];
    for (int64_t t = 0; t < train->n; t++) {
        of_users[train->users[t]] += train->targets[t] - mean - of_items[train->items[t]];
        n_users[train->users[t]] += 1;
    }
    for (int32_t u = 0; u < PAL_CASE_USERS; u++) of_users[u] /= case_damping + n_users[u];
    for (int32_t c = 0; c < PAL_CASE_CELLS; c++)
        predicted[c] = mean + of_users[c / PAL_CASE_ITEMS] + of_items[c % PAL_CASE_ITEMS];
}

static pal_status case_add_baselines(pal_ctx *ctx, pal_arena *arena, pal_case_part *part) {
    static const char *const names[] = {"constant", "user + item bias"};
    double mean = case_mean(&part->matrix.train);
    for (int r = 0; r < 2; r++) {
        double *predicted = PAL_ARENA_ARRAY(arena, double, PAL_CASE_CELLS);
        if (!predicted) return pal_fail_memory(ctx, "the case", 8.0 * PAL_CASE_CELLS);
        for (int32_t c = 0; c < PAL_CASE_CELLS; c++) predicted[c] = mean;
        if (r == 1) case_predict_biases(&part->matrix.train, mean, predicted);
        part->runs[part->n_runs] =
            (pal_case_run){.model = names[r], .outcome = PAL_CASE_COMPUTED, .predicted = predicted};
        case_judge(&part->matrix, &part->runs[part->n_runs++]);
    }
    return PAL_OK;
}

/* --- models --- */

static int64_t case_user_numbers(const pal_form *form) {
    return (int64_t)PAL_CASE_USERS * form->user_width;
}

static int64_t case_item_numbers(const pal_form *form) {
    return (int64_t)PAL_CASE_ITEMS * form->item_width;
}

static bool case_allocate_weights(const pal_form *form, pal_arena *arena, pal_weights *out) {
    out->n_users = PAL_CASE_USERS;
    out->n_items = PAL_CASE_ITEMS;
    out->users = PAL_ARENA_ARRAY(arena, double, case_user_numbers(form));
    out->items = PAL_ARENA_ARRAY(arena, double, case_item_numbers(form));
    out->globals = PAL_ARENA_ARRAY(arena, double, form->n_globals);
    return out->users && out->items && out->globals;
}

/* The article's settings of the kinds, each with its own stream of first values. */
static pal_status case_make_models(pal_ctx *ctx, pal_case_results *results) {
    static const char *const names[] = {"mf", "gmf", "nn (rows fixed)", "nn (rows learned)"};
    static const char *const specs[] = {"mf biases=0 init=uniform", "gmf biases=0 init=uniform",
                                        "nn features=concat rows=fixed init=uniform",
                                        "nn features=concat rows=learned init=uniform"};
    for (int m = 0; m < PAL_CASE_MODELS; m++) {
        pal_case_model *model = &results->models[m];
        const pal_kind *kind;
        void *params;
        char spec[128];
        snprintf(spec, sizeof spec, "%s factors=%d", specs[m], (int)results->options.factors);
        TRY(pal_kind_parse(ctx, spec, &results->arena, &kind, &params));
        model->name = names[m];
        model->form = m == 0   ? pal_form_mf(params)
                      : m == 1 ? pal_form_gmf(params)
                               : pal_form_nn(params, false);
        if (!case_allocate_weights(&model->form, &results->arena, &model->start))
            return pal_fail_memory(ctx, "the case", 1600.0 * (double)results->options.factors);
        pal_weights_draw(&model->form, PAL_INIT_UNIFORM, ctx->seed, &model->start);
    }
    return PAL_OK;
}

static void case_start(case_job *job) {
    const pal_form *form = &job->model->form;
    const pal_weights *start = &job->model->start;
    memcpy(job->weights.users, start->users,
           (size_t)case_user_numbers(form) * sizeof *start->users);
    memcpy(job->weights.items, start->items,
           (size_t)case_item_numbers(form) * sizeof *start->items);
    if (form->n_globals)
        memcpy(job->weights.globals, start->globals,
               (size_t)form->n_globals * sizeof *start->globals);
}

/* Steps from the drawn parameters until the loss settles, leaves all bounds, or all is done. */
static void case_learn(case_job *job, double rate, pal_case_run *run) {
    const pal_form *form = &job->model->form;
    double square = job->scale * job->scale;
    case_start(job);
    run->rate = rate;
    run->outcome = PAL_CASE_ENDED;
    run->n_iterations = 0;
    run->losses[0] = square * pal_loss_squared(form, &job->train, &job->weights, job->scratch);
    while (run->n_iterations < job->options->iterations && !atomic_load(&job->ctx->cancelled)) {
        double before = run->losses[run->n_iterations++];
        if (run->order == PAL_STEP_WHOLE) {
            pal_step_whole(form, &job->train, rate, 0, &job->weights, job->gradients, job->scratch);
        } else {
            pal_step_each(form, &job->train, rate, 0, &job->weights, job->scratch);
        }
        double loss = square * pal_loss_squared(form, &job->train, &job->weights, job->scratch);
        run->losses[run->n_iterations] = loss;
        if (!isfinite(loss) || loss > case_growth * run->losses[0]) {
            run->outcome = PAL_CASE_DIVERGED;
            return;
        }
        if (fabs(before - loss) <= case_tolerance * fabs(loss)) {
            run->outcome = PAL_CASE_CONVERGED;
            return;
        }
    }
}

static void case_predict(case_job *job, pal_case_run *run) {
    const pal_form *form = &job->model->form;
    for (int32_t c = 0; c < PAL_CASE_CELLS; c++) {
        const double *user = job->weights.users + (int64_t)(c / PAL_CASE_ITEMS) * form->user_width,
                     *item = job->weights.items + (int64_t)(c % PAL_CASE_ITEMS) * form->item_width;
        run->predicted[c] =
            job->shift +
            job->scale * form->predict(form, user, item, job->weights.globals, job->scratch);
    }
    case_judge(job->matrix, run);
}

static double case_three_digits(double rate) {
    double unit = pow(10, floor(log10(rate)) - 2);
    return unit * floor(rate / unit + 1e-9);
}

/* The largest rate found under `rate` that does not diverge, or 0. */
static double case_search(case_job *job, double rate, pal_case_run *trial) {
    enum { HALVINGS = 50 };
    int32_t low = 8, high = 16;
    int halvings = 0;
    do {
        rate /= 2;
        case_learn(job, case_three_digits(rate), trial);
    } while (trial->outcome == PAL_CASE_DIVERGED && ++halvings < HALVINGS);
    if (trial->outcome == PAL_CASE_DIVERGED) return 0;
    while (high - low > 1) {
        int32_t middle = (low + high) / 2;
        case_learn(job, case_three_digits(rate * middle / 8), trial);
        *(trial->outcome == PAL_CASE_DIVERGED ? &high : &low) = middle;
    }
    return case_three_digits(rate * low / 8);
}

static void case_run_job(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    case_job *job = &((case_job *)arg)[chunk];
    case_learn(job, job->options->learning_rate, &job->run);
    if (job->run.outcome != PAL_CASE_DIVERGED) {
        case_predict(job, &job->run);
        return;
    }
    job->run.predicted = NULL;
    job->run.train_rmse = job->run.held_rmse = NAN;
    double rate = case_search(job, job->options->learning_rate, &job->largest);
    job->has_largest = rate > 0;
    if (!job->has_largest) return;
    case_learn(job, rate, &job->largest);
    case_predict(job, &job->largest);
}

static bool case_allocate_run(pal_case_run *run, const case_job *job, bool is_largest,
                              pal_step_order order, pal_arena *arena) {
    *run = (pal_case_run){.model = job->model->name, .order = order, .is_largest = is_largest};
    run->losses = PAL_ARENA_ARRAY(arena, double, job->options->iterations + 1);
    run->predicted = PAL_ARENA_ARRAY(arena, double, PAL_CASE_CELLS);
    return run->losses && run->predicted;
}

static bool case_open_job(pal_ctx *ctx, pal_case_results *results, const pal_case_matrix *matrix,
                          int32_t j, pal_arena *scratch, case_job *job) {
    const pal_case_model *model = &results->models[j / 2];
    const pal_form *form = &model->form;
    *job = (case_job){.ctx = ctx,
                      .options = &results->options,
                      .matrix = matrix,
                      .model = model,
                      .scale = 1,
                      .train = matrix->train};
    double *targets = PAL_ARENA_ARRAY(scratch, double, matrix->train.n);
    job->gradients = PAL_ARENA_ARRAY(
        scratch, double, case_user_numbers(form) + case_item_numbers(form) + form->n_globals);
    job->scratch = PAL_ARENA_ARRAY(scratch, double, pal_form_scratch(form));
    pal_step_order order = j % 2 ? PAL_STEP_ONE : PAL_STEP_WHOLE;
    if (!targets || !job->gradients || !job->scratch ||
        !case_allocate_weights(form, scratch, &job->weights) ||
        !case_allocate_run(&job->run, job, false, order, &results->arena) ||
        !case_allocate_run(&job->largest, job, true, order, &results->arena))
        return false;
    if (!form->scales_values) return true;
    job->shift = matrix->lowest;
    job->scale = matrix->highest > matrix->lowest ? matrix->highest - matrix->lowest : 1;
    for (int64_t t = 0; t < matrix->train.n; t++)
        targets[t] = (matrix->train.targets[t] - job->shift) / job->scale;
    job->train.targets = targets;
    return true;
}

/* --- results of a matrix --- */

static void case_find_best(pal_case_part *part) {
    part->best = PAL_CASE_NO_RUN;
    bool by_held = part->matrix.held.n > 0;
    double lowest = INFINITY;
    for (int32_t r = 2; r < part->n_runs; r++) {
        double rmse = by_held ? part->runs[r].held_rmse : part->runs[r].train_rmse;
        if (!(rmse < lowest)) continue;
        lowest = rmse;
        part->best = r;
    }
}

static void case_compare_with_biases(pal_case_part *part) {
    const pal_triples *held = &part->matrix.held;
    const double *best = part->runs[part->best].predicted, *biases = part->runs[1].predicted;
    double sum = 0, squares = 0, n = (double)held->n;
    for (int64_t t = 0; t < held->n; t++) {
        int32_t c = held->users[t] * PAL_CASE_ITEMS + held->items[t];
        double of_best = held->targets[t] - best[c], of_biases = held->targets[t] - biases[c];
        double lead = of_biases * of_biases - of_best * of_best;
        sum += lead;
        squares += lead * lead;
    }
    part->lead = sum / n;
    part->lead_error = n > 1 ? sqrt(fmax(0, squares - sum * sum / n) / (n - 1) / n) : NAN;
}

/* The unrated items with the highest predictions; equal ones by number. */
static void case_list(const pal_case_part *part, int32_t user, pal_case_pick *picks) {
    const pal_case_matrix *matrix = &part->matrix;
    const double *row = part->runs[part->best].predicted + user * PAL_CASE_ITEMS;
    bool taken[PAL_CASE_ITEMS] = {false};
    for (int32_t p = 0; p < PAL_CASE_PICKS; p++) {
        int32_t best = -1;
        for (int32_t i = 0; i < PAL_CASE_ITEMS; i++) {
            if (taken[i] || matrix->cells[user * PAL_CASE_ITEMS + i] == PAL_CELL_TRAIN) continue;
            if (best < 0 || row[i] > row[best]) best = i;
        }
        if (best < 0) {
            picks[p].item = -1;
            continue;
        }
        int32_t c = user * PAL_CASE_ITEMS + best;
        taken[best] = true;
        picks[p] = (pal_case_pick){best, row[best], matrix->truth[c], matrix->values[c]};
    }
}

static pal_status case_run_part(pal_ctx *ctx, pal_case_results *results, pal_case_part *part) {
    pal_arena scratch = {0};
    case_job jobs[CASE_JOBS];
    pal_status status = case_add_baselines(ctx, &results->arena, part);
    for (int32_t j = 0; status == PAL_OK && j < CASE_JOBS; j++) {
        if (!case_open_job(ctx, results, &part->matrix, j, &scratch, &jobs[j]))
            status =
                pal_fail_memory(ctx, "the case", 16.0 * (double)results->options.iterations + 1e6);
    }
    if (status == PAL_OK) {
        pal_parallel(ctx->pool, CASE_JOBS, case_run_job, jobs);
        status = pal_check_cancelled(ctx);
    }
    for (int32_t j = 0; status == PAL_OK && j < CASE_JOBS; j++) {
        part->runs[part->n_runs++] = jobs[j].run;
        if (jobs[j].has_largest) part->runs[part->n_runs++] = jobs[j].largest;
    }
    pal_arena_release(&scratch);
    TRY(status);
    case_find_best(part);
    if (part->best == PAL_CASE_NO_RUN || part->matrix.held.n == 0) return PAL_OK;
    case_compare_with_biases(part);
    for (int32_t user = 0; user < PAL_CASE_LISTS; user++) case_list(part, user, part->lists[user]);
    return PAL_OK;
}

pal_status pal_case_compute(pal_ctx *ctx, const pal_case_options *options, pal_case_results *out) {
    out->options = *options;
    out->seed = ctx->seed;
    TRY(case_make_models(ctx, out));
    TRY(pal_case_draw_full(ctx, &out->arena, &out->parts[PAL_CASE_FULL].matrix));
    TRY(pal_case_draw_sparse(ctx, &out->arena, &out->parts[PAL_CASE_SPARSE].matrix));
    pal_progress_begin(ctx);
    pal_status status = PAL_OK;
    for (int p = 0; status == PAL_OK && p < PAL_CASE_MATRICES; p++) {
        pal_progress_update(ctx,
                            p ? "learning the mostly empty matrix" : "learning the full matrix", p,
                            PAL_CASE_MATRICES);
        status = case_run_part(ctx, out, &out->parts[p]);
    }
    pal_progress_end(ctx);
    return status;
}

void pal_case_release(pal_case_results *results) { pal_arena_release(&results->arena); }
