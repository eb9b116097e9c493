/** Healing between real nodes: lost contents, forgotten origins, clones, relays. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/inside.h"
#include "node/stream.h"

#include "net.h"

#define SECOND US_PER_SEC

static const struct client_ack LOCAL = {.level = ACK_LOCAL};

static void invalidate(struct net *t, size_t i, const char *key)
{
    const uint64_t ticket = net_invalidate(t, i, key, LOCAL, SECOND);
    cr_assert_eq(t->replies[ticket].err, OK);
    net_run(t, 10 * US_PER_MS);
}

static void invalidate_n(struct net *t, size_t i, int n)
{
    char key[40];
    for (int k = 1; k <= n; k++) {
        (void)snprintf(key, sizeof key, "k%d", k);
        invalidate(t, i, key);
    }
}

static struct heal_counters heal_of(const struct net *t, size_t i)
{
    return rig_view(&t->at[i]).heal;
}

Test(healing, who_was_cut_off_for_longer_than_logs_reach_loses_only_what_was_touched)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3, .log_max = 64});
    net_store(t, 2, "k1", "old");
    net_store(t, 2, "sound", "v");
    net_isolate(t, 2, true);
    invalidate_n(t, 0, 300);
    const uint64_t broad = rig_view(&t->at[2]).node.broad;
    net_isolate(t, 2, false);
    net_run(t, 60 * SECOND);
    cr_assert_eq(rig_view(&t->at[2]).gaps, 0);
    cr_assert_eq(rig_view(&t->at[2]).vector_hash, rig_view(&t->at[0]).vector_hash);
    cr_assert_not(net_holds(t, 2, "k1", "old"), "stale");
    cr_assert(net_holds(t, 2, "sound", "v"), "no dot came near it");
    cr_assert_eq(rig_view(&t->at[2]).node.broad, broad, "no barrier over everything");
    cr_assert_gt(heal_of(t, 2).touched_closed, 0);
    cr_assert_gt(t->everything_n[2], 0, "subscribers cannot be told buckets");
    net_free(t);
}

Test(healing, a_trace_tells_what_was_barred_without_its_content)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2, .log_max = 64});
    net_isolate(t, 1, true);
    const uint64_t first = net_invalidate(t, 0, "k", LOCAL, SECOND);
    invalidate_n(t, 0, 100);
    net_isolate(t, 1, false);
    net_run(t, 60 * SECOND);
    const uint64_t ticket = net_about(t, 0, NODE_TRACE, &t->replies[first].stamp);
    cr_assert(net_await(t, ticket, SECOND));
    cr_assert_str_eq(t->replies[ticket].traced, "a:applied,b:barred+");
    net_free(t);
}

Test(healing, what_left_the_log_for_the_thin_log_heals_dot_by_dot)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3, .log_max = 64, .thin_max = 1024});
    net_store(t, 2, "k1", "old");
    net_store(t, 2, "sound", "v");
    net_isolate(t, 2, true);
    invalidate_n(t, 0, 300);
    net_isolate(t, 2, false);
    net_run(t, 60 * SECOND);
    cr_assert_eq(rig_view(&t->at[2]).vector_hash, rig_view(&t->at[0]).vector_hash);
    cr_assert_not(net_holds(t, 2, "k1", "old"));
    cr_assert(net_holds(t, 2, "sound", "v"));
    cr_assert_eq(heal_of(t, 2).touched_closed, 0, "all contents were there, if thin");
    cr_assert_geq(heal_of(t, 2).pulled, 300);
    net_free(t);
}

/** c opens a stream to each of the others, in which it will ask for what it lacks. */
static void sync_with_both(struct net *t)
{
    struct swim_member m;
    for (size_t i = 0; i < 2; i++) {
        cr_assert(swim_find(t->at[2].node->swim, rig_view(&t->at[i]).id, &m));
        stream_open_sync(t->at[2].node, t->now, &m);
    }
}

/** c is cut off while a and b cover n dots of a third origin, and comes back. Returns: the dots that it was
 *  then given. */
static uint64_t given_after(struct net *t, uint64_t n)
{
    net_isolate(t, 2, true);
    for (uint64_t seq = 1; seq <= n; seq++) {
        const struct dot d = {.epoch = 4711, .seq = seq, .kind = DOT_KEY, .hash = seq};
        apply_foreign(t->at[0].node, t->now, &d);
        apply_foreign(t->at[1].node, t->now, &d);
    }
    const uint64_t before = rig_view(&t->at[2]).node.dots_in;
    net_isolate(t, 2, false);
    sync_with_both(t);
    net_run(t, 10 * SECOND);
    cr_assert_eq(rig_view(&t->at[2]).gaps, 0);
    cr_assert_eq(rig_view(&t->at[2]).vector_hash, rig_view(&t->at[0]).vector_hash);
    return rig_view(&t->at[2]).node.dots_in - before;
}

#define FEW 700 /* dots that datagrams may bring as well before a stream gives any */

Test(healing, one_stream_at_a_time_is_asked_for_what_is_missing)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3, .log_max = 16384});
    cr_assert_leq(given_after(t, 12000), 12000 + FEW);
    net_free(t);
}

Test(healing, what_is_behind_lost_contents_is_given_once)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3, .log_max = 8192});
    cr_assert_leq(given_after(t, 20000), 8192 + FEW);
    cr_assert_eq(heal_of(t, 2).touched_closed, 20000 - 8192);
    cr_assert_eq(heal_of(t, 0).touched_served + heal_of(t, 1).touched_served, 1);
    net_free(t);
}

Test(healing, a_stream_that_gives_nothing_does_not_hold_up_the_others)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3, .log_max = 16384});
    struct streams *all = t->at[2].node->streams;
    struct stream *s = &all->at[0];
    *s = (struct stream){
        .used = true, .up = true, .got_auth = true, .pulls = true, .conn = 4711, .fed_at = t->now};
    s->progress_at = t->now;
    all->used_n++;
    cr_assert_leq(given_after(t, 12000), 12000 + FEW);
    cr_assert(s->used, "and it may still give");
    net_free(t);
}

Test(healing, a_fill_under_way_while_contents_were_lost_is_refused)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3, .log_max = 64});
    const struct net_got miss = net_get(t, 2, (struct net_get){.key = "k1"});
    cr_assert_gt(miss.token_len, 0);
    net_isolate(t, 2, true);
    invalidate_n(t, 0, 300);
    net_isolate(t, 2, false);
    net_run(t, 60 * SECOND);
    cr_assert_not_null(net_fill(t, 2, "k1", "old", &miss));
    net_free(t);
}

/* The log of 4 holds none of the wide dots any more: their buckets are all buckets. */
Test(healing, lost_wide_dots_end_in_a_barrier_over_everything)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3, .log_max = 64});
    net_store(t, 2, "sound", "v");
    net_isolate(t, 2, true);
    const struct node_target all = net_target(t, DOT_ALL, "");
    net_command(t, 0, (struct node_command){.targets = &all, .targets_n = 1});
    invalidate_n(t, 0, 100);
    net_isolate(t, 2, false);
    net_run(t, 60 * SECOND);
    cr_assert_eq(rig_view(&t->at[2]).vector_hash, rig_view(&t->at[0]).vector_hash);
    cr_assert_not(net_holds(t, 2, "sound", "v"));
    net_free(t);
}

/* ---- origins that ended ---- */

/** c caches k and is cut off; a issues a dot for it that only b hears, and dies; long after, b ends it. */
static struct net *retire_behind_the_back_of_c(uint32_t retired_max)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 4, .retired_max = retired_max});
    net_store(t, 2, "k", "old");
    net_isolate(t, 2, true);
    invalidate(t, 0, "k");
    net_run(t, SECOND);
    net_kill(t, 0);
    net_run(t, 800 * SECOND);
    cr_assert_geq(heal_of(t, 1).retired + heal_of(t, 1).retired_forced, 1, "b let go of a");
    return t;
}

Test(healing, who_comes_back_is_told_what_ended_meanwhile)
{
    struct net *t = retire_behind_the_back_of_c(16);
    cr_assert(net_holds(t, 2, "k", "old"), "it cannot know");
    net_isolate(t, 2, false);
    net_run(t, 120 * SECOND);
    cr_assert_eq(rig_view(&t->at[2]).gaps, 0);
    cr_assert_not(net_holds(t, 2, "k", "old"), "stale for ever");
    net_free(t);
}

Test(healing, who_comes_back_to_those_who_forgot_drops_everything)
{
    struct net *t = retire_behind_the_back_of_c(1);
    for (int round = 0; round < 2;
         round++) { /* d comes and goes: its runs push a's out of the ring */
        invalidate(t, 3, "other");
        net_restart(t, 3);
        net_run(t, 800 * SECOND);
    }
    cr_assert_geq(rig_view(&t->at[1]).ledger.forgotten, 1);
    cr_assert(net_holds(t, 2, "k", "old"), "it cannot know");
    const uint64_t broad = rig_view(&t->at[2]).node.broad;
    net_isolate(t, 2, false);
    net_run(t, 120 * SECOND);
    const uint64_t forgotten = heal_of(t, 2).broad_forgotten;
    cr_assert(forgotten == 1 || forgotten == 2, "one for each of b and d that told of it first");
    cr_assert_leq(rig_view(&t->at[2]).node.broad - broad, forgotten + 1, "and for what was told");
    cr_assert_not(net_holds(t, 2, "k", "old"), "stale for ever");
    net_free(t);
}

Test(healing, a_joiner_after_a_retirement_knows_what_ended)
{
    struct net *t = retire_behind_the_back_of_c(16);
    net_restart(t, 3);
    net_run(t, 30 * SECOND);
    cr_assert_eq(node_state(t->at[3].node), NODE_READY);
    cr_assert_eq(rig_view(&t->at[3]).vector_hash, rig_view(&t->at[1]).vector_hash);
    cr_assert_eq(rig_view(&t->at[3]).ledger.gaps_opened, 0);
    net_free(t);
}

/* ---- two processes with one epoch ---- */

Test(healing, clones_are_found_out_and_leave_and_others_drop_everything)
{
    struct net *t = net_new(&(struct net_cfg){.n = 4, .clones = false});
    /* c is a copy of b, random bytes and all; it has another name. */
    rig_fini(&t->at[2]);
    t->run[2] = t->run[1];
    rig_init(&t->at[2], &(struct rig_cfg){.name = "c",
                                          .key = 1,
                                          .run = t->run[1],
                                          .host = 3,
                                          .seeded = true,
                                          .policies = {.fence_ms = POLICY_FENCE_MS}});
    for (size_t i = 0; i < t->n; i++)
        net_introduce(t, i);
    net_run(t, 12 * SECOND);
    net_store(t, 0, "x", "v");
    net_store(t, 3, "x", "v");
    invalidate(t, 1, "k");
    invalidate(t, 1, "l");
    invalidate(t, 2, "m"); /* the name of another dot */
    net_run(t, 30 * SECOND);
    cr_assert(t->left[1], "b leaves");
    cr_assert(t->left[2], "c leaves");
    cr_assert_str_eq(node_state_text(t->at[1].node), "poisoned");
    cr_assert_str_eq(node_state_text(t->at[2].node), "poisoned");
    cr_assert_eq(node_state(t->at[0].node), NODE_READY);
    for (size_t i = 0; i < 4; i += 3) {
        cr_assert_not(net_holds(t, i, "x", "v"), "what else was lost nobody can know");
        cr_assert_geq(rig_view(&t->at[i]).ledger.retired, 1);
    }
    net_free(t);
}

Test(healing, a_poisoned_node_takes_no_commands_and_serves_nothing)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2});
    net_store(t, 0, "x", "v");
    struct dot d = {
        .epoch = 4711, .seq = 1, .kind = DOT_POISON, .subject_epoch = rig_view(&t->at[0]).epoch};
    apply_foreign(t->at[0].node, t->now, &d);
    node_tick(t->at[0].node, t->now);
    cr_assert_eq(cache_gate(t->at[0].cache), CACHE_MUTED);
    const uint64_t ticket = net_invalidate(t, 0, "k", LOCAL, SECOND);
    cr_assert_eq(t->replies[ticket].err, ERR_STALE);
    net_free(t);
}

Test(healing, who_finds_a_clone_of_itself_tells_everybody_before_it_leaves)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 4});
    struct node *b = t->at[1].node;
    const uint64_t epoch = rig_view(&t->at[1]).epoch;
    invalidate(t, 1, "k");
    cr_assert_eq(ledger_hear(b->ledger, t->now, epoch, 7), ERR_REFUSED);
    node_tick(b, t->now);
    net_run(t, 60 * US_PER_MS);
    cr_assert_not(t->left[1], "it takes its time");
    for (size_t i = 0; i < t->n; i++)
        if (i != 1)
            cr_assert_eq(rig_view(&t->at[i]).ledger.retired, 1, "node %zu", i);
    net_run(t, 2 * SECOND);
    cr_assert(t->left[1]);
    net_free(t);
}

/* ---- relays ---- */

/** A datagram's first bytes are sealed: what b sends is seen by what a counts. */
Test(healing, dots_that_ask_for_relaying_are_covered_to_who_brought_them)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3});
    struct node *b = t->at[1].node;
    struct peer *from = peers_find(b->peers, rig_view(&t->at[0]).id);
    cr_assert_not_null(from);
    uint8_t buf[256];
    struct dots_writer w = dots_writer_of(buf, sizeof buf);
    const struct dot d = {.epoch = 4711, .seq = 1, .kind = DOT_KEY, .hash = 77, .relay = true};
    cr_assert_eq(dots_add(&w, &d, false), OK);
    const struct carrier carrier = {.peer = from, .epoch = rig_view(&t->at[0]).epoch};
    apply_dots(b, t->now, dots_slice(&w), &carrier);
    cr_assert(from->owes_cover);
    cr_assert_eq(from->relayed_n, 1);
    cr_assert_eq(from->relayed[0], 4711);
    const size_t origins = rig_view(&t->at[0]).origins;
    net_run(t, 5 * US_PER_MS);
    cr_assert_not(from->owes_cover, "it was told");
    cr_assert_eq(rig_view(&t->at[0]).origins, origins + 1, "a heard of it by b's cover");
    struct dot kept;
    cr_assert(ledger_log_find(b->ledger, 4711, 1, &kept));
    cr_assert_not(kept.relay, "whoever pulls it was not asked");
    net_free(t);
}

Test(healing, a_relay_passes_dots_on_to_its_group)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 5});
    uint8_t buf[256];
    struct dots_writer w = dots_writer_of(buf, sizeof buf);
    const struct dot d = {.epoch = 4711, .seq = 1, .kind = DOT_KEY, .hash = 77, .relay = true};
    cr_assert_eq(dots_add(&w, &d, false), OK);
    uint64_t relayed = 0;
    for (size_t i = 1; i < t->n; i++) {
        struct node *n = t->at[i].node;
        struct peer *from = peers_find(n->peers, rig_view(&t->at[0]).id);
        apply_dots(n, t->now, dots_slice(&w),
                   &(struct carrier){.peer = from, .epoch = rig_view(&t->at[0]).epoch});
        relayed += rig_view(&t->at[i]).spread.dots_relayed;
    }
    cr_assert_eq(relayed, 4, "each of them was asked");
    net_run(t, SECOND);
    for (size_t i = 1; i < t->n; i++)
        cr_assert(ledger_covered(t->at[i].node->ledger, 4711, 1));
    net_free(t);
}

/* ---- acknowledgements among other packets ---- */

Test(healing, a_poll_does_not_swallow_the_cover_that_is_owed)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2, .expect = 2});
    struct node *b = t->at[1].node;
    struct peer *p = peers_find(b->peers, rig_view(&t->at[0]).id);
    net_invalidate(t, 0, "k", LOCAL, SECOND);
    peers_owe_cover(b->peers, t->now, p);
    proof_ask(b->proof, t->now, p->id);
    struct node_out out;
    const uint64_t polls = proof_counters(b->proof).polls;
    while (proof_counters(b->proof).polls == polls)
        cr_assert(node_poll(b, t->now, &out));
    cr_assert(p->owes_cover);
    net_free(t);
}
