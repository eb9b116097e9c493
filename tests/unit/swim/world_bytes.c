#include <assert.h>

#include "wire/dots.h"

#include "world_inside.h"

/* A swim machine does not see what its owner adds, and this program may not include it. These are the
 * lengths of src/seal/packet.h, src/node/compose.c and src/node/sample.h, and a head and a vector hash
 * as a cluster has them that was in use. */
#define PACKET_OVERHEAD 56
#define WIRE_VERSION    1
#define PING_MEMBER     88
#define PING_OTHER      144
#define HEAD_USED       1000000
#define HASH_ANY        0xA5A5A5A5A5A5A5A5ULL
#define STREAM_LEN      4 /* before each frame */
#define SAMPLE_SHOWN    20

static uint64_t body_len(const struct world *w, const struct swim_out *out, struct peer_msg *m)
{
    m->vector_hash = HASH_ANY;
    m->head = w->issued ? HEAD_USED : 0;
    uint64_t len = peer_msg_len(m);
    if (w->issued && out->may_carry)
        len += 1 + COVER_LEN; /* a bin where nil was */
    return len;
}

static uint64_t padded(const struct swim_out *out, uint64_t len)
{
    uint64_t least = 0;
    if (out->join)
        least = SWIM_JOIN_LEN;
    else if (out->msg->type == PEER_PING)
        least = out->may_carry ? PING_MEMBER : PING_OTHER;
    return len + 3 >= least ? len : least;
}

void count_datagram(struct world *w, const struct swim_out *out)
{
    static struct peer_msg whole;
    whole = *out->msg;
    w->traffic.datagrams++;
    w->traffic.gossips += out->msg->type == PEER_GOSSIP;
    w->traffic.datagram_bytes += PACKET_OVERHEAD + padded(out, body_len(w, out, &whole));
}

/* ---- a full sync ---- */

static uint64_t frame_len(const struct stream_msg *m)
{
    static uint8_t bytes[STREAM_BODY_MAX];
    size_t len = 0;
    const enum err err = stream_encode(m, bytes, sizeof bytes, &len);
    assert(err == OK);
    return STREAM_LEN + PACKET_OVERHEAD + len;
}

/* In the order of src/node/stream.c. All have covered the same: each is told its own cover and the other's,
 * once there are any. */
static uint64_t sync_len(const struct world *w, uint32_t i)
{
    static const uint8_t zeros[8 * STREAM_BUCKETS];
    const uint32_t origins = w->issued ? 2 : 1;
    const struct stream_msg said[] = {
        {.type = STREAM_HELLO,
         .hello = {.wire_min = WIRE_VERSION,
                   .wire_max = WIRE_VERSION,
                   .record = swim_own_record(w->node[i].s),
                   .view_hash = HASH_ANY,
                   .vector_hash = HASH_ANY,
                   .challenge = HASH_ANY,
                   .purpose = STREAM_FOR_SYNC}},
        {.type = STREAM_AUTH, .echo = HASH_ANY},
        {.type = STREAM_DIGEST, .bytes = slice_of(zeros, sizeof zeros)},
        {.type = STREAM_HEADS, .bytes = slice_of(zeros, (size_t)COVER_LEN * origins)},
        {.type = STREAM_PULL},
        {.type = STREAM_DONE}};
    uint64_t len = 0;
    for (size_t k = 0; k < sizeof said / sizeof *said; k++)
        len += frame_len(&said[k]);
    return len;
}

void count_sync(struct world *w, uint32_t i)
{
    w->traffic.streams++;
    w->traffic.stream_bytes += 2 * sync_len(w, i);
}

/* ---- the rest ---- */

static uint64_t datagram_of(const struct world *w, const struct peer_msg *m)
{
    static struct peer_msg whole;
    whole = *m;
    return PACKET_OVERHEAD + body_len(w, &(struct swim_out){.may_carry = true}, &whole);
}

static uint64_t sums_len(const struct world *w)
{
    static struct peer_msg m;
    m = (struct peer_msg){.type = PEER_SUMS, .gen = WORLD_WALL_MS, .view_hash = HASH_ANY};
    struct peer_sums *sums = &m.args.sums;
    for (sums->n = 0; sums->n < PEER_SUMS_MAX && sums->n < w->cfg.nodes; sums->n++)
        sums->at[sums->n] = (struct peer_sum){HASH_ANY, HEAD_USED, HEAD_USED + 1, HASH_ANY};
    return datagram_of(w, &m);
}

static uint64_t samples_len(const struct world *w)
{
    static struct peer_msg m;
    m = (struct peer_msg){.type = PEER_SAMPLE, .gen = WORLD_WALL_MS, .view_hash = HASH_ANY};
    struct peer_samples *samples = &m.args.samples;
    for (samples->n = 0; samples->n < SAMPLE_SHOWN; samples->n++)
        samples->at[samples->n] = (struct peer_sample){HASH_ANY, HASH_ANY};
    return datagram_of(w, &m);
}

uint64_t world_minute_bytes(const struct world *w)
{
    if (!w->issued)
        return 0;
    return 6 * sums_len(w) + 4 * samples_len(w); /* every 10 s; twice every 30 s */
}

void world_issued(struct world *w)
{
    w->issued = true;
}

struct world_traffic world_traffic(const struct world *w)
{
    return w->traffic;
}
