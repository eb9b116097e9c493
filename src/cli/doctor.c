#include "cli/doctor.h"

#include <stdarg.h>
#include <stdio.h>

#include "cli/field.h"

void doctor_find(struct doctor_case *c, const struct doctor_advice *advice, const char *format, ...)
{
    char what[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    json_array_append_new(c->findings,
                          json_pack("{s:s, s:s, s:O?, s:s, s:s, s:s}", "severity",
                                    advice->wrong ? "wrong" : "note", "check", advice->check,
                                    "node", json_object_get(c->now, "name"), "what", what, "why",
                                    advice->why, "todo", advice->todo));
}

uint64_t doctor_number(const json_t *node, const char *document, const char *group, const char *key)
{
    const json_t *at = json_object_get(node, document);
    if (group != NULL)
        at = json_object_get(at, group);
    return field_number(at, key);
}

static bool is_wrong(const json_t *finding)
{
    return field_is(finding, "severity", "wrong");
}

bool doctor_is_wrong(const json_t *findings)
{
    size_t i;
    json_t *finding;
    json_array_foreach(findings, i, finding)
    {
        if (is_wrong(finding))
            return true;
    }
    return false;
}

/** The wrong ones first; otherwise in the order in which they were found. */
static json_t *sort(json_t *findings)
{
    json_t *out = json_array();
    size_t i;
    json_t *finding;
    for (int wrong = 1; wrong >= 0; wrong--) {
        json_array_foreach(findings, i, finding)
        {
            if (is_wrong(finding) == (wrong == 1))
                json_array_append(out, finding);
        }
    }
    json_decref(findings);
    return out;
}

/** A node that cannot be asked is no fault of its own: clients may be served on loopback alone. */
static void note_silent(struct doctor_case *c)
{
    static const struct doctor_advice advice = {
        false, "reachable",
        "its client listener may be on loopback, as is usual, or behind a firewall",
        "run jay doctor beside it too; what the others tell of it was looked at"};
    doctor_find(c, &advice, "this node could not be asked at %s: %s",
                field_text_or(c->now, "address", "?"), field_text_or(c->now, "error", "no answer"));
}

json_t *doctor_judge(const struct doctor_look *before, const struct doctor_look *now)
{
    struct doctor_case c = {.findings = json_array()};
    size_t i;
    json_t *node;
    doctor_check_cluster(&c, before, now);
    json_array_foreach(now->nodes, i, node)
    {
        c.before = json_array_get(before->nodes, i);
        c.now = node;
        if (!json_is_true(json_object_get(node, "asked"))) {
            note_silent(&c);
            continue;
        }
        doctor_check_node(&c);
        doctor_check_counters(&c);
    }
    return sort(c.findings);
}
