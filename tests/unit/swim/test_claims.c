#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

#define DAY_MS (24 * 3600000ULL)

static struct peer_msg msg; /* too large for a stack frame of its own each time */

/* The record that node i would tell of a name. */
static struct peer_record record_of(struct world *w, uint32_t i, const char *name)
{
    struct swim_member m;
    cr_assert(world_view(w, i, name, &m));
    return (struct peer_record){.name = slice_text(name),
                                .gen = m.generation,
                                .ver = m.version,
                                .state = (uint8_t)m.state,
                                .addr = m.addr,
                                .epoch = m.epoch};
}

static struct peer_record stranger(const struct world *w, const char *name)
{
    return (struct peer_record){.name = slice_text(name),
                                .gen = WORLD_WALL_MS + world_now(w) / US_PER_MS,
                                .state = PEER_ALIVE,
                                .addr = {.ip = {10, 9, 9, 9}, .ip_len = 4, .port = 7946},
                                .epoch = 99};
}

/* Node `from` gossips one record to node `to`. */
static void tell(struct world *w, uint32_t to, uint32_t from, const struct peer_record *r)
{
    msg = (struct peer_msg){.type = PEER_GOSSIP, .records_n = 1};
    msg.records[0] = *r;
    swim_header(world_at(w, from), &msg);
    const struct swim_from who = world_from(w, from);
    world_inject(w, to, &who, &msg);
}

Test(claims, a_false_suspicion_is_refuted_with_exactly_one_version)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct world *w = world_settled(5, seed);
        struct peer_record r = record_of(w, 0, "n3");
        r.state = PEER_SUSPECT;
        r.accuser = slice_text("n1");
        tell(w, 0, 1, &r);
        cr_assert_eq(world_state(w, 0, "n3"), SWIM_SUSPECT);
        world_run(w, US_PER_SEC);
        struct swim_member m;
        for (uint32_t i = 0; i < 5; i++) {
            cr_assert(world_view(w, i, "n3", &m));
            cr_assert_eq(m.version, r.ver + 1, "seed %lu: node %u", seed, i);
            cr_assert_eq(m.state, SWIM_ALIVE);
        }
        cr_assert_eq(swim_counters(world_at(w, 3)).refutations, 1);
        world_run(w, 20 * US_PER_SEC);
        cr_assert(world_view(w, 0, "n3", &m));
        cr_assert_eq(m.version, r.ver + 1);
        world_free(w);
    }
}

Test(claims, a_false_death_becomes_a_suspicion_and_is_refuted)
{
    struct world *w = world_settled(5, 1);
    struct peer_record r = record_of(w, 0, "n3");
    r.state = PEER_DEAD;
    r.accuser = slice_text("n1");
    tell(w, 0, 1, &r);
    cr_assert_eq(world_state(w, 0, "n3"), SWIM_SUSPECT);
    tell(w, 0, 1, &r); /* saying it twice is not two accusers */
    cr_assert_eq(world_state(w, 0, "n3"), SWIM_SUSPECT);
    world_run(w, 10 * US_PER_SEC);
    cr_assert_eq(world_count(w, WORLD_NODES, SWIM_FAIL, NULL), 0);
    cr_assert(world_agrees(w, 0));
    world_free(w);
}

Test(claims, an_accuser_counts_once_and_only_while_it_is_alive_here)
{
    struct world *w = world_settled(6, 1);
    for (uint32_t i = 0; i < 6; i++) /* nobody may answer for n3 meanwhile */
        world_cut(w, 3, i);
    struct peer_record r = record_of(w, 0, "n3");
    struct swim_member m;
    r.state = PEER_SUSPECT;
    r.accuser = slice_text("n1");
    tell(w, 0, 1, &r);
    tell(w, 0, 2, &r);
    cr_assert(world_view(w, 0, "n3", &m));
    cr_assert_eq(m.accusers_n, 1);
    r.accuser = slice_text("nobody");
    tell(w, 0, 1, &r);
    cr_assert(world_view(w, 0, "n3", &m));
    cr_assert_eq(m.accusers_n, 1);
    r.accuser = slice_text("n2");
    tell(w, 0, 1, &r);
    cr_assert(world_view(w, 0, "n3", &m));
    cr_assert_eq(m.accusers_n, 2);
    cr_assert(slice_eq(m.accuser, slice_text("n1")));
    world_free(w);
}

Test(claims, an_unknown_alive_stays_a_candidate_and_is_dropped_when_nobody_answers)
{
    struct world *w = world_settled(3, 1);
    const struct peer_record r = stranger(w, "ghost");
    tell(w, 0, 1, &r);
    cr_assert_eq(swim_members(world_at(w, 0)), 3);
    world_run(w, 5 * US_PER_SEC);
    cr_assert_eq(world_count(w, WORLD_NODES, SWIM_JOIN, "ghost"), 0);
    cr_assert_eq(world_state(w, 1, "ghost"), SWIM_CANDIDATE);
    tell(w, 0, 1, &r); /* it was dropped, so it is a candidate again: no trace is left */
    world_run(w, 5 * US_PER_SEC);
    cr_assert_eq(swim_members(world_at(w, 0)), 3);
    world_free(w);
}

Test(claims, an_unknown_dead_is_a_tombstone_without_an_event)
{
    struct world *w = world_settled(3, 1);
    struct peer_record r = stranger(w, "ghost");
    r.state = PEER_DEAD;
    tell(w, 0, 1, &r);
    cr_assert_eq(world_state(w, 0, "ghost"), SWIM_DEAD);
    r.name = slice_text("gone");
    r.state = PEER_LEFT;
    tell(w, 0, 1, &r);
    cr_assert_eq(world_state(w, 0, "gone"), SWIM_LEFT);
    cr_assert_eq(world_count(w, 0, SWIM_FAIL, NULL), 0);
    cr_assert_eq(world_count(w, 0, SWIM_LEAVE, NULL), 0);
    cr_assert_eq(swim_alive(world_at(w, 0)), 3);
    world_free(w);
}

Test(claims, hearsay_of_a_dead_run_never_resurrects_it)
{
    struct world *w = world_settled(3, 1);
    const struct peer_record alive = record_of(w, 1, "n2");
    world_crash(w, 2);
    cr_assert(world_run_until(w, world_buried, 2, 10 * US_PER_SEC));
    tell(w, 0, 1, &alive);
    cr_assert_eq(world_state(w, 0, "n2"), SWIM_DEAD);
    struct peer_record older = alive;
    older.gen -= 1000;
    older.ver += 10;
    tell(w, 0, 1, &older);
    cr_assert_eq(world_state(w, 0, "n2"), SWIM_DEAD);
    world_run(w, 20 * US_PER_SEC);
    cr_assert_eq(world_count(w, 0, SWIM_ALIVE_AGAIN, "n2"),
                 world_count(w, 0, SWIM_SUSPECTED, "n2") - 1);
    world_free(w);
}

Test(claims, a_generation_more_than_a_day_ahead_is_refused_and_counted)
{
    struct world *w = world_settled(3, 1);
    struct peer_record r = record_of(w, 0, "n2");
    const struct peer_record now = r;
    r.gen += 2 * DAY_MS;
    r.epoch++;
    tell(w, 0, 1, &r);
    struct swim_member m;
    cr_assert(world_view(w, 0, "n2", &m));
    cr_assert_eq(m.generation, now.gen);
    cr_assert_eq(swim_counters(world_at(w, 0)).generation_refused, 1);
    r.gen = now.gen + DAY_MS / 2;
    tell(w, 0, 1, &r);
    cr_assert(world_view(w, 0, "n2", &m));
    cr_assert_eq(m.generation, r.gen);
    world_free(w);
}

Test(claims, a_jump_of_versions_is_refused_to_third_parties)
{
    struct world *w = world_settled(3, 1);
    struct peer_record r = record_of(w, 0, "n2");
    const uint32_t held = r.ver;
    struct swim_member m;
    r.ver = held + 65537;
    tell(w, 0, 1, &r);
    cr_assert(world_view(w, 0, "n2", &m));
    cr_assert_eq(m.version, held);
    cr_assert_eq(swim_counters(world_at(w, 0)).generation_refused, 1);
    r.ver = held + 65536;
    tell(w, 0, 1, &r);
    cr_assert(world_view(w, 0, "n2", &m));
    cr_assert_eq(m.version, held + 65536);
    world_run(w, 5 * US_PER_SEC); /* the subject hears of it, and outbids it */
    cr_assert(world_view(w, 1, "n2", &m));
    cr_assert_eq(m.version, held + 65537);
    world_free(w);
}

Test(claims, a_jump_in_a_claim_about_ourselves_is_refused_too)
{
    struct world *w = world_settled(3, 1);
    struct peer_record r = record_of(w, 0, "n2");
    r.state = PEER_SUSPECT;
    r.ver = UINT32_MAX;
    tell(w, 2, 1, &r);
    cr_assert_eq(swim_own_record(world_at(w, 2)).ver, 0);
    cr_assert_eq(swim_counters(world_at(w, 2)).generation_refused, 1);
    world_free(w);
}

Test(claims, an_unproven_run_may_only_ping)
{
    struct world *w = world_settled(3, 1);
    struct swim_from from = world_from(w, 1);
    from.proven = false;
    struct peer_record r = record_of(w, 0, "n2");
    r.state = PEER_DEAD;
    msg = (struct peer_msg){.type = PEER_GOSSIP, .records_n = 1};
    msg.records[0] = r;
    world_inject(w, 0, &from, &msg);
    msg.type = PEER_LEAVE;
    world_inject(w, 0, &from, &msg);
    cr_assert_eq(swim_counters(world_at(w, 0)).unproven_ignored, 2);
    cr_assert_eq(world_state(w, 0, "n1"), SWIM_ALIVE);
    cr_assert_eq(world_state(w, 0, "n2"), SWIM_ALIVE);

    struct swim_out out;
    msg = (struct peer_msg){.type = PEER_PING, .records_n = 1};
    msg.records[0] = r;
    msg.args.ping.challenge = 77;
    swim_recv(world_at(w, 0), world_now(w), &from, &msg);
    cr_assert(swim_poll(world_at(w, 0), world_now(w), &out));
    cr_assert_eq(out.msg->type, PEER_ACK);
    cr_assert_eq(out.msg->args.ack.challenge, 77);
    cr_assert(out.msg->args.ack.has_own && out.msg->args.ack.own == out.challenge);
    cr_assert_not(out.may_carry);
    cr_assert_eq(out.msg->records_n, 0);
    cr_assert_eq(world_state(w, 0, "n2"), SWIM_ALIVE);
    world_free(w);
}

Test(claims, a_ping_for_another_name_or_generation_is_answered_not_me)
{
    struct world *w = world_settled(2, 1);
    const struct swim_from from = world_from(w, 1);
    const struct peer_record self = swim_own_record(world_at(w, 0));

    const struct {
        const char *name;
        uint64_t gen;
        uint8_t answer;
    } cases[] = {{"", 0, PEER_ACK},
                 {"n0", 0, PEER_ACK},
                 {"n0", self.gen, PEER_ACK},
                 {"n0", self.gen - 1, PEER_NOT_ME},
                 {"n7", 0, PEER_NOT_ME}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct swim_out out;
        msg = (struct peer_msg){.type = PEER_PING};
        msg.args.ping.challenge = 5;
        msg.args.ping.to_name = slice_text(cases[i].name);
        msg.args.ping.to_gen = cases[i].gen;
        msg.args.ping.you = (struct peer_you){true, PEER_ALIVE, self.gen, self.ver};
        swim_recv(world_at(w, 0), world_now(w), &from, &msg);
        cr_assert(swim_poll(world_at(w, 0), world_now(w), &out));
        cr_assert_eq(out.msg->type, cases[i].answer, "case %zu", i);
    }
    world_free(w);
}

Test(claims, members_beyond_the_limit_are_refused_and_counted)
{
    struct world *w = world_new(&(struct world_cfg){.seed = 1, .nodes = 6, .members_max = 4});
    world_start_all(w);
    world_run(w, 10 * US_PER_SEC);
    uint64_t refused = 0;
    for (uint32_t i = 0; i < 6; i++) {
        cr_assert_leq(swim_alive(world_at(w, i)), 4);
        refused += swim_counters(world_at(w, i)).members_full;
    }
    cr_assert_gt(refused, 0);
    world_free(w);
}

Test(claims, the_oldest_tombstone_makes_room_for_the_newest)
{
    struct world *w = world_new(&(struct world_cfg){.seed = 1, .nodes = 2, .tombstones_max = 5});
    world_start_all(w);
    cr_assert(world_run_until(w, world_agrees, 0, 5 * US_PER_SEC));
    struct peer_record r = stranger(w, "");
    r.state = PEER_DEAD;
    char name[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "ghost%d", i);
        r.name = slice_text(name);
        tell(w, 0, 1, &r);
        cr_assert_leq(swim_members(world_at(w, 0)), 2 + 5);
    }
    cr_assert_eq(swim_counters(world_at(w, 0)).tombstones_dropped, 995);
    cr_assert_eq(world_state(w, 0, "ghost999"), SWIM_DEAD);
    cr_assert_eq(world_state(w, 0, "ghost0"), SWIM_CANDIDATE);
    cr_assert_eq(world_state(w, 0, "n1"), SWIM_ALIVE);
    world_free(w);
}

Test(claims, an_owner_who_does_not_poll_loses_messages_but_breaks_nothing)
{
    struct world *w = world_settled(3, 1);
    struct swim *s = world_at(w, 0);
    const struct swim_from from = world_from(w, 1);
    msg = (struct peer_msg){.type = PEER_PING};
    for (int i = 0; i < 2000; i++)
        swim_recv(s, world_now(w), &from, &msg);
    cr_assert_gt(swim_counters(s).sends_dropped, 0);
    struct peer_record r = stranger(w, "");
    char name[16];
    for (int i = 0; i < 1000; i++) { /* each forgets the one before: an event each */
        snprintf(name, sizeof name, "ghost%d", i);
        r.name = slice_text(name);
        r.state = PEER_DEAD;
        swim_merge(s, world_now(w), &r, 1);
    }
    cr_assert_gt(swim_counters(s).records_refused, 0);
    cr_assert_eq(swim_counters(s).events_dropped, 0);
    world_run(w, 10 * US_PER_SEC);
    cr_assert_eq(world_state(w, 0, "n1"), SWIM_ALIVE);
    world_free(w);
}

Test(claims, changed_capabilities_are_an_update_everywhere)
{
    struct world *w = world_settled(4, 1);
    swim_set_caps(world_at(w, 2), world_now(w), 9);
    world_run(w, US_PER_SEC);
    for (uint32_t i = 0; i < 4; i++) {
        struct swim_member m;
        cr_assert(world_view(w, i, "n2", &m));
        cr_assert_eq(m.caps, 9);
        cr_assert_eq(world_count(w, i, SWIM_UPDATE, "n2"), i == 2 ? 0 : 1);
    }
    world_free(w);
}

/* What member i holds of n2's metadata: its first byte, 0 = none. */
static uint8_t meta_at(struct world *w, uint32_t i)
{
    struct swim_member m;
    cr_assert(world_view(w, i, "n2", &m));
    return m.meta.len == 0 ? 0 : m.meta.bytes[0];
}

Test(claims, changed_metadata_is_an_update_everywhere_and_the_next_run_tells_its_own)
{
    const struct swim_meta meta = {.len = 4, .bytes = {7, 8, 9, 10}};
    struct world *w = world_settled(4, 1);
    swim_set_meta(world_at(w, 2), world_now(w), &meta);
    swim_set_meta(world_at(w, 2), world_now(w), &meta); /* says nothing new */
    world_run(w, US_PER_SEC);
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_eq(meta_at(w, i), 7);
        cr_assert_eq(world_count(w, i, SWIM_UPDATE, "n2"), i == 2 ? 0 : 1);
    }
    world_crash(w, 2);
    world_start(w, 2);
    world_seed(w, 2, 0);
    world_run(w, 5 * US_PER_SEC);
    for (uint32_t i = 0; i < 4; i++)
        cr_assert_eq(meta_at(w, i), 0);
    world_free(w);
}

Test(claims, a_record_without_metadata_is_completed_by_one_that_has_it)
{
    struct world *w = world_settled(3, 1);
    struct swim_member m;
    cr_assert(world_view(w, 0, "n2", &m));
    struct peer_record r = {.name = slice_text("n2"),
                            .gen = m.generation,
                            .ver = m.version,
                            .state = PEER_ALIVE,
                            .addr = m.addr,
                            .epoch = m.epoch,
                            .meta = slice_text("keys")};
    swim_merge(world_at(w, 0), world_now(w), &r, 1);
    cr_assert_eq(meta_at(w, 0), 'k');
    r.meta = slice_text("other"); /* what stands there is of the same version */
    swim_merge(world_at(w, 0), world_now(w), &r, 1);
    cr_assert_eq(meta_at(w, 0), 'k');
    r.ver++;
    r.meta = slice_text("longer than is kept");
    swim_merge(world_at(w, 0), world_now(w), &r, 1);
    cr_assert_eq(meta_at(w, 0), 0);
    world_free(w);
}

Test(claims, our_own_accusation_that_comes_back_accuses_nobody)
{
    struct world *w = world_settled(3, 1);
    struct peer_record r = record_of(w, 0, "n2");
    r.state = PEER_SUSPECT;
    r.accuser = slice_text("n0");
    tell(w, 0, 1, &r);
    cr_assert_eq(world_state(w, 0, "n2"), SWIM_ALIVE);
    tell(w, 1, 0, &r);
    cr_assert_eq(world_state(w, 1, "n2"), SWIM_SUSPECT);
    world_free(w);
}

Test(claims, a_dead_member_that_speaks_is_told_so_at_once)
{
    struct world *w = world_settled(3, 1);
    const struct swim_from from = world_from(w, 2);
    const struct peer_record self = swim_own_record(world_at(w, 2));
    struct swim_out out;
    bool told = false;
    world_crash(w, 2);
    cr_assert(world_run_until(w, world_buried, 2, 10 * US_PER_SEC));
    world_run(w, US_PER_SEC);
    msg = (struct peer_msg){.type = PEER_GOSSIP, .gen = self.gen, .ver = self.ver};
    swim_recv(world_at(w, 0), world_now(w), &from, &msg);
    cr_assert_eq(world_state(w, 0, "n2"), SWIM_DEAD);
    while (swim_poll(world_at(w, 0), world_now(w), &out)) {
        if (out.kind == SWIM_SEND && out.msg->type == PEER_PING && out.id == from.id)
            told = out.msg->args.ping.you.known && out.msg->args.ping.you.state == PEER_DEAD;
    }
    cr_assert(told);
    world_free(w);
}

Test(claims, who_leaves_refutes_nothing)
{
    struct world *w = world_settled(3, 1);
    swim_leave(world_at(w, 2), world_now(w));
    const struct peer_record self = swim_own_record(world_at(w, 2));
    struct peer_record r = self;
    cr_assert_eq(self.state, PEER_LEFT);
    r.state = PEER_SUSPECT;
    r.ver++;
    tell(w, 2, 1, &r);
    cr_assert_eq(swim_own_record(world_at(w, 2)).ver, self.ver);
    world_free(w);
}

static bool accused_by_itself(struct world *w, uint32_t i)
{
    struct swim_member m;
    return world_view(w, i, "n4", &m) && m.state == SWIM_SUSPECT &&
           slice_eq(m.accuser, swim_own_record(world_at(w, i)).name);
}

Test(claims, a_death_told_by_a_live_peer_is_final_for_who_accused_himself)
{
    struct world *w = world_settled(5, 1);
    world_crash(w, 4);
    uint32_t accuser = WORLD_NODES;
    for (uint32_t k = 0; k < 500 && accuser == WORLD_NODES; k++) {
        world_run(w, 10 * US_PER_MS);
        for (uint32_t i = 0; i < 4; i++)
            accuser = accused_by_itself(w, i) ? i : accuser;
    }
    cr_assert_neq(accuser, WORLD_NODES);
    struct peer_record r = record_of(w, accuser, "n4");
    r.state = PEER_DEAD;
    r.accuser = slice_text(accuser == 0 ? "n1" : "n0");
    tell(w, accuser, accuser == 0 ? 1 : 0, &r);
    cr_assert_eq(world_state(w, accuser, "n4"), SWIM_DEAD);
    world_free(w);
}

Test(claims, a_candidate_that_was_dropped_gives_its_place_back)
{
    struct world *w = world_new(&(struct world_cfg){.seed = 1, .nodes = 3, .members_max = 3});
    world_start(w, 0);
    world_start(w, 1);
    world_seed(w, 1, 0);
    world_run(w, 3 * US_PER_SEC);
    const struct peer_record r = stranger(w, "ghost");
    tell(w, 0, 1, &r);
    tell(w, 1, 0, &r);
    world_start(w, 2);
    world_seed(w, 2, 0);
    cr_assert_eq(world_state(w, 0, "n2"), SWIM_CANDIDATE);
    world_run(w, 2 * US_PER_SEC);
    world_seed(w, 2, 0);
    cr_assert(world_run_until(w, world_agrees, 0, 10 * US_PER_SEC));
    world_free(w);
}

/* Hand node 0 a join PING of a newer run of n2, then an answer from a run of this epoch. */
static enum swim_event_kind answer_claim(uint64_t epoch)
{
    struct world *w = world_settled(3, 1);
    struct swim *s = world_at(w, 0);
    struct swim_from from = world_from(w, 2);
    struct peer_record r = record_of(w, 0, "n2");
    struct swim_out out;
    enum swim_event_kind told = SWIM_CONNECTED; /* none */
    uint64_t challenge = 0;
    r.gen += 1000;
    r.epoch = from.epoch = 4711;
    from.proven = false;
    from.join = true;
    msg = (struct peer_msg){.type = PEER_PING, .gen = r.gen, .records_n = 1};
    msg.records[0] = r;
    swim_recv(s, world_now(w), &from, &msg);
    while (swim_poll(s, world_now(w), &out)) {
        if (out.kind == SWIM_SEND && out.msg->type == PEER_PING && out.id == from.id)
            challenge = out.challenge;
    }
    cr_assert_neq(challenge, 0);
    from.epoch = epoch;
    from.proven = true;
    from.join = false;
    msg = (struct peer_msg){.type = PEER_ACK, .gen = r.gen};
    msg.args.ack.challenge = challenge;
    swim_recv(s, world_now(w), &from, &msg);
    while (swim_poll(s, world_now(w), &out)) {
        if (out.kind == SWIM_EVENT)
            told = out.event;
    }
    world_free(w);
    return told;
}

Test(claims, a_claimed_newer_run_replaces_the_old_when_that_very_run_answers)
{
    cr_assert_eq(answer_claim(4711), SWIM_REPLACED);
    cr_assert_eq(answer_claim(4712), SWIM_CONNECTED);
}
