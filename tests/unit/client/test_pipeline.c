/** Many requests under way at once, and invalidations that come meanwhile. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/inside.h"

#include "fake_node.h"

#define LONG_MS 20000
#define MANY    300

static struct fake node;

static bool holds(struct scrubjay_bytes bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.at, text, bytes.len) == 0;
}

static struct scrubjay_bytes numbered(char text[16], unsigned i)
{
    snprintf(text, 16, "key-%u", i);
    return scrubjay_text(text);
}

/** The value of a get is its key; a fill of key-1 is refused. */
static void answer(struct fake *f, const struct client_request *q)
{
    const struct client_got got = {
        .status = STATUS_HIT, .value = q->fill.key, .ttl_ms = UINT64_MAX};
    const bool bad = slice_eq(q->fill.key, slice_text("key-1"));
    if (q->op == OP_GET)
        client_reply_get(&f->w, q->id, &got);
    else
        client_reply_fill(&f->w, q->id, bad ? "tag" : NULL);
}

static void echo(struct fake *f, int fd, unsigned nth)
{
    struct client_request q;
    (void)nth;
    fake_greet(f, fd);
    while (fake_take(f, fd, &q)) {
        answer(f, &q);
        fake_send(f, fd);
    }
}

static void take_gets(struct scrubjay *c, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct scrubjay_value got;
        char text[16];
        (void)numbered(text, i);
        cr_assert_eq(scrubjay_pipeline_next(c, &got), SCRUBJAY_OK, "%s", scrubjay_error(c));
        cr_assert(holds(got.value, text), "answer %u", i);
    }
}

static void queue_gets(struct scrubjay *c, unsigned n)
{
    char text[16];
    for (unsigned i = 0; i < n; i++)
        cr_assert_eq(scrubjay_pipeline_get(c, "", numbered(text, i)), SCRUBJAY_OK, "%s",
                     scrubjay_error(c));
    cr_assert_eq(scrubjay_pipeline_pending(c), n);
}

Test(pipeline, answers_come_in_the_order_of_requests)
{
    fake_start(&node, echo, 1);
    struct scrubjay *c = fake_client(&node, LONG_MS);
    for (int round = 0; round < 5; round++) {
        queue_gets(c, MANY);
        take_gets(c, MANY);
    }
    cr_expect_eq(scrubjay_pipeline_pending(c), 0);
    scrubjay_free(c);
    fake_join(&node);
}

/** Answers a batch of ten from its end to its begin. */
static void reverse(struct fake *f, int fd, unsigned nth)
{
    uint32_t ids[10];
    struct client_request q;
    char text[16];
    (void)nth;
    fake_greet(f, fd);
    for (unsigned i = 0; i < 10; i++) {
        cr_assert(fake_take(f, fd, &q));
        ids[i] = q.id;
    }
    for (unsigned i = 10; i-- > 0;) {
        (void)numbered(text, i);
        fake_hit(f, ids[i], text);
    }
    fake_send(f, fd);
    (void)fake_take(f, fd, &q);
}

Test(pipeline, answers_that_come_in_another_order_are_put_in_order)
{
    fake_start(&node, reverse, 1);
    struct scrubjay *c = fake_client(&node, LONG_MS);
    queue_gets(c, 10);
    take_gets(c, 10);
    scrubjay_free(c);
    fake_join(&node);
}

Test(pipeline, a_blocking_call_between_does_not_lose_answers)
{
    struct scrubjay_value got;
    fake_start(&node, echo, 1);
    struct scrubjay *c = fake_client(&node, LONG_MS);
    queue_gets(c, 5);
    cr_assert_eq(scrubjay_get(c, "", scrubjay_text("between"), &got), SCRUBJAY_OK);
    cr_expect(holds(got.value, "between"));
    take_gets(c, 5);
    scrubjay_free(c);
    fake_join(&node);
}

Test(pipeline, fills_are_answered_one_by_one)
{
    char text[16];
    const struct scrubjay_bytes token = scrubjay_text("token");
    fake_start(&node, echo, 1);
    struct scrubjay *c = fake_client(&node, LONG_MS);
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(scrubjay_pipeline_fill(c, "", numbered(text, i), token, token, NULL),
                     SCRUBJAY_OK);
    cr_expect_eq(scrubjay_pipeline_next(c, NULL), SCRUBJAY_OK);
    cr_expect_eq(scrubjay_pipeline_next(c, NULL), SCRUBJAY_REFUSED);
    cr_expect_str_eq(scrubjay_error_name(c), "tag");
    cr_expect_eq(scrubjay_pipeline_next(c, NULL), SCRUBJAY_OK);
    cr_expect_eq(scrubjay_pipeline_next(c, NULL), SCRUBJAY_INVALID, "none is left");
    scrubjay_free(c);
    fake_join(&node);
}

Test(pipeline, at_most_1024_answers_wait)
{
    char text[16];
    fake_start(&node, echo, 1);
    struct scrubjay *c = fake_client(&node, LONG_MS);
    queue_gets(c, PENDING_MAX);
    cr_expect_eq(scrubjay_pipeline_get(c, "", numbered(text, 0)), SCRUBJAY_INVALID);
    cr_expect_not_null(strstr(scrubjay_error(c), "the limit is 1024"));
    take_gets(c, PENDING_MAX);
    scrubjay_free(c);
    fake_join(&node);
}

/** Answers each fill with a long reason, without ever waiting for the client to read. */
static void flood(struct fake *f, int fd, unsigned nth)
{
    static char reason[65536];
    struct client_request q;
    (void)nth;
    memset(reason, 'x', sizeof reason - 1);
    fake_greet(f, fd);
    while (fake_take(f, fd, &q)) {
        client_reply_fill(&f->w, q.id, reason);
        fake_send(f, fd);
    }
}

/* Both directions carry more than all socket buffers together hold. */
Test(pipeline, neither_side_waits_for_the_other_when_both_send_much)
{
    static char long_value[65536];
    const struct scrubjay_bytes key = scrubjay_text("key");
    const struct scrubjay_bytes value = {long_value, sizeof long_value};
    fake_start(&node, flood, 1);
    struct scrubjay *c = fake_client(&node, LONG_MS);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(scrubjay_pipeline_fill(c, "", key, value, key, NULL), SCRUBJAY_OK);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(scrubjay_pipeline_next(c, NULL), SCRUBJAY_REFUSED, "%s", scrubjay_error(c));
    scrubjay_free(c);
    fake_join(&node);
}

static void hang_up(struct fake *f, int fd, unsigned nth)
{
    struct client_request q;
    (void)nth;
    fake_greet(f, fd);
    (void)fake_take(f, fd, &q);
    answer(f, &q);
    fake_send(f, fd);
}

Test(pipeline, answers_lost_with_the_connection_are_told_one_by_one)
{
    struct scrubjay_value got;
    char text[16];
    const struct scrubjay_bytes token = scrubjay_text("token");
    fake_start(&node, hang_up, 1);
    struct scrubjay *c = fake_client(&node, LONG_MS);
    queue_gets(c, 2);
    cr_assert_eq(scrubjay_pipeline_fill(c, "", numbered(text, 2), token, token, NULL), SCRUBJAY_OK);
    take_gets(c, 1);
    cr_expect_eq(scrubjay_pipeline_next(c, &got), SCRUBJAY_CONNECT);
    cr_expect_eq(scrubjay_pipeline_next(c, &got), SCRUBJAY_UNKNOWN);
    cr_expect_eq(scrubjay_pipeline_pending(c), 0);
    scrubjay_free(c);
    fake_join(&node);
}

static void hang_up_once(struct fake *f, int fd, unsigned nth)
{
    if (nth == 0)
        hang_up(f, fd, nth);
    else
        echo(f, fd, nth);
}

Test(pipeline, a_lost_answer_is_not_waited_for_on_the_next_connection)
{
    struct scrubjay_value got;
    fake_start(&node, hang_up_once, 2);
    struct scrubjay *c = fake_client(&node, LONG_MS);
    queue_gets(c, 3);
    take_gets(c, 1);
    cr_expect_eq(scrubjay_pipeline_next(c, &got), SCRUBJAY_CONNECT);
    cr_assert_eq(scrubjay_get(c, "", scrubjay_text("again"), &got), SCRUBJAY_OK);
    cr_expect_eq(scrubjay_pipeline_next(c, &got), SCRUBJAY_CONNECT);
    scrubjay_free(c);
    fake_join(&node);
}

/* ---- invalidations ---- */

static void push_key(struct fake *f, const char *key)
{
    client_push_invalidated(&f->w, slice_text("shop"), SCOPE_KEY, slice_text(key),
                            slice_text("stamp"));
}

/** Agrees to the subscription; before each later answer pushes as many events as its key says. */
static void publish(struct fake *f, int fd, unsigned nth)
{
    struct client_request q;
    (void)nth;
    fake_greet(f, fd);
    while (fake_take(f, fd, &q)) {
        char text[16] = {0};
        if (q.op == OP_GET)
            memcpy(text, q.fill.key.at, q.fill.key.len);
        for (long i = strtol(text, NULL, 10); i > 0; i--) {
            push_key(f, "package-123");
            fake_send(f, fd);
        }
        if (q.op == OP_GET)
            fake_hit(f, q.id, "value");
        else
            client_reply_bool(&f->w, q.id, true);
        fake_send(f, fd);
    }
}

static struct scrubjay *subscribe(fake_script *script)
{
    fake_start(&node, script, 1);
    struct scrubjay *c = fake_client(&node, LONG_MS);
    cr_assert_eq(scrubjay_subscribe(c, "shop", scrubjay_text("package-")), SCRUBJAY_OK);
    return c;
}

Test(watch, events_that_come_during_a_call_are_kept)
{
    struct scrubjay_event event;
    struct scrubjay_value got;
    struct scrubjay *c = subscribe(publish);
    cr_assert_eq(scrubjay_get(c, "", scrubjay_text("3"), &got), SCRUBJAY_OK);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(scrubjay_next(c, LONG_MS, &event), SCRUBJAY_OK);
        cr_expect(holds(event.ns, "shop") && event.scope == SCRUBJAY_KEY);
        cr_expect(holds(event.target, "package-123") && holds(event.stamp, "stamp"));
    }
    cr_expect_eq(scrubjay_next(c, 0, &event), SCRUBJAY_TIMEOUT);
    scrubjay_free(c);
    fake_join(&node);
}

Test(watch, too_many_events_become_one_that_says_all)
{
    struct scrubjay_event event;
    struct scrubjay_value got;
    struct scrubjay *c = subscribe(publish);
    cr_assert_eq(scrubjay_get(c, "", scrubjay_text("9000"), &got), SCRUBJAY_OK);
    cr_assert_eq(scrubjay_next(c, LONG_MS, &event), SCRUBJAY_OK);
    cr_expect(event.scope == SCRUBJAY_ALL && event.target.len == 0);
    scrubjay_free(c);
    fake_join(&node);
}

static void push_and_leave(struct fake *f, int fd, unsigned nth)
{
    struct client_request q;
    (void)nth;
    fake_greet(f, fd);
    cr_assert(fake_take(f, fd, &q));
    client_reply_bool(&f->w, q.id, true);
    push_key(f, "a");
    fake_send(f, fd);
}

Test(watch, a_broken_connection_is_told_once_after_its_events)
{
    struct scrubjay_event event;
    struct scrubjay *c = subscribe(push_and_leave);
    cr_assert_eq(scrubjay_next(c, LONG_MS, &event), SCRUBJAY_OK);
    cr_expect(holds(event.target, "a"));
    cr_expect_eq(scrubjay_next(c, LONG_MS, &event), SCRUBJAY_CONNECT);
    cr_expect_not_null(strstr(scrubjay_error(c), "invalidations may have been missed"));
    cr_expect_eq(scrubjay_next(c, LONG_MS, &event), SCRUBJAY_INVALID);
    scrubjay_free(c);
    fake_join(&node);
}

Test(watch, without_a_subscription_there_is_nothing_to_wait_for)
{
    struct scrubjay_event event;
    struct scrubjay *c = scrubjay_new(NULL);
    cr_expect_eq(scrubjay_next(c, LONG_MS, &event), SCRUBJAY_INVALID);
    scrubjay_free(c);
}
