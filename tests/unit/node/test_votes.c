#include <criterion/criterion.h>

#include "node/votes.h"

static uint8_t memory[16384];

static struct votes *make(uint32_t expect)
{
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    struct votes *v = votes_new(&arena, expect);
    cr_assert_not_null(v);
    return v;
}

static enum peer_vote synced(struct votes *v, uint64_t id, uint64_t epoch, enum peer_vote vote)
{
    cr_assert_eq(votes_synced(v, id, epoch, vote), OK);
    return votes_mode(v);
}

Test(votes, without_a_number_of_names_nobody_votes)
{
    struct votes *v = make(0);
    for (uint64_t id = 1; id < 9; id++)
        cr_assert_eq(synced(v, id, id, VOTE_REGULAR), VOTE_NONE);
}

Test(votes, a_cluster_of_one_votes_at_once)
{
    cr_assert_eq(votes_mode(make(1)), VOTE_REGULAR);
}

/* One donor of two would do for a union of three; it is the other one that held the dot. */
Test(votes, of_three_names_both_others_must_have_been_synced_with)
{
    struct votes *v = make(3);
    cr_assert_eq(votes_mode(v), VOTE_NONE);
    cr_assert_eq(synced(v, 1, 10, VOTE_REGULAR), VOTE_NONE);
    cr_assert_eq(synced(v, 1, 10, VOTE_REGULAR), VOTE_NONE, "the same name again");
    cr_assert_eq(synced(v, 2, 20, VOTE_REGULAR), VOTE_REGULAR);
}

Test(votes, enough_voters_meet_every_majority)
{
    for (uint32_t n = 2; n <= 9; n++) {
        struct votes *v = make(n);
        const uint32_t m = n / 2 + 1;
        uint64_t id = 1;
        for (; id <= n - m; id++)
            cr_assert_eq(synced(v, id, id, VOTE_REGULAR), VOTE_NONE, "%u names", n);
        cr_assert_eq(synced(v, id, id, VOTE_REGULAR), VOTE_REGULAR, "%u names", n);
    }
}

Test(votes, a_first_start_begins_anew_when_all_have_synced)
{
    struct votes *v = make(5);
    for (uint64_t id = 1; id <= 3; id++)
        cr_assert_eq(synced(v, id, id, VOTE_NONE), VOTE_NONE);
    cr_assert_eq(synced(v, 4, 4, VOTE_NONE), VOTE_ANEW);
}

/* Two of three restart at once: their majority may have held a dot that nobody has any more. */
Test(votes, too_few_voters_left_begin_anew)
{
    struct votes *v = make(3);
    cr_assert_eq(synced(v, 1, 10, VOTE_REGULAR), VOTE_NONE);
    cr_assert_eq(synced(v, 2, 20, VOTE_NONE), VOTE_ANEW);
}

Test(votes, those_that_began_anew_are_voters_like_others)
{
    struct votes *v = make(3);
    synced(v, 1, 10, VOTE_ANEW);
    cr_assert_eq(synced(v, 2, 20, VOTE_ANEW), VOTE_REGULAR);
}

Test(votes, a_vote_that_came_after_the_sync_needs_another_sync)
{
    struct votes *v = make(5);
    synced(v, 1, 10, VOTE_NONE);
    synced(v, 2, 20, VOTE_REGULAR);
    cr_assert_eq(synced(v, 3, 30, VOTE_REGULAR), VOTE_NONE);
    cr_assert_eq(synced(v, 1, 10, VOTE_REGULAR), VOTE_REGULAR);
}

Test(votes, a_sync_with_a_run_that_ended_counts_no_longer)
{
    struct votes *v = make(3);
    synced(v, 1, 10, VOTE_REGULAR);
    votes_run(v, 1, 10);
    votes_run(v, 1, 11);
    cr_assert_eq(synced(v, 2, 20, VOTE_REGULAR), VOTE_NONE);
    votes_gone(v, 2);
    cr_assert_eq(synced(v, 1, 11, VOTE_REGULAR), VOTE_NONE);
    cr_assert_eq(votes_view(v).synced_n, 1);
    cr_assert_eq(synced(v, 2, 20, VOTE_REGULAR), VOTE_REGULAR);
}

Test(votes, a_vote_once_given_stays)
{
    struct votes *v = make(2);
    cr_assert_eq(synced(v, 1, 10, VOTE_NONE), VOTE_ANEW);
    votes_gone(v, 1);
    votes_run(v, 1, 12);
    cr_assert_eq(synced(v, 1, 12, VOTE_REGULAR), VOTE_ANEW);
}

Test(votes, names_beyond_the_table_are_counted_and_not_believed)
{
    struct votes *v = make(64);
    for (uint64_t id = 1; id <= VOTES_MEMBERS; id++)
        cr_assert_eq(votes_synced(v, id, id, VOTE_NONE), OK);
    cr_assert_eq(votes_synced(v, 999, 999, VOTE_NONE), ERR_FULL);
    cr_assert_eq(votes_view(v).full, 1);
    cr_assert_eq(votes_view(v).synced_n, VOTES_MEMBERS);
}
