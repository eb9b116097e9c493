#include "draw.h"

#include "base/attr.h"
#include "base/rng.h"
#include "base/time.h"
#include "wire/peer.h"

#include "dns.h"
#include "keys.h"
#include "link.h"

struct draw {
    struct script *sc;
    struct rng rng; /* of the class being drawn */
    enum fault fault;
    uint64_t every_us; /* mean time between two */
    uint64_t lasts_us; /* longest */
};

/* Between low and high, every order of magnitude as likely as the next. */
static uint64_t between(struct rng *r, uint64_t low, uint64_t high)
{
    uint64_t value = low;
    const uint32_t doublings = 64U - (uint32_t)__builtin_clzll(high / low);
    value <<= rng_below(r, doublings);
    value += rng_below(r, value);
    return value < high ? value : high;
}

static int64_t number(struct draw *d, uint64_t low, uint64_t high)
{
    return (int64_t)between(&d->rng, low, high);
}

static int64_t node(struct draw *d)
{
    return (int64_t)rng_below(&d->rng, d->sc->nodes);
}

/* A node, or -1: all of them. */
static int64_t node_or_all(struct draw *d)
{
    return rng_chance(&d->rng, 400) ? -1 : node(d);
}

static int64_t coin(struct draw *d, uint32_t permille)
{
    return rng_chance(&d->rng, permille);
}

static uint64_t lasts(struct draw *d)
{
    return between(&d->rng, 10 * US_PER_MS, d->lasts_us);
}

static void add(struct draw *d, const struct act *act)
{
    struct act added = *act;
    added.fault = d->fault;
    script_add(d->sc, &added);
}

/* Draws stand one to a statement: compilers may evaluate a list of initialisers in any order. */

/* ---- what is so for the whole time ---- */

/* Mostly links lose little; a burst of up to 20 datagrams is what a full queue does. */
static void draw_weather(struct draw *d)
{
    static const struct weather {
        bool on;
        enum act_kind kind;
        uint64_t low[2], high[2];
    } WEATHERS[FAULTS] = {
        [FAULT_LOSS] = {true, ACT_LOSS, {5, 1}, {300, 1}},
        [FAULT_BURST] = {true, ACT_BURST, {5, 1}, {200, 20}},
        [FAULT_DUP] = {true, ACT_DUP, {5, 1}, {200, 1}},
        [FAULT_REPLAY] = {true, ACT_REPLAY, {5, 16}, {500, 100000}},
        [FAULT_DELAY] = {true, ACT_DELAY, {100, 200}, {30 * US_PER_MS, 100 * US_PER_MS}},
        [FAULT_CLOG] = {true, ACT_CAPACITY, {2, 100}, {64, 50000}},
        [FAULT_FLIP] = {true, ACT_FLIP, {5, 1}, {200, 1}},
    };
    const struct weather *w = &WEATHERS[d->fault];
    struct act act = {.kind = w->kind};
    if (!w->on)
        return;
    act.arg[0] = number(d, w->low[0], w->high[0]);
    act.arg[1] = number(d, w->low[1], w->high[1]);
    if (act.kind == ACT_CAPACITY && coin(d, 500))
        act.arg[1] = 0; /* short queues, but no narrow path */
    add(d, &act);
}

/* What fences reckon with is twice as bad as what clocks are: in half of the seeds, from a stream of its
 * own, they are that bad, and half of them just so. */
static void draw_rates(struct draw *d)
{
    struct rng limit;
    rng_init(&limit, d->sc->seed ^ 0xC10C5ULL);
    const int64_t times = rng_chance(&limit, 500) ? 2 : 1;
    for (uint32_t i = 0; i < d->sc->nodes; i++) {
        int64_t ppm = (int64_t)rng_below(&d->rng, 1001) - 500;
        if (coin(d, 500)) /* half of the clocks are as bad as clocks get */
            ppm = ppm < 0 ? -500 : 500;
        ppm *= times;
        add(d, &(struct act){.kind = ACT_RATE, .arg = {i, ppm}});
    }
}

/* ---- what happens now and then ---- */

static int64_t some_side(struct draw *d)
{
    const uint64_t side = rng_next(&d->rng) & ((1ULL << d->sc->nodes) - 1);
    const int64_t one = node(d);
    return coin(d, 500) ? (int64_t)1 << one : (int64_t)side;
}

static void draw_cut(struct draw *d, struct act *act)
{
    act->kind = ACT_CUT;
    act->lasts_us = lasts(d);
    act->arg[0] = CUT_SPLIT;
    act->arg[1] = some_side(d);
    add(d, act);
}

static void draw_oneway(struct draw *d, struct act *act)
{
    act->kind = ACT_CUT;
    act->lasts_us = lasts(d);
    act->arg[0] = coin(d, 500) ? CUT_LINK : CUT_ONEWAY;
    act->arg[1] = act->arg[0] == CUT_LINK ? node(d) : some_side(d);
    act->arg[2] = node(d);
    add(d, act);
}

static void draw_shape(struct draw *d, struct act *act)
{
    act->kind = ACT_CUT;
    act->lasts_us = lasts(d);
    act->arg[0] = coin(d, 500) ? CUT_BRIDGE : CUT_RING;
    act->arg[1] = some_side(d);
    act->arg[2] = node(d);
    add(d, act);
}

static void draw_types(struct draw *d, struct act *act)
{
    static const int64_t MASKS[] = {
        1 << PEER_ACK,
        1 << PEER_PING,
        1 << PEER_PING | 1 << PEER_ACK,
        1 << PEER_PING_REQ | 1 << PEER_NACK,
        1 << PEER_GOSSIP,
        1 << PEER_PULL,
        1 << PEER_DOTS | 1 << PEER_GONE,
        1 << PEER_HEADS,
        1 << PEER_LEAVE,
        1 << PEER_PULL | 1 << PEER_DOTS | 1 << PEER_GONE | 1 << PEER_HEADS,
        0xFFF & ~(1 << PEER_PING | 1 << PEER_ACK),
    };
    act->kind = ACT_TYPES;
    act->lasts_us = lasts(d);
    act->arg[0] = MASKS[rng_below(&d->rng, ARRAY_LEN(MASKS))];
    act->arg[1] = node_or_all(d);
    act->arg[2] = node_or_all(d);
    add(d, act);
}

static void draw_clog(struct draw *d, struct act *act)
{
    act->kind = ACT_CLOG;
    act->lasts_us = between(&d->rng, 10 * US_PER_MS, 5 * US_PER_SEC);
    act->arg[0] = node_or_all(d);
    act->arg[1] = node_or_all(d);
    add(d, act);
}

static void draw_mtu(struct draw *d, struct act *act)
{
    static const int64_t PAYLOADS[] = {1232 - 28, 1100 - 28, 576 - 28};
    act->kind = ACT_MTU;
    act->lasts_us = 4 * lasts(d);
    act->arg[0] = PAYLOADS[rng_below(&d->rng, ARRAY_LEN(PAYLOADS))];
    act->arg[1] = node_or_all(d);
    act->arg[2] = coin(d, 500);
    add(d, act);
}

static void draw_storm(struct draw *d, struct act *act)
{
    act->kind = ACT_STORM;
    act->arg[0] = node(d);
    act->arg[1] = number(d, 10, 1000);
    if (coin(d, 50))
        act->arg[1] *= 100;
    act->arg[2] = number(d, 10, 1000);
    add(d, act);
}

static void draw_crash_of(struct draw *d, struct act *act, int64_t victim)
{
    act->kind = ACT_CRASH;
    act->arg[0] = victim;
    act->arg[1] = coin(d, 700);
    act->arg[2] = (int64_t)lasts(d);
    if (coin(d, 300))
        act->arg[2] = 1;
    act->arg[3] = coin(d, 500);
}

static void draw_crash(struct draw *d, struct act *act)
{
    draw_crash_of(d, act, node(d));
    add(d, act);
}

/* A boot that comes too early would find the old process still leaving. */
static void draw_leave_of(struct draw *d, struct act *act, int64_t victim)
{
    act->kind = ACT_LEAVE;
    act->arg[0] = victim;
    act->arg[1] = 2 * (int64_t)US_PER_SEC + (int64_t)lasts(d);
    act->arg[2] = coin(d, 500);
}

static void draw_restart(struct draw *d, struct act *act)
{
    draw_leave_of(d, act, node(d));
    add(d, act);
}

static void draw_mass(struct draw *d, struct act *act)
{
    const uint64_t began_us = act->at_us;
    const bool all = coin(d, 500);
    const uint64_t spread = between(&d->rng, 1, 2 * US_PER_SEC);
    for (uint32_t i = 0; i < d->sc->nodes; i++) {
        act->at_us = began_us + rng_below(&d->rng, spread);
        draw_crash_of(d, act, i);
        if (coin(d, 700) || all)
            add(d, act);
    }
}

static void draw_rolling(struct draw *d, struct act *act)
{
    const uint64_t gap = between(&d->rng, 500 * US_PER_MS, 10 * US_PER_SEC);
    for (uint32_t i = 0; i < d->sc->nodes; i++, act->at_us += gap) {
        draw_leave_of(d, act, i);
        add(d, act);
    }
}

static void draw_foreign(struct draw *d, struct act *act)
{
    act->kind = ACT_FOREIGN;
    act->lasts_us = 4 * lasts(d);
    act->arg[0] = node(d);
    act->arg[1] = coin(d, 500);
    act->arg[2] = (int64_t)lasts(d);
    add(d, act);
}

static void draw_pause(struct draw *d, struct act *act)
{
    act->kind = ACT_PAUSE;
    act->lasts_us = lasts(d);
    act->arg[0] = node(d);
    add(d, act);
}

/* The time of day jumps by up to a day; half of the clocks are ahead, half behind. A name whose next
 * process is more than a day older is refused, so one clock does not jump from one end to the other. */
static void draw_wall(struct draw *d, struct act *act)
{
    static const int64_t AHEAD_MS[] = {0, 0, 1, 5000, 3600000, 82800000};
    act->kind = ACT_WALL;
    act->arg[0] = node(d);
    act->arg[1] = AHEAD_MS[rng_below(&d->rng, ARRAY_LEN(AHEAD_MS))];
    if (act->arg[0] % 2 == 1)
        act->arg[1] = -act->arg[1];
    add(d, act);
}

static void draw_dns(struct draw *d, struct act *act)
{
    act->kind = ACT_DNS;
    act->lasts_us = lasts(d);
    act->arg[0] = 1 + (int64_t)rng_below(&d->rng, DNS_MODES - 1);
    add(d, act);
}

static void draw_clone(struct draw *d, struct act *act)
{
    act->kind = ACT_CLONE;
    act->arg[0] = node(d);
    act->arg[1] = node(d);
    add(d, act);
}

/* In one of three ways: it stands still, it is cut off, it dies. */
static void draw_stop(struct draw *d, struct act *act, uint64_t how, uint32_t victim)
{
    act->kind = ACT_PAUSE;
    act->arg[0] = victim;
    if (how == 1) {
        act->kind = ACT_CUT;
        act->arg[0] = CUT_SPLIT;
        act->arg[1] = (int64_t)1 << victim;
    } else if (how == 2) {
        act->kind = ACT_CRASH;
        act->arg[1] = coin(d, 700);
        act->arg[2] = (int64_t)act->lasts_us;
        act->lasts_us = 0;
    }
    add(d, act);
}

/* A subset is stopped one after the other and goes on in another order. */
static void draw_swizzle(struct draw *d, struct act *act)
{
    uint32_t order[64];
    const uint64_t began_us = act->at_us;
    const uint64_t step = between(&d->rng, 10 * US_PER_MS, 3 * US_PER_SEC);
    const uint64_t how = rng_below(&d->rng, 3);
    for (uint32_t i = 0; i < d->sc->nodes; i++)
        order[i] = i;
    rng_shuffle(&d->rng, order, d->sc->nodes);
    const uint32_t some = 1 + (uint32_t)rng_below(&d->rng, d->sc->nodes);
    for (uint32_t i = 0; i < some; i++) {
        const uint64_t until = began_us + (some + rng_below(&d->rng, some)) * step + 1;
        *act = (struct act){.at_us = began_us + i * step};
        act->lasts_us = until - act->at_us;
        draw_stop(d, act, how, order[i]);
    }
}

typedef void draw_one(struct draw *d, struct act *act); /* act: blank, with its time */

static draw_one *const NOW_AND_THEN[FAULTS] = {
    [FAULT_REPLAY] = draw_storm,    [FAULT_CLOG] = draw_clog,   [FAULT_CUT] = draw_cut,
    [FAULT_ONEWAY] = draw_oneway,   [FAULT_SHAPE] = draw_shape, [FAULT_TYPES] = draw_types,
    [FAULT_SWIZZLE] = draw_swizzle, [FAULT_MTU] = draw_mtu,     [FAULT_CRASH] = draw_crash,
    [FAULT_RESTART] = draw_restart, [FAULT_MASS] = draw_mass,   [FAULT_ROLLING] = draw_rolling,
    [FAULT_FOREIGN] = draw_foreign, [FAULT_PAUSE] = draw_pause, [FAULT_CLOCK] = draw_wall,
    [FAULT_DNS] = draw_dns,         [FAULT_CLONE] = draw_clone};

static void draw_times(struct draw *d)
{
    struct rng *r = &d->rng;
    d->every_us = between(r, 4 * US_PER_SEC, 60 * US_PER_SEC);
    d->lasts_us = between(r, 50 * US_PER_MS, 30 * US_PER_SEC);
    if (d->fault == FAULT_PAUSE)
        d->lasts_us = between(r, 20 * US_PER_MS, 120 * US_PER_SEC);
    if (d->fault == FAULT_MASS || d->fault == FAULT_ROLLING || d->fault == FAULT_SWIZZLE ||
        d->fault == FAULT_CLONE)
        d->every_us *= 2;
}

static void draw_class(struct draw *d)
{
    draw_times(d);
    draw_weather(d);
    if (d->fault == FAULT_CLOCK)
        draw_rates(d);
    if (NOW_AND_THEN[d->fault] == NULL)
        return;
    uint64_t at = link_exponential(&d->rng, d->every_us);
    while (at < d->sc->length_us && d->sc->acts_n < SCRIPT_MAX) {
        NOW_AND_THEN[d->fault](d, &(struct act){.at_us = at});
        at += 1 + link_exponential(&d->rng, d->every_us);
    }
}

/* Some seeds have nearly every class, some only a few. */
static uint32_t draw_classes(struct rng *r)
{
    static const uint32_t SHARES[] = {100, 250, 500};
    const uint32_t share = SHARES[rng_below(r, 3)];
    uint32_t classes = 0;
    for (uint32_t i = 0; i < FAULT_CLONE; i++)
        if (rng_chance(r, share))
            classes |= 1U << i;
    return classes;
}

/* By itself, and in a tenth of the seeds: everything is dropped whenever somebody finds out. */
static void draw_clones(struct script *sc, uint32_t allowed)
{
    struct draw d = {.sc = sc, .fault = FAULT_CLONE};
    rng_init(&d.rng, sc->seed ^ 0xC107EULL);
    if (!rng_chance(&d.rng, 100) || (allowed >> FAULT_CLONE & 1) == 0)
        return;
    sc->classes |= 1U << FAULT_CLONE;
    draw_class(&d);
}

/* ---- keys: one rotation after the other ---- */

#define AWAY_MAX_US  (60 * US_PER_SEC)
#define APART_MIN_US (2 * US_PER_SEC) /* from one edit of a file to the next */
#define APART_MAX_US (80 * US_PER_SEC)
#define LATE_MAX_US  (30 * US_PER_SEC)
#define READ_US      (3 * US_PER_SEC) /* within which a node finds its file changed */

struct rotation_draw {
    struct draw d;
    uint64_t free_at[64]; /* by node: from when on its file may be edited next */
    int64_t newest;       /* the key that is to seal in the end */
};

/* What a file is to say, from step to step. */
static struct act edit_of(const struct rotation_draw *r, enum keyring_step step, int64_t force)
{
    const int64_t old = r->newest - 1;
    const int64_t first = step == KEYRING_INSTALL ? old : r->newest;
    const int64_t second = step == KEYRING_INSTALL ? r->newest : old;
    return (struct act){.kind = ACT_RING,
                        .arg = {0, first, step == KEYRING_RETIRE ? -1 : second, force}};
}

/* A file of some node is late now and then, but never goes back. */
static void draw_edits(struct rotation_draw *r, uint64_t at, enum keyring_step step)
{
    struct draw *d = &r->d;
    struct act act = edit_of(r, step, KEYS_SAFELY);
    for (uint32_t i = 0; i < d->sc->nodes; i++) {
        const uint64_t soon = rng_below(&d->rng, READ_US);
        const uint64_t late = between(&d->rng, READ_US, LATE_MAX_US);
        act.at_us = at + (coin(d, 150) ? late : soon);
        act.at_us = time_max(act.at_us, r->free_at[i]);
        act.arg[0] = i;
        r->free_at[i] = act.at_us + 1;
        add(d, &act);
    }
}

/* One node is told to take a step whose time has not come. */
static void draw_force(struct rotation_draw *r, uint64_t at)
{
    struct draw *d = &r->d;
    const bool promotes = coin(d, 500);
    const int64_t victim = node(d);
    struct act act = edit_of(r, promotes ? KEYRING_PROMOTE : KEYRING_RETIRE,
                             promotes ? KEYS_PROMOTE : KEYS_RETIRE);
    act.at_us = time_max(at, r->free_at[victim]);
    act.arg[0] = victim;
    r->free_at[victim] = act.at_us + 1;
    add(d, &act);
}

/* A node dies, and comes back with the file that it had, for a while. */
static void draw_away(struct rotation_draw *r, uint64_t at)
{
    struct draw *d = &r->d;
    struct act act = {.kind = ACT_CRASH, .at_us = at};
    act.arg[0] = node(d);
    act.arg[1] = coin(d, 700);
    act.arg[2] = number(d, US_PER_SEC, AWAY_MAX_US);
    act.arg[3] = coin(d, 500);
    uint64_t *free_at = &r->free_at[act.arg[0]];
    *free_at = time_max(*free_at, at + (uint64_t)act.arg[2] + rng_below(&d->rng, LATE_MAX_US));
    add(d, &act);
}

/* Returns: when the next may begin. */
static uint64_t draw_rotation(struct rotation_draw *r, uint64_t at)
{
    const bool away = coin(&r->d, 350);
    const bool forced = coin(&r->d, 250);
    const uint64_t odd_step = rng_below(&r->d.rng, 3);
    for (uint32_t step = KEYRING_INSTALL; step <= KEYRING_RETIRE; step++) {
        if (away && step == odd_step)
            draw_away(r, at);
        draw_edits(r, at, (enum keyring_step)step);
        if (forced && step == odd_step)
            draw_force(r, at + between(&r->d.rng, 1, READ_US));
        at += between(&r->d.rng, APART_MIN_US, APART_MAX_US);
    }
    return at;
}

/* By itself, and in half of the seeds whose packets are sealed, which are few. */
static void draw_keys(struct script *sc, uint32_t allowed)
{
    struct rotation_draw r = {.d = {.sc = sc, .fault = FAULT_KEYS}};
    rng_init(&r.d.rng, sc->seed ^ 0x4E75ULL);
    if (!rng_chance(&r.d.rng, 500) || (allowed >> FAULT_KEYS & 1) == 0 || !sc->sealed)
        return;
    sc->classes |= 1U << FAULT_KEYS;
    uint64_t at = link_exponential(&r.d.rng, 10 * US_PER_SEC);
    while (++r.newest < KEYS_WORLD && at < sc->length_us)
        at = draw_rotation(&r, at);
}

void draw_script(struct script *sc, uint32_t allowed)
{
    struct rng root;
    rng_init(&root, sc->seed ^ 0xFA017ULL);
    sc->classes = draw_classes(&root) & allowed;
    for (uint32_t i = 0; i < FAULT_CLONE; i++) {
        struct draw d = {.sc = sc, .fault = (enum fault)i};
        rng_init(&d.rng, rng_next(&root));
        if ((sc->classes >> i & 1) != 0)
            draw_class(&d);
    }
    draw_clones(sc, allowed);
    draw_keys(sc, allowed);
    script_sort(sc);
}

/* ---- calm: one fault after the other, and nine times as long nothing ---- */

#define CALM_PER      10
#define CALM_MEAN_US  (120 * US_PER_SEC) /* between two, beside that */
#define CALM_LEAST_US (60 * US_PER_SEC)

/* How long the network or a process is not as it should be. */
static uint64_t duration_of(const struct act *act)
{
    const uint64_t down_us = act->kind == ACT_CRASH || act->kind == ACT_FOREIGN
                                 ? (uint64_t)act->arg[2]
                             : act->kind == ACT_LEAVE ? (uint64_t)act->arg[1]
                             : act->kind == ACT_STORM ? (uint64_t)(act->arg[1] * act->arg[2])
                                                      : 0;
    return act->lasts_us > down_us ? act->lasts_us : down_us;
}

static bool is_weather(enum act_kind kind)
{
    return kind == ACT_LOSS || kind == ACT_BURST || kind == ACT_DUP || kind == ACT_REPLAY ||
           kind == ACT_DELAY || kind == ACT_CAPACITY || kind == ACT_FLIP || kind == ACT_RATE;
}

/* What is drawn for a whole life gets its time here. Returns: when all of it is over. */
static uint64_t place_acts(struct draw *d, uint32_t first, uint64_t at_us)
{
    const uint64_t weather_us = lasts(d);
    uint64_t over_us = at_us;
    for (uint32_t i = first; i < d->sc->acts_n; i++) {
        struct act *act = &d->sc->acts[i];
        if (is_weather(act->kind)) {
            act->at_us = at_us;
            act->lasts_us = weather_us;
        } else if (act->kind == ACT_STORM) {
            act->at_us = at_us + weather_us / 2; /* something must have been recorded */
        }
        const uint64_t end_us = act->at_us + duration_of(act);
        over_us = over_us < end_us ? end_us : over_us;
    }
    return over_us;
}

/* Returns: how long it lasts. */
static uint64_t draw_episode(struct draw *d, uint64_t at_us)
{
    const uint32_t first = d->sc->acts_n;
    draw_times(d);
    draw_weather(d);
    if (d->fault == FAULT_CLOCK)
        draw_rates(d);
    if (NOW_AND_THEN[d->fault] != NULL)
        NOW_AND_THEN[d->fault](d, &(struct act){.at_us = at_us});
    return place_acts(d, first, at_us) - at_us;
}

void draw_calm_script(struct script *sc, uint32_t allowed)
{
    struct draw d = {.sc = sc};
    sc->calm = true;
    rng_init(&d.rng, sc->seed ^ 0xCA1DULL);
    /* Memory is short for a whole life, what is never healed lasts for ever, and of clones everybody
     * drops everything. */
    sc->classes = allowed & ((1U << FAULT_MEMORY) - 1);
    uint64_t at_us = CALM_LEAST_US + link_exponential(&d.rng, CALM_MEAN_US);
    while (sc->classes != 0 && at_us < sc->length_us) {
        do
            d.fault = (enum fault)rng_below(&d.rng, FAULT_CLONE);
        while ((sc->classes >> d.fault & 1) == 0);
        const uint32_t first = sc->acts_n;
        const uint64_t lasts_us = draw_episode(&d, at_us);
        if (at_us + lasts_us > sc->length_us)
            sc->acts_n = first; /* it would not be over in time */
        at_us += CALM_PER * lasts_us + CALM_LEAST_US + link_exponential(&d.rng, CALM_MEAN_US);
    }
    script_sort(sc);
}
