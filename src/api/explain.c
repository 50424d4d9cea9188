/* explain.c - why an item has its score, and what keeps it out of a list. */
#include "api/api.h"

#include <math.h>
#include <string.h>

#include "models/explain.h"
#include "models/train.h"

typedef struct {
    int64_t n;
    int32_t hide;
} explain_options;

const pal_param pal_explain_params[] = {
    {.name = "n",
     .type = PAL_PARAM_INT,
     .offset = offsetof(explain_options, n),
     .initial = "10",
     .min = 1,
     .max = 10000,
     .letter = 'n',
     .help = "reasons shown, the strongest first"},
    {.name = "hide",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(explain_options, hide),
     .choices = pal_hide_choices,
     .help = "items not listed again: those with a target event, those with any event, or none; "
             "auto is what the model was compared with, else target"},
    {0},
};

/* The place in the list of everything, and why there is none. */
static pal_status explain_place(pal_ctx *ctx, const pal_model *model, const pal_query *query,
                                int32_t item, pal_hide hide, pal_arena *arena, pal_explained *out) {
    pal_lists lists;
    pal_rank_options rank = {
        .k = model->log->n_items, .hide = hide, .use = pal_model_fallback_use(model)};
    TRY(pal_rank(ctx, model, query, 1, &rank, arena, &lists));
    for (int32_t i = 0; i < lists.counts[0] && !out->place; i++) {
        if (lists.items[i] == item) out->place = i + 1;
    }
    if (out->place) return PAL_OK;
    if (item >= pal_model_n_listed(model)) {
        out->kept_out = "the comparison that made this model listed only items that were used "
                        "before: palate train --candidates catalog makes a model that lists it";
        return PAL_OK;
    }
    out->kept_out = "the model cannot score it";
    for (int32_t e = 0; e < query->n_events; e++) {
        if (query->items[e] == item)
            out->kept_out = "it is in the history, and hide does not list such items again";
    }
    return PAL_OK;
}

static void explain_fill(const pal_model *model, const pal_explanation *found, int32_t n,
                         pal_why *reasons) {
    const pal_source *source = pal_model_source(model);
    for (int32_t r = 0; r < n; r++) {
        const pal_reason *reason = &found->reasons[r];
        const pal_log *log = reason->is_of_source ? source->log : model->log;
        const pal_catalog *items = reason->is_of_source ? source->items : model->items;
        const char *id = reason->item < 0 ? NULL : pal_ids_at(log->about.item_ids, reason->item);
        reasons[r] = (pal_why){.item = id,
                               .title = id ? pal_catalog_title(items, id) : NULL,
                               .is_of_source = reason->is_of_source,
                               .what = reason->what,
                               .amount = reason->amount};
    }
}

static pal_status explain_all(pal_ctx *ctx, const pal_model *model, const pal_person *person,
                              const char *item, const char *options, pal_arena *arena,
                              pal_explained *out, pal_why *reasons, int32_t capacity, int32_t *n) {
    explain_options values;
    pal_query query;
    int32_t row;
    pal_explanation found;
    pal_explained explained = {0};
    TRY(pal_params_parse(ctx, "explain", pal_explain_params, &values, arena, options));
    TRY(pal_api_query(ctx, model, person, arena, &query));
    TRY(pal_api_find(ctx, model->log->about.item_ids, model->log->n_items, "item", item,
                     strlen(item), &row));
    TRY(pal_explain(ctx, model, &query, row, arena, &found));
    TRY(explain_place(ctx, model, &query, row, (pal_hide)values.hide, arena, &explained));
    explained.score = found.score;
    explained.is_sum = found.is_sum;
    explained.strategy = pal_api_strategy(model, found.answered);
    explained.n_reasons = found.n;
    *n = found.n < capacity ? found.n : capacity;
    if (*n > values.n) *n = (int32_t)values.n;
    explain_fill(model, &found, *n, reasons);
    *out = explained;
    return PAL_OK;
}

pal_status pal_explain_item(pal_ctx *ctx, const pal_model *model, const pal_person *person,
                            const char *item, const char *options, pal_explained *out,
                            pal_why *reasons, int32_t capacity, int32_t *n) {
    TRY(pal_verb_start(ctx));
    pal_arena scratch = {0};
    pal_status status =
        explain_all(ctx, model, person, item, options, &scratch, out, reasons, capacity, n);
    pal_arena_release(&scratch);
    return status;
}
