#include "ledger/digest.h"

#include <assert.h>

void ledger_digest_update(struct digest *digest, struct origin *o)
{
    assert(o->applied > 0);
    const uint64_t term = hash_pair(&digest->hkey, o->epoch, o->applied);
    digest->groups[o->epoch % LEDGER_GROUPS] += term - o->term;
    digest->sum += term - o->term;
    o->term = term;
}
