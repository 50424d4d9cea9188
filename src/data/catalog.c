/* catalog.c - titles by id, columns by name, rows and vector columns added to what was read. */
#include "data/catalog.h"

#include <stdio.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#include "base/ctx.h"

const char *pal_catalog_title(const pal_catalog *catalog, const char *item_id) {
    if (!catalog || catalog->title < 0 || catalog->ids.n == 0) return NULL;
    int32_t row = pal_ids_find(&catalog->ids, item_id, strlen(item_id));
    if (row < 0) return NULL;
    const char *title = catalog->columns[catalog->title].cells[row];
    return *title ? title : NULL;
}

const pal_column *pal_catalog_column(const pal_catalog *catalog, const char *name) {
    for (int32_t c = 0; c < catalog->n_columns; c++) {
        if (pal_name_equal(catalog->columns[c].name, name)) return &catalog->columns[c];
    }
    return NULL;
}

pal_status pal_catalog_add_rows(pal_ctx *ctx, pal_catalog *catalog, const pal_ids *ids) {
    int32_t before = catalog->ids.n;
    for (int32_t i = 0; i < ids->n; i++) {
        const char *id = pal_ids_at(ids, i);
        if (pal_ids_add(&catalog->ids, id, strlen(id)) < 0)
            return pal_fail_memory(ctx, "the catalog", 32.0 * ids->n);
    }
    int32_t n = catalog->ids.n;
    for (int32_t c = 0; n > before && c < catalog->n_columns; c++) {
        const char **cells = PAL_ARENA_ARRAY(&catalog->arena, const char *, n);
        if (!cells) return pal_fail_memory(ctx, "the catalog", 8.0 * n);
        for (int32_t i = 0; i < n; i++) cells[i] = i < before ? catalog->columns[c].cells[i] : "";
        catalog->columns[c].cells = cells;
    }
    return PAL_OK;
}

/* A column behind the others, without cells yet; NULL without memory. */
static pal_column *catalog_add_column(pal_ctx *ctx, pal_catalog *catalog, const char *name) {
    int32_t n_columns = catalog->n_columns;
    pal_column *columns = PAL_ARENA_ARRAY(&catalog->arena, pal_column, (int64_t)n_columns + 1);
    if (!columns) {
        pal_fail_memory(ctx, "the catalog", 8.0 * catalog->ids.n);
        return NULL;
    }
    if (n_columns) memcpy(columns, catalog->columns, (size_t)n_columns * sizeof *columns);
    pal_column *column = &columns[n_columns];
    *column = (pal_column){0};
    snprintf(column->name, sizeof column->name, "%s", name);
    column->name[pal_utf8_valid_prefix(column->name, strlen(column->name))] = '\0';
    catalog->columns = columns;
    catalog->n_columns = n_columns + 1;
    return column;
}

pal_status pal_catalog_add_vectors(pal_ctx *ctx, pal_catalog *catalog, const char *name,
                                   const float *vectors, int32_t n_dims) {
    int32_t n = catalog->ids.n;
    const char **cells = PAL_ARENA_ARRAY(&catalog->arena, const char *, n);
    if (!cells) return pal_fail_memory(ctx, "the catalog", 8.0 * n);
    for (int32_t i = 0; i < n; i++) cells[i] = "";
    pal_column *column = catalog_add_column(ctx, catalog, name);
    if (!column) return PAL_ENOMEM;
    column->cells = cells;
    column->type = PAL_FEATURE_VECTOR;
    column->n_dims = n_dims;
    column->vectors = vectors;
    return PAL_OK;
}

pal_status pal_catalog_add_timed(pal_ctx *ctx, pal_catalog *catalog, const char *name,
                                 const char *const *cells) {
    pal_column *column = catalog_add_column(ctx, catalog, name);
    if (!column) return PAL_ENOMEM;
    column->cells = cells;
    column->type = PAL_FEATURE_TIMED;
    column->separator = '|';
    return PAL_OK;
}

/* One column without what was written at `time` or later. */
static bool catalog_cut_column(pal_column *column, int64_t time, pal_arena *arena,
                               int64_t *n_left_out) {
    const pal_csr *sets = &column->sets;
    int64_t *starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)sets->n_rows + 1);
    int64_t n = sets->starts[sets->n_rows];
    int32_t *cols = PAL_ARENA_ARRAY(arena, int32_t, n);
    int64_t *times = PAL_ARENA_ARRAY(arena, int64_t, n);
    if (!starts || !cols || !times) return false;
    int64_t at = 0;
    column->n_missing = 0;
    for (int32_t r = 0; r < sets->n_rows; r++) {
        for (int64_t e = sets->starts[r]; e < sets->starts[r + 1]; e++) {
            if (column->times[e] > 0 && column->times[e] >= time) continue;
            cols[at] = sets->cols[e];
            times[at++] = column->times[e];
        }
        starts[r + 1] = at;
        column->n_missing += starts[r + 1] == starts[r];
    }
    *n_left_out += n - at;
    column->sets =
        (pal_csr){.n_rows = sets->n_rows, .n_cols = sets->n_cols, .starts = starts, .cols = cols};
    column->times = times;
    return true;
}

pal_status pal_catalog_before(pal_ctx *ctx, const pal_catalog *catalog, int64_t time,
                              pal_arena *arena, pal_catalog *out, int64_t *n_left_out) {
    *out = *catalog;
    out->arena = (pal_arena){0};
    *n_left_out = 0;
    bool has_times = false;
    for (int32_t c = 0; c < catalog->n_columns; c++) has_times |= catalog->columns[c].times != NULL;
    if (!has_times) return PAL_OK;
    out->columns = PAL_ARENA_ARRAY(arena, pal_column, catalog->n_columns);
    if (!out->columns) return pal_fail_memory(ctx, "the catalog", 1e3);
    for (int32_t c = 0; c < catalog->n_columns; c++) {
        out->columns[c] = catalog->columns[c];
        if (catalog->columns[c].times &&
            !catalog_cut_column(&out->columns[c], time, arena, n_left_out))
            return pal_fail_memory(ctx, "the catalog", 8.0 * catalog->ids.n);
    }
    return PAL_OK;
}

static bool catalog_select_column(const pal_column *from, const int32_t *rows, int32_t n,
                                  pal_arena *arena, pal_column *to) {
    const char **cells = PAL_ARENA_ARRAY(arena, const char *, n);
    memcpy(to->name, from->name, sizeof to->name);
    to->type = from->times ? PAL_FEATURE_TIMED : from->type;
    to->separator = from->separator;
    to->cells = cells;
    for (int32_t i = 0; cells && i < n; i++) {
        const char *cell = from->cells[rows ? rows[i] : i];
        cells[i] = *cell ? pal_arena_text(arena, cell, strlen(cell)) : "";
        if (!cells[i]) return false;
    }
    if (!cells || !from->vectors) return cells != NULL;
    size_t width = (size_t)from->n_dims;
    float *vectors = PAL_ARENA_ARRAY(arena, float, (int64_t)n * from->n_dims);
    for (int32_t i = 0; vectors && i < n; i++)
        memcpy(vectors + (size_t)i * width, from->vectors + (size_t)(rows ? rows[i] : i) * width,
               width * sizeof *vectors);
    to->n_dims = from->n_dims;
    to->vectors = vectors;
    return vectors != NULL;
}

pal_status pal_catalog_select(pal_ctx *ctx, const pal_catalog *catalog, const int32_t *rows,
                              int32_t n, pal_catalog *out) {
    pal_catalog selected = {.title = catalog->title};
    pal_status status = pal_ids_select(ctx, &catalog->ids, rows, n, &selected.ids);
    if (status == PAL_OK) {
        selected.columns = PAL_ARENA_ARRAY(&selected.arena, pal_column, catalog->n_columns);
        if (selected.columns) selected.n_columns = catalog->n_columns;
        bool done = selected.columns != NULL;
        for (int32_t c = 0; done && c < catalog->n_columns; c++)
            done = catalog_select_column(&catalog->columns[c], rows, n, &selected.arena,
                                         &selected.columns[c]);
        if (!done) status = pal_fail_memory(ctx, "the catalog", 16.0 * n);
    }
    if (status == PAL_OK) status = pal_catalog_settle(ctx, &selected, "", NULL);
    if (status == PAL_OK) {
        *out = selected;
    } else {
        pal_catalog_release(&selected);
    }
    return status;
}

uint64_t pal_catalog_hash(const pal_catalog *catalog) {
    size_t n = (size_t)catalog->ids.n;
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    if (n) XXH3_64bits_update(&state, catalog->ids.bytes, (size_t)catalog->ids.offsets[n]);
    for (int32_t c = 0; c < catalog->n_columns; c++) {
        const pal_column *column = &catalog->columns[c];
        XXH3_64bits_update(&state, column->name, strlen(column->name) + 1);
        XXH3_64bits_update(&state, &column->type, sizeof column->type);
        for (size_t i = 0; column->cells && i < n; i++)
            XXH3_64bits_update(&state, column->cells[i], strlen(column->cells[i]) + 1);
        if (column->times)
            XXH3_64bits_update(&state, column->times,
                               (size_t)column->sets.starts[n] * sizeof *column->times);
        if (column->vectors)
            XXH3_64bits_update(&state, column->vectors,
                               n * (size_t)column->n_dims * sizeof *column->vectors);
    }
    return XXH3_64bits_digest(&state);
}

void pal_catalog_release(pal_catalog *catalog) {
    for (int32_t c = 0; c < catalog->n_columns; c++)
        pal_ids_release(&catalog->columns[c].vocabulary);
    pal_ids_release(&catalog->ids);
    pal_arena_release(&catalog->arena);
    *catalog = (pal_catalog){.title = -1};
}
