/* profile.h - profiles of people as sparse rows, and how the cells of a query become such a row:
 * tokens and sets one-hot, numbers standardized, a missing number a feature of its own, as
 * represent/attributes.h has them. */
#ifndef PAL_MODELS_TRANSFER_PROFILE_H
#define PAL_MODELS_TRANSFER_PROFILE_H

#include "math/csr.h"
#include "models/model.h"

typedef struct {
    int64_t *range;   /* [2] 0, n features */
    int64_t *starts;  /* [n + 1] into names */
    char *names;      /* "city: Lyon", "age", "age: missing", each ended by a NUL */
    int32_t *tails;   /* [n] where the token begins in the name; 0: a number, -1: it is missing */
    int32_t *columns; /* [n] length of the column's name */
    int32_t *separators;       /* [n] between the tokens of a set; 0: the cell is one token */
    float *means, *deviations; /* [n] of a number */
} pal_profile;

/* rows [n_users of the log, n] in `scratch`, empty where a user has no profile. `users` may be
 * NULL: no features. */
pal_status pal_profile_fit(pal_ctx *ctx, const char *what, const pal_catalog *users,
                           const pal_log *log, pal_arena *arena, pal_arena *scratch,
                           pal_profile *out, pal_csr *rows);
/* The features of a query, ascending, and their values; returns how many, at most n. 0 where no
 * cell is known. */
int32_t pal_profile_encode(const pal_profile *profile, const pal_query *query, int32_t *features,
                           float *values);
/* Whether a cell is known. */
bool pal_profile_answers(const pal_profile *profile, const pal_query *query);
/* Lists the arrays; returns how many. */
int32_t pal_profile_tensors(pal_profile *profile, pal_tensor *tensors);
/* Whether what came from a file fits itself. */
bool pal_profile_is_valid(const pal_profile *profile);
static inline const char *pal_profile_name(const pal_profile *profile, int32_t feature) {
    return profile->names + profile->starts[feature];
}

#endif
