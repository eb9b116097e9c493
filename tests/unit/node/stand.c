#include "stand.h"

void stand_up(struct stand *t)
{
    rig_init(&t->rig, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1});
    t->n = t->rig.node;
    rig_drain(&t->rig);
}

void stand_down(struct stand *t)
{
    rig_fini(&t->rig);
}
