/**
 * How a shard gets room back: FIFO with reinsertion (CLOCK), and sweeps of what barriers killed.
 * Source: Corbato, "A paging experiment with the Multics system" (1968), for CLOCK.
 */
#include <assert.h>
#include <stddef.h>

#include "cache/shard.h"

/** The slot of the item at a position; it must have one. */
static struct probe slot_of(const struct shard *s, const struct item *it, uint64_t pos)
{
    const uint32_t offset = itemlog_offset(&s->log, pos);
    struct probe p = slots_probe(&s->slots, it->hash);
    bool found = slots_next(&s->slots, &p);
    while (found && p.offset != offset)
        found = slots_next(&s->slots, &p);
    assert(found);
    return p;
}

static bool is_item(const struct item *it)
{
    return (it->flags & (ITEM_DEAD | ITEM_FILLER)) == 0;
}

/** Remove the item at pos if its time or a barrier has ended it. */
static bool remove_if_dead(struct shard *s, uint64_t pos, mono_us now)
{
    struct item *it = itemlog_at(&s->log, pos);
    const bool expired = now >= it->expires_us;
    if (!expired && !shard_kills(s, it))
        return false;
    struct probe p = slot_of(s, it, pos);
    shard_remove(s, it, &p);
    s->counts.expired += expired;
    s->counts.swept += !expired;
    return true;
}

static bool earned_a_lap(const struct item *it)
{
    return it->freq > 0 && (uint64_t)it->units * 8 <= REINSERT_MAX;
}

/** Copy the oldest item to the head; false when it may not or cannot be. */
static bool reinsert(struct shard *s, struct reinserts *reinserts)
{
    struct item *it = itemlog_at(&s->log, s->log.tail);
    if (reinserts->left == 0 || !earned_a_lap(it))
        return false;
    const struct probe p = slot_of(s, it, s->log.tail);
    uint32_t offset;
    it = itemlog_reinsert(&s->log, &offset);
    if (it == NULL)
        return false;
    it->freq--;
    slots_move(&s->slots, p.slot_i, offset);
    reinserts->left--;
    s->counts.reinserted++;
    return true;
}

/** Deal with the oldest record: drop it, or give it another lap. */
static void reclaim_oldest(struct shard *s, mono_us now, struct reinserts *reinserts)
{
    struct item *it = itemlog_at(&s->log, s->log.tail);
    /* What a barrier killed is never copied: a sweep that has passed the head may rely on it. */
    if (is_item(it) && !remove_if_dead(s, s->log.tail, now)) {
        if (reinsert(s, reinserts))
            return;
        struct probe p = slot_of(s, it, s->log.tail);
        shard_remove(s, it, &p);
        s->counts.evicted++;
    }
    itemlog_drop(&s->log);
}

bool shard_make_room(struct shard *s, uint64_t size, mono_us now, struct reinserts *reinserts)
{
    for (uint32_t i = 0; i < CACHE_STEP; i++) {
        if (itemlog_fits(&s->log, size) && !slots_full(&s->slots))
            return true;
        reclaim_oldest(s, now, reinserts);
    }
    return itemlog_fits(&s->log, size) && !slots_full(&s->slots);
}

bool shard_sweeping(const struct shard *s)
{
    return s->sweep.done < s->sweep.wanted;
}

uint64_t shard_ask_sweep(struct shard *s)
{
    s->sweep.wanted = s->sweep.started + 1;
    return s->sweep.wanted;
}

static void begin_pass(struct shard *s, mono_us now)
{
    quarantine_clear(&s->quarantine, now);
    s->sweep.started++;
    s->sweep.at = s->log.tail;
    s->sweep.end = s->log.head;
}

static void free_tail(struct shard *s)
{
    for (uint32_t i = 0; i < CACHE_STEP && s->log.tail < s->log.head; i++) {
        if (is_item(itemlog_at(&s->log, s->log.tail)))
            return;
        itemlog_drop(&s->log);
    }
}

/*
 * Why nothing escapes a pass. Let a barrier be raised while the log is [tail, head) and let pass n be
 * the first to begin afterwards. An entry that the barrier kills and that was there lies below that
 * head, so below the end of pass n. It leaves its position in three ways only: the pass meets it and
 * removes it; the tail meets it and removes it; or the tail moves it to the head, which it does only
 * after having asked every barrier. What is written later was checked against the barrier under the
 * same lock. So at the end of pass n no entry is left that the barrier kills.
 */
void shard_sweep(struct shard *s, mono_us now)
{
    if (s->sweep.done == s->sweep.started)
        begin_pass(s, now);
    if (s->sweep.at < s->log.tail)
        s->sweep.at = s->log.tail;
    for (uint32_t i = 0; i < CACHE_STEP && s->sweep.at < s->sweep.end; i++) {
        const uint64_t next = itemlog_next(&s->log, s->sweep.at);
        if (is_item(itemlog_at(&s->log, s->sweep.at)))
            (void)remove_if_dead(s, s->sweep.at, now);
        s->sweep.at = next;
    }
    if (s->sweep.at >= s->sweep.end)
        s->sweep.done = s->sweep.started;
    free_tail(s);
}
