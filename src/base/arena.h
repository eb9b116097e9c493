/**
 * base/arena.h - all memory of a machine, taken once, at its start.
 *
 * A pure machine takes everything it will ever need in its X_new() and nothing later, so "out of
 * memory" can only happen there, and a test can try every arena size from 0 upwards. Nothing is ever
 * given back: the owner of the block drops it whole.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct arena {
    uint8_t *at;
    size_t len;  /* bytes of the block */
    size_t used; /* bytes taken so far, padding included */
};

/** Begin taking from the len bytes at mem (all zero, or the caller wants what they hold). Lends mem. */
void arena_init(struct arena *a, void *mem, size_t len);

/**
 * Take n objects of `size` bytes, aligned to 64 bytes (one cache line), zeroed by the owner of mem.
 *
 * Returns: lent memory that lives as long as the block; NULL when it does not fit or n * size
 * overflows, and then the arena is unchanged. n or size may be 0: the result is not NULL but must
 * not be used.
 */
void *arena_take(struct arena *a, size_t n, size_t size);
