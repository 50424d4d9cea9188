/* model.h - what a model is to all code that is not one.
 *
 * A kind is one const descriptor, the only external symbol of its file. registry.c lists the kinds;
 * nothing else names one. Parser, --help, reference page, model file and conformance tests follow
 * from it.
 *
 * To add a kind: write models/<family>/<name>.c, name it in registry.c and in
 * models/CMakeLists.txt. */
#ifndef PAL_MODELS_MODEL_H
#define PAL_MODELS_MODEL_H

#include "base/arena.h"
#include "base/ctx.h"
#include "base/param.h"
#include "data/catalog.h"
#include "data/container.h"
#include "data/demo.h"
#include "data/log.h"
#include "data/searches.h"
#include "data/source.h"
#include "math/small.h"

/* What a kind asks of the data and can do for strangers. */
typedef enum {
    PAL_NEEDS_TIME = 1 << 0,
    PAL_NEEDS_VALUES = 1 << 1,
    PAL_SCORES_NEW_USERS = 1 << 2, /* from a query's history alone */
    PAL_SCORES_STRANGERS = 1 << 3, /* from nothing at all: the same list for everybody */
    /* A yardstick, never chosen; answers strangers itself whatever the fallback. */
    PAL_IS_CONTROL = 1 << 4,
    PAL_IS_STOCHASTIC = 1 << 5, /* depends on the seed */
    PAL_USES_ORDER = 1 << 6,    /* which of the history's events came last matters */
    /* May learn the log's values: whether a trained one did, `predicts_values` tells. */
    PAL_PREDICTS_VALUES = 1 << 7,
    PAL_REPEATS = 1 << 8, /* lists what the person used before; knows nothing of others' tastes */
    PAL_IGNORES_WEIGHTS = 1 << 9, /* learns from every event alike: a person is told */
    /* A list costs a network's pass an item: wants a first stage, and has score_some. */
    PAL_PAIRWISE = 1 << 10,
    /* Looks for a form that ctx->memory_limit allows, and says itself where there is none: its
     * estimate is not held against the limit. */
    PAL_FITS_MEMORY = 1 << 11,
    /* Scores items without a training event, by their features: is trained with rows for them. */
    PAL_SCORES_NEW_ITEMS = 1 << 12,
    PAL_NEEDS_CATALOG = 1 << 13, /* features of items */
    /* Answer people without a history by what else a query says of them: `answers` tells which. */
    PAL_READS_TEXT = 1 << 14,     /* what they ask for in words */
    PAL_READS_PROFILES = 1 << 15, /* what they are */
    /* Learns from a second domain where there is one, and is a kind of one domain where there is
     * none or its parameter "source" is off: its single-domain twin. */
    PAL_USES_SOURCE = 1 << 16,
    /* What it learned there is in its numbers: queries say nothing of the source to it, and a model
     * has none after fit, in memory or in a file. */
    PAL_LEAVES_SOURCE = 1 << 17,
} pal_trait;

/* Judges a model between two epochs, on what training does not see; larger is better, NaN: cannot
 * be told. The model's state is whole; it must not be kept. */
typedef double pal_judge_fn(void *arg, const struct pal_model *model);

typedef struct { /* all that training may look at */
    /* What to learn from: the training part of a split, weighed; weights are 1e-9 or more unless
     * --events says otherwise. Users may have no events, for the window or the half-life. */
    const pal_log *log;
    const pal_log *histories; /* the same part unweighed and whole, with the same rows; NULL: log */
    const pal_catalog *items; /* or NULL */
    const pal_catalog *users; /* profiles, by their own ids; or NULL. No model keeps their cells */
    /* Rows of items [n_seen_items, n_items) have ids and no event: those that only the catalog
     * knows. Kinds that score new items get a log of n_items rows, with words, scales and negatives
     * from the first n_seen_items alone; all others one of n_seen_items. 0: the log's rows. `fit`
     * finds both filled. */
    int32_t n_items, n_seen_items;
    /* Rows from here on stand in lists and histories only where that is asked for: a comparison of
     * used items also looks how well the new ones would do. 0: all may be listed. */
    int32_t n_listed_items;
    /* What was shown and not used, of log's users and at the same rows; items may go past log's.
     * NULL: nothing is known of it. */
    const pal_log *shown;
    /* What log's users, at the same rows, asked for in words while the log was written; or NULL. */
    const pal_searches *searches;
    /* A second domain as it was until the log ends, or NULL. */
    const pal_source *source;
    const pal_world *world; /* the demo's truth, for its oracle alone; or NULL */
    /* Kinds that learn in epochs stop when `judge` has not risen for as many epochs as their
     * parameter "patience" says, and keep the best epoch. NULL: all epochs. */
    pal_judge_fn *judge;
    void *judge_arg;
    int64_t epochs;  /* instead of the parameter "epochs": those found before; 0: the parameter */
    double deadline; /* pal_clock() at which such kinds stop with what they have; 0: none */
    struct pal_checkpoint *checkpoint; /* where such kinds are kept between epochs; or NULL */
    struct pal_carry *kept;            /* what such kinds end with is kept there; or NULL */
    struct pal_carry *start;           /* what such kinds begin with is taken from there; or NULL */
} pal_train_input;

typedef struct {              /* a cell of a profile */
    const char *name, *value; /* "city", "Lyon": as they stand in a table of users */
} pal_profile_cell;

typedef struct {         /* whom to score for; all zero is a stranger */
    int32_t user_plus_1; /* row of the training log plus 1, or 0 */
    int32_t n_events;
    const int32_t *items; /* [n_events] oldest first, rows of the training log */
    const float *values;  /* [n_events], or NULL */
    const int64_t *times; /* [n_events] seconds, or NULL */
    const uint8_t *types; /* [n_events], or NULL */
    int64_t now;          /* seconds; 0 without times */
    /* What else is known of him; kinds that cannot read it look past it. */
    const char *text; /* what he asks for in words, UTF-8; or NULL */
    int32_t n_profile;
    const pal_profile_cell *profile; /* [n_profile] none empty */
    /* Row of the source's log plus 1; kinds see it only where n_source events are all it has. */
    int32_t source_user_plus_1;
    int32_t n_source;            /* what he did in the source */
    const int32_t *source_items; /* [n_source] oldest first, rows of the source's log */
    const float *source_values;  /* [n_source], or NULL */
    const int64_t *source_times; /* [n_source], or NULL */
} pal_query;

/* What the numbers of a tensor are: what file.c checks on load. */
typedef enum {
    PAL_ROLE_DATA,   /* finite or not, never an index */
    PAL_ROLE_STARTS, /* i64, ascending from 0 */
    PAL_ROLE_INDEX,  /* i32 in [0, index_bound) */
    PAL_ROLE_USERS,  /* f32 [n_users, width]: representations of users */
    PAL_ROLE_ITEMS,  /* f32 [n_items, width]: representations of items */
} pal_role;

typedef struct { /* one array of a model's state: names, shapes and roles are the file format */
    const char *name;
    pal_dtype dtype;
    int32_t n_dims;
    int64_t dims[4]; /* row-major */
    void **data;     /* the field that points to it */
    pal_role role;
    int64_t index_bound;
    /* For f32 [n, width] that the kind also reads in a small form: where that stands. Then *data is
     * NULL. NULL: always float32. */
    pal_small *small;
} pal_tensor;
enum { PAL_TENSORS_MAX = 32 };
/* f32 [n]. */
static inline pal_tensor pal_floats(const char *name, float **data, int64_t n) {
    return (pal_tensor){
        .name = name, .dtype = PAL_F32, .n_dims = 1, .dims = {n}, .data = (void **)data};
}
/* f32 [n, width]; small: or NULL. */
static inline pal_tensor pal_float_rows(const char *name, float **data, int64_t n, int64_t width,
                                        pal_role role, pal_small *small) {
    return (pal_tensor){.name = name,
                        .dtype = PAL_F32,
                        .n_dims = 2,
                        .dims = {n, width},
                        .data = (void **)data,
                        .role = role,
                        .small = small};
}

typedef struct {      /* one part of a score */
    int32_t item;     /* of the history, whose use adds `amount`; or -1 */
    const char *what; /* what adds it where it is no item: "the mean of all values"; or NULL */
    double amount;
    bool is_of_source; /* `item` is a row of the source's log */
} pal_reason;
enum { PAL_REASONS_MORE = 16 }; /* parts that are no items */

typedef struct { /* before training; seconds by rates measured on a machine of 2024, 2 threads */
    double seconds, bytes;
} pal_estimate;

/* Kinds that learn in epochs call their parameters "epochs" and "patience", and run them by
 * base/epochs.h: judged, kept and gone on from, with their tensors in place after each. */
typedef struct pal_kind {
    const char *name, *family, *summary, *paper;
    const char *derivation; /* of its gradients, for the reference page; or NULL */
    const char *measured;   /* what it reached, on which log, by which command; or NULL */
    const char *lesson;     /* what it means when this kind wins, for the verdict; or NULL */
    /* Optional. What stands for a user and what for an item in the report's picture, for kinds
     * whose traits and tensors do not tell: "the items used | a row of {factors} numbers". */
    const char *represents;
    unsigned traits;
    const pal_param *params; /* ended by {0}; stored by name in the model file */
    size_t params_size, state_size;

    /* Learns `state`, zeroed on entry. What it keeps comes from `arena`, what it only needs
     * meanwhile from `scratch`. Counts its work in ctx->multiply_adds, asks pal_check_cancelled now
     * and then. The log has at least one user, one item and one event. */
    pal_status (*fit)(pal_ctx *ctx, const void *params, const pal_train_input *train,
                      pal_arena *arena, pal_arena *scratch, void *state);

    /* Optional. Derives what is not stored; runs after fit and after load. */
    pal_status (*prepare)(pal_ctx *ctx, const void *params, pal_arena *arena, void *state);

    /* scores[q * n_items + i]: how much query q wants item i of the training log, all of them;
     * larger is better, -inf: cannot. Pure: any number of threads may call it, each with scratch of
     * scratch_bytes() that is zero at first and nobody else's between calls. Cannot fail: fit and
     * load have checked what can be wrong. */
    size_t (*scratch_bytes)(const void *params, const void *state, int32_t n_queries); /* or NULL */
    void (*score)(const void *params, const void *state, const pal_query *queries,
                  int32_t n_queries, void *scratch, float *scores);

    /* Optional, PAL_PAIRWISE kinds have it. scores[j]: of items[j] alone, the same as `score` gives
     * but for the last bits; scratch as for one query. */
    void (*score_some)(const void *params, const void *state, const pal_query *query,
                       const int32_t *items, int32_t n_items, void *scratch, float *scores);

    /* Lists the arrays of `state`; returns how many. A dim of -1 is the end of the PAL_ROLE_STARTS
     * tensor listed before, -2 one more. NULL: a state that is not stored (the oracle). */
    int32_t (*tensors)(const void *params, void *state, int32_t n_users, int32_t n_items,
                       pal_tensor tensors[PAL_TENSORS_MAX]);

    /* Optional. What the score of `item` consists of: parts that sum to it, in any order; returns
     * how many, at most n_events + n_source + PAL_REASONS_MORE. Scratch as for one query. NULL:
     * explain.h takes out events, cells and words instead. */
    int32_t (*explain)(const void *params, const void *state, const pal_query *query, int32_t item,
                       void *scratch, pal_reason *reasons);

    /* PAL_PREDICTS_VALUES: scores are on the scale of the log's values. */
    bool (*predicts_values)(const void *params, const void *state);

    /* Optional, kinds with PAL_READS_TEXT, PAL_READS_PROFILES or PAL_USES_SOURCE have it. Whether a
     * query without a history says something that this model scores by: a word that it knows, a
     * cell, events in the source. Else the fallback answers. Pure, as score is. */
    bool (*answers)(const void *params, const void *state, const pal_query *query);
    /* Kinds with PAL_READS_PROFILES have it: how cells are encoded, of no fields where the model
     * was trained without profiles. */
    const struct pal_profile_code *(*profiles)(const void *state);

    /* Optional. The models that this one consists of: [n], owned by the state, trained by fit; NULL
     * entries before fit and before load, which fills them. Their specs stand in the parameter
     * "of", written as name(of, …): see docs/specs.md. */
    struct pal_model **(*parts)(const void *params, void *state, int32_t *n);
    bool takes_one_part; /* "of" is a single spec */
    /* Optional, of kinds with parts: what part `i` learned from where that is not the model's own
     * log, e.g. the source's; arrays in the arena, or those of log and source. Called before parts
     * are read from a file, and again when the model gets logs of its own. */
    pal_status (*part_log)(pal_ctx *ctx, const void *params, void *state, const pal_log *log,
                           const pal_source *source, int32_t i, pal_arena *arena,
                           const pal_log **out);
    /* What stands between the parts where no option is given, instead of name(a, b): '>'; or 0. */
    char joint;

    /* Optional. What training on a log will take. */
    void (*estimate)(const void *params, const pal_log *log, int32_t n_threads, pal_estimate *out);
} pal_kind;

typedef struct {               /* how learning in epochs went; the first epoch is number 1 */
    int32_t n, capacity, best; /* epochs seen; the one that was judged best, 0: none was judged */
    double *loss, *judged;     /* [n] training loss; what the judge said, or NaN */
    int64_t diverged;          /* epoch in which it left all bounds; kept is one before; 0: none */
    bool is_best_kept;         /* the model is that of the best epoch; else of the last */
    bool is_budget_limited;    /* the judge still rose when time or epochs ended */
} pal_curve;

struct pal_model { /* the public noun: a trained kind with all that it needs to answer */
    const pal_kind *kind;
    const char *spec; /* canonical: "ease l2=500" */
    void *params, *state;
    const pal_log *log;         /* what it learned from: ids, histories, what lists hide */
    pal_log owned_log;          /* used by loaded models and by pal_model_keep */
    pal_ids user_ids, item_ids; /* owned by loaded models and by pal_model_keep */
    pal_catalog catalog;        /* ids.n = 0: none; owned by loaded models and by pal_model_keep */
    const pal_catalog *items;   /* for titles; or NULL */
    const pal_source *source;   /* that queries are about too; NULL where its kind keeps none */
    pal_source_own own_source;  /* used by loaded models and by pal_model_keep */
    /* What its users asked for in words while the log was written, where it reads words; or NULL */
    const pal_searches *searches;
    pal_searches owned_searches; /* used by loaded models and by pal_model_keep */
    pal_model *fallback;         /* answers queries without history; owned; NULL: popularity */
    uint64_t data_hash;          /* pal_log_hash of log */
    int32_t n_seen_items;        /* rows of log from here on are items without a training event */
    int32_t n_listed_items; /* rows of log from here on are in no list and no history; 0: none */
    /* [log->n_items - n_seen_items] new items by a hash of their ids, less n_seen_items: the order
     * of equal scores among them, since their rows come in an order that the test tells. */
    int32_t *new_order;
    int32_t hide;      /* pal_hide that it was compared with; 0: not known */
    char *metrics;     /* JSON text of its validation metrics, or NULL */
    float *popularity; /* [n_items] users of each item: answers strangers without a fallback */
    pal_curve curve;   /* n = 0: no epochs */
    pal_arena arena;
    struct { /* how training went */
        double seconds, multiply_adds;
        int64_t peak_bytes; /* of its own arenas */
    } cost;
};

/* Items that lists and histories may hold: rows before the result. */
static inline int32_t pal_model_n_listed(const pal_model *model) {
    return model->n_listed_items ? model->n_listed_items : model->log->n_items;
}

#endif
