/* overlap.c - how many ids two domains have in common, and whether that looks like an accident.
 *
 * Two shops that number their customers have equal ids by chance, with gaps or without, with or
 * without a letter in front: of n ids spread evenly over A numbers and m over B numbers, which have
 * C numbers in common, about n·m·C / (A·B) are equal. */
#include <math.h>
#include <string.h>

#include "base/ctx.h"
#include "data/second.h"

/* How far from what chance foretells is still chance: a share, or standard deviations of a count.
 */
static const double overlap_near = 0.1, overlap_deviations = 3, overlap_strange = 0.1;
enum { OVERLAP_FEW = 10, OVERLAP_DIGITS = 15 };

typedef struct { /* ids that are a common prefix and a number each */
    const char *prefix;
    size_t prefix_length;
    double first, last;
} overlap_numbers;

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

/* The length of what all ids begin with, without digits at its end. */
static size_t overlap_prefix(const pal_ids *ids) {
    const char *first = pal_ids_at(ids, 0);
    size_t n = strlen(first);
    for (int32_t i = 1; i < ids->n && n > 0; i++) {
        const char *id = pal_ids_at(ids, i);
        size_t same = 0;
        while (same < n && id[same] == first[same]) same++;
        n = same;
    }
    while (n > 0 && first[n - 1] >= '0' && first[n - 1] <= '9') n--;
    return n;
}

/* Whether ids are numbers behind a common prefix; zeros in front count for nothing. */
static bool overlap_is_numbering(const pal_ids *ids, overlap_numbers *out) {
    if (ids->n == 0) return false;
    *out = (overlap_numbers){pal_ids_at(ids, 0), overlap_prefix(ids), INFINITY, 0};
    for (int32_t i = 0; i < ids->n; i++) {
        const char *digits = pal_ids_at(ids, i) + out->prefix_length;
        size_t n = strspn(digits, "0123456789");
        if (n == 0 || digits[n]) return false;
        size_t zeros = strspn(digits, "0");
        double number = 0;
        if (n - zeros > OVERLAP_DIGITS) return false;
        for (size_t c = zeros; c < n; c++) number = 10 * number + (digits[c] - '0');
        out->first = fmin(out->first, number);
        out->last = fmax(out->last, number);
    }
    return true;
}

/* How many equal ids two numberings have by themselves; -1 where one is none, or another one. */
static double overlap_expected(const pal_ids *a, const pal_ids *b) {
    overlap_numbers x, y;
    if (!overlap_is_numbering(a, &x) || !overlap_is_numbering(b, &y)) return -1;
    if (x.prefix_length != y.prefix_length || strncmp(x.prefix, y.prefix, x.prefix_length))
        return -1;
    double common = fmin(x.last, y.last) - fmax(x.first, y.first) + 1;
    return common <= 0
               ? 0
               : (double)a->n * b->n * common / ((x.last - x.first + 1) * (y.last - y.first + 1));
}

/* Whether chance alone may give that many. */
static bool overlap_is_chance(double equal, double expected) {
    return equal <= expected + fmax(overlap_near * expected, overlap_deviations * sqrt(expected));
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
    if (expected < OVERLAP_FEW || !overlap_is_chance(equal, expected)) return;
    pal_note(ctx, PAL_NOTICE_WARNING,
             "--shared %s: %d of the source's %d ids of %s are among the log's %d, about as many "
             "as two numberings have in common by themselves (%.0f): if they are not the same "
             "%s, say --shared none, or pair them with --map",
             what, equal, a->n, what, b->n, expected, what);
}

static void overlap_check_strange(pal_ctx *ctx, const char *what, int32_t equal, const pal_ids *a,
                                  const pal_ids *b) {
    int32_t fewest = a->n < b->n ? a->n : b->n;
    double expected = overlap_expected(a, b);
    if (equal < OVERLAP_FEW || equal < overlap_strange * fewest) return;
    if (expected >= 0 && overlap_is_chance(equal, expected)) return;
    pal_note(ctx, PAL_NOTICE_WARNING,
             "--shared none: %d of the source's %d ids of %s are among the log's %d, more than two "
             "numberings would have in common: if they are the same %s, say --shared %s",
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
