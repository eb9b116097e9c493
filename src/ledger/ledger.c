#include "ledger/ledger.h"

#include <assert.h>

#include "ledger/state.h"

static bool take_tables(struct ledger *l, struct arena *arena, const struct ledger_cfg *cfg)
{
    const uint64_t seed = hash_pair(&cfg->hkey, cfg->epoch, 0);
    const uint8_t bits = cfg->bucket_bits == 0 ? LEDGER_BUCKET_BITS_MIN : cfg->bucket_bits;
    return ledger_origins_init(arena, &l->origins, cfg->origins_max, seed) &&
           ledger_windows_init(arena, &l->windows, cfg->windows_max) &&
           ledger_checkpoints_init(arena, &l->checkpoints, cfg->checkpoints_max, bits) &&
           ledger_retired_init(arena, &l->retired, cfg->retired_max, seed) &&
           ledger_gaps_init(arena, &l->gaps, &l->origins) &&
           ledger_dotlog_init(arena, &l->log, cfg->log_max, cfg->more_bytes) &&
           ledger_thin_init(arena, &l->thin, cfg->thin_max) &&
           ledger_touch_init(arena, &l->touch, bits);
}

struct ledger *ledger_new(struct arena *arena, const struct ledger_cfg *cfg)
{
    assert(cfg->epoch != 0);
    assert(cfg->windows_max <= cfg->origins_max);
    struct ledger *l = arena_take(arena, 1, sizeof *l);
    if (l == NULL)
        return NULL;
    *l = (struct ledger){.l = 1, .digest = {.hkey = cfg->hkey}};
    if (!take_tables(l, arena, cfg))
        return NULL;
    ledger_add_origin(l, cfg->epoch);
    return l;
}

uint64_t ledger_l(const struct ledger *l)
{
    return l->l;
}

uint64_t ledger_advance(struct ledger *l)
{
    return ++l->l;
}

uint64_t ledger_epoch(const struct ledger *l)
{
    return l->origins.at[0].epoch;
}

uint64_t ledger_head(const struct ledger *l)
{
    return l->origins.at[0].applied;
}

/* ---- hearing ---- */

/** All past the present head will be first heard of later than now: what a touched range begins with. */
static void note_head(struct ledger *l, struct origin *o)
{
    const struct checkpoint now = {.head = o->head, .l = l->l};
    if (o->checkpoints == NULL)
        o->checkpoints = ledger_checkpoints_take(&l->checkpoints);
    ledger_checkpoints_note(&l->checkpoints, o->checkpoints, now);
}

/** A head advance: a new index, and a gap discovered at it until the dots come. */
static void raise_head(struct ledger *l, mono_us now, struct origin *o, uint64_t head)
{
    note_head(l, o);
    ledger_gaps_open(&l->gaps, o, head, ++l->l, now);
}

/** Is this head of an origin without a slot news? Then it is remembered. */
static bool is_news(struct ledger *l, uint64_t epoch, uint64_t head)
{
    struct unrecorded *u = &l->unrecorded[l->unrecorded_i];
    for (size_t i = 0; i < LEDGER_UNRECORDED; i++)
        if (l->unrecorded[i].epoch == epoch)
            u = &l->unrecorded[i];
    if (u->epoch == epoch && head <= u->head)
        return false;
    if (u->epoch != epoch)
        l->unrecorded_i = (l->unrecorded_i + 1) % LEDGER_UNRECORDED;
    *u = (struct unrecorded){.epoch = epoch, .head = head};
    return true;
}

static enum err hear_own(struct ledger *l, uint64_t head)
{
    if (head <= l->origins.at[0].head)
        return ERR_DUPLICATE;
    l->counters.self_heads++;
    return ERR_REFUSED;
}

enum err ledger_hear(struct ledger *l, mono_us now, uint64_t epoch, uint64_t head)
{
    if (epoch == 0)
        return ERR_REFUSED;
    if (epoch == ledger_epoch(l))
        return hear_own(l, head);
    struct origin *o = ledger_origins_find(&l->origins, epoch);
    const uint64_t known = o == NULL ? ledger_retired_last(l, epoch) : o->head;
    if (head <= known)
        return ERR_DUPLICATE;
    if (o == NULL)
        o = ledger_add_origin(l, epoch);
    if (o == NULL)
        return is_news(l, epoch, head) ? ERR_FULL : ERR_DUPLICATE;
    l->counters.heads++;
    raise_head(l, now, o, head);
    return OK;
}

/* ---- taking ---- */

/** The application of d: a new index, and the one at which d takes effect. */
static struct ledger_effect index_effect(struct ledger *l, const struct origin *o,
                                         const struct dot *d)
{
    const uint64_t a = ++l->l;
    const uint64_t e = dot_is_strict(d->kind) ? a : ledger_gaps_part(o, d->seq)->g;
    return (struct ledger_effect){.verdict = LEDGER_FRESH, .effect_i = e};
}

struct ledger_effect ledger_issue(struct ledger *l, mono_us now, struct dot *d)
{
    struct origin *own = &l->origins.at[0];
    assert(own->head < UINT64_MAX);
    d->epoch = own->epoch;
    d->seq = own->head + 1;
    l->counters.issued++;
    raise_head(l, now, own, d->seq);
    return index_effect(l, own, d);
}

static struct ledger_effect note_duplicate(uint64_t *counter)
{
    ++*counter;
    return (struct ledger_effect){.verdict = LEDGER_DUPLICATE};
}

/** No slot for the origin: nothing can be recorded, not even g, and a new index is always safe. */
static struct ledger_effect take_unrecorded(struct ledger *l)
{
    l->counters.beyond++;
    return (struct ledger_effect){.verdict = LEDGER_BEYOND, .effect_i = ++l->l};
}

struct ledger_effect ledger_take(struct ledger *l, mono_us now, const struct dot *d)
{
    assert(d->epoch != 0 && d->seq != 0);
    struct origin *o = ledger_origins_find(&l->origins, d->epoch);
    if (o == NULL && d->seq <= ledger_retired_last(l, d->epoch))
        return note_duplicate(&l->counters.duplicates);
    if (o == NULL)
        o = ledger_add_origin(l, d->epoch);
    if (o == NULL)
        return take_unrecorded(l);
    if (d->seq > o->head && o == l->origins.at)
        return note_duplicate(&l->counters.self_heads);
    if (ledger_origin_covers(o, d->seq))
        return note_duplicate(&l->counters.duplicates);
    if (d->seq > o->head) {
        l->counters.heads++;
        raise_head(l, now, o, d->seq);
    }
    struct ledger_effect effect = index_effect(l, o, d);
    if (d->seq != o->applied + 1 && !ledger_secure_window(l, o, d->seq)) {
        l->counters.beyond++;
        effect.verdict = LEDGER_BEYOND;
    }
    return effect;
}

bool ledger_covered(const struct ledger *l, uint64_t epoch, uint64_t seq)
{
    const struct origin *o = ledger_origins_find(&l->origins, epoch);
    return o == NULL ? seq <= ledger_retired_last(l, epoch) && seq > 0
                     : ledger_origin_covers(o, seq);
}

enum err ledger_adopt(struct ledger *l, uint64_t epoch, uint64_t applied)
{
    if (epoch == 0 || epoch == ledger_epoch(l))
        return ERR_REFUSED;
    struct origin *o = ledger_origins_find(&l->origins, epoch);
    if (o == NULL && applied > 0 && applied <= ledger_retired_last(l, epoch))
        return OK;
    if (o == NULL)
        o = ledger_add_origin(l, epoch);
    if (o == NULL)
        return ERR_FULL;
    if (applied <= o->applied)
        return OK;
    if (applied > o->head) {
        note_head(l, o);
        o->head = applied;
        l->l++;
    }
    ledger_advance_origin(l, o, applied);
    ledger_running_restart(&o->running);
    ledger_touch_all(l);
    return OK;
}
