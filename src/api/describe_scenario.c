/* describe_scenario.c - one preset of --scenario, printed for people and for programs. */
#include <string.h>

#include "api/api.h"

/* Rows of options that the preset fills in, in the order of its fields. */
typedef struct {
    const char *name, *value;
} describe_fill;

enum { DESCRIBE_FILLS = 4 };

static void describe_fills(const pal_scenario *scenario, describe_fill out[DESCRIBE_FILLS]) {
    const char *inspected = "as inspect proposes";
    out[0] = (describe_fill){"half-life", scenario->half_life};
    out[1] = (describe_fill){"split", scenario->split};
    out[2] = (describe_fill){"task", strcmp(scenario->task, "auto") ? scenario->task : inspected};
    out[3] = (describe_fill){"hide", scenario->hide ? scenario->hide : inspected};
}

static void describe_words(const char *names, pal_text *out) {
    for (const char *c = names; *c; c++)
        pal_text_add_bytes(out, *c == ',' ? ", " : c, *c == ',' ? 2 : 1);
}

static void describe_relevant(const pal_scenario *scenario, pal_text *out) {
    if (scenario->positive <= 0) {
        pal_text_add(out, "all");
        return;
    }
    pal_text_addf(out,
                  "values from %.0f %% of their scale on, where they are ratings or shares of the "
                  "whole, else all",
                  100 * scenario->positive);
}

/* How a type is the target: " (target)" of those with the highest goal. */
static const char *describe_goal(const pal_scenario *scenario, const pal_scenario_type *type) {
    int32_t highest = 0;
    for (int32_t t = 0; t < PAL_SCENARIO_TYPES; t++)
        highest = scenario->types[t].goal > highest ? scenario->types[t].goal : highest;
    return type->goal == 0         ? ""
           : type->goal == highest ? " (target)"
                                   : " (target where nothing stronger is)";
}

void pal_describe_scenario_json(const pal_scenario *scenario, pal_text *out) {
    describe_fill fills[DESCRIBE_FILLS];
    pal_text relevant = {0};
    describe_fills(scenario, fills);
    describe_relevant(scenario, &relevant);
    pal_text_add(out, "{\"name\": ");
    pal_text_add_json(out, scenario->name);
    pal_text_add(out, ", \"summary\": ");
    pal_text_add_json(out, scenario->summary);
    pal_text_add(out, ", \"types\": [");
    for (int32_t t = 0; t < PAL_SCENARIO_TYPES && scenario->types[t].names; t++) {
        pal_text_add(out, t ? ", {\"names\": " : "{\"names\": ");
        pal_text_add_json(out, scenario->types[t].names);
        pal_text_addf(out, ", \"weight\": %g, \"goal\": %d}", (double)scenario->types[t].weight,
                      scenario->types[t].goal);
    }
    pal_text_add(out, "], \"relevant\": ");
    pal_text_add_json(out, relevant.bytes ? relevant.bytes : "");
    for (int32_t f = 0; f < DESCRIBE_FILLS; f++) {
        pal_text_addf(out, ", \"%s\": ", fills[f].name);
        pal_text_add_json(out, fills[f].value);
    }
    pal_text_add(out, ", \"kinds\": [");
    for (int32_t k = 0; scenario->kinds[k]; k++) {
        if (k) pal_text_add(out, ", ");
        pal_text_add_json(out, scenario->kinds[k]);
    }
    pal_text_add(out, "], \"look\": ");
    pal_text_add_json(out, scenario->look);
    pal_text_add(out, "}");
    out->failed |= relevant.failed;
    pal_text_release(&relevant);
}

void pal_describe_scenario_markdown(const pal_scenario *scenario, pal_text *out) {
    describe_fill fills[DESCRIBE_FILLS];
    describe_fills(scenario, fills);
    pal_text_addf(out, "\n## %s\n\n%s\n\n| event types | weight |\n| --- | --- |\n", scenario->name,
                  scenario->summary);
    for (int32_t t = 0; t < PAL_SCENARIO_TYPES && scenario->types[t].names; t++) {
        pal_text_add(out, "| ");
        describe_words(scenario->types[t].names, out);
        pal_text_addf(out, " | %g%s |\n", (double)scenario->types[t].weight,
                      describe_goal(scenario, &scenario->types[t]));
    }
    pal_text_add(out, "\n- `--relevant`: ");
    describe_relevant(scenario, out);
    for (int32_t f = 0; f < DESCRIBE_FILLS; f++)
        pal_text_addf(out, "\n- `--%s`: %s", fills[f].name, fills[f].value);
    pal_text_add(out, "\n- kinds compared when none is named: ");
    for (int32_t k = 0; scenario->kinds[k]; k++)
        pal_text_addf(out, k ? ", `%s`" : "`%s`", scenario->kinds[k]);
    pal_text_addf(out, "\n- slices that tell most: %s\n", scenario->look);
}

void pal_describe_scenario_text(const pal_scenario *scenario, pal_text *out) {
    describe_fill fills[DESCRIBE_FILLS];
    describe_fills(scenario, fills);
    pal_text_addf(out, "%s: %s\n", scenario->name, scenario->summary);
    for (int32_t t = 0; t < PAL_SCENARIO_TYPES && scenario->types[t].names; t++) {
        pal_text_addf(out, "  weight %-6g", (double)scenario->types[t].weight);
        describe_words(scenario->types[t].names, out);
        pal_text_addf(out, "%s\n", describe_goal(scenario, &scenario->types[t]));
    }
    pal_text_add(out, "  relevant     ");
    describe_relevant(scenario, out);
    for (int32_t f = 0; f < DESCRIBE_FILLS; f++)
        pal_text_addf(out, "\n  %-13s%s", fills[f].name, fills[f].value);
    pal_text_add(out, "\n  kinds        ");
    for (int32_t k = 0; scenario->kinds[k]; k++)
        pal_text_addf(out, k ? ", %s" : "%s", scenario->kinds[k]);
    pal_text_addf(out, "\n  look at      %s\n", scenario->look);
}
