/** jay-bench: read the options, connect, run the stages, tell what came out. */
#include <stdio.h>
#include <stdlib.h>

#include <sys/resource.h>

#include "load/fatal.h"
#include "load/meter.h"
#include "load/pass.h"
#include "load/stages.h"

/** Each connection is a descriptor: take as many as are allowed. */
static void raise_descriptors(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

static void prepare(struct job *job, const struct options *o)
{
    *job = (struct job){.options = o, .keys = o->keys};
    if (o->dist == KEYS_TRACE) {
        trace_read(o->trace, &job->trace);
        job->keys = job->trace.keys_n;
    }
    value_book_init(&job->values, o->value_len);
    if (o->op == WORKLOAD_FILL && o->protocol->has_tokens)
        job->tokens.at = fatal_calloc(job->keys, sizeof *job->tokens.at);
    dial_find(&job->dial, o->connect);
    if (o->protocol == &PROTOCOL_SCRUBJAY)
        job->dial.own = pass_find(o->client_key);
}

static void clean_up(struct job *job)
{
    free(job->tokens.at);
    trace_free(&job->trace);
    value_book_fini(&job->values);
}

static int run(const struct options *o)
{
    static struct report report;
    struct job job;
    prepare(&job, o);
    struct lane *lanes = fatal_calloc(o->threads, sizeof *lanes);
    for (uint32_t i = 0; i < o->threads; i++)
        lane_init(&lanes[i], &job, i);
    report.job = &job;
    stages_run(lanes, &report);
    report_print(&report);
    (void)fflush(stdout);
    meter_sleep_until(meter_now_ns() + (uint64_t)(o->hold * 1e9));
    for (uint32_t i = 0; i < o->threads; i++)
        lane_fini(&lanes[i]);
    free(lanes);
    clean_up(&job);
    return report.tally.errors > 0 ? EXIT_ERRORS : EXIT_FINE;
}

int main(int argc, char **argv)
{
    struct options o;
    char why[OPTIONS_WHY_MAX];
    switch (options_read(argc, argv, &o, why)) {
    case OPTIONS_HELP:
        options_help(stdout);
        return EXIT_FINE;
    case OPTIONS_BAD:
        fatal(EXIT_USAGE, "%s", why);
    default:
        raise_descriptors();
        return run(&o);
    }
}
