/**
 * cache/hinted.h - words that are written under the lock of a shard, and read by hints without it.
 *
 * A hint may read what is out of date: it chooses what the processor fetches, and nothing else. So these
 * are the only words of a shard that are touched without its lock. They are not of an atomic type, since
 * no order of theirs matters to anybody who holds the lock; the number of a group's chunks alone is
 * published after what it counts.
 */
#pragma once

#include <stdint.h>

/** Read a word, with or without the lock. */
static inline uint64_t hinted_read(const uint64_t *at)
{
    return __atomic_load_n(at, __ATOMIC_RELAXED);
}

/* NOLINTBEGIN(readability-non-const-parameter): the builtins write */
/** Write a word. */
static inline void hinted_write(uint64_t *at, uint64_t word)
{
    __atomic_store_n(at, word, __ATOMIC_RELAXED);
}

/* NOLINTEND(readability-non-const-parameter) */

/** Read a number, and see what was written before it was. */
static inline uint32_t hinted_count(const uint32_t *at)
{
    return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

/* NOLINTBEGIN(readability-non-const-parameter): likewise */
/** Write a number after all that it stands for. */
static inline void hinted_publish(uint32_t *at, uint32_t n)
{
    __atomic_store_n(at, n, __ATOMIC_RELEASE);
}

/* NOLINTEND(readability-non-const-parameter) */
