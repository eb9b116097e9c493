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

uint64_t watch_begin(void)
{
    return load_wall_ns();
}

void watch_end(struct watch *w, uint64_t begun)
{
    const uint64_t ns = load_wall_ns() - begun;
    const long before = w->lost;
    if (ns >= SUSPECT_NS)
        w->lost = lost_core();
    if (w->lost != before)
        w->stall->interrupted_n++;
    else
        histogram_add(&w->stall->calls, ns);
}
