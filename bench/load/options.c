#include "load/options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/suggest.h"

#define PENDING_MAX (64ULL << 20) /* bytes of requests that one connection may have under way */
#define SECONDS_MAX 86400

enum kind {
    KIND_SWITCH,
    KIND_NUMBER,
    KIND_SECONDS,
    KIND_PROTOCOL,
    KIND_WORKLOAD,
    KIND_DIST,
    KIND_TEXT,
    KIND_HELP
};

/** One option. */
struct row {
    const char *flag, *arg, *preset, *help;
    enum kind kind;
    size_t at;
    uint32_t min, max; /* of a number */
};

#define AT(field) offsetof(struct options, field)

static const struct row ROWS[] = {
    {"protocol", "NAME", "scrubjay", "scrubjay, redis or memcached", KIND_PROTOCOL, AT(protocol), 0,
     0},
    {"connect", "HOST:PORT", NULL, "the server, or a path from / (the protocol's port here)",
     KIND_TEXT, AT(connect), 0, 0},
    {"client-key", "FILE", NULL,
     "log in to a node as the client of this file (SCRUBJAY_CLIENT_KEY)", KIND_TEXT, AT(client_key),
     0, 0},
    {"op", "OP", "get", "get, set, fill, put, invalidate or mixed", KIND_WORKLOAD, AT(op), 0, 0},
    {"connections", "N", "50", "connections", KIND_NUMBER, AT(connections), 1, 60000},
    {"depth", "N", "1", "requests under way on each", KIND_NUMBER, AT(depth), 1, 1024},
    {"threads", "N", "1", "threads of the loader", KIND_NUMBER, AT(threads), 1, 64},
    {"keys", "N", "1000000", "different keys", KIND_NUMBER, AT(keys), 1, 1000000000},
    {"key-len", "BYTES", "32", "length of a key", KIND_NUMBER, AT(key_len), KEY_DIGITS, 1024},
    {"value", "BYTES", "64", "length of a value", KIND_NUMBER, AT(value_len), 0, 8U << 20},
    {"ttl", "SECONDS", "0", "time to live of what is stored; 0 = for ever", KIND_NUMBER, AT(ttl_s),
     0, 2592000},
    {"dist", "HOW", "uniform", "uniform, zipf[:THETA], or trace:FILE[:lis|oracle|be32|be64]",
     KIND_DIST, AT(dist), 0, 0},
    {"rate", "N", "0", "requests a second, sent on schedule; 0 = when answers come", KIND_NUMBER,
     AT(rate), 0, 100000000},
    {"seconds", "S", "5", "timed part", KIND_SECONDS, AT(seconds), 0, 0},
    {"warmup", "S", "1", "the same before it, not counted", KIND_SECONDS, AT(warmup), 0, 0},
    {"hold", "S", "0", "keep the connections so long after it", KIND_SECONDS, AT(hold), 0, 0},
    {"reads", "PERCENT", "90", "share of gets in a mixed load", KIND_NUMBER, AT(reads), 0, 100},
    {"verify", "N", "16", "compare every N-th value byte by byte (lengths: all)", KIND_NUMBER,
     AT(verify), 1, 1000000},
    {"clear", NULL, NULL, "first drop everything that the server holds", KIND_SWITCH, AT(clear), 0,
     0},
    {"load-keys", NULL, NULL, "then store every key once", KIND_SWITCH, AT(load_keys), 0, 0},
    {"read-through", NULL, NULL, "store a key whose get was a miss", KIND_SWITCH, AT(read_through),
     0, 0},
    {"server-pid", "PID", "0", "also tell requests per processor second of that process",
     KIND_NUMBER, AT(server_pid), 0, 4194304},
    {"seed", "N", "1", "of the choice of keys", KIND_NUMBER, AT(seed), 0, UINT32_MAX},
    {"json", NULL, NULL, "print JSON", KIND_SWITCH, AT(json), 0, 0},
    {"help", NULL, NULL, "print this, and exit", KIND_HELP, 0, 0, 0},
};

#define ROWS_N ARRAY_LEN(ROWS)

static const char *const WORKLOADS[] = {[WORKLOAD_GET] = "get",
                                        [WORKLOAD_SET] = "set",
                                        [WORKLOAD_FILL] = "fill",
                                        [WORKLOAD_PUT] = "put",
                                        [WORKLOAD_INVALIDATE] = "invalidate",
                                        [WORKLOAD_MIXED] = "mixed"};

const char *options_workload(enum workload op)
{
    return WORKLOADS[op];
}

/* ---- mistakes ---- */

__attribute__((format(printf, 2, 3))) static bool refuse(char why[OPTIONS_WHY_MAX],
                                                         const char *form, ...)
{
    va_list args;
    va_start(args, form);
    (void)vsnprintf(why, OPTIONS_WHY_MAX, form, args);
    va_end(args);
    return false;
}

static bool refuse_unknown(const char *given, char why[OPTIONS_WHY_MAX])
{
    struct suggest s = suggest_begin(given + strspn(given, "-"));
    for (size_t i = 0; i < ROWS_N; i++)
        suggest_offer(&s, ROWS[i].flag);
    if (s.best == NULL)
        return refuse(why, "unknown option \"%.64s\": jay-bench --help lists all", given);
    return refuse(why, "unknown option \"%.64s\": did you mean \"--%s\"?", given, s.best);
}

/* ---- single options ---- */

static bool take_number(const struct row *row, const char *text, void *at, char *why)
{
    char *end;
    errno = 0;
    const unsigned long long n = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || n < row->min ||
        n > row->max)
        return refuse(why, "--%s must be %u to %u, got \"%.64s\"", row->flag, row->min, row->max,
                      text);
    *(uint32_t *)at = (uint32_t)n;
    return true;
}

static bool take_seconds(const struct row *row, const char *text, void *at, char *why)
{
    char *end;
    const double n = strtod(text, &end);
    if (end == text || *end != '\0' || !(n >= 0 && n <= SECONDS_MAX))
        return refuse(why, "--%s must be 0 to %d seconds, got \"%.64s\"", row->flag, SECONDS_MAX,
                      text);
    *(double *)at = n;
    return true;
}

static bool take_protocol(struct options *o, const char *text, char *why)
{
    o->protocol = protocol_named(text);
    return o->protocol != NULL ||
           refuse(why, "--protocol must be scrubjay, redis or memcached, got \"%.64s\"", text);
}

static bool take_workload(struct options *o, const char *text, char *why)
{
    for (size_t i = 0; i < ARRAY_LEN(WORKLOADS); i++) {
        if (strcmp(WORKLOADS[i], text) != 0)
            continue;
        o->op = (enum workload)i;
        return true;
    }
    return refuse(why, "--op must be get, set, fill, put, invalidate or mixed, got \"%.64s\"",
                  text);
}

static bool take_zipf(struct options *o, const char *text, char *why)
{
    char *end;
    o->dist = KEYS_ZIPF;
    if (text[0] == '\0')
        return true;
    o->theta = strtod(text + 1, &end);
    if (text[0] == ':' && end != text + 1 && *end == '\0' && o->theta > 0 &&
        o->theta <= ZIPF_THETA_MAX)
        return true;
    return refuse(why, "--dist: theta must be above 0, at most %.0f, got \"zipf%.64s\"",
                  ZIPF_THETA_MAX, text);
}

static bool take_dist(struct options *o, const char *text, char *why)
{
    o->dist = KEYS_UNIFORM;
    if (strcmp(text, "uniform") == 0)
        return true;
    if (strncmp(text, "zipf", 4) == 0)
        return take_zipf(o, text + 4, why);
    if (strncmp(text, "trace:", 6) != 0 || text[6] == '\0')
        return refuse(why, "--dist must be uniform, zipf[:THETA] or trace:FILE, got \"%.64s\"",
                      text);
    o->dist = KEYS_TRACE;
    o->trace = text + 6;
    return true;
}

static bool take(const struct row *row, const char *text, struct options *o, char *why)
{
    void *at = (char *)o + row->at;
    switch (row->kind) {
    case KIND_SWITCH:
        *(bool *)at = true;
        return true;
    case KIND_NUMBER:
        return take_number(row, text, at, why);
    case KIND_SECONDS:
        return take_seconds(row, text, at, why);
    case KIND_PROTOCOL:
        return take_protocol(o, text, why);
    case KIND_WORKLOAD:
        return take_workload(o, text, why);
    case KIND_DIST:
        return take_dist(o, text, why);
    case KIND_TEXT:
        *(const char **)at = text;
        return true;
    default:
        return true;
    }
}

/* ---- all of them ---- */

static bool take_presets(struct options *o, char *why)
{
    *o = (struct options){.theta = 0.99};
    for (size_t i = 0; i < ROWS_N; i++)
        if (ROWS[i].preset != NULL && !take(&ROWS[i], ROWS[i].preset, o, why))
            return false;
    return true;
}

/** What only several options together can get wrong. */
static bool check(struct options *o, char *why)
{
    const uint64_t pending = (uint64_t)o->depth * o->value_len;
    if (o->connect == NULL)
        o->connect = o->protocol->endpoint;
    if (o->key_len > o->protocol->key_max)
        return refuse(why, "--key-len must be at most %u for %s, got %u", o->protocol->key_max,
                      o->protocol->name, o->key_len);
    if (o->client_key != NULL && o->protocol != &PROTOCOL_SCRUBJAY)
        return refuse(why, "--client-key is for --protocol scrubjay, got %s", o->protocol->name);
    if (pending > PENDING_MAX)
        return refuse(why, "--depth times --value must be at most %llu, got %llu", PENDING_MAX,
                      (unsigned long long)pending);
    if (o->threads > o->connections)
        return refuse(why, "--threads must be at most --connections, %u, got %u", o->connections,
                      o->threads);
    if (o->seconds <= 0)
        return refuse(why, "--seconds must be above 0");
    return true;
}

static void make_table(struct option table[ROWS_N + 1])
{
    memset(table, 0, (ROWS_N + 1) * sizeof *table);
    for (size_t i = 0; i < ROWS_N; i++)
        table[i] = (struct option){
            ROWS[i].flag, ROWS[i].arg != NULL ? required_argument : no_argument, NULL, (int)i};
}

/** getopt_long() did not take argv[at]. */
static enum options_result refuse_given(char **argv, int at, int code, char *why)
{
    if (code == ':')
        (void)refuse(why, "%.64s needs a value", argv[at]);
    else
        (void)refuse_unknown(argv[at], why);
    return OPTIONS_BAD;
}

/** Take one option after the other. */
static enum options_result read_all(int argc, char **argv, struct options *out, char *why)
{
    struct option table[ROWS_N + 1];
    make_table(table);
    for (;;) {
        const int at = optind == 0 ? 1 : optind;
        const int code = getopt_long(argc, argv, "+:", table, NULL);
        if (code == -1)
            break;
        if (code == '?' || code == ':')
            return refuse_given(argv, at, code, why);
        if (ROWS[code].kind == KIND_HELP)
            return OPTIONS_HELP;
        if (!take(&ROWS[code], optarg, out, why))
            return OPTIONS_BAD;
    }
    return optind < argc ? refuse_given(argv, optind, '?', why) : OPTIONS_RUN;
}

enum options_result options_read(int argc, char **argv, struct options *out,
                                 char why[OPTIONS_WHY_MAX])
{
    opterr = 0;
    optind = 0; /* glibc: begin anew, for tests */
    if (!take_presets(out, why))
        return OPTIONS_BAD;
    const enum options_result result = read_all(argc, argv, out, why);
    return result != OPTIONS_RUN || check(out, why) ? result : OPTIONS_BAD;
}

static void help_row(FILE *to, const struct row *row)
{
    char head[64];
    (void)snprintf(head, sizeof head, "--%s %s", row->flag, row->arg != NULL ? row->arg : "");
    (void)fprintf(to, "  %-22s %s", head, row->help);
    if (row->preset != NULL)
        (void)fprintf(to, " (%s)", row->preset);
    (void)fputc('\n', to);
}

void options_help(FILE *to)
{
    (void)fputs("jay-bench - load for scrubjay, Redis and memcached, timed and counted\n\n"
                "usage: jay-bench [OPTION...]\n\n",
                to);
    for (size_t i = 0; i < ROWS_N; i++)
        help_row(to, &ROWS[i]);
    (void)fputs("\nfill stores with tokens that were given before the timed part, with misses; put "
                "and set are\n"
                "the same to scrubjay, and all three to the others. With --rate, latency is also "
                "told from when\n"
                "a request should have been sent. Exit status: 0, 1 errors were counted, 2 usage, "
                "3 cannot\n"
                "connect.\n",
                to);
}
