#include <criterion/criterion.h>
#include <string.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "seal/session.h"

#include "vectors.h"

#define FILE_NAME "session_keys"

/** Both ends of one stream, as the golden file has them. */
struct both {
    struct keyring_key key;
    struct session_pair opener, other;
    struct session_terms terms;
};

static void load(const char *field, uint8_t *out, size_t len)
{
    cr_assert_eq(vectors_load(FILE_NAME, field, out, len), len, "%s", field);
}

static uint64_t load_u64(const char *field)
{
    uint8_t bytes[8];
    load(field, bytes, sizeof bytes);
    struct reader r = reader_of(slice_of(bytes, sizeof bytes));
    return read_u64(&r);
}

static void load_both(struct both *b)
{
    *b = (struct both){.key = {.id = 0x7c5dcde1}};
    load("subkey", b->key.tcp, sizeof b->key.tcp);
    load("opener_secret", b->opener.secret, 32);
    load("opener_share", b->opener.share, 32);
    load("other_secret", b->other.secret, 32);
    load("other_share", b->other.share, 32);
    b->terms.key = &b->key;
    memcpy(b->terms.opener.share, b->opener.share, 32);
    memcpy(b->terms.other.share, b->other.share, 32);
    load("opener_run", b->terms.opener.run.bytes, RUN_LEN);
    load("other_run", b->terms.other.run.bytes, RUN_LEN);
    b->terms.opener.challenge = load_u64("opener_challenge");
    b->terms.other.challenge = load_u64("other_challenge");
}

static struct session derive(const struct both *b, bool we_opened)
{
    struct session out = {.on = false};
    struct session_terms terms = b->terms;
    terms.we_opened = we_opened;
    cr_assert_eq(session_derive(we_opened ? &b->opener : &b->other, &terms, &out), OK);
    cr_assert(out.on);
    return out;
}

static bool same(const struct packet_key *a, const struct packet_key *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

Test(session, the_golden_keys_are_agreed_on_by_both_ends)
{
    struct both b;
    struct packet_key opener, other;
    load_both(&b);
    load("opener_key", opener.bytes, sizeof opener.bytes);
    load("other_key", other.bytes, sizeof other.bytes);
    const struct session at_opener = derive(&b, true), at_other = derive(&b, false);
    cr_assert(same(&at_opener.send, &opener) && same(&at_other.take, &opener));
    cr_assert(same(&at_opener.take, &other) && same(&at_other.send, &other));
    cr_assert_eq(at_opener.send.id, b.key.id);
    cr_assert_eq(at_opener.take.id, b.key.id);
}

Test(session, every_byte_that_both_ends_know_is_in_the_keys)
{
    struct both b, golden;
    load_both(&golden);
    const struct session want = derive(&golden, true);
    uint8_t *const parts[] = {b.key.tcp, b.terms.opener.share, b.terms.opener.run.bytes,
                              b.terms.other.run.bytes};
    const size_t lens[] = {32, 32, RUN_LEN, RUN_LEN};
    for (size_t part = 0; part < ARRAY_LEN(parts); part++) {
        for (size_t i = 0; i < lens[part]; i++) {
            load_both(&b);
            parts[part][i] ^= 1;
            const struct session got = derive(&b, true);
            cr_expect(!same(&got.send, &want.send) && !same(&got.take, &want.take), "%zu, %zu",
                      part, i);
        }
    }
    load_both(&b);
    b.terms.opener.challenge ^= 1;
    struct session got = derive(&b, true);
    cr_expect_not(same(&got.send, &want.send));
    load_both(&b);
    b.terms.other.challenge ^= 1;
    got = derive(&b, true);
    cr_expect_not(same(&got.send, &want.send));
}

Test(session, the_keyring_alone_does_not_make_the_keys)
{
    struct both b;
    load_both(&b);
    const struct session want = derive(&b, true);
    b.opener.secret[7] ^= 1; /* whoever has recorded all has the shares, and must guess a secret */
    const struct session got = derive(&b, true);
    cr_expect_not(same(&got.send, &want.send));
    cr_expect_not(same(&got.take, &want.take));
}

/* RFC 7748, 6.1, and the points of order 1, 2, 4 and 8 of Curve25519. */
Test(session, a_share_that_makes_no_secret_is_refused)
{
    static const uint8_t weak[][32] = {
        {0},
        {1},
        {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
         0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
         0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
        {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    };
    struct both b;
    load_both(&b);
    b.terms.we_opened = true;
    for (size_t i = 0; i < ARRAY_LEN(weak); i++) {
        struct session out = {.on = false};
        memcpy(b.terms.other.share, weak[i], 32);
        cr_expect_eq(session_derive(&b.opener, &b.terms, &out), ERR_UNAUTHENTIC, "%zu", i);
        cr_expect_not(out.on);
    }
}

Test(ratchet, the_golden_draw_replaces_the_state)
{
    uint8_t seed[SESSION_SEED_LEN], next[SESSION_SEED_LEN], drawn[32];
    struct ratchet r;
    struct session_pair pair;
    load("seed", seed, sizeof seed);
    load("next", next, sizeof next);
    load("drawn", drawn, sizeof drawn);
    ratchet_begin(&r, seed);
    session_draw(&r, &pair);
    cr_assert(memcmp(pair.secret, drawn, sizeof drawn) == 0);
    cr_assert(memcmp(r.state, next, sizeof next) == 0);
}

Test(ratchet, a_drawn_pair_fits_together_and_no_two_are_equal)
{
    struct both b;
    struct ratchet r = {{1}};
    load_both(&b);
    session_draw(&r, &b.opener);
    session_draw(&r, &b.other);
    cr_assert(memcmp(b.opener.secret, b.other.secret, 32) != 0);
    memcpy(b.terms.opener.share, b.opener.share, 32);
    memcpy(b.terms.other.share, b.other.share, 32);
    const struct session at_opener = derive(&b, true), at_other = derive(&b, false);
    cr_assert(same(&at_opener.send, &at_other.take));
    cr_assert_not(same(&at_opener.send, &at_opener.take), "each direction has its own");
}

Test(session, a_wipe_leaves_nothing)
{
    static const struct session nothing;
    static const struct session_pair nobody;
    struct both b;
    load_both(&b);
    struct session keys = derive(&b, true);
    session_wipe(&b.opener, &keys);
    cr_assert(memcmp(&keys, &nothing, sizeof keys) == 0);
    cr_assert(memcmp(&b.opener, &nobody, sizeof nobody) == 0);
}

/* ---- packets ---- */

static const uint8_t text[] = {1, 2, 3};

/** Contexts of the two ends, which have one keyring, and what they agreed on. */
struct ends {
    struct keyring ring;
    struct packet_ctx ctx[2];
    struct session at_opener, at_other;
};

static void init_ends(struct ends *e)
{
    static const char file[] = "k AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
    const struct run runs[2] = {{{1}}, {{2}}};
    struct keyring_fault fault;
    struct both b;
    load_both(&b);
    e->at_opener = derive(&b, true);
    e->at_other = derive(&b, false);
    cr_assert_eq(keyring_parse(slice_text(file), &e->ring, &fault), OK);
    for (size_t i = 0; i < 2; i++)
        packet_ctx_init(&e->ctx[i], &e->ring, slice_text("vectors"), i + 1, &runs[i]);
}

/** A frame of the opener's under its key of the stream. */
static struct slice seal_one(const struct ends *e, uint8_t *out, size_t cap)
{
    const struct packet_out what = {.class = PACKET_MEMBER,
                                    .channel = CHANNEL_TCP,
                                    .dest = 2,
                                    .counter = 9,
                                    .body = slice_of(text, sizeof text)};
    return slice_of(out, packet_seal_under(&e->ctx[0], &e->at_opener.send, &what, out, cap));
}

Test(session, a_frame_opens_under_the_key_of_its_direction_alone)
{
    struct ends e;
    struct packet_in in;
    uint8_t bytes[128], buf[128];
    init_ends(&e);
    const struct slice frame = seal_one(&e, bytes, sizeof bytes);
    cr_assert_eq(packet_open_under(&e.ctx[1], &e.at_other.take, frame, buf, &in), OK);
    cr_assert(slice_eq(in.body, slice_of(text, sizeof text)));
    cr_assert_eq(in.head.counter, 9);
    cr_assert_eq(packet_open_under(&e.ctx[1], &e.at_other.send, frame, buf, &in), ERR_UNAUTHENTIC);
    cr_assert_eq(packet_open(&e.ctx[1], CHANNEL_TCP, frame, buf, &in), ERR_UNAUTHENTIC);
    cr_assert_eq(packet_open(&e.ctx[1], CHANNEL_UDP, frame, buf, &in), ERR_UNAUTHENTIC);
    struct packet_key other_id = e.at_other.take;
    other_id.id++;
    cr_assert_eq(packet_open_under(&e.ctx[1], &other_id, frame, buf, &in), ERR_KEY);
    cr_assert_eq(packet_open_under(&e.ctx[0], &e.at_other.take, frame, buf, &in), ERR_UNAUTHENTIC,
                 "it is for somebody else");
}

Test(session, no_flipped_bit_of_a_frame_passes)
{
    struct ends e;
    struct packet_in in;
    uint8_t bytes[128], buf[128];
    init_ends(&e);
    const struct slice frame = seal_one(&e, bytes, sizeof bytes);
    for (size_t bit = 0; bit < frame.len * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        cr_expect_neq(packet_open_under(&e.ctx[1], &e.at_other.take, frame, buf, &in), OK, "%zu",
                      bit);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}
