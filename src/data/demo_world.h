/* demo_world.h - the truth behind the demo's events, for those who make the events.
 *
 * The chance that the next event of user u at time t is on item i is proportional to
 *
 *     appeal(i, week of t) * exp(taste(u, month of t) . vector(i)) * pull(i, what u did before)
 *
 * Appeal is 0 before the item's launch. Pull holds all that depends on the order of events: the
 * next volume or what belongs to a product is pulled by it, the category of the last event stays on
 * the mind, consumables are bought again, things just looked at are looked at again, and things met
 * long ago are settled. Events are drawn from exactly this product, so that ranking by it is the
 * best that anybody can do. */
#ifndef PAL_DATA_DEMO_WORLD_H
#define PAL_DATA_DEMO_WORLD_H

#include "data/demo.h"
#include "data/demo_items.h"

enum {
    PAL_DEMO_ITEMS_MAX = 10000, /* so that rows of weights fit the stack */
    PAL_DEMO_FOLLOWERS = 3,
    PAL_DEMO_DAY = 86400,
    PAL_DEMO_WEEK = 7 * PAL_DEMO_DAY,
    PAL_DEMO_MONTH = 4 * PAL_DEMO_WEEK, /* tastes move once in it */
};
_Static_assert(PAL_DEMO_ITEMS_MAX % PAL_DEMO_PACK == 0, "rows of weights are padded to packs");

struct pal_world {
    uint64_t seed; /* of all streams */
    int32_t n_users, n_weeks, n_months;
    int64_t start, end; /* seconds; events are in [start, end) */
    pal_demo_shelves shelves;
    const float *appeal;       /* [n_weeks, stride] 0 before launch and past n_items */
    const int32_t *launches;   /* [n_items] week of the launch; 0: on sale from the start */
    const int32_t *categories; /* [stride] of items; -1 past n_items */
    const float *tastes;       /* [n_users, 2, PAL_DEMO_DIMS] in the first and in the last month */
    const uint8_t *is_bot;     /* [n_users] all that is on sale is the same to it */
    const uint8_t *is_absent;  /* [n_users] never comes; NULL: everybody comes */
    const int32_t *followers;  /* [n_items, PAL_DEMO_FOLLOWERS] items pulled by this one, or -1 */
    pal_arena arena;
};

pal_status pal_world_make(pal_ctx *ctx, const pal_demo_shop *shop, uint64_t seed,
                          const pal_demo_options *options, pal_world **out);

/* What the people of the world do there: ids and log of the data (demo.c). */
pal_status pal_demo_make_log(pal_ctx *ctx, const pal_world *world, pal_arena *scratch,
                             pal_data *data);
/* The second domain that the options ask for (demo_second.c). */
pal_status pal_demo_add_second(pal_ctx *ctx, const pal_demo_options *options, pal_arena *scratch,
                               pal_data *data);

int32_t pal_world_week(const pal_world *world, int64_t time);  /* nearest one of the world's */
int32_t pal_world_month(const pal_world *world, int64_t time); /* nearest one of the world's */
/* exp(taste . vector) of all items: wants [stride]. User -1 wants everything alike. */
void pal_world_wants(const pal_world *world, int32_t user, int32_t month, float *wants);
/* pull of all items: pulls [stride]; recent [n_recent] as in pal_world_score. */
void pal_world_pulls(const pal_world *world, const int32_t *recent, int32_t n_recent, float *pulls);

/* Twenty percent off in one week of each quarter: the price factor of the category. */
double pal_world_discount(const pal_world *world, int32_t category, int32_t week);

extern const char pal_demo_user_prefix[]; /* "u0001" is user 0 */

#endif
