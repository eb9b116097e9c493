#include "rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY       ((size_t)64 << 20)
#define CACHE_BUDGET ((uint64_t)1 << 20)

static void make_ring(struct rig *r, uint8_t first)
{
    uint8_t key[KEYRING_KEY_LEN] = {first};
    char line[KEYRING_LINE_MAX];
    struct keyring_fault fault;
    if (first == 0)
        return;
    const size_t len = keyring_line("test", key, line);
    cr_assert_eq(keyring_parse(slice_of(line, len), &r->ring, &fault), OK);
}

static void make_cache(struct rig *r, struct slice cluster, uint8_t run)
{
    const struct cache_cfg cfg = {.hkey = hash_cluster_key(cluster),
                                  .token = {.secret = {{run}}, .epoch_low = run},
                                  .bucket_bits = CACHE_BUCKET_BITS,
                                  .budget_bytes = CACHE_BUDGET,
                                  .shards = 1,
                                  .value_max = 65536};
    r->cache = cache_new(&r->arena, &cfg);
    cr_assert_not_null(r->cache);
}

void rig_init(struct rig *r, const struct rig_cfg *cfg)
{
    const char *cluster = cfg->cluster == NULL ? "test" : cfg->cluster;
    *r = (struct rig){.now = cfg->now == 0 ? US_PER_SEC : cfg->now,
                      .addr = {.ip = {10, 0, 0, cfg->host}, .ip_len = 4, .port = 6248}};
    r->memory = calloc(1, MEMORY);
    arena_init(&r->arena, r->memory, MEMORY);
    make_ring(r, cfg->key);
    make_cache(r, slice_text(cluster), cfg->run);
    static const uint8_t secret[SESSION_SEED_LEN] = {7};
    struct node_cfg node = {.cluster = slice_text(cluster),
                            .name = slice_text(cfg->name),
                            .addr = r->addr,
                            .run = {{cfg->run}},
                            .generation = 1000 + cfg->run,
                            .seed = cfg->run,
                            .secret = secret,
                            .ring = &r->ring,
                            .crypto = cfg->crypto,
                            .seeded = cfg->seeded,
                            .warm_up = cfg->warm_up,
                            .policies = cfg->policies};
    node_cfg_sizes(&node, SWIM_POD, CACHE_BUDGET);
    node.members_max = 16;
    node.tombstones_max = 16;
    node.origins_max = 32;
    node.windows_max = 8;
    if (cfg->ready_alone_us != 0)
        node.ready_alone_us = cfg->ready_alone_us;
    node.log_max = cfg->log_max == 0 ? 1024 : cfg->log_max;
    node.recent_max = 256;
    node.thin_max = cfg->thin_max;
    node.more_bytes = 4096;
    node.retired_max = cfg->retired_max == 0 ? 16 : cfg->retired_max;
    node.checkpoints_max = node.origins_max;
    node.bucket_bits = CACHE_BUCKET_BITS;
    r->node = node_new(&r->arena, &node, r->cache, r->now);
    cr_assert_not_null(r->node);
}

void rig_fini(struct rig *r)
{
    node_free(r->node);
    free(r->memory);
}

void rig_datagram(struct rig *r, const struct addr *from, struct slice bytes)
{
    node_recv(r->node, r->now,
              &(struct node_in){.kind = NODE_IN_DATAGRAM, .from = *from, .bytes = bytes});
}

size_t rig_drain(struct rig *r)
{
    struct node_out out;
    size_t n = 0;
    while (node_poll(r->node, r->now, &out))
        n++;
    return n;
}

void rig_pass(struct rig *r, uint64_t us)
{
    const mono_us until = r->now + us;
    while (node_deadline(r->node) <= until) {
        r->now = time_max(r->now, node_deadline(r->node));
        node_tick(r->node, r->now);
        rig_drain(r);
    }
    r->now = until;
}

bool rig_take(struct rig *r, enum node_out_kind kind, struct node_out *out)
{
    while (node_poll(r->node, r->now, out))
        if (out->kind == kind)
            return true;
    return false;
}

static void up(struct rig *r, uint32_t conn, const struct addr *from)
{
    node_recv(r->node, r->now,
              &(struct node_in){.kind = NODE_IN_STREAM_UP, .conn = conn, .from = *from});
}

/* Conn ids: what one end calls n the other calls n | NODE_INBOUND. */
static void carry(struct rig *from, struct rig *to, const struct node_out *out)
{
    const bool vanishes = from->swallows != 0 && out->bytes.len > from->swallows;
    if (from->tap != NULL)
        from->tap(from->tap_ctx, out);
    if (out->kind == NODE_OUT_DATAGRAM && !vanishes && addr_eq(&out->to, &to->addr))
        rig_datagram(to, &from->addr, out->bytes);
    if (out->kind == NODE_OUT_CONNECT) {
        up(to, out->conn | NODE_INBOUND, &from->addr);
        up(from, out->conn, &to->addr);
    }
    if (out->kind == NODE_OUT_STREAM)
        node_recv(to->node, to->now,
                  &(struct node_in){.kind = NODE_IN_STREAM,
                                    .conn = out->conn ^ NODE_INBOUND,
                                    .bytes = out->bytes});
    if (out->kind == NODE_OUT_HANGUP)
        node_recv(to->node, to->now,
                  &(struct node_in){.kind = NODE_IN_STREAM_DOWN, .conn = out->conn ^ NODE_INBOUND});
}

static bool turn(struct rig *from, struct rig *to)
{
    struct node_out out;
    bool any = false;
    while (node_poll(from->node, from->now, &out)) {
        carry(from, to, &out);
        any = true;
    }
    return any;
}

void rig_talk(struct rig *a, struct rig *b, uint64_t us)
{
    const mono_us until = a->now + us;
    b->now = a->now;
    while (a->now < until) {
        const mono_us next = time_min(node_deadline(a->node), node_deadline(b->node));
        a->now = b->now = time_min(until, time_max(a->now + 1, next));
        node_tick(a->node, a->now);
        node_tick(b->node, b->now);
        while (turn(a, b) || turn(b, a)) {
        }
    }
}

struct node_view rig_view(const struct rig *r)
{
    struct node_view view;
    node_inspect(r->node, &view);
    return view;
}

struct node_reply rig_issue(struct rig *r, enum dot_kind kind, const char *target)
{
    const struct hkey *hkey = &cache_config(r->cache)->hkey;
    struct node_out out;
    const struct node_target t = {
        .kind = kind,
        .hash = hash_target(hkey, TARGET_KEY, slice_text(""), slice_text(target)),
        .ns = slice_text(""),
        .target = slice_text(target)};
    const struct node_command command = {.ticket = 42, .targets = &t, .targets_n = 1};
    node_recv(r->node, r->now, &(struct node_in){.kind = NODE_IN_COMMAND, .command = &command});
    cr_assert(rig_take(r, NODE_OUT_REPLY, &out));
    return out.reply;
}
