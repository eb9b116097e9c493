#include "ledger/window.h"

#include <assert.h>
#include <stddef.h>

#define WORDS (LEDGER_WINDOW / 64)

/* The part of a run that lies in one word. */
struct chunk {
    uint64_t mask; /* its bits in the word */
    uint64_t len;
    uint32_t word;
    uint32_t shift; /* of the first bit */
};

static struct chunk cut_chunk(uint64_t seq, uint64_t len)
{
    const uint32_t shift = (uint32_t)(seq % 64);
    const uint64_t room = 64 - shift;
    const uint64_t n = len < room ? len : room;
    const uint64_t ones = n == 64 ? UINT64_MAX : (1ULL << n) - 1;
    return (struct chunk){
        .mask = ones << shift, .len = n, .word = (uint32_t)(seq / 64 % WORDS), .shift = shift};
}

/** Bits set in x. Source: the sideways sum of Knuth, TAOCP 4A, 7.1.3 (62). */
static uint32_t count_bits(uint64_t x)
{
    x -= x >> 1 & 0x5555555555555555ULL;
    x = (x & 0x3333333333333333ULL) + (x >> 2 & 0x3333333333333333ULL);
    x = (x + (x >> 4)) & 0x0F0F0F0F0F0F0F0FULL;
    return (uint32_t)(x * 0x0101010101010101ULL >> 56);
}

bool ledger_windows_init(struct arena *arena, struct windows *pool, uint32_t max)
{
    struct window *all = arena_take(arena, max, sizeof *all);
    if (all == NULL)
        return false;
    *pool = (struct windows){.at = all, .max = max};
    return true;
}

struct window *ledger_window_take(struct windows *pool)
{
    struct window *w = pool->free;
    if (w == NULL)
        return pool->lent_n < pool->max ? &pool->at[pool->lent_n++] : NULL;
    pool->free = w->next_free;
    return w;
}

void ledger_window_give(struct windows *pool, struct window *w)
{
    assert(w->n == 0);
    w->next_free = pool->free;
    pool->free = w;
}

bool ledger_window_has(const struct window *w, uint64_t seq)
{
    return (w->bits[seq / 64 % WORDS] >> (seq % 64) & 1) != 0;
}

void ledger_window_fill(struct window *w, uint64_t seq, uint64_t len, bool value)
{
    assert(len <= LEDGER_WINDOW);
    while (len > 0) {
        const struct chunk c = cut_chunk(seq, len);
        const uint64_t old = w->bits[c.word];
        w->bits[c.word] = value ? old | c.mask : old & ~c.mask;
        w->n += count_bits(w->bits[c.word]);
        w->n -= count_bits(old);
        seq += c.len;
        len -= c.len;
    }
}

uint64_t ledger_window_count(const struct window *w, uint64_t seq, uint64_t len)
{
    assert(len <= LEDGER_WINDOW);
    uint64_t n = 0;
    while (len > 0) {
        const struct chunk c = cut_chunk(seq, len);
        n += count_bits(w->bits[c.word] & c.mask);
        seq += c.len;
        len -= c.len;
    }
    return n;
}

uint64_t ledger_window_run(const struct window *w, uint64_t seq, uint64_t len, bool value)
{
    assert(len <= LEDGER_WINDOW);
    uint64_t run = 0;
    while (run < len) {
        const struct chunk c = cut_chunk(seq + run, len - run);
        const uint64_t bits = w->bits[c.word];
        const uint64_t other = (value ? ~bits : bits) & c.mask;
        if (other != 0)
            return run + (uint64_t)__builtin_ctzll(other) - c.shift;
        run += c.len;
    }
    return len;
}

uint64_t ledger_window_word(const struct window *w, uint64_t seq)
{
    const uint32_t shift = (uint32_t)(seq % 64);
    const uint64_t low = w->bits[seq / 64 % WORDS] >> shift;
    const uint64_t next = w->bits[(seq / 64 + 1) % WORDS];
    return shift == 0 ? low : low | next << (64 - shift);
}
