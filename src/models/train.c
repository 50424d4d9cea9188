/* train.c - trains one kind and keeps what it cost. */
#include "models/train.h"

#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "math/kernels.h"
#include "math/peak.h"
#include "models/new_items.h"
#include "models/rank.h"
#include "models/registry.h"
#include "models/watch.h"

/* "a > b" for the parts "a, b"; false, and nothing, where a part is joined itself. */
static bool train_add_joined(const pal_kind *kind, const char *of, pal_text *out) {
    const pal_kind *inner;
    int32_t depth = 0;
    if (pal_spec_joint(of, &inner)) return false;
    for (const char *c = of; *c; c++) {
        depth += (*c == '(') - (*c == ')');
        if (*c == ' ' && depth == 0 && (c[1] == ',' || c[1] == ' ' || !c[1])) continue;
        if (depth == 0 && pal_specs_cut_at(c)) {
            pal_text_addf(out, " %c", kind->joint);
            if (c[1] != ' ') pal_text_add(out, " ");
        } else {
            pal_text_addf(out, "%c", *c);
        }
    }
    return true;
}

void pal_spec_format(const pal_kind *kind, const void *params, bool every, pal_text *out) {
    enum { ROWS = 64 };
    pal_param rows[ROWS + 1] = {0};
    int32_t n = 0;
    const char *of = NULL;
    for (const pal_param *row = kind->params; row->name && n < ROWS; row++) {
        if (kind->parts && !strcmp(row->name, "of")) {
            of = *(const char *const *)((const char *)params + row->offset);
            if (of && !every && row->initial && !strcmp(of, row->initial)) of = NULL;
        } else {
            rows[n++] = *row;
        }
    }
    pal_text options = {0};
    pal_params_format(rows, params, every, &options);
    if (of && kind->joint && !options.length && train_add_joined(kind, of, out)) {
        pal_text_release(&options);
        return;
    }
    pal_text_add(out, kind->name);
    if (of) pal_text_addf(out, "(%s)", of);
    if (options.length) pal_text_addf(out, " %s", options.bytes);
    out->failed |= options.failed;
    pal_text_release(&options);
}

pal_status pal_spec_canonical(pal_ctx *ctx, const char *spec, pal_arena *arena, const char **out) {
    const pal_kind *kind;
    void *params;
    pal_text text = {0};
    TRY(pal_kind_parse(ctx, spec, arena, &kind, &params));
    pal_spec_format(kind, params, true, &text);
    *out = text.failed ? NULL : pal_arena_text(arena, text.bytes, text.length);
    pal_text_release(&text);
    return *out ? PAL_OK : pal_fail_memory(ctx, "a spec", 1e3);
}

static pal_status train_set_spec(pal_ctx *ctx, pal_model *model) {
    pal_text spec = {0};
    pal_spec_format(model->kind, model->params, false, &spec);
    model->spec = spec.failed ? NULL : pal_arena_text(&model->arena, spec.bytes, spec.length);
    pal_text_release(&spec);
    return model->spec ? PAL_OK : pal_fail_memory(ctx, "a model", 1e3);
}

static pal_status train_check_needs(pal_ctx *ctx, const pal_kind *kind,
                                    const pal_train_input *input) {
    const pal_log *log = input->log;
    if (log->n_users == 0 || log->n_items == 0 || log->n_events == 0) {
        return pal_fail(ctx, PAL_EDATA, "%s: the training part holds no events", kind->name);
    }
    if ((kind->traits & PAL_NEEDS_TIME) && !log->times) {
        return pal_fail(ctx, PAL_EDATA,
                        "%s needs times, and the log has none: leave it out or name a time column",
                        kind->name);
    }
    if ((kind->traits & PAL_NEEDS_VALUES) && !log->values) {
        return pal_fail(
            ctx, PAL_EDATA,
            "%s needs values, and the log has none: leave it out or name a value column",
            kind->name);
    }
    if ((kind->traits & PAL_NEEDS_CATALOG) && !input->items) {
        return pal_fail(ctx, PAL_EDATA,
                        "%s needs features of items, and there are none: leave it out or name "
                        "their file with --items",
                        kind->name);
    }
    return PAL_OK;
}

pal_status pal_model_count_users(pal_ctx *ctx, pal_model *model) {
    const pal_log *log = model->log;
    model->popularity = PAL_ARENA_ARRAY(&model->arena, float, log->n_items);
    pal_arena scratch = {0};
    int32_t *last = PAL_ARENA_ARRAY(&scratch, int32_t, log->n_items);
    pal_status status =
        model->popularity && last ? PAL_OK : pal_fail_memory(ctx, "a model", 8.0 * log->n_items);
    for (int32_t u = 0; status == PAL_OK && u < log->n_users; u++) {
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++) {
            if (last[log->items[e]] == u + 1) continue;
            last[log->items[e]] = u + 1;
            model->popularity[log->items[e]] += 1;
        }
    }
    pal_arena_release(&scratch);
    return status == PAL_OK ? pal_model_order_new(ctx, model) : status;
}

/* What training took, beside what the machine can do at this moment. */
static void train_tell_cost(pal_ctx *ctx, const pal_log *log, const pal_model *model) {
    pal_peak peak = pal_peak_measure(ctx->pool);
    double seconds = model->cost.seconds > 1e-9 ? model->cost.seconds : 1e-9,
           rate = model->cost.multiply_adds / seconds;
    pal_estimate needs =
        pal_kind_estimate(model->kind, model->params, log, pal_pool_threads(ctx->pool));
    pal_note(
        ctx, PAL_NOTICE_INFO,
        "%s: trained in %.3f s, %.3g multiply-adds (%.2f G a second, %.2g %% of the peak %.0f "
        "G; memory moves %.1f GB a second), %.3g learned numbers, %.1f MB of memory at its peak "
        "(estimated %.1f MB), kernels %s",
        model->spec, model->cost.seconds, model->cost.multiply_adds, rate / 1e9,
        peak.multiply_adds > 0 ? 100 * rate / peak.multiply_adds : 0, peak.multiply_adds / 1e9,
        peak.bytes / 1e9, (double)pal_model_parameters(model), (double)model->cost.peak_bytes / 1e6,
        needs.bytes / 1e6, pal_kernels_best()->name);
}

static pal_status train_fit(pal_ctx *ctx, const pal_train_input *input, pal_model *model) {
    const pal_kind *kind = model->kind;
    TRY(train_check_needs(ctx, kind, input));
    pal_arena scratch = {0};
    model->state = pal_arena_alloc(&model->arena, 1, kind->state_size);
    if (!model->state) return pal_fail_memory(ctx, kind->name, (double)kind->state_size);
    double started = pal_clock(), work = ctx->multiply_adds;
    int64_t diverged_before = ctx->diverged;
    ctx->diverged = 0;
    pal_text what = {0};
    pal_text_addf(&what, "training %s", kind->name);
    pal_progress_begin(ctx);
    if (!what.failed) pal_progress_update(ctx, what.bytes, 0, 1);
    pal_text_release(&what);
    pal_watcher watcher;
    pal_watcher_begin(&watcher, ctx, input, model, &scratch);
    pal_status status = kind->fit(ctx, model->params, input, &model->arena, &scratch, model->state);
    pal_watcher_end(&watcher);
    model->curve.diverged = ctx->diverged; /* its own, or of a part */
    if (!ctx->diverged) ctx->diverged = diverged_before;
    if (status == PAL_OK && kind->prepare)
        status = kind->prepare(ctx, model->params, &model->arena, model->state);
    pal_progress_end(ctx);
    model->cost.seconds = pal_clock() - started;
    model->cost.multiply_adds = ctx->multiply_adds - work;
    model->cost.peak_bytes = (int64_t)(scratch.peak_bytes + model->arena.peak_bytes);
    pal_arena_release(&scratch);
    if (status == PAL_OK && ctx->verbose) train_tell_cost(ctx, input->log, model);
    return status;
}

/* A kind that cannot make do with less is refused before it takes more than it may. */
static pal_status train_check_memory(pal_ctx *ctx, const pal_model *model, const pal_log *log) {
    const pal_kind *kind = model->kind;
    if (!kind->estimate || (kind->traits & PAL_FITS_MEMORY)) return PAL_OK;
    pal_estimate needs = pal_kind_estimate(kind, model->params, log, pal_pool_threads(ctx->pool));
    if (needs.bytes <= (double)ctx->memory_limit) return PAL_OK;
    pal_text size = {0}, limit = {0};
    pal_text_add_size(&size, needs.bytes);
    pal_text_add_size(&limit, (double)ctx->memory_limit);
    bool failed = size.failed || limit.failed;
    const char *less = pal_param_find(kind->params, "factors") ? " take fewer factors,"
                       : pal_param_find(kind->params, "k")     ? " lower k,"
                                                               : "";
    pal_status status =
        failed ? pal_fail_memory(ctx, kind->name, needs.bytes)
               : pal_fail(
                     ctx, PAL_ENOMEM,
                     "%s: training takes about %s, over the limit of %s: raise --memory,%s or drop "
                     "rare users and items with --min-user and --min-item",
                     model->spec, size.bytes, limit.bytes, less);
    pal_text_release(&size);
    pal_text_release(&limit);
    return status;
}

bool pal_kind_uses_source(const pal_kind *kind, const void *params) {
    if (!(kind->traits & PAL_USES_SOURCE)) return false;
    const pal_param *row = pal_param_find(kind->params, "source");
    if (!row) return true;
    const char *field = (const char *)params + row->offset;
    if (row->type == PAL_PARAM_FLAG) return *(const bool *)field;
    return row->type != PAL_PARAM_CHOICE ||
           strcmp(row->choices[*(const int32_t *)field], "off") != 0;
}

bool pal_kind_keeps_source(const pal_kind *kind, const void *params) {
    return !(kind->traits & PAL_LEAVES_SOURCE) && pal_kind_uses_source(kind, params);
}

const pal_source *pal_model_source(const pal_model *model) {
    return model->source     ? model->source
           : model->fallback ? pal_model_source(model->fallback)
                             : NULL;
}

/* A composite's queries are about the source where one of its parts has learned from it. */
static bool train_parts_use_source(const pal_model *model) {
    int32_t n;
    pal_model **parts = pal_model_parts(model, &n);
    for (int32_t i = 0; i < n; i++) {
        if (parts[i]->source) return true;
    }
    return false;
}

static pal_status train_all(pal_ctx *ctx, const pal_train_input *asked, pal_model *model) {
    pal_train_input own;
    TRY(pal_input_for_kind(ctx, model->kind, asked, &model->arena, &own));
    const pal_train_input *input = &own;
    model->n_seen_items = own.n_seen_items;
    model->n_listed_items = own.n_listed_items;
    model->log = input->histories ? input->histories : input->log;
    model->items = input->items;
    bool uses = pal_kind_uses_source(model->kind, model->params);
    bool is_twin = (model->kind->traits & PAL_USES_SOURCE) && !uses;
    if (is_twin || (!uses && !model->kind->parts)) own.source = NULL;
    if (pal_kind_keeps_source(model->kind, model->params))
        model->source = own.source; /* a judge may rank before training ends */
    const pal_param *epochs = pal_param_find(model->kind->params, "epochs");
    if (epochs && input->epochs > 0)
        memcpy((char *)model->params + epochs->offset, &input->epochs, sizeof input->epochs);
    TRY(train_set_spec(ctx, model));
    TRY(train_check_memory(ctx, model, input->log));
    TRY(pal_model_count_users(ctx, model)); /* a judge may rank strangers before training ends */
    TRY(train_fit(ctx, input, model));
    if (!model->source && train_parts_use_source(model)) model->source = own.source;
    if (pal_model_traits(model) & PAL_READS_TEXT) model->searches = input->searches;
    model->data_hash = pal_log_hash(model->log);
    return PAL_OK;
}

pal_estimate pal_kind_estimate(const pal_kind *kind, const void *params, const pal_log *log,
                               int32_t n_threads) {
    pal_estimate estimate = {.seconds = 30e-9 * (double)log->n_events,
                             .bytes = 16.0 * (double)log->n_events};
    if (kind->estimate) kind->estimate(params, log, n_threads, &estimate);
    return estimate;
}

void pal_kind_estimate_spec(const char *spec, const pal_log *log, int32_t n_threads,
                            pal_estimate *out) {
    pal_ctx ctx = {0}; /* a sentence that nobody reads */
    pal_arena arena = {0};
    const pal_kind *kind;
    void *params;
    if (pal_kind_parse(&ctx, spec, &arena, &kind, &params) == PAL_OK)
        *out = pal_kind_estimate(kind, params, log, n_threads);
    pal_arena_release(&arena);
}

bool pal_model_predicts_values(const pal_model *model) {
    return (model->kind->traits & PAL_PREDICTS_VALUES) &&
           model->kind->predicts_values(model->params, model->state);
}

static pal_model *train_new_model(pal_ctx *ctx) {
    pal_model *model = calloc(1, sizeof *model);
    if (!model) pal_fail_memory(ctx, "a model", sizeof *model);
    if (model) model->catalog.title = -1;
    return model;
}

pal_status pal_model_train(pal_ctx *ctx, const char *spec, const pal_train_input *input,
                           pal_model **out) {
    pal_model *model = train_new_model(ctx);
    if (!model) return PAL_ENOMEM;
    pal_status status = pal_kind_parse(ctx, spec, &model->arena, &model->kind, &model->params);
    if (status == PAL_OK) status = train_all(ctx, input, model);
    if (status != PAL_OK) {
        pal_model_free(model);
        return status;
    }
    *out = model;
    return PAL_OK;
}

pal_status pal_model_train_kind(pal_ctx *ctx, const pal_kind *kind, const char *options,
                                const pal_train_input *input, pal_model **out) {
    pal_model *model = train_new_model(ctx);
    if (!model) return PAL_ENOMEM;
    model->kind = kind;
    model->params = pal_arena_alloc(&model->arena, 1, kind->params_size);
    pal_status status = model->params ? pal_params_parse(ctx, kind->name, kind->params,
                                                         model->params, &model->arena, options)
                                      : pal_fail_memory(ctx, kind->name, (double)kind->params_size);
    if (status == PAL_OK) status = train_all(ctx, input, model);
    if (status != PAL_OK) {
        pal_model_free(model);
        return status;
    }
    *out = model;
    return PAL_OK;
}

/* The weights of parts that were learned, as the parameter that gives them. */
static pal_status train_set_found_weights(pal_ctx *ctx, const pal_model *model, int32_t n,
                                          void *params, pal_arena *arena) {
    const pal_param *row = pal_param_find(model->kind->params, "weights");
    pal_tensor tensors[PAL_TENSORS_MAX];
    int32_t n_tensors = pal_model_tensors(model, tensors);
    pal_text text = {0};
    for (int32_t t = 0; row && t < n_tensors; t++) {
        if (strcmp(tensors[t].name, "weights")) continue;
        const float *weights = *tensors[t].data;
        for (int32_t i = 0; i < n; i++)
            pal_text_addf(&text, i ? ",%.9g" : "%.9g", (double)weights[i]);
    }
    const char *kept = text.length ? pal_arena_text(arena, text.bytes, text.length) : NULL;
    bool failed = text.failed || (text.length && !kept);
    pal_text_release(&text);
    if (failed) return pal_fail_memory(ctx, "a spec", 1e3);
    if (kept) memcpy((char *)params + row->offset, &kept, sizeof kept);
    return PAL_OK;
}

pal_status pal_model_found_spec(pal_ctx *ctx, const pal_model *model, pal_arena *arena,
                                const char **out) {
    const pal_kind *kind = model->kind;
    void *params = pal_arena_alloc(arena, 1, kind->params_size);
    if (!params) return pal_fail_memory(ctx, "a spec", (double)kind->params_size);
    memcpy(params, model->params, kind->params_size);
    const pal_param *epochs = pal_param_find(kind->params, "epochs");
    int64_t best = model->curve.is_best_kept ? model->curve.best : 0;
    if (epochs && best > 0) memcpy((char *)params + epochs->offset, &best, sizeof best);
    pal_text text = {0};
    int32_t n = 0;
    pal_model **parts = kind->parts ? kind->parts(params, model->state, &n) : NULL;
    for (int32_t i = 0; i < n; i++) {
        const char *part;
        TRY(pal_model_found_spec(ctx, parts[i], arena, &part));
        pal_text_addf(&text, i ? ", %s" : "%s", part);
    }
    const char *of = n ? pal_arena_text(arena, text.bytes ? text.bytes : "", text.length) : NULL;
    bool failed = text.failed || (n && !of);
    pal_text_release(&text);
    if (failed) return pal_fail_memory(ctx, "a spec", 1e3);
    if (n) {
        const pal_param *row = pal_param_find(kind->params, "of");
        memcpy((char *)params + row->offset, &of, sizeof of);
        TRY(train_set_found_weights(ctx, model, n, params, arena));
    }
    pal_spec_format(kind, params, false, &text);
    *out = text.failed ? NULL : pal_arena_text(arena, text.bytes, text.length);
    pal_text_release(&text);
    return *out ? PAL_OK : pal_fail_memory(ctx, "a spec", 1e3);
}

/* The models that a model consists of; *n is 0 for most. */
pal_model **pal_model_parts(const pal_model *model, int32_t *n) {
    *n = 0;
    return model->kind && model->kind->parts && model->state
               ? model->kind->parts(model->params, model->state, n)
               : NULL;
}

bool pal_model_scores_new_items(const pal_model *model) {
    int32_t n;
    pal_model **parts = pal_model_parts(model, &n);
    bool does = n == 0 || (model->kind->traits & PAL_NEEDS_CATALOG); /* else by its parts */
    for (int32_t i = 0; i < n; i++) does |= pal_model_scores_new_items(parts[i]);
    return does && (model->kind->traits & PAL_SCORES_NEW_ITEMS);
}

void pal_model_set_fallback(pal_model *model, pal_model *fallback) {
    pal_model_free(model->fallback);
    model->fallback = fallback;
}

void pal_model_free(pal_model *model) {
    if (!model) return;
    int32_t n_parts;
    pal_model **parts = pal_model_parts(model, &n_parts);
    for (int32_t i = 0; i < n_parts; i++) pal_model_free(parts[i]);
    pal_model_free(model->fallback);
    pal_log_release(&model->owned_log);
    pal_ids_release(&model->user_ids);
    pal_ids_release(&model->item_ids);
    pal_catalog_release(&model->catalog);
    pal_source_own_release(&model->own_source);
    pal_searches_release(&model->owned_searches);
    free(model->metrics);
    pal_arena_release(&model->arena);
    free(model);
}
