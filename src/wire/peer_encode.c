#include <assert.h>
#include <string.h>

#include "wire/dots.h"
#include "wire/peer_check.h"
#include "wire/peer_fields.h"

#define BODY_FIELDS 11   /* and 2 more when there is something to count */
#define FIXARRAY    0x90 /* msgpack */
#define BIN_16      0xC5

static void pack_bin64_or_nil(struct packer *p, bool known, uint64_t value)
{
    if (known)
        pack_bin64(p, value);
    else
        pack_nil(p);
}

static void pack_you(struct packer *p, const struct peer_you *you)
{
    if (!you->known) {
        pack_nil(p);
        return;
    }
    assert(you->state >= PEER_ALIVE && you->state <= PEER_LEFT);
    assert(you->gen <= PEER_GEN_MAX);
    pack_array(p, 3);
    pack_u64(p, you->state);
    pack_u64(p, you->gen);
    pack_u64(p, you->ver);
}

static void pack_ping(struct packer *p, const struct peer_ping *ping)
{
    assert(ping->to_name.len <= PEER_NAME_MAX && ping->to_gen <= PEER_GEN_MAX);
    pack_array(p, 5);
    pack_bin64(p, ping->challenge);
    pack_str_or_nil(p, ping->to_name);
    pack_u64(p, ping->to_gen);
    pack_you(p, &ping->you);
    pack_u64(p, ping->lhm);
}

static void pack_ack(struct packer *p, const struct peer_ack *ack)
{
    pack_array(p, 3);
    pack_bin64(p, ack->challenge);
    pack_bin64_or_nil(p, ack->has_own, ack->own);
    pack_u64(p, ack->data_age_ms);
}

static void pack_ping_req(struct packer *p, const struct peer_ping_req *req)
{
    peer_assert_name(req->name);
    assert(req->gen <= PEER_GEN_MAX);
    pack_array(p, 6);
    pack_bin64(p, req->challenge);
    pack_str(p, req->name);
    pack_u64(p, req->gen);
    peer_pack_addr(p, &req->addr);
    pack_u64(p, req->budget_ms);
}

static void pack_nack(struct packer *p, const struct peer_reply *reply)
{
    pack_array(p, 2);
    pack_bin64(p, reply->challenge);
    pack_u64(p, reply->reason);
}

static void pack_not_me(struct packer *p, const struct peer_reply *reply)
{
    peer_assert_name(reply->name);
    assert(reply->gen <= PEER_GEN_MAX);
    pack_array(p, 3);
    pack_bin64(p, reply->challenge);
    pack_str(p, reply->name);
    pack_u64(p, reply->gen);
}

static void pack_ranges(struct packer *p, const struct peer_ranges *ranges)
{
    assert(ranges->n <= PEER_RANGES_MAX);
    peer_pack_ranges(p, ranges->at, ranges->n);
}

static void pack_heads(struct packer *p, const struct peer_heads *heads)
{
    assert(heads->groups.len == 0 || heads->groups.len == PEER_GROUPS_LEN);
    assert(heads->covers.len % COVER_LEN == 0 && heads->retired.len % PEER_RETIRED_LEN == 0);
    const bool retired = (heads->ring_seen | heads->retired_from) != 0 || heads->retired.len != 0;
    pack_array(p, retired ? 5 : 2);
    pack_bin_or_nil(p, heads->groups);
    pack_bin(p, heads->covers);
    if (!retired)
        return;
    pack_u64(p, heads->ring_seen);
    pack_u64(p, heads->retired_from);
    pack_bin(p, heads->retired);
}

static void pack_args(struct packer *p, const struct peer_msg *m)
{
    assert(m->type >= PEER_PING && m->type <= PEER_KINDS);
    switch ((enum peer_type)m->type) {
    case PEER_PING:
        pack_ping(p, &m->args.ping);
        return;
    case PEER_ACK:
        pack_ack(p, &m->args.ack);
        return;
    case PEER_PING_REQ:
        pack_ping_req(p, &m->args.ping_req);
        return;
    case PEER_NACK:
        pack_nack(p, &m->args.reply);
        return;
    case PEER_NOT_ME:
        pack_not_me(p, &m->args.reply);
        return;
    case PEER_PULL:
    case PEER_GONE:
        pack_ranges(p, &m->args.ranges);
        return;
    case PEER_HEADS:
        pack_heads(p, &m->args.heads);
        return;
    case PEER_GOSSIP:
    case PEER_LEAVE:
    case PEER_DOTS:
        pack_nil(p);
        return;
    case PEER_POLL:
    case PEER_PROOF:
    case PEER_SUMS:
    case PEER_SAMPLE:
    case PEER_TRACE:
    case PEER_TRACED:
    case PEER_SURVEY:
    case PEER_SURVEYED:
        peer_check_pack(p, m);
        return;
    }
}

static void pack_body(struct packer *p, const struct peer_msg *m)
{
    assert(m->gen <= PEER_GEN_MAX && m->records_n <= PEER_RECORDS_MAX);
    assert(m->covers.len % COVER_LEN == 0 && m->forgotten_n <= m->retired_n);
    const bool counts = m->retired_n != 0;
    pack_array(p, counts ? BODY_FIELDS + 2 : BODY_FIELDS);
    pack_u64(p, m->type);
    pack_u64(p, m->gen);
    pack_u64(p, m->ver);
    pack_u64(p, m->view_hash);
    pack_u64(p, m->head);
    pack_u64(p, m->vector_hash);
    pack_bin64_or_nil(p, m->has_echo, m->echo);
    pack_args(p, m);
    peer_pack_records(p, m->records, m->records_n);
    pack_bin_or_nil(p, m->dots);
    pack_bin_or_nil(p, m->covers);
    if (!counts)
        return;
    pack_u64(p, m->retired_n);
    pack_u64(p, m->forgotten_n);
}

enum err peer_encode(const struct peer_msg *m, uint8_t *out, size_t cap, size_t *len)
{
    assert(m != NULL && len != NULL);
    struct writer w = writer_of(out, cap);
    struct packer p = packer_of(&w);
    pack_body(&p, m);
    if (w.err != OK)
        return w.err;
    *len = w.len;
    return OK;
}

size_t peer_pad(uint8_t *body, size_t len, size_t least)
{
    assert(body[0] == FIXARRAY + BODY_FIELDS || body[0] == FIXARRAY + BODY_FIELDS + 2);
    if (len + 3 >= least)
        return len;
    const size_t padding = least - len - 3;
    struct writer w = writer_of(body + len, least - len);
    body[0]++;
    write_u8(&w, BIN_16);
    write_u16(&w, (uint16_t)padding);
    memset(body + len + 3, 0, padding);
    return least;
}

/* The 16th record makes the head of the array of records 2 bytes longer. */
#define ARRAY_HEAD_GROWTH 2

size_t peer_record_len(const struct peer_record *r)
{
    struct packer p = packer_measuring();
    peer_pack_record(&p, r);
    return p.len + ARRAY_HEAD_GROWTH;
}

size_t peer_msg_len(const struct peer_msg *m)
{
    struct packer p = packer_measuring();
    pack_body(&p, m);
    return p.len;
}
