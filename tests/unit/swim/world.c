#include "world.h"

#include <assert.h>
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#include "world_inside.h"

static uint32_t next_to_tick(const struct world *w, mono_us *at)
{
    uint32_t who = WORLD_NODES;
    *at = NEVER;
    for (uint32_t i = 0; i < w->cfg.nodes; i++) {
        if (w->due[i] < *at) {
            *at = w->due[i];
            who = i;
        }
    }
    return who;
}

void plan(struct world *w, uint32_t i)
{
    const struct process *n = &w->node[i];
    w->due[i] = n->up && !n->paused ? swim_deadline(n->s) : NEVER;
}

static void tick(struct world *w, uint32_t i)
{
    swim_tick(w->node[i].s, w->now);
    drain(w, i);
    if (swim_deadline(w->node[i].s) <= w->now) {
        fprintf(stderr, "seed %llu: node %u wants to be ticked for ever\n",
                (unsigned long long)w->cfg.seed, i);
        abort();
    }
}

/** Do the next thing if it comes before `until`; false when time has come. */
static bool step(struct world *w, mono_us until)
{
    mono_us tick_at;
    const uint32_t who = next_to_tick(w, &tick_at);
    const mono_us packet_at = w->heap_n > 0 ? w->heap[0]->at : NEVER;
    const mono_us next = time_min(tick_at, packet_at);
    if (next > until) {
        w->now = until;
        return false;
    }
    w->now = time_max(w->now, next);
    if (packet_at <= tick_at)
        happen(w, net_pop(w));
    else
        tick(w, who);
    return true;
}

void world_run(struct world *w, uint64_t us)
{
    const mono_us until = w->now + us;
    for (uint32_t i = 0; i < w->cfg.nodes; i++)
        plan(w, i); /* the story may have done anything to them */
    while (step(w, until))
        ;
}

bool world_run_until(struct world *w, world_claim *holds, uint32_t who, uint64_t us)
{
    const mono_us until = w->now + us;
    while (w->now < until) {
        world_run(w, time_min(10 * US_PER_MS, until - w->now));
        if (holds(w, who))
            return true;
    }
    return false;
}

mono_us world_now(const struct world *w)
{
    return w->now;
}

struct world *world_new(const struct world_cfg *cfg)
{
    struct world *w = calloc(1, sizeof *w);
    assert(w != NULL && cfg->nodes <= WORLD_NODES);
    w->cfg = *cfg;
    if (w->cfg.members_max == 0)
        w->cfg.members_max = cfg->nodes <= 128 ? 128 : 1024;
    if (w->cfg.tombstones_max == 0)
        w->cfg.tombstones_max = 128;
    if (w->cfg.delay_us == 0)
        w->cfg.delay_us = 1500;
    w->now = US_PER_SEC;
    rng_init(&w->rng, cfg->seed);
    w->hkey = hash_cluster_key(slice_text(CLUSTER));
    w->events_max = cfg->events_max != 0 ? cfg->events_max : 65536 + 4 * cfg->nodes * cfg->nodes;
    w->events = calloc(w->events_max, sizeof *w->events);
    assert(w->events != NULL);
    if (cfg->reseed_us != 0) {
        struct packet *p = packet_new(w, 1);
        p->what = RESEED;
        net_push(w, p);
    }
    return w;
}

static void empty_socket(struct process *n)
{
    for (uint32_t i = 0; i < n->socket_n; i++)
        free(n->socket[i]);
    n->socket_n = 0;
}

void world_free(struct world *w)
{
    for (uint32_t i = 0; i < w->cfg.nodes; i++) {
        empty_socket(&w->node[i]);
        free(w->node[i].memory);
    }
    while (w->heap_n > 0)
        free(w->heap[--w->heap_n]);
    free(w->heap);
    free(w->events);
    free(w);
}

void world_start_as(struct world *w, uint32_t i, const char *name, uint64_t gen)
{
    struct process *n = &w->node[i];
    empty_socket(n);
    free(n->memory);
    *n = (struct process){.up = true, .epoch = 0xE0000 + ++w->runs, .events_from = w->events_n};
    snprintf(n->name, sizeof n->name, "%s", name);
    const struct swim_cfg cfg = {.cluster = slice_text(CLUSTER),
                                 .name = slice_text(n->name),
                                 .hkey = w->hkey,
                                 .addr = addr_of_place(i),
                                 .generation = gen,
                                 .epoch = n->epoch,
                                 .seed = rng_next(&w->rng),
                                 .members_max = w->cfg.members_max,
                                 .tombstones_max = w->cfg.tombstones_max,
                                 .times = swim_times_of(SWIM_POD)};
    n->id = hash_node_id(cfg.cluster, cfg.name);
    n->memory = malloc(4 << 20);
    struct arena arena;
    arena_init(&arena, n->memory, 4 << 20);
    n->s = swim_new(&arena, &cfg, w->now);
    assert(n->s != NULL);
}

void world_start(struct world *w, uint32_t i)
{
    char name[64];
    snprintf(name, sizeof name, "n%u", i);
    world_start_as(w, i, name, WORLD_WALL_MS + w->now / US_PER_MS);
}

void world_start_all(struct world *w)
{
    for (uint32_t i = 0; i < w->cfg.nodes; i++)
        world_start(w, i);
    for (uint32_t i = 1; i < w->cfg.nodes; i++)
        world_seed(w, i, 0);
}

struct world *world_settled(uint32_t nodes, uint64_t seed)
{
    struct world *w = world_new(&(struct world_cfg){.seed = seed, .nodes = nodes});
    world_start_all(w);
    cr_assert(world_run_until(w, world_agrees, 0, 10 * US_PER_SEC), "seed %" PRIu64, seed);
    world_run(w, 5 * US_PER_SEC + seed * 977);
    return w;
}

void world_seed(struct world *w, uint32_t i, uint32_t j)
{
    const struct addr addr = addr_of_place(j);
    swim_seed(w->node[i].s, w->now, &addr, 1);
    drain(w, i);
}

void world_crash(struct world *w, uint32_t i)
{
    w->node[i].up = false;
    empty_socket(&w->node[i]);
}

void world_pause(struct world *w, uint32_t i)
{
    w->node[i].paused = true;
}

void world_resume(struct world *w, uint32_t i)
{
    struct process *n = &w->node[i];
    n->paused = false;
    for (uint32_t k = 0; k < n->socket_n; k++) {
        receive(w, i, n->socket[k]);
        free(n->socket[k]);
    }
    n->socket_n = 0;
}

void world_cut(struct world *w, uint32_t a, uint32_t b)
{
    w->cut[a][b] = true;
}

void world_heal(struct world *w)
{
    memset(w->cut, 0, sizeof w->cut);
}

void world_lose(struct world *w, uint32_t permille)
{
    w->cfg.loss_permille = permille;
}

struct swim *world_at(struct world *w, uint32_t i)
{
    return w->node[i].up ? w->node[i].s : NULL;
}

struct swim_from world_from(const struct world *w, uint32_t i)
{
    return (struct swim_from){
        .id = w->node[i].id, .epoch = w->node[i].epoch, .addr = addr_of_place(i), .proven = true};
}

void world_inject(struct world *w, uint32_t i, const struct swim_from *from,
                  const struct peer_msg *m)
{
    swim_recv(w->node[i].s, w->now, from, m);
    drain(w, i);
}
