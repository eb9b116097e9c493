#include "heal/answer.h"

#include <assert.h>
#include <string.h>

#define LOOKUPS_MAX 8192                /* of the log, in one call: a question may name any range */
#define CALLS_MAX   16                  /* of heal_answer() for one question */
#define REACH       (LEDGER_WINDOW / 2) /* sequences past a gap: all that an asker can surely cover */

/** Add lo..hi to the ranges, joined to the last one where it follows it. false when they are full. */
static bool add_gone(struct peer_ranges *gone, const struct dot_range *r)
{
    struct dot_range *last = gone->n > 0 ? &gone->at[gone->n - 1] : NULL;
    if (last != NULL && last->epoch == r->epoch && last->hi + 1 == r->lo) {
        last->hi = r->hi;
        return true;
    }
    if (gone->n == PEER_RANGES_MAX)
        return false;
    gone->at[gone->n++] = *r;
    return true;
}

/** One call's progress. */
struct answering {
    const struct ledger *ledger;
    struct dots_writer *w;
    struct peer_ranges *gone;
    uint32_t lookups_left;
    bool in_order;
};

/** How much of r's front must be looked up: past the window nothing can be covered, so all is gone. */
static uint64_t known_hi(const struct answering *a, const struct dot_range *r)
{
    struct origin_view view;
    if (!ledger_origin(a->ledger, r->epoch, &view))
        return 0;
    const uint64_t room = UINT64_MAX - view.applied;
    const uint64_t end = view.applied + (room < LEDGER_WINDOW ? room : LEDGER_WINDOW);
    const uint64_t hi = end < view.head ? end : view.head;
    return hi < r->hi ? hi : r->hi;
}

/**
 * The newest sequence of r's origin that the log cannot hold any more: it has room for so many dots, and
 * these may have come in any order within a window. Without this a question of a million would cost as
 * many look-ups. A dot that closings without content left there is told gone though it is held: a miss.
 */
static uint64_t long_gone(const struct answering *a, const struct dot_range *r)
{
    struct origin_view view;
    const uint64_t held = ledger_log_max(a->ledger) + LEDGER_WINDOW;
    if (!ledger_origin(a->ledger, r->epoch, &view) || view.applied <= held)
        return 0;
    return view.applied - held;
}

/**
 * Is the dot r->lo so far behind something of its origin that is gone, and has yet to be told, that the
 * asker could not note it as covered? It would have to be said again.
 */
static bool is_out_of_reach(const struct peer_ranges *gone, const struct dot_range *r)
{
    for (size_t i = 0; i < gone->n; i++) {
        if (gone->at[i].epoch == r->epoch && gone->at[i].lo <= r->lo)
            return r->lo - gone->at[i].lo >= REACH;
    }
    return false;
}

/** Say what we know of the dot r->lo. false when a limit is reached. */
static bool say_one(struct answering *a, const struct dot_range *r)
{
    struct dot d;
    const struct dot_range one = {.epoch = r->epoch, .lo = r->lo, .hi = r->lo};
    if (a->lookups_left == 0)
        return false;
    a->lookups_left--;
    if (!ledger_log_find(a->ledger, r->epoch, r->lo, &d))
        return add_gone(a->gone, &one);
    if (a->in_order && is_out_of_reach(a->gone, r))
        return false;
    return dots_add(a->w, &d, false) == OK;
}

/** Say what we know of r, moving its front on. true when all of it is said. */
static bool say_range(struct answering *a, struct dot_range *r)
{
    const uint64_t hi = known_hi(a, r);
    const uint64_t forgotten = long_gone(a, r);
    if (forgotten >= r->hi)
        return add_gone(a->gone, r);
    if (forgotten >= r->lo) {
        const struct dot_range gone = {.epoch = r->epoch, .lo = r->lo, .hi = forgotten};
        if (!add_gone(a->gone, &gone))
            return false;
        r->lo = forgotten + 1;
    }
    while (r->lo <= hi) {
        if (!say_one(a, r))
            return false;
        if (r->lo == r->hi)
            return true;
        r->lo++;
    }
    return add_gone(a->gone, r);
}

/** Say as much of the ranges as can be said. Returns: how many are left over. */
static size_t say_ranges(struct answering *a, struct dot_range *ranges, size_t n)
{
    size_t done = 0;
    while (done < n && say_range(a, &ranges[done]))
        done++;
    if (done > 0 && done < n)
        memmove(ranges, ranges + done, (n - done) * sizeof(*ranges));
    return n - done;
}

size_t heal_answer(const struct ledger *l, struct dot_range *ranges, size_t n,
                   struct dots_writer *w, struct peer_ranges *gone)
{
    struct answering a = {.ledger = l, .w = w, .gone = gone, .lookups_left = LOOKUPS_MAX};
    return say_ranges(&a, ranges, n);
}

size_t heal_answer_in_order(const struct ledger *l, struct dot_range *ranges, size_t n,
                            struct dots_writer *w, struct peer_ranges *gone)
{
    struct answering a = {
        .ledger = l, .w = w, .gone = gone, .lookups_left = LOOKUPS_MAX, .in_order = true};
    return say_ranges(&a, ranges, n);
}

static bool is_sane(const struct dot_range *r)
{
    return r->epoch != 0 && r->lo != 0 && r->lo <= r->hi;
}

void heal_answer_queue(struct heal *h, uint64_t id, const struct peer_ranges *ranges)
{
    assert(ranges->n <= PEER_RANGES_MAX);
    if (h->questions_n == QUESTIONS_MAX) {
        h->counters.overload++;
        return;
    }
    struct question *q = &h->questions[(h->questions_at + h->questions_n) % QUESTIONS_MAX];
    *q = (struct question){
        .to = id, .datagrams_left = h->cfg.answer_datagrams, .calls_left = CALLS_MAX};
    for (size_t i = 0; i < ranges->n; i++) {
        if (is_sane(&ranges->at[i]))
            q->ranges[q->n++] = ranges->at[i];
    }
    h->questions_n++;
}

static void drop_question(struct heal *h)
{
    h->questions_at = (h->questions_at + 1) % QUESTIONS_MAX;
    h->questions_n--;
}

static uint64_t count_dots(struct slice dots)
{
    size_t n = 0;
    const enum err err = dots_check(dots, &n);
    assert(err == OK);
    return n;
}

/** Write the next datagram of dots for q. false when q has no more of them. */
static bool write_dots(struct heal *h, struct question *q)
{
    while (q->n > 0 && q->datagrams_left > 0 && q->calls_left > 0) {
        struct dots_writer w = dots_writer_of(h->buf, sizeof(h->buf));
        const bool gone_full = q->gone.n == PEER_RANGES_MAX;
        q->n = heal_answer(h->ledger, q->ranges, q->n, &w, &q->gone);
        q->calls_left--;
        if (w.w.len > 0) {
            q->datagrams_left--;
            heal_msg(h, PEER_DOTS)->dots = dots_slice(&w);
            h->counters.served += count_dots(dots_slice(&w));
            return true;
        }
        if (gone_full)
            return false;
    }
    return false;
}

/** The end of q: what we could not give. false when there is nothing to say. */
static bool write_gone(struct heal *h, const struct question *q)
{
    if (q->gone.n == 0)
        return false;
    heal_msg(h, PEER_GONE)->args.ranges = q->gone;
    for (size_t i = 0; i < q->gone.n; i++)
        h->counters.gone += q->gone.at[i].hi - q->gone.at[i].lo + 1;
    return true;
}

uint64_t heal_answer_poll(struct heal *h)
{
    while (h->questions_n > 0) {
        struct question *q = &h->questions[h->questions_at];
        const uint64_t to = q->to;
        if (write_dots(h, q))
            return to;
        const bool said = write_gone(h, q);
        drop_question(h);
        if (said)
            return to;
    }
    return 0;
}
