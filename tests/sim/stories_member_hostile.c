/* Strangers, replays, damage, keys, other versions, and floods of news. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

#include "member.h"

#define CAPTURE_MAX   20000
#define CAPTURE_BYTES ((size_t)CAPTURE_MAX * 300) /* most are probes */
#define UNCOUNTED     11U /* elements of a body without the counts of retired origins */
#define COUNTED       13U /* and with them */

/* ---- strangers ---- */

/* n3 dies, and a node of another cluster gets its address. It pings and wants to join, again and again;
 * ours ping the address, too, which they still know as that of a dead member. */
static void foreign_cluster(struct sim *s)
{
    static struct peer_msg m;
    struct member_voice v = {.from = 3, .cluster = "theirs"};
    struct story_about gone = {.member = 3, .state = SWIM_DEAD};
    uint64_t unauthentic = 0;
    story_begin(s);
    sim_crash(s, 3, false);
    story_within(s, 13 * US_PER_SEC, story_all_hold, &gone, "n3 is DEAD");
    const uint32_t events = member_events(s);
    for (uint32_t t = 0; t < 300 && !s->failed; t++) {
        for (uint32_t to = 0; to < 3; to++) {
            m = (struct peer_msg){.type = PEER_PING, .args.ping.challenge = t + 1};
            v.class = t % 2 == 0 ? PACKET_JOIN : PACKET_MEMBER;
            m.records[0] = member_own_record(s, 3);
            m.records_n = v.class == PACKET_JOIN;
            member_say(s, &v, to, &m);
        }
        sim_run(s, 100 * US_PER_MS);
    }
    for (uint32_t i = 0; i < 3 && !s->failed; i++)
        unauthentic += sim_view(s, i).node.dropped_unauthentic;
    story_expect(s, unauthentic == v.counter, "every packet is counted as not authentic");
    story_expect(s, member_events(s) == events, "nothing happens");
    story_expect(s, s->failed || story_all_hold(s, &gone), "n3 stays DEAD");
}

/* ---- replays ---- */

struct heard_packet {
    uint32_t to;
    uint16_t from_slot;
    size_t at, len; /* of its bytes */
};

struct capture {
    struct heard_packet at[CAPTURE_MAX];
    uint32_t n;
    uint8_t bytes[CAPTURE_BYTES];
    size_t len;
};

static void record(struct sim *s, void *ctx, uint32_t node, struct event *e)
{
    struct capture *c = ctx;
    (void)s;
    if (e == NULL || e->kind != EVENT_DATAGRAM || c->n == CAPTURE_MAX)
        return;
    const struct packet *p = e->p;
    if (c->len + p->len > CAPTURE_BYTES)
        return;
    memcpy(c->bytes + c->len, p->bytes, p->len);
    c->at[c->n++] = (struct heard_packet){node, p->from_slot, c->len, p->len};
    c->len += p->len;
}

static struct capture *capture_for(struct sim *s, uint64_t us)
{
    struct capture *c = calloc(1, sizeof *c);
    assert(c != NULL);
    member_run(s, us, &(struct member_tap){record, c});
    return c;
}

/* Every packet goes to `to`, or, when that is UINT32_MAX, to whom it went at first. */
static uint32_t replay(struct sim *s, const struct capture *c, uint32_t to)
{
    uint32_t sent = 0;
    for (uint32_t i = 0; i < c->n && !s->failed; i++) {
        const struct heard_packet *p = &c->at[i];
        const uint32_t whom = to == UINT32_MAX ? p->to : to;
        if (!s->nodes[whom].up)
            continue;
        checks_received(s, &s->nodes[whom], p->from_slot, p->len);
        sim_input(s, whom,
                  &(struct node_in){.kind = NODE_IN_DATAGRAM,
                                    .from = link_addr(p->from_slot),
                                    .bytes = slice_of(c->bytes + p->at, p->len)});
        sent++;
        if (i % 100 == 0)
            sim_run(s, US_PER_MS);
    }
    return sent;
}

static uint64_t replays_dropped(struct sim *s)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        if (s->nodes[i].up)
            n += sim_view(s, i).node.dropped_replay;
    return n;
}

static void replayed(struct sim *s)
{
    const struct workload_cfg clients = {.ops_per_s = 5,
                                         .write_permille = 100,
                                         .wide_permille = 100,
                                         .think_us = 5000,
                                         .tell_us = 500};
    story_begin(s);
    workload_begin(s, &clients);
    struct capture *c = capture_for(s, 600 * US_PER_SEC);
    workload_stop(s);
    sim_run(s, 5 * US_PER_SEC);
    if (!s->failed) {
        const uint64_t dropped = replays_dropped(s);
        const uint64_t vector = sim_view(s, 0).vector_hash;
        const uint64_t view = sim_view(s, 0).view_hash;
        const uint64_t index = sim_view(s, 0).index;
        const uint32_t events = member_events(s);
        const uint32_t sent = replay(s, c, UINT32_MAX);
        story_expect(s, replays_dropped(s) == dropped + sent, "each is dropped as a replay");
        story_expect(s, member_events(s) == events, "nothing happens");
        story_expect(s,
                     sim_view(s, 0).vector_hash == vector && sim_view(s, 0).view_hash == view &&
                         sim_view(s, 0).index == index,
                     "no state changes");
    }
    free(c);
}

/* n2 is gone for good, and n1 starts anew: it has forgotten which packets it heard, and is told all of
 * them again, while it joins and later. n3's way in is among them. */
static void replayed_to_new(struct sim *s)
{
    struct story_about gone = {.member = 2, .state = SWIM_DEAD};
    struct swim_member m;
    sim_boot(s, 0);
    sim_boot(s, 1);
    sim_boot(s, 3);
    sim_run(s, 5 * US_PER_SEC);
    sim_boot(s, 2); /* its way in is recorded, too */
    struct capture *c = capture_for(s, 30 * US_PER_SEC);
    sim_crash(s, 2, false);
    story_within(s, 13 * US_PER_SEC, story_all_hold, &gone, "n2 is DEAD");
    const uint32_t joins = sim_events(s, 1, 2, SWIM_JOIN)->n;
    for (uint32_t t = 0; t < 3 && !s->failed; t++) {
        if (t == 0) {
            sim_crash(s, 1, true);
            sim_boot(s, 1);
        }
        replay(s, c, 1);
        sim_run(s, 5 * US_PER_SEC);
    }
    if (!s->failed) {
        story_expect(s, sim_events(s, 1, 2, SWIM_JOIN)->n == joins, "n2 is not resurrected");
        story_expect(s, !sim_member(s, 1, 2, &m) || m.state == SWIM_DEAD, "n2 is not there");
        story_expect(s, sim_settled(s, NULL), "the living agree");
    }
    free(c);
}

/* ---- damage ---- */

static void flip_bits(struct sim *s, void *ctx, uint32_t node, struct event *e)
{
    uint64_t *flipped = ctx;
    struct packet *p = e == NULL || e->kind != EVENT_DATAGRAM ? NULL : e->p;
    if (p == NULL || !rng_chance(&s->boot_rng, 100) || s->nodes[node].slot != p->to_slot)
        return;
    const uint32_t flips = 1 + (uint32_t)rng_below(&s->boot_rng, 8);
    for (uint32_t i = 0; i < flips; i++)
        p->bytes[rng_below(&s->boot_rng, p->len)] ^= (uint8_t)(1U << rng_below(&s->boot_rng, 8));
    *flipped += 1;
}

static uint64_t refused(struct sim *s)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < s->cfg.nodes; i++) {
        const struct node_counters c = sim_view(s, i).node;
        n += c.dropped_malformed + c.dropped_version + c.dropped_key + c.dropped_plain +
             c.dropped_unauthentic;
    }
    return n;
}

/* Flips may undo each other: fewer are refused then, by very few. */
static void damaged(struct sim *s)
{
    uint64_t flipped = 0;
    story_begin(s);
    const uint64_t before = s->failed ? 0 : refused(s);
    member_run(s, 300 * US_PER_SEC, &(struct member_tap){flip_bits, &flipped});
    sim_run(s, US_PER_SEC);
    if (s->failed)
        return;
    const uint64_t dropped = refused(s) - before;
    story_expect(s, dropped <= flipped && dropped + 3 >= flipped, "each damage is refused");
    story_expect(s, sim_events_all(s, UINT32_MAX, SWIM_FAIL) == 0, "no FAIL");
    sim_run(s, 5 * US_PER_SEC);
    if (!s->failed)
        story_expect(s, sim_settled(s, NULL), "one view");
}

/* ---- keys ---- */

static const char *const RINGS[] = {"old AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
                                    "old AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
                                    "new ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n",
                                    "new ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n"
                                    "old AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
                                    "new ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n",
                                    "bad QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8=\n"};

/* The world's ring is that which processes begin with. */
static void make_ring(struct sim *s, size_t i)
{
    struct keyring_fault fault;
    const enum err err = keyring_parse(slice_text(RINGS[i]), &s->ring, &fault);
    assert(err == OK);
    s->cfg.sealed = true;
}

static void keys_rotated(struct sim *s)
{
    const struct workload_cfg clients = {.ops_per_s = 50,
                                         .write_permille = 100,
                                         .wide_permille = 50,
                                         .think_us = 5000,
                                         .tell_us = 500};
    make_ring(s, 0);
    s->cfg.key_quiet_us = 1;
    story_begin(s);
    workload_begin(s, &clients);
    for (uint32_t step = 1; step <= 3; step++) {
        make_ring(s, step);
        for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++) {
            sim_input(s, i, &(struct node_in){.kind = NODE_IN_KEYRING, .keyring = &s->ring});
            sim_run(s, 500 * US_PER_MS + rng_below(&s->boot_rng, US_PER_SEC));
        }
        sim_run(s, 60 * US_PER_SEC);
    }
    workload_stop(s);
    sim_run(s, 5 * US_PER_SEC);
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++)
        story_expect(s, sim_view(s, i).keys_n == 1, "the old key is gone");
    if (!s->failed) {
        sim_checked(s, CHECK_L6);
        if (refused(s) > 0)
            sim_violate(s, CHECK_L6, "%llu packets were refused while a key was rotated",
                        (unsigned long long)refused(s));
        story_expect(s, sim_settled(s, NULL), "one view, one vector");
        story_expect(s, sim_events_all(s, UINT32_MAX, SWIM_SUSPECTED) == 0, "nobody is doubted");
    }
}

/* Who holds another key never is a member, whatever it tries; it becomes ready, alone. */
static void key_wrong(struct sim *s)
{
    const uint32_t wrong = s->cfg.nodes - 1;
    make_ring(s, 0);
    for (uint32_t i = 0; i < wrong; i++)
        sim_boot(s, i);
    sim_run(s, 10 * US_PER_SEC);
    make_ring(s, ARRAY_LEN(RINGS) - 1);
    sim_boot(s, wrong);
    sim_run(s, 120 * US_PER_SEC);
    if (!s->failed) {
        story_expect(s, sim_events_all(s, wrong, SWIM_JOIN) == 0, "it is nobody's member");
        story_expect(s, sim_view(s, wrong).members == 1, "nor are others its own");
        story_expect(s, sim_view(s, 0).node.dropped_key > 0, "its packets are counted");
        story_expect(s, sim_view(s, 0).alive == wrong, "the others agree");
    }
}

/* ---- versions ---- */

/* Bytes of a msgpack object's head, and of its value unless that is an array, whose elements are then
 * counted in *inside. Enough of the format for what a body holds. */
static size_t head_len(const uint8_t *at, size_t *inside)
{
    static const uint8_t FIXED[] = {[0x00] = 1, [0x02] = 1, [0x03] = 1, [0x0C] = 2,
                                    [0x0D] = 3, [0x0E] = 5, [0x0F] = 9}; /* behind 0xC0 */
    if (at[0] < 0x80)
        return 1;
    if (at[0] >= 0xA0 && at[0] <= 0xBF)
        return 1U + (at[0] & 31U);
    if (at[0] == 0xC4 || at[0] == 0xD9)
        return 2U + at[1];
    if (at[0] == 0xC5)
        return 3U + ((size_t)at[1] << 8) + at[2];
    if (at[0] == 0xDC) {
        *inside = ((size_t)at[1] << 8) + at[2];
        return 3;
    }
    if (at[0] >= 0x90 && at[0] <= 0x9F) {
        *inside = at[0] & 15U;
        return 1;
    }
    assert(at[0] >= 0xC0 && at[0] - 0xC0U < sizeof FIXED && FIXED[at[0] - 0xC0] > 0);
    return FIXED[at[0] - 0xC0];
}

static size_t object_len(const uint8_t *at)
{
    size_t len = 0;
    for (size_t left = 1; left > 0; left--) {
        size_t inside = 0;
        len += head_len(at + len, &inside);
        left += inside;
    }
    return len;
}

static void put(uint8_t *out, size_t *to, struct slice bytes)
{
    if (bytes.len > 0)
        memcpy(out + *to, bytes.at, bytes.len);
    *to += bytes.len;
}

/* A body of the next minor version: a record has one field more at its end, and so has the body,
 * behind the counts of retired origins, which are written even when they are 0. Padding comes last.
 * Returns: its length; 0 when there is no room. */
static size_t add_fields(struct slice old, uint8_t *out, size_t cap)
{
    static const uint8_t NO_COUNTS[] = {0x00, 0x00}, ADDED[] = {0x92, 0x01, 0xC3}; /* [1, true] */
    const uint32_t fields = old.at[0] & 15U;
    const uint32_t known = fields < COUNTED ? UNCOUNTED : COUNTED;
    size_t from = 1;
    size_t to = 1;
    if (old.len + 200 > cap || fields < UNCOUNTED || fields > COUNTED + 1)
        return 0;
    out[0] = (uint8_t)(0x90 + COUNTED + 1 + (fields - known));
    for (uint32_t field = 0; field < known; field++) {
        const size_t len = object_len(old.at + from);
        const bool records = field == 8 && (old.at[from] == 0x91) && old.at[from + 1] == 0x9B;
        memcpy(out + to, old.at + from, len);
        if (records)
            out[to + 1] = 0x9C;
        from += len;
        to += len;
        if (records)
            out[to++] = 0xC0;
    }
    if (known == UNCOUNTED)
        put(out, &to, slice_of(NO_COUNTS, sizeof NO_COUNTS));
    put(out, &to, slice_of(ADDED, sizeof ADDED));
    put(out, &to, slice_of(old.at + from, old.len - from));
    return to;
}

/* Seal a packet anew, with another body, as its sender would have. */
static size_t seal_anew(const struct sim *s, const struct packet *p, uint32_t to, struct slice body,
                        uint8_t *out)
{
    struct packet_ctx ctx;
    const struct sim_node *n = &s->nodes[p->from];
    const struct slice cluster = slice_text(SIM_CLUSTER);
    struct packet_out what = {
        .class = (enum packet_class)p->bytes[3], .channel = CHANNEL_UDP, .body = body};
    for (size_t i = 32; i < 40; i++)
        what.counter = what.counter << 8 | p->bytes[i];
    if (what.class == PACKET_MEMBER)
        what.dest = hash_node_id(cluster, slice_text(s->nodes[to].name));
    packet_ctx_init(&ctx, &s->ring, cluster, hash_node_id(cluster, slice_text(n->name)),
                    &n->run_bytes);
    return packet_seal(&ctx, &what, out, NODE_DATAGRAM_IN_MAX);
}

/* Odd nodes speak the next minor version. */
static void speak_newer(struct sim *s, void *ctx, uint32_t node, struct event *e)
{
    uint8_t body[PEER_BODY_MAX];
    uint8_t sealed[NODE_DATAGRAM_IN_MAX];
    uint64_t *spoken = ctx;
    struct packet *p = e == NULL || e->kind != EVENT_DATAGRAM ? NULL : e->p;
    if (p == NULL || p->from % 2 == 0 || !s->nodes[p->from].up)
        return;
    const size_t len =
        add_fields(slice_of(p->bytes + PACKET_HEAD, p->len - PACKET_OVERHEAD), body, sizeof body);
    if (len == 0)
        return;
    const size_t n = seal_anew(s, p, node, slice_of(body, len), sealed);
    p = realloc(p, sizeof *p + n);
    assert(p != NULL);
    memcpy(p->bytes, sealed, n);
    p->len = (uint32_t)n;
    e->p = p;
    *spoken += 1;
}

static void versions_mixed(struct sim *s)
{
    uint64_t spoken = 0;
    const struct workload_cfg clients = {.ops_per_s = 20,
                                         .write_permille = 200,
                                         .wide_permille = 200,
                                         .think_us = 5000,
                                         .tell_us = 500};
    if (s->cfg.sealed)
        return; /* what is sealed cannot be rewritten here */
    sim_boot_all(s);
    workload_begin(s, &clients);
    member_run(s, 60 * US_PER_SEC, &(struct member_tap){speak_newer, &spoken});
    workload_stop(s);
    sim_run(s, 3 * US_PER_SEC);
    if (s->failed)
        return;
    story_expect(s, spoken > 1000, "many packets were of the newer version");
    story_expect(s, refused(s) == 0, "none was refused");
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        story_expect(s, sim_view(s, i).node.dropped_decode == 0, "all were read");
    story_expect(s, sim_events_all(s, UINT32_MAX, SWIM_SUSPECTED) == 0, "nobody is doubted");
    story_expect(s, sim_settled(s, NULL), "one view, one vector");
}

/* ---- a flood of news ---- */

/* The process of n9 is gone; in its name the story tells 1,000 changes of n9 a second, to one after
 * the other, so that n9 seems to live and is all that rumours are about. Then n0 dies. */
static void flood_of_news(struct sim *s)
{
    static struct peer_msg m;
    struct member_voice v = {.from = 9, .counter = 1000000};
    struct story_about about = {.member = 0, .state = SWIM_DEAD};
    story_begin(s);
    if (s->failed)
        return;
    struct oracle_run *run = &s->runs[s->nodes[9].run];
    sim_crash(s, 9, false);
    uint64_t took = 0;
    for (uint32_t ms = 0; ms < 30000 && !s->failed && took == 0; ms++) {
        if (ms == 5000)
            sim_crash(s, 0, false);
        run->version++;
        s->nodes[9].most.version = run->version;
        m = (struct peer_msg){.type = PEER_GOSSIP, .ver = run->version, .records_n = 1};
        m.records[0] = member_own_record(s, 9);
        m.records[0].caps = ms;
        const uint32_t to = ms % 9;
        if (s->nodes[to].up)
            member_say(s, &v, to, &m);
        sim_run(s, US_PER_MS);
        if (ms > 5000 && ms % 10 == 0 && story_all_hold(s, &about))
            took = (ms - 5000) * US_PER_MS;
    }
    if (s->failed)
        return;
    if (took == 0 || took > 19500 * US_PER_MS)
        sim_fail(s, "n0 was DEAD everywhere after %llu ms", (unsigned long long)(took / US_PER_MS));
    for (uint32_t i = 1; i < 9; i++)
        story_expect(s, sim_events_all(s, i, SWIM_FAIL) == 0, "no false FAIL");
}

struct stories stories_member_hostile(void)
{
    static const struct story STORIES[] = {
        {"foreign_cluster", 4, 10, foreign_cluster,
         "another cluster at an address of ours: all its packets are counted, nothing happens"},
        {"replayed", 3, 2, replayed, "10 min of packets again: each is dropped, nothing changes"},
        {"replayed_to_new", 4, 5, replayed_to_new, "old packets resurrect nobody at a new process"},
        {"damaged", 4, 5, damaged, "bits flipped in one of ten packets: each is refused, no FAIL"},
        {"keys_rotated", 5, 5, keys_rotated, "a key is rotated under load: no packet is refused"},
        {"key_wrong", 4, 5, key_wrong, "who holds another key is never a member"},
        {"versions_mixed", 5, 5, versions_mixed, "packets with fields of tomorrow are understood"},
        {"flood_of_news", 10, 5, flood_of_news,
         "1,000 changes a second of one member: a crash is DEAD within 19.5 s"},
    };
    return (struct stories){STORIES, ARRAY_LEN(STORIES)};
}
