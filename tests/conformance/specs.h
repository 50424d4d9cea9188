/* specs.h - a spec of every kind there is, those that are made of others included. */
#ifndef PAL_TESTS_CONFORMANCE_SPECS_H
#define PAL_TESTS_CONFORMANCE_SPECS_H

#include <stdio.h>
#include <string.h>

#include "models/model.h"

/* joined: of a kind that is written between its parts; two, one: parts of kinds that take several,
 * or a single one. */
static inline void spec_of_kind(const pal_kind *kind, const char *joined, const char *two,
                                const char *one, const char *more, char *out, size_t n) {
    const pal_param *of = pal_param_find(kind->params, "of");
    bool is_made = of && !of->initial; /* else a part goes without saying */
    if (kind->joint) {
        snprintf(out, n, "%s%s", joined, more);
    } else if (is_made) {
        snprintf(out, n, "%s(%s)%s", kind->name, kind->takes_one_part ? one : two, more);
    } else {
        snprintf(out, n, "%s%s", kind->name, more);
    }
}

#endif
