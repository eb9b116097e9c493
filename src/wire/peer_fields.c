#include "wire/peer_fields.h"

#include <assert.h>
#include <string.h>

#include "wire/dots.h"

void peer_pack_addr(struct packer *p, const struct addr *a)
{
    assert(a->ip_len == 4 || a->ip_len == 16);
    pack_bin(p, slice_of(a->ip, a->ip_len));
    pack_u64(p, a->port);
}

struct addr peer_read_addr(struct object_reader *r)
{
    struct addr a = {0};
    const struct slice ip = object_bin(r, SIZE_MAX);
    const uint64_t port = object_u64(r, UINT16_MAX);
    if (ip.len != 4 && ip.len != 16)
        object_fail(r, ERR_MALFORMED);
    if (r->err != OK)
        return a;
    memcpy(a.ip, ip.at, ip.len);
    a.ip_len = (uint8_t)ip.len;
    a.port = (uint16_t)port;
    return a;
}

struct slice peer_read_name(struct object_reader *r)
{
    const struct slice name = object_str(r, PEER_NAME_MAX);
    if (name.len == 0)
        object_fail(r, ERR_MALFORMED);
    return name;
}

struct slice peer_read_name_or_nil(struct object_reader *r)
{
    return object_nil(r) ? (struct slice){0} : peer_read_name(r);
}

struct slice peer_read_bin_or_nil(struct object_reader *r, size_t len_max)
{
    return object_nil(r) ? (struct slice){0} : object_bin(r, len_max);
}

uint8_t peer_read_state(struct object_reader *r)
{
    const uint64_t state = object_u64(r, PEER_LEFT);
    if (state < PEER_ALIVE)
        object_fail(r, ERR_MALFORMED);
    return (uint8_t)state;
}

struct slice peer_read_covers(struct object_reader *r, bool nil_allowed)
{
    if (nil_allowed && object_nil(r))
        return (struct slice){0};
    const struct slice covers = object_bin(r, SIZE_MAX);
    if (covers.len % COVER_LEN != 0)
        object_fail(r, ERR_MALFORMED);
    return covers;
}

struct slice peer_read_retired(struct object_reader *r)
{
    const struct slice retired = object_bin(r, SIZE_MAX);
    if (retired.len % PEER_RETIRED_LEN != 0)
        object_fail(r, ERR_MALFORMED);
    return retired;
}

void peer_assert_name(struct slice name)
{
    assert(name.len >= 1 && name.len <= PEER_NAME_MAX);
}

void peer_pack_record(struct packer *p, const struct peer_record *m)
{
    peer_assert_name(m->name);
    assert(m->gen <= PEER_GEN_MAX);
    assert(m->state >= PEER_ALIVE && m->state <= PEER_LEFT);
    assert(m->accuser.len <= PEER_NAME_MAX && m->meta.len <= PEER_META_MAX);
    pack_array(p, PEER_RECORD_FIELDS);
    pack_str(p, m->name);
    pack_u64(p, m->gen);
    pack_u64(p, m->ver);
    pack_u64(p, m->state);
    peer_pack_addr(p, &m->addr);
    pack_u64(p, m->caps);
    pack_u64(p, m->epoch);
    pack_str_or_nil(p, m->accuser);
    pack_u64(p, m->meta_hash);
    pack_bin_or_nil(p, m->meta);
}

void peer_read_record(struct object_reader *r, struct peer_record *out)
{
    struct object_reader fields = object_array(r, UINT32_MAX);
    out->name = peer_read_name(&fields);
    out->gen = object_u64(&fields, PEER_GEN_MAX);
    out->ver = object_u32(&fields);
    out->state = peer_read_state(&fields);
    out->addr = peer_read_addr(&fields);
    out->caps = object_u32(&fields);
    out->epoch = object_u64(&fields, UINT64_MAX);
    out->accuser = peer_read_name_or_nil(&fields);
    out->meta_hash = object_u32(&fields);
    out->meta = peer_read_bin_or_nil(&fields, PEER_META_MAX);
    object_join(r, &fields);
}

void peer_pack_records(struct packer *p, const struct peer_record *records, size_t n)
{
    pack_array(p, n);
    for (size_t i = 0; i < n; i++)
        peer_pack_record(p, &records[i]);
}

size_t peer_read_records(struct object_reader *r, struct peer_record *out, uint32_t n_max)
{
    struct object_reader list = object_array(r, n_max);
    size_t n = 0;
    while (list.err == OK && list.left > 0)
        peer_read_record(&list, &out[n++]);
    object_join(r, &list);
    return n;
}

static bool range_is_sound(const struct dot_range *range)
{
    return range->epoch != 0 && range->lo >= 1 && range->lo <= range->hi;
}

void peer_pack_ranges(struct packer *p, const struct dot_range *ranges, size_t n)
{
    pack_array(p, n);
    for (size_t i = 0; i < n; i++) {
        assert(range_is_sound(&ranges[i]));
        pack_array(p, PEER_RANGE_FIELDS);
        pack_u64(p, ranges[i].epoch);
        pack_u64(p, ranges[i].lo);
        pack_u64(p, ranges[i].hi);
    }
}

static void read_range(struct object_reader *r, struct dot_range *out)
{
    struct object_reader fields = object_array(r, UINT32_MAX);
    out->epoch = object_u64(&fields, UINT64_MAX);
    out->lo = object_u64(&fields, UINT64_MAX);
    out->hi = object_u64(&fields, UINT64_MAX);
    if (!range_is_sound(out))
        object_fail(&fields, ERR_MALFORMED);
    object_join(r, &fields);
}

size_t peer_read_ranges(struct object_reader *r, struct dot_range *out, uint32_t n_max)
{
    struct object_reader list = object_array(r, n_max);
    size_t n = 0;
    while (list.err == OK && list.left > 0)
        read_range(&list, &out[n++]);
    object_join(r, &list);
    return n;
}
