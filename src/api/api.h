/* api.h - what the files of this folder share. */
#ifndef PAL_API_API_H
#define PAL_API_API_H

#include <jansson.h>

#include "base/ctx.h"
#include "base/param.h"
#include "choose/case.h"
#include "choose/compare.h"

typedef struct {
    int64_t threads, seed, memory;
    bool verbose;
} pal_ctx_options;
extern const pal_param pal_ctx_params[];

typedef struct {
    int64_t n;
    int32_t hide;
    const char *allow, *deny;
} pal_recommend_options;
extern const pal_param pal_recommend_params[], pal_similar_params[];

struct pal_results { /* the public noun */
    json_t *json;
    pal_comparison comparison; /* empty after pal_evaluate */
    bool has_comparison;
    bool is_case;
    char *initial;          /* initial.json of a case, or NULL */
    const pal_model *model; /* the verdict's choice, owned by the comparison; or NULL */
};

/* Every verb starts here: tells what pal_open found wrong, forgets a request to stop. */
pal_status pal_verb_start(pal_ctx *ctx);

#endif
