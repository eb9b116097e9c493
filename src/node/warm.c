#include "node/warm.h"

#include <assert.h>
#include <string.h>

#include "cache/export.h"
#include "ledger/import.h"
#include "node/inside.h"

#define WARM_FOR_US       (600 * US_PER_SEC) /* since we were ready */
#define WARM_AGAIN_US     (50 * US_PER_MS)   /* between two comparisons that let something in */
#define WARM_FRUITLESS_US US_PER_SEC         /* after one that did not */
#define WARM_TRIES        30
#define WARM_FULL         900 /* per mille of our memory */
#define WARM_FRAME        49152
#define WARM_ENTRIES      512 /* looked at for one frame, */
#define WARM_STEPS        16  /* in at most so many holds of a lock */

static_assert(WARM_FRAME <= STREAM_BODY_MAX - 64, "a frame holds what is collected for it");
static_assert(CACHE_NS_MAX <= ENTRY_NS_MAX && CACHE_KEY_MAX <= ENTRY_KEY_MAX &&
                  CACHE_TAGS_MAX <= ENTRY_TAGS_MAX,
              "every entry can be said, but for the length of its value");

struct warm {
    struct warm_counters counters;
    enum warm_state state;
    uint8_t name[PEER_NAME_MAX];
    size_t name_len;
    uint64_t donor;
    uint64_t epoch; /* of its run */
    mono_us begun_at;
    mono_us again_at; /* WAITING: the next stream */
    uint64_t cursor;  /* of the frame that is asked for */
    mono_us asked_at; /* for it: no answer was composed before */
    uint32_t tries;   /* in a row that brought nothing */
    bool hearing;     /* covers of the donor came on this stream, */
    bool compared;    /* all of them, and something may be taken over; */
    bool fresh;       /* no frame of entries was any good since */
    uint32_t frames;
    struct ledger_import *import;
    struct stream_entry *said; /* ENTRIES_MAX: the frame being composed */
};

struct warm *warm_new(struct arena *arena, const struct ledger *l)
{
    struct warm *w = arena_take(arena, 1, sizeof *w);
    struct stream_entry *said = arena_take(arena, ENTRIES_MAX, sizeof *said);
    struct ledger_import *import = ledger_import_new(arena, l);
    if (w == NULL || said == NULL || import == NULL)
        return NULL;
    *w = (struct warm){.import = import, .said = said};
    return w;
}

struct warm_view warm_view(const struct warm *w)
{
    return (struct warm_view){.state = w->state, .counters = w->counters};
}

/* ---- the course of it ---- */

static void tell_end(struct node *n, mono_us now, bool whole)
{
    const struct warm *w = n->warm;
    const struct warm_counters *c = &w->counters;
    const struct node_warmed warmed = {.from = slice_of(w->name, w->name_len),
                                       .entries = c->taken,
                                       .bytes = c->bytes,
                                       .refused = c->touched + c->refused + c->malformed,
                                       .ms = (now - w->begun_at) / US_PER_MS,
                                       .whole = whole};
    if (w->frames > 0) /* else there is nothing to tell: the donor may not know how */
        notice_add(n->notices, &(struct node_out){.kind = NODE_OUT_WARMED, .warmed = warmed});
}

static void end(struct node *n, mono_us now, bool whole)
{
    n->warm->state = WARM_ENDED;
    tell_end(n, now, whole);
}

void warm_joined(struct node *n, mono_us now, uint64_t id, uint64_t epoch)
{
    struct warm *w = n->warm;
    if (!n->cfg.warm_up || w->state != WARM_OFF)
        return;
    w->state = WARM_WAITING;
    w->donor = id;
    w->epoch = epoch;
    w->begun_at = w->again_at = now;
}

/*
 * Something may have been missed here that no cover tells, and a barrier stands for it. The donor may
 * miss it too and have no such barrier yet; and we shall not raise ours again. A mark is as much: the donor
 * left origins out that nobody here will hear of.
 */
static bool missed_untold(const struct node *n)
{
    const struct heal_counters heal = heal_counters(n->heal);
    return heal.broad_forgotten + heal.broad_forked + heal.marks + proof_counters(n->proof).anew >
               0 ||
           heal_bar_due(n->heal);
}

bool warm_lasts(const struct node *n, mono_us now)
{
    return now < n->warm->begun_at + WARM_FOR_US;
}

static bool may_go_on(const struct node *n, mono_us now)
{
    const struct warm *w = n->warm;
    return n->life.state == NODE_READY && warm_lasts(n, now) && w->tries < WARM_TRIES &&
           ledger_import_possible(n->ledger) && !missed_untold(n);
}

static void wait_fruitless(struct warm *w, mono_us now)
{
    w->state = WARM_WAITING;
    w->counters.fruitless++;
    w->again_at = now + (w->tries == 0 ? WARM_AGAIN_US : WARM_FRUITLESS_US);
    w->tries++;
}

/* A sync may be over before its other end is more than a candidate. */
static void try_donor(struct node *n, mono_us now)
{
    struct warm *w = n->warm;
    struct swim_member donor;
    if (!swim_find(n->swim, w->donor, &donor)) {
        wait_fruitless(w, now);
        return;
    }
    if (donor.epoch != w->epoch || donor.state == SWIM_DEAD || donor.state == SWIM_LEFT) {
        end(n, now, false);
        return;
    }
    w->name_len = donor.name.len;
    memcpy(w->name, donor.name.at, donor.name.len);
    w->state = WARM_RUNNING;
    w->hearing = w->compared = w->fresh = false;
    stream_open_warm(n, now, w->donor);
}

void warm_tick(struct node *n, mono_us now)
{
    const struct warm *w = n->warm;
    if (w->state != WARM_WAITING || now < w->again_at)
        return;
    if (may_go_on(n, now))
        try_donor(n, now);
    else
        end(n, now, false);
}

mono_us warm_deadline(const struct node *n)
{
    return n->warm->state == WARM_WAITING ? n->warm->again_at : NEVER;
}

void warm_closed(struct node *n, mono_us now)
{
    struct warm *w = n->warm;
    if (w->state != WARM_RUNNING)
        return;
    if (!w->compared || w->fresh) {
        wait_fruitless(w, now);
        return;
    }
    w->state = WARM_WAITING; /* entries came */
    w->tries = 0;
    w->again_at = now + WARM_AGAIN_US;
}

/* ---- comparing ---- */

bool warm_is_donor(const struct node *n, uint64_t id, uint64_t epoch)
{
    return n->warm->donor == id && n->warm->epoch == epoch;
}

/* What is covered here from now on is compared as if the donor had not covered it. */
static void hear_donor(struct node *n)
{
    if (!n->warm->hearing)
        ledger_import_begin(n->warm->import, n->ledger);
    n->warm->hearing = true;
}

void warm_covers(struct node *n, struct slice covers)
{
    struct reader r = reader_of(covers);
    struct cover c;
    hear_donor(n);
    while (cover_read(&r, &c))
        ledger_import_cover(n->warm->import, n->ledger, &c);
}

void warm_retired(struct node *n, struct slice retired)
{
    struct reader r = reader_of(retired);
    hear_donor(n);
    while (r.rest.len > 0) {
        (void)read_u32(&r); /* its number */
        struct cover c = {.epoch = read_u64(&r)};
        c.applied = read_u64(&r);
        ledger_import_cover(n->warm->import, n->ledger, &c);
    }
}

bool warm_compare(struct node *n, uint64_t *cursor)
{
    struct warm *w = n->warm;
    const uint64_t after = after_floor(n->after, n->ledger);
    w->hearing = false; /* the next cover begins another comparison */
    if (missed_untold(n) || !ledger_import_end(w->import, n->ledger, after))
        return false;
    cache_publish(n->cache, ledger_l(n->ledger)); /* no stamp is above what is published */
    w->compared = w->fresh = true;
    w->counters.comparisons++;
    *cursor = w->cursor;
    return true;
}

/* ---- entries in ---- */

void warm_asks(struct node *n, mono_us now)
{
    n->warm->asked_at = now;
}

/** What became of a frame's entries; late: refused because of what is newer than the comparison. */
struct harvest {
    size_t n, late;
    size_t tagged_n, tagged_late; /* of these, those with tags */
    bool renamed;                 /* a namespace was new here, and so newer than the stamp */
};

static void note_late(struct harvest *h, bool tagged)
{
    h->late++;
    h->tagged_late += tagged;
}

/* One dot of a tag shuts out whatever has tags, which may be few: but not for that alone when the
 * comparison could not be younger. */
static bool is_outdated(const struct warm *w, const struct harvest *h)
{
    return h->renamed || h->late * 2 > h->n || (!w->fresh && h->tagged_late * 2 > h->tagged_n);
}

/* The donor may have been started before an operator shortened the lives of entries. */
static void bound_life(const struct node *n, struct slice ns, struct cache_item *item)
{
    const struct policy_life left =
        policy_left(policy_of(&n->cfg.policies, ns),
                    (struct policy_life){.ttl_ms = item->ttl_ms, .fresh_ms = item->fresh_ms});
    item->ttl_ms = left.ttl_ms;
    item->fresh_ms = left.fresh_ms;
}

/** What is left of a life of left_ms since the donor looked; 0 when it may be over. */
static uint64_t still_left(uint64_t left_ms, uint64_t past_ms)
{
    return left_ms > past_ms ? left_ms - past_ms : 0;
}

/** Lives are told as what was left of them when the donor looked, which was after it was asked: they go
 *  on while the frame is on its way. false: this one may be over. */
static bool age(const struct node *n, mono_us now, struct cache_item *item)
{
    const uint64_t past_ms = (now - n->warm->asked_at + US_PER_MS - 1) / US_PER_MS;
    const bool mortal = item->ttl_ms != 0, ages = item->fresh_ms != 0;
    item->ttl_ms = still_left(item->ttl_ms, past_ms);
    item->fresh_ms = still_left(item->fresh_ms, past_ms);
    item->age_ms = item->age_ms < UINT64_MAX - past_ms ? item->age_ms + past_ms : UINT64_MAX;
    return (!mortal || item->ttl_ms != 0) && (!ages || item->fresh_ms != 0);
}

static bool item_of(const struct node *n, const struct stream_entry *e,
                    uint64_t hashes[CACHE_TAGS_MAX], struct cache_item *out)
{
    struct cache_limit broken;
    struct reader r = reader_of(e->tags);
    *out = (struct cache_item){.value = e->value,
                               .ttl_ms = e->ttl_ms,
                               .fresh_ms = e->fresh_ms,
                               .age_ms = e->age_ms,
                               .tag_hashes = hashes,
                               .has_version = e->has_version,
                               .version = e->version};
    while (r.rest.len > 0 && out->tags_n < CACHE_TAGS_MAX)
        hashes[out->tags_n++] = read_u64(&r);
    return r.rest.len == 0 && cache_item_check(n->cache, out, &broken);
}

static bool is_late(enum cache_reason reason)
{
    return reason == CACHE_INVALIDATED || reason == CACHE_TAG || reason == CACHE_PREFIX ||
           reason == CACHE_NAMESPACE || reason == CACHE_ALL || reason == CACHE_FORGOTTEN ||
           reason == CACHE_NOT_READY;
}

static enum cache_reason import(struct node *n, mono_us now, const struct cache_key *key,
                                const struct cache_item *item)
{
    struct warm_counters *c = &n->warm->counters;
    const enum cache_reason reason =
        cache_import(n->cache, now, key, item, ledger_import_stamp(n->warm->import));
    if (reason == CACHE_STORED) {
        c->taken++;
        c->bytes += key->key.len + item->value.len;
    } else {
        c->refused++;
    }
    return reason;
}

static void take_entry(struct node *n, mono_us now, const struct stream_entry *e,
                       struct harvest *harvest)
{
    struct warm *w = n->warm;
    uint64_t hashes[CACHE_TAGS_MAX];
    struct cache_item item;
    struct cache_key key;
    if (cache_key(n->cache, e->ns, e->key, &key) != OK || !item_of(n, e, hashes, &item)) {
        w->counters.malformed++;
        return;
    }
    if (!age(n, now, &item)) {
        w->counters.refused++;
        return;
    }
    bound_life(n, e->ns, &item);
    const bool tagged = item.tags_n > 0;
    harvest->n++;
    harvest->tagged_n += tagged;
    if (!ledger_import_takes(w->import, n->ledger, key.hash, tagged)) {
        w->counters.touched++;
        note_late(harvest, tagged);
        return;
    }
    const enum cache_reason reason = import(n, now, &key, &item);
    if (is_late(reason))
        note_late(harvest, tagged);
    if (reason == CACHE_NAMESPACE && !key.ns_known)
        harvest->renamed = true;
}

bool warm_entries(struct node *n, mono_us now, const struct stream_msg *m, uint64_t *cursor)
{
    struct warm *w = n->warm;
    struct harvest harvest = {0};
    for (size_t i = 0; i < m->entries_n; i++)
        take_entry(n, now, &m->entries[i], &harvest);
    w->frames++;
    if (is_outdated(w, &harvest)) /* the same frame again, after another comparison */
        return false;
    w->fresh = false;
    w->cursor = *cursor = m->cursor;
    if (m->cursor != 0 && cache_filled(n->cache) < WARM_FULL && may_go_on(n, now))
        return true;
    end(n, now, m->cursor == 0);
    return false;
}

/* ---- entries out ---- */

bool warm_may_give(const struct node *n)
{
    return n->life.state == NODE_READY && cache_gate(n->cache) == CACHE_OPEN;
}

/** A frame being filled. */
struct packing {
    struct stream_entry *at;
    size_t n;
    size_t room; /* bytes that may still be said */
    struct writer bytes;
};

static struct slice keep(struct packing *p, struct slice bytes)
{
    const size_t at = p->bytes.len;
    write_bytes(&p->bytes, bytes);
    return slice_of(p->bytes.at + at, bytes.len);
}

static struct slice keep_tags(struct packing *p, const struct cache_export_entry *e)
{
    const size_t at = p->bytes.len;
    for (uint8_t i = 0; i < e->tags_n; i++)
        write_u64(&p->bytes, e->tags[i]);
    return slice_of(p->bytes.at + at, p->bytes.len - at);
}

static bool pack(void *ctx, const struct cache_export_entry *e)
{
    struct packing *p = ctx;
    const size_t len = ENTRY_ROOM(e->ns.len + e->key.len + e->value.len + 8UL * e->tags_n);
    if (len > WARM_FRAME)
        return true; /* passed over: it fits no frame */
    if (len > p->room || p->n == ENTRIES_MAX)
        return false;
    struct stream_entry *said = &p->at[p->n++];
    *said = (struct stream_entry){.ttl_ms = e->ttl_ms,
                                  .fresh_ms = e->fresh_ms,
                                  .age_ms = e->age_ms,
                                  .has_version = e->has_version,
                                  .version = e->has_version ? e->version : 0};
    said->ns = keep(p, e->ns);
    said->key = keep(p, e->key);
    said->value = keep(p, e->value);
    said->tags = keep_tags(p, e);
    p->room -= len;
    return true;
}

void warm_give(struct node *n, mono_us now, uint64_t cursor, struct stream_msg *out)
{
    struct packing p = {
        .at = n->warm->said, .room = WARM_FRAME, .bytes = writer_of(n->opened, STREAM_FRAME_MAX)};
    uint32_t looked = 0;
    for (uint32_t i = 0; i < WARM_STEPS && looked < WARM_ENTRIES; i++) {
        const uint32_t more = cache_export(n->cache, now, &cursor, pack, &p);
        looked += more;
        if (cursor == 0 || more > CACHE_STEP)
            break;
    }
    n->warm->counters.given += p.n;
    *out = (struct stream_msg){
        .type = STREAM_ENTRIES, .cursor = cursor, .entries = p.at, .entries_n = p.n};
}
