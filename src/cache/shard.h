/**
 * cache/shard.h - one shard: items, their index, and every barrier that can kill one of them.
 *
 * All of it lies in one block of the shard's share of the budget. Every function here runs under the
 * shard's lock, and none takes a lock. Never asks for time, never visits another shard.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/dot.h"
#include "base/hash.h"
#include "base/time.h"
#include "cache/cache.h"
#include "cache/conjunctions.h"
#include "cache/earn.h"
#include "cache/ghost.h"
#include "cache/lease.h"
#include "cache/namespace.h"
#include "cache/packed.h"
#include "cache/prefixes.h"
#include "cache/quarantine.h"
#include "cache/recent.h"
#include "cache/segments.h"
#include "cache/slots.h"
#include "cache/tagtable.h"

#define ROOM_RESERVE 1 /* free units that only copies of items may take */

/** What happened in a shard since its start; see struct cache_stats. What is counted for a namespace is
 *  counted there alone. */
struct shard_counts {
    uint64_t misses; /* of namespaces that are not known here, or while nothing was served */
    uint64_t imports;
    uint64_t refused[CACHE_REASONS];
    uint64_t killed, marked, spared, reinserted, moved, swept, dead_lookups;
    uint64_t prefixes_folded, conjunctions_folded, quarantine_full;
    uint64_t claims_taken;
    uint64_t came_back;
};

/** A namespace in a shard. What a look at an entry reads and counts comes first, so that it lies in one
 *  line of memory. */
struct shard_ns {
    uint64_t bar, soft;
    struct cache_ns_stats stats;
};

_Static_assert(offsetof(struct shard_ns, stats.stale_hits) == 32 &&
                   sizeof(struct shard_ns) % 32 == 0,
               "bar, soft, hits and misses never lie across two lines");

/** A walk over all segments, unit by unit, over and over; passes are numbered from 1. */
struct sweep {
    struct segment_walk walk;
    uint32_t unit;    /* to look at next, when the walk has ended */
    uint64_t started; /* number of the newest pass */
    uint64_t done;    /* number of the newest pass that ended; < started while one runs */
    uint64_t wanted;  /* some barrier waits for the end of this pass */
};

/** Units in a row that are being emptied, for an item longer than one, or for the index. */
struct clearing {
    uint32_t first;
    uint32_t units; /* 0: none is */
    struct segment_walk walk;
};

/** Moving what lives in some segments that follow each other to new ones. */
struct moving {
    struct segment_walk from;
    uint32_t to, to_born; /* the new segment, right in front of what is left of the old ones */
    uint32_t left;        /* old segments yet to be moved; 0: the new one is filled up */
    bool active;
    uint32_t vain; /* number of the newest segment when nothing was found worth it */
};

/** Looking for what has expired, one segment at a time. */
struct expiry {
    struct segment_walk walk;
    bool walking;
    mono_us next;  /* nothing is due before */
    mono_us ends;  /* the earliest end met by this walk that is still to come */
    uint64_t dead; /* bytes that this walk has found expired */
};

/** The item behind the last one that eviction dealt with: what is known of it, and being fetched. */
struct ahead {
    uint32_t where;
    uint32_t born; /* number of its segment; 0: none is known */
    uint64_t hash;
};

struct shard {
    struct segments segments;
    struct slots slots;
    struct ghost ghost;
    struct earn earn;
    struct segment_walk evicting[QUEUES]; /* in the oldest segment of each queue */
    struct ahead ahead;
    struct clearing clearing;
    struct moving moving;
    struct expiry expiry;
    struct tagtable tags;
    struct prefixes prefixes;
    struct recent recent; /* with the fill floor */
    uint64_t allbar;
    uint64_t all_soft;
    uint64_t tagged_bar;   /* of whatever carries a tag */
    uint64_t *bucket_bars; /* buckets_mask + 1 of them: the buckets of this shard's keys */
    uint64_t bucket_top;   /* no bucket's barrier is newer than this; read by hints, too */
    uint32_t buckets_mask;
    uint8_t bucket_bits; /* log2 of the buckets of all shards */
    _Alignas(32) struct shard_ns ns[CACHE_NAMESPACES_MAX];
    struct sweep sweep;
    bool busy; /* counted as one in which housekeeping waits */
    struct shard_counts counts;
    const struct hkey *hkey; /* lent by the cache, as are the names */
    const struct names *names;
    struct quarantine quarantine;
    struct conjunctions conjunctions;
    struct leases leases;
};

/** What a shard is made with. */
struct shard_cfg {
    uint64_t bytes;
    uint32_t recent_n;   /* a power of two */
    uint32_t shards;     /* of the cache, a power of two */
    uint8_t bucket_bits; /* at least log2(shards) */
    uint64_t seed;
    const struct hkey *hkey;
    const struct names *names;
};

/** Bytes of all units in such a shard; 0 when the tables alone do not fit. */
uint64_t shard_units_bytes(const struct shard_cfg *cfg);

/** The longest item that finds a place in a shard with so many bytes in units. */
uint64_t shard_item_max(uint64_t units_bytes);

/** Make an empty shard of exactly cfg->bytes. NULL: it does not fit the arena, or nothing fits it. */
struct shard *shard_new(struct arena *arena, const struct shard_cfg *cfg);

/** Find the item of a key, dead or alive; p then stands at its slot. NULL: none. */
struct item *shard_find(struct shard *s, const struct cache_key *key, uint8_t ns_i,
                        struct probe *p);

/** Find the next item whose key has this hash, with a walk begun by slots_probe(). NULL: no more. */
struct item *shard_next(struct shard *s, uint64_t hash, struct probe *p);

/** Does any barrier of this shard kill the item? Its time is not looked at. */
bool shard_kills(const struct shard *s, const struct item *it);

/** Is the item neither expired nor dead? It may be stale. */
bool shard_lives(const struct shard *s, const struct item *it, mono_us now);

/** Is the item, which lives, stale: by a soft dot, or by its age? */
bool shard_stale(const struct shard *s, const struct item *it, mono_us now);

/** The target hash of an item's key: made anew, as it is not kept. */
uint64_t shard_hash(const struct shard *s, const struct item *it);

/** May another node be given the item: live, fresh, proven, and of a key that may be stored? */
bool shard_gives(struct shard *s, const struct item *it, mono_us now);

/** The barrier of the bucket of a key with this target hash. */
uint64_t *shard_bucket_bar(const struct shard *s, uint64_t hash);

/** What is counted for the namespace of an item. */
struct cache_ns_stats *shard_stats_of(struct shard *s, const struct item *it);

/** Count for its namespace how an item, about to be removed, has ended: by time, or by a barrier. */
void shard_count_end(struct shard *s, const struct item *it, bool expired);

/** Take the item of p out of the index and give its tags back; its bytes stay with its segment. */
void shard_remove(struct shard *s, struct item *it, struct probe *p);

/** Remove an item at a place if its time or a barrier has ended it. */
bool shard_remove_if_dead(struct shard *s, struct item *it, uint32_t where, mono_us now);

/** The slot of an item that is in the index; likewise, when the hash of its key is at hand. */
struct probe shard_slot_of(const struct shard *s, const struct item *it, uint32_t where);
struct probe shard_slot_at(const struct shard *s, uint64_t hash, uint32_t where); /**< see above */

/** How many items one call may still copy, over all its holds of the lock; long ones count as several. */
struct reinserts {
    uint32_t left;
};

/** Who wants room, and how much. */
struct wanted {
    uint64_t hash; /* needs one slot */
    uint64_t size; /* bytes, in the newest segment of the queue */
    enum queue queue;
    mono_us now;
};

/**
 * Make room by dropping at most CACHE_STEP of the oldest items.
 * Returns: true when there is room; false when a further call is needed.
 */
bool shard_make_room(struct shard *s, const struct wanted *want, struct reinserts *reinserts);

/** Bytes of items that may have to be looked at until one unit is free. The same for life. */
uint64_t shard_effort(const struct shard *s);

/** Copy an item to a segment that takes it, as one that was used so often. */
void shard_copy(struct shard *s, struct item *it, const struct probe *p, uint32_t to,
                unsigned freq);

/** Move an item, or look for some, so that dead bytes become a free unit. Needs a free unit. Returns:
 *  false when that is not worth it, and nothing was done. */
bool shard_compact(struct shard *s, mono_us now);

/** Move an item out of a unit. Needs another free one. Returns: false when its items cannot be moved;
 *  true also when it is free now. */
bool shard_vacate(struct shard *s, uint32_t unit, mono_us now);

/** The item at a place ends then: its segment is to be looked at no later. */
void shard_note_end(struct shard *s, uint32_t where, mono_us ends);

/** Look at no more than CACHE_STEP items for what is dead: by barriers, by time; or move them. */
void shard_sweep(struct shard *s, mono_us now);

/** Is there a sweep for a barrier that has not ended, or something that may have expired? */
bool shard_has_work(const struct shard *s, mono_us now);

/** Is there a barrier whose sweep has not ended? */
bool shard_sweeping(const struct shard *s);

/** Ask for a whole sweep from now on; returns its number. */
uint64_t shard_ask_sweep(struct shard *s);

/** The effect of a dot of one key with index e: record first, then kill or mark, in this one hold of
 *  the lock; then begin or end a quarantine. */
void shard_apply_key(struct shard *s, mono_us now, const struct dot *d, uint64_t e);

/** Raise a barrier to e; the sweep that it needs is asked for. soft: entries become stale, not dead. */
void shard_bar_tag(struct shard *s, uint64_t hash, uint64_t e, bool soft);
void shard_bar_ns(struct shard *s, uint8_t ns_i, uint64_t e, bool soft);         /**< a namespace */
void shard_bar_all(struct shard *s, uint64_t e, bool soft);                      /**< everything */
void shard_bar_prefix(struct shard *s, uint64_t hash, uint16_t len, uint64_t e); /**< one prefix */
void shard_bar_tagged(struct shard *s, uint64_t e); /**< all with tags */

/** Several tags together; index and pass of set are ignored. */
void shard_bar_conjunction(struct shard *s, const struct conjunction *set, uint64_t e);
