/**
 * node/trace.h - what became of a dot, here and at the others: for people, never for decisions.
 *
 * A ring of the newest dots with the times at which they were heard of and took effect here; of own
 * dots also when each member's cover first included them; and the questions put to other nodes, with
 * the times between which each was answered (node/late.h makes lateness of them).
 * Whatever is not remembered reads as "covered" or "unknown", never as a wrong time.
 *
 * Never compares clocks of two nodes: what travels are differences. Thread: the control thread.
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
#include "wire/peer.h"

#define TRACE_ASKS       8                 /* at one time */
#define TRACE_WAIT_US    (500 * US_PER_MS) /* for answers */
#define TRACE_AGAIN_US   (200 * US_PER_MS) /* whoever is silent is asked once more */
#define TRACE_OWN        256               /* own dots whose acknowledgements are remembered */
#define TRACE_ACKERS     64                /* by so many members */
#define TRACE_BARRED_MAX 64                /* ranges closed without content that are remembered */

struct trace_cfg {
    uint64_t epoch;       /* our origin */
    uint64_t seed;        /* of challenges */
    uint32_t dots_max;    /* 4,096; a power of two */
    uint32_t members_max; /* of one question */
};

struct trace;

/** Make an empty trace. NULL when the arena is too small. */
struct trace *trace_new(struct arena *arena, const struct trace_cfg *cfg);

/* ---- what happened here ---- */

/** A head was heard: dot (epoch, seq) exists. Optional; the first mention counts. */
void trace_heard(struct trace *t, mono_us now, uint64_t epoch, uint64_t seq);

/** Dot (epoch, seq) took effect here. Of an own dot: it was issued. */
void trace_applied(struct trace *t, mono_us now, uint64_t epoch, uint64_t seq);

/** Dots of this range that had not taken effect were covered by a barrier, now. */
void trace_barred(struct trace *t, mono_us now, struct dot_range range);

/** Member id is there: what is issued from now on is to reach it. Nothing when it is known. */
void trace_member(struct trace *t, mono_us now, uint64_t id);

/** Member id was heard to cover c of our origin: what c shows for the first time was acknowledged. */
void trace_acked(struct trace *t, mono_us now, uint64_t id, const struct cover *c);

/** Member id is gone or restarted: its acknowledgements are forgotten. */
void trace_gone(struct trace *t, uint64_t id);

/** What is remembered of one dot; a time is NEVER when it is not known. */
struct trace_dot {
    mono_us heard_at;
    mono_us applied_at;
};

/** Look a dot up; false when it is not remembered. */
bool trace_find(const struct trace *t, uint64_t epoch, uint64_t seq, struct trace_dot *out);

/** When member id's cover first included our own dot seq; NEVER when it did not, or it is not known. */
mono_us trace_acked_at(const struct trace *t, uint64_t id, uint64_t seq);

/** Answer a TRACE. */
void trace_answer(const struct trace *t, mono_us now, const struct ledger *l,
                  const struct peer_trace *ask, struct peer_traced *out);

/* ---- asking others ---- */

struct trace_question {
    uint64_t ticket;
    uint64_t epoch, seq;
    const uint64_t *members; /* ids, copied */
    size_t members_n;        /* more than members_max are left out */
};

/** Ask members what became of a dot. Errors: ERR_FULL (counted): TRACE_ASKS are open. */
MUST_USE enum err trace_ask(struct trace *t, mono_us now, const struct trace_question *q);

/** One TRACE to send. */
struct trace_out {
    uint64_t to;
    struct peer_trace trace;
};

/** Take the next TRACE to send; false when there is none. */
bool trace_poll(struct trace *t, mono_us now, struct trace_out *out);

/** Take in a TRACED of member id; answers to nothing that was asked are counted. */
void trace_recv(struct trace *t, mono_us now, uint64_t id, const struct peer_traced *answer);

/** What one member said. */
struct trace_row {
    uint64_t id;
    bool silent;      /* no answer: the rest says nothing */
    uint8_t state;    /* enum peer_trace_state */
    uint64_t wait_us; /* TRACE_APPLIED */
    uint64_t age_us;  /* TRACE_APPLIED and TRACE_BARRED, when it answered: */
    mono_us asked_at; /* not before this, when it was first asked, */
    mono_us told_at;  /* and not after this */
};

/** A question that was answered by all, or for which the time is up. */
struct trace_done {
    uint64_t ticket;
    uint64_t epoch, seq;
    const struct trace_row *rows; /* in the order of the question */
    size_t rows_n;
};

/** Take the next question that ended; false when there is none. Lends rows until the next call on t. */
bool trace_done(struct trace *t, mono_us now, struct trace_done *out);

/** When trace_poll() or trace_done() next has something; NEVER when nothing is open. */
mono_us trace_deadline(const struct trace *t);

/** Counters since start. */
struct trace_counters {
    uint64_t asks, asks_full;
    uint64_t answers, strangers, silent;
    uint64_t ackers_full; /* covers of members beyond TRACE_ACKERS */
};

/** The counters, copied. */
struct trace_counters trace_counters(const struct trace *t);

/** How long invalidations took. */
struct trace_spans {
    struct spans applied; /* of others: from the first word of one until it took effect here */
    struct spans
        acked; /* own ones: until a member said that it took effect there, once for each member */
};

/** Since start, copied. */
struct trace_spans trace_spans(const struct trace *t);
