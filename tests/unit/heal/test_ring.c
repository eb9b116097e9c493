/* What others retired and forgot: heard in order, or made up for by a barrier. */
#include <criterion/criterion.h>

#include "alone.h"

#define ENTRIES_AT_ONCE 20 /* of a reply */

/** Origins 7001, 7002 and so on, of one dot each, that are retired in order. */
static void retire_some(struct alone *a, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i <= to; i++) {
        uint64_t barrier = 1;
        arrive(a, 0, 7000 + i, 1);
        cr_assert_eq(ledger_retire(a->ledger, 7000 + i, &barrier), OK);
        cr_assert_eq(barrier, 0);
    }
}

/** A peer that lacks everything asks us, and has seen our retired origins up to `seen`. */
static struct peer_heads ask_us(struct alone *a, uint64_t id, uint32_t seen)
{
    static const uint8_t nothing[LEDGER_GROUPS * 8];
    struct heal_out out;
    const struct peer_heads question = {.groups = slice_of(nothing, sizeof(nothing)),
                                        .ring_seen = seen};
    cr_assert_eq(heal_heads(a->heal, 0, id, &question), OK);
    if (!heal_poll(a->heal, 0, &out))
        return (struct peer_heads){0};
    cr_assert_eq(out.msg->type, PEER_HEADS);
    return out.msg->args.heads;
}

struct told {
    uint32_t number;
    struct retired retired;
};

static struct told told_at(const struct peer_heads *heads, size_t i)
{
    struct reader r = reader_of(heads->retired);
    read_bytes(&r, i * PEER_RETIRED_LEN);
    struct told told = {.number = read_u32(&r)};
    told.retired.epoch = read_u64(&r);
    told.retired.last = read_u64(&r);
    cr_assert_eq(r.err, OK);
    return told;
}

/** What our next question to peer 1 says that we have seen of its ring. */
static uint32_t seen_of_peer(struct alone *a, mono_us now)
{
    struct heal_out out;
    show_hash(a, now, 1, now); /* unequal, and new each time */
    for (mono_us at = now; at < now + US_PER_SEC; at += MS) {
        while (next(a, at, &out)) {
            if (out.kind == HEAL_SEND && out.msg->type == PEER_HEADS)
                return out.msg->args.heads.ring_seen;
        }
    }
    cr_assert_fail("no question");
    return 0;
}

/** Peer 1, in a packet that says it retired retired_n, tells us the numbers from..to. */
static enum err tell_us(struct alone *a, mono_us now, uint32_t retired_n, uint32_t from,
                        uint32_t to)
{
    uint8_t buf[64 * PEER_RETIRED_LEN];
    struct writer w = writer_of(buf, sizeof(buf));
    for (uint32_t i = from; i <= to; i++) {
        write_u32(&w, i);
        write_u64(&w, 8000 + i);
        write_u64(&w, 3);
    }
    show_ring(a, now, 1, 99, retired_n, 0);
    const struct peer_heads heads = {.retired_from = from, .retired = writer_slice(&w)};
    return heal_heads(a->heal, now, 1, &heads);
}

Test(ring, a_header_says_what_we_retired_and_forgot)
{
    struct alone_cfg cfg = alone_cfg_of(1);
    cfg.retired_max = 4;
    struct alone a = alone_make_cfg(&cfg);
    struct peer_msg m = {.retired_n = 9, .forgotten_n = 9};
    heal_header_out(a.heal, &m);
    cr_assert_eq(m.retired_n, 0);
    cr_assert_eq(m.forgotten_n, 0);
    retire_some(&a, 1, 6);
    heal_header_out(a.heal, &m);
    cr_assert_eq(m.vector_hash, ledger_vector_hash(a.ledger));
    cr_assert_eq(m.retired_n, 6);
    cr_assert_eq(m.forgotten_n, 2);
    alone_drop(&a);
}

Test(ring, who_asks_is_told_what_it_has_not_seen)
{
    struct alone a = alone_make(1);
    retire_some(&a, 1, 3);
    const struct peer_heads heads = ask_us(&a, 1, 1);
    cr_assert_eq(heads.retired_from, 2);
    cr_assert_eq(heads.retired.len, (size_t)2 * PEER_RETIRED_LEN);
    cr_assert_eq(told_at(&heads, 0).number, 2);
    cr_assert_eq(told_at(&heads, 0).retired.epoch, 7002);
    cr_assert_eq(told_at(&heads, 1).number, 3);
    cr_assert_eq(told_at(&heads, 1).retired.last, 1);
    const struct peer_heads rest = ask_us(&a, 1, 3);
    cr_assert_eq(rest.retired_from, 0);
    cr_assert_eq(rest.retired.len, (size_t)0);
    alone_drop(&a);
}

Test(ring, covers_share_the_datagram_and_name_no_retired_origin)
{
    struct alone a = alone_make(1);
    struct cover c;
    retire_some(&a, 1, 40);
    for (uint64_t i = 0; i < 40; i++)
        arrive(&a, 0, 500 + i, 1);
    const struct peer_heads heads = ask_us(&a, 1, 0);
    cr_assert_eq(heads.retired.len, (size_t)ENTRIES_AT_ONCE * PEER_RETIRED_LEN);
    cr_assert_eq(heads.covers.len, (size_t)25 * COVER_LEN);
    cr_assert_eq(told_at(&heads, 19).number, 20);
    struct reader r = reader_of(heads.covers);
    while (cover_read(&r, &c))
        cr_assert_lt(c.epoch, 7000);
    const struct peer_heads more = ask_us(&a, 1, 20);
    cr_assert_eq(more.retired_from, 21);
    cr_assert_eq(told_at(&more, 19).number, 40);
    alone_drop(&a);
}

Test(ring, what_is_forgotten_is_not_told)
{
    struct alone_cfg cfg = alone_cfg_of(1);
    cfg.retired_max = 4;
    struct alone a = alone_make_cfg(&cfg);
    retire_some(&a, 1, 6);
    const struct peer_heads heads = ask_us(&a, 1, 0);
    cr_assert_eq(heads.retired_from, 3);
    cr_assert_eq(told_at(&heads, 0).number, 3);
    cr_assert_eq(heads.retired.len, (size_t)4 * PEER_RETIRED_LEN);
    alone_drop(&a);
}

Test(ring, a_number_that_was_heard_from_again_is_left_out)
{
    struct alone a = alone_make(1);
    retire_some(&a, 1, 3);
    arrive(&a, 0, 7002, 2);
    const struct peer_heads heads = ask_us(&a, 1, 0);
    cr_assert_eq(heads.retired_from, 1);
    cr_assert_eq(heads.retired.len, (size_t)2 * PEER_RETIRED_LEN);
    cr_assert_eq(told_at(&heads, 0).number, 1);
    cr_assert_eq(told_at(&heads, 1).number, 3);
    alone_drop(&a);
}

Test(ring, the_last_number_is_told_even_when_it_was_heard_from_again)
{
    struct alone a = alone_make(1);
    retire_some(&a, 1, 2);
    arrive(&a, 0, 7002, 2);
    const struct peer_heads heads = ask_us(&a, 1, 1);
    cr_assert_eq(heads.retired_from, 2);
    cr_assert_eq(told_at(&heads, 0).number, 2);
    cr_assert_eq(told_at(&heads, 0).retired.epoch, 0);
    alone_drop(&a);
}

Test(ring, an_unknown_origin_of_the_list_becomes_a_gap_that_its_teller_is_asked_for)
{
    struct alone a = alone_make(2);
    cr_assert_eq(tell_us(&a, 0, 1, 1, 1), OK);
    cr_assert_eq(ledger_gaps(a.ledger), 1);
    struct heal_out out;
    cr_assert(next(&a, 5 * MS, &out));
    cr_assert_eq(out.msg->type, PEER_PULL);
    cr_assert_eq(out.to, 1);
    cr_assert_eq(out.msg->args.ranges.at[0].epoch, 8001);
    cr_assert_eq(out.msg->args.ranges.at[0].hi, 3);
    alone_drop(&a);
}

Test(ring, lists_are_counted_only_without_a_break)
{
    struct alone a = alone_make(1);
    cr_assert_eq(tell_us(&a, 0, 9, 1, 2), OK);
    cr_assert_eq(seen_of_peer(&a, US_PER_SEC), 2);
    cr_assert_eq(tell_us(&a, 2 * US_PER_SEC, 9, 5, 6), OK);
    cr_assert(ledger_origin(a.ledger, 8006, &(struct origin_view){0}), "heard all the same");
    cr_assert_eq(seen_of_peer(&a, 3 * US_PER_SEC), 2);
    cr_assert_eq(tell_us(&a, 4 * US_PER_SEC, 9, 2, 4), OK);
    cr_assert_eq(seen_of_peer(&a, 5 * US_PER_SEC), 4);
    alone_drop(&a);
}

Test(ring, a_list_with_more_behind_it_is_asked_on_for_soon_though_it_taught_nothing)
{
    for (uint32_t retired_n = 2; retired_n <= 3; retired_n++) {
        struct alone a = alone_make(1);
        struct heal_out out;
        size_t questions = 0;
        cr_assert_eq(tell_us(&a, 0, retired_n, 1, 2), OK);
        heal_tick(a.heal, 10 * MS);
        while (heal_poll(a.heal, 10 * MS, &out))
            ;
        cr_assert_eq(tell_us(&a, 11 * MS, retired_n, 1, 2), OK); /* the same again */
        for (mono_us now = 11 * MS; now < 200 * MS; now += MS) {
            while (next(&a, now, &out))
                questions += out.kind == HEAL_SEND && out.msg->type == PEER_HEADS;
        }
        cr_assert_eq(questions > 0, retired_n > 2);
        alone_drop(&a);
    }
}

Test(ring, holes_in_a_list_do_not_stop_the_count)
{
    struct alone a = alone_make(1);
    uint8_t buf[3 * PEER_RETIRED_LEN];
    struct writer w = writer_of(buf, sizeof(buf));
    const uint32_t numbers[] = {2, 5, 7};
    for (size_t i = 0; i < 3; i++) {
        write_u32(&w, numbers[i]);
        write_u64(&w, i == 2 ? 0 : 8000 + numbers[i]);
        write_u64(&w, i == 2 ? 0 : 1);
    }
    const struct peer_heads heads = {.retired_from = 1, .retired = writer_slice(&w)};
    show_ring(&a, 0, 1, 99, 7, 0);
    cr_assert_eq(heal_heads(a.heal, 0, 1, &heads), OK);
    cr_assert_eq(ledger_gaps(a.ledger), 2);
    cr_assert_eq(seen_of_peer(&a, US_PER_SEC), 7);
    alone_drop(&a);
}

Test(ring, a_list_that_does_not_rise_or_ends_early_is_refused)
{
    struct alone a = alone_make(1);
    uint8_t buf[2 * PEER_RETIRED_LEN];
    struct writer w = writer_of(buf, sizeof(buf));
    for (uint32_t i = 0; i < 2; i++) {
        write_u32(&w, 4);
        write_u64(&w, 8000 + i);
        write_u64(&w, 1);
    }
    struct peer_heads heads = {.retired_from = 1, .retired = writer_slice(&w)};
    show_ring(&a, 0, 1, 99, 7, 0);
    cr_assert_eq(heal_heads(a.heal, 0, 1, &heads), ERR_MALFORMED);
    heads.retired.len = PEER_RETIRED_LEN + 1;
    cr_assert_eq(heal_heads(a.heal, 0, 1, &heads), ERR_MALFORMED);
    cr_assert_eq(seen_of_peer(&a, US_PER_SEC), 0);
    alone_drop(&a);
}

Test(ring, a_list_without_its_header_is_heard_and_not_counted)
{
    struct alone a = alone_make(2);
    uint8_t buf[PEER_RETIRED_LEN];
    struct writer w = writer_of(buf, sizeof(buf));
    write_u32(&w, 1);
    write_u64(&w, 8001);
    write_u64(&w, 1);
    struct peer_heads heads = {.retired_from = 0, .retired = writer_slice(&w)};
    show_ring(&a, 0, 1, 99, 1, 0);
    cr_assert_eq(heal_heads(a.heal, 0, 1, &heads), OK);
    cr_assert_eq(ledger_gaps(a.ledger), 1);
    heads.retired_from = 1;
    show_ring(&a, 0, 2, 99, 1, 0);
    cr_assert_eq(heal_heads(a.heal, 0, 1, &heads), OK, "the last header was of another");
    cr_assert_eq(seen_of_peer(&a, US_PER_SEC), 0);
    show_ring(&a, 3 * US_PER_SEC, 2, 99, 1, 1);
    expect_bar(&a, 3 * US_PER_SEC, HEAL_FORGOTTEN, 0);
    alone_drop(&a);
}

Test(ring, an_equal_vector_means_that_all_retired_is_known)
{
    struct alone a = alone_make(1);
    show_ring(&a, 0, 1, ledger_vector_hash(a.ledger), 9, 0);
    cr_assert_eq(seen_of_peer(&a, US_PER_SEC), 9);
    show_ring(&a, 3 * US_PER_SEC, 1, 99, 12, 9);
    cr_assert_eq(heal_counters(a.heal).broad_forgotten, 0);
    alone_drop(&a);
}

Test(ring, who_forgot_what_we_never_heard_of_costs_one_barrier)
{
    struct alone a = alone_make(1);
    show_ring(&a, 0, 1, 99, 9, 4);
    expect_bar(&a, 0, HEAL_FORGOTTEN, 0);
    show_ring(&a, 1, 1, 99, 9, 4);
    expect_none(&a, 1);
    show_ring(&a, 2, 1, 99, 14, 9); /* all nine were retired before the barrier */
    expect_none(&a, 2);
    show_ring(&a, 3, 1, 99, 14, 10);
    expect_bar(&a, 3, HEAL_FORGOTTEN, 0);
    cr_assert_eq(heal_counters(a.heal).broad_forgotten, 2);
    alone_drop(&a);
}

Test(ring, after_the_barrier_the_ring_is_heard_from_its_oldest_entry_on)
{
    struct alone a = alone_make(1);
    show_ring(&a, 0, 1, 99, 9, 4);
    expect_bar(&a, 0, HEAL_FORGOTTEN, 0);
    cr_assert_eq(seen_of_peer(&a, US_PER_SEC), 4);
    alone_drop(&a);
}

Test(ring, vectors_that_are_equal_without_the_forgotten_prove_nothing)
{
    struct alone a = alone_make(1);
    show_ring(&a, 0, 1, ledger_vector_hash(a.ledger), 2, 1);
    expect_bar(&a, 0, HEAL_FORGOTTEN, 0);
    alone_drop(&a);
}

Test(ring, a_position_outlives_a_link_that_goes_down)
{
    struct alone a = alone_make(1);
    cr_assert_eq(tell_us(&a, 0, 5, 1, 5), OK);
    heal_peer_down(a.heal, 1);
    cr_assert_eq(heal_peer_up(a.heal, 1, ORIGIN(1)), OK);
    show_ring(&a, 1, 1, 99, 9, 5);
    cr_assert_eq(heal_counters(a.heal).broad_forgotten, 0);
    struct heal_out out;
    while (next(&a, 1, &out))
        cr_assert_neq(out.kind, HEAL_BAR);
    alone_drop(&a);
}

Test(ring, a_new_run_begins_unheard)
{
    struct alone a = alone_make(1);
    cr_assert_eq(tell_us(&a, 0, 5, 1, 5), OK);
    struct peer_msg m = {.vector_hash = 99, .retired_n = 9, .forgotten_n = 5};
    cr_assert_eq(heal_header(a.heal, 1, 1, 0xABC, &m), OK);
    expect_bar(&a, 1, HEAL_FORGOTTEN, 0);
    alone_drop(&a);
}

Test(ring, without_room_the_longest_unused_position_goes_and_costs_a_barrier)
{
    struct alone_cfg cfg = alone_cfg_of(0);
    cfg.heal.peers_max = 2; /* four positions */
    struct alone a = alone_make_cfg(&cfg);
    for (uint64_t id = 1; id <= 4; id++)
        show_ring(&a, id, id, ledger_vector_hash(a.ledger), 5, 0);
    show_ring(&a, 5, 1, ledger_vector_hash(a.ledger), 5, 0);
    cr_assert_eq(heal_counters(a.heal).rings_out, 0);
    show_ring(&a, 6, 5, ledger_vector_hash(a.ledger), 5, 0);
    cr_assert_eq(heal_counters(a.heal).rings_out, 1);
    show_ring(&a, 7, 1, 99, 6, 5);
    expect_none(&a, 7);
    show_ring(&a, 8, 2, 99, 6, 5);
    expect_bar(&a, 8, HEAL_FORGOTTEN, 0);
    alone_drop(&a);
}

Test(ring, peers_that_retired_nothing_take_no_room)
{
    struct alone_cfg cfg = alone_cfg_of(0);
    cfg.heal.peers_max = 1;
    struct alone a = alone_make_cfg(&cfg);
    for (uint64_t id = 1; id <= 10; id++)
        show_ring(&a, id, id, 99, 0, 0);
    cr_assert_eq(heal_counters(a.heal).rings_out, 0);
    alone_drop(&a);
}
