/* jay-sim: a whole cluster in one process, on simulated time. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "block.h"
#include "calm.h"
#include "draw.h"
#include "minimise.h"
#include "options.h"
#include "seed.h"
#include "story.h"
#include "summary.h"

#define US_PER_HOUR (3600 * US_PER_SEC)

static char command[256]; /* reproduces what runs now */

static struct {
    const struct script *script; /* what runs now; NULL: a story */
    bool minimise;
} running;

static FILE *news; /* where violations are told: with --json not where the document goes */

/* ---- seeds ---- */

static void print_reproduce(FILE *out)
{
    fprintf(out, "reproduce with: %s\n", command);
}

/* A failed assertion in the core is a finding like any other. */
/* NOLINTBEGIN(bugprone-signal-handler,cert-sig30-c): raised by abort() in this very thread */
static void on_abort(int signal_number)
{
    struct sim *s = seed_world();
    signal(signal_number, SIG_DFL);
    if (s != NULL && !s->failed) {
        sim_violate(s, CHECK_ASSERT, "an assertion failed in the core");
        fprintf(stderr, "\nVIOLATION %s: %s, at event %llu\n", check_name(s->check), s->why,
                (unsigned long long)s->counters.events);
        trace_print(&s->trace, stderr);
    }
    print_reproduce(stderr);
    if (running.script != NULL && running.minimise)
        minimise(running.script, CHECK_ASSERT, stderr);
    _exit(1);
}

/* NOLINTEND(bugprone-signal-handler,cert-sig30-c) */

static void progress(uint64_t done, uint64_t of)
{
    if (isatty(STDERR_FILENO) != 0)
        fprintf(stderr, "\rseed %llu of %llu", (unsigned long long)done, (unsigned long long)of);
}

static bool run_again(const struct script *sc, struct seed_result *first)
{
    struct seed_result second;
    seed_run(sc, -1, news, &second);
    first->checked.times[CHECK_SAME]++;
    if (second.fingerprint == first->fingerprint)
        return true;
    fprintf(news, "\nVIOLATION %s: the same seed gave %016llx, then %016llx\n",
            check_name(CHECK_SAME), (unsigned long long)first->fingerprint,
            (unsigned long long)second.fingerprint);
    print_reproduce(news);
    return false;
}

static void print_sum(const struct seed_result *sum)
{
    const struct sim_counters *c = &sum->counters;
    const double hours = (double)sum->simulated_us / (double)US_PER_HOUR;
    printf("node-hours: %.2f\n", hours);
    if (sum->quiet_us > 0)
        printf("without faults: %.2f of them, hit ratio %.3f\n",
               (double)sum->quiet_us / (double)US_PER_HOUR,
               sum->quiet.reads == 0 ? 0.0 : (double)sum->quiet.hits / (double)sum->quiet.reads);
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
    printf("bounded: %llu reads, certified: %llu, unproven: %llu\n", (unsigned long long)c->bounded,
           (unsigned long long)c->certified, (unsigned long long)c->unproven);
    printf("fills: %llu, fills refused: %llu, puts: %llu, invalidations: %llu\n",
           (unsigned long long)c->fills, (unsigned long long)c->refused,
           (unsigned long long)c->puts, (unsigned long long)c->invalidations);
    printf("kept: %llu copies that nothing ended were there when looked for\n",
           (unsigned long long)c->kept);
    printf("pulled: %llu, broad barriers: %llu, by relay: %llu, copies refused: %llu\n",
           (unsigned long long)c->pulled, (unsigned long long)c->broad,
           (unsigned long long)c->relays, (unsigned long long)c->copies_refused);
    printf("sent again: %llu, damaged: %llu, too long: %llu, strangers: %llu\n",
           (unsigned long long)c->replayed, (unsigned long long)c->damaged,
           (unsigned long long)c->too_long, (unsigned long long)c->foreigners);
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

/* Returns: was each mark hit often enough? */
static bool print_marks(const struct seed_result *sum, uint64_t seeds, uint32_t least_permille)
{
    bool good = true;
    for (uint32_t i = 0; i < marks_n(); i++) {
        const bool rare = sum->mark_seeds[i] * 1000ULL < seeds * least_permille;
        printf("mark %5.1f %%  %s%s\n", 100.0 * sum->mark_seeds[i] / (double)seeds, mark_name(i),
               rare ? "  TOO RARE" : "");
        good = good && !rare;
    }
    return good;
}

/* The same life once more, without any fault. */
static void compare_calm(const struct script *sc, struct seed_result *one)
{
    struct seed_result quiet;
    if (!calm_compare(sc, one, news, &quiet)) {
        print_reproduce(news);
        one->failed = true;
        one->check = quiet.failed ? quiet.check : CHECK_HITS;
    }
    checked_add(&one->checked, &quiet.checked);
    one->quiet_us = quiet.simulated_us;
    one->simulated_us += quiet.simulated_us;
    one->fingerprint = (one->fingerprint ^ quiet.fingerprint) * 0x9E3779B97F4A7C15ULL;
    one->quiet.reads = quiet.counters.reads;
    one->quiet.hits = quiet.counters.hits;
}

static void run_one(const struct options *o, const struct script *sc, struct seed_result *one)
{
    running.script = sc;
    running.minimise = !o->no_minimise;
    seed_run(sc, o->watch, news, one);
    if (one->failed) {
        print_reproduce(news);
        if (!o->no_minimise)
            minimise(sc, one->check, news);
    } else if (o->twice && !run_again(sc, one)) {
        one->failed = true;
    } else if (o->calm) {
        compare_calm(sc, one);
    }
    running.script = NULL;
    if (o->verbose)
        fprintf(news, "seed %llu: %s, fingerprint %016llx, settled in %llu ms\n",
                (unsigned long long)sc->seed, one->failed ? "FAILED" : "ok",
                (unsigned long long)one->fingerprint,
                (unsigned long long)(one->settled_us / US_PER_MS));
}

static int conclude(const struct options *o, const struct seed_result *sum, uint64_t done)
{
    bool good = !sum->failed;
    if (o->json) {
        summary_json(sum, done, stdout);
        return good ? 0 : 1;
    }
    printf("fingerprint: %016llx\n", (unsigned long long)sum->fingerprint);
    print_sum(sum);
    if (o->profile)
        print_profile(sum);
    if (o->marks)
        good = print_marks(sum, done, o->marks_min) && good;
    if (o->marks)
        checked_print(&sum->checked, stdout);
    printf("%llu seeds, %s\n", (unsigned long long)done, sum->failed ? "FAILED" : "no violation");
    return good ? 0 : 1;
}

static struct script script_of(const struct options *o, uint64_t seed)
{
    struct script sc = {.seed = seed,
                        .nodes = o->nodes,
                        .length_us = o->length_us,
                        .sealed = o->sealed,
                        .load = o->load};
    if (o->calm)
        draw_calm_script(&sc, o->faults);
    else
        draw_script(&sc, o->faults);
    return sc;
}

static int run_seeds(const struct options *o)
{
    struct seed_result sum = {0};
    uint64_t done = 0;
    for (; done < o->seeds && !sum.failed; done++) {
        struct seed_result one;
        struct script sc = script_of(o, o->seed + done);
        options_command(o, sc.seed, command, sizeof command);
        if (o->print_script)
            script_print(&sc, false, stdout);
        else
            run_one(o, &sc, &one);
        script_free(&sc);
        if (o->print_script)
            return 0;
        seed_add(&sum, &one);
        progress(done + 1, o->seeds);
    }
    if (isatty(STDERR_FILENO) != 0)
        fputc('\n', stderr);
    return conclude(o, &sum, done);
}

static int run_replay(const struct options *o)
{
    struct seed_result sum = {0};
    struct seed_result one;
    struct script sc;
    if (!options_replay(o->replay, &sc))
        return 2;
    snprintf(command, sizeof command, "jay-sim --replay with the same script");
    run_one(o, &sc, &one);
    script_free(&sc);
    seed_add(&sum, &one);
    return conclude(o, &sum, 1);
}

/* ---- stories ---- */

static bool tell_once(const struct story *story, uint64_t seed, bool sealed,
                      struct checked *checked)
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
    checked_add(checked, &s->checked);
    sim_free(s);
    return held;
}

static bool tell(const struct story *story, const struct options *o, struct checked *checked)
{
    const uint64_t seeds = o->seed != 0 ? 1 : story->seeds;
    const uint64_t first = o->seed != 0 ? o->seed : 1;
    bool held = true;
    for (uint64_t i = 0; i < seeds && held; i++)
        held = tell_once(story, first + i, o->sealed, checked);
    printf("%s %s: %s (%llu seeds)\n", held ? "ok  " : "FAIL", story->name, story->claim,
           (unsigned long long)seeds);
    return held;
}

/** How many stories held and how many did not, and what they were held against. */
struct told {
    uint64_t passed, failed;
    struct checked checked;
};

static void tell_or_list(const struct story *story, const struct options *o, struct told *told)
{
    const char *open = o->story == NULL ? story_open(story->name) : NULL;
    if (o->list)
        printf("%-22s %s\n", story->name, story->claim);
    else if (open != NULL)
        printf("open %s: %s: %s\n", story->name, story->claim, open);
    else if (tell(story, o, &told->checked))
        told->passed++;
    else
        told->failed++;
    fflush(stdout);
}

static int tell_all(const struct options *o)
{
    const struct stories files[] = {
        stories_life(),           stories_network(),      stories_data(),
        stories_promise(),        stories_proof(),        stories_lost(),
        stories_warm(),           stories_member_boot(),  stories_member_detect(),
        stories_member_restart(), stories_member_split(), stories_member_paths(),
        stories_member_hostile(), stories_member_rates(), stories_member_deaths(),
        stories_crypto(),         stories_rotation()};
    struct told told = {0};
    for (size_t f = 0; f < ARRAY_LEN(files); f++)
        for (size_t i = 0; i < files[f].n; i++)
            if (o->story == NULL || strcmp(o->story, files[f].at[i].name) == 0)
                tell_or_list(&files[f].at[i], o, &told);
    if (o->marks && !o->list)
        checked_print(&told.checked, stdout);
    if (!o->list)
        printf("%llu stories passed, %llu failed\n", (unsigned long long)told.passed,
               (unsigned long long)told.failed);
    return told.failed > 0 || (told.passed == 0 && !o->list) ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct options o;
    if (!options_parse(argc, argv, &o)) {
        options_usage(stderr);
        return 2;
    }
    news = o.json ? stderr : stdout;
    signal(SIGABRT, on_abort);
    int status = 0;
    if (o.help) {
        options_usage(stdout);
    } else if (o.list_checks) {
        checklist_print(stdout);
    } else if (o.list || o.stories || o.story != NULL) {
        status = tell_all(&o);
    } else if (o.replay != NULL) {
        status = run_replay(&o);
    } else {
        o.seed = o.seed == 0 ? 1 : o.seed;
        status = run_seeds(&o);
    }
    blocks_free();
    return status;
}
