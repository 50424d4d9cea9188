/* compare.h - trains each spec, judges it on validation and test, and keeps all that the report
 * draws. */
#ifndef PAL_CHOOSE_COMPARE_H
#define PAL_CHOOSE_COMPARE_H

#include "data/demo.h"
#include "eval/clicks.h"
#include "eval/evaluation.h"
#include "eval/ratings.h"
#include "eval/significance.h"
#include "models/train.h"

typedef enum { PAL_PREFER_ACCURACY, PAL_PREFER_COST } pal_preference;

/* Up to when the second domain is known. AUTO: PART where the split is in the order of time, else
 * FIRST; ALL where nothing can be cut: a log has no times, or people are not shared. */
typedef enum {
    PAL_UNTIL_AUTO,
    PAL_UNTIL_PART,  /* the part that is judged begins */
    PAL_UNTIL_FIRST, /* of each person his first event that is judged */
    PAL_UNTIL_ALL
} pal_source_until;
extern const char *const pal_source_untils[]; /* "auto", "part", "first", "all" */

typedef struct {
    pal_protocol protocol;
    int32_t prefer;       /* pal_preference */
    double worth;         /* share of the accuracy that a cheaper model may lose: 0.02 */
    double budget;        /* seconds for all models together; 0: no limit */
    const char *limit;    /* "list_us_p99=500; memory=1GB; model=100MB; train=60" or NULL */
    bool growth;          /* train again on parts of the users: what more data costs */
    bool sweep;           /* the same for rows that use the source, and their twins */
    pal_texts families;   /* every kind of these, beside the specs */
    int32_t source_until; /* pal_source_until */
} pal_compare_options;
/* What only a comparison takes; the rest of `protocol` stands in pal_protocol_params. */
extern const pal_param pal_compare_params[];

typedef struct {               /* what a model may cost; 0: no limit */
    double list_us_p99, train; /* microseconds, seconds */
    int64_t memory, model;     /* bytes */
} pal_limits;

typedef enum { PAL_ROW_DONE, PAL_ROW_SKIPPED, PAL_ROW_FAILED } pal_row_status;

/* Numbers of each fold: the measures, then those of the row beside them (compare_folds.c). */
enum {
    PAL_FOLD_MORE = 11,
    PAL_FOLD_KNOWN = 6,
    PAL_FOLD_MEASURES = PAL_MEASURES_MAX + PAL_FOLD_MORE
};

/* A model trained on a part of the training users and judged on validation (growth.c). */
enum { PAL_GROWTH_POINTS = 3 };
extern const double pal_growth_shares[PAL_GROWTH_POINTS];
typedef struct {
    int32_t users;
    int64_t events, peak_bytes, model_bytes;
    double seconds, multiply_adds, metric;
    double *by_user;   /* [users of validation] the metric; NaN: not asked */
    bool has_gain;     /* the row has a twin that was trained on the part too */
    pal_interval gain; /* of the row over its twin, on validation */
} pal_growth;

/* Whether learning from a second domain pays: the row beside its twin, with the source off. */
typedef enum { PAL_SOURCE_UNKNOWN, PAL_SOURCE_HELPS, PAL_SOURCE_USELESS } pal_source_verdict;
enum { PAL_EFFECTS_MAX = 3 };
typedef struct {
    const char *name; /* "all test users", or a slice of them */
    int32_t n_users;
    double level;      /* the twin's mean */
    pal_interval gain; /* row - twin, of paired users of the test */
} pal_source_effect;

typedef struct {                        /* one model of one task's table */
    char name[256];                     /* canonical spec; "oracle"; a run's file name */
    const char *kind, *family, *lesson; /* lesson: of the kind, or NULL */
    unsigned traits;
    bool is_run, is_oracle;
    bool is_blind_to_new; /* ranks items without a training event last: it cannot score them */
    pal_row_status status;
    char reason[PAL_ERROR_MAX]; /* why skipped or failed */
    const char *below;          /* why popular does better for known users; NULL: it does not */
    double valid_choice;        /* validation mean of the choice metric over all users; NaN: none */
    double valid_known,
        valid_strangers; /* the same on known users; on strangers by the kind's own list */
    double valid_new;    /* on items without a training event, these alone listed; NaN: cannot */
    double *new_by_user; /* [new_test.n_users] the same on the test; NULL: cannot */
    pal_interval new_alone;
    pal_interval strangers_own; /* test, strangers, by the kind's own list; NaN: it has none */
    pal_evaluation test;        /* with the common fallback */
    pal_interval *intervals;    /* [measures.n] of means */
    pal_interval
        difference; /* winner - this on the choice metric over all test users, simultaneous */
    pal_interval known_difference; /* the same over known users: what the verdict speaks of */
    pal_interval *slice_intervals; /* [slices.n] choice metric */
    bool tied;                     /* difference.low <= 0 */
    bool on_front;                 /* nobody trains faster and is better */
    double train_seconds;
    int64_t peak_bytes, model_bytes, parameters; /* parameters: learned numbers */
    double multiply_adds;
    bool has_epochs; /* learns in epochs: can stop early */
    bool predicts_values;
    pal_rating_errors ratings;   /* of the test, with predicts_values */
    double valid_rmse;           /* NaN without */
    bool has_clicks;             /* the log has impressions, and the row scores them */
    pal_click_errors clicks;     /* of the test */
    pal_click_curve click_curve; /* fitted on validation */
    double **folds;              /* [PAL_FOLD_MEASURES] of [n_folds]; NULL without folds */
    pal_curve curve;             /* of the model that was judged on validation; n = 0: no epochs */
    int32_t twin;                /* row of the same kind with its source off; -1: none */
    int32_t n_effects;
    pal_source_effect effects[PAL_EFFECTS_MAX]; /* all users first */
    pal_source_verdict source_verdict;
    const char *source_says; /* all of that in a sentence; NULL: no twin */
    int32_t n_growth;        /* parts that were learned, the smallest first; first table alone */
    pal_growth growth[PAL_GROWTH_POINTS];
    pal_model *model; /* final model, or NULL */
} pal_row;

typedef struct {       /* what people did in a later part of the test */
    int32_t slice;     /* "days 2-7" and those after it */
    pal_interval fall; /* of the winner's choice metric, from day 1 to then */
} pal_ageing;
enum { PAL_AGES_MAX = 3 };

typedef struct { /* one task */
    pal_task task;
    char fingerprint[17];
    pal_questions valid, test;
    /* The pairs of both on items without a training event, asked among all items, where the others
     * are about used items alone; n_users = 0: not looked at. */
    pal_questions new_valid, new_test;
    int32_t new_slice; /* of slices: its values are those of new_test; -1: none */
    pal_slices slices; /* of test */
    int32_t n_rows;
    pal_row *rows;             /* [n_rows] in the order given, oracle and runs last */
    int32_t winner_known;      /* row that is recommended, chosen on validation; -1: none */
    int32_t most_accurate;     /* row that --prefer cost passed over for it, or winner_known */
    double loss_high;          /* what the winner loses against that row at the most */
    int32_t winner_strangers;  /* row, or -1: the fallback */
    int32_t winner_new;        /* row that lists new items best on validation, or -1 */
    int32_t control_new;       /* row of the yardstick that counts features, or -1 */
    pal_interval over_control; /* winner_new - control_new on the test, new items alone listed */
    int32_t random_new;        /* row of random order, or -1: not asked for */
    pal_interval over_random;  /* winner_new - random_new, likewise */
    double ceiling;            /* share of test pairs that no id-based kind can reach */
    int32_t first_day;         /* the slice "day 1", with n_ages > 0 */
    int32_t n_ages;            /* 0: no times, no day 1 or nothing later */
    pal_ageing ages[PAL_AGES_MAX];
    double smallest_difference; /* that this test can see, on the choice metric */
} pal_table;

enum { PAL_DEFAULT_SPECS = 32 };

typedef struct pal_comparison {
    const pal_data *data;
    pal_inspection inspection;
    bool is_inspected;
    const char *default_specs[PAL_DEFAULT_SPECS + 1]; /* where no kind was named */
    bool is_default;                                  /* they are what is compared */
    pal_compare_options options;
    char scenario[512]; /* what the data's scenario set of them; "": nothing */
    pal_limits limits;
    pal_split split;
    /* The catalog as it was before validation and before the test; arrays are the data's or in
     * `arena`. Models point to them. */
    pal_catalog items_valid, items_test;
    bool judges_new; /* models are trained with rows for new items that the main table does not list
                      */
    /* The second domain as models that are judged on validation and final ones may know it; logs
     * without events: there is none. Models point to them too. */
    pal_source_own source_valid, source_test;
    /* Searches that were made before training ended, or before the test begins, of the users of
     * either log and at their rows. */
    pal_searches searches_train, searches_history;
    pal_measures measures;              /* at[0] is the choice metric, ndcg at the smallest k */
    pal_ratings ratings_valid, ratings; /* n = 0: the values are no ratings */
    pal_clicks clicks_valid, clicks;    /* n = 0: the log has no impressions */
    int32_t n_folds;                    /* of kfold, whose means the rows hold; 0: one split */
    int32_t n_tables;                   /* 2 for task both */
    pal_table tables[2];
    int32_t n_plan;
    pal_estimate *plan; /* [n_plan] what each spec takes in all, estimated */
    double started;     /* pal_clock() when training began */
    bool interrupted;   /* ended by request; rows that are missing are skipped */
    pal_arena arena;
} pal_comparison;

/* The slice of known users, or -1 when nobody is known, or in the next task: there everybody has a
 * history after his first event. */
int32_t pal_table_known_slice(const pal_table *table);
/* Mean of a measure over known users (all users, when nobody is known). */
double pal_row_known_mean(const pal_comparison *comparison, const pal_table *table,
                          const pal_row *row, int32_t measure);
/* Among rows that certainly lose less than --worth against the winner the smallest one that is also
 * less work; or NULL. */
const pal_row *pal_table_cheaper(const pal_comparison *comparison, const pal_table *table);
bool pal_row_within_limits(const pal_comparison *comparison, const pal_row *row);

/* Reads options and checks specs (or NULL): all that can be told without data, so that a typo costs
 * no time. */
pal_status pal_compare_parse(pal_ctx *ctx, const char *const *specs, const char *options,
                             pal_comparison *out);

/* Told on the calling thread when a row is done, and once before the first with row -1 (the plan is
 * settled). */
typedef void pal_row_fn(void *arg, const pal_comparison *comparison, int32_t table, int32_t row);

/* The specs compared when none is given: what is worth trying on such a log; however_large: also
 * what would take long or much memory there. NULL-ended. */
void pal_default_specs(pal_ctx *ctx, const pal_data *data, const pal_inspection *found,
                       bool however_large, const char *specs[PAL_DEFAULT_SPECS + 1]);

/* `data` must outlive the comparison. A row that fails is kept with its reason; PAL_EDATA when
 * nothing could be compared. */
pal_status pal_compare_run(pal_ctx *ctx, const pal_data *data, const char *const *specs,
                           const char *options, pal_row_fn *on_row, void *on_row_arg,
                           pal_comparison *out);
void pal_comparison_release(pal_comparison *comparison);

#endif
