#include "seal/entry.h"

#include <assert.h>

enum entry entry_settle(enum entry entry, bool has_file)
{
    if (entry == ENTRY_BY_FILE)
        return has_file ? ENTRY_REQUIRE : ENTRY_OFF;
    assert(has_file || entry == ENTRY_OFF);
    return entry;
}

bool entry_is_open(enum entry entry)
{
    return entry == ENTRY_OFF || entry == ENTRY_ACCEPT;
}

bool entry_hears_logins(enum entry entry)
{
    return entry == ENTRY_ACCEPT || entry == ENTRY_REQUIRE;
}

const char *entry_text(enum entry entry)
{
    static const char *const TEXTS[] = {[ENTRY_BY_FILE] = "by file",
                                        [ENTRY_OFF] = "off",
                                        [ENTRY_ACCEPT] = "accept",
                                        [ENTRY_REQUIRE] = "require"};
    assert(entry <= ENTRY_REQUIRE);
    return TEXTS[entry];
}

bool plain_is_taken(enum plain plain, bool from_loopback)
{
    return plain == PLAIN_EVERYWHERE || (plain == PLAIN_LOOPBACK && from_loopback);
}

const char *plain_text(enum plain plain)
{
    static const char *const TEXTS[PLAINS] = {[PLAIN_LOOPBACK] = "loopback",
                                              [PLAIN_EVERYWHERE] = "everywhere",
                                              [PLAIN_NOWHERE] = "nowhere"};
    assert(plain < PLAINS);
    return TEXTS[plain];
}
