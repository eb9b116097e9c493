/**
 * swim/state.h - all that the machine behind swim.h remembers, by duty. No function is here.
 *
 * Every table is a fixed array: what happens when one is full stands in the file of its duty.
 */
#pragma once

#include "swim/member.h"
#include "swim/rumor.h"
#include "swim/suspicion.h"
#include "swim/swim.h"

#define LHM_MAX        8
#define STALL_US       (100 * US_PER_MS) /* later than planned by more than this is a stall */
#define NAMED_MAX      64 /* a power of two; what does not find its name here is hashed again */
#define CHECKS_MAX     64
#define CHECKS_BURST   8 /* candidates probed per half gossip tick */
#define CONTACTS_MAX   16
#define RELAYS_MAX     32 /* probes that we relay for others at a time */
#define ASKED_MAX      8  /* relays that one probe may ask */
#define URGENT_MAX     8
#define OWN_ADDRS_MAX  8
#define EVENTS_MAX     128
#define TRIES_MAX      3 /* silent pings until a candidate, contact or rival is given up */
#define SYNC_GIVEUP_US (60 * US_PER_SEC)
#define GEN_MAX        (1ULL << 62)
#define GEN_AHEAD_MS   (24ULL * 3600 * 1000) /* of our clock: as far as rumour may go */
#define GEN_STEP_MAX   65536u /* ms; by how much we jump over an earlier run of ours */
#define VERSION_JUMP   65536u /* as far as rumour may raise a version */

/* --- what leaves --- */

/** A message to be written when it is polled. Names are looked up then: nothing is lent meanwhile. */
struct intent {
    uint8_t kind; /* SWIM_SEND, SWIM_TCP_PING, SWIM_SYNC */
    uint8_t type; /* enum peer_type */
    uint8_t reason;
    bool join;
    bool may_carry;
    bool with_own;  /* our own record goes along */
    bool has_own;   /* ACK: `challenge` goes along */
    uint64_t id;    /* of the receiver */
    uint64_t named; /* PING, PING_REQ: the member meant; 0 = whoever is there */
    uint64_t to_gen;
    uint64_t challenge; /* ours */
    uint64_t echo;      /* theirs */
    struct addr addr;
    uint32_t budget_ms;
};

struct event {
    enum swim_event_kind kind;
    struct swim_member before;
    struct swim_member after;
    uint8_t name[PEER_NAME_MAX];
    uint8_t accuser[PEER_NAME_MAX];
};

struct outbox {
    struct intent *intents;
    uint32_t intents_max, intents_at, intents_n;
    struct event *events;
    uint32_t events_at, events_n;
    struct peer_msg msg; /* what the last poll lent */
};

/* --- what runs --- */

/** The probe of this period: PING, then relays and TCP, then a verdict. Source: SWIM 3.1. */
struct round {
    bool open;
    bool asked; /* the second stage has begun */
    uint32_t slot;
    uint64_t gen; /* of the run that is probed */
    uint64_t challenge;
    mono_us sent_at, timeout_at, ends_at;
    uint8_t relays_n, nacks_n;
    uint64_t relays[ASKED_MAX];
};

/** What a check finds out beside the rounds. */
enum check_kind {
    CHECK_MEMBER,  /* a member of the table: candidate, suspect, dead, or of a newer generation */
    CHECK_CLAIM,   /* a newer run that an unproven packet or hearsay claims, of a known name */
    CHECK_STRANGER /* a proven run that we have no record of */
};

/** A single PING out of turn, repeated a few times; no verdict but on candidates. */
struct check {
    bool open;
    bool done; /* answered; the entry stays until due_at to keep pings of one member apart */
    enum check_kind kind;
    uint8_t tries, tries_max;
    uint64_t id;
    uint64_t challenges[TRIES_MAX]; /* one for each try */
    mono_us sent_at, due_at;
    struct addr addr;      /* CLAIM, STRANGER */
    uint64_t gen;          /* CLAIM: what is claimed */
    uint64_t epoch;        /* CLAIM */
    uint32_t ver, caps;    /* CLAIM */
    struct swim_meta meta; /* CLAIM */
};

/** An address that we contact without knowing who is there. */
struct contact {
    bool open;
    bool answered; /* by `id`: waits for its sync */
    uint8_t tries;
    uint64_t id;
    uint64_t challenges[TRIES_MAX]; /* one for each try */
    mono_us due_at;
    struct addr addr;
};

/** A probe that we relay. */
struct relayed {
    bool open;
    bool nacked;
    uint64_t asker, target, target_gen;
    uint64_t asker_challenge, challenge;
    struct addr asker_addr;
    mono_us nack_at, ends_at;
};

/** Another live process that uses our name, or one that may. */
struct rival {
    bool open;
    bool met; /* it answered: CONFLICT was told */
    uint8_t silent;
    uint64_t gen, epoch, challenge;
    struct addr addr;
    mono_us due_at;
};

struct syncing {
    bool busy; /* one is under way, with `id` */
    bool ever; /* one has succeeded */
    bool wanted;
    uint64_t id, wanted_id; /* wanted_id 0 = any */
    mono_us at;             /* the next periodic one */
    mono_us begun_at, retry_at;
};

struct leaving {
    bool on;
    uint32_t told_n, needed_n;
    mono_us until;
};

/** A name that was met lately. An id is a BLAKE2b hash, and every record of every packet asks for one. */
struct named {
    uint8_t name[PEER_NAME_MAX];
    uint8_t len; /* 0 = free */
    uint64_t id;
};

struct swim {
    struct named named[NAMED_MAX];
    struct swim_times times;
    uint8_t cluster[64];
    uint8_t cluster_len;
    uint64_t started_gen; /* wall-clock ms at swim_new() */
    mono_us started_at;
    mono_us seen_at; /* the latest time that any call brought */
    mono_us heartbeat_at;
    struct rng rng;
    struct roster roster;
    struct rumors rumors;
    struct outbox out;
    struct swim_counters n;
    struct spans round_trips;
    struct addr own_addrs[OWN_ADDRS_MAX]; /* the advertised one first */
    uint32_t own_addrs_n;
    uint32_t *scratch; /* members_max slots, for random choices */

    struct round round;
    mono_us round_at; /* begin of the next period */
    mono_us early_at; /* before this no hint may begin a round early */
    uint32_t urgent[URGENT_MAX];
    uint32_t urgent_n;
    struct check checks[CHECKS_MAX];
    uint32_t checks_n; /* open ones; usually none, and then nobody looks through the table */
    mono_us checks_at; /* the next burst of candidates */
    struct contact contacts[CONTACTS_MAX];
    uint32_t contacts_n; /* open ones, as of checks */
    struct relayed relays[RELAYS_MAX];
    uint32_t relays_n; /* likewise */
    struct rival rival;
    struct syncing sync;
    struct leaving leave;
    mono_us gossip_at, reconnect_at, reap_at;
    uint8_t lhm;
    bool isolated;
    bool muted;
    bool returning;    /* no longer muted, and not heard by anybody yet */
    mono_us return_at; /* when a sync is wished again for that */
};
