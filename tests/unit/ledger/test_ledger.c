#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define O1 101ULL
#define O2 202ULL

Test(ledger, begins_with_index_one_and_only_its_own_origin)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    cr_assert_eq(ledger_l(l), 1);
    cr_assert_eq(ledger_epoch(l), SELF);
    cr_assert_eq(ledger_head(l), 0);
    cr_assert_eq(ledger_origins(l), 1);
    cr_assert_eq(ledger_gaps(l), 0);
    cr_assert_eq(ledger_gap_oldest(l), NEVER);
    cr_assert_eq(ledger_vector_hash(l), 0);
    cr_assert_eq(ledger_log_n(l), 0);
    drop(l);
}

Test(ledger, an_in_order_stream_is_covered_as_it_comes)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    for (uint64_t seq = 1; seq <= 1000; seq++) {
        const struct ledger_effect e = arrive(l, O1, seq, DOT_KEY);
        cr_assert_eq(e.verdict, LEDGER_FRESH);
        cr_assert_eq(e.effect_i, ledger_l(l));
        cr_assert_eq(view(l, O1).applied, seq);
        cr_assert_eq(view(l, O1).head, seq);
        cr_assert_eq(ledger_gaps(l), 0);
        cr_assert_eq(ledger_gap_oldest(l), NEVER);
    }
    cr_assert_eq(ledger_l(l), 2001); /* a head and an application each */
    cr_assert_eq(ledger_counters(l).applied, 1000);
    cr_assert_eq(ledger_counters(l).heads, 1000);
    drop(l);
}

Test(ledger, a_covered_dot_is_a_duplicate_and_changes_nothing)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    arrive(l, O1, 1, DOT_KEY);
    arrive(l, O1, 3, DOT_TAG);
    const uint64_t index = ledger_l(l);
    const uint64_t hash = ledger_vector_hash(l);
    cr_assert_eq(arrive(l, O1, 1, DOT_KEY).verdict, LEDGER_DUPLICATE);
    cr_assert_eq(arrive(l, O1, 3, DOT_TAG).verdict, LEDGER_DUPLICATE);
    cr_assert_eq(ledger_l(l), index);
    cr_assert_eq(ledger_vector_hash(l), hash);
    cr_assert_eq(ledger_log_n(l), 2);
    cr_assert_eq(ledger_counters(l).duplicates, 2);
    drop(l);
}

Test(ledger, a_dot_taken_twice_before_it_is_covered_is_covered_once)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    const struct dot d = dot_of(O1, 2, DOT_KEY);
    cr_assert_eq(ledger_take(l, 0, &d).verdict, LEDGER_FRESH);
    cr_assert_eq(ledger_take(l, 0, &d).verdict, LEDGER_FRESH);
    ledger_cover(l, &d);
    ledger_cover(l, &d);
    cr_assert_eq(ledger_log_n(l), 1);
    cr_assert_eq(ledger_counters(l).applied, 1);
    drop(l);
}

Test(ledger, strict_kinds_take_effect_at_their_application)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    hear(l, 0, O1, 5);
    cr_assert_eq(arrive(l, O1, 2, DOT_KEY).effect_i, ledger_l(l));
    cr_assert_eq(arrive(l, O1, 3, DOT_PUT).effect_i, ledger_l(l));
    drop(l);
}

Test(ledger, lean_kinds_take_effect_at_their_discovery)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    hear(l, 0, O1, 5);
    const uint64_t g = ledger_l(l);
    ledger_advance(l);
    hear(l, 0, O1, 9);
    const uint8_t kinds[] = {DOT_TAG, DOT_PREFIX, DOT_NAMESPACE, DOT_ALL, 77};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        cr_assert_eq(arrive(l, O1, i + 1, kinds[i]).effect_i, g);
    cr_assert_eq(arrive(l, O1, 6, DOT_TAG).effect_i, g + 2);
    drop(l);
}

Test(ledger, a_lean_dot_in_order_is_discovered_one_before_its_application)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    cr_assert_eq(arrive(l, O1, 1, DOT_TAG).effect_i, 2);
    cr_assert_eq(ledger_l(l), 3);
    drop(l);
}

Test(ledger, issues_sequences_from_one_and_advertises_only_what_is_covered)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    struct dot a = {.kind = DOT_KEY, .hash = 1};
    struct dot b = {.kind = DOT_TAG, .hash = 2};
    cr_assert_eq(ledger_issue(l, 0, &a).effect_i, 3);
    cr_assert_eq(ledger_issue(l, 0, &b).effect_i, 4);
    cr_assert_eq(a.epoch, SELF);
    cr_assert_eq(a.seq, 1);
    cr_assert_eq(b.seq, 2);
    cr_assert_eq(ledger_head(l), 0);
    ledger_cover(l, &b);
    cr_assert_eq(ledger_head(l), 0);
    ledger_cover(l, &a);
    cr_assert_eq(ledger_head(l), 2);
    cr_assert_eq(ledger_counters(l).issued, 2);
    cr_assert_eq(ledger_counters(l).applied, 2);
    drop(l);
}

Test(ledger, claims_about_our_own_future_are_refused_and_counted)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    struct dot own = {.kind = DOT_KEY};
    ledger_issue(l, 0, &own);
    ledger_cover(l, &own);
    const uint64_t index = ledger_l(l);
    cr_assert_eq(ledger_hear(l, 0, SELF, 1), ERR_DUPLICATE);
    cr_assert_eq(ledger_hear(l, 0, SELF, 2), ERR_REFUSED);
    cr_assert_eq(arrive(l, SELF, 2, DOT_KEY).verdict, LEDGER_DUPLICATE);
    cr_assert_eq(ledger_adopt(l, SELF, 9), ERR_REFUSED);
    cr_assert_eq(ledger_counters(l).self_heads, 2);
    cr_assert_eq(ledger_l(l), index);
    cr_assert_eq(ledger_head(l), 1);
    drop(l);
}

Test(ledger, an_unknown_origin_begins_with_a_gap_from_one)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    hear(l, 7, O1, 40);
    const struct gap g = gap_at(l, 0);
    cr_assert_eq(g.epoch, O1);
    cr_assert_eq(g.lo, 1);
    cr_assert_eq(g.hi, 40);
    cr_assert_eq(g.g, 2);
    cr_assert_eq(g.opened_at, 7);
    arrive(l, O2, 3, DOT_KEY);
    cr_assert_eq(gap_at(l, 1).epoch, O2);
    cr_assert_eq(gap_at(l, 1).lo, 1);
    cr_assert_eq(gap_at(l, 1).hi, 2);
    drop(l);
}

Test(ledger, an_old_head_or_none_is_no_news)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    hear(l, 0, O1, 4);
    const uint64_t index = ledger_l(l);
    cr_assert_eq(ledger_hear(l, 0, O1, 4), ERR_DUPLICATE);
    cr_assert_eq(ledger_hear(l, 0, O1, 3), ERR_DUPLICATE);
    cr_assert_eq(ledger_hear(l, 0, O2, 0), ERR_DUPLICATE);
    cr_assert_eq(ledger_hear(l, 0, 0, 5), ERR_REFUSED);
    cr_assert_eq(ledger_adopt(l, 0, 5), ERR_REFUSED);
    cr_assert_eq(ledger_l(l), index);
    cr_assert_eq(ledger_origins(l), 2);
    drop(l);
}

Test(ledger, without_an_origin_slot_dots_take_effect_unrecorded)
{
    struct ledger_cfg cfg = small_cfg();
    cfg.origins_max = 2;
    cfg.windows_max = 2;
    struct ledger *l = make(&cfg);
    arrive(l, O1, 1, DOT_KEY);
    const uint64_t index = ledger_l(l);
    const struct ledger_effect e = arrive(l, O2, 1, DOT_TAG);
    cr_assert_eq(e.verdict, LEDGER_BEYOND);
    cr_assert_eq(e.effect_i, index + 1);
    cr_assert_eq(ledger_l(l), index + 1);
    cr_assert_not(ledger_covered(l, O2, 1));
    cr_assert_eq(ledger_hear(l, 0, O2, 1), ERR_FULL);
    cr_assert_eq(ledger_adopt(l, O2, 1), ERR_FULL);
    cr_assert_eq(ledger_counters(l).origins_full, 3);
    cr_assert_eq(ledger_counters(l).beyond, 1);
    cr_assert_eq(arrive(l, O1, 2, DOT_KEY).verdict, LEDGER_FRESH);
    drop(l);
}

Test(ledger, adopting_covers_without_dots)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    hear(l, 0, O1, 20);
    cr_assert_eq(arrive(l, O1, 12, DOT_KEY).verdict, LEDGER_FRESH);
    cr_assert_eq(ledger_adopt(l, O1, 11), OK);
    cr_assert_eq(view(l, O1).applied, 12);
    cr_assert_eq(gap_at(l, 0).lo, 13);
    cr_assert_eq(ledger_adopt(l, O1, 5), OK);
    cr_assert_eq(view(l, O1).applied, 12);
    const uint64_t index = ledger_l(l);
    cr_assert_eq(ledger_adopt(l, O1, 5000000), OK);
    cr_assert_eq(view(l, O1).applied, 5000000);
    cr_assert_eq(view(l, O1).head, 5000000);
    cr_assert_eq(ledger_gaps(l), 0);
    cr_assert_eq(ledger_l(l), index + 1);
    cr_assert_not(ledger_log_find(l, O1, 7, &(struct dot){0}));
    cr_assert_eq(arrive(l, O1, 5000001, DOT_KEY).verdict, LEDGER_FRESH);
    drop(l);
}

Test(ledger, origins_are_listed_in_order_of_discovery)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    for (uint64_t epoch = 9; epoch > 2; epoch--)
        arrive(l, epoch, 1, DOT_KEY);
    cr_assert_eq(ledger_origins(l), 8);
    cr_assert_eq(ledger_origin_at(l, 0).epoch, SELF);
    for (size_t i = 1; i < 8; i++)
        cr_assert_eq(ledger_origin_at(l, i).epoch, 10 - i);
    drop(l);
}

Test(ledger, the_mask_of_a_view_says_what_is_covered_out_of_order)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    const uint64_t applied = 60; /* so that the mask spans two words */
    cr_assert_eq(ledger_adopt(l, O1, applied), OK);
    const uint64_t seqs[] = {62, 64, 100, 125, 126};
    for (size_t i = 0; i < ARRAY_LEN(seqs); i++)
        arrive(l, O1, seqs[i], DOT_KEY);
    const struct origin_view v = view(l, O1);
    const struct cover c = {.epoch = O1, .applied = v.applied, .mask = v.mask};
    for (uint64_t seq = 1; seq <= 125; seq++)
        cr_assert_eq(cover_has(&c, seq), ledger_covered(l, O1, seq));
    cr_assert_eq(v.mask, 1ULL << 0 | 1ULL << 2 | 1ULL << 38 | 1ULL << 63);
    drop(l);
}

Test(ledger, does_not_come_to_be_in_too_small_an_arena)
{
    const struct ledger_cfg cfg = {.epoch = SELF, .origins_max = 3, .windows_max = 2, .log_max = 4};
    const size_t enough = need(&cfg) + 64;
    bool made = false;
    for (size_t len = 0; len <= enough; len++) {
        struct arena arena;
        void *mem = calloc(1, len + 1);
        arena_init(&arena, mem, len);
        struct ledger *l = ledger_new(&arena, &cfg);
        cr_assert(!made || l != NULL); /* once it fits, it fits in more */
        made = l != NULL;
        if (made)
            cr_assert_eq(arrive(l, O1, 1, DOT_KEY).verdict, LEDGER_FRESH);
        free(mem);
    }
    cr_assert(made);
}

Test(ledger, of_production_size_fits_in_forty_mebibytes)
{
    const struct ledger_cfg cfg = {.epoch = SELF,
                                   .origins_max = 4096,
                                   .windows_max = 256,
                                   .log_max = 262144,
                                   .thin_max = 524288,
                                   .more_bytes = 1048576,
                                   .retired_max = 4096,
                                   .checkpoints_max = 4096,
                                   .bucket_bits = 16};
    const size_t bytes = need(&cfg);
    cr_log_info("ledger of production size: %zu bytes", bytes);
    cr_assert_leq(bytes, (size_t)40 << 20);
}

Test(ledger, a_head_is_heard_however_far_it_jumps)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    const uint64_t far = UINT64_C(1) << 40;
    hear(l, 0, O1, far);
    cr_assert_eq(gap_at(l, 0).lo, 1);
    cr_assert_eq(gap_at(l, 0).hi, far);
    cr_assert_eq(ledger_close(l, O1, 1, far, NULL), 2);
    cr_assert_eq(view(l, O1).applied, far);
    drop(l);
}
