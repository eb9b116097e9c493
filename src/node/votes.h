/**
 * node/votes.h - may this run vote? A run that began anew has forgotten what the run before it covered.
 *
 * With N expected names and m = N / 2 + 1, every set of N - m + 1 other names meets every majority
 * that held a dot, less the restarted voter itself. So after full syncs with so many names that vote,
 * this run knows what it must not have forgotten (VOTE_REGULAR). If too few names vote, it waits for
 * a full sync with all N - 1 others, and voting begins anew (VOTE_ANEW): dots may have died with their
 * last holders.
 *
 * When votes_mode() becomes VOTE_ANEW the caller, BEFORE anybody hears of the vote, issues one DOT_ALL
 * of its own. A barrier of its own cache alone is too little: say d was covered by a and b of a, b, c,
 * both restart, a' votes anew, and b' then learns from a' and c and is regular. c may count itself and
 * b', which asks nobody for a barrier, and certify the entry that d should have killed. The DOT_ALL of
 * a' is among what b' learned and shows, so c must cover it before b' counts.
 *
 * Never looks at membership: it is told. Thread: the control thread. Source: scrubjay's own.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "wire/peer.h"

#define VOTES_EXPECT_MAX 64  /* names */
#define VOTES_MEMBERS    128 /* others that are remembered; more are counted and not believed */

struct votes;

/** Make the votes of a fresh run; expect = N, at most VOTES_EXPECT_MAX, 0 = not configured: it never
 *  votes. N = 1 votes at once. NULL when the arena is too small. */
struct votes *votes_new(struct arena *arena, uint32_t expect);

/**
 * A full stream sync with run `epoch` of member id ended: this node has covered everything that the
 * member had covered when the sync began, dots that came out of order included.
 *
 * vote: how that run voted when the sync began. One that begins to vote later has to be synced with
 *       again: what it learned after the sync is what makes it a voter.
 * Errors: ERR_FULL (counted): too many names.
 */
MUST_USE enum err votes_synced(struct votes *v, uint64_t id, uint64_t epoch, enum peer_vote vote);

/** Run `epoch` is the present one of member id: a sync with another of its runs counts no longer. */
void votes_run(struct votes *v, uint64_t id, uint64_t epoch);

/** Member id is DEAD or LEFT: a sync with it counts no longer. A vote once given stays. */
void votes_gone(struct votes *v, uint64_t id);

/** How this run votes now. It rises from VOTE_NONE once and never changes again. */
enum peer_vote votes_mode(const struct votes *v);

/** Why not yet: syncs that count, for people. */
struct votes_view {
    enum peer_vote mode;
    uint32_t expect;
    uint32_t voters_n;   /* names that voted, synced with */
    uint32_t voters_min; /* N - m + 1: so many make this run regular */
    uint32_t synced_n;   /* names synced with; N - 1 of them begin anew */
    uint64_t full;       /* names that were not remembered */
};

/** Look at the votes. */
struct votes_view votes_view(const struct votes *v);
