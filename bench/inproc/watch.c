#include "inproc/watch.h"

#include <sys/resource.h>

#include "inproc/load.h"

#define SUSPECT_NS 20000 /* calls as long as that are asked whether they were interrupted */

static long lost_core(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nivcsw;
}

struct watch watch_of(struct stall *stall, const char *situation)
{
    *stall = (struct stall){.situation = situation};
    return (struct watch){.stall = stall, .lost = lost_core()};
}

struct watch_time watch_begin(void)
{
    /* Inside the other clock, so that what callers feel has no reading of a clock in it. */
    const uint64_t cpu_ns = load_cpu_ns();
    return (struct watch_time){.cpu_ns = cpu_ns, .wall_ns = load_wall_ns()};
}

void watch_end(struct watch *w, struct watch_time begun)
{
    const uint64_t wall_ns = load_wall_ns() - begun.wall_ns;
    const uint64_t cpu_ns = load_cpu_ns() - begun.cpu_ns;
    struct stall *s = w->stall;
    const long before = w->lost;
    if (wall_ns >= SUSPECT_NS)
        w->lost = lost_core();
    s->cpu_ns = cpu_ns > s->cpu_ns ? cpu_ns : s->cpu_ns;
    if (w->lost == before) {
        histogram_add(&s->calls, wall_ns);
        return;
    }
    s->interrupted_n++;
    s->interrupted_ns = wall_ns > s->interrupted_ns ? wall_ns : s->interrupted_ns;
}
