#include "rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define MEM_LEN (4U << 20)

struct spread_cfg small_cfg(void)
{
    return (struct spread_cfg){.epoch = SELF,
                               .links_max = 8,
                               .recent_max = 256,
                               .names_bytes = 4096,
                               .flush_us = MS,
                               .rto_min_us = 10 * MS,
                               .behind_us = 100 * MS,
                               .relay_max = 64};
}

struct rig make(const struct spread_cfg *cfg)
{
    struct rig r = {.mem = calloc(1, MEM_LEN)};
    struct arena arena;
    cr_assert_not_null(r.mem);
    arena_init(&arena, r.mem, MEM_LEN);
    r.s = spread_new(&arena, cfg);
    cr_assert_not_null(r.s);
    return r;
}

void drop(struct rig *r)
{
    free(r->mem);
}

void link_up(struct rig *r, uint64_t n)
{
    for (uint64_t id = 1; id <= n; id++)
        cr_assert_eq(spread_link_up(r->s, 0, id, 0), OK);
}

void issue(struct rig *r, mono_us now, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        const struct dot d = {.epoch = SELF,
                              .seq = ++r->seq,
                              .kind = DOT_KEY,
                              .hash = r->seq * 3,
                              .name = {.known = true, .target = slice_text("key")}};
        spread_issue(r->s, now, &d);
    }
}

void ack(struct rig *r, mono_us now, uint64_t id, uint64_t applied, uint64_t mask)
{
    const struct cover c = {.epoch = SELF, .applied = applied, .mask = mask};
    spread_cover(r->s, now, id, &c);
}

static void decode(const struct spread_out *o, struct sent *out)
{
    struct dots_reader r = dots_reader_of(o->dots);
    struct dot d;
    bool falling = false;
    *out = (struct sent){.to = o->to, .len = o->dots.len};
    while (dots_next(&r, &d)) {
        cr_assert_eq(d.epoch, SELF);
        cr_assert_eq(d.hash, d.seq * 3);
        falling = falling || (out->n > 0 && d.seq < out->last);
        if (!falling)
            out->last_of_first_run = d.seq;
        if (out->n == 0)
            out->first = d.seq;
        if (d.name.known)
            cr_assert(slice_eq(d.name.target, slice_text("key")));
        out->last = d.seq;
        out->named_n += d.name.known;
        out->n++;
    }
    cr_assert_eq(dots_end(&r), OK);
}

bool next(struct rig *r, mono_us now, struct sent *out)
{
    struct spread_out o;
    spread_tick(r->s, now);
    if (!spread_poll(r->s, now, ROOM, &o))
        return false;
    cr_assert_leq(o.dots.len, (size_t)ROOM);
    decode(&o, out);
    return true;
}

size_t drain(struct rig *r, mono_us now)
{
    struct sent sent;
    size_t n = 0;
    while (next(r, now, &sent)) {
        n++;
        cr_assert_lt(n, (size_t)100000);
    }
    return n;
}

size_t drain_try(struct rig *r, mono_us now)
{
    size_t n = drain(r, now);
    while (spread_deadline(r->s) < now + 3 * MS)
        n += drain(r, spread_deadline(r->s));
    return n;
}

struct spread_view view(const struct rig *r, uint64_t id)
{
    struct spread_view v;
    cr_assert(spread_link(r->s, id, &v));
    return v;
}

uint64_t test_seed(void)
{
    const char *text = getenv("SEED");
    return text == NULL ? 20240607 : strtoull(text, NULL, 10);
}
