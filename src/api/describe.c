/* describe.c - the tables printed: what the reference pages, --help of the command line and other
 * programs read. */
#include <string.h>

#include "api/api.h"
#include "base/json.h"
#include "data/demo.h"
#include "data/formats/format.h"
#include "data/inspect.h"
#include "data/split.h"
#include "eval/metric.h"
#include "models/registry.h"

typedef struct {
    const char *name, *summary;
    const pal_param *table;
} describe_group;

static const describe_group describe_groups[] = {
    {"context", "threads and memory", pal_ctx_params},
    {"seed", "chance", pal_seed_params},
    {"data", "how logs are read and prepared", pal_data_params},
    {"weigh", "how much of the log training weighs", pal_weigh_params},
    {"scenario", "presets for a sort of service", pal_scenario_params},
    {"source", "a second domain", pal_source_params},
    {"demo", "the demo world", pal_demo_params},
    {"case", "the article's case", pal_case_params},
    {"evaluate", "how models are judged", pal_protocol_params},
    {"compare", "how models are compared and the verdict chooses", pal_compare_params},
    {"train", "how the whole log is learned", pal_train_params},
    {"shrink", "how large the model is kept", pal_shrink_params},
    {"list", "the list", pal_list_params},
    {"explain", "the explanation", pal_explain_params},
    {"recommend", "what the list leaves out", pal_recommend_params},
};
enum { DESCRIBE_GROUPS = sizeof describe_groups / sizeof *describe_groups };

static const describe_group *describe_find_group(const char *name) {
    for (int i = 0; i < DESCRIBE_GROUPS; i++) {
        if (!strcmp(describe_groups[i].name, name)) return &describe_groups[i];
    }
    return NULL;
}

const struct pal_param *pal_option_table(const char *group) {
    const describe_group *found = describe_find_group(group);
    return found ? found->table : NULL;
}

const char *pal_option_summary(const char *group) {
    const describe_group *found = describe_find_group(group);
    return found ? found->summary : NULL;
}

typedef enum {
    DESCRIBE_TEXT,
    DESCRIBE_JSON,
    DESCRIBE_MARKDOWN,
    DESCRIBE_NAMES, /* a line each: name, tabulator, summary */
    DESCRIBE_MAN,   /* roff, below a heading of the manual page */
    DESCRIBE_FORMATS
} describe_format;
static const char *const describe_formats[DESCRIBE_FORMATS] = {"text", "json", "markdown", "names",
                                                               "man"};

static void describe_name_line(const char *name, const char *summary, pal_text *out) {
    pal_text_addf(out, "%s\t%s\n", name, summary);
}

/* ".TP" and a name in bold, then what it is. */
static void describe_man_entry(const char *name, const char *summary, pal_text *out) {
    pal_text_add(out, ".TP\n\\fB");
    pal_text_add_man(out, name);
    pal_text_add(out, "\\fR\n");
    pal_text_add_man(out, summary);
    pal_text_add(out, "\n");
}

static const struct {
    unsigned trait;
    const char *sentence;
} describe_traits[] = {
    {PAL_NEEDS_TIME, "needs times"},
    {PAL_NEEDS_VALUES, "needs values"},
    {PAL_NEEDS_CATALOG, "needs features of items"},
    {PAL_SCORES_NEW_ITEMS, "scores items that nobody has used, by their features"},
    {PAL_SCORES_NEW_USERS, "answers new users from their history"},
    {PAL_SCORES_STRANGERS, "answers people without history"},
    {PAL_READS_TEXT, "answers words that are asked for"},
    {PAL_READS_PROFILES, "answers people by what a profile tells"},
    {PAL_USES_SOURCE, "learns from a second domain (--source) where there is one"},
    {PAL_USES_ORDER, "looks at the order of the history"},
    {PAL_REPEATS, "lists what the person used before"},
    {PAL_PREDICTS_VALUES, "can predict values"},
    {PAL_IS_CONTROL, "a control row, never chosen"},
    {PAL_IS_STOCHASTIC, "depends on the seed"},
    {PAL_IGNORES_WEIGHTS, "learns from every event alike, whatever --half-life and --events say"},
};

static void describe_kind_traits(const pal_kind *kind, pal_text *out) {
    bool first = true;
    for (size_t i = 0; i < sizeof describe_traits / sizeof *describe_traits; i++) {
        if (!(kind->traits & describe_traits[i].trait)) continue;
        pal_text_addf(out, first ? "%s" : "; %s", describe_traits[i].sentence);
        first = false;
    }
}

/* --- one kind --- */

static void describe_kind_json(const pal_kind *kind, pal_text *out) {
    pal_text_add(out, "{\"name\": ");
    pal_text_add_json(out, kind->name);
    pal_text_add(out, ", \"family\": ");
    pal_text_add_json(out, kind->family);
    pal_text_add(out, ", \"summary\": ");
    pal_text_add_json(out, kind->summary);
    pal_text_add(out, ", \"paper\": ");
    pal_text_add_json(out, kind->paper);
    if (kind->derivation) {
        pal_text_add(out, ", \"derivation\": ");
        pal_text_add_json(out, kind->derivation);
    }
    if (kind->measured) {
        pal_text_add(out, ", \"measured\": ");
        pal_text_add_json(out, kind->measured);
    }
    pal_text_add(out, ", \"params\": ");
    pal_params_json(kind->params, out);
    pal_text_add(out, "}");
}

static void describe_kind_man(const pal_kind *kind, bool has_paper, pal_text *out) {
    pal_text traits = {0};
    describe_kind_traits(kind, &traits);
    pal_text_addf(out, ".SS \"%s\"\n", kind->name);
    pal_text_add_man(out, kind->summary);
    pal_text_addf(out, ".\n.PP\nFamily: %s", kind->family);
    if (traits.length) pal_text_addf(out, "; %s", traits.bytes);
    pal_text_add(out, ".\n");
    if (has_paper) {
        pal_text_add(out, ".PP\n");
        pal_text_add_man(out, kind->paper);
        pal_text_add(out, ".\n");
    }
    pal_params_man(kind->params, false, out);
    out->failed |= traits.failed;
    pal_text_release(&traits);
}

/* A comparison to try, its kind with what it has to consist of where nothing else is told. */
static void describe_kind_use(const pal_kind *kind, const char *before, pal_text *out) {
    const char *source = kind->traits & PAL_USES_SOURCE ? " --source LOG2 --shared users" : "";
    const pal_param *of = kind->parts ? pal_param_find(kind->params, "of") : NULL;
    const char *parts = !of || of->initial     ? ""
                        : kind->takes_one_part ? "(bpr)"
                                               : "(als, item_knn)";
    pal_text_addf(out, "%spalate compare LOG%s -m \"%s%s\"", before, source, kind->name, parts);
}

static void describe_kind(const pal_kind *kind, describe_format format, pal_text *out) {
    bool has_params = kind->params[0].name != NULL, has_paper = strcmp(kind->paper, "none") != 0;
    if (format == DESCRIBE_JSON) {
        describe_kind_json(kind, out);
        return;
    }
    if (format == DESCRIBE_NAMES) {
        describe_name_line(kind->name, kind->summary, out);
        return;
    }
    if (format == DESCRIBE_MAN) {
        describe_kind_man(kind, has_paper, out);
        return;
    }
    if (format == DESCRIBE_MARKDOWN) {
        pal_text_addf(out, "# %s\n\n%s.\n\n- family: %s\n- ", kind->name, kind->summary,
                      kind->family);
        describe_kind_traits(kind, out);
        if (has_paper) pal_text_addf(out, "\n- paper: %s", kind->paper);
        pal_text_add(out, "\n\n");
        if (has_params) pal_params_markdown(kind->params, false, out);
        if (kind->derivation) pal_text_addf(out, "\n## Gradients\n\n%s\n", kind->derivation);
        if (kind->measured) pal_text_addf(out, "\n## Measured\n\n%s\n", kind->measured);
        describe_kind_use(kind, "\nUse: `", out);
        pal_text_add(out, "`\n");
        return;
    }
    pal_text_addf(out, "%s (%s): %s\n  ", kind->name, kind->family, kind->summary);
    describe_kind_traits(kind, out);
    if (has_paper) pal_text_addf(out, "\n  %s", kind->paper);
    pal_text_add(out, "\n\n");
    pal_params_help(kind->params, false, out);
    if (kind->traits & PAL_USES_SOURCE) {
        describe_kind_use(kind, "\n  try ", out);
        pal_text_add(out, "\n");
    }
}

static void describe_kinds(describe_format format, pal_text *out) {
    if (format == DESCRIBE_JSON) pal_text_add(out, "[");
    if (format == DESCRIBE_MARKDOWN)
        pal_text_add(out, "# Kinds\n\n| kind | family | what it is |\n| --- | --- | --- |\n");
    for (int32_t i = 0; pal_kinds[i]; i++) {
        const pal_kind *kind = pal_kinds[i];
        if (format == DESCRIBE_JSON) {
            if (i) pal_text_add(out, ", ");
            describe_kind_json(kind, out);
        } else if (format == DESCRIBE_MARKDOWN) {
            pal_text_addf(out, "| [%s](%s.md) | %s | %s |\n", kind->name, kind->name, kind->family,
                          kind->summary);
        } else if (format == DESCRIBE_NAMES || format == DESCRIBE_MAN) {
            describe_kind(kind, format, out);
        } else {
            pal_text_addf(out, "  %-14s %-14s %s\n", kind->name, kind->family, kind->summary);
        }
    }
    if (format == DESCRIBE_JSON) pal_text_add(out, "]");
}

/* --- metrics, formats, splits, options --- */

static void describe_named(describe_format format, bool first, const char *name,
                           const char *summary, pal_text *out) {
    if (format == DESCRIBE_JSON) {
        pal_text_add(out, first ? "{\"name\": " : ", {\"name\": ");
        pal_text_add_json(out, name);
        pal_text_add(out, ", \"summary\": ");
        pal_text_add_json(out, summary);
        pal_text_add(out, "}");
    } else if (format == DESCRIBE_MARKDOWN) {
        pal_text_addf(out, "- **%s**: %s\n", name, summary);
    } else if (format == DESCRIBE_NAMES) {
        describe_name_line(name, summary, out);
    } else if (format == DESCRIBE_MAN) {
        describe_man_entry(name, summary, out);
    } else {
        pal_text_addf(out, "  %-12s %s\n", name, summary);
    }
}

static const char describe_click_tables[] =
    "\nLogs of impressions (event types such as shown, impression or skip beside a target type) "
    "also have click tables. An impression is a user and an item of the test, once, clicked if the "
    "test has a target event of them. Scores are the model's own, from what the user did before "
    "the test; what it cannot score gets the mean of its other scores. Probabilities are 1 / (1 + "
    "exp(-(a + b score))), a and b fitted on the impressions of validation.\n\n"
    "| number | definition | better |\n| --- | --- | --- |\n"
    "| auc | share of the pairs of a clicked and a shown impression, over all users, in which the "
    "clicked one has the larger score; ties count half | larger |\n"
    "| gauc | mean of auc within users who have both, weighted by their impressions | larger |\n"
    "| logloss | mean of -log of the probability of what happened | smaller |\n"
    "| calibration | mean over 10 bins of equal counts, by probability, of the distance of mean "
    "probability and share clicked | smaller |\n";

static void describe_metrics(describe_format format, pal_text *out) {
    if (format == DESCRIBE_JSON) pal_text_add(out, "[");
    if (format == DESCRIBE_MARKDOWN) {
        pal_text_add(out, "# Metrics\n\nh hits in the top k of a list, R what is relevant, L a "
                          "list, C the candidates, n_i training users of item i, n "
                          "training users. Means are over all test users with something relevant; "
                          "no list counts 0. Equal scores "
                          "stand in the order of item rows.\n\n| metric | meaning | definition | "
                          "better |\n| --- | --- | --- | --- |\n");
    }
    for (int32_t i = 0; pal_metrics[i]; i++) {
        const pal_metric *metric = pal_metrics[i];
        if (format == DESCRIBE_JSON) {
            pal_text_add(out, i ? ", {\"name\": " : "{\"name\": ");
            pal_text_add_json(out, metric->name);
            pal_text_add(out, ", \"summary\": ");
            pal_text_add_json(out, metric->summary);
            pal_text_add(out, ", \"formula\": ");
            pal_text_add_json(out, metric->formula);
            pal_text_add(out, "}");
        } else if (format == DESCRIBE_MARKDOWN) {
            pal_text_addf(out, "| %s@k | %s | ", metric->name, metric->summary);
            for (const char *c = metric->formula; *c; c++)
                pal_text_add_bytes(out, *c == '|' ? "\\|" : c, *c == '|' ? 2 : 1);
            pal_text_addf(out, " | %s |\n", metric->larger_is_better ? "larger" : "smaller");
        } else if (format == DESCRIBE_TEXT) {
            pal_text_addf(out, "  %-18s %s\n", metric->name, metric->summary);
        } else {
            describe_named(format, i == 0, metric->name, metric->summary, out);
        }
    }
    if (format == DESCRIBE_MARKDOWN) pal_text_add(out, describe_click_tables);
    if (format == DESCRIBE_JSON) pal_text_add(out, "]");
}

static void describe_file_formats(describe_format format, pal_text *out) {
    for (int32_t i = 0; pal_formats[i]; i++)
        describe_named(format, i == 0, pal_formats[i]->name, pal_formats[i]->summary, out);
}

static void describe_splits(describe_format format, pal_text *out) {
    for (int32_t i = 0; pal_splitters[i]; i++) {
        const pal_splitter *splitter = pal_splitters[i];
        describe_named(format, i == 0, splitter->name, splitter->summary, out);
        if (format == DESCRIBE_TEXT) pal_params_help(splitter->params, false, out);
        if (format == DESCRIBE_MAN && splitter->params[0].name) {
            pal_text_add(out, ".RS\n");
            pal_params_man(splitter->params, false, out);
            pal_text_add(out, ".RE\n");
        }
        if (format == DESCRIBE_MARKDOWN && splitter->params[0].name) {
            pal_text_add(out, "\n");
            pal_params_markdown(splitter->params, false, out);
            pal_text_add(out, "\n");
        }
    }
}

/* Lists that are named entries and nothing else get their title and brackets here. */
static void describe_list(describe_format format, const char *title,
                          void (*list)(describe_format, pal_text *), pal_text *out) {
    if (format == DESCRIBE_MARKDOWN) pal_text_addf(out, "# %s\n\n", title);
    if (format == DESCRIBE_JSON) pal_text_add(out, "[");
    list(format, out);
    if (format == DESCRIBE_JSON) pal_text_add(out, "]");
}

static void describe_format_list(describe_format format, pal_text *out) {
    describe_list(format, "Formats", describe_file_formats, out);
}

static void describe_split_list(describe_format format, pal_text *out) {
    describe_list(format, "Splits", describe_splits, out);
}

static void describe_scenarios(describe_format format, pal_text *out) {
    if (format == DESCRIBE_JSON) pal_text_add(out, "[");
    if (format == DESCRIBE_MARKDOWN)
        pal_text_add(out, "# Scenarios\n\n`--scenario NAME` fills options that were not given, and "
                          "tells what it set. Event types are found by name, whatever their case; "
                          "those that a preset does not know keep weight 1. Where the log has no "
                          "times, there is no half-life and the split is random. Worked examples "
                          "stand in [scenarios.md](../scenarios.md).\n");
    for (const pal_scenario *scenario = pal_scenarios; scenario->name; scenario++) {
        bool first = scenario == pal_scenarios;
        if (format == DESCRIBE_JSON) {
            if (!first) pal_text_add(out, ", ");
            pal_describe_scenario_json(scenario, out);
        } else if (format == DESCRIBE_MARKDOWN) {
            pal_describe_scenario_markdown(scenario, out);
        } else if (format == DESCRIBE_TEXT) {
            pal_describe_scenario_text(scenario, out);
        } else {
            describe_named(format, first, scenario->name, scenario->summary, out);
        }
    }
    if (format == DESCRIBE_JSON) pal_text_add(out, "]");
}

static void describe_options(describe_format format, pal_text *out) {
    if (format == DESCRIBE_MARKDOWN) pal_text_add(out, "# Options\n\n");
    if (format == DESCRIBE_JSON) pal_text_add(out, "{");
    for (int i = 0; i < DESCRIBE_GROUPS; i++) {
        const describe_group *group = &describe_groups[i];
        if (format == DESCRIBE_JSON) {
            if (i) pal_text_add(out, ", ");
            pal_text_add_json(out, group->name);
            pal_text_add(out, ": ");
            pal_params_json(group->table, out);
        } else if (format == DESCRIBE_MARKDOWN) {
            pal_text_addf(out, "## %s\n\n%s\n\n", group->name, group->summary);
            pal_params_markdown(group->table, true, out);
            pal_text_add(out, "\n");
        } else if (format == DESCRIBE_NAMES) {
            describe_name_line(group->name, group->summary, out);
        } else if (format == DESCRIBE_MAN) {
            pal_text_addf(out, ".SS \"%s: %s\"\n", group->name, group->summary);
            pal_params_man(group->table, true, out);
        } else {
            pal_text_addf(out, "%s:\n", group->summary);
            pal_params_help(group->table, true, out);
            pal_text_add(out, "\n");
        }
    }
    if (format == DESCRIBE_JSON) pal_text_add(out, "}");
}

static void describe_all_json(pal_text *out) {
    pal_text_addf(out, "{\"palate\": \"%s\", \"kinds\": ", PAL_VERSION);
    describe_kinds(DESCRIBE_JSON, out);
    pal_text_add(out, ", \"metrics\": ");
    describe_metrics(DESCRIBE_JSON, out);
    pal_text_add(out, ", \"formats\": ");
    describe_format_list(DESCRIBE_JSON, out);
    pal_text_add(out, ", \"splits\": ");
    describe_split_list(DESCRIBE_JSON, out);
    pal_text_add(out, ", \"options\": ");
    describe_options(DESCRIBE_JSON, out);
    pal_text_add(out, "}");
}

static void describe_all(describe_format format, pal_text *out) {
    if (format == DESCRIBE_JSON) {
        describe_all_json(out);
        return;
    }
    describe_kinds(format, out);
    for (int32_t i = 0; format == DESCRIBE_MARKDOWN && pal_kinds[i]; i++) {
        pal_text_add(out, "\n");
        describe_kind(pal_kinds[i], format, out);
    }
    pal_text_add(out, "\n");
    describe_metrics(format, out);
    pal_text_add(out, "\n");
    describe_format_list(format, out);
    pal_text_add(out, "\n");
    describe_split_list(format, out);
    pal_text_add(out, "\n");
    describe_options(format, out);
}

/* --- what can be described --- */

static void describe_subject_list(describe_format format, pal_text *out);

static const struct {
    const char *name, *summary;
    void (*print)(describe_format format, pal_text *out);
} describe_subjects[] = {
    {"all", "all of it", describe_all},
    {"kinds", "the kinds of models", describe_kinds},
    {"metrics", "the metrics", describe_metrics},
    {"formats", "the formats of logs", describe_format_list},
    {"splits", "the splits", describe_split_list},
    {"scenarios", "the presets of --scenario", describe_scenarios},
    {"options", "the options of all commands", describe_options},
    {"subjects", "what can be described", describe_subject_list},
};
enum { DESCRIBE_SUBJECTS = sizeof describe_subjects / sizeof *describe_subjects };

static void describe_subject_entries(describe_format format, pal_text *out) {
    describe_named(format, true, "kind", "one kind, named after this word", out);
    for (int i = 0; i < DESCRIBE_SUBJECTS; i++)
        describe_named(format, false, describe_subjects[i].name, describe_subjects[i].summary, out);
}

static void describe_subject_list(describe_format format, pal_text *out) {
    describe_list(format, "Subjects", describe_subject_entries, out);
}

static pal_status describe_what(pal_ctx *ctx, const char *what, describe_format format,
                                pal_text *out) {
    const char *names[DESCRIBE_SUBJECTS];
    if (!strncmp(what, "kind ", 5)) {
        const pal_kind *kind = pal_kind_find(what + 5);
        void *params;
        pal_arena scratch = {0};
        /* An unknown name is told with the nearest one. */
        pal_status status = kind ? PAL_OK : pal_kind_parse(ctx, what + 5, &scratch, &kind, &params);
        if (status == PAL_OK) describe_kind(kind, format, out);
        pal_arena_release(&scratch);
        return status;
    }
    for (int i = 0; i < DESCRIBE_SUBJECTS; i++) {
        names[i] = describe_subjects[i].name;
        if (strcmp(what, names[i])) continue;
        describe_subjects[i].print(format, out);
        return PAL_OK;
    }
    const char *nearest = pal_nearest_name(what, names, DESCRIBE_SUBJECTS);
    return pal_fail(ctx, PAL_EUSAGE, "nothing to describe is called '%s'%s%s%s", what,
                    nearest ? "; did you mean " : "; palate describe subjects lists what there is",
                    nearest ? nearest : "", nearest ? "?" : "");
}

pal_status pal_describe(pal_ctx *ctx, const char *what, const char *format, char **out) {
    TRY(pal_verb_start(ctx));
    int code = 0;
    while (code < DESCRIBE_FORMATS && strcmp(describe_formats[code], format)) code++;
    if (code == DESCRIBE_FORMATS)
        return pal_fail(ctx, PAL_EUSAGE,
                        "the format must be text, json, markdown, names or man, not '%s'", format);
    pal_text text = {0};
    pal_status status = describe_what(ctx, what, (describe_format)code, &text);
    if (status == PAL_OK && code == DESCRIBE_JSON) pal_text_add(&text, "\n");
    if (status != PAL_OK) {
        pal_text_release(&text);
        return status;
    }
    *out = pal_text_take(&text);
    return *out ? PAL_OK : pal_fail_memory(ctx, "the description", 1e6);
}

pal_status pal_inspect(pal_ctx *ctx, const pal_data *data, bool json, char **out) {
    TRY(pal_verb_start(ctx));
    pal_text text = {0};
    pal_status status;
    if (json) {
        json_t *document = NULL;
        status = pal_inspect_json(ctx, data, &document);
        if (status == PAL_OK) pal_json_print(document, &text);
        json_decref(document);
    } else {
        status = pal_inspect_text(ctx, data, &text);
    }
    if (status != PAL_OK) {
        pal_text_release(&text);
        return status;
    }
    *out = pal_text_take(&text);
    return *out ? PAL_OK : pal_fail_memory(ctx, "the inspection", 1e6);
}
