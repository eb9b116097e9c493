/**
 * tests/litmus/yield.h - included before all else in src/cache: its atomic operations become steps.
 *
 * An operation that is not known here does not compile, rather than go unseen. What is not atomic lies
 * under a lock of the hooks in struct cache_cfg, which are steps too.
 */
#pragma once

#include <stdatomic.h>

#include "explorer.h"

#undef atomic_init
#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub_explicit
#undef atomic_thread_fence

/* NOLINTBEGIN(readability-identifier-naming): these names are the standard's */

/* The order of a load does not matter in either model. */
#define atomic_load_explicit(at, order)                                                            \
    _Generic(*(at), uint64_t : explorer_load64, uint32_t : explorer_load32)((at), #at)
#define atomic_store_explicit(at, value, order)                                                    \
    _Generic(*(at), uint64_t                                                                       \
             : explorer_store64, uint32_t                                                          \
             : explorer_store32)((at), (value), (int)(order), #at)
#define atomic_init(at, value)                  atomic_store_explicit(at, value, memory_order_relaxed)
#define atomic_fetch_add_explicit(at, n, order) explorer_add32((at), (n), #at)
#define atomic_fetch_sub_explicit(at, n, order) explorer_add32((at), 0U - (n), #at)
#define atomic_thread_fence(order)              explorer_fence()

/* NOLINTEND(readability-identifier-naming) */

#undef atomic_load
#undef atomic_store
#undef atomic_exchange
#undef atomic_exchange_explicit
#undef atomic_compare_exchange_strong
#undef atomic_compare_exchange_strong_explicit
#undef atomic_compare_exchange_weak
#undef atomic_compare_exchange_weak_explicit
#undef atomic_fetch_add
#undef atomic_fetch_sub
#undef atomic_fetch_or
#undef atomic_fetch_or_explicit
#undef atomic_fetch_and
#undef atomic_fetch_and_explicit
#undef atomic_fetch_xor
#undef atomic_fetch_xor_explicit
#undef atomic_flag_test_and_set
#undef atomic_flag_test_and_set_explicit
#undef atomic_flag_clear
#undef atomic_flag_clear_explicit
