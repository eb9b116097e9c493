/** The memory of items: against naive lists, and at its limits. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "cache/segments.h"

#include "seed.h"

#define UNITS    12
#define UNIT_LEN 1024
#define LEAST    32 /* bytes of the shortest item here */

static _Alignas(64) uint8_t mem[UNITS * UNIT_LEN];
static struct unit units[UNITS];
static struct segments g;
static uint64_t seed; /* of the random acts */

static void begin(void)
{
    memset(units, 0, sizeof units);
    segments_init(&g, mem, units, UNITS, UNIT_LEN);
}

TestSuite(segments, .init = begin);

/** Append an item of len bytes to a segment, filled with a number. Returns: its place. */
static uint32_t append_to(uint32_t first, uint64_t len, uint8_t number)
{
    uint32_t where;
    struct item *it = segments_append_to(&g, first, len, &where);
    const struct item_head head = {
        .key_len = 4, .value_len = (uint32_t)(len - sizeof *it - 4), .expires_us = NEVER};
    item_begin(it, &head);
    memset(item_text(it), number, len - sizeof *it);
    return where;
}

static uint32_t append(enum queue queue, uint64_t len)
{
    cr_assert(segments_fit(&g, queue, len));
    return append_to(g.lines[queue].newest - 1, len, 0);
}

/* ---- units ---- */

Test(segments, an_item_has_as_many_units_as_it_fills_and_never_more)
{
    cr_assert_eq(segments_units_for(&g, 1), 1);
    cr_assert_eq(segments_units_for(&g, UNIT_LEN), 1);
    cr_assert_eq(segments_units_for(&g, UNIT_LEN + 1), 2);
    cr_assert_eq(segments_units_for(&g, 5 * UNIT_LEN), 5);
}

Test(segments, when_all_units_are_taken_none_is_found)
{
    for (uint32_t i = 0; i < UNITS; i++) {
        cr_assert_eq(segments_find(&g, 1, 0, 0), i);
        segments_open(&g, QUEUE_SMALL, i, 1);
        (void)append(QUEUE_SMALL, LEAST);
    }
    cr_assert_eq(segments_find(&g, 1, 0, 0), UINT32_MAX);
    cr_assert_eq(g.free_n, 0);
}

Test(segments, a_run_that_fits_nowhere_is_not_found_however_many_units_are_free)
{
    for (uint32_t i = 2; i < UNITS; i += 3) {
        segments_open(&g, QUEUE_SMALL, i, 1);
        (void)append(QUEUE_SMALL, LEAST);
    }
    cr_assert_eq(g.free_n, UNITS - 4);
    cr_assert_eq(segments_find(&g, 3, 0, 0), UINT32_MAX);
    cr_assert_eq(segments_find(&g, 2, 0, 0), 0);
    cr_assert_eq(segments_find(&g, UNITS, 0, 0), UINT32_MAX);
}

Test(segments, the_unit_that_was_freed_last_is_found_first)
{
    uint32_t where[3];
    for (uint32_t i = 0; i < 3; i++) {
        segments_open(&g, QUEUE_SMALL, i, 1);
        where[i] = append(QUEUE_SMALL, LEAST);
    }
    segments_kill(&g, where[1], LEAST);
    cr_assert_eq(segments_find(&g, 1, 0, 0), 1);
    segments_kill(&g, where[0], LEAST);
    cr_assert_eq(segments_find(&g, 1, 0, 0), 0);
    cr_assert_eq(segments_find(&g, 1, 0, 1), 1, "the last one is shut");
    segments_open(&g, QUEUE_MAIN, 0, 1);
    cr_assert_eq(segments_find(&g, 1, 0, 0), 1, "the last one is taken");
}

Test(segments, what_is_shut_is_not_found)
{
    cr_assert_eq(segments_find(&g, 2, 0, 3), 3);
    cr_assert_eq(segments_find(&g, 2, 1, 3), 4);
    cr_assert_eq(segments_find(&g, UNITS, 0, 1), UINT32_MAX);
    cr_assert_eq(segments_find(&g, UNITS, 0, 0), 0);
    cr_assert_eq(segments_find(&g, 1, 0, UNITS), UINT32_MAX);
}

Test(segments, the_index_takes_units_from_the_top_until_none_is_left)
{
    for (uint32_t i = 0; i < UNITS; i++) {
        cr_assert_eq(segments_next_index(&g), UNITS - 1 - i);
        cr_assert_eq(segments_lend(&g), UNITS - 1 - i);
        cr_assert_eq(segments_find(&g, UNITS - i, 0, 0), UINT32_MAX);
        cr_assert_eq(g.free_n, UNITS - 1 - i);
    }
    cr_assert_eq(segments_next_index(&g), UINT32_MAX);
}

/* ---- one segment ---- */

Test(segments, a_segment_takes_what_fits_to_the_last_byte)
{
    cr_assert_not(segments_fit(&g, QUEUE_MAIN, LEAST), "there is none yet");
    segments_open(&g, QUEUE_MAIN, 3, 1);
    cr_assert_not(segments_fit(&g, QUEUE_SMALL, LEAST));
    (void)append(QUEUE_MAIN, LEAST);
    cr_assert_not(segments_fit(&g, QUEUE_MAIN, UNIT_LEN - LEAST + ITEM_ALIGN));
    (void)append(QUEUE_MAIN, UNIT_LEN - LEAST);
    cr_assert_not(segments_fit(&g, QUEUE_MAIN, ITEM_ALIGN));
}

Test(segments, a_long_item_has_a_run_to_itself_and_is_found_from_all_of_it)
{
    segments_open(&g, QUEUE_SMALL, 2, 3);
    const uint32_t where = append(QUEUE_SMALL, 3 * UNIT_LEN);
    cr_assert_eq(where, 2 * UNIT_LEN / ITEM_ALIGN);
    cr_assert_eq(g.lines[QUEUE_SMALL].units, 3);
    for (uint32_t i = 0; i < 3; i++)
        cr_assert_eq(segments_of(&g, where + i * UNIT_LEN / ITEM_ALIGN), 2);
    segments_seal(&g, 2);
    segments_kill(&g, where, 3 * UNIT_LEN);
    cr_assert_eq(g.free_n, UNITS);
    cr_assert_eq(segments_find(&g, UNITS, 0, 0), 0);
}

Test(segments, to_a_sealed_one_nothing_is_appended)
{
    segments_open(&g, QUEUE_SMALL, 0, 1);
    (void)append(QUEUE_SMALL, LEAST);
    cr_assert(segments_is_open(&g, 0));
    segments_seal(&g, 0);
    cr_assert_not(segments_fit(&g, QUEUE_SMALL, LEAST));
    cr_assert_not(segments_is_open(&g, 0));
}

Test(segments, the_last_that_dies_frees_a_segment_unless_it_is_open)
{
    segments_open(&g, QUEUE_SMALL, 0, 1);
    const uint32_t one = append(QUEUE_SMALL, LEAST);
    const uint32_t two = append(QUEUE_SMALL, LEAST);
    segments_kill(&g, one, LEAST);
    segments_kill(&g, two, LEAST);
    cr_assert_eq(g.free_n, UNITS - 1, "something may yet be appended");
    const uint32_t three = append(QUEUE_SMALL, LEAST);
    segments_seal(&g, 0);
    cr_assert_eq(g.free_n, UNITS - 1);
    segments_kill(&g, three, LEAST);
    cr_assert_eq(g.free_n, UNITS);
    cr_assert_eq(g.used, 0);
}

Test(segments, an_empty_one_goes_when_another_is_opened_or_it_is_sealed)
{
    segments_open(&g, QUEUE_SMALL, 0, 1);
    segments_open(&g, QUEUE_SMALL, 1, 1);
    cr_assert_eq(g.free_n, UNITS - 1);
    cr_assert_eq(g.lines[QUEUE_SMALL].oldest, 2);
    segments_seal(&g, 1);
    cr_assert_eq(g.free_n, UNITS);
    cr_assert_eq(g.lines[QUEUE_SMALL].oldest, 0);
    cr_assert_eq(g.lines[QUEUE_SMALL].newest, 0);
}

Test(segments, an_end_is_the_earliest_that_was_noted)
{
    segments_open(&g, QUEUE_SMALL, 0, 2);
    const uint32_t where = append(QUEUE_SMALL, 2 * UNIT_LEN);
    cr_assert_eq(units[0].ends, NEVER);
    segments_note_end(&g, where, 50);
    segments_note_end(&g, where, 70);
    cr_assert_eq(units[0].ends, 50);
    segments_note_end(&g, where + UNIT_LEN / ITEM_ALIGN, 40);
    cr_assert_eq(units[0].ends, 40);
}

Test(segments, one_that_moves_up_does_so_whole_and_stands_before_the_open_one)
{
    uint32_t where;
    for (uint32_t i = 0; i < 3; i++) {
        segments_open(&g, i == 0 ? QUEUE_SMALL : QUEUE_MAIN, 2 * i, 2);
        (void)append(i == 0 ? QUEUE_SMALL : QUEUE_MAIN, LEAST);
    }
    struct segment_walk walk = segments_walk(&g, 0);
    segments_seal(&g, 0);
    segments_requeue(&g, 0, QUEUE_MAIN);
    cr_assert_eq(g.lines[QUEUE_SMALL].oldest, 0);
    cr_assert_eq(g.lines[QUEUE_SMALL].units, 0);
    cr_assert_eq(g.lines[QUEUE_MAIN].units, 6);
    cr_assert_eq(units[2].newer, 1);
    cr_assert_eq(units[0].newer, 5);
    cr_assert(segments_fit(&g, QUEUE_MAIN, LEAST), "the open one is still the newest");
    cr_assert_not_null(segments_next(&g, &walk, &where), "a walk goes on");
    segments_seal(&g, 4);
    segments_requeue(&g, 0, QUEUE_MAIN);
    cr_assert_eq(g.lines[QUEUE_MAIN].newest, 1, "none is open");
}

/* ---- walks ---- */

Test(segments, a_walk_shows_what_is_appended_behind_it)
{
    uint32_t where;
    segments_open(&g, QUEUE_SMALL, 0, 1);
    struct segment_walk walk = segments_walk(&g, 0);
    cr_assert_null(segments_next(&g, &walk, &where));
    const uint32_t one = append(QUEUE_SMALL, LEAST);
    cr_assert_not_null(segments_next(&g, &walk, &where));
    cr_assert_eq(where, one);
    cr_assert_null(segments_next(&g, &walk, &where));
}

Test(segments, a_walk_ends_when_its_units_belong_to_a_later_segment)
{
    uint32_t where;
    segments_open(&g, QUEUE_SMALL, 0, 1);
    const uint32_t one = append(QUEUE_SMALL, LEAST);
    struct segment_walk walk = segments_walk(&g, 0);
    struct segment_walk early = walk;
    cr_assert_not_null(segments_next(&g, &early, &where));
    segments_seal(&g, 0);
    segments_kill(&g, one, LEAST);
    cr_assert_null(segments_next(&g, &walk, &where), "of a free unit");
    segments_open(&g, QUEUE_SMALL, 0, 1);
    (void)append(QUEUE_SMALL, LEAST);
    (void)append(QUEUE_SMALL, LEAST);
    cr_assert_null(segments_next(&g, &walk, &where));
    cr_assert_null(segments_next(&g, &early, &where));
}

Test(segments, a_walk_over_the_rest_of_a_run_or_the_index_shows_nothing)
{
    uint32_t where;
    segments_open(&g, QUEUE_SMALL, 0, 2);
    (void)append(QUEUE_SMALL, 2 * UNIT_LEN);
    struct segment_walk rest = segments_walk(&g, 1);
    struct segment_walk index = segments_walk(&g, segments_lend(&g));
    cr_assert_null(segments_next(&g, &rest, &where));
    cr_assert_null(segments_next(&g, &index, &where));
}

/* ---- against naive lists ---- */

struct thing {
    uint32_t where;
    uint64_t len;
    uint8_t number;
    bool dead;
};

struct list {
    uint32_t first;
    uint64_t used;
    bool sealed;
    size_t things_n;
    struct thing things[UNIT_LEN * 3 / LEAST];
};

/** Segments of a queue, oldest first. */
struct naive {
    struct list *at[QUEUES][UNITS];
    size_t n[QUEUES];
};

static bool is_empty(const struct list *l)
{
    for (size_t i = 0; i < l->things_n; i++) {
        if (!l->things[i].dead)
            return false;
    }
    return true;
}

static void drop(struct naive *a, int queue, size_t i)
{
    free(a->at[queue][i]);
    memmove(&a->at[queue][i], &a->at[queue][i + 1], (--a->n[queue] - i) * sizeof(struct list *));
}

static void insert(struct naive *a, int queue, size_t i, uint32_t first)
{
    struct list *l = calloc(1, sizeof *l);
    l->first = first;
    memmove(&a->at[queue][i + 1], &a->at[queue][i], (a->n[queue]++ - i) * sizeof(struct list *));
    a->at[queue][i] = l;
}

static void open_one(struct naive *a, int queue, struct rng *rng)
{
    const uint32_t n = 1 + (uint32_t)rng_below(rng, 3);
    const uint32_t first = segments_find(&g, n, 0, (uint32_t)rng_below(rng, 3));
    if (first == UINT32_MAX)
        return;
    if (a->n[queue] > 0 && is_empty(a->at[queue][a->n[queue] - 1]))
        drop(a, queue, a->n[queue] - 1);
    segments_open(&g, (enum queue)queue, first, n);
    insert(a, queue, a->n[queue], first);
}

static void append_one(struct list *l, struct rng *rng)
{
    static uint8_t number;
    const uint64_t len = LEAST + rng_below(rng, 20) * ITEM_ALIGN;
    const bool fits = !l->sealed && l->used + len <= units[l->first].units * UNIT_LEN;
    cr_assert_eq(segments_takes(&g, l->first, len), fits, "seed %" PRIu64, seed);
    if (!fits)
        return;
    const uint32_t where = append_to(l->first, len, ++number);
    cr_assert_eq(where * ITEM_ALIGN, l->first * UNIT_LEN + l->used);
    l->things[l->things_n++] = (struct thing){.where = where, .len = len, .number = number};
    l->used += len;
}

static void kill_one(struct naive *a, int queue, size_t i, struct rng *rng)
{
    struct list *l = a->at[queue][i];
    if (l->things_n == 0)
        return;
    struct thing *t = &l->things[rng_below(rng, l->things_n)];
    if (t->dead)
        return;
    t->dead = true;
    segments_kill(&g, t->where, t->len);
    if (is_empty(l) && (l->sealed || i + 1 < a->n[queue]))
        drop(a, queue, i);
}

/** Put a sealed segment behind all others of a queue, but for the open one. */
static void requeue_one(struct naive *a, int queue, size_t i, int to)
{
    struct list *l = a->at[queue][i];
    memmove(&a->at[queue][i], &a->at[queue][i + 1], (--a->n[queue] - i) * sizeof(struct list *));
    size_t at = a->n[to];
    at -= at > 0 && !a->at[to][at - 1]->sealed;
    memmove(&a->at[to][at + 1], &a->at[to][at], (a->n[to]++ - at) * sizeof(struct list *));
    a->at[to][at] = l;
    segments_requeue(&g, l->first, (enum queue)to);
}

static void act(struct naive *a, struct rng *rng)
{
    const int queue = (int)rng_below(rng, QUEUES);
    if (a->n[queue] == 0 || rng_chance(rng, 50)) {
        open_one(a, queue, rng);
        return;
    }
    const size_t i = rng_below(rng, a->n[queue]);
    struct list *l = a->at[queue][i];
    if (rng_chance(rng, 30)) {
        segments_seal(&g, l->first);
        l->sealed = true;
        if (is_empty(l))
            drop(a, queue, i);
    } else if (rng_chance(rng, 30) && segments_find(&g, 1, 0, 0) != UINT32_MAX) {
        const uint32_t unit = segments_find(&g, 1, 0, 0);
        segments_insert(&g, l->first, unit);
        insert(a, queue, i, unit);
    } else if (l->sealed && rng_chance(rng, 100)) {
        requeue_one(a, queue, i, (int)rng_below(rng, QUEUES));
    } else if (rng_chance(rng, 400)) {
        kill_one(a, queue, i, rng);
    } else {
        append_one(rng_chance(rng, 800) ? a->at[queue][a->n[queue] - 1] : l, rng);
    }
}

/** A walk shows what the list has, whole and in order. */
static void compare_items(const struct list *l, uint64_t *live)
{
    struct segment_walk walk = segments_walk(&g, l->first);
    uint32_t where;
    for (size_t i = 0; i < l->things_n; i++) {
        const struct item *it = segments_next(&g, &walk, &where);
        cr_assert(it != NULL && where == l->things[i].where, "seed %" PRIu64, seed);
        cr_assert_eq(item_len(it), l->things[i].len);
        cr_assert_eq(item_key(it).at[0], l->things[i].number);
        cr_assert_eq(segments_of(&g, where), l->first);
        *live += l->things[i].dead ? 0 : l->things[i].len;
    }
    cr_assert_null(segments_next(&g, &walk, &where));
}

static void compare(const struct naive *a)
{
    uint64_t used = 0, live = 0;
    uint32_t taken = 0;
    for (int queue = 0; queue < QUEUES; queue++) {
        const uint32_t before = taken;
        uint32_t at = g.lines[queue].oldest, last = 0;
        for (size_t i = 0; i < a->n[queue]; i++) {
            const struct list *l = a->at[queue][i];
            cr_assert_eq(at, l->first + 1, "seed %" PRIu64, seed);
            cr_assert_eq(units[l->first].older, last);
            cr_assert_eq(units[l->first].queue, queue);
            compare_items(l, &live);
            used += l->used;
            taken += units[l->first].units;
            last = at;
            at = units[l->first].newer;
        }
        cr_assert_eq(at, 0);
        cr_assert_eq(g.lines[queue].newest, last, "seed %" PRIu64, seed);
        cr_assert_eq(g.lines[queue].units, taken - before);
    }
    cr_assert(g.used == used && g.live == live && g.free_n == UNITS - taken, "seed %" PRIu64, seed);
}

Test(segments, do_what_lists_do)
{
    static struct naive a;
    struct rng rng;
    seed = seed_of(4);
    rng_init(&rng, seed);
    for (int i = 0; i < 50000; i++) {
        act(&a, &rng);
        if (i % 8 == 0)
            compare(&a);
    }
    for (int queue = 0; queue < QUEUES; queue++) {
        while (a.n[queue] > 0)
            drop(&a, queue, 0);
    }
}
