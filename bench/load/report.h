/** load/report.h - how the result is told: as text for people, or as JSON. */
#pragma once

#include <stdint.h>

#include "load/job.h"
#include "load/tally.h"

/** What came out of the timed part. */
struct report {
    const struct job *job;
    struct tally tally; /* of all threads */
    uint64_t wall_ns;
    uint64_t server_ns; /* of processor time; 0 = not measured */
    uint64_t own_ns;
};

/** Print to standard output. */
void report_print(const struct report *r);
