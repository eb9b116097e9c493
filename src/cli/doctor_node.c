#include <inttypes.h>
#include <string.h>

#include "base/attr.h"
#include "cli/doctor.h"
#include "cli/field.h"

/* ---- what the node says of itself ---- */

static const json_t *field(const json_t *node, const char *name)
{
    return json_object_get(json_object_get(node, "node"), name);
}

static const char *word(const json_t *node, const char *name)
{
    return field_text_or(json_object_get(node, "node"), name, "?");
}

/** Was it so both times? A node that could not be asked before counts once. */
static bool stays(const struct doctor_case *c, const char *name, bool value)
{
    const json_t *before = field(c->before, name);
    return json_is_true(field(c->now, name)) == value &&
           (before == NULL || json_is_true(before) == value);
}

static void check_ready(struct doctor_case *c)
{
    static const struct doctor_advice advice = {
        true, "ready",
        "it has not caught up with its cluster, it leaves, or another process has its name",
        "wait until it is ready; when it does not become so, read its log and /readyz?verbose"};
    if (stays(c, "ready", false))
        doctor_find(c, &advice, "this node is not ready: its state is \"%s\"",
                    word(c->now, "state"));
}

static void check_isolated(struct doctor_case *c)
{
    static const struct doctor_advice advice = {
        true, "isolated", "most members do not answer its probes",
        "look for a firewall or a network fault between it and the others, for UDP above all"};
    if (stays(c, "isolated", true))
        doctor_find(c, &advice, "this node is cut off from most of the others");
}

static void check_slow(struct doctor_case *c)
{
    static const struct doctor_advice advice = {
        false, "slow", "it answers late: its CPU, or its network, does not keep up",
        "give it more CPU, or look at what else runs beside it"};
    const uint64_t lhm = doctor_number(c->now, "node", NULL, "lhm");
    if (lhm >= 4 && doctor_number(c->before, "node", NULL, "lhm") >= 4)
        doctor_find(c, &advice, "this node holds itself to be slow: %" PRIu64 " of 8", lhm);
}

static void check_gaps(struct doctor_case *c)
{
    static const struct doctor_advice advice = {
        true, "gaps", "invalidations are known to be missing and nobody has given them yet",
        "wait two seconds: what cannot be had is then replaced by dropping the whole cache; when "
        "that "
        "goes on, look for packets that are lost on the way to it"};
    const uint64_t gaps = doctor_number(c->now, "node", NULL, "gaps");
    if (gaps > 0 && doctor_number(c->before, "node", NULL, "gaps") > 0)
        doctor_find(c, &advice, "%" PRIu64 " gap%s open", gaps, gaps == 1 ? " is" : "s are");
}

static bool is_on_loopback(const json_t *node)
{
    const char *address = word(node, "address");
    return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]", 5) == 0;
}

static void check_crypto(struct doctor_case *c)
{
    static const struct doctor_advice plain = {
        true, "plain", "whoever reaches its gossip port can pass for a peer and invalidate, or lie",
        "give every node the same --keyring FILE (jay keyring generate), by way of "
        "--gossip-crypto"};
    static const struct doctor_advice between = {
        false, "plain", "packets that nobody sealed are still taken",
        "when all nodes prefer, restart them with --gossip-crypto require"};
    const char *mode = word(c->now, "crypto");
    if (is_on_loopback(c->now) || strcmp(mode, "require") == 0)
        return;
    if (json_is_true(field(c->now, "sealed")))
        doctor_find(c, &between, "gossip is sealed, but plain packets are taken (%s)", mode);
    else
        doctor_find(c, &plain, "gossip is plain (%s) at %s", mode, word(c->now, "address"));
}

/** A key that has to be silent for a while is no mistake; all else waits for somebody. */
static void check_rotation(struct doctor_case *c)
{
    const json_t *refused = json_object_get(field(c->now, "rotation"), "refused");
    size_t i;
    json_t *one;
    json_array_foreach((json_t *)refused, i, one)
    {
        const char *member = field_text(one, "member");
        const struct doctor_advice advice = {false, "rotation", field_text(one, "reason"),
                                             field_text(one, "do")};
        if (field_is(one, "why", "heard"))
            continue;
        doctor_find(c, &advice, "a step of a key rotation is refused: %s %s%s%s",
                    field_text(one, "step"), field_text(one, "key"),
                    member[0] != '\0' ? ", because of " : "", member);
    }
}

static void check_login(struct doctor_case *c)
{
    static const struct doctor_advice advice = {
        false, "login", "who has no key is still served, and may do everything",
        "give all clients keys; when scrubjay_guests is 0 on all nodes and "
        "scrubjay_logins_total{result=\"none\"} stands still, restart them with --client-login "
        "require"};
    if (strcmp(word(c->now, "login"), "accept") == 0)
        doctor_find(c, &advice, "clients may log in, and are served when they do not (accept)");
}

void doctor_check_node(struct doctor_case *c)
{
    check_ready(c);
    check_isolated(c);
    check_slow(c);
    check_gaps(c);
    check_crypto(c);
    check_rotation(c);
    check_login(c);
}

/* ---- counters ---- */

/** What a counter, or a gauge, means when it is not 0. */
struct rule {
    const char *group, *key;
    bool rising; /* only when it rose between the two looks */
    const char *what;
    struct doctor_advice advice;
};

static const struct rule RULES[] = {
    {"node",
     "dropped_key",
     true,
     "packets of an unknown key were refused just now",
     {true, "keyring", "another node seals with a key that this one does not have",
      "compare the files: jay keyring check FILE on each machine; add the missing line, or find "
      "the "
      "stranger in the log"}},
    {"node",
     "dropped_unauthentic",
     true,
     "packets that are not authentic were refused just now",
     {true, "keyring", "another cluster's name, damage on the way, or somebody who tries",
      "compare --cluster and --keyring of all nodes that reach this one"}},
    {"node",
     "dropped_plain",
     true,
     "plain packets were refused just now",
     {true, "plain", "another node does not seal what it sends",
      "give it the keyring, by way of --gossip-crypto listen and prefer"}},
    {"swim",
     "conflicts",
     true,
     "another process uses this node's name",
     {true, "name", "two nodes were given one --name, or a machine was cloned while it ran",
      "give every node a name of its own; POD_NAME does that in Kubernetes"}},
    {"loop",
     "workers_wedged",
     false,
     "workers do not turn: their clients get no answers",
     {true, "workers", "a thread hangs, or the machine is far too slow", "restart this node"}},
    {"swim",
     "generation_refused",
     true,
     "a member's generation is not believable",
     {true, "clock", "its wall clock is far ahead, or was when it started",
      "set the clock of that machine, and restart the node there"}},
    {"proof",
     "expired",
     true,
     "certified reads got no majority in time",
     {true, "unproven", "fewer than a majority of the expected nodes answer",
      "start the missing nodes; reads with --within answer UNPROVEN until then"}},
    {"sample",
     "drifted",
     false,
     "values differed between nodes that had covered the same",
     {false, "drift", "the source was changed without an invalidation, or is not deterministic",
      "look at which keys are written without jay invalidate, or its like in a client"}},
    {"node",
     "broad",
     true,
     "the whole cache was dropped just now, to be safe",
     {false, "broad", "invalidations were missed that nobody could give any more",
      "look for lost packets; a larger --heal-log covers longer cuts"}},
    {"loop",
     "log_suppressed",
     false,
     "log lines were left out",
     {false, "limits", "more than 200 came in a second",
      "read those around the gap: something repeats itself"}},
};

static uint64_t reading(const json_t *node, const struct rule *r)
{
    return doctor_number(node, "stats", r->group, r->key);
}

static void check_rules(struct doctor_case *c)
{
    for (size_t i = 0; i < ARRAY_LEN(RULES); i++) {
        const struct rule *r = &RULES[i];
        const uint64_t now = reading(c->now, r);
        const bool known = json_is_true(json_object_get(c->before, "asked"));
        const uint64_t before = r->rising ? (known ? reading(c->before, r) : now) : 0;
        if (now > before)
            doctor_find(c, &r->advice, "%s (%" PRIu64 ")", r->what, now - before);
    }
}

static bool ends_with(const char *text, const char *end)
{
    const size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/** Every table has a bound, and a counter of how often it was met: those end in _full. */
static void check_limits(struct doctor_case *c)
{
    static const struct doctor_advice advice = {
        false, "limits",
        "a table was at its bound since this node started; what found no room was "
        "refused or dropped, never served stale",
        "look at whether it rises: more --memory makes most tables larger"};
    const json_t *stats = json_object_get(c->now, "stats");
    const char *group, *key;
    json_t *counters, *value;
    json_object_foreach((json_t *)stats, group, counters)
    {
        json_object_foreach(counters, key, value)
        {
            if (ends_with(key, "_full") && json_integer_value(value) > 0)
                doctor_find(c, &advice, "the limit %s.%s was met %" JSON_INTEGER_FORMAT " times",
                            group, key, json_integer_value(value));
        }
    }
}

static void check_memory(struct doctor_case *c)
{
    static const struct doctor_advice evictions = {
        true, "evictions",
        "the cache is too small for what is read: much is evicted before it is used",
        "give it more --memory, or cache less: shorter --ttl, fewer keys"};
    static const struct doctor_advice refusals = {
        true, "memory", "single values, or the tables of keys and tags, do not fit the budget",
        "give it more --memory, or store smaller values"};
    const uint64_t stored = doctor_number(c->now, "stats", "cache", "fills") +
                            doctor_number(c->now, "stats", "cache", "puts");
    const uint64_t evicted = doctor_number(c->now, "stats", "cache", "evicted");
    const uint64_t refused = doctor_number(c->now, "stats", "cache", "refused_memory");
    if (stored >= 1000 && evicted > stored / 2)
        doctor_find(c, &evictions, "%" PRIu64 " of %" PRIu64 " stored entries were evicted",
                    evicted, stored);
    if (refused > 0)
        doctor_find(c, &refusals, "%" PRIu64 " values found no room", refused);
}

static void check_names(struct doctor_case *c)
{
    static const struct doctor_advice never = {
        true, "dns", "no look-up of --join-dns, --join-srv or --join has found an address",
        "check the names, and that the DNS server answers from there: dig NAME @SERVER"};
    static const struct doctor_advice sometimes = {
        false, "dns", "look-ups of the seeds' names fail now and then",
        "nothing, while members are alive: names are needed for finding new ones only"};
    const uint64_t failed = doctor_number(c->now, "stats", "loop", "dns_errors") +
                            doctor_number(c->now, "stats", "loop", "dns_timeouts") +
                            doctor_number(c->now, "stats", "loop", "dns_nobody");
    const uint64_t found = doctor_number(c->now, "stats", "loop", "dns_answers");
    if (failed > 0 && found == 0)
        doctor_find(c, &never, "no name could be resolved (%" PRIu64 " attempts)", failed);
    else if (failed > 0)
        doctor_find(c, &sometimes, "%" PRIu64 " of %" PRIu64 " look-ups failed", failed,
                    failed + found);
}

void doctor_check_counters(struct doctor_case *c)
{
    check_rules(c);
    check_limits(c);
    check_memory(c);
    check_names(c);
}
