/** tests/unit/http/one_node.h - a real node without its operating system, to be looked at. */
#pragma once

#include "base/arena.h"
#include "node/node.h"

struct one_node {
    struct arena arena;
    struct cache *cache;
    struct node *node;
    struct keyring ring;
    mono_us now;
    void *memory;
};

/** A node of this name, READY, alone, that issued nothing. */
void one_node_init(struct one_node *o, const char *name);

/** Issue n invalidations of keys. */
void one_node_issue(struct one_node *o, size_t n);

/** Release everything. */
void one_node_fini(struct one_node *o);
