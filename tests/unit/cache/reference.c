#include "reference.h"

#include <stdlib.h>
#include <string.h>

void ref_free(struct reference *r)
{
    for (size_t i = 0; i < REF_KEYS; i++)
        free(r->keys[i].dots);
    free(r->prefixes);
    free(r->sets);
    free(r);
}

void ref_raise(struct ref_bar *bar, uint64_t index, bool soft)
{
    uint64_t *word = soft ? &bar->soft : &bar->hard;
    *word = index > *word ? index : *word;
}

/** Room for one more element behind the n at *at. */
static void *grow(void *at, size_t n, size_t *max, size_t size)
{
    if (n < *max)
        return at;
    *max = *max * 2 + 16;
    return realloc(at, *max * size);
}

static bool same_prefix(const struct ref_prefix *p, uint8_t ns, const char *key, size_t len)
{
    return p->ns == ns && p->len == len && memcmp(p->text, key, len) == 0;
}

void ref_prefix(struct reference *r, uint8_t ns, const char *key, size_t len, uint64_t index)
{
    for (size_t i = 0; i < r->prefixes_n; i++) {
        if (!same_prefix(&r->prefixes[i], ns, key, len))
            continue;
        if (index > r->prefixes[i].bar)
            r->prefixes[i].bar = index;
        return;
    }
    r->prefixes = grow(r->prefixes, r->prefixes_n, &r->prefixes_max, sizeof *r->prefixes);
    struct ref_prefix *p = &r->prefixes[r->prefixes_n++];
    *p = (struct ref_prefix){.len = len, .ns = ns, .bar = index};
    memcpy(p->text, key, len);
}

void ref_set(struct reference *r, const struct ref_set *set)
{
    for (size_t i = 0; i < r->sets_n; i++) {
        struct ref_set *it = &r->sets[i];
        if (it->ns != set->ns || it->n != set->n ||
            memcmp(it->tags, set->tags, set->n * sizeof set->tags[0]) != 0)
            continue;
        it->bar = set->bar > it->bar ? set->bar : it->bar;
        return;
    }
    r->sets = grow(r->sets, r->sets_n, &r->sets_max, sizeof *r->sets);
    r->sets[r->sets_n++] = *set;
}

static bool same_content(const struct content *a, const struct content *b)
{
    return a->value == b->value && a->ttl_class == b->ttl_class &&
           a->fresh_class == b->fresh_class && a->version == b->version && a->tags_n == b->tags_n &&
           memcmp(a->tags, b->tags, a->tags_n * sizeof a->tags[0]) == 0;
}

/** Does a content show the source as the dot has left it, or later? */
static bool is_as_new(const struct content *c, const struct key_dot *dot)
{
    if (dot->version != 0)
        return c->version >= dot->version;
    return dot->is_put && same_content(c, &dot->content);
}

void ref_key_dot(struct reference *r, size_t key_i, const struct key_dot *dot)
{
    struct ref_key *k = &r->keys[key_i];
    k->dots = grow(k->dots, k->dots_n, &k->dots_max, sizeof *k->dots);
    k->dots[k->dots_n++] = *dot;
    struct ref_entry *e = &k->entry;
    if (e->stamp >= dot->index || is_as_new(&e->content, dot))
        return;
    if (dot->soft)
        e->marked = true;
    else
        e->there = false;
}

static enum cache_reason quarantine(const struct ref_key *k, mono_us now)
{
    for (size_t i = 0; i < REF_BEGINS; i++) {
        if (now < k->begun[i].until_us)
            return CACHE_INTENT;
    }
    return now < k->nostore_us ? CACHE_NOSTORE : CACHE_STORED;
}

static enum cache_reason key_refuses(const struct ref_key *k, const struct ref_entry *e, bool exact)
{
    for (size_t i = k->dots_n; i > 0; i--) {
        const struct key_dot *d = &k->dots[i - 1];
        const bool older = d->index <= e->stamp || d->index == e->own || d->index == e->ended;
        const bool outrun =
            d->version != 0 && e->content.version != 0 && e->content.version < d->version;
        if (outrun && (exact || !older))
            return CACHE_VERSION;
        if (!older && !is_as_new(&e->content, d))
            return CACHE_INVALIDATED;
    }
    return CACHE_STORED;
}

static bool has_all(const struct content *c, const struct ref_set *set)
{
    uint32_t met = 0;
    for (uint8_t i = 0; i < c->tags_n; i++) {
        for (uint8_t j = 0; j < set->n; j++)
            met += c->tags[i] == set->tags[j] ? 1 : 0;
    }
    return met == set->n;
}

/** Is any barrier of tags newer than the entry? */
static bool tags_cover(const struct reference *r, uint8_t ns, const struct ref_entry *e, bool soft)
{
    for (size_t i = 0; i < e->content.tags_n; i++) {
        const struct ref_bar *bar = &r->tags[ns][e->content.tags[i]];
        if (bar->hard > e->stamp || (soft && bar->soft > e->stamp))
            return true;
    }
    for (size_t i = 0; i < r->sets_n; i++) {
        const struct ref_set *set = &r->sets[i];
        if (set->ns == ns && set->bar > e->stamp && has_all(&e->content, set))
            return true;
    }
    return e->content.tags_n > 0 && r->tagged_bar > e->stamp;
}

static bool prefix_covers(const struct reference *r, const struct ref_key *k, uint64_t stamp)
{
    const size_t len = strlen(k->text);
    for (size_t i = 0; i < r->prefixes_n; i++) {
        const struct ref_prefix *p = &r->prefixes[i];
        if (p->bar > stamp && p->ns == k->ns && p->len <= len &&
            memcmp(p->text, k->text, p->len) == 0)
            return true;
    }
    return false;
}

static bool bar_covers(const struct ref_bar *bar, uint64_t stamp, bool soft)
{
    return bar->hard > stamp || (soft && bar->soft > stamp);
}

static enum cache_reason barriers(const struct reference *r, const struct ref_key *k,
                                  const struct ref_entry *e, bool soft)
{
    if (tags_cover(r, k->ns, e, soft))
        return CACHE_TAG;
    if (prefix_covers(r, k, e->stamp))
        return CACHE_PREFIX;
    if (bar_covers(&r->ns[k->ns], e->stamp, soft))
        return CACHE_NAMESPACE;
    if (bar_covers(&r->all, e->stamp, soft))
        return CACHE_ALL;
    return k->bucket_bar > e->stamp ? CACHE_INVALIDATED : CACHE_STORED;
}

bool ref_lives(const struct reference *r, size_t key_i, mono_us now)
{
    const struct ref_entry *e = &r->keys[key_i].entry;
    return e->there && now < e->expires_us &&
           barriers(r, &r->keys[key_i], e, false) == CACHE_STORED;
}

static bool is_stale(const struct reference *r, size_t key_i, mono_us now)
{
    const struct ref_entry *e = &r->keys[key_i].entry;
    return e->marked || now >= e->fresh_us || barriers(r, &r->keys[key_i], e, true) != CACHE_STORED;
}

static enum cache_reason entry_refuses(const struct reference *r, size_t key_i,
                                       const struct ref_entry *offered, mono_us now)
{
    const struct ref_entry *e = &r->keys[key_i].entry;
    if (!ref_lives(r, key_i, now))
        return CACHE_STORED;
    if (offered->content.version != 0 && offered->content.version < e->content.version)
        return CACHE_VERSION;
    const bool newer = offered->peer || e->stamp > offered->stamp;
    return newer && !is_stale(r, key_i, now) ? CACHE_NEWER : CACHE_STORED;
}

enum cache_reason ref_judge(const struct reference *r, size_t key_i, const struct ref_entry *entry,
                            mono_us now, bool exact)
{
    const struct ref_key *k = &r->keys[key_i];
    enum cache_reason says = quarantine(k, now);
    if (says == CACHE_STORED)
        says = key_refuses(k, entry, exact);
    if (says == CACHE_STORED)
        says = barriers(r, k, entry, true);
    if (says == CACHE_STORED && exact)
        says = entry_refuses(r, key_i, entry, now);
    return says;
}

enum cache_found ref_look(const struct reference *r, size_t key_i, mono_us now,
                          const struct cache_ask *ask)
{
    const struct ref_entry *e = &r->keys[key_i].entry;
    if (!ref_lives(r, key_i, now) || e->stamp < ask->min_stamp || (ask->proven_only && e->unproven))
        return CACHE_ABSENT;
    if (!is_stale(r, key_i, now))
        return CACHE_HIT;
    return ask->stale_ok ? CACHE_STALE : CACHE_ABSENT;
}
