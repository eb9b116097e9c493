#include "heal/exchange.h"

#include "base/bytes.h"
#include "heal/ring.h"
#include "wire/dots.h"

#define SILENT_MAX 3 /* questions that may have been lost before silence counts as an answer */

/** Are both vectors as they were when p was asked last? */
static bool is_unchanged(const struct heal *h, const struct heal_peer *p)
{
    return p->their_hash == p->asked_their && ledger_vector_hash(h->ledger) == p->asked_ours;
}

/**
 * An exchange that changed nothing is not repeated while both vectors stay as they are: sets of
 * forgotten origins that differ for good must not cost a packet each round trip. Who has nothing to
 * say is silent, so silence is believed after a few questions.
 */
static bool was_fruitless(const struct heal *h, const struct heal_peer *p)
{
    return is_unchanged(h, p) && !p->fruitful && (p->answered || p->silent_n >= SILENT_MAX);
}

/**
 * When the next exchange with p is due; NEVER when its last packet is too old by then to say anything,
 * and its next one decides. The grace lets dots that are under way arrive.
 */
static mono_us exchange_due(const struct heal *h, const struct heal_peer *p)
{
    if (heal_ring_open(h, p->epoch)) /* whatever the vectors say */
        return p->asked ? p->asked_at + EXCHANGE_AGAIN_US : 0;
    const uint64_t pause = was_fruitless(h, p) ? h->cfg.exchange_us : EXCHANGE_AGAIN_US;
    mono_us due = p->unequal_at + h->cfg.pull_grace_us;
    if (p->asked)
        due = time_max(due, p->asked_at + pause);
    return due <= p->seen_at + EXCHANGE_SEEN_US ? due : NEVER;
}

/** The same for the whole node: steady traffic makes all vectors differ a little all the time. */
static mono_us pace(const struct heal *h, const struct heal_peer *p)
{
    const mono_us due = exchange_due(h, p);
    if (heal_ring_open(h, p->epoch)) /* nothing is certified before it answers */
        return due;
    return h->exchanged && due != NEVER ? time_max(due, h->exchanged_at + EXCHANGE_AGAIN_US) : due;
}

void heal_exchange_note(struct heal *h, mono_us now, struct heal_peer *p, uint64_t vector_hash)
{
    if (vector_hash == ledger_vector_hash(h->ledger)) {
        p->unequal = false;
        p->was_equal = true;
        p->equal_at = now;
        if (heal_ring_open(h, p->epoch))
            h->exchange_at = time_min(h->exchange_at, pace(h, p));
        return;
    }
    if (!p->unequal)
        p->unequal_at = now;
    p->unequal = true;
    p->seen_at = now;
    p->their_hash = vector_hash;
    h->exchange_at = time_min(h->exchange_at, pace(h, p));
}

void heal_exchange_answered(struct heal_peer *p)
{
    p->answered = true;
    p->silent_n = 0;
}

void heal_exchange_fruitful(struct heal *h, struct heal_peer *p)
{
    p->fruitful = true;
    if (p->unequal)
        h->exchange_at = time_min(h->exchange_at, pace(h, p));
}

static void ask(struct heal *h, mono_us now, struct heal_peer *p)
{
    const bool was = heal_peer_ready(p);
    if (!is_unchanged(h, p))
        p->silent_n = 0;
    if (p->silent_n < SILENT_MAX)
        p->silent_n++;
    p->again = was_fruitless(h, p);
    p->asked = true;
    p->answered = false;
    p->fruitful = false;
    p->asked_their = p->their_hash;
    p->asked_ours = ledger_vector_hash(h->ledger);
    p->asked_at = now;
    p->heads_due = true;
    heal_recount(h, p, was);
    h->exchanged = true;
    h->exchanged_at = now;
}

/** Ask all whose rings must be heard, each by its own pace. */
static void ask_open(struct heal *h, mono_us now)
{
    for (uint32_t i = 0; i < h->peers_n && h->rings_open > 0; i++) {
        struct heal_peer *p = &h->peers[i];
        if (heal_ring_open(h, p->epoch) && exchange_due(h, p) <= now)
            ask(h, now, p);
    }
}

/** One of the peers with which an exchange is due, each with equal chance; NULL when there is none. */
static struct heal_peer *pick_due(struct heal *h, mono_us now)
{
    struct heal_peer *picked = NULL;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < h->peers_n; i++) {
        struct heal_peer *p = &h->peers[i];
        if (p->unequal && p->their_hash == ledger_vector_hash(h->ledger))
            p->unequal = false; /* we caught up with what it last showed */
        if (p->unequal && exchange_due(h, p) <= now && rng_below(&h->rng, ++seen) == 0)
            picked = p;
    }
    return picked;
}

void heal_exchange_plan(struct heal *h, mono_us now)
{
    if (h->exchange_at > now)
        return;
    ask_open(h, now);
    struct heal_peer *p = pick_due(h, now);
    if (p != NULL && pace(h, p) <= now)
        ask(h, now, p);
    h->exchange_at = NEVER;
    for (uint32_t i = 0; i < h->peers_n; i++) {
        if (h->peers[i].unequal || heal_ring_open(h, h->peers[i].epoch))
            h->exchange_at = time_min(h->exchange_at, pace(h, &h->peers[i]));
    }
}

enum err heal_exchange_groups(struct heal *h, struct heal_peer *p, const struct peer_heads *heads)
{
    struct reader r = reader_of(heads->groups);
    const uint64_t *ours = ledger_vector_groups(h->ledger);
    uint32_t differing = 0;
    for (uint32_t i = 0; i < LEDGER_GROUPS; i++)
        differing |= (uint32_t)(read_u64(&r) != ours[i]) << i;
    if (read_end(&r) != OK)
        return ERR_MALFORMED;
    const bool was = heal_peer_ready(p);
    p->reply_groups = differing;
    p->reply_ring = heads->ring_seen;
    p->reply_due = heads->ring_seen < ledger_uncounted_n(h->ledger);
    heal_recount(h, p, was);
    return OK;
}

static void write_groups(struct heal *h, const struct heal_peer *p)
{
    struct writer w = writer_of(h->buf, sizeof(h->buf));
    const uint64_t *groups = ledger_vector_groups(h->ledger);
    for (uint32_t i = 0; i < LEDGER_GROUPS; i++)
        write_u64(&w, groups[i]);
    heal_msg(h, PEER_HEADS)->args.heads = (struct peer_heads){
        .groups = writer_slice(&w), .ring_seen = heal_ring_ask(h, p->epoch, p->again)};
}

/** Does this origin belong into a reply about `groups`? */
static bool belongs(const struct origin_view *o, uint32_t groups)
{
    return (groups >> (o->epoch % LEDGER_GROUPS) & 1) != 0 && (o->applied > 0 || o->mask != 0);
}

/**
 * Write covers of the groups into w. It goes on where the last reply to p ended, so that repeated
 * exchanges say everything.
 */
static void write_covers(struct heal *h, struct heal_peer *p, uint32_t groups, struct writer *w)
{
    const size_t origins_n = ledger_origins(h->ledger);
    size_t at = p->reply_from % origins_n;
    size_t looked_n = 0;
    for (; looked_n < origins_n && w->len + COVER_LEN <= w->cap; looked_n++) {
        const struct origin_view o = ledger_origin_at(h->ledger, at);
        const struct cover c = {.epoch = o.epoch, .applied = o.applied, .mask = o.mask};
        if (belongs(&o, groups))
            cover_write(w, &c);
        at = (at + 1) % origins_n;
    }
    p->reply_from = (uint32_t)at;
}

/** Write a reply: retired origins that p has not heard of, and covers in the rest of one datagram. */
static bool write_reply(struct heal *h, struct heal_peer *p, uint32_t groups)
{
    struct writer ring = writer_of(h->buf, RING_BYTES);
    const uint32_t from = heal_ring_tell(h, p->reply_ring, &ring);
    struct writer covers = writer_of(h->buf + ring.len, sizeof(h->buf) - ring.len);
    write_covers(h, p, groups, &covers);
    heal_msg(h, PEER_HEADS)->args.heads = (struct peer_heads){
        .covers = writer_slice(&covers), .retired_from = from, .retired = writer_slice(&ring)};
    return ring.len + covers.len > 0;
}

bool heal_exchange_poll(struct heal *h, struct heal_peer *p)
{
    const bool was = heal_peer_ready(p);
    const uint32_t groups = p->reply_groups;
    const bool replies = groups != 0 || p->reply_due;
    const bool asks = !replies && p->heads_due;
    p->reply_groups = 0;
    p->reply_due = false;
    p->heads_due = p->heads_due && !asks;
    heal_recount(h, p, was);
    if (replies)
        return write_reply(h, p, groups);
    if (!asks)
        return false;
    write_groups(h, p);
    h->counters.exchanges++;
    return true;
}
