/* test_second.c - a second domain: declared, renamed, cut, known up to a time, stored, invented. */
#include "read_support.h"

#include <math.h>

#include "data/demo_world.h"
#include "data/second.h"

/* --- files --- */

/* Users prefix + 1 … n, each of four events on items <item>0 …, times from `time` on. */
static void write_log(const char *name, const char *prefix, int32_t first, int32_t n,
                      const char *item, int64_t time) {
    pal_text text = {0};
    pal_text_add(&text, "user,item,time\n");
    for (int32_t u = first; u < first + n; u++) {
        for (int32_t e = 0; e < 4; e++)
            pal_text_addf(&text, "%s%d,%s%d,%lld\n", prefix, u, item, (u + 3 * e) % 7,
                          (long long)(time + 1000 * u + e));
    }
    write_text(name, text.bytes);
    pal_text_release(&text);
}

enum { HERE = 1700000000 };

/* Ids that are no numbers, of hashes of first … . */
static void write_names(const char *name, const char *form, int32_t first, int32_t n,
                        const char *item) {
    pal_text text = {0};
    pal_text_add(&text, "user,item,time\n");
    for (int32_t u = first; u < first + n; u++) {
        char id[64];
        snprintf(id, sizeof id, form, (unsigned)u * 2654435761u);
        for (int32_t e = 0; e < 4; e++)
            pal_text_addf(&text, "%s,%s%d,%d\n", id, item, (u + 3 * e) % 7, HERE + 10 * u + e);
    }
    write_text(name, text.bytes);
    pal_text_release(&text);
}

/* Users of n different numbers up to `range`, drawn by `seed`. */
static void write_sample(const char *name, const char *form, const char *item, uint32_t seed,
                         uint32_t range, int32_t n) {
    pal_text text = {0};
    uint8_t *is_drawn = calloc(range + 1, 1);
    assert_non_null(is_drawn);
    uint64_t state = seed;
    pal_text_add(&text, "user,item,time\n");
    for (int32_t i = 0; i < n;) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        uint32_t number = 1 + (uint32_t)(state >> 33) % range;
        if (is_drawn[number]) continue;
        is_drawn[number] = 1;
        char id[64];
        snprintf(id, sizeof id, form, number);
        pal_text_addf(&text, "%s,%s%d,%d\n", id, item, i % 7, HERE + i);
        i++;
    }
    free(is_drawn);
    write_text(name, text.bytes);
    pal_text_release(&text);
}

typedef struct {
    pal_text lines;
} listener;

static void listen(void *arg, pal_notice_type type, const char *line) {
    listener *heard = arg;
    if (type == PAL_NOTICE_WARNING) pal_text_addf(&heard->lines, "%s\n", line);
}

/* The data, or NULL with the sentence in ctx; warnings into `heard`. */
static pal_data *read_beside(pal_ctx *ctx, listener *heard, const char *source,
                             const char *options) {
    pal_data *data = NULL;
    memset(ctx, 0, sizeof *ctx);
    ctx->notice = listen;
    ctx->notice_arg = heard;
    const pal_paths paths = {.log = path_of("here.csv"), .source = path_of(source)};
    pal_status status = pal_data_read(ctx, &paths, options, &data);
    return status == PAL_OK ? data : NULL;
}

static void refuse(const char *source, const char *options, const char *part) {
    pal_ctx ctx;
    listener heard = {0};
    assert_null(read_beside(&ctx, &heard, source, options));
    if (!strstr(ctx.error, part)) fail_msg("'%s' lacks '%s'", ctx.error, part);
    pal_text_release(&heard.lines);
}

static int32_t find(const pal_ids *ids, const char *id) {
    return pal_ids_find(ids, id, strlen(id));
}

/* --- declared --- */

static void test_nothing_is_guessed(void **state) {
    (void)state;
    write_log("here.csv", "u", 1, 30, "a", HERE);
    write_log("there.csv", "u", 11, 30, "b", HERE);
    write_log("others.csv", "v", 1, 30, "b", HERE);
    refuse("there.csv", NULL, "20 of the source's 30 user ids and 0 of its 7 item ids");
    refuse("others.csv", "shared=users", "none of the source's 30 ids of users stands in the log");
    refuse("there.csv", "shared=items", "--shared none");
    refuse("there.csv", "shared=some", "shared");
    pal_ctx ctx;
    listener heard = {0};
    pal_data *data = read_beside(&ctx, &heard, "there.csv", "shared=users");
    assert_non_null(data);
    pal_source source;
    assert_true(pal_data_source(data, &source));
    assert_int_equal(source.shared, PAL_SHARED_USERS);
    assert_int_equal(source.log->n_events, 120);
    assert_non_null(strstr(data->arguments, "--source "));
    assert_non_null(strstr(data->arguments, "--shared 'users'"));
    pal_data_free(data);
}

static void test_options_about_nothing_are_refused(void **state) {
    (void)state;
    static const char *const options[] = {"shared=users", "map=x", "source_options=min_user=2",
                                          "target_domain=x"};
    write_log("here.csv", "u", 1, 30, "a", HERE);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        pal_ctx ctx = {0};
        pal_data *data = NULL;
        const pal_paths paths = {.log = path_of("here.csv")};
        assert_int_equal(pal_data_read(&ctx, &paths, options[i], &data), PAL_EUSAGE);
        assert_non_null(strstr(ctx.error, "--domain"));
    }
}

static void test_own_options_filter_the_source(void **state) {
    (void)state;
    write_log("here.csv", "u", 1, 30, "a", HERE);
    write_log("there.csv", "u", 1, 30, "b", HERE);
    write_text("gone", "u3\nu4\n");
    refuse("there.csv", "shared=users source_options='min_user=5'", "no event is left");
    refuse("there.csv", "shared=users source_options='half_life=3d'", "half_life");
    pal_ctx ctx;
    listener heard = {0};
    char options[256];
    snprintf(options, sizeof options, "shared=users drop_users=%s", path_of("gone"));
    pal_data *data = read_beside(&ctx, &heard, "there.csv", options);
    assert_non_null(data);
    assert_int_equal(data->second->parts[0].n_events, 112); /* gone here, gone there */
    assert_int_equal(data->second->user_ids.n, 28);
    assert_true(find(&data->second->user_ids, "u3") < 0);
    pal_data_free(data);
    pal_text_release(&heard.lines);
}

static void test_accidents_are_told(void **state) {
    (void)state;
    pal_ctx ctx;
    listener heard = {0};
    write_log("here.csv", "", 1, 60, "a", HERE);
    write_log("numbers.csv", "", 1, 90, "b", HERE);
    pal_data_free(read_beside(&ctx, &heard, "numbers.csv", "shared=users"));
    assert_non_null(heard.lines.bytes);
    assert_non_null(strstr(heard.lines.bytes, "60 of the source's 90 ids of users"));
    assert_non_null(strstr(heard.lines.bytes, "by themselves (60)"));
    pal_text_release(&heard.lines);
    /* Two numberings have such ids in common: nothing is strange about it. */
    pal_data_free(read_beside(&ctx, &heard, "numbers.csv", "shared=none"));
    if (heard.lines.bytes) fail_msg("%s", heard.lines.bytes);
    write_names("here.csv", "%x-anna", 1, 60, "a");
    write_names("names.csv", "%x-anna", 31, 60, "b");
    pal_data_free(read_beside(&ctx, &heard, "names.csv", "shared=users"));
    assert_null(heard.lines.bytes);
    pal_data_free(read_beside(&ctx, &heard, "names.csv", "shared=none"));
    assert_non_null(strstr(heard.lines.bytes, "30 of the source's 60 ids of users"));
    pal_text_release(&heard.lines);
}

/* Two samples of one numbering's numbers have as many in common as chance gives, however they are
 * written; twice as many are no chance. */
static void test_numberings_have_gaps_and_prefixes(void **state) {
    (void)state;
    enum { RANGE = 2000, EACH = 600 };
    static const char *const forms[] = {"%u", "u%04u", "shop-7-%u"};
    for (int f = 0; f < 3; f++) {
        pal_ctx ctx;
        listener heard = {0};
        write_sample("here.csv", forms[f], "a", 1, RANGE, EACH);
        write_sample("there.csv", forms[f], "b", 2, RANGE, EACH);
        pal_data_free(read_beside(&ctx, &heard, "there.csv", "shared=users"));
        if (!heard.lines.bytes || !strstr(heard.lines.bytes, "have in common by themselves (18"))
            fail_msg("%s: %s", forms[f], heard.lines.bytes ? heard.lines.bytes : "no warning");
        pal_text_release(&heard.lines);
        pal_data_free(read_beside(&ctx, &heard, "there.csv", "shared=none"));
        if (heard.lines.bytes) fail_msg("%s: %s", forms[f], heard.lines.bytes);
        write_sample("there.csv", forms[f], "b", 1, RANGE, EACH); /* the same people */
        pal_data_free(read_beside(&ctx, &heard, "there.csv", "shared=users"));
        if (heard.lines.bytes) fail_msg("%s: %s", forms[f], heard.lines.bytes);
        pal_data_free(read_beside(&ctx, &heard, "there.csv", "shared=none"));
        if (!heard.lines.bytes || !strstr(heard.lines.bytes, "600 of the source's 600 ids"))
            fail_msg("%s: no warning", forms[f]);
        pal_text_release(&heard.lines);
    }
}

static void test_equal_ids_of_other_items_are_told(void **state) {
    (void)state;
    write_log("here.csv", "u", 1, 30, "a", HERE);
    write_log("there.csv", "v", 1, 30, "a", HERE);
    write_text("titles.csv", "item,title\na0,Red\na1,Green\na2,Blue\n");
    write_text("other.csv", "item,title\na0,Lamp\na1,Chair\na2,Blue\n");
    for (int32_t same = 0; same < 2; same++) {
        pal_ctx ctx = {0};
        listener heard = {0};
        pal_data *data = NULL;
        ctx.notice = listen;
        ctx.notice_arg = &heard;
        const pal_paths paths = {.log = path_of("here.csv"),
                                 .items = path_of("titles.csv"),
                                 .source = path_of("there.csv"),
                                 .source_items = path_of(same ? "titles.csv" : "other.csv")};
        assert_int_equal(pal_data_read(&ctx, &paths, "shared=items", &data), PAL_OK);
        bool is_told = heard.lines.bytes && strstr(heard.lines.bytes, "2 of the 3 items");
        assert_true(is_told == !same);
        pal_text_release(&heard.lines);
        pal_data_free(data);
    }
}

/* --- renamed --- */

static void test_map_pairs_two_numberings(void **state) {
    (void)state;
    char options[256];
    pal_ctx ctx;
    listener heard = {0};
    write_log("here.csv", "", 1, 30, "a", HERE);
    write_log("there.csv", "", 1, 30, "b", HERE);
    write_text("map.csv", "1,5\r\n2\t6\n\n3,1000\nnobody,7\n");
    snprintf(options, sizeof options, "shared=users map=%s", path_of("map.csv"));
    pal_data *data = read_beside(&ctx, &heard, "there.csv", options);
    if (!data) fail_msg("%s", ctx.error);
    const pal_data *second = data->second;
    assert_int_equal(second->user_ids.n, 30);
    assert_int_equal(find(&second->user_ids, "5"), 0); /* 1 there is 5 here */
    assert_int_equal(find(&second->user_ids, "6"), 1);
    assert_int_equal(find(&second->user_ids, "1000"), 2);
    /* 5 there is not paired, so that it is nobody here. */
    assert_int_equal(find(&second->user_ids, "source:5"), 4);
    assert_int_equal(pal_second_overlap(data).users, 2);
    assert_null(heard.lines.bytes);
    pal_data_free(data);
}

static void test_bad_maps_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } maps[] = {{"1,5\nonly\n", ":2: 'only' is no pair"},
                {"1,5\n1,6\n", ":2: 1 is paired a second time"},
                {"1,5\n2,5\n", ":2: 5 is paired a second time"},
                {"x,5\ny,6\n", "none of its 2 lines"},
                {"", "none of its 0 lines"},
                {",5\n", ":1: ',5' is no pair"},
                {"1,\xff\n", ":1: the ids are not UTF-8"}};
    char options[256];
    write_log("here.csv", "", 1, 30, "a", HERE);
    write_log("there.csv", "", 1, 30, "b", HERE);
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
        write_text("map.csv", maps[i].text);
        snprintf(options, sizeof options, "shared=users map=%s", path_of("map.csv"));
        refuse("there.csv", options, maps[i].part);
    }
    snprintf(options, sizeof options, "shared=none map=%s", path_of("map.csv"));
    refuse("there.csv", options, "--shared users or --shared items");
}

/* --- cut --- */

static pal_data *read_cut(pal_ctx *ctx, const char *options) {
    pal_data *data = NULL;
    memset(ctx, 0, sizeof *ctx);
    const pal_paths paths = {.log = path_of("here.csv"), .items = path_of("genres.csv")};
    return pal_data_read(ctx, &paths, options, &data) == PAL_OK ? data : NULL;
}

static const char *const genres =
    "item,genre,shelf\na0,x,one\na1,y,\"two, three\"\na2,x|y,one\na3,z,four\na4,,one\na5,y|z,four\n"
    "a6,x|z,one\n";

static void test_domains_are_cut_by_a_column(void **state) {
    (void)state;
    pal_ctx ctx;
    write_log("here.csv", "u", 1, 28, "a", HERE);
    write_text("genres.csv", genres);
    pal_data *data = read_cut(&ctx, "domain=genre source_domain=y target_domain=x "
                                    "item_columns=genre=set,shelf=token");
    if (!data) fail_msg("%s", ctx.error);
    /* x: a0 a2 a6; y without x: a1 a5; neither: a3 and a4, which has none. Each has 16 events. */
    assert_int_equal(data->parts[0].n_events, 48);
    assert_int_equal(data->second->parts[0].n_events, 32);
    assert_int_equal(data->catalog.ids.n, 3);
    assert_int_equal(data->second->catalog.ids.n, 2);
    assert_true(find(&data->item_ids, "a2") >= 0 && find(&data->item_ids, "a1") < 0);
    assert_true(find(&data->second->item_ids, "a5") >= 0);
    assert_int_equal(data->shared, PAL_SHARED_USERS);
    assert_int_equal(data->second->catalog.columns[1].vocabulary.n, 2); /* y and z */
    assert_true(data->parts[0].about.item_ids == &data->item_ids);
    assert_true(data->second->parts[0].about.item_ids == &data->second->item_ids);
    pal_data_free(data);
    /* Without a list of the source all others are it; a token may hold a comma. */
    data = read_cut(&ctx, "domain=shelf target_domain='two, three' item_columns=shelf=token");
    if (!data) fail_msg("%s", ctx.error);
    assert_int_equal(data->parts[0].n_events, 16);
    assert_int_equal(data->second->parts[0].n_events, 96);
    pal_data_free(data);
}

/* What is a use here is one there, and nothing else is. */
static void test_a_cut_has_one_target(void **state) {
    (void)state;
    pal_ctx ctx;
    pal_text text = {0};
    pal_text_add(&text, "user,item,time,event\n");
    for (int32_t u = 0; u < 30; u++) {
        for (int32_t e = 0; e < 6; e++)
            pal_text_addf(&text, "u%d,a%d,%d,%s\n", u, (u + e) % 7, HERE + 10 * u + e,
                          e % 3 ? "view" : "buy");
    }
    write_text("here.csv", text.bytes);
    pal_text_release(&text);
    write_text("genres.csv", genres);
    static const char *const targets[] = {"view", "buy"};
    for (int i = 0; i < 2; i++) {
        char options[256];
        snprintf(options, sizeof options,
                 "columns=event=event domain=genre target_domain=x target=%s "
                 "item_columns=genre=set,shelf=token",
                 targets[i]);
        pal_data *data = read_cut(&ctx, options);
        if (!data) fail_msg("%s", ctx.error);
        const pal_log_about *here = &data->parts[0].about, *there = &data->second->parts[0].about;
        uint32_t mask = 0;
        for (int32_t t = 0; t < there->n_types; t++)
            mask |= strcmp(there->type_names[t], targets[i]) ? 0 : 1u << t;
        assert_int_equal(there->target_types, mask);
        assert_int_equal(here->target_types, there->target_types);
        pal_data_free(data);
    }
    pal_data *data = read_cut(&ctx, "columns=event=event domain=genre target_domain=x target=view "
                                    "item_columns=genre=set,shelf=token "
                                    "source_options='target=buy'");
    if (!data) fail_msg("%s", ctx.error);
    assert_true(data->parts[0].about.target_types != data->second->parts[0].about.target_types);
    pal_data_free(data);
}

static void test_wrong_cuts_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *options, *part;
    } cuts[] = {
        {"domain=genre", "--target-domain"},
        {"domain=colour target_domain=x", "columns of tokens and sets are genre, shelf"},
        {"domain=genre target_domain=q", "there are x, y, z"},
        {"domain=genre target_domain=x source_domain=q", "--source-domain: no item has 'q'"},
        {"domain=genre target_domain=x,y,z", "no event is on an item of the source"},
        {"domain=genre target_domain=x shared=items", "--shared items cannot be"},
        {"domain=genre target_domain=x map=m", "--domain cuts one"}};
    write_log("here.csv", "u", 1, 28, "a", HERE);
    write_text("genres.csv", genres);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        pal_ctx ctx;
        char options[256];
        snprintf(options, sizeof options, "%s item_columns=genre=set,shelf=token", cuts[i].options);
        assert_null(read_cut(&ctx, options));
        if (!strstr(ctx.error, cuts[i].part)) fail_msg("'%s' lacks '%s'", ctx.error, cuts[i].part);
    }
    refuse("here.csv", "domain=genre target_domain=x shared=users", "name one of them");
}

/* --- known up to a time --- */

static void test_a_part_knows_nothing_of_what_follows(void **state) {
    (void)state;
    pal_ctx ctx;
    listener heard = {0};
    pal_source source;
    pal_source_own part;
    write_log("here.csv", "u", 1, 30, "a", HERE + 2);
    write_log("there.csv", "u", 11, 30, "b", HERE);
    pal_data *data = read_beside(&ctx, &heard, "there.csv", "shared=users");
    assert_true(pal_data_source(data, &source));
    /* u11 … u20 are before; of u21 two events. */
    assert_int_equal(pal_source_before(&ctx, &source, HERE + 21002, NULL, &part), PAL_OK);
    assert_int_equal(part.log.n_users, 11);
    assert_int_equal(part.log.n_events, 42);
    assert_string_equal(pal_ids_at(part.source.log->about.user_ids, 10), "u21");
    for (int32_t i = 0; i < part.log.n_items; i++) { /* every row has an event */
        int32_t n = 0;
        for (int64_t e = 0; e < part.log.n_events; e++) n += part.log.items[e] == i;
        assert_true(n > 0);
    }
    pal_source_own_release(&part);
    /* Each person's first event here comes two seconds after his first one there. */
    assert_int_equal(pal_source_before(&ctx, &source, INT64_MAX, &data->parts[0], &part), PAL_OK);
    assert_int_equal(part.log.n_users, 30);
    assert_int_equal(part.log.n_events, 20 * 2 + 10 * 4);
    pal_source_own copy;
    assert_int_equal(pal_source_copy(&ctx, &part.source, &copy), PAL_OK);
    assert_true(pal_log_hash(&copy.log) == pal_log_hash(&part.log));
    assert_true(copy.source.log == &copy.log && copy.log.about.user_ids == &copy.user_ids);
    pal_source_own_release(&copy);
    pal_source_own_release(&part);
    /* Nothing may be left. */
    assert_int_equal(pal_source_before(&ctx, &source, 1, NULL, &part), PAL_OK);
    assert_int_equal(part.log.n_events, 0);
    assert_int_equal(part.log.n_users, 0);
    pal_source_own_release(&part);
    pal_data_free(data);
}

/* --- stored --- */

static void test_an_imported_log_keeps_it(void **state) {
    (void)state;
    pal_ctx ctx;
    listener heard = {0};
    write_log("here.csv", "u", 1, 28, "a", HERE);
    write_text("genres.csv", genres);
    pal_data *data = read_cut(&ctx, "domain=genre source_domain=y target_domain=x "
                                    "item_columns=genre=set,shelf=token");
    assert_int_equal(pal_data_save(&ctx, data, path_of("both.palate")), PAL_OK);
    pal_data *again = read_paths(&(pal_paths){.log = path_of("both.palate")}, NULL);
    pal_source a, b;
    assert_true(pal_data_source(data, &a) && pal_data_source(again, &b));
    assert_true(pal_source_hash(&a) == pal_source_hash(&b));
    assert_true(pal_log_hash(&data->parts[0]) == pal_log_hash(&again->parts[0]));
    assert_int_equal(again->shared, PAL_SHARED_USERS);
    pal_data_free(data);
    pal_data_free(again);
    char options[256];
    write_text("gone", "u3\nu4\n");
    snprintf(options, sizeof options, "drop_users=%s", path_of("gone"));
    again = read_paths(&(pal_paths){.log = path_of("both.palate")}, options);
    assert_true(find(&again->user_ids, "u3") < 0 && find(&again->second->user_ids, "u3") < 0);
    pal_data_free(again);
    pal_data *none = NULL;
    const pal_paths paths = {.log = path_of("both.palate"), .source = path_of("here.csv")};
    assert_int_equal(pal_data_read(&ctx, &paths, "shared=users", &none), PAL_EUSAGE);
    assert_non_null(strstr(ctx.error, "was imported with its second domain"));
    /* Nothing that is said of a second domain is passed over. */
    const pal_paths with_items = {.log = path_of("both.palate"),
                                  .source_items = path_of("genres.csv")};
    assert_int_equal(pal_data_read(&ctx, &with_items, NULL, &none), PAL_EUSAGE);
    assert_non_null(strstr(ctx.error, "leave out --source-items"));
    const pal_paths with_users = {.log = path_of("both.palate"),
                                  .source_users = path_of("genres.csv")};
    assert_int_equal(pal_data_read(&ctx, &with_users, NULL, &none), PAL_EUSAGE);
    assert_non_null(strstr(ctx.error, "leave out --source-users"));
    const pal_paths alone = {.log = path_of("both.palate")};
    assert_int_equal(pal_data_read(&ctx, &alone, "source_options='min_user=5'", &none), PAL_EUSAGE);
    assert_non_null(strstr(ctx.error, "leave out --source-options"));
    /* As a second domain itself it is its own log alone. */
    data = read_beside(&ctx, &heard, "both.palate", "shared=users");
    if (!data) fail_msg("%s", ctx.error);
    assert_null(data->second->second);
    assert_int_equal(data->second->parts[0].n_events, 48);
    pal_data_free(data);
    pal_text_release(&heard.lines);
}

/* --- the demo world's --- */

static pal_data *make_demo(const char *source) {
    pal_ctx ctx = {.seed = 42, .memory_limit = 1 << 28};
    char options[128];
    pal_data *data = NULL;
    snprintf(options, sizeof options, "users=400 items=200 days=90 source=%s", source);
    if (pal_data_demo(&ctx, options, &data) != PAL_OK) fail_msg("%s", ctx.error);
    return data;
}

/* Correlation of the tastes that the same people have in both shops. */
static double common_taste(const pal_data *data) {
    const pal_world *shop = data->world, *cinema = data->second->world;
    double xy = 0, xx = 0, yy = 0;
    for (int64_t d = 0; d < (int64_t)shop->n_users * 2 * PAL_DEMO_DIMS; d++) {
        double x = (double)shop->tastes[d], y = (double)cinema->tastes[d];
        xy += x * y;
        xx += x * x;
        yy += y * y;
    }
    return xy / sqrt(xx * yy);
}

static void test_demo_shop_is_the_same_with_a_cinema(void **state) {
    (void)state;
    pal_data *alone = make_demo("none"), *second = make_demo("second"),
             *control = make_demo("control");
    assert_null(alone->second);
    assert_true(pal_log_hash(&alone->parts[0]) == pal_log_hash(&second->parts[0]));
    assert_true(pal_log_hash(&alone->parts[0]) == pal_log_hash(&control->parts[0]));
    assert_true(pal_catalog_hash(&alone->catalog) == pal_catalog_hash(&second->catalog));
    assert_true(common_taste(second) > 0.85);
    assert_true(fabs(common_taste(control)) < 0.1);
    pal_overlap equal = pal_second_overlap(second);
    assert_true(equal.users > 0.55 * alone->user_ids.n && equal.users < 0.85 * alone->user_ids.n);
    assert_true(second->second->user_ids.n > equal.users); /* some visit the cinema alone */
    assert_int_equal(equal.items, 0);
    assert_true(second->second->parts[0].times[0] > 0);
    assert_non_null(strstr(second->arguments, "--source 'second'"));
    pal_data_free(alone);
    pal_data_free(second);
    pal_data_free(control);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(test_nothing_is_guessed),
        FOLDER_TEST(test_options_about_nothing_are_refused),
        FOLDER_TEST(test_own_options_filter_the_source),
        FOLDER_TEST(test_accidents_are_told),
        FOLDER_TEST(test_equal_ids_of_other_items_are_told),
        FOLDER_TEST(test_numberings_have_gaps_and_prefixes),
        FOLDER_TEST(test_a_cut_has_one_target),
        FOLDER_TEST(test_map_pairs_two_numberings),
        FOLDER_TEST(test_bad_maps_are_refused),
        FOLDER_TEST(test_domains_are_cut_by_a_column),
        FOLDER_TEST(test_wrong_cuts_are_refused),
        FOLDER_TEST(test_a_part_knows_nothing_of_what_follows),
        FOLDER_TEST(test_an_imported_log_keeps_it),
        cmocka_unit_test(test_demo_shop_is_the_same_with_a_cinema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
