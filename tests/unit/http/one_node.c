#include "one_node.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define MEMORY ((size_t)64 << 20)
#define BUDGET ((uint64_t)1 << 20)

static void drain(struct one_node *o)
{
    struct node_out out;
    while (node_poll(o->node, o->now, &out))
        continue;
}

void one_node_init(struct one_node *o, const char *name)
{
    const struct slice cluster = slice_text("test");
    const struct cache_cfg cache = {.hkey = hash_cluster_key(cluster),
                                    .token = {.secret = {{1}}, .epoch_low = 7},
                                    .budget_bytes = BUDGET,
                                    .shards = 1,
                                    .value_max = 65536};
    struct node_cfg cfg = {.cluster = cluster,
                           .name = slice_text(name),
                           .addr = {.ip = {10, 0, 0, 1}, .ip_len = 4, .port = 6248},
                           .run = {{1, 2, 3, 4, 5, 6, 7, 8}},
                           .generation = 1700000000000,
                           .ring = &o->ring};
    *o = (struct one_node){.now = US_PER_SEC, .memory = calloc(1, MEMORY)};
    arena_init(&o->arena, o->memory, MEMORY);
    o->cache = cache_new(&o->arena, &cache);
    node_cfg_sizes(&cfg, SWIM_POD, BUDGET);
    cfg.members_max = 16;
    cfg.tombstones_max = 16;
    cfg.origins_max = 32;
    cfg.windows_max = 8;
    cfg.log_max = 1024;
    cfg.recent_max = 256;
    o->node = node_new(&o->arena, &cfg, o->cache, o->now);
    cr_assert_not_null(o->node);
    node_tick(o->node, o->now);
    drain(o);
}

void one_node_issue(struct one_node *o, size_t n)
{
    const struct node_target target = {.kind = DOT_KEY, .hash = 42};
    const struct node_command command = {.ticket = 1, .targets = &target, .targets_n = 1};
    const struct node_in in = {.kind = NODE_IN_COMMAND, .command = &command};
    for (size_t i = 0; i < n; i++) {
        node_recv(o->node, o->now, &in);
        drain(o);
    }
}

void one_node_fini(struct one_node *o)
{
    node_free(o->node);
    free(o->memory);
}
