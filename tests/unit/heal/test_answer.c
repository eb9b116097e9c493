#include <criterion/criterion.h>

#include "alone.h"

static struct peer_ranges ask(uint64_t epoch, uint64_t lo, uint64_t hi)
{
    return (struct peer_ranges){.at = {{.epoch = epoch, .lo = lo, .hi = hi}}, .n = 1};
}

struct answer {
    size_t datagrams;
    size_t dots;
    size_t gone_messages;
    uint64_t gone;
};

static struct answer take_answer(struct alone *a, uint64_t to)
{
    struct answer answer = {0};
    struct heal_out out;
    while (heal_poll(a->heal, 0, &out)) {
        size_t n = 0;
        cr_assert_eq(out.kind, HEAL_SEND);
        cr_assert_eq(out.to, to);
        cr_assert_leq(out.msg->dots.len, (size_t)1000);
        cr_assert_eq(dots_check(out.msg->dots, &n), OK);
        answer.datagrams += out.msg->type == PEER_DOTS;
        answer.dots += n;
        answer.gone_messages += out.msg->type == PEER_GONE;
        for (size_t i = 0; out.msg->type == PEER_GONE && i < out.msg->args.ranges.n; i++)
            answer.gone += out.msg->args.ranges.at[i].hi - out.msg->args.ranges.at[i].lo + 1;
    }
    return answer;
}

static void arrive_all(struct alone *a, uint64_t n)
{
    for (uint64_t seq = 1; seq <= n; seq++)
        arrive(a, 0, 500, seq);
}

Test(answer, gives_what_is_held_and_names_what_is_not)
{
    struct alone a = alone_make(1);
    arrive_all(&a, 20);
    const struct peer_ranges q = ask(500, 11, 25);
    heal_pull(a.heal, 0, 1, &q);
    const struct answer answer = take_answer(&a, 1);
    cr_assert_eq(answer.dots, 10);
    cr_assert_eq(answer.gone, 5);
    cr_assert_eq(answer.datagrams, 1);
    cr_assert_eq(heal_counters(a.heal).served, 10);
    cr_assert_eq(heal_counters(a.heal).gone, 5);
    alone_drop(&a);
}

Test(answer, is_bounded_in_datagrams)
{
    struct alone a = alone_make(1);
    arrive_all(&a, 1000);
    const struct peer_ranges q = ask(500, 1, 1000);
    heal_pull(a.heal, 0, 1, &q);
    const struct answer answer = take_answer(&a, 1);
    cr_assert_eq(answer.datagrams, 4);
    cr_assert_gt(answer.dots, (size_t)250);
    cr_assert_lt(answer.dots, (size_t)400);
    cr_assert_eq(answer.gone_messages, 0);
    alone_drop(&a);
}

Test(answer, an_endless_range_costs_nothing)
{
    struct alone a = alone_make(1);
    uint8_t buf[200];
    arrive_all(&a, 3);
    struct peer_ranges q = ask(500, 1, UINT64_MAX);
    struct peer_ranges gone = {0};
    struct dots_writer w = dots_writer_of(buf, sizeof(buf));
    cr_assert_eq(heal_answer(a.ledger, q.at, 1, &w, &gone), 0, "one call says it all");
    q = ask(500, 1, UINT64_MAX);
    q.at[1] = (struct dot_range){.epoch = 0xABC, .lo = 1, .hi = UINT64_MAX};
    q.n = 2;
    heal_pull(a.heal, 0, 1, &q);
    const struct answer answer = take_answer(&a, 1);
    cr_assert_eq(answer.dots, 3);
    cr_assert_eq(answer.gone_messages, 1);
    alone_drop(&a);
}

Test(answer, a_truncated_range_is_named_in_one_piece)
{
    struct alone a = alone_make(1);
    struct heal_out out;
    arrive_all(&a, 20000); /* the log holds 1,024 */
    const struct peer_ranges q = ask(500, 1, 18976);
    struct dot_range part = q.at[0];
    struct peer_ranges gone = {0};
    struct dots_writer w = dots_writer_of(NULL, 0);
    cr_assert_eq(heal_answer(a.ledger, &part, 1, &w, &gone), 0,
                 "what is long gone costs no look-up");
    cr_assert_eq(gone.n, 1);
    heal_pull(a.heal, 0, 1, &q);
    cr_assert(heal_poll(a.heal, 0, &out));
    cr_assert_eq(out.msg->type, PEER_GONE);
    cr_assert_eq(out.msg->args.ranges.n, 1);
    cr_assert_eq(out.msg->args.ranges.at[0].lo, 1);
    cr_assert_eq(out.msg->args.ranges.at[0].hi, 18976);
    cr_assert_not(heal_poll(a.heal, 0, &out));
    alone_drop(&a);
}

Test(answer, a_range_that_is_long_gone_as_a_whole_costs_nothing_either)
{
    struct alone a = alone_make(1);
    struct peer_ranges gone = {0};
    struct dots_writer w = dots_writer_of(NULL, 0);
    arrive_all(&a, 40000); /* the log, and what may have come out of order, reach back to 34,880 */
    struct dot_range part = {.epoch = 500, .lo = 1, .hi = 34879};
    cr_assert_eq(heal_answer(a.ledger, &part, 1, &w, &gone), 0, "one call says it all");
    cr_assert_eq(gone.n, 1);
    cr_assert_eq(gone.at[0].lo, 1);
    cr_assert_eq(gone.at[0].hi, 34879);
    alone_drop(&a);
}

/** Answer seq lo to 20,000 of which the log holds the last 1,024. Returns: sequence of the first dot; 0 =
 *  there is none. */
static uint64_t answer_in_order(const struct alone *a, struct dot_range *range,
                                struct peer_ranges *gone)
{
    uint8_t buf[1000];
    struct dots_writer w = dots_writer_of(buf, sizeof buf);
    struct dot d;
    *gone = (struct peer_ranges){0};
    cr_assert_eq(heal_answer_in_order(a->ledger, range, 1, &w, gone), 1);
    struct dots_reader r = dots_reader_of(dots_slice(&w));
    return dots_next(&r, &d) ? d.seq : 0;
}

Test(answer, in_order_what_is_out_of_reach_waits_until_what_is_gone_was_told)
{
    struct alone a = alone_make(1);
    struct peer_ranges gone;
    arrive_all(&a, 20000);
    struct dot_range range = {.epoch = 500, .lo = 18976 - LEDGER_WINDOW / 2 + 1, .hi = 20000};
    cr_assert_eq(answer_in_order(&a, &range, &gone), 0, "the asker could not cover it");
    cr_assert_eq(gone.n, 1);
    cr_assert_eq(gone.at[0].hi, 18976);
    cr_assert_eq(answer_in_order(&a, &range, &gone), 18977);
    cr_assert_eq(gone.n, 0);
    range.lo = 18976 - LEDGER_WINDOW / 2 + 2;
    cr_assert_eq(answer_in_order(&a, &range, &gone), 18977, "one less, and it can");
    cr_assert_eq(gone.n, 1);
    alone_drop(&a);
}

Test(answer, more_holes_than_a_message_names_are_left_out)
{
    struct alone a = alone_make(1);
    for (uint64_t seq = 1; seq <= 400; seq++) {
        if (seq % 2 == 0)
            arrive(&a, 0, 500, seq);
    }
    const struct peer_ranges q = ask(500, 1, 400);
    heal_pull(a.heal, 0, 1, &q);
    const struct answer answer = take_answer(&a, 1);
    cr_assert_eq(answer.gone, PEER_RANGES_MAX);
    cr_assert_eq(answer.gone_messages, 1);
    cr_assert_eq(answer.dots, PEER_RANGES_MAX);
    alone_drop(&a);
}

Test(answer, senseless_ranges_are_skipped)
{
    struct alone a = alone_make(1);
    struct peer_ranges q = ask(500, 9, 3);
    heal_pull(a.heal, 0, 1, &q);
    q = ask(0, 1, 3);
    heal_pull(a.heal, 0, 1, &q);
    q = ask(500, 0, 3);
    heal_pull(a.heal, 0, 1, &q);
    cr_assert_eq(take_answer(&a, 1).gone_messages, 0);
    alone_drop(&a);
}

Test(answer, a_full_queue_drops_and_counts)
{
    struct alone a = alone_make(1);
    arrive_all(&a, 1);
    const struct peer_ranges q = ask(500, 1, 1);
    for (int i = 0; i < 40; i++)
        heal_pull(a.heal, 0, 1, &q);
    cr_assert_eq(heal_counters(a.heal).overload, 8);
    cr_assert_eq(take_answer(&a, 1).datagrams, 32);
    heal_pull(a.heal, 0, 1, &q);
    cr_assert_eq(take_answer(&a, 1).datagrams, 1);
    alone_drop(&a);
}

Test(answer, goes_on_where_it_ended)
{
    struct alone a = alone_make(1);
    uint8_t buf[100];
    arrive_all(&a, 20);
    struct dot_range ranges[2] = {{.epoch = 500, .lo = 1, .hi = 18},
                                  {.epoch = 500, .lo = 20, .hi = 22}};
    struct peer_ranges gone = {0};
    size_t left = 2;
    uint64_t expected = 1;
    while (left > 0) {
        struct dots_writer w = dots_writer_of(buf, sizeof(buf));
        struct dot d;
        left = heal_answer(a.ledger, ranges, left, &w, &gone);
        struct dots_reader r = dots_reader_of(dots_slice(&w));
        while (dots_next(&r, &d)) {
            cr_assert_eq(d.seq, expected);
            expected = d.seq == 18 ? 20 : d.seq + 1;
        }
    }
    cr_assert_eq(expected, 21);
    cr_assert_eq(gone.n, 1);
    cr_assert_eq(gone.at[0].lo, 21);
    cr_assert_eq(gone.at[0].hi, 22);
    alone_drop(&a);
}
