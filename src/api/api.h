/* api.h - what the files of this folder share. */
#ifndef PAL_API_API_H
#define PAL_API_API_H

#include <jansson.h>

#include "base/ctx.h"
#include "base/param.h"
#include "choose/case.h"
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
extern const pal_param pal_explain_params[];

typedef struct { /* of pal_train_file */
    double every;
    bool resumes;
    int32_t candidates; /* train_candidates: 0 seen, 1 catalog */
} pal_train_options;
extern const pal_param pal_train_params[];
/* What every list takes; what only recommending takes (hide). */
extern const pal_param pal_list_params[], pal_recommend_params[];
typedef struct {
    int32_t precision; /* pal_precision */
} pal_shrink_options;
extern const pal_param pal_shrink_params[];

struct pal_results { /* the public noun */
    json_t *json;
    pal_comparison comparison; /* empty after pal_evaluate */
    bool has_comparison;
    char *folder; /* where it was saved, or NULL */
    bool is_case;
    char *initial;          /* initial.json of a case, or NULL */
    const pal_model *model; /* the verdict's choice, owned by the comparison; or NULL */
};

/* The row of an id among the first n, or a sentence: `what` is "item" or "user". */
pal_status pal_api_find(pal_ctx *ctx, const pal_ids *ids, int32_t n, const char *what,
                        const char *id, size_t length, int32_t *out);
/* What is known of the person (NULL: nothing), in rows; texts are the caller's. PAL_EUSAGE for what
 * the model cannot read. */
pal_status pal_api_query(pal_ctx *ctx, const pal_model *model, const pal_person *person,
                         pal_arena *arena, pal_query *out);
/* What answers: the model's spec, or its fallback's. */
const char *pal_api_strategy(const pal_model *model, pal_answerer answered);
/* One preset of --scenario (describe_scenario.c). */
void pal_describe_scenario_text(const pal_scenario *scenario, pal_text *out);
void pal_describe_scenario_json(const pal_scenario *scenario, pal_text *out);
void pal_describe_scenario_markdown(const pal_scenario *scenario, pal_text *out);

/* Every verb starts here: tells what pal_open found wrong, forgets a request to stop. */
pal_status pal_verb_start(pal_ctx *ctx);

/* Adds report.html and report.md of a printed results document to the files (report.c). Always
 * from the printed numbers, so that drawing again gives the same bytes. */
pal_status pal_report_draw(pal_ctx *ctx, const char *path, const char *bytes, size_t n,
                           pal_batch *files);

#endif
