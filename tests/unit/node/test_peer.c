#include <criterion/criterion.h>
#include <stdlib.h>

#include "node/peer.h"

#define MAX 8

static uint8_t memory[1 << 20];

static struct peers *make(void)
{
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    struct peers *t = peers_new(&arena, MAX, 1);
    cr_assert_not_null(t);
    return t;
}

static struct packet_head head(uint64_t sender, uint8_t run, uint64_t counter)
{
    return (struct packet_head){.sender = sender, .run = {{run, 1}}, .counter = counter};
}

static enum err accept(struct peers *t, uint64_t sender, uint8_t run, uint64_t counter)
{
    const struct packet_head h = head(sender, run, counter);
    struct peer *p;
    struct peer_run *r;
    return peers_accept(t, 1, &h, &p, &r);
}

static void prove(struct peers *t, uint64_t sender, uint8_t run)
{
    const struct peer_proven proven = {.id = sender, .run = {{run, 1}}, .challenged_at = 2};
    cr_assert(peers_prove_run(t, 1, &proven));
}

Test(peer, a_counter_is_accepted_once)
{
    struct peers *t = make();
    cr_assert_eq(accept(t, 5, 1, 1), OK);
    cr_assert_eq(accept(t, 5, 1, 1), ERR_REPLAY);
    cr_assert_eq(accept(t, 5, 1, 2), OK);
}

Test(peer, a_new_run_is_a_stranger_until_it_is_proven)
{
    struct peers *t = make();
    cr_assert_eq(accept(t, 5, 1, 1), OK);
    prove(t, 5, 1);
    cr_assert(peers_find(t, 5)->now.proven);
    cr_assert_eq(accept(t, 5, 2, 1), OK);
    cr_assert(peers_find(t, 5)->now.proven, "the believed run stays");
    cr_assert_eq(peers_find(t, 5)->now.run.bytes[0], 1);
    cr_assert_not(peers_find(t, 5)->fresh.proven);
}

Test(peer, a_proven_run_retires_the_one_before)
{
    struct peers *t = make();
    cr_assert_eq(accept(t, 5, 1, 1), OK);
    prove(t, 5, 1);
    prove(t, 5, 2);
    cr_assert_eq(accept(t, 5, 1, 2), ERR_REPLAY);
    cr_assert_eq(accept(t, 5, 2, 1), OK);
}

Test(peer, the_last_four_retired_runs_are_refused)
{
    struct peers *t = make();
    for (uint8_t run = 1; run <= 6; run++)
        prove(t, 5, run);
    for (uint8_t run = 2; run <= 5; run++)
        cr_assert_eq(accept(t, 5, run, 100), ERR_REPLAY);
}

Test(peer, a_retired_run_may_ask_to_join_again)
{
    struct peers *t = make();
    struct peer *p;
    struct peer_run *r;
    prove(t, 5, 1);
    prove(t, 5, 2);
    struct packet_head h = head(5, 1, 9);
    h.class = PACKET_JOIN;
    cr_assert_eq(peers_accept(t, 1, &h, &p, &r), OK);
    cr_assert_not(r->proven);
}

Test(peer, a_challenge_is_answered_by_its_addressee_in_time)
{
    struct peers *t = make();
    peers_challenged(t, 1000, 5, 0xABCDEF);
    cr_assert(peers_answers(t, 1001, 5, 0xABCDEF));
    cr_assert_not(peers_answers(t, 1001, 6, 0xABCDEF), "somebody else");
    cr_assert_not(peers_answers(t, 1001, 5, 0xABCDEE), "another challenge");
    cr_assert_not(peers_answers(t, 1000 + PEER_CHALLENGE_US, 5, 0xABCDEF), "too late");
}

Test(peer, a_challenge_to_an_address_is_answered_by_whoever_is_there)
{
    struct peers *t = make();
    peers_challenged(t, 1000, 0, 7);
    cr_assert(peers_answers(t, 1001, 5, 7));
    cr_assert(peers_answers(t, 1001, 6, 7));
}

Test(peer, strangers_make_room_for_each_other_and_never_for_proven_ones)
{
    struct peers *t = make();
    for (uint64_t id = 1; id <= MAX; id++)
        cr_assert_eq(accept(t, id, 1, 1), OK);
    prove(t, 3, 1);
    for (uint64_t id = 100; id < 200; id++)
        cr_assert_eq(accept(t, id, 1, 1), OK);
    cr_assert_not_null(peers_find(t, 3));
}

Test(peer, a_table_of_proven_runs_takes_nobody_else)
{
    struct peers *t = make();
    for (uint64_t id = 1; id <= MAX; id++)
        prove(t, id, 1);
    cr_assert_eq(accept(t, 100, 1, 1), ERR_FULL);
    peers_forget(t, 4);
    cr_assert_eq(accept(t, 100, 1, 1), OK);
}

Test(peer, what_is_owed_is_told_in_turn_until_it_is_paid)
{
    struct peers *t = make();
    uint32_t cursor = 0;
    cr_assert_null(peers_owing(t, 1 + PEER_COVER_US, &cursor));
    struct peer *a = peers_get(t, 1, 1);
    struct peer *b = peers_get(t, 1, 2);
    peers_owe_cover(t, 1, a);
    peers_owe_cover(t, 1, a);
    peers_owe_echo(t, 1, b, 99);
    struct peer *first = peers_owing(t, 1 + PEER_COVER_US, &cursor);
    peers_paid(t, first);
    struct peer *second = peers_owing(t, 1 + PEER_COVER_US, &cursor);
    cr_assert_neq(first, second);
    peers_paid(t, second);
    cr_assert_eq(peers_owed_at(t), NEVER);
}

Test(peer, a_cover_waits_a_moment_for_company_and_an_echo_does_not)
{
    struct peers *t = make();
    uint32_t cursor = 0;
    struct peer *a = peers_get(t, 1, 1);
    peers_owe_cover(t, 10, a);
    cr_assert_null(peers_owing(t, 10, &cursor));
    cr_assert_eq(peers_owed_at(t), 10 + PEER_COVER_US);
    cr_assert_eq(peers_owing(t, 10 + PEER_COVER_US, &cursor), a);
    peers_owe_echo(t, 20, a, 5);
    cr_assert_eq(peers_owing(t, 20, &cursor), a);
    peers_paid(t, a);
    cr_assert_eq(peers_owed_at(t), NEVER);
}

Test(peer, a_stream_of_a_dead_run_does_not_bring_it_back)
{
    struct peers *t = make();
    struct peer *p;
    struct peer_run *r;
    const struct peer_proven dead = {.id = 5, .run = {{1, 1}}, .challenged_at = 100};
    const struct peer_proven living = {.id = 5, .run = {{2, 1}}, .challenged_at = 150};
    const struct packet_head join = {
        .class = PACKET_JOIN, .sender = 5, .run = {{1, 1}}, .counter = 1};
    cr_assert(peers_prove_run(t, 200, &living));
    /* A recording of its JOIN makes the dead run known again, and the last bytes of a stream that was
     * begun with it arrive only now. */
    cr_assert_eq(peers_accept(t, 201, &join, &p, &r), OK);
    cr_assert_not(peers_prove_run(t, 202, &dead));
    p = peers_find(t, 5);
    cr_assert_eq(p->now.run.bytes[0], 2, "the living one is believed still");
}

Test(peer, an_answer_to_a_challenge_from_before_the_last_proof_counts_for_nothing)
{
    struct peers *t = make();
    const struct peer_proven living = {.id = 5, .run = {{2, 1}}, .challenged_at = 1200};
    peers_challenged(t, 1000, 0, 0xABCDEF);
    cr_assert(peers_prove_run(t, 1300, &living));
    peers_challenged(t, 1400, 0, 0xABCDE0); /* the next try is another challenge */
    cr_assert_not(peers_answers(t, 1500, 5, 0xABCDEF), "a dead process answered the first one");
    cr_assert(peers_answers(t, 1500, 5, 0xABCDE0));
}

Test(peer, a_challenge_that_lost_its_place_to_another_is_not_answered)
{
    struct peers *t = make();
    peers_challenged(t, 1000, 5, 0x1001);
    peers_challenged(t, 1001, 6, 0x2001);
    cr_assert_not(peers_answers(t, 1002, 5, 0x1001));
    cr_assert(peers_answers(t, 1002, 6, 0x2001));
}

static struct peer_run *hear(struct peers *t, uint8_t run, uint64_t counter)
{
    const struct packet_head h = head(5, run, counter);
    struct peer *p = NULL;
    struct peer_run *r = NULL;
    cr_assert_eq(peers_accept(t, 1, &h, &p, &r), OK);
    return r;
}

static void prove_heard(struct peers *t, struct peer_run *run)
{
    peers_prove(peers_find(t, 5), 2, run);
}

Test(peer, what_a_run_said_before_it_was_forgotten_is_not_heard_again)
{
    struct peers *t = make();
    prove_heard(t, hear(t, 1, 1));
    for (uint64_t counter = 2; counter <= 40; counter++)
        cr_assert_eq(accept(t, 5, 1, counter), OK);
    peers_forget(t, 5);
    prove_heard(t, hear(t, 1, 41));
    for (uint64_t counter = 1; counter <= 41; counter++)
        cr_assert_eq(accept(t, 5, 1, counter), ERR_REPLAY);
    cr_assert_eq(accept(t, 5, 1, 42), OK);
    cr_assert_eq(accept(t, 5, 1, 2000), OK);
    cr_assert_eq(accept(t, 5, 1, 1999), OK, "from then on all that is new counts, in any order");
    cr_assert_eq(accept(t, 5, 1, 42), ERR_REPLAY);
}

Test(peer, nor_is_it_when_a_stream_proved_the_run)
{
    struct peers *t = make();
    const struct peer_proven proven = {.id = 5, .run = {{1, 1}}, .challenged_at = 2, .counter = 41};
    cr_assert(peers_prove_run(t, 3, &proven));
    for (uint64_t counter = 1; counter <= 41; counter++)
        cr_assert_eq(accept(t, 5, 1, counter), ERR_REPLAY);
    cr_assert_eq(accept(t, 5, 1, 42), OK);
}

/* A stream may be faster than the datagrams that left before it. */
Test(peer, a_run_that_is_proven_again_loses_nothing)
{
    struct peers *t = make();
    const struct peer_proven proven = {.id = 5, .run = {{1, 1}}, .challenged_at = 2, .counter = 41};
    prove_heard(t, hear(t, 1, 1));
    cr_assert(peers_prove_run(t, 3, &proven));
    cr_assert_eq(accept(t, 5, 1, 40), OK);
    struct peer *p = peers_find(t, 5);
    peers_prove(p, 4, &p->now);
    cr_assert_eq(accept(t, 5, 1, 39), OK);
}

Test(peer, the_late_answer_of_a_dead_run_does_not_shut_out_the_one_that_is_not_proven_yet)
{
    struct peers *t = make();
    struct peer *p;
    struct peer_run *r;
    const struct packet_head living = {
        .class = PACKET_MEMBER, .sender = 5, .run = {{2, 1}}, .counter = 1};
    const struct packet_head again = {
        .class = PACKET_MEMBER, .sender = 5, .run = {{2, 1}}, .counter = 2};
    const struct packet_head dead = {
        .class = PACKET_MEMBER, .sender = 5, .run = {{1, 1}}, .counter = 9};
    cr_assert_eq(peers_accept(t, 1, &living, &p, &r), OK);
    cr_assert_eq(peers_accept(t, 2, &dead, &p, &r), OK);
    peers_prove(p, 2, r);
    cr_assert_eq(peers_accept(t, 3, &again, &p, &r), OK);
    peers_prove(p, 3, r);
    cr_assert_eq(p->now.run.bytes[0], 2);
}
