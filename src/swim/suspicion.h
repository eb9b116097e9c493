/**
 * swim/suspicion.h - the two rules of SWIM that are pure arithmetic: which claim wins, and how long a
 * suspicion lasts.
 *
 * No floating point: logarithms come from integer tables, so every build decides alike.
 * Source: SWIM 4.2 (suspicion, override order); Lifeguard IV.B (LHA-Suspicion).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "swim/swim.h"

#define SUSPICION_K_MAX 3 /* confirmations that still shorten a suspicion */

/** A state and the version it was claimed at, within one generation. */
struct claim {
    uint32_t ver;
    enum swim_state state;
};

/**
 * Does a claim outrank what we hold of the same generation?
 *
 * A higher version wins; at equal versions ALIVE < SUSPECT < DEAD < LEFT. LEFT is final: only a
 * higher generation ends it. Source: SWIM 4.2, with LEFT added.
 */
bool claim_wins(struct claim held, struct claim told);

/** 1,000 x log10(n), rounded down, at most 1 off; n is at least 1. */
uint32_t suspicion_log10(uint64_t n);

/** K: confirmations expected of n members alive, subject and ourselves included. */
uint32_t suspicion_expected(uint64_t n);

/** 4 x max(1, log10 n) x period: no suspicion is shorter. */
uint64_t suspicion_min(uint64_t n, uint64_t period_us);

/** min x (1 + 5K/3): a suspicion that nobody confirms. */
uint64_t suspicion_max(uint64_t n, uint64_t period_us);

/** After `confirmed` confirmations of K: max - (max - min) x ln(C + 1) / ln(K + 1); K = 0: min. */
uint64_t suspicion_timeout(uint64_t n, uint32_t confirmed, uint64_t period_us);
