#include "load/report.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/attr.h"

/** The percentiles that are told. */
static const struct {
    const char *name;
    const char *key;
    uint32_t permyriad;
} QUANTILES[] = {{"p50", "p50", 5000},
                 {"p90", "p90", 9000},
                 {"p99", "p99", 9900},
                 {"p99.9", "p999", 9990},
                 {"max", "max", 10000}};

static double per_second(uint64_t n, uint64_t ns)
{
    return ns > 0 ? (double)n * 1e9 / (double)ns : 0;
}

static double share(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

static const char *dist_of(const struct options *o)
{
    static const char *const NAMES[] = {
        [KEYS_UNIFORM] = "uniform", [KEYS_ZIPF] = "zipf", [KEYS_TRACE] = "trace"};
    return NAMES[o->dist];
}

/* ---- for people ---- */

static void say_latency(const char *what, const struct histogram *l)
{
    printf("%-14s", what);
    for (size_t i = 0; i < ARRAY_LEN(QUANTILES); i++)
        printf(" %s %.1f ", QUANTILES[i].name,
               (double)histogram_quantile(l, QUANTILES[i].permyriad) / 1000);
    printf("us\n");
}

static void say_cpu(const struct report *r)
{
    if (r->server_ns > 0)
        printf("server CPU     %.3f s, %.0f requests per CPU second\n", (double)r->server_ns / 1e9,
               per_second(r->tally.requests, r->server_ns));
    printf("loader CPU     %.3f s, %.0f requests per CPU second\n", (double)r->own_ns / 1e9,
           per_second(r->tally.requests, r->own_ns));
}

static void say_errors(const struct tally *t)
{
    printf("errors         %" PRIu64 "\n", t->errors);
    for (uint32_t i = 0; i < t->named_n; i++)
        printf("  %12" PRIu64 "  %s\n", t->named[i].n, t->named[i].name);
}

static void say(const struct report *r)
{
    const struct options *o = r->job->options;
    const struct tally *t = &r->tally;
    printf("%s %s at %s: %u connections x %u, %u keys (%s) of %u B, values of %u B\n",
           o->protocol->name, options_workload(o->op), o->connect, o->connections, o->depth,
           r->job->keys, dist_of(o), o->key_len, o->value_len);
    printf("requests       %" PRIu64 " in %.2f s, %.0f a second\n", t->requests,
           (double)r->wall_ns / 1e9, per_second(t->requests, r->wall_ns));
    if (t->hits + t->misses > 0)
        printf("hits           %" PRIu64 " (%.2f %%), misses %" PRIu64 ", compared %" PRIu64 "\n",
               t->hits, share(t->hits, t->hits + t->misses) * 100, t->misses, t->verified);
    if (t->refused > 0)
        printf("refused        %" PRIu64 " fills came too late\n", t->refused);
    say_errors(t);
    say_cpu(r);
    say_latency("latency", &t->sent);
    if (o->rate > 0)
        say_latency("from schedule", &t->due);
}

/* ---- for programs ---- */

static void put_latency(const char *key, const struct histogram *l)
{
    printf(", \"%s\": {\"mean\": %.3f", key, share(l->sum, l->count) / 1000);
    for (size_t i = 0; i < ARRAY_LEN(QUANTILES); i++)
        printf(", \"%s\": %.3f", QUANTILES[i].key,
               (double)histogram_quantile(l, QUANTILES[i].permyriad) / 1000);
    printf("}");
}

static void put_load(const struct report *r)
{
    const struct options *o = r->job->options;
    printf("\"protocol\": \"%s\", \"op\": \"%s\", \"connections\": %u, \"depth\": %u, "
           "\"threads\": %u, \"keys\": %u, \"key_len\": %u, \"value\": %u, \"dist\": \"%s\", "
           "\"rate\": %u, \"seed\": %u",
           o->protocol->name, options_workload(o->op), o->connections, o->depth, o->threads,
           r->job->keys, o->key_len, o->value_len, dist_of(o), o->rate, o->seed);
}

static void put_errors(const struct tally *t)
{
    printf(", \"errors\": %" PRIu64 ", \"errors_by_name\": {", t->errors);
    for (uint32_t i = 0; i < t->named_n; i++)
        printf("%s\"%s\": %" PRIu64, i > 0 ? ", " : "", t->named[i].name, t->named[i].n);
    printf("}");
}

static void put(const struct report *r)
{
    const struct tally *t = &r->tally;
    printf("{");
    put_load(r);
    printf(", \"seconds\": %.3f, \"requests\": %" PRIu64 ", \"per_second\": %.0f",
           (double)r->wall_ns / 1e9, t->requests, per_second(t->requests, r->wall_ns));
    printf(", \"hits\": %" PRIu64 ", \"misses\": %" PRIu64 ", \"hit_ratio\": %.6f, "
           "\"verified\": %" PRIu64 ", \"refused\": %" PRIu64,
           t->hits, t->misses, share(t->hits, t->hits + t->misses), t->verified, t->refused);
    put_errors(t);
    if (r->server_ns > 0)
        printf(", \"server_cpu_s\": %.6f, \"per_cpu_second\": %.0f", (double)r->server_ns / 1e9,
               per_second(t->requests, r->server_ns));
    printf(", \"loader_cpu_s\": %.6f", (double)r->own_ns / 1e9);
    put_latency("latency_us", &t->sent);
    if (r->job->options->rate > 0)
        put_latency("from_schedule_us", &t->due);
    printf("}\n");
}

void report_print(const struct report *r)
{
    if (r->job->options->json)
        put(r);
    else
        say(r);
}
