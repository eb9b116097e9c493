/** jay-hitratio - hit ratios of the engine and of reference policies, from request traces. */
#include <stdio.h>

#include "policy/options.h"
#include "policy/policy.h"
#include "policy/report.h"
#include "policy/trace.h"

static const char USAGE[] =
    "usage: jay-hitratio TRACE... --size N|SHARE[,...] [--policy all|LIST] [--bytes]\n"
    "                    [--format arc|oracle|u64|u32] [--value BYTES] [--json]\n"
    "\n"
    "Replays each TRACE (.zst and .xz are unpacked): every request is a get and, on a miss, an "
    "insert.\n"
    "  --size     objects that the cache holds, or a share of those of the trace: 1000, 1%, 0.01;\n"
    "             several with commas\n"
    "  --policy   of fifo, lru, sieve, s3fifo, opt and engine, which is the real one\n"
    "             (default: all of these), and s3fifo-paper, whose small queue may fill an empty "
    "cache\n"
    "  --bytes    objects have the sizes that the trace says, and --size is in bytes: 128MiB\n"
    "  --format   how to read the traces (default: by their names)\n"
    "  --value    length of the values that the engine is given (default: 100)\n"
    "  --json     one object a line\n";

static bool replay_all(const struct options *o, const struct trace *t, struct report_row *row,
                       struct fault *fault)
{
    const struct replay replay = {
        .trace = t, .capacity = row->capacity, .value_len = o->value_len, .by_size = o->by_size};
    for (size_t i = 0; i < o->policies_n; i++) {
        if (!policy_replay(o->policies[i], &replay, &row->results[i], fault))
            return false;
    }
    return true;
}

static bool measure(const struct options *o, const char *path, struct fault *fault)
{
    struct trace trace;
    if (!trace_load(path, o->has_format ? &o->format : NULL, &trace, fault))
        return false;
    bool measured = true;
    for (size_t i = 0; measured && i < o->sizes_n; i++) {
        struct report_row row = {.path = path,
                                 .trace = &trace,
                                 .size = &o->sizes[i],
                                 .capacity = options_capacity(&o->sizes[i], &trace, o->by_size)};
        measured = replay_all(o, &trace, &row, fault);
        if (measured)
            report_row(o, &row);
    }
    trace_free(&trace);
    return measured;
}

int main(int argc, char **argv)
{
    struct options options;
    struct fault fault;
    if (!options_read(argc, argv, &options, &fault)) {
        fprintf(stderr, "jay-hitratio: %s\n", fault.text);
        return 2;
    }
    if (options.help) {
        fputs(USAGE, stdout);
        return 0;
    }
    report_begin(&options);
    for (size_t i = 0; i < options.traces_n; i++) {
        if (!measure(&options, options.traces[i], &fault)) {
            fprintf(stderr, "jay-hitratio: %s\n", fault.text);
            return 1;
        }
    }
    return 0;
}
