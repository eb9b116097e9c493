#include <criterion/criterion.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/rng.h"
#include "seal/keyring.h"
#include "seal/packet.h"

#include "vectors.h"

/* 32 bytes each, in base64: 00 01 .. 1f and 20 21 .. 3f */
#define K1 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define K2 "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

#define NODE_A   UINT64_C(0xA1)
#define NODE_B   UINT64_C(0xB2)
#define NODE_C   UINT64_C(0xC3)
#define BODY_MAX 65536
#define CLUSTER  "blue"

static const char short_body[] = "a body of two dozen byte"; /* 24 and 56: a packet of 80 bytes */

static struct keyring ring_of(const char *text)
{
    struct keyring ring = {0};
    struct keyring_fault fault = {0};
    if (text != NULL)
        cr_assert(keyring_parse(slice_text(text), &ring, &fault) == OK, "%s", fault.reason);
    return ring;
}

static struct packet_ctx ctx_of(const struct keyring *ring, const char *cluster, uint64_t self)
{
    struct packet_ctx ctx;
    struct run run;
    memset(run.bytes, (int)(self & 0xFF), RUN_LEN);
    packet_ctx_init(&ctx, ring, slice_text(cluster), self, &run);
    return ctx;
}

/** Two nodes of one cluster with one ring (NULL text: plain), and a packet from a to b. */
struct pair {
    struct keyring ring;
    struct packet_ctx a;
    struct packet_ctx b;
    struct packet_out what;
    uint8_t packet[BODY_MAX + PACKET_OVERHEAD];
    size_t len;
};

static void pair_init(struct pair *p, const char *ring)
{
    p->ring = ring_of(ring);
    p->a = ctx_of(&p->ring, CLUSTER, NODE_A);
    p->b = ctx_of(&p->ring, CLUSTER, NODE_B);
    p->what = (struct packet_out){.class = PACKET_MEMBER,
                                  .channel = CHANNEL_UDP,
                                  .dest = NODE_B,
                                  .counter = 41,
                                  .body = slice_text(short_body)};
    p->len = packet_seal(&p->a, &p->what, p->packet, sizeof p->packet);
}

/** A pair on the heap: 64 KiB are too much for some stacks. The test's process frees it. */
static struct pair *pair_new(const char *ring)
{
    struct pair *p = calloc(1, sizeof *p);
    cr_assert(p != NULL);
    pair_init(p, ring);
    return p;
}

static struct slice packet_of(const struct pair *p)
{
    return slice_of(p->packet, p->len);
}

/** Opening must fail with one error and leave *out alone. The bytes get a buffer of exactly their
 *  size, so that the sanitizer sees a read or write past an end. */
static enum err open_refused(const struct packet_ctx *ctx, enum packet_channel channel,
                             struct slice bytes)
{
    struct packet_in in;
    struct packet_in before;
    uint8_t *copy = malloc(bytes.len + 1);
    uint8_t *buf = malloc(bytes.len + 1);
    memset(&in, 0xA5, sizeof in);
    memset(&before, 0xA5, sizeof before);
    cr_assert(copy != NULL && buf != NULL);
    uint8_t *at = copy + 1; /* unaligned too */
    if (bytes.len > 0)
        memcpy(at, bytes.at, bytes.len);
    const enum err err = packet_open(ctx, channel, slice_of(at, bytes.len), buf, &in);
    cr_assert(err != OK, "a packet of %zu bytes was opened", bytes.len);
    cr_assert(memcmp(&in, &before, sizeof in) == 0, "*out was touched");
    free(copy);
    free(buf);
    return err;
}

static void open_good(const struct packet_ctx *ctx, const struct packet_out *what,
                      struct slice bytes)
{
    struct packet_in in = {0};
    uint8_t *buf = malloc(bytes.len);
    cr_assert(buf != NULL);
    const enum err err = packet_open(ctx, what->channel, bytes, buf, &in);
    cr_assert(err == OK, "%s", err_text(err));
    cr_assert(in.body.at == buf && slice_eq(in.body, what->body));
    cr_assert(in.head.class == what->class);
    cr_assert(in.head.counter == what->counter);
    free(buf);
}

static const char *const rings[] = {NULL, "one " K1 "\n"};

Test(packet, opens_to_what_was_sealed)
{
    for (size_t i = 0; i < ARRAY_LEN(rings); i++) {
        struct pair *p = pair_new(rings[i]);
        struct packet_in in = {0};
        uint8_t buf[256];
        cr_assert(p->len == sizeof short_body - 1 + PACKET_OVERHEAD);
        cr_assert(packet_open(&p->b, CHANNEL_UDP, packet_of(p), buf, &in) == OK);
        cr_assert(slice_eq(in.body, slice_text(short_body)));
        cr_assert(in.head.class == PACKET_MEMBER && in.head.sender == NODE_A);
        cr_assert(in.head.counter == 41);
        cr_assert(memcmp(in.head.run.bytes, p->a.run.bytes, RUN_LEN) == 0);
        cr_assert(in.head.key_id == (i == 0 ? 0 : p->ring.keys[0].id));
        free(p);
    }
}

Test(packet, bodies_of_every_size_up_to_a_stream_frame_open)
{
    static uint8_t body[BODY_MAX];
    static const size_t lens[] = {0,  1,   15,  16,   17,   63,   64,
                                  65, 127, 128, 1000, 1144, 4096, BODY_MAX};
    for (size_t i = 0; i < BODY_MAX; i++)
        body[i] = (uint8_t)(i * 31 + i / 256);
    for (size_t i = 0; i < 2 * ARRAY_LEN(lens); i++) {
        struct pair *p = pair_new(rings[i % 2]);
        const size_t len = lens[i / 2];
        p->what.channel = len > 1144 ? CHANNEL_TCP : CHANNEL_UDP;
        p->what.body = len > 0 ? slice_of(body, len) : (struct slice){0};
        p->len = packet_seal(&p->a, &p->what, p->packet, len + PACKET_OVERHEAD);
        cr_assert(p->len == len + PACKET_OVERHEAD);
        open_good(&p->b, &p->what, packet_of(p));
        free(p);
    }
}

Test(packet, any_flipped_bit_is_refused)
{
    for (size_t i = 0; i < ARRAY_LEN(rings); i++) {
        struct pair *p = pair_new(rings[i]);
        size_t unauthentic_n = 0;
        for (size_t bit = 0; bit < 8 * p->len; bit++) {
            p->packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
            unauthentic_n += open_refused(&p->b, CHANNEL_UDP, packet_of(p)) == ERR_UNAUTHENTIC;
            p->packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        /* all but magic, version and class (one bit of it makes a join), and key id (4 bytes) */
        cr_assert(unauthentic_n == 8 * (p->len - 8) + 1, "%zu", unauthentic_n);
        open_good(&p->b, &p->what, packet_of(p));
        free(p);
    }
}

Test(packet, a_packet_cut_or_grown_to_any_length_is_refused)
{
    for (size_t i = 0; i < ARRAY_LEN(rings); i++) {
        struct pair *p = pair_new(rings[i]);
        for (size_t len = 0; len < p->len; len++) {
            const enum err err = open_refused(&p->b, CHANNEL_UDP, slice_of(p->packet, len));
            cr_assert(err == (len < PACKET_OVERHEAD ? ERR_MALFORMED : ERR_UNAUTHENTIC));
        }
        for (size_t more = 1; more < 40; more++)
            cr_assert(open_refused(&p->b, CHANNEL_UDP, slice_of(p->packet, p->len + more)) ==
                      ERR_UNAUTHENTIC);
        free(p);
    }
}

Test(packet, another_node_cluster_or_channel_cannot_open_it)
{
    for (size_t i = 0; i < ARRAY_LEN(rings); i++) {
        struct pair *p = pair_new(rings[i]);
        const struct packet_ctx node = ctx_of(&p->ring, CLUSTER, NODE_C);
        const struct packet_ctx cluster = ctx_of(&p->ring, "green", NODE_B);
        cr_assert(open_refused(&node, CHANNEL_UDP, packet_of(p)) == ERR_UNAUTHENTIC);
        cr_assert(open_refused(&cluster, CHANNEL_UDP, packet_of(p)) == ERR_UNAUTHENTIC);
        cr_assert(open_refused(&p->b, CHANNEL_TCP, packet_of(p)) == ERR_UNAUTHENTIC);
        p->what.channel = CHANNEL_TCP;
        p->len = packet_seal(&p->a, &p->what, p->packet, sizeof p->packet);
        cr_assert(open_refused(&p->b, CHANNEL_UDP, packet_of(p)) == ERR_UNAUTHENTIC);
        open_good(&p->b, &p->what, packet_of(p));
        free(p);
    }
}

/** Cluster hash and hkey both name the cluster: each alone must be enough to refuse. */
Test(packet, the_cluster_is_bound_by_the_associated_data_too)
{
    for (size_t i = 0; i < ARRAY_LEN(rings); i++) {
        struct pair *p = pair_new(rings[i]);
        p->b.cluster_hash[15] ^= 1;
        cr_assert(open_refused(&p->b, CHANNEL_UDP, packet_of(p)) == ERR_UNAUTHENTIC);
        free(p);
    }
}

Test(packet, a_channel_is_bound_by_its_label_too)
{
    struct pair *p = pair_new(rings[1]);
    memcpy(p->ring.keys[0].tcp, p->ring.keys[0].udp, KEYRING_KEY_LEN);
    cr_assert(open_refused(&p->b, CHANNEL_TCP, packet_of(p)) == ERR_UNAUTHENTIC);
    free(p);
}

Test(packet, an_unknown_key_id_is_refused_and_the_right_id_with_a_wrong_key)
{
    struct pair *p = pair_new(rings[1]);
    struct keyring other = ring_of("two " K2 "\n");
    const struct packet_ctx b = ctx_of(&other, CLUSTER, NODE_B);
    cr_assert(open_refused(&b, CHANNEL_UDP, packet_of(p)) == ERR_KEY);
    other.keys[0].id = p->ring.keys[0].id;
    cr_assert(open_refused(&b, CHANNEL_UDP, packet_of(p)) == ERR_UNAUTHENTIC);
    free(p);
}

Test(packet, plain_and_sealed_nodes_refuse_each_other)
{
    struct pair *plain = pair_new(rings[0]);
    struct pair *sealed = pair_new(rings[1]);
    cr_assert(open_refused(&sealed->b, CHANNEL_UDP, packet_of(plain)) == ERR_PLAIN);
    cr_assert(open_refused(&plain->b, CHANNEL_UDP, packet_of(sealed)) == ERR_KEY);
    free(plain);
    free(sealed);
}

Test(packet, a_sealed_packet_relabelled_as_plain_is_refused)
{
    struct pair *p = pair_new(rings[1]);
    struct keyring none = {0};
    const struct packet_ctx plain = ctx_of(&none, CLUSTER, NODE_B);
    memset(p->packet + 4, 0, 4);
    cr_assert(open_refused(&p->b, CHANNEL_UDP, packet_of(p)) == ERR_PLAIN);
    p->b.mode = SEAL_PREFER;
    cr_assert(open_refused(&p->b, CHANNEL_UDP, packet_of(p)) == ERR_UNAUTHENTIC);
    cr_assert(open_refused(&plain, CHANNEL_UDP, packet_of(p)) == ERR_UNAUTHENTIC);
    free(p);
}

/* Who sends in the row is heard by whom of the column: off, listen, prefer, require. */
static const bool HEARD[4][4] = {
    {true, true, true, false}, /* off sends plain */
    {true, true, true, false}, /* listen, too */
    {false, true, true, true}, /* prefer seals */
    {false, true, true, true}, /* require, too */
};

Test(packet, modes_that_are_neighbours_understand_each_other_both_ways_and_no_others_do)
{
    for (size_t i = 0; i < 32; i++) {
        const size_t from = i / 2 / 4;
        const size_t to = i / 2 % 4;
        struct pair *p = pair_new(rings[1]);
        p->a.mode = (enum seal_mode)(SEAL_OFF + from);
        p->b.mode = (enum seal_mode)(SEAL_OFF + to);
        p->what.channel = i % 2 == 0 ? CHANNEL_UDP : CHANNEL_TCP;
        p->len = packet_seal(&p->a, &p->what, p->packet, sizeof p->packet);
        if (HEARD[from][to])
            open_good(&p->b, &p->what, packet_of(p));
        else
            cr_assert(open_refused(&p->b, p->what.channel, packet_of(p)) ==
                      (from < 2 ? ERR_PLAIN : ERR_KEY));
        const bool neighbours = from - to + 1 <= 2;
        cr_assert_eq(HEARD[from][to] && HEARD[to][from], neighbours, "%zu and %zu", from, to);
        free(p);
    }
}

Test(packet, a_plain_packet_is_bound_to_cluster_node_and_channel_in_every_mode_that_takes_it)
{
    for (enum seal_mode mode = SEAL_OFF; mode <= SEAL_PREFER; mode++) {
        struct pair *p = pair_new(rings[1]);
        struct packet_ctx node = ctx_of(&p->ring, CLUSTER, NODE_C);
        struct packet_ctx cluster = ctx_of(&p->ring, "green", NODE_B);
        p->a.mode = SEAL_OFF;
        p->b.mode = node.mode = cluster.mode = mode;
        p->len = packet_seal(&p->a, &p->what, p->packet, sizeof p->packet);
        open_good(&p->b, &p->what, packet_of(p));
        cr_assert(open_refused(&node, CHANNEL_UDP, packet_of(p)) == ERR_UNAUTHENTIC);
        cr_assert(open_refused(&cluster, CHANNEL_UDP, packet_of(p)) == ERR_UNAUTHENTIC);
        cr_assert(open_refused(&p->b, CHANNEL_TCP, packet_of(p)) == ERR_UNAUTHENTIC);
        free(p);
    }
}

/** ERR_REPLAY tells a node that an address is its own: nobody without the key may say so to who seals. */
Test(packet, nobody_can_forge_a_packet_of_our_own_run_in_plain_when_we_seal)
{
    struct pair *p = pair_new(rings[1]);
    p->what.class = PACKET_JOIN;
    p->what.dest = 0;
    p->a.mode = SEAL_LISTEN;
    p->len = packet_seal(&p->a, &p->what, p->packet, sizeof p->packet);
    cr_assert(open_refused(&p->a, CHANNEL_UDP, packet_of(p)) == ERR_REPLAY);
    p->a.mode = SEAL_PREFER;
    cr_assert(open_refused(&p->a, CHANNEL_UDP, packet_of(p)) == ERR_PLAIN);
    p->len = packet_seal(&p->a, &p->what, p->packet, sizeof p->packet);
    cr_assert(open_refused(&p->a, CHANNEL_UDP, packet_of(p)) == ERR_REPLAY);
    free(p);
}

Test(packet, a_mode_past_off_without_keys_is_a_programmers_error, .signal = SIGABRT)
{
    struct pair *p = pair_new(rings[0]);
    p->a.mode = SEAL_LISTEN;
    packet_seal(&p->a, &p->what, p->packet, sizeof p->packet);
}

Test(packet, a_packet_of_our_own_run_is_a_replay)
{
    for (size_t i = 0; i < ARRAY_LEN(rings); i++) {
        struct pair *p = pair_new(rings[i]);
        cr_assert(open_refused(&p->a, CHANNEL_UDP, packet_of(p)) == ERR_UNAUTHENTIC,
                  "meant for b: the tag is looked at first");
        p->what.class = PACKET_JOIN;
        p->what.dest = 0;
        p->len = packet_seal(&p->a, &p->what, p->packet, sizeof p->packet);
        cr_assert(open_refused(&p->a, CHANNEL_UDP, packet_of(p)) == ERR_REPLAY);
        open_good(&p->b, &p->what, packet_of(p));
        p->a.run.bytes[RUN_LEN - 1] ^= 1; /* the same node after a restart */
        open_good(&p->a, &p->what, packet_of(p));
        free(p);
    }
}

Test(packet, a_join_is_opened_by_every_node_of_the_cluster)
{
    struct pair *p = pair_new(rings[1]);
    const struct packet_ctx c = ctx_of(&p->ring, CLUSTER, NODE_C);
    const struct packet_ctx green = ctx_of(&p->ring, "green", NODE_C);
    p->what.class = PACKET_JOIN;
    p->what.dest = 0;
    p->len = packet_seal(&p->a, &p->what, p->packet, sizeof p->packet);
    open_good(&p->b, &p->what, packet_of(p));
    open_good(&c, &p->what, packet_of(p));
    cr_assert(open_refused(&green, CHANNEL_UDP, packet_of(p)) == ERR_UNAUTHENTIC);
    p->packet[3] = PACKET_MEMBER;
    cr_assert(open_refused(&p->b, CHANNEL_UDP, packet_of(p)) == ERR_UNAUTHENTIC);
    free(p);
}

Test(packet, the_header_is_checked_field_by_field)
{
    struct pair *p = pair_new(rings[1]);

    static const struct {
        size_t at;
        size_t len;
        uint8_t value;
        enum err err;
    } cases[] = {
        {0, 1, 0x5D, ERR_MALFORMED}, {1, 1, 0x4B, ERR_MALFORMED}, {2, 1, 0, ERR_VERSION},
        {2, 1, 2, ERR_VERSION},      {3, 1, 2, ERR_MALFORMED},    {3, 1, 255, ERR_MALFORMED},
        {4, 4, 0, ERR_PLAIN},        {8, 8, 0, ERR_MALFORMED},    {16, 8, 0, ERR_MALFORMED},
        {24, 8, 0, ERR_UNAUTHENTIC}, {32, 8, 0, ERR_MALFORMED},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t bytes[128];
        memcpy(bytes, p->packet, p->len);
        memset(bytes + cases[i].at, cases[i].value, cases[i].len);
        const enum err err = open_refused(&p->b, CHANNEL_UDP, slice_of(bytes, p->len));
        cr_assert(err == cases[i].err, "case %zu: %s", i, err_text(err));
    }
    free(p);
}

Test(packet, a_packet_under_the_old_first_key_opens_when_the_key_is_second)
{
    struct keyring old = ring_of("old " K1 "\n");
    struct keyring both = ring_of("old " K1 "\nnew " K2 "\n");
    struct keyring turned = ring_of("new " K2 "\nold " K1 "\n");
    struct keyring done = ring_of("new " K2 "\n");
    struct keyring *const steps[] = {&old, &both, &turned, &done};
    /* neighbouring steps of a rotation understand each other; old and done do not */
    for (size_t i = 0; i < 16; i++) {
        const size_t from = i / 4;
        const size_t to = i % 4;
        const struct packet_ctx a = ctx_of(steps[from], CLUSTER, NODE_A);
        const struct packet_ctx b = ctx_of(steps[to], CLUSTER, NODE_B);
        const struct packet_out what = {
            .channel = CHANNEL_UDP, .dest = NODE_B, .counter = 1, .body = slice_text(short_body)};
        uint8_t bytes[128];
        const size_t len = packet_seal(&a, &what, bytes, sizeof bytes);
        const bool under_old = from < 2;
        if (under_old ? to < 3 : to > 0)
            open_good(&b, &what, slice_of(bytes, len));
        else
            cr_assert(open_refused(&b, CHANNEL_UDP, slice_of(bytes, len)) == ERR_KEY);
    }
}

Test(packet, equal_bodies_under_two_counters_share_no_ciphertext)
{
    struct pair *p = pair_new(rings[1]);
    uint8_t other[128];
    p->what.counter++;
    const size_t len = packet_seal(&p->a, &p->what, other, sizeof other);
    cr_assert(len == p->len);
    cr_assert(memcmp(p->packet + PACKET_HEAD, other + PACKET_HEAD, 8) != 0);
    cr_assert(memcmp(p->packet + PACKET_HEAD, short_body, 8) != 0, "the body is in clear");
    free(p);
}

Test(packet, seal_writes_nothing_past_its_end)
{
    for (size_t i = 0; i < ARRAY_LEN(rings); i++) {
        struct pair *p = pair_new(rings[i]);
        memset(p->packet, 0xEE, sizeof p->packet);
        const size_t len = packet_seal(&p->a, &p->what, p->packet, p->len);
        for (size_t j = len; j < sizeof p->packet; j++)
            cr_assert(p->packet[j] == 0xEE);
        free(p);
    }
}

Test(packet, open_writes_no_more_than_the_body)
{
    for (size_t i = 0; i < ARRAY_LEN(rings); i++) {
        struct pair *p = pair_new(rings[i]);
        struct packet_in in;
        uint8_t buf[128];
        memset(buf, 0xEE, sizeof buf);
        cr_assert(packet_open(&p->b, CHANNEL_UDP, packet_of(p), buf, &in) == OK);
        for (size_t j = in.body.len; j < sizeof buf; j++)
            cr_assert(buf[j] == 0xEE);
        free(p);
    }
}

/** Random bytes behind a good beginning: whatever they are, the answer is an error. */
Test(packet, random_bytes_never_open)
{
    const char *text = getenv("SEED");
    const uint64_t seed = text == NULL ? 1 : strtoull(text, NULL, 0);
    struct pair *plain = pair_new(rings[0]);
    struct pair *sealed = pair_new(rings[1]);
    struct rng r;
    rng_init(&r, seed);
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[160];
        const size_t len = (size_t)rng_below(&r, sizeof bytes + 1);
        const size_t kept = (size_t)rng_below(&r, 41);
        for (size_t j = 0; j < len; j++)
            bytes[j] = (uint8_t)rng_next(&r);
        memcpy(bytes, sealed->packet, kept < len ? kept : len);
        open_refused(&sealed->b, CHANNEL_UDP, slice_of(bytes, len));
        memcpy(bytes, plain->packet, kept < len ? kept : len);
        open_refused(&plain->b, CHANNEL_UDP, slice_of(bytes, len));
    }
    free(plain);
    free(sealed);
}

Test(packet, the_epoch_is_the_first_8_bytes_of_the_run)
{
    const struct run run = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
    cr_assert(run_epoch(&run) == UINT64_C(0x0102030405060708));
}

Test(packet, later_runs_have_higher_epochs)
{
    struct run run = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
    run_date(&run, UINT64_C(1700000000000));
    cr_assert_eq(run_epoch(&run), UINT64_C(0x6553f10405060708));
    cr_assert_eq(run.bytes[15], 16);
    struct run later = {{0}};
    run_date(&later, UINT64_C(1700000256000));
    cr_assert_gt(run_epoch(&later), run_epoch(&run));
}

static uint64_t load_u64(const char *file, const char *field)
{
    uint8_t bytes[8];
    uint64_t value = 0;
    cr_assert(vectors_load(file, field, bytes, sizeof bytes) == sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        value = value << 8 | bytes[i];
    return value;
}

/** The contexts of the sender and of a receiver that a vector file describes. */
static void load_ctxs(const char *file, const struct keyring *ring, struct packet_ctx ctxs[2])
{
    uint8_t cluster[64];
    struct run run;
    const size_t len = vectors_load(file, "cluster", cluster, sizeof cluster);
    const uint64_t dest = load_u64(file, "dest");
    cr_assert(vectors_load(file, "run", run.bytes, RUN_LEN) == RUN_LEN);
    packet_ctx_init(&ctxs[0], ring, slice_of(cluster, len), load_u64(file, "sender"), &run);
    run.bytes[0] ^= 0xFF;
    packet_ctx_init(&ctxs[1], ring, slice_of(cluster, len), dest != 0 ? dest : NODE_C, &run);
}

static void check_vector(const char *file, const char *ring_text)
{
    struct keyring ring = ring_of(ring_text);
    struct packet_ctx ctxs[2];
    uint8_t body[512];
    uint8_t expected[512 + PACKET_OVERHEAD];
    uint8_t bytes[512 + PACKET_OVERHEAD];
    uint8_t class;
    uint8_t channel[3];
    load_ctxs(file, &ring, ctxs);
    cr_assert(vectors_load(file, "class", &class, 1) == 1);
    cr_assert(vectors_load(file, "channel", channel, 3) == 3);
    const struct packet_out what = {
        .class = class == 0 ? PACKET_MEMBER : PACKET_JOIN,
        .channel = channel[0] == 'u' ? CHANNEL_UDP : CHANNEL_TCP,
        .dest = load_u64(file, "dest"),
        .counter = load_u64(file, "counter"),
        .body = slice_of(body, vectors_load(file, "body", body, sizeof body))};
    const size_t len = packet_seal(&ctxs[0], &what, bytes, sizeof bytes);
    const size_t expected_len = vectors_load(file, "packet", expected, sizeof expected);
    cr_assert(slice_eq(slice_of(bytes, len), slice_of(expected, expected_len)), "%s", file);
    open_good(&ctxs[1], &what, slice_of(expected, expected_len));
}

Test(packet, the_golden_packets_are_sealed_and_opened_byte_for_byte)
{
    check_vector("packet_plain", NULL);
    check_vector("packet_sealed", "k " K1 "\n");
    check_vector("packet_join", "k " K1 "\n");
    check_vector("packet_tcp", "k " K1 "\n");
}

Test(packet, a_buffer_one_byte_short_is_a_programmers_error, .signal = SIGABRT)
{
    struct pair *p = pair_new(rings[1]);
    packet_seal(&p->a, &p->what, p->packet, p->len - 1);
}

Test(packet, counter_zero_is_a_programmers_error, .signal = SIGABRT)
{
    struct pair *p = pair_new(rings[1]);
    p->what.counter = 0;
    packet_seal(&p->a, &p->what, p->packet, sizeof p->packet);
}

Test(packet, a_member_packet_to_nobody_is_a_programmers_error, .signal = SIGABRT)
{
    struct pair *p = pair_new(rings[1]);
    p->what.dest = 0;
    packet_seal(&p->a, &p->what, p->packet, sizeof p->packet);
}

Test(packet, a_run_of_epoch_zero_is_a_programmers_error, .signal = SIGABRT)
{
    struct keyring none = {0};
    const struct run run = {{0, 0, 0, 0, 0, 0, 0, 0, 1}};
    struct packet_ctx ctx;
    packet_ctx_init(&ctx, &none, slice_text(CLUSTER), NODE_A, &run);
}
