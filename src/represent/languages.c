/* languages.c - a row a language: its Snowball algorithm and its commonest words without meaning.
 *
 * The lists are short on purpose: articles, pronouns, prepositions, conjunctions, forms of be and
 * have. What is common in one catalogue only is the business of inverse document frequencies. Words
 * stand as tokens.c cuts them: case-folded, apostrophes cut ("don't" is "don" and "t"). */
#include "represent/languages.h"

#include <string.h>

#include "base/ctx.h"
#include "represent/tokens.h"

typedef struct {
    const char *stemmer, *stops;
} language_row;

/* In the order of pal_languages. */
static const language_row language_rows[] = {
    {NULL, NULL}, /* auto */
    {NULL, NULL}, /* none */
    {"english",
     "a about after all also am an and any are as at be because been but by can could did do does "
     "don for from had has have he her hers him his how i if in into is isn it its just ll m me "
     "more most my no not of on or our out over re s she so some such t than that the their them "
     "then there these they this to up us ve very was we were what when where which who will with "
     "would you your"},
    {"french",
     "a ai au aux avec c ce ces cet cette d dans de des du elle elles en est et eux il ils j je l "
     "la le les leur leurs lui m ma mais me mes moi mon n ne nos notre nous on ont ou où par pas "
     "plus pour qu que qui s sa sans se ses si son sont sur t ta te tes toi ton tu un une vos "
     "votre "
     "vous y à été être"},
    {"german",
     "aber als am an auch auf aus bei bin bis bist da damit das dass dem den der des die dir doch "
     "du durch ein eine einem einen einer eines er es euch für hat hatte ich ihm ihn ihr ihre im "
     "in "
     "ist ja kann kein keine man mein meine mich mir mit nach nicht noch nur oder ohne sein seine "
     "sich sie sind so über um und uns unter vom von vor war was wenn wer wie wir wird zu zum zur"},
    {"spanish",
     "a al algo como con cual cuando de del desde donde el ella ellas ellos en entre era es esa "
     "ese "
     "eso esta este esto están está fue ha han hasta hay la las le les lo los me mi mis muy más ni "
     "no nos o para pero por porque que qué se ser si sin sobre son su sus sí también te tiene "
     "todo "
     "tu tus un una uno unos y ya yo"},
    {"italian",
     "a ad agli ai al alla alle allo anche c che chi ci col come con cui d da dagli dai dal dalla "
     "dalle degli dei del della delle dello di e ed era gli ha hanno ho i il in io l la le lei lo "
     "loro lui ma mi mia mio ne nei nel nella nelle nello noi non o per perché più quella quello "
     "questa questo qui se si sia sono su sua sue sugli sui sul sulla sulle suo ti tra tu un una "
     "uno "
     "vi voi è"},
    {"portuguese",
     "a ao aos as até com como da das de dela dele do dos e ela elas ele eles em entre era essa "
     "esse esta este eu foi há isso isto já lhe mais mas me mesmo meu minha muito na nas nem no "
     "nos "
     "não nós o os ou para pela pelas pelo pelos por qual quando que quem se sem ser seu seus sua "
     "suas são só também te tem um uma umas uns você vocês à às é"},
    {"dutch",
     "aan al alles als bij daar dan dat de der deze die dit doch door dus een en er ge geen had "
     "heb hebben heeft het hij hoe hun ik in is ja je kan kon maar me met mij mijn na naar niet "
     "nog "
     "nu of om omdat onder ons ook op over s t te tegen toch toen tot u uit uw van veel voor want "
     "waren was wat we wel werd wie wij wordt zal ze zich zij zijn zo zonder zou"},
    {"russian",
     "а без был была были было быть в вам вас весь во вот все всего вы где да для до его ее если "
     "есть еще же за здесь и из или им их к как ко когда кто ли мне мы на над не него нее нет ни "
     "но "
     "ну о об он она они оно от по под при с со так также там то тоже только тот ты у уже чем что "
     "чтобы эта эти это этот я"},
    {"swedish", NULL},
    {"danish", NULL},
    {"norwegian", NULL},
    {"finnish", NULL},
    {"hungarian", NULL},
    {"romanian", NULL},
    {"turkish", NULL},
    {"greek", NULL},
    {"arabic", NULL},
    {NULL, NULL}, /* zh */
    {NULL, NULL}, /* ja */
    {NULL, NULL}, /* ko */
    {NULL, NULL}, /* th */
};
const char *const pal_languages[] = {"auto", "none", "en", "fr", "de", "es", "it", "pt",
                                     "nl",   "ru",   "sv", "da", "no", "fi", "hu", "ro",
                                     "tr",   "el",   "ar", "zh", "ja", "ko", "th", NULL};
enum { LANGUAGES = sizeof language_rows / sizeof *language_rows, LANGUAGE_RUSSIAN = 9 };
_Static_assert(sizeof pal_languages / sizeof *pal_languages == LANGUAGES + 1, "one row a name");

const char *pal_language_stemmer(int32_t language) { return language_rows[language].stemmer; }

/* The next word of the list, which it moves behind; NULL past the last. */
static const char *language_next_stop(const char **rest, size_t *length) {
    if (!*rest) return NULL;
    const char *word = *rest + strspn(*rest, " ");
    *length = strcspn(word, " ");
    *rest = word + *length;
    return *length ? word : NULL;
}

bool pal_language_add_stops(int32_t language, pal_ids *stops) {
    const char *rest = language_rows[language].stops, *word;
    size_t length;
    while ((word = language_next_stop(&rest, &length))) {
        if (pal_ids_add(stops, word, length) < 0) return false;
    }
    return true;
}

/* --- guessing --- */

enum { GUESS_TEXTS = 2000 };

typedef struct {
    pal_ids stops; /* of all languages */
    uint32_t *of;  /* [stops.n] bit l: a stop word of language l */
    int64_t n_words, n_cyrillic;
    double found[LANGUAGES];
} language_guess;

static bool language_guess_word(void *arg, const char *word, size_t length) {
    language_guess *guess = arg;
    guess->n_words++;
    guess->n_cyrillic += (uint8_t)word[0] >= 0xD0 && (uint8_t)word[0] <= 0xD3;
    int32_t row = pal_ids_find(&guess->stops, word, length);
    if (row < 0) return true;
    double share = 1.0 / __builtin_popcount(guess->of[row]);
    for (int32_t l = 0; l < LANGUAGES; l++) {
        if (guess->of[row] >> l & 1u) guess->found[l] += share;
    }
    return true;
}

static pal_status language_guess_start(pal_ctx *ctx, pal_arena *arena, language_guess *guess) {
    bool failed = false;
    for (int32_t l = 0; l < LANGUAGES; l++) failed |= !pal_language_add_stops(l, &guess->stops);
    guess->of = PAL_ARENA_ARRAY(arena, uint32_t, guess->stops.n);
    if (failed || !guess->of) return pal_fail_memory(ctx, "the stop words", 1e5);
    for (int32_t l = 0; l < LANGUAGES; l++) {
        const char *rest = language_rows[l].stops, *word;
        size_t length;
        while ((word = language_next_stop(&rest, &length)))
            guess->of[pal_ids_find(&guess->stops, word, length)] |= 1u << l;
    }
    return PAL_OK;
}

static int32_t language_guess_end(const language_guess *guess) {
    int32_t best = PAL_LANGUAGE_NONE;
    double second = 0, words = (double)guess->n_words;
    for (int32_t l = 0; l < LANGUAGES; l++) {
        if (guess->found[l] > guess->found[best]) {
            second = guess->found[best];
            best = l;
        } else if (l != best && guess->found[l] > second) {
            second = guess->found[l];
        }
    }
    bool is_cyrillic = best == LANGUAGE_RUSSIAN && 2 * guess->n_cyrillic > guess->n_words;
    bool is_clear = guess->found[best] >= (is_cyrillic ? 0.01 : 0.04) * words &&
                    guess->found[best] >= 1.5 * second && guess->found[best] > 0;
    return is_clear ? best : PAL_LANGUAGE_NONE;
}

pal_status pal_language_guess(pal_ctx *ctx, const char *const *texts, const int32_t *rows,
                              int64_t n, int32_t *out) {
    language_guess guess = {0};
    pal_arena arena = {0};
    pal_tokenizer tokenizer = {0};
    pal_status status = language_guess_start(ctx, &arena, &guess);
    if (status == PAL_OK) status = pal_tokenizer_init(ctx, PAL_LANGUAGE_NONE, &tokenizer);
    int64_t n_looked = n < GUESS_TEXTS ? n : GUESS_TEXTS;
    for (int64_t i = 0; i < n_looked && status == PAL_OK; i++) {
        int64_t at = i * n / n_looked, row = rows ? rows[at] : at;
        if (row < 0) continue;
        if (!pal_tokenizer_words(&tokenizer, texts[row], strlen(texts[row]), language_guess_word,
                                 &guess))
            status = pal_fail_memory(ctx, "the words of a text", 1e6);
    }
    *out = language_guess_end(&guess);
    pal_tokenizer_release(&tokenizer);
    pal_ids_release(&guess.stops);
    pal_arena_release(&arena);
    return status;
}
