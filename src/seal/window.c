#include "seal/window.h"

#include <assert.h>
#include <string.h>

#define WORD_BITS 64

void window_init(struct window *w)
{
    memset(w, 0, sizeof *w);
}

/** The word that remembers counter, among the bits of w (a ring). */
static uint64_t *find_word(struct window *w, uint64_t counter)
{
    return &w->bits[counter / WORD_BITS % (WINDOW_BITS / WORD_BITS)];
}

static uint64_t bit_of(uint64_t counter)
{
    return UINT64_C(1) << counter % WORD_BITS;
}

/** Clear the bits of n counters, a word at a time. Counted: an end would overflow at the last. */
static void forget_counters(struct window *w, uint64_t from, uint64_t n)
{
    while (n > 0) {
        const uint64_t at = from % WORD_BITS;
        const uint64_t room = WORD_BITS - at;
        const uint64_t take = n < room ? n : room;
        *find_word(w, from) &= ~(UINT64_MAX >> (WORD_BITS - take) << at);
        from += take;
        n -= take;
    }
}

/**
 * Move the window up to counter. RFC 6479 2.2 clears whole words and so gives up to a word of the
 * window away; the words at both ends are cleared bit by bit here, and all 1,024 counters count.
 */
static void advance(struct window *w, uint64_t counter)
{
    assert(counter > w->newest);
    const uint64_t step = counter - w->newest;
    if (step >= WINDOW_BITS)
        memset(w->bits, 0, sizeof w->bits);
    else
        forget_counters(w, w->newest + 1, step);
    w->newest = counter;
}

bool window_accept(struct window *w, uint64_t counter)
{
    if (counter == 0)
        return false;
    if (counter > w->newest)
        advance(w, counter);
    else if (w->newest - counter >= WINDOW_BITS)
        return false;
    uint64_t *word = find_word(w, counter);
    if ((*word & bit_of(counter)) != 0)
        return false;
    *word |= bit_of(counter);
    return true;
}
