/** node/inside.h - what the files of this folder share; nobody else includes it. */
#pragma once

#include "base/rng.h"
#include "heal/heal.h"
#include "ledger/ledger.h"
#include "node/node.h"
#include "node/notice.h"
#include "node/peer.h"
#include "node/view.h"
#include "seal/packet.h"
#include "spread/spread.h"
#include "swim/swim.h"
#include "wire/dots.h"
#include "wire/peer.h"
#include "wire/stream.h"

struct streams;

/** Dots of a long message that go out in pieces because the path is narrow. */
struct leftover {
    uint64_t to;
    uint8_t type;
    size_t at, n; /* dots said, dots in all */
    size_t len;   /* of bytes */
    uint8_t bytes[NODE_DATAGRAM_MAX];
};

/** Where the node is in its life; see life.c. */
struct life {
    enum node_state state;
    bool left_told; /* NODE_OUT_LEFT was given */
    bool refusing;  /* draining: no new dots */
    bool resolve_due;
    mono_us started_at;
    mono_us resolve_at;      /* next look-up */
    mono_us drain_at;        /* when draining began */
    uint32_t lookups;        /* since the last time that somebody was alive */
    size_t named;            /* addresses in the last answer, our own excluded */
    uint64_t events_dropped; /* of swim, when links were last made to follow its members */
};

struct node {
    struct node_cfg cfg;
    uint8_t name[PEER_NAME_MAX];
    uint8_t cluster[PEER_NAME_MAX];
    struct rng rng;
    struct packet_ctx seal;
    uint64_t counter; /* of sealed packets, process-wide */
    struct cache *cache;
    struct ledger *ledger;
    struct swim *swim;
    struct spread *spread;
    struct heal *heal;
    struct peers *peers;
    struct streams *streams;
    struct notices *notices;
    struct peer_codec *codec;
    struct stream_codec *stream_codec;
    struct life life;
    uint32_t owing_cursor;
    struct leftover leftover;
    struct peer_msg *in;  /* the datagram being read */
    struct peer_msg *out; /* the datagram being composed, when no machine lends one */
    uint8_t *opened;      /* body of a packet: STREAM_FRAME_MAX */
    uint8_t *body;        /* body being composed: STREAM_FRAME_MAX */
    uint8_t *packet;      /* packet being sealed: STREAM_FRAME_MAX */
    uint8_t *dots;        /* dots being piggybacked: NODE_DATAGRAM_MAX */
    struct node_counters counters;
};

/* ---- datagram.c, compose.c ---- */

/** Take in one datagram. */
void datagram_recv(struct node *n, mono_us now, const struct addr *from, struct slice bytes);

/** Count a packet that did not open. */
void datagram_count(struct node_counters *c, enum err err);

/** Where a message goes, and what may travel with it. */
struct datagram_to {
    uint64_t id; /* 0 with join */
    struct addr addr;
    bool join;
    bool may_carry;
};

/** Complete m with our header and what may travel along, seal it, and point *out at it. */
void datagram_send(struct node *n, mono_us now, const struct datagram_to *to, struct peer_msg *m,
                   struct node_out *out);

/** Build the next due datagram, if any. */
bool datagram_poll(struct node *n, mono_us now, struct node_out *out);

/** A datagram to addr did not fit its path: step down. */
void datagram_too_big(struct node *n, mono_us now, const struct addr *addr);

/* ---- apply.c ---- */

/** Apply every dot of a bin; asked: they answer a pull. Returns: true when any was of epoch `of`. */
bool apply_dots(struct node *n, mono_us now, struct slice dots, bool asked, uint64_t of);

/** Issue the dots of a command and note its reply. */
void apply_command(struct node *n, mono_us now, const struct node_command *command);

/** Raise the whole-cache barrier to index, tell subscribers. */
void apply_bar(struct node *n, uint64_t index);

/** Hear covers that a proven peer of origin `speaker` sent: acknowledgements and heads. */
void apply_covers(struct node *n, mono_us now, uint64_t id, struct slice covers);

/** Look at what ledger_hear() said: a full table of origins makes everything suspect. */
void apply_heard(struct node *n, enum err heard);

/* ---- stream.c ---- */

/** Make the table of streams. NULL when the arena is too small. */
struct streams *streams_new(struct arena *arena);

/** Open a stream for what swim asked for; it is told when there is no slot, as of any other failure. */
void stream_open(struct node *n, mono_us now, const struct swim_out *why, uint8_t purpose);

/** Open a stream to pull everything that is missing here from member id. */
void stream_open_pull(struct node *n, mono_us now, uint64_t id);

/** conn is connected; a new one of a peer takes a slot, or is hung up. */
void stream_up(struct node *n, mono_us now, uint32_t conn, const struct addr *from);

/** Take in one frame; whatever is not in order closes the stream. */
void stream_recv(struct node *n, mono_us now, uint32_t conn, struct slice bytes);

/** conn is gone: free its slot, tell who asked for it. */
void stream_down(struct node *n, mono_us now, uint32_t conn);

/** Hang up on streams that say nothing. */
void stream_tick(struct node *n, mono_us now);

/** Build the next connection attempt, frame or hang-up that is due, if any. */
bool stream_poll(struct node *n, mono_us now, struct node_out *out);

/** When stream_tick() next has work; NEVER without streams. */
mono_us stream_deadline(const struct node *n);

/* ---- life.c ---- */

/** Begin in JOINING; without seeds READY at once. */
void life_begin(struct node *n, mono_us now);

/** Take in an answer of DNS: contact whom it names, plan the next look-up. */
void life_names(struct node *n, mono_us now, const struct node_in *in);

/** A stream reached its end; after the first sync a joiner adopts what it heard of. */
void life_synced(struct node *n, bool sync);

/** Drain, then leave; asked twice: at once. */
void life_leave(struct node *n, mono_us now);

/** Do what is due: be ready alone, drain on, look seeds up. */
void life_tick(struct node *n, mono_us now);

/** When life_tick() next has work. */
mono_us life_deadline(const struct node *n);

/** Tell the siblings what happened to a member. */
void life_event(struct node *n, mono_us now, const struct swim_out *event);
