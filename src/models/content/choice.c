/* choice.c - names to columns. */
#include "models/content/choice.h"

#include <string.h>

#include "base/ctx.h"
#include "represent/attributes.h"

bool pal_column_is_plain_attribute(const pal_catalog *catalog, int32_t c) {
    return pal_column_is_attribute(catalog, c) && !pal_column_is_vector(catalog, c);
}

bool pal_column_is_vector(const pal_catalog *catalog, int32_t c) {
    return catalog->columns[c].type == PAL_FEATURE_VECTOR;
}

char *pal_choice_next(char **rest, const char *between) {
    char *name = strsep(rest, between);
    if (!name) return NULL;
    name += strspn(name, " ");
    for (size_t n = strlen(name); n > 0 && name[n - 1] == ' '; n--) name[n - 1] = '\0';
    return name;
}

pal_status pal_choice_find(pal_ctx *ctx, const char *what, const pal_catalog *catalog,
                           const char *name, pal_column_fn *is_read, int32_t *out) {
    enum { NAMES_MAX = 64 };
    const char *names[NAMES_MAX];
    int32_t n = 0;
    const pal_column *column = pal_catalog_column(catalog, name);
    *out = column ? (int32_t)(column - catalog->columns) : -1;
    if (column && is_read(catalog, *out)) return PAL_OK;
    for (int32_t c = 0; c < catalog->n_columns && n < NAMES_MAX; c++) {
        if (is_read(catalog, c)) names[n++] = catalog->columns[c].name;
    }
    return pal_fail_name(ctx, what, name, names, n);
}

pal_status pal_choice_choose(pal_ctx *ctx, const char *what, const pal_catalog *catalog,
                             const char *names, pal_column_fn *is_read, pal_arena *arena,
                             bool **out, int32_t *n) {
    char *text = pal_arena_text(arena, names ? names : "", names ? strlen(names) : 0), *name;
    bool *chosen = PAL_ARENA_ARRAY(arena, bool, catalog->n_columns);
    if (!text || !chosen) return pal_fail_memory(ctx, what, 1e3);
    *n = 0;
    for (int32_t c = 0; !names && c < catalog->n_columns; c++) {
        chosen[c] = is_read(catalog, c);
        *n += chosen[c];
    }
    for (char *rest = names ? text : NULL; (name = pal_choice_next(&rest, ","));) {
        int32_t c;
        if (!*name) continue;
        TRY(pal_choice_find(ctx, what, catalog, name, is_read, &c));
        *n += !chosen[c];
        chosen[c] = true;
    }
    *out = chosen;
    return PAL_OK;
}

pal_status pal_choice_check_rows(pal_ctx *ctx, const char *kind, const char *what,
                                 const int32_t *rows, int32_t n) {
    for (int32_t r = 0; r < n; r++) {
        if (rows[r] >= 0) return PAL_OK;
    }
    return pal_fail(ctx, PAL_EDATA,
                    "%s needs %s of items, and the table of items knows none of the log's: are "
                    "the ids written the same way?",
                    kind, what);
}
