/**
 * cache/conjunctions.h - the barriers of several tags together in one shard.
 *
 * A conjunction covers an entry that carries every one of its tags. Like a prefix barrier it must stay
 * until a sweep that began after it has removed every dead entry; which sweep that is, it remembers as
 * `pass`. Never forgets by itself: the shard decides what a dropped conjunction turns into.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/dot.h"
#include "base/slice.h"
#include "cache/cache.h"

struct conjunction {
    uint64_t index;              /* entries that it covers with an older stamp are dead */
    uint64_t pass;               /* the first sweep that began after it was raised */
    uint32_t n;                  /* tags, DOT_TAGS_MIN..DOT_TAGS_MAX */
    uint64_t tags[DOT_TAGS_MAX]; /* target hashes, rising */
};

struct conjunctions {
    struct conjunction all[CACHE_CONJUNCTIONS_MAX]; /* the first `used`, in no order */
    uint32_t used;
    uint64_t top; /* none is newer than this */
};

/** Read the tags of a DOT_TAGS_ALL into out, index and pass 0. false: bytes are no such set. */
bool conjunction_parse(struct slice more, struct conjunction *out);

/** Raise one that is there already; false when it is not. Its sweep begins anew if it rose. */
bool conjunctions_raise(struct conjunctions *c, const struct conjunction *set);

bool conjunctions_full(const struct conjunctions *c); /**< is there no place for one more? */

/** One that is not there yet; asserts !conjunctions_full(). */
void conjunctions_add(struct conjunctions *c, const struct conjunction *set);

/** The one raised longest ago, lent: none has a smaller pass. Asserts that there is one. */
const struct conjunction *conjunctions_oldest(const struct conjunctions *c);

/** Drop that one. What it stood for must have been raised elsewhere before. */
void conjunctions_drop(struct conjunctions *c);

/** Does any of them newer than stamp cover something with these n tags, rising? */
bool conjunctions_cover(const struct conjunctions *c, const uint64_t *tags, uint32_t n,
                        uint64_t stamp);
