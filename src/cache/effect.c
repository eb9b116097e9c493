/** What a dot does to one shard, under that shard's lock. */
#include <stddef.h>
#include <string.h>

#include "cache/digest.h"
#include "cache/shard.h"

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* ---- one key ---- */

/** Has the dot a version of the source? Only these kinds say what the source holds now. */
static bool tells_version(const struct dot *d)
{
    return d->has_version && (d->kind == DOT_KEY || d->kind == DOT_PUT);
}

static void remember(struct shard *s, const struct dot *d, uint64_t e)
{
    struct record record = {.hash = d->hash, .index = e};
    if (tells_version(d)) {
        record.has_version = true;
        record.version = d->version;
    } else if (d->kind == DOT_PUT) {
        record.digest = d->digest;
    }
    recent_add(&s->recent, &record);
}

/** Is the entry what the put has written? */
static bool equals_put(const struct shard *s, struct item *it, const struct dot *d)
{
    if (d->kind != DOT_PUT || hash128_zero(&d->digest))
        return false;
    const struct hash128 own = digest_of_entry(s, it);
    return memcmp(own.bytes, d->digest.bytes, sizeof own.bytes) == 0;
}

/** Does the entry show the source as it is after this dot, or later? It then lives on, with the stamp
 *  and the mark that it has: other dots, heard of but not yet here, still treat it as before. */
static bool spares(const struct shard *s, struct item *it, const struct dot *d)
{
    uint64_t version;
    if (tells_version(d))
        return item_version(it, &version) && version >= d->version;
    return equals_put(s, it, d);
}

static void mark(struct shard *s, struct item *it)
{
    s->counts.marked += (item_flags(it) & ITEM_STALE) == 0;
    item_mark(it, ITEM_STALE);
}

static void kill_key(struct shard *s, const struct dot *d, uint64_t e)
{
    const bool soft = d->soft && d->kind == DOT_KEY;
    struct probe p = slots_probe(&s->slots, d->hash);
    for (struct item *it = shard_next(s, d->hash, &p); it != NULL;
         it = shard_next(s, d->hash, &p)) {
        if (item_stamp(it) >= e)
            continue;
        if (spares(s, it, d)) {
            s->counts.spared++;
        } else if (soft) {
            mark(s, it);
        } else {
            shard_stats_of(s, it)->invalidated++;
            shard_remove(s, it, &p);
            s->counts.killed++;
        }
    }
}

void shard_apply_key(struct shard *s, mono_us now, const struct dot *d, uint64_t e)
{
    if (d->kind != DOT_ABORT) {
        remember(s, d, e);
        kill_key(s, d, e);
    }
    if (d->kind == DOT_NOSTORE || d->kind == DOT_BEGIN)
        s->counts.quarantine_full += !quarantine_begin(&s->quarantine, now, d);
    else if (d->kind == DOT_COMMIT || d->kind == DOT_ABORT)
        quarantine_end(&s->quarantine, d->subject_epoch, d->subject_seq);
}

/* ---- barriers ---- */

void shard_bar_tag(struct shard *s, uint64_t hash, uint64_t e, bool soft)
{
    recent_add(&s->recent, &(struct record){.hash = hash, .index = e});
    struct tag *tag = tagtable_find(&s->tags, hash);
    if (tag == NULL)
        return;
    if (soft)
        tag->soft = later(tag->soft, e);
    else
        tag->bar = later(tag->bar, e);
}

void shard_bar_ns(struct shard *s, uint8_t ns_i, uint64_t e, bool soft)
{
    if (soft) {
        s->ns[ns_i].soft = later(s->ns[ns_i].soft, e);
        return;
    }
    s->ns[ns_i].bar = later(s->ns[ns_i].bar, e);
    (void)shard_ask_sweep(s);
}

void shard_bar_all(struct shard *s, uint64_t e, bool soft)
{
    if (soft) {
        s->all_soft = later(s->all_soft, e);
        return;
    }
    s->allbar = later(s->allbar, e);
    (void)shard_ask_sweep(s);
}

void shard_bar_tagged(struct shard *s, uint64_t e)
{
    s->tagged_bar = later(s->tagged_bar, e);
    (void)shard_ask_sweep(s);
}

/** Make room for a prefix barrier by turning the oldest into something that needs no room. */
static void fold_oldest_prefix(struct shard *s)
{
    const struct prefix *oldest = prefixes_oldest(&s->prefixes);
    /* Swept: no entry needs it any more, only fills in flight do, and the floor refuses those.
     * In this order: sweep, raise the floor, drop. */
    recent_raise_floor(&s->recent, oldest->index);
    if (oldest->pass > s->sweep.done) {
        shard_bar_all(s, oldest->index, false);
        s->counts.prefixes_folded++;
    }
    prefixes_drop(&s->prefixes);
}

void shard_bar_prefix(struct shard *s, uint64_t hash, uint16_t len, uint64_t e)
{
    if (len > CACHE_KEY_MAX) /* longer than any key: covers nothing */
        return;
    const uint64_t pass = shard_ask_sweep(s);
    if (prefixes_raise(&s->prefixes, hash, e, pass))
        return;
    /* A 17th length waits for a length to become free, as a 1,025th prefix does for a place. */
    while (!prefixes_take(&s->prefixes, len))
        fold_oldest_prefix(s);
    const struct prefix barrier = {.hash = hash, .index = e, .pass = pass, .len = len};
    prefixes_add(&s->prefixes, &barrier);
}

/** The tag of set that the fewest entries of this shard carry; NULL when no entry carries one of them,
 *  so that none carries all. */
static struct tag *rarest_tag(const struct shard *s, const struct conjunction *set)
{
    struct tag *rarest = NULL;
    for (uint32_t i = 0; i < set->n; i++) {
        struct tag *tag = tagtable_find(&s->tags, set->tags[i]);
        if (tag == NULL)
            return NULL;
        if (rarest == NULL || tag->refs < rarest->refs)
            rarest = tag;
    }
    return rarest;
}

/** As fold_oldest_prefix(). What is not swept turns into the barrier of one tag of the set, which
 *  covers more than the set did. That tag may be freed and come back without its barrier: what is then
 *  stored with an old stamp meets the floor, as it meets it for a tag that nobody carries now. */
static void fold_oldest_conjunction(struct shard *s)
{
    const struct conjunction *oldest = conjunctions_oldest(&s->conjunctions);
    recent_raise_floor(&s->recent, oldest->index);
    if (oldest->pass > s->sweep.done) {
        struct tag *tag = rarest_tag(s, oldest);
        if (tag != NULL)
            tag->bar = later(tag->bar, oldest->index);
        s->counts.conjunctions_folded++;
    }
    conjunctions_drop(&s->conjunctions);
}

void shard_bar_conjunction(struct shard *s, const struct conjunction *set, uint64_t e)
{
    struct conjunction barrier = *set;
    barrier.index = e;
    barrier.pass = shard_ask_sweep(s);
    if (conjunctions_raise(&s->conjunctions, &barrier))
        return;
    if (conjunctions_full(&s->conjunctions))
        fold_oldest_conjunction(s);
    conjunctions_add(&s->conjunctions, &barrier);
}
