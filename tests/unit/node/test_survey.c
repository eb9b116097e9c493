#include <criterion/criterion.h>
#include <string.h>

#include "node/survey.h"

#define SELF 1000ULL
#define RUN  77ULL /* of the member that answers */
#define MAX  4     /* members */

static uint8_t memory[8 << 20];
static struct arena arena;
static struct ledger *ledger;

static struct survey *make(void)
{
    const struct ledger_cfg ledger_cfg = {.epoch = SELF,
                                          .origins_max = 64,
                                          .windows_max = 4,
                                          .log_max = 64,
                                          .thin_max = 64,
                                          .more_bytes = 256,
                                          .retired_max = 4,
                                          .checkpoints_max = 4,
                                          .bucket_bits = 12};
    const struct survey_cfg cfg = {.seed = 1, .members_max = MAX};
    memset(memory, 0, sizeof memory);
    arena_init(&arena, memory, sizeof memory);
    ledger = ledger_new(&arena, &ledger_cfg);
    struct survey *s = survey_new(&arena, &cfg);
    cr_assert(ledger != NULL && s != NULL);
    return s;
}

static void arrive(uint64_t epoch, uint64_t seq)
{
    const struct dot d = {.kind = DOT_KEY, .epoch = epoch, .seq = seq, .hash = seq};
    cr_assert_eq(ledger_take(ledger, 1, &d).verdict, LEDGER_FRESH);
    ledger_cover(ledger, &d);
}

static struct peer_surveyed answer(uint64_t after, uint8_t most, size_t room)
{
    const struct peer_survey ask = {.challenge = 5, .after = after, .most = most};
    struct peer_surveyed out;
    survey_answer(ledger, &ask, room, &out);
    cr_assert(out.challenge == 5 && out.after == after);
    return out;
}

/* ---- answering ---- */

Test(survey, an_answer_says_what_is_heard_and_covered)
{
    (void)make();
    arrive(2000, 1);
    cr_assert_eq(ledger_hear(ledger, 1, 2000, 4), OK);
    const struct peer_surveyed a = answer(0, 32, 32);
    cr_assert_eq(a.n, 2);
    cr_assert_eq(a.left, 0);
    cr_assert(a.at[0].epoch == SELF && a.at[0].heard == 0 && a.at[0].covered == 0);
    cr_assert(a.at[1].epoch == 2000 && a.at[1].heard == 4 && a.at[1].covered == 1);
}

/** Nobody's order of arrival: origins come in the order of their epochs, whole and once. */
Test(survey, pieces_of_any_length_make_the_whole)
{
    static const uint64_t epochs[] = {700, 9, 2000, 1500, 8, 3000, 600, 1001, 999, 5};
    (void)make();
    for (size_t i = 0; i < sizeof epochs / sizeof epochs[0]; i++)
        arrive(epochs[i], 1);
    for (uint8_t most = 1; most <= 12; most++) {
        uint64_t after = 0;
        size_t n = 0;
        for (struct peer_surveyed a; n < 11; n += a.n) {
            a = answer(after, most, 32);
            cr_assert(a.n >= 1 && a.n <= most && a.left == 11 - n - a.n, "%zu and %u left", a.n,
                      a.left);
            for (size_t i = 0; i < a.n; i++) {
                cr_assert(a.at[i].epoch > after);
                cr_assert_eq(a.at[i].covered, a.at[i].epoch != SELF);
                after = a.at[i].epoch;
            }
        }
        cr_assert_eq(answer(after, most, 32).n, 0);
    }
    cr_assert_eq(answer(0, 32, 3).n, 3, "the path has no room for more");
}

/* ---- asking others ---- */

static const uint64_t MEMBERS[] = {11, 12, 13, 14, 15};

static enum err ask(struct survey *s, mono_us now, uint64_t ticket, size_t members_n)
{
    return survey_ask(
        s, now, ledger,
        &(struct survey_question){.ticket = ticket, .members = MEMBERS, .members_n = members_n});
}

/* Sends all that is due; returns how many, and the last of them. */
static int send_all(struct survey *s, mono_us now, struct survey_out *last)
{
    struct survey_out out;
    int n = 0;
    *last = (struct survey_out){0};
    for (; survey_poll(s, now, &out); n++)
        *last = out;
    return n;
}

/** An answer that goes on from `after` with n origins, 10 dots of each heard and 9 covered. */
static void told(struct survey *s, mono_us now, uint64_t id, struct peer_surveyed a)
{
    for (size_t i = 0; i < a.n; i++)
        a.at[i] = (struct peer_heard){.epoch = a.after + 1 + i, .heard = 10, .covered = 9};
    survey_recv(s, now, id, RUN, &a);
}

Test(survey, it_ends_when_all_have_told_everything)
{
    struct survey *s = make();
    struct survey_done done;
    struct survey_out out;
    arrive(2000, 1);
    cr_assert_eq(ask(s, 5, 7, 2), OK);
    cr_assert_eq(survey_deadline(s), 5);
    arrive(2000, 2); /* after the question */
    cr_assert_eq(send_all(s, 5, &out), 2);
    cr_assert(out.survey.after == 0 && out.survey.most == PEER_HEARD_MAX);
    cr_assert_eq(survey_deadline(s), 5 + SURVEY_AGAIN_US);
    told(s, 6, 11, (struct peer_surveyed){.challenge = out.survey.challenge, .n = 3});
    cr_assert_not(survey_done(s, 6, &done));
    told(s, 8, 12, (struct peer_surveyed){.challenge = out.survey.challenge, .n = 1});
    cr_assert(survey_done(s, 9, &done));
    cr_assert(done.ticket == 7 && done.asked_at == 5 && done.rows_n == 3);
    cr_assert(done.rows[0].id == 11 && !done.rows[0].silent && done.rows[0].epoch == RUN);
    cr_assert(done.rows[0].heard_n == 3 && done.rows[0].left == 0 && done.rows[0].told_at == 6);
    cr_assert(done.rows[0].heard[2].epoch == 3 && done.rows[0].heard[2].covered == 9);
    cr_assert(done.rows[2].id == 0 && done.rows[2].epoch == SELF && done.rows[2].heard_n == 2);
    cr_assert(done.rows[2].heard[1].heard == 1 && done.rows[2].told_at == 5);
    cr_assert_not(survey_done(s, NEVER - 1, &done));
    cr_assert_eq(survey_deadline(s), NEVER);
    cr_assert_eq(survey_counters(s).answers, 2);
}

Test(survey, who_has_more_is_asked_for_it_at_once)
{
    struct survey *s = make();
    struct survey_done done;
    struct survey_out out;
    ask(s, 0, 7, 1);
    send_all(s, 0, &out);
    const uint64_t challenge = out.survey.challenge;
    told(s, 1, 11, (struct peer_surveyed){.challenge = challenge, .n = 32, .left = 8});
    cr_assert_eq(survey_deadline(s), 0, "now");
    cr_assert_eq(send_all(s, 1, &out), 1);
    cr_assert(out.to == 11 && out.survey.after == 32 && out.survey.challenge == challenge);
    told(s, 2, 11, (struct peer_surveyed){.challenge = challenge, .n = 32, .left = 8});
    cr_assert_eq(survey_counters(s).strangers, 1, "the first piece again");
    told(s, 3, 11, (struct peer_surveyed){.challenge = challenge, .after = 32, .n = 8});
    cr_assert(survey_done(s, 3, &done));
    cr_assert(done.rows[0].heard_n == 40 && done.rows[0].heard[39].epoch == 40);
}

Test(survey, another_run_does_not_go_on_where_the_last_one_was)
{
    struct survey *s = make();
    struct survey_done done;
    struct survey_out out;
    ask(s, 0, 7, 1);
    send_all(s, 0, &out);
    told(s, 1, 11, (struct peer_surveyed){.challenge = out.survey.challenge, .n = 32, .left = 1});
    survey_recv(s, 2, 11, RUN + 1,
                &(struct peer_surveyed){
                    .challenge = out.survey.challenge, .after = 32, .at = {{.epoch = 99}}, .n = 1});
    cr_assert_eq(survey_counters(s).strangers, 1);
    cr_assert(survey_done(s, SURVEY_WAIT_US, &done));
    cr_assert(!done.rows[0].silent && done.rows[0].heard_n == 32 && done.rows[0].left == 1);
    cr_assert_eq(survey_counters(s).silent, 1, "it did not tell everything");
}

Test(survey, the_silent_are_asked_once_more_for_less_and_then_listed)
{
    struct survey *s = make();
    struct survey_done done;
    struct survey_out out;
    ask(s, 0, 7, 3);
    cr_assert_eq(send_all(s, 0, &out), 3);
    told(s, 1, 12, (struct peer_surveyed){.challenge = out.survey.challenge, .n = 1});
    cr_assert_eq(survey_deadline(s), SURVEY_AGAIN_US);
    cr_assert_eq(send_all(s, SURVEY_AGAIN_US, &out), 2);
    cr_assert_eq(out.survey.most, SURVEY_NARROW, "a path may swallow long answers");
    cr_assert_eq(send_all(s, SURVEY_WAIT_US - 1, &out), 0);
    cr_assert_eq(survey_deadline(s), SURVEY_WAIT_US);
    cr_assert_not(survey_done(s, SURVEY_WAIT_US - 1, &done));
    cr_assert(survey_done(s, SURVEY_WAIT_US, &done));
    cr_assert(done.rows[0].silent && done.rows[0].heard_n == 0);
    cr_assert_not(done.rows[1].silent);
    cr_assert(done.rows[2].silent);
    cr_assert_eq(survey_counters(s).silent, 2);
}

/** A late answer to the first question comes while the second is about to be sent. */
Test(survey, who_answers_late_is_not_asked_twice)
{
    struct survey *s = make();
    struct survey_done done;
    struct survey_out out;
    ask(s, 0, 7, 2);
    send_all(s, 0, &out);
    const uint64_t challenge = out.survey.challenge;
    cr_assert(survey_poll(s, SURVEY_AGAIN_US, &out) && out.to == 11);
    told(s, SURVEY_AGAIN_US, 12, (struct peer_surveyed){.challenge = challenge, .n = 1});
    cr_assert_eq(send_all(s, SURVEY_AGAIN_US, &out), 0);
    told(s, SURVEY_AGAIN_US, 11, (struct peer_surveyed){.challenge = challenge, .n = 1});
    cr_assert(survey_done(s, SURVEY_AGAIN_US, &done));
}

Test(survey, answers_of_strangers_and_repeated_ones_are_counted)
{
    struct survey *s = make();
    struct survey_out out;
    const struct peer_surveyed nothing = {.challenge = 1};
    survey_recv(s, 0, 11, RUN, &nothing);
    ask(s, 0, 7, 2);
    send_all(s, 0, &out);
    const uint64_t challenge = out.survey.challenge;
    told(s, 1, 99, (struct peer_surveyed){.challenge = challenge, .n = 1});
    told(s, 1, 11, (struct peer_surveyed){.challenge = challenge + 2, .n = 1});
    told(s, 1, 11, (struct peer_surveyed){.challenge = challenge, .n = 1});
    told(s, 1, 11, (struct peer_surveyed){.challenge = challenge, .n = 1});
    cr_assert_eq(survey_counters(s).strangers, 4);
}

Test(survey, a_row_that_is_full_says_how_many_are_left)
{
    struct survey *s = make();
    struct survey_done done;
    struct survey_out out;
    uint64_t after = 0;
    ask(s, 0, 7, 1);
    while (survey_poll(s, 0, &out)) {
        cr_assert(out.survey.after == after && out.survey.most == PEER_HEARD_MAX);
        told(s, 0, 11,
             (struct peer_surveyed){
                 .challenge = out.survey.challenge, .after = after, .n = 32, .left = 1000});
        after += 32;
    }
    cr_assert(survey_done(s, 0, &done));
    cr_assert(done.rows[0].heard_n == SURVEY_ROW_MAX && done.rows[0].left == 1000);
}

/** It was asked for fewer. */
Test(survey, what_a_row_has_no_room_for_counts_as_left)
{
    struct survey *s = make();
    struct survey_done done;
    struct survey_out out;
    ask(s, 0, 7, 1);
    for (uint64_t after = 0; after < SURVEY_ROW_MAX; after += 31) {
        cr_assert(survey_poll(s, 0, &out));
        told(s, 0, 11,
             (struct peer_surveyed){
                 .challenge = out.survey.challenge, .after = after, .n = 31, .left = 1});
    }
    cr_assert(survey_done(s, 0, &done));
    cr_assert(done.rows[0].heard_n == SURVEY_ROW_MAX);
    cr_assert_eq(done.rows[0].left, 1 + 31 - SURVEY_ROW_MAX % 31);
}

Test(survey, alone_it_ends_at_once)
{
    struct survey *s = make();
    struct survey_done done;
    ask(s, 0, 7, 0);
    cr_assert(survey_done(s, 0, &done));
    cr_assert(done.rows_n == 1 && done.rows[0].id == 0);
}

Test(survey, at_most_four_at_one_time_of_so_many_members)
{
    struct survey *s = make();
    struct survey_done done;
    struct survey_out out;
    for (uint64_t i = 0; i < SURVEY_ASKS; i++)
        cr_assert_eq(ask(s, 0, i, 5), OK);
    cr_assert_eq(ask(s, 0, 99, 1), ERR_FULL);
    cr_assert_eq(survey_counters(s).asks_full, 1);
    cr_assert_eq(send_all(s, 0, &out), MAX * SURVEY_ASKS, "four members have room");
    for (uint64_t i = 0; i < SURVEY_ASKS; i++) {
        cr_assert(survey_done(s, SURVEY_WAIT_US, &done));
        cr_assert(done.ticket == i && done.rows_n == MAX + 1);
    }
    cr_assert_eq(ask(s, 0, 99, 1), OK);
}

Test(survey, an_arena_that_is_too_small_makes_none)
{
    const struct survey_cfg cfg = {.seed = 1, .members_max = MAX};
    size_t len = 0;
    for (struct survey *s = NULL; s == NULL; len += 65536) {
        memset(memory, 0, sizeof memory);
        arena_init(&arena, memory, len);
        s = survey_new(&arena, &cfg);
    }
    cr_assert_gt(len, SURVEY_ASKS * SURVEY_CELLS * sizeof(struct peer_heard));
}
