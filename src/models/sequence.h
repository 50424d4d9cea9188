/* sequence.h - kinds that read a history in order: windows of events, packing, training of all
 * positions at once, scores of queries. What reads is an encoder: a pair of passes from a row an
 * event to a row a position.
 *
 * A history i_1 … i_n is read as start, i_1, … (start is a row of zeros); the encoder's row y_t
 * after the first t events is held against i_{t+1}: score(j) = y_t·E_j with the table E of the
 * items that is also what goes in (tied; Hidasi and Karatzoglou 2018). Longer histories are cut
 * into windows of `length` positions from their end on; every event is a target once an epoch.
 * Losses: softmax: -log softmax over all items (nn/softmax.h); sampled: the same over the target
 * and `negatives` items drawn for each chunk of the batch (sequence_draws.h), each standing for
 * (n - 1) / negatives others (Bengio and Senécal 2008): one product for all positions; bpr: the
 * mean of softplus(y·E_j - y·E_target) over those (Rendle et al. 2009); gbce: binary cross entropy
 * over the same, calibrated for how few are drawn (Petrov and Macdonald 2023, "gSASRec"). Events'
 * weights weigh their losses. A batch of sequences is dealt by length to PAL_SEQUENCE_CHUNKS chunks
 * that run side by side; same bytes for any number of threads. */
#ifndef PAL_MODELS_SEQUENCE_H
#define PAL_MODELS_SEQUENCE_H

#include "math/topk.h"
#include "models/model.h"
#include "nn/dropout.h"
#include "nn/parameters.h"
#include "nn/schedule.h"

enum { PAL_SEQUENCE_CHUNKS = 8 };
typedef enum {
    PAL_SEQUENCE_SOFTMAX,
    PAL_SEQUENCE_SAMPLED,
    PAL_SEQUENCE_BPR,
    PAL_SEQUENCE_GBCE
} pal_sequence_loss;
extern const char *const pal_sequence_losses[];

typedef struct {
    int64_t factors, length, batch, epochs, patience, negatives;
    double calibration; /* gbce's t */
    double learning_rate, dropout, clip, decay, tolerance;
    int32_t loss, schedule;
} pal_sequence_options;

/* One pass of an encoder over packed sequences, the longest first. Packed by step, groups are steps
 * (nn/recurrent.h); else groups are sequences, one after the other. */
typedef struct {
    const float *network;  /* parameters by the encoder's layout */
    const float *derived;  /* what the encoder derived from them */
    int64_t n, n_groups;   /* positions, groups */
    const int64_t *starts; /* [n_groups + 1] positions of each group */
    int64_t n_sequences;
    bool trains; /* else only y of each sequence's last position is read, the same bits for any set
                  */
    double dropout; /* 0 where it does not train */
    pal_dropout_key key;
    float *x, *y;    /* [n, factors] in and out */
    float *room;     /* from forward to backward */
    float *dy, *dx;  /* [n, factors] dx is written */
    float *gradient; /* like network, added to */
} pal_sequence_pass;

typedef struct {
    const char *name;
    const pal_sequence_options *options;
    const void *params; /* the kind's */
    bool by_step;
    int64_t reach;    /* newest events that a position sees; 0: all */
    double deviation; /* of the normal numbers that E begins with */
    /* Optional. Refuses options that do not go together. */
    pal_status (*check)(pal_ctx *ctx, const void *params);
    /* Lists its slices. */
    void (*layout)(const void *params, pal_parameters *p);
    /* First values. */
    void (*draw)(const void *params, uint64_t seed, float *network);
    /* What passes read beside the parameters; optional. */
    int64_t (*n_derived)(const void *params);
    void (*derive)(const void *params, const float *network, float *derived);
    /* Floats for n_sequences sequences, each of at most n / n_sequences positions. */
    int64_t (*room)(const void *params, int64_t n, int64_t n_sequences, bool trains);
    void (*forward)(const void *params, const pal_sequence_pass *pass);
    void (*backward)(const void *params, const pal_sequence_pass *pass);
    /* Multiply-adds of forward a position in sequences of `length`. */
    double (*work)(const void *params, double length);
} pal_encoder;

typedef struct {
    float *items;   /* [n_items, factors] E */
    float *network; /* the encoder's parameters */
    float *panels;  /* derived: items, packed */
    float *derived; /* derived by the encoder */
    pal_packed packed;
    pal_small small; /* instead of items */
    int32_t n_items;
} pal_sequence_state;

pal_status pal_sequence_fit(pal_ctx *ctx, const pal_encoder *encoder, const pal_train_input *train,
                            pal_arena *arena, pal_arena *scratch, pal_sequence_state *state);
pal_status pal_sequence_prepare(pal_ctx *ctx, const pal_encoder *encoder, pal_arena *arena,
                                pal_sequence_state *state);
size_t pal_sequence_scratch_bytes(const pal_encoder *encoder, const pal_sequence_state *state,
                                  int32_t n_queries);
void pal_sequence_score(const pal_encoder *encoder, const pal_sequence_state *state,
                        const pal_query *queries, int32_t n_queries, void *scratch, float *scores);
int32_t pal_sequence_tensors(const pal_encoder *encoder, pal_sequence_state *state, int32_t n_items,
                             pal_tensor tensors[PAL_TENSORS_MAX]);
void pal_sequence_estimate(const pal_encoder *encoder, const pal_log *log, int32_t n_threads,
                           pal_estimate *out);

/* Rows of a kind's table for the pal_sequence_options `sequence` of its params. */
#define PAL_SEQUENCE_ROW(kind, field, form, start, least, most, steps, words)                      \
    {                                                                                              \
        .name = #field, .type = form, .offset = offsetof(kind, sequence.field), .initial = start,  \
        .min = least, .max = most, .scale = steps, .help = words                                   \
    }
/* rate, batch, epochs, patience, schedule, clip: first values that kinds choose for themselves. */
#define PAL_SEQUENCE_ROWS(kind, start_length, start_dropout, rate, start_batch, start_epochs,      \
                          start_patience, start_schedule, start_clip)                              \
    PAL_SEQUENCE_ROW(kind, factors, PAL_PARAM_INT, "64", 1, 1024, PAL_LOG,                         \
                     "length of the rows of items"),                                               \
        PAL_SEQUENCE_ROW(kind, length, PAL_PARAM_INT, start_length, 1, 2000, PAL_LOG,              \
                         "positions of a window: longer histories are cut, lists look at the "     \
                         "newest"),                                                                \
        {.name = "loss",                                                                           \
         .type = PAL_PARAM_CHOICE,                                                                 \
         .offset = offsetof(kind, sequence.loss),                                                  \
         .initial = "sampled",                                                                     \
         .choices = pal_sequence_losses,                                                           \
         .help = "what the next item is held against: softmax (all items), sampled (drawn ones "   \
                 "that stand for all), bpr (drawn ones, pair by pair) or gbce (drawn ones, each "  \
                 "yes or no)"},                                                                    \
        PAL_SEQUENCE_ROW(kind, negatives, PAL_PARAM_INT, "512", 1, 100000, PAL_LOG,                \
                         "items drawn for each eighth of a batch (loss=sampled, bpr, gbce)"),      \
        PAL_SEQUENCE_ROW(kind, calibration, PAL_PARAM_REAL, "0.75", 0, 1, PAL_LINEAR,              \
                         "how far drawing fewer items than there are is made up for (loss=gbce): " \
                         "0 not at all, 1 so that scores are probabilities"),                      \
        PAL_SEQUENCE_ROW(kind, batch, PAL_PARAM_INT, start_batch, 1, 4096, PAL_LOG,                \
                         "windows of a step"),                                                     \
        PAL_SEQUENCE_ROW(kind, epochs, PAL_PARAM_INT, start_epochs, 1, 100000, PAL_LOG,            \
                         "passes over the events at the most"),                                    \
        PAL_SEQUENCE_ROW(kind, patience, PAL_PARAM_INT, start_patience, 0, 100000, PAL_LINEAR,     \
                         "epochs without a better validation after which training ends; 0: all "   \
                         "epochs"),                                                                \
        PAL_SEQUENCE_ROW(kind, learning_rate, PAL_PARAM_REAL, rate, 1e-7, 10, PAL_LOG,             \
                         "length of Adam's first steps"),                                          \
        {.name = "schedule",                                                                       \
         .type = PAL_PARAM_CHOICE,                                                                 \
         .offset = offsetof(kind, sequence.schedule),                                              \
         .initial = start_schedule,                                                                \
         .choices = pal_schedule_forms,                                                            \
         .help = "how steps shorten: not at all, or down to 0 in the last epoch"},                 \
        PAL_SEQUENCE_ROW(kind, dropout, PAL_PARAM_REAL, start_dropout, 0, 0.95, PAL_LINEAR,        \
                         "share of what goes in that is left out while training"),                 \
        PAL_SEQUENCE_ROW(kind, clip, PAL_PARAM_REAL, start_clip, 0, 1e6, PAL_LOG,                  \
                         "longest gradient of a step; 0: any"),                                    \
        PAL_SEQUENCE_ROW(kind, decay, PAL_PARAM_REAL, "0", 0, 10, PAL_LOG,                         \
                         "by which weights shrink in each step, times learning_rate (AdamW)"),     \
        PAL_SEQUENCE_ROW(kind, tolerance, PAL_PARAM_REAL, "1e-6", 0, 1, PAL_LOG,                   \
                         "relative change of the loss in an epoch under which training ends")

/* The slots of a kind that has pal_encoder <name>_encoder(const void *params). */
#define PAL_SEQUENCE_SLOTS(name)                                                                   \
    static pal_status name##_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,   \
                                 pal_arena *arena, pal_arena *scratch, void *state) {              \
        pal_encoder encoder = name##_encoder(params);                                              \
        return pal_sequence_fit(ctx, &encoder, train, arena, scratch, state);                      \
    }                                                                                              \
    static pal_status name##_prepare(pal_ctx *ctx, const void *params, pal_arena *arena,           \
                                     void *state) {                                                \
        pal_encoder encoder = name##_encoder(params);                                              \
        return pal_sequence_prepare(ctx, &encoder, arena, state);                                  \
    }                                                                                              \
    static size_t name##_scratch_bytes(const void *params, const void *state, int32_t n_queries) { \
        pal_encoder encoder = name##_encoder(params);                                              \
        return pal_sequence_scratch_bytes(&encoder, state, n_queries);                             \
    }                                                                                              \
    static void name##_score(const void *params, const void *state, const pal_query *queries,      \
                             int32_t n_queries, void *scratch, float *scores) {                    \
        pal_encoder encoder = name##_encoder(params);                                              \
        pal_sequence_score(&encoder, state, queries, n_queries, scratch, scores);                  \
    }                                                                                              \
    static int32_t name##_tensors(const void *params, void *state, int32_t n_users,                \
                                  int32_t n_items, pal_tensor tensors[PAL_TENSORS_MAX]) {          \
        (void)n_users;                                                                             \
        pal_encoder encoder = name##_encoder(params);                                              \
        return pal_sequence_tensors(&encoder, state, n_items, tensors);                            \
    }                                                                                              \
    static void name##_estimate(const void *params, const pal_log *log, int32_t n_threads,         \
                                pal_estimate *out) {                                               \
        pal_encoder encoder = name##_encoder(params);                                              \
        pal_sequence_estimate(&encoder, log, n_threads, out);                                      \
    }

#endif
