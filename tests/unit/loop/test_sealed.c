/** Connections whose login had shares: what crosses the socket, and what comes of it. */
#include <criterion/criterion.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>

#include "loop/clock.h"
#include "loop/sealed.h"

#include "visitor.h"

#define LONG_LEN (KEPT_LONG + 5000) /* a value whose frame is a long one */

static uint8_t value[LONG_LEN];

static void start(void)
{
    for (size_t i = 0; i < sizeof value; i++)
        value[i] = (uint8_t)(i * 7 + i / 251);
    visitor_node(1, "test");
    kit_launch();
}

TestSuite(sealed, .init = start, .fini = kit_end, .timeout = 60);

/** Sealed logins to nodes that are made by hand before they run. */
TestSuite(sealed_made, .fini = kit_end, .timeout = 60);

/** A get of the key gives the first len bytes of value. */
static bool has_value(struct client *c, const char *key, size_t len)
{
    const struct client_got got = kit_get(c, key);
    return got.status == STATUS_HIT && slice_eq(got.value, slice_of(value, len));
}

Test(sealed, who_asks_for_it_is_served_as_any_other)
{
    struct client app = visitor_sealed_as("app", K1), inv = visitor_sealed_as("inv", K2);
    struct client_reply reply = kit_put(&app, "k", slice_of(value, 100));
    cr_expect_eq(reply.error.len, 0);
    cr_expect(has_value(&app, "k", 100));
    reply = visitor_ask(&inv, OP_GET);
    cr_expect(visitor_told(&reply, "NOT_PERMITTED"));
    (void)kit_invalidate(&inv, "k");
    cr_expect_eq(kit_get(&app, "k").status, STATUS_MISS);
    const struct loop_counters n = kit_counters();
    cr_expect(n.logins == 2 && n.logins_sealed == 2 && n.sealed_refused == 0);
    kit_hang_up(&app);
    kit_hang_up(&inv);
}

Test(sealed, pushes_are_sealed_too)
{
    static const struct slice filter[2];
    struct client app = visitor_sealed_as("app", K1), inv = visitor_as("inv", K2);
    struct client_reply reply = kit_call(
        &app, (struct client_request){.op = OP_SUBSCRIBE, .filters = filter, .filters_n = 1});
    cr_assert_eq(reply.error.len, 0);
    (void)kit_invalidate(&inv, "k");
    cr_assert(kit_next(&app, &reply));
    cr_expect(reply.push && slice_eq(reply.op, slice_text("invalidated")));
    kit_hang_up(&app);
    kit_hang_up(&inv);
}

/** Do the bytes stand somewhere in all? */
static bool stands_in(struct slice all, const char *text)
{
    const struct slice wanted = slice_text(text);
    for (; all.len >= wanted.len; all = slice_of(all.at + 1, all.len - 1)) {
        if (slice_starts(all, wanted))
            return true;
    }
    return false;
}

Test(sealed, neither_key_nor_value_is_on_the_wire)
{
    static const char secret[] = "a value that nobody else may read";
    uint8_t in[1024], text[1024];
    struct tunnel_opened opened = {.used = 0};
    size_t len = 0;
    struct client c = visitor_sealed_as("app", K1);
    (void)kit_put(&c, "k", slice_text(secret));
    (void)kit_ask(&c, (struct client_request){.op = OP_GET, .fill.key = slice_text("k")});
    while (opened.used == 0) { /* one reply, one record */
        const ssize_t n = recv(c.fd, in + len, sizeof in - len, 0);
        cr_assert_gt(n, 0);
        len += (size_t)n;
        memcpy(text, in, len);
        cr_assert_eq(tunnel_open(&c.records->keys.take, text, len, &opened), OK);
    }
    cr_expect_eq(opened.used, len);
    cr_expect(stands_in(slice_of(text, opened.text_len), secret));
    cr_expect_not(stands_in(slice_of(in, len), "nobody"));
    kit_hang_up(&c);
}

Test(sealed, values_of_many_records_come_and_go)
{
    struct client c = visitor_sealed_as("app", K1);
    static const size_t lens[] = {TUNNEL_TEXT_MAX - 60, TUNNEL_TEXT_MAX, 5 * TUNNEL_TEXT_MAX,
                                  KEPT_LONG - 40, LONG_LEN};
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        const struct client_reply reply = kit_put(&c, "k", slice_of(value, lens[i]));
        cr_assert_eq(reply.error.len, 0);
        cr_expect(has_value(&c, "k", lens[i]), "%zu bytes", lens[i]);
    }
    kit_hang_up(&c);
}

/** Write a put of all of value, and two gets of it, one behind the other. Returns: the bytes. */
static struct slice long_and_short(uint8_t *room, size_t cap)
{
    struct writer w = writer_of(room, cap);
    struct client_request put = {.id = 50, .op = OP_PUT, .fill.key = slice_text("k")};
    put.fill.value = slice_of(value, sizeof value);
    client_request_encode(&w, &put);
    for (uint32_t id = 51; id < 53; id++)
        client_request_encode(
            &w, &(struct client_request){.id = id, .op = OP_GET, .fill.key = slice_text("other")});
    cr_assert_eq(w.err, OK);
    return writer_slice(&w);
}

Test(sealed, what_stands_behind_a_long_frame_in_one_record_is_carried_out)
{
    static uint8_t room[LONG_LEN + 1024];
    struct client c = visitor_sealed_as("app", K1);
    bool seen[3] = {false};
    kit_send(&c, long_and_short(room, sizeof room));
    for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
        struct client_reply reply;
        cr_assert(kit_next(&c, &reply));
        cr_assert(reply.error.len == 0 && reply.id >= 50 && reply.id < 53);
        seen[reply.id - 50] = true;
    }
    cr_expect(seen[0] && seen[1] && seen[2]);
    cr_expect(has_value(&c, "k", sizeof value));
    kit_hang_up(&c);
}

/** A get, sealed as records of so many bytes each. */
static size_t get_in_records_of(struct client *c, size_t part, uint8_t *out)
{
    uint8_t frame[64];
    struct writer w = writer_of(frame, sizeof frame);
    size_t len = 0;
    client_request_encode(
        &w, &(struct client_request){.id = ++c->id, .op = OP_GET, .fill.key = slice_text("k")});
    for (size_t at = 0; at < w.len; at += part) {
        const size_t n = w.len - at < part ? w.len - at : part;
        len += tunnel_seal(&c->records->keys.send, slice_of(frame + at, n), out + len);
    }
    return len;
}

static void send_raw(const struct client *c, const uint8_t *at, size_t len)
{
    cr_assert_eq(send(c->fd, at, len, MSG_NOSIGNAL), (ssize_t)len);
}

Test(sealed, a_frame_may_be_in_many_records_and_a_record_in_many_packets)
{
    uint8_t records[2048];
    struct client c = visitor_sealed_as("app", K1);
    (void)kit_put(&c, "k", slice_of(value, 10));
    for (size_t part = 1; part < 20; part += 3) {
        const size_t len = get_in_records_of(&c, part, records);
        for (size_t at = 0; at < len; at++)
            send_raw(&c, records + at, 1);
        cr_expect_eq(kit_got(&c, c.id).status, STATUS_HIT, "%zu bytes each", part);
    }
    kit_hang_up(&c);
}

Test(sealed, a_part_of_a_record_counts_as_kept_and_goes_with_its_connection)
{
    uint8_t records[256];
    struct client c = visitor_sealed_as("app", K1);
    const size_t len = get_in_records_of(&c, 64, records);
    send_raw(&c, records, len - 1);
    while (kit_counters().input_kept != len - 1)
        (void)sched_yield();
    send_raw(&c, records + len - 1, 1);
    (void)kit_got(&c, c.id);
    cr_expect_eq(kit_counters().input_kept, 0);
    send_raw(&c, records, 5);
    while (kit_counters().input_kept != 5)
        (void)sched_yield();
    kit_hang_up(&c);
    while (kit_counters().input_kept != 0)
        (void)sched_yield();
}

Test(sealed, what_follows_the_proof_in_one_packet_is_opened)
{
    uint8_t bytes[1024];
    struct client c = kit_dial();
    struct client_reply reply;
    struct visitor_sealing s = visitor_claim_sealed(&c, "app", K1);
    struct client_request hello = visitor_hello(slice_of(s.proof, sizeof s.proof));
    struct writer w = writer_of(bytes, sizeof bytes);
    hello.id = 90;
    client_request_encode(&w, &hello);
    kit_seal(&c, &s.keys);
    const size_t len = w.len + get_in_records_of(&c, 9, bytes + w.len);
    send_raw(&c, bytes, len);
    struct records *records = c.records;
    c.records = NULL; /* the answer to the proof is the last that is no record */
    cr_assert(kit_next(&c, &reply));
    cr_expect(reply.id == 90 && reply.error.len == 0);
    c.records = records;
    cr_expect_eq(kit_got(&c, c.id).status, STATUS_MISS);
    kit_hang_up(&c);
}

/* ---- what ends a connection ---- */

static void expect_refused(struct client *c, uint64_t n)
{
    uint8_t byte;
    cr_expect_leq(recv(c->fd, &byte, 1, 0), 0, "it is closed without a word");
    while (kit_counters().sealed_refused < n)
        (void)sched_yield();
    kit_hang_up(c);
}

Test(sealed, no_changed_byte_is_carried_out)
{
    uint8_t records[256];
    static const size_t places[] = {1, 3, 4, 20, 33};
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        struct client c = visitor_sealed_as("app", K1);
        const size_t len = get_in_records_of(&c, 64, records);
        cr_assert_lt(places[i], len);
        records[places[i]] ^= places[i] == 3 ? 1 : 0x40;
        if (places[i] == 3)
            records[3] &= 0x0F; /* shorter: a longer one would be waited for */
        send_raw(&c, records, len);
        expect_refused(&c, i + 1);
    }
    struct client c = visitor_sealed_as("app", K1);
    cr_expect_eq(kit_get(&c, "k").status, STATUS_MISS, "the node serves others");
    kit_hang_up(&c);
}

Test(sealed, a_record_again_ends_it)
{
    uint8_t records[256];
    struct client c = visitor_sealed_as("app", K1);
    const size_t len = get_in_records_of(&c, 64, records);
    send_raw(&c, records, len);
    (void)kit_got(&c, c.id);
    send_raw(&c, records, len);
    expect_refused(&c, 1);
}

Test(sealed, a_request_that_is_no_record_ends_it)
{
    struct client c = visitor_sealed_as("app", K1);
    free(c.records);
    c.records = NULL;
    (void)kit_ask(&c, (struct client_request){.op = OP_GET, .fill.key = slice_text("k")});
    expect_refused(&c, 1);
}

Test(sealed, a_record_that_is_too_long_ends_it_before_it_is_read)
{
    struct client c = visitor_sealed_as("app", K1);
    send_raw(&c, (const uint8_t *)"\x00\x00\x40\x00", 4);
    expect_refused(&c, 1);
}

/* ---- limits ---- */

Test(sealed, a_client_that_pipelines_more_than_waits_gets_all_of_it)
{
    enum {
        GETS = 64
    };

    struct client c = visitor_sealed_as("app", K1);
    (void)kit_put(&c, "k", slice_of(value, sizeof value));
    const uint32_t first = c.id + 1;
    for (int i = 0; i < GETS; i++)
        (void)kit_ask(&c, (struct client_request){.op = OP_GET, .fill.key = slice_text("k")});
    for (uint32_t i = 0; i < GETS; i++)
        cr_assert(slice_eq(kit_got(&c, first + i).value, slice_of(value, sizeof value)));
    while (kit_counters().output_waiting > 0)
        (void)sched_yield();
    kit_hang_up(&c);
}

Test(sealed, another_file_cuts_it_off)
{
    struct client c = visitor_sealed_as("app", K1);
    cr_assert_eq(loop_clients_set(kit_loop, visitor_table("ops " K3 " admin\n")), OK);
    cr_expect(visitor_ended(&c));
    kit_hang_up(&c);
}

Test(sealed_made, of_too_many_parts_of_records_the_longest_goes)
{
    static const uint8_t part[60] = {0, 0, 0x10, 0}; /* of a record of 4,100 bytes */
    visitor_node(1, "test");
    kit_loop->world.kept.max = 80;
    kit_launch();
    struct client shorter = visitor_sealed_as("app", K1), longer = visitor_sealed_as("app", K1);
    send_raw(&shorter, part, 40);
    while (kit_counters().input_kept != 40)
        (void)sched_yield();
    send_raw(&longer, part, sizeof part);
    cr_expect(visitor_ended(&longer));
    cr_expect_eq(kit_counters().input_full, 1);
    cr_expect_eq(kit_counters().input_kept, 40);
    kit_hang_up(&shorter);
    kit_hang_up(&longer);
}

/** One more part of a record is read. */
static size_t read_part(struct sealed *s, struct kept_room *room, struct slice part)
{
    uint8_t at[256];
    size_t text_len = 0;
    memcpy(at + sealed_kept(s), part.at, part.len);
    cr_assert_eq(sealed_open(s, room, at, part.len, &text_len), OK);
    return text_len;
}

Test(sealed_parts, a_record_is_begun_once_and_when_it_is_whole_no_more)
{
    const struct tunnel keys = {.take = {.bytes = {7}}};
    struct tunnel_key client = keys.take;
    struct kept_room room = {.max = 1000};
    uint8_t record[128];
    struct outbuf out;
    outbuf_init(&out, 1000);
    const size_t len = tunnel_seal(&client, slice_text("text"), record);
    struct sealed *s = sealed_new(&keys, &out);
    const mono_us before = clock_now();
    cr_expect_eq(read_part(s, &room, slice_of(record, 5)), 0);
    const mono_us begun = s->begun;
    cr_expect_geq(begun, before);
    while (clock_now() == begun)
        (void)sched_yield();
    cr_expect_eq(read_part(s, &room, slice_of(record + 5, 5)), 0);
    cr_expect_eq(s->begun, begun);
    cr_expect_eq(read_part(s, &room, slice_of(record + 10, len - 10)), 4);
    cr_expect_eq(s->begun, 0);
    sealed_free(s, &room);
}

/* ---- from where a plain login is heard ---- */

Test(sealed_made, without_a_share_nobody_logs_in_where_it_is_required)
{
    visitor_node(1, "test");
    kit_loop->auth.plain = PLAIN_NOWHERE;
    kit_launch();
    struct client plain = kit_dial();
    for (int i = 0; i < LOGIN_TRIES; i++) {
        const struct client_reply reply = visitor_claim(&plain, "app");
        cr_expect(visitor_told(&reply, "SHARE_REQUIRED"));
    }
    cr_expect(visitor_ended(&plain), "a failure like any other");
    const struct loop_counters n = kit_counters();
    cr_expect(n.logins_plain == LOGIN_TRIES && n.logins_refused == LOGIN_TRIES && n.logins == 0);
    struct client c = visitor_sealed_as("app", K1);
    cr_expect_eq(kit_get(&c, "k").status, STATUS_MISS);
    kit_hang_up(&plain);
    kit_hang_up(&c);
}

Test(sealed_made, everywhere_includes_loopback)
{
    visitor_node(1, "test");
    cr_assert_eq(kit_loop->auth.plain, PLAIN_LOOPBACK, "unless somebody chose");
    kit_loop->auth.plain = PLAIN_EVERYWHERE;
    kit_launch();
    struct client c = visitor_as("app", K1);
    cr_expect_eq(kit_counters().logins_sealed, 0);
    kit_hang_up(&c);
}

Test(sealed_made, where_logins_are_accepted_they_may_be_sealed)
{
    visitor_node_accepting();
    kit_launch();
    struct client guest = kit_dial(), app = visitor_sealed_as("app", K1);
    cr_expect_eq(kit_get(&guest, "k").status, STATUS_MISS);
    cr_expect_eq(kit_get(&app, "other").status, STATUS_MISS);
    kit_hang_up(&guest);
    kit_hang_up(&app);
}
