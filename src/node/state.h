/**
 * node/state.h - the node as its files see it: the machines, the buffers, and what waits.
 *
 * Included by node/inside.h alone, and by tests. Never says who may change what: each part's file does.
 */
#pragma once

#include "base/rng.h"
#include "cache/claim.h"
#include "heal/heal.h"
#include "ledger/ledger.h"
#include "node/acks.h"
#include "node/active.h"
#include "node/after.h"
#include "node/hot.h"
#include "node/intent.h"
#include "node/node.h"
#include "node/notice.h"
#include "node/peer.h"
#include "node/proof.h"
#include "node/rotation.h"
#include "node/sample.h"
#include "node/survey.h"
#include "node/trace.h"
#include "node/view.h"
#include "node/votes.h"
#include "node/warm.h"
#include "seal/packet.h"
#include "seal/session.h"
#include "spread/spread.h"
#include "swim/swim.h"
#include "wire/dots.h"
#include "wire/peer.h"
#include "wire/stream.h"

#define NODE_SYNCED_MAX 64
#define NODE_POLLED_MAX 256
#define NODE_WAITS_MAX  4096
#define NODE_TRACED_MAX 1024

struct streams;

/** Dots of a long message that go out in pieces because the path is narrow. */
struct leftover {
    uint64_t to;
    uint8_t type;
    size_t at, n; /* dots said, dots in all */
    size_t len;   /* of bytes */
    uint8_t bytes[NODE_DATAGRAM_MAX];
};

/** A sync whose dots may still be missing. */
struct synced {
    uint64_t id;
    uint64_t epoch;
    enum peer_vote vote;
};

/** A question of another node that waits for its answer. */
struct polled {
    uint64_t from;
    uint8_t type; /* which of these it is */
    struct peer_poll poll;
    struct peer_trace trace;
    struct peer_survey survey;
};

/** An answer to a POLL that is being told, in one datagram or more. */
struct proving {
    uint64_t to;             /* 0 = none is */
    size_t part_len;         /* bytes of covers in each part but the last */
    struct peer_proof whole; /* all its covers, lent by proof; part is the next */
};

/** What is kept of a command while its level is waited for. */
struct pending {
    struct node_reply reply;
};

/** Where the node is in its life; see life.c. */
struct life {
    bool poisoned;       /* another process speaks with our epoch: this run must end */
    enum peer_vote vote; /* as we told everybody */
    mono_us sync_at;     /* not before: the next sync in order to vote */
    size_t sync_next;    /* with this member, modulo their number */
    struct synced synced[NODE_SYNCED_MAX];
    size_t synced_n;
    mono_us proof_wanted; /* mark of a reader that was seen last */
    mono_us turn_at;      /* the next tick that makes the horizon of a node alone rise */
    uint64_t self_heads;  /* of the ledger's counter, as looked at last */
    enum node_state state;
    bool refusing; /* draining: no new dots */
    mono_us started_at;
    mono_us resolve_at;      /* next look-up */
    mono_us drain_at;        /* when draining began */
    uint32_t lookups;        /* since the last time that somebody was alive */
    size_t named;            /* addresses in the last answer, our own excluded */
    bool listed;             /* our own was among them */
    uint64_t events_dropped; /* of swim, when links were last made to follow its members */
};

struct node {
    struct node_cfg cfg;
    uint8_t name[PEER_NAME_MAX];
    uint8_t cluster[PEER_NAME_MAX];
    struct rng rng;
    struct packet_ctx seal;
    struct rotation rotation; /* its ring is that of seal */
    struct ratchet ratchet;   /* of the keys of streams */
    uint64_t counter;         /* of sealed packets, process-wide */
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
    struct acks *acks;
    struct proof *proof;
    struct votes *votes;
    struct after *after;
    struct intents *intents;
    struct hot *hot;
    struct trace *trace;
    struct survey *survey;
    struct sample *sample;
    struct warm *warm;
    struct pending *pending; /* NODE_WAITS_MAX */
    uint32_t *pending_free;  /* indices of those not in use */
    size_t pending_free_n;
    struct polled *polled; /* NODE_POLLED_MAX */
    size_t polled_n;
    struct proving proving;
    struct node_traced *traced; /* NODE_TRACED_MAX: the reply being given */
    size_t traced_n;
    struct node_surveyed *surveyed; /* NODE_TRACED_MAX: the same */
    size_t surveyed_n;
    struct active active;
    uint32_t owing_cursor;
    struct leftover leftover;
    struct peer_msg *in;            /* the datagram being read */
    struct peer_msg *out;           /* the datagram being composed, when no machine lends one */
    uint8_t *opened;                /* body of a packet: STREAM_FRAME_MAX */
    uint8_t *body;                  /* body being composed: STREAM_FRAME_MAX */
    uint8_t *packet;                /* packet being sealed: STREAM_FRAME_MAX */
    uint8_t *dots;                  /* dots being piggybacked: NODE_DATAGRAM_MAX */
    struct ledger_touched *touched; /* the one being said or taken in */
    struct node_counters counters;
};
