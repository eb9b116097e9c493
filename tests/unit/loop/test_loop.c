#include <criterion/criterion.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/socket.h>

#include "loop/address.h"

#include "kit.h"

/** Keep the control thread busy until some worker has run out of tickets. */
static void wait_for_full_queue(void)
{
    struct loop_counters c = {.queue_full = 0};
    for (int i = 0; i < 10000 && c.queue_full == 0; i++) {
        usleep(1000);
        loop_counters(kit_loop, &c);
    }
}

static size_t render_42(void *ctx, enum client_op what, uint8_t **msgpack)
{
    (void)ctx;
    if (what == OP_NODE)
        wait_for_full_queue();
    if (what != OP_MEMBERS)
        return 0;
    *msgpack = malloc(1);
    **msgpack = 42;
    return 1;
}

static void make(void)
{
    const struct loop_cfg cfg = kit_cfg();
    kit_make(&cfg);
    loop_inspect_set(kit_loop, render_42, NULL, NULL);
}

static void start(void)
{
    make();
    kit_launch();
}

static void start_with_two_connections(void)
{
    make();
    kit_loop->world.connections_max = 2;
    kit_launch();
}

TestSuite(loop, .init = start, .fini = kit_end, .timeout = 60);

/* ---- requests ---- */

Test(loop, a_miss_is_filled_and_an_invalidation_kills_it)
{
    struct client c = kit_dial();
    struct client_got got = kit_get(&c, "k");
    const struct slice key = slice_text("k");
    cr_assert_eq(got.status, STATUS_MISS);
    cr_assert_eq(got.token.len, TOKEN_LEN);
    (void)kit_call(
        &c, (struct client_request){
                .op = OP_FILL, .fill = {.key = key, .value = slice_text("v"), .token = got.token}});
    got = kit_get(&c, "k");
    cr_expect(got.status == STATUS_HIT && slice_eq(got.value, slice_text("v")));
    (void)kit_call(&c,
                   (struct client_request){
                       .op = OP_INVALIDATE, .scope = SCOPE_KEY, .targets = &key, .targets_n = 1});
    cr_expect_eq(kit_get(&c, "k").status, STATUS_MISS);
    kit_hang_up(&c);
}

Test(loop, a_put_on_one_connection_is_a_hit_on_another)
{
    struct client a = kit_dial(), b = kit_dial();
    cr_assert_eq(kit_put(&a, "k", slice_text("v")).error.len, 0);
    cr_expect_eq(kit_get(&b, "k").status, STATUS_HIT);
    kit_hang_up(&a);
    kit_hang_up(&b);
}

Test(loop, the_longest_value_goes_in_and_out_and_one_byte_more_does_not)
{
    uint8_t *big = malloc(KIT_VALUE_MAX + 1);
    struct client c = kit_dial();
    memset(big, 'b', KIT_VALUE_MAX + 1);
    cr_assert_eq(kit_put(&c, "big", slice_of(big, KIT_VALUE_MAX)).error.len, 0);
    const struct client_got got = kit_get(&c, "big");
    cr_expect(got.status == STATUS_HIT && slice_eq(got.value, slice_of(big, KIT_VALUE_MAX)));
    const struct client_reply refused = kit_put(&c, "big", slice_of(big, KIT_VALUE_MAX + 1));
    cr_expect(slice_eq(refused.error, slice_text("VALUE_TOO_LONG")));
    cr_expect_eq(kit_get(&c, "k").status, STATUS_MISS, "the connection goes on");
    free(big);
    kit_hang_up(&c);
}

Test(loop, pipelined_requests_are_all_answered)
{
    struct client c = kit_dial();
    struct client_reply reply;

    enum {
        N = 3000
    };

    static bool seen[N + 1];
    for (int i = 0; i < N; i++)
        (void)kit_ask(&c, (struct client_request){.op = i % 3 == 0 ? OP_INVALIDATE : OP_PING,
                                                  .scope = SCOPE_ALL});
    for (int i = 0; i < N; i++) {
        cr_assert(kit_next(&c, &reply));
        cr_assert_eq(reply.error.len, 0);
        cr_assert(reply.id >= 1 && reply.id <= N && !seen[reply.id]);
        seen[reply.id] = true;
    }
    kit_hang_up(&c);
}

Test(loop, a_client_that_reads_late_gets_everything)
{
    enum {
        N = 32
    };

    uint8_t *big = malloc(KIT_VALUE_MAX);
    struct client c = kit_dial();
    struct client_reply reply;
    memset(big, 'b', KIT_VALUE_MAX);
    (void)kit_put(&c, "big", slice_of(big, KIT_VALUE_MAX));
    for (int i = 0; i < N; i++)
        (void)kit_ask(&c, (struct client_request){.op = OP_GET, .fill.key = slice_text("big")});
    for (int i = 0; i < N; i++) {
        cr_assert(kit_next(&c, &reply));
        cr_assert_gt(reply.result.len, KIT_VALUE_MAX);
    }
    free(big);
    kit_hang_up(&c);
}

Test(loop, a_request_in_single_bytes_is_understood)
{
    uint8_t bytes[64];
    struct client c = kit_dial();
    struct client_reply reply;
    struct writer w = writer_of(bytes, sizeof bytes);
    client_request_encode(&w, &(struct client_request){.id = 7, .op = OP_PING});
    for (size_t i = 0; i < w.len; i++)
        kit_send(&c, slice_of(bytes + i, 1));
    cr_assert(kit_next(&c, &reply));
    cr_expect_eq(reply.id, 7);
    kit_hang_up(&c);
}

Test(loop, what_cannot_be_parsed_is_answered_and_closed)
{
    static const uint8_t JUNK[][6] = {{0, 0, 0, 2, 0xc1, 0xc1}, {0x7f, 0xff, 0xff, 0xff, 1, 2}};
    for (size_t i = 0; i < ARRAY_LEN(JUNK); i++) {
        struct client c = kit_dial();
        struct client_reply reply;
        kit_send(&c, slice_of(JUNK[i], sizeof JUNK[i]));
        cr_assert(kit_next(&c, &reply));
        cr_expect(!reply.has_id && reply.error.len > 0);
        cr_expect_not(kit_next(&c, &reply));
        kit_hang_up(&c);
    }
}

Test(loop, a_client_that_stops_sending_still_gets_its_replies)
{
    struct client c = kit_dial();
    struct client_reply reply;
    (void)kit_ask(&c, (struct client_request){.op = OP_INVALIDATE, .scope = SCOPE_ALL});
    shutdown(c.fd, SHUT_WR);
    cr_assert(kit_next(&c, &reply));
    cr_expect_eq(reply.error.len, 0);
    cr_expect_not(kit_next(&c, &reply));
    kit_hang_up(&c);
}

Test(loop, clients_may_vanish_with_requests_under_way)
{
    for (int i = 0; i < 50; i++) {
        struct client c = kit_dial();
        for (int k = 0; k < 20; k++)
            (void)kit_ask(&c, (struct client_request){.op = OP_INVALIDATE, .scope = SCOPE_ALL});
        kit_hang_up(&c);
    }
    struct client c = kit_dial();
    cr_expect_eq(kit_get(&c, "k").status, STATUS_MISS);
    kit_hang_up(&c);
}

/** Requests of all workers that had to wait for a ticket, or clients that were too slow. */
static uint64_t sum(size_t counter_at)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < kit_loop->workers_n; i++) {
        const char *counters = (const char *)&kit_loop->workers[i]->counters;
        n += atomic_load((const _Atomic uint64_t *)(const void *)(counters + counter_at));
    }
    return n;
}

Test(loop, out_of_tickets_a_worker_stops_reading_and_loses_nothing)
{
    enum {
        N = WORKER_TICKETS_MAX + 1000
    };
    struct client c = kit_dial();
    struct client_reply reply;
    kit_hold();
    for (int i = 0; i < N; i++)
        (void)kit_ask(&c, (struct client_request){.op = OP_INVALIDATE, .scope = SCOPE_ALL});
    while (sum(offsetof(struct worker_counters, queue_full)) ==
           0) /* control stands still: they pile up */
        sched_yield();
    kit_let_go();
    for (uint32_t i = 1; i <= N; i++) {
        cr_assert(kit_next(&c, &reply));
        cr_assert_eq(reply.error.len, 0);
        cr_assert_eq(reply.id, i, "of one kind, they come in order");
    }
    kit_hang_up(&c);
}

Test(loop, out_of_room_for_values_a_worker_stops_reading_and_loses_nothing)
{
    enum {
        N = 40
    };

    uint8_t *big = malloc(KIT_VALUE_MAX);
    struct client blocker = kit_dial(), c = kit_dial();
    struct client_reply reply;
    memset(big, 'b', KIT_VALUE_MAX);
    (void)kit_ask(&blocker, (struct client_request){.op = OP_NODE});
    for (int i = 0; i < N; i++)
        (void)kit_ask(&c, (struct client_request){.op = OP_PUT,
                                                  .fill = {.key = slice_text("k"),
                                                           .value = slice_of(big, KIT_VALUE_MAX)}});
    for (int i = 0; i < N; i++) {
        cr_assert(kit_next(&c, &reply));
        cr_assert_eq(reply.error.len, 0);
    }
    cr_expect_gt(sum(offsetof(struct worker_counters, queue_full)), 0);
    free(big);
    kit_hang_up(&c);
    kit_hang_up(&blocker);
}

Test(loop, what_others_render_is_passed_on)
{
    struct client c = kit_dial();
    const struct client_reply members = kit_call(&c, (struct client_request){.op = OP_MEMBERS});
    cr_expect(members.result.len == 1 && members.result.at[0] == 42);
    const struct client_reply stats = kit_call(&c, (struct client_request){.op = OP_STATS});
    cr_expect(slice_eq(stats.error, slice_text("NOT_CONFIGURED")));
    kit_hang_up(&c);
}

/* ---- limits of connections ---- */

static bool answers(struct client *c)
{
    struct client_reply reply;
    (void)kit_ask(c, (struct client_request){.op = OP_PING});
    return kit_next(c, &reply) && reply.error.len == 0;
}

Test(loop_full, the_connection_over_the_limit_is_told_and_closed,
     .init = start_with_two_connections, .fini = kit_end, .timeout = 60)
{
    struct client a = kit_dial(), b = kit_dial();
    struct client_reply reply;
    cr_assert(answers(&a) && answers(&b));
    struct client c = kit_dial();
    cr_assert(kit_next(&c, &reply));
    cr_expect(slice_eq(reply.error, slice_text("TOO_MANY_CONNECTIONS")));
    cr_expect_not(kit_next(&c, &reply));
    kit_hang_up(&c);
    kit_hang_up(&a);
    while (atomic_load(&kit_loop->world.connections) == 2)
        usleep(1000);
    c = kit_dial();
    cr_expect(answers(&c), "there is room again");
    kit_hang_up(&b);
    kit_hang_up(&c);
}

Test(loop, without_descriptors_a_client_is_hung_up_on_and_the_node_lives)
{
    struct rlimit limit;
    struct client_reply reply;
    struct client first = kit_dial();
    cr_assert(answers(&first));
    const int next_fd = dup(first.fd);
    close(next_fd);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const struct rlimit tight = {.rlim_cur = (rlim_t)next_fd + 1, .rlim_max = limit.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
    struct client second = kit_dial(); /* it has the last descriptor: none is left to accept it */
    cr_expect_not(kit_next(&second, &reply));
    cr_expect(answers(&first), "others are served");
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    kit_hang_up(&second);
    second = kit_dial();
    cr_expect(answers(&second));
    cr_expect_gt(sum(offsetof(struct worker_counters, accept_errors)), 0);
    kit_hang_up(&second);
    kit_hang_up(&first);
}

/* ---- subscriptions ---- */

static void subscribe(struct client *c, const char *prefix)
{
    const struct slice pair[2] = {slice_text(""), slice_text(prefix)};
    const struct client_reply reply =
        kit_call(c, (struct client_request){.op = OP_SUBSCRIBE, .filters = pair, .filters_n = 1});
    cr_assert_eq(reply.error.len, 0);
}

Test(loop, a_subscriber_hears_of_its_keys_and_of_no_others)
{
    struct client c = kit_dial(), writer = kit_dial();
    struct client_reply reply;
    subscribe(&c, "mine-");
    (void)kit_put(&writer, "other-1", slice_text("v"));
    (void)kit_put(&writer, "mine-1", slice_text("v"));
    cr_assert(kit_next(&c, &reply));
    cr_expect(reply.push && slice_eq(reply.op, slice_text("invalidated")));
    cr_expect_neq(memmem(reply.result.at, reply.result.len, "mine-1", 6), NULL);
    kit_hang_up(&c);
    kit_hang_up(&writer);
}

Test(loop, a_subscriber_that_never_reads_is_closed)
{
    static char key[1000];
    struct slice keys[CLIENT_TARGETS_MAX];
    struct client sleeper = kit_dial(), writer = kit_dial();
    memset(key, 'k', sizeof key);
    for (size_t i = 0; i < CLIENT_TARGETS_MAX; i++)
        keys[i] = slice_of(key, sizeof key);
    subscribe(&sleeper, "");
    while (sum(offsetof(struct worker_counters, closed_slow)) == 0)
        (void)kit_call(&writer, (struct client_request){.op = OP_INVALIDATE,
                                                        .scope = SCOPE_KEY,
                                                        .targets = keys,
                                                        .targets_n = CLIENT_TARGETS_MAX});
    cr_expect_eq(sum(offsetof(struct worker_counters, closed_slow)), 1);
    kit_hang_up(&sleeper);
    kit_hang_up(&writer);
}

Test(loop, after_unsubscribing_nothing_is_pushed)
{
    struct client c = kit_dial();
    struct client_reply reply;
    const struct slice pair[2] = {slice_text(""), slice_text("mine-")};
    subscribe(&c, "mine-");
    (void)kit_call(&c,
                   (struct client_request){.op = OP_UNSUBSCRIBE, .filters = pair, .filters_n = 1});
    (void)kit_put(&c, "mine-1", slice_text("v"));
    (void)kit_ask(&c, (struct client_request){.op = OP_PING});
    cr_assert(kit_next(&c, &reply));
    cr_expect_not(reply.push);
    kit_hang_up(&c);
}

/* ---- life ---- */

Test(loop, a_loop_that_never_ran_is_released)
{
    char why[LOOP_WHY_MAX];
    const struct loop_cfg cfg = kit_cfg();
    struct loop *other = loop_new(&cfg, why, sizeof why);
    cr_assert_neq(other, NULL, "%s", why);
    loop_free(other);
    loop_free(NULL);
}

Test(loop, a_port_in_use_is_told_with_its_address)
{
    char why[LOOP_WHY_MAX] = "", client[ADDRESS_TEXT_MAX];
    struct loop_cfg cfg = kit_cfg();
    cfg.client = loop_client_addr(kit_loop);
    cr_expect_eq(loop_new(&cfg, why, sizeof why), NULL);
    cr_expect_neq(strstr(why, address_format(&cfg.client, client)), NULL, "%s", why);
}

Test(loop, settings_out_of_range_are_refused)
{
    char why[LOOP_WHY_MAX];
    const char *bad_seed[] = {"no-port"};
    struct loop_cfg cfg = kit_cfg();
    cfg.name = "";
    cr_expect_eq(loop_new(&cfg, why, sizeof why), NULL);
    cfg = kit_cfg();
    cfg.workers = LOOP_WORKERS_MAX + 1;
    cr_expect_eq(loop_new(&cfg, why, sizeof why), NULL);
    cfg = kit_cfg();
    cfg.seeds = (struct loop_texts){.at = bad_seed, .n = 1};
    cr_expect_eq(loop_new(&cfg, why, sizeof why), NULL);
    cr_expect_neq(strstr(why, "no-port"), NULL, "%s", why);
    cfg = kit_cfg();
    cfg.keyring = NULL;
    cfg.crypto = SEAL_LISTEN;
    cr_expect_eq(loop_new(&cfg, why, sizeof why), NULL);
    cr_expect_neq(strstr(why, "keyring"), NULL, "%s", why);
}
