/**
 * tests/litmus/stage.h - one real cache whose locks are steps, the words that stories share, and verbs.
 *
 * A story is told once up to where its threads begin (stage_open(), then any call of the cache), and
 * every run goes on from a copy of exactly that. Version 1 of a value is old, 2 is what the writer
 * commits. Never has more than one stage: Criterion runs each test in a process of its own.
 */
#pragma once

#include <stdatomic.h>

#include "cache/cache.h"
#include "cache/recent.h"
#include "cache/shard.h"

#include "explorer.h"

#define STAGE_SHARDS 2
#define OLD          1
#define NEW          2
#define MS           US_PER_MS

/** Ways in which the cache is made wrong, between its files: stage_wrap.c. */
enum mutant {
    SOUND,
    RECORD_AFTER_UNLOCK,    /* a dot's record is appended in a later hold than its kill */
    LOCK_DROPPED_IN_FILL,   /* between the check of a fill and its store */
    FLOOR_READ_FIRST,       /* by a fill, before the records */
    FLOOR_AFTER_UNLOCK,     /* raised in a later hold than what was forgotten */
    STORE_UNCHECKED,        /* a store takes the check for made */
    HORIZON_BEFORE_EFFECTS, /* published before the dot that it stands for was applied */
    ACK_BEFORE_EFFECTS,     /* sent before the dot was applied */
    EFFECTS_AFTER_REPLY, /* a dot is applied after whoever issued it was told that it is covered */
    NO_FENCES            /* where there is no lock either */
};

/** Outcomes that a story may have to reach in some order, or it tells nothing. */
enum outcome {
    STORED,
    REFUSED,
    GOT_OLD,
    GOT_NEW,
    GOT_NOTHING,
    UNPROVEN, /* there was one, but it was not certified */
    OVERTAKEN /* the old value was returned after the acknowledgement, to a read begun before */
};

#define SEES(outcome) (1U << (outcome))

/** What a late mutant still owes. */
struct owed {
    bool record_owed, floor_owed;
    struct record record;
    uint64_t floor;
    struct recent *recent;
    bool dot_owed;
    struct dot dot;
    uint64_t effect_i;
};

struct stage {
    /* words of the world around the cache */
    _Atomic uint64_t source; /* the database: its committed version */
    _Atomic uint64_t acked;  /* the dot was acknowledged */
    _Atomic uint64_t clock;  /* mono_us */
    _Atomic uint64_t issued_at;
    _Atomic uint64_t asked[2]; /* a writer has committed and wants a dot */
    _Atomic uint64_t index[2]; /* of that dot, when it was applied */
    /* the cache */
    struct cache *c;
    uint64_t last; /* L as control counts it; nobody else looks */
    mono_us now;
    struct cache_key key[STAGE_SHARDS]; /* one in each shard */
    uint8_t token[TOKEN_LEN];           /* taken when the story began, for key[0] */
    const char *tag;                    /* of what is filled; NULL = none */
    enum mutant mutant;
    struct explorer_lock shards[STAGE_SHARDS];
    struct explorer_lock names;
    bool unlocked; /* this story touches a shard without its lock, and knows it */
    struct owed owed;
    _Alignas(64) uint8_t memory[256 << 10];
};

struct stage_cfg {
    uint32_t shards;     /* 0: 1 */
    uint32_t recent_max; /* 0: 4 */
    const char *tag;
    enum mutant mutant;
};

/** The stage, with an empty open cache and an old database. */
struct stage *stage_open(const struct stage_cfg *cfg);

/** What lies under the lock of a shard, for stories that do without. */
struct shard *stage_shard(struct stage *s, uint32_t shard_i);

/** More memory that every run finds as it is when the story begins: for what is too large to copy. It is
 *  zeroed, and of the one stage. */
void *stage_memory(size_t len);

/* ---- verbs: each is what one party does, as steps ---- */

/** The writer's database; a commit is seen by all at once. */
void stage_commit(struct stage *s, uint64_t version);
uint64_t stage_source(struct stage *s); /**< read it */

/** A dot at a target of the default namespace. */
struct dot stage_dot(struct stage *s, uint8_t kind, const char *target);

/** Control: the next index, published, then the effect: what node/apply.c does. Returns the index. */
uint64_t stage_apply(struct stage *s, const struct dot *d);
uint64_t stage_publish(struct stage *s); /**< the first half alone */

/** Control: say that it is covered. */
void stage_ack(struct stage *s);
bool stage_acked(struct stage *s); /**< a client looks */

/** A worker. Fill key[0] with a version; the token is 24 bytes. Notes STORED or REFUSED. */
void stage_fill(struct stage *s, uint64_t version, const uint8_t *token);
struct cache_item stage_item(const struct stage *s, uint64_t *version,
                             struct slice *tag); /**< lends */
void stage_note(enum cache_reason reason);       /**< STORED or REFUSED */

/** A worker: the version that a look-up of key[i] shows; 0 = none. */
uint64_t stage_get(struct stage *s, size_t i);
void stage_note_got(uint64_t version); /**< GOT_OLD, GOT_NEW or GOT_NOTHING */

/* ---- threads and checks of many stories ---- */

/** A worker misses key[0], reads the database and fills. */
void worker_loads(void *stage);
void worker_fills_late(void *stage); /**< it has read the old value before, with s->token */

/** A worker reads key[i]; what was acknowledged before is not returned. */
void worker_reads(void *stage);
void worker_reads_other(void *stage); /**< key[1] */
void worker_steps(void *stage);       /**< two bounded steps of housekeeping */

/** Whatever is in the cache when all is over is new. */
void nothing_old_is_left(void *stage);

/* ---- claims ---- */

/** Explore the story under both models, from the stage as it is now. It must not fail, and reach every
 *  outcome of `sees`. Tells how many orders it took. */
void holds(struct explorer_case story, uint32_t sees);
void breaks(struct explorer_case story); /**< it must fail, under either model */
void breaks_under_tso_only(
    struct explorer_case story); /**< it must fail under one, hold under the other */
