/* container.h - .palate files: valid safetensors (8-byte length, JSON header, tensors back to back)
 * with our fields as strings in __metadata__.
 *
 * Tensors start at multiples of 64 bytes, by "_padN" U8 tensors between them. __metadata__ holds
 * "palate.format" (version), "palate.type" (log, model, checkpoint) and "palate.hash": xxh3-128 of
 * the whole file as 32 hex digits, zeros while hashing. Every size is checked against the file's
 * length before it is used. Written whole or not at all (base/file.h). */
#ifndef PAL_DATA_CONTAINER_H
#define PAL_DATA_CONTAINER_H

#include <jansson.h>
#include <stdint.h>

#include "base/file.h"
#include "data/read.h"
#include "palate.h"

/* A file tells the oldest format that can hold it, so that an older palate reads what it can. */
enum { PAL_CONTAINER_VERSION = 2, PAL_CONTAINER_TENSORS_MAX = 256 };

typedef enum {
    PAL_F32,
    PAL_F64,
    PAL_I32,
    PAL_I64,
    PAL_U8,
    PAL_U64,
    PAL_U16,
    PAL_BF16, /* since format 2, like what follows */
    PAL_I8,
} pal_dtype;
size_t pal_dtype_size(pal_dtype dtype);

typedef struct {
    char name[96];
    pal_dtype dtype;
    int32_t n_dims;
    int64_t dims[4];
    const void *data; /* aligned to 64 bytes in a file that is itself aligned */
} pal_stored;

typedef struct {
    int32_t n;
    pal_stored tensors[PAL_CONTAINER_TENSORS_MAX];
    json_t *metadata; /* object of strings */
    char what[256];   /* the file, for sentences; "" when writing */
    pal_bytes file;   /* what the tensors point into; empty when writing */
    pal_arena arena;  /* arrays that the writer made for tensors */
} pal_container;

/* For writing: metadata strings and tensors are added, then the file is written. add borrows data.
 */
pal_status pal_container_set(pal_ctx *ctx, pal_container *container, const char *key,
                             const char *value);
pal_status pal_container_add(pal_ctx *ctx, pal_container *container, const char *name,
                             pal_dtype dtype, int32_t n_dims, const int64_t *dims,
                             const void *data);
/* Into a writer that the caller commits; it is closed after a failure. */
pal_status pal_container_put(pal_ctx *ctx, const pal_container *container, const char *type,
                             pal_writer *writer);
pal_status pal_container_write(pal_ctx *ctx, const pal_container *container, const char *type,
                               const char *path);

/* Maps (or with `load` reads) and checks header, version, type, hash and sizes. One sentence for
 * cut, damaged, newer and foreign files. */
pal_status pal_container_open(pal_ctx *ctx, const char *path, const char *type, bool load,
                              pal_container *out);
/* As above from memory that the caller keeps; `what` names it in sentences. */
pal_status pal_container_parse(pal_ctx *ctx, const char *what, const char *bytes, size_t n,
                               const char *type, pal_container *out);
/* Whether it is a file whose header names this type, be the rest of it whole or damaged. */
bool pal_container_is(const char *path, const char *type);
const char *pal_container_get(const pal_container *container, const char *key); /* or NULL */
const pal_stored *pal_container_look(const pal_container *container,
                                     const char *name); /* or NULL */
/* The tensor with this name, type and rank; PAL_EFORMAT with a sentence otherwise. */
pal_status pal_container_find(pal_ctx *ctx, const pal_container *container, const char *name,
                              pal_dtype dtype, int32_t n_dims, const pal_stored **out);
void pal_container_release(pal_container *container);

/* Logs, ids and catalogs as tensors whose names start with `prefix` ("log/"). Restoring checks
 * every index against its bound and copies. */
pal_status pal_ids_store(pal_ctx *ctx, const pal_ids *ids, int32_t n, const char *prefix,
                         pal_container *container);
pal_status pal_ids_restore(pal_ctx *ctx, const pal_container *container, const char *prefix,
                           pal_ids *out);
pal_status pal_log_store(pal_ctx *ctx, const pal_log *log, const char *prefix,
                         pal_container *container);
/* Ids must have been restored; out borrows them. */
pal_status pal_log_restore(pal_ctx *ctx, const pal_container *container, const char *prefix,
                           const pal_ids *user_ids, const pal_ids *item_ids, pal_log *out);
/* With `titles_only` the title column alone. */
pal_status pal_catalog_store(pal_ctx *ctx, const pal_catalog *catalog, bool titles_only,
                             const char *prefix, pal_container *container);
/* Leaves out empty when the file has no catalog under the prefix. */
pal_status pal_catalog_restore(pal_ctx *ctx, const pal_container *container, const char *prefix,
                               pal_catalog *out);
/* Nothing where there are no searches; `out` stays empty where the file has none. */
pal_status pal_searches_store(pal_ctx *ctx, const pal_searches *searches, const char *prefix,
                              pal_container *container);
pal_status pal_searches_restore(pal_ctx *ctx, const pal_container *container, const char *prefix,
                                int32_t n_users, int32_t n_parts, pal_searches *out);

#endif
