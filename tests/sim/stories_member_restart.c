/* Names and addresses in other hands, and clocks that are wrong. */
#include "base/attr.h"

#include "member.h"

#define HOUR_MS 3600000LL
#define YEAR_MS (365 * 24 * HOUR_MS)

/* ---- addresses in other hands ---- */

/* DEAD, or not known at all. */
static bool nobody_holds(struct sim *s, void *ctx)
{
    struct swim_member m;
    (void)ctx;
    for (uint32_t i = 1; i < s->cfg.nodes; i++)
        if (sim_member(s, i, 0, &m) && m.state != SWIM_DEAD)
            return false;
    return true;
}

/* n0 dies unseen, and n1 comes back at n0's address before anybody knows. What is meant for n0 arrives
 * at n1, who cannot open it: the receiver's id is under the tag. NOT_ME is for runs of one name. */
static void address_of_another(struct sim *s)
{
    struct story_about there = {.member = 1, .event = SWIM_REPLACED};
    struct swim_member m;
    story_begin(s);
    const uint16_t slot = s->nodes[0].slot;
    sim_crash(s, 0, false);
    sim_crash(s, 1, false);
    s->owner[slot] = 0;
    s->nodes[0].slot = 0;
    sim_address(s, 1, slot);
    const mono_us began_at = s->now;
    sim_boot(s, 1);
    story_within(s, 2 * US_PER_SEC, story_all_told, &there, "n1 is REPLACED everywhere");
    story_within(s, 13 * US_PER_SEC - (s->now - began_at), nobody_holds, NULL, "n0 is DEAD");
    sim_run(s, 30 * US_PER_SEC);
    if (s->failed)
        return;
    for (uint32_t i = 1; i < s->cfg.nodes; i++) {
        if (i > 1)
            story_expect(s, sim_member(s, i, 1, &m) && link_slot(&m.addr) == slot,
                         "n1 is known at its address");
    }
    story_expect(s, sim_view(s, 1).node.dropped_unauthentic > 0, "n1 opened nothing of n0's");
    story_expect(s, sim_events_all(s, 0, SWIM_REPLACED) == 0, "n0 is nowhere");
    story_expect(s, nobody_holds(s, NULL), "n0 stays DEAD");
    story_expect(s, sim_events_all(s, 1, SWIM_FAIL) == 0, "n1 never is");
}

/* ---- two of one name ---- */

static bool both_told(struct sim *s, void *ctx)
{
    (void)ctx;
    return sim_events(s, 0, 0, SWIM_CONFLICT)->n > 0 && sim_events(s, 3, 0, SWIM_CONFLICT)->n > 0;
}

static bool conflict_over(struct sim *s, void *ctx)
{
    (void)ctx;
    return sim_events(s, 0, 0, SWIM_CONFLICT_OVER)->n > 0 &&
           cache_gate(s->nodes[0].cache) == CACHE_OPEN;
}

static bool heard_of(struct sim *s, void *ctx)
{
    const uint64_t *vector = ctx;
    return sim_view(s, 0).vector_hash == *vector;
}

/* The second process of the name has the higher generation, or, its clock being an hour late, the
 * lower one. */
static void conflict(struct sim *s, int64_t offset_ms)
{
    s->nodes[3].name[1] = '0';
    s->nodes[3].wall_offset_ms = offset_ms;
    for (uint32_t i = 0; i < 3; i++)
        sim_boot(s, i);
    sim_run(s, 10 * US_PER_SEC);
    sim_boot(s, 3);
    story_within(s, 10 * US_PER_SEC, both_told, NULL, "both tell of the CONFLICT");
    sim_run(s, 10 * US_PER_SEC);
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++)
        story_expect(s, s->nodes[i].up, "nobody exits");
    const uint32_t muted = offset_ms < 0 ? 3 : 0;
    const uint32_t other = 3 - muted;
    if (s->failed)
        return;
    story_expect(s, cache_gate(s->nodes[muted].cache) == CACHE_MUTED, "the older is muted");
    story_expect(s, cache_gate(s->nodes[other].cache) == CACHE_OPEN, "the newer is not");
}

/* The newer dies: the older takes the name back, and all others must take it back, too. */
static void conflict_ends(struct sim *s)
{
    conflict(s, 0);
    sim_crash(s, 3, false);
    story_within(s, 10 * US_PER_SEC, conflict_over, NULL, "the older answers again");
    story_within(s, 20 * US_PER_SEC, sim_settled, NULL, "and is a member again");
}

/* From the moment that it answers hits again, invalidations must reach it. */
static void conflict_hears(struct sim *s)
{
    conflict(s, 0);
    sim_crash(s, 3, false);
    story_within(s, 10 * US_PER_SEC, conflict_over, NULL, "the older answers again");
    if (s->failed)
        return;
    sim_run(s, 2 * US_PER_SEC);
    sim_invalidate(s, 1, 5);
    uint64_t vector = sim_view(s, 1).vector_hash;
    if (cache_gate(s->nodes[0].cache) == CACHE_OPEN)
        story_within(s, 2 * US_PER_SEC, heard_of, &vector, "it hears of an invalidation");
}

static void conflict_late_clock(struct sim *s)
{
    conflict(s, -HOUR_MS);
}

/* ---- clocks ---- */

static void come_back(struct sim *s, uint32_t i, int64_t offset_ms, uint64_t limit_us)
{
    struct story_about about = {.member = i, .state = SWIM_ALIVE};
    s->nodes[i].wall_offset_ms = offset_ms;
    if (s->failed)
        return;
    sim_crash(s, i, true);
    sim_restart(s, i, US_PER_MS, 0);
    sim_run(s, 2 * US_PER_MS);
    story_within(s, limit_us, sim_settled, NULL, "one view, with the new run in it");
    if (!s->failed)
        story_expect(s, story_all_hold(s, &about), "the new run is ALIVE everywhere");
}

/* The clock is years ahead at one start and right at the next. What it said of itself is believed. */
static void clock_ahead(struct sim *s)
{
    story_begin(s);
    come_back(s, 0, 2 * YEAR_MS, 2 * US_PER_SEC);
    come_back(s, 0, 0, 2 * US_PER_SEC);
    sim_run(s, 10 * US_PER_SEC);
    story_expect(s, sim_events_all(s, UINT32_MAX, SWIM_FAIL) == 0, "no FAIL");
}

/* Who joins later hears of it from others first. */
static void clock_ahead_joiner(struct sim *s)
{
    struct swim_member m;
    const uint32_t joiner = s->cfg.nodes - 1;
    s->nodes[0].wall_offset_ms = 2 * YEAR_MS;
    for (uint32_t i = 0; i < joiner; i++)
        sim_boot(s, i);
    story_within(s, 10 * US_PER_SEC, sim_settled, NULL, "all others agree");
    sim_boot(s, joiner);
    story_within(s, 10 * US_PER_SEC, sim_settled, NULL, "the joiner agrees with all");
    if (!s->failed)
        story_expect(s, sim_member(s, joiner, 0, &m) && m.state == SWIM_ALIVE, "and knows n0");
}

/* The clock of one node is a day and more late at each of its starts. */
static void clock_behind(struct sim *s)
{
    story_begin(s);
    come_back(s, 0, -48 * HOUR_MS, 2 * US_PER_SEC);
    come_back(s, 0, -YEAR_MS, 2 * US_PER_SEC);
    come_back(s, 0, 0, 2 * US_PER_SEC);
    story_expect(s, sim_events_all(s, UINT32_MAX, SWIM_CONFLICT) == 0, "no CONFLICT");
}

/* All clocks differ by days. */
static void clocks_apart(struct sim *s)
{
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        s->nodes[i].wall_offset_ms = ((int64_t)i - 2) * 40 * HOUR_MS;
    sim_boot_all(s);
    story_within(s, 10 * US_PER_SEC, sim_settled, NULL, "all agree");
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++)
        come_back(s, i, ((int64_t)(i * 3 % s->cfg.nodes) - 2) * 40 * HOUR_MS, 2 * US_PER_SEC);
}

struct stories stories_member_restart(void)
{
    static const struct story STORIES[] = {
        {"address_of_another", 4, 20, address_of_another,
         "one comes back at a dead one's address: nobody is mistaken"},
        {"conflict_ends", 4, 10, conflict_ends,
         "both of one name tell CONFLICT; when the newer dies, the older answers again"},
        {"conflict_hears", 4, 10, conflict_hears,
         "who answers hits again after a conflict hears invalidations"},
        {"conflict_late_clock", 4, 10, conflict_late_clock,
         "the same when the newcomer's clock is late: it is the one that is muted"},
        {"clock_ahead", 4, 10, clock_ahead,
         "a start with the clock 2 years ahead, then one with it right: one view in 2 s"},
        {"clock_ahead_joiner", 4, 10, clock_ahead_joiner,
         "a joiner meets a node whose clock is 2 years ahead in 10 s"},
        {"clock_behind", 4, 10, clock_behind,
         "starts with the clock days, a year and not behind: one view in 2 s"},
        {"clocks_apart", 5, 10, clocks_apart, "clocks days apart, all restart: one view in 2 s"},
    };
    return (struct stories){STORIES, ARRAY_LEN(STORIES)};
}
