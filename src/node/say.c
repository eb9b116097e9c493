/** node/say.c - what a stream says next: one frame a call, in the order that stream.c documents. */
#include <assert.h>
#include <string.h>

#include "node/stream.h"

#define RECORDS_A_FRAME 64
#define DOTS_A_FRAME    32768 /* bytes of dots */

static bool say_hello(struct node *n, struct stream *s, struct node_out *out)
{
    const struct stream_msg m = {.type = STREAM_HELLO,
                                 .hello = {.wire_min = PACKET_VERSION,
                                           .wire_max = PACKET_VERSION,
                                           .record = swim_own_record(n->swim),
                                           .view_hash = swim_view_hash(n->swim),
                                           .vector_hash = ledger_vector_hash(n->ledger),
                                           .challenge = s->challenge,
                                           .purpose = s->purpose,
                                           .window_ms = proof_own_window(n->proof),
                                           .share = stream_share(n, s)}};
    s->hello_due = false;
    return stream_seal(n, s, &m, out);
}

static bool say_auth(struct node *n, struct stream *s, struct node_out *out)
{
    const struct stream_msg m = {.type = STREAM_AUTH, .echo = s->echo};
    s->auth_due = false;
    return stream_seal(n, s, &m, out);
}

static bool say_digest(struct node *n, struct stream *s, struct node_out *out)
{
    uint64_t buckets[STREAM_BUCKETS];
    uint8_t bytes[sizeof buckets];
    struct writer w = writer_of(bytes, sizeof bytes);
    swim_digest(n->swim, buckets);
    for (size_t i = 0; i < STREAM_BUCKETS; i++)
        write_u64(&w, buckets[i]);
    const struct stream_msg m = {.type = STREAM_DIGEST, .bytes = writer_slice(&w)};
    s->digest_due = false;
    return stream_seal(n, s, &m, out);
}

/* Without gaps our covers are what the hash of the vector says, and nothing more. */
static bool knows_our_heads(const struct node *n, const struct stream *s)
{
    return s->purpose == STREAM_FOR_SYNC && s->heads_cursor == 0 && ledger_gaps(n->ledger) == 0 &&
           s->vector_hash == ledger_vector_hash(n->ledger);
}

static void write_cover(struct writer *w, const struct origin_view *o)
{
    cover_write(w, &(struct cover){o->epoch, o->applied, o->mask});
}

/* That we are an origin, and what we have of its dots, which acknowledges them: the rest of a long list
 * would teach it nothing. */
static void write_own_heads(const struct node *n, const struct stream *s, struct writer *w)
{
    const uint64_t epochs[] = {ledger_epoch(n->ledger), run_epoch(&s->run)};
    struct origin_view o;
    for (size_t i = 0; i < ARRAY_LEN(epochs); i++)
        if (ledger_origin(n->ledger, epochs[i], &o))
            write_cover(w, &o);
}

/* Returns: how many covers the frame has now. */
static size_t write_heads(const struct node *n, struct stream *s, struct writer *w)
{
    const size_t origins = ledger_origins(n->ledger);
    size_t said = 0;
    for (; s->heads_cursor < origins && said < STREAM_HEADS_COVERS; s->heads_cursor++, said++) {
        const struct origin_view o = ledger_origin_at(n->ledger, s->heads_cursor);
        write_cover(w, &o);
    }
    return said;
}

static bool say_heads(struct node *n, struct stream *s, struct node_out *out)
{
    struct writer w = writer_of(n->opened, STREAM_FRAME_MAX); /* free between two frames in */
    s->heads_due = false;
    if (knows_our_heads(n, s))
        write_own_heads(n, s, &w);
    else /* only a frame that is not full ends the list */
        s->heads_due = write_heads(n, s, &w) == STREAM_HEADS_COVERS;
    assert(w.err == OK);
    return stream_seal(n, s, &(struct stream_msg){.type = STREAM_HEADS, .bytes = writer_slice(&w)},
                       out);
}

/* Only a joiner needs them: everybody else is told in exchanges what it has not seen. It will give them
 * numbers of its own in this order: lowest is what the others may have to ask it for first. */
static bool next_retired(struct node *n, struct stream *s, struct retired *r)
{
    if (s->purpose == STREAM_FOR_SYNC && heal_legacy(n->heal, &s->legacy_cursor, r))
        return true;
    return ledger_retired_legacy(n->ledger, &s->retired_cursor, &s->retired_counted, r);
}

static bool say_retired(struct node *n, struct stream *s, struct node_out *out)
{
    struct writer w = writer_of(n->opened, STREAM_FRAME_MAX);
    struct retired r;
    size_t said = 0;
    s->retired_due = false;
    while (next_retired(n, s, &r)) {
        write_u32(&w, ++s->retired_said);
        write_u64(&w, r.epoch);
        write_u64(&w, r.last);
        s->retired_due = ++said == STREAM_RETIRED_A_FRAME;
        if (s->retired_due)
            break;
    }
    assert(w.err == OK);
    return said > 0 &&
           stream_seal(
               n, s, &(struct stream_msg){.type = STREAM_RETIRED, .bytes = writer_slice(&w)}, out);
}

static bool say_records(struct node *n, struct stream *s, struct node_out *out)
{
    struct peer_record records[RECORDS_A_FRAME];
    s->records.to = s->peer;
    const size_t count = swim_records(n->swim, s->differ, records, RECORDS_A_FRAME, &s->records);
    s->records_due = s->records.at != 0;
    return stream_seal(
        n, s, &(struct stream_msg){.type = STREAM_RECORDS, .records = records, .records_n = count},
        out);
}

/* Everything that we have heard of and lack. A joiner lacks nothing: it adopts. */
static size_t wanted(struct node *n, struct dot_range *out, size_t cap)
{
    struct gap gaps[64];
    size_t count = 0;
    if (n->life.state == NODE_JOINING)
        return 0;
    const size_t gaps_n = ledger_gap_list(n->ledger, gaps, ARRAY_LEN(gaps));
    for (size_t i = 0; i < gaps_n && count < cap; i++)
        count +=
            ledger_missing(n->ledger, (struct dot_range){gaps[i].epoch, gaps[i].lo, gaps[i].hi},
                           out + count, cap - count);
    return count;
}

/* Until when others leave the rest to s, which is being answered; 0 when it is not. */
static mono_us turn_ends_at(const struct node *n, const struct stream *s)
{
    struct swim_member peer;
    if (!s->used || !s->pulls || s->got_done || s->hangup || !s->up)
        return 0;
    const uint64_t srtt_us = swim_find(n->swim, s->peer, &peer) ? peer.srtt_us : 0;
    const uint64_t trips_us = STREAM_TURN_RTTS * srtt_us;
    return s->fed_at + (trips_us > STREAM_TURN_US ? trips_us : STREAM_TURN_US);
}

mono_us stream_turn_at(const struct node *n, const struct stream *s)
{
    mono_us at = 0;
    if (n->life.state == NODE_JOINING || ledger_gaps(n->ledger) == 0)
        return 0; /* it will ask for nothing */
    for (size_t i = 0; i < ARRAY_LEN(n->streams->at); i++)
        if (&n->streams->at[i] != s)
            at = time_max(at, turn_ends_at(n, &n->streams->at[i]));
    return at;
}

static bool may_pull(const struct node *n, mono_us now, const struct stream *s)
{
    return s->pull_due && stream_turn_at(n, s) <= now;
}

static bool say_pull(struct node *n, mono_us now, struct stream *s, struct node_out *out)
{
    struct dot_range ranges[STREAM_RANGES_MAX / 4];
    const size_t count = wanted(n, ranges, ARRAY_LEN(ranges));
    s->pull_due = false;
    s->pulls = count > 0;
    s->fed_at = now;
    return stream_seal(
        n, s, &(struct stream_msg){.type = STREAM_PULL, .ranges = ranges, .ranges_n = count}, out);
}

/* What we covered but no longer hold: the buckets that were touched since, in one frame. */
static bool say_touched(struct node *n, struct stream *s, struct node_out *out)
{
    struct peer_ranges ranges = {.n = 0};
    struct ledger_touched *touched = n->touched;
    if (s->gone.n == 0 || !heal_touched(n->heal, &s->gone, &ranges, touched))
        return false;
    const size_t len = touched->everything ? 0 : (size_t)1 << (touched->bucket_bits - 3);
    const struct stream_msg m = {.type = STREAM_TOUCHED,
                                 .ranges = ranges.at,
                                 .ranges_n = ranges.n,
                                 .everything = touched->everything,
                                 .tagged = touched->tagged,
                                 .bucket_bits = touched->bucket_bits,
                                 .bytes = slice_of(touched->bits, len)};
    return stream_seal(n, s, &m, out);
}

static bool say_gone(struct node *n, struct stream *s, struct node_out *out)
{
    if (say_touched(n, s, out))
        return true;

    const struct stream_msg m = {.type = STREAM_GONE, .ranges = s->gone.at, .ranges_n = s->gone.n};
    const bool any = s->gone.n > 0;
    if (any)
        stream_seal(n, s, &m, out);
    s->gone.n = 0;
    return any;
}

/* What is held goes out as DOTS; what is not is told once, as TOUCHED or GONE. One frame a call. */
static bool say_answer(struct node *n, struct stream *s, struct node_out *out)
{
    struct dots_writer w = dots_writer_of(n->opened, DOTS_A_FRAME);
    if (say_gone(n, s, out))
        return true;
    do /* a call may move on over what is not held and write nothing */
        s->answer_n = heal_answer_in_order(n->ledger, s->answer, s->answer_n, &w, &s->gone);
    while (s->answer_n > 0 && s->gone.n == 0 && dots_slice(&w).len == 0);
    if (dots_slice(&w).len == 0)
        return say_gone(n, s, out);
    return stream_seal(n, s, &(struct stream_msg){.type = STREAM_DOTS, .bytes = dots_slice(&w)},
                       out);
}

/* DONE comes after our own questions and after the answers to the other's. */
static bool say_done(struct node *n, struct stream *s, struct node_out *out)
{
    s->done_due = false;
    s->sent_done = true;
    return stream_seal(n, s, &(struct stream_msg){.type = STREAM_DONE}, out);
}

static bool say_want(struct node *n, struct stream *s, struct node_out *out)
{
    s->want_due = false;
    s->asked = true;
    return stream_seal(n, s, &(struct stream_msg){.type = STREAM_WANT, .cursor = s->cursor}, out);
}

static bool say_entries(struct node *n, mono_us now, struct stream *s, struct node_out *out)
{
    struct stream_msg m;
    warm_give(n, now, s->cursor, &m);
    s->entries_due = false;
    return stream_seal(n, s, &m, out);
}

bool stream_say(struct node *n, mono_us now, struct stream *s, struct node_out *out)
{
    if (s->hello_due)
        return say_hello(n, s, out);
    if (s->auth_due)
        return say_auth(n, s, out);
    if (s->digest_due)
        return say_digest(n, s, out);
    if (s->retired_due && say_retired(n, s, out))
        return true;
    if (s->heads_due)
        return say_heads(n, s, out);
    if (s->records_due)
        return say_records(n, s, out);
    if (may_pull(n, now, s))
        return say_pull(n, now, s, out);
    if ((s->answer_n > 0 || s->gone.n > 0) && say_answer(n, s, out))
        return true;
    if (s->want_due)
        return say_want(n, s, out);
    if (s->entries_due)
        return say_entries(n, now, s, out);
    const bool asked = s->purpose != STREAM_FOR_SYNC || s->got_heads;
    return s->done_due && asked && !s->pull_due && say_done(n, s, out);
}
