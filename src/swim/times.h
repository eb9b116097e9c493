/** swim/times.h - the timing of the failure detector; it knows nothing of any clock. */
#pragma once

#include <stdint.h>

/** Timing of one profile; all in microseconds. */
struct swim_times {
    uint64_t period_us;      /* one probe per period: 500 ms */
    uint64_t ping_min_us;    /* clamp of srtt + 4 x rttvar: 50 ms */
    uint64_t ping_max_us;    /* 250 ms; also the start value */
    uint64_t gossip_us;      /* tick while rumours are queued: 200 ms */
    uint8_t gossip_fanout;   /* 3 */
    uint8_t relays;          /* 3 */
    uint64_t sync_us;        /* full sync, +-20 %: 30 s */
    uint64_t sync_differ_us; /* view hashes differ for that long: 5 s */
    uint64_t reconnect_us;   /* to one DEAD: 5 s */
    uint64_t dead_keep_us;   /* tombstone of DEAD: 6 h */
    uint64_t left_keep_us;   /* tombstone of LEFT: 1 h */
    uint64_t leave_us;       /* bound of the LEAVE exchange: 1 s */
};

/** The profiles of `--profile`: "pod", "wan", "test". */
enum swim_profile {
    SWIM_POD,
    SWIM_WAN,
    SWIM_TEST
};

/** The timing of a profile. */
struct swim_times swim_times_of(enum swim_profile profile);
