/**
 * node/stream_seal.c - with what the frames of a stream are sealed.
 *
 * HELLO under the keyring, or plainly; all else under the keys that both HELLOs agreed on. So a share is
 * looked at only after its HELLO was found authentic, and strangers cost no agreement.
 */
#include <assert.h>
#include <string.h>

#include "node/stream.h"

_Static_assert(STREAM_SHARE_LEN == SESSION_SHARE_LEN, "HELLO has room for a share");

bool stream_seal(struct node *n, const struct stream *s, const struct stream_msg *m,
                 struct node_out *out)
{
    size_t len = 0;
    const enum err err = stream_encode(m, n->body, STREAM_BODY_MAX, &len);
    assert(err == OK);
    const struct packet_out what = {.class = PACKET_MEMBER,
                                    .channel = CHANNEL_TCP,
                                    .dest = s->peer,
                                    .counter = ++n->counter,
                                    .body = slice_of(n->body, len)};
    const bool by_ring = !s->session.on || m->type == STREAM_HELLO;
    const size_t sealed =
        by_ring ? packet_seal(&n->seal, &what, n->packet, STREAM_FRAME_MAX)
                : packet_seal_under(&n->seal, &s->session.send, &what, n->packet, STREAM_FRAME_MAX);
    out->kind = NODE_OUT_STREAM;
    out->conn = s->conn;
    out->bytes = slice_of(n->packet, sealed);
    n->counters.frames_out++;
    return true;
}

bool stream_unseal(struct node *n, const struct stream *s, struct slice bytes,
                   struct packet_in *out)
{
    enum err err = ERR_MALFORMED;
    if (bytes.len <= STREAM_FRAME_MAX)
        err = s->session.on ? packet_open_under(&n->seal, &s->session.take, bytes, n->opened, out)
                            : packet_open(&n->seal, CHANNEL_TCP, bytes, n->opened, out);
    if (err != OK)
        datagram_count(&n->counters, err);
    return err == OK;
}

static bool we_seal(const struct node *n)
{
    return mode_seals(packet_mode(&n->seal));
}

struct slice stream_share(struct node *n, struct stream *s)
{
    if (!we_seal(n))
        return slice_of(NULL, 0);
    if (!s->drawn) {
        session_draw(&n->ratchet, &s->pair);
        s->drawn = true;
        if (!s->inbound) /* who opens says HELLO now, under this key, whatever becomes of the ring */
            s->ring_key = n->seal.ring->keys[0].id;
    }
    return slice_of(s->pair.share, sizeof s->pair.share);
}

static struct session_end end_of(const uint8_t *share, const struct run *run, uint64_t challenge)
{
    struct session_end end = {.run = *run, .challenge = challenge};
    memcpy(end.share, share, sizeof end.share);
    return end;
}

bool stream_agree(struct node *n, struct stream *s, const struct packet_head *head,
                  const struct stream_hello *hello)
{
    const bool sealed = head->key_id != 0;
    if (sealed != (hello->share.len > 0))
        return false;
    if (!sealed || !we_seal(n))
        return true;
    if (!s->inbound && !s->drawn)
        return false; /* the opener speaks first */
    if (s->inbound)
        s->ring_key = head->key_id;
    const struct slice own = stream_share(n, s);
    const struct session_end us = end_of(own.at, &n->seal.run, s->challenge);
    const struct session_end them = end_of(hello->share.at, &head->run, hello->challenge);
    const struct session_terms terms = {.key = keyring_find(n->seal.ring, s->ring_key),
                                        .opener = s->inbound ? them : us,
                                        .other = s->inbound ? us : them,
                                        .we_opened = !s->inbound};
    /* The key may have left the ring since the opener said HELLO. */
    return terms.key != NULL && session_derive(&s->pair, &terms, &s->session) == OK;
}
