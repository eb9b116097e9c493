/**
 * spread/link.h - what one member has been sent of our own dots, and what it said it covered.
 *
 * Dots sent at about the same time form a flight; a flight has one timer and one count of tries, so a
 * link needs little memory however many dots are on the way. Never writes a datagram: it says which
 * dots are due, and is told what was sent.
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
};

/** Dots lo..hi, sent at about the same time and not yet covered altogether. */
struct flight {
    uint64_t lo;   /* first dot not covered */
    uint64_t hi;   /* last dot of the flight */
    uint64_t next; /* where the running try goes on */
    mono_us sent_at;
    mono_us due_at; /* when the next try begins; passed while a try is running */
    uint8_t tries;  /* tries done since the last sign of progress */
    uint8_t copies; /* of the current datagram of the running try */
};

struct link {
    uint64_t id; /* 0: the slot is free */
    uint64_t srtt_us;
    struct cover cover;  /* what the member said that it covered of our epoch */
    uint64_t floor;      /* dots up to here are not sent: the member heals them */
    uint64_t sent;       /* newest dot sent for the first time */
    uint64_t advertised; /* while behind: the head that the last bare head, or the fall, showed */
    mono_us flushed_at;  /* end of the last flush; NEVER before the first */
    mono_us flush_at;    /* when unsent dots leave; NEVER when there are none */
    mono_us head_at;     /* while behind: the next bare head; else NEVER */
    mono_us deadline;    /* the earliest of all timers, kept by the owner of the link */
    bool behind;
    uint8_t flights_n;
    struct flight flights[FLIGHTS_MAX]; /* in order of their dots */
    uint8_t hot[HOT_WINDOW];            /* extra sends of dot seq, at seq % HOT_WINDOW */
};

/** Make k a link to id from `head` on: nothing covered, nothing on the way. */
void spread_link_init(struct link *k, uint64_t id, uint64_t head);

/** Two statements of one member about one epoch, joined: what either of them covers. */
struct cover spread_link_join(struct cover a, struct cover b);

/** RTO of the link: max(2 x srtt, rto_min_us). */
uint64_t spread_link_rto(const struct link *k, const struct link_times *t);

/** A new own dot waits for k: begin, or go on with, a flush. full: the waiting fill a datagram. */
void spread_link_offer(struct link *k, const struct link_times *t, mono_us now, bool full);

/** Dots lo..hi went out for the first time: put them into a flight. */
void spread_link_flown(struct link *k, const struct link_times *t, mono_us now,
                       const struct dot_range *run);

/** The member covers c (clipped to what we issued): trim flights; progress begins the tries anew. */
void spread_link_ack(struct link *k, const struct cover *c);

/** The flight whose try is due or running; NULL when none is. */
struct flight *spread_link_due(struct link *k, mono_us now);

/** A datagram of the running try left and reached up to, not including, next: count it. */
void spread_link_resent(struct link *k, struct flight *f, const struct link_times *t, mono_us now,
                        uint64_t next);

/** The running try of f is over: the next one begins an RTO from now. */
void spread_link_end_try(struct link *k, struct flight *f, const struct link_times *t, mono_us now);

/** Did flight f use up all its tries? */
bool spread_link_hopeless(const struct flight *f);

/** Leave everything to healing: only bare heads from now on. head: our newest sequence. */
void spread_link_fall_behind(struct link *k, mono_us now, uint64_t head);

/** The member caught up: push again what follows its cover, up to head. */
void spread_link_catch_up(struct link *k, mono_us now, uint64_t head);

/** The earliest timer of k; NEVER when it waits for nothing. */
mono_us spread_link_deadline(const struct link *k);
