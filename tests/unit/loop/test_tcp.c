#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ev.h>
#include <sys/socket.h>

#include "loop/address.h"
#include "loop/listen.h"
#include "loop/tcp.h"
#include "node/node.h"
#include "seal/packet.h"
#include "wire/stream.h"

/** One node's streams, and what it was told. */
struct end {
    struct ev_loop *ev;
    struct tcp *tcp;
    struct addr addr;
    uint32_t conn; /* of the last stream that came up */
    size_t ups, downs, frames, bytes;
    uint8_t last;
};

static void on_up(void *ctx, uint32_t conn, const struct addr *peer)
{
    struct end *e = ctx;
    cr_assert(addr_known(peer));
    e->ups++;
    e->conn = conn;
}

static void on_frame(void *ctx, uint32_t conn, struct slice bytes)
{
    struct end *e = ctx;
    (void)conn;
    e->frames++;
    e->bytes += bytes.len;
    e->last = bytes.at[0];
}

static void on_down(void *ctx, uint32_t conn)
{
    struct end *e = ctx;
    (void)conn;
    e->downs++;
}

static void on_batch(void *ctx)
{
    (void)ctx;
}

static void open_end(struct end *e, struct ev_loop *ev)
{
    char why[256];
    int fd = -1;
    struct listen_cfg cfg = {.what = "gossip", .type = SOCK_STREAM};
    const struct tcp_events events = {
        .ctx = e, .up = on_up, .frame = on_frame, .down = on_down, .batch_end = on_batch};
    *e = (struct end){.ev = ev};
    cr_assert_eq(address_parse("127.0.0.1:0", &cfg.addr), OK);
    cr_assert_eq(listen_open(&cfg, &fd, &e->addr, why, sizeof why), OK, "%s", why);
    e->tcp = tcp_new(ev, fd, &events);
    cr_assert_neq(e->tcp, NULL);
}

static struct end a, b;
static struct ev_loop *ev;

static void set_up(void)
{
    ev = ev_loop_new(0);
    open_end(&a, ev);
    open_end(&b, ev);
}

static void tear_down(void)
{
    tcp_free(a.tcp);
    tcp_free(b.tcp);
    ev_loop_destroy(ev);
}

/** Turn until *counter reaches n; the test's timeout bounds it. */
static void until(const size_t *counter, size_t n)
{
    while (*counter < n)
        ev_run(ev, EVRUN_ONCE);
}

static void connect_both(void)
{
    tcp_connect(a.tcp, 5, &b.addr);
    until(&a.ups, 1);
    until(&b.ups, 1);
}

/** A plain socket, connected to b. */
static int dial(void)
{
    struct address_sock sock;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(address_to_sock(&b.addr, AF_INET, &sock), OK);
    cr_assert_eq(connect(fd, (struct sockaddr *)&sock.at, sock.len), 0);
    return fd;
}

TestSuite(tcp, .init = set_up, .fini = tear_down, .timeout = 20);

Test(tcp, streams_are_numbered_by_who_opened_them)
{
    connect_both();
    cr_expect_eq(a.conn, 5);
    cr_expect_neq(b.conn & NODE_INBOUND, 0);
}

Test(tcp, frames_of_every_length_arrive_whole_both_ways)
{
    static uint8_t bytes[STREAM_FRAME_MAX];
    connect_both();
    size_t sum = 0, n = 0;
    for (size_t len = PACKET_OVERHEAD; len <= STREAM_FRAME_MAX; len = len * 3 + 1) {
        bytes[0] = (uint8_t)n++;
        tcp_send(a.tcp, a.conn, slice_of(bytes, len));
        sum += len;
    }
    tcp_send(a.tcp, a.conn, slice_of(bytes, STREAM_FRAME_MAX));
    until(&b.frames, n + 1);
    cr_expect_eq(b.bytes, sum + STREAM_FRAME_MAX);
    cr_expect_eq(b.last, n - 1);
    tcp_send(b.tcp, b.conn, slice_of(bytes, 100));
    until(&a.frames, 1);
    cr_expect_eq(a.bytes, 100);
}

Test(tcp, what_is_sent_before_the_connection_stands_is_not_lost)
{
    static const uint8_t bytes[100];
    tcp_connect(a.tcp, 5, &b.addr);
    tcp_send(a.tcp, 5, slice_of(bytes, sizeof bytes));
    until(&b.frames, 1);
    cr_expect_eq(b.bytes, 100);
}

Test(tcp, a_hangup_sends_what_waits_and_is_heard_at_the_other_end_only)
{
    static const uint8_t bytes[60000];
    connect_both();
    for (int i = 0; i < 100; i++)
        tcp_send(a.tcp, a.conn, slice_of(bytes, sizeof bytes));
    tcp_hangup(a.tcp, a.conn);
    until(&b.downs, 1);
    cr_expect_eq(b.frames, 100);
    cr_expect_eq(a.downs, 0);
    tcp_send(a.tcp, a.conn, slice_of(bytes, 100)); /* too late: nothing happens */
    tcp_hangup(a.tcp, a.conn);
    cr_expect_eq(b.downs, 1);
}

Test(tcp, a_refused_connection_is_told_once)
{
    tcp_free(b.tcp);
    b.tcp = NULL;
    tcp_connect(a.tcp, 5, &b.addr);
    until(&a.downs, 1);
    cr_expect_eq(a.ups, 0);
    cr_expect_eq(tcp_counters(a.tcp).failed, 1);
}

Test(tcp, a_frame_of_a_wrong_length_closes_the_stream)
{
    static const uint8_t too_long[] = {0, 1, 0, 1, 'x'};
    static const uint8_t too_short[] = {0, 0, 0, PACKET_OVERHEAD - 1};
    const int first = dial(), second = dial();
    until(&b.ups, 2);
    cr_assert_eq(write(first, too_long, sizeof too_long), (ssize_t)sizeof too_long);
    until(&b.downs, 1);
    cr_assert_eq(write(second, too_short, sizeof too_short), (ssize_t)sizeof too_short);
    until(&b.downs, 2);
    cr_expect_eq(b.frames, 0);
    cr_expect_eq(tcp_counters(b.tcp).bad_frames, 2);
    close(first);
    close(second);
}

Test(tcp, bytes_that_come_one_by_one_still_make_a_frame)
{
    uint8_t bytes[4 + PACKET_OVERHEAD] = {0, 0, 0, PACKET_OVERHEAD, 'z'};
    const int fd = dial();
    for (size_t i = 0; i < sizeof bytes; i++) {
        cr_assert_eq(b.frames, 0);
        cr_assert_eq(write(fd, bytes + i, 1), 1);
        for (int turn = 0; turn < 3; turn++)
            ev_run(ev, EVRUN_NOWAIT);
    }
    until(&b.frames, 1);
    cr_expect_eq(b.last, 'z');
    close(fd);
}

Test(tcp, the_64th_stream_is_taken_and_the_65th_refused)
{
    int fds[TCP_STREAMS_MAX + 1];
    for (int i = 0; i < TCP_STREAMS_MAX; i++)
        fds[i] = dial();
    until(&b.ups, TCP_STREAMS_MAX);
    fds[TCP_STREAMS_MAX] = dial();
    while (tcp_counters(b.tcp).refused == 0)
        ev_run(ev, EVRUN_ONCE);
    cr_expect_eq(b.ups, TCP_STREAMS_MAX);
    close(fds[0]); /* room again */
    until(&b.downs, 1);
    tcp_connect(a.tcp, 5, &b.addr);
    until(&b.ups, TCP_STREAMS_MAX + 1);
    for (int i = 1; i <= TCP_STREAMS_MAX; i++)
        close(fds[i]);
}
