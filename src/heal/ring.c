#include "heal/ring.h"

static struct ring_pos *find_ring(const struct heal *h, uint64_t epoch)
{
    for (uint32_t i = 0; i < h->rings_n; i++) {
        if (h->rings[i].epoch == epoch)
            return &h->rings[i];
    }
    return NULL;
}

static struct ring_pos *longest_unused(const struct heal *h)
{
    struct ring_pos *oldest = &h->rings[0];
    for (uint32_t i = 1; i < h->rings_n; i++) {
        if (h->rings[i].used_at < oldest->used_at)
            oldest = &h->rings[i];
    }
    return oldest;
}

/** Whoever is put out for want of room counts as unheard when it comes back: that costs a barrier. */
static struct ring_pos *add_ring(struct heal *h, uint64_t epoch)
{
    struct ring_pos *r;
    if (h->rings_n < 2 * h->cfg.peers_max) {
        r = &h->rings[h->rings_n++];
    } else {
        r = longest_unused(h);
        h->counters.rings_out++;
    }
    h->rings_open -= r->epoch != 0 && r->asked_at != NEVER;
    *r = (struct ring_pos){.epoch = epoch, .asked_at = NEVER};
    return r;
}

static void raise_to(uint32_t *number, uint32_t to)
{
    if (*number < to)
        *number = to;
}

/** All up to this number is heard of, or a barrier stands for it. */
static uint32_t done_to(const struct ring_pos *r)
{
    return r->heard > r->safe ? r->heard : r->safe;
}

static void set_asked(struct heal *h, struct ring_pos *r, mono_us at)
{
    h->rings_open -= r->asked_at != NEVER;
    h->rings_open += at != NEVER;
    r->asked_at = at;
}

static void drop_mark(struct heal *h, uint32_t i)
{
    h->marks_n--;
    for (; i < h->marks_n; i++)
        h->marks[i] = h->marks[i + 1];
}

/** Without room the oldest is forgotten: who has not heard it by then raises its barrier for us. */
static void make_room(struct heal *h, uint64_t run)
{
    uint32_t i = 0;
    while (i < h->marks_n && h->marks[i].run != run)
        i++;
    if (i < h->marks_n) {
        drop_mark(h, i);
    } else if (h->marks_n == 2 * h->cfg.peers_max) {
        h->counters.marks_out++;
        ledger_retired_drop(h->ledger, h->marks[0].at);
        drop_mark(h, 0);
    }
}

static void add_mark(struct heal *h, uint64_t run, uint32_t number)
{
    make_room(h, run);
    h->counters.marks++;
    const uint32_t at = ledger_retired_number(h->ledger);
    h->marks[h->marks_n++] = (struct mark){.run = run, .number = number, .at = at};
}

/** All that r does not count is dealt with, but not all of it was heard: others must know. */
static void mark_unheard(struct heal *h, struct ring_pos *r)
{
    if (r->uncounted <= r->heard || r->uncounted <= r->marked)
        return;
    r->marked = r->uncounted;
    add_mark(h, r->epoch, r->marked);
}

/**
 * After the barrier all that the peer had retired by then is dealt with, since every fill that survives
 * began later: `safe`. What it still counts is heard all the same, or the two vectors would differ; what
 * that costs hits a cache that was just emptied.
 */
static void bar(struct heal *h, struct ring_pos *r)
{
    h->forgotten_due = true;
    mark_unheard(h, r);
    raise_to(&r->safe, r->newest);
    raise_to(&r->heard, r->uncounted);
    set_asked(h, r, NEVER);
}

/** Is there anything to ask for, or a barrier to plan? An answer tells so many entries and no more. */
static void look_at_uncounted(struct heal *h, mono_us now, struct ring_pos *r)
{
    if (r->uncounted <= done_to(r)) {
        set_asked(h, r, NEVER);
        mark_unheard(h, r);
    } else if (r->uncounted - done_to(r) > RING_ENTRIES) {
        bar(h, r);
    } else if (r->asked_at == NEVER) {
        set_asked(h, r, now);
    }
}

static struct ring_pos *find_or_add_ring(struct heal *h, mono_us now, uint64_t epoch)
{
    struct ring_pos *r = find_ring(h, epoch);
    if (r == NULL)
        r = add_ring(h, epoch);
    r->used_at = now;
    return r;
}

/**
 * Not counted first, equal second: vectors are equal, too, where neither side counts what the other has
 * retired. What both count both know, and so all is heard that was retired past what is not counted.
 */
void heal_ring_note(struct heal *h, mono_us now, uint64_t epoch, const struct peer_msg *m)
{
    if (m->retired_n == 0)
        return;
    struct ring_pos *r = find_or_add_ring(h, now, epoch);
    raise_to(&r->newest, m->retired_n);
    raise_to(&r->uncounted, m->forgotten_n);
    look_at_uncounted(h, now, r);
    if (r->asked_at == NEVER && m->vector_hash == ledger_vector_hash(h->ledger))
        raise_to(&r->heard, m->retired_n);
}

/** What the mark speaks of is now to be heard of its run, or barred, like any other. */
void heal_ring_marked(struct heal *h, mono_us now, const struct ring_told *told)
{
    const struct ring_pos *by = told->number == 0 ? NULL : find_ring(h, h->header.epoch);
    const uint32_t number = (uint32_t)told->last;
    if (by == NULL || told->number <= done_to(by) || told->epoch == ledger_epoch(h->ledger))
        return;
    struct ring_pos *r = find_or_add_ring(h, now, told->epoch);
    raise_to(&r->newest, number);
    raise_to(&r->uncounted, number);
    look_at_uncounted(h, now, r);
    h->exchange_at = r->asked_at == NEVER ? h->exchange_at : now;
}

/* ---- taking over ---- */

static void write_mark(struct retired *out, uint64_t run, uint32_t number)
{
    *out = (struct retired){.epoch = run, .last = PEER_RETIRED_MARK | number};
}

/** While we may lack something that a run retired, nobody is told how far we know what runs retired. What a
 *  barrier stands for and no mark yet is not told as known. */
bool heal_legacy(const struct heal *h, uint32_t *cursor, struct retired *out)
{
    const uint32_t uncounted = ledger_uncounted_n(h->ledger);
    const uint32_t rings_n = heal_bar_due(h) ? 0 : h->rings_n;
    if ((*cursor)++ == 0 && uncounted > 0) {
        write_mark(out, ledger_epoch(h->ledger), uncounted);
        return true;
    }
    while (*cursor - 2 < rings_n) {
        const struct ring_pos *r = &h->rings[(*cursor)++ - 2];
        if (r->uncounted == 0 || r->heard == 0)
            continue;
        write_mark(out, r->epoch, r->heard);
        return true;
    }
    return false;
}

/** Positions are as good as the cache that comes with them: this one's, which is empty, or the donor's. */
void heal_inherited(struct heal *h, uint64_t donor)
{
    if (h->donor != 0 && h->donor != donor) {
        h->rings_n = 0;
        h->rings_open = 0;
    }
    h->donor = donor;
}

void heal_inherit(struct heal *h, mono_us now, uint64_t donor, const struct retired *mark)
{
    const uint32_t number = (uint32_t)mark->last;
    heal_inherited(h, donor);
    if (mark->epoch == ledger_epoch(h->ledger))
        return;
    struct ring_pos *r = find_or_add_ring(h, now, mark->epoch);
    raise_to(&r->newest, number);
    if (mark->epoch == donor && number > r->marked) {
        raise_to(&r->marked, number);
        add_mark(h, donor, number);
    }
    raise_to(&r->heard, number);
}

bool heal_ring_open(const struct heal *h, uint64_t epoch)
{
    const struct ring_pos *r = h->rings_open == 0 ? NULL : find_ring(h, epoch);
    return r != NULL && r->asked_at != NEVER;
}

mono_us heal_ring_deadline(const struct heal *h)
{
    mono_us at = NEVER;
    for (uint32_t i = 0; h->rings_open > 0 && i < h->rings_n; i++) {
        if (h->rings[i].asked_at != NEVER)
            at = time_min(at, h->rings[i].asked_at + RING_WAIT_US);
    }
    return at;
}

void heal_ring_plan(struct heal *h, mono_us now)
{
    for (uint32_t i = 0; h->rings_open > 0 && i < h->rings_n; i++) {
        struct ring_pos *r = &h->rings[i];
        if (r->asked_at != NEVER && r->asked_at + RING_WAIT_US <= now)
            bar(h, r);
    }
}

uint32_t heal_ring_ask(const struct heal *h, uint64_t epoch, bool again)
{
    const struct ring_pos *r = find_ring(h, epoch);
    if (r == NULL)
        return 0;
    return again && r->asked_at == NEVER && r->heard >= r->newest ? r->again : r->heard;
}

/**
 * What was dealt with and would not count here is not heard again: whoever forgot it would begin it anew,
 * and count what nobody else does. What is not dealt with and does not count there needs a barrier
 * before anything is certified: no vector will show that we lack it. What comes without a number, over a
 * stream, will be told with one if it matters.
 */
bool heal_ring_hears(struct heal *h, const struct ring_told *told)
{
    struct ring_pos *r = told->number == 0 ? NULL : find_ring(h, h->header.epoch);
    struct origin_view o;
    const bool known = ledger_origin(h->ledger, told->epoch, &o);
    const bool dealt_with = r == NULL || told->number <= done_to(r);
    if (known && o.applied >= told->last)
        return true;
    if (!dealt_with && told->number <= r->uncounted)
        bar(h, r);
    return known || ledger_would_count(h->ledger, told->epoch) ||
           (r != NULL && told->number > done_to(r));
}

bool heal_ring_told(struct heal *h, uint64_t epoch, uint32_t from, uint32_t to)
{
    struct ring_pos *r = find_ring(h, epoch);
    if (r == NULL || from == 0)
        return false;
    r->again = to >= r->newest ? 0 : to;
    if (from - 1 > done_to(r) && r->asked_at != NEVER)
        bar(h, r);
    if (from - 1 <= done_to(r))
        raise_to(&r->heard, to);
    if (r->uncounted <= done_to(r))
        set_asked(h, r, NEVER);
    return r->heard < r->newest;
}

static void write_retired(struct writer *w, uint32_t number, const struct retired *r)
{
    write_u32(w, number);
    write_u64(w, r->epoch);
    write_u64(w, r->last);
}

/** The mark with the least number past `number`; NULL when there is none. */
static const struct mark *mark_past(const struct heal *h, uint32_t number)
{
    for (uint32_t i = 0; i < h->marks_n; i++) {
        if (h->marks[i].at > number)
            return &h->marks[i];
    }
    return NULL;
}

/** What has the least number past *number, which is set to it: an origin, a mark, or the end. */
static struct retired entry_past(const struct heal *h, uint32_t *number)
{
    const struct mark *m = mark_past(h, *number);
    struct retired r = {0};
    if (!ledger_retired_past(h->ledger, number, &r))
        *number = ledger_retired_n(h->ledger);
    if (m != NULL && m->at <= *number) {
        *number = m->at;
        write_mark(&r, m->run, m->number);
    }
    return r;
}

uint32_t heal_ring_tell(const struct heal *h, uint32_t seen, struct writer *w)
{
    const uint32_t forgotten = ledger_forgotten_n(h->ledger);
    const uint32_t last = ledger_retired_n(h->ledger);
    uint32_t number = seen;
    if (seen >= last)
        return 0;
    while (number < last && w->len + PEER_RETIRED_LEN <= w->cap) {
        const struct retired r = entry_past(h, &number);
        write_retired(w, number, &r);
    }
    return (seen > forgotten ? seen : forgotten) + 1;
}
