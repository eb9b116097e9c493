/** Hit ratios of real traces, as others measured them. Needs the folder of the traces in TRACES. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy/policy.h"

struct published {
    const char *file;
    uint64_t capacity;
    double ratios[5]; /* fifo, lru, sieve, s3fifo, opt */
};

static const struct published TABLE[] = {
    {"arc-OLTP.lis.zst", 1000, {.2853, .3283, .3256, .4086, .5361}},
    {"arc-OLTP.lis.zst", 5000, {.4968, .5365, .5189, .5575, .6827}},
    {"arc-OLTP.lis.zst", 15000, {.6142, .6463, .6510, .6598, .7514}},
    {"cloudPhysicsIO.oracleGeneral.bin", 489, {.1524, .1620, .1708, .1695, .2073}},
    {"cloudPhysicsIO.oracleGeneral.bin", 4897, {.1946, .1951, .2093, .2447, .3710}},
    {"scarab-scarab-recs.trace.xz", 2583, {.3183, .3471, .4081, .4279, .5335}},
    {"scarab-scarab-recs.trace.xz", 25836, {.5709, .6060, .6091, .6282, .7503}},
    {"cache2k-web12.trace.xz", 137, {.3763, .3970, .4025, .4096, .5846}},
    {"cache2k-web12.trace.xz", 1375, {.6454, .6848, .7172, .7212, .8003}},
};

/* libCacheSim, test/test_evictionAlgo.c: misses of 113,872 requests of cloudPhysicsIO in 128, 256, ...
 * 1,024 MiB. Both of its S3-FIFOs are there. */
static const struct golden {
    const struct policy *policy;
    uint64_t misses[8];
} GOLDEN[] = {
    {&POLICY_FIFO, {93403, 89386, 84387, 84025, 72498, 72228, 72182, 72140}},
    {&POLICY_LRU, {93374, 89783, 83572, 81722, 72494, 72104, 71972, 71704}},
    {&POLICY_SIEVE, {91699, 86720, 78578, 76707, 69945, 66221, 64445, 64376}},
    {&POLICY_S3FIFO, {90117, 80915, 75060, 72191, 69815, 65542, 60799, 56045}},
    {&POLICY_S3FIFO_PAPER, {89307, 82387, 77041, 76791, 71300, 70343, 70455, 70355}},
    {&POLICY_OPT, {79256, 70724, 65481, 61594, 59645, 57599, 50873, 48974}},
};

static void load(const char *file, struct trace *t)
{
    char path[512];
    struct fault fault;
    const char *folder = getenv("TRACES");
    if (folder == NULL)
        cr_skip_test("TRACES names no folder of traces");
    snprintf(path, sizeof path, "%s/%s", folder, file);
    cr_assert(trace_load(path, NULL, t, &fault), "%s", fault.text);
}

static double ratio(const struct policy *p, const struct replay *replay)
{
    struct policy_result result;
    struct fault fault;
    cr_assert(policy_replay(p, replay, &result, &fault), "%s", fault.text);
    return (double)result.hits / (double)result.requests;
}

Test(published, ratios_of_objects_of_one_size_are_met_to_four_digits)
{
    static const struct policy *const COLUMNS[] = {&POLICY_FIFO, &POLICY_LRU, &POLICY_SIEVE,
                                                   &POLICY_S3FIFO, &POLICY_OPT};
    for (size_t i = 0; i < sizeof TABLE / sizeof TABLE[0]; i++) {
        struct trace t;
        load(TABLE[i].file, &t);
        const struct replay replay = {.trace = &t, .capacity = TABLE[i].capacity};
        for (size_t j = 0; j < 5; j++)
            cr_assert_float_eq(ratio(COLUMNS[j], &replay), TABLE[i].ratios[j], 5.1e-5, "%s %s",
                               TABLE[i].file, COLUMNS[j]->name);
        trace_free(&t);
    }
}

Test(published, misses_of_objects_with_sizes_are_met_exactly)
{
    struct trace t;
    load("cloudPhysicsIO.oracleGeneral.bin", &t);
    for (size_t i = 0; i < sizeof GOLDEN / sizeof GOLDEN[0]; i++) {
        for (uint64_t j = 0; j < 8; j++) {
            const struct replay replay = {.trace = &t, .capacity = (j + 1) << 27, .by_size = true};
            struct policy_result result;
            struct fault fault;
            cr_assert(policy_replay(GOLDEN[i].policy, &replay, &result, &fault));
            cr_assert_eq(result.requests - result.hits, GOLDEN[i].misses[j], "%s %d",
                         GOLDEN[i].policy->name, (int)j);
        }
    }
    trace_free(&t);
}
