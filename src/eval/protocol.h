/* protocol.h - how models are judged; nothing of it is implicit, all of it is in the fingerprint.
 */
#ifndef PAL_EVAL_PROTOCOL_H
#define PAL_EVAL_PROTOCOL_H

#include "base/param.h"
#include "data/inspect.h"
#include "data/split.h"
#include "models/rank.h"

typedef enum { PAL_TASK_AUTO, PAL_TASK_WINDOW, PAL_TASK_NEXT, PAL_TASK_BOTH } pal_task;
/* Items that can be listed: those with a training event; all that the log or the catalog knows;
 * those of them without a training event, and then only they are asked. AUTO is SEEN, or NEW where
 * the split holds items out. */
typedef enum {
    PAL_CANDIDATES_AUTO,
    PAL_CANDIDATES_SEEN,
    PAL_CANDIDATES_CATALOG,
    PAL_CANDIDATES_NEW
} pal_candidates;

typedef struct {
    const char *split;    /* a spec; NULL: time, or random without times */
    int32_t task;         /* pal_task */
    const char *relevant; /* "all" or "value>=4" (also > <= <) */
    int32_t hide;         /* pal_hide */
    int32_t candidates;   /* pal_candidates */
    const char *fallback; /* "popular", "none" or a spec */
    pal_ints k;           /* 10, 20; ascending after pal_protocol_check */
    int64_t resamples;    /* bootstrap */
    bool allow_drop;
    int32_t refit;    /* 0 all, 1 none */
    const char *gain; /* what hits are worth: "value" or a column of the catalog; or NULL */
    pal_texts slices; /* columns of the profiles by which users are told apart too */
    const char *trec; /* folder for qrels and runs, or NULL */
    pal_texts runs;   /* TREC runs of systems in use today */
} pal_protocol;
/* What judging any model takes; fields that only a comparison has (split, candidates, resamples,
 * refit, trec, runs) stand in pal_compare_params. */
extern const pal_param pal_protocol_params[];
extern const char *const pal_candidates_choices[];

const char *pal_task_name(pal_task task);

/* Which values of test events count as right. */
typedef struct {
    int32_t comparison; /* -1: all; 0 >=, 1 <=, 2 >, 3 < */
    float threshold;
} pal_relevance;
pal_status pal_relevance_parse(pal_ctx *ctx, const char *text, pal_relevance *out);
bool pal_relevance_holds(const pal_relevance *rule, float value);
/* Whether --fallback names a spec that is to be trained: neither popular nor none. */
bool pal_fallback_is_spec(const char *fallback);

/* Settles what is "auto" and refuses what the data cannot answer. */
pal_status pal_protocol_settle(pal_ctx *ctx, const pal_data *data, const pal_inspection *inspection,
                               pal_protocol *protocol);

/* xxh3 of the canonical log, the split's parts, task, relevance, mask, candidates, fallback and k,
 * and of what is known of a second domain (or NULL): 16 hex digits. */
void pal_protocol_fingerprint(const pal_protocol *protocol, pal_task task, const pal_split *split,
                              const pal_source *source, char out[17]);

#endif
