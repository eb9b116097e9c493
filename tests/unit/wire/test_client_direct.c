/** Replies that are written straight: the bytes of the packer, within the same room. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "wire/client_direct.h"

#include "client_kit.h"

#define CAP    8192
#define ROUNDS 5000

static uint8_t direct[CAP], packed[CAP];

static uint64_t seed(void)
{
    const char *text = getenv("SEED");
    return text == NULL ? 1 : strtoull(text, NULL, 10);
}

/** Any number of any length. */
static uint64_t some_number(struct rng *rng)
{
    return rng_next(rng) >> rng_below(rng, 64);
}

static struct client_got some_got(struct rng *rng)
{
    static const uint8_t many[CAP / 2] = {1, 2, 3};
    const uint64_t value_max = rng_chance(rng, 500) ? 300 : sizeof many;
    struct client_got got = {.status = (enum client_status)rng_below(rng, STATUS_UNPROVEN + 1),
                             .age_ms = some_number(rng),
                             .ttl_ms = rng_chance(rng, 500) ? UINT64_MAX : some_number(rng),
                             .has_version = rng_chance(rng, 500),
                             .version = some_number(rng)};
    if (got.status == STATUS_HIT || got.status == STATUS_STALE)
        got.value = slice_of(many, rng_below(rng, value_max));
    if (got.status != STATUS_HIT && rng_chance(rng, 500))
        got.token = slice_of(many, rng_below(rng, CLIENT_TOKEN_MAX + 1));
    return got;
}

/** With room for these bytes and none to spare, the packer writes. */
static void expect_packed_alike(const struct client_got *got, uint32_t id, struct slice expected)
{
    struct writer w = writer_of(packed, expected.len);
    cr_assert_not(client_direct_get(&w, id, got), "there is no room for any reply");
    client_reply_get(&w, id, got);
    cr_assert_eq(w.err, OK, "SEED=%llu", (unsigned long long)seed());
    cr_assert(slice_eq(writer_slice(&w), expected), "SEED=%llu", (unsigned long long)seed());
    w = writer_of(packed, expected.len - 1);
    client_reply_get(&w, id, got);
    cr_assert_eq(w.err, ERR_SPACE);
    cr_assert_eq(w.len, 0, "whole frames only");
}

Test(client_direct, gets_are_the_bytes_of_the_packer)
{
    struct rng rng;
    rng_init(&rng, seed());
    for (int i = 0; i < ROUNDS; i++) {
        const struct client_got got = some_got(&rng);
        const uint32_t id = (uint32_t)some_number(&rng);
        struct writer w = writer_of(direct, sizeof direct);
        cr_assert(client_direct_get(&w, id, &got));
        expect_packed_alike(&got, id, writer_slice(&w));
    }
}

Test(client_direct, elements_of_an_mget_are_the_same_without_a_frame)
{
    struct rng rng;
    rng_init(&rng, seed());
    for (int i = 0; i < ROUNDS; i++) {
        const struct client_got got = some_got(&rng);
        struct writer one = writer_of(direct, sizeof direct);
        struct writer whole = writer_of(packed, sizeof packed);
        cr_assert(client_direct_many_get(&one, &got));
        cr_assert(client_direct_get(&whole, 0, &got));
        const size_t head = 8; /* length, array, type, id 0, nil */
        cr_assert(slice_eq(writer_slice(&one), slice_of(packed + head, whole.len - head)));
        cr_assert_leq(one.len, CLIENT_GOT_MAX + got.value.len);
        one = writer_of(direct, one.len);
        client_reply_many_get(&one, &got);
        cr_assert_eq(one.err, OK, "what fits is written, too");
    }
}

Test(client_direct, a_stored_fill_is_the_bytes_of_the_packer)
{
    static const uint32_t ids[] = {0, 127, 128, 255, 256, 65535, 65536, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        struct writer w = writer_of(direct, sizeof direct);
        cr_assert(client_direct_stored(&w, ids[i]));
        struct writer tight = writer_of(packed, w.len);
        client_reply_fill(&tight, ids[i], NULL);
        cr_expect_eq(tight.err, OK);
        cr_expect(slice_eq(writer_slice(&tight), writer_slice(&w)), "%u", ids[i]);
    }
}

Test(client_direct, a_stored_entry_of_an_mfill_is_that_of_a_fill_without_a_frame)
{
    struct writer one = writer_of(direct, sizeof direct);
    struct writer whole = writer_of(packed, sizeof packed);
    cr_assert(client_direct_many_stored(&one));
    cr_assert(client_direct_stored(&whole, 0));
    const size_t head = 8; /* length, array, type, id 0, nil */
    cr_expect(slice_eq(writer_slice(&one), slice_of(packed + head, whole.len - head)));
    one = writer_of(direct, one.len);
    client_reply_many_fill(&one, NULL);
    cr_expect_eq(one.err, OK, "what fits is written, too");
    one = writer_of(direct, one.len - 1);
    cr_expect_not(client_direct_many_stored(&one));
    cr_expect_eq(one.len, 0);
}

Test(client_direct, a_writer_that_failed_stays_as_it_is)
{
    const struct client_got got = {.status = STATUS_MISS};
    struct writer w = writer_of(direct, sizeof direct);
    w.err = ERR_SPACE;
    cr_expect_not(client_direct_get(&w, 1, &got));
    cr_expect_not(client_direct_many_get(&w, &got));
    cr_expect_not(client_direct_stored(&w, 1));
    cr_expect_not(client_direct_many_stored(&w));
    cr_expect_eq(w.len, 0);
}

Test(client_direct, proofs_are_left_to_the_packer)
{
    const struct client_got got = {.status = STATUS_UNPROVEN, .has_proof = true, .proof_ms = 7};
    struct writer w = writer_of(direct, sizeof direct);
    cr_expect_not(client_direct_get(&w, 1, &got));
    cr_expect_not(client_direct_many_get(&w, &got));
}
