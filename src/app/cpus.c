#include "app/cpus.h"

#include <sched.h>
#include <stdlib.h>

#include "app/cgroup.h"
#include "loop/loop.h"

/** Version 1 tells quota and period in two files; they are read in the same order. */
struct quotas {
    uint32_t smallest; /* in CPUs, rounded up; 0 = none yet */
    long long quota[16];
    size_t quota_n;
    size_t period_n;
};

static void keep(struct quotas *q, long long quota, long long period)
{
    if (quota <= 0 || period <= 0)
        return;
    const long long cpus = (quota + period - 1) / period;
    if (cpus <= LOOP_WORKERS_MAX && (q->smallest == 0 || cpus < (long long)q->smallest))
        q->smallest = (uint32_t)cpus;
}

/** Version 2: "QUOTA PERIOD"; "max PERIOD" is no limit, and reads as 0. */
static void take_max(void *ctx, const char *line)
{
    char *end = NULL;
    const long long quota = strtoll(line, &end, 10);
    keep(ctx, quota, strtoll(end, NULL, 10));
}

static void take_quota(void *ctx, const char *line)
{
    struct quotas *q = ctx;
    if (q->quota_n < ARRAY_LEN(q->quota))
        q->quota[q->quota_n++] = strtoll(line, NULL, 10);
}

static void take_period(void *ctx, const char *line)
{
    struct quotas *q = ctx;
    if (q->period_n < q->quota_n)
        keep(q, q->quota[q->period_n++], strtoll(line, NULL, 10));
}

static void ignore(void *ctx, const char *line)
{
    (void)ctx;
    (void)line;
}

uint32_t cpus_quota(const char *root)
{
    static const struct cgroup_files QUOTA = {"cpu", "cpu.cfs_quota_us", "cpu.max"};
    static const struct cgroup_files PERIOD = {"cpu", "cpu.cfs_period_us", "cpu.max"};
    struct quotas q = {.smallest = 0};
    cgroup_visit(root, &QUOTA, take_quota, take_max, &q);
    cgroup_visit(root, &PERIOD, take_period, ignore, &q);
    return q.smallest;
}

uint32_t cpus_granted(const char *root)
{
    cpu_set_t set;
    const uint32_t quota = cpus_quota(root);
    uint32_t cpus = 1;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        cpus = (uint32_t)CPU_COUNT(&set);
    if (quota != 0 && quota < cpus)
        cpus = quota;
    return cpus > LOOP_WORKERS_MAX ? LOOP_WORKERS_MAX : cpus;
}
