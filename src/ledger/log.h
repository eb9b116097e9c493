/**
 * ledger/log.h - the last dots that were covered with their content, for healing others.
 *
 * A ring of records in the order of covering; the newest pushes out the oldest. Never keeps names:
 * they travel with a dot's first transmission only, and no effect needs them. Never knows who uses an
 * origin slot: a slot may be used again, so whoever searches says since when it is the origin's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/dot.h"
#include "ledger/chain.h"
#include "ledger/side.h"

#define LEDGER_DOTLOG_SLOTS (1U << 16) /* origin slots that a record can name */
#define LEDGER_DOTLOG_MAX   (1U << 22) /* records */

/* 48 bytes: there are 262,144 of them in production. */
struct log_record {
    uint64_t seq;
    uint64_t hash;
    uint64_t version;

    union {
        struct hash128 digest;
        uint64_t side; /* position of the other part, the digest included, when has_side */
    };

    uint16_t slot; /* of the origin */
    uint16_t prefix_len;
    uint8_t kind;
    bool has_version;
    bool soft;
    bool has_side;
};

/** What to look for: a dot of an origin that uses this slot since the log had `since` records. */
struct log_key {
    uint32_t slot;
    uint64_t seq;
    uint64_t since;
};

struct dotlog {
    struct log_record *ring;
    struct chains chains;
    struct side side;
    uint64_t seed;
};

/** Make an empty log of max records, a power of two (asserted), with more_bytes for longer parts; false
 *  when it does not fit. */
bool ledger_dotlog_init(struct arena *arena, struct dotlog *log, uint32_t max, uint32_t more_bytes);

/** Records ever added: the position of the next one. */
uint64_t ledger_dotlog_added(const struct dotlog *log);

/** Copy d, without its name, as a dot of this origin slot. No dot is added twice. */
void ledger_dotlog_add(struct dotlog *log, uint32_t slot, const struct dot *d);

/** The record that the next add pushes out, lent until then, and its position; NULL while there is room. */
const struct log_record *ledger_dotlog_leaving(const struct dotlog *log, uint64_t *position);

/** The record of a dot, lent until the next add; NULL when it is not there. */
const struct log_record *ledger_dotlog_find(const struct dotlog *log, const struct log_key *key);

/** The i-th newest record, i < ledger_dotlog_n() (asserted); lent until the next add. */
const struct log_record *ledger_dotlog_newest(const struct dotlog *log, size_t i);

/** Records held. */
size_t ledger_dotlog_n(const struct dotlog *log);

/**
 * A record as the dot that it came from, without its name. `more` is lent until the next add.
 * Returns: false, with everything else in place, when the longer part was overwritten.
 */
bool ledger_dotlog_dot(const struct dotlog *log, const struct log_record *r, uint64_t epoch,
                       struct dot *out);
