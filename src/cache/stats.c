/** Counters for people, and the words of the protocol for reasons. */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "cache/inside.h"

const char *cache_reason_text(enum cache_reason reason)
{
    static const char *const texts[CACHE_REASONS] = {
        [CACHE_STORED] = "stored",
        [CACHE_INVALIDATED] = "invalidated",
        [CACHE_TAG] = "tag",
        [CACHE_PREFIX] = "prefix",
        [CACHE_NAMESPACE] = "namespace",
        [CACHE_ALL] = "all",
        [CACHE_FORGOTTEN] = "forgotten",
        [CACHE_NEWER] = "newer",
        [CACHE_VERSION] = "version",
        [CACHE_NOSTORE] = "nostore",
        [CACHE_INTENT] = "intent",
        [CACHE_TAGS_FULL] = "tags_full",
        [CACHE_MEMORY] = "memory",
        [CACHE_TOKEN_NODE] = "token_node",
        [CACHE_TOKEN_KEY] = "token_key",
        [CACHE_TOKEN_EXPIRED] = "token_expired",
        [CACHE_NOT_READY] = "not_ready",
        [CACHE_TOKEN_BAD] = "token_bad",
    };
    assert((size_t)reason < CACHE_REASONS && texts[reason] != NULL);
    return texts[reason];
}

static_assert(sizeof(struct shard_counts) == (14 + CACHE_REASONS) * sizeof(uint64_t),
              "every counter is added up below");

static void add_counts(struct cache_stats *out, const struct shard_counts *n)
{
    out->misses += n->misses;
    out->claims_taken += n->claims_taken;
    out->imports += n->imports;
    out->killed += n->killed;
    out->marked += n->marked;
    out->spared += n->spared;
    out->reinserted += n->reinserted;
    out->came_back += n->came_back;
    out->moved += n->moved;
    out->swept += n->swept;
    out->dead_lookups += n->dead_lookups;
    out->tags_full += n->refused[CACHE_TAGS_FULL];
    out->prefixes_folded += n->prefixes_folded;
    out->conjunctions_folded += n->conjunctions_folded;
    out->quarantine_full += n->quarantine_full;
    for (size_t i = 0; i < CACHE_REASONS; i++)
        out->refused[i] += n->refused[i];
}

static_assert(sizeof(struct cache_ns_stats) == 10 * sizeof(uint64_t),
              "what is summed up for all, and for each");

/** Into the sum of all: items and bytes are known of the shard as a whole. */
static void add_ns(struct cache_stats *out, const struct cache_ns_stats *n)
{
    out->hits += n->hits;
    out->stale_hits += n->stale_hits;
    out->misses += n->misses;
    out->fills += n->fills;
    out->puts += n->puts;
    out->evicted += n->evicted;
    out->expired += n->expired;
}

static void add_bytes(struct cache_stats *out, const struct segments *g)
{
    out->used_bytes += g->used;
    out->live_bytes += g->live;
    out->index_bytes += g->index_n * g->unit_len;
    out->free_bytes += g->free_n * g->unit_len;
    out->table_bytes -= g->n * g->unit_len;
}

void cache_stats(struct cache *c, struct cache_stats *out)
{
    *out = (struct cache_stats){.budget_bytes = c->cfg.budget_bytes,
                                .fixed_bytes = c->fixed_bytes,
                                .table_bytes = c->cfg.budget_bytes,
                                .namespaces = cache_namespaces(c)};
    for (uint32_t i = 0; i < c->cfg.shards; i++) {
        const struct shard *s = cache_enter(c, i);
        const uint32_t named = cache_namespaces(c); /* under the lock: all that are counted in s */
        for (uint32_t k = 0; k < named; k++)
            add_ns(out, &s->ns[k].stats);
        add_counts(out, &s->counts);
        add_bytes(out, &s->segments);
        out->items += s->slots.used;
        out->tags += s->tags.used;
        out->prefixes += s->prefixes.used;
        out->conjunctions += s->conjunctions.used;
        out->quarantines += s->quarantine.used;
        out->leases_lost += s->leases.lost;
        cache_leave(c, i);
    }
}

static void add_each(struct cache_ns_stats *out, const struct cache_ns_stats *n)
{
    out->hits += n->hits;
    out->misses += n->misses;
    out->stale_hits += n->stale_hits;
    out->fills += n->fills;
    out->puts += n->puts;
    out->invalidated += n->invalidated;
    out->evicted += n->evicted;
    out->expired += n->expired;
    out->items += n->items;
    out->bytes += n->bytes;
}

uint32_t cache_ns_stats(struct cache *c, struct cache_ns_stats *out)
{
    const uint32_t n = cache_namespaces(c);
    memset(out, 0, n * sizeof *out);
    for (uint32_t i = 0; i < c->cfg.shards; i++) {
        const struct shard *s = cache_enter(c, i);
        for (uint32_t k = 0; k < n; k++)
            add_each(&out[k], &s->ns[k].stats);
        cache_leave(c, i);
    }
    return n;
}
