/** node/apply.c - dots take effect: ledger, cache, then everybody who waits for it. */
#include <assert.h>

#include "node/inside.h"

/*
 * The order that makes a dot covered: hear and take an index, publish L, visit the shards, and only
 * then cover. Every acknowledgement, advertised head and reply leaves later, in node_poll().
 */
static void take_effect(struct node *n, const struct dot *d, const struct ledger_effect *effect)
{
    cache_publish(n->cache, ledger_l(n->ledger));
    cache_apply(n->cache, d, effect->effect_i);
    if (effect->verdict == LEDGER_FRESH)
        ledger_cover(n->ledger, d);
    notice_applied(n->notices, d);
}

static void apply_dot(struct node *n, mono_us now, const struct dot *d, bool asked)
{
    n->counters.dots_in++;
    const struct ledger_effect effect = ledger_take(n->ledger, now, d);
    if (effect.verdict == LEDGER_DUPLICATE)
        return;
    take_effect(n, d, &effect);
    if (asked && effect.verdict == LEDGER_FRESH)
        heal_pulled(n->heal, d);
}

bool apply_dots(struct node *n, mono_us now, struct slice dots, bool asked, uint64_t of)
{
    struct dots_reader r = dots_reader_of(dots);
    struct dot d;
    bool any = false;
    while (dots_next(&r, &d)) {
        any = any || d.epoch == of;
        apply_dot(n, now, &d, asked);
    }
    if (dots_end(&r) != OK)
        n->counters.dropped_decode++;
    return any;
}

static struct dot dot_of(const struct node_target *target)
{
    return (struct dot){.kind = (uint8_t)target->kind,
                        .prefix_len = target->prefix_len,
                        .hash = target->hash,
                        .digest = target->digest,
                        .name = {.known = true, .ns = target->ns, .target = target->target}};
}

static uint64_t issue(struct node *n, mono_us now, const struct node_target *target)
{
    struct dot d = dot_of(target);
    const struct ledger_effect effect = ledger_issue(n->ledger, now, &d);
    take_effect(n, &d, &effect);
    spread_issue(n->spread, now, &d);
    return effect.effect_i;
}

void apply_command(struct node *n, mono_us now, const struct node_command *command)
{
    assert(command->targets_n >= 1 && command->targets_n <= NODE_TARGETS_MAX);
    struct node_out out = {.kind = NODE_OUT_REPLY};
    struct node_reply *reply = &out.reply;
    reply->ticket = command->ticket;
    n->counters.commands++;
    if (n->life.refusing || swim_muted(n->swim)) {
        /* Nobody would hear of it: our links are down, or our name is another's. */
        reply->err = n->life.refusing ? ERR_REFUSED : ERR_STALE;
        n->counters.commands_refused++;
        notice_add(n->notices, &out);
        return;
    }
    for (size_t i = 0; i < command->targets_n; i++)
        reply->index = issue(n, now, &command->targets[i]);
    reply->epoch = ledger_epoch(n->ledger);
    reply->seq = ledger_head(n->ledger);
    reply->count = (uint16_t)command->targets_n;
    notice_add(n->notices, &out);
}

void apply_bar(struct node *n, uint64_t index)
{
    cache_publish(n->cache, ledger_l(n->ledger));
    cache_bar(n->cache, index);
    n->counters.broad++;
    notice_everything(n->notices);
}

void apply_heard(struct node *n, enum err heard)
{
    /* An origin that cannot be recorded can issue dots that nobody would ever miss. */
    if (heard == ERR_FULL)
        apply_bar(n, ledger_advance(n->ledger));
}

void apply_covers(struct node *n, mono_us now, uint64_t id, struct slice covers)
{
    struct reader r = reader_of(covers);
    struct cover c;
    while (cover_read(&r, &c)) {
        const uint64_t newest = cover_newest(&c);
        if (c.epoch == ledger_epoch(n->ledger))
            spread_cover(n->spread, now, id, &c);
        else if (newest > 0) /* the speaker has covered it: that confirms the head */
            apply_heard(n, ledger_hear(n->ledger, now, c.epoch, newest));
    }
    if (read_end(&r) != OK)
        n->counters.dropped_decode++;
}
