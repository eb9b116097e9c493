/* jay-sim: a whole cluster in one process, on simulated time. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "seed.h"
#include "story.h"

#define DEFAULT_NODES     5
#define DEFAULT_LENGTH_US (300 * US_PER_SEC)
#define US_PER_HOUR       (3600 * US_PER_SEC)
#define HOURS_MAX         100000

struct options {
    uint64_t seed, seeds;
    uint32_t nodes;
    uint64_t length_us;
    char hours[32];
    uint32_t faults;
    bool sealed, twice, verbose, profile, stories, list;
    const char *story;
    int64_t watch;
};

static char command[256]; /* reproduces what runs now */

static void usage(FILE *out)
{
    fputs("jay-sim - a whole cluster in one process, on simulated time\n"
          "  --seed N        first seed (1)\n"
          "  --seeds N       how many seeds, one after the other (1)\n"
          "  --nodes N       nodes of the cluster (5)\n"
          "  --hours H       simulated hours of a seed, such as 0.5 (five minutes)\n"
          "  --faults LIST   all, none, or of loss,dup,delay,cut,oneway,crash,restart,pause,dns\n"
          "  --sealed        seal packets with a real key (plain)\n"
          "  --twice         run each seed twice and compare fingerprints\n"
          "  --stories       tell all named stories\n"
          "  --story NAME    tell one story (--seed N: with that seed alone)\n"
          "  --list          list the stories\n"
          "  --watch KEY     print the life of key number KEY\n"
          "  --profile       print how fast it was\n"
          "  --verbose       a line for each seed\n",
          out);
}

/* ---- the command line ---- */

static bool parse_number(const char *text, uint64_t *out)
{
    char *end = NULL;
    if (text == NULL || *text < '0' || *text > '9')
        return false;
    *out = strtoull(text, &end, 10);
    return *end == '\0';
}

static bool parse_hours(const char *text, struct options *o)
{
    char *end = NULL;
    if (text == NULL)
        return false;
    const double hours = strtod(text, &end);
    if (*end != '\0' || !(hours > 0) || hours > HOURS_MAX)
        return false;
    o->length_us = (uint64_t)(hours * (double)US_PER_HOUR + 0.5);
    snprintf(o->hours, sizeof o->hours, "%s", text);
    return true;
}

static bool parse_nodes(const char *text, struct options *o)
{
    uint64_t nodes = 0;
    const bool fits = parse_number(text, &nodes) && nodes >= 1 && nodes <= SIM_NODES_MAX - 1;
    o->nodes = (uint32_t)nodes;
    return fits;
}

static bool parse_watch(const char *text, struct options *o)
{
    uint64_t key = 0;
    const bool fits = parse_number(text, &key) && key < UINT32_MAX;
    o->watch = (int64_t)key;
    return fits;
}

static bool parse_flag(const char *name, struct options *o)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {{"--sealed", &o->sealed},   {"--twice", &o->twice}, {"--verbose", &o->verbose},
                 {"--profile", &o->profile}, {"--list", &o->list},   {"--stories", &o->stories}};

    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        if (strcmp(name, flags[i].name) == 0) {
            *flags[i].flag = true;
            return true;
        }
    }
    return false;
}

/* Returns: arguments used; 0 when this is not an option. */
static int parse_option(const char *name, const char *value, struct options *o)
{
    if (parse_flag(name, o))
        return 1;
    bool good = false;
    if (strcmp(name, "--seed") == 0)
        good = parse_number(value, &o->seed);
    else if (strcmp(name, "--seeds") == 0)
        good = parse_number(value, &o->seeds);
    else if (strcmp(name, "--nodes") == 0)
        good = parse_nodes(value, o);
    else if (strcmp(name, "--hours") == 0)
        good = parse_hours(value, o);
    else if (strcmp(name, "--faults") == 0)
        good = value != NULL && faults_parse(value, &o->faults);
    else if (strcmp(name, "--watch") == 0)
        good = parse_watch(value, o);
    else if (strcmp(name, "--story") == 0)
        good = (o->story = value) != NULL;
    return good ? 2 : 0;
}

static bool parse(int argc, char **argv, struct options *o)
{
    for (int i = 1; i < argc;) {
        const int used = parse_option(argv[i], i + 1 < argc ? argv[i + 1] : NULL, o);
        if (used == 0) {
            fprintf(stderr, "jay-sim: %s is not understood\n\n", argv[i]);
            return false;
        }
        i += used;
    }
    return true;
}

/* ---- seeds ---- */

/* A failed assertion in the core is a finding like any other. */
/* NOLINTBEGIN(bugprone-signal-handler,cert-sig30-c): raised by abort() in this very thread */
static void on_abort(int signal_number)
{
    struct sim *s = seed_world();
    (void)signal_number;
    if (s != NULL && !s->failed) {
        sim_fail(s, "an assertion failed in the core");
        fprintf(stderr, "\nVIOLATION: %s, at event %llu\n", s->why,
                (unsigned long long)s->counters.events);
        trace_print(&s->trace, stderr);
    }
    fprintf(stderr, "reproduce with: %s\n", command);
    _exit(1);
}

/* NOLINTEND(bugprone-signal-handler,cert-sig30-c) */

static void write_command(const struct options *o, uint64_t seed)
{
    char faults[96];
    faults_print(o->faults, faults, sizeof faults);
    snprintf(command, sizeof command, "jay-sim --seed %llu --nodes %u --hours %s --faults %s%s",
             (unsigned long long)seed, o->nodes, o->hours, faults, o->sealed ? " --sealed" : "");
}

static void progress(uint64_t done, uint64_t of)
{
    if (isatty(STDERR_FILENO) != 0)
        fprintf(stderr, "\rseed %llu of %llu", (unsigned long long)done, (unsigned long long)of);
}

static bool run_again(const struct seed_cfg *cfg, const struct seed_result *first)
{
    struct seed_result second;
    seed_run(cfg, stdout, &second);
    if (second.fingerprint == first->fingerprint)
        return true;
    printf("\nVIOLATION: the same seed gave %016llx, then %016llx\nreproduce with: %s --twice\n",
           (unsigned long long)first->fingerprint, (unsigned long long)second.fingerprint, command);
    return false;
}

static void print_sum(const struct seed_result *sum)
{
    const struct sim_counters *c = &sum->counters;
    const double hours = (double)sum->simulated_us / (double)US_PER_HOUR;
    printf("node-hours: %.2f\n", hours);
    printf("events: %llu, datagrams %llu (%llu lost, %llu doubled), frames %llu\n",
           (unsigned long long)c->events, (unsigned long long)c->datagrams,
           (unsigned long long)c->lost, (unsigned long long)c->duplicated,
           (unsigned long long)c->frames);
    printf("faults: %llu crashes, %llu restarts, %llu pauses, %llu cuts, %llu overflows\n",
           (unsigned long long)c->crashes, (unsigned long long)c->restarts,
           (unsigned long long)c->pauses, (unsigned long long)c->cuts,
           (unsigned long long)c->overflowed);
    printf("reads: %llu, hits: %llu, hit ratio: %.3f\n", (unsigned long long)c->reads,
           (unsigned long long)c->hits, c->reads == 0 ? 0.0 : (double)c->hits / (double)c->reads);
    printf("fills: %llu, fills refused: %llu, puts: %llu, invalidations: %llu\n",
           (unsigned long long)c->fills, (unsigned long long)c->refused,
           (unsigned long long)c->puts, (unsigned long long)c->invalidations);
    printf("pulled: %llu, broad barriers: %llu, by relay: %llu, copies refused: %llu\n",
           (unsigned long long)c->pulled, (unsigned long long)c->broad,
           (unsigned long long)c->relays, (unsigned long long)c->twins_refused);
    printf("slowest agreement after healing: %llu ms\n",
           (unsigned long long)(sum->settled_us / US_PER_MS));
}

static void print_profile(const struct seed_result *sum)
{
    const double cpu_s = (double)clock() / CLOCKS_PER_SEC;
    const double hours = (double)sum->simulated_us / (double)US_PER_HOUR;
    printf("profile: %.1f CPU-seconds, %.0f node-hours a CPU-minute, %.2f M events a second\n",
           cpu_s, hours * 60 / cpu_s, (double)sum->counters.events / 1e6 / cpu_s);
}

static int run_seeds(const struct options *o)
{
    struct seed_result sum = {0};
    uint64_t done = 0;
    for (; done < o->seeds && !sum.failed; done++) {
        struct seed_result one;
        const struct seed_cfg cfg = {.seed = o->seed + done,
                                     .nodes = o->nodes,
                                     .length_us = o->length_us,
                                     .faults = o->faults,
                                     .sealed = o->sealed,
                                     .watch = o->watch};
        write_command(o, cfg.seed);
        seed_run(&cfg, stdout, &one);
        if (one.failed)
            printf("reproduce with: %s\n", command);
        else if (o->twice && !run_again(&cfg, &one))
            one.failed = true;
        if (o->verbose)
            printf("seed %llu: %s, fingerprint %016llx, settled in %llu ms\n",
                   (unsigned long long)cfg.seed, one.failed ? "FAILED" : "ok",
                   (unsigned long long)one.fingerprint,
                   (unsigned long long)(one.settled_us / US_PER_MS));
        seed_add(&sum, &one);
        progress(done + 1, o->seeds);
    }
    if (isatty(STDERR_FILENO) != 0)
        fputc('\n', stderr);
    printf("fingerprint: %016llx\n", (unsigned long long)sum.fingerprint);
    print_sum(&sum);
    if (o->profile)
        print_profile(&sum);
    printf("%llu seeds, %s\n", (unsigned long long)done, sum.failed ? "FAILED" : "no violation");
    return sum.failed ? 1 : 0;
}

/* ---- stories ---- */

static bool tell_once(const struct story *story, uint64_t seed, bool sealed)
{
    struct sim_cfg cfg = sim_defaults(seed);
    cfg.nodes = story->nodes;
    cfg.sealed = sealed;
    snprintf(command, sizeof command, "jay-sim --story %s --seed %llu%s", story->name,
             (unsigned long long)seed, sealed ? " --sealed" : "");
    struct sim *s = sim_new(&cfg);
    s->command = command;
    seed_watch(s);
    story->tell(s);
    const bool held = !s->failed;
    if (!held)
        sim_report(s, stdout);
    seed_watch(NULL);
    sim_free(s);
    return held;
}

static bool tell(const struct story *story, const struct options *o)
{
    const uint64_t seeds = o->seed != 0 ? 1 : story->seeds;
    const uint64_t first = o->seed != 0 ? o->seed : 1;
    bool held = true;
    for (uint64_t i = 0; i < seeds && held; i++)
        held = tell_once(story, first + i, o->sealed);
    printf("%s %s: %s (%llu seeds)\n", held ? "ok  " : "FAIL", story->name, story->claim,
           (unsigned long long)seeds);
    return held;
}

static int tell_all(const struct options *o)
{
    const struct stories files[] = {stories_life(), stories_network(), stories_data()};
    uint64_t passed = 0;
    uint64_t failed = 0;
    for (size_t f = 0; f < ARRAY_LEN(files); f++) {
        for (size_t i = 0; i < files[f].n; i++) {
            const struct story *story = &files[f].at[i];
            if (o->story != NULL && strcmp(o->story, story->name) != 0)
                continue;
            if (o->list)
                printf("%-22s %s\n", story->name, story->claim);
            else if (tell(story, o))
                passed++;
            else
                failed++;
            fflush(stdout);
        }
    }
    if (!o->list)
        printf("%llu stories passed, %llu failed\n", (unsigned long long)passed,
               (unsigned long long)failed);
    return failed > 0 || (passed == 0 && !o->list) ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct options o = {.seeds = 1,
                        .nodes = DEFAULT_NODES,
                        .length_us = DEFAULT_LENGTH_US,
                        .watch = -1,
                        .hours = "0.083333333",
                        .faults = FAULTS_ALL};
    if (!parse(argc, argv, &o)) {
        usage(stderr);
        return 2;
    }
    signal(SIGABRT, on_abort);
    int status = 0;
    if (o.list || o.stories || o.story != NULL) {
        status = tell_all(&o);
    } else {
        o.seed = o.seed == 0 ? 1 : o.seed;
        status = run_seeds(&o);
    }
    sim_blocks_free();
    return status;
}
