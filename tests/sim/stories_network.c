/* Cuts, splits, freezes, forged news. */
#include <assert.h>

#include "base/attr.h"
#include "wire/peer.h"

#include "story.h"

static void split_for(struct sim *s, uint64_t side, uint64_t us)
{
    story_begin(s);
    sim_split(s, side, true);
    sim_run(s, us);
    sim_split(s, side, false);
    story_within(s, 10 * US_PER_SEC, sim_settled, NULL, "one view after the split is mended");
}

static void split_of_ten(struct sim *s)
{
    split_for(s, 31, 600 * US_PER_SEC);
}

static void split_of_four(struct sim *s)
{
    split_for(s, 3, 600 * US_PER_SEC);
}

static bool is_isolated(struct sim *s, void *ctx)
{
    (void)ctx;
    return sim_view(s, 0).isolated;
}

static void deaf(struct sim *s)
{
    struct story_about about = {.member = 0, .event = SWIM_FAIL};
    story_begin(s);
    for (uint32_t i = 1; i < s->cfg.nodes; i++)
        sim_cut(s, i, 0, true);
    story_within(s, 10 * US_PER_SEC, is_isolated, NULL, "the deaf node feels ISOLATED");
    story_within(s, 10 * US_PER_SEC, story_all_told, &about, "the others FAIL it");
    sim_run(s, 60 * US_PER_SEC);
    for (uint32_t i = 1; i < s->cfg.nodes; i++)
        for (uint32_t j = 1; j < s->cfg.nodes; j++)
            story_expect(s, sim_events(s, i, j, SWIM_FAIL)->n == 0, "no other is failed by others");
}

static void pair_cut(struct sim *s)
{
    story_begin(s);
    sim_cut(s, 0, 1, true);
    sim_cut(s, 1, 0, true);
    sim_run(s, 60 * US_PER_SEC);
    story_expect(s, sim_events_all(s, UINT32_MAX, SWIM_FAIL) == 0, "no FAIL");
    if (!s->failed)
        story_expect(s,
                     sim_view(s, 0).swim.probes_relay > 0 && sim_view(s, 1).swim.probes_relay > 0,
                     "both went through a relay");
}

static bool nobody_isolated(struct sim *s, void *ctx)
{
    (void)ctx;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        if (s->nodes[i].up && sim_view(s, i).isolated)
            return false;
    return true;
}

/* All are cut from all, and one dies; its host says so to whoever asks. The others must still ask each
 * other when the cut is mended. */
static void refused_hints(struct sim *s)
{
    s->cfg.hints = true;
    story_begin(s);
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        sim_split(s, 1ULL << i, true);
    sim_run(s, 4 * US_PER_SEC);
    sim_crash(s, 0, true);
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        sim_split(s, 1ULL << i, false);
    story_within(s, 10 * US_PER_SEC, nobody_isolated, NULL, "the living find each other again");
}

static bool any_fails(struct sim *s, void *ctx)
{
    const uint32_t *member = ctx;
    return sim_events_all(s, *member, SWIM_FAIL) > 0;
}

/* One dies, and its host says so at each PING. Until it is held DEAD it is probed, but not it alone. */
static void refused_suspect(struct sim *s)
{
    uint32_t dead = 0;
    struct story_about about = {.member = dead, .state = SWIM_SUSPECT};
    s->cfg.hints = true;
    story_begin(s);
    sim_crash(s, dead, true);
    story_within(s, 3 * US_PER_SEC, story_all_hold, &about, "all suspect who died");
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        s->nodes[i].pinged = 0;
    story_within(s, 30 * US_PER_SEC, any_fails, &dead, "it is held DEAD");
    for (uint32_t i = 1; i < s->cfg.nodes; i++)
        story_expect(s, (s->nodes[i].pinged & ~(1ULL << dead)) != 0, "others are probed, too");
}

static void freeze(struct sim *s, uint64_t us)
{
    struct story_about about = {.member = 0, .state = SWIM_ALIVE};
    story_begin(s);
    sim_pause(s, 0, us);
    sim_run(s, us);
    story_within(s, US_PER_SEC, story_all_hold, &about, "ALIVE again within 1 s of the thaw");
    sim_run(s, 20 * US_PER_SEC);
    for (uint32_t i = 1; i < s->cfg.nodes; i++)
        story_expect(
            s, sim_events_all(s, i, SWIM_SUSPECTED) == 0 && sim_events_all(s, i, SWIM_FAIL) == 0,
            "whoever wakes accuses no one");
    if (!s->failed)
        story_expect(s, sim_settled(s, NULL), "one view");
}

static void freeze_short(struct sim *s)
{
    freeze(s, US_PER_SEC);
    story_expect(s, sim_events_all(s, 0, SWIM_FAIL) == 0, "never DEAD");
}

static void freeze_8s(struct sim *s)
{
    freeze(s, 8 * US_PER_SEC);
}

static void freeze_60s(struct sim *s)
{
    freeze(s, 60 * US_PER_SEC);
}

/* Seal a GOSSIP in the name of a process that is there no more, and hand it to node `to`. */
static void forge(struct sim *s, uint32_t from, uint32_t to, const struct peer_record *claim)
{
    static struct peer_msg m;
    struct packet_ctx ctx;
    uint8_t body[PEER_BODY_MAX];
    uint8_t bytes[NODE_DATAGRAM_MAX];
    size_t len = 0;
    const struct sim_node *n = &s->nodes[from];
    const struct slice cluster = slice_text(SIM_CLUSTER);
    const struct oracle_run *run = &s->runs[n->run];
    m = (struct peer_msg){
        .type = PEER_GOSSIP, .gen = run->generation, .ver = run->version, .records_n = 1};
    m.view_hash = sim_view(s, to).view_hash;
    m.vector_hash = sim_view(s, to).vector_hash;
    m.records[0] = *claim;
    packet_ctx_init(&ctx, &s->ring, cluster, hash_node_id(cluster, slice_text(n->name)),
                    &n->run_bytes);
    const enum err err = peer_encode(&m, body, sizeof body, &len);
    assert(err == OK);
    const struct packet_out what = {.class = PACKET_MEMBER,
                                    .channel = CHANNEL_UDP,
                                    .dest = hash_node_id(cluster, slice_text(s->nodes[to].name)),
                                    .counter = 1000000,
                                    .body = slice_of(body, len)};
    const size_t sealed = packet_seal(&ctx, &what, bytes, sizeof bytes);
    sim_input(s, to,
              &(struct node_in){.kind = NODE_IN_DATAGRAM,
                                .from = link_addr(n->slot),
                                .bytes = slice_of(bytes, sealed)});
}

static bool version_rose(struct sim *s, void *ctx)
{
    const uint32_t *was = ctx;
    return sim_view(s, 0).version > *was;
}

/* n3 has just died; in its name, and before anybody knows, n2 is told that n0 is suspect, or dead:
 * that is no more than a suspicion, too. */
static void accuse_falsely(struct sim *s, enum peer_state state)
{
    struct swim_member m;
    struct story_about about = {.member = 0, .state = SWIM_ALIVE};
    story_begin(s);
    uint32_t version = s->failed ? 0 : sim_view(s, 0).version;
    if (s->failed || !story_expect(s, sim_member(s, 2, 0, &m), "n2 knows n0"))
        return;
    sim_crash(s, 3, false);
    const struct peer_record claim = {.name = slice_text(s->nodes[0].name),
                                      .gen = m.generation,
                                      .ver = m.version,
                                      .state = (uint8_t)state,
                                      .addr = m.addr,
                                      .epoch = m.epoch,
                                      .accuser = slice_text(s->nodes[3].name)};
    forge(s, 3, 2, &claim);
    if (!story_expect(s, sim_member(s, 2, 0, &m) && m.state == SWIM_SUSPECT, "n2 believes it"))
        return;
    story_within(s, US_PER_SEC, version_rose, &version, "n0 refutes");
    story_within(s, US_PER_SEC, story_all_hold, &about, "n0 is ALIVE everywhere");
    sim_run(s, 30 * US_PER_SEC);
    story_expect(s, s->failed || sim_view(s, 0).version == version + 1,
                 "version + 1, exactly once");
    story_expect(s, sim_events_all(s, 0, SWIM_FAIL) == 0, "n0 is never DEAD");
}

static void false_suspect(struct sim *s)
{
    accuse_falsely(s, PEER_SUSPECT);
}

static void false_dead(struct sim *s)
{
    accuse_falsely(s, PEER_DEAD);
}

/* n0 has just started, and asks n1, whose links are slow; n1 dies while it answers, and its next
 * process speaks to n0 before that answer arrives. The late answer is true, and speaks for the dead. */
static void late_answer(struct sim *s)
{
    story_begin(s);
    sim_crash(s, 0, true);
    sim_run(s, 20 * US_PER_SEC);
    link_at(s, 1, 0)->delay_min_us = 400 * US_PER_MS;
    sim_boot(s, 0);
    sim_run(s, 100 * US_PER_MS + rng_below(&s->boot_rng, 300 * US_PER_MS));
    sim_crash(s, 1, true);
    link_at(s, 1, 0)->delay_min_us = 100;
    sim_boot(s, 1);
    sim_run(s, 10 * US_PER_SEC);
    const uint64_t refused = s->failed ? 0 : sim_view(s, 0).node.dropped_replay;
    sim_run(s, 10 * US_PER_SEC);
    if (!s->failed)
        story_expect(s, sim_view(s, 0).node.dropped_replay == refused,
                     "nothing that the living say is taken for a replay");
}

/* A PING and an ACK each half second are all that a quiet node has to send. */
static void quiet(struct sim *s)
{
    story_begin(s);
    sim_run(s, 30 * US_PER_SEC);
    const uint64_t before = s->counters.datagrams;
    sim_run(s, 60 * US_PER_SEC);
    const uint64_t sent = s->counters.datagrams - before;
    story_expect(s, sent <= (uint64_t)s->cfg.nodes * 60 * 5,
                 "at most 5 datagrams a second and node");
}

/* ---- surveys ---- */

#define SURVEY_TICKET 30

static bool was_surveyed(struct sim *s, void *ctx)
{
    (void)ctx;
    return s->work.replied;
}

/** A row is what that node's ledger has, no more and no less: it was asked of nobody else. */
static void hold_row(struct sim *s, const struct node_surveyed *row, uint64_t cut)
{
    uint32_t i = 0;
    while (i < s->cfg.nodes && !slice_eq(row->name, slice_text(s->nodes[i].name)))
        i++;
    if (!story_expect(s, i < s->cfg.nodes, "a row is of a member"))
        return;
    if ((cut >> i & 1) != 0) {
        story_expect(s, row->silent && row->heard_n == 0, "who is cut off is silent");
        return;
    }
    const size_t origins = sim_view(s, i).origins;
    story_expect(s, !row->silent && row->left == 0 && row->heard_n == origins, "all are told");
    for (size_t k = 0; k < origins && !s->failed; k++) {
        struct origin_view o;
        size_t at = 0;
        node_origin_at(s->nodes[i].node, k, &o);
        while (at < row->heard_n && row->heard[at].epoch != o.epoch)
            at++;
        story_expect(s,
                     at < row->heard_n && row->heard[at].heard == o.head &&
                         row->heard[at].covered == o.applied,
                     "as its ledger has them");
    }
}

static void survey_at(struct sim *s, uint32_t asked, uint64_t cut)
{
    const struct node_command command = {.ticket = SURVEY_TICKET, .ask = NODE_SURVEY};
    s->work.replied = false;
    sim_input(s, asked, &(struct node_in){.kind = NODE_IN_COMMAND, .command = &command});
    story_within(s, US_PER_SEC, was_surveyed, NULL, "a survey ends");
    story_expect(s, s->failed || s->work.reply.surveyed_n == s->cfg.nodes, "with all nodes");
    for (size_t i = 0; i < s->work.reply.surveyed_n && !s->failed; i++)
        hold_row(s, &s->work.reply.surveyed[i], cut);
}

static void survey_of_cut(struct sim *s)
{
    story_begin(s);
    const uint32_t cut = 1 + (uint32_t)rng_below(&s->rest_rng, s->cfg.nodes - 1);
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        sim_invalidate(s, i, i);
    story_within(s, 10 * US_PER_SEC, sim_settled, NULL, "all cover all");
    if (!s->failed)
        survey_at(s, (uint32_t)rng_below(&s->rest_rng, s->cfg.nodes), 0);
    sim_split(s, 1ULL << cut, true);
    sim_invalidate(s, 0, 0);
    sim_run(s, 100 * US_PER_MS);
    if (!s->failed)
        survey_at(s, 0, 1ULL << cut);
    sim_split(s, 1ULL << cut, false);
    story_within(s, 10 * US_PER_SEC, sim_settled, NULL, "one view after the cut is mended");
    if (!s->failed)
        survey_at(s, cut, 0);
}

struct stories stories_network(void)
{
    static const struct story STORIES[] = {
        {"split_of_ten", 10, 2, split_of_ten, "5 + 5 for 10 min: one view 10 s after mending"},
        {"split_of_four", 4, 5, split_of_four, "2 + 2 for 10 min: one view 10 s after mending"},
        {"deaf", 4, 20, deaf, "who sends but cannot hear mutes itself; only it is failed"},
        {"pair_cut", 3, 10, pair_cut, "two that cannot hear each other, but a third: no FAIL"},
        {"refused_hints", 5, 40, refused_hints,
         "a host that refuses does not keep all probes to itself"},
        {"refused_suspect", 5, 20, refused_suspect,
         "a suspect whose host refuses is not the only one that is probed"},
        {"freeze_1s", 3, 50, freeze_short, "frozen for 1 s: at most SUSPECT"},
        {"freeze_8s", 3, 50, freeze_8s, "frozen for 8 s: ALIVE_AGAIN in 1 s, accuses no one"},
        {"freeze_60s", 3, 20, freeze_60s, "frozen for 60 s: ALIVE_AGAIN in 1 s, accuses no one"},
        {"false_suspect", 4, 20, false_suspect, "a false SUSPECT is refuted by one version more"},
        {"false_dead", 4, 20, false_dead,
         "one voice that calls another DEAD only makes it suspect"},
        {"late_answer", 3, 200, late_answer,
         "a dead process that answers late does not silence the next one"},
        {"survey_of_cut", 5, 20, survey_of_cut,
         "a survey lists what each member has, and who is cut off as silent"},
        {"quiet_two", 2, 5, quiet, "two nodes with nothing to say send probes alone"},
        {"quiet_ten", 10, 2, quiet, "ten nodes with nothing to say send probes alone"},
    };
    return (struct stories){STORIES, ARRAY_LEN(STORIES)};
}
