/**
 * ledger/window.h - the bits of what is covered past `applied`, and the pool that they come from.
 *
 * A window is a circle of LEDGER_WINDOW bits: sequence s has bit s mod LEDGER_WINDOW. It never knows
 * where it begins; whoever holds it asks only about applied+1 .. applied+LEDGER_WINDOW, and clears
 * what `applied` passes. Sequences are given as a start and a length, so the last one may be
 * UINT64_MAX.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "ledger/ledger.h"

struct window {
    uint64_t bits[LEDGER_WINDOW / 64];
    struct window *next_free;
    uint32_t n; /* bits set */
};

/** Windows that were never lent are not linked, so that a start touches none of their memory. */
struct windows {
    struct window *at;
    uint32_t max;
    uint32_t lent_n;     /* the first so many were lent at some time */
    struct window *free; /* of these, those that were given back */
};

/** Take max empty windows from the arena; false when they do not fit. max may be 0. */
bool ledger_windows_init(struct arena *arena, struct windows *pool, uint32_t max);

/** Lend an empty window until ledger_window_give(); NULL when none is left. */
struct window *ledger_window_take(struct windows *pool);

/** Give back w, whose bits must all be clear (asserted). */
void ledger_window_give(struct windows *pool, struct window *w);

/** Is the bit of seq set? */
bool ledger_window_has(const struct window *w, uint64_t seq);

/** Set or clear the bits of len sequences from seq, len <= LEDGER_WINDOW. */
void ledger_window_fill(struct window *w, uint64_t seq, uint64_t len, bool value);

/** How many bits of the len sequences from seq are set; len <= LEDGER_WINDOW. */
uint64_t ledger_window_count(const struct window *w, uint64_t seq, uint64_t len);

/** How many sequences from seq on, at most len <= LEDGER_WINDOW, have this value. */
uint64_t ledger_window_run(const struct window *w, uint64_t seq, uint64_t len, bool value);

/** The 64 bits of seq .. seq+63, the first one lowest. */
uint64_t ledger_window_word(const struct window *w, uint64_t seq);
