#include "node/path.h"

static const size_t SIZES[PATH_STEPS] = {1200, 900, PATH_LEAST};

static void step_down(struct path *p, mono_us now)
{
    p->silent_n = 0;
    if (p->step + 1 >= PATH_STEPS)
        return;
    p->step++;
    p->changed_at = now;
}

size_t path_room(struct path *p, mono_us now)
{
    if (p->step > 0 && now - p->changed_at > PATH_RETRY_US) {
        p->step--;
        p->changed_at = now;
    }
    return SIZES[p->step];
}

void path_sent(struct path *p, mono_us now, size_t len)
{
    const bool last = p->step + 1 >= PATH_STEPS;
    if (last || len <= SIZES[p->step + 1] || p->silent_n == PATH_SILENT)
        return;
    p->silent_n++;
    p->silent_at = now;
}

void path_too_long(struct path *p, mono_us now)
{
    step_down(p, now);
}

bool path_heard(struct path *p, mono_us now, uint64_t applied)
{
    if (applied != p->applied) { /* less: the link was made anew */
        p->applied = applied;
        p->silent_n = 0;
        return false;
    }
    if (p->silent_n < PATH_SILENT || now - p->silent_at < PATH_WAIT_US)
        return false;
    step_down(p, now);
    return true;
}
