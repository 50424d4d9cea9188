/* file.c - whole files in, whole files out. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/ctx.h"
#include "base/text.h"

/* --- reading --- */

static pal_status file_fail_errno(pal_ctx *ctx, const char *path, const char *what) {
    int code = errno;
    if (code == ENOSPC || code == EDQUOT || code == EFBIG) {
        return pal_fail(ctx, PAL_EIO, "%s: the disk is full (%s): make room and try again", path,
                        strerror(code));
    }
    return pal_fail(ctx, PAL_EIO, "%s: cannot %s: %s", path, what, strerror(code));
}

/* Opens a regular file; sets its length. */
static pal_status file_open(pal_ctx *ctx, const char *path, int *out, size_t *length) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return file_fail_errno(ctx, path, "open");
    struct stat about;
    if (fstat(fd, &about) < 0) {
        pal_status status = file_fail_errno(ctx, path, "read");
        close(fd);
        return status;
    }
    if (!S_ISREG(about.st_mode)) {
        close(fd);
        return pal_fail(ctx, PAL_EIO, "%s: is %s, not a file", path,
                        S_ISDIR(about.st_mode) ? "a folder" : "a device or pipe");
    }
    *out = fd;
    *length = (size_t)about.st_size;
    return PAL_OK;
}

static pal_status file_map(pal_ctx *ctx, const char *path, pal_bytes *out) {
    int fd;
    size_t length;
    TRY(file_open(ctx, path, &fd, &length));
    *out = (pal_bytes){0};
    if (length > 0) {
        void *bytes = mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes == MAP_FAILED) {
            pal_status status = file_fail_errno(ctx, path, "read");
            close(fd);
            return status;
        }
        *out = (pal_bytes){.bytes = bytes, .length = length, .is_mapped = true};
    }
    close(fd);
    return PAL_OK;
}

typedef struct { /* decompressed bytes so far */
    char *bytes;
    size_t length, capacity;
} file_buffer;

static bool file_buffer_grow(file_buffer *buffer) {
    if (buffer->capacity - buffer->length >= 1 << 16) return true;
    size_t capacity = buffer->capacity ? buffer->capacity * 2 : 1 << 20;
    char *bytes = realloc(buffer->bytes, capacity);
    if (!bytes) return false;
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

/* Members of a .gz file follow one another; PAL_EFORMAT for a cut or damaged one. */
static pal_status file_inflate(pal_ctx *ctx, const char *path, const pal_bytes *in,
                               file_buffer *out) {
    z_stream stream = {0};
    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return pal_fail_memory(ctx, path, 1e6);
    size_t taken = 0;
    pal_status status = PAL_OK;
    int code = Z_OK;
    while (status == PAL_OK) {
        if (!file_buffer_grow(out)) {
            status = pal_fail_memory(ctx, path, 2.0 * (double)out->capacity);
            break;
        }
        size_t chunk = in->length - taken < 1u << 30 ? in->length - taken : 1u << 30;
        size_t room =
            out->capacity - out->length < 1u << 30 ? out->capacity - out->length : 1u << 30;
        stream.next_in = (Bytef *)(in->bytes + taken);
        stream.avail_in = (uInt)chunk;
        stream.next_out = (Bytef *)(out->bytes + out->length);
        stream.avail_out = (uInt)room;
        code = inflate(&stream, Z_NO_FLUSH);
        taken += chunk - stream.avail_in;
        out->length += room - stream.avail_out;
        if (code == Z_STREAM_END) {
            if (taken == in->length) break;
            if (inflateReset(&stream) != Z_OK) code = Z_DATA_ERROR;
        } else if (code == Z_BUF_ERROR && taken == in->length) {
            status = pal_fail(ctx, PAL_EFORMAT,
                              "%s: the compressed file ends early: it was cut, get it again", path);
        }
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
            status = pal_fail(ctx, PAL_EFORMAT,
                              "%s: the compressed file is damaged at byte %zu: get it again", path,
                              taken);
        }
    }
    inflateEnd(&stream);
    return status;
}

static pal_status file_unzstd(pal_ctx *ctx, const char *path, const pal_bytes *in,
                              file_buffer *out) {
    ZSTD_DStream *stream = ZSTD_createDStream();
    if (!stream) return pal_fail_memory(ctx, path, 1e6);
    ZSTD_inBuffer input = {in->bytes, in->length, 0};
    pal_status status = PAL_OK;
    size_t left = 1;
    while (status == PAL_OK) {
        if (!file_buffer_grow(out)) {
            status = pal_fail_memory(ctx, path, 2.0 * (double)out->capacity);
            break;
        }
        ZSTD_outBuffer output = {out->bytes, out->capacity, out->length};
        left = ZSTD_decompressStream(stream, &output, &input);
        bool stands_still = output.pos == out->length && input.pos == input.size;
        out->length = output.pos;
        if (ZSTD_isError(left)) {
            status =
                pal_fail(ctx, PAL_EFORMAT, "%s: the compressed file is damaged (%s): get it again",
                         path, ZSTD_getErrorName(left));
        } else if (input.pos == input.size && left == 0) {
            break;
        } else if (stands_still) {
            status = pal_fail(ctx, PAL_EFORMAT,
                              "%s: the compressed file ends early: it was cut, get it again", path);
        }
    }
    ZSTD_freeDStream(stream);
    return status;
}

pal_status pal_file_read(pal_ctx *ctx, const char *path, pal_bytes *out) {
    pal_bytes raw;
    TRY(file_map(ctx, path, &raw));
    bool is_gzip = raw.length >= 2 && !memcmp(raw.bytes, "\x1f\x8b", 2);
    bool is_zstd = raw.length >= 4 && !memcmp(raw.bytes, "\x28\xb5\x2f\xfd", 4);
    if (!is_gzip && !is_zstd) {
        *out = raw;
        return PAL_OK;
    }
    file_buffer buffer = {0};
    pal_status status =
        is_gzip ? file_inflate(ctx, path, &raw, &buffer) : file_unzstd(ctx, path, &raw, &buffer);
    pal_bytes_release(&raw);
    if (status != PAL_OK) {
        free(buffer.bytes);
        return status;
    }
    *out = (pal_bytes){.bytes = buffer.bytes, .length = buffer.length};
    return PAL_OK;
}

pal_status pal_file_load(pal_ctx *ctx, const char *path, pal_bytes *out) {
    int fd;
    size_t length, done = 0;
    TRY(file_open(ctx, path, &fd, &length));
    /* Aligned like a mapping, so that tensors in it are aligned too. */
    char *bytes = aligned_alloc(64, (length + 64) / 64 * 64);
    pal_status status = bytes ? PAL_OK : pal_fail_memory(ctx, path, (double)length);
    while (status == PAL_OK && done < length) {
        ssize_t n = read(fd, bytes + done, length - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) status = file_fail_errno(ctx, path, "read");
        if (n == 0)
            status =
                pal_fail(ctx, PAL_EIO, "%s: became shorter while it was read: try again", path);
        if (n > 0) done += (size_t)n;
    }
    close(fd);
    if (status != PAL_OK) {
        free(bytes);
        return status;
    }
    *out = (pal_bytes){.bytes = bytes, .length = length};
    return PAL_OK;
}

void pal_bytes_forget(const pal_bytes *bytes, const char *begin, const char *end) {
    if (!bytes->is_mapped) return;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = ((uintptr_t)begin + page - 1) / page,
              last = (uintptr_t)end / page;
    if (first < last) (void)madvise((void *)(first * page), (last - first) * page, MADV_DONTNEED);
}

void pal_bytes_release(pal_bytes *bytes) {
    if (bytes->is_mapped) {
        munmap((void *)(uintptr_t)bytes->bytes, bytes->length);
    } else {
        free((void *)(uintptr_t)bytes->bytes);
    }
    *bytes = (pal_bytes){0};
}

/* --- paths --- */

bool pal_path_is_folder(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

bool pal_path_exists(const char *path) { return access(path, F_OK) == 0; }

char *pal_path_join(pal_arena *arena, const char *folder, const char *name) {
    size_t n = strlen(folder), m = strlen(name);
    while (n > 0 && folder[n - 1] == '/') n--;
    /* The root keeps its slash; an empty name is the current folder. */
    bool has_slash = *folder != '\0';
    char *path = pal_arena_alloc(arena, (int64_t)(n + m + 2), 1);
    if (!path) return NULL;
    memcpy(path, folder, n);
    if (has_slash) path[n++] = '/';
    memcpy(path + n, name, m);
    return path;
}

bool pal_folder_has(const char *folder, const char *name) {
    pal_arena arena = {0};
    const char *path = pal_path_join(&arena, folder, name);
    bool has = path && pal_path_exists(path);
    pal_arena_release(&arena);
    return has;
}

char *pal_path_stem(pal_arena *arena, const char *path) {
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/') end--;
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/') begin--;
    char *stem = pal_arena_text(arena, path + begin, end - begin);
    if (!stem) return NULL;
    for (int pass = 0; pass < 2; pass++) {
        char *dot = strrchr(stem, '.');
        if (!dot || dot == stem) break;
        bool is_compression = !strcmp(dot, ".gz") || !strcmp(dot, ".zst");
        *dot = '\0';
        if (!is_compression) break;
    }
    return stem;
}

static int file_compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Room for one more name: a list twice as long, the old one stays in the arena. */
static bool file_grow_names(pal_arena *arena, const char ***list, int32_t *capacity, int32_t n) {
    if (n < *capacity) return true;
    if (*capacity > INT32_MAX / 2) return false;
    int32_t larger = *capacity ? *capacity * 2 : 64;
    const char **names = PAL_ARENA_ARRAY(arena, const char *, larger);
    if (!names) return false;
    if (n) memcpy(names, *list, (size_t)n * sizeof *names);
    *list = names;
    *capacity = larger;
    return true;
}

pal_status pal_folder_list(pal_ctx *ctx, const char *path, pal_arena *arena,
                           const char *const **names, int32_t *n) {
    DIR *folder = opendir(path);
    if (!folder) return file_fail_errno(ctx, path, "list");
    const char **list = NULL;
    int32_t count = 0, capacity = 0;
    bool fits = file_grow_names(arena, &list, &capacity, 0);
    const struct dirent *entry;
    while (fits && (entry = readdir(folder))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        char *name = pal_arena_text(arena, entry->d_name, strlen(entry->d_name));
        fits = name && file_grow_names(arena, &list, &capacity, count);
        if (fits) list[count++] = name;
    }
    closedir(folder);
    if (!fits) return pal_fail_memory(ctx, path, (double)capacity * sizeof *list);
    qsort(list, (size_t)count, sizeof *list, file_compare_names);
    *names = list;
    *n = count;
    return PAL_OK;
}

pal_status pal_folder_make(pal_ctx *ctx, const char *path) {
    if (!*path)
        return pal_fail(ctx, PAL_EUSAGE, "the name of the folder is empty: name a folder to make");
    char *copy = strdup(path);
    if (!copy) return pal_fail_memory(ctx, path, 1);
    pal_status status = PAL_OK;
    for (char *c = copy + 1; status == PAL_OK; c++) {
        if (*c != '/' && *c != '\0') continue;
        bool is_last = *c == '\0';
        *c = '\0';
        if (mkdir(copy, 0777) < 0 && (errno != EEXIST || !pal_path_is_folder(copy))) {
            status = errno == EEXIST
                         ? pal_fail(ctx, PAL_EIO, "%s: is a file, not a folder: name another place",
                                    copy)
                         : file_fail_errno(ctx, copy, "make the folder");
        }
        if (is_last) break;
        *c = '/';
    }
    free(copy);
    return status;
}

/* --- writing --- */

enum { FILE_TRIES = 1000 }; /* temporary names that others may hold at the same time */

/* "folder/.name.tmp-pid-n", beside the target so that rename stays within one file system. */
static char *file_temporary_name(const char *path, int n) {
    const char *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
    pal_text name = {0};
    pal_text_add_bytes(&name, path, folder);
    pal_text_addf(&name, ".%s.tmp-%ld-%d", path + folder, (long)getpid(), n);
    return pal_text_take(&name);
}

static char *file_folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash) return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

void pal_writer_abort(pal_writer *writer) {
    if (writer->fd >= 0) close(writer->fd);
    if (writer->temporary) unlink(writer->temporary);
    free(writer->path);
    free(writer->temporary);
    *writer = (pal_writer){.fd = -1};
}

/* Gives the writer's open file, or a new one where there is none, a temporary name that nobody else
 * has; false with errno. */
static bool writer_name(pal_writer *writer) {
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", writer->fd);
    for (int i = 0; i < FILE_TRIES; i++) {
        char *temporary = file_temporary_name(writer->path, i);
        if (!temporary) {
            errno = ENOMEM;
            return false;
        }
        bool done;
        if (writer->fd >= 0) {
            done = linkat(AT_FDCWD, self, AT_FDCWD, temporary, AT_SYMLINK_FOLLOW) == 0;
        } else {
            writer->fd = open(temporary, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
            done = writer->fd >= 0;
        }
        if (done) {
            writer->temporary = temporary;
            return true;
        }
        free(temporary);
        if (errno != EEXIST) return false;
    }
    return false;
}

/* Nameless where the system can: that takes a file system with O_TMPFILE and /proc to name the file
 * in the end. */
static bool writer_create(pal_writer *writer) {
    char *folder = file_folder_of(writer->path);
    if (!folder) {
        errno = ENOMEM;
        return false;
    }
    bool may_be_nameless = access("/proc/self/fd", F_OK) == 0;
    if (may_be_nameless) writer->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    bool refused = !may_be_nameless || errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL;
    free(folder);
    return writer->fd >= 0 || (refused && writer_name(writer));
}

pal_status pal_writer_open(pal_ctx *ctx, const char *path, pal_writer *out) {
    struct stat about;
    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode)) {
        return pal_fail(ctx, PAL_EIO, "%s: is %s: name a file to write", path,
                        S_ISDIR(about.st_mode) ? "a folder" : "a device or pipe");
    }
    pal_writer writer = {.fd = -1, .path = strdup(path)};
    if (!writer.path) return pal_fail_memory(ctx, path, (double)strlen(path));
    if (!writer_create(&writer)) {
        pal_status status = file_fail_errno(ctx, path, "write");
        pal_writer_abort(&writer);
        return status;
    }
    *out = writer;
    return PAL_OK;
}

static pal_status writer_put(pal_ctx *ctx, pal_writer *writer, int64_t offset, const char *bytes,
                             size_t n) {
    while (n > 0) {
        ssize_t done = pwrite(writer->fd, bytes, n, offset);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) {
            pal_status status = file_fail_errno(ctx, writer->path, "write");
            pal_writer_abort(writer);
            return status;
        }
        bytes += done;
        offset += done;
        n -= (size_t)done;
    }
    return PAL_OK;
}

pal_status pal_writer_add(pal_ctx *ctx, pal_writer *writer, const void *bytes, size_t n) {
    TRY(writer_put(ctx, writer, writer->written, bytes, n));
    writer->written += (int64_t)n;
    return PAL_OK;
}

pal_status pal_writer_patch(pal_ctx *ctx, pal_writer *writer, int64_t offset, const void *bytes,
                            size_t n) {
    return writer_put(ctx, writer, offset, bytes, n);
}

static bool writer_sync_folder(const char *path) {
    char *folder = file_folder_of(path);
    if (!folder) return false;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (fd < 0) return false;
    /* Some file systems cannot sync a folder; the file itself is safe by then. */
    bool synced = fsync(fd) == 0 || errno == EINVAL;
    close(fd);
    return synced;
}

/* On the disk and with a name: a nameless file is named for the blink before rename, because link
 * cannot replace an existing file. */
static bool writer_finish(pal_writer *writer) {
    return fsync(writer->fd) == 0 && (writer->temporary || writer_name(writer));
}

static bool writer_rename(pal_writer *writer) {
    if (rename(writer->temporary, writer->path) != 0) return false;
    free(writer->temporary);
    writer->temporary = NULL;
    return true;
}

pal_status pal_writer_commit(pal_ctx *ctx, pal_writer *writer) {
    pal_status status = PAL_OK;
    if (!writer_finish(writer) || !writer_rename(writer)) {
        status = file_fail_errno(ctx, writer->path, "write");
    } else if (!writer_sync_folder(writer->path)) {
        status = file_fail_errno(ctx, writer->path, "sync the folder of");
    }
    pal_writer_abort(writer);
    return status;
}

/* --- several files --- */

/* Length of the longest part of a path, cut at slashes, that exists. */
static size_t batch_standing(char *path) {
    size_t n = strlen(path);
    while (n > 0) {
        char cut = path[n];
        path[n] = '\0';
        bool stands = pal_path_exists(path);
        path[n] = cut;
        if (stands) break;
        while (n > 0 && path[n - 1] != '/') n--;
        while (n > 0 && path[n - 1] == '/') n--;
    }
    return n;
}

pal_status pal_batch_open(pal_ctx *ctx, const char *folder, pal_batch *out) {
    pal_batch batch = {.folder = strdup(folder)};
    if (!batch.folder) return pal_fail_memory(ctx, folder, (double)strlen(folder));
    batch.stood = batch_standing(batch.folder);
    pal_status status = pal_folder_make(ctx, folder);
    if (status == PAL_OK) {
        *out = batch;
    } else {
        pal_batch_abort(&batch);
    }
    return status;
}

pal_status pal_batch_add(pal_ctx *ctx, pal_batch *batch, const char *name, pal_writer **out) {
    if (batch->n == batch->capacity) {
        int32_t larger = batch->capacity ? batch->capacity * 2 : 8;
        pal_writer *writers = realloc(batch->writers, (size_t)larger * sizeof *writers);
        if (!writers) return pal_fail_memory(ctx, name, (double)larger * sizeof *writers);
        batch->writers = writers;
        batch->capacity = larger;
    }
    pal_arena scratch = {0};
    const char *path = pal_path_join(&scratch, batch->folder, name);
    pal_writer *writer = &batch->writers[batch->n];
    pal_status status = path ? pal_writer_open(ctx, path, writer) : pal_fail_memory(ctx, name, 1e3);
    pal_arena_release(&scratch);
    TRY(status);
    batch->n++;
    *out = writer;
    return PAL_OK;
}

pal_status pal_batch_write(pal_ctx *ctx, pal_batch *batch, const char *name, const void *bytes,
                           size_t n) {
    pal_writer *writer;
    TRY(pal_batch_add(ctx, batch, name, &writer));
    return pal_writer_add(ctx, writer, bytes, n);
}

pal_status pal_batch_commit(pal_ctx *ctx, pal_batch *batch) {
    pal_status status = PAL_OK;
    for (int32_t i = 0; status == PAL_OK && i < batch->n; i++) {
        if (!writer_finish(&batch->writers[i]))
            status = file_fail_errno(ctx, batch->writers[i].path, "write");
    }
    for (int32_t i = 0; status == PAL_OK && i < batch->n; i++) {
        if (!writer_rename(&batch->writers[i]))
            status = file_fail_errno(ctx, batch->writers[i].path, "write");
    }
    if (status == PAL_OK && batch->n > 0 && !writer_sync_folder(batch->writers[0].path))
        status = file_fail_errno(ctx, batch->folder, "sync");
    if (status == PAL_OK) batch->stood = strlen(batch->folder);
    pal_batch_abort(batch);
    return status;
}

void pal_batch_abort(pal_batch *batch) {
    for (int32_t i = 0; i < batch->n; i++) pal_writer_abort(&batch->writers[i]);
    free(batch->writers);
    /* A folder that others put something into meanwhile stays. */
    for (size_t n = batch->folder ? strlen(batch->folder) : 0; n > batch->stood;) {
        batch->folder[n] = '\0';
        if (rmdir(batch->folder) != 0 && errno != ENOENT) break;
        while (n > 0 && batch->folder[n - 1] != '/') n--;
        while (n > 0 && batch->folder[n - 1] == '/') n--;
    }
    free(batch->folder);
    *batch = (pal_batch){0};
}

pal_status pal_file_write(pal_ctx *ctx, const char *path, const void *bytes, size_t n) {
    pal_writer writer;
    TRY(pal_writer_open(ctx, path, &writer));
    TRY(pal_writer_add(ctx, &writer, bytes, n));
    return pal_writer_commit(ctx, &writer);
}
