#include "node/node.h"

#include <assert.h>
#include <string.h>

#include "node/inside.h"

#define NAMES_BYTES    262144 /* of own recent dots, for their first transmission */
#define TRACE_DOTS     4096
#define INTENTS_MAX    4096
#define HOT_PER_SECOND 100   /* own invalidations of one key: nobody stores it for a while */
#define HOT_BURST      20000 /* own invalidations of keys in a second: long lists go as buckets */
#define BURST_MIN      64    /* keys of a list that is a long one */

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
    cfg->thin_max = small ? 65536 : 524288;
    cfg->more_bytes = small ? 1U << 18 : 1U << 20;
    cfg->retired_max = 4096;
    cfg->checkpoints_max = cfg->origins_max;
    cfg->warm_gives_max = 4;
    cfg->bucket_bits = NODE_BUCKET_BITS;
    cfg->ready_alone_us = profile == SWIM_TEST ? 200 * US_PER_MS : 2 * US_PER_SEC;
    cfg->drain_us = 2 * US_PER_SEC;
    cfg->key_quiet_us = 600 * US_PER_SEC;
}

void node_cfg_log(struct node_cfg *cfg, uint32_t n)
{
    assert(n >= NODE_LOG_MIN && n <= NODE_LOG_MAX);
    cfg->log_max = NODE_LOG_MIN;
    while (cfg->log_max < n)
        cfg->log_max *= 2;
    cfg->thin_max = 4 * cfg->log_max;
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
                                   .log_max = n->cfg.log_max,
                                   .thin_max = n->cfg.thin_max,
                                   .more_bytes = n->cfg.more_bytes,
                                   .retired_max = n->cfg.retired_max,
                                   .checkpoints_max = n->cfg.checkpoints_max,
                                   .bucket_bits = n->cfg.bucket_bits};
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
                                 .meta = rotation_meta(&n->seal),
                                 .seed = rng_next(&n->rng),
                                 .members_max = n->cfg.members_max,
                                 .tombstones_max = n->cfg.tombstones_max,
                                 .times = swim_times_of(n->cfg.profile)};
    return swim_new(arena, &cfg, now);
}

static struct spread *make_spread(struct node *n, struct arena *arena)
{
    const struct spread_cfg cfg = {.epoch = run_epoch(&n->cfg.run),
                                   .self_id = n->seal.self,
                                   .links_max = n->cfg.members_max,
                                   .recent_max = n->cfg.recent_max,
                                   .names_bytes = NAMES_BYTES,
                                   .direct_max = n->cfg.direct_max,
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
                                 .answer_datagrams = 4,
                                 .retire_us = 600 * US_PER_SEC,
                                 .retire_force_us = 3600 * US_PER_SEC,
                                 .origins_pressure = n->cfg.origins_max / 4 * 3,
                                 .audit_us = 10 * US_PER_SEC};
    return heal_new(arena, &cfg, n->ledger);
}

static struct acks *make_acks(struct node *n, struct arena *arena)
{
    const struct acks_cfg cfg = {.epoch = run_epoch(&n->cfg.run),
                                 .name = n->cfg.name,
                                 .expect = n->cfg.policies.expect,
                                 .members_max = n->cfg.members_max,
                                 .waits_max = NODE_WAITS_MAX};
    return acks_new(arena, &cfg);
}

static struct proof *make_proof(struct node *n, struct arena *arena)
{
    const struct proof_cfg cfg = {.expect = n->cfg.policies.expect,
                                  .window_us = n->cfg.policies.fence_ms * US_PER_MS,
                                  .seed = rng_next(&n->rng),
                                  .always = policies_strict(&n->cfg.policies)};
    return proof_new(arena, &cfg);
}

static struct trace *make_trace(struct node *n, struct arena *arena)
{
    const struct trace_cfg cfg = {.epoch = run_epoch(&n->cfg.run),
                                  .seed = rng_next(&n->rng),
                                  .dots_max = TRACE_DOTS,
                                  .members_max = NODE_TRACED_MAX};
    return trace_new(arena, &cfg);
}

/* A seed of its own: the numbers that others draw do not depend on it. */
static struct survey *make_survey(const struct node *n, struct arena *arena)
{
    const struct survey_cfg cfg = {.seed = ~n->cfg.seed, .members_max = NODE_TRACED_MAX - 1};
    return survey_new(arena, &cfg);
}

static bool make_pending(struct node *n, struct arena *arena)
{
    n->pending = arena_take(arena, NODE_WAITS_MAX, sizeof *n->pending);
    n->pending_free = arena_take(arena, NODE_WAITS_MAX, sizeof *n->pending_free);
    n->polled = arena_take(arena, NODE_POLLED_MAX, sizeof *n->polled);
    n->traced = arena_take(arena, NODE_TRACED_MAX, sizeof *n->traced);
    n->surveyed = arena_take(arena, NODE_TRACED_MAX, sizeof *n->surveyed);
    if (n->pending == NULL || n->pending_free == NULL || n->polled == NULL || n->traced == NULL ||
        n->surveyed == NULL)
        return false;
    for (uint32_t i = 0; i < NODE_WAITS_MAX; i++)
        n->pending_free[n->pending_free_n++] = NODE_WAITS_MAX - 1 - i;
    return true;
}

/** What stands between the machines and callers who want to know more than "local". */
static bool make_promises(struct node *n, struct arena *arena, mono_us now)
{
    const struct intent_cfg intents = {
        .epoch = run_epoch(&n->cfg.run), .open_max = INTENTS_MAX, .seed = rng_next(&n->rng)};
    const struct hot_cfg hot = {.per_second = HOT_PER_SECOND, .burst = n->cfg.burst};
    n->acks = make_acks(n, arena);
    n->proof = make_proof(n, arena);
    n->votes = votes_new(arena, n->cfg.policies.expect);
    n->after = after_new(arena);
    n->intents = intents_new(arena, &intents);
    n->hot = hot_new(arena, &hot);
    n->trace = make_trace(n, arena);
    n->survey = make_survey(n, arena);
    n->sample = sample_new(arena, now, rng_next(&n->rng));
    return n->acks != NULL && n->proof != NULL && n->votes != NULL && n->after != NULL &&
           n->intents != NULL && n->hot != NULL && n->trace != NULL && n->survey != NULL &&
           n->sample != NULL && make_pending(n, arena);
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
    n->touched = arena_take(arena, 1, sizeof *n->touched);
    return n->notices != NULL && n->codec != NULL && n->stream_codec != NULL && n->dots != NULL &&
           n->touched != NULL && n->in != NULL && n->out != NULL && n->opened != NULL &&
           n->body != NULL && n->packet != NULL;
}

static bool make_machines(struct node *n, struct arena *arena, mono_us now)
{
    n->ledger = make_ledger(n, arena);
    n->swim = make_swim(n, arena, now);
    n->spread = make_spread(n, arena);
    n->heal = n->ledger == NULL ? NULL : make_heal(n, arena);
    n->peers = peers_new(arena, 2 * n->cfg.members_max, rng_next(&n->rng));
    n->streams = streams_new(arena);
    n->warm = n->ledger == NULL ? NULL : warm_new(arena, n->ledger);
    return n->ledger != NULL && n->swim != NULL && n->spread != NULL && n->heal != NULL &&
           n->peers != NULL && n->streams != NULL && n->warm != NULL;
}

struct node *node_new(struct arena *arena, const struct node_cfg *cfg, struct cache *cache,
                      mono_us now)
{
    struct node *n = arena_take(arena, 1, sizeof *n);
    if (n == NULL)
        return NULL;
    *n = (struct node){.cfg = *cfg, .cache = cache};
    n->cfg.burst = cfg->burst != 0 ? cfg->burst : HOT_BURST;
    n->cfg.burst_min = cfg->burst_min != 0 ? cfg->burst_min : BURST_MIN;
    n->cfg.name = keep(n->name, cfg->name);
    n->cfg.cluster = keep(n->cluster, cfg->cluster);
    rng_init(&n->rng, cfg->seed);
    rotation_begin(&n->rotation, now, cfg->ring);
    n->cfg.ring = &n->rotation.ring;
    packet_ctx_init(&n->seal, n->cfg.ring, n->cfg.cluster,
                    hash_node_id(n->cfg.cluster, n->cfg.name), &cfg->run);
    n->seal.mode = mode_settle(cfg->crypto, cfg->ring->n > 0);
    assert(cfg->secret != NULL || cfg->ring->n == 0);
    if (cfg->secret != NULL)
        ratchet_begin(&n->ratchet, cfg->secret);
    n->cfg.secret = NULL;
    if (!make_buffers(n, arena) || !make_machines(n, arena, now) || !make_promises(n, arena, now)) {
        node_free(n);
        return NULL;
    }
    life_begin(n, now);
    return n;
}

void *node_secrets(struct node *n, size_t *len)
{
    *len = offsetof(struct rotation, heard);
    return &n->rotation;
}

void node_free(struct node *n)
{
    if (n == NULL)
        return;
    rotation_fini(&n->rotation);
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
        ask_command(n, now, in->command);
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
    case NODE_IN_KEYRING:
        rotation_want(n, now, in->keyring);
        break;
    case NODE_IN_LEAVE:
        life_leave(n, now);
        break;
    }
    /* Heads that were heard raised L: tokens given from now on are younger than they. */
    cache_publish(n->cache, ledger_l(n->ledger));
    certify_publish(n, now);
}

void node_tick(struct node *n, mono_us now)
{
    swim_tick(n->swim, now);
    spread_tick(n->spread, now);
    if (n->life.state != NODE_JOINING) /* what a joiner lacks it adopts */
        heal_tick(n->heal, now);
    stream_tick(n, now);
    life_tick(n, now);
    warm_tick(n, now);
    ask_tick(n, now);
    uint32_t active = 0;
    if (active_read(&n->active, now, &active))
        spread_active(n->spread, active);
    certify_tick(n, now);
    certify_publish(n, now);
    rotation_tick(n, now);
}

mono_us node_deadline(const struct node *n)
{
    mono_us at = swim_deadline(n->swim);
    at = time_min(at, spread_deadline(n->spread));
    if (n->life.state != NODE_JOINING)
        at = time_min(at, heal_deadline(n->heal));
    at = time_min(at, peers_owed_at(n->peers));
    at = time_min(at, stream_deadline(n));
    at = time_min(at, warm_deadline(n));
    at = time_min(at, ask_deadline(n));
    at = time_min(at, certify_deadline(n));
    at = time_min(at, drift_deadline(n));
    at = time_min(at, rotation_deadline(n));
    return time_min(at, life_deadline(n));
}

bool node_poll(struct node *n, mono_us now, struct node_out *out)
{
    return notice_take(n->notices, out) || ask_poll(n, now, out) || datagram_poll(n, now, out) ||
           stream_poll(n, now, out) || notice_take(n->notices, out);
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
    if (n->life.poisoned)
        return "poisoned";
    return swim_muted(n->swim) ? "conflict" : TEXTS[n->life.state];
}

void node_heartbeat(struct node *n, mono_us now)
{
    swim_heartbeat(n->swim, now);
}
