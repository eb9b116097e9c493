/** Who may do what, and what a connection may do before it has shown who it is. */
#include <criterion/criterion.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include "wire/client_stranger.h"

#include "visitor.h"

static void start(void)
{
    visitor_node(1, "test");
    kit_launch();
}

TestSuite(auth, .init = start, .fini = kit_end, .timeout = 60);

/** Auths that are made by hand before they run. */
TestSuite(auth_made, .fini = kit_end, .timeout = 60);

/* ---- logging in ---- */

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
        struct client c = visitor_as(all[i].id, all[i].key);
        for (size_t j = 0; j < ARRAY_LEN(ops); j++) {
            const struct client_reply reply = visitor_ask(&c, ops[j].op);
            const bool may = (ops[j].needs & ~all[i].rights) == 0;
            cr_expect_eq(visitor_told(&reply, "NOT_PERMITTED"), !may, "%s: %s", all[i].id,
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
    struct client c = visitor_as("app", K1);
    const struct client_reply reply = visitor_ask(&c, OP_INVALIDATE);
    cr_expect(visitor_told(&reply, "NOT_PERMITTED"));
    cr_expect(slice_eq(reply.text, slice_text("invalidate needs the capability invalidate; this "
                                              "client has read, write")),
              "%.*s", (int)reply.text.len, (const char *)reply.text.at);
    kit_hang_up(&c);
}

Test(auth, subscriptions_are_reading)
{
    static const struct slice filter[2];
    const struct client_request subscribe = {.op = OP_SUBSCRIBE, .filters = filter, .filters_n = 1};
    struct client app = visitor_as("app", K1), ops = visitor_as("ops", K3);
    struct client_reply reply = kit_call(&app, subscribe);
    cr_expect_eq(reply.error.len, 0);
    reply = kit_call(&ops, subscribe);
    cr_expect(visitor_told(&reply, "NOT_PERMITTED"));
    kit_hang_up(&app);
    kit_hang_up(&ops);
}

Test(auth, another_key_and_an_unknown_id_fail_alike)
{
    struct client a = kit_dial(), b = kit_dial();
    const struct client_reply wrong = visitor_login(&a, "app", K2);
    const struct client_reply unknown = visitor_login(&b, "nobody", K1);
    cr_expect(visitor_told(&wrong, "AUTH_FAILED"));
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
        const struct client_reply reply = visitor_ask(&c, i == 0   ? OP_GET
                                                          : i == 1 ? OP_PING
                                                                   : OP_STATS);
        cr_expect(visitor_told(&reply, "AUTH_REQUIRED"));
    }
    cr_expect_not(kit_next(&c, &end), "the third was the last");
    kit_hang_up(&c);
}

Test(auth, three_failures_close)
{
    struct client_reply end;
    struct client c = kit_dial();
    for (int i = 0; i < LOGIN_TRIES; i++) {
        const struct client_reply reply = visitor_login(&c, "app", K2);
        cr_expect(visitor_told(&reply, "AUTH_FAILED"));
    }
    cr_expect_not(kit_next(&c, &end));
    kit_hang_up(&c);
}

Test(auth, two_failures_and_the_right_key_are_a_login)
{
    struct client c = kit_dial();
    for (int i = 1; i < LOGIN_TRIES; i++)
        (void)visitor_login(&c, "app", K2);
    const struct client_reply reply = visitor_login(&c, "app", K1);
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
    reply = visitor_claim(&c, "app");
    cr_assert_eq(client_challenge_decode(c.codec, reply.result, &told), OK);
    const struct login_terms terms = {
        .cluster = told.cluster, .node_nonce = told.nonce.at, .client_nonce = VISITOR_NONCE};
    login_proof(LOGIN_CLIENT, key, &terms, proof);
    struct client_request r = visitor_hello(slice_of(proof, sizeof proof));
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

Test(auth, frames_over_256_bytes_end_it_before_they_are_read)
{
    struct client c = kit_dial();
    kit_send(&c, slice_of("\x00\x00\x01\x01", 4));
    visitor_refused(&c, "FRAME_TOO_LONG");
    kit_hang_up(&c);
}

Test(auth, deep_frames_end_it)
{
    struct client c = kit_dial();
    kit_send(&c, slice_of("\x00\x00\x00\x05\x91\x91\x91\x91\xC0", 9));
    visitor_refused(&c, "MALFORMED");
    kit_hang_up(&c);
}

Test(auth_made, who_does_not_log_in_in_time_is_closed)
{
    struct client_reply end;
    visitor_node(1, "test");
    cr_assert_eq(kit_loop->auth.patience_us, 2 * US_PER_SEC);
    kit_loop->auth.patience_us = 20 * US_PER_MS;
    kit_launch();
    struct client silent = kit_dial(), halfway = kit_dial();
    (void)visitor_claim(&halfway, "app");
    cr_expect_not(kit_next(&silent, &end));
    cr_expect_not(kit_next(&halfway, &end), "a claim buys no time");
    cr_expect_eq(kit_counters().strangers_late, 2);
    kit_loop->auth.patience_us = 3600 * US_PER_SEC;
    struct client c = visitor_as("app", K1);
    cr_expect_eq(kit_get(&c, "k").status, STATUS_MISS);
    kit_hang_up(&c);
    kit_hang_up(&silent);
    kit_hang_up(&halfway);
}

Test(auth_made, of_too_many_strangers_the_oldest_goes)
{
    static int fds[CROWD_MAX + 1];
    visitor_node(1, "test");
    kit_loop->auth.patience_us = 3600 * US_PER_SEC;
    kit_launch();
    for (uint32_t i = 0; i < CROWD_MAX; i++)
        fds[i] = visitor_from(1 + i / CROWD_OF_EACH);
    while (kit_counters().strangers < CROWD_MAX)
        (void)sched_yield();
    cr_expect_eq(kit_counters().strangers_displaced, 0);
    fds[CROWD_MAX] = visitor_from(60000);
    while (kit_counters().strangers_displaced == 0)
        (void)sched_yield();
    cr_expect_eq(kit_counters().strangers_displaced, 1);
    cr_expect_eq(kit_counters().strangers_crowded, 0);
    while (!visitor_was_closed(fds[0]))
        (void)sched_yield();
    cr_expect_not(visitor_was_closed(fds[1]));
    struct client c = visitor_as("app", K1);
    cr_expect_eq(kit_get(&c, "k").status, STATUS_MISS, "who has the key gets in");
    kit_hang_up(&c);
    for (size_t i = 0; i <= CROWD_MAX; i++)
        close(fds[i]);
}

/* ---- what they do not read ---- */

/** Send five claims at once, with these ids. Returns: the bytes of the answers; 0 when it was closed
 *  without any. */
static size_t answers_to_claims(const uint32_t ids[5])
{
    uint8_t bytes[1024], word[LOGIN_CLAIM_MAX], in[1024];
    struct writer w = writer_of(bytes, sizeof bytes);
    struct client_request r =
        visitor_hello(slice_of(word, login_claim("app", VISITOR_NONCE, word)));
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
    visitor_node(1, "fourteen-bytes"); /* five answers: three challenges, two refusals */
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
    struct client app = visitor_as("app", K1), inv = visitor_as("inv", K2),
                  ops = visitor_as("ops", K3);
    cr_assert_eq(
        loop_clients_set(kit_loop, visitor_table("app " K1 " read\ninv " K2 " invalidate,read\n"
                                                 "ops ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6"
                                                 "Ozw9PjA= admin\n")),
        OK);
    cr_expect(visitor_ended(&app), "it may not write any more");
    cr_expect(visitor_ended(&ops), "its key is another one");
    const struct client_reply reply = visitor_ask(&inv, OP_GET);
    cr_expect_eq(reply.error.len, 0, "it may read from now on");
    cr_expect_eq(kit_counters().clients_cut, 2);
    struct client again = visitor_as("app", K1);
    cr_expect_eq(kit_get(&again, "other").status, STATUS_MISS);
    kit_hang_up(&app);
    kit_hang_up(&inv);
    kit_hang_up(&ops);
    kit_hang_up(&again);
}

Test(auth, a_bearer_is_known_by_the_key)
{
    cr_expect_eq(loop_entry(kit_loop), ENTRY_REQUIRE);
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
    const struct client_reply reply = visitor_claim(&c, "app");
    struct client_challenge told;
    cr_expect_eq(reply.error.len, 0);
    cr_expect_eq(client_challenge_decode(c.codec, reply.result, &told), ERR_MALFORMED,
                 "a plain greeting, which proves nothing");
    cr_expect_eq(loop_entry(kit_loop), ENTRY_OFF);
    cr_expect_eq(loop_bearer(kit_loop, slice_text(K1)), 0);
    cr_expect_eq(loop_clients_set(kit_loop, visitor_table(FILE_OF_THREE)), ERR_CONFIG);
    cr_expect_eq(kit_counters().strangers, 0);
    kit_hang_up(&c);
}
