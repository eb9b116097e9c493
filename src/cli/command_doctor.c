#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "cli/doctor.h"
#include "cli/field.h"
#include "cli/jay.h"
#include "cli/secret.h"
#include "cli/terminal.h"

#define BETWEEN_MS    1000 /* between the two looks */
#define PATIENCE_MS   1000 /* with nodes that were not asked for by name */
#define ADDRESS_MAX   96
#define STANDARD_PORT "6247"

static uint64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- asking ---- */

/** Ask one node for its three documents. Each that came is put into `into`. */
static enum scrubjay_status ask_all(struct jay *j, json_t *into)
{
    static const char *const documents[] = {"node", "stats", "members"};
    enum scrubjay_status status = SCRUBJAY_OK;
    for (size_t i = 0; status == SCRUBJAY_OK && i < ARRAY_LEN(documents); i++) {
        json_t *document = NULL;
        status = jay_fetch(j, documents[i], &document);
        if (status == SCRUBJAY_OK)
            json_object_set_new(into, documents[i], document);
    }
    return status;
}

/** What one node says; *status tells whether it did. */
static json_t *ask_node(struct jay *j, const char *name, const char *address,
                        enum scrubjay_status *status)
{
    json_t *node = json_pack("{s:s, s:s}", "name", name, "address", address);
    *status = ask_all(j, node);
    const bool asked = *status == SCRUBJAY_OK;
    json_object_set_new(node, "asked", json_boolean(asked));
    json_object_set_new(node, "error",
                        asked ? json_null() : json_string(scrubjay_error(j->client)));
    return node;
}

/** Where a member serves clients: not told by gossip, so the port is taken to be that of the node that
 *  jay was told of. false when the address makes no sense. */
static bool client_address(const struct jay *j, const char *gossip, char out[ADDRESS_MAX])
{
    const char *end = strrchr(gossip, ':');
    const char *port = strrchr(j->server, ':');
    const char *bracket = strrchr(j->server, ']');
    if (end == NULL)
        return false;
    if (port == NULL || (bracket != NULL && port < bracket) ||
        (bracket == NULL && strchr(j->server, ':') != port))
        port = ":" STANDARD_PORT;
    (void)snprintf(out, ADDRESS_MAX, "%.*s%s", (int)(end - gossip), gossip, port);
    return true;
}

static json_t *ask_member(const struct jay *j, const json_t *member)
{
    const char *name = field_text_or(member, "name", NULL);
    const char *gossip = field_text_or(member, "address", NULL);
    char address[ADDRESS_MAX];
    struct jay other = *j;
    if (name == NULL || gossip == NULL || !client_address(j, gossip, address))
        return NULL;
    other.timeout_ms = j->timeout_ms < PATIENCE_MS ? j->timeout_ms : PATIENCE_MS;
    if (jay_client_of(&other, address, &other.client) != JAY_OK)
        return NULL;
    enum scrubjay_status ignored;
    json_t *node = ask_node(&other, name, address, &ignored);
    scrubjay_free(other.client);
    return node;
}

/** Is it worth asking? The dead do not answer. */
static bool may_answer(const json_t *member)
{
    return !json_is_true(json_object_get(member, "self")) &&
           (field_is(member, "state", "alive") || field_is(member, "state", "suspect"));
}

/** Ask the node that jay was told of, then every other that it knows. */
static enum scrubjay_status look(struct jay *j, struct doctor_look *out)
{
    enum scrubjay_status status;
    json_t *nodes = json_array();
    json_t *first = ask_node(j, j->server, j->server, &status);
    out->wall_ms = wall_ms();
    out->nodes = nodes;
    json_array_append_new(nodes, first);
    if (status != SCRUBJAY_OK)
        return status;
    json_object_set(first, "name", json_object_get(json_object_get(first, "node"), "name"));
    const json_t *members = json_object_get(json_object_get(first, "members"), "members");
    size_t i;
    json_t *member;
    json_array_foreach(members, i, member)
    {
        json_t *node = may_answer(member) ? ask_member(j, member) : NULL;
        if (node != NULL)
            json_array_append_new(nodes, node);
    }
    return SCRUBJAY_OK;
}

/* ---- telling ---- */

static void print_finding(const struct jay *j, const json_t *finding)
{
    const char *node = field_text(finding, "node");
    const bool wrong = field_is(finding, "severity", "wrong");
    const char *colour = !j->colour ? "" : wrong ? "\033[31m" : "\033[33m";
    printf("%s%s%s  %s%s%s: %s\n", colour, wrong ? "WRONG" : "note ", j->colour ? "\033[0m" : "",
           field_text(finding, "check"), node[0] != '\0' ? ", " : "", node,
           field_text(finding, "what"));
    printf("       why:        %s\n       what to do: %s\n", field_text(finding, "why"),
           field_text(finding, "todo"));
}

static void print_findings(const struct jay *j, const json_t *nodes, const json_t *findings)
{
    size_t i, asked = 0, wrong = 0;
    json_t *one;
    json_array_foreach(findings, i, one)
    {
        print_finding(j, one);
        wrong += field_is(one, "severity", "wrong");
    }
    json_array_foreach(nodes, i, one) asked += json_is_true(json_object_get(one, "asked"));
    printf("%zu of %zu live nodes asked: %zu wrong, %zu notes\n", asked, json_array_size(nodes),
           wrong, json_array_size(findings) - wrong);
}

static json_t *json_nodes(const json_t *nodes)
{
    json_t *out = json_array();
    size_t i;
    json_t *node;
    json_array_foreach(nodes, i, node)
    {
        json_array_append_new(out, json_pack("{s:O, s:O, s:O, s:O}", "name",
                                             json_object_get(node, "name"), "address",
                                             json_object_get(node, "address"), "asked",
                                             json_object_get(node, "asked"), "error",
                                             json_object_get(node, "error")));
    }
    return out;
}

static enum jay_exit tell(const struct jay *j, const json_t *nodes, json_t *findings)
{
    char time[JAY_TIME_MAX];
    const bool wrong = doctor_is_wrong(findings);
    jay_time_now(time);
    if (j->json)
        jay_print_json(json_pack("{s:s, s:b, s:o, s:O}", "time", time, "healthy", !wrong, "nodes",
                                 json_nodes(nodes), "findings", findings),
                       false);
    else
        print_findings(j, nodes, findings);
    return wrong ? JAY_NEGATIVE : JAY_OK;
}

/** The second look must not know nodes in another order: the first one's stand where they stood. */
static json_t *line_up(const json_t *before, const json_t *now)
{
    json_t *out = json_array();
    size_t i, k;
    json_t *wanted, *node;
    json_array_foreach(now, i, wanted)
    {
        json_t *found = NULL;
        json_array_foreach(before, k, node)
        {
            if (json_equal(json_object_get(node, "name"), json_object_get(wanted, "name")) != 0)
                found = node;
        }
        json_array_append(out, found != NULL ? found : wanted);
    }
    return out;
}

static enum jay_exit judge(const struct jay *j, const struct doctor_look *before,
                           const struct doctor_look *now)
{
    json_t *first = line_up(before->nodes, now->nodes);
    json_t *findings =
        doctor_judge(&(struct doctor_look){.nodes = first, .wall_ms = before->wall_ms}, now);
    const enum jay_exit exit = tell(j, now->nodes, findings);
    json_decref(findings);
    json_decref(first);
    return exit;
}

enum jay_exit jay_doctor(struct jay *j, const struct jay_args *a)
{
    struct doctor_look before = {0}, now = {0};
    (void)a;
    enum scrubjay_status status = look(j, &before);
    if (status == SCRUBJAY_OK) {
        (void)terminal_wait(BETWEEN_MS);
        status = look(j, &now);
    }
    const enum jay_exit exit =
        status == SCRUBJAY_OK ? judge(j, &before, &now) : jay_judge(j, status);
    json_decref(before.nodes);
    json_decref(now.nodes);
    return exit;
}
