#include "loop/wedge.h"

static enum wedge_news see_turn(struct wedge *w, mono_us turned_at, mono_us now)
{
    const bool was = w->wedged;
    w->still_us = now - w->since;
    w->turned_at = turned_at;
    w->since = now;
    w->wedged = false;
    return was ? WEDGE_ENDED : WEDGE_NONE;
}

/** How long it stood still is counted on the looker's side: a pause of the whole process is nobody's
 *  fault, and the worker could not turn in it either. */
enum wedge_news wedge_look(struct wedge *w, mono_us turned_at, mono_us now, uint64_t looks_late_us)
{
    const bool first = w->looked_at == 0;
    const bool late = !first && now - w->looked_at > looks_late_us;
    w->looked_at = now;
    if (first || turned_at != w->turned_at)
        return see_turn(w, turned_at, now);
    if (late && !w->wedged)
        w->since = now;
    if (w->wedged || now - w->since < WEDGE_AFTER)
        return WEDGE_NONE;
    w->wedged = true;
    w->still_us = now - w->since;
    return WEDGE_BEGAN;
}
