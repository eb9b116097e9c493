/* What runs that are not there any more had forgotten, told by those that outlive them. */
#include <criterion/criterion.h>

#include "alone.h"

#define S    US_PER_SEC
#define GONE 0x600DULL /* a run that is no peer */

/** One entry of a list. */
struct entry {
    uint32_t number;
    uint64_t epoch;
    uint64_t last;
};

static struct entry mark(uint32_t number, uint64_t run, uint32_t up_to)
{
    return (struct entry){number, run, PEER_RETIRED_MARK | up_to};
}

/** Peer id shows that it retired and does not count up to e.number, and tells that entry, its last. */
static void tell(struct alone *a, mono_us now, uint64_t id, const struct entry *e)
{
    uint8_t buf[PEER_RETIRED_LEN];
    struct writer w = writer_of(buf, sizeof(buf));
    write_u32(&w, e->number);
    write_u64(&w, e->epoch);
    write_u64(&w, e->last);
    show_ring(a, now, id, ledger_vector_hash(a->ledger), e->number, e->number);
    const struct peer_heads heads = {.retired_from = e->number, .retired = writer_slice(&w)};
    cr_assert_eq(heal_heads(a->heal, now, id, &heads), OK);
}

static uint64_t bars(struct alone *a, mono_us from, mono_us to)
{
    struct heal_out out;
    uint64_t n = 0;
    for (mono_us now = from; now < to; now += MS) {
        while (next(a, now, &out))
            n += out.kind == HEAL_BAR && out.reason == HEAL_FORGOTTEN;
    }
    return n;
}

/** The whole list that we tell peer 1, which lacks everything. Returns: how many entries. */
static size_t our_list(struct alone *a, mono_us now, struct entry *out, size_t cap)
{
    static const uint8_t other[8 * LEDGER_GROUPS] = {1};
    const struct peer_heads ask = {.groups = slice_of(other, sizeof(other))};
    struct heal_out due;
    size_t n = 0;
    cr_assert_eq(heal_heads(a->heal, now, 1, &ask), OK);
    while (heal_poll(a->heal, now, &due)) {
        if (due.kind != HEAL_SEND || due.msg->type != PEER_HEADS)
            continue;
        struct reader r = reader_of(due.msg->args.heads.retired);
        while (r.rest.len >= PEER_RETIRED_LEN) {
            cr_assert_lt(n, cap);
            out[n] = (struct entry){.number = read_u32(&r), .epoch = read_u64(&r)};
            out[n++].last = read_u64(&r);
        }
    }
    return n;
}

static void expect_entry(const struct entry *is, const struct entry *should_be)
{
    cr_assert_eq(is->number, should_be->number);
    cr_assert_eq(is->epoch, should_be->epoch);
    cr_assert_eq(is->last, should_be->last);
}

Test(marks, what_a_run_that_is_gone_forgot_costs_a_barrier_which_is_told_on)
{
    struct alone a = alone_make(1);
    struct entry list[8];
    const struct entry told = mark(1, GONE, 7);
    tell(&a, 0, 1, &told);
    cr_assert(heal_bar_due(a.heal), "nothing is certified meanwhile");
    cr_assert_eq(bars(&a, 0, 2 * S), 1);
    cr_assert_not(heal_bar_due(a.heal));
    cr_assert_eq(our_list(&a, 2 * S, list, 8), 1);
    expect_entry(&list[0], &told);
    cr_assert_eq(ledger_uncounted_n(a.ledger), 1);
    alone_drop(&a);
}

Test(marks, what_was_heard_of_that_run_costs_nothing)
{
    struct alone a = alone_make(2);
    struct entry list[8];
    const struct entry told = mark(1, ORIGIN(2), 7);
    arrive(&a, 0, 7001, 1);
    show_ring(&a, 0, 2, ledger_vector_hash(a.ledger), 9, 0); /* equal: all nine are known */
    tell(&a, 1, 1, &told);
    cr_assert_eq(bars(&a, 1, 2 * S), 0);
    cr_assert_not(heal_bar_due(a.heal));
    cr_assert_eq(our_list(&a, 2 * S, list, 8), 0);
    alone_drop(&a);
}

Test(marks, a_run_that_is_there_is_asked_itself)
{
    struct alone a = alone_make(2);
    struct heal_out out;
    bool asked = false;
    const struct entry told = mark(1, ORIGIN(2), 1);
    const struct entry known = {1, 7001, 1};
    arrive(&a, 0, 7001, 1);
    tell(&a, 0, 1, &told);
    while (next(&a, MS, &out)) {
        cr_assert_neq(out.kind, HEAL_BAR);
        asked = asked || (out.kind == HEAL_SEND && out.to == 2 && out.msg->type == PEER_HEADS);
    }
    cr_assert(asked);
    tell(&a, 2 * MS, 2, &known);
    cr_assert_not(heal_bar_due(a.heal));
    cr_assert_eq(bars(&a, 2 * MS, 2 * S), 0);
    alone_drop(&a);
}

Test(marks, one_mark_for_a_run_is_told_with_its_newest_number)
{
    struct alone a = alone_make(1);
    struct entry list[8];
    const struct entry first = mark(1, GONE, 7), second = mark(2, GONE, 9),
                       again = mark(3, GONE, 8);
    tell(&a, 0, 1, &first);
    cr_assert_eq(bars(&a, 0, 2 * S), 1);
    tell(&a, 2 * S, 1, &second);
    cr_assert_eq(bars(&a, 2 * S, 4 * S), 1);
    tell(&a, 4 * S, 1, &again);
    cr_assert_eq(bars(&a, 4 * S, 6 * S), 0);
    cr_assert_eq(our_list(&a, 6 * S, list, 8), 1);
    expect_entry(&list[0], &second);
    alone_drop(&a);
}

Test(marks, marks_and_origins_are_told_in_the_order_of_their_numbers)
{
    struct alone_cfg cfg = alone_cfg_of(1);
    cfg.retired_max = 2;
    struct alone a = alone_make_cfg(&cfg);
    struct entry list[8];
    const struct entry told = mark(1, GONE, 7);
    uint64_t barrier;
    arrive(&a, 0, 7001, 1);
    arrive(&a, 0, 7002, 1);
    cr_assert_eq(ledger_retire(a.ledger, 7001, &barrier), OK);
    tell(&a, 0, 1, &told);
    cr_assert_eq(bars(&a, 0, 2 * S), 1);
    cr_assert_eq(ledger_retire(a.ledger, 7002, &barrier), OK);
    cr_assert_eq(our_list(&a, 2 * S, list, 8), 3);
    expect_entry(&list[0], &(struct entry){1, 7001, 1});
    expect_entry(&list[1], &(struct entry){2, GONE, told.last});
    expect_entry(&list[2], &(struct entry){3, 7002, 1});
    alone_drop(&a);
}

Test(marks, without_room_the_oldest_is_forgotten_as_an_origin_is)
{
    struct alone_cfg cfg = alone_cfg_of(1);
    cfg.heal.peers_max = 2; /* four marks */
    struct alone a = alone_make_cfg(&cfg);
    struct entry list[8];
    for (uint32_t i = 1; i <= 5; i++) {
        const struct entry told = mark(i, GONE + i, 7);
        cr_assert_eq(ledger_forgotten_n(a.ledger), 0);
        tell(&a, i * 2 * S, 1, &told);
        cr_assert_eq(bars(&a, i * 2 * S, (i + 1) * 2 * S), 1);
    }
    cr_assert_eq(ledger_forgotten_n(a.ledger), 1);
    cr_assert_eq(heal_counters(a.heal).marks, 5);
    cr_assert_eq(heal_counters(a.heal).marks_out, 1);
    cr_assert_eq(our_list(&a, 12 * S, list, 8), 4);
    cr_assert_eq(list[0].epoch, GONE + 2);
    alone_drop(&a);
}

Test(marks, a_list_without_numbers_marks_nothing)
{
    struct alone a = alone_make(1);
    uint8_t buf[PEER_RETIRED_LEN];
    struct writer w = writer_of(buf, sizeof(buf));
    write_u32(&w, 1);
    write_u64(&w, GONE);
    write_u64(&w, PEER_RETIRED_MARK | 7);
    const struct peer_heads heads = {.retired = writer_slice(&w)};
    cr_assert_eq(heal_heads(a.heal, 0, 1, &heads), OK);
    cr_assert_eq(bars(&a, 0, 2 * S), 0);
    alone_drop(&a);
}

/* ---- joiners ---- */

Test(marks, a_joiner_is_told_what_its_donor_does_not_count_and_how_far_it_knows_others)
{
    struct alone_cfg cfg = alone_cfg_of(2);
    cfg.retired_max = 1;
    struct alone a = alone_make_cfg(&cfg);
    struct retired r;
    uint32_t cursor = 0;
    uint64_t barrier;
    for (uint64_t i = 1; i <= 3; i++) {
        arrive(&a, 0, 7000 + i, 1);
        cr_assert_eq(ledger_retire(a.ledger, 7000 + i, &barrier), OK);
    }
    show_ring(&a, 0, 2, 99, 60, 50);
    cr_assert(heal_bar_due(a.heal));
    cr_assert(heal_legacy(a.heal, &cursor, &r));
    cr_assert_eq(r.epoch, US_EPOCH);
    cr_assert_not(heal_legacy(a.heal, &cursor, &r), "not while a barrier is due");
    cr_assert_eq(bars(&a, 0, S), 1);
    cursor = 0;
    cr_assert(heal_legacy(a.heal, &cursor, &r));
    cr_assert_eq(r.last, PEER_RETIRED_MARK | ledger_uncounted_n(a.ledger));
    cr_assert(heal_legacy(a.heal, &cursor, &r));
    cr_assert_eq(r.epoch, ORIGIN(2));
    cr_assert_eq(r.last, PEER_RETIRED_MARK | 50, "heard, or told as our mark");
    cr_assert_not(heal_legacy(a.heal, &cursor, &r));
    alone_drop(&a);
}

static void inherit(struct alone *a, uint64_t donor, uint64_t run, uint32_t number)
{
    const struct retired r = {.epoch = run, .last = PEER_RETIRED_MARK | number};
    heal_inherit(a->heal, 0, donor, &r);
}

Test(marks, a_joiner_knows_what_its_donor_knew_and_has_a_mark_for_what_it_left_out)
{
    struct alone a = alone_make(2);
    struct entry list[8];
    inherit(&a, ORIGIN(1), ORIGIN(1), 50);
    inherit(&a, ORIGIN(1), ORIGIN(2), 60);
    heal_inherited(a.heal, ORIGIN(1));
    show_ring(&a, 0, 1, 99, 70, 50);
    show_ring(&a, 0, 2, 99, 70, 60);
    cr_assert_eq(bars(&a, 0, 2 * S), 0);
    const struct entry left_out = mark(1, ORIGIN(1), 50);
    cr_assert_eq(our_list(&a, 2 * S, list, 8), 1);
    expect_entry(&list[0], &left_out);
    alone_drop(&a);
}

Test(marks, what_another_donor_knew_is_void)
{
    for (uint64_t synced = 0; synced <= 2; synced++) {
        struct alone a = alone_make(3);
        inherit(&a, ORIGIN(1), ORIGIN(3), 50);
        if (synced > 0)
            inherit(&a, ORIGIN(2), ORIGIN(2), 50);
        heal_inherited(a.heal, synced == 0 ? 0 : ORIGIN(synced));
        show_ring(&a, 0, 3, 99, 70, 50);
        cr_assert_eq(bars(&a, 0, 2 * S), 1);
        alone_drop(&a);
    }
}
