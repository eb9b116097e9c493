#include <criterion/criterion.h>
#include <string.h>

#include "node/acks.h"
#include "node/proof.h"
#include "wire/dots.h"

#define MS    US_PER_MS
#define D     (1000 * MS)
#define NODES 5

#define ORIGIN 900ULL /* of dots that nobody here issued */

static const struct hkey HKEY = {{1, 2, 3}};

/* A node as far as certificates go: what it covered, and its proof. Node i has id i + 1 and epoch
 * 10 * (i + 1). */
struct voter {
    struct ledger *ledger;
    struct proof *proof;
};

static uint8_t memory[8 << 20];
static struct arena arena;

static uint64_t id_of(size_t i)
{
    return i + 1;
}

static uint64_t epoch_of(size_t i)
{
    return 10 * (i + 1);
}

static struct ledger *make_ledger(uint64_t epoch)
{
    const struct ledger_cfg cfg = {.hkey = HKEY,
                                   .epoch = epoch,
                                   .origins_max = 64,
                                   .windows_max = 4,
                                   .log_max = 64,
                                   .thin_max = 64,
                                   .more_bytes = 256,
                                   .retired_max = 4,
                                   .checkpoints_max = 4,
                                   .bucket_bits = 12};
    struct ledger *l = ledger_new(&arena, &cfg);
    cr_assert_not_null(l);
    return l;
}

static struct proof *make_proof(uint32_t expect, uint64_t window_us)
{
    const struct proof_cfg cfg = {
        .expect = expect, .window_us = window_us, .seed = 1, .always = true};
    struct proof *p = proof_new(&arena, &cfg);
    cr_assert_not_null(p);
    return p;
}

/* n nodes that know each other and vote, with D, and of which n are expected. */
static void make_cluster(struct voter *v, size_t n)
{
    memset(memory, 0, sizeof memory);
    arena_init(&arena, memory, sizeof memory);
    for (size_t i = 0; i < n; i++) {
        v[i] = (struct voter){make_ledger(epoch_of(i)), make_proof((uint32_t)n, D)};
        proof_names(v[i].proof, n);
        proof_vote(v[i].proof, VOTE_REGULAR);
        for (size_t k = 0; k < n; k++)
            if (k != i)
                proof_member(v[i].proof, 0, id_of(k), epoch_of(k));
    }
}

static void arrive(struct voter *v, mono_us now, uint64_t epoch, uint64_t seq)
{
    const struct dot d = {.kind = DOT_KEY, .epoch = epoch, .seq = seq, .hash = seq};
    cr_assert_eq(ledger_take(v->ledger, now, &d).verdict, LEDGER_FRESH);
    ledger_cover(v->ledger, &d);
    proof_changed(v->proof, now, epoch);
    proof_check(v->proof, now, v->ledger);
}

/* What `from` has asked of `to`; other polls that are due are dropped. */
static struct peer_poll poll_of(struct voter *from, mono_us now, uint64_t to)
{
    struct proof_out out;
    struct peer_poll poll = {0};
    proof_ask(from->proof, now, to);
    while (proof_poll(from->proof, now, &out))
        if (out.to == to)
            poll = out.poll;
    cr_assert_neq(poll.challenge, 0);
    return poll;
}

static struct peer_proof answer(struct voter *v, mono_us now, const struct peer_poll *poll)
{
    struct peer_proof proof;
    proof_answer(v->proof, now, v->ledger, poll, &proof);
    return proof;
}

static enum proof_verdict take(struct voter *v, mono_us now, uint64_t id,
                               const struct peer_proof *proof)
{
    return proof_recv(v->proof, now, id, proof, v->ledger);
}

/* Reader r polls voter i: sent, answered and received at the same moment. */
static enum proof_verdict poll(struct voter *v, size_t r, size_t i, mono_us now)
{
    const struct peer_poll ask = poll_of(&v[r], now, id_of(i));
    const struct peer_proof proof = answer(&v[i], now, &ask);
    return take(&v[r], now, id_of(i), &proof);
}

Test(proof, a_majority_of_polls_is_a_horizon)
{
    struct voter v[NODES];
    make_cluster(v, 5);
    cr_assert_eq(proof_horizon(v[0].proof, 50), 0);
    cr_assert_eq(poll(v, 0, 1, 10), PROOF_COUNTED);
    cr_assert_eq(proof_horizon(v[0].proof, 50), 0, "two of five");
    cr_assert_eq(poll(v, 0, 2, 20), PROOF_COUNTED);
    cr_assert_eq(proof_horizon(v[0].proof, 50), 10, "the third newest: now, 20, 10");
    cr_assert_eq(poll(v, 0, 3, 30), PROOF_COUNTED);
    cr_assert_eq(proof_horizon(v[0].proof, 50), 20);
}

Test(proof, a_reader_that_does_not_vote_needs_a_majority_of_others)
{
    struct voter v[NODES];
    make_cluster(v, 3);
    proof_vote(v[0].proof, VOTE_NONE);
    poll(v, 0, 1, 10);
    cr_assert_eq(proof_horizon(v[0].proof, 50), 0);
    poll(v, 0, 2, 20);
    cr_assert_eq(proof_horizon(v[0].proof, 50), 10);
}

Test(proof, one_voter_polled_twice_is_one)
{
    struct voter v[NODES];
    make_cluster(v, 5);
    poll(v, 0, 1, 10);
    poll(v, 0, 1, 20);
    cr_assert_eq(proof_horizon(v[0].proof, 50), 0);
}

Test(proof, a_cluster_of_one_is_always_right)
{
    struct voter v[NODES];
    make_cluster(v, 1);
    cr_assert_eq(proof_horizon(v[0].proof, 77), 77);
    proof_vote(v[0].proof, VOTE_NONE);
    cr_assert_eq(proof_horizon(v[0].proof, 77), 0);
}

/* The answer is given at 10, before the dot is acknowledged at 15; it lies in the network until 500. */
Test(proof, an_answer_counts_from_the_moment_its_poll_was_sent)
{
    struct voter v[NODES];
    make_cluster(v, 3);
    const struct peer_poll ask = poll_of(&v[0], 10, id_of(1));
    const struct peer_proof late = answer(&v[1], 10, &ask);
    cr_assert_eq(take(&v[0], 500, id_of(1), &late), PROOF_COUNTED);
    cr_assert_eq(proof_horizon(v[0].proof, 500), 10);
    cr_assert_eq(proof_round(v[0].proof, id_of(1)), 10);
}

Test(proof, an_answer_older_than_the_window_proves_nothing)
{
    struct voter v[NODES];
    make_cluster(v, 3);
    const struct peer_poll ask = poll_of(&v[0], 10, id_of(1));
    const struct peer_proof late = answer(&v[1], 10, &ask);
    cr_assert_eq(take(&v[0], 11 + D, id_of(1), &late), PROOF_NOTHING);
    cr_assert_eq(proof_horizon(v[0].proof, 11 + D), 0);
    cr_assert_eq(proof_counters(v[0].proof).expired, 1);
}

Test(proof, what_was_not_asked_is_not_believed)
{
    struct voter v[NODES];
    make_cluster(v, 3);
    const struct peer_poll ask = poll_of(&v[0], 10, id_of(1));
    const struct peer_proof proof = answer(&v[1], 10, &ask);
    cr_assert_eq(take(&v[0], 11, id_of(2), &proof), PROOF_STRANGER, "another's answer");
    cr_assert_eq(take(&v[0], 11, 77, &proof), PROOF_STRANGER, "of no member");
    cr_assert_eq(take(&v[0], 11, id_of(1), &proof), PROOF_COUNTED);
    cr_assert_eq(take(&v[0], 12, id_of(1), &proof), PROOF_STRANGER, "twice");
    struct peer_proof made_up = proof;
    made_up.challenge = 0;
    cr_assert_eq(take(&v[0], 12, id_of(1), &made_up), PROOF_STRANGER);
}

/* The voter covered a dot that the reader lacks: the poll counts when it came, as of its sending. */
Test(proof, an_answer_waits_until_all_that_it_shows_is_covered)
{
    struct voter v[NODES];
    make_cluster(v, 3);
    arrive(&v[1], 5, ORIGIN, 1);
    cr_assert_eq(poll(v, 0, 1, 10), PROOF_PENDING);
    cr_assert_eq(proof_horizon(v[0].proof, 20), 0);
    arrive(&v[0], 30, ORIGIN, 1);
    cr_assert_eq(proof_horizon(v[0].proof, 40), 10);
}

/* The acker has a hole below the dot: its contiguous part says nothing of it. */
Test(proof, a_dot_behind_a_hole_is_waited_for_as_well)
{
    struct voter v[NODES];
    make_cluster(v, 3);
    arrive(&v[1], 5, ORIGIN, 1);
    arrive(&v[0], 5, ORIGIN, 1);
    arrive(&v[1], 6, ORIGIN, 3);
    cr_assert_eq(poll(v, 0, 1, 10), PROOF_PENDING);
    arrive(&v[0], 20, ORIGIN, 2);
    cr_assert_eq(proof_horizon(v[0].proof, 25), 0);
    arrive(&v[0], 30, ORIGIN, 3);
    cr_assert_eq(proof_horizon(v[0].proof, 40), 10);
}

/* The whole story of a fence: five voters, d covered at the issuer, b and c, and the fence returned. Every
 * reader, however it chooses its majority, has d before it is certified for a moment after that. */
Test(proof, every_majority_of_a_reader_meets_the_writers)
{
    for (unsigned polled = 0; polled < 1U << NODES; polled++) {
        struct voter v[NODES];
        const size_t reader = 4; /* one that does not have d */
        if (__builtin_popcount(polled) < 2 || (polled >> reader & 1) != 0)
            continue;
        make_cluster(v, 5);
        for (size_t i = 0; i < 3; i++)
            arrive(&v[i], 5, ORIGIN, 1);
        bool met = false;
        for (size_t i = 0; i < NODES; i++)
            if ((polled >> i & 1) != 0)
                met = poll(v, reader, i, 10) == PROOF_PENDING || met;
        cr_assert(met);
        if (__builtin_popcount(polled) == 2)
            cr_assert_eq(proof_horizon(v[reader].proof, 20), 0, "polled %x", polled);
        arrive(&v[reader], 30, ORIGIN, 1);
        cr_assert_eq(proof_horizon(v[reader].proof, 40), 10);
    }
}

Test(proof, an_answer_that_waits_too_long_is_dropped)
{
    struct voter v[NODES];
    make_cluster(v, 3);
    arrive(&v[1], 5, ORIGIN, 1);
    cr_assert_eq(poll(v, 0, 1, 10), PROOF_PENDING);
    arrive(&v[0], 11 + D, ORIGIN, 1);
    cr_assert_eq(proof_horizon(v[0].proof, 12 + D), 0);
    cr_assert_eq(proof_counters(v[0].proof).expired, 1);
}

/* A quiet origin is in the rest: a reader that misses it is told by one hash. */
Test(proof, a_rest_that_differs_proves_nothing)
{
    struct voter v[NODES];
    make_cluster(v, 3);
    arrive(&v[1], 5, ORIGIN, 1);
    const mono_us later = 5 + 3 * D;
    cr_assert_eq(poll(v, 0, 1, later), PROOF_NOTHING);
    cr_assert_eq(proof_counters(v[0].proof).differing, 1);
    cr_assert_eq(proof_horizon(v[0].proof, later), 0);
    arrive(&v[0], later, ORIGIN, 1);
    cr_assert_eq(poll(v, 0, 1, later), PROOF_COUNTED);
}

Test(proof, a_reader_that_knows_more_of_a_listed_origin_is_certified)
{
    struct voter v[NODES];
    make_cluster(v, 3);
    arrive(&v[1], 5, ORIGIN, 1);
    arrive(&v[0], 5, ORIGIN, 1);
    arrive(&v[0], 6, ORIGIN, 2);
    cr_assert_eq(poll(v, 0, 1, 10), PROOF_COUNTED);
}

Test(proof, a_retired_origin_is_in_both_rests)
{
    struct voter v[NODES];
    uint64_t barrier;
    make_cluster(v, 3);
    arrive(&v[1], 5, ORIGIN, 1);
    arrive(&v[0], 5, ORIGIN, 1);
    cr_assert_eq(ledger_retire(v[0].ledger, ORIGIN, &barrier), OK);
    cr_assert_eq(poll(v, 0, 1, 10), PROOF_COUNTED, "listed there, retired here");
    cr_assert_eq(poll(v, 0, 1, 3 * D), PROOF_COUNTED, "in the rest of both");
    cr_assert_eq(ledger_retire(v[1].ledger, ORIGIN, &barrier), OK);
    cr_assert_eq(poll(v, 0, 1, 4 * D), PROOF_COUNTED);
}

Test(proof, what_the_covers_cannot_say_makes_it_partial)
{
    struct voter v[NODES];
    make_cluster(v, 3);
    arrive(&v[1], 5, ORIGIN, 1);
    arrive(&v[0], 5, ORIGIN, 1);
    arrive(&v[1], 5, ORIGIN, 3);
    cr_assert_eq(poll(v, 0, 1, 10 + 3 * D), PROOF_NOTHING, "out of order, and not listed");
    cr_assert_eq(proof_counters(v[0].proof).partial, 1);
    arrive(&v[1], 10 + 3 * D, ORIGIN, 4);
    cr_assert_eq(poll(v, 0, 1, 11 + 3 * D), PROOF_PENDING, "now it is listed");
    arrive(&v[1], 12 + 3 * D, ORIGIN, 200);
    cr_assert_eq(poll(v, 0, 1, 13 + 3 * D), PROOF_NOTHING, "further than the mask");
    cr_assert_eq(proof_counters(v[0].proof).partial, 2);
}

Test(proof, more_changed_origins_than_fit_stay_in_the_rest)
{
    struct voter v[NODES];
    make_cluster(v, 3);
    for (uint64_t i = 0; i < PROOF_COVERS_MAX + 5; i++) {
        arrive(&v[0], 5 + i, ORIGIN + i, 1);
        arrive(&v[1], 5 + i, ORIGIN + i, 1);
    }
    const struct peer_poll ask = {.challenge = 1, .window_ms = 1000};
    cr_assert_eq(answer(&v[1], 60, &ask).covers.len, (size_t)PROOF_COVERS_MAX * COVER_LEN);
    cr_assert_eq(poll(v, 0, 1, 60), PROOF_COUNTED);
    arrive(&v[1], 61, ORIGIN, 2); /* the oldest of them moves: listed once more */
    cr_assert_eq(poll(v, 0, 1, 62), PROOF_PENDING);
}

/* ---- answers in parts ---- */

/** Cut the answer of v[1] to v[0] in parts of two covers, of the 2 * n that changed there. */
static void answer_in_parts(struct voter *v, mono_us now, size_t n, struct peer_proof *out)
{
    static uint8_t covers[PROOF_COVERS_MAX * COVER_LEN];
    for (uint64_t i = 0; i < 2 * n; i++) {
        arrive(&v[0], now, ORIGIN + i, now);
        arrive(&v[1], now, ORIGIN + i, now);
    }
    const struct peer_poll ask = poll_of(&v[0], now, id_of(1));
    const struct peer_proof whole = answer(&v[1], now, &ask);
    cr_assert_eq(whole.covers.len, 2 * n * COVER_LEN);
    memcpy(covers, whole.covers.at, whole.covers.len);
    for (size_t i = 0; i < n; i++) {
        out[i] = whole;
        out[i].part = (uint8_t)i;
        out[i].last_part = (uint8_t)(n - 1);
        out[i].covers = slice_of(covers + 2 * i * COVER_LEN, 2 * (size_t)COVER_LEN);
    }
}

Test(proof, parts_count_when_all_have_come_in_any_order)
{
    static const size_t order[PEER_PARTS_MAX] = {3, 0, 7, 1, 6, 2, 5, 4};
    struct voter v[NODES];
    struct peer_proof part[PEER_PARTS_MAX];
    make_cluster(v, 3);
    answer_in_parts(v, 1, PEER_PARTS_MAX, part);
    for (size_t i = 0; i + 1 < PEER_PARTS_MAX; i++) {
        cr_assert_eq(take(&v[0], 2, id_of(1), &part[order[i]]), PROOF_NOTHING);
        cr_assert_eq(proof_round(v[0].proof, id_of(1)), 1, "it is a round trip all the same");
        cr_assert_eq(proof_horizon(v[0].proof, 2), 0);
    }
    cr_assert_eq(take(&v[0], 2, id_of(1), &part[order[7]]), PROOF_COUNTED);
    cr_assert_eq(proof_horizon(v[0].proof, 2), 1);
    cr_assert_eq(take(&v[0], 2, id_of(1), &part[0]), PROOF_STRANGER, "it was answered");
}

Test(proof, without_one_of_its_parts_an_answer_proves_nothing)
{
    struct voter v[NODES];
    struct peer_proof part[3];
    make_cluster(v, 3);
    answer_in_parts(v, 1, 3, part);
    take(&v[0], 2, id_of(1), &part[0]);
    take(&v[0], 2, id_of(1), &part[2]);
    arrive(&v[1], 3, ORIGIN, 2);
    cr_assert_eq(proof_horizon(v[0].proof, 4), 0);
    cr_assert_eq(poll(v, 0, 1, 5), PROOF_PENDING, "the next one begins anew");
    cr_assert_eq(take(&v[0], 6, id_of(1), &part[1]), PROOF_NOTHING, "overtaken");
}

Test(proof, who_stays_silent_is_asked_for_short_answers)
{
    struct voter v[NODES];
    make_cluster(v, 3);
    for (mono_us i = 1; i <= 3; i++)
        cr_assert_not(poll_of(&v[0], i, id_of(1)).narrow);
    const struct peer_poll fourth = poll_of(&v[0], 4, id_of(1));
    cr_assert(fourth.narrow);
    const struct peer_proof proof = answer(&v[1], 5, &fourth);
    cr_assert_eq(take(&v[0], 5, id_of(1), &proof), PROOF_COUNTED);
    cr_assert(poll_of(&v[0], 6, id_of(1)).narrow, "it helped");
    cr_assert_not(poll_of(&v[0], 5 + 60 * US_PER_SEC, id_of(1)).narrow, "until it is tried again");
}

Test(proof, who_does_not_vote_yet_counts_for_nothing)
{
    struct voter v[NODES];
    make_cluster(v, 3);
    proof_vote(v[1].proof, VOTE_NONE);
    cr_assert_eq(poll(v, 0, 1, 10), PROOF_NOTHING);
    cr_assert_eq(proof_counters(v[0].proof).none, 1);
    cr_assert_eq(proof_horizon(v[0].proof, 10), 0);
    cr_assert_eq(proof_round(v[0].proof, id_of(1)), 10, "it is a round trip all the same");
}

/* Voter b covered d and acknowledged it; it restarts and has forgotten. The reader polled the old run
 * never; the new one shows nothing, and must not count before it votes, nor without a barrier. */
Test(proof, a_run_that_votes_anew_wants_a_barrier_first)
{
    struct voter v[NODES];
    make_cluster(v, 3);
    proof_member(v[0].proof, 5, id_of(1), 11);
    proof_vote(v[1].proof, VOTE_ANEW);
    cr_assert_eq(poll(v, 0, 1, 10), PROOF_BAR);
    proof_check(v[0].proof, 11, v[0].ledger);
    cr_assert_eq(proof_horizon(v[0].proof, 11), 0);
    proof_barred(v[0].proof, 12, id_of(1), epoch_of(1), v[0].ledger); /* of the run before */
    cr_assert_eq(proof_horizon(v[0].proof, 12), 0);
    proof_barred(v[0].proof, 12, id_of(1), 11, v[0].ledger);
    cr_assert_eq(proof_horizon(v[0].proof, 12), 10);
    cr_assert_eq(poll(v, 0, 1, 20), PROOF_COUNTED, "once for each run");
    proof_gone(v[0].proof, id_of(1));
    proof_member(v[0].proof, 20, id_of(1), 11);
    cr_assert_eq(poll(v, 0, 1, 20), PROOF_COUNTED, "also when it was taken for dead meanwhile");
    proof_member(v[0].proof, 21, id_of(1), 12);
    cr_assert_eq(poll(v, 0, 1, 30), PROOF_BAR);
}

Test(proof, a_new_run_begins_without_horizon_and_answers_no_old_poll)
{
    struct voter v[NODES];
    make_cluster(v, 3);
    poll(v, 0, 1, 10);
    cr_assert_eq(proof_horizon(v[0].proof, 15), 10);
    const struct peer_poll ask = poll_of(&v[0], 20, id_of(1));
    const struct peer_proof proof = answer(&v[1], 20, &ask);
    proof_member(v[0].proof, 25, id_of(1), 11);
    cr_assert_eq(proof_run(v[0].proof, id_of(1)), 11);
    cr_assert_eq(proof_horizon(v[0].proof, 26), 0);
    cr_assert_eq(take(&v[0], 26, id_of(1), &proof), PROOF_STRANGER);
    proof_gone(v[0].proof, id_of(1));
    cr_assert_eq(proof_run(v[0].proof, id_of(1)), 0);
}

Test(proof, another_window_disables_certificates_while_it_is_there)
{
    struct voter v[NODES];
    make_cluster(v, 3);
    poll(v, 0, 1, 10);
    poll(v, 0, 2, 10);
    v[2].proof = make_proof(3, 2 * D);
    proof_vote(v[2].proof, VOTE_REGULAR);
    cr_assert_eq(poll(v, 0, 2, 20), PROOF_NOTHING);
    cr_assert_eq(proof_state(v[0].proof), PROOF_WINDOWS);
    cr_assert_eq(proof_horizon(v[0].proof, 20), 0);
    proof_member(v[0].proof, 21, id_of(2), 99);
    cr_assert_eq(proof_state(v[0].proof), PROOF_OK);
    proof_window(v[0].proof, id_of(2), 2000);
    cr_assert_eq(proof_state(v[0].proof), PROOF_WINDOWS);
    proof_window(v[0].proof, id_of(2), 0);
    cr_assert_eq(proof_state(v[0].proof), PROOF_OK, "not configured disturbs nobody");
}

Test(proof, more_names_than_expected_disable_certificates)
{
    struct voter v[NODES];
    make_cluster(v, 3);
    poll(v, 0, 1, 10);
    proof_names(v[0].proof, 4);
    cr_assert_eq(proof_state(v[0].proof), PROOF_EXCEEDED);
    cr_assert_eq(proof_horizon(v[0].proof, 11), 0);
    proof_names(v[0].proof, 3);
    cr_assert_eq(proof_horizon(v[0].proof, 11), 10);
}

Test(proof, without_a_number_of_names_there_is_no_certificate)
{
    struct voter v[NODES];
    struct proof_out out;
    make_cluster(v, 2);
    struct proof *p = make_proof(0, D);
    proof_vote(p, VOTE_REGULAR);
    proof_member(p, 0, id_of(1), epoch_of(1));
    proof_want(p, 1);
    cr_assert_eq(proof_state(p), PROOF_UNSET);
    cr_assert_eq(proof_horizon(p, 9), 0);
    cr_assert_not(proof_poll(p, 9, &out));
}

static struct proof *make_lazy(void)
{
    const struct proof_cfg cfg = {.expect = 2, .window_us = D, .seed = 1};
    memset(memory, 0, sizeof memory);
    arena_init(&arena, memory, sizeof memory);
    struct proof *p = proof_new(&arena, &cfg);
    cr_assert_not_null(p);
    proof_member(p, 0, 2, 20);
    return p;
}

Test(proof, polls_go_on_for_ten_seconds_after_the_last_read)
{
    struct proof *p = make_lazy();
    struct proof_out out;
    int n = 0;
    cr_assert_eq(proof_deadline(p), NEVER);
    cr_assert_not(proof_poll(p, 5, &out));
    proof_want(p, 5);
    for (mono_us now = 5; now < 60 * US_PER_SEC; now += 10 * MS)
        while (proof_poll(p, now, &out))
            n++;
    cr_assert(n >= 40 && n <= 41, "each D / 4: %d", n);
    cr_assert_eq(proof_deadline(p), NEVER);
    proof_want(p, 70 * US_PER_SEC);
    cr_assert(proof_poll(p, 70 * US_PER_SEC, &out), "at once");
}

Test(proof, a_round_trip_is_made_whether_anybody_reads_or_not)
{
    struct proof *p = make_lazy();
    struct proof_out out;
    proof_ask(p, 7, 2);
    proof_ask(p, 7, 9);
    cr_assert_eq(proof_deadline(p), 7);
    cr_assert(proof_poll(p, 7, &out));
    cr_assert_eq(out.to, 2);
    cr_assert_eq(out.poll.window_ms, 1000);
    cr_assert_not(proof_poll(p, 7, &out));
    cr_assert_eq(proof_deadline(p), NEVER);
}

Test(proof, after_an_answer_that_proved_nothing_the_voter_is_soon_asked_again)
{
    struct voter v[NODES];
    make_cluster(v, 2);
    arrive(&v[1], 5, ORIGIN, 1);
    cr_assert_eq(poll(v, 0, 1, 3 * D), PROOF_NOTHING);
    cr_assert_leq(proof_deadline(v[0].proof), 3 * D + D / 32);
    cr_assert_gt(proof_deadline(v[0].proof), 3 * D);
}

static struct slice covers_of(const struct cover *at, size_t n, uint8_t *bytes, size_t cap)
{
    struct writer w = writer_of(bytes, cap);
    for (size_t i = 0; i < n; i++)
        cover_write(&w, &at[i]);
    cr_assert_eq(w.err, OK);
    return writer_slice(&w);
}

static void refuses(struct slice covers)
{
    struct voter v[NODES];
    make_cluster(v, 2);
    const struct peer_poll ask = poll_of(&v[0], 10, id_of(1));
    struct peer_proof proof = answer(&v[1], 10, &ask);
    proof.covers = covers;
    cr_assert_eq(take(&v[0], 11, id_of(1), &proof), PROOF_NOTHING);
    cr_assert_eq(proof_counters(v[0].proof).malformed, 1);
    cr_assert_eq(proof_horizon(v[0].proof, 11), 0);
}

Test(proof, malformed_covers_prove_nothing)
{
    static uint8_t bytes[(PROOF_COVERS_MAX + 2) * COVER_LEN];
    struct cover many[PROOF_COVERS_MAX + 1] = {{0}};
    const struct cover twice[] = {{.epoch = 5}, {.epoch = 5}};
    const struct cover wraps[] = {{.epoch = 5, .applied = UINT64_MAX - 3, .mask = 1}};
    const struct cover nobody[] = {{.epoch = 0, .applied = 1}};
    for (uint64_t i = 0; i < PROOF_COVERS_MAX + 1; i++)
        many[i].epoch = i + 1;
    refuses(covers_of(twice, 2, bytes, sizeof bytes));
    refuses(covers_of(wraps, 1, bytes, sizeof bytes));
    refuses(covers_of(nobody, 1, bytes, sizeof bytes));
    refuses(covers_of(many, PROOF_COVERS_MAX + 1, bytes, sizeof bytes));
    refuses(slice_of(bytes, COVER_LEN - 1));
}

Test(proof, more_members_than_names_can_be_are_counted)
{
    struct voter v[NODES];
    make_cluster(v, 1);
    for (uint64_t id = 1; id <= PROOF_EXPECT_MAX; id++)
        proof_member(v[0].proof, 1, 100 + id, id);
    cr_assert_eq(proof_counters(v[0].proof).members_full, 0);
    proof_member(v[0].proof, 1, 999, 1);
    cr_assert_eq(proof_counters(v[0].proof).members_full, 1);
    proof_gone(v[0].proof, 101);
    proof_member(v[0].proof, 1, 999, 1);
    cr_assert_eq(proof_run(v[0].proof, 999), 1);
}
