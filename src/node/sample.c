#include "node/sample.h"

#include <assert.h>

#include "cache/sample.h"

#define STEPS_MAX 8 /* of the walk, for one sample: a cache that is nearly empty may show nothing */
#define DOUBT_US                                                                                   \
    (SAMPLE_AGAIN_US / 2) /* what differs again sooner was not shown again, but twice */

/** An entry that differed. */
struct doubt {
    uint64_t from; /* 0 = free */
    uint64_t key_hash;
    uint64_t theirs, ours; /* value hashes */
    mono_us at;
};

struct sample {
    struct rng rng;
    mono_us next_at;  /* a new sample */
    mono_us again_at; /* the last one once more; NEVER = it was */
    uint64_t to;      /* who saw the last one */
    uint64_t cursor;  /* of the walk over the cache */
    uint64_t keys[SAMPLE_SHOWN];
    size_t keys_n;
    struct doubt doubts[SAMPLE_DOUBTS_MAX];
    size_t doubts_next; /* the one to be overwritten next */
    struct sample_counters counters;
};

struct sample *sample_new(struct arena *arena, mono_us now, uint64_t seed)
{
    struct sample *s = arena_take(arena, 1, sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (struct sample){.again_at = NEVER};
    rng_init(&s->rng, seed);
    s->next_at = now + 1 + rng_below(&s->rng, SAMPLE_EVERY_US);
    return s;
}

/* ---- showing ---- */

static void add(struct peer_samples *out, uint64_t key_hash, uint64_t value_hash)
{
    out->at[out->n++] = (struct peer_sample){.key_hash = key_hash, .value_hash = value_hash};
}

/** Entries that come next in the walk, each once. */
static void write_new(struct sample *s, mono_us now, struct cache *c, struct peer_samples *out)
{
    struct cache_sampled found[SAMPLE_SHOWN];
    for (size_t step = 0; step < STEPS_MAX && out->n < SAMPLE_SHOWN; step++) {
        const size_t n = cache_sample(c, now, &s->cursor, found, SAMPLE_SHOWN - out->n);
        for (size_t i = 0; i < n; i++)
            add(out, found[i].key_hash, found[i].value_hash);
        if (s->cursor == 0)
            break;
    }
    for (size_t i = 0; i < out->n; i++)
        s->keys[i] = out->at[i].key_hash;
    s->keys_n = out->n;
}

/** The last ones, as far as they are still there. */
static void write_again(const struct sample *s, mono_us now, struct cache *c,
                        struct peer_samples *out)
{
    uint64_t value_hash;
    for (size_t i = 0; i < s->keys_n; i++)
        if (cache_sample_of(c, now, s->keys[i], &value_hash))
            add(out, s->keys[i], value_hash);
}

static bool is_among(uint64_t id, const struct sample_peers *peers)
{
    for (size_t i = 0; i < peers->n; i++)
        if (peers->ids[i] == id)
            return true;
    return false;
}

uint64_t sample_poll(struct sample *s, mono_us now, struct cache *c,
                     const struct sample_peers *peers, struct peer_samples *out)
{
    out->n = 0;
    if (now >= s->again_at) {
        s->again_at = NEVER;
        if (is_among(s->to, peers))
            write_again(s, now, c, out);
    } else if (now >= s->next_at) {
        s->next_at = now + SAMPLE_EVERY_US;
        s->to = peers->n > 0 ? peers->ids[rng_below(&s->rng, peers->n)] : 0;
        if (s->to != 0)
            write_new(s, now, c, out);
        s->again_at = out->n > 0 ? now + SAMPLE_AGAIN_US : NEVER;
    }
    s->counters.shown += out->n;
    return out->n > 0 ? s->to : 0;
}

mono_us sample_deadline(const struct sample *s)
{
    return time_min(s->next_at, s->again_at);
}

/* ---- comparing ---- */

static struct doubt *find_doubt(struct sample *s, uint64_t from, uint64_t key_hash)
{
    for (size_t i = 0; i < SAMPLE_DOUBTS_MAX; i++)
        if (s->doubts[i].from == from && s->doubts[i].key_hash == key_hash)
            return &s->doubts[i];
    return NULL;
}

static bool still_stands(const struct doubt *old, const struct doubt *d)
{
    return old->theirs == d->theirs && old->ours == d->ours && d->at - old->at >= DOUBT_US;
}

/** Returns: true when d was seen before, long enough ago; it then begins anew. */
static bool note_doubt(struct sample *s, const struct doubt *d)
{
    struct doubt *old = find_doubt(s, d->from, d->key_hash);
    const bool drifted = old != NULL && still_stands(old, d);
    if (old == NULL) {
        old = &s->doubts[s->doubts_next];
        s->doubts_next = (s->doubts_next + 1) % SAMPLE_DOUBTS_MAX;
    }
    *old = drifted ? (struct doubt){.from = 0} : *d;
    s->counters.differed += !drifted;
    s->counters.drifted += drifted;
    return drifted;
}

static void drop_doubt(struct sample *s, uint64_t from, uint64_t key_hash)
{
    struct doubt *old = find_doubt(s, from, key_hash);
    if (old != NULL)
        *old = (struct doubt){.from = 0};
}

size_t sample_recv(struct sample *s, mono_us now, struct cache *c, uint64_t from,
                   const struct peer_samples *in)
{
    size_t drifted = 0;
    assert(in->n <= PEER_SAMPLES_MAX);
    for (size_t i = 0; i < in->n; i++) {
        struct doubt d = {.from = from,
                          .key_hash = in->at[i].key_hash,
                          .theirs = in->at[i].value_hash,
                          .at = now};
        if (!cache_sample_of(c, now, d.key_hash, &d.ours))
            continue;
        s->counters.compared++;
        if (d.ours == d.theirs)
            drop_doubt(s, from, d.key_hash);
        else
            drifted += note_doubt(s, &d);
    }
    return drifted;
}

struct sample_counters sample_counters(const struct sample *s)
{
    return s->counters;
}
