/**
 * cache/earn.h - how many uses lead from the small queue to the main one: two, or only one.
 *
 * Two keep out what is asked for twice in a row and never again. They are too many where whoever leaves
 * after one use comes back soon. Ghosts tell that: when those who left after one use come back at least
 * two thirds as often as an item of the main queue is used in a lap, one use is enough. Of one key in
 * 16 two are asked all the same, so that it shows when that has ended.
 * Never knows an item.
 * Source: Yang, Zhang, Qiu, Yue and Rashmi, "FIFO queues are all you need for cache eviction" (SOSP
 * 2023), 4.1, for the threshold.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** All zero to begin with. The older half of what was counted weighs half, and so on. */
struct earn {
    uint32_t left, back; /* left the small queue after one use; and came back */
    uint32_t seen, used; /* reached the end of the main queue; and had been used */
};

/** Is an item used enough? bits: of the hash of its key, the same each time. */
bool earn_enough(const struct earn *e, unsigned uses, uint32_t bits);

/** One left the small queue after one use. */
void earn_left(struct earn *e);

/** One such came back while it was remembered. */
void earn_back(struct earn *e);

/** One reached the end of the main queue. */
void earn_lap(struct earn *e, bool used);
