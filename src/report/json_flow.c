/* json_flow.c - how a kind comes from the log to a list, in five boxes, told from its descriptor
 * alone: its traits, the roles of its tensors, and its sentence on what represents whom. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "models/train.h"
#include "report/document.h"

static void flow_put(json_t *boxes, const char *name, pal_text *text) {
    json_array_append_new(
        boxes, json_pack("{s:s, s:o}", "name", name, "text",
                         pal_json_text(text->failed || !text->bytes ? "" : text->bytes)));
    pal_text_release(text);
}

static void flow_put_log(json_t *boxes, const pal_model *model) {
    const pal_log *log = model->log;
    unsigned traits = model->kind->traits;
    pal_text text = {0};
    pal_text_add_count(&text, log->n_events);
    pal_text_add(&text, " events: user, item");
    if ((traits & (PAL_NEEDS_VALUES | PAL_PREDICTS_VALUES)) && log->values)
        pal_text_add(&text, ", value");
    if ((traits & (PAL_NEEDS_TIME | PAL_USES_ORDER)) && log->times) pal_text_add(&text, ", time");
    flow_put(boxes, "log", &text);
}

/* The width of the rows that a role's tensor holds; 0: there is none. */
static int64_t flow_width(const pal_model *model, pal_role role) {
    pal_tensor tensors[PAL_TENSORS_MAX];
    int32_t n = pal_model_tensors(model, tensors);
    for (int32_t t = 0; t < n; t++) {
        if (tensors[t].role == role) return tensors[t].n_dims > 1 ? tensors[t].dims[1] : 1;
    }
    return 0;
}

/* "{factors}" becomes the parameter's value. */
static void flow_add_filled(const pal_model *model, const char *from, const char *to,
                            pal_text *out) {
    pal_text values = {0};
    pal_params_format(model->kind->params, model->params, true, &values);
    while (from < to) {
        const char *open = memchr(from, '{', (size_t)(to - from)),
                   *close = open ? memchr(open, '}', (size_t)(to - open)) : NULL;
        if (!close) break;
        pal_text_add_bytes(out, from, (size_t)(open - from));
        size_t length = (size_t)(close - open) - 1;
        for (const char *at = values.failed || !values.bytes ? "" : values.bytes; *at;) {
            size_t word = strcspn(at, " ");
            if (word > length && !strncmp(at, open + 1, length) && at[length] == '=')
                pal_text_add_bytes(out, at + length + 1, word - length - 1);
            at += word + (at[word] == ' ');
        }
        from = close + 1;
    }
    pal_text_add_bytes(out, from, (size_t)(to - from));
    pal_text_release(&values);
}

/* Before and after the bar of "the items used | a row of weights". */
static void flow_put_represented(json_t *boxes, const pal_model *model, bool of_user) {
    const pal_kind *kind = model->kind;
    const char *bar = kind->represents ? strstr(kind->represents, " | ") : NULL;
    int64_t width = flow_width(model, of_user ? PAL_ROLE_USERS : PAL_ROLE_ITEMS);
    pal_text text = {0};
    if (bar) {
        flow_add_filled(model, of_user ? kind->represents : bar + 3,
                        of_user ? bar : kind->represents + strlen(kind->represents), &text);
    } else if (width) {
        pal_text_addf(&text, "a row of %lld number%s learned", (long long)width,
                      width == 1 ? "" : "s");
    } else if (of_user) {
        pal_text_add(&text, kind->traits & PAL_SCORES_STRANGERS ? "nothing: everybody gets the same"
                            : kind->traits & PAL_USES_ORDER     ? "the items used, in their order"
                                                                : "the items used");
    } else {
        pal_text_add(&text, "who used it");
    }
    flow_put(boxes, of_user ? "user" : "item", &text);
}

static void flow_put_model(json_t *boxes, const pal_model *model) {
    pal_text text = {0};
    pal_text_addf(&text, "%s: ", model->kind->name);
    pal_text_add_size(&text, (double)pal_model_state_bytes(model));
    pal_text_add(&text, " learned");
    if (model->cost.multiply_adds > 0) {
        pal_text_add(&text, " in ");
        pal_text_add_large(&text, model->cost.multiply_adds);
        pal_text_add(&text, " multiply-adds");
    }
    if (model->curve.n || pal_param_find(model->kind->params, "epochs"))
        pal_text_add(&text, ", epoch by epoch");
    flow_put(boxes, "model", &text);
}

static void flow_put_list(json_t *boxes, const pal_comparison *comparison, const pal_model *model) {
    const pal_protocol *protocol = &comparison->options.protocol;
    pal_text text = {0};
    pal_text_add(&text, pal_model_predicts_values(model) ? "score: the value it would be given; "
                        : model->kind->traits & PAL_SCORES_STRANGERS ? "one score an item; "
                                                                     : "a score for each item; ");
    if (protocol->k.n)
        pal_text_addf(&text, "the best %lld are listed", (long long)protocol->k.at[0]);
    if (protocol->hide != PAL_HIDE_NONE) pal_text_add(&text, ", used ones left out");
    flow_put(boxes, "score and list", &text);
}

json_t *pal_document_flow(const pal_comparison *comparison, const pal_model *model) {
    json_t *boxes = json_array();
    flow_put_log(boxes, model);
    flow_put_represented(boxes, model, true);
    flow_put_represented(boxes, model, false);
    flow_put_model(boxes, model);
    flow_put_list(boxes, comparison, model);
    return boxes;
}
