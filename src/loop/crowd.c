#include "loop/crowd.h"

#include <assert.h>

#include "base/bytes.h"

uint64_t crowd_who(const struct addr *a)
{
    struct reader r = reader_of(slice_of(a->ip, sizeof a->ip));
    return a->ip_len == 4 ? read_u32(&r) : (read_u64(&r) | UINT64_C(1) << 63);
}

static size_t find(const struct crowd *c, uint64_t who)
{
    size_t i = 0;
    while (i < c->used && c->who[i] != who)
        i++;
    return i;
}

bool crowd_enter(struct crowd *c, uint64_t who)
{
    const size_t i = find(c, who);
    if (i == CROWD_MAX || (i < c->used && c->n[i] == CROWD_OF_EACH))
        return false;
    if (i == c->used) {
        c->who[c->used] = who;
        c->n[c->used++] = 0;
    }
    c->n[i]++;
    return true;
}

void crowd_leave(struct crowd *c, uint64_t who)
{
    const size_t i = find(c, who);
    assert(i < c->used && c->n[i] > 0);
    c->n[i]--;
    if (c->n[i] > 0)
        return;
    c->used--;
    c->who[i] = c->who[c->used];
    c->n[i] = c->n[c->used];
}
