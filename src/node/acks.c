#include "node/acks.h"

#include <assert.h>
#include <string.h>

#include "node/bits.h"

/** The sets of members that a wait keeps, one bit for each slot. */
enum set {
    SNAP,    /* there at the begin */
    COVERED, /* whose present run covered the range */
    COUNTED, /* ALL: still waited for; QUORUM, FENCED: voters that had covered at stood_at */
    SETS
};

struct slot {
    uint64_t id;     /* 0 = never used */
    uint64_t run;    /* epoch of the present run */
    uint32_t next_i; /* chain of the index, from 1 */
    bool there;      /* ALIVE or SUSPECT */
    bool votes;      /* the present run */
    uint8_t name_len;
    uint8_t name[ACKS_NAME_MAX];
    mono_us alive_at;  /* the newest answered round trip with the present run was sent then */
    mono_us need_from; /* one that was sent then or later is wanted */
    mono_us asked_at;
};

struct wait {
    struct acks_wait ask;
    bool dirty;
    mono_us stood_at;  /* a majority of voters had covered; NEVER before */
    mono_us proven_at; /* and was found to have been there at one moment; NEVER before */
    mono_us full_at;   /* all expected names had covered; NEVER before */
    mono_us due_at;    /* look again then */
};

struct acks {
    struct acks_cfg cfg;
    bool votes;
    struct slot *slots;
    uint32_t slots_n; /* ever used */
    uint32_t there_n;
    uint32_t *buckets; /* index from 1 into slots; 0 = empty */
    uint32_t buckets_n;
    struct wait *waits;
    uint32_t waits_n;
    uint64_t *bits; /* SETS sets of `words` for each wait */
    size_t words;
    uint32_t cursor; /* acks_poll() goes on here */
    bool wake;       /* a wait is dirty */
    bool rounds_due; /* some wait needs round trips */
    mono_us due_at;  /* of the waits, as last looked at */
    struct slice *names;
    struct acks_counters counters;
};

static bool take_tables(struct acks *a, struct arena *arena)
{
    const size_t sets = (size_t)a->cfg.waits_max * SETS;
    a->slots = arena_take(arena, a->cfg.members_max, sizeof *a->slots);
    a->buckets = arena_take(arena, a->buckets_n, sizeof *a->buckets);
    a->waits = arena_take(arena, a->cfg.waits_max, sizeof *a->waits);
    a->bits = arena_take(arena, sets * a->words, sizeof *a->bits);
    a->names = arena_take(arena, (size_t)a->cfg.members_max + 1, sizeof *a->names);
    return a->slots != NULL && a->buckets != NULL && a->waits != NULL && a->bits != NULL &&
           a->names != NULL;
}

struct acks *acks_new(struct arena *arena, const struct acks_cfg *cfg)
{
    assert(cfg->epoch != 0 && cfg->members_max > 0 && cfg->waits_max > 0);
    struct acks *a = arena_take(arena, 1, sizeof *a);
    if (a == NULL)
        return NULL;
    *a = (struct acks){.cfg = *cfg, .buckets_n = 8, .due_at = NEVER};
    a->words = bits_words(cfg->members_max);
    while (a->buckets_n < cfg->members_max)
        a->buckets_n *= 2;
    return take_tables(a, arena) ? a : NULL;
}

uint64_t acks_fence_us(uint64_t window_us)
{
    /* A reader's clock may run 1 - rho and ours 1 + rho against real time, so what lasts D there lasts
     * up to D (1 + rho) / (1 - rho) here; D alone, or D (1 + 2 rho), is short. */
    assert(window_us < UINT64_MAX / (2 * (ACKS_DRIFT + 1)));
    return (window_us * (ACKS_DRIFT + 1) + ACKS_DRIFT - 2) / (ACKS_DRIFT - 1) + ACKS_SLACK_US;
}

/* ---- sets of slots ---- */

static uint64_t *set_of(const struct acks *a, const struct wait *w, enum set set)
{
    const size_t i = (size_t)(w - a->waits);
    return a->bits + (i * SETS + set) * a->words;
}

/* ---- members ---- */

/* Ids are hashes already. */
static uint32_t *bucket_of(const struct acks *a, uint64_t id)
{
    return &a->buckets[id & (a->buckets_n - 1)];
}

static struct slot *find(const struct acks *a, uint64_t id)
{
    for (uint32_t i = *bucket_of(a, id); i != 0; i = a->slots[i - 1].next_i)
        if (a->slots[i - 1].id == id)
            return &a->slots[i - 1];
    return NULL;
}

static bool is_named(const struct acks *a, uint32_t slot_i)
{
    for (uint32_t i = 0; i < a->waits_n; i++) {
        const struct wait *w = &a->waits[i];
        if (bits_has(set_of(a, w, SNAP), slot_i) || bits_has(set_of(a, w, COVERED), slot_i))
            return true;
    }
    return false;
}

static void unlink_slot(struct acks *a, const struct slot *s)
{
    const uint32_t i = (uint32_t)(s - a->slots) + 1;
    uint32_t *link = bucket_of(a, s->id);
    while (*link != i)
        link = &a->slots[*link - 1].next_i;
    *link = s->next_i;
}

/** A slot for a new member: an unused one, or of one that is gone and that no wait has to name. */
static struct slot *free_slot(struct acks *a)
{
    if (a->slots_n < a->cfg.members_max)
        return &a->slots[a->slots_n++];
    for (uint32_t i = 0; i < a->slots_n; i++) {
        if (a->slots[i].there || is_named(a, i))
            continue;
        unlink_slot(a, &a->slots[i]);
        return &a->slots[i];
    }
    return NULL;
}

static struct slot *add_slot(struct acks *a, const struct acks_member *m)
{
    struct slot *s = free_slot(a);
    if (s == NULL)
        return NULL;
    uint32_t *bucket = bucket_of(a, m->id);
    *s = (struct slot){
        .id = m->id, .run = m->epoch, .next_i = *bucket, .name_len = (uint8_t)m->name.len};
    memcpy(s->name, m->name.at, m->name.len);
    *bucket = (uint32_t)(s - a->slots) + 1;
    return s;
}

/** Also while acks_poll() is half way: it begins anew. */
static void touch(struct acks *a, struct wait *w)
{
    a->cursor = 0;
    w->dirty = true;
    a->wake = true;
}

static void touch_all(struct acks *a)
{
    for (uint32_t i = 0; i < a->waits_n; i++)
        touch(a, &a->waits[i]);
}

/** The run that covered is no more, and what it knew went with it. */
static void forget_run(struct acks *a, struct slot *s)
{
    const size_t i = (size_t)(s - a->slots);
    for (uint32_t k = 0; k < a->waits_n; k++) {
        struct wait *w = &a->waits[k];
        if (bits_drop(set_of(a, w, COVERED), i))
            a->counters.forgotten++;
        bits_drop(set_of(a, w, COUNTED), i);
        w->full_at = NEVER;
    }
    s->alive_at = s->need_from = s->asked_at = 0;
}

enum err acks_member(struct acks *a, const struct acks_member *m)
{
    assert(m->id != 0 && m->name.len >= 1 && m->name.len <= ACKS_NAME_MAX);
    struct slot *s = find(a, m->id);
    if (s == NULL)
        s = add_slot(a, m);
    if (s == NULL) {
        a->counters.members_full++;
        return ERR_FULL;
    }
    if (s->run != m->epoch)
        forget_run(a, s);
    if (!s->there)
        a->there_n++;
    s->run = m->epoch;
    s->votes = m->votes;
    s->there = true;
    touch_all(a);
    return OK;
}

void acks_gone(struct acks *a, uint64_t id)
{
    struct slot *s = find(a, id);
    if (s == NULL || !s->there)
        return;
    s->there = false;
    a->there_n--;
    for (uint32_t k = 0; k < a->waits_n; k++) {
        struct wait *w = &a->waits[k];
        if (w->ask.level == ACKS_ALL)
            bits_drop(set_of(a, w, COUNTED), (size_t)(s - a->slots));
    }
    touch_all(a);
}

void acks_vote(struct acks *a, bool votes)
{
    a->votes = votes;
    touch_all(a);
}

/* ---- beginning ---- */

static bool needs_majority(enum acks_level level)
{
    return level == ACKS_QUORUM || level == ACKS_FENCED;
}

/** A majority of N means nothing while more than N names are there. */
static bool is_exceeded(const struct acks *a)
{
    return a->there_n + 1 > a->cfg.expect;
}

enum err acks_admit(struct acks *a, enum acks_level level)
{
    if (needs_majority(level) && a->cfg.expect == 0)
        return ERR_CONFIG;
    if (needs_majority(level) && is_exceeded(a))
        return ERR_LIMIT;
    if (a->waits_n < a->cfg.waits_max)
        return OK;
    a->counters.waits_full++;
    return ERR_FULL;
}

void acks_begin(struct acks *a, mono_us now, const struct acks_wait *wait)
{
    assert(a->waits_n < a->cfg.waits_max);
    assert(wait->lo >= 1 && wait->lo <= wait->hi && wait->hi - wait->lo < ACKS_RANGE);
    assert(!needs_majority(wait->level) || a->cfg.expect > 0);
    struct wait *w = &a->waits[a->waits_n++];
    *w = (struct wait){
        .ask = *wait, .stood_at = NEVER, .proven_at = NEVER, .full_at = NEVER, .due_at = now};
    memset(set_of(a, w, SNAP), 0, (size_t)SETS * a->words * sizeof *a->bits);
    for (uint32_t i = 0; i < a->slots_n; i++) {
        if (!a->slots[i].there)
            continue;
        bits_add(set_of(a, w, SNAP), i);
        if (wait->level == ACKS_ALL)
            bits_add(set_of(a, w, COUNTED), i);
    }
    a->counters.begun++;
    touch(a, w);
}

/* ---- hearing ---- */

/** Sequences past `applied` count too when the mask has them: a member with a hole below the range
 *  has covered the range all the same, and will show it to whoever polls it. */
static bool covers_all(const struct cover *c, const struct acks_wait *ask)
{
    for (uint64_t seq = ask->lo; c->applied < ask->hi && seq <= ask->hi; seq++)
        if (!cover_has(c, seq))
            return false;
    return true;
}

void acks_cover(struct acks *a, uint64_t id, uint64_t run, const struct cover *c)
{
    const struct slot *s = find(a, id);
    if (s == NULL || s->run != run || c->epoch != a->cfg.epoch) {
        a->counters.strangers++;
        return;
    }
    const size_t i = (size_t)(s - a->slots);
    for (uint32_t k = 0; k < a->waits_n; k++) {
        struct wait *w = &a->waits[k];
        uint64_t *covered = set_of(a, w, COVERED);
        if (bits_has(covered, i) || !covers_all(c, &w->ask))
            continue;
        bits_add(covered, i);
        touch(a, w);
    }
}

static bool is_pending(const struct wait *w)
{
    return (w->stood_at != NEVER && w->proven_at == NEVER) || w->full_at != NEVER;
}

void acks_round(struct acks *a, uint64_t id, uint64_t run, mono_us sent_at)
{
    struct slot *s = find(a, id);
    if (s == NULL || s->run != run || sent_at <= s->alive_at)
        return;
    s->alive_at = sent_at;
    for (uint32_t k = 0; k < a->waits_n; k++)
        if (is_pending(&a->waits[k]))
            touch(a, &a->waits[k]);
}

/* ---- did a majority, or everybody, hold the dots at one moment? ---- */

/** Ask for round trips with all of the set that are sent after `at`: the turn in which `at` was read
 *  may have sent some before the last cover came in, a later turn has not. */
static void want_rounds(struct acks *a, const uint64_t *set, mono_us at)
{
    for (size_t i = bits_next(set, a->slots_n, 0); i < a->slots_n;
         i = bits_next(set, a->slots_n, i + 1))
        a->slots[i].need_from = time_max(a->slots[i].need_from, at + 1);
}

/** How many of the set vote, ourselves included; with since: of those with a round trip after it. */
static uint32_t count_voters(const struct acks *a, const uint64_t *set, const mono_us *since)
{
    uint32_t n = a->votes ? 1 : 0;
    for (size_t i = bits_next(set, a->slots_n, 0); i < a->slots_n;
         i = bits_next(set, a->slots_n, i + 1)) {
        const struct slot *s = &a->slots[i];
        if (s->votes && (since == NULL || s->alive_at > *since))
            n++;
    }
    return n;
}

/** Begin to prove anew from the voters that have covered by now. */
static void stand_anew(struct acks *a, struct wait *w, mono_us now)
{
    const uint64_t *covered = set_of(a, w, COVERED);
    uint64_t *counted = set_of(a, w, COUNTED);
    memset(counted, 0, a->words * sizeof *counted);
    for (size_t i = bits_next(covered, a->slots_n, 0); i < a->slots_n;
         i = bits_next(covered, a->slots_n, i + 1))
        if (a->slots[i].votes)
            bits_add(counted, i);
    w->stood_at = now;
    want_rounds(a, counted, now);
}

/**
 * A majority is proven when each of its runs answered a round trip that began after the last of them
 * had covered. Who is silent may be dead: when others have covered since, they are tried as well.
 */
static void prove_majority(struct acks *a, struct wait *w, mono_us now)
{
    const uint32_t m = a->cfg.expect / 2 + 1;
    if (w->proven_at != NEVER)
        return;
    const uint32_t covered = count_voters(a, set_of(a, w, COVERED), NULL);
    const uint32_t counted = count_voters(a, set_of(a, w, COUNTED), NULL);
    if (covered < m) {
        w->stood_at = NEVER;
        return;
    }
    const bool grew =
        covered > counted && w->stood_at != NEVER && now - w->stood_at >= ACKS_ROUND_US;
    if (w->stood_at == NEVER || counted < m || grew)
        stand_anew(a, w, now);
    if (count_voters(a, set_of(a, w, COUNTED), &w->stood_at) >= m)
        w->proven_at =
            now; /* a later turn than stood_at's: its clock was read after the last cover */
}

/** "All live members" would not do: one that we take for dead, or do not know yet, may still certify
 *  reads. N names that ran at one moment are all names that ran. */
static bool holds_everywhere(struct acks *a, struct wait *w, mono_us now)
{
    const uint64_t *covered = set_of(a, w, COVERED);
    if (bits_count(covered, a->words) + 1 < a->cfg.expect) {
        w->full_at = NEVER;
        return false;
    }
    if (w->full_at == NEVER) {
        w->full_at = now;
        want_rounds(a, covered, now);
    }
    for (size_t i = bits_next(covered, a->slots_n, 0); i < a->slots_n;
         i = bits_next(covered, a->slots_n, i + 1))
        if (a->slots[i].alive_at <= w->full_at)
            return false;
    return true;
}

static bool quorum_reached(struct acks *a, struct wait *w, mono_us now)
{
    if (is_exceeded(a))
        return false;
    prove_majority(a, w, now);
    return w->proven_at != NEVER;
}

/** From the moment at which the majority held the dots, not from their issue: a reader may have polled
 *  the other majority just before. */
static bool fence_reached(struct acks *a, struct wait *w, mono_us now)
{
    if (is_exceeded(a))
        return false;
    prove_majority(a, w, now);
    return holds_everywhere(a, w, now) ||
           (w->proven_at != NEVER && now - w->proven_at >= acks_fence_us(w->ask.window_us));
}

static bool all_reached(const struct acks *a, const struct wait *w)
{
    const uint64_t *covered = set_of(a, w, COVERED);
    const uint64_t *counted = set_of(a, w, COUNTED);
    for (uint32_t i = 0; i < a->words; i++)
        if ((counted[i] & ~covered[i]) != 0)
            return false;
    return true;
}

static bool is_reached(struct acks *a, struct wait *w, mono_us now)
{
    switch (w->ask.level) {
    case ACKS_LOCAL:
        return true;
    case ACKS_K:
        return bits_count(set_of(a, w, COVERED), a->words) >= w->ask.k;
    case ACKS_QUORUM:
        return quorum_reached(a, w, now);
    case ACKS_ALL:
        return all_reached(a, w);
    case ACKS_FENCED:
        return fence_reached(a, w, now);
    }
    return false;
}

/** When the wait ends without being reached, or a fence ends. */
static mono_us end_of(const struct wait *w)
{
    if (w->ask.level != ACKS_FENCED || w->proven_at == NEVER)
        return w->ask.deadline;
    return w->proven_at + acks_fence_us(w->ask.window_us);
}

/** Once that time is over only a cover of somebody else makes a difference, and it makes w dirty. */
static mono_us plan_look(const struct wait *w, mono_us now)
{
    const bool proving = w->stood_at != NEVER && w->proven_at == NEVER;
    const mono_us again = proving ? w->stood_at + ACKS_ROUND_US : NEVER;
    return time_min(end_of(w), again > now ? again : NEVER);
}

/* ---- telling ---- */

static struct slice name_of(const struct slot *s)
{
    return slice_of(s->name, s->name_len);
}

/** Who covered, from the front of names; who did not, behind them. They share it: a member is one. */
static void list_names(struct acks *a, const struct wait *w, struct acks_done *out)
{
    const uint64_t *snap = set_of(a, w, SNAP);
    const uint64_t *covered = set_of(a, w, COVERED);
    size_t n = 0;
    a->names[n++] = a->cfg.name;
    for (size_t i = bits_next(covered, a->slots_n, 0); i < a->slots_n;
         i = bits_next(covered, a->slots_n, i + 1))
        a->names[n++] = name_of(&a->slots[i]);
    out->applied = a->names;
    out->applied_n = n;
    out->missing = a->names + n;
    if (w->ask.level == ACKS_LOCAL)
        return; /* nobody was waited for */
    for (size_t i = bits_next(snap, a->slots_n, 0); i < a->slots_n;
         i = bits_next(snap, a->slots_n, i + 1))
        if (!bits_has(covered, i))
            a->names[n++] = name_of(&a->slots[i]);
    out->missing_n = n - out->applied_n;
}

static void drop_wait(struct acks *a, struct wait *w)
{
    struct wait *last = &a->waits[a->waits_n - 1];
    if (w != last) {
        memcpy(set_of(a, w, SNAP), set_of(a, last, SNAP),
               (size_t)SETS * a->words * sizeof *a->bits);
        *w = *last;
    }
    a->waits_n--;
}

static void tell(struct acks *a, struct wait *w, bool reached, struct acks_done *out)
{
    *out = (struct acks_done){.ticket = w->ask.ticket, .level = w->ask.level, .reached = reached};
    list_names(a, w, out);
    *(reached ? &a->counters.reached : &a->counters.failed) += 1;
    drop_wait(a, w);
}

/** Look at one wait. Returns: true when it ended. */
static bool look(struct acks *a, struct wait *w, mono_us now, struct acks_done *out)
{
    if (!w->dirty && now < w->due_at)
        return false;
    w->dirty = false;
    const bool reached = is_reached(a, w, now);
    if (reached || now >= end_of(w)) {
        tell(a, w, reached, out);
        return true;
    }
    w->due_at = plan_look(w, now);
    return false;
}

/** All waits were looked at: when is the next one due, and does any want round trips? */
static void rest(struct acks *a)
{
    a->cursor = 0;
    a->wake = false;
    a->rounds_due = false;
    a->due_at = NEVER;
    for (uint32_t i = 0; i < a->waits_n; i++) {
        a->due_at = time_min(a->due_at, a->waits[i].due_at);
        a->rounds_due = a->rounds_due || is_pending(&a->waits[i]);
    }
}

bool acks_poll(struct acks *a, mono_us now, struct acks_done *out)
{
    if (!a->wake && now < a->due_at)
        return false;
    a->wake = true; /* until every wait was looked at */
    while (a->cursor < a->waits_n) {
        if (look(a, &a->waits[a->cursor], now, out))
            return true; /* another one stands in its place now */
        a->cursor++;
    }
    rest(a);
    return false;
}

/** When the next round trip with this member may begin; NEVER when none is wanted. */
static mono_us round_at(const struct slot *s)
{
    if (s->alive_at >= s->need_from)
        return NEVER;
    if (s->asked_at >= s->need_from)
        return s->asked_at + ACKS_ROUND_US;
    return s->asked_at == 0 ? s->need_from : time_max(s->need_from, s->asked_at + ACKS_GAP_US);
}

bool acks_ask(struct acks *a, mono_us now, uint64_t *id)
{
    if (!a->rounds_due)
        return false;
    for (uint32_t i = 0; i < a->slots_n; i++) {
        struct slot *s = &a->slots[i];
        if (now < round_at(s))
            continue;
        s->asked_at = now;
        a->counters.rounds++;
        *id = s->id;
        return true;
    }
    return false;
}

mono_us acks_deadline(const struct acks *a)
{
    if (a->wake)
        return 0;
    mono_us at = a->due_at;
    for (uint32_t i = 0; a->rounds_due && i < a->slots_n; i++)
        at = time_min(at, round_at(&a->slots[i]));
    return at;
}

struct acks_counters acks_counters(const struct acks *a)
{
    struct acks_counters counters = a->counters;
    counters.waiting = a->waits_n;
    return counters;
}
