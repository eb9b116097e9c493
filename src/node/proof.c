/*
 * node/proof.c - why a certificate is true.
 *
 * Claim: let `fenced` with window D return for dot d, and let a read be sent after that and be
 * certified for a bound w <= D. Then its reader had covered d when it copied the value.
 *
 * 1. The writer found m = N / 2 + 1 voters that all held d at one moment T (node/acks.h), and then
 *    waited for D on any reader's clock. So at the read the horizon h, at most w old, is after T.
 * 2. h is the m-th newest of N horizons: m voters answered polls sent at h or later, so after T. Two
 *    sets of m among N names meet: some voter v held d at T and was polled after T.
 * 3. If v still was the run that held d, its answer shows d. If it was a later run it voted, so it had
 *    learned d from a name of the writer's majority, or voting began anew (node/votes.h) and this
 *    reader raised a barrier first, after d was issued.
 * 4. The answer counts only once everything that it shows is covered here: d is.
 *
 * What each guard is for. t0 is the SEND time of the poll: the answer speaks of some moment after it,
 * and nothing bounds how long the answer lay in the network; with its receipt time step 2 fails. The
 * covers include dots out of order: a voter with a hole below d has acknowledged d, and its contiguous
 * part hides it. What `covers` cannot say makes an answer partial. The clock of step 1 must be read
 * after the value was copied, and the horizon loaded before that: both are the caller's.
 *
 * An answer lists the origins that changed lately and sums the rest up in one hash over `applied`; an
 * origin that is not listed has nothing out of order there, so equal rests mean: covered alike.
 */
#include "node/proof.h"

#include <assert.h>

#include "base/bytes.h"
#include "base/rng.h"
#include "node/parts.h"
#include "wire/dots.h"

#define ASKED     8 /* polls of one voter that may still be answered */
#define SILENT    3 /* polls without an answer: long datagrams may be swallowed */
#define NARROW_US (60 * US_PER_SEC)
#define SOON_US   (5 * US_PER_MS)
#define SOON_DIV  32 /* of D: after an answer that proved nothing */

struct asked {
    uint64_t challenge; /* 0 = free */
    mono_us sent_at;
};

/** An answer that waits for dots. */
struct pending {
    bool open;
    bool bars; /* a barrier comes first */
    mono_us sent_at;
    struct cover at[PROOF_COVERS_MAX];
    size_t n;
    size_t next; /* the first that was not yet found covered: what is covered stays covered */
};

#define BARRED_MAX (2 * PROOF_EXPECT_MAX) /* a forgotten one costs one more barrier */

struct voter {
    uint64_t id; /* 0 = free */
    uint64_t epoch;
    uint32_t window_ms; /* its D, when that is another one than ours; else 0 */
    mono_us horizon;    /* 0 = none */
    mono_us round_at;   /* when the newest answered poll was sent */
    mono_us poll_at;    /* next regular poll, if anybody reads */
    mono_us ask_at;     /* a poll that acknowledgements want; NEVER = none */
    struct asked asked[ASKED];
    uint32_t asked_i;
    struct pending pending;
    struct parts parts;   /* of the newest answer that came in several */
    uint32_t silent_n;    /* polls since the last whole answer */
    mono_us narrow_until; /* it is to answer in short datagrams */
};

struct changed {
    uint64_t epoch;
    mono_us at;
};

struct proof {
    struct proof_cfg cfg;
    uint32_t window_ms;
    struct rng rng;
    enum peer_vote vote;
    size_t names_n;
    mono_us wanted_until;
    size_t pending_n;
    struct changed changed[PROOF_COVERS_MAX];
    size_t changed_n;
    uint64_t
        barred[BARRED_MAX]; /* runs for which a barrier was raised, a ring: they stay barred when
                                  * they are taken for dead and come back */
    uint32_t barred_i;
    uint8_t covers[PROOF_COVERS_MAX * COVER_LEN]; /* of the last answer */
    struct voter voters[PROOF_EXPECT_MAX];
    size_t voters_n; /* places ever used: those behind them are not looked at */
    struct proof_counters counters;
};

struct proof *proof_new(struct arena *arena, const struct proof_cfg *cfg)
{
    assert(cfg->expect <= PROOF_EXPECT_MAX);
    assert(cfg->window_us % US_PER_MS == 0 && cfg->window_us / US_PER_MS <= UINT32_MAX);
    assert(cfg->expect == 0 || cfg->window_us > 0);
    struct proof *p = arena_take(arena, 1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->cfg = *cfg; /* the rest is zero, as arenas are, and untouched */
    p->window_ms = cfg->expect == 0 ? 0 : (uint32_t)(cfg->window_us / US_PER_MS);
    rng_init(&p->rng, cfg->seed);
    return p;
}

/* ---- members ---- */

/** The voter of this id; 0 finds a free place. */
static struct voter *find(struct proof *p, uint64_t id)
{
    for (size_t i = 0; i < p->voters_n; i++)
        if (p->voters[i].id == id)
            return &p->voters[i];
    return id == 0 && p->voters_n < PROOF_EXPECT_MAX ? &p->voters[p->voters_n] : NULL;
}

static void close_pending(struct proof *p, struct voter *v)
{
    if (v->pending.open)
        p->pending_n--;
    v->pending.open = false;
}

void proof_member(struct proof *p, mono_us now, uint64_t id, uint64_t epoch)
{
    assert(id != 0 && epoch != 0);
    struct voter *v = find(p, id);
    if (v != NULL && v->epoch == epoch)
        return;
    if (v == NULL)
        v = find(p, 0);
    if (v == NULL) {
        p->counters.members_full++;
        return;
    }
    if (v == &p->voters[p->voters_n])
        p->voters_n++;
    close_pending(p, v);
    *v = (struct voter){.id = id, .epoch = epoch, .poll_at = now, .ask_at = NEVER};
}

static bool was_barred(const struct proof *p, uint64_t epoch)
{
    for (size_t i = 0; i < BARRED_MAX; i++)
        if (p->barred[i] == epoch)
            return true;
    return false;
}

void proof_gone(struct proof *p, uint64_t id)
{
    struct voter *v = id == 0 ? NULL : find(p, id);
    if (v == NULL)
        return;
    close_pending(p, v);
    *v = (struct voter){0};
}

void proof_names(struct proof *p, size_t names_n)
{
    p->names_n = names_n;
}

void proof_vote(struct proof *p, enum peer_vote vote)
{
    p->vote = vote;
}

/** Returns: does it differ, and was that not known? */
static bool note_window(struct proof *p, struct voter *v, uint32_t window_ms)
{
    const uint32_t before_ms = v->window_ms;
    v->window_ms = window_ms == p->window_ms ? 0 : window_ms;
    const bool found = p->window_ms != 0 && v->window_ms != 0 && v->window_ms != before_ms;
    p->counters.windows_found += found;
    return found;
}

bool proof_window(struct proof *p, uint64_t id, uint32_t window_ms)
{
    struct voter *v = id == 0 ? NULL : find(p, id);
    return v != NULL && note_window(p, v, window_ms);
}

uint32_t proof_own_window(const struct proof *p)
{
    return p->window_ms;
}

uint64_t proof_other_window(const struct proof *p, uint32_t *window_ms)
{
    for (size_t i = 0; i < p->voters_n; i++) {
        if (p->voters[i].window_ms == 0)
            continue;
        *window_ms = p->voters[i].window_ms;
        return p->voters[i].id;
    }
    return 0;
}

/* ---- asking ---- */

void proof_want(struct proof *p, mono_us now)
{
    p->wanted_until = time_max(p->wanted_until, now + PROOF_WANT_US);
}

void proof_ask(struct proof *p, mono_us now, uint64_t id)
{
    struct voter *v = id == 0 ? NULL : find(p, id);
    if (v != NULL)
        v->ask_at = time_min(v->ask_at, now);
}

/** When the next poll of v goes out; NEVER when nobody wants one. */
static mono_us poll_time(const struct proof *p, const struct voter *v)
{
    if (v->id == 0)
        return NEVER;
    const bool wanted = p->cfg.expect > 0 && (p->cfg.always || v->poll_at < p->wanted_until);
    return time_min(v->ask_at, wanted ? v->poll_at : NEVER);
}

static uint64_t draw_challenge(struct proof *p)
{
    const uint64_t challenge = rng_next(&p->rng);
    return challenge == 0 ? 1 : challenge;
}

/** Count a poll. Who does not answer may be dead, or at the end of a path that swallows long datagrams
 *  without a word, which who sends them cannot know. */
static bool ask_narrow(struct voter *v, mono_us now)
{
    if (v->silent_n >= SILENT)
        v->narrow_until = now + NARROW_US;
    else
        v->silent_n++;
    return now < v->narrow_until;
}

bool proof_poll(struct proof *p, mono_us now, struct proof_out *out)
{
    for (size_t i = 0; i < p->voters_n; i++) {
        struct voter *v = &p->voters[i];
        if (now < poll_time(p, v))
            continue;
        struct asked *a = &v->asked[v->asked_i++ % ASKED];
        *a = (struct asked){.challenge = draw_challenge(p), .sent_at = now};
        v->poll_at = now + p->cfg.window_us / 4;
        v->ask_at = NEVER;
        p->counters.polls++;
        *out = (struct proof_out){.to = v->id,
                                  .poll = {.challenge = a->challenge,
                                           .window_ms = p->window_ms,
                                           .narrow = ask_narrow(v, now)}};
        return true;
    }
    return false;
}

mono_us proof_deadline(const struct proof *p)
{
    mono_us at = NEVER;
    for (size_t i = 0; i < p->voters_n; i++)
        at = time_min(at, poll_time(p, &p->voters[i]));
    return at;
}

/* ---- the answers ---- */

/** When the poll with this challenge was sent to v; it is answered once. 0 = never. */
static bool take_asked(struct voter *v, uint64_t challenge, mono_us *sent_at)
{
    for (size_t i = 0; i < ASKED; i++) {
        struct asked *a = &v->asked[i];
        if (a->challenge == 0 || a->challenge != challenge)
            continue;
        *sent_at = a->sent_at;
        a->challenge = 0;
        return true;
    }
    return false;
}

static bool is_listed(const struct pending *q, uint64_t epoch)
{
    for (size_t i = 0; i < q->n; i++)
        if (q->at[i].epoch == epoch)
            return true;
    return false;
}

/** Read covers into q; false when they are malformed: an origin twice would be taken off twice. */
static bool read_covers(struct slice covers, struct pending *q)
{
    struct reader r = reader_of(covers);
    struct cover c;
    q->n = q->next = 0;
    while (r.rest.len > 0) {
        if (!cover_read(&r, &c) || q->n == PROOF_COVERS_MAX || is_listed(q, c.epoch))
            return false;
        if (cover_newest(&c) == 0 && (c.applied != 0 || c.mask != 0))
            return false;
        q->at[q->n++] = c;
    }
    return true;
}

static uint64_t own_rest(const struct ledger *l, const struct pending *q)
{
    uint64_t rest = ledger_vector_hash(l);
    for (size_t i = 0; i < q->n; i++)
        rest -= ledger_vector_term(l, q->at[i].epoch);
    return rest;
}

static bool mask_is_covered(const struct ledger *l, const struct cover *c)
{
    for (uint64_t mask = c->mask; mask != 0; mask &= mask - 1) {
        const uint64_t past = 2 + (uint64_t)__builtin_ctzll(mask);
        if (!ledger_covered(l, c->epoch, c->applied + past))
            return false;
    }
    return true;
}

/** Is everything that c shows covered here, what came out of order included? */
static bool is_covered(const struct ledger *l, const struct cover *c)
{
    struct origin_view o;
    if (ledger_origin(l, c->epoch, &o) && o.applied < c->applied)
        return false;
    if (c->applied > 0 && !ledger_covered(l, c->epoch, c->applied))
        return false; /* unknown; a retired origin, when it is no view any more, is covered whole */
    return mask_is_covered(l, c);
}

/** Count the pending answer of v if it can be counted. Returns: what became of it. */
static enum proof_verdict settle(struct proof *p, mono_us now, struct voter *v,
                                 const struct ledger *l)
{
    struct pending *q = &v->pending;
    if (now - q->sent_at > p->cfg.window_us) {
        p->counters.expired++;
        close_pending(p, v);
        return PROOF_NOTHING;
    }
    if (q->bars)
        return PROOF_BAR;
    while (q->next < q->n && is_covered(l, &q->at[q->next]))
        q->next++;
    if (q->next < q->n)
        return PROOF_PENDING;
    v->horizon = time_max(v->horizon, q->sent_at);
    p->counters.counted++;
    close_pending(p, v);
    return PROOF_COUNTED;
}

/** It proves nothing; what made it so may be over in a moment. */
static enum proof_verdict ask_again(struct proof *p, mono_us now, struct voter *v,
                                    uint64_t *counter)
{
    const uint64_t soon = p->cfg.window_us / SOON_DIV;
    v->poll_at = time_min(v->poll_at, now + (soon < SOON_US ? SOON_US : soon));
    ++*counter;
    return PROOF_NOTHING;
}

static enum proof_verdict count_nothing(uint64_t *counter)
{
    ++*counter;
    return PROOF_NOTHING;
}

/** Put the answer in the place of one that still waits: it shows all that one showed, and more. */
static enum proof_verdict accept(struct proof *p, mono_us now, struct voter *v,
                                 const struct peer_proof *proof, const struct ledger *l)
{
    const mono_us sent_at = v->round_at;
    struct pending q = {.open = true, .sent_at = sent_at};
    if (!read_covers(proof->covers, &q))
        return count_nothing(&p->counters.malformed);
    if (own_rest(l, &q) != proof->rest_hash)
        return ask_again(p, now, v, &p->counters.differing);
    q.bars = proof->vote == VOTE_ANEW && !was_barred(p, v->epoch);
    p->counters.anew += q.bars ? 1 : 0;
    p->counters.expired += v->pending.open ? 1 : 0;
    close_pending(p, v);
    v->pending = q;
    p->pending_n++;
    return settle(p, now, v, l);
}

/** Add a part. Returns: is the answer whole now? Then *proof is. */
static bool gather(struct proof *p, struct voter *v, mono_us sent_at, struct peer_proof *proof)
{
    const enum parts_verdict verdict = parts_add(&v->parts, sent_at, proof);
    p->counters.malformed += verdict == PARTS_MALFORMED;
    return verdict == PARTS_WHOLE;
}

/** Judge a whole answer: can it count, at once or later? */
static enum proof_verdict judge(struct proof *p, mono_us now, struct voter *v,
                                const struct peer_proof *proof, const struct ledger *l)
{
    if (p->cfg.expect == 0)
        return PROOF_NOTHING;
    if (proof->vote != VOTE_REGULAR && proof->vote != VOTE_ANEW)
        return count_nothing(&p->counters.none);
    if (proof->window_ms != p->window_ms)
        return count_nothing(&p->counters.windows);
    if (proof->partial)
        return ask_again(p, now, v, &p->counters.partial);
    return accept(p, now, v, proof, l);
}

enum proof_verdict proof_recv(struct proof *p, mono_us now, uint64_t id,
                              const struct peer_proof *proof, const struct ledger *l)
{
    struct voter *v = id == 0 ? NULL : find(p, id);
    const bool more = v != NULL && parts_go_on(&v->parts, proof);
    mono_us sent_at = more ? v->parts.sent_at : 0;
    struct peer_proof whole = *proof;
    if (v == NULL || (!more && !take_asked(v, proof->challenge, &sent_at))) {
        p->counters.strangers++;
        return PROOF_STRANGER;
    }
    (void)note_window(p, v, proof->window_ms); /* as the caller told, with proof_window() */
    if (sent_at < v->round_at)
        return PROOF_NOTHING; /* overtaken by a newer one */
    v->round_at = sent_at;
    if (proof->last_part > 0 && !gather(p, v, sent_at, &whole))
        return PROOF_NOTHING;
    v->silent_n = 0;
    return judge(p, now, v, &whole, l);
}

void proof_barred(struct proof *p, mono_us now, uint64_t id, uint64_t epoch, const struct ledger *l)
{
    struct voter *v = id == 0 ? NULL : find(p, id);
    if (v == NULL || v->epoch != epoch)
        return;
    p->barred[p->barred_i++ % BARRED_MAX] = epoch;
    v->pending.bars = false;
    proof_check(p, now, l);
}

void proof_check(struct proof *p, mono_us now, const struct ledger *l)
{
    for (size_t i = 0; p->pending_n > 0 && i < p->voters_n; i++)
        if (p->voters[i].pending.open)
            settle(p, now, &p->voters[i], l);
}

uint64_t proof_run(const struct proof *p, uint64_t id)
{
    for (size_t i = 0; id != 0 && i < p->voters_n; i++)
        if (p->voters[i].id == id)
            return p->voters[i].epoch;
    return 0;
}

mono_us proof_round(const struct proof *p, uint64_t id)
{
    for (size_t i = 0; id != 0 && i < p->voters_n; i++)
        if (p->voters[i].id == id)
            return p->voters[i].round_at;
    return 0;
}

/* ---- the horizon ---- */

enum proof_state proof_state(const struct proof *p)
{
    if (p->cfg.expect == 0)
        return PROOF_UNSET;
    if (p->names_n > p->cfg.expect)
        return PROOF_EXCEEDED;
    uint32_t other_ms;
    if (proof_other_window(p, &other_ms) != 0)
        return PROOF_WINDOWS;
    return PROOF_OK;
}

/** Insert at into the n times at `top`, newest first. */
static void insert_time(mono_us *top, size_t n, mono_us at)
{
    size_t i = n;
    for (; i > 0 && top[i - 1] < at; i--)
        top[i] = top[i - 1];
    top[i] = at;
}

mono_us proof_horizon(const struct proof *p, mono_us now)
{
    mono_us top[PROOF_EXPECT_MAX + 1] = {0};
    const size_t majority = p->cfg.expect / 2 + 1;
    size_t n = 0;
    if (proof_state(p) != PROOF_OK)
        return 0;
    if (p->vote != VOTE_NONE)
        insert_time(top, n++, now);
    for (size_t i = 0; i < p->voters_n; i++)
        if (p->voters[i].horizon != 0)
            insert_time(top, n++, p->voters[i].horizon);
    return n < majority ? 0 : top[majority - 1];
}

/* ---- answering ---- */

void proof_changed(struct proof *p, mono_us now, uint64_t epoch)
{
    size_t to = 0; /* the one that changed longest ago */
    for (size_t i = 0; i < p->changed_n; i++) {
        if (p->changed[i].epoch == epoch) {
            p->changed[i].at = now;
            return;
        }
        if (p->changed[i].at < p->changed[to].at)
            to = i;
    }
    if (p->changed_n < PROOF_COVERS_MAX)
        to = p->changed_n++;
    p->changed[to] = (struct changed){.epoch = epoch, .at = now};
}

/** Origins that changed in the last 2 D. More than fit stay in the rest: that is as true, but matches
 *  only at nodes that covered exactly as much. */
static void list_changed(struct proof *p, mono_us now, const struct ledger *l, struct pending *q)
{
    struct origin_view o;
    for (size_t i = 0; i < p->changed_n; i++) {
        const struct changed *c = &p->changed[i];
        if (now - c->at > 2 * p->cfg.window_us || !ledger_origin(l, c->epoch, &o))
            continue;
        q->at[q->n++] = (struct cover){.epoch = o.epoch, .applied = o.applied, .mask = o.mask};
    }
}

/** Is anything covered out of order that the answer does not show? Without gaps nothing can be. */
static bool hides_anything(const struct ledger *l, const struct pending *q)
{
    if (ledger_gaps(l) == 0)
        return false;
    for (size_t i = 0; i < ledger_origins(l); i++) {
        const struct origin_view o = ledger_origin_at(l, i);
        if (o.beyond_mask || (o.mask != 0 && !is_listed(q, o.epoch)))
            return true;
    }
    return false;
}

void proof_answer(struct proof *p, mono_us now, const struct ledger *l,
                  const struct peer_poll *poll, struct peer_proof *out)
{
    struct pending q = {0};
    list_changed(p, now, l, &q);
    struct writer w = writer_of(p->covers, sizeof p->covers);
    for (size_t i = 0; i < q.n; i++)
        cover_write(&w, &q.at[i]);
    assert(w.err == OK);
    *out = (struct peer_proof){.challenge = poll->challenge,
                               .vote = (uint8_t)p->vote,
                               .window_ms = p->window_ms,
                               .partial = hides_anything(l, &q),
                               .rest_hash = own_rest(l, &q),
                               .covers = writer_slice(&w)};
    p->counters.answers++;
}

struct proof_counters proof_counters(const struct proof *p)
{
    return p->counters;
}
