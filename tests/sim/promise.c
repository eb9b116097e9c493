#include "promise.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define GAPS_MAX   64
#define LATE_US    (200 * US_PER_MS) /* replies that are due come within this */
#define AWAKE_US   (2 * US_PER_SEC)  /* ... of a process that has been awake for so long */
#define DEFAULT_MS 1000U
#define APART      1000 /* clocks run at most 1 part in so many fast or slow */

void promises_init(struct sim *s)
{
    s->promises.fenced.keys = calloc(s->source.keys_n, sizeof *s->promises.fenced.keys);
    assert(s->promises.fenced.keys != NULL);
}

void promises_free(struct sim *s)
{
    free(s->promises.fenced.keys);
}

/* ---- who has covered what ---- */

static bool in_a_gap(const struct sim_node *n, uint64_t epoch, uint64_t seq)
{
    struct gap gaps[GAPS_MAX];
    const size_t gaps_n = node_gap_list(n->node, gaps, GAPS_MAX);
    for (size_t i = 0; i < gaps_n; i++)
        if (gaps[i].epoch == epoch && gaps[i].lo <= seq && seq <= gaps[i].hi)
            return true;
    return false;
}

static bool find_origin(const struct sim_node *n, uint64_t epoch, struct origin_view *out)
{
    const size_t origins = node_pulse(n->node).origins;
    for (size_t i = 0; i < origins; i++) {
        node_origin_at(n->node, i, out);
        if (out->epoch == epoch)
            return true;
    }
    return false;
}

/* May a dot be covered of an origin that the node does not list? Where the table was full, a broad
 * barrier stood for it; where origins were retired, here or by others who told so, all of theirs is covered,
 * and a table under pressure retires who sleeps for long. */
static bool covers_unlisted(const struct sim_node *n)
{
    struct node_view view;
    node_inspect(n->node, &view);
    return view.ledger.origins_full > 0 || view.retired_n > 0;
}

bool promise_covers(struct sim *s, const struct sim_node *n, uint32_t run, uint64_t seq)
{
    const uint64_t epoch = s->runs[run].epoch;
    struct origin_view o;
    if (!find_origin(n, epoch, &o))
        return covers_unlisted(n);
    /* Inside of a gap some may be covered: the mask says which, as far as it reaches. */
    const struct cover c = {.epoch = epoch, .applied = o.applied, .mask = o.mask};
    return cover_has(&c, seq) || (seq <= o.head && !in_a_gap(n, epoch, seq));
}

/* How many dots a command has that its caller asked for: the end of an intent, which goes with a put, is
 * not one. */
static uint32_t named_by(const struct promise *p)
{
    return p->change.count == 0 ? 1 : p->change.count;
}

/* All dots of a command. */
static bool covers_all(struct sim *s, const struct sim_node *n, const struct promise *p)
{
    for (uint32_t i = 0; i < named_by(p); i++)
        if (!promise_covers(s, n, p->run, p->seq - i))
            return false;
    return true;
}

/* As before, but of an origin that has ended, and was retired, everything is covered. */
static bool has_settled(struct sim *s, const struct sim_node *n, uint32_t run, uint64_t seq)
{
    struct origin_view o;
    const struct sim_node *issuer = &s->nodes[s->runs[run].node];
    const bool ended = !issuer->up || issuer->run != run;
    return promise_covers(s, n, run, seq) || (ended && !find_origin(n, s->runs[run].epoch, &o));
}

/** Of those who were to cover a dot: how many have, and how many ran since then as another process. */
struct census {
    uint32_t covered, gone;
};

static bool is_same_run(const struct sim_node *n, mono_us since)
{
    return n->up && n->up_at <= since;
}

static struct census count_covers(struct sim *s, const struct promise *p, bool voters)
{
    struct census c = {0};
    for (uint32_t i = 0; i < s->cfg.nodes; i++) {
        const struct sim_node *n = &s->nodes[i];
        const bool votes = !voters || (n->up && sim_view(s, i).votes.mode != VOTE_NONE);
        if (n->up && votes && covers_all(s, n, p))
            c.covered++;
        else if (!is_same_run(n, p->since))
            c.gone++;
    }
    return c;
}

/* ---- opening ---- */

/* While a process that slept reads what came meanwhile, its parts do not agree yet who is there. */
static uint64_t seen_by(struct sim *s, const struct sim_node *n)
{
    uint64_t seen = 0;
    if (n->inputs > 0)
        return 0;
    const struct node_view view = sim_view(s, n->i);
    for (size_t i = 0; i < view.members; i++) {
        struct node_member m;
        node_member_at(n->node, i, &m);
        const uint32_t about = sim_named(s, m.swim.name);
        const bool there = m.swim.state == SWIM_ALIVE || m.swim.state == SWIM_SUSPECT;
        if (there && about != UINT32_MAX)
            seen |= 1ULL << about;
    }
    return seen;
}

static bool is_live(const struct sim *s, const struct promise *p)
{
    const struct sim_node *n = &s->nodes[s->runs[p->run].node];
    return p->open && n->up && n->run == p->run;
}

uint64_t promise_open(struct sim *s, struct sim_node *n, const struct change *change, uint64_t seq,
                      uint32_t dots)
{
    struct promises *all = &s->promises;
    uint32_t i = (uint32_t)(all->given % PROMISES_MAX);
    for (uint32_t tried = 0; is_live(s, &all->at[i]) && tried < PROMISES_MAX; tried++) {
        all->given++;
        i = (uint32_t)(all->given % PROMISES_MAX);
    }
    assert(!is_live(s, &all->at[i])); /* clients wait for a second or two */
    all->at[i] = (struct promise){.open = true,
                                  .ticket = PROMISE_TICKETS + all->given++,
                                  .run = n->run,
                                  .seq = seq,
                                  .dots = dots,
                                  .since = s->now,
                                  .since_local = sim_local(s, n->i),
                                  .seen = seen_by(s, n),
                                  .change = *change};
    return all->at[i].ticket;
}

static struct promise *promise_of(struct sim *s, uint64_t ticket)
{
    struct promise *p = &s->promises.at[(ticket - PROMISE_TICKETS) % PROMISES_MAX];
    return p->ticket == ticket ? p : NULL;
}

void promise_fold(struct sim *s, uint64_t ticket, uint64_t seq)
{
    struct promise *p = promise_of(s, ticket);
    assert(p != NULL && p->open);
    p->seq = seq;
    p->dots = p->change.count = 1;
}

bool promise_accepted(struct sim *s, uint64_t ticket)
{
    const struct promise *p = promise_of(s, ticket);
    return p != NULL && p->seq != 0;
}

/* ---- what a reply says ---- */

static void check_names(struct sim *s, const struct promise *p, const struct node_reply *reply)
{
    for (size_t i = 0; i < reply->applied_n && !s->failed; i++) {
        const uint32_t about = sim_named(s, reply->applied[i]);
        const struct sim_node *n = about == UINT32_MAX ? NULL : &s->nodes[about];
        if (n == NULL || (is_same_run(n, p->since) && !covers_all(s, n, p)))
            sim_violate(s, CHECK_LEVEL, "n%u is told to have covered dot %llu of n%u, and has not",
                        about, (unsigned long long)p->seq, s->runs[p->run].node);
    }
}

static uint64_t names_of(const struct sim *s, const struct node_reply *reply)
{
    uint64_t names = 0;
    for (size_t i = 0; i < reply->applied_n + reply->missing_n; i++) {
        const bool applied = i < reply->applied_n;
        const struct slice name =
            applied ? reply->applied[i] : reply->missing[i - reply->applied_n];
        const uint32_t about = sim_named(s, name);
        names |= about == UINT32_MAX ? 0 : 1ULL << about;
    }
    return names;
}

/* Did the node hear anything of the other since then? Then it may have been gone for a while. */
static bool heard_news(struct sim *s, uint32_t i, uint32_t of, mono_us since)
{
    for (uint32_t kind = 0; kind < SIM_EVENTS; kind++) {
        const struct sim_tally *tally = sim_events(s, i, of, (enum swim_event_kind)kind);
        if (tally->n > 0 && tally->last_at >= since)
            return true;
    }
    return false;
}

/* All were waited for, but those that went. */
static void check_missing(struct sim *s, const struct promise *p, const struct node_reply *reply)
{
    const uint32_t issuer = s->runs[p->run].node;
    for (size_t i = 0; i < reply->missing_n && !s->failed; i++) {
        const uint32_t about = sim_named(s, reply->missing[i]);
        if (about == UINT32_MAX || (p->seen >> about & 1) == 0)
            continue;
        if (is_same_run(&s->nodes[about], p->since) && !heard_news(s, issuer, about, p->since))
            sim_violate(s, CHECK_LEVEL, "all were to cover a dot: n%u was there, and has not",
                        about);
    }
}

static void check_counts(struct sim *s, const struct promise *p, const struct node_reply *reply)
{
    if (reply->ack.level == ACK_NODES && reply->applied_n < reply->ack.k + 1U)
        sim_violate(s, CHECK_LEVEL, "%u other nodes were to cover a dot, and %zu have",
                    reply->ack.k, reply->applied_n - 1);
    if (reply->ack.level == ACK_ALL && (p->seen & ~names_of(s, reply)) != 0)
        sim_violate(s, CHECK_LEVEL, "all were to cover a dot: %llx have been asked, of %llx",
                    (unsigned long long)names_of(s, reply), (unsigned long long)p->seen);
}

/* A majority held it at one moment: whoever does not hold it now has restarted since then. */
static void check_quorum(struct sim *s, const struct promise *p)
{
    const struct census c = count_covers(s, p, true);
    sim_checked(s, CHECK_QUORUM);
    if (c.covered + c.gone <= s->policies.expect / 2)
        sim_violate(s, CHECK_QUORUM, "dot %llu of n%u is held by %u voters of %u, %u restarted",
                    (unsigned long long)p->seq, s->runs[p->run].node, c.covered, s->policies.expect,
                    c.gone);
}

/* What lasts a window on the slowest clock lasts at least so long on the fastest one: reckoned here, since
 * the core's own reckoning is what is checked. */
static uint64_t fence_us(const struct sim *s)
{
    const uint64_t window_us = s->policies.fence_ms * US_PER_MS;
    return window_us + 2 * window_us / (APART - 1);
}

/* Before a window has passed only the word of everybody ends a fence. */
static void check_fence(struct sim *s, const struct sim_node *n, const struct promise *p,
                        const struct node_reply *reply)
{
    const bool early = sim_local(s, n->i) < p->since_local + fence_us(s);
    sim_checked(s, CHECK_FENCED);
    if (early && reply->applied_n < s->policies.expect)
        sim_violate(s, CHECK_FENCED, "a fence of n%u is over too early: %zu of %u have covered",
                    n->i, reply->applied_n, s->policies.expect);
    s->counters.fenced_by_all += early;
    s->counters.fenced_by_time += !early;
    for (uint32_t i = 0; i < named_by(p); i++)
        floors_raise(&s->promises.fenced, &s->runs[p->run].dots[p->seq - 1 - i]);
}

static void hold(struct sim *s, const struct promise *p)
{
    struct promises *all = &s->promises;
    all->held[all->held_n++ % HELD_KEPT] =
        (struct stamped){.run = p->run, .seq = p->seq, .at = s->now};
}

static void check_reached(struct sim *s, const struct sim_node *n, const struct promise *p,
                          const struct node_reply *reply)
{
    const enum client_ack_level level = reply->ack.level;
    sim_checked(s, CHECK_LEVEL);
    check_names(s, p, reply);
    check_counts(s, p, reply);
    if (reply->ack.level == ACK_ALL)
        check_missing(s, p, reply);
    s->counters.level_nodes += level == ACK_NODES;
    s->counters.level_all += level == ACK_ALL;
    s->counters.level_quorum += level == ACK_QUORUM;
    if (s->failed || (level != ACK_QUORUM && level != ACK_FENCED))
        return;
    /* Everybody's word is enough for a fence, whether they vote or not. */
    if (level == ACK_QUORUM || reply->applied_n < s->policies.expect) {
        check_quorum(s, p);
        hold(s, p);
    }
    if (level == ACK_FENCED)
        check_fence(s, n, p, reply);
}

void promise_reply(struct sim *s, struct sim_node *n, const struct node_reply *reply)
{
    struct promise *p = promise_of(s, reply->ticket);
    sim_checked(s, CHECK_S19);
    if (p == NULL || !p->open || p->run != n->run) {
        sim_violate(s, CHECK_S19, "n%u answers a command twice, or another's", n->i);
        return;
    }
    p->open = false;
    if (reply->err != OK) {
        s->counters.level_refused++;
        p->seq = 0;
        return;
    }
    if (reply->seq != p->seq || reply->count != p->dots)
        sim_violate(s, CHECK_S19, "n%u answers a command with dot %llu, expected %llu", n->i,
                    (unsigned long long)reply->seq, (unsigned long long)p->seq);
    s->counters.level_missed += !reply->reached;
    promise_stamped(s, n, &(struct stamped){.seq = p->seq, .count = named_by(p), .at = p->since});
    /* Of two processes with one epoch nobody knows whose dots were covered. */
    if (reply->reached && !s->failed && !s->runs[p->run].cloned)
        check_reached(s, n, p, reply);
    if (!s->failed && p->change.kind == DOT_PUT)
        workload_store(s, n, &p->change, reply);
    if (!s->failed && p->change.announce != 0)
        announce_reply(s, &p->change, reply);
}

/* ---- stamps ---- */

void promise_stamped(struct sim *s, const struct sim_node *n, const struct stamped *named)
{
    struct promises *all = &s->promises;
    if (s->runs[n->run].cloned)
        return;
    struct stamped *kept = &all->stamps[all->stamps_n++ % STAMPS_KEPT];
    *kept = *named;
    kept->run = n->run;
}

const struct stamped *promise_stamp(struct sim *s)
{
    const struct promises *all = &s->promises;
    const uint32_t kept = all->stamps_n < STAMPS_KEPT ? all->stamps_n : STAMPS_KEPT;
    return kept == 0 ? NULL : &all->stamps[rng_below(&s->work.rng, kept)];
}

/* ---- what was promised to readers ---- */

void promise_certified(struct sim *s, const struct sim_node *n, uint32_t state)
{
    const uint32_t floor = floors_of(&s->promises.fenced, &s->source, state);
    const struct source_state *st = &s->source.states[state];
    sim_checked(s, CHECK_FENCED);
    if (st->over <= floor)
        sim_violate(s, CHECK_FENCED,
                    "n%u certifies %s as it was before commit %u; a fence promised commit %u", n->i,
                    s->source.keys[st->key].text, st->over, floor);
}

/* When voting began anew with somebody, it issued a barrier. Who began to vote by what it learned there
 * has covered that, and asks nobody for another one. */
static bool was_barred(struct sim *s, const struct sim_node *n, mono_us since)
{
    for (uint32_t run = s->runs_n; run > 0; run--) {
        const struct oracle_run *r = &s->runs[run - 1];
        if (r->anew_seq != 0 && r->anew_at >= since && has_settled(s, n, run - 1, r->anew_seq))
            return true;
    }
    return false;
}

/* What a majority held before the horizon is covered here, or voting began anew, and what is missing
 * was barred. */
static void check_horizon(struct sim *s, const struct sim_node *n)
{
    const struct promises *all = &s->promises;
    const mono_us horizon = cache_horizon(n->cache);
    if (horizon == 0)
        return;
    for (uint32_t i = 0; i < HELD_KEPT && i < all->held_n && !s->failed; i++) {
        const struct stamped *held = &all->held[i];
        if (sim_world_time(s, n->i, horizon) <= held->at)
            continue;
        sim_checked(s, CHECK_I11);
        if (!has_settled(s, n, held->run, held->seq) && !was_barred(s, n, held->at))
            sim_violate(s, CHECK_I11,
                        "n%u has a horizon of %llu us, and lacks dot %llu of n%u, held at %llu",
                        n->i, (unsigned long long)horizon, (unsigned long long)held->seq,
                        s->runs[held->run].node, (unsigned long long)held->at);
    }
}

static mono_us due_at(const struct sim *s, const struct promise *p)
{
    const uint32_t ms = p->change.timeout_ms == 0 ? DEFAULT_MS : p->change.timeout_ms;
    const uint64_t fence = p->change.ack.level == ACK_FENCED ? fence_us(s) : 0;
    return p->since_local + ms * US_PER_MS + fence + LATE_US;
}

static void check_due(struct sim *s, const struct sim_node *n)
{
    for (uint32_t i = 0; i < PROMISES_MAX && !s->failed; i++) {
        const struct promise *p = &s->promises.at[i];
        if (is_live(s, p) && p->run == n->run && !s->runs[n->run].cloned &&
            sim_local(s, n->i) > due_at(s, p))
            sim_violate(s, CHECK_S19, "n%u does not answer a command that waits for a level", n->i);
    }
}

void promise_audit(struct sim *s, struct sim_node *n)
{
    if (!n->up || n->frozen || n->foreign)
        return;
    if (s->policies.expect != 0)
        check_horizon(s, n);
    if (s->now > n->thawed_at + AWAKE_US)
        check_due(s, n);
}
