#include "loop/assemble.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "loop/address.h"
#include "loop/clock.h"
#include "loop/entropy.h"
#include "loop/listen.h"
#include "loop/locked.h"
#include "loop/waiting.h"
#include "seal/session.h"

#define PORT_TRIES      16 /* to find one port that is free for UDP and for TCP */
#define NODE_MEMORY     (32U << 20)
#define NODE_LIMIT      (4ULL << 30)
#define CACHE_FIXED     (16U << 20) /* beside the budget, to begin with */
#define FINE_BUCKETS    (64U << 20) /* bytes of budget; smaller caches keep coarser barriers */
#define CONNECTIONS_MAX 65536U
#define OUT_SHARE       4U /* waiting output of all clients: at most so great a part of the budget */
#define OUT_REPLIES     4U /* but room for so many full connections */
#define IN_SHARE        8U /* the same of unused input */
#define IN_FRAMES       4U
#define FDS_RESERVED    64U

static enum err refuse(const struct why *why, enum err err, const char *text)
{
    (void)snprintf(why->at, why->cap, "%s", text);
    return err;
}

/* ---- settings ---- */

static bool keep_name(char out[LOOP_NAME_MAX + 1], const char *name)
{
    const size_t len = name == NULL ? 0 : strlen(name);
    if (len < 1 || len > LOOP_NAME_MAX)
        return false;
    memcpy(out, name, len + 1);
    return true;
}

static enum err keep_clients(struct loop *l, const struct loop_cfg *cfg, const struct why *why)
{
    if (cfg->login > ENTRY_OFF && cfg->clients == NULL)
        return refuse(why, ERR_CONFIG, "clients log in by a clients file only; give --clients");
    l->auth.plain = cfg->plain;
    l->auth.entry = entry_settle(cfg->login, cfg->clients != NULL);
    l->auth.unused = l->auth.entry == ENTRY_OFF && cfg->clients != NULL;
    if (!entry_hears_logins(l->auth.entry))
        return OK;
    const enum err err = auth_open(&l->auth, cfg->clients, slice_text(l->cluster));
    if (err != OK)
        return refuse(why, err, "there is no locked memory, or no random bytes, for clients' keys");
    return OK;
}

static enum err check_seeds(const struct loop_cfg *cfg, const struct why *why)
{
    struct address_target target;
    for (size_t i = 0; i < cfg->seeds.n; i++) {
        if (address_split(cfg->seeds.at[i], &target) == OK)
            continue;
        (void)snprintf(why->at, why->cap, "seed \"%s\" is not HOST:PORT, as in 10.0.0.2:6248",
                       cfg->seeds.at[i]);
        return ERR_CONFIG;
    }
    return OK;
}

static enum err check_servers(const struct loop_cfg *cfg, const struct why *why)
{
    struct addr addr;
    for (size_t i = 0; i < cfg->dns_servers.n; i++) {
        if (address_parse(cfg->dns_servers.at[i], &addr) == OK)
            continue;
        (void)snprintf(why->at, why->cap,
                       "DNS server \"%s\" is not ADDRESS:PORT with a numeric address, as in "
                       "10.96.0.10:53",
                       cfg->dns_servers.at[i]);
        return ERR_CONFIG;
    }
    return OK;
}

static bool keep_texts(struct loop *l, const struct loop_cfg *cfg)
{
    return texts_copy(&l->seeds, &cfg->seeds) && texts_copy(&l->dns_names, &cfg->dns_names) &&
           texts_copy(&l->srv_names, &cfg->srv_names) &&
           texts_copy(&l->dns_servers, &cfg->dns_servers);
}

static enum err keep_keys(struct loop *l, const struct loop_cfg *cfg, const struct why *why)
{
    l->keyed = cfg->keyring != NULL && cfg->keyring->n > 0;
    if (cfg->crypto > SEAL_OFF && !l->keyed)
        return refuse(why, ERR_CONFIG, "gossip can be sealed with a keyring only; give --keyring");
    l->crypto = mode_settle(cfg->crypto, l->keyed);
    return OK;
}

enum err assemble_settings(struct loop *l, const struct loop_cfg *cfg, const struct why *why)
{
    if (!keep_name(l->name, cfg->name))
        return refuse(why, ERR_CONFIG, "a node's name has 1 to 63 bytes; give another with --name");
    if (!keep_name(l->cluster, cfg->cluster))
        return refuse(why, ERR_CONFIG, "a cluster's name has 1 to 63 bytes");
    if (cfg->workers < 1 || cfg->workers > LOOP_WORKERS_MAX)
        return refuse(why, ERR_CONFIG, "a node has 1 to 64 workers");
    if (cfg->value_max > CLIENT_VALUE_LIMIT)
        return refuse(why, ERR_CONFIG, "the largest value has at most 16 MiB - 1");
    enum err err = check_seeds(cfg, why);
    if (err == OK)
        err = check_servers(cfg, why);
    if (err == OK && !keep_texts(l, cfg))
        err = refuse(why, ERR_FULL, "out of memory");
    l->policies = cfg->policies;
    if (err == OK)
        err = keep_keys(l, cfg, why);
    return err == OK ? keep_clients(l, cfg, why) : err;
}

/* ---- gossip ---- */

/** A first address of this machine that others may reach, when we listen on all of them. */
static bool find_own_address(const struct addr *any, struct addr *out)
{
    struct ifaddrs *list = NULL;
    bool found = false;
    if (getifaddrs(&list) != 0)
        return false;
    for (const struct ifaddrs *i = list; i != NULL && !found; i = i->ifa_next) {
        struct sockaddr_storage at = {.ss_family = AF_UNSPEC};
        const bool usable = i->ifa_addr != NULL && (i->ifa_flags & IFF_UP) != 0 &&
                            (i->ifa_flags & IFF_LOOPBACK) == 0;
        if (!usable || i->ifa_addr->sa_family != address_family(any))
            continue;
        memcpy(&at, i->ifa_addr,
               any->ip_len == 4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
        const struct addr a = address_of_sock(&at);
        const bool link_local = a.ip_len == 16 && a.ip[0] == 0xfe && (a.ip[1] & 0xc0) == 0x80;
        if (link_local)
            continue;
        *out = a;
        found = true;
    }
    freeifaddrs(list);
    return found;
}

static void settle_advertise(struct loop *l, const struct addr *wanted)
{
    l->advertise = addr_known(wanted) ? *wanted : l->gossip;
    if (address_is_any(&l->advertise) && !find_own_address(&l->gossip, &l->advertise))
        l->advertise = address_loopback(l->gossip.ip_len);
    if (l->advertise.port == 0 || !addr_known(wanted))
        l->advertise.port = l->gossip.port;
}

static enum err bind_pair(struct loop *l, const struct addr *addr, struct assemble_gossip *out,
                          const struct why *why)
{
    struct listen_cfg cfg = {.addr = *addr, .what = "gossip", .type = SOCK_DGRAM};
    enum err err = listen_open(&cfg, &out->udp_fd, &l->gossip, why->at, why->cap);
    if (err != OK)
        return err;
    struct addr bound;
    cfg.addr = l->gossip;
    cfg.type = SOCK_STREAM;
    err = listen_open(&cfg, &out->tcp_fd, &bound, why->at, why->cap);
    if (err != OK)
        close(out->udp_fd);
    return err;
}

enum err assemble_gossip(struct loop *l, const struct loop_cfg *cfg, struct assemble_gossip *out,
                         const struct why *why)
{
    const int tries = cfg->gossip.port == 0 ? PORT_TRIES : 1;
    enum err err = ERR_IO;
    for (int i = 0; i < tries && err != OK; i++)
        err = bind_pair(l, &cfg->gossip, out, why);
    if (err == OK)
        settle_advertise(l, &cfg->advertise);
    return err;
}

/* ---- cache and node ---- */

static void *make_cache(void *ctx, struct arena *arena)
{
    return cache_new(arena, ctx);
}

static enum err assemble_cache(struct loop *l, const struct loop_cfg *cfg, const struct run *run,
                               const struct why *why)
{
    const uint32_t value_max = cfg->value_max == 0 ? CLIENT_VALUE_MAX : cfg->value_max;
    struct cache_cfg c = {.hkey = hash_cluster_key(slice_text(l->cluster)),
                          .token.epoch_low = (uint32_t)run_epoch(run),
                          .budget_bytes = cfg->budget_bytes,
                          .shards = cache_shards_for(cfg->budget_bytes, value_max),
                          .bucket_bits = cfg->budget_bytes >= FINE_BUCKETS ? NODE_BUCKET_BITS : 0,
                          .value_max = value_max};
    const size_t first = (size_t)cfg->budget_bytes + CACHE_FIXED;
    const struct store_plan plan = {
        .len = first, .len_max = first * 8, .make = make_cache, .ctx = &c};
    if (entropy_fill(&c.slot_seed, sizeof c.slot_seed) != OK ||
        entropy_fill(&c.token.secret, sizeof c.token.secret) != OK)
        return refuse(why, ERR_IO, "the system gives no random bytes");
    store_locks_hook(&l->locks, &c);
    c.wake_ctx = &l->world;
    c.wake = waiting_wake;
    l->cache = store_build(&l->cache_map, &plan);
    if (l->cache == NULL)
        return refuse(why, ERR_FULL,
                      "the cache does not fit its memory; try another --memory, at least 1 MiB, or "
                      "a smaller --max-value");
    const size_t used = l->cache_map.used;
    l->fixed_bytes += used > cfg->budget_bytes ? used - cfg->budget_bytes : 0;
    return OK;
}

struct node_make {
    struct node_cfg cfg;
    struct cache *cache;
};

static void *make_node(void *ctx, struct arena *arena)
{
    const struct node_make *make = ctx;
    return node_new(arena, &make->cfg, make->cache, clock_now());
}

static struct node_cfg node_cfg_of(const struct loop *l, const struct loop_cfg *cfg,
                                   const struct run *run)
{
    static const struct keyring no_keys = {.n = 0};
    struct node_cfg n = {.cluster = slice_text(l->cluster),
                         .name = slice_text(l->name),
                         .addr = l->advertise,
                         .run = *run,
                         .generation = clock_wall_ms(),
                         .ring = l->keyed ? cfg->keyring : &no_keys,
                         .crypto = l->crypto,
                         .profile = cfg->profile,
                         .seeded = l->seeds.n + l->dns_names.n + l->srv_names.n > 0};
    node_cfg_sizes(&n, cfg->profile, cfg->budget_bytes);
    n.policies = cfg->policies;
    n.warm_up = cfg->warm_up;
    if (cfg->heal_log != 0)
        node_cfg_log(&n, cfg->heal_log);
    if (cfg->drain_us != 0)
        n.drain_us = cfg->drain_us;
    if (cfg->key_quiet_us != 0)
        n.key_quiet_us = cfg->key_quiet_us;
    if (cfg->ready_alone_us != 0)
        n.ready_alone_us = cfg->ready_alone_us;
    return n;
}

static enum err draw_run(struct run *run)
{
    enum err err;
    do {
        err = entropy_fill(run, sizeof *run);
        run_date(run, clock_wall_ms());
    } while (err == OK && run_epoch(run) == 0);
    return err;
}

static mono_us read_clock(void *ctx)
{
    (void)ctx;
    return clock_now();
}

/** They lie in the node's memory; the lock ends with its mapping. */
static void lock_keys(struct loop *l)
{
    size_t len = 0;
    void *at = node_secrets(l->node, &len);
    l->ring_swappable = l->keyed && !locked_keep(at, len);
}

enum err assemble_node(struct loop *l, const struct loop_cfg *cfg, const struct why *why)
{
    struct run run;
    if (draw_run(&run) != OK)
        return refuse(why, ERR_IO, "the system gives no random bytes");
    const enum err err = assemble_cache(l, cfg, &run, why);
    if (err != OK)
        return err;
    struct node_make make = {.cfg = node_cfg_of(l, cfg, &run), .cache = l->cache};
    uint8_t secret[SESSION_SEED_LEN];
    if (entropy_fill(&make.cfg.seed, sizeof make.cfg.seed) != OK ||
        entropy_fill(secret, sizeof secret) != OK)
        return refuse(why, ERR_IO, "the system gives no random bytes");
    make.cfg.secret = secret;
    const struct store_plan plan = {
        .len = NODE_MEMORY, .len_max = NODE_LIMIT, .make = make_node, .ctx = &make};
    l->node = store_build(&l->node_map, &plan);
    sodium_memzero(secret, sizeof secret);
    if (l->node == NULL)
        return refuse(why, ERR_FULL, "out of memory for the node's tables");
    lock_keys(l);
    l->fixed_bytes += l->node_map.used;
    l->drain_us = make.cfg.drain_us;
    l->world.ctx = (struct command_ctx){.cache = l->cache,
                                        .node_name = slice_text(l->name),
                                        .cluster = slice_text(l->cluster),
                                        .epoch = run_epoch(&run),
                                        .policies = &l->policies,
                                        .clock = read_clock};
    l->world.value_max = cache_config(l->cache)->value_max;
    return OK;
}

/* ---- workers ---- */

/** As many connections as there are descriptors, less those that the node itself needs. */
static uint32_t connections_max(void)
{
    struct rlimit limit = {.rlim_cur = 1024, .rlim_max = 1024};
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= CONNECTIONS_MAX + FDS_RESERVED)
        return CONNECTIONS_MAX;
    return limit.rlim_cur <= 2 * FDS_RESERVED ? FDS_RESERVED
                                              : (uint32_t)limit.rlim_cur - FDS_RESERVED;
}

/** How much output all clients together may leave waiting. */
static uint64_t out_max(const struct loop *l, uint64_t budget_bytes)
{
    const uint64_t least = OUT_REPLIES * ((uint64_t)CONN_OUT_MAX + command_room_max(&l->world.ctx));
    const uint64_t share = budget_bytes / OUT_SHARE;
    return share > least ? share : least;
}

/** How much input all clients together may leave unused. */
static uint64_t in_max(const struct loop *l, uint64_t budget_bytes)
{
    const uint64_t least = IN_FRAMES * ((uint64_t)l->world.value_max + CLIENT_FRAME_EXTRA);
    const uint64_t share = budget_bytes / IN_SHARE;
    return share > least ? share : least;
}

static enum err add_worker(struct loop *l, struct listen_cfg *cfg, const struct why *why)
{
    int fd = -1;
    const enum err err = listen_open(cfg, &fd, &l->client, why->at, why->cap);
    if (err != OK)
        return err;
    struct worker *w = worker_new(&l->world, fd);
    if (w == NULL)
        return refuse(why, ERR_FULL, "out of memory for a worker");
    cfg->addr = l->client; /* the others share the port that the first one got */
    l->workers[l->workers_n++] = w;
    l->world.workers = l->workers;
    l->world.workers_n = l->workers_n;
    return OK;
}

enum err assemble_workers(struct loop *l, const struct loop_cfg *cfg, const struct why *why)
{
    struct listen_cfg listener = {
        .addr = cfg->client, .what = "clients", .type = SOCK_STREAM, .shared = cfg->workers > 1};
    l->world.log = &l->log;
    l->world.control = &l->commands;
    l->world.auth = &l->auth;
    l->world.connections_max = connections_max();
    l->world.out_max = out_max(l, cfg->budget_bytes);
    l->world.kept.max = in_max(l, cfg->budget_bytes);
    enum err err = listen_check_free(&listener, why->at, why->cap);
    for (uint32_t i = 0; i < cfg->workers && err == OK; i++)
        err = add_worker(l, &listener, why);
    return err;
}
