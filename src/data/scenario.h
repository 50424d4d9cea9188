/* scenario.h - presets for a sort of service: what its events weigh, what counts as right, how fast
 * it ages.
 *
 * A preset is one const row. It only fills options that were not given, and tells what it set. To
 * add one: a row in scenario.c and its name in scenario_names there. */
#ifndef PAL_DATA_SCENARIO_H
#define PAL_DATA_SCENARIO_H

#include "data/read.h"

enum { PAL_SCENARIO_TYPES = 8 };

typedef struct {
    const char *names; /* of one sort of events, between commas; case and other characters than
                          letters and digits do not matter, nor does a plural's s */
    float weight;
    int32_t goal; /* the types of the highest goal that a log has are its target; 0: never */
} pal_scenario_type;

typedef struct {
    const char *name, *summary;
    pal_scenario_type types[PAL_SCENARIO_TYPES]; /* ended by names NULL */
    double positive; /* share of the scale of values from which an event counts as right; 0: all */
    /* As options have them; hide NULL: what an inspection proposes. */
    const char *half_life, *split, *task, *hide;
    const char *const *kinds; /* compared when none is named, where there are times */
    const char *look;         /* the slices that tell most */
} pal_scenario;

extern const pal_scenario pal_scenarios[];    /* ended by name NULL */
extern const pal_param pal_scenario_params[]; /* --scenario, in pal_data_options */

/* The scenario asked for, or NULL. */
const pal_scenario *pal_scenario_of(const pal_data *data);

/* The row that a type's name falls under, or NULL. */
const pal_scenario_type *pal_scenario_find_type(const pal_scenario *scenario, const char *name);

/* Weighs the events, names the target and sets the half-life, as far as no option did, and notes
 * in data->scenario what it set. Comes after the filters and before the target is settled. */
pal_status pal_scenario_apply(pal_ctx *ctx, pal_data *data);

/* The rule for --relevant: "all", or from which value on an event counts as right. `why` gains a
 * few words. */
void pal_scenario_relevant(const pal_scenario *scenario, const pal_log *log, char rule[64],
                           pal_text *why);

#endif
