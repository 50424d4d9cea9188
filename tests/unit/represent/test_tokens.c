/* test_tokens.c - words of many languages, broken bytes, and which language a column is in. */
#include "support.h"

#include "represent/languages.h"
#include "represent/tokens.h"

typedef struct {
    char text[1024];
    size_t n;
} joined;

static bool join(void *arg, const char *token, size_t length) {
    joined *out = arg;
    assert_true(length > 0 && out->n + length + 2 < sizeof out->text);
    if (out->n) out->text[out->n++] = ' ';
    memcpy(out->text + out->n, token, length);
    out->n += length;
    out->text[out->n] = 0;
    return true;
}

static int32_t language_of(const char *name) {
    for (int32_t l = 0; pal_languages[l]; l++) {
        if (!strcmp(pal_languages[l], name)) return l;
    }
    fail_msg("no language %s", name);
    return 0;
}

static const struct {
    const char *language, *text, *tokens;
} token_rows[] = {
    {"none", "", ""},
    {"none", " \t\n -- !? ", ""},
    {"none", "Toy Story (1995), the movie", "toy story 1995 the movie"},
    {"none", "Spider-Man's 3.5\" MP3 v1.2. 7.", "spider man s 3.5 mp3 v1.2 7"},
    {"none", "\xef\xac\x81ne ＦＵＬＬ Ⅷ x² Straße", "fine full viii x2 strasse"},
    {"none", "e\xcc\x81t\xc3\xa9 co\xc2\xadop", "été coop"}, /* composed; soft hyphen gone */
    {"none",
     "a\xff\xfe"
     "b\xc3 c\xe2\x82",
     "a b c"},                                                 /* broken bytes */
    {"none", "\xc0\x80 \xed\xa0\x80 \xf4\x90\x80\x80 z", "z"}, /* overlong, surrogate, too large */
    {"none", "C++ & R", "c r"},
    {"en", "The galaxies were running from the Empire's armies", "galaxi run empir armi"},
    {"en", "I don't know what she's doing, you'll see", "know do see"},
    {"fr", "L'été, les chevaux couraient près d'une rivière", "cheval cour pres rivi"},
    {"de", "Die Häuser und Bücher der größten Städte", "haus buch grosst stadt"},
    {"es", "Las canciones más hermosas de los niños", "cancion herm niñ"},
    {"it", "Le canzoni più belle della nostra città", "canzon bell nostr citt"},
    {"pt", "As crianças não estavam nas praias", "crianc estav pra"},
    {"nl", "De kinderen liepen door de straten", "kinder liep strat"},
    {"ru", "Книги о войне и мире для детей", "книг войн мир дет"},
    {"sv", "Flickorna sprang", "flick sprang"},
    {"zh", "我喜欢电影。", "我喜 喜欢 欢电 电影"},
    {"none", "王 2046 电影ABC", "王 2046 电影 abc"},
    {"ja", "スター・ウォーズ ｶﾀｶﾅ", "スタ ター ウォ ォー ーズ カタ タカ カナ"},
    {"ko", "한국 영화를", "한국 영화 화를"},
    {"th", "หนัง", "หน นั ัง"},
};

static void texts_become_tokens(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    for (size_t i = 0; i < sizeof token_rows / sizeof *token_rows; i++) {
        pal_tokenizer tokenizer;
        joined out = {0};
        assert_int_equal(pal_tokenizer_init(ctx, language_of(token_rows[i].language), &tokenizer),
                         PAL_OK);
        /* Twice: what a text leaves behind is in no other. */
        for (int32_t turn = 0; turn < 2; turn++) {
            out = (joined){0};
            assert_true(pal_tokenizer_tokens(&tokenizer, token_rows[i].text,
                                             strlen(token_rows[i].text), join, &out));
        }
        if (strcmp(out.text, token_rows[i].tokens))
            fail_msg("%s: '%s' gives '%s', not '%s'", token_rows[i].language, token_rows[i].text,
                     out.text, token_rows[i].tokens);
        pal_tokenizer_release(&tokenizer);
    }
    support_close(ctx);
}

static void every_language_can_be_taken(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    for (int32_t l = 0; pal_languages[l]; l++) {
        pal_tokenizer tokenizer;
        joined out = {0};
        if (pal_tokenizer_init(ctx, l, &tokenizer) != PAL_OK)
            fail_msg("%s: %s", pal_languages[l], ctx->error);
        assert_true(pal_tokenizer_tokens(&tokenizer, "xyzzy 42", 8, join, &out));
        assert_true(strstr(out.text, "42") != NULL);
        pal_tokenizer_release(&tokenizer);
    }
    support_close(ctx);
}

static void long_words_are_cut_between_characters(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    pal_tokenizer tokenizer;
    joined out = {0};
    char text[201] = "";
    for (int32_t i = 0; i < 100; i++) strcat(text, "é");
    memcpy(text, "xé", 3); /* an odd number of bytes stands before */
    memmove(text + 3, text + 4, strlen(text + 4) + 1);
    assert_int_equal(pal_tokenizer_init(ctx, PAL_LANGUAGE_NONE, &tokenizer), PAL_OK);
    assert_true(pal_tokenizer_tokens(&tokenizer, text, strlen(text), join, &out));
    assert_int_equal(out.n, PAL_WORD_MAX - 1);
    assert_int_equal(pal_utf8_valid_prefix(out.text, out.n), out.n);
    pal_tokenizer_release(&tokenizer);
    support_close(ctx);
}

/* Every string of a few bytes: no crash, and what comes out is UTF-8. */
static bool is_utf8(void *arg, const char *token, size_t length) {
    (void)arg;
    assert_int_equal(pal_utf8_valid_prefix(token, length), length);
    return true;
}

static void any_bytes_are_taken(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    pal_tokenizer tokenizer;
    assert_int_equal(pal_tokenizer_init(ctx, language_of("fr"), &tokenizer), PAL_OK);
    uint32_t seed = 7;
    for (int32_t i = 0; i < 20000; i++) {
        char text[24];
        size_t n = (size_t)i % sizeof text;
        for (size_t c = 0; c < n; c++) {
            seed = seed * 1664525u + 1013904223u;
            text[c] = (char)(seed >> 24);
        }
        assert_true(pal_tokenizer_tokens(&tokenizer, text, n, is_utf8, NULL));
    }
    pal_tokenizer_release(&tokenizer);
    support_close(ctx);
}

static void languages_are_guessed(void **state) {
    (void)state;
    static const struct {
        const char *language, *texts[4];
    } rows[] = {
        {"en", {"The Birth of a Nation", "Gone with the Wind", "Alien", "What we do in the dark"}},
        {"fr",
         {"Le fabuleux destin d'une fille", "Les enfants du paradis", "La nuit", "Et la mer"}},
        {"de", {"Der Himmel über Berlin", "Das Leben der Anderen", "Die Welle", "M"}},
        {"es", {"El laberinto del fauno", "Mujeres al borde de un ataque", "La mar", "Los otros"}},
        {"ru", {"Война и мир", "Мастер и Маргарита", "Сталкер", "Летят журавли"}},
        {"none", {"ICE - CRUSHED/CUBED", "FRZN ICE", "BREAD:ITALIAN", "22 LB"}},
        {"none", {"我喜欢电影", "王", "", "千と千尋の神隠し"}},
        {"none", {"", "", "", ""}},
    };
    pal_ctx *ctx = support_open(1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int32_t found;
        assert_int_equal(pal_language_guess(ctx, rows[i].texts, NULL, 4, &found), PAL_OK);
        if (strcmp(pal_languages[found], rows[i].language))
            fail_msg("'%s' is taken for %s, not %s", rows[i].texts[0], pal_languages[found],
                     rows[i].language);
        const int32_t no_rows[] = {-1, -1};
        assert_int_equal(pal_language_guess(ctx, rows[i].texts, no_rows, 2, &found), PAL_OK);
        assert_int_equal(found, PAL_LANGUAGE_NONE);
    }
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_tokens),
        cmocka_unit_test(every_language_can_be_taken),
        cmocka_unit_test(long_words_are_cut_between_characters),
        cmocka_unit_test(any_bytes_are_taken),
        cmocka_unit_test(languages_are_guessed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
