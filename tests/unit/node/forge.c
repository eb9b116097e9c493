#include "forge.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "wire/dots.h"

struct forge *forge_new(struct rig *to, const char *name)
{
    struct forge *f = calloc(1, sizeof *f);
    struct arena arena;
    const struct slice cluster = slice_text("test");
    const struct run run = {{99, 1}};
    struct ratchet ratchet = {{1}};
    f->to = to;
    f->name = slice_text(name);
    packet_ctx_init(&f->ctx, &to->ring, cluster, hash_node_id(cluster, f->name), &run);
    arena_init(&arena, f->memory, sizeof f->memory);
    f->codec = stream_codec_new(&arena);
    cr_assert_not_null(f->codec);
    session_draw(&ratchet, &f->pair);
    forge_connect(f);
    return f;
}

void forge_free(struct forge *f)
{
    stream_codec_free(f->codec);
    free(f);
}

void forge_connect(struct forge *f)
{
    const struct addr from = {.ip = {10, 0, 0, 99}, .ip_len = 4, .port = 40000};
    f->hung_up = false;
    f->challenge = 0;
    f->session.on = false;
    node_recv(f->to->node, f->to->now,
              &(struct node_in){.kind = NODE_IN_STREAM_UP, .conn = FORGE_CONN, .from = from});
}

static bool seals(const struct forge *f)
{
    return mode_seals(packet_mode(&f->ctx));
}

struct stream_msg forge_hello(const struct forge *f, uint8_t purpose)
{
    const struct peer_record record = {.name = f->name,
                                       .gen = 7,
                                       .state = PEER_ALIVE,
                                       .addr = {.ip = {10, 0, 0, 99}, .ip_len = 4, .port = 6248},
                                       .epoch = run_epoch(&f->ctx.run)};
    return (struct stream_msg){.type = STREAM_HELLO,
                               .hello = {.wire_min = 1,
                                         .wire_max = 1,
                                         .record = record,
                                         .challenge = FORGE_CHALLENGE,
                                         .purpose = purpose,
                                         .share = slice_of(f->pair.share, seals(f) ? 32 : 0)}};
}

struct slice forge_seal_body(struct forge *f, struct slice body)
{
    const struct packet_out what = {.class = PACKET_MEMBER,
                                    .channel = CHANNEL_TCP,
                                    .dest = rig_view(f->to).id,
                                    .counter = ++f->counter,
                                    .body = body};
    return slice_of(f->bytes, f->session.on
                                  ? packet_seal_under(&f->ctx, &f->session.send, &what, f->bytes,
                                                      sizeof f->bytes)
                                  : packet_seal(&f->ctx, &what, f->bytes, sizeof f->bytes));
}

struct slice forge_seal(struct forge *f, const struct stream_msg *m)
{
    size_t len;
    cr_assert_eq(stream_encode(m, f->opened, STREAM_BODY_MAX, &len), OK);
    return forge_seal_body(f, slice_of(f->opened, len));
}

static void hear_dots(struct forge *f, struct slice bytes)
{
    struct dots_reader r = dots_reader_of(bytes);
    struct dot d;
    while (dots_next(&r, &d)) {
        cr_assert(f->seqs_n < 64);
        cr_assert_not(d.name.known, "who asks gets no names");
        f->seqs[f->seqs_n++] = d.seq;
    }
    cr_assert_eq(dots_end(&r), OK);
}

/** We open: our HELLO was sealed with the first key. */
static void agree(struct forge *f, const struct packet_head *head, const struct stream_hello *hello)
{
    struct session_terms terms = {.key = &f->ctx.ring->keys[0],
                                  .opener = {.run = f->ctx.run, .challenge = FORGE_CHALLENGE},
                                  .other = {.run = head->run, .challenge = hello->challenge},
                                  .we_opened = true};
    if (hello->share.len == 0 || !seals(f))
        return;
    memcpy(terms.opener.share, f->pair.share, SESSION_SHARE_LEN);
    memcpy(terms.other.share, hello->share.at, SESSION_SHARE_LEN);
    cr_assert_eq(session_derive(&f->pair, &terms, &f->session), OK);
}

static enum err unseal(struct forge *f, struct slice frame, struct packet_in *out)
{
    return f->session.on ? packet_open_under(&f->ctx, &f->session.take, frame, f->opened, out)
                         : packet_open(&f->ctx, CHANNEL_TCP, frame, f->opened, out);
}

static void hear(struct forge *f, struct slice frame)
{
    struct packet_in packet;
    struct stream_msg m;
    cr_assert_eq(unseal(f, frame, &packet), OK);
    cr_assert_eq(stream_decode(f->codec, packet.body, &m), OK);
    if (m.type == STREAM_HELLO)
        agree(f, &packet.head, &m.hello);
    f->key_id = packet.head.key_id;
    f->heard_n[m.type]++;
    if (m.type == STREAM_HELLO)
        f->challenge = m.hello.challenge;
    if (m.type == STREAM_AUTH)
        f->echo = m.echo;
    if (m.type == STREAM_DOTS)
        hear_dots(f, m.bytes);
    if (m.type == STREAM_ENTRIES)
        f->cursor = m.cursor;
    f->entries_n += m.entries_n;
    for (size_t i = 0; m.type == STREAM_GONE && i < m.ranges_n && f->gone_n < 8; i++)
        f->gone[f->gone_n++] = m.ranges[i];
}

void forge_give(struct forge *f, struct slice frame)
{
    struct node_out out;
    node_recv(f->to->node, f->to->now,
              &(struct node_in){.kind = NODE_IN_STREAM, .conn = FORGE_CONN, .bytes = frame});
    while (node_poll(f->to->node, f->to->now, &out)) {
        if (out.kind == NODE_OUT_STREAM && out.conn == FORGE_CONN)
            hear(f, out.bytes);
        if (out.kind == NODE_OUT_HANGUP && out.conn == FORGE_CONN)
            f->hung_up = true;
    }
}

void forge_say(struct forge *f, const struct stream_msg *m)
{
    forge_give(f, forge_seal(f, m));
}

void forge_auth(struct forge *f, uint8_t purpose)
{
    const struct stream_msg hello = forge_hello(f, purpose);
    forge_say(f, &hello);
    cr_assert_neq(f->challenge, 0);
    cr_assert_eq(f->echo, FORGE_CHALLENGE);
    forge_say(f, &(struct stream_msg){.type = STREAM_AUTH, .echo = f->challenge});
    cr_assert_not(f->hung_up);
}
