#include "swim/member.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"

static uint32_t *take_slots(struct arena *arena, uint32_t n)
{
    return arena_take(arena, n, sizeof(uint32_t));
}

static uint32_t index_size(uint32_t slots_max)
{
    uint32_t size = 16;
    while (size < 2 * slots_max)
        size *= 2;
    return size;
}

static bool take_lists(struct roster *t, struct arena *arena)
{
    t->free.at = take_slots(arena, t->slots_max);
    t->listed.at = take_slots(arena, t->slots_max);
    t->ring.at = take_slots(arena, t->members_max);
    t->suspects.at = take_slots(arena, t->members_max);
    t->candidates.at = take_slots(arena, t->members_max);
    t->tombs.at = take_slots(arena, t->tombs_max);
    return t->free.at != NULL && t->listed.at != NULL && t->ring.at != NULL &&
           t->suspects.at != NULL && t->candidates.at != NULL && t->tombs.at != NULL;
}

bool roster_init(struct roster *t, struct arena *arena, const struct swim_cfg *cfg, struct rng *rng)
{
    assert(cfg->members_max >= 2 && cfg->members_max <= 65536);
    assert(cfg->tombstones_max >= 1 && cfg->tombstones_max <= 65536);
    *t = (struct roster){.members_max = cfg->members_max,
                         .tombs_max = cfg->tombstones_max,
                         .slots_max = cfg->members_max + cfg->tombstones_max,
                         .hkey = cfg->hkey,
                         .rng = rng};
    const uint32_t size = index_size(t->slots_max);
    t->index_mask = size - 1;
    t->at = arena_take(arena, t->slots_max, sizeof(struct member));
    t->index = take_slots(arena, size);
    if (t->at == NULL || t->index == NULL || !take_lists(t, arena))
        return false;
    memset(t->at, 0, t->slots_max * sizeof(struct member));
    memset(t->index, 0, size * sizeof(uint32_t));
    for (uint32_t i = 0; i < t->slots_max; i++) /* the lowest slot is taken first */
        t->free.at[i] = t->slots_max - 1 - i;
    t->free.n = t->slots_max;
    return true;
}

/* --- the index --- */

static uint32_t home_of(const struct roster *t, uint64_t id)
{
    return (uint32_t)id & t->index_mask; /* an id is a hash already */
}

/** Place of id in the index, or the free place where it would go. */
static uint32_t place_of(const struct roster *t, uint64_t id)
{
    uint32_t i = home_of(t, id);
    while (t->index[i] != 0 && t->at[t->index[i] - 1].id != id)
        i = (i + 1) & t->index_mask;
    return i;
}

/** Free place i, moving later entries of the same run back so that no search ends early. */
static void unindex(struct roster *t, uint32_t i)
{
    uint32_t hole = i;
    for (uint32_t j = (i + 1) & t->index_mask; t->index[j] != 0; j = (j + 1) & t->index_mask) {
        const uint32_t home = home_of(t, t->at[t->index[j] - 1].id);
        if (((j - home) & t->index_mask) < ((j - hole) & t->index_mask))
            continue; /* its home lies behind the hole: it stays reachable */
        t->index[hole] = t->index[j];
        hole = j;
    }
    t->index[hole] = 0;
}

uint32_t roster_find(const struct roster *t, uint64_t id)
{
    const uint32_t held = t->index[place_of(t, id)];
    return held == 0 ? SLOT_NONE : held - 1;
}

uint32_t roster_find_live(const struct roster *t, uint64_t id)
{
    const uint32_t slot = roster_find(t, id);
    if (slot == SLOT_NONE || slot == SLOT_SELF || !member_live(&t->at[slot]))
        return SLOT_NONE;
    return slot;
}

/* --- the lists --- */

static void list_append(struct slot_list *list, uint32_t slot)
{
    list->at[list->n++] = slot;
}

static uint32_t list_remove(struct slot_list *list, uint32_t slot)
{
    uint32_t i = 0;
    while (i < list->n && list->at[i] != slot)
        i++;
    assert(i < list->n);
    list->n--;
    memmove(&list->at[i], &list->at[i + 1], (list->n - i) * sizeof(uint32_t));
    return i;
}

/** New members go to a random place, or all would be probed last. Source: SWIM 4.3. */
static void ring_insert(struct roster *t, uint32_t slot)
{
    struct slot_list *ring = &t->ring;
    assert(ring->n < t->members_max);
    const uint32_t i = (uint32_t)rng_below(t->rng, (uint64_t)ring->n + 1);
    memmove(&ring->at[i + 1], &ring->at[i], (ring->n - i) * sizeof(uint32_t));
    ring->at[i] = slot;
    ring->n++;
    if (i < t->ring_pos)
        t->ring_pos++;
}

static void ring_remove(struct roster *t, uint32_t slot)
{
    if (list_remove(&t->ring, slot) < t->ring_pos)
        t->ring_pos--;
}

bool swim_lives(enum swim_state state)
{
    return state == SWIM_ALIVE || state == SWIM_SUSPECT;
}

static bool is_gone(enum swim_state state)
{
    return state == SWIM_DEAD || state == SWIM_LEFT;
}

static void follow(struct slot_list *list, uint32_t slot, bool was, bool is)
{
    if (was && !is)
        (void)list_remove(list, slot);
    if (!was && is)
        list_append(list, slot);
}

/** Write name || gen || ver and one byte more into a buffer of the caller's. */
static struct slice claim_bytes(const struct member *m, uint8_t fate, struct writer *w)
{
    write_bytes(w, member_name(m));
    write_u64(w, m->gen);
    write_u32(w, m->ver);
    if (fate != 0)
        write_u8(w, fate);
    return writer_slice(w);
}

static void toggle_view(struct roster *t, const struct member *m)
{
    uint8_t room[PEER_NAME_MAX + 13];
    struct writer w = writer_of(room, sizeof room);
    if (swim_lives((enum swim_state)m->state))
        t->view_hash ^= hash_bytes(&t->hkey, claim_bytes(m, 0, &w));
}

uint64_t member_digest(const struct roster *t, const struct member *m)
{
    uint8_t room[PEER_NAME_MAX + 13];
    struct writer w = writer_of(room, sizeof room);
    const bool alive = swim_lives((enum swim_state)m->state);
    return hash_bytes(&t->hkey, claim_bytes(m, alive ? (uint8_t)SWIM_ALIVE : m->state, &w));
}

static void follow_peers(struct roster *t, uint32_t slot, enum swim_state was, enum swim_state is)
{
    follow(&t->suspects, slot, was == SWIM_SUSPECT, is == SWIM_SUSPECT);
    follow(&t->tombs, slot, is_gone(was), is_gone(is));
    if (swim_lives(was) && !swim_lives(is))
        ring_remove(t, slot);
    if (!swim_lives(was) && swim_lives(is))
        ring_insert(t, slot);
}

void roster_set_state(struct roster *t, uint32_t slot, enum swim_state state, mono_us now)
{
    struct member *m = &t->at[slot];
    const enum swim_state was = (enum swim_state)m->state;
    if (was == state)
        return;
    toggle_view(t, m);
    m->state = (uint8_t)state;
    m->state_since = now;
    toggle_view(t, m);
    if (slot == SLOT_SELF)
        return;
    follow(&t->candidates, slot, was == SWIM_CANDIDATE, state == SWIM_CANDIDATE);
    follow(&t->listed, slot, was != SWIM_CANDIDATE, state != SWIM_CANDIDATE);
    follow_peers(t, slot, was, state);
}

void roster_enter(struct roster *t, uint32_t slot, enum swim_state state, mono_us now)
{
    struct member *m = &t->at[slot];
    assert(m->state == SWIM_CANDIDATE);
    m->state = (uint8_t)state;
    m->state_since = now;
    toggle_view(t, m);
    list_append(state == SWIM_CANDIDATE ? &t->candidates : &t->listed, slot);
    if (slot != SLOT_SELF)
        follow_peers(t, slot, SWIM_CANDIDATE, state);
}

void roster_set_claim(struct roster *t, uint32_t slot, uint64_t gen, uint32_t ver)
{
    struct member *m = &t->at[slot];
    toggle_view(t, m);
    m->gen = gen;
    m->ver = ver;
    toggle_view(t, m);
}

bool roster_has_room(const struct roster *t)
{
    return t->ring.n + t->candidates.n + 1 < t->members_max;
}

uint32_t roster_add(struct roster *t, uint64_t id, struct slice name)
{
    assert(id != 0 && name.len >= 1 && name.len <= PEER_NAME_MAX);
    assert(t->free.n > 0);
    const uint32_t place = place_of(t, id);
    assert(t->index[place] == 0);
    const uint32_t slot = t->free.at[--t->free.n];
    struct member *m = &t->at[slot];
    *m = (struct member){.id = id, .name_len = (uint8_t)name.len};
    memcpy(m->name, name.at, name.len);
    t->index[place] = slot + 1;
    return slot;
}

void roster_drop(struct roster *t, uint32_t slot)
{
    struct member *m = &t->at[slot];
    assert(slot != SLOT_SELF && m->id != 0 && !m->rumor_queued);
    if (m->state != SWIM_CANDIDATE)
        roster_set_state(t, slot, SWIM_CANDIDATE, m->state_since);
    (void)list_remove(&t->candidates, slot);
    unindex(t, place_of(t, m->id));
    m->id = 0;
    list_append(&t->free, slot);
}

/* --- one member --- */

struct slice member_name(const struct member *m)
{
    return slice_of(m->name, m->name_len);
}

bool member_live(const struct member *m)
{
    return swim_lives((enum swim_state)m->state);
}

void member_measure(struct member *m, uint64_t rtt_us)
{
    const uint64_t rtt = rtt_us == 0 ? 1 : rtt_us; /* 0 means "not measured" */
    if (m->srtt_us == 0) {
        m->srtt_us = rtt;
        m->rttvar_us = rtt / 2;
        return;
    }
    const uint64_t off = rtt > m->srtt_us ? rtt - m->srtt_us : m->srtt_us - rtt;
    m->rttvar_us = (3 * m->rttvar_us + off) / 4;
    m->srtt_us = (7 * m->srtt_us + rtt) / 8;
    if (m->srtt_us == 0)
        m->srtt_us = 1;
}
