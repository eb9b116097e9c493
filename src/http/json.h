/**
 * http/json.h - what this node knows, as JSON values; scripts rely on the shapes.
 *
 * Epochs, hashes and other 64-bit names are texts of 16 hex digits: a JSON number above 2^53 is not
 * exact everywhere. Texts are always valid UTF-8. Every function returns a new reference, NULL when
 * memory ran out.
 */
#pragma once

#include <jansson.h>

#include "http/events.h"
#include "http/facts.h"
#include "http/owners.h"
#include "node/stamp.h"
#include "node/view.h"

/** {"node", "view_hash", "members": [...]}, this node included. */
json_t *http_json_members(const struct node *n, mono_us now);

/** One member; self is the node that looks. */
json_t *http_json_member(const struct node_view *self, const struct node_member *m, mono_us now);

/** The member with this name; NULL with *known false when there is none. */
json_t *http_json_member_named(const struct node *n, struct slice name, mono_us now, bool *known);

/** The node itself. */
json_t *http_json_node(const struct facts *f);

/** Every counter: {"cache": {...}, "node": {...}, ...}. */
json_t *http_json_stats(const struct facts *f);

/** {"node", "vector_hash", "retired", "forgotten", "origins": [...]} with open gaps; retired and
 *  forgotten are the numbers of the newest origins that ended, and of those that are not known any more. */
json_t *http_json_vectors(const struct node *n, mono_us now);

/** What a trace found: {"stamp", "origin", "seq", "count", "issuer", "nodes": [...]}. */
json_t *http_json_trace(const struct node *n, const struct node_reply *reply);

/** What a survey found: {"node", "took_ms", "origins": [...], "members": [...]}, where each member lacks so
 *  much of each origin, in their order. */
json_t *http_json_matrix(const struct node *n, const struct node_reply *reply);

/** {"namespaces": [...]} in use here, with their policies and what is counted for each. */
json_t *http_json_namespaces(struct cache *c, const struct policies *policies);

/** What renders events. */
struct http_json_events {
    const struct http_owners *owners;
    const struct hkey *hkey;
    uint64_t self; /* our own epoch */
    mono_us now;
};

/** An event without its id; *type becomes its name: "member", "invalidation", "state". Static. */
json_t *http_json_event(const struct http_json_events *j, const struct http_event *event,
                        const char **type);

/** Which invalidations are asked for. */
struct http_json_wanted {
    size_t limit;
    bool one_ns; /* only what may concern ns */
    struct slice ns;
};

/** {"node", "kept", "invalidations": [...]}, the newest first, of those that are still in events. */
json_t *http_json_invalidations(const struct node *n, const struct http_events *events,
                                const struct http_json_wanted *wanted, mono_us now);

/** Bytes as text; what is not UTF-8 is shown as \xNN. */
json_t *http_json_text(struct slice bytes);

/** A stamp as 48 hex digits. */
json_t *http_json_stamp(const struct hkey *hkey, const struct stamp *stamp);

/** A number as 16 hex digits. */
json_t *http_json_hex(uint64_t value);

/** A number below 2^53; larger ones are cut to it. */
json_t *http_json_number(uint64_t value);

/** The milliseconds from at until now; 0 when at is yet to come. */
json_t *http_json_age(mono_us at, mono_us now);
