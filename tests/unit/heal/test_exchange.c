#include <criterion/criterion.h>
#include <string.h>

#include "alone.h"

/** Step through the time and count questions; pulls are of no interest here. */
static size_t heads_in(struct alone *a, mono_us from, mono_us to)
{
    struct heal_out out;
    size_t n = 0;
    for (mono_us now = from; now < to; now += MS) {
        while (next(a, now, &out))
            n += out.kind == HEAL_SEND && out.msg->type == PEER_HEADS;
    }
    return n;
}

Test(exchange, equal_vectors_exchange_nothing)
{
    struct alone a = alone_make(3);
    for (mono_us now = 0; now < US_PER_SEC; now += 10 * MS) {
        for (uint64_t id = 1; id <= 3; id++)
            show_hash(&a, now, id, ledger_vector_hash(a.ledger));
        cr_assert_eq(heal_deadline(a.heal), NEVER);
        expect_none(&a, now);
    }
    alone_drop(&a);
}

Test(exchange, unequal_vectors_are_compared_by_groups_after_the_grace)
{
    struct alone a = alone_make(1);
    struct heal_out out;
    arrive(&a, 0, 33, 1);
    show_hash(&a, 10 * MS, 1, 77);
    cr_assert_eq(heal_deadline(a.heal), 15 * MS);
    expect_none(&a, 15 * MS - 1);
    cr_assert(next(&a, 15 * MS, &out));
    cr_assert_eq(out.to, 1);
    cr_assert_eq(out.msg->type, PEER_HEADS);
    cr_assert_eq(out.msg->args.heads.groups.len, (size_t)256);
    cr_assert_eq(out.msg->args.heads.covers.len, (size_t)0);
    struct reader r = reader_of(out.msg->args.heads.groups);
    for (int i = 0; i < LEDGER_GROUPS; i++)
        cr_assert_eq(read_u64(&r), ledger_vector_groups(a.ledger)[i]);
    expect_none(&a, 15 * MS);
    cr_assert_eq(heal_counters(a.heal).exchanges, 1);
    alone_drop(&a);
}

Test(exchange, vectors_that_become_equal_within_the_grace_are_left_alone)
{
    struct alone a = alone_make(1);
    const uint64_t before = ledger_vector_hash(a.ledger);
    arrive(&a, 0, 33, 1);
    show_hash(&a, 0, 1, before);
    show_hash(&a, 2 * MS, 1, ledger_vector_hash(a.ledger));
    cr_assert_eq(heads_in(&a, 2 * MS, 100 * MS), 0);
    cr_assert_eq(heal_deadline(a.heal), NEVER);
    alone_drop(&a);
}

Test(exchange, a_fruitless_one_is_repeated_once_a_second)
{
    struct alone a = alone_make(1);
    arrive(&a, 0, 500, 1);
    size_t n = 0;
    for (mono_us now = 0; now < 10 * US_PER_SEC; now += 10 * MS) {
        show_hash(&a, now, 1, 77);
        n += heads_in(&a, now, now + 10 * MS);
        if (now % US_PER_SEC == 10 * MS)
            show_cover(&a, now, 1, 500, 1); /* nothing new */
    }
    cr_assert_eq(n, 10);
    alone_drop(&a);
}

Test(exchange, one_that_showed_something_new_is_repeated_soon)
{
    struct alone a = alone_make(1);
    show_hash(&a, 0, 1, 77);
    cr_assert_eq(heads_in(&a, 0, 10 * MS), 1);
    show_cover(&a, 10 * MS, 1, 500, 1);
    cr_assert_eq(heads_in(&a, 10 * MS, 50 * MS), 0);
    cr_assert_eq(heads_in(&a, 50 * MS, 60 * MS), 1);
    alone_drop(&a);
}

Test(exchange, one_whose_answer_was_full_is_repeated_soon)
{
    struct alone a = alone_make(1);
    uint8_t buf[41 * COVER_LEN];
    struct writer w = writer_of(buf, sizeof(buf));
    for (uint64_t i = 0; i < 41; i++) {
        const struct cover c = {.epoch = 600 + i, .applied = 1};
        cover_write(&w, &c);
        arrive(&a, 0, c.epoch, 1);
    }
    const struct peer_heads heads = {.covers = writer_slice(&w)};
    show_hash(&a, 0, 1, 77);
    cr_assert_eq(heads_in(&a, 0, 10 * MS), 1);
    cr_assert_eq(heal_heads(a.heal, 10 * MS, 1, &heads), OK);
    cr_assert_eq(heads_in(&a, 10 * MS, 60 * MS), 1);
    alone_drop(&a);
}

Test(exchange, silence_is_asked_three_times_and_then_once_a_second)
{
    struct alone a = alone_make(1);
    size_t n = 0;
    for (mono_us now = 0; now < 10 * US_PER_SEC; now += 10 * MS) {
        show_hash(&a, now, 1, 77);
        n += heads_in(&a, now, now + 10 * MS);
        if (now == 500 * MS)
            cr_assert_eq(n, 3);
    }
    cr_assert_eq(n, 12);
    alone_drop(&a);
}

Test(exchange, changing_vectors_are_compared_each_fifty_milliseconds_at_most)
{
    struct alone a = alone_make(4);
    size_t n = 0;
    for (mono_us now = 0; now < US_PER_SEC; now += 10 * MS) {
        for (uint64_t id = 1; id <= 4; id++)
            show_hash(&a, now, id, now + id);
        n += heads_in(&a, now, now + 10 * MS);
    }
    cr_assert_leq(n, 20);
    cr_assert_geq(n, 15);
    alone_drop(&a);
}

Test(exchange, a_difference_that_was_seen_a_second_ago_asks_nothing)
{
    struct alone a = alone_make(1);
    show_hash(&a, 0, 1, 77);
    cr_assert_eq(heads_in(&a, 0, 10 * US_PER_SEC), 3, "lost three times, it waits for a packet");
    cr_assert_eq(heal_deadline(a.heal), NEVER);
    show_hash(&a, 10 * US_PER_SEC, 1, 78);
    cr_assert_gt(heads_in(&a, 10 * US_PER_SEC, 11 * US_PER_SEC), 0);
    alone_drop(&a);
}

Test(exchange, one_that_stays_fruitful_goes_on_each_fifty_milliseconds)
{
    struct alone a = alone_make(1);
    size_t n = 0;
    for (uint64_t i = 0; i < 100; i++) {
        show_hash(&a, i * 10 * MS, 1, 77);
        show_cover(&a, i * 10 * MS, 1, 500, i + 1);
        n += heads_in(&a, i * 10 * MS, (i + 1) * 10 * MS);
    }
    cr_assert_geq(n, 19);
    cr_assert_leq(n, 20);
    alone_drop(&a);
}

Test(exchange, groups_that_differ_are_answered_with_their_covers)
{
    struct alone a = alone_make(1);
    struct heal_out out;
    struct cover c;
    uint8_t groups[256];
    arrive(&a, 0, 33, 1); /* group 1 */
    arrive(&a, 0, 65, 1); /* group 1 */
    arrive(&a, 0, 34, 1); /* group 2 */
    struct writer w = writer_of(groups, sizeof(groups));
    for (int i = 0; i < LEDGER_GROUPS; i++)
        write_u64(&w, ledger_vector_groups(a.ledger)[i] + (i == 1));
    const struct peer_heads heads = {.groups = slice_of(groups, sizeof(groups))};
    cr_assert_eq(heal_heads(a.heal, 0, 1, &heads), OK);
    cr_assert(heal_poll(a.heal, 0, &out));
    cr_assert_eq(out.msg->type, PEER_HEADS);
    cr_assert_eq(out.msg->args.heads.groups.len, (size_t)0);
    struct reader r = reader_of(out.msg->args.heads.covers);
    cr_assert(cover_read(&r, &c));
    cr_assert_eq(c.epoch, 33);
    cr_assert_eq(c.applied, 1);
    cr_assert(cover_read(&r, &c));
    cr_assert_eq(c.epoch, 65);
    cr_assert_not(cover_read(&r, &c));
    cr_assert_not(heal_poll(a.heal, 0, &out));
    cr_assert_eq(heal_counters(a.heal).exchanges, 0, "an answer begins nothing");
    alone_drop(&a);
}

Test(exchange, covers_are_heard_with_their_mask_and_the_speaker_is_asked)
{
    struct alone a = alone_make(2);
    uint8_t buf[COVER_LEN];
    struct origin_view view;
    struct writer w = writer_of(buf, sizeof(buf));
    const struct cover c = {.epoch = 500, .applied = 3, .mask = 1 | 1 << 4};
    cover_write(&w, &c);
    const struct peer_heads heads = {.covers = writer_slice(&w)};
    cr_assert_eq(heal_heads(a.heal, 0, 2, &heads), OK);
    cr_assert(ledger_origin(a.ledger, 500, &view));
    cr_assert_eq(view.head, 9);
    cr_assert_eq(next_pull(&a, 5 * MS), 2);
    alone_drop(&a);
}

Test(exchange, malformed_heads_are_refused)
{
    struct alone a = alone_make(1);
    struct heal_out out;
    uint8_t buf[256] = {0};
    struct writer w = writer_of(buf, sizeof(buf));
    const struct cover good = {.epoch = 500, .applied = 3};
    const struct cover bad = {.epoch = 500, .applied = UINT64_MAX};
    cover_write(&w, &good);
    struct peer_heads heads = {.covers = slice_of(buf, COVER_LEN + 1)};
    cr_assert_eq(heal_heads(a.heal, 0, 1, &heads), ERR_MALFORMED);
    cr_assert_eq(ledger_gaps(a.ledger), 1, "what stood before the fault was heard");
    cover_write(&w, &bad);
    heads.covers = writer_slice(&w);
    cr_assert_eq(heal_heads(a.heal, 0, 1, &heads), ERR_MALFORMED);
    memset(buf, 0, sizeof(buf));
    heads.covers = slice_of(buf, COVER_LEN);
    cr_assert_eq(heal_heads(a.heal, 0, 1, &heads), ERR_MALFORMED);
    heads = (struct peer_heads){.groups = slice_of(buf, 255)};
    cr_assert_eq(heal_heads(a.heal, 0, 1, &heads), ERR_MALFORMED);
    cr_assert_not(heal_poll(a.heal, 0, &out));
    alone_drop(&a);
}
