/* trec.c - qrels and runs, so that trec_eval can check our numbers and other systems can be scored
 * beside ours. */
#include "eval/trec.h"

#include <ctype.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "math/topk.h"

/* Fields are separated by white space: ids with any of it cannot be told apart, so it is written as
 * '_'. */
static void trec_add_id(pal_text *text, const char *id) {
    for (const char *c = id; *c; c++)
        pal_text_add_bytes(text, isspace((unsigned char)*c) ? "_" : c, 1);
}

static void trec_add_query(pal_text *text, const pal_questions *questions, const pal_split *split,
                           int32_t user, int32_t query) {
    trec_add_id(text, pal_ids_at(&split->user_ids, questions->users[user]));
    if (questions->task == PAL_TASK_NEXT)
        pal_text_addf(text, "#%d", query - questions->query_starts[user] + 1);
}

static pal_status trec_write(pal_ctx *ctx, pal_batch *files, const char *name, pal_text *text) {
    pal_status status =
        text->failed
            ? pal_fail_memory(ctx, "the TREC files", 1e8)
            : pal_batch_write(ctx, files, name, text->bytes ? text->bytes : "", text->length);
    pal_text_release(text);
    return status;
}

pal_status pal_trec_write_qrels(pal_ctx *ctx, pal_batch *files, const pal_questions *questions,
                                const pal_split *split) {
    pal_text text = {0};
    for (int32_t u = 0; u < questions->n_users; u++) {
        for (int32_t q = questions->query_starts[u]; q < questions->query_starts[u + 1]; q++) {
            for (int64_t r = questions->relevant_starts[q]; r < questions->relevant_starts[q + 1];
                 r++) {
                trec_add_query(&text, questions, split, u, q);
                pal_text_add(&text, " 0 ");
                trec_add_id(&text, pal_ids_at(&split->item_ids, questions->relevant[r]));
                pal_text_add(&text, " 1\n");
            }
        }
    }
    return trec_write(ctx, files, "qrels.txt", &text);
}

pal_status pal_trec_write_run(pal_ctx *ctx, pal_batch *files, const char *name,
                              const pal_questions *questions, const pal_split *split,
                              const pal_lists *lists) {
    pal_text text = {0}, file = {0};
    for (int32_t u = 0; u < questions->n_users; u++) {
        for (int32_t q = questions->query_starts[u]; q < questions->query_starts[u + 1]; q++) {
            for (int32_t i = 0; i < lists->counts[q]; i++) {
                trec_add_query(&text, questions, split, u, q);
                pal_text_add(&text, " Q0 ");
                trec_add_id(&text,
                            pal_ids_at(&split->item_ids, lists->items[(int64_t)q * lists->k + i]));
                /* trec_eval orders by score and breaks ties its own way: places as scores keep our
                 * order. */
                pal_text_addf(&text, " %d %d palate\n", i + 1, lists->k - i);
            }
        }
    }
    for (const char *c = name; *c; c++)
        pal_text_add_bytes(&file, isalnum((unsigned char)*c) || strchr("._-", *c) ? c : "-", 1);
    pal_text_add(&file, ".run");
    pal_status status = file.failed ? pal_fail_memory(ctx, "the TREC files", 1e3)
                                    : trec_write(ctx, files, file.bytes, &text);
    pal_text_release(&file);
    return status;
}

/* --- reading --- */

typedef struct {
    int32_t query, item;
    double score;
} trec_row;

static int trec_compare(const void *a, const void *b) {
    const trec_row *x = a, *y = b;
    if (x->query != y->query) return x->query - y->query;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return x->item - y->item;
}

/* The query of each user of the split, -1: none. */
static int32_t *trec_queries(const pal_questions *questions, const pal_split *split,
                             pal_arena *scratch) {
    int32_t *queries = PAL_ARENA_ARRAY(scratch, int32_t, split->user_ids.n);
    for (int32_t u = 0; queries && u < split->user_ids.n; u++) queries[u] = -1;
    for (int32_t u = 0; queries && u < questions->n_users; u++)
        queries[questions->users[u]] = questions->query_starts[u];
    return queries;
}

/* "qid Q0 docno rank sim tag": six fields between white space. */
static int32_t trec_fields(const char *begin, const char *end, const char *fields[6][2]) {
    int32_t n = 0;
    for (const char *c = begin; c < end && n < 6;) {
        while (c < end && isspace((unsigned char)*c)) c++;
        if (c == end) break;
        fields[n][0] = c;
        while (c < end && !isspace((unsigned char)*c)) c++;
        fields[n++][1] = c;
    }
    return n;
}

static pal_status trec_parse(pal_ctx *ctx, const char *path, const pal_bytes *bytes,
                             const pal_split *split, const int32_t *queries, trec_row *rows,
                             int64_t *n, int64_t *n_unknown) {
    const char *end = bytes->bytes + bytes->length;
    int64_t line = 0;
    for (const char *c = bytes->bytes; c < end; line++) {
        const char *line_end = memchr(c, '\n', (size_t)(end - c));
        if (!line_end) line_end = end;
        const char *fields[6][2];
        int32_t n_fields = trec_fields(c, line_end, fields);
        c = line_end + 1;
        if (n_fields == 0) continue;
        int32_t user =
            pal_ids_find(&split->user_ids, fields[0][0], (size_t)(fields[0][1] - fields[0][0]));
        if (user < 0 && fields[0][0][0] == '#') continue; /* a comment, and nobody's id */
        double score;
        if (n_fields < 5 || !pal_parse_double(fields[4][0], fields[4][1], &score)) {
            return pal_fail(ctx, PAL_EFORMAT,
                            "%s:%" PRId64 ": a run's line must be 'user Q0 item rank score name'",
                            path, line + 1);
        }
        int32_t item =
            pal_ids_find(&split->item_ids, fields[2][0], (size_t)(fields[2][1] - fields[2][0]));
        if (user < 0 || item < 0) {
            (*n_unknown)++;
        } else if (queries[user] >= 0) {
            rows[(*n)++] = (trec_row){queries[user], item, score};
        }
    }
    return PAL_OK;
}

static pal_status trec_fill(pal_ctx *ctx, const trec_row *rows, int64_t n, int32_t n_queries,
                            int32_t k, pal_arena *arena, pal_lists *out) {
    pal_lists lists = {.n = n_queries, .k = k};
    lists.items = PAL_ARENA_ARRAY(arena, int32_t, (int64_t)n_queries * k);
    lists.scores = PAL_ARENA_ARRAY(arena, float, (int64_t)n_queries *k);
    lists.counts = PAL_ARENA_ARRAY(arena, int32_t, n_queries);
    lists.fallback = PAL_ARENA_ARRAY(arena, uint8_t, n_queries);
    if (!lists.items || !lists.scores || !lists.counts || !lists.fallback)
        return pal_fail_memory(ctx, "a run", 8.0 * n_queries * k);
    for (int64_t i = 0; i < (int64_t)n_queries * k; i++) lists.items[i] = -1;
    for (int64_t r = 0; r < n; r++) {
        int32_t *count = &lists.counts[rows[r].query];
        const int32_t *listed = lists.items + (int64_t)rows[r].query * k;
        bool repeats = false;
        for (int32_t i = 0; i < *count; i++) repeats |= listed[i] == rows[r].item;
        if (*count == k || repeats) continue;
        lists.items[(int64_t)rows[r].query * k + *count] = rows[r].item;
        lists.scores[(int64_t)rows[r].query * k + (*count)++] =
            (float)fmax(-FLT_MAX, fmin(FLT_MAX, rows[r].score));
    }
    *out = lists;
    return PAL_OK;
}

pal_status pal_trec_read_run(pal_ctx *ctx, const char *path, const pal_questions *questions,
                             const pal_split *split, int32_t k, pal_arena *arena, pal_lists *out,
                             int64_t *n_unknown) {
    if (questions->task == PAL_TASK_NEXT) {
        return pal_fail(ctx, PAL_EUSAGE,
                        "%s: a run has one list a user, so it goes with --task window only", path);
    }
    pal_bytes bytes;
    TRY(pal_file_read(ctx, path, &bytes));
    pal_arena scratch = {0};
    int64_t n = 0, n_lines = 1;
    for (size_t i = 0; i < bytes.length; i++) n_lines += bytes.bytes[i] == '\n';
    trec_row *rows = PAL_ARENA_ARRAY(&scratch, trec_row, n_lines);
    const int32_t *queries = trec_queries(questions, split, &scratch);
    pal_status status =
        rows && queries ? PAL_OK : pal_fail_memory(ctx, path, sizeof(trec_row) * (double)n_lines);
    *n_unknown = 0;
    if (status == PAL_OK)
        status = trec_parse(ctx, path, &bytes, split, queries, rows, &n, n_unknown);
    pal_bytes_release(&bytes);
    if (status == PAL_OK && n == 0) {
        status = pal_fail(ctx, PAL_EDATA,
                          "%s: none of its lines is about a test user and an item of the log: are "
                          "the ids the same?",
                          path);
    }
    if (status == PAL_OK) {
        qsort(rows, (size_t)n, sizeof *rows, trec_compare);
        status = trec_fill(ctx, rows, n, questions->n_queries, k, arena, out);
    }
    pal_arena_release(&scratch);
    return status;
}
