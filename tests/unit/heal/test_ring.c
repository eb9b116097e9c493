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
    retire_some(&a, 1, 10);
    const struct peer_heads heads = ask_us(&a, 1, 0);
    cr_assert_eq(heads.retired_from, 3);
    cr_assert_eq(told_at(&heads, 0).number, 3);
    cr_assert_eq(heads.retired.len, (size_t)8 * PEER_RETIRED_LEN);
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
    show_ring(&a, 3 * US_PER_SEC, 2, 99, 30, 21);
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
    show_ring(&a, 0, 1, 99, 49, 44);
    expect_bar(&a, 0, HEAL_FORGOTTEN, 0);
    show_ring(&a, 1, 1, 99, 49, 44);
    expect_none(&a, 1);
    show_ring(&a, 2, 1, 99, 84, 49); /* all of them were retired before the barrier */
    expect_none(&a, 2);
    show_ring(&a, 3, 1, 99, 84, 70);
    expect_bar(&a, 3, HEAL_FORGOTTEN, 0);
    cr_assert_eq(heal_counters(a.heal).broad_forgotten, 2);
    alone_drop(&a);
}

Test(ring, after_the_barrier_the_ring_is_heard_past_what_does_not_count)
{
    struct alone a = alone_make(1);
    show_ring(&a, 0, 1, 99, 39, 34);
    expect_bar(&a, 0, HEAL_FORGOTTEN, 0);
    cr_assert_eq(seen_of_peer(&a, US_PER_SEC), 34);
    alone_drop(&a);
}

Test(ring, vectors_that_are_equal_without_the_forgotten_prove_nothing)
{
    struct alone a = alone_make(1);
    show_ring(&a, 0, 1, ledger_vector_hash(a.ledger), 22, 21);
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
    struct peer_msg m = {.vector_hash = 99, .retired_n = 39, .forgotten_n = 35};
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
    show_ring(&a, 8, 2, 99, 36, 35);
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

/* ---- what does not count in a vector hash any more ---- */

/** Let peer 1 be asked until `until`. Returns: how often; *bars barriers are counted. */
static size_t asked(struct alone *a, mono_us from, mono_us until, size_t *bars)
{
    struct heal_out out;
    size_t n = 0;
    *bars = 0;
    for (mono_us now = from; now < until; now += MS) {
        while (next(a, now, &out)) {
            n += out.kind == HEAL_SEND && out.msg->type == PEER_HEADS;
            *bars += out.kind == HEAL_BAR && out.reason == HEAL_FORGOTTEN;
        }
    }
    return n;
}

/** Peer 1, whose header was shown, tells one retired origin and that its list begins at `from`. */
static void tell_one(struct alone *a, mono_us now, uint32_t from, uint32_t number, uint64_t epoch)
{
    uint8_t buf[PEER_RETIRED_LEN];
    struct writer w = writer_of(buf, sizeof(buf));
    write_u32(&w, number);
    write_u64(&w, epoch);
    write_u64(&w, 1);
    const struct peer_heads heads = {.retired_from = from, .retired = writer_slice(&w)};
    cr_assert_eq(heal_heads(a->heal, now, 1, &heads), OK);
}

Test(ring, what_does_not_count_any_more_is_asked_for_though_vectors_are_equal)
{
    struct alone a = alone_make(1);
    size_t bars;
    arrive(&a, 0, 7001, 1);
    show_ring(&a, 0, 1, ledger_vector_hash(a.ledger), 1, 1);
    cr_assert(heal_bar_due(a.heal), "nothing is certified before it answers");
    cr_assert_gt(asked(&a, 0, 100 * MS, &bars), 1);
    tell_one(&a, 100 * MS, 1, 1, 7001);
    cr_assert_not(heal_bar_due(a.heal));
    cr_assert_eq(asked(&a, 100 * MS, 2 * US_PER_SEC, &bars), 0);
    cr_assert_eq(bars, 0, "it was known");
    alone_drop(&a);
}

Test(ring, whoever_does_not_answer_in_a_second_costs_a_barrier)
{
    struct alone a = alone_make(1);
    size_t bars;
    show_ring(&a, 0, 1, ledger_vector_hash(a.ledger), 1, 1);
    asked(&a, 0, US_PER_SEC, &bars);
    cr_assert_eq(bars, 0);
    asked(&a, US_PER_SEC, US_PER_SEC + MS, &bars);
    cr_assert_eq(bars, 1);
    cr_assert_not(heal_bar_due(a.heal));
    cr_assert_eq(asked(&a, 2 * US_PER_SEC, 3 * US_PER_SEC, &bars), 0);
    alone_drop(&a);
}

Test(ring, what_was_forgotten_before_it_answered_costs_a_barrier_at_once)
{
    struct alone a = alone_make(1);
    size_t bars;
    arrive(&a, 0, 7003, 1);
    show_ring(&a, 0, 1, ledger_vector_hash(a.ledger), 3, 3);
    tell_one(&a, 1, 3, 3, 7003);
    asked(&a, 1, 2, &bars);
    cr_assert_eq(bars, 1);
    alone_drop(&a);
}

/* It counts when it is told, and is a gap here; then its number ceases to count there, and the two vectors
 * are equal though we lack its dot. The peer's proof would pass for ours. */
Test(ring, while_a_told_origin_is_a_gap_here_nothing_is_certified)
{
    struct alone a = alone_make(1);
    const uint64_t equal = ledger_vector_hash(a.ledger);
    show_ring(&a, 0, 1, 99, 1, 0);
    tell_one(&a, 0, 1, 1, 7001);
    cr_assert_eq(ledger_gaps(a.ledger), 1);
    show_ring(&a, 1, 1, equal, 2, 1);
    cr_assert_eq(ledger_vector_hash(a.ledger), equal);
    cr_assert(heal_bar_due(a.heal));
    arrive(&a, 2, 7001, 1);
    tell_one(&a, 3, 2, 2, 0);
    cr_assert_not(heal_bar_due(a.heal));
    alone_drop(&a);
}

Test(ring, an_unknown_origin_that_does_not_count_costs_a_barrier)
{
    struct alone a = alone_make(1);
    size_t bars;
    show_ring(&a, 0, 1, ledger_vector_hash(a.ledger), 1, 1);
    tell_one(&a, 1, 1, 1, 7001);
    asked(&a, 1, 2, &bars);
    cr_assert_eq(bars, 1);
    alone_drop(&a);
}

Test(ring, behind_a_barrier_an_origin_that_would_not_count_here_is_not_heard)
{
    struct alone_cfg cfg = alone_cfg_of(1);
    cfg.retired_max = 1;
    struct alone a = alone_make_cfg(&cfg);
    struct origin_view o;
    retire_some(&a, 5, 5);
    show_ring(&a, 0, 1, 99, 40, 30);
    expect_bar(&a, 0, HEAL_FORGOTTEN, 0);
    tell_one(&a, 1, 1, 9, 7004);
    cr_assert_not(ledger_origin(a.ledger, 7004, &o));
    tell_one(&a, 1, 1, 9, 7006);
    cr_assert(ledger_origin(a.ledger, 7006, &o), "this one would");
    tell_one(&a, 1, 1, 41, 7003);
    cr_assert(ledger_origin(a.ledger, 7003, &o), "and this one is behind no barrier");
    alone_drop(&a);
}

Test(ring, while_asking_teaches_nothing_the_whole_ring_is_told_anew)
{
    struct alone a = alone_make(1);
    struct heal_out out;
    size_t anew = 0;
    for (mono_us now = 0; now < 5 * US_PER_SEC; now += 10 * MS) {
        show_ring(&a, now, 1, 99, 1, 0);
        if (now == 0)
            tell_one(&a, now, 1, 1, 7001); /* heard: nothing past number 1 is asked for */
        while (next(&a, now, &out)) {
            if (out.kind == HEAL_SEND && out.msg->type == PEER_HEADS) {
                anew += out.msg->args.heads.ring_seen == 0;
                tell_one(&a, now, 1, 1, 7001);
            }
        }
    }
    cr_assert_geq(anew, 2);
    cr_assert_leq(heal_counters(a.heal).exchanges, 12, "and that is no storm");
    alone_drop(&a);
}

/* ---- ending with others ---- */

Test(ring, an_origin_that_a_peer_retired_ends_here_as_well)
{
    struct alone_cfg cfg = alone_cfg_of(2);
    cfg.heal.retire_us = 600 * US_PER_SEC;
    cfg.heal.retire_force_us = 3600 * US_PER_SEC;
    struct alone a = alone_make_cfg(&cfg);
    struct heal_out out;
    arrive(&a, 0, 7001, 1);
    arrive(&a, 0, 7002, 2);
    arrive(&a, 0, ORIGIN(2), 1);
    show_ring(&a, 0, 1, 99, 3, 0);
    tell_one(&a, 0, 1, 1, 7001);
    tell_one(&a, 0, 2, 2, 7002);      /* more of it is known here */
    tell_one(&a, 0, 3, 3, ORIGIN(2)); /* its member is there */
    while (next(&a, 0, &out))
        cr_assert_neq(out.kind, HEAL_BAR);
    cr_assert_not(has_slot(a.ledger, 7001));
    cr_assert(has_slot(a.ledger, 7002) && has_slot(a.ledger, ORIGIN(2)));
    alone_drop(&a);
}

Test(ring, an_origin_whose_member_comes_back_has_its_slot_again)
{
    struct alone a = alone_make(1);
    uint64_t barrier;
    arrive(&a, 0, 7001, 1);
    cr_assert_eq(ledger_retire(a.ledger, 7001, &barrier), OK);
    cr_assert_eq(heal_peer_up(a.heal, 9, 7001), OK);
    cr_assert(has_slot(a.ledger, 7001));
    alone_drop(&a);
}
