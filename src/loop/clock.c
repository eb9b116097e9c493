#include "loop/clock.h"

#include <assert.h>
#include <time.h>

static struct timespec read_clock(clockid_t id)
{
    struct timespec t = {0};
    const int rc = clock_gettime(id, &t);
    assert(rc == 0); /* both clocks exist on every Linux that runs us */
    (void)rc;
    return t;
}

mono_us clock_now(void)
{
    const struct timespec t = read_clock(CLOCK_BOOTTIME);
    return (uint64_t)t.tv_sec * US_PER_SEC + (uint64_t)t.tv_nsec / 1000U;
}

uint64_t clock_wall_ms(void)
{
    const struct timespec t = read_clock(CLOCK_REALTIME);
    return (uint64_t)t.tv_sec * 1000U + (uint64_t)t.tv_nsec / 1000000U;
}
