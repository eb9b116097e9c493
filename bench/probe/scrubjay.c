/** bench/probe/scrubjay.c - `invalidate` on one node, `subscribe` on the others. */
#include <inttypes.h>
#include <msgpack.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#include "system.h"

static uint32_t next_id;

static void pack_text(msgpack_packer *p, const char *text)
{
    msgpack_pack_str(p, strlen(text));
    msgpack_pack_str_body(p, text, strlen(text));
}

static void begin(msgpack_sbuffer *buffer, msgpack_packer *p, const char *op)
{
    static const char length[4];
    msgpack_sbuffer_init(buffer);
    msgpack_packer_init(p, buffer, msgpack_sbuffer_write);
    msgpack_sbuffer_write(buffer, length, sizeof length);
    msgpack_pack_array(p, 4);
    msgpack_pack_int(p, 0);
    msgpack_pack_uint32(p, next_id++);
    pack_text(p, op);
}

static bool finish(struct conn *c, msgpack_sbuffer *buffer)
{
    const uint32_t length = htonl((uint32_t)(buffer->size - 4));
    memcpy(buffer->data, &length, sizeof length);
    const bool sent = conn_send(c, buffer->data, buffer->size);
    msgpack_sbuffer_destroy(buffer);
    return sent;
}

/* The next reply, [1, id, error, result], tells no error. */
static bool is_agreed(struct conn *c)
{
    msgpack_unpacked one;
    size_t at = 0;
    msgpack_unpacked_init(&one);
    const bool agreed = conn_read(c, 2000) && c->in_len > 4 &&
                        msgpack_unpack_next(&one, (const char *)c->in + 4, c->in_len - 4, &at) ==
                            MSGPACK_UNPACK_SUCCESS &&
                        one.data.type == MSGPACK_OBJECT_ARRAY && one.data.via.array.size == 4 &&
                        one.data.via.array.ptr[2].type == MSGPACK_OBJECT_NIL;
    msgpack_unpacked_destroy(&one);
    conn_drop(c, c->in_len);
    return agreed;
}

static bool greet(struct conn *c)
{
    msgpack_sbuffer buffer;
    msgpack_packer p;
    begin(&buffer, &p, "ping");
    msgpack_pack_array(&p, 0);
    return finish(c, &buffer) && is_agreed(c);
}

static bool subscribe(struct conn *c)
{
    msgpack_sbuffer buffer;
    msgpack_packer p;
    begin(&buffer, &p, "subscribe");
    msgpack_pack_array(&p, 1);
    msgpack_pack_array(&p, 2);
    pack_text(&p, "");
    msgpack_pack_nil(&p);
    return finish(c, &buffer) && is_agreed(c);
}

static bool publish(struct conn *c, uint64_t number)
{
    msgpack_sbuffer buffer;
    msgpack_packer p;
    char key[32];
    snprintf(key, sizeof key, "lat:%" PRIu64, number);
    begin(&buffer, &p, "invalidate");
    msgpack_pack_array(&p, 3);
    pack_text(&p, "");
    pack_text(&p, "key");
    msgpack_pack_array(&p, 1);
    pack_text(&p, key);
    return finish(c, &buffer);
}

static bool text_of(const msgpack_object *o, const char **at, size_t *len)
{
    if (o->type == MSGPACK_OBJECT_BIN) {
        *at = o->via.bin.ptr;
        *len = o->via.bin.size;
        return true;
    }
    if (o->type != MSGPACK_OBJECT_STR)
        return false;
    *at = o->via.str.ptr;
    *len = o->via.str.size;
    return true;
}

/* A push is [2, "invalidated", [ns, scope, targets, stamp]]. */
static void look(const msgpack_object *o, seen_fn *seen, void *ctx)
{
    if (o->type != MSGPACK_OBJECT_ARRAY || o->via.array.size != 3 ||
        o->via.array.ptr[2].type != MSGPACK_OBJECT_ARRAY || o->via.array.ptr[2].via.array.size < 3)
        return;
    const msgpack_object *targets = &o->via.array.ptr[2].via.array.ptr[2];
    if (targets->type != MSGPACK_OBJECT_ARRAY)
        return;
    for (uint32_t i = 0; i < targets->via.array.size; i++) {
        const char *at;
        size_t len;
        uint64_t number;
        if (text_of(&targets->via.array.ptr[i], &at, &len) && number_of(at, len, &number))
            seen(ctx, number);
    }
}

static bool consume(struct conn *c, seen_fn *seen, void *ctx)
{
    msgpack_unpacked one;
    size_t done = 0;
    bool understood = true;
    msgpack_unpacked_init(&one);
    while (understood && c->in_len - done >= 4) {
        uint32_t length;
        memcpy(&length, c->in + done, sizeof length);
        length = ntohl(length);
        if (c->in_len - done - 4 < length)
            break;
        size_t at = 0;
        understood = msgpack_unpack_next(&one, (const char *)c->in + done + 4, length, &at) ==
                     MSGPACK_UNPACK_SUCCESS;
        if (understood)
            look(&one.data, seen, ctx);
        done += 4 + length;
    }
    msgpack_unpacked_destroy(&one);
    conn_drop(c, done);
    return understood;
}

const struct system SYSTEM_SCRUBJAY = {.name = "scrubjay",
                                       .greet = greet,
                                       .subscribe = subscribe,
                                       .publish = publish,
                                       .consume = consume};
