/**
 * cache/quarantine.h - the keys of one shard that nobody may store for a while.
 *
 * A NOSTORE ends by time; a BEGIN ends by time or by name, that of its dot. Full, it lets a NOSTORE go,
 * which only spares the source some load, but keeps the promise of a BEGIN: every store of the keys of its
 * bucket, a 256th of the shard, is refused until that BEGIN ends by time at the latest. A bucket cannot
 * be opened by name, since others may have shut it, too. Never kills: that is the effect of the dot as a
 * key dot.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/dot.h"
#include "base/time.h"
#include "cache/cache.h"

#define QUARANTINE_BUCKETS 256 /* of the keys of a shard, by their hashes */

struct quarantined {
    uint64_t hash; /* target hash of the key */
    mono_us until_us;
    uint64_t epoch, seq; /* of the BEGIN; 0 for a NOSTORE */
};

struct quarantine {
    struct quarantined all[CACHE_QUARANTINE_MAX]; /* the first `used`, in no order */
    uint32_t used;
    mono_us shut_until_us[QUARANTINE_BUCKETS]; /* a BEGIN found no place: none of its bucket is
                                                * stored until then */
};

/** Quarantine the key of a DOT_NOSTORE or DOT_BEGIN from now on. false: there was no place, and
 *  a NOSTORE was let go, this one or for a BEGIN, or the bucket of a BEGIN is shut. */
bool quarantine_begin(struct quarantine *q, mono_us now, const struct dot *d);

/** End what dot (epoch, seq) has begun; nothing when it is not there. */
void quarantine_end(struct quarantine *q, uint64_t epoch, uint64_t seq);

/** May the key be stored? CACHE_STORED, or CACHE_INTENT before CACHE_NOSTORE. */
enum cache_reason quarantine_ask(const struct quarantine *q, mono_us now, uint64_t hash);

/** Clear what has ended by time. */
void quarantine_clear(struct quarantine *q, mono_us now);
