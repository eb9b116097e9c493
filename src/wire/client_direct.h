/**
 * wire/client_direct.h - the replies that are sent most, written straight into a writer.
 *
 * Private to `wire`: client_reply_get() and its kin ask here first. Room for the longest form is looked
 * for once; without it, or for what is rare, the answer is false, nothing was written, and the packer
 * does it. The bytes are the same.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "wire/client.h"

/** The whole reply to a get. */
bool client_direct_get(struct writer *w, uint32_t id, const struct client_got *got);

/** One element of an mget's reply. */
bool client_direct_many_get(struct writer *w, const struct client_got *got);

/** The whole reply to a fill that was stored. */
bool client_direct_stored(struct writer *w, uint32_t id);

/** One element of an mfill's reply that was stored. */
bool client_direct_many_stored(struct writer *w);
