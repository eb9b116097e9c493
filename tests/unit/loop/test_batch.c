/** Requests that arrive together: taken apart together, carried out in their order. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop/batch.h"

#include "kit.h"

#define FRAMES_CAP (1U << 18)

static uint8_t bytes[FRAMES_CAP];

static void start(void)
{
    const struct loop_cfg cfg = kit_cfg();
    kit_make(&cfg);
    kit_launch();
}

static struct client_request get_of(uint32_t id, const char *key)
{
    return (struct client_request){.id = id, .op = OP_GET, .fill.key = slice_text(key)};
}

/* ---- taking apart ---- */

struct table {
    struct loop *loop;
    struct batch *batch;
    struct writer w;
};

static struct table table_new(void)
{
    return (struct table){.loop = kit_still(0),
                          .batch = calloc(1, sizeof(struct batch)),
                          .w = writer_of(bytes, sizeof bytes)};
}

static void table_free(struct table *t)
{
    free(t->batch);
    loop_free(t->loop);
}

static void write_gets(struct table *t, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct client_request r = get_of(i, "key");
        client_request_encode(&t->w, &r);
    }
    cr_assert_eq(t->w.err, OK);
}

static size_t add(struct table *t, struct slice from)
{
    return batch_add(t->batch, &t->loop->world.ctx, t->loop->workers[0]->codec, from);
}

Test(batch, it_takes_no_more_than_its_limit)
{
    struct table t = table_new();
    write_gets(&t, BATCH_MAX + 1);
    cr_expect_eq(add(&t, writer_slice(&t.w)), BATCH_MAX);
    cr_expect_eq(t.batch->n, BATCH_MAX);
    cr_expect_eq(add(&t, writer_slice(&t.w)), 0, "it is full");
    batch_hint(t.batch);
    const struct slice last = t.batch->all[BATCH_MAX - 1].frame;
    t.batch->n = 0;
    const size_t rest = t.w.len - (size_t)(last.at + last.len - bytes);
    cr_expect_eq(add(&t, slice_of(last.at + last.len, rest)), 1);
    table_free(&t);
}

Test(batch, what_several_sent_stands_in_it_one_behind_the_other)
{
    struct table t = table_new();
    write_gets(&t, 3);
    cr_expect_eq(add(&t, writer_slice(&t.w)), 3);
    cr_expect_eq(add(&t, writer_slice(&t.w)), 3);
    cr_expect_eq(t.batch->n, 6);
    cr_expect_eq(t.batch->all[3].frame.at, t.batch->all[0].frame.at);
    table_free(&t);
}

Test(batch, the_length_of_replies_is_learnt_and_forgotten)
{
    struct table t = table_new();
    for (int i = 0; i < 100; i++)
        batch_learn(t.batch, 1000);
    cr_expect(t.batch->likely_len > 900 && t.batch->likely_len < 1100, "%zu", t.batch->likely_len);
    for (int i = 0; i < 100; i++)
        batch_learn(t.batch, 10);
    cr_expect_lt(t.batch->likely_len, 30);
    table_free(&t);
}

Test(batch, a_part_of_a_frame_stays_behind)
{
    struct table t = table_new();
    write_gets(&t, 3);
    cr_expect_eq(add(&t, slice_of(bytes, t.w.len - 1)), 2);
    cr_expect_eq(add(&t, slice_of(bytes, 0)), 0);
    table_free(&t);
}

Test(batch, what_stands_before_a_frame_that_is_too_long_is_taken)
{
    struct table t = table_new();
    write_gets(&t, 2);
    write_u32(&t.w, UINT32_MAX);
    cr_expect_eq(add(&t, writer_slice(&t.w)), 2);
    table_free(&t);
}

Test(batch, what_is_not_plain_is_left_as_it_is)
{
    struct table t = table_new();
    const struct client_request ping = {.op = OP_PING};
    client_request_encode(&t.w, &ping);
    write_gets(&t, 1);
    cr_assert_eq(add(&t, writer_slice(&t.w)), 2);
    cr_expect_not(t.batch->all[0].is_plain);
    cr_expect(t.batch->all[1].is_plain);
    cr_expect(slice_eq(t.batch->all[1].plain.request.key, slice_text("key")));
    table_free(&t);
}

/* ---- carrying out ---- */

TestSuite(together, .init = start, .fini = kit_end, .timeout = 60);

static void next_is(struct client *c, uint32_t id, const char *text)
{
    struct client_reply reply;
    cr_assert(kit_next(c, &reply));
    cr_assert_eq(reply.id, id);
    if (text != NULL)
        cr_expect_not_null(memmem(reply.result.at, reply.result.len, text, strlen(text)), "%s",
                           text);
}

Test(together, replies_come_in_the_order_of_requests_whatever_their_shape)
{
    struct client c = kit_dial();
    struct writer w = writer_of(bytes, sizeof bytes);
    const uint32_t n = 5 * BATCH_MAX;
    for (uint32_t i = 0; i < n; i++) {
        struct client_request r = get_of(i, "nobody has it");
        if (i % 7 == 3)
            r = (struct client_request){.id = i, .op = OP_PING};
        if (i % 5 == 2)
            r.read.stale = r.op == OP_GET;
        client_request_encode(&w, &r);
    }
    kit_send(&c, writer_slice(&w));
    for (uint32_t i = 0; i < n; i++)
        next_is(&c, i, i % 7 == 3 ? "pong" : NULL);
    const struct loop_counters counters = kit_counters();
    cr_expect_eq(counters.requests[OP_PING] + counters.requests[OP_GET], n);
    cr_expect_eq(counters.lookups[STATUS_MISS], counters.requests[OP_GET]);
    cr_expect_eq(counters.request_errors[OP_GET] + counters.request_errors[0], 0);
    kit_hang_up(&c);
}

Test(together, a_get_sees_the_fill_that_came_with_it)
{
    struct client c = kit_dial();
    uint8_t token[64];
    const struct client_got got = kit_get(&c, "k");
    memcpy(token, got.token.at, got.token.len);
    const struct client_request get = get_of(7, "k");
    const struct client_request fill = {.id = 8,
                                        .op = OP_FILL,
                                        .fill = {.key = slice_text("k"),
                                                 .value = slice_text("the value"),
                                                 .token = slice_of(token, got.token.len)}};
    struct writer w = writer_of(bytes, sizeof bytes);
    client_request_encode(&w, &get);
    client_request_encode(&w, &fill);
    client_request_encode(&w, &get);
    kit_send(&c, writer_slice(&w));
    next_is(&c, 7, NULL);
    next_is(&c, 8, "\x92\xC3\xC0");
    next_is(&c, 7, "the value");
    kit_hang_up(&c);
}

Test(together, what_came_before_a_frame_that_is_no_request_is_answered)
{
    struct client c = kit_dial();
    struct client_reply reply;
    struct writer w = writer_of(bytes, sizeof bytes);
    const struct client_request get = get_of(1, "k");
    client_request_encode(&w, &get);
    client_request_encode(&w, &get);
    write_u32(&w, 1);
    write_u8(&w, 0xC1);
    client_request_encode(&w, &get);
    kit_send(&c, writer_slice(&w));
    next_is(&c, 1, NULL);
    next_is(&c, 1, NULL);
    cr_assert(kit_next(&c, &reply));
    cr_expect(slice_eq(reply.error, slice_text("MALFORMED")));
    cr_expect_not(kit_next(&c, &reply), "what follows it is not to be trusted");
    kit_hang_up(&c);
}

Test(together, an_empty_frame_is_no_request)
{
    struct client c = kit_dial(), other = kit_dial();
    struct client_reply reply;
    struct writer w = writer_of(bytes, sizeof bytes);
    const struct client_request get = get_of(1, "k");
    client_request_encode(&w, &get);
    write_u32(&w, 0);
    client_request_encode(&w, &get);
    kit_send(&c, writer_slice(&w));
    next_is(&c, 1, NULL);
    cr_assert(kit_next(&c, &reply));
    cr_expect(slice_eq(reply.error, slice_text("MALFORMED")));
    cr_expect_not(kit_next(&c, &reply));
    cr_expect_neq(kit_get(&other, "k").status, STATUS_HIT, "the node lives");
    kit_hang_up(&c);
    kit_hang_up(&other);
}

Test(together, values_longer_than_the_first_room_are_answered_whole)
{
    struct client c = kit_dial();
    static char value[200000];
    memset(value, 'v', sizeof value - 1);
    for (int i = 0; i < 3; i++) {
        char key[8];
        (void)snprintf(key, sizeof key, "k%d", i);
        const struct client_got got = kit_get(&c, key);
        value[i == 0 ? 5000 : i == 1 ? 70000 : sizeof value - 1] = '\0';
        cr_assert(kit_fill(&c, key, value, got.token).stored);
        value[i == 0 ? 5000 : i == 1 ? 70000 : sizeof value - 1] = 'v';
    }
    struct writer w = writer_of(bytes, sizeof bytes);
    const struct client_request gets[] = {get_of(0, "k0"), get_of(1, "k1"), get_of(2, "k2")};
    for (size_t i = 0; i < 3; i++)
        client_request_encode(&w, &gets[i]);
    kit_send(&c, writer_slice(&w));
    static const size_t lengths[] = {5000, 70000, sizeof value - 1};
    for (uint32_t i = 0; i < 3; i++)
        cr_expect_eq(kit_got(&c, i).value.len, lengths[i]);
    kit_hang_up(&c);
}
