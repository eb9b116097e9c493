/* From plain packets to sealed ones while the cluster runs, and back: rolling restarts, one mode a step. */
#include <assert.h>

#include "base/attr.h"

#include "member.h"

#define MEET_US (10 * US_PER_SEC) /* for a new process to be everybody's member */

/** What was seen of processes that are gone. */
struct rollout {
    uint32_t rolling; /* the node whose turn it is */
    uint64_t refused; /* packets, by processes that have ended */
};

/* What the next processes of a node send and take. */
static void set_mode(struct sim *s, uint32_t i, enum seal_mode mode)
{
    assert(!s->nodes[i].up); /* a process keeps its mode for life */
    s->nodes[i].crypto = mode;
}

static uint64_t refused_by(struct sim *s, uint32_t i)
{
    const struct node_counters c = sim_view(s, i).node;
    return c.dropped_malformed + c.dropped_version + c.dropped_key + c.dropped_plain +
           c.dropped_unauthentic;
}

/* Packets that were taken though nobody sealed them, by those that run. */
static uint64_t plain_taken(struct sim *s)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        n += s->nodes[i].up ? sim_view(s, i).node.plain_taken : 0;
    return n;
}

static bool has_ended(struct sim *s, void *ctx)
{
    const struct rollout *r = ctx;
    return !s->nodes[r->rolling].up;
}

/* The new process serves, and everybody holds everybody to be alive. */
static bool has_joined(struct sim *s, void *ctx)
{
    const struct rollout *r = ctx;
    if (!s->nodes[r->rolling].up || node_state(s->nodes[r->rolling].node) != NODE_READY)
        return false;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        if (sim_view(s, i).alive != s->cfg.nodes)
            return false;
    return true;
}

/* It is asked to leave, or killed; the next process of its name has the new mode. */
static void roll(struct sim *s, struct rollout *r, uint32_t i, enum seal_mode mode)
{
    if (s->failed)
        return;
    r->rolling = i;
    r->refused += refused_by(s, i);
    if (rng_chance(&s->boot_rng, 500)) {
        sim_leave(s, i);
        story_within(s, 2 * US_PER_SEC, has_ended, r, "the process exits");
    } else {
        sim_crash(s, i, rng_chance(&s->boot_rng, 500));
    }
    if (s->failed)
        return;
    set_mode(s, i, mode);
    sim_restart(s, i, 100 * US_PER_MS + rng_below(&s->boot_rng, 900 * US_PER_MS), 0);
    story_within(s, MEET_US, has_joined, r, "all are alive to all again");
    sim_run(s, rng_below(&s->boot_rng, 2 * US_PER_SEC));
}

/* One mode for all, node after node, in an order of its own. */
static void take_step(struct sim *s, struct rollout *r, enum seal_mode mode)
{
    uint32_t order[SIM_NODES_MAX] = {0};
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        order[i] = i;
    for (uint32_t i = s->cfg.nodes - 1; i > 0; i--) {
        const uint32_t j = (uint32_t)rng_below(&s->boot_rng, i + 1);
        const uint32_t other = order[j];
        order[j] = order[i];
        order[i] = other;
    }
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        roll(s, r, order[i], mode);
}

static void make_keys(struct sim *s)
{
    static const char FILE_TEXT[] = "sim AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
    struct keyring_fault fault;
    const enum err err = keyring_parse(slice_text(FILE_TEXT), &s->ring, &fault);
    assert(err == OK);
    s->cfg.sealed = true;
}

static void begin(struct sim *s, enum seal_mode mode)
{
    const struct workload_cfg clients = {.ops_per_s = 20,
                                         .write_permille = 100,
                                         .wide_permille = 50,
                                         .think_us = 5000,
                                         .tell_us = 500};
    make_keys(s);
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        set_mode(s, i, mode);
    story_begin(s);
    workload_begin(s, &clients);
}

static void stands_still(struct sim *s, const char *claim)
{
    if (s->failed)
        return;
    const uint64_t before = plain_taken(s);
    sim_run(s, 10 * US_PER_SEC);
    if (!s->failed)
        story_expect(s, plain_taken(s) == before, claim);
}

static void end(struct sim *s, const struct rollout *r)
{
    uint64_t refused = r->refused;
    workload_stop(s);
    sim_run(s, 10 * US_PER_SEC);
    if (s->failed)
        return;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        refused += refused_by(s, i);
    story_expect(s, refused == 0, "no packet was refused at any time");
    story_expect(s, sim_events_all(s, UINT32_MAX, SWIM_FAIL) == 0, "no FAIL");
    story_expect(s, sim_settled(s, NULL), "one view, one vector");
}

static void rollout(struct sim *s)
{
    struct rollout r = {0};
    begin(s, SEAL_OFF);
    take_step(s, &r, SEAL_LISTEN);
    if (!s->failed)
        story_expect(s, plain_taken(s) > 0, "so far all packets are plain, and counted");
    take_step(s, &r, SEAL_PREFER);
    stands_still(s, "when all prefer, nothing comes plain any more");
    take_step(s, &r, SEAL_REQUIRE);
    stands_still(s, "nothing comes plain");
    if (!s->failed)
        story_expect(s, plain_taken(s) == 0, "nor has it since the last step began");
    end(s, &r);
}

static void rollout_back(struct sim *s)
{
    struct rollout r = {0};
    begin(s, SEAL_REQUIRE);
    take_step(s, &r, SEAL_PREFER);
    stands_still(s, "as long as all seal, nothing comes plain");
    take_step(s, &r, SEAL_LISTEN);
    take_step(s, &r, SEAL_OFF);
    end(s, &r);
}

/* Two steps at once: who sends sealed is heard by nobody who takes plain packets only. That is what the
 * step between is for, and this shows that the stories above would tell. */
static void rollout_hasty(struct sim *s)
{
    struct swim_member m;
    begin(s, SEAL_OFF);
    sim_run(s, US_PER_SEC);
    if (s->failed)
        return;
    sim_crash(s, 0, true);
    set_mode(s, 0, SEAL_PREFER);
    sim_restart(s, 0, 100 * US_PER_MS, 0);
    sim_run(s, 30 * US_PER_SEC);
    workload_stop(s);
    for (uint32_t i = 1; i < s->cfg.nodes && !s->failed; i++) {
        story_expect(s, !sim_member(s, i, 0, &m) || m.state == SWIM_DEAD, "it is not heard");
        story_expect(s, refused_by(s, i) > 0, "its packets are counted");
        story_expect(s, sim_view(s, i).alive == s->cfg.nodes - 1, "all others are alive to all");
    }
}

/* ---- forgeries ---- */

/* A run of this node that nobody has heard: it begins, cut off, and dies. */
static void draw_unheard_run(struct sim *s, uint32_t i)
{
    sim_crash(s, i, true);
    sim_split(s, 1ULL << i, true);
    sim_boot(s, i);
    sim_run(s, 10 * US_PER_MS);
    sim_crash(s, i, true);
}

/* Words in plain that would hurt: it leaves, it wants to join. Returns: how many. */
static uint64_t speak_plainly(struct sim *s, uint32_t as)
{
    static struct peer_msg m;
    struct member_voice v = {.from = as, .plain = true, .counter = 1ULL << 40};
    for (uint32_t t = 0; t < 200 && !s->failed; t++) {
        for (uint32_t to = 0; to < s->cfg.nodes; to++) {
            if (to == as || !s->nodes[to].up)
                continue;
            v.class = t % 2 == 0 ? PACKET_JOIN : PACKET_MEMBER;
            m = (struct peer_msg){.type = t % 2 == 0 ? PEER_PING : PEER_GOSSIP, .records_n = 1};
            m.records[0] = member_own_record(s, as);
            m.records[0].state = t % 2 == 0 ? PEER_ALIVE : PEER_LEFT;
            member_say(s, &v, to, &m);
        }
        sim_run(s, 50 * US_PER_MS);
    }
    return v.counter - (1ULL << 40);
}

/* Who requires takes nothing plain of anybody; who prefers, nothing in the name of a run that seals. */
static void plain_forged(struct sim *s)
{
    struct story_about alive = {.member = 1, .state = SWIM_ALIVE};
    const bool required = s->cfg.seed % 2 == 0;
    uint64_t refused = 0;
    begin(s, required ? SEAL_REQUIRE : SEAL_PREFER);
    if (required && !s->failed)
        draw_unheard_run(s, 3);
    const uint64_t said = speak_plainly(s, required ? 3 : 1);
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++)
        refused += s->nodes[i].up ? sim_view(s, i).node.dropped_plain : 0;
    if (s->failed)
        return;
    story_expect(s, said > 0 && refused == said, "each plain packet is refused, and counted");
    story_expect(s, plain_taken(s) == 0, "none is taken");
    story_expect(s, required || story_all_hold(s, &alive), "it is ALIVE everywhere");
    story_expect(s, story_events_but(s, SWIM_LEAVE, UINT32_MAX) == 0, "nobody leaves");
}

struct stories stories_crypto(void)
{
    static const struct story STORIES[] = {
        {"rollout", 10, 10, rollout,
         "off, listen, prefer, require by rolling restarts under load: no FAIL, nothing refused, "
         "at last nothing plain"},
        {"rollout_back", 10, 10, rollout_back, "the same, from require to off"},
        {"rollout_hasty", 4, 5, rollout_hasty,
         "from off to prefer in one step: who takes it is heard by nobody, and that is counted"},
        {"plain_forged", 4, 10, plain_forged,
         "who seals cannot be spoken for in plain packets, not even while these are taken"},
    };
    return (struct stories){STORIES, ARRAY_LEN(STORIES)};
}
