#include <criterion/criterion.h>

#include "node/inside.h"

#include "net.h"

static struct node_view look(const struct net *t, size_t i)
{
    struct node_view v;
    node_inspect(t->at[i].node, &v);
    return v;
}

static uint64_t sum(const uint64_t *n, size_t len)
{
    uint64_t all = 0;
    for (size_t i = 0; i < len; i++)
        all += n[i];
    return all;
}

TestSuite(view, .timeout = 60);

Test(view, every_datagram_is_counted_under_its_kind)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3});
    net_run(t, 5 * US_PER_SEC);
    const struct node_view v = look(t, 0);
    cr_expect_eq(sum(v.node.kinds_out, PEER_KINDS), v.node.datagrams_out);
    cr_expect_eq(sum(v.node.kinds_out_bytes, PEER_KINDS), v.node.bytes_out);
    cr_expect_eq(sum(v.node.kinds_in, PEER_KINDS), v.node.datagrams_in);
    cr_expect_eq(sum(v.node.kinds_in_bytes, PEER_KINDS), v.node.bytes_in);
    cr_expect_gt(v.node.kinds_out[PEER_PING - 1], 0);
    cr_expect_gt(v.node.kinds_in[PEER_ACK - 1], 0);
    cr_expect_eq(v.node.other_key, 0);
    net_free(t);
}

Test(view, round_trips_are_those_of_direct_probes)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3});
    net_run(t, 10 * US_PER_SEC);
    const struct node_view v = look(t, 0);
    cr_expect_geq(spans_count(&v.spans.round_trips), v.swim.probes_direct);
    cr_expect_gt(v.swim.probes_direct, 5);
    cr_expect_lt(v.spans.round_trips.sum_us / spans_count(&v.spans.round_trips), 100 * US_PER_MS);
    net_free(t);
}

Test(view, invalidations_are_counted_by_scope_where_they_take_effect)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2});
    for (int i = 0; i < 3; i++)
        (void)net_invalidate(t, 0, "k", (struct client_ack){.level = ACK_LOCAL}, US_PER_SEC);
    net_run(t, US_PER_SEC);
    for (size_t i = 0; i < 2; i++) {
        const struct node_view v = look(t, i);
        cr_expect_eq(v.node.scopes[DOT_KEY], 3);
        cr_expect_eq(sum(v.node.scopes, NODE_SCOPES), 3);
    }
    const struct node_view issuer = look(t, 0), other = look(t, 1);
    cr_expect_eq(spans_count(&issuer.spans.trace.acked), 3);
    cr_expect_eq(spans_count(&issuer.spans.trace.applied), 0);
    cr_expect_eq(spans_count(&other.spans.trace.applied), 3);
    cr_expect_eq(spans_count(&other.spans.trace.acked), 0);
    net_free(t);
}
