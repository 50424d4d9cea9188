/* test_file.c - reading plain and compressed files, writing whole ones, folders. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "base/ctx.h"
#include "base/file.h"
#include "base/rng.h"

static char folder[64];
static pal_ctx ctx;
static pal_arena arena;

static int remove_tree(const char *path) {
    DIR *open_folder = opendir(path);
    const struct dirent *entry;
    while (open_folder && (entry = readdir(open_folder))) {
        char below[512];
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        if (unlink(below) < 0) remove_tree(below);
    }
    if (open_folder) closedir(open_folder);
    return rmdir(path);
}

static int set_up(void **state) {
    (void)state;
    ctx = (pal_ctx){0};
    const char *root = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.40s/palate-XXXXXX", root ? root : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    pal_arena_release(&arena);
    return remove_tree(folder);
}

static const char *at(const char *name) { return pal_path_join(&arena, folder, name); }

static void put(const char *name, const void *bytes, size_t n) {
    FILE *file = fopen(at(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void expect_content(const char *name, const void *bytes, size_t n) {
    pal_bytes read = {0};
    assert_int_equal(pal_file_read(&ctx, at(name), &read), PAL_OK);
    assert_int_equal(read.length, n);
    if (n) assert_memory_equal(read.bytes, bytes, n);
    pal_bytes_release(&read);
    assert_null(read.bytes);
}

static int32_t count_files(void) {
    const char *const *names;
    int32_t n;
    assert_int_equal(pal_folder_list(&ctx, folder, &arena, &names, &n), PAL_OK);
    return n;
}

/* Text that compresses into several blocks, more than one buffer when decompressed. */
enum { LARGE = 3000000 };
static char *large_text(void) {
    char *text = malloc(LARGE);
    assert_non_null(text);
    pal_rng rng = pal_rng_at(1, 1);
    for (size_t i = 0; i < LARGE; i++)
        text[i] = i % 8 == 7 ? '\n' : (char)('0' + pal_rng_below(&rng, 10));
    return text;
}

/* --- reading --- */

static void test_plain_files(void **state) {
    (void)state;
    char *text = large_text();
    put("large", text, LARGE);
    put("empty", "", 0);
    put("one", "x", 1);
    expect_content("large", text, LARGE);
    expect_content("empty", "", 0);
    expect_content("one", "x", 1);
    free(text);
}

static void test_loaded_files_survive_a_change(void **state) {
    (void)state;
    static const char gzip_magic[] = "\x1f\x8b raw";
    put("model", gzip_magic, 6);
    pal_bytes loaded;
    assert_int_equal(pal_file_load(&ctx, at("model"), &loaded), PAL_OK);
    assert_int_equal((uintptr_t)loaded.bytes % 64, 0);
    assert_false(loaded.is_mapped);
    put("model", "zzz", 3);
    assert_int_equal(loaded.length, 6);
    assert_memory_equal(loaded.bytes, gzip_magic, 6);
    pal_bytes_release(&loaded);

    put("empty", "", 0);
    assert_int_equal(pal_file_load(&ctx, at("empty"), &loaded), PAL_OK);
    assert_int_equal(loaded.length, 0);
    pal_bytes_release(&loaded);
}

static void test_unreadable_things_get_a_sentence(void **state) {
    (void)state;
    assert_int_equal(mkfifo(at("fifo"), 0600), 0);
    const char *const paths[] = {at("missing"),       folder, "/dev/null", at("fifo"),
                                 at("missing/below"), ""};
    pal_status (*const readers[])(pal_ctx *, const char *, pal_bytes *) = {pal_file_read,
                                                                           pal_file_load};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        for (size_t r = 0; r < 2; r++) {
            pal_bytes bytes = {0};
            ctx.error[0] = '\0';
            assert_int_equal(readers[r](&ctx, paths[i], &bytes), PAL_EIO);
            assert_int_equal(strncmp(ctx.error, paths[i], strlen(paths[i])), 0);
            assert_true(strlen(ctx.error) > strlen(paths[i]) + 5);
            assert_null(bytes.bytes);
        }
    }
    pal_bytes bytes;
    assert_int_equal(pal_file_read(&ctx, folder, &bytes), PAL_EIO);
    assert_non_null(strstr(ctx.error, "is a folder"));
    assert_int_equal(pal_file_read(&ctx, at("missing"), &bytes), PAL_EIO);
    assert_non_null(strstr(ctx.error, "No such file"));
}

static void test_unreadable_without_permission(void **state) {
    (void)state;
    if (geteuid() == 0) skip();
    put("secret", "x", 1);
    assert_int_equal(chmod(at("secret"), 0), 0);
    pal_bytes bytes;
    assert_int_equal(pal_file_read(&ctx, at("secret"), &bytes), PAL_EIO);
    assert_non_null(strstr(ctx.error, "ermission"));
}

/* --- compressed --- */

static size_t gzip(const char *text, size_t n, unsigned char *out, size_t capacity) {
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)text;
    stream.avail_in = (uInt)n;
    stream.next_out = out;
    stream.avail_out = (uInt)capacity;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t length = stream.total_out;
    deflateEnd(&stream);
    return length;
}

static size_t zstd(const char *text, size_t n, unsigned char *out, size_t capacity) {
    ZSTD_CCtx *stream = ZSTD_createCCtx();
    assert_non_null(stream);
    assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(stream, ZSTD_c_checksumFlag, 1)));
    size_t length = ZSTD_compress2(stream, out, capacity, text, n);
    assert_false(ZSTD_isError(length));
    ZSTD_freeCCtx(stream);
    return length;
}

typedef size_t compress_fn(const char *text, size_t n, unsigned char *out, size_t capacity);
static compress_fn *const compressors[] = {gzip, zstd};
enum { N_COMPRESSORS = 2, ROOM = LARGE + 100000 };

static void test_compressed_files_are_told_by_their_bytes(void **state) {
    (void)state;
    char *text = large_text();
    unsigned char *packed = malloc(ROOM);
    assert_non_null(packed);
    for (int c = 0; c < N_COMPRESSORS; c++) {
        size_t n = compressors[c](text, LARGE, packed, ROOM);
        put("without-suffix.csv", packed, n);
        expect_content("without-suffix.csv", text, LARGE);
        n = compressors[c]("", 0, packed, ROOM);
        put("empty", packed, n);
        expect_content("empty", "", 0);
    }
    put("plain.gz", "user,item\n", 10);
    expect_content("plain.gz", "user,item\n", 10);
    free(packed);
    free(text);
}

static void test_members_follow_one_another(void **state) {
    (void)state;
    char *text = large_text();
    unsigned char *packed = malloc(ROOM);
    assert_non_null(packed);
    for (int c = 0; c < N_COMPRESSORS; c++) {
        static const size_t cuts[] = {0, 10, 10, 1500000, 1500001, LARGE}; /* one member is empty */
        size_t n = 0;
        for (size_t i = 0; i + 1 < sizeof cuts / sizeof *cuts; i++) {
            n += compressors[c](text + cuts[i], cuts[i + 1] - cuts[i], packed + n, ROOM - n);
        }
        put("members", packed, n);
        expect_content("members", text, LARGE);
    }
    free(packed);
    free(text);
}

static void test_cut_files_are_refused(void **state) {
    (void)state;
    char *text = large_text();
    enum { SHORT = 20000 };
    unsigned char *packed = malloc(ROOM);
    assert_non_null(packed);
    for (int c = 0; c < N_COMPRESSORS; c++) {
        size_t first = compressors[c](text, SHORT, packed, ROOM);
        size_t n = first + compressors[c](text, SHORT, packed + first, ROOM - first);
        for (size_t cut = 4; cut < n;
             cut += cut < 40 || n - cut < 40 || (cut > first - 20 && cut < first + 40) ? 1 : 997) {
            put("cut", packed, cut);
            pal_bytes bytes = {0};
            pal_status status = pal_file_read(&ctx, at("cut"), &bytes);
            if (cut == first) {
                assert_int_equal(status, PAL_OK);
                assert_int_equal(bytes.length, SHORT);
                pal_bytes_release(&bytes);
            } else {
                assert_int_equal(status, PAL_EFORMAT);
                assert_non_null(strstr(ctx.error, "cut: the compressed file "));
            }
        }
    }
    free(packed);
    free(text);
}

/* Both formats end with a checksum of all that follows their headers. */
static void test_damaged_files_are_refused(void **state) {
    (void)state;
    char *text = large_text();
    unsigned char *packed = malloc(ROOM);
    assert_non_null(packed);
    for (int c = 0; c < N_COMPRESSORS; c++) {
        size_t n = compressors[c](text, 20000, packed, ROOM);
        for (size_t i = 10; i < n; i += 101) {
            packed[i] ^= 0x55;
            put("damaged", packed, n);
            packed[i] ^= 0x55;
            pal_bytes bytes = {0};
            assert_int_equal(pal_file_read(&ctx, at("damaged"), &bytes), PAL_EFORMAT);
            assert_null(bytes.bytes);
        }
    }
    size_t n = gzip(text, 20000, packed, ROOM);
    packed[n - 6] ^= 1; /* its checksum */
    put("damaged", packed, n);
    pal_bytes bytes;
    assert_int_equal(pal_file_read(&ctx, at("damaged"), &bytes), PAL_EFORMAT);
    assert_non_null(strstr(ctx.error, "damaged"));
    packed[n - 6] ^= 1;
    memcpy(packed + n, "garbage", 7);
    put("damaged", packed, n + 7);
    assert_int_equal(pal_file_read(&ctx, at("damaged"), &bytes), PAL_EFORMAT);
    free(packed);
    free(text);
}

/* --- paths and folders --- */

static void test_paths(void **state) {
    (void)state;
    static const struct {
        const char *folder, *name, *joined;
    } joins[] = {{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"a//", "b", "a/b"},
                 {"/", "b", "/b"},  {"", "b", "b"},     {"/a/b", "c.csv", "/a/b/c.csv"}};
    for (size_t i = 0; i < sizeof joins / sizeof *joins; i++) {
        assert_string_equal(pal_path_join(&arena, joins[i].folder, joins[i].name), joins[i].joined);
    }
    static const struct {
        const char *path, *stem;
    } stems[] = {{"a/events.csv.gz", "events"}, {"events.tsv", "events"},
                 {"events", "events"},          {"a.b.csv.zst", "a.b"},
                 {"/x.y/plain", "plain"},       {"ml-1m/", "ml-1m"},
                 {".hidden", ".hidden"},        {"log.gz", "log"},
                 {"v1.2.csv", "v1.2"},          {"/", ""}};
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++) {
        assert_string_equal(pal_path_stem(&arena, stems[i].path), stems[i].stem);
    }
    put("file", "", 0);
    assert_true(pal_path_is_folder(folder));
    assert_false(pal_path_is_folder(at("file")));
    assert_false(pal_path_is_folder(at("missing")));
    assert_true(pal_path_exists(at("file")));
    assert_true(pal_path_exists(folder));
    assert_false(pal_path_exists(at("missing")));
}

static void test_folder_lists_are_sorted(void **state) {
    (void)state;
    const char *const *names;
    int32_t n;
    assert_int_equal(pal_folder_list(&ctx, folder, &arena, &names, &n), PAL_OK);
    assert_int_equal(n, 0);
    enum { MANY = 5000 };
    for (int i = 0; i < MANY; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%04d", (i * 7919) % MANY);
        int fd = open(at(name), O_CREAT | O_WRONLY, 0600);
        assert_true(fd >= 0);
        close(fd);
    }
    assert_int_equal(pal_folder_list(&ctx, folder, &arena, &names, &n), PAL_OK);
    assert_int_equal(n, MANY);
    for (int i = 0; i < MANY; i++) assert_int_equal(atoi(names[i] + 1), i);
    assert_int_equal(pal_folder_list(&ctx, at("f0001"), &arena, &names, &n), PAL_EIO);
    assert_int_equal(pal_folder_list(&ctx, at("missing"), &arena, &names, &n), PAL_EIO);
    assert_non_null(strstr(ctx.error, "missing: cannot list"));
}

static void test_folders_are_made(void **state) {
    (void)state;
    for (int round = 0; round < 2; round++) {
        assert_int_equal(pal_folder_make(&ctx, at("a//b/c/")), PAL_OK);
        assert_true(pal_path_is_folder(at("a/b/c")));
    }
    put("file", "x", 1);
    assert_int_equal(pal_folder_make(&ctx, at("file")), PAL_EIO);
    assert_non_null(strstr(ctx.error, "is a file, not a folder"));
    assert_int_equal(pal_folder_make(&ctx, at("file/below")), PAL_EIO);
    assert_int_equal(pal_folder_make(&ctx, ""), PAL_EUSAGE);
    assert_int_equal(pal_folder_make(&ctx, "/"), PAL_OK);
    expect_content("file", "x", 1);
}

/* --- writing --- */

static void test_commit_replaces_the_old_file(void **state) {
    (void)state;
    put("out", "old content, longer", 19);
    pal_writer writer;
    assert_int_equal(pal_writer_open(&ctx, at("out"), &writer), PAL_OK);
    assert_int_equal(pal_writer_add(&ctx, &writer, "????new ", 8), PAL_OK);
    assert_int_equal(pal_writer_add(&ctx, &writer, "", 0), PAL_OK);
    assert_int_equal(pal_writer_add(&ctx, &writer, "content", 7), PAL_OK);
    assert_int_equal(writer.written, 15);
    assert_int_equal(pal_writer_patch(&ctx, &writer, 0, "head", 4), PAL_OK);
    assert_int_equal(writer.written, 15);
    expect_content("out", "old content, longer", 19);
    assert_int_equal(pal_writer_commit(&ctx, &writer), PAL_OK);
    assert_int_equal(writer.fd, -1);
    expect_content("out", "headnew content", 15);
    assert_int_equal(count_files(), 1);

    assert_int_equal(pal_file_write(&ctx, at("empty"), "", 0), PAL_OK);
    expect_content("empty", "", 0);
    mode_t mask = umask(0);
    umask(mask);
    struct stat about;
    assert_int_equal(stat(at("empty"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0666 & ~mask);
}

static void test_abort_leaves_nothing(void **state) {
    (void)state;
    put("out", "old", 3);
    pal_writer writer;
    assert_int_equal(pal_writer_open(&ctx, at("out"), &writer), PAL_OK);
    assert_int_equal(pal_writer_add(&ctx, &writer, "half", 4), PAL_OK);
    pal_writer_abort(&writer);
    pal_writer_abort(&writer);
    assert_int_equal(count_files(), 1);
    expect_content("out", "old", 3);
}

static void test_a_path_without_folder(void **state) {
    (void)state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    pal_status status = pal_file_write(&ctx, "here.txt", "here", 4);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(status, PAL_OK);
    expect_content("here.txt", "here", 4);
    assert_int_equal(count_files(), 1);
}

static void test_unwritable_places_get_a_sentence(void **state) {
    (void)state;
    put("file", "x", 1);
    assert_int_equal(mkfifo(at("fifo"), 0600), 0);
    const struct {
        const char *path, *said;
    } rows[] = {
        {folder, "is a folder"},
        {"/dev/full", "is a device or pipe"},
        {"/dev/stdout", ": "},
        {at("fifo"), "is a device or pipe"},
        {at("missing/out"), "No such file"},
        {at("file/out"), ": cannot write"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stat about;
        if (stat(rows[i].path, &about) == 0 && S_ISREG(about.st_mode))
            continue; /* standard output may be one */
        assert_int_equal(pal_file_write(&ctx, rows[i].path, "y", 1), PAL_EIO);
        assert_non_null(strstr(ctx.error, rows[i].path));
        assert_non_null(strstr(ctx.error, rows[i].said));
    }
    expect_content("file", "x", 1);
    assert_int_equal(count_files(), 2);
}

static void test_unwritable_without_permission(void **state) {
    (void)state;
    if (geteuid() == 0) skip();
    assert_int_equal(mkdir(at("closed"), 0500), 0);
    assert_int_equal(pal_file_write(&ctx, at("closed/out"), "y", 1), PAL_EIO);
    assert_non_null(strstr(ctx.error, "ermission"));
    assert_int_equal(chmod(at("closed"), 0700), 0);
}

/* A full disk, as far as the writer can tell: the system takes part of the bytes and refuses the
 * rest. */
static void test_a_full_disk_leaves_the_old_file(void **state) {
    (void)state;
    enum { LIMIT = 100000 };
    put("out", "old", 3);
    char *text = large_text();
    struct rlimit before, limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = LIMIT;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    pal_status whole = pal_file_write(&ctx, at("out"), text, LARGE);
    char said[PAL_ERROR_MAX];
    memcpy(said, ctx.error, sizeof said);
    pal_writer writer;
    pal_status opened = pal_writer_open(&ctx, at("new"), &writer);
    pal_status first = pal_writer_add(&ctx, &writer, text, LIMIT);
    pal_status second = pal_writer_add(&ctx, &writer, text, 1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    free(text);

    assert_int_equal(whole, PAL_EIO);
    assert_non_null(strstr(said, "out: the disk is full"));
    assert_int_equal(opened, PAL_OK);
    assert_int_equal(first, PAL_OK);
    assert_int_equal(second, PAL_EIO);
    assert_int_equal(writer.fd, -1);
    assert_null(writer.path);
    expect_content("out", "old", 3);
    assert_int_equal(count_files(), 1);
}

static void test_files_of_a_batch_appear_together(void **state) {
    (void)state;
    put("b", "old", 3);
    pal_batch batch;
    assert_int_equal(pal_batch_open(&ctx, folder, &batch), PAL_OK);
    for (char name[2] = "a"; *name <= 'z'; name[0]++)
        assert_int_equal(pal_batch_write(&ctx, &batch, name, name, 1), PAL_OK);
    expect_content("b", "old", 3);
    assert_false(pal_path_exists(at("a")));
    assert_int_equal(pal_batch_commit(&ctx, &batch), PAL_OK);
    assert_int_equal(count_files(), 26);
    expect_content("a", "a", 1);
    expect_content("b", "b", 1);
    pal_batch_abort(&batch);
    assert_int_equal(count_files(), 26);
}

static void test_half_a_batch_leaves_nothing(void **state) {
    (void)state;
    put("old", "old", 3);
    static const char *const places[] = {"new/deep/deeper", "new/", "new//deep/", "."};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        pal_batch batch;
        assert_int_equal(pal_batch_open(&ctx, at(places[i]), &batch), PAL_OK);
        assert_int_equal(pal_batch_write(&ctx, &batch, "old", "half", 4), PAL_OK);
        pal_batch_abort(&batch);
        assert_int_equal(count_files(), 1);
        expect_content("old", "old", 3);
    }
    pal_batch batch;
    assert_int_equal(pal_batch_open(&ctx, at("old/below"), &batch), PAL_EIO);
    assert_int_equal(pal_batch_open(&ctx, "", &batch), PAL_EUSAGE);
    /* A name that cannot be written fails alone; what others put there stays. */
    assert_int_equal(pal_batch_open(&ctx, at("new"), &batch), PAL_OK);
    pal_writer *writer;
    assert_int_equal(pal_batch_add(&ctx, &batch, "no/such/folder", &writer), PAL_EIO);
    put("new/other", "other", 5);
    pal_batch_abort(&batch);
    expect_content("new/other", "other", 5);
}

/* The names that a crash of an earlier process with this number left are passed over, and not
 * touched. */
static void test_names_of_others_are_left_alone(void **state) {
    (void)state;
    char name[64];
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, ".out.tmp-%ld-%d", (long)getpid(), i);
        put(name, "not ours", 8);
    }
    assert_int_equal(pal_file_write(&ctx, at("out"), "new", 3), PAL_OK);
    expect_content("out", "new", 3);
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, ".out.tmp-%ld-%d", (long)getpid(), i);
        expect_content(name, "not ours", 8);
    }
    assert_int_equal(count_files(), 4);
}

enum { WRITERS = 4, WRITES = 15, WRITER_BYTES = 5000 };

static void *write_often(void *arg) {
    pal_ctx own = {0};
    char bytes[WRITER_BYTES];
    memset(bytes, *(const char *)arg, sizeof bytes);
    for (int i = 0; i < WRITES; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/shared", folder);
        if (pal_file_write(&own, path, bytes, sizeof bytes) != PAL_OK) return arg;
    }
    return NULL;
}

/* Whoever comes last wins, and nobody sees a mixture. */
static void test_writers_of_one_path_do_not_mix(void **state) {
    (void)state;
    static const char letters[WRITERS] = {'a', 'b', 'c', 'd'};
    pthread_t threads[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, write_often, (void *)(uintptr_t)&letters[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    pal_bytes bytes;
    assert_int_equal(pal_file_read(&ctx, at("shared"), &bytes), PAL_OK);
    assert_int_equal(bytes.length, WRITER_BYTES);
    for (size_t i = 1; i < WRITER_BYTES; i++) assert_int_equal(bytes.bytes[i], bytes.bytes[0]);
    pal_bytes_release(&bytes);
    assert_int_equal(count_files(), 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(test_plain_files),
        TEST(test_loaded_files_survive_a_change),
        TEST(test_unreadable_things_get_a_sentence),
        TEST(test_unreadable_without_permission),
        TEST(test_compressed_files_are_told_by_their_bytes),
        TEST(test_members_follow_one_another),
        TEST(test_cut_files_are_refused),
        TEST(test_damaged_files_are_refused),
        TEST(test_paths),
        TEST(test_folder_lists_are_sorted),
        TEST(test_folders_are_made),
        TEST(test_commit_replaces_the_old_file),
        TEST(test_abort_leaves_nothing),
        TEST(test_a_path_without_folder),
        TEST(test_unwritable_places_get_a_sentence),
        TEST(test_unwritable_without_permission),
        TEST(test_a_full_disk_leaves_the_old_file),
        TEST(test_files_of_a_batch_appear_together),
        TEST(test_half_a_batch_leaves_nothing),
        TEST(test_names_of_others_are_left_alone),
        TEST(test_writers_of_one_path_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
