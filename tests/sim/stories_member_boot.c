/* How clusters come about, rest, and change their names. */
#include <string.h>

#include "base/attr.h"

#include "member.h"

#define MANY  60 /* of the 64 nodes that a world may have */
#define ROUND 40

static void boot_at_once(struct sim *s)
{
    const bool together = (s->cfg.seed & 1) != 0;
    if (together)
        sim_boot_all(s);
    for (uint32_t i = 0; i < s->cfg.nodes && !together; i++)
        sim_restart(s, i, rng_below(&s->boot_rng, 2 * US_PER_SEC), 0);
    sim_run(s, together ? 0 : 2 * US_PER_SEC);
}

static bool all_up_settled(struct sim *s, void *ctx)
{
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        if (!s->nodes[i].up)
            return false;
    return sim_settled(s, ctx);
}

static void expect_quiet_boot(struct sim *s)
{
    sim_run(s, 10 * US_PER_SEC);
    story_expect(s, sim_events_all(s, UINT32_MAX, SWIM_FAIL) == 0, "no FAIL");
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++) {
        uint32_t joins = 0;
        for (uint32_t j = 0; j < s->cfg.nodes; j++)
            joins += sim_events(s, i, j, SWIM_JOIN)->n;
        story_expect(s, joins == s->cfg.nodes - 1, "one JOIN of each other node at each node");
    }
}

static void boot_in_parallel(struct sim *s)
{
    boot_at_once(s);
    member_within(s, 10 * US_PER_SEC, all_up_settled, NULL, "a full view everywhere");
    expect_quiet_boot(s);
}

static void chain_of_20(struct sim *s)
{
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        s->dns.seen[i] = i + 1 < s->cfg.nodes ? 1ULL << (i + 1) : 0;
    boot_at_once(s);
    member_within(s, 10 * US_PER_SEC, all_up_settled, NULL, "a full mesh");
    expect_quiet_boot(s);
}

static void one_seed(struct sim *s)
{
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        s->dns.seen[i] = 1;
    boot_at_once(s);
    member_within(s, 30 * US_PER_SEC, all_up_settled, NULL, "a full view everywhere");
    expect_quiet_boot(s);
}

/* ---- rest ---- */

static uint64_t records_told(struct sim *s)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        n += sim_view(s, i).swim.records_out;
    return n;
}

/* Payload and the 28 bytes of its IPv4 and UDP headers, sent and received; some 1,190 bytes a second.
 * The full syncs, each 30 s though all agree, are streams and not counted: 340 more, by their frames. */
static void steady(struct sim *s)
{
    const uint64_t seconds = 600;
    story_begin(s);
    sim_run(s, 120 * US_PER_SEC); /* until the last JOIN was told often enough */
    if (s->failed)
        return;
    const struct sim_counters before = s->counters;
    const uint64_t told = records_told(s);
    const uint32_t events = member_events(s);
    sim_run(s, seconds * US_PER_SEC);
    const uint64_t datagrams = s->counters.datagrams - before.datagrams;
    const uint64_t bytes = s->counters.datagram_bytes - before.datagram_bytes + 28 * datagrams;
    story_expect(s, 2 * bytes / seconds / s->cfg.nodes <= 1500,
                 "at most 1,500 bytes a second and node, in and out");
    story_expect(s, records_told(s) == told, "no record is told, in gossip or in a sync");
    story_expect(s, member_events(s) == events, "nothing happens");
}

/* ---- names that come and go ---- */

static void check_forgotten(struct sim *s)
{
    for (uint32_t i = 0; i < 3 && !s->failed; i++) {
        const struct node_view v = sim_view(s, i);
        story_expect(s, v.alive == 3, "three are there");
        story_expect(s, v.members == 3, "and nobody else is remembered");
        story_expect(s, v.swim.members_full == 0, "there was room for all");
    }
}

/* Three stay; the others come and leave, each for some seconds, at new addresses. */
static void names_come_and_go(struct sim *s)
{
    for (uint32_t i = 0; i < 3; i++)
        sim_boot(s, i);
    sim_run(s, 5 * US_PER_SEC);
    for (uint32_t round = 0; round < ROUND && !s->failed; round++) {
        const uint32_t i = 3 + round % (s->cfg.nodes - 3);
        sim_restart(s, i, 0, RESTART_NEW_ADDR);
        sim_run(s, 4 * US_PER_SEC + rng_below(&s->boot_rng, 4 * US_PER_SEC));
        sim_leave(s, i);
        sim_run(s, 3 * US_PER_SEC);
    }
    story_expect(s, sim_events_all(s, UINT32_MAX, SWIM_FAIL) == 0, "no FAIL");
    sim_run(s, 3700 * US_PER_SEC); /* those who left are remembered for an hour */
    check_forgotten(s);
}

/* ---- names of two families ---- */

/* A zone that names each host twice; nobody here has bound the second family. */
static void tell_names(struct sim *s, uint32_t to)
{
    struct addr names[2 * 8];
    struct node_in in = {.kind = NODE_IN_NAMES, .names = names, .names_ttl_s = 5};
    for (uint32_t i = 0; i < s->cfg.nodes; i++) {
        struct addr six = {.ip = {0x20, 0x01, 0x0D, 0xB8}, .ip_len = 16, .port = 7946};
        six.ip[15] = (uint8_t)(i + 1);
        names[in.names_n++] = six;
        names[in.names_n++] = link_addr(s->nodes[i].slot);
    }
    if (!s->failed)
        sim_input(s, to, &in);
}

static void two_families(struct sim *s)
{
    dns_set(s, DNS_HANG);
    sim_boot_all(s);
    for (uint32_t t = 0; t < 10 && !s->failed; t++) {
        for (uint32_t i = 0; i < s->cfg.nodes; i++)
            tell_names(s, i);
        sim_run(s, US_PER_SEC);
    }
    if (!s->failed)
        story_expect(s, sim_settled(s, NULL), "one view within 10 s");
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++)
        story_expect(s, sim_view(s, i).members == s->cfg.nodes, "one member for each node");
}

struct stories stories_member_boot(void)
{
    static const struct story STORIES[] = {
        {"boot_in_parallel", MANY, 4, boot_in_parallel, "60 boot at once: a full view in 10 s"},
        {"chain_of_20", 20, 6, chain_of_20, "20 that each know the next: a full mesh in 10 s"},
        {"one_seed", MANY, 4, one_seed, "60 that know one: a full view in 30 s"},
        {"steady", MANY, 1, steady,
         "60 at rest for 10 min: 1,500 B/s of datagrams a node, no record told"},
        {"names_come_and_go", 40, 2, names_come_and_go,
         "37 names join and leave: an hour later nobody remembers them"},
        {"two_families", 5, 10, two_families,
         "names in a family that nobody has bound: one member for each node"},
    };
    return (struct stories){STORIES, ARRAY_LEN(STORIES)};
}
