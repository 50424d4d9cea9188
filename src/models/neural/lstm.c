/* lstm.c - the next item from a state with a memory cell (Hochreiter and Schmidhuber 1997).
 *
 * Layer, loss and cost: nn/recurrent.h, models/sequence.h. Cost of an event and epoch: 3 times
 * 4 h (k + h) + h k multiply-adds for the layer with factors k and state h, 3 k a drawn item for
 * the loss. */
#include "models/neural/reader.h"

static const pal_param lstm_table[] = {PAL_READER_ROWS, {0}};

static pal_encoder lstm_encoder(const void *params) {
    return pal_reader_encoder("lstm", PAL_CELL_LSTM, params);
}

PAL_SEQUENCE_SLOTS(lstm)

const pal_kind pal_kind_lstm = {
    .name = "lstm",
    .family = "neural",
    .summary = "a state with a memory cell that reads the history event by event",
    .paper = "Hochreiter, Schmidhuber: Long short-term memory, Neural Computation 1997",
    .measured =
        "ML-1M, each person's last event (by time, then by place in the file) withheld, seen items "
        "not "
        "listed: ndcg@10 .1725, hit@10 .302 after epochs=12, and markov .162, by `palate train "
        "train.inter -m \"lstm epochs=12\"` and `palate evaluate MODEL --test test.inter`.",
    .represents = "the last {length} items used, read in order into {hidden} numbers | a row of "
                  "{factors} numbers",
    .lesson = "order counts here, further back than the last few events",
    .traits = PAL_SCORES_NEW_USERS | PAL_USES_ORDER | PAL_NEEDS_TIME | PAL_IS_STOCHASTIC,
    .params = lstm_table,
    .params_size = sizeof(pal_reader_params),
    .state_size = sizeof(pal_sequence_state),
    .fit = lstm_fit,
    .prepare = lstm_prepare,
    .scratch_bytes = lstm_scratch_bytes,
    .score = lstm_score,
    .tensors = lstm_tensors,
    .estimate = lstm_estimate,
};
