/* registry.c - the kinds there are: one word each. */
#include "models/registry.h"

#include <stddef.h>
#include <string.h>

#include "models/train.h"

#define PAL_KINDS(X)                                                                               \
    X(random)                                                                                      \
    X(popular)                                                                                     \
    X(feature_count)                                                                               \
    X(again)                                                                                       \
    X(markov)                                                                                      \
    X(bias)                                                                                        \
    X(user_knn)                                                                                    \
    X(item_knn)                                                                                    \
    X(session_knn)                                                                                 \
    X(rp3beta)                                                                                     \
    X(ease)                                                                                        \
    X(puresvd)                                                                                     \
    X(gfcf)                                                                                        \
    X(slim)                                                                                        \
    X(blend)                                                                                       \
    X(als)                                                                                         \
    X(rerank)                                                                                      \
    X(mf)                                                                                          \
    X(svdpp)                                                                                       \
    X(gmf)                                                                                         \
    X(bpr)                                                                                         \
    X(lightgcn)                                                                                    \
    X(fm)                                                                                          \
    X(item_features)                                                                               \
    X(nn)                                                                                          \
    X(neumf)                                                                                       \
    X(mult_vae)                                                                                    \
    X(sasrec)                                                                                      \
    X(rnn)                                                                                         \
    X(gru)                                                                                         \
    X(lstm)                                                                                        \
    X(cnn)                                                                                         \
    X(two_tower)                                                                                   \
    X(ranker)                                                                                      \
    X(deepfm)                                                                                      \
    X(keyword)                                                                                     \
    X(attribute)                                                                                   \
    X(vector)                                                                                      \
    X(merged)                                                                                      \
    X(multitask)                                                                                   \
    X(domain_adapt)                                                                                \
    X(emcdr)                                                                                       \
    X(cold_map)                                                                                    \
    X(pretrain)

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

/* --- composite specs --- */

enum { REGISTRY_DEPTH_MAX = 3 }; /* of parts within parts */

/* The end of the text in parentheses that begins at `open`, or NULL; how deep they go. */
static const char *registry_close(const char *open, int32_t *deepest) {
    int32_t depth = 0;
    *deepest = 0;
    for (const char *c = open; *c; c++) {
        depth += (*c == '(') - (*c == ')');
        if (depth > *deepest) *deepest = depth;
        if (depth == 0) return c;
    }
    return NULL;
}

pal_status pal_specs_cut(pal_ctx *ctx, const char *text, pal_arena *arena,
                         const char *specs[PAL_PARTS_OF_MODEL_MAX], int32_t *n) {
    int32_t depth = 0;
    const char *begin = text;
    *n = 0;
    for (const char *c = text;; c++) {
        depth += (*c == '(') - (*c == ')');
        if (*c && (depth > 0 || !pal_specs_cut_at(c))) continue;
        if (*n == PAL_PARTS_OF_MODEL_MAX) {
            return pal_fail(ctx, PAL_EUSAGE, "'%s' has more than %d parts: name fewer", text,
                            PAL_PARTS_OF_MODEL_MAX);
        }
        while (*begin == ' ') begin++;
        specs[*n] = pal_arena_text(arena, begin, (size_t)(c - begin));
        if (!specs[(*n)++]) return pal_fail_memory(ctx, "a spec", 1e3);
        if (!*c) return PAL_OK;
        begin = c + 1;
    }
}

/* The kind whose parts stand beside such a character, or NULL. */
static const pal_kind *registry_find_joint(char c) {
    for (int32_t i = 0; c && pal_kinds[i]; i++) {
        if (pal_kinds[i]->joint == c) return pal_kinds[i];
    }
    return NULL;
}

const char *pal_spec_joint(const char *spec, const pal_kind **kind) {
    int32_t depth = 0;
    char quote = 0;
    for (const char *c = spec; *c; c++) {
        if (quote) {
            if (*c == quote) quote = 0;
            continue;
        }
        if (*c == '\'' || *c == '"') quote = *c;
        depth += (*c == '(') - (*c == ')');
        if (depth == 0 && (*kind = registry_find_joint(*c))) return c;
    }
    return NULL;
}

/* "a > b > c" as the kind's name and its parts "a , b , c"; NULL: nothing joins. */
static pal_status registry_take_joint(pal_ctx *ctx, const char *spec, pal_arena *arena,
                                      const char **plain, const char **of) {
    const pal_kind *kind = NULL, *other;
    const char *joint = pal_spec_joint(spec, &kind), *begin = spec;
    *of = NULL;
    if (!joint) return PAL_OK;
    char *text = pal_arena_text(arena, spec, strlen(spec));
    if (!text) return pal_fail_memory(ctx, spec, 1e3);
    for (const char *end = joint;; end = joint ? joint : begin + strlen(begin)) {
        const char *word = begin + strspn(begin, " ");
        int32_t depth = 0;
        for (const char *c = begin; c < end; c++) {
            depth += (*c == '(') - (*c == ')');
            if (depth || !pal_specs_cut_at(c)) continue;
            return pal_fail(ctx, PAL_EUSAGE, "'%s': stages stand beside %c alone: write a %c b",
                            spec, kind->joint, kind->joint);
        }
        if (word >= end)
            return pal_fail(ctx, PAL_EUSAGE, "'%s': a kind is missing beside %c: write a %c b",
                            spec, kind->joint, kind->joint);
        if (!joint) break;
        text[joint - spec] = ',';
        begin = joint + 1;
        joint = pal_spec_joint(begin, &other);
    }
    *plain = kind->name;
    *of = text;
    return PAL_OK;
}

/* "blend(a, b) x=1" as the name, the options and what stands in parentheses; NULL: nothing does. */
static pal_status registry_take_parts(pal_ctx *ctx, const char *spec, pal_arena *arena,
                                      const char **plain, const char **of) {
    const char *open = spec + strspn(spec, " abcdefghijklmnopqrstuvwxyz0123456789_"), *close;
    *plain = spec;
    *of = NULL;
    if (*open != '(') return PAL_OK;
    int32_t deepest;
    if (!(close = registry_close(open, &deepest))) {
        return pal_fail(ctx, PAL_EUSAGE, "'%s': the parenthesis is not closed: write name(a, b)",
                        spec);
    }
    if (deepest > REGISTRY_DEPTH_MAX)
        return pal_fail(ctx, PAL_EUSAGE, "'%s': parts may hold parts %d deep at the most", spec,
                        REGISTRY_DEPTH_MAX);
    size_t before = (size_t)(open - spec), length = strlen(close + 1);
    char *text = pal_arena_text(arena, spec, before + 1 + length);
    *of = pal_arena_text(arena, open + 1, (size_t)(close - open - 1));
    if (!text || !*of) return pal_fail_memory(ctx, spec, 1e3);
    text[before] = ' ';
    memcpy(text + before + 1, close + 1, length);
    *plain = text;
    return PAL_OK;
}

/* Each part must parse; a part of a part may have parts. */
static pal_status registry_check_parts(pal_ctx *ctx, const pal_kind *whole, const char *spec,
                                       const char *of, pal_arena *arena) {
    const char *parts[PAL_PARTS_OF_MODEL_MAX];
    int32_t n;
    TRY(pal_specs_cut(ctx, of, arena, parts, &n));
    if (whole->takes_one_part && n != 1)
        return pal_fail(ctx, PAL_EUSAGE, "'%s' has %d parts: %s takes one kind, such as %s(bpr)",
                        spec, n, whole->name, whole->name);
    if (!whole->takes_one_part && n < 2)
        return pal_fail(ctx, PAL_EUSAGE, "'%s' needs two parts and more", spec);
    for (int32_t i = 0; i < n; i++) {
        const pal_kind *kind;
        void *params;
        if (!parts[i][strspn(parts[i], " ")])
            return pal_fail(ctx, PAL_EUSAGE,
                            "'%s': part %d is empty: leave the comma out or write a name there",
                            spec, (int)i + 1);
        TRY(pal_kind_parse(ctx, parts[i], arena, &kind, &params));
    }
    return PAL_OK;
}

pal_status pal_kind_parse(pal_ctx *ctx, const char *spec, pal_arena *arena, const pal_kind **kind,
                          void **params) {
    const char *name, *options, *plain, *of;
    TRY(registry_take_joint(ctx, spec, arena, &plain, &of));
    if (!of) TRY(registry_take_parts(ctx, spec, arena, &plain, &of));
    TRY(pal_spec_split(ctx, plain, arena, &name, &options));
    const pal_kind *found = pal_kind_find(name);
    if (!found) return registry_fail_name(ctx, name);
    void *values = pal_arena_alloc(arena, 1, found->params_size);
    if (!values) return pal_fail_memory(ctx, spec, (double)found->params_size);
    TRY(pal_params_parse(ctx, found->name, found->params, values, arena, options));
    if (of && !found->parts)
        return pal_fail(ctx, PAL_EUSAGE, "%s has no parts: leave the parentheses out", found->name);
    if (found->parts) {
        const pal_param *row = pal_param_find(found->params, "of");
        const char *given = *(const char **)((char *)values + row->offset);
        bool is_default = given && row->initial && !strcmp(given, row->initial);
        if (of && given && !is_default)
            return pal_fail(ctx, PAL_EUSAGE,
                            "'%s' names its parts twice: write them in the parentheses or as of=, "
                            "not both",
                            spec);
        if (of) TRY(pal_param_set(ctx, found->name, found->params, values, arena, "of", of));
        if (of) given = of;
        if (!given || !*given)
            return pal_fail(ctx, PAL_EUSAGE, "%s needs its parts: write %s(%s)", found->name,
                            found->name, found->takes_one_part ? "a" : "a, b");
        TRY(registry_check_parts(ctx, found, spec, given, arena));
    }
    *kind = found;
    *params = values;
    return PAL_OK;
}

/* Appends the spec, or those of its parts, that learn from every event alike. */
static void registry_add_weightless(pal_ctx *ctx, const char *spec, pal_arena *arena,
                                    pal_text *names) {
    const pal_kind *kind;
    void *params;
    if (pal_kind_parse(ctx, spec, arena, &kind, &params) != PAL_OK) return;
    if (kind->traits & PAL_IGNORES_WEIGHTS) {
        pal_text_addf(names, names->length ? ", %s" : "%s", spec + strspn(spec, " "));
        return;
    }
    if (!kind->parts) return;
    const pal_param *row = pal_param_find(kind->params, "of");
    const char *parts[PAL_PARTS_OF_MODEL_MAX];
    int32_t n;
    if (pal_specs_cut(ctx, *(const char **)((char *)params + row->offset), arena, parts, &n) !=
        PAL_OK)
        return;
    for (int32_t i = 0; i < n; i++) registry_add_weightless(ctx, parts[i], arena, names);
}

void pal_specs_tell_weights(pal_ctx *ctx, const char *const *specs) {
    pal_arena scratch = {0};
    pal_text names = {0};
    for (int32_t i = 0; specs[i]; i++) registry_add_weightless(ctx, specs[i], &scratch, &names);
    if (names.bytes && !names.failed)
        pal_note(ctx, PAL_NOTICE_INFO, "weights of events (--half-life, --events) do not reach %s",
                 names.bytes);
    pal_text_release(&names);
    pal_arena_release(&scratch);
}

void pal_specs_tell_source(pal_ctx *ctx, const char *const *specs, bool has_source, bool alone) {
    pal_arena scratch = {0};
    for (int32_t i = 0; specs[i]; i++) {
        const pal_kind *kind;
        void *params;
        if (pal_kind_parse(ctx, specs[i], &scratch, &kind, &params) != PAL_OK) continue;
        bool uses = pal_kind_uses_source(kind, params);
        if (uses && !has_source)
            pal_note(ctx, PAL_NOTICE_INFO,
                     "%s: there is no second domain: it learns from the log alone", specs[i]);
        if (has_source && alone && !uses && !kind->parts) /* a part may use it */
            pal_note(ctx, PAL_NOTICE_WARNING,
                     "%s does not learn from the second domain: kinds that do are named in palate "
                     "models, e.g. merged(%s)",
                     specs[i], kind->name);
    }
    pal_arena_release(&scratch);
}
