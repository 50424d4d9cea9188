/* registry.h - the kinds there are. */
#ifndef PAL_MODELS_REGISTRY_H
#define PAL_MODELS_REGISTRY_H

#include "models/model.h"

/* NULL-ended, in the order of the reference pages. */
extern const pal_kind *const pal_kinds[];
/* The demo's true preference: scored by eval as a row beside the kinds, never listed, stored or
 * chosen. */
extern const pal_kind pal_kind_oracle;

const pal_kind *pal_kind_find(const char *name); /* or NULL */

enum { PAL_PARTS_OF_MODEL_MAX = 8 };
/* Whether the comma at `c` stands between specs: what follows is no number of a list such as
 * layers=64,32. */
static inline bool pal_specs_cut_at(const char *c) {
    if (*c != ',') return false;
    c++;
    while (*c == ' ') c++;
    return !((*c >= '0' && *c <= '9') || *c == '.' || *c == '-' || *c == '+');
}
/* The specs in "a x=1, b(c, d)", cut at such commas outside of parentheses; *n is at most
 * PAL_PARTS_OF_MODEL_MAX. PAL_EUSAGE with a sentence. */
pal_status pal_specs_cut(pal_ctx *ctx, const char *text, pal_arena *arena,
                         const char *specs[PAL_PARTS_OF_MODEL_MAX], int32_t *n);

/* Where a spec "a > b" is joined outside of parentheses and quotes, and by which kind; or NULL. */
const char *pal_spec_joint(const char *spec, const pal_kind **kind);

/* A parsed spec: kind and parameters, in the arena. PAL_EUSAGE with the nearest name. */
pal_status pal_kind_parse(pal_ctx *ctx, const char *spec, pal_arena *arena, const pal_kind **kind,
                          void **params);

/* A note that names the specs [NULL-ended], or the parts of them, that learn from every event alike
 * where events weigh differently; none where there are none. */
void pal_specs_tell_weights(pal_ctx *ctx, const char *const *specs);
/* A note for each spec that would learn from a second domain and has none, or, where `has_source`
 * and `alone`, that has one and does not learn from it. */
void pal_specs_tell_source(pal_ctx *ctx, const char *const *specs, bool has_source, bool alone);

#endif
