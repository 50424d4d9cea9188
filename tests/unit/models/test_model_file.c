/* test_model_file.c - model files: what is written comes back bit by bit, and nothing that is cut,
 * damaged or made by a stranger is believed. */
#include "support.h"

#include <inttypes.h>
#include <math.h>
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#include "base/file.h"
#include "models/rank.h"
#include "models/train.h"

static char folder[64];

static int make_folder(void **state) {
    (void)state;
    strcpy(folder, "/tmp/palate_model_XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    return rmdir(folder);
}

/* --- a small model and its file in memory --- */

typedef struct {
    pal_ctx *ctx;
    support_log log;
    pal_catalog catalog;
    pal_model *model;
    char *bytes; /* [n] aligned as a mapped file is */
    size_t n;
} stored;

/* The file's bytes in memory that ends where the file ends. */
static char *copy_of(const char *bytes, size_t n) {
    void *copy = NULL;
    assert_int_equal(posix_memalign(&copy, 64, n + (n == 0)), 0);
    memcpy(copy, bytes, n);
    return copy;
}

static void stored_read_back(stored *s, const char *path) {
    pal_bytes file;
    assert_int_equal(pal_file_load(s->ctx, path, &file), PAL_OK);
    s->bytes = copy_of(file.bytes, file.length);
    s->n = file.length;
    pal_bytes_release(&file);
}

static void stored_make(stored *s, const char *spec, const char *fallback) {
    static const int32_t users[] = {0, 0, 1, 1, 1, 2, 2, 3}, items[] = {0, 1, 0, 1, 2, 0, 2, 3};
    static const int64_t times[] = {0, 0, 100, 100, 100, 200, 200, 300};
    static const char *const titles[] = {"<b>\"one\" & 'only'</b>", "Zwölf \xE2\x80\x93 13", "",
                                         "d"};
    *s = (stored){.ctx = support_open(1)};
    support_log_make(s->ctx, &s->log, 4, 4, 8, users, items, times, NULL);
    pal_column title = {.name = "title", .cells = titles};
    s->catalog = (pal_catalog){.n_columns = 1, .columns = &title};
    for (int32_t i = 0; i < 4; i++)
        assert_int_equal(pal_ids_add(&s->catalog.ids, pal_ids_at(&s->log.items, i), 2), i);
    pal_train_input input = {.log = &s->log.log, .items = &s->catalog};
    if (pal_model_train(s->ctx, spec, &input, &s->model) != PAL_OK) fail_msg("%s", s->ctx->error);
    if (fallback) {
        pal_model *other = NULL;
        assert_int_equal(pal_model_train(s->ctx, fallback, &input, &other), PAL_OK);
        pal_model_set_fallback(s->model, other);
    }
    s->model->metrics = strdup("{\"metric\": \"ndcg@10\"}");
    char path[128];
    snprintf(path, sizeof path, "%s/model.palate", folder);
    assert_int_equal(pal_model_save(s->ctx, s->model, path), PAL_OK);
    stored_read_back(s, path);
    unlink(path);
    s->catalog.columns = NULL; /* ends with this function */
    s->catalog.n_columns = 0;
    s->model->items = NULL;
}

static void stored_release(stored *s) {
    free(s->bytes);
    pal_model_free(s->model);
    pal_ids_release(&s->catalog.ids);
    support_log_release(&s->log);
    support_close(s->ctx);
}

static pal_model *stored_parse(stored *s) {
    pal_model *loaded = NULL;
    if (pal_model_parse(s->ctx, "m.palate", s->bytes, s->n, &loaded) != PAL_OK)
        fail_msg("%s", s->ctx->error);
    return loaded;
}

/* Makes the hash right again, so that what is wrong behind it is met. */
static void stored_seal(char *bytes, size_t n) {
    static const char key[] = "\"palate.hash\":\"";
    char *slot = memmem(bytes, n, key, sizeof key - 1);
    if (!slot || (size_t)(bytes + n - slot) < sizeof key + 32) return;
    slot += sizeof key - 1;
    memset(slot, '0', 32);
    XXH128_hash_t hash = XXH3_128bits(bytes, n);
    char digits[33];
    snprintf(digits, sizeof digits, "%016" PRIx64 "%016" PRIx64, hash.high64, hash.low64);
    memcpy(slot, digits, 32);
}

/* Where the tensor's data lie in the file. */
static char *stored_tensor(stored *s, const char *name) {
    pal_container container;
    assert_int_equal(pal_container_parse(s->ctx, "m.palate", s->bytes, s->n, "model", &container),
                     PAL_OK);
    const pal_stored *tensor = pal_container_look(&container, name);
    assert_non_null(tensor);
    ptrdiff_t at = (const char *)tensor->data - s->bytes;
    pal_container_release(&container);
    return s->bytes + at;
}

/* --- asking --- */

/* Lists of all users and of a stranger. */
static pal_lists lists_of(pal_ctx *ctx, const pal_model *model, pal_arena *arena) {
    pal_query queries[5] = {{0}};
    for (int32_t u = 0; u < model->log->n_users && u < 4; u++)
        queries[u + 1] = pal_query_of_user(model, u);
    pal_lists lists;
    assert_int_equal(pal_rank(ctx, model, queries, 5,
                              &(pal_rank_options){.k = 4, .hide = PAL_HIDE_NONE}, arena, &lists),
                     PAL_OK);
    return lists;
}

static void assert_same_model(pal_ctx *ctx, const pal_model *a, const pal_model *b) {
    pal_arena arena = {0};
    pal_lists x = lists_of(ctx, a, &arena), y = lists_of(ctx, b, &arena);
    assert_memory_equal(x.items, y.items, 20 * sizeof *x.items);
    assert_memory_equal(x.scores, y.scores, 20 * sizeof *x.scores);
    assert_memory_equal(x.counts, y.counts, 5 * sizeof *x.counts);
    assert_memory_equal(x.fallback, y.fallback, 5);
    pal_arena_release(&arena);
}

/* --- tests --- */

static const char *const specs[] = {"random", "popular half_life=100s", "item_knn k=2 shrink=1",
                                    "ease l2=2"};

static void a_model_comes_back_bit_by_bit(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        stored s;
        stored_make(&s, specs[i], NULL);
        pal_model *loaded = stored_parse(&s);
        assert_string_equal(loaded->spec, s.model->spec);
        assert_ptr_equal(loaded->kind, s.model->kind);
        assert_string_equal(loaded->metrics, "{\"metric\": \"ndcg@10\"}");
        assert_int_equal(loaded->data_hash, s.model->data_hash);
        assert_null(loaded->fallback);
        assert_int_equal(pal_model_state_bytes(loaded), pal_model_state_bytes(s.model));
        assert_string_equal(pal_ids_at(loaded->log->about.user_ids, 3), "u3");
        assert_string_equal(pal_catalog_title(loaded->items, "i0"), "<b>\"one\" & 'only'</b>");
        assert_string_equal(pal_catalog_title(loaded->items, "i1"), "Zwölf \xE2\x80\x93 13");
        assert_same_model(s.ctx, s.model, loaded);
        pal_model_free(loaded);
        stored_release(&s);
    }
}

/* A model that was loaded writes the file that it came from. */
static void written_again_it_is_the_same_file(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        stored s, again = {0};
        stored_make(&s, specs[i], i == 3 ? "popular half_life=100s" : NULL);
        pal_model *loaded = stored_parse(&s);
        char path[128];
        snprintf(path, sizeof path, "%s/again.palate", folder);
        assert_int_equal(pal_model_save(s.ctx, loaded, path), PAL_OK);
        again.ctx = s.ctx;
        stored_read_back(&again, path);
        unlink(path);
        assert_int_equal(again.n, s.n);
        assert_memory_equal(again.bytes, s.bytes, s.n);
        free(again.bytes);
        pal_model_free(loaded);
        stored_release(&s);
    }
}

static void the_fallback_comes_with_it(void **state) {
    (void)state;
    stored s;
    stored_make(&s, "item_knn", "popular half_life=100s");
    pal_model *loaded = stored_parse(&s);
    assert_non_null(loaded->fallback);
    assert_string_equal(loaded->fallback->spec, s.model->fallback->spec);
    assert_ptr_equal(loaded->fallback->log, loaded->log);
    assert_same_model(s.ctx, s.model, loaded);
    pal_arena arena = {0};
    pal_lists lists = lists_of(s.ctx, loaded, &arena);
    assert_true(lists.fallback[0]);
    assert_int_equal(lists.items[0], 3); /* the newest, not i0 that most people used */
    pal_arena_release(&arena);
    pal_model_free(loaded);
    stored_release(&s);
}

static void every_cut_is_refused(void **state) {
    (void)state;
    stored s;
    stored_make(&s, "item_knn", "popular");
    for (size_t n = 0; n < s.n; n++) {
        char *cut = copy_of(s.bytes, n);
        pal_model *loaded = NULL;
        s.ctx->error[0] = '\0';
        if (pal_model_parse(s.ctx, "m.palate", cut, n, &loaded) != PAL_EFORMAT)
            fail_msg("cut to %zu of %zu bytes it was not refused", n, s.n);
        assert_null(loaded);
        assert_non_null(strstr(s.ctx->error, "m.palate: "));
        free(cut);
    }
    stored_release(&s);
}

static void every_flipped_bit_is_refused(void **state) {
    (void)state;
    stored s;
    stored_make(&s, "item_knn", "popular");
    for (size_t at = 0; at < 8 * s.n; at++) {
        pal_model *loaded = NULL;
        s.bytes[at / 8] = (char)(s.bytes[at / 8] ^ 1 << at % 8);
        if (pal_model_parse(s.ctx, "m.palate", s.bytes, s.n, &loaded) != PAL_EFORMAT)
            fail_msg("bit %zu of byte %zu was flipped and not refused", at % 8, at / 8);
        assert_null(loaded);
        s.bytes[at / 8] = (char)(s.bytes[at / 8] ^ 1 << at % 8);
    }
    pal_model_free(stored_parse(&s)); /* as it was it is fine */
    stored_release(&s);
}

/* With a right hash a damaged file is a stranger's: refused with a sentence, or a model that
 * answers like any other. Every kind, so that every tensor is met. */
static void no_strangers_file_does_harm(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        stored s;
        int n_loaded = 0, n_refused = 0;
        stored_make(&s, specs[i], "popular");
        for (size_t at = 0; at < s.n; at++) {
            static const unsigned char flips[] = {0x01, 0x80};
            for (int f = 0; f < 2; f++) {
                char *bad = copy_of(s.bytes, s.n);
                pal_model *loaded = NULL;
                bad[at] = (char)((unsigned char)bad[at] ^ flips[f]);
                stored_seal(bad, s.n);
                s.ctx->error[0] = '\0';
                if (pal_model_parse(s.ctx, "m.palate", bad, s.n, &loaded) == PAL_OK) {
                    pal_arena arena = {0};
                    (void)lists_of(s.ctx, loaded, &arena);
                    pal_arena_release(&arena);
                    n_loaded++;
                } else {
                    assert_true(s.ctx->error[0]);
                    n_refused++;
                }
                pal_model_free(loaded);
                free(bad);
            }
        }
        assert_true(n_loaded > 0 && n_refused > 0);
        stored_release(&s);
    }
}

/* --- what each tensor must hold --- */

static void assert_refused(stored *s, const char *sentence) {
    pal_model *loaded = NULL;
    stored_seal(s->bytes, s->n);
    assert_int_equal(pal_model_parse(s->ctx, "m.palate", s->bytes, s->n, &loaded), PAL_EFORMAT);
    assert_null(loaded);
    if (!strstr(s->ctx->error, sentence) || strncmp(s->ctx->error, "m.palate", 8))
        fail_msg("it says: %s", s->ctx->error);
}

static void indices_and_starts_are_checked(void **state) {
    (void)state;
    static const int32_t bad_indices[] = {4, -1, INT32_MAX, INT32_MIN};
    static const struct {
        int32_t at;
        int64_t value;
    } bad_starts[] = {{0, 1}, {1, -1}, {1, INT64_MAX}, {2, 0}, {4, 7}, {4, INT64_MAX}, {4, -1}};
    stored s;
    stored_make(&s, "item_knn", NULL);
    char *items = stored_tensor(&s, "state/items"), *starts = stored_tensor(&s, "state/starts");
    for (int i = 0; i < 4; i++) {
        int32_t right;
        memcpy(&right, items + 4, sizeof right);
        memcpy(items + 4, &bad_indices[i], sizeof right);
        assert_refused(&s, "state/items is not valid: train the model again");
        memcpy(items + 4, &right, sizeof right);
    }
    for (int i = 0; i < 7; i++) {
        int64_t right;
        memcpy(&right, starts + 8 * bad_starts[i].at, sizeof right);
        memcpy(starts + 8 * bad_starts[i].at, &bad_starts[i].value, sizeof right);
        assert_refused(&s, "is not valid: train the model again");
        memcpy(starts + 8 * bad_starts[i].at, &right, sizeof right);
    }
    stored_seal(s.bytes, s.n);
    pal_model_free(stored_parse(&s));
    stored_release(&s);
}

/* Replaces a text in the header by one of the same length. */
static void stored_replace(stored *s, const char *from, const char *to) {
    assert_int_equal(strlen(from), strlen(to));
    char *at = memmem(s->bytes, s->n, from, strlen(from));
    assert_non_null(at);
    memcpy(at, to, strlen(to));
}

/* Small rows are believed only with scales that can be multiplied and shapes that fit. */
static void small_rows_are_checked(void **state) {
    (void)state;
    static const float bad_scales[] = {NAN, INFINITY, -INFINITY, -1};
    static const struct {
        const char *from, *to, *sentence;
    } texts[] = {
        {"\"state/items.scales\"", "\"state/items.scalez\"",
         "tensor state/items.scales is missing"},
        {"\"I8\",\"shape\":[4,8]", "\"I8\",\"shape\":[8,4]", "state/users is not valid"},
        {"\"I8\",\"shape\":[4,8]", "\"U8\",\"shape\":[4,8]", "state/users is of another type"},
        {"\"F32\",\"shape\":[4]", "\"I32\",\"shape\":[4]", "is of another type or shape"},
    };
    stored s;
    stored_make(&s, "bpr factors=8 epochs=2", NULL);
    pal_model *small;
    assert_int_equal(pal_model_shrink_to(s.ctx, s.model, PAL_PRECISION_INT8, &small), PAL_OK);
    pal_model_free(s.model);
    s.model = small;
    char path[128];
    snprintf(path, sizeof path, "%s/model.palate", folder);
    assert_int_equal(pal_model_save(s.ctx, s.model, path), PAL_OK);
    free(s.bytes);
    stored_read_back(&s, path);
    unlink(path);
    assert_non_null(memmem(s.bytes, s.n, "\"palate.format\":\"2\"", 19));
    char *scales = stored_tensor(&s, "state/users.scales");
    for (int i = 0; i < 4; i++) {
        float right;
        memcpy(&right, scales + 4, sizeof right);
        memcpy(scales + 4, &bad_scales[i], sizeof right);
        assert_refused(&s, "state/users.scales is not valid: train the model again");
        memcpy(scales + 4, &right, sizeof right);
    }
    for (int i = 0; i < 4; i++) {
        char *right = copy_of(s.bytes, s.n);
        stored_replace(&s, texts[i].from, texts[i].to);
        assert_refused(&s, texts[i].sentence);
        free(s.bytes);
        s.bytes = right;
    }
    stored_seal(s.bytes, s.n);
    pal_model *loaded = stored_parse(&s);
    assert_same_model(s.ctx, s.model, loaded);
    pal_model_free(loaded);
    stored_release(&s);
}

/* A number that is not finite stays out of the small forms. */
static void rows_that_are_not_finite_are_not_shrunk(void **state) {
    (void)state;
    stored s;
    stored_make(&s, "bpr factors=8 epochs=2", NULL);
    pal_tensor tensors[PAL_TENSORS_MAX];
    pal_model_tensors(s.model, tensors);
    ((float *)*tensors[1].data)[8] = INFINITY;
    pal_model *small = NULL;
    for (int p = PAL_PRECISION_BF16; p <= PAL_PRECISION_INT8; p++) {
        assert_int_equal(pal_model_shrink_to(s.ctx, s.model, (pal_precision)p, &small), PAL_EDATA);
        assert_non_null(strstr(s.ctx->error, "bpr: row 1 of items holds a number that"));
        assert_null(small);
    }
    stored_release(&s);
}

static void texts_of_the_header_are_checked(void **state) {
    (void)state;
    static const struct {
        const char *from, *to, *sentence;
    } cases[] = {
        {"\"spec\":\"item_knn", "\"spec\":\"item_kno",
         "this palate does not know the model's spec (there is no kind 'item_kno'; did you mean "
         "item_knn?)"},
        {"\"spec\":\"item_knn k=2", "\"spec\":\"item_knn k=0", "does not know the model's spec"},
        {"\"spec\":\"item", "\"spex\":\"item", "holds no spec"},
        {"\"state/items\"", "\"state/itemz\"", "tensor state/items is missing"},
        {"\"users/bytes\"", "\"users/bytez\"", "tensor users/bytes is missing"},
        {"\"fallback/state/scores\"", "\"fallback/state/scorez\"",
         "fallback/state/scores is missing"},
        {"\"fallback/spec\":\"popular", "\"fallback/spec\":\"populax", "did you mean popular?"},
        {"\\\"n_items\\\":4", "\\\"n_items\\\":3", "items are out of range"},
        {"\\\"n_users\\\":4", "\\\"n_users\\\":5", "row starts are not valid"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        stored s;
        stored_make(&s, "item_knn k=2", "popular");
        stored_replace(&s, cases[i].from, cases[i].to);
        assert_refused(&s, cases[i].sentence);
        stored_release(&s);
    }
}

/* A shape that the data do not fill, and a kind whose state is never stored. */
static void what_does_not_fit_is_refused(void **state) {
    (void)state;
    stored s;
    stored_make(&s, "popular", NULL);
    /* One score less than items. */
    stored_replace(&s, "\"shape\":[4],", "\"shape\":[3],");
    assert_refused(&s, "a tensor's size does not fit");
    stored_release(&s);

    stored_make(&s, "popular", NULL);
    pal_kind unstored = *s.model->kind;
    unstored.name = "told";
    unstored.tensors = NULL;
    s.model->kind = &unstored;
    char path[128];
    snprintf(path, sizeof path, "%s/model.palate", folder);
    assert_int_equal(pal_model_save(s.ctx, s.model, path), PAL_EUSAGE);
    assert_string_equal(s.ctx->error, "told cannot be stored");
    assert_int_equal(pal_model_state_bytes(s.model), 0);
    assert_int_not_equal(access(path, F_OK), 0);
    stored_release(&s);
}

/* A kept model outlives the log that it was trained on. */
static void a_kept_model_owns_what_it_needs(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    const int32_t users[] = {0, 0, 1, 2}, items[] = {0, 1, 1, 2};
    support_log_make(ctx, &log, 3, 3, 4, users, items, NULL, NULL);
    pal_train_input input = {.log = &log.log};
    pal_model *model = NULL, *fallback = NULL;
    assert_int_equal(pal_model_train(ctx, "item_knn", &input, &model), PAL_OK);
    assert_int_equal(pal_model_train(ctx, "popular", &input, &fallback), PAL_OK);
    pal_model_set_fallback(model, fallback);
    assert_int_equal(pal_model_keep(ctx, model), PAL_OK);
    assert_int_equal(pal_model_keep(ctx, model), PAL_OK);
    support_log_release(&log);
    assert_ptr_equal(model->fallback->log, model->log);
    pal_arena arena = {0};
    pal_lists lists = lists_of(ctx, model, &arena);
    assert_int_equal(lists.items[0], 1);
    assert_string_equal(pal_ids_at(model->log->about.item_ids, 2), "i2");
    pal_arena_release(&arena);
    pal_model_free(model);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_comes_back_bit_by_bit),
        cmocka_unit_test(written_again_it_is_the_same_file),
        cmocka_unit_test(the_fallback_comes_with_it),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(no_strangers_file_does_harm),
        cmocka_unit_test(indices_and_starts_are_checked),
        cmocka_unit_test(small_rows_are_checked),
        cmocka_unit_test(rows_that_are_not_finite_are_not_shrunk),
        cmocka_unit_test(texts_of_the_header_are_checked),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_kept_model_owns_what_it_needs),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
