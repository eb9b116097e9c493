/**
 * loop/locked.h - memory that holds keys, where it lies: kept from swap devices and from core dumps.
 *
 * Works on whole pages, so what shares a page is kept with it. Never wipes: that is up to whose keys they
 * are. Thread: any; one at a time for one place.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/** Keep len bytes at `at` in memory. false: the system forbids it (RLIMIT_MEMLOCK), and they may be swapped;
 *  they are left out of core dumps all the same. */
bool locked_keep(void *at, size_t len);

/** As any other memory again, before it is given back. */
void locked_release(void *at, size_t len);
