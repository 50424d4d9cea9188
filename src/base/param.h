/* param.h - a knob is one table row.
 *
 * From a table of rows follow parsing, range checks with a sentence, --help, the reference pages,
 * JSON and the tuner's search space. Kinds, splits and commands describe their options this way.
 * '-' and '_' are the same in a name. */
#ifndef PAL_BASE_PARAM_H
#define PAL_BASE_PARAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"
#include "palate.h"

typedef enum {                    /* field that `offset` points to */
               PAL_PARAM_INT,     /* int64_t */
               PAL_PARAM_REAL,    /* double */
               PAL_PARAM_FLAG,    /* bool; text is 0, 1, true, false, yes, no, or nothing (true) */
               PAL_PARAM_CHOICE,  /* int32_t, index into `choices` */
               PAL_PARAM_TEXT,    /* const char *, NULL when absent */
               PAL_PARAM_TEXTS,   /* pal_texts: a repeatable option, or one comma-separated */
               PAL_PARAM_INTS,    /* pal_ints: comma-separated, e.g. 10,20 */
               PAL_PARAM_SECONDS, /* double; text is 90s, 30m, 12h, 7d, 4w, 1y or a number of
                                     seconds; 0 is off */
               PAL_PARAM_BYTES,   /* int64_t; text is 500MB, 2GB, 512KiB or a number */
} pal_param_type;

typedef enum { PAL_LINEAR, PAL_LOG } pal_param_scale;

enum { PAL_TEXTS_MAX = 64, PAL_INTS_MAX = 8 };
typedef struct {
    int32_t n;
    const char *at[PAL_TEXTS_MAX];
} pal_texts;
typedef struct {
    int32_t n;
    int32_t at[PAL_INTS_MAX];
} pal_ints;

typedef struct pal_param {
    const char *name;
    pal_param_type type;
    size_t offset;       /* of the field in the struct of values */
    const char *initial; /* as a user would write it; NULL: zero, or absent */
    double min, max; /* numbers only (seconds, bytes in their unit); both 0: any finite number */
    pal_param_scale scale; /* how a tuner steps through the range */
    /* NULL-ended; CHOICE only. An empty first one stands where nothing is said, and is not offered.
     */
    const char *const *choices;
    const char *help;       /* one sentence without a full stop */
    const char *value_name; /* "FILE" in --help; NULL: from the type */
    char letter;            /* 'm' for -m; 0: none */
    /* What pal_describe calls the names that a TEXT starts with ("kinds"), for completion; or NULL.
     */
    const char *names;
} pal_param; /* a table ends with a row whose name is NULL */

/* Sets every field to its initial value. The table's own texts are borrowed. */
void pal_params_init(const pal_param *table, void *values);

/* The row called `name`, or NULL. */
const pal_param *pal_param_find(const pal_param *table, const char *name);

/* The owner of what commands take: their rows are named as flags. */
#define PAL_OWNER_COMMANDS "options"

/* Sets one field from text; PAL_EUSAGE with a sentence: an unknown name is answered with the
 * nearest one, a wrong value with what is allowed. `owner` names what the option belongs to
 * ("ease", "--split"). A TEXTS field gains one element a call. */
pal_status pal_param_set(pal_ctx *ctx, const char *owner, const pal_param *table, void *values,
                         pal_arena *arena, const char *name, const char *text);

/* Sets fields from "name=value name='two words' flag" after pal_params_init. NULL text is empty. */
pal_status pal_params_parse(pal_ctx *ctx, const char *owner, const pal_param *table, void *values,
                            pal_arena *arena, const char *text);

/* As above for options that stand in several tables, each with its own struct; ended by {0}. Values
 * must have been initialized. */
typedef struct {
    const pal_param *table;
    void *values;
} pal_param_group;
pal_status pal_params_parse_tables(pal_ctx *ctx, const char *owner, const pal_param_group *groups,
                                   pal_arena *arena, const char *text);

/* Whether the text gives the option, with whatever value. */
bool pal_params_gives(const char *text, const char *name, pal_arena *arena);

/* Appends "name=value …", quoted where needed, so that pal_params_parse reads the same values; rows
 * that differ from their initial value only, or with `every` all but texts and lists that were not
 * given. */
void pal_params_format(const pal_param *table, const void *values, bool every, pal_text *out);

/* Appends " --name 'value'" for a shell, rows that differ from their initial value only. */
void pal_params_format_flags(const pal_param *table, const void *values, pal_text *out);
/* The row called `name` if it has its initial value: what pal_params_format_flags leaves out. */
void pal_params_format_initial(const pal_param *table, const char *name, const void *values,
                               pal_text *out);
void pal_params_add_flag(const char *name, const char *value, pal_text *out);

/* Appends one value as text, without quotes. */
void pal_param_format_value(const pal_param *row, const void *values, pal_text *out);

/* --help lines, "  --name VALUE   help (default x; from a to b)", wrapped at 100 columns; `flags`
 * false prints names as in specs. */
void pal_params_help(const pal_param *table, bool flags, pal_text *out);
/* A Markdown table: name, type, default, range, meaning. */
void pal_params_markdown(const pal_param *table, bool flags, pal_text *out);
/* Paragraphs of a manual page (roff, the man macros), one a row. */
void pal_params_man(const pal_param *table, bool flags, pal_text *out);
/* "FILE": what stands for the row's value in help; "" for a flag. */
const char *pal_param_value_name(const pal_param *row);
/* The row's name as a flag without the dashes: "min-user". */
void pal_param_add_flag(const pal_param *row, pal_text *out);
/* A JSON array of objects name, type, default, min, max, scale, choices, help. */
void pal_params_json(const pal_param *table, pal_text *out);

/* The name of a spec "name key=value …" and where its options start. PAL_EUSAGE for an empty spec
 * or a name with other characters than a-z, 0-9 and '_'. */
pal_status pal_spec_split(pal_ctx *ctx, const char *spec, pal_arena *arena, const char **name,
                          const char **options);

#endif
