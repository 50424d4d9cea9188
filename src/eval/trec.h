/* trec.h - qrels and runs in TREC's text formats: ours written, others' read. */
#ifndef PAL_EVAL_TREC_H
#define PAL_EVAL_TREC_H

#include "eval/evaluation.h"

/* qrels.txt. Query ids are user ids, in the next task "user#n". */
pal_status pal_trec_write_qrels(pal_ctx *ctx, pal_batch *files, const pal_questions *questions,
                                const pal_split *split);
/* <name>.run */
pal_status pal_trec_write_run(pal_ctx *ctx, pal_batch *files, const char *name,
                              const pal_questions *questions, const pal_split *split,
                              const pal_lists *lists);
/* Reads a run; order is by its scores, ties by item row; users that it lacks get empty lists;
 * unknown users and items are counted. */
pal_status pal_trec_read_run(pal_ctx *ctx, const char *path, const pal_questions *questions,
                             const pal_split *split, int32_t k, pal_arena *arena, pal_lists *out,
                             int64_t *n_unknown);

#endif
