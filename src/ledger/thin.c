#include "ledger/thin.h"

#include <assert.h>
#include <stddef.h>

#include "ledger/mix.h"

#define SEQ_LIMIT (1ULL << 47) /* what a name has room for: later dots are not kept */

/** DOT_KEY, DOT_TAG, or 0 for a kind that has no thin form. */
static uint8_t thin_kind(uint8_t kind)
{
    switch (kind) {
    case DOT_KEY:
    case DOT_PUT:
    case DOT_COMMIT: /* that it ends a quarantine is lost: the quarantine runs out by itself */
        return DOT_KEY;
    case DOT_TAG:
        return DOT_TAG;
    default:
        return 0;
    }
}

static uint64_t pack_name(const struct log_key *key)
{
    return key->seq << 17 | (uint64_t)key->slot << 1;
}

bool ledger_thin_init(struct arena *arena, struct thin *thin, uint32_t max)
{
    *thin = (struct thin){0};
    if (max == 0)
        return true;
    struct thin_record *ring = arena_take(arena, max, sizeof *ring);
    if (ring == NULL || !ledger_chains_init(arena, &thin->chains, max))
        return false;
    thin->ring = ring;
    return true;
}

uint64_t ledger_thin_added(const struct thin *thin)
{
    return thin->chains.added;
}

void ledger_thin_add(struct thin *thin, const struct log_record *r)
{
    const uint8_t kind = thin_kind(r->kind);
    if (thin->ring == NULL || kind == 0 || r->seq >= SEQ_LIMIT)
        return;
    const struct log_key key = {.slot = r->slot, .seq = r->seq};
    const uint64_t at = ledger_chains_add(&thin->chains, ledger_mix_dot(r->slot, r->seq));
    thin->ring[at & thin->chains.mask] =
        (struct thin_record){.hash = r->hash, .name = pack_name(&key) | (kind == DOT_TAG)};
}

bool ledger_thin_find(const struct thin *thin, const struct log_key *key, struct dot *out)
{
    uint64_t at;
    if (thin->ring == NULL || key->seq >= SEQ_LIMIT)
        return false;
    const uint64_t name = pack_name(key);
    bool more = ledger_chains_first(&thin->chains, ledger_mix_dot(key->slot, key->seq), &at);
    for (; more && at >= key->since; more = ledger_chains_next(&thin->chains, &at)) {
        const struct thin_record *r = &thin->ring[at & thin->chains.mask];
        if ((r->name & ~1ULL) != name)
            continue;
        const bool tag = (r->name & 1) != 0;
        *out = (struct dot){.seq = key->seq, .kind = tag ? DOT_TAG : DOT_KEY, .hash = r->hash};
        return true;
    }
    return false;
}
