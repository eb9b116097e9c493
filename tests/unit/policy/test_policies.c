#include <criterion/criterion.h>

#include "policy/policy.h"

#include "small.h"

#define PLAYS(policy, capacity, letters, hits)                                                     \
    cr_assert_str_eq(play(policy, capacity, letters), hits)

Test(policies, fifo_ignores_hits)
{
    PLAYS(&POLICY_FIFO, 2, "abacab", "--+---");
    PLAYS(&POLICY_FIFO, 2, "abaca", "--+--");
}

Test(policies, lru_keeps_what_was_used_last)
{
    PLAYS(&POLICY_LRU, 2, "abacab", "--+-+-");
    PLAYS(&POLICY_LRU, 3, "abcabcdab", "---+++---");
}

/* Figure 1 of the paper: the hand spares a used object without moving it to the head. */
Test(policies, sieve_spares_the_used_once_and_goes_on_from_there)
{
    PLAYS(&POLICY_SIEVE, 3, "abcadabc", "---+-+--");
    PLAYS(&POLICY_SIEVE, 2, "aabcac", "-+--++");
    PLAYS(&POLICY_SIEVE, 3, "ffcegbf", "-+----+"); /* a hand that began anew would take f */
}

Test(policies, sieve_takes_the_newest_when_all_others_are_used)
{
    PLAYS(&POLICY_SIEVE, 3,
          "abcabdabe"
          "ab",
          "---++-++-++");
}

/* Capacity 10: one in small, nine in main, nine ghosts. */
Test(policies, s3fifo_lets_a_scan_pass_through_the_small_queue)
{
    /* b to j went to main while the cache was empty; a is in small, and only that place is fought for */
    PLAYS(&POLICY_S3FIFO, 10,
          "abcdefghij"
          "klmno"
          "bcdefghij",
          "----------"
          "-----"
          "+++++++++");
}

Test(policies, s3fifo_takes_a_ghost_back_into_main)
{
    /* a leaves small for the ghosts; when it comes back it goes to main, where b leaves for it */
    PLAYS(&POLICY_S3FIFO, 10,
          "abcdefghij"
          "k"
          "a"
          "lm"
          "a",
          "----------"
          "-"
          "-"
          "--"
          "+");
}

Test(policies, s3fifo_moves_to_main_what_was_used_twice)
{
    PLAYS(&POLICY_S3FIFO, 10,
          "aabcdefghij"
          "k"
          "a",
          "-+---------"
          "-"
          "-");
    PLAYS(&POLICY_S3FIFO, 10,
          "aaabcdefghij"
          "k"
          "a",
          "-++---------"
          "-"
          "+");
}

Test(policies, s3fifo_of_the_paper_lets_the_small_queue_fill_an_empty_cache)
{
    PLAYS(&POLICY_S3FIFO_PAPER, 10,
          "abcdefghij"
          "klmno"
          "fghij",
          "----------"
          "-----"
          "+++++");
    PLAYS(&POLICY_S3FIFO_PAPER, 10,
          "abcdefghij"
          "klmno"
          "bcdef",
          "----------"
          "-----"
          "-----");
}

Test(policies, opt_lets_go_what_comes_again_last)
{
    /* Belady's own reasoning: with three places, c goes for d, as a and b come again sooner */
    PLAYS(&POLICY_OPT, 3, "abcdabc", "----++-");
    PLAYS(&POLICY_OPT, 3, "abcdabeabcde", "----++-++--+");
}

/* The answers are those of another program, which keeps each queue as a plain list. */
static const char MANY[] =
    "cajagcafadaadpaaivhdwarbaabpahicgaaakdbhebokbhfrlbwadnaeajnhrbkhheqvejaljxpbcjae"
    "aaanabdraegsprbdcsvaaaaehbadcgvkfikatnroddaiaaaacaaaacariabccaqxeeaacbpaavfagafw";

Test(policies, many_requests_are_answered_as_by_a_naive_program)
{
    PLAYS(&POLICY_FIFO, 6, MANY,
          "---+-++-+-+++-++---+----+++-++----++-----+-+++--------+-+-+----+++------+-------"
          "+++-++--++---+-+-+--+++--++-+-+---+------++--+++-+++++++++-+++---+++++--+--+-++-");
    PLAYS(&POLICY_LRU, 6, MANY,
          "---+-++-+-+++-++---+-+--+++-+----+++-----+-+++---+----+-+-+----++---+---+----+--"
          "+++-++--++---+---+--+++---+-------+------++-++++-+++++++++-+++---+++++-++--+-++-");
    PLAYS(&POLICY_SIEVE, 6, MANY,
          "---+-++-+-+++-++---+-+--+++-+--+-+++-++--+--+----+-++-+-+----+--+-----+-+--+-++-"
          "+++-++--+-----+----++++--++-------++-----++-++++-++++++--+++++---+++++-++--+-++-");
    PLAYS(&POLICY_S3FIFO, 10, MANY,
          "---+-++-+-+++-++---+-+--+++++++-++++-+-+-+--++---+-++-+-+--+++-+++--+-+-+--+-+++"
          "++++++++++---+++---++++++++++-+---++----+++-++++-++++++-+++-++--++++++-++--+-+--");
    PLAYS(&POLICY_OPT, 6, MANY,
          "---+-++-+-+++-++---+-+--++++++++-+++--++-+-+++---+-++-+-+-++++-+++--++--+--+-+++"
          "++++++--++---+++++--+++--++++-+---++----++++++++++++++++++-+++---+++++-++--+-++-");
}

Test(policies, opt_is_never_worse_than_the_others)
{
    const char *letters = "abacadbebfbcagahbicdjabckalbmncaobpcaqbracsbtcua";
    for (uint64_t capacity = 1; capacity <= 12; capacity++) {
        uint64_t best = 0, opt = 0;
        struct trace t = trace_of(letters);
        const struct replay replay = {.trace = &t, .capacity = capacity, .value_len = 100};
        for (size_t i = 0; i < POLICIES_N; i++) {
            struct policy_result result;
            struct fault fault;
            cr_assert(policy_replay(POLICIES[i], &replay, &result, &fault), "%s", fault.text);
            if (POLICIES[i] == &POLICY_OPT)
                opt = result.hits;
            else if (POLICIES[i] != &POLICY_ENGINE && result.hits > best)
                best = result.hits;
        }
        cr_assert_geq(opt, best, "capacity %d", (int)capacity);
        trace_free(&t);
    }
}

Test(policies, whatever_fits_altogether_is_missed_once)
{
    for (size_t i = 0; i < POLICIES_N; i++)
        PLAYS(POLICIES[i], 20, "abcdefcbafedabc", "------+++++++++");
}

Test(policies, sizes_count_in_bytes_when_asked)
{
    const struct record records[] = {{1, 60}, {2, 50},  {1, 60}, {3, 40},
                                     {2, 50}, {4, 101}, {3, 40}};
    struct policy_result result;
    struct fault fault;
    struct trace t;
    cr_assert(trace_link(records, 7, &t));
    cr_assert_eq(t.bytes, 251);
    /* 2 drives 1 out, 1 drives 2 out, 3 fits beside 1, 2 drives 1 out, 4 fits nowhere, 3 is there */
    const struct replay replay = {.trace = &t, .capacity = 100, .by_size = true};
    cr_assert(policy_replay(&POLICY_LRU, &replay, &result, &fault));
    cr_assert_eq(result.hits, 1);
    trace_free(&t);
}
