/** Records: what opens, and what ends a connection. */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "seal/tunnel.h"

#include "vectors.h"

#define FILE_NAME "client_sealed"
#define ROOM      (3 * TUNNEL_RECORD_MAX)

static struct tunnel_key sender, taker;
static uint8_t wire[ROOM];

static void begin(void)
{
    cr_assert_eq(vectors_load(FILE_NAME, "client_key", sender.bytes, 32), 32);
    sender.number = 0;
    taker = sender;
}

TestSuite(tunnel, .init = begin);

/** Seal a text behind what is there. Returns: the length of all. */
static size_t add(size_t at, const char *text)
{
    return at + tunnel_seal(&sender, slice_text(text), wire + at);
}

/** Does it open to this text, all of it? */
static bool opens(size_t len, const char *text)
{
    struct tunnel_opened o;
    return tunnel_open(&taker, wire, len, &o) == OK && o.used == len &&
           o.text_len == strlen(text) && memcmp(wire, text, o.text_len) == 0;
}

static enum err error_of(size_t len)
{
    struct tunnel_opened o;
    return tunnel_open(&taker, wire, len, &o);
}

Test(tunnel, a_record_of_each_direction_is_golden)
{
    static const char *const names[][3] = {{"client_key", "get", "record_of_client"},
                                           {"node_key", "miss", "record_of_node"}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        uint8_t frame[128], golden[160];
        struct tunnel_opened o;
        cr_assert_eq(vectors_load(FILE_NAME, names[i][0], sender.bytes, 32), 32);
        taker = sender;
        taker.number = sender.number = 0;
        const size_t len = vectors_load(FILE_NAME, names[i][1], frame, sizeof frame);
        cr_assert_eq(vectors_load(FILE_NAME, names[i][2], golden, sizeof golden),
                     len + TUNNEL_OVERHEAD);
        cr_assert_eq(tunnel_seal(&sender, slice_of(frame, len), wire), len + TUNNEL_OVERHEAD);
        cr_expect_eq(memcmp(wire, golden, len + TUNNEL_OVERHEAD), 0, "%s", names[i][2]);
        cr_assert_eq(tunnel_open(&taker, golden, len + TUNNEL_OVERHEAD, &o), OK);
        cr_expect(o.text_len == len && memcmp(golden, frame, len) == 0);
    }
}

Test(tunnel, records_at_once_are_one_run_of_bytes)
{
    struct tunnel_opened o;
    size_t len = add(add(add(0, "one"), "two, longer"), "3");
    const size_t third = 1 + TUNNEL_OVERHEAD;
    cr_assert_eq(tunnel_open(&taker, wire, len - 1, &o), OK);
    cr_expect(o.text_len == 14 && memcmp(wire, "onetwo, longer", 14) == 0);
    cr_assert_eq(o.used, len - third, "the third is not whole");
    memmove(wire, wire + o.used, third);
    cr_expect(opens(third, "3"));
    cr_assert_eq(tunnel_open(&taker, wire, 0, &o), OK);
    cr_expect(o.text_len == 0 && o.used == 0);
}

Test(tunnel, a_record_in_parts_is_waited_for)
{
    struct tunnel_opened o;
    const size_t len = add(0, "in transit");
    for (size_t n = 0; n < len; n++) {
        cr_assert_eq(tunnel_open(&taker, wire, n, &o), OK, "%zu", n);
        cr_expect(o.text_len == 0 && o.used == 0);
    }
    cr_expect(opens(len, "in transit"));
}

Test(tunnel, no_flipped_bit_passes)
{
    const size_t len = add(0, "in transit");
    uint8_t golden[64];
    memcpy(golden, wire, len);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        struct tunnel_opened o;
        memcpy(wire, golden, len);
        wire[bit / 8] ^= (uint8_t)(1U << bit % 8);
        const enum err err = tunnel_open(&taker, wire, len, &o);
        cr_expect(err != OK || o.used == 0, "bit %zu", bit); /* longer ones are waited for */
        cr_expect_eq(taker.number, 0);
        if (bit >= 8 * TUNNEL_HEAD_LEN)
            cr_expect_eq(err, ERR_UNAUTHENTIC, "bit %zu", bit);
    }
    memcpy(wire, golden, len);
    cr_expect(opens(len, "in transit"), "it was waited for");
}

Test(tunnel, another_key_opens_nothing)
{
    const size_t len = add(0, "in transit");
    taker.bytes[31] ^= 1;
    cr_expect_eq(error_of(len), ERR_UNAUTHENTIC);
}

Test(tunnel, neither_the_second_nor_the_first_again_opens_as_the_first)
{
    uint8_t first[64];
    const size_t len = add(0, "first");
    memcpy(first, wire, len);
    (void)tunnel_seal(&sender, slice_text("other"), wire);
    cr_expect_eq(error_of(len), ERR_UNAUTHENTIC, "one was left out");
    memcpy(wire, first, len);
    cr_expect(opens(len, "first"));
    memcpy(wire, first, len);
    cr_expect_eq(error_of(len), ERR_UNAUTHENTIC, "it was there");
}

Test(tunnel, a_length_that_was_changed_does_not_open)
{
    const size_t len = add(0, "in transit");
    wire[3]--; /* a shorter record, whose tag is a part of the text */
    cr_expect_eq(error_of(len), ERR_UNAUTHENTIC);
}

Test(tunnel, what_is_behind_a_forged_record_is_not_opened)
{
    const size_t one = add(0, "one"), len = add(one, "two");
    wire[TUNNEL_HEAD_LEN] ^= 1;
    cr_expect_eq(error_of(len), ERR_UNAUTHENTIC);
    cr_expect_eq(taker.number, 0);
}

/** A length that says n. */
static enum err measured(uint32_t n, size_t *need)
{
    struct writer w = writer_of(wire, sizeof wire);
    write_u32(&w, n);
    return tunnel_measure(slice_of(wire, 4), need);
}

Test(tunnel, the_length_is_judged_by_its_four_bytes)
{
    size_t need;
    cr_expect_eq(tunnel_measure(slice_of(wire, 0), &need), ERR_SHORT);
    cr_expect_eq(tunnel_measure(slice_of(wire, 3), &need), ERR_SHORT);
    cr_expect_eq(need, TUNNEL_HEAD_LEN);
    cr_expect_eq(measured(TUNNEL_RECORD_MAX - 4, &need), ERR_SHORT);
    cr_expect_eq(need, TUNNEL_RECORD_MAX);
    cr_expect_eq(measured(TUNNEL_RECORD_MAX - 3, &need), ERR_LIMIT);
    cr_expect_eq(measured(UINT32_MAX, &need), ERR_LIMIT);
    cr_expect_eq(measured(17, &need), ERR_SHORT);
    cr_expect_eq(need, 21);
    cr_expect_eq(measured(16, &need), ERR_MALFORMED, "nothing would be in it");
    cr_expect_eq(measured(0, &need), ERR_MALFORMED);
}

Test(tunnel, the_longest_record_opens)
{
    static uint8_t text[TUNNEL_TEXT_MAX];
    struct tunnel_opened o;
    memset(text, 0x5A, sizeof text);
    const size_t len = tunnel_seal(&sender, slice_of(text, sizeof text), wire);
    cr_assert_eq(len, TUNNEL_RECORD_MAX);
    cr_assert_eq(tunnel_open(&taker, wire, len, &o), OK);
    cr_expect(o.text_len == sizeof text && memcmp(wire, text, sizeof text) == 0);
}

Test(tunnel, a_text_that_is_too_long_is_our_mistake, .signal = SIGABRT)
{
    static uint8_t text[TUNNEL_TEXT_MAX + 1];
    (void)tunnel_seal(&sender, slice_of(text, sizeof text), wire);
}

Test(tunnel, an_empty_text_is_our_mistake, .signal = SIGABRT)
{
    (void)tunnel_seal(&sender, (struct slice){0}, wire);
}

Test(tunnel, no_number_is_used_twice)
{
    sender.number = taker.number = UINT64_MAX - 1;
    const size_t len = add(0, "the last");
    cr_expect(opens(len, "the last"));
    cr_expect_eq(tunnel_seal(&sender, slice_text("x"), wire), 0);
    cr_expect_eq(sender.number, UINT64_MAX);
    sender.number--;
    cr_expect_eq(error_of(add(0, "x")), ERR_FULL);
}

Test(tunnel, a_wipe_leaves_nothing)
{
    static const struct tunnel nothing;
    struct tunnel t = {.send = sender, .take = taker};
    tunnel_wipe(&t);
    cr_expect_eq(memcmp(&t, &nothing, sizeof t), 0);
}
