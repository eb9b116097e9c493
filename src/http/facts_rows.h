/**
 * http/facts_rows.h - the words in which the tables of facts are written, and the tables.
 *
 * Included by those tables alone, and by http/facts.c. Each table fills a file of its own; within a table,
 * rows of one family stand together. Never holds a number.
 */
#pragma once

#include <stddef.h>

#include "base/attr.h"
#include "http/facts.h"

/** Some rows. */
struct facts_table {
    const struct facts_row *rows;
    size_t n;
};

extern const struct facts_table facts_cache;   /**< the cache, and the requests of clients */
extern const struct facts_table facts_spread;  /**< invalidations: told, missed, promised */
extern const struct facts_table facts_members; /**< membership, packets and streams */
extern const struct facts_table facts_process; /**< sockets, threads, the process */

/* NOLINTBEGIN(bugprone-macro-parentheses): names of members take none */
/* A row without a help text belongs to the family above it. */
#define ROW(group_, key_, family_, labels_, help_, kind_, field)                                   \
    {                                                                                              \
        .group = (group_), .key = (key_), .family = (family_), .labels = (labels_),                \
        .help = (help_), .kind = (kind_), .at = offsetof(struct facts, field)                      \
    }
#define COUNTER(group, field, family, labels, help)                                                \
    ROW(#group, #field, family, labels, help, FACTS_COUNTER, group.field)
#define GAUGE(group, field, family, help)                                                          \
    ROW(#group, #field, family, "", help, FACTS_GAUGE, group.field)
#define OF_NODE(part, field, family, labels, help)                                                 \
    ROW(#part, #field, family, labels, help, FACTS_COUNTER, node.part.field)
#define MEMBERS(name, state, help)                                                                 \
    ROW(NULL, NULL, "members", "state=\"" name "\"", help, FACTS_GAUGE, now.members[state])
#define NOW(group, key, field, family, help) ROW(group, key, family, "", help, FACTS_GAUGE, field)
#define WARM(field, labels, help)                                                                  \
    ROW("warmup", #field, "warmup_entries", labels, help, FACTS_COUNTER, node.warm.counters.field)
#define ROTATION(field, labels, help)                                                              \
    ROW("rotation", #field, "keyring_steps", labels, help, FACTS_COUNTER,                          \
        node.rotation.counters.field)
#define REFUSED(reason, word)                                                                      \
    ROW("cache", "refused_" word, "fills", "result=\"" word "\"", NULL, FACTS_COUNTER,             \
        cache.refused[reason])
#define ERRORS(op, word, help)                                                                     \
    ROW("loop", "request_errors_" word, "request_errors", "op=\"" word "\"", help, FACTS_COUNTER,  \
        loop.request_errors[op])
#define LOOKUPS(status, word, help)                                                                \
    ROW("loop", "lookups_" word, "lookups", "result=\"" word "\"", help, FACTS_COUNTER,            \
        loop.lookups[status])
#define EVENTS(event, word, help)                                                                  \
    ROW("swim", "event_" word, "member_events", "event=\"" word "\"", help, FACTS_COUNTER,         \
        loop.events[event])
#define SCOPES(kind, word, help)                                                                   \
    ROW("node", "scope_" word, "invalidations_by_scope", "scope=\"" word "\"", help,               \
        FACTS_COUNTER, node.node.scopes[kind])
#define KIND(field, prefix, family, direction, type, word, help)                                   \
    ROW("messages", prefix word, family, "direction=\"" direction "\",kind=\"" word "\"", help,    \
        FACTS_COUNTER, node.node.field[(type)-1])
/* A row for each kind of message; help is that of the first one. */
#define KINDS(field, prefix, family, direction, help)                                              \
    KIND(field, prefix, family, direction, PEER_PING, "ping", help),                               \
        KIND(field, prefix, family, direction, PEER_ACK, "ack", NULL),                             \
        KIND(field, prefix, family, direction, PEER_PING_REQ, "ping_req", NULL),                   \
        KIND(field, prefix, family, direction, PEER_NACK, "nack", NULL),                           \
        KIND(field, prefix, family, direction, PEER_NOT_ME, "not_me", NULL),                       \
        KIND(field, prefix, family, direction, PEER_GOSSIP, "gossip", NULL),                       \
        KIND(field, prefix, family, direction, PEER_PULL, "pull", NULL),                           \
        KIND(field, prefix, family, direction, PEER_GONE, "gone", NULL),                           \
        KIND(field, prefix, family, direction, PEER_HEADS, "heads", NULL),                         \
        KIND(field, prefix, family, direction, PEER_LEAVE, "leave", NULL),                         \
        KIND(field, prefix, family, direction, PEER_DOTS, "dots", NULL),                           \
        KIND(field, prefix, family, direction, PEER_POLL, "poll", NULL),                           \
        KIND(field, prefix, family, direction, PEER_PROOF, "proof", NULL),                         \
        KIND(field, prefix, family, direction, PEER_SUMS, "sums", NULL),                           \
        KIND(field, prefix, family, direction, PEER_SAMPLE, "sample", NULL),                       \
        KIND(field, prefix, family, direction, PEER_TRACE, "trace", NULL),                         \
        KIND(field, prefix, family, direction, PEER_TRACED, "traced", NULL),                       \
        KIND(field, prefix, family, direction, PEER_SURVEY, "survey", NULL),                       \
        KIND(field, prefix, family, direction, PEER_SURVEYED, "surveyed", NULL)
#define REQUESTS(op, word, help)                                                                   \
    ROW("loop", "requests_" word, "requests", "op=\"" word "\"", help, FACTS_COUNTER,              \
        loop.requests[op])

/* The number is microseconds where it is kept, and seconds in the metric. */
#define SECONDS(family_, help_, kind_, field)                                                      \
    {                                                                                              \
        .family = (family_), .labels = "", .help = (help_), .kind = (kind_), .micros = true,       \
        .at = offsetof(struct facts, field)                                                        \
    }
/* A struct spans; the key is its name in the group "times". */
#define SPANS(key, family, labels, help, field)                                                    \
    ROW("times", key, family, labels, help, FACTS_SPANS, field)

/* NOLINTEND(bugprone-macro-parentheses) */
