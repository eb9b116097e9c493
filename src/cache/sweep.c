/** Housekeeping in small steps: what barriers killed, what has expired, segments that are mostly dead. */
#include <stddef.h>

#include "cache/shard.h"

#define PATIENCE_MAX 6 /* log2 of the seconds for which a segment is left alone at most */

static bool is_alive(const struct item *it)
{
    return (item_flags(it) & ITEM_DEAD) == 0;
}

/* ---- passes for barriers ---- */

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
    s->sweep.unit = 0;
    s->sweep.walk = segments_walk(&s->segments, 0);
}

/** Also what would be appended to: it begins anew. */
static void free_if_empty(struct shard *s, uint32_t first)
{
    const struct unit *head = &s->segments.units[first];
    if (head->state == UNIT_HEAD && head->live == 0 && head->used > 0)
        segments_seal(&s->segments, first);
}

/** Go to the next unit; false when there is none left. */
static bool next_unit(struct shard *s)
{
    free_if_empty(s, s->sweep.unit);
    s->sweep.unit++;
    if (s->sweep.unit >= s->segments.n)
        return false;
    s->sweep.walk = segments_walk(&s->segments, s->sweep.unit);
    return true;
}

/*
 * Why nothing escapes a pass. Let a barrier be raised and let pass n be the first to begin afterwards.
 * What is stored later was checked against the barrier under the same lock, so an entry that the barrier
 * kills was there before, in some segment. A segment leaves its units only when all in it are dead. The
 * entry leaves its place in three ways only: the pass meets it and removes it; an eviction does; or an
 * eviction copies it, which it does only after having asked every barrier. A pass looks at every unit,
 * and through every segment from its beginning to its end; one that was made meanwhile holds only what
 * was checked. So at the end of pass n no entry is left that the barrier kills.
 */
static void sweep_pass(struct shard *s, mono_us now)
{
    uint32_t where;
    if (s->sweep.done == s->sweep.started)
        begin_pass(s, now);
    for (uint32_t i = 0; i < CACHE_STEP; i++) {
        struct item *it = segments_next(&s->segments, &s->sweep.walk, &where);
        if (it == NULL && !next_unit(s)) {
            s->sweep.done = s->sweep.started;
            return;
        }
        if (it != NULL && is_alive(it))
            (void)shard_remove_if_dead(s, it, where, now);
    }
}

/* ---- what has expired ---- */

void shard_note_end(struct shard *s, uint32_t where, mono_us ends)
{
    segments_note_end(&s->segments, where, ends);
    s->expiry.next = time_min(s->expiry.next, ends);
}

static bool is_due(const struct unit *u, mono_us now)
{
    return u->state == UNIT_HEAD && u->live > 0 && u->ends <= now && u->rest <= now;
}

/** The segment that has waited longest to be looked at; UINT32_MAX when none is due. */
static uint32_t find_due(struct shard *s, mono_us now)
{
    uint32_t best = UINT32_MAX;
    s->expiry.next = NEVER;
    for (uint32_t i = 0; i < s->segments.n; i++) {
        const struct unit *u = &s->segments.units[i];
        if (u->state != UNIT_HEAD || u->live == 0)
            continue;
        s->expiry.next = time_min(s->expiry.next, time_max(u->ends, u->rest));
        if (is_due(u, now) && (best == UINT32_MAX || u->ends < s->segments.units[best].ends))
            best = i;
    }
    return best;
}

/** A segment was looked through. Where little had expired, the next look comes later. */
static void end_look(struct shard *s, mono_us now)
{
    struct unit *u = &s->segments.units[s->expiry.walk.first];
    s->expiry.walking = false;
    s->expiry.next = now;
    if (u->state != UNIT_HEAD || u->born != s->expiry.walk.born)
        return;
    const bool worth = s->expiry.dead * 8 >= u->used;
    u->patience = (uint8_t)(worth ? 0 : u->patience + (u->patience < PATIENCE_MAX));
    u->ends = s->expiry.ends;
    u->rest = now + (US_PER_SEC << u->patience);
}

static void look_for_expired(struct shard *s, mono_us now)
{
    uint32_t where;
    for (uint32_t i = 0; i < CACHE_STEP; i++) {
        struct item *it = segments_next(&s->segments, &s->expiry.walk, &where);
        if (it == NULL) {
            end_look(s, now);
            return;
        }
        if (!is_alive(it))
            continue;
        const mono_us ends = item_expires(it);
        if (now >= ends) {
            s->expiry.dead += item_len(it);
            (void)shard_remove_if_dead(s, it, where, now);
        } else {
            s->expiry.ends = time_min(s->expiry.ends, ends);
        }
    }
}

static bool sweep_expired(struct shard *s, mono_us now)
{
    if (!s->expiry.walking) {
        if (now < s->expiry.next)
            return false;
        const uint32_t due = find_due(s, now);
        if (due == UINT32_MAX)
            return false;
        s->expiry.walk = segments_walk(&s->segments, due);
        s->expiry.walking = true;
        s->expiry.ends = NEVER;
        s->expiry.dead = 0;
    }
    look_for_expired(s, now);
    return true;
}

/** Ahead of need: whoever stores then finds a free unit. */
static bool gather(struct shard *s, mono_us now)
{
    uint32_t i = 0;
    if (s->segments.free_n > ROOM_RESERVE)
        return false;
    while (i < CACHE_STEP && shard_compact(s, now))
        i++;
    return i > 0;
}

bool shard_has_work(const struct shard *s, mono_us now)
{
    return shard_sweeping(s) || s->expiry.walking || now >= s->expiry.next;
}

void shard_sweep(struct shard *s, mono_us now)
{
    if (!shard_sweeping(s) && (sweep_expired(s, now) || gather(s, now)))
        return;
    sweep_pass(s, now);
}
