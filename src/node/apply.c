/** node/apply.c - dots take effect: ledger, cache, then everybody who waits for it. */
#include <assert.h>

#include "node/inside.h"

#define HEARD_MAX 32 /* so many of the missing dots below a head are remembered as heard of then */

/* Intents are kept by content: whoever covers a BEGIN without it has no quarantine either. */
static void mind_intents(struct node *n, mono_us now, struct dot *d)
{
    if (d->kind == DOT_COMMIT || d->kind == DOT_ABORT)
        (void)intent_end(n->intents, d->subject_epoch, d->subject_seq);
    else if (d->kind == DOT_BEGIN && intent_begin(n->intents, now, d, 0) == ERR_FULL)
        d->kind = DOT_KEY; /* nobody here would end its quarantine: others will, with a dot */
}

/* Somebody else speaks with that origin's epoch: what it says from now on is nobody's. */
static void mind_poison(struct node *n, const struct dot *d)
{
    uint64_t barrier = 0;
    if (d->kind != DOT_POISON)
        return;
    if (d->subject_epoch == ledger_epoch(n->ledger))
        n->life.poisoned = true;
    else if (ledger_retire(n->ledger, d->subject_epoch, &barrier) == OK && barrier != 0)
        apply_floor(n, barrier);
}

/*
 * The order that makes a dot covered: hear and take an index, publish L, visit the shards, and only
 * then cover. Every acknowledgement, advertised head and reply leaves later, in node_poll().
 */
static void take_effect(struct node *n, mono_us now, const struct dot *d,
                        const struct ledger_effect *effect)
{
    struct dot acts = *d;
    n->counters.scopes[d->kind < NODE_SCOPES ? d->kind : 0]++;
    mind_intents(n, now, &acts);
    cache_publish(n->cache, ledger_l(n->ledger));
    cache_apply(n->cache, now, &acts, effect->effect_i);
    if (effect->verdict == LEDGER_FRESH) {
        ledger_cover(n->ledger, d);
        proof_changed(n->proof, now, d->epoch);
        trace_applied(n->trace, now, d->epoch, d->seq);
        active_note(&n->active, d->epoch);
    }
    mind_poison(n, d);
    if (d->kind != DOT_ABORT) /* it kills nothing */
        notice_applied(n->notices, d);
}

/* The origin of what a relay brought sends it itself if it hears nothing of us for long. */
static void owe_origin(struct node *n, mono_us now, uint64_t epoch)
{
    for (size_t i = 0; i < swim_members(n->swim); i++) {
        const struct swim_member m = swim_member_at(n->swim, i);
        struct peer *p = m.epoch == epoch && !m.self ? peers_find(n->peers, m.id) : NULL;
        if (p != NULL)
            peers_owe_late(n->peers, now, p);
    }
}

/* Pushed dots are acknowledged to who brought them: own ones, and what it passes on for others. */
static void owe(struct node *n, mono_us now, const struct dot *d, const struct carrier *from)
{
    if (from->peer == NULL)
        return;
    if (d->epoch == from->epoch)
        peers_owe_cover(n->peers, now, from->peer);
    else if (!from->asked && peers_owe_relayed(n->peers, now, from->peer, d->epoch))
        owe_origin(n, now, d->epoch);
}

static void apply_dot(struct node *n, mono_us now, const struct dot *d, const struct carrier *from)
{
    struct dot own = *d;
    own.relay = false; /* asked of us, not of whoever pulls it from our log */
    n->counters.dots_in++;
    owe(n, now, &own, from);
    const struct ledger_effect effect = ledger_take(n->ledger, now, &own);
    if (effect.verdict != LEDGER_DUPLICATE)
        take_effect(n, now, &own, &effect);
    if (d->relay && from->peer != NULL)
        spread_relay(n->spread, now, from->peer->id, d);
    if (from->asked && effect.verdict == LEDGER_FRESH)
        heal_pulled(n->heal, now, &own, from->streamed);
}

void apply_foreign(struct node *n, mono_us now, const struct dot *d)
{
    apply_dot(n, now, d, &(struct carrier){.asked = false});
}

void apply_dots(struct node *n, mono_us now, struct slice dots, const struct carrier *from)
{
    struct dots_reader r = dots_reader_of(dots);
    struct dot d;
    while (dots_next(&r, &d))
        apply_dot(n, now, &d, from);
    if (dots_end(&r) != OK)
        n->counters.dropped_decode++;
}

uint64_t apply_issue(struct node *n, mono_us now, struct dot *d)
{
    const struct ledger_effect effect = ledger_issue(n->ledger, now, d);
    take_effect(n, now, d, &effect);
    spread_issue(n->spread, now, d);
    return effect.effect_i;
}

static void count_broad(struct node *n)
{
    n->counters.broad++;
    notice_everything(n->notices);
}

void apply_bar(struct node *n, uint64_t index)
{
    cache_publish(n->cache, ledger_l(n->ledger));
    cache_bar(n->cache, index);
    count_broad(n);
}

void apply_floor(struct node *n, uint64_t index)
{
    const uint64_t at = index != 0 ? index : ledger_advance(n->ledger);
    cache_publish(n->cache, ledger_l(n->ledger));
    cache_adopt(n->cache, at);
    ledger_touch_all(n->ledger);
    count_broad(n);
}

void apply_touched(struct node *n, mono_us now, const struct dot_range *range,
                   const struct ledger_touched *touched)
{
    uint64_t closed = 0;
    const uint64_t g = ledger_close_touched(n->ledger, range, touched, &closed);
    if (g == 0)
        return; /* healed meanwhile */
    heal_closed_touched(n->heal, closed);
    trace_barred(n->trace, now, *range);
    if (touched->everything) {
        apply_bar(n, g);
        return;
    }
    cache_publish(n->cache, ledger_l(n->ledger));
    cache_bar_buckets(n->cache, touched->bits, touched->bucket_bits, g);
    if (touched->tagged)
        cache_bar_tagged(n->cache, g);
    notice_everything(n->notices); /* a subscriber cannot be told buckets */
}

void apply_head(struct node *n, mono_us now, uint64_t epoch, uint64_t head)
{
    struct origin_view o;
    if (ledger_covered(n->ledger, epoch, head) || !ledger_origin(n->ledger, epoch, &o))
        return;
    for (uint64_t seq = head; seq > 0 && seq <= o.head && seq + HEARD_MAX > head; seq--)
        if (!ledger_covered(n->ledger, epoch, seq))
            trace_heard(n->trace, now, epoch, seq);
}

void apply_heard(struct node *n, enum err heard)
{
    /* An origin that cannot be recorded can issue dots that nobody would ever miss. */
    if (heard == ERR_FULL)
        apply_floor(n, 0);
}

/* What a member has of our own dots: nothing past our head is believed. */
static void acknowledge(struct node *n, mono_us now, const struct speaker *who,
                        const struct cover *c)
{
    spread_cover(n->spread, now, who->id, c);
    if (cover_newest(c) == 0 || cover_newest(c) > ledger_head(n->ledger))
        return;
    acks_cover(n->acks, who->id, who->epoch, c);
    trace_acked(n->trace, now, who->id, c);
}

void apply_acks(struct node *n, mono_us now, const struct speaker *who, struct slice covers)
{
    struct reader r = reader_of(covers);
    struct cover c;
    while (cover_read(&r, &c))
        if (c.epoch == ledger_epoch(n->ledger))
            acknowledge(n, now, who, &c);
}

void apply_covers(struct node *n, mono_us now, const struct speaker *who, struct slice covers)
{
    struct reader r = reader_of(covers);
    struct cover c;
    while (cover_read(&r, &c)) {
        const uint64_t newest = cover_newest(&c);
        if (c.epoch == ledger_epoch(n->ledger))
            acknowledge(n, now, who, &c);
        else if (newest > 0) { /* the speaker has covered it: that confirms the head */
            spread_cover_relayed(n->spread, now, who->id, &c);
            apply_heard(n, ledger_hear(n->ledger, now, c.epoch, newest));
            apply_head(n, now, c.epoch, newest);
        }
    }
    if (read_end(&r) != OK)
        n->counters.dropped_decode++;
}
