/* What clients give a node: dots to issue, values to store. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "node/command.h"

#include "item.h"
#include "process.h"
#include "world.h"

#define SHORT_LIVED_PER 5 /* one key of so many is cached with a time to live */
#define SHORT_LIVED_MS  20000
#define STORE_US        50000 /* at most so long between a put's dot and its store */
#define TOKEN_L_AT      8

/* ---- values ---- */

void item_make(const struct source *src, uint32_t state, struct item *out)
{
    const uint32_t len = source_value(src, state, out->value);
    const uint32_t tags_n = source_tags(src, state, out->tags);
    out->item = (struct cache_item){
        .value = slice_of(out->value, len),
        .tags = out->tags,
        .tags_n = tags_n,
        .ttl_ms = src->states[state].key % SHORT_LIVED_PER == 0 ? SHORT_LIVED_MS : 0};
}

static uint64_t stamp_of(const uint8_t token[TOKEN_LEN])
{
    struct reader r = reader_of(slice_of(token + TOKEN_L_AT, 8));
    return read_u64(&r);
}

/* Is there a copy with a newer version of the source? Looked at before it is replaced. */
static bool has_newer(struct sim *s, struct sim_node *n, uint32_t key, uint32_t version)
{
    const struct oracle_entry *e = &n->oracle.entries[key];
    if (!e->stored || !e->has_version)
        return false;
    sim_checked(s, CHECK_VERSION);
    return e->version > version && oracle_get(s, n, key);
}

static void check_stored(struct sim *s, struct sim_node *n, const struct oracle_entry *e,
                         bool newer)
{
    const uint32_t key = s->source.states[e->state].key;
    oracle_stored(s, n, e);
    if (newer)
        sim_violate(s, CHECK_VERSION, "n%u: version %u of %s takes the place of a newer one", n->i,
                    e->version, s->source.keys[key].text);
    if (!s->failed && e->stamp != 0)
        oracle_filled(s, n, key, e);
}

bool fetch_has_newer(struct sim *s, struct sim_node *n, const struct fetch *fetch)
{
    return fetch->has_version && has_newer(s, n, fetch->key, fetch->version);
}

void fetch_item(struct sim *s, const struct fetch *fetch, struct item *out)
{
    item_make(&s->source, fetch->state, out);
    out->item.has_version = fetch->has_version;
    out->item.version = fetch->version;
    out->item.fresh_ms = fetch->fresh_ms;
}

void fetch_filled(struct sim *s, struct sim_node *n, const struct fetch *fetch,
                  const struct fetch_end *end)
{
    reader_load_ended(s, n, fetch->key);
    s->counters.fills += end->stored;
    s->counters.refused += !end->stored;
    if (end->stored)
        check_stored(s, n,
                     &(struct oracle_entry){.state = fetch->state,
                                            .stored = true,
                                            .has_version = fetch->has_version,
                                            .version = fetch->version,
                                            .stamp = stamp_of(fetch->token),
                                            .until = lives_until(s, n, end->ttl_ms),
                                            .is_void = fetch->run != n->run,
                                            .run = n->run},
                     end->newer);
}

enum cache_reason workload_fill(struct sim *s, struct sim_node *n, const struct fetch *fetch)
{
    static struct item item; /* not on the stack, where the build clears it each time */
    const struct cache_key *ck = process_key(s, n, fetch->key);
    fetch_item(s, fetch, &item);
    struct fetch_end end = {.newer = fetch_has_newer(s, n, fetch), .ttl_ms = item.item.ttl_ms};
    const enum cache_reason reason =
        cache_fill(n->cache, sim_local(s, n->i), ck, &item.item, slice_of(fetch->token, TOKEN_LEN));
    end.stored = reason == CACHE_STORED;
    fetch_filled(s, n, fetch, &end);
    trace_number(&s->trace, (uint64_t)reason);
    return reason;
}

/* What nobody can prove is not kept in a strict namespace: command_put_issued() has the same rule. */
static bool may_keep(const struct sim *s, const struct change *c)
{
    return c->has_token || !policy_of(&s->policies, source_ns(s->source.keys[c->key].ns))->strict;
}

void workload_stored(struct sim *s, struct sim_node *n, const struct storing *storing)
{
    static struct item item;
    const struct change *c = &storing->change;
    const struct cache_key *ck = process_key(s, n, c->key);
    if (!may_keep(s, c))
        return;
    item_make(&s->source, c->state, &item);
    item.item.has_version = c->has_version;
    item.item.version = c->commit;
    const bool newer = c->has_version && has_newer(s, n, c->key, c->commit);
    const struct cache_written written = {
        .token = slice_of(c->token, TOKEN_LEN), .index = storing->index, .ended = storing->ended};
    const enum cache_reason reason =
        c->has_token ? cache_put_token(n->cache, sim_local(s, n->i), ck, &item.item, &written)
                     : cache_put(n->cache, sim_local(s, n->i), ck, &item.item, storing->index);
    reader_load_ended(s, n, c->key);
    s->counters.puts += reason == CACHE_STORED;
    s->counters.announced_stored += reason == CACHE_STORED && storing->ended != 0;
    if (reason == CACHE_STORED)
        check_stored(s, n,
                     &(struct oracle_entry){.state = c->state,
                                            .stored = true,
                                            .unproven = !c->has_token,
                                            .has_version = c->has_version,
                                            .version = c->commit,
                                            .stamp = c->has_token ? stamp_of(c->token) : 0,
                                            .is_void = c->has_token && c->token_run != n->run,
                                            .run = n->run,
                                            .ended_seq = storing->ended_seq,
                                            .until = lives_until(s, n, item.item.ttl_ms),
                                            .put_at = storing->issued_at},
                     newer);
    trace_number(&s->trace, (uint64_t)reason << 8);
}

/* Half of the puts are stored before anything else can happen, half some time later. */
void workload_store(struct sim *s, struct sim_node *n, const struct change *change,
                    const struct node_reply *reply)
{
    struct storing *storing = malloc(sizeof *storing);
    assert(storing != NULL);
    *storing = (struct storing){.change = *change,
                                .index = reply->index,
                                .ended = reply->ended,
                                .ended_seq = reply->ended == 0 ? 0 : reply->seq - 1,
                                .issued_at = s->now};
    const uint64_t wait_us = rng_chance(&s->work.rng, 500) ? 0 : rng_below(&s->work.rng, STORE_US);
    if (wait_us == 0) {
        workload_stored(s, n, storing);
        free(storing);
        return;
    }
    struct event *e = sim_plan(s, s->now + wait_us, EVENT_STORE, n->i);
    e->run = n->run;
    e->p = storing;
}

/* ---- dots ---- */

_Static_assert(FLOOR_KEYS >= SEVERAL_MAX, "a list of keys is kept whole");

static struct node_target target_of_pair(struct sim *s, uint32_t pair)
{
    const struct slice tags[] = {source_tag(pair % SOURCE_TAGS),
                                 source_tag(pair / SOURCE_TAGS % SOURCE_TAGS)};
    return command_target_tags(&s->hkey, source_ns(pair / SOURCE_TAGS / SOURCE_TAGS), tags, 2);
}

static struct node_target target_of(struct sim *s, const struct change *c)
{
    const struct source *src = &s->source;
    struct node_target t = {.kind = c->kind};
    switch (c->kind) {
    case DOT_KEY:
    case DOT_PUT:
    case DOT_BEGIN:
        t.ns = source_ns(src->keys[c->target].ns);
        t.target = source_name(src, c->target);
        t.hash = hash_target(&s->hkey, TARGET_KEY, t.ns, t.target);
        break;
    case DOT_TAG:
        t.ns = source_ns(c->target / SOURCE_TAGS);
        t.target = source_tag(c->target % SOURCE_TAGS);
        t.hash = hash_target(&s->hkey, TARGET_TAG, t.ns, t.target);
        break;
    case DOT_TAGS_ALL:
        t = target_of_pair(s, c->target);
        break;
    case DOT_PREFIX:
        t.ns = source_ns(c->target / SOURCE_PREFIXES);
        t.target = source_prefix(c->target);
        t.prefix_len = (uint16_t)t.target.len;
        t.hash = hash_target(&s->hkey, TARGET_PREFIX, t.ns, t.target);
        break;
    case DOT_NAMESPACE:
        t.ns = source_ns(c->target);
        t.hash = hash_target(&s->hkey, TARGET_NAMESPACE, t.ns, t.target);
        break;
    default:
        break;
    }
    t.soft = c->soft;
    t.ms = c->ms;
    t.has_version = c->has_version;
    t.version = c->has_version ? c->commit : 0;
    return t;
}

/* The digest of the value that a put is about to store. */
static struct hash128 digest_of(struct sim *s, struct sim_node *n, const struct change *c)
{
    static struct item item;
    item_make(&s->source, c->state, &item);
    item.item.has_version = c->has_version;
    item.item.version = c->commit;
    return cache_digest(n->cache, process_key(s, n, c->key), &item.item);
}

/* Whatever was committed by now was committed before the dot; a put, and a dot with a version, speak of
 * their own write. */
static struct oracle_dot dot_of(const struct sim *s, const struct change *c,
                                const struct node_target *t)
{
    const bool own = c->kind == DOT_PUT || c->has_version;
    return (struct oracle_dot){.kind = (uint8_t)c->kind,
                               .soft = c->soft,
                               .has_version = c->has_version,
                               .version = t->version,
                               .target = c->target,
                               .commit = own ? c->commit : s->source.commits,
                               .hash = t->hash,
                               .digest = t->digest};
}

/* Who was answered reads nothing older at this node from now on, whoever else has yet to hear of it. */
static void check_own(struct sim *s, struct sim_node *n, uint64_t seq)
{
    struct origin_view own;
    node_origin_at(n->node, 0, &own);
    sim_checked(s, CHECK_S12);
    if (own.applied < seq)
        sim_violate(s, CHECK_S12, "n%u answered for dot %llu and has covered %llu", n->i,
                    (unsigned long long)seq, (unsigned long long)own.applied);
}

/* The reply that came at once: of the very dots that end with seq. What it promises is looked at before
 * what it says. */
static bool check_reply(struct sim *s, struct sim_node *n, uint64_t seq, uint32_t dots)
{
    const struct node_reply *reply = &s->work.reply;
    sim_checked(s, CHECK_S19);
    if (!s->work.replied)
        sim_violate(s, CHECK_S19, "n%u does not answer a command", n->i);
    else if (reply->err == OK && n->up)
        check_own(s, n, seq);
    if (s->work.replied && reply->err == OK && (reply->seq != seq || reply->count != dots))
        sim_violate(s, CHECK_S19, "n%u answers a command with dot %llu, expected %llu", n->i,
                    (unsigned long long)reply->seq, (unsigned long long)seq);
    if (s->failed || reply->err != OK)
        return false;
    return true;
}

static uint64_t hash_of_txn(const struct sim *s, const struct change *c)
{
    const uint32_t run = oracle_run_of(s, c->txn.epoch);
    const struct oracle_dot *begun =
        run == UINT32_MAX ? NULL : oracle_dot_at(&s->runs[run], c->txn.seq);
    return begun == NULL ? 0 : begun->hash;
}

static bool ends_intent(const struct change *c)
{
    return c->kind == DOT_COMMIT || c->kind == DOT_ABORT;
}

static struct node_command command_of(const struct change *c, const struct node_target *target)
{
    struct node_command out = {
        .ticket = TICKET_NOW, .ack = c->ack, .timeout_us = c->timeout_ms * US_PER_MS};
    if (ends_intent(c)) {
        out.ask = c->kind == DOT_COMMIT ? NODE_COMMIT : NODE_ABORT;
        out.stamps[0] = c->txn;
        out.stamps_n = 1;
    } else {
        out.targets = target;
        out.targets_n = 1;
        out.stamps[0] = c->txn;
        out.stamps_n = c->txn.count > 0;
    }
    return out;
}

static void finish(struct sim *s, struct sim_node *n, const struct change *c)
{
    if (!n->up) /* it found another process with its epoch, and ended */
        return;
    if (c->kind == DOT_PUT)
        workload_store(s, n, c, &s->work.reply);
    if (c->announce != 0 && !s->failed)
        announce_reply(s, c, &s->work.reply);
}

/* Did two processes issue with this epoch? Then nobody knows which of two intents a node has. */
static bool is_of_two(const struct sim *s, uint64_t epoch)
{
    const uint32_t run = oracle_run_of(s, epoch);
    return run != UINT32_MAX && s->runs[run].cloned;
}

/* The dots that the node is to issue: a put that ends an announcement commits it first, and that commit
 * speaks of the write that is put, like the put itself. Returns: how many. */
static uint32_t expect_dots(struct sim *s, struct sim_node *n, const struct change *c,
                            const struct node_target *target)
{
    struct oracle_dot dot = dot_of(s, c, target);
    const bool two = c->kind == DOT_PUT && announce_open(n, &c->txn, target->hash);
    if (ends_intent(c) && is_of_two(s, c->txn.epoch))
        dot.kind = DOT_UNKNOWN;
    if (two)
        oracle_issue(s, n,
                     &(struct oracle_dot){.kind = DOT_COMMIT,
                                          .with_put = true,
                                          .target = c->target,
                                          .commit = c->commit,
                                          .hash = target->hash});
    oracle_issue(s, n, &dot);
    return two ? 2 : 1;
}

/* A command that a node was given. */
struct handed {
    uint64_t ticket;
    uint64_t seq;   /* of its last dot */
    uint32_t dots;  /* of it */
    uint32_t count; /* those that its caller asked for: the end of an intent is not one */
};

/* Was it accepted? Whoever gave it may name it from now on, unless the reply is to come. */
static bool is_accepted(struct sim *s, struct sim_node *n, const struct handed *h)
{
    s->work.asked = 0;
    if (s->failed)
        return false;
    const bool later = h->ticket != TICKET_NOW;
    const bool accepted =
        later ? promise_accepted(s, h->ticket) : check_reply(s, n, h->seq, h->dots);
    if (accepted && !later)
        promise_stamped(s, n, &(struct stamped){.seq = h->seq, .count = h->count, .at = s->now});
    if (accepted && later && n->up)
        check_own(s, n, h->seq);
    return accepted;
}

/* NOLINTNEXTLINE(misc-no-recursion): an announcement's reply may lead to its next command */
bool workload_issue(struct sim *s, struct sim_node *n, const struct change *change)
{
    struct node_target target = target_of(s, change);
    if (change->kind == DOT_PUT)
        target.digest = digest_of(s, n, change);
    if (ends_intent(change))
        target.hash = hash_of_txn(s, change);
    struct node_command command = command_of(change, &target);
    const uint32_t dots = expect_dots(s, n, change, &target);
    const uint64_t seq = s->runs[n->run].dots_n;
    if (change->ack.level > ACK_LOCAL)
        command.ticket = promise_open(s, n, change, seq, dots);
    s->work.replied = false;
    s->work.asked = dots;
    s->counters.invalidations++;
    sim_input(s, n->i, &(struct node_in){.kind = NODE_IN_COMMAND, .command = &command});
    const struct handed handed = {.ticket = command.ticket, .seq = seq, .dots = dots, .count = 1};
    const bool accepted = is_accepted(s, n, &handed);
    if (accepted && command.ticket == TICKET_NOW)
        finish(s, n, change);
    return accepted && !s->failed;
}

/* Hand a command over and let its node answer. In a burst a list of keys goes as one dot: whatever was
 * expected of several is then expected of that one. Returns: the number of the last dot. */
static uint64_t hand_over(struct sim *s, struct sim_node *n, const struct node_command *command)
{
    const uint32_t dots = (uint32_t)command->targets_n;
    const uint64_t expected = s->runs[n->run].dots_n;
    struct node_view view;
    node_recv(n->node, sim_local(s, n->i),
              &(struct node_in){.kind = NODE_IN_COMMAND, .command = command});
    node_inspect(n->node, &view);
    if (dots > 1 && view.head == expected - dots + 1) {
        oracle_fold(s, n, dots);
        s->work.asked = 1;
        s->counters.lists++;
        if (command->ticket != TICKET_NOW)
            promise_fold(s, command->ticket, view.head);
    }
    const uint64_t seq = s->runs[n->run].dots_n;
    sim_settle(s, n);
    return seq;
}

static uint64_t ticket_of(struct sim *s, struct sim_node *n, const struct several *several)
{
    const struct change all = {
        .count = several->n, .ack = several->ack, .timeout_ms = several->timeout_ms};
    const uint64_t seq = s->runs[n->run].dots_n + several->n;
    return several->ack.level > ACK_LOCAL ? promise_open(s, n, &all, seq, several->n) : TICKET_NOW;
}

/* Several targets of several kinds in one command: one reply, and one stamp for all of them. */
bool workload_issue_several(struct sim *s, struct sim_node *n, const struct several *several)
{
    struct node_target targets[SEVERAL_MAX];
    const struct node_command command = {.ticket = ticket_of(s, n, several),
                                         .ack = several->ack,
                                         .timeout_us = several->timeout_ms * US_PER_MS,
                                         .targets = targets,
                                         .targets_n = several->n};
    for (uint32_t i = 0; i < several->n; i++) {
        targets[i] = target_of(s, &several->at[i]);
        const struct oracle_dot dot = dot_of(s, &several->at[i], &targets[i]);
        oracle_issue(s, n, &dot);
    }
    s->work.replied = false;
    s->work.asked = several->n;
    s->counters.invalidations += several->n;
    const uint64_t seq = hand_over(s, n, &command);
    const uint32_t dots = s->work.asked; /* one, when the list was folded */
    const struct handed handed = {
        .ticket = command.ticket, .seq = seq, .dots = dots, .count = dots};
    return is_accepted(s, n, &handed) && !s->failed;
}

void workload_reply(struct sim *s, struct sim_node *n, const struct node_reply *reply)
{
    if (reply->err != OK && s->work.asked > 0)
        oracle_refused(s, n, s->work.asked);
    if (reply->ticket >= PROMISE_TICKETS) {
        promise_reply(s, n, reply);
        return;
    }
    sim_checked(s, CHECK_S19);
    if (s->work.replied)
        sim_violate(s, CHECK_S19, "n%u answers a command twice", n->i);
    s->work.replied = true;
    s->work.reply = *reply;
}

bool sim_invalidate(struct sim *s, uint32_t i, uint32_t key)
{
    const struct change change = {.kind = DOT_KEY, .key = key, .target = key};
    source_commit(&s->source, key);
    return workload_issue(s, &s->nodes[i], &change);
}
