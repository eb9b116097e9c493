/** Reading replies: whole, split anywhere, and hostile. */

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "load/protocol.h"
#include "wire/client.h"

#include "seed.h"

/** A reply and what it says. */
struct sample {
    const struct protocol *protocol;
    const char *bytes;
    size_t len;
    enum answer answer;
    const char *text; /* of the value or the reason; NULL = none */
};

#define SAMPLE(p, bytes, answer, text)                                                             \
    {                                                                                              \
        &PROTOCOL_##p, bytes, sizeof(bytes) - 1, answer, text                                      \
    }

static const struct sample SAMPLES[] = {
    SAMPLE(REDIS, "$5\r\nhello\r\n", ANSWER_HIT, "hello"),
    SAMPLE(REDIS, "$0\r\n\r\n", ANSWER_HIT, ""),
    SAMPLE(REDIS, "$4\r\n\r\n\r\n\r\n", ANSWER_HIT, "\r\n\r\n"),
    SAMPLE(REDIS, "$-1\r\n", ANSWER_MISS, NULL),
    SAMPLE(REDIS, "+OK\r\n", ANSWER_DONE, NULL),
    SAMPLE(REDIS, ":1\r\n", ANSWER_DONE, NULL),
    SAMPLE(REDIS, "-ERR no\r\n", ANSWER_ERROR, "ERR no"),
    SAMPLE(MEMCACHED, "VA 5\r\nhello\r\n", ANSWER_HIT, "hello"),
    SAMPLE(MEMCACHED, "VA 5 f0 t-1\r\nhello\r\n", ANSWER_HIT, "hello"),
    SAMPLE(MEMCACHED, "VA 0\r\n\r\n", ANSWER_HIT, ""),
    SAMPLE(MEMCACHED, "EN\r\n", ANSWER_MISS, NULL),
    SAMPLE(MEMCACHED, "HD\r\n", ANSWER_DONE, NULL),
    SAMPLE(MEMCACHED, "NF\r\n", ANSWER_DONE, NULL),
    SAMPLE(MEMCACHED, "NS\r\n", ANSWER_REFUSED, NULL),
    SAMPLE(MEMCACHED, "SERVER_ERROR out of memory\r\n", ANSWER_ERROR, "SERVER_ERROR out of memory"),
    SAMPLE(SCRUBJAY, "\0\0\0\x0F\x94\x01\xCD\x01\x02\xC0\x94\x00\xC4\x02hi\xC0\xC0\x00", ANSWER_HIT,
           NULL),
    SAMPLE(SCRUBJAY, "\0\0\0\x0D\x94\x01\xCD\x01\x02\xC0\x92\xC2\xA4late", ANSWER_REFUSED, "late"),
    SAMPLE(SCRUBJAY, "\0\0\0\x09\x94\x01\xCD\x01\x02\xC0\x92\xC3\xC0", ANSWER_DONE, NULL),
    SAMPLE(SCRUBJAY, "\0\0\0\x0E\x94\x01\xCD\x01\x02\x92\xA3NAY\xA1t\xC0\xC0", ANSWER_ERROR, "NAY"),
};

#define SAMPLES_N (sizeof SAMPLES / sizeof *SAMPLES)

/** Read from memory that ends with the bytes, so that a sanitizer sees a read behind them. */
static enum err read_exactly(const struct sample *s, size_t len, struct reply *out)
{
    uint8_t *copy = malloc(len + (len == 0));
    memcpy(copy, s->bytes, len);
    const enum err err = s->protocol->read(slice_of(copy, len), out);
    if (err == OK) { /* lent slices must lie within */
        cr_assert_leq(out->len, len);
        const struct slice lent[] = {out->value, out->token, out->why};
        for (size_t i = 0; i < 3; i++)
            cr_assert(lent[i].len == 0 ||
                      (lent[i].at >= copy && lent[i].at + lent[i].len <= copy + len) ||
                      out->answer == ANSWER_REFUSED);
    }
    free(copy);
    return err;
}

Test(replies, each_says_what_it_says)
{
    for (size_t i = 0; i < SAMPLES_N; i++) {
        const struct sample *s = &SAMPLES[i];
        struct reply r;
        cr_assert_eq(s->protocol->read(slice_of(s->bytes, s->len), &r), OK, "%zu", i);
        cr_expect_eq(r.len, s->len, "%zu: %zu bytes", i, r.len);
        cr_expect_eq(r.answer, s->answer, "%zu: %d", i, (int)r.answer);
        const struct slice text = r.answer == ANSWER_HIT ? r.value : r.why;
        cr_expect(s->text == NULL || slice_eq(text, slice_text(s->text)), "%zu", i);
    }
}

Test(replies, a_beginning_is_short_and_nothing_else)
{
    for (size_t i = 0; i < SAMPLES_N; i++)
        for (size_t len = 0; len < SAMPLES[i].len; len++) {
            struct reply r;
            cr_assert_eq(read_exactly(&SAMPLES[i], len, &r), ERR_SHORT, "%zu cut at %zu", i, len);
        }
}

Test(replies, what_follows_is_left_alone)
{
    for (size_t i = 0; i < SAMPLES_N; i++) {
        uint8_t two[128];
        struct reply r;
        memcpy(two, SAMPLES[i].bytes, SAMPLES[i].len);
        memset(two + SAMPLES[i].len, 0xFF, 8);
        cr_assert_eq(SAMPLES[i].protocol->read(slice_of(two, SAMPLES[i].len + 8), &r), OK);
        cr_assert_eq(r.len, SAMPLES[i].len);
    }
}

Test(replies, changed_bytes_never_lead_outside)
{
    struct rng r;
    rng_init(&r, seed());
    for (int n = 0; n < 200000; n++) {
        const struct sample *from = &SAMPLES[rng_below(&r, SAMPLES_N)];
        char bytes[64];
        struct reply reply;
        struct sample s = *from;
        memcpy(bytes, from->bytes, from->len);
        s.bytes = bytes;
        for (uint64_t k = rng_below(&r, 4); k > 0; k--)
            bytes[rng_below(&r, s.len)] = (char)rng_next(&r);
        (void)read_exactly(&s, s.len, &reply);
    }
}

Test(replies, what_no_server_says_is_malformed)
{
    static const struct sample bad[] = {
        SAMPLE(REDIS, "hello\r\n", 0, NULL),
        SAMPLE(REDIS, "\r\n", 0, NULL),
        SAMPLE(REDIS, "$-2\r\n", 0, NULL),
        SAMPLE(REDIS, "$\r\n", 0, NULL),
        SAMPLE(REDIS, "$16777216\r\n", 0, NULL),
        SAMPLE(REDIS, "$99999999999999999999999\r\n", 0, NULL),
        SAMPLE(REDIS, "$2\r\nabcd\r\n", 0, NULL),
        SAMPLE(REDIS, "+OK\n", 0, NULL),
        SAMPLE(MEMCACHED, "VA\r\n", 0, NULL),
        SAMPLE(MEMCACHED, "VA x\r\n", 0, NULL),
        SAMPLE(MEMCACHED, "VA 2x\r\n", 0, NULL),
        SAMPLE(MEMCACHED, "HDX\r\n", 0, NULL),
        SAMPLE(MEMCACHED, "VALUE k 0 5\r\n", 0, NULL),
        SAMPLE(SCRUBJAY, "\xFF\xFF\xFF\xFF", 0, NULL),
        SAMPLE(SCRUBJAY, "\0\0\0\0", 0, NULL),
        SAMPLE(SCRUBJAY, "\0\0\0\x01\x94", 0, NULL),
        SAMPLE(SCRUBJAY, "\0\0\0\x04\x93\x02\xC0\xC0", 0, NULL),
        SAMPLE(SCRUBJAY, "\0\0\0\x05\x94\x01\x05\xC0\x90", 0, NULL),
        SAMPLE(SCRUBJAY, "\0\0\0\x08\x94\x01\x05\xC0\x94\x00\xC4\x09", 0, NULL),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct reply r;
        cr_expect_eq(read_exactly(&bad[i], bad[i].len, &r), ERR_MALFORMED, "%zu", i);
    }
}

Test(replies, a_line_without_an_end_is_given_up)
{
    static uint8_t line[PROTOCOL_LINE_MAX];
    struct reply r;
    memset(line, '+', sizeof line);
    cr_assert_eq(PROTOCOL_REDIS.read(slice_of(line, sizeof line - 1), &r), ERR_SHORT);
    cr_assert_eq(PROTOCOL_REDIS.read(slice_of(line, sizeof line), &r), ERR_MALFORMED);
}

/* ---- against the node's own writer ---- */

static struct reply written(void (*write)(struct writer *w))
{
    static uint8_t bytes[1024];
    struct writer w = writer_of(bytes, sizeof bytes);
    struct reply r;
    write(&w);
    cr_assert_eq(PROTOCOL_SCRUBJAY.read(writer_slice(&w), &r), OK);
    cr_assert_eq(r.len, w.len);
    return r;
}

static void write_hit(struct writer *w)
{
    const struct client_got got = {.status = STATUS_HIT,
                                   .value = slice_text("value"),
                                   .age_ms = 70000,
                                   .ttl_ms = 1234,
                                   .has_version = true,
                                   .version = UINT64_MAX};
    client_reply_get(w, 257, &got);
}

static void write_miss(struct writer *w)
{
    const struct client_got got = {.status = STATUS_MISS, .token = slice_text("token")};
    client_reply_get(w, 258, &got);
}

static void write_wait(struct writer *w)
{
    const struct client_got got = {.status = STATUS_WAIT};
    client_reply_get(w, 259, &got);
}

static void write_late(struct writer *w)
{
    client_reply_fill(w, 260, "invalidated");
}

static void write_acks(struct writer *w)
{
    const struct client_acks acks = {.stamp = slice_text("123456789012345678901234"),
                                     .level = {.level = ACK_LOCAL},
                                     .reached = true};
    client_reply_acks(w, 65535, &acks);
}

static void write_fault(struct writer *w)
{
    const struct client_fault fault = {.has_id = true, .id = 261, .name = "NAY", .text = "no"};
    client_reply_error(w, &fault);
}

Test(replies, those_of_a_node_are_understood)
{
    struct reply r = written(write_hit);
    cr_expect(r.answer == ANSWER_HIT && r.id == 257 && slice_eq(r.value, slice_text("value")));
    r = written(write_miss);
    cr_expect(r.answer == ANSWER_MISS && r.id == 258 && slice_eq(r.token, slice_text("token")));
    r = written(write_wait);
    cr_expect(r.answer == ANSWER_WAIT && r.id == 259);
    r = written(write_late);
    cr_expect(r.answer == ANSWER_REFUSED && slice_eq(r.why, slice_text("invalidated")));
    r = written(write_acks);
    cr_expect(r.answer == ANSWER_DONE && r.id == 65535);
    r = written(write_fault);
    cr_expect(r.answer == ANSWER_ERROR && r.id == 261 && slice_eq(r.why, slice_text("NAY")));
}
