/** golden.h - the values that the files proto/vectors/peer_*.hex and stream_*.hex were made of. */
#pragma once

#include "base/slice.h"
#include "wire/peer.h"

#define GOLDEN_GEN       UINT64_C(1700000000000)
#define GOLDEN_EPOCH     UINT64_C(0x1122334455667788)
#define GOLDEN_EPOCH_B   UINT64_C(0x99AABBCCDDEEFF00)
#define GOLDEN_CHALLENGE UINT64_C(0xC0C1C2C3C4C5C6C7)
#define GOLDEN_OWN       UINT64_C(0xD0D1D2D3D4D5D6D7)

/** "node-a", ALIVE, with metadata. */
struct peer_record golden_record_a(void);

/** "node-b", SUSPECT, accused by "node-a". */
struct peer_record golden_record_b(void);

/** A dots bin with one key dot. */
struct slice golden_dot(void);

/** One cover. */
struct slice golden_cover(void);

/** Two retired origins. */
struct slice golden_retired(void);

/** The bytes of the message whose vector is `name`, in buf. */
struct slice golden_bytes(const char *name, uint8_t *buf, size_t cap);

/** The same for a message between peers, by its enum peer_type. */
struct slice golden_peer(uint8_t type, uint8_t *buf, size_t cap);
