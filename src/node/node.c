#include "node/node.h"

#include <assert.h>
#include <string.h>

#include "node/inside.h"

#define NAMES_BYTES 262144 /* of own recent dots, for their first transmission */

void node_cfg_sizes(struct node_cfg *cfg, enum swim_profile profile, uint64_t budget_bytes)
{
    const bool small = budget_bytes < 256ULL << 20;
    cfg->profile = profile;
    cfg->members_max = 1024;
    cfg->tombstones_max = 4096;
    cfg->origins_max = 4096;
    cfg->windows_max = 256;
    cfg->log_max = small ? 16384 : 262144;
    cfg->recent_max = 16384;
    cfg->ready_alone_us = profile == SWIM_TEST ? 200 * US_PER_MS : 2 * US_PER_SEC;
    cfg->drain_us = 2 * US_PER_SEC;
}

static struct slice keep(uint8_t *at, struct slice text)
{
    assert(text.len >= 1 && text.len <= PEER_NAME_MAX);
    memcpy(at, text.at, text.len);
    return slice_of(at, text.len);
}

static struct ledger *make_ledger(struct node *n, struct arena *arena)
{
    const struct ledger_cfg cfg = {.hkey = n->seal.hkey,
                                   .epoch = run_epoch(&n->cfg.run),
                                   .origins_max = n->cfg.origins_max,
                                   .windows_max = n->cfg.windows_max,
                                   .log_max = n->cfg.log_max};
    return ledger_new(arena, &cfg);
}

static struct swim *make_swim(struct node *n, struct arena *arena, mono_us now)
{
    const struct swim_cfg cfg = {.cluster = n->cfg.cluster,
                                 .name = n->cfg.name,
                                 .hkey = n->seal.hkey,
                                 .addr = n->cfg.addr,
                                 .generation = n->cfg.generation,
                                 .epoch = run_epoch(&n->cfg.run),
                                 .seed = rng_next(&n->rng),
                                 .members_max = n->cfg.members_max,
                                 .tombstones_max = n->cfg.tombstones_max,
                                 .times = swim_times_of(n->cfg.profile)};
    return swim_new(arena, &cfg, now);
}

static struct spread *make_spread(struct node *n, struct arena *arena)
{
    const struct spread_cfg cfg = {.epoch = run_epoch(&n->cfg.run),
                                   .links_max = n->cfg.members_max,
                                   .recent_max = n->cfg.recent_max,
                                   .names_bytes = NAMES_BYTES,
                                   .flush_us = US_PER_MS,
                                   .rto_min_us = 10 * US_PER_MS,
                                   .behind_us = 100 * US_PER_MS};
    return spread_new(arena, &cfg);
}

static struct heal *make_heal(struct node *n, struct arena *arena)
{
    const bool test = n->cfg.profile == SWIM_TEST;
    const struct heal_cfg cfg = {.seed = rng_next(&n->rng),
                                 .peers_max = n->cfg.members_max,
                                 .pulls_max = 256,
                                 .t_gap_us = test ? 200 * US_PER_MS : 2 * US_PER_SEC,
                                 .pull_grace_us = 5 * US_PER_MS,
                                 .pull_min_us = 10 * US_PER_MS,
                                 .exchange_us = US_PER_SEC,
                                 .answer_datagrams = 4};
    return heal_new(arena, &cfg, n->ledger);
}

static bool make_buffers(struct node *n, struct arena *arena)
{
    n->notices = notices_new(arena);
    n->codec = peer_codec_new(arena);
    n->stream_codec = stream_codec_new(arena);
    n->in = arena_take(arena, 1, sizeof *n->in);
    n->out = arena_take(arena, 1, sizeof *n->out);
    n->opened = arena_take(arena, STREAM_FRAME_MAX, 1);
    n->body = arena_take(arena, STREAM_FRAME_MAX, 1);
    n->packet = arena_take(arena, STREAM_FRAME_MAX, 1);
    n->dots = arena_take(arena, NODE_DATAGRAM_MAX, 1);
    return n->notices != NULL && n->codec != NULL && n->stream_codec != NULL && n->dots != NULL &&
           n->in != NULL && n->out != NULL && n->opened != NULL && n->body != NULL &&
           n->packet != NULL;
}

static bool make_machines(struct node *n, struct arena *arena, mono_us now)
{
    n->ledger = make_ledger(n, arena);
    n->swim = make_swim(n, arena, now);
    n->spread = make_spread(n, arena);
    n->heal = n->ledger == NULL ? NULL : make_heal(n, arena);
    n->peers = peers_new(arena, 2 * n->cfg.members_max, rng_next(&n->rng));
    n->streams = streams_new(arena);
    return n->ledger != NULL && n->swim != NULL && n->spread != NULL && n->heal != NULL &&
           n->peers != NULL && n->streams != NULL;
}

struct node *node_new(struct arena *arena, const struct node_cfg *cfg, struct cache *cache,
                      mono_us now)
{
    struct node *n = arena_take(arena, 1, sizeof *n);
    if (n == NULL)
        return NULL;
    *n = (struct node){.cfg = *cfg, .cache = cache};
    n->cfg.name = keep(n->name, cfg->name);
    n->cfg.cluster = keep(n->cluster, cfg->cluster);
    rng_init(&n->rng, cfg->seed);
    packet_ctx_init(&n->seal, cfg->ring, n->cfg.cluster, hash_node_id(n->cfg.cluster, n->cfg.name),
                    &cfg->run);
    if (!make_buffers(n, arena) || !make_machines(n, arena, now)) {
        node_free(n);
        return NULL;
    }
    life_begin(n, now);
    return n;
}

void node_free(struct node *n)
{
    if (n == NULL)
        return;
    if (n->codec != NULL)
        peer_codec_free(n->codec);
    if (n->stream_codec != NULL)
        stream_codec_free(n->stream_codec);
}

void node_recv(struct node *n, mono_us now, const struct node_in *in)
{
    switch (in->kind) {
    case NODE_IN_DATAGRAM:
        datagram_recv(n, now, &in->from, in->bytes);
        break;
    case NODE_IN_STREAM_UP:
        stream_up(n, now, in->conn, &in->from);
        break;
    case NODE_IN_STREAM:
        stream_recv(n, now, in->conn, in->bytes);
        break;
    case NODE_IN_STREAM_DOWN:
        stream_down(n, now, in->conn);
        break;
    case NODE_IN_COMMAND:
        apply_command(n, now, in->command);
        break;
    case NODE_IN_NAMES:
        life_names(n, now, in);
        break;
    case NODE_IN_UNREACHABLE:
        swim_unreachable(n->swim, now, &in->from);
        break;
    case NODE_IN_TOO_BIG:
        datagram_too_big(n, now, &in->from);
        break;
    case NODE_IN_LEAVE:
        life_leave(n, now);
        break;
    }
    /* Heads that were heard raised L: tokens given from now on are younger than they. */
    cache_publish(n->cache, ledger_l(n->ledger));
}

void node_tick(struct node *n, mono_us now)
{
    swim_tick(n->swim, now);
    spread_tick(n->spread, now);
    if (n->life.state != NODE_JOINING) /* what a joiner lacks it adopts */
        heal_tick(n->heal, now);
    stream_tick(n, now);
    life_tick(n, now);
}

mono_us node_deadline(const struct node *n)
{
    mono_us at = swim_deadline(n->swim);
    at = time_min(at, spread_deadline(n->spread));
    if (n->life.state != NODE_JOINING)
        at = time_min(at, heal_deadline(n->heal));
    at = time_min(at, peers_owed_at(n->peers));
    at = time_min(at, stream_deadline(n));
    return time_min(at, life_deadline(n));
}

bool node_poll(struct node *n, mono_us now, struct node_out *out)
{
    return notice_take(n->notices, out) || datagram_poll(n, now, out) || stream_poll(n, now, out) ||
           notice_take(n->notices, out);
}

enum node_state node_state(const struct node *n)
{
    return n->life.state;
}

const char *node_state_text(const struct node *n)
{
    static const char *const TEXTS[] = {[NODE_JOINING] = "joining",
                                        [NODE_READY] = "ready",
                                        [NODE_DRAINING] = "draining",
                                        [NODE_LEFT] = "left"};
    return swim_muted(n->swim) ? "conflict" : TEXTS[n->life.state];
}

void node_heartbeat(struct node *n, mono_us now)
{
    swim_heartbeat(n->swim, now);
}
