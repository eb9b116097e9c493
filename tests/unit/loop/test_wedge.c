#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "loop/inside.h"

#include "kit.h"

#define LATE (2 * US_PER_SEC)
#define LOOK (500 * US_PER_MS)

/* ---- the judge alone ---- */

/** Look each half second from *now on while nothing is told; at most for us. */
static enum wedge_news look_on(struct wedge *w, mono_us turned_at, mono_us *now, uint64_t us)
{
    for (const mono_us end = *now + us; *now < end;) {
        *now += LOOK;
        const enum wedge_news news = wedge_look(w, turned_at, *now, LATE);
        if (news != WEDGE_NONE)
            return news;
    }
    return WEDGE_NONE;
}

Test(wedge, who_turns_is_never_wedged)
{
    struct wedge w = {0};
    for (mono_us now = LOOK; now < 100 * US_PER_SEC; now += LOOK)
        cr_assert_eq(wedge_look(&w, now - US_PER_SEC, now, LATE), WEDGE_NONE);
}

Test(wedge, who_stands_still_is_told_within_11_seconds_and_once)
{
    struct wedge w = {0};
    const mono_us turned_at = 5 * US_PER_SEC;
    mono_us now = turned_at;
    cr_assert_eq(look_on(&w, turned_at, &now, 60 * US_PER_SEC), WEDGE_BEGAN);
    cr_expect_geq(now - turned_at, 10 * US_PER_SEC);
    cr_expect_leq(now - turned_at, 11 * US_PER_SEC);
    cr_expect(w.wedged);
    cr_expect_eq(look_on(&w, turned_at, &now, 60 * US_PER_SEC), WEDGE_NONE);
}

Test(wedge, a_turn_ends_it_at_the_next_look)
{
    struct wedge w = {0};
    mono_us now = US_PER_SEC;
    cr_assert_eq(look_on(&w, US_PER_SEC, &now, 15 * US_PER_SEC), WEDGE_BEGAN);
    cr_assert_eq(look_on(&w, US_PER_SEC, &now, 4 * US_PER_SEC), WEDGE_NONE);
    cr_expect_eq(wedge_look(&w, now, now + LOOK, LATE), WEDGE_ENDED);
    cr_expect_not(w.wedged);
    cr_expect_geq(w.still_us, 14 * US_PER_SEC);
    cr_expect_eq(wedge_look(&w, now, now + 2 * LOOK, LATE), WEDGE_NONE);
}

/* SIGSTOP, or a machine that slept: the control thread stood still as long as the workers. */
Test(wedge, who_looks_again_after_a_pause_blames_nobody)
{
    struct wedge w = {0};
    mono_us now = US_PER_SEC;
    cr_assert_eq(look_on(&w, US_PER_SEC, &now, 5 * US_PER_SEC), WEDGE_NONE);
    now += 60 * US_PER_SEC;
    cr_expect_eq(wedge_look(&w, US_PER_SEC, now, LATE), WEDGE_NONE);
    cr_expect_eq(look_on(&w, US_PER_SEC, &now, 9 * US_PER_SEC), WEDGE_NONE);
    cr_expect_eq(look_on(&w, US_PER_SEC, &now, 2 * US_PER_SEC), WEDGE_BEGAN);
}

Test(alarm, a_counter_that_grows_is_told_once_a_minute)
{
    struct alarm a = {0};
    uint64_t lines = 0, told = 0;
    for (mono_us now = US_PER_SEC; now <= 600 * US_PER_SEC; now += US_PER_SEC) {
        const uint64_t grew = alarm_due(&a, now / US_PER_SEC, now);
        lines += grew > 0;
        told += grew;
    }
    cr_expect_eq(lines, 10);
    cr_expect_eq(told, a.told, "each is counted in one line");
}

Test(alarm, a_counter_that_stands_still_is_not_told)
{
    struct alarm a = {0};
    cr_expect_eq(alarm_due(&a, 0, US_PER_SEC), 0);
    cr_expect_eq(alarm_due(&a, 3, 2 * US_PER_SEC), 3);
    for (mono_us now = 0; now < 600 * US_PER_SEC; now += US_PER_SEC)
        cr_assert_eq(alarm_due(&a, 3, now), 0);
}

/* ---- a node with a worker that does not turn: its thread was never started ---- */

static uint64_t wedged_now(const struct loop *l)
{
    struct loop_counters c;
    loop_counters(l, &c);
    return c.workers_wedged;
}

static bool says(const char *lines, const char *part)
{
    const char *found = strstr(lines, part);
    return found != NULL && strstr(found + 1, part) == NULL;
}

Test(wedge, a_worker_that_stands_still_is_told_in_the_log_and_in_the_counters)
{
    int fds[2];
    char lines[65536];
    struct loop_counters c;
    cr_assert_eq(pipe(fds), 0);
    struct loop *l = kit_still(fds[1]);
    const mono_us begun_at = loop_now();
    mono_us now = begun_at;
    atomic_store(&l->workers[0]->turned_at, begun_at);
    for (; now < begun_at + 15 * US_PER_SEC; now += LOOK) {
        beat_look(l, now);
        cr_assert(wedged_now(l) == 1 || now - begun_at < 11 * US_PER_SEC);
        cr_assert(wedged_now(l) == 0 || now - begun_at >= 10 * US_PER_SEC);
    }
    atomic_store(&l->workers[0]->turned_at, now);
    beat_look(l, now);
    loop_counters(l, &c);
    cr_expect_eq(c.workers_wedged, 0);
    cr_expect_eq(c.wedged, 1);
    loop_free(l);
    close(fds[1]);
    const ssize_t n = read(fds[0], lines, sizeof lines - 1);
    lines[n > 0 ? n : 0] = '\0';
    close(fds[0]);
    cr_expect(says(lines, "worker wedged"), "once: %s", lines);
    cr_expect(says(lines, "worker turns again"), "once: %s", lines);
}
