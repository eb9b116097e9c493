/**
 * node/path.h - how long a datagram to one peer may be: 1,200, 900 or 508 bytes.
 *
 * One step down at once when the host says that a datagram is too long, and when three long ones in a
 * row brought no progress although the peer is heard (a black hole swallows them without a word). The
 * next larger step is tried again each 60 s. Never looks at what is sent.
 * Source: datagram path MTU discovery, RFC 8899; the sizes are those of an IPv6 minimum, of a tunnel
 * inside it, and of an IPv4 minimum.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

#define PATH_STEPS    3
#define PATH_LEAST    508 /* bytes: the shortest step */
#define PATH_RETRY_US (60 * US_PER_SEC)
#define PATH_SILENT   3                 /* long datagrams without progress that make a black hole */
#define PATH_WAIT_US  (200 * US_PER_MS) /* for the answer to the last of them */

/** One peer's path. All zero is a good start. */
struct path {
    uint8_t step;      /* 0 = 1,200 bytes */
    uint8_t silent_n;  /* long datagrams since the last progress */
    mono_us silent_at; /* when there were PATH_SILENT of them */
    mono_us changed_at;
    uint64_t applied; /* of our dots at the peer, when it last rose */
};

/** Bytes that a datagram to this peer may have now; tries a larger step again when it is time. */
size_t path_room(struct path *p, mono_us now);

/** A datagram of len bytes that pushes our own dots goes to the peer. */
void path_sent(struct path *p, mono_us now, size_t len);

/** The host said that the last datagram was too long. */
void path_too_long(struct path *p, mono_us now);

/** The peer was heard: it has covered `applied` of our dots. Still no rise PATH_WAIT_US after the
 *  PATH_SILENT-th long datagram is a step down. Returns: true when it stepped down. */
bool path_heard(struct path *p, mono_us now, uint64_t applied);
