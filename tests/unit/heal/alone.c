#include "alone.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define MEM_LEN (16U << 20)

static struct peer_msg msg;

struct alone_cfg alone_cfg_of(uint64_t peers)
{
    return (struct alone_cfg){.peers = peers,
                              .retired_max = 64,
                              .heal = {.seed = 9,
                                       .peers_max = 16,
                                       .pulls_max = 256,
                                       .t_gap_us = 2 * US_PER_SEC,
                                       .pull_grace_us = 5 * MS,
                                       .pull_min_us = 10 * MS,
                                       .exchange_us = US_PER_SEC,
                                       .answer_datagrams = 4}};
}

struct alone alone_make_cfg(const struct alone_cfg *cfg)
{
    const struct ledger_cfg ledger_cfg = {.epoch = US_EPOCH,
                                          .origins_max = 512,
                                          .windows_max = 16,
                                          .log_max = 1024,
                                          .thin_max = cfg->thin_max,
                                          .more_bytes = 4096,
                                          .retired_max = cfg->retired_max,
                                          .checkpoints_max = 64,
                                          .bucket_bits = 12};
    struct alone a = {.mem = calloc(1, MEM_LEN)};
    struct arena arena;
    cr_assert_not_null(a.mem);
    arena_init(&arena, a.mem, MEM_LEN);
    a.ledger = ledger_new(&arena, &ledger_cfg);
    cr_assert_not_null(a.ledger);
    a.heal = heal_new(&arena, &cfg->heal, a.ledger);
    cr_assert_not_null(a.heal);
    for (uint64_t id = 1; id <= cfg->peers; id++)
        cr_assert_eq(heal_peer_up(a.heal, id, ORIGIN(id)), OK);
    return a;
}

struct alone alone_make(uint64_t peers)
{
    const struct alone_cfg cfg = alone_cfg_of(peers);
    return alone_make_cfg(&cfg);
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

void show_ring(struct alone *a, mono_us now, uint64_t id, uint64_t hash, uint32_t retired_n,
               uint32_t forgotten_n)
{
    struct peer_msg m = {.vector_hash = hash, .retired_n = retired_n, .forgotten_n = forgotten_n};
    cr_assert_eq(heal_header(a->heal, now, id, ORIGIN(id), &m), OK);
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

bool has_slot(const struct ledger *l, uint64_t epoch)
{
    for (size_t i = 0; i < ledger_origins(l); i++) {
        if (ledger_origin_at(l, i).epoch == epoch)
            return true;
    }
    return false;
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

mono_us next_close(struct alone *a, mono_us from, mono_us to, struct heal_out *out)
{
    for (mono_us now = from; now < to; now += MS) {
        while (next(a, now, out)) {
            if (out->kind == HEAL_CLOSE)
                return now;
        }
    }
    return NEVER;
}

void expect_bar(struct alone *a, mono_us now, enum heal_reason reason, uint64_t index)
{
    struct heal_out out;
    cr_assert(next(a, now, &out), "no barrier at %lu", (unsigned long)now);
    cr_assert_eq(out.kind, HEAL_BAR);
    cr_assert_eq(out.reason, reason);
    cr_assert_eq(out.index, index);
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
