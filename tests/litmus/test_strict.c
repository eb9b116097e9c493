/** Certified reads, by the real command: rules TH10, TH11 and TH12. */
#include <criterion/criterion.h>

#include "certified.h"
#include "stage.h"

/** Until now all that was issued is covered here: control, which issues, knows that by itself. */
static void publish_horizon(struct stage *s)
{
    cache_horizon_publish(s->c, certified_clock(s));
}

static void issues_and_publishes(void *stage)
{
    struct stage *s = stage;
    const struct dot d = {.epoch = 1, .seq = 1, .kind = DOT_KEY, .hash = s->key[0].hash};
    stage_commit(s, NEW);
    certified_issued(s, certified_clock(s));
    if (s->mutant == HORIZON_BEFORE_EFFECTS)
        publish_horizon(s);
    (void)stage_apply(s, &d);
    if (s->mutant != HORIZON_BEFORE_EFFECTS)
        publish_horizon(s);
}

/* ---- wrong readers ---- */

static mono_us cached_clock(void *at)
{
    return *(const mono_us *)at;
}

static void reads_by_a_cached_clock(void *stage)
{
    struct stage *s = stage;
    mono_us cached = certified_clock(s);
    const struct certified_asked asked = certified_request(s);
    certified_judge(&asked, certified_get(s, &asked, cached_clock, &cached));
}

static void copies_before_the_horizon(void *stage)
{
    struct stage *s = stage;
    const struct certified_asked asked = certified_request(s);
    const uint64_t version = stage_get(s, 0);
    const mono_us horizon = cache_horizon(s->c);
    certified_judge(&asked, horizon + CERTIFIED_WITHIN_MS * MS >= certified_clock(s) ? version : 0);
}

/* ---- stories ---- */

/** An old entry, and a horizon of now. */
static void with_old_entry(enum mutant mutant)
{
    struct stage *s = stage_open(&(struct stage_cfg){.mutant = mutant});
    stage_fill(s, OLD, s->token);
    publish_horizon(s);
}

static struct explorer_case story(const char *name, void (*reader)(void *))
{
    return (struct explorer_case){.name = name,
                                  .threads = {{"control", issues_and_publishes},
                                              {"time", certified_time_passes},
                                              {"reader", reader}}};
}

Test(certified_read, never_shows_what_was_old_before_its_bound)
{
    with_old_entry(SOUND);
    holds(story("TH10 TH11 TH12 dot, horizon; certified read", certified_reads),
          SEES(GOT_OLD) | SEES(GOT_NOTHING) | SEES(UNPROVEN));
}

Test(certified_read, mutant_that_copies_before_it_loads_the_horizon_is_found)
{
    with_old_entry(SOUND);
    breaks(story("TH10 copy, then horizon", copies_before_the_horizon));
}

Test(certified_read, mutant_with_a_cached_clock_is_found)
{
    with_old_entry(SOUND);
    breaks(story("TH11 cached clock", reads_by_a_cached_clock));
}

Test(certified_read, mutant_horizon_that_is_published_before_the_kill_is_found)
{
    with_old_entry(HORIZON_BEFORE_EFFECTS);
    breaks(story("TH12 horizon, then kill", certified_reads));
}
