/* Splits, old news, and names that are late or old. */
#include "base/attr.h"

#include "member.h"

#define HOUR_US (3600 * US_PER_SEC)

/* ---- splits ---- */

static bool nobody_isolated_nor_dead(struct sim *s, void *ctx)
{
    struct swim_member m;
    if (!sim_settled(s, ctx))
        return false;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        for (uint32_t j = 0; j < s->cfg.nodes; j++)
            if (!sim_member(s, i, j, &m) || m.state != SWIM_ALIVE)
                return false;
    return true;
}

/* Every process of a side is new, and so are all addresses: nobody remembers the other side. */
static void replace_all(struct sim *s, uint32_t first, uint32_t n)
{
    for (uint32_t i = first; i < first + n; i++)
        sim_crash(s, i, true);
    for (uint32_t i = first; i < first + n; i++)
        sim_restart(s, i, rng_below(&s->boot_rng, 2 * US_PER_SEC), RESTART_NEW_ADDR);
    sim_run(s, 20 * US_PER_SEC);
}

static void split_strangers(struct sim *s)
{
    const uint32_t half = s->cfg.nodes / 2;
    story_begin(s);
    sim_split(s, (1ULL << half) - 1, true);
    sim_run(s, 30 * US_PER_SEC);
    replace_all(s, 0, half);
    replace_all(s, half, half);
    sim_split(s, (1ULL << half) - 1, false);
    member_within(s, 40 * US_PER_SEC, nobody_isolated_nor_dead, NULL, "one view, by DNS alone");
}

/* The same in ten hours, one process after the other, as a rolling update would. */
static void split_ten_hours(struct sim *s)
{
    const uint32_t half = s->cfg.nodes / 2;
    story_begin(s);
    sim_split(s, (1ULL << half) - 1, true);
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++) {
        sim_run(s, 1800 * US_PER_SEC);
        sim_crash(s, i, true);
        sim_restart(s, i, US_PER_SEC, RESTART_NEW_ADDR);
    }
    sim_run(s, 10 * HOUR_US - s->cfg.nodes * 1800 * US_PER_SEC);
    sim_split(s, (1ULL << half) - 1, false);
    member_within(s, 40 * US_PER_SEC, nobody_isolated_nor_dead, NULL, "one view, by DNS alone");
}

/* ---- old news ---- */

/* n0 sleeps for hours, while half of the others leave and are forgotten. It wakes with all of them in
 * its table, and tells. */
static void old_table(struct sim *s)
{
    const uint32_t stay = 3;
    story_begin(s);
    sim_pause(s, 0, 5 * HOUR_US);
    sim_run(s, 60 * US_PER_SEC);
    for (uint32_t i = stay; i < s->cfg.nodes; i++) {
        sim_leave(s, i);
        sim_run(s, 3 * US_PER_SEC);
    }
    sim_run(s, 5 * HOUR_US - 120 * US_PER_SEC);
    if (s->failed)
        return;
    story_expect(s, sim_view(s, 1).members == stay, "who left is forgotten");
    uint32_t joins = 0;
    for (uint32_t j = stay; j < s->cfg.nodes; j++)
        joins += sim_events(s, 1, j, SWIM_JOIN)->n + sim_events(s, 2, j, SWIM_JOIN)->n;
    sim_run(s, 180 * US_PER_SEC);
    story_expect(s, sim_settled(s, NULL), "one view, with n0");
    for (uint32_t j = stay; j < s->cfg.nodes && !s->failed; j++)
        joins -= sim_events(s, 1, j, SWIM_JOIN)->n + sim_events(s, 2, j, SWIM_JOIN)->n;
    story_expect(s, joins == 0, "nobody is resurrected");
}

/* LEFT is kept for an hour. Who starts anew meanwhile learns it later than the others, and must not
 * hand it back to them when they have forgotten it. */
static void tombstones_end(struct sim *s)
{
    story_begin(s);
    sim_leave(s, 3);
    sim_run(s, HOUR_US / 2);
    sim_crash(s, 1, true);
    sim_restart(s, 1, US_PER_SEC, 0);
    sim_run(s, 2 * HOUR_US);
    for (uint32_t i = 0; i < 3 && !s->failed; i++)
        story_expect(s, sim_view(s, i).members == 3, "who left is forgotten an hour later");
}

/* ---- names ---- */

static void dns_old(struct sim *s)
{
    story_begin(s);
    dns_set(s, DNS_STALE);
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        sim_crash(s, i, true);
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        sim_restart(s, i, rng_below(&s->boot_rng, 3 * US_PER_SEC), RESTART_NEW_ADDR);
    sim_run(s, 30 * US_PER_SEC);
    dns_set(s, DNS_RIGHT);
    story_within(s, 15 * US_PER_SEC, nobody_isolated_nor_dead, NULL, "one cluster");
}

/* A rolling update in a zone that is 30 s late: nobody is failed, all are replaced. */
static void dns_rolling(struct sim *s)
{
    story_begin(s);
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++) {
        dns_set(s, DNS_STALE);
        sim_leave(s, i);
        sim_run(s, 3 * US_PER_SEC);
        sim_restart(s, i, 0, RESTART_NEW_ADDR);
        sim_run(s, 27 * US_PER_SEC);
        dns_set(s, DNS_RIGHT);
        story_within(s, 6 * US_PER_SEC, nobody_isolated_nor_dead, NULL, "one view again");
    }
    story_expect(s, sim_events_all(s, UINT32_MAX, SWIM_FAIL) == 0, "no FAIL");
}

static uint64_t names_told(struct sim *s)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        n += sim_view(s, i).node.names_ok;
    return n;
}

static void dns_dead_hour(struct sim *s)
{
    story_begin(s);
    dns_set(s, DNS_HANG);
    sim_run(s, 10 * US_PER_SEC); /* answers that were under way */
    if (s->failed)
        return;
    const uint32_t events = member_events(s);
    const uint64_t told = names_told(s);
    sim_run(s, HOUR_US);
    story_expect(s, member_events(s) == events, "no event");
    if (!s->failed)
        story_expect(s, names_told(s) == told, "nobody was told a name in all that time");
    if (!s->failed)
        story_expect(s, sim_settled(s, NULL), "one view");
}

/* No answer at all, not even a refusal: a resolver gives up after 4 s, here it never does. A look-up
 * that was lost is asked again after 8 s. */
static void dns_silent(struct sim *s)
{
    dns_set(s, DNS_HANG);
    sim_boot_all(s);
    sim_run(s, 20 * US_PER_SEC);
    dns_set(s, DNS_RIGHT);
    story_within(s, 14 * US_PER_SEC, nobody_isolated_nor_dead, NULL, "all join");
}

/* Ready alone, each for itself, since the zone was empty for minutes; then half of them are named. */
static void dns_partly(struct sim *s)
{
    dns_set(s, DNS_NXDOMAIN);
    sim_boot_all(s);
    sim_run(s, 60 * US_PER_SEC);
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        s->dns.seen[i] = 1ULL << (i + 1) % s->cfg.nodes;
    dns_set(s, DNS_RIGHT);
    story_within(s, 10 * US_PER_SEC, nobody_isolated_nor_dead, NULL, "a ring of names is enough");
}

struct stories stories_member_split(void)
{
    static const struct story STORIES[] = {
        {"split_strangers", 10, 10, split_strangers,
         "5 + 5, all replaced meanwhile: one view 40 s after mending, by DNS alone"},
        {"split_ten_hours", 10, 1, split_ten_hours,
         "5 + 5 for 10 h, replaced one by one: one view 40 s after mending"},
        {"old_table", 8, 1, old_table, "a table from 5 h ago resurrects nobody"},
        {"tombstones_end", 4, 2, tombstones_end,
         "who left is forgotten also when the others learned of it at different times"},
        {"dns_old", 5, 20, dns_old, "all replaced, names 30 s old: one cluster in 15 s"},
        {"dns_rolling", 5, 5, dns_rolling, "a rolling update with late names: no FAIL"},
        {"dns_dead_hour", 3, 2, dns_dead_hour, "names silent for an hour: no event"},
        {"dns_silent", 3, 20, dns_silent, "names silent for 20 s at start, then joined in 14 s"},
        {"dns_partly", 8, 10, dns_partly, "each is told of one other only: one view in 10 s"},
    };
    return (struct stories){STORIES, ARRAY_LEN(STORIES)};
}
