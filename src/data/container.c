/* container.c - safetensors files with a hash, checked before anything of them is used. */
#include "data/container.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#include "base/ctx.h"
#include "base/json.h"

enum { CONTAINER_ALIGN = 64, CONTAINER_HEADER_MAX = 16 << 20, CONTAINER_HASH_DIGITS = 32 };

static const char container_no_hash[] = "00000000000000000000000000000000";

static const struct {
    const char *name;
    size_t size;
} container_dtypes[] = {
    [PAL_F32] = {"F32", 4}, [PAL_F64] = {"F64", 8},   [PAL_I32] = {"I32", 4},
    [PAL_I64] = {"I64", 8}, [PAL_U8] = {"U8", 1},     [PAL_U64] = {"U64", 8},
    [PAL_U16] = {"U16", 2}, [PAL_BF16] = {"BF16", 2}, [PAL_I8] = {"I8", 1},
};
enum { CONTAINER_DTYPES = sizeof container_dtypes / sizeof *container_dtypes };

size_t pal_dtype_size(pal_dtype dtype) { return container_dtypes[dtype].size; }

/* Elements times size; false past INT64_MAX. */
static bool container_bytes(const pal_stored *tensor, int64_t *out) {
    int64_t bytes = (int64_t)pal_dtype_size(tensor->dtype);
    for (int32_t d = 0; d < tensor->n_dims; d++) {
        if (tensor->dims[d] < 0 || __builtin_mul_overflow(bytes, tensor->dims[d], &bytes))
            return false;
    }
    *out = bytes;
    return true;
}

/* --- writing --- */

pal_status pal_container_set(pal_ctx *ctx, pal_container *container, const char *key,
                             const char *value) {
    if (!container->metadata) container->metadata = json_object();
    if (!container->metadata ||
        json_object_set_new(container->metadata, key, pal_json_text(value))) {
        return pal_fail_memory(ctx, "the file's header", 1e3);
    }
    return PAL_OK;
}

pal_status pal_container_add(pal_ctx *ctx, pal_container *container, const char *name,
                             pal_dtype dtype, int32_t n_dims, const int64_t *dims,
                             const void *data) {
    if (container->n == PAL_CONTAINER_TENSORS_MAX) {
        return pal_fail(ctx, PAL_EDATA, "a file holds %d tensors at the most",
                        PAL_CONTAINER_TENSORS_MAX);
    }
    pal_stored *tensor = &container->tensors[container->n++];
    *tensor = (pal_stored){.dtype = dtype, .n_dims = n_dims, .data = data};
    snprintf(tensor->name, sizeof tensor->name, "%s", name);
    for (int32_t d = 0; d < n_dims; d++) tensor->dims[d] = dims[d];
    return PAL_OK;
}

static void container_add_entry(pal_text *header, const char *name, const char *dtype,
                                int32_t n_dims, const int64_t *dims, int64_t begin, int64_t end) {
    pal_text_add(header, ",");
    pal_text_add_json(header, name);
    pal_text_addf(header, ":{\"dtype\":\"%s\",\"shape\":[", dtype);
    for (int32_t d = 0; d < n_dims; d++)
        pal_text_addf(header, d ? ",%" PRId64 : "%" PRId64, dims[d]);
    pal_text_addf(header, "],\"data_offsets\":[%" PRId64 ",%" PRId64 "]}", begin, end);
}

/* The oldest format that knows all types of its tensors. */
static int container_version(const pal_container *container) {
    for (int32_t i = 0; i < container->n; i++) {
        if (container->tensors[i].dtype >= PAL_BF16) return 2;
    }
    return 1;
}

/* The JSON header with the hash still zero, padded with spaces so that data start aligned. */
static pal_status container_header(pal_ctx *ctx, const pal_container *container, const char *type,
                                   pal_text *header) {
    pal_text_addf(
        header,
        "{\"__metadata__\":{\"palate.hash\":\"%s\",\"palate.format\":\"%d\",\"palate.type\":\"%s\"",
        container_no_hash, container_version(container), type);
    const char *key;
    json_t *value;
    json_object_foreach(container->metadata, key, value) {
        pal_text_add(header, ",");
        pal_text_add_json(header, key);
        pal_text_add(header, ":");
        pal_text_add_json(header, json_string_value(value));
    }
    pal_text_add(header, "}");
    int64_t at = 0;
    for (int32_t i = 0; i < container->n; i++) {
        const pal_stored *tensor = &container->tensors[i];
        int64_t bytes, padding = -at & (CONTAINER_ALIGN - 1);
        if (!container_bytes(tensor, &bytes))
            return pal_fail(ctx, PAL_EDATA, "tensor %s is too large to store", tensor->name);
        if (padding) {
            char name[32];
            snprintf(name, sizeof name, "_pad%d", i);
            container_add_entry(header, name, "U8", 1, &padding, at, at + padding);
            at += padding;
        }
        container_add_entry(header, tensor->name, container_dtypes[tensor->dtype].name,
                            tensor->n_dims, tensor->dims, at, at + bytes);
        at += bytes;
    }
    pal_text_add(header, "}");
    while (!header->failed && (header->length + 8) % CONTAINER_ALIGN) pal_text_add(header, " ");
    return header->failed ? pal_fail_memory(ctx, "the file's header", 1e4) : PAL_OK;
}

/* Writes a piece and adds it to the hash. */
static pal_status container_put(pal_ctx *ctx, pal_writer *writer, XXH3_state_t *state,
                                const void *bytes, size_t n) {
    XXH3_128bits_update(state, bytes, n);
    return pal_writer_add(ctx, writer, bytes, n);
}

static pal_status container_put_all(pal_ctx *ctx, const pal_container *container,
                                    const pal_text *header, pal_writer *writer,
                                    XXH3_state_t *state) {
    static const char zeros[CONTAINER_ALIGN];
    uint64_t length = header->length;
    unsigned char prefix[8];
    for (int i = 0; i < 8; i++) prefix[i] = (unsigned char)(length >> 8 * i);
    TRY(container_put(ctx, writer, state, prefix, sizeof prefix));
    TRY(container_put(ctx, writer, state, header->bytes, header->length));
    int64_t at = 0;
    for (int32_t i = 0; i < container->n; i++) {
        const pal_stored *tensor = &container->tensors[i];
        int64_t bytes = 0, padding = -at & (CONTAINER_ALIGN - 1);
        (void)container_bytes(tensor, &bytes);
        TRY(container_put(ctx, writer, state, zeros, (size_t)padding));
        TRY(container_put(ctx, writer, state, tensor->data, (size_t)bytes));
        at += padding + bytes;
    }
    return PAL_OK;
}

static void container_hash_text(XXH128_hash_t hash, char out[CONTAINER_HASH_DIGITS + 1]) {
    snprintf(out, CONTAINER_HASH_DIGITS + 1, "%016" PRIx64 "%016" PRIx64, hash.high64, hash.low64);
}

pal_status pal_container_put(pal_ctx *ctx, const pal_container *container, const char *type,
                             pal_writer *writer) {
    pal_text header = {0};
    XXH3_state_t state;
    XXH3_128bits_reset(&state);
    pal_status status = container_header(ctx, container, type, &header);
    if (status == PAL_OK) status = container_put_all(ctx, container, &header, writer, &state);
    if (status == PAL_OK) {
        char digits[CONTAINER_HASH_DIGITS + 1];
        container_hash_text(XXH3_128bits_digest(&state), digits);
        const char *slot = strstr(header.bytes, container_no_hash);
        status =
            pal_writer_patch(ctx, writer, 8 + (slot - header.bytes), digits, CONTAINER_HASH_DIGITS);
    }
    pal_text_release(&header);
    if (status != PAL_OK) pal_writer_abort(writer);
    return status;
}

pal_status pal_container_write(pal_ctx *ctx, const pal_container *container, const char *type,
                               const char *path) {
    pal_writer writer;
    TRY(pal_writer_open(ctx, path, &writer));
    TRY(pal_container_put(ctx, container, type, &writer));
    return pal_writer_commit(ctx, &writer);
}

/* --- reading --- */

typedef struct {
    pal_ctx *ctx;
    const char *what; /* path, for sentences */
    const char *type;
    const char *data; /* first byte after the header */
    int64_t data_length;
} container_reader;

static pal_status container_damaged(const container_reader *reader, const char *why) {
    return pal_fail(reader->ctx, PAL_EFORMAT,
                    "%s: the file is damaged (%s): get it again or make it anew", reader->what,
                    why);
}

static pal_status container_read_entry(const container_reader *reader, const char *name,
                                       const json_t *entry, pal_stored *out, int64_t *begin,
                                       int64_t *end) {
    const char *dtype = pal_json_text_at(entry, "dtype", "");
    const json_t *shape = json_object_get(entry, "shape"),
                 *offsets = json_object_get(entry, "data_offsets");
    int32_t code = 0;
    while (code < CONTAINER_DTYPES && strcmp(container_dtypes[code].name, dtype)) code++;
    if (code == CONTAINER_DTYPES || !json_is_array(shape) || json_array_size(shape) > 4 ||
        json_array_size(offsets) != 2 || strlen(name) >= sizeof out->name) {
        return container_damaged(reader, "a tensor's entry is not understood");
    }
    *out = (pal_stored){.dtype = (pal_dtype)code, .n_dims = (int32_t)json_array_size(shape)};
    strcpy(out->name, name);
    for (int32_t d = 0; d < out->n_dims; d++) {
        const json_t *dim = json_array_get(shape, (size_t)d);
        out->dims[d] = json_is_integer(dim) ? json_integer_value(dim) : -1;
    }
    const json_t *from = json_array_get(offsets, 0), *to = json_array_get(offsets, 1);
    int64_t bytes;
    if (!json_is_integer(from) || !json_is_integer(to) || !container_bytes(out, &bytes)) {
        return container_damaged(reader, "a tensor's size is not understood");
    }
    *begin = json_integer_value(from);
    *end = json_integer_value(to);
    if (*begin < 0 || *end < *begin || *end > reader->data_length || *end - *begin != bytes) {
        return container_damaged(reader, "a tensor's size does not fit");
    }
    return PAL_OK;
}

/* Entries stand in the order of their data, so that each begins where the one before ends. */
static pal_status container_read_entries(const container_reader *reader, const json_t *header,
                                         pal_container *out) {
    const char *name;
    const json_t *entry;
    json_t *mutable_header = (json_t *)(uintptr_t)header;
    int64_t at = 0;
    json_object_foreach(mutable_header, name, entry) {
        if (!strcmp(name, "__metadata__")) continue;
        pal_stored tensor;
        int64_t begin = 0, end = 0;
        TRY(container_read_entry(reader, name, entry, &tensor, &begin, &end));
        if (begin != at) return container_damaged(reader, "tensors overlap or leave a hole");
        at = end;
        if (!strncmp(name, "_pad", 4)) continue;
        if (out->n == PAL_CONTAINER_TENSORS_MAX)
            return container_damaged(reader, "too many tensors");
        if (begin % CONTAINER_ALIGN) return container_damaged(reader, "a tensor is not aligned");
        tensor.data = reader->data + begin;
        out->tensors[out->n++] = tensor;
    }
    return at == reader->data_length
               ? PAL_OK
               : container_damaged(reader, "its length is not what its header says");
}

/* What a file of each type is for, to tell a person who gives one where another belongs. */
static const struct {
    const char *type, *use;
} container_types[] = {
    {"log", "give it to compare, train or inspect"},
    {"model", "give it to recommend, similar or evaluate"},
    {"checkpoint", "train --resume goes on from it"},
    {NULL, "it is of no use here"},
};

static pal_status container_fail_type(const container_reader *reader, const char *type) {
    int32_t i = 0;
    while (container_types[i].type && strcmp(container_types[i].type, type)) i++;
    return pal_fail(reader->ctx, PAL_EFORMAT, "%s: holds a %.32s, not a %s: %s", reader->what, type,
                    reader->type, container_types[i].use);
}

static pal_status container_check_metadata(const container_reader *reader, const json_t *metadata) {
    const char *version = pal_json_text_at(metadata, "palate.format", NULL);
    const char *type = pal_json_text_at(metadata, "palate.type", NULL);
    int64_t number;
    if (!version || !type || !pal_parse_int64(version, version + strlen(version), &number) ||
        number < 1) {
        return pal_fail(reader->ctx, PAL_EFORMAT,
                        "%s: was not written by palate: it is a safetensors file of another "
                        "program, name one that palate wrote",
                        reader->what);
    }
    if (number > PAL_CONTAINER_VERSION) {
        return pal_fail(reader->ctx, PAL_EFORMAT,
                        "%s: was written by a newer palate (format %.20s, this one reads up to "
                        "%d): update palate",
                        reader->what, version, PAL_CONTAINER_VERSION);
    }
    return strcmp(type, reader->type) ? container_fail_type(reader, type) : PAL_OK;
}

static pal_status container_check_hash(const container_reader *reader, const char *bytes, size_t n,
                                       const json_t *metadata) {
    const char *stored = pal_json_text_at(metadata, "palate.hash", "");
    size_t header_length = (size_t)(reader->data - bytes);
    const char *slot = strlen(stored) == CONTAINER_HASH_DIGITS
                           ? memmem(bytes, header_length, stored, CONTAINER_HASH_DIGITS)
                           : NULL;
    if (!slot) return container_damaged(reader, "its hash is missing");
    XXH3_state_t state;
    XXH3_128bits_reset(&state);
    XXH3_128bits_update(&state, bytes, (size_t)(slot - bytes));
    XXH3_128bits_update(&state, container_no_hash, CONTAINER_HASH_DIGITS);
    XXH3_128bits_update(&state, slot + CONTAINER_HASH_DIGITS,
                        n - (size_t)(slot - bytes) - CONTAINER_HASH_DIGITS);
    char digits[CONTAINER_HASH_DIGITS + 1];
    container_hash_text(XXH3_128bits_digest(&state), digits);
    return strcmp(digits, stored) ? container_damaged(reader, "its hash does not fit its content")
                                  : PAL_OK;
}

static pal_status container_fail_foreign(const container_reader *reader, const char *why) {
    return pal_fail(reader->ctx, PAL_EFORMAT,
                    "%s: is not a .palate file (%s): name one that palate wrote", reader->what,
                    why);
}

/* The JSON header of a file whose length fits; reader->data is set to what follows it. */
static pal_status container_read_header(container_reader *reader, const char *bytes, size_t n,
                                        json_t **out) {
    if (n < 8) return container_fail_foreign(reader, "it is shorter than 8 bytes");
    uint64_t length = 0;
    for (int i = 0; i < 8; i++) length |= (uint64_t)(unsigned char)bytes[i] << 8 * i;
    if (length > CONTAINER_HEADER_MAX)
        return container_fail_foreign(reader, "its header would be larger than 16 MB");
    if (length > n - 8) return container_damaged(reader, "it was cut within its header");
    reader->data = bytes + 8 + length;
    reader->data_length = (int64_t)(n - 8 - length);
    json_error_t error;
    json_t *header = json_loadb(bytes + 8, length, JSON_REJECT_DUPLICATES, &error);
    if (!header) return container_fail_foreign(reader, "its header is not JSON");
    if (!json_is_object(header)) {
        json_decref(header);
        return container_fail_foreign(reader, "its header is not a JSON object");
    }
    *out = header;
    return PAL_OK;
}

/* The cheapest questions come first; the hash reads the whole file. */
static pal_status container_check(const container_reader *reader, const char *bytes, size_t n,
                                  const json_t *header, pal_container *out) {
    const json_t *metadata = json_object_get(header, "__metadata__");
    TRY(container_check_metadata(reader, metadata));
    if ((reader->data - bytes) % CONTAINER_ALIGN)
        return container_damaged(reader, "its header is not aligned");
    TRY(container_read_entries(reader, header, out));
    return container_check_hash(reader, bytes, n, metadata);
}

pal_status pal_container_parse(pal_ctx *ctx, const char *what, const char *bytes, size_t n,
                               const char *type, pal_container *out) {
    container_reader reader = {.ctx = ctx, .what = what, .type = type};
    json_t *header = NULL;
    memset(out, 0, sizeof *out);
    TRY(container_read_header(&reader, bytes, n, &header));
    pal_status status = container_check(&reader, bytes, n, header, out);
    if (status == PAL_OK) {
        out->metadata = json_incref(json_object_get(header, "__metadata__"));
        snprintf(out->what, sizeof out->what, "%s", what);
    } else {
        memset(out, 0, sizeof *out);
    }
    json_decref(header);
    return status;
}

pal_status pal_container_open(pal_ctx *ctx, const char *path, const char *type, bool load,
                              pal_container *out) {
    pal_bytes file;
    TRY(load ? pal_file_load(ctx, path, &file) : pal_file_read(ctx, path, &file));
    pal_status status = pal_container_parse(ctx, path, file.bytes, file.length, type, out);
    if (status != PAL_OK) {
        pal_bytes_release(&file);
        return status;
    }
    out->file = file;
    return PAL_OK;
}

/* The header's bytes alone, as JSON, or NULL. */
static json_t *container_peek(FILE *file, int64_t file_length) {
    unsigned char prefix[8];
    uint64_t length = 0;
    if (fread(prefix, 1, sizeof prefix, file) != sizeof prefix) return NULL;
    for (int i = 0; i < 8; i++) length |= (uint64_t)prefix[i] << 8 * i;
    if (length > CONTAINER_HEADER_MAX || (int64_t)length > file_length - 8) return NULL;
    char *bytes = malloc(length + 1);
    json_t *header = NULL;
    json_error_t error;
    if (bytes && fread(bytes, 1, length, file) == length)
        header = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &error);
    free(bytes);
    return header;
}

bool pal_container_is(const char *path, const char *type) {
    struct stat about;
    if (stat(path, &about) || !S_ISREG(about.st_mode)) return false;
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    json_t *header = container_peek(file, (int64_t)about.st_size);
    fclose(file);
    const json_t *metadata = json_object_get(header, "__metadata__");
    bool is = pal_json_text_at(metadata, "palate.format", NULL) &&
              !strcmp(pal_json_text_at(metadata, "palate.type", ""), type);
    json_decref(header);
    return is;
}

const char *pal_container_get(const pal_container *container, const char *key) {
    return json_string_value(json_object_get(container->metadata, key));
}

const pal_stored *pal_container_look(const pal_container *container, const char *name) {
    for (int32_t i = 0; i < container->n; i++) {
        if (!strcmp(container->tensors[i].name, name)) return &container->tensors[i];
    }
    return NULL;
}

pal_status pal_container_find(pal_ctx *ctx, const pal_container *container, const char *name,
                              pal_dtype dtype, int32_t n_dims, const pal_stored **out) {
    const pal_stored *tensor = pal_container_look(container, name);
    if (!tensor || tensor->dtype != dtype || tensor->n_dims != n_dims) {
        return pal_fail(ctx, PAL_EFORMAT,
                        "%s: tensor %s is %s: it was not written by palate, make it anew",
                        container->what, name, tensor ? "of another type or shape" : "missing");
    }
    *out = tensor;
    return PAL_OK;
}

void pal_container_release(pal_container *container) {
    json_decref(container->metadata);
    pal_bytes_release(&container->file);
    pal_arena_release(&container->arena);
    memset(container, 0, sizeof *container);
}
