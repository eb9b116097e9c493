/**
 * load/number.h - gives ids their numbers 0, 1, 2... in the order in which they are first seen.
 *
 * Traces name keys by any 64 bits; the loader counts keys from 0. Never forgets an id.
 */
#pragma once

#include <stdint.h>

struct number {
    uint64_t *ids;
    uint32_t *values; /* number + 1; 0 = the place is free */
    uint64_t mask;    /* places - 1; all zero before the first id */
    uint32_t n;       /* ids seen */
};

/** The number of id, given now if it has none. Ends the program when memory does. */
uint32_t number_of(struct number *t, uint64_t id);

/** Release the memory. */
void number_free(struct number *t);
