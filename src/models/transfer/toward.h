/* toward.h - a person's row near what something else foretells of him. With m that guess (zeros:
 * none), S his distinct items, V and the spectrum als's:
 *
 *   x = argmin Σ_S (1 - x·V_i)² + alpha0 Σ_all ((x - m)·V_i)² + trust l2 |x - m|²
 *
 * is m where he has no history, als's own row where m = 0 and trust = 1, and between them the
 * nearer to his own the more he did. In d = x - m it is als's row for gains 1 - m·V_i: one solve of
 * ridge.h, linear in events and in m, so that a score is a sum over both. */
#ifndef PAL_MODELS_TRANSFER_TOWARD_H
#define PAL_MODELS_TRANSFER_TOWARD_H

#include "math/csr.h"
#include "models/collaborative/als.h"

typedef struct {          /* of one thread */
    void *history;        /* pal_history_bytes; zero at first */
    float *gains, *ridge; /* [n_items], pal_ridge_scratch */
    float *vector;        /* [width] */
} pal_toward_room;

/* Cuts `memory` (NULL: only counts) and returns the bytes that it takes, a multiple of 64. */
size_t pal_toward_cut(const pal_als_side *side, void *memory, pal_toward_room *out);

/* x [width]; items [n] distinct, weights [n] or NULL; guess [width] or NULL: zeros. */
void pal_toward_solve(const pal_als_side *side, double trust, const int32_t *items, int32_t n,
                      const float *weights, const float *guess, const pal_toward_room *room,
                      float *x);
/* What x·v consists of: amounts [n] of the items, and rest [width], whose product with the guess is
 * what that adds. v [width]; rest may be v. */
void pal_toward_explain(const pal_als_side *side, double trust, const int32_t *items, int32_t n,
                        const float *v, const pal_toward_room *room, float *amounts, float *rest);

/* --- what kinds share whose people are such rows --- */

typedef struct { /* of one thread */
    pal_toward_room solve;
    float *users;     /* [n_queries, width] */
    float *guess, *v; /* [width] */
    float *amounts;   /* [n_amounts] */
} pal_toward_person;

/* As pal_toward_cut, whose part comes first. */
size_t pal_toward_person_cut(const pal_als_side *side, int32_t n_queries, int32_t n_amounts,
                             void *memory, pal_toward_person *out);
/* user [width]: row `row` of people [n_users, k]. */
void pal_toward_trained(const pal_als_side *side, const float *people, int32_t row, float *user);
/* user [width]: solved from the query's history and room->guess, where it has one. */
void pal_toward_fold(const pal_als_side *side, double trust, const pal_query *query, bool has_guess,
                     const pal_toward_person *room, float *user);

/* The reasons that the items of the query's history are, and in room->v what is left of the item's
 * row for the guess; returns how many. */
int32_t pal_toward_explain_history(const pal_als_side *side, double trust, const pal_query *query,
                                   int32_t item, const pal_toward_person *room,
                                   pal_reason *reasons);
/* Adds what n reasons lack of user·V_item, called `what`, where that is more than rounding; returns
 * how many there are then. */
int32_t pal_toward_explain_left(const pal_als_side *side, const float *user, int32_t item,
                                const char *what, pal_reason *reasons, int32_t n);

/* Fills guess [width], with a room that is zero at first; false: there is none. */
typedef bool pal_toward_guess_fn(const void *arg, int32_t user, void *room, float *guess);
typedef struct {
    const pal_als_side *side;
    const pal_csr *pairs; /* of the log; values are weights */
    double trust;
    pal_toward_guess_fn *guess;
    const void *arg;
    size_t room_bytes; /* of what `guess` works in */
    float *people;     /* [n_users, k] rows of those of whom there is a guess are written */
} pal_toward_crowd;
pal_status pal_toward_solve_all(pal_ctx *ctx, const char *what, const pal_toward_crowd *crowd,
                                pal_arena *scratch);

/* The numbers of a row that the part's options say, before it is read; 0: it has none. */
int64_t pal_toward_factors(const pal_model *part);
/* rows [n, k] with zeros behind up to the side's width, in the arena or the rows themselves. */
pal_status pal_toward_pad(pal_ctx *ctx, const char *what, const pal_als_side *side, float *rows,
                          int64_t n, pal_arena *arena, float **out);

#endif
