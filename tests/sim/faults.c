#include "faults.h"

#include <string.h>

#include "world.h"

#define ENDS 0x100U /* in an event's a: this is the end of a fault */

static const char *const TEXTS[FAULTS] = {"loss",  "dup",     "delay", "cut", "oneway",
                                          "crash", "restart", "pause", "dns"};

const char *fault_text(enum fault fault)
{
    return TEXTS[fault];
}

static bool parse_word(const char *word, size_t len, uint32_t *out)
{
    for (uint32_t i = 0; i < FAULTS; i++) {
        if (strlen(TEXTS[i]) == len && memcmp(TEXTS[i], word, len) == 0) {
            *out |= 1U << i;
            return true;
        }
    }
    return false;
}

bool faults_parse(const char *text, uint32_t *out)
{
    *out = strcmp(text, "all") == 0 ? FAULTS_ALL : 0;
    if (*out != 0 || strcmp(text, "none") == 0)
        return true;
    for (const char *at = text; *at != '\0';) {
        const size_t len = strcspn(at, ",");
        if (!parse_word(at, len, out))
            return false;
        at += len + (at[len] == ',');
    }
    return *out != 0;
}

void faults_print(uint32_t set, char *out, size_t cap)
{
    size_t len = 0;
    if (set == FAULTS_ALL || set == 0) {
        snprintf(out, cap, "%s", set == 0 ? "none" : "all");
        return;
    }
    for (uint32_t i = 0; i < FAULTS && len < cap; i++)
        if ((set >> i & 1) != 0)
            len += (size_t)snprintf(out + len, cap - len, "%s%s", len == 0 ? "" : ",", TEXTS[i]);
}

/* Between low and high, every order of magnitude as likely as the next. */
static uint64_t draw(struct rng *r, uint64_t low, uint64_t high)
{
    uint64_t value = low;
    const uint32_t doublings = 64U - (uint32_t)__builtin_clzll(high / low);
    value <<= rng_below(r, doublings);
    value += rng_below(r, value);
    return value < high ? value : high;
}

static bool has(const struct faults *f, enum fault fault)
{
    return (f->on >> fault & 1) != 0;
}

static void draw_links(struct faults *f)
{
    struct rng *r = &f->rng;
    f->quiet = (struct link){.delay_min_us = 100, .delay_mean_us = 200, .capacity = 4096};
    f->rough = f->quiet;
    if (has(f, FAULT_LOSS))
        f->rough.loss = (uint16_t)draw(r, 5, 300);
    if (has(f, FAULT_DUP))
        f->rough.dup = (uint16_t)draw(r, 5, 200);
    if (has(f, FAULT_DELAY)) {
        f->rough.delay_min_us = (uint32_t)draw(r, 100, 30 * US_PER_MS);
        f->rough.delay_mean_us = (uint32_t)draw(r, 200, 100 * US_PER_MS);
        f->rough.capacity = (uint32_t)draw(r, 8, 4096);
    }
}

static void draw_times(struct faults *f)
{
    struct rng *r = &f->rng;
    for (uint32_t i = 0; i < FAULTS; i++) {
        f->every[i] = draw(r, 4 * US_PER_SEC, 60 * US_PER_SEC);
        f->lasts[i] = draw(r, 50 * US_PER_MS, 30 * US_PER_SEC);
    }
    if (has(f, FAULT_PAUSE))
        f->lasts[FAULT_PAUSE] = draw(r, 20 * US_PER_MS, 120 * US_PER_SEC);
}

static void plan(struct sim *s, enum fault fault)
{
    struct faults *f = &s->faults;
    sim_plan(s, s->now + link_exponential(&f->rng, f->every[fault]), EVENT_FAULT, 0)->a =
        (uint64_t)fault;
}

void faults_begin(struct sim *s, uint32_t allowed)
{
    struct faults *f = &s->faults;
    for (uint32_t i = 0; i < FAULTS; i++)
        if (rng_chance(&f->rng, 500))
            f->on |= 1U << i;
    f->on &= allowed;
    f->active = true;
    draw_links(f);
    draw_times(f);
    link_set_all(s, &f->rough);
    for (uint32_t i = FAULT_CUT; i < FAULTS; i++)
        if (has(f, (enum fault)i))
            plan(s, (enum fault)i);
}

/* ---- one fault ---- */

static uint32_t pick(struct sim *s)
{
    return (uint32_t)rng_below(&s->faults.rng, s->cfg.nodes);
}

static uint64_t lasts(struct sim *s, enum fault fault)
{
    return draw(&s->faults.rng, 10 * US_PER_MS, s->faults.lasts[fault]);
}

/* What was cut is kept in b: a bit set of one side, or a pair. */
static void plan_end(struct sim *s, enum fault fault, uint64_t what)
{
    struct event *e = sim_plan(s, s->now + lasts(s, fault), EVENT_FAULT, 0);
    e->a = ENDS | (uint64_t)fault;
    e->b = what;
}

static void cut(struct sim *s)
{
    const uint64_t all = (1ULL << s->cfg.nodes) - 1;
    uint64_t side = rng_next(&s->faults.rng) & all;
    if (rng_chance(&s->faults.rng, 500))
        side = 1ULL << pick(s);
    s->counters.cuts++;
    sim_split(s, side, true);
    plan_end(s, FAULT_CUT, side);
}

static void cut_oneway(struct sim *s)
{
    const uint32_t a = pick(s);
    const uint32_t b = pick(s);
    s->counters.cuts++;
    sim_cut(s, a, b, a != b);
    plan_end(s, FAULT_ONEWAY, (uint64_t)a << 32 | b);
}

static void set_clock(struct sim *s, uint32_t i)
{
    static const int64_t OFFSETS_MS[] = {0, 0, 0, 1, -1, 5000, -5000, 3600000, -3600000};
    s->nodes[i].wall_offset_ms = OFFSETS_MS[rng_below(&s->faults.rng, ARRAY_LEN(OFFSETS_MS))];
}

static void crash(struct sim *s)
{
    const uint32_t i = pick(s);
    struct rng *r = &s->faults.rng;
    const bool told = rng_chance(r, 700);
    const uint64_t down = rng_chance(r, 300) ? 1 : lasts(s, FAULT_CRASH);
    const uint64_t flags = rng_chance(r, 500) ? RESTART_NEW_ADDR : 0;
    if (!s->nodes[i].up)
        return;
    set_clock(s, i);
    sim_crash(s, i, told);
    sim_restart(s, i, down, flags);
}

/* The boot finds the old process still leaving when it comes too early, and is then tried again. */
static void restart(struct sim *s)
{
    const uint32_t i = pick(s);
    struct rng *r = &s->faults.rng;
    const uint64_t flags = rng_chance(r, 500) ? RESTART_NEW_ADDR : 0;
    if (!s->nodes[i].up || s->nodes[i].frozen)
        return;
    set_clock(s, i);
    sim_leave(s, i);
    sim_restart(s, i, 2 * US_PER_SEC + lasts(s, FAULT_RESTART), flags);
}

static void pause_one(struct sim *s)
{
    const uint32_t i = pick(s);
    sim_pause(s, i, lasts(s, FAULT_PAUSE));
}

static void begin_fault(struct sim *s, enum fault fault)
{
    switch (fault) {
    case FAULT_CUT:
        cut(s);
        break;
    case FAULT_ONEWAY:
        cut_oneway(s);
        break;
    case FAULT_CRASH:
        crash(s);
        break;
    case FAULT_RESTART:
        restart(s);
        break;
    case FAULT_PAUSE:
        pause_one(s);
        break;
    case FAULT_DNS:
        dns_set(s, (enum dns_mode)(1 + rng_below(&s->faults.rng, DNS_MODES - 1)));
        plan_end(s, FAULT_DNS, 0);
        break;
    default:
        break;
    }
    plan(s, fault);
}

static void end_fault(struct sim *s, enum fault fault, uint64_t what)
{
    if (fault == FAULT_CUT)
        sim_split(s, what, false);
    else if (fault == FAULT_ONEWAY)
        sim_cut(s, (uint32_t)(what >> 32), (uint32_t)what, false);
    else if (fault == FAULT_DNS)
        dns_set(s, DNS_RIGHT);
}

void faults_event(struct sim *s, const struct event *e)
{
    if (!s->faults.active)
        return;
    if ((e->a & ENDS) != 0)
        end_fault(s, (enum fault)(e->a & ~ENDS), e->b);
    else
        begin_fault(s, (enum fault)e->a);
}

void faults_heal(struct sim *s)
{
    s->faults.active = false;
    link_set_all(s, &s->faults.quiet);
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        for (uint32_t j = 0; j < s->cfg.nodes; j++)
            sim_cut(s, i, j, false);
    dns_set(s, DNS_RIGHT);
    for (uint32_t i = 0; i < s->cfg.nodes; i++) {
        sim_plan(s, s->now, EVENT_THAW, i)->run = s->nodes[i].run;
        sim_plan(s, s->now + 1, EVENT_BOOT, i);
    }
}
