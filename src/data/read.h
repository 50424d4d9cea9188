/* read.h - from files to logs and a catalog.
 *
 * A format is one const descriptor in data/formats/. Readers push events into a builder, which maps
 * ids, checks what every format must check, and says file:line when something is wrong. */
#ifndef PAL_DATA_READ_H
#define PAL_DATA_READ_H

#include "base/file.h"
#include "base/param.h"
#include "data/catalog.h"
#include "data/log.h"
#include "data/searches.h"
#include "data/source.h"

typedef struct {
    int32_t format;      /* 0 auto, else 1 + index into pal_formats */
    const char *columns; /* "user=a,item=b,value=c,time=d,event=e,text=f": names, or numbers from 1;
                            NULL: guessed */
    const char *value;   /* the column that is the value, or "a*b", "a/b", "a/items.b"; NULL:
                            guessed */
    const char *events;  /* "view=1,cart=3,purchase=5": weights; types not named are dropped; NULL:
                            all, weight 1 */
    const char *item_columns,
        *user_columns;          /* "genre=set,year=number": types told; NULL: guessed */
    const char *target;         /* event types evaluated, comma-separated; NULL: guessed */
    int32_t bad_lines;          /* 0 fail, 1 skip */
    int64_t min_user, min_item; /* events that every user and item must have, iterated */
    bool dedupe;                /* keeps the last event of each (user, item, type) */
    const char *drop_users;     /* file with one id a line, or NULL */
    const char *since;          /* date or seconds; earlier events are dropped */
    double train_window; /* seconds before the end of training that training may use; 0: all */
    double half_life;    /* seconds in which a training event's weight halves; 0: no decay */
    bool has_half_life;  /* it was given, if only as 0 */
    int32_t scenario;    /* 0 none, else 1 + index into pal_scenarios (scenario.h) */
    /* Of a second domain (second.h): */
    int32_t shared;             /* 0 undeclared, else 1 + pal_sharing */
    const char *map;            /* file of pairs of ids, or NULL */
    const char *source_options; /* how its log is read, or NULL */
    const char *domain;         /* column of the items by which one log is cut in two, or NULL */
    const char *source_domain, *target_domain; /* its tokens, or NULL */
} pal_data_options;
/* How a log is read; how much of it training weighs (train_window, half_life); its second domain.
 */
extern const pal_param pal_data_params[], pal_weigh_params[], pal_source_params[];

/* Counts for the report: what reading and preparing did, in the order in which it happened. */
typedef struct {
    char what[200]; /* "12 lines skipped: …" */
} pal_finding;
enum { PAL_FINDINGS_MAX = 48, PAL_PARTS_MAX = 3 };

typedef struct pal_world pal_world; /* demo.h */

struct pal_data {         /* the public noun */
    char name[256];       /* "ml-100k", for titles and files */
    char source[512];     /* how it was read: the path as given, or "the demo world, seed 42" */
    char arguments[2048]; /* what names it on a command line: "demo", "compare 'events.csv'" */
    char format[PAL_NAME_MAX];
    char columns[512]; /* roles found: "user=user_id item=item_id value=rating time=timestamp" */
    char target[PAL_NAME_MAX]; /* event types that the format says are the goal; "": guessed */
    char scenario[512];        /* what the scenario set while reading; "": nothing */
    pal_text shown;            /* three rows with the role of each column, for a person */
    pal_data_options options;
    bool has_own_parts;           /* one path named all parts */
    int32_t n_parts;              /* 1: a log; 2: train, test; 3: train, valid, test */
    pal_log parts[PAL_PARTS_MAX]; /* all with the same ids; train's ids come first, then valid's,
                                     then test's */
    pal_ids user_ids, item_ids;
    pal_ids dropped_items;            /* those that had events until filters dropped all of them */
    pal_catalog catalog;              /* of items; ids.n = 0: none */
    pal_catalog users;                /* profiles: the same of users */
    char value_feature[PAL_NAME_MAX]; /* column of the catalog that values are multiplied with or */
    char value_operator;              /* divided by once it is read: '*' or '/'; 0: none */
    pal_search_list heard;            /* searches as they are read */
    pal_searches searches;            /* n = 0: none */
    pal_world *world;                 /* the demo's truth, or NULL */
    struct pal_data *second;          /* a second domain, one log of uses; owned; or NULL */
    pal_sharing shared;               /* what it shares with this log */
    bool is_second;                   /* this is one: nothing is judged by it */
    int32_t n_findings;
    pal_finding findings[PAL_FINDINGS_MAX];
    pal_arena arena; /* texts of options */
};

/* pal_data_read on a log whose content is at hand; `name` stands where its path would. */
pal_status pal_data_parse(pal_ctx *ctx, const char *name, const pal_bytes *bytes,
                          const char *options, pal_data **out);

void pal_data_find(pal_data *data, const char *format, ...) PAL_PRINTF(2, 3);

/* What pal_data_read does before splitting: filters of the options, on a single log. PAL_EDATA when
 * nothing is left. */
pal_status pal_data_prepare(pal_ctx *ctx, pal_data *data);
/* Sets keep[e] to 0 for the events of users whose ids are lines of the file; tells how many of its
 * lines are users of the log, and how many events were kept before. */
pal_status pal_log_unkeep_users(pal_ctx *ctx, const char *path, const pal_log *log, uint8_t *keep,
                                int32_t *n_users, int64_t *n_events);

/* The target of a log with several event types: the given names, or a guess; told by a notice. */
pal_status pal_data_set_target(pal_ctx *ctx, pal_data *data, const char *names);

/* The events of `log` with weights multiplied by 0.5^((end - time) / half_life), without those
 * older than end - window; `end` is the newest time of the log. A plain copy when neither applies.
 * PAL_EDATA without times. */
pal_status pal_log_weigh(pal_ctx *ctx, const pal_log *log, double half_life, double window,
                         pal_log *out);

/* A date, a date and time (ISO 8601, "T" or space, fraction, zone), or a number, as seconds or
 * whatever unit the number has; false when it is none of them. `is_number` tells which. */
bool pal_time_parse(const char *begin, const char *end, int64_t *out, bool *is_number);

#endif
