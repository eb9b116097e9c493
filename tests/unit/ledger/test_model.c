#include <criterion/criterion.h>

#include "base/hash.h"
#include "base/rng.h"

#include "fixture.h"
#include "model.h"

#define OPS     100000
#define EPOCHS  5 /* one more than there is room for, our own aside */
#define PENDING 8
#define WINDOWS 2

struct run {
    struct rng rng;
    mono_us now;
    struct ledger *l;
    struct model m;
    struct dot pending[PENDING]; /* taken and fresh, not covered yet */
    size_t pending_n;
    struct origin_view last[MODEL_ORIGINS];
    uint64_t last_l;
};

static uint64_t pick(struct run *r, uint64_t bound)
{
    return rng_below(&r->rng, bound);
}

static uint64_t pick_epoch(struct run *r)
{
    return pick(r, EPOCHS) + 1;
}

static uint64_t head_of(struct run *r, uint64_t epoch)
{
    struct model_origin *o = model_find(&r->m, epoch);
    return o == NULL ? 0 : o->head;
}

/** A sequence near the head or the applied one, now and then far out; room in the model remains. */
static uint64_t pick_seq(struct run *r, uint64_t epoch)
{
    struct model_origin *o = model_find(&r->m, epoch);
    const uint64_t head = head_of(r, epoch);
    const uint64_t applied = o == NULL ? 0 : model_applied(o);
    uint64_t seq = head + 1;
    switch (pick(r, 8)) {
    case 0:
    case 1:
    case 2:
        seq = applied + 1 + pick(r, head - applied + 2);
        break;
    case 3:
        seq = head + 1 + pick(r, 4);
        break;
    case 4:
        seq = applied + 1;
        break;
    case 5:
        seq = pick(r, 300) == 0 ? applied + LEDGER_WINDOW - 1 + pick(r, 4) : seq;
        break;
    default:
        break;
    }
    return seq < MODEL_SEQS - 2 ? seq : MODEL_SEQS - 2;
}

static void cover_one(struct run *r, const struct dot *d)
{
    ledger_cover(r->l, d);
    model_cover(&r->m, d);
}

static void cover_pending(struct run *r)
{
    while (r->pending_n > 0) {
        const size_t i = (size_t)pick(r, r->pending_n);
        cover_one(r, &r->pending[i]);
        r->pending[i] = r->pending[--r->pending_n];
    }
}

/** Cover what is fresh, at once or after some others. */
static void keep_fresh(struct run *r, const struct dot *d, enum ledger_verdict verdict)
{
    if (verdict != LEDGER_FRESH)
        return;
    r->pending[r->pending_n++] = *d;
    if (r->pending_n == PENDING || pick(r, 8) != 0)
        cover_pending(r);
}

static void step_take(struct run *r)
{
    static const uint8_t kinds[] = {DOT_KEY, DOT_PUT, DOT_TAG, DOT_ALL};
    const uint64_t epoch = pick(r, 20) == 0 ? SELF : pick_epoch(r);
    const uint64_t seq = pick_seq(r, epoch);
    const struct dot d = dot_of(epoch, seq, kinds[pick(r, 4)]);
    const struct ledger_effect want = model_take(&r->m, r->now, &d);
    const struct ledger_effect got = ledger_take(r->l, r->now, &d);
    cr_assert_eq(got.verdict, want.verdict);
    cr_assert_eq(got.effect_i, want.effect_i);
    keep_fresh(r, &d, got.verdict);
}

static void step_issue(struct run *r)
{
    if (r->m.origins[0].head >= MODEL_SEQS - 2)
        return;
    struct dot want = {.kind = pick(r, 2) == 0 ? DOT_KEY : DOT_TAG};
    struct dot got = want;
    const struct ledger_effect want_effect = model_issue(&r->m, r->now, &want);
    const struct ledger_effect got_effect = ledger_issue(r->l, r->now, &got);
    cr_assert_eq(got_effect.verdict, LEDGER_FRESH);
    cr_assert_eq(got_effect.effect_i, want_effect.effect_i);
    cr_assert(got.epoch == SELF && got.seq == want.seq);
    keep_fresh(r, &got, got_effect.verdict);
}

static void step_hear(struct run *r)
{
    const uint64_t epoch = pick(r, 20) == 0 ? SELF : pick_epoch(r);
    const uint64_t head = pick_seq(r, epoch);
    const bool news = model_hear(&r->m, r->now, epoch, head);
    cr_assert_eq(ledger_hear(r->l, r->now, epoch, head) == OK, news);
}

static void step_close(struct run *r)
{
    const uint64_t epoch = pick(r, 20) == 0 ? SELF : pick_epoch(r);
    struct model_origin *o = model_find(&r->m, epoch);
    const uint64_t head = head_of(r, epoch);
    const uint64_t applied = o == NULL ? 0 : model_applied(o);
    const uint64_t lo = pick(r, 3) == 0 ? applied + pick(r, head - applied + 2) : applied;
    const uint64_t hi = pick(r, 3) == 0 ? head + pick(r, 2) : lo + pick(r, head - applied + 2);
    const struct dot_range range = {.epoch = epoch, .lo = lo, .hi = hi};
    uint64_t want_n;
    uint64_t got_n;
    const uint64_t want = model_close(&r->m, &range, &want_n);
    cr_assert_eq(ledger_close(r->l, epoch, lo, hi, &got_n), want);
    cr_assert_eq(got_n, want_n);
}

static void step_adopt(struct run *r)
{
    const uint64_t epoch = pick_epoch(r);
    const uint64_t applied = pick_seq(r, epoch);
    model_adopt(&r->m, epoch, applied);
    const enum err err = ledger_adopt(r->l, epoch, applied);
    cr_assert_eq(err == OK, model_find(&r->m, epoch) != NULL);
}

static void step(struct run *r)
{
    const uint64_t what = pick(r, 1000);
    r->now += pick(r, 3);
    if (what < 700)
        step_take(r);
    else if (what < 850)
        step_hear(r);
    else if (what < 890)
        step_close(r);
    else if (what < 892)
        step_adopt(r);
    else if (what < 900)
        cr_assert_eq(ledger_advance(r->l), ++r->m.l);
    else
        step_issue(r);
}

static void compare_origin(struct run *r, size_t i, struct gap *gaps, size_t n)
{
    struct model_origin *o = &r->m.origins[i];
    const struct origin_view v = ledger_origin_at(r->l, i);
    cr_assert_eq(v.epoch, o->epoch);
    cr_assert_eq(v.applied, model_applied(o));
    cr_assert_eq(v.head, o->head);
    cr_assert_eq(v.gaps_n, n);
    cr_assert(v.applied >= r->last[i].applied && v.head >= r->last[i].head);
    cr_assert_leq(v.applied, v.head);
    r->last[i] = v;
    struct dot_range runs[2];
    for (size_t k = 0; k < n; k++) {
        const uint64_t lo = gaps[k].lo;
        uint64_t hi = lo;
        while (hi < o->head && !o->covered[hi + 1])
            hi++;
        cr_assert_geq(ledger_missing(r->l, (struct dot_range){o->epoch, lo, o->head}, runs, 2), 1);
        cr_assert(runs[0].lo == lo && runs[0].hi == hi);
    }
    for (uint64_t seq = v.applied; seq < o->head + 2; seq++)
        cr_assert_eq(ledger_covered(r->l, o->epoch, seq), o->covered[seq] || seq == 0);
}

static void compare_all(struct run *r)
{
    struct gap got[MODEL_ORIGINS * LEDGER_GAPS + 1];
    struct gap want[LEDGER_GAPS + 1];
    const size_t got_n = ledger_gap_list(r->l, got, ARRAY_LEN(got));
    size_t at = 0;
    const struct ledger_cfg cfg = small_cfg();
    mono_us oldest = NEVER;
    uint64_t hash = 0;
    cr_assert_eq(ledger_l(r->l), r->m.l);
    cr_assert_geq(r->m.l, r->last_l);
    cr_assert_eq(ledger_origins(r->l), r->m.origins_n);
    for (size_t i = 0; i < r->m.origins_n; i++) {
        struct model_origin *o = &r->m.origins[i];
        const size_t n = model_gaps(&r->m, o, want);
        compare_origin(r, i, want, n);
        for (size_t k = 0; k < n; k++, at++) {
            cr_assert_lt(at, got_n);
            cr_assert_eq(got[at].epoch, want[k].epoch);
            cr_assert(got[at].lo == want[k].lo && got[at].hi == want[k].hi);
            cr_assert(got[at].g == want[k].g && got[at].opened_at == want[k].opened_at);
            oldest = time_min(oldest, want[k].opened_at);
        }
        if (model_applied(o) > 0)
            hash += hash_pair(&cfg.hkey, o->epoch, model_applied(o));
    }
    cr_assert_eq(at, got_n);
    cr_assert_eq(ledger_gaps(r->l), got_n);
    cr_assert_eq(ledger_gap_oldest(r->l), oldest);
    cr_assert_eq(ledger_vector_hash(r->l), hash);
    r->last_l = r->m.l;
}

/** A run that never met a limit would prove little. */
static void expect_limits_met(const struct ledger *l)
{
    const struct ledger_counters c = ledger_counters(l);
    cr_assert_gt(c.applied, OPS / 20);
    cr_assert_gt(c.duplicates, OPS / 100);
    cr_assert_gt(c.beyond, 100);
    cr_assert_gt(c.gaps_merged, 1000);
    cr_assert_gt(c.closed, 1000);
    cr_assert_gt(c.self_heads, 100);
    cr_assert_gt(c.origins_full, 1000);
    cr_assert_lt(ledger_origin_at(l, 1).applied, MODEL_SEQS / 10 * 9); /* or nothing is new */
}

Test(model, a_random_run_agrees_with_the_naive_ledger_at_every_step, .timeout = 250)
{
    static struct run r;
    const uint64_t seed = test_seed();
    struct ledger_cfg cfg = small_cfg();
    cfg.origins_max = MODEL_ORIGINS;
    cfg.windows_max = WINDOWS;
    r.l = make(&cfg);
    rng_init(&r.rng, seed);
    model_init(&r.m, SELF, WINDOWS);
    for (int i = 0; i < OPS; i++) {
        step(&r);
        if (i % 16 == 0)
            compare_all(&r);
    }
    cover_pending(&r);
    compare_all(&r);
    expect_limits_met(r.l);
    drop(r.l);
}
