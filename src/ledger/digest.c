#include "ledger/digest.h"

#include <assert.h>

static uint64_t term_of(const struct digest *digest, uint64_t epoch, uint64_t applied)
{
    assert(applied > 0);
    return hash_pair(&digest->hkey, epoch, applied);
}

static void add_term(struct digest *digest, uint64_t epoch, uint64_t term)
{
    digest->groups[epoch % LEDGER_GROUPS] += term;
    digest->sum += term;
}

void ledger_digest_update(struct digest *digest, struct origin *o)
{
    const uint64_t term = term_of(digest, o->epoch, o->applied);
    add_term(digest, o->epoch, term - o->term);
    o->term = term;
}

void ledger_digest_add(struct digest *digest, uint64_t epoch, uint64_t last)
{
    add_term(digest, epoch, term_of(digest, epoch, last));
}

void ledger_digest_subtract(struct digest *digest, uint64_t epoch, uint64_t last)
{
    add_term(digest, epoch, 0 - term_of(digest, epoch, last));
}

void ledger_digest_inherit(const struct digest *digest, struct origin *o)
{
    o->term = term_of(digest, o->epoch, o->applied);
}
