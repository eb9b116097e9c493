#include "options.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/time.h"

#include "world.h"

#define DEFAULT_NODES     5
#define LOAD_MAX          10000
#define DEFAULT_LENGTH_US (300 * US_PER_SEC)
#define US_PER_HOUR       (3600 * US_PER_SEC)
#define HOURS_MAX         100000
#define REPLAY_MAX        (1U << 26) /* bytes of a file */

void options_usage(FILE *out)
{
    fputs("jay-sim - a whole cluster in one process, on simulated time\n"
          "  --seed N         first seed (1)\n"
          "  --seeds N        how many seeds, one after the other (1)\n"
          "  --nodes N        nodes of the cluster (5)\n"
          "  --hours H        simulated hours of a seed, such as 0.5 (five minutes)\n"
          "  --load N         operations of clients, per second and node; 0 = none (50)\n"
          "  --faults LIST    classes allowed: all, none, loss,crash, or -pause,-dns (all)\n"
          "  --calm           faults one after the other, for a tenth of the time at most; each\n"
          "                   seed is also run without any, and its hits are compared\n"
          "  --sealed         seal packets with a real key (plain); without it no key is rotated\n"
          "  --replay FILE    run the script in a file, or the script that is given here\n"
          "  --print-script   print the script of a seed instead of running it\n"
          "  --no-minimise    do not look for a smaller script that fails the same check\n"
          "  --twice          run each seed twice and compare fingerprints\n"
          "  --marks          print in what share of the seeds each mark was hit, and how often "
          "each\n"
          "                   check was held against something\n"
          "  --marks-min P    fail when a mark was hit in fewer than P of 1,000 seeds\n"
          "  --stories        tell all named stories\n"
          "  --story NAME     tell one story (--seed N: with that seed alone)\n"
          "  --list           list the stories\n"
          "  --list-checks    list what is checked\n"
          "  --watch KEY      print the life of key number KEY\n"
          "  --profile        print how fast it was\n"
          "  --json           print what the seeds came to as one JSON document\n"
          "  --verbose        a line for each seed\n"
          "  --help           print this\n"
          "classes: ",
          out);
    for (uint32_t i = 0; i < FAULTS; i++)
        fprintf(out, "%s%s", i == 0 ? "" : ",", fault_text((enum fault)i));
    fputc('\n', out);
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
    const bool fits =
        parse_number(text, &nodes) && nodes >= 1 && nodes <= SIM_NODES_MAX - SIM_STRANGERS - 1;
    o->nodes = (uint32_t)nodes;
    return fits;
}

static bool parse_load(const char *text, struct options *o)
{
    uint64_t load = 0;
    const bool fits = parse_number(text, &load) && load <= LOAD_MAX;
    o->load = (uint32_t)load;
    return fits;
}

static bool parse_watch(const char *text, struct options *o)
{
    uint64_t key = 0;
    const bool fits = parse_number(text, &key) && key < UINT32_MAX;
    o->watch = (int64_t)key;
    return fits;
}

static bool parse_permille(const char *text, struct options *o)
{
    uint64_t permille = 0;
    const bool fits = parse_number(text, &permille) && permille <= 1000;
    o->marks_min = (uint32_t)permille;
    o->marks = true;
    return fits;
}

static bool parse_flag(const char *name, struct options *o)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {{"--help", &o->help},
                 {"-h", &o->help},
                 {"--calm", &o->calm},
                 {"--json", &o->json},
                 {"--sealed", &o->sealed},
                 {"--twice", &o->twice},
                 {"--verbose", &o->verbose},
                 {"--profile", &o->profile},
                 {"--list", &o->list},
                 {"--stories", &o->stories},
                 {"--marks", &o->marks},
                 {"--list-checks", &o->list_checks},
                 {"--print-script", &o->print_script},
                 {"--no-minimise", &o->no_minimise}};

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
    else if (strcmp(name, "--load") == 0)
        good = parse_load(value, o);
    else if (strcmp(name, "--faults") == 0)
        good = value != NULL && faults_parse(value, &o->faults);
    else if (strcmp(name, "--watch") == 0)
        good = parse_watch(value, o);
    else if (strcmp(name, "--marks-min") == 0)
        good = parse_permille(value, o);
    else if (strcmp(name, "--story") == 0)
        good = (o->story = value) != NULL;
    else if (strcmp(name, "--replay") == 0)
        good = (o->replay = value) != NULL;
    return good ? 2 : 0;
}

bool options_parse(int argc, char **argv, struct options *o)
{
    *o = (struct options){.seeds = 1,
                          .nodes = DEFAULT_NODES,
                          .length_us = DEFAULT_LENGTH_US,
                          .load = SCRIPT_LOAD,
                          .watch = -1,
                          .hours = "0.083333333",
                          .faults = FAULTS_ALL};
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

/* ---- scripts ---- */

static char *read_file(const char *name)
{
    FILE *in = fopen(name, "r");
    if (in == NULL)
        return NULL;
    char *text = calloc(1, REPLAY_MAX + 1); /* untouched pages cost nothing */
    assert(text != NULL);
    const size_t len = fread(text, 1, REPLAY_MAX, in);
    fclose(in);
    text[len] = '\0';
    return text;
}

bool options_replay(const char *text, struct script *sc)
{
    char *file = read_file(text);
    const char *wrong = script_parse(file != NULL ? file : text, sc);
    free(file);
    if (wrong != NULL)
        fprintf(stderr, "jay-sim: %s is no script: %s\n", file != NULL ? text : "--replay", wrong);
    return wrong == NULL;
}

void options_command(const struct options *o, uint64_t seed, char *out, size_t cap)
{
    char faults[FAULTS_TEXT_MAX];
    faults_print(o->faults, faults, sizeof faults);
    char load[24] = "";
    if (o->load != SCRIPT_LOAD)
        snprintf(load, sizeof load, " --load %u", o->load);
    snprintf(out, cap, "jay-sim --seed %llu --nodes %u --hours %s --faults %s%s%s%s",
             (unsigned long long)seed, o->nodes, o->hours, faults, load, o->calm ? " --calm" : "",
             o->sealed ? " --sealed" : "");
}
