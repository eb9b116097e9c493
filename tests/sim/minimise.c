#include "minimise.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "seed.h"

#define LINE_MAX_LEN 3000 /* a longer script goes into a file */
#define LEAST_NODES  2

/** What a try tells, in memory that both processes see. */
struct verdict {
    bool done, failed;
    enum check check;
    uint64_t failed_us;
};

struct hunt {
    struct script best;
    enum check check;
    uint64_t failed_us; /* of the best */
    uint32_t tries;
    double spent_s; /* when it began */
    struct verdict *verdict;
};

static double spent_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_CHILDREN, &u);
    return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double left_s(const struct hunt *h)
{
    return MINIMISE_CPU_S - (spent_s() - h->spent_s);
}

/* In the child: one world, silent. */
static void try_it(struct verdict *v, const struct script *sc, double seconds)
{
    struct seed_result result;
    const struct rlimit cpu = {(rlim_t)seconds + 1, (rlim_t)seconds + 1};
    const struct rlimit core = {0, 0};
    setrlimit(RLIMIT_CPU, &cpu);
    setrlimit(RLIMIT_CORE, &core);
    signal(SIGABRT, SIG_DFL);
    fclose(stderr);
    seed_run(sc, -1, NULL, &result);
    v->failed = result.failed;
    v->check = result.check;
    v->failed_us = result.failed_us;
    v->done = true;
    _exit(0);
}

/* Does this script break the same check? */
static bool fails(struct hunt *h, const struct script *sc)
{
    int status = 0;
    const double seconds = left_s(h);
    if (seconds <= 0)
        return false;
    *h->verdict = (struct verdict){0};
    h->tries++;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0)
        try_it(h->verdict, sc, seconds);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    if (WIFSIGNALED(status))
        return h->check == CHECK_ASSERT && WTERMSIG(status) == SIGABRT;
    return h->verdict->done && h->verdict->failed && h->verdict->check == h->check;
}

/* Keep the candidate when it fails. Takes it. */
static bool keep_if_fails(struct hunt *h, struct script *candidate)
{
    if (!fails(h, candidate)) {
        script_free(candidate);
        return false;
    }
    script_free(&h->best);
    h->best = *candidate;
    h->failed_us = h->verdict->done ? h->verdict->failed_us : UINT64_MAX;
    return true;
}

static bool *keep_all(const struct script *sc)
{
    bool *keep = malloc(sc->acts_n + 1);
    assert(keep != NULL);
    memset(keep, true, sc->acts_n + 1);
    return keep;
}

static bool without_class(struct hunt *h, uint32_t fault)
{
    bool *keep = keep_all(&h->best);
    for (uint32_t i = 0; i < h->best.acts_n; i++)
        keep[i] = (uint32_t)h->best.acts[i].fault != fault;
    struct script candidate = script_copy(&h->best, keep);
    candidate.classes &= ~(1U << fault);
    free(keep);
    return keep_if_fails(h, &candidate);
}

static void fewer_classes(struct hunt *h)
{
    for (uint32_t i = 0; i < FAULTS; i++)
        if ((h->best.classes >> i & 1) != 0)
            without_class(h, i);
}

static void fewer_nodes(struct hunt *h)
{
    for (uint32_t n = LEAST_NODES; n < h->best.nodes; n++) {
        struct script candidate = script_copy(&h->best, NULL);
        candidate.nodes = n;
        if (keep_if_fails(h, &candidate))
            return;
    }
}

/* End the faults earlier; what would come later is left out. */
static bool shorter_by(struct hunt *h, uint64_t length_us)
{
    if (length_us >= h->best.length_us || length_us == 0)
        return false;
    bool *keep = keep_all(&h->best);
    for (uint32_t i = 0; i < h->best.acts_n; i++)
        keep[i] = h->best.acts[i].at_us <= length_us;
    struct script candidate = script_copy(&h->best, keep);
    candidate.length_us = length_us;
    free(keep);
    return keep_if_fails(h, &candidate);
}

static void less_time(struct hunt *h)
{
    if (h->failed_us < h->best.length_us)
        shorter_by(h, h->failed_us + 1);
    while (shorter_by(h, h->best.length_us / 2))
        continue;
    while (shorter_by(h, h->best.length_us * 3 / 4))
        continue;
}

/* Leave out the acts from `at` on, `n` of them. */
static bool without_acts(struct hunt *h, uint32_t at, uint32_t n)
{
    bool *keep = keep_all(&h->best);
    for (uint32_t i = at; i < at + n && i < h->best.acts_n; i++)
        keep[i] = false;
    struct script candidate = script_copy(&h->best, keep);
    free(keep);
    return keep_if_fails(h, &candidate);
}

static void fewer_acts(struct hunt *h)
{
    for (uint32_t size = h->best.acts_n; size > 0; size /= 2)
        for (uint32_t at = 0; at < h->best.acts_n;)
            if (left_s(h) <= 0 || !without_acts(h, at, size))
                at += size;
}

static void hunt(struct hunt *h)
{
    uint32_t before;
    do { /* what was needed together with something else may now go */
        before = h->best.acts_n;
        less_time(h);
        fewer_classes(h);
        fewer_nodes(h);
        fewer_acts(h);
    } while (h->best.acts_n < before && left_s(h) > 0);
    less_time(h);
}

/* ---- what is left ---- */

static void print_command(const struct script *sc, FILE *out)
{
    char *text = NULL;
    size_t len = 0;
    FILE *line = open_memstream(&text, &len);
    assert(line != NULL);
    script_print(sc, true, line);
    fclose(line);
    if (len <= LINE_MAX_LEN) {
        fprintf(out, "replay with: jay-sim --replay '%s'\n", text);
    } else {
        char name[64];
        snprintf(name, sizeof name, "jay-sim-%llu.replay", (unsigned long long)sc->seed);
        FILE *file = fopen(name, "w");
        if (file != NULL) {
            script_print(sc, false, file);
            fclose(file);
        }
        fprintf(out, file != NULL ? "replay with: jay-sim --replay %s\n" : "cannot write %s\n",
                name);
    }
    free(text);
}

void minimise(const struct script *sc, enum check check, FILE *out)
{
    struct hunt h = {.best = script_copy(sc, NULL), .check = check, .spent_s = spent_s()};
    h.verdict =
        mmap(NULL, sizeof *h.verdict, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(h.verdict != MAP_FAILED);
    fprintf(out, "minimising, for %d CPU-seconds at most ...\n", MINIMISE_CPU_S);
    if (fails(&h, &h.best)) {
        h.failed_us = h.verdict->done ? h.verdict->failed_us : UINT64_MAX;
        hunt(&h);
        fprintf(out, "minimised in %u runs and %.0f CPU-seconds: %u of %u acts break %s:\n",
                h.tries, spent_s() - h.spent_s, h.best.acts_n, sc->acts_n, check_name(check));
        script_print(&h.best, false, out);
        print_command(&h.best, out);
    } else {
        fprintf(out, "the same script does not fail again\n");
    }
    munmap(h.verdict, sizeof *h.verdict);
    script_free(&h.best);
}
