/* Start, end, restart, identity, DNS. */
#include "base/attr.h"

#include "process.h"
#include "story.h"

static bool both_alive(struct sim *s, void *ctx)
{
    struct swim_member m;
    (void)ctx;
    return sim_member(s, 0, 1, &m) && m.state == SWIM_ALIVE && sim_member(s, 1, 0, &m) &&
           m.state == SWIM_ALIVE;
}

static void two_meet(struct sim *s)
{
    s->dns.seen[0] = s->dns.seen[1] = 2; /* the first knows the second, which knows nobody */
    sim_boot_all(s);
    story_within(s, US_PER_SEC, both_alive, NULL, "both hold both alive");
    sim_run(s, US_PER_SEC);
    if (s->failed)
        return;
    story_expect(s, sim_events_all(s, 0, SWIM_JOIN) == 1 && sim_events_all(s, 1, SWIM_JOIN) == 1,
                 "one JOIN each");
    story_expect(s, sim_view(s, 0).view_hash == sim_view(s, 1).view_hash, "equal view hashes");
}

static void crash_within(struct sim *s, uint64_t limit_us)
{
    struct story_about about = {.member = 0, .event = SWIM_FAIL};
    story_begin(s);
    sim_crash(s, 0, rng_chance(&s->boot_rng, 500));
    story_within(s, limit_us, story_all_told, &about, "FAIL everywhere");
    story_expect(s, story_events_but(s, SWIM_FAIL, 0) == 0, "no false FAIL");
}

static void crash_of_three(struct sim *s)
{
    crash_within(s, 6 * US_PER_SEC);
}

static void crash_of_ten(struct sim *s)
{
    crash_within(s, 13 * US_PER_SEC);
}

static bool is_down(struct sim *s, void *ctx)
{
    (void)ctx;
    return !s->nodes[0].up;
}

static void leave(struct sim *s)
{
    struct story_about about = {.member = 0, .event = SWIM_LEAVE};
    story_begin(s);
    const mono_us began_at = s->now;
    sim_leave(s, 0);
    story_within(s, US_PER_SEC, story_all_told, &about, "LEAVE everywhere");
    story_within(s, 2 * US_PER_SEC - (s->now - began_at), is_down, NULL, "the process exits");
    sim_run(s, 10 * US_PER_SEC);
    story_expect(s, sim_events_all(s, 0, SWIM_SUSPECTED) == 0, "never SUSPECT");
    story_expect(s, sim_events_all(s, 0, SWIM_FAIL) == 0, "never FAIL");
}

static void leave_unheard(struct sim *s)
{
    struct story_about about = {.member = 0, .event = SWIM_FAIL};
    story_begin(s);
    sim_split(s, 1, true);
    sim_leave(s, 0);
    story_within(s, 2 * US_PER_SEC, is_down, NULL, "the process exits");
    story_within(s, 6 * US_PER_SEC, story_all_told, &about, "the others FAIL it");
    story_expect(s, sim_events_all(s, 0, SWIM_LEAVE) == 0, "nobody heard it leave");
}

static void replaced_within(struct sim *s, uint64_t limit_us, uint64_t flags)
{
    struct story_about about = {.member = 0, .event = SWIM_REPLACED};
    sim_crash(s, 0, true);
    sim_restart(s, 0, US_PER_MS, flags);
    story_within(s, limit_us, story_all_told, &about, "REPLACED everywhere");
    sim_run(s, 10 * US_PER_SEC);
    story_expect(s, sim_events_all(s, UINT32_MAX, SWIM_FAIL) == 0, "no FAIL");
    story_expect(s, sim_events_all(s, UINT32_MAX, SWIM_CONFLICT) == 0, "no CONFLICT");
    story_expect(s, sim_events_all(s, 0, SWIM_REPLACED) == s->cfg.nodes - 1, "REPLACED once each");
    if (!s->failed)
        story_expect(s, sim_settled(s, NULL), "one view");
}

static void replaced_new_address(struct sim *s)
{
    story_begin(s);
    replaced_within(s, US_PER_SEC, RESTART_NEW_ADDR);
}

static void replaced_same_address(struct sim *s)
{
    struct swim_member m;
    story_begin(s);
    for (uint32_t i = 1; i < s->cfg.nodes; i++)
        link_at(s, 0, i)->delay_min_us = 1500 * US_PER_MS; /* words of the old run come late */
    sim_run(s, 500 * US_PER_MS);
    for (uint32_t i = 1; i < s->cfg.nodes; i++)
        link_at(s, 0, i)->delay_min_us = 100;
    replaced_within(s, US_PER_SEC, 0);
    uint64_t dropped = 0;
    for (uint32_t i = 1; i < s->cfg.nodes && !s->failed; i++) {
        const struct node_view v = sim_view(s, i);
        dropped += v.node.dropped_replay;
        story_expect(
            s, sim_member(s, i, 0, &m) && m.epoch == sim_view(s, 0).epoch && m.state == SWIM_ALIVE,
            "the new run is the one that is known");
    }
    story_expect(s, dropped > 0, "late packets of the old run were dropped");
}

static bool swapped(struct sim *s, void *ctx)
{
    struct swim_member m;
    (void)ctx;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        for (uint32_t j = 0; j < s->cfg.nodes; j++)
            if (!sim_member(s, i, j, &m) || m.state != SWIM_ALIVE ||
                link_slot(&m.addr) != s->nodes[j].slot || m.epoch != s->runs[s->nodes[j].run].epoch)
                return false;
    return true;
}

static void addresses_swapped(struct sim *s)
{
    story_begin(s);
    const uint16_t a = s->nodes[0].slot;
    const uint16_t b = s->nodes[1].slot;
    sim_crash(s, 0, true);
    sim_crash(s, 1, true);
    s->owner[a] = s->owner[b] = 0;
    sim_address(s, 0, b);
    s->nodes[1].slot = 0;
    sim_address(s, 1, a);
    sim_boot(s, 0);
    sim_boot(s, 1);
    story_within(s, 2 * US_PER_SEC, swapped, NULL, "right addresses everywhere");
    story_expect(s, sim_events(s, 2, 0, SWIM_REPLACED)->n == 1, "n2 saw n0 REPLACED once");
    story_expect(s, sim_events(s, 2, 1, SWIM_REPLACED)->n == 1, "n2 saw n1 REPLACED once");
}

static void clock_back(struct sim *s)
{
    story_begin(s);
    s->nodes[0].wall_offset_ms = -3600000;
    replaced_within(s, 2 * US_PER_SEC, 0);
}

static bool conflict_told(struct sim *s, void *ctx)
{
    (void)ctx;
    return sim_events_all(s, 0, SWIM_CONFLICT) > 0 && cache_gate(s->nodes[0].cache) == CACHE_MUTED;
}

/* How often observers change their mind about where the name lives. */
static uint32_t count_flips(struct sim *s, uint64_t us)
{
    uint16_t last[SIM_NODES_MAX] = {0};
    uint32_t flips = 0;
    struct swim_member m;
    for (uint64_t t = 0; t < us && !s->failed; t += 10 * US_PER_MS) {
        sim_run(s, 10 * US_PER_MS);
        for (uint32_t i = 1; i < 3; i++) {
            if (!sim_member(s, i, 0, &m))
                continue;
            const uint16_t slot = link_slot(&m.addr);
            flips += last[i] != 0 && last[i] != slot;
            last[i] = slot;
        }
    }
    return flips;
}

/* Who of the two was drawn the larger epoch. */
static uint32_t larger_of(const struct sim *s, uint32_t a, uint32_t b)
{
    return s->runs[s->nodes[a].run].epoch > s->runs[s->nodes[b].run].epoch ? a : b;
}

/* Two hosts of one name start in the same moment: their processes have one generation, and one version.
 * Everybody must come to believe the same one, whichever was heard of first. */
static void one_incarnation(struct sim *s)
{
    struct swim_member m;
    s->nodes[3].name[1] = '0';
    sim_boot(s, 1);
    sim_boot(s, 2);
    sim_run(s, 5 * US_PER_SEC + rng_below(&s->boot_rng, US_PER_SEC));
    sim_boot(s, 0);
    sim_boot(s, 3);
    const uint32_t stays = larger_of(s, 0, 3);
    const uint32_t yields = 3 - stays;
    if (!story_expect(s, sim_view(s, 0).generation == sim_view(s, 3).generation,
                      "both have one generation"))
        return;
    sim_run(s, 30 * US_PER_SEC);
    for (uint32_t i = 1; i < 3 && !s->failed; i++)
        story_expect(s,
                     sim_member(s, i, 0, &m) && m.state == SWIM_ALIVE &&
                         m.epoch == s->runs[s->nodes[stays].run].epoch,
                     "all believe the one with the larger epoch");
    story_expect(s, cache_gate(s->nodes[yields].cache) == CACHE_MUTED, "the other answers no hit");
    story_expect(s, cache_gate(s->nodes[stays].cache) == CACHE_OPEN, "this one does");
}

static void two_of_one_name(struct sim *s)
{
    s->nodes[3].name[1] = '0';
    for (uint32_t i = 0; i < 3; i++)
        sim_boot(s, i);
    sim_run(s, 10 * US_PER_SEC);
    story_expect(s, workload_read(s, &s->nodes[0], 1) == false, "a first read misses");
    sim_run(s, US_PER_SEC);
    story_expect(s, workload_read(s, &s->nodes[0], 1), "and then hits");
    sim_boot(s, 3);
    const uint32_t early = count_flips(s, 2 * US_PER_SEC);
    story_within(s, 8 * US_PER_SEC, conflict_told, NULL, "CONFLICT is told, the older is muted");
    const uint32_t late = count_flips(s, 20 * US_PER_SEC);
    if (s->failed)
        return;
    story_expect(s, early + late <= 2, "each observer changes the address at most once");
    story_expect(s, !workload_read(s, &s->nodes[0], 1), "the older answers no hit");
    story_expect(s, slice_eq(slice_text(node_state_text(s->nodes[0].node)), slice_text("conflict")),
                 "the older says so");
    for (uint32_t i = 0; i < 4; i++)
        story_expect(s, s->nodes[i].up, "nobody exits");
}

static bool are_anew(struct sim *s, void *ctx)
{
    (void)ctx;
    for (uint32_t i = 1; i <= 2; i++)
        if (!s->nodes[i].up || s->runs[s->nodes[i].run].cloned)
            return false;
    return true;
}

/* A machine is copied with the process in it, and the copy gets a name of its own. Nobody can tell until
 * one of both says something. */
static void copied(struct sim *s)
{
    story_begin(s);
    sim_clone(s, 2, 1);
    sim_run(s, 15 * US_PER_SEC);
    (void)workload_read(s, &s->nodes[0], 1);
    sim_run(s, 5 * US_PER_SEC);
    story_expect(s, !s->failed && workload_read(s, &s->nodes[0], 1), "what was filled is a hit");
    story_expect(s, !are_anew(s, NULL), "nobody has found out");
    if (!s->failed)
        (void)sim_invalidate(s, 1, 2);
    story_within(s, 6 * US_PER_SEC, are_anew, NULL, "both find out, end, and begin anew");
    story_within(s, 10 * US_PER_SEC, sim_settled, NULL, "one view");
    story_expect(s, !s->failed && !workload_read(s, &s->nodes[0], 1),
                 "what else was said nobody can know: everything is dropped");
}

static bool all_ready(struct sim *s, void *ctx)
{
    (void)ctx;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        if (node_state(s->nodes[i].node) != NODE_READY)
            return false;
    return true;
}

static void late_names(struct sim *s, uint64_t us)
{
    dns_set(s, DNS_NXDOMAIN);
    sim_boot_all(s);
    story_within(s, 3 * US_PER_SEC, all_ready, NULL, "ready without an answer");
    sim_run(s, us);
    story_expect(s, sim_events_all(s, UINT32_MAX, SWIM_JOIN) == 0, "nobody is known");
    dns_set(s, DNS_RIGHT);
    story_within(s, 6 * US_PER_SEC, sim_settled, NULL, "all join");
}

static void dns_late(struct sim *s)
{
    late_names(s, 20 * US_PER_SEC);
}

static void dns_very_late(struct sim *s)
{
    late_names(s, 600 * US_PER_SEC);
}

static void dns_empty_later(struct sim *s)
{
    story_begin(s);
    dns_set(s, DNS_NXDOMAIN);
    sim_run(s, 600 * US_PER_SEC);
    dns_set(s, DNS_HANG);
    sim_run(s, 600 * US_PER_SEC);
    story_expect(s,
                 sim_events_all(s, UINT32_MAX, SWIM_FAIL) == 0 &&
                     sim_events_all(s, UINT32_MAX, SWIM_LEAVE) == 0 &&
                     sim_events_all(s, UINT32_MAX, SWIM_SUSPECTED) == 0,
                 "nobody is removed");
    if (!s->failed)
        story_expect(s, sim_settled(s, NULL), "one view");
}

struct stories stories_life(void)
{
    static const struct story STORIES[] = {
        {"two_meet", 2, 20, two_meet, "two nodes, one knows the other: both ALIVE within 1 s"},
        {"crash_of_three", 3, 300, crash_of_three, "a crash of 1 of 3 is a FAIL everywhere in 6 s"},
        {"crash_of_ten", 10, 60, crash_of_ten, "a crash of 1 of 10 is a FAIL everywhere in 13 s"},
        {"leave", 3, 50, leave, "SIGTERM: LEAVE everywhere in 1 s, never SUSPECT, exit in 2 s"},
        {"leave_unheard", 3, 20, leave_unheard, "unheard leave: exit in 2 s, the others FAIL it"},
        {"replaced_new_address", 3, 50, replaced_new_address,
         "a restart at a new address before detection: REPLACED in 1 s, no FAIL"},
        {"replaced_same_address", 3, 50, replaced_same_address,
         "the same at the old address; late packets of the old run are dropped"},
        {"addresses_swapped", 3, 50, addresses_swapped, "two restart with swapped addresses"},
        {"clock_back", 3, 50, clock_back, "a restart with the clock an hour back: REPLACED in 2 s"},
        {"two_of_one_name", 4, 20, two_of_one_name, "two live nodes of one name: CONFLICT"},
        {"copied", 4, 20, copied,
         "two processes with the same random bytes: both end, all is dropped"},
        {"one_incarnation", 4, 40, one_incarnation,
         "of two processes at one incarnation everybody believes the same"},
        {"dns_late", 3, 20, dns_late, "no names for 20 s, then joined within 6 s"},
        {"dns_very_late", 3, 3, dns_very_late, "no names for 10 min, then joined within 6 s"},
        {"dns_empty_later", 3, 2, dns_empty_later, "names that go away remove nobody"},
    };
    return (struct stories){STORIES, ARRAY_LEN(STORIES)};
}
