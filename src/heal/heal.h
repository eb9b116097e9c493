/**
 * heal/heal.h - catch up what was missed: compare, pull, and at the latest T_gap close by a barrier.
 *
 * Every packet of a proven peer carries its own head and the hash of its vector. An unknown head opens
 * a gap in the ledger; an unequal hash starts an exchange of group hashes and covers (HEADS), at most
 * once a second with a peer while both hashes stay as they were. A gap is pulled 5 ms after its
 * discovery, then every max(2 x srtt, 10 ms): first from the peer that showed the head, then from the
 * origin, then from two random peers in turn. Who has covered what is asked for, but no longer holds
 * it, answers over a stream with the buckets that were touched since. A gap that the origin and two
 * other holders, or all peers, no longer hold, or that is open for T_gap, is due for a barrier.
 *
 * Origins whose member is gone are retired once every peer has shown an equal vector since, or by force.
 * What a peer is told to have retired ends here at once, if nothing of it is missing. Each packet says
 * how many origins its sender retired, and up to which of them some do not count in its vector hash:
 * whoever has not heard of one of these asks, and raises a barrier (HEAL_BAR) when it is not told.
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
#include "base/spans.h"
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
    uint64_t retire_us;        /* 600 s: an origin that is gone so long, and equal everywhere, ends;
                                * 0 = none ever does */
    uint64_t retire_force_us;  /* 3,600 s: or so long, whatever the others say */
    uint32_t origins_pressure; /* from so many origins on 10 s stand for retire_us; 0 = never */
    uint64_t audit_us;         /* 10 s between two comparisons of running digests; 0 = none */
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
 * Look at the head, the vector hash and the numbers of retired and forgotten origins of a packet from
 * proven peer `id`, whose origin is epoch. Hears the head in the ledger; notes an unequal hash for an
 * exchange; plans a barrier when it forgot origins of which we may never have heard.
 *
 * Returns: OK, or ERR_FULL from ledger_hear: the caller raises its whole-cache barrier.
 */
MUST_USE enum err heal_header(struct heal *h, mono_us now, uint64_t id, uint64_t epoch,
                              const struct peer_msg *m);

/**
 * Look at a HEADS message: hears every cover and every retired origin in it, answers groups with covers
 * of the groups that differ, and with the retired origins past ring_seen.
 *
 * heads: with retired_from not 0, heal_header() of the same packet was called just before. With
 *        retired_from 0 (streams) what is retired and would count here is heard as well, and the rest,
 *        when it matters, is told again with its number.
 * Errors: ERR_MALFORMED (what stood before the fault was heard), ERR_FULL as above.
 */
MUST_USE enum err heal_heads(struct heal *h, mono_us now, uint64_t id,
                             const struct peer_heads *heads);

/**
 * What a joiner is told beside the ring of the ledger, as entries of it with PEER_RETIRED_MARK: up to which
 * number we do not count what we retired, and how far we know what others retired. *cursor begins at 0.
 * Returns: false when there is no more.
 */
bool heal_legacy(const struct heal *h, uint32_t *cursor, struct retired *out);

/**
 * Run `donor` told a joiner this, before what it knows of retired origins: only before READY. What was
 * taken over from another donor before is void, but for its mark.
 */
void heal_inherit(struct heal *h, mono_us now, uint64_t donor, const struct retired *mark);

/** This run is READY by a sync with run `donor`, 0 for none: what another donor told is void. */
void heal_inherited(struct heal *h, uint64_t donor);

/** Answer a PULL: dots that we hold will come out of heal_poll as DOTS, others as GONE. */
void heal_pull(struct heal *h, mono_us now, uint64_t id, const struct peer_ranges *ranges);

/** A peer no longer holds these ranges. Whether it answers by buckets is asked over a stream first. */
void heal_gone(struct heal *h, mono_us now, uint64_t id, const struct peer_ranges *ranges);

/** Plan due pulls and exchanges. Cheap when nothing is open. */
void heal_tick(struct heal *h, mono_us now);

/** When heal_tick() next has work; NEVER when all is equal and closed. */
mono_us heal_deadline(const struct heal *h);

enum heal_out_kind {
    HEAL_SEND,   /* send msg (PULL, HEADS, DOTS, GONE or SUMS: type, args, dots are set) to `to` */
    HEAL_STREAM, /* the range is long, or buckets may answer it: open a stream to `to` for a pull */
    HEAL_CLOSE, /* close [range] of range.epoch by a barrier now: ledger_close, then raise allbar */
    HEAL_BAR /* raise barrier and fill floor of the whole cache to a new index, or to `index` when it
                 * is not 0, and ledger_touch_all(), because of `reason` */
};

enum heal_reason {
    HEAL_T_GAP,     /* open for too long */
    HEAL_LOST,      /* nobody holds it any more */
    HEAL_FORGOTTEN, /* a peer forgot origins that we may never have heard of */
    HEAL_RETIRED,   /* an origin was retired with its gaps */
    HEAL_FORKED     /* a running digest differs: one name for two dots */
};

struct heal_out {
    enum heal_out_kind kind;
    uint64_t to;
    struct peer_msg *msg; /* HEAL_SEND: lent until the next call; header fields are the caller's */
    struct dot_range range;
    uint64_t index; /* HEAL_BAR: 0 = a new one */
    enum heal_reason reason;
};

/** Is a HEAL_BAR due that heal_poll() has yet to give, may an answer that is awaited ask for one, or is
 *  something missing of an origin that ended, which equal vectors need not show? Until that is settled,
 *  for T_gap at most, nothing may be certified. */
bool heal_bar_due(const struct heal *h);

/** Take the next output; false when none is due. */
bool heal_poll(struct heal *h, mono_us now, struct heal_out *out);

/**
 * The header fields that are ours: vector_hash, retired_n, forgotten_n. Thread as above.
 */
void heal_header_out(const struct heal *h, struct peer_msg *m);

/**
 * A SUMS message: compare; a difference becomes HEAL_BAR with HEAL_FORKED, at most one per origin and
 * minute, and none for sequences that stood before an earlier one.
 */
void heal_sums(struct heal *h, mono_us now, uint64_t id, const struct peer_sums *sums);

/**
 * Which of `gone` (what heal_answer() could not give) can be answered by touched buckets: moves those
 * that are covered here from gone to ranges; of a range that is covered in part its front. When more
 * than nine buckets in ten are touched, out->everything is set.
 *
 * ranges: overwritten. Returns: false, and nothing moved, when there is none. *out is then unspecified.
 * For streams: everything moved goes into one STREAM_TOUCHED.
 */
bool heal_touched(struct heal *h, struct peer_ranges *gone, struct peer_ranges *ranges,
                  struct ledger_touched *out);

/** A range was closed by touched buckets: counts as such. */
void heal_closed_touched(struct heal *h, uint64_t closed_n);

/** A dot of a DOTS answer was fresh here: counts as pulled. streamed: it came over a stream, and more of
 *  its origin is on its way there: datagrams ask for nothing of it until that pauses for 50 ms. */
void heal_pulled(struct heal *h, mono_us now, const struct dot *d, bool streamed);

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

/**
 * As heal_answer(), for who tells gone after each call and can close it (streams): stops also before a
 * dot that is so far behind something in gone that the asker would have no window to cover it in, and so
 * would have to ask for it again. gone is empty at the call.
 */
size_t heal_answer_in_order(const struct ledger *l, struct dot_range *ranges, size_t n,
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
    uint64_t broad_forgotten;
    uint64_t broad_retired;
    uint64_t broad_forked;
    uint64_t touched_served; /* ranges answered by buckets */
    uint64_t touched_closed; /* sequences closed by buckets */
    uint64_t retired;        /* origins, by consent of all peers */
    uint64_t retired_forced;
    uint64_t sums_compared;
    uint64_t
        rings_out;  /* retired origins of how many peers were put out of mind for want of room */
    uint64_t marks; /* made: we may lack what a run ceased to count, and tell others so */
    uint64_t marks_out; /* of these, forgotten for want of room */
    uint64_t overload;  /* questions dropped because the answer queue was full */
    uint64_t peers_full;
};

/** The counters, copied. */
struct heal_counters heal_counters(const struct heal *h);

/** How long it took, since start, from asking for what was missing until the first of it came. Copied. */
struct spans heal_waits(const struct heal *h);
