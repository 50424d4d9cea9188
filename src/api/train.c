/* train.c - a model from a whole log, kept on the way. */
#include <string.h>

#include "api/api.h"
#include "models/checkpoint.h"
#include "models/registry.h"

#define FIELD(name) offsetof(pal_keep_options, name)
const pal_param pal_keep_params[] = {
    {.name = "checkpoint_every",
     .type = PAL_PARAM_SECONDS,
     .offset = FIELD(every),
     .initial = "60s",
     .value_name = "TIME",
     .help = "how often a training in epochs is kept in MODEL.checkpoint until the model is "
             "written, and when it is interrupted; 0: never"},
    {.name = "resume",
     .type = PAL_PARAM_FLAG,
     .offset = FIELD(resumes),
     .help = "go on from MODEL.checkpoint where it is there: the model is the same to the byte as "
             "of a training that was not interrupted"},
    {0},
};
#undef FIELD

typedef struct { /* what training looks at, and what was made for it */
    pal_train_input input;
    pal_log weighed, used, shown;
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
    out->input = (pal_train_input){.log = is_weighed ? &out->weighed : log,
                                   .histories = log,
                                   .items = data->catalog.ids.n ? &data->catalog : NULL,
                                   .users = data->users.ids.n ? &data->users : NULL,
                                   .shown = out->shown.n_events ? &out->shown : NULL,
                                   .world = data->world};
    return PAL_OK;
}

static void train_release(train_data *data) {
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
    return PAL_OK;
}

static pal_status train_model(pal_ctx *ctx, const char *spec, const pal_train_input *input,
                              pal_model **out) {
    pal_model *model = NULL;
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
                              const pal_train_input *input) {
    pal_model *model = NULL;
    TRY(train_model(ctx, spec, input, &model));
    pal_status status = pal_model_save(ctx, model, path);
    pal_model_free(model);
    return status;
}

static pal_status train_keeping(pal_ctx *ctx, const char *spec, const char *path,
                                const pal_keep_options *keep, pal_train_input *input) {
    pal_text beside = {0};
    pal_checkpoint checkpoint = {0};
    pal_text_addf(&beside, "%s.checkpoint", path);
    pal_status status = beside.failed
                            ? pal_fail_memory(ctx, "a path", 1e3)
                            : pal_checkpoint_open(ctx, beside.bytes, keep->every, keep->resumes,
                                                  spec, input, &checkpoint);
    if (status == PAL_OK) {
        input->checkpoint = &checkpoint;
        status = train_write(ctx, spec, path, input);
        if (status == PAL_ECANCELLED && checkpoint.stands)
            pal_checkpoint_fail_stopped(ctx, &checkpoint);
        if (status == PAL_OK) pal_checkpoint_remove(&checkpoint);
        pal_checkpoint_release(&checkpoint);
    }
    pal_text_release(&beside);
    return status;
}

pal_status pal_train_file(pal_ctx *ctx, const pal_data *data, const char *spec, const char *path,
                          const char *options) {
    train_data made = {0};
    pal_keep_options keep;
    pal_arena scratch = {0};
    TRY(train_check_data(ctx, data));
    pal_params_init(pal_keep_params, &keep);
    pal_status status = pal_params_parse(ctx, "train", pal_keep_params, &keep, &scratch, options);
    pal_arena_release(&scratch);
    if (status == PAL_OK) status = train_open(ctx, data, &made);
    if (status == PAL_OK)
        status = keep.every > 0 || keep.resumes ? train_keeping(ctx, spec, path, &keep, &made.input)
                                                : train_write(ctx, spec, path, &made.input);
    train_release(&made);
    return status;
}
