#include "fixture.h"

#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <stdlib.h>

#define BLOCK_MAX ((size_t)64 << 20)

struct ledger_cfg small_cfg(void)
{
    return (struct ledger_cfg){.hkey = {.bytes = {1, 2, 3}},
                               .epoch = SELF,
                               .origins_max = 8,
                               .windows_max = 4,
                               .log_max = 64};
}

/* The ledger is the first thing that ledger_new() takes, so its address is that of its block. */
struct ledger *make(const struct ledger_cfg *cfg)
{
    struct arena arena;
    const size_t len = need(cfg) + 64;
    void *mem = aligned_alloc(64, (len + 63) / 64 * 64);
    cr_assert_not_null(mem);
    memset(mem, 0, len);
    arena_init(&arena, mem, len);
    struct ledger *l = ledger_new(&arena, cfg);
    cr_assert_not_null(l);
    cr_assert_eq((void *)l, mem);
    return l;
}

void drop(struct ledger *l)
{
    free(l);
}

size_t need(const struct ledger_cfg *cfg)
{
    struct arena arena;
    void *mem = calloc(1, BLOCK_MAX);
    cr_assert_not_null(mem);
    arena_init(&arena, mem, BLOCK_MAX);
    cr_assert_not_null(ledger_new(&arena, cfg));
    free(mem);
    return arena.used;
}

struct dot dot_of(uint64_t epoch, uint64_t seq, uint8_t kind)
{
    struct dot d = {.epoch = epoch,
                    .seq = seq,
                    .kind = kind,
                    .hash = epoch * 31 + seq,
                    .has_version = seq % 2 == 1,
                    .version = seq % 2 == 1 ? seq * 7 : 0,
                    .name = {.known = true}};
    if (kind == DOT_PREFIX)
        d.prefix_len = (uint16_t)(seq % 1000 + 1);
    if (kind == DOT_PUT)
        d.digest.bytes[15] = (uint8_t)(seq % 255 + 1);
    return d;
}

struct ledger_effect arrive(struct ledger *l, uint64_t epoch, uint64_t seq, uint8_t kind)
{
    const struct dot d = dot_of(epoch, seq, kind);
    const struct ledger_effect effect = ledger_take(l, 0, &d);
    if (effect.verdict == LEDGER_FRESH)
        ledger_cover(l, &d);
    return effect;
}

void hear(struct ledger *l, mono_us now, uint64_t epoch, uint64_t head)
{
    cr_assert_eq(ledger_hear(l, now, epoch, head), OK);
}

struct origin_view view(const struct ledger *l, uint64_t epoch)
{
    struct origin_view v;
    cr_assert(ledger_origin(l, epoch, &v));
    return v;
}

struct gap gap_at(const struct ledger *l, size_t i)
{
    struct gap gaps[64];
    cr_assert_lt(i, 64);
    cr_assert_lt(i, ledger_gap_list(l, gaps, 64));
    return gaps[i];
}

void close_expect(struct ledger *l, struct dot_range range, uint64_t g, uint64_t n)
{
    uint64_t closed_n = UINT64_MAX;
    cr_assert_eq(ledger_close(l, range.epoch, range.lo, range.hi, &closed_n), g);
    cr_assert_eq(closed_n, n);
}

uint64_t test_seed(void)
{
    const char *seed = getenv("SEED");
    return seed == NULL ? 20240611 : strtoull(seed, NULL, 0);
}

/* Whatever failed may have been random. */
ReportHook(ASSERT)(struct criterion_assert_stats *stats)
{
    if (!stats->passed)
        cr_log_warn("SEED=%llu", (unsigned long long)test_seed());
}
