/* file.h - files in whole: read or mapped, decompressed on the way in, written so that nobody ever
 * sees half of one. */
#ifndef PAL_BASE_FILE_H
#define PAL_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "palate.h"

typedef struct {
    const char *bytes; /* [length] */
    size_t length;
    bool is_mapped; /* munmap on release, else free */
} pal_bytes;        /* zero is empty */

/* A plain file is mapped, a .gz or .zst one (told by its first bytes, not its name) decompressed
 * into memory. PAL_EIO or PAL_EFORMAT with a sentence that names the path and the system's reason.
 */
pal_status pal_file_read(pal_ctx *ctx, const char *path, pal_bytes *out);
/* As above but never mapped: what a server reads may be overwritten by others. Not decompressed. */
pal_status pal_file_load(pal_ctx *ctx, const char *path, pal_bytes *out);
void pal_bytes_release(pal_bytes *bytes);
/* Mapped bytes [begin, end) were read and need no memory for now; they stay readable. */
void pal_bytes_forget(const pal_bytes *bytes, const char *begin, const char *end);

bool pal_path_is_folder(const char *path);
bool pal_path_exists(const char *path);
bool pal_folder_has(const char *folder, const char *name); /* false without memory, too */
/* folder/name in `arena`; NULL without memory. */
char *pal_path_join(pal_arena *arena, const char *folder, const char *name);
/* The last part of a path, without compression suffix and extension: "a/events.csv.gz" → "events".
 */
char *pal_path_stem(pal_arena *arena, const char *path);
/* Names in a folder, sorted, without "." and "..". */
pal_status pal_folder_list(pal_ctx *ctx, const char *path, pal_arena *arena,
                           const char *const **names, int32_t *n);
/* Makes a folder and those above it where missing. */
pal_status pal_folder_make(pal_ctx *ctx, const char *path);

/* A file in the making: nameless until commit where the system can, so that even kill -9 leaves
 * nothing. */
typedef struct {
    int fd; /* -1: closed */
    char *path, *temporary;
    int64_t written; /* bytes so far */
} pal_writer;

pal_status pal_writer_open(pal_ctx *ctx, const char *path, pal_writer *out);
pal_status pal_writer_add(pal_ctx *ctx, pal_writer *writer, const void *bytes, size_t n);
/* Overwrites bytes already written (a hash at the file's head). */
pal_status pal_writer_patch(pal_ctx *ctx, pal_writer *writer, int64_t offset, const void *bytes,
                            size_t n);
/* fsync, rename, fsync of the folder. After it, or after a failure anywhere, the writer is closed
 * and nothing partial is left. */
pal_status pal_writer_commit(pal_ctx *ctx, pal_writer *writer);
void pal_writer_abort(pal_writer *writer);

/* Files of one folder that appear together or not at all: on a full disk neither a part of them nor
 * a folder made for them is left, and files that they would replace stay. */
typedef struct {
    char *folder;
    size_t stood; /* length of the part of `folder` that was there before */
    int32_t n, capacity;
    pal_writer *writers; /* [capacity] */
} pal_batch;             /* zero is none */

pal_status pal_batch_open(pal_ctx *ctx, const char *folder, pal_batch *out);
/* One more file; the writer is the batch's, and stays in its place until the next one. */
pal_status pal_batch_add(pal_ctx *ctx, pal_batch *batch, const char *name, pal_writer **out);
pal_status pal_batch_write(pal_ctx *ctx, pal_batch *batch, const char *name, const void *bytes,
                           size_t n);
/* All are on the disk before the first is renamed. After it, or after pal_batch_abort, the batch is
 * none. */
pal_status pal_batch_commit(pal_ctx *ctx, pal_batch *batch);
void pal_batch_abort(pal_batch *batch);

/* open, add, commit. */
pal_status pal_file_write(pal_ctx *ctx, const char *path, const void *bytes, size_t n);

#endif
