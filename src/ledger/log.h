/**
 * ledger/log.h - the last dots that were covered with their content, for healing others.
 *
 * A ring of records in the order of covering; the newest pushes out the oldest. Records whose dots
 * hash alike are chained from the newest to older ones, and a chain ends where it leaves the ring, so
 * that forgetting a record costs nothing. Never keeps names: they travel with a dot's first
 * transmission only, and no effect needs them.
 * Source: the hash chains of RFC 1951, section 4, where old strings are dropped the same way.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/dot.h"

#define LEDGER_DOTLOG_SLOTS (1U << 16) /* origin slots that a record can name */
#define LEDGER_DOTLOG_MAX   (1U << 22) /* records; what `older` can reach */

/* 48 bytes: there are 262,144 of them in production. */
struct log_record {
    uint64_t seq;
    uint64_t hash;
    uint64_t version;
    struct hash128 digest;
    uint16_t slot; /* of the origin */
    uint16_t prefix_len;
    uint32_t kind : 8;
    uint32_t has_version : 1;
    uint32_t older : 23; /* how many records before this one the next of the chain is; 0 = none */
};

struct dotlog {
    struct log_record *ring;
    uint32_t *newest; /* by hash: ring position + 1 of the head of the chain; 0 = none yet */
    uint32_t mask;    /* capacity - 1, of both arrays */
    uint64_t added;   /* records ever added; the next one goes to added & mask */
    uint64_t seed;
};

/** Make an empty log of max records, a power of two (asserted); false when it does not fit. */
bool ledger_dotlog_init(struct arena *arena, struct dotlog *log, uint32_t max, uint64_t seed);

/** Copy d, without its name, as a dot of this origin slot. No dot is added twice. */
void ledger_dotlog_add(struct dotlog *log, uint32_t slot, const struct dot *d);

/** The record of a dot, lent until the next add; NULL when it is not there. */
const struct log_record *ledger_dotlog_find(const struct dotlog *log, uint32_t slot, uint64_t seq);

/** The i-th newest record, i < ledger_dotlog_n() (asserted); lent until the next add. */
const struct log_record *ledger_dotlog_newest(const struct dotlog *log, size_t i);

/** Records held. */
size_t ledger_dotlog_n(const struct dotlog *log);

/** A record as the dot that it came from, without its name. */
struct dot ledger_dotlog_dot(const struct log_record *r, uint64_t epoch);
