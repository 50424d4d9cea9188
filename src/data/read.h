/* read.h - from files to a log and a catalog.
 *
 * A format is one const descriptor in data/formats/; readers only push events and cells into a builder, which maps ids, checks what
 * every format must check, and says file:line when something is wrong. */
#ifndef PAL_DATA_READ_H
#define PAL_DATA_READ_H

#include "base/file.h"
#include "base/param.h"
#include "data/catalog.h"
#include "data/log.h"

typedef struct {
    int32_t format;        /* index into the choices of the table; 0 = auto */
    const char *columns;   /* "user=a,item=b,value=c,time=d,event=e": names, or numbers from 1; NULL: guessed */
    const char *value;     /* the column that is the value; NULL: guessed */
    const char *events;    /* "view=1,cart=3,purchase=5": weights; types not named are dropped; NULL: all, weight 1 */
    const char *target;    /* event type(s) evaluated, comma-separated; NULL: guessed */
    int32_t bad_lines;     /* 0 fail, 1 skip */
    int64_t min_user, min_item; /* iterated until every user and item has so many distinct partners */
    bool dedupe;           /* keeps the last event of each (user, item, type) */
    const char *drop_users;/* file with one id a line, or NULL */
    const char *since;     /* ISO date or seconds; earlier events are dropped */
    double train_window;   /* seconds before the end of training that training may use; 0: all */
    double half_life;      /* seconds in which a training event's weight halves; 0: no decay */
} pal_data_options;
extern const pal_param pal_data_params[];

/* Counts for the report: what reading and preparing did, in the order in which it happened. */
typedef struct {
    char what[160]; /* "12 lines skipped: …", "311 events of users with fewer than 5 items dropped" */
    int64_t n;
} pal_finding;
enum { PAL_FINDINGS_MAX = 64 };

struct pal_data {          /* the public noun */
    char name[PAL_NAME_MAX * 4]; /* "ml-100k", for titles and files */
    char source[512];      /* how it was read: the path as given, or "demo …" */
    char format[PAL_NAME_MAX];
    char columns[512];     /* roles found: "user=user_id item=item_id value=rating time=timestamp" */
    pal_text shown;        /* three rows with the role of each column, for a person */
    pal_data_options options;
    int32_t n_parts;       /* 1: log only; 2: train, test; 3: train, valid, test */
    pal_log parts[3];      /* all with the same ids; train's ids come first, then valid's, then test's */
    pal_ids user_ids, item_ids;
    pal_catalog catalog;   /* ids.n = 0: none */
    struct pal_world *world; /* the demo's truth, or NULL */
    int32_t n_findings;
    pal_finding findings[PAL_FINDINGS_MAX];
    pal_arena arena;       /* texts of options */
};

/* Implements pal_data_read and pal_data_free of palate.h. train_window and half_life are not applied here but to each training part
 * by pal_log_weigh. */

/* A format: sniffs from the first bytes and the path (0 no … 100 certain), then reads. */
typedef struct pal_reader pal_reader; /* the builder side, formats/format.h */
typedef struct {
    const char *name, *summary;
    int32_t (*sniff)(const char *path, const char *head, size_t n);
    pal_status (*read)(pal_reader *reader, const char *path);
} pal_format;
extern const pal_format *const pal_formats[]; /* NULL-ended; "auto" is not among them */

void pal_data_find(pal_data *data, int64_t n, const char *format, ...) PAL_PRINTF(3, 4);

/* The same events with weights multiplied by 0.5^((end - time) / half_life), without those older than end - window; `end` is the newest
 * time of the log. Copies nothing when neither applies (out shares arrays and owns none). PAL_EDATA without times. */
pal_status pal_log_weigh(pal_ctx *ctx, const pal_log *log, double half_life, double window, pal_log *out);

#endif
