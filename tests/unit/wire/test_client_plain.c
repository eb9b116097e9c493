/** Plain requests: read as the general decoder reads them, or not at all. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "wire/client_plain.h"

#include "client_kit.h"

#define ROUNDS      20000
#define MANY_ROUNDS 1500
#define FRAME_MAX   (1U << 21) /* of any request that is drawn below */

static uint64_t seed(void)
{
    const char *text = getenv("SEED");
    return text == NULL ? 1 : strtoull(text, NULL, 10);
}

static struct slice encode(const struct client_request *request)
{
    static uint8_t bytes[FRAME_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    client_request_encode(&w, request);
    cr_assert_eq(w.err, OK);
    return slice_of(bytes + 4, w.len - 4);
}

/** Two requests that mean the same are encoded alike. */
static bool means(const struct client_plain *plain, const struct client_request *request)
{
    static uint8_t bytes[1 << 16];
    const struct client_request as_whole = {.id = plain->id,
                                            .op = plain->op,
                                            .ns = plain->ns,
                                            .fill = {.key = plain->key,
                                                     .value = plain->value,
                                                     .token = plain->token,
                                                     .ttl_ms = plain->ttl_ms}};
    const struct slice one = encode(&as_whole);
    memcpy(bytes, one.at, one.len);
    return slice_eq(slice_of(bytes, one.len), encode(request));
}

/** Returns: was it plain? Then both decoders must have read the same. */
static bool agree(struct slice frame)
{
    struct client_plain plain;
    struct client_request request;
    struct client_fault fault;
    if (!client_plain_read(kit_codec(), frame, &plain))
        return false;
    const enum err err = client_request_decode(kit_codec(), frame, &request, &fault);
    cr_assert_eq(err, OK, "SEED=%llu", (unsigned long long)seed());
    cr_assert(means(&plain, &request), "SEED=%llu", (unsigned long long)seed());
    return true;
}

/** A length that is often at a limit, or at one of the wire's own. */
static size_t some_length(struct rng *rng, size_t least, size_t max)
{
    static const size_t edges[] = {0, 1, 31, 32, 255, 256, 65535};
    const size_t edge = edges[rng_below(rng, ARRAY_LEN(edges))];
    if (rng_chance(rng, 200))
        return max;
    if (rng_chance(rng, 500) && edge >= least && edge <= max)
        return edge;
    return least + rng_below(rng, max - least + 1);
}

static struct slice some_bytes(struct rng *rng, size_t least, size_t max)
{
    static const uint8_t many[KIT_VALUE_MAX] = {1, 2, 3};
    return slice_of(many, some_length(rng, least, max));
}

static struct client_request some_request(struct rng *rng)
{
    struct client_request r = {.id = (uint32_t)(rng_next(rng) >> rng_below(rng, 64)),
                               .op = rng_chance(rng, 500) ? OP_GET : OP_FILL,
                               .ns = some_bytes(rng, 0, CLIENT_NS_MAX),
                               .fill.key = some_bytes(rng, 1, CLIENT_KEY_MAX)};
    if (r.op == OP_GET)
        return r;
    r.fill.value = some_bytes(rng, 0, KIT_VALUE_MAX);
    r.fill.token = some_bytes(rng, 1, CLIENT_TOKEN_MAX);
    r.fill.ttl_ms = rng_chance(rng, 500) ? 0 : rng_below(rng, CLIENT_TTL_MS_MAX + 1);
    return r;
}

Test(client_plain, every_get_and_fill_without_other_options_is_plain)
{
    struct rng rng;
    rng_init(&rng, seed());
    for (int i = 0; i < ROUNDS; i++) {
        const struct client_request r = some_request(&rng);
        cr_assert(agree(encode(&r)), "SEED=%llu", (unsigned long long)seed());
    }
}

Test(client_plain, mutated_requests_are_read_alike_or_not_at_all)
{
    static uint8_t bytes[1 << 16];
    struct rng rng;
    int plain = 0;
    rng_init(&rng, seed());
    for (int i = 0; i < ROUNDS; i++) {
        const struct client_request r = some_request(&rng);
        const struct slice frame = encode(&r);
        memcpy(bytes, frame.at, frame.len);
        /* Mostly at the front, where everything but text stands. */
        const size_t front = frame.len < 16 ? frame.len : 16;
        for (uint64_t n = rng_below(&rng, 3); n < 3; n++)
            bytes[rng_below(&rng, rng_chance(&rng, 700) ? front : frame.len)] =
                (uint8_t)rng_next(&rng);
        const size_t len = rng_chance(&rng, 100) ? rng_below(&rng, frame.len + 1) : frame.len;
        plain += agree(slice_of(bytes, len));
    }
    cr_expect(plain > ROUNDS / 100 && plain < ROUNDS * 9 / 10, "%d of %d", plain, ROUNDS);
}

Test(client_plain, no_prefix_of_a_plain_request_is_one)
{
    const struct client_request r = {.op = OP_FILL,
                                     .fill = {.key = slice_text("key"),
                                              .value = slice_text("value"),
                                              .token = slice_text("token"),
                                              .ttl_ms = 1000}};
    const struct slice frame = encode(&r);
    struct client_plain plain;
    cr_expect(agree(frame));
    for (size_t len = 0; len < frame.len; len++) {
        /* Memory of its own, so that a sanitizer sees a byte too many. */
        uint8_t *part = malloc(len == 0 ? 1 : len);
        memcpy(part, frame.at, len);
        cr_expect_not(client_plain_read(kit_codec(), slice_of(part, len), &plain), "%zu", len);
        free(part);
    }
}

static bool reads(struct kit_request *r)
{
    struct client_plain plain;
    return client_plain_read(kit_codec(), writer_slice(&r->w), &plain);
}

Test(client_plain, names_and_str_are_as_good_as_numbers_and_bin)
{
    struct kit_request r;
    kit_begin(&r, "get", 2);
    pack_str(&r.p, slice_text("ns"));
    pack_str(&r.p, slice_text("key"));
    cr_expect(agree(writer_slice(&r.w)));
    kit_begin(&r, "fill", 4);
    pack_str(&r.p, slice_text(""));
    pack_str(&r.p, slice_text("key"));
    pack_str(&r.p, slice_text("a value of more than thirty-one bytes"));
    pack_str(&r.p, slice_text("token"));
    cr_expect(agree(writer_slice(&r.w)));
    kit_begin(&r, "gets", 2);
    pack_str(&r.p, slice_text(""));
    pack_str(&r.p, slice_text("key"));
    cr_expect_not(reads(&r));
}

/** A fill with these lengths; ttl 0 = no options. */
static bool fill_is_plain(size_t ns, size_t key, size_t value, size_t token, uint64_t ttl_ms)
{
    struct kit_request r;
    kit_begin(&r, "fill", ttl_ms > 0 ? 5 : 4);
    kit_fill(&r, ns);
    kit_fill(&r, key);
    kit_fill(&r, value);
    kit_fill(&r, token);
    if (ttl_ms > 0) {
        pack_map(&r.p, 1);
        pack_str(&r.p, slice_text("ttl_ms"));
        pack_u64(&r.p, ttl_ms);
    }
    return reads(&r);
}

Test(client_plain, what_is_beyond_a_limit_is_left_to_the_general_decoder)
{
    cr_expect(fill_is_plain(CLIENT_NS_MAX, CLIENT_KEY_MAX, KIT_VALUE_MAX, CLIENT_TOKEN_MAX,
                            CLIENT_TTL_MS_MAX));
    cr_expect_not(fill_is_plain(CLIENT_NS_MAX + 1, 1, 0, 1, 0));
    cr_expect_not(fill_is_plain(0, CLIENT_KEY_MAX + 1, 0, 1, 0));
    cr_expect_not(fill_is_plain(0, 0, 0, 1, 0));
    cr_expect_not(fill_is_plain(0, 1, KIT_VALUE_MAX + 1, 1, 0));
    cr_expect_not(fill_is_plain(0, 1, 0, CLIENT_TOKEN_MAX + 1, 0));
    cr_expect_not(fill_is_plain(0, 1, 0, 0, 0));
    cr_expect_not(fill_is_plain(0, 1, 0, 1, CLIENT_TTL_MS_MAX + 1));
}

Test(client_plain, other_options_are_not_plain)
{
    struct client_request r = {.op = OP_GET, .fill.key = slice_text("k"), .read.stale = true};
    struct client_plain plain;
    cr_expect_not(client_plain_read(kit_codec(), encode(&r), &plain));
    r = (struct client_request){
        .op = OP_FILL,
        .fill = {.key = slice_text("k"), .token = slice_text("t"), .has_version = true}};
    cr_expect_not(client_plain_read(kit_codec(), encode(&r), &plain));
    r.fill.ttl_ms = 5;
    cr_expect_not(client_plain_read(kit_codec(), encode(&r), &plain));
}

/* ---- mget and mfill ---- */

/** Returns: was it a plain mget or mfill? Then both decoders must have read the same. */
static bool agree_on_many(struct slice lent)
{
    static uint8_t mine[FRAME_MAX], bytes[FRAME_MAX];
    const struct slice frame = slice_of(mine, lent.len); /* not what encode() writes over */
    struct client_request general, many = {.id = 77};
    struct client_fault fault;
    size_t len = 0;
    memcpy(mine, lent.at, lent.len);
    const enum err err = client_request_decode(kit_codec(), frame, &general, &fault);
    if (err == OK) { /* encoded at once: both lend their lists from one decoder */
        const struct slice whole = encode(&general);
        memcpy(bytes, whole.at, whole.len);
        len = whole.len;
    }
    if (!client_plain_many(kit_codec(), frame, &many)) {
        cr_assert_eq(many.id, 77, "nothing was written");
        return false;
    }
    cr_assert_eq(err, OK, "SEED=%llu", (unsigned long long)seed());
    cr_assert(slice_eq(encode(&many), slice_of(bytes, len)), "SEED=%llu",
              (unsigned long long)seed());
    return true;
}

/** A number of elements that is often one at which msgpack changes its form, or the limit. */
static size_t some_number(struct rng *rng, size_t max)
{
    static const size_t edges[] = {1, 15, 16, 17};
    return rng_chance(rng, 100)   ? max
           : rng_chance(rng, 500) ? edges[rng_below(rng, ARRAY_LEN(edges))]
                                  : 1 + rng_below(rng, 40);
}

static struct client_request some_many(struct rng *rng)
{
    static struct slice keys[CLIENT_MGET_MAX];
    static struct client_fill fills[CLIENT_MFILL_MAX];
    struct client_request r = {.id = (uint32_t)(rng_next(rng) >> rng_below(rng, 64)),
                               .op = rng_chance(rng, 500) ? OP_MGET : OP_MFILL,
                               .ns = some_bytes(rng, 0, CLIENT_NS_MAX),
                               .targets = keys,
                               .fills = fills};
    if (r.op == OP_MGET)
        r.targets_n = some_number(rng, CLIENT_MGET_MAX);
    else
        r.fills_n = some_number(rng, CLIENT_MFILL_MAX);
    for (size_t i = 0; i < r.targets_n; i++)
        keys[i] = some_bytes(rng, 1, CLIENT_KEY_MAX);
    for (size_t i = 0; i < r.fills_n; i++)
        fills[i] =
            (struct client_fill){.key = some_bytes(rng, 1, CLIENT_KEY_MAX),
                                 .value = some_bytes(rng, 0, KIT_VALUE_MAX),
                                 .token = some_bytes(rng, 1, CLIENT_TOKEN_MAX),
                                 .ttl_ms = rng_chance(rng, 500) ? 0 : 1 + rng_below(rng, 5000)};
    return r;
}

Test(client_plain, every_mget_and_mfill_without_other_options_is_plain)
{
    struct rng rng;
    rng_init(&rng, seed());
    for (int i = 0; i < MANY_ROUNDS; i++) {
        const struct client_request r = some_many(&rng);
        cr_assert(agree_on_many(encode(&r)), "SEED=%llu", (unsigned long long)seed());
    }
}

Test(client_plain, mutated_mgets_and_mfills_are_read_alike_or_not_at_all)
{
    static uint8_t bytes[FRAME_MAX];
    struct rng rng;
    int plain = 0;
    rng_init(&rng, seed());
    for (int i = 0; i < MANY_ROUNDS; i++) {
        const struct client_request r = some_many(&rng);
        const struct slice frame = encode(&r);
        memcpy(bytes, frame.at, frame.len);
        const size_t front = frame.len < 24 ? frame.len : 24;
        for (uint64_t n = rng_below(&rng, 3); n < 3; n++)
            bytes[rng_below(&rng, rng_chance(&rng, 700) ? front : frame.len)] =
                (uint8_t)rng_next(&rng);
        const size_t len = rng_chance(&rng, 100) ? rng_below(&rng, frame.len + 1) : frame.len;
        plain += agree_on_many(slice_of(bytes, len));
    }
    cr_expect(plain > MANY_ROUNDS / 100 && plain < MANY_ROUNDS * 9 / 10, "%d of %d", plain,
              MANY_ROUNDS);
}

Test(client_plain, no_prefix_of_an_mget_or_mfill_is_one)
{
    const struct slice keys[] = {slice_text("k"), slice_text("key")};
    const struct client_fill fills[] = {
        {.key = slice_text("k"), .value = slice_text("v"), .token = slice_text("t"), .ttl_ms = 9}};
    const struct client_request all[] = {
        {.op = OP_MGET, .targets = keys, .targets_n = ARRAY_LEN(keys)},
        {.op = OP_MFILL, .fills = fills, .fills_n = ARRAY_LEN(fills)}};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        const struct slice frame = encode(&all[i]);
        struct client_request many;
        for (size_t len = 0; len < frame.len; len++) {
            uint8_t *part = malloc(len == 0 ? 1 : len);
            memcpy(part, frame.at, len);
            cr_expect_not(client_plain_many(kit_codec(), slice_of(part, len), &many), "%zu", len);
            free(part);
        }
        cr_expect(agree_on_many(frame));
    }
}

/** An array of n in a form longer than it needs. */
static void pack_long_array(struct kit_request *r, uint32_t n)
{
    write_u8(&r->w, 0xDD);
    write_u32(&r->w, n);
}

Test(client_plain, lists_may_have_any_form_and_ops_names)
{
    struct kit_request r;
    kit_begin(&r, "mget", 2);
    pack_str(&r.p, slice_text("ns"));
    pack_long_array(&r, 1);
    pack_str(&r.p, slice_text("key"));
    cr_expect(agree_on_many(writer_slice(&r.w)));
    kit_begin(&r, "mfill", 2);
    pack_str(&r.p, slice_text(""));
    pack_array(&r.p, 1);
    pack_long_array(&r, 3);
    pack_str(&r.p, slice_text("key"));
    pack_str(&r.p, slice_text(""));
    pack_str(&r.p, slice_text("token"));
    cr_expect(agree_on_many(writer_slice(&r.w)));
    kit_begin(&r, "mgets", 2);
    pack_str(&r.p, slice_text("ns"));
    pack_array(&r.p, 1);
    pack_str(&r.p, slice_text("key"));
    cr_expect_not(agree_on_many(writer_slice(&r.w)));
}

static bool mget_is_plain(size_t n)
{
    struct kit_request r;
    kit_begin(&r, "mget", 2);
    pack_str(&r.p, slice_text(""));
    pack_array(&r.p, n);
    for (size_t i = 0; i < n; i++)
        kit_fill(&r, 1);
    return agree_on_many(writer_slice(&r.w));
}

static bool mfill_is_plain(size_t n)
{
    struct kit_request r;
    kit_begin(&r, "mfill", 2);
    pack_str(&r.p, slice_text(""));
    pack_array(&r.p, n);
    for (size_t i = 0; i < n; i++) {
        pack_array(&r.p, 3);
        for (int j = 0; j < 3; j++)
            kit_fill(&r, 1);
    }
    return agree_on_many(writer_slice(&r.w));
}

Test(client_plain, empty_lists_and_longer_ones_are_left_to_the_general_decoder)
{
    cr_expect(mget_is_plain(CLIENT_MGET_MAX));
    cr_expect_not(mget_is_plain(CLIENT_MGET_MAX + 1));
    cr_expect_not(mget_is_plain(0));
    cr_expect(mfill_is_plain(CLIENT_MFILL_MAX));
    cr_expect_not(mfill_is_plain(CLIENT_MFILL_MAX + 1));
    cr_expect_not(mfill_is_plain(0));
}

Test(client_plain, mgets_and_mfills_with_other_options_are_not_plain)
{
    const struct slice key = slice_text("k");
    const struct client_fill fill = {
        .key = key, .token = slice_text("t"), .has_version = true, .version = 3};
    const struct client_request mget = {
        .op = OP_MGET, .targets = &key, .targets_n = 1, .read.stale = true};
    const struct client_request mfill = {.op = OP_MFILL, .fills = &fill, .fills_n = 1};
    const struct client_request get = {.op = OP_GET, .fill.key = key};
    cr_expect_not(agree_on_many(encode(&mget)));
    cr_expect_not(agree_on_many(encode(&mfill)));
    cr_expect_not(agree_on_many(encode(&get)));
}
