/** bench/probe/serf.c - user events through each agent's RPC stream. */
#include <inttypes.h>
#include <msgpack.h>
#include <stdio.h>
#include <string.h>

#include "system.h"

static uint64_t next_seq;

static void pack_text(msgpack_packer *p, const char *text)
{
    msgpack_pack_str(p, strlen(text));
    msgpack_pack_str_body(p, text, strlen(text));
}

static void pack_header(msgpack_packer *p, const char *command)
{
    msgpack_pack_map(p, 2);
    pack_text(p, "Command");
    pack_text(p, command);
    pack_text(p, "Seq");
    msgpack_pack_uint64(p, next_seq++);
}

static bool flush(struct conn *c, msgpack_sbuffer *buffer)
{
    const bool sent = conn_send(c, buffer->data, buffer->size);
    msgpack_sbuffer_destroy(buffer);
    return sent;
}

static bool say(struct conn *c, const char *command, const char *key, const char *text)
{
    msgpack_sbuffer buffer;
    msgpack_packer p;
    msgpack_sbuffer_init(&buffer);
    msgpack_packer_init(&p, &buffer, msgpack_sbuffer_write);
    pack_header(&p, command);
    msgpack_pack_map(&p, 1);
    pack_text(&p, key);
    if (text == NULL)
        msgpack_pack_int(&p, 1);
    else
        pack_text(&p, text);
    return flush(c, &buffer);
}

static bool greet(struct conn *c)
{
    if (!say(c, "handshake", "Version", NULL) || !conn_read(c, 2000))
        return false;
    conn_drop(c, c->in_len);
    return true;
}

static bool subscribe(struct conn *c)
{
    if (!greet(c) || !say(c, "stream", "Type", "user") || !conn_read(c, 2000))
        return false;
    conn_drop(c, c->in_len);
    return true;
}

static bool publish(struct conn *c, uint64_t number)
{
    msgpack_sbuffer buffer;
    msgpack_packer p;
    char name[32];
    snprintf(name, sizeof name, "lat:%" PRIu64, number);
    msgpack_sbuffer_init(&buffer);
    msgpack_packer_init(&p, &buffer, msgpack_sbuffer_write);
    pack_header(&p, "event");
    msgpack_pack_map(&p, 3);
    pack_text(&p, "Name");
    pack_text(&p, name);
    pack_text(&p, "Payload");
    msgpack_pack_bin(&p, 0);
    pack_text(&p, "Coalesce");
    msgpack_pack_false(&p);
    return flush(c, &buffer);
}

/* Headers and bodies alternate; only the body of an event has a Name. */
static void look(const msgpack_object *o, seen_fn *seen, void *ctx)
{
    if (o->type != MSGPACK_OBJECT_MAP)
        return;
    for (uint32_t i = 0; i < o->via.map.size; i++) {
        const msgpack_object_kv *kv = &o->via.map.ptr[i];
        uint64_t number;
        if (kv->key.type == MSGPACK_OBJECT_STR && kv->key.via.str.size == 4 &&
            memcmp(kv->key.via.str.ptr, "Name", 4) == 0 && kv->val.type == MSGPACK_OBJECT_STR &&
            number_of(kv->val.via.str.ptr, kv->val.via.str.size, &number))
            seen(ctx, number);
    }
}

static bool consume(struct conn *c, seen_fn *seen, void *ctx)
{
    msgpack_unpacked one;
    size_t done = 0;
    msgpack_unpacked_init(&one);
    for (;;) {
        size_t at = done;
        const msgpack_unpack_return r =
            msgpack_unpack_next(&one, (const char *)c->in, c->in_len, &at);
        if (r != MSGPACK_UNPACK_SUCCESS)
            break;
        look(&one.data, seen, ctx);
        done = at;
    }
    msgpack_unpacked_destroy(&one);
    conn_drop(c, done);
    return true;
}

const struct system SYSTEM_SERF = {
    .name = "serf", .greet = greet, .subscribe = subscribe, .publish = publish, .consume = consume};
