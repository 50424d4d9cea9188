/* fuzz_spec.c - specs and option texts: what is accepted reads back the same from its canonical
 * form. */
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/param.h"
#include "data/split.h"
#include "fuzz.h"

typedef struct {
    int64_t whole, size;
    double real, span;
    bool flag;
    int32_t choice;
    const char *text;
    pal_texts texts;
    pal_ints ints;
} fuzz_values;

static const char *const fuzz_choices[] = {"cosine", "bm25", "tf_idf", NULL};
static const pal_param fuzz_table[] = {
    {.name = "whole",
     .type = PAL_PARAM_INT,
     .offset = offsetof(fuzz_values, whole),
     .initial = "7",
     .min = -10,
     .max = 1e12},
    {.name = "size",
     .type = PAL_PARAM_BYTES,
     .offset = offsetof(fuzz_values, size),
     .initial = "1GB",
     .min = 0,
     .max = 1e15},
    {.name = "real",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(fuzz_values, real),
     .initial = "0.1"},
    {.name = "span",
     .type = PAL_PARAM_SECONDS,
     .offset = offsetof(fuzz_values, span),
     .initial = "30d"},
    {.name = "flag", .type = PAL_PARAM_FLAG, .offset = offsetof(fuzz_values, flag)},
    {.name = "choice",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(fuzz_values, choice),
     .choices = fuzz_choices},
    {.name = "text", .type = PAL_PARAM_TEXT, .offset = offsetof(fuzz_values, text)},
    {.name = "texts", .type = PAL_PARAM_TEXTS, .offset = offsetof(fuzz_values, texts)},
    {.name = "ints",
     .type = PAL_PARAM_INTS,
     .offset = offsetof(fuzz_values, ints),
     .initial = "10,20",
     .min = 1,
     .max = 1000},
    {0},
};

static const char *fuzz_canonical(const fuzz_values *values, pal_text *out) {
    pal_params_format(fuzz_table, values, false, out);
    return out->bytes ? out->bytes : "";
}

static void fuzz_params(const char *text) {
    pal_ctx ctx = {0};
    pal_arena arena = {0};
    fuzz_values values, again;
    if (pal_params_parse(&ctx, "fuzz", fuzz_table, &values, &arena, text) == PAL_OK) {
        pal_text first = {0}, second = {0};
        const char *canonical = fuzz_canonical(&values, &first);
        if (pal_params_parse(&ctx, "fuzz", fuzz_table, &again, &arena, canonical) != PAL_OK)
            abort();
        if (strcmp(canonical, fuzz_canonical(&again, &second))) abort();
        pal_text_release(&first);
        pal_text_release(&second);
    } else if (!*ctx.error) {
        abort();
    }
    pal_arena_release(&arena);
}

static void fuzz_name(const char *text) {
    pal_ctx ctx = {0};
    pal_arena arena = {0};
    const char *name, *options;
    if (pal_spec_split(&ctx, text, &arena, &name, &options) == PAL_OK) {
        if (!*name || options < text || options > text + strlen(text)) abort();
    } else if (!*ctx.error) {
        abort();
    }
    pal_arena_release(&arena);
}

enum { FUZZ_EVENTS = 60 };

/* A small log: 6 users and 5 items, one event a second. */
static void fuzz_make_data(pal_data *data) {
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    pal_ctx ctx = {0};
    int32_t users[FUZZ_EVENTS], items[FUZZ_EVENTS];
    int64_t times[FUZZ_EVENTS];
    for (int32_t e = 0; e < FUZZ_EVENTS; e++) {
        users[e] = pal_ids_add(&data->user_ids, names[e % 6], 1);
        items[e] = pal_ids_add(&data->item_ids, names[e % 5], 1);
        times[e] = e;
    }
    pal_events events = {.n = FUZZ_EVENTS, .users = users, .items = items, .times = times};
    pal_log_about about = {.n_users = 6,
                           .n_items = 5,
                           .target_types = UINT32_MAX,
                           .user_ids = &data->user_ids,
                           .item_ids = &data->item_ids};
    if (pal_log_build(&ctx, &events, &about, &data->parts[0]) != PAL_OK) abort();
    data->n_parts = 1;
}

/* What is accepted makes the same split from its canonical spec. */
static void fuzz_split(const char *text) {
    pal_ctx ctx = {.seed = 1};
    pal_data data = {0};
    pal_split split, again;
    fuzz_make_data(&data);
    if (pal_split_make(&ctx, &data, text, &split) == PAL_OK) {
        if (pal_split_make(&ctx, &data, split.spec, &again) != PAL_OK) abort();
        if (pal_split_hash(&split) != pal_split_hash(&again)) abort();
        pal_split_release(&split);
        pal_split_release(&again);
    } else if (!*ctx.error) {
        abort();
    }
    pal_log_release(&data.parts[0]);
    pal_ids_release(&data.user_ids);
    pal_ids_release(&data.item_ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    char *text = malloc(n + 1);
    if (!text) return 0;
    memcpy(text, bytes, n);
    text[n] = '\0';
    fuzz_name(text);
    fuzz_params(text);
    fuzz_split(text);
    free(text);
    return 0;
}
