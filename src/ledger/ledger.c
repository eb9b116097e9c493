#include "ledger/ledger.h"

#include <assert.h>

#include "ledger/digest.h"
#include "ledger/gap.h"
#include "ledger/log.h"
#include "ledger/origin.h"
#include "ledger/window.h"

#define UNRECORDED 64

/** An origin that has no slot, and what was last heard of it: each news of it costs the whole cache. */
struct unrecorded {
    uint64_t epoch;
    uint64_t head;
};

struct ledger {
    uint64_t l;
    struct origins origins; /* slot 0 is our own */
    struct windows windows;
    struct unrecorded unrecorded[UNRECORDED];
    uint32_t unrecorded_i; /* the next one to overwrite */
    struct gaps gaps;
    struct dotlog log;
    struct digest digest;
    struct ledger_counters counters; /* but gaps_opened and gaps_merged, which gaps counts */
};

struct ledger *ledger_new(struct arena *arena, const struct ledger_cfg *cfg)
{
    assert(cfg->epoch != 0);
    assert(cfg->windows_max <= cfg->origins_max);
    const uint64_t seed = hash_pair(&cfg->hkey, cfg->epoch, 0);
    struct ledger *l = arena_take(arena, 1, sizeof *l);
    if (l == NULL)
        return NULL;
    *l = (struct ledger){.l = 1, .digest = {.hkey = cfg->hkey}};
    if (!ledger_origins_init(arena, &l->origins, cfg->origins_max, seed) ||
        !ledger_windows_init(arena, &l->windows, cfg->windows_max) ||
        !ledger_gaps_init(arena, &l->gaps, &l->origins) ||
        !ledger_dotlog_init(arena, &l->log, cfg->log_max, seed))
        return NULL;
    ledger_origins_add(&l->origins, cfg->epoch);
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

/** A head advance: a new index, and a gap discovered at it until the dots come. */
static void raise_head(struct ledger *l, mono_us now, struct origin *o, uint64_t head)
{
    ledger_gaps_open(&l->gaps, o, head, ++l->l, now);
}

/** Rule U: an unknown origin begins with nothing applied, so all up to its head is a gap. */
static struct origin *add_origin(struct ledger *l, uint64_t epoch)
{
    struct origin *o = ledger_origins_add(&l->origins, epoch);
    if (o == NULL)
        l->counters.origins_full++;
    return o;
}

/** Is this head of an origin without a slot news? Then it is remembered. */
static bool is_news(struct ledger *l, uint64_t epoch, uint64_t head)
{
    struct unrecorded *u = &l->unrecorded[l->unrecorded_i];
    for (size_t i = 0; i < UNRECORDED; i++)
        if (l->unrecorded[i].epoch == epoch)
            u = &l->unrecorded[i];
    if (u->epoch == epoch && head <= u->head)
        return false;
    if (u->epoch != epoch)
        l->unrecorded_i = (l->unrecorded_i + 1) % UNRECORDED;
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
    const uint64_t known = o == NULL ? 0 : o->head;
    if (head <= known)
        return ERR_DUPLICATE;
    if (o == NULL)
        o = add_origin(l, epoch);
    if (o == NULL)
        return is_news(l, epoch, head) ? ERR_FULL : ERR_DUPLICATE;
    l->counters.heads++;
    raise_head(l, now, o, head);
    return OK;
}

/* ---- covering ---- */

/** Can seq, past applied + 1, be recorded? Takes a window from the pool when there is none yet. */
static bool secure_window(struct ledger *l, struct origin *o, uint64_t seq)
{
    if (!ledger_origin_in_window(o, seq))
        return false;
    if (o->window == NULL)
        o->window = ledger_window_take(&l->windows);
    return o->window != NULL;
}

/** Bring everything that is derived from what o has covered up to date. */
static void settle_origin(struct ledger *l, struct origin *o)
{
    if (o->window != NULL && o->window->n == 0) {
        ledger_window_give(&l->windows, o->window);
        o->window = NULL;
    }
    ledger_gaps_trim(&l->gaps, o);
}

static void advance_origin(struct ledger *l, struct origin *o, uint64_t to)
{
    ledger_origin_advance(o, to);
    ledger_digest_update(&l->digest, o);
    settle_origin(l, o);
}

/** Mark lo..hi covered, lo past applied. Returns: false, nothing changed, when it cannot be recorded. */
static bool mark_covered(struct ledger *l, struct origin *o, uint64_t lo, uint64_t hi)
{
    if (lo == o->applied + 1) {
        advance_origin(l, o, hi);
        return true;
    }
    if (!secure_window(l, o, hi))
        return false;
    ledger_window_fill(o->window, lo, hi - lo + 1, true);
    settle_origin(l, o);
    return true;
}

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
    if (o == NULL)
        o = add_origin(l, d->epoch);
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
    if (d->seq != o->applied + 1 && !secure_window(l, o, d->seq)) {
        l->counters.beyond++;
        effect.verdict = LEDGER_BEYOND;
    }
    return effect;
}

void ledger_cover(struct ledger *l, const struct dot *d)
{
    struct origin *o = ledger_origins_find(&l->origins, d->epoch);
    assert(o != NULL && d->seq != 0 && d->seq <= o->head);
    if (ledger_origin_covers(o, d->seq))
        return;
    /* A window secured by ledger_take() goes back when the origin is contiguous in between, and the
     * pool may be empty by now: uncovered is true as well, the dot is pulled again. */
    if (!mark_covered(l, o, d->seq, d->seq)) {
        l->counters.beyond++;
        return;
    }
    l->counters.applied++;
    ledger_dotlog_add(&l->log, ledger_origins_slot(&l->origins, o), d);
}

bool ledger_covered(const struct ledger *l, uint64_t epoch, uint64_t seq)
{
    const struct origin *o = ledger_origins_find(&l->origins, epoch);
    return o != NULL && ledger_origin_covers(o, seq);
}

enum err ledger_adopt(struct ledger *l, uint64_t epoch, uint64_t applied)
{
    if (epoch == 0 || epoch == ledger_epoch(l))
        return ERR_REFUSED;
    struct origin *o = ledger_origins_find(&l->origins, epoch);
    if (o == NULL)
        o = add_origin(l, epoch);
    if (o == NULL)
        return ERR_FULL;
    if (applied <= o->applied)
        return OK;
    if (applied > o->head) {
        o->head = applied;
        l->l++;
    }
    advance_origin(l, o, applied);
    return OK;
}

/* ---- gaps ---- */

size_t ledger_gaps(const struct ledger *l)
{
    return l->gaps.n;
}

mono_us ledger_gap_oldest(const struct ledger *l)
{
    return l->gaps.oldest;
}

size_t ledger_gap_list(const struct ledger *l, struct gap *out, size_t cap)
{
    size_t n = 0;
    for (uint32_t slot = 0; n < cap && ledger_gaps_next(&l->gaps, &slot); slot++) {
        const struct origin *o = &l->origins.at[slot];
        for (uint32_t i = 0; i < o->parts_n && n < cap; i++) {
            const struct part *p = &o->parts[i];
            out[n++] = (struct gap){
                .epoch = o->epoch, .lo = p->lo, .hi = p->hi, .g = p->g, .opened_at = p->opened_at};
        }
    }
    return n;
}

/** Cut [*lo, *hi] back to what is heard and past applied; false when nothing is left. */
static bool clamp_open(const struct origin *o, uint64_t *lo, uint64_t *hi)
{
    if (*hi > o->head)
        *hi = o->head;
    if (*hi <= o->applied)
        return false;
    if (*lo <= o->applied)
        *lo = o->applied + 1;
    return *lo <= *hi;
}

size_t ledger_missing(const struct ledger *l, struct dot_range range, struct dot_range *out,
                      size_t cap)
{
    const uint64_t epoch = range.epoch;
    uint64_t lo = range.lo;
    uint64_t hi = range.hi;
    const struct origin *o = ledger_origins_find(&l->origins, epoch);
    if (o == NULL || !clamp_open(o, &lo, &hi))
        return 0;
    size_t n = 0;
    while (n < cap) {
        const uint64_t skip = ledger_origin_run(o, lo, hi - lo + 1, true);
        if (skip > hi - lo)
            break;
        lo += skip;
        const uint64_t len = ledger_origin_run(o, lo, hi - lo + 1, false);
        out[n++] = (struct dot_range){.epoch = epoch, .lo = lo, .hi = lo + len - 1};
        if (len > hi - lo)
            break;
        lo += len;
    }
    return n;
}

struct closing {
    uint64_t g; /* newest of the parts that lose something */
    uint64_t n; /* sequences */
};

/** What would closing lo..hi close? */
static struct closing weigh_closing(const struct origin *o, uint64_t lo, uint64_t hi)
{
    struct closing c = {0};
    for (uint32_t i = 0; i < o->parts_n; i++) {
        const struct part *p = &o->parts[i];
        const uint64_t from = p->lo > lo ? p->lo : lo;
        const uint64_t to = p->hi < hi ? p->hi : hi;
        const uint64_t n = from <= to ? ledger_origin_open_n(o, from, to) : 0;
        if (n > 0 && p->g > c.g)
            c.g = p->g;
        c.n += n;
    }
    return c;
}

/** Close the uncovered of lo..hi, past applied and heard; what cannot be recorded stays open. */
static struct closing close_range(struct ledger *l, struct origin *o, uint64_t lo, uint64_t hi)
{
    const bool from_front = lo == o->applied + 1;
    if (!from_front && !ledger_origin_in_window(o, lo))
        return (struct closing){0};
    if (!from_front && !ledger_origin_in_window(o, hi))
        hi = o->applied + LEDGER_WINDOW;
    const struct closing c = weigh_closing(o, lo, hi);
    if (!mark_covered(l, o, lo, hi))
        return (struct closing){0};
    l->counters.closed += c.n;
    return c;
}

uint64_t ledger_close(struct ledger *l, uint64_t epoch, uint64_t lo, uint64_t hi,
                      uint64_t *closed_n)
{
    struct closing c = {0};
    struct origin *o = ledger_origins_find(&l->origins, epoch);
    if (o != NULL && clamp_open(o, &lo, &hi))
        c = close_range(l, o, lo, hi);
    if (closed_n != NULL)
        *closed_n = c.n;
    return c.g;
}

/* ---- looking ---- */

uint64_t ledger_vector_hash(const struct ledger *l)
{
    return l->digest.sum;
}

const uint64_t *ledger_vector_groups(const struct ledger *l)
{
    return l->digest.groups;
}

static struct origin_view view_origin(const struct origin *o)
{
    return (struct origin_view){
        .epoch = o->epoch,
        .applied = o->applied,
        .head = o->head,
        .mask = o->window == NULL ? 0 : ledger_window_word(o->window, o->applied + 2),
        .gaps_n = o->parts_n};
}

size_t ledger_origins(const struct ledger *l)
{
    return l->origins.n;
}

struct origin_view ledger_origin_at(const struct ledger *l, size_t i)
{
    assert(i < l->origins.n);
    return view_origin(&l->origins.at[i]);
}

bool ledger_origin(const struct ledger *l, uint64_t epoch, struct origin_view *out)
{
    const struct origin *o = ledger_origins_find(&l->origins, epoch);
    if (o == NULL)
        return false;
    *out = view_origin(o);
    return true;
}

bool ledger_log_find(const struct ledger *l, uint64_t epoch, uint64_t seq, struct dot *out)
{
    const struct origin *o = ledger_origins_find(&l->origins, epoch);
    if (o == NULL)
        return false;
    const struct log_record *r =
        ledger_dotlog_find(&l->log, ledger_origins_slot(&l->origins, o), seq);
    if (r == NULL)
        return false;
    *out = ledger_dotlog_dot(r, epoch);
    return true;
}

struct dot ledger_log_newest(const struct ledger *l, size_t i)
{
    const struct log_record *r = ledger_dotlog_newest(&l->log, i);
    return ledger_dotlog_dot(r, l->origins.at[r->slot].epoch);
}

size_t ledger_log_max(const struct ledger *l)
{
    return (size_t)l->log.mask + 1;
}

size_t ledger_log_n(const struct ledger *l)
{
    return ledger_dotlog_n(&l->log);
}

struct ledger_counters ledger_counters(const struct ledger *l)
{
    struct ledger_counters counters = l->counters;
    counters.gaps_opened = l->gaps.opened;
    counters.gaps_merged = l->gaps.merged;
    return counters;
}
