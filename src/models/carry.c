/* carry.c - arrays kept, and laid over others. */
#include "models/carry.h"

#include <string.h>

#include "base/ctx.h"
#include "models/transfer/linear.h"

pal_status pal_carry_keep(pal_ctx *ctx, pal_carry *carry, const pal_epochs *run) {
    bool is_first = carry->n == 0;
    for (int32_t i = 0; i < run->n_carried; i++) {
        const pal_carried *from = &run->carried[i];
        pal_carried *to = &carry->arrays[i];
        if (is_first) {
            *to = *from;
            to->data = pal_arena_alloc(&carry->arena, from->bytes, 1);
            if (!to->data) return pal_fail_memory(ctx, "what is carried over", (double)from->bytes);
        }
        memcpy(to->data, from->data, (size_t)from->bytes);
    }
    carry->n = run->n_carried;
    return PAL_OK;
}

static const pal_carried *carry_find(const pal_carry *carry, const char *name) {
    for (int32_t i = 0; i < carry->n; i++) {
        if (!strcmp(carry->arrays[i].name, name)) return &carry->arrays[i];
    }
    return NULL;
}

/* Whether both are of the same form: the same weights, or rows of one length. */
static bool carry_fits(const pal_carried *from, const pal_carried *to) {
    int64_t n_from = from->n_users + from->n_items, n_to = to->n_users + to->n_items;
    if (from->is_double != to->is_double || !n_from != !n_to) return false;
    return n_to ? from->bytes / n_from == to->bytes / n_to && (!from->n_users == !to->n_users) &&
                      (!from->n_items == !to->n_items)
                : from->bytes == to->bytes;
}

/* The rows of items by their texts: learned from all that are carried. */
static pal_status carry_bridge(pal_ctx *ctx, const pal_carry *carry, const pal_carried *from,
                               int64_t bytes_of_row, pal_carried *to) {
    int32_t width = (int32_t)(bytes_of_row / (from->is_double ? 8 : 4)), n = (int32_t)from->n_items;
    pal_arena scratch = {0};
    float *rows = PAL_ARENA_ARRAY(&scratch, float, (int64_t)n *width),
          *map = PAL_ARENA_ARRAY(&scratch, float, ((int64_t)carry->n_dims + 1) * width),
          *row = PAL_ARENA_ARRAY(&scratch, float, width);
    char *begin = (char *)from->data + from->n_users * bytes_of_row;
    pal_linear_fit found;
    pal_status status =
        rows && map && row ? PAL_OK : pal_fail_memory(ctx, "what is carried over", 4.0 * n * width);
    for (int64_t c = 0; status == PAL_OK && c < (int64_t)n * width; c++)
        rows[c] = from->is_double ? (float)((const double *)(const void *)begin)[c]
                                  : ((const float *)(const void *)begin)[c];
    const pal_linear_rows input = {
        .n = n, .n_from = carry->n_dims, .n_to = width, .from = carry->texts, .to = rows};
    if (status == PAL_OK)
        status = pal_linear_map(ctx, "what is carried over", &input, &scratch, map, &found);
    char *at = (char *)to->data + to->n_users * bytes_of_row;
    for (int64_t i = 0; status == PAL_OK && i < to->n_items; i++, at += bytes_of_row) {
        pal_linear_apply(map, carry->n_dims, width, 1, carry->texts_there + i * carry->n_dims, row);
        for (int32_t f = 0; f < width; f++) {
            if (to->is_double) ((double *)(void *)at)[f] = (double)row[f];
            if (!to->is_double) ((float *)(void *)at)[f] = row[f];
        }
    }
    pal_arena_release(&scratch);
    return status;
}

/* Rows [n] to where `rows` says; returns whether there was one. */
static bool carry_rows(const char *from, int64_t n, const int32_t *rows, int64_t bytes_of_row,
                       int64_t n_to, char *to) {
    bool any = false;
    for (int64_t r = 0; r < n; r++) {
        if (rows[r] < 0 || rows[r] >= n_to) continue;
        memcpy(to + rows[r] * bytes_of_row, from + r * bytes_of_row, (size_t)bytes_of_row);
        any = true;
    }
    return any;
}

pal_status pal_carry_lay(pal_ctx *ctx, pal_carry *carry, const pal_epochs *run) {
    carry->n_asked = run->n_carried;
    carry->n_laid = 0;
    for (int32_t i = 0; i < run->n_carried; i++) {
        pal_carried to = run->carried[i];
        const pal_carried *from = carry_find(carry, to.name);
        int64_t n_to = to.n_users + to.n_items;
        if (!from || !carry_fits(from, &to)) continue;
        if (n_to == 0) {
            memcpy(to.data, from->data, (size_t)to.bytes);
            carry->n_laid++;
            continue;
        }
        int64_t row = to.bytes / n_to;
        bool is_laid = false, is_known = from->n_items == carry->n_items;
        if (to.n_items > 0 && carry->n_dims && is_known && to.n_items <= carry->n_there) {
            TRY(carry_bridge(ctx, carry, from, row, &to));
            is_laid = true;
        }
        if (from->n_users == carry->n_users)
            is_laid |=
                carry_rows(from->data, from->n_users, carry->user_rows, row, to.n_users, to.data);
        if (is_known)
            is_laid |=
                carry_rows((const char *)from->data + from->n_users * row, from->n_items,
                           carry->item_rows, row, to.n_items, (char *)to.data + to.n_users * row);
        carry->n_laid += is_laid;
    }
    return PAL_OK;
}
