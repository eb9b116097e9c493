#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "wire/peer_check.h"
#include "wire/peer_fields.h"

struct peer_codec {
    struct object_room room; /* first: object_codec_new() */
};

static const struct scan_limits limits = {.depth_max = PEER_DEPTH_MAX, .nodes_max = PEER_NODES_MAX};

struct peer_codec *peer_codec_new(struct arena *arena)
{
    return object_codec_new(arena, sizeof(struct peer_codec), &limits);
}

void peer_codec_free(struct peer_codec *c)
{
    object_codec_free(c);
}

/** Read nil or a challenge of 8 bytes. Returns: whether there was one. */
static bool read_challenge(struct object_reader *r, uint64_t *out)
{
    if (object_nil(r))
        return false;
    *out = object_bin64(r);
    return true;
}

static void read_you(struct object_reader *r, struct peer_you *out)
{
    if (object_nil(r))
        return;
    struct object_reader fields = object_array(r, UINT32_MAX);
    out->known = true;
    out->state = peer_read_state(&fields);
    out->gen = object_u64(&fields, PEER_GEN_MAX);
    out->ver = object_u32(&fields);
    object_join(r, &fields);
}

static void read_ping(struct object_reader *r, struct peer_ping *out)
{
    out->challenge = object_bin64(r);
    out->to_name = peer_read_name_or_nil(r);
    out->to_gen = object_u64(r, PEER_GEN_MAX);
    read_you(r, &out->you);
    out->lhm = object_u8(r);
}

static void read_ack(struct object_reader *r, struct peer_ack *out)
{
    out->challenge = object_bin64(r);
    out->has_own = read_challenge(r, &out->own);
    out->data_age_ms = object_u32(r);
}

static void read_ping_req(struct object_reader *r, struct peer_ping_req *out)
{
    out->challenge = object_bin64(r);
    out->name = peer_read_name(r);
    out->gen = object_u64(r, PEER_GEN_MAX);
    out->addr = peer_read_addr(r);
    out->budget_ms = object_u32(r);
}

static void read_reply(struct object_reader *r, uint8_t type, struct peer_reply *out)
{
    out->challenge = object_bin64(r);
    if (type == PEER_NACK) {
        out->reason = object_u8(r);
        return;
    }
    out->name = peer_read_name(r);
    out->gen = object_u64(r, PEER_GEN_MAX);
}

static void read_heads(struct object_reader *r, struct peer_heads *out)
{
    out->groups = peer_read_bin_or_nil(r, PEER_GROUPS_LEN);
    if (out->groups.len != 0 && out->groups.len != PEER_GROUPS_LEN)
        object_fail(r, ERR_MALFORMED);
    out->covers = peer_read_covers(r, false);
    if (r->left == 0)
        return;
    out->ring_seen = object_u32(r);
    out->retired_from = r->left == 0 ? 0 : object_u32(r);
    out->retired = r->left == 0 ? (struct slice){0} : peer_read_retired(r);
}

/** Read an array of arguments, whose elements behind the known ones are of a later version. */
static void read_fields(struct object_reader *r, struct peer_msg *out)
{
    struct object_reader fields = object_array(r, UINT32_MAX);
    switch ((enum peer_type)out->type) {
    case PEER_PING:
        read_ping(&fields, &out->args.ping);
        break;
    case PEER_ACK:
        read_ack(&fields, &out->args.ack);
        break;
    case PEER_PING_REQ:
        read_ping_req(&fields, &out->args.ping_req);
        break;
    case PEER_NACK:
    case PEER_NOT_ME:
        read_reply(&fields, out->type, &out->args.reply);
        break;
    case PEER_HEADS:
        read_heads(&fields, &out->args.heads);
        break;
    default: /* no arguments yet: whatever is there is of a later version */
        break;
    }
    object_join(r, &fields);
}

static void read_args(struct object_reader *r, struct peer_msg *out)
{
    if (out->type == PEER_PULL || out->type == PEER_GONE) {
        struct peer_ranges *ranges = &out->args.ranges;
        ranges->n = peer_read_ranges(r, ranges->at, PEER_RANGES_MAX);
        return;
    }
    if (peer_check_has(out->type)) {
        peer_check_read(r, out);
        return;
    }
    const bool none = out->type == PEER_GOSSIP || out->type == PEER_DOTS || out->type == PEER_LEAVE;
    if (none && object_nil(r))
        return;
    read_fields(r, out);
}

/** Read the type. ERR_VERSION when it is one that this version does not know. */
static void read_type(struct object_reader *r, uint8_t *out)
{
    const uint64_t type = object_u64(r, UINT64_MAX);
    if (type < PEER_PING || type > PEER_KINDS)
        object_fail(r, ERR_VERSION);
    *out = r->err == OK ? (uint8_t)type : 0;
}

/** Read the counts at the end, which are left out when they are 0. A bin in their place pads. */
static void read_counts(struct object_reader *r, struct peer_msg *out)
{
    if (r->err != OK || r->left == 0 || r->at->type == MSGPACK_OBJECT_BIN)
        return;
    out->retired_n = object_u32(r);
    out->forgotten_n = object_u32(r);
    if (out->forgotten_n > out->retired_n)
        object_fail(r, ERR_MALFORMED);
}

static void read_body(struct object_reader *r, struct peer_msg *out)
{
    read_type(r, &out->type);
    if (r->err != OK)
        return;
    out->gen = object_u64(r, PEER_GEN_MAX);
    out->ver = object_u32(r);
    out->view_hash = object_u64(r, UINT64_MAX);
    out->head = object_u64(r, UINT64_MAX);
    out->vector_hash = object_u64(r, UINT64_MAX);
    out->has_echo = read_challenge(r, &out->echo);
    read_args(r, out);
    out->records_n = peer_read_records(r, out->records, PEER_RECORDS_MAX);
    out->dots = peer_read_bin_or_nil(r, SIZE_MAX);
    out->covers = peer_read_covers(r, true);
    read_counts(r, out);
}

/** Clear all but the records, which are most of it: only the first records_n of them are there. */
static void begin_msg(struct peer_msg *m)
{
    memset(m, 0, offsetof(struct peer_msg, records));
    m->records_n = 0;
    m->dots = m->covers = (struct slice){0};
    m->retired_n = m->forgotten_n = 0;
}

enum err peer_decode(struct peer_codec *c, struct slice bytes, struct peer_msg *out)
{
    assert(c != NULL && out != NULL);
    msgpack_object body;
    begin_msg(out);
    const enum err err = object_decode_whole(&c->room, bytes, &body);
    if (err != OK)
        return err;
    struct object_reader r = object_reader_of(&body);
    read_body(&r, out);
    return r.err;
}
