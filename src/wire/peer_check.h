/**
 * wire/peer_check.h - the messages by which nodes check each other, as arguments of a body.
 *
 * POLL and PROOF, SUMS, SAMPLE, TRACE and TRACED, SURVEY and SURVEYED. Private to `wire`, as wire/peer_fields.h; never
 * decides what an answer proves. The layouts are in proto/peer.md.
 */
#pragma once

#include "wire/peer_fields.h"

/** Is a message of this type one of them? */
bool peer_check_has(uint8_t type);

/** Pack the arguments of m, which is one of them. Asserts its limits. */
void peer_check_pack(struct packer *p, const struct peer_msg *m);

/** Read the arguments of out->type, which is one of them, one element. Lends from the input. */
void peer_check_read(struct object_reader *r, struct peer_msg *out);
