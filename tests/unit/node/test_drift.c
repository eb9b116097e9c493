/** A source that was changed without a word, among whole nodes. */
#include <criterion/criterion.h>

#include "net.h"

#define SECOND US_PER_SEC

static uint64_t drifted(struct net *t)
{
    uint64_t n = 0;
    for (size_t i = 0; i < 3; i++)
        n += rig_view(&t->at[i]).sample.drifted;
    return n;
}

static uint64_t compared(struct net *t)
{
    uint64_t n = 0;
    for (size_t i = 0; i < 3; i++)
        n += rig_view(&t->at[i]).sample.compared;
    return n;
}

Test(drift, who_changes_the_source_and_tells_nobody_is_found_out)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3});
    net_store(t, 0, "k", "old");
    net_store(t, 1, "k", "new");
    net_run(t, 300 * SECOND);
    cr_assert_gt(drifted(t), 0);
    cr_assert(net_holds(t, 0, "k", "old"), "nobody knows who is right");
    net_free(t);
}

Test(drift, equal_values_are_compared_and_no_drift)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3});
    for (size_t i = 0; i < 3; i++)
        net_store(t, i, "k", "v");
    net_run(t, 300 * SECOND);
    cr_assert_gt(compared(t), 0);
    cr_assert_eq(drifted(t), 0);
    net_free(t);
}

Test(drift, what_an_invalidation_explains_is_none)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3});
    net_store(t, 0, "k", "old");
    net_isolate(t, 0, true);
    (void)net_invalidate(t, 1, "k", (struct client_ack){.level = ACK_LOCAL}, SECOND);
    net_run(t, 10 * US_PER_MS);
    net_store(t, 1, "k", "new");
    net_run(t, SECOND);
    net_isolate(t, 0, false);
    net_run(t, 300 * SECOND);
    cr_assert_eq(drifted(t), 0);
    net_free(t);
}
