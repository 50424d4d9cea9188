/* rnn.c - the next item from a plain recurrent state (Elman 1990).
 *
 * Layer, loss and cost: nn/recurrent.h, models/sequence.h. Cost of an event and epoch: 3 times
 * h (k + h) + h k multiply-adds for the layer with factors k and state h, 3 k a drawn item for the
 * loss. */
#include "models/neural/reader.h"

static const pal_param rnn_table[] = {PAL_READER_ROWS, {0}};

static pal_encoder rnn_encoder(const void *params) {
    return pal_reader_encoder("rnn", PAL_CELL_ELMAN, params);
}

PAL_SEQUENCE_SLOTS(rnn)

const pal_kind pal_kind_rnn = {
    .name = "rnn",
    .family = "neural",
    .summary = "a plain recurrent state that reads the history event by event",
    .paper = "Elman: Finding structure in time, Cognitive Science 1990",
    .measured =
        "ML-1M, each person's last event (by time, then by place in the file) withheld, seen items "
        "not "
        "listed: ndcg@10 .1625, hit@10 .285 after epochs=12, and markov .162, by `palate train "
        "train.inter -m \"rnn epochs=12\"` and `palate evaluate MODEL --test test.inter`.",
    .represents = "the last {length} items used, read in order into {hidden} numbers | a row of "
                  "{factors} numbers",
    .lesson = "order counts here, further back than the last few events",
    .traits = PAL_SCORES_NEW_USERS | PAL_USES_ORDER | PAL_NEEDS_TIME | PAL_IS_STOCHASTIC,
    .params = rnn_table,
    .params_size = sizeof(pal_reader_params),
    .state_size = sizeof(pal_sequence_state),
    .fit = rnn_fit,
    .prepare = rnn_prepare,
    .scratch_bytes = rnn_scratch_bytes,
    .score = rnn_score,
    .tensors = rnn_tensors,
    .estimate = rnn_estimate,
};
