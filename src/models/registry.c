/* registry.c - the kinds there are: one word each. */
#include "models/registry.h"

#include <stddef.h>

#define PAL_KINDS(X)                                                                               \
    X(random)                                                                                      \
    X(popular)                                                                                     \
    X(again)                                                                                       \
    X(markov)                                                                                      \
    X(bias)                                                                                        \
    X(user_knn)                                                                                    \
    X(item_knn)                                                                                    \
    X(session_knn)                                                                                 \
    X(ease)                                                                                        \
    X(mf)                                                                                          \
    X(gmf)                                                                                         \
    X(nn)

#define REGISTRY_DECLARE(name) extern const pal_kind pal_kind_##name;
PAL_KINDS(REGISTRY_DECLARE)

#define REGISTRY_LIST(name) &pal_kind_##name,
const pal_kind *const pal_kinds[] = {PAL_KINDS(REGISTRY_LIST) NULL};

const pal_kind *pal_kind_find(const char *name) {
    for (int32_t i = 0; pal_kinds[i]; i++) {
        if (pal_name_equal(pal_kinds[i]->name, name)) return pal_kinds[i];
    }
    return NULL;
}

enum { REGISTRY_KINDS = sizeof pal_kinds / sizeof *pal_kinds - 1 };

static pal_status registry_fail_name(pal_ctx *ctx, const char *name) {
    const char *names[REGISTRY_KINDS];
    for (int32_t i = 0; i < REGISTRY_KINDS; i++) names[i] = pal_kinds[i]->name;
    return pal_fail_name(ctx, "kind", name, names, REGISTRY_KINDS);
}

pal_status pal_kind_parse(pal_ctx *ctx, const char *spec, pal_arena *arena, const pal_kind **kind,
                          void **params) {
    const char *name, *options;
    TRY(pal_spec_split(ctx, spec, arena, &name, &options));
    const pal_kind *found = pal_kind_find(name);
    if (!found) return registry_fail_name(ctx, name);
    void *values = pal_arena_alloc(arena, 1, found->params_size);
    if (!values) return pal_fail_memory(ctx, spec, (double)found->params_size);
    TRY(pal_params_parse(ctx, found->name, found->params, values, arena, options));
    *kind = found;
    *params = values;
    return PAL_OK;
}
