/** Who may do what, and what a connection may do before it has shown who it is. */
#include <criterion/criterion.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "loop/address.h"
#include "seal/login.h"
#include "wire/client_stranger.h"

#include "kit.h"

/* 32 bytes each, in base64: 00 01 .. 1f, and so on upwards */
#define K1 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define K2 "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
#define K3 "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="

#define FILE_OF_THREE "app " K1 " read,write\ninv " K2 " invalidate\nops " K3 " admin\n"

static struct clients clients, room;

static const struct clients *table(const char *text)
{
    struct clients_fault fault;
    cr_assert_eq(clients_parse(slice_text(text), &clients, &room, &fault), OK, "%s", fault.reason);
    return &clients;
}

static void make_with(uint32_t workers, const char *cluster)
{
    struct loop_cfg cfg = kit_cfg();
    cfg.clients = table(FILE_OF_THREE);
    cfg.workers = workers;
    cfg.cluster = cluster;
    kit_make(&cfg);
}

static void start(void)
{
    make_with(1, "test");
    kit_launch();
}

TestSuite(auth, .init = start, .fini = kit_end, .timeout = 60);

/** Auths that are made by hand before they run. */
TestSuite(auth_made, .fini = kit_end, .timeout = 60);

/* ---- logging in ---- */

static struct client_request hello(struct slice auth)
{
    return (struct client_request){
        .op = OP_HELLO, .client = slice_text("test"), .proto = CLIENT_PROTO, .auth = auth};
}

static const uint8_t OWN[LOGIN_NONCE_LEN] = {1, 2, 3};

static struct client_reply claim(struct client *c, const char *id)
{
    uint8_t word[LOGIN_CLAIM_MAX];
    const size_t len = login_claim(id, OWN, word);
    return kit_call(c, hello(slice_of(word, len)));
}

static bool is_error(const struct client_reply *reply, const char *name)
{
    return slice_eq(reply->error, slice_text(name));
}

/** Answer the challenge that *reply is; the reply to that. */
static struct client_reply prove(struct client *c, const struct client_reply *reply,
                                 const char *key_text)
{
    uint8_t key[CLIENTS_KEY_LEN], proof[LOGIN_PROOF_LEN];
    struct client_challenge told;
    cr_assert(clients_key_read(slice_text(key_text), key));
    cr_assert_eq(reply->error.len, 0);
    cr_assert_eq(client_challenge_decode(c->codec, reply->result, &told), OK);
    cr_expect(slice_eq(told.cluster, slice_text("test")));
    const struct login_terms terms = {
        .cluster = told.cluster, .node_nonce = told.nonce.at, .client_nonce = OWN};
    login_proof(LOGIN_CLIENT, key, &terms, proof);
    return kit_call(c, hello(slice_of(proof, sizeof proof)));
}

/** Log in; the reply to the proof. */
static struct client_reply login(struct client *c, const char *id, const char *key_text)
{
    const struct client_reply reply = claim(c, id);
    return prove(c, &reply, key_text);
}

static struct client dial_as(const char *id, const char *key)
{
    struct client c = kit_dial();
    const struct client_reply reply = login(&c, id, key);
    cr_assert_eq(reply.error.len, 0, "%.*s", (int)reply.text.len, (const char *)reply.text.at);
    return c;
}

static struct client_reply ask(struct client *c, uint32_t op)
{
    static const struct slice key = {(const uint8_t *)"k", 1};
    struct client_request r = {.op = op, .fill.key = key};
    r.fill.value = slice_text("v");
    r.fill.token = slice_text("t");
    if (op == OP_INVALIDATE || op == OP_MGET || op == OP_BEGIN) {
        r.scope = SCOPE_KEY;
        r.targets = &key;
        r.targets_n = 1;
    }
    return kit_call(c, r);
}

Test(auth, who_has_the_key_may_do_what_the_file_says)
{
    static const struct {
        const char *id, *key;
        uint8_t rights;
    } all[] = {{"app", K1, RIGHT_READ | RIGHT_WRITE},
               {"inv", K2, RIGHT_INVALIDATE},
               {"ops", K3, RIGHT_ADMIN}};

    static const struct {
        uint32_t op;
        uint8_t needs;
    } ops[] = {{OP_PING, 0},
               {OP_GET, RIGHT_READ},
               {OP_MGET, RIGHT_READ},
               {OP_PUT, RIGHT_WRITE},
               {OP_FILL, RIGHT_WRITE},
               {OP_TOUCH, RIGHT_WRITE},
               {OP_BEGIN, RIGHT_WRITE},
               {OP_INVALIDATE, RIGHT_INVALIDATE},
               {OP_STATS, RIGHT_ADMIN}};

    uint64_t refused = 0;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct client c = dial_as(all[i].id, all[i].key);
        for (size_t j = 0; j < ARRAY_LEN(ops); j++) {
            const struct client_reply reply = ask(&c, ops[j].op);
            const bool may = (ops[j].needs & ~all[i].rights) == 0;
            cr_expect_eq(is_error(&reply, "NOT_PERMITTED"), !may, "%s: %s", all[i].id,
                         client_op_text(ops[j].op));
            refused += !may;
        }
        kit_hang_up(&c);
    }
    cr_expect_eq(kit_counters().not_permitted, refused);
    cr_expect_eq(kit_counters().logins, ARRAY_LEN(all));
}

Test(auth, the_missing_capability_is_named)
{
    struct client c = dial_as("app", K1);
    const struct client_reply reply = ask(&c, OP_INVALIDATE);
    cr_expect(is_error(&reply, "NOT_PERMITTED"));
    cr_expect(slice_eq(reply.text, slice_text("invalidate needs the capability invalidate; this "
                                              "client has read, write")),
              "%.*s", (int)reply.text.len, (const char *)reply.text.at);
    kit_hang_up(&c);
}

Test(auth, subscriptions_are_reading)
{
    static const struct slice filter[2];
    const struct client_request subscribe = {.op = OP_SUBSCRIBE, .filters = filter, .filters_n = 1};
    struct client app = dial_as("app", K1), ops = dial_as("ops", K3);
    struct client_reply reply = kit_call(&app, subscribe);
    cr_expect_eq(reply.error.len, 0);
    reply = kit_call(&ops, subscribe);
    cr_expect(is_error(&reply, "NOT_PERMITTED"));
    kit_hang_up(&app);
    kit_hang_up(&ops);
}

Test(auth, another_key_and_an_unknown_id_fail_alike)
{
    struct client a = kit_dial(), b = kit_dial();
    const struct client_reply wrong = login(&a, "app", K2);
    const struct client_reply unknown = login(&b, "nobody", K1);
    cr_expect(is_error(&wrong, "AUTH_FAILED"));
    cr_expect(slice_eq(wrong.error, unknown.error) && slice_eq(wrong.text, unknown.text));
    cr_expect_eq(kit_counters().logins, 0);
    cr_expect_eq(kit_counters().logins_refused, 2);
    kit_hang_up(&a);
    kit_hang_up(&b);
}

Test(auth, without_a_login_nothing_is_answered_but_that_it_is_required)
{
    struct client_reply end;
    struct client c = kit_dial();
    for (uint32_t i = 0; i < LOGIN_TRIES; i++) {
        const struct client_reply reply = ask(&c, i == 0 ? OP_GET : i == 1 ? OP_PING : OP_STATS);
        cr_expect(is_error(&reply, "AUTH_REQUIRED"));
    }
    cr_expect_not(kit_next(&c, &end), "the third was the last");
    kit_hang_up(&c);
}

Test(auth, three_failures_close)
{
    struct client_reply end;
    struct client c = kit_dial();
    for (int i = 0; i < LOGIN_TRIES; i++) {
        const struct client_reply reply = login(&c, "app", K2);
        cr_expect(is_error(&reply, "AUTH_FAILED"));
    }
    cr_expect_not(kit_next(&c, &end));
    kit_hang_up(&c);
}

Test(auth, two_failures_and_the_right_key_are_a_login)
{
    struct client c = kit_dial();
    for (int i = 1; i < LOGIN_TRIES; i++)
        (void)login(&c, "app", K2);
    const struct client_reply reply = login(&c, "app", K1);
    cr_expect_eq(reply.error.len, 0);
    cr_expect_eq(kit_get(&c, "k").status, STATUS_MISS);
    kit_hang_up(&c);
}

Test(auth, what_follows_the_proof_in_one_packet_is_carried_out)
{
    uint8_t key[CLIENTS_KEY_LEN], proof[LOGIN_PROOF_LEN], bytes[512];
    struct client_challenge told;
    struct client_reply reply;
    struct client c = kit_dial();
    cr_assert(clients_key_read(slice_text(K1), key));
    reply = claim(&c, "app");
    cr_assert_eq(client_challenge_decode(c.codec, reply.result, &told), OK);
    const struct login_terms terms = {
        .cluster = told.cluster, .node_nonce = told.nonce.at, .client_nonce = OWN};
    login_proof(LOGIN_CLIENT, key, &terms, proof);
    struct client_request r = hello(slice_of(proof, sizeof proof));
    struct writer w = writer_of(bytes, sizeof bytes);
    r.id = 10;
    client_request_encode(&w, &r);
    for (r.id = 11; r.id < 14; r.id++) {
        const struct client_request get = {.id = r.id, .op = OP_GET, .fill.key = slice_text("k")};
        client_request_encode(&w, &get);
    }
    kit_send(&c, writer_slice(&w));
    for (uint32_t id = 10; id < 14; id++) {
        cr_assert(kit_next(&c, &reply));
        cr_expect_eq(reply.id, id);
        cr_expect_eq(reply.error.len, 0);
    }
    kit_hang_up(&c);
}

/* ---- the limits of strangers ---- */

static void expect_closed(struct client *c, const char *name)
{
    struct client_reply reply;
    cr_assert(kit_next(c, &reply));
    cr_expect(is_error(&reply, name), "%.*s", (int)reply.error.len, (const char *)reply.error.at);
    cr_expect_not(kit_next(c, &reply));
}

Test(auth, frames_over_256_bytes_end_it_before_they_are_read)
{
    struct client c = kit_dial();
    kit_send(&c, slice_of("\x00\x00\x01\x01", 4));
    expect_closed(&c, "FRAME_TOO_LONG");
    kit_hang_up(&c);
}

Test(auth, deep_frames_end_it)
{
    struct client c = kit_dial();
    kit_send(&c, slice_of("\x00\x00\x00\x05\x91\x91\x91\x91\xC0", 9));
    expect_closed(&c, "MALFORMED");
    kit_hang_up(&c);
}

/** A node with so many workers, whose strangers may stay, and go after this grace; and eight of them. */
static void fill_crowd(uint32_t workers, uint64_t grace_us, struct client all[CROWD_OF_EACH])
{
    make_with(workers, "test");
    kit_loop->auth.patience_us = 3600 * US_PER_SEC;
    kit_loop->auth.crowd.grace_us = grace_us;
    kit_launch();
    for (size_t i = 0; i < CROWD_OF_EACH; i++) {
        all[i] = kit_dial();
        while (kit_counters().strangers <= i)
            (void)sched_yield();
    }
}

static bool ended(struct client *c)
{
    struct client_reply end;
    return !kit_next(c, &end);
}

Test(auth_made, eight_silent_strangers_keep_nobody_of_their_address_out)
{
    struct client all[CROWD_OF_EACH], more[CROWD_OF_EACH];
    fill_crowd(2, 0, all);
    struct client_reply reply = claim(&all[0], "app"); /* it is the oldest, but not silent */
    for (size_t i = 1; i < CROWD_OF_EACH; i++) {       /* some are the other worker's */
        struct client c = dial_as("app", K1);
        cr_expect_eq(kit_get(&c, "k").status, STATUS_MISS);
        cr_expect(ended(&all[i]), "silent stranger %zu", i);
        kit_hang_up(&c);
        more[i] = kit_dial(); /* takes the place of c, which logged in */
        while (kit_counters().strangers != CROWD_OF_EACH ||
               kit_counters().connections_open != CROWD_OF_EACH)
            (void)sched_yield();
    }
    reply = prove(&all[0], &reply, K1);
    cr_expect_eq(reply.error.len, 0, "who began to log in is still there");
    cr_expect_eq(kit_counters().strangers_crowded, CROWD_OF_EACH - 1);
    for (size_t i = 0; i < CROWD_OF_EACH; i++) {
        kit_hang_up(&all[i]);
        if (i > 0)
            kit_hang_up(&more[i]);
    }
    while (kit_counters().connections_open > 0)
        (void)sched_yield();
    for (uint32_t i = 0; i < kit_loop->workers_n; i++)
        cr_expect_eq(atomic_load(&kit_loop->workers[i]->load), 0);
}

Test(auth_made, who_came_just_now_is_not_displaced)
{
    struct client all[CROWD_OF_EACH];
    fill_crowd(1, 3600 * US_PER_SEC, all);
    struct client ninth = kit_dial();
    expect_closed(&ninth, "TOO_MANY_CONNECTIONS");
    kit_hang_up(&ninth);
    cr_expect_eq(kit_counters().strangers_crowded, 1);
    const struct client_reply reply = login(&all[0], "app", K1);
    cr_expect_eq(reply.error.len, 0, "those who are there can log in");
    struct client tenth = dial_as("app", K1); /* and then there is room for another */
    kit_hang_up(&tenth);
    for (size_t i = 0; i < CROWD_OF_EACH; i++)
        kit_hang_up(&all[i]);
    while (kit_counters().strangers > 0)
        (void)sched_yield();
    cr_expect_eq(kit_counters().strangers_crowded, 1);
}

Test(auth_made, who_does_not_log_in_in_time_is_closed)
{
    struct client_reply end;
    make_with(1, "test");
    cr_assert_eq(kit_loop->auth.patience_us, 2 * US_PER_SEC);
    kit_loop->auth.patience_us = 20 * US_PER_MS;
    kit_launch();
    struct client silent = kit_dial(), halfway = kit_dial();
    (void)claim(&halfway, "app");
    cr_expect_not(kit_next(&silent, &end));
    cr_expect_not(kit_next(&halfway, &end), "a claim buys no time");
    cr_expect_eq(kit_counters().strangers_late, 2);
    kit_loop->auth.patience_us = 3600 * US_PER_SEC;
    struct client c = dial_as("app", K1);
    cr_expect_eq(kit_get(&c, "k").status, STATUS_MISS);
    kit_hang_up(&c);
    kit_hang_up(&silent);
    kit_hang_up(&halfway);
}

/** Connect from one of many addresses of this machine. */
static int dial_from(uint32_t n)
{
    struct address_sock to;
    const struct addr at = loop_client_addr(kit_loop);
    struct sockaddr_in own = {.sin_family = AF_INET};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    own.sin_addr.s_addr = htonl(0x7F010000U + n);
    cr_assert_eq(address_to_sock(&at, AF_INET, &to), OK);
    cr_assert_eq(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&to.at, to.len), 0);
    return fd;
}

static bool was_closed(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

Test(auth_made, of_too_many_strangers_the_oldest_goes)
{
    static int fds[CROWD_MAX + 1];
    make_with(1, "test");
    kit_loop->auth.patience_us = 3600 * US_PER_SEC;
    kit_launch();
    for (uint32_t i = 0; i < CROWD_MAX; i++)
        fds[i] = dial_from(1 + i / CROWD_OF_EACH);
    while (kit_counters().strangers < CROWD_MAX)
        (void)sched_yield();
    cr_expect_eq(kit_counters().strangers_displaced, 0);
    fds[CROWD_MAX] = dial_from(60000);
    while (kit_counters().strangers_displaced == 0)
        (void)sched_yield();
    cr_expect_eq(kit_counters().strangers_displaced, 1);
    cr_expect_eq(kit_counters().strangers_crowded, 0);
    while (!was_closed(fds[0]))
        (void)sched_yield();
    cr_expect_not(was_closed(fds[1]));
    struct client c = dial_as("app", K1);
    cr_expect_eq(kit_get(&c, "k").status, STATUS_MISS, "who has the key gets in");
    kit_hang_up(&c);
    for (size_t i = 0; i <= CROWD_MAX; i++)
        close(fds[i]);
}

/** Send five claims at once, with these ids. Returns: the bytes of the answers; 0 when it was closed
 *  without any. */
static size_t answers_to_claims(const uint32_t ids[5])
{
    uint8_t bytes[1024], word[LOGIN_CLAIM_MAX], in[1024];
    struct writer w = writer_of(bytes, sizeof bytes);
    struct client_request r = hello(slice_of(word, login_claim("app", OWN, word)));
    struct client c = kit_dial();
    size_t len = 0;
    for (size_t i = 0; i < 5; i++) {
        r.id = ids[i];
        client_request_encode(&w, &r);
    }
    cr_assert_eq(w.err, OK);
    kit_send(&c, writer_slice(&w));
    shutdown(c.fd, SHUT_WR);
    for (ssize_t n = 1; n > 0; len += n > 0 ? (size_t)n : 0)
        n = recv(c.fd, in + len, sizeof in - len, 0);
    kit_hang_up(&c);
    return len;
}

Test(auth_made, more_than_512_bytes_of_answers_do_not_wait)
{
    make_with(1, "fourteen-bytes"); /* five answers: three challenges, two refusals */
    kit_loop->auth.patience_us = 3600 * US_PER_SEC;
    kit_launch();
    const size_t least = answers_to_claims((uint32_t[5]){1, 1, 1, 1, 1});
    cr_assert_geq(least, CLIENT_STRANGER_OUT_MAX - 20, "%zu", least);
    cr_assert_leq(least, CLIENT_STRANGER_OUT_MAX, "%zu", least);
    for (size_t more = 0; more <= 20; more++) {
        uint32_t ids[5] = {1, 1, 1, 1, 1};
        size_t left = more;
        for (size_t i = 0; i < 5; i++) { /* ids of 1, 2, 3 and 5 bytes */
            const size_t take = left >= 4 ? 4 : left > 2 ? 2 : left;
            ids[i] = take == 4 ? 1U << 16 : take == 2 ? 1U << 8 : take == 1 ? 200 : 1;
            left -= take;
        }
        const size_t wanted = least + more;
        cr_expect_eq(answers_to_claims(ids), wanted <= CLIENT_STRANGER_OUT_MAX ? wanted : 0,
                     "%zu bytes", wanted);
    }
    cr_expect_gt(kit_counters().strangers_unread, 0);
}

/* ---- another file ---- */

Test(auth, who_loses_anything_is_cut_off_and_who_gains_goes_on)
{
    struct client app = dial_as("app", K1), inv = dial_as("inv", K2), ops = dial_as("ops", K3);
    cr_assert_eq(loop_clients_set(kit_loop, table("app " K1 " read\ninv " K2 " invalidate,read\n"
                                                  "ops ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6"
                                                  "Ozw9PjA= admin\n")),
                 OK);
    cr_expect(ended(&app), "it may not write any more");
    cr_expect(ended(&ops), "its key is another one");
    const struct client_reply reply = ask(&inv, OP_GET);
    cr_expect_eq(reply.error.len, 0, "it may read from now on");
    cr_expect_eq(kit_counters().clients_cut, 2);
    struct client again = dial_as("app", K1);
    cr_expect_eq(kit_get(&again, "other").status, STATUS_MISS);
    kit_hang_up(&app);
    kit_hang_up(&inv);
    kit_hang_up(&ops);
    kit_hang_up(&again);
}

Test(auth, a_bearer_is_known_by_the_key)
{
    cr_expect(loop_has_clients(kit_loop));
    cr_expect_eq(loop_bearer(kit_loop, slice_text(K2)), RIGHT_INVALIDATE);
    cr_expect_eq(loop_bearer(kit_loop, slice_text(K1)), RIGHT_READ | RIGHT_WRITE);
    cr_expect_eq(loop_bearer(kit_loop, slice_text("")), 0);
    cr_expect_eq(loop_bearer(kit_loop, slice_text(K2 " ")), 0);
}

/* ---- without a file ---- */

Test(auth_made, without_a_file_everybody_may_do_everything)
{
    const struct loop_cfg cfg = kit_cfg();
    kit_make(&cfg);
    kit_launch();
    struct client c = kit_dial();
    cr_expect_eq(kit_get(&c, "k").status, STATUS_MISS);
    const struct client_reply reply = claim(&c, "app");
    struct client_challenge told;
    cr_expect_eq(reply.error.len, 0);
    cr_expect_eq(client_challenge_decode(c.codec, reply.result, &told), ERR_MALFORMED,
                 "a plain greeting, which proves nothing");
    cr_expect_not(loop_has_clients(kit_loop));
    cr_expect_eq(loop_bearer(kit_loop, slice_text(K1)), 0);
    cr_expect_eq(loop_clients_set(kit_loop, table(FILE_OF_THREE)), ERR_CONFIG);
    cr_expect_eq(kit_counters().strangers, 0);
    kit_hang_up(&c);
}
