#include "script.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The name of a kind, and of its arguments. */
static const struct {
    const char *name;
    const char *args[ACT_ARGS];
} FORMS[ACTS] = {
    [ACT_LOSS] = {"loss", {"permille"}},
    [ACT_BURST] = {"burst", {"permille", "length"}}, /* share of bad times; their mean, datagrams */
    [ACT_DUP] = {"dup", {"permille"}},
    [ACT_REPLAY] = {"replay", {"permille", "ring"}}, /* of what is sent; datagrams recorded */
    [ACT_STORM] = {"storm", {"node", "packets", "gap_us"}}, /* from the ring */
    [ACT_DELAY] = {"delay", {"min_us", "mean_us"}},
    [ACT_CAPACITY] = {"capacity", {"packets", "us_per_kib"}}, /* 0 = as wide as you like */
    [ACT_CLOG] = {"clog", {"from", "to"}},                    /* -1 = all */
    [ACT_CUT] = {"cut", {"shape", "side", "via"}},
    [ACT_TYPES] = {"types", {"mask", "from", "to"}}, /* of enum peer_type; -1 = all */
    [ACT_MTU] = {"mtu", {"bytes", "node", "told"}},  /* payload; -1 = all links */
    [ACT_FLIP] = {"flip", {"permille"}},
    [ACT_CRASH] = {"crash", {"node", "told", "down_us", "anew"}},
    [ACT_LEAVE] = {"leave", {"node", "down_us", "anew"}},
    [ACT_FOREIGN] = {"foreign", {"node", "which", "down_us"}},
    [ACT_PAUSE] = {"pause", {"node"}},
    [ACT_RATE] = {"rate", {"node", "ppm"}},
    [ACT_WALL] = {"wall", {"node", "ms"}},
    [ACT_DNS] = {"dns", {"mode"}},
    [ACT_CLONE] = {"clone", {"node", "of"}}, /* the second goes on beside its copy */
    [ACT_RING] = {"ring", {"node", "first", "second", "force"}}, /* keys by number; -1 = none */
};

/* ---- cuts ---- */

static bool is_in(const struct act *act, uint32_t node)
{
    return ((uint64_t)act->arg[1] >> node & 1) != 0;
}

bool cut_has(const struct act *act, uint32_t from, uint32_t to, uint32_t n)
{
    const uint32_t via = (uint32_t)act->arg[2];
    switch ((enum cut_shape)act->arg[0]) {
    case CUT_SPLIT:
        return is_in(act, from) != is_in(act, to);
    case CUT_ONEWAY:
        return is_in(act, from) && !is_in(act, to);
    case CUT_LINK:
        return from == (uint32_t)act->arg[1] && to == via;
    case CUT_BRIDGE:
        return is_in(act, from) != is_in(act, to) && from != via && to != via;
    case CUT_RING:
        return from != to && from != (to + 1) % n && to != (from + 1) % n;
    default:
        return false;
    }
}

/* ---- acts ---- */

bool script_add(struct script *sc, const struct act *act)
{
    if (sc->acts_n == SCRIPT_MAX)
        return false;
    if (sc->acts_n == sc->acts_cap) {
        sc->acts_cap = sc->acts_cap == 0 ? 256 : sc->acts_cap * 2;
        sc->acts = realloc(sc->acts, sc->acts_cap * sizeof *sc->acts);
        assert(sc->acts != NULL);
    }
    sc->acts[sc->acts_n++] = *act;
    return true;
}

/* Merge two sorted halves of from into to. */
static void merge(const struct act *from, struct act *to, uint32_t half, uint32_t n)
{
    uint32_t a = 0;
    uint32_t b = half;
    for (uint32_t i = 0; i < n; i++) {
        const bool first = b == n || (a < half && from[a].at_us <= from[b].at_us);
        to[i] = first ? from[a++] : from[b++];
    }
}

void script_sort(struct script *sc)
{
    const uint32_t n = sc->acts_n;
    struct act *other = malloc((n + 1) * sizeof *other);
    assert(other != NULL);
    for (uint32_t width = 1; width < n; width *= 2) {
        for (uint32_t at = 0; at < n; at += 2 * width) {
            const uint32_t len = n - at < 2 * width ? n - at : 2 * width;
            merge(sc->acts + at, other + at, width < len ? width : len, len);
        }
        memcpy(sc->acts, other, n * sizeof *other);
    }
    free(other);
}

struct script script_copy(const struct script *sc, const bool *keep)
{
    struct script out = *sc;
    out.acts = NULL;
    out.acts_n = out.acts_cap = 0;
    for (uint32_t i = 0; i < sc->acts_n; i++)
        if (keep == NULL || keep[i])
            script_add(&out, &sc->acts[i]);
    return out;
}

void script_free(struct script *sc)
{
    free(sc->acts);
    *sc = (struct script){0};
}

/* ---- as text ---- */

static void print_act(const struct act *act, FILE *out)
{
    fprintf(out, "%llu %s %s", (unsigned long long)act->at_us, fault_text(act->fault),
            FORMS[act->kind].name);
    for (uint32_t i = 0; i < ACT_ARGS && FORMS[act->kind].args[i] != NULL; i++)
        fprintf(out, " %s=%lld", FORMS[act->kind].args[i], (long long)act->arg[i]);
    if (act->lasts_us > 0)
        fprintf(out, " for_us=%llu", (unsigned long long)act->lasts_us);
}

void script_print(const struct script *sc, bool one_line, FILE *out)
{
    char classes[FAULTS_TEXT_MAX];
    const char *const between = one_line ? "; " : "\n";
    faults_print(sc->classes, classes, sizeof classes);
    fprintf(out, "seed=%llu nodes=%u length_us=%llu sealed=%d load=%u calm=%d classes=%s",
            (unsigned long long)sc->seed, sc->nodes, (unsigned long long)sc->length_us, sc->sealed,
            sc->load, sc->calm, classes);
    for (uint32_t i = 0; i < sc->acts_n; i++) {
        fputs(between, out);
        print_act(&sc->acts[i], out);
    }
    if (!one_line)
        fputc('\n', out);
}

/* Take the next word of a line, which ends at a line's end or at `;`. Returns: its length. */
static size_t next_word(const char **at, const char **word)
{
    while (**at == ' ' || **at == '\t' || **at == '\r')
        ++*at;
    *word = *at;
    const size_t len = strcspn(*at, " \t\r\n;");
    *at += len;
    return len;
}

static bool ends(const char *at)
{
    at += strspn(at, " \t\r");
    return *at == '\0' || *at == '\n' || *at == ';';
}

static bool next_number(const char **at, int64_t *out)
{
    const char *word;
    char *end = NULL;
    const size_t len = next_word(at, &word);
    *out = strtoll(word, &end, 10);
    return len > 0 && end == word + len;
}

/* The value behind `name=`, which is the next word. */
static bool named_value(const char **at, const char *name, int64_t *out)
{
    const size_t len = strlen(name);
    *at += strspn(*at, " \t\r");
    if (strncmp(*at, name, len) != 0 || (*at)[len] != '=')
        return false;
    *at += len + 1;
    return next_number(at, out);
}

static enum act_kind kind_named(const char *name, size_t len)
{
    uint32_t i = 0;
    while (i < ACTS && (strlen(FORMS[i].name) != len || memcmp(FORMS[i].name, name, len) != 0))
        i++;
    return (enum act_kind)i;
}

static bool parse_act(const char **at, struct act *act)
{
    int64_t number = 0;
    const char *word;
    *act = (struct act){0};
    if (!next_number(at, &number) || number < 0)
        return false;
    act->at_us = (uint64_t)number;
    size_t len = next_word(at, &word);
    act->fault = fault_named(word, len);
    len = next_word(at, &word);
    act->kind = kind_named(word, len);
    if (act->fault == FAULTS || act->kind == ACTS)
        return false;
    for (uint32_t i = 0; i < ACT_ARGS && FORMS[act->kind].args[i] != NULL; i++)
        if (!named_value(at, FORMS[act->kind].args[i], &act->arg[i]))
            return false;
    number = 0;
    if (!ends(*at) && (!named_value(at, "for_us", &number) || number < 0))
        return false;
    act->lasts_us = (uint64_t)number;
    return ends(*at);
}

static bool parse_classes(const char **at, uint32_t *out)
{
    char text[FAULTS_TEXT_MAX];
    const char *word;
    const size_t len = next_word(at, &word);
    const size_t name = strlen("classes=");
    if (len < name || len - name >= sizeof text || strncmp(word, "classes=", name) != 0)
        return false;
    memcpy(text, word + name, len - name);
    text[len - name] = '\0';
    return faults_parse(text, out);
}

static bool parse_head(const char **at, struct script *sc)
{
    int64_t seed = 0;
    int64_t nodes = 0;
    int64_t length = 0;
    int64_t sealed = 0;
    int64_t load = SCRIPT_LOAD;
    bool good = named_value(at, "seed", &seed) && named_value(at, "nodes", &nodes) &&
                named_value(at, "length_us", &length) && named_value(at, "sealed", &sealed);
    int64_t calm = 0;
    if (good && strncmp(*at, " load=", strlen(" load=")) == 0)
        good = named_value(at, "load", &load) && load >= 0;
    if (good && strncmp(*at, " calm=", strlen(" calm=")) == 0)
        good = named_value(at, "calm", &calm);
    good = good && parse_classes(at, &sc->classes);
    sc->seed = (uint64_t)seed;
    sc->nodes = (uint32_t)nodes;
    sc->length_us = (uint64_t)length;
    sc->sealed = sealed != 0;
    sc->load = (uint32_t)load;
    sc->calm = calm != 0;
    return good && nodes > 0 && nodes < 64 && length > 0 && ends(*at);
}

/* Go on behind the end of a line, and of empty ones. */
static void skip_end(const char **at)
{
    *at += strspn(*at, " \t\r\n;");
}

const char *script_parse(const char *text, struct script *sc)
{
    const char *at = text;
    struct act act;
    *sc = (struct script){0};
    skip_end(&at);
    if (!parse_head(&at, sc))
        return "it begins with seed=N nodes=N length_us=N sealed=0|1 [load=N] [calm=0|1] "
               "classes=LIST";
    for (skip_end(&at); *at != '\0'; skip_end(&at)) {
        if (parse_act(&at, &act) && script_add(sc, &act))
            continue;
        script_free(sc);
        return "an act is TIME_US CLASS KIND ARGUMENT=N... [for_us=N]";
    }
    script_sort(sc);
    return NULL;
}
