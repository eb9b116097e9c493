#include "node/trace.h"

#include <assert.h>

#include "base/rng.h"

/** One dot of the ring. */
struct seen {
    uint64_t epoch; /* 0 = free */
    uint64_t seq;
    uint32_t next_i; /* chain of the index, from 1 */
    struct trace_dot times;
};

/** A member whose covers of our own dots are remembered. */
struct acker {
    uint64_t id;   /* 0 = free */
    uint64_t upto; /* all own dots up to here have their time */
    mono_us
        since; /* when it was first heard of: what was issued before, it did not have to apply in time */
};

/** Dots that a barrier covered. */
struct barred {
    struct dot_range range;
    mono_us at;
};

struct own {
    uint64_t seq; /* 0 = none yet */
    mono_us issued_at;
    mono_us acked_at[TRACE_ACKERS];
};

struct question {
    bool open;
    bool again; /* the silent are being asked once more, or were */
    uint64_t ticket, epoch, seq;
    uint64_t challenge;
    mono_us asked_at;
    struct trace_row *rows;
    size_t rows_n;
    size_t next; /* the row to be asked next */
    size_t answers_n;
};

struct trace {
    struct trace_cfg cfg;
    struct rng rng;
    struct seen *seen; /* a ring of dots_max */
    uint64_t seen_n;   /* ever added */
    uint32_t *buckets; /* dots_max of them; index from 1 into seen, 0 = empty */
    struct own own[TRACE_OWN];
    uint64_t newest; /* own dot */
    struct acker ackers[TRACE_ACKERS];
    struct barred barred[TRACE_BARRED_MAX];
    uint64_t barred_n; /* ever added */
    struct question asks[TRACE_ASKS];
    size_t asks_n; /* open ones */
    struct trace_counters counters;
    struct trace_spans spans;
};

static bool take_tables(struct trace *t, struct arena *arena)
{
    const uint32_t members = t->cfg.members_max;
    t->seen = arena_take(arena, t->cfg.dots_max, sizeof *t->seen);
    t->buckets = arena_take(arena, t->cfg.dots_max, sizeof *t->buckets);
    for (size_t i = 0; i < TRACE_ASKS; i++) {
        t->asks[i].rows = arena_take(arena, members, sizeof *t->asks[i].rows);
        if (t->asks[i].rows == NULL)
            return false;
    }
    return t->seen != NULL && t->buckets != NULL;
}

struct trace *trace_new(struct arena *arena, const struct trace_cfg *cfg)
{
    assert(cfg->dots_max > 0 && (cfg->dots_max & (cfg->dots_max - 1)) == 0);
    assert(cfg->epoch != 0);
    struct trace *t = arena_take(arena, 1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->cfg = *cfg; /* the rest is zero, as arenas are, and untouched */
    rng_init(&t->rng, cfg->seed);
    return take_tables(t, arena) ? t : NULL;
}

/* ---- what happened here ---- */

static uint32_t *bucket_of(const struct trace *t, uint64_t epoch, uint64_t seq)
{
    const uint64_t mixed = (epoch ^ seq) * 0x9E3779B97F4A7C15ULL;
    return &t->buckets[(mixed >> 32) & (t->cfg.dots_max - 1)];
}

static struct seen *find_seen(const struct trace *t, uint64_t epoch, uint64_t seq)
{
    for (uint32_t i = *bucket_of(t, epoch, seq); i != 0; i = t->seen[i - 1].next_i)
        if (t->seen[i - 1].seq == seq && t->seen[i - 1].epoch == epoch)
            return &t->seen[i - 1];
    return NULL;
}

static void unlink_seen(struct trace *t, uint32_t slot_i)
{
    const struct seen *s = &t->seen[slot_i];
    if (s->epoch == 0)
        return;
    uint32_t *link = bucket_of(t, s->epoch, s->seq);
    while (*link != slot_i + 1)
        link = &t->seen[*link - 1].next_i;
    *link = s->next_i;
}

/** The record of a dot, made in the place of the oldest when there is none. */
static struct seen *get_seen(struct trace *t, mono_us now, uint64_t epoch, uint64_t seq)
{
    struct seen *s = find_seen(t, epoch, seq);
    if (s != NULL)
        return s;
    const uint32_t i = (uint32_t)(t->seen_n++ & (t->cfg.dots_max - 1));
    unlink_seen(t, i);
    uint32_t *bucket = bucket_of(t, epoch, seq);
    t->seen[i] = (struct seen){.epoch = epoch,
                               .seq = seq,
                               .next_i = *bucket,
                               .times = {.heard_at = now, .applied_at = NEVER}};
    *bucket = i + 1;
    return &t->seen[i];
}

void trace_heard(struct trace *t, mono_us now, uint64_t epoch, uint64_t seq)
{
    assert(epoch != 0 && seq != 0);
    get_seen(t, now, epoch, seq);
}

static void begin_own(struct trace *t, mono_us now, uint64_t seq)
{
    struct own *own = &t->own[seq % TRACE_OWN];
    own->seq = seq;
    own->issued_at = now;
    for (size_t i = 0; i < TRACE_ACKERS; i++)
        own->acked_at[i] = NEVER;
    t->newest = seq;
}

void trace_applied(struct trace *t, mono_us now, uint64_t epoch, uint64_t seq)
{
    assert(epoch != 0 && seq != 0);
    struct seen *s = get_seen(t, now, epoch, seq);
    if (s->times.applied_at == NEVER) {
        s->times.applied_at = now;
        if (epoch != t->cfg.epoch)
            spans_add(&t->spans.applied, now - s->times.heard_at);
    }
    if (epoch == t->cfg.epoch && seq > t->newest)
        begin_own(t, now, seq);
}

void trace_barred(struct trace *t, mono_us now, struct dot_range range)
{
    t->barred[t->barred_n++ % TRACE_BARRED_MAX] = (struct barred){.range = range, .at = now};
}

bool trace_find(const struct trace *t, uint64_t epoch, uint64_t seq, struct trace_dot *out)
{
    const struct seen *s = find_seen(t, epoch, seq);
    if (s != NULL)
        *out = s->times;
    return s != NULL;
}

/** The place of a member; id 0: of a free one. TRACE_ACKERS when there is none. */
static size_t acker_of(const struct trace *t, uint64_t id)
{
    size_t i = 0;
    while (i < TRACE_ACKERS && t->ackers[i].id != id)
        i++;
    return i;
}

/** The place of a member, taken for it when it has none; TRACE_ACKERS when all are taken. */
static size_t take_acker(struct trace *t, mono_us now, uint64_t id)
{
    size_t i = acker_of(t, id);
    if (i < TRACE_ACKERS)
        return i;
    i = acker_of(t, 0);
    if (i < TRACE_ACKERS)
        t->ackers[i] = (struct acker){.id = id, .since = now};
    return i;
}

void trace_member(struct trace *t, mono_us now, uint64_t id)
{
    assert(id != 0);
    (void)take_acker(t, now,
                     id); /* without a place it is not remembered: trace_acked() counts that */
}

void trace_acked(struct trace *t, mono_us now, uint64_t id, const struct cover *c)
{
    assert(id != 0);
    if (c->epoch != t->cfg.epoch)
        return;
    const size_t at = take_acker(t, now, id);
    if (at == TRACE_ACKERS) {
        t->counters.ackers_full++;
        return;
    }
    struct acker *a = &t->ackers[at];
    if (a->upto >= t->newest)
        return;
    const uint64_t kept = t->newest > TRACE_OWN ? t->newest - TRACE_OWN : 0;
    for (uint64_t seq = 1 + (a->upto > kept ? a->upto : kept); seq <= t->newest; seq++) {
        struct own *own = &t->own[seq % TRACE_OWN];
        if (own->seq != seq || own->acked_at[at] != NEVER || !cover_has(c, seq))
            continue;
        own->acked_at[at] = now;
        if (own->issued_at >= a->since)
            spans_add(&t->spans.acked, now - own->issued_at);
    }
    const uint64_t upto = c->applied < t->newest ? c->applied : t->newest;
    a->upto = upto > a->upto ? upto : a->upto;
}

void trace_gone(struct trace *t, uint64_t id)
{
    const size_t at = id == 0 ? TRACE_ACKERS : acker_of(t, id);
    if (at == TRACE_ACKERS)
        return;
    t->ackers[at] = (struct acker){0};
    for (size_t i = 0; i < TRACE_OWN; i++)
        t->own[i].acked_at[at] = NEVER;
}

mono_us trace_acked_at(const struct trace *t, uint64_t id, uint64_t seq)
{
    const size_t at = id == 0 ? TRACE_ACKERS : acker_of(t, id);
    const struct own *own = &t->own[seq % TRACE_OWN];
    return at == TRACE_ACKERS || seq == 0 || own->seq != seq ? NEVER : own->acked_at[at];
}

/* ---- answering ---- */

/** When a barrier first covered the dot; NEVER when none is remembered. */
static mono_us barred_at(const struct trace *t, uint64_t epoch, uint64_t seq)
{
    mono_us at = NEVER;
    for (size_t i = 0; i < TRACE_BARRED_MAX; i++) {
        const struct dot_range *r = &t->barred[i].range;
        if (r->epoch == epoch && r->lo <= seq && seq <= r->hi)
            at = time_min(at, t->barred[i].at);
    }
    return at;
}

/** A range that was closed may hold dots that had come before: those are in the log. */
static enum peer_trace_state state_of(const struct trace *t, const struct ledger *l, uint64_t epoch,
                                      uint64_t seq)
{
    struct origin_view o;
    struct dot d;
    if (ledger_covered(l, epoch, seq))
        return barred_at(t, epoch, seq) != NEVER && !ledger_log_find(l, epoch, seq, &d)
                   ? TRACE_BARRED
                   : TRACE_COVERED;
    return ledger_origin(l, epoch, &o) && seq <= o.head ? TRACE_MISSING : TRACE_UNKNOWN;
}

void trace_answer(const struct trace *t, mono_us now, const struct ledger *l,
                  const struct peer_trace *ask, struct peer_traced *out)
{
    struct trace_dot times;
    *out = (struct peer_traced){.challenge = ask->challenge, .state = TRACE_UNKNOWN};
    if (ask->epoch == 0 || ask->seq == 0)
        return;
    if (trace_find(t, ask->epoch, ask->seq, &times) && times.applied_at != NEVER) {
        out->state = TRACE_APPLIED;
        out->wait_us = times.applied_at - times.heard_at;
        out->age_us = now - times.applied_at;
        return;
    }
    out->state = (uint8_t)state_of(t, l, ask->epoch, ask->seq);
    if (out->state == TRACE_BARRED)
        out->age_us = now - barred_at(t, ask->epoch, ask->seq);
}

/* ---- asking others ---- */

static struct question *free_question(struct trace *t)
{
    for (size_t i = 0; i < TRACE_ASKS; i++)
        if (!t->asks[i].open)
            return &t->asks[i];
    return NULL;
}

enum err trace_ask(struct trace *t, mono_us now, const struct trace_question *q)
{
    struct question *a = free_question(t);
    if (a == NULL) {
        t->counters.asks_full++;
        return ERR_FULL;
    }
    const size_t max = t->cfg.members_max;
    *a = (struct question){.open = true,
                           .ticket = q->ticket,
                           .epoch = q->epoch,
                           .seq = q->seq,
                           .challenge = rng_next(&t->rng) | 1, /* never 0 */
                           .asked_at = now,
                           .rows = a->rows,
                           .rows_n = q->members_n < max ? q->members_n : max};
    for (size_t i = 0; i < a->rows_n; i++)
        a->rows[i] = (struct trace_row){.id = q->members[i], .silent = true};
    t->asks_n++;
    t->counters.asks++;
    return OK;
}

/** The next member of a question that is to be asked now; NULL when there is none. */
static struct trace_row *next_row(struct question *a, mono_us now)
{
    if (a->next == a->rows_n && !a->again && now >= a->asked_at + TRACE_AGAIN_US) {
        a->again = true;
        a->next = 0;
    }
    while (a->next < a->rows_n && !a->rows[a->next].silent)
        a->next++;
    return a->next < a->rows_n ? &a->rows[a->next++] : NULL;
}

bool trace_poll(struct trace *t, mono_us now, struct trace_out *out)
{
    for (size_t i = 0; t->asks_n > 0 && i < TRACE_ASKS; i++) {
        struct question *a = &t->asks[i];
        struct trace_row *row = a->open ? next_row(a, now) : NULL;
        if (row == NULL)
            continue;
        if (!a->again) /* an answer does not say to which of the two it is one */
            row->asked_at = now;
        *out = (struct trace_out){
            .to = row->id, .trace = {.challenge = a->challenge, .epoch = a->epoch, .seq = a->seq}};
        return true;
    }
    return false;
}

static bool take_answer(struct question *a, mono_us now, uint64_t id,
                        const struct peer_traced *answer)
{
    for (size_t i = 0; i < a->rows_n; i++) {
        struct trace_row *row = &a->rows[i];
        if (row->id != id || !row->silent)
            continue;
        *row = (struct trace_row){.id = id,
                                  .state = answer->state,
                                  .wait_us = answer->wait_us,
                                  .age_us = answer->age_us,
                                  .asked_at = row->asked_at,
                                  .told_at = now};
        a->answers_n++;
        return true;
    }
    return false;
}

void trace_recv(struct trace *t, mono_us now, uint64_t id, const struct peer_traced *answer)
{
    for (size_t i = 0; i < TRACE_ASKS; i++) {
        struct question *a = &t->asks[i];
        if (!a->open || a->challenge != answer->challenge || !take_answer(a, now, id, answer))
            continue;
        t->counters.answers++;
        return;
    }
    t->counters.strangers++;
}

static bool is_over(const struct question *a, mono_us now)
{
    return a->open && (a->answers_n == a->rows_n || now >= a->asked_at + TRACE_WAIT_US);
}

bool trace_done(struct trace *t, mono_us now, struct trace_done *out)
{
    for (size_t i = 0; t->asks_n > 0 && i < TRACE_ASKS; i++) {
        struct question *a = &t->asks[i];
        if (!is_over(a, now))
            continue;
        a->open = false;
        t->asks_n--;
        t->counters.silent += a->rows_n - a->answers_n;
        *out = (struct trace_done){.ticket = a->ticket,
                                   .epoch = a->epoch,
                                   .seq = a->seq,
                                   .rows = a->rows,
                                   .rows_n = a->rows_n};
        return true;
    }
    return false;
}

static mono_us question_time(const struct question *a)
{
    if (!a->open)
        return NEVER;
    if (a->answers_n == a->rows_n || a->next < a->rows_n)
        return a->asked_at;
    return a->asked_at + (a->again ? TRACE_WAIT_US : TRACE_AGAIN_US);
}

mono_us trace_deadline(const struct trace *t)
{
    mono_us at = NEVER;
    for (size_t i = 0; t->asks_n > 0 && i < TRACE_ASKS; i++)
        at = time_min(at, question_time(&t->asks[i]));
    return at;
}

struct trace_counters trace_counters(const struct trace *t)
{
    return t->counters;
}

struct trace_spans trace_spans(const struct trace *t)
{
    return t->spans;
}
