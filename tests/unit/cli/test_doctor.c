/** What is found wrong with a cluster, from what its nodes said twice. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "cli/doctor.h"

#define NOW_MS 1000000

/* A node that is well; %s takes more members of its documents. */
#define WELL                                                                                       \
    "{\"name\": \"%s\", \"address\": \"10.0.0.1:6247\", \"asked\": true, \"node\": {\"state\": "   \
    "\"ready\", \"ready\": true, \"isolated\": false, \"sealed\": true, \"crypto\": \"require\", " \
    "\"address\": \"10.0.0.1:6248\", \"version\": \"1\", \"generation\": 999000, "                 \
    "\"uptime_ms\": 1000, \"keys\": [\"k1\"]}, \"stats\": {}, \"members\": {\"view_hash\": "       \
    "\"v\", "                                                                                      \
    "\"members\": []}}"

static json_t *well(const char *name)
{
    char text[1024];
    snprintf(text, sizeof text, WELL, name);
    json_t *node = json_loads(text, 0, NULL);
    cr_assert_not_null(node);
    return node;
}

/** Set document.key, or stats.group.key, of a node to what text says. */
static json_t *with(json_t *node, const char *document, const char *key, const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    cr_assert_not_null(value, "%s", text);
    json_object_set_new(json_object_get(node, document), key, value);
    return node;
}

static json_t *nodes_of(json_t *one)
{
    return json_pack("[o]", one);
}

static json_t *judge(json_t *before, json_t *now)
{
    const struct doctor_look b = {.nodes = before, .wall_ms = NOW_MS};
    const struct doctor_look n = {.nodes = now, .wall_ms = NOW_MS};
    json_t *findings = doctor_judge(&b, &n);
    json_decref(before);
    json_decref(now);
    return findings;
}

static const char *text_at(const json_t *findings, size_t i, const char *name)
{
    const char *text = json_string_value(json_object_get(json_array_get(findings, i), name));
    return text != NULL ? text : "";
}

/** The findings must be exactly this one. */
static void expect_one(json_t *findings, bool wrong, const char *check, const char *what)
{
    cr_expect_eq(json_array_size(findings), 1, "%zu findings", json_array_size(findings));
    cr_expect_str_eq(text_at(findings, 0, "check"), check);
    cr_expect_str_eq(text_at(findings, 0, "what"), what);
    cr_expect_str_eq(text_at(findings, 0, "severity"), wrong ? "wrong" : "note");
    cr_expect_eq(doctor_is_wrong(findings), wrong);
    cr_expect(strlen(text_at(findings, 0, "why")) > 0 && strlen(text_at(findings, 0, "todo")) > 0);
    json_decref(findings);
}

Test(doctor, nothing_is_wrong_with_a_node_that_is_well)
{
    json_t *findings = judge(nodes_of(well("a")), nodes_of(well("a")));
    cr_expect_eq(json_array_size(findings), 0);
    cr_expect_not(doctor_is_wrong(findings));
    json_decref(findings);
}

Test(doctor, a_state_counts_when_it_was_so_twice)
{
    json_t *findings = judge(nodes_of(well("a")), nodes_of(with(well("a"), "node", "gaps", "2")));
    cr_expect_eq(json_array_size(findings), 0, "a gap that has just opened");
    json_decref(findings);
    expect_one(judge(nodes_of(with(well("a"), "node", "gaps", "1")),
                     nodes_of(with(well("a"), "node", "gaps", "2"))),
               true, "gaps", "2 gaps are open");
}

/** One document of one node, the same both times, and what it must lead to. */
static const struct {
    const char *document, *key, *value;
    bool wrong;
    const char *check, *what;
} CASES[] = {
    {"node", "ready", "false", true, "ready", "this node is not ready: its state is \"ready\""},
    {"node", "isolated", "true", true, "isolated", "this node is cut off from most of the others"},
    {"node", "lhm", "5", false, "slow", "this node holds itself to be slow: 5 of 8"},
    {"node", "crypto", "\"prefer\"", false, "plain",
     "gossip is sealed, but plain packets are taken (prefer)"},
    {"node", "login", "\"accept\"", false, "login",
     "clients may log in, and are served when they do not (accept)"},
    {"node", "generation", "69000", true, "clock",
     "when it started, its clock was 930 s behind this machine's"},
    {"node", "generation", "1009000", false, "clock",
     "when it started, its clock was 10 s ahead of this machine's"},
    {"members", "members", "[{\"name\": \"b\", \"state\": \"dead\"}]", true, "members",
     "this node holds 1 member to be dead: b"},
    {"members", "members", "[{\"name\": \"b\", \"state\": \"suspect\"}]", true, "members",
     "this node suspects 1 member: b"},
    {"members", "members", "[{\"name\": \"b\", \"state\": \"alive\", \"view_hash\": \"x\"}]", true,
     "views", "this node's view of the members differs from that of: b"},
    {"stats", "proof", "{\"state\": 2}", true, "expect",
     "0 nodes live, which is more than this node expects"},
    {"stats", "proof", "{\"state\": 3}", true, "expect", "another node has another fence_ms"},
    {"stats", "loop", "{\"dns_errors\": 3}", true, "dns", "no name could be resolved (3 attempts)"},
    {"stats", "loop", "{\"dns_timeouts\": 1, \"dns_answers\": 9}", false, "dns",
     "1 of 10 look-ups failed"},
    {"stats", "loop", "{\"workers_wedged\": 1}", true, "workers",
     "workers do not turn: their clients get no answers (1)"},
    {"stats", "swim", "{\"members_full\": 4}", false, "limits",
     "the limit swim.members_full was met 4 times"},
    {"stats", "cache", "{\"fills\": 2000, \"evicted\": 1500}", true, "evictions",
     "1500 of 2000 stored entries were evicted"},
    {"stats", "cache", "{\"refused_memory\": 1}", true, "memory", "1 values found no room"},
};

Test(doctor, each_finding_says_what_why_and_what_to_do)
{
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        json_t *before = with(well("a"), CASES[i].document, CASES[i].key, CASES[i].value);
        json_t *now = with(well("a"), CASES[i].document, CASES[i].key, CASES[i].value);
        expect_one(judge(nodes_of(before), nodes_of(now)), CASES[i].wrong, CASES[i].check,
                   CASES[i].what);
    }
}

Test(doctor, refused_packets_count_while_they_come)
{
    const char *five = "{\"dropped_key\": 5}", *seven = "{\"dropped_key\": 7}";
    json_t *still = judge(nodes_of(with(well("a"), "stats", "node", five)),
                          nodes_of(with(well("a"), "stats", "node", five)));
    cr_expect_eq(json_array_size(still), 0, "that was long ago");
    json_decref(still);
    expect_one(judge(nodes_of(with(well("a"), "stats", "node", five)),
                     nodes_of(with(well("a"), "stats", "node", seven))),
               true, "keyring", "packets of an unknown key were refused just now (2)");
}

Test(doctor, plain_gossip_beyond_loopback_is_wrong)
{
    json_t *a = with(well("a"), "node", "crypto", "\"off\""), *b = json_deep_copy(a);
    expect_one(judge(nodes_of(with(a, "node", "sealed", "false")),
                     nodes_of(with(b, "node", "sealed", "false"))),
               true, "plain", "gossip is plain (off) at 10.0.0.1:6248");
}

Test(doctor, a_key_that_another_node_lacks_is_told_by_its_id)
{
    json_t *other = with(well("b"), "node", "keys", "[\"k1\", \"k2\"]");
    json_t *first = with(well("a"), "node", "keys", "[\"k2\"]");
    json_t *before = json_pack("[O, O]", first, other), *now = json_pack("[o, o]", first, other);
    json_t *findings = judge(before, now);
    expect_one(findings, true, "keyring", "this node lacks key k1, with which b seals");
}

Test(doctor, versions_that_differ_are_noted)
{
    json_t *other = with(well("b"), "node", "version", "\"2\"");
    json_t *first = well("a");
    json_t *before = json_pack("[O, O]", first, other), *now = json_pack("[o, o]", first, other);
    expect_one(judge(before, now), false, "versions", "nodes have different versions: a 1, b 2");
}

Test(doctor, who_could_not_be_asked_is_noted_and_the_wrong_ones_come_first)
{
    json_t *silent = json_pack("{s:s, s:s, s:b, s:s}", "name", "b", "address", "h:1", "asked", 0,
                               "error", "no answer.");
    json_t *bad = with(well("c"), "node", "isolated", "true");
    json_t *before = json_pack("[O, O]", silent, bad), *now = json_pack("[o, o]", silent, bad);
    json_t *findings = judge(before, now);
    cr_expect_eq(json_array_size(findings), 2);
    cr_expect_str_eq(text_at(findings, 0, "check"), "isolated");
    cr_expect_str_eq(text_at(findings, 1, "what"),
                     "this node could not be asked at h:1: no answer.");
    json_decref(findings);
}

Test(doctor, a_step_of_a_rotation_that_waits_for_somebody_is_told)
{
    static const char LACKS[] =
        "{\"refused\": [{\"step\": \"promote\", \"key\": \"0123abcd\", \"why\": \"lacks\", "
        "\"reason\": \"r\", \"do\": \"d\", \"member\": \"b\"}]}";
    static const char HEARD[] =
        "{\"refused\": [{\"step\": \"retire\", \"key\": \"0123abcd\", \"why\": \"heard\", "
        "\"reason\": \"r\", \"do\": \"d\", \"member\": \"b\"}]}";
    json_t *now = nodes_of(with(well("a"), "node", "rotation", LACKS));
    expect_one(judge(nodes_of(well("a")), now), false, "rotation",
               "a step of a key rotation is refused: promote 0123abcd, because of b");
    now = nodes_of(with(well("a"), "node", "rotation", HEARD));
    json_t *findings = judge(nodes_of(well("a")), now);
    cr_expect_eq(json_array_size(findings), 0, "a key that has to be silent for a while is well");
    json_decref(findings);
}
