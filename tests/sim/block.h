/**
 * block.h - memory for processes, all zero, kept from one process and one world to the next.
 *
 * A fault costs as much as clearing ten pages, and a world starts a process every few seconds. So the
 * pages that a process wrote to are cleared and kept. Never grows: a block has BLOCK_BYTES.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define BLOCK_BYTES (24U << 20)

/** Take a block of zeros, until block_give(). */
uint8_t *block_take(void);

/** Clear a block of which at most the first `used` bytes were written to. */
void block_clear(uint8_t *block, size_t used);

/** Give a block back, after block_clear(). */
void block_give(uint8_t *block);

/** Give all kept memory back to the host. */
void blocks_free(void);
