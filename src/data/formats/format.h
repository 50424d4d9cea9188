/* format.h - what a format sees: its descriptor, and the builder it pushes events into.
 *
 * To add a format: one file here with one const pal_format, named in formats/list.c and in
 * data/CMakeLists.txt. */
#ifndef PAL_DATA_FORMATS_FORMAT_H
#define PAL_DATA_FORMATS_FORMAT_H

#include <stdatomic.h>

#include "data/read.h"

enum { PAL_VALUE_CODES = 256 };

/* Collects one part of the data. Arrays grow on the heap; the first `n` entries count. */
typedef struct pal_reader {
    pal_ctx *ctx;
    pal_data *data;
    const pal_data_options *options;
    int32_t part;  /* index into data->parts */
    bool is_first; /* this file's columns are shown to the person */
    int64_t n, capacity, n_lines, n_bad;
    int64_t n_emptied; /* cells of a catalog that are not UTF-8 */
    int32_t *users, *items;
    float *values;
    int64_t *times;
    uint32_t *seconds; /* times in seconds, in place of `times` after blocks.c read them; or NULL */
    uint8_t *types;
    uint8_t *value_codes; /* index into code_values, in place of `values`, in a block; or NULL */
    float code_values[PAL_VALUE_CODES];
    atomic_int_least32_t n_value_codes;
    bool values_are_many; /* too many for codes */
    pal_arena block; /* holds seconds, items, values or their codes, and users, `capacity` each, in
                        this order, when it is not empty; else each is on the heap */
    bool has_values, has_times, has_types, has_time_form, times_are_numbers;
    int32_t time_unit; /* index into pal_time_units plus 1, told by the first number that is a date
                          in it; 0: not yet */
    int64_t unit_time, unit_line;  /* that number, and its line */
    int64_t far_time, far_line;    /* the largest number so far among times, and its line */
    char value_name[PAL_NAME_MAX]; /* "rating", "quantity*price" */
    char value_operator;           /* '*' or '/': the value is one of two columns; 0: of one */
    bool value_has_factor;         /* the second stands in the log, not in the catalog */
    char other_numbers[200];       /* "price, discount": columns that could be the value */
    bool has_texts;
    int32_t n_types;
    char type_names[PAL_TYPES_MAX][PAL_NAME_MAX];
} pal_reader;

typedef struct {
    const char *name, *summary;
    /* True when this format reads what stands at `path`; bytes is its content, decompressed, or
     * NULL for a folder. */
    bool (*recognizes)(const char *path, const pal_bytes *bytes);
    /* Reads events, and the catalog when it finds one. A folder format may fill all parts. */
    pal_status (*read)(pal_reader *reader, const char *path, const pal_bytes *bytes);
} pal_format;

extern const pal_format *const pal_formats[]; /* in the order of asking; NULL-ended */
extern const pal_format pal_format_palate, pal_format_movielens, pal_format_recbole,
    pal_format_mind, pal_format_folder, pal_format_jsonl, pal_format_adjacency, pal_format_table;

/* --- delimited text (lines.h, columns.c, delimited.c, items.c) --- */

typedef enum {
    PAL_COLUMN_USER,
    PAL_COLUMN_ITEM,
    PAL_COLUMN_VALUE,
    PAL_COLUMN_TIME,
    PAL_COLUMN_EVENT,
    PAL_COLUMN_TEXT,   /* what was asked for in words, where there is no item */
    PAL_COLUMN_FACTOR, /* what the value is multiplied with or divided by; never named as a role */
    PAL_COLUMN_ROLES
} pal_column_role;
extern const char *const pal_column_roles[]; /* "user", "item", …, "text"; NULL-ended */

typedef struct {
    const char *begin, *end;
} pal_field;

/* The next of the words that spaces separate in [*at, end); moves behind it. False when there is
 * none left. */
bool pal_field_next(const char **at, const char *end, pal_field *out);
/* Copies a header's field without a type suffix (":token"), up to what is not UTF-8. */
void pal_column_name(const pal_field *field, char out[PAL_NAME_MAX]);

typedef struct {
    char separator[3]; /* "\t", ",", "::", … */
    bool has_header, has_quotes;
    int32_t columns[PAL_COLUMN_ROLES]; /* column of each role, or -1 */
} pal_dialect;

/* How good a name is for a role: 0 is best, -1 not at all. */
int32_t pal_column_name_rank(const char *name, pal_column_role role);
/* The separator that cuts most of the first lines into as many fields as the very first, at least
 * two. */
void pal_column_separator(const pal_bytes *bytes, pal_dialect *dialect);
/* Guesses what is not told: separator, header, roles. */
pal_status pal_delimited_guess(pal_reader *reader, const char *path, const pal_bytes *bytes,
                               pal_dialect *out);
/* Which of the named columns is what, by their names and by the options. */
pal_status pal_columns_choose(pal_reader *reader, const char *path, const pal_field *header,
                              int32_t n, pal_dialect *dialect);
/* The column without a role whose name says that it may hold words of searches, or -1. */
int32_t pal_columns_name_text(const pal_field *header, int32_t n, const pal_dialect *dialect);
pal_status pal_delimited_read(pal_reader *reader, const char *path, const pal_bytes *bytes,
                              const pal_dialect *dialect);

/* Refuses a line for the number of its columns. */
pal_status pal_delimited_bad_columns(pal_reader *reader, const char *path, int64_t line, int32_t n,
                                     int32_t n_columns);

typedef struct {
    const char *separator;    /* NULL: guessed */
    const char *const *names; /* NULL-ended names of the columns; NULL: from the header */
    bool is_latin1;
    bool of_users; /* the table is of users, and goes to data->users */
} pal_catalog_dialect;
/* Reads a table of items or users, or without names and separator also JSON lines; the id column is
 * the one whose name says so, else the first. */
pal_status pal_catalog_read(pal_reader *reader, const char *path, const pal_bytes *bytes,
                            const pal_catalog_dialect *dialect);
/* JSON lines of items: Amazon's metadata, or any keys; lists of words become sets joined by '|'. */
pal_status pal_catalog_read_jsonl(pal_reader *reader, const char *path, const pal_bytes *bytes,
                                  bool of_users);
/* Says how many cells of the file were left empty, where any were. */
void pal_catalog_tell_emptied(pal_reader *reader, const char *path);
/* The column with the best name for an id, else the first; the column that a person knows an item
 * by, or -1. */
int32_t pal_catalog_id_column(const pal_catalog *catalog, bool of_users);
int32_t pal_catalog_title_column(const pal_catalog *catalog);
/* Reads folder/name as a catalog when it is there. */
pal_status pal_catalog_read_beside(pal_reader *reader, const char *folder, const char *name,
                                   const pal_catalog_dialect *dialect);

/* --- the builder (reader.c; its columns: store.c) --- */

/* Numbers in [first, last) are dates of 1980 to 2099 in this unit, and in no other. */
typedef struct {
    const char *name;
    int64_t first, last, per_second;
} pal_time_unit;
enum { PAL_TIME_UNITS = 4 };
extern const pal_time_unit pal_time_units[PAL_TIME_UNITS];

/* What is wrong with an id, or NULL. */
const char *pal_reader_id_trouble(const pal_field *id);
/* The unit in which a number is a date of our time, plus 1; 0: none. */
int32_t pal_reader_time_unit(int64_t time);
/* Room for `more` events. */
pal_status pal_reader_reserve(pal_reader *reader, int64_t more);
/* The same when `more` is all that is to come: puts the columns into one block, in which the log
 * is then built. */
pal_status pal_reader_reserve_block(pal_reader *reader, int64_t more);
/* The code of a value among the first `n`, bit by bit; -1. */
int32_t pal_reader_find_value(const pal_reader *reader, float value, int32_t n);
/* The same, given when it is new; -1 when there are too many: pal_reader_decode_values. One thread
 * at a time; others may find. */
int32_t pal_reader_value_code(pal_reader *reader, float value);
/* Turns codes of values into values, for good. */
pal_status pal_reader_decode_values(pal_reader *reader);
/* In how many parts times are told, as far as is known. */
int64_t pal_reader_per_second(const pal_reader *reader);
/* Turns `times`, whose unit must be settled or of no date, into `seconds`; false when they do not
 * fit or without memory: nothing has changed then. And back; what the division lost is lost once
 * more when the log's times are settled. */
bool pal_reader_narrow_times(pal_reader *reader);
pal_status pal_reader_widen_times(pal_reader *reader, int64_t per_second);
/* Says what is wrong with a line that an earlier look refused, as pal_reader_add would. */
pal_status pal_reader_refuse(pal_reader *reader, const char *path, int64_t line,
                             const pal_field fields[PAL_COLUMN_ROLES]);
/* One event from its fields (begin NULL: the role has no column). PAL_EFORMAT with file:line, or
 * skipped and counted. */
pal_status pal_reader_add(pal_reader *reader, const char *path, int64_t line,
                          const pal_field fields[PAL_COLUMN_ROLES]);
/* A folder that holds its own split: reads paths[0 … n) as the parts of the data, each with `read`.
 */
typedef pal_status pal_part_fn(pal_reader *reader, const char *path, const pal_bytes *bytes);
pal_status pal_reader_parts(pal_reader *reader, const char *folder, const char *const *paths,
                            int32_t n, pal_part_fn *read);
/* Keeps which column is what for a person; header [n] has the names where the dialect says so. */
void pal_reader_describe(pal_reader *reader, const pal_dialect *dialect, const pal_field *header,
                         int32_t n);
/* Adds one of the first events to what a person is shown, below the roles when row is 0. */
void pal_reader_show(pal_reader *reader, const pal_field roles[PAL_COLUMN_ROLES], int32_t row);
/* A line that cannot be read: fails, or counts it under --bad-lines skip. */
pal_status pal_reader_bad_line(pal_reader *reader, const char *path, int64_t line,
                               const char *format, ...) PAL_PRINTF(4, 5);

#endif
