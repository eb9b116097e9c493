#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/doctor.h"
#include "cli/field.h"

#define CLOCK_NOTE_MS  5000
#define CLOCK_WRONG_MS 60000
#define NAMES_MAX      256

static bool is_asked(const json_t *node)
{
    return json_is_true(json_object_get(node, "asked"));
}

/** Add a name to a list for people; what does not fit is left out. */
static void list(char names[NAMES_MAX], const char *name)
{
    const size_t len = strlen(names), more = strlen(name), comma = len > 0 ? 2 : 0;
    if (len + comma + more >= NAMES_MAX)
        return;
    memcpy(names + len, ", ", comma);
    memcpy(names + len + comma, name, more + 1);
}

/* ---- members ---- */

static const json_t *members_of(const json_t *node)
{
    return json_object_get(json_object_get(node, "members"), "members");
}

/** The member of this name; NULL when there is none. */
static const json_t *member_named(const json_t *members, const char *name)
{
    size_t i;
    json_t *member;
    json_array_foreach(members, i, member)
    {
        if (field_is(member, "name", name))
            return member;
    }
    return NULL;
}

/** The names of those in this state, both times. Returns: how many. */
static size_t list_state(const struct doctor_case *c, const char *state, char names[NAMES_MAX])
{
    const json_t *before = members_of(c->before);
    size_t i, n = 0;
    json_t *member;
    names[0] = '\0';
    json_array_foreach(members_of(c->now), i, member)
    {
        const json_t *then = member_named(before, field_text(member, "name"));
        if (!field_is(member, "state", state) || (then != NULL && !field_is(then, "state", state)))
            continue;
        list(names, field_text(member, "name"));
        n++;
    }
    return n;
}

static void check_states(struct doctor_case *c)
{
    static const struct doctor_advice dead = {
        true, "members", "it does not answer, and was not taken out by leaving",
        "start it again, or wait until it is forgotten when it is not meant to come back"};
    static const struct doctor_advice suspect = {
        true, "members", "it does not answer probes",
        "look at whether it runs, and whether UDP reaches it"};
    char names[NAMES_MAX];
    size_t n = list_state(c, "dead", names);
    if (n > 0)
        doctor_find(c, &dead, "this node holds %zu member%s to be dead: %s", n, n == 1 ? "" : "s",
                    names);
    n = list_state(c, "suspect", names);
    if (n > 0)
        doctor_find(c, &suspect, "this node suspects %zu member%s: %s", n, n == 1 ? "" : "s",
                    names);
}

/** Does a live member see another membership than this node? */
static bool sees_another(const json_t *member, const char *hash)
{
    const char *theirs = field_text(member, "view_hash");
    return field_is(member, "state", "alive") && theirs[0] != '\0' && strcmp(theirs, hash) != 0;
}

static void check_views(struct doctor_case *c)
{
    static const struct doctor_advice advice = {
        true, "views", "they hold different members to be alive, longer than gossip takes",
        "look for a network that is cut in one direction, or between some of them only"};
    const char *then = field_text(json_object_get(c->before, "members"), "view_hash");
    const char *hash = field_text(json_object_get(c->now, "members"), "view_hash");
    char names[NAMES_MAX] = "";
    size_t i;
    json_t *member;
    json_array_foreach(members_of(c->now), i, member)
    {
        const char *name = field_text(member, "name");
        const json_t *before = member_named(members_of(c->before), name);
        if (sees_another(member, hash) && before != NULL && sees_another(before, then))
            list(names, name);
    }
    if (names[0] != '\0')
        doctor_find(c, &advice, "this node's view of the members differs from that of: %s", names);
}

static void check_expected(struct doctor_case *c)
{
    static const struct doctor_advice more = {
        true, "expect",
        "certified reads and fences are off: a majority of --expect is none any more",
        "set --expect on every node to the number that runs at most, and restart them"};
    static const struct doctor_advice fences = {
        true, "expect", "nodes differ in freshness.fence_ms, so none is fenced or certified",
        "give every node the same --fence-ms"};
    const uint64_t state = doctor_number(c->now, "stats", "proof", "state");
    if (state == 2)
        doctor_find(c, &more, "%" PRIu64 " nodes live, which is more than this node expects",
                    doctor_number(c->now, "node", NULL, "alive"));
    if (state == 3)
        doctor_find(c, &fences, "another node has another fence_ms");
}

/* ---- what nodes tell together ---- */

static const json_t *keys_of(const json_t *node)
{
    return json_object_get(json_object_get(node, "node"), "keys");
}

/** A key that one node seals with must open at every other. */
static void check_keys(struct doctor_case *c, const json_t *nodes)
{
    static const struct doctor_advice advice = {
        true, "keyring", "it cannot open what the other one sends",
        "add the line of that key to its keyring file, behind the others; it is read within 3 s"};
    size_t i, k;
    json_t *sender, *reader;
    json_array_foreach(nodes, i, sender)
    {
        const char *id = json_string_value(json_array_get(keys_of(sender), 0));
        if (id == NULL || !json_is_true(json_object_get(json_object_get(sender, "node"), "sealed")))
            continue;
        json_array_foreach(nodes, k, reader)
        {
            c->now = reader;
            if (is_asked(reader) && !field_lists(keys_of(reader), id))
                doctor_find(c, &advice, "this node lacks key %s, with which %s seals", id,
                            field_text(sender, "name"));
        }
    }
    c->now = NULL;
}

static void check_versions(struct doctor_case *c, const json_t *nodes)
{
    static const struct doctor_advice advice = {
        false, "versions", "a rolling update is under way, or one node was forgotten",
        "nothing, while it goes on: neighbouring versions understand each other"};
    const char *first = NULL;
    char mix[NAMES_MAX] = "";
    bool mixed = false;
    size_t i;
    json_t *node;
    json_array_foreach(nodes, i, node)
    {
        const char *version = field_text(json_object_get(node, "node"), "version");
        char one[NAMES_MAX];
        if (!is_asked(node))
            continue;
        first = first != NULL ? first : version;
        mixed = mixed || strcmp(first, version) != 0;
        (void)snprintf(one, sizeof one, "%.100s %.20s", field_text(node, "name"), version);
        list(mix, one);
    }
    if (mixed)
        doctor_find(c, &advice, "nodes have different versions: %s", mix);
}

/** A generation is the wall clock at the start of a run, so that plus its age is that clock now. */
static void check_clock(struct doctor_case *c, uint64_t wall_ms)
{
    static const struct doctor_advice far = {
        true, "clock", "log lines and generations mislead; nothing stale comes of it",
        "set the clock there, or here, by NTP, and restart the node when it suits you"};
    static const struct doctor_advice near = {
        false, "clock", "log lines of different machines do not line up", "set the clocks by NTP"};
    const uint64_t theirs = doctor_number(c->now, "node", NULL, "generation") +
                            doctor_number(c->now, "node", NULL, "uptime_ms");
    const uint64_t apart = theirs > wall_ms ? theirs - wall_ms : wall_ms - theirs;
    if (apart >= CLOCK_NOTE_MS)
        doctor_find(c, apart >= CLOCK_WRONG_MS ? &far : &near,
                    "when it started, its clock was %" PRIu64 " s %s this machine's", apart / 1000,
                    theirs > wall_ms ? "ahead of" : "behind");
}

void doctor_check_cluster(struct doctor_case *c, const struct doctor_look *before,
                          const struct doctor_look *now)
{
    size_t i;
    json_t *node;
    check_keys(c, now->nodes);
    check_versions(c, now->nodes);
    json_array_foreach(now->nodes, i, node)
    {
        c->before = json_array_get(before->nodes, i);
        c->now = node;
        if (!is_asked(node))
            continue;
        check_states(c);
        check_views(c);
        check_expected(c);
        check_clock(c, now->wall_ms);
    }
    c->before = c->now = NULL;
}
