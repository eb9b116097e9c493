/** Where logins are accepted and not required: who is served how. */
#include <criterion/criterion.h>
#include <sched.h>
#include <unistd.h>

#include <sys/socket.h>

#include "wire/client_stranger.h"

#include "visitor.h"

TestSuite(guest, .init = visitor_node_accepting, .fini = kit_end, .timeout = 60);

static bool is_challenge(const struct client *c, const struct client_reply *reply)
{
    struct client_challenge told;
    return reply->error.len == 0 && client_challenge_decode(c->codec, reply->result, &told) == OK;
}

Test(guest, guests_and_clients_are_served_beside_each_other)
{
    kit_launch();
    struct client guest = kit_dial(), inv = visitor_as("inv", K2);
    for (uint32_t op = OP_PING; op <= OP_INVALIDATE; op++) {
        const struct client_reply reply = visitor_ask(&guest, op);
        cr_expect_not(visitor_told(&reply, "NOT_PERMITTED") ||
                          visitor_told(&reply, "AUTH_REQUIRED"),
                      "%s", client_op_text(op));
    }
    struct client_reply reply = visitor_ask(&inv, OP_INVALIDATE);
    cr_expect_eq(reply.error.len, 0);
    reply = visitor_ask(&inv, OP_GET);
    cr_expect(visitor_told(&reply, "NOT_PERMITTED"), "who has a key has its capabilities");
    const struct loop_counters n = kit_counters();
    cr_expect(n.guests == 1 && n.logins_none == 1 && n.logins == 1 && n.strangers == 0);
    kit_hang_up(&guest);
    while (kit_counters().guests > 0)
        (void)sched_yield();
    kit_hang_up(&inv);
}

Test(guest, no_limit_of_strangers_concerns_a_guest)
{
    struct client all[2 * CROWD_OF_EACH], halfway;
    struct client_reply end;
    static uint8_t value[100000];
    kit_loop->auth.patience_us = 20 * US_PER_MS;
    kit_launch();
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        all[i] = kit_dial();
    halfway = kit_dial();
    (void)visitor_claim(&halfway, "app");
    cr_expect_not(kit_next(&halfway, &end), "who began a login has to end it in time");
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        const struct client_reply reply = kit_put(&all[i], "k", slice_of(value, sizeof value));
        cr_expect_eq(reply.error.len, 0, "who said nothing for longer is served");
        kit_hang_up(&all[i]);
    }
    cr_expect_eq(kit_counters().logins_none, ARRAY_LEN(all));
    kit_hang_up(&halfway);
}

Test(guest, a_hello_without_a_claim_settles_nothing_and_anything_else_does)
{
    kit_launch();
    struct client app = kit_dial(), guest = kit_dial();
    struct client_reply reply = kit_call(&app, visitor_hello((struct slice){0}));
    cr_expect_eq(reply.error.len, 0);
    cr_expect_eq(kit_counters().logins_none, 0);
    reply = visitor_login(&app, "app", K1);
    cr_expect_eq(reply.error.len, 0);
    reply = visitor_ask(&app, OP_STATS);
    cr_expect(visitor_told(&reply, "NOT_PERMITTED"));
    (void)visitor_ask(&guest, OP_PING);
    reply = visitor_claim(&guest, "app");
    cr_expect(reply.error.len == 0 && !is_challenge(&guest, &reply),
              "as a node without a file answers it");
    kit_hang_up(&app);
    kit_hang_up(&guest);
}

Test(guest, who_began_a_login_is_no_guest)
{
    kit_launch();
    struct client c = kit_dial(), wrong = kit_dial();
    struct client_reply reply = visitor_claim(&c, "app");
    cr_expect(is_challenge(&c, &reply));
    reply = visitor_ask(&c, OP_GET);
    cr_expect(visitor_told(&reply, "AUTH_REQUIRED"));
    cr_expect(slice_eq(reply.text, slice_text("a login was begun on this connection: end it, or "
                                              "use another connection")));
    reply = visitor_login(&wrong, "app", K2);
    cr_expect(visitor_told(&reply, "AUTH_FAILED"));
    reply = visitor_ask(&wrong, OP_PING);
    cr_expect(visitor_told(&reply, "AUTH_REQUIRED"));
    cr_expect_eq(kit_counters().logins_none, 0);
    kit_hang_up(&c);
    kit_hang_up(&wrong);
}

Test(guest, what_comes_at_once_is_answered_in_order)
{
    uint8_t bytes[1024];
    struct client_reply reply;
    kit_launch();
    struct client c = kit_dial();
    struct writer w = writer_of(bytes, sizeof bytes);
    for (uint32_t i = 0; i < 6; i++) { /* hello, hello, get, get, hello, get */
        struct client_request r = visitor_hello((struct slice){0});
        if (i == 2 || i == 3 || i == 5)
            r = (struct client_request){.op = OP_GET, .fill.key = slice_text("k")};
        r.id = 100 + i;
        client_request_encode(&w, &r);
    }
    kit_send(&c, writer_slice(&w));
    for (uint32_t i = 0; i < 6; i++) {
        cr_assert(kit_next(&c, &reply));
        cr_expect_eq(reply.id, 100 + i);
        cr_expect_eq(reply.error.len, 0);
    }
    kit_hang_up(&c);
}

Test(guest, another_file_cuts_clients_and_no_guests)
{
    kit_launch();
    struct client app = visitor_as("app", K1), guest = kit_dial(), silent = kit_dial();
    (void)visitor_ask(&guest, OP_PING);
    cr_assert_eq(loop_clients_set(kit_loop, visitor_table("ops " K3 " admin\n")), OK);
    cr_expect(visitor_ended(&app));
    cr_expect_eq(kit_get(&guest, "k").status, STATUS_MISS);
    cr_expect_eq(kit_get(&silent, "other").status, STATUS_MISS);
    cr_expect_eq(kit_counters().clients_cut, 1);
    kit_hang_up(&app);
    kit_hang_up(&guest);
    kit_hang_up(&silent);
}

/* ---- too many logins at once ---- */

static int fds[CROWD_MAX + 64]; /* of connections that have begun a login, the oldest first */
static size_t fds_n;

/** Write the frame of a claim. Returns: its length. */
static size_t write_claim(uint8_t out[CLIENT_STRANGER_FRAME_MAX])
{
    uint8_t word[LOGIN_CLAIM_MAX];
    struct writer w = writer_of(out, CLIENT_STRANGER_FRAME_MAX);
    const struct client_request r =
        visitor_hello(slice_of(word, login_claim("app", VISITOR_NONCE, word)));
    client_request_encode(&w, &r);
    cr_assert_eq(w.err, OK);
    return w.len;
}

static void send_claim(int fd)
{
    uint8_t bytes[CLIENT_STRANGER_FRAME_MAX];
    const size_t len = write_claim(bytes);
    cr_assert_eq(send(fd, bytes, len, 0), (ssize_t)len);
}

static void begin_logins(size_t n)
{
    kit_loop->auth.patience_us = 3600 * US_PER_SEC;
    kit_launch();
    for (fds_n = 0; fds_n < n; fds_n++) {
        fds[fds_n] = visitor_from(1 + (uint32_t)fds_n / CROWD_OF_EACH);
        send_claim(fds[fds_n]);
        while (kit_counters().strangers < fds_n + 1 && fds_n < CROWD_MAX)
            (void)sched_yield(); /* so that they are in order */
    }
}

static void hang_up_all(void)
{
    for (size_t i = 0; i < fds_n; i++)
        close(fds[i]);
}

static void await_displaced(uint64_t n)
{
    while (kit_counters().strangers_displaced < n || kit_counters().strangers < CROWD_MAX)
        (void)sched_yield();
    cr_expect_eq(kit_counters().strangers_displaced, n);
}

Test(guest, of_too_many_begun_logins_the_oldest_goes)
{
    begin_logins(CROWD_MAX + 1);
    await_displaced(1);
    struct client c = kit_dial();
    cr_expect_eq(kit_get(&c, "k").status, STATUS_MISS, "guests are served");
    kit_hang_up(&c);
    hang_up_all();
}

/** Keep the worker busy, so that what is sent meanwhile arrives in one turn. */
static void keep_busy(struct client *c)
{
    static struct slice keys[1024];
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        keys[i] = slice_text("a key that nobody has");
    for (int i = 0; i < 8; i++)
        (void)kit_ask(c, (struct client_request){
                             .op = OP_MGET, .targets = keys, .targets_n = ARRAY_LEN(keys)});
}

static void await_replies(struct client *c)
{
    struct client_reply reply;
    for (int i = 0; i < 8; i++)
        cr_assert(kit_next(c, &reply));
}

/** Take what the node said; true when it has closed the connection. */
static bool was_closed(int fd)
{
    uint8_t bytes[CLIENT_STRANGER_OUT_MAX];
    ssize_t n = 1;
    while (n > 0)
        n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    return n == 0;
}

/* A login that begins makes room while what others said in this turn is carried out. Each round gives the
 * oldest a part of a frame, and somebody else's claim at the same time: in some, both arrive in one turn. */
Test(guest, the_oldest_is_spared_while_it_says_something, .timeout = 140)
{
    enum {
        ROUNDS = 20
    };

    size_t oldest = 0;
    begin_logins(CROWD_MAX);
    struct client busy = kit_dial();
    for (size_t i = 0; i < ROUNDS; i++) {
        while (was_closed(fds[oldest]))
            oldest++;
        fds[fds_n] = visitor_from(50000 + (uint32_t)i);
        keep_busy(&busy);
        (void)send(fds[oldest], "\x00\x00\x00\xC8", i == 0 ? 4 : 1, MSG_NOSIGNAL);
        send_claim(fds[fds_n++]);
        await_replies(&busy);
        await_displaced(i + 1);
    }
    cr_expect_eq(kit_get(&busy, "k").status, STATUS_MISS);
    kit_hang_up(&busy);
    hang_up_all();
}

Test(guest, a_hello_and_a_claim_in_one_packet_are_both_answered)
{
    uint8_t bytes[512], word[LOGIN_CLAIM_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    struct client_request hello = visitor_hello((struct slice){0});
    struct client_request claim =
        visitor_hello(slice_of(word, login_claim("app", VISITOR_NONCE, word)));
    struct client_reply reply;
    hello.id = 1;
    claim.id = 2;
    client_request_encode(&w, &hello);
    client_request_encode(&w, &claim);
    kit_launch();
    struct client c = kit_dial();
    kit_send(&c, writer_slice(&w));
    cr_assert(kit_next(&c, &reply));
    cr_expect(reply.id == 1 && reply.error.len == 0);
    cr_assert(kit_next(&c, &reply), "together they are more than a stranger may leave unread");
    cr_expect(reply.id == 2 && is_challenge(&c, &reply));
    cr_expect_eq(kit_counters().strangers_unread, 0);
    kit_hang_up(&c);
}
