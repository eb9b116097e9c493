/* When does an origin end, and what does that cost? */
#include <criterion/criterion.h>

#include "alone.h"

#define S    US_PER_SEC
#define GONE 0x60E0ULL /* the origin of a member that is gone */

static struct alone_cfg cfg_of(uint64_t peers)
{
    struct alone_cfg cfg = alone_cfg_of(peers);
    cfg.heal.retire_us = 600 * S;
    cfg.heal.retire_force_us = 3600 * S;
    return cfg;
}

/** Tick each 100 ms; no output but of `kind` is expected. Returns: how many of it there were. */
static size_t pass(struct alone *a, mono_us from, mono_us to, struct heal_out *last)
{
    struct heal_out out;
    size_t n = 0;
    for (mono_us now = from; now < to; now += 100 * MS) {
        while (next(a, now, &out)) {
            if (out.kind != HEAL_BAR)
                continue;
            *last = out;
            n++;
        }
    }
    return n;
}

static void pass_quietly(struct alone *a, mono_us from, mono_us to)
{
    struct heal_out out;
    cr_assert_eq(pass(a, from, to, &out), 0);
}

static bool is_retired(const struct alone *a, uint64_t epoch)
{
    return !has_slot(a->ledger, epoch);
}

static void show_equal(struct alone *a, mono_us now, uint64_t id)
{
    show_hash(a, now, id, ledger_vector_hash(a->ledger));
}

Test(retire, an_origin_that_is_gone_and_equal_everywhere_ends)
{
    const struct alone_cfg cfg = cfg_of(2);
    struct alone a = alone_make_cfg(&cfg);
    arrive(&a, 0, GONE, 1);
    const uint64_t before = ledger_vector_hash(a.ledger);
    pass_quietly(&a, 0, 300 * S);
    show_equal(&a, 300 * S, 1);
    show_equal(&a, 310 * S, 2);
    pass_quietly(&a, 300 * S, 599 * S);
    cr_assert_not(is_retired(&a, GONE));
    pass_quietly(&a, 599 * S, 602 * S);
    cr_assert(is_retired(&a, GONE));
    cr_assert(ledger_covered(a.ledger, GONE, 1));
    cr_assert_eq(ledger_vector_hash(a.ledger), before);
    cr_assert_eq(heal_counters(a.heal).retired, 1);
    cr_assert_eq(heal_counters(a.heal).retired_forced, 0);
    alone_drop(&a);
}

Test(retire, one_peer_that_was_not_equal_since_is_waited_for)
{
    const struct alone_cfg cfg = cfg_of(2);
    struct alone a = alone_make_cfg(&cfg);
    show_equal(&a, 0, 2); /* before the origin was gone */
    arrive(&a, S, GONE, 1);
    pass_quietly(&a, S, 300 * S);
    show_equal(&a, 300 * S, 1);
    pass_quietly(&a, 300 * S, 1000 * S);
    cr_assert_not(is_retired(&a, GONE));
    show_hash(&a, 1000 * S, 2, 77);
    pass_quietly(&a, 1000 * S, 1010 * S);
    cr_assert_not(is_retired(&a, GONE));
    show_equal(&a, 1010 * S, 2);
    pass_quietly(&a, 1010 * S, 1012 * S);
    cr_assert(is_retired(&a, GONE));
    alone_drop(&a);
}

Test(retire, a_gap_is_waited_for)
{
    struct alone_cfg cfg = cfg_of(1);
    cfg.heal.t_gap_us = 10000 * S;
    struct alone a = alone_make_cfg(&cfg);
    arrive(&a, 0, GONE, 2);
    pass_quietly(&a, 0, 300 * S);
    show_equal(&a, 300 * S, 1);
    pass_quietly(&a, 300 * S, 700 * S);
    cr_assert_not(is_retired(&a, GONE));
    arrive(&a, 700 * S, GONE, 1);
    pass_quietly(&a, 700 * S, 702 * S);
    cr_assert(is_retired(&a, GONE));
    alone_drop(&a);
}

Test(retire, by_force_a_gap_ends_in_a_barrier_at_its_index)
{
    struct alone_cfg cfg = cfg_of(1);
    struct heal_out out;
    cfg.heal.t_gap_us = 10000 * S;
    struct alone a = alone_make_cfg(&cfg);
    arrive(&a, 0, GONE, 2);
    pass_quietly(&a, 0, 3599 * S);
    cr_assert_not(is_retired(&a, GONE));
    cr_assert_eq(pass(&a, 3599 * S, 3602 * S, &out), 1);
    cr_assert_eq(out.reason, HEAL_RETIRED);
    cr_assert_gt(out.index, 0);
    cr_assert(is_retired(&a, GONE));
    cr_assert_eq(heal_counters(a.heal).retired_forced, 1);
    cr_assert_eq(heal_counters(a.heal).broad_retired, 1);
    alone_drop(&a);
}

Test(retire, by_force_without_a_gap_costs_nothing)
{
    const struct alone_cfg cfg = cfg_of(1);
    struct alone a = alone_make_cfg(&cfg);
    arrive(&a, 0, GONE, 1);
    pass_quietly(&a, 0, 3602 * S);
    cr_assert(is_retired(&a, GONE));
    cr_assert_eq(heal_counters(a.heal).retired_forced, 1);
    cr_assert_eq(heal_counters(a.heal).broad_retired, 0);
    alone_drop(&a);
}

Test(retire, nothing_is_retired_and_claimed_covered_before_its_barrier_is_told)
{
    struct alone_cfg cfg = cfg_of(1);
    cfg.heal.t_gap_us = 10000 * S;
    struct alone a = alone_make_cfg(&cfg);
    arrive(&a, 0, GONE, 2);
    pass_quietly(&a, 0, 3599 * S);
    heal_tick(a.heal, 3602 * S);
    cr_assert_not(ledger_covered(a.ledger, GONE, 1), "only heal_poll() covers, and tells");
    struct heal_out out;
    cr_assert(heal_poll(a.heal, 3602 * S, &out));
    cr_assert_eq(out.kind, HEAL_BAR);
    cr_assert(ledger_covered(a.ledger, GONE, 1));
    alone_drop(&a);
}

Test(retire, alone_only_force_retires)
{
    const struct alone_cfg cfg = cfg_of(0);
    struct alone a = alone_make_cfg(&cfg);
    arrive(&a, 0, GONE, 1);
    pass_quietly(&a, 0, 3599 * S);
    cr_assert_not(is_retired(&a, GONE));
    pass_quietly(&a, 3599 * S, 3602 * S);
    cr_assert(is_retired(&a, GONE));
    alone_drop(&a);
}

Test(retire, our_own_and_those_of_peers_never_end)
{
    const struct alone_cfg cfg = cfg_of(2);
    struct alone a = alone_make_cfg(&cfg);
    arrive(&a, 0, ORIGIN(1), 1);
    for (mono_us now = 0; now < 8000 * S; now += 100 * S) {
        show_equal(&a, now, 1);
        show_equal(&a, now, 2);
        pass_quietly(&a, now, now + 100 * S);
    }
    cr_assert_eq(ledger_origins(a.ledger), 2);
    alone_drop(&a);
}

Test(retire, a_member_that_came_back_begins_anew)
{
    const struct alone_cfg cfg = cfg_of(1);
    struct alone a = alone_make_cfg(&cfg);
    arrive(&a, 0, ORIGIN(1), 1);
    heal_peer_down(a.heal, 1);
    pass_quietly(&a, 0, 3000 * S);
    cr_assert_eq(heal_peer_up(a.heal, 1, ORIGIN(1)), OK);
    heal_peer_down(a.heal, 1); /* between two looks */
    pass_quietly(&a, 3000 * S, 6000 * S);
    cr_assert_not(is_retired(&a, ORIGIN(1)));
    pass_quietly(&a, 6000 * S, 6602 * S);
    cr_assert(is_retired(&a, ORIGIN(1)));
    alone_drop(&a);
}

Test(retire, a_member_that_comes_back_between_look_and_deed_stays)
{
    const struct alone_cfg cfg = cfg_of(0);
    struct alone a = alone_make_cfg(&cfg);
    arrive(&a, 0, ORIGIN(1), 1);
    pass_quietly(&a, 0, 3599 * S);
    heal_tick(a.heal, 3602 * S);
    cr_assert_eq(heal_peer_up(a.heal, 1, ORIGIN(1)), OK);
    pass_quietly(&a, 3602 * S, 3700 * S);
    cr_assert_not(is_retired(&a, ORIGIN(1)));
    alone_drop(&a);
}

Test(retire, ten_seconds_are_enough_when_slots_run_out)
{
    struct alone_cfg cfg = cfg_of(1);
    cfg.heal.origins_pressure = 20;
    struct alone a = alone_make_cfg(&cfg);
    for (uint64_t i = 0; i < 18; i++)
        arrive(&a, 0, GONE + i, 1);
    pass_quietly(&a, 0, 5 * S);
    show_equal(&a, 5 * S, 1);
    pass_quietly(&a, 5 * S, 20 * S);
    cr_assert_eq(ledger_origins(a.ledger), 19, "one below the pressure");
    arrive(&a, 20 * S, GONE + 18, 1);
    pass_quietly(&a, 20 * S, 22 * S);
    cr_assert_eq(ledger_origins(a.ledger), 2, "all but the one that is gone for two seconds");
    alone_drop(&a);
}

Test(retire, more_origins_than_one_look_sees_all_end_in_time)
{
    struct alone_cfg cfg = cfg_of(1);
    cfg.retired_max = 512;
    struct alone a = alone_make_cfg(&cfg);
    for (uint64_t i = 0; i < 500; i++)
        arrive(&a, 0, 0x70000 + i, 1);
    pass_quietly(&a, 0, 10 * S);
    show_equal(&a, 10 * S, 1);
    pass_quietly(&a, 10 * S, 600 * S);
    cr_assert_eq(ledger_origins(a.ledger), 501);
    pass_quietly(&a, 600 * S, 615 * S);
    cr_assert_eq(ledger_origins(a.ledger), 1);
    cr_assert_eq(heal_counters(a.heal).retired, 500);
    alone_drop(&a);
}

Test(retire, without_a_time_nothing_ever_ends)
{
    struct alone a = alone_make(1);
    arrive(&a, 0, GONE, 1);
    cr_assert_eq(heal_deadline(a.heal), NEVER);
    pass_quietly(&a, 0, 5000 * S);
    cr_assert_not(is_retired(&a, GONE));
    alone_drop(&a);
}

Test(retire, an_idle_node_wakes_once_a_second)
{
    const struct alone_cfg cfg = cfg_of(1);
    struct alone a = alone_make_cfg(&cfg);
    arrive(&a, 0, GONE, 1);
    expect_none(&a, 5 * MS);
    cr_assert_eq(heal_deadline(a.heal), 5 * MS + S);
    alone_drop(&a);
}
