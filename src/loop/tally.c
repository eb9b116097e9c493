#include "loop/tally.h"

#include "base/attr.h"
#include "loop/clock.h"

/* Where an op is timed, from 1; 0 = nowhere. */
static const uint8_t PLACES[LOOP_OPS] = {[OP_GET] = 1 + TIMED_GET,
                                         [OP_MGET] = 1 + TIMED_MGET,
                                         [OP_FILL] = 1 + TIMED_FILL,
                                         [OP_MFILL] = 1 + TIMED_MFILL,
                                         [OP_TOUCH] = 1 + TIMED_TOUCH,
                                         [OP_PUT] = 1 + TIMED_PUT,
                                         [OP_INVALIDATE] = 1 + TIMED_INVALIDATE};

bool tally_times(uint32_t op)
{
    return op < LOOP_OPS && PLACES[op] != 0;
}

void tally_time(struct worker *w, uint32_t op, mono_us since)
{
    if (!tally_times(op))
        return;
    struct worker_spans *spans = &w->counters.timed[PLACES[op] - 1];
    const uint64_t us = clock_now() - since;
    worker_count(&spans->n[spans_bucket(us)], 1);
    worker_count(&spans->sum_us, us);
}

void tally_error(struct worker *w, uint32_t op)
{
    worker_count(&w->counters.errors[op < LOOP_OPS ? op : 0], 1);
}

void tally_reply(struct worker *w, uint32_t op, struct slice reply)
{
    if (reply.len > 0 && client_reply_is_error(reply))
        tally_error(w, op);
}

void tally_tell(struct worker *w)
{
    for (size_t i = 0; i < CLIENT_STATUSES; i++) {
        if (w->said.n[i] == 0)
            continue;
        worker_count(&w->counters.lookups[i], w->said.n[i]);
        w->said.n[i] = 0;
    }
}
