#include "loop/alarm.h"

uint64_t alarm_due(struct alarm *a, uint64_t count, mono_us now)
{
    const uint64_t grew = count - a->told;
    if (grew == 0 || (a->ever && now - a->told_at < ALARM_PAUSE))
        return 0;
    *a = (struct alarm){.told = count, .told_at = now, .ever = true};
    return grew;
}
