/* overlap.c - how many ids two domains have in common, and whether that looks like an accident.
 *
 * Two shops that number their customers from 1 have equal ids by chance: of n ids up to a largest L
 * and m up to M, n·m / max(L, M). */
#include <math.h>
#include <string.h>

#include "base/ctx.h"
#include "data/second.h"

static const double overlap_dense = 2, overlap_near = 0.1, overlap_strange = 0.1;
enum { OVERLAP_FEW = 10 };

static int32_t overlap_count(const pal_ids *a, const pal_ids *b) {
    int32_t n = 0;
    for (int32_t i = 0; i < a->n; i++) {
        const char *id = pal_ids_at(a, i);
        n += pal_ids_find(b, id, strlen(id)) >= 0;
    }
    return n;
}

pal_overlap pal_second_overlap(const pal_data *data) {
    const pal_data *second = data->second;
    return (pal_overlap){.users = overlap_count(&second->user_ids, &data->user_ids),
                         .items = overlap_count(&second->item_ids, &data->item_ids)};
}

/* Whether ids are numbers from about 1 on with few gaps; the largest. */
static bool overlap_is_numbering(const pal_ids *ids, double *largest) {
    *largest = 1;
    for (int32_t i = 0; i < ids->n; i++) {
        const char *id = pal_ids_at(ids, i);
        int64_t number;
        if (!pal_parse_int64(id, id + strlen(id), &number) || number < 0) return false;
        *largest = fmax(*largest, (double)number);
    }
    return ids->n > 0 && *largest <= overlap_dense * ids->n + OVERLAP_FEW;
}

/* How many equal ids two numberings have by themselves; -1 where one is none. */
static double overlap_expected(const pal_ids *a, const pal_ids *b) {
    double x, y;
    if (!overlap_is_numbering(a, &x) || !overlap_is_numbering(b, &y)) return -1;
    return (double)a->n * b->n / fmax(x, y);
}

/* Equal ids of items with different titles. */
static void overlap_check_titles(pal_ctx *ctx, const pal_data *data) {
    int32_t n = 0, n_other = 0;
    const char *id = NULL, *here = NULL, *there = NULL;
    for (int32_t i = 0; i < data->second->item_ids.n; i++) {
        const char *item = pal_ids_at(&data->second->item_ids, i);
        if (pal_ids_find(&data->item_ids, item, strlen(item)) < 0) continue;
        const char *a = pal_catalog_title(&data->catalog, item),
                   *b = pal_catalog_title(&data->second->catalog, item);
        if (!a || !b) continue;
        n++;
        if (!strcmp(a, b)) continue;
        if (n_other++ == 0) id = item, here = a, there = b;
    }
    if (2 * n_other > n)
        pal_note(
            ctx, PAL_NOTICE_WARNING,
            "--shared items: %d of the %d items with equal ids have other titles in the source "
            "(%.60s: '%.60s' here, '%.60s' there): if they are not the same items, say "
            "--shared none, or pair them with --map",
            n_other, n, id, here, there);
}

static void overlap_check_declared(pal_ctx *ctx, const char *what, int32_t equal, const pal_ids *a,
                                   const pal_ids *b) {
    double expected = overlap_expected(a, b);
    if (expected < OVERLAP_FEW || equal > expected * (1 + overlap_near)) return;
    pal_note(ctx, PAL_NOTICE_WARNING,
             "--shared %s: %d of the source's %d ids of %s are among the log's %d, about as many "
             "as two numberings from 1 have in common by themselves (%.0f): if they are not the "
             "same %s, say --shared none, or pair them with --map",
             what, equal, a->n, what, b->n, expected, what);
}

static void overlap_check_strange(pal_ctx *ctx, const char *what, int32_t equal, const pal_ids *a,
                                  const pal_ids *b) {
    int32_t fewest = a->n < b->n ? a->n : b->n;
    double expected = overlap_expected(a, b);
    if (equal < OVERLAP_FEW || equal < overlap_strange * fewest) return;
    if (expected >= 0 && equal <= expected * (1 + overlap_near)) return;
    pal_note(ctx, PAL_NOTICE_WARNING,
             "--shared none: %d of the source's %d ids of %s are among the log's %d, which is no "
             "chance: if they are the same %s, say --shared %s",
             equal, a->n, what, b->n, what, what);
}

void pal_second_guard(pal_ctx *ctx, const pal_data *data) {
    const pal_data *second = data->second;
    pal_overlap equal = pal_second_overlap(data);
    if (data->shared == PAL_SHARED_USERS && !data->options.map)
        overlap_check_declared(ctx, "users", equal.users, &second->user_ids, &data->user_ids);
    if (data->shared == PAL_SHARED_ITEMS && !data->options.map) {
        overlap_check_declared(ctx, "items", equal.items, &second->item_ids, &data->item_ids);
        overlap_check_titles(ctx, data);
    }
    if (data->shared == PAL_SHARED_NONE) {
        overlap_check_strange(ctx, "users", equal.users, &second->user_ids, &data->user_ids);
        overlap_check_strange(ctx, "items", equal.items, &second->item_ids, &data->item_ids);
    }
}
