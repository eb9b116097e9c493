/**
 * swim/swim.h - who is there: SWIM membership with Lifeguard, keyed by name and generation.
 *
 * The key of a member is its name; its address is an attribute. Incarnation = (generation, version):
 * generation is set once per process run, version is raised by the subject alone. Higher generation
 * wins at once, whatever the address; then version; then state rank ALIVE < SUSPECT < DEAD < LEFT.
 *
 * The machine sees decoded messages and says what to send; sealing, proof of freshness and streams
 * belong to `node`. It never asks for time, never resolves names, never exits.
 * Thread: the control thread only.
 * Source: SWIM (Das, Gupta, Motivala 2002); Lifeguard (Dadgar, Phillips, Currey, arXiv 1707.00788).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/spans.h"
#include "base/time.h"
#include "swim/counters.h"
#include "swim/meta.h"
#include "swim/times.h"
#include "wire/peer.h"
#include "wire/stream.h"

struct swim_cfg {
    struct slice cluster; /* copied as needed: at most 63 bytes */
    struct slice name;    /* 1 to 63 bytes, copied */
    struct hkey hkey;
    struct addr addr;    /* advertised */
    uint64_t generation; /* wall-clock ms at start */
    uint64_t epoch;      /* of this run */
    uint32_t caps;
    struct swim_meta meta;
    uint64_t seed;
    uint32_t members_max;    /* 1,024, self included */
    uint32_t tombstones_max; /* 4,096 */
    struct swim_times times;
};

struct swim;

/** Make a membership of one: ourselves, ALIVE. NULL when the arena is too small. */
struct swim *swim_new(struct arena *arena, const struct swim_cfg *cfg, mono_us now);

/** Where a message came from, as far as `node` could establish it. */
struct swim_from {
    uint64_t id;      /* node id from the sealed header */
    uint64_t epoch;   /* origin epoch of the sender's run */
    struct addr addr; /* source address */
    bool proven;      /* the run echoed a challenge of ours */
    bool join;        /* packet class join */
};

/**
 * Take in one message: PING, ACK, PING_REQ, NACK, NOT_ME, LEAVE and the records of any type.
 *
 * From an unproven run only PING (answered with an ACK without records) and an ACK that answers a
 * challenge of ours count, without their records; of a join PING the single own record is read. m is
 * lent for the call. Nothing here is an error: what is not believed is counted.
 */
void swim_recv(struct swim *s, mono_us now, const struct swim_from *from, const struct peer_msg *m);

/** Addresses from DNS or static seeds: contacts at most three that are no member's, at random. */
void swim_seed(struct swim *s, mono_us now, const struct addr *addrs, size_t n);

/** A hint, never a verdict: a datagram or connection to addr was refused. Probes its owner now. */
void swim_unreachable(struct swim *s, mono_us now, const struct addr *addr);

/** The result of a SWIM_TCP_PING: true when the named member said HELLO. */
void swim_tcp_result(struct swim *s, mono_us now, uint64_t challenge, bool alive);

/** Merge member records that a synced, authenticated stream brought. Copies. */
void swim_merge(struct swim *s, mono_us now, const struct peer_record *records, size_t n);

/** A full sync with `id` ended; ok = it reached DONE. */
void swim_synced(struct swim *s, mono_us now, uint64_t id, bool ok);

/** An address that leads to ourselves (a join PING came back from it): never contacted again, and no
 *  rival of our name is sought there. At most 8 are kept. */
void swim_own_address(struct swim *s, const struct addr *addr);

/** Change our capabilities: version + 1, told to everyone as an UPDATE. Nothing when they are equal. */
void swim_set_caps(struct swim *s, mono_us now, uint32_t caps);

/** Change our metadata, as swim_set_caps(). */
void swim_set_meta(struct swim *s, mono_us now, const struct swim_meta *meta);

/** The data plane lives: carried as age in ACKs. */
void swim_heartbeat(struct swim *s, mono_us now);

/**
 * Say LEFT to everyone; probing stops, PINGs are answered to the end. Idempotent.
 *
 * LEAVE bears the raised version in its header. Who hears it from our proven run answers with an ACK
 * whose challenge is our generation; until then it is told again every max(2 x srtt, 50 ms).
 */
void swim_leave(struct swim *s, mono_us now);

/** Was LEAVE answered by enough members, or did its time run out, or is nobody there? */
bool swim_left(const struct swim *s, mono_us now);

/** Do what is due. A tick later than planned by 100 ms is a stall: open deadlines move by it. */
void swim_tick(struct swim *s, mono_us now);

/** When swim_tick() next has work. Never NEVER: there is always a next period. */
mono_us swim_deadline(const struct swim *s);

enum swim_out_kind {
    SWIM_SEND,     /* send msg to addr; id 0 = unknown node at that address (a join PING) */
    SWIM_TCP_PING, /* open a stream for ping to addr, expecting node id; then swim_tcp_result() */
    SWIM_SYNC,     /* open a stream for a full sync with addr/id; then swim_synced() */
    SWIM_EVENT     /* something happened to a member */
};

enum swim_event_kind {
    SWIM_JOIN,
    SWIM_REPLACED,
    SWIM_UPDATE,
    SWIM_SUSPECTED,
    SWIM_ALIVE_AGAIN,
    SWIM_LEAVE,
    SWIM_FAIL,
    SWIM_FORGOTTEN,
    SWIM_CONFLICT,
    SWIM_CONFLICT_OVER,
    SWIM_ISOLATED,
    SWIM_CONNECTED
};

/** What is known of one member, as plain values. Names are lent until the next call on s. */
enum swim_state {
    SWIM_CANDIDATE = 0, /* local only */
    SWIM_ALIVE = PEER_ALIVE,
    SWIM_SUSPECT = PEER_SUSPECT,
    SWIM_DEAD = PEER_DEAD,
    SWIM_LEFT = PEER_LEFT
};

/** Does who is in this state count as there: ALIVE, or under suspicion only? */
bool swim_lives(enum swim_state state);

struct swim_member {
    uint64_t id;
    struct slice name;
    struct addr addr;
    enum swim_state state;
    uint64_t generation;
    uint32_t version;
    uint64_t epoch;
    uint32_t caps;
    struct swim_meta meta;
    uint64_t srtt_us;    /* 0 = not measured */
    mono_us last_ack_at; /* 0 = never */
    mono_us state_since;
    uint32_t accusers_n;  /* while SUSPECT */
    struct slice accuser; /* the first; empty when none */
    uint64_t view_hash;   /* as the member last told; 0 = not told */
    uint32_t data_age_ms; /* of its data plane, as last told */
    bool self;
};

struct swim_out {
    enum swim_out_kind kind;
    uint64_t id;        /* SEND, TCP_PING, SYNC */
    struct addr addr;   /* SEND, TCP_PING, SYNC */
    bool join;          /* SEND: class join, destination 0, body padded to SWIM_JOIN_LEN */
    bool may_carry;     /* SEND: dots, covers and rumours may be added (never to an unproven run) */
    uint64_t challenge; /* SEND: challenge in msg, if any; TCP_PING: to be handed back */
    struct peer_msg *msg;       /* SEND: lent until the next call; type, args and records are set */
    enum swim_event_kind event; /* EVENT */
    struct swim_member member;  /* EVENT: after the change */
    struct swim_member before;  /* EVENT: before it (state, generation, addr, epoch) */
};

/** Length of the sealed body of a join PING. */
#define SWIM_JOIN_LEN 400

/** Take the next output; false when there is none. */
bool swim_poll(struct swim *s, mono_us now, struct swim_out *out);

/**
 * Add rumours to m, a packet for member id that leaves anyway, as long as its length stays within
 * room bytes. Decrements only what was added. Fill order: refutations, SUSPECT/DEAD, ALIVE, then a
 * random slice of the table while the peer's view hash differs from ours.
 */
void swim_piggyback(struct swim *s, uint64_t id, struct peer_msg *m, size_t room);

/** Write the header fields that are ours: gen, ver, view_hash. */
void swim_header(const struct swim *s, struct peer_msg *m);

/** Our own record, lent until the next call. */
struct peer_record swim_own_record(const struct swim *s);

/** Hash of the view: XOR of SipHash(hkey, name || gen || ver) over ALIVE and SUSPECT, self included. */
uint64_t swim_view_hash(const struct swim *s);

/** Members and tombstones listed (self included), and the i-th of them; order is order of arrival. */
size_t swim_members(const struct swim *s);
struct swim_member swim_member_at(const struct swim *s, size_t i); /**< i < swim_members() */

/** Look a member up by node id or by name; false when it is not known (candidates are not). */
bool swim_find(const struct swim *s, uint64_t id, struct swim_member *out);
bool swim_find_name(const struct swim *s, struct slice name,
                    struct swim_member *out); /**< as swim_find */

/** Number of members ALIVE or SUSPECT, self included. */
size_t swim_alive(const struct swim *s);

/** Is a second live process using our name, and are we the older one that must stop answering? */
bool swim_muted(const struct swim *s);

/** Have more than half of the latest probes of distinct members (at least 2) failed? */
bool swim_isolated(const struct swim *s);

/** How long a suspicion lasts at most among those who are alive now, while this node is well. */
uint64_t swim_suspicion_max_us(const struct swim *s);

/** Local health multiplier, 0 (well) to 8. */
uint8_t swim_lhm(const struct swim *s);

/** Fill the 256 bucket hashes of the member table: XOR of record hashes by name hash mod 256. */
void swim_digest(const struct swim *s, uint64_t buckets[STREAM_BUCKETS]);

/** How far member id `to` was told our records; at = 0 to begin, and again when all were told. */
struct swim_telling {
    uint64_t to;
    size_t at;
};

/** The records of buckets set in the bitmap (32 bytes) for telling->to; at most cap, from telling->at on,
 *  which moves. Returns: how many. Lends until the next call. */
size_t swim_records(const struct swim *s, const uint8_t bitmap[STREAM_BUCKETS / 8],
                    struct peer_record *out, size_t cap, struct swim_telling *telling);

/** The counters, copied. */
struct swim_counters swim_counters(const struct swim *s);

/** Round trips of direct probes since start, copied. */
struct spans swim_round_trips(const struct swim *s);
