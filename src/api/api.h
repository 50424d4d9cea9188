/* api.h - what the files of this folder share. */
#ifndef PAL_API_API_H
#define PAL_API_API_H

#include <jansson.h>

#include "base/ctx.h"
#include "base/param.h"
#include "choose/compare.h"
#include "data/scenario.h"

typedef struct {
    int64_t threads, seed, memory;
    bool verbose;
} pal_ctx_options;
/* The seed stands apart: not every command leaves something to chance. */
extern const pal_param pal_ctx_params[], pal_seed_params[];

typedef struct {
    int64_t n;
    int32_t hide;
    const char *allow, *deny;
} pal_recommend_options;
/* What every list takes; what only recommending takes (hide). */
extern const pal_param pal_list_params[], pal_recommend_params[];

struct pal_results { /* the public noun */
    json_t *json;
    pal_comparison comparison; /* empty after pal_evaluate */
    bool has_comparison;
    char *folder;           /* where it was saved, or NULL */
    const pal_model *model; /* the verdict's choice, owned by the comparison; or NULL */
};

/* One preset of --scenario (describe_scenario.c). */
void pal_describe_scenario_text(const pal_scenario *scenario, pal_text *out);
void pal_describe_scenario_json(const pal_scenario *scenario, pal_text *out);
void pal_describe_scenario_markdown(const pal_scenario *scenario, pal_text *out);

/* Every verb starts here: tells what pal_open found wrong, forgets a request to stop. */
pal_status pal_verb_start(pal_ctx *ctx);

#endif
