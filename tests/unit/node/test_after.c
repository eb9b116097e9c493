#include <criterion/criterion.h>

#include "node/after.h"

#define SELF  1000ULL
#define OTHER 2000ULL

static uint8_t memory[1 << 20];
static struct arena arena;

static struct ledger *make_ledger(void)
{
    const struct ledger_cfg cfg = {.epoch = SELF,
                                   .origins_max = 16,
                                   .windows_max = 4,
                                   .log_max = 64,
                                   .thin_max = 64,
                                   .more_bytes = 256,
                                   .retired_max = 4,
                                   .checkpoints_max = 4,
                                   .bucket_bits = 12};
    arena_init(&arena, memory, sizeof memory);
    struct ledger *l = ledger_new(&arena, &cfg);
    cr_assert_not_null(l);
    return l;
}

static struct after *make(void)
{
    struct after *t = after_new(&arena);
    cr_assert_not_null(t);
    return t;
}

static void arrive(struct ledger *l, uint64_t epoch, uint64_t seq)
{
    const struct dot d = {.kind = DOT_KEY, .epoch = epoch, .seq = seq, .hash = seq};
    if (ledger_take(l, 1, &d).verdict == LEDGER_FRESH)
        ledger_cover(l, &d);
}

static struct stamp stamp(uint64_t seq, uint16_t count)
{
    return (struct stamp){.epoch = OTHER, .seq = seq, .count = count};
}

/* The index that an entry must have; 0 when any will do. */
static uint64_t ask(struct after *t, struct ledger *l, struct stamp s)
{
    uint64_t index = 0;
    return after_ask(t, l, &s, &index, NULL) ? 0 : index;
}

Test(after, a_covered_stamp_asks_for_nothing)
{
    struct ledger *l = make_ledger();
    struct after *t = make();
    arrive(l, OTHER, 1);
    arrive(l, OTHER, 2);
    cr_assert_eq(ask(t, l, stamp(2, 2)), 0);
    cr_assert_eq(after_counters(t).recorded, 0);
}

Test(after, every_dot_of_the_stamp_must_be_covered)
{
    struct ledger *l = make_ledger();
    struct after *t = make();
    arrive(l, OTHER, 1);
    arrive(l, OTHER, 4);
    cr_assert_eq(ask(t, l, stamp(4, 1)), 0, "out of order is covered too");
    cr_assert_neq(ask(t, l, stamp(4, 2)), 0);
    arrive(l, OTHER, 3);
    cr_assert_eq(ask(t, l, stamp(4, 2)), 0);
    cr_assert_neq(ask(t, l, stamp(4, 3)), 0);
}

Test(after, an_uncovered_stamp_gets_an_index_newer_than_everything)
{
    struct ledger *l = make_ledger();
    struct after *t = make();
    bool fresh = false;
    uint64_t index = 0;
    const uint64_t before = ledger_l(l);
    const struct stamp s = stamp(3, 1);
    cr_assert_not(after_ask(t, l, &s, &index, &fresh));
    cr_assert(fresh);
    cr_assert_gt(index, before);
    cr_assert_eq(index, ledger_l(l));
}

/* Otherwise no fill would ever be good enough: each would be older than the next question. */
Test(after, the_same_stamp_gets_the_same_index)
{
    struct ledger *l = make_ledger();
    struct after *t = make();
    const uint64_t first = ask(t, l, stamp(3, 1));
    cr_assert_neq(ask(t, l, stamp(4, 1)), first);
    cr_assert_eq(ask(t, l, stamp(3, 1)), first);
    cr_assert_neq(ask(t, l, stamp(3, 2)), first, "another stamp");
    const uint64_t index = ledger_l(l);
    ask(t, l, stamp(3, 1));
    cr_assert_eq(ledger_l(l), index, "and raises nothing");
}

Test(after, the_oldest_stamp_makes_room_and_gets_a_newer_index)
{
    struct ledger *l = make_ledger();
    struct after *t = make();
    const uint64_t first = ask(t, l, stamp(1, 1));
    for (uint64_t seq = 2; seq <= AFTER_MAX; seq++)
        ask(t, l, stamp(seq, 1));
    cr_assert_eq(ask(t, l, stamp(1, 1)), first);
    ask(t, l, stamp(AFTER_MAX + 1, 1));
    cr_assert_eq(after_counters(t).dropped, 1);
    cr_assert_gt(ask(t, l, stamp(1, 1)), first);
}

Test(after, what_is_not_covered_yet_is_an_open_gap)
{
    struct ledger *l = make_ledger();
    struct after *t = make();
    cr_assert_eq(after_floor(t, l), 0);
    const uint64_t first = ask(t, l, stamp(1, 1));
    const uint64_t second = ask(t, l, stamp(2, 1));
    cr_assert_eq(after_floor(t, l), first);
    arrive(l, OTHER, 1);
    cr_assert_eq(after_floor(t, l), second);
    arrive(l, OTHER, 2);
    cr_assert_eq(after_floor(t, l), 0);
}

Test(after, a_retired_origin_answers_by_its_last_sequence)
{
    struct ledger *l = make_ledger();
    struct after *t = make();
    uint64_t barrier = 0;
    arrive(l, OTHER, 1);
    arrive(l, OTHER, 2);
    cr_assert_eq(ledger_retire(l, OTHER, &barrier), OK);
    cr_assert_eq(ask(t, l, stamp(2, 2)), 0);
    cr_assert_neq(ask(t, l, stamp(3, 1)), 0);
}
