#include "wire/entries.h"

#include <assert.h>

#include "base/bytes.h"
#include "wire/object.h"
#include "wire/pack.h"

#define ENTRY_FIELDS 8
#define TAG_LEN      8

/** Hashes that rise: a set, written in one way. */
static bool tags_rise(struct slice tags)
{
    struct reader r = reader_of(tags);
    uint64_t before = 0;
    for (bool first = true; r.rest.len > 0; first = false) {
        const uint64_t hash = read_u64(&r);
        if (!first && hash <= before)
            return false;
        before = hash;
    }
    return true;
}

/** Are the lengths right that its type does not say? */
static bool is_sound(const struct stream_entry *e)
{
    return e->key.len >= 1 && e->tags.len % TAG_LEN == 0 && tags_rise(e->tags);
}

static void pack_entry(struct packer *p, const struct stream_entry *e)
{
    assert(e->ns.len <= ENTRY_NS_MAX && e->key.len <= ENTRY_KEY_MAX);
    assert(e->tags.len <= ENTRY_TAGS_MAX * TAG_LEN && is_sound(e));
    pack_array(p, ENTRY_FIELDS);
    pack_bin(p, e->ns);
    pack_bin(p, e->key);
    pack_bin(p, e->value);
    pack_bin(p, e->tags);
    pack_u64(p, e->ttl_ms);
    pack_u64(p, e->fresh_ms);
    if (e->has_version)
        pack_u64(p, e->version);
    else
        pack_nil(p);
    pack_u64(p, e->age_ms);
}

void entries_pack(struct packer *p, const struct stream_entry *entries, size_t n)
{
    assert(n <= ENTRIES_MAX);
    pack_array(p, n);
    for (size_t i = 0; i < n; i++)
        pack_entry(p, &entries[i]);
}

static void read_entry(struct object_reader *r, struct stream_entry *out)
{
    struct object_reader fields = object_array(r, UINT32_MAX);
    out->ns = object_bin(&fields, ENTRY_NS_MAX);
    out->key = object_bin(&fields, ENTRY_KEY_MAX);
    out->value = object_bin(&fields, SIZE_MAX);
    out->tags = object_bin(&fields, (size_t)ENTRY_TAGS_MAX * TAG_LEN);
    out->ttl_ms = object_u64(&fields, UINT64_MAX);
    out->fresh_ms = object_u64(&fields, UINT64_MAX);
    out->has_version = !object_nil(&fields);
    out->version = out->has_version ? object_u64(&fields, UINT64_MAX) : 0;
    out->age_ms = fields.left > 0 ? object_u64(&fields, UINT64_MAX) : 0;
    if (fields.err == OK && !is_sound(out))
        object_fail(&fields, ERR_MALFORMED);
    object_join(r, &fields);
}

size_t entries_read(struct object_reader *r, struct stream_entry *out)
{
    struct object_reader list = object_array(r, ENTRIES_MAX);
    size_t n = 0;
    while (list.err == OK && list.left > 0)
        read_entry(&list, &out[n++]);
    object_join(r, &list);
    return n;
}
