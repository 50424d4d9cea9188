/* test_container.c - what is written reads back the same, and nothing else that stands in a file
 * does harm. */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#include "base/ctx.h"
#include "base/text.h"
#include "data/container.h"

static char folder[64];

static int make_folder(void **state) {
    (void)state;
    strcpy(folder, "/tmp/palate-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int32_t count_files(void) {
    pal_ctx ctx = {0};
    pal_arena arena = {0};
    const char *const *names;
    int32_t n = -1;
    assert_int_equal(pal_folder_list(&ctx, folder, &arena, &names, &n), PAL_OK);
    pal_arena_release(&arena);
    return n;
}

static int remove_folder(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_arena arena = {0};
    const char *const *names;
    int32_t n = 0;
    assert_int_equal(pal_folder_list(&ctx, folder, &arena, &names, &n), PAL_OK);
    for (int32_t i = 0; i < n; i++) unlink(pal_path_join(&arena, folder, names[i]));
    pal_arena_release(&arena);
    return rmdir(folder);
}

static const char *path_of(const char *name) {
    static char paths[4][128];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_text(const char *name, const char *text) {
    pal_ctx ctx = {0};
    assert_int_equal(pal_file_write(&ctx, path_of(name), text, strlen(text)), PAL_OK);
}

static void assert_says(const pal_ctx *ctx, const char *part) {
    if (!strstr(ctx->error, part)) fail_msg("'%s' does not say '%s'", ctx->error, part);
    assert_null(strchr(ctx->error, '\n'));
}

/* --- containers --- */

static const int64_t two_by_three[] = {2, 3}, three[] = {3}, five[] = {5}, none[] = {0};
static const float floats[] = {1, 2, 3, 4, 5, -6.5f};
static const int64_t longs[] = {-1, 0, INT64_MAX};
static const uint8_t bytes_of_five[] = {1, 2, 3, 4, 255};

/* A small model file. */
static void write_small(pal_ctx *ctx, const char *path) {
    pal_container container = {0};
    assert_int_equal(pal_container_set(ctx, &container, "spec", "ease l2=500 \"ünïcode\"\n"),
                     PAL_OK);
    assert_int_equal(pal_container_add(ctx, &container, "odd", PAL_U8, 1, five, bytes_of_five),
                     PAL_OK);
    assert_int_equal(
        pal_container_add(ctx, &container, "factors", PAL_F32, 2, two_by_three, floats), PAL_OK);
    assert_int_equal(pal_container_add(ctx, &container, "empty", PAL_F64, 1, none, NULL), PAL_OK);
    assert_int_equal(pal_container_add(ctx, &container, "part0/rows", PAL_I64, 1, three, longs),
                     PAL_OK);
    assert_int_equal(pal_container_write(ctx, &container, "model", path), PAL_OK);
    pal_container_release(&container);
}

static void check_small(pal_ctx *ctx, const pal_container *container) {
    const pal_stored *tensor;
    assert_string_equal(pal_container_get(container, "spec"), "ease l2=500 \"ünïcode\"\n");
    assert_null(pal_container_get(container, "nothing"));
    assert_int_equal(container->n, 4);
    assert_int_equal(pal_container_find(ctx, container, "factors", PAL_F32, 2, &tensor), PAL_OK);
    assert_int_equal(tensor->dims[0], 2);
    assert_int_equal(tensor->dims[1], 3);
    assert_memory_equal(tensor->data, floats, sizeof floats);
    assert_int_equal((uintptr_t)tensor->data % 64, 0);
    assert_int_equal(pal_container_find(ctx, container, "part0/rows", PAL_I64, 1, &tensor), PAL_OK);
    assert_memory_equal(tensor->data, longs, sizeof longs);
    assert_int_equal((uintptr_t)tensor->data % 64, 0);
    assert_int_equal(pal_container_find(ctx, container, "empty", PAL_F64, 1, &tensor), PAL_OK);
    assert_int_equal(tensor->dims[0], 0);
    assert_int_equal(pal_container_find(ctx, container, "odd", PAL_U8, 1, &tensor), PAL_OK);
    assert_memory_equal(tensor->data, bytes_of_five, sizeof bytes_of_five);
}

static void test_round_trip(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    const char *path = path_of("small.palate");
    write_small(&ctx, path);
    for (int load = 0; load < 2; load++) {
        pal_container container;
        assert_int_equal(pal_container_open(&ctx, path, "model", load, &container), PAL_OK);
        check_small(&ctx, &container);
        const pal_stored *tensor;
        assert_int_equal(pal_container_find(&ctx, &container, "factors", PAL_F64, 2, &tensor),
                         PAL_EFORMAT);
        assert_says(&ctx, "tensor factors is of another type");
        assert_int_equal(pal_container_find(&ctx, &container, "factors", PAL_F32, 1, &tensor),
                         PAL_EFORMAT);
        assert_int_equal(pal_container_find(&ctx, &container, "vectors", PAL_F32, 2, &tensor),
                         PAL_EFORMAT);
        assert_says(&ctx, "tensor vectors is missing");
        pal_container_release(&container);
    }
}

static void test_same_content_same_bytes(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_bytes a, b;
    write_small(&ctx, path_of("a.palate"));
    write_small(&ctx, path_of("b.palate"));
    assert_int_equal(pal_file_load(&ctx, path_of("a.palate"), &a), PAL_OK);
    assert_int_equal(pal_file_load(&ctx, path_of("b.palate"), &b), PAL_OK);
    assert_int_equal(a.length, b.length);
    assert_memory_equal(a.bytes, b.bytes, a.length);
    pal_bytes_release(&a);
    pal_bytes_release(&b);
}

static void test_wrong_type(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_container container;
    write_small(&ctx, path_of("small.palate"));
    assert_int_equal(pal_container_open(&ctx, path_of("small.palate"), "log", false, &container),
                     PAL_EFORMAT);
    assert_says(&ctx, "small.palate: holds a model, not a log: give it to recommend");
}

/* A copy at an address like a mapping's. */
static char *copy_bytes(const pal_bytes *file, size_t n) {
    char *copy = aligned_alloc(64, (n + 64) / 64 * 64);
    assert_non_null(copy);
    memcpy(copy, file->bytes, n);
    return copy;
}

static void test_every_flipped_byte_is_told(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_bytes file;
    write_small(&ctx, path_of("small.palate"));
    assert_int_equal(pal_file_load(&ctx, path_of("small.palate"), &file), PAL_OK);
    for (size_t i = 0; i < file.length; i++) {
        for (int bit = 0; bit < 8; bit++) {
            char *copy = copy_bytes(&file, file.length);
            pal_container container;
            copy[i] = (char)(copy[i] ^ 1 << bit);
            ctx.error[0] = '\0';
            assert_int_equal(
                pal_container_parse(&ctx, "copy", copy, file.length, "model", &container),
                PAL_EFORMAT);
            assert_says(&ctx, "copy: ");
            free(copy);
        }
    }
    pal_bytes_release(&file);
}

static void test_every_cut_is_told(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_bytes file;
    write_small(&ctx, path_of("small.palate"));
    assert_int_equal(pal_file_load(&ctx, path_of("small.palate"), &file), PAL_OK);
    for (size_t n = 0; n < file.length; n++) {
        char *copy = copy_bytes(&file, n);
        pal_container container;
        ctx.error[0] = '\0';
        assert_int_equal(pal_container_parse(&ctx, "copy", copy, n, "model", &container),
                         PAL_EFORMAT);
        assert_says(&ctx, "copy: ");
        free(copy);
    }
    pal_bytes_release(&file);
}

/* --- files that no palate wrote --- */

/* length, header padded to 64 bytes, `n_data` zero bytes; where the header has a palate.hash of 32
 * zeros it is made right, so that what is wrong otherwise is met. */
static char *forge(const char *header, size_t n_data, size_t *n) {
    size_t length = strlen(header), padded = (length + 8 + 63) / 64 * 64 - 8;
    *n = 8 + padded + n_data;
    char *bytes = aligned_alloc(64, (*n + 64) / 64 * 64);
    assert_non_null(bytes);
    memset(bytes, ' ', *n);
    for (int i = 0; i < 8; i++) bytes[i] = (char)((uint64_t)padded >> 8 * i);
    memcpy(bytes + 8, header, length);
    memset(bytes + 8 + padded, 0, n_data);
    char *slot = memmem(bytes, 8 + padded, "00000000000000000000000000000000", 32);
    if (slot) {
        XXH128_hash_t hash = XXH3_128bits(bytes, *n);
        char digits[33];
        snprintf(digits, sizeof digits, "%016" PRIx64 "%016" PRIx64, hash.high64, hash.low64);
        memcpy(slot, digits, 32);
    }
    return bytes;
}

#define META(format, type)                                                                         \
    "\"__metadata__\":{\"palate.hash\":\"00000000000000000000000000000000\",\"palate.format\":"    \
    "\"" format "\",\"palate.type\":\"" type "\"}"
#define ONE(entry) "{" META("1", "log") ",\"a\":" entry "}"
#define F32_OF(shape, offsets)                                                                     \
    "{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static const struct {
    const char *header;
    size_t n_data;
    const char *says; /* NULL: is right */
} forged[] = {
    {"{" META("1", "log") "}", 0, NULL},
    {ONE(F32_OF("[2,8]", "[0,64]")), 64, NULL},
    {ONE(F32_OF("[]", "[0,4]")), 4, NULL},
    {"{" META("1", "log") ",\"a\":" F32_OF(
         "[1]", "[0,4]") ",\"_pad1\":{\"dtype\":\"U8\",\"shape\":[60],\"data_offsets\":[4,64]},"
                         "\"b\":" F32_OF("[1]", "[64,68]") "}",
     68, NULL},
    {"hello", 0, "is not a .palate file (its header is not JSON)"},
    {"[1]", 0, "its header is not a JSON object"},
    {"{\"a\":1,\"a\":2}", 0, "its header is not JSON"},
    {"{}", 0, "was not written by palate"},
    {"{\"__metadata__\":{\"format\":\"pt\"},\"a\":" F32_OF("[1]", "[0,4]") "}", 4,
     "was not written by palate"},
    {"{\"__metadata__\":7}", 0, "was not written by palate"},
    {"{\"__metadata__\":{\"palate.format\":1,\"palate.type\":\"log\"}}", 0,
     "was not written by palate"},
    {"{\"__metadata__\":{\"palate.format\":\"one\",\"palate.type\":\"log\"}}", 0,
     "was not written by palate"},
    {"{\"__metadata__\":{\"palate.format\":\"1\",\"palate.type\":\"log\"}}", 0,
     "its hash is missing"},
    {"{\"__metadata__\":{\"palate.format\":\"1\",\"palate.type\":\"log\",\"palate.hash\":\"12\"}}",
     0, "its hash is missing"},
    {"{" META("3", "log") "}", 0,
     "was written by a newer palate (format 3, this one reads up to 2): update palate"},
    {"{" META("1", "model") "}", 0, "holds a model, not a log"},
    {"{" META("1", "cake") "}", 0, "holds a cake, not a log"},
    {ONE("7"), 4, "entry is not understood"},
    {ONE("{}"), 4, "entry is not understood"},
    {ONE("{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}"), 4, "entry is not understood"},
    {ONE(F32_OF("[1,1,1,1,1]", "[0,4]")), 4, "entry is not understood"},
    {ONE(F32_OF("7", "[0,4]")), 4, "entry is not understood"},
    {ONE(F32_OF("[1]", "[0,4,8]")), 4, "entry is not understood"},
    {ONE(F32_OF("[\"1\"]", "[0,4]")), 4, "size is not understood"},
    {ONE(F32_OF("[-1]", "[0,4]")), 4, "size is not understood"},
    {ONE(F32_OF("[1.0]", "[0,4]")), 4, "size is not understood"},
    {ONE(F32_OF("[1]", "[\"0\",4]")), 4, "size is not understood"},
    {ONE(F32_OF("[4294967296,4294967296]", "[0,0]")), 0, "size is not understood"},
    {ONE(F32_OF("[4611686018427387904,1]", "[0,0]")), 0, "size is not understood"},
    {ONE(F32_OF("[2]", "[0,4]")), 4, "size does not fit"},
    {ONE(F32_OF("[1]", "[0,4]")), 0, "size does not fit"},
    {ONE(F32_OF("[1]", "[4,0]")), 4, "size does not fit"},
    {ONE(F32_OF("[2]", "[-4,4]")), 4, "size does not fit"},
    {ONE(F32_OF("[1]", "[9223372036854775804,9223372036854775807]")), 4, "size does not fit"},
    {ONE(F32_OF("[1]", "[0,4]")), 8, "its length is not what its header says"},
    {ONE(F32_OF("[1]", "[4,8]")), 8, "overlap or leave a hole"},
    {"{" META("1", "log") ",\"a\":" F32_OF("[1]", "[0,4]") ",\"b\":" F32_OF("[1]", "[0,4]") "}", 4,
     "overlap or leave a hole"},
    {"{" META("1", "log") ",\"a\":" F32_OF("[1]", "[0,4]") ",\"b\":" F32_OF("[1]", "[4,8]") "}", 8,
     "is not aligned"},
    {ONE(F32_OF("[99999999999999999999]", "[0,4]")), 4, "its header is not JSON"},
};

static void test_forged_headers(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        pal_ctx ctx = {0};
        pal_container container;
        size_t n;
        char *bytes = forge(forged[i].header, forged[i].n_data, &n);
        pal_status status = pal_container_parse(&ctx, "forged", bytes, n, "log", &container);
        if (status != (forged[i].says ? PAL_EFORMAT : PAL_OK))
            fail_msg("%s: %s", forged[i].header, ctx.error);
        if (forged[i].says) assert_says(&ctx, forged[i].says);
        if (status == PAL_OK) pal_container_release(&container);
        free(bytes);
    }
}

static void test_lengths_before_headers(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *says;
    } cases[] = {
        {"", 0, "it is shorter than 8 bytes"},
        {"\1\0\0\0\0\0\0", 7, "it is shorter than 8 bytes"},
        {"\1\0\0\0\0\0\0\0", 8, "it was cut within its header"},
        {"\xff\0\0\0\0\0\0\0{}", 10, "it was cut within its header"},
        {"\xff\xff\xff\xff\xff\xff\xff\xff{}", 10, "larger than 16 MB"},
        {"user,item\n1,2\n", 14, "larger than 16 MB"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pal_ctx ctx = {0};
        pal_container container;
        assert_int_equal(
            pal_container_parse(&ctx, "file", cases[i].bytes, cases[i].n, "log", &container),
            PAL_EFORMAT);
        assert_says(&ctx, cases[i].says);
    }
}

static void test_deep_and_wide_headers(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_container container;
    size_t n;
    pal_text header = {0};
    for (int i = 0; i < 200000; i++) pal_text_add(&header, "{\"a\":");
    char *bytes = forge(header.bytes, 0, &n);
    assert_int_equal(pal_container_parse(&ctx, "deep", bytes, n, "log", &container), PAL_EFORMAT);
    free(bytes);
    pal_text_release(&header);

    pal_text_add(&header, "{" META("1", "log"));
    for (int i = 0; i <= PAL_CONTAINER_TENSORS_MAX; i++)
        pal_text_addf(&header, ",\"t%d\":" F32_OF("[0]", "[0,0]"), i);
    pal_text_add(&header, "}");
    bytes = forge(header.bytes, 0, &n);
    assert_int_equal(pal_container_parse(&ctx, "wide", bytes, n, "log", &container), PAL_EFORMAT);
    assert_says(&ctx, "too many tensors");
    free(bytes);
    pal_text_release(&header);
}

/* --- writing fails whole --- */

static void test_full_disk_leaves_nothing(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    const int64_t many[] = {1 << 16};
    void *zeros = calloc(1 << 16, 1);
    pal_container container = {0};
    write_small(&ctx, path_of("kept.palate"));
    int32_t n_files = count_files();
    assert_int_equal(pal_container_add(&ctx, &container, "zeros", PAL_U8, 1, many, zeros), PAL_OK);

    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = 4096, .rlim_max = before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    pal_status fresh = pal_container_write(&ctx, &container, "model", path_of("full.palate"));
    pal_status over = pal_container_write(&ctx, &container, "model", path_of("kept.palate"));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);

    assert_int_equal(fresh, PAL_EIO);
    assert_int_equal(over, PAL_EIO);
    assert_says(&ctx, "the disk is full");
    assert_int_equal(count_files(), n_files);
    pal_container kept;
    assert_int_equal(pal_container_open(&ctx, path_of("kept.palate"), "model", true, &kept),
                     PAL_OK);
    check_small(&ctx, &kept);
    pal_container_release(&kept);
    pal_container_release(&container);
    free(zeros);
}

static void test_no_place_to_write(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_container container = {0};
    assert_int_equal(
        pal_container_write(&ctx, &container, "model", path_of("no/such/folder.palate")), PAL_EIO);
    assert_int_equal(pal_container_write(&ctx, &container, "model", folder), PAL_EIO);
    pal_container_release(&container);
}

/* --- arrays of a stranger: each row spoils one thing of a right log --- */

typedef struct {
    int64_t starts[4], times[5];
    int32_t items[5];
    float values[5], weights[5];
    uint8_t types[5];
    int64_t user_offsets[4], item_offsets[4];
    char users[7], all_items[7];
    int64_t n_events; /* length of weights */
    const char *about;
} stranger;

static const stranger right = {
    .starts = {0, 2, 2, 5},
    .times = {10, 20, 5, 5, 30},
    .items = {0, 2, 1, 1, 0},
    .values = {1, 2, 3, 4, 5},
    .weights = {1, 1, 2, 1, .5f},
    .types = {0, 1, 0, 0, 1},
    .user_offsets = {0, 2, 4, 6},
    .item_offsets = {0, 2, 4, 6},
    .users = "a\0b\0c",
    .all_items = "x\0y\0z",
    .n_events = 5,
    .about = "{\"n_users\":3,\"n_items\":3,\"types\":[\"view\",\"buy\"],\"target_types\":2,\"value_"
             "name\":\"v\"}",
};

static void spoil_start(stranger *s) { s->starts[0] = 1; }
static void spoil_order(stranger *s) { s->starts[1] = 3; }
static void spoil_negative_start(stranger *s) { s->starts[1] = -1; }
static void spoil_huge_start(stranger *s) { s->starts[1] = INT64_MAX; }
static void spoil_end(stranger *s) { s->starts[3] = 4; }
static void spoil_item(stranger *s) { s->items[1] = 3; }
static void spoil_negative_item(stranger *s) { s->items[4] = -1; }
static void spoil_time_order(stranger *s) { s->times[4] = 4; }
static void spoil_negative_time(stranger *s) { s->times[0] = -1; }
static void spoil_huge_time(stranger *s) { s->times[1] = INT64_MAX; }
static void spoil_value(stranger *s) { s->values[2] = NAN; }
static void spoil_zero_weight(stranger *s) { s->weights[0] = 0; }
static void spoil_weight(stranger *s) { s->weights[0] = INFINITY; }
static void spoil_type(stranger *s) { s->types[3] = 2; }
static void spoil_length(stranger *s) { s->n_events = 4; }
static void spoil_names(stranger *s) {
    s->about = "{\"n_users\":3,\"n_items\":3,\"types\":[],\"target_types\":1}";
}
static void spoil_targets(stranger *s) {
    s->about = "{\"n_users\":3,\"n_items\":3,\"types\":[\"view\",\"buy\"],\"target_types\":-1e300}";
}
static void spoil_users(stranger *s) {
    s->about = "{\"n_users\":2,\"n_items\":3,\"types\":[\"view\",\"buy\"],\"target_types\":2}";
}
static void spoil_items(stranger *s) {
    s->about = "{\"n_users\":3,\"n_items\":4,\"types\":[\"view\",\"buy\"],\"target_types\":2}";
}
static void spoil_about(stranger *s) { s->about = "{\"n_users\":"; }
static void spoil_nothing(stranger *s) { s->about = "7"; }
static void spoil_same_ids(stranger *s) { s->users[2] = 'a'; }
static void spoil_id_end(stranger *s) { s->users[3] = 'b'; }
static void spoil_id_nul(stranger *s) { s->users[2] = '\0'; }
static void spoil_empty_id(stranger *s) {
    s->user_offsets[1] = 1;
    s->users[0] = '\0';
}
static void spoil_id_utf8(stranger *s) { s->users[2] = '\xff'; }
static void spoil_offsets(stranger *s) { s->item_offsets[1] = 5; }
static void spoil_negative_offset(stranger *s) { s->item_offsets[1] = INT64_MIN; }
static void spoil_huge_offset(stranger *s) { s->item_offsets[2] = INT64_MAX; }
static void spoil_last_offset(stranger *s) { s->item_offsets[3] = 5; }

static const struct {
    const char *name;
    void (*spoil)(stranger *s);
} spoils[] = {
#define SPOIL(name)                                                                                \
    { #name, spoil_##name }
    SPOIL(start),         SPOIL(order),       SPOIL(negative_start), SPOIL(huge_start),
    SPOIL(end),           SPOIL(item),        SPOIL(negative_item),  SPOIL(time_order),
    SPOIL(negative_time), SPOIL(huge_time),   SPOIL(value),          SPOIL(zero_weight),
    SPOIL(weight),        SPOIL(type),        SPOIL(length),         SPOIL(names),
    SPOIL(targets),       SPOIL(users),       SPOIL(items),          SPOIL(about),
    SPOIL(nothing),       SPOIL(same_ids),    SPOIL(id_end),         SPOIL(id_nul),
    SPOIL(empty_id),      SPOIL(id_utf8),     SPOIL(offsets),        SPOIL(negative_offset),
    SPOIL(huge_offset),   SPOIL(last_offset),
#undef SPOIL
};

static void write_stranger(const stranger *s, const char *path) {
    pal_ctx ctx = {0};
    pal_container c = {0};
    const int64_t four[] = {4}, six[] = {6}, *n = &s->n_events;
    assert_int_equal(pal_container_set(&ctx, &c, "log/about", s->about), PAL_OK);
    assert_int_equal(
        pal_container_add(&ctx, &c, "users/offsets", PAL_I64, 1, four, s->user_offsets), PAL_OK);
    assert_int_equal(pal_container_add(&ctx, &c, "users/bytes", PAL_U8, 1, six, s->users), PAL_OK);
    assert_int_equal(
        pal_container_add(&ctx, &c, "items/offsets", PAL_I64, 1, four, s->item_offsets), PAL_OK);
    assert_int_equal(pal_container_add(&ctx, &c, "items/bytes", PAL_U8, 1, six, s->all_items),
                     PAL_OK);
    assert_int_equal(pal_container_add(&ctx, &c, "log/starts", PAL_I64, 1, four, s->starts),
                     PAL_OK);
    assert_int_equal(pal_container_add(&ctx, &c, "log/items", PAL_I32, 1, five, s->items), PAL_OK);
    assert_int_equal(pal_container_add(&ctx, &c, "log/values", PAL_F32, 1, five, s->values),
                     PAL_OK);
    assert_int_equal(pal_container_add(&ctx, &c, "log/times", PAL_I64, 1, five, s->times), PAL_OK);
    assert_int_equal(pal_container_add(&ctx, &c, "log/types", PAL_U8, 1, five, s->types), PAL_OK);
    assert_int_equal(pal_container_add(&ctx, &c, "log/weights", PAL_F32, 1, n, s->weights), PAL_OK);
    assert_int_equal(pal_container_write(&ctx, &c, "log", path), PAL_OK);
    pal_container_release(&c);
}

static pal_status restore_stranger(pal_ctx *ctx, const char *path) {
    pal_container container;
    pal_ids users = {0}, items = {0};
    pal_log log = {0};
    assert_int_equal(pal_container_open(ctx, path, "log", false, &container), PAL_OK);
    pal_status status = pal_ids_restore(ctx, &container, "users/", &users);
    if (status == PAL_OK) status = pal_ids_restore(ctx, &container, "items/", &items);
    if (status == PAL_OK) status = pal_log_restore(ctx, &container, "log/", &users, &items, &log);
    if (status == PAL_OK) {
        assert_memory_equal(log.items, right.items, sizeof right.items);
        assert_memory_equal(log.weights, right.weights, sizeof right.weights);
        assert_int_equal(log.about.target_types, 2);
        assert_string_equal(log.about.type_names[1], "buy");
        assert_string_equal(pal_ids_at(&users, 2), "c");
    }
    pal_log_release(&log);
    pal_ids_release(&users);
    pal_ids_release(&items);
    pal_container_release(&container);
    return status;
}

static void test_strangers_arrays(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    write_stranger(&right, path_of("right.palate"));
    assert_int_equal(restore_stranger(&ctx, path_of("right.palate")), PAL_OK);
    for (size_t i = 0; i < sizeof spoils / sizeof *spoils; i++) {
        stranger spoiled = right;
        spoils[i].spoil(&spoiled);
        write_stranger(&spoiled, path_of("spoiled.palate"));
        ctx.error[0] = '\0';
        pal_status status = restore_stranger(&ctx, path_of("spoiled.palate"));
        if (status != PAL_EFORMAT || !strstr(ctx.error, "spoiled.palate: "))
            fail_msg("%s: status %d, '%s'", spoils[i].name, status, ctx.error);
    }
}

static void test_empty_ids(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_ids ids = {0}, back = {0};
    pal_container container = {0}, opened;
    assert_int_equal(pal_ids_store(&ctx, &ids, 0, "users/", &container), PAL_OK);
    assert_int_equal(pal_container_write(&ctx, &container, "log", path_of("empty.palate")), PAL_OK);
    assert_int_equal(pal_container_open(&ctx, path_of("empty.palate"), "log", false, &opened),
                     PAL_OK);
    assert_int_equal(pal_ids_restore(&ctx, &opened, "users/", &back), PAL_OK);
    assert_int_equal(back.n, 0);
    pal_container_release(&opened);
    pal_container_release(&container);
}

/* --- logs as a user meets them --- */

static const char events_text[] =
    "customer,sku,stars,time,action\n"
    "ann,apple,3,100,view\nann,apple,4,200,buy\nbob,äpfel,1,150,view\n"
    "bob,pear,5,160,view\ncid,apple,2,90,cart\ncid,pear,2,95,buy\ndan,fig,5,300,view\n";
static const char items_text[] =
    "item,title,colour\napple,\"An \"\"apple\"\"\",red\näpfel,Äpfel,\npear,Pear,green\n";
static const char columns_option[] =
    "columns=user=customer,item=sku,value=stars,time=time,event=action";

static pal_data *read_events(pal_ctx *ctx, const char *more) {
    pal_data *data = NULL;
    char options[256];
    write_text("events.csv", events_text);
    write_text("items.csv", items_text);
    snprintf(options, sizeof options, "%s %s", columns_option, more);
    const pal_paths paths = {.log = path_of("events.csv"), .items = path_of("items.csv")};
    if (pal_data_read(ctx, &paths, options, &data) != PAL_OK) fail_msg("%s", ctx->error);
    return data;
}

static pal_data *save_and_read(pal_ctx *ctx, const pal_data *data, const char *options) {
    pal_data *back = NULL;
    const pal_paths paths = {.log = path_of("kept.palate")};
    if (pal_data_save(ctx, data, paths.log) != PAL_OK) fail_msg("%s", ctx->error);
    if (pal_data_read(ctx, &paths, options, &back) != PAL_OK) fail_msg("%s", ctx->error);
    return back;
}

static void assert_same_data(const pal_data *a, const pal_data *b) {
    assert_int_equal(a->n_parts, b->n_parts);
    for (int32_t p = 0; p < a->n_parts; p++) {
        assert_true(pal_log_hash(&a->parts[p]) == pal_log_hash(&b->parts[p]));
        assert_string_equal(a->parts[p].about.value_name, b->parts[p].about.value_name);
        assert_int_equal(a->parts[p].about.values_are_ratings,
                         b->parts[p].about.values_are_ratings);
        assert_int_equal(a->parts[p].about.target_types, b->parts[p].about.target_types);
    }
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->columns, b->columns);
    assert_string_equal(a->shown.bytes ? a->shown.bytes : "", b->shown.bytes ? b->shown.bytes : "");
    assert_int_equal(a->n_findings, b->n_findings);
    for (int32_t i = 0; i < a->n_findings; i++)
        assert_string_equal(a->findings[i].what, b->findings[i].what);
    assert_int_equal(a->catalog.ids.n, b->catalog.ids.n);
    assert_int_equal(a->catalog.title, b->catalog.title);
    assert_int_equal(a->catalog.n_columns, b->catalog.n_columns);
    for (int32_t c = 0; c < a->catalog.n_columns; c++) {
        assert_string_equal(a->catalog.columns[c].name, b->catalog.columns[c].name);
        for (int32_t i = 0; i < a->catalog.ids.n; i++) {
            assert_string_equal(a->catalog.columns[c].cells[i], b->catalog.columns[c].cells[i]);
        }
    }
}

static void test_import_is_the_same_log(void **state) {
    (void)state;
    static const char *const options[] = {
        "",
        "target=cart",
        "events=view=1,buy=5",
        "min_item=2",
        "events=view=1,cart=2.5 target=view half_life=30d train_window=90d",
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        pal_ctx ctx = {0};
        pal_data *data = read_events(&ctx, options[i]), *back = save_and_read(&ctx, data, NULL);
        assert_same_data(data, back);
        assert_true(data->options.half_life == back->options.half_life);
        assert_true(data->options.train_window == back->options.train_window);
        assert_string_equal(back->format, "palate");
        pal_data_free(data);
        pal_data_free(back);
    }
}

static void test_import_takes_options_again(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_data *data = read_events(&ctx, "target=cart half_life=30d"),
             *back = save_and_read(&ctx, data, "target=view half_life=10d");
    assert_int_equal(back->parts[0].about.target_types, 1u << 0);
    assert_true(back->options.half_life == 10 * 86400.0);
    pal_data_free(data);
    pal_data_free(back);
}

static void test_import_keeps_parts(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_data *data = NULL;
    write_text("train.csv", "user,item,time\na,x,1\nb,y,2\nc,x,3\n");
    write_text("valid.csv", "user,item,time\na,y,4\nd,z,5\n");
    write_text("test.csv", "user,item,time\na,w,6\n");
    const pal_paths paths = {
        .train = path_of("train.csv"), .valid = path_of("valid.csv"), .test = path_of("test.csv")};
    if (pal_data_read(&ctx, &paths, NULL, &data) != PAL_OK) fail_msg("%s", ctx.error);
    pal_data *back = save_and_read(&ctx, data, NULL);
    assert_int_equal(back->n_parts, 3);
    assert_same_data(data, back);
    pal_data_free(data);
    pal_data_free(back);

    const pal_paths mixed = {.train = path_of("kept.palate"), .test = path_of("test.csv")};
    assert_int_equal(pal_data_read(&ctx, &mixed, NULL, &data), PAL_EUSAGE);
    assert_says(&ctx, "holds 3 parts already");
}

static void test_damaged_log_is_told_through_reading(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_data *data = read_events(&ctx, ""), *back = NULL;
    const pal_paths paths = {.log = path_of("hurt.palate")};
    pal_bytes file;
    assert_int_equal(pal_data_save(&ctx, data, paths.log), PAL_OK);
    pal_data_free(data);
    assert_int_equal(pal_file_load(&ctx, paths.log, &file), PAL_OK);
    for (size_t n = 0; n < file.length; n += 7) {
        assert_int_equal(pal_file_write(&ctx, paths.log, file.bytes, n), PAL_OK);
        pal_status status = pal_data_read(&ctx, &paths, NULL, &back);
        if (status != PAL_EFORMAT)
            fail_msg("cut to %zu bytes: status %d, '%s'", n, status, ctx.error);
        assert_says(&ctx, "hurt.palate");
    }
    pal_bytes_release(&file);
    write_small(&ctx, paths.log);
    assert_int_equal(pal_data_read(&ctx, &paths, NULL, &back), PAL_EFORMAT);
    assert_says(&ctx, "holds a model, not a log");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_same_content_same_bytes),
        cmocka_unit_test(test_wrong_type),
        cmocka_unit_test(test_every_flipped_byte_is_told),
        cmocka_unit_test(test_every_cut_is_told),
        cmocka_unit_test(test_forged_headers),
        cmocka_unit_test(test_lengths_before_headers),
        cmocka_unit_test(test_deep_and_wide_headers),
        cmocka_unit_test(test_full_disk_leaves_nothing),
        cmocka_unit_test(test_no_place_to_write),
        cmocka_unit_test(test_strangers_arrays),
        cmocka_unit_test(test_empty_ids),
        cmocka_unit_test(test_import_is_the_same_log),
        cmocka_unit_test(test_import_takes_options_again),
        cmocka_unit_test(test_import_keeps_parts),
        cmocka_unit_test(test_damaged_log_is_told_through_reading),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
