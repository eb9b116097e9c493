/* Crashes by number, loss, slow nodes and flapping links. */
#include "base/attr.h"

#include "member.h"

#define CRASHES 1000 /* in one world of three: p99.9 is then the second largest */
#define SOME    60   /* of the 64 nodes that a world may have */

static void set_loss(struct sim *s, uint16_t permille)
{
    for (uint32_t i = 0; i < s->cfg.nodes * s->cfg.nodes; i++)
        s->links[i].loss = permille;
}

/* ---- crashes by number ---- */

struct crashes {
    uint32_t n;
    uint64_t limit_us; /* of each */
    uint32_t which;    /* the which-th shortest ... */
    uint64_t most_us;  /* ... took at most this */
};

static void crash_often(struct sim *s, const struct crashes *c)
{
    static uint64_t took[CRASHES];
    uint32_t fails = sim_events_all(s, UINT32_MAX, SWIM_FAIL);
    for (uint32_t i = 0; i < c->n && !s->failed; i++) {
        took[i] =
            member_crash_once(s, (uint32_t)rng_below(&s->boot_rng, s->cfg.nodes), c->limit_us);
        fails += s->cfg.nodes - 1;
    }
    if (s->failed)
        return;
    story_expect(s, sim_events_all(s, UINT32_MAX, SWIM_FAIL) == fails, "no false FAIL");
    const uint64_t nth = member_nth(took, c->n, c->which);
    if (nth > c->most_us)
        sim_fail(s, "the quantile is %llu ms", (unsigned long long)(nth / US_PER_MS));
}

static void crashes_of_three(struct sim *s)
{
    story_begin(s);
    crash_often(s, &(struct crashes){CRASHES, 13 * US_PER_SEC, CRASHES - 2, 6 * US_PER_SEC});
}

static void crashes_lossy(struct sim *s)
{
    story_begin(s);
    set_loss(s, 100);
    crash_often(s, &(struct crashes){CRASHES, 20 * US_PER_SEC, CRASHES - 2, 8 * US_PER_SEC});
}

static void crash_median(struct sim *s)
{
    story_begin(s);
    crash_often(s, &(struct crashes){25, 13 * US_PER_SEC, 12, 5 * US_PER_SEC});
}

static void crash_of_many(struct sim *s)
{
    story_begin(s);
    crash_often(s, &(struct crashes){3, 25 * US_PER_SEC, 2, 25 * US_PER_SEC});
}

struct gone {
    uint32_t n; /* the first n nodes */
};

static bool gone_everywhere(struct sim *s, void *ctx)
{
    const struct gone *gone = ctx;
    struct story_about about = {.state = SWIM_DEAD};
    for (about.member = 0; about.member < gone->n; about.member++)
        if (!story_all_hold(s, &about))
            return false;
    return true;
}

/* A sixth of all at once. Nobody else is doubted for more than a second. */
static void crash_ten_at_once(struct sim *s)
{
    struct gone gone = {.n = 10};
    story_begin(s);
    for (uint32_t i = 0; i < gone.n; i++)
        sim_crash(s, i, rng_chance(&s->boot_rng, 500));
    uint64_t doubt = 0;
    for (uint64_t us = 0; us < 25 * US_PER_SEC && !s->failed; us += 100 * US_PER_MS) {
        sim_run(s, 100 * US_PER_MS);
        doubt = time_max(doubt, member_doubt_us(s));
    }
    if (s->failed)
        return;
    story_expect(s, gone_everywhere(s, &gone), "all ten are DEAD everywhere");
    for (uint32_t i = gone.n; i < s->cfg.nodes; i++)
        story_expect(s, sim_events_all(s, i, SWIM_FAIL) == 0, "nobody else is");
    if (doubt > US_PER_SEC)
        sim_fail(s, "a living node was doubted for %llu ms",
                 (unsigned long long)(doubt / US_PER_MS));
}

/* ---- loss ---- */

struct loss {
    uint16_t permille;
    uint32_t seconds;
    uint64_t detect_us;
};

/* An hour of each, 50 nodes, had no false FAIL even at 30 %, and up to 43 suspicions a second in all;
 * the worse it is the more is said, so that the stories are the shorter. */
static void lossy(struct sim *s, const struct loss *l)
{
    struct story_about about = {.member = 0, .state = SWIM_DEAD};
    story_begin(s);
    set_loss(s, l->permille);
    sim_run(s, l->seconds * US_PER_SEC);
    story_expect(s, sim_events_all(s, UINT32_MAX, SWIM_FAIL) == 0, "no false FAIL");
    sim_crash(s, 0, false);
    member_within(s, l->detect_us, story_all_hold, &about, "the crash is DEAD everywhere");
}

static void loss_5(struct sim *s)
{
    lossy(s, &(struct loss){50, 360, 50 * US_PER_SEC});
}

static void loss_10(struct sim *s)
{
    lossy(s, &(struct loss){100, 240, 50 * US_PER_SEC});
}

static void loss_20(struct sim *s)
{
    lossy(s, &(struct loss){200, 90, 50 * US_PER_SEC});
}

static void loss_30(struct sim *s)
{
    lossy(s, &(struct loss){300, 45, 50 * US_PER_SEC});
}

static void loss_crash_of_ten(struct sim *s)
{
    static const uint16_t LOSS[] = {50, 100, 200};
    story_begin(s);
    for (uint32_t i = 0; i < ARRAY_LEN(LOSS) && !s->failed; i++) {
        set_loss(s, LOSS[i]);
        crash_often(s, &(struct crashes){1, 26 * US_PER_SEC, 0, 26 * US_PER_SEC});
        set_loss(s, 0);
    }
}

/* ---- slow nodes, flapping links ---- */

static bool is_healthy(uint32_t i, uint32_t sick)
{
    return i >= sick;
}

/* FAILs about nodes that are well, told by anybody. */
static uint32_t healthy_failed(struct sim *s, uint32_t sick)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        n += is_healthy(i, sick) ? sim_events_all(s, i, SWIM_FAIL) : 0;
    return n;
}

/* A quota of one part in twenty: a process runs for a slice, then stands still for nineteen. */
static void slow_nodes(struct sim *s)
{
    const uint32_t sick = 4;
    mono_us next[4];
    story_begin(s);
    const mono_us end = s->now + 60 * US_PER_SEC;
    for (uint32_t i = 0; i < sick; i++)
        next[i] = s->now + rng_below(&s->boot_rng, 100 * US_PER_MS);
    while (s->now < end && !s->failed) {
        uint32_t first = 0;
        for (uint32_t i = 1; i < sick; i++)
            first = next[i] < next[first] ? i : first;
        sim_run(s, next[first] > s->now ? next[first] - s->now : 0);
        const uint64_t slice = US_PER_MS + rng_below(&s->boot_rng, 50 * US_PER_MS);
        sim_pause(s, first, 19 * slice);
        next[first] = s->now + 20 * slice;
    }
    if (!s->failed && healthy_failed(s, sick) > 0)
        sim_fail(s, "%u FAILs of healthy nodes", healthy_failed(s, sick));
}

/* n0 hears nobody, or is heard by nobody, for 20 s, then all is well for 20 s, for 10 minutes: 15 times.
 * Each time is longer than it takes to detect a crash, and nothing holds a verdict back, so each of
 * them is told once: 15 FAILs and 15 ALIVE_AGAINs. One change a minute would take damping. */
static void flap(struct sim *s, bool deaf)
{
    story_begin(s);
    for (uint32_t t = 0; t < 30 && !s->failed; t++) {
        for (uint32_t i = 1; i < s->cfg.nodes; i++)
            sim_cut(s, deaf ? i : 0, deaf ? 0 : i, t % 2 == 0);
        sim_run(s, 20 * US_PER_SEC);
    }
    for (uint32_t i = 1; i < s->cfg.nodes && !s->failed; i++)
        for (uint32_t j = 1; j < s->cfg.nodes; j++)
            story_expect(s, sim_events(s, i, j, SWIM_FAIL)->n == 0, "healthy pairs: no FAIL");
    for (uint32_t i = 1; i < s->cfg.nodes && !s->failed; i++)
        story_expect(
            s, sim_events(s, i, 0, SWIM_FAIL)->n <= 15 && sim_events(s, i, 0, SWIM_FAIL)->n > 0,
            "each time is told at most once");
}

static void flap_deaf(struct sim *s)
{
    flap(s, true);
}

static void flap_mute(struct sim *s)
{
    flap(s, false);
}

struct stories stories_member_detect(void)
{
    static const struct story STORIES[] = {
        {"crashes_of_three", 3, 5, crashes_of_three, "1,000 crashes of 1 of 3: p99.9 is 6 s"},
        {"crashes_lossy", 3, 5, crashes_lossy, "the same at 10 % loss: p99.9 is 8 s, no false one"},
        {"crash_median", 10, 5, crash_median, "25 crashes of 1 of 10: the median is 5 s"},
        {"crash_of_many", SOME, 5, crash_of_many, "a crash of 1 of 60 is DEAD everywhere in 25 s"},
        {"crash_ten_at_once", SOME, 5, crash_ten_at_once, "10 of 60 at once: all DEAD in 25 s"},
        {"loss_5", 50, 5, loss_5, "5 % loss, 50 nodes: no false FAIL; a crash is DEAD in 50 s"},
        {"loss_10", 50, 5, loss_10, "10 % loss, 50 nodes: no false FAIL; a crash is DEAD in 50 s"},
        {"loss_20", 50, 5, loss_20, "20 % loss, 50 nodes: no false FAIL; a crash is DEAD in 50 s"},
        {"loss_30", 50, 5, loss_30, "30 % loss, 50 nodes: no false FAIL; a crash is DEAD in 50 s"},
        {"loss_crash_of_ten", 10, 5, loss_crash_of_ten, "20 % loss: 1 of 10 is DEAD in 26 s"},
        {"slow_nodes", SOME, 2, slow_nodes, "4 of 60 at 5 % CPU for 1 min: no FAIL of others"},
        {"flap_deaf", SOME, 1, flap_deaf,
         "one node deaf every other 20 s: others fail no one else"},
        {"flap_mute", SOME, 1, flap_mute,
         "one node mute every other 20 s: others fail no one else"},
    };
    return (struct stories){STORIES, ARRAY_LEN(STORIES)};
}
