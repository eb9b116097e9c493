/**
 * heal/heal.h - catch up what was missed: compare, pull, and at the latest T_gap close by a barrier.
 *
 * Every packet of a proven peer carries its own head and the hash of its vector. An unknown head opens
 * a gap in the ledger; an unequal hash starts an exchange of group hashes and covers (HEADS), at most
 * once a second with a peer while both hashes stay as they were. A gap is pulled 5 ms after its
 * discovery, then every max(2 x srtt, 10 ms): first from the peer that showed the head, then from the
 * origin, then from two random peers in turn. A gap that the origin and two other holders, or all
 * peers, no longer hold, or that is open for T_gap, is due for a barrier.
 *
 * Never applies anything: it reads the ledger and says what to ask, answer, and close.
 * Thread: the control thread only. Source: anti-entropy, Demers et al. 1987; version vector exchange
 * and range pull, DottedDB (Goncalves et al. 2017).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/dot.h"
#include "base/err.h"
#include "base/time.h"
#include "ledger/ledger.h"
#include "wire/dots.h"
#include "wire/peer.h"

struct heal_cfg {
    uint64_t seed;
    uint32_t peers_max;
    uint32_t pulls_max;        /* gaps worked on at one time: 256; the rest wait their turn */
    uint64_t t_gap_us;         /* 2,000,000 */
    uint64_t pull_grace_us;    /* 5,000: reordering */
    uint64_t pull_min_us;      /* 10,000 between two pulls of one gap */
    uint64_t exchange_us;      /* 1,000,000 between two fruitless exchanges with one peer */
    uint32_t answer_datagrams; /* 4: a longer answer needs a stream */
};

struct heal;

/** Make a heal over a ledger, which it lends for life. NULL when the arena is too small. */
struct heal *heal_new(struct arena *arena, const struct heal_cfg *cfg, struct ledger *ledger);

/** A member can be asked from now on; epoch is its origin. Errors: ERR_FULL (it is never asked). */
MUST_USE enum err heal_peer_up(struct heal *h, uint64_t id, uint64_t epoch);

/** A member cannot be asked any more. */
void heal_peer_down(struct heal *h, uint64_t id);

/** Round trip of a member, smoothed, microseconds. */
void heal_rtt(struct heal *h, uint64_t id, uint64_t srtt_us);

/**
 * Look at the head and the vector hash of a packet from proven peer `id`, whose origin is epoch.
 * Hears the head in the ledger; notes an unequal hash for an exchange.
 *
 * Returns: OK, or ERR_FULL from ledger_hear: the caller raises its whole-cache barrier.
 */
MUST_USE enum err heal_header(struct heal *h, mono_us now, uint64_t id, uint64_t epoch,
                              const struct peer_msg *m);

/**
 * Look at a HEADS message: hears every cover in it, answers groups with covers of the groups that
 * differ. Errors: ERR_MALFORMED (what stood before the fault was heard), ERR_FULL as above.
 */
MUST_USE enum err heal_heads(struct heal *h, mono_us now, uint64_t id,
                             const struct peer_heads *heads);

/** Answer a PULL: dots that we hold will come out of heal_poll as DOTS, others as GONE. */
void heal_pull(struct heal *h, mono_us now, uint64_t id, const struct peer_ranges *ranges);

/** A peer no longer holds these ranges. */
void heal_gone(struct heal *h, mono_us now, uint64_t id, const struct peer_ranges *ranges);

/** Plan due pulls and exchanges. Cheap when nothing is open. */
void heal_tick(struct heal *h, mono_us now);

/** When heal_tick() next has work; NEVER when all is equal and closed. */
mono_us heal_deadline(const struct heal *h);

enum heal_out_kind {
    HEAL_SEND,   /* send msg (PULL, HEADS, DOTS or GONE: type, args and dots are set) to `to` */
    HEAL_STREAM, /* the answer or the range is long: open a stream to `to` for a pull */
    HEAL_CLOSE /* close [range] of range.epoch by a barrier now: ledger_close, then raise allbar */
};

enum heal_reason {
    HEAL_T_GAP, /* open for too long */
    HEAL_LOST   /* nobody holds it any more */
};

struct heal_out {
    enum heal_out_kind kind;
    uint64_t to;
    struct peer_msg *msg; /* HEAL_SEND: lent until the next call; header fields are the caller's */
    struct dot_range range;
    enum heal_reason reason;
};

/** Take the next output; false when none is due. */
bool heal_poll(struct heal *h, mono_us now, struct heal_out *out);

/** A dot of a DOTS answer was fresh here: counts as pulled. */
void heal_pulled(struct heal *h, const struct dot *d);

/**
 * Write as many of the ranges' dots as fit a dots bin, beginning at *ranges; what is not held is
 * collected in gone. For streams and datagrams alike.
 *
 * One call looks up 8,192 dots at most and stops when w or gone is full, so it may write nothing and
 * still have moved on. w holds at least 300 bytes when it is empty.
 *
 * Returns: ranges left over (advanced in place to where the next call goes on); 0 when all is said.
 */
size_t heal_answer(const struct ledger *l, struct dot_range *ranges, size_t n,
                   struct dots_writer *w, struct peer_ranges *gone);

/** Counters since start. */
struct heal_counters {
    uint64_t pulls;       /* PULL messages sent */
    uint64_t pulled;      /* dots that came by asking and were fresh */
    uint64_t served;      /* dots given to others */
    uint64_t gone;        /* sequences that we had to answer with GONE */
    uint64_t exchanges;   /* HEADS begun */
    uint64_t broad_t_gap; /* barriers by reason */
    uint64_t broad_lost;
    uint64_t overload; /* questions dropped because the answer queue was full */
    uint64_t peers_full;
};

/** The counters, copied. */
struct heal_counters heal_counters(const struct heal *h);
