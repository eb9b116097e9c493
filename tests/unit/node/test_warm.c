/** A node that joins takes over entries: which ones, from whom, and that none of them is stale. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "node/stream.h"

#include "forge.h"
#include "net.h"
#include "stand.h"

#define SECOND US_PER_SEC

/* ---- two and more nodes ---- */

static struct warm_view warm_of(const struct net *t, size_t i)
{
    return rig_view(&t->at[i]).warm;
}

static void store_many(struct net *t, size_t i, size_t n)
{
    char key[32];
    for (size_t k = 0; k < n; k++) {
        snprintf(key, sizeof key, "k%zu", k);
        net_store(t, i, key, "value");
    }
}

static size_t held(struct net *t, size_t i, size_t n)
{
    size_t found = 0;
    char key[32];
    for (size_t k = 0; k < n; k++) {
        snprintf(key, sizeof key, "k%zu", k);
        found += net_holds(t, i, key, "value");
    }
    return found;
}

Test(warm, who_joins_serves_what_the_other_has)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2, .warm_up = true});
    store_many(t, 0, 500);
    t->warmed_n[1] = 0;
    net_restart(t, 1);
    net_run(t, 3 * SECOND);
    cr_assert_eq(node_state(t->at[1].node), NODE_READY);
    cr_assert_eq(held(t, 1, 500), 500);
    cr_assert_eq(warm_of(t, 1).state, WARM_ENDED);
    cr_assert_eq(warm_of(t, 1).counters.taken, 500);
    cr_assert_eq(warm_of(t, 0).counters.given, 500);
    cr_assert_eq(t->warmed_n[1], 1);
    cr_assert(t->warmed.whole && t->warmed.entries == 500 && t->warmed.refused == 0);
    net_free(t);
}

Test(warm, it_is_not_done_unasked)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2});
    store_many(t, 0, 20);
    net_restart(t, 1);
    net_run(t, 3 * SECOND);
    cr_assert_eq(held(t, 1, 20), 0);
    cr_assert_eq(warm_of(t, 1).state, WARM_OFF);
    net_free(t);
}

Test(warm, invalidations_during_it_leave_nothing_stale)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3, .warm_up = true});
    char key[32];
    store_many(t, 0, 800);
    store_many(t, 1, 800);
    t->delay_us = 3 * US_PER_MS;
    net_restart(t, 2);
    for (size_t k = 0; k < 400; k++) {
        snprintf(key, sizeof key, "k%zu", k);
        net_invalidate(t, k % 3, key, (struct client_ack){.level = ACK_LOCAL}, SECOND);
        net_run(t, 3 * US_PER_MS);
    }
    net_run(t, 10 * SECOND);
    for (size_t k = 0; k < 400; k++) {
        snprintf(key, sizeof key, "k%zu", k);
        cr_assert_not(net_holds(t, 2, key, "value"), "%s", key);
    }
    cr_assert_eq(held(t, 2, 800), 400);
    net_free(t);
}

Test(warm, what_is_killed_later_dies_in_its_copy_too)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2, .warm_up = true});
    store_many(t, 0, 10);
    net_restart(t, 1);
    net_run(t, 3 * SECOND);
    cr_assert(net_holds(t, 1, "k3", "value"));
    net_invalidate(t, 0, "k3", (struct client_ack){.level = ACK_LOCAL}, SECOND);
    net_run(t, SECOND);
    cr_assert_eq(held(t, 1, 10), 9);
    net_free(t);
}

/** The donor was cut off while a dot was issued, its origin died and was forgotten by all others. Nothing
 *  tells any more what its entries lack. */
Test(warm, where_origins_were_forgotten_nothing_is_taken_over)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3, .warm_up = true, .retired_max = 1});
    for (int round = 0; round < 3; round++) {
        net_invalidate(t, 2, "other", (struct client_ack){.level = ACK_LOCAL}, SECOND);
        net_restart(t, 2);
        net_run(t, 800 * SECOND);
    }
    cr_assert_geq(rig_view(&t->at[0]).ledger.forgotten, 1);
    store_many(t, 0, 10);
    store_many(t, 1, 10);
    net_restart(t, 2);
    net_run(t, 60 * SECOND);
    cr_assert_eq(node_state(t->at[2].node), NODE_READY);
    cr_assert_eq(held(t, 2, 10), 0);
    cr_assert_eq(warm_of(t, 2).state, WARM_ENDED);
    net_free(t);
}

Test(warm, it_ends_with_the_donors_run)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2, .warm_up = true});
    store_many(t, 0, 10);
    net_restart(t, 1);
    while (node_state(t->at[1].node) != NODE_READY)
        net_run(t, US_PER_MS / 10);
    net_kill(t, 0);
    net_run(t, 90 * SECOND);
    cr_assert_neq(warm_of(t, 1).state, WARM_RUNNING);
    cr_assert_eq(warm_of(t, 1).state, WARM_ENDED);
    net_free(t);
}

/* ---- who asks: a forger with the key ---- */

static void store(struct stand *t, const char *text, size_t len)
{
    static uint8_t value[65536];
    struct cache_key key;
    uint8_t token[TOKEN_LEN];
    const struct cache_item item = {.value = slice_of(value, len)};
    cr_assert_eq(cache_key(t->rig.cache, slice_text(""), slice_text(text), &key), OK);
    cr_assert_eq(cache_token(t->rig.cache, t->rig.now, &key, token), OK);
    cr_assert_eq(cache_fill(t->rig.cache, t->rig.now, &key, &item, slice_of(token, TOKEN_LEN)),
                 CACHE_STORED);
}

static const struct stream_msg first_want = {.type = STREAM_WANT};

Test(warm, covers_come_first_and_then_what_is_asked_for)
{
    struct stand t;
    stand_up(&t);
    store(&t, "k", 5);
    struct forge *f = forge_new(&t.rig, "c");
    forge_auth(f, STREAM_FOR_WARM);
    cr_assert_eq(f->heard_n[STREAM_HEADS], 1);
    cr_assert_eq(f->heard_n[STREAM_ENTRIES], 0);
    forge_say(f, &first_want);
    for (int i = 0; i < 1000 && f->cursor != 0; i++)
        forge_say(f, &(struct stream_msg){.type = STREAM_WANT, .cursor = f->cursor});
    cr_assert_eq(f->entries_n, 1);
    cr_assert_eq(f->cursor, 0);
    cr_assert_not(f->hung_up);
    forge_free(f);
    stand_down(&t);
}

Test(warm, a_frame_is_bounded_and_what_fits_none_is_passed_over)
{
    struct stand t;
    char key[16];
    stand_up(&t);
    store(&t, "long", 60000);
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof key, "k%d", i);
        store(&t, key, 10000);
    }
    struct forge *f = forge_new(&t.rig, "c");
    forge_auth(f, STREAM_FOR_WARM);
    forge_say(f, &first_want);
    cr_assert_leq(f->entries_n, 4);
    for (int i = 0; i < 1000 && f->cursor != 0; i++)
        forge_say(f, &(struct stream_msg){.type = STREAM_WANT, .cursor = f->cursor});
    cr_assert_eq(f->entries_n, 20);
    cr_assert_geq(f->heard_n[STREAM_ENTRIES], 5);
    forge_free(f);
    stand_down(&t);
}

Test(warm, a_frame_that_has_no_place_closes_the_stream)
{
    static const uint8_t types[] = {STREAM_HEADS, STREAM_DONE, STREAM_ENTRIES, STREAM_PULL,
                                    STREAM_RETIRED};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct stand t;
        stand_up(&t);
        struct forge *f = forge_new(&t.rig, "c");
        forge_auth(f, STREAM_FOR_WARM);
        forge_say(f, &(struct stream_msg){.type = types[i]});
        cr_assert(f->hung_up, "type %u", types[i]);
        forge_free(f);
        stand_down(&t);
    }
}

Test(warm, entries_have_no_place_in_other_streams)
{
    static const uint8_t purposes[] = {STREAM_FOR_SYNC, STREAM_FOR_PULL, STREAM_FOR_PING};
    for (size_t i = 0; i < 2 * ARRAY_LEN(purposes); i++) {
        struct stand t;
        stand_up(&t);
        struct forge *f = forge_new(&t.rig, "c");
        forge_auth(f, purposes[i / 2]);
        forge_say(f, &(struct stream_msg){.type = i % 2 == 0 ? STREAM_WANT : STREAM_ENTRIES});
        cr_assert(f->hung_up, "purpose %u", purposes[i / 2]);
        forge_free(f);
        stand_down(&t);
    }
}

Test(warm, a_node_that_is_not_ready_gives_nothing)
{
    struct stand t;
    rig_init(&t.rig, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1, .seeded = true});
    t.n = t.rig.node;
    rig_drain(&t.rig);
    struct forge *f = forge_new(&t.rig, "c");
    const struct stream_msg hello = forge_hello(f, STREAM_FOR_WARM);
    forge_say(f, &hello);
    forge_say(f, &(struct stream_msg){.type = STREAM_AUTH, .echo = f->challenge});
    cr_assert(f->hung_up);
    cr_assert_eq(f->heard_n[STREAM_HEADS], 0);
    cr_assert_eq(rig_view(&t.rig).node.streams_busy, 1);
    forge_free(f);
    stand_down(&t);
}

/** As many as n others are given entries. */
static void give_to_others(struct stand *t, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        t->n->streams->at[8 + i] = (struct stream){.used = true,
                                                   .inbound = true,
                                                   .gives = true,
                                                   .conn = 5 + i,
                                                   .up = true,
                                                   .got_auth = true,
                                                   .peer = 1000 + i,
                                                   .begun_at = t->rig.now,
                                                   .progress_at = t->rig.now};
    t->n->streams->used_n += n;
}

static void ask_for_a_place(struct forge *f)
{
    const struct stream_msg hello = forge_hello(f, STREAM_FOR_WARM);
    forge_say(f, &hello);
    forge_say(f, &(struct stream_msg){.type = STREAM_AUTH, .echo = f->challenge});
}

Test(warm, four_at_a_time_are_given_entries)
{
    for (uint32_t others = 3; others <= 4; others++) {
        struct stand t;
        stand_up(&t);
        cr_assert_eq(t.n->cfg.warm_gives_max, 4);
        give_to_others(&t, others);
        struct forge *f = forge_new(&t.rig, "c");
        ask_for_a_place(f);
        cr_assert_eq(f->hung_up, others == 4);
        cr_assert_eq(f->heard_n[STREAM_HEADS], others < 4);
        cr_assert_eq(rig_view(&t.rig).node.streams_busy, others == 4);
        forge_free(f);
        stand_down(&t);
    }
}

Test(warm, nobody_keeps_a_place_by_asking_now_and_then)
{
    struct stand t;
    stand_up(&t);
    give_to_others(&t, 3);
    struct forge *f = forge_new(&t.rig, "c");
    forge_auth(f, STREAM_FOR_WARM);
    for (int i = 0; i < 2; i++) {
        rig_pass(&t.rig, 29 * SECOND);
        for (uint32_t k = 0; k < 3; k++)
            t.n->streams->at[8 + k].progress_at = t.rig.now;
        forge_say(f, &first_want);
        cr_assert_eq(f->heard_n[STREAM_ENTRIES], (uint32_t)i + 1);
    }
    struct node_out out;
    rig_pass(&t.rig, STREAM_PLACE_US - 58 * SECOND - 1);
    cr_assert_eq(rig_view(&t.rig).node.streams_relieved, 0);
    t.rig.now += 1;
    node_tick(t.rig.node, t.rig.now);
    cr_assert_geq(rig_view(&t.rig).node.streams_relieved, 1);
    cr_assert(rig_take(&t.rig, NODE_OUT_HANGUP, &out));
    rig_drain(&t.rig);
    forge_connect(f);
    ask_for_a_place(f);
    cr_assert(f->hung_up, "others come first");
    rig_pass(&t.rig, STREAM_REST_US);
    forge_connect(f);
    ask_for_a_place(f);
    cr_assert_not(f->hung_up, "and then it may go on");
    forge_free(f);
    stand_down(&t);
}

Test(warm, endless_covers_end_with_the_time_for_warming_up)
{
    static uint8_t covers[STREAM_HEADS_COVERS * COVER_LEN];
    struct stand t;
    stand_up(&t);
    for (mono_us late = 0; late <= 1; late++) {
        struct stream s = {.used = true, .up = true, .got_auth = true, .purpose = STREAM_FOR_WARM};
        const struct stream_msg heads = {.type = STREAM_HEADS,
                                         .bytes = slice_of(covers, sizeof covers)};
        const mono_us now = 600ULL * SECOND - 1 + late;
        cr_assert(stream_warm_take(t.n, now, &s, &heads));
        cr_assert_eq(s.hangup, late == 1);
    }
    stand_down(&t);
}

Test(warm, what_comes_too_early_or_unasked_has_no_place)
{
    struct stand t;
    stand_up(&t);
    const struct stream_msg want = {.type = STREAM_WANT};
    const struct stream_msg entries = {.type = STREAM_ENTRIES};
    const struct stream_msg heads = {.type = STREAM_HEADS};
    struct stream early[] = {{.inbound = true, .got_auth = true, .heads_due = true},
                             {.inbound = true, .got_auth = true, .retired_due = true},
                             {.inbound = true, .got_auth = true, .entries_due = true},
                             {.inbound = true}};
    for (size_t i = 0; i < ARRAY_LEN(early); i++)
        cr_expect_not(stream_warm_take(t.n, t.rig.now, &early[i], &want), "%zu", i);
    struct stream ours = {.got_auth = true, .got_heads = true};
    cr_expect_not(stream_warm_take(t.n, t.rig.now, &ours, &entries));
    cr_expect_not(stream_warm_take(t.n, t.rig.now, &ours, &heads));
    cr_expect_not(stream_warm_take(t.n, t.rig.now, &ours, &want));
    stand_down(&t);
}
