/* Clocks that run fast or slow. */
#include "base/attr.h"

#include "member.h"

#define TENTH 100000 /* in millionths */

/* One runs a tenth fast, one a tenth slow, the others right. Clocks differ by minutes in the end. */
static void set_rates(struct sim *s)
{
    sim_clock_rate(s, 0, TENTH);
    sim_clock_rate(s, 1, -TENTH);
}

static void rates_steady(struct sim *s)
{
    story_begin(s);
    set_rates(s);
    const uint32_t events = member_events(s);
    sim_run(s, 1800 * US_PER_SEC);
    story_expect(s, member_events(s) == events, "nothing happens");
    if (!s->failed)
        story_expect(s, sim_settled(s, NULL), "one view");
}

/* Detection takes a tenth longer at most. */
static void rates_crash(struct sim *s)
{
    story_begin(s);
    set_rates(s);
    for (uint32_t i = 0; i < 10 && !s->failed; i++)
        member_crash_once(s, i % s->cfg.nodes, 6600 * US_PER_MS);
}

/* As fast as it gets: a clock at twice its rate, and one at half. */
static void rates_wild(struct sim *s)
{
    story_begin(s);
    sim_clock_rate(s, 0, 10 * TENTH);
    sim_clock_rate(s, 1, -5 * TENTH);
    sim_run(s, 600 * US_PER_SEC);
    story_expect(s, sim_events_all(s, UINT32_MAX, SWIM_FAIL) == 0, "no FAIL");
}

struct stories stories_member_rates(void)
{
    static const struct story STORIES[] = {
        {"rates_steady", 4, 5, rates_steady,
         "clocks a tenth fast and slow, half an hour: no event"},
        {"rates_crash", 3, 5, rates_crash,
         "clocks a tenth fast and slow: a crash is DEAD in 6.6 s"},
        {"rates_wild", 4, 5, rates_wild, "clocks at double and half their rate: no FAIL"},
    };
    return (struct stories){STORIES, ARRAY_LEN(STORIES)};
}
