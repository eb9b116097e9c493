#include "load/stages.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "load/fatal.h"
#include "load/meter.h"

#define SECOND_NS 1000000000ULL

/** The lanes of one stage, and what was last told of them. */
struct watch {
    struct lane *lanes;
    struct job *job;
    uint64_t told; /* replies */
    bool shown;    /* a line of progress stands on the terminal */
};

static void *run_lane(void *arg)
{
    lane_run(arg);
    return NULL;
}

static uint64_t answered_by_all(const struct watch *w)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < w->job->options->threads; i++)
        sum += atomic_load_explicit(&w->lanes[i].answered, memory_order_relaxed);
    return sum;
}

/** Once a second, when anybody looks. */
static void show(struct watch *w)
{
    static const char *const NAMES[] = {[STAGE_CLEAR] = "clearing",
                                        [STAGE_LOAD] = "loading",
                                        [STAGE_TOKENS] = "taking tokens",
                                        [STAGE_RUN] = "running"};
    const uint64_t answered = answered_by_all(w);
    if (isatty(STDERR_FILENO) == 0)
        return;
    (void)fprintf(stderr, "\r\033[K%s: %llu answers, %llu a second", NAMES[w->job->stage],
                  (unsigned long long)answered, (unsigned long long)(answered - w->told));
    w->told = answered;
    w->shown = true;
}

static void wipe(const struct watch *w)
{
    if (w->shown)
        (void)fputs("\r\033[K", stderr);
}

static void join(struct watch *w, pthread_t thread)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    do {
        until.tv_sec++;
        show(w);
    } while (pthread_timedjoin_np(thread, NULL, &until) == ETIMEDOUT);
}

static void watch_until(struct watch *w, uint64_t until_ns)
{
    for (;;) {
        const uint64_t now_ns = meter_now_ns();
        if (now_ns >= until_ns)
            return;
        show(w);
        meter_sleep_until(now_ns + SECOND_NS < until_ns ? now_ns + SECOND_NS : until_ns);
    }
}

/** The counted part. Nobody counts before the clocks were read. */
static void measure(struct watch *w, const struct meter *server, struct report *report)
{
    struct job *job = w->job;
    watch_until(w, job->start_ns + (uint64_t)(job->options->warmup * 1e9));
    const uint64_t server_ns = meter_cpu_ns(server), own_ns = meter_own_ns();
    const uint64_t from_ns = meter_now_ns();
    atomic_store(&job->counted_from, from_ns);
    watch_until(w, job->until_ns);
    report->server_ns = meter_cpu_ns(server) - server_ns;
    report->own_ns = meter_own_ns() - own_ns;
    report->wall_ns = job->until_ns > from_ns ? job->until_ns - from_ns : 0;
}

static void plan_times(struct job *job)
{
    job->start_ns = meter_now_ns();
    job->until_ns =
        job->start_ns + (uint64_t)((job->options->warmup + job->options->seconds) * 1e9);
    atomic_store(&job->counted_from, UINT64_MAX);
}

static void run_stage(struct watch *w, enum stage stage, const struct meter *server,
                      struct report *report)
{
    const uint32_t n = w->job->options->threads;
    pthread_t *threads = fatal_calloc(n, sizeof *threads);
    w->job->stage = stage;
    w->told = 0;
    if (stage == STAGE_RUN)
        plan_times(w->job);
    for (uint32_t i = 0; i < n; i++)
        if (pthread_create(&threads[i], NULL, run_lane, &w->lanes[i]) != 0)
            fatal(EXIT_ERRORS, "cannot start %u threads", n);
    if (stage == STAGE_RUN)
        measure(w, server, report);
    for (uint32_t i = 0; i < n; i++)
        join(w, threads[i]);
    wipe(w);
    free(threads);
}

static bool wants(const struct job *job, enum stage stage)
{
    switch (stage) {
    case STAGE_CLEAR:
        return job->options->clear;
    case STAGE_LOAD:
        return job->options->load_keys;
    case STAGE_TOKENS:
        return job->tokens.at != NULL;
    default:
        return true;
    }
}

static uint64_t errors_of(const struct watch *w)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < w->job->options->threads; i++)
        sum += w->lanes[i].tally.errors;
    return sum;
}

void stages_run(struct lane *lanes, struct report *report)
{
    struct meter server;
    struct job *job = lanes[0].job;
    struct watch w = {.lanes = lanes, .job = job};
    const int error = meter_open(&server, (pid_t)job->options->server_pid);
    if (error != 0)
        fatal(EXIT_USAGE, "--server-pid: no process %u", job->options->server_pid);
    for (enum stage stage = STAGE_CLEAR; stage <= STAGE_RUN; stage++)
        if (wants(job, stage) && errors_of(&w) == 0)
            run_stage(&w, stage, &server, report);
    for (uint32_t i = 0; i < job->options->threads; i++)
        tally_merge(&report->tally, &lanes[i].tally);
}
