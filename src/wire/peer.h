/**
 * wire/peer.h - the body of a datagram between nodes, as a plain struct and as bytes.
 *
 * One msgpack array, new fields only at its end:
 * `[type, gen, ver, view_hash, head, vector_hash, echo or nil, args, records, dots, covers,
 * retired_n, forgotten_n]`; the last two are left out when both are 0, and whoever pads such a body
 * appends a bin. Unknown trailing elements are skipped; an unknown type is ERR_VERSION. Nothing here
 * decides anything. The layouts with worked bytes are in proto/peer.md.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/dot.h"
#include "base/err.h"
#include "base/slice.h"
#include "wire/peer_args.h"

#define PEER_BODY_MAX    1144 /* bytes of a datagram's body that we send */
#define PEER_RECORDS_MAX 64
#define PEER_DEPTH_MAX   6
#define PEER_NODES_MAX   1024 /* holds all 64 records of 12 values, and 32 ranges */
#define PEER_NAME_MAX    63
#define PEER_META_MAX    256

enum peer_type {
    PEER_PING = 1,
    PEER_ACK = 2,
    PEER_PING_REQ = 3,
    PEER_NACK = 4,
    PEER_NOT_ME = 5,
    PEER_GOSSIP = 6,
    PEER_PULL = 7,
    PEER_GONE = 8,
    PEER_HEADS = 9,
    PEER_LEAVE = 10,
    PEER_DOTS = 11,    /* an answer to PULL: as GOSSIP, but the dots were asked for */
    PEER_POLL = 12,    /* what have you covered? for a certificate */
    PEER_PROOF = 13,   /* the answer */
    PEER_SUMS = 14,    /* running digests, to be compared */
    PEER_SAMPLE = 15,  /* hashes of a few entries, to be compared */
    PEER_TRACE = 16,   /* what became of this dot at your place? */
    PEER_TRACED = 17,  /* the answer */
    PEER_SURVEY = 18,  /* what have you heard and covered of every origin? */
    PEER_SURVEYED = 19 /* the answer */
};

#define PEER_KINDS PEER_SURVEYED /* how many there are */

/** Member states on the wire. CANDIDATE is never sent. */
enum peer_state {
    PEER_ALIVE = 1,
    PEER_SUSPECT = 2,
    PEER_DEAD = 3,
    PEER_LEFT = 4
};

/** Why a relay could not answer for its target. */
enum peer_nack {
    NACK_TIMEOUT = 1,
    NACK_UNREACHABLE = 2,
    NACK_UNKNOWN = 3,
    NACK_BUSY = 4
};

/** What is known of one member:
 *  `[name, gen, ver, state, addr bin4/16, port, caps, epoch, accuser or nil, meta_hash, meta or nil]`. */
struct peer_record {
    struct slice name; /* 1 to 63 bytes */
    uint64_t gen;      /* generation: wall-clock ms at the process's start */
    uint32_t ver;      /* raised by the subject alone */
    uint8_t state;     /* enum peer_state */
    struct addr addr;
    uint32_t caps;
    uint64_t epoch;       /* origin epoch of this generation */
    struct slice accuser; /* empty = nil; who said SUSPECT or DEAD */
    uint32_t meta_hash;
    struct slice meta; /* empty = nil */
};

/** One body. Slices are lent: on encoding by the caller, on decoding from the input bytes. */
struct peer_msg {
    uint8_t type;
    uint64_t gen;
    uint32_t ver;
    uint64_t view_hash;
    uint64_t head;        /* last own sequence that the sender covered */
    uint64_t vector_hash; /* of the sender's vector */
    bool has_echo;
    uint64_t echo; /* our challenge, come back */

    union {
        struct peer_ping ping;
        struct peer_ack ack;
        struct peer_ping_req ping_req;
        struct peer_reply reply; /* NACK, NOT_ME */
        struct peer_ranges ranges;
        struct peer_heads heads;
        struct peer_poll poll;
        struct peer_proof proof;
        struct peer_sums sums;
        struct peer_samples samples;
        struct peer_trace trace;
        struct peer_traced traced;
        struct peer_survey survey;
        struct peer_surveyed surveyed;
    } args; /* GOSSIP, DOTS, LEAVE: nil */
    struct peer_record records[PEER_RECORDS_MAX];
    size_t records_n;
    struct slice dots;    /* wire/dots.h; empty = nil */
    struct slice covers;  /* wire/dots.h; empty = nil */
    uint32_t retired_n;   /* origins that the sender ever retired */
    uint32_t forgotten_n; /* and of these, forgotten */
};

/** A decoder with the memory that msgpack-c needs, taken once. */
struct peer_codec;

/** Make a decoder; NULL when the arena is too small. (msgpack-c's zone is made here, at start.) */
struct peer_codec *peer_codec_new(struct arena *arena);

/** Release the zone that msgpack-c allocated. */
void peer_codec_free(struct peer_codec *c);

/**
 * Encode m into out.
 *
 * Errors: ERR_SPACE (more than cap bytes), and *len is unchanged. Asserts limits of m's own making.
 */
MUST_USE enum err peer_encode(const struct peer_msg *m, uint8_t *out, size_t cap, size_t *len);

/**
 * Make a body that peer_encode() wrote, of len bytes, at least so long: a PING is as long as what a stranger
 * is answered, so that nobody gains by asking in another's name. The padding is one more element, which
 * readers skip. A body that lacks less than the 3 bytes of its head stays as it is.
 *
 * body:    room for `least` bytes.
 * Returns: its new length.
 */
size_t peer_pad(uint8_t *body, size_t len, size_t least);

/**
 * Decode one body: scan first, then msgpack-c, then every field's type and range.
 *
 * bytes:   authenticated but still hostile.
 * Errors:  ERR_MALFORMED, ERR_LIMIT (depth, nodes, records, ranges, a name or meta too long),
 *          ERR_VERSION (unknown type); *out is then unspecified but holds no stray pointer use.
 * Lends:   slices of *out from bytes, until bytes go away.
 */
MUST_USE enum err peer_decode(struct peer_codec *c, struct slice bytes, struct peer_msg *out);

/** Upper bound of the bytes that r adds to a body. */
size_t peer_record_len(const struct peer_record *r);

/** Bytes that m takes with its present records, dots and covers. Errors as peer_encode, any size. */
size_t peer_msg_len(const struct peer_msg *m);
