/**
 * heal/answer.h - answer the PULLs of others, bounded in datagrams and in looking up.
 *
 * What does not fit is dropped silently: the asker asks again for what it still misses.
 */
#pragma once

#include "heal/state.h"

/** Queue a question; a full queue drops it and counts it. */
void heal_answer_queue(struct heal *h, uint64_t id, const struct peer_ranges *ranges);

/** Write the next DOTS or GONE into h's message. Returns: whom to send it to; 0 when there is none. */
uint64_t heal_answer_poll(struct heal *h);
