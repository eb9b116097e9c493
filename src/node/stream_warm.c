/**
 * node/stream_warm.c - streams over which entries of the cache are given.
 *
 * The other side, the donor, says RETIRED and HEADS, all of it before it looks at the first entry. Then
 * the opener sends one WANT at a time, and the donor one ENTRIES for each; the opener hangs up.
 */
#include "node/stream.h"

/* A few nodes at a time are given entries: they cost the giver as much as they cost who asks. */
static bool has_place(const struct node *n)
{
    uint32_t taken = 0;
    for (size_t i = 0; i < ARRAY_LEN(n->streams->at); i++) {
        const struct stream *s = &n->streams->at[i];
        taken += s->used && !s->hangup && s->gives;
    }
    return taken < n->cfg.warm_gives_max;
}

/* Who had its time comes back when those who were turned away meanwhile had the chance to come first. */
static bool rests(const struct streams *t, mono_us now, uint64_t peer)
{
    for (size_t i = 0; i < ARRAY_LEN(t->rested); i++)
        if (t->rested[i].peer == peer && now < t->rested[i].until)
            return true;
    return false;
}

mono_us stream_place_ends_at(const struct stream *s)
{
    return s->gives ? s->begun_at + STREAM_PLACE_US : NEVER;
}

void stream_place_end(struct node *n, mono_us now, struct stream *s)
{
    struct streams *t = n->streams;
    t->rested[t->rested_i++ % ARRAY_LEN(t->rested)] =
        (struct rested){.peer = s->peer, .until = now + STREAM_REST_US};
    n->counters.streams_relieved++;
    stream_finish(n, now, s, true);
}

bool stream_warm_begin(struct node *n, mono_us now, struct stream *s)
{
    if (!s->inbound)
        return warm_is_donor(n, s->peer, run_epoch(&s->run));
    if (warm_may_give(n) && has_place(n) && !rests(n->streams, now, s->peer)) {
        s->gives = s->retired_due = s->heads_due = true;
        return true;
    }
    n->counters.streams_busy++;
    stream_finish(n, now, s, true);
    return true;
}

static bool take_want(struct stream *s, const struct stream_msg *m)
{
    if (m->type != STREAM_WANT || s->retired_due || s->heads_due || s->entries_due)
        return false;
    s->cursor = m->cursor;
    s->entries_due = true;
    return true;
}

static bool take_retired(struct node *n, const struct stream *s, struct slice bytes)
{
    if (s->got_heads || bytes.len % PEER_RETIRED_LEN != 0)
        return false;
    warm_retired(n, bytes);
    return true;
}

/* After the last of its covers we know what we may ask for. */
static bool take_heads(struct node *n, struct stream *s, struct slice covers)
{
    if (s->got_heads || covers.len % COVER_LEN != 0)
        return false;
    warm_covers(n, covers);
    if (covers.len / COVER_LEN == STREAM_HEADS_COVERS)
        return true;
    s->got_heads = true;
    s->want_due = warm_compare(n, &s->cursor);
    s->got_done = !s->want_due;
    return true;
}

static bool take_entries(struct node *n, mono_us now, struct stream *s, const struct stream_msg *m)
{
    if (!s->asked)
        return false;
    s->asked = false;
    s->want_due = warm_entries(n, now, m, &s->cursor);
    s->got_done = !s->want_due;
    return true;
}

static bool take_given(struct node *n, mono_us now, struct stream *s, const struct stream_msg *m)
{
    if (!warm_lasts(n, now)) { /* however much the other has yet to say */
        stream_finish(n, now, s, true);
        return true;
    }
    switch (m->type) {
    case STREAM_RETIRED:
        return take_retired(n, s, m->bytes);
    case STREAM_HEADS:
        return take_heads(n, s, m->bytes);
    case STREAM_ENTRIES:
        return take_entries(n, now, s, m);
    default:
        return false;
    }
}

bool stream_warm_take(struct node *n, mono_us now, struct stream *s, const struct stream_msg *m)
{
    if (!s->got_auth || s->got_done)
        return false;
    if (s->inbound)
        return take_want(s, m);
    const bool taken = take_given(n, now, s, m);
    if (s->want_due)
        warm_asks(n, now);
    return taken;
}
