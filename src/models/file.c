/* file.c - models as containers: the spec, the tensors that the kind lists, the log with its ids
 * and titles, and the same of a second domain. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/new_items.h"
#include "models/rank.h"
#include "models/registry.h"
#include "models/shrink.h"
#include "models/train.h"

/* --- tensors --- */

/* Replaces dims of -1 by the end of the row starts listed before, and -2 by one more; these must be
 * in place. */
static void file_resolve_dims(pal_tensor *tensors, int32_t i) {
    for (int32_t d = 0; d < tensors[i].n_dims; d++) {
        for (int32_t s = i - 1; tensors[i].dims[d] < 0 && s >= 0; s--) {
            if (tensors[s].role != PAL_ROLE_STARTS) continue;
            const int64_t *starts = *tensors[s].data;
            int64_t end = starts[tensors[s].dims[0] - 1];
            tensors[i].dims[d] = tensors[i].dims[d] == -2 ? end + 1 : end;
        }
    }
}

static int32_t file_list_tensors(const pal_model *model, pal_tensor tensors[PAL_TENSORS_MAX]) {
    return model->kind->tensors(model->params, model->state, model->log->n_users,
                                model->log->n_items, tensors);
}

int32_t pal_model_tensors(const pal_model *model, pal_tensor tensors[PAL_TENSORS_MAX]) {
    if (!model->kind->tensors) return 0;
    int32_t n = file_list_tensors(model, tensors);
    for (int32_t i = 0; i < n; i++) file_resolve_dims(tensors, i);
    return n;
}

/* --- writing --- */

/* Spec and tensors of a model under `prefix`, and its fallback's under prefix + "fallback/". */
static pal_status file_store_model(pal_ctx *ctx, const pal_model *model, const char *prefix,
                                   pal_precision precision, pal_container *container) {
    if (!model->kind->tensors)
        return pal_fail(ctx, PAL_EUSAGE, "%s cannot be stored", model->kind->name);
    char name[96];
    snprintf(name, sizeof name, "%sspec", prefix);
    TRY(pal_container_set(ctx, container, name, model->spec));
    if (model->metrics) {
        snprintf(name, sizeof name, "%smetrics", prefix);
        TRY(pal_container_set(ctx, container, name, model->metrics));
    }
    pal_tensor tensors[PAL_TENSORS_MAX];
    int32_t n = pal_model_tensors(model, tensors);
    for (int32_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "%sstate/%s", prefix, tensors[i].name);
        TRY(pal_tensor_store(ctx, model, &tensors[i], name, precision, container));
    }
    int32_t n_parts;
    pal_model **parts = pal_model_parts(model, &n_parts);
    for (int32_t i = 0; i < n_parts; i++) {
        snprintf(name, sizeof name, "%spart%d/", prefix, i);
        TRY(file_store_model(ctx, parts[i], name, precision, container));
    }
    if (!model->fallback) return PAL_OK;
    snprintf(name, sizeof name, "%sfallback/", prefix);
    return file_store_model(ctx, model->fallback, name, precision, container);
}

/* The second domain: log, ids, titles, and what is the same in both. */
static pal_status file_store_source(pal_ctx *ctx, const pal_source *source,
                                    pal_container *container) {
    const pal_log *log = source->log;
    TRY(pal_container_set(ctx, container, "source/shared", pal_sharing_choices[source->shared]));
    TRY(pal_ids_store(ctx, log->about.user_ids, log->n_users, "source/users/", container));
    TRY(pal_ids_store(ctx, log->about.item_ids, log->n_items, "source/items/", container));
    TRY(pal_log_store(ctx, log, "source/log/", container));
    return source->items ? pal_catalog_store(ctx, source->items, true, "source/catalog/", container)
                         : PAL_OK;
}

pal_status pal_model_store(pal_ctx *ctx, const pal_model *model, pal_precision precision,
                           pal_container *container) {
    char hash[32];
    snprintf(hash, sizeof hash, "%016" PRIx64, model->data_hash);
    TRY(pal_container_set(ctx, container, "data_hash", hash));
    if (model->hide) TRY(pal_container_set(ctx, container, "hide", pal_hide_choices[model->hide]));
    if (model->n_seen_items < model->log->n_items) {
        snprintf(hash, sizeof hash, "%d", (int)model->n_seen_items);
        TRY(pal_container_set(ctx, container, "n_seen_items", hash));
    }
    if (model->n_listed_items) {
        snprintf(hash, sizeof hash, "%d", (int)model->n_listed_items);
        TRY(pal_container_set(ctx, container, "n_listed_items", hash));
    }
    TRY(file_store_model(ctx, model, "", precision, container));
    if (pal_model_source(model)) TRY(file_store_source(ctx, pal_model_source(model), container));
    TRY(pal_ids_store(ctx, model->log->about.user_ids, model->log->n_users, "users/", container));
    TRY(pal_ids_store(ctx, model->log->about.item_ids, model->log->n_items, "items/", container));
    TRY(pal_log_store(ctx, model->log, "log/", container));
    if (model->searches) TRY(pal_searches_store(ctx, model->searches, "searches/", container));
    return model->items ? pal_catalog_store(ctx, model->items, true, "catalog/", container)
                        : PAL_OK;
}

pal_status pal_model_put(pal_ctx *ctx, const pal_model *model, pal_writer *writer) {
    pal_container container = {0};
    pal_status status = pal_model_store(ctx, model, PAL_PRECISION_FLOAT32, &container);
    if (status == PAL_OK) status = pal_container_put(ctx, &container, "model", writer);
    pal_container_release(&container);
    return status;
}

pal_status pal_model_save(pal_ctx *ctx, const pal_model *model, const char *path) {
    pal_container container = {0};
    pal_status status = pal_model_store(ctx, model, PAL_PRECISION_FLOAT32, &container);
    if (status == PAL_OK) status = pal_container_write(ctx, &container, "model", path);
    pal_container_release(&container);
    return status;
}

/* --- reading --- */

static bool file_check_role(const pal_tensor *tensor, const void *data) {
    int64_t n = pal_tensor_numbers(tensor);
    if (tensor->role == PAL_ROLE_STARTS) {
        const int64_t *starts = data;
        if (n < 1 || starts[0] != 0) return false;
        for (int64_t i = 1; i < n; i++) {
            if (starts[i] < starts[i - 1]) return false;
        }
    }
    if (tensor->role == PAL_ROLE_INDEX) {
        const int32_t *indices = data;
        for (int64_t i = 0; i < n; i++) {
            if (indices[i] < 0 || indices[i] >= tensor->index_bound) return false;
        }
    }
    return true;
}

static pal_status file_restore_tensor(pal_ctx *ctx, const pal_container *container,
                                      const char *prefix, pal_tensor *tensor, pal_arena *arena) {
    char name[96];
    const pal_stored *stored;
    snprintf(name, sizeof name, "%sstate/%s", prefix, tensor->name);
    if (pal_tensor_is_small(container, tensor, name))
        return pal_tensor_restore_small(ctx, container, tensor, name, arena);
    TRY(pal_container_find(ctx, container, name, tensor->dtype, tensor->n_dims, &stored));
    bool fits = true;
    for (int32_t d = 0; d < tensor->n_dims; d++) fits &= stored->dims[d] == tensor->dims[d];
    if (!fits || !file_check_role(tensor, stored->data)) {
        return pal_fail(ctx, PAL_EFORMAT,
                        "%s: the model's tensor %s is not valid: train the model again",
                        container->what, name);
    }
    int64_t bytes = pal_tensor_bytes(tensor);
    void *copy = pal_arena_alloc(arena, bytes, 1);
    if (!copy) return pal_fail_memory(ctx, "the model", (double)bytes);
    memcpy(copy, stored->data, (size_t)bytes);
    *tensor->data = copy;
    return PAL_OK;
}

static pal_status file_restore_parts(pal_ctx *ctx, const pal_container *container,
                                     const char *prefix, const pal_source *source,
                                     pal_model *model);

/* source: what the file holds of a second domain, or NULL. */
static pal_status file_restore_state(pal_ctx *ctx, const pal_container *container,
                                     const char *prefix, const char *spec, const pal_source *source,
                                     pal_model *model) {
    if (pal_kind_parse(ctx, spec, &model->arena, &model->kind, &model->params) != PAL_OK) {
        char why[PAL_ERROR_MAX];
        snprintf(why, sizeof why, "%s", ctx->error);
        return pal_fail(ctx, PAL_EFORMAT, "%s: this palate does not know the model's spec (%s)",
                        container->what, why);
    }
    model->spec = pal_arena_text(&model->arena, spec, strlen(spec));
    model->state = pal_arena_alloc(&model->arena, 1, model->kind->state_size);
    if (!model->spec || !model->state) return pal_fail_memory(ctx, "the model", 1e3);
    TRY(pal_part_log(ctx, model->kind, model->log, model->n_seen_items, &model->arena,
                     &model->log));
    if (pal_kind_keeps_source(model->kind, model->params)) model->source = source;
    TRY(file_restore_parts(ctx, container, prefix, source, model));
    pal_tensor tensors[PAL_TENSORS_MAX];
    int32_t n = file_list_tensors(model, tensors);
    for (int32_t i = 0; i < n; i++) {
        file_resolve_dims(tensors, i);
        TRY(file_restore_tensor(ctx, container, prefix, &tensors[i], &model->arena));
    }
    if (model->kind->prepare)
        TRY(model->kind->prepare(ctx, model->params, &model->arena, model->state));
    return pal_model_count_users(ctx, model);
}

/* What a part learned from: the model's log, or what the kind says. */
static pal_status file_find_part_log(pal_ctx *ctx, pal_model *model, int32_t i, pal_model *part) {
    part->log = model->log;
    part->n_seen_items = model->n_seen_items;
    if (!model->kind->part_log) return PAL_OK;
    TRY(model->kind->part_log(ctx, model->params, model->state, model->log, model->source, i,
                              &model->arena, &part->log));
    if (part->log != model->log) part->n_seen_items = part->log->n_items;
    return PAL_OK;
}

/* Parts stand under prefix + "part0/", …; nesting ends where specs may nest no further. */
static pal_status file_restore_parts(pal_ctx *ctx, const pal_container *container,
                                     const char *prefix, const pal_source *source,
                                     pal_model *model) {
    int32_t n;
    pal_model **parts = pal_model_parts(model, &n);
    for (int32_t i = 0; i < n; i++) {
        char name[128], below[96];
        if (snprintf(below, sizeof below, "%spart%d/", prefix, i) >= (int)sizeof below - 32)
            return pal_fail(ctx, PAL_EFORMAT, "%s: parts within parts go too deep",
                            container->what);
        snprintf(name, sizeof name, "%sspec", below);
        const char *spec = pal_container_get(container, name);
        if (!spec)
            return pal_fail(ctx, PAL_EFORMAT, "%s: lacks a part of the model: train it again",
                            container->what);
        if (!(parts[i] = calloc(1, sizeof *parts[i])))
            return pal_fail_memory(ctx, "the model", sizeof *parts[i]);
        parts[i]->catalog.title = -1;
        TRY(file_find_part_log(ctx, model, i, parts[i]));
        TRY(file_restore_state(ctx, container, below, spec, source, parts[i]));
        if (parts[i]->source) model->source = source;
    }
    return PAL_OK;
}

/* Spec and tensors under `prefix`, then the fallback's, one level deep. */
static pal_status file_restore_model(pal_ctx *ctx, const pal_container *container,
                                     const char *prefix, const pal_source *source,
                                     pal_model *model) {
    char name[96];
    snprintf(name, sizeof name, "%sspec", prefix);
    const char *spec = pal_container_get(container, name);
    if (!spec)
        return pal_fail(ctx, PAL_EFORMAT, "%s: holds no spec: it was made by another program",
                        container->what);
    TRY(file_restore_state(ctx, container, prefix, spec, source, model));
    snprintf(name, sizeof name, "%smetrics", prefix);
    const char *metrics = pal_container_get(container, name);
    if (metrics && !(model->metrics = strdup(metrics)))
        return pal_fail_memory(ctx, "the model", 1e3);
    if (*prefix || !pal_container_get(container, "fallback/spec")) return PAL_OK;
    pal_model *fallback = calloc(1, sizeof *fallback);
    if (!fallback) return pal_fail_memory(ctx, "the model", sizeof *fallback);
    fallback->catalog.title = -1;
    fallback->log = pal_log_with_items(model->log, model->n_seen_items, &fallback->arena);
    fallback->n_seen_items = model->n_seen_items;
    if (!fallback->log) {
        pal_model_free(fallback);
        return pal_fail_memory(ctx, "the model", sizeof(pal_log));
    }
    pal_model_set_fallback(model, fallback);
    return file_restore_model(ctx, container, "fallback/", source, fallback);
}

/* A number of items that the container tells, from `least` on; `initial` where it tells none. */
static pal_status file_restore_count(pal_ctx *ctx, const pal_container *container, const char *name,
                                     int32_t initial, int32_t least, int32_t n_items,
                                     int32_t *out) {
    const char *text = pal_container_get(container, name);
    double n = initial;
    bool is_valid = !text || pal_parse_double(text, text + strlen(text), &n);
    if (!is_valid || n != floor(n) || (text && !(n >= least && n <= n_items)))
        return pal_fail(ctx, PAL_EFORMAT,
                        "%s: the model's number of used items is not valid: train the model again",
                        container->what);
    *out = (int32_t)n;
    return PAL_OK;
}

/* How many of the items have a training event (all where nothing is said), how many are listed. */
static pal_status file_restore_seen(pal_ctx *ctx, const pal_container *container,
                                    pal_model *model) {
    const pal_log *log = model->log;
    int32_t least = 1;
    for (int64_t e = 0; e < log->n_events; e++)
        least = log->items[e] >= least ? log->items[e] + 1 : least;
    TRY(file_restore_count(ctx, container, "n_seen_items", log->n_items, least, log->n_items,
                           &model->n_seen_items));
    return file_restore_count(ctx, container, "n_listed_items", 0, 1, log->n_items,
                              &model->n_listed_items);
}

static pal_status file_restore_source(pal_ctx *ctx, const pal_container *container,
                                      pal_source_own *out) {
    const char *shared = pal_container_get(container, "source/shared");
    int32_t sharing = 0;
    while (pal_sharing_choices[sharing] && strcmp(pal_sharing_choices[sharing], shared)) sharing++;
    TRY(pal_ids_restore(ctx, container, "source/users/", &out->user_ids));
    TRY(pal_ids_restore(ctx, container, "source/items/", &out->item_ids));
    TRY(pal_log_restore(ctx, container, "source/log/", &out->user_ids, &out->item_ids, &out->log));
    if (!pal_sharing_choices[sharing] || out->log.n_users != out->user_ids.n ||
        out->log.n_items != out->item_ids.n)
        return pal_fail(ctx, PAL_EFORMAT,
                        "%s: the model's second domain is not valid: train the model again",
                        container->what);
    TRY(pal_catalog_restore(ctx, container, "source/catalog/", &out->catalog));
    out->source = (pal_source){.log = &out->log,
                               .items = out->catalog.ids.n ? &out->catalog : NULL,
                               .shared = (pal_sharing)sharing};
    return PAL_OK;
}

static pal_status file_restore(pal_ctx *ctx, const pal_container *container, pal_model *model) {
    TRY(pal_ids_restore(ctx, container, "users/", &model->user_ids));
    TRY(pal_ids_restore(ctx, container, "items/", &model->item_ids));
    TRY(pal_log_restore(ctx, container, "log/", &model->user_ids, &model->item_ids,
                        &model->owned_log));
    model->log = &model->owned_log;
    if (model->log->n_users != model->user_ids.n || model->log->n_items != model->item_ids.n ||
        model->log->n_items == 0) {
        return pal_fail(ctx, PAL_EFORMAT,
                        "%s: the model's log and ids do not fit: train the model again",
                        container->what);
    }
    TRY(pal_catalog_restore(ctx, container, "catalog/", &model->catalog));
    if (model->catalog.ids.n) model->items = &model->catalog;
    model->data_hash = pal_log_hash(model->log);
    TRY(file_restore_seen(ctx, container, model));
    TRY(pal_searches_restore(ctx, container, "searches/", model->log->n_users, PAL_SEARCH_PARTS,
                             &model->owned_searches));
    if (model->owned_searches.n) model->searches = &model->owned_searches;
    const char *hide = pal_container_get(container, "hide");
    for (int32_t i = 0; hide && pal_hide_choices[i]; i++) {
        if (!strcmp(pal_hide_choices[i], hide)) model->hide = i;
    }
    const pal_source *source = NULL;
    if (pal_container_get(container, "source/shared")) {
        TRY(file_restore_source(ctx, container, &model->own_source));
        source = &model->own_source.source;
    }
    return file_restore_model(ctx, container, "", source, model);
}

pal_status pal_model_restore(pal_ctx *ctx, const pal_container *container, pal_model **out) {
    pal_model *model = calloc(1, sizeof *model);
    if (!model) return pal_fail_memory(ctx, "the model", sizeof *model);
    model->catalog.title = -1;
    pal_status status = file_restore(ctx, container, model);
    if (status != PAL_OK) {
        pal_model_free(model);
        return status;
    }
    *out = model;
    return PAL_OK;
}

pal_status pal_model_load(pal_ctx *ctx, const char *path, pal_model **out) {
    pal_container container;
    TRY(pal_container_open(ctx, path, "model", true, &container));
    pal_status status = pal_model_restore(ctx, &container, out);
    pal_container_release(&container);
    return status;
}

pal_status pal_model_parse(pal_ctx *ctx, const char *what, const char *bytes, size_t n,
                           pal_model **out) {
    pal_container container;
    TRY(pal_container_parse(ctx, what, bytes, n, "model", &container));
    pal_status status = pal_model_restore(ctx, &container, out);
    pal_container_release(&container);
    return status;
}

/* --- keeping --- */

static pal_status file_copy_log(pal_ctx *ctx, const pal_log *log, pal_log *out) {
    pal_arena scratch = {0};
    uint8_t *keep = PAL_ARENA_ARRAY(&scratch, uint8_t, log->n_events);
    pal_status status =
        keep ? PAL_OK : pal_fail_memory(ctx, "the model's log", (double)log->n_events);
    if (keep) memset(keep, 1, (size_t)log->n_events);
    if (status == PAL_OK) status = pal_log_select(ctx, log, keep, NULL, NULL, &log->about, out);
    pal_arena_release(&scratch);
    return status;
}

static pal_status file_set_log(pal_ctx *ctx, pal_model *model, const pal_log *log) {
    int32_t n;
    pal_model **parts = pal_model_parts(model, &n);
    TRY(pal_part_log(ctx, model->kind, log, model->n_seen_items, &model->arena, &model->log));
    for (int32_t i = 0; i < n; i++) {
        parts[i]->searches = NULL; /* the whole keeps them */
        TRY(file_find_part_log(ctx, model, i, parts[i]));
        TRY(file_set_log(ctx, parts[i], parts[i]->log));
    }
    if (!model->fallback) return PAL_OK;
    model->fallback->searches = NULL;
    log = pal_log_with_items(log, model->n_seen_items, &model->fallback->arena);
    return log ? file_set_log(ctx, model->fallback, log)
               : pal_fail_memory(ctx, "the model", sizeof(pal_log));
}

/* Where a source is used, by the model, its parts or its fallback, this one stands for it. */
static void file_set_source(pal_model *model, const pal_source *source) {
    int32_t n;
    pal_model **parts = pal_model_parts(model, &n);
    if (model->source) model->source = source;
    for (int32_t i = 0; i < n; i++) file_set_source(parts[i], source);
    if (model->fallback) file_set_source(model->fallback, source);
}

static pal_status file_keep_searches(pal_ctx *ctx, pal_model *model) {
    const pal_searches *searches = model->searches;
    if (!searches) return PAL_OK;
    pal_arena scratch = {0};
    int32_t *rows = PAL_ARENA_ARRAY(&scratch, int32_t, searches->n_users);
    const pal_search_range all = {INT64_MIN, INT64_MAX, PAL_SEARCH_PARTS};
    for (int32_t u = 0; rows && u < searches->n_users; u++) rows[u] = u;
    pal_status status = rows ? pal_searches_select(ctx, searches, rows, searches->n_users, &all,
                                                   &model->owned_searches)
                             : pal_fail_memory(ctx, "the searches", 4.0 * searches->n_users);
    pal_arena_release(&scratch);
    model->searches = status == PAL_OK ? &model->owned_searches : NULL;
    return status;
}

pal_status pal_model_keep(pal_ctx *ctx, pal_model *model) {
    if (model->log == &model->owned_log) return PAL_OK;
    const pal_log *log = model->log;
    TRY(pal_ids_select(ctx, log->about.user_ids, NULL, log->n_users, &model->user_ids));
    TRY(pal_ids_select(ctx, log->about.item_ids, NULL, log->n_items, &model->item_ids));
    TRY(file_copy_log(ctx, log, &model->owned_log));
    model->owned_log.about.user_ids = &model->user_ids;
    model->owned_log.about.item_ids = &model->item_ids;
    if (pal_model_source(model)) {
        TRY(pal_source_copy(ctx, pal_model_source(model), &model->own_source));
        file_set_source(model, &model->own_source.source);
    }
    TRY(file_set_log(ctx, model, &model->owned_log)); /* parts may learn from log and source */
    TRY(file_keep_searches(ctx, model));
    if (!model->items) return PAL_OK;
    pal_container titles = {0};
    pal_status status = pal_catalog_store(ctx, model->items, true, "", &titles);
    if (status == PAL_OK) status = pal_catalog_restore(ctx, &titles, "", &model->catalog);
    pal_container_release(&titles);
    model->items = model->catalog.ids.n ? &model->catalog : NULL;
    return status;
}
