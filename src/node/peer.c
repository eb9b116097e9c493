#include "node/peer.h"

#include <assert.h>
#include <string.h>

#define CHALLENGES 4096U /* power of two; a collision costs one more round trip */

struct challenge {
    uint64_t value;
    uint64_t dest;
    mono_us at;
};

struct peers {
    struct peer *at;
    uint32_t *buckets; /* index from 1 into at; 0 = empty */
    uint32_t cap;
    uint32_t buckets_n; /* power of two */
    uint32_t owing;
    mono_us owed_at; /* when the first of them is due; NEVER when owing is 0 */
    uint64_t seed;
    struct challenge *challenges;
};

struct peers *peers_new(struct arena *arena, uint32_t peers_max, uint64_t seed)
{
    uint32_t buckets_n = 8;
    while (buckets_n < peers_max)
        buckets_n *= 2;
    struct peers *t = arena_take(arena, 1, sizeof *t);
    struct peer *at = arena_take(arena, peers_max, sizeof *at);
    uint32_t *buckets = arena_take(arena, buckets_n, sizeof *buckets);
    struct challenge *challenges = arena_take(arena, CHALLENGES, sizeof *challenges);
    if (t == NULL || at == NULL || buckets == NULL || challenges == NULL)
        return NULL;
    *t = (struct peers){.at = at,
                        .buckets = buckets,
                        .cap = peers_max,
                        .buckets_n = buckets_n,
                        .seed = seed,
                        .owed_at = NEVER,
                        .challenges = challenges};
    return t;
}

/* Ids are hashes already; the seed only keeps chains apart from what an insider might choose. */
static uint32_t *bucket_of(const struct peers *t, uint64_t id)
{
    const uint64_t mixed = (id ^ t->seed) * 0x9E3779B97F4A7C15ULL;
    return &t->buckets[(mixed >> 32) & (t->buckets_n - 1)];
}

static struct peer *find(const struct peers *t, uint64_t id)
{
    for (uint32_t i = *bucket_of(t, id); i != 0; i = t->at[i - 1].next_i)
        if (t->at[i - 1].id == id)
            return &t->at[i - 1];
    return NULL;
}

struct peer *peers_find(struct peers *t, uint64_t id)
{
    return find(t, id);
}

void peers_forget(struct peers *t, uint64_t id)
{
    uint32_t *link = bucket_of(t, id);
    while (*link != 0 && t->at[*link - 1].id != id)
        link = &t->at[*link - 1].next_i;
    if (*link == 0)
        return;
    struct peer *p = &t->at[*link - 1];
    peers_paid(t, p);
    *link = p->next_i;
    *p = (struct peer){0};
}

static bool is_proven(const struct peer *p)
{
    return p->now.used && p->now.proven;
}

static struct peer *free_slot(struct peers *t)
{
    struct peer *oldest = NULL;
    for (uint32_t i = 0; i < t->cap; i++) {
        struct peer *p = &t->at[i];
        if (p->id == 0)
            return p;
        if (!is_proven(p) && (oldest == NULL || p->heard_at < oldest->heard_at))
            oldest = p;
    }
    if (oldest != NULL)
        peers_forget(t, oldest->id);
    return oldest;
}

struct peer *peers_get(struct peers *t, mono_us now, uint64_t id)
{
    assert(id != 0);
    struct peer *p = peers_find(t, id);
    if (p != NULL)
        return p;
    p = free_slot(t);
    if (p == NULL)
        return NULL;
    uint32_t *bucket = bucket_of(t, id);
    *p = (struct peer){.id = id, .next_i = *bucket, .heard_at = now};
    *bucket = (uint32_t)(p - t->at) + 1;
    return p;
}

static bool same_run(const struct run *a, const struct run *b)
{
    return memcmp(a->bytes, b->bytes, RUN_LEN) == 0;
}

/* The place of run among the retired ones; -1 when it is not there. */
static int retired_at(const struct peer *p, const struct run *run)
{
    for (int i = 0; i < (int)p->retired_n; i++)
        if (same_run(&p->retired[i], run))
            return i;
    return -1;
}

/* A process that lost its name to a second one and outlived it comes back by the front door. */
static bool may_speak(struct peer *p, const struct packet_head *head)
{
    const int i = retired_at(p, &head->run);
    if (i < 0)
        return true;
    if (head->class != PACKET_JOIN)
        return false;
    p->retired[i] = (struct run){0}; /* the zero run is nobody's */
    return true;
}

static void begin_run(struct peer_run *r, const struct run *run, bool sealed)
{
    *r = (struct peer_run){.used = true, .sealed = sealed, .run = *run};
    window_init(&r->window);
}

/* Where a run is, or is to be: the believed one, or the fresh one, which a newer stranger may take over. */
static struct peer_run *choose_place(struct peer *p, const struct run *run)
{
    if (!p->now.used || same_run(&p->now.run, run))
        return &p->now;
    return &p->fresh;
}

/* The place of a run that was heard sealed or plain; NULL when what was heard is not its own. Anybody can
 * use up counters of a run, and prove it, in plain packets: with the first sealed one it begins anew. */
static struct peer_run *place_of(struct peer *p, const struct run *run, bool sealed)
{
    struct peer_run *r = choose_place(p, run);
    const bool known = r->used && same_run(&r->run, run);
    if (known && r->sealed && !sealed)
        return NULL;
    if (!known || r->sealed != sealed)
        begin_run(r, run, sealed);
    return r;
}

enum err peers_accept(struct peers *t, mono_us now, const struct packet_head *head,
                      struct peer **peer, struct peer_run **run)
{
    struct peer *p = peers_get(t, now, head->sender);
    if (p == NULL)
        return ERR_FULL;
    if (!may_speak(p, head))
        return ERR_REPLAY;
    struct peer_run *r = place_of(p, &head->run, head->key_id != 0);
    if (r == NULL)
        return ERR_PLAIN;
    if (!window_accept(&r->window, head->counter))
        return ERR_REPLAY;
    p->heard_at = now;
    *peer = p;
    *run = r;
    return OK;
}

/** The run that was believed is over: what it says from now on is a recording, or its last bytes. */
static void retire_run(struct peer *p)
{
    p->retired[p->retired_i] = p->now.run;
    p->retired_i = (uint8_t)((p->retired_i + 1) % PEER_RETIRED);
    if (p->retired_n < PEER_RETIRED)
        p->retired_n++;
}

struct peer_run *peers_prove(struct peer *p, mono_us now, struct peer_run *run)
{
    /* What the run said before may have been taken in already, by a window that was forgotten since: a
     * recording of it must not be believed now. */
    if (!run->proven)
        memset(run->window.bits, 0xFF, sizeof run->window.bits);
    run->proven = true;
    p->proven_at = now;
    if (run == &p->now)
        return run;
    /* A run that was never believed may be the next one, whose proof is on its way: the late answer of a
     * dead process must not shut it out. */
    const struct peer_run before = p->now;
    if (before.proven)
        retire_run(p);
    p->now = *run;
    p->fresh = before.proven ? (struct peer_run){0} : before;
    p->path = (struct path){0}; /* what was measured of the old run's path is void */
    return &p->now;
}

/** Was another run proven since? */
static bool is_overtaken(const struct peer *p, const struct peer_proven *proven)
{
    return p->now.proven && !same_run(&p->now.run, &proven->run) &&
           proven->challenged_at <= p->proven_at;
}

bool peers_prove_run(struct peers *t, mono_us now, const struct peer_proven *proven)
{
    struct peer *p = peers_get(t, now, proven->id);
    if (p == NULL || retired_at(p, &proven->run) >= 0 || is_overtaken(p, proven))
        return false;
    struct peer_run *run = place_of(p, &proven->run, proven->sealed);
    if (run == NULL)
        return false;
    if (!run->proven && run->window.newest < proven->counter)
        run->window.newest = proven->counter;
    peers_prove(p, now, run);
    return true;
}

void peers_challenged(struct peers *t, mono_us now, uint64_t dest, uint64_t challenge)
{
    t->challenges[challenge & (CHALLENGES - 1)] =
        (struct challenge){.value = challenge, .dest = dest, .at = now};
}

/* A challenge older than the run that is believed now was meant for the run before it: its answer, once
 * recorded, must not bring that one back. */
static bool is_outdated(const struct peer *p, const struct challenge *c)
{
    return p != NULL && p->now.proven && c->at <= p->proven_at;
}

bool peers_answers(const struct peers *t, mono_us now, uint64_t sender, uint64_t challenge)
{
    const struct challenge *c = &t->challenges[challenge & (CHALLENGES - 1)];
    if (c->value != challenge || c->at == 0 || now - c->at >= PEER_CHALLENGE_US)
        return false;
    return (c->dest == 0 || c->dest == sender) && !is_outdated(find(t, sender), c);
}

mono_us peers_owed_at(const struct peers *t)
{
    return t->owed_at;
}

struct peer *peers_owing(struct peers *t, mono_us now, uint32_t *cursor)
{
    for (uint32_t i = 0; t->owed_at <= now && i < t->cap; i++) {
        struct peer *p = &t->at[(*cursor + i) % t->cap];
        if (p->id == 0 || !(p->owes_echo || p->owes_cover))
            continue;
        *cursor = (*cursor + i + 1) % t->cap;
        return p;
    }
    return NULL;
}

static void owe(struct peers *t, struct peer *p, mono_us due_at)
{
    if (!p->owes_echo && !p->owes_cover)
        t->owing++;
    t->owed_at = time_min(t->owed_at, due_at);
}

void peers_owe_echo(struct peers *t, mono_us now, struct peer *p, uint64_t echo)
{
    owe(t, p, now);
    p->owes_echo = true;
    p->echo = echo;
}

void peers_owe_cover(struct peers *t, mono_us now, struct peer *p)
{
    owe(t, p, now + PEER_COVER_US);
    p->owes_cover = true;
}

void peers_owe_late(struct peers *t, mono_us now, struct peer *p)
{
    if (p->owes_cover)
        return;
    owe(t, p, now + PEER_LATE_US);
    p->owes_cover = true;
}

bool peers_owe_relayed(struct peers *t, mono_us now, struct peer *p, uint64_t epoch)
{
    peers_owe_cover(t, now, p);
    for (uint8_t i = 0; i < p->relayed_n; i++)
        if (p->relayed[i] == epoch)
            return false;
    if (p->relayed_n == PEER_RELAYED)
        return false;
    p->relayed[p->relayed_n++] = epoch;
    return true;
}

void peers_paid(struct peers *t, struct peer *p)
{
    if (p->owes_echo || p->owes_cover)
        t->owing--;
    if (t->owing == 0)
        t->owed_at = NEVER;
    p->owes_echo = false;
    p->owes_cover = false;
    p->relayed_n = 0;
}

void peers_echoed(struct peers *t, struct peer *p)
{
    if (!p->owes_cover)
        peers_paid(t, p);
    p->owes_echo = false;
}
