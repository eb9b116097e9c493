#include "swim/times.h"

#include <assert.h>

#include "base/time.h"

#define MS US_PER_MS
#define S  US_PER_SEC

struct swim_times swim_times_of(enum swim_profile profile)
{
    static const struct swim_times TIMES[] = {
        [SWIM_POD] = {.period_us = 500 * MS,
                      .ping_min_us = 50 * MS,
                      .ping_max_us = 250 * MS,
                      .gossip_us = 200 * MS,
                      .gossip_fanout = 3,
                      .relays = 3,
                      .sync_us = 30 * S,
                      .sync_differ_us = 5 * S,
                      .reconnect_us = 5 * S,
                      .dead_keep_us = 6 * 3600 * S,
                      .left_keep_us = 3600 * S,
                      .leave_us = 1 * S},
        [SWIM_WAN] = {.period_us = 5 * S,
                      .ping_min_us = 200 * MS,
                      .ping_max_us = 3 * S,
                      .gossip_us = 500 * MS,
                      .gossip_fanout = 4,
                      .relays = 3,
                      .sync_us = 60 * S,
                      .sync_differ_us = 10 * S,
                      .reconnect_us = 30 * S,
                      .dead_keep_us = 24 * 3600 * S,
                      .left_keep_us = 3600 * S,
                      .leave_us = 5 * S},
        [SWIM_TEST] = {.period_us = 50 * MS,
                       .ping_min_us = 5 * MS,
                       .ping_max_us = 20 * MS,
                       .gossip_us = 20 * MS,
                       .gossip_fanout = 3,
                       .relays = 3,
                       .sync_us = 1 * S,
                       .sync_differ_us = 200 * MS,
                       .reconnect_us = 500 * MS,
                       .dead_keep_us = 60 * S,
                       .left_keep_us = 60 * S,
                       .leave_us = 200 * MS},
    };
    assert(profile <= SWIM_TEST);
    return TIMES[profile];
}
