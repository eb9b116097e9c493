#include "announce.h"

#include <assert.h>
#include <string.h>

#include "node/intent.h"
#include "node/state.h"

#include "process.h"
#include "world.h"

#define MS_MIN    200
#define MS_MAX    6000
#define MARGIN    50               /* a client stops writing this part of the time before its end */
#define OVER_US   (2 * US_PER_SEC) /* an intent that ran out is ended this soon, and its jitter */
#define AWAKE_US  (3 * US_PER_SEC) /* by a process that has been awake for so long */
#define SPREAD_US (500 * US_PER_MS)
#define LEVEL_MS  500

static struct announced *announced_of(struct sim *s, uint32_t number)
{
    return &s->announces.at[number % ANNOUNCED_MAX];
}

static void plan_step(struct sim *s, uint32_t number, uint64_t us, enum client_step step)
{
    struct event *e = sim_plan(s, s->now + us, EVENT_CLIENT, announced_of(s, number)->where);
    e->a = step;
    e->b = number;
}

/* A third of the callers wait until all have heard of it, as those do who cannot bear a race. */
static struct client_ack draw_ack(struct sim *s)
{
    return (struct client_ack){.level = rng_chance(&s->work.rng, 300) ? ACK_ALL : ACK_LOCAL};
}

void announce_begin(struct sim *s, uint32_t where, uint32_t key)
{
    struct announces *all = &s->announces;
    const uint32_t number = ++all->given;
    struct announced *a = announced_of(s, number);
    if (a->used)
        return;
    const uint32_t ms = MS_MIN + (uint32_t)rng_below(&s->work.rng, MS_MAX - MS_MIN);
    uint8_t ns_i;
    *a = (struct announced){
        .used = true, .number = number, .key = key, .where = where, .ms = ms, .begun_at = s->now};
    /* As command_run() does: what is put later is not refused because its namespace is new. */
    const enum err known =
        cache_namespace(s->nodes[where].cache, source_ns(s->source.keys[key].ns), &ns_i);
    assert(known == OK);
    (void)known;
    const struct change begin = {.kind = DOT_BEGIN,
                                 .key = key,
                                 .target = key,
                                 .ms = ms,
                                 .announce = number,
                                 .ack = draw_ack(s),
                                 .timeout_ms = LEVEL_MS};
    s->counters.begins++;
    if (!workload_issue(s, &s->nodes[where], &begin) || !s->nodes[where].up)
        a->used = false;
}

/* What a client does when it heard that its announcement is known. */
static void begun(struct sim *s, uint32_t number, const struct node_reply *reply)
{
    struct announced *a = announced_of(s, number);
    struct sim_node *n = &s->nodes[a->where];
    a->run = n->run;
    a->seq = reply->seq;
    a->before = s->source.keys[a->key].state;
    a->has_token = cache_token_at(n->cache, sim_local(s, n->i), process_key(s, n, a->key),
                                  reply->index, a->token) == OK;
    plan_step(s, number, a->ms * US_PER_MS + INTENT_JITTER_US + OVER_US, CLIENT_DEADLINE);
    if (rng_chance(&s->work.rng, 100)) { /* dead before it wrote anything */
        s->counters.clients_died++;
        return;
    }
    a->aborts = rng_chance(&s->work.rng, 200);
    plan_step(s, number, workload_delay(s, s->work.cfg.tell_us), CLIENT_ANNOUNCE);
}

void announce_reply(struct sim *s, const struct change *change, const struct node_reply *reply)
{
    if (change->kind == DOT_BEGIN)
        begun(s, change->announce, reply);
}

static bool in_time(const struct sim *s, const struct announced *a)
{
    return s->now < a->begun_at + a->ms * (US_PER_MS - US_PER_MS / MARGIN);
}

/* The source changes, or the client was too slow, or thinks better of it. */
static void write_source(struct sim *s, uint32_t number)
{
    struct announced *a = announced_of(s, number);
    a->aborts = a->aborts || !in_time(s, a);
    if (!a->aborts) {
        a->state = source_commit(&s->source, a->key);
        a->commit = s->source.commits;
        a->written = true;
        sim_watch(s, a->key, "commit %u, announced", a->commit);
    }
    if (rng_chance(&s->work.rng, 300)) {
        s->counters.clients_died++;
        a->orphan = a->written;
        return;
    }
    plan_step(s, number, workload_delay(s, s->work.cfg.tell_us), CLIENT_ANNOUNCE);
}

static struct oracle_dot *begin_of(struct sim *s, uint32_t run, uint64_t seq)
{
    return &s->runs[run].dots[seq - 1];
}

static struct hold *hold_of(struct sim_node *n, uint64_t epoch, uint64_t seq)
{
    for (uint32_t i = 0; i < n->holds.n; i++) {
        struct hold *h = &n->holds.at[i];
        if (h->epoch == epoch && h->seq == seq)
            return h;
    }
    return NULL;
}

/* An abort kills nothing, so no node tells that it took effect: from now on it may be anywhere. */
static void doubt(struct sim *s, const struct announced *a)
{
    const uint64_t epoch = s->runs[a->run].epoch;
    begin_of(s, a->run, a->seq)->aborted = true;
    s->readers.aborted[a->key] = true;
    for (uint32_t i = 0; i < s->all; i++) {
        struct hold *h = hold_of(&s->nodes[i], epoch, a->seq);
        if (h != NULL)
            h->doubted = true;
    }
}

/* Who wrote tells it by a commit, or by a put of what was written, mostly with txn and token. */
static struct change draw_end(struct sim *s, const struct announced *a)
{
    struct change end = {.kind = a->aborts ? DOT_ABORT : DOT_COMMIT,
                         .key = a->key,
                         .target = a->key,
                         .announce = a->number,
                         .txn = {.epoch = s->runs[a->run].epoch, .seq = a->seq, .count = 1},
                         .ack = {.level = ACK_LOCAL}};
    if (a->aborts || rng_chance(&s->work.rng, 400))
        return end;
    end.kind = DOT_PUT;
    end.state = a->state;
    end.commit = a->commit;
    end.ack = draw_ack(s);
    end.timeout_ms = LEVEL_MS;
    end.has_token = a->has_token && rng_chance(&s->work.rng, 900);
    end.token_run = a->run;
    memcpy(end.token, a->token, sizeof end.token);
    if (rng_chance(&s->work.rng, 100))
        end.txn = (struct stamp){.count = 0};
    return end;
}

/* Any node that holds the intent may end it; one that does not know it says so, but for a put. */
static bool tell_end(struct sim *s, const struct announced *a, const struct change *end)
{
    const uint32_t elsewhere = workload_somewhere(s);
    const uint32_t where = rng_chance(&s->work.rng, 700) ? a->where : elsewhere;
    if (where == UINT32_MAX || !s->nodes[where].up || s->nodes[where].frozen)
        return false;
    if (end->kind == DOT_ABORT)
        doubt(s, a);
    if (!workload_issue(s, &s->nodes[where], end))
        return false;
    s->counters.commits += end->kind == DOT_COMMIT;
    s->counters.aborts += end->kind == DOT_ABORT;
    s->counters.announced_puts += end->kind == DOT_PUT;
    return true;
}

/* A token of an announcement is a fill's token, too: of what was read after that, and perhaps before the
 * write. Only where nothing was written may it be stored. */
static void fill_late(struct sim *s, const struct announced *a)
{
    struct sim_node *n = &s->nodes[a->where];
    struct fetch late = {.key = a->key, .state = a->before, .run = a->run};
    if (!a->has_token || !n->up || n->frozen || s->failed)
        return;
    memcpy(late.token, a->token, sizeof late.token);
    (void)workload_fill(s, n, &late);
}

/* A client that lost the answer says it again, with the same words or others, perhaps too late. */
static void end_it(struct sim *s, struct announced *a)
{
    struct rng *r = &s->work.rng;
    const struct change end = draw_end(s, a);
    const bool told = tell_end(s, a, &end);
    const bool again = told && rng_chance(r, 300);
    if (rng_chance(r, 200))
        fill_late(s, a);
    a->orphan = !told && a->written; /* nobody took the word: time ends it */
    a->used = a->orphan || again;
    if (again)
        plan_step(s, a->number, rng_below(r, a->ms * US_PER_MS), CLIENT_ANNOUNCE);
}

/* Its time is over: what was announced counts as done, if its holder lived. */
static void deadline(struct announced *a)
{
    if (!a->orphan)
        a->used = false;
}

void announce_event(struct sim *s, struct sim_node *n, struct event *e)
{
    struct announced *a = announced_of(s, (uint32_t)e->b);
    (void)n;
    if (!a->used || a->number != (uint32_t)e->b)
        return;
    if (e->a == CLIENT_DEADLINE)
        deadline(a);
    else if (a->written || a->aborts)
        end_it(s, a);
    else
        write_source(s, (uint32_t)e->b);
}

/* ---- at the nodes ---- */

bool announce_open(const struct sim_node *n, const struct stamp *txn, uint64_t key)
{
    uint64_t hash;
    return txn->count > 0 && intent_find(n->node->intents, txn->epoch, txn->seq, &hash) &&
           hash == key;
}

static void add_hold(struct sim *s, struct sim_node *n, const struct dot *d, uint32_t key)
{
    struct holds *all = &n->holds;
    if (all->n == HOLDS_MAX || hold_of(n, d->epoch, d->seq) != NULL)
        return;
    all->at[all->n++] =
        (struct hold){.doubted = begin_of(s, oracle_run_of(s, d->epoch), d->seq)->aborted,
                      .key = key,
                      .epoch = d->epoch,
                      .seq = d->seq,
                      .until = sim_local(s, n->i) + d->ms * US_PER_MS};
}

void announce_applied(struct sim *s, struct sim_node *n, const struct dot *d, uint32_t key)
{
    struct hold *h = NULL;
    if (d->kind == DOT_BEGIN)
        add_hold(s, n, d, key);
    else if (d->kind == DOT_COMMIT || d->kind == DOT_ABORT)
        h = hold_of(n, d->subject_epoch, d->subject_seq);
    if (h != NULL)
        *h = n->holds.at[--n->holds.n];
}

void announce_everything(struct sim_node *n)
{
    for (uint32_t i = 0; i < n->holds.n; i++)
        n->holds.at[i].doubted = true;
}

void announce_stored(struct sim *s, struct sim_node *n, uint32_t key)
{
    const mono_us local = sim_local(s, n->i);
    for (uint32_t i = 0; i < n->holds.n; i++) {
        const struct hold *h = &n->holds.at[i];
        if (h->doubted || h->key != key)
            continue;
        sim_checked(s, CHECK_INTENT);
        if (local < h->until)
            sim_violate(s, CHECK_INTENT, "n%u stores %s while a write of it is announced", n->i,
                        s->source.keys[key].text);
    }
}

void announce_audit(struct sim *s, struct sim_node *n)
{
    if (!n->up || n->frozen || node_state(n->node) != NODE_READY ||
        s->now < n->thawed_at + AWAKE_US)
        return;
    for (uint32_t i = 0; i < n->holds.n && !s->failed; i++) {
        const struct hold *h = &n->holds.at[i];
        const mono_us end = h->until + INTENT_JITTER_US + OVER_US;
        sim_checked(s, CHECK_INTENT);
        if (!h->doubted && sim_local(s, n->i) > end)
            sim_violate(s, CHECK_INTENT, "n%u holds an announced write that ran out long ago",
                        n->i);
    }
}

/* Did the node that gave the announcement live to end it, and is it one of those that agree now? */
static bool was_ended(const struct sim *s, const struct announced *a)
{
    const struct sim_node *n = &s->nodes[a->where];
    const mono_us end = a->begun_at + a->ms * US_PER_MS + INTENT_JITTER_US + OVER_US + SPREAD_US;
    return n->up && n->run == a->run && (s->core >> n->i & 1) != 0 && s->now > end;
}

static void check_orphan(struct sim *s, const struct announced *a)
{
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++) {
        struct sim_node *n = &s->nodes[i];
        if (!n->up || n->frozen || (s->core >> i & 1) == 0 || !oracle_get(s, n, a->key))
            continue;
        const struct oracle_entry *e = &n->oracle.entries[a->key];
        if (!e->unproven && s->source.states[e->state].over <= a->commit)
            sim_violate(s, CHECK_INTENT, "n%u gives %s as it was before a client wrote and died", i,
                        s->source.keys[a->key].text);
    }
}

void announce_end(struct sim *s)
{
    for (uint32_t i = 0; i < ANNOUNCED_MAX && !s->failed; i++) {
        const struct announced *a = &s->announces.at[i];
        if (a->used && a->orphan && was_ended(s, a))
            check_orphan(s, a);
    }
}
