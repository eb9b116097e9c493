/** tests/unit/node/stand.h - one sealed node, ready and with nothing to say, for a forger or a donor. */
#pragma once

#include "rig.h"

struct stand {
    struct rig rig;
    struct node *n; /* the rig's */
};

/** Make it. */
void stand_up(struct stand *t);

/** Free it. */
void stand_down(struct stand *t);
