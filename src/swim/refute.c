/* swim/refute.c - what others say of us: a false claim is outbid, once. */
#include "swim/machine.h"

void refute_announce(struct swim *s, uint32_t above)
{
    const struct member *self = swim_self(s);
    if (above == UINT32_MAX) /* no version is left: a new generation begins at 0 */
        roster_set_claim(&s->roster, SLOT_SELF, self->gen + 1, 0);
    else
        roster_set_claim(&s->roster, SLOT_SELF, self->gen, above + 1);
    rumor_push(&s->rumors, SLOT_SELF, RUMOR_REFUTE);
}

/** Is the claim what we say ourselves, or older? Then there is nothing to refute. */
static bool is_true(const struct member *self, struct claim told)
{
    if (told.ver != self->ver)
        return told.ver < self->ver;
    return told.state == (enum swim_state)self->state || told.state < SWIM_SUSPECT;
}

void refute_claim(struct swim *s, struct claim told)
{
    const struct member *self = swim_self(s);
    if (s->leave.on || is_true(self, told))
        return;
    if (told.ver > self->ver && told.ver - self->ver > VERSION_JUMP) {
        s->n.generation_refused++; /* one lie must not use up all versions */
        return;
    }
    refute_announce(s, told.ver);
    s->n.refutations++;
    if (told.state == SWIM_SUSPECT || told.state == SWIM_DEAD)
        health_worse(s, 1); /* Lifeguard IV.A: who is suspected may be slow himself */
}

bool refute_buddy(struct swim *s, uint64_t from, const struct peer_you *you)
{
    const struct member *self = swim_self(s);
    if (!you->known)
        return true;
    if (you->gen == self->gen)
        refute_claim(s, (struct claim){you->ver, (enum swim_state)you->state});
    if (you->gen > self->gen)
        fullsync_inquire(s, from); /* an earlier run of ours is known there, with its address */
    return you->gen != self->gen || you->ver != self->ver || you->state != (uint8_t)self->state;
}
