#include <criterion/criterion.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include "kit.h"

#define LONG_MS 60000

static void start_with(uint32_t workers)
{
    struct loop_cfg cfg = kit_cfg();
    cfg.workers = workers;
    kit_make(&cfg);
    kit_launch();
}

static void start(void)
{
    start_with(2);
}

static void start_with_one_worker(void)
{
    start_with(1);
}

TestSuite(waiting, .init = start, .fini = kit_end, .timeout = 60);

/** The token of a miss of k, kept beyond the frame that it came in. */
struct token {
    uint8_t bytes[TOKEN_LEN];
};

static struct token miss(struct client *c, const char *key)
{
    struct token t;
    const struct client_got got = kit_get(c, key);
    cr_assert_eq(got.status, STATUS_MISS);
    cr_assert_eq(got.token.len, TOKEN_LEN);
    memcpy(t.bytes, got.token.at, TOKEN_LEN);
    return t;
}

static bool fill(struct client *c, const char *key, const struct token *t)
{
    return kit_fill(c, key, "v", slice_of(t->bytes, TOKEN_LEN)).stored;
}

static struct client_request get_that_waits(const char *key, uint32_t wait_ms)
{
    return (struct client_request){
        .op = OP_GET, .fill.key = slice_text(key), .read.wait_ms = wait_ms};
}

static void ping(struct client *c)
{
    cr_assert_eq(kit_call(c, (struct client_request){.op = OP_PING}).error.len, 0);
}

/** Begin a get that waits. It does so once the ping behind it was answered first. */
static uint32_t begin_to_wait(struct client *c, const char *key)
{
    const uint32_t id = kit_ask(c, get_that_waits(key, LONG_MS));
    ping(c);
    return id;
}

/** Who waits for what other threads do has nothing to block on. */
static void until_nobody_waits(void)
{
    while (kit_counters().waiting > 0)
        usleep(1000);
}

Test(waiting, a_second_caller_is_told_that_somebody_loads)
{
    struct client a = kit_dial(), b = kit_dial();
    (void)miss(&a, "k");
    const struct client_got got = kit_get(&b, "k");
    cr_expect_eq(got.status, STATUS_WAIT);
    cr_expect_eq(got.token.len, 0);
    (void)miss(&a, "k"); /* the holder itself is not turned away */
    kit_hang_up(&a);
    kit_hang_up(&b);
}

Test(waiting, who_waits_gets_the_value_of_the_fill)
{
    struct client a = kit_dial(), b = kit_dial();
    const struct token t = miss(&a, "k");
    const uint32_t id = begin_to_wait(&b, "k");
    cr_expect_eq(kit_counters().waiting, 1);
    cr_assert(fill(&a, "k", &t));
    const struct client_got got = kit_got(&b, id);
    cr_expect_eq(got.status, STATUS_HIT);
    cr_expect(slice_eq(got.value, slice_text("v")));
    until_nobody_waits();
    kit_hang_up(&a);
    kit_hang_up(&b);
}

Test(waiting, when_the_holder_is_late_the_next_one_loads)
{
    struct client a = kit_dial(), b = kit_dial();
    const struct token t = miss(&a, "k");
    const uint32_t id = begin_to_wait(&b, "k");
    const struct client_got got = kit_got(&b, id); /* the lease lasts a second */
    cr_expect_eq(got.status, STATUS_MISS);
    cr_expect_eq(got.token.len, TOKEN_LEN);
    cr_expect(fill(&a, "k", &t), "a late fill is as good as any");
    kit_hang_up(&a);
    kit_hang_up(&b);
}

Test(waiting, when_the_holder_vanishes_the_next_one_loads)
{
    struct client a = kit_dial(), b = kit_dial();
    (void)miss(&a, "k");
    const uint32_t id = begin_to_wait(&b, "k");
    kit_hang_up(&a);
    const struct client_got got = kit_got(&b, id);
    cr_expect_eq(got.status, STATUS_MISS);
    cr_expect_eq(got.token.len, TOKEN_LEN);
    kit_hang_up(&b);
}

Test(waiting, an_invalidation_lets_the_next_one_load)
{
    struct client a = kit_dial(), b = kit_dial(), c = kit_dial();
    const struct token t = miss(&a, "k");
    const uint32_t id = begin_to_wait(&b, "k");
    (void)kit_invalidate(&c, "k");
    const struct client_got got = kit_got(&b, id);
    cr_assert_eq(got.status, STATUS_MISS);
    cr_assert_eq(got.token.len, TOKEN_LEN);
    struct token newer;
    memcpy(newer.bytes, got.token.at, TOKEN_LEN);
    cr_expect_not(fill(&a, "k", &t), "that load read the source too early");
    cr_expect(fill(&b, "k", &newer));
    kit_hang_up(&a);
    kit_hang_up(&b);
    kit_hang_up(&c);
}

/** Which of the clients is answered first? */
static size_t first_answered(const struct client *c, size_t n)
{
    struct pollfd fds[16];
    size_t i = 0;
    cr_assert_leq(n, ARRAY_LEN(fds));
    for (i = 0; i < n; i++)
        fds[i] = (struct pollfd){.fd = c[i].fd, .events = POLLIN};
    cr_assert_eq(poll(fds, n, -1), 1, "only one is answered");
    for (i = 0; fds[i].revents == 0; i++)
        continue;
    return i;
}

Test(waiting, only_one_of_many_becomes_the_next_holder)
{
    enum {
        N = 8
    };

    struct client a = kit_dial(), c = kit_dial(), b[N];
    uint32_t id[N];
    struct token t;
    (void)miss(&a, "k");
    for (size_t i = 0; i < N; i++) {
        b[i] = kit_dial();
        id[i] = begin_to_wait(&b[i], "k");
    }
    (void)kit_invalidate(&c, "k");
    const size_t holder = first_answered(b, N);
    const struct client_got got = kit_got(&b[holder], id[holder]);
    cr_assert_eq(got.status, STATUS_MISS);
    memcpy(t.bytes, got.token.at, TOKEN_LEN);
    cr_assert(fill(&b[holder], "k", &t));
    for (size_t i = 0; i < N; i++) {
        if (i != holder)
            cr_expect_eq(kit_got(&b[i], id[i]).status, STATUS_HIT);
        kit_hang_up(&b[i]);
    }
    kit_hang_up(&a);
    kit_hang_up(&c);
}

Test(waiting, when_its_time_is_over_it_is_told_to_wait)
{
    struct client a = kit_dial(), b = kit_dial();
    (void)miss(&a, "k");
    const uint32_t id = kit_ask(&b, get_that_waits("k", 1));
    cr_expect_eq(kit_got(&b, id).status, STATUS_WAIT);
    kit_hang_up(&a);
    kit_hang_up(&b);
}

Test(waiting, a_client_that_stops_sending_still_gets_what_it_waits_for)
{
    struct client a = kit_dial(), b = kit_dial();
    struct client_reply reply;
    const struct token t = miss(&a, "k");
    const uint32_t id = begin_to_wait(&b, "k");
    shutdown(b.fd, SHUT_WR);
    cr_assert(fill(&a, "k", &t));
    cr_expect_eq(kit_got(&b, id).status, STATUS_HIT);
    cr_expect_not(kit_next(&b, &reply));
    kit_hang_up(&a);
    kit_hang_up(&b);
}

Test(waiting, clients_may_vanish_while_they_wait)
{
    struct client a = kit_dial();
    (void)miss(&a, "k");
    for (int i = 0; i < 20; i++) {
        struct client b = kit_dial();
        (void)kit_ask(&b, get_that_waits("k", LONG_MS));
        (void)begin_to_wait(&b, "k");
        kit_hang_up(&b);
    }
    until_nobody_waits();
    kit_hang_up(&a);
}

Test(waiting, a_node_may_stop_while_somebody_waits)
{
    struct client a = kit_dial(), b = kit_dial();
    (void)miss(&a, "k");
    (void)begin_to_wait(&b, "k");
    (void)begin_to_wait(&b, "k");
    kit_hang_up(&a);
    kit_hang_up(&b);
}

/* ---- at the limit ---- */

Test(waiting_full, beyond_the_limit_a_get_is_answered_at_once, .init = start_with_one_worker,
     .fini = kit_end, .timeout = 60)
{
    enum {
        MORE = 3
    };

    struct client a = kit_dial(), b = kit_dial();
    const struct token t = miss(&a, "k");
    for (uint32_t i = 0; i < WAITING_MAX; i++)
        (void)kit_ask(&b, get_that_waits("k", LONG_MS));
    for (int i = 0; i < MORE; i++) {
        const uint32_t id = kit_ask(&b, get_that_waits("k", LONG_MS));
        cr_assert_eq(kit_got(&b, id).status, STATUS_WAIT);
    }
    cr_expect_eq(kit_counters().waits_full, MORE);
    cr_expect_eq(kit_counters().waiting, WAITING_MAX);
    cr_assert(fill(&a, "k", &t));
    for (uint32_t i = 1; i <= WAITING_MAX; i++) /* in the order in which they came */
        cr_assert_eq(kit_got(&b, i).status, STATUS_HIT);
    kit_hang_up(&a);
    kit_hang_up(&b);
}

Test(waiting_full, beyond_the_limit_a_dry_run_is_refused, .init = start_with_one_worker,
     .fini = kit_end, .timeout = 60)
{
    struct client a = kit_dial(), b = kit_dial();
    (void)miss(&a, "k");
    for (uint32_t i = 0; i < WAITING_MAX; i++)
        (void)kit_ask(&b, get_that_waits("k", LONG_MS));
    const struct client_reply reply = kit_call(
        &b, (struct client_request){.op = OP_INVALIDATE, .scope = SCOPE_ALL, .dry_run = true});
    cr_expect(slice_eq(reply.error, slice_text("BUSY")));
    kit_hang_up(&a);
    kit_hang_up(&b);
}
