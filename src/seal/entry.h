/**
 * seal/entry.h - whom a node serves while clients go from no keys to keys, and from plain connections to
 * sealed ones.
 *
 *     entry    without a login   with a login
 *     off      everything        asked nobody: a client with a key does not go on
 *     accept   everything        what the client's capabilities say
 *     require  nothing           what the client's capabilities say
 *
 * Clients without keys are served by the first two, clients with keys by the last two: so all nodes
 * accept before any client has a key, and all clients have one before any node requires it. A process
 * keeps its entry for life. Never looks at a key.
 */
#pragma once

#include <stdbool.h>

/** From where a login without a share is heard: what follows it can be read, and changed, on the wire. */
enum plain {
    PLAIN_LOOPBACK, /* unless somebody chose */
    PLAIN_EVERYWHERE,
    PLAIN_NOWHERE
};

#define PLAINS 3 /* how many there are */

/** Is it heard from there? */
bool plain_is_taken(enum plain plain, bool from_loopback);

/** "loopback", "everywhere", "nowhere". Static. */
const char *plain_text(enum plain plain);

enum entry {
    ENTRY_BY_FILE, /* nobody chose: off without a clients file, require with one */
    ENTRY_OFF,
    ENTRY_ACCEPT,
    ENTRY_REQUIRE
};

/** The entry that counts, given whether there is a clients file: never ENTRY_BY_FILE. Asserts that there
 *  is one for an entry past ENTRY_OFF. */
enum entry entry_settle(enum entry entry, bool has_file);

/** Does a node of this settled entry serve who does not log in? */
bool entry_is_open(enum entry entry);

/** Does it hear logins? */
bool entry_hears_logins(enum entry entry);

/** "off", "accept", "require"; "by file" when nobody chose. Static. */
const char *entry_text(enum entry entry);
