/** node/drift.c - what is shown of our entries, to whom, and what those of others tell. */
#include "node/inside.h"

/* A function of its own: its list of ids lies on the stack, and hardened builds clear that at entry. */
static __attribute__((noinline)) uint64_t show(struct node *n, mono_us now, struct peer_msg *m)
{
    uint64_t ids[NODE_TRACED_MAX];
    size_t ids_n = 0;
    for (size_t i = 0; i < swim_members(n->swim) && ids_n < NODE_TRACED_MAX; i++) {
        const struct swim_member member = swim_member_at(n->swim, i);
        if (!member.self && member.state == SWIM_ALIVE)
            ids[ids_n++] = member.id;
    }
    m->type = PEER_SAMPLE;
    const struct sample_peers peers = {.ids = ids, .n = ids_n};
    return sample_poll(n->sample, now, n->cache, &peers, &m->args.samples);
}

uint64_t drift_compose(struct node *n, mono_us now, struct peer_msg *m)
{
    return now < drift_deadline(n) ? 0 : show(n, now, m);
}

/* Only with equal vectors: else an invalidation may explain every difference. */
void drift_recv(struct node *n, mono_us now, uint64_t id, const struct peer_msg *m)
{
    struct swim_member from;
    if (m->type != PEER_SAMPLE || m->vector_hash != ledger_vector_hash(n->ledger))
        return;
    const size_t drifted = sample_recv(n->sample, now, n->cache, id, &m->args.samples);
    if (drifted > 0 && swim_find(n->swim, id, &from))
        notice_add(n->notices,
                   &(struct node_out){.kind = NODE_OUT_DRIFTED,
                                      .drifted = {.with = from.name, .entries = drifted}});
}

mono_us drift_deadline(const struct node *n)
{
    return n->life.state == NODE_READY ? sample_deadline(n->sample) : NEVER;
}
