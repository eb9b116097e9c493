/**
 * base/suggest.h - the word that was probably meant.
 *
 * Never decides what is wrong with a word; it only ranks what could have been typed instead.
 * Source: Damerau 1964 and Levenshtein 1966, in the restricted form (optimal string alignment).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define SUGGEST_WORD_MAX 64 /* bytes; longer words resemble nothing */

/** Edits (insert, delete, replace, swap neighbours) that turn a into b; UINT32_MAX when one of them is
 *  longer than SUGGEST_WORD_MAX. */
uint32_t suggest_distance(struct slice a, struct slice b);

/** The candidate nearest to word. */
struct suggest {
    const char *word;  /* what was typed; lent for life */
    const char *best;  /* NULL while nothing is near */
    uint32_t distance; /* of best */
};

/** Begin looking for what `word` could mean: at most a third of its letters wrong, and at least one. */
struct suggest suggest_begin(const char *word);

/** Offer one candidate, which is lent. The first of equals stays. */
void suggest_offer(struct suggest *s, const char *candidate);
