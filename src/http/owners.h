/**
 * http/owners.h - whose process run an epoch is: gathered once, looked up many times.
 *
 * A copy: what joins later is not in it. Never asks other nodes.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node/view.h"

struct http_owner;

/** Members by epoch. All zero knows nobody. */
struct http_owners {
    struct http_owner *at; /* ascending by epoch */
    size_t n;
};

/** Gather the members that n knows; what was gathered before is released. false: out of memory, and
 *  nobody is known. */
bool http_owners_gather(struct http_owners *o, const struct node *n);

/** The member's name as JSON; null when no member has this epoch. */
json_t *http_owners_name(const struct http_owners *o, uint64_t epoch);

/** Release; nobody is known afterwards. */
void http_owners_fini(struct http_owners *o);
