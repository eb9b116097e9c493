#include "cache/namespace.h"

#include <assert.h>
#include <string.h>

#include "cache/inside.h"

static uint32_t count(const struct names *names)
{
    return atomic_load_explicit(&names->n, memory_order_acquire);
}

const struct names_entry *names_at(const struct names *names, uint8_t ns_i)
{
    assert(ns_i < count(names));
    return &names->all[ns_i];
}

struct slice names_text(const struct names *names, uint8_t ns_i)
{
    const struct names_entry *entry = names_at(names, ns_i);
    return slice_of(entry->text, entry->len);
}

bool names_find(const struct names *names, struct slice name, uint8_t *out)
{
    const uint32_t n = count(names);
    for (uint32_t i = 0; i < n; i++) {
        if (slice_eq(slice_of(names->all[i].text, names->all[i].len), name)) {
            *out = (uint8_t)i;
            return true;
        }
    }
    return false;
}

bool names_find_hash(const struct names *names, uint64_t hash, uint8_t *out)
{
    const uint32_t n = count(names);
    for (uint32_t i = 0; i < n; i++) {
        if (names->all[i].hash == hash) {
            *out = (uint8_t)i;
            return true;
        }
    }
    return false;
}

bool names_add(struct names *names, const struct hkey *hkey, struct slice name, uint64_t born)
{
    const uint32_t n = count(names);
    assert(name.len <= CACHE_NS_MAX);
    if (n == CACHE_NAMESPACES_MAX)
        return false;
    struct names_entry *entry = &names->all[n];
    entry->hash = hash_target(hkey, TARGET_NAMESPACE, name, slice_of(NULL, 0));
    entry->born = born;
    entry->len = (uint8_t)name.len;
    if (name.len > 0)
        memcpy(entry->text, name.at, name.len);
    atomic_store_explicit(&names->n, n + 1, memory_order_release);
    return true;
}

enum err cache_namespace(struct cache *c, struct slice name, uint8_t *out)
{
    if (name.len > CACHE_NS_MAX)
        return ERR_LIMIT;
    if (names_find(&c->names, name, out))
        return OK;
    cache_ns_enter(c);
    bool there = names_find(&c->names, name, out);
    /* L is read under the lock: a namespace dot that did not find this name under the same lock has
     * published its index before, so born is at least that. See cache_apply(). */
    if (!there && names_add(&c->names, &c->cfg.hkey, name, cache_index(c)))
        there = names_find(&c->names, name, out);
    cache_ns_leave(c);
    return there ? OK : ERR_FULL;
}

bool cache_namespace_find(const struct cache *c, struct slice name, uint8_t *out)
{
    return names_find(&c->names, name, out);
}

uint32_t cache_namespaces(const struct cache *c)
{
    return count(&c->names);
}

struct slice cache_namespace_name(const struct cache *c, uint8_t ns_i)
{
    return names_text(&c->names, ns_i);
}
