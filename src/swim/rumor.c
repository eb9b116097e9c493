#include "swim/rumor.h"

#include <assert.h>

void rumor_init(struct rumors *r, struct roster *roster)
{
    r->roster = roster;
    r->n = 0;
    for (uint32_t c = 0; c < RUMOR_CLASSES; c++) {
        for (uint32_t sent = 0; sent < RUMOR_SENT_MAX; sent++) {
            r->head[c][sent] = SLOT_NONE;
            r->tail[c][sent] = SLOT_NONE;
        }
    }
}

static void append(struct rumors *r, uint32_t slot)
{
    struct member *m = &r->roster->at[slot];
    uint32_t *head = &r->head[m->rumor_class][m->rumor_sent];
    uint32_t *tail = &r->tail[m->rumor_class][m->rumor_sent];
    m->rumor_queued = true;
    m->rumor_next = SLOT_NONE;
    m->rumor_prev = *tail;
    if (*tail == SLOT_NONE)
        *head = slot;
    else
        r->roster->at[*tail].rumor_next = slot;
    *tail = slot;
    r->n++;
}

static void detach(struct rumors *r, uint32_t slot)
{
    struct member *m = &r->roster->at[slot];
    if (m->rumor_prev == SLOT_NONE)
        r->head[m->rumor_class][m->rumor_sent] = m->rumor_next;
    else
        r->roster->at[m->rumor_prev].rumor_next = m->rumor_next;
    if (m->rumor_next == SLOT_NONE)
        r->tail[m->rumor_class][m->rumor_sent] = m->rumor_prev;
    else
        r->roster->at[m->rumor_next].rumor_prev = m->rumor_prev;
    m->rumor_queued = false;
    r->n--;
}

void rumor_push(struct rumors *r, uint32_t slot, enum rumor_class class)
{
    rumor_drop(r, slot);
    struct member *m = &r->roster->at[slot];
    m->rumor_class = (uint8_t) class;
    m->rumor_sent = 0;
    append(r, slot);
}

void rumor_count(struct rumors *r, uint32_t slot, uint32_t limit)
{
    struct member *m = &r->roster->at[slot];
    assert(m->rumor_queued && limit < RUMOR_SENT_MAX);
    detach(r, slot);
    m->rumor_sent++;
    if (m->rumor_sent < limit)
        append(r, slot);
}

void rumor_drop(struct rumors *r, uint32_t slot)
{
    if (r->roster->at[slot].rumor_queued)
        detach(r, slot);
}

/** The first rumour at or after this class and count. */
static uint32_t first_from(const struct rumors *r, uint32_t class, uint32_t sent)
{
    for (uint32_t c = class; c < RUMOR_CLASSES; c++) {
        for (uint32_t i = c == class ? sent : 0; i < RUMOR_SENT_MAX; i++) {
            if (r->head[c][i] != SLOT_NONE)
                return r->head[c][i];
        }
    }
    return SLOT_NONE;
}

uint32_t rumor_first(const struct rumors *r)
{
    return r->n == 0 ? SLOT_NONE : first_from(r, 0, 0);
}

uint32_t rumor_next(const struct rumors *r, uint32_t slot)
{
    const struct member *m = &r->roster->at[slot];
    if (m->rumor_next != SLOT_NONE)
        return m->rumor_next;
    return first_from(r, m->rumor_class, m->rumor_sent + 1u);
}

uint32_t rumor_limit(uint64_t n)
{
    uint32_t bits = 0; /* of n, which is ceil(log2(n + 1)) */
    while (n != 0) {
        bits++;
        n >>= 1;
    }
    return 3 * bits > 8 ? 3 * bits : 8;
}
