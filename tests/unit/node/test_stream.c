/** What two nodes tell each other over streams. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "node/inside.h"

#include "rig.h"

static void introduce(struct rig *to, const struct rig *who)
{
    node_recv(to->node, to->now,
              &(struct node_in){.kind = NODE_IN_NAMES, .names = &who->addr, .names_n = 1});
}

/* a is ready and alone from the start; b wants to join. */
static void meet(struct rig *a, struct rig *b, uint32_t log_max)
{
    rig_init(a, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1, .log_max = log_max});
    rig_init(b, &(struct rig_cfg){.name = "b", .key = 1, .run = 2, .host = 2, .seeded = true});
}

static void join(struct rig *a, struct rig *b)
{
    introduce(b, a);
    rig_talk(a, b, US_PER_SEC);
    cr_assert_eq(node_state(b->node), NODE_READY);
}

static void fini(struct rig *a, struct rig *b)
{
    rig_fini(a);
    rig_fini(b);
}

/* No datagram has less than one byte. */
static void cut(struct rig *a, struct rig *b, bool off)
{
    a->swallows = off;
    b->swallows = off;
}

static void issue(struct rig *r, int n)
{
    char key[16];
    for (int i = 1; i <= n; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        cr_assert_eq(rig_issue(r, DOT_KEY, key).err, OK);
    }
}

/* ---- the cache of a rig ---- */

static void ignore_hit(void *ctx, const struct cache_hit *hit)
{
    (void)ctx;
    (void)hit;
}

static struct cache_key key_of(const struct rig *r, const char *key)
{
    struct cache_key k;
    cr_assert_eq(cache_key(r->cache, slice_text(""), slice_text(key), &k), OK);
    return k;
}

static bool has(struct rig *r, const char *key)
{
    const struct cache_key k = key_of(r, key);
    const struct cache_ask ask = {.min_stamp = 0};
    return cache_get(r->cache, r->now, &k, &ask, ignore_hit, NULL) == CACHE_HIT;
}

static uint64_t token(struct rig *r, const char *key, uint8_t out[TOKEN_LEN])
{
    const struct cache_key k = key_of(r, key);
    cr_assert_eq(cache_token(r->cache, r->now, &k, out), OK);
    struct reader reader = reader_of(slice_of(out + 8, 8)); /* L: see cache/token.h */
    return read_u64(&reader);
}

static void fill(struct rig *r, const char *key)
{
    uint8_t bytes[TOKEN_LEN];
    const struct cache_key k = key_of(r, key);
    const struct cache_item item = {.value = slice_text("v")};
    token(r, key, bytes);
    cr_assert_eq(cache_fill(r->cache, r->now, &k, &item, slice_of(bytes, TOKEN_LEN)), CACHE_STORED);
    cr_assert(has(r, key));
}

/* ---- stories ---- */

Test(stream, a_sync_makes_views_and_vectors_equal)
{
    struct rig a;
    struct rig b;
    meet(&a, &b, 0);
    issue(&a, 20);
    cr_assert_neq(rig_view(&a).view_hash, rig_view(&b).view_hash);
    join(&a, &b);
    cr_assert_eq(rig_view(&a).view_hash, rig_view(&b).view_hash);
    cr_assert_neq(rig_view(&b).vector_hash, 0);
    cr_assert_eq(rig_view(&a).vector_hash, rig_view(&b).vector_hash);
    cr_assert_eq(rig_view(&b).node.streams_failed, 0);
    fini(&a, &b);
}

Test(stream, a_joiner_adopts_the_heads_and_asks_for_nothing)
{
    struct rig a;
    struct rig b;
    meet(&a, &b, 0);
    issue(&a, 50);
    join(&a, &b);
    const struct node_view view = rig_view(&b);
    cr_assert_eq(view.gaps, 0);
    cr_assert_eq(view.ledger.applied, 0, "covered without its dots");
    cr_assert_eq(view.vector_hash, rig_view(&a).vector_hash);
    cr_assert_eq(view.node.dots_in, 0);
    cr_assert_eq(view.heal.pulls, 0);
    cr_assert_eq(view.node.broad, 0, "an empty cache needs no barrier");
    fini(&a, &b);
}

Test(stream, the_first_token_of_a_joiner_dominates_all_that_it_adopted)
{
    struct rig a;
    struct rig b;
    uint8_t bytes[TOKEN_LEN];
    meet(&a, &b, 0);
    issue(&a, 50);
    const struct cache_key k = key_of(&b, "k1");
    cr_assert_eq(cache_token(b.cache, b.now, &k, bytes), ERR_NOT_READY);
    const uint64_t before = rig_view(&b).index;
    join(&a, &b);
    const uint64_t stamp = token(&b, "k1", bytes);
    cr_assert_eq(stamp, rig_view(&b).index);
    cr_assert_geq(stamp, before + 2, "one for the head, one above it");
    fill(&b, "k1");
    rig_talk(&a, &b, 5 * US_PER_SEC);
    cr_assert(has(&b, "k1"), "what was adopted kills nothing afterwards");
    issue(&a, 1);
    rig_talk(&a, &b, US_PER_SEC);
    cr_assert_not(has(&b, "k1"), "what is issued afterwards does");
    fini(&a, &b);
}

static void add_len(void *ctx, const struct node_out *out)
{
    *(size_t *)ctx += out->kind == NODE_OUT_STREAM ? out->bytes.len : 0;
}

/* Bytes that a says in the frames of one more sync with b. */
static size_t sync_bytes(struct rig *a, struct rig *b)
{
    struct swim_member member;
    size_t len = 0;
    cr_assert(swim_find_name(a->node->swim, slice_text("b"), &member));
    a->tap = add_len;
    a->tap_ctx = &len;
    stream_open_sync(a->node, a->now, &member);
    rig_talk(a, b, 50 * US_PER_MS);
    a->tap = NULL;
    return len;
}

Test(stream, whose_vector_is_ours_is_told_two_covers_and_not_all)
{
    struct rig a;
    struct rig b;
    meet(&a, &b, 0);
    join(&a, &b);
    issue(&b, 3);
    for (uint64_t epoch = 1000; epoch < 1025; epoch++) {
        const struct dot d = {.epoch = epoch, .seq = 1, .kind = DOT_KEY, .hash = 77};
        apply_foreign(a.node, a.now, &d);
        apply_foreign(b.node, b.now, &d);
    }
    rig_talk(&a, &b, US_PER_SEC);
    cr_assert_eq(rig_view(&a).vector_hash, rig_view(&b).vector_hash);
    const size_t equal = sync_bytes(&a, &b);
    apply_foreign(a.node, a.now,
                  &(struct dot){.epoch = 1000, .seq = 2, .kind = DOT_KEY, .hash = 77});
    const size_t differing = sync_bytes(&a, &b);
    cr_assert_gt(equal, 0);
    cr_assert_geq(differing, equal + 24 * COVER_LEN, "%zu, then %zu", equal, differing);
    cr_assert_eq(rig_view(&a).vector_hash, rig_view(&b).vector_hash);
    fini(&a, &b);
}

Test(stream, who_lacks_something_tells_all_its_covers)
{
    struct rig a;
    struct rig b;
    meet(&a, &b, 0);
    join(&a, &b);
    for (uint64_t epoch = 1000; epoch < 1025; epoch++) {
        const struct dot d = {.epoch = epoch, .seq = 1, .kind = DOT_KEY, .hash = 77};
        apply_foreign(a.node, a.now, &d);
        apply_foreign(b.node, b.now, &d);
    }
    const size_t equal = sync_bytes(&a, &b);
    /* Covered past a gap, which the hash of the vector does not count. */
    apply_foreign(a.node, a.now,
                  &(struct dot){.epoch = 1000, .seq = 3, .kind = DOT_KEY, .hash = 77});
    cr_assert_eq(rig_view(&a).vector_hash, rig_view(&b).vector_hash);
    cr_assert_eq(rig_view(&a).gaps, 1);
    cr_assert_geq(sync_bytes(&a, &b), equal + 24 * COVER_LEN);
    fini(&a, &b);
}

Test(stream, a_sync_brings_exactly_what_datagrams_lost)
{
    struct rig a;
    struct rig b;
    meet(&a, &b, 0);
    join(&a, &b);
    issue(&a, 2);
    rig_talk(&a, &b, US_PER_SEC);
    fill(&b, "k1");
    fill(&b, "k9");
    const struct node_view before = rig_view(&b);
    cr_assert_eq(before.ledger.applied, 2);
    cut(&a, &b, true);
    issue(&a, 3);
    rig_talk(&a, &b, 40 * US_PER_SEC); /* a periodic sync comes within 36 */
    const struct node_view after = rig_view(&b);
    cr_assert_eq(after.node.datagrams_in, before.node.datagrams_in);
    cr_assert_eq(after.ledger.applied, 5);
    cr_assert_eq(after.node.dots_in, before.node.dots_in + 3, "those and no others");
    cr_assert_eq(after.node.broad, 0);
    cr_assert_eq(after.vector_hash, rig_view(&a).vector_hash);
    cr_assert_not(has(&b, "k1"), "it was among them");
    cr_assert(has(&b, "k9"));
    cr_assert_eq(after.swim.suspicions, 0, "streams answered the probes");
    fini(&a, &b);
}

Test(stream, what_is_too_much_for_datagrams_is_pulled_over_a_stream)
{
    struct rig a;
    struct rig b;
    meet(&a, &b, 0);
    join(&a, &b);
    cut(&a, &b, true);
    issue(&a, 500);
    rig_talk(&a, &b, US_PER_SEC);
    const struct node_view before = rig_view(&b);
    cr_assert_eq(before.ledger.applied, 0);
    cut(&a, &b, false);
    rig_talk(&a, &b, US_PER_SEC);
    const struct node_view after = rig_view(&b);
    cr_assert_eq(after.ledger.applied, 500);
    cr_assert_eq(after.gaps, 0);
    cr_assert_eq(after.node.broad, 0);
    cr_assert_gt(after.node.streams_out, before.node.streams_out);
    cr_assert_eq(after.vector_hash, rig_view(&a).vector_hash);
    fini(&a, &b);
}

static void lose_most(struct rig *a, struct rig *b)
{
    meet(a, b, 4);
    join(a, b);
    fill(b, "k1");
    fill(b, "sound");
    cut(a, b, true);
    issue(a, 10); /* a remembers the last four */
}

static void assert_healed(struct rig *a, struct rig *b)
{
    const struct node_view view = rig_view(b);
    cr_assert_eq(view.gaps, 0);
    cr_assert_eq(view.ledger.applied, 4, "what a still had");
    cr_assert_eq(view.ledger.closed, 6);
    cr_assert_eq(view.heal.touched_closed, 6);
    cr_assert_geq(rig_view(a).heal.touched_served, 1);
    cr_assert_eq(view.node.broad, 0);
    cr_assert_eq(view.vector_hash, rig_view(a).vector_hash);
    cr_assert_not(has(b, "k1"), "stale");
    cr_assert(has(b, "sound"), "no dot came near it");
}

Test(stream, a_truncated_log_ends_in_barriers_over_what_was_touched)
{
    struct rig a;
    struct rig b;
    lose_most(&a, &b);
    rig_talk(&a, &b, 40 * US_PER_SEC); /* a periodic sync comes within 36 */
    assert_healed(&a, &b);
    fill(&b, "k1");
    rig_talk(&a, &b, 40 * US_PER_SEC);
    cr_assert(has(&b, "k1"), "one barrier, not one a sync");
    fini(&a, &b);
}

Test(stream, with_datagrams_a_truncated_log_is_known_lost_at_once)
{
    struct rig a;
    struct rig b;
    lose_most(&a, &b);
    rig_talk(&a, &b, US_PER_SEC);
    cut(&a, &b, false);
    rig_talk(&a, &b, US_PER_SEC); /* half of T_gap */
    assert_healed(&a, &b);
    cr_assert_eq(rig_view(&b).heal.broad_t_gap, 0);
    fini(&a, &b);
}

static void note_longest(void *ctx, const struct node_out *out)
{
    size_t *longest = ctx;
    if (out->kind == NODE_OUT_STREAM && out->bytes.len > *longest)
        *longest = out->bytes.len;
}

Test(stream, buckets_cost_their_bitmap_and_at_most_256_bytes)
{
    struct rig a;
    struct rig b;
    size_t longest = 0;
    lose_most(&a, &b);
    rig_talk(&a, &b, US_PER_SEC);
    a.tap = note_longest;
    a.tap_ctx = &longest;
    cut(&a, &b, false);
    rig_talk(&a, &b, US_PER_SEC);
    assert_healed(&a, &b);
    const size_t bitmap = (size_t)1 << (a.node->cfg.bucket_bits - 3);
    cr_assert_gt(longest, bitmap, "it was sent");
    cr_assert_leq(longest, bitmap + 256);
    fini(&a, &b);
}

/* ---- what must be equal on all nodes ---- */

static void note_windows(void *ctx, const struct node_out *out)
{
    struct node_windows *told = ctx;
    if (out->kind == NODE_OUT_WINDOWS) {
        cr_assert_eq(told->ours_ms, 0, "once");
        *told = out->windows;
    }
}

/* Two of three do not vote, and nobody reads: there is not one POLL. */
Test(stream, another_fence_ms_is_noticed_with_the_first_sync)
{
    struct rig a;
    struct rig b;
    struct node_windows told_a = {.ours_ms = 0}, told_b = {.ours_ms = 0};
    rig_init(&a, &(struct rig_cfg){.name = "a",
                                   .key = 1,
                                   .run = 1,
                                   .host = 1,
                                   .policies = {.expect = 3, .fence_ms = 1000}});
    rig_init(&b, &(struct rig_cfg){.name = "b",
                                   .key = 1,
                                   .run = 2,
                                   .host = 2,
                                   .seeded = true,
                                   .policies = {.expect = 3, .fence_ms = 2000}});
    a.tap = b.tap = note_windows;
    a.tap_ctx = &told_a;
    b.tap_ctx = &told_b;
    join(&a, &b);
    rig_talk(&a, &b, 2 * US_PER_SEC);
    cr_assert_eq(rig_view(&a).proof.polls + rig_view(&b).proof.polls, 0);
    cr_assert_eq(told_a.ours_ms, 1000);
    cr_assert_eq(told_a.theirs_ms, 2000);
    cr_assert_eq(told_b.ours_ms, 2000);
    cr_assert_eq(told_b.theirs_ms, 1000);
    const struct node_view view = rig_view(&a);
    cr_assert_eq(view.proof_state, PROOF_WINDOWS);
    cr_assert_eq(view.window_ms, 1000);
    cr_assert_eq(view.window_other_ms, 2000);
    cr_assert_eq(view.window_other, rig_view(&b).id);
    cr_assert_eq(view.proof.windows_found, 1);
    fini(&a, &b);
}

/* ---- a recording ---- */

#define TAPE_FRAMES 32

/** The frames of one stream, as the wire had them. */
struct tape {
    uint32_t conn; /* 0 until the first frame */
    size_t n;
    size_t len[TAPE_FRAMES];
    uint8_t *bytes[TAPE_FRAMES];
};

static void record(void *ctx, const struct node_out *out)
{
    struct tape *t = ctx;
    if (out->kind != NODE_OUT_STREAM || (t->conn != 0 && out->conn != t->conn))
        return;
    cr_assert(t->n < TAPE_FRAMES);
    t->conn = out->conn;
    t->len[t->n] = out->bytes.len;
    t->bytes[t->n] = malloc(out->bytes.len);
    memcpy(t->bytes[t->n++], out->bytes.at, out->bytes.len);
}

static void tape_free(struct tape *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->bytes[i]);
}

static size_t play(struct rig *r, const struct tape *t, size_t *frames)
{
    const uint32_t conn = NODE_INBOUND | 4711;
    const struct addr stranger = {.ip = {10, 9, 9, 9}, .ip_len = 4, .port = 999};
    struct node_out out;
    size_t hangups = 0;
    node_recv(r->node, r->now,
              &(struct node_in){.kind = NODE_IN_STREAM_UP, .conn = conn, .from = stranger});
    for (size_t i = 0; i < t->n; i++) {
        const struct slice frame = slice_of(t->bytes[i], t->len[i]);
        node_recv(r->node, r->now,
                  &(struct node_in){.kind = NODE_IN_STREAM, .conn = conn, .bytes = frame});
        while (node_poll(r->node, r->now, &out)) {
            *frames += out.kind == NODE_OUT_STREAM && out.conn == conn;
            hangups += out.kind == NODE_OUT_HANGUP && out.conn == conn;
        }
    }
    return hangups;
}

Test(stream, a_replayed_stream_changes_nothing_and_is_closed)
{
    struct rig a;
    struct rig b;
    struct tape tape = {0};
    size_t frames = 0;
    meet(&a, &b, 0);
    issue(&a, 5);
    a.tap = record;
    a.tap_ctx = &tape;
    join(&a, &b);
    cr_assert_geq(tape.n, 5, "HELLO, AUTH, DIGEST, HEADS, ..., DONE");
    issue(&b, 3);
    rig_talk(&a, &b, US_PER_SEC);
    rig_drain(&b);
    const struct node_view before = rig_view(&b);
    cr_assert_eq(play(&b, &tape, &frames), 1);
    const struct node_view after = rig_view(&b);
    cr_assert_eq(frames, 2, "HELLO and AUTH are all that a stranger is told");
    cr_assert_eq(after.members, before.members);
    cr_assert_eq(after.view_hash, before.view_hash);
    cr_assert_eq(after.vector_hash, before.vector_hash);
    cr_assert_eq(after.index, before.index);
    cr_assert_eq(after.origins, before.origins);
    cr_assert_eq(after.node.dots_in, before.node.dots_in);
    cr_assert_eq(after.swim.records_in, before.swim.records_in);
    cr_assert_eq(after.node.streams_failed, before.node.streams_failed + 1);
    rig_talk(&a, &b, US_PER_SEC);
    cr_assert_eq(rig_view(&b).swim.suspicions, 0, "a is as believed as before");
    tape_free(&tape);
    fini(&a, &b);
}
