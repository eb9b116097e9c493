/**
 * heal/state.h - what the parts of heal share: peers, pulls, questions.
 *
 * The parts are exchange.c (compare vectors), ring.c (what others retired and forgot), pull.c and lost.c
 * (ask for gaps, give gaps up), answer.c and touched.c (serve others), retire.c (end origins) and audit.c
 * (compare digests). Each plans by setting flags here and writes a message only when heal_poll wants one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "heal/heal.h"

#define LOST_MAX       4  /* ranges of one origin that peers said to be gone, watched at one time */
#define VOTERS_MAX     8  /* peers remembered per such range */
#define QUESTIONS_MAX  32 /* PULLs of others waiting for their answer */
#define ANSWER_BYTES   1000
#define DOT_BYTES      16 /* of a dot in an answer, on average */
#define STREAM_WAIT_US US_PER_SEC
#define FED_US         (50 * US_PER_MS) /* a stream that gave goes on so long, if nothing comes */
#define RETIRE_MAX     64 /* origins that one look can retire; others wait for the next */
#define FORKS_MAX      16 /* origins remembered whose digests differed */

/** One member that can be asked. */
struct heal_peer {
    uint64_t id;
    uint64_t epoch;
    uint64_t srtt_us;

    /* exchange */
    uint64_t their_hash; /* of its last packet with an unequal vector hash */
    bool unequal;        /* its last packet showed another vector than ours */
    mono_us unequal_at;  /* since when */
    mono_us seen_at;     /* when that last packet came */
    bool was_equal;      /* it showed our vector at equal_at, last */
    mono_us equal_at;
    bool asked;       /* an exchange was begun with it at asked_at, with these two hashes */
    bool fruitful;    /* it showed something new, or had more to show */
    bool answered;    /* with covers, since it was asked */
    uint8_t silent_n; /* questions with the same two hashes since it answered last */
    uint64_t asked_their;
    uint64_t asked_ours;
    mono_us asked_at;
    bool heads_due;        /* our group hashes are to be sent */
    uint32_t reply_groups; /* groups whose covers are to be sent */
    uint32_t reply_from;   /* origin index where the next reply begins */
    uint32_t reply_ring;   /* our retired origins up to this number are known to it */
    bool reply_due;        /* what was retired is to be told, though no group differs */
    bool again; /* its whole ring is asked for anew, since asking teaches nothing any more */

    /* streams */
    uint64_t owed; /* dots asked of it in the round of owed_at */
    mono_us owed_at;
    bool stream_due;
    mono_us stream_until; /* no second request before; 0 when none is out */
    struct dot_range stream_range;
};

/** A range that some peers no longer hold. */
struct lost {
    uint64_t lo;
    uint64_t hi;
    mono_us since; /* when the first of them said so */
    uint32_t voters_n;
    uint64_t voters[VOTERS_MAX];
};

/** The work on the gaps of one origin. */
struct pull {
    uint64_t epoch;
    uint64_t advertiser; /* who showed the newest head; 0 when nobody did */
    uint64_t target;     /* who was asked last */
    uint64_t stream_to;  /* who was asked for a stream last */
    mono_us asked_at;    /* when target was */
    mono_us next_at;     /* not asked again before */
    mono_us close_next;  /* not closed again before */
    uint32_t tries;      /* position in the order of sources */
    bool progress;       /* something came since it was asked last */
    mono_us fed_until;   /* a stream gives: not asked before */

    /* as the last round saw its gaps */
    bool listed;
    uint64_t lo;         /* first uncovered */
    uint64_t hi;         /* last uncovered, of all rounds */
    uint64_t ripe_hi;    /* last of the gaps past their grace; 0 when there is none */
    uint64_t overdue_hi; /* last of the gaps past T_gap; 0 when there is none */
    uint64_t late_hi;    /* last of those that nearly are, overdue ones among them; 0 likewise */
    mono_us ripe_at;     /* when the first gap is past its grace */
    mono_us overdue_at;  /* when the first gap is past T_gap */

    /* what heal_poll is to send */
    uint64_t ask_to; /* 0: nothing to ask */
    uint64_t ask_next;
    uint64_t ask_hi;
    uint32_t ask_left; /* messages */
    bool close_due;
    enum heal_reason close_reason;
    struct dot_range close_range;

    uint32_t lost_n;
    struct lost lost[LOST_MAX];
};

/** A PULL of somebody else. */
struct question {
    uint64_t to;
    uint32_t datagrams_left;
    uint32_t calls_left; /* bounds the looking up for one question */
    size_t n;
    struct dot_range ranges[PEER_RANGES_MAX];
    struct peer_ranges gone;
};

/** How far we know what a peer's run retired. Both numbers only rise. */
struct ring_pos {
    uint64_t epoch;
    mono_us used_at;
    uint32_t heard;  /* all up to this number were heard of in the ledger, or are forgotten there */
    uint32_t safe;   /* all up to this number were retired before a barrier of ours */
    uint32_t newest; /* number that it showed */
    uint32_t uncounted; /* the newest number that it showed not to be in its vector hash any more */
    uint32_t again;     /* up to here its ring was told anew */
    uint32_t marked;    /* up to here we have a mark for it */
    mono_us
        asked_at; /* since when we ask for the numbers up to `uncounted`; NEVER = all is heard */
};

/** What `run` did not count up to `number` may be unknown here, and is behind a barrier, or was when we
 *  joined. Others are told so as our retired number `at`. */
struct mark {
    uint64_t run;
    uint32_t number;
    uint32_t at;
};

/** The packet whose header was looked at last. */
struct header {
    uint64_t id;
    uint64_t epoch;
};

/** An origin to retire. */
struct retiring {
    uint64_t epoch;
    bool forced;
};

/** An origin whose digest differed: a barrier was raised at `at` for all its dots up to hi. */
struct fork {
    uint64_t epoch; /* 0 = none */
    uint64_t hi;
    mono_us at;
};

struct heal {
    struct heal_cfg cfg;
    struct ledger *ledger;
    struct rng rng;
    struct heal_counters counters;
    struct spans waits;

    struct heal_peer *peers; /* dense */
    uint32_t peers_n;
    uint32_t peers_ready; /* peers with heads_due, reply_groups or stream_due */
    mono_us exchange_at;  /* the next exchange may be due; NEVER when all is equal */
    mono_us exchanged_at; /* when the last one was begun */
    bool exchanged;

    struct pull *pulls; /* dense, one per origin with gaps */
    uint32_t pulls_n;
    struct gap *gaps;  /* room for one round: pulls_max */
    uint32_t gap_slot; /* where the next turn of listing begins */
    mono_us plan_at;   /* the next round over the gaps; NEVER when the last one saw none */

    struct question *questions; /* a ring */
    uint32_t questions_at;
    uint32_t questions_n;

    struct ring_pos *rings; /* dense, room for twice peers_max */
    uint32_t rings_n;
    uint32_t
        rings_open; /* of these, so many with asked_at: until they are dealt with, nothing is certified */
    struct mark *marks; /* dense, `at` rising, room for as many */
    uint32_t marks_n;
    uint64_t donor; /* the run from which this one took over what is in rings; 0 = none */
    struct header header;

    mono_us look_at; /* the next look for origins that ended; NEVER when none ever does */
    uint32_t look_i; /* and where it begins */
    uint32_t retiring_n;
    struct retiring retiring[RETIRE_MAX];

    mono_us audit_at;  /* NEVER without audits */
    uint32_t audit_i;  /* the origin where the next one begins */
    uint64_t audit_to; /* 0: nothing to send */
    struct fork forks[FORKS_MAX];

    bool forgotten_due; /* barriers that heal_poll is to tell */
    bool forked_due;

    struct peer_msg msg;
    uint8_t buf[ANSWER_BYTES];
};

/** The peer with this id; NULL when there is none. */
struct heal_peer *heal_find_peer(const struct heal *h, uint64_t id);

/** The peer whose own origin is epoch; NULL when there is none. */
struct heal_peer *heal_find_origin(const struct heal *h, uint64_t epoch);

/** Is there anything that heal_poll must send to p? */
bool heal_peer_ready(const struct heal_peer *p);

/** Count p again after its flags changed; was: heal_peer_ready() before the change. */
void heal_recount(struct heal *h, const struct heal_peer *p, bool was);

/** Begin the one message of h: type set, no arguments, dots or covers. Returns: it. */
struct peer_msg *heal_msg(struct heal *h, enum peer_type type);
