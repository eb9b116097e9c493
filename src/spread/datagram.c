#include "spread/datagram.h"

#include "spread/spread.h"

#define TRAILING_MAX 3

static bool wants(const struct link *k, uint64_t seq)
{
    return seq > k->floor && !cover_has(&k->cover, seq);
}

/** Append dot seq; a record alone in its datagram is rather sent without its name than not at all. */
static enum err add_dot(const struct recent *r, uint64_t seq, bool named, struct dots_writer *w)
{
    const struct dot d = spread_recent_get(r, seq);
    const bool alone = w->w.len == 0;
    const enum err err = dots_add(w, &d, named);
    return err != OK && named && alone ? dots_add(w, &d, false) : err;
}

uint64_t spread_write_run(const struct recent *r, const struct link *k, const struct run *run,
                          struct dots_writer *w, uint64_t *n)
{
    const uint64_t oldest = spread_recent_oldest(r);
    uint64_t seq = run->lo > oldest ? run->lo : oldest;
    for (; seq <= run->hi; seq++) {
        if (!wants(k, seq))
            continue;
        if (add_dot(r, seq, run->named, w) != OK)
            return seq;
        (*n)++;
    }
    return run->hi + 1;
}

uint64_t spread_write_trailing(const struct recent *r, const struct link *k, uint64_t newest,
                               struct dots_writer *w)
{
    uint64_t picked[TRAILING_MAX];
    uint64_t picked_n = 0;
    const uint64_t oldest = spread_recent_oldest(r);
    const uint64_t from = k->cover.applied > k->floor ? k->cover.applied : k->floor;
    /* At most the 64 bits of the mask are passed over. */
    for (uint64_t seq = newest; seq > from && seq >= oldest && picked_n < TRAILING_MAX; seq--) {
        if (wants(k, seq))
            picked[picked_n++] = seq;
    }
    uint64_t n = 0;
    while (n < picked_n && add_dot(r, picked[picked_n - 1 - n], false, w) == OK)
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
        if (!is_hot(k, seq))
            continue;
        const struct dot d = spread_recent_get(r, seq);
        if (dots_add(w, &d, false) != OK)
            break;
        k->hot[seq % HOT_WINDOW]++;
        n++;
    }
    w->w.cap = cap;
    return n;
}
