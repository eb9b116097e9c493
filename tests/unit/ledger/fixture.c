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
                               .log_max = 64,
                               .more_bytes = 4096,
                               .retired_max = 4,
                               .checkpoints_max = 8,
                               .bucket_bits = 12};
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

bool same_dot(const struct dot *a, const struct dot *b)
{
    return a->epoch == b->epoch && a->seq == b->seq && a->kind == b->kind &&
           a->has_version == b->has_version && a->soft == b->soft &&
           a->prefix_len == b->prefix_len && a->ms == b->ms && a->hash == b->hash &&
           a->version == b->version && memcmp(&a->digest, &b->digest, sizeof a->digest) == 0 &&
           a->subject_epoch == b->subject_epoch && a->subject_seq == b->subject_seq &&
           slice_eq(a->more, b->more);
}

static struct slice make_more(uint64_t seq, size_t len)
{
    static uint8_t bytes[DOT_BUCKETS_LEN];
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(seq * 7 + i * i);
    return slice_of(bytes, len);
}

static void add_rest(struct dot *d)
{
    const bool has_subject = d->kind == DOT_COMMIT || d->kind == DOT_ABORT;
    if (d->kind == DOT_TAGS_ALL)
        d->more = make_more(d->seq, 8 * (DOT_TAGS_MIN + d->seq % 15));
    if (d->kind == DOT_BUCKETS)
        d->more = make_more(d->seq, DOT_BUCKETS_LEN);
    if (d->kind == DOT_NOSTORE || d->kind == DOT_BEGIN)
        d->ms = (uint32_t)(d->seq % DOT_MS_MAX + 1);
    if (has_subject || d->kind == DOT_POISON)
        d->subject_epoch = d->seq + 1000;
    if (has_subject)
        d->subject_seq = d->seq + 2000;
}

struct dot dot_of(uint64_t epoch, uint64_t seq, uint8_t kind)
{
    struct dot d = {.epoch = epoch,
                    .seq = seq,
                    .kind = kind,
                    .hash = epoch * 31 + seq,
                    .has_version = seq % 2 == 1,
                    .version = seq % 2 == 1 ? seq * 7 : 0,
                    .soft = seq % 3 == 0,
                    .name = {.known = true}};
    if (kind == DOT_PREFIX)
        d.prefix_len = (uint16_t)(seq % 1000 + 1);
    if (kind == DOT_PUT)
        d.digest.bytes[15] = (uint8_t)(seq % 255 + 1);
    add_rest(&d);
    return d;
}

struct ledger_effect arrive_dot(struct ledger *l, const struct dot *d)
{
    const struct ledger_effect effect = ledger_take(l, 0, d);
    if (effect.verdict == LEDGER_FRESH)
        ledger_cover(l, d);
    return effect;
}

struct ledger_effect arrive(struct ledger *l, uint64_t epoch, uint64_t seq, uint8_t kind)
{
    const struct dot d = dot_of(epoch, seq, kind);
    return arrive_dot(l, &d);
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
