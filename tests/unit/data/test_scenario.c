/* test_scenario.c - a preset fills what was not given, and only that. */
#include "data/scenario.h"

#include <math.h>

#include "support.h"

static const char shop[] = "user,item,event,time\n"
                           "a,x,View,1700000000\na,x,add-to-cart,1700000060\n"
                           "a,x,PURCHASES,1700000120\nb,x,view,1700000180\nb,y,gaze,1700000240\n";

static pal_data *read_text(const char *text, const char *options) {
    pal_ctx ctx = {0};
    pal_data *data = NULL;
    pal_bytes bytes = {.bytes = text, .length = strlen(text)};
    if (pal_data_parse(&ctx, "log.csv", &bytes, options, &data) != PAL_OK)
        fail_msg("%s: %s", options, ctx.error);
    return data;
}

/* The weight of the type's first event; 1 without weights. */
static double weight_of(const pal_data *data, const char *type) {
    const pal_log *log = &data->parts[0];
    for (int64_t e = 0; e < log->n_events; e++) {
        if (!strcmp(log->about.type_names[log->types[e]], type))
            return log->weights ? (double)log->weights[e] : 1;
    }
    fail_msg("no event is of type %s", type);
    return 0;
}

static bool is_target(const pal_data *data, const char *type) {
    const pal_log_about *about = &data->parts[0].about;
    for (int32_t t = 0; t < about->n_types; t++) {
        if (!strcmp(about->type_names[t], type)) return about->target_types >> t & 1u;
    }
    return false;
}

static void test_names_agree(void **state) {
    (void)state;
    const char *const *choices = pal_scenario_params[0].choices;
    int32_t n = 0;
    for (; pal_scenarios[n].name; n++) {
        assert_string_equal(choices[n + 1], pal_scenarios[n].name);
        assert_true(pal_scenarios[n].kinds[0] && pal_scenarios[n].summary && pal_scenarios[n].look);
    }
    assert_null(choices[n + 1]);
}

static void test_types_are_found_by_name(void **state) {
    (void)state;
    const pal_scenario *ecommerce = &pal_scenarios[0];
    static const char *const carts[] = {"cart", "Add_To_Cart", "addToCart", "add to cart", "CARTS"};
    for (size_t i = 0; i < sizeof carts / sizeof *carts; i++) {
        const pal_scenario_type *type = pal_scenario_find_type(ecommerce, carts[i]);
        assert_non_null(type);
        assert_true(type->weight > 2 && type->goal == 1);
    }
    static const char *const strange[] = {"", "-", "car", "cartss", "remove_from_cart", "ca,rt"};
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
        assert_null(pal_scenario_find_type(ecommerce, strange[i]));
}

static void test_fills_what_was_not_given(void **state) {
    (void)state;
    pal_data *data = read_text(shop, "scenario=ecommerce");
    assert_float_equal(weight_of(data, "View"), 1, 0);
    assert_float_equal(weight_of(data, "add-to-cart"), 3, 0);
    assert_float_equal(weight_of(data, "PURCHASES"), 5, 0);
    assert_float_equal(weight_of(data, "gaze"), 1, 0);
    assert_true(is_target(data, "PURCHASES") && !is_target(data, "add-to-cart"));
    assert_float_equal(data->options.half_life, 180 * 86400, 0);
    assert_string_equal(data->scenario,
                        "weights View=1, add-to-cart=3, PURCHASES=5, view=1; gaze not known to it "
                        "and left at weight 1; target PURCHASES; half-life 180d");
    pal_data_free(data);
}

static void test_leaves_what_was_given(void **state) {
    (void)state;
    pal_data *data =
        read_text(shop, "scenario=ecommerce events=View=2,PURCHASES=7 target=View half_life=0");
    assert_float_equal(weight_of(data, "View"), 2, 0);
    assert_float_equal(weight_of(data, "PURCHASES"), 7, 0);
    assert_true(is_target(data, "View") && !is_target(data, "PURCHASES"));
    assert_float_equal(data->options.half_life, 0, 0);
    assert_string_equal(data->scenario, "");
    pal_data_free(data);
}

static void test_lowest_goal_when_nothing_stronger_is(void **state) {
    (void)state;
    pal_data *data =
        read_text("user,item,event\na,x,view\na,x,cart\nb,y,view\n", "scenario=ecommerce");
    assert_true(is_target(data, "cart") && !is_target(data, "view"));
    assert_non_null(strstr(data->scenario, "no half-life, as there are no times"));
    assert_float_equal(data->options.half_life, 0, 0);
    pal_data_free(data);
}

static void check_relevant(const char *text, const char *expected, const char *why) {
    pal_data *data = read_text(text, "scenario=video");
    char rule[64];
    pal_text told = {0};
    pal_scenario_relevant(pal_scenario_of(data), &data->parts[0], rule, &told);
    assert_string_equal(rule, expected);
    assert_true(why ? told.bytes && strstr(told.bytes, why) : !told.bytes);
    pal_text_release(&told);
    pal_data_free(data);
}

static void test_what_counts_as_right(void **state) {
    (void)state;
    check_relevant("user,item,rating\na,x,1\na,y,2\nb,x,4\nb,y,5\n", "value>=4", "rating, 1 to 5");
    check_relevant("user,item,value\na,x,0.2\na,y,0.9\n", "value>=0.5", "50 %");
    check_relevant("user,item,count\na,x,3\na,y,900\n", "all", "no share and no rating");
    check_relevant("user,item\na,x\na,y\n", "all", NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_agree),
        cmocka_unit_test(test_types_are_found_by_name),
        cmocka_unit_test(test_fills_what_was_not_given),
        cmocka_unit_test(test_leaves_what_was_given),
        cmocka_unit_test(test_lowest_goal_when_nothing_stronger_is),
        cmocka_unit_test(test_what_counts_as_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
