/**
 * tests/e2e/judge.c - was any read older than what had been promised when it began?
 *
 *   judge [--fence-ms N] [--plant RULE] [--phases] [--replaced MS] FILE...
 *
 * FILEs are lines of record.h, from `history`. A read is stale when it returned a version below that of
 * an acknowledged invalidation of its key which, when the read began,
 *   own      had been acknowledged, naming the node that was read: the one asked, or in its answer;
 *   after    is the one that the read asked to be after, at whatever node;
 *   fenced   had reached level fenced, and the read was bounded by the fence or less, anywhere;
 *   quorum   had reached quorum or fenced for longer than the read's bound, anywhere;
 *   final    had been acknowledged at all: all faults are healed, anywhere. Only those are excused that
 *            nobody but their node is known to have had, less than a second before it was killed.
 *
 * --plant falsifies one read, so that RULE is broken: the judge must then find it. Prints a line for
 * each phase with --phases, the first contradictions as pairs of lines, and a verdict. Exit status: 0
 * nothing is stale and every rule had something to judge, 1 otherwise, 2 usage.
 *
 * --replaced counts requests that failed, and excuses those at a node between its note "gone" and MS after
 * its note "back". One at nobody known is excused while all nodes are gone. Any other is wrong. Where the
 * service had no address, nobody was asked: that is counted apart.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>

#include "record.h"

#define LOST_US                                                                                    \
    1000000 /* what a node acknowledged alone so shortly before a kill may die with it */
#define KILLS_MAX   64
#define SHOWN       5 /* contradictions a rule */
#define WINDOWS_MAX 256
#define FENCE_MS    1000

enum rule {
    OWN,
    AFTER,
    FENCED,
    QUORUM,
    FINAL,
    RULES
};

static const char *const RULE_NAMES[RULES] = {"own", "after", "fenced", "quorum", "final"};

static struct record *lines;
static size_t lines_n;
static struct record kills[KILLS_MAX]; /* notes of them */
static size_t kills_n;
static uint32_t fence_ms = FENCE_MS;
static uint64_t judged[RULES], stale[RULES], garbled, silent_at_end;

/** A node is being replaced. */
static struct window {
    char node;
    uint64_t from_us, until_us;
} windows[WINDOWS_MAX];

static size_t windows_n;
static bool counts_failures;
static uint64_t replaced_us, failed_there, failed_elsewhere, unasked;

static void die(const char *what, const char *who)
{
    fprintf(stderr, "judge: %s: %s\n", what, who);
    exit(2);
}

/* ---- what a line says ---- */

static bool is_op(const struct record *r, const char *op)
{
    return strcmp(r->op, op) == 0;
}

static bool is_how(const struct record *r, const char *how)
{
    return strcmp(r->how, how) == 0;
}

static bool is_res(const struct record *r, const char *res)
{
    return strcmp(r->res, res) == 0;
}

static bool is_acked(const struct record *r)
{
    return is_op(r, "inv") && (is_res(r, "ok") || is_res(r, "unreached"));
}

static bool is_level(const struct record *r, const char *level)
{
    return strcmp(r->level, level) == 0;
}

static bool is_hit(const struct record *r)
{
    return is_op(r, "read") && is_res(r, "hit");
}

static uint32_t bit_of(char node)
{
    return node >= 'a' && node <= 'z' ? 1U << (node - 'a') : 0;
}

/* ---- floors: the newest version that was promised by a moment ---- */

struct floor {
    uint64_t us, v;
    const struct record *by;
};

struct floors {
    struct floor *at;
    size_t n;
};

static int by_time(const void *a, const void *b)
{
    const struct floor *x = a;
    const struct floor *y = b;
    return (x->us > y->us) - (x->us < y->us);
}

static bool was_killed(const struct record *inv)
{
    for (size_t i = 0; i < kills_n; i++) {
        const uint64_t at = kills[i].to_us;
        if (kills[i].node == inv->node && inv->to_us <= at && at - inv->to_us < LOST_US)
            return true;
    }
    return false;
}

/** Does this acknowledged invalidation bind reads of node under the rule? */
static bool binds(const struct record *inv, enum rule rule, char node)
{
    switch (rule) {
    case OWN:
        return inv->node == node || (inv->mask & bit_of(node)) != 0;
    case FENCED:
        return is_level(inv, "fenced") && is_res(inv, "ok");
    case QUORUM:
        return (is_level(inv, "fenced") || is_level(inv, "quorum")) && is_res(inv, "ok");
    case FINAL:
        return (inv->mask & ~bit_of(inv->node)) != 0 || !was_killed(inv);
    default:
        return false;
    }
}

/** Floors of one key, lines[from..to), for reads of node; each holds the newest version so far. */
static void raise_floors(struct floors *f, size_t from, size_t to, enum rule rule, char node)
{
    f->n = 0;
    for (size_t i = from; i < to; i++) {
        if (is_acked(&lines[i]) && binds(&lines[i], rule, node))
            f->at[f->n++] = (struct floor){lines[i].to_us, lines[i].v, &lines[i]};
    }
    qsort(f->at, f->n, sizeof *f->at, by_time);
    for (size_t i = 1; i < f->n; i++) {
        if (f->at[i].v < f->at[i - 1].v) {
            f->at[i].v = f->at[i - 1].v;
            f->at[i].by = f->at[i - 1].by;
        }
    }
}

/** The floor at a moment; NULL when nothing had been promised. */
static const struct floor *floor_at(const struct floors *f, uint64_t us)
{
    size_t lo = 0;
    size_t hi = f->n;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (f->at[mid].us < us)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo == 0 ? NULL : &f->at[lo - 1];
}

/* ---- rules ---- */

/** Read `planted` pretends to be older; the rule that it is to break, or RULES. */
static enum rule plant = RULES;
static const struct record *planted;

static void accuse(enum rule rule, const struct record *read, const struct record *inv)
{
    stale[rule]++;
    if (stale[rule] > SHOWN)
        return;
    printf("STALE under rule \"%s\"%s: the read returned version %" PRIu64
           ", the invalidation promised %" PRIu64 ", %.3f ms before\n  ",
           RULE_NAMES[rule], read == planted ? " (planted)" : "", read->v, inv->v,
           (double)(read->from_us - inv->to_us) / 1000);
    record_write(stdout, read);
    printf("  ");
    record_write(stdout, inv);
}

static void judge_one(enum rule rule, struct record *read, const struct record *inv)
{
    judged[rule]++;
    if (plant == rule && planted == NULL && inv->v > 0) {
        read->v = inv->v - 1;
        planted = read;
    }
    if (read->v < inv->v)
        accuse(rule, read, inv);
}

/** The moment up to which invalidations bind this read under the rule; 0 = none do. */
static uint64_t binding_until(const struct record *read, enum rule rule)
{
    const uint64_t bound_us = (uint64_t)read->bound * 1000;
    switch (rule) {
    case OWN:
        return read->from_us;
    case FENCED:
        return is_how(read, "within") && read->bound <= fence_ms ? read->from_us : 0;
    case QUORUM:
        return is_how(read, "within") && read->from_us > bound_us ? read->from_us - bound_us : 0;
    case FINAL:
        return is_how(read, "final") ? read->from_us : 0;
    default:
        return 0;
    }
}

static void judge_reads(const struct floors *f, size_t from, size_t to, enum rule rule, char node)
{
    for (size_t i = from; i < to; i++) {
        struct record *r = &lines[i];
        if (!is_hit(r) || (node != 0 && r->node != node))
            continue;
        const struct floor *floor = floor_at(f, binding_until(r, rule));
        if (floor != NULL)
            judge_one(rule, r, floor->by);
    }
}

static const struct record *find_inv(size_t from, size_t to, uint32_t id)
{
    for (size_t i = from; i < to; i++) {
        if (is_acked(&lines[i]) && lines[i].id == id)
            return &lines[i];
    }
    return NULL;
}

static void judge_after(size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (!is_hit(&lines[i]) || !is_how(&lines[i], "after"))
            continue;
        const struct record *inv = find_inv(from, to, lines[i].ref);
        if (inv != NULL)
            judge_one(AFTER, &lines[i], inv);
    }
}

static uint32_t nodes_seen(void)
{
    uint32_t mask = 0;
    for (size_t i = 0; i < lines_n; i++)
        mask |= is_op(&lines[i], "read") ? bit_of(lines[i].node) : 0;
    return mask;
}

static void judge_key(struct floors *f, size_t from, size_t to, uint32_t nodes)
{
    for (int i = 0; i < RECORD_NODES; i++) {
        const char node = (char)('a' + i);
        if ((nodes & bit_of(node)) == 0)
            continue;
        raise_floors(f, from, to, OWN, node);
        judge_reads(f, from, to, OWN, node);
    }
    for (enum rule rule = FENCED; rule <= FINAL; rule++) {
        raise_floors(f, from, to, rule, 0);
        judge_reads(f, from, to, rule, 0);
    }
    judge_after(from, to);
}

/* ---- requests that failed ---- */

/** Refusals are answers, and have names in small letters; errors of the protocol have large ones. */
static bool has_failed(const struct record *r)
{
    static const char *const WORDS[] = {"timeout", "connect", "unknown", "invalid", "protocol"};

    if (is_op(r, "note"))
        return false;
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        if (is_res(r, WORDS[i]))
            return true;
    }
    return isupper((unsigned char)r->res[0]) != 0;
}

/** The nodes that were being replaced at some time of this request. */
static uint32_t replaced_during(const struct record *r)
{
    uint32_t mask = 0;
    for (size_t i = 0; i < windows_n; i++) {
        if (r->to_us >= windows[i].from_us && r->from_us <= windows[i].until_us)
            mask |= bit_of(windows[i].node);
    }
    return mask;
}

static void judge_failure(const struct record *r, uint32_t nodes)
{
    const uint32_t replaced = replaced_during(r);
    const bool excused =
        bit_of(r->node) != 0 ? (replaced & bit_of(r->node)) != 0 : (nodes & ~replaced) == 0;
    failed_there += excused;
    failed_elsewhere += !excused;
    if (excused || failed_elsewhere > SHOWN)
        return;
    printf("FAILED at a node that was not being replaced\n  ");
    record_write(stdout, r);
}

static void judge_failures(uint32_t nodes)
{
    for (size_t i = 0; counts_failures && i < lines_n; i++) {
        if (has_failed(&lines[i]))
            judge_failure(&lines[i], nodes);
        unasked += is_res(&lines[i], "nobody");
    }
}

/** What can be seen in a line alone. */
static void judge_alone(void)
{
    for (size_t i = 0; i < lines_n; i++) {
        const struct record *r = &lines[i];
        const bool final = is_op(r, "read") && is_how(r, "final");
        if (is_op(r, "read") && is_res(r, "garbled")) {
            garbled++;
            printf("GARBLED: a value that nobody stored under this key\n  ");
            record_write(stdout, r);
        }
        silent_at_end += final && !is_hit(r) && !is_res(r, "miss") && !is_res(r, "wait");
    }
}

static int by_key(const void *a, const void *b)
{
    const struct record *x = a;
    const struct record *y = b;
    if (x->key != y->key)
        return (x->key > y->key) - (x->key < y->key);
    return (x->from_us > y->from_us) - (x->from_us < y->from_us);
}

static void judge_all(void)
{
    struct floors f = {.at = calloc(lines_n + 1, sizeof *f.at)};
    const uint32_t nodes = nodes_seen();
    if (f.at == NULL)
        die("out of memory", "floors");
    qsort(lines, lines_n, sizeof *lines, by_key);
    for (size_t from = 0, to; from < lines_n; from = to) {
        for (to = from; to < lines_n && lines[to].key == lines[from].key; to++)
            continue;
        judge_key(&f, from, to, nodes);
    }
    free(f.at);
    judge_alone();
    judge_failures(nodes);
}

/* ---- what else there is to tell ---- */

struct tally {
    uint64_t reads, hits, misses, waits, unproven, failed, stored, refused, invs, unreached, undone;
};

static void count_read(struct tally *t, const struct record *r)
{
    const bool bounded = is_how(r, "within") || is_how(r, "after");
    if (is_how(r, "final"))
        return;
    t->unproven += is_res(r, "unproven");
    t->failed += !is_hit(r) && !is_res(r, "miss") && !is_res(r, "wait") && !is_res(r, "unproven");
    t->reads++;
    t->hits += !bounded && is_hit(r);
    t->misses += !bounded && is_res(r, "miss");
    t->waits += !bounded && is_res(r, "wait");
}

static void count(struct tally *t, const struct record *r)
{
    if (is_op(r, "read"))
        count_read(t, r);
    t->stored += is_op(r, "fill") && is_res(r, "stored");
    t->refused += is_op(r, "fill") && !is_res(r, "stored");
    t->invs += is_op(r, "inv");
    t->unreached += is_op(r, "inv") && is_res(r, "unreached");
    t->undone += is_op(r, "inv") && !is_acked(r);
}

static double share(uint64_t part, uint64_t rest)
{
    return part + rest == 0 ? 0 : 100.0 * (double)part / (double)(part + rest);
}

static int by_start(const void *a, const void *b)
{
    const struct record *x = a;
    const struct record *y = b;
    return (x->from_us > y->from_us) - (x->from_us < y->from_us);
}

static void tell_phase(const char *name, uint64_t us, const struct tally *t)
{
    printf("%-22s %5.1f s  reads %6" PRIu64 "  hits %5.1f %%  unproven %5" PRIu64
           "  no answer %4" PRIu64 "  fills %6" PRIu64 " refused %4" PRIu64
           "  invalidations %5" PRIu64 " unreached %4" PRIu64 " repeated %4" PRIu64 "\n",
           name, (double)us / 1000000, t->reads, share(t->hits, t->misses + t->waits), t->unproven,
           t->failed, t->stored, t->refused, t->invs, t->unreached, t->undone);
}

static void tell_phases(void)
{
    const struct record *phase = NULL;
    struct tally t = {0};
    qsort(lines, lines_n, sizeof *lines, by_start);
    for (size_t i = 0; i < lines_n; i++) {
        const struct record *r = &lines[i];
        if (is_op(r, "note") && is_how(r, "phase")) {
            if (phase != NULL)
                tell_phase(phase->res, r->from_us - phase->from_us, &t);
            phase = r;
            t = (struct tally){0};
        }
        count(&t, r);
    }
    if (phase != NULL)
        tell_phase(phase->res, lines[lines_n - 1].to_us - phase->from_us, &t);
}

static bool tell_verdict(void)
{
    struct tally t = {0};
    uint64_t wrong = garbled + silent_at_end + failed_elsewhere;
    const char *idle = NULL;
    for (size_t i = 0; i < lines_n; i++)
        count(&t, &lines[i]);
    for (size_t i = 0; i < RULES; i++) {
        wrong += stale[i];
        idle = judged[i] == 0 ? RULE_NAMES[i] : idle;
    }
    printf("verdict: %s: %" PRIu64 " reads (hits %.1f %%, unproven %" PRIu64 "), fills %" PRIu64
           " (refused %" PRIu64 "), invalidations %" PRIu64 "; stale of judged:",
           wrong > 0 ? "WRONG" : "good", t.reads, share(t.hits, t.misses + t.waits), t.unproven,
           t.stored, t.refused, t.invs);
    for (size_t i = 0; i < RULES; i++)
        printf(" %s %" PRIu64 "/%" PRIu64, RULE_NAMES[i], stale[i], judged[i]);
    printf("; garbled %" PRIu64 ", no answer at the end %" PRIu64 "\n", garbled, silent_at_end);
    if (counts_failures)
        printf("requests that failed: %" PRIu64 " at nodes being replaced, %" PRIu64
               " elsewhere; with nobody to ask: %" PRIu64 "\n",
               failed_there, failed_elsewhere, unasked);
    if (idle != NULL)
        printf("nothing was judged under rule \"%s\": this history proves nothing about it\n",
               idle);
    return wrong == 0 && idle == NULL;
}

/* ---- the command line ---- */

static void open_window(const struct record *r)
{
    if (windows_n == WINDOWS_MAX)
        die("more nodes were replaced than there is room for", "windows");
    windows[windows_n++] =
        (struct window){.node = r->node, .from_us = r->from_us, .until_us = UINT64_MAX};
}

static void close_window(const struct record *r)
{
    for (size_t i = 0; i < windows_n; i++) {
        if (windows[i].node == r->node && windows[i].until_us == UINT64_MAX)
            windows[i].until_us = r->to_us + replaced_us;
    }
}

static void take_note(const struct record *r)
{
    if (is_how(r, "kill") && kills_n < KILLS_MAX)
        kills[kills_n++] = *r;
    else if (is_how(r, "gone"))
        open_window(r);
    else if (is_how(r, "back"))
        close_window(r);
}

static void take_line(const char *text, size_t *cap)
{
    if (lines_n == *cap) {
        *cap = *cap == 0 ? 65536 : *cap * 2;
        lines = realloc(lines, *cap * sizeof *lines);
        if (lines == NULL)
            die("out of memory", "lines");
    }
    if (!record_read(text, &lines[lines_n]))
        die("not a line of a history", text);
    if (is_op(&lines[lines_n], "note"))
        take_note(&lines[lines_n]);
    lines_n++;
}

static void take_file(const char *path, size_t *cap)
{
    char text[RECORD_LINE_MAX];
    FILE *f = fopen(path, "r");
    if (f == NULL)
        die("cannot read", path);
    while (fgets(text, sizeof text, f) != NULL)
        take_line(text, cap);
    fclose(f);
}

static enum rule rule_of(const char *name)
{
    for (size_t i = 0; i < RULES; i++) {
        if (strcmp(RULE_NAMES[i], name) == 0)
            return (enum rule)i;
    }
    die("not a rule", name);
    return RULES;
}

int main(int argc, char **argv)
{
    size_t cap = 0;
    bool phases = false;
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        if (strcmp(argv[i], "--phases") == 0)
            phases = true;
        else if (strcmp(argv[i], "--plant") == 0 && i + 1 < argc)
            plant = rule_of(argv[++i]);
        else if (strcmp(argv[i], "--fence-ms") == 0 && i + 1 < argc)
            fence_ms = (uint32_t)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--replaced") == 0 && i + 1 < argc) {
            counts_failures = true;
            replaced_us = strtoull(argv[++i], NULL, 10) * 1000;
        } else
            die("not an option", argv[i]);
    }
    if (i == argc)
        die("no history", "usage: judge [--fence-ms N] [--plant RULE] [--phases] FILE...");
    for (; i < argc; i++)
        take_file(argv[i], &cap);
    judge_all();
    const bool good = tell_verdict();
    if (phases)
        tell_phases();
    free(lines);
    return good ? 0 : 1;
}
