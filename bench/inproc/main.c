/** jay-engine - what the engine costs by itself: time, memory, stalls. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "inproc/measure.h"

#define COSTS_MAX  8
#define ITEMS_MIN  100
#define ITEMS_MAX  200000000ULL
#define SPACE_EACH 256 /* bytes of budget for each item of --space */

static const char USAGE[] =
    "usage: jay-engine [--items N[,...]] [--stalls N] [--tagged N] [--rounds N]\n"
    "                  [--reclaim N] [--space N] [--only LIST] [--json]\n"
    "\n"
    "Measures the engine in this process: keys of 32 bytes, values of 100, one thread.\n"
    "  --items    costs of insert and get with so many items (default: 1k,100k,1M)\n"
    "  --stalls   longest single calls with so many items (default: 10M)\n"
    "  --tagged   of which so many carry a tag that is invalidated (default: a tenth)\n"
    "  --rounds   how often these are measured (default: 2)\n"
    "  --reclaim  time to take out the expired eleventh of so many items (default: 11M)\n"
    "  --space    bytes that an item takes, in about so many (default: 1M)\n"
    "  --only     of cost, stall, space and reclaim (default: all)\n"
    "  --json     one object a line\n";

struct options {
    uint64_t items[COSTS_MAX];
    size_t items_n;
    uint64_t stalls, tagged, rounds, reclaim, space;
    const char *only; /* NULL = all */
    bool json;
};

static int fail(const char *what)
{
    fprintf(stderr, "jay-engine: %s\n", what);
    return 1;
}

static void refuse(const char *option, const char *text)
{
    fprintf(stderr,
            "jay-engine: --%s: \"%s\" is not a number such as 1000, 1k or 10M, or too small\n",
            option, text);
    exit(2);
}

/** "1000", "1k" or "10M"; at least `least`. */
static uint64_t number_of(const char *option, const char *text, uint64_t least)
{
    char *end;
    errno = 0;
    const unsigned long long n = strtoull(text, &end, 10);
    const uint64_t unit = *end == 'k' ? 1000 : *end == 'M' ? 1000000 : 1;
    end += unit > 1;
    if (text[0] < '0' || text[0] > '9' || *end != 0 || errno != 0 || n > ITEMS_MAX / unit ||
        n * unit < least)
        refuse(option, text);
    return n * unit;
}

static void set_items(struct options *o, char *list)
{
    o->items_n = 0;
    for (char *rest = list; rest != NULL;) {
        if (o->items_n == COSTS_MAX)
            refuse("items", rest);
        o->items[o->items_n++] = number_of("items", strsep(&rest, ","), ITEMS_MIN);
    }
}

/** Is that word in --only? */
static bool wants(const struct options *o, const char *word)
{
    const char *at = o->only == NULL ? NULL : strstr(o->only, word);
    return o->only == NULL || (at != NULL && (at == o->only || at[-1] == ',') &&
                               (at[strlen(word)] == 0 || at[strlen(word)] == ','));
}

static void set_only(struct options *o, const char *list)
{
    static const char *const WORDS[] = {"cost", "stall", "space", "reclaim"};
    size_t len = 0, commas = 0;
    o->only = list;
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        if (wants(o, WORDS[i])) {
            len += strlen(WORDS[i]);
            commas++;
        }
    }
    if (commas == 0 || len + commas - 1 != strlen(list)) {
        fprintf(stderr, "jay-engine: --only: \"%s\" is not a list of cost, stall, space, reclaim\n",
                list);
        exit(2);
    }
}

/** Take one option; false when it is none that takes part in measuring. */
static bool take(struct options *o, int option)
{
    switch (option) {
    case 'i':
        set_items(o, optarg);
        return true;
    case 's':
        o->stalls = number_of("stalls", optarg, ITEMS_MIN);
        return true;
    case 't':
        o->tagged = number_of("tagged", optarg, 1);
        return true;
    case 'n':
        o->rounds = number_of("rounds", optarg, 1);
        return true;
    case 'r':
        o->reclaim = number_of("reclaim", optarg, ITEMS_MIN);
        return true;
    case 'p':
        o->space = number_of("space", optarg, 10 * ITEMS_MIN);
        return true;
    case 'o':
        set_only(o, optarg);
        return true;
    case 'j':
        return o->json = true;
    default:
        return false;
    }
}

static void read_options(int argc, char **argv, struct options *o)
{
    static const struct option LONG[] = {
        {"items", required_argument, NULL, 'i'},   {"stalls", required_argument, NULL, 's'},
        {"tagged", required_argument, NULL, 't'},  {"rounds", required_argument, NULL, 'n'},
        {"reclaim", required_argument, NULL, 'r'}, {"space", required_argument, NULL, 'p'},
        {"only", required_argument, NULL, 'o'},    {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    int option;
    *o = (struct options){.items = {1000, 100000, 1000000},
                          .items_n = 3,
                          .stalls = 10000000,
                          .rounds = 2,
                          .reclaim = 11000000,
                          .space = 1000000};
    while ((option = getopt_long(argc, argv, "h", LONG, NULL)) != -1) {
        if (!take(o, option)) {
            fputs(USAGE, option == 'h' ? stdout : stderr);
            exit(option == 'h' ? 0 : 2);
        }
    }
    if (optind < argc) {
        fputs(USAGE, stderr);
        exit(2);
    }
    if (o->tagged == 0)
        o->tagged = o->stalls / 10;
    if (o->tagged > o->stalls) {
        fputs("jay-engine: --tagged: more than --stalls\n", stderr);
        exit(2);
    }
}

static double us(uint64_t ns)
{
    return (double)ns / 1000;
}

static bool tell_costs(const struct options *o)
{
    if (!o->json)
        puts("CPU time of an operation, ns, net of making the key\n"
             "     items       key    insert  evicting       get  get by 32");
    for (size_t i = 0; i < o->items_n; i++) {
        struct cost c;
        if (!measure_cost(o->items[i], &c))
            return false;
        printf(o->json
                   ? "{\"measure\": \"cost\", \"items\": %" PRIu64
                     ", \"key_ns\": %.1f, \"insert_ns\": %.1f, \"evict_ns\": %.1f, \"get_ns\": %.1f"
                     ", \"batch_ns\": %.1f}\n"
                   : "%10" PRIu64 "%10.0f%10.0f%10.0f%10.0f%11.0f\n",
               c.items, c.key_ns, c.insert_ns, c.evict_ns, c.get_ns, c.batch_ns);
    }
    return true;
}

static void tell_stall(const struct options *o, const struct stall *s)
{
    const struct histogram *h = &s->calls;
    printf(o->json ? "{\"measure\": \"stall\", \"situation\": \"%s\", \"calls\": %" PRIu64
                     ", \"p50_us\": %.2f, \"p99_us\": %.2f, \"p999_us\": %.2f"
                     ", \"max_us\": %.1f, \"cpu_max_us\": %.1f, \"cpu_max_each_round_us\": %.1f"
                     ", \"interrupted\": %" PRIu64 ", \"interrupted_max_us\": %.1f}\n"
                   : "%-20s%10" PRIu64 "%8.2f%8.2f%8.2f%10.1f%10.1f%12.1f%9" PRIu64 "%10.1f\n",
           s->situation, h->count + s->interrupted_n, us(histogram_quantile(h, 5000)),
           us(histogram_quantile(h, 9900)), us(histogram_quantile(h, 9990)), us(h->max),
           us(s->cpu_ns), us(s->each_ns), s->interrupted_n, us(s->interrupted_ns));
}

static bool tell_stalls(const struct options *o)
{
    static struct stall stalls[STALLS_N];
    const struct stalls_cfg cfg = {
        .items = o->stalls, .tagged = o->tagged, .rounds = (uint32_t)o->rounds};
    if (!measure_stalls(&cfg, stalls))
        return false;
    if (!o->json)
        printf("\nSingle calls with %" PRIu64 " items, %" PRIu64
               " of them with a tag, us, in %" PRIu64 " rounds\n"
               "%-20s     calls     p50     p99   p99.9   longest  most CPU  each round"
               "  interrupted\n",
               cfg.items, cfg.tagged, o->rounds, "while");
    for (uint32_t i = 0; i < STALLS_N; i++)
        tell_stall(o, &stalls[i]);
    return true;
}

static bool tell_space(const struct options *o)
{
    struct space spaces[SPACES_N];
    if (!measure_space(o->space * SPACE_EACH, spaces))
        return false;
    if (!o->json)
        printf("\nBytes of an item beyond its %d of key and value, in %" PRIu64 " MB\n"
               "shape                 items     bytes\n",
               PAYLOAD_LEN, o->space * SPACE_EACH / 1000000);
    for (uint32_t i = 0; i < SPACES_N; i++)
        printf(o->json ? "{\"measure\": \"space\", \"shape\": \"%s\", \"items\": %" PRIu64
                         ", \"beyond_payload_bytes\": %.1f}\n"
                       : "%-18s%9" PRIu64 "%10.1f\n",
               spaces[i].shape, spaces[i].items, spaces[i].beyond_payload);
    return true;
}

static bool tell_reclaim(const struct options *o)
{
    static struct reclaim r;
    if (!measure_reclaim(o->reclaim, &r))
        return false;
    printf(o->json ? "{\"measure\": \"reclaim\", \"items\": %" PRIu64 ", \"expired\": %" PRIu64
                     ", \"left\": %" PRIu64 ", \"calls\": %" PRIu64
                     ", \"cpu_ms\": %.1f, \"wall_ms\": %.1f, \"max_us\": %.1f"
                     ", \"cpu_max_us\": %.1f}\n"
                   : "\nTaking out what has expired by cache_step() alone\n"
                     "%" PRIu64 " items, %" PRIu64 " of them expired, %" PRIu64
                     " left in the end: %" PRIu64 " calls, %.1f ms of CPU in %.1f ms, longest call"
                     " %.1f us, most CPU of one %.1f us\n",
           r.items, r.expired, r.left, r.calls_n, r.cpu_ms, r.wall_ms, us(r.steps.calls.max),
           us(r.steps.cpu_ns));
    return r.left == 0;
}

int main(int argc, char **argv)
{
    struct options o;
    read_options(argc, argv, &o);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (wants(&o, "cost") && !tell_costs(&o))
        return fail("costs: no memory, or not every item was stored and found");
    if (wants(&o, "stall") && !tell_stalls(&o))
        return fail("stalls: no memory, or not every item was stored");
    if (wants(&o, "space") && !tell_space(&o))
        return fail("space: no memory, or not every item was stored");
    if (wants(&o, "reclaim") && !tell_reclaim(&o))
        return fail("reclaim: no memory, or some expired items were never taken out");
    return 0;
}
