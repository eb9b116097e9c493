/** node/certify.c - who votes, what is proven, and what that lets workers certify. */
#include <assert.h>

#include "node/inside.h"

#define SYNC_EVERY_US (300 * US_PER_MS) /* while we may not vote yet: one member after the other */

static bool configured(const struct node *n)
{
    return n->cfg.policies.expect > 0;
}

enum peer_vote certify_vote(uint32_t caps)
{
    if ((caps & NODE_CAP_ANEW) != 0)
        return VOTE_ANEW;
    return (caps & NODE_CAP_VOTES) != 0 ? VOTE_REGULAR : VOTE_NONE;
}

void certify_member(struct node *n, mono_us now, const struct swim_member *m)
{
    if (m->self)
        return;
    if (!swim_lives(m->state)) {
        acks_gone(n->acks, m->id);
        proof_gone(n->proof, m->id);
        votes_gone(n->votes, m->id);
        trace_gone(n->trace, m->id);
    } else {
        const struct acks_member member = {.id = m->id,
                                           .name = m->name,
                                           .epoch = m->epoch,
                                           .votes = certify_vote(m->caps) != VOTE_NONE};
        /* Without a slot its covers are not counted: callers wait longer. It is counted there. */
        n->counters.acks_full += acks_member(n->acks, &member) != OK;
        trace_member(n->trace, now, m->id);
        proof_member(n->proof, now, m->id, m->epoch);
        votes_run(n->votes, m->id, m->epoch);
        /* The barrier that this vote costs falls now, not when somebody reads with a bound. */
        if (configured(n) && certify_vote(m->caps) == VOTE_ANEW)
            proof_ask(n->proof, now, m->id);
    }
    proof_names(n->proof, swim_alive(n->swim));
}

/* The vote is told only after what it promises is done: everybody else covers the dot that comes with
 * it before the vote counts anywhere. See node/votes.h. */
static void begin_to_vote(struct node *n, mono_us now, enum peer_vote mode)
{
    if (mode == VOTE_ANEW) {
        struct dot all = {.kind = DOT_ALL};
        (void)apply_issue(n, now, &all);
    }
    n->life.vote = mode;
    acks_vote(n->acks, true);
    proof_vote(n->proof, mode);
    swim_set_caps(n->swim, now, mode == VOTE_ANEW ? NODE_CAP_ANEW : NODE_CAP_VOTES);
}

/** Is the run that was synced with still there? What one that ended knew is too little by now. */
static bool is_current(const struct node *n, const struct synced *s)
{
    struct swim_member m;
    return swim_find(n->swim, s->id, &m) && swim_lives(m.state) && m.epoch == s->epoch;
}

/* What a sync brought counts once nothing that was heard of is missing any more. */
static void note_syncs(struct node *n)
{
    if (n->life.synced_n == 0 || ledger_gaps(n->ledger) > 0)
        return;
    for (size_t i = 0; i < n->life.synced_n; i++) {
        const struct synced *s = &n->life.synced[i];
        if (!is_current(n, s))
            continue;
        n->counters.votes_full += votes_synced(n->votes, s->id, s->epoch, s->vote) != OK;
    }
    n->life.synced_n = 0;
}

void certify_synced(struct node *n, uint64_t id, uint64_t epoch, enum peer_vote vote)
{
    if (!configured(n) || n->life.synced_n == NODE_SYNCED_MAX)
        return; /* it is synced with again, as long as we do not vote */
    n->life.synced[n->life.synced_n++] = (struct synced){.id = id, .epoch = epoch, .vote = vote};
}

/** Sync with the next member in turn. */
static void sync_next(struct node *n, mono_us now)
{
    const size_t members = swim_members(n->swim);
    n->life.sync_at = now + SYNC_EVERY_US;
    for (size_t i = 0; i < members; i++) {
        const struct swim_member m = swim_member_at(n->swim, n->life.sync_next++ % members);
        if (m.self || !swim_lives(m.state))
            continue;
        stream_open_sync(n, now, &m);
        return;
    }
}

static void vote(struct node *n, mono_us now)
{
    if (n->life.vote != VOTE_NONE || n->life.state != NODE_READY || n->life.poisoned)
        return;
    note_syncs(n);
    const enum peer_vote mode = votes_mode(n->votes);
    if (mode != VOTE_NONE)
        begin_to_vote(n, now, mode);
    else if (now >= n->life.sync_at)
        sync_next(n, now);
}

/** Readers ask workers, workers leave a mark in the cache, and here the polling begins. */
static void mind_readers(struct node *n, mono_us now)
{
    const mono_us wanted = cache_proof_wanted(n->cache);
    if (wanted > n->life.proof_wanted) {
        n->life.proof_wanted = wanted;
        proof_want(n->proof, now);
    }
}

/** Where we are a majority no answer comes that would make the horizon rise: time must. */
static mono_us turn_at(const struct node *n, mono_us now)
{
    const uint64_t period = n->cfg.policies.fence_ms * US_PER_MS / 4;
    const mono_us wanted = n->life.proof_wanted;
    const bool read =
        policies_strict(&n->cfg.policies) || (wanted != 0 && now < wanted + PROOF_WANT_US);
    return n->cfg.policies.expect == 1 && read ? now + period : NEVER;
}

void certify_tick(struct node *n, mono_us now)
{
    uint64_t id;
    if (!configured(n))
        return;
    vote(n, now);
    mind_readers(n, now);
    while (acks_ask(n->acks, now, &id))
        proof_ask(n->proof, now, id);
    if (now >= n->life.turn_at || n->life.turn_at == NEVER)
        n->life.turn_at = turn_at(n, now);
}

mono_us certify_deadline(const struct node *n)
{
    if (!configured(n))
        return NEVER;
    const bool waits = n->life.vote == VOTE_NONE && n->life.state == NODE_READY;
    const mono_us at = time_min(proof_deadline(n->proof), n->life.turn_at);
    return time_min(at, waits ? n->life.sync_at : NEVER);
}

void certify_publish(struct node *n, mono_us now)
{
    if (!configured(n) || heal_bar_due(n->heal)) /* the barrier first */
        return;
    proof_check(n->proof, now, n->ledger);
    cache_horizon_publish(n->cache, proof_horizon(n->proof, now));
}

/* ---- messages ---- */

void certify_window(struct node *n, uint64_t id, uint32_t window_ms)
{
    struct swim_member m;
    if (!proof_window(n->proof, id, window_ms) || !configured(n) || !swim_find(n->swim, id, &m))
        return;
    notice_add(n->notices, &(struct node_out){.kind = NODE_OUT_WINDOWS,
                                              .windows = {.with = m.name,
                                                          .ours_ms = proof_own_window(n->proof),
                                                          .theirs_ms = window_ms}});
}

static void recv_poll(struct node *n, uint64_t id, const struct peer_poll *poll)
{
    certify_window(n, id, poll->window_ms);
    if (n->polled_n < NODE_POLLED_MAX) /* else it asks again */
        n->polled[n->polled_n++] = (struct polled){.from = id, .type = PEER_POLL, .poll = *poll};
}

static void recv_proof(struct node *n, mono_us now, uint64_t id, uint64_t epoch,
                       const struct peer_proof *proof)
{
    if (proof_run(n->proof, id) != epoch)
        return; /* of another run than the one that was polled: it would be judged as that one */
    certify_window(n, id, proof->window_ms);
    const enum proof_verdict verdict = proof_recv(n->proof, now, id, proof, n->ledger);
    if (verdict == PROOF_BAR) {
        apply_floor(n, 0);
        proof_barred(n->proof, now, id, epoch, n->ledger);
    }
    if (verdict != PROOF_STRANGER)
        acks_round(n->acks, id, epoch, proof_round(n->proof, id));
}

void certify_recv(struct node *n, mono_us now, uint64_t id, uint64_t epoch,
                  const struct peer_msg *m)
{
    if (m->type == PEER_POLL)
        recv_poll(n, id, &m->args.poll);
    else if (m->type == PEER_PROOF)
        recv_proof(n, now, id, epoch, &m->args.proof);
    else if (m->type == PEER_TRACED)
        trace_recv(n->trace, now, id, &m->args.traced);
    else if (m->type == PEER_SURVEYED)
        survey_recv(n->survey, now, id, epoch, &m->args.surveyed);
    else if (m->type == PEER_TRACE && n->polled_n < NODE_POLLED_MAX)
        n->polled[n->polled_n++] =
            (struct polled){.from = id, .type = PEER_TRACE, .trace = m->args.trace};
    else if (m->type == PEER_SURVEY && n->polled_n < NODE_POLLED_MAX)
        n->polled[n->polled_n++] =
            (struct polled){.from = id, .type = PEER_SURVEY, .survey = m->args.survey};
}

/** How many covers a PROOF to that node may have, so that it comes there. */
static size_t covers_a_part(const struct node *n, mono_us now, const struct polled *p)
{
    const struct peer_msg blank = {.type = PEER_PROOF, .args.proof.last_part = PEER_PARTS_MAX - 1};
    const size_t least = PATH_LEAST - PACKET_OVERHEAD;
    const size_t room = p->poll.narrow ? least : datagram_room(n, now, p->from);
    return (room - DATAGRAM_HEADER_ROOM - peer_msg_len(&blank)) / COVER_LEN;
}

/** Begin to answer a POLL: all parts tell of this moment. */
static void begin_proving(struct node *n, mono_us now, const struct polled *p)
{
    struct proving *g = &n->proving;
    const size_t most = covers_a_part(n, now, p);
    proof_answer(n->proof, now, n->ledger, &p->poll, &g->whole);
    const size_t covers_n = g->whole.covers.len / COVER_LEN;
    const size_t parts = covers_n <= most ? 1 : (covers_n + most - 1) / most;
    assert(parts <= PEER_PARTS_MAX);
    g->to = p->from;
    g->part_len = most * COVER_LEN;
    g->whole.last_part = (uint8_t)(parts - 1);
}

/** Write the next part of the answer that was begun. */
static uint64_t prove(struct node *n, struct peer_msg *m)
{
    struct proving *g = &n->proving;
    const uint64_t to = g->to;
    const size_t from = g->whole.part * g->part_len;
    const size_t left = g->whole.covers.len - from;
    m->type = PEER_PROOF;
    m->args.proof = g->whole;
    m->args.proof.covers =
        slice_of(g->whole.covers.at + from, left < g->part_len ? left : g->part_len);
    if (g->whole.part++ == g->whole.last_part)
        g->to = 0;
    return to;
}

/** Write what we have of origins, as much of it as comes there. */
static void tell_origins(struct node *n, mono_us now, const struct polled *p, struct peer_msg *m)
{
    const struct peer_msg blank = {.type = PEER_SURVEYED,
                                   .args.surveyed = {.after = UINT64_MAX, .left = UINT32_MAX}};
    const size_t used = DATAGRAM_HEADER_ROOM + peer_msg_len(&blank);
    const size_t room = (datagram_room(n, now, p->from) - used) / PEER_HEARD_LEN;
    m->type = PEER_SURVEYED;
    survey_answer(n->ledger, &p->survey, room, &m->args.surveyed);
}

/** Write one answer. The order does not matter: all are written before the next input. */
static uint64_t answer_polled(struct node *n, mono_us now, struct peer_msg *m)
{
    const struct polled *p = &n->polled[--n->polled_n];
    if (p->type == PEER_SURVEY) {
        tell_origins(n, now, p, m);
        return p->from;
    }
    if (p->type == PEER_TRACE) {
        m->type = PEER_TRACED;
        trace_answer(n->trace, now, n->ledger, &p->trace, &m->args.traced);
        return p->from;
    }
    begin_proving(n, now, p);
    return prove(n, m);
}

uint64_t certify_compose(struct node *n, mono_us now, struct peer_msg *m)
{
    struct proof_out poll;
    struct trace_out trace;
    struct survey_out survey;
    if (n->proving.to != 0)
        return prove(n, m);
    if (n->polled_n > 0)
        return answer_polled(n, now, m);
    if (proof_poll(n->proof, now, &poll)) {
        m->type = PEER_POLL;
        m->args.poll = poll.poll;
        return poll.to;
    }
    if (trace_poll(n->trace, now, &trace)) {
        m->type = PEER_TRACE;
        m->args.trace = trace.trace;
        return trace.to;
    }
    if (survey_poll(n->survey, now, &survey)) {
        m->type = PEER_SURVEY;
        m->args.survey = survey.survey;
        return survey.to;
    }
    return 0;
}
