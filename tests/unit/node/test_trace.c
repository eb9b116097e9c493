#include <criterion/criterion.h>
#include <string.h>

#include "node/trace.h"

#define SELF  1000ULL
#define OTHER 2000ULL
#define MAX   8
#define MS    US_PER_MS

static uint8_t memory[4 << 20];
static struct arena arena;
static struct ledger *ledger;

static struct trace *make(void)
{
    const struct ledger_cfg ledger_cfg = {.epoch = SELF,
                                          .origins_max = 16,
                                          .windows_max = 4,
                                          .log_max = 64,
                                          .thin_max = 64,
                                          .more_bytes = 256,
                                          .retired_max = 4,
                                          .checkpoints_max = 4,
                                          .bucket_bits = 12};
    const struct trace_cfg cfg = {.epoch = SELF, .seed = 1, .dots_max = MAX, .members_max = 4};
    memset(memory, 0, sizeof memory);
    arena_init(&arena, memory, sizeof memory);
    ledger = ledger_new(&arena, &ledger_cfg);
    struct trace *t = trace_new(&arena, &cfg);
    cr_assert(ledger != NULL && t != NULL);
    return t;
}

static void arrive(uint64_t epoch, uint64_t seq)
{
    const struct dot d = {.kind = DOT_KEY, .epoch = epoch, .seq = seq, .hash = seq};
    cr_assert_eq(ledger_take(ledger, 1, &d).verdict, LEDGER_FRESH);
    ledger_cover(ledger, &d);
}

static struct peer_traced answer(struct trace *t, mono_us now, uint64_t epoch, uint64_t seq)
{
    const struct peer_trace ask = {.challenge = 5, .epoch = epoch, .seq = seq};
    struct peer_traced out;
    trace_answer(t, now, ledger, &ask, &out);
    cr_assert_eq(out.challenge, 5);
    return out;
}

static struct cover own(uint64_t applied, uint64_t mask)
{
    return (struct cover){.epoch = SELF, .applied = applied, .mask = mask};
}

/* ---- how long it took ---- */

Test(trace, others_are_timed_from_the_first_word_of_them)
{
    struct trace *t = make();
    trace_heard(t, 10, OTHER, 1);
    trace_applied(t, 2510, OTHER, 1);
    trace_applied(t, 9000, OTHER, 1); /* again */
    trace_applied(t, 9000, OTHER, 2); /* it came as the first word */
    trace_applied(t, 9000, SELF, 1);
    const struct trace_spans spans = trace_spans(t);
    cr_assert_eq(spans_count(&spans.applied), 2);
    cr_assert_eq(spans.applied.sum_us, 2500);
    cr_assert_eq(spans.applied.n[spans_bucket(2500)], 1);
}

Test(trace, acknowledgements_are_timed_once_for_each_member)
{
    struct trace *t = make();
    const struct cover one = own(1, 0);
    trace_member(t, 5, 1);
    trace_member(t, 5, 2);
    trace_applied(t, 10, SELF, 1);
    trace_acked(t, 110, 1, &one);
    trace_acked(t, 500, 1, &one);
    trace_acked(t, 310, 2, &one);
    const struct trace_spans spans = trace_spans(t);
    cr_assert_eq(spans_count(&spans.acked), 2);
    cr_assert_eq(spans.acked.sum_us, 100 + 300);
    cr_assert_eq(spans_count(&spans.applied), 0);
}

Test(trace, what_was_issued_before_a_member_came_says_nothing_of_its_speed)
{
    struct trace *t = make();
    const struct cover all = own(2, 0);
    trace_applied(t, 10, SELF, 1);
    trace_member(t, 1000, 1);
    trace_applied(t, 2000, SELF, 2);
    trace_acked(t, 2050, 1, &all);
    cr_assert_eq(trace_spans(t).acked.sum_us, 50);
    trace_gone(t, 1);
    trace_member(t, 9000, 1); /* a new run of it */
    trace_acked(t, 9100, 1, &all);
    cr_assert_eq(trace_spans(t).acked.sum_us, 50);
}

/* ---- what happened here ---- */

Test(trace, a_dot_is_heard_of_once_and_takes_effect_once)
{
    struct trace *t = make();
    struct trace_dot d;
    cr_assert_not(trace_find(t, OTHER, 1, &d));
    trace_heard(t, 10, OTHER, 1);
    trace_heard(t, 20, OTHER, 1);
    cr_assert(trace_find(t, OTHER, 1, &d));
    cr_assert_eq(d.heard_at, 10);
    cr_assert_eq(d.applied_at, NEVER);
    trace_applied(t, 30, OTHER, 1);
    trace_applied(t, 40, OTHER, 1);
    cr_assert(trace_find(t, OTHER, 1, &d));
    cr_assert_eq(d.heard_at, 10);
    cr_assert_eq(d.applied_at, 30);
}

Test(trace, the_oldest_dot_makes_room)
{
    struct trace *t = make();
    struct trace_dot d;
    for (uint64_t seq = 1; seq <= 10 * MAX; seq++) {
        trace_applied(t, seq, OTHER, seq);
        for (uint64_t old = 1; old <= seq; old++)
            cr_assert_eq(trace_find(t, OTHER, old, &d), old + MAX > seq);
    }
    cr_assert(trace_find(t, OTHER, 10 * MAX, &d));
    cr_assert_eq(d.applied_at, 10 * MAX);
}

Test(trace, an_answer_says_what_is_known)
{
    struct trace *t = make();
    cr_assert_eq(answer(t, 9, OTHER, 1).state, TRACE_UNKNOWN);
    cr_assert_eq(answer(t, 9, 0, 0).state, TRACE_UNKNOWN);
    cr_assert_eq(ledger_hear(ledger, 1, OTHER, 2), OK);
    trace_heard(t, 1000, OTHER, 2);
    cr_assert_eq(answer(t, 9, OTHER, 2).state, TRACE_MISSING);
    cr_assert_eq(answer(t, 9, OTHER, 3).state, TRACE_UNKNOWN);
    arrive(OTHER, 2);
    cr_assert_eq(answer(t, 9, OTHER, 2).state, TRACE_COVERED, "without times");
    trace_applied(t, 4000, OTHER, 2);
    const struct peer_traced applied = answer(t, 4000 + 7 * MS, OTHER, 2);
    cr_assert_eq(applied.state, TRACE_APPLIED);
    cr_assert_eq(applied.wait_us, 3000);
    cr_assert_eq(applied.age_us, 7 * MS);
}

Test(trace, what_a_barrier_covered_is_told_apart)
{
    struct trace *t = make();
    uint64_t closed;
    arrive(OTHER, 2); /* 1 is missing */
    cr_assert_neq(ledger_close(ledger, OTHER, 1, 2, &closed), 0);
    trace_barred(t, 4 * MS, (struct dot_range){.epoch = OTHER, .lo = 1, .hi = 2});
    const struct peer_traced barred = answer(t, 9 * MS, OTHER, 1);
    cr_assert_eq(barred.state, TRACE_BARRED);
    cr_assert_eq(barred.age_us, 5 * MS);
    trace_barred(t, 8 * MS, (struct dot_range){.epoch = OTHER, .lo = 1, .hi = 1});
    cr_assert_eq(answer(t, 9 * MS, OTHER, 1).age_us, 5 * MS, "the first one counts");
    cr_assert_eq(answer(t, 9, OTHER, 2).state, TRACE_COVERED, "it had come with its content");
    for (uint64_t i = 0; i < TRACE_BARRED_MAX; i++)
        trace_barred(t, 5 * MS, (struct dot_range){.epoch = 7, .lo = i, .hi = i});
    cr_assert_eq(answer(t, 9, OTHER, 1).state, TRACE_COVERED, "forgotten, never wrong");
}

Test(trace, the_first_cover_that_includes_an_own_dot_acknowledges_it)
{
    struct trace *t = make();
    for (uint64_t seq = 1; seq <= 3; seq++)
        trace_applied(t, seq, SELF, seq);
    trace_acked(t, 10, 1, &(struct cover){.epoch = OTHER, .applied = 3});
    cr_assert_eq(trace_acked_at(t, 1, 1), NEVER, "of another origin");
    const struct cover hole = own(1, 1); /* 1 and 3 */
    trace_acked(t, 20, 1, &hole);
    const struct cover whole = own(3, 0);
    trace_acked(t, 30, 1, &whole);
    trace_acked(t, 40, 1, &whole);
    cr_assert_eq(trace_acked_at(t, 1, 1), 20);
    cr_assert_eq(trace_acked_at(t, 1, 2), 30);
    cr_assert_eq(trace_acked_at(t, 1, 3), 20);
    cr_assert_eq(trace_acked_at(t, 2, 1), NEVER);
    trace_gone(t, 1);
    cr_assert_eq(trace_acked_at(t, 1, 1), NEVER);
}

Test(trace, own_dots_past_the_newest_few_have_no_acknowledgements)
{
    struct trace *t = make();
    for (uint64_t seq = 1; seq <= TRACE_OWN + 1; seq++) {
        const struct cover c = own(seq, 0);
        trace_applied(t, seq, SELF, seq);
        trace_acked(t, 1000 + seq, 1, &c);
    }
    cr_assert_eq(trace_acked_at(t, 1, 1), NEVER);
    cr_assert_eq(trace_acked_at(t, 1, 2), 1002);
    cr_assert_eq(trace_acked_at(t, 1, TRACE_OWN + 1), 1001 + TRACE_OWN);
}

Test(trace, members_past_the_limit_are_counted)
{
    struct trace *t = make();
    const struct cover c = own(1, 0);
    trace_applied(t, 1, SELF, 1);
    for (uint64_t id = 1; id <= TRACE_ACKERS + 1; id++)
        trace_acked(t, 5, id, &c);
    cr_assert_eq(trace_acked_at(t, TRACE_ACKERS, 1), 5);
    cr_assert_eq(trace_acked_at(t, TRACE_ACKERS + 1, 1), NEVER);
    cr_assert_eq(trace_counters(t).ackers_full, 1);
    trace_gone(t, 3);
    trace_acked(t, 6, TRACE_ACKERS + 1, &c);
    cr_assert_eq(trace_acked_at(t, TRACE_ACKERS + 1, 1), 6);
}

/* ---- asking others ---- */

static const uint64_t MEMBERS[] = {11, 12, 13, 14, 15};

static enum err ask(struct trace *t, mono_us now, uint64_t ticket, size_t members_n)
{
    return trace_ask(t, now,
                     &(struct trace_question){.ticket = ticket,
                                              .epoch = OTHER,
                                              .seq = 9,
                                              .members = MEMBERS,
                                              .members_n = members_n});
}

/* Sends all that is due; returns how many, and the challenge of the last. */
static int send_all(struct trace *t, mono_us now, uint64_t *challenge)
{
    struct trace_out out;
    int n = 0;
    for (; trace_poll(t, now, &out); n++) {
        cr_assert_eq(out.trace.epoch, OTHER);
        cr_assert_eq(out.trace.seq, 9);
        *challenge = out.trace.challenge;
    }
    return n;
}

static void told(struct trace *t, mono_us now, uint64_t id, uint64_t challenge)
{
    trace_recv(t, now, id,
               &(struct peer_traced){
                   .challenge = challenge, .state = TRACE_APPLIED, .wait_us = id, .age_us = 2});
}

Test(trace, a_question_ends_when_all_have_answered)
{
    struct trace *t = make();
    struct trace_done done;
    uint64_t challenge = 0;
    cr_assert_eq(ask(t, 5, 7, 2), OK);
    cr_assert_eq(trace_deadline(t), 5);
    cr_assert_eq(send_all(t, 5, &challenge), 2);
    told(t, 6, 11, challenge);
    cr_assert_not(trace_done(t, 6, &done));
    told(t, 7, 12, challenge);
    cr_assert(trace_done(t, 7, &done));
    cr_assert_eq(done.ticket, 7);
    cr_assert_eq(done.rows_n, 2);
    cr_assert_eq(done.rows[1].id, 12);
    cr_assert_eq(done.rows[1].state, TRACE_APPLIED);
    cr_assert_eq(done.rows[1].wait_us, 12);
    cr_assert_eq(done.rows[1].asked_at, 5);
    cr_assert_eq(done.rows[1].told_at, 7);
    cr_assert_not(done.rows[1].silent);
    cr_assert_not(trace_done(t, NEVER - 1, &done));
    cr_assert_eq(trace_deadline(t), NEVER);
}

Test(trace, the_silent_are_asked_once_more_and_then_listed)
{
    struct trace *t = make();
    struct trace_done done;
    uint64_t challenge = 0;
    ask(t, 0, 7, 3);
    cr_assert_eq(send_all(t, 0, &challenge), 3);
    told(t, 1, 12, challenge);
    cr_assert_eq(trace_deadline(t), TRACE_AGAIN_US);
    cr_assert_eq(send_all(t, TRACE_AGAIN_US, &challenge), 2);
    cr_assert_eq(send_all(t, TRACE_WAIT_US - 1, &challenge), 0);
    cr_assert_eq(trace_deadline(t), TRACE_WAIT_US);
    cr_assert_not(trace_done(t, TRACE_WAIT_US - 1, &done));
    cr_assert(trace_done(t, TRACE_WAIT_US, &done));
    cr_assert(done.rows[0].silent);
    cr_assert_eq(done.rows[0].asked_at, 0, "the answer may be one to the first question");
    cr_assert_not(done.rows[1].silent);
    cr_assert(done.rows[2].silent);
    cr_assert_eq(trace_counters(t).silent, 2);
}

Test(trace, answers_of_strangers_and_repeated_ones_are_counted)
{
    struct trace *t = make();
    uint64_t challenge = 0;
    ask(t, 0, 7, 2);
    send_all(t, 0, &challenge);
    told(t, 1, 99, challenge);
    told(t, 1, 11, challenge + 2);
    told(t, 1, 11, challenge);
    told(t, 1, 11, challenge);
    cr_assert_eq(trace_counters(t).strangers, 3);
    cr_assert_eq(trace_counters(t).answers, 1);
}

Test(trace, alone_a_question_ends_at_once)
{
    struct trace *t = make();
    struct trace_done done;
    ask(t, 0, 7, 0);
    cr_assert(trace_done(t, 0, &done));
    cr_assert_eq(done.rows_n, 0);
}

Test(trace, at_most_eight_questions_of_so_many_members)
{
    struct trace *t = make();
    struct trace_done done;
    for (uint64_t i = 0; i < TRACE_ASKS; i++)
        cr_assert_eq(ask(t, 0, i, 5), OK);
    cr_assert_eq(ask(t, 0, 99, 1), ERR_FULL);
    cr_assert_eq(trace_counters(t).asks_full, 1);
    uint64_t challenge = 0;
    cr_assert_eq(send_all(t, 0, &challenge), 4 * TRACE_ASKS, "four members have room");
    for (uint64_t i = 0; i < TRACE_ASKS; i++) {
        cr_assert(trace_done(t, TRACE_WAIT_US, &done));
        cr_assert_eq(done.ticket, i);
        cr_assert_eq(done.rows_n, 4);
    }
    cr_assert_eq(ask(t, 0, 99, 1), OK);
}
