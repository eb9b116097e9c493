#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world_inside.h"

/** The chain of what node i tells of a name; others may share it. Source: FNV-1a, Fowler, Noll, Vo. */
static uint32_t chain_of(uint32_t i, const char *name)
{
    uint32_t h = 0x811C9DC5u ^ i * 0x9E3779B1u;
    for (; *name != 0; name++)
        h = (h ^ (uint8_t)*name) * 0x01000193u;
    return (h ^ h >> 16) % EVENT_CHAINS;
}

static const struct world_event *last_event(const struct world *w, uint32_t i, const char *name)
{
    uint32_t k = w->chains[chain_of(i, name)];
    for (; k > w->node[i].events_from; k = w->events[k - 1].chain) {
        const struct world_event *e = &w->events[k - 1].e;
        if (e->node == i && strcmp(e->name, name) == 0)
            return e;
    }
    return NULL;
}

static bool is_about_member(enum swim_event_kind kind)
{
    return kind != SWIM_CONFLICT && kind != SWIM_CONFLICT_OVER && kind != SWIM_ISOLATED &&
           kind != SWIM_CONNECTED && kind != SWIM_FORGOTTEN;
}

/** May `next` follow `last` about one member? */
static bool is_legal(const struct world_event *last, const struct world_event *next)
{
    const bool gone = last == NULL || last->kind == SWIM_LEAVE || last->kind == SWIM_FORGOTTEN;
    const bool dead = last != NULL && last->kind == SWIM_FAIL;
    const bool suspect = last != NULL && last->kind == SWIM_SUSPECTED;
    switch (next->kind) {
    case SWIM_JOIN:
        return gone;
    case SWIM_SUSPECTED:
    case SWIM_UPDATE:
        return !gone && !dead && !suspect;
    case SWIM_FAIL:
        return suspect;
    case SWIM_ALIVE_AGAIN:
        if (dead) /* only a higher incarnation ends DEAD */
            return next->gen > last->gen || (next->gen == last->gen && next->ver > last->ver);
        return suspect;
    default:
        return !gone;
    }
}

void log_event(struct world *w, uint32_t i, const struct swim_out *out)
{
    assert(w->events_n < w->events_max);
    struct world_event e = {.at = w->now,
                            .node = i,
                            .kind = out->event,
                            .gen = out->member.generation,
                            .gen_before = out->before.generation,
                            .ver = out->member.version,
                            .ver_before = out->before.version,
                            .addr = out->member.addr};
    memcpy(e.name, out->member.name.at, out->member.name.len);
    note(w, (uint64_t)e.kind << 32 | i);
    note(w, e.gen + e.ver);
    const struct world_event *last = last_event(w, i, e.name);
    if (is_about_member(e.kind) && !is_legal(last, &e)) {
        fprintf(stderr, "seed %llu: node %u tells %d of %s after %d\n",
                (unsigned long long)w->cfg.seed, i, (int)e.kind, e.name,
                last == NULL ? -1 : (int)last->kind);
        abort();
    }
    uint32_t *chain = &w->chains[chain_of(i, e.name)];
    w->events[w->events_n++] = (struct logged){.e = e, .chain = *chain};
    *chain = w->events_n;
}

bool world_view(struct world *w, uint32_t i, const char *name, struct swim_member *out)
{
    return swim_find_name(w->node[i].s, slice_text(name), out);
}

enum swim_state world_state(struct world *w, uint32_t i, const char *name)
{
    struct swim_member m;
    return world_view(w, i, name, &m) ? m.state : SWIM_CANDIDATE;
}

static bool matches(const struct world_event *e, uint32_t i, enum swim_event_kind kind,
                    const char *name)
{
    return (i == WORLD_NODES || e->node == i) && e->kind == kind &&
           (name == NULL || strcmp(e->name, name) == 0);
}

uint32_t world_count(const struct world *w, uint32_t i, enum swim_event_kind kind, const char *name)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < w->events_n; k++)
        n += matches(&w->events[k].e, i, kind, name) ? 1 : 0;
    return n;
}

const struct world_event *world_last(const struct world *w, uint32_t i, enum swim_event_kind kind,
                                     const char *name)
{
    for (uint32_t k = w->events_n; k > 0; k--) {
        if (matches(&w->events[k - 1].e, i, kind, name))
            return &w->events[k - 1].e;
    }
    return NULL;
}

bool world_agrees(struct world *w, uint32_t unused)
{
    (void)unused;
    uint32_t up = 0;
    for (uint32_t i = 0; i < w->cfg.nodes; i++)
        up += w->node[i].up ? 1 : 0;
    for (uint32_t i = 0; i < w->cfg.nodes; i++) {
        if (w->node[i].up && swim_alive(w->node[i].s) != up)
            return false;
    }
    for (uint32_t i = 0; i < w->cfg.nodes; i++) {
        for (uint32_t j = 0; j < w->cfg.nodes && w->node[i].up; j++) {
            if (w->node[j].up && world_state(w, i, w->node[j].name) != SWIM_ALIVE)
                return false;
        }
    }
    return true;
}

bool world_buried(struct world *w, uint32_t who)
{
    char name[64];
    snprintf(name, sizeof name, "n%u", who);
    for (uint32_t i = 0; i < w->cfg.nodes; i++) {
        if (w->node[i].up && world_state(w, i, name) != SWIM_DEAD)
            return false;
    }
    return true;
}

uint64_t world_trace(const struct world *w)
{
    return w->trace;
}

uint64_t world_stream_records(const struct world *w)
{
    return w->stream_records;
}

uint64_t world_datagrams(const struct world *w)
{
    return w->traffic.datagrams;
}

uint64_t world_env_seed(void)
{
    const char *text = getenv("SEED");
    return text == NULL ? 1 : strtoull(text, NULL, 0);
}
