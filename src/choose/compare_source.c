/* compare_source.c - how much of a second domain the models of a comparison may know: nothing that
 * happened after what they are asked for. */
#include <string.h>

#include "base/ctx.h"
#include "choose/compare_job.h"
#include "data/second.h"

const char *const pal_source_untils[] = {"auto", "part", "first", "all", NULL};

/* Whether all that is learned from comes before all that is asked. */
static bool source_split_is_in_time(const pal_split *split) {
    return split->train.times && pal_log_end(&split->train) <= split->valid_from &&
           pal_log_end(&split->history) <= split->test_from;
}

static pal_source_until source_settle(pal_compare_job *job, const pal_source *whole) {
    pal_source_until until = (pal_source_until)job->out->options.source_until;
    const pal_split *split = &job->out->split;
    bool tells = job->fold <= 1;
    if (!whole->log->times || !split->train.times) {
        if (tells)
            pal_note(job->ctx, PAL_NOTICE_WARNING,
                     "the source is used whole: %s no times by which to leave out what came later",
                     whole->log->times ? "the log has" : "it has");
        return PAL_UNTIL_ALL;
    }
    if (until != PAL_UNTIL_AUTO) return until;
    if (source_split_is_in_time(split)) return PAL_UNTIL_PART;
    if (whole->shared != PAL_SHARED_USERS) {
        if (tells)
            pal_note(job->ctx, PAL_NOTICE_INFO,
                     "the source is used whole: the split is not in the order of time, and nobody "
                     "of the source is asked");
        return PAL_UNTIL_ALL;
    }
    if (tells)
        pal_note(job->ctx, PAL_NOTICE_INFO,
                 "the split is not in the order of time: of the source what each person did there "
                 "before his first event that is asked is known; --source-until all is the looser "
                 "reading that knows what came later too");
    return PAL_UNTIL_FIRST;
}

pal_status pal_compare_source_make(pal_compare_job *job) {
    pal_comparison *out = job->out;
    const pal_split *split = &out->split;
    pal_source whole;
    out->source_valid.catalog.title = out->source_test.catalog.title = -1;
    if (!pal_data_source(job->data, &whole)) return PAL_OK;
    pal_source_until until = source_settle(job, &whole);
    bool by_part = until == PAL_UNTIL_PART, by_person = until == PAL_UNTIL_FIRST;
    TRY(pal_source_before(job->ctx, &whole, by_part ? split->valid_from : INT64_MAX,
                          by_person ? &split->valid : NULL, &out->source_valid));
    TRY(pal_source_before(job->ctx, &whole, by_part ? split->test_from : INT64_MAX,
                          by_person ? &split->test : NULL, &out->source_test));
    out->options.source_until = (int32_t)until;
    if (job->fold <= 1)
        pal_note(job->ctx, PAL_NOTICE_INFO,
                 "source: %lld of its %lld events are known to models that validation judges, %lld "
                 "to the final ones",
                 (long long)out->source_valid.log.n_events, (long long)whole.log->n_events,
                 (long long)out->source_test.log.n_events);
    return PAL_OK;
}

const pal_source *pal_compare_source(const pal_comparison *comparison, bool final) {
    const pal_source_own *own = final ? &comparison->source_test : &comparison->source_valid;
    return own->log.n_events ? &own->source : NULL;
}
