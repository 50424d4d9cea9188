/* show.c - what a person sees of a log before anything is trained: the roles of its columns and
 * three rows. */
#include <string.h>

#include "data/formats/lines.h"

/* Columns that have no role; one that seems to hold a split of its own is worth a word. */
static void show_unread(pal_reader *reader, const pal_dialect *dialect, const pal_field *header,
                        int32_t n) {
    static const char *const splits[] = {"split", "fold", "subset", "partition", "is_test"};
    pal_text names = {0};
    for (int32_t c = 0; c < n && c < PAL_COLUMNS_MAX; c++) {
        bool has_role = false;
        for (int role = 0; role < PAL_COLUMN_ROLES; role++) has_role |= dialect->columns[role] == c;
        if (has_role) continue;
        char name[PAL_NAME_MAX];
        pal_column_name(&header[c], name);
        bool is_split = false;
        for (size_t s = 0; s < sizeof splits / sizeof *splits; s++) {
            if (!pal_name_equal(splits[s], name)) continue;
            is_split = true;
            pal_data_find(reader->data,
                          "column %s is not read: if it says what is for testing, write the parts "
                          "to files and name them with --train and --test",
                          name);
        }
        if (!is_split) pal_text_addf(&names, names.length ? ", %s" : "%s", name);
    }
    if (names.length && !names.failed)
        pal_data_find(reader->data, "columns without a role: %s", names.bytes);
    pal_text_release(&names);
}

void pal_reader_describe(pal_reader *reader, const pal_dialect *dialect, const pal_field *header,
                         int32_t n) {
    pal_text roles = {0};
    for (int role = 0; pal_column_roles[role]; role++) {
        int32_t column = dialect->columns[role];
        if (column < 0) continue;
        char name[PAL_NAME_MAX];
        if (role == PAL_COLUMN_VALUE && reader->value_operator) {
            pal_text_addf(&roles, "%svalue=%s", roles.length ? " " : "", reader->value_name);
        } else if (dialect->has_header && column < n) {
            pal_column_name(&header[column], name);
            pal_text_addf(&roles, "%s%s=%s", roles.length ? " " : "", pal_column_roles[role], name);
        } else {
            pal_text_addf(&roles, "%s%s=%d", roles.length ? " " : "", pal_column_roles[role],
                          column + 1);
        }
    }
    if (reader->is_first && !roles.failed) {
        size_t length = roles.length < sizeof reader->data->columns - 1
                            ? roles.length
                            : sizeof reader->data->columns - 1;
        memcpy(reader->data->columns, roles.bytes, length);
        reader->data->columns[length] = '\0';
    }
    pal_text_release(&roles);
    if (reader->is_first && dialect->has_header && header) show_unread(reader, dialect, header, n);
}

/* Adds a field as one cell of a terminal's table: what could drive the terminal becomes '?', what
 * is too wide is cut. */
static void show_cell(pal_text *shown, const char *begin, const char *end) {
    enum { WIDTH = 20, GAP = 2 };
    int32_t columns = 0;
    for (const char *c = begin; c < end && columns < WIDTH;) {
        size_t length = 1, n = (size_t)(end - c);
        while (length < n && ((unsigned char)c[length] & 0xC0) == 0x80) length++;
        bool is_control = (unsigned char)*c < 0x20 || *c == 0x7F ||
                          (*c == '\xC2' && length == 2 && (unsigned char)c[1] < 0xA0);
        bool is_printable = !is_control && pal_utf8_valid_prefix(c, length) == length;
        pal_text_add_bytes(shown, is_printable ? c : "?", is_printable ? length : 1);
        c += length;
        columns++;
    }
    pal_text_addf(shown, "%*s", WIDTH + GAP - columns, "");
}

void pal_reader_show(pal_reader *reader, const pal_field roles[PAL_COLUMN_ROLES], int32_t row) {
    pal_text *shown = &reader->data->shown;
    for (int role = 0; row == 0 && role < PAL_COLUMN_ROLES; role++) {
        const char *name = pal_column_roles[role] ? pal_column_roles[role] : "factor";
        if (roles[role].begin) pal_text_addf(shown, "%-22s", name);
    }
    if (row == 0) pal_text_add(shown, "\n");
    for (int role = 0; role < PAL_COLUMN_ROLES; role++) {
        if (roles[role].begin) show_cell(shown, roles[role].begin, roles[role].end);
    }
    pal_text_add(shown, "\n");
}
