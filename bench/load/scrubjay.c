/**
 * load/scrubjay.c - the node's own protocol. Source: proto/client.md.
 *
 * Requests are written by the codec of `wire`. Replies are read by hand: that codec builds a tree of
 * every message, and the loader must cost less than the server that it measures.
 */
#include "load/protocol.h"
#include "wire/client.h"

#define LENGTH_LEN 4
#define NIL        0xC0

static const uint32_t OPS[VERBS] = {[VERB_GET] = OP_GET,
                                    [VERB_FILL] = OP_FILL,
                                    [VERB_PUT] = OP_PUT,
                                    [VERB_INVALIDATE] = OP_INVALIDATE,
                                    [VERB_CLEAR] = OP_INVALIDATE};

static void write_request(struct writer *w, enum verb verb, const struct parts *parts)
{
    struct client_request q = {.id = parts->id, .op = OPS[verb]};
    if (verb == VERB_INVALIDATE) {
        q.scope = SCOPE_KEY;
        q.targets = &parts->key;
        q.targets_n = 1;
    } else if (verb == VERB_CLEAR) {
        q.scope = SCOPE_ALL;
    } else {
        q.fill.key = parts->key;
        q.fill.value = parts->value;
    }
    if (verb == VERB_FILL)
        q.fill.token = parts->token;
    if (verb == VERB_FILL || verb == VERB_PUT)
        q.fill.ttl_ms = (uint64_t)parts->ttl_s * 1000;
    client_request_encode(w, &q);
}

/* ---- replies ---- */

/** Make every further read fail: what follows is not what it must be. */
static void spoil(struct reader *r)
{
    r->rest.len = 0;
    r->err = ERR_MALFORMED;
}

static uint32_t read_uint(struct reader *r)
{
    const uint8_t lead = read_u8(r);
    if (lead < 0x80)
        return lead;
    if (lead == 0xCC)
        return read_u8(r);
    if (lead == 0xCD)
        return read_u16(r);
    if (lead == 0xCE)
        return read_u32(r);
    spoil(r);
    return 0;
}

/** A str, a bin, or nil as an empty one. */
static struct slice read_text(struct reader *r)
{
    const uint8_t lead = read_u8(r);
    if (lead == NIL)
        return slice_of(NULL, 0);
    if (lead >> 5 == 0x5)
        return read_bytes(r, lead & 0x1F);
    if (lead == 0xC4 || lead == 0xD9)
        return read_bytes(r, read_u8(r));
    if (lead == 0xC5 || lead == 0xDA)
        return read_bytes(r, read_u16(r));
    if (lead == 0xC6 || lead == 0xDB)
        return read_bytes(r, read_u32(r));
    spoil(r);
    return slice_of(NULL, 0);
}

/** `[status, value or nil, token or nil, ...]` behind the array's head. */
static void read_got(struct reader *r, struct reply *out)
{
    const uint32_t status = read_uint(r);
    const struct slice value = read_text(r);
    switch (status) {
    case STATUS_HIT:
        out->answer = ANSWER_HIT;
        out->value = value;
        break;
    case STATUS_MISS:
        out->answer = ANSWER_MISS;
        out->token = read_text(r);
        break;
    case STATUS_WAIT:
        out->answer = ANSWER_WAIT;
        break;
    default:
        out->answer = ANSWER_REFUSED;
        out->why = slice_text("neither a hit nor a miss");
    }
}

/** A get's array begins with a number, a fill's with a truth, an invalidation's with its stamp. */
static void read_result(struct reader *r, struct reply *out)
{
    const uint8_t lead = read_u8(r);
    const uint8_t first = r->rest.len > 0 ? r->rest.at[0] : NIL;
    const bool is_array = lead >> 4 == 0x9 && r->rest.len > 0;
    if (is_array && first < 0x80) {
        read_got(r, out);
    } else if (is_array && first == 0xC2) {
        (void)read_u8(r);
        out->answer = ANSWER_REFUSED;
        out->why = read_text(r);
    } else if (is_array && (first == 0xC3 || first == 0xC4)) {
        out->answer = ANSWER_DONE;
    } else {
        spoil(r);
    }
}

static void read_frame(struct reader *r, struct reply *out)
{
    const uint16_t head = read_u16(r); /* an array of four, of which the first is 1: a reply */
    if (head != 0x9401) {
        spoil(r);
        return;
    }
    const uint32_t id = read_uint(r);
    out->id = id <= UINT16_MAX ? (uint16_t)id : 0;
    const uint8_t lead = read_u8(r);
    if (lead == NIL) {
        read_result(r, out);
    } else if (lead == 0x92) {
        out->answer = ANSWER_ERROR;
        out->why = read_text(r);
    } else {
        spoil(r);
    }
}

static enum err read_reply(struct slice bytes, struct reply *out)
{
    struct reader r = reader_of(bytes);
    const uint32_t len = read_u32(&r);
    if (r.err != OK)
        return ERR_SHORT;
    if (len > PROTOCOL_VALUE_MAX + CLIENT_FRAME_EXTRA)
        return ERR_MALFORMED;
    if (r.rest.len < len)
        return ERR_SHORT;
    *out = (struct reply){.len = LENGTH_LEN + (size_t)len};
    struct reader frame = reader_of(read_bytes(&r, len));
    read_frame(&frame, out);
    return frame.err == OK ? OK : ERR_MALFORMED;
}

const struct protocol PROTOCOL_SCRUBJAY = {.name = "scrubjay",
                                           .endpoint = "127.0.0.1:6247",
                                           .has_ids = true,
                                           .has_tokens = true,
                                           .key_max = CLIENT_KEY_MAX,
                                           .write = write_request,
                                           .read = read_reply};
