#include "acts.h"

#include "process.h"
#include "world.h"

#define BEGINS 0U
#define ENDS   1U

static uint32_t as_node(const struct sim *s, int64_t arg)
{
    return (uint32_t)arg % s->cfg.nodes;
}

/* ---- links ---- */

/* Is the link from a to b one of those from `from` to `to`, where -1 stands for all? */
static bool is_meant(uint32_t a, uint32_t b, int64_t from, int64_t to)
{
    return a != b && (from < 0 || a == (uint32_t)from) && (to < 0 || b == (uint32_t)to);
}

static void act_on_link(struct sim *s, struct link *l, const struct act *act, bool begins)
{
    switch (act->kind) {
    case ACT_CUT:
        l->cuts = (uint16_t)(begins ? l->cuts + 1 : l->cuts - (l->cuts > 0));
        break;
    case ACT_TYPES:
        l->types = begins ? l->types | (uint16_t)act->arg[0] : l->types & ~(uint16_t)act->arg[0];
        break;
    case ACT_MTU:
        l->mtu = begins ? (uint16_t)act->arg[0] : 0;
        l->mtu_told = act->arg[2] != 0;
        break;
    case ACT_CLOG:
        if (begins)
            l->clogged_until = time_max(l->clogged_until, s->now + act->lasts_us);
        break;
    default:
        break;
    }
}

static bool is_about(const struct sim *s, const struct act *act, uint32_t a, uint32_t b)
{
    switch (act->kind) {
    case ACT_CUT:
        return a < s->cfg.nodes && b < s->cfg.nodes && cut_has(act, a, b, s->cfg.nodes);
    case ACT_TYPES:
        return is_meant(a, b, act->arg[1], act->arg[2]);
    case ACT_MTU:
        return is_meant(a, b, act->arg[1], -1) || is_meant(a, b, -1, act->arg[1]);
    default:
        return is_meant(a, b, act->arg[0], act->arg[1]);
    }
}

static void act_on_links(struct sim *s, const struct act *act, bool begins)
{
    s->counters.cuts += begins && act->kind == ACT_CUT;
    for (uint32_t a = 0; a < s->all; a++)
        for (uint32_t b = 0; b < s->all; b++)
            if (is_about(s, act, a, b))
                act_on_link(s, link_at(s, a, b), act, begins);
}

/* What is so for all links from now on. */
static void change_weather(struct sim *s, const struct act *act)
{
    for (size_t i = 0; i < (size_t)s->all * s->all; i++) {
        struct link *l = &s->links[i];
        if (act->kind == ACT_LOSS) {
            l->loss = (uint16_t)act->arg[0];
        } else if (act->kind == ACT_BURST) {
            l->burst = (uint16_t)act->arg[0];
            l->burst_len = (uint16_t)act->arg[1];
        } else if (act->kind == ACT_DUP) {
            l->dup = (uint16_t)act->arg[0];
        } else if (act->kind == ACT_FLIP) {
            l->flip = (uint16_t)act->arg[0];
        } else if (act->kind == ACT_DELAY) {
            l->delay_min_us = (uint32_t)act->arg[0];
            l->delay_mean_us = (uint32_t)act->arg[1];
        } else if (act->kind == ACT_CAPACITY) {
            l->capacity = (uint32_t)act->arg[0];
            l->us_per_kib = (uint32_t)act->arg[1];
        }
    }
}

/* ---- processes ---- */

static uint64_t flags_of(int64_t anew)
{
    return anew != 0 ? RESTART_NEW_ADDR : 0;
}

static void crash(struct sim *s, const struct act *act)
{
    const uint32_t i = as_node(s, act->arg[0]);
    if (!s->nodes[i].up)
        return;
    sim_crash(s, i, act->arg[1] != 0);
    sim_restart(s, i, (uint64_t)act->arg[2], flags_of(act->arg[3]));
}

static void leave(struct sim *s, const struct act *act)
{
    const uint32_t i = as_node(s, act->arg[0]);
    if (!s->nodes[i].up || s->nodes[i].frozen)
        return;
    sim_leave(s, i);
    sim_restart(s, i, (uint64_t)act->arg[1], flags_of(act->arg[2]));
}

/* The old process dies, its address goes to another cluster, and it comes back elsewhere. */
static void give_away(struct sim *s, const struct act *act)
{
    const uint32_t i = as_node(s, act->arg[0]);
    const uint32_t stranger = s->cfg.nodes + ((uint32_t)act->arg[1] & 1);
    const uint16_t slot = s->nodes[i].slot;
    if (stranger >= s->all || slot == 0)
        return;
    sim_crash(s, stranger, true);
    sim_crash(s, i, true);
    s->owner[slot] = 0;
    s->nodes[i].slot = 0;
    sim_address(s, stranger, slot);
    sim_boot(s, stranger);
    s->counters.foreigners++;
    sim_restart(s, i, (uint64_t)act->arg[2], RESTART_NEW_ADDR);
}

/* Fences are not promised against it, so it happens only where nobody asks for them. */
static void copy_process(struct sim *s, const struct act *act)
{
    if (s->policies.expect == 0)
        sim_clone(s, as_node(s, act->arg[0]), as_node(s, act->arg[1]));
}

/* ---- acts ---- */

static void begin(struct sim *s, const struct act *act, uint64_t index)
{
    switch (act->kind) {
    case ACT_REPLAY:
        link_record(s, (uint32_t)act->arg[0], (uint32_t)act->arg[1]);
        break;
    case ACT_STORM: {
        struct event *e = sim_plan(s, s->now, EVENT_STORM, as_node(s, act->arg[0]));
        e->a = (uint64_t)act->arg[1];
        e->b = (uint64_t)act->arg[2];
        break;
    }
    case ACT_CUT:
    case ACT_TYPES:
    case ACT_MTU:
    case ACT_CLOG:
        act_on_links(s, act, true);
        break;
    case ACT_CRASH:
        crash(s, act);
        break;
    case ACT_LEAVE:
        leave(s, act);
        break;
    case ACT_FOREIGN:
        give_away(s, act);
        break;
    case ACT_PAUSE:
        sim_pause(s, as_node(s, act->arg[0]), act->lasts_us);
        return; /* it ends by itself */
    case ACT_RATE:
        sim_clock_rate(s, as_node(s, act->arg[0]), (int32_t)act->arg[1]);
        break;
    case ACT_WALL:
        s->nodes[as_node(s, act->arg[0])].wall_offset_ms = act->arg[1];
        break;
    case ACT_DNS:
        dns_set(s, (enum dns_mode)(act->arg[0] % DNS_MODES));
        break;
    case ACT_CLONE:
        copy_process(s, act);
        break;
    case ACT_RING:
        keys_edit(s, as_node(s, act->arg[0]), act);
        break;
    default:
        change_weather(s, act);
        break;
    }
    if (act->lasts_us > 0) {
        struct event *e = sim_plan(s, s->now + act->lasts_us, EVENT_ACT, 0);
        e->a = index;
        e->b = ENDS;
    }
}

/* As it was before anything went wrong. */
static void end_weather(struct sim *s, const struct act *act)
{
    struct act none = {.kind = act->kind};
    if (act->kind == ACT_DELAY) {
        none.arg[0] = SIM_DELAY_MIN_US;
        none.arg[1] = SIM_DELAY_MEAN_US;
    } else if (act->kind == ACT_CAPACITY) {
        none.arg[0] = SIM_CAPACITY;
    }
    change_weather(s, &none);
}

static void end(struct sim *s, const struct act *act)
{
    if (act->kind == ACT_DNS)
        dns_set(s, DNS_RIGHT);
    else if (act->kind == ACT_REPLAY)
        s->recorder.permille = 0;
    else if (act->kind == ACT_RATE)
        sim_clock_rate(s, as_node(s, act->arg[0]), 0);
    else if (act->kind <= ACT_CAPACITY || act->kind == ACT_FLIP)
        end_weather(s, act);
    else if (act->kind == ACT_FOREIGN && s->cfg.nodes + ((uint32_t)act->arg[1] & 1) < s->all)
        sim_crash(s, s->cfg.nodes + ((uint32_t)act->arg[1] & 1), true);
    else
        act_on_links(s, act, false);
}

void acts_begin(struct sim *s, const struct script *sc)
{
    s->acts.script = script_copy(sc, NULL);
    s->acts.active = true;
    for (uint32_t i = 0; i < sc->acts_n; i++)
        sim_plan(s, s->now + sc->acts[i].at_us, EVENT_ACT, 0)->a = i;
}

static void storm(struct sim *s, const struct event *e)
{
    if (e->a == 0)
        return;
    link_replay(s, e->node);
    struct event *next = sim_plan(s, s->now + e->b, EVENT_STORM, e->node);
    next->a = e->a - 1;
    next->b = e->b;
}

void acts_event(struct sim *s, const struct event *e)
{
    if (!s->acts.active)
        return;
    if (e->kind == EVENT_STORM)
        storm(s, e);
    else if (e->b == BEGINS)
        begin(s, &s->acts.script.acts[e->a], e->a);
    else
        end(s, &s->acts.script.acts[e->a]);
}

/* ---- healing ---- */

static void mend_links(struct sim *s)
{
    const struct link whole = {.delay_min_us = 100, .delay_mean_us = 200, .capacity = 4096};
    link_set_all(s, &whole);
    for (size_t i = 0; i < (size_t)s->all * s->all; i++) {
        s->links[i].cut = false;
        s->links[i].cuts = 0;
        s->links[i].clogged_until = 0;
    }
    s->recorder.permille = 0;
    dns_set(s, DNS_RIGHT);
}

/* Copies that have not met are told apart by whoever heals. */
static void heal_node(struct sim *s, uint32_t i)
{
    if (s->nodes[i].up && s->runs[s->nodes[i].run].cloned)
        sim_crash(s, i, true);
    sim_plan(s, s->now, EVENT_THAW, i)->run = s->nodes[i].run;
    sim_plan(s, s->now + 1, EVENT_BOOT, i);
}

enum rest {
    REST_DOWN,
    REST_ASLEEP,
    REST_CUT,
    REST_DEAF,  /* it is heard, and hears nobody */
    REST_MUTE,  /* it hears all, and nobody hears it */
    REST_HALF,  /* some hear it, and are heard by it */
    REST_LOSSY, /* most of its datagrams vanish */
    RESTS
};

static void half_connect(struct sim *s, uint32_t i, enum rest how)
{
    for (uint32_t j = 0; j < s->cfg.nodes; j++) {
        const bool reaches = how == REST_HALF && (j + i) % 2 == 0;
        struct link *out = link_at(s, i, j);
        struct link *in = link_at(s, j, i);
        if (j == i)
            continue;
        if (how == REST_LOSSY) {
            out->loss = in->loss = 700;
            continue;
        }
        out->cut = out->cut || (how != REST_DEAF && !reaches);
        in->cut = in->cut || (how != REST_MUTE && !reaches);
    }
}

/* What is left of a node outside the core. */
static void leave_broken(struct sim *s, uint32_t i, enum rest how)
{
    struct sim_node *n = &s->nodes[i];
    if (how == REST_DOWN || how == REST_ASLEEP || how == REST_CUT)
        s->acts.gone |= 1ULL << i;
    if (how == REST_DOWN) {
        sim_crash(s, i, true);
        n->barred = true;
        return;
    }
    if (how == REST_ASLEEP) {
        n->barred = true;
        if (!n->up)
            return;
        n->frozen = true;
        s->wake[i] = NEVER;
        return;
    }
    half_connect(s, i, how);
    heal_node(s, i);
}

void acts_heal(struct sim *s, uint64_t rest)
{
    s->acts.active = false;
    s->acts.rest = rest;
    s->core = ~rest;
    mend_links(s);
    for (uint32_t i = 0; i < s->cfg.nodes; i++) {
        if ((rest >> i & 1) == 0)
            heal_node(s, i);
        else
            leave_broken(s, i, (enum rest)rng_below(&s->rest_rng, RESTS));
    }
    keys_heal(s);
}

void acts_fini(struct sim *s)
{
    script_free(&s->acts.script);
}
