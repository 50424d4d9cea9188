/* list.c - the formats there are, in the order of asking. */
#include "data/formats/format.h"

const pal_format *const pal_formats[] = {
    &pal_format_palate,    &pal_format_movielens, &pal_format_recbole,
    &pal_format_mind,      &pal_format_folder,    &pal_format_jsonl,
    &pal_format_adjacency, &pal_format_table,     NULL,
};
