/** Who leaves and who stays when room is needed: the small queue, its ghosts, the main queue. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"

#include "seed.h"
#include "world.h"

#define BUDGET (1 << 20) /* a unit of it has more entries than one call may copy */

static struct world *w;
static int capacity; /* entries of fill_n() */
static int strangers;
static char value[1024]; /* what fill_n() stores */

static bool has_n(int n)
{
    char key[16];
    snprintf(key, sizeof key, "k%d", n);
    return get(w, "", key);
}

static void fill_n(int n)
{
    char key[16];
    snprintf(key, sizeof key, "k%d", n);
    cr_assert_eq(fill_now(w, key, (struct entry){.value = value}), CACHE_STORED);
}

/** A reader that loads what is absent. Returns: was it there? */
static bool read_n(int n)
{
    const bool there = has_n(n);
    if (!there)
        fill_n(n);
    return there;
}

/** So many entries that nobody will ask for. */
static void scan(int n)
{
    while (n-- > 0)
        fill_n(strangers++);
}

/** Begin with entries whose values have so many bytes. */
static void begin_with(size_t value_len)
{
    memset(value, 'v', value_len);
    value[value_len] = 0;
    w = world_new(&(struct world_cfg){.budget_bytes = BUDGET, .value_max = 300001});
    strangers = 1000000;
    while (stats(w).evicted == 0)
        scan(1);
    capacity = (int)stats(w).items;
    world_free(w);
    w = world_new(&(struct world_cfg){.budget_bytes = BUDGET, .value_max = 300001});
}

static void begin(void)
{
    begin_with(40);
}

static void end(void)
{
    world_free(w);
}

TestSuite(evict, .init = begin, .fini = end);

/** Keep a full cache, whose main queue is full as well: its entries are k-1 and below. */
static void fill_main(void)
{
    for (int lap = 0; lap < 2; lap++) {
        for (int n = 1; n <= capacity; n++) {
            fill_n(-n);
            cr_assert(has_n(-n) && has_n(-n));
        }
    }
    scan(capacity / 5);
}

/* ---- the small queue ---- */

Test(evict, who_was_not_used_leaves_after_a_tenth_of_the_cache)
{
    fill_main();
    fill_n(1);
    scan(capacity / 20);
    fill_n(2);
    scan(capacity / 5);
    cr_assert(!has_n(1) && !has_n(2));
}

Test(evict, one_use_is_not_enough_at_first_and_two_are)
{
    fill_main();
    for (int n = 0; n < 3; n++)
        fill_n(n);
    cr_assert(has_n(1));
    cr_assert(has_n(2) && has_n(2));
    scan(capacity / 5);
    cr_assert(!has_n(0) && !has_n(1) && has_n(2));
}

Test(evict, who_comes_back_soon_is_given_a_place_in_the_main_queue)
{
    fill_main();
    fill_n(1);
    scan(capacity / 5);
    cr_assert_not(read_n(1));
    scan(capacity / 5);
    cr_assert(has_n(1), "a stranger would be gone by now");
}

Test(evict, who_comes_back_late_begins_anew)
{
    fill_main();
    fill_n(1);
    scan(3 * capacity);
    cr_assert_not(read_n(1));
    scan(capacity / 5);
    cr_assert_not(has_n(1));
}

/** Of long entries there are many more ghosts than entries. Ages are not exact, so there are several. */
Test(evict, who_comes_back_late_begins_anew_however_many_ghosts_there_are)
{
    int stayed = 0;
    world_free(w);
    begin_with(1000);
    fill_main();
    for (int n = 0; n < 20; n++)
        fill_n(n);
    scan(3 * capacity);
    for (int n = 0; n < 20; n++)
        cr_assert_not(read_n(n));
    scan(capacity / 5);
    for (int n = 0; n < 20; n++)
        stayed += has_n(n);
    cr_assert_leq(stayed, 2, "%d", stayed);
}

Test(evict, a_new_value_keeps_the_uses_of_the_old_one)
{
    fill_main();
    fill_n(1);
    cr_assert(has_n(1) && has_n(1));
    fill_n(1);
    fill_n(2);
    fill_n(2);
    scan(capacity / 5);
    cr_assert(has_n(1));
    cr_assert_not(has_n(2), "to store is not to use");
}

Test(evict, a_new_value_stays_in_the_queue_of_the_old_one)
{
    fill_main();
    fill_n(1);
    cr_assert(has_n(1) && has_n(1));
    scan(capacity / 5);
    fill_n(1);
    scan(capacity / 5);
    cr_assert(has_n(1));
}

/* ---- the main queue ---- */

/** So many are read in turn, with a stranger after each `every`. Returns: how often one was absent,
 *  once all have had the time to reach the main queue. */
static int lost_of(int used, int every)
{
    int lost = 0;
    for (int i = 0; i < 10 * used; i++) {
        if (i % 4 == 0)
            scan(1);
        (void)read_n(i % used);
    }
    for (int i = 0; i < 30 * used; i++) {
        if (i % every == 0)
            scan(1);
        lost += !read_n(i % used);
    }
    return lost;
}

Test(evict, a_scan_takes_nothing_from_what_is_used)
{
    const int lost = lost_of(capacity / 2, 1);
    cr_assert_eq(lost, 0, "%d", lost);
}

/** One call copies 64 at most, and a unit holds more: if nobody began ahead of need, most would go. */
Test(evict, units_full_of_what_is_used_are_copied_whole)
{
    const int lost = lost_of(capacity * 8 / 10, 16);
    cr_assert_eq(lost, 0, "%d", lost);
}

Test(evict, who_is_used_in_each_lap_stays_in_the_main_queue)
{
    fill_main();
    for (int n = 1; n < 10 * capacity; n++) {
        fill_n(n);
        cr_assert(has_n(n) && has_n(n));
        if (n % (capacity / 4) == 0)
            cr_assert(has_n(-capacity));
    }
}

Test(evict, who_is_not_used_any_more_leaves_the_main_queue)
{
    fill_main();
    cr_assert(has_n(-capacity));
    const uint64_t before = stats(w).items;
    for (int n = 0; n < 10 * capacity; n++) {
        fill_n(n);
        cr_assert(has_n(n) && has_n(n));
    }
    cr_assert_geq(stats(w).items * 100, before * 95);
    for (int n = 1; n <= capacity; n++)
        cr_assert_not(has_n(-n));
}

/* ---- long entries ---- */

/** Of so many long entries, how many are there after strangers took the room of so many more? They were
 *  used, or not. */
static int long_ones_left(int n, int others, size_t len, bool used)
{
    char key[16];
    int left = 0;
    for (int i = 0; i < n + others; i++) {
        snprintf(key, sizeof key, "long%d", i);
        cr_assert_eq(fill_len(w, key, len), CACHE_STORED);
        if (i < n && used)
            cr_assert(get(w, "", key) && get(w, "", key));
    }
    for (int i = 0; i < n; i++) {
        snprintf(key, sizeof key, "long%d", i);
        left += get(w, "", key);
    }
    return left;
}

/** A unit of this shard has 8 KiB: what is copied, what stays in its unit, and what has several. */
Test(evict, long_entries_stay_when_they_were_used_and_only_then)
{
    const size_t lens[] = {3000, 5000, 7000, 9000, 20000, 60000};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        const int room = (int)(BUDGET / (lens[i] + 8192));
        for (int used = 0; used < 2; used++) {
            world_free(w);
            w = world_new(&(struct world_cfg){.budget_bytes = BUDGET, .value_max = 300001});
            const int left = long_ones_left(room / 4, 4 * room, lens[i], used);
            cr_assert_eq(left, used ? room / 4 : 0, "%zu bytes: %d of %d", lens[i], left, room / 4);
        }
    }
}

Test(evict, long_entries_that_are_not_used_any_more_leave_in_the_end)
{
    char key[16];
    cr_assert_eq(long_ones_left(4, 0, 20000, true), 4);
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "new%d", i);
        cr_assert_eq(fill_len(w, key, 20000), CACHE_STORED);
        cr_assert(get(w, "", key) && get(w, "", key));
    }
    for (int i = 0; i < 4; i++) {
        snprintf(key, sizeof key, "long%d", i);
        cr_assert_not(get(w, "", key));
    }
}

Test(evict, what_lies_behind_a_long_entry_that_stays_leaves_in_its_turn)
{
    fill_main();
    cr_assert_eq(fill_len(w, "long", 5000), CACHE_STORED);
    cr_assert(get(w, "", "long") && get(w, "", "long"));
    fill_n(1);
    scan(capacity / 4);
    cr_assert(get(w, "", "long"));
    cr_assert_not(has_n(1));
}

/* ---- one use or two ---- */

/**
 * Everybody is asked for twice in a row, four times, a sixth of the cache apart. Returns: how many were absent
 * of each 100 who began behind `from`.
 */
static int absent_of_bursts(int from, int to)
{
    const int apart = capacity / 6;
    int absent = 0;
    for (int i = 0; i < to; i++) {
        for (int burst = 0; burst < 4; burst++) {
            const int n = i - burst * apart;
            if (n < 0)
                continue;
            const bool there = read_n(n);
            cr_assert(has_n(n));
            absent += !there && i >= from;
        }
    }
    return absent * 100 / (to - from);
}

Test(evict, where_those_who_were_used_once_come_back_one_use_becomes_enough)
{
    const int absent = absent_of_bursts(8 * capacity, 12 * capacity);
    cr_assert_leq(absent, 120, "with two uses it is 200: %d", absent);
}

/* ---- limits ---- */

/** Fill one. Returns: how many entries were dropped or copied for it. */
static uint64_t steps_of(int n)
{
    const struct cache_stats before = stats(w);
    fill_n(n);
    const struct cache_stats after = stats(w);
    return after.evicted - before.evicted + after.reinserted - before.reinserted;
}

Test(evict, one_call_does_a_bounded_number_of_steps)
{
    uint64_t most = 0;
    fill_main();
    for (int n = 0; n < 3 * capacity; n++) {
        const uint64_t steps = steps_of(n);
        most = steps > most ? steps : most;
    }
    cr_assert_leq(most, CACHE_STEP);
}

Test(evict, one_call_copies_a_bounded_number_when_everything_is_used)
{
    uint64_t before, most = 0;
    for (int n = 0; stats(w).evicted + stats(w).reinserted == 0; n++) {
        fill_n(n);
        for (int i = 0; i < 3; i++)
            cr_assert(has_n(n));
    }
    for (int n = 1; n < capacity; n++) {
        before = stats(w).reinserted;
        fill_n(-n);
        const uint64_t copied = stats(w).reinserted - before;
        most = copied > most ? copied : most;
    }
    cr_assert_leq(most, CACHE_STEP);
    cr_assert_gt(most, CACHE_STEP / 4);
}

/* ---- all together ---- */

#define KEYS 300

/** A length: mostly short, now and then of several units. */
static size_t draw_len(struct rng *rng)
{
    static const size_t most[] = {100, 100, 1000, 3000, 8000, 20000, 100000, 300000};
    return rng_below(rng, most[rng_below(rng, sizeof most / sizeof *most)]);
}

/** What a key has: the length that was stored last; 0 = it was killed. */
static void act(struct rng *rng, size_t lens[KEYS], uint64_t seed)
{
    char key[24];
    const size_t n = rng_below(rng, KEYS) * rng_below(rng, KEYS) / KEYS; /* the first are hot */
    snprintf(key, sizeof key, "%zu", n);
    const uint64_t what = rng_below(rng, 100);
    if (what < 60) {
        cr_assert(!get(w, "", key) || w->seen_len == lens[n], "seed %" PRIu64, seed);
    } else if (what < 95) {
        lens[n] = 1 + draw_len(rng);
        cr_assert_eq(fill_len(w, key, lens[n]), CACHE_STORED, "seed %" PRIu64, seed);
    } else if (what < 98) {
        dot_key(w, "", key);
        lens[n] = 0;
    } else {
        w->now += 1000;
        cache_step(w->c, w->now);
    }
}

Test(evict, entries_of_all_lengths_come_and_go)
{
    const uint64_t seed = seed_of(6);
    size_t lens[KEYS] = {0};
    struct rng rng;
    char key[16];
    rng_init(&rng, seed);
    for (int i = 0; i < 30000; i++) {
        act(&rng, lens, seed);
        const struct cache_stats s = stats(w);
        cr_assert_leq(s.live_bytes, s.used_bytes);
        cr_assert_leq(s.used_bytes + s.index_bytes + s.free_bytes + s.table_bytes, s.budget_bytes,
                      "seed %" PRIu64 " i %d", seed, i);
    }
    cr_assert(stats(w).evicted > 0 && stats(w).reinserted > 0);
    for (int n = 0; n < KEYS; n++) {
        snprintf(key, sizeof key, "%d", n);
        dot_key(w, "", key);
    }
    sweep_all(w);
    cr_assert_eq(stats(w).items, 0);
    cr_assert_eq(stats(w).used_bytes, 0, "seed %" PRIu64, seed);
}
