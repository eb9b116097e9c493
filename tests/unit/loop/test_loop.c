#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ev.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "loop/address.h"
#include "loop/inside.h"
#include "wire/client.h"

#define VALUE_MAX (1U << 20)

/** A whole node in this process, its control loop in a thread of its own. */
static struct loop *loop;
static pthread_t thread;
static ev_async stop;
static int exit_status;

static void on_stop(struct ev_loop *ev, ev_async *wake, int revents)
{
    (void)ev;
    (void)revents;
    loop_stop(wake->data);
}

static void *run_loop(void *ctx)
{
    exit_status = loop_run(ctx);
    return NULL;
}

static struct loop_cfg cfg_of(void)
{
    struct loop_cfg cfg = {.name = "n",
                           .cluster = "test",
                           .profile = SWIM_TEST,
                           .budget_bytes = 32U << 20,
                           .value_max = VALUE_MAX,
                           .workers = 2,
                           .log.level = LOGGER_ERROR};
    cr_assert_eq(address_parse("127.0.0.1:0", &cfg.client), OK);
    cfg.gossip = cfg.client;
    return cfg;
}

/** Keep the control thread busy until some worker has run out of tickets. */
static void wait_for_full_queue(void)
{
    struct loop_counters c = {.queue_full = 0};
    for (int i = 0; i < 10000 && c.queue_full == 0; i++) {
        usleep(1000);
        loop_counters(loop, &c);
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

static void make_loop(void)
{
    char why[LOOP_WHY_MAX] = "";
    const struct loop_cfg cfg = cfg_of();
    loop = loop_new(&cfg, why, sizeof why);
    cr_assert_neq(loop, NULL, "%s", why);
    loop_inspect_set(loop, render_42, NULL);
    ev_async_init(&stop, on_stop);
    stop.data = loop;
    ev_async_start(loop_ev(loop), &stop);
}

static void launch(void)
{
    cr_assert_eq(pthread_create(&thread, NULL, run_loop, loop), 0);
}

static void start(void)
{
    make_loop();
    launch();
}

static void start_with_two_connections(void)
{
    make_loop();
    loop->world.connections_max = 2;
    launch();
}

static void end(void)
{
    ev_async_send(loop_ev(loop), &stop);
    pthread_join(thread, NULL);
    cr_expect_eq(exit_status, 0);
    loop_free(loop);
}

/* ---- a client ---- */

struct client {
    int fd;
    struct client_codec *codec;
    void *memory;
    uint8_t *frame; /* the last reply */
    uint32_t id;
};

static struct client dial(void)
{
    struct client c = {.memory = calloc(1, 8U << 20)};
    struct arena arena;
    struct address_sock sock;
    const struct addr at = loop_client_addr(loop);
    arena_init(&arena, c.memory, 8U << 20);
    c.codec = client_codec_new(&arena, VALUE_MAX);
    cr_assert_neq(c.codec, NULL);
    c.fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(address_to_sock(&at, AF_INET, &sock), OK);
    cr_assert_eq(connect(c.fd, (struct sockaddr *)&sock.at, sock.len), 0);
    return c;
}

static void hang_up(struct client *c)
{
    close(c->fd);
    client_codec_free(c->codec);
    free(c->memory);
    free(c->frame);
}

static void send_bytes(const struct client *c, struct slice bytes)
{
    while (bytes.len > 0) {
        const ssize_t n = send(c->fd, bytes.at, bytes.len, MSG_NOSIGNAL);
        cr_assert_gt(n, 0);
        bytes.at += n;
        bytes.len -= (size_t)n;
    }
}

static uint32_t ask(struct client *c, struct client_request r)
{
    const size_t cap = r.fill.value.len + r.targets_n * 1100 + 4096;
    uint8_t *bytes = malloc(cap);
    struct writer w = writer_of(bytes, cap);
    r.id = ++c->id;
    client_request_encode(&w, &r);
    cr_assert_eq(w.err, OK);
    send_bytes(c, writer_slice(&w));
    free(bytes);
    return r.id;
}

static bool read_whole(int fd, uint8_t *at, size_t n)
{
    return recv(fd, at, n, MSG_WAITALL) == (ssize_t)n;
}

/** The next frame; false when the node closed the connection. */
static bool next(struct client *c, struct client_reply *reply)
{
    uint8_t head[4];
    if (!read_whole(c->fd, head, sizeof head))
        return false;
    struct reader r = reader_of(slice_of(head, sizeof head));
    const uint32_t len = read_u32(&r);
    free(c->frame);
    c->frame = malloc(len);
    cr_assert(read_whole(c->fd, c->frame, len));
    cr_assert_eq(client_reply_decode(c->codec, slice_of(c->frame, len), reply), OK);
    return true;
}

static struct client_reply call(struct client *c, struct client_request r)
{
    struct client_reply reply;
    const uint32_t id = ask(c, r);
    cr_assert(next(c, &reply));
    cr_assert(!reply.push && reply.id == id);
    return reply;
}

static struct client_got get(struct client *c, const char *key)
{
    struct client_got got;
    const struct client_reply reply =
        call(c, (struct client_request){.op = OP_GET, .fill.key = slice_text(key)});
    cr_assert_eq(reply.error.len, 0);
    cr_assert_eq(client_got_decode(c->codec, reply.result, &got), OK);
    return got;
}

static struct client_reply put(struct client *c, const char *key, struct slice value)
{
    return call(
        c, (struct client_request){.op = OP_PUT, .fill = {.key = slice_text(key), .value = value}});
}

TestSuite(loop, .init = start, .fini = end, .timeout = 60);

/* ---- requests ---- */

Test(loop, a_miss_is_filled_and_an_invalidation_kills_it)
{
    struct client c = dial();
    struct client_got got = get(&c, "k");
    const struct slice key = slice_text("k");
    cr_assert_eq(got.status, STATUS_MISS);
    cr_assert_eq(got.token.len, TOKEN_LEN);
    (void)call(
        &c, (struct client_request){
                .op = OP_FILL, .fill = {.key = key, .value = slice_text("v"), .token = got.token}});
    got = get(&c, "k");
    cr_expect(got.status == STATUS_HIT && slice_eq(got.value, slice_text("v")));
    (void)call(&c, (struct client_request){
                       .op = OP_INVALIDATE, .scope = SCOPE_KEY, .targets = &key, .targets_n = 1});
    cr_expect_eq(get(&c, "k").status, STATUS_MISS);
    hang_up(&c);
}

Test(loop, a_put_on_one_connection_is_a_hit_on_another)
{
    struct client a = dial(), b = dial();
    cr_assert_eq(put(&a, "k", slice_text("v")).error.len, 0);
    cr_expect_eq(get(&b, "k").status, STATUS_HIT);
    hang_up(&a);
    hang_up(&b);
}

Test(loop, the_longest_value_goes_in_and_out_and_one_byte_more_does_not)
{
    uint8_t *big = malloc(VALUE_MAX + 1);
    struct client c = dial();
    memset(big, 'b', VALUE_MAX + 1);
    cr_assert_eq(put(&c, "big", slice_of(big, VALUE_MAX)).error.len, 0);
    const struct client_got got = get(&c, "big");
    cr_expect(got.status == STATUS_HIT && slice_eq(got.value, slice_of(big, VALUE_MAX)));
    const struct client_reply refused = put(&c, "big", slice_of(big, VALUE_MAX + 1));
    cr_expect(slice_eq(refused.error, slice_text("VALUE_TOO_LONG")));
    cr_expect_eq(get(&c, "k").status, STATUS_MISS, "the connection goes on");
    free(big);
    hang_up(&c);
}

Test(loop, pipelined_requests_are_all_answered)
{
    struct client c = dial();
    struct client_reply reply;

    enum {
        N = 3000
    };

    static bool seen[N + 1];
    for (int i = 0; i < N; i++)
        (void)ask(&c, (struct client_request){.op = i % 3 == 0 ? OP_INVALIDATE : OP_PING,
                                              .scope = SCOPE_ALL});
    for (int i = 0; i < N; i++) {
        cr_assert(next(&c, &reply));
        cr_assert_eq(reply.error.len, 0);
        cr_assert(reply.id >= 1 && reply.id <= N && !seen[reply.id]);
        seen[reply.id] = true;
    }
    hang_up(&c);
}

Test(loop, a_client_that_reads_late_gets_everything)
{
    enum {
        N = 32
    };

    uint8_t *big = malloc(VALUE_MAX);
    struct client c = dial();
    struct client_reply reply;
    memset(big, 'b', VALUE_MAX);
    (void)put(&c, "big", slice_of(big, VALUE_MAX));
    for (int i = 0; i < N; i++)
        (void)ask(&c, (struct client_request){.op = OP_GET, .fill.key = slice_text("big")});
    for (int i = 0; i < N; i++) {
        cr_assert(next(&c, &reply));
        cr_assert_gt(reply.result.len, VALUE_MAX);
    }
    free(big);
    hang_up(&c);
}

Test(loop, a_request_in_single_bytes_is_understood)
{
    uint8_t bytes[64];
    struct client c = dial();
    struct client_reply reply;
    struct writer w = writer_of(bytes, sizeof bytes);
    client_request_encode(&w, &(struct client_request){.id = 7, .op = OP_PING});
    for (size_t i = 0; i < w.len; i++)
        send_bytes(&c, slice_of(bytes + i, 1));
    cr_assert(next(&c, &reply));
    cr_expect_eq(reply.id, 7);
    hang_up(&c);
}

Test(loop, what_cannot_be_parsed_is_answered_and_closed)
{
    static const uint8_t JUNK[][6] = {{0, 0, 0, 2, 0xc1, 0xc1}, {0x7f, 0xff, 0xff, 0xff, 1, 2}};
    for (size_t i = 0; i < ARRAY_LEN(JUNK); i++) {
        struct client c = dial();
        struct client_reply reply;
        send_bytes(&c, slice_of(JUNK[i], sizeof JUNK[i]));
        cr_assert(next(&c, &reply));
        cr_expect(!reply.has_id && reply.error.len > 0);
        cr_expect_not(next(&c, &reply));
        hang_up(&c);
    }
}

Test(loop, a_client_that_stops_sending_still_gets_its_replies)
{
    struct client c = dial();
    struct client_reply reply;
    (void)ask(&c, (struct client_request){.op = OP_INVALIDATE, .scope = SCOPE_ALL});
    shutdown(c.fd, SHUT_WR);
    cr_assert(next(&c, &reply));
    cr_expect_eq(reply.error.len, 0);
    cr_expect_not(next(&c, &reply));
    hang_up(&c);
}

Test(loop, clients_may_vanish_with_requests_under_way)
{
    for (int i = 0; i < 50; i++) {
        struct client c = dial();
        for (int k = 0; k < 20; k++)
            (void)ask(&c, (struct client_request){.op = OP_INVALIDATE, .scope = SCOPE_ALL});
        hang_up(&c);
    }
    struct client c = dial();
    cr_expect_eq(get(&c, "k").status, STATUS_MISS);
    hang_up(&c);
}

/** Requests of all workers that had to wait for a ticket, or clients that were too slow. */
static uint64_t sum(size_t counter_at)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < loop->workers_n; i++) {
        const char *counters = (const char *)&loop->workers[i]->counters;
        n += atomic_load((const _Atomic uint64_t *)(const void *)(counters + counter_at));
    }
    return n;
}

Test(loop, out_of_tickets_a_worker_stops_reading_and_loses_nothing)
{
    enum {
        N = WORKER_TICKETS_MAX + 1000
    };
    struct client blocker = dial(), c = dial();
    struct client_reply reply;
    (void)ask(&blocker, (struct client_request){.op = OP_NODE});
    for (int i = 0; i < N; i++)
        (void)ask(&c, (struct client_request){.op = OP_INVALIDATE, .scope = SCOPE_ALL});
    for (uint32_t i = 1; i <= N; i++) {
        cr_assert(next(&c, &reply));
        cr_assert_eq(reply.error.len, 0);
        cr_assert_eq(reply.id, i, "of one kind, they come in order");
    }
    cr_expect_gt(sum(offsetof(struct worker_counters, queue_full)), 0);
    hang_up(&c);
    hang_up(&blocker);
}

Test(loop, out_of_room_for_values_a_worker_stops_reading_and_loses_nothing)
{
    enum {
        N = 40
    };

    uint8_t *big = malloc(VALUE_MAX);
    struct client blocker = dial(), c = dial();
    struct client_reply reply;
    memset(big, 'b', VALUE_MAX);
    (void)ask(&blocker, (struct client_request){.op = OP_NODE});
    for (int i = 0; i < N; i++)
        (void)ask(&c, (struct client_request){
                          .op = OP_PUT,
                          .fill = {.key = slice_text("k"), .value = slice_of(big, VALUE_MAX)}});
    for (int i = 0; i < N; i++) {
        cr_assert(next(&c, &reply));
        cr_assert_eq(reply.error.len, 0);
    }
    cr_expect_gt(sum(offsetof(struct worker_counters, queue_full)), 0);
    free(big);
    hang_up(&c);
    hang_up(&blocker);
}

Test(loop, what_others_render_is_passed_on)
{
    struct client c = dial();
    const struct client_reply members = call(&c, (struct client_request){.op = OP_MEMBERS});
    cr_expect(members.result.len == 1 && members.result.at[0] == 42);
    const struct client_reply stats = call(&c, (struct client_request){.op = OP_STATS});
    cr_expect(slice_eq(stats.error, slice_text("NOT_CONFIGURED")));
    hang_up(&c);
}

/* ---- limits of connections ---- */

static bool answers(struct client *c)
{
    struct client_reply reply;
    (void)ask(c, (struct client_request){.op = OP_PING});
    return next(c, &reply) && reply.error.len == 0;
}

Test(loop_full, the_connection_over_the_limit_is_told_and_closed,
     .init = start_with_two_connections, .fini = end, .timeout = 60)
{
    struct client a = dial(), b = dial();
    struct client_reply reply;
    cr_assert(answers(&a) && answers(&b));
    struct client c = dial();
    cr_assert(next(&c, &reply));
    cr_expect(slice_eq(reply.error, slice_text("TOO_MANY_CONNECTIONS")));
    cr_expect_not(next(&c, &reply));
    hang_up(&c);
    hang_up(&a);
    while (atomic_load(&loop->world.connections) == 2)
        usleep(1000);
    c = dial();
    cr_expect(answers(&c), "there is room again");
    hang_up(&b);
    hang_up(&c);
}

Test(loop, without_descriptors_a_client_is_hung_up_on_and_the_node_lives)
{
    struct rlimit limit;
    struct client_reply reply;
    struct client first = dial();
    cr_assert(answers(&first));
    const int next_fd = dup(first.fd);
    close(next_fd);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const struct rlimit tight = {.rlim_cur = (rlim_t)next_fd + 1, .rlim_max = limit.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
    struct client second = dial(); /* it has the last descriptor: none is left to accept it */
    cr_expect_not(next(&second, &reply));
    cr_expect(answers(&first), "others are served");
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    hang_up(&second);
    second = dial();
    cr_expect(answers(&second));
    cr_expect_gt(sum(offsetof(struct worker_counters, accept_errors)), 0);
    hang_up(&second);
    hang_up(&first);
}

/* ---- subscriptions ---- */

static void subscribe(struct client *c, const char *prefix)
{
    const struct slice pair[2] = {slice_text(""), slice_text(prefix)};
    const struct client_reply reply =
        call(c, (struct client_request){.op = OP_SUBSCRIBE, .filters = pair, .filters_n = 1});
    cr_assert_eq(reply.error.len, 0);
}

Test(loop, a_subscriber_hears_of_its_keys_and_of_no_others)
{
    struct client c = dial(), writer = dial();
    struct client_reply reply;
    subscribe(&c, "mine-");
    (void)put(&writer, "other-1", slice_text("v"));
    (void)put(&writer, "mine-1", slice_text("v"));
    cr_assert(next(&c, &reply));
    cr_expect(reply.push && slice_eq(reply.op, slice_text("invalidated")));
    cr_expect_neq(memmem(reply.result.at, reply.result.len, "mine-1", 6), NULL);
    hang_up(&c);
    hang_up(&writer);
}

Test(loop, a_subscriber_that_never_reads_is_closed)
{
    static char key[1000];
    struct slice keys[CLIENT_TARGETS_MAX];
    struct client sleeper = dial(), writer = dial();
    memset(key, 'k', sizeof key);
    for (size_t i = 0; i < CLIENT_TARGETS_MAX; i++)
        keys[i] = slice_of(key, sizeof key);
    subscribe(&sleeper, "");
    while (sum(offsetof(struct worker_counters, closed_slow)) == 0)
        (void)call(&writer, (struct client_request){.op = OP_INVALIDATE,
                                                    .scope = SCOPE_KEY,
                                                    .targets = keys,
                                                    .targets_n = CLIENT_TARGETS_MAX});
    cr_expect_eq(sum(offsetof(struct worker_counters, closed_slow)), 1);
    hang_up(&sleeper);
    hang_up(&writer);
}

Test(loop, after_unsubscribing_nothing_is_pushed)
{
    struct client c = dial();
    struct client_reply reply;
    const struct slice pair[2] = {slice_text(""), slice_text("mine-")};
    subscribe(&c, "mine-");
    (void)call(&c, (struct client_request){.op = OP_UNSUBSCRIBE, .filters = pair, .filters_n = 1});
    (void)put(&c, "mine-1", slice_text("v"));
    (void)ask(&c, (struct client_request){.op = OP_PING});
    cr_assert(next(&c, &reply));
    cr_expect_not(reply.push);
    hang_up(&c);
}

/* ---- life ---- */

Test(loop, a_loop_that_never_ran_is_released)
{
    char why[LOOP_WHY_MAX];
    const struct loop_cfg cfg = cfg_of();
    struct loop *other = loop_new(&cfg, why, sizeof why);
    cr_assert_neq(other, NULL, "%s", why);
    loop_free(other);
    loop_free(NULL);
}

Test(loop, a_port_in_use_is_told_with_its_address)
{
    char why[LOOP_WHY_MAX] = "", client[ADDRESS_TEXT_MAX];
    struct loop_cfg cfg = cfg_of();
    cfg.client = loop_client_addr(loop);
    cr_expect_eq(loop_new(&cfg, why, sizeof why), NULL);
    cr_expect_neq(strstr(why, address_format(&cfg.client, client)), NULL, "%s", why);
}

Test(loop, settings_out_of_range_are_refused)
{
    char why[LOOP_WHY_MAX];
    const char *bad_seed[] = {"no-port"};
    struct loop_cfg cfg = cfg_of();
    cfg.name = "";
    cr_expect_eq(loop_new(&cfg, why, sizeof why), NULL);
    cfg = cfg_of();
    cfg.workers = LOOP_WORKERS_MAX + 1;
    cr_expect_eq(loop_new(&cfg, why, sizeof why), NULL);
    cfg = cfg_of();
    cfg.seeds = (struct loop_texts){.at = bad_seed, .n = 1};
    cr_expect_eq(loop_new(&cfg, why, sizeof why), NULL);
    cr_expect_neq(strstr(why, "no-port"), NULL, "%s", why);
}
