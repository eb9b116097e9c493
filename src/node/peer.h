/**
 * node/peer.h - who has proven to be there: runs, replay windows, challenges, and what we owe.
 *
 * A node id may have one believed run and one fresh run that has yet to prove itself by echoing a
 * challenge of ours. A run that was replaced is refused (the last few are remembered) until it asks to
 * join anew and proves itself once more. A run seals all that it sends, or nothing, for life: what comes
 * plain in the name of a run that has sealed is forged, and so was what came plain before.
 * Never looks at members: ids come from sealed headers.
 * Source: scrubjay's own; the window is seal/window.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/time.h"
#include "node/path.h"
#include "seal/packet.h"
#include "seal/window.h"

#define PEER_RETIRED 4
#define PEER_RELAYED                                                                               \
    3 /* origins of one packet that are acknowledged to a relay; it repeats the rest */
#define PEER_CHALLENGE_US                                                                          \
    (10 * US_PER_SEC) /* an unanswered challenge is worth nothing after this */

#define PEER_COVER_US (US_PER_MS / 2) /* so that acknowledgements do not go before the effect */

#define PEER_LATE_US (20 * US_PER_MS) /* an origin whose relay was told already */

/** One run of a node and the counters it used. */
struct peer_run {
    bool used;
    bool proven;
    bool sealed; /* it seals what it sends, so nothing plain is its own */
    struct run run;
    struct window window;
};

/** What is known of one node id. */
struct peer {
    uint64_t id;     /* 0 = free */
    uint32_t next_i; /* chain of the index, from 1 */
    struct peer_run now;
    struct peer_run fresh;
    struct run retired[PEER_RETIRED];
    uint8_t retired_n; /* used places */
    uint8_t retired_i; /* the next one to overwrite */
    mono_us heard_at;
    mono_us proven_at; /* when the believed run was proven */
    bool owes_echo;    /* its challenge waits to be echoed */
    bool owes_cover;   /* it sent dots of its own: say what we covered */
    uint64_t echo;
    uint64_t relayed[PEER_RELAYED]; /* origins whose dots it passed on to us, to be covered too */
    uint8_t relayed_n;
    struct path path;
};

struct peers;

/** Make a table for peers_max ids. NULL when the arena is too small. */
struct peers *peers_new(struct arena *arena, uint32_t peers_max, uint64_t seed);

/** Find an id; NULL when it was never heard. Lends until peers_forget. */
struct peer *peers_find(struct peers *t, uint64_t id);

/** Find or make an id. When the table is full the unproven id silent for longest makes room; NULL
 *  when all are proven. */
struct peer *peers_get(struct peers *t, mono_us now, uint64_t id);

/** Forget an id: its recorded packets prove nothing, so only a new challenge brings it back. */
void peers_forget(struct peers *t, uint64_t id);

/**
 * Take in the header of an authentic packet: its run must not be retired, its counter not used.
 *
 * Errors: ERR_REPLAY, ERR_PLAIN (a run that seals did not say it), both with the state unchanged; ERR_FULL
 * (no room for the id). Sets *peer and *run.
 */
MUST_USE enum err peers_accept(struct peers *t, mono_us now, const struct packet_head *head,
                               struct peer **peer, struct peer_run **run);

/** Believe this run of p from now on, and of what it says only what is newer than all heard so far; an
 *  older believed run is retired. Returns: the run's place. */
struct peer_run *peers_prove(struct peer *p, mono_us now, struct peer_run *run);

/** A run at the other end of a stream echoed our challenge, which is of challenged_at. */
struct peer_proven {
    uint64_t id;
    struct run run;
    mono_us challenged_at;
    uint64_t counter; /* of the frame that echoed it; nothing older counts from now on */
    bool sealed;      /* was that frame? */
};

/** Believe such a run. Returns: false, and nothing changed, when it is a retired one, when another run
 *  was proven since it was challenged (bytes of a dead process may still be on their way), when the frame
 *  was plain and the run seals, or when there is no room. */
MUST_USE bool peers_prove_run(struct peers *t, mono_us now, const struct peer_proven *proven);

/** A challenge left for dest (0 = for whoever is at an address). */
void peers_challenged(struct peers *t, mono_us now, uint64_t dest, uint64_t challenge);

/** Does `challenge`, come back from sender, answer one of ours that is still fresh? */
bool peers_answers(const struct peers *t, mono_us now, uint64_t sender, uint64_t challenge);

/** The next peer that owes a packet, in turn from *cursor (0 to begin); NULL when none does, or none is
 *  due yet. */
struct peer *peers_owing(struct peers *t, mono_us now, uint32_t *cursor);

/** p owes an echo, which is due at once, or a cover, which may wait PEER_COVER_US for a packet that
 *  leaves anyway. Call these instead of setting the flags. */
void peers_owe_echo(struct peers *t, mono_us now, struct peer *p, uint64_t echo);
void peers_owe_cover(struct peers *t, mono_us now, struct peer *p); /**< as peers_owe_echo */

/** As peers_owe_cover(), when somebody else tells it sooner: may wait PEER_LATE_US. */
void peers_owe_late(struct peers *t, mono_us now, struct peer *p);

/** p passed on dots of another origin: it is owed a cover of that one, too. Returns: true when this is
 *  news since it was last paid. */
bool peers_owe_relayed(struct peers *t, mono_us now, struct peer *p, uint64_t epoch);

/** When the first packet that is owed is due; NEVER when none is. */
mono_us peers_owed_at(const struct peers *t);

/** What p owed goes out with this packet. */
void peers_paid(struct peers *t, struct peer *p);

/** Of what p owed only the echo does: a packet that carries no covers. */
void peers_echoed(struct peers *t, struct peer *p);
