/** node/ask.c - commands of clients: what is issued for them, and when they are told that it is done. */
#include <assert.h>
#include <string.h>

#include "node/inside.h"

/* ---- dots ---- */

static struct dot dot_of(const struct node_target *target, uint8_t tags[8 * DOT_TAGS_MAX])
{
    struct writer w = writer_of(tags, (size_t)8 * DOT_TAGS_MAX);
    for (size_t i = 0; i < target->tags_n; i++)
        write_u64(&w, target->tags[i]);
    return (struct dot){.kind = (uint8_t)target->kind,
                        .soft = target->soft,
                        .has_version = target->has_version,
                        .version = target->version,
                        .prefix_len = target->prefix_len,
                        .ms = target->ms,
                        .hash = target->hash,
                        .digest = target->digest,
                        .more = writer_slice(&w),
                        .name = {.known = true, .ns = target->ns, .target = target->target}};
}

/* A key that is invalidated all the time is not worth storing: say so in place of one kill. */
static void cool(struct node *n, mono_us now, struct dot *d)
{
    if (d->kind != DOT_KEY || d->soft || d->has_version || !hot_count(n->hot, now, d->hash))
        return;
    d->kind = DOT_NOSTORE;
    d->ms = HOT_NOSTORE_MS;
}

static uint64_t issue_target(struct node *n, mono_us now, const struct node_target *target)
{
    uint8_t tags[8 * DOT_TAGS_MAX];
    struct dot d = dot_of(target, tags);
    cool(n, now, &d);
    return apply_issue(n, now, &d);
}

static bool is_plain_key(const struct node_target *t)
{
    return t->kind == DOT_KEY && !t->soft && !t->has_version;
}

/** Is this a long list of keys in the middle of a burst of them? */
static bool is_burst(struct node *n, mono_us now, const struct node_command *c)
{
    size_t keys = 0;
    for (size_t i = 0; i < c->targets_n; i++)
        keys += is_plain_key(&c->targets[i]);
    return keys > 0 && hot_burst(n->hot, now, keys) && keys == c->targets_n &&
           keys >= n->cfg.burst_min;
}

/** One dot for many keys: it kills their neighbours, too, and it fits a datagram. */
static uint64_t issue_buckets(struct node *n, mono_us now, const struct node_command *c)
{
    uint8_t bits[DOT_BUCKETS_LEN] = {0};
    struct dot d = {.kind = DOT_BUCKETS, .more = slice_of(bits, sizeof bits)};
    for (size_t i = 0; i < c->targets_n; i++) {
        const uint32_t b = dot_bucket(c->targets[i].hash, 12);
        bits[b / 8] |= (uint8_t)(1U << b % 8);
    }
    return apply_issue(n, now, &d);
}

/* ---- replies ---- */

static void refuse(struct node *n, const struct node_command *c, enum err err)
{
    n->counters.commands_refused++;
    notice_add(n->notices,
               &(struct node_out){.kind = NODE_OUT_REPLY,
                                  .reply = {.ticket = c->ticket, .ask = c->ask, .err = err}});
}

static enum acks_level level_of(struct client_ack ack)
{
    static const enum acks_level LEVELS[] = {
        [ACK_DEFAULT] = ACKS_LOCAL, [ACK_LOCAL] = ACKS_LOCAL, [ACK_NODES] = ACKS_K,
        [ACK_QUORUM] = ACKS_QUORUM, [ACK_ALL] = ACKS_ALL,     [ACK_FENCED] = ACKS_FENCED};

    return LEVELS[ack.level];
}

/** What a command has issued: the dots from `first` to our head, and the indices of their effects. */
struct issued {
    uint64_t first;
    uint64_t index; /* of the last one */
    uint64_t ended; /* of the commit in front of a put; 0 = none */
};

/** What is kept of a command while its level is waited for: by its last sequence. */
static struct node_reply reply_of(const struct node *n, const struct node_command *c,
                                  const struct issued *issued)
{
    const uint64_t head = ledger_head(n->ledger);
    return (struct node_reply){
        .ticket = c->ticket,
        .ask = c->ask,
        .epoch = ledger_epoch(n->ledger),
        .seq = head,
        .count = (uint16_t)(head - issued->first + 1),
        .index = issued->index,
        .ended = issued->ended,
        .ack = c->ack.level == ACK_DEFAULT ? (struct client_ack){.level = ACK_LOCAL} : c->ack};
}

/* At level local the caller is told at once; else when acks_poll() says so. */
static void answer_issued(struct node *n, mono_us now, const struct node_command *c,
                          const struct issued *issued)
{
    struct node_out out = {.kind = NODE_OUT_REPLY, .reply = reply_of(n, c, issued)};
    if (level_of(c->ack) == ACKS_LOCAL) {
        out.reply.reached = true;
        out.reply.applied = &n->cfg.name;
        out.reply.applied_n = 1;
        notice_add(n->notices, &out);
        return;
    }
    struct pending *p = &n->pending[n->pending_free[--n->pending_free_n]];
    p->reply = out.reply;
    acks_begin(n->acks, now,
               &(struct acks_wait){.ticket = (uint64_t)(p - n->pending),
                                   .lo = issued->first,
                                   .hi = out.reply.seq,
                                   .level = level_of(c->ack),
                                   .k = c->ack.k,
                                   .window_us = n->cfg.policies.fence_ms * US_PER_MS,
                                   .deadline = now + c->timeout_us});
}

static size_t begins_of(const struct node_command *c)
{
    size_t begins = 0;
    for (size_t i = 0; i < c->targets_n; i++)
        begins += c->targets[i].kind == DOT_BEGIN;
    return begins;
}

/** May dots be issued now, and be waited for? */
static enum err admit(struct node *n, const struct node_command *c)
{
    /* Nobody would hear of it: our links are down, or our name is another's. */
    if (n->life.refusing)
        return ERR_REFUSED;
    if (swim_muted(n->swim) || n->life.poisoned)
        return ERR_STALE;
    if (!intents_room(n->intents, begins_of(c)))
        return ERR_FULL; /* nobody here would end what did not fit */
    const enum acks_level level = level_of(c->ack);
    if (level == ACKS_LOCAL)
        return OK;
    if (level == ACKS_FENCED && proof_state(n->proof) == PROOF_WINDOWS)
        return ERR_CONFIG; /* somebody certifies for longer than we would wait */
    return acks_admit(n->acks, level);
}

/* ---- commands ---- */

/** End the intent of one key. A commit kills, an abort only lets fills in. */
static uint64_t issue_end(struct node *n, mono_us now, enum dot_kind kind,
                          const struct intent_expired *of)
{
    struct dot d = {.kind = (uint8_t)kind,
                    .hash = of->hash,
                    .subject_epoch = of->epoch,
                    .subject_seq = of->seq};
    return apply_issue(n, now, &d);
}

/**
 * A put ends what its txn holds open of its own key, and nothing else: other keys of the txn go on. Whoever
 * announced one key twice has it committed once, so that the put knows both dots of this write. What is
 * open no longer was ended by a dot that others have seen, and that refuses the put.
 * Returns: the index of the commit; 0 when nothing was open.
 */
static uint64_t end_for_put(struct node *n, mono_us now, const struct stamp *txn, uint64_t key)
{
    struct intent_expired of = {.epoch = txn->epoch};
    uint64_t ended = 0;
    for (uint64_t i = 0; i < txn->count && i < NODE_TARGETS_MAX; i++) {
        of.seq = txn->seq - i;
        if (!intent_find(n->intents, of.epoch, of.seq, &of.hash) || of.hash != key)
            continue;
        const uint64_t index = issue_end(n, now, ended == 0 ? DOT_COMMIT : DOT_ABORT, &of);
        ended = ended == 0 ? index : ended;
    }
    return ended;
}

static void ask_issue(struct node *n, mono_us now, const struct node_command *c)
{
    struct issued issued = {.first = ledger_head(n->ledger) + 1};
    assert(c->targets_n >= 1 && c->targets_n <= NODE_TARGETS_MAX);
    assert(c->stamps_n == 0 || (c->targets_n == 1 && c->targets[0].kind == DOT_PUT));
    if (c->stamps_n > 0)
        issued.ended = end_for_put(n, now, &c->stamps[0], c->targets[0].hash);
    if (is_burst(n, now, c))
        issued.index = issue_buckets(n, now, c);
    else
        for (size_t i = 0; i < c->targets_n; i++)
            issued.index = issue_target(n, now, &c->targets[i]);
    answer_issued(n, now, c, &issued);
}

/** The key of a BEGIN, as the table of open intents has it, or, when it ran out, the log. */
static bool find_begin(const struct node *n, uint64_t epoch, uint64_t seq, uint64_t *hash)
{
    struct dot d;
    if (intent_find(n->intents, epoch, seq, hash))
        return true;
    if (!ledger_log_find(n->ledger, epoch, seq, &d) || d.kind != DOT_BEGIN)
        return false;
    *hash = d.hash;
    return true;
}

static void ask_end(struct node *n, mono_us now, const struct node_command *c)
{
    const struct stamp *txn = &c->stamps[0];
    const enum dot_kind kind = c->ask == NODE_COMMIT ? DOT_COMMIT : DOT_ABORT;
    const uint64_t begun = txn->seq - txn->count + 1;
    struct issued issued = {.first = ledger_head(n->ledger) + 1};
    struct intent_expired of = {.epoch = txn->epoch};
    bool known = c->stamps_n == 1 && txn->count <= NODE_TARGETS_MAX;
    for (uint64_t seq = begun; known && seq <= txn->seq; seq++)
        known = find_begin(n, txn->epoch, seq, &of.hash);
    if (!known) {
        refuse(n, c, ERR_UNKNOWN);
        return;
    }
    for (of.seq = begun; of.seq <= txn->seq; of.seq++) {
        if (!find_begin(n, of.epoch, of.seq, &of.hash))
            continue; /* the dots of this very command pushed it out of a tiny log: it runs out */
        issued.index = issue_end(n, now, kind, &of);
    }
    answer_issued(n, now, c, &issued);
}

static void ask_after(struct node *n, const struct node_command *c)
{
    struct node_out out = {.kind = NODE_OUT_REPLY, .reply = {.ticket = c->ticket, .ask = c->ask}};
    for (size_t i = 0; i < c->stamps_n; i++) {
        uint64_t index = 0;
        if (!after_ask(n->after, n->ledger, &c->stamps[i], &index, NULL) && index > out.reply.index)
            out.reply.index = index;
    }
    cache_publish(n->cache, ledger_l(n->ledger)); /* before the answer: tokens are minted from it */
    notice_add(n->notices, &out);
}

/** The ids of all other members that are thought to live. Returns: their number. */
static size_t others_of(const struct node *n, uint64_t ids[NODE_TRACED_MAX])
{
    size_t ids_n = 0;
    for (size_t i = 0; i < swim_members(n->swim) && ids_n < NODE_TRACED_MAX - 1; i++) {
        const struct swim_member m = swim_member_at(n->swim, i);
        if (!m.self && swim_lives(m.state))
            ids[ids_n++] = m.id;
    }
    return ids_n;
}

static void ask_trace(struct node *n, mono_us now, const struct node_command *c)
{
    uint64_t ids[NODE_TRACED_MAX];
    const struct trace_question q = {.ticket = c->ticket,
                                     .epoch = c->stamps[0].epoch,
                                     .seq = c->stamps[0].seq,
                                     .members = ids,
                                     .members_n = others_of(n, ids)};
    if (trace_ask(n->trace, now, &q) != OK)
        refuse(n, c, ERR_FULL);
}

static void ask_survey(struct node *n, mono_us now, const struct node_command *c)
{
    uint64_t ids[NODE_TRACED_MAX];
    const struct survey_question q = {
        .ticket = c->ticket, .members = ids, .members_n = others_of(n, ids)};
    if (survey_ask(n->survey, now, n->ledger, &q) != OK)
        refuse(n, c, ERR_FULL);
}

void ask_command(struct node *n, mono_us now, const struct node_command *c)
{
    n->counters.commands++;
    if (c->ask == NODE_AFTER) {
        ask_after(n, c);
    } else if (c->ask == NODE_TRACE) {
        ask_trace(n, now, c);
    } else if (c->ask == NODE_SURVEY) {
        ask_survey(n, now, c);
    } else {
        const enum err err = admit(n, c);
        if (err != OK)
            refuse(n, c, err);
        else if (c->ask == NODE_ISSUE)
            ask_issue(n, now, c);
        else
            ask_end(n, now, c);
    }
}

/* ---- what is answered later ---- */

/* Who has left hears of nobody any more: every wait ends as it stands, and a fence that is not over yet
 * is not reached. Its caller is told who has it, where a broken connection would tell nothing. */
static bool poll_acks(struct node *n, mono_us now, struct node_out *out)
{
    struct acks_done done;
    const bool left = n->life.state == NODE_LEFT;
    if (!acks_poll(n->acks, left ? NEVER : now, &done))
        return false;
    struct pending *p = &n->pending[done.ticket];
    *out = (struct node_out){.kind = NODE_OUT_REPLY, .reply = p->reply};
    out->reply.reached = done.reached && !left;
    out->reply.applied = done.applied;
    out->reply.applied_n = done.applied_n;
    out->reply.missing = done.missing;
    out->reply.missing_n = done.missing_n;
    n->pending_free[n->pending_free_n++] = (uint32_t)done.ticket;
    return true;
}

/** Does the state say when it took effect? */
static bool has_age(uint8_t state)
{
    return state == TRACE_APPLIED || state == TRACE_BARRED;
}

/** When it took effect at a member, by our clock. */
static struct late_when when_there(const struct trace_row *row)
{
    return late_there(row->asked_at, row->told_at, row->age_us);
}

/** When the dot was issued, by our clock: its effect at its issuer. false: nobody could say. */
static bool find_issued(const struct node *n, const struct trace_done *done, struct late_when *out)
{
    struct trace_dot own;
    struct swim_member m;
    if (done->epoch == ledger_epoch(n->ledger)) {
        const bool known = trace_find(n->trace, done->epoch, done->seq, &own);
        *out = late_here(known ? own.applied_at : 0);
        return known;
    }
    for (size_t i = 0; i < done->rows_n; i++) {
        const struct trace_row *row = &done->rows[i];
        if (row->silent || row->state != TRACE_APPLIED || !swim_find(n->swim, row->id, &m) ||
            m.epoch != done->epoch)
            continue;
        *out = when_there(row);
        return true;
    }
    return false;
}

static void add_row(struct node *n, const struct trace_done *done, const struct trace_row *row,
                    const struct late_when *issued)
{
    struct swim_member m;
    struct trace_dot own;
    if (!swim_find(n->swim, row->id, &m))
        return;
    struct node_traced *t = &n->traced[n->traced_n++];
    *t = (struct node_traced){.name = m.name,
                              .silent = row->silent,
                              .state = row->state,
                              .wait_us = row->wait_us,
                              .age_us = row->age_us};
    const mono_us acked = done->epoch == ledger_epoch(n->ledger)
                              ? trace_acked_at(n->trace, row->id, done->seq)
                              : NEVER;
    if (acked != NEVER && trace_find(n->trace, done->epoch, done->seq, &own) &&
        own.applied_at <= acked) {
        t->acked = true;
        t->acked_us = acked - own.applied_at;
    }
    t->timed = issued != NULL && !row->silent && has_age(row->state);
    if (!t->timed)
        return;
    const struct late_when there = when_there(row);
    const bool issuer = m.epoch == done->epoch;
    t->late = late_of(issued, &there, issuer ? 0 : t->acked ? t->acked_us : NEVER);
}

static void add_own_row(struct node *n, mono_us now, const struct trace_done *done,
                        const struct late_when *issued)
{
    const struct peer_trace ask = {.epoch = done->epoch, .seq = done->seq};
    struct peer_traced own;
    trace_answer(n->trace, now, n->ledger, &ask, &own);
    struct node_traced *t = &n->traced[n->traced_n++];
    *t = (struct node_traced){.name = n->cfg.name,
                              .state = own.state,
                              .wait_us = own.wait_us,
                              .age_us = own.age_us,
                              .timed = issued != NULL && has_age(own.state)};
    if (!t->timed)
        return;
    const struct late_when here = late_here(now - own.age_us);
    t->late = late_of(issued, &here, NEVER);
}

static bool poll_trace(struct node *n, mono_us now, struct node_out *out)
{
    struct trace_done done;
    struct late_when issued_at;
    if (!trace_done(n->trace, now, &done))
        return false;
    const struct late_when *issued = find_issued(n, &done, &issued_at) ? &issued_at : NULL;
    n->traced_n = 0;
    add_own_row(n, now, &done, issued);
    for (size_t i = 0; i < done.rows_n && n->traced_n < NODE_TRACED_MAX; i++)
        add_row(n, &done, &done.rows[i], issued);
    *out = (struct node_out){.kind = NODE_OUT_REPLY,
                             .reply = {.ticket = done.ticket,
                                       .ask = NODE_TRACE,
                                       .epoch = done.epoch,
                                       .seq = done.seq,
                                       .count = 1,
                                       .traced = n->traced,
                                       .traced_n = n->traced_n}};
    return true;
}

/** Who has meanwhile been forgotten has no name any more, and is left out. */
static void add_surveyed(struct node *n, const struct survey_done *done,
                         const struct survey_row *row)
{
    struct swim_member m = {.name = n->cfg.name};
    if (row->id != 0 && !swim_find(n->swim, row->id, &m))
        return;
    n->surveyed[n->surveyed_n++] =
        (struct node_surveyed){.name = m.name,
                               .epoch = row->silent ? m.epoch : row->epoch,
                               .silent = row->silent,
                               .after_us = row->silent ? 0 : row->told_at - done->asked_at,
                               .left = row->left,
                               .heard = row->heard,
                               .heard_n = row->heard_n};
}

static bool poll_survey(struct node *n, mono_us now, struct node_out *out)
{
    struct survey_done done;
    if (!survey_done(n->survey, now, &done))
        return false;
    n->surveyed_n = 0;
    for (size_t i = 0; i < done.rows_n; i++)
        add_surveyed(n, &done, &done.rows[i]);
    *out = (struct node_out){.kind = NODE_OUT_REPLY,
                             .reply = {.ticket = done.ticket,
                                       .ask = NODE_SURVEY,
                                       .surveyed = n->surveyed,
                                       .surveyed_n = n->surveyed_n,
                                       .took_us = now - done.asked_at}};
    return true;
}

bool ask_poll(struct node *n, mono_us now, struct node_out *out)
{
    return poll_acks(n, now, out) || poll_trace(n, now, out) || poll_survey(n, now, out);
}

/** Whoever leaves issues nothing any more; and a dot of a poisoned run may be another's. */
static bool may_issue(const struct node *n)
{
    return !n->life.refusing && !n->life.poisoned;
}

mono_us ask_deadline(const struct node *n)
{
    const mono_us told = time_min(trace_deadline(n->trace), survey_deadline(n->survey));
    const mono_us at = time_min(acks_deadline(n->acks), told);
    return time_min(at, may_issue(n) ? intent_deadline(n->intents) : NEVER);
}

void ask_tick(struct node *n, mono_us now)
{
    struct intent_expired over;
    /* Whoever announced a write may have died after its commit: what was announced counts as done. */
    while (may_issue(n) && intent_poll(n->intents, now, &over))
        (void)issue_end(n, now, DOT_COMMIT, &over);
}
