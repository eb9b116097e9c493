/**
 * wire/peer_args.h - the arguments of each type of message between nodes, as plain structs.
 *
 * A part of wire/peer.h, which says what is lent, and from whom. Nothing here encodes or decides
 * anything.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/dot.h"
#include "base/slice.h"

#define PEER_RANGES_MAX   32
#define PEER_RETIRED_LEN  20           /* bytes of one entry of `retired` */
#define PEER_RETIRED_MARK (1ULL << 63) /* in `last`: a mark, see heal/ring.h, and no origin */
#define PEER_SUMS_MAX     24           /* of one message */
#define PEER_SAMPLES_MAX  48
#define PEER_HEARD_MAX    32 /* origins in one SURVEYED, */
#define PEER_HEARD_LEN    24 /* and bytes of one of them */

/** What a PING's sender believes of its target (the buddy field of Lifeguard). */
struct peer_you {
    bool known;
    uint8_t state;
    uint64_t gen;
    uint32_t ver;
};

struct peer_ping { /* [challenge8 bin, to_name or nil, to_gen, you or nil, lhm] */
    uint64_t challenge;
    struct slice to_name; /* empty = nil: anybody at this address */
    uint64_t to_gen;
    struct peer_you you;
    uint8_t lhm;
};

struct peer_ack { /* [challenge8 bin, own challenge8 bin or nil, data_age_ms] */
    uint64_t challenge;
    bool has_own;
    uint64_t own;
    uint32_t data_age_ms; /* since the data plane's last heartbeat */
};

struct peer_ping_req { /* [challenge8 bin, name, gen, addr bin, port, budget_ms] */
    uint64_t challenge;
    struct slice name;
    uint64_t gen;
    struct addr addr;
    uint32_t budget_ms;
};

struct peer_reply { /* NACK [challenge8 bin, reason]; NOT_ME [challenge8 bin, name, gen] */
    uint64_t challenge;
    uint8_t reason;    /* NACK */
    struct slice name; /* NOT_ME: who is at this address */
    uint64_t gen;      /* NOT_ME */
};

struct peer_ranges { /* PULL, GONE: [[epoch, lo, hi]...] */
    struct dot_range at[PEER_RANGES_MAX];
    size_t n;
};

/** [groups bin (32 x u64) or nil, covers bin, ring_seen, retired_from, retired bin]; the last three
 *  may be missing: nothing was retired. */
struct peer_heads {
    struct slice groups; /* empty = nil */
    struct slice covers;
    uint32_t ring_seen;    /* newest of the reader's retired origins that the sender has seen */
    uint32_t retired_from; /* number, at the sender, of the first entry of retired; 0 = none */
    struct slice retired;  /* `number u32 | epoch u64 | last u64`, repeated, numbers rising */
};

#define PEER_PARTS_MAX 8 /* of one PROOF */

struct peer_poll { /* [challenge8 bin, window_ms] or [challenge8 bin, window_ms, narrow] */
    uint64_t challenge;
    uint32_t window_ms; /* D of the asker: 0 = not configured */
    bool narrow; /* longer answers did not come: it is to be told in the shortest datagrams */
};

/** How a node votes. A new run has forgotten what earlier runs acknowledged. */
enum peer_vote {
    VOTE_NONE = 0,    /* not yet: it counts for nothing */
    VOTE_REGULAR = 1, /* it has learned what enough voters know */
    VOTE_ANEW = 2     /* too few voters were left: whoever counts it raises a barrier first */
};

/** [challenge8 bin, vote, window_ms, partial, rest_hash, covers bin], and when it is told in more than one
 *  datagram, which differ in covers alone, [..., part, last_part]. */
struct peer_proof {
    uint64_t challenge;
    uint8_t vote;        /* enum peer_vote */
    uint32_t window_ms;  /* D of the answerer */
    bool partial;        /* it covered dots that covers cannot say: proves nothing */
    uint64_t rest_hash;  /* vector hash less the terms of the origins in covers */
    struct slice covers; /* of the origins that changed lately, */
    uint8_t part;        /* a part of them, counted from 0; at most last_part, */
    uint8_t last_part;   /* which is below PEER_PARTS_MAX; 0 = all of them are here */
};

struct peer_trace { /* [challenge8 bin, epoch, seq] */
    uint64_t challenge;
    uint64_t epoch;
    uint64_t seq;
};

/** What a node knows of one dot. */
enum peer_trace_state {
    TRACE_UNKNOWN = 0, /* never heard of */
    TRACE_MISSING = 1, /* heard of, not covered */
    TRACE_COVERED = 2, /* its times are not remembered any more */
    TRACE_APPLIED = 3, /* with its content: wait_us and age_us say when */
    TRACE_BARRED = 4   /* covered without content, by a barrier: age_us says when */
};

struct peer_traced { /* [challenge8 bin, state, wait_us, age_us] */
    uint64_t challenge;
    uint8_t state;    /* enum peer_trace_state */
    uint64_t wait_us; /* APPLIED: from first hearing of it to its effect, on the answerer's clock */
    uint64_t age_us;  /* APPLIED, BARRED: since its effect, on the answerer's clock */
};

struct peer_survey { /* [challenge8 bin, after, most] */
    uint64_t challenge;
    uint64_t after; /* tell of origins with higher epochs than this: 0 = from the first one */
    uint8_t most;   /* of so many at most; 1 to PEER_HEARD_MAX */
};

/** What a node has of one origin, the run of some process. */
struct peer_heard { /* `epoch u64 | heard u64 | covered u64` */
    uint64_t epoch;
    uint64_t heard;   /* the highest sequence that it has heard of, */
    uint64_t covered; /* and the one up to which it has covered all; at most heard */
};

/** [challenge8 bin, after, left, bin of peer_heard]: the origins behind after, epochs rising. */
struct peer_surveyed {
    uint64_t challenge;
    uint64_t after; /* as it was asked */
    uint32_t left;  /* origins behind the last one here: ask again */
    struct peer_heard at[PEER_HEARD_MAX];
    size_t n;
};

struct
    peer_sum { /* SUMS: bin of `epoch u64 | lo u64 | hi u64 | sum u64`, repeated; over lo + 1 to hi, lo < hi */
    uint64_t epoch, lo, hi, sum;
};

struct peer_sample { /* SAMPLE: bin of `key hash u64 | value hash u64`, repeated */
    uint64_t key_hash;
    uint64_t value_hash;
};

struct peer_sums {
    struct peer_sum at[PEER_SUMS_MAX];
    size_t n;
};

struct peer_samples {
    struct peer_sample at[PEER_SAMPLES_MAX];
    size_t n;
};
