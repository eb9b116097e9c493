/**
 * node/acks.h - who has covered a range of our own dots, and when a caller may be told so.
 *
 * A wait begins when its dots are allotted and ends when its level is reached, or with its deadline.
 * Votes count by name, never by run. Nothing is persisted, so a run that ended has forgotten what it
 * acknowledged: its covers count no longer, and covers that were collected one after another may be
 * of runs that never lived at the same moment. So `quorum` and `fenced` want one more thing: a round
 * trip, begun after the last of these covers came in, with each run that is counted. It proves that
 * there was one moment at which a majority held the dots; a voter that begins later learns them from
 * it (node/votes.h), and every certificate of later polls meets it (node/proof.h).
 *
 * Never looks at membership, ledger or votes itself: all of it is told. Thread: the control thread.
 * Source: leases waited for by writers, Gray and Cheriton (1989); quorums of processes that forget:
 * Michael, Ports, Sharma and Szekeres, "Recovering shared objects without stable storage" (2017).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/dot.h"
#include "base/err.h"
#include "base/slice.h"
#include "base/time.h"

#define ACKS_NAME_MAX 63
#define ACKS_RANGE    256              /* dots of one wait, at most */
#define ACKS_ROUND_US (20 * US_PER_MS) /* a round trip that did not come back is asked for again */
#define ACKS_GAP_US   US_PER_MS        /* least time between two round trips with one member */
#define ACKS_SLACK_US (5 * US_PER_MS)  /* added to every fence */
#define ACKS_DRIFT    1000             /* clocks run at most 1 part in so many fast or slow */

enum acks_level {
    ACKS_LOCAL,  /* covered here */
    ACKS_K,      /* covered by k others */
    ACKS_QUORUM, /* by a majority of the expected names that vote, ourselves included if we do */
    ACKS_ALL,    /* by all members that were there at the begin, but those that went since */
    ACKS_FENCED  /* by all expected names; or by a majority, and then a window has passed */
};

struct acks_cfg {
    uint64_t epoch;       /* our origin */
    struct slice name;    /* 1 to 63 bytes, lent for life */
    uint32_t expect;      /* N names at most run at once; 0 = nobody said: no QUORUM, no FENCED */
    uint32_t members_max; /* others at one time */
    uint32_t waits_max;   /* 4,096; each takes 3 bits for every member */
};

struct acks;

/** Make an empty table. NULL when the arena is too small. */
struct acks *acks_new(struct arena *arena, const struct acks_cfg *cfg);

/* ---- who is there ---- */

struct acks_member {
    uint64_t id;
    struct slice name; /* 1 to 63 bytes, copied */
    uint64_t epoch;    /* of its present run */
    bool votes;        /* its run votes; see node/votes.h */
};

/**
 * Member m is ALIVE or SUSPECT: call it when it appears, when its run changes, and when its vote
 * changes. A new run takes back what the run before covered: waits for ALL do not wait for it any
 * more and list it as missing, unless the new run covers the dots too.
 *
 * Errors: ERR_FULL (counted): no slot; its covers are then not counted, which only makes callers wait.
 */
MUST_USE enum err acks_member(struct acks *a, const struct acks_member *m);

/** Member id became DEAD or LEFT: waits for ALL list it as missing and wait no longer for it. */
void acks_gone(struct acks *a, uint64_t id);

/** Our own run votes, or not. At the begin it does not. */
void acks_vote(struct acks *a, bool votes);

/* ---- waiting ---- */

struct acks_wait {
    uint64_t ticket;
    uint64_t lo, hi; /* own sequences, at most ACKS_RANGE, covered here already */
    enum acks_level level;
    uint32_t k;         /* ACKS_K */
    uint64_t window_us; /* ACKS_FENCED: D, the longest `within` that the fence protects against */
    mono_us deadline;
};

/**
 * May a wait of this level begin now? Ask BEFORE the dots are allotted.
 *
 * Errors: ERR_CONFIG (QUORUM and FENCED without expect: NOT_CONFIGURED), ERR_LIMIT (the same, while
 * more names than expected are there: EXPECT_EXCEEDED), ERR_FULL (waits_max wait; counted).
 */
MUST_USE enum err acks_admit(struct acks *a, enum acks_level level);

/** Begin to wait, in the same call in which the dots were issued; acks_admit() said OK (asserted). */
void acks_begin(struct acks *a, mono_us now, const struct acks_wait *wait);

/**
 * Run `run` of member id said that it covers c of our origin. c was checked: nothing past our head.
 * Covers of other origins, of unknown members and of runs that are not the present one do not count.
 */
void acks_cover(struct acks *a, uint64_t id, uint64_t run, const struct cover *c);

/**
 * A round trip with run `run` of member id came back; it was sent at sent_at (the `now` of the turn
 * in which it was sent). Every answered POLL (proof_round()) and every acknowledged probe will do.
 */
void acks_round(struct acks *a, uint64_t id, uint64_t run, mono_us sent_at);

/** Take the next member with which a round trip is to be begun now (proof_ask()); false = none. */
bool acks_ask(struct acks *a, mono_us now, uint64_t *id);

/** What became of a wait. */
struct acks_done {
    uint64_t ticket;
    enum acks_level level;
    bool reached;
    const struct slice *applied; /* names that covered, ours first */
    size_t applied_n;
    const struct slice *missing; /* names of the begin that did not, those that went included */
    size_t missing_n;
};

/**
 * Take the next wait that ended; false when there is none. A FENCED wait of which a majority covered
 * before its deadline goes on to the end of its fence.
 * Lends the names until the next call on a.
 */
bool acks_poll(struct acks *a, mono_us now, struct acks_done *out);

/** When acks_poll() or acks_ask() next has something to say; NEVER when only a packet can tell. */
mono_us acks_deadline(const struct acks *a);

/** How long a fence lasts: D (1 + rho) / (1 - rho) rounded up, plus ACKS_SLACK_US. */
uint64_t acks_fence_us(uint64_t window_us);

/** Counters since start, and how many wait. */
struct acks_counters {
    uint64_t begun, reached, failed;
    uint64_t waits_full, members_full;
    uint64_t strangers; /* covers of unknown members or of other runs */
    uint64_t forgotten; /* acknowledgements taken back because their run ended */
    uint64_t rounds;    /* round trips asked for */
    uint32_t waiting;
};

/** The counters, copied. */
struct acks_counters acks_counters(const struct acks *a);
