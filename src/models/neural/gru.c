/* gru.c - the next item from a gated state that reads the history (Hidasi et al. 2016, "GRU4Rec").
 *
 * Layer, loss and cost: nn/recurrent.h, models/sequence.h. Cost of an event and epoch: 3 times
 * 3 h (k + h) + h k multiply-adds for the layer with factors k and state h, 3 k a drawn item for
 * the loss.
 * Reached: the kind's `measured`. */
#include "models/neural/reader.h"

static const pal_param gru_table[] = {PAL_READER_ROWS, {0}};

static pal_encoder gru_encoder(const void *params) {
    return pal_reader_encoder("gru", PAL_CELL_GRU, params);
}

PAL_SEQUENCE_SLOTS(gru)

const pal_kind pal_kind_gru = {
    .name = "gru",
    .family = "neural",
    .summary = "a gated state that reads the history event by event and points to the next item",
    .paper = "Hidasi, Karatzoglou, Baltrunas, Tikk: Session-based recommendations with recurrent "
             "neural networks, ICLR 2016",
    .measured =
        "ML-1M, each person's last event (by time, then by place in the file) withheld, seen items "
        "not "
        "listed: ndcg@10 .168, hit@10 .295 after epochs=12, and markov .162, by `palate train "
        "train.inter -m \"gru epochs=12\"` and `palate evaluate MODEL --test test.inter`."
        " ML-100K, --split leave_last, validation: .119 with steps of one length, .138 where they "
        "shorten over 40 epochs.",
    .represents = "the last {length} items used, read in order into {hidden} numbers | a row of "
                  "{factors} numbers",
    .lesson = "order counts here, further back than the last few events",
    .traits = PAL_SCORES_NEW_USERS | PAL_USES_ORDER | PAL_NEEDS_TIME | PAL_IS_STOCHASTIC,
    .params = gru_table,
    .params_size = sizeof(pal_reader_params),
    .state_size = sizeof(pal_sequence_state),
    .fit = gru_fit,
    .prepare = gru_prepare,
    .scratch_bytes = gru_scratch_bytes,
    .score = gru_score,
    .tensors = gru_tensors,
    .estimate = gru_estimate,
};
