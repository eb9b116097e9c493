/**
 * node/proof.h - certificates: for which moment does this node know everything that was fenced?
 *
 * A reader polls the other voters. A poll sent at t0 whose answer is covered here says: what this
 * voter had covered at t0 is covered here. The horizon is the newest moment for which a majority of
 * the N expected names (ourselves as "now", if we vote) says so. A read is certified for a bound w
 * when the horizon is not older than w on a clock that is read after the value was copied.
 *
 * Never sends, never applies, never reads a clock. Thread: the control thread only; it publishes
 * proof_horizon() for workers after the effects it stands for are done.
 * Source: majority intersection as in quorum systems (Gifford 1979); leases (Gray, Cheriton 1989);
 * the argument in full is at the head of node/proof.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/time.h"
#include "ledger/ledger.h"
#include "wire/peer.h"

#define PROOF_EXPECT_MAX 64 /* names; certificates for larger clusters are not built */
#define PROOF_COVERS_MAX 40 /* of one answer: what one long datagram holds, or some short ones */
#define PROOF_WANT_US    (10 * US_PER_SEC) /* polls go on for so long after the last bounded read */

struct proof_cfg {
    uint32_t expect;    /* N, at most PROOF_EXPECT_MAX; 0 = not configured: no horizon, ever */
    uint64_t window_us; /* D, whole milliseconds; polls go out each D/4 */
    uint64_t seed;      /* of challenges; packets are sealed, so they need no secrecy */
    bool always;        /* poll also when nobody reads with a bound */
};

struct proof;

/** Make a proof without members. NULL when the arena is too small. */
struct proof *proof_new(struct arena *arena, const struct proof_cfg *cfg);

/* ---- what the node tells ---- */

/** Member id runs as `epoch` (ALIVE or SUSPECT): poll it. A new run begins with no horizon. More than
 *  PROOF_EXPECT_MAX members are not polled. */
void proof_member(struct proof *p, mono_us now, uint64_t id, uint64_t epoch);

/** Member id is DEAD or LEFT. Unknown ids: nothing. */
void proof_gone(struct proof *p, uint64_t id);

/** How many distinct names are ALIVE or SUSPECT, ourselves included: more than N disables. */
void proof_names(struct proof *p, size_t names_n);

/** How our own run votes; VOTE_NONE at the begin. */
void proof_vote(struct proof *p, enum peer_vote vote);

/** Member id said in a HELLO, POLL or PROOF that its D is window_ms: another one than ours disables
 *  certificates (and must make the caller refuse `fenced`) while its run is there and says so. 0 is
 *  "not configured", which disturbs nobody: such a node never fences, votes or certifies. Returns: is this news? Then people should
 *  be told; it is counted. */
bool proof_window(struct proof *p, uint64_t id, uint32_t window_ms);

/** What we tell of our own D: 0 when it is not configured. */
uint32_t proof_own_window(const struct proof *p);

/** A member with another D than ours, and that; 0 = there is none. */
uint64_t proof_other_window(const struct proof *p, uint32_t *window_ms);

/* ---- asking ---- */

/** Somebody reads with a bound: poll for PROOF_WANT_US from now. */
void proof_want(struct proof *p, mono_us now);

/** Poll member id at once, whoever reads: acks_ask() wants a round trip. Unknown ids: nothing. */
void proof_ask(struct proof *p, mono_us now, uint64_t id);

/** One POLL to send in this very turn: `now` counts as the moment at which it was sent. */
struct proof_out {
    uint64_t to;
    struct peer_poll poll;
};

/** Take the next due POLL; false when there is none. */
bool proof_poll(struct proof *p, mono_us now, struct proof_out *out);

/** When proof_poll() next has something; NEVER when nobody wants it. */
mono_us proof_deadline(const struct proof *p);

/** The run of member id whose answers count; 0 = none. A PROOF of any other run is to be dropped: a
 *  POLL may have reached a run that began since. */
uint64_t proof_run(const struct proof *p, uint64_t id);

enum proof_verdict {
    PROOF_STRANGER, /* no poll of ours, or too late: nothing was learned */
    PROOF_NOTHING,  /* a round trip (see proof_round()), but it proves nothing; asked again soon */
    PROOF_BAR,      /* the run votes anew: raise a barrier, then call proof_barred() */
    PROOF_PENDING,  /* counts as soon as proof_check() finds it covered */
    PROOF_COUNTED   /* the horizon may have risen */
};

/**
 * Take in the PROOF that the present run of member id, proof_run(), sent. One of several parts is kept
 * until all have come, in any order, or an answer to a newer POLL begins; parts that do not belong together
 * are dropped, all of them.
 *
 * After PROOF_BAR the caller raises the whole-cache barrier and floor to a new ledger_advance(), in
 * every shard, and then calls proof_barred(): dots may have died with the runs before that one, and
 * with them the only knowledge that entries here are old.
 */
enum proof_verdict proof_recv(struct proof *p, mono_us now, uint64_t id,
                              const struct peer_proof *proof, const struct ledger *l);

/** The barrier for this run of member id was raised: what it shows may count. */
void proof_barred(struct proof *p, mono_us now, uint64_t id, uint64_t epoch,
                  const struct ledger *l);

/** Dots were covered: look whether answers that waited for them count now. Cheap when none waits. */
void proof_check(struct proof *p, mono_us now, const struct ledger *l);

/** When the newest answered POLL of member id was sent: for acks_round(); 0 = none of its present run. */
mono_us proof_round(const struct proof *p, uint64_t id);

/** The moment for which this node knows everything that was fenced before; 0 = none. */
mono_us proof_horizon(const struct proof *p, mono_us now);

/** Why there is no certificate. */
enum proof_state {
    PROOF_OK,       /* there may be one; compare the horizon */
    PROOF_UNSET,    /* expect is not configured */
    PROOF_EXCEEDED, /* more than N names are there */
    PROOF_WINDOWS   /* a member has another D */
};

/** The state, for people and for refusals. */
enum proof_state proof_state(const struct proof *p);

/* ---- answering ---- */

/** Origin `epoch`, our own included, changed what is covered of it here: later answers list it. */
void proof_changed(struct proof *p, mono_us now, uint64_t epoch);

/** Answer a POLL, in one part. out->covers is lent until the next such call on p. Call proof_window()
 *  beside it. */
void proof_answer(struct proof *p, mono_us now, const struct ledger *l,
                  const struct peer_poll *poll, struct peer_proof *out);

/** Counters since start. */
struct proof_counters {
    uint64_t polls, answers;
    uint64_t strangers;     /* answers to no poll of ours, or too late */
    uint64_t counted;       /* answers that moved a horizon */
    uint64_t none;          /* the voter does not vote yet */
    uint64_t partial;       /* the voter covered what it could not show */
    uint64_t differing;     /* the rests did not match */
    uint64_t windows;       /* another D */
    uint64_t windows_found; /* runs that said so for the first time, or another one than before */
    uint64_t anew;          /* barriers asked for */
    uint64_t expired;       /* waited for dots until they were worth nothing, or were overtaken */
    uint64_t malformed;     /* covers that cannot be, or parts that do not fit each other */
    uint64_t members_full;
};

/** The counters, copied. */
struct proof_counters proof_counters(const struct proof *p);
