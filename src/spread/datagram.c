#include "spread/datagram.h"

#include "spread/spread.h"

#define TRAILING_MAX 3

static bool wants(const struct link *k, uint64_t n)
{
    return n > k->floor && !spread_link_has(k, n);
}

/** Append dot n; a record alone in its datagram is rather sent without its name than not at all. */
static enum err add_dot(const struct recent *r, uint64_t n, const struct run *how,
                        struct dots_writer *w)
{
    struct dot d = spread_recent_get(r, n);
    const bool alone = w->w.len == 0;
    d.relay = d.relay && how->relay;
    const enum err err = dots_add(w, &d, how->named);
    return err != OK && how->named && alone ? dots_add(w, &d, false) : err;
}

/** Repeat dot n: without its name, and asking for relaying if its flight does. */
static enum err repeat_dot(const struct recent *r, const struct link *k, uint64_t n,
                           struct dots_writer *w)
{
    return add_dot(r, n, &(struct run){.relay = spread_link_relays(k, n)}, w);
}

/** Is dot n so long that no datagram of this path takes it? It must not keep the others waiting. */
static bool exceeds_path(const struct recent *r, uint64_t n, const struct dots_writer *w)
{
    return w->w.len == 0 && spread_recent_get(r, n).more.len > 0;
}

struct written spread_write_run(const struct recent *r, const struct link *k, const struct run *run,
                                struct dots_writer *w)
{
    const uint64_t oldest = spread_recent_oldest(r);
    struct written done = {.next = run->lo > oldest ? run->lo : oldest};
    for (; done.next <= run->hi; done.next++) {
        if (!wants(k, done.next))
            continue;
        const bool whole = spread_recent_whole(r, done.next);
        if (whole && add_dot(r, done.next, run, w) == OK)
            done.n++;
        else if (!whole || exceeds_path(r, done.next, w))
            done.left++;
        else
            return done;
    }
    done.next = run->hi + 1;
    return done;
}

uint64_t spread_write_trailing(const struct recent *r, const struct link *k, uint64_t newest,
                               struct dots_writer *w)
{
    uint64_t picked[TRAILING_MAX];
    uint64_t picked_n = 0;
    const uint64_t oldest = spread_recent_oldest(r);
    const uint64_t from = k->cover.applied > k->floor ? k->cover.applied : k->floor;
    /* What is passed over is covered out of order: at most a mask, or a relay's ring, of dots. */
    for (uint64_t seq = newest; seq > from && seq >= oldest && picked_n < TRAILING_MAX; seq--) {
        if (wants(k, seq) && spread_recent_whole(r, seq))
            picked[picked_n++] = seq;
    }
    uint64_t n = 0;
    while (n < picked_n && repeat_dot(r, k, picked[picked_n - 1 - n], w) == OK)
        n++;
    return n;
}

static bool is_hot(const struct link *k, uint64_t seq)
{
    return wants(k, seq) && k->hot[seq % HOT_WINDOW] < SPREAD_HOT_SENDS;
}

/** The oldest dot whose extra sends are still counted. */
static uint64_t hot_oldest(const struct recent *r)
{
    const uint64_t oldest = spread_recent_oldest(r);
    const uint64_t window = r->newest < HOT_WINDOW ? 1 : r->newest - HOT_WINDOW + 1;
    return oldest > window ? oldest : window;
}

uint64_t spread_write_hot(const struct recent *r, struct link *k, struct dots_writer *w, size_t max)
{
    if (r->newest == 0)
        return 0;
    const size_t cap = w->w.cap;
    if (cap - w->w.len > max)
        w->w.cap = w->w.len + max;
    uint64_t n = 0;
    for (uint64_t seq = hot_oldest(r); seq <= k->sent && seq <= r->newest; seq++) {
        if (!is_hot(k, seq) || !spread_recent_whole(r, seq))
            continue;
        if (repeat_dot(r, k, seq, w) != OK)
            break;
        k->hot[seq % HOT_WINDOW]++;
        n++;
    }
    w->w.cap = cap;
    return n;
}
