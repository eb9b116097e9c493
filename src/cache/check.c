#include "cache/check.h"

#include <string.h>

/** What one look at the records of its key says of a fill. */
enum record_says {
    RECORD_PASS,
    RECORD_REFUSE,
    RECORD_VERSION, /* refuse: the source was later than what is filled */
    RECORD_COMPARE  /* the digest is needed first */
};

static enum record_says ask_digest(const struct fill *f, const struct record *record)
{
    if (record->has_version || hash128_zero(&record->digest))
        return RECORD_REFUSE;
    if (!f->has_digest)
        return RECORD_COMPARE;
    const bool equal = memcmp(record->digest.bytes, f->digest.bytes, sizeof f->digest.bytes) == 0;
    return equal ? RECORD_PASS : RECORD_REFUSE;
}

/** Was the record left by what announced this very write? An index belongs to one dot of a key, or to
 *  a gap, and no gap is its own: nothing else can have these two. */
static bool is_own(const struct fill *f, const struct record *record)
{
    return record->index == f->own || record->index == f->ended;
}

/** A value that shows the source as it was after the dot, or later, passes; so does an equal one. A
 *  version is heeded whatever the indices: the source may have answered from a replica that lags. */
static enum record_says ask_record(const struct fill *f, const struct record *record)
{
    const bool both = record->has_version && f->item->has_version;
    if (both && f->item->version < record->version)
        return RECORD_VERSION;
    if (both || record->index <= f->stamp || is_own(f, record))
        return RECORD_PASS;
    return ask_digest(f, record);
}

/** Every newer record of the key must pass, not only the newest: the dot of an older write may have
 *  been applied after that of a newer one. All are looked at, as they lie in no order of index: what
 *  closes a gap takes effect at the index at which the gap was discovered. */
static enum record_says ask_key_records(const struct shard *s, const struct fill *f)
{
    enum record_says says = RECORD_PASS;
    if (f->stamp >= s->recent.top && !f->item->has_version)
        return RECORD_PASS; /* none is newer, and versions are not compared */
    for (const struct record *r = recent_first(&s->recent, f->key->hash);
         r != NULL && says == RECORD_PASS; r = recent_next(&s->recent, r))
        says = ask_record(f, r);
    return says;
}

static bool tag_is_newer(const struct shard *s, uint64_t hash, uint64_t stamp)
{
    if (stamp < s->recent.top && recent_newer(&s->recent, hash, stamp))
        return true;
    const struct tag *tag = tagtable_find(&s->tags, hash);
    return tag != NULL && (tag->bar > stamp || tag->soft > stamp);
}

static bool a_tag_is_newer(const struct shard *s, const struct fill *f)
{
    for (uint8_t i = 0; i < f->tags.n; i++) {
        if (tag_is_newer(s, f->tags.hashes[i], f->stamp))
            return true;
    }
    if (f->tags.n > 0 && s->tagged_bar > f->stamp)
        return true;
    return conjunctions_cover(&s->conjunctions, f->tags.hashes, f->tags.n, f->stamp);
}

static bool ns_is_newer(const struct shard *s, const struct fill *f)
{
    return s->ns[f->ns_i].bar > f->stamp || s->ns[f->ns_i].soft > f->stamp ||
           names_at(s->names, f->ns_i)->born > f->stamp;
}

/** What, besides records of its key, is newer than the fill. The floor comes last. */
static enum cache_reason ask_barriers(const struct shard *s, const struct fill *f)
{
    if (a_tag_is_newer(s, f))
        return CACHE_TAG;
    if (prefixes_cover(&s->prefixes, s->hkey, f->key->ns, f->key->key, f->stamp))
        return CACHE_PREFIX;
    if (ns_is_newer(s, f))
        return CACHE_NAMESPACE;
    if (s->allbar > f->stamp || s->all_soft > f->stamp)
        return CACHE_ALL;
    /* Hardly any bucket was ever raised: then its memory need not be waited for. */
    if (f->stamp < s->bucket_top && f->stamp < *shard_bucket_bar(s, f->key->hash))
        return CACHE_INVALIDATED;
    if (s->recent.floor > f->stamp)
        return CACHE_FORGOTTEN;
    return CACHE_STORED;
}

/** The entry that is there may be better. One that is dead is no matter; one that is stale yields to
 *  an older stamp, but not to an older version. A copy of another node takes no entry's place that is
 *  an answer: that one is as good, and readers should not go back to what the source was before. */
static enum cache_reason ask_entry(struct shard *s, const struct fill *f)
{
    struct probe p;
    uint64_t version;
    struct item *it = shard_find(s, f->key, f->ns_i, &p);
    if (it == NULL || !shard_lives(s, it, f->now))
        return CACHE_STORED;
    if (f->item->has_version && item_version(it, &version) && f->item->version < version)
        return CACHE_VERSION;
    const bool yields = f->source != FILL_PEER && item_stamp(it) <= f->stamp;
    return !yields && !shard_stale(s, it, f->now) ? CACHE_NEWER : CACHE_STORED;
}

bool check_fill(struct shard *s, const struct fill *f, enum cache_reason *reason)
{
    *reason = quarantine_ask(&s->quarantine, f->now, f->key->hash);
    if (*reason != CACHE_STORED)
        return true;
    const enum record_says says = ask_key_records(s, f);
    if (says == RECORD_COMPARE)
        return false;
    if (says != RECORD_PASS)
        *reason = says == RECORD_VERSION ? CACHE_VERSION : CACHE_INVALIDATED;
    if (*reason == CACHE_STORED)
        *reason = ask_barriers(s, f);
    if (*reason == CACHE_STORED)
        *reason = ask_entry(s, f);
    return true;
}
