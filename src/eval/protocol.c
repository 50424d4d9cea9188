/* protocol.c - the options of an evaluation, settled and fingerprinted. */
#include "eval/protocol.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#include "base/ctx.h"

static const char *const protocol_tasks[] = {"auto", "window", "next", "both", NULL};
const char *const pal_candidates_choices[] = {"auto", "seen", "catalog", "new", NULL};

#define FIELD(name) offsetof(pal_protocol, name)
const pal_param pal_protocol_params[] = {
    {.name = "task",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(task),
     .choices = protocol_tasks,
     .help = "window: one list a user, made at the cut; next: one list before each event"},
    {.name = "relevant",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(relevant),
     .initial = "all",
     .value_name = "RULE",
     .help = "which test events count as right: all, or a rule such as \"value>=4\""},
    {.name = "hide",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(hide),
     .choices = pal_hide_choices,
     .help = "items not listed again: those with a target event, those with any event, or none; "
             "auto is none where a fifth of the target events and more are repeats, else target; "
             "to evaluate a model, what it was compared with"},
    {.name = "fallback",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(fallback),
     .initial = "popular",
     .value_name = "SPEC",
     .names = "kinds",
     .help =
         "what answers people without history, the same for every kind: popular, none or a spec"},
    {.name = "k",
     .type = PAL_PARAM_INTS,
     .offset = FIELD(k),
     .initial = "10,20",
     .min = 1,
     .max = 1000,
     .letter = 'k',
     .help = "lengths of lists at which metrics are computed"},
    {.name = "allow_drop",
     .type = PAL_PARAM_FLAG,
     .offset = FIELD(allow_drop),
     .help = "go on although the mask takes more than 30 % of the test pairs"},
    {.name = "gain",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(gain),
     .value_name = "COLUMN",
     .help = "also say what the hits are worth (value@k): a column of numbers of the catalog, such "
             "as price or margin, or value for the log's values"},
    {.name = "slice",
     .type = PAL_PARAM_TEXTS,
     .offset = FIELD(slices),
     .value_name = "COLUMN",
     .help = "also tell apart users by a column of their profiles (--users): its 8 most frequent "
             "words, or quarters of its numbers"},
    {0},
};
#undef FIELD

static int protocol_compare_k(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

pal_status pal_relevance_parse(pal_ctx *ctx, const char *text, pal_relevance *out) {
    static const char *const operators[] = {">=", "<=", ">", "<"};
    *out = (pal_relevance){.comparison = -1};
    if (!strcmp(text, "all")) return PAL_OK;
    const char *rest = strncmp(text, "value", 5) ? NULL : text + 5;
    while (rest && *rest == ' ') rest++;
    for (int32_t i = 0; rest && i < 4; i++) {
        size_t n = strlen(operators[i]);
        if (strncmp(rest, operators[i], n)) continue;
        rest += n;
        while (*rest == ' ') rest++;
        double threshold;
        if (!pal_parse_double(rest, rest + strlen(rest), &threshold)) break;
        *out = (pal_relevance){.comparison = i, .threshold = (float)threshold};
        return PAL_OK;
    }
    return pal_fail(ctx, PAL_EUSAGE,
                    "--relevant must be all, or a rule such as \"value>=4\", not '%s'", text);
}

bool pal_fallback_is_spec(const char *fallback) {
    return !pal_name_equal(fallback, "popular") && !pal_name_equal(fallback, "none");
}

bool pal_relevance_holds(const pal_relevance *rule, float value) {
    switch (rule->comparison) {
    case 0:
        return value >= rule->threshold;
    case 1:
        return value <= rule->threshold;
    case 2:
        return value > rule->threshold;
    case 3:
        return value < rule->threshold;
    default:
        return true;
    }
}

pal_status pal_protocol_settle(pal_ctx *ctx, const pal_data *data, const pal_inspection *inspection,
                               pal_protocol *protocol) {
    const pal_log *log = &data->parts[0];
    qsort(protocol->k.at, (size_t)protocol->k.n, sizeof *protocol->k.at, protocol_compare_k);
    if (protocol->task == PAL_TASK_AUTO) {
        protocol->task = strcmp(inspection->task, "next") ? PAL_TASK_WINDOW : PAL_TASK_NEXT;
    }
    if (protocol->hide == PAL_HIDE_AUTO) {
        bool repeats = !strcmp(inspection->hide, "none");
        protocol->hide = repeats ? PAL_HIDE_NONE : PAL_HIDE_TARGET;
        if (repeats)
            pal_note(ctx, PAL_NOTICE_INFO,
                     "%.0f %% of the target events repeat an earlier one of the same user: items "
                     "used before are listed again (--hide target leaves them out)",
                     100 * inspection->repeat_share);
    }
    if (protocol->candidates == PAL_CANDIDATES_AUTO) {
        bool holds_items_out = protocol->split && !strncmp(protocol->split, "cold_items", 10);
        protocol->candidates = holds_items_out ? PAL_CANDIDATES_NEW : PAL_CANDIDATES_SEEN;
    }
    if (protocol->task != PAL_TASK_WINDOW && !log->times) {
        return pal_fail(ctx, PAL_EDATA,
                        "the task next needs times that put events in order, and the log has none: "
                        "use --task window");
    }
    pal_relevance rule;
    TRY(pal_relevance_parse(ctx, protocol->relevant, &rule));
    if (rule.comparison >= 0 && !log->values) {
        return pal_fail(ctx, PAL_EDATA,
                        "--relevant '%s' needs values, and the log has none: use --relevant all",
                        protocol->relevant);
    }
    return PAL_OK;
}

void pal_protocol_fingerprint(const pal_protocol *protocol, pal_task task, const pal_split *split,
                              const pal_source *source, char out[17]) {
    pal_text text = {0};
    pal_text_addf(&text, "%016" PRIx64 " %s relevant=%s hide=%s candidates=%s fallback=%s k=",
                  pal_split_hash(split), protocol_tasks[task], protocol->relevant,
                  pal_hide_choices[protocol->hide], pal_candidates_choices[protocol->candidates],
                  protocol->fallback);
    for (int32_t i = 0; i < protocol->k.n; i++)
        pal_text_addf(&text, i ? ",%d" : "%d", protocol->k.at[i]);
    if (protocol->gain) pal_text_addf(&text, " gain=%s", protocol->gain);
    const pal_ids *ids = &split->item_ids; /* with those of the catalog */
    if (protocol->candidates != PAL_CANDIDATES_SEEN && protocol->candidates != PAL_CANDIDATES_AUTO)
        pal_text_addf(&text, " items=%016" PRIx64,
                      ids->n ? XXH3_64bits(ids->bytes, (size_t)ids->offsets[ids->n]) : 0);
    if (source) pal_text_addf(&text, " source=%016" PRIx64, pal_source_hash(source));
    snprintf(out, 17, "%016" PRIx64,
             text.failed ? (uint64_t)0 : XXH3_64bits(text.bytes, text.length));
    pal_text_release(&text);
}

const char *pal_task_name(pal_task task) { return protocol_tasks[task]; }
