/**
 * seal/mode.h - what a node sends and takes while a cluster goes from plain packets to sealed ones.
 *
 *     mode     sends   takes
 *     off      plain   plain
 *     listen   plain   both
 *     prefer   sealed  both
 *     require  sealed  sealed
 *
 * Any two neighbours understand each other both ways, no others do: so all nodes take one step before
 * any of them takes the next. A process keeps its mode for life. Never looks at a packet or a key.
 */
#pragma once

#include <stdbool.h>

enum seal_mode {
    SEAL_BY_RING, /* nobody chose: off without keys, require with them */
    SEAL_OFF,
    SEAL_LISTEN,
    SEAL_PREFER,
    SEAL_REQUIRE
};

/** The mode that counts, given whether there is a keyring: never SEAL_BY_RING. Asserts that there is one
 *  for a mode past SEAL_OFF. */
enum seal_mode mode_settle(enum seal_mode mode, bool keyed);

/** Does a node of this settled mode seal what it sends? */
bool mode_seals(enum seal_mode mode);

/** Does it take plain packets? */
bool mode_takes_plain(enum seal_mode mode);

/** Does it take sealed packets? */
bool mode_takes_sealed(enum seal_mode mode);

/** "off", "listen", "prefer", "require"; "by ring" when nobody chose. Static. */
const char *mode_text(enum seal_mode mode);
