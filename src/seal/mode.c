#include "seal/mode.h"

#include <assert.h>

enum seal_mode mode_settle(enum seal_mode mode, bool keyed)
{
    if (mode == SEAL_BY_RING)
        return keyed ? SEAL_REQUIRE : SEAL_OFF;
    assert(keyed || mode == SEAL_OFF);
    return mode;
}

bool mode_seals(enum seal_mode mode)
{
    return mode == SEAL_PREFER || mode == SEAL_REQUIRE;
}

bool mode_takes_plain(enum seal_mode mode)
{
    return mode == SEAL_OFF || mode == SEAL_LISTEN || mode == SEAL_PREFER;
}

bool mode_takes_sealed(enum seal_mode mode)
{
    return mode == SEAL_LISTEN || mode == SEAL_PREFER || mode == SEAL_REQUIRE;
}

const char *mode_text(enum seal_mode mode)
{
    static const char *const TEXTS[] = {[SEAL_BY_RING] = "by ring",
                                        [SEAL_OFF] = "off",
                                        [SEAL_LISTEN] = "listen",
                                        [SEAL_PREFER] = "prefer",
                                        [SEAL_REQUIRE] = "require"};
    assert(mode <= SEAL_REQUIRE);
    return TEXTS[mode];
}
