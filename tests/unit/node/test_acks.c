#include <criterion/criterion.h>
#include <string.h>

#include "node/acks.h"

#define SELF 1000ULL
#define MS   US_PER_MS
#define D    (1000 * MS)

static uint8_t memory[1 << 20];

static struct acks *make_of(uint32_t expect, uint32_t members_max, uint32_t waits_max)
{
    const struct acks_cfg cfg = {.epoch = SELF,
                                 .name = slice_text("self"),
                                 .expect = expect,
                                 .members_max = members_max,
                                 .waits_max = waits_max};
    struct arena arena;
    memset(memory, 0, sizeof memory);
    arena_init(&arena, memory, sizeof memory);
    struct acks *a = acks_new(&arena, &cfg);
    cr_assert_not_null(a);
    return a;
}

/* Member id is called "a" for 1, "b" for 2 and so on; its first run has epoch 10 * id. */
static enum err member(struct acks *a, uint64_t id, uint64_t run, bool votes)
{
    const char name[] = {(char)('a' + (id - 1) % 26), '\0'};
    return acks_member(
        a, &(struct acks_member){.id = id, .name = slice_text(name), .epoch = run, .votes = votes});
}

/* N names of which we are one; all vote. */
static struct acks *make(uint32_t expect)
{
    struct acks *a = make_of(expect, 100, 8);
    acks_vote(a, true);
    for (uint64_t id = 1; id < expect; id++)
        cr_assert_eq(member(a, id, 10 * id, true), OK);
    return a;
}

static void begin(struct acks *a, mono_us now, enum acks_level level, uint32_t k)
{
    cr_assert_eq(acks_admit(a, level), OK);
    acks_begin(a, now,
               &(struct acks_wait){.ticket = 7,
                                   .lo = 5,
                                   .hi = 6,
                                   .level = level,
                                   .k = k,
                                   .window_us = D,
                                   .deadline = now + 5 * D});
}

static void cover(struct acks *a, uint64_t id, uint64_t run)
{
    acks_cover(a, id, run, &(struct cover){.epoch = SELF, .applied = 6});
}

/* The machine asks for round trips, and everybody but the one answers; returns how many were asked. */
static int answer_rounds(struct acks *a, mono_us now, uint64_t silent)
{
    uint64_t id;
    int n = 0;
    while (acks_ask(a, now, &id)) {
        n++;
        if (id != silent)
            acks_round(a, id, 10 * id, now);
    }
    return n;
}

static bool ended(struct acks *a, mono_us now, struct acks_done *out)
{
    *out = (struct acks_done){0};
    return acks_poll(a, now, out);
}

static void nothing_ends(struct acks *a, mono_us now)
{
    struct acks_done done;
    cr_assert_not(ended(a, now, &done), "ticket %llu", (unsigned long long)done.ticket);
}

static void ends(struct acks *a, mono_us now, bool reached)
{
    struct acks_done done;
    cr_assert(ended(a, now, &done));
    cr_assert_eq(done.ticket, 7);
    cr_assert_eq(done.reached, reached);
    cr_assert_eq(acks_counters(a).waiting, 0);
}

static bool names(const struct slice *at, size_t n, const char *all)
{
    char text[256] = "";
    for (size_t i = 0; i < n; i++) {
        strncat(text, (const char *)at[i].at, at[i].len);
        strncat(text, " ", 2);
    }
    return strcmp(text, all) == 0;
}

Test(acks, local_is_reached_at_once_and_misses_nobody)
{
    struct acks *a = make(3);
    struct acks_done done;
    begin(a, 1, ACKS_LOCAL, 0);
    cr_assert(ended(a, 1, &done));
    cr_assert(done.reached);
    cr_assert(names(done.applied, done.applied_n, "self "));
    cr_assert_eq(done.missing_n, 0);
}

Test(acks, k_counts_others_only)
{
    struct acks *a = make(4);
    begin(a, 1, ACKS_K, 2);
    nothing_ends(a, 1);
    cover(a, 1, 10);
    nothing_ends(a, 2);
    cover(a, 1, 10);
    nothing_ends(a, 3);
    cover(a, 3, 30);
    ends(a, 4, true);
}

Test(acks, alone_all_is_reached_at_once_and_k_is_not)
{
    struct acks *a = make(1);
    begin(a, 1, ACKS_ALL, 0);
    ends(a, 1, true);
    begin(a, 1, ACKS_K, 1);
    nothing_ends(a, 1);
    ends(a, 1 + 5 * D, false);
}

Test(acks, the_mask_covers_a_range_behind_a_hole)
{
    struct acks *a = make(2);
    begin(a, 1, ACKS_ALL, 0);
    acks_cover(a, 1, 10, &(struct cover){.epoch = SELF, .applied = 3, .mask = 1}); /* 5 only */
    nothing_ends(a, 2);
    acks_cover(a, 1, 10, &(struct cover){.epoch = SELF, .applied = 3, .mask = 3}); /* 5 and 6 */
    ends(a, 3, true);
}

Test(acks, covers_of_other_origins_and_strangers_do_not_count)
{
    struct acks *a = make(2);
    begin(a, 1, ACKS_ALL, 0);
    acks_cover(a, 1, 10, &(struct cover){.epoch = SELF + 1, .applied = 6});
    cover(a, 9, 90);
    cover(a, 1, 11);
    nothing_ends(a, 2);
    cr_assert_eq(acks_counters(a).strangers, 3);
}

Test(acks, all_waits_for_who_was_there_at_the_begin)
{
    struct acks *a = make(3);
    struct acks_done done;
    begin(a, 1, ACKS_ALL, 0);
    cr_assert_eq(member(a, 9, 90, true), OK); /* came later */
    cover(a, 1, 10);
    nothing_ends(a, 2);
    cover(a, 2, 20);
    cr_assert(ended(a, 3, &done));
    cr_assert(done.reached);
    cr_assert(names(done.applied, done.applied_n, "self a b "));
    cr_assert_eq(done.missing_n, 0);
}

Test(acks, all_drops_who_goes_meanwhile_and_lists_it_as_missing)
{
    struct acks *a = make(3);
    struct acks_done done;
    begin(a, 1, ACKS_ALL, 0);
    cover(a, 1, 10);
    nothing_ends(a, 2);
    acks_gone(a, 2);
    cr_assert(ended(a, 3, &done));
    cr_assert(done.reached);
    cr_assert(names(done.applied, done.applied_n, "self a "));
    cr_assert(names(done.missing, done.missing_n, "b "));
}

Test(acks, all_takes_back_what_a_restarted_member_had_acknowledged)
{
    struct acks *a = make(3);
    struct acks_done done;
    begin(a, 1, ACKS_ALL, 0);
    cover(a, 1, 10);
    nothing_ends(a, 2);
    cr_assert_eq(member(a, 1, 11, false), OK);
    cover(a, 2, 20);
    cr_assert(ended(a, 3, &done));
    cr_assert(done.reached);
    cr_assert(names(done.applied, done.applied_n, "self b "));
    cr_assert(names(done.missing, done.missing_n, "a "));
    cr_assert_eq(acks_counters(a).forgotten, 1);
}

Test(acks, a_restarted_member_is_listed_again_once_its_new_run_covers)
{
    struct acks *a = make(3);
    struct acks_done done;
    begin(a, 1, ACKS_ALL, 0);
    cr_assert_eq(member(a, 1, 11, false), OK);
    cover(a, 1, 11);
    cover(a, 2, 20);
    cr_assert(ended(a, 3, &done));
    cr_assert(names(done.applied, done.applied_n, "self a b "));
}

Test(acks, quorum_wants_a_round_trip_with_each_run_that_it_counts)
{
    struct acks *a = make(3);
    begin(a, 1, ACKS_QUORUM, 0);
    nothing_ends(a, 1);
    cover(a, 1, 10);
    acks_round(a, 1, 10, 2); /* sent before the cover was in: proves nothing */
    nothing_ends(a, 3);
    cr_assert_eq(answer_rounds(a, 3, 0), 0, "in the turn of the cover the clock is too old");
    cr_assert_eq(acks_deadline(a), 4);
    cr_assert_eq(answer_rounds(a, 4, 0), 1);
    ends(a, 5, true);
}

/* The voters a, b, c, d and we. a covers and acknowledges, restarts, and learns from c and d, who know
 * nothing; b covers. a's acknowledgement plus b's would be a majority with ours, but no majority ever
 * held the dot at one moment: a', c and d are one that never heard of it. */
Test(acks, an_acknowledgement_of_a_run_that_died_meanwhile_makes_no_quorum)
{
    struct acks *a = make(5);
    begin(a, 1, ACKS_QUORUM, 0);
    cover(a, 1, 10);
    cover(a, 2, 20); /* nobody told us of the restart */
    nothing_ends(a, 2);
    answer_rounds(a, 3, 1);
    nothing_ends(a, 4);
    cr_assert_eq(member(a, 1, 11, true), OK); /* now somebody does */
    nothing_ends(a, 5);
    ends(a, 1 + 5 * D, false);
}

Test(acks, a_quorum_counts_the_new_run_of_a_voter_only_if_it_votes)
{
    struct acks *a = make(3);
    cr_assert_eq(member(a, 2, 20, false), OK);
    begin(a, 1, ACKS_QUORUM, 0);
    cr_assert_eq(member(a, 1, 11, false), OK);
    cover(a, 1, 11);
    cover(a, 2, 20);
    nothing_ends(a, 2);
    cr_assert_eq(member(a, 1, 11, true), OK);
    nothing_ends(a, 3);
    acks_round(a, 1, 11, 4);
    ends(a, 5, true);
}

Test(acks, the_issuer_counts_only_if_it_votes_itself)
{
    struct acks *a = make(3);
    acks_vote(a, false);
    begin(a, 1, ACKS_QUORUM, 0);
    cover(a, 1, 10);
    nothing_ends(a, 2);
    cr_assert_eq(answer_rounds(a, 3, 0), 0);
    cover(a, 2, 20);
    nothing_ends(a, 4);
    cr_assert_eq(answer_rounds(a, 5, 0), 2);
    ends(a, 6, true);
}

Test(acks, who_covers_later_stands_in_for_who_fell_silent)
{
    struct acks *a = make(5);
    begin(a, 1, ACKS_QUORUM, 0);
    cover(a, 1, 10);
    cover(a, 2, 20);
    nothing_ends(a, 2);
    cr_assert_eq(answer_rounds(a, 3, 2), 2);
    nothing_ends(a, 4);
    cover(a, 3, 30);
    nothing_ends(a, 5);
    cr_assert_eq(answer_rounds(a, 6, 2), 0, "it waits a little for the silent one");
    nothing_ends(a, 2 + ACKS_ROUND_US);
    cr_assert_geq(answer_rounds(a, 3 + ACKS_ROUND_US, 2), 2);
    ends(a, 4 + ACKS_ROUND_US, true);
}

Test(acks, a_lost_round_trip_is_asked_for_again)
{
    struct acks *a = make(3);
    uint64_t id;
    begin(a, 1, ACKS_QUORUM, 0);
    cover(a, 1, 10);
    nothing_ends(a, 1);
    cr_assert(acks_ask(a, 2, &id));
    cr_assert_not(acks_ask(a, 2, &id));
    cr_assert_not(acks_ask(a, 2 + ACKS_ROUND_US - 1, &id));
    nothing_ends(a, 2 + ACKS_ROUND_US);
    cr_assert(acks_ask(a, 2 + ACKS_ROUND_US, &id));
}

Test(acks, fenced_waits_for_the_window_after_the_quorum)
{
    struct acks *a = make(3);
    begin(a, 1, ACKS_FENCED, 0);
    cover(a, 1, 10);
    nothing_ends(a, 2);
    const mono_us quorum_at = 800 * MS;
    acks_round(a, 1, 10, quorum_at);
    nothing_ends(a, quorum_at);
    acks_vote(a, true);                    /* look anew */
    nothing_ends(a, 3 + acks_fence_us(D)); /* from the last cover: too early, as from the issue */
    cr_assert_eq(acks_deadline(a), quorum_at + acks_fence_us(D));
    nothing_ends(a, quorum_at + acks_fence_us(D) - 1);
    ends(a, quorum_at + acks_fence_us(D), true);
}

Test(acks, while_a_round_trip_does_not_come_back_there_is_always_a_later_moment_to_look)
{
    struct acks *a = make(3);
    mono_us now = 2;
    begin(a, 1, ACKS_QUORUM, 0);
    cover(a, 1, 10);
    for (int looks = 0; now < D; looks++) {
        cr_assert_lt(looks, 200, "it spins at %llu", (unsigned long long)now);
        nothing_ends(a, now);
        (void)answer_rounds(a, now, 1); /* asked again and again, and silent */
        cr_assert_gt(acks_deadline(a), now);
        now = acks_deadline(a);
    }
    ends(a, 1 + 5 * D, false);
}

Test(acks, a_fence_lasts_the_window_on_the_slowest_readers_clock)
{
    cr_assert_eq(acks_fence_us(999), 1001 + ACKS_SLACK_US);
    cr_assert_eq(acks_fence_us(1000), 1003 + ACKS_SLACK_US, "rounded up");
    cr_assert_gt(acks_fence_us(1000 * US_PER_SEC), 1002 * US_PER_SEC + ACKS_SLACK_US,
                 "more than D (1 + 2 rho)");
}

Test(acks, fenced_returns_early_only_when_all_expected_names_have_covered)
{
    struct acks *a = make(3);
    begin(a, 1, ACKS_FENCED, 0);
    cover(a, 1, 10);
    acks_gone(a,
              2); /* all that live have covered; the one taken for dead may still certify reads */
    nothing_ends(a, 2);
    answer_rounds(a, 3, 0);
    nothing_ends(a, 4);
    nothing_ends(a, D / 2);
    cover(a, 2, 20);
    nothing_ends(a, D / 2 + 1);
    acks_round(a, 1, 10, D / 2 + 2);
    nothing_ends(a, D / 2 + 3);
    acks_round(a, 2, 20, D / 2 + 2);
    ends(a, D / 2 + 4, true);
}

/* a covers and restarts without our knowledge; then b covers. All three names once covered, but a' may
 * hold an old entry that it took from b before, and a certificate of polls of that time. */
Test(acks, fenced_does_not_return_early_for_a_name_whose_run_is_gone)
{
    struct acks *a = make(3);
    begin(a, 1, ACKS_FENCED, 0);
    cover(a, 1, 10);
    cover(a, 2, 20);
    nothing_ends(a, 2);
    answer_rounds(a, 3, 1);
    nothing_ends(a, 4);
    nothing_ends(a, 4 + acks_fence_us(D) - 1);
    ends(a, 4 + acks_fence_us(D), true);
}

Test(acks, a_restart_while_all_are_being_proven_makes_them_be_proven_again)
{
    struct acks *a = make(3);
    begin(a, 1, ACKS_FENCED, 0);
    cover(a, 1, 10);
    cover(a, 2, 20);
    nothing_ends(a, 2);
    acks_round(a, 2, 20, 3);
    cr_assert_eq(member(a, 1, 11, true), OK);
    acks_round(a, 1, 11, 4); /* answered before the new run covered */
    cover(a, 1, 11);
    nothing_ends(a, 5);
    acks_round(a, 1, 11, 6);
    acks_round(a, 2, 20, 6);
    ends(a, 7, true);
}

Test(acks, fewer_than_a_majority_by_the_deadline_is_not_reached)
{
    struct acks *a = make(5);
    struct acks_done done;
    begin(a, 1, ACKS_FENCED, 0);
    cover(a, 1, 10);
    nothing_ends(a, 5 * D);
    cr_assert(ended(a, 1 + 5 * D, &done));
    cr_assert_not(done.reached);
    cr_assert(names(done.applied, done.applied_n, "self a "));
    cr_assert(names(done.missing, done.missing_n, "b c d "));
    cr_assert_eq(acks_counters(a).failed, 1);
}

Test(acks, a_fence_that_a_majority_began_goes_on_past_the_deadline)
{
    struct acks *a = make(3);
    begin(a, 1, ACKS_FENCED, 0);
    cover(a, 1, 10);
    nothing_ends(a, 5 * D - 2);
    acks_round(a, 1, 10, 5 * D - 1);
    nothing_ends(a, 5 * D);
    nothing_ends(a, 1 + 5 * D);
    ends(a, 5 * D + acks_fence_us(D), true);
}

Test(acks, quorum_and_fenced_want_to_know_how_many_names_there_are)
{
    struct acks *a = make_of(0, 8, 8);
    cr_assert_eq(acks_admit(a, ACKS_QUORUM), ERR_CONFIG);
    cr_assert_eq(acks_admit(a, ACKS_FENCED), ERR_CONFIG);
    cr_assert_eq(acks_admit(a, ACKS_ALL), OK);
}

Test(acks, more_names_than_expected_make_no_majority)
{
    struct acks *a = make(3);
    begin(a, 1, ACKS_QUORUM, 0);
    cr_assert_eq(member(a, 3, 30, true), OK);
    cr_assert_eq(acks_admit(a, ACKS_QUORUM), ERR_LIMIT);
    for (uint64_t id = 1; id <= 3; id++) {
        cover(a, id, 10 * id);
        acks_round(a, id, 10 * id, 2);
    }
    nothing_ends(a, 3);
    for (uint64_t id = 1; id <= 3; id++)
        acks_round(a, id, 10 * id, 4);
    nothing_ends(a, 5);
    acks_gone(a, 3);
    nothing_ends(a, 6);
    cr_assert_gt(answer_rounds(a, 7, 0), 0);
    ends(a, 8, true);
}

Test(acks, a_full_table_of_waits_is_refused_before_dots_are_allotted)
{
    struct acks *a = make_of(0, 4, 2);
    cr_assert_eq(member(a, 1, 10, true), OK);
    begin(a, 1, ACKS_K, 1);
    begin(a, 1, ACKS_K, 1);
    cr_assert_eq(acks_admit(a, ACKS_K), ERR_FULL);
    cr_assert_eq(acks_counters(a).waits_full, 1);
    cover(a, 1, 10);
    struct acks_done done;
    cr_assert(ended(a, 2, &done) && done.reached);
    cr_assert(ended(a, 2, &done) && done.reached);
    nothing_ends(a, 2);
    cr_assert_eq(acks_admit(a, ACKS_K), OK);
}

Test(acks, a_full_table_of_members_makes_room_where_nobody_is_named)
{
    struct acks *a = make_of(0, 2, 8);
    cr_assert_eq(member(a, 1, 10, true), OK);
    cr_assert_eq(member(a, 2, 20, true), OK);
    cr_assert_eq(member(a, 3, 30, true), ERR_FULL);
    cr_assert_eq(acks_counters(a).members_full, 1);
    begin(a, 1, ACKS_K, 2);
    acks_gone(a, 1);
    cr_assert_eq(member(a, 3, 30, true), ERR_FULL, "a wait may have to name it");
    ends(a, 1 + 5 * D, false);
    cr_assert_eq(member(a, 3, 30, true), OK);
    begin(a, 1, ACKS_ALL, 0);
    cover(a, 1, 10); /* no longer known */
    cover(a, 2, 20);
    cover(a, 3, 30);
    ends(a, 2, true);
}

Test(acks, waits_end_each_for_itself)
{
    struct acks *a = make_of(0, 70, 8);
    struct acks_done done;
    for (uint64_t id = 1; id <= 70; id++)
        cr_assert_eq(member(a, id, 10 * id, true), OK);
    for (uint64_t i = 0; i < 3; i++)
        acks_begin(a, 1,
                   &(struct acks_wait){.ticket = i,
                                       .lo = i + 1,
                                       .hi = i + 1,
                                       .level = ACKS_ALL,
                                       .deadline = i == 1 ? 5 : NEVER});
    for (uint64_t id = 1; id <= 70; id++)
        acks_cover(a, id, 10 * id, &(struct cover){.epoch = SELF, .applied = 1});
    cr_assert(ended(a, 2, &done));
    cr_assert_eq(done.ticket, 0);
    cr_assert_eq(done.applied_n, 71);
    nothing_ends(a, 2);
    cr_assert_eq(acks_deadline(a), 5);
    acks_cover(a, 70, 700, &(struct cover){.epoch = SELF, .applied = 3});
    cr_assert(ended(a, 5, &done));
    cr_assert_eq(done.ticket, 1);
    cr_assert_eq(done.applied_n, 2);
    cr_assert_eq(done.missing_n, 69);
    for (uint64_t id = 1; id < 70; id++)
        acks_cover(a, id, 10 * id, &(struct cover){.epoch = SELF, .applied = 3});
    cr_assert(ended(a, 6, &done));
    cr_assert_eq(done.ticket, 2);
    cr_assert_eq(acks_deadline(a), 0, "until the rest was looked at");
    nothing_ends(a, 6);
    cr_assert_eq(acks_deadline(a), NEVER);
}

Test(acks, an_arena_that_is_too_small_gives_no_table)
{
    const struct acks_cfg cfg = {
        .epoch = SELF, .name = slice_text("self"), .members_max = 4, .waits_max = 4};
    static uint8_t small[8192];
    struct arena arena;
    struct acks *a = NULL;
    size_t len = 0;
    for (; a == NULL; len += 64) {
        cr_assert_leq(len, sizeof small);
        arena_init(&arena, small, len);
        a = acks_new(&arena, &cfg);
    }
    cr_assert_gt(len, 64);
}
