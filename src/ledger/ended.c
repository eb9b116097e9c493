#include <assert.h>

#include "ledger/state.h"

static void mark_gone(struct ledger *l, struct origin *o, mono_us since)
{
    l->gone_n -= o->gone_since != NEVER;
    l->gone_n += since != NEVER;
    o->gone_since = since;
}

void ledger_gone(struct ledger *l, mono_us now, uint64_t epoch, bool gone)
{
    struct origin *o = ledger_origins_find(&l->origins, epoch);
    if (o == NULL || epoch == ledger_epoch(l) || gone == (o->gone_since != NEVER))
        return;
    mark_gone(l, o, gone ? now : NEVER);
}

/** The ring changed: bring the vector hash up to date. */
static void digest_change(struct ledger *l, const struct retired_change *change)
{
    const struct retired *out = &change->uncounted;
    const struct retired *in = &change->counted;
    l->counters.forgotten += change->dropped;
    if (out->epoch != 0)
        ledger_digest_subtract(&l->digest, out->epoch, out->last);
    if (in->epoch != 0)
        ledger_digest_add(&l->digest, in->epoch, in->last);
}

/** Put an entry, whose term is in the vector hash, into the ring. */
static void keep_retired(struct ledger *l, const struct retired_entry *e)
{
    const struct retired_change change = ledger_retired_add(&l->retired, e);
    digest_change(l, &change);
}

/** Take an entry, whose term stays in the vector hash or comes into it, out of the ring. */
static struct retired_entry take_out(struct ledger *l, struct retired_entry *e)
{
    const struct retired_entry was = *e;
    if (!was.counted)
        ledger_digest_add(&l->digest, was.is.epoch, was.is.last);
    const struct retired_change change = ledger_retired_remove(&l->retired, e);
    digest_change(l, &change);
    return was;
}

/** Free the slot of o, of which nothing is missing. */
static void end_origin(struct ledger *l, struct origin *o)
{
    assert(o->applied == o->head);
    const struct retired_entry e = {.is = {.epoch = o->epoch, .last = o->applied}, .born = o->born};
    mark_gone(l, o, NEVER);
    l->unended_n -= ledger_lacks_end(o);
    ledger_checkpoints_give(&l->checkpoints, o->checkpoints);
    o->checkpoints = NULL;
    ledger_origins_remove(&l->origins, o);
    l->counters.retired++;
    if (e.is.last > 0) /* else nothing was ever issued, and there is nothing to remember */
        keep_retired(l, &e);
}

enum err ledger_retire(struct ledger *l, uint64_t epoch, uint64_t *barrier)
{
    *barrier = 0;
    if (epoch == ledger_epoch(l))
        return ERR_REFUSED;
    struct origin *o = ledger_origins_find(&l->origins, epoch);
    if (o == NULL)
        return ERR_UNKNOWN;
    if (o->applied < o->head)
        *barrier = ledger_close(l, epoch, o->applied + 1, o->head, NULL);
    end_origin(l, o);
    return OK;
}

/** The origin that is gone for longest and lacks nothing; NULL when there is none. */
static struct origin *pick_longest_gone(const struct ledger *l)
{
    struct origin *best = NULL;
    for (uint32_t place = 1; l->gone_n > 0 && place < l->origins.n; place++) {
        struct origin *o = ledger_origins_at(&l->origins, place);
        const mono_us since = best == NULL ? NEVER : best->gone_since;
        if (o->applied == o->head && o->gone_since < since)
            best = o;
    }
    return best;
}

/** Let o go on where it was when it was retired: the vector hash holds its term. */
static void reinstate(struct ledger *l, struct origin *o, const struct retired_entry *was)
{
    o->applied = was->is.last;
    o->head = was->is.last;
    o->born = was->born;
    ledger_digest_inherit(&l->digest, o);
    l->counters.reinstated++;
}

/** A slot for a new origin; one must be free. */
static struct origin *begin_origin(struct ledger *l, uint64_t epoch)
{
    struct origin *o = ledger_origins_add(&l->origins, epoch);
    assert(o != NULL);
    o->born = l->l;
    o->log_since = ledger_dotlog_added(&l->log);
    o->thin_since = ledger_thin_added(&l->thin);
    return o;
}

struct origin *ledger_add_origin(struct ledger *l, uint64_t epoch)
{
    const bool full = l->origins.n == l->origins.max;
    struct origin *victim = full ? pick_longest_gone(l) : NULL;
    if (full && victim == NULL) {
        l->counters.origins_full++;
        return NULL;
    }
    struct retired_entry *entry = ledger_retired_find(&l->retired, epoch);
    struct retired_entry was = {0};
    if (entry != NULL) /* first, or the victim may push it out of the ring */
        was = take_out(l, entry);
    if (victim != NULL)
        end_origin(l, victim);
    struct origin *o = begin_origin(l, epoch);
    if (was.is.epoch != 0)
        reinstate(l, o, &was);
    return o;
}

uint64_t ledger_retired_last(const struct ledger *l, uint64_t epoch)
{
    const struct retired_entry *e = ledger_retired_find(&l->retired, epoch);
    return e == NULL ? 0 : e->is.last;
}

void ledger_ended(struct ledger *l, uint64_t epoch, uint64_t last)
{
    struct origin *o = ledger_origins_find(&l->origins, epoch);
    if (o == NULL || epoch == ledger_epoch(l) || last <= o->ended_at)
        return;
    l->unended_n -= ledger_lacks_end(o);
    o->ended_at = last;
    l->unended_n += ledger_lacks_end(o);
}

uint32_t ledger_unended_n(const struct ledger *l)
{
    return l->unended_n;
}

void ledger_return(struct ledger *l, uint64_t epoch)
{
    if (ledger_retired_find(&l->retired, epoch) == NULL)
        return;
    if (l->origins.n < l->origins.max || pick_longest_gone(l) != NULL)
        (void)ledger_add_origin(l, epoch);
}

bool ledger_would_count(const struct ledger *l, uint64_t epoch)
{
    return ledger_retired_would_count(&l->retired, epoch);
}

uint32_t ledger_retired_n(const struct ledger *l)
{
    return l->retired.added;
}

uint32_t ledger_retired_number(struct ledger *l)
{
    l->retired.uncounted = ++l->retired.added;
    return l->retired.added;
}

void ledger_retired_drop(struct ledger *l, uint32_t number)
{
    assert(number <= l->retired.added);
    if (l->retired.dropped < number)
        l->retired.dropped = number;
}

uint32_t ledger_uncounted_n(const struct ledger *l)
{
    return l->retired.uncounted;
}

uint32_t ledger_forgotten_n(const struct ledger *l)
{
    return l->retired.dropped;
}

bool ledger_retired_past(const struct ledger *l, uint32_t *number, struct retired *out)
{
    const struct retired_entry *e = ledger_retired_past_number(&l->retired, *number);
    if (e == NULL)
        return false;
    *number = e->number;
    *out = e->is;
    return true;
}

/** Is it of the newest `max`, which is when a ring in the order of retirement would still hold it? */
static bool is_young(const struct retired_ring *ring, const struct retired_entry *e)
{
    return ring->added - e->number < ring->max;
}

bool ledger_retired_legacy(const struct ledger *l, uint64_t *epoch, bool *counted,
                           struct retired *out)
{
    const struct retired_ring *ring = &l->retired;
    for (;;) {
        const struct retired_entry *e = ledger_retired_above(ring, *epoch);
        if (e == NULL && *counted)
            return false;
        *epoch = e == NULL ? 0 : e->is.epoch;
        if (e == NULL) {
            *counted = true;
        } else if (e->counted == *counted && (e->counted || is_young(ring, e))) {
            *out = e->is;
            return true;
        }
    }
}

enum err ledger_adopt_retired(struct ledger *l, const struct retired *r)
{
    if (r->epoch == 0 || r->epoch == ledger_epoch(l))
        return ERR_REFUSED;
    if (ledger_origins_find(&l->origins, r->epoch) != NULL)
        return ledger_adopt(l, r->epoch, r->last);
    struct retired_entry e = {.is = *r, .born = l->l};
    struct retired_entry *held = ledger_retired_find(&l->retired, r->epoch);
    if (r->last <= (held == NULL ? 0 : held->is.last))
        return OK;
    if (held != NULL) {
        const struct retired_entry was = take_out(l, held);
        e.born = was.born;
        ledger_digest_subtract(&l->digest, r->epoch, was.is.last);
    }
    l->l++;
    ledger_touch_all(l);
    ledger_digest_add(&l->digest, r->epoch, r->last);
    keep_retired(l, &e);
    return OK;
}
