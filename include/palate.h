/* palate.h - the public interface: opaque nouns, a dozen verbs, one text syntax for options.
 *
 * Every verb that can fail returns a pal_status; the sentence for a person is then pal_error(ctx).
 * Results are set only on success and freed by their noun's _free. Options are text, "name=value
 * name=value", the same as on the command line, over HTTP and in Python; NULL means all defaults.
 * `palate describe` prints every name, range and default. A pal_ctx belongs to one thread at a
 * time; models are immutable and may be shared between contexts. */
#ifndef PALATE_H
#define PALATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PAL_VERSION "0.1.0"

#if defined(__GNUC__)
#define PAL_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define PAL_MUST_CHECK          __attribute__((warn_unused_result))
#define PAL_API                 __attribute__((visibility("default")))
#else
#define PAL_PRINTF(text, first)
#define PAL_MUST_CHECK
#define PAL_API
#endif

/* One row a status: name, value, what class of trouble it is. */
#define PAL_STATUS_LIST(X)                                                                         \
    X(PAL_OK, 0, "done")                                                                           \
    X(PAL_EUSAGE, 1, "a name, option or value that does not exist or is out of range")             \
    X(PAL_EFORMAT, 2, "a file that is not what it should be")                                      \
    X(PAL_EDATA, 3, "data that cannot answer what was asked")                                      \
    X(PAL_EIO, 4, "a file that could not be read or written")                                      \
    X(PAL_ENOMEM, 5, "memory that does not suffice")                                               \
    X(PAL_ECANCELLED, 6, "stopped on request")

typedef enum {
#define PAL_STATUS_NAME(name, value, text) name = (value),
    PAL_STATUS_LIST(PAL_STATUS_NAME)
#undef PAL_STATUS_NAME
} pal_status;

typedef struct pal_ctx pal_ctx;         /* threads, seed, memory limit, the last error's sentence */
typedef struct pal_data pal_data;       /* logs as read, with catalog, or given parts of a split */
typedef struct pal_model pal_model;     /* a trained kind with the ids and histories it knows */
typedef struct pal_results pal_results; /* what a comparison found: one JSON document */

/* --- context --- */

/* Options: threads (0: all processors), seed, memory (bytes that batches and dense matrices may
 * take), verbose. NULL only when there is no memory at all; what is wrong with the options
 * pal_error tells at once, and every verb after it. */
PAL_API pal_ctx *pal_open(const char *options);
PAL_API void pal_close(pal_ctx *ctx);

/* The sentence about the last failure, valid until the next verb. */
PAL_API const char *pal_error(const pal_ctx *ctx);

/* Asks the running verb to end soon with PAL_ECANCELLED (compare: with what is done). Safe in a
 * signal handler. */
PAL_API void pal_cancel(pal_ctx *ctx);

typedef enum {
    PAL_NOTICE_INFO,     /* a fact to show: guessed columns, counts */
    PAL_NOTICE_WARNING,  /* something the reader should act on */
    PAL_NOTICE_ROW,      /* a row of the terminal's table */
    PAL_NOTICE_PROGRESS, /* where the work is, with the time left; replaces the one before; ""
                            clears it */
} pal_notice_type;

/* Called on the thread that runs the verb, with one line of UTF-8 without a newline. */
typedef void pal_notice_fn(void *arg, pal_notice_type type, const char *line);
PAL_API void pal_on_notice(pal_ctx *ctx, pal_notice_fn *fn, void *arg);

/* --- data --- */

typedef struct {
    const char *log;   /* one log to split, a file or a known folder; or NULL with train and test */
    const char *train; /* given parts */
    const char *valid; /* NULL: cut from train */
    const char *test;
    const char *items;   /* catalog, or NULL: taken from a known folder */
    const char *users;   /* profiles of users, or NULL: the same */
    const char *vectors; /* NAME.npy: vectors of items, rows named in NAME.ids.txt; or NULL */
    /* The log of a second domain, its catalog and its profiles; or NULL. The option `shared` says
     * whose ids mean the same in both. */
    const char *source, *source_items, *source_users;
} pal_paths;

/* Reads, checks and prepares logs; options: format, columns, value, events, target, bad_lines,
 * min_user, … */
PAL_API PAL_MUST_CHECK pal_status pal_data_read(pal_ctx *ctx, const pal_paths *paths,
                                                const char *options, pal_data **out);
/* The demo world; options: users, items, days, source (a second domain), scenario. */
PAL_API PAL_MUST_CHECK pal_status pal_data_demo(pal_ctx *ctx, const char *options, pal_data **out);
PAL_API PAL_MUST_CHECK pal_status pal_data_save(pal_ctx *ctx, const pal_data *data,
                                                const char *path);
/* What the log is and which flags fit it; `json` false gives text for a terminal. Free with
 * pal_text_free. */
PAL_API PAL_MUST_CHECK pal_status pal_inspect(pal_ctx *ctx, const pal_data *data, bool json,
                                              char **out);
PAL_API void pal_data_free(pal_data *data);
PAL_API void pal_text_free(char *text);

/* --- models --- */

/* spec: "ease l2=500". Trains on the whole log. */
PAL_API PAL_MUST_CHECK pal_status pal_train(pal_ctx *ctx, const pal_data *data, const char *spec,
                                            pal_model **out);
/* As above, into the model file `path`. A training in epochs is kept in path + ".checkpoint" until
 * the model is written, now and then and when it is cancelled; options: checkpoint_every (60s; 0:
 * never), resume (goes on from it to the same bytes, or PAL_EDATA where it is of another training),
 * candidates (seen, or catalog: items that only the catalog knows get rows too), precision (as of
 * pal_model_shrink).
 */
PAL_API PAL_MUST_CHECK pal_status pal_train_file(pal_ctx *ctx, const pal_data *data,
                                                 const char *spec, const char *path,
                                                 const char *options);
/* What can be told of the options without data, so that a typo costs no time. */
PAL_API PAL_MUST_CHECK pal_status pal_train_check(pal_ctx *ctx, const char *options);
PAL_API PAL_MUST_CHECK pal_status pal_model_load(pal_ctx *ctx, const char *path, pal_model **out);
PAL_API PAL_MUST_CHECK pal_status pal_model_save(pal_ctx *ctx, const pal_model *model,
                                                 const char *path);
PAL_API void pal_model_free(pal_model *model);
/* A copy for serving whose rows of users and items take half or a quarter of the bytes, in memory
 * and in its file; kinds without such rows stay as they are and are told. options:
 * "precision=bf16" or "precision=int8". */
PAL_API PAL_MUST_CHECK pal_status pal_model_shrink(pal_ctx *ctx, const pal_model *model,
                                                   const char *options, pal_model **out);

typedef struct {
    const char *id;    /* outside id of the item; lives as long as the model */
    const char *title; /* or NULL */
    float score;
} pal_entry;

/* For whom: what is known of a person, NULL where nothing is; all NULL is somebody unknown. */
typedef struct {
    const char *user;    /* id of a user of the log, or of the second domain with the same people */
    const char *history; /* instead: ids of items that he used, oldest first, comma-separated */
    const char *profile; /* what he is: "age=30,city=Lyon", columns of the table of users */
    const char *query;   /* what he asks for in words: "space opera" */
    const char *source_history; /* ids of items of the second domain that he used, oldest first */
} pal_person;

/* A list for somebody (NULL: unknown). Options: n, hide, allow, deny (comma-separated ids). entries
 * has room for `capacity`; *n is set to how many there are; *strategy names what answered ("ease",
 * or "popular" for a stranger). PAL_EUSAGE for a query or a profile that the kind cannot read. */
PAL_API PAL_MUST_CHECK pal_status pal_recommend(pal_ctx *ctx, const pal_model *model,
                                                const pal_person *person, const char *options,
                                                pal_entry *entries, int32_t capacity, int32_t *n,
                                                const char **strategy);
/* Items most similar to `item` by the model's own measure, strongest first. Options: n, allow,
 * deny. */
PAL_API PAL_MUST_CHECK pal_status pal_similar(pal_ctx *ctx, const pal_model *model,
                                              const char *item, const char *options,
                                              pal_entry *entries, int32_t capacity, int32_t *n);

/* Users of the log whose representations, or for kinds without any whose histories, are nearest to
 * the user's (cosine); entries hold ids of users. Options: n. */
PAL_API PAL_MUST_CHECK pal_status pal_similar_to_user(pal_ctx *ctx, const pal_model *model,
                                                      const char *user, const char *options,
                                                      pal_entry *entries, int32_t capacity,
                                                      int32_t *n);

typedef struct {
    const char *item;  /* id of an item of the history that adds `amount`, or NULL */
    bool is_of_source; /* it is an item of the second domain */
    const char *title; /* of that item, or NULL */
    const char *what;  /* what adds it where it is no item: "the mean of all values"; or NULL */
    double amount;
} pal_why;

typedef struct {
    double score;
    bool is_sum;          /* the amounts of all reasons add up to the score; else each is what the
                             score loses without that item in the history */
    const char *strategy; /* what answers: the model's spec, its fallback's, or "popular" */
    int32_t place;        /* in the list of all items; 0: not listed */
    const char *kept_out; /* why it is not listed, or NULL */
    int32_t n_reasons;    /* there are; the strongest are in reasons */
} pal_explained;

/* Why the model scores `item` as it does for somebody, the strongest reasons first.
 * Options: n (reasons), hide. */
PAL_API PAL_MUST_CHECK pal_status pal_explain_item(pal_ctx *ctx, const pal_model *model,
                                                   const pal_person *person, const char *item,
                                                   const char *options, pal_explained *out,
                                                   pal_why *reasons, int32_t capacity, int32_t *n);
/* Writes the representations of a model that has some into a folder: users.npy, items.npy (float32,
 * a row each) and their ids, one a line, in users.ids.txt and items.ids.txt. */
PAL_API PAL_MUST_CHECK pal_status pal_vectors_save(pal_ctx *ctx, const pal_model *model,
                                                   const char *folder);

/* --- comparing --- */

/* specs: NULL-ended, or NULL for the default kinds. Options: split, task, relevant, hide,
 * candidates, fallback, k, prefer, worth, limit, run (files, comma-separated), trec, … Rows are
 * told by notices as they finish. */
PAL_API PAL_MUST_CHECK pal_status pal_compare(pal_ctx *ctx, const pal_data *data,
                                              const char *const *specs, const char *options,
                                              pal_results **out);
/* Says what is wrong with specs (or NULL) and options of pal_compare, or with options of
 * pal_evaluate, as far as that can be told without data: for asking before a long read. */
PAL_API PAL_MUST_CHECK pal_status pal_compare_check(pal_ctx *ctx, const char *const *specs,
                                                    const char *options);
PAL_API PAL_MUST_CHECK pal_status pal_evaluate_check(pal_ctx *ctx, const char *options);
/* Scores a trained model on the test part of `data` (train and test given). */
PAL_API PAL_MUST_CHECK pal_status pal_evaluate(pal_ctx *ctx, const pal_model *model,
                                               const pal_data *data, const char *options,
                                               pal_results **out);
/* The model that the verdict chose, trained on all of train + validation; NULL when it chose none.
 * Lives in results. */
PAL_API const pal_model *pal_results_model(const pal_results *results);
PAL_API PAL_MUST_CHECK pal_status pal_results_json(pal_ctx *ctx, const pal_results *results,
                                                   char **out);
PAL_API PAL_MUST_CHECK pal_status pal_results_text(pal_ctx *ctx, const pal_results *results,
                                                   char **out);
/* Writes results.json, report.html, report.md and model.palate (a case: case.json and case.html)
 * into a folder, made if missing; the text then names the model there. */
PAL_API PAL_MUST_CHECK pal_status pal_results_save(pal_ctx *ctx, pal_results *results,
                                                   const char *folder);
PAL_API void pal_results_free(pal_results *results);
/* Draws report.html and report.md of a folder again from its results.json. */
PAL_API PAL_MUST_CHECK pal_status pal_report_redraw(pal_ctx *ctx, const char *folder);

/* The article's case: mf, gmf and nn on a full and a mostly empty 100 × 100 matrix. Options:
 * iterations, factors, learning_rate, initial. Its results are saved as case.json and case.html,
 * with `initial` also initial.json. */
PAL_API PAL_MUST_CHECK pal_status pal_case(pal_ctx *ctx, const char *options, pal_results **out);

/* --- describing --- */

/* what: "all", "kinds", "kind NAME", "metrics", "formats", "splits", "scenarios", "options",
 * "subjects"; format:
 * "text", "json", "markdown", "names" (a line each: name, tabulator, summary) or "man" (roff, below
 * a heading of a manual page). */
PAL_API PAL_MUST_CHECK pal_status pal_describe(pal_ctx *ctx, const char *what, const char *format,
                                               char **out);

/* Tables that the command line parses and prints help from: "context", "seed", "data", "weigh",
 * "scenario", "source", "demo", "case", "evaluate", "compare", "explain", "shrink", "list",
 * "recommend"; NULL for another name. Rows are read with base/param.h. */
struct pal_param;
PAL_API const struct pal_param *pal_option_table(const char *group);
/* What the options of a group are about, a few words; NULL for another name. */
PAL_API const char *pal_option_summary(const char *group);

#ifdef __cplusplus
}
#endif
#endif
