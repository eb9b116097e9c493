#include "policy/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"
#include "policy/budget.h"
#include "policy/policy.h"

#define PPM        1000000U
#define VALUE_LEN  100
#define NUMBER_MAX 1000000000000ULL

/** "1%", "0.5%" or "0.01": at most six digits behind the point. */
static bool parse_share(const char *text, uint32_t *ppm)
{
    char *end;
    if (strchr(text, 'e') != NULL || strchr(text, 'x') != NULL || text[0] == '-')
        return false;
    double share = strtod(text, &end);
    if (end != text && strcmp(end, "%") == 0)
        share /= 100;
    else if (end == text || *end != 0 || strchr(text, '.') == NULL)
        return false;
    if (!(share > 0 && share <= 1))
        return false;
    *ppm = (uint32_t)(share * PPM + 0.5);
    return *ppm > 0;
}

static bool parse_number(const char *text, uint64_t most, uint64_t *out)
{
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != 0 || errno != 0 || number < 1 || number > most)
        return false;
    *out = number;
    return true;
}

static bool add_size(struct options *o, char *text, struct fault *fault)
{
    struct options_size size = {.text = text};
    if (o->sizes_n == OPTIONS_SIZES_MAX)
        return fault_tell(fault, "--size: more than %d sizes", OPTIONS_SIZES_MAX);
    if (!parse_number(text, NUMBER_MAX, &size.number) && !parse_share(text, &size.share_ppm)) {
        size.has_unit = quantity_bytes(slice_text(text), &size.number) == OK && size.number > 0;
        if (!size.has_unit)
            return fault_tell(
                fault,
                "--size: \"%s\" is not a number, a share such as 1%% or 0.01, or, with "
                "--bytes, a size such as 64MiB",
                text);
    }
    o->sizes[o->sizes_n++] = size;
    return true;
}

static bool add_policy(struct options *o, char *name, struct fault *fault)
{
    const struct policy *p = policy_find(name);
    for (size_t i = 0; strcmp(name, "all") == 0 && i < POLICIES_N; i++)
        o->policies[o->policies_n++] = POLICIES[i];
    if (strcmp(name, "all") == 0)
        return true;
    if (p == NULL || o->policies_n + POLICIES_N > OPTIONS_POLICIES_MAX)
        return fault_tell(
            fault,
            "--policy: \"%s\" is not all, fifo, lru, sieve, s3fifo, s3fifo-paper, opt or engine",
            name);
    o->policies[o->policies_n++] = p;
    return true;
}

/** Give each part of a list to add(). */
static bool each(char *list, struct options *o, struct fault *fault,
                 bool (*add)(struct options *, char *, struct fault *))
{
    char *rest = list;
    while (rest != NULL) {
        if (!add(o, strsep(&rest, ","), fault))
            return false;
    }
    return true;
}

static bool set_format(struct options *o, const char *name, struct fault *fault)
{
    o->has_format = decode_format(name, &o->format);
    return o->has_format ||
           fault_tell(fault, "--format: \"%s\" is not arc, oracle, u64 or u32", name);
}

static bool set_value(struct options *o, const char *text, struct fault *fault)
{
    uint64_t len;
    if (!parse_number(text, BUDGET_VALUE_MAX, &len))
        return fault_tell(fault, "--value: \"%s\" is not a number of bytes from 1 to %d", text,
                          BUDGET_VALUE_MAX);
    o->value_len = (uint32_t)len;
    return true;
}

static bool take(struct options *o, int option, struct fault *fault)
{
    switch (option) {
    case 's':
        return each(optarg, o, fault, add_size);
    case 'p':
        return each(optarg, o, fault, add_policy);
    case 'f':
        return set_format(o, optarg, fault);
    case 'v':
        return set_value(o, optarg, fault);
    case 'b':
        return o->by_size = true;
    case 'j':
        return o->json = true;
    case 'h':
        return o->help = true;
    default:
        return fault_tell(fault, "unknown option, or one without its value; --help lists them");
    }
}

/** Units go with bytes, and with bytes only those policies that can count them. */
static bool settle(struct options *o, struct fault *fault)
{
    for (size_t i = 0; i < o->sizes_n; i++) {
        if (o->sizes[i].has_unit && !o->by_size)
            return fault_tell(fault, "--size: \"%s\" needs --bytes", o->sizes[i].text);
    }
    const bool all = o->policies_n == 0;
    char name[] = "all";
    if (all && !add_policy(o, name, fault))
        return false;
    size_t kept = 0;
    for (size_t i = 0; i < o->policies_n; i++) {
        const struct policy *p = o->policies[i];
        if (!o->by_size || p->by_size)
            o->policies[kept++] = p;
    }
    o->policies_n = kept;
    return kept > 0 || fault_tell(fault, "--bytes: the engine replays objects of one size only");
}

bool options_read(int argc, char **argv, struct options *out, struct fault *fault)
{
    static const struct option LONG[] = {
        {"size", required_argument, NULL, 's'},   {"policy", required_argument, NULL, 'p'},
        {"format", required_argument, NULL, 'f'}, {"value", required_argument, NULL, 'v'},
        {"bytes", no_argument, NULL, 'b'},        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    int option;
    *out = (struct options){.value_len = VALUE_LEN};
    optind = 0; /* begin anew, wherever an earlier call stopped */
    opterr = 0;
    while ((option = getopt_long(argc, argv, "h", LONG, NULL)) != -1) {
        if (!take(out, option, fault))
            return false;
    }
    out->traces = argv + optind;
    out->traces_n = (size_t)(argc - optind);
    if (out->help)
        return true;
    if (out->traces_n == 0 || out->sizes_n == 0)
        return fault_tell(fault, "at least one TRACE and --size N|SHARE are needed");
    return settle(out, fault);
}

uint64_t options_capacity(const struct options_size *size, const struct trace *t, bool by_size)
{
    const uint64_t whole = by_size ? t->bytes : t->objects_n;
    if (size->share_ppm == 0)
        return size->number;
    const uint64_t share =
        whole / PPM * size->share_ppm + whole % PPM * size->share_ppm / PPM; /* never overflows */
    return share > 0 ? share : 1;
}
