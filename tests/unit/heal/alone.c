#include "alone.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define MEM_LEN (16U << 20)

static struct peer_msg msg;

struct alone alone_make(uint64_t peers)
{
    const struct ledger_cfg ledger_cfg = {
        .epoch = US_EPOCH, .origins_max = 512, .windows_max = 16, .log_max = 1024};
    const struct heal_cfg heal_cfg = {.seed = 9,
                                      .peers_max = 16,
                                      .pulls_max = 256,
                                      .t_gap_us = 2 * US_PER_SEC,
                                      .pull_grace_us = 5 * MS,
                                      .pull_min_us = 10 * MS,
                                      .exchange_us = US_PER_SEC,
                                      .answer_datagrams = 4};
    struct alone a = {.mem = calloc(1, MEM_LEN)};
    struct arena arena;
    cr_assert_not_null(a.mem);
    arena_init(&arena, a.mem, MEM_LEN);
    a.ledger = ledger_new(&arena, &ledger_cfg);
    a.heal = heal_new(&arena, &heal_cfg, a.ledger);
    cr_assert_not_null(a.heal);
    for (uint64_t id = 1; id <= peers; id++)
        cr_assert_eq(heal_peer_up(a.heal, id, ORIGIN(id)), OK);
    return a;
}

void alone_drop(struct alone *a)
{
    free(a->mem);
}

void show_head(struct alone *a, mono_us now, uint64_t id, uint64_t head)
{
    msg.head = head;
    msg.vector_hash = ledger_vector_hash(a->ledger);
    cr_assert_eq(heal_header(a->heal, now, id, ORIGIN(id), &msg), OK);
}

void show_hash(struct alone *a, mono_us now, uint64_t id, uint64_t hash)
{
    msg.head = 0;
    msg.vector_hash = hash;
    cr_assert_eq(heal_header(a->heal, now, id, ORIGIN(id), &msg), OK);
}

void show_cover(struct alone *a, mono_us now, uint64_t id, uint64_t epoch, uint64_t applied)
{
    uint8_t buf[COVER_LEN];
    struct writer w = writer_of(buf, sizeof(buf));
    const struct cover c = {.epoch = epoch, .applied = applied};
    cover_write(&w, &c);
    const struct peer_heads heads = {.covers = writer_slice(&w)};
    cr_assert_eq(heal_heads(a->heal, now, id, &heads), OK);
}

void arrive(struct alone *a, mono_us now, uint64_t epoch, uint64_t seq)
{
    const struct dot d = {.epoch = epoch, .seq = seq, .kind = DOT_KEY, .hash = seq};
    cr_assert_eq(ledger_take(a->ledger, now, &d).verdict, LEDGER_FRESH);
    ledger_cover(a->ledger, &d);
}

void say_gone(struct alone *a, mono_us now, uint64_t id, struct dot_range range)
{
    const struct peer_ranges gone = {.at = {range}, .n = 1};
    heal_gone(a->heal, now, id, &gone);
}

bool next(struct alone *a, mono_us now, struct heal_out *out)
{
    heal_tick(a->heal, now);
    return heal_poll(a->heal, now, out);
}

uint64_t next_pull(struct alone *a, mono_us now)
{
    struct heal_out out;
    cr_assert(next(a, now, &out), "nothing at %lu", (unsigned long)now);
    cr_assert_eq(out.kind, HEAL_SEND);
    cr_assert_eq(out.msg->type, PEER_PULL);
    return out.to;
}

void expect_none(struct alone *a, mono_us now)
{
    struct heal_out out;
    cr_assert_not(next(a, now, &out), "kind %d at %lu", (int)out.kind, (unsigned long)now);
}

void expect_close(struct alone *a, mono_us now, struct dot_range range, enum heal_reason reason)
{
    struct heal_out out;
    cr_assert(next(a, now, &out));
    cr_assert_eq(out.kind, HEAL_CLOSE);
    cr_assert_eq(out.reason, reason);
    cr_assert_eq(out.range.epoch, range.epoch);
    cr_assert_eq(out.range.lo, range.lo);
    cr_assert_eq(out.range.hi, range.hi);
    ledger_close(a->ledger, out.range.epoch, out.range.lo, out.range.hi, NULL);
}
