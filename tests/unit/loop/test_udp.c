#include <criterion/criterion.h>
#include <string.h>

#include <ev.h>
#include <sys/socket.h>

#include "loop/address.h"
#include "loop/listen.h"
#include "loop/udp.h"
#include "node/node.h"

/** One end, and what it was told. */
struct end {
    struct ev_loop *ev;
    struct udp *udp;
    struct addr addr;
    size_t datagrams, batches, unreachable, too_big, wanted;
    size_t len;
    uint8_t first;
    struct addr from, to;
};

static void on_datagram(void *ctx, const struct addr *from, struct slice bytes)
{
    struct end *e = ctx;
    e->datagrams++;
    e->from = *from;
    e->len = bytes.len;
    e->first = bytes.at[0];
}

static void on_failed(void *ctx, enum udp_failure failure, const struct addr *to)
{
    struct end *e = ctx;
    e->unreachable += failure == UDP_UNREACHABLE;
    e->too_big += failure == UDP_TOO_BIG;
    e->to = *to;
}

static void on_batch(void *ctx)
{
    struct end *e = ctx;
    e->batches++;
    if (e->datagrams + e->unreachable >= e->wanted)
        ev_break(e->ev, EVBREAK_ALL);
}

static void open_end(struct end *e, struct ev_loop *ev, const char *at)
{
    char why[256];
    int fd = -1;
    struct listen_cfg cfg = {.what = "gossip", .type = SOCK_DGRAM};
    const struct udp_events events = {
        .ctx = e, .datagram = on_datagram, .failed = on_failed, .batch_end = on_batch};
    *e = (struct end){.ev = ev};
    cr_assert_eq(address_parse(at, &cfg.addr), OK);
    cr_assert_eq(listen_open(&cfg, &fd, &e->addr, why, sizeof why), OK, "%s", why);
    e->udp = udp_new(ev, fd, &events);
    cr_assert_neq(e->udp, NULL);
}

Test(udp, what_is_sent_arrives_with_its_senders_address, .timeout = 10)
{
    struct ev_loop *ev = ev_loop_new(0);
    struct end a, b;
    open_end(&a, ev, "127.0.0.1:0");
    open_end(&b, ev, "127.0.0.1:0");
    b.wanted = 1;
    udp_send(a.udp, &b.addr, slice_text("hello"));
    ev_run(ev, 0);
    cr_expect_eq(b.datagrams, 1);
    cr_expect_eq(b.len, 5);
    cr_expect(addr_eq(&b.from, &a.addr));
    udp_free(a.udp);
    udp_free(b.udp);
    ev_loop_destroy(ev);
}

Test(udp, many_arrive_in_batches, .timeout = 10)
{
    struct ev_loop *ev = ev_loop_new(0);
    struct end a, b;
    open_end(&a, ev, "127.0.0.1:0");
    open_end(&b, ev, "127.0.0.1:0");
    b.wanted = 100;
    for (int i = 0; i < 100; i++)
        udp_send(a.udp, &b.addr, slice_text("x"));
    ev_run(ev, 0);
    cr_expect_eq(b.datagrams, 100);
    cr_expect_eq(b.batches, 2, "64 and the rest");
    udp_free(a.udp);
    udp_free(b.udp);
    ev_loop_destroy(ev);
}

Test(udp, a_wildcard_v6_socket_speaks_ipv4, .timeout = 10)
{
    struct ev_loop *ev = ev_loop_new(0);
    struct end a, b;
    open_end(&a, ev, "[::]:0");
    open_end(&b, ev, "127.0.0.1:0");
    b.wanted = a.wanted = 1;
    udp_send(a.udp, &b.addr, slice_text("to four"));
    ev_run(ev, 0);
    cr_expect_eq(b.from.ip_len, 4);
    cr_expect_eq(b.from.port, a.addr.port);
    udp_send(b.udp, &b.from, slice_text("back"));
    ev_run(ev, 0);
    cr_expect_eq(a.datagrams, 1);
    cr_expect_eq(a.from.ip_len, 4);
    udp_free(a.udp);
    udp_free(b.udp);
    ev_loop_destroy(ev);
}

Test(udp, a_refused_datagram_is_told_with_its_address, .timeout = 10)
{
    struct ev_loop *ev = ev_loop_new(0);
    struct end a, b;
    open_end(&a, ev, "127.0.0.1:0");
    open_end(&b, ev, "127.0.0.1:0");
    udp_free(b.udp); /* nobody listens there any more */
    a.wanted = 1;
    udp_send(a.udp, &b.addr, slice_text("anybody?"));
    ev_run(ev, 0);
    cr_expect_eq(a.unreachable, 1);
    cr_expect(addr_eq(&a.to, &b.addr));
    udp_free(a.udp);
    ev_loop_destroy(ev);
}

Test(udp, the_error_of_one_datagram_does_not_swallow_the_next, .timeout = 10)
{
    struct ev_loop *ev = ev_loop_new(0);
    struct end a, b, gone;
    open_end(&a, ev, "127.0.0.1:0");
    open_end(&b, ev, "127.0.0.1:0");
    open_end(&gone, ev, "127.0.0.1:0");
    udp_free(gone.udp);
    b.wanted = 10;
    for (int i = 0; i < 10; i++) {
        udp_send(a.udp, &gone.addr, slice_text("anybody?"));
        udp_send(a.udp, &b.addr, slice_text("hello"));
    }
    ev_run(ev, 0);
    cr_expect_eq(b.datagrams, 10);
    cr_expect_gt(a.unreachable, 0);
    udp_free(a.udp);
    udp_free(b.udp);
    ev_loop_destroy(ev);
}

Test(udp, what_no_path_carries_is_told_once_and_not_sent, .timeout = 10)
{
    static uint8_t huge[65536];
    struct ev_loop *ev = ev_loop_new(0);
    struct end a, b;
    open_end(&a, ev, "127.0.0.1:0");
    open_end(&b, ev, "127.0.0.1:0");
    udp_send(a.udp, &b.addr, slice_of(huge, sizeof huge));
    cr_expect_eq(a.too_big, 1);
    cr_expect(addr_eq(&a.to, &b.addr));
    const struct udp_counters c = udp_counters(a.udp);
    cr_expect_eq(c.out, 0);
    cr_expect_eq(c.dropped_out, 1);
    udp_free(a.udp);
    udp_free(b.udp);
    ev_loop_destroy(ev);
}

Test(udp, what_the_own_link_does_not_carry_is_told_once, .timeout = 10)
{
    static uint8_t huge[65520]; /* a v6 datagram, but with its headers more than lo's 65,536 */
    struct ev_loop *ev = ev_loop_new(0);
    struct end a;
    open_end(&a, ev, "[::1]:0");
    const struct addr to = a.addr;
    udp_send(a.udp, &to, slice_of(huge, sizeof huge));
    udp_send(a.udp, &to, slice_text("x"));
    a.wanted = 1;
    ev_run(ev, 0);
    cr_expect_eq(a.too_big, 1);
    udp_free(a.udp);
    ev_loop_destroy(ev);
}

Test(udp, an_overlong_datagram_still_looks_overlong, .timeout = 10)
{
    static uint8_t big[9000];
    struct ev_loop *ev = ev_loop_new(0);
    struct end a, b;
    open_end(&a, ev, "127.0.0.1:0");
    open_end(&b, ev, "127.0.0.1:0");
    b.wanted = 1;
    udp_send(a.udp, &b.addr, slice_of(big, sizeof big));
    ev_run(ev, 0);
    cr_expect_gt(b.len, NODE_DATAGRAM_IN_MAX, "the node drops and counts it");
    udp_free(a.udp);
    udp_free(b.udp);
    ev_loop_destroy(ev);
}
