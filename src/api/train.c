/* train.c - a model from a whole log, kept on the way. */
#include <math.h>
#include <string.h>

#include "api/api.h"
#include "data/inspect.h"
#include "data/second.h"
#include "models/checkpoint.h"
#include "models/new_items.h"
#include "models/registry.h"
#include "models/train.h"

enum { TRAIN_SEEN, TRAIN_CATALOG };
static const char *const train_candidates[] = {"seen", "catalog", NULL};

#define FIELD(name) offsetof(pal_train_options, name)
const pal_param pal_train_params[] = {
    {.name = "checkpoint_every",
     .type = PAL_PARAM_SECONDS,
     .offset = FIELD(every),
     .initial = "60s",
     .min = 0,
     .max = INFINITY,
     .value_name = "TIME",
     .help =
         "how often a training in epochs is kept in FILE.checkpoint, beside the model file FILE "
         "(gru.palate.checkpoint), until that is written, and when it is interrupted; 0: "
         "never"},
    {.name = "resume",
     .type = PAL_PARAM_FLAG,
     .offset = FIELD(resumes),
     .help = "go on from FILE.checkpoint where it is there: the model is the same to the byte as "
             "of a training that was not interrupted"},
    {.name = "candidates",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(candidates),
     .choices = train_candidates,
     .help = "items that the model can list: seen (those of the log), or catalog (those that only "
             "--items knows too, where the kind scores them by their features)"},
    {0},
};
#undef FIELD

typedef struct { /* what training looks at, and what was made for it */
    pal_train_input input;
    pal_source source;
    pal_log weighed, used, shown;
    pal_ids item_ids; /* with those of the catalog, where they are candidates */
} train_data;

static pal_status train_open(pal_ctx *ctx, const pal_data *data, train_data *out) {
    const pal_log *log = &data->parts[0];
    if (log->about.shown_types) {
        TRY(pal_log_select_used(ctx, log, &out->used));
        TRY(pal_log_select_shown(ctx, log, &out->shown));
        log = &out->used;
    }
    bool is_weighed = data->options.half_life > 0 || data->options.train_window > 0;
    if (is_weighed)
        TRY(pal_log_weigh(ctx, log, data->options.half_life, data->options.train_window,
                          &out->weighed));
    out->input =
        (pal_train_input){.log = is_weighed ? &out->weighed : log,
                          .histories = log,
                          .items = data->catalog.ids.n ? &data->catalog : NULL,
                          .users = data->users.ids.n ? &data->users : NULL,
                          .shown = out->shown.n_events ? &out->shown : NULL,
                          .searches = data->searches.n ? &data->searches : NULL,
                          .source = pal_data_source(data, &out->source) ? &out->source : NULL,
                          .world = data->world};
    return PAL_OK;
}

/* Why --candidates catalog changes nothing, where it does not. */
static void train_tell_new(pal_ctx *ctx, const char *spec, const pal_data *data, int32_t n_new) {
    pal_arena scratch = {0};
    const pal_kind *kind;
    void *params;
    bool can = pal_kind_parse(ctx, spec, &scratch, &kind, &params) != PAL_OK ||
               (kind->traits & PAL_SCORES_NEW_ITEMS);
    if (!data->catalog.ids.n) {
        pal_note(ctx, PAL_NOTICE_WARNING,
                 "--candidates catalog adds no items: there is no catalog; name its file with "
                 "--items");
    } else if (n_new == 0) {
        pal_note(ctx, PAL_NOTICE_WARNING,
                 "--candidates catalog adds no items: all that the catalog knows have events");
    } else if (!can) {
        pal_note(ctx, PAL_NOTICE_WARNING,
                 "--candidates catalog adds no items: %s cannot score the %d that have no event; "
                 "kinds that can are named in palate models",
                 spec, n_new);
    }
    pal_arena_release(&scratch);
}

/* Items that only the catalog knows get rows behind those of the log. */
static pal_status train_add_new_items(pal_ctx *ctx, const char *spec, const pal_data *data,
                                      train_data *made, pal_arena *arena) {
    const pal_log *log = made->input.log;
    int32_t n_dropped;
    TRY(pal_ids_select(ctx, log->about.item_ids, NULL, log->n_items, &made->item_ids));
    TRY(pal_ids_add_catalog(ctx, &data->catalog, &data->dropped_items, &made->item_ids,
                            &n_dropped));
    if (n_dropped)
        pal_note(ctx, PAL_NOTICE_INFO,
                 "%d items of the catalog are not listed: they were used, in events that were "
                 "dropped",
                 n_dropped);
    train_tell_new(ctx, spec, data, made->item_ids.n - log->n_items);
    const pal_log **logs[] = {&made->input.log, &made->input.histories};
    for (int i = 0; i < 2; i++) {
        pal_log *copy = PAL_ARENA_ARRAY(arena, pal_log, 1);
        if (!copy) return pal_fail_memory(ctx, "the items", sizeof *copy);
        *copy = **logs[i];
        copy->about.item_ids = &made->item_ids;
        *logs[i] = copy;
    }
    made->input.n_items = made->item_ids.n;
    return PAL_OK;
}

static void train_release(train_data *data) {
    pal_ids_release(&data->item_ids);
    pal_log_release(&data->weighed);
    pal_log_release(&data->used);
    pal_log_release(&data->shown);
}

static pal_status train_check_data(pal_ctx *ctx, const pal_data *data) {
    TRY(pal_verb_start(ctx));
    if (data->n_parts > 1)
        return pal_fail(ctx, PAL_EUSAGE,
                        "train learns from one log: name a log, not the parts of a split");
    if (*data->scenario)
        pal_note(ctx, PAL_NOTICE_INFO, "scenario %s: %s", pal_scenario_of(data)->name,
                 data->scenario);
    pal_inspect_tell_match(ctx, data);
    return PAL_OK;
}

static pal_status train_model(pal_ctx *ctx, const char *spec, const pal_train_input *input,
                              pal_model **out) {
    pal_model *model = NULL;
    pal_specs_tell_source(ctx, (const char *const[]){spec, NULL}, input->source != NULL, true);
    TRY(pal_model_train(ctx, spec, input, &model));
    if (input->log->weights) pal_specs_tell_weights(ctx, (const char *const[]){spec, NULL});
    pal_status status = pal_model_keep(ctx, model);
    if (status != PAL_OK) {
        pal_model_free(model);
        return status;
    }
    *out = model;
    return PAL_OK;
}

pal_status pal_train(pal_ctx *ctx, const pal_data *data, const char *spec, pal_model **out) {
    train_data made = {0};
    TRY(train_check_data(ctx, data));
    pal_status status = train_open(ctx, data, &made);
    if (status == PAL_OK) status = train_model(ctx, spec, &made.input, out);
    train_release(&made);
    return status;
}

/* --- kept on the way --- */

static pal_status train_write(pal_ctx *ctx, const char *spec, const char *path,
                              pal_precision precision, const pal_train_input *input) {
    pal_model *model = NULL, *small = NULL;
    TRY(train_model(ctx, spec, input, &model));
    pal_status status = precision == PAL_PRECISION_FLOAT32
                            ? PAL_OK
                            : pal_model_shrink_to(ctx, model, precision, &small);
    if (status == PAL_OK) status = pal_model_save(ctx, small ? small : model, path);
    pal_model_free(small);
    pal_model_free(model);
    return status;
}

static pal_status train_keeping(pal_ctx *ctx, const char *spec, const char *path,
                                pal_precision precision, const pal_train_options *keep,
                                pal_train_input *input) {
    pal_text beside = {0};
    pal_checkpoint checkpoint = {0};
    pal_text_addf(&beside, "%s.checkpoint", path);
    pal_status status = beside.failed
                            ? pal_fail_memory(ctx, "a path", 1e3)
                            : pal_checkpoint_open(ctx, beside.bytes, keep->every, keep->resumes,
                                                  spec, input, &checkpoint);
    if (status == PAL_OK) {
        input->checkpoint = &checkpoint;
        status = train_write(ctx, spec, path, precision, input);
        if (status == PAL_ECANCELLED && checkpoint.stands)
            pal_checkpoint_fail_stopped(ctx, &checkpoint);
        if (status == PAL_OK) pal_checkpoint_remove(&checkpoint);
        pal_checkpoint_release(&checkpoint);
    }
    pal_text_release(&beside);
    return status;
}

static pal_status train_parse(pal_ctx *ctx, const char *options, pal_train_options *values,
                              pal_shrink_options *shrink) {
    pal_arena scratch = {0}; /* the options hold no texts */
    pal_params_init(pal_train_params, values);
    pal_params_init(pal_shrink_params, shrink);
    pal_status status = pal_params_parse_tables(
        ctx, "train",
        (const pal_param_group[]){{pal_train_params, values}, {pal_shrink_params, shrink}, {0}},
        &scratch, options);
    pal_arena_release(&scratch);
    return status;
}

pal_status pal_train_check(pal_ctx *ctx, const char *options) {
    pal_train_options values;
    pal_shrink_options shrink;
    TRY(pal_verb_start(ctx));
    return train_parse(ctx, options, &values, &shrink);
}

pal_status pal_train_file(pal_ctx *ctx, const pal_data *data, const char *spec, const char *path,
                          const char *options) {
    train_data made = {0};
    pal_train_options values;
    pal_shrink_options shrink;
    pal_arena scratch = {0};
    TRY(train_check_data(ctx, data));
    TRY(train_parse(ctx, options, &values, &shrink));
    pal_status status = train_open(ctx, data, &made);
    if (status == PAL_OK && values.candidates == TRAIN_CATALOG)
        status = train_add_new_items(ctx, spec, data, &made, &scratch);
    pal_precision precision = (pal_precision)shrink.precision;
    if (status == PAL_OK)
        status = values.every > 0 || values.resumes
                     ? train_keeping(ctx, spec, path, precision, &values, &made.input)
                     : train_write(ctx, spec, path, precision, &made.input);
    train_release(&made);
    pal_arena_release(&scratch);
    return status;
}
