#include "quiet.h"

#include <string.h>

#include "swim/suspicion.h"

#define SETTLE_US        (10 * US_PER_SEC)
#define SETTLE_REST_US   (12 * US_PER_SEC) /* for each node: who is gone must be found out first */
#define LOOK_US          (50 * US_PER_MS)
#define DRAIN_US         (3 * US_PER_SEC) /* what clients have under way when they stop */
#define HEALED_WAIT      (5 * US_PER_SEC)
#define LEFTOVER_US      (8 * US_PER_SEC)  /* longer than any announcement, fence or timeout */
#define ROTATE_US        (15 * US_PER_SEC) /* beside the silence of the old keys */
#define LISTEN_MAX       3
#define PERIOD_US        (500 * US_PER_MS)
#define QUIET_PER_S      8   /* datagrams of a node, a second, when all are well */
#define QUIET_FULL_PER_S 150 /* when vectors are compared for ever */
#define QUIET_REST_PER_S 60  /* and when some do not answer, or not all of the time */

static bool in_core(const struct sim *s, uint32_t i)
{
    return (s->core >> i & 1) != 0;
}

/* A table of origins that is full leaves dots uncounted: then vectors differ, and are compared again
 * and again. */
static bool is_full(const struct sim *s)
{
    for (uint32_t i = 0; i < s->cfg.nodes; i++) {
        struct node_view v;
        if (!s->nodes[i].up)
            continue;
        node_inspect(s->nodes[i].node, &v);
        if (v.ledger.origins_full > 0)
            return true;
    }
    return false;
}

/* Does i hold j alive, at the run that it is? */
static bool holds(struct sim *s, uint32_t i, uint32_t j)
{
    struct swim_member m;
    return sim_member(s, i, j, &m) && m.state == SWIM_ALIVE &&
           m.epoch == s->runs[s->nodes[j].run].epoch;
}

/* In a part of a cluster: are all of the core held alive, and none of those that are gone? */
static const char *unsettled_members(struct sim *s, uint32_t i, enum check *which)
{
    struct swim_member m;
    for (uint32_t j = 0; j < s->cfg.nodes; j++) {
        *which = CHECK_L1;
        if (in_core(s, j) && s->nodes[j].up && !holds(s, i, j))
            return "does not hold all of the core alive";
        *which = CHECK_L2;
        if ((s->acts.gone >> j & 1) != 0 && sim_member(s, i, j, &m) &&
            (m.state == SWIM_ALIVE || m.state == SWIM_SUSPECT))
            return "holds somebody alive who is gone";
    }
    return NULL;
}

/* Who does not reach more than half of those that it must probe may well feel isolated: most of the
 * members that are not gone are half connected. */
static bool may_be_isolated(const struct sim *s)
{
    const int half = __builtin_popcountll(s->acts.rest & ~s->acts.gone);
    const int core = (int)s->cfg.nodes - __builtin_popcountll(s->acts.rest);
    return half > core - 1;
}

/* What is wrong with b alone, or in comparison with a, which may be NULL. */
static const char *unsettled(struct sim *s, const struct node_view *a, const struct node_view *b,
                             enum check *which)
{
    const bool parted = s->acts.rest != 0;
    *which = CHECK_L1;
    if (b->state != NODE_READY)
        return "is not ready";
    if (b->isolated && !may_be_isolated(s))
        return "feels isolated";
    if (a != NULL && !parted && a->view_hash != b->view_hash)
        return "differs in its members";
    *which = CHECK_L3;
    sim_checked(s, CHECK_L1);
    sim_checked(s, CHECK_L3);
    if (b->gaps > 0)
        return "has open gaps";
    if (a != NULL && a->vector_hash != b->vector_hash && !is_full(s))
        return "differs in its vector";
    return NULL;
}

const char *quiet_unsettled(struct sim *s, enum check *which)
{
    static char text[160];
    struct node_view first;
    bool any = false;
    for (uint32_t i = 0; i < s->cfg.nodes; i++) {
        if (!s->nodes[i].up || !in_core(s, i))
            continue;
        const struct node_view v = sim_view(s, i);
        const char *wrong = unsettled(s, any ? &first : NULL, &v, which);
        if (wrong == NULL && s->acts.rest != 0)
            wrong = unsettled_members(s, i, which);
        if (wrong != NULL) {
            snprintf(text, sizeof text, "n%u %s", i, wrong);
            return text;
        }
        if (!any)
            first = v;
        any = true;
    }
    return NULL;
}

/* ---- after healing ---- */

/* Who was leaving when all was healed has left since then. */
static void boot_core(struct sim *s)
{
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        if (in_core(s, i) && !s->nodes[i].up)
            sim_boot(s, i);
}

/* Looked at now and then, not after every event: agreement takes seconds. */
static void settle(struct sim *s, uint64_t limit_us, const char *what)
{
    enum check which = CHECK_L1;
    const char *wrong = NULL;
    for (uint64_t us = 0; us < limit_us && !s->failed; us += LOOK_US) {
        wrong = quiet_unsettled(s, &which);
        if (wrong == NULL)
            return;
        sim_run(s, LOOK_US);
        if (!s->failed)
            boot_core(s);
    }
    if (!s->failed && (wrong = quiet_unsettled(s, &which)) != NULL)
        sim_violate(s, which, "%s %llu s: %s", what, (unsigned long long)(limit_us / US_PER_SEC),
                    wrong);
}

/* 2N - 1 periods, and a little. */
static uint64_t window_us(const struct sim *s)
{
    return (2 * s->cfg.nodes + 1) * PERIOD_US;
}

static void check_probes(struct sim *s)
{
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++) {
        sim_checked(s, CHECK_S17);
        const uint64_t others = ((1ULL << s->cfg.nodes) - 1) & ~(1ULL << i);
        if ((s->nodes[i].pinged & others) != others)
            sim_violate(s, CHECK_S17, "n%u probed not all: %llx of %llx", i,
                        (unsigned long long)s->nodes[i].pinged, (unsigned long long)others);
    }
}

/* Probing slows down where a node blames itself, so then nothing is said of it. */
static bool is_well(struct sim *s)
{
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        if (!s->nodes[i].up || sim_view(s, i).lhm > 0)
            return false;
    return s->acts.rest == 0 && !s->cfg.sealed;
}

static void check_deaths(struct sim *s, mono_us since)
{
    for (uint32_t i = 0; i < s->cfg.nodes; i++) {
        for (uint32_t j = 0; j < s->cfg.nodes; j++) {
            const struct sim_tally *fails = sim_events(s, i, j, SWIM_FAIL);
            sim_checked_if(s, CHECK_L2, in_core(s, i) && in_core(s, j));
            if (in_core(s, i) && in_core(s, j) && fails->n > 0 && fails->last_at > since)
                sim_violate(s, CHECK_L2, "n%u failed n%u, which was well", i, j);
        }
    }
}

/* Readers with a bound make their node ask every voter each D/4, and be asked, twice as often when an
 * answer proves nothing; who may not vote yet says less, and syncs. */
static uint64_t polls_per_s(const struct sim *s)
{
    if (s->policies.expect == 0)
        return 0;
    return 4ULL * s->cfg.nodes * 4 * 1000 / s->policies.fence_ms;
}

/* Datagrams that a node may send in so long. */
static uint64_t most_in(struct sim *s, uint64_t us)
{
    const uint64_t per_s = is_full(s)          ? QUIET_FULL_PER_S
                           : s->acts.rest != 0 ? QUIET_REST_PER_S
                                               : QUIET_PER_S;
    return (per_s + polls_per_s(s)) * us / US_PER_SEC;
}

/* A node that sent more than it should. */
struct noise {
    uint32_t node; /* UINT32_MAX: all were quiet */
    uint64_t sent, most;
};

static struct noise loudest(struct sim *s, const uint64_t *sent, uint64_t us)
{
    const uint64_t most = most_in(s, us);
    for (uint32_t i = 0; i < s->cfg.nodes; i++) {
        const uint64_t now_sent = s->nodes[i].datagrams - sent[i];
        sim_checked_if(s, CHECK_L4, in_core(s, i));
        if (in_core(s, i) && now_sent > most)
            return (struct noise){.node = i, .sent = now_sent, .most = most};
    }
    return (struct noise){.node = UINT32_MAX};
}

/* Let some time pass, and hear who is not quiet. */
static struct noise listen(struct sim *s)
{
    uint64_t sent[SIM_NODES_MAX] = {0};
    const uint64_t us = window_us(s);
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        sent[i] = s->nodes[i].datagrams;
    sim_run(s, us);
    return s->failed ? (struct noise){.node = UINT32_MAX} : loudest(s, sent, us);
}

/* What callers asked for is over: no reply is owed, and no announced write is open. */
static void check_leftovers(struct sim *s)
{
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++) {
        if (!in_core(s, i) || !s->nodes[i].up || s->now < s->nodes[i].thawed_at + LEFTOVER_US)
            continue;
        const struct node_view v = sim_view(s, i);
        sim_checked(s, CHECK_L7);
        if (v.acks.waiting > 0 || v.intents.open > 0)
            sim_violate(s, CHECK_L7, "n%u still holds %u waits and %u announced writes", i,
                        v.acks.waiting, v.intents.open);
    }
}

/* Nothing happens any more: probes go round, and that is all. A node that blames itself is slow to
 * come to rest, so it gets some time. */
static void watch(struct sim *s)
{
    const mono_us from = s->now;
    const bool well = is_well(s);
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        s->nodes[i].pinged = 0;
    struct noise loud = listen(s);
    if (!s->failed && well && is_well(s))
        check_probes(s);
    for (uint32_t again = 0; again < LISTEN_MAX && loud.node != UINT32_MAX; again++)
        loud = listen(s);
    if (!s->failed)
        check_deaths(s, from);
    if (loud.node != UINT32_MAX)
        sim_violate(s, CHECK_L4,
                    "n%u does not fall quiet: %llu datagrams in %llu ms, expected %llu", loud.node,
                    (unsigned long long)loud.sent, (unsigned long long)(window_us(s) / US_PER_MS),
                    (unsigned long long)loud.most);
}

/* Another cluster at an address of ours goes on with the key that it has. */
static bool has_strangers(const struct sim *s)
{
    for (uint32_t i = s->cfg.nodes; i < s->all; i++)
        if (s->nodes[i].up)
            return true;
    return false;
}

/* Packets that its ring did not open. */
static uint64_t key_refusals(struct sim *s)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        if (in_core(s, i) && s->nodes[i].up)
            n += sim_view(s, i).node.dropped_key;
    return n;
}

/* Until the old keys were silent for long enough, and a little. */
static void await_keys(struct sim *s)
{
    const uint64_t quiet_us = 2 * suspicion_max(s->cfg.nodes, PERIOD_US);
    for (uint64_t us = 0; us < quiet_us + ROTATE_US && !s->failed; us += LOOK_US) {
        if (keys_behind(s) == UINT32_MAX)
            return;
        sim_run(s, LOOK_US);
    }
}

/* With all well the newest key stays alone, and nobody is lost by that. A node that is half connected may
 * seal with its own for ever, so that nothing goes. */
static void rotate(struct sim *s)
{
    const mono_us from = s->now;
    const uint64_t refused = key_refusals(s);
    if (s->keys.files == NULL || (s->acts.rest & ~s->acts.gone) != 0)
        return;
    keys_end(s);
    await_keys(s);
    if (s->failed)
        return;
    sim_checked(s, CHECK_L6);
    const uint32_t behind = keys_behind(s);
    if (behind != UINT32_MAX)
        sim_violate(s, CHECK_L6, "n%u still does not hold the newest key alone", behind);
    settle(s, HEALED_WAIT, "agreement did not outlast the old keys, nor come back within");
    if (s->failed)
        return;
    check_deaths(s, from);
    if (!has_strangers(s) && key_refusals(s) != refused)
        sim_violate(s, CHECK_L6, "packets were refused for their key while the old ones went");
}

uint64_t quiet_watch(struct sim *s)
{
    const mono_us healed_at = s->now;
    sim_run(s, US_PER_MS);
    settle(s, s->acts.rest == 0 ? SETTLE_US : SETTLE_REST_US * s->cfg.nodes,
           "not settled after healing, within");
    const uint64_t took = s->now - healed_at;
    sim_run(s, DRAIN_US);
    settle(s, HEALED_WAIT, "agreement did not last, nor come back within");
    if (!s->failed)
        watch(s);
    check_leftovers(s);
    if (!s->failed)
        rotate(s);
    return took;
}
