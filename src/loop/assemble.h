/** loop/assemble.h - makes the parts of a node: sockets, cache, node, workers; only for loop.c. */
#pragma once

#include <stddef.h>

#include "loop/inside.h"

/** Where the reason of a failure goes. */
struct why {
    char *at;
    size_t cap;
};

/** Check cfg, and copy what is kept of it. Errors: ERR_CONFIG with the reason. */
MUST_USE enum err assemble_settings(struct loop *l, const struct loop_cfg *cfg,
                                    const struct why *why);

/** Make the cache and the node over it. Errors: ERR_FULL with the reason. */
MUST_USE enum err assemble_node(struct loop *l, const struct loop_cfg *cfg, const struct why *why);

/** Sockets of gossip: two of one port. */
struct assemble_gossip {
    int udp_fd;
    int tcp_fd;
};

/** Bind UDP and TCP to one port and settle what is advertised. Errors: ERR_IO with the reason. */
MUST_USE enum err assemble_gossip(struct loop *l, const struct loop_cfg *cfg,
                                  struct assemble_gossip *out, const struct why *why);

/** Bind the clients' port and make the workers. Errors: ERR_IO, ERR_FULL with the reason. */
MUST_USE enum err assemble_workers(struct loop *l, const struct loop_cfg *cfg,
                                   const struct why *why);
