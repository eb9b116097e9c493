#include "heal/heal.h"

#include <assert.h>

#include "base/bytes.h"
#include "heal/answer.h"
#include "heal/audit.h"
#include "heal/exchange.h"
#include "heal/pull.h"
#include "heal/retire.h"
#include "heal/ring.h"
#include "heal/state.h"

struct heal *heal_new(struct arena *arena, const struct heal_cfg *cfg, struct ledger *ledger)
{
    assert(cfg->peers_max > 0 && cfg->pulls_max > 0 && cfg->answer_datagrams > 0);
    struct heal *h = arena_take(arena, 1, sizeof(*h));
    if (h == NULL)
        return NULL;
    *h = (struct heal){.cfg = *cfg,
                       .ledger = ledger,
                       .exchange_at = NEVER,
                       .plan_at = NEVER,
                       .look_at = cfg->retire_us == 0 ? NEVER : 0,
                       .audit_at = cfg->audit_us == 0 ? NEVER : 0};
    rng_init(&h->rng, cfg->seed);
    h->peers = arena_take(arena, cfg->peers_max, sizeof(*h->peers));
    h->pulls = arena_take(arena, cfg->pulls_max, sizeof(*h->pulls));
    h->gaps = arena_take(arena, (size_t)cfg->pulls_max * LEDGER_GAPS, sizeof(*h->gaps));
    h->questions = arena_take(arena, QUESTIONS_MAX, sizeof(*h->questions));
    h->rings = arena_take(arena, 2 * (size_t)cfg->peers_max, sizeof(*h->rings));
    h->marks = arena_take(arena, 2 * (size_t)cfg->peers_max, sizeof(*h->marks));
    if (h->peers == NULL || h->pulls == NULL || h->gaps == NULL || h->questions == NULL ||
        h->rings == NULL || h->marks == NULL)
        return NULL;
    return h;
}

/* ---- peers ---- */

struct heal_peer *heal_find_peer(const struct heal *h, uint64_t id)
{
    for (uint32_t i = 0; i < h->peers_n; i++) {
        if (h->peers[i].id == id)
            return &h->peers[i];
    }
    return NULL;
}

struct heal_peer *heal_find_origin(const struct heal *h, uint64_t epoch)
{
    for (uint32_t i = 0; i < h->peers_n; i++) {
        if (h->peers[i].epoch == epoch)
            return &h->peers[i];
    }
    return NULL;
}

bool heal_peer_ready(const struct heal_peer *p)
{
    return p->heads_due || p->reply_groups != 0 || p->reply_due || p->stream_due;
}

void heal_recount(struct heal *h, const struct heal_peer *p, bool was)
{
    h->peers_ready -= was;
    h->peers_ready += heal_peer_ready(p);
}

enum err heal_peer_up(struct heal *h, uint64_t id, uint64_t epoch)
{
    assert(id != 0);
    struct heal_peer *p = heal_find_peer(h, id);
    if (p != NULL && p->epoch == epoch)
        return OK;
    heal_peer_down(h, id); /* a new run of the same member: what we knew of the old one is void */
    if (h->peers_n == h->cfg.peers_max) {
        h->counters.peers_full++;
        return ERR_FULL;
    }
    h->peers[h->peers_n++] = (struct heal_peer){.id = id, .epoch = epoch};
    ledger_return(h->ledger, epoch);
    ledger_gone(h->ledger, 0, epoch, false);
    return OK;
}

void heal_peer_down(struct heal *h, uint64_t id)
{
    struct heal_peer *p = heal_find_peer(h, id);
    if (p == NULL)
        return;
    h->peers_ready -= heal_peer_ready(p);
    *p = h->peers[--h->peers_n];
    for (uint32_t i = 0; i < h->pulls_n; i++) {
        if (h->pulls[i].ask_to == id)
            h->pulls[i].ask_to = 0;
    }
}

void heal_rtt(struct heal *h, uint64_t id, uint64_t srtt_us)
{
    struct heal_peer *p = heal_find_peer(h, id);
    if (p != NULL && srtt_us > 0)
        p->srtt_us = srtt_us;
}

/* ---- what others say ---- */

/** A head that a peer showed. */
struct shown {
    uint64_t epoch;
    uint64_t head;
};

/** Hear a head from peer id. Returns: ERR_FULL when nothing could be recorded, else OK. */
static enum err hear(struct heal *h, mono_us now, uint64_t id, const struct shown *shown)
{
    const enum err err = ledger_hear(h->ledger, now, shown->epoch, shown->head);
    if (err != OK) /* nothing new, or refused and counted by the ledger */
        return err == ERR_FULL ? ERR_FULL : OK;
    heal_pulls_shown(h, shown->epoch, id);
    struct heal_peer *p = heal_find_peer(h, id);
    if (p != NULL)
        heal_exchange_fruitful(h, p);
    return OK;
}

enum err heal_header(struct heal *h, mono_us now, uint64_t id, uint64_t epoch,
                     const struct peer_msg *m)
{
    enum err err = OK;
    const struct shown shown = {.epoch = epoch, .head = m->head};
    if (m->head > 0)
        err = hear(h, now, id, &shown);
    h->header = (struct header){.id = id, .epoch = epoch};
    heal_ring_note(h, now, epoch, m);
    struct heal_peer *p = heal_find_peer(h, id);
    if (p != NULL)
        heal_exchange_note(h, now, p, m->vector_hash);
    return err;
}

void heal_header_out(const struct heal *h, struct peer_msg *m)
{
    m->vector_hash = ledger_vector_hash(h->ledger);
    m->retired_n = ledger_retired_n(h->ledger);
    m->forgotten_n = ledger_uncounted_n(h->ledger);
}

static enum err hear_covers(struct heal *h, mono_us now, uint64_t id, struct slice covers)
{
    struct reader r = reader_of(covers);
    struct cover c;
    enum err err = OK;
    bool malformed = false;
    while (cover_read(&r, &c)) {
        if (c.epoch == 0 || c.applied > UINT64_MAX - 66) {
            malformed = true; /* and what stands behind it is heard all the same */
            continue;
        }
        const struct shown shown = {.epoch = c.epoch, .head = cover_newest(&c)};
        /* Nothing covered yet is nothing to hear. */
        if (shown.head != 0 && hear(h, now, id, &shown) == ERR_FULL)
            err = ERR_FULL;
    }
    return r.rest.len > 0 || malformed ? ERR_MALFORMED : err;
}

/** Hear one origin that ended. What is not missing here, and whose member is gone, ends here as well. */
static enum err hear_told(struct heal *h, mono_us now, uint64_t id, const struct ring_told *told)
{
    const struct shown shown = {.epoch = told->epoch, .head = told->last};
    if ((told->last & PEER_RETIRED_MARK) != 0) {
        heal_ring_marked(h, now, told);
        return OK;
    }
    if (!heal_ring_hears(h, told))
        return OK;
    const enum err err = hear(h, now, id, &shown);
    ledger_ended(h->ledger, told->epoch, told->last);
    heal_retire_told(h, now, told->epoch);
    return err;
}

/** The answer to a question of ours may be one of several. */
static void note_answer(struct heal *h, struct heal_peer *p, const struct peer_heads *heads)
{
    const size_t len = heads->covers.len + heads->retired.len;
    if (len > 0)
        heal_exchange_answered(p);
    if (len + COVER_LEN > ANSWER_BYTES)
        heal_exchange_fruitful(h, p);
}

/** Are the numbers of the list those of the last header's run? */
static bool is_numbered(const struct heal *h, uint64_t id, const struct peer_heads *heads)
{
    return heads->retired_from != 0 && h->header.id == id;
}

/**
 * Hear origins that ended: unknown ones become gaps here. *to is the last number of the list. Without
 * room for one it is dealt with as well, by the caller's barrier.
 */
static enum err hear_retired(struct heal *h, mono_us now, uint64_t id,
                             const struct peer_heads *heads, uint32_t *to)
{
    struct reader r = reader_of(heads->retired);
    enum err err = OK;
    while (r.rest.len >= PEER_RETIRED_LEN) {
        struct ring_told told = {.number = read_u32(&r), .epoch = read_u64(&r)};
        told.last = read_u64(&r);
        if (told.number <= *to)
            return ERR_MALFORMED;
        *to = told.number;
        told.number = is_numbered(h, id, heads) ? told.number : 0;
        if (told.epoch != 0 && hear_told(h, now, id, &told) == ERR_FULL)
            err = ERR_FULL;
    }
    return r.rest.len > 0 ? ERR_MALFORMED : err;
}

/** A list of retired origins moves our position only when its numbers are those of the header's run. */
static void note_told(struct heal *h, uint64_t id, const struct peer_heads *heads, uint32_t to)
{
    if (!is_numbered(h, id, heads))
        return;
    const bool more = heal_ring_told(h, h->header.epoch, heads->retired_from, to);
    struct heal_peer *p = heal_find_peer(h, id);
    if (p != NULL && more && to > 0)
        heal_exchange_fruitful(h, p);
}

static enum err worse(enum err a, enum err b)
{
    return a == OK || b == ERR_MALFORMED ? b : a;
}

enum err heal_heads(struct heal *h, mono_us now, uint64_t id, const struct peer_heads *heads)
{
    uint32_t to = 0;
    struct heal_peer *p = heal_find_peer(h, id);
    enum err err = hear_covers(h, now, id, heads->covers);
    const enum err heard = hear_retired(h, now, id, heads, &to);
    err = worse(err, heard);
    if (heard != ERR_MALFORMED)
        note_told(h, id, heads, to);
    if (p != NULL)
        note_answer(h, p, heads);
    if (p != NULL && heads->groups.len > 0)
        err = worse(err, heal_exchange_groups(h, p, heads));
    return err;
}

void heal_pull(struct heal *h, mono_us now, uint64_t id, const struct peer_ranges *ranges)
{
    (void)now; /* answered at once */
    heal_answer_queue(h, id, ranges);
}

void heal_gone(struct heal *h, mono_us now, uint64_t id, const struct peer_ranges *ranges)
{
    struct heal_peer *p = heal_find_peer(h, id);
    if (p == NULL)
        return;
    for (size_t i = 0; i < ranges->n; i++)
        heal_pulls_gone(h, now, p, &ranges->at[i]);
}

void heal_pulled(struct heal *h, mono_us now, const struct dot *d, bool streamed)
{
    h->counters.pulled++;
    heal_pulls_progress(h, now, d, streamed);
}

/* ---- time and output ---- */

mono_us heal_deadline(const struct heal *h)
{
    mono_us at = time_min(h->exchange_at, time_min(h->look_at, h->audit_at));
    at = time_min(at, heal_ring_deadline(h));
    if (ledger_gaps(h->ledger) == 0)
        return at;
    const mono_us unseen = ledger_gap_oldest(h->ledger) + h->cfg.pull_grace_us;
    return time_min(at, h->plan_at == NEVER ? unseen : h->plan_at);
}

void heal_tick(struct heal *h, mono_us now)
{
    if (heal_deadline(h) > now)
        return;
    heal_pulls_plan(h, now);
    heal_ring_plan(h, now);
    heal_exchange_plan(h, now);
    heal_retire_plan(h, now);
    heal_audit_plan(h, now);
}

struct peer_msg *heal_msg(struct heal *h, enum peer_type type)
{
    h->msg.type = (uint8_t)type;
    h->msg.args.ranges.n = 0;
    h->msg.records_n = 0;
    h->msg.dots = (struct slice){0};
    h->msg.covers = (struct slice){0};
    return &h->msg;
}

static bool send_msg(struct heal *h, uint64_t to, struct heal_out *out)
{
    if (to != 0)
        *out = (struct heal_out){.kind = HEAL_SEND, .to = to, .msg = &h->msg};
    return to != 0;
}

static void take_stream(struct heal *h, struct heal_peer *p, struct heal_out *out)
{
    const bool was = heal_peer_ready(p);
    p->stream_due = false;
    heal_recount(h, p, was);
    *out = (struct heal_out){.kind = HEAL_STREAM, .to = p->id, .range = p->stream_range};
}

static bool poll_peers(struct heal *h, struct heal_out *out)
{
    for (uint32_t i = 0; i < h->peers_n && h->peers_ready > 0; i++) {
        struct heal_peer *p = &h->peers[i];
        if (p->stream_due) {
            take_stream(h, p, out);
            return true;
        }
        if (heal_exchange_poll(h, p))
            return send_msg(h, p->id, out);
    }
    return false;
}

/** Tell a due barrier at a new index. */
static bool take_bar(bool *due, enum heal_reason reason, uint64_t *counter, struct heal_out *out)
{
    if (!*due)
        return false;
    *due = false;
    ++*counter;
    *out = (struct heal_out){.kind = HEAL_BAR, .reason = reason};
    return true;
}

static bool poll_bars(struct heal *h, struct heal_out *out)
{
    struct heal_counters *c = &h->counters;
    return take_bar(&h->forgotten_due, HEAL_FORGOTTEN, &c->broad_forgotten, out) ||
           take_bar(&h->forked_due, HEAL_FORKED, &c->broad_forked, out) || heal_retire_poll(h, out);
}

bool heal_bar_due(const struct heal *h)
{
    return h->forgotten_due || h->forked_due || h->rings_open > 0 ||
           ledger_unended_n(h->ledger) > 0;
}

bool heal_poll(struct heal *h, mono_us now, struct heal_out *out)
{
    (void)now; /* what is due was planned by heal_tick() and by what came in */
    return poll_bars(h, out) || heal_pulls_poll_close(h, out) ||
           send_msg(h, heal_answer_poll(h), out) || send_msg(h, heal_pulls_poll_ask(h), out) ||
           poll_peers(h, out) || send_msg(h, heal_audit_poll(h), out);
}

struct heal_counters heal_counters(const struct heal *h)
{
    return h->counters;
}

struct spans heal_waits(const struct heal *h)
{
    return h->waits;
}
