/* demo.h - a small shop made from a seed, whose true preferences are known. */
#ifndef PAL_DATA_DEMO_H
#define PAL_DATA_DEMO_H

#include "data/read.h"

/* A second shop of the same people: none, one where they have the same tastes, or one where their
 * tastes are others', so that nothing can be learned from it. */
typedef enum { PAL_DEMO_ALONE, PAL_DEMO_SECOND, PAL_DEMO_CONTROL } pal_demo_source;

typedef struct {
    int64_t users, items, days; /* 2,000, 1,200 and 365 where not told otherwise */
    int32_t source;             /* pal_demo_source */
} pal_demo_options;
extern const pal_param pal_demo_params[];

/* Implements pal_data_demo of palate.h: data with world set. */

/* The true probability that the next event of this person at this time is on each item, up to a
 * factor, and so the best possible ranking, of purchases too (demo.c). `user` is a row as given by
 * pal_world_user (-1: a person without known taste); items[i] are rows as given by pal_world_item
 * (-1: unknown, scored 0). recent [n_recent] are the world rows of the person's events before
 * `now`, newest last. Pure; takes 80 KB of stack. */
int32_t pal_world_user(const pal_world *world, const char *user_id); /* -1: not of this world */
int32_t pal_world_item(const pal_world *world, const char *item_id);
void pal_world_score(const pal_world *world, int32_t user, const int32_t *recent, int32_t n_recent,
                     int64_t now, const int32_t *items, int32_t n_items, float *scores);
void pal_world_free(pal_world *world);

#endif
