#include "process.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "seal/session.h"

#include "block.h"
#include "world.h"

#define MEMBERS_ROOM 8 /* beside the nodes: two processes of one name, and candidates */

void process_free(struct sim_node *n)
{
    if (n->memory == NULL)
        return;
    block_clear(n->memory, n->memory_used);
    block_give(n->memory);
    n->memory = NULL;
}

const struct cache_key *process_key(struct sim *s, struct sim_node *n, uint32_t key)
{
    struct cache_key *ck = &n->keys[key];
    if (ck->ns_known)
        return ck;
    const enum err err =
        cache_key(n->cache, source_ns(s->source.keys[key].ns), source_name(&s->source, key), ck);
    assert(err == OK);
    return ck;
}

static struct run draw_run(struct sim *s, uint64_t wall_ms)
{
    struct run run;
    do {
        for (size_t i = 0; i < RUN_LEN; i++)
            run.bytes[i] = (uint8_t)rng_next(&s->boot_rng);
        run_date(&run, wall_ms);
    } while (run_epoch(&run) == 0);
    return run;
}

/* The random bytes of a machine that was copied while its process ran. */
static struct run copy_run(struct sim *s, struct sim_node *n, const struct run *own)
{
    const struct sim_node *of = n->copies == 0 ? NULL : &s->nodes[n->copies - 1];
    n->copies = 0;
    if (of == NULL || !of->up)
        return *own;
    s->runs[of->run].cloned = true;
    s->counters.clones++;
    return of->run_bytes;
}

static uint32_t add_run(struct sim *s, const struct sim_node *n, const struct node_cfg *cfg)
{
    const uint64_t epoch = run_epoch(&cfg->run);
    const uint32_t before = oracle_run_of(s, epoch);
    const uint32_t run = oracle_add_run(s, n, epoch);
    s->runs[run].cloned = before != UINT32_MAX;
    return run;
}

static void own(struct sim *s, const struct sim_node *n)
{
    s->owner[n->slot] = (uint8_t)(n->i + 1);
    s->shared[n->slot] =
        s->shared[n->slot] || (s->owned[n->slot] != 0 && s->owned[n->slot] != s->owner[n->slot]);
    s->owned[n->slot] = s->owner[n->slot];
}

static void give_address(struct sim *s, struct sim_node *n, bool anew)
{
    if (n->slot != 0 && !anew)
        return;
    if (n->slot != 0)
        s->owner[n->slot] = 0;
    do /* an address comes back to somebody when all others had their turn */
        n->slot = (uint16_t)(1 + s->slots_n++ % (SIM_SLOTS - 1));
    while (s->owner[n->slot] != 0);
    own(s, n);
}

static struct node_cfg config_of(struct sim *s, const struct sim_node *n)
{
    struct node_cfg cfg;
    memset(&cfg, 0, sizeof cfg);
    node_cfg_sizes(&cfg, SWIM_POD, s->cfg.budget_bytes);
    cfg.cluster = slice_text(n->foreign ? "other" : SIM_CLUSTER);
    cfg.name = slice_text(n->name);
    cfg.addr = link_addr(n->slot);
    cfg.generation = SIM_WALL_MS + (uint64_t)((int64_t)(s->now / US_PER_MS) + n->wall_offset_ms);
    cfg.run = draw_run(s, cfg.generation);
    cfg.seed = rng_next(&s->boot_rng);
    cfg.ring = keys_of(s, n);
    cfg.crypto = n->crypto;
    if (s->cfg.key_quiet_us != 0)
        cfg.key_quiet_us = s->cfg.key_quiet_us;
    cfg.seeded = true;
    cfg.warm_up = s->cfg.warm_up;
    cfg.members_max = s->cfg.nodes + MEMBERS_ROOM;
    cfg.tombstones_max = s->cfg.tombstones_max;
    cfg.origins_max = s->cfg.origins_max;
    cfg.windows_max = s->cfg.windows_max;
    cfg.thin_max = s->cfg.thin_max;
    cfg.more_bytes = s->cfg.more_bytes;
    cfg.retired_max = s->cfg.retired_max;
    cfg.checkpoints_max = s->cfg.checkpoints_max;
    cfg.log_max = s->cfg.log_max;
    cfg.recent_max = s->cfg.recent_max;
    cfg.direct_max = s->cfg.direct_max;
    cfg.burst = s->cfg.burst;
    cfg.burst_min = s->cfg.burst_min;
    if (!n->foreign)
        cfg.policies = s->policies;
    return cfg;
}

/* Drawn with the run, and copied with it. */
static void make_secret(const struct run *run, uint8_t out[SESSION_SEED_LEN])
{
    _Static_assert(SESSION_SEED_LEN == 2 * RUN_LEN, "twice the bytes of the run");
    memcpy(out, run->bytes, RUN_LEN);
    memcpy(out + RUN_LEN, run->bytes, RUN_LEN);
}

static struct cache *make_cache(struct sim *s, struct sim_node *n, struct arena *arena,
                                const struct run *run)
{
    struct cache_cfg cfg;
    memset(&cfg, 0, sizeof cfg);
    cfg.hkey = s->hkey;
    cfg.slot_seed = rng_next(&s->boot_rng);
    memcpy(cfg.token.secret.bytes, run->bytes, sizeof cfg.token.secret.bytes);
    cfg.token.epoch_low = (uint32_t)run_epoch(run);
    cfg.budget_bytes = s->cfg.budget_bytes;
    cfg.shards = 2;
    cfg.recent_max = s->cfg.cache_recent;
    cfg.value_max = SOURCE_VALUE_MAX;
    cfg.wake = reader_wake;
    cfg.wake_ctx = n;
    return cache_new(arena, &cfg);
}

void process_boot(struct sim *s, struct sim_node *n, uint64_t flags)
{
    struct arena arena;
    uint8_t secret[SESSION_SEED_LEN];
    if (n->up || n->barred)
        return;
    if (n->memory == NULL)
        n->memory = block_take();
    else
        block_clear(n->memory, n->memory_used);
    give_address(s, n, (flags & RESTART_NEW_ADDR) != 0);
    struct node_cfg cfg = config_of(s, n);
    cfg.run = copy_run(s, n, &cfg.run);
    make_secret(&cfg.run, secret);
    cfg.secret = secret;
    arena_init(&arena, n->memory, BLOCK_BYTES);
    n->run = add_run(s, n, &cfg);
    n->namesake = n->foreign ? n->i : sim_named(s, cfg.name);
    n->cache = make_cache(s, n, &arena, &cfg.run);
    assert(n->cache != NULL);
    n->node = node_new(&arena, &cfg, n->cache, sim_local(s, n->i));
    assert(n->node != NULL);
    n->memory_used = arena.used;
    memset(n->keys, 0, s->source.keys_n * sizeof *n->keys);
    n->up = true;
    n->left = n->frozen = false;
    n->up_at = n->thawed_at = s->now;
    n->run_bytes = cfg.run;
    n->holds.n = 0;
    if (!n->foreign) {
        oracle_begin(s, n);
        checks_begin(s, n);
    }
    sim_settle(s, n);
}

static void add_up(struct sim *s, const struct sim_node *n)
{
    struct node_view view;
    if (n->foreign)
        return;
    node_inspect(n->node, &view);
    marks_look(s, n);
    s->counters.pulled += view.heal.pulled;
    s->counters.broad += view.node.broad;
    s->counters.relays += view.swim.probes_relay;
}

static void drop_inbox(struct sim *s, struct sim_node *n)
{
    while (n->inbox != NULL) {
        struct event *e = n->inbox;
        n->inbox = e->next;
        if (e->kind == EVENT_DATAGRAM)
            link_forget(s, e);
        event_free(&s->queue, e);
    }
    n->inbox_last = NULL;
    n->inbox_datagrams = 0;
}

void process_end(struct sim *s, struct sim_node *n)
{
    if (!n->up)
        return;
    add_up(s, n);
    drop_inbox(s, n);
    node_free(n->node);
    n->node = NULL;
    n->cache = NULL;
    n->up = n->frozen = false;
    s->wake[n->i] = NEVER;
}

void process_exit(struct sim *s, struct sim_node *n)
{
    struct node_view view;
    node_inspect(n->node, &view);
    conn_crash(s, n->i, true);
    process_end(s, n);
    if (view.node.poisoned > 0) /* it ends with an error, and is started anew */
        sim_restart(s, n->i, US_PER_SEC, 0);
}

void process_hold(struct sim *s, struct sim_node *n, struct event *e)
{
    const bool datagram = e->kind == EVENT_DATAGRAM;
    if (e->kind == EVENT_OP) { /* its clients wait, and ask again */
        e->at = s->now + US_PER_SEC;
        queue_add(&s->queue, e);
        return;
    }
    if (datagram && n->inbox_datagrams == SIM_INBOX_MAX) {
        link_forget(s, e);
        s->counters.overflowed++;
        event_free(&s->queue, e);
        return;
    }
    n->inbox_datagrams += datagram;
    e->next = NULL;
    if (n->inbox == NULL)
        n->inbox = e;
    else
        n->inbox_last->next = e;
    n->inbox_last = e;
}

void process_thaw(struct sim *s, struct sim_node *n)
{
    struct event *e = n->inbox;
    if (!n->frozen || n->barred)
        return;
    n->frozen = false;
    n->thawed_at = s->now;
    n->inbox = n->inbox_last = NULL;
    n->inbox_datagrams = 0;
    while (e != NULL) {
        struct event *next = e->next;
        n->inputs++;
        if (n->up && !s->failed)
            sim_happen(s, e);
        event_free(&s->queue, e);
        e = next;
    }
    if (n->up && !s->failed)
        sim_settle(s, n);
}

/* ---- what stories say ---- */

void sim_boot(struct sim *s, uint32_t i)
{
    process_boot(s, &s->nodes[i], 0);
}

void sim_boot_all(struct sim *s)
{
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        give_address(s, &s->nodes[i], false); /* a zone names hosts that are still starting */
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        sim_boot(s, i);
}

void sim_crash(struct sim *s, uint32_t i, bool told)
{
    if (!s->nodes[i].up)
        return;
    s->counters.crashes++;
    conn_crash(s, i, told);
    process_end(s, &s->nodes[i]);
}

void sim_clone(struct sim *s, uint32_t i, uint32_t of)
{
    if (i == of || !s->nodes[of].up || s->nodes[of].left)
        return;
    sim_crash(s, i, true);
    s->nodes[i].copies = of + 1;
    process_boot(s, &s->nodes[i], 0);
}

void sim_stop(struct sim *s, uint32_t i)
{
    process_end(s, &s->nodes[i]);
}

void sim_address(struct sim *s, uint32_t i, uint16_t slot)
{
    struct sim_node *n = &s->nodes[i];
    assert(!n->up && s->owner[slot] == 0);
    if (n->slot != 0 && s->owner[n->slot] == i + 1)
        s->owner[n->slot] = 0;
    n->slot = slot;
    own(s, n);
}

void sim_restart(struct sim *s, uint32_t i, uint64_t delay_us, uint64_t flags)
{
    s->counters.restarts++;
    sim_plan(s, s->now + delay_us, EVENT_BOOT, i)->b = flags;
}

void sim_leave(struct sim *s, uint32_t i)
{
    if (s->nodes[i].up && !s->nodes[i].frozen)
        sim_input(s, i, &(struct node_in){.kind = NODE_IN_LEAVE});
}

void sim_pause(struct sim *s, uint32_t i, uint64_t us)
{
    struct sim_node *n = &s->nodes[i];
    if (!n->up || n->frozen)
        return;
    s->counters.pauses++;
    n->frozen = true;
    s->wake[i] = NEVER;
    sim_plan(s, s->now + us, EVENT_THAW, i)->run = n->run;
}

void sim_cut(struct sim *s, uint32_t a, uint32_t b, bool cut)
{
    link_at(s, a, b)->cut = cut;
}

void sim_split(struct sim *s, uint64_t side, bool cut)
{
    for (uint32_t a = 0; a < s->cfg.nodes; a++)
        for (uint32_t b = 0; b < s->cfg.nodes; b++)
            if ((side >> a & 1) != (side >> b & 1))
                link_at(s, a, b)->cut = cut;
}
