/** Of a million packets that were replayed, altered or are foreign, none is accepted. */
#include <stdlib.h>

#include "base/attr.h"
#include "seal/window.h"

#include "strangers.h"

#define PACKETS  1000000
#define RECEIVER UINT64_C(0xB2)
#define RING                                                                                       \
    "one AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"                                           \
    "two ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n"
#define OTHER "one QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8=\n"

static struct keyring ring_of(const char *text)
{
    struct keyring ring;
    struct keyring_fault fault;
    cr_assert_eq(keyring_parse(slice_text(text), &ring, &fault), OK);
    return ring;
}

static uint64_t seed_of(void)
{
    const char *text = getenv("SEED");
    return text == NULL ? 1 : strtoull(text, NULL, 10);
}

/** The way of a packet into a node: it opens, and then its counter is new. */
static enum err take(const struct packet_ctx *ctx, struct window *w, struct slice bytes)
{
    uint8_t buf[STRANGERS_LEN + 64];
    struct packet_in in;
    const enum err err = packet_open(ctx, CHANNEL_UDP, bytes, buf, &in);
    if (err != OK)
        return err;
    return window_accept(w, in.head.counter) ? OK : ERR_REPLAY;
}

/** What the receiver took before: all of it counts now as replayed. */
static void take_good(struct strangers *s, const struct packet_ctx *to, struct window *w)
{
    struct packet_ctx from;
    struct run run;
    uint8_t body[STRANGERS_LEN - PACKET_OVERHEAD];
    memset(run.bytes, 0xA1, sizeof run.bytes);
    packet_ctx_init(&from, s->ring, slice_text("blue"), 0xA1, &run);
    for (size_t i = 0; i < STRANGERS_HELD; i++) {
        fill(s, body, sizeof body);
        const struct packet_out what = {.dest = RECEIVER,
                                        .counter = 1 + i,
                                        .body = slice_of(body, rng_below(&s->rng, sizeof body))};
        strangers_hold(s, STRANGER_REPLAYED, i, &from, &what);
        cr_assert_eq(
            take(to, w,
                 slice_of(s->held[STRANGER_REPLAYED][i].bytes, s->held[STRANGER_REPLAYED][i].len)),
            OK, "what is good is taken once");
    }
}

static uint64_t refused[ERR_COUNT], expected[ERR_COUNT];

Test(strangers, of_a_million_none_is_accepted_and_each_is_refused_for_its_reason)
{
    static struct strangers s;
    static struct stranger one;
    const struct keyring ring = ring_of(RING), other = ring_of(OTHER);
    const struct strangers_site site = {slice_text("blue"), RECEIVER, &other};
    struct packet_ctx to;
    struct run run;
    struct window w, before;
    rng_init(&s.rng, seed_of());
    s.ring = &ring;
    memset(run.bytes, 0xB2, sizeof run.bytes);
    packet_ctx_init(&to, &ring, slice_text("blue"), RECEIVER, &run);
    window_init(&w);
    take_good(&s, &to, &w);
    strangers_seal(&s, &site);
    before = w;
    for (uint32_t i = 0; i < PACKETS; i++) {
        strangers_draw(&s, &one);
        const enum err err = take(&to, &w, slice_of(one.bytes, one.len));
        cr_assert_neq(err, OK, "packet %u of seed %llu was accepted", i,
                      (unsigned long long)seed_of());
        cr_assert_eq(err, one.why, "packet %u of seed %llu: %s instead of %s", i,
                     (unsigned long long)seed_of(), err_text(err), err_text(one.why));
        refused[err]++;
        expected[one.why]++;
    }
    cr_assert_eq(memcmp(refused, expected, sizeof refused), 0);
    cr_assert_eq(memcmp(&w, &before, sizeof w), 0, "the window did not move");

    const enum err reasons[] = {ERR_MALFORMED, ERR_VERSION, ERR_KEY,
                                ERR_PLAIN,     ERR_REPLAY,  ERR_UNAUTHENTIC};

    uint64_t sum = 0;
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        cr_assert_gt(refused[reasons[i]], 100, "%s is tried", err_text(reasons[i]));
        sum += refused[reasons[i]];
    }
    cr_assert_eq(sum, PACKETS);
}
