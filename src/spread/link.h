/**
 * spread/link.h - what one member has been sent of one fan's dots, and what it said it covered.
 *
 * Dots sent at about the same time form a flight; a flight has one timer and one count of tries, so a
 * link needs little memory however many dots are on the way. A flight may also be of dots that were
 * not sent: a relay should bring them, and the timer says for how long that is believed. Never writes
 * a datagram: it says which dots are due, and is told what was sent.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/dot.h"
#include "base/time.h"

#define FLIGHTS_MAX 8
#define HOT_WINDOW  64 /* newest dots whose extra sends are counted per link */

/** The times that all links share. */
struct link_times {
    uint64_t flush_us;
    uint64_t rto_min_us;
    uint64_t behind_us;
    uint64_t patience_us; /* at least: how long a relay may take before we send ourselves */
};

enum flight_kind {
    FLIGHT_SENT,  /* sent: repeat it after an RTO */
    FLIGHT_ASKED, /* sent to a relay, which answers at once: repeat it soon, until an RTO is over */
    FLIGHT_HELD,  /* not sent, a relay has it: send it when patience ends */
    FLIGHT_BACKUP /* not sent, another is the relay: ask for relaying after an RTO if that one fails */
};

/** Dots lo..hi, sent (or not) at about the same time and not yet covered altogether. */
struct flight {
    uint64_t lo;   /* first dot not covered */
    uint64_t hi;   /* last dot of the flight */
    uint64_t next; /* where the running try goes on */
    mono_us sent_at;
    mono_us due_at;   /* when the next try begins; passed while a try is running */
    uint32_t primary; /* FLIGHT_BACKUP: slot of the group's relay */
    uint8_t kind;     /* enum flight_kind */
    uint8_t tries;    /* tries done since the last sign of progress */
    uint8_t copies;   /* of the flight in the running try */
    bool relay;       /* two-hop dots of it ask the member to pass them on */
};

struct link {
    uint64_t id; /* 0: the slot is free */
    uint64_t srtt_us;
    struct cover cover;  /* what the member said that it covered, in numbers of the fan */
    uint64_t *wide;      /* bit n % wide_max: covered beyond the cover; NULL: the mask must do */
    uint64_t wide_max;   /* a multiple of 64 */
    uint64_t floor;      /* dots up to here are not sent: the member heals them */
    uint64_t sent;       /* newest dot sent for the first time, or held */
    uint64_t advertised; /* while behind: the head that the last bare head, or the fall, showed */
    mono_us flushed_at;  /* end of the last flush; NEVER before the first */
    mono_us flush_at;    /* when unsent dots leave; NEVER when there are none */
    mono_us head_at;     /* while behind: the next bare head; else NEVER */
    bool behind;
    bool relays; /* unsent two-hop dots ask the member to pass them on */
    uint8_t flights_n;
    struct flight flights[FLIGHTS_MAX]; /* in order of their dots */
    uint8_t hot[HOT_WINDOW];            /* extra sends of dot n, at n % HOT_WINDOW */
};

/** Make k a link to id from `head` on: nothing covered, nothing on the way. Keeps k->wide, cleared. */
void spread_link_init(struct link *k, uint64_t id, uint64_t head);

/** Two statements of one member about one epoch, joined: what either of them covers. */
struct cover spread_link_join(struct cover a, struct cover b);

/** Did the member say that it covered dot n? */
bool spread_link_has(const struct link *k, uint64_t n);

/** Did it say so of every dot of lo..hi? */
bool spread_link_has_all(const struct link *k, uint64_t lo, uint64_t hi);

/** A new dot waits for k: begin, or go on with, a flush. full: the waiting fill a datagram. */
void spread_link_offer(struct link *k, const struct link_times *t, mono_us now, bool full);

/** Dots f->lo..hi left now, or are left to a relay: make a flight of them. f: lo, hi, kind, primary
 *  and relay are read. Joins the newest flight when that is young and alike. */
void spread_link_flown(struct link *k, const struct link_times *t, mono_us now,
                       const struct flight *f);

/** Do repeats of dot n ask the member to pass it on? */
bool spread_link_relays(const struct link *k, uint64_t n);

/** The member covers c (clipped to what we issued): trim flights; progress begins the tries anew. */
void spread_link_ack(struct link *k, const struct cover *c);

/** The member covers dot n, and k->wide is kept. Tell spread_link_acked() after the last of them. */
void spread_link_mark(struct link *k, uint64_t n);

/** Marks were made, of which one at least was new: trim flights, begin the tries anew. */
void spread_link_acked(struct link *k);

/** Nobody can send dots up to n any more: take them for covered, without a sign of progress. */
void spread_link_skip(struct link *k, uint64_t n);

/** The flight whose try is due or running; NULL when none is. */
struct flight *spread_link_due(struct link *k, mono_us now);

/** A datagram of the running try left and reached up to, not including, next: count it. */
void spread_link_resent(struct link *k, struct flight *f, const struct link_times *t, mono_us now,
                        uint64_t next);

/** The running try of f is over: the next one begins an RTO after it did. */
void spread_link_end_try(struct link *k, struct flight *f, const struct link_times *t, mono_us now);

/** The primary relay did its work, so the backup f is not asked: wait like everybody else. */
void spread_link_hold(struct link *k, struct flight *f, const struct link_times *t);

/** Did flight f use up all its tries? */
bool spread_link_hopeless(const struct flight *f);

/** Leave everything to healing: only bare heads from now on. head: our newest sequence. */
void spread_link_fall_behind(struct link *k, mono_us now, uint64_t head);

/** The member caught up: push again what follows its cover, up to head. */
void spread_link_catch_up(struct link *k, mono_us now, uint64_t head);

/** The earliest timer of k; NEVER when it waits for nothing. */
mono_us spread_link_deadline(const struct link *k);
