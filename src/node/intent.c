#include "node/intent.h"

#include <assert.h>

#include "base/rng.h"

struct intent {
    struct intent_expired it;
    mono_us due_at; /* of a foreign one, the jitter included */
};

struct intents {
    struct intent_cfg cfg;
    struct rng rng;
    struct intent *at; /* the first n are open */
    uint32_t n;
    mono_us due_at; /* the earliest, or earlier than that */
    struct intent_counters counters;
};

struct intents *intents_new(struct arena *arena, const struct intent_cfg *cfg)
{
    assert(cfg->epoch != 0 && cfg->open_max > 0);
    struct intents *t = arena_take(arena, 1, sizeof *t);
    struct intent *at = arena_take(arena, cfg->open_max, sizeof *at);
    if (t == NULL || at == NULL)
        return NULL;
    *t = (struct intents){.cfg = *cfg, .at = at, .due_at = NEVER};
    rng_init(&t->rng, cfg->seed);
    return t;
}

bool intents_room(const struct intents *t, size_t n)
{
    return n <= t->cfg.open_max - t->n;
}

static struct intent *find(const struct intents *t, uint64_t epoch, uint64_t seq)
{
    for (uint32_t i = 0; i < t->n; i++)
        if (t->at[i].it.seq == seq && t->at[i].it.epoch == epoch)
            return &t->at[i];
    return NULL;
}

enum err intent_begin(struct intents *t, mono_us now, const struct dot *begin, uint64_t ticket)
{
    assert(begin->kind == DOT_BEGIN && begin->epoch != 0 && begin->seq != 0);
    if (find(t, begin->epoch, begin->seq) != NULL)
        return ERR_DUPLICATE;
    if (!intents_room(t, 1)) {
        t->counters.full++;
        return ERR_FULL;
    }
    const bool own = begin->epoch == t->cfg.epoch;
    const uint64_t jitter = own ? 0 : rng_below(&t->rng, INTENT_JITTER_US + 1);
    struct intent *in = &t->at[t->n++];
    *in = (struct intent){.it = {.epoch = begin->epoch,
                                 .seq = begin->seq,
                                 .hash = begin->hash,
                                 .own = own,
                                 .ticket = own ? ticket : 0},
                          .due_at = now + begin->ms * US_PER_MS + jitter};
    t->due_at = time_min(t->due_at, in->due_at);
    t->counters.begun++;
    return OK;
}

bool intent_find(const struct intents *t, uint64_t epoch, uint64_t seq, uint64_t *hash)
{
    const struct intent *in = find(t, epoch, seq);
    if (in != NULL)
        *hash = in->it.hash;
    return in != NULL;
}

static void drop(struct intents *t, struct intent *in)
{
    *in = t->at[--t->n];
}

bool intent_end(struct intents *t, uint64_t epoch, uint64_t seq)
{
    struct intent *in = find(t, epoch, seq);
    if (in == NULL)
        return false;
    drop(t, in);
    t->counters.ended++;
    return true;
}

/** The open intent that is due first, the older BEGIN of equals by their places; NULL when none. */
static struct intent *first_due(struct intents *t)
{
    struct intent *first = NULL;
    for (uint32_t i = 0; i < t->n; i++)
        if (first == NULL || t->at[i].due_at < first->due_at)
            first = &t->at[i];
    return first;
}

bool intent_poll(struct intents *t, mono_us now, struct intent_expired *out)
{
    if (now < t->due_at)
        return false;
    struct intent *in = first_due(t);
    t->due_at = in == NULL ? NEVER : in->due_at;
    if (in == NULL || now < in->due_at)
        return false;
    *out = in->it;
    *(in->it.own ? &t->counters.expired_own : &t->counters.expired_foreign) += 1;
    drop(t, in);
    return true;
}

mono_us intent_deadline(const struct intents *t)
{
    return t->due_at;
}

struct intent_counters intent_counters(const struct intents *t)
{
    struct intent_counters counters = t->counters;
    counters.open = t->n;
    return counters;
}
