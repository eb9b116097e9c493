/**
 * wire/client_pack.h - where a client frame begins and ends in a writer.
 *
 * Private to `wire`. A frame that does not fit leaves no bytes: the writer holds whole frames only.
 */
#pragma once

#include "wire/pack.h"

/** Leave room for the length. Returns: the mark for client_frame_end. */
size_t client_frame_begin(struct writer *w);

/** Set the length of the frame begun at mark; after an error, take back what was written of it. */
void client_frame_end(struct writer *w, size_t mark);
