/**
 * node/survey.h - what every member has heard and covered of every origin: for people, never for decisions.
 *
 * A member's table of origins may be longer than a datagram: it is asked for piece by piece, in the order of
 * epochs, and of each member so much is kept that all have the same room. What does not fit is counted by who
 * told it, and not guessed; nor is what a silent member has.
 *
 * Thread: the control thread.
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

#define SURVEY_ASKS     4                 /* at one time */
#define SURVEY_WAIT_US  (500 * US_PER_MS) /* for answers */
#define SURVEY_AGAIN_US (200 * US_PER_MS) /* whoever is not done is asked once more, */
#define SURVEY_NARROW   12                /* and from then on for what fits every path */
#define SURVEY_CELLS    8192              /* of one survey, shared by its members alike, */
#define SURVEY_ROW_MAX  256               /* and at most so many of each */

struct survey_cfg {
    uint64_t seed;        /* of challenges */
    uint32_t members_max; /* of one survey, this node aside; below SURVEY_CELLS */
};

struct survey;

/** Make one that asks nothing. NULL when the arena is too small. */
struct survey *survey_new(struct arena *arena, const struct survey_cfg *cfg);

/** Answer a SURVEY from l, where the datagram has room for so many origins: 1 or more. */
void survey_answer(const struct ledger *l, const struct peer_survey *ask, size_t room,
                   struct peer_surveyed *out);

struct survey_question {
    uint64_t ticket;
    const uint64_t *members; /* ids, copied */
    size_t members_n;        /* more than members_max are left out */
};

/** Ask members for their tables, and note what this node itself has in l: they will answer for about the same
 *  moment. Errors: ERR_FULL (counted): SURVEY_ASKS are open. */
MUST_USE enum err survey_ask(struct survey *s, mono_us now, const struct ledger *l,
                             const struct survey_question *q);

/** One SURVEY to send. */
struct survey_out {
    uint64_t to;
    struct peer_survey survey;
};

/** Take the next SURVEY to send; false when there is none. */
bool survey_poll(struct survey *s, mono_us now, struct survey_out *out);

/** Take in a SURVEYED of a run of member id, not 0; answers to nothing that was asked, and what another run
 *  of it goes on with, are counted. */
void survey_recv(struct survey *s, mono_us now, uint64_t id, uint64_t epoch,
                 const struct peer_surveyed *answer);

/** What one member said. */
struct survey_row {
    uint64_t id;              /* 0 = this node */
    uint64_t epoch;           /* of its run that answered */
    bool silent;              /* no answer: the rest says nothing */
    bool over;                /* it told all that it has, or all that there was room for */
    bool due;                 /* it is to be asked now */
    uint32_t left;            /* origins that it has behind the last of these */
    mono_us told_at;          /* when its last answer came */
    struct peer_heard *heard; /* by epoch, the lowest first */
    size_t heard_n;
};

/** A survey that was answered by all, or for which the time is up. */
struct survey_done {
    uint64_t ticket;
    mono_us asked_at;
    const struct survey_row *rows; /* in the order of the question, then this node */
    size_t rows_n;
};

/** Take the next survey that ended; false when there is none. Lends rows until the next call on s. */
bool survey_done(struct survey *s, mono_us now, struct survey_done *out);

/** When survey_poll() or survey_done() next has something; NEVER when nothing is open. */
mono_us survey_deadline(const struct survey *s);

/** Counters since start. */
struct survey_counters {
    uint64_t asks, asks_full;
    uint64_t answers;   /* of members that told all there was room for, */
    uint64_t silent;    /* members that did not in time, */
    uint64_t strangers; /* and datagrams that answered nothing that was open */
};

/** The counters, copied. */
struct survey_counters survey_counters(const struct survey *s);
